//! What a journal is made of, in numbers, without a key. Changes nothing.

use crate::checkpoint::{self, About};
use crate::disk::{Disk, Failed};
use crate::format::{BATCH_HEADER, Epoch, PathKind, Position};
use crate::names::Name;
use crate::recovery::{self, Refusal, Tail};
use crate::sweep::{self, Seen};

/// The numbers.
#[derive(Debug)]
pub struct Stats {
    /// Files that have a part of the log, in order.
    pub files: Vec<FileStats>,
    /// Checkpoints with a whole header, in order.
    pub checkpoints: Vec<About>,
    /// How a start would find the end; none if it would refuse (`verify` says why).
    pub tail: Option<Tail>,
    /// The furthest record that a header says was released.
    pub released: Position,
}

/// The numbers of a segment or an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStats {
    /// Which file.
    pub file: Name,
    /// Who began the segment.
    pub epoch: Epoch,
    /// How it was written.
    pub path: PathKind,
    /// Bytes of the file.
    pub bytes: u64,
    /// The position of its first record.
    pub first: Position,
    /// Its batches, and how many of them only carry a mark.
    pub batches: u64,
    /// See `batches`.
    pub marks: u64,
    /// Its records.
    pub records: u64,
    /// Bytes of its records, lengths included.
    pub length: u64,
    /// Bytes of its batches that are neither header nor record, as they were in the segment.
    pub padding: u64,
    /// When it was begun, and when its last batch was framed: nanoseconds since 1970 UTC.
    pub begun_ns: u64,
    /// See `begun_ns`.
    pub newest_ns: u64,
}

/// Counts.
///
/// # Errors
/// What the disk did not do.
pub fn stats<D: Disk>(disk: &D) -> Result<Stats, Failed> {
    let assessed = match recovery::assess(disk, None) {
        Ok(recovered) => Some(recovered),
        Err(Refusal::Disk(failed)) => return Err(failed),
        Err(_) => None,
    };
    let end = assessed.as_ref().map(|recovered| recovered.next_batch);
    let mut files: Vec<FileStats> = Vec::new();
    let mut released = Position(0);
    sweep::sweep(disk, None, end, |seen| -> Result<(), Failed> {
        match seen {
            Seen::File(stretch) => {
                let header = &stretch.header;
                released = released.max(header.released);
                files.push(FileStats {
                    file: stretch.name(),
                    epoch: header.epoch,
                    path: header.path,
                    bytes: stretch.archive.map_or(header.bytes, |archive| archive.bytes),
                    first: header.first_position,
                    batches: 0,
                    marks: 0,
                    records: 0,
                    length: 0,
                    padding: 0,
                    begun_ns: header.created_ns,
                    newest_ns: header.created_ns,
                });
            }
            Seen::Batch { header, .. } => {
                let file = files.last_mut().expect("a batch comes after its file");
                released = released.max(header.released);
                file.batches += 1;
                file.marks += u64::from(header.count == 0);
                file.records += u64::from(header.count);
                file.length += u64::from(header.length);
                let used = BATCH_HEADER as u64 + u64::from(header.length);
                file.padding += header.size() as u64 - used;
                file.newest_ns = header.written_ns;
            }
            Seen::Lost(_) => {}
        }
        Ok(())
    })?;
    let checkpoints = checkpoint::headers(disk)?;
    Ok(Stats { files, checkpoints, tail: assessed.map(|recovered| recovered.tail), released })
}

#[cfg(test)]
mod tests;
