//! Walks through an archive's batches in order, as [`crate::scan`] does through a segment's, and gives
//! the same findings. Decides nothing.

use std::io;

use super::{ArchiveHeader, FRAME_HEADER};
use crate::disk::{Disk, DiskFile};
use crate::format::{
    BATCH_HEADER, BATCH_MAX, BLOCK, BatchHeader, BatchNumber, Epoch, From, NoHeader, Position, Tag,
    To, VERSION, add_check, sum,
};
use crate::names::Name;
use crate::scan::{Expected, Found, Lengths, Step, are_records, behind, differs, first_of};
use crate::seal::{Keys, NotOpened, SegmentKey};
use crate::window::{LOOK_MAX, Reading, Window};

const MAGIC: [u8; 4] = *b"SARC";
/// Bytes of a frame's header that its seal covers, beside the headers of its batches.
const COVERED: usize = 32;
/// The most batches in a frame.
pub(super) const FRAME_BATCHES_MAX: usize = 1_024;
/// The most bytes of records in a frame.
pub(super) const FRAME_RECORDS_MAX: usize = BATCH_MAX;

/// What stands in front of a frame.
pub(super) struct FrameHeader {
    /// Counted from 1.
    pub(super) number: u32,
    pub(super) batches: u32,
    /// Bytes of all its records, and of what they were packed to.
    pub(super) length: u32,
    pub(super) packed: u32,
    tag: Tag,
    sum: u64,
}

impl FrameHeader {
    pub(super) fn new(number: u32, batches: usize, length: usize, packed: usize) -> Self {
        let short = |length: usize| u32::try_from(length).expect("a frame is short");
        let (batches, length, packed) = (short(batches), short(length), short(packed));
        Self { number, batches, length, packed, tag: Tag::default(), sum: 0 }
    }

    fn write(&self) -> [u8; FRAME_HEADER] {
        let mut out = [0; FRAME_HEADER];
        let mut to = To { bytes: &mut out, at: 0 };
        to.put(&MAGIC);
        to.put(&VERSION.to_le_bytes());
        to.put(&[0; 2]);
        to.put(&self.number.to_le_bytes());
        to.put(&self.batches.to_le_bytes());
        to.put(&self.length.to_le_bytes());
        to.put(&self.packed.to_le_bytes());
        to.put(&[0; 8]);
        to.put(&self.tag);
        to.put(&self.sum.to_le_bytes());
        add_check(&mut out);
        out
    }

    fn read(bytes: &[u8]) -> Result<Self, NoHeader> {
        let mut from = From::begin(bytes, &MAGIC, FRAME_HEADER)?;
        let _unused: [u8; 2] = from.take();
        let (number, batches) = (from.short(), from.short());
        let (length, packed) = (from.short(), from.short());
        let _unused: [u8; 8] = from.take();
        Ok(Self { number, batches, length, packed, tag: from.take(), sum: from.long() })
    }

    /// Bytes of the frame, if it is one that we would write.
    fn sizes(&self) -> Option<(usize, usize)> {
        let headers = usize::try_from(self.batches).ok()?.checked_mul(BATCH_HEADER)?;
        let size = FRAME_HEADER + headers + usize::try_from(self.packed).ok()?;
        let length = usize::try_from(self.length).ok()?;
        let fits = headers <= FRAME_BATCHES_MAX * BATCH_HEADER && length <= FRAME_RECORDS_MAX;
        (fits && size <= LOOK_MAX).then_some((size, length))
    }

    /// Seals the packed records behind the headers of their batches, in place. Gives what goes in
    /// front of both.
    pub(super) fn seal(
        mut self,
        key: &SegmentKey,
        epoch: Epoch,
        body: &mut [u8],
    ) -> [u8; FRAME_HEADER] {
        let packed = body.len() - usize::try_from(self.packed).expect("in the body");
        let (headers, packed) = body.split_at_mut(packed);
        let covered = Self::covered(&self.write(), headers);
        self.tag = key.seal(epoch, BatchNumber(self.number.into()), &covered, packed);
        self.sum = sum(body);
        self.write()
    }

    /// What is sealed along: the part of a written header that is not of the seal, and the headers of
    /// the batches.
    pub(super) fn covered(written: &[u8], headers: &[u8]) -> Vec<u8> {
        [&written[..COVERED], headers].concat()
    }

