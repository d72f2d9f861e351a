//! The flag of a thread that is about to sleep. Must not know how it sleeps or is woken.

use crossbeam::utils::CachePadded;

use crate::model::{AtomicBool, Ordering, fence};

/// One per sleeping thread, shared with all who hand it something.
///
/// The owner says that it will sleep and then looks again for work; the others hand over work and
/// then look whether it sleeps. Each side writes before it reads, with a full fence between, so at
/// least one of them sees the other: the owner finds the work, or it is woken.
///
/// ```text
///   owner                                   another thread
///   asleep = true                           publish the work
///   fence                                   fence
///   any work? then stay awake               asleep? then wake it
/// ```
#[derive(Debug, Default)]
pub struct Sleeper {
    /// Stored by `may_sleep` and `woke` (owner) and cleared by `should_wake` (others), all relaxed:
    /// its partners are the two fences, between them and the marks of the lanes.
    asleep: CachePadded<AtomicBool>,
}

impl Sleeper {
    /// Of a thread that is awake.
    pub fn new() -> Self {
        Self { asleep: CachePadded::new(AtomicBool::new(false)) }
    }

    /// Owner: announces the sleep, then asks whether work has come after all, which must look at
    /// the shared marks and not at copies of them. If `true`, block, and call [`Sleeper::woke`]
    /// afterwards; if `false`, work waits.
    pub fn may_sleep(&self, work_waits: impl FnOnce() -> bool) -> bool {
        // A swap, so that it comes after any waker's swap which it has seen: with a store the model
        // checker can not tell, and lets a waker read back its own older `false`.
        self.asleep.swap(true, Ordering::Relaxed);
        // Partner: the fence of `should_wake`.
        fence(Ordering::SeqCst);
        if work_waits() {
            self.woke();
            return false;
        }
        true
    }

    /// Owner: awake again, for whatever reason, and about to look at all its work.
    pub fn woke(&self) {
        self.asleep.store(false, Ordering::Relaxed);
    }

    /// Others: whether the owner sleeps or is about to, for who would rather wait than hurry it. No
    /// more than a hint: nothing is ordered by it.
    pub fn is_asleep(&self) -> bool {
        self.asleep.load(Ordering::Relaxed)
    }

    /// Others, once per turn, after the last publish: whether the caller must wake the owner now.
    /// Of several callers one is told to.
    pub fn should_wake(&self) -> bool {
        // Partner: the fence of `may_sleep`.
        fence(Ordering::SeqCst);
        self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed)
    }
}
