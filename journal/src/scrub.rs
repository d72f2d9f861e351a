//! Reads sealed segments and archives through from time to time, little by little, so that what rots is known
//! while the peer still has it; and takes it again from there. Must not know the time: who calls it paces it.

use std::collections::VecDeque;
use std::io::ErrorKind;

use crate::archive::{self, Frames, NotPacked, Pass};
use crate::disk::{Disk, DiskFile, Failed};
use crate::follower;
use crate::format::{BLOCK, BatchNumber, NoHeader, Position, SegmentHeader, SegmentNumber, Tag};
use crate::index;
use crate::names::Name;
use crate::scan::{self, Expected, Found, Scan, Step};
use crate::seal::Keys;
use crate::survey;
use crate::walk::Walk;
use crate::window::Reading;
use crate::writer;

/// One pass over all that is sealed.
pub struct Scrub<D: Disk> {
    disk: D,
    files: VecDeque<Sealed>,
    at: Option<(Sealed, Walk<D::File>)>,
}

/// A sealed segment, in the file that has it.
#[derive(Clone, Copy, Debug)]
struct Sealed {
    name: Name,
    header: Result<SegmentHeader, NoHeader>,
    archive: Option<archive::ArchiveHeader>,
    range: Range,
    /// Where it ends is not known, as the file behind it is lost: that one is to be had first.
    is_open: bool,
}

/// What of the log a file has: what it follows and what follows it say so, even where it is lost itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Its segment.
    pub segment: SegmentNumber,
    /// Its first batch.
    pub from: BatchNumber,
    /// Its last batch.
    pub until: BatchNumber,
    /// The tag of that: the next segment names it.
    pub end: Tag,
}

/// What a step came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looked {
    /// So many bytes that are as they were written.
    Good(u64),
    /// A file that is not: all of it is to be had again.
    Rotten(Name, Range, Found),
    /// All of it was looked at.
    Done,
}

impl<D: Disk> Scrub<D> {
    /// Begins a pass.
    ///
    /// # Errors
    /// What the disk did not do.
    pub fn begin(disk: &D) -> Result<Self, Failed> {
        Ok(Self { disk: disk.clone(), files: sealed(disk)?, at: None })
    }

    /// Looks at the next batch, or frame of an archive: at most a little more than 1 MiB is read.
    ///
    /// # Errors
    /// What the disk did not do, but for blocks that it does not give.
    pub fn step(&mut self) -> Result<Looked, Failed> {
        let Some((sealed, mut walk)) = self.at.take() else { return self.next_file() };
        let (expected, before) = walk.place();
        if expected.batch.0 > sealed.range.until.0 {
            return if expected.previous == sealed.range.end {
                self.next_file()
            } else {
                Ok(self.rotten(&sealed, Found::OtherPrevious))
            };
        }
        match walk.step().map_err(Failed::when("read", sealed.name))? {
            Step::Batch(header) => {
                let (_, after) = walk.place();
                self.at = Some((sealed, walk));
                // Of an archive a frame is read with its first batch.
                let bytes =
                    if sealed.archive.is_some() { after - before } else { header.size() as u64 };
                Ok(Looked::Good(bytes))
            }
            Step::Other(_) if sealed.is_open => self.next_file(),
            Step::Other(found) => Ok(self.rotten(&sealed, found)),
        }
    }

    fn next_file(&mut self) -> Result<Looked, Failed> {
        let Some(sealed) = self.files.pop_front() else { return Ok(Looked::Done) };
        let Ok(header) = sealed.header else {
            return Ok(self.rotten(&sealed, Found::BrokenHeader));
        };
        let name = sealed.name.to_string();
        let opened = match &sealed.archive {
            Some(archive) => {
                let frames = Frames::open(&self.disk, &name, archive, None, Reading::Glance);
                frames.map(|frames| Walk::Archive(Box::new(frames)))
            }
            None => self.disk.open(&name, false).and_then(|file| {
                let (first, begin) = (scan::first_of(&header), BLOCK as u64);
                let scan = Scan::over(file, header, None, first, begin, Reading::Glance)?;
                Ok(Walk::Segment(Box::new(scan)))
            }),
        };
        match opened {
            Ok(walk) => self.at = Some((sealed, walk)),
            // It was archived, or was too old.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Failed::when("open", name)(error)),
        }
        Ok(Looked::Good(0))
    }

