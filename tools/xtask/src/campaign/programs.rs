//! The programs under test, built as this one was. Must not know what is done with them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::trouble::Trouble;
use crate::cargo;

/// Where they are.
#[derive(Clone, Debug)]
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

    /// Those that were built before, beside this program.
    pub(super) fn beside() -> Result<Self, Trouble> {
        let here = std::env::current_exe().map_err(Trouble::failed("this program's place"))?;
        Ok(Self {
            sekishod: here.with_file_name("sekishod"),
            sekisho: here.with_file_name("sekisho"),
        })
    }

    /// What a switch has open, as its operators are told: requests without an answer, and messages that
    /// no issuer has acknowledged. None when it does not say.
    pub(super) fn open(&self, socket: &Path) -> Option<u64> {
        let mut command = Self::leashed(&self.sekisho);
        command.args(["status", "-o", "json", "--socket"]).arg(socket);
        let output = command.output().ok().filter(|output| output.status.success())?;
        open_of(&output.stdout)
    }

    /// A command that the system kills when this thread ends, whatever becomes of it.
    pub(super) fn leashed(program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command.stdin(Stdio::null());
        command
    }
}

/// The sum of what `sekisho status -o json` says is open.
pub(super) fn open_of(status: &[u8]) -> Option<u64> {
    let status: Value = serde_json::from_slice(status).ok()?;
    let sum = |list: &str, figure: &str| -> Option<u64> {
        status[list].as_array()?.iter().map(|one| one[figure].as_u64()).sum()
    };
    Some(sum("stations", "in_flight")? + sum("workers", "stored")?)
}
