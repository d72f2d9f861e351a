//! Segments packed: without padding, compressed, and sealed by the node's current key, so that a
//! segment can be reused and its records stay. Each batch's header is kept, and with the segment's own
//! key, wrapped again, the batch can be made again as it was, byte for byte. Knows no record.

mod frames;
mod packing;

use std::io::ErrorKind;

pub use self::packing::{NotPacked, Packed, Pass, pack};

pub(crate) use self::frames::{Frames, begin, own_key, segment_key};

use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{
    BLOCK, BatchHeader, BatchNumber, Epoch, From, NoHeader, Position, SEGMENT_HEADER,
    SegmentHeader, SegmentNumber, To, VERSION, add_check,
};
use crate::index;
use crate::names::Name;
use crate::scan::Expected;
use crate::seal::KeyOwner;
use crate::window::Aligned;

/// Bytes of an archive's header that mean something; zeros fill its block.
pub const ARCHIVE_HEADER: usize = 512;
/// Bytes in front of each frame's batch headers.
pub const FRAME_HEADER: usize = 64;
/// Where the segment's own header stands in that of its archive.
pub const ARCHIVED_AT: usize = 240;

const MAGIC: [u8; 8] = *b"SEKISHOA";

/// What an archive's first block says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveHeader {
    /// The header of the segment, as it was.
    pub segment: SegmentHeader,
    /// Bytes of the archive.
    pub bytes: u64,
    /// Frames in it.
    pub frames: u32,
    /// What follows its last batch.
    pub end: Expected,
    /// The latest time at which one of its batches was framed, or its segment begun: nanoseconds since
    /// 1970 UTC. Not that of the last batch, where the clock was set back.
    pub newest_ns: u64,
    /// The earliest such time; 0: it is not known.
    pub oldest_ns: u64,
    /// When it was packed: nanoseconds since 1970 UTC.
    pub packed_ns: u64,
    /// The furthest record that one of its headers says was released.
    pub released: Position,
    /// Which key wraps the two keys.
    pub key_check: [u8; 8],
    /// The key of the archive.
    pub wrapped_key: [u8; 60],
    /// The key of the segment.
    pub wrapped_segment_key: [u8; 60],
}

impl ArchiveHeader {
    /// Writes the header into a block, zeros behind it.
    pub fn write(&self, block: &mut [u8; BLOCK]) {
        let mut segment = [0; BLOCK];
        self.segment.write(&mut segment);
        block.fill(0);
        let mut to = To { bytes: block, at: 0 };
        to.put(&MAGIC);
        to.put(&VERSION.to_le_bytes());
        to.put(&[0; 2]);
        to.put(&self.frames.to_le_bytes());
        to.put(&self.bytes.to_le_bytes());
        to.put(&self.end.batch.0.to_le_bytes());
        to.put(&self.end.position.0.to_le_bytes());
        to.put(&self.end.previous);
        to.put(&self.newest_ns.to_le_bytes());
        to.put(&self.packed_ns.to_le_bytes());
        to.put(&self.released.0.to_le_bytes());
        to.put(&self.key_check);
        to.put(&self.wrapped_key);
        to.put(&self.wrapped_segment_key);
        to.put(&self.oldest_ns.to_le_bytes());
        to.at = ARCHIVED_AT;
        to.put(&segment[..SEGMENT_HEADER]);
        add_check(&mut block[..ARCHIVE_HEADER]);
    }

    /// Reads a header back from an archive's first block.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(block: &[u8]) -> Result<Self, NoHeader> {
        let mut from = From::begin(block, &MAGIC, ARCHIVE_HEADER)?;
        let _unused: [u8; 2] = from.take();
        let frames = from.short();
        let bytes = from.long();
        let (batch, position) = (BatchNumber(from.long()), Position(from.long()));
        let end = Expected { batch, position, previous: from.take() };
        let (newest_ns, packed_ns, released) = (from.long(), from.long(), Position(from.long()));
        Ok(Self {
            segment: SegmentHeader::read(&block[ARCHIVED_AT..])?,
            bytes,
            frames,
            end,
            newest_ns,
            packed_ns,
            released,
            key_check: from.take(),
            wrapped_key: from.take(),
            wrapped_segment_key: from.take(),
            oldest_ns: from.long(),
        })
    }

    /// The check of this header as it is written: it names this archive, and no other one of the same
    /// segment.
    pub fn check(&self) -> u64 {
        let mut block = [0; BLOCK];
        self.write(&mut block);
        let check = block[..ARCHIVE_HEADER].last_chunk().expect("a header is longer");
        u64::from_le_bytes(*check)
    }

    fn owner(&self) -> KeyOwner {
        let SegmentHeader { cluster, segment, epoch, .. } = self.segment;
        KeyOwner { cluster, segment, epoch }
    }
}

/// An archive by its first block.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The number of its segment, by its name.
    pub segment: SegmentNumber,
    /// What its header says.
    pub header: Result<ArchiveHeader, NoHeader>,
}

