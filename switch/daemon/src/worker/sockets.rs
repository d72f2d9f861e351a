//! Which socket is which link: what the sockets report becomes what the core hears. Must not know
//! what a message says.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use codec::{Cut, Framing, FramingError, Slots};
use switch_core::Core;
use switch_core::ids::{LinkId, StationId};
use switch_core::time::Now;
use switch_net::{CloseReason, Handler, ListenerId, SocketId, Verdict};

use crate::clocks;
use crate::config::Endpoint;
use crate::notes::{Note, Notes};

/// Sockets and links of one worker.
#[derive(Debug)]
pub(crate) struct Sockets {
    /// By place of the socket: its link.
    links: Vec<Option<LinkId>>,
    /// By link: its socket.
    open: Vec<Option<SocketId>>,
    /// By link: who is, or was, at the other end.
    peers: Vec<Option<SocketAddr>>,
    /// By link: why it went down last.
    failures: Vec<Option<CloseReason>>,
    /// What was closed in this turn.
    pub(crate) closed: Vec<Closed>,
    /// The stations that a listener is for.
    listeners: Vec<(ListenerId, Vec<StationId>)>,
}

/// A link whose socket is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed {
    pub(crate) link: LinkId,
    pub(crate) sent: u64,
}

impl Sockets {
    pub(crate) fn new(sockets_max: usize, links: usize) -> Self {
        Self {
            links: vec![None; sockets_max],
            open: vec![None; links],
            peers: vec![None; links],
            failures: vec![None; links],
            closed: Vec::with_capacity(sockets_max),
            listeners: Vec::new(),
        }
    }

    pub(crate) fn add_listener(&mut self, listener: ListenerId, station: StationId) {
        match self.listeners.iter_mut().find(|(known, _)| *known == listener) {
            Some((_, stations)) => stations.push(station),
            None => self.listeners.push((listener, vec![station])),
        }
    }

    pub(crate) fn listeners(&self) -> impl Iterator<Item = ListenerId> + '_ {
        self.listeners.iter().map(|(listener, _)| *listener)
    }

    /// Each listener, once for each station that it is for.
    pub(crate) fn listeners_for(&self) -> impl Iterator<Item = (ListenerId, StationId)> + '_ {
        let each = |(listener, stations): &'_ (ListenerId, Vec<StationId>)| {
            let listener = *listener;
            stations.clone().into_iter().map(move |station| (listener, station))
        };
        self.listeners.iter().flat_map(each)
    }

    pub(crate) fn join(&mut self, socket: SocketId, link: LinkId, peer: SocketAddr) {
        self.links[socket.index()] = Some(link);
        self.open[link.index()] = Some(socket);
        self.peers[link.index()] = Some(peer);
    }

    #[inline]
    pub(crate) fn of(&self, link: LinkId) -> Option<SocketId> {
        self.open[link.index()]
    }

    pub(crate) fn peer(&self, link: LinkId) -> Option<SocketAddr> {
        self.peers[link.index()]
    }

    pub(crate) fn failure(&self, link: LinkId) -> Option<CloseReason> {
        self.failures[link.index()]
    }

    fn station_for(
        &self,
        listener: ListenerId,
        peer: IpAddr,
        endpoints: &[Endpoint],
    ) -> Option<StationId> {
        let (_, stations) = self.listeners.iter().find(|(known, _)| *known == listener)?;
        let admits = |station: &&StationId| {
            endpoints[station.index()].peers.iter().any(|network| network.contains(peer))
        };
        stations.iter().find(admits).copied()
    }
}

/// What listens to the sockets during one turn.
pub(crate) struct Ears<'a> {
    pub(crate) core: &'a mut Core,
    pub(crate) slots: &'a mut Slots,
    pub(crate) sockets: &'a mut Sockets,
    pub(crate) endpoints: &'a [Endpoint],
    pub(crate) notes: &'a mut Notes,
    /// Read when the first event of the turn is there, so after the wait.
    pub(crate) now: Option<Now>,
}

impl Ears<'_> {
    #[inline]
    fn now(&mut self) -> Now {
        *self.now.get_or_insert_with(clocks::now)
    }

    fn framing(&self, link: LinkId) -> &Framing {
        &self.endpoints[self.core.plan().station_of(link).index()].framing
    }
}

impl Handler for Ears<'_> {
    fn on_accept(&mut self, listener: ListenerId, peer: SocketAddr, socket: SocketId) -> bool {
        let now = self.now();
        let found = self.sockets.station_for(listener, peer.ip(), self.endpoints);
        let Some(station) = found else {
            self.notes.tell(Note::Stranger { peer });
            return false;
        };
        let Some(link) = self.core.handle_accept(now, station) else { return false };
        self.sockets.join(socket, link, peer);
        self.core.handle_opened(now, link);
        true
    }

    fn on_open(&mut self, socket: SocketId) {
        let now = self.now();
        if let Some(link) = self.sockets.links[socket.index()] {
            self.core.handle_opened(now, link);
        }
    }

    fn on_bytes(&mut self, socket: SocketId, bytes: &mut [u8]) -> Verdict {
        let now = self.now();
        let Some(link) = self.sockets.links[socket.index()] else { return Verdict::Close };
        let framing = *self.framing(link);
        let mut used = 0;
        loop {
            match framing.cut(&bytes[used..]) {
                Cut::Frame { message, total } => {
                    let frame = &bytes[used..used + total];
                    let tpdu = framing.tpdu_back(frame);
                    self.core.handle_frame(now, link, tpdu, &frame[message], self.slots);
                    used += total;
                }
                Cut::Incomplete { .. } => return Verdict::Keep(used),
                Cut::Bad(error) => {
                    self.on_bad_frame(link, error);
                    return Verdict::Close;
                }
            }
        }
    }

    fn on_close(&mut self, socket: SocketId, why: CloseReason, sent: u64) {
        self.now();
        let Some(link) = self.sockets.links[socket.index()].take() else { return };
        self.sockets.open[link.index()] = None;
        self.sockets.failures[link.index()] = Some(why);
        self.sockets.closed.push(Closed { link, sent });
        let peer = self.sockets.peers[link.index()];
        self.notes.tell(Note::Socket { link, peer, why });
    }
}

impl Ears<'_> {
    fn on_bad_frame(&mut self, link: LinkId, error: FramingError) {
        self.notes.tell(Note::BadFrame { link, error });
    }
}

/// The endpoints, by station; shared by all workers.
pub(crate) type Endpoints = Arc<[Endpoint]>;
