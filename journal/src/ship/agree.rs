//! Up to which batch two logs are one. Must not know how either is read, nor what is done about it.
//!
//! A reign has one writer, and every batch names the tag of the one before. So two logs that have the
//! same batch of the same reign are equal up to its end, and the last such batch is where they part.

use std::fmt;

use crate::format::{BatchNumber, Epoch};
use crate::roles::objection::Objection;
use crate::ship::message::{EpochStart, Mark};

/// A log as far as another node needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its epoch table, or the last part of it.
    pub epochs: Vec<EpochStart>,
    /// Its end.
    pub end: Mark,
}

/// Why one log can not become the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// They part at a place that neither table has, or whose batches are gone.
    NothingInCommon,
    /// They have a batch of the same reign and number, and it is not the same.
    OtherLog {
        /// The batch.
        batch: BatchNumber,
        /// Its reign.
        epoch: Epoch,
    },
    /// What was to be shipped next was let go meanwhile. Begin anew.
    Overtaken,
}

impl Parting {
    /// As it is told to the other node; none where beginning anew will do.
    pub fn objection(&self) -> Option<Objection> {
        match self {
            Self::NothingInCommon => Some(Objection::NothingInCommon),
            Self::OtherLog { .. } => Some(Objection::OtherLog),
            Self::Overtaken => None,
        }
    }
}

impl fmt::Display for Parting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingInCommon => {
                write!(f, "the logs have nothing in common that is still there")
            }
            Self::OtherLog { batch, epoch } => write!(
                f,
                "batch {} of reign {} is not the same in both logs: one of them is damaged or of \
                 another journal",
                batch.0, epoch.0
            ),
            Self::Overtaken => write!(f, "what was to be shipped next was let go"),
        }
    }
}

impl std::error::Error for Parting {}

/// What a reign wrote, as far as a log has it. Empty if `last` is before `first`.
#[derive(Clone, Copy, Debug)]
struct Reign {
    epoch: Epoch,
    first: BatchNumber,
    last: BatchNumber,
    /// Whether it began with `first`: of the oldest reign only a part may be left.
    is_whole: bool,
}

/// The last batch that both logs have; 0 if the other one has to be shipped from the very beginning.
///
/// # Errors
/// When it can not be told, or the tables contradict each other.
pub fn agreed(ours: &Outline, theirs: &Outline) -> Result<BatchNumber, Parting> {
    if theirs.end.batch.0 == 0 {
        return Ok(BatchNumber(0));
    }
    let reigns = ours.reigns();
    for their in theirs.reigns().iter().rev() {
        let Some(our) = reigns.iter().find(|our| our.epoch == their.epoch) else { continue };
        if our.is_whole && their.is_whole && our.first != their.first {
            let (batch, epoch) = (our.first.max(their.first), our.epoch);
            return Err(Parting::OtherLog { batch, epoch });
        }
        let last = our.last.min(their.last);
        if last >= our.first.max(their.first) {
            return Ok(last);
        }
    }
    // It ends where our log begins, behind a checkpoint: the tags will tell whether it is the same.
    if reigns.first().is_some_and(|first| theirs.end.batch.0.checked_add(1) == Some(first.first.0))
    {
        return Ok(theirs.end.batch);
    }
    // It ends before all that we know of, or both go back to the first batch and part right there.
    let is_older = reigns.first().is_some_and(|first| theirs.end.batch < first.first);
    let is_complete = ours.is_complete() && theirs.is_complete();
    if is_older || is_complete { Ok(BatchNumber(0)) } else { Err(Parting::NothingInCommon) }
}

impl Outline {
    /// Who wrote this batch of it; 0 for none.
    pub fn writer_of(&self, batch: BatchNumber) -> Epoch {
        let reigns = self.reigns();
        let wrote = reigns.iter().rev().find(|reign| (reign.first..=reign.last).contains(&batch));
        wrote.map_or(Epoch(0), |reign| reign.epoch)
    }

    fn is_complete(&self) -> bool {
        self.epochs.first().is_some_and(|first| first.first_batch.0 == 1)
    }

    fn reigns(&self) -> Vec<Reign> {
        let ends = self.epochs.iter().skip(1).map(|next| next.first_batch.0.saturating_sub(1));
        let ends = ends.chain([self.end.batch.0]);
        let mut reigns: Vec<_> = (self.epochs.iter().zip(ends).enumerate())
            .map(|(place, (start, last))| Reign {
                epoch: start.epoch,
                first: start.first_batch,
                last: BatchNumber(last),
                is_whole: place > 0 || start.first_batch.0 == 1,
            })
            .collect();
        // A log that begins behind a checkpoint has no header of the reign that wrote its end.
        let has_end = |reign: &Reign| (reign.first..=reign.last).contains(&self.end.batch);
        if self.end.batch.0 > 0 && !reigns.iter().any(has_end) {
            let (first, last) = (self.end.batch, self.end.batch);
            let end = Reign { epoch: self.end.epoch, first, last, is_whole: false };
            let place = reigns.partition_point(|reign| reign.epoch < end.epoch);
            reigns.insert(place, end);
        }
        reigns
    }
}

#[cfg(test)]
mod tests;
