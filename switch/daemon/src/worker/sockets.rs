//! Which socket is which link: what the sockets report becomes what the core hears. Must not know
//! what a message says.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use codec::{Cut, Framing, FramingError, Slots};
use switch_core::Core;
use switch_core::ids::{LinkId, StationId};
use switch_core::time::{Now, Time};
use switch_net::{CloseReason, Handler, ListenerId, SocketId, Verdict};

use super::ports::Open;
use super::unfinished::Unfinished;
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
    /// By link: the port that it came to, as it is configured; none where we connected, or the system chose.
    ports: Vec<Option<SocketAddr>>,
    /// By link: why it went down last.
    failures: Vec<Option<CloseReason>>,
    /// How many links of a station an address has; only those that came to our listeners.
    per_peer: BTreeMap<(StationId, IpAddr), u32>,
    /// Sockets within a frame.
    pub(super) unfinished: Unfinished,
    pub(super) refusals: Refusals,
    /// What was closed in this turn.
    pub(crate) closed: Vec<Closed>,
    /// The ports, and the stations that each is for.
    pub(super) listening: Vec<Open>,
    /// No port is opened any more: the worker drains.
    pub(super) takes_nobody: bool,
}

/// How often a connection was refused or closed before the core had anything to say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refusals {
    /// Links closed over bytes that are no frame, or a frame that is too long.
    pub bad_frames: u64,
    /// Links closed because a frame was not finished in time.
    pub frame_timeouts: u64,
    /// Connections refused because their address is nobody's peer.
    pub strangers: u64,
    /// Connections refused because their address has all the links that one may have.
    pub peer_links: u64,
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
            ports: vec![None; links],
            failures: vec![None; links],
            per_peer: BTreeMap::new(),
            unfinished: Unfinished::new(sockets_max),
            refusals: Refusals::default(),
            closed: Vec::with_capacity(sockets_max),
            listening: Vec::new(),
            takes_nobody: false,
        }
    }

    /// Makes room for more, where it is more.
    pub(super) fn grow(&mut self, sockets_max: usize, links: usize) {
        self.links.resize(sockets_max.max(self.links.len()), None);
        self.open.resize(links.max(self.open.len()), None);
        self.peers.resize(links.max(self.peers.len()), None);
        self.ports.resize(links.max(self.ports.len()), None);
        self.failures.resize(links.max(self.failures.len()), None);
        self.unfinished.grow(sockets_max);
        self.closed.reserve(sockets_max.saturating_sub(self.closed.len()));
    }

    pub(crate) fn join(&mut self, socket: SocketId, link: LinkId, peer: SocketAddr) {
        self.links[socket.index()] = Some(link);
        self.open[link.index()] = Some(socket);
        self.peers[link.index()] = Some(peer);
    }

    fn came_to(&mut self, link: LinkId, listener: ListenerId) {
        let open = self.listening.iter().find(|open| open.listener == listener);
        let address = open.map(|open| open.port.address);
        self.ports[link.index()] = address.filter(|address| address.port() != 0);
    }

    /// Tells of each link that has not finished a frame in time, once.
    pub(super) fn take_unfinished(&mut self, now: Time, mut tell: impl FnMut(SocketId, LinkId)) {
        let Self { links, open, unfinished, refusals, .. } = self;
        unfinished.take_due(now, |place| {
            let found = links[place].and_then(|link| Some((open[link.index()]?, link)));
            let Some((socket, link)) = found else { return };
            refusals.frame_timeouts += 1;
            tell(socket, link);
        });
    }

    #[inline]
    pub(crate) fn of(&self, link: LinkId) -> Option<SocketId> {
        self.open[link.index()]
    }

    pub(crate) fn peer(&self, link: LinkId) -> Option<SocketAddr> {
        self.peers[link.index()]
    }

    /// Whether who came over this link would be this station, if it came now. True where nobody can tell.
    pub(super) fn is_for(&self, link: LinkId, station: StationId, endpoints: &[Endpoint]) -> bool {
        let Some(peer) = self.peer(link).map(|peer| peer.ip()) else { return true };
        let admits = |station: &StationId| endpoints[station.index()].admits(peer);
        let stations =
            self.ports[link.index()].map(|port| Open::stations_at(&self.listening, port));
        admits(&station)
            && stations.is_none_or(|stations| {
                // A port that is closed is nobody else's.
                stations.iter().copied().find(admits).is_none_or(|now| now == station)
            })
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
        let open = self.listening.iter().find(|open| open.listener == listener)?;
        let admits = |station: &StationId| endpoints[station.index()].admits(peer);
        open.port.stations.iter().copied().find(admits)
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

    fn endpoint(&self, link: LinkId) -> &Endpoint {
        &self.endpoints[self.core.plan().station_of(link).index()]
    }

    fn framing(&self, link: LinkId) -> &Framing {
        &self.endpoint(link).framing
    }
}

