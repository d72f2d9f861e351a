//! What a node is told and what it wants done: all that passes between the state machine and its
//! driver, but for messages. Decides nothing.
//!
//! What is wanted is wanted in order, and nothing relies on an action before its event has come.

use crate::format::{BatchNumber, Cluster, Epoch, Position};
use crate::roles::control::Control;
use crate::roles::refusal::Refusal;
use crate::roles::wish::{Done, Wish, WishId};
use crate::roles::witness::{Record, Reply, RequestId, Revision};
use crate::ship::message::{Bytes, Digests, EpochStart, ItemKind, Mark, Message, Piece};
use crate::ship::sender::{Fed, Need};

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// There is a line to the peer: its certificate names it, and nothing was said yet. A line that
    /// was there before is gone.
    LineUp,
    /// There is none any more. Nothing that was said on it is heard later.
    LineDown,
    /// The peer said this.
    Heard(Message),
    /// Primary: the log goes on to this mark; durable is another matter. With what was written, while
    /// the line is live; without, when it was not or there was no room.
    Framed {
        /// The end of the log behind it. The block of a segment leaves it where it was.
        end: Mark,
        /// What was written.
        item: Option<Item>,
    },
    /// This node's log is durable up to here: of the writer or of the follower, whichever there is.
    Durable(Mark),
    /// Standby: what was to be taken is in memory up to here. (In answer to [`Action::Take`].)
    Received(Mark),
    /// Standby: what was to be taken does not fit the log: of another journal, sum, chain or place.
    Misfit,
    /// The control file is durable as it was last wanted. (To each [`Action::Persist`].)
    Persisted,
    /// The witness answered, or did not. (To each [`Action::Read`] and [`Action::Swap`].)
    Witnessed {
        /// Which question.
        id: RequestId,
        /// The answer.
        reply: Reply,
    },
    /// From now on nothing is released that is not allowed, and so far it was this much. (To
    /// [`Action::Require`].)
    Required {
        /// The last record that may have been released.
        released: Position,
    },
    /// The log ends there, durably; what was behind it is in `diverged/`. (To [`Action::Cut`].)
    Cut(Mark),
    /// All of the log is durable, it ends there, and nothing is taken any more. (To
    /// [`Action::Seal`].)
    Sealed(Mark),
    /// The writer has begun. (To [`Action::Reign`].)
    Reigns {
        /// The end of the log with what the start wrote. Not yet durable.
        end: Mark,
        /// The last record that the start wrote: when it is committed, ports may open.
        begun: Position,
    },
    /// Nothing is in flight, and the record of it is the last of the log. (To [`Action::Drain`].)
    Drained {
        /// Which one.
        id: DrainId,
        /// The end of the log.
        end: Mark,
    },
    /// What is in flight did not end in the time given. (To [`Action::Drain`].)
    NotDrained(DrainId),
    /// What was to be read of this node's own log. (To [`Action::Feed`].)
    Fed(Fed),
    /// Standby: all of a checkpoint is there and durable, and the log goes on behind this mark.
    Restored(Mark),
    /// The damaged part is whole again, and the log ends there. (To [`Action::Mend`] with the last
    /// piece.)
    Mended {
        /// The end of the log.
        end: Mark,
        /// Its epoch table.
        epochs: Vec<EpochStart>,
    },
    /// An operator wants something. Answered by [`Action::Answer`], once.
    Wish(WishId, Wish),
    /// The other site must agree on something else from now on: the configuration changed. Which witness is
    /// looked at stands as it was told.
    Digests(Digests),
    /// Primary: whether what this node writes does not become durable in time, or it does not turn, whatever
    /// the standby does. Told when it changes.
    Sick(bool),
    /// What asks the witness says nothing any more, not even that it does not answer: it hangs, and not the
    /// witness. Taken back by whatever it says next.
    Mute,
    /// Which witness answers this node, as [`Digests::witness`] says it; it may answer otherwise later.
    WitnessIs([u8; 16]),
    /// Time passed: at [`Node::deadline`], or whenever.
    ///
    /// [`Node::deadline`]: crate::roles::node::Node::deadline
    Tick,
}

/// A drain: its answer names it. What was given up may still be answered when the next one is under
/// way. Numbers of one reign rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DrainId(pub u64);

