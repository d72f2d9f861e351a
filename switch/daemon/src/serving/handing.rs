//! A primary that is to hand over: it admits nothing more, and waits until nothing is in flight, for so long at
//! most. Must not know who takes over.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, after, never};
use journal::roles::event::DrainId;
use switch_core::ids::WorkerId;
use switch_core::time::Time;

use crate::clocks;

/// What is in flight so long before the end of the time is ended by us, however long it may take: it is written down
/// with one more commit.
const CUT_BEFORE: Duration = Duration::from_millis(500);

/// How long partners have to answer that they are signed off. Nobody serves meanwhile, so it is much less than at
/// a stop, and a few round trips: the sign-off is on its way all the same.
const SIGNED_OFF_WITHIN: Duration = Duration::from_millis(100);

/// How far it is.
pub(super) struct Handing {
    /// Of which drain.
    id: DrainId,
    /// Workers with nothing in flight.
    settled: BTreeSet<WorkerId>,
    workers: u8,
    /// The end of the time for all of it.
    ends: Time,
    /// When what is in flight is cut short, and when there is no time left; never, while nothing is handed over.
    pub(super) cut: Receiver<Instant>,
    pub(super) until: Receiver<Instant>,
}

impl Handing {
    /// Nothing is handed over.
    pub(super) fn none() -> Self {
        let (cut, until) = (never(), never());
        Self { id: DrainId(0), settled: BTreeSet::new(), workers: 0, ends: Time(0), cut, until }
    }

    /// It is, by so many workers within that time. What is in flight may take `drain`: acquirers are not read
    /// meanwhile, so that they would wait for whoever is silent.
    pub(super) fn begins(id: DrainId, workers: u8, (within, drain): (Duration, Duration)) -> Self {
        let cut = after(drain.min(within.saturating_sub(CUT_BEFORE)));
        let ends = clocks::boot() + within;
        Self { id, settled: BTreeSet::new(), workers, ends, cut, until: after(within) }
    }

    /// Whether something may be in flight that is waited for.
    pub(super) fn is_under_way(&self) -> bool {
        self.workers > 0
    }

    /// Of which drain it is.
    pub(super) fn id(&self) -> DrainId {
        self.id
    }

    /// Nothing is in flight at a worker that paused for that drain; says whether that is so at all of them.
    pub(super) fn settles(&mut self, worker: WorkerId, id: DrainId) -> bool {
        if id != self.id {
            return false;
        }
        self.settled.insert(worker);
        self.workers > 0 && self.settled.len() >= usize::from(self.workers)
    }

    /// Nothing is in flight any more, and there is no way back: partners are signed off until then, or as long
    /// as there is time for any of it.
    pub(super) fn signs_off(&mut self) -> Receiver<Instant> {
        let left = self.ends.since(clocks::boot());
        (self.cut, self.until) = (never(), never());
        self.workers = 0;
        after(left.min(SIGNED_OFF_WITHIN))
    }

    /// What is in flight was cut short: not again.
    pub(super) fn was_cut(&mut self) {
        self.cut = never();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: DrainId = DrainId(1);
    const SECOND: DrainId = DrainId(2);
    const TIMES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(300));

    #[test]
    fn all_is_settled_when_each_worker_has_said_so_and_never_while_nothing_is_handed_over() {
        assert!(!Handing::none().settles(WorkerId(0), FIRST));
        let mut handing = Handing::begins(FIRST, 2, TIMES);
        assert!(!handing.settles(WorkerId(0), FIRST));
        assert!(!handing.settles(WorkerId(0), FIRST), "one says it twice");
        assert!(handing.settles(WorkerId(1), FIRST) && handing.is_under_way());
    }

    #[test]
    fn a_worker_that_was_settled_before_the_last_drain_was_given_up_has_something_in_flight_again()
    {
        let mut handing = Handing::begins(SECOND, 1, TIMES);
        assert!(!handing.settles(WorkerId(0), FIRST));
        assert!(handing.settles(WorkerId(0), SECOND));
    }

    #[test]
    fn what_is_in_flight_has_its_own_time_and_no_longer_than_there_is_for_all_of_it() {
        let hour = Duration::from_hours(1);
        let own = Handing::begins(FIRST, 1, (hour, Duration::ZERO));
        assert!(own.cut.recv_timeout(Duration::from_secs(30)).is_ok());
        let whole = Handing::begins(FIRST, 1, (CUT_BEFORE, hour));
        assert!(whole.cut.recv_timeout(Duration::from_secs(30)).is_ok());
    }

    #[test]
    fn partners_have_no_longer_for_their_sign_offs_than_there_is_time_for_all_of_it() {
        let mut handing = Handing::begins(FIRST, 1, (Duration::ZERO, Duration::ZERO));
        let over = handing.signs_off();
        assert!(!handing.is_under_way(), "there is no way back");
        assert!(over.recv_timeout(Duration::from_secs(30)).is_ok());
        assert!(handing.cut.try_recv().is_err() && handing.until.try_recv().is_err());
    }
}
