//! A primary that is to hand over: it admits nothing more, and waits until nothing is in flight, for so long at
//! most. Must not know who takes over.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, after, never};
use switch_core::ids::WorkerId;

/// What is in flight so long before the end of the time is ended by us: it is written down with one more commit.
const CUT_BEFORE: Duration = Duration::from_millis(500);

/// How far it is.
pub(super) struct Handing {
    /// Workers with nothing in flight.
    settled: BTreeSet<WorkerId>,
    workers: u8,
    /// When what is in flight is cut short, and when there is no time left; never, while nothing is handed over.
    pub(super) cut: Receiver<Instant>,
    pub(super) until: Receiver<Instant>,
}

impl Handing {
    /// Nothing is handed over.
    pub(super) fn none() -> Self {
        Self { settled: BTreeSet::new(), workers: 0, cut: never(), until: never() }
    }

    /// It is, by so many workers within that time.
    pub(super) fn begins(workers: u8, within: Duration) -> Self {
        let cut = after(within.saturating_sub(CUT_BEFORE));
        Self { settled: BTreeSet::new(), workers, cut, until: after(within) }
    }

    /// Nothing is in flight at a worker; says whether that is so at all of them.
    pub(super) fn settles(&mut self, worker: WorkerId) -> bool {
        self.settled.insert(worker);
        self.workers > 0 && self.settled.len() >= usize::from(self.workers)
    }

    /// What is in flight was cut short: not again.
    pub(super) fn was_cut(&mut self) {
        self.cut = never();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_settled_when_each_worker_has_said_so_and_never_while_nothing_is_handed_over() {
        assert!(!Handing::none().settles(WorkerId(0)));
        let mut handing = Handing::begins(2, Duration::from_secs(2));
        assert!(!handing.settles(WorkerId(0)));
        assert!(!handing.settles(WorkerId(0)), "one says it twice");
        assert!(handing.settles(WorkerId(1)));
    }
}
