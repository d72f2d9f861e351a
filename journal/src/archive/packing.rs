//! Packs a segment in one pass over it, which others may watch, and makes sure that it can be had again
//! before anyone may reuse it.

use std::io::ErrorKind;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::compress_bound;

use super::ArchiveHeader;
use super::frames::{
    FRAME_BATCHES_MAX, FRAME_RECORDS_MAX, FrameHeader, Frames, own_key, segment_key,
};
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{
    BATCH_HEADER, BATCH_SEALED, BLOCK, BatchHeader, BatchNumber, Epoch, Position, SegmentHeader,
    SegmentNumber, sum,
};
use crate::index::{FramePlace, Places};
use crate::names::Name;
use crate::pieces::Pieces;
use crate::reader::Batch;
use crate::scan::{self, Found, Scan, Step};
use crate::seal::{Keys, NotOpened, SegmentKey};
use crate::survey;
use crate::window::Reading;

/// The records of a switch pack as well as at level 1, in three quarters of its time.
const LEVEL: i32 = -1;
/// Bytes of records that are packed at once, unless one batch has more: few, so that no thread that
/// shares the processor waits long.
const FRAME: usize = 128 << 10;

/// Why a segment was not packed. It is as it was.
#[derive(Debug)]
pub enum NotPacked {
    /// There is no such segment with a whole header, or the log does not go on behind it.
    NotSealed,
    /// A batch is not as it was written, in the segment or, read again, in the archive.
    Damaged(Name, Found),
    /// None of our keys opens it.
    UnknownKey([u8; 8]),
    /// The wrapped key of the segment is not what was wrapped.
    AlteredKey,
    /// The disk did not do what it was asked.
    Disk(Failed),
}

/// A segment that was packed.
#[derive(Debug)]
pub struct Packed {
    /// The header of its archive.
    pub archive: ArchiveHeader,
    /// Where the frames of the archive stand, for its index.
    pub frames: Vec<FramePlace>,
}

/// Packs a segment behind which the log goes on: a [`Pass`] that nobody watches.
///
/// # Errors
/// Why it was not packed. Nothing is lost by it.
pub fn pack<D: Disk>(
    disk: &D,
    keys: &Keys,
    segment: SegmentNumber,
    now_ns: u64,
) -> Result<ArchiveHeader, NotPacked> {
    let mut pass = Pass::begin(disk, keys, segment, Position(0), now_ns)?;
    while pass.next_batch(&mut |_| ())?.is_some() {}
    pass.finish(&mut |_| ()).map(|packed| packed.archive)
}

/// One pass over a sealed segment: each batch is read and opened once, for the archive and for whoever
/// wants its records. When it is given up, nothing of the archive is left.
///
/// Its caller may let time pass whenever it is told that bytes were written or read; the bytes of the
/// segment it can count itself.
pub struct Pass<'k, D: Disk> {
    disk: D,
    keys: &'k Keys,
    scan: Box<Scan<D::File>>,
    /// The log goes on in the next segment with this batch.
    until: BatchNumber,
    from: Position,
    packing: Box<Packing<D::File>>,
    archive: Box<ArchiveHeader>,
    is_finished: bool,
}

impl<'k, D: Disk> Pass<'k, D> {
    /// Begins with the first batch of a segment behind which the log goes on. Batches show their
    /// records from this position on; what is before it is packed only.
    ///
    /// # Errors
    /// Why it can not be packed.
    pub fn begin(
        disk: &D,
        keys: &'k Keys,
        segment: SegmentNumber,
        from: Position,
        now_ns: u64,
    ) -> Result<Self, NotPacked> {
        let segments = survey::segments(disk)?;
        let index = segments.iter().position(|one| one.number == segment);
        let index = index.ok_or(NotPacked::NotSealed)?;
        let header = segments[index].header.map_err(|_| NotPacked::NotSealed)?;
        let next = survey::next_in_the_log(&segments, index).ok_or(NotPacked::NotSealed)?;
        let name = Name::Segment(segment).to_string();
        Self::over(disk, keys, &name, header, next.first_batch, from, now_ns)
    }

