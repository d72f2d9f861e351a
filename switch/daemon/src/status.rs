//! What the daemon says about itself: the shapes that the control socket carries and that
//! `sekisho status` shows. Plain data; knows neither where the figures come from nor how they look.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::change::{Progress, Version};
use crate::node_requests::NodeStatus;
use crate::saf::SafStatus;

/// Version of these shapes. It goes up when a field changes its meaning or goes away; a new field
/// leaves it as it is.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// [`SCHEMA_VERSION`] of the daemon.
    pub schema_version: u32,
    /// `node.name` of the configuration.
    pub node: String,
    /// `node.institution`: our own code, DE 33 on what we forward.
    pub institution: String,
    /// Version of the program.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// Seconds since it started to serve.
    pub uptime_s: u64,
    /// Whether it takes new requests.
    pub state: NodeState,
    /// The configuration file it runs by.
    pub configuration: String,
    /// What of it runs: its number, since when, and who wanted it.
    pub adopted: Version,
    /// The reload that is under way, or the last one; none before the first.
    pub reload: Option<Progress>,
    /// The last reload, if it was refused: what runs is not what the files say.
    pub refused: Option<Progress>,
    /// Settings that are accepted and not active yet, as `key: why`.
    pub inactive: Vec<String>,
    /// Bounds that hold for the whole node, or for each worker, by name.
    pub limits: BTreeMap<String, u64>,
    /// The workers, by id.
    pub workers: Vec<WorkerStatus>,
    /// The stations, in the order of the configuration.
    pub stations: Vec<StationStatus>,
    /// How often each thing happened that has a name: every reason to refuse is among them.
    pub counters: BTreeMap<String, u64>,
    /// The control socket.
    pub control: ControlStatus,
    /// Log lines that were lost since the start: more came than could be written.
    pub log_lines_lost: u64,
    /// Ports of acquirers that wait for issuers; none once they are open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opening: Option<OpeningStatus>,
    /// The journal; none where no record is kept.
    pub journal: Option<JournalStatus>,
    /// Why its synthetic transaction is not through in time; none while it is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sick: Option<SickStatus>,
    /// This node as one of two; none without `[peer]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pair: Option<Box<NodeStatus>>,
}

/// Ports that are not open yet, as requests would have nowhere to go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpeningStatus {
    /// Milliseconds until they open whoever is ready.
    pub left_ms: u64,
    /// The issuers of routes that lead to none that is ready.
    pub not_ready: Vec<String>,
}

/// A node that can not complete a transaction in time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SickStatus {
    /// Why, in words.
    pub why: String,
    /// Since when, in seconds.
    pub since_s: u64,
}

/// A command of an operator's own that failed, when a reign began or ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookStatus {
    /// `on_promote` or `on_demote`.
    pub hook: String,
    /// Why, in words.
    pub why: String,
    /// How long ago, in seconds.
    pub since_s: u64,
}

/// The control socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ControlStatus {
    /// Clients that are connected, the one that asks among them.
    pub clients: u32,
    /// Commands since the start.
    pub commands: u64,
    /// Commands refused, as their user may not give them or gives too many.
    pub refused: u64,
    /// Commands that the journal had no room for; they stand in the log alone.
    pub unrecorded: u64,
}

/// Whether the node takes new requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeState {
    /// Links are opened or being opened; requests are taken.
    #[default]
    Serving,
    /// It finishes what is in flight and takes nothing new.
    Draining,
    /// Its ports are closed: the other of two nodes serves, or is to.
    Standby,
}

/// A message that a station named and that may be lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrphanStatus {
    /// Whose message.
    pub acquirer: String,
    /// The MTI of what named it: a repeat of a request, or a reversal.
    pub mti: String,
    /// The acquirer's own STAN, of a reversal that of its original.
    pub stan: String,
    /// DE 37; empty where there is none.
    pub rrn: String,
    /// When, as a second since 1970.
    pub utc: u64,
}

