//! The system's disk: a directory, its files, and the lock that keeps a second writer out. Must not
//! know what is in the files.

use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{self, AtFlags, FallocateFlags, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::aligned::AlignedBytes;
use super::{Disk, DiskFile};
use crate::format::{BLOCK, PathKind};

/// Held by the one process that writes, which puts its number into it.
const LOCK: &str = "lock";
/// How much is read at once where the caller's memory does not begin at a block.
const READ: usize = 1 << 20;
/// How much is brought into the cache at once.
const READ_AHEAD: usize = 64 << 10;

/// A directory of the system. Copies of it are the same directory, and hold the same lock.
#[derive(Clone, Debug)]
pub struct SystemDisk(Arc<Directory>);

#[derive(Debug)]
struct Directory {
    path: PathBuf,
    handle: OwnedFd,
    /// Segments will be written to by a mapping.
    mapped: bool,
    /// Unlocked when the last copy is gone, and by the system when the process is.
    _lock: Option<File>,
}

/// A file of it.
#[derive(Debug)]
pub struct SystemFile {
    cached: File,
    /// The same file past the page cache. None: the file system does not do that (`tmpfs` before
    /// Linux 6.6), and reads drop the cached pages first.
    direct: Option<File>,
    mapped: bool,
}

impl SystemDisk {
    /// Opens a directory. With `lock`, makes it if need be (for its owner only), and keeps every
    /// other process from opening it with `lock` for as long as a copy of this lives.
    ///
    /// # Errors
    /// `WouldBlock` when another process holds the lock, with a text that says which. `NotFound`
    /// without `lock` when there is no such directory. Otherwise what the system says.
    pub fn open(path: &Path, lock: bool) -> io::Result<Self> {
        if lock {
            make_directory(path)?;
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = fs::open(path, flags, Mode::empty())?;
        let held = if lock { Some(lock_file(&handle, path)?) } else { None };
        let path = path.to_path_buf();
        Ok(Self(Arc::new(Directory { path, handle, mapped: true, _lock: held })))
    }

    /// The same, for segments that are written by this path. Unless told, it is
    /// [`PathKind::Mapped`]: what is prepared is brought into the page cache. For
    /// [`PathKind::Direct`] nothing of it is there, where every write past it would have to look.
    #[must_use]
    pub fn prepared_for(self, kind: PathKind) -> Self {
        let mapped = kind == PathKind::Mapped;
        let directory = Arc::into_inner(self.0).expect("said before the disk is handed out");
        Self(Arc::new(Directory { mapped, ..directory }))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// A handle of a file for a write path, which knows what it does.
    pub(crate) fn handle(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let mode = Mode::RUSR | Mode::WUSR;
        let opened = fs::openat(&self.0.handle, name, flags | OFlags::CLOEXEC, mode)?;
        Ok(File::from(opened))
    }

    fn file(&self, name: &str, flags: OFlags) -> io::Result<SystemFile> {
        let cached = self.handle(name, flags)?;
        let again = flags.difference(OFlags::CREATE | OFlags::EXCL) | OFlags::DIRECT;
        let direct = match self.handle(name, again) {
            Ok(file) => Some(file),
            Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => None,
            Err(error) => return Err(error),
        };
        Ok(SystemFile { cached, direct, mapped: self.0.mapped })
    }
}

/// Makes a directory that only its owner may look into, and its name durable.
fn make_directory(path: &Path) -> io::Result<()> {
    match fs::mkdir(path, Mode::RWXU) {
        Ok(()) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
        }
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn lock_file(directory: &OwnedFd, path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC;
    let mut file = File::from(fs::openat(directory, LOCK, flags, Mode::RUSR | Mode::WUSR)?);
    match fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            file.set_len(0)?;
            file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
            Ok(file)
        }
        Err(Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            // Whoever holds it may not have written its number yet: then the message names nobody.
            let _unreadable = file.read_to_string(&mut holder);
            let who = match holder.trim() {
                "" => "another process".to_owned(),
                number => format!("process {number}"),
            };
            let text = format!("{who} holds {}", path.join(LOCK).display());
            Err(io::Error::new(io::ErrorKind::WouldBlock, text))
        }
        Err(error) => Err(error.into()),
    }
}

impl Disk for SystemDisk {
    type File = SystemFile;

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::Dir::read_from(&self.0.handle)? {
            // A name that is no text is none of ours.
            let name = entry?.file_name().to_str().map(ToOwned::to_owned);
            names.extend(name.ok().filter(|name| name != "." && name != ".."));
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<SystemFile> {
        let file = self.file(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)?;
        if bytes > 0 {
            match fs::fallocate(&file.cached, FallocateFlags::empty(), 0, bytes) {
                // A file system that can not reserve: the zeros that are written later do.
                Err(Errno::OPNOTSUPP) => file.cached.set_len(bytes)?,
                done => done?,
            }
        }
        Ok(file)
    }

    fn open(&self, name: &str, writes: bool) -> io::Result<SystemFile> {
        self.file(name, if writes { OFlags::RDWR } else { OFlags::RDONLY })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(fs::renameat(&self.0.handle, from, &self.0.handle, to)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        Ok(fs::unlinkat(&self.0.handle, name, AtFlags::empty())?)
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.0.handle)?)
    }

    fn within(&self, name: &str, make: bool) -> io::Result<Self> {
        if make {
            match fs::mkdirat(&self.0.handle, name, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => fs::fsync(&self.0.handle)?,
                Err(error) => return Err(error.into()),
            }
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = fs::openat(&self.0.handle, name, flags, Mode::empty())?;
        let (path, mapped) = (self.0.path.join(name), self.0.mapped);
        Ok(Self(Arc::new(Directory { path, handle, mapped, _lock: None })))
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let system = fs::fstatvfs(&self.0.handle)?;
        Ok(system.f_bavail.saturating_mul(system.f_frsize))
    }
}

impl SystemFile {
    /// Reads whole blocks of the device into memory that begins at a block.
    fn read_aligned(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let file = self.direct.as_ref().unwrap_or(&self.cached);
        if self.direct.is_none() {
            let length = u64::try_from(into.len()).ok().and_then(NonZeroU64::new);
            self.cached.sync_data()?;
            fs::fadvise(&self.cached, offset, length, fs::Advice::DontNeed)?;
        }
        fill_from(file, offset, into)
    }
}

/// Reads from a file until there is no more room, or no more whole block.
fn fill_from(file: &File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while done < into.len() {
        match file.read_at(&mut into[done..], offset + long(done)) {
            Ok(0) => break,
            Ok(more) => done += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if !done.is_multiple_of(BLOCK) {
            break; // the end of a file that ends within a block
        }
    }
    Ok(done)
}

impl DiskFile for SystemFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.cached.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        assert!(
            into.len().is_multiple_of(BLOCK) && offset.is_multiple_of(long(BLOCK)),
            "reads are of whole blocks"
        );
        if into.as_ptr().addr().is_multiple_of(BLOCK) {
            return self.read_aligned(offset, into);
        }
        let mut aligned = AlignedBytes::new(into.len().min(READ));
        let mut done = 0;
        for part in into.chunks_mut(READ) {
            let read = self.read_aligned(offset + long(done), &mut aligned[..part.len()])?;
            part[..read].copy_from_slice(&aligned[..read]);
            done += read;
            if read < part.len() {
                break;
            }
        }
        Ok(done)
    }

    /// What is written by a mapping stands in the page cache: no device has to be asked.
    fn read_cheaply_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        if !self.mapped {
            return self.read_at(offset, into);
        }
        fill_from(&self.cached, offset, into)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let whole = bytes.as_ptr().addr().is_multiple_of(BLOCK)
            && bytes.len().is_multiple_of(BLOCK)
            && offset.is_multiple_of(long(BLOCK));
        match &self.direct {
            Some(direct) if whole => direct.write_all_at(bytes, offset),
            _ => self.cached.write_all_at(bytes, offset),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.cached.sync_data()
    }

    /// Reads the part into the page cache, each block into a page of its own. Had the zeros been
    /// written through the cache, they would stand in pages of up to 2 MiB, and a store into a
    /// mapping of one dirties it whole: each commit of 4 KiB would write 2 MiB (seen on Linux 6.18
    /// with ext4). A page that is not there when it is stored to is read first.
    fn warm(&self, offset: u64, bytes: u64) -> io::Result<()> {
        // The system reads no more than a window of its own for each advice.
        for at in (offset..offset + bytes).step_by(READ_AHEAD) {
            let length = (offset + bytes - at).min(long(READ_AHEAD));
            if self.mapped {
                fs::fadvise(&self.cached, at, NonZeroU64::new(length), fs::Advice::WillNeed)?;
            }
        }
        Ok(())
    }
}

fn long(length: usize) -> u64 {
    u64::try_from(length).expect("64-bit machine")
}

#[cfg(test)]
mod tests;
