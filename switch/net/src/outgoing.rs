//! The bytes that wait for a peer. Must not know where one message ends and the next begins.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write as _};

use mio::net::TcpStream;

/// Small enough for an idle socket, large enough for a few messages.
const FIRST_BYTES: usize = 4 * 1024;

/// A ring of bytes; keeps its memory from one socket to the next.
#[derive(Default)]
pub(crate) struct Outgoing {
    bytes: VecDeque<u8>,
    /// Bytes of this connection's stream that the kernel has taken.
    sent: u64,
}

/// What became of a send.
pub(crate) enum Handed {
    All,
    /// The kernel's buffer is full: the rest waits until epoll says that it has room.
    Part,
}

impl Outgoing {
    /// For a new connection.
    pub(crate) fn restart(&mut self, out_max: usize) {
        self.bytes.clear();
        self.bytes.reserve(FIRST_BYTES.min(out_max));
        self.sent = 0;
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// All parts or, beyond `out_max`, none. The offset in the stream behind them.
    pub(crate) fn append(&mut self, parts: &[&[u8]], out_max: usize) -> Option<u64> {
        let more: usize = parts.iter().map(|part| part.len()).sum();
        if more > out_max - self.bytes.len() {
            return None;
        }
        for part in parts {
            self.bytes.extend(*part);
        }
        Some(self.sent + wide(self.bytes.len()))
    }

    /// One system call, but for signals.
    pub(crate) fn hand_over(&mut self, stream: &mut TcpStream) -> io::Result<(usize, Handed)> {
        let taken = loop {
            let taken = match self.bytes.as_slices() {
                (front, []) => stream.write(front),
                (front, back) => stream.write_vectored(&[IoSlice::new(front), IoSlice::new(back)]),
            };
            match taken {
                Ok(taken) => break taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        self.sent += wide(taken);
        if taken == self.bytes.len() {
            self.bytes.clear();
            return Ok((taken, Handed::All));
        }
        self.bytes.drain(..taken);
        Ok((taken, Handed::Part))
    }
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).expect("usize has 64 bits")
}
