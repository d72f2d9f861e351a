//! Where connections to the peer come from: of the two nodes one connects, again and again, and the
//! other listens. Must not know what is said on a line, nor that there may be an older one.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use switch_core::time::Time;

use super::line::Line;
use super::session::{Ended, Trust};
use crate::config::Way;

/// Between two attempts, at first and at most.
const AGAIN_MIN: Duration = Duration::from_millis(100);
const AGAIN_MAX: Duration = Duration::from_secs(1);
/// A line that lived shorter was in vain too: its ends do not understand each other, and each attempt costs both a
/// handshake.
const LIVES: Duration = Duration::from_secs(5);
/// Connections that have not proved yet who they are. One more takes the place of the oldest: strangers who
/// say nothing keep nobody out.
const CANDIDATES_MAX: usize = 8;
/// From one accept to the next. Each reads certificates and costs a handshake, on a thread that acknowledgements
/// go through; the oldest of those above has had eight times as long.
const ACCEPT_EVERY: Duration = Duration::from_millis(20);
/// When there was no descriptor for one.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);
/// Tokens below are the caller's.
pub(super) const FIRST_TOKEN: usize = 16;

/// The listeners, or the next attempt, and what is on its way to be a line.
pub(super) struct Doors {
    registry: Registry,
    next_token: usize,
    candidates: Vec<(Token, Line)>,
    side: Side,
}

enum Side {
    /// None is accepted before `at`; `waits`: there may be one that is not accepted yet.
    Listens {
        listeners: Vec<(Token, TcpListener)>,
        at: Time,
        waits: bool,
    },
    Connects {
        addresses: Vec<SocketAddr>,
        next: usize,
        at: Time,
        again: Duration,
    },
}

/// What came of a look.
pub(super) enum Came {
    Nothing,
    /// A connection whose end is the peer.
    Line(Token, Line),
    /// An attempt was in vain, and why.
    Failed(SocketAddr, Ended),
}

impl Doors {
    /// Listens where that is our part.
    ///
    /// # Errors
    /// The address that is not to be had, and why.
    pub(super) fn open(
        way: &Way,
        registry: Registry,
    ) -> Result<Self, (SocketAddr, std::io::Error)> {
        let mut next_token = FIRST_TOKEN;
        let side = match way {
            Way::Listens(addresses) => {
                let mut listeners = Vec::new();
                for &address in addresses {
                    let listen = || {
                        let mut listener = TcpListener::bind(address)?;
                        let token = Token(next_token);
                        registry.register(&mut listener, token, Interest::READABLE)?;
                        Ok((token, listener))
                    };
                    listeners.push(listen().map_err(|error| (address, error))?);
                    next_token += 1;
                }
                Side::Listens { listeners, at: Time(0), waits: false }
            }
            Way::Connects(addresses) => {
                let addresses = addresses.clone();
                Side::Connects { addresses, next: 0, at: Time(0), again: AGAIN_MIN }
            }
        };
        Ok(Self { registry, next_token, candidates: Vec::new(), side })
    }

    /// Where it listens, with the ports that the system chose.
    pub(super) fn listens_on(&self) -> Vec<SocketAddr> {
        match &self.side {
            Side::Listens { listeners, .. } => {
                listeners.iter().filter_map(|(_, l)| l.local_addr().ok()).collect()
            }
            Side::Connects { .. } => Vec::new(),
        }
    }

    /// The poll that all connections are registered with.
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// When [`Doors::tick`] has something to do; `has_line`: no other connection is wanted.
    pub(super) fn deadline(&self, has_line: bool) -> Option<Time> {
        let opens = self.candidates.iter().filter_map(|(_, line)| line.deadline()).min();
        let next = match &self.side {
            Side::Connects { at, .. } if !has_line && self.candidates.is_empty() => Some(*at),
            Side::Listens { at, waits: true, .. } => Some(*at),
            Side::Connects { .. } | Side::Listens { .. } => None,
        };
        opens.into_iter().chain(next).min()
    }

    /// Gives up what took too long, and begins or accepts the next attempt when it is due.
    pub(super) fn tick(&mut self, now: Time, has_line: bool, trust: &mut Trusting<'_>) -> Came {
        let late = |(_, line): &(Token, Line)| line.deadline().is_some_and(|at| at <= now);
        if let Some(place) = self.candidates.iter().position(late) {
            let (_, line) = self.candidates.remove(place);
            let address = line.address;
            line.close(&self.registry);
            self.later(now);
            return Came::Failed(address, Ended::Closed("it did not answer in time".into()));
        }
        let (addresses, next, at) = match &mut self.side {
            Side::Connects { addresses, next, at, .. } => (addresses, next, at),
            Side::Listens { waits, .. } if *waits => return self.accept(now, trust),
            Side::Listens { .. } => return Came::Nothing,
        };
        if has_line || !self.candidates.is_empty() || *at > now {
            return Came::Nothing;
        }
        let address = addresses[*next % addresses.len()];
        *next += 1;
        self.later(now);
        match self.dial(address, now, trust) {
            Ok(()) => Came::Nothing,
            Err(why) => Came::Failed(address, why),
        }
    }

