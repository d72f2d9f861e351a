//! What a worker knows of each station now: which links can take a message, whether it is signed
//! on, how many requests it owes an answer to. Knows no message.

use alloc::vec::Vec;

use codec::Place;

use crate::counters::Latencies;
use crate::ids::Stan;
use crate::ids::{LinkId, StationId, WorkerId};
use crate::pending::Line;
use crate::plan::{Plan, SignOn, Station};
use crate::retiring::Retirement;
use crate::stans::{NETWORK_MIN, STAN_MAX, Stans};

/// Requests in a row that one link takes before the next one has its turn.
const RUN_MAX: u32 = 32;

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
    /// Links that are connected, ready or not; one that is to be closed is not among them.
    pub open: u32,
    /// Whose turn it is among `ready`, in which release, and for how many requests so far.
    turn: usize,
    release: u64,
    run: u32,
    /// Whether the station itself signed off, or has not signed on yet where it must.
    pub signed_off: bool,
    /// Whether it said that it is not available (803) and has neither signed on nor lost all its
    /// links since.
    pub unavailable: bool,
    /// Whether it has to sign on (again, when all its links were lost).
    signs_on: bool,
    /// Whether it is `signed_off` as it has to sign on and has said nothing yet.
    awaits_sign_on: bool,
    /// How far it has gone that no configuration names any more, as the owner of its links sees it.
    pub(crate) retirement: Retirement,
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
    /// Where its last message had DE 2 and DE 11, as far as it had them.
    pub(crate) seen_at: [Place; 2],
    /// Counts for the status.
    pub tally: Tally,
}

impl StationNow {
    /// All stations of a plan, as `me` sees them at the start.
    pub fn all(plan: &Plan, me: WorkerId) -> Vec<Self> {
        plan.stations.iter().map(|station| Self::of(station, me, plan.workers)).collect()
    }

    /// A station as `me` sees it when nothing has happened yet.
    pub fn of(station: &Station, me: WorkerId, workers: u8) -> Self {
        let (settings, is_ours) = (&station.settings, station.worker == me);
        let signs_on = settings.sign_on == SignOn::Theirs;
        Self {
            ready: Vec::with_capacity(if is_ours { settings.links as usize } else { 0 }),
            open: 0,
            // The first turn is that of the first link.
            turn: usize::MAX,
            release: 0,
            run: 0,
            signed_off: signs_on,
            unavailable: false,
            signs_on,
            awaits_sign_on: signs_on,
            retirement: Retirement::default(),
            told: Usable::LinkDown,
            announced: Usable::LinkDown,
            stans: settings.role.issues().then(|| Stans::new(me, workers)),
            network: NETWORK_MIN,
            in_flight: Line::EMPTY,
            resting: 0,
            seen_at: [Place::default(); 2],
            tally: Tally::default(),
        }
    }

    /// Whether it is signed off for no other reason than that it has to sign on.
    pub(crate) fn awaits_sign_on(&self) -> bool {
        self.awaits_sign_on
    }

    /// Who has to sign on is another one from now on. What the station has said itself holds, and what
    /// is connected stays so; one that was only waited for is so no more.
    pub(crate) fn change_sign_on(&mut self, sign_on: SignOn) {
        self.signs_on = sign_on == SignOn::Theirs;
        if self.open == 0 || self.awaits_sign_on && !self.signs_on {
            (self.signed_off, self.awaits_sign_on) = (self.signs_on, self.signs_on);
        }
    }

    /// It has said whether it is signed on.
    pub(crate) fn has_signed(&mut self, on: bool) {
        (self.signed_off, self.awaits_sign_on) = (!on, false);
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

    /// An open link is lost, or is to be closed: it can take no more messages.
    pub fn on_gone(&mut self, link: LinkId) {
        self.ready.retain(|&ready| ready != link);
        self.open -= 1;
        if self.open == 0 {
            (self.signed_off, self.unavailable) = (self.signs_on, false);
            self.awaits_sign_on = self.signs_on;
        }
    }

    /// The place in `ready` of the link whose turn it is. The turn goes round with each release, and
    /// within one after every [`RUN_MAX`] requests: those of one acquirer's link that came together
    /// go on together and are answered together, which is half of the system calls.
    #[inline]
    pub fn take_turn(&mut self, release: u64) -> usize {
        if self.release == release && self.run < RUN_MAX {
            self.run += 1;
        } else {
            let next = self.turn.wrapping_add(1);
            self.turn = if next < self.ready.len() { next } else { 0 };
            (self.release, self.run) = (release, 1);
        }
        self.turn
    }

    /// Those of network management go on far from where a lost reign may have been.
    pub(crate) fn network_goes_ahead(&mut self) {
        self.network = NETWORK_MIN + (STAN_MAX - NETWORK_MIN).div_ceil(2);
    }

    /// The STAN of the next network management message.
    pub fn network_stan(&mut self) -> Stan {
        let stan = self.network;
        self.network = if stan == STAN_MAX { NETWORK_MIN } else { stan + 1 };
        Stan(stan)
    }
}

impl Plan {
    /// By how many trace numbers each worker goes on further ahead where numbers may be lost.
    pub(crate) fn stans_ahead(&self) -> u32 {
        self.limits.stan_skip.div_ceil(u32::from(self.workers))
    }

    /// The worker that owns a station's links.
    #[inline]
    pub fn owner(&self, station: StationId) -> WorkerId {
        self.station(station).worker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_links(links: u32) -> StationNow {
        StationNow {
            ready: (0..links).map(LinkId).collect(),
            open: links,
            turn: usize::MAX,
            release: 0,
            run: 0,
            signed_off: false,
            unavailable: false,
            signs_on: false,
            awaits_sign_on: false,
            retirement: Retirement::default(),
            told: Usable::Ready,
            announced: Usable::Ready,
            stans: None,
            network: NETWORK_MIN,
            in_flight: Line::EMPTY,
            resting: 0,
            seen_at: [Place::default(); 2],
            tally: Tally::default(),
        }
    }

    #[test]
    fn each_release_begins_with_the_next_link() {
        let mut station = with_links(3);
        assert_eq!([1, 2, 3, 4].map(|release| station.take_turn(release)), [0, 1, 2, 0]);
    }

    #[test]
    fn within_a_release_a_link_takes_so_many_in_a_row_and_no_more() {
        let mut station = with_links(2);
        let turns: Vec<usize> = (0..=2 * RUN_MAX).map(|_| station.take_turn(1)).collect();
        let (first, rest) = turns.split_at(RUN_MAX as usize);
        let (second, third) = rest.split_at(RUN_MAX as usize);
        assert!(first.iter().all(|&turn| turn == 0));
        assert!(second.iter().all(|&turn| turn == 1));
        assert_eq!(third, [0]);
    }

    #[test]
    fn a_turn_survives_a_list_that_got_shorter() {
        let mut station = with_links(3);
        for release in 1..=3 {
            station.take_turn(release);
        }
        station.on_gone(LinkId(2));
        assert_eq!(station.take_turn(4), 0);
    }
}
