//! Making the workers: their sockets, their lanes to each other, their listeners. Must not know what
//! a turn does.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use codec::{Kernels, Slots};
use crossbeam::channel::Sender;
use switch_core::Core;
use switch_core::ids::{StationId, WorkerId};
use switch_core::plan::Plan;
use switch_core::replay::State;
use switch_net::{Budget, Net, SocketOptions, Wake};
use switch_sync::{LaneReceiver, wiping_lane};

use super::outbox::Outbox;
use super::pausing::Pause;
use super::ports::Open;
use super::pulse::Pulse;
use super::residue::Residue;
use super::sockets::{Endpoints, Sockets};
use super::writing::Writings;
use super::{Event, Worker};
use crate::clocks;
use crate::committer::Committer;
use crate::config::Endpoint;
use crate::keys::Asked;
use crate::mesh::Mesh;
use crate::notes::Notes;

/// Sockets beside those of the links: a link that is replaced may still have its old one for a
/// moment.
pub(crate) const SPARE_SOCKETS: usize = 64;
/// Events taken from the system in one turn: at 64 KiB each, half of the gate.
pub(super) const EVENTS_MAX: usize = 256;
/// Bytes of the gate.
const GATE_BYTES: usize = 32 << 20;
/// Bytes of a lane to another worker.
const LANE_BYTES: usize = 4 << 20;

/// What all workers are made from.
#[derive(Debug)]
pub struct Parts {
    /// The settings of the core.
    pub plan: Arc<Plan>,
    /// Where the stations are.
    pub endpoints: Endpoints,
    /// How long to poll without blocking after work.
    pub spin: Duration,
    /// Where notes go.
    pub notes: Notes,
    /// Where questions go, if anybody replies.
    pub keys: Option<Sender<Asked>>,
    /// Where questions about the past go, if a journal is kept.
    pub reader: Option<Sender<Asked>>,
    /// Where the end of a drain, or of a worker, is told.
    pub events: Sender<Event>,
    /// Whether records are kept.
    pub journaled: bool,
}

/// The workers, and the other ends of their lanes.
pub struct Made {
    /// By id.
    pub workers: Vec<Worker>,
    /// From the workers to the journal's thread, by id; none where no record is kept.
    pub to_journal: Vec<LaneReceiver>,
}

/// What the sockets' tables of a worker must have room for.
pub(super) struct SocketsMax {
    pub(super) sockets: usize,
    /// Bytes of an unfinished frame.
    pub(super) frame_carry: usize,
    /// Bytes that wait for a peer: of the station that may have most. What each may have, `Out::send`
    /// knows.
    pub(super) out: usize,
}

/// What the stations of a worker need.
pub(super) fn sockets_max(plan: &Plan, endpoints: &[Endpoint], worker: WorkerId) -> SocketsMax {
    let mine = || {
        let stations = plan.stations.iter().zip(endpoints);
        stations.filter(|(station, _)| station.worker == worker)
    };
    let links: u32 = mine().map(|(station, _)| station.settings.links).sum();
    let frame_max = mine().map(|(_, e)| e.frame_max + e.framing.overhead()).max();
    SocketsMax {
        sockets: usize::try_from(links).expect("links are counted") + SPARE_SOCKETS,
        frame_carry: frame_max.unwrap_or(1 << 13).min((1 << 16) - 1),
        out: mine().map(|(_, endpoint)| endpoint.out_max).max().unwrap_or(1 << 20),
    }
}

/// The sockets of every worker, before there are workers: a waker each.
pub struct Nets(Vec<Net>);

impl Nets {
    /// Makes the sockets' tables of all workers, which share a budget of sockets.
    pub fn new(plan: &Plan, endpoints: &Endpoints, budget: &Budget) -> io::Result<Self> {
        let nets = (0..plan.workers).map(WorkerId).map(|worker| {
            let SocketsMax { sockets, frame_carry, out } = sockets_max(plan, endpoints, worker);
            let options = SocketOptions {
                frame_carry_max: frame_carry,
                out_max: out,
                ..SocketOptions::default()
            };
            Net::within(budget.clone(), EVENTS_MAX, sockets, options)
        });
        nets.collect::<io::Result<Vec<_>>>().map(Self)
    }