    /// The same with the file that has the segment, and the batch with which the log goes on behind it.
    pub(crate) fn over(
        disk: &D,
        keys: &'k Keys,
        name: &str,
        header: SegmentHeader,
        until: BatchNumber,
        from: Position,
        now_ns: u64,
    ) -> Result<Self, NotPacked> {
        let segment = header.segment;
        let unfinished = Name::Archive(segment).unfinished();
        match disk.remove(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Failed::when("remove", &unfinished)(error).into());
            }
            _ => {}
        }
        let owner = crate::seal::KeyOwner { cluster: header.cluster, segment, epoch: header.epoch };
        let wrapped_segment_key = keys.wrap_again(header.key_check, &header.wrapped_key, &owner)?;
        let (key, wrapped_key) = keys.current.make_segment_key(&owner);
        let opening = scan::segment_key(keys, &header)?;
        let file = disk.open(name, false).map_err(Failed::when("open", name))?;
        let first = (scan::first_of(&header), BLOCK as u64);
        let scan = Scan::over(file, header, Some(opening), first.0, first.1, Reading::Steadily);
        let scan = Box::new(scan.map_err(Failed::when("open", name))?);
        let archive = Box::new(ArchiveHeader {
            segment: header,
            bytes: 0,
            frames: 0,
            end: scan.expected,
            newest_ns: header.created_ns,
            oldest_ns: header.created_ns,
            packed_ns: now_ns,
            released: header.released,
            key_check: keys.current.check_value(),
            wrapped_key,
            wrapped_segment_key,
        });
        let disk = disk.clone();
        let file = disk.create(&unfinished, BLOCK as u64);
        let file = file.map_err(Failed::when("create", &unfinished))?;
        let packing = Packing::new(file, key, header.epoch)
            .map_err(Failed::when("prepare to pack", &unfinished))?;
        let packing = Box::new(packing);
        Ok(Self { disk, keys, scan, until, from, packing, archive, is_finished: false })
    }

    /// The position of the segment's first record.
    pub fn first(&self) -> Position {
        self.archive.segment.first_position
    }

    /// The next batch, which is in the archive already. None: it was the last; the archive is to be
    /// finished. `pause` is told what was written of the archive.
    ///
    /// # Errors
    /// What keeps it from going on; it is over then.
    pub fn next_batch(
        &mut self,
        pause: &mut dyn FnMut(usize),
    ) -> Result<Option<Batch<'_>>, NotPacked> {
        if self.scan.expected.batch >= self.until {
            return Ok(None);
        }
        let name = Name::Segment(self.archive.segment.segment);
        let batch = match self.scan.step().map_err(Failed::when("read", name))? {
            Step::Other(found) => return Err(NotPacked::Damaged(name, found)),
            Step::Batch(batch) => batch,
        };
        self.archive.newest_ns = self.archive.newest_ns.max(batch.written_ns);
        self.archive.oldest_ns = self.archive.oldest_ns.min(batch.written_ns);
        self.archive.released = self.archive.released.max(batch.released);
        let packed = self.packing.add(&batch, self.scan.records(), pause);
        packed.map_err(|not| not.of(self.archive.segment.segment))?;
        Ok(Some(Batch::opened(batch, self.scan.records(), self.from)))
    }

    /// Finishes the archive behind the last batch. When this returns, it is durable, has its name, and
    /// was read back from the device:
    ///
    /// 1. Each frame was opened and unpacked before it was written, and gave the records that had
    ///    been opened with the segment's own key, under their first tags.
    /// 2. Every byte that was written is what the device gives back, by the sums of its pieces.
    /// 3. The batches of the first frame were made again from the device, under their first tags: so
    ///    the wrapped keys are right.
    ///
    /// Only then the segment may be reused. Of a segment that has nothing of the log the archive has
    /// no batch.
    ///
    /// # Errors
    /// Why it was not packed. Nothing is lost by it.
    pub fn finish(mut self, pause: &mut dyn FnMut(usize)) -> Result<Packed, NotPacked> {
        let segment = self.archive.segment.segment;
        let (disk, name) = (self.disk.clone(), Name::Archive(segment));
        let unfinished = name.unfinished();
        self.archive.end = self.scan.expected;
        let finished = self.packing.finish(&mut self.archive, pause);
        finished.map_err(|not| not.of(segment))?;
        let there = self.packing.pieces.are_there(pause);
        if !there.map_err(Failed::when("read", &unfinished))? {
            return Err(NotPacked::Damaged(name, Found::WrongSum));
        }
        make_again(&disk, self.keys, &unfinished, &self.archive, 1)?;
        disk.rename(&unfinished, &name.to_string()).map_err(Failed::when("rename", &unfinished))?;
        self.is_finished = true;
        disk.sync_directory().map_err(Failed::when("sync", ""))?;
        let frames = std::mem::take(&mut self.packing.places).finish();
        Ok(Packed { archive: *self.archive, frames })
    }
}

