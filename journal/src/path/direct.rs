//! The write path past the page cache: batches go to the device from where they were made, up to
//! four at once. Must not know what is in a batch.
//!
//! ```text
//!  batch      1     2     3     4     5          durable = 2: the contiguous prefix. 4 is on the
//!           done  done  under  done  (no room)   device, but says nothing before 3 is too.
//!                       way
//! ```
//!
//! Each write is `O_DIRECT|O_DSYNC`: complete means durable. A crash may leave a later batch without
//! an earlier one; none of the later ones was acknowledged then, and recovery cuts at the gap.
//!
//! Where `io_uring` is refused (an old kernel, `kernel.io_uring_disabled`, seccomp, no memory to be
//! locked), each batch is written by a blocking call: the same bytes, one batch at a time.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use rustix::fs::OFlags;
use rustix::io::Errno;

use self::ring::Ring;
use super::WritePath;
use crate::disk::aligned::AlignedBytes;
use crate::disk::system::SystemDisk;
use crate::format::{BATCH_MAX, BLOCK, PathKind};

mod ring;

/// The most batches under way.
const UNDER_WAY_MAX: usize = 4;

/// Writes past the page cache.
#[derive(Debug)]
pub struct Direct {
    disk: SystemDisk,
    segment: Option<File>,
    engine: Engine,
    /// Batches submitted, and how many of them are durable, in order and without a gap.
    submitted: u64,
    durable: u64,
}

#[derive(Debug)]
enum Engine {
    /// With what is done of the batches behind the durable ones, by slot.
    Ring(Box<Ring>, [bool; UNDER_WAY_MAX]),
    /// With why the ring was refused.
    Blocking(AlignedBytes, io::Error),
}

impl Direct {
    /// A path to segments of this directory, which was [`SystemDisk::prepared_for`] it.
    pub fn new(disk: SystemDisk) -> Self {
        let engine = match Ring::new(UNDER_WAY_MAX) {
            Ok(ring) => Engine::Ring(Box::new(ring), [false; UNDER_WAY_MAX]),
            Err(refused) => Engine::Blocking(AlignedBytes::new(BATCH_MAX), refused),
        };
        Self { disk, segment: None, engine, submitted: 0, durable: 0 }
    }

    /// Why batches are written one by one by blocking calls, if they are: to be said once.
    pub fn refused(&self) -> Option<&io::Error> {
        match &self.engine {
            Engine::Ring(..) => None,
            Engine::Blocking(_, refused) => Some(refused),
        }
    }
}

impl WritePath for Direct {
    fn kind(&self) -> PathKind {
        PathKind::Direct
    }

    fn begin(&mut self, name: &str, bytes: u64) -> io::Result<()> {
        let flags = OFlags::RDWR | OFlags::DIRECT | OFlags::DSYNC;
        let file = self.disk.handle(name, flags).map_err(|error| {
            if error.raw_os_error() != Some(Errno::INVAL.raw_os_error()) {
                return error;
            }
            let text = "this file system refuses direct writes: set journal.path = \"mapped\"";
            io::Error::new(io::ErrorKind::Unsupported, text)
        })?;
        if file.metadata()?.len() != bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has another length"));
        }
        if let Engine::Ring(ring, _) = &mut self.engine {
            ring.write_to(&file)?;
        }
        self.segment = Some(file);
        Ok(())
    }

    fn buffer(&mut self) -> Option<&mut [u8]> {
        let room = self.under_way() < UNDER_WAY_MAX;
        match &mut self.engine {
            Engine::Ring(ring, _) => room.then(|| ring.buffer(slot(self.submitted))),
            Engine::Blocking(buffer, _) => Some(buffer),
        }
    }

    fn submit(&mut self, offset: u64, length: usize) -> io::Result<()> {
        let segment = self.segment.as_ref().expect("a segment was begun");
        assert!(length > 0 && length.is_multiple_of(BLOCK), "batches are of whole blocks");
        match &mut self.engine {
            Engine::Ring(ring, _) => ring.write(slot(self.submitted), offset, length),
            Engine::Blocking(buffer, _) => {
                segment.write_all_at(&buffer[..length], offset)?;
                self.durable += 1;
            }
        }
        self.submitted += 1;
        Ok(())
    }

    fn poll(&mut self, wait: bool) -> io::Result<u64> {
        let before = self.durable;
        if let Engine::Ring(ring, done) = &mut self.engine {
            if !wait {
                ring.look()?;
            }
            loop {
                while let Some(slot) = ring.completed()? {
                    done[slot] = true;
                }
                while self.durable < self.submitted && done[slot(self.durable)] {
                    done[slot(self.durable)] = false;
                    self.durable += 1;
                }
                if !wait || self.durable > before || self.durable == self.submitted {
                    break;
                }
                ring.wait()?;
            }
            ring.send()?;
        }
        Ok(self.durable)
    }

    fn under_way(&self) -> usize {
        usize::try_from(self.submitted - self.durable).expect("at most four")
    }
}

/// The buffer of a batch: they take turns.
fn slot(batch: u64) -> usize {
    usize::try_from(batch).expect("64-bit machine") % UNDER_WAY_MAX
}

#[cfg(test)]
mod tests;
