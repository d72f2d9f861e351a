//! When the open loop sends. Must not know what, or whether it could.

use crate::clock::{MILLISECOND, SECOND};

/// A send further behind its time than this is late: two ticks of the slowest usual scheduler.
const LATE_AFTER: u64 = 10 * MILLISECOND;

/// Evenly spaced send times.
pub(super) struct Schedule {
    start: u64,
    rate: u64,
    /// Sends taken so far.
    taken: u64,
}

impl Schedule {
    /// `rate` sends a second, at least one, from `start` on.
    pub(super) fn new(start: u64, rate: u64) -> Self {
        Self { start, rate: rate.max(1), taken: 0 }
    }

    /// When the next send is due.
    pub(super) fn due(&self) -> u64 {
        let after = u128::from(self.taken) * u128::from(SECOND) / u128::from(self.rate);
        self.start + u64::try_from(after).unwrap_or(u64::MAX / 2)
    }

    /// The next send is made now; whether it is late.
    pub(super) fn take(&mut self, now: u64) -> bool {
        let late = now > self.due() + LATE_AFTER;
        self.taken += 1;
        late
    }

    /// How many sends were due before `end` and never made.
    pub(super) fn missed(&self, end: u64) -> u64 {
        let elapsed = u128::from(end.saturating_sub(self.start));
        let due = (elapsed * u128::from(self.rate)).div_ceil(u128::from(SECOND));
        u64::try_from(due).unwrap_or(u64::MAX).saturating_sub(self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_are_evenly_spaced_and_do_not_drift() {
        let mut schedule = Schedule::new(1_000, 3);
        let mut dues = Vec::new();
        for _ in 0..7 {
            dues.push(schedule.due() - 1_000);
            schedule.take(0);
        }
        assert_eq!(
            dues,
            [0, 333_333_333, 666_666_666, SECOND, 1_333_333_333, 1_666_666_666, 2 * SECOND]
        );
    }

    #[test]
    fn a_send_is_late_from_ten_milliseconds_on() {
        let mut schedule = Schedule::new(0, 1_000_000);
        assert!(!schedule.take(LATE_AFTER));
        assert!(schedule.take(LATE_AFTER + 1_001));
    }

    #[test]
    fn sends_that_were_due_and_never_made_are_missed() {
        let mut schedule = Schedule::new(0, 10);
        assert_eq!(schedule.missed(SECOND), 10);
        assert_eq!(schedule.missed(SECOND + 1), 11);
        schedule.take(0);
        assert_eq!(schedule.missed(SECOND), 9);
        assert_eq!(schedule.missed(0), 0);
    }
}