impl<D: Disk> Drop for Pass<'_, D> {
    fn drop(&mut self) {
        if !self.is_finished {
            // A disk that is full is to be no fuller for it. If it can not be removed either, the next
            // try does, or the next start.
            drop(self.disk.remove(&Name::Archive(self.archive.segment.segment).unfinished()));
        }
    }
}

/// What is on its way into an archive.
struct Packing<F> {
    pieces: Pieces<F>,
    key: SegmentKey,
    epoch: Epoch,
    frames: u32,
    places: Places,
    headers: Vec<u8>,
    records: Vec<u8>,
    compressor: Compressor<'static>,
    decompressor: Decompressor<'static>,
    /// Records as they were packed, and as they are when they are unpacked again.
    packed: Vec<u8>,
    unpacked: Vec<u8>,
}

/// Why a frame was not written.
enum NoFrame {
    Disk(Failed),
    /// What was packed does not give back what it was.
    Other,
}

impl NoFrame {
    fn of(self, segment: SegmentNumber) -> NotPacked {
        match self {
            Self::Disk(failed) => NotPacked::Disk(failed),
            Self::Other => NotPacked::Damaged(Name::Archive(segment), Found::NotRecords),
        }
    }
}

impl<F: DiskFile> Packing<F> {
    fn new(file: F, key: SegmentKey, epoch: Epoch) -> std::io::Result<Self> {
        Ok(Self {
            pieces: Pieces::behind_the_first_block(file),
            key,
            epoch,
            frames: 0,
            places: Places::default(),
            headers: Vec::new(),
            records: Vec::new(),
            compressor: Compressor::new(LEVEL)?,
            decompressor: Decompressor::new()?,
            packed: Vec::new(),
            unpacked: Vec::new(),
        })
    }

    fn add(
        &mut self,
        batch: &BatchHeader,
        records: &[u8],
        pause: &mut dyn FnMut(usize),
    ) -> Result<(), NoFrame> {
        let is_full = self.headers.len() == FRAME_BATCHES_MAX * BATCH_HEADER
            || self.records.len() + records.len() > FRAME;
        if is_full {
            self.write_frame(pause)?;
        }
        self.places.add(batch, self.pieces.at());
        self.headers.extend_from_slice(&batch.whole());
        self.records.extend_from_slice(records);
        assert!(self.records.len() <= FRAME_RECORDS_MAX, "a batch alone fits a frame");
        Ok(())
    }

