//! The fold's thread: passes once over each sealed segment, takes its records into a state of its own
//! and packs it on the way; writes a checkpoint of the state now and then, and lets go of archives that
//! are old enough. Must not know what a record says.
//!
//! It shares the processor and the disk with those whom somebody waits for, so it works in small steps
//! and lets time pass between them ([`super::pace`]).
//!
//! When it stalls, segments are not packed and so not used again: the disk fills up, and a start takes
//! longer. What it can not write it says, and tries again later; the log itself is not concerned. What
//! it can not read again of the log is damage, and ends the process with 74; one of two nodes has it again
//! from the other instead ([`super::scrubbing`]), and what is behind it waits for that, even where both have
//! lost it: a state that lacks records is none, so nothing behind them gets into a checkpoint; and what is not
//! in one and is packed frees no room, as no segment behind one that is kept may go.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use journal::archive::{self, NotPacked, Pass};
use journal::checkpoint::{self, About};
use journal::disk::SystemDisk;
use journal::format::{Cluster, Epoch, Position, SegmentNumber};
use journal::index::Marks;
use journal::names::Name;
use journal::reader::{Problem, Reader};
use journal::recovery::Place;
use journal::scan::Found;
use journal::seal::Keys;
use journal::segments::Spares;
use switch_core::replay::State;
use switch_core::time::Time;

use super::failure::Failure;
use super::figures::{Figures, Folding};
use super::indexing::Indexing;
use super::pace::Pace;
use super::scrubbing::Scrubbing;
use super::{lower_priority, replaying};
use crate::clocks;
use crate::notes::{Note, Notes};
use crate::peer::Hold;

/// How often the thread looks whether a segment was sealed.
const LOOK: Duration = Duration::from_secs(1);
/// A checkpoint is made when so many times its bytes were folded into it: a start reads as much again,
/// at a gigabyte a second and more, and a busy switch writes a sixteenth more for it.
const WORTH: u64 = 16;
/// Segments that make the first checkpoint worth its while, when none is there to compare with.
const WORTH_FIRST: u64 = 2;
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
    /// The position of the last checkpoint.
    pub(super) checkpoint: Position,
    pub(super) retain: Duration,
    pub(super) indexing: Indexing,
    pub(super) scrub: Box<Scrubbing>,
    pub(super) spares: Arc<Spares>,
    /// What a standby that is behind still has to be sent.
    pub(super) hold: Arc<Hold>,
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
    /// The same of a segment that perhaps the other node has.
    Rotten(SegmentNumber, Found, Failure),
    /// It is to come from there: nothing behind it is packed before.
    Waits,
    /// Something else; it may work the next time.
    ForNow(String),
}

impl Fold {
    /// Runs until it is told to stop, or finds damage.
    pub(super) fn run(mut self) -> Result<(), Failure> {
        lower_priority();
        let worth = WORTH_FIRST * self.spares.segment_bytes();
        let mut due = Due { bytes: 0, worth, since: clocks::boot() };
        // What an earlier start left sealed was just read again: that is worth a checkpoint.
        if !self.spares.sealed().is_empty() {
            due.worth = 0;
        }
        let mut pace = Pace::new(Arc::clone(&self.spares), Arc::clone(&self.stop));
        let mut said = String::new();
        if let Err(problem) = self.indexing.begin() {
            self.notes.tell(Note::NotFolded { problem: problem.as_str().into() });
        }
        while !self.stop.load(Ordering::Acquire) {
            let looked = match self.look(&mut due, &mut pace) {
                Err(Trouble::Rotten(segment, found, failure)) => {
                    let waits = self.scrub.has_come_by(segment, found);
                    Err(if waits { Trouble::Waits } else { Trouble::Damage(failure) })
                }
                looked => looked,
            };
            let is_held = matches!(looked, Err(Trouble::Waits));
            let held_back = if is_held { self.spares.sealed().len() } else { 0 };
            self.scrub.shown.holds_back(held_back);
            match looked.and_then(|()| self.index_what_has_none(&mut pace)) {
                Ok(()) | Err(Trouble::Waits) => said.clear(),
                Err(Trouble::Damage(failure) | Trouble::Rotten(_, _, failure)) => {
                    return Err(failure);
                }
                // Once, not with every look.
                Err(Trouble::ForNow(problem)) if problem == said => {}
                Err(Trouble::ForNow(problem)) => {
                    self.notes.tell(Note::NotFolded { problem: problem.as_str().into() });
                    said = problem;
                }
            }
            self.scrub.turn(&mut pace);
            // Who waits in between may have been woken there by who wants it to stop.
            if !self.stop.load(Ordering::Acquire) {
                thread::park_timeout(LOOK);
            }
        }
        Ok(())
    }

