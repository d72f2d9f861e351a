//! Feeds the service manager's watchdog while the switch lives, and only then: a pulse must have been taken up by
//! every worker, and something that each wrote down must have been committed, since it was fed last. Run by the
//! main thread, which is proven to live by it too. Must not know how a pulse is answered, nor when a node is sick.
//!
//! A switch that is busy, full, draining or without a partner lives. One whose worker does not turn, or whose
//! disk takes nothing for as long as the watchdog waits, is half dead, and must be dead: its acquirers then
//! see closed links, and not a silence.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, never, tick};
use switch_core::ids::WorkerId;
use tracing::warn;

use crate::clocks;
use crate::health::Health;
use crate::mesh::Mesh;
use crate::pulses::Late;
use crate::running::Running;
use crate::service::Service;

/// Looks in the time that the watchdog waits.
const LOOKS: u32 = 6;
/// How often the manager would be told how it stands if it had a watchdog, when it has none and only listens.
const UNWATCHED: Duration = Duration::from_secs(15);

/// The manager's watchdog.
pub(crate) struct Watchdog {
    service: Arc<Service>,
    mesh: Arc<Mesh>,
    running: Arc<Running>,
    /// The pulse that it was fed with last.
    fed: u64,
    /// It was said that it is late.
    complained: bool,
}

impl Watchdog {
    /// Of a node whose ports and control socket are open: the manager is told so.
    pub(crate) fn of_a_ready(
        service: Arc<Service>,
        mesh: Arc<Mesh>,
        running: Arc<Running>,
    ) -> Self {
        service.ready("serving");
        Self { service, mesh, running, fed: 0, complained: false }
    }

    /// The node stops: it drains for so long at most.
    pub(crate) fn stopping(&self, drain: Duration) {
        self.service.stopping(drain);
    }

    /// When [`Watchdog::look`] is to be called; never, where nobody would hear of it.
    pub(crate) fn ticks(&self) -> Receiver<Instant> {
        if self.service.is_heard() { tick(self.patience() / LOOKS) } else { never() }
    }

    fn patience(&self) -> Duration {
        self.service.watchdog().unwrap_or(UNWATCHED)
    }

    /// Feeds it, if a pulse was through since it was fed last, or says that none is.
    pub(crate) fn look(&mut self, draining: bool, health: &Health) {
        self.service.send_again();
        if health.passed() > self.fed {
            self.fed = health.passed();
            self.service.alive();
            self.says(draining, health);
            if std::mem::take(&mut self.complained) {
                warn!("all threads answer again");
            }
        } else {
            self.on_late(health);
        }
    }

    /// Says how it stands, for people.
    pub(crate) fn says(&self, draining: bool, health: &Health) {
        self.service.says(&self.words(draining, health));
    }

    fn on_late(&mut self, health: &Health) {
        let Some((late, given)) = health.late() else { return };
        let since = clocks::boot().since(given);
        if since * 2 < self.patience() || self.complained {
            return;
        }
        self.complained = true;
        let ends = self.service.watchdog().is_some();
        let for_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        match late {
            Late::Turn(WorkerId(worker)) => {
                warn!(worker, for_ms, ends, "a worker does not answer");
            }
            Late::Commit(WorkerId(worker)) => {
                warn!(worker, for_ms, ends, "the journal commits nothing");
            }
        }
    }

    fn words(&self, draining: bool, health: &Health) -> String {
        let now = self.running.now();
        let (links, ready) = self.mesh.pulses().ready();
        let (number, stations) = (now.number(), now.plan.stations.len());
        let does = if draining { "draining" } else { "serving" };
        let sick = health.sick().map(|why| format!("SICK: {why}; ")).unwrap_or_default();
        format!(
            "{sick}{does}: {links} links up, {ready} of {stations} stations ready, configuration {number}"
        )
    }
}
