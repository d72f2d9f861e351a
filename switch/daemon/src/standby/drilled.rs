//! What a drill takes of a life: that it ends where it stands, or sick, and what the next one is told; and that the next
//! one plays dead. Must not know who wanted it.

use std::sync::Arc;

use journal::disk::SystemDisk;
use journal::roles::event::Reign;
use journal::seal::Keys;
use switch_core::time::Time;

use super::{ANSWERED_WITHIN, Life, Starting};
use crate::again::again;
use crate::drilling::{self, Dying, died, rests};
use crate::journaling::{Failure, Standing};
use crate::nodes::Drills;
use crate::peer::Ship;
use crate::run::told;
use crate::running::Running;
use crate::service::Service;
use crate::serving::{Reigning, Shell};

/// From here on the start is watched; in a drill it plays dead first.
pub(super) fn starts(service: &Arc<Service>) -> Result<Starting, Failure> {
    let starting = Starting::begins(service).map_err(told("thread start"))?;
    rests(service);
    Ok(starting)
}

/// What drills take of a node.
pub(super) fn drills(
    journal: &SystemDisk,
    (ship, running, keys): (&Arc<Ship>, &Arc<Running>, &Arc<Keys>),
    (standing, shell): (&Standing, &Shell),
) -> Result<Drills, Failure> {
    let workers = running.now().plan.workers;
    let machine = drilling::start(journal.clone(), workers, standing.scrubbed(), ship);
    Ok(Drills {
        ship: Arc::clone(ship),
        keys: Arc::clone(keys),
        machine: machine.map_err(told("thread machine"))?,
        events: shell.events.clone(),
        begun: std::sync::Mutex::default(),
        drilled: died(),
        watched: Arc::default(),
    })
}

impl Life {
    /// Ends where it stands, with nothing said to anybody but the operator who wanted it, and stays away for a while.
    pub(super) fn dies(&self) -> Failure {
        if let Some(control) = &self.control {
            control.lets_answer(ANSWERED_WITHIN);
        }
        let dying = self.ends_for_drill(true);
        let why = "a drill: this node ends where it stands, and stays away";
        again(why, false, self.hooking.leaves("drill"), dying.as_ref())
    }

    /// What a life that ends sick says to the next one, if that was a drill.
    pub(super) fn ends_sick(&self, is_sick: bool) -> Option<Dying> {
        if is_sick { self.ends_for_drill(false) } else { None }
    }

    /// A reign whose ports are to open.
    pub(super) fn begun_reign(&self, reign: &Reign, ordered: Time) -> Reigning {
        let machine = Arc::clone(&self.pair.drills.machine);
        Reigning { epoch: reign.epoch.0, at: ordered, machine }
    }

    fn ends_for_drill(&self, rests: bool) -> Option<Dying> {
        let released = self.ship.release().map(|release| release.ends().0);
        self.pair.drills.ends(released).map(|drilled| Dying::of(drilled, rests))
    }
}
