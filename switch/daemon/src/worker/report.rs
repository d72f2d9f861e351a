//! What a worker says about itself when asked: plain figures, copied out between two turns. Must
//! not know who asked.

use std::net::SocketAddr;
use std::time::Duration;

use switch_core::counters::Counters;
use switch_core::ids::{LinkId, Stan, StationId};
use switch_core::links::Phase;
use switch_core::replay::Orphan;
use switch_core::stations::Tally;
use switch_core::time::{Now, Time};
use switch_net::CloseReason;

use super::Worker;
use super::outbox::{LaneFill, Outbox};
use super::sockets::Refusals;
use crate::saf::SafStatus;

/// Of approvals in doubt, so many are named.
const DOUBTS_SHOWN: usize = 10_000;

/// How one worker stands.
#[derive(Clone, Debug)]
pub struct WorkerReport {
    /// Which.
    pub worker: u8,
    /// Turns of its loop.
    pub turns: u64,
    /// The number of the configuration that it runs by.
    pub configuration: u32,
    /// Transactions known, decisions parked, transactions in quarantine.
    pub occupancy: (u32, u32, u32),
    /// Repeats held until their original ends, and the most there may be.
    pub held: (usize, usize),
    /// Approvals of which nobody knows whether they reached their acquirer: how many, and some of
    /// them by issuer and our STAN.
    pub doubts: (usize, Vec<(StationId, Stan)>),
    /// What stations named and nobody here knows, behind a promotion that may have lost records.
    pub orphans: Vec<(StationId, Orphan)>,
    /// For how many seconds every repeat is known; none while no request had to be forgotten.
    pub repeats_known: Option<u64>,
    /// Stored messages that it made and that are not done, and the most there may be, with requests
    /// in flight.
    pub stored: (u32, u32),
    /// Bytes of its gate in use, and in all.
    pub gate: (usize, usize),
    /// How full each lane is, by worker; none to itself.
    pub lanes: Vec<Option<LaneFill>>,
    /// Records handed to whom makes them durable.
    pub records: u64,
    /// Bytes in the lane to the journal's thread, and in all; none without a journal.
    pub journal_lane: Option<(usize, usize)>,
    /// Whether a drain has come to its end here.
    pub drained: bool,
    /// For how long its ports wait yet, and for which issuers; none once they are open.
    pub opening: Option<(Duration, Vec<StationId>)>,
    /// What was counted.
    pub counters: Counters,
    /// What was refused before the core saw it.
    pub refusals: Refusals,
    /// What the sockets counted.
    pub net: switch_net::Counters,
    /// Every station, as it sees it.
    pub stations: Vec<StationReport>,
}

/// How one station stands, as one worker sees it.
#[derive(Clone, Debug)]
pub struct StationReport {
    /// Whether it is signed off, as the owner of its links knows.
    pub signed_off: bool,
    /// Links that can take a message.
    pub ready: usize,
    /// Requests in flight, and in quarantine, from this worker.
    pub in_flight: (u32, u32),
    /// Counts.
    pub tally: Tally,
    /// What is stored for it, where this worker owns its links.
    pub stored: Option<SafStatus>,
    /// Its links that are or were up, where this worker owns them.
    pub links: Vec<LinkReport>,
}

/// How one link stands.
#[derive(Clone, Copy, Debug)]
pub struct LinkReport {
    /// Which.
    pub link: LinkId,
    /// Where it stands.
    pub phase: Phase,
    /// For how long.
    pub for_seconds: u64,
    /// Echo tests without an answer.
    pub echo_missed: u8,
    /// Bytes that wait for the other side.
    pub out_buffered: usize,
    /// The other end.
    pub peer: Option<SocketAddr>,
    /// Why it went down last.
    pub failure: Option<CloseReason>,
}

impl Worker {
    fn orphans(&self) -> Vec<(StationId, Orphan)> {
        let plan = self.core.plan();
        let named = self.core.orphans();
        named.filter_map(|one| Some((plan.numbered_station(one.acquirer)?, one.clone()))).collect()
    }

    pub(super) fn report(&mut self, now: Now) -> WorkerReport {
        let stations = 0..self.core.plan().stations.len();
        let stations = stations.map(|place| {
            self.station_report(StationId(u16::try_from(place).expect("counted")), now)
        });
        let stations = stations.collect();
        let doubts = (self.core.doubtful(), self.core.doubts().take(DOUBTS_SHOWN).collect());
        let orphans = self.orphans();
        let lanes = self.outboxes.iter_mut().map(|outbox| outbox.as_mut().map(Outbox::fill));
        WorkerReport {
            worker: self.me.0,
            turns: self.turns,
            configuration: self.core.plan().numbers().configuration,
            occupancy: self.core.occupancy(),
            held: self.core.held(),
            doubts,
            orphans,
            repeats_known: self.core.window(now.utc).map(|(seconds, _)| seconds),
            stored: self.core.saf_fill(),
            gate: self.core.gate_fill(),
            lanes: lanes.collect(),
            records: self.committer.records(),
            journal_lane: self.committer.lane(),
            drained: self.drained,
            opening: self.waits_to_open(now.boot),
            counters: self.core.counters().clone(),
            refusals: self.sockets.refusals,
            net: *self.net.counters(),
            stations,
        }
    }

    fn station_report(&self, station: StationId, now: Now) -> StationReport {
        let seen = self.core.station(station);
        let planned = self.core.plan().station(station);
        let from = planned.links_from.0;
        let is_ours = planned.worker == self.me;
        let links = if is_ours { planned.settings.links } else { 0 };
        let links = (from..from + links).map(LinkId);
        let shown =
            links.filter(|&link| planned.settings.connects || self.core.link(link).generation > 0);
        StationReport {
            signed_off: seen.signed_off,
            ready: seen.ready.len(),
            in_flight: (seen.in_flight.len(), seen.resting),
            tally: seen.tally.clone(),
            links: shown.map(|link| self.link_report(link, now.boot)).collect(),
            stored: is_ours.then(|| self.stored(now, station)),
        }
    }

    fn link_report(&self, link: LinkId, now: Time) -> LinkReport {
        let seen = self.core.link(link);
        LinkReport {
            link,
            phase: seen.phase,
            for_seconds: now.since(seen.since).as_secs(),
            echo_missed: seen.echo_missed,
            out_buffered: self.sockets.of(link).map_or(0, |socket| self.net.out_buffered(socket)),
            peer: self.sockets.peer(link),
            failure: self.sockets.failure(link),
        }
    }
}
