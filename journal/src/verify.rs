//! Looks at everything in a journal's directory, without a key, and says what of it is as it was
//! written: good, with a torn tail, or damaged, and then where, and which records are lost. Changes
//! nothing, and may look while a writer writes.

use std::io::ErrorKind;

use crate::archive;
use crate::checkpoint::{self, Flaw};
use crate::disk::{Disk, Failed};
use crate::format::{Cluster, NoHeader, Position};
use crate::index;
use crate::names::Name;
use crate::recovery::{self, Refusal, Tail};
use crate::sweep::{self, Lost, Seen};

/// What a look found.
#[derive(Debug)]
pub struct Report {
    /// Whose journal; none if nothing was ever written.
    pub cluster: Option<Cluster>,
    /// What a start would make of it.
    pub start: Result<Tail, Refusal>,
    /// Segments that have something of the log.
    pub segments: u64,
    /// Archives.
    pub archives: u64,
    /// Batches that are whole.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// The first record that is there, and the last one; of an empty log 1 and 0.
    pub first: Position,
    /// See `first`.
    pub last: Position,
    /// Gaps in the log.
    pub lost: Vec<Lost>,
    /// Archives without a whole header, and checkpoints that are not as they were written.
    pub flawed: Vec<(Name, Flaw)>,
    /// Checkpoints that are whole.
    pub checkpoints: Vec<Position>,
    /// Indexes that are whole.
    pub indexes: u64,
    /// Indexes that are not. It is no damage: they are made again from their archives.
    pub unusable: Vec<(Name, index::Flaw)>,
}

/// What it comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All of it is as it was written.
    Good,
    /// The same, and a write that was under way is left out at the next start.
    TornTail,
    /// Something is not.
    Damaged,
}

impl Report {
    /// What it comes to.
    pub fn condition(&self) -> Condition {
        match &self.start {
            Ok(Tail::Torn(_)) if self.is_whole() => Condition::TornTail,
            Ok(Tail::Clean | Tail::Empty) if self.is_whole() => Condition::Good,
            _ => Condition::Damaged,
        }
    }

    fn is_whole(&self) -> bool {
        self.lost.is_empty() && self.flawed.is_empty()
    }
}

/// Looks at a journal.
///
/// # Errors
/// What the disk did not do.
pub fn verify<D: Disk>(disk: &D) -> Result<Report, Failed> {
    // A file may be archived, reused or removed under the eyes of one who looks: look again. What is
    // damaged stays so.
    for _ in 0..2 {
        match look(disk) {
            Err(failed) if failed.error.kind() == ErrorKind::NotFound => {}
            Ok(report) if report.condition() == Condition::Damaged => {}
            looked => return looked,
        }
    }
    look(disk)
}

fn look<D: Disk>(disk: &D) -> Result<Report, Failed> {
    let mut report = Report {
        cluster: None,
        start: Ok(Tail::Empty),
        segments: 0,
        archives: 0,
        batches: 0,
        records: 0,
        first: Position(1),
        last: Position(0),
        lost: Vec::new(),
        flawed: Vec::new(),
        checkpoints: Vec::new(),
        indexes: 0,
        unusable: Vec::new(),
    };
    let (start, end) = match recovery::assess(disk, None) {
        Ok(recovered) => (Ok(recovered.tail), Some(recovered.next_batch)),
        Err(Refusal::Disk(failed)) => return Err(failed),
        Err(refusal) => (Err(refusal), None),
    };
    let mut is_first = true;
    let swept = sweep::sweep(disk, None, end, |seen| -> Result<(), Failed> {
        match seen {
            Seen::File(stretch) => {
                report.cluster = Some(stretch.header.cluster);
                match stretch.archive {
                    Some(_) => report.archives += 1,
                    None => report.segments += 1,
                }
                if std::mem::take(&mut is_first) {
                    report.first = stretch.header.first_position;
                    report.last = Position(report.first.0.saturating_sub(1));
                }
            }
            Seen::Batch { header, .. } => {
                report.batches += 1;
                report.records += u64::from(header.count);
                report.last = report.last.max(header.last_position());
            }
            Seen::Lost(lost) => report.lost.push(lost),
        }
        Ok(())
    })?;
    if let (Err(Refusal::Damage(damage)), Some(end)) = (&start, swept) {
        report.lost.extend(end.lost(damage));
    }
    report.start = start;
    look_at_archives(disk, &mut report)?;
    for position in checkpoint::positions(disk)? {
        match checkpoint::check(disk, position) {
            Ok(_) => report.checkpoints.push(position),
            // An older one, removed meanwhile.
            Err(Flaw::Unreadable(error)) if error.kind() == ErrorKind::NotFound => {}
            Err(flaw) => report.flawed.push((Name::Checkpoint(position), flaw)),
        }
    }
    Ok(report)
}

fn look_at_archives<D: Disk>(disk: &D, report: &mut Report) -> Result<(), Failed> {
    for listed in archive::list(disk)? {
        if let Err(not) = listed.header {
            let flaw = if not == NoHeader::Foreign { Flaw::Foreign } else { Flaw::Header(not) };
            report.flawed.push((Name::Archive(listed.segment), flaw));
        }
        match index::check(disk, listed.segment)? {
            Some(Ok(())) => report.indexes += 1,
            Some(Err(flaw)) => report.unusable.push((Name::Index(listed.segment), flaw)),
            None => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
