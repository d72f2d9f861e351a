//! What the thread `ship`, which knows the rules of two nodes, and the rest of the daemon say to each other.
//! Plain data; decides nothing.
//!
//! ```text
//!            Order                          LogTask
//! main <--------------------- ship --------------------> journal (of a standby)
//!      ---------------------> Node <--------------------
//!       Reigns, Drained, ...        Received, Durable, ...        (journal::roles::event::Event)
//! ```

mod lane;

use journal::mark::Mark;
use journal::roles::event::{DrainId, Ending, Halting, Item, Reign, Storing};

pub use lane::{Given, Tasks, lane};

/// What the main thread is to do. Each stands for the action of its name (`journal::roles::event::Action`).
#[derive(Clone, Copy, Debug)]
pub enum Order {
    /// Begin the writer, and write what a start writes. Answered by `Reigns`.
    Reign(Reign),
    /// Open ports, and let the workers run.
    Open,
    /// Admit nothing more, let what is in flight end within so many nanoseconds, and write that it is handed
    /// over. Answered by `Drained` or `NotDrained` of this drain.
    Drain(DrainId, u64),
    /// Admit again: nothing is handed over.
    Admit,
    /// Drop all, and begin again as a standby.
    Demote(Ending),
    /// Exit with 74.
    Halt(Halting),
    /// What this node has is to be read again, for this reason: begin again as a standby. Said by who follows
    /// the log.
    Anew(&'static str),
    /// End where it stands, as if it had died, and stay away for a while: a drill.
    Die,
}

/// What the thread that follows a primary's log is to do.
#[derive(Clone, Debug)]
pub enum LogTask {
    /// This comes next in the log. Answered by `Received`, later by `Durable`; or by `Misfit`.
    Take(Item),
    /// A piece of the checkpoint that takes the log's place. When it was the last one, answered by the next life
    /// of the process; or by `Misfit`.
    Store(Storing),
    /// Cut the log behind this mark. Answered by `Cut`, or by the next life of the process.
    Cut(Mark),
    /// Take nothing any more, and make all of it durable. Answered by `Sealed`.
    Seal,
    /// Write this into the damaged part. Answered by `Mended` or `Misfit`.
    Mend(Item),
}
