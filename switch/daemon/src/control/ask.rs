//! The other end of the control socket, for the operator's program and for tests. Must not know how
//! an answer is shown.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::PATIENCE;
use crate::status::{SCHEMA_VERSION, Status};

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
    Silent,
    /// The daemon answered that it will not.
    Refused(String),
    /// What came is no answer to the question.
    Garbled(String),
    /// The daemon speaks another version of the status.
    Version(u32),
}

/// Asks the daemon on this socket for its status.
///
/// # Errors
/// See [`AskError`]; an answer that does not come is waited for as long as the daemon itself waits
/// for a client.
pub fn ask_status(path: &Path) -> Result<Status, AskError> {
    let stream = UnixStream::connect(path).map_err(|error| {
        let closed = error.kind() == ErrorKind::PermissionDenied;
        if closed { AskError::NotPermitted(error) } else { AskError::NoDaemon(error) }
    })?;
    let line = exchange(stream, b"{\"command\":\"status\"}\n").map_err(|error| {
        let silent = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        if silent { AskError::Silent } else { AskError::Garbled(error.to_string()) }
    })?;
    let garbled = |error: serde_json::Error| AskError::Garbled(error.to_string());
    let reply: serde_json::Value = serde_json::from_str(&line).map_err(garbled)?;
    if let Some(error) = reply.get("error") {
        return Err(AskError::Refused(error.as_str().unwrap_or_default().into()));
    }
    let status: Status = serde_json::from_value(reply).map_err(garbled)?;
    if status.schema_version == SCHEMA_VERSION {
        Ok(status)
    } else {
        Err(AskError::Version(status.schema_version))
    }
}

/// Sends a line and reads one.
fn exchange(mut stream: UnixStream, request: &[u8]) -> io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
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
            Self::Silent => write!(f, "the daemon did not answer within {} s", PATIENCE.as_secs()),
            Self::Refused(error) => write!(f, "the daemon refused: {error}"),
            Self::Garbled(error) => write!(f, "the answer can not be read: {error}"),
            Self::Version(version) => write!(
                f,
                "the daemon speaks version {version} of the status and this program version \
                 {SCHEMA_VERSION}; use the program of the daemon's release"
            ),
        }
    }
}

impl std::error::Error for AskError {}
