//! Walks through a segment's batches in order and says what stands where the next one should.
//! Decides nothing: whether that is the end, a torn tail or damage is not known here.

use std::io;

use crate::disk::{Disk, DiskFile};
use crate::format::{
    BATCH_HEADER, BATCH_MAX, BATCH_SEALED, BLOCK, BatchHeader, BatchNumber, Cluster, NoHeader,
    Position, RECORD_HEAD, RECORD_MAX, SegmentHeader, SegmentNumber, Tag,
};
use crate::mutants::{Mutant, breaks};
use crate::names::Name;
use crate::seal::{KeyOwner, Keys, NotOpened, SegmentKey};
use crate::window::{Reading, Window, is_unreadable, is_zero, whole_blocks};

/// The batch that comes next in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its number.
    pub batch: BatchNumber,
    /// The position of its first record.
    pub position: Position,
    /// The tag of the batch before it.
    pub previous: Tag,
}

/// What stands at a place of a segment where a batch is expected, and is not that batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Zeros, or the end of the segment.
    Empty,
    /// The file ends, and the header of the segment says that it goes on.
    ShortFile,
    /// There is no such file, and the log goes on behind it.
    Missing,
    /// The disk does not give a block of it.
    Unreadable,
    /// Bytes that do not begin like a batch.
    Foreign,
    /// A header whose check does not agree.
    BrokenHeader,
    /// A header of a version that this program does not know.
    Version(u16),
    /// A whole header of another journal.
    OtherCluster,
    /// A whole header that was written to another segment, or to this one in another epoch.
    OtherSegment,
    /// A whole header of another batch.
    OtherBatch(BatchNumber),
    /// The expected number, and it goes on from another batch.
    OtherPrevious,
    /// The expected number, and it starts at another position.
    OtherPosition(Position),
    /// It would go on behind the end of the segment.
    TooLong,
    /// The records are not those that the header was made for.
    WrongSum,
    /// The sum agrees, and the seal does not.
    WrongSeal,
    /// The seal agrees, and what it held are not as many records as the header says.
    NotRecords,
}

/// What a step found.
pub(crate) enum Step {
    /// The expected batch; [`Scan::records`] has what it holds.
    Batch(BatchHeader),
    Other(Found),
}

/// The walk through a segment.
pub(crate) struct Scan<F> {
    window: Window<F>,
    header: SegmentHeader,
    key: Option<SegmentKey>,
    /// Where the next batch should be.
    pub(crate) offset: u64,
    pub(crate) expected: Expected,
    /// Bytes of records in the last batch, and of all of it on the disk.
    length: usize,
    size: usize,
}

impl<F: DiskFile> Scan<F> {
    /// Starts at the first batch of a segment.
    pub(crate) fn open<D: Disk<File = F>>(
        disk: &D,
        header: SegmentHeader,
        key: Option<SegmentKey>,
    ) -> io::Result<Self> {
        let file = disk.open(&Name::Segment(header.segment).to_string(), false)?;
        Self::over(file, header, key, first_of(&header), BLOCK as u64, Reading::Through)
    }

    /// Starts at the batch that is expected at an offset.
    pub(crate) fn over(
        file: F,
        header: SegmentHeader,
        key: Option<SegmentKey>,
        expected: Expected,
        offset: u64,
        reading: Reading,
    ) -> io::Result<Self> {
        let window = Window::new(file, offset, reading)?;
        Ok(Self { window, header, key, offset, expected, length: 0, size: 0 })
    }

    fn end(&self) -> u64 {
        self.window.end().min(whole_blocks(self.header.bytes))
    }

    /// Whether the file has fewer bytes than its header says.
    pub(crate) fn is_short(&self) -> bool {
        self.window.end() < whole_blocks(self.header.bytes)
    }

