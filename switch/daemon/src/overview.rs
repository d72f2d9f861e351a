//! From what the workers say to the status that people see. Must not know how it is carried or
//! shown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::bounded;
use switch_core::counters::Counter;
use switch_core::ids::{StationId, WorkerId};
use switch_core::links::Phase;
use switch_core::plan::{Plan, SignOn};
use switch_core::replay::Orphan;
use switch_core::stations::Tally;
use switch_core::time::Time;

use crate::clocks;
use crate::config::{role_word, sign_on_word};
use crate::control::CLIENTS_MAX;
use crate::health;
use crate::journaling::Figures;
use crate::keys::QUESTIONS_MAX;
use crate::mesh::{COMMANDS_MAX, Mesh};
use crate::nodes::Pair;
use crate::notes::NOTES_MAX;
use crate::reader;
use crate::reload::Reload;
use crate::running::{Running, Snapshot};
use crate::saf;
use crate::status::{
    ControlStatus, LaneStatus, LinkState, LinkStatus, NodeState, OpeningStatus, OrphanStatus,
    SCHEMA_VERSION, StationStatus, Status, WorkerStatus,
};
use crate::worker::{Command, LinkReport, WAITING_BYTES_MAX, WAITING_MAX, WorkerReport};
use crate::{lines, logs};

/// How long a worker may take to say how it stands; later it is shown as not answering.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the status is made from.
pub(crate) struct Overview {
    running: Arc<Running>,
    mesh: Arc<Mesh>,
    journal: Option<Arc<Figures>>,
    reload: Reload,
    pair: Option<Arc<Pair>>,
    started: Time,
    /// The last that each worker said, in case one does not answer.
    last: Vec<Option<WorkerReport>>,
}

impl Overview {
    /// Of a node that starts now; with its journal, where records are kept.
    pub(crate) fn new(
        running: Arc<Running>,
        mesh: Arc<Mesh>,
        journal: Option<Arc<Figures>>,
        reload: Reload,
        pair: Option<Arc<Pair>>,
    ) -> Self {
        let last = (0..running.now().plan.workers).map(|_| None).collect();
        Self { running, mesh, journal, reload, pair, started: clocks::boot(), last }
    }

    /// How everything stands now. Takes at most a second longer than the slowest worker's turn.
    pub(crate) fn status(&mut self, draining: bool) -> Status {
        let answering = self.ask();
        // Behind the answers: no worker speaks of a station before all have adopted it.
        let now = self.running.now();
        let reloads = self.reload.shown();
        let configuration = &now.configuration;
        let counters = self.counters();
        let no_room = counters.get(Counter::RefusedNoRoom.name()).copied().unwrap_or_default();
        let files = configuration.files.iter().map(|file| file.display().to_string());
        Status {
            schema_version: SCHEMA_VERSION,
            node: configuration.node.clone(),
            institution: configuration.institution.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_s: clocks::boot().since(self.started).as_secs(),
            state: if draining { NodeState::Draining } else { NodeState::Serving },
            configuration: files.collect::<Vec<_>>().join(", "),
            adopted: now.version(),
            reload: reloads.last,
            refused: reloads.refused,
            inactive: configuration
                .inactive
                .iter()
                .map(|inactive| format!("{}: {}", inactive.key, inactive.why))
                .collect(),
            limits: limits(&now.plan),
            workers: self.workers(&now.plan, &answering),
            stations: self.stations(&now),
            journal: self.journal.as_ref().map(|journal| journal.status(no_room)),
            sick: health::shown(&self.mesh),
            pair: self.pair.as_ref().map(|pair| Box::new(pair.status())),
            counters,
            // The control thread knows it, and says it itself.
            control: ControlStatus::default(),
            opening: self.opening(&now.plan),
            log_lines_lost: logs::lost(),
        }
    }

    /// Asks every worker at once; says which of them answered.
    fn ask(&mut self) -> Vec<bool> {
        let (sender, reports) = bounded(self.last.len());
        let workers = (0..=u8::MAX).take(self.last.len()).map(WorkerId);
        let asked = workers
            .filter(|&worker| self.mesh.command(worker, Command::Report(sender.clone())))
            .count();
        drop(sender);
        let mut answering = vec![false; self.last.len()];
        let deadline = crossbeam::channel::after(PATIENCE);
        for _ in 0..asked {
            crossbeam::channel::select! {
                recv(reports) -> report => {
                    let Ok(report) = report else { break };
                    let place = usize::from(report.worker);
                    answering[place] = true;
                    self.last[place] = Some(report);
                }
                recv(deadline) -> _ => break,
            }
        }
        answering
    }

