//! What a node knows for ever of its role: the contents of its control file. Plain data; must not
//! know how it stands in the file.

use crate::format::{BatchNumber, Cluster, Epoch};
use crate::roles::name::NodeName;
use crate::roles::witness::Known;
use crate::ship::message::Mark;

/// The control file: durable before anything is done that relies on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// Whose journal; zeros: none yet.
    pub cluster: Cluster,
    /// Whose file this is.
    pub name: NodeName,
    /// Nothing is taken from a reign before this one. Never goes back.
    pub promised: Epoch,
    /// The last reign that this node began itself; 0: none.
    pub reigned: Epoch,
    /// Records may be missing since that reign began, or one before it, and its log does not say so
    /// yet. With a witness also: since the reign that is promised begins, which the record may name
    /// this node for before it says so itself.
    pub lossy: bool,
    /// Whether and why it gave that reign up.
    pub fenced: Fenced,
    /// The last record of the witness that was seen; it may be old.
    pub known: Option<Known>,
    /// The peer was in sync with a reign of this node: it comes back empty only by `join --replace`.
    pub peer_joined: bool,
    /// This node began empty and was never in sync since.
    pub joining: Joining,
    /// The log is being cut: what is behind this mark goes ([`Mark::ZERO`]: all of it).
    pub cut: Option<Mark>,
    /// The log is damaged up to and with this batch, and is being repaired from the peer.
    pub repairing: Option<BatchNumber>,
    /// Since when this node's reign goes on alone: without a witness by policy, with one because an
    /// operator said so; nanoseconds since 1970 UTC.
    pub solo_since: Option<u64>,
    /// The last reign whose primary said that this node has all that it released and that it never
    /// goes on alone (`when_standby_lost = "stop"`); 0: none.
    pub assured: Epoch,
    /// An operator has isolated the node: it says nothing and does not reign.
    pub isolated: bool,
}

/// Whether a node may go on with its last reign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fenced {
    /// It gave nothing up.
    #[default]
    No,
    /// It handed over to its peer, which may or may not have taken.
    HandedOver,
    /// An operator ended it.
    ByOperator,
}

/// Whether a node's log is still only a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Joining {
    /// It was in sync once.
    #[default]
    No,
    /// It is new.
    New,
    /// It takes the place of one whose disk was lost.
    Replacing,
}

impl Control {
    /// That of a node that never had one.
    pub const fn first(name: NodeName) -> Self {
        Self {
            cluster: [0; 16],
            name,
            promised: Epoch(0),
            reigned: Epoch(0),
            lossy: false,
            fenced: Fenced::No,
            known: None,
            peer_joined: false,
            joining: Joining::No,
            cut: None,
            repairing: None,
            solo_since: None,
            assured: Epoch(0),
            isolated: false,
        }
    }
}
