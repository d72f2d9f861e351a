//! The seam to whoever moves bytes: sockets and lanes in the daemon, queues in the simulator.

use codec::Tpdu;

use crate::ids::{LinkId, WorkerId};

/// Where a message came to lie among the bytes of its link, counted from the link's opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its first byte.
    pub start: u64,
    /// The byte behind its last.
    pub end: u64,
    /// Bytes that the socket has taken so far.
    pub handed: u64,
}

/// What takes the bytes that the gate releases.
pub trait Outlet {
    /// Frames a message and adds it to what is to be sent on a link; none when the link has no
    /// room, or is gone. Where the framing has TPDUs, an answer comes with the one that it carries;
    /// what is not an answer carries the framing's own.
    fn send(&mut self, link: LinkId, tpdu: Option<Tpdu>, message: &[u8]) -> Option<Placed>;

    /// How many bytes of a link its socket has taken so far.
    fn handed(&self, link: LinkId) -> u64;

    /// Takes back the message that lies between these places of a link; false when its socket has
    /// taken a byte of it. What comes behind keeps its place.
    fn withdraw(&mut self, link: LinkId, start: u64, end: u64) -> bool;

    /// Adds a message to what is to be handed to another worker; false when there is no room. The
    /// message is `head` and `body`, one after the other; `answer` ones may use the room kept for
    /// them.
    fn carry(&mut self, worker: WorkerId, answer: bool, head: &[u8], body: &[u8]) -> bool;
}
