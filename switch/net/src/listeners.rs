//! The table of listening addresses. Must not know what becomes of the connections.

use std::io;
use std::mem;
use std::net::SocketAddr;

use mio::net::TcpListener;
use mio::{Interest, Registry};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};

use crate::ids::{self, INDEX_MAX, ListenerId};

/// Connections that may wait to be accepted: all links of a station, and more, come back at once
/// after a fault. One too many is not told so; it tries again by itself, a second later. Linux
/// takes no more than `net.core.somaxconn`.
const BACKLOG: i32 = 4_096;

/// A port that is listened on, and that nobody accepts from yet: connections wait. It can be opened on
/// one thread and given to the `Net` of another ([`crate::Net::take_listener`]).
#[derive(Debug)]
pub struct Listening(TcpListener);

impl Listening {
    /// Listens at an address, port 0 for any.
    ///
    /// # Errors
    /// What the system says, `AddrInUse` where somebody listens there.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        Bound::open(address)?.listen()
    }

    /// Whether it could be had now: it is bound, and nobody is listened to.
    ///
    /// # Errors
    /// What the system says, `AddrInUse` where somebody listens there.
    pub fn try_out(address: SocketAddr) -> io::Result<()> {
        bind(address).map(drop)
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A port that is bound and not listened on: nobody else gets it, and whoever connects is refused at once.
#[derive(Debug)]
pub struct Bound(Socket);

impl Bound {
    /// Binds an address, port 0 for any.
    ///
    /// # Errors
    /// What the system says, `AddrInUse` where somebody listens there.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        bind(address).map(Self)
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = self.0.local_addr()?;
        Ok(address.as_socket().expect("it was bound to such an address"))
    }

    /// Listens from now on.
    ///
    /// # Errors
    /// What the system says.
    pub fn listen(self) -> io::Result<Listening> {
        self.0.listen(BACKLOG)?;
        Ok(Listening(TcpListener::from_std(self.0.into())))
    }
}

/// Listening addresses by slot. Their number is bounded by the configuration that names them.
#[derive(Default)]
pub(crate) struct Listeners {
    slots: Vec<Slot>,
    /// At least one has connections waiting, as far as we know.
    pending: bool,
    /// At least one could not accept for want of something that may come back, such as descriptors.
    starved: bool,
}

#[derive(Default)]
struct Slot {
    generation: u32,
    listener: Option<TcpListener>,
    pending: bool,
}

impl Listeners {
    pub(crate) fn take(
        &mut self,
        registry: &Registry,
        Listening(mut listener): Listening,
    ) -> io::Result<ListenerId> {
        let place = match self.slots.iter().position(|slot| slot.listener.is_none()) {
            Some(place) => place,
            None if self.slots.len() < INDEX_MAX => {
                self.slots.push(Slot::default());
                self.slots.len() - 1
            }
            None => return Err(io::ErrorKind::QuotaExceeded.into()),
        };
        let slot = &mut self.slots[place];
        let id = ListenerId { index: ids::narrow(place), generation: slot.generation };
        registry.register(&mut listener, id.token(), Interest::READABLE)?;
        slot.listener = Some(listener);
        slot.pending = false;
        Ok(id)
    }

    pub(crate) fn close(&mut self, id: ListenerId) {
        if let Some(slot) = self.find(id) {
            drop(slot.listener.take());
            slot.generation = slot.generation.wrapping_add(1);
        }
    }

    pub(crate) fn local_addr(&self, id: ListenerId) -> Option<SocketAddr> {
        let slot = self.slots.get(ids::widen(id.index))?;
        let listener = slot.listener.as_ref().filter(|_| slot.generation == id.generation)?;
        listener.local_addr().ok()
    }

    pub(crate) fn accept(
        &self,
        id: ListenerId,
    ) -> Option<io::Result<(mio::net::TcpStream, SocketAddr)>> {
        Some(self.slots.get(ids::widen(id.index))?.listener.as_ref()?.accept())
    }

    /// Whether a connection waits to be accepted, now.
    pub(crate) fn is_asked(&self, id: ListenerId) -> bool {
        let slot = self.slots.get(ids::widen(id.index));
        let Some(listener) = slot.and_then(|slot| slot.listener.as_ref()) else { return false };
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let mut asked = [PollFd::new(listener, PollFlags::IN)];
        poll(&mut asked, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    /// There are connections to accept in the next turn.
    pub(crate) fn mark_pending(&mut self, id: ListenerId) {
        if let Some(slot) = self.find(id) {
            slot.pending = true;
            self.pending = true;
        }
    }

    /// There are connections to accept, but not now.
    pub(crate) fn mark_starved(&mut self, id: ListenerId) {
        if let Some(slot) = self.find(id) {
            slot.pending = true;
            self.starved = true;
        }
    }

    pub(crate) fn pending(&self) -> bool {
        self.pending
    }

    pub(crate) fn starved(&self) -> bool {
        self.starved
    }

    /// Begins a round over all that are pending: the number of places to look at.
    pub(crate) fn begin_round(&mut self) -> usize {
        let pending = mem::take(&mut self.pending) | mem::take(&mut self.starved);
        if pending { self.slots.len() } else { 0 }
    }

    /// The listener at this place, if it is pending, which it is no more.
    pub(crate) fn take_pending(&mut self, place: usize) -> Option<ListenerId> {
        let slot = &mut self.slots[place];
        let pending = mem::take(&mut slot.pending) && slot.listener.is_some();
        pending.then_some(ListenerId { index: ids::narrow(place), generation: slot.generation })
    }

    fn find(&mut self, id: ListenerId) -> Option<&mut Slot> {
        self.slots
            .get_mut(ids::widen(id.index))
            .filter(|slot| slot.generation == id.generation && slot.listener.is_some())
    }
}

/// As [`TcpListener::bind`]; what is listened on has room for more than its 128.
fn bind(address: SocketAddr) -> io::Result<Socket> {
    let kind = Type::STREAM.nonblocking();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
