//! Records in order from a position on, wherever they stand now: what was cut is left out, and a
//! segment that is archived meanwhile is gone on with in its archive. Changes nothing, and may read
//! while a writer writes. Knows no record's meaning.

use std::io::ErrorKind;

use crate::disk::{Disk, Failed};
use crate::format::{BatchHeader, Position, SegmentHeader, SegmentNumber};
use crate::names::Name;
use crate::recovery::Place;
use crate::scan::{self, Expected, Found, Lengths, Scan, Step};
use crate::seal::{Keys, NotOpened, hex};
use crate::survey::{self, Segment};
use crate::window::Reading;

/// Reads batches one after the other.
pub struct Reader<'k, D: Disk> {
    disk: D,
    keys: Option<&'k Keys>,
    from: Position,
    /// What comes next, and where that was looked for last; once something was found.
    at: Option<At>,
    scan: Option<Scan<D::File>>,
}

/// A place in a segment.
#[derive(Clone, Copy)]
struct At {
    segment: Segment,
    header: SegmentHeader,
    expected: Expected,
    offset: u64,
}

/// A batch that was read.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// What stands in front of it.
    pub header: BatchHeader,
    records: Option<&'a [u8]>,
    from: Position,
}

/// The records of a batch with their positions.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    lengths: Lengths<'a>,
    next: Position,
}

/// Why there is nothing to read on with.
#[derive(Debug)]
pub enum Problem {
    /// The log begins later than the position asked for: archives so old are gone.
    Gone {
        /// The first record that is there.
        first: Position,
    },
    /// A batch is not there, or not whole, and the log goes on behind it.
    Damaged(Place, Found),
    /// None of our keys opens a segment.
    UnknownKey {
        /// Which segment.
        segment: SegmentNumber,
        /// What its header says of the key.
        check: [u8; 8],
    },
    /// The wrapped key of a segment is not what was wrapped.
    AlteredKey(SegmentNumber),
    /// The disk did not do what it was asked.
    Disk(Failed),
}

impl<'k, D: Disk> Reader<'k, D> {
    /// Starts with the record at `from` (0 and 1 both mean the first). Without keys there are no
    /// records, only headers.
    ///
    /// # Errors
    /// When the log begins after it, or the disk fails.
    pub fn open(disk: &D, keys: Option<&'k Keys>, from: Position) -> Result<Self, Problem> {
        let from = from.max(Position(1));
        let segments = survey::segments(disk)?;
        let first = segments.iter().find_map(Segment::in_the_log);
        match first {
            Some(header) if header.first_position > from => {
                Err(Problem::Gone { first: header.first_position })
            }
            _ => Ok(Self { disk: disk.clone(), keys, from, at: None, scan: None }),
        }
    }

