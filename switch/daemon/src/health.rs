//! Whether this node is well: every half second something of each worker has to get through its gate and the
//! journal and be released, as an answer has. Run by the main thread, with or without a service manager. Must not
//! know what follows for the two nodes, nor how a pulse is answered.
//!
//! A node whose synthetic transaction is not through within `node.sick_after` is sick, whatever its sockets say. A
//! full disk does not make it so: there workers refuse, and that is what a switch on a full disk is for.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, tick};
use switch_core::ids::WorkerId;
use switch_core::time::Time;
use tracing::{info, warn};

use crate::clocks;
use crate::mesh::Mesh;
use crate::pulses::Late;
use crate::running::Running;
use crate::status::SickStatus;
use crate::worker::Command;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(250);
/// A pulse is given with every second look, once the one before is through.
const LOOKS_A_PULSE: u32 = 2;
/// After so long without a look this process stood still, and nobody else was late.
const STOOD_STILL: Duration = Duration::from_secs(1);

/// Why a node is sick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sick {
    /// A worker does not turn.
    Worker(WorkerId),
    /// What it writes does not become durable.
    Disk,
    /// What is durable here is not released: it needs the standby, or the witness's word that it does not.
    Standby,
    /// A drill withholds the synthetic transaction.
    Drill,
}

impl Sick {
    /// Whether the other node would do better: not, where this one waits for it.
    pub(crate) fn is_own(self) -> bool {
        !matches!(self, Self::Standby)
    }
}

impl fmt::Display for Sick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker(WorkerId(worker)) => write!(f, "worker {worker} does not turn"),
            Self::Disk => f.write_str("what it writes does not become durable: its disk hangs"),
            Self::Standby => f.write_str(
                "what is durable here is not released: the standby does not acknowledge, or the witness does \
                 not answer",
            ),
            Self::Drill => f.write_str("a drill withholds its synthetic transaction"),
        }
    }
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing new.
    Same,
    /// It is sick, or for another reason than before.
    Sick(Sick),
    /// It is well again.
    Well,
}

/// The measure.
pub(crate) struct Health {
    mesh: Arc<Mesh>,
    running: Arc<Running>,
    workers: u8,
    has_peer: bool,
    /// The last pulse, and when it was given.
    number: u64,
    given: Time,
    looked: Time,
    looks: u32,
    /// The last one that was through.
    passed: u64,
    sick: Option<Sick>,
    since: Time,
}

impl Health {
    pub(crate) fn new(mesh: Arc<Mesh>, running: Arc<Running>, workers: u8, has_peer: bool) -> Self {
        let now = clocks::boot();
        Self {
            mesh,
            running,
            workers,
            has_peer,
            number: 0,
            given: now,
            looked: now,
            looks: 0,
            passed: 0,
            sick: None,
            since: now,
        }
    }

    /// When [`Health::look`] is to be called.
    pub(crate) fn ticks() -> Receiver<Instant> {
        tick(LOOK)
    }

    /// The last pulse that was through.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Who has not come as far as the last pulse, and since when it is waited for.
    pub(crate) fn late(&self) -> Option<(Late, Time)> {
        let late = self.mesh.pulses().late(self.number);
        late.filter(|_| self.passed < self.number).map(|late| (late, self.given))
    }

    /// Why it is sick.
    pub(crate) fn sick(&self) -> Option<Sick> {
        self.sick
    }

    /// Looks whether the last pulse is through, and gives the next one when it is time.
    pub(crate) fn look(&mut self) -> Found {
        self.looks_at(clocks::boot())
    }

    fn looks_at(&mut self, now: Time) -> Found {
        if now.since(self.looked) >= STOOD_STILL {
            self.given = now;
        }
        self.looked = now;
        self.looks += 1;
        let sick_after = self.running.now().configuration.sick_after;
        let pulses = self.mesh.pulses();
        let drill = pulses.is_withheld(now);
        let late = if self.number == 0 { None } else { pulses.late(self.number) };
        let in_time = now.since(self.given) < sick_after;
        let mut found = Found::Same;
        if late.is_some() || drill {
            if let Some(Late::Turn(worker)) = late {
                self.tell(worker);
            }
            if !in_time {
                found = self.becomes(self.why(late, drill, now, sick_after), now);
            }
            return found;
        }
        if self.passed < self.number {
            self.passed = self.number;
            // One that was through too late says only that it is not dead: the next one has to be in time.
            if in_time && self.sick.take().is_some() {
                found = Found::Well;
                let for_s = now.since(self.since).as_secs_f64();
                pulses.show_sick(None);
                self.tell_all(&Command::Sick(false));
                info!(for_s, "well again: its synthetic transaction is through in time");
            }
        }
        if self.looks >= LOOKS_A_PULSE {
            self.give(now);
        }
        found
    }

    fn why(&self, late: Option<Late>, drill: bool, now: Time, sick_after: Duration) -> Sick {
        match late {
            _ if drill => Sick::Drill,
            Some(Late::Turn(worker)) => Sick::Worker(worker),
            Some(Late::Commit(_)) | None => {
                // A journal that turns and whose disk does what it is asked to waits for the other node.
                let own = !self.mesh.pulses().journal_is_well(self.number, now, sick_after / 2);
                if own || !self.has_peer { Sick::Disk } else { Sick::Standby }
            }
        }
    }

    fn becomes(&mut self, why: Sick, now: Time) -> Found {
        if self.sick == Some(why) {
            return Found::Same;
        }
        if self.sick.replace(why).is_none() {
            self.since = self.given;
            self.tell_all(&Command::Sick(true));
        }
        let for_ms = u64::try_from(now.since(self.given).as_millis()).unwrap_or(u64::MAX);
        self.mesh.pulses().show_sick(Some((why, self.since)));
        warn!(for_ms, "sick: {why}; echo tests are not answered, new requests get 907");
        Found::Sick(why)
    }

    fn give(&mut self, now: Time) {
        self.number += 1;
        (self.given, self.looks) = (now, 0);
        self.mesh.pulses().give(self.number);
        self.tell_all(&Command::Pulse(self.number));
    }

    fn tell_all(&self, command: &Command) {
        (0..self.workers).map(WorkerId).for_each(|worker| {
            self.mesh.command(worker, command.clone());
        });
    }

    /// One whose queue is full is told with the next look.
    fn tell(&self, worker: WorkerId) {
        self.mesh.command(worker, Command::Pulse(self.number));
    }
}

/// How it stands, for people; none while it is well.
pub(crate) fn shown(mesh: &Mesh) -> Option<SickStatus> {
    let (why, since) = mesh.pulses().sick()?;
    let since_s = clocks::boot().since(since).as_secs();
    Some(SickStatus { why: why.to_string(), since_s })
}