    fn dial(
        &mut self,
        address: SocketAddr,
        now: Time,
        trust: &mut Trusting<'_>,
    ) -> Result<(), Ended> {
        let socket = TcpStream::connect(address)?;
        self.begin(socket, (address, true), now, trust)
    }

    fn begin(
        &mut self,
        socket: TcpStream,
        (address, we_connect): (SocketAddr, bool),
        now: Time,
        trust: &mut Trusting<'_>,
    ) -> Result<(), Ended> {
        let session = trust().and_then(|trust| trust.session(we_connect));
        let session = session.map_err(Ended::Untrusted)?;
        let token = Token(self.next_token);
        self.next_token += 1;
        let line =
            Line::begin(socket, (address, we_connect), session, (&self.registry, token), now)?;
        self.candidates.push((token, line));
        Ok(())
    }

    /// There is none until then, neither from here nor from there.
    pub(super) fn rest(&mut self, until: Time) {
        for (_, line) in self.candidates.drain(..) {
            line.close(&self.registry);
        }
        match &mut self.side {
            Side::Listens { at, .. } | Side::Connects { at, .. } => *at = until,
        }
    }

    /// Something happened to a listener, or to a connection that is not a line yet.
    pub(super) fn look(&mut self, token: Token, now: Time, trust: &mut Trusting<'_>) -> Came {
        if let Some(place) = self.candidates.iter().position(|(other, _)| *other == token) {
            return self.advance(place, now);
        }
        if let Side::Listens { listeners, waits, .. } = &mut self.side {
            *waits |= listeners.iter().any(|(other, _)| *other == token);
        }
        self.accept(now, trust)
    }

    /// Accepts one connection, if there is any and its time has come.
    fn accept(&mut self, now: Time, trust: &mut Trusting<'_>) -> Came {
        let Side::Listens { listeners, at, waits } = &mut self.side else { return Came::Nothing };
        if !*waits || now < *at {
            return Came::Nothing;
        }
        for (_, listener) in listeners {
            let (socket, address) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                // It was given up before it was accepted.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => return Came::Nothing,
                Err(error) => {
                    *at = now + ACCEPT_AGAIN;
                    let Ok(address) = listener.local_addr() else { return Came::Nothing };
                    let why = format!("no connection can be accepted there: {error}");
                    return Came::Failed(address, Ended::Closed(why));
                }
            };
            *at = now + ACCEPT_EVERY;
            if self.candidates.len() >= CANDIDATES_MAX {
                let (_, oldest) = self.candidates.remove(0);
                oldest.close(&self.registry);
            }
            let begun = self.begin(socket, (address, false), now, trust);
            return begun.map_or_else(|why| Came::Failed(address, why), |()| Came::Nothing);
        }
        *waits = false;
        Came::Nothing
    }

    fn advance(&mut self, place: usize, now: Time) -> Came {
        match self.candidates[place].1.open(now) {
            Ok(true) => {
                let (token, line) = self.candidates.remove(place);
                Came::Line(token, line)
            }
            Ok(false) => Came::Nothing,
            Err(why) => {
                let (_, line) = self.candidates.remove(place);
                let address = line.address;
                line.close(&self.registry);
                self.later(now);
                Came::Failed(address, why)
            }
        }
    }

    /// The next attempt is not at once, and each one later than the one before.
    fn later(&mut self, now: Time) {
        if let Side::Connects { at, again, .. } = &mut self.side {
            *at = now + *again;
            *again = (*again * 2).min(AGAIN_MAX);
        }
    }

    /// A line ended that began then: the next attempt is a little later.
    pub(super) fn line_ended(&mut self, began: Time, now: Time) {
        if let Side::Connects { again, .. } = &mut self.side
            && now.since(began) >= LIVES
        {
            *again = AGAIN_MIN;
        }
        self.later(now);
    }
}

/// Reads the certificates for the next connection.
pub(super) type Trusting<'a> = dyn FnMut() -> Result<Trust, String> + 'a;

#[cfg(test)]
mod tests;