/// Something of a log, as it stands on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// A segment's block or a batch.
    pub kind: ItemKind,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A piece of a checkpoint that takes the place of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storing {
    /// Whose journal.
    pub cluster: Cluster,
    /// Behind which the log goes on that follows it.
    pub base: Mark,
    /// The piece. With the first one, at byte 0, all is begun anew.
    pub piece: Piece,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write the control file, durably. Answered by [`Event::Persisted`]. The next one comes only
    /// then.
    Persist(Control),
    /// Read the witness's record and look for `alive/<peer>`. Answered by [`Event::Witnessed`].
    Read(RequestId),
    /// Make the witness's record this, if its version is still the expected one; version 0: if there
    /// is none. Answered by [`Event::Witnessed`].
    Swap {
        /// The answer names it.
        id: RequestId,
        /// The version that it must have.
        expected: Revision,
        /// What it becomes.
        record: Record,
    },
    /// Keep `alive/<this node>` at the witness from now on, or give it back. Not answered.
    Alive(bool),
    /// Release nothing more than [`Action::Allow`] said last, and say how much it was so far.
    /// Answered by [`Event::Required`], once it is certain.
    Require,
    /// Primary: release what is durable here and no more than this. Not answered. A position before
    /// what was released already releases nothing more.
    Allow(Allowed),
    /// Standby: this comes next in the log. Answered by [`Event::Received`] when it is in memory,
    /// later by [`Event::Durable`]; by [`Event::Misfit`] if it does not fit.
    Take(Item),
    /// Standby: cut the log behind this mark ([`Mark::ZERO`]: all of it), and keep what goes.
    /// [`Control::cut`] says so durably already. Answered by [`Event::Cut`], or by a new life of the
    /// process that has finished it.
    Cut(Mark),
    /// Standby: take nothing any more, and make all of the log durable. Answered by
    /// [`Event::Sealed`].
    Seal,
    /// Begin the writer, and write what a start writes. Answered by [`Event::Reigns`].
    Reign(Reign),
    /// Open ports, give stored answers: this node is the primary. Not answered.
    Open,
    /// Admit nothing more, let what is in flight end, write that it is handed over. Answered by
    /// [`Event::Drained`] or [`Event::NotDrained`].
    Drain {
        /// The answer names it.
        id: DrainId,
        /// Nanoseconds that it takes at most.
        within: u64,
    },
    /// Admit again: nothing is handed over. Not answered; an answer to the drain may still come.
    Admit,
    /// The reign of this node ends, or its standing as a standby is not what it was: drop all and
    /// begin again as a process that has just started. The last action.
    Demote(Ending),
    /// This node must not go on: exit with code 74. The last action.
    Halt(Halting),
    /// Read this of the node's own log or checkpoint, at low priority. Answered by [`Event::Fed`].
    Feed(Need),
    /// Standby: a piece of the checkpoint that its log begins with. Answered by [`Event::Restored`]
    /// when it was the last one, by a new life of the process that begins with it
    /// (`snapshot::settle`), or by [`Event::Misfit`].
    Store(Storing),
    /// End the line; the other side was told why where that is worth saying. Answered by
    /// [`Event::LineDown`].
    HangUp,
    /// The peer asks for batches of this node's log, both included: say them to it
    /// (`Message::Fetched`, `Message::NotHere`), at a low rate. Not answered.
    Serve {
        /// The first.
        from: BatchNumber,
        /// The last.
        until: BatchNumber,
    },
    /// Standby: write this into the damaged part of the log. Answered by [`Event::Mended`] when it
    /// was the last piece, by [`Event::Misfit`] if it does not fit.
    Mend(Item),
    /// An operator's wish was done, or will not be.
    Answer(WishId, Result<Done, Refusal>),
}

/// What may be released, of that which is durable here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// All of it.
    All(Alone),
    /// Up to and with this record.
    UpTo(Position),
}

/// Since when a primary releases without a standby; nanoseconds on its clock.
///
/// What is framed leaves within a second or not at all, as a standby that has it may be promoted then. While
/// a primary waits to know that its standby will not be, that second is over: so the time at which it knew
/// stands for the framing of what waited for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alone {
    /// When it was known that nobody takes over; 0: from the beginning, and nothing waited.
    pub since: u64,
    /// What was framed before this did not wait for that only: it was old already, or this process stood
    /// still.
    pub from: u64,
}

impl Alone {
    /// When a batch counts as framed that was framed then.
    pub fn framed(self, at: u64) -> u64 {
        if at >= self.from { at.max(self.since) } else { at }
    }
}

/// A reign that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reign {
    /// Later than any before; it has one writer for ever.
    pub epoch: Epoch,
    /// Whose journal.
    pub cluster: Cluster,
    /// How it came to it.
    pub cause: Cause,
    /// Records that an earlier reign released may be missing.
    pub lossy: bool,
}

/// How a node came to reign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It is the first of the journal, or the first with a peer.
    First,
    /// Its own last reign goes on.
    Resumed,
    /// The other node's ended.
    Promoted,
    /// The other node handed over.
    HandedOver,
}

/// Why a life of the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A later epoch was heard of, from the peer or the witness.
    Epoch(Epoch),
    /// It handed over to its peer, which reigns by this epoch.
    HandedOver(Epoch),
    /// It handed over and was not answered: what its peer does is not known.
    NotAnswered,
    /// An operator ended its reign.
    ByOperator,
    /// It was about to reign, and another was first.
    Overtaken,
    /// It handed over, and its peer said no.
    NotTaken,
    /// An operator isolated it: the next life opens no line.
    Isolated,
    /// An operator ended its isolation.
    Rejoins,
    /// It is sick, and its peer may take over. The next life is told so ([`Start::yields`]).
    ///
    /// [`Start::yields`]: crate::roles::settings::Start::yields
    Sick,
}

/// Why a node must not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halting {
    /// Its log is damaged, and the peer lacks this batch too, or has another one.
    NotMended(BatchNumber),
}
