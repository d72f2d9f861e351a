//! Our trace numbers (DE 11) towards one issuer: which are free, and what each one in use stands
//! for. One worker's share of them. Knows no time: who gives a number back decides when.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use crate::ids::{Stan, WorkerId};

/// The last STAN of transactions. Those above are for network management, whose home is the
/// worker of the links.
pub const TRANSACTIONS_MAX: u32 = 998_999;
/// The first STAN of network management.
pub const NETWORK_MIN: u32 = TRANSACTIONS_MAX + 1;
/// The last STAN of all.
pub const STAN_MAX: u32 = 999_999;

/// Marks an entry that stands for a transaction, so a link to the next free one is never taken
/// for it.
const IN_USE: u32 = 1 << 31;
/// Marks a free entry whose last transaction was answered.
const ANSWERED: u32 = 1 << 30;
/// Marks an entry that was used before its turn among those never used.
const BEFORE_ITS_TURN: u32 = 1 << 29;
const NONE: u32 = BEFORE_ITS_TURN - 1;

/// The STAN behind which a share goes on when so many behind its `last` may have been used by a reign
/// whose records are lost: so many further ahead, round the end of the share.
pub(crate) fn ahead(last: Option<Stan>, range: &Range<u32>, skip: u32) -> Stan {
    let len = range.end - range.start;
    let used = last.map_or(len - 1, |last| last.0 - range.start);
    let skip = skip.min(len / 2);
    let left = len - used;
    Stan(range.start + if skip < left { used + skip } else { skip - left })
}

/// One worker's share of the STANs of one issuer. Four bytes a number, touched when first used;
/// each operation reads and writes one or two entries, whatever is in flight.
#[derive(Debug)]
pub struct Stans {
    /// The STAN of the first entry.
    from: u32,
    /// In use: the slot, marked. Free: the place of the next free one, and how the last use ended.
    entries: Vec<u32>,
    /// So many entries, from `start` on and round, have had their first turn; the others follow.
    fresh: u32,
    /// The entry with the first turn of all.
    start: u32,
    /// The longest free, and the one given back last.
    head: u32,
    tail: u32,
    free: u32,
}

impl Stans {
    /// Stands in the place of a slot for what is kept for the issuer.
    pub const ITEM: u32 = NONE - 1;

    /// The share of `worker` among `workers`.
    pub fn new(worker: WorkerId, workers: u8) -> Self {
        let Range { start: from, end } = Self::share(worker, workers);
        let share = end - from;
        Self {
            from,
            entries: vec![0; place(share)],
            fresh: 0,
            start: 0,
            head: NONE,
            tail: NONE,
            free: share,
        }
    }

    /// The share of `worker` among `workers`.
    pub(crate) fn share(worker: WorkerId, workers: u8) -> Range<u32> {
        let share = TRANSACTIONS_MAX / u32::from(workers);
        let from = 1 + share * u32::from(worker.0);
        from..from + share
    }

    /// The worker whose share a STAN is in; none for those of network management or out of range.
    #[inline]
    pub fn home(stan: Stan, workers: u8) -> Option<WorkerId> {
        if workers == 1 {
            return (1..=TRANSACTIONS_MAX).contains(&stan.0).then_some(WorkerId(0));
        }
        let share = TRANSACTIONS_MAX / u32::from(workers);
        let place = stan.0.checked_sub(1)? / share;
        u8::try_from(place).ok().filter(|&worker| worker < workers).map(WorkerId)
    }

    /// How many are free.
    pub fn free(&self) -> u32 {
        self.free
    }

    /// The one that [`Stans::take`] would give.
    #[inline]
    pub fn next(&self) -> Option<Stan> {
        let place = if self.has_fresh() { self.turn() } else { self.head };
        (place != NONE).then(|| Stan(self.from + place))
    }

    /// Takes the number that rested longest, for the transaction in `slot`.
    #[inline]
    pub fn take(&mut self, slot: u32) -> Option<Stan> {
        assert!(slot < NONE, "a slot number leaves room for the mark");
        let stan = self.next()?;
        if self.has_fresh() {
            self.fresh += 1;
            self.pass_over_used();
        } else {
            self.head = self.entries[place(self.head)] & NONE;
        }
        self.entries[place(stan.0 - self.from)] = slot | IN_USE;
        self.free -= 1;
        Some(stan)
    }

    /// The numbers of this share.
    pub fn range(&self) -> Range<u32> {
        self.from..self.from + u32::try_from(self.entries.len()).expect("a share of a million")
    }

