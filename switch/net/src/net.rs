//! What the owner of the sockets may ask for between two turns. Must not know what the bytes mean.

mod turn;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Waker};

use crate::ids::{INDEX_MAX, WAKER};
use crate::listeners::{Listeners, Listening};
use crate::options::SCRATCH_BYTES;
use crate::outgoing::Handed;
use crate::sockets::{Sockets, Stage};
use crate::{Budget, CloseReason, Counters, Handler, ListenerId, SocketId, SocketOptions};

/// The sockets of one worker; see the crate's first page for how it is run.
pub struct Net {
    poll: Poll,
    events: Events,
    wake: Wake,
    sockets: Sockets,
    listeners: Listeners,
    scratch: Box<[u8]>,
    options: SocketOptions,
    counters: Counters,
}

/// What one turn saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Events that epoll reported, the waker's included.
    pub events: usize,
    /// Somebody called [`Wake::wake`].
    pub woken: bool,
    /// There is more to read or to accept than one turn takes: the next turn does not wait.
    pub more: bool,
}

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// More would wait for this peer than `out_max`. Nothing was added.
    Full,
    /// The socket is closed, or about to be.
    Gone,
}

impl std::fmt::Display for SendError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Full => "too much waits for the peer",
            Self::Gone => "the socket is closed",
        })
    }
}

impl std::error::Error for SendError {}

/// Ends another thread's wait in [`Net::turn`]. Costs both sides a system call, and time until the
/// other runs: only for one that is known to sleep.
#[derive(Clone, Debug)]
pub struct Wake(Arc<Waker>);

impl Wake {
    /// The turn that waits now, or else the next one, returns with `woken`.
    pub fn wake(&self) -> io::Result<()> {
        self.0.wake()
    }
}

impl Net {
    /// `events_max`: events taken in one turn; `sockets_max`: open sockets.
    ///
    /// # Errors
    /// `InvalidInput` if a bound is zero or too large; else what the system says.
    pub fn new(events_max: usize, sockets_max: usize, options: SocketOptions) -> io::Result<Self> {
        Self::within(Budget::default(), events_max, sockets_max, options)
    }

