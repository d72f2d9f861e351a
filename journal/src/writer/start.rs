//! Where a writer goes on, as a recovery or a follower leaves it. Knows no file.

use crate::format::{BatchNumber, Cluster, Epoch, Position, SegmentNumber, Tag};
use crate::mark::Mark;
use crate::recovery::Recovered;

/// Where a writer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Whose journal.
    pub cluster: Cluster,
    /// Of this writer: later than any before.
    pub epoch: Epoch,
    /// The segment that it begins: no file has this number yet.
    pub next_segment: SegmentNumber,
    /// Its first batch.
    pub next_batch: BatchNumber,
    /// Its first record; everything before it is durable.
    pub next_position: Position,
    /// The tag of the batch before its first; zeros before the first of all.
    pub previous: Tag,
    /// Released so far.
    pub released: Position,
    /// Who wrote the batch before its first; 0 before the first of all.
    pub last_epoch: Epoch,
}

impl Start {
    /// Behind what was recovered, in the next epoch that the log does not know. A journal that was never
    /// begun becomes this cluster's.
    pub fn after(recovered: &Recovered, cluster_if_new: Cluster) -> Self {
        let epoch = Epoch(recovered.last_epoch.0 + 1);
        Self::reign(recovered, epoch, recovered.cluster.unwrap_or(cluster_if_new))
    }

    /// Behind what was recovered, in an epoch that was agreed on with a peer.
    ///
    /// # Panics
    /// If the log knows that epoch, or a later one, already.
    pub fn reign(recovered: &Recovered, epoch: Epoch, cluster: Cluster) -> Self {
        assert!(epoch > recovered.last_epoch, "a reign has an epoch of its own");
        Self {
            cluster,
            epoch,
            last_epoch: recovered.end.epoch,
            next_segment: recovered.next_segment,
            next_batch: recovered.next_batch,
            next_position: recovered.next_position,
            previous: recovered.previous,
            released: recovered.released,
        }
    }

    /// Up to where the log is durable before the writer begins.
    pub fn end(&self) -> Mark {
        Mark {
            epoch: self.last_epoch,
            batch: BatchNumber(self.next_batch.0 - 1),
            position: Position(self.next_position.0 - 1),
            tag: self.previous,
        }
    }
}
