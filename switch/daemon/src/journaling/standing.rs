//! The journal of a standby: followed by the thread `journal`, taken into a hot state by `replay`, kept in order
//! by `keeper` and `fold` as that of a primary is. Must not know when a standby becomes something else.
//!
//! ```text
//!   ship --LogTask--> journal --batches--> | | | segments --> replay --> hot state --+
//!                        ^                   ^   |                                   | promotion
//!                      spares                |   v                                   v
//!                        +------- keeper ----+  fold --> checkpoints, archives     Opened
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crossbeam::channel::{Sender, bounded};
use journal::disk::SystemDisk;
use journal::follower::Follower;
use journal::format::PathKind;
use journal::path::{Direct, Mapped, WritePath};
use journal::roles::event::Reign;
use journal::segments::{Keeper, Spares};
use switch_core::plan::{Limits, Plan};
use switch_core::replay::State;

use super::failure::Failure;
use super::figures::{Figures, Folding, Writing};
use super::fold::Fold;
use super::following::{Following, Tell};
use super::hot::{Behind, Hot};
use super::keeper::Housekeeper;
use super::numbers::Register;
use super::scrubbed::Scrubbed;
use super::scrubbing::Scrubbing;
use super::start::Begins;
use super::storing::Storage;
use super::{Failing, Opened, spawn, spawn_others};
use crate::clocks;
use crate::logs::Sparing;
use crate::mesh::Mesh;
use crate::notes::Notes;
use crate::pairing::Given;
use crate::peer::Ship;
use crate::tunings::Tunings;
use crate::worker::Event;

/// What a standby's journal needs of the daemon.
pub(crate) struct Standby<'a> {
    /// What comes from the primary.
    pub(crate) tasks: Given,
    /// Who is told what became of it.
    pub(crate) tell: Tell,
    /// The plan that it would serve by.
    pub(crate) plan: &'a Plan,
    pub(crate) tunings: Arc<Tunings>,
    /// The way to the other node; none where nobody is asked for anything.
    pub(crate) ship: Option<Arc<Ship>>,
    pub(crate) notes: Notes,
    pub(crate) events: Sender<Event>,
    pub(crate) progresses: &'a dyn Fn(),
}

/// Says where a writer goes on for a reign.
type GoesOn = Box<dyn FnOnce(&Reign) -> Begins + Send>;

/// What keeps segments in order.
struct Keeping {
    keeper: Keeper<SystemDisk>,
    spares: Arc<Spares>,
    figures: Arc<Figures>,
    stop: Arc<AtomicBool>,
    notes: Notes,
    failing: Failing,
    scrub: Box<Scrubbing>,
}

/// A journal that is followed.
pub(crate) struct Standing {
    opened: Box<Opened>,
    journal: JoinHandle<Option<GoesOn>>,
    /// Closed: the thread `journal` ends.
    end: Sender<()>,
    hot: Hot,
    others: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    spares: Arc<Spares>,
    figures: Arc<Figures>,
    beats: [Arc<AtomicU64>; 2],
}

impl Opened {
    /// Follows the log of a primary from here on.
    ///
    /// # Errors
    /// When there is no room, the disk fails, or a thread is not to be had.
    pub(crate) fn stand(self: Box<Self>, standby: Standby<'_>) -> Result<Standing, Failure> {
        match self.settings.path {
            PathKind::Mapped => {
                let path = Mapped::new(self.disk.clone());
                self.stand_on(path, standby)
            }
            PathKind::Direct => {
                let path = Direct::new(self.disk.clone());
                self.stand_on(path, standby)
            }
        }
    }

