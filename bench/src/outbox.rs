//! Bytes for sockets, kept until the turn in which they were made is over. Must not know what they
//! say.

use switch_net::{Net, SendError, SocketId};

/// What a handler of `switch-net` wants to send. Bounded by what one turn reads; keeps its memory.
#[derive(Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    /// Socket, and where its bytes end; they begin where those before end.
    parts: Vec<(SocketId, usize)>,
}

impl Outbox {
    /// Adds bytes for a socket; neighbours for one socket become one send.
    pub(crate) fn push(&mut self, socket: SocketId, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let end = self.bytes.len();
        match self.parts.last_mut() {
            Some((last, last_end)) if *last == socket => *last_end = end,
            _ => self.parts.push((socket, end)),
        }
    }

    /// Gives everything to the sockets. What one does not take is told, and dropped.
    pub(crate) fn deliver(&mut self, net: &mut Net, mut refused: impl FnMut(SocketId, SendError)) {
        let mut begin = 0;
        for (socket, end) in self.parts.drain(..) {
            if let Err(error) = net.send(socket, &[&self.bytes[begin..end]]) {
                refused(socket, error);
            }
            begin = end;
        }
        self.bytes.clear();
    }
}
