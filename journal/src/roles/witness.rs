//! The witness's one record, and what a node hears of it. Must not know where the record is kept: a
//! driver reads it and swaps it.

use crate::format::{Cluster, Epoch};
use crate::roles::name::NodeName;

/// One start of one node: what it had in memory before is gone. Never twice the same for one node;
/// 0 is nobody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

/// How often the record was changed, as its keeper counts (etcd: `mod_revision`); 0: there is no
/// record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// A node, and which start of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: NodeName,
    /// Its start.
    pub incarnation: Incarnation,
}

/// The record: `{epoch, primary, in_sync}` of the design. The primary is always in sync with itself,
/// so what is kept beside it is the other one, if it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Whose journal.
    pub cluster: Cluster,
    /// The reign.
    pub epoch: Epoch,
    /// Whose reign it is.
    pub primary: Member,
    /// Who has every record that this reign and those before it released; only it may take over.
    pub in_sync: Option<Member>,
}

/// A record, and which version of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its version.
    pub revision: Revision,
    /// What it says.
    pub record: Record,
}

/// What the witness says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The record; none if there is none.
    pub known: Option<Known>,
    /// Whether `alive/<peer>` is there.
    pub peer_alive: bool,
}

/// A question to the witness: its answer names it. Numbers of one node rise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// The answer to a read or a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To a read: what it says.
    Says(Seen),
    /// To a swap: it was done, and the record has this version now.
    Swapped(Revision),
    /// To a swap: it was not and will not be done, as the version was another.
    Refused,
    /// Not known: no answer in time, an error, a line that broke. A swap may have been done, or may
    /// still be.
    Unknown,
}
