//! Originals that are refused should they still come: their reversals came first. So many of the last
//! ones are known; a delayed original comes within minutes or not at all. Knows no message.

use alloc::collections::{BTreeSet, VecDeque};

/// How many are known: a day of ten a minute. The oldest is forgotten first.
const TOMBSTONES_MAX: usize = 16_384;

/// By what reversals named them ([`HashKey::reference`](crate::identity::HashKey::reference)).
#[derive(Debug, Default)]
pub(crate) struct Tombstones {
    known: BTreeSet<u64>,
    order: VecDeque<u64>,
}

impl Tombstones {
    /// Whether what is called by this is refused. Asked for every request.
    #[inline]
    pub(crate) fn has(&self, reference: u64) -> bool {
        !self.known.is_empty() && self.known.contains(&reference)
    }

    /// From here on it is.
    pub(crate) fn add(&mut self, reference: u64) {
        if self.known.insert(reference) {
            self.order.push_back(reference);
        }
        if self.order.len() > TOMBSTONES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_the_last_ones_are_known_and_each_is_counted_once() {
        let mut tombstones = Tombstones::default();
        assert!(!tombstones.has(1));
        for reference in (1..).take(TOMBSTONES_MAX) {
            tombstones.add(reference);
            tombstones.add(1);
        }
        assert!(tombstones.has(1) && tombstones.has(2));
        tombstones.add(0);
        assert!(!tombstones.has(1) && tombstones.has(2) && tombstones.has(0));
    }
}
