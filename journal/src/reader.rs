//! Records in order from a position on, wherever they stand now: what was cut is left out, and a
//! segment that is archived meanwhile is gone on with in its archive. Changes nothing, and may read
//! while a writer writes. Knows no record's meaning.

use std::io::ErrorKind;
use std::sync::Arc;

use crate::archive::ArchiveHeader;
use crate::disk::{Disk, Failed};
use crate::format::{BLOCK, BatchHeader, BatchNumber, Position, SegmentHeader};
use crate::names::Name;
use crate::recovery::Place;
use crate::scan::{self, Expected, Found, Lengths, Step};
use crate::seal::{Keys, NotOpened, hex};
use crate::survey::{self, Stretch};
use crate::walk::{NoWalk, Walk};
use crate::window::Reading;

/// Reads batches one after the other.
pub struct Reader<'k, D: Disk> {
    disk: D,
    keys: Option<Held<'k>>,
    from: Position,
    /// Batches are wanted as they were written, from this one on.
    raw: Option<BatchNumber>,
    /// What files there were at the last look into the directory. Where it is old it is looked again.
    known: Vec<Stretch>,
    /// The file that was looked at last.
    at: Option<At>,
    walk: Option<Walk<D::File>>,
    /// What follows the last batch that was read.
    next: Option<Expected>,
}

/// The keys of one who reads: lent, or shared with it.
enum Held<'k> {
    Lent(&'k Keys),
    Shared(Arc<Keys>),
}

/// A batch as it stands in its file.
pub(crate) struct Raw<'a> {
    pub(crate) header: BatchHeader,
    /// Of a segment, its records sealed; of an archive, its records as they were before.
    pub(crate) bytes: &'a [u8],
    pub(crate) segment: SegmentHeader,
    pub(crate) archive: Option<ArchiveHeader>,
    /// What follows it in its file.
    pub(crate) place: Place,
}