    /// The next batch that has a record at or behind the position asked for, or only a released mark.
    /// None: there is no more yet; ask again later. What is torn at the end is no batch.
    ///
    /// # Errors
    /// What keeps it from reading on.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_>>, Problem> {
        let header = loop {
            match self.step()? {
                None => return Ok(None),
                Some(header) if header.last_position() >= self.from => break header,
                Some(_) => {}
            }
        };
        let scan = self.scan.as_ref().expect("it was just read");
        let records = scan.opens().then(|| scan.records());
        Ok(Some(Batch { header, records, from: self.from }))
    }

    /// Reads one batch, going on to another segment where one ends.
    fn step(&mut self) -> Result<Option<BatchHeader>, Problem> {
        loop {
            if let Ok(header) = self.look(Reading::Through)? {
                return Ok(Some(header));
            }
            let segments = survey::segments(&self.disk)?;
            if !self.find(&segments)? {
                // Nowhere else. It may have been written, and more behind it, since the first look.
                return self.look_again(&segments);
            }
        }
    }

    /// Looks for the batch that comes next where it should be.
    fn look(&mut self, reading: Reading) -> Result<Result<BatchHeader, Found>, Problem> {
        let Some(at) = &mut self.at else { return Ok(Err(Found::Empty)) };
        if at.segment.until == Some(at.expected.batch) {
            return Ok(Err(Found::Empty));
        }
        let name = Name::Segment(at.segment.number);
        if self.scan.is_none() {
            let file = match self.disk.open(&name.to_string(), false) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Err(Found::Empty)),
                opened => opened.map_err(Failed::when("open", name))?,
            };
            let key = self.keys.map(|keys| scan::segment_key(keys, &at.header)).transpose();
            let key = key.map_err(|not| Problem::key(at.segment.number, not))?;
            let scan = Scan::over(file, at.header, key, at.expected, at.offset, reading);
            self.scan = Some(scan.map_err(Failed::when("read", name))?);
        }
        let scan = self.scan.as_mut().expect("just opened");
        let step = scan.step().map_err(Failed::when("read", name))?;
        (at.expected, at.offset) = (scan.expected, scan.offset);
        Ok(match step {
            Step::Batch(header) => Ok(header),
            Step::Other(found) => Err(found),
        })
    }

    /// Finds the segment in which the log goes on; false if that is the one that was looked at.
    fn find(&mut self, segments: &[Segment]) -> Result<bool, Problem> {
        let mut of_log = segments.iter().filter_map(|one| Some((one, one.in_the_log()?)));
        let found = match &self.at {
            None => {
                let first = of_log.clone().next();
                of_log.rfind(|(_, header)| header.first_position <= self.from).or(first)
            }
            Some(At { expected, .. }) => {
                of_log.rfind(|(_, header)| header.first_batch <= expected.batch)
            }
        };
        let Some((&segment, &header)) = found else { return Ok(false) };
        let first = scan::first_of(&header);
        if let Some(at) = &mut self.at {
            if at.segment.number == segment.number {
                at.segment.until = segment.until;
                return Ok(false);
            }
            if first != at.expected {
                return Err(Problem::Damaged(at.place(), Found::OtherPrevious));
            }
        }
        let offset = crate::format::BLOCK as u64;
        self.at = Some(At { segment, header, expected: first, offset });
        self.scan = None;
        Ok(true)
    }

    /// What the segments, listed since the first look, say of a batch that is not where it should be.
    fn look_again(&mut self, segments: &[Segment]) -> Result<Option<BatchHeader>, Problem> {
        self.scan = None;
        let found = match self.look(Reading::Glance)? {
            Ok(header) => return Ok(Some(header)),
            Err(found) => found,
        };
        let (Some(at), Some(scan)) = (self.at, &mut self.scan) else { return Ok(None) };
        let mut later = segments.iter().filter(|one| one.number > at.segment.number);
        let mut goes_on = later.any(|one| one.in_the_log().is_some());
        if !goes_on && found != Found::Empty {
            let rest =
                scan.rest().map_err(Failed::when("read", Name::Segment(at.segment.number)))?;
            goes_on = rest.released >= at.expected.position;
        }
        self.scan = None;
        if !goes_on {
            return Ok(None);
        }
        match self.look(Reading::Through)? {
            Ok(header) => Ok(Some(header)),
            Err(found) => Err(Problem::Damaged(at.place(), found)),
        }
    }
}

impl At {
    fn place(&self) -> Place {
        let (segment, offset) = (self.segment.number, self.offset);
        let Expected { batch, position, .. } = self.expected;
        Place { segment, offset, batch, position }
    }
}

impl<'a> Batch<'a> {
    /// The records at or behind the position that the reader was asked for. None without keys.
    pub fn records(&self) -> Option<Records<'a>> {
        let lengths = Lengths { rest: self.records? };
        let mut records = Records { lengths, next: self.header.first_position };
        while records.next < self.from && records.next().is_some() {}
        Some(records)
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = (Position, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.lengths.next()?;
        let position = self.next;
        self.next = Position(position.0 + 1);
        Some((position, record))
    }
}

impl Problem {
    fn key(segment: SegmentNumber, not: NotOpened) -> Self {
        match not {
            NotOpened::UnknownKey(check) => Self::UnknownKey { segment, check },
            NotOpened::Altered => Self::AlteredKey(segment),
        }
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        Self::Disk(failed)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone { first } => write!(f, "the journal begins with record {}", first.0),
            Self::Damaged(place, found) => {
                write!(f, "{place}: {found}, and the log goes on behind it")
            }
            Self::UnknownKey { segment, check } => {
                let name = Name::Segment(*segment);
                write!(f, "no key opens {name}: it has check value {}", hex(check))
            }
            Self::AlteredKey(segment) => {
                write!(f, "the wrapped key of {} was altered", Name::Segment(*segment))
            }
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;
