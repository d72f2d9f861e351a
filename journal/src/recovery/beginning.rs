//! What stands before the first whole segment of a log. Decides nothing.

use super::{FIRST, Recovered, Refusal, Stop, Tail, Walk};
use crate::archive;
use crate::disk::{Disk, Failed};
use crate::format::{BLOCK, Cluster, Position, SegmentNumber};
use crate::mark::Mark;
use crate::names::Name;
use crate::scan::{self, Expected, Found, Rest};
use crate::survey::Segment;

impl Recovered {
    /// A log that begins anew behind a mark: a checkpoint has what came before.
    pub fn behind(mark: Mark, cluster: Cluster) -> Self {
        let next = mark.next();
        Self {
            cluster: Some(cluster),
            last_epoch: mark.epoch,
            next_batch: next.batch,
            next_position: next.position,
            previous: next.previous,
            end: mark,
            released: mark.position,
            marked: Position(0),
            next_segment: SegmentNumber(1),
            tail: Tail::Empty,
            segments: Vec::new(),
            left_over: Vec::new(),
            lacks: None,
        }
    }
}

impl<D: Disk> Walk<'_, D> {
    /// What stands before the first segment: the last archive, or the beginning of all unless a
    /// checkpoint has what came before.
    pub(super) fn archived(&mut self, archives: &[SegmentNumber]) -> Result<Option<Stop>, Failed> {
        let Some(first) = self.segments.iter().find_map(Segment::in_the_log) else {
            return Ok(None);
        };
        let last = archives.iter().rfind(|&&segment| segment < first.segment);
        let (file, offset, expected) = match last {
            Some(&segment) => {
                let header = archive::header(self.disk, segment)?;
                let Some(header) = header else { return Ok(None) };
                (Name::Archive(segment), header.bytes, header.end)
            }
            None if self.folded.0.saturating_add(1) < first.first_position.0 => {
                (Name::Segment(SegmentNumber(1)), BLOCK as u64, FIRST)
            }
            None => return Ok(None),
        };
        self.expected = Some(expected);
        let (found, rest) = (Found::Empty, Rest::default());
        Ok(Some(Stop { file, later: 0, offset, expected, found, rest }))
    }

    /// A segment without a header in front of all others: if it has batches, the log began in it.
    pub(super) fn lost_start(
        &mut self,
        index: usize,
        archives: &[SegmentNumber],
    ) -> Result<Option<Stop>, Refusal> {
        if self.expected.is_some() || self.segments[index].header.is_ok() {
            return Ok(None);
        }
        let rest = self.rest_without_header(index)?;
        let Some(first) = rest.first else { return Ok(None) };
        let (batch, position) = (first.batch, first.first_position);
        let mut expected = Expected { batch, position, previous: first.previous };
        // Its first batch may be lost too: what stands before it says which one that is.
        let number = self.segments[index].number;
        let before = archives.iter().rfind(|&&archive| archive < number);
        let ended = match before {
            Some(&archive) => archive::header(self.disk, archive)?,
            None => None,
        };
        match ended.map(|header| header.end) {
            Some(end) if end.batch <= batch => expected = end,
            None if number == SegmentNumber(1) => expected = FIRST,
            _ => {}
        }
        self.expected = Some(expected);
        let (file, found) = (Name::Segment(self.segments[index].number), Found::BrokenHeader);
        Ok(Some(Stop { file, later: index + 1, offset: 0, expected, found, rest }))
    }

    pub(super) fn rest_without_header(&self, index: usize) -> Result<Rest, Failed> {
        let number = self.segments[index].number;
        let rest = scan::rest_without_header(self.disk, number, self.cluster());
        rest.map_err(Failed::when("read", Name::Segment(number)))
    }
}