    fn stand_on<P: WritePath + 'static>(
        mut self: Box<Self>,
        path: P,
        standby: Standby<'_>,
    ) -> Result<Standing, Failure> {
        let Standby { tasks, tell, plan, tunings, ship, notes, events, progresses } = standby;
        let directory: Arc<std::path::Path> = self.disk.path().into();
        let broken = |broken| Failure::broken(&directory, &broken);
        let (spares, keeper) = self.spares(progresses)?;
        let mends = self.repair.is_some();
        let follower = Follower::begin(
            self.disk.clone(),
            path,
            Arc::clone(&self.keys),
            Arc::clone(&spares),
            &self.recovered,
            None,
            self.repair.take(),
        );
        let follower = follower.map_err(broken)?;
        let limits = &plan.limits;
        let state = std::mem::replace(&mut self.state, State::new(limits));
        let folded = copied(limits, &state);
        let failing = Failing { directory: Arc::clone(&directory), events: events.clone() };
        let end = self.recovered.end;
        let writing = Writing {
            position: end.position,
            durable: end.position,
            released: self.recovered.marked,
            ..Writing::default()
        };
        let figures = self.figures(&writing);
        let stop = Arc::new(AtomicBool::new(false));
        let keeping = Keeping {
            keeper,
            spares: Arc::clone(&spares),
            figures: Arc::clone(&figures),
            stop: Arc::clone(&stop),
            notes,
            failing: failing.clone(),
            scrub: self.scrubbing(tunings, ship),
        };
        let others = self.keep(keeping, folded, plan)?;
        let (path, keys) = (directory.to_path_buf(), Arc::clone(&self.keys));
        let hot = Hot::start(self.disk.clone(), keys, state, path, mends, events.clone())?;
        let behind = hot.behind();
        let beats = [Arc::default(), behind.beat()];
        let (closes, closed) = bounded(0);
        let following = Following {
            follower,
            disk: self.disk.clone(),
            spares: Arc::clone(&spares),
            tasks,
            end: closed,
            tell,
            behind,
            figures: Arc::clone(&figures),
            writing,
            beat: Arc::clone(&beats[0]),
            events,
            failing,
            said: end,
            storing: Storage::of(Arc::clone(&self.keys)),
            sparing: Sparing::default(),
        };
        let journal = spawn("journal", move || following.run().map(goes_on))?;
        let end = closes;
        Ok(Standing { opened: self, journal, end, hot, others, stop, spares, figures, beats })
    }

    fn figures(&self, writing: &Writing) -> Arc<Figures> {
        let folding = Folding { checkpoint: self.checkpoint };
        let figures = Arc::new(Figures::new(self.fixed(0), folding));
        figures.show_writing(writing);
        figures
    }

    /// Starts the threads that keep the segments in order.
    fn keep(
        &self,
        keeping: Keeping,
        state: State,
        plan: &Plan,
    ) -> Result<Vec<JoinHandle<()>>, Failure> {
        let Keeping { keeper, spares, figures, stop, notes, failing, scrub } = keeping;
        let housekeeper = Housekeeper {
            disk: self.disk.clone(),
            keeper,
            spares: Arc::clone(&spares),
            mesh: Arc::new(Mesh::new([])),
            workers: 0,
            notes: notes.clone(),
            figures: Arc::clone(&figures),
            stop: Arc::clone(&stop),
        };
        let dialects = plan.stations.iter().map(|station| Arc::clone(&station.settings.dialect));
        let key = state.hash_key().unwrap_or_default();
        let fold = Fold {
            indexing: self.indexing_under(key, dialects.collect(), &state),
            disk: self.disk.clone(),
            keys: Arc::clone(&self.keys),
            cluster: self.cluster,
            epoch: self.recovered.last_epoch,
            state,
            checkpoint: self.checkpoint,
            retain: self.settings.retain,
            scrub,
            spares,
            // A standby reads its log again for nobody who falls behind.
            hold: Arc::default(),
            notes,
            figures,
            stop,
        };
        spawn_others(housekeeper, fold, failing)
    }
}

impl Standing {
    /// What the threads say about themselves.
    pub(crate) fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.figures)
    }

    /// What is known of rot.
    pub(crate) fn scrubbed(&self) -> Arc<Scrubbed> {
        self.opened.scrubbed()
    }

    /// Who sees how far the state is.
    pub(crate) fn behind(&self) -> Behind {
        self.hot.behind()
    }

    /// What goes up while the threads turn that must.
    pub(crate) fn beats(&self) -> impl Iterator<Item = Arc<AtomicU64>> + '_ {
        self.beats.iter().map(Arc::clone)
    }

    /// Ends all of it for a reign that begins where the log ends: the log is sealed. Nothing of it is read a
    /// second time; gives what a writer begins with. The configuration is told by what the node calls it and by
    /// its digest. None: something failed, and has said so.
    pub(crate) fn promote(
        self,
        reign: &Reign,
        configuration: (u32, [u8; 32]),
    ) -> Option<Box<Opened>> {
        let begun = clocks::boot();
        let Self { mut opened, journal, end, hot, others, stop, spares, .. } = self;
        stop.store(true, Ordering::Release);
        drop(end);
        journal.thread().unpark();
        spares.wake_keeper();
        for thread in &others {
            thread.thread().unpark();
        }
        let goes_on = journal.join().ok().flatten()?;
        let state = hot.finish()?;
        for thread in others {
            thread.join().ok()?;
        }
        opened.reigns(goes_on(reign), state, configuration);
        opened.took = clocks::boot().since(begun);
        Some(opened)
    }

    /// Ends all of it: the process is about to end.
    pub(crate) fn stop(self) {
        let Self { journal, end, hot, others, stop, spares, .. } = self;
        stop.store(true, Ordering::Release);
        drop(end);
        journal.thread().unpark();
        spares.wake_keeper();
        // What failed has been said.
        drop(journal.join());
        drop(hot.finish());
        for thread in others {
            thread.thread().unpark();
            drop(thread.join());
        }
    }
}

impl Opened {
    /// What follows from the log is the state of a standby that followed it; a reign begins there.
    fn reigns(&mut self, begins: Begins, state: State, (number, digest): (u32, [u8; 32])) {
        assert_eq!(
            state.position().0,
            begins.end.position.0,
            "the state has all of the log, and nothing else"
        );
        self.cluster = begins.start.cluster;
        self.register = Register::of(&state);
        self.register.counts_from(number);
        self.state = state;
        self.digest = digest;
        self.begins = Some(begins);
    }
}

/// Where a follower's log is gone on with.
fn goes_on<P: WritePath + 'static>(follower: Follower<SystemDisk, P>) -> GoesOn {
    Box::new(move |reign| {
        let (end, reign) = (follower.received(), *reign);
        let start = follower.into_start(reign.epoch, reign.cluster);
        Begins { start, reign, end }
    })
}

/// The same state once more: one is kept at the end of the log, the other where segments are packed.
fn copied(limits: &Limits, state: &State) -> State {
    let mut bytes = Vec::new();
    state.write(&mut bytes);
    State::read(limits, &bytes).expect("it was just written")
}

#[cfg(test)]
mod tests;
