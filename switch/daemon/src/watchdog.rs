//! Feeds the service manager's watchdog while the switch lives, and only then: each pulse must have been taken
//! up by every worker, and something that each wrote down must have been committed since. Run by the main
//! thread, which is proven to live by it too. Must not know how a pulse is answered.
//!
//! A switch that is busy, full, draining or without a partner lives. One whose worker does not turn, or whose
//! disk takes nothing for as long as the watchdog waits, is half dead, and must be dead: its acquirers then
//! see closed links, and not a silence.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, never, tick};
use switch_core::ids::WorkerId;
use switch_core::time::Time;
use tracing::warn;

use crate::clocks;
use crate::mesh::Mesh;
use crate::pulses::Late;
use crate::running::Running;
use crate::service::Service;
use crate::worker::Command;

/// Looks in the time that the watchdog waits.
const LOOKS: u32 = 6;
/// A pulse is given with every second look, so that three of them may be lost.
const LOOKS_A_PULSE: u32 = 2;
/// How often there would be a pulse if the manager had a watchdog, when it has none and only listens.
const UNWATCHED: Duration = Duration::from_secs(15);

/// The manager's watchdog.
pub(crate) struct Watchdog {
    service: Arc<Service>,
    mesh: Arc<Mesh>,
    running: Arc<Running>,
    workers: u8,
    /// The last pulse, and when it was given.
    number: u64,
    given: Time,
    looks: u32,
    /// It is through.
    passed: bool,
    /// It was said that it is late.
    complained: bool,
}

impl Watchdog {
    /// Of a node whose ports and control socket are open: the manager is told so.
    pub(crate) fn of_a_ready(
        service: Arc<Service>,
        mesh: Arc<Mesh>,
        running: Arc<Running>,
        workers: u8,
    ) -> Self {
        service.ready("serving");
        Self {
            service,
            mesh,
            running,
            workers,
            number: 0,
            given: Time(0),
            looks: 0,
            passed: true,
            complained: false,
        }
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

    /// Looks whether the last pulse is through, says so, and gives the next one when it is time.
    pub(crate) fn look(&mut self, draining: bool) {
        self.service.send_again();
        self.looks += 1;
        if !self.passed {
            match self.mesh.pulses().late(self.number) {
                None => self.on_passed(draining),
                Some(late) => self.on_late(late),
            }
        }
        if self.passed && self.looks >= LOOKS_A_PULSE {
            self.give();
        }
    }

    fn give(&mut self) {
        self.number += 1;
        (self.given, self.looks) = (clocks::boot(), 0);
        self.passed = false;
        self.mesh.pulses().give(self.number);
        (0..self.workers).map(WorkerId).for_each(|worker| self.tell(worker));
    }

    /// One whose queue is full is told with the next look.
    fn tell(&self, worker: WorkerId) {
        self.mesh.command(worker, Command::Pulse(self.number));
    }

    fn on_passed(&mut self, draining: bool) {
        self.passed = true;
        self.service.alive();
        self.service.says(&self.words(draining));
        if std::mem::take(&mut self.complained) {
            let after = clocks::boot().since(self.given).as_secs_f64();
            warn!(after_s = after, "all threads answer again");
        }
    }

    fn on_late(&mut self, late: Late) {
        if let Late::Turn(worker) = late {
            self.tell(worker);
        }
        let since = clocks::boot().since(self.given);
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

    /// How it stands, for people.
    fn words(&self, draining: bool) -> String {
        let now = self.running.now();
        let (links, ready) = self.mesh.pulses().ready();
        let (number, stations) = (now.number(), now.plan.stations.len());
        let does = if draining { "draining" } else { "serving" };
        format!(
            "{does}: {links} links up, {ready} of {stations} stations ready, configuration {number}"
        )
    }
}
