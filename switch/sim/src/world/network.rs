//! The sockets and lanes of a world: they take bytes, hand them over, stall, fill up and break as
//! a test wants. Knows no message.

use std::collections::VecDeque;

use codec::Tpdu;
use switch_core::ids::{LinkId, WorkerId};
use switch_core::outlet::{Outlet, Placed};

/// One socket, from its opening on.
#[derive(Debug, Default)]
pub struct Socket {
    /// Whether it is open.
    pub open: bool,
    /// Whether it takes bytes from us.
    pub stalled: bool,
    /// Most bytes that may wait for it; none: no bound.
    pub room: Option<usize>,
    /// Messages that it has not taken whole, with the place of their first byte and their TPDU.
    waiting: VecDeque<(u64, Option<Tpdu>, Vec<u8>)>,
    waiting_bytes: usize,
    /// Bytes given to it, and bytes that it took.
    end: u64,
    /// Bytes that it took.
    pub handed: u64,
}

/// All sockets and lanes.
#[derive(Debug)]
pub struct Network {
    /// By link.
    pub sockets: Vec<Socket>,
    lanes: Vec<VecDeque<Vec<u8>>>,
    workers: usize,
    /// Lanes without room: for requests, or for everything.
    pub lanes_full: Full,
    /// Whether nobody takes what is in the lanes.
    pub lanes_stalled: bool,
}

/// What finds no room in the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Everything finds room.
    Nothing,
    /// Answers find room.
    Requests,
    /// Nothing finds room.
    Everything,
}

impl Network {
    /// All closed and empty.
    pub fn new(links: usize, workers: u8) -> Self {
        let workers = usize::from(workers);
        Self {
            sockets: (0..links).map(|_| Socket::default()).collect(),
            lanes: (0..workers * workers).map(|_| VecDeque::new()).collect(),
            workers,
            lanes_full: Full::Nothing,
            lanes_stalled: false,
        }
    }

    /// A connection is there; it begins anew.
    pub fn open(&mut self, link: LinkId) {
        self.sockets[link.index()] = Socket { open: true, ..Socket::default() };
    }

    /// Breaks a connection; gives the bytes that its socket had taken, and the messages that it
    /// had not taken whole, each with whether it had taken a part.
    pub fn close(&mut self, link: LinkId) -> (u64, Vec<(bool, Vec<u8>)>) {
        let socket = &mut self.sockets[link.index()];
        socket.open = false;
        socket.waiting_bytes = 0;
        let handed = socket.handed;
        (handed, socket.waiting.drain(..).map(|(at, _, bytes)| (at < handed, bytes)).collect())
    }

    /// The next message that a worker was sent, and by whom.
    pub fn next_for(&mut self, worker: WorkerId) -> Option<(WorkerId, Vec<u8>)> {
        (0..self.workers).filter(|_| !self.lanes_stalled).find_map(|from| {
            let lane = &mut self.lanes[from * self.workers + worker.index()];
            Some((WorkerId(u8::try_from(from).unwrap()), lane.pop_front()?))
        })
    }

    /// Whether nothing is under way between workers.
    pub fn is_quiet(&self) -> bool {
        self.lanes_stalled || self.lanes.iter().all(VecDeque::is_empty)
    }

    /// Every socket that does not stall takes what waits for it; gives the messages that left.
    pub fn flush(&mut self) -> Vec<(LinkId, Option<Tpdu>, Vec<u8>)> {
        let mut left = Vec::new();
        for (place, socket) in self.sockets.iter_mut().enumerate() {
            if !socket.stalled {
                socket.handed = socket.end;
            }
            while let Some((start, _, bytes)) = socket.waiting.front() {
                if start + size(bytes) > socket.handed {
                    break;
                }
                socket.waiting_bytes -= bytes.len();
                let link = LinkId(u32::try_from(place).unwrap());
                left.extend(socket.waiting.pop_front().map(|(_, tpdu, bytes)| (link, tpdu, bytes)));
            }
        }
        left
    }

    /// As one worker sees it.
    pub fn of(&mut self, worker: WorkerId) -> Seen<'_> {
        Seen { network: self, worker }
    }
}

/// The network as one worker sees it.
pub struct Seen<'a> {
    network: &'a mut Network,
    worker: WorkerId,
}

impl Outlet for Seen<'_> {
    fn send(&mut self, link: LinkId, tpdu: Option<Tpdu>, message: &[u8]) -> Option<Placed> {
        let socket = &mut self.network.sockets[link.index()];
        let wanted = socket.waiting_bytes + message.len();
        if !socket.open || socket.room.is_some_and(|room| wanted > room) {
            return None;
        }
        socket.waiting_bytes = wanted;
        let end = socket.end + size(message);
        let placed = Placed { start: socket.end, end, handed: socket.handed };
        socket.waiting.push_back((socket.end, tpdu, message.to_vec()));
        socket.end += size(message);
        Some(placed)
    }

    fn handed(&self, link: LinkId) -> u64 {
        self.network.sockets[link.index()].handed
    }

    fn withdraw(&mut self, link: LinkId, start: u64, _: u64) -> bool {
        let socket = &mut self.network.sockets[link.index()];
        let found = socket.waiting.iter().position(|&(at, _, _)| at == start);
        let found = found.filter(|_| socket.open && start >= socket.handed);
        let withdrawn = found.and_then(|place| socket.waiting.remove(place));
        socket.waiting_bytes -= withdrawn.as_ref().map_or(0, |(_, _, bytes)| bytes.len());
        withdrawn.is_some()
    }

    fn carry(&mut self, worker: WorkerId, answer: bool, head: &[u8], body: &[u8]) -> bool {
        let full = match self.network.lanes_full {
            Full::Nothing => false,
            Full::Requests => !answer,
            Full::Everything => true,
        };
        if !full && worker.index() < self.network.workers {
            let lane = self.worker.index() * self.network.workers + worker.index();
            self.network.lanes[lane].push_back([head, body].concat());
        }
        !full
    }
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap()
}
