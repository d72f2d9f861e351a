//! One of two nodes as operators see it, and what they can have done about the two: the shapes that the
//! control socket carries and that `sekisho node` shows. Plain data; knows no rule of the replication.

use serde::{Deserialize, Serialize};

use crate::drills::{Drill, Drilled, Evidence, Machine};
use crate::status::{HookStatus, ScrubStatus, SickStatus};

/// The most approvals of one listing that a reply tells one by one.
pub const ORPHANS_TOLD_MAX: usize = 10_000;
/// The most reigns that are told.
pub const REIGNS_TOLD_MAX: usize = 8;

/// What an operator wants of the two nodes. All but [`NodeRequest::Status`] and [`NodeRequest::Orphans`]
/// change something; the reply comes when it is done or can not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NodeRequest {
    /// How this node stands, and the other as far as this one knows.
    Status,
    /// Make this node the primary, although the other one did not hand over. Where an operator has to answer
    /// for something, nothing is done until all of that is among `confirmed`; the reply asks.
    Promote {
        /// The ids of [`Question`]s that the operator has said yes to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        confirmed: Vec<String>,
    },
    /// Make this primary a standby. Its peer does not become the primary by it.
    Demote {
        /// The ids of [`Question`]s that the operator has said yes to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        confirmed: Vec<String>,
    },
    /// Let the other node be the primary from here on; nothing is lost. Asked of the primary.
    Switchover,
    /// Let this node, whose journal is empty, take the log of the primary.
    Join {
        /// It had joined before, and its disk was lost since.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        replace: bool,
    },
    /// Let this node have nothing to do with the other one, nor with anybody, through every start; or end that.
    Isolate {
        /// The ids of [`Question`]s that the operator has said yes to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        confirmed: Vec<String>,
        /// Why, for whoever looks later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// It is over.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        end: bool,
    },
    /// What stood in the log of this node alone when it was cut: approvals that the other node does not know.
    Orphans {
        /// Which listing, by [`Diverged::file`]; without it the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// Let this primary, for so long, be as what is drilled says.
    Drill {
        /// What.
        drill: Drill,
        /// For how long, within [`crate::drills::FOR_MS`].
        for_ms: u64,
    },
    /// What the log here says of all that happened since this record, and what was seen of the last drill.
    Evidence {
        /// The first record that is read.
        from: u64,
    },
    /// Ask the other node, which is the primary, to hand over to this one; it decides whether it does.
    Back,
}

impl NodeRequest {
    /// What programs call it.
    pub fn action(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Promote { .. } => "promote",
            Self::Demote { .. } => "demote",
            Self::Switchover => "switchover",
            Self::Join { .. } => "join",
            Self::Isolate { .. } => "isolate",
            Self::Orphans { .. } => "orphans",
            Self::Drill { .. } => "drill",
            Self::Evidence { .. } => "evidence",
            Self::Back => "back",
        }
    }

    /// Whether something is other than before when it is done.
    pub fn is_change(&self) -> bool {
        !matches!(self, Self::Status | Self::Orphans { .. } | Self::Evidence { .. })
    }
}

/// What is said of the two nodes. Each action fills what it is about and leaves the rest empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeReply {
    /// How it stands (status; and behind what was done).
    pub status: Option<NodeStatus>,
    /// What must be confirmed before it is done. Nothing was done if there is any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// What was done, in words.
    pub done: Option<String>,
    /// The listing that was asked for (orphans).
    pub orphans: Option<Orphans>,
    /// What was begun (drill).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drilled: Option<Box<Drilled>>,
    /// What was seen (evidence).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<Evidence>>,
}

/// Something that only a person can know or answer for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    /// One of [`question`]: the same in every release.
    pub id: String,
    /// What is to be confirmed, as a statement that is true or not.
    pub text: String,
    /// What follows if it is confirmed and is not so, or what it costs.
    pub consequence: String,
}