    /// Goes on behind `last`, before any number was taken: that one has its turn when all others
    /// had theirs.
    pub fn go_on_behind(&mut self, last: Stan) {
        assert!(self.fresh == 0 && self.range().contains(&last.0), "at the start, with its own");
        let len = self.range().len();
        self.start = u32::try_from((place(last.0 - self.from) + 1) % len).expect("below a million");
        self.pass_over_used();
    }

    /// Takes a certain number, for the transaction in `slot` that used it before a restart. False
    /// when it is not free any more, or not of this share.
    pub fn take_again(&mut self, stan: Stan, slot: u32) -> bool {
        assert!(slot < NONE, "a slot number leaves room for the marks");
        if !self.range().contains(&stan.0) || self.entries[place(stan.0 - self.from)] != 0 {
            return false;
        }
        self.entries[place(stan.0 - self.from)] = slot | IN_USE | BEFORE_ITS_TURN;
        self.free -= 1;
        self.pass_over_used();
        true
    }

    /// The slot that a STAN stands for.
    #[inline]
    pub fn slot(&self, stan: Stan) -> Option<u32> {
        let entry = *self.entries.get(place(stan.0.checked_sub(self.from)?))?;
        (entry & IN_USE != 0).then_some(entry & NONE)
    }

    /// Whether a STAN is free and its last transaction was answered. Known until it is used again,
    /// which is after all others.
    pub fn was_answered(&self, stan: Stan) -> bool {
        let place = stan.0.checked_sub(self.from).map(place);
        let entry = place.and_then(|place| self.entries.get(place)).copied().unwrap_or_default();
        entry & (IN_USE | ANSWERED) == ANSWERED
    }

    /// Gives a number back, its transaction `answered` or not; it goes to the end of the line.
    #[inline]
    pub fn give_back(&mut self, stan: Stan, answered: bool) {
        assert!(self.slot(stan).is_some(), "a number is given back once");
        let freed = stan.0 - self.from;
        let turn = self.entries[place(freed)] & BEFORE_ITS_TURN;
        self.entries[place(freed)] = turn | if answered { NONE | ANSWERED } else { NONE };
        if self.head == NONE {
            self.head = freed;
        } else {
            let last = &mut self.entries[place(self.tail)];
            *last = (*last & !NONE) | freed;
        }
        self.tail = freed;
        self.free += 1;
    }

    fn has_fresh(&self) -> bool {
        place(self.fresh) < self.entries.len()
    }

    /// The entry whose first turn it is.
    fn turn(&self) -> u32 {
        let len = u32::try_from(self.entries.len()).expect("a share of a million");
        let (turn, left) = (self.start + self.fresh, len - self.start);
        if self.fresh < left { turn } else { turn - len }
    }

    /// What was used before its turn has none: it is in use, or in the line of those given back.
    fn pass_over_used(&mut self) {
        while self.has_fresh() {
            let turn = place(self.turn());
            let entry = &mut self.entries[turn];
            if *entry & BEFORE_ITS_TURN == 0 {
                return;
            }
            *entry &= !BEFORE_ITS_TURN;
            self.fresh += 1;
        }
    }
}

