//! Packs a segment, and makes sure that it can be had again before anyone may reuse it.

use std::io::{self, ErrorKind};

use zstd::bulk::Compressor;

use super::ArchiveHeader;
use super::frames::{
    FRAME_BATCHES_MAX, FRAME_RECORDS_MAX, FrameHeader, Frames, own_key, segment_key,
};
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BATCH_HEADER, BATCH_SEALED, BLOCK, BatchHeader, Epoch, SegmentNumber, sum};
use crate::names::Name;
use crate::scan::{self, Found, Scan, Step};
use crate::seal::{Keys, NotOpened, SegmentKey};
use crate::survey;

/// Fast, and the records of a switch pack well enough.
const LEVEL: i32 = 1;
/// Bytes of records that are packed at once, unless one batch has more.
const FRAME: usize = 512 << 10;

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

/// Packs a segment behind which the log goes on. When this returns, the archive is durable and was read
/// back from the device: each batch made again from it had its first tag. Only then the segment may be
/// reused. Of a segment that has nothing of the log the archive has no batch.
///
/// # Errors
/// Why it was not packed. Nothing is lost by it.
pub fn pack<D: Disk>(
    disk: &D,
    keys: &Keys,
    segment: SegmentNumber,
    now_ns: u64,
) -> Result<ArchiveHeader, NotPacked> {
    let unfinished = Name::Archive(segment).unfinished();
    match disk.remove(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Failed::when("remove", &unfinished)(error).into());
        }
        _ => {}
    }
    let packed = pack_as(disk, &unfinished, keys, segment, now_ns);
    if packed.is_err() {
        // A disk that is full is to be no fuller for it. If it can not be removed either, the next
        // try does, or the next start.
        drop(disk.remove(&unfinished));
    }
    packed
}

/// Packs a segment under this name, and gives the archive its own when all of it is made sure of.
fn pack_as<D: Disk>(
    disk: &D,
    unfinished: &str,
    keys: &Keys,
    segment: SegmentNumber,
    now_ns: u64,
) -> Result<ArchiveHeader, NotPacked> {
    let segments = survey::segments(disk)?;
    let index = segments.iter().position(|one| one.number == segment);
    let index = index.ok_or(NotPacked::NotSealed)?;
    let header = segments[index].header.map_err(|_| NotPacked::NotSealed)?;
    let next = survey::next_in_the_log(&segments, index).ok_or(NotPacked::NotSealed)?;
    let name = Name::Segment(segment);
    let owner = crate::seal::KeyOwner { cluster: header.cluster, segment, epoch: header.epoch };
    let wrapped_segment_key = keys.wrap_again(header.key_check, &header.wrapped_key, &owner)?;
    let (key, wrapped_key) = keys.current.make_segment_key(&owner);
    let segment_key = scan::segment_key(keys, &header)?;
    let mut scan =
        Scan::open(disk, header, Some(segment_key)).map_err(Failed::when("open", name))?;
    let file = disk.create(unfinished, BLOCK as u64).map_err(Failed::when("create", unfinished))?;
    let mut packing = Packing::new(file, key, header.epoch);
    let written = Failed::when("write", unfinished);
    let (mut newest_ns, mut released) = (header.created_ns, header.released);
    let wrote = loop {
        if scan.expected.batch >= next.first_batch {
            break Ok(());
        }
        match scan.step().map_err(Failed::when("read", name))? {
            Step::Other(found) => return Err(NotPacked::Damaged(name, found)),
            Step::Batch(batch) => {
                (newest_ns, released) = (batch.written_ns, released.max(batch.released));
                if let Err(error) = packing.add(&batch, scan.records()) {
                    break Err(error);
                }
            }
        }
    };
    let archive = ArchiveHeader {
        segment: header,
        bytes: 0,
        frames: 0,
        end: scan.expected,
        newest_ns,
        packed_ns: now_ns,
        released,
        key_check: keys.current.check_value(),
        wrapped_key,
        wrapped_segment_key,
    };
    let archive = wrote.and_then(|()| packing.finish(archive)).map_err(written)?;
    packing.file.sync().map_err(Failed::when("sync", unfinished))?;
    make_again(disk, keys, unfinished, &archive)?;
    let finished = Name::Archive(segment).to_string();
    disk.rename(unfinished, &finished).map_err(Failed::when("rename", unfinished))?;
    disk.sync_directory().map_err(Failed::when("sync", ""))?;
    Ok(archive)
}

