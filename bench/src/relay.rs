//! The floor: as many connections and bytes as the switch has, cut into frames and passed on, and
//! no thought. Must not know what is in a frame.

mod owed;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use codec::{Cut, Framing};
use switch_net::{CloseReason, Handler, ListenerId, Net, SocketId, SocketOptions, Verdict};

use self::owed::Owed;
use crate::clock::{self, SECOND};
use crate::connects::{BACK_OFF_MAX, Connects};
use crate::outbox::Outbox;

/// Client links at once.
const CLIENTS_MAX: usize = 16_384;

/// As many events a turn as the switch takes.
const EVENTS_PER_TURN: usize = 1024;

/// How long the issuer links may take to open at the start.
const START_TIMEOUT: u64 = 5 * SECOND;

/// How long at most until a stop is noticed.
const STOP_LOOK: Duration = Duration::from_millis(100);

/// What a relay does.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where clients connect; port 0 for any.
    pub listen: SocketAddr,
    /// One issuer link each; the same address may stand here several times.
    pub to: Vec<SocketAddr>,
    /// How frames are cut, on both sides.
    pub framing: Framing,
}

/// What a relay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Frames from clients passed to an issuer link.
    pub requests: u64,
    /// Frames from issuer links passed to the client that was next.
    pub answers: u64,
    /// Answers whose client had gone.
    pub undeliverable: u64,
    /// Answers that nobody had asked for.
    pub unasked: u64,
    /// Clients closed: a frame that is none, an issuer link down, too much waiting for one side.
    pub clients_closed: u64,
    /// Issuer links lost.
    pub links_lost: u64,
}

/// A relay that listens.
pub struct Relay {
    net: Net,
    address: SocketAddr,
    switchboard: Switchboard,
}

impl Relay {
    /// Opens the issuer links, then listens.
    ///
    /// # Errors
    /// `TimedOut` when the issuer links are not open within five seconds; `InvalidInput` without
    /// any; what the system says about listening.
    pub fn open(options: &Options) -> io::Result<Self> {
        if options.to.is_empty() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let sockets_max = CLIENTS_MAX + options.to.len();
        let bytes_max = SocketOptions { out_max: 4 * 1024 * 1024, ..SocketOptions::default() };
        let mut net = Net::new(EVENTS_PER_TURN, sockets_max, bytes_max)?;
        let mut switchboard = Switchboard::new(options, sockets_max);
        let give_up = clock::now() + START_TIMEOUT;
        while !switchboard.links.all_open() {
            let now = clock::now();
            if now > give_up {
                return Err(io::ErrorKind::TimedOut.into());
            }
            switchboard.links.poll(&mut net, now);
            net.turn(Some(Duration::from_millis(10)), &mut switchboard)?;
        }
        let listener = net.listen(options.listen)?;
        let address = net.local_addr(listener).ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { net, address, switchboard })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Relays until told to stop. Never spins: a turn waits for the next event.
    pub fn run(mut self, stop: &AtomicBool) -> io::Result<Summary> {
        while !stop.load(Ordering::Relaxed) {
            self.net.turn(Some(STOP_LOOK), &mut self.switchboard)?;
            self.switchboard.pass_on(&mut self.net);
            if !self.switchboard.links.all_open() {
                self.switchboard.links.poll(&mut self.net, clock::now());
            }
            self.net.flush();
        }
        Ok(self.switchboard.summary)
    }
}

/// Who is connected to whom.
struct Switchboard {
    framing: Framing,
    links: Connects,
    /// By issuer link: the clients whose answers are still to come, in the order of their requests.
    owed: Vec<Owed>,
    /// Issuer link by client slot.
    link_of: Vec<usize>,
    link_next: usize,
    outbox: Outbox,
    to_close: VecDeque<SocketId>,
    summary: Summary,
}

