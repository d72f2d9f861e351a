//! Signs of life: which pulse was given last, and how far each thread on the way of an answer has come with
//! it. Must not know what follows from that, or what a pulse is written down as.
//!
//! Every number here stands for itself: none says that other memory may be looked at, so nothing is ordered
//! by them.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crossbeam::utils::CachePadded;
use switch_core::ids::WorkerId;
use switch_core::time::Time;

use crate::health::Sick;

/// All signs of life.
#[derive(Debug)]
pub(crate) struct Pulses {
    /// The last one that was given.
    given: AtomicU64,
    /// The last one that the journal's thread has seen while it waits for a segment.
    journal_waits: AtomicU64,
    /// The last one that it has seen in its loop.
    journal: AtomicU64,
    /// Since when its disk has not done the oldest thing that it was asked to; 0: nothing is under way.
    disk: AtomicU64,
    /// The last one that the keeper has seen between two steps.
    keeper: AtomicU64,
    /// Until when a drill has none be through; 0: none does.
    withheld: AtomicU64,
    /// What the measure of them came to, for whoever shows it.
    sick: Mutex<Option<(Sick, Time)>>,
    workers: Vec<CachePadded<Of>>,
}

/// Of one worker.
#[derive(Debug, Default)]
struct Of {
    /// The last one that it took up in a turn.
    taken: AtomicU64,
    /// The last one behind which something of it was committed.
    passed: AtomicU64,
    /// When that was; 0: never.
    passed_at: AtomicU64,
    /// Its links that can take a message, and its stations that have one.
    links: AtomicU32,
    stations: AtomicU32,
}

/// Who has not come as far as a pulse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Late {
    /// A worker does not turn.
    Turn(WorkerId),
    /// It turns, and nothing of it is committed.
    Commit(WorkerId),
}

impl Pulses {
    pub(crate) fn new(workers: usize) -> Self {
        let of = |_| CachePadded::new(Of::default());
        Self {
            given: AtomicU64::new(0),
            journal_waits: AtomicU64::new(0),
            journal: AtomicU64::new(0),
            disk: AtomicU64::new(0),
            withheld: AtomicU64::new(0),
            sick: Mutex::default(),
            keeper: AtomicU64::new(0),
            workers: (0..workers).map(of).collect(),
        }
    }

    /// The main thread: this one is given. They go up by one.
    pub(crate) fn give(&self, number: u64) {
        self.given.store(number, Ordering::Relaxed);
    }

