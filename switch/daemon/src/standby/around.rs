//! What a standby has around its log: who takes up another configuration, and what operators see of both nodes and
//! can have done. Must not know what either does.

use std::sync::{Arc, OnceLock};

use journal::disk::SystemDisk;

use super::drilled::drills;
use crate::config::Mode;
use crate::hooks::Hooks;
use crate::journaling::{Failure, Spoken, Standing};
use crate::nodes::{Files, Pair};
use crate::peer::Ship;
use crate::reload::{self, Part, Reload};
use crate::run::told;
use crate::running::Running;
use crate::serving::Shell;
use crate::tunings::Tunings;
use crate::versions::Versions;

/// Who takes up another configuration, and tells the peer of it.
pub(super) fn reloads(
    (spoken, tunings): (Arc<Spoken>, &Arc<Tunings>),
    shell: &Shell,
    running: &Arc<Running>,
    (ship, keys): (&Arc<Ship>, &Arc<journal::seal::Keys>),
) -> Result<Reload, Failure> {
    let parts = reload::Parts {
        file: shell.file.clone(),
        mode: Mode { insecure_demo: shell.demo },
        running: Arc::clone(running),
        versions: Versions::open(&running.now().configuration.state).ok().map(Arc::new),
        draining: Arc::default(),
        service: Arc::clone(&shell.service),
        agreed: Some((Arc::clone(ship), Arc::clone(keys))),
    };
    let part = Part::Stands(spoken, Arc::clone(tunings));
    reload::start(part, parts).map_err(told("thread reload"))
}

/// What operators see of both nodes, and can have done.
pub(super) fn pair(
    (disk, hooks): (SystemDisk, Arc<Hooks>),
    ship: &Arc<Ship>,
    running: &Arc<Running>,
    keys: &Arc<journal::seal::Keys>,
    (standing, shell): (&Standing, &Shell),
) -> Result<Arc<Pair>, Failure> {
    let files = Files::of(disk.clone()).map_err(told("thread looks"))?;
    let (shown, wished) = (Arc::clone(ship), Arc::clone(ship));
    let drills = drills(&disk, (ship, running, keys), (standing, shell))?;
    let (now, keys, behind) = (Arc::clone(running), Arc::clone(keys), standing.behind());
    Ok(Arc::new(Pair {
        running: Arc::clone(running),
        journal: disk,
        files,
        shown: Box::new(move || shown.shown()),
        wish: Box::new(move |wish| wished.wish(wish)),
        digests: Box::new(move || now.now().configuration.agreement(&keys)),
        replayed: Box::new(move || Some(behind.replayed())),
        scrubbed: standing.scrubbed(),
        serves: OnceLock::new(),
        hooks,
        drills,
    }))
}
