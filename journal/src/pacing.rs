//! When to commit: at once while there is little to do, and with a short wait where it fills a
//! batch. Must not know the clock, the records or the disk; time is an argument.
//!
//! A commit costs the same for one record as for fifty. While one is under way the next batch
//! gathers by itself, so at low and middle rates nothing is gained by waiting. At high rates a wait
//! of at most 250 us makes fewer and fuller batches: less time of the journal thread and fewer
//! bytes of padding for each record.

/// The longest that a batch is kept open for more, unless [`Pacing::keep_open`] says otherwise.
pub const WAIT_MAX_NS: u64 = 250_000;
/// A batch with so many bytes is not kept open: one more record would make it little better.
pub const FULL_BYTES: usize = 64 << 10;
/// A wait must be worth so many bytes: two blocks, half of one being padding on average.
const WORTH_BYTES: u64 = 8 << 10;
/// Over what time the rate is told.
const MEMORY_NS: u64 = 10_000_000;

/// Decides when the open batch goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pacing {
    /// Bytes a second, as of late.
    rate: u64,
    /// The longest that a batch is kept open for more.
    wait_max_ns: u64,
    /// Bytes that were committed since the rate was told, and when that was.
    bytes: u64,
    since_ns: u64,
}

/// The open batch, and who might add to it.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// Records in it.
    pub records: u32,
    /// Their bytes.
    pub bytes: usize,
    /// When its first record came.
    pub since_ns: u64,
    /// Whether all workers sleep: nothing will come.
    pub all_asleep: bool,
}

/// What is to be done with the open batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It is empty.
    Never,
    /// Commit.
    Now,
    /// Take more records, and ask again at this time or when something changes.
    Until(u64),
}

impl Pacing {
    /// Nothing is known of the rate yet.
    pub fn new(now_ns: u64) -> Self {
        Self { rate: 0, wait_max_ns: WAIT_MAX_NS, bytes: 0, since_ns: now_ns }
    }

    /// From now on a batch is kept open for so long at most; 0: every batch goes at once.
    pub fn keep_open(&mut self, wait_max_ns: u64) {
        self.wait_max_ns = wait_max_ns;
    }

    /// When the open batch is to be committed.
    pub fn decide(&self, now_ns: u64, open: &Open) -> When {
        if open.records == 0 {
            return When::Never;
        }
        let worth = self.rate.saturating_mul(self.wait_max_ns) / 1_000_000_000 >= WORTH_BYTES;
        let until = open.since_ns + self.wait_max_ns;
        if open.all_asleep || open.bytes >= FULL_BYTES || !worth || now_ns >= until {
            When::Now
        } else {
            When::Until(until)
        }
    }

    /// So many bytes of records were committed.
    pub fn committed(&mut self, now_ns: u64, bytes: usize) {
        self.bytes += u64::try_from(bytes).expect("64-bit machine");
        let past_ns = now_ns.saturating_sub(self.since_ns);
        if past_ns < MEMORY_NS {
            return;
        }
        // What is older than one span counts half, so that one pause does not make the rate low.
        let recent = self.bytes.saturating_mul(1_000_000_000) / past_ns;
        self.rate = if past_ns < 2 * MEMORY_NS { u64::midpoint(self.rate, recent) } else { recent };
        (self.bytes, self.since_ns) = (0, now_ns);
    }

    /// Bytes of records a second, as of late.
    pub fn rate(&self) -> u64 {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn open(records: u32, since_ns: u64) -> Open {
        let bytes = usize::try_from(records).unwrap() * 250;
        Open { records, bytes, since_ns, all_asleep: false }
    }

    /// At so many records of 250 bytes a second, after a tenth of a second of commits each 0.2 ms.
    fn at_rate(records_per_second: usize) -> (Pacing, u64) {
        let mut pacing = Pacing::new(0);
        for turn in 1..=500 {
            pacing.committed(turn * MS / 5, records_per_second * 250 / 5_000);
        }
        (pacing, 100 * MS)
    }

    #[test]
    fn an_empty_batch_is_not_committed() {
        assert_eq!(at_rate(200_000).0.decide(0, &open(0, 0)), When::Never);
    }

    #[test]
    fn at_low_and_middle_rates_a_batch_goes_at_once() {
        for rate in [0, 5_000, 50_000, 120_000] {
            let (pacing, now) = at_rate(rate);
            assert_eq!(pacing.decide(now, &open(1, now)), When::Now, "at {rate} a second");
        }
    }

    #[test]
    fn at_a_high_rate_a_batch_waits_for_more_at_most_250_microseconds() {
        let (pacing, now) = at_rate(200_000);
        assert_eq!(pacing.decide(now, &open(1, now)), When::Until(now + 250_000));
        assert_eq!(pacing.decide(now + 249_999, &open(9, now)), When::Until(now + 250_000));
        assert_eq!(pacing.decide(now + 250_000, &open(9, now)), When::Now);
    }

    #[test]
    fn how_long_a_batch_waits_can_be_told_while_it_does() {
        let (mut pacing, now) = at_rate(200_000);
        pacing.keep_open(500_000);
        assert_eq!(pacing.decide(now + 250_000, &open(9, now)), When::Until(now + 500_000));
        pacing.keep_open(300_000);
        assert_eq!(pacing.decide(now + 250_000, &open(9, now)), When::Until(now + 300_000));
        assert_eq!(pacing.decide(now + 300_000, &open(9, now)), When::Now);
        pacing.keep_open(0);
        assert_eq!(pacing.decide(now, &open(1, now)), When::Now);
    }

    #[test]
    fn a_full_batch_does_not_wait() {
        let (pacing, now) = at_rate(200_000);
        assert_eq!(pacing.decide(now, &open(262, now)), When::Until(now + 250_000));
        assert_eq!(pacing.decide(now, &open(263, now)), When::Now);
    }

    #[test]
    fn nothing_waits_for_workers_that_sleep() {
        let (pacing, now) = at_rate(200_000);
        let open = Open { all_asleep: true, ..open(1, now) };
        assert_eq!(pacing.decide(now, &open), When::Now);
    }

    #[test]
    fn the_rate_follows_within_a_few_hundredths_of_a_second() {
        let (mut pacing, now) = at_rate(200_000);
        assert!((49_000_000..=50_000_000).contains(&pacing.rate()), "{}", pacing.rate());
        for turn in 1..=250 {
            pacing.committed(now + turn * MS / 5, 250);
        }
        assert!(pacing.rate() < 10_000_000, "{}", pacing.rate());
    }

    #[test]
    fn after_a_pause_the_rate_is_that_of_the_pause() {
        let (mut pacing, now) = at_rate(200_000);
        pacing.committed(now + 1_000 * MS, 250);
        assert_eq!(pacing.rate(), 250);
        assert_eq!(pacing.decide(now + 1_000 * MS, &open(1, now)), When::Now);
    }
}
