//! The programs under test, built as this one was. Must not know what is done with them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::trouble::Trouble;
use crate::cargo;

/// Where they are.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) sekishod: PathBuf,
    pub(super) sekisho: PathBuf,
}

impl Programs {
    /// Builds them beside this program, for release if it was.
    pub(super) fn build(root: &Path) -> Result<Self, Trouble> {
        let here = std::env::current_exe().map_err(Trouble::failed("this program's place"))?;
        let folder = here.parent().unwrap_or(Path::new("."));
        let mut build = cargo::command(root);
        build.args(["build", "--quiet", "--bin", "sekishod", "--bin", "sekisho"]);
        // Cargo puts each profile into a folder of its name.
        if folder.file_name() == Some(OsStr::new("release")) {
            build.arg("--release");
        }
        let built = build.status().map_err(Trouble::failed("cargo build"))?;
        if !built.success() {
            return Err(Trouble::Failed("cargo build failed".into()));
        }
        Ok(Self { sekishod: folder.join("sekishod"), sekisho: folder.join("sekisho") })
    }

    /// A command that the system kills when this thread ends, whatever becomes of it.
    pub(super) fn leashed(program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command.stdin(Stdio::null());
        command
    }
}