    /// The tag in a written header.
    pub(super) fn tag(written: &[u8; FRAME_HEADER]) -> Tag {
        written[COVERED..COVERED + 16].try_into().expect("a tag has 16 bytes")
    }
}

/// Gives the first records of an archive, as long as `each` says that it wants more of them, and as far as
/// they can be read.
pub(crate) fn begin<D: Disk>(
    disk: &D,
    keys: &Keys,
    archive: &ArchiveHeader,
    each: &mut dyn FnMut(Position, &[u8]) -> bool,
) {
    let Ok(key) = own_key(keys, archive) else { return };
    let name = Name::Archive(archive.segment.segment).to_string();
    let walk = Frames::open(disk, &name, archive, Some(key), Reading::Glance);
    let Ok(mut walk) = walk else { return };
    while let Ok(Step::Batch(batch)) = walk.step() {
        let records = Lengths { rest: walk.records() };
        let positions = (batch.first_position.0..).map(Position);
        if !records.zip(positions).all(|(record, position)| each(position, record)) {
            return;
        }
    }
}

/// The walk through an archive.
pub(crate) struct Frames<F> {
    window: Window<F>,
    header: ArchiveHeader,
    key: Option<SegmentKey>,
    /// Where the next frame should be, and its number.
    pub(crate) offset: u64,
    number: u32,
    /// Where the frame that was read last begins.
    begins: u64,
    pub(crate) expected: Expected,
    /// The frame that was read last: its batches, how many of them were given, and their records.
    batches: Vec<BatchHeader>,
    given: usize,
    records: Vec<u8>,
    /// Where the records of the batch that was given last begin and end.
    last: (usize, usize),
}

impl<F: DiskFile> Frames<F> {
    /// Starts at the first batch of an archive.
    pub(crate) fn open<D: Disk<File = F>>(
        disk: &D,
        name: &str,
        header: &ArchiveHeader,
        key: Option<SegmentKey>,
        reading: Reading,
    ) -> io::Result<Self> {
        let window = Window::new(disk.open(name, false)?, BLOCK as u64, reading)?;
        Ok(Self {
            window,
            key,
            offset: BLOCK as u64,
            number: 0,
            begins: BLOCK as u64,
            expected: first_of(&header.segment),
            header: *header,
            batches: Vec::new(),
            given: 0,
            records: Vec::new(),
            last: (0, 0),
        })
    }

