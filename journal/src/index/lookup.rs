//! Finds marks in an index and reads the records that they stand for from its archive. Writes nothing,
//! and decides nothing about a record.

use std::ops::Range;

use super::making::{hash_bytes, kept};
use super::{
    FramePlace, HASH, Header, INDEX_HEADER, INDEX_SEALED, MARK, Mark, PAGE, PAGE_MARKS, PLACE, TAG,
    belongs, to_usize,
};
use crate::archive::{self, ArchiveHeader, Frames};
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BLOCK, BatchHeader, BatchNumber, Position, SegmentNumber, Tag};
use crate::names::Name;
use crate::reader;
use crate::scan::{Found, Lengths, Step};
use crate::seal::{Keys, NotOpened, SegmentKey, hex};
use crate::window::{Aligned, Reading};

/// The most bytes of a table: what a length that is nonsense is told by.
const TABLE_MAX: usize = 64 << 20;

/// An index, ready to be asked. Its table is in memory; a page is read for each question. Holds no file
/// open.
pub struct Index<D: Disk> {
    disk: D,
    archive: ArchiveHeader,
    header: Header,
    key: SegmentKey,
    covered: [u8; INDEX_SEALED],
    /// The hashes with which pages begin.
    begins: Vec<[u8; HASH]>,
    frames: Vec<FramePlace>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Problem {
    /// There is none of this archive, the disk does not give it, none of our keys opens it, or it is not
    /// as it was written: it is to be made again, and what it says is to be read in the archive.
    Unusable(Name),
    /// None of our keys opens it.
    UnknownKey {
        /// Which file.
        file: Name,
        /// What its header says of the key.
        check: [u8; 8],
    },
    /// The archive is not as it was written.
    Damaged(Name, Found),
    /// What has no index could not be read.
    Log(reader::Problem),
    /// It was given up, as its caller said.
    Stopped,
    /// The disk did not do what it was asked.
    Disk(Failed),
}

impl<D: Disk> Index<D> {
    /// Opens the index of an archive.
    ///
    /// # Errors
    /// Why it can not be asked. [`Problem::Disk`] is of the archive alone: `NotFound`, if there is no such
    /// archive any more.
    pub fn open(disk: &D, keys: &Keys, segment: SegmentNumber) -> Result<Self, Problem> {
        let gone = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let archived = Name::Archive(segment);
        let listed = archive::one(disk, segment)?;
        let listed = listed.ok_or_else(|| Failed::when("open", archived)(gone()))?;
        let archive = listed.header.map_err(|_| Problem::Damaged(archived, Found::BrokenHeader))?;
        let name = Name::Index(segment);
        let unusable = || Problem::Unusable(name);
        let file = disk.open(&name.to_string(), false).map_err(|_| unusable())?;
        let mut block = Aligned::new(BLOCK);
        let read = file.read_at(0, &mut block).map_err(|_| unusable())?;
        let header = Header::read(&block[..read]).map_err(|_| unusable())?;
        if !belongs(&header, &archive) || header.table() > TABLE_MAX {
            return Err(unusable());
        }
        let key = keys.open(header.key_check, &header.wrapped_key, &header.owner());
        let key = key.map_err(|_| unusable())?;
        let covered = *block[..INDEX_HEADER].first_chunk().expect("a header is longer");
        let mut index = Self {
            disk: disk.clone(),
            archive,
            header,
            key,
            covered,
            begins: Vec::new(),
            frames: Vec::new(),
        };
        index.read_table(&file)?;
        Ok(index)
    }

    /// The archive that it is of.
    pub fn archive(&self) -> &ArchiveHeader {
        &self.archive
    }

