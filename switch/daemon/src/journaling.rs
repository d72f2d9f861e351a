//! The journal at work: read at the start, written by a thread, kept in order by two others. Joins
//! the crate `journal`, which knows no message, with the core, which knows no file.
//!
//! ```text
//!   worker 0 --lane--+                                         segments
//!   worker 1 --lane--+--> journal --batches--> write path --> | | | |
//!   worker 2 --lane--+       |                                 ^   |
//!        ^                   |                       spares    |   | sealed
//!        +------ marks ------+                                 |   v
//!                                                         keeper   fold --> checkpoints, archives
//! ```

mod failure;

mod trial_key;

mod numbers;

mod replaying;

mod start;

mod hot;

mod following;

mod storing;

mod standing;

mod two_sites;

pub(crate) mod orphans;

mod waiting;

mod release;

mod thread;

mod keeper;

mod pace;

mod fold;

mod indexing;

mod scrubbed;

mod scrubbing;

mod figures;

mod priority;

#[cfg(test)]
mod ground;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread as threads;
use std::thread::JoinHandle;

use crossbeam::channel::Sender;
use journal::format::{PathKind, Position};
use journal::mark::Mark;
use journal::path::{Direct, Mapped, WritePath};
use journal::segments::Spares;
use journal::writer::Framed;
use switch_core::plan::Plan;
use switch_core::replay::State;
use switch_sync::LaneReceiver;
use tracing::warn;

use crate::mesh::Mesh;
use crate::notes::Notes;
use crate::peer::Ship;
use crate::tunings::Tunings;
use crate::worker::Event;
pub use failure::Failure;
pub use figures::{Figures, Sight};
use figures::{Folding, Writing};
use fold::Fold;
pub use indexing::{Spoken, Wanted};
use keeper::Housekeeper;
pub use numbers::{Allotted, NO_NUMBERS, Register, written};
use priority::raise_priority;
pub(crate) use priority::{lower_priority, lowest_priority};
pub(crate) use release::{Lag, Release};
pub(crate) use scrubbed::Scrubbed;
use scrubbing::{Scrubbing, Work};
pub(crate) use standing::{Standby, Standing};
use start::Begun;
pub(crate) use start::new_cluster;
pub use start::{Opened, open};
use thread::{Ended, LastRecord, Scribe, ToPeer};

/// What the journal's threads need of the daemon.
pub struct Around {
    /// From the workers, by their ids.
    pub lanes: Vec<LaneReceiver>,
    /// The marks that it moves, and whom to wake.
    pub mesh: Arc<Mesh>,
    /// The plan that all run by.
    pub plan: Arc<Plan>,
    /// What it runs by itself.
    pub tunings: Arc<Tunings>,
    /// Where notes go.
    pub notes: Notes,
    /// Where it is told that the journal can not go on.
    pub events: Sender<Event>,
    /// The line to the peer; none where there is no peer.
    pub ship: Option<Arc<Ship>>,
}

/// Hears of each block and batch of a log that is written, before it is on its way to the disk.
pub type Tap = Box<dyn FnMut(Framed<'_>) + Send>;

/// A journal at work.
pub struct Journal {
    figures: Arc<Figures>,
    mesh: Arc<Mesh>,
    spares: Arc<Spares>,
    /// The end of the log with what the start wrote.
    begun: Mark,
    scribe: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
    /// For the thread that writes, and for the others.
    stop: [Arc<AtomicBool>; 2],
    last: LastRecord,
}

/// Begins to write a journal, saying again and again that it goes on, and starts its threads.
///
/// # Errors
/// When there is no room, or the disk fails.
pub fn start(
    opened: Box<Opened>,
    around: Around,
    restore: impl FnOnce(&State),
    progresses: &dyn Fn(),
) -> Result<Journal, Failure> {
    match opened.settings.path {
        PathKind::Mapped => {
            let path = Mapped::new(opened.disk.clone());
            start_on(opened, path, around, restore, progresses)
        }
        PathKind::Direct => {
            let path = Direct::new(opened.disk.clone());
            if let Some(why) = path.refused() {
                let why = why.to_string();
                warn!(why, "io_uring is refused: batches are written one after the other");
            }
            start_on(opened, path, around, restore, progresses)
        }
    }
}

fn start_on<P: WritePath + 'static>(
    mut opened: Box<Opened>,
    path: P,
    around: Around,
    restore: impl FnOnce(&State),
    progresses: &dyn Fn(),
) -> Result<Journal, Failure> {
    let indexing = opened.indexing();
    let Around { lanes, mesh, plan, tunings, notes, events, ship } = around;
    let scrub = opened.scrubbing(Arc::clone(&tunings), ship.clone());
    let tap = ship.as_ref().map(|ship| ship.tap(opened.end()));
    let hold = ship.as_ref().map(|ship| ship.hold()).unwrap_or_default();
    let begun = opened.begin(path, &plan, tap, progresses)?;
    restore(&opened.state);
    let (end, epoch) = (begun.writer.framed(), opened.epoch());
    let directory: Arc<Path> = opened.disk.path().into();
    let (figures, writing) = shown(&opened, &begun);
    let peer = ship.map(|ship| to_peer(&opened, &mesh, lanes.len(), ship));
    let stop = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let failed = Failing { directory, events };
    let last = LastRecord::default();
    let mut scribe = Scribe {
        writer: begun.writer,
        writing,
        lanes,
        mesh: Arc::clone(&mesh),
        spares: Arc::clone(&begun.spares),
        figures: Arc::clone(&figures),
        tunings,
        peer,
        stop: Arc::clone(&stop[0]),
        last: Arc::clone(&last),
    };
    let fold = Fold {
        indexing,
        scrub,
        disk: opened.disk.clone(),
        keys: opened.keys,
        cluster: opened.cluster,
        epoch,
        state: opened.state,
        checkpoint: opened.checkpoint,
        retain: opened.settings.retain,
        spares: Arc::clone(&begun.spares),
        hold,
        notes: notes.clone(),
        figures: Arc::clone(&figures),
        stop: Arc::clone(&stop[1]),
    };
    let housekeeper = Housekeeper {
        disk: opened.disk,
        keeper: begun.keeper,
        spares: Arc::clone(&begun.spares),
        mesh: Arc::clone(&mesh),
        workers: plan.workers,
        notes,
        figures: Arc::clone(&figures),
        stop: Arc::clone(&stop[1]),
    };
    let of_scribe = failed.clone();
    let scribe = spawn("journal", move || {
        scribe.writing.priority = Some(raise_priority());
        of_scribe.tell(scribe.run());
    })?;
    // Before there is a worker that could want to wake it.
    mesh.journal_is(scribe.thread().clone());
    let others = spawn_others(housekeeper, fold, failed)?;
    let spares = begun.spares;
    Ok(Journal { figures, mesh, spares, begun: end, scribe, others, stop, last })
}