#[inline]
fn place(entry: u32) -> usize {
    usize::try_from(entry).expect("an entry number fits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_given_back_rests_until_all_others_were_used() {
        let mut stans = Stans::new(WorkerId(0), 1);
        let first = stans.take(7).unwrap();
        assert_eq!((first, stans.slot(first)), (Stan(1), Some(7)));
        stans.give_back(first, true);
        assert_eq!(stans.slot(first), None);
        for expected in 2..=TRANSACTIONS_MAX {
            assert_eq!(stans.take(0), Some(Stan(expected)));
        }
        assert_eq!(stans.take(8), Some(Stan(1)));
        assert_eq!((stans.take(9), stans.free()), (None, 0));
    }

    #[test]
    fn numbers_come_back_in_the_order_in_which_they_were_given_back() {
        let mut stans = Stans::new(WorkerId(0), 1);
        while stans.take(0).is_some() {}
        for stan in [5, 900, 3] {
            stans.give_back(Stan(stan), stan == 900);
        }
        assert_eq!(
            [(); 4].map(|()| stans.take(1)),
            [5, 900, 3, 0].map(|stan| { (stan != 0).then_some(Stan(stan)) })
        );
        stans.give_back(Stan(77), false);
        assert_eq!((stans.free(), stans.take(1)), (1, Some(Stan(77))));
    }

    #[test]
    fn a_number_knows_that_it_was_answered_until_it_is_used_again() {
        let mut stans = Stans::new(WorkerId(0), 1);
        let answered = |stans: &Stans| [0, 1, 2, 3, 4].map(|stan| stans.was_answered(Stan(stan)));
        while stans.take(0).is_some() {}
        assert_eq!(answered(&stans), [false; 5]);
        for (stan, is_answered) in [(1, true), (2, false), (3, true)] {
            stans.give_back(Stan(stan), is_answered);
        }
        assert_eq!(answered(&stans), [false, true, false, true, false]);
        assert_eq!(
            [(); 4].map(|()| stans.take(9)),
            [Some(Stan(1)), Some(Stan(2)), Some(Stan(3)), None]
        );
        assert_eq!(answered(&stans), [false; 5]);
    }

    #[test]
    fn each_number_has_one_home() {
        for workers in 1..=64 {
            let mut last = None;
            for worker in 0..workers {
                let worker = WorkerId(worker);
                let share = Stans::new(worker, workers);
                let (first, end) = (share.from, share.from + share.free());
                assert!(last.is_none_or(|last| last < first));
                assert_eq!(Stans::home(Stan(first), workers), Some(worker));
                assert_eq!(Stans::home(Stan(end - 1), workers), Some(worker));
                last = Some(end - 1);
            }
            assert!(last.is_some_and(|last| last <= TRANSACTIONS_MAX));
            assert_eq!(Stans::home(Stan(0), workers), None);
            assert_eq!(Stans::home(Stan(STAN_MAX), workers), None, "{workers}");
        }
    }

    #[test]
    fn after_a_restart_numbers_go_on_behind_the_last_and_come_round_to_it() {
        let mut stans = Stans::new(WorkerId(0), 1);
        stans.go_on_behind(Stan(TRANSACTIONS_MAX - 1));
        assert_eq!([(); 3].map(|()| stans.take(0).unwrap().0), [TRANSACTIONS_MAX, 1, 2]);
        for expected in 3..TRANSACTIONS_MAX {
            assert_eq!(stans.take(0), Some(Stan(expected)));
        }
        assert_eq!((stans.take(0), stans.free()), (None, 0));
    }

    #[test]
    fn a_number_taken_again_after_a_restart_has_no_turn_until_it_is_given_back() {
        let mut stans = Stans::new(WorkerId(0), 1);
        stans.go_on_behind(Stan(4));
        let again = [5, 7, 3, 4].map(|stan| stans.take_again(Stan(stan), 100 + stan));
        assert_eq!(again, [true; 4]);
        assert!(!stans.take_again(Stan(7), 1) && !stans.take_again(Stan(0), 1));
        assert_eq!((stans.slot(Stan(7)), stans.free()), (Some(107), TRANSACTIONS_MAX - 4));
        // One is given back before its turn comes, one long after.
        stans.give_back(Stan(7), false);
        for expected in [6].into_iter().chain(8..=TRANSACTIONS_MAX).chain([1, 2]) {
            assert_eq!(stans.take(0), Some(Stan(expected)));
        }
        stans.give_back(Stan(3), true);
        assert!(stans.was_answered(Stan(3)));
        assert_eq!([(); 3].map(|()| stans.take(9)), [Some(Stan(7)), Some(Stan(3)), None]);
        stans.give_back(Stan(7), true);
        assert_eq!((stans.take(8), stans.slot(Stan(7))), (Some(Stan(7)), Some(8)));
    }

    #[test]
    fn a_share_goes_on_further_ahead_and_round_its_end_where_numbers_may_be_lost() {
        let range = 101..201;
        let behind = |last, skip| ahead(last, &range, skip).0;
        assert_eq!(
            [(101, 5), (195, 5), (196, 5), (200, 5)]
                .map(|(last, skip)| { behind(Some(Stan(last)), skip) }),
            [106, 200, 101, 105]
        );
        assert_eq!(behind(None, 5), 105, "the first five may have been used");
        assert_eq!(behind(Some(Stan(101)), 1_000), 151, "half a share at most");
    }

    #[test]
    fn when_all_numbers_are_taken_again_there_is_none_until_one_comes_back() {
        let mut stans = Stans::new(WorkerId(63), 64);
        for stan in stans.range() {
            assert!(stans.take_again(Stan(stan), 0));
        }
        assert_eq!((stans.take(0), stans.free()), (None, 0));
        let last = Stan(stans.range().end - 1);
        stans.give_back(last, false);
        assert_eq!((stans.take(0), stans.take(0)), (Some(last), None));
    }

    #[test]
    #[should_panic(expected = "once")]
    fn giving_a_number_back_twice_is_our_own_bug() {
        let mut stans = Stans::new(WorkerId(0), 2);
        let stan = stans.take(0).unwrap();
        stans.give_back(stan, true);
        stans.give_back(stan, true);
    }
}
