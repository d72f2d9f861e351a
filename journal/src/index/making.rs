//! Collects marks and writes them down as an index, or makes one again from its archive. Knows no
//! lookup.

use std::hash::Hasher;
use std::io::{self, ErrorKind};

use twox_hash::XxHash3_64;

use super::lookup::Problem;
use super::{FramePlace, HASH, Header, INDEX_SEALED, KINDS, MARK, Mark, PAGE, PAGE_MARKS, Places};
use crate::archive::{self, ArchiveHeader, Frames};
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BLOCK, BatchNumber, Position, SegmentHeader, SegmentNumber};
use crate::names::Name;
use crate::pieces::Pieces;
use crate::scan::{Found, Lengths, Step};
use crate::seal::{Keys, SegmentKey};
use crate::window::Reading;

/// The marks of an archive's records, in any order. 16 bytes each, until they are written.
#[derive(Debug)]
pub struct Marks {
    /// From where positions are counted.
    first: Position,
    /// Kind and hash, and the position: the order of the pages.
    all: Vec<(u64, u32)>,
}

impl Marks {
    /// None yet, of an archive with this first record.
    pub fn from(first: Position) -> Self {
        Self { first, all: Vec::new() }
    }

    /// A record of the archive has this mark.
    pub fn add(&mut self, mark: Mark, position: Position) {
        assert!(usize::from(mark.kind) < KINDS, "a kind has three bits");
        let behind = position.0.checked_sub(self.first.0).expect("a record of this archive");
        let behind = u32::try_from(behind).expect("a segment has fewer records");
        self.all.push((u64::from(mark.kind) << (8 * HASH) | kept(mark.hash), behind));
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

/// The part of a hash that is kept.
pub(super) fn kept(hash: u64) -> u64 {
    hash >> (64 - 8 * HASH)
}

/// The same as bytes, whose order is its own.
pub(super) fn hash_bytes(kept: u64) -> [u8; HASH] {
    *kept.to_be_bytes().last_chunk().expect("of eight bytes")
}

/// Writes the index of an archive; it has its name and is durable then. `pause` is told of each piece
/// that was written.
///
/// # Errors
/// What the disk did not do. Nothing is lost by it: it can be made again.
pub fn write<D: Disk>(
    disk: &D,
    keys: &Keys,
    archive: &ArchiveHeader,
    frames: &[FramePlace],
    marks: Marks,
    now_ns: u64,
    pause: &mut dyn FnMut(usize),
) -> Result<(), Failed> {
    let name = Name::Index(archive.segment.segment);
    let unfinished = name.unfinished();
    match disk.remove(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Failed::when("remove", &unfinished)(error));
        }
        _ => {}
    }
    let (header, key) = header_of(keys, archive, frames, &marks, now_ns);
    let file = disk.create(&unfinished, BLOCK as u64);
    let file = file.map_err(Failed::when("create", &unfinished))?;
    let written = write_parts(file, header, &key, frames, marks, pause);
    if let Err(error) = written {
        // A disk that is full is to be no fuller for it. If it can not be removed either, the next try
        // does, or the next start.
        drop(disk.remove(&unfinished));
        return Err(Failed::when("write", &unfinished)(error));
    }
    disk.rename(&unfinished, &name.to_string()).map_err(Failed::when("rename", &unfinished))?;
    disk.sync_directory().map_err(Failed::when("sync", ""))
}

fn header_of(
    keys: &Keys,
    archive: &ArchiveHeader,
    frames: &[FramePlace],
    marks: &Marks,
    created_ns: u64,
) -> (Header, SegmentKey) {
    let SegmentHeader { cluster, segment, epoch, first_position, .. } = archive.segment;
    assert_eq!(marks.first, first_position, "marks of this archive");
    let mut of_kinds = [0_u32; KINDS];
    for (mark, _) in &marks.all {
        let kind = usize::try_from(mark >> (8 * HASH)).expect("a kind");
        of_kinds[kind] += 1;
    }
    let mut header = Header {
        cluster,
        segment,
        epoch,
        first: first_position,
        archive: archive.check(),
        created_ns,
        marks: of_kinds,
        frames: u32::try_from(frames.len()).expect("a frame has a number of 32 bits"),
        sum: 0,
        key_check: keys.current.check_value(),
        wrapped_key: [0; 60],
    };
    // A key of its own: an index that is made again must not use a nonce twice for other marks.
    let (key, wrapped_key) = keys.current.make_segment_key(&header.owner());
    header.wrapped_key = wrapped_key;
    (header, key)
}