    /// The positions of the records with this mark, in order.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn find(&self, mark: Mark) -> Result<Vec<Position>, Problem> {
        let (range, hash) = (self.header.of_kind(mark.kind), hash_bytes(kept(mark.hash)));
        let mut found = Vec::new();
        let (Some(first), Some(last)) = (range.clone().next(), range.clone().last()) else {
            return Ok(found);
        };
        let (first_page, last_page) = (first / PAGE_MARKS, last / PAGE_MARKS);
        // Pages behind the first one begin with a mark of this kind. The last that begins below the
        // hash may have the first of it.
        let below = self.begins[first_page + 1..=last_page].partition_point(|at| *at < hash);
        for number in first_page + below..=last_page {
            let page = self.page(number)?;
            let all = page.as_chunks::<MARK>().0;
            let start = number * PAGE_MARKS;
            let from = range.start.saturating_sub(start);
            let until = (range.end - start).min(PAGE_MARKS);
            let of_kind = &all[from..until];
            let skipped = of_kind.partition_point(|mark| mark[..HASH] < hash[..]);
            let same = of_kind[skipped..].iter().take_while(|mark| mark[..HASH] == hash[..]);
            found.extend(same.map(|&[.., a, b, c, d]| {
                Position(self.header.first.0 + u64::from(u32::from_le_bytes([a, b, c, d])))
            }));
            if of_kind.last().is_some_and(|mark| mark[..HASH] > hash[..]) {
                break;
            }
        }
        Ok(found)
    }

    /// Where the frames of the archive stand, in order.
    pub fn frames(&self) -> &[FramePlace] {
        &self.frames
    }

    /// The frames of the archive that were written in this time, seconds since 1970 and both of them in
    /// it. None: the clock was set back within it.
    pub(super) fn frames_between(&self, from_utc: u64, to_utc: u64) -> Option<Range<usize>> {
        let frames = &self.frames;
        if frames.iter().any(|frame| frame.utc == 0) {
            return None;
        }
        // A frame has what was written until the next one was begun.
        let behind_first = frames.get(1..).unwrap_or_default();
        let first = behind_first.partition_point(|frame| frame.utc < from_utc);
        let until = frames.partition_point(|frame| frame.utc <= to_utc);
        Some(first..until.max(first))
    }

    /// Reads records of the archive, by their positions in order, none twice, with the headers of their
    /// batches.
    ///
    /// # Errors
    /// Why they can not be read. The index is unusable if they are not where it says.
    pub fn read(
        &self,
        keys: &Keys,
        positions: &[Position],
        mut each: impl FnMut(Position, &BatchHeader, &[u8]),
    ) -> Result<(), Problem> {
        let name = Name::Archive(self.archive.segment.segment);
        let unusable = || Problem::Unusable(Name::Index(self.archive.segment.segment));
        let mut wanted = positions.iter().copied().peekable();
        while let Some(&next) = wanted.peek() {
            let at = self.frames.partition_point(|frame| frame.first <= next);
            let frame = at.checked_sub(1).map(|at| self.frames[at]).ok_or_else(unusable)?;
            let key = archive::own_key(keys, &self.archive);
            let key = key.map_err(|not| Problem::key(name, not))?;
            let text = name.to_string();
            let walk = Frames::open(&self.disk, &text, &self.archive, Some(key), Reading::Glance);
            let mut walk = walk.map_err(Failed::when("open", name))?;
            if !walk.begin_at(frame.offset).map_err(Failed::when("read", name))? {
                return Err(unusable());
            }
            let until = self.frames.get(at).map_or(u64::MAX, |frame| frame.first.0);
            while wanted.peek().is_some_and(|next| next.0 < until) {
                let batch = match walk.step().map_err(Failed::when("read", name))? {
                    Step::Batch(batch) => batch,
                    Step::Other(Found::Empty) => return Err(unusable()),
                    Step::Other(found) => return Err(Problem::Damaged(name, found)),
                };
                if wanted.peek().is_some_and(|next| *next < batch.first_position) {
                    return Err(unusable());
                }
                let records = Lengths { rest: walk.records() };
                let records = records.zip((batch.first_position.0..).map(Position));
                records
                    .filter(|(_, at)| wanted.next_if_eq(at).is_some())
                    .for_each(|(record, at)| each(at, &batch, record));
            }
        }
        Ok(())
    }