    /// Goes on to the next batch.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        if self.given == self.batches.len() {
            if self.number == self.header.frames {
                return Ok(Step::Other(Found::Empty));
            }
            if let Some(found) = self.read_frame()? {
                return Ok(Step::Other(found));
            }
        }
        let header = self.batches[self.given];
        if let Some(found) = differs(&header, &self.header.segment, &self.expected) {
            return Ok(Step::Other(found));
        }
        let start = self.last.1;
        let end = start + usize::try_from(header.length).expect("64-bit machine");
        self.last = (start, end);
        if self.key.is_some() && !are_records(self.records(), header.count) {
            return Ok(Step::Other(Found::NotRecords));
        }
        self.given += 1;
        self.expected = behind(&header);
        Ok(Step::Batch(header))
    }

    /// The records of the batch that was given last; nothing without a key.
    pub(crate) fn records(&self) -> &[u8] {
        if self.key.is_some() { &self.records[self.last.0..self.last.1] } else { &[] }
    }

    /// Whether all batches of so many frames were given.
    pub(super) fn is_behind(&self, frames: u32) -> bool {
        self.number >= frames && self.given == self.batches.len()
    }

    /// Whether frames are opened, not only summed.
    pub(crate) fn opens(&self) -> bool {
        self.key.is_some()
    }

    /// Goes on to the next frame that begins whole, behind a place where the expected batch is not.
    /// False: there is none.
    pub(crate) fn skip(&mut self) -> io::Result<bool> {
        let is_within_frame = self.given < self.batches.len();
        let mut offset = if is_within_frame { self.offset } else { self.offset + 1 };
        self.given = self.batches.len();
        loop {
            let bytes = self.window.at(offset, BATCH_MAX)?;
            match bytes.windows(MAGIC.len()).position(|part| part == MAGIC) {
                Some(at) => {
                    offset += at as u64;
                    if self.begin_at(offset)? {
                        return Ok(true);
                    }
                    offset += 1;
                }
                None if bytes.len() < BATCH_MAX => return Ok(false),
                None => offset += (BATCH_MAX - MAGIC.len()) as u64,
            }
        }
    }

    /// Where the frame begins that has the batch that was given last.
    pub(crate) fn begins(&self) -> u64 {
        self.begins
    }

    /// Goes on with the frame at this offset, if one begins there that was not read.
    pub(crate) fn begin_at(&mut self, offset: u64) -> io::Result<bool> {
        let bytes = self.window.at(offset, FRAME_HEADER + BATCH_HEADER)?;
        let (Ok(frame), Some(header)) = (FrameHeader::read(bytes), bytes.get(FRAME_HEADER..))
        else {
            return Ok(false);
        };
        let Ok(header) = BatchHeader::read(header) else { return Ok(false) };
        if frame.number <= self.number || header.batch < self.expected.batch {
            return Ok(false);
        }
        (self.offset, self.number) = (offset, frame.number - 1);
        let (batch, position) = (header.batch, header.first_position);
        self.expected = Expected { batch, position, previous: header.previous };
        Ok(true)
    }

    fn read_frame(&mut self) -> io::Result<Option<Found>> {
        let head = self.window.at(self.offset, FRAME_HEADER)?;
        let frame = match FrameHeader::read(head) {
            Ok(frame) => frame,
            Err(NoHeader::Empty) => return Ok(Some(Found::Empty)),
            Err(NoHeader::Foreign) => return Ok(Some(Found::Foreign)),
            Err(NoHeader::Broken) => return Ok(Some(Found::BrokenHeader)),
            Err(NoHeader::Version(version)) => return Ok(Some(Found::Version(version))),
        };
        let Some((size, length)) = frame.sizes() else { return Ok(Some(Found::TooLong)) };
        if frame.number != self.number + 1 || frame.batches == 0 {
            return Ok(Some(Found::OtherSegment));
        }
        let bytes = self.window.at(self.offset, size)?;
        if bytes.len() < size {
            return Ok(Some(Found::ShortFile));
        }
        let (head, body) = bytes.split_at_mut(FRAME_HEADER);
        if frame.sum != sum(body) {
            return Ok(Some(Found::WrongSum));
        }
        let headers_length = size - FRAME_HEADER - usize::try_from(frame.packed).expect("in size");
        let (headers, packed) = body.split_at_mut(headers_length);
        let batches = headers.chunks(BATCH_HEADER).map(BatchHeader::read);
        let Ok(batches) = batches.collect::<Result<Vec<_>, _>>() else {
            return Ok(Some(Found::BrokenHeader));
        };
        let lengths: u64 = batches.iter().map(|batch| u64::from(batch.length)).sum();
        if lengths != length as u64 {
            return Ok(Some(Found::NotRecords));
        }
        if let Some(key) = &self.key {
            let covered = FrameHeader::covered(head, headers);
            let epoch = self.header.segment.epoch;
            let number = BatchNumber(frame.number.into());
            if key.open(epoch, number, &covered, &frame.tag, packed).is_err() {
                return Ok(Some(Found::WrongSeal));
            }
            self.records.resize(length, 0);
            let opened = zstd::bulk::decompress_to_buffer(packed, &mut self.records);
            if opened.ok() != Some(length) {
                return Ok(Some(Found::NotRecords));
            }
        }
        (self.batches, self.given, self.last) = (batches, 0, (0, 0));
        self.number = frame.number;
        self.begins = self.offset;
        self.offset += size as u64;
        Ok(None)
    }
}

/// The key of an archive.
pub(crate) fn own_key(keys: &Keys, header: &ArchiveHeader) -> Result<SegmentKey, NotOpened> {
    keys.open(header.key_check, &header.wrapped_key, &header.owner())
}

/// The key of an archive's segment.
pub(crate) fn segment_key(keys: &Keys, header: &ArchiveHeader) -> Result<SegmentKey, NotOpened> {
    keys.open(header.key_check, &header.wrapped_segment_key, &header.owner())
}
