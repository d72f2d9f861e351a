//! What the thread `ship` shows of the node, of the line and of the certificates. Plain data.

use std::net::SocketAddr;

use journal::roles::view::View;

use crate::drills::Machine;
use crate::journaling::Lag;
use crate::node_requests::CatchUp;
use crate::witness::WitnessShown;

/// All of it at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    /// How the node stands; none before the thread's first turn.
    pub(crate) view: Option<View>,
    /// The line, as far as there is one.
    pub(crate) line: LineShown,
    /// What the peer lacks, on a primary; none while that is not known.
    pub(crate) lag: Option<Lag>,
    /// How far catching up is.
    pub(crate) catch_up: Option<CatchUp>,
    /// The witness; none where there is none.
    pub(crate) witness: Option<WitnessShown>,
}

/// The line to the peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineShown {
    /// Who is at the other end; none while there is no line.
    pub(crate) address: Option<SocketAddr>,
    /// Where this node listens, if it does.
    pub(crate) listens: Vec<SocketAddr>,
    /// Whether both ends proved by certificates who they are.
    pub(crate) encrypted: bool,
    /// Nanoseconds since boot when the line, or the lack of one, began.
    pub(crate) since_ns: u64,
    /// Why the last one ended, or an attempt was in vain.
    pub(crate) trouble: Option<String>,
    /// How often there was a line since the start.
    pub(crate) opened: u64,
    /// When our certificate and the peer's run out: seconds since 1970.
    pub(crate) ours_until: Option<u64>,
    pub(crate) theirs_until: Option<u64>,
    /// What is to be done about one that runs out soon; none: nothing.
    pub(crate) expiring: Option<String>,
    /// What the peer said of its machine on this line.
    pub(crate) machine: Option<Box<Machine>>,
    /// Nanoseconds by which the peer's clock is ahead, as its heartbeats tell.
    pub(crate) ahead_ns: Option<i64>,
    /// Nanoseconds of a round trip by heartbeats, at most.
    pub(crate) round_trip_ns: Option<u64>,
}