    /// A page, opened.
    fn page(&self, number: usize) -> Result<Vec<u8>, Problem> {
        let name = Name::Index(self.header.segment);
        let mut block = Aligned::new(BLOCK);
        let offset = BLOCK + number * BLOCK;
        // That it is not there says nothing of its archive.
        let unusable = |_| Problem::Unusable(name);
        let file = self.disk.open(&name.to_string(), false).map_err(unusable)?;
        if file.read_at(offset as u64, &mut block).map_err(unusable)? != BLOCK {
            return Err(Problem::Unusable(name));
        }
        let mut page = block.to_vec();
        self.open_part(number, &mut page)?;
        page.truncate(PAGE_MARKS * MARK);
        Ok(page)
    }

    fn open_part(&self, number: usize, part: &mut [u8]) -> Result<(), Problem> {
        let unusable = || Problem::Unusable(Name::Index(self.header.segment));
        let (sealed, tag) = part.split_last_chunk_mut::<TAG>().ok_or_else(unusable)?;
        let tag: Tag = *tag;
        let number = BatchNumber(number as u64 + 1);
        let opened = self.key.open(self.header.epoch, number, &self.covered, &tag, sealed);
        opened.map_err(|_| unusable())
    }

    fn read_table(&mut self, file: &D::File) -> Result<(), Problem> {
        let name = Name::Index(self.header.segment);
        let (pages, length) = (self.header.pages(), self.header.table() + TAG);
        let mut blocks = Aligned::new(length.next_multiple_of(BLOCK));
        let offset = (BLOCK + pages * BLOCK) as u64;
        let read = file.read_at(offset, &mut blocks);
        if read.map_err(|_| Problem::Unusable(name))? < length {
            return Err(Problem::Unusable(name));
        }
        let mut table = blocks[..length].to_vec();
        self.open_part(pages, &mut table)?;
        let (begins, rest) = table.split_at(pages * HASH);
        self.begins = begins.as_chunks::<HASH>().0.to_vec();
        let frames = rest[..to_usize(self.header.frames) * PLACE].as_chunks::<PLACE>().0;
        self.frames = frames.iter().map(|place| self.frame_at(place)).collect();
        Ok(())
    }

    fn frame_at(&self, place: &[u8; PLACE]) -> FramePlace {
        let (behind, rest) = place.split_first_chunk::<4>().expect("16 bytes");
        let (utc, offset) = rest.split_first_chunk::<4>().expect("12 bytes");
        let offset = *offset.first_chunk::<8>().expect("8 bytes");
        FramePlace {
            first: Position(self.header.first.0 + u64::from(u32::from_le_bytes(*behind))),
            utc: u32::from_le_bytes(*utc).into(),
            offset: u64::from_le_bytes(offset),
        }
    }
}

const _: () = assert!(PAGE + TAG == BLOCK);

impl Problem {
    pub(super) fn key(file: Name, not: NotOpened) -> Self {
        match not {
            NotOpened::UnknownKey(check) => Self::UnknownKey { file, check },
            NotOpened::Altered => Self::Damaged(file, Found::WrongSeal),
        }
    }
}

impl From<reader::Problem> for Problem {
    fn from(problem: reader::Problem) -> Self {
        match problem {
            reader::Problem::Disk(failed) => Self::Disk(failed),
            reader::Problem::Gone { .. }
            | reader::Problem::Damaged(..)
            | reader::Problem::UnknownKey { .. }
            | reader::Problem::AlteredKey(_) => Self::Log(problem),
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
            Self::Unusable(name) => {
                write!(f, "{name} is missing, can not be read, or is not as it was written")
            }
            Self::UnknownKey { file, check } => {
                write!(f, "no key opens {file}: it has check value {}", hex(check))
            }
            Self::Damaged(name, found) => write!(f, "{name} is damaged: {found}"),
            Self::Log(problem) => write!(f, "{problem}"),
            Self::Stopped => f.write_str("it was given up"),
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Problem {}
