//! The seam between sockets and what speaks over them. Must not know how sockets are kept.

use std::io;
use std::net::SocketAddr;

use crate::{ListenerId, SocketId};

/// What speaks over the sockets of a `Net`. Called from within `Net::turn` only; what it wants to
/// send or close it keeps until the turn is over.
pub trait Handler {
    /// Somebody connected. `false` closes the socket at once; nothing more is heard of it then.
    fn on_accept(&mut self, listener: ListenerId, peer: SocketAddr, socket: SocketId) -> bool;

    /// A `Net::connect` of ours has succeeded.
    fn on_open(&mut self, socket: SocketId);

    /// Bytes came in: what was not used last time, and behind it what was just read; never empty.
    /// They may be changed in place, but changes to bytes that are not used are kept as well.
    fn on_bytes(&mut self, socket: SocketId, bytes: &mut [u8]) -> Verdict;

    /// The socket is gone, once per accepted, opened or failed one. The kernel has taken the first
    /// `sent` bytes of what was given to `Net::send`: compare with the offset it returned to see
    /// whether a message left whole, in part or not at all.
    fn on_close(&mut self, socket: SocketId, why: CloseReason, sent: u64);
}

/// What to do with a socket after its bytes were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This many bytes were used; the rest is carried in front of the next ones.
    Keep(usize),
    /// The peer can not be understood: close. What waits to be sent to it is dropped.
    Close,
}

/// Why a socket is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The peer ended its stream. A half-close counts as a close: what it asked in the turn before
    /// can still be answered, nothing later.
    PeerEnded,
    /// The connection broke: reset, timed out, unreachable. Bytes that had come in before were
    /// delivered first.
    Failed(io::ErrorKind),
    /// Our connect did not succeed.
    NotConnected(io::ErrorKind),
    /// More bytes were left unused than an unfinished frame may have.
    FrameTooLong,
    /// [`Verdict::Close`].
    Unwanted,
    /// `Net::close`, with a number that only its caller understands.
    Asked(u8),
}
