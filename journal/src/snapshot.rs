//! A checkpoint sent from one node to another as the bytes that it is: for a standby that is empty, or so far
//! behind that the log does not reach back. Knows no line and no state.

use crate::base;
use crate::checkpoint::{self, About, Flaw};
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BLOCK, Cluster, Position};
use crate::mark::Mark;
use crate::names::Name;
use crate::raw;
use crate::scan;
use crate::seal::Keys;
use crate::survey;
use crate::window::Aligned;
use crate::writer;

/// What a standby is to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    /// The record up to which the checkpoint has everything.
    pub position: Position,
    /// Bytes of its file.
    pub total: u64,
    /// Behind which mark the log begins for whoever takes it: before the segment that has what comes next.
    pub base: Mark,
}

/// The newest checkpoint behind which the log goes on. None: there is none.
///
/// # Errors
/// What the disk did not do.
pub fn newest<D: Disk>(disk: &D) -> Result<Option<Newest>, Failed> {
    for about in checkpoint::headers(disk)?.iter().rev() {
        let position = about.position;
        let next = Position(position.0.saturating_add(1));
        let stretches = survey::stretches(disk, next)?;
        let at = stretches.iter().rfind(|stretch| stretch.header.first_position <= next);
        let Some(first) = at.map(|stretch| scan::first_of(&stretch.header)) else { continue };
        let mut base = Mark::before(&first, at.map(|it| it.header.epoch).unwrap_or_default());
        let starts = raw::epochs(disk, EPOCHS)?;
        if let Some(start) = starts.iter().rfind(|start| start.first_batch <= base.batch) {
            base.epoch = start.epoch;
        }
        if base.batch.0 == 0 {
            base = Mark::ZERO;
        }
        let name = Name::Checkpoint(position).to_string();
        let bytes = disk.open(&name, false).and_then(|file| file.bytes());
        let total = bytes.map_err(Failed::when("open", &name))?;
        return Ok(Some(Newest { position, total, base }));
    }
    Ok(None)
}

/// Epochs that are looked at to know who wrote the batch before a segment: they reach back behind a
/// checkpoint.
const EPOCHS: usize = 64;

/// A checkpoint that is being sent. It stays readable when a newer one takes its place.
pub struct Sending<F> {
    file: F,
    name: Name,
    total: u64,
}

impl<F: DiskFile> Sending<F> {
    /// Begins with the checkpoint at this position.
    ///
    /// # Errors
    /// What the disk did not do: `NotFound` when a newer one took its place.
    pub fn open<D: Disk<File = F>>(disk: &D, position: Position) -> Result<Self, Failed> {
        let name = Name::Checkpoint(position);
        let file = disk.open(&name.to_string(), false).map_err(Failed::when("open", name))?;
        let total = file.bytes().map_err(Failed::when("open", name))?;
        Ok(Self { file, name, total })
    }

    /// Bytes of the file.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// At most so many of its bytes (whole blocks) from an offset on (a whole block); none at its end.
    ///
    /// # Errors
    /// What the disk did not do.
    pub fn piece(&self, offset: u64, most: usize) -> Result<Vec<u8>, Failed> {
        let left = self.total.saturating_sub(offset);
        let length = usize::try_from(left).map_or(most, |left| left.min(most));
        let mut piece = Aligned::new(length - length % BLOCK);
        let read =
            self.file.read_at(offset, &mut piece).map_err(Failed::when("read", self.name))?;
        Ok(piece[..read].to_vec())
    }
}

/// A checkpoint that is being taken.
pub struct Receiving<D: Disk> {
    disk: D,
    file: D::File,
    base: Mark,
    cluster: Cluster,
    position: Position,
    total: u64,
    at: u64,
}

/// Why a snapshot is none.
#[derive(Debug)]
pub enum Problem {
    /// A piece that does not go on where the last one ended, or behind the end.
    OutOfPlace {
        /// Where the next one should be.
        at: u64,
    },
    /// It is not as it was written, or not what was announced.
    Flaw(Flaw),
    /// None of our keys opens it.
    UnknownKey([u8; 8]),
    /// The disk did not do what it was asked.
    Disk(Failed),
}

impl<D: Disk> Receiving<D> {
    /// Begins to take a checkpoint of so many bytes, into a journal that has nothing else; its log will
    /// begin behind `base`.
    ///
    /// # Errors
    /// What the disk did not do; no room is known at once.
    pub fn begin(
        disk: &D,
        cluster: Cluster,
        base: Mark,
        position: Position,
        total: u64,
    ) -> Result<Self, Problem> {
        if total > checkpoint::STATE_MAX || !total.is_multiple_of(BLOCK as u64) {
            return Err(Problem::Flaw(Flaw::Length));
        }
        if base.position > position {
            return Err(Problem::Flaw(Flaw::Foreign));
        }
        let unfinished = Name::Checkpoint(position).unfinished();
        let made = writer::make(disk, &unfinished, total);
        made.map_err(Failed::when("create", &unfinished))?;
        let file = disk.open(&unfinished, true).map_err(Failed::when("open", &unfinished))?;
        Ok(Self { disk: disk.clone(), file, base, cluster, position, total, at: 0 })
    }

    /// Where the next piece begins.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// Why not.
    pub fn piece(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Problem> {
        let end = offset.saturating_add(bytes.len() as u64);
        if offset != self.at || end > self.total {
            return Err(Problem::OutOfPlace { at: self.at });
        }
        let name = Name::Checkpoint(self.position).unfinished();
        self.file.write_at(offset, bytes).map_err(Failed::when("write", name))?;
        self.at = end;
        Ok(())
    }

    /// All pieces are there: it is durable, read back from the device and opened, the log's base is
    /// written, and only then it gets its name. A crash before that leaves an empty journal.
    ///
    /// # Errors
    /// Why it is no checkpoint of this journal.
    pub fn finish(self, keys: &Keys) -> Result<About, Problem> {
        if self.at != self.total {
            return Err(Problem::OutOfPlace { at: self.at });
        }
        let unfinished = Name::Checkpoint(self.position).unfinished();
        let name = Name::Checkpoint(self.position).to_string();
        self.file.sync().map_err(Failed::when("sync", &unfinished))?;
        let about = checkpoint::check_file(&self.disk, &unfinished, self.position, keys)?;
        if about.cluster != self.cluster {
            return Err(Problem::Flaw(Flaw::Foreign));
        }
        base::write(&self.disk, &self.cluster, &self.base)?;
        self.disk.rename(&unfinished, &name).map_err(Failed::when("rename", &unfinished))?;
        self.disk.sync_directory().map_err(Failed::when("sync", ""))?;
        Ok(about)
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
            Self::OutOfPlace { at } => write!(f, "a piece is missing at byte {at}"),
            Self::Flaw(flaw) => write!(f, "the snapshot is not whole: {flaw}"),
            Self::UnknownKey(check) => {
                let check = crate::seal::hex(check);
                write!(f, "no key opens the snapshot: it has check value {check}")
            }
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;
