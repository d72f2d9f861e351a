//! Writes to files of a log where no writer does: zeros behind its end, so that nothing that stood there is
//! ever found again, and bytes that were lost. Decides nothing.

use std::io::ErrorKind;

use crate::disk::aligned::AlignedBytes;
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::BLOCK;
use crate::names::Name;
use crate::window::{is_zero, whole_blocks};

/// Bytes that are looked at, and written, at once.
const STEP: usize = 256 << 10;

/// Makes everything of a file from an offset on zeros, and durable. Blocks that the disk does not give are
/// written to all the same.
pub(crate) fn zero_behind<D: Disk>(disk: &D, name: Name, offset: u64) -> Result<(), Failed> {
    let file = disk.open(&name.to_string(), true).map_err(Failed::when("open", name))?;
    let end = whole_blocks(file.bytes().map_err(Failed::when("open", name))?);
    let (mut piece, zeros) = (AlignedBytes::new(STEP), AlignedBytes::new(STEP));
    let mut at = offset;
    while at < end {
        let length = usize::try_from(end - at).map_or(STEP, |left| left.min(STEP));
        let read = file.read_at(at, &mut piece[..length]);
        let is_whole = matches!(read, Ok(read) if read == length);
        if !is_whole || !is_zero(&piece[..length]) {
            file.write_at(at, &zeros[..length]).map_err(Failed::when("write", name))?;
        }
        at += length as u64;
    }
    file.sync().map_err(Failed::when("sync", name))
}

/// Writes bytes in place, and makes them durable.
pub(crate) fn write<D: Disk>(disk: &D, name: Name, at: u64, bytes: &[u8]) -> Result<(), Failed> {
    let file = disk.open(&name.to_string(), true).map_err(Failed::when("open", name))?;
    file.write_at(at, bytes).map_err(Failed::when("write", name))?;
    file.sync().map_err(Failed::when("sync", name))
}

/// Removes files one by one, each durably before the next: what is left after a crash is what stands
/// before one of them. One that is gone is no matter.
pub(crate) fn remove<D: Disk>(
    disk: &D,
    names: impl IntoIterator<Item = Name>,
) -> Result<(), Failed> {
    for name in names {
        match disk.remove(&name.to_string()) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            removed => removed.map_err(Failed::when("remove", name))?,
        }
        disk.sync_directory().map_err(Failed::when("sync", ""))?;
    }
    Ok(())
}

const _: () = assert!(STEP.is_multiple_of(BLOCK));
