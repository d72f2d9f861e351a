//! Whether the thread `ship` turns, as the thread `witness` sees it. One that hangs, in a write of the control file
//! for instance, says nothing and hears nothing: its node is not to be known as alive. Must not know what follows.

use std::time::Duration;

use switch_core::time::Time;

/// It turns twice a second at least. The standby has heard nothing for as long when it asks whether this node lives.
const HANGS: Duration = Duration::from_millis(1500);
/// Of the time between two looks no more counts: when it was longer, this thread was away itself, and the other one
/// perhaps with it. So it takes two looks at least.
const COUNTS: Duration = Duration::from_millis(700);

/// What was seen of it.
#[derive(Debug, Default)]
pub(super) struct Turning {
    turns: u64,
    /// How long it was seen not to have turned.
    still: Duration,
    looked: Time,
    hangs: bool,
}

impl Turning {
    /// Whether it hangs, by how often it has turned until now; not before its first turn.
    pub(super) fn hangs(&mut self, turns: u64, now: Time) -> bool {
        if turns == self.turns {
            self.still += now.since(self.looked).min(COUNTS);
        } else {
            (self.turns, self.still, self.hangs) = (turns, Duration::ZERO, false);
        }
        self.looked = now;
        self.hangs |= turns > 0 && self.still >= HANGS;
        self.hangs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Time {
        Time(ms * 1_000_000)
    }

    #[test]
    fn who_does_not_turn_hangs_until_it_turns_again() {
        let mut turning = Turning::default();
        assert!((90_000..95_000).step_by(500).all(|ms| !turning.hangs(0, at(ms))), "not begun");
        assert!(!turning.hangs(7, at(95_000)));
        assert!(!turning.hangs(7, at(95_500)));
        assert!(!turning.hangs(7, at(96_000)));
        assert!(turning.hangs(7, at(96_500)));
        assert!(turning.hangs(7, at(97_500)));
        assert!(!turning.hangs(8, at(98_000)));
    }

    #[test]
    fn who_was_away_itself_does_not_know_that_the_other_hangs() {
        for away in [1_600, 1_900, 9_000] {
            let mut turning = Turning::default();
            assert!(!turning.hangs(7, at(90_000)));
            assert!(!turning.hangs(7, at(90_500)));
            assert!(!turning.hangs(7, at(90_500 + away)), "both stood still");
            assert!(turning.hangs(7, at(91_000 + away)), "it goes on, and the other does not");
            assert!(turning.hangs(7, at(99_000 + away)), "nor does it now");
        }
    }
}
