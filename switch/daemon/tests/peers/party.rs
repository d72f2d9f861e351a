//! A partner that speaks by pyiso8583: a Python program of its own, told what to say and asked what
//! it heard. Must not know what the switch does.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};

use serde_json::Value;

use crate::configuration::Speech;
use crate::dice::Row;
use crate::edition::Edition;
use crate::message::Message;
use crate::patience::{PATIENCE, SLICE, SLICES};

/// A partner.
pub(crate) struct Party {
    child: Child,
    stdin: ChildStdin,
    events: Receiver<Value>,
    /// What each field takes, as it understands the dialect.
    pub(crate) rows: Vec<Row>,
}

/// The Python that `tools/setup` made.
fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder of cargo's");
    let python = target.join("python/bin/python");
    assert!(python.exists(), "no {}: run tools/setup first", python.display());
    python
}

/// A table of jPOS's packagers, or messages that it packed.
pub(crate) fn vectors(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../codec/tests/vectors").join(name)
}

impl Party {
    /// Listens, and says where.
    pub(crate) fn listens(edition: &Edition, speech: Speech) -> (Self, SocketAddr) {
        let party = Self::starts(edition, speech, "listen");
        let port = party.tells("port").as_u64().and_then(|port| u16::try_from(port).ok());
        let port = port.expect("a port");
        (party, SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// Connects.
    pub(crate) fn connects(edition: &Edition, speech: Speech, to: SocketAddr) -> Self {
        let party = Self::starts(edition, speech, &to.port().to_string());
        party.links_up();
        party
    }

    fn starts(edition: &Edition, speech: Speech, place: &str) -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/party.py");
        let mut command = Command::new(python());
        // No compiled files beside the sources.
        command.arg("-B").arg(program).arg(vectors(edition.table));
        command.args([speech.dialect, speech.framing, place]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python runs");
        let stdin = child.stdin.take().expect("it is piped");
        let stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let (tell, events) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).expect("each line is JSON");
                if tell.send(event).is_err() {
                    return;
                }
            }
        });
        let mut party = Self { child, stdin, events, rows: Vec::new() };
        party.rows = serde_json::from_value(party.tells("fields")).expect("rows of a table");
        party
    }

    /// Sends a message over its link.
    pub(crate) fn sends(&mut self, message: &Message) {
        let line = serde_json::to_string(message).expect("a message is JSON");
        writeln!(self.stdin, "{line}").expect("it reads what it is told");
    }

    /// Waits for the next message.
    pub(crate) fn hears(&self) -> Message {
        serde_json::from_value(self.tells("heard")).expect("a message")
    }

    /// Sends a message and waits for the next one.
    pub(crate) fn asks(&mut self, message: &Message) -> Message {
        self.sends(message);
        self.hears()
    }

    /// Waits until its link is up.
    pub(crate) fn links_up(&self) {
        assert_eq!(self.tells("link"), "up");
    }

    fn tells(&self, what: &str) -> Value {
        let mut event = self.next(what);
        assert!(!event[what].is_null(), "not {what} came but {event}");
        event[what].take()
    }

    fn next(&self, what: &str) -> Value {
        for _ in 0..SLICES {
            match self.events.recv_timeout(SLICE) {
                Ok(event) => return event,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => panic!("it ended where {what} was awaited"),
            }
        }
        panic!("waited {PATIENCE:?} in vain for {what}")
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        // An error says that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
