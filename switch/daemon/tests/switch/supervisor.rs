//! A service manager of a test's own: a socket that hears what the daemon tells, and a hand that holds
//! threads of it. Must not know what should be told.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::configuration::Configuration;
use crate::patience::{SLICE, SLICES};
use crate::place::Directory;
use crate::sekishod::Sekishod;

/// Hears what a daemon tells its service supervisor.
pub(crate) struct Supervisor {
    socket: UnixDatagram,
    path: PathBuf,
    /// Its socket lies there.
    _directory: Directory,
}

impl Supervisor {
    pub(crate) fn listens() -> Self {
        let directory = Directory::new();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("the directory takes a socket");
        socket.set_read_timeout(Some(SLICE)).expect("a short time");
        Self { socket, path, _directory: directory }
    }

    /// Starts a daemon with a watchdog, by another program if one is given, which becomes it.
    pub(crate) fn starts(
        &self,
        watchdog: Duration,
        by: &[&str],
        directory: Directory,
        configuration: &Configuration,
    ) -> Sekishod {
        let socket = format!("NOTIFY_SOCKET={}", self.path.display());
        let watchdog = format!("WATCHDOG_USEC={}", watchdog.as_micros());
        let environment = ["env", &socket, &watchdog];
        Sekishod::tries_by(&[&environment, by].concat(), directory, configuration)
    }

    /// The next message, as its lines.
    pub(crate) fn hears(&self) -> Vec<String> {
        let mut bytes = [0; 4_096];
        let heard = (0..SLICES).find_map(|_| self.socket.recv(&mut bytes).ok());
        let length = heard.expect("waited in vain for a message");
        let text = String::from_utf8(bytes[..length].to_vec()).expect("a text");
        text.lines().map(str::to_owned).collect()
    }

    /// Waits for a message with this line; gives all of it.
    pub(crate) fn hears_of(&self, line: &str) -> Vec<String> {
        loop {
            let heard = self.hears();
            if heard.iter().any(|heard| heard == line) {
                return heard;
            }
        }
    }

    /// How many messages with this line have come and were not heard yet.
    pub(crate) fn has_heard(&self, line: &str) -> usize {
        self.socket.set_nonblocking(true).expect("it is a socket");
        let mut bytes = [0; 4_096];
        let mut count = 0;
        while let Ok(length) = self.socket.recv(&mut bytes) {
            let text = std::str::from_utf8(&bytes[..length]).expect("a text");
            count += text.lines().filter(|heard| *heard == line).count();
        }
        self.socket.set_nonblocking(false).expect("it is a socket");
        count
    }
}

/// Threads that stand still until this is dropped.
pub(crate) struct Held(Child);

impl Held {
    /// Holds the threads of this name.
    pub(crate) fn holds(switch: &Sekishod, name: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/switch/hold.py");
        let mut command = Command::new("python3");
        command.args([script, &switch.process().to_string(), name]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3 is there");
        let mut said = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut said).expect("a line");
        assert_eq!(said, "held\n");
        Self(child)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The end of its input is its sign.
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}