    /// The same with sockets that count against a budget, which others may share. Connections that
    /// come when it is spent wait for it.
    ///
    /// # Errors
    /// As [`Net::new`].
    pub fn within(
        budget: Budget,
        events_max: usize,
        sockets_max: usize,
        options: SocketOptions,
    ) -> io::Result<Self> {
        if events_max == 0 || sockets_max == 0 || sockets_max > INDEX_MAX {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let options = options.validated()?;
        let poll = Poll::new()?;
        let wake = Wake(Arc::new(Waker::new(poll.registry(), WAKER)?));
        Ok(Self {
            poll,
            events: Events::with_capacity(events_max),
            wake,
            sockets: Sockets::new(sockets_max, budget),
            listeners: Listeners::default(),
            scratch: vec![0; SCRATCH_BYTES].into_boxed_slice(),
            options,
            counters: Counters::default(),
        })
    }

    /// Listens at an address, port 0 for any.
    pub fn listen(&mut self, address: SocketAddr) -> io::Result<ListenerId> {
        self.take_listener(Listening::open(address)?)
    }

    /// Takes over a port that was opened before; who connected since then is accepted.
    ///
    /// # Errors
    /// `QuotaExceeded` when there are too many; what epoll says. The port is closed then.
    pub fn take_listener(&mut self, listening: Listening) -> io::Result<ListenerId> {
        self.listeners.take(self.poll.registry(), listening)
    }

    /// Where a listener listens.
    pub fn local_addr(&self, listener: ListenerId) -> Option<SocketAddr> {
        self.listeners.local_addr(listener)
    }

    /// Listens no more; connections already accepted stay.
    pub fn close_listener(&mut self, listener: ListenerId) {
        self.listeners.close(listener);
    }

    /// Begins to connect. Either `on_open` or `on_close` follows in a later turn; what is sent
    /// before waits.
    ///
    /// # Errors
    /// `QuotaExceeded` when all slots are taken; what the system refuses at once, such as an
    /// address without a route. Nothing follows then.
    pub fn connect(&mut self, address: SocketAddr) -> io::Result<SocketId> {
        if self.sockets.is_full() {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let mut stream = TcpStream::connect(address)?;
        self.options.apply(&stream)?;
        let socket = self.sockets.reserve().expect("there is room");
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = self.poll.registry().register(&mut stream, socket.token(), interest);
        self.sockets.begin(socket, stream, Stage::Connecting, self.options.out_max);
        if let Err(error) = registered {
            self.sockets.release(socket);
            return Err(error);
        }
        Ok(socket)
    }

    /// Adds bytes to what waits for a peer, to leave with the next [`Net::flush`]: all parts or
    /// none. The offset in the stream behind them, to be compared with `sent` of `on_close`.
    ///
    /// # Errors
    /// [`SendError::Full`], [`SendError::Gone`].
    pub fn send(&mut self, socket: SocketId, parts: &[&[u8]]) -> Result<u64, SendError> {
        let Some(slot) = self.sockets.find(socket) else { return Err(SendError::Gone) };
        if slot.stream.is_none() || slot.broken.is_some() {
            return Err(SendError::Gone);
        }
        let Some(offset) = slot.out.append(parts, self.options.out_max) else {
            self.counters.out_full += 1;
            return Err(SendError::Full);
        };
        self.sockets.mark_dirty(socket);
        Ok(offset)
    }

    /// How far the stream of an open socket has come, as offsets of [`Net::send`] count.
    pub fn handed(&self, socket: SocketId) -> Option<u64> {
        self.sockets.peek(socket).filter(|slot| slot.stream.is_some()).map(|slot| slot.out.sent())
    }

    /// Takes back what lies between two offsets of a stream; false when the kernel has taken a byte
    /// of it, or the socket is gone. What comes behind keeps its offsets.
    pub fn withdraw(&mut self, socket: SocketId, from: u64, to: u64) -> bool {
        let slot = self.sockets.find(socket).filter(|slot| slot.stream.is_some());
        slot.is_some_and(|slot| slot.out.withdraw(from, to))
    }

    /// Reads this socket no more until [`Net::release_all`]: what comes stays in the kernel, and its end is
    /// not noticed. What is given to it is sent.
    pub fn hold(&mut self, socket: SocketId) {
        self.sockets.hold(socket);
    }

    /// Reads every socket again, from the next turn on.
    pub fn release_all(&mut self) {
        self.sockets.release_all();
    }

    /// Whether the next turn will not wait: there is more to read or to accept.
    pub fn has_more(&self) -> bool {
        !self.sockets.ready.is_empty() || self.listeners.pending()
    }

    /// Bytes given to [`Net::send`] that the kernel has not taken yet; none for a closed socket.
    pub fn out_buffered(&self, socket: SocketId) -> usize {
        self.sockets.peek(socket).map_or(0, |slot| slot.out.len())
    }

    /// One send for each socket with something to send that the kernel has room for. A socket whose
    /// send fails is read to its end by the next turns, then closed.
    pub fn flush(&mut self) {
        self.flush_while(|| true);
    }

    /// The same, as long as `may_go` says so, which is asked before each send. False: it said no, and what
    /// is left leaves with the next flush.
    pub fn flush_while(&mut self, mut may_go: impl FnMut() -> bool) -> bool {
        let mut dirty = std::mem::take(&mut self.sockets.dirty);
        let mut looked_at = 0;
        for &socket in &dirty {
            if !may_go() {
                break;
            }
            looked_at += 1;
            let Some(slot) = self.sockets.find(socket) else { continue };
            let Some(handed) = slot.flush() else { continue };
            self.counters.sends += 1;
            match handed {
                Ok((taken, handed)) => {
                    self.counters.bytes_out += wide(taken);
                    self.counters.sends_short += u64::from(matches!(handed, Handed::Part));
                }
                Err(_) => self.sockets.mark_ready(socket),
            }
        }
        dirty.drain(..looked_at);
        self.sockets.dirty = dirty;
        self.sockets.dirty.is_empty()
    }

    /// Closes a socket at once; what waits for its peer is dropped. `on_close` follows in the next
    /// turn. Nothing happens to a socket that is closed already.
    pub fn close(&mut self, socket: SocketId, why: CloseReason) {
        let Some(slot) = self.sockets.find(socket) else { return };
        if let Some(stream) = slot.stream.take() {
            drop(stream);
            slot.out.clear();
            slot.stage = Stage::Ending(why);
            self.sockets.ending.push(socket);
        }
    }

    /// The address at the other end of an open socket.
    pub fn peer_addr(&self, socket: SocketId) -> Option<SocketAddr> {
        self.sockets.peek(socket)?.stream.as_ref()?.peer_addr().ok()
    }

    /// Bytes given to [`Net::send`] that the kernel has not taken yet, over all sockets.
    pub fn out_waiting(&self) -> usize {
        self.sockets.out_waiting()
    }

    /// Allows more than so far: sockets, bytes of an unfinished frame, bytes that wait for a peer. What
    /// is allowed already stays allowed, so that no socket is ever beyond its bound.
    ///
    /// # Errors
    /// As [`Net::new`]; nothing has changed then.
    pub fn grow(
        &mut self,
        sockets_max: usize,
        frame_carry_max: usize,
        out_max: usize,
    ) -> io::Result<()> {
        if sockets_max > INDEX_MAX {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let known = self.options;
        self.options = SocketOptions {
            frame_carry_max: known.frame_carry_max.max(frame_carry_max),
            out_max: known.out_max.max(out_max),
            ..known
        }
        .validated()?;
        self.sockets.grow(sockets_max);
        Ok(())
    }

    /// The most slots that can be in use.
    pub fn sockets_max(&self) -> usize {
        self.sockets.max()
    }

    /// Slots in use.
    pub fn sockets_open(&self) -> usize {
        self.sockets.open()
    }

    /// A handle with which other threads end a wait of this one.
    pub fn waker(&self) -> Wake {
        self.wake.clone()
    }

    /// What happened so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Waits for events, no longer than `timeout` and not at all when the last turn left something
    /// to do; then accepts, connects and reads.
    ///
    /// # Errors
    /// What epoll says, which nothing but a bug of ours can cause.
    pub fn turn(
        &mut self,
        timeout: Option<Duration>,
        handler: &mut impl Handler,
    ) -> io::Result<Turn> {
        turn::run(self, timeout, handler)
    }
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).expect("usize has 64 bits")
}
