//! What two nodes say to each other. Knows no byte order (that is `wire`), and not when something may
//! be said or what follows from it (`sender`, `receiver`, and the roles).
//!
//! Every message carries `reign`: the epoch that its sender has promised, or by which it reigns; who
//! asks for consent carries the one that it wants.

use std::fmt;
use std::ops::Deref;

use crate::format::{BatchNumber, Cluster, Epoch, Position, SegmentNumber};
use crate::roles::name::NodeName;
use crate::roles::objection::Objection;
use crate::roles::witness::Incarnation;
use crate::ship::pool::Parcel;

pub use crate::mark::{EpochStart, Mark};

/// The version of the line. What a node of another one says is not understood: the line is ended, and
/// each says why in its own log and status.
pub const LINE_VERSION: u16 = 2;
/// Entries of an epoch table that travel: the last ones.
pub const EPOCHS_MAX: usize = 64;
/// The longest name of a build, in bytes.
pub const BUILD_MAX: usize = 64;
/// Bytes of what is told of a machine, at most: no more than the longest other message has without a log.
pub const TELL_MAX: usize = 1_020;
/// Bytes of a piece of a checkpoint, at most.
pub const PIECE_MAX: usize = 1 << 20;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes the log from the other.
    Standby,
    /// Writes it.
    Primary,
    /// Was primary and gave that reign up; takes nothing yet.
    Fenced,
}

/// What a primary releases upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The standby has it on its disk.
    Durable,
    /// The standby has it in its memory.
    Memory,
    /// The standby is not waited for, ever.
    Async,
}

/// What a primary does when its standby does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenLost {
    /// Goes on alone.
    Solo,
    /// Releases nothing until it is back.
    Stop,
}

/// How a primary stands to its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No primary: there is nothing to say.
    None,
    /// Nothing is released that the peer does not have.
    Sync,
    /// The peer is not waited for, by a decision that was written down.
    Solo,
    /// The peer is never waited for.
    Async,
}

/// What both sites must agree on before one may take over from the other. Zeros: there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digests {
    /// Of the configuration, as far as both must have the same.
    pub configuration: [u8; 16],
    /// Of the dialects.
    pub dialects: [u8; 16],
    /// Of the negative files.
    pub negative: [u8; 16],
    /// Of the check values of the keys.
    pub keys: [u8; 16],
    /// Which witness it looks at: the number of its cluster; zeros while it does not know, or has none.
    pub witness: [u8; 16],
}

/// What else is to be known of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Its journal was never begun.
    pub empty: bool,
    /// It was told to join, and was never in sync since.
    pub joining: bool,
    /// It was told to join in the place of one that was in sync before and whose disk is gone.
    pub replace: bool,
    /// Its log ends before damage, and it takes what it lacks.
    pub repairing: bool,
}

/// The first message of every line, both ways; said again when anything in it changes. The last one
/// counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// What the sender has promised, or by which it reigns.
    pub reign: Epoch,
    /// Of the line: [`LINE_VERSION`].
    pub version: u16,
    /// Whose journal; zeros while it has none.
    pub cluster: Cluster,
    /// The node.
    pub name: NodeName,
    /// Another one at each start.
    pub incarnation: Incarnation,
    /// What it is now.
    pub role: Role,
    /// What it releases upon as primary.
    pub mode: Mode,
    /// What it does alone.
    pub when_lost: WhenLost,
    /// What else is to be known.
    pub flags: Flags,
    /// The end of its log, with what is only in the memory of this life. Before it says that it is
    /// ready there, that is durable too.
    pub end: Mark,
    /// Bytes of its segments: they must be equal, since the logs are.
    pub segment_bytes: u64,
    /// Its clock: nanoseconds since 1970 UTC. Shown, never decided upon.
    pub utc_ns: u64,
    /// What must agree.
    pub digests: Digests,
    /// Its program, at most [`BUILD_MAX`] bytes of printable ASCII. Shown, never decided upon.
    pub build: String,
    /// The last [`EPOCHS_MAX`] entries of its epoch table, in order.
    pub epochs: Vec<EpochStart>,
}

