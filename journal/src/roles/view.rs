//! How a node stands, for the status and for those that watch it. Plain data; nothing is decided by
//! it. A time "on the node's clock" is nanoseconds of `CLOCK_BOOTTIME`, as all that a node is told.

use crate::format::{Epoch, Position};
use crate::roles::control::{Fenced, Joining};
use crate::roles::name::NodeName;
use crate::roles::objection::Objection;
use crate::roles::refusal::Differs;
use crate::roles::witness::{Incarnation, Known};
use crate::ship::message::{Digests, Mark, Standing};
use crate::ship::sender::CatchUp;

/// Which part a node has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its ports are closed; it follows a primary where there is one.
    Standby,
    /// It is about to reign: promises, seals, asks the witness or its peer.
    Promoting,
    /// Its log is begun, and no port is open yet.
    Beginning,
    /// It serves.
    Primary,
    /// It finishes what is in flight, or has handed over.
    HandingOver,
    /// Its reign is over, or it must not go on: nothing is done any more.
    Ended,
}

/// How safe the log is at two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// It knows of no primary.
    NoPrimary,
    /// What is released is at both nodes.
    Sync,
    /// What is released is at one node.
    Solo,
    /// Nobody is waited for, by configuration.
    Async,
    /// Nothing is released.
    Stopped,
}

/// Why a node does not do what it might.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// For nothing: all is as it should be.
    Nothing,
    /// Empty, and not told what to do.
    FirstPrimaryOrJoin,
    /// For the line to the primary.
    Line,
    /// For the primary to ship; what it objects to is in [`PeerView::objects`].
    Primary,
    /// For its log to be whole.
    Repair,
    /// For an operator: without a witness nobody is promoted by itself.
    Operator,
    /// For an operator: in `async` nobody is promoted by itself.
    OperatorAsync,
    /// For an operator: it is not in sync, by the witness's record.
    NotInSync,
    /// For an operator: in `memory` it has to be the same start that was in sync.
    OtherStart,
    /// For the first time in sync.
    Joining,
    /// For an operator, who ended its reign.
    SteppedDown,
    /// For an operator, who has isolated it.
    Isolated,
    /// For its peer to take over: the life before was sick, and gave its reign up.
    Yields,
    /// For its peer to take over what was handed to it, or to say that it does not.
    HandedOver,
    /// For an answer of the witness.
    Witness,
    /// For an operator: the witness's record is of another journal, or older than the log.
    WitnessDiffers,
    /// For the lease of the primary to end, or for it to come back.
    PrimaryAlive,
    /// For the peer's consent.
    Consent,
    /// Primary: for its standby to have the line, or what it lacks.
    CatchingUp,
    /// Primary: for the record of the witness to say that the standby is in sync, or is not.
    Record,
    /// Primary alone: the witness was not read for `solo_lease`.
    SoloLease,
    /// Primary: `when_standby_lost = "stop"`, and the standby is away.
    Standby,
}

/// One node at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Which part it has.
    pub part: Part,
    /// How safe the log is.
    pub safety: Safety,
    /// Since when, on the node's clock.
    pub safety_since: u64,
    /// What is missing.
    pub waiting: Waiting,
    /// The reign that it begins, has or follows; 0: none.
    pub reign: Epoch,
    /// What it promised.
    pub promised: Epoch,
    /// Records may be missing since this reign began.
    pub lossy: bool,
    /// Its start.
    pub incarnation: Incarnation,
    /// The end of its log, and how far it is durable.
    pub end: Mark,
    /// Durable here.
    pub durable: Position,
    /// Primary: what may leave, at most. Standby: what its primary said was released.
    pub released: Position,
    /// Primary: what the standby acknowledged, by the rule of the mode.
    pub acknowledged: Option<Position>,
    /// Primary: whether nothing is released that the standby lacks.
    pub requires: bool,
    /// Primary: records that were released and are here alone, as far as is known.
    pub at_risk: u64,
    /// Whether its reign was given up.
    pub fenced: Fenced,
    /// Whether an operator has isolated it.
    pub isolated: bool,
    /// Whether its log is still only a part.
    pub joining: Joining,
    /// Whether its log is being repaired.
    pub repairing: bool,
    /// How far a standby is, this node or its peer, that is sent what it lacks.
    pub catch_up: Option<CatchUp>,
    /// The other node.
    pub peer: PeerView,
    /// The witness; none where there is none.
    pub witness: Option<WitnessView>,
}

/// The other node, as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerView {
    /// Its name.
    pub name: NodeName,
    /// Whether there is a line.
    pub line: bool,
    /// When something was heard last, on this node's clock; none: never in this life.
    pub heard: Option<u64>,
    /// What it is.
    pub role: Option<crate::ship::message::Role>,
    /// How it stands to us, if it is the primary.
    pub standing: Option<Standing>,
    /// What it promised or reigns by.
    pub reign: Epoch,
    /// Its start.
    pub incarnation: Incarnation,
    /// The end of its log.
    pub end: Mark,
    /// Its program.
    pub build: String,
    /// Its clock when it spoke last: nanoseconds since 1970 UTC.
    pub utc_ns: u64,
    /// The node's clock, as last heard back from the peer: for the round trip. 0: not yet.
    pub echoed_ns: u64,
    /// What it must have like us; none while it has not spoken.
    pub digests: Option<Digests>,
    /// What of that differs.
    pub differs: Vec<Differs>,
    /// Why it has nothing to do with our log.
    pub objects: Option<Objection>,
    /// Why we have nothing to do with its log.
    pub objected: Option<Objection>,
    /// It was in sync with a reign of ours once.
    pub joined: bool,
}

/// The witness, as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessView {
    /// The record.
    pub known: Option<Known>,
    /// When the last look was made that was answered, on the node's clock; none: never.
    pub seen: Option<u64>,
    /// A change was asked for of which it is not known whether it was made.
    pub in_doubt: bool,
    /// Whether the peer's lease was there.
    pub peer_alive: bool,
}
