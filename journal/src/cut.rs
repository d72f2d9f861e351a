//! Cuts a log behind a mark, and keeps what is cut: for a node that comes back and finds that its peer's log
//! goes on otherwise. Must not know whether that is right; whoever asks for it has compared both logs.
//!
//! What holds after a crash at any instant:
//!
//! 1. Before anything is done the caller has made the mark durable in its control file (`cut`), and every
//!    start that finds it there calls [`finish`] before it reads the log. So a cut that was begun is ended,
//!    and a log that is half cut is never read.
//! 2. All batches that go are copied first, into a directory of their own that is a journal: durable, and
//!    each segment under its name only when it is whole. Only then anything is taken away.
//! 3. What is taken away goes from the end: later files first, each durably before the next one, and the
//!    rest of the segment in which the log ends last. So what is done again finds the mark, and where what
//!    goes begins; of what it copied then it leaves what is there as it is.
//! 4. No checkpoint, archive or index stays that has anything from behind the mark.

mod tail;

use std::sync::Arc;

use crate::archive;
use crate::base;
use crate::checkpoint;
use crate::disk::{Disk, Failed};
use crate::erase;
use crate::format::{BLOCK, Cluster, Position, SegmentNumber};
use crate::index;
use crate::mark::Mark;
use crate::mutants::{Mutant, breaks};
use crate::names::Name;
use crate::raw;
use crate::recovery::{self, Recovered, Refusal};
use crate::scan::{self, Step};
use crate::seal::{Keys, NotOpened};
use crate::survey::{self, Stretch};
use crate::walk::{NoWalk, Walk};

pub use self::tail::{DIVERGED, Tail, open, tails};

/// Why a log is not cut. Nothing of it is lost.
#[derive(Debug)]
pub enum Problem {
    /// The batch that is to stay is not in the log, or is another one.
    NotInTheLog(Mark),
    /// Nothing would be left that the state can be made from: all checkpoints are later, and what came before
    /// them is gone. All of the log is to be cut then, and a snapshot taken.
    NoState,
    /// None of our keys opens an archive, or its wrapped key was altered: its batches can not be made again.
    Key(Name, NotOpened),
    /// The disk did not do what it was asked.
    Disk(Failed),
}

/// A log that was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// What was cut off, if there was anything whole.
    pub tail: Option<Tail>,
}

/// Where a log is cut.
struct Place {
    /// The part that has the last batch that stays, and where it ends there; none: nothing stays.
    last: Option<(Stretch, u64)>,
    /// The parts that have anything behind it, in order.
    behind: Vec<Stretch>,
    /// Whose journal it is, if there is any.
    cluster: Option<Cluster>,
}

/// Looks whether a log can be cut behind this mark. Changes nothing.
///
/// # Errors
/// Why it can not.
pub fn begin<D: Disk>(disk: &D, keep: &Mark) -> Result<(), Problem> {
    place(disk, keep)?;
    let has_state = |position: &Position| *position <= keep.position;
    let from_the_first = *keep == Mark::ZERO || raw::first_available(disk)? == Some(Mark::ZERO);
    if from_the_first || checkpoint::headers(disk)?.iter().any(|about| has_state(&about.position)) {
        Ok(())
    } else {
        Err(Problem::NoState)
    }
}

/// Cuts a log behind this mark, which the control file names; [`Mark::ZERO`]: nothing of it stays. Done
/// again, it goes on where it was.
///
/// # Errors
/// Why it is not cut, or not yet.
pub fn finish<D: Disk>(disk: &D, keys: &Arc<Keys>, keep: &Mark) -> Result<Cut, Problem> {
    recovery::make_durable(disk)?;
    let Place { last, behind, cluster } = place(disk, keep)?;
    let tail = if breaks(Mutant::CutsWithoutKeeping) {
        None
    } else {
        tail::keep(disk, keys, keep, cluster, &behind)?
    };
    let open = last.map(|(stretch, _)| stretch.header.segment);
    match cluster {
        Some(cluster) if open.is_none() && *keep != Mark::ZERO => {
            base::write(disk, &cluster, keep)?;
        }
        None if *keep != Mark::ZERO => {}
        _ => base::remove(disk)?,
    }
    let mut checkpoints = checkpoint::positions(disk)?;
    checkpoints.retain(|&position| *keep == Mark::ZERO || position > keep.position);
    erase::remove(disk, checkpoints.into_iter().rev().map(Name::Checkpoint))?;
    let goes = |number: &SegmentNumber| open.is_none_or(|open| *number > open);
    let segments = survey::segments(disk)?.into_iter().map(|segment| segment.number);
    erase::remove(disk, segments.filter(goes).rev().map(Name::Segment))?;
    for number in archive::numbers(disk)?.into_iter().filter(goes).rev() {
        remove_archive(disk, number)?;
    }
    if let Some((stretch, _)) = &last {
        if stretch.archive.is_some() {
            tail::make_again(disk, keys, keep, stretch)?;
        }
        remove_archive(disk, stretch.header.segment)?;
    }
    if let Some((Stretch { header, .. }, end)) = last {
        erase::zero_behind(disk, Name::Segment(header.segment), end)?;
    }
    Ok(Cut { tail })
}