/// One worker, each use beside its bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkerStatus {
    /// Its number.
    pub id: u8,
    /// Whether it answered this question in time; if not, the figures are of the last time it did.
    pub answering: bool,
    /// Turns of its loop since the start.
    pub turns: u64,
    /// Milliseconds since its last pulse was through: it turned, and what it wrote down was committed. None
    /// where no service manager asks for it, or before the first.
    pub pulse_ms: Option<u64>,
    /// The number of the configuration that it runs by.
    pub configuration: u32,
    /// Transactions in its table.
    pub pending: u32,
    /// The most there may be.
    pub pending_max: u32,
    /// Those among them that timed out and whose number still rests.
    pub resting: u32,
    /// Decisions parked for a reply.
    pub parked: u32,
    /// The most there may be.
    pub parked_max: u32,
    /// Repeats held until their original ends.
    pub held: u32,
    /// The most there may be; one more gets 923.
    pub held_max: u32,
    /// Stored messages of its acquirers that are not done.
    pub stored: u32,
    /// The most there may be, together with requests in flight that may become one.
    pub stored_max: u32,
    /// Approvals of which nobody knows whether they reached their acquirer: a repeat or a reversal
    /// settles each.
    pub deliveries_unknown: u64,
    /// The first of them, as `ISSUER/STAN`.
    pub deliveries_unknown_first: Vec<String>,
    /// Repeats and reversals of what nobody here knows, behind a promotion that may have lost records:
    /// each is to be settled with its acquirer.
    pub orphans: Vec<OrphanStatus>,
    /// For how long a repeat is known by now, in seconds; none while nothing had to be forgotten.
    pub repeats_known_s: Option<u64>,
    /// Bytes that wait at its gate.
    pub gate_used: u64,
    /// The most that may wait there.
    pub gate_bytes: u64,
    /// Its rings to the other workers.
    pub lanes: Vec<LaneStatus>,
    /// Bytes of records on their way to the journal's thread.
    pub journal_lane_used: u64,
    /// The most there may be; 0 where no record is kept.
    pub journal_lane_bytes: u64,
}

/// A ring from one worker to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneStatus {
    /// The worker that reads it.
    pub to: u8,
    /// Bytes in it.
    pub used: u64,
    /// The most it holds.
    pub bytes: u64,
    /// Answers that wait beside it, because it is full.
    pub waiting: u64,
}

/// The journal: what was written down, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JournalStatus {
    /// What must be so before a record's bytes leave: `local`.
    pub sync: String,
    /// Its directory.
    pub directory: String,
    /// How segments are written: `mapped` or `direct`.
    pub path: String,
    /// The epoch that began with this start.
    pub epoch: u32,
    /// The last record taken: how many were ever written.
    pub position: u64,
    /// The last record that is on the disk.
    pub durable: u64,
    /// What the last header said of records that were durable before it.
    pub released: u64,
    /// The segment that is written.
    pub segment: u64,
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// Segments there are, the one that is written among them.
    pub segments: u64,
    /// Segments prepared for what comes.
    pub spares: u64,
    /// Segments packed.
    pub archives: u64,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Bytes that the disk still has.
    pub free_bytes: u64,
    /// Records committed since the start.
    pub records: u64,
    /// Commits since the start: so many batches were written.
    pub commits: u64,
    /// Bytes of these batches, with headers and padding.
    pub commit_bytes: u64,
    /// Half of the commits took no longer than this, in microseconds; none before the first.
    pub commit_p50_us: Option<u64>,
    /// 99 of 100 commits took no longer than this, in microseconds; none before the first.
    pub commit_p99_us: Option<u64>,
    /// The position of the last checkpoint; 0 without any.
    pub checkpoint: u64,
    /// Records read again at the start.
    pub replayed: u64,
    /// How long that took, in milliseconds.
    pub replayed_ms: u64,
    /// Requests that the start found without an outcome, and closed.
    pub closed_at_start: u64,
    /// How the thread that writes it is scheduled: `realtime`, before every worker, or `nice N`.
    pub priority: String,
    /// Whether the disk has room for what new requests need; if not, they are refused.
    pub has_room: bool,
    /// Requests refused for that reason since the journal's first start.
    pub refused_no_room: u64,
    /// Where what is older than memory can not be looked at, and why not: reversals and advices that may
    /// be about it get 909. None: it can be.
    pub past_not_read: Option<String>,
    /// Whether what is sealed is still as it was written.
    pub scrub: ScrubStatus,
}

/// What is known of rot in segments and archives: all of them are read through again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScrubStatus {
    /// In how many seconds all of it is to be read once.
    pub every_s: u64,
    /// How often all of it was read since the start.
    pub passes: u64,
    /// When it had been read last, as a second since 1970; none: not since the start.
    pub whole_utc: Option<u64>,
    /// Bytes that the pass under way reads, at most; 0 between two.
    pub pass_bytes: u64,
    /// Those of them that it has read.
    pub pass_read: u64,
    /// Bytes read since the start.
    pub read: u64,
    /// Files that were found not to be as they were written, since the start.
    pub found: u64,
    /// Those of them that are whole again.
    pub mended: u64,
    /// Those that are not.
    pub waiting: u64,
    /// Sealed segments that can not be packed, as one before them, or one of them, is not whole: the disk
    /// fills up by them.
    pub unpacked: u64,
    /// The first of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rotten: Vec<RottenStatus>,
}

