//! The directory that a demo has to itself. Knows nothing of what is in it.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::process::SITES;

/// Files and folders of a daemon.
const SOCKET: &str = "control.sock";
const CONFIGURATION: &str = "sekisho.toml";
const STATE: &str = "state";
/// The key of two sites, and what their witness keeps.
const KEY: &str = "journal.key";
const WITNESS: &str = "etcd";

/// The longest directory in which a Unix socket can still be bound (`sun_path`, less a name).
const DIRECTORY_BYTES_MAX: usize = 80;
/// Where ledgers are.
const LEDGERS: &str = "ledgers";
/// Names that are tried before giving up.
const NAMES_MAX: u32 = 64;

/// A new directory for this user alone; it goes away with this value at the latest.
#[derive(Debug)]
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new() -> io::Result<Self> {
        let mut parent = std::env::temp_dir();
        if parent.as_os_str().len() > DIRECTORY_BYTES_MAX - 32 {
            parent = "/tmp".into();
        }
        for attempt in 0..NAMES_MAX {
            let name = format!("sekisho-demo-{}-{attempt}", std::process::id());
            let directory = parent.join(name);
            match DirBuilder::new().mode(0o700).create(&directory) {
                Ok(()) => {
                    let place = Self(directory);
                    fs::create_dir(place.0.join(LEDGERS))?;
                    return Ok(place);
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join(SOCKET)
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.0.join(CONFIGURATION)
    }

    /// What the switch keeps.
    pub(super) fn state(&self) -> PathBuf {
        self.0.join(STATE)
    }

    /// Where one of two sites has its files.
    pub(super) fn site(&self, name: &str) -> Folder {
        Folder(self.0.join(name))
    }

    /// The key of both journals of two sites.
    pub(super) fn key(&self) -> PathBuf {
        self.0.join(KEY)
    }

    /// What the witness of two sites keeps.
    pub(super) fn witness(&self) -> PathBuf {
        self.0.join(WITNESS)
    }

    /// What somebody of that name writes down.
    pub(super) fn ledger(&self, name: &str) -> PathBuf {
        self.0.join(LEDGERS).join(name)
    }

    /// Removes it with all that is in it, and says what was in it that should have gone.
    pub(super) fn remove(&self) -> io::Result<Vec<String>> {
        let mut left = Vec::new();
        // What the switch keeps, it is to leave behind.
        let expected = [CONFIGURATION, STATE, LEDGERS, KEY, WITNESS];
        let sites = SITES.map(|name| self.0.join(name));
        for folder in [&self.0].into_iter().chain(sites.iter().filter(|site| site.is_dir())) {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if !expected.contains(&name.as_str()) && !sites.contains(&entry.path()) {
                    left.push(name);
                }
            }
        }
        fs::remove_dir_all(&self.0)?;
        Ok(left)
    }
}

/// The part of the place that one of two sites has to itself.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join(SOCKET)
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.0.join(CONFIGURATION)
    }

    /// What its daemon keeps.
    pub(super) fn state(&self) -> PathBuf {
        self.0.join(STATE)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Gone already after a good end; after a bad one nobody is left to tell.
        drop(fs::remove_dir_all(&self.0));
    }
}