    /// Folds, packs and keeps what was sealed since the last look.
    fn look(&mut self, due: &mut Due, pace: &mut Pace) -> Result<(), Trouble> {
        let sealed = self.spares.sealed();
        let Some(&last) = sealed.last() else { return Ok(()) };
        let mut trouble = Ok(());
        for segment in sealed {
            if self.scrub.holds(segment) {
                return Err(Trouble::Waits);
            }
            let passed = self.pass(segment, due, pace);
            // Where there is no room for an archive there may be some for a checkpoint, or the other
            // way round, and then more.
            let kept = self.keep_if_due(due, pace);
            if self.stop.load(Ordering::Acquire) {
                return Ok(());
            }
            match passed {
                Err(Trouble::ForNow(problem)) => {
                    if self.scrub.holds_lost_headers() {
                        return Err(Trouble::Waits);
                    }
                    self.fold_up_to(last, due)?;
                    self.keep_if_due(due, pace)?;
                    trouble = Err(Trouble::ForNow(problem));
                    break;
                }
                passed => passed?,
            }
            kept?;
        }
        self.retire()?;
        trouble
    }

    fn keep_if_due(&mut self, due: &mut Due, pace: &mut Pace) -> Result<(), Trouble> {
        let late = clocks::boot().since(due.since) >= CHECKPOINT_AFTER;
        if self.position() > self.checkpoint && (due.bytes >= due.worth || late) {
            let bytes = self.keep(pace)?;
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

    /// Passes over a sealed segment: takes in the records that are not in the state yet, packs all of
    /// it, and says that it may be used again.
    fn pass(
        &mut self,
        segment: SegmentNumber,
        due: &mut Due,
        pace: &mut Pace,
    ) -> Result<(), Trouble> {
        let path = self.path().to_owned();
        let not = |not| not_packed(&path, segment, not);
        let before = self.position();
        let keys = Arc::clone(&self.keys);
        let begun = Pass::begin(&self.disk, &keys, segment, Position(0), clocks::utc_ns());
        let mut pass = begun.map_err(not)?;
        let mut marks = Marks::from(pass.first());
        self.indexing.learn();
        while let Some(batch) = pass.next_batch(&mut |bytes| pace.wrote(bytes)).map_err(not)? {
            // Each record of the log comes by here once, when its segment is sealed.
            let records = batch.records().expect("there are keys");
            // What a start has read again is in the state already.
            let new = records.clone().filter(|(position, _)| *position > before);
            replaying::apply(&mut self.state, new, &path).map_err(Trouble::Damage)?;
            // A standby that began empty learns from the log whose it is, and its key.
            self.cluster = batch.header.cluster;
            self.indexing.keyed(self.state.hash_key());
            for (position, record) in records {
                self.indexing.mark(&mut marks, position, record);
            }
            if !pace.passed(batch.header.size()) {
                // It is begun anew by the next start.
                return Ok(());
            }
        }
        let packed = pass.finish(&mut |bytes| pace.wrote(bytes)).map_err(not)?;
        if self.position() > before {
            due.bytes = due.bytes.saturating_add(self.spares.segment_bytes());
        }
        self.spares.archived(segment);
        // The segment can be used again, whatever becomes of this.
        self.indexing.write(&packed, marks, pace).map_err(Trouble::ForNow)
    }

    /// Makes indexes that are missing, as long as there is nothing to pack.
    fn index_what_has_none(&mut self, pace: &mut Pace) -> Result<(), Trouble> {
        let packs = |fold: &Self| {
            let sealed = fold.spares.sealed();
            sealed.first().is_some_and(|segment| !fold.scrub.holds(*segment))
        };
        while !packs(self) && !self.stop.load(Ordering::Acquire) {
            if !self.indexing.make_one(pace).map_err(Trouble::ForNow)? {
                break;
            }
        }
        Ok(())
    }

    /// Takes in all records up to the end of a sealed segment, where nothing can be packed.
    fn fold_up_to(&mut self, last: SegmentNumber, due: &mut Due) -> Result<(), Trouble> {
        let path = self.path().to_owned();
        let problem = |problem| trouble(&path, &problem);
        let from = Position(self.position().0 + 1);
        let mut reader = Reader::open(&self.disk, Some(&self.keys), from).map_err(problem)?;
        while let Some(batch) = reader.next_batch().map_err(problem)? {
            if batch.header.segment > last {
                break;
            }
            self.cluster = batch.header.cluster;
            let records = batch.records().expect("there are keys");
            replaying::apply(&mut self.state, records, &path).map_err(Trouble::Damage)?;
            due.bytes += u64::try_from(batch.header.size()).unwrap_or(u64::MAX);
        }
        Ok(())
    }

    /// Writes a checkpoint; gives its bytes.
    fn keep(&mut self, pace: &mut Pace) -> Result<u64, Trouble> {
        let mut state = Vec::new();
        self.state.write(&mut state);
        let position = self.position();
        let (cluster, epoch, created_ns) = (self.cluster, self.epoch, clocks::utc_ns());
        let about = About { cluster, epoch, position, created_ns };
        let mut pause = |bytes| pace.wrote(bytes);
        checkpoint::write_steadily(&self.disk, &self.keys, &about, &state, &mut pause)
            .map_err(|failed| Trouble::ForNow(format!("no checkpoint was made: {failed}")))?;
        self.checkpoint = position;
        self.figures.show_folding(Folding { checkpoint: position });
        Ok(u64::try_from(state.len()).unwrap_or(u64::MAX))
    }

    /// Lets go of archives that are older than they have to be, and that neither a checkpoint needs nor a
    /// standby that is being sent what it lacks.
    fn retire(&self) -> Result<(), Trouble> {
        let failed = |failed| Trouble::ForNow(format!("no old archive was removed: {failed}"));
        let checkpoints = checkpoint::positions(&self.disk).map_err(failed)?;
        let [older, .., _newest] = checkpoints[..] else { return Ok(()) };
        let retain_ns = u64::try_from(self.retain.as_nanos()).unwrap_or(u64::MAX);
        let kept = self.hold.keeps(older, clocks::boot());
        archive::retire(&self.disk, clocks::utc_ns(), retain_ns, kept).map_err(failed)?;
        Ok(())
    }
}

/// What it means that a sealed segment was not packed: only what it says itself is damage.
fn not_packed(path: &Path, segment: SegmentNumber, not: NotPacked) -> Trouble {
    match not {
        NotPacked::Damaged(name @ Name::Segment(segment), found) => {
            let failure = Failure::damaged(path, &format!("{name}: {found}"));
            Trouble::Rotten(segment, found, failure)
        }
        why @ (NotPacked::Damaged(..)
        | NotPacked::NotSealed
        | NotPacked::UnknownKey(_)
        | NotPacked::AlteredKey
        | NotPacked::Disk(_)) => {
            Trouble::ForNow(format!("{} was not packed: {why}", Name::Segment(segment)))
        }
    }
}

/// What a problem of the reader means while the log is written: only a disk that does not answer may
/// do so the next time.
fn trouble(path: &Path, problem: &Problem) -> Trouble {
    match problem {
        Problem::Disk(failed) => Trouble::ForNow(format!("the log was not read again: {failed}")),
        Problem::Damaged(Place { file: Name::Segment(segment), .. }, found) => {
            Trouble::Rotten(*segment, *found, Failure::problem(path, problem))
        }
        Problem::Gone { .. }
        | Problem::Damaged(..)
        | Problem::UnknownKey { .. }
        | Problem::AlteredKey(_) => Trouble::Damage(Failure::problem(path, problem)),
    }
}
