//! The other end of the control socket, for the operator's program and for tests. Must not know how
//! an answer is shown.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::PATIENCE;
use crate::change::{ConfigReply, ConfigRequest};
use crate::node_requests::{NodeReply, NodeRequest};
use crate::not_done::NotDone;
use crate::saf::{SafReply, SafRequest};
use crate::status::{SCHEMA_VERSION, Status};

/// How long the answer to a change is waited for: a purge is written down, looked up and done, and each may
/// take three seconds.
const PATIENCE_OF_CHANGES: Duration = Duration::from_secs(10);
/// The longest reply that is read.
const REPLY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why a daemon gave no answer.
#[derive(Debug)]
pub enum AskError {
    /// Nobody listens on the socket, or it is not there.
    NoDaemon(io::Error),
    /// It is not for this user.
    NotPermitted(io::Error),
    /// The daemon took the request and did not answer in time.
    Silent {
        /// For how long it was waited.
        within: Duration,
        /// It would change something, and may have.
        is_change: bool,
    },
    /// The daemon answered that it will not.
    Refused(String),
    /// What came is no answer to the question.
    Garbled(String),
    /// The daemon speaks another version of the status.
    Version(u32),
    /// What was asked for was not done.
    NotDone(NotDone),
}

/// Asks the daemon on this socket for its status.
///
/// # Errors
/// See [`AskError`]; an answer that does not come is waited for as long as the daemon itself waits
/// for a client, and that to a change for longer than it may take.
pub fn ask_status(path: &Path) -> Result<Status, AskError> {
    let reply = ask(path, &json!({ "command": "status" }), false)?;
    let status: Status = serde_json::from_value(reply).map_err(garbled)?;
    if status.schema_version == SCHEMA_VERSION {
        Ok(status)
    } else {
        Err(AskError::Version(status.schema_version))
    }
}

/// Asks the daemon on this socket about stored messages, or to have something done about one.
///
/// # Errors
/// See [`AskError`], as for [`ask_status`].
pub fn ask_saf(path: &Path, request: &SafRequest) -> Result<SafReply, AskError> {
    let is_change = match request {
        SafRequest::List { .. } | SafRequest::Page { .. } | SafRequest::Show { .. } => false,
        SafRequest::Hold { .. } | SafRequest::Release { .. } | SafRequest::Purge { .. } => true,
    };
    let reply = ask(path, &Asked { command: "saf", request }, is_change)?;
    serde_json::from_value(reply).map_err(garbled)
}

/// Asks the daemon on this socket about its configuration, or to change it.
///
/// # Errors
/// See [`AskError`], as for [`ask_status`].
pub fn ask_config(path: &Path, request: &ConfigRequest) -> Result<ConfigReply, AskError> {
    let is_change = matches!(request, ConfigRequest::Apply { .. });
    let reply = ask(path, &Asked { command: "config", request }, is_change)?;
    serde_json::from_value(reply).map_err(garbled)
}

/// Asks the daemon on this socket about its node and the peer, or to change which part it has.
///
/// # Errors
/// See [`AskError`], as for [`ask_status`].
pub fn ask_node(path: &Path, request: &NodeRequest) -> Result<NodeReply, AskError> {
    let reply = ask(path, &Asked { command: "node", request }, request.is_change())?;
    serde_json::from_value(reply).map_err(garbled)
}

/// A command, with what only it has.
#[derive(Serialize)]
struct Asked<'r, R> {
    command: &'static str,
    #[serde(flatten)]
    request: &'r R,
}

/// Puts a request and takes the reply, which is no refusal.
fn ask(path: &Path, request: &impl Serialize, is_change: bool) -> Result<Value, AskError> {
    let within = if is_change { PATIENCE_OF_CHANGES } else { PATIENCE };
    ask_within(within, path, request, is_change)
}

fn ask_within(
    within: Duration,
    path: &Path,
    request: &impl Serialize,
    is_change: bool,
) -> Result<Value, AskError> {
    let stream = UnixStream::connect(path).map_err(|error| {
        let closed = error.kind() == ErrorKind::PermissionDenied;
        if closed { AskError::NotPermitted(error) } else { AskError::NoDaemon(error) }
    })?;
    let mut line = serde_json::to_vec(request).expect("plain data has a JSON form");
    line.push(b'\n');
    let line = exchange(stream, &line, within).map_err(|error| {
        let silent = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        if silent {
            AskError::Silent { within, is_change }
        } else {
            AskError::Garbled(error.to_string())
        }
    })?;
    let reply: Value = serde_json::from_str(&line).map_err(garbled)?;
    let Some(error) = reply.get("error") else { return Ok(reply) };
    let error = error.as_str().unwrap_or_default().to_owned();
    Err(match reply.get("kind").and_then(Value::as_str) {
        Some(kind) => AskError::NotDone(NotDone::of(kind, error)),
        None => AskError::Refused(error),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn garbled(error: serde_json::Error) -> AskError {
    AskError::Garbled(error.to_string())
}

/// Sends a line and reads one.
fn exchange(mut stream: UnixStream, request: &[u8], within: Duration) -> io::Result<String> {
    stream.set_read_timeout(Some(within))?;
    stream.set_write_timeout(Some(within))?;
    // A daemon that is full says so and closes without reading: what it said is still to be read.
    let sent = stream.write_all(request);
    let mut line = String::new();
    BufReader::new(stream.take(REPLY_BYTES_MAX)).read_line(&mut line)?;
    if line.is_empty() {
        sent?;
        return Err(io::Error::new(ErrorKind::UnexpectedEof, "the connection was closed"));
    }
    Ok(line)
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDaemon(error) => write!(f, "no daemon answers: {error}"),
            Self::NotPermitted(error) => write!(f, "not permitted: {error}"),
            Self::Silent { within, is_change } => {
                write!(f, "the daemon did not answer within {} s", within.as_secs())?;
                let unknown = "; whether it was done is not known: look again";
                f.write_str(if *is_change { unknown } else { "" })
            }
            Self::Refused(error) => write!(f, "the daemon refused: {error}"),
            Self::Garbled(error) => write!(f, "the answer can not be read: {error}"),
            Self::NotDone(error) => write!(f, "{error}"),
            Self::Version(version) => write!(
                f,
                "the daemon speaks version {version} of the status and this program version \
                 {SCHEMA_VERSION}; use the program of the daemon's release"
            ),
        }
    }
}

impl std::error::Error for AskError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn of_a_change_that_is_not_answered_it_is_not_known_whether_it_was_done() {
        let path = std::env::temp_dir().join(format!("sekisho-silent-{}", std::process::id()));
        let _deaf = UnixListener::bind(&path).unwrap();
        let within = Duration::from_millis(20);
        let said = |is_change| {
            let nothing = json!({ "command": "saf" });
            ask_within(within, &path, &nothing, is_change).unwrap_err().to_string()
        };
        assert_eq!(said(false), "the daemon did not answer within 0 s");
        let purge = 3 * Duration::from_secs(3);
        assert!(PATIENCE_OF_CHANGES > purge, "{PATIENCE_OF_CHANGES:?}");
        assert!(said(true).ends_with("whether it was done is not known: look again"));
        std::fs::remove_file(&path).unwrap();
    }
}
