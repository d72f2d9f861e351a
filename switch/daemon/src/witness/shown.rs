//! What the thread `witness` shows of itself. Plain data.

/// All of it at one moment; times are nanoseconds since boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WitnessShown {
    /// The member that answered last, or is asked next.
    pub(crate) endpoint: String,
    /// The number of the cluster of etcd whose answer came last; none: there was no answer.
    pub(crate) cluster: Option<u64>,
    /// Whether the last question was answered.
    pub(crate) answers: bool,
    /// Since when it is so.
    pub(crate) since_ns: u64,
    /// When an answer came last.
    pub(crate) answered_ns: Option<u64>,
    /// How long that one took.
    pub(crate) took_ns: u64,
    /// Why the last question was not answered.
    pub(crate) trouble: Option<String>,
    /// A user is configured, and etcd asks nobody who he is.
    pub(crate) asks_nobody: bool,
    /// What is to be done about the files that it is asked by; none: nothing.
    pub(crate) files: Option<String>,
    /// Reads that were answered.
    pub(crate) reads: u64,
    /// Swaps that were done.
    pub(crate) swapped: u64,
    /// Swaps that were not done, as the record had another version.
    pub(crate) refused: u64,
    /// Reads and swaps without an answer.
    pub(crate) unknown: u64,
    /// The lease by which this node is known as alive.
    pub(crate) lease: LeaseShown,
}

/// Of the lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeaseShown {
    /// When it was granted or kept alive last; none: there is none.
    pub(crate) kept_ns: Option<u64>,
    /// How often one was granted.
    pub(crate) granted: u64,
    /// Why it could not be had, kept or given back the last time; none: it was.
    pub(crate) trouble: Option<String>,
}
