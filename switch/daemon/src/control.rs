//! The control thread: answers operators on a Unix socket. When it stalls, they get no answer and
//! no transaction waits. Must not know where a status comes from.
//!
//! A request is a JSON object on one line, `{"command":"status"}` or `{"command":"saf",
//! "action":"list"}`; the reply is one line too, the object asked for or `{"error":"..."}`, with a
//! `kind` where a program may want to know which. `socat - UNIX-CONNECT:/run/sekisho/control.sock` will do.

mod ask;

mod clients;

mod desk;

mod commands;

mod peer;

mod role;

mod socket;

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{Sender, bounded};

use crate::change::{ConfigReply, ConfigRequest};
use crate::clocks;
use crate::config::ControlRoles;
use crate::node_requests::{NodeReply, NodeRequest};
use crate::nodes;
use crate::not_done::NotDone;
use crate::saf::{SafReply, SafRequest};
use crate::status::Status;

pub use ask::{AskError, ask_config, ask_node, ask_saf, ask_status};
use clients::Clients;
use desk::Desk;
pub use desk::{ASKED, COMMANDS_PER_SECOND, Entry};
pub use peer::Peer;
pub use role::Role;
pub(crate) use role::role_of;
use socket::BoundSocket;

/// The most clients at once, the last place for root alone; one more is told so and let go.
pub const CLIENTS_MAX: usize = 16;
/// The most of them of one user.
pub const CLIENTS_OF_ONE_MAX: usize = 4;
/// The longest request, with its end of line.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// How long a client may take to send a request, or to take a reply.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Says how everything stands.
pub(crate) type AnyStatus = dyn Fn() -> Status + Send + Sync;

/// Shows or changes stored messages, for a peer.
pub type SafSource = dyn Fn(&SafRequest, &Peer) -> Result<SafReply, NotDone> + Send;

/// Shows or changes the configuration, for a peer.
pub type ConfigSource = dyn Fn(&ConfigRequest, &Peer) -> Result<ConfigReply, NotDone> + Send;

/// Shows how this node and its peer stand, or changes it.
pub type NodeSource = dyn Fn(&NodeRequest) -> Result<NodeReply, NotDone> + Send;

/// Writes a command down and says at once or later, once, whether it was.
pub type RecordSource = dyn Fn(&Entry<'_>, &Sender<bool>) + Send;

/// Says who is at the other end of a connection.
type Identify = dyn Fn(&UnixStream) -> io::Result<Peer> + Send;

/// Who answers: called on the control thread, once a request.
pub struct Sources {
    /// How everything stands.
    pub status: Box<dyn Fn() -> Status + Send>,
    /// Stored messages, shown or changed.
    pub saf: Box<SafSource>,
    /// The configuration, shown or changed; none where nobody can.
    pub config: Option<Box<ConfigSource>>,
    /// This node and its peer, shown or changed.
    pub node: Box<NodeSource>,
    /// Who may do what by the configuration that runs now.
    pub roles: Box<dyn Fn() -> ControlRoles + Send>,
    /// Where commands are written down.
    pub write: Box<RecordSource>,
}

impl Sources {
    /// Of a node that keeps no journal and names nobody: whoever reaches the socket may look, root and
    /// its own user may do everything.
    pub fn unrecorded(status: Box<dyn Fn() -> Status + Send>, saf: Box<SafSource>) -> Self {
        let write = |_: &Entry<'_>, written: &Sender<bool>| {
            let _nobody_asks = written.try_send(true);
        };
        let (roles, write) = (Box::new(ControlRoles::default), Box::new(write));
        Self { status, saf, config: None, node: Box::new(nodes::nobody), roles, write }
    }
}

/// The control thread. It ends, and its socket goes away, when this is dropped.
#[derive(Debug)]
pub struct ControlHandle {
    /// Where those are handed over who answer from then on.
    next: Sender<Sources>,
    busy: Arc<AtomicBool>,
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
    serve_with(path, sources, PATIENCE, Box::new(Peer::of))
}

fn serve_with(
    path: &Path,
    sources: Sources,
    patience: Duration,
    identify: Box<Identify>,
) -> io::Result<ControlHandle> {
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("control socket {}: {error}", path.display()))
    };
    let socket = BoundSocket::bind(path).map_err(named)?;
    let (stop, stopped) = UnixStream::pair()?;
    let (next, changed) = bounded(1);
    let busy = Arc::default();
    let mut clients =
        Clients::new(Desk::new(sources, changed), patience, identify, Arc::clone(&busy));
    let thread = thread::Builder::new()
        .name("control".into())
        .spawn(move || clients.run(&socket, &stopped))?;
    Ok(ControlHandle { next, busy, stop: Some(stop), thread: Some(thread) })
}

impl ControlHandle {
    /// Waits until who is being answered has the answer, for so long at most.
    pub(crate) fn lets_answer(&self, within: Duration) {
        let begun = clocks::boot();
        while self.busy.load(Ordering::Relaxed) && clocks::boot().since(begun) < within {
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Others answer from the next command on. Nobody waits for the one that is being answered.
    pub(crate) fn answered_by(&self, sources: Sources) {
        // The node changes its part once in a life of the process, so there is room.
        drop(self.next.try_send(sources));
    }

    /// Leaves the thread to the end of the process, which is near, and does not wait for it.
    pub fn leave(mut self) {
        drop(self.thread.take());
    }
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