/// A place in a file.
#[derive(Clone, Copy)]
struct At {
    stretch: Stretch,
    /// The next batch there.
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
        /// Which segment or archive.
        file: Name,
        /// What its header says of the key.
        check: [u8; 8],
    },
    /// The wrapped key of a segment or an archive is not what was wrapped.
    AlteredKey(Name),
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
        let known = survey::stretches(disk, from)?;
        match known.first() {
            Some(Stretch { header, .. }) if header.first_position > from => {
                Err(Problem::Gone { first: header.first_position })
            }
            _ => {
                let keys = keys.map(Held::Lent);
                Ok(Self::begin(disk, keys, from, None, known))
            }
        }
    }

    fn begin(
        disk: &D,
        keys: Option<Held<'k>>,
        from: Position,
        raw: Option<BatchNumber>,
        known: Vec<Stretch>,
    ) -> Self {
        Self { disk: disk.clone(), keys, from, raw, known, at: None, walk: None, next: None }
    }

    /// Starts with a batch, as it was written.
    pub(crate) fn open_raw(disk: &D, keys: Arc<Keys>, from: BatchNumber) -> Result<Self, Problem> {
        let from = from.max(BatchNumber(1));
        let known = survey::stretches_of(disk, from)?;
        match known.first() {
            Some(Stretch { header, .. }) if header.first_batch > from => {
                Err(Problem::Gone { first: header.first_position })
            }
            _ => {
                let keys = Some(Held::Shared(keys));
                Ok(Self::begin(disk, keys, Position(0), Some(from), known))
            }
        }
    }

    /// The next batch from that on which was asked for, as it stands in its file.
    pub(crate) fn next_raw(&mut self) -> Result<Option<Raw<'_>>, Problem> {
        let from = self.raw.expect("opened to read so");
        let header = loop {
            match self.step()? {
                None => return Ok(None),
                Some(header) if header.batch >= from => break header,
                Some(_) => {}
            }
        };
        let (walk, at) = (self.walk.as_ref().expect("it was just read"), self.at.expect("there"));
        let Stretch { archive, header: segment, .. } = at.stretch;
        let (bytes, place) = (walk.bytes(), at.place());
        Ok(Some(Raw { header, bytes, segment, archive, place }))
    }

    /// The next batch that has a record at or behind the position asked for, or only a released mark.
    /// None: there is no more yet; ask again later. What is torn at the end is no batch.
    ///
    /// # Errors
    /// What keeps it from reading on.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_>>, Problem> {
        self.next_from(None)
    }

    /// The same, for who knows how far the log is durable: none that begins behind that is looked for, and
    /// up to it only what is new is read, of the system's cache where that has it. So following a log that
    /// grows costs no look into the directory but where a segment ends, and no thread.
    ///
    /// # Errors
    /// What keeps it from reading on.
    pub fn next_durable(&mut self, durable: Position) -> Result<Option<Batch<'_>>, Problem> {
        self.next_from(Some(durable))
    }

    fn next_from(&mut self, durable: Option<Position>) -> Result<Option<Batch<'_>>, Problem> {
        let header = loop {
            let step = match durable {
                None => self.step()?,
                Some(durable) => self.step_to(durable)?,
            };
            match step {
                None => return Ok(None),
                Some(header) if header.last_position() >= self.from => break header,
                Some(_) => {}
            }
        };
        let walk = self.walk.as_ref().expect("it was just read");
        Ok(Some(Batch { header, records: walk.records(), from: self.from }))
    }

    /// The position behind what was read, whether it was asked for or not. None: nothing was found.
    pub fn next_position(&self) -> Option<Position> {
        let next = self.next.or_else(|| self.at.map(|at| at.expected));
        next.map(|next| next.position)
    }

    /// The header of the segment that was looked at last.
    pub(crate) fn stands_in(&self) -> Option<SegmentHeader> {
        self.at.map(|at| at.stretch.header)
    }

    /// Reads one batch, going on to another file where one ends.
    fn step(&mut self) -> Result<Option<BatchHeader>, Problem> {
        loop {
            if let Ok(header) = self.look(Reading::Through)? {
                return Ok(Some(header));
            }
            if self.find()? {
                continue;
            }
            self.known = match (self.raw, self.next) {
                (Some(from), None) => survey::stretches_of(&self.disk, from)?,
                (_, None) => survey::stretches(&self.disk, self.from)?,
                (_, Some(next)) => survey::stretches(&self.disk, next.position)?,
            };
            if !self.find()? {
                // Nowhere else. It may have been written, and more behind it, since the first look.
                return self.look_again();
            }
        }
    }

    /// Reads one batch that begins no later than a position up to which the log is durable.
    fn step_to(&mut self, durable: Position) -> Result<Option<BatchHeader>, Problem> {
        let Some(next) = self.next else { return self.step() };
        if next.position > durable {
            return Ok(None);
        }
        // What is held of the file may have been read before the batch was written.
        for _ in 0..2 {
            if let Ok(header) = self.look(Reading::Steadily)? {
                return Ok(Some(header));
            }
            self.walk = None;
        }
        self.step()
    }

    /// Looks for the batch that comes next where it should be.
    fn look(&mut self, reading: Reading) -> Result<Result<BatchHeader, Found>, Problem> {
        loop {
            let Some(at) = self.at else { return Ok(Err(Found::Empty)) };
            if at.stretch.until == Some(at.expected.batch) || !self.open_file(&at, reading)? {
                return Ok(Err(Found::Empty));
            }
            let walk = self.walk.as_mut().expect("just opened");
            let step = walk.step().map_err(Failed::when("read", at.stretch.name()))?;
            let header = match step {
                Step::Batch(header) => header,
                Step::Other(found) => return Ok(Err(found)),
            };
            let (expected, offset) = walk.place();
            self.at = Some(At { expected, offset, ..at });
            match self.next {
                // Another file that has what was read already.
                Some(next) if header.batch < next.batch => {}
                Some(next) if header.previous != next.previous => {
                    return Err(Problem::Damaged(at.place(), Found::OtherPrevious));
                }
                _ => {
                    self.next = Some(expected);
                    return Ok(Ok(header));
                }
            }
        }
    }

    /// Opens the file where one stands, if it is still there.
    fn open_file(&mut self, at: &At, reading: Reading) -> Result<bool, Problem> {
        if self.walk.is_some() {
            return Ok(true);
        }
        let name = at.stretch.name();
        let place = (at.expected, at.offset);
        // What is wanted as it was written is only summed; an archive is opened all the same.
        let keys = self.keys.as_deref();
        let keys = keys.filter(|_| self.raw.is_none() || at.stretch.archive.is_some());
        match Walk::open_at(&self.disk, keys, &at.stretch, place, reading) {
            Ok(walk) => self.walk = Some(walk),
            Err(NoWalk::Key(not)) => return Err(Problem::key(name, not)),
            Err(NoWalk::Disk(error)) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(NoWalk::Disk(error)) => return Err(Failed::when("open", name)(error).into()),
        }
        Ok(true)
    }

    /// Finds the file in which the log goes on; false if that is the one that was looked at.
    fn find(&mut self) -> Result<bool, Problem> {
        let stretches = &self.known;
        let found = match &self.next {
            None => {
                let begins = |one: &&Stretch| match self.raw {
                    None => one.header.first_position <= self.from,
                    Some(from) => one.has(from),
                };
                stretches.iter().rfind(begins).or(stretches.first())
            }
            Some(next) => stretches.iter().rfind(|one| one.has(next.batch)),
        };
        let Some(&stretch) = found else { return Ok(false) };
        if let Some(at) = &mut self.at
            && at.stretch.name() == stretch.name()
        {
            at.stretch.until = stretch.until;
            return Ok(false);
        }
        let expected = scan::first_of(&stretch.header);
        if self.next.is_some_and(|next| next.batch == expected.batch && next != expected) {
            let place = self.at.map_or(At { stretch, expected, offset: 0 }, |at| at).place();
            return Err(Problem::Damaged(place, Found::OtherPrevious));
        }
        self.at = Some(At { stretch, expected, offset: BLOCK as u64 });
        self.walk = None;
        Ok(true)
    }

    /// What the files, listed since the first look, say of a batch that is not where it should be.
    fn look_again(&mut self) -> Result<Option<BatchHeader>, Problem> {
        self.walk = None;
        let found = match self.look(Reading::Glance)? {
            Ok(header) => return Ok(Some(header)),
            Err(found) => found,
        };
        let Some(at) = self.at else { return Ok(None) };
        let mut goes_on = self.known.iter().any(|one| one.header.first_batch > at.expected.batch);
        if let (false, true, Some(walk)) = (goes_on, found != Found::Empty, &mut self.walk) {
            let rest = walk.rest().map_err(Failed::when("read", at.stretch.name()))?;
            goes_on = rest.released >= at.expected.position;
        }
        self.walk = None;
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
        let Expected { batch, position, .. } = self.expected;
        Place { file: self.stretch.name(), offset: self.offset, batch, position }
    }
}

impl<'a> Batch<'a> {
    /// One whose seal was opened; of its records, those from a position on are wanted.
    pub(crate) fn opened(header: BatchHeader, records: &'a [u8], from: Position) -> Self {
        Self { header, records: Some(records), from }
    }

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
        self.next = Position(position.0.saturating_add(1));
        Some((position, record))
    }
}

impl Problem {
    pub(crate) fn key(file: Name, not: NotOpened) -> Self {
        match not {
            NotOpened::UnknownKey(check) => Self::UnknownKey { file, check },
            NotOpened::Altered => Self::AlteredKey(file),
        }
    }
}

impl std::ops::Deref for Held<'_> {
    type Target = Keys;

    fn deref(&self) -> &Keys {
        match self {
            Self::Lent(keys) => keys,
            Self::Shared(keys) => keys,
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
            Self::UnknownKey { file, check } => {
                write!(f, "no key opens {file}: it has check value {}", hex(check))
            }
            Self::AlteredKey(file) => write!(f, "the wrapped key of {file} was altered"),
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;
