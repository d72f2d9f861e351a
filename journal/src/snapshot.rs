//! A checkpoint sent from one node to another as the bytes that it is: for a standby that is empty, or so far
//! behind that the log does not reach back. Knows no line and no state.
//!
//! What holds after a crash at any instant, on the side that takes it:
//!
//! 1. Until all of it is there, durable and opened, it stands in a directory of its own, and the log is what
//!    it was. A start clears what was not finished.
//! 2. Once it is whole it takes the log's place, and every start that finds it so goes on with that before it
//!    reads the log. What the log was is moved aside, file by file, and nothing of it is removed.
//! 3. `base` says behind which batch the new log begins, until the log has all that the checkpoint has.

mod receiving;

mod settling;

use crate::checkpoint;
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BLOCK, Position};
use crate::mark::Mark;
use crate::names::Name;
use crate::raw;
use crate::scan;
use crate::survey;
use crate::window::Aligned;

pub use self::receiving::{Look, Problem, Receiving};
pub use self::settling::{Settled, is_whole, set_aside, settle};

/// The directory within that of the journal in which a snapshot stands while it is taken.
pub const SNAPSHOT: &str = "snapshot";

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

#[cfg(test)]
mod tests;
