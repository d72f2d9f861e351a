//! Segments that were begun and never written to: of a reign that is gone before it wrote anything, or one
//! that is about to. The log may go on in the segment before one, or in another one of any number.

use super::{Follower, Problem, Segment, of};
use crate::base;
use crate::broken::Broken;
use crate::disk::{Disk, Failed};
use crate::erase;
use crate::format::{BLOCK, SegmentNumber};
use crate::names::Name;
use crate::path::WritePath;

impl<D: Disk, P: WritePath> Follower<D, P> {
    /// Removes segments that nothing was written to: a batch in front of one would count as cut. Of a log
    /// whose batches are all archived the last of them goes when another segment is there.
    pub(super) fn remove_unused(&mut self, but: Option<SegmentNumber>) -> Result<(), Broken> {
        for number in std::mem::take(&mut self.unused).into_iter().rev() {
            self.spares.forget(number);
            if Some(number) != but {
                erase::remove(&self.disk, [Name::Segment(number)]).map_err(of)?;
            }
        }
        Ok(())
    }

    /// Whether nothing was written to the open segment.
    pub(super) fn is_unused(&self) -> bool {
        let at_its_begin = |segment: &Segment| segment.end == BLOCK as u64;
        self.repair.is_none() && self.segment.as_ref().is_some_and(at_its_begin)
    }

    /// Another segment takes the place of the open one. What was written to gets no more once a batch is in
    /// the other one; what was not has nothing of the log.
    pub(super) fn leave(&mut self) {
        if self.is_unused() {
            self.unused.extend(self.segment.take().map(|segment| segment.header.segment));
        } else {
            self.before = self.segment.take();
        }
    }

    /// Nothing was written to the open segment, and the log goes on in the one before it.
    pub(super) fn go_back(&mut self, before: Segment) -> Result<(), Problem> {
        self.leave();
        self.remove_unused(None)?;
        let name = Name::Segment(before.header.segment).to_string();
        let begun = self.path.begin(&name, before.header.bytes);
        begun.or_else(|error| self.fail(Broken::at(&name, "not opened to be written")(error)))?;
        (self.segment, self.before) = (Some(before), None);
        Ok(())
    }

    /// A log that has segments, and all that the checkpoint in front of them has, says itself where it begins.
    /// Until then what that checkpoint has and the log lacks is no damage.
    pub(super) fn leave_the_base(&self) -> Result<(), Failed> {
        if self.lacks.is_some() { Ok(()) } else { base::remove(&self.disk) }
    }
}