/// What can be asked.
pub mod question {
    /// No node ever was the primary of this pair: its journal begins here.
    pub const FIRST: &str = "first-primary";
    /// The other node is stopped, or cut off from all stations, and stays so until it is a standby.
    pub const PEER_FENCED: &str = "peer-fenced";
    /// The other node has not been the primary since this one last was, or last heard from it.
    pub const NOT_SINCE: &str = "peer-not-since";
    /// Records that the other node has released may be missing here, and are given up.
    pub const MAY_LOSE: &str = "records-may-be-lost";
    /// This node has not had the whole log since it joined.
    pub const JOINING: &str = "still-joining";
    /// The standby does not have everything: it would not take over at once.
    pub const NOT_IN_SYNC: &str = "peer-not-in-sync";
    /// Nobody is the primary when this is done.
    pub const NO_PRIMARY: &str = "no-primary-then";
    /// The primary waits for this standby, and stops without it.
    pub const PRIMARY_STOPS: &str = "primary-stops-then";
}

/// Which part a node has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeRole {
    /// It has no peer: all is its own.
    #[default]
    Alone,
    /// Its ports are closed; it follows the log of the primary where there is one.
    Standby,
    /// It is about to reign: the log is begun, and no port is open yet.
    Promoting,
    /// It serves.
    Primary,
    /// It finishes what is in flight and hands over.
    HandingOver,
}

/// How safe the log is at two places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SyncState {
    /// This node knows of no primary.
    #[default]
    NoPrimary,
    /// There is no peer: what is released is on this node's disk.
    Local,
    /// What is released is at both nodes.
    Sync,
    /// The primary goes on alone; what it releases is at one node.
    Solo,
    /// By configuration the primary waits for nobody.
    Async,
    /// The primary releases nothing until the standby is there again.
    Stopped,
}

/// One of two nodes at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeStatus {
    /// `node.name`.
    pub name: String,
    /// Which part it has.
    pub role: NodeRole,
    /// The epoch by which the primary reigns, as far as this node knows; 0: none yet.
    pub epoch: u32,
    /// How safe the log is at two places.
    pub sync: SyncState,
    /// Why it is so, in words: what is missing for `sync`.
    pub why: String,
    /// Since when it is so, in seconds.
    pub sync_since_s: Option<u64>,
    /// `journal.sync`: `durable`, `memory`, `async`; `local` and `none` without a peer.
    pub mode: String,
    /// `peer.when_standby_lost`: `solo` or `stop`; none without a peer.
    pub when_standby_lost: Option<String>,
    /// The version of this program.
    pub build: String,
    /// What it says of its machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<Box<Machine>>,
    /// Positions in the log here.
    pub log: LogStatus,
    /// What the standby lacks of the primary's log; none while this node does not know, as a primary whose standby
    /// has acknowledged nothing in this reign.
    pub lag: Option<Lag>,
    /// Records that were released and are at this node alone; only of a primary.
    pub records_at_risk: u64,
    /// The other node; none without `[peer]`.
    pub peer: Option<PeerStatus>,
    /// The witness of the two; none without `[witness]`.
    pub witness: Option<WitnessStatus>,
    /// An operator has isolated it; none otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolated: Option<Box<Isolated>>,
    /// Why this node can not complete a transaction in time; none while it is well, or is a standby.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sick: Option<Box<SickStatus>>,
    /// What both nodes must agree on, and whether they do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<DigestStatus>,
    /// How far the standby's catching up is; none where there is nothing to catch up with.
    pub catch_up: Option<CatchUp>,
    /// It joined, and has not had the whole log since: it is not promoted.
    pub joining: bool,
    /// Damage in its log is being made good from the other node: it is not promoted.
    pub repairing: bool,
    /// Whether what is sealed of its log is still as it was written; none where no log is kept.
    pub scrub: Option<ScrubStatus>,
    /// The last command for a begin or an end of a reign, if it failed.
    pub hook: Option<Box<HookStatus>>,
    /// When its own certificate ends, as a second since 1970.
    pub certificate_ends_utc: Option<u64>,
    /// What is to be done about certificates that run out soon, or have; none: nothing.
    pub certificates: Option<String>,
    /// The last reigns that the log knows, the newest first; [`REIGNS_TOLD_MAX`] at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reigns: Vec<Reign>,
    /// What was cut from the log here because the other node went on without it, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diverged: Vec<Diverged>,
    /// Bytes of all that is kept in the folder `diverged` of the journal: what was cut, and logs that a
    /// checkpoint took the place of. The node never removes any of it.
    pub diverged_bytes: u64,
}

