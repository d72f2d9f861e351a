//! Where the records of an archive stand, by marks: a kind and a hash that its caller made of a record.
//! A file beside each archive; it can always be made again from the archive, so a flaw of it is no
//! damage, and it is never trusted further than its seals. Knows no record's meaning.
//!
//! ```text
//! 0        4,096                                            n x 4,096
//! +--------+------+------+--- ... ---+------+-------+-----+-------+
//! | header | page | page |           | page | table | tag | zeros |
//! +--------+------+------+--- ... ---+------+-------+-----+-------+
//! ```
//! Pages hold the marks in order; the table says with which hash each page begins, and where the
//! frames of the archive stand. So one page is read to find a mark, and one frame to read its record.

mod making;

mod lookup;

mod parts;

mod shelf;

mod checking;

pub use self::checking::{Flaw, check};
pub use self::lookup::{Index, Problem};
pub use self::making::{Marks, MarksOf, make, write};
pub use self::parts::Part;
pub use self::shelf::{Each, Shelf};

use std::collections::BTreeSet;
use std::io::ErrorKind;

use crate::archive::ArchiveHeader;
use crate::disk::{Disk, Failed};
use crate::format::{
    BLOCK, BatchHeader, Cluster, Epoch, From, NoHeader, Position, SegmentHeader, SegmentNumber, To,
    VERSION, add_check,
};
use crate::names::Name;
use crate::seal::KeyOwner;

/// Bytes of an index's header that mean something; zeros fill its block.
pub const INDEX_HEADER: usize = 256;
/// Kinds of marks: 0 to 7.
pub const KINDS: usize = 8;
/// Bytes of a hash that are kept, its first.
pub const HASH: usize = 6;
/// Bytes of a mark in a page: its hash, and the record's position counted from the first of the archive.
pub const MARK: usize = HASH + 4;
/// Bytes of a page that hold marks; its tag stands behind them.
pub const PAGE: usize = BLOCK - TAG;
/// Marks of a page.
pub const PAGE_MARKS: usize = PAGE / MARK;
/// Bytes of a frame's place in the table.
pub const PLACE: usize = 16;
/// Bytes of the header that are sealed along with every page: all before its sum.
pub const INDEX_SEALED: usize = 104;

/// Nanoseconds of a second.
pub(crate) const NANOS: u64 = 1_000_000_000;

const TAG: usize = 16;
const MAGIC: [u8; 8] = *b"SEKISHOI";

/// By what a record is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// What was hashed, below [`KINDS`].
    pub kind: u8,
    /// A keyed hash; its upper 48 bits count. Two records may have the same by chance: who finds one
    /// looks whether it is the right one.
    pub hash: u64,
}

/// Where a frame of an archive stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramePlace {
    /// Its first record.
    pub first: Position,
    /// When its first batch was framed, as a second since 1970; what follows up to the next frame was
    /// no earlier, and no later than that one. 0, of all frames of an archive: the clock was set back
    /// within it.
    pub utc: u64,
    /// Its first byte in the archive.
    pub offset: u64,
}

/// Takes down where frames stand, batch by batch.
#[derive(Default)]
pub(crate) struct Places {
    all: Vec<FramePlace>,
    latest_utc: u64,
    is_set_back: bool,
}

impl Places {
    /// The next batch is in the frame that begins at this offset.
    pub(crate) fn add(&mut self, batch: &BatchHeader, offset: u64) {
        let (first, utc) = (batch.first_position, batch.written_ns / NANOS);
        self.is_set_back |= utc < self.latest_utc;
        self.latest_utc = utc;
        if self.all.last().is_none_or(|last| last.offset != offset) {
            self.all.push(FramePlace { first, utc, offset });
        }
    }

    /// All frames.
    pub(crate) fn finish(mut self) -> Vec<FramePlace> {
        if self.is_set_back {
            self.all.iter_mut().for_each(|frame| frame.utc = 0);
        }
        self.all
    }
}

/// What an index's first block says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) cluster: Cluster,
    pub(crate) segment: SegmentNumber,
    pub(crate) epoch: Epoch,
    /// From where positions are counted.
    pub(crate) first: Position,
    /// The check of the archive's header: it is of that file and of no other.
    pub(crate) archive: u64,
    /// When it was made: nanoseconds since 1970 UTC.
    pub(crate) created_ns: u64,
    /// Marks of each kind.
    pub(crate) marks: [u32; KINDS],
    /// Frames in the table.
    pub(crate) frames: u32,
    /// Of all bytes from the first page to the table's tag.
    pub(crate) sum: u64,
    pub(crate) key_check: [u8; 8],
    pub(crate) wrapped_key: [u8; 60],
}

