//! A disk of a machine: a small ext4 of its own, which can be filled and can fail. Must not know what
//! stands on it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{done, namespace};
use crate::campaign::shutdown;

/// A mounted file system; it is unmounted with the namespace at the latest.
#[derive(Debug)]
pub(crate) struct Disk {
    image: PathBuf,
    mount: PathBuf,
}

impl Disk {
    /// A new one of that size.
    pub(crate) fn new(name: &str, bytes: u64) -> io::Result<Self> {
        let folder = namespace::place();
        let disk = Self {
            image: folder.join(format!("{name}.image")),
            mount: folder.join(format!("{name}.mount")),
        };
        File::create(&disk.image)?.set_len(bytes)?;
        // No share of it is kept for root: who fills it fills it for all.
        done(Command::new("mkfs.ext4").args(["-q", "-F", "-m", "0"]).arg(&disk.image))?;
        fs::create_dir(&disk.mount)?;
        disk.appears().map(|()| disk)
    }

    fn appears(&self) -> io::Result<()> {
        done(Command::new("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.mount))
    }

    /// It is there again after [`Disk::fail`], with what had been synced. Its machine has ended.
    pub(crate) fn returns(&self) -> io::Result<()> {
        done(Command::new("umount").arg(&self.mount))?;
        self.appears()
    }

    /// It is gone, with all that is on it. Nobody uses it any more.
    pub(crate) fn leave(&self) -> io::Result<()> {
        done(Command::new("umount").arg(&self.mount))?;
        fs::remove_dir(&self.mount)?;
        fs::remove_file(&self.image)
    }

    /// Where it is mounted on this side.
    pub(crate) fn mount(&self) -> &Path {
        &self.mount
    }

    /// Every write from now on fails; only what was synced is there after a repair.
    pub(crate) fn fail(&self) -> io::Result<()> {
        shutdown::shutdown(&self.mount, shutdown::WITHOUT_LOG)
    }
}
