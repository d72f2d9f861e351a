//! Messages that one operator wants to give up, until another one says the same. Forgotten at a restart.
//! A pure function of the time it is given; must not know how a message is given up.

use std::time::Duration;

use switch_core::time::Time;

use crate::control::Peer;

/// How long a wish waits for a second operator.
pub(crate) const WAITS: Duration = Duration::from_mins(10);
/// The most wishes that wait.
pub(crate) const WISHES_MAX: usize = 64;

/// The most of them of one operator.
pub(crate) const WISHES_OF_ONE_MAX: usize = 16;

/// Which message: a number is used again when its message is done, the time of its making is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Which {
    pub(crate) id: String,
    pub(crate) made_utc: u64,
}

/// What somebody's wish comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It waits for somebody else.
    First,
    /// Somebody else has said so: that one's name.
    Second(String),
    /// There are too many already.
    TooMany,
    /// There are too many of this one already.
    TooManyOfOne,
}

/// All that wait.
#[derive(Debug, Default)]
pub(crate) struct Wishes(Vec<Wish>);

#[derive(Debug)]
struct Wish {
    which: Which,
    peer: Peer,
    until: Time,
}

impl Wishes {
    /// Somebody wants this one given up. It waits on until [`Wishes::forget`], and who says it again says it
    /// anew.
    pub(crate) fn handle(&mut self, now: Time, which: &Which, peer: &Peer) -> Said {
        self.0.retain(|wish| wish.until > now);
        let other = self.0.iter().find(|wish| wish.which == *which && wish.peer.uid != peer.uid);
        if let Some(wish) = other {
            return Said::Second(wish.peer.name.clone());
        }
        self.0.retain(|wish| wish.which.id != which.id);
        if self.0.iter().filter(|wish| wish.peer.uid == peer.uid).count() >= WISHES_OF_ONE_MAX {
            return Said::TooManyOfOne;
        }
        if self.0.len() >= WISHES_MAX {
            return Said::TooMany;
        }
        self.0.push(Wish { which: which.clone(), peer: peer.clone(), until: now + WAITS });
        Said::First
    }

    /// Only what these have wished still counts.
    pub(crate) fn retain(&mut self, counts: impl Fn(&Peer) -> bool) {
        self.0.retain(|wish| counts(&wish.peer));
    }

    /// It was given up.
    pub(crate) fn forget(&mut self, which: &Which) {
        self.0.retain(|wish| wish.which != *which);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time(seconds * 1_000_000_000)
    }

    fn peer(uid: u32) -> Peer {
        Peer { uid, name: format!("uid-{uid}"), groups: Vec::new() }
    }

    fn item(number: u32) -> Which {
        Which { id: format!("issuer-x/{number:06}"), made_utc: 1_795_238_430 }
    }

    #[test]
    fn it_takes_two_users_within_ten_minutes() {
        let mut wishes = Wishes::default();
        assert_eq!(wishes.handle(at(0), &item(1), &peer(1)), Said::First);
        assert_eq!(wishes.handle(at(1), &item(1), &peer(1)), Said::First, "one says it twice");
        assert_eq!(wishes.handle(at(2), &item(2), &peer(2)), Said::First, "another message");
        assert_eq!(wishes.handle(at(600), &item(1), &peer(2)), Said::Second("uid-1".into()));
        assert_eq!(wishes.handle(at(601), &item(1), &peer(2)), Said::First, "ten minutes are over");
    }

    #[test]
    fn it_waits_on_until_it_was_given_up() {
        let mut wishes = Wishes::default();
        wishes.handle(at(0), &item(1), &peer(1));
        for _ in 0..2 {
            assert_eq!(wishes.handle(at(1), &item(1), &peer(2)), Said::Second("uid-1".into()));
        }
        wishes.forget(&item(1));
        assert_eq!(wishes.handle(at(2), &item(1), &peer(2)), Said::First);
    }

    #[test]
    fn a_wish_about_one_message_is_none_about_the_next_that_has_its_number() {
        let mut wishes = Wishes::default();
        wishes.handle(at(0), &item(1), &peer(1));
        let next = Which { made_utc: item(1).made_utc + 60, ..item(1) };
        assert_eq!(wishes.handle(at(1), &next, &peer(2)), Said::First);
        assert_eq!(wishes.handle(at(2), &next, &peer(1)), Said::Second("uid-2".into()));
    }

    #[test]
    fn one_more_than_may_wait_is_refused_until_one_is_over() {
        let mut wishes = Wishes::default();
        for number in 0..u32::try_from(WISHES_MAX).unwrap() {
            let said = wishes.handle(at(0), &item(number), &peer(1 + number / 16));
            assert_eq!(said, Said::First);
        }
        assert_eq!(wishes.handle(at(1), &item(99), &peer(9)), Said::TooMany);
        assert_eq!(wishes.handle(at(1), &item(0), &peer(2)), Said::Second("uid-1".into()));
        assert_eq!(wishes.handle(at(600), &item(99), &peer(1)), Said::First);
    }

    #[test]
    fn the_wishes_of_one_leave_room_for_those_of_others() {
        let mut wishes = Wishes::default();
        for number in 0..u32::try_from(WISHES_OF_ONE_MAX).unwrap() {
            assert_eq!(wishes.handle(at(0), &item(number), &peer(1)), Said::First);
        }
        assert_eq!(wishes.handle(at(1), &item(98), &peer(1)), Said::TooManyOfOne);
        assert_eq!(wishes.handle(at(1), &item(3), &peer(1)), Said::First, "the same again");
        assert_eq!(wishes.handle(at(1), &item(99), &peer(2)), Said::First);
    }
}
