//! Where the disk is measured: a directory of our own that goes away whatever happens. Must not know
//! what is measured.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::fs::statfs;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// File systems by the number that the system has for them.
const FILE_SYSTEMS: [(i64, &str); 8] = [
    (0xEF53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x0102_1994, "tmpfs"),
    (0x9123_683E, "btrfs"),
    (0x794C_7630, "overlayfs"),
    (0x6969, "nfs"),
    (0x2FC1_2FC1, "zfs"),
    (0xF2F5_2010, "f2fs"),
];

/// The directory.
#[derive(Debug)]
pub(super) struct Site(PathBuf);

impl Site {
    /// Makes one within `parent`. A signal removes it too.
    pub(super) fn new(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!("sekisho-perf-{}", std::process::id()));
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        DirBuilder::new().mode(0o700).create(&path)?;
        let site = Self(path.clone());
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                remove(&path);
                // It ends the program; where it does not, the next one is tried.
                drop(emulate_default_handler(signal));
            }
        })?;
        Ok(site)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn remove(path: &Path) {
    // Nobody is left to tell, and it holds nothing but zeros.
    drop(fs::remove_dir_all(path));
}

/// The name of the file system there; its number where the name is not known here.
pub(super) fn file_system(path: &Path) -> io::Result<String> {
    let number = statfs(path)?.f_type;
    let known = FILE_SYSTEMS.iter().find(|(known, _)| *known == number);
    Ok(known.map_or_else(|| format!("file system {number:#x}"), |(_, name)| (*name).to_owned()))
}
