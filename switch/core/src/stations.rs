//! What a worker knows of each station now: which links can take a message, whether it is signed
//! on, how many requests it owes an answer to. Knows no message.

use alloc::vec::Vec;

use crate::counters::Latencies;
use crate::ids::Stan;
use crate::ids::{LinkId, StationId, WorkerId};
use crate::pending::Line;
use crate::plan::{Plan, SignOn};
use crate::stans::{NETWORK_MIN, STAN_MAX, Stans};

/// Whether requests can be sent to a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usable {
    /// Yes.
    Ready,
    /// No link is up (907).
    LinkDown,
    /// It is connected but not signed on (910).
    SignedOff,
}

/// What a station has done, for the status.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Requests from it (acquirer) or to it (issuer).
    pub requests: u64,
    /// Answers to it or from it.
    pub answers: u64,
    /// Among them, approvals.
    pub approved: u64,
    /// Requests to it without an answer in time.
    pub timeouts: u64,
    /// Times from a request's arrival to its answer, for issuers.
    pub latencies: Latencies,
}

/// One station, as one worker sees it.
#[derive(Debug)]
pub struct StationNow {
    /// Links that can take a message, when this worker owns them.
    pub ready: Vec<LinkId>,
    /// Links that are connected, ready or not.
    pub open: u32,
    /// Whose turn it is among `ready`.
    turn: usize,
    /// Whether the station itself signed off, or has not signed on yet where it must.
    pub signed_off: bool,
    /// As the owner of its links says, when that is another worker.
    told: Usable,
    /// As this worker, being the owner, has told the others.
    pub announced: Usable,
    /// Our STANs towards it, where requests can go to it.
    pub stans: Option<Stans>,
    /// The next STAN of network management.
    network: u32,
    /// Requests in flight, in the order of their deadlines.
    pub in_flight: Line,
    /// Requests in quarantine.
    pub resting: u32,
    /// Counts for the status.
    pub tally: Tally,
}

impl StationNow {
    /// All stations of a plan, as `me` sees them at the start.
    pub fn all(plan: &Plan, me: WorkerId) -> Vec<Self> {
        plan.stations
            .iter()
            .map(|station| Self {
                ready: Vec::with_capacity(if station.worker == me {
                    station.settings.links as usize
                } else {
                    0
                }),
                open: 0,
                turn: 0,
                signed_off: station.settings.sign_on == SignOn::Theirs,
                told: Usable::LinkDown,
                announced: Usable::LinkDown,
                stans: station.settings.role.issues().then(|| Stans::new(me, plan.workers)),
                network: NETWORK_MIN,
                in_flight: Line::EMPTY,
                resting: 0,
                tally: Tally::default(),
            })
            .collect()
    }

    /// Whether requests can be sent to it, as its owner.
    pub fn usable(&self) -> Usable {
        if self.open == 0 {
            Usable::LinkDown
        } else if self.signed_off || self.ready.is_empty() {
            Usable::SignedOff
        } else {
            Usable::Ready
        }
    }

    /// The same, as anyone.
    #[inline]
    pub fn seen(&self, owner: WorkerId, me: WorkerId) -> Usable {
        if owner == me { self.usable() } else { self.told }
    }

    /// Its owner says whether requests can be sent to it.
    pub fn on_told(&mut self, usable: Usable) {
        self.told = usable;
    }

    /// A link can take messages now.
    pub fn on_ready(&mut self, link: LinkId) {
        if !self.ready.contains(&link) {
            self.ready.push(link);
        }
    }

    /// A link can take no more messages.
    pub fn on_unready(&mut self, link: LinkId) {
        self.ready.retain(|&ready| ready != link);
    }

    /// The links that can take a message, beginning with the one whose turn it is.
    #[inline]
    pub fn take_turn(&mut self) -> usize {
        let turn = self.turn;
        self.turn = if turn + 1 < self.ready.len() { turn + 1 } else { 0 };
        turn
    }

    /// The STAN of the next network management message.
    pub fn network_stan(&mut self) -> Stan {
        let stan = self.network;
        self.network = if stan == STAN_MAX { NETWORK_MIN } else { stan + 1 };
        Stan(stan)
    }
}

impl Plan {
    /// The worker that owns a station's links.
    #[inline]
    pub fn owner(&self, station: StationId) -> WorkerId {
        self.station(station).worker
    }
}
