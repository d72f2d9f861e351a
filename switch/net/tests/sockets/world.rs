//! A `Net`, somebody who writes down what it tells, and peers that are plain blocking sockets.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use switch_net::{CloseReason, Handler, ListenerId, Net, SocketId, SocketOptions, Turn, Verdict};

/// Only reached when a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What a `Net` told, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Accepted(SocketId),
    Opened(SocketId),
    Bytes(SocketId, Vec<u8>),
    Closed(SocketId, CloseReason, u64),
}

/// Writes everything down, and does with bytes what the test says.
pub(crate) struct Ear {
    pub(crate) heard: Vec<Heard>,
    pub(crate) admits: bool,
    pub(crate) reads: fn(&mut [u8]) -> Verdict,
}

impl Handler for Ear {
    fn on_accept(&mut self, _: ListenerId, _: SocketAddr, socket: SocketId) -> bool {
        if self.admits {
            self.heard.push(Heard::Accepted(socket));
        }
        self.admits
    }

    fn on_open(&mut self, socket: SocketId) {
        self.heard.push(Heard::Opened(socket));
    }

    fn on_bytes(&mut self, socket: SocketId, bytes: &mut [u8]) -> Verdict {
        let verdict = (self.reads)(bytes);
        if let Verdict::Keep(used) = verdict {
            self.heard.push(Heard::Bytes(socket, bytes[..used].to_vec()));
        }
        verdict
    }

    fn on_close(&mut self, socket: SocketId, why: CloseReason, sent: u64) {
        self.heard.push(Heard::Closed(socket, why, sent));
    }
}

pub(crate) struct World {
    pub(crate) net: Net,
    pub(crate) ear: Ear,
    pub(crate) listener: ListenerId,
    /// The next turn does not wait.
    more: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(8, SocketOptions::default())
    }

    pub(crate) fn with(sockets_max: usize, options: SocketOptions) -> Self {
        let mut net = Net::new(64, sockets_max, options).unwrap();
        let listener = net.listen(any_port()).unwrap();
        let ear =
            Ear { heard: Vec::new(), admits: true, reads: |bytes| Verdict::Keep(bytes.len()) };
        Self { net, ear, listener, more: false }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.net.local_addr(self.listener).unwrap()
    }

    /// One turn and its flush.
    pub(crate) fn turn(&mut self) -> Turn {
        let turn = self.net.turn(Some(PATIENCE), &mut self.ear).unwrap();
        self.net.flush();
        self.more = turn.more;
        turn
    }

    /// Turns until something is so.
    pub(crate) fn until(&mut self, so: impl Fn(&Self) -> bool) {
        while !so(self) {
            let waits = !self.more;
            let turn = self.turn();
            assert!(turn.events > 0 || !waits || so(self), "it never comes");
        }
    }

    /// A peer that connected, and our end of it.
    pub(crate) fn accept(&mut self) -> (SocketId, TcpStream) {
        let peer = TcpStream::connect(self.address()).unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        let before = self.ear.heard.len();
        self.until(|world| world.ear.heard.len() > before);
        let Some(Heard::Accepted(socket)) = self.ear.heard.pop() else { panic!("not an accept") };
        (socket, peer)
    }

    /// All bytes heard from a socket so far, and forgets them.
    pub(crate) fn take_bytes(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        self.ear.heard.retain(|heard| match heard {
            Heard::Bytes(_, bytes) => {
                all.extend_from_slice(bytes);
                false
            }
            Heard::Accepted(_) | Heard::Opened(_) | Heard::Closed(..) => true,
        });
        all
    }

    pub(crate) fn bytes_in(&self) -> usize {
        usize::try_from(self.net.counters().bytes_in).unwrap()
    }

    pub(crate) fn closed(&self) -> Option<(SocketId, CloseReason, u64)> {
        self.ear.heard.iter().find_map(|heard| match *heard {
            Heard::Closed(socket, why, sent) => Some((socket, why, sent)),
            Heard::Accepted(_) | Heard::Opened(_) | Heard::Bytes(..) => None,
        })
    }
}

pub(crate) fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// An address where nobody listens.
pub(crate) fn deserted() -> SocketAddr {
    TcpListener::bind(any_port()).unwrap().local_addr().unwrap()
}

/// Bytes in which a lost, doubled or exchanged one shows.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|place| u8::try_from((place ^ place >> 8 ^ place >> 16) % 251).unwrap())
        .collect()
}

/// Writes for as long as the kernel takes it; how much it took.
pub(crate) fn fill(peer: &mut TcpStream, bytes: &[u8]) -> usize {
    peer.set_nonblocking(true).unwrap();
    let mut written = 0;
    while written < bytes.len() {
        match peer.write(&bytes[written..]) {
            Ok(more) => written += more,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                break;
            }
        }
    }
    peer.set_nonblocking(false).unwrap();
    written
}

/// Everything up to the end of the stream.
pub(crate) fn read_to_end(mut peer: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    peer.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Closes so that the other side sees a reset.
pub(crate) fn reset(peer: TcpStream) {
    socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
}
