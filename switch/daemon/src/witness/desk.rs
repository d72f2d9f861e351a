//! What the thread `ship` puts down for the thread `witness`: one question at most, and whether this node is to be
//! known as alive. Nobody waits for the other here. Must not know what is asked, nor how.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use journal::roles::witness::{Record, RequestId, Revision};
use switch_core::time::Time;

use super::shown::{LeaseShown, WitnessShown};
use crate::clocks;

/// Where it lies.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    slot: Mutex<Slot>,
    put: Condvar,
    left: Condvar,
    shown: Mutex<WitnessShown>,
    /// Goes up with each turn of the thread `ship`. Relaxed: it is looked at for having changed.
    turns: AtomicU64,
}

#[derive(Debug, Default)]
struct Slot {
    question: Option<Question>,
    alive: bool,
    stop: bool,
    /// Nobody takes anything from here any more.
    is_left: bool,
    /// Something was put here since it was looked at.
    is_new: bool,
}

/// A question of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) id: RequestId,
    /// When it was put here.
    pub(super) at: Time,
    /// What is to be swapped, if it is no read.
    pub(super) swap: Option<(Revision, Record)>,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) question: Option<Question>,
    pub(super) alive: bool,
    pub(super) stop: bool,
}

/// The side of the thread `ship`.
impl Desk {
    /// To be asked as soon as possible. One that was put here before and not taken up yet is never asked: who
    /// asks anew has given it up.
    pub(crate) fn asks(&self, id: RequestId, swap: Option<(Revision, Record)>) {
        let question = Question { id, at: clocks::boot(), swap };
        self.puts(|slot| slot.question = Some(question));
    }

    /// This node is to be known as alive from now on, or not any more.
    pub(crate) fn lives(&self, alive: bool) {
        self.puts(|slot| slot.alive = alive);
    }

    /// The thread `ship` turns: who does not is not known as alive, whatever it said last.
    pub(crate) fn turns(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    /// The thread is to end, and to give back the lease that it may have.
    pub(crate) fn stops(&self) {
        self.puts(|slot| slot.stop = true);
    }

    /// Waits until the lease, if there was one, was given back by a thread that is to end or whose node is not
    /// to be known as alive any more; no longer than that, as it ends by itself too.
    pub(crate) fn parts(&self, within: Duration) {
        let holds = |slot: &mut Slot| !slot.is_left && lock(&self.shown).lease.kept_ns.is_some();
        drop(self.left.wait_timeout_while(lock(&self.slot), within, holds));
    }

    /// What there is to show.
    pub(crate) fn shown(&self) -> WitnessShown {
        lock(&self.shown).clone()
    }

    fn puts(&self, change: impl FnOnce(&mut Slot)) {
        let mut slot = lock(&self.slot);
        change(&mut slot);
        slot.is_new = true;
        drop(slot);
        self.put.notify_one();
    }
}

/// The side of the thread `witness`.
impl Desk {
    /// Waits until something is put here, or for so long, and takes the question away.
    pub(super) fn takes(&self, within: Duration) -> Found {
        let slot = lock(&self.slot);
        let waited = self.put.wait_timeout_while(slot, within, |slot| !slot.is_new);
        let (mut slot, _) = waited.unwrap_or_else(PoisonError::into_inner);
        slot.is_new = false;
        Found { question: slot.question.take(), alive: slot.alive, stop: slot.stop }
    }

    /// How often the thread `ship` has turned.
    pub(super) fn turned(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    pub(super) fn shows(&self, change: impl FnOnce(&mut WitnessShown)) {
        change(&mut lock(&self.shown));
    }

    /// How the lease is. Who waits for its end is woken.
    pub(super) fn shows_lease(&self, lease: LeaseShown) {
        self.shows(|shown| shown.lease = lease);
        // Who has looked before this, and waits not yet, holds the lock of the slot.
        drop(lock(&self.slot));
        self.left.notify_all();
    }

    /// It takes nothing any more, and has given back what it had.
    pub(super) fn is_left(&self) {
        lock(&self.slot).is_left = true;
        self.left.notify_all();
    }
}

/// What is guarded is whole at any time: one who panicked with it leaves it as it is.
fn lock<T>(guarded: &Mutex<T>) -> MutexGuard<'_, T> {
    guarded.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_was_given_up_is_not_asked_any_more_and_each_is_taken_once() {
        let desk = Desk::default();
        desk.asks(RequestId(1), None);
        desk.asks(RequestId(2), None);
        desk.lives(true);
        let found = desk.takes(Duration::ZERO);
        assert_eq!(found.question.map(|question| question.id), Some(RequestId(2)));
        let again = Found { question: None, alive: true, stop: false };
        assert_eq!(desk.takes(Duration::ZERO), again);
        desk.stops();
        assert!(desk.takes(Duration::from_mins(1)).stop, "it does not wait");
    }
}
