//! A network of one machine, or of the centres around machines: devices, addresses and ports that nobody else
//! has. Must not know who is in it.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::{done, joined};

/// A network namespace, held by a file; it ends with the mount namespace at the latest.
#[derive(Clone, Debug)]
pub(crate) struct Network(PathBuf);

impl Network {
    /// A new one, held by this file, in which nothing is up but its loopback.
    pub(crate) fn new(file: PathBuf) -> io::Result<Self> {
        fs::write(&file, "")?;
        let mut unshare = Command::new("unshare");
        unshare.arg(joined("--net=", &file)).arg("true");
        done(&mut unshare)?;
        let network = Self(file);
        // In a network of one's own not even the loopback is up.
        network.ip("link set lo up")?;
        Ok(network)
    }

    /// The file that holds it.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// This thread goes into it, and those that it starts from now on.
    pub(crate) fn enter(&self) -> io::Result<()> {
        let network = fs::File::open(&self.0)?;
        Ok(move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))?)
    }

    /// A program of this side that runs there, and ends with this thread at the latest.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", "nsenter"]).arg(joined("--net=", &self.0));
        command.arg("--").arg(program).stdin(Stdio::null());
        command
    }

    /// It is let go of: it ends with the last process that is in it.
    pub(crate) fn leave(&self) -> io::Result<()> {
        done(Command::new("umount").arg(&self.0))
    }

    /// Runs `ip` of this side there, with these words.
    pub(super) fn ip(&self, words: &str) -> io::Result<()> {
        let mut ip = Command::new("nsenter");
        ip.arg(joined("--net=", &self.0)).arg("ip").args(words.split_whitespace());
        done(&mut ip)
    }
}
