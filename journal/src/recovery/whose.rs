//! Who wrote the last batch of a log. Decides nothing.

use super::{FIRST, Walk};
use crate::archive;
use crate::disk::{Disk, Failed};
use crate::format::{Epoch, SegmentNumber};

impl<D: Disk> Walk<'_, D> {
    /// Whose the last batch is.
    pub(super) fn wrote_last(&self, archives: &[SegmentNumber]) -> Result<Epoch, Failed> {
        let mut written = self.extents.iter().rev().filter(|extent| extent.batches > 0);
        if let Some(extent) = written.next() {
            return Ok(extent.header.epoch);
        }
        let first = self.extents.first().map(|extent| extent.header);
        let before = |number: &&SegmentNumber| first.is_none_or(|first| **number < first.segment);
        for &number in archives.iter().rev().filter(before) {
            let header = archive::header(self.disk, number)?;
            let Some(header) = header else { continue };
            if header.end.batch > header.segment.first_batch {
                return Ok(header.segment.epoch);
            }
        }
        let begun = first.filter(|first| first.first_batch > FIRST.batch);
        Ok(begun.map_or(Epoch(0), |first| first.epoch))
    }
}
