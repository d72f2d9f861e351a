//! Whether an index is as it was written, without a key. Opens nothing, and finds no mark.

use std::hash::Hasher;
use std::io;

use twox_hash::XxHash3_64;

use super::{BLOCK, Header, TAG, belongs};
use crate::archive;
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{NoHeader, SegmentNumber};
use crate::names::Name;
use crate::window::Aligned;

/// Bytes that are read at once.
const PIECE: usize = 256 * BLOCK;

/// What is wrong with an index. Its archive is read instead, and it is made again.
#[derive(Debug)]
pub enum Flaw {
    /// Its header is not whole.
    Header(NoHeader),
    /// It is not of the archive that is there.
    Foreign,
    /// It ends too early.
    Length,
    /// Something behind its header is not as it was written.
    Sum,
    /// The disk does not give it back.
    Unreadable(io::Error),
}

/// Looks at all of an index. None: there is none, or no archive that it could be of.
///
/// # Errors
/// What the disk did not do with the archive.
pub fn check<D: Disk>(
    disk: &D,
    segment: SegmentNumber,
) -> Result<Option<Result<(), Flaw>>, Failed> {
    let file = match disk.open(&Name::Index(segment).to_string(), false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Ok(Some(Err(Flaw::Unreadable(error)))),
        Ok(file) => file,
    };
    let Some(listed) = archive::one(disk, segment)? else { return Ok(None) };
    // Where that is not whole, something else is wrong.
    let Ok(archive) = listed.header else { return Ok(None) };
    let mut piece = Aligned::new(PIECE);
    let mut read = |offset: usize| -> Result<Vec<u8>, Flaw> {
        let read = file.read_at(offset as u64, &mut piece).map_err(Flaw::Unreadable)?;
        Ok(piece[..read].to_vec())
    };
    let mut look = || -> Result<(), Flaw> {
        let first = read(0)?;
        let header = Header::read(&first).map_err(Flaw::Header)?;
        if !belongs(&header, &archive) {
            return Err(Flaw::Foreign);
        }
        let (mut sum, mut offset) = (XxHash3_64::new(), BLOCK);
        let mut left = header.pages() * BLOCK + header.table() + TAG;
        while left > 0 {
            let bytes = read(offset)?;
            let some = bytes.len().min(left);
            if some == 0 {
                return Err(Flaw::Length);
            }
            sum.write(&bytes[..some]);
            (offset, left) = (offset + some, left - some);
        }
        if sum.finish() == header.sum { Ok(()) } else { Err(Flaw::Sum) }
    };
    Ok(Some(look()))
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header(NoHeader::Version(version)) => write!(f, "it has version {version}"),
            Self::Header(_) => f.write_str("its header is not whole"),
            Self::Foreign => f.write_str("it is of another archive"),
            Self::Length => f.write_str("it ends too early"),
            Self::Sum => f.write_str("it is not what was written"),
            Self::Unreadable(error) => write!(f, "it can not be read: {error}"),
        }
    }
}
