//! Sockets to completions: bytes in, bytes out, opened, closed. Must not know messages, stations or
//! time; who speaks over a socket is behind [`Handler`].
//!
//! A worker owns one [`Net`] and runs it in turns:
//!
//! ```text
//! loop {
//!     net.turn(wait, &mut handler)     accept, connect, at most one recv per readable socket
//!     net.send(socket, parts)          any number: a copy into the socket's out-buffer
//!     net.flush()                      at most one send per socket that has something to send
//! }
//! ```
//!
//! # What it costs
//!
//! | operation | system calls | copies |
//! |---|---|---|
//! | [`Net::turn`] | one `epoll_wait`, one `recv` per readable socket | the unfinished frame, if any, before and after the `recv`; what was read is wiped |
//! | [`Net::send`] | none | the bytes, once |
//! | [`Net::flush`] | one `send` per socket written to since the last flush | none; what was sent is wiped |
//! | a new socket | `accept4` or `socket` and `connect`, six options, one `epoll_ctl` | none |
//!
//! The epoll is edge-triggered and a socket is registered once, for both directions, so that there
//! is no system call to change an interest. A `recv` that comes back short has emptied the socket;
//! one that fills the scratch buffer of 64 KiB has not, and the socket is read again at the next
//! turn, after the others.
//!
//! # What it does not know
//!
//! - No clock. A connect or a peer that takes too long is ended by whoever keeps the time, with
//!   [`Net::close`]. Waits have the millisecond of `epoll_wait`, rounded up.
//! - No frames. [`Handler::on_bytes`] says how many bytes it used; the rest, one unfinished frame,
//!   is kept and shown again in front of what comes next.
//! - No retry. A failed connect is reported and its slot freed.
//! - Not what the peer has read: [`Net::send`] gives the offset in the stream behind its bytes, and
//!   [`Handler::on_close`] the offset up to which the kernel has taken them, no more.
//!
//! # Bounds
//!
//! Sockets, events a turn, bytes of an unfinished frame and bytes waiting to be sent are bounded in
//! [`Net::new`] and [`Net::grow`]. Buffers belong to the slots: they grow at first use up to their bound and stay for
//! the next socket, so that a warm `Net` allocates nothing. They hold card data no longer than it
//! waits: what was used, carried on, sent or given up is filled with zeros, which costs a store a byte
//! beside the copy and the system call that each byte costs anyway.

mod budget;
mod carry;
mod counters;
mod handler;
mod ids;
mod listeners;
mod net;
mod options;
mod outgoing;
mod sockets;

pub use budget::Budget;
pub use counters::Counters;
pub use handler::{CloseReason, Handler, Verdict};
pub use ids::{ListenerId, SocketId};
pub use listeners::{Bound, Listening};
pub use net::{Net, SendError, Turn, Wake};
pub use options::{SCRATCH_BYTES, SocketOptions};