/// Said every 200 ms, both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// What the sender has promised, or by which it reigns.
    pub reign: Epoch,
    /// What it is now.
    pub role: Role,
    /// A primary: how it stands to its peer.
    pub standing: Standing,
    /// A primary: the last record that it released.
    pub released: Position,
    /// The end of its log, as far as it is durable.
    pub end: Mark,
    /// Its clock when this was said: nanoseconds since it was switched on.
    pub sent_ns: u64,
    /// `sent_ns` of the last one that it heard, so that the other knows the round trip; 0: none.
    pub heard_ns: u64,
    /// Its clock: nanoseconds since 1970 UTC. Shown, never decided upon.
    pub utc_ns: u64,
    /// What must agree.
    pub digests: Digests,
    /// Its program, at most [`BUILD_MAX`] bytes of printable ASCII. Shown, never decided upon.
    pub build: String,
}

/// A piece of a checkpoint file as it stands on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Who sends it.
    pub reign: Epoch,
    /// Of the checkpoint at this position.
    pub about: Position,
    /// Where in the file its bytes begin.
    pub offset: u64,
    /// Bytes of the whole file.
    pub total: u64,
    /// Its bytes, 1 to [`PIECE_MAX`].
    pub bytes: Bytes,
}

impl Piece {
    /// Where in the file its bytes end.
    pub fn end(&self) -> Option<u64> {
        self.offset.checked_add(u64::try_from(self.bytes.len()).ok()?)
    }
}

/// What is said on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Who speaks, and where its log ends.
    Hello(Hello),
    /// Primary: your log and mine agree up to `from`. Cut what is behind it; I ship from there.
    Follow {
        /// By which it reigns.
        reign: Epoch,
        /// Where they agree; with a snapshot, where the log that follows it begins.
        from: Mark,
        /// Take the checkpoint at this position first, and nothing of your own log.
        snapshot: Option<Position>,
    },
    /// Standby: cut. Its matched prefix begins here.
    Ready {
        /// What it has promised.
        reign: Epoch,
        /// Its end, as it was asked for.
        end: Mark,
    },
    /// The header block of a segment that begins, as it stands on the disk.
    Segment {
        /// By which its sender reigns, which need not be who began the segment.
        reign: Epoch,
        /// 4,096 bytes.
        block: Bytes,
    },
    /// A batch as it stands on the disk.
    Batch {
        /// By which its sender reigns, which need not be who wrote the batch.
        reign: Epoch,
        /// Whole blocks, at most [`crate::format::BATCH_MAX`] bytes.
        bytes: Bytes,
    },
    /// Standby: so far it has what was shipped since [`Message::Ready`], and nothing else is meant.
    Ack {
        /// What it has promised.
        reign: Epoch,
        /// Taken, in its memory.
        received: Mark,
        /// On its disk; never ahead of `received`.
        durable: Mark,
    },
    /// You speak for a lower reign than the one that I have promised, which is this.
    Nack {
        /// What it has promised.
        reign: Epoch,
    },
    /// I have nothing to do with your log, and this is why.
    Refuse {
        /// What it has promised, or by which it reigns.
        reign: Epoch,
        /// What is wrong.
        objection: Objection,
    },
    /// Still here.
    Heartbeat(Heartbeat),
    /// A piece of the checkpoint that [`Message::Follow`] named.
    Snapshot(Piece),
    /// May I begin `reign`, without a witness? My log ends there.
    Ask {
        /// The one that it wants to begin.
        reign: Epoch,
        /// The end of its log.
        end: Mark,
        /// The last [`EPOCHS_MAX`] entries of its epoch table.
        epochs: Vec<EpochStart>,
    },
    /// You may: this is promised, on the disk.
    Grant {
        /// The one that was asked for.
        reign: Epoch,
    },
    /// Take over: my log ends there, you have all of it, and I gave up this reign.
    HandOver {
        /// The one that was given up.
        reign: Epoch,
        /// Its last batch.
        end: Mark,
    },
    /// I took over, and reign by this.
    Taken {
        /// The new one.
        reign: Epoch,
    },
    /// What stands in your log from one batch to another, both included? Any role may ask.
    Fetch {
        /// What it has promised.
        reign: Epoch,
        /// The first.
        from: BatchNumber,
        /// The last.
        until: BatchNumber,
    },
    /// A batch that was asked for, or the header block of the segment that begins with it, which comes
    /// before it.
    Fetched {
        /// What its sender has promised.
        reign: Epoch,
        /// Where it stands.
        segment: SegmentNumber,
        /// Which of both it is.
        item: ItemKind,
        /// As they stand on the disk.
        bytes: Bytes,
    },
    /// From this batch on, what was asked for is not here.
    NotHere {
        /// What its sender has promised.
        reign: Epoch,
        /// The first that is missing.
        from: BatchNumber,
    },
    /// What its sender says of its machine, and to whoever operates the other one. The rules do not hear it:
    /// nothing is decided by it.
    Tell {
        /// What its sender has promised.
        reign: Epoch,
        /// 1 to [`TELL_MAX`] bytes.
        text: String,
    },
}