impl Handler for Ears<'_> {
    fn on_accept(&mut self, listener: ListenerId, peer: SocketAddr, socket: SocketId) -> bool {
        let now = self.now();
        let found = self.sockets.station_for(listener, peer.ip(), self.endpoints);
        let Some(station) = found else {
            self.sockets.refusals.strangers += 1;
            self.notes.tell(Note::Stranger { peer });
            return false;
        };
        let Some(link) = self.core.handle_accept(now, station) else { return false };
        let same = self.sockets.per_peer.get(&(station, peer.ip())).copied().unwrap_or_default();
        if same >= self.endpoints[station.index()].links_per_peer {
            self.sockets.refusals.peer_links += 1;
            self.notes.tell(Note::PeerCrowded { station, peer });
            return false;
        }
        self.sockets.per_peer.insert((station, peer.ip()), same + 1);
        self.sockets.join(socket, link, peer);
        self.sockets.came_to(link, listener);
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
        let (place, mut used) = (socket.index(), 0);
        let mut ahead = if self.core.foresees() { 0 } else { usize::MAX };
        loop {
            if used >= ahead {
                ahead = used + self.look_ahead(link, &framing, &bytes[used..]).max(1);
            }
            match framing.cut(&bytes[used..]) {
                Cut::Frame { message, total } => {
                    let frame = &bytes[used..used + total];
                    let tpdu = framing.tpdu_back(frame);
                    self.core.handle_frame(now, link, tpdu, &frame[message], self.slots);
                    used += total;
                }
                Cut::Incomplete { .. } if used == bytes.len() => {
                    self.sockets.unfinished.on_whole(place);
                    return Verdict::Keep(used);
                }
                Cut::Incomplete { .. } => {
                    let timeout = self.endpoint(link).frame_timeout;
                    self.sockets.unfinished.on_part(place, used > 0, now.boot, timeout);
                    return Verdict::Keep(used);
                }
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
        self.sockets.unfinished.on_whole(socket.index());
        self.leaves(link);
        self.sockets.refusals.bad_frames += u64::from(why == CloseReason::FrameTooLong);
        self.sockets.failures[link.index()] = Some(why);
        self.sockets.closed.push(Closed { link, sent });
        let peer = self.sockets.peers[link.index()];
        self.notes.tell(Note::Socket { link, peer, why });
    }
}

impl Ears<'_> {
    /// A link of an address is gone.
    fn leaves(&mut self, link: LinkId) {
        let Some(peer) = self.sockets.peers[link.index()] else { return };
        let key = (self.core.plan().station_of(link), peer.ip());
        // Those that we connected to are not counted.
        let Some(count) = self.sockets.per_peer.get_mut(&key) else { return };
        *count -= 1;
        if *count == 0 {
            self.sockets.per_peer.remove(&key);
        }
    }

    /// Lets the core look at what the next frames will need; gives how many bytes they are.
    fn look_ahead(&self, link: LinkId, framing: &Framing, bytes: &[u8]) -> usize {
        let mut end = 0;
        self.core.foresee(std::iter::from_fn(|| {
            let Cut::Frame { message, total } = framing.cut(&bytes[end..]) else { return None };
            let frame = &bytes[end..end + total];
            end += total;
            Some((link, &frame[message]))
        }));
        end
    }

    fn on_bad_frame(&mut self, link: LinkId, error: FramingError) {
        self.sockets.refusals.bad_frames += 1;
        self.notes.tell(Note::BadFrame { link, error });
    }
}

/// The endpoints, by station; shared by all workers.
pub type Endpoints = Arc<[Endpoint]>;