    /// The journal's thread, again and again while it waits for a segment: it is alive.
    pub(crate) fn journal_waits(&self) {
        self.journal_waits.store(self.given.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The journal's thread, once a loop, five times a second at least while something durable is not released.
    pub(crate) fn journal_turns(&self) {
        self.journal.store(self.given.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// The journal's thread: since then its disk has not done the oldest thing that it was asked to.
    pub(crate) fn disk_is_asked(&self, since: Option<Time>) {
        self.disk.store(since.map_or(0, |since| since.0), Ordering::Relaxed);
    }

    /// Whether the journal's thread has turned since a pulse and its disk does within that time what it is asked
    /// to.
    pub(crate) fn journal_is_well(&self, number: u64, now: Time, within: Duration) -> bool {
        let asked = self.disk.load(Ordering::Relaxed);
        let does = asked == 0 || now.since(Time(asked)) < within;
        does && self.journal.load(Ordering::Relaxed) >= number
    }

    /// A drill: until then no pulse is through.
    pub(crate) fn withhold(&self, until: Time) {
        self.withheld.store(until.0, Ordering::Relaxed);
    }

    /// Whether a drill is under way.
    pub(crate) fn is_withheld(&self, now: Time) -> bool {
        now.0 < self.withheld.load(Ordering::Relaxed)
    }

    /// What the measure came to.
    pub(crate) fn show_sick(&self, sick: Option<(Sick, Time)>) {
        *self.sick.lock().unwrap_or_else(PoisonError::into_inner) = sick;
    }

    /// Why the node is sick, and since when.
    pub(crate) fn sick(&self) -> Option<(Sick, Time)> {
        *self.sick.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keeper, between two steps: it is alive.
    pub(crate) fn keeper_steps(&self) {
        self.keeper.store(self.given.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// A worker took a pulse up, and has so many links ready, of so many stations.
    pub(crate) fn take(&self, worker: WorkerId, number: u64, links: u32, stations: u32) {
        let of = &self.workers[worker.index()];
        of.links.store(links, Ordering::Relaxed);
        of.stations.store(stations, Ordering::Relaxed);
        of.taken.store(number, Ordering::Relaxed);
    }

    /// Something of a worker was committed behind a pulse.
    pub(crate) fn pass(&self, worker: WorkerId, number: u64, now: Time) {
        let of = &self.workers[worker.index()];
        of.passed_at.store(now.0, Ordering::Relaxed);
        of.passed.store(number, Ordering::Relaxed);
    }

    /// Who has not come as far as this pulse; none: everybody has.
    ///
    /// While the journal's thread waits for a segment and the keeper goes on looking for room, the disk is
    /// full and not dead: then it is enough that workers turn. They refuse, and that is what a switch on a
    /// full disk is for.
    pub(crate) fn late(&self, number: u64) -> Option<Late> {
        let reached = |by: &AtomicU64| by.load(Ordering::Relaxed) >= number;
        let excused = reached(&self.journal_waits) && reached(&self.keeper);
        self.workers.iter().zip(0_u8..).find_map(|(of, id)| {
            if !reached(&of.taken) {
                Some(Late::Turn(WorkerId(id)))
            } else if !reached(&of.passed) && !excused {
                Some(Late::Commit(WorkerId(id)))
            } else {
                None
            }
        })
    }

    /// When a pulse of a worker was through last; none: never.
    pub(crate) fn passed_at(&self, worker: WorkerId) -> Option<Time> {
        let at = self.workers[worker.index()].passed_at.load(Ordering::Relaxed);
        (at > 0).then_some(Time(at))
    }

    /// Links that are ready, and stations that have one, as of the last pulse.
    pub(crate) fn ready(&self) -> (u32, u32) {
        let sum = |of: fn(&Of) -> &AtomicU32| {
            self.workers.iter().map(|worker| of(worker).load(Ordering::Relaxed)).sum()
        };
        (sum(|of| &of.links), sum(|of| &of.stations))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: WorkerId = WorkerId(0);
    const SECOND: WorkerId = WorkerId(1);

    #[test]
    fn who_does_not_turn_is_late_and_then_who_commits_nothing() {
        let pulses = Pulses::new(2);
        pulses.give(1);
        assert_eq!(pulses.late(1), Some(Late::Turn(FIRST)));
        pulses.take(FIRST, 1, 3, 1);
        assert_eq!(pulses.late(1), Some(Late::Commit(FIRST)));
        pulses.pass(FIRST, 1, Time(7));
        assert_eq!(pulses.late(1), Some(Late::Turn(SECOND)));
        pulses.take(SECOND, 1, 4, 2);
        pulses.pass(SECOND, 1, Time(8));
        assert_eq!(pulses.late(1), None);
        assert_eq!(pulses.ready(), (7, 3));
        assert_eq!(pulses.passed_at(SECOND), Some(Time(8)));
        pulses.give(2);
        assert_eq!(pulses.late(2), Some(Late::Turn(FIRST)), "each pulse anew");
    }

    #[test]
    fn while_the_disk_is_full_it_is_enough_that_workers_turn_and_both_who_wait_for_room_are_alive()
    {
        let pulses = Pulses::new(1);
        pulses.give(1);
        pulses.take(FIRST, 1, 0, 0);
        pulses.journal_waits();
        assert_eq!(pulses.late(1), Some(Late::Commit(FIRST)), "the keeper hangs");
        pulses.keeper_steps();
        assert_eq!(pulses.late(1), None);
        pulses.give(2);
        pulses.keeper_steps();
        pulses.take(FIRST, 2, 0, 0);
        assert_eq!(pulses.late(2), Some(Late::Commit(FIRST)), "the journal's thread hangs");
        pulses.journal_waits();
        assert_eq!(pulses.late(2), None);
        pulses.give(3);
        pulses.journal_waits();
        pulses.keeper_steps();
        assert_eq!(pulses.late(3), Some(Late::Turn(FIRST)), "no disk excuses that");
    }
}
