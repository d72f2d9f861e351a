//! What the configuration says of two sites, and what is fixed at a start. Knows no default but the
//! times.

use std::num::NonZeroU64;

use crate::format::{BatchNumber, Cluster, Position};
use crate::roles::name::NodeName;
use crate::roles::witness::Incarnation;
use crate::ship::message::{Digests, EpochStart, Mark, Mode, WhenLost};

const MS: u64 = 1_000_000;

/// What a node is told of the pair. Never changes in one life of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// This node.
    pub name: NodeName,
    /// The other one: `peer.name`.
    pub peer: NodeName,
    /// `journal.sync`.
    pub mode: Mode,
    /// `peer.when_standby_lost`.
    pub when_lost: WhenLost,
    /// Whether there is a `[witness]`.
    pub witness: bool,
    /// Bytes of a segment: equal at both nodes.
    pub segment_bytes: u64,
    /// What catching up may take, bytes a second; none: as fast as it goes.
    pub catch_up: Option<NonZeroU64>,
    /// What both must agree on; shown, and asked about by a switch-over.
    pub digests: Digests,
    /// This program; shown.
    pub build: String,
    /// How long things may take.
    pub times: Times,
}

/// Times, all in nanoseconds of `CLOCK_BOOTTIME`. They decide who may try and when to give up
/// waiting; that nothing is lost hangs on none of them but one: `silence` is longer than the second
/// for which released bytes may leave (promise 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Between two heartbeats.
    pub heartbeat: u64,
    /// A primary that is not heard for so long may be replaced.
    pub silence: u64,
    /// What is released leaves so soon behind its framing, or not at all.
    pub late_after: u64,
    /// A standby that does not acknowledge for so long is not waited for: `peer.ack_timeout`.
    pub ack_timeout: u64,
    /// A primary that goes on alone reads the witness at least so often, or stops:
    /// `witness.solo_lease`.
    pub solo_lease: u64,
    /// Between two looks at the witness while all is well.
    pub look: u64,
    /// Between two looks while something depends on it; also between two attempts.
    pub look_soon: u64,
    /// An answer of the witness that is not there after so long is [`Unknown`].
    ///
    /// [`Unknown`]: crate::roles::witness::Reply::Unknown
    pub witness_timeout: u64,
    /// What is in flight at a switch-over may take so long.
    pub drain: u64,
    /// What a reign that was handed over waits for the node that gave it up, before it goes on alone.
    pub rejoin: u64,
    /// So long who gave its reign up as it was sick leaves the other one the first try: a silence, two looks
    /// at the witness and another leader of it, with room.
    pub yields: u64,
}

impl Times {
    /// Those of the design.
    pub const DESIGN: Self = Self {
        heartbeat: 200 * MS,
        silence: 1_500 * MS,
        late_after: 1_000 * MS,
        ack_timeout: 1_000 * MS,
        solo_lease: 10_000 * MS,
        look: 1_000 * MS,
        look_soon: 200 * MS,
        witness_timeout: 1_000 * MS,
        drain: 2_000 * MS,
        rejoin: 500 * MS,
        yields: 10_000 * MS,
    };
}

/// What was found at the start. The log is whole: a cut that was under way has been finished
/// (`cut::finish`), a torn end is gone, and all of it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFacts {
    /// Whose journal; none if nothing was ever written.
    pub cluster: Option<Cluster>,
    /// Its end; [`Mark::ZERO`] if it is empty.
    pub end: Mark,
    /// Its epoch table, the last [`crate::ship::message::EPOCHS_MAX`] entries.
    pub epochs: Vec<EpochStart>,
    /// The last record that a header says was released.
    pub released: Position,
    /// It ends before damage that reaches up to and with this batch.
    pub damaged: Option<BatchNumber>,
    /// It follows a snapshot that has records up to here, and does not reach that far.
    pub lacks: Option<Position>,
}

/// What is new at each start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Never the same twice for this node; not 0.
    pub incarnation: Incarnation,
    /// The cluster of a journal that this node begins, if it comes to that: random.
    pub cluster_if_new: Cluster,
    /// The life before this one was sick, and gave its reign up for the other node.
    pub yields: bool,
}
