//! Whether the thread `ship` turns, as the thread `witness` sees it. One that hangs, in a write of the control file
//! for instance, says nothing and hears nothing: its node is not to be known as alive. Must not know what follows.

use std::time::Duration;

use switch_core::time::Time;

/// It turns twice a second at least. The standby has heard nothing for as long when it asks whether this node lives.
const HANGS: Duration = Duration::from_millis(1500);
/// Who was away so long itself does not know what the other one did meanwhile.
const AWAY: Duration = Duration::from_secs(2);

/// What was seen of it.
#[derive(Debug, Default)]
pub(super) struct Turning {
    turns: u64,
    /// When it was seen to have turned, or, if that is later, since when it is looked at.
    since: Time,
    looked: Time,
    hangs: bool,
}

impl Turning {
    /// Whether it hangs, by how often it has turned until now.
    pub(super) fn hangs(&mut self, turns: u64, now: Time) -> bool {
        if turns != self.turns {
            (self.turns, self.since, self.hangs) = (turns, now, false);
        } else if now.since(self.looked) >= AWAY {
            self.since = now;
        }
        self.looked = now;
        self.hangs |= now.since(self.since) >= HANGS;
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
        assert!(!turning.hangs(0, at(90_000)), "nothing is known before");
        assert!(!turning.hangs(7, at(90_500)));
        assert!(!turning.hangs(7, at(91_000)));
        assert!(!turning.hangs(7, at(91_900)));
        assert!(turning.hangs(7, at(92_000)));
        assert!(turning.hangs(7, at(93_000)));
        assert!(!turning.hangs(8, at(93_500)));
    }

    #[test]
    fn who_was_away_itself_says_nothing_new_of_the_other() {
        let mut turning = Turning::default();
        assert!(!turning.hangs(7, at(90_000)));
        assert!(!turning.hangs(7, at(99_000)), "both stood still");
        assert!(!turning.hangs(7, at(100_000)));
        assert!(turning.hangs(7, at(100_500)));
        assert!(turning.hangs(7, at(110_000)), "nor that it hangs no more");
    }
}
