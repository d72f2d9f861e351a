//! Our trace numbers (DE 11) towards one issuer: which are free, and what each one in use stands
//! for. One worker's share of them. Knows no time: who gives a number back decides when.

use alloc::vec;
use alloc::vec::Vec;

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
const NONE: u32 = ANSWERED - 1;

/// One worker's share of the STANs of one issuer. Four bytes a number, touched when first used;
/// each operation reads and writes one or two entries, whatever is in flight.
#[derive(Debug)]
pub struct Stans {
    /// The STAN of the first entry.
    from: u32,
    /// In use: the slot, marked. Free: the place of the next free one, and how the last use ended.
    entries: Vec<u32>,
    /// Entries from here on were never used.
    fresh: u32,
    /// The longest free, and the one given back last.
    head: u32,
    tail: u32,
    free: u32,
}

impl Stans {
    /// The share of `worker` among `workers`.
    pub fn new(worker: WorkerId, workers: u8) -> Self {
        let share = TRANSACTIONS_MAX / u32::from(workers);
        let from = 1 + share * u32::from(worker.0);
        let len = usize::try_from(share).expect("a share of a million fits");
        Self { from, entries: vec![0; len], fresh: 0, head: NONE, tail: NONE, free: share }
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
        let place = if self.has_fresh() { self.fresh } else { self.head };
        (place != NONE).then(|| Stan(self.from + place))
    }

    /// Takes the number that rested longest, for the transaction in `slot`.
    #[inline]
    pub fn take(&mut self, slot: u32) -> Option<Stan> {
        assert!(slot < NONE, "a slot number leaves room for the mark");
        let stan = self.next()?;
        if self.has_fresh() {
            self.fresh += 1;
        } else {
            self.head = self.entries[place(self.head)] & !ANSWERED;
        }
        self.entries[place(stan.0 - self.from)] = slot | IN_USE;
        self.free -= 1;
        Some(stan)
    }

    /// The slot that a STAN stands for.
    #[inline]
    pub fn slot(&self, stan: Stan) -> Option<u32> {
        let entry = *self.entries.get(place(stan.0.checked_sub(self.from)?))?;
        (entry & IN_USE != 0).then_some(entry & !IN_USE)
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
        self.entries[place(freed)] = if answered { NONE | ANSWERED } else { NONE };
        if self.head == NONE {
            self.head = freed;
        } else {
            let last = &mut self.entries[place(self.tail)];
            *last = (*last & ANSWERED) | freed;
        }
        self.tail = freed;
        self.free += 1;
    }

    fn has_fresh(&self) -> bool {
        place(self.fresh) < self.entries.len()
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
    #[should_panic(expected = "once")]
    fn giving_a_number_back_twice_is_our_own_bug() {
        let mut stans = Stans::new(WorkerId(0), 2);
        let stan = stans.take(0).unwrap();
        stans.give_back(stan, true);
        stans.give_back(stan, true);
    }
}
