//! The thread `journal` of a standby: writes what the primary's log says, as it comes, and says how far it is
//! durable. Must not know who sends it, nor what a record says.
//!
//! When it stalls, the primary waits for its acknowledgements, and goes on alone or stops after `ack_timeout`.
//! When it fails, nothing is acknowledged any more, and the process ends with 74.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, TryRecvError};
use journal::broken::Broken;
use journal::disk::SystemDisk;
use journal::follower::{Follower, Problem, Took};
use journal::mark::Mark;
use journal::path::WritePath;
use journal::raw;
use journal::roles::event::{Event as Told, Item};
use journal::segments::Spares;
use journal::ship::message::{EPOCHS_MAX, ItemKind};
use switch_core::time::Time;
use tracing::warn;

use super::Failing;
use super::failure::Failure;
use super::figures::{Figures, Writing};
use super::hot::Behind;
use super::priority::raise_priority;
use super::start::no_spare;
use super::storing::Storage;
use super::thread::Ended;
use crate::cli::EXIT_DATA;
use crate::clocks;
use crate::logs::Sparing;
use crate::pairing::{Given, LogTask, Order};
use crate::worker::Event;

/// How long it waits at most for something to do: it is to be seen that it lives.
const LOOK: Duration = Duration::from_millis(500);
/// Batches that are taken in one go before those that are under way are waited for.
const GO: usize = 8;
/// How long one look for a spare segment takes, and how many are made.
const SPARE_WAIT: Duration = Duration::from_millis(100);
const SPARE_WAITS: u32 = 100;

/// Takes what happened to whoever knows the rules.
pub(crate) type Tell = Arc<dyn Fn(Told) + Send + Sync>;

/// What the thread works with.
pub(super) struct Following<P: WritePath> {
    pub(super) follower: Follower<SystemDisk, P>,
    pub(super) disk: SystemDisk,
    pub(super) spares: Arc<Spares>,
    pub(super) tasks: Given,
    /// It is closed when the thread is to end, which is then woken.
    pub(super) end: Receiver<()>,
    pub(super) tell: Tell,
    pub(super) behind: Behind,
    pub(super) figures: Arc<Figures>,
    pub(super) writing: Writing,
    /// Goes up while the thread turns.
    pub(super) beat: Arc<AtomicU64>,
    pub(super) events: Sender<Event>,
    pub(super) failing: Failing,
    /// Up to where it was said that the log is durable.
    pub(super) said: Mark,
    /// What opens a checkpoint, and the one that comes.
    pub(super) storing: Storage,
    /// Lines that the primary can cause at will.
    pub(super) sparing: Sparing,
}

/// How it goes on after a task.
pub(super) enum Next {
    On,
    /// Nothing is taken any more: another life follows.
    Enough,
}

impl<P: WritePath> Following<P> {
    /// Runs until it is told to end, and gives who can say where a writer goes on. None: it failed, and has
    /// said so.
    pub(super) fn run(mut self) -> Option<Follower<SystemDisk, P>> {
        self.writing.priority = Some(raise_priority());
        match self.follow() {
            Ok(()) => {
                self.show();
                Some(self.follower)
            }
            Err(ended) => {
                self.failing.tell(Err(ended));
                None
            }
        }
    }

    fn follow(&mut self) -> Result<(), Ended> {
        self.tasks.is_read_here();
        loop {
            self.beat.fetch_add(1, Ordering::Relaxed);
            self.sparing.sums_up();
            let mut left = GO;
            let mut next = if self.follower.under_way() > 0 {
                self.tasks.try_recv()
            } else if matches!(self.end.try_recv(), Err(TryRecvError::Disconnected)) {
                return Ok(());
            } else {
                self.tasks.wait(LOOK)
            };
            while let Ok(task) = next {
                let begun = clocks::boot();
                if let Next::Enough = self.does(task)? {
                    // Who wanted it waits for the next life of the process.
                    let _ended = self.end.recv();
                    return Ok(());
                }
                // A path that writes on the spot has it durable now: what follows need not be waited for.
                self.see_what_is_durable(begun, false)?;
                left -= 1;
                next = if left > 0 { self.tasks.try_recv() } else { Err(TryRecvError::Empty) };
            }
            if matches!(next, Err(TryRecvError::Disconnected)) {
                let _ended = self.end.recv();
                return Ok(());
            }
            self.see_what_is_durable(clocks::boot(), self.follower.under_way() > 0)?;
        }
    }

