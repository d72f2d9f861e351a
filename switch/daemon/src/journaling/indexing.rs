//! Indexes of archives: one is written when a segment was packed, and one that is missing or not as it
//! was written is made again, a segment at a time. Must not know what a record says.
//!
//! It is done by the fold's thread, when that has nothing to pack. When it stalls, what has no index is
//! read from front to back by whoever looks for something; no transaction waits for it but a reversal or
//! an advice about something that is old.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journal::archive::Packed;
use journal::disk::SystemDisk;
use journal::format::{Position, SegmentNumber};
use journal::index::{self, Marks};
use journal::seal::Keys;

use super::pace::Pace;
use crate::clocks;
use crate::marking::Marker;

/// Archives whose index is to be made. Shared with who finds that one is not as it was written. A lock
/// is held for moments only.
#[derive(Debug, Default)]
pub struct Wanted(Mutex<BTreeSet<SegmentNumber>>);

impl Wanted {
    /// The index of this archive is to be made.
    pub fn add(&self, segment: SegmentNumber) {
        self.all().insert(segment);
    }

    /// The newest; it stays wanted until it is [`Wanted::made`].
    pub(crate) fn newest(&self) -> Option<SegmentNumber> {
        self.all().last().copied()
    }

    fn made(&self, segment: SegmentNumber) {
        self.all().remove(&segment);
    }

    fn all(&self) -> MutexGuard<'_, BTreeSet<SegmentNumber>> {
        // Each change is one step, so a thread that ended badly has left it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What writes indexes.
pub(super) struct Indexing {
    pub(super) disk: SystemDisk,
    pub(super) keys: Arc<Keys>,
    pub(super) marker: Marker,
    pub(super) wanted: Arc<Wanted>,
}

impl Indexing {
    /// What an earlier start left without an index is wanted. Gives what went wrong.
    pub(super) fn begin(&self) -> Result<(), String> {
        let missing = index::missing(&self.disk);
        let missing = missing.map_err(|failed| format!("no index was looked for: {failed}"))?;
        self.wanted.all().extend(missing);
        Ok(())
    }

    /// Takes in the marks of a record.
    pub(super) fn mark(&mut self, marks: &mut Marks, position: Position, record: &[u8]) {
        self.marker.mark(record, &mut |mark| marks.add(mark, position));
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

    /// Makes the newest index that is wanted. False: there is none.
    pub(super) fn make_one(&mut self, pace: &mut Pace) -> Result<bool, String> {
        let Some(segment) = self.wanted.newest() else { return Ok(false) };
        let Self { disk, keys, marker, .. } = self;
        let mut marks_of = |_: Position, record: &[u8], each: &mut dyn FnMut(index::Mark)| {
            marker.mark(record, each);
        };
        let mut pause = |bytes| pace.wrote(bytes);
        let made = index::make(disk, keys, segment, clocks::utc_ns(), &mut marks_of, &mut pause);
        match made {
            Err(problem @ (index::Problem::Disk(_) | index::Problem::Unusable(_))) => {
                Err(format!("no index was made: {problem}"))
            }
            Err(problem) => {
                // It would be the same the next time.
                self.wanted.made(segment);
                Err(format!("no index was made: {problem}"))
            }
            Ok(_) => {
                self.wanted.made(segment);
                Ok(true)
            }
        }
    }
}