    fn write_frame(&mut self, pause: &mut dyn FnMut(usize)) -> Result<(), NoFrame> {
        if self.headers.is_empty() {
            return Ok(());
        }
        let length = self.records.len();
        self.packed.resize(compress_bound(length).max(self.packed.len()), 0);
        let packed = self.compressor.compress_to_buffer(&self.records, &mut self.packed[..]);
        let packed = packed.map_err(|_| NoFrame::Other)?;
        self.frames += 1;
        let batches = self.headers.len() / BATCH_HEADER;
        let header = FrameHeader::new(self.frames, batches, length, packed);
        let body = &mut self.headers;
        body.extend_from_slice(&self.packed[..packed]);
        let header = header.seal(&self.key, self.epoch, body);
        let opened = &mut self.packed[..packed];
        opened.copy_from_slice(&body[body.len() - packed..]);
        let covered = FrameHeader::covered(&header, &body[..body.len() - packed]);
        let tag = FrameHeader::tag(&header);
        let number = BatchNumber(self.frames.into());
        self.key.open(self.epoch, number, &covered, &tag, opened).map_err(|_| NoFrame::Other)?;
        self.unpacked.resize(length.max(self.unpacked.len()), 0);
        let again = self.decompressor.decompress_to_buffer(opened, &mut self.unpacked[..]);
        if again.ok() != Some(length) || self.unpacked[..length] != self.records[..] {
            return Err(NoFrame::Other);
        }
        let failed = |error| NoFrame::Disk(Failed::when("write", "an archive")(error));
        self.pieces.put(&header, pause).map_err(failed)?;
        self.pieces.put(body, pause).map_err(failed)?;
        body.clear();
        self.records.clear();
        Ok(())
    }

    /// Writes the last frame and the header; the file ends with a whole block.
    fn finish(
        &mut self,
        header: &mut ArchiveHeader,
        pause: &mut dyn FnMut(usize),
    ) -> Result<(), NoFrame> {
        self.write_frame(pause)?;
        (header.frames, header.bytes) = (self.frames, self.pieces.bytes());
        let mut block = [0; BLOCK];
        header.write(&mut block);
        let failed = |error| NoFrame::Disk(Failed::when("write", "an archive")(error));
        self.pieces.finish(&block).map_err(failed)
    }
}

/// Reads the first `frames` of an archive from the device, makes each batch again, and compares it
/// with its header.
///
/// Sealing again with a nonce that was used is right here: the same bytes are sealed as then, or the
/// comparison fails and they are thrown away.
pub(super) fn make_again<D: Disk>(
    disk: &D,
    keys: &Keys,
    name: &str,
    header: &ArchiveHeader,
    frames: u32,
) -> Result<(), NotPacked> {
    let damaged = |found| NotPacked::Damaged(Name::Archive(header.segment.segment), found);
    let segment_key = segment_key(keys, header)?;
    let own_key = own_key(keys, header)?;
    let walk = Frames::open(disk, name, header, Some(own_key), Reading::Glance);
    let mut walk = walk.map_err(Failed::when("open", name))?;
    let mut records = Vec::new();
    while !walk.is_behind(frames) {
        match walk.step().map_err(Failed::when("read", name))? {
            Step::Batch(batch) => {
                records.clear();
                records.extend_from_slice(walk.records());
                let covered = &batch.whole()[..BATCH_SEALED];
                let tag = segment_key.seal(batch.epoch, batch.batch, covered, &mut records);
                if tag != batch.tag || sum(&records) != batch.sum {
                    return Err(damaged(Found::WrongSeal));
                }
            }
            Step::Other(Found::Empty) if walk.expected == header.end => return Ok(()),
            Step::Other(found) => return Err(damaged(found)),
        }
    }
    Ok(())
}

impl From<Failed> for NotPacked {
    fn from(failed: Failed) -> Self {
        Self::Disk(failed)
    }
}

impl From<NotOpened> for NotPacked {
    fn from(not: NotOpened) -> Self {
        match not {
            NotOpened::UnknownKey(check) => Self::UnknownKey(check),
            NotOpened::Altered => Self::AlteredKey,
        }
    }
}

impl std::fmt::Display for NotPacked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotSealed => f.write_str("the log does not go on behind this segment"),
            Self::Damaged(name, found) => write!(f, "{name} is damaged: {found}"),
            Self::UnknownKey(check) => {
                write!(
                    f,
                    "no key opens the segment: it has check value {}",
                    crate::seal::hex(check)
                )
            }
            Self::AlteredKey => f.write_str("the wrapped key of the segment was altered"),
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for NotPacked {}
