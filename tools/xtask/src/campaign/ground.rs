//! A folder of one life alone, removed with it unless somebody wants to look at it. Must not know
//! what stands there.

use std::fs;
use std::path::{Path, PathBuf};

use super::trouble::Trouble;

/// Where a life takes place.
#[derive(Debug)]
pub(super) struct Ground {
    folder: PathBuf,
    /// Where the state is, if not in the folder.
    mount: Option<PathBuf>,
}

impl Ground {
    /// A new folder.
    pub(super) fn new(seed: u64) -> Result<Self, Trouble> {
        let name = format!("sekisho-campaign-{}-{seed}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).map_err(Trouble::failed("a folder"))?;
        Ok(Self { folder, mount: None })
    }

    /// The same, with the state on a file system of its own that is mounted there.
    pub(super) fn with_mount(seed: u64) -> Result<Self, Trouble> {
        let mut ground = Self::new(seed)?;
        let mount = ground.folder.join("mount");
        fs::create_dir(&mount).map_err(Trouble::failed("a folder"))?;
        ground.mount = Some(mount);
        Ok(ground)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where a file system is mounted.
    pub(super) fn mount(&self) -> &Path {
        self.mount.as_deref().unwrap_or(&self.folder)
    }

    pub(super) fn state(&self) -> PathBuf {
        self.mount().join("state")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join("control.sock")
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.folder.join("sekisho.toml")
    }

    /// Copies the state to a place where it stays, for whoever looks into what went wrong.
    pub(super) fn keep(&self, place: &Path) -> std::io::Result<()> {
        let from = self.state().join("journal");
        fs::create_dir_all(place)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            fs::copy(entry.path(), place.join(entry.file_name()))?;
        }
        fs::copy(self.configuration(), place.join("sekisho.toml")).map(drop)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // What is left of it does no harm.
        drop(fs::remove_dir_all(&self.folder));
    }
}
