//! The fold's thread: reads sealed segments again into a state of its own, writes a checkpoint of it
//! now and then, packs the segments, and lets go of archives that are old enough. Must not know what
//! a record says.
//!
//! When it stalls, segments are not packed and so not used again: the disk fills up, and a start takes
//! longer. What it can not write it says, and tries again later; the log itself is not concerned. What
//! it can not read again of the log is damage, and ends the process with 74.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use journal::archive::{self, NotPacked};
use journal::checkpoint::{self, About};
use journal::disk::SystemDisk;
use journal::format::{Cluster, Epoch, Position, SegmentNumber};
use journal::names::Name;
use journal::reader::{Problem, Reader};
use journal::seal::Keys;
use journal::segments::Spares;
use switch_core::replay::State;
use switch_core::time::Time;

use super::failure::Failure;
use super::figures::{Figures, Folding};
use super::{lower_priority, replaying};
use crate::clocks;
use crate::notes::{Note, Notes};

/// How often the thread looks whether a segment was sealed.
const LOOK: Duration = Duration::from_secs(1);
/// A checkpoint is made when so many times its bytes were folded into it.
const WORTH: u64 = 2;
/// A checkpoint is made after so long, if anything was folded at all.
const CHECKPOINT_AFTER: Duration = Duration::from_secs(30);

/// What the thread works with.
pub(super) struct Fold {
    pub(super) disk: SystemDisk,
    pub(super) keys: Arc<Keys>,
    pub(super) cluster: Cluster,
    pub(super) epoch: Epoch,
    /// The state that follows from all records up to its position.
    pub(super) state: State,
    /// All of this segment and of those before it is in the state.
    pub(super) folded: SegmentNumber,
    /// The position of the last checkpoint.
    pub(super) checkpoint: Position,
    pub(super) retain: Duration,
    pub(super) spares: Arc<Spares>,
    pub(super) notes: Notes,
    pub(super) figures: Arc<Figures>,
    pub(super) stop: Arc<AtomicBool>,
}

/// When the next checkpoint is due.
struct Due {
    /// Bytes that were folded since the last one.
    bytes: u64,
    /// Bytes that make another one worth its while.
    worth: u64,
    since: Time,
}

/// Why there was no way on.
enum Trouble {
    /// What was acknowledged can not be read again.
    Damage(Failure),
    /// Something else; it may work the next time.
    ForNow(String),
}

impl Fold {
    /// Runs until it is told to stop, or finds damage.
    pub(super) fn run(mut self) -> Result<(), Failure> {
        lower_priority();
        // Whatever an earlier start left sealed is worth a checkpoint: it was just read again.
        let mut due = Due { bytes: u64::MAX, worth: 0, since: clocks::boot() };
        let mut said = String::new();
        while !self.stop.load(Ordering::Acquire) {
            match self.look(&mut due) {
                Ok(()) => said.clear(),
                Err(Trouble::Damage(failure)) => return Err(failure),
                // Once, not with every look.
                Err(Trouble::ForNow(problem)) if problem == said => {}
                Err(Trouble::ForNow(problem)) => {
                    self.notes.tell(Note::NotFolded { problem: problem.as_str().into() });
                    said = problem;
                }
            }
            thread::park_timeout(LOOK);
        }
        Ok(())
    }

    /// Folds, keeps and packs what was sealed since the last look.
    fn look(&mut self, due: &mut Due) -> Result<(), Trouble> {
        let sealed = self.spares.sealed();
        let Some(&last) = sealed.last() else { return Ok(()) };
        if last > self.folded {
            self.fold_up_to(last)?;
            let segments = last.0 - self.folded.0;
            due.bytes = due.bytes.saturating_add(segments * self.spares.segment_bytes());
            self.folded = last;
        }
        // Where there is no room for a checkpoint there may be some for an archive, and then more.
        let kept = self.keep_if_due(due);
        for segment in sealed {
            if self.stop.load(Ordering::Acquire) {
                return Ok(());
            }
            self.pack(segment)?;
        }
        self.retire()?;
        kept
    }