/// What a log consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// The header block of a segment.
    Segment,
    /// A batch.
    Batch,
}

impl Message {
    /// What its sender has promised, or by which it reigns; in [`Message::Ask`], what it wants.
    pub fn reign(&self) -> Epoch {
        match self {
            Self::Hello(hello) => hello.reign,
            Self::Heartbeat(heartbeat) => heartbeat.reign,
            Self::Snapshot(piece) => piece.reign,
            Self::Follow { reign, .. }
            | Self::Ready { reign, .. }
            | Self::Segment { reign, .. }
            | Self::Batch { reign, .. }
            | Self::Ack { reign, .. }
            | Self::Nack { reign }
            | Self::Refuse { reign, .. }
            | Self::Ask { reign, .. }
            | Self::Grant { reign }
            | Self::HandOver { reign, .. }
            | Self::Taken { reign }
            | Self::Fetch { reign, .. }
            | Self::Fetched { reign, .. }
            | Self::NotHere { reign, .. }
            | Self::Tell { reign, .. } => *reign,
        }
    }

    /// The same, where that is so: who only asks for a reign has not promised it.
    pub fn promised(&self) -> Option<Epoch> {
        let is_wish = matches!(self, Self::Ask { .. });
        (!is_wish).then(|| self.reign())
    }

    /// What it carries of a log or a checkpoint, and is never copied once it is here.
    pub fn payload(&self) -> Option<&Bytes> {
        match self {
            Self::Segment { block: bytes, .. }
            | Self::Batch { bytes, .. }
            | Self::Snapshot(Piece { bytes, .. })
            | Self::Fetched { bytes, .. } => Some(bytes),
            Self::Hello(_)
            | Self::Follow { .. }
            | Self::Ready { .. }
            | Self::Ack { .. }
            | Self::Nack { .. }
            | Self::Refuse { .. }
            | Self::Heartbeat(_)
            | Self::Ask { .. }
            | Self::Grant { .. }
            | Self::HandOver { .. }
            | Self::Taken { .. }
            | Self::Fetch { .. }
            | Self::NotHere { .. }
            | Self::Tell { .. } => None,
        }
    }
}

/// Bytes of a log or a checkpoint: in a buffer of a pool, or in one of their own.
#[derive(Clone)]
pub enum Bytes {
    /// In a buffer of a pool: what travels as it is made.
    Parcel(Parcel),
    /// In one of their own: what was read from the disk.
    Owned(Vec<u8>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Parcel(parcel) => parcel,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

impl From<Parcel> for Bytes {
    fn from(parcel: Parcel) -> Self {
        Self::Parcel(parcel)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes)
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}