/// What is on its way into an archive.
struct Packing<F> {
    file: F,
    at: u64,
    key: SegmentKey,
    epoch: Epoch,
    frames: u32,
    headers: Vec<u8>,
    records: Vec<u8>,
}

impl<F: DiskFile> Packing<F> {
    fn new(file: F, key: SegmentKey, epoch: Epoch) -> Self {
        let (headers, records) = (Vec::new(), Vec::new());
        Self { file, at: BLOCK as u64, key, epoch, frames: 0, headers, records }
    }

    fn add(&mut self, batch: &BatchHeader, records: &[u8]) -> io::Result<()> {
        let is_full = self.headers.len() == FRAME_BATCHES_MAX * BATCH_HEADER
            || self.records.len() + records.len() > FRAME;
        if is_full {
            self.write_frame()?;
        }
        self.headers.extend_from_slice(&batch.whole());
        self.records.extend_from_slice(records);
        assert!(self.records.len() <= FRAME_RECORDS_MAX, "a batch alone fits a frame");
        Ok(())
    }

    fn write_frame(&mut self) -> io::Result<()> {
        if self.headers.is_empty() {
            return Ok(());
        }
        let packed = Compressor::new(LEVEL)?.compress(&self.records)?;
        self.frames += 1;
        let batches = self.headers.len() / BATCH_HEADER;
        let header = FrameHeader::new(self.frames, batches, self.records.len(), packed.len());
        let body = &mut self.headers;
        body.extend_from_slice(&packed);
        let header = header.seal(&self.key, self.epoch, body);
        self.file.write_at(self.at, &header)?;
        self.file.write_at(self.at + header.len() as u64, body)?;
        self.at += (header.len() + body.len()) as u64;
        body.clear();
        self.records.clear();
        Ok(())
    }

    /// Writes the last frame and the header; the file ends with a whole block.
    fn finish(&mut self, mut header: ArchiveHeader) -> io::Result<ArchiveHeader> {
        self.write_frame()?;
        header.frames = self.frames;
        header.bytes = self.at.next_multiple_of(BLOCK as u64);
        let padding = usize::try_from(header.bytes - self.at).expect("less than a block");
        self.file.write_at(self.at, &[0; BLOCK][..padding])?;
        let mut block = [0; BLOCK];
        header.write(&mut block);
        self.file.write_at(0, &block)?;
        Ok(header)
    }
}

/// Reads an archive from the device, makes each batch again, and compares it with its header.
///
/// Sealing again with a nonce that was used is right here: the same bytes are sealed as then, or the
/// comparison fails and they are thrown away.
pub(super) fn make_again<D: Disk>(
    disk: &D,
    keys: &Keys,
    name: &str,
    header: &ArchiveHeader,
) -> Result<(), NotPacked> {
    let damaged = |found| NotPacked::Damaged(Name::Archive(header.segment.segment), found);
    let segment_key = segment_key(keys, header)?;
    let frames = Frames::open(disk, name, header, Some(own_key(keys, header)?));
    let mut frames = frames.map_err(Failed::when("open", name))?;
    let mut records = Vec::new();
    loop {
        match frames.step().map_err(Failed::when("read", name))? {
            Step::Batch(batch) => {
                records.clear();
                records.extend_from_slice(frames.records());
                let covered = &batch.whole()[..BATCH_SEALED];
                let tag = segment_key.seal(batch.epoch, batch.batch, covered, &mut records);
                if tag != batch.tag || sum(&records) != batch.sum {
                    return Err(damaged(Found::WrongSeal));
                }
            }
            Step::Other(Found::Empty) if frames.expected == header.end => return Ok(()),
            Step::Other(found) => return Err(damaged(found)),
        }
    }
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
