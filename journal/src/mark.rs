//! Places in a log as two nodes tell each other of them. Knows no file and no message.

use crate::format::{BatchHeader, BatchNumber, Epoch, Position, Tag};
use crate::scan::Expected;

/// A place in a log: behind a batch. Two logs that have a batch of the same epoch and number are equal
/// up to its end, byte for byte: an epoch has one writer, and each batch names the tag of the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Who wrote the batch.
    pub epoch: Epoch,
    /// Its number; 0: nothing was written yet.
    pub batch: BatchNumber,
    /// The last record up to here.
    pub position: Position,
    /// What the batch's seal ends with; zeros before the first.
    pub tag: Tag,
}

impl Mark {
    /// Before the first batch.
    pub const ZERO: Self =
        Self { epoch: Epoch(0), batch: BatchNumber(0), position: Position(0), tag: [0; 16] };

    /// Behind this batch.
    pub fn of(header: &BatchHeader) -> Self {
        Self {
            epoch: header.epoch,
            batch: header.batch,
            position: header.last_position(),
            tag: header.tag,
        }
    }

    /// What follows it.
    pub fn next(&self) -> Expected {
        Expected {
            batch: BatchNumber(self.batch.0.saturating_add(1)),
            position: Position(self.position.0.saturating_add(1)),
            previous: self.tag,
        }
    }

    /// Before what is expected, where it is known who wrote the batch there.
    pub(crate) fn before(expected: &Expected, epoch: Epoch) -> Self {
        Self {
            epoch,
            batch: BatchNumber(expected.batch.0.saturating_sub(1)),
            position: Position(expected.position.0.saturating_sub(1)),
            tag: expected.previous,
        }
    }
}

/// With which batch an epoch begins in a log; one without a batch has an entry as well, and the next one
/// begins with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The epoch.
    pub epoch: Epoch,
    /// Its first batch.
    pub first_batch: BatchNumber,
}