    /// What is not there as it was written: unless it is another file by now.
    fn rotten(&self, sealed: &Sealed, found: Found) -> Looked {
        let archive = Name::Archive(sealed.range.segment).to_string();
        let has = |name: &str| self.disk.open(name, false).is_ok();
        let moved = matches!(sealed.name, Name::Segment(_)) && has(&archive);
        if moved || !has(&sealed.name.to_string()) {
            return Looked::Good(0);
        }
        Looked::Rotten(sealed.name, sealed.range, found)
    }
}

/// Every file behind which the log goes on, in order; what is in a segment and in its archive is in both.
fn sealed<D: Disk>(disk: &D) -> Result<VecDeque<Sealed>, Failed> {
    let segments = survey::segments(disk)?;
    let mut files: Vec<(SegmentNumber, Name, Sealed)> = Vec::new();
    let nothing = |segment| Range {
        segment,
        from: BatchNumber(0),
        until: BatchNumber(0),
        end: Tag::default(),
    };
    for listed in archive::list(disk)? {
        let (name, archive) = (Name::Archive(listed.segment), listed.header.ok());
        let header = listed.header.map(|header| header.segment);
        let range = nothing(listed.segment);
        let sealed = Sealed { name, header, archive, range, is_open: false };
        files.push((listed.segment, name, sealed));
    }
    for segment in &segments {
        if segment.header.is_ok() && segment.in_the_log().is_none() {
            continue;
        }
        let (name, range) = (Name::Segment(segment.number), nothing(segment.number));
        let sealed = Sealed { name, header: segment.header, archive: None, range, is_open: false };
        files.push((segment.number, name, sealed));
    }
    files.sort_by_key(|(number, name, _)| (*number, *name));
    let mut all = VecDeque::new();
    for (number, name, sealed) in &files {
        // What follows says where it ends. The last one gets more.
        let behind = || files.iter().filter(|(other, ..)| other > number);
        let Some(follows) = behind().find_map(|(_, _, sealed)| sealed.header.ok()) else {
            continue;
        };
        let is_open = behind().next().is_some_and(|(_, _, sealed)| sealed.header.is_err());
        let is_archived = |(other, file, _): &&(SegmentNumber, Name, Sealed)| {
            other == number && matches!(file, Name::Archive(_))
        };
        let is_lost = matches!(name, Name::Segment(_)) && sealed.header.is_err();
        if is_lost && files.iter().any(|file| is_archived(&file)) {
            continue;
        }
        let until = BatchNumber(follows.first_batch.0 - 1);
        let from = sealed.header.map_or(until, |header| header.first_batch);
        if from <= until {
            let range = Range { segment: *number, from, until, end: follows.previous };
            all.push_back(Sealed { range, is_open, ..*sealed });
        }
    }
    Ok(all)
}

/// A sealed segment that is made again from what the peer has of it.
pub struct Rebuild<D: Disk> {
    disk: D,
    name: Name,
    range: Range,
    segment: Option<(D::File, SegmentHeader)>,
    expected: Expected,
    end: u64,
}

/// Why it is not made again. What is there stays as it is.
#[derive(Debug)]
pub enum Problem {
    /// What came is no block or batch, or not the next one.
    Other(follower::Problem),
    /// It is another segment than the one that is lost, or ends otherwise.
    OtherSegment,
    /// No archive could be made of it.
    NotPacked(NotPacked),
    /// The disk did not do what it was asked.
    Disk(Failed),
}

impl<D: Disk> Rebuild<D> {
    /// Of what a scrub found rotten. Ask the peer from `range.from` to `range.until`.
    pub fn begin(disk: &D, name: Name, range: &Range) -> Self {
        let expected = Expected { batch: range.from, position: Position(0), previous: [0; 16] };
        let (disk, range) = (disk.clone(), *range);
        Self { disk, name, range, segment: None, expected, end: BLOCK as u64 }
    }

