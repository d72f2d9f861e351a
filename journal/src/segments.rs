//! Segments before and after they are written to: spares prepared ahead, sealed ones that wait for
//! their archive, archived ones that become spares again. Must not know what is in a batch.
//!
//! ```text
//!  .spare.unfinished --zeros, synced--> .spare --header, renamed--> .segment (active)
//!         ^                                                             | full
//!         |                                                             v
//!         +-------- renamed ---------- archived <---- packed ------- sealed
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::format::SegmentNumber;
use crate::mutants::{Mutant, breaks};

mod keeper;

pub use keeper::{Keeper, Next};

/// What the journal thread, the keeper and the archiver share. A lock is held for moments only,
/// never while the disk is at work.
#[derive(Debug)]
pub struct Spares {
    segment_bytes: u64,
    state: Mutex<State>,
    /// A spare was added, or the writer must not wait any longer.
    added: Condvar,
    /// A spare was taken, a segment sealed or archived.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ready: VecDeque<String>,
    old: BTreeMap<SegmentNumber, Archived>,
    disk_full: bool,
    changes: u64,
    seen: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Archived {
    NotYet,
    Done,
}

impl Spares {
    /// None yet; all will have this length.
    pub fn new(segment_bytes: u64) -> Self {
        Self {
            segment_bytes,
            state: Mutex::default(),
            added: Condvar::new(),
            changed: Condvar::new(),
        }
    }

    /// Bytes of each segment.
    pub fn segment_bytes(&self) -> u64 {
        self.segment_bytes
    }

    /// Spares that are ready. With fewer than two, new requests are to be refused.
    pub fn count(&self) -> usize {
        self.state().ready.len()
    }

    /// Whether the last spare could not be made for want of space.
    pub fn disk_is_full(&self) -> bool {
        self.state().disk_full
    }

    /// Segments that are sealed and not archived yet, oldest first.
    pub fn sealed(&self) -> Vec<SegmentNumber> {
        let state = self.state();
        let waiting = state.old.iter().filter(|(_, archived)| **archived == Archived::NotYet);
        waiting.map(|(number, _)| *number).collect()
    }

    /// The archive of a sealed segment is durable, or nobody will want its batches again: the
    /// keeper may use the file again. Whoever reads it then finds zeros, so readers look for the
    /// archive when a segment's bytes are not what its header promised.
    pub fn archived(&self, number: SegmentNumber) {
        let mut state = self.state();
        if let Some(archived) = state.old.get_mut(&number) {
            *archived = Archived::Done;
            self.change(&mut state);
        }
    }

    /// Journal thread: waits for a spare, at most so long. Whether there is one.
    pub fn wait(&self, most: Duration) -> bool {
        let wait = self.added.wait_timeout_while(self.state(), most, |it| it.ready.is_empty());
        !wait.unwrap_or_else(PoisonError::into_inner).0.ready.is_empty()
    }

    /// Keeper: waits for something to do, at most so long. [`Spares::wake_keeper`] ends it too.
    pub fn wait_for_work(&self, most: Duration) {
        let idle = |state: &mut State| state.changes == state.seen;
        let wait = self.changed.wait_timeout_while(self.state(), most, idle);
        let mut state = wait.unwrap_or_else(PoisonError::into_inner).0;
        state.seen = state.changes;
    }

    /// Ends the keeper's wait: there is something to do, or it is to stop.
    pub fn wake_keeper(&self) {
        self.change(&mut self.state());
    }

    /// Writer: takes a spare.
    pub(crate) fn take(&self) -> Option<String> {
        let mut state = self.state();
        let taken = state.ready.pop_front();
        self.change(&mut state);
        taken
    }

    /// Writer: all batches of this segment are durable, and it gets no more.
    pub(crate) fn seal(&self, number: SegmentNumber) {
        let mut state = self.state();
        state.old.insert(number, Archived::NotYet);
        self.change(&mut state);
    }

    /// Follower: a segment that was taken for an old one is written to, or is gone.
    pub(crate) fn forget(&self, number: SegmentNumber) {
        self.state().old.remove(&number);
    }

    fn add(&self, name: String) {
        let mut state = self.state();
        state.ready.push_back(name);
        state.disk_full = false;
        self.added.notify_all();
    }

    /// The oldest segment, which the caller makes a spare or removes, if it is archived. One behind it
    /// has to wait: what was missing between two segments would be called damage by the next start.
    fn take_archived(&self) -> Option<SegmentNumber> {
        let mut state = self.state();
        if breaks(Mutant::ReusesOutOfOrder) {
            let mut old = state.old.extract_if(.., |_, archived| *archived == Archived::Done);
            return old.next().map(|(number, _)| number);
        }
        let oldest = state.old.first_entry()?;
        (*oldest.get() == Archived::Done).then(|| oldest.remove_entry().0)
    }

    fn found(&self, number: SegmentNumber, archived: Archived) {
        self.state().old.insert(number, archived);
    }

    fn set_disk_full(&self, full: bool) {
        self.state().disk_full = full;
    }

    fn change(&self, state: &mut State) {
        state.changes += 1;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of the state is one step, so a thread that ended badly has left it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