/// All archives, in order. One whose first block the disk does not give has no header.
///
/// # Errors
/// What the disk did not do.
pub fn list<D: Disk>(disk: &D) -> Result<Vec<Listed>, Failed> {
    let mut archives = Vec::new();
    for segment in numbers(disk)? {
        match one(disk, segment) {
            Err(failed) if failed.doing == "read" => {
                archives.push(Listed { segment, header: Err(NoHeader::Foreign) });
            }
            listed => archives.extend(listed?),
        }
    }
    Ok(archives)
}

/// The segments that have an archive, in order, by their names. There may be very many: who needs few
/// of them looks at few.
pub(crate) fn numbers<D: Disk>(disk: &D) -> Result<Vec<SegmentNumber>, Failed> {
    let names = disk.list().map_err(Failed::when("list", ""))?;
    let of = |name: &String| match Name::parse(name) {
        Some(Name::Archive(segment)) => Some(segment),
        _ => None,
    };
    let mut numbers: Vec<SegmentNumber> = names.iter().filter_map(of).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The archive of a segment. None: it was too old, and removed since its name was read.
pub(crate) fn one<D: Disk>(disk: &D, segment: SegmentNumber) -> Result<Option<Listed>, Failed> {
    let name = Name::Archive(segment).to_string();
    let file = match disk.open(&name, false) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(Failed::when("open", &name))?,
    };
    let mut block = Aligned::new(BLOCK);
    let read = file.read_at(0, &mut block).map_err(Failed::when("read", &name))?;
    let header = match ArchiveHeader::read(&block[..read]) {
        Ok(header) if header.segment.segment != segment => Err(NoHeader::Foreign),
        header => header,
    };
    Ok(Some(Listed { segment, header }))
}

/// The header of a segment's archive. None: there is no archive, or its first block is lost, rotten or not
/// given by the disk: a scrub says so, and a start does not end by one archive of years.
pub(crate) fn header<D: Disk>(
    disk: &D,
    segment: SegmentNumber,
) -> Result<Option<ArchiveHeader>, Failed> {
    match one(disk, segment) {
        Err(failed) if failed.doing == "read" => Ok(None),
        listed => Ok(listed?.and_then(|one| one.header.ok())),
    }
}

/// Whose batch the first one of an archive is, its number and the position of its first record: by the
/// archive's first block, or, where that is lost, rotten or not given by the disk, by that batch's own
/// header in the first frame. None: there is neither.
pub(crate) fn first<D: Disk>(
    disk: &D,
    segment: SegmentNumber,
) -> Result<Option<(Epoch, BatchNumber, Position)>, Failed> {
    if let Some(ArchiveHeader { segment, .. }) = header(disk, segment)? {
        return Ok(Some((segment.epoch, segment.first_batch, segment.first_position)));
    }
    let name = Name::Archive(segment).to_string();
    let Ok(file) = disk.open(&name, false) else { return Ok(None) };
    let mut frame = Aligned::new(BLOCK);
    let Ok(read) = file.read_at(BLOCK as u64, &mut frame) else { return Ok(None) };
    let batch = frame[..read].get(FRAME_HEADER..).map(BatchHeader::read);
    let batch = batch.and_then(Result::ok).filter(|batch| batch.segment == segment);
    Ok(batch.map(|batch| (batch.epoch, batch.batch, batch.first_position)))
}

/// Removes archives whose last batch is older than `retain_ns`: oldest first, and none that has a
/// record behind `keep_behind` (what the older checkpoint has). Gives the segments that are gone. One that
/// does not say how old it is, since it has rotted, goes with the next one that does.
///
/// # Errors
/// What the disk did not do; the next time goes on with it.
pub fn retire<D: Disk>(
    disk: &D,
    now_ns: u64,
    retain_ns: u64,
    keep_behind: Position,
) -> Result<Vec<SegmentNumber>, Failed> {
    let is_old = |header: &ArchiveHeader| {
        header.newest_ns.saturating_add(retain_ns) < now_ns
            && header.end.position.0 <= keep_behind.0.saturating_add(1)
    };
    let (mut gone, mut older) = (Vec::new(), Vec::new());
    for segment in numbers(disk)? {
        older.push(segment);
        match header(disk, segment)? {
            None => {}
            Some(header) if is_old(&header) => {
                for segment in older.drain(..) {
                    remove(disk, segment)?;
                    gone.push(segment);
                }
            }
            Some(_) => break,
        }
    }
    Ok(gone)
}

fn remove<D: Disk>(disk: &D, segment: SegmentNumber) -> Result<(), Failed> {
    let name = Name::Archive(segment);
    index::discard(disk, segment)?;
    disk.remove(&name.to_string()).map_err(Failed::when("remove", name))?;
    // One by one: a crash must not bring back an older one than any that is gone.
    disk.sync_directory().map_err(Failed::when("sync", ""))
}

#[cfg(test)]
mod tests;
