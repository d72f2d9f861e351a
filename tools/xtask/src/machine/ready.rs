//! The end of a boot: `systemd-nspawn` says who the machine's first process is, and when its services
//! run (`sd_notify`). Must not know what was booted.

use std::fs;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest message.
const MESSAGE_MAX: usize = 4096;

/// Where `systemd-nspawn` tells it.
#[derive(Debug)]
pub(super) struct Ready {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Ready {
    pub(super) fn new(path: PathBuf) -> io::Result<Self> {
        // That of an earlier boot.
        if path.exists() {
            fs::remove_file(&path)?;
        }
        Ok(Self { socket: UnixDatagram::bind(&path)?, path })
    }

    pub(super) fn socket(&self) -> &Path {
        &self.path
    }

    /// Waits until all runs; the machine's first process.
    pub(super) fn leader(&self, within: Duration) -> io::Result<String> {
        self.socket.set_read_timeout(Some(within))?;
        let mut leader = None;
        let mut message = vec![0; MESSAGE_MAX];
        loop {
            let length = self.socket.recv(&mut message)?;
            let text =
                String::from_utf8_lossy(message.get(..length).unwrap_or_default()).into_owned();
            for line in text.lines() {
                match line.split_once('=') {
                    Some(("X_NSPAWN_LEADER_PID", pid)) => leader = Some(pid.to_owned()),
                    Some(("READY", "1")) => {
                        return leader.ok_or_else(|| io::Error::other("it does not say who it is"));
                    }
                    _ => {}
                }
            }
        }
    }
}
