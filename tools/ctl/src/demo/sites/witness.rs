//! The witness of two sites: an etcd of one member, from this machine. Must not know what stands in it.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::super::process::Process;
use crate::output::{FAILED, Failure};

/// What it is called.
const PROGRAM: &str = "etcd";
/// What it says when it can be asked.
const READY: &str = "ready to serve client requests";

/// The witness.
#[derive(Debug, Default)]
pub(in crate::demo) struct Witness {
    pub(super) process: Option<Process>,
    /// It can be asked.
    pub(super) is_ready: bool,
    /// It has been told to end.
    pub(super) stopping: bool,
}

impl Witness {
    /// A line of its log.
    pub(in crate::demo) fn on_line(&mut self, line: String) {
        self.is_ready |= line.contains(READY);
        if let Some(process) = &mut self.process {
            process.heard(line);
        }
    }
}

/// Where the program is.
pub(super) fn program() -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    program_in(&path).ok_or_else(|| {
        let message = "two sites need etcd as their witness, and it is not in PATH; on Debian: \
                       apt-get install etcd-server";
        Failure::new(FAILED, message)
    })
}

fn program_in(path: &OsStr) -> Option<PathBuf> {
    let may_run = |file: &PathBuf| {
        fs::metadata(file)
            .is_ok_and(|told| told.is_file() && told.permissions().mode() & 0o111 != 0)
    };
    std::env::split_paths(path).map(|folder| folder.join(PROGRAM)).find(may_run)
}

/// The arguments of the child that becomes it: where it keeps its data, and where it listens for the
/// sites and for members that it does not have.
pub(super) fn arguments(
    program: &Path,
    data: &Path,
    clients: SocketAddr,
    members: SocketAddr,
) -> Vec<String> {
    let (program, data) = (program.to_string_lossy(), data.to_string_lossy());
    vec![
        "witness".into(),
        program.into_owned(),
        "--name=demo".into(),
        format!("--data-dir={data}"),
        format!("--listen-client-urls=http://{clients}"),
        format!("--advertise-client-urls=http://{clients}"),
        format!("--listen-peer-urls=http://{members}"),
        format!("--initial-advertise-peer-urls=http://{members}"),
        format!("--initial-cluster=demo=http://{members}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_run_is_the_program() {
        let folder = std::env::temp_dir().join(format!("sk-path-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join(PROGRAM);
        fs::write(&file, "").unwrap();
        assert_eq!(program_in(folder.as_os_str()), None);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        let path = std::env::join_paths([Path::new("/nowhere"), &folder]).unwrap();
        assert_eq!(program_in(&path), Some(file));
        assert_eq!(program_in(OsStr::new("")), None);
        fs::remove_dir_all(folder).unwrap();
    }
}
