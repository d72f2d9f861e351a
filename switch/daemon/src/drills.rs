//! Drills of two nodes, and what is seen of them: the shapes that the control socket carries and that
//! `sekisho drill` shows. Plain data; knows no rule of the replication.

use serde::{Deserialize, Serialize};

/// What is drilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drill {
    /// This primary ends where it stands, as if it had died, and stays away.
    Failover,
    /// The synthetic transaction of this primary is withheld, as if the node was sick.
    SickPrimary,
    /// The line to the other node is refused.
    LinkLoss,
}

impl Drill {
    /// What programs and people call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failover => "failover",
            Self::SickPrimary => "sick-primary",
            Self::LinkLoss => "link-loss",
        }
    }
}

/// The shortest and the longest time that a node plays dead or refuses the line, in milliseconds: it comes back
/// by itself, whatever became of who wanted it.
pub const FOR_MS: std::ops::RangeInclusive<u64> = 1_000..=60_000;

/// A drill that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drilled {
    /// Which.
    pub drill: Drill,
    /// When, in nanoseconds since 1970 by the clock of this node.
    pub begun_ns: u64,
    /// When the life of this node ended by it, by the same clock; none where it goes on.
    pub ended_ns: Option<u64>,
    /// For so long, in milliseconds.
    pub for_ms: u64,
    /// By which epoch this node reigned.
    pub epoch: u32,
    /// The last record of which this node had released anything, when it ended.
    pub released: Option<u64>,
}

/// What a node says of its machine, so that the other one knows what it would take over with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// Processors that it may use.
    pub cores: u32,
    /// Workers that it has, or would have as primary.
    pub workers: u32,
    /// Thousandths of a processor that the daemon took in the busiest seconds of the last five minutes.
    pub busy_peak: u64,
    /// Bytes of memory that the daemon has.
    pub memory_used: u64,
    /// Bytes of memory that can be had.
    pub memory_free: u64,
    /// Bytes that the disk of the journal still has.
    pub disk_free: u64,
    /// Whether the witness answered it last; none where there is no witness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<bool>,
    /// What somebody should look at there, the worst first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// By which epoch it opened its ports in this life, and when: nanoseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened: Option<(u32, u64)>,
}

/// What was seen of a drill, or of whatever happened since a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// The drill that this node was in last; none since it was started by somebody else than itself.
    pub drill: Option<Drilled>,
    /// What became of the release while the line was refused.
    pub link: Option<LinkLoss>,
    /// The reigns that the log here knows, as far as they were read, in order.
    pub reigns: Vec<ReignSeen>,
    /// There is more than could be read in time.
    pub cut: bool,
}

/// The release of a primary whose line is refused, looked at every few milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkLoss {
    /// The longest time that something that was written down waited for its release, in microseconds.
    pub longest_wait_us: u64,
    /// Milliseconds from the begin until the primary went on alone.
    pub solo_ms: Option<u64>,
    /// The most records that were released and at one node alone.
    pub at_risk: u64,
    /// Milliseconds from the begin until there was a line again.
    pub line_ms: Option<u64>,
    /// Milliseconds from the begin until both had everything again.
    pub sync_ms: Option<u64>,
    /// The epoch at the end of it.
    pub epoch: u32,
    /// It is over.
    pub done: bool,
}

/// What the log says of one reign. Times are those at which batches were written, in nanoseconds since 1970 by the
/// clock of who wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReignSeen {
    /// Its epoch.
    pub epoch: u32,
    /// The first record that was read of it.
    pub first_position: u64,
    /// And the last.
    pub last_position: u64,
    /// When its first batch was written that was read.
    pub begun_ns: u64,
    /// The last record that its own batches say was released.
    pub released: u64,
    /// Requests that were admitted.
    pub requests: u64,
    /// Answers to acquirers: of issuers, and our own where there was none in time.
    pub answers: u64,
    /// When the first of these was written.
    pub first_answer_ns: Option<u64>,
    /// And the last.
    pub last_answer_ns: Option<u64>,
    /// Requests without an outcome that its begin closed with 909.
    pub closed: u64,
    /// Messages that are to be brought to issuers: reversals, and advices.
    pub owed: u64,
    /// Such messages that were acknowledged, or given up by operators.
    pub settled: u64,
    /// It began as a promotion, by which records may be missing or not.
    pub lossy: Option<bool>,
    /// It was handed over.
    pub handed_over: bool,
}