/// Positions in the log, each that of the last record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogStatus {
    /// The last one that was taken.
    pub position: u64,
    /// On this node's disk.
    pub durable: u64,
    /// Acknowledged by the standby; only of a primary that has one.
    pub acknowledged: Option<u64>,
    /// What may leave.
    pub released: u64,
    /// Taken into the state of a standby, which takes over with it.
    pub replayed: Option<u64>,
}

/// How much a standby lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lag {
    /// Records.
    pub records: u64,
    /// Bytes of batches; not known while it catches up from older segments.
    pub bytes: Option<u64>,
    /// Age of the oldest batch that it lacks.
    pub ms: u64,
}

/// What an operator said who isolated a node. Who that was stands in the log, and in the journal where it could be
/// written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Isolated {
    /// When, as a second since 1970; 0: not known.
    pub utc: u64,
    /// Why; empty where nothing was said.
    pub reason: String,
}

/// The other node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeerStatus {
    /// `peer.name`.
    pub name: String,
    /// The other end of the line; while there is none, where this node looks for it first. Empty where there is
    /// none and the peer is the one that connects.
    pub address: String,
    /// Since when there is a line, in seconds; none: there is none.
    pub line_since_s: Option<u64>,
    /// Why there is none, or why the last one ended.
    pub line_error: Option<String>,
    /// How long ago something came from it, in milliseconds; none: never since the start.
    pub heard_ms: Option<u64>,
    /// Which part it said that it has.
    pub role: Option<NodeRole>,
    /// By which epoch it said that it reigns, or that it promised.
    pub epoch: Option<u32>,
    /// Its program's version.
    pub build: Option<String>,
    /// Its clock less ours, in milliseconds, half a round trip allowed for.
    pub clock_ahead_ms: Option<i64>,
    /// The time to it and back, in microseconds.
    pub round_trip_us: Option<u64>,
    /// What it said of its machine on this line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<Box<Machine>>,
    /// When its certificate ends, as a second since 1970.
    pub certificate_ends_utc: Option<u64>,
}

/// The witness, as this node knows it: where it is, and what its record said when it was read last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WitnessStatus {
    /// The member that answered last, or is asked next.
    pub endpoint: String,
    /// The number of the cluster of etcd whose answer came last, in hexadecimal digits; none: there was no answer.
    pub cluster: Option<String>,
    /// Whether it answered what it was asked last.
    pub answers: bool,
    /// Since when that is so, in seconds.
    pub since_s: u64,
    /// How long ago an answer came, in milliseconds; none: never since the start.
    pub answered_ms: Option<u64>,
    /// How long the last answer took, in microseconds.
    pub took_us: Option<u64>,
    /// Why the last question was not answered.
    pub error: Option<String>,
    /// `witness.user` is set, and etcd asks nobody who he is.
    pub asks_nobody: bool,
    /// The record, as it was read last; none: there was none, or it was never read.
    pub record: Option<WitnessRecord>,
    /// A change of the record was asked for of which it is not known whether it was made.
    pub in_doubt: bool,
    /// Whether the other node's lease was there.
    pub peer_alive: bool,
    /// How long ago this node's own lease was kept alive, in milliseconds; none: it has none, as any standby.
    pub lease_ms: Option<u64>,
    /// Reads that were answered.
    pub reads: u64,
    /// Changes that were made.
    pub swapped: u64,
    /// Changes that were not made, as the record had another version.
    pub refused: u64,
    /// Reads and changes without an answer.
    pub unknown: u64,
    /// How often a lease was granted.
    pub leases: u64,
    /// Why this node's lease could not be had, kept or given back the last time; none: nothing is wrong with it.
    pub lease_error: Option<String>,
}

