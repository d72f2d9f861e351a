//! The clocks of one machine: the one that begins when it boots, a little fast or slow, and the one on
//! the wall, which somebody may set. Must not know who reads them.

use super::agenda::{At, SECOND};
use crate::seeds::dice::Dice;

/// 2026-11-22 00:00:00 UTC, in seconds.
const UTC: u64 = 1_795_305_600;
/// So many parts of a million a clock may be fast or slow at most: worse than any quartz.
const DRIFT_MAX: u64 = 500;

/// The clocks of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// When it booted, and what its clock showed then.
    booted: At,
    shown: u64,
    /// Nanoseconds that it counts for each million.
    rate: u64,
    /// How far the wall clock is ahead of a day before the real one.
    ahead: u64,
}

impl Clock {
    /// Those of a machine that has been up for a while. `skewed`: they go differently fast.
    pub(crate) fn new(dice: &mut Dice, skewed: bool) -> Self {
        let drift = if skewed { dice.below(2 * DRIFT_MAX + 1) } else { DRIFT_MAX };
        let shown = dice.between(1, 1_000_000) * SECOND;
        Self { booted: At(0), shown, rate: 1_000_000 - DRIFT_MAX + drift, ahead: 86_400 * SECOND }
    }

    /// It boots: its clock begins near zero.
    pub(crate) fn boots(&mut self, at: At, dice: &mut Dice) {
        (self.booted, self.shown) = (at, dice.between(SECOND, 20 * SECOND));
    }

    /// It is up by then, whenever its power was to come back.
    pub(crate) fn is_up(&mut self, at: At) {
        self.booted = self.booted.min(at);
    }

    /// Somebody sets the wall clock, by up to a day.
    pub(crate) fn is_set(&mut self, dice: &mut Dice) {
        self.ahead = dice.below(2 * 86_400) * SECOND;
    }

    /// What `CLOCK_BOOTTIME` says, in nanoseconds.
    pub(crate) fn boot(&self, at: At) -> u64 {
        self.shown + self.counted(at)
    }

    /// Nanoseconds since 1970 UTC, as the machine believes.
    pub(crate) fn utc(&self, at: At) -> u64 {
        (UTC - 86_400) * SECOND + self.ahead + at.0
    }

    /// When its clock shows this.
    pub(crate) fn when(&self, boot: u64) -> At {
        let left = u128::from(boot.saturating_sub(self.shown));
        let span = (left * 1_000_000).div_ceil(u128::from(self.rate));
        At(self.booted.0.saturating_add(u64::try_from(span).unwrap_or(u64::MAX)))
    }

    fn counted(&self, at: At) -> u64 {
        let span = u128::from(at.0.saturating_sub(self.booted.0));
        u64::try_from(span * u128::from(self.rate) / 1_000_000).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_what_was_asked_for_when_it_said_it_would() {
        let mut dice = Dice::new(3);
        for skewed in [false, true] {
            let mut clock = Clock::new(&mut dice, skewed);
            clock.boots(At(7 * SECOND), &mut dice);
            for at in [At(7 * SECOND), At(8_123_456_789), At(9_999 * SECOND)] {
                let shown = clock.boot(at);
                assert!(clock.boot(clock.when(shown)) >= shown);
                assert!(clock.when(shown) <= at);
            }
        }
    }
}