impl Header {
    pub(crate) fn write(&self, block: &mut [u8; BLOCK]) {
        block.fill(0);
        let mut to = To { bytes: block, at: 0 };
        to.put(&MAGIC);
        to.put(&VERSION.to_le_bytes());
        to.put(&[0; 2]);
        to.put(&self.epoch.0.to_le_bytes());
        to.put(&self.cluster);
        to.put(&self.segment.0.to_le_bytes());
        to.put(&self.first.0.to_le_bytes());
        to.put(&self.archive.to_le_bytes());
        to.put(&self.created_ns.to_le_bytes());
        self.marks.iter().for_each(|marks| to.put(&marks.to_le_bytes()));
        to.put(&self.frames.to_le_bytes());
        to.put(&[0; 4]);
        to.put(&self.sum.to_le_bytes());
        to.put(&self.key_check);
        to.put(&self.wrapped_key);
        add_check(&mut block[..INDEX_HEADER]);
    }

    pub(crate) fn read(block: &[u8]) -> Result<Self, NoHeader> {
        let mut from = From::begin(block, &MAGIC, INDEX_HEADER)?;
        let _unused: [u8; 2] = from.take();
        let (epoch, cluster) = (Epoch(from.short()), from.take());
        let (segment, first) = (SegmentNumber(from.long()), Position(from.long()));
        let (archive, created_ns) = (from.long(), from.long());
        let marks = [(); KINDS].map(|()| from.short());
        let frames = from.short();
        let _unused: [u8; 4] = from.take();
        Ok(Self {
            cluster,
            segment,
            epoch,
            first,
            archive,
            created_ns,
            marks,
            frames,
            sum: from.long(),
            key_check: from.take(),
            wrapped_key: from.take(),
        })
    }

    fn owner(&self) -> KeyOwner {
        let Self { cluster, segment, epoch, .. } = *self;
        KeyOwner { cluster, segment, epoch }
    }

    /// All marks.
    fn len(&self) -> usize {
        self.marks.iter().map(|&marks| to_usize(marks)).sum()
    }

    fn pages(&self) -> usize {
        self.len().div_ceil(PAGE_MARKS)
    }

    /// Bytes of the table, without its tag.
    fn table(&self) -> usize {
        self.pages() * HASH + to_usize(self.frames) * PLACE
    }

    /// Which marks are of a kind, counted over all pages.
    fn of_kind(&self, kind: u8) -> std::ops::Range<usize> {
        let before: usize = self.marks.iter().take(kind.into()).map(|&marks| to_usize(marks)).sum();
        let here = self.marks.get(usize::from(kind)).copied().unwrap_or_default();
        before..before + to_usize(here)
    }
}

/// Archives without an index, newest first: theirs are to be made. Whether one is whole is seen when it
/// is used.
///
/// # Errors
/// What the disk did not do.
pub fn missing<D: Disk>(disk: &D) -> Result<Vec<SegmentNumber>, Failed> {
    let names = disk.list().map_err(Failed::when("list", ""))?;
    let (mut archives, mut indexes) = (Vec::new(), BTreeSet::new());
    for name in names.iter().filter_map(|name| Name::parse(name)) {
        match name {
            Name::Archive(segment) => archives.push(segment),
            Name::Index(segment) => drop(indexes.insert(segment)),
            Name::Segment(_) | Name::Spare(_) | Name::Checkpoint(_) => {}
        }
    }
    archives.retain(|segment| !indexes.contains(segment));
    archives.sort_unstable();
    archives.reverse();
    Ok(archives)
}

/// Removes an index that is not as it was written, so that [`missing`] names it.
///
/// # Errors
/// What the disk did not do.
pub fn discard<D: Disk>(disk: &D, segment: SegmentNumber) -> Result<(), Failed> {
    let name = Name::Index(segment);
    match disk.remove(&name.to_string()) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Failed::when("remove", name)(error))
        }
        _ => Ok(()),
    }
}

fn belongs(header: &Header, archive: &ArchiveHeader) -> bool {
    let SegmentHeader { cluster, segment, epoch, first_position, .. } = archive.segment;
    (header.cluster, header.segment, header.epoch) == (cluster, segment, epoch)
        && (header.first, header.archive) == (first_position, archive.check())
}

fn to_usize(count: u32) -> usize {
    usize::try_from(count).expect("32 bits")
}

#[cfg(test)]
mod tests;