impl Opened {
    /// Who looks whether what is sealed is as it was written, and how the other node is asked for it.
    fn scrubbing(&self, tunings: Arc<Tunings>, ship: Option<Arc<Ship>>) -> Box<Scrubbing> {
        Box::new(Scrubbing {
            disk: self.disk.clone(),
            keys: Arc::clone(&self.keys),
            wanted: Arc::clone(&self.wanted),
            tunings,
            ship,
            shown: self.scrubbed(),
            work: Work::default(),
        })
    }

    /// What is known of rot.
    pub(crate) fn scrubbed(&self) -> Arc<Scrubbed> {
        Arc::clone(&self.scrubbed)
    }
}

/// Starts the threads that keep the segments in order.
fn spawn_others(
    housekeeper: Housekeeper,
    fold: Fold,
    failed: Failing,
) -> Result<Vec<JoinHandle<()>>, Failure> {
    let of_keeper = failed.clone();
    let keeper = spawn("keeper", move || of_keeper.tell(housekeeper.run().map_err(Ended::Broken)))?;
    let fold = spawn("fold", move || failed.tell(fold.run().map_err(Ended::Damaged)))?;
    Ok(vec![keeper, fold])
}

/// What there is to see of a journal that begins to be written.
fn shown<P: WritePath>(opened: &Opened, begun: &Begun<P>) -> (Arc<Figures>, Writing) {
    let folding = Folding { checkpoint: opened.checkpoint };
    let figures = Arc::new(Figures::new(opened.fixed(begun.closed), folding));
    let durable = begun.writer.durable();
    let writing = Writing {
        position: durable,
        durable,
        released: begun.writer.released(),
        segment: begun.writer.segment(),
        ..Writing::default()
    };
    figures.show_writing(&writing);
    (figures, writing)
}

/// What the thread that writes has of the peer, to which so many workers' records go.
fn to_peer(opened: &Opened, mesh: &Arc<Mesh>, workers: usize, ship: Arc<Ship>) -> ToPeer {
    // All that the log had before was released, as after any start.
    let had = opened.end().position;
    let release = Arc::new(Release::new(Arc::clone(mesh), workers, had));
    ship.releases(Arc::clone(&release));
    ToPeer { ship, release }
}

impl Journal {
    /// What the threads say about themselves.
    pub fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.figures)
    }

    /// The end of the log with what the start wrote.
    pub fn begun(&self) -> Mark {
        self.begun
    }

    /// As [`Journal::stop`], with a record behind all else; gives its position.
    pub fn stop_behind(self, record: Vec<u8>) -> Position {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
        let figures = self.figures();
        self.stop();
        Position(figures.status(0).position)
    }

    /// Ends the threads, once no worker hands anything over any more: what was handed over is
    /// written first.
    pub fn stop(self) {
        let [scribe, others] = &self.stop;
        // Partner: the loads of the threads. What the workers put into the lanes came before.
        scribe.store(true, Ordering::Release);
        self.mesh.wake_journal_if_asleep();
        // It fails only when the thread panicked, which the release build does not survive.
        drop(self.scribe.join());
        others.store(true, Ordering::Release);
        self.spares.wake_keeper();
        for thread in self.others {
            thread.thread().unpark();
            drop(thread.join());
        }
    }
}

/// Who is told when a thread can not go on.
#[derive(Clone)]
struct Failing {
    directory: Arc<Path>,
    events: Sender<Event>,
}

impl Failing {
    fn tell(&self, outcome: Result<(), Ended>) {
        let failure = match outcome {
            Ok(()) => return,
            Err(Ended::Broken(broken)) => Failure::broken(&self.directory, &broken),
            Err(Ended::Damaged(failure)) => failure,
            Err(Ended::Waking(error)) => {
                Failure::new(crate::cli::EXIT_FAILED, format!("journal: waking a worker: {error}"))
            }
        };
        // The daemon may have ended already.
        drop(self.events.try_send(Event::Broken(failure)));
    }
}

fn spawn<T: Send + 'static>(
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    let thread = threads::Builder::new().name(name.into()).spawn(work);
    let failed =
        |error: io::Error| Failure::new(crate::cli::EXIT_FAILED, format!("thread {name}: {error}"));
    thread.map_err(failed)
}