    fn keep_if_due(&mut self, due: &mut Due) -> Result<(), Trouble> {
        let late = clocks::boot().since(due.since) >= CHECKPOINT_AFTER;
        if self.position() > self.checkpoint && (due.bytes >= due.worth || late) {
            let bytes = self.keep()?;
            *due = Due { bytes: 0, worth: WORTH * bytes, since: clocks::boot() };
        }
        Ok(())
    }

    fn position(&self) -> Position {
        Position(self.state.position().0)
    }

    fn path(&self) -> &Path {
        self.disk.path()
    }

    /// Takes in all records up to the end of a sealed segment.
    fn fold_up_to(&mut self, last: SegmentNumber) -> Result<(), Trouble> {
        let path = self.path().to_owned();
        let problem = |problem| trouble(&path, &problem);
        let from = Position(self.position().0 + 1);
        let mut reader = Reader::open(&self.disk, Some(&self.keys), from).map_err(problem)?;
        while let Some(batch) = reader.next_batch().map_err(problem)? {
            if batch.header.segment > last {
                break;
            }
            let records = batch.records().expect("there are keys");
            replaying::apply(&mut self.state, records, &path).map_err(Trouble::Damage)?;
        }
        Ok(())
    }

    /// Writes a checkpoint; gives its bytes.
    fn keep(&mut self) -> Result<u64, Trouble> {
        let mut state = Vec::new();
        self.state.write(&mut state);
        let position = self.position();
        let (cluster, epoch, created_ns) = (self.cluster, self.epoch, clocks::utc_ns());
        let about = About { cluster, epoch, position, created_ns };
        checkpoint::write(&self.disk, &self.keys, &about, &state)
            .map_err(|failed| Trouble::ForNow(format!("no checkpoint was made: {failed}")))?;
        self.checkpoint = position;
        self.figures.show_folding(Folding { checkpoint: position });
        Ok(u64::try_from(state.len()).unwrap_or(u64::MAX))
    }

    fn pack(&self, segment: SegmentNumber) -> Result<(), Trouble> {
        match archive::pack(&self.disk, &self.keys, segment, clocks::utc_ns()) {
            Ok(_) => {
                self.spares.archived(segment);
                Ok(())
            }
            Err(NotPacked::Damaged(name @ Name::Segment(_), found)) => {
                let failure = Failure::damaged(self.path(), &format!("{name}: {found}"));
                Err(Trouble::Damage(failure))
            }
            Err(why) => {
                Err(Trouble::ForNow(format!("{} was not packed: {why}", Name::Segment(segment))))
            }
        }
    }

    /// Lets go of archives that are older than they have to be, and that no checkpoint needs.
    fn retire(&self) -> Result<(), Trouble> {
        let failed = |failed| Trouble::ForNow(format!("no old archive was removed: {failed}"));
        let checkpoints = checkpoint::positions(&self.disk).map_err(failed)?;
        let [older, .., _newest] = checkpoints[..] else { return Ok(()) };
        let retain_ns = u64::try_from(self.retain.as_nanos()).unwrap_or(u64::MAX);
        archive::retire(&self.disk, clocks::utc_ns(), retain_ns, older).map_err(failed)?;
        Ok(())
    }
}

/// What a problem of the reader means while the log is written: only a disk that does not answer may
/// do so the next time.
fn trouble(path: &Path, problem: &Problem) -> Trouble {
    match problem {
        Problem::Disk(failed) => Trouble::ForNow(format!("the log was not read again: {failed}")),
        Problem::Gone { .. }
        | Problem::Damaged(..)
        | Problem::UnknownKey { .. }
        | Problem::AlteredKey(_) => Trouble::Damage(Failure::problem(path, problem)),
    }
}