    /// What ports wait for; the longest of all workers.
    fn opening(&self, plan: &Plan) -> Option<OpeningStatus> {
        let waits = self.last.iter().flatten().filter_map(|report| report.opening.as_ref());
        let (left, issuers) = waits.max_by_key(|(left, _)| *left)?;
        let name = |&id: &StationId| plan.station(id).settings.name.clone();
        Some(OpeningStatus {
            left_ms: millis(*left),
            not_ready: issuers.iter().map(name).collect(),
        })
    }

    fn workers(&self, plan: &Plan, answering: &[bool]) -> Vec<WorkerStatus> {
        let (limits, now) = (&plan.limits, clocks::boot());
        // What is in doubt may be about a station that not all workers know yet.
        let newest = self.running.newest();
        let reports = self.last.iter().zip(answering).zip(0_u8..);
        reports
            .map(|((report, &answering), id)| {
                let mut status = WorkerStatus {
                    id,
                    answering,
                    pending_max: limits.pending_max,
                    parked_max: limits.parked_max,
                    held_max: limits.held_max,
                    stored_max: limits.saf_max,
                    pulse_ms: self
                        .mesh
                        .pulses()
                        .passed_at(WorkerId(id))
                        .map(|at| millis(now.since(at))),
                    ..WorkerStatus::default()
                };
                if let Some(report) = report {
                    status.turns = report.turns;
                    status.configuration = report.configuration;
                    (status.pending, status.parked, status.resting) = report.occupancy;
                    status.held = u32::try_from(report.held.0).unwrap_or(u32::MAX);
                    status.deliveries_unknown = wide(report.doubts.0);
                    let name = |issuer| &newest.station(issuer).settings.name;
                    let doubts = report.doubts.1.iter();
                    let doubts = doubts.map(|&(issuer, stan)| saf::id(name(issuer), stan.0));
                    status.deliveries_unknown_first = doubts.collect();
                    status.orphans = orphans(report, |acquirer| name(acquirer).clone());
                    status.repeats_known_s = report.repeats_known;
                    status.stored = report.stored.0;
                    (status.gate_used, status.gate_bytes) =
                        (wide(report.gate.0), wide(report.gate.1));
                    let lanes = (0_u8..).zip(&report.lanes);
                    let lanes = lanes.filter_map(|(to, lane)| {
                        lane.map(|lane| LaneStatus {
                            to,
                            used: wide(lane.used),
                            bytes: wide(lane.capacity),
                            waiting: wide(lane.waiting),
                        })
                    });
                    status.lanes = lanes.collect();
                    let (used, bytes) = report.journal_lane.unwrap_or_default();
                    status.journal_lane_used = wide(used);
                    status.journal_lane_bytes = wide(bytes);
                }
                status
            })
            .collect()
    }

    /// In the order of the configuration; behind them those that it does not name any more.
    fn stations(&self, now: &Snapshot) -> Vec<StationStatus> {
        let mut ids: Vec<(bool, Option<usize>, StationId)> = (0..)
            .zip(&now.places)
            .map(|(id, &place)| (place.is_none(), place, StationId(id)))
            .collect();
        ids.sort_unstable();
        ids.into_iter().map(|(retired, _, id)| self.station(now, retired, id)).collect()
    }

    fn station(&self, now: &Snapshot, retired: bool, id: StationId) -> StationStatus {
        let planned = now.plan.station(id);
        let settings = &planned.settings;
        let endpoint = &now.endpoints[id.index()];
        let mut status = StationStatus {
            name: settings.name.clone(),
            retired,
            role: role_word(settings.role).to_owned(),
            dialect: settings.dialect.name().to_owned(),
            worker: planned.worker.0,
            sign_on: sign_on_word(settings.sign_on).to_owned(),
            connects: settings.connects,
            links_max: settings.links,
            links_per_peer: endpoint.links_per_peer,
            frame_timeout_ms: millis(endpoint.frame_timeout),
            noise_max: settings.noise_max,
            in_flight_max: settings.in_flight_max,
            ..StationStatus::default()
        };
        let mut tally = Tally::default();
        for report in self.last.iter().flatten() {
            // What a worker said before it knew of this station says nothing of it.
            let Some(seen) = report.stations.get(id.index()) else { continue };
            status.in_flight += seen.in_flight.0;
            status.resting += seen.in_flight.1;
            tally.requests += seen.tally.requests;
            tally.answers += seen.tally.answers;
            tally.approved += seen.tally.approved;
            tally.timeouts += seen.tally.timeouts;
            tally.latencies.merge(&seen.tally.latencies);
            if report.worker == planned.worker.0 {
                status.links_ready =
                    if seen.signed_off { 0 } else { u32::try_from(seen.ready).unwrap_or(u32::MAX) };
                status.stored = seen.stored.filter(|_| settings.role.issues());
                let link = |link| link_status(now, id, seen.signed_off, link);
                status.links = seen.links.iter().map(link).collect();
            }
        }
        (status.requests, status.answers) = (tally.requests, tally.answers);
        (status.approved, status.timeouts) = (tally.approved, tally.timeouts);
        status.declined = tally.answers - tally.approved;
        let micros = |per_mille| tally.latencies.quantile(per_mille).div_ceil(1_000);
        (status.p50_us, status.p99_us) =
            (Some(micros(500)).filter(|&us| us > 0), Some(micros(990)).filter(|&us| us > 0));
        status
    }

