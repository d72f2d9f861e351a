//! What is going to happen in a world of two sites, in the order of time; what falls on the same
//! instant, in the order in which it was said. Decides nothing.

use std::collections::BTreeMap;

/// Nanoseconds since the world began: the time that no node can read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At(pub(crate) u64);

/// A millisecond.
pub(crate) const MS: u64 = 1_000_000;
/// A second.
pub(crate) const SECOND: u64 = 1_000 * MS;

impl At {
    /// So many nanoseconds later.
    pub(crate) fn after(self, span: u64) -> Self {
        Self(self.0 + span)
    }

    /// Seconds since the world began.
    pub(crate) fn shown(self) -> String {
        let micros = self.0 / 1_000;
        format!("{:>3}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Agenda<E> {
    events: BTreeMap<(At, u64), E>,
    count: u64,
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self { events: BTreeMap::new(), count: 0 }
    }
}

impl<E> Agenda<E> {
    /// Something happens then.
    pub(crate) fn adds(&mut self, at: At, event: E) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    /// What happens next, up to a time.
    pub(crate) fn next(&mut self, until: At) -> Option<(At, E)> {
        let first = self.events.first_entry().filter(|entry| entry.key().0 <= until)?;
        let ((at, _), event) = first.remove_entry();
        Some((at, event))
    }
}
