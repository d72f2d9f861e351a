//! The follower of a log that is repaired: what stands there is left where it is the same, and nothing else
//! of another log is written over.

use super::{Follower, Problem, Segment, of};
use crate::broken::Broken;
use crate::disk::{Disk, DiskFile};
use crate::erase;
use crate::format::{BLOCK, SegmentHeader};
use crate::names::Name;
use crate::path::WritePath;
use crate::repair::{self, Stands};

impl<D: Disk, P: WritePath> Follower<D, P> {
    /// Whether the log is whole: from the beginning, or since all that was damaged was had again and is
    /// durable. What stands behind its end is zeros then.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn repaired(&mut self) -> Result<bool, Broken> {
        let Some(repair) = self.repair else { return Ok(true) };
        if !repair.is_done(&self.durable) {
            return Ok(false);
        }
        self.drain()?;
        let open = self.segment.as_ref().map(|segment| segment.header.segment);
        let behind = repair::segments_behind(&self.disk, open);
        let behind = behind.or_else(|failed| self.fail(of(failed)))?;
        for &number in &behind {
            self.spares.forget(number);
        }
        let names = behind.into_iter().map(Name::Segment);
        erase::remove(&self.disk, names).or_else(|failed| self.fail(of(failed)))?;
        if let Some(Segment { header, end }) = &self.segment {
            let zeroed = erase::zero_behind(&self.disk, Name::Segment(header.segment), *end);
            zeroed.or_else(|failed| self.fail(of(failed)))?;
        }
        self.repair = None;
        Ok(true)
    }

    /// A segment that was made shorter has its length again.
    pub(super) fn lengthen(&self, header: &SegmentHeader) -> std::io::Result<()> {
        let file = self.disk.open(&Name::Segment(header.segment).to_string(), true)?;
        if file.bytes()? < header.bytes {
            file.write_at(header.bytes - BLOCK as u64, &[0; BLOCK])?;
            file.sync()?;
        }
        Ok(())
    }

    /// While the log is repaired and the primary's goes on in another segment: whether ours does not go on
    /// in this one.
    pub(super) fn ends_here(&mut self) -> Result<(), Problem> {
        let Some(Segment { header, end }) = &self.segment else { return Ok(()) };
        let expected = self.received.next();
        let goes_on = Stands::goes_on(&self.disk, header, *end, &expected);
        let goes_on = goes_on.or_else(|failed| self.fail(of(failed)))?;
        if goes_on { Err(Problem::Diverged) } else { Ok(()) }
    }
}