    fn does(&mut self, task: LogTask) -> Result<Next, Ended> {
        match task {
            LogTask::Take(item) => {
                if let Some(mark) = self.take(&item)? {
                    (self.tell)(Told::Received(mark));
                }
            }
            LogTask::Store(storing) => return Ok(self.store(storing)),
            LogTask::Mend(item) => {
                if let Some(mark) = self.take(&item)?
                    && self.follower.repaired()?
                {
                    let end = self.follower.seal()?;
                    assert_eq!(end, mark, "all of it was taken");
                    let epochs = raw::epochs(&self.disk, EPOCHS_MAX);
                    let epochs = epochs.map_err(|failed| {
                        let journal = self.failing.directory.display();
                        let message = format!("journal {journal}: {failed}");
                        Ended::Damaged(Failure::new(EXIT_DATA, message))
                    })?;
                    (self.tell)(Told::Mended { end, epochs });
                }
            }
            LogTask::Seal => {
                let end = self.follower.seal()?;
                self.on_durable(end);
                (self.tell)(Told::Sealed(end));
            }
            LogTask::Cut(mark) if mark == self.follower.received() => {
                let end = self.follower.seal()?;
                self.on_durable(end);
                (self.tell)(Told::Cut(end));
            }
            LogTask::Cut(_) => {
                let why = "the log is cut where that of the primary goes another way";
                drop(self.events.send(Event::Node(Order::Anew(why))));
                return Ok(Next::Enough);
            }
        }
        Ok(Next::On)
    }

    /// Takes a block or a batch; says up to where all was taken. None: it does not fit, and that was said.
    fn take(&mut self, item: &Item) -> Result<Option<Mark>, Ended> {
        let mut waits = 0;
        loop {
            let took = match item.kind {
                ItemKind::Segment => self.follower.segment(&item.bytes),
                ItemKind::Batch => self.follower.batch(&item.bytes),
            };
            match took {
                Ok(Took::It(mark)) => {
                    self.writing.position = mark.position;
                    if item.kind == ItemKind::Batch {
                        self.writing.bytes += item.bytes.len() as u64;
                    }
                    return Ok(Some(mark));
                }
                Ok(Took::NotNew) => return Ok(Some(self.follower.received())),
                Ok(Took::NoSpare) => {
                    self.see_what_is_durable(clocks::boot(), self.follower.under_way() > 0)?;
                    self.beat.fetch_add(1, Ordering::Relaxed);
                    waits += 1;
                    if waits > SPARE_WAITS {
                        return Err(no_spare().into());
                    }
                    self.spares.wait(SPARE_WAIT);
                }
                Err(Problem::Broken(broken)) => return Err(broken.into()),
                Err(problem) => {
                    if self.sparing.says("what the other node sent") {
                        let journal = self.failing.directory.display().to_string();
                        warn!(journal, "what the other node sent is not taken: {problem}");
                    }
                    (self.tell)(Told::Misfit);
                    return Ok(None);
                }
            }
        }
    }

    /// Says what has become durable since `begun`; `wait`: comes back when something has.
    fn see_what_is_durable(&mut self, begun: Time, wait: bool) -> Result<(), Broken> {
        let durable = self.follower.poll(wait)?;
        if durable != self.said {
            let nanos = u64::try_from(clocks::boot().since(begun).as_nanos()).unwrap_or(u64::MAX);
            self.writing.latencies.record(nanos);
            self.writing.commits += 1;
        }
        self.on_durable(durable);
        Ok(())
    }

    fn on_durable(&mut self, durable: Mark) {
        if std::mem::replace(&mut self.said, durable) == durable {
            return;
        }
        self.writing.durable = durable.position;
        (self.tell)(Told::Durable(durable));
        self.behind.wake(durable.position);
        self.show();
    }

    fn show(&mut self) {
        self.writing.released = self.follower.released();
        self.figures.try_show_writing(&self.writing);
    }
}
