//! The lane of tasks from the thread `ship` to who follows the log. Must not know what a task says.
//!
//! A channel that its reader waits in wakes it with a lock held that it takes first thing; a reader of a higher
//! priority on the same core then waits a second time. So the reader parks by itself, and is woken behind the lock:
//! two changes of threads less for each batch, on the way that every acknowledgement takes.

use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use crossbeam::channel::{Receiver, SendError, Sender, TryRecvError, TrySendError, bounded};

use super::LogTask;

/// Where tasks are given.
#[derive(Debug)]
pub struct Tasks {
    sender: Sender<LogTask>,
    reader: Arc<OnceLock<Thread>>,
}

/// Where they are taken.
#[derive(Debug)]
pub struct Given {
    receiver: Receiver<LogTask>,
    reader: Arc<OnceLock<Thread>>,
}

/// A lane with room for so many tasks.
pub fn lane(room: usize) -> (Tasks, Given) {
    let (sender, receiver) = bounded(room);
    let reader = Arc::default();
    (Tasks { sender, reader: Arc::clone(&reader) }, Given { receiver, reader })
}

impl Tasks {
    /// Gives a task.
    ///
    /// # Errors
    /// There is no room, or nobody takes it any more; with the task.
    pub fn try_send(&self, task: LogTask) -> Result<(), TrySendError<LogTask>> {
        let sent = self.sender.try_send(task);
        self.wake();
        sent
    }

    /// The same, once there is room.
    ///
    /// # Errors
    /// Nobody takes it any more; with the task.
    pub fn send(&self, task: LogTask) -> Result<(), SendError<LogTask>> {
        let sent = self.sender.send(task);
        self.wake();
        sent
    }

    fn wake(&self) {
        // Who has not begun to read looks before it parks.
        if let Some(reader) = self.reader.get() {
            reader.unpark();
        }
    }
}

impl Given {
    /// This thread is the one that reads, from now on.
    pub fn is_read_here(&self) {
        // A lane has one reader in its life.
        drop(self.reader.set(thread::current()));
    }

    /// Takes a task.
    ///
    /// # Errors
    /// There is none now, or none will come any more.
    pub fn try_recv(&self) -> Result<LogTask, TryRecvError> {
        self.receiver.try_recv()
    }

    /// Waits for a task, for its thread to be woken otherwise, or for so long. May come back earlier.
    ///
    /// # Errors
    /// As [`Given::try_recv`].
    pub fn wait(&self, most: Duration) -> Result<LogTask, TryRecvError> {
        match self.try_recv() {
            Err(TryRecvError::Empty) => {
                thread::park_timeout(most);
                self.try_recv()
            }
            task => task,
        }
    }
}
