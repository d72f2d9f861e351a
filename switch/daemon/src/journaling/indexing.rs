//! Indexes of archives: one is written when a segment was packed, and one that is missing or not as it
//! was written is made again, a segment at a time. Must not know what a record says.
//!
//! It is done by the fold's thread, when that has nothing to pack. When it stalls, what has no index is
//! read from front to back by whoever looks for something; no transaction waits for it but a reversal or
//! an advice about something that is old.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use codec::Dialect;
use journal::archive::Packed;
use journal::disk::SystemDisk;
use journal::format::{Position, SegmentNumber};
use journal::index::{self, Marks, Shelf};
use journal::seal::Keys;
use switch_core::identity::HashKey;
use switch_core::time::Time;

use super::pace::Pace;
use crate::clocks;
use crate::marking::Marker;

/// After an index was not made, none is tried for so long: what was in the way may take that long too, and
/// to try means to read an archive.
const PAUSE: Duration = Duration::from_mins(1);
/// How often one was not made that will never be, before the next start.
const NEVER: u32 = u32::MAX;

/// Archives whose index is to be made, and how often it was not. Shared with who finds that one is not as
/// it was written. A lock is held for moments only.
#[derive(Debug, Default)]
pub struct Wanted(Mutex<BTreeMap<SegmentNumber, u32>>);

impl Wanted {
    /// The index of this archive is to be made.
    pub fn add(&self, segment: SegmentNumber) {
        self.all().entry(segment).or_insert(0);
    }

    /// The newest of those that were tried least; it stays wanted until it is [`Wanted::made`].
    pub(crate) fn next(&self) -> Option<SegmentNumber> {
        let all = self.all();
        let next = all.iter().min_by_key(|&(&segment, &tried)| (tried, Reverse(segment)));
        next.filter(|(_, tried)| **tried != NEVER).map(|(segment, _)| *segment)
    }

    fn made(&self, segment: SegmentNumber) {
        self.all().remove(&segment);
    }

    /// It was not made: all others come first. True: that was the first time.
    fn not_made(&self, segment: SegmentNumber, is_tried_again: bool) -> bool {
        let mut all = self.all();
        let tried = all.entry(segment).or_insert(0);
        let is_first = *tried == 0;
        *tried = if is_tried_again { tried.saturating_add(1).min(NEVER - 1) } else { NEVER };
        is_first
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<SegmentNumber, u32>> {
        // Each change is one step, so a thread that ended badly has left it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dialects of stations that came after the start, until who writes indexes has learned them. Handed over
/// before the first record of such a station is written. A lock is held for moments only.
#[derive(Debug, Default)]
pub struct Spoken(Mutex<Vec<Arc<Dialect>>>);

impl Spoken {
    /// Records may come with messages in these.
    pub fn add(&self, dialects: impl IntoIterator<Item = Arc<Dialect>>) {
        self.all().extend(dialects);
    }

    fn take(&self) -> Vec<Arc<Dialect>> {
        std::mem::take(&mut *self.all())
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<Dialect>>> {
        // A change is one step, as above.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What writes indexes.
pub(super) struct Indexing {
    pub(super) disk: SystemDisk,
    pub(super) keys: Arc<Keys>,
    /// Knows what stations speak; of all of the log, once that is needed.
    pub(super) marker: Marker,
    pub(super) knows_the_past: bool,
    pub(super) wanted: Arc<Wanted>,
    pub(super) spoken: Arc<Spoken>,
    /// No index is tried before.
    pub(super) pause_until: Time,
}

impl Indexing {
    /// What an earlier start left without an index is wanted. Gives what went wrong.
    pub(super) fn begin(&self) -> Result<(), String> {
        let missing = index::missing(&self.disk);
        let missing = missing.map_err(|failed| format!("no index was looked for: {failed}"))?;
        for segment in missing {
            self.wanted.add(segment);
        }
        Ok(())
    }

    /// Learns what stations speak that came since. To be called before the records of a segment that was
    /// sealed meanwhile are marked.
    pub(super) fn learn(&mut self) {
        self.marker.learn_dialects(self.spoken.take());
    }

    /// What the log says that its marks are made under.
    pub(super) fn keyed(&mut self, key: Option<HashKey>) {
        if let Some(key) = key {
            self.marker.keyed(key);
        }
    }

    /// Takes in the marks of a record.
    pub(super) fn mark(&mut self, marks: &mut Marks, position: Position, record: &[u8]) {
        self.marker.mark(position, record, &mut |mark| marks.add(mark, position));
    }

    /// Writes the index of a segment that was just packed. Where that fails it is wanted.
    pub(super) fn write(
        &self,
        packed: &Packed,
        marks: Marks,
        pace: &mut Pace,
    ) -> Result<(), String> {
        let Packed { archive, frames } = packed;
        let (now_ns, mut pause) = (clocks::utc_ns(), |bytes| pace.wrote(bytes));
        let written =
            index::write(&self.disk, &self.keys, archive, frames, marks, now_ns, &mut pause);
        written.map_err(|failed| {
            self.wanted.add(archive.segment.segment);
            format!("no index was written: {failed}")
        })
    }

    /// Makes an index that is wanted. False: there is none now. Gives what went wrong, once.
    pub(super) fn make_one(&mut self, pace: &mut Pace) -> Result<bool, String> {
        let now = clocks::boot();
        let Some(segment) = self.wanted.next().filter(|_| now >= self.pause_until) else {
            return Ok(false);
        };
        self.learn();
        if !self.knows_the_past {
            // Where it can not be read, the archive can not either.
            let mut shelf = Shelf::new(self.disk.clone());
            self.knows_the_past = self.marker.learn_past(&mut shelf, &self.keys).is_ok();
        }
        let Self { disk, keys, marker, .. } = self;
        let mut marks_of =
            |position: Position, record: &[u8], each: &mut dyn FnMut(index::Mark)| {
                marker.mark(position, record, each);
            };
        let mut pause = |bytes| pace.wrote(bytes);
        let made = index::make(disk, keys, segment, clocks::utc_ns(), &mut marks_of, &mut pause);
        let Err(problem) = made else {
            self.wanted.made(segment);
            return Ok(true);
        };
        self.pause_until = now + PAUSE;
        // What is not as it was written would be the same the next time.
        let is_tried_again = matches!(problem, index::Problem::Disk(_));
        if self.wanted.not_made(segment, is_tried_again) {
            return Err(format!("no index was made: {problem}"));
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_is_not_made_waits_for_all_others_and_one_that_never_will_be_is_let_be() {
        let wanted = Wanted::default();
        let [old, middle, new] = [1, 2, 3].map(SegmentNumber);
        for segment in [middle, old, new] {
            wanted.add(segment);
        }
        assert_eq!(wanted.next(), Some(new));
        assert!(wanted.not_made(new, true));
        assert_eq!(wanted.next(), Some(middle), "the others first");
        wanted.add(new);
        assert_eq!(wanted.next(), Some(middle), "whoever wants it again");
        assert!(wanted.not_made(middle, false));
        wanted.add(middle);
        wanted.made(old);
        assert_eq!(wanted.next(), Some(new), "in its turn");
        assert!(!wanted.not_made(new, true), "that is not said again");
        assert_eq!(wanted.next(), Some(new));
        wanted.made(new);
        assert_eq!(wanted.next(), None);
    }
}