    /// Looks at the next place, and goes on behind it if the expected batch is there.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        let end = self.end();
        if self.offset >= end {
            return Ok(Step::Other(if self.is_short() { Found::ShortFile } else { Found::Empty }));
        }
        let block = self.window.at(self.offset, BLOCK)?;
        let header = match BatchHeader::read(block) {
            Ok(header) => header,
            Err(NoHeader::Empty) => {
                let found = if is_zero(block) { Found::Empty } else { Found::Foreign };
                return Ok(Step::Other(found));
            }
            Err(NoHeader::Foreign) if is_unreadable(block) => {
                return Ok(Step::Other(Found::Unreadable));
            }
            Err(NoHeader::Foreign) => return Ok(Step::Other(Found::Foreign)),
            Err(NoHeader::Broken) => return Ok(Step::Other(Found::BrokenHeader)),
            Err(NoHeader::Version(version)) => return Ok(Step::Other(Found::Version(version))),
        };
        if let Some(found) = differs(&header, &self.header, &self.expected) {
            return Ok(Step::Other(found));
        }
        let size = header.size();
        if self.offset + size as u64 > end {
            return Ok(Step::Other(Found::TooLong));
        }
        let bytes = self.window.at(self.offset, size)?;
        if bytes.chunks(BLOCK).any(is_unreadable) {
            return Ok(Step::Other(Found::Unreadable));
        }
        let (head, rest) = bytes.split_at_mut(BATCH_HEADER);
        let length = usize::try_from(header.length).expect("64-bit machine");
        let records = &mut rest[..length];
        if !header.covers(records) {
            return Ok(Step::Other(Found::WrongSum));
        }
        if let Some(key) = &self.key {
            let covered = &head[..BATCH_SEALED];
            let opened = key.open(header.epoch, header.batch, covered, &header.tag, records);
            if opened.is_err() {
                return Ok(Step::Other(Found::WrongSeal));
            }
            if !are_records(records, header.count) {
                return Ok(Step::Other(Found::NotRecords));
            }
        }
        self.offset += size as u64;
        self.expected = behind(&header);
        (self.length, self.size) = (length, size);
        Ok(Step::Batch(header))
    }

    /// The records of the batch that was found last: as written, or as they were if there is a key.
    pub(crate) fn records(&self) -> &[u8] {
        let records = self.offset - self.size as u64 + BATCH_HEADER as u64;
        if self.length == 0 { &[] } else { self.window.last(records, self.length) }
    }

    /// Whether batches are opened, not only summed.
    pub(crate) fn opens(&self) -> bool {
        self.key.is_some()
    }

    /// Reads again from the device what was read last.
    pub(crate) fn look_again<D: Disk<File = F>>(&mut self, disk: &D) -> io::Result<()> {
        let file = disk.open(&Name::Segment(self.header.segment).to_string(), false)?;
        self.window = Window::new(file, self.offset, Reading::Glance)?;
        Ok(())
    }

    /// Goes on to the next whole header of this segment behind a place where the expected batch is
    /// not. False: there is none, before the one that the log goes on with elsewhere.
    pub(crate) fn skip(&mut self, until: Option<BatchNumber>) -> io::Result<bool> {
        let mut offset = self.offset + BLOCK as u64;
        while offset < self.end() {
            if let Ok(header) = BatchHeader::read(self.window.at(offset, BLOCK)?)
                && header.cluster == self.header.cluster
                && (header.segment, header.epoch) == (self.header.segment, self.header.epoch)
                && header.batch > self.expected.batch
                && until.is_none_or(|until| header.batch < until)
            {
                let (batch, position) = (header.batch, header.first_position);
                self.expected = Expected { batch, position, previous: header.previous };
                self.offset = offset;
                return Ok(true);
            }
            offset += BLOCK as u64;
        }
        Ok(false)
    }

    /// Looks at everything from the next place on to the end of the segment.
    pub(crate) fn rest(&mut self) -> io::Result<Rest> {
        let mut rest = Rest::default();
        let (end, mut offset) = (self.end(), self.offset);
        while offset < end {
            let bytes = self.window.at(offset, BATCH_MAX)?;
            if bytes.is_empty() {
                break;
            }
            rest.look_at(bytes, |header| {
                header.cluster == self.header.cluster && header.segment == self.header.segment
            });
            offset += bytes.len() as u64;
        }
        Ok(rest)
    }
}

/// Whether there is anything behind a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Behind {
    /// Zeros.
    #[default]
    Nothing,
    /// Something else.
    Something,
    /// Blocks that the disk does not give back: what they say can not be known.
    Unreadable,
}

/// What stands behind the last batch of a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rest {
    /// Whether anything but zeros does.
    pub(crate) behind: Behind,
    /// Whole headers of batches.
    pub(crate) headers: u64,
    /// The first of them, by its number; of several segments, of the first one that has any.
    pub(crate) first: Option<BatchHeader>,
    /// The furthest released position among them.
    pub(crate) released: Position,
}

impl Rest {
    /// This and what stands behind it.
    pub(crate) fn and(self, later: Self) -> Self {
        Self {
            behind: self.behind.max(later.behind),
            headers: self.headers + later.headers,
            first: self.first.or(later.first),
            released: self.released.max(later.released),
        }
    }

