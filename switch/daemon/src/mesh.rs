//! What workers and other threads need to reach a worker: its queue of commands, its sleeping flag
//! and its waker. Must not know what a command does.

use std::io;

use crossbeam::queue::ArrayQueue;
use switch_core::ids::WorkerId;
use switch_net::Wake;
use switch_sync::Sleeper;

use crate::worker::Command;

/// Commands that wait for one worker at most. Replies of the key provider are among them.
pub(crate) const COMMANDS_MAX: usize = 8_192;

/// The ways to every worker.
#[derive(Debug)]
pub struct Mesh {
    doors: Vec<Door>,
}

#[derive(Debug)]
struct Door {
    commands: ArrayQueue<Command>,
    sleeper: Sleeper,
    wake: Wake,
}

impl Mesh {
    /// Ways to the workers with these wakers, by id.
    pub fn new(wakes: impl IntoIterator<Item = Wake>) -> Self {
        let doors = wakes.into_iter().map(|wake| Door {
            commands: ArrayQueue::new(COMMANDS_MAX),
            sleeper: Sleeper::new(),
            wake,
        });
        Self { doors: doors.collect() }
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
}