    fn counters(&self) -> BTreeMap<String, u64> {
        let mut sums: BTreeMap<String, u64> = BTreeMap::new();
        for report in self.last.iter().flatten() {
            for (name, count) in report.counters.iter() {
                *sums.entry(name.to_owned()).or_default() += count;
            }
            for (name, count) in [
                ("records_committed", report.records),
                ("bad_frames", report.refusals.bad_frames),
                ("frame_timeouts", report.refusals.frame_timeouts),
                ("strangers_refused", report.refusals.strangers),
                ("peer_links_refused", report.refusals.peer_links),
                ("accepts_failed", report.net.accept_failed),
                ("sockets_exhausted", report.net.refused_full),
            ] {
                *sums.entry(name.to_owned()).or_default() += count;
            }
        }
        sums
    }
}

fn link_status(
    now: &Snapshot,
    station: StationId,
    signed_off: bool,
    link: &LinkReport,
) -> LinkStatus {
    let sign_on = now.plan.station(station).settings.sign_on;
    let endpoint = &now.endpoints[station.index()];
    let first = now.plan.station(station).links_from.0;
    let state = match link.phase {
        Phase::Down | Phase::Closing => LinkState::Down,
        Phase::Connecting => LinkState::Connecting,
        Phase::Open => LinkState::Up,
        Phase::Ready if signed_off => LinkState::SignedOff,
        Phase::Ready if sign_on == SignOn::None => LinkState::Up,
        Phase::Ready => LinkState::SignedOn,
    };
    let place = usize::try_from(link.link.0 - first).expect("a link of this station");
    let peer = link.peer.or_else(|| endpoint.connect.get(place).copied());
    LinkStatus {
        id: link.link.0,
        peer: peer.map(|peer| peer.to_string()).unwrap_or_default(),
        state,
        since_s: link.for_seconds,
        echo_missed: link.echo_missed.into(),
        out_buffered: wide(link.out_buffered),
        out_max: wide(endpoint.out_max),
        last_error: link.failure.map(|why| lines::why_closed(why).into_owned()),
    }
}

fn orphans(report: &WorkerReport, name: impl Fn(StationId) -> String) -> Vec<OrphanStatus> {
    let shown = |(acquirer, orphan): &(StationId, Orphan)| OrphanStatus {
        acquirer: name(*acquirer),
        mti: orphan.mti.to_string(),
        stan: format!("{:06}", orphan.stan.0),
        rrn: orphan.rrn.clone(),
        utc: orphan.utc,
    };
    report.orphans.iter().map(shown).collect()
}

fn limits(plan: &Plan) -> BTreeMap<String, u64> {
    let limits = &plan.limits;
    [
        ("pending_max", u64::from(limits.pending_max)),
        ("large_max", u64::from(limits.large_max)),
        ("duplicates_max", u64::from(limits.duplicates_max)),
        ("answers_bytes", u64::from(limits.answers_bytes)),
        ("parked_max", u64::from(limits.parked_max)),
        ("held_max", u64::from(limits.held_max)),
        ("saf_max", u64::from(limits.saf_max)),
        ("parked_frame_max", u64::from(limits.parked_frame_max)),
        ("ask_timeout_ms", millis(limits.ask_timeout)),
        ("quarantine_ms", millis(limits.quarantine)),
        ("late_after_ms", limits.late_after.map_or(0, millis)),
        ("orphan_window_ms", millis(limits.orphan_window)),
        ("stan_skip", u64::from(limits.stan_skip)),
        ("routes", wide(plan.routes.len())),
        ("lane_waiting_max", wide(WAITING_MAX)),
        ("lane_waiting_bytes_max", wide(WAITING_BYTES_MAX)),
        ("notices_max", wide(limits.notices_max)),
        ("notes_max", wide(NOTES_MAX)),
        ("log_lines_max", wide(logs::LINES_MAX)),
        ("commands_max", wide(COMMANDS_MAX)),
        ("questions_max", wide(QUESTIONS_MAX)),
        ("reader_questions_max", wide(reader::QUESTIONS_MAX)),
        ("control_clients_max", wide(CLIENTS_MAX)),
    ]
    .map(|(name, bound)| (name.to_owned(), bound))
    .into()
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