    /// Takes the segment's first block, and says with which batch it begins: where that is before what was
    /// asked for, ask again from there.
    ///
    /// # Errors
    /// Why not.
    pub fn segment(&mut self, block: &[u8]) -> Result<BatchNumber, Problem> {
        let header = SegmentHeader::read(block)
            .map_err(|not| Problem::Other(follower::Problem::NotWritten(not)))?;
        if header.segment != self.range.segment || header.first_batch > self.range.until {
            return Err(Problem::OtherSegment);
        }
        let unfinished = Name::Segment(header.segment).unfinished();
        let bytes = header.bytes.min(follower::SEGMENT_MAX);
        writer::make(&self.disk, &unfinished, bytes)
            .map_err(Failed::when("create", &unfinished))?;
        let file = self.disk.open(&unfinished, true).map_err(Failed::when("open", &unfinished))?;
        let mut whole = [0; BLOCK];
        header.write(&mut whole);
        file.write_at(0, &whole).map_err(Failed::when("write", &unfinished))?;
        (self.expected, self.end) = (scan::first_of(&header), BLOCK as u64);
        self.segment = Some((file, header));
        Ok(header.first_batch)
    }

    /// Takes the next batch. True: it was the last one.
    ///
    /// # Errors
    /// Why not.
    pub fn batch(&mut self, bytes: &[u8]) -> Result<bool, Problem> {
        let Some((file, segment)) = &self.segment else { return Err(Problem::OtherSegment) };
        let header = follower::check(bytes).map_err(Problem::Other)?;
        if let Some(found) = scan::differs(&header, segment, &self.expected) {
            return Err(Problem::Other(follower::Problem::Misfit(found)));
        }
        if self.end + bytes.len() as u64 > segment.bytes || header.batch > self.range.until {
            return Err(Problem::OtherSegment);
        }
        let name = Name::Segment(segment.segment);
        file.write_at(self.end, bytes).map_err(Failed::when("write", name))?;
        self.end += bytes.len() as u64;
        self.expected = scan::behind(&header);
        Ok(header.batch == self.range.until)
    }

    /// All of it is there, and ends with the tag that the next segment names, so it is this log's: it takes the
    /// place of what is rotten. An archive is packed of it, and its index is to be made anew.
    ///
    /// # Errors
    /// Why not.
    pub fn finish(self, keys: &Keys, now_ns: u64) -> Result<(), Problem> {
        let Some((file, header)) = self.segment else { return Err(Problem::OtherSegment) };
        let Range { until, end, .. } = self.range;
        if self.expected.batch.0 != until.0 + 1 || self.expected.previous != end {
            return Err(Problem::OtherSegment);
        }
        let unfinished = Name::Segment(header.segment).unfinished();
        let disk = &self.disk;
        file.sync().map_err(Failed::when("sync", &unfinished))?;
        if let Name::Archive(segment) = self.name {
            let (until, from) = (self.expected.batch, Position(0));
            let pass = Pass::over(disk, keys, &unfinished, header, until, from, now_ns);
            let mut pass = pass.map_err(Problem::NotPacked)?;
            while pass.next_batch(&mut |_| ()).map_err(Problem::NotPacked)?.is_some() {}
            index::discard(disk, segment)?;
            pass.finish(&mut |_| ()).map_err(Problem::NotPacked)?;
            disk.remove(&unfinished).map_err(Failed::when("remove", &unfinished))?;
        } else {
            let name = self.name.to_string();
            disk.rename(&unfinished, &name).map_err(Failed::when("rename", &unfinished))?;
        }
        Ok(disk.sync_directory().map_err(Failed::when("sync", ""))?)
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
            Self::Other(problem) => write!(f, "{problem}"),
            Self::NotPacked(not) => write!(f, "{not}"),
            Self::OtherSegment => f.write_str("the peer has another segment there"),
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;
