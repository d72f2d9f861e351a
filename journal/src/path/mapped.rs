//! The write path through a mapping: a batch is copied into the mapped segment, then the file is
//! synced. Must not know what is in a batch.
//!
//! # When the mapping can not be written
//!
//! A store into a mapped page that the system can not provide (the file was cut short by somebody,
//! the device does not answer a read) is no error but a signal, SIGBUS, and its default ends the
//! process. Two things keep that from being a mystery:
//!
//! 1. Right before each copy the pages of the batch are populated by `madvise`
//!    (`MADV_POPULATE_WRITE`, Linux 5.14), which gives an error where a store would give the signal.
//!    So a page that is not to be had ends like any failed write: the writer is broken, the daemon
//!    says which file and exits with 74.
//! 2. What is left is a file cut short between that and the copy, and a kernel that does not know
//!    the advice. For these the daemon's handler of SIGBUS writes one line and exits with 74
//!    (`signals/bus_error.rs`), by calls that are async-signal-safe. Whatever the copy had written then was not acknowledged.
//!
//! Populating also replaces a page fault for every 4 KiB of a batch by one system call.
#![expect(unsafe_code, reason = "the copy into the mapping")]

use std::fs::File;
use std::io;

use memmap2::{Advice, MmapOptions, MmapRaw};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::WritePath;
use crate::disk::aligned::AlignedBytes;
use crate::disk::system::SystemDisk;
use crate::format::{BATCH_MAX, PathKind};

/// Copies into a mapping of the segment and syncs, one batch after the other: a batch that was
/// submitted is durable.
#[derive(Debug)]
pub struct Mapped {
    disk: SystemDisk,
    /// The batch is made here and not in the mapping: the system may write out a mapped page at any
    /// time, and a record that is not sealed yet must not reach the disk.
    buffer: AlignedBytes,
    segment: Option<(File, MmapRaw)>,
    durable: u64,
}

impl Mapped {
    /// A path to segments of this directory.
    pub fn new(disk: SystemDisk) -> Self {
        Self { disk, buffer: AlignedBytes::new(BATCH_MAX), segment: None, durable: 0 }
    }
}

impl WritePath for Mapped {
    fn kind(&self) -> PathKind {
        PathKind::Mapped
    }

    fn begin(&mut self, name: &str, bytes: u64) -> io::Result<()> {
        self.segment = None;
        let file = self.disk.handle(name, OFlags::RDWR)?;
        if file.metadata()?.len() != bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has another length"));
        }
        let length = usize::try_from(bytes).expect("64-bit machine");
        let mapping = MmapOptions::new().len(length).map_raw(&file)?;
        self.segment = Some((file, mapping));
        Ok(())
    }

    fn buffer(&mut self) -> Option<&mut [u8]> {
        Some(&mut self.buffer)
    }

    fn submit(&mut self, offset: u64, length: usize) -> io::Result<()> {
        let (file, mapping) = self.segment.as_ref().expect("a segment was begun");
        let offset = usize::try_from(offset).expect("64-bit machine");
        let end = offset.checked_add(length).filter(|&end| end <= mapping.len());
        assert!(end.is_some(), "a batch lies within its segment");
        match mapping.advise_range(Advice::PopulateWrite, offset, length) {
            // A kernel before 5.14: the stores find out.
            Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => {}
            populated => populated?,
        }
        copy(&self.buffer[..length], mapping, offset);
        file.sync_data()?;
        self.durable += 1;
        Ok(())
    }

    fn poll(&mut self, _wait: bool) -> io::Result<u64> {
        Ok(self.durable)
    }

    fn under_way(&self) -> usize {
        0
    }
}

/// Copies a batch to its place; the caller has made sure that it is one.
fn copy(batch: &[u8], mapping: &MmapRaw, offset: usize) {
    assert!(offset <= mapping.len() && batch.len() <= mapping.len() - offset, "within the mapping");
    let to = mapping.as_mut_ptr().wrapping_add(offset);
    // SAFETY: `to` and the bytes behind it are within the mapping, as asserted, which lives as long
    // as `mapping` is borrowed and was mapped to be written to. The buffer is other memory. Nobody
    // in this process has a reference into the mapping: it is only ever written to, here, through
    // the pointer, by the thread that owns the path. That another process writes to the file is kept
    // off by the lock and the mode of the directory, and would be no worse than on any file. A file
    // that was cut short gives SIGBUS, as told above, not a write to other memory.
    unsafe { std::ptr::copy_nonoverlapping(batch.as_ptr(), to, batch.len()) };
}

#[cfg(test)]
mod tests;