fn write_parts<F: DiskFile>(
    file: F,
    mut header: Header,
    key: &SegmentKey,
    frames: &[FramePlace],
    mut marks: Marks,
    pause: &mut dyn FnMut(usize),
) -> io::Result<()> {
    let mut block = [0; BLOCK];
    header.write(&mut block);
    let covered: [u8; INDEX_SEALED] = *block.first_chunk().expect("a block is longer");
    marks.all.sort_unstable();
    let mut pieces = Pieces::behind_the_first_block(file);
    let (mut sum, mut number) = (XxHash3_64::new(), 0);
    let mut put = |bytes: &mut Vec<u8>| {
        number += 1;
        let tag = key.seal(header.epoch, BatchNumber(number), &covered, bytes);
        bytes.extend_from_slice(&tag);
        sum.write(bytes);
        pieces.put(bytes, pause)
    };
    let (mut page, mut table) = (Vec::with_capacity(BLOCK), Vec::new());
    for some in marks.all.chunks(PAGE_MARKS) {
        page.clear();
        for &(mark, behind) in some {
            page.extend_from_slice(&hash_bytes(mark));
            page.extend_from_slice(&behind.to_le_bytes());
        }
        table.extend_from_slice(&page[..HASH]);
        page.resize(PAGE, 0);
        put(&mut page)?;
    }
    for frame in frames {
        let behind = u32::try_from(frame.first.0 - header.first.0).expect("of this archive");
        table.extend_from_slice(&behind.to_le_bytes());
        table.extend_from_slice(&u32::try_from(frame.utc).unwrap_or(u32::MAX).to_le_bytes());
        table.extend_from_slice(&frame.offset.to_le_bytes());
    }
    put(&mut table)?;
    header.sum = sum.finish();
    header.write(&mut block);
    pieces.finish(&block)
}

/// Says the marks of a record, which has this position.
pub type MarksOf<'a> = dyn FnMut(Position, &[u8], &mut dyn FnMut(Mark)) + 'a;

/// Makes an index again from its archive: `marks` is given each record, and says its marks. None: the
/// archive is gone, or its header is not whole. `pause` is told what was read and written.
///
/// # Errors
/// Why it was not made.
pub fn make<D: Disk>(
    disk: &D,
    keys: &Keys,
    segment: SegmentNumber,
    now_ns: u64,
    marks_of: &mut MarksOf<'_>,
    pause: &mut dyn FnMut(usize),
) -> Result<Option<usize>, Problem> {
    let Some(listed) = archive::one(disk, segment)? else { return Ok(None) };
    let Ok(archive) = listed.header else { return Ok(None) };
    let name = Name::Archive(segment);
    let key = archive::own_key(keys, &archive).map_err(|not| Problem::key(name, not))?;
    let walk = Frames::open(disk, &name.to_string(), &archive, Some(key), Reading::Steadily);
    let mut walk = walk.map_err(Failed::when("open", name))?;
    let mut marks = Marks::from(archive.segment.first_position);
    let mut frames = Places::default();
    loop {
        let batch = match walk.step().map_err(Failed::when("read", name))? {
            Step::Batch(batch) => batch,
            Step::Other(Found::Empty) if walk.expected == archive.end => break,
            Step::Other(found) => return Err(Problem::Damaged(name, found)),
        };
        frames.add(&batch, walk.begins());
        let records = Lengths { rest: walk.records() };
        for (record, position) in records.zip(batch.first_position.0..) {
            let position = Position(position);
            marks_of(position, record, &mut |mark| marks.add(mark, position));
        }
        pause(batch.size());
    }
    let made = marks.len();
    write(disk, keys, &archive, &frames.finish(), marks, now_ns, pause)?;
    Ok(Some(made))
}

const _: () = assert!(PAGE_MARKS * MARK <= PAGE);
