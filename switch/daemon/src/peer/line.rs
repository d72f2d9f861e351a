//! One connection to the peer, from its first SYN to its end: its deadlines, and what it takes at a
//! time. Must not know what is said on it, nor who opens the next one.

use std::net::SocketAddr;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustix::net::sockopt;
use switch_core::time::Time;

use super::session::{Ended, More, Session, Take};

/// How long a connection may take until both ends have proved who they are.
const OPENS_WITHIN: Duration = Duration::from_secs(3);
/// How long the system keeps on sending what the other end does not acknowledge.
const USER_TIMEOUT_MS: u32 = 5_000;
/// The most looks at a socket before others are looked at.
const READS_MAX: u32 = 16;

/// One connection.
pub(super) struct Line {
    socket: TcpStream,
    session: Session,
    phase: Phase,
    /// Whether the system said that something may be there which was not read to its end since.
    readable: bool,
    /// Who is at the other end.
    pub(super) address: SocketAddr,
    /// When it began.
    pub(super) since: Time,
    /// When something came on it last.
    pub(super) heard: Time,
    /// The second in which the peer's certificate runs out.
    pub(super) peer_until: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting,
    Handshaking,
    Open,
}

impl Line {
    /// A connection that we begin, or one that was accepted; registered for both directions.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn begin(
        mut socket: TcpStream,
        (address, we_connect): (SocketAddr, bool),
        session: Session,
        (registry, token): (&Registry, Token),
        now: Time,
    ) -> Result<Self, Ended> {
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        socket.set_nodelay(true)?;
        sockopt::set_tcp_user_timeout(&socket, USER_TIMEOUT_MS)
            .map_err(|error| Ended::Closed(error.to_string()))?;
        let phase = if we_connect { Phase::Connecting } else { Phase::Handshaking };
        Ok(Self {
            socket,
            session,
            phase,
            readable: true,
            address,
            since: now,
            heard: now,
            peer_until: None,
        })
    }

    /// Connects and proves who we are, as far as the socket allows; says whether it is open now.
    ///
    /// # Errors
    /// The connection is of no use any more, and why.
    pub(super) fn open(&mut self, now: Time) -> Result<bool, Ended> {
        if self.phase == Phase::Connecting && !self.is_connected()? {
            return Ok(false);
        }
        if self.phase == Phase::Handshaking {
            self.shake_hands(now)?;
        }
        Ok(self.is_open())
    }

    /// The system says that something is new about the socket.
    pub(super) fn on_event(&mut self) {
        self.readable = true;
    }

    /// Reads as far as there is something and it is taken; sends what waits.
    ///
    /// # Errors
    /// The connection is of no use any more, and why.
    pub(super) fn look(&mut self, now: Time, take: &mut Take<'_>) -> Result<More, Ended> {
        self.session.flush(&mut self.socket)?;
        if !self.readable && !self.session.is_held() {
            return Ok(More::Empty);
        }
        for _ in 0..READS_MAX {
            let heard = &mut self.heard;
            let more = self.session.read(&mut self.socket, &mut |bytes| {
                *heard = now;
                take(bytes)
            })?;
            if more == More::Empty {
                self.readable = false;
                return Ok(more);
            }
            if self.session.is_held() {
                return Ok(more);
            }
        }
        Ok(More::Perhaps)
    }

    fn is_connected(&mut self) -> Result<bool, Ended> {
        if let Some(error) = self.socket.take_error()? {
            return Err(error.into());
        }
        match self.socket.peer_addr() {
            Ok(_) => {
                self.phase = Phase::Handshaking;
                Ok(true)
            }
            // Not yet (a look that another event brought).
            Err(_) => Ok(false),
        }
    }

    fn shake_hands(&mut self, now: Time) -> Result<(), Ended> {
        self.session.flush(&mut self.socket)?;
        while self.session.is_handshaking() {
            // Nothing is taken before it is known who speaks.
            let more = self.session.read(&mut self.socket, &mut |_| Ok(0))?;
            self.session.flush(&mut self.socket)?;
            if more == More::Empty {
                return Ok(());
            }
        }
        self.peer_until = self.session.verify()?;
        self.phase = Phase::Open;
        self.heard = now;
        Ok(())
    }

    /// Whether something came that nobody had room for.
    #[cfg(test)]
    pub(super) fn is_held(&self) -> bool {
        self.session.is_held()
    }

    /// Whether both ends have proved who they are.
    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether it takes another message now.
    pub(super) fn has_room(&self) -> bool {
        self.is_open() && !self.session.is_full()
    }

    /// Puts the parts of a message on their way, when there is room.
    ///
    /// # Errors
    /// The connection is of no use any more, and why.
    pub(super) fn put(&mut self, parts: [&[u8]; 2]) -> Result<(), Ended> {
        self.session.put(parts)
    }

    /// Sends what was put, as far as the socket takes it.
    ///
    /// # Errors
    /// The connection is of no use any more, and why.
    pub(super) fn flush(&mut self) -> Result<(), Ended> {
        self.session.flush(&mut self.socket)
    }

    /// When it must be open; none once it is.
    pub(super) fn deadline(&self) -> Option<Time> {
        (!self.is_open()).then(|| self.since + OPENS_WITHIN)
    }

    /// Ends it, with a word to the other end where that costs no wait.
    pub(super) fn close(mut self, registry: &Registry) {
        self.session.close(&mut self.socket);
        drop(registry.deregister(&mut self.socket));
    }
}