/// Makes sure that the segment with the last batch of a log is a segment, and has no archive: a log goes on
/// there that was cut or archived further back than its primary's. Says whether anything was changed.
///
/// A crash in between leaves a segment beside its archive, and the segment counts.
pub(crate) fn open_the_end<D: Disk>(
    disk: &D,
    keys: &Keys,
    recovered: &Recovered,
) -> Result<bool, Refusal> {
    let mut written = recovered.segments.iter().filter(|extent| extent.batches > 0);
    if let Some(extent) = written.next_back() {
        let number = extent.header.segment;
        if archive::numbers(disk)?.contains(&number) {
            remove_archive(disk, number)?;
        }
        return Ok(false);
    }
    if recovered.end.batch.0 == 0 {
        return Ok(false);
    }
    let stretches = survey::stretches_of(disk, recovered.end.batch)?;
    let Some(last) = stretches.iter().rfind(|stretch| stretch.has(recovered.end.batch)) else {
        return Ok(false);
    };
    match tail::make_again(disk, keys, &recovered.end, last) {
        Ok(()) => {}
        Err(Problem::Disk(failed)) => return Err(Refusal::Disk(failed)),
        Err(Problem::Key(_, NotOpened::UnknownKey(check))) => {
            return Err(Refusal::UnknownKey { segment: last.header.segment, check });
        }
        Err(_) => return Err(Refusal::AlteredKey(last.header.segment)),
    }
    remove_archive(disk, last.header.segment)?;
    Ok(true)
}

fn remove_archive<D: Disk>(disk: &D, number: SegmentNumber) -> Result<(), Failed> {
    index::discard(disk, number)?;
    erase::remove(disk, [Name::Archive(number)])
}

fn place<D: Disk>(disk: &D, keep: &Mark) -> Result<Place, Problem> {
    let stretches = survey::stretches_of(disk, keep.batch)?;
    let cluster = stretches.first().map(|stretch| stretch.header.cluster);
    let Some(at) =
        stretches.iter().rposition(|stretch| keep.batch.0 > 0 && stretch.has(keep.batch))
    else {
        // The log begins behind it, or there is none.
        let begins = |stretch: &Stretch| scan::first_of(&stretch.header) == keep.next();
        let is_base = match stretches.first() {
            Some(first) => begins(first),
            None => base::read(disk)?.is_some_and(|(_, mark)| mark == *keep),
        };
        if *keep != Mark::ZERO && !is_base {
            return Err(Problem::NotInTheLog(*keep));
        }
        return Ok(Place { last: None, behind: stretches, cluster });
    };
    let stretch = stretches[at];
    let name = stretch.name();
    let mut walk = match Walk::open(disk, None, &stretch) {
        Ok(walk) => walk,
        Err(NoWalk::Key(_)) => unreachable!("no key was asked for"),
        Err(NoWalk::Disk(error)) => return Err(Failed::when("open", name)(error).into()),
    };
    // In a segment that is made of an archive, batches stand where they stood in the segment before.
    let mut end = BLOCK as u64;
    loop {
        let step = walk.step().map_err(Failed::when("read", name))?;
        let Step::Batch(header) = step else { return Err(Problem::NotInTheLog(*keep)) };
        end += header.size() as u64;
        if header.batch == keep.batch {
            if Mark::of(&header) != *keep {
                return Err(Problem::NotInTheLog(*keep));
            }
            let behind = stretches[at..].to_vec();
            return Ok(Place { last: Some((stretch, end)), behind, cluster });
        }
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        Self::Disk(failed)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotInTheLog(mark) => {
                write!(f, "batch {} of epoch {} is not in the log", mark.batch.0, mark.epoch.0)
            }
            Self::NoState => f.write_str(
                "no checkpoint is old enough, and what came before is gone: a snapshot is needed",
            ),
            Self::Key(name, NotOpened::UnknownKey(check)) => {
                let check = crate::seal::hex(check);
                write!(f, "no key opens {name}: it has check value {check}")
            }
            Self::Key(name, NotOpened::Altered) => {
                write!(f, "the wrapped key of {name} was altered")
            }
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;