impl Switchboard {
    fn new(options: &Options, sockets_max: usize) -> Self {
        let links = Connects::new(options.to.iter().copied(), sockets_max, BACK_OFF_MAX);
        Self {
            framing: options.framing,
            owed: options.to.iter().map(|_| Owed::new()).collect(),
            links,
            link_of: vec![0; sockets_max],
            link_next: 0,
            outbox: Outbox::default(),
            to_close: VecDeque::new(),
            summary: Summary::default(),
        }
    }

    /// Gives what came in to the other side.
    fn pass_on(&mut self, net: &mut Net) {
        let (links, to_close) = (&self.links, &mut self.to_close);
        let undeliverable = &mut self.summary.undeliverable;
        self.outbox.deliver(net, |socket, _| {
            if links.place(socket).is_some() {
                to_close.push_back(socket);
            } else {
                *undeliverable += 1;
            }
        });
        for socket in self.to_close.drain(..) {
            net.close(socket, CloseReason::Unwanted);
        }
    }

    /// A client's frames, to its issuer link as they are.
    fn on_requests(&mut self, client: SocketId, bytes: &[u8]) -> Verdict {
        let Some(link) = self.link_of.get(client.index()).copied() else { return Verdict::Close };
        let Some(issuer) = self.links.socket(link) else { return Verdict::Close };
        let mut used = 0;
        let mut frames = 0;
        loop {
            match self.framing.cut(&bytes[used..]) {
                Cut::Frame { message, total } => {
                    // A keep-alive is not answered: passed on, it would put the order out of step.
                    if !message.is_empty() {
                        self.outbox.push(issuer, &bytes[used..used + total]);
                        frames += 1;
                    }
                    used += total;
                }
                Cut::Incomplete { .. } => break,
                Cut::Bad(_) => return Verdict::Close,
            }
        }
        self.owed[link].push(client, frames);
        self.summary.requests += u64::from(frames);
        Verdict::Keep(used)
    }

    /// An issuer link's frames, each to the client that is next.
    fn on_answers(&mut self, link: usize, bytes: &[u8]) -> Verdict {
        let mut used = 0;
        loop {
            match self.framing.cut(&bytes[used..]) {
                Cut::Frame { message, total } => {
                    let frame = &bytes[used..used + total];
                    used += total;
                    if message.is_empty() {
                        continue;
                    }
                    if let Some(client) = self.owed[link].pop() {
                        self.summary.answers += 1;
                        self.outbox.push(client, frame);
                    } else {
                        self.summary.unasked += 1;
                    }
                }
                Cut::Incomplete { .. } => return Verdict::Keep(used),
                Cut::Bad(_) => return Verdict::Close,
            }
        }
    }
}

impl Handler for Switchboard {
    fn on_accept(&mut self, _: ListenerId, _: SocketAddr, socket: SocketId) -> bool {
        self.link_of[socket.index()] = self.link_next;
        self.link_next = (self.link_next + 1) % self.links.len();
        true
    }

    fn on_open(&mut self, socket: SocketId) {
        self.links.on_open(socket, clock::now());
    }

    fn on_bytes(&mut self, socket: SocketId, bytes: &mut [u8]) -> Verdict {
        match self.links.place(socket) {
            Some(link) => self.on_answers(link, bytes),
            None => self.on_requests(socket, bytes),
        }
    }

    fn on_close(&mut self, socket: SocketId, why: CloseReason, _sent: u64) {
        match self.links.on_close(socket, why, clock::now()) {
            Some((link, was_open)) => {
                self.owed[link].clear();
                self.summary.links_lost += u64::from(was_open);
            }
            None => self.summary.clients_closed += u64::from(why == CloseReason::Unwanted),
        }
    }
}

impl Summary {
    /// The summary for people.
    pub fn table(&self) -> comfy_table::Table {
        let mut table = crate::cli::table();
        for (name, count) in [
            ("requests", self.requests),
            ("answers", self.answers),
            ("undeliverable", self.undeliverable),
            ("unasked", self.unasked),
            ("clients closed", self.clients_closed),
            ("links lost", self.links_lost),
        ] {
            table.add_row([name.to_owned(), count.to_string()]);
        }
        table
    }
}
