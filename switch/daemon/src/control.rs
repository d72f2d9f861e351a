//! The control thread: answers operators on a Unix socket. When it stalls, they get no answer and
//! no transaction waits. Must not know where a status comes from.
//!
//! A request is a JSON object on one line, `{"command":"status"}` or `{"command":"saf",
//! "action":"list"}`; the reply is one line too, the object asked for or `{"error":"..."}`, with a
//! `kind` where a program may want to know which. `socat - UNIX-CONNECT:/run/sekisho/control.sock` will do.

mod ask;

mod clients;

mod socket;

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::not_done::NotDone;
use crate::saf::{SafReply, SafRequest};
use crate::status::Status;

pub use ask::{AskError, ask_config, ask_saf, ask_status};
use clients::Clients;
use socket::BoundSocket;

/// The most clients at once; one more is told so and let go.
pub const CLIENTS_MAX: usize = 16;
/// The longest request, with its end of line.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// How long a client may take to send a request, or to take a reply.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Shows or changes stored messages.
pub type SafSource = dyn Fn(&SafRequest) -> Result<SafReply, NotDone> + Send;

/// Who answers: called on the control thread, once a request.
pub struct Sources {
    /// How everything stands.
    pub status: Box<dyn Fn() -> Status + Send>,
    /// Stored messages, shown or changed.
    pub saf: Box<SafSource>,
}

/// The control thread. It ends, and its socket goes away, when this is dropped.
#[derive(Debug)]
pub struct ControlHandle {
    /// Closed first: the thread sees the end of its other half.
    stop: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the control thread on a Unix socket of mode 0660 at `path`.
///
/// A directory that is not there is created when its own parent is. A socket left behind by a
/// process that is gone is replaced.
///
/// # Errors
/// `AddrInUse` when a daemon answers on that path, or when something that is no socket stands
/// there; others of the operating system. The text names the path.
pub fn serve(path: &Path, sources: Sources) -> io::Result<ControlHandle> {
    serve_with(path, sources, PATIENCE)
}

fn serve_with(path: &Path, sources: Sources, patience: Duration) -> io::Result<ControlHandle> {
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("control socket {}: {error}", path.display()))
    };
    let socket = BoundSocket::bind(path).map_err(named)?;
    let (stop, stopped) = UnixStream::pair()?;
    let mut clients = Clients::new(sources, patience);
    let thread = thread::Builder::new()
        .name("control".into())
        .spawn(move || clients.run(&socket, &stopped))?;
    Ok(ControlHandle { stop: Some(stop), thread: Some(thread) })
}

impl Drop for ControlHandle {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It fails only when the thread panicked, which the release build does not survive.
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests;
