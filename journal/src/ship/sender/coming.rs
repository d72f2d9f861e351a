//! What is about to be sent: a segment's block or a batch, and where it stands in the log. Must not
//! know how it came here.

use crate::format::{BatchHeader, BatchNumber, SegmentHeader, SegmentNumber};
use crate::roles::event::Item;
use crate::scan::Expected;
use crate::ship::message::{ItemKind, Mark};

/// A place in the order in which a log is sent: behind a segment's block, or behind a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// 0: not known, so the log is read until its block comes.
    segment: SegmentNumber,
    /// The last batch so far.
    pub(super) batch: BatchNumber,
}

impl Place {
    /// Behind a batch, and before the block of the next segment, if that begins there.
    pub(super) fn behind(batch: BatchNumber) -> Self {
        Self { segment: SegmentNumber(0), batch }
    }
}

/// What something that was read is, seen from a place in the log.
pub(super) enum Found {
    /// What comes next.
    Next(Coming),
    /// What is behind us.
    Former,
    /// Something is missing before it.
    Other,
}

#[derive(Debug)]
pub(super) struct Coming {
    pub(super) item: Item,
    /// Where the log is behind it.
    pub(super) place: Place,
    /// What stands there, or comes next behind the block.
    pub(super) expected: Expected,
    /// The end of the log behind it, if it is a batch.
    pub(super) mark: Option<Mark>,
}

impl Coming {
    /// # Panics
    /// If it is neither a block nor a batch: it comes from our own log.
    pub(super) fn of(item: Item) -> Self {
        match item.kind {
            ItemKind::Segment => {
                let header = SegmentHeader::read(&item.bytes).expect("a block of our own log");
                let batch = BatchNumber(header.first_batch.0.saturating_sub(1));
                let expected = Expected {
                    batch: header.first_batch,
                    position: header.first_position,
                    previous: header.previous,
                };
                Self { item, place: Place { segment: header.segment, batch }, expected, mark: None }
            }
            ItemKind::Batch => {
                let header = BatchHeader::read(&item.bytes).expect("a batch of our own log");
                let expected = Expected {
                    batch: header.batch,
                    position: header.first_position,
                    previous: header.previous,
                };
                let place = Place { segment: header.segment, batch: header.batch };
                Self { item, place, expected, mark: Some(Mark::of(&header)) }
            }
        }
    }

    /// What was read from the log, seen from that place. The block of the segment in which the log is
    /// taken up comes next, too; a batch without its segment's block does not.
    pub(super) fn behind(mut self, last: &Place) -> Found {
        let is_block = self.item.kind == ItemKind::Segment;
        if is_block && self.place.segment > last.segment && self.place.batch <= last.batch {
            self.place.batch = last.batch;
            return Found::Next(self);
        }
        if self.follows(last) {
            return Found::Next(self);
        }
        if self.place.batch <= last.batch { Found::Former } else { Found::Other }
    }

    /// Whether nothing is missing between that place and this.
    pub(super) fn follows(&self, place: &Place) -> bool {
        match self.item.kind {
            ItemKind::Segment => {
                self.place.segment > place.segment && self.place.batch == place.batch
            }
            ItemKind::Batch => {
                self.place.segment == place.segment && self.place.batch.0 == place.batch.0 + 1
            }
        }
    }
}
