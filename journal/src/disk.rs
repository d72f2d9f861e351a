//! What the journal asks of a disk: one directory of files. The system's disk is behind it, and in
//! tests one that fails as disks do. Knows no segment and no batch.

use std::io;

pub mod system;

pub mod aligned;

#[cfg(feature = "simulated")]
pub mod simulated;

pub use system::SystemDisk;

/// A directory of files, by their names.
pub trait Disk: Clone + Send + Sync + 'static {
    /// A file of it.
    type File: DiskFile;

    /// The names of all files, sorted.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes a file of `bytes` zeros, all of them allocated. Nothing of it is durable before
    /// [`DiskFile::sync`] and [`Disk::sync_directory`].
    ///
    /// # Errors
    /// `AlreadyExists`, or what the system says (`StorageFull` among it).
    fn create(&self, name: &str, bytes: u64) -> io::Result<Self::File>;

    /// Opens a file, to write to it too or only to read.
    ///
    /// # Errors
    /// `NotFound`, or what the system says.
    fn open(&self, name: &str, writes: bool) -> io::Result<Self::File>;

    /// Gives a file another name; a file of that name is gone then.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes names durable: of files made, renamed and removed.
    ///
    /// # Errors
    /// What the system says. Not to be tried again.
    fn sync_directory(&self) -> io::Result<()>;

    /// A directory within it, which has files of its own; with `make`, it is made durably if need be.
    ///
    /// # Errors
    /// `NotFound`, or what the system says.
    fn within(&self, name: &str, make: bool) -> io::Result<Self>;

    /// Bytes that can still be allocated.
    ///
    /// # Errors
    /// What the system says.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// What a disk did not do.
#[derive(Debug)]
pub struct Failed {
    /// The file, or nothing for the directory.
    pub file: String,
    /// What was tried: open, read, write, sync, ...
    pub doing: &'static str,
    /// What the system says.
    pub error: io::Error,
}

impl Failed {
    /// For `map_err`.
    pub fn when(doing: &'static str, file: impl ToString) -> impl FnOnce(io::Error) -> Self {
        move |error| Self { file: file.to_string(), doing, error }
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, doing, error } = self;
        let what = if file.is_empty() { "the journal's directory" } else { file };
        write!(f, "can not {doing} {what}: {error}")
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// A file.
pub trait DiskFile: Send + 'static {
    /// Its length in bytes.
    ///
    /// # Errors
    /// What the system says.
    fn bytes(&self) -> io::Result<u64>;

    /// Reads what the device holds, not what a cache believes. `offset` and the length of `into` are
    /// whole blocks. Gives the bytes read: fewer only at the end of the file.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Reads what was written, from wherever that is cheapest: for who can tell by itself whether it is
    /// right, and needs no proof that the device holds it. Otherwise as [`DiskFile::read_at`].
    ///
    /// # Errors
    /// What the system says.
    fn read_cheaply_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.read_at(offset, into)
    }

    /// Writes bytes, of any number and anywhere; durable after [`DiskFile::sync`]. Behind the end of
    /// the file, it makes the file longer (archives and checkpoints grow; segments never do).
    ///
    /// # Errors
    /// What the system says.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything written to it durable.
    ///
    /// # Errors
    /// What the system says. Not to be tried again: the system may have forgotten what it could not
    /// write.
    fn sync(&self) -> io::Result<()>;
    /// Says that this part is going to be written to in place, block by block: a disk may make that
    /// cheap. Changes nothing of it.
    ///
    /// # Errors
    /// What the system says.
    fn warm(&self, _offset: u64, _bytes: u64) -> io::Result<()> {
        Ok(())
    }
}