    /// The wakers, by worker.
    pub fn wakers(&self) -> impl Iterator<Item = Wake> + '_ {
        self.0.iter().map(Net::waker)
    }

    /// Makes the workers, with a lane between every two of them and one from each to the journal.
    pub fn into_workers(self, parts: &Parts, mesh: &Arc<Mesh>) -> Made {
        let count = self.0.len();
        let mut to_journal = Vec::new();
        let mut inboxes: Vec<Vec<Option<LaneReceiver>>> =
            (0..count).map(|_| (0..count).map(|_| None).collect()).collect();
        let mut workers: Vec<Worker> = self
            .0
            .into_iter()
            .enumerate()
            .map(|(from, net)| {
                let mut outboxes: Vec<Option<Outbox>> = Vec::with_capacity(count);
                for (to, inbox) in inboxes.iter_mut().enumerate() {
                    outboxes.push((to != from).then(|| {
                        let (sender, receiver) = wiping_lane(LANE_BYTES);
                        inbox[from] = Some(receiver);
                        Outbox::new(sender)
                    }));
                }
                let me = WorkerId(u8::try_from(from).expect("at most 64 workers"));
                let committer = if parts.journaled {
                    let (committer, lane) = Committer::to_journal(me, Arc::clone(mesh));
                    to_journal.push(lane);
                    committer
                } else {
                    Committer::at_once()
                };
                Worker::new(me, net, outboxes, committer, parts, Arc::clone(mesh))
            })
            .collect();
        for (worker, inboxes) in workers.iter_mut().zip(inboxes) {
            worker.inboxes = inboxes;
        }
        Made { workers, to_journal }
    }
}

impl Worker {
    fn new(
        me: WorkerId,
        net: Net,
        outboxes: Vec<Option<Outbox>>,
        committer: Committer,
        parts: &Parts,
        mesh: Arc<Mesh>,
    ) -> Self {
        let links = parts.plan.link_stations.len();
        let now = clocks::boot();
        // Only the pauses between attempts to connect come from this number.
        let chance = now.0 ^ (u64::from(me.0) << 56) ^ u64::from(std::process::id());
        let mut core = Core::new(Arc::clone(&parts.plan), me, GATE_BYTES, chance);
        core.handle_reader(parts.reader.is_some());
        Self {
            me,
            core,
            slots: Box::new(Slots::with(Kernels::detected())),
            sockets: Sockets::new(net.sockets_max(), links),
            net,
            endpoints: Arc::clone(&parts.endpoints),
            outboxes,
            inboxes: Vec::new(),
            mesh,
            committer,
            keys: parts.keys.clone(),
            reader: parts.reader.clone(),
            events: parts.events.clone(),
            notes: parts.notes.of(me),
            spin: parts.spin,
            turns: 0,
            accepts_failed: 0,
            last_work: now,
            residue: Residue::default(),
            told: Vec::new(),
            writings: Writings::default(),
            pulse: Pulse::default(),
            pause: Pause::None,
            opening: None,
            drained: false,
            stopped: false,
        }
    }

    /// Takes up what a journal says, before the first turn.
    pub fn restore(&mut self, state: &State) {
        self.core.restore(clocks::now(), state);
    }

    /// Where this worker's listeners listen.
    pub fn listening(&self) -> Vec<std::net::SocketAddr> {
        let listening = self.sockets.listening.iter();
        listening.filter_map(|open| self.net.local_addr(open.listener)).collect()
    }

    /// The same, once for each station that a listener is for.
    pub fn listening_for(&self) -> Vec<(std::net::SocketAddr, StationId)> {
        let mut all = Vec::new();
        for Open { port, listener } in &self.sockets.listening {
            let at = self.net.local_addr(*listener);
            all.extend(at.into_iter().flat_map(|at| port.stations.iter().map(move |&id| (at, id))));
        }
        all
    }
}
