//! The files of the checkout and what cargo says of its packages. Reads once; judges nothing.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::Metadata;
use crate::source::Rust;

/// Everything that the checks look at.
pub(crate) struct Checkout {
    /// The top of the checkout.
    pub(crate) root: PathBuf,
    /// The files that are tracked or would be (not ignored), in the order of their paths.
    pub(crate) files: Vec<File>,
    /// Our packages and those they use.
    pub(crate) metadata: Metadata,
}

impl Checkout {
    /// Reads the checkout at `root`.
    pub(crate) fn read(root: PathBuf) -> io::Result<Self> {
        let mut paths = match tracked(&root) {
            Some(paths) => paths,
            None => walked(&root)?,
        };
        paths.sort();
        paths.dedup();
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            let on_disk = root.join(&path);
            // A tracked file that was just deleted, or a link into the void, has nothing to check.
            if on_disk.is_file() {
                let bytes = fs::read(on_disk)?;
                files.push(File::new(&path, &String::from_utf8_lossy(&bytes)));
            }
        }
        let metadata = Metadata::read(&root)?;
        Ok(Self { root, files, metadata })
    }

    /// The text of a file; empty when there is none of that path.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }
}

/// One file of the checkout.
pub(crate) struct File {
    /// Its path relative to the top, with `/` between the parts.
    pub(crate) path: String,
    /// Its text; bytes that are not UTF-8 are replaced.
    pub(crate) text: String,
    /// Its parts, if it is Rust.
    pub(crate) rust: Option<Rust>,
}

impl File {
    /// A file of that path and text.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let rust = (extension(path) == Some("rs")).then(|| Rust::new(text));
        Self { path: path.to_owned(), text: text.to_owned(), rust }
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What stands behind the last dot of its name.
    pub(crate) fn extension(&self) -> Option<&str> {
        extension(&self.path)
    }

    /// Whether it is a script: its first line says which program reads it.
    pub(crate) fn is_script(&self) -> bool {
        self.text.starts_with("#!/")
    }

    /// Whether the whole file is a test: `tests.rs`, or anything below a folder `tests`.
    pub(crate) fn is_test(&self) -> bool {
        self.name() == "tests.rs" || self.path.split('/').any(|part| part == "tests")
    }
}

fn extension(path: &str) -> Option<&str> {
    Path::new(path).extension()?.to_str()
}

/// The top of the checkout that cargo was asked to run this program from.
pub(crate) fn root() -> io::Result<PathBuf> {
    // Not the folder it was built in: two checkouts that share a target folder share the program.
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = package.as_deref().and_then(|package| package.ancestors().nth(2));
    root.map(Path::to_owned).ok_or_else(|| io::Error::other("run it as `cargo xtask`"))
}

/// What git tracks or would track; `None` without git or without a repository.
fn tracked(root: &Path) -> Option<Vec<String>> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let output = git.output().ok().filter(|output| output.status.success())?;
    let listed = String::from_utf8(output.stdout).ok()?;
    Some(listed.split_terminator('\0').map(str::to_owned).collect())
}

/// Every file below `root` but what cargo built: the checkout was copied without its repository.
fn walked(root: &Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() && entry.file_name() != "target" && entry.file_name() != ".git" {
                folders.push(entry.path());
            } else if kind.is_file() {
                let path = entry.path();
                let relative = path.strip_prefix(root).map_err(io::Error::other)?;
                paths.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_below_tests_and_files_named_tests_are_tests() {
        let is_test = |path| File::new(path, "").is_test();
        assert!(is_test("switch/daemon/tests/relay.rs"));
        assert!(is_test("codec/src/decode/tests.rs"));
        assert!(!is_test("codec/src/decode.rs"));
        assert!(!is_test("codec/src/latests.rs"));
    }

    #[test]
    fn a_walk_finds_what_git_tracks() {
        let package = root().unwrap().join("tools/xtask");
        let walked = walked(&package).unwrap();
        assert!(walked.contains(&"src/checkout.rs".to_owned()));
        for path in tracked(&package).unwrap_or_default() {
            assert!(walked.contains(&path), "{path}");
        }
    }
}
