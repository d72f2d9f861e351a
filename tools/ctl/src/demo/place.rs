//! The directory that a demo has to itself. Knows nothing of what is in it.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

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
        self.0.join("control.sock")
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.0.join("sekisho.toml")
    }

    /// What the switch keeps.
    pub(super) fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    /// What somebody of that name writes down.
    pub(super) fn ledger(&self, name: &str) -> PathBuf {
        self.0.join(LEDGERS).join(name)
    }

    /// Removes it with all that is in it, and says what was in it that should have gone.
    pub(super) fn remove(&self) -> io::Result<Vec<String>> {
        let mut left = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            // What the switch keeps, it is to leave behind.
            let expected = [self.configuration(), self.state(), self.0.join(LEDGERS)];
            if !expected.contains(&self.0.join(&name)) {
                left.push(name);
            }
        }
        fs::remove_dir_all(&self.0)?;
        Ok(left)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Gone already after a good end; after a bad one nobody is left to tell.
        drop(fs::remove_dir_all(&self.0));
    }
}
