//! What heartbeats tell of the way between the two nodes: how long it takes there and back, and how far the other
//! one's clock is ahead. Of the last heartbeats those count that were fastest: the others lay in a queue on their way.
//! Reads no clock.

/// Heartbeats that are looked at.
const BEATS: usize = 16;

/// What the last ones told.
#[derive(Debug)]
pub(super) struct Timing {
    /// Round trips, and how much our clock showed more at the arrival than theirs when it was said, in nanoseconds.
    round_trips: [u64; BEATS],
    behind: [i64; BEATS],
    next: usize,
}

impl Default for Timing {
    fn default() -> Self {
        Self { round_trips: [u64::MAX; BEATS], behind: [i64::MAX; BEATS], next: 0 }
    }
}

impl Timing {
    /// A heartbeat came: so long after that one of ours which it names, if it names one, and with this clock of theirs
    /// at this time of ours.
    pub(super) fn takes(&mut self, round_trip_ns: Option<u64>, (theirs, ours): (u64, u64)) {
        // Between hearing ours and speaking itself it let time pass.
        self.round_trips[self.next] = round_trip_ns.unwrap_or(u64::MAX);
        let behind = i128::from(ours) - i128::from(theirs);
        self.behind[self.next] = i64::try_from(behind).unwrap_or(i64::MAX);
        self.next = (self.next + 1) % BEATS;
    }

    /// The shortest way there and back.
    pub(super) fn round_trip_ns(&self) -> Option<u64> {
        self.round_trips.iter().copied().min().filter(|&shortest| shortest < u64::MAX)
    }

    /// By how much their clock is ahead of ours: what was said was as old as half a round trip when it came.
    pub(super) fn ahead_ns(&self) -> Option<i64> {
        let behind = self.behind.iter().copied().min().filter(|&least| least < i64::MAX)?;
        let way = i64::try_from(self.round_trip_ns().unwrap_or(0) / 2).unwrap_or(0);
        Some(way.saturating_sub(behind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn the_heartbeat_that_was_fastest_tells_how_far_their_clock_is_ahead() {
        let mut timing = Timing::default();
        assert_eq!((timing.round_trip_ns(), timing.ahead_ns()), (None, None));
        // 2 ms there and back, 50 ms ahead; one of the three waited for 200 ms somewhere.
        for (now, late) in [(1_000, 0), (1_200, 200), (1_400, 0)] {
            let said = (now + 50 - 1) * MS;
            timing.takes(Some((2 + late) * MS), (said, (now + late) * MS));
        }
        assert_eq!(timing.round_trip_ns(), Some(2 * MS));
        assert_eq!(timing.ahead_ns(), Some(50_000_000));
        let mut behind = Timing::default();
        behind.takes(None, (7 * MS, 9 * MS));
        assert_eq!(behind.ahead_ns(), Some(-2_000_000));
    }
}
