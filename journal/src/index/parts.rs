//! The parts of a log in order, as headers say them, and where one is missing. Reads no file.

use super::NANOS;
use crate::archive::ArchiveHeader;
use crate::format::{Position, SegmentNumber};
use crate::scan::Found;

/// A part of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The archive that has it; none: segments that are not packed yet, to the end of the log.
    pub archive: Option<SegmentNumber>,
    /// Its first record.
    pub first: Position,
    /// The position behind its last record; none at the end of the log.
    pub until: Option<Position>,
    /// No record of it was written before this second since 1970, nor after the other; at the end of the
    /// log they are not known yet.
    pub from_utc: u64,
    /// See `from_utc`.
    pub to_utc: u64,
    /// Its archive can not be read, or is not there, and the log goes on behind it: what its records say
    /// can not be known.
    pub flaw: Option<Found>,
}

/// Parts that follow one another.
#[derive(Default)]
pub(super) struct Row {
    parts: Vec<Part>,
    /// An archive that can not be read. It matters if it had a record.
    flawed: Option<(SegmentNumber, Found)>,
}

impl Row {
    /// The next archive.
    pub(super) fn add(&mut self, header: &ArchiveHeader) {
        let (first, until) = (header.segment.first_position, header.end.position);
        if first != until {
            self.put(Part {
                archive: Some(header.segment.segment),
                first,
                until: Some(until),
                from_utc: header.oldest_ns / NANOS,
                to_utc: header.newest_ns / NANOS,
                flaw: None,
            });
        }
    }

    /// The next archive can not be read.
    pub(super) fn add_flawed(&mut self, segment: SegmentNumber, found: Found) {
        self.flawed.get_or_insert((segment, found));
    }

    /// All parts, once the end of the log is added: what is not packed begins with this record. None:
    /// there is no such segment yet.
    pub(super) fn finish(mut self, open: Option<Position>) -> Vec<Part> {
        let behind = self.parts.last().and_then(|last| last.until);
        let first = open.or(behind).unwrap_or(Position(1));
        let (until, from_utc, to_utc) = (None, 0, u64::MAX);
        self.put(Part { archive: None, first, until, from_utc, to_utc, flaw: None });
        self.parts
    }

    fn put(&mut self, part: Part) {
        let last = self.parts.last();
        let behind = last.and_then(|last| last.until);
        let missing = || match last.and_then(|last| last.archive) {
            Some(last) if Some(last.0 + 1) != part.archive.map(|number| number.0) => {
                Some((SegmentNumber(last.0 + 1), Found::Missing))
            }
            _ => Some((part.archive?, Found::OtherPosition(part.first))),
        };
        // Before the oldest there is, all was let go of.
        let lost = match behind {
            None => self.flawed.take(),
            Some(behind) if behind == part.first => None,
            Some(_) => self.flawed.take().or_else(missing),
        };
        self.flawed = None;
        if let Some((segment, found)) = lost {
            let behind = behind.unwrap_or(Position(1));
            let lost = Part {
                archive: Some(segment),
                first: behind.min(part.first),
                until: Some(behind.max(part.first)),
                // When it was written its neighbours tell.
                from_utc: last.map_or(0, |last| last.from_utc),
                to_utc: part.to_utc,
                flaw: Some(found),
            };
            self.parts.push(lost);
        }
        self.parts.push(part);
    }
}
