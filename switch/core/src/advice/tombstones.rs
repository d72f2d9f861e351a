//! Originals that are refused should they still come: their reversals came first. Each is known for as
//! long as advices are; where so many come that one is forgotten earlier, that is an alarm. Knows no
//! message.

use alloc::vec::Vec;

use crate::counters::Counter;
use crate::duplicates::Index;
use crate::notices::Notice;
use crate::restore::KNOWN_KEPT_SECS as KEPT_SECS;
use crate::turn::Turn;

/// By what reversals named them ([`HashKey::reference`](crate::identity::HashKey::reference)), and when,
/// in seconds since 1970. The oldest is forgotten first.
#[derive(Debug)]
pub(crate) struct Tombstones {
    known: Vec<(u64, u64)>,
    max: usize,
    /// Once all places are taken, that of the oldest.
    hand: usize,
    by_reference: Index,
}

impl Tombstones {
    /// Room for `max` of them.
    pub(crate) fn new(max: u32) -> Self {
        let max = usize::try_from(max.max(1)).expect("a number of places fits");
        Self { known: Vec::with_capacity(max), max, hand: 0, by_reference: Index::new(max) }
    }

    /// Whether what is called by this is refused. Asked for every request.
    #[inline]
    pub(crate) fn has(&self, reference: u64) -> bool {
        !self.known.is_empty() && self.find(reference, |_| true).is_some()
    }

    fn find(&self, reference: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let is_it = |place: usize| self.known[place].0 == reference && is_it(place);
        Some(self.by_reference.find(tag_of(reference), is_it)?.0)
    }

    /// From here on it is. Gives for how many seconds the one had been known that is forgotten for it,
    /// where that is not long enough.
    fn add(&mut self, reference: u64, utc: u64) -> Option<u64> {
        if self.has(reference) {
            return None;
        }
        self.by_reference.link(tag_of(reference), self.hand);
        let place = self.hand;
        self.hand = if place + 1 == self.max { 0 } else { place + 1 };
        if self.known.len() < self.max {
            self.known.push((reference, utc));
            return None;
        }
        let (oldest, since) = self.known[place];
        let cell = self.find(oldest, |other| other == place).expect("it was known");
        self.by_reference.unlink(cell);
        self.known[place] = (reference, utc);
        Some(utc.saturating_sub(since)).filter(|&secs| secs < KEPT_SECS)
    }
}

impl Turn<'_> {
    /// What is called by this is refused, should it still come; a reversal said so at this second since
    /// 1970.
    pub(crate) fn refuses_from_now(&mut self, reference: u64, utc: u64) {
        if let Some(secs) = self.world.tombstones.add(reference, utc) {
            self.count(Counter::TombstonesForgotten);
            self.tell(Notice::TombstoneForgotten { secs });
        }
    }
}

/// What a reference is searched for by.
fn tag_of(reference: u64) -> u32 {
    u32::try_from(reference & u64::from(u32::MAX)).expect("masked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_the_last_ones_are_known_and_each_is_counted_once() {
        let mut tombstones = Tombstones::new(1_000);
        assert!(!tombstones.has(1));
        // Those of one tag are told apart.
        let of = |number: u64| number << 32 | 7;
        for number in 1..=1_000 {
            assert_eq!(tombstones.add(of(number), 50), None);
            assert_eq!(tombstones.add(of(1), 50), None);
        }
        assert!(tombstones.has(of(1)) && tombstones.has(of(1_000)) && !tombstones.has(of(1_001)));
        assert_eq!(tombstones.add(of(1_001), 50 + KEPT_SECS - 1), Some(KEPT_SECS - 1));
        assert!(!tombstones.has(of(1)) && tombstones.has(of(2)) && tombstones.has(of(1_001)));
        assert_eq!(tombstones.add(of(1_002), 50 + KEPT_SECS), None, "it was known for long enough");
        assert!(!tombstones.has(of(2)) && tombstones.has(of(3)) && tombstones.has(of(1_002)));
        for number in 3..=1_000 {
            assert!(tombstones.has(of(number)), "{number}");
        }
        // However many come, the search for what is not there comes to its end.
        for number in 2_000..10_000 {
            tombstones.add(of(number), 50);
        }
        assert!(!tombstones.has(of(1_002)) && tombstones.has(of(9_000)));
    }
}
