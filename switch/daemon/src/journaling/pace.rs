//! How fast the fold works: it spreads what is waiting over some seconds, in steps after which others
//! have processor and disk for themselves. Must not know what the work is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use journal::segments::Spares;
use switch_core::time::Time;

use crate::clocks;

/// What is sealed is to be packed after so long, while no more comes: at a steady rate as many seconds
/// of the log wait.
const SPREAD_SECS: u64 = 20;
/// Bytes of the log that are passed over in a second at least.
const RATE_MIN: u64 = 8 << 20;
/// How much faster what is made of the log is written, and read again.
const WROTE_SHARE: u32 = 4;
/// Bytes that are read in a second at most, only to see whether they are right.
const LOOK_RATE: u64 = 32 << 20;
/// A step is this long, with the pause behind it.
const STEP: Duration = Duration::from_millis(4);

/// How fast it goes.
pub(super) struct Pace {
    spares: Arc<Spares>,
    stop: Arc<AtomicBool>,
    /// When what was done so far should have been done.
    due: Time,
}

impl Pace {
    pub(super) fn new(spares: Arc<Spares>, stop: Arc<AtomicBool>) -> Self {
        Self { spares, stop, due: clocks::boot() }
    }

    /// So many bytes of the log were passed over: lets time pass, if that was a step. False: it is to
    /// stop.
    pub(super) fn passed(&mut self, bytes: usize) -> bool {
        let took = self.time_of(bytes);
        self.goes_on(took)
    }

    /// So many bytes were written or read beside that: less work, but the disk has to do it.
    pub(super) fn wrote(&mut self, bytes: usize) {
        let took = self.time_of(bytes) / WROTE_SHARE;
        self.goes_on(took);
    }

    /// So many bytes were read, and nothing waits for that. False: it is to stop.
    pub(super) fn looked(&mut self, bytes: u64) -> bool {
        let nanos = bytes.saturating_mul(1_000_000_000) / LOOK_RATE;
        self.goes_on(Duration::from_nanos(nanos))
    }

    fn time_of(&self, bytes: usize) -> Duration {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / self.rate())
    }

    fn rate(&self) -> u64 {
        let waiting = u64::try_from(self.spares.sealed().len()).unwrap_or(u64::MAX);
        rate(waiting.saturating_mul(self.spares.segment_bytes()))
    }

    fn goes_on(&mut self, took: Duration) -> bool {
        let now = clocks::boot();
        // What was late is not made up for by a rush.
        self.due = (self.due + took).max(now);
        while !self.stop.load(Ordering::Acquire) {
            let now = clocks::boot();
            let left = self.due.since(now);
            // On a disk without room everything waits for what this sets free.
            if left < STEP || self.spares.disk_is_full() {
                return true;
            }
            thread::park_timeout(left);
        }
        false
    }
}

/// Bytes of the log to be passed over in a second, when so many wait.
fn rate(waiting_bytes: u64) -> u64 {
    RATE_MIN.max(waiting_bytes / SPREAD_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_slowly_while_little_waits_and_as_fast_as_the_log_grows_when_much_does() {
        const SEGMENT: u64 = 64 << 20;
        assert_eq!(rate(0), RATE_MIN);
        assert_eq!(rate(SEGMENT), RATE_MIN, "a segment takes eight seconds");
        // Where 100 MB a second come, what waits grows until as many go.
        let (mut waiting, grows) = (0_u64, 100_000_000);
        for _ in 0..10 * SPREAD_SECS {
            waiting = (waiting + grows).saturating_sub(rate(waiting));
        }
        assert!(rate(waiting).abs_diff(grows) < grows / 20, "{}", rate(waiting));
        assert!(waiting < (SPREAD_SECS + 1) * grows, "{waiting}");
    }
}