    fn look_at(&mut self, bytes: &[u8], is_ours: impl Fn(&BatchHeader) -> bool) {
        if is_zero(bytes) {
            return;
        }
        let unreadable = bytes.chunks(BLOCK).any(is_unreadable);
        let behind = if unreadable { Behind::Unreadable } else { Behind::Something };
        self.behind = self.behind.max(behind);
        let headers = bytes.chunks(BLOCK).filter_map(|block| BatchHeader::read(block).ok());
        for header in headers.filter(is_ours) {
            self.headers += 1;
            // By its number, not by its place: a write that went astray may have put one before it.
            if self.first.is_none_or(|first| header.batch < first.batch) {
                self.first = Some(header);
            }
            self.released = self.released.max(header.released);
        }
    }
}

/// Looks at all of a segment whose header is not whole, for batches that say they are of it.
pub(crate) fn rest_without_header<D: Disk>(
    disk: &D,
    segment: SegmentNumber,
    cluster: Option<Cluster>,
) -> io::Result<Rest> {
    let file = disk.open(&Name::Segment(segment).to_string(), false)?;
    let mut window = Window::new(file, 0, Reading::Through)?;
    let (mut rest, mut offset) = (Rest::default(), 0);
    while offset < window.end() {
        let bytes = window.at(offset, BATCH_MAX)?;
        rest.look_at(bytes, |header| {
            header.segment == segment && cluster.is_none_or(|cluster| cluster == header.cluster)
        });
        offset += bytes.len() as u64;
    }
    Ok(rest)
}

/// The first batch of a segment.
pub(crate) fn first_of(header: &SegmentHeader) -> Expected {
    Expected {
        batch: header.first_batch,
        position: header.first_position,
        previous: header.previous,
    }
}

/// The batch after this one.
pub(crate) fn behind(header: &BatchHeader) -> Expected {
    Expected {
        batch: BatchNumber(header.batch.0.saturating_add(1)),
        position: Position(header.first_position.0.saturating_add(u64::from(header.count))),
        previous: header.tag,
    }
}

/// What of a header is not as expected.
pub(crate) fn differs(
    header: &BatchHeader,
    segment: &SegmentHeader,
    expected: &Expected,
) -> Option<Found> {
    if breaks(Mutant::TakesAnyBatch) {
        None
    } else if header.cluster != segment.cluster {
        Some(Found::OtherCluster)
    } else if (header.segment, header.epoch) != (segment.segment, segment.epoch) {
        Some(Found::OtherSegment)
    } else if header.batch != expected.batch {
        Some(Found::OtherBatch(header.batch))
    } else if header.previous != expected.previous && !breaks(Mutant::IgnoresTheChain) {
        Some(Found::OtherPrevious)
    } else if header.first_position != expected.position {
        Some(Found::OtherPosition(header.first_position))
    } else {
        None
    }
}

/// Whether opened bytes are so many records, and nothing else.
pub(crate) fn are_records(bytes: &[u8], count: u32) -> bool {
    let mut records = Lengths { rest: bytes };
    let mut counted = 0_u32;
    for record in &mut records {
        counted = counted.saturating_add(1);
        if record.len() > RECORD_MAX {
            return false;
        }
    }
    records.rest.is_empty() && counted == count
}

/// The records of opened bytes, one behind the other, up to the first that is none.
#[derive(Clone, Debug)]
pub(crate) struct Lengths<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Iterator for Lengths<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk::<RECORD_HEAD>()?;
        let (record, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        self.rest = rest;
        Some(record)
    }
}

/// Opens the key of a segment.
pub(crate) fn segment_key(keys: &Keys, header: &SegmentHeader) -> Result<SegmentKey, NotOpened> {
    let SegmentHeader { cluster, segment, epoch, .. } = *header;
    keys.open(header.key_check, &header.wrapped_key, &KeyOwner { cluster, segment, epoch })
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("nothing is there"),
            Self::ShortFile => f.write_str("the file ends before the segment does"),
            Self::Missing => f.write_str("it is not there, and the log goes on behind it"),
            Self::Unreadable => f.write_str("the disk does not give back what is there"),
            Self::Foreign => f.write_str("what is there does not begin like a batch"),
            Self::BrokenHeader => f.write_str("the batch's header is not whole"),
            Self::Version(version) => write!(f, "a batch of version {version} is there"),
            Self::OtherCluster => f.write_str("a batch of another journal is there"),
            Self::OtherSegment => f.write_str("a batch of another segment is there"),
            Self::OtherBatch(batch) => write!(f, "batch {} is there", batch.0),
            Self::OtherPrevious => f.write_str("a batch is there that follows another one"),
            Self::OtherPosition(at) => write!(f, "a batch is there that starts at record {}", at.0),
            Self::TooLong => f.write_str("the batch goes on behind the end of the segment"),
            Self::WrongSum => f.write_str("the batch's checksum does not agree"),
            Self::WrongSeal => f.write_str("the batch's seal does not agree"),
            Self::NotRecords => f.write_str("the batch does not hold the records that it says"),
        }
    }
}