/// A file of the journal that is not as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RottenStatus {
    /// Its name.
    pub file: String,
    /// What is wrong.
    pub found: String,
    /// Why it is not whole again; empty: it is being tried.
    pub why: String,
}

/// One station: a party that talks to the switch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StationStatus {
    /// Its name in the configuration.
    pub name: String,
    /// The configuration does not name it any more: what is in flight ends, what is stored stays.
    pub retired: bool,
    /// `acquirer`, `issuer` or `both`.
    pub role: String,
    /// Its message format.
    pub dialect: String,
    /// The worker that owns its links.
    pub worker: u8,
    /// Who signs on: `none`, `ours` or `theirs`.
    pub sign_on: String,
    /// Whether we connect; otherwise it does.
    pub connects: bool,
    /// Links that carry requests now.
    pub links_ready: u32,
    /// The most links there can be.
    pub links_max: u32,
    /// The most links from one address, of a station that connects to us.
    pub links_per_peer: u32,
    /// How long a frame of it may take, in milliseconds.
    pub frame_timeout_ms: u64,
    /// Frames without a transaction that each of its links may send in a second.
    pub noise_max: u32,
    /// The links that are up or were, and of a station that we connect to, all of them.
    pub links: Vec<LinkStatus>,
    /// Requests towards it that wait for an answer.
    pub in_flight: u32,
    /// The most there may be, from all workers together; each has an equal part.
    pub in_flight_max: u32,
    /// Requests towards it that timed out and whose number still rests.
    pub resting: u32,
    /// Requests received from it (acquirer) or sent to it (issuer).
    pub requests: u64,
    /// Answers sent to it (acquirer) or received from it (issuer).
    pub answers: u64,
    /// Answers among them that approve.
    pub approved: u64,
    /// Answers among them that decline.
    pub declined: u64,
    /// Requests that no answer came to in time.
    pub timeouts: u64,
    /// What is stored for it; none for a station that is no issuer.
    pub stored: Option<SafStatus>,
    /// Half of its answers took no longer than this, in microseconds; none before the first.
    pub p50_us: Option<u64>,
    /// 99 of 100 answers took no longer than this, in microseconds; none before the first.
    pub p99_us: Option<u64>,
}

/// One link: a connection of a station.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkStatus {
    /// Its number, the same from start to end of the process.
    pub id: u32,
    /// Where we connect to, or who connected: `address:port`.
    pub peer: String,
    /// How far it is.
    pub state: LinkState,
    /// Seconds since it got there.
    pub since_s: u64,
    /// Echoes without an answer, one after the other; the third reopens the link.
    pub echo_missed: u32,
    /// Bytes that wait for the peer to read.
    pub out_buffered: u64,
    /// The most that may wait; none is 0.
    pub out_max: u64,
    /// Why it went down last.
    pub last_error: Option<String>,
}

/// How far a link is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// No connection.
    #[default]
    Down,
    /// We are connecting.
    Connecting,
    /// Connected. Carries requests when nobody signs on; else the sign-on is still to come.
    Up,
    /// Connected and signed on.
    SignedOn,
    /// Connected, and the station has signed off.
    SignedOff,
}

impl LinkState {
    /// As people read it; the same word as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::SignedOn => "signed-on",
            Self::SignedOff => "signed-off",
        }
    }
}

impl NodeState {
    /// As people read it; the same word as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Draining => "draining",
            Self::Standby => "standby",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_survives_the_wire() {
        let status = Status {
            schema_version: SCHEMA_VERSION,
            node: "tokyo".into(),
            state: NodeState::Draining,
            stations: vec![StationStatus {
                name: "issuer-x".into(),
                links: vec![LinkStatus { state: LinkState::SignedOff, ..LinkStatus::default() }],
                p99_us: Some(1_500),
                ..StationStatus::default()
            }],
            ..Status::default()
        };
        let text = serde_json::to_string(&status).unwrap();
        assert_eq!(serde_json::from_str::<Status>(&text).unwrap(), status);
        assert!(text.contains(r#""state":"signed-off""#) && text.contains(r#""state":"draining""#));
    }

    #[test]
    fn a_newer_daemon_may_say_more_and_an_older_one_less() {
        let status: Status =
            serde_json::from_str(r#"{"node":"osaka","moon":"full","workers":[{"id":3}]}"#).unwrap();
        assert_eq!((status.node.as_str(), status.workers[0].id), ("osaka", 3));
    }

    #[test]
    fn the_word_for_people_is_the_word_in_json() {
        use LinkState::{Connecting, Down, SignedOff, SignedOn, Up};
        for state in [Down, Connecting, Up, SignedOn, SignedOff] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
        for state in [NodeState::Serving, NodeState::Draining] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
        }
    }
}
