//! What threads need to reach each other: of each worker its queue of commands, its sleeping flag,
//! its waker and the mark of what is committed of it; of the journal's thread its sleeping flag and
//! its handle. Must not know what a command does.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::thread::Thread;

use crossbeam::queue::ArrayQueue;
use crossbeam::utils::CachePadded;
use switch_core::gate::Position;
use switch_core::ids::WorkerId;
use switch_core::time::Time;
use switch_net::Wake;
use switch_sync::Sleeper;

use crate::pulses::Pulses;
use crate::worker::Command;

/// Commands that wait for one worker at most. Replies of the key provider are among them.
pub(crate) const COMMANDS_MAX: usize = 8_192;

/// The ways to every worker, and to the journal's thread.
#[derive(Debug)]
pub struct Mesh {
    doors: Vec<Door>,
    journal: JournalDoor,
    pulses: Pulses,
}

#[derive(Debug, Default)]
struct JournalDoor {
    sleeper: Sleeper,
    /// It waits a little for more records, and is not to be woken for them. Its partner is the flag
    /// of each sleeping worker: the journal's thread says that it naps and then looks whether all
    /// sleep; a worker says that it sleeps and then looks whether the journal's thread naps.
    naps: AtomicBool,
    /// Set before any worker runs.
    thread: OnceLock<Thread>,
}

#[derive(Debug)]
struct Door {
    commands: ArrayQueue<Command>,
    sleeper: Sleeper,
    wake: Wake,
    /// Up to where its gate is committed. Stored by the journal's thread (release), loaded by the
    /// worker (acquire): what is durable was written before the worker sees that it is.
    committed: CachePadded<Mark>,
}

/// Up to where a worker's gate is committed, and when the oldest batch was framed that brought it there.
#[derive(Debug, Default)]
struct Mark {
    /// Stored before the position (relaxed) and loaded after it, so that the time is that of the
    /// position's batch or of a later one.
    framed: AtomicU64,
    /// Stored with release, loaded with acquire.
    position: AtomicU64,
}

impl Mesh {
    /// Ways to the workers with these wakers, by id.
    pub fn new(wakes: impl IntoIterator<Item = Wake>) -> Self {
        let doors = wakes.into_iter().map(|wake| Door {
            commands: ArrayQueue::new(COMMANDS_MAX),
            sleeper: Sleeper::new(),
            wake,
            committed: CachePadded::default(),
        });
        let doors: Vec<_> = doors.collect();
        let pulses = Pulses::new(doors.len());
        Self { doors, journal: JournalDoor::default(), pulses }
    }

    /// Gives a worker a command. False when its queue is full: it hangs, or is overloaded.
    pub fn command(&self, worker: WorkerId, command: Command) -> bool {
        let door = &self.doors[worker.index()];
        let taken = door.commands.push(command).is_ok();
        self.wake_if_asleep(worker).is_ok() && taken
    }

    /// Wakes a worker that sleeps. Call after handing it something.
    pub fn wake_if_asleep(&self, worker: WorkerId) -> io::Result<()> {
        let door = &self.doors[worker.index()];
        if door.sleeper.should_wake() { door.wake.wake() } else { Ok(()) }
    }

    /// Who is alive.
    pub(crate) fn pulses(&self) -> &Pulses {
        &self.pulses
    }

    /// The next command for a worker.
    pub(crate) fn next_command(&self, worker: WorkerId) -> Option<Command> {
        self.doors[worker.index()].commands.pop()
    }

    /// A worker's sleeping flag, for itself.
    pub(crate) fn sleeper(&self, worker: WorkerId) -> &Sleeper {
        &self.doors[worker.index()].sleeper
    }

    /// Whether commands wait for a worker.
    pub(crate) fn has_commands(&self, worker: WorkerId) -> bool {
        !self.doors[worker.index()].commands.is_empty()
    }

    /// Up to where a worker's gate is committed, as the journal's thread has said.
    pub(crate) fn committed(&self, worker: WorkerId) -> Position {
        Position(self.doors[worker.index()].committed.position.load(Ordering::Acquire))
    }

    /// The same, and when the batch was framed that brought it there, or a later one.
    pub(crate) fn committed_and_framed(&self, worker: WorkerId) -> (Position, Time) {
        let mark = &self.doors[worker.index()].committed;
        let position = Position(mark.position.load(Ordering::Acquire));
        (position, Time(mark.framed.load(Ordering::Relaxed)))
    }

    /// The journal's thread: a worker's gate is committed up to here, by a batch that was framed then.
    /// [`Mesh::wake_if_asleep`] is to follow.
    pub(crate) fn commit(&self, worker: WorkerId, position: Position, framed: Time) {
        let mark = &self.doors[worker.index()].committed;
        mark.framed.store(framed.0, Ordering::Relaxed);
        mark.position.store(position.0, Ordering::Release);
    }

    /// Whether every worker sleeps, or is about to.
    pub(crate) fn all_asleep(&self) -> bool {
        self.doors.iter().all(|door| door.sleeper.is_asleep())
    }

    /// The journal's thread: announces a nap; false when all workers sleep, and it would be for
    /// nothing.
    pub(crate) fn journal_may_nap(&self) -> bool {
        self.journal.naps.store(true, Ordering::Relaxed);
        // Partner: the fence of `Sleeper::may_sleep`, before the look in `wake_napping_journal`.
        fence(Ordering::SeqCst);
        !self.all_asleep()
    }

    /// The journal's thread: it is awake again.
    pub(crate) fn journal_naps_no_more(&self) {
        self.journal.naps.store(false, Ordering::Relaxed);
    }

    /// A worker that has announced its sleep: if it is the last one, nothing more will come for the
    /// open batch.
    pub(crate) fn wake_napping_journal(&self) {
        if self.journal.naps.load(Ordering::Relaxed)
            && self.all_asleep()
            && let Some(thread) = self.journal.thread.get()
        {
            thread.unpark();
        }
    }

    /// Once, before any worker runs: this is the journal's thread, which is to be woken.
    pub(crate) fn journal_is(&self, thread: Thread) {
        // A second one would mean two journals; the first stays.
        drop(self.journal.thread.set(thread));
    }

    /// The sleeping flag of the journal's thread, for itself.
    pub(crate) fn journal_sleeper(&self) -> &Sleeper {
        &self.journal.sleeper
    }

    /// Wakes the journal's thread if it sleeps. Call after handing it something.
    pub(crate) fn wake_journal_if_asleep(&self) {
        if self.journal.sleeper.should_wake()
            && let Some(thread) = self.journal.thread.get()
        {
            thread.unpark();
        }
    }
}
