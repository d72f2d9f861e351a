//! What the log of a site has, batch by batch, as the world knows it without asking the site. Must not
//! know why it is so.

use journal::format::{Epoch, Position, Tag};
use journal::mark::Mark;

/// A batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The reign in which it was written.
    pub(crate) epoch: Epoch,
    /// The last record up to its end.
    pub(crate) last: Position,
    /// What it names itself by: equal tags, equal logs up to there.
    pub(crate) tag: Tag,
}

impl Entry {
    /// That of the batch that ends at a mark.
    pub(crate) fn of(mark: &Mark) -> Self {
        Self { epoch: mark.epoch, last: mark.position, tag: mark.tag }
    }
}

/// A log: its batches from the first one on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    /// Each batch at the place before its number.
    pub(crate) entries: Vec<Entry>,
    /// So many of them are on the platter.
    pub(crate) durable: usize,
}

impl Book {
    /// A batch is added behind all others.
    pub(crate) fn adds(&mut self, mark: &Mark) {
        assert_eq!(count(mark), self.entries.len() + 1, "batches stand one behind the other");
        self.entries.push(Entry::of(mark));
    }

    /// Only so many are left.
    pub(crate) fn keeps(&mut self, batches: usize) {
        self.entries.truncate(batches);
        self.durable = self.durable.min(batches);
    }

    /// How many batches it takes up to the end of a record.
    pub(crate) fn up_to(&self, position: Position) -> usize {
        if position.0 == 0 {
            return 0;
        }
        let before = self.entries.partition_point(|entry| entry.last < position);
        assert!(before < self.entries.len(), "no record {} in the log", position.0);
        before + 1
    }

    /// How many batches it has in common with another log, from the first one on.
    pub(crate) fn common(&self, other: &[Entry]) -> usize {
        let most = self.entries.len().min(other.len());
        let differs = |at: usize| self.entries[at].tag != other[at].tag;
        // Each batch names the one before: behind the first that differs all do.
        let (mut low, mut high) = (0, most);
        while low < high {
            let middle = low.midpoint(high);
            if differs(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// Whether it has all of these.
    pub(crate) fn has(&self, released: &[Entry]) -> bool {
        match released.last() {
            None => true,
            Some(last) => {
                self.entries.get(released.len() - 1).is_some_and(|own| own.tag == last.tag)
            }
        }
    }
}

/// How many batches there are up to a mark.
pub(crate) fn count(mark: &Mark) -> usize {
    usize::try_from(mark.batch.0).unwrap()
}