/// The record of the witness.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WitnessRecord {
    /// Its version: `mod_revision` in etcd.
    pub revision: u64,
    /// By which epoch.
    pub epoch: u32,
    /// Which node reigns.
    pub primary: String,
    /// Which one may take over; none: nobody.
    pub in_sync: Option<String>,
}

/// A digest of something that both nodes must agree on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DigestStatus {
    /// `configuration`, `dialects`, `negative files`, `sealing keys`, `witness` (which cluster of etcd answers).
    pub what: String,
    /// Here, in hexadecimal digits.
    pub ours: String,
    /// There; none while it is not known.
    pub theirs: Option<String>,
    /// Whether they differ: a switch-over is refused then.
    pub differs: bool,
}

/// How far catching up is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CatchUp {
    /// The last record that the standby had at first.
    pub from: u64,
    /// The last record that it has.
    pub position: u64,
    /// The one that it is to reach, which goes on meanwhile.
    pub target: u64,
    /// Records a second over the last seconds.
    pub records_per_s: u64,
    /// A checkpoint is taken first: of so many bytes, so many are there.
    pub snapshot: Option<(u64, u64)>,
    /// Bytes of it a second over the last seconds.
    pub bytes_per_s: u64,
}

/// A reign: an epoch, and where it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reign {
    /// The epoch.
    pub epoch: u32,
    /// The number of its first batch.
    pub first_batch: u64,
    /// Where its first record stands; none where that is not known any more.
    pub first_position: Option<u64>,
}

/// Something that was cut from the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Diverged {
    /// Its name without an ending: `EPOCH-POSITION`. The folder `diverged` of the journal has the batches as
    /// `.wal` and the listing as `.json`.
    pub file: String,
    /// When the listing was made, as a second since 1970; 0: not yet.
    pub utc: u64,
    /// The epoch of the first batch that was cut.
    pub epoch: u32,
    /// The position of the first record that was cut.
    pub position: u64,
    /// Records that were cut.
    pub records: u64,
    /// Approvals among them that the log says had been released: their acquirers may have them, and the other
    /// node does not know them.
    pub released: u64,
    /// Approvals among them of which the log does not say it: no batch behind them was written that would. If the
    /// node was alone, they may have been released in its last moments; if it was in sync, they were not.
    pub perhaps_released: u64,
}

/// What a listing says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Orphans {
    /// Of what.
    pub of: Diverged,
    /// The approvals, in the order of the log; [`ORPHANS_TOLD_MAX`] of them at most.
    pub approvals: Vec<Orphan>,
    /// How many there are beside these.
    pub more: u64,
}

/// An approval that the other node does not know. No card stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Orphan {
    /// Its place in the log that was cut.
    pub position: u64,
    /// The acquirer's station.
    pub station: String,
    /// The acquirer's trace number (field 11), six digits.
    pub stan: String,
    /// The retrieval reference number (field 37), if there is one.
    pub rrn: Option<String>,
    /// The issuer's station, if it went to one.
    pub issuer: Option<String>,
    /// Our trace number towards the issuer.
    pub issuer_stan: Option<String>,
    /// The amount in minor units (field 4), as it stood in the request.
    pub amount: Option<String>,
    /// The currency (field 49).
    pub currency: Option<String>,
    /// When the request came, as a second since 1970; 0 where that stands in an older record.
    pub utc: u64,
    /// The action or response code that its acquirer was to get (field 39).
    pub action: String,
    /// Whether the log says that it had been released: else nothing says that it left.
    pub released: bool,
}

#[cfg(test)]
mod tests;
