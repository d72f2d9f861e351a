//! For tests: a directory of their own that is gone when they are done. Knows no file in it.

use std::path::{Path, PathBuf};

pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("sekisho-journal-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        assert!(!path.exists(), "{} is left from another run", path.display());
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A test that made nothing leaves nothing.
        let _absent = std::fs::remove_dir_all(&self.0);
    }
}
