//! The files of a package before they are packed: in memory, then below a folder. Must not know what
//! they are for.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::tools;

/// A package's files, by their path without the first slash.
#[derive(Debug, Default)]
pub(super) struct Tree {
    entries: BTreeMap<String, Entry>,
}

/// One of them.
#[derive(Debug)]
enum Entry {
    Folder,
    File {
        mode: u32,
        bytes: Vec<u8>,
        /// Whether it is pressed by gzip, which adds `.gz` to its name.
        pressed: bool,
    },
}

impl Tree {
    /// A file that everybody may read.
    pub(super) fn file(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.add(path, 0o644, bytes.into(), false);
    }

    /// A file with a mode of its own.
    pub(super) fn file_of(&mut self, path: &str, mode: u32, bytes: impl Into<Vec<u8>>) {
        self.add(path, mode, bytes.into(), false);
    }

    /// A file of documentation, pressed as Debian presses it.
    pub(super) fn pressed(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.add(path, 0o644, bytes.into(), true);
    }

    /// A folder, and those it lies in.
    pub(super) fn folder(&mut self, path: &str) {
        let mut folder = Some(path);
        while let Some(path) = folder {
            self.entries.entry(path.to_owned()).or_insert(Entry::Folder);
            folder = path.rsplit_once('/').map(|(folder, _)| folder);
        }
    }

    fn add(&mut self, path: &str, mode: u32, bytes: Vec<u8>, pressed: bool) {
        if let Some((folder, _)) = path.rsplit_once('/') {
            self.folder(folder);
        }
        let before = self.entries.insert(path.to_owned(), Entry::File { mode, bytes, pressed });
        assert!(before.is_none(), "two files want to be {path}");
    }

    /// How many files and folders there are, and how many KiB they take, as Debian counts them: each
    /// file in whole KiB, each folder one.
    pub(super) fn size(&self) -> (usize, usize) {
        let kibibytes = |entry: &Entry| match entry {
            Entry::Folder => 1,
            Entry::File { bytes, .. } => bytes.len().div_ceil(1024),
        };
        (self.entries.len(), self.entries.values().map(kibibytes).sum())
    }

    /// Writes all of it below a folder that is not there yet.
    pub(super) fn write(&self, top: &Path) -> io::Result<()> {
        fs::create_dir(top)?;
        set_mode(top, 0o755)?;
        let mut gzip = Command::new("gzip");
        gzip.args(["-9", "--no-name", "--"]).current_dir(top);
        for (path, entry) in &self.entries {
            let on_disk = top.join(path);
            match entry {
                Entry::Folder => {
                    fs::create_dir(&on_disk)?;
                    set_mode(&on_disk, 0o755)?;
                }
                Entry::File { mode, bytes, pressed } => {
                    fs::write(&on_disk, bytes)?;
                    set_mode(&on_disk, *mode)?;
                    if *pressed {
                        gzip.arg(path);
                    }
                }
            }
        }
        if gzip.get_args().count() > 3 {
            tools::output(&mut gzip)?;
        }
        Ok(())
    }
}

/// Sets a mode, whatever the umask is.
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(test)]
impl Tree {
    /// The text of a file; panics where there is none.
    pub(super) fn text(&self, path: &str) -> &str {
        match &self.entries[path] {
            Entry::File { bytes, .. } => std::str::from_utf8(bytes).unwrap(),
            Entry::Folder => panic!("{path} is a folder"),
        }
    }

    /// The paths of all files.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        let files = self.entries.iter().filter(|(_, entry)| matches!(entry, Entry::File { .. }));
        files.map(|(path, _)| path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_a_file_are_there_with_it_and_count_one_kibibyte_each() {
        let mut tree = Tree::default();
        tree.file("usr/share/x", vec![b'x'; 1025]);
        tree.folder("usr/share/y");
        assert_eq!(tree.size(), (4, 5));
    }

    #[test]
    #[should_panic(expected = "two files want to be usr/x")]
    fn no_file_is_there_twice() {
        let mut tree = Tree::default();
        tree.file("usr/x", "one");
        tree.file("usr/x", "other");
    }
}
