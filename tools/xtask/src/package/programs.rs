//! The three programs of the package: built, or found, and stripped. Must not know where they are
//! installed.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tools;
use crate::cargo;

/// What they are called.
pub(super) const NAMES: [&str; 3] = ["sekishod", "sekisho", "sekisho-bench"];

/// A folder that holds the three.
#[derive(Clone, Debug)]
pub(super) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Those that are in a folder already.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        match NAMES.iter().find(|name| !folder.join(name).is_file()) {
            None => Ok(Self { folder: folder.to_owned() }),
            Some(name) => {
                Err(io::Error::other(format!("no program {}", folder.join(name).display())))
            }
        }
    }

    /// Builds them for release.
    pub(super) fn build(root: &Path) -> io::Result<Self> {
        build(root, true)?;
        Self::of(&cargo::target_of(root).join("release"))
    }

    /// Builds them beside this program, for release if it was.
    pub(super) fn beside(root: &Path) -> io::Result<Self> {
        let here = std::env::current_exe()?;
        let folder = here.parent().unwrap_or(Path::new("."));
        // Cargo puts each profile into a folder of its name.
        build(root, folder.file_name() == Some(OsStr::new("release")))?;
        Self::of(folder)
    }

    /// Copies them into a folder that is not there yet, without what only a debugger reads.
    pub(super) fn strip(&self, into: &Path) -> io::Result<Self> {
        fs::create_dir_all(into)?;
        for name in NAMES {
            let mut strip = Command::new("strip");
            strip.args(["--strip-unneeded", "--remove-section=.comment", "--remove-section=.note"]);
            strip.arg("-o").arg(into.join(name)).arg(self.path(name));
            tools::output(&mut strip)?;
        }
        Ok(Self { folder: into.to_owned() })
    }

    /// Where one of them is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn build(root: &Path, release: bool) -> io::Result<()> {
    let mut build = cargo::command(root);
    build.args(["build", "--quiet"]);
    for name in NAMES {
        build.args(["--bin", name]);
    }
    if release {
        build.arg("--release");
    }
    if build.status()?.success() { Ok(()) } else { Err(io::Error::other("cargo build failed")) }
}
