//! A sealed segment that is made again from what the peer has of it, and takes the place of what is rotten in
//! one step. Must not know how it is asked for.

use crate::archive::{NotPacked, Pass};
use crate::disk::{Disk, DiskFile, Failed};
use crate::follower;
use crate::format::{BLOCK, BatchNumber, Position, SegmentHeader};
use crate::index;
use crate::names::Name;
use crate::scan::{self, Expected, Found, Scan, Step};
use crate::seal::Keys;
use crate::window::Reading;
use crate::writer;

use super::Range;

/// A sealed segment that is made again. Given up, nothing of it is left.
pub struct Rebuild<D: Disk> {
    pub(super) disk: D,
    pub(super) name: Name,
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
    /// What was just written does not read back.
    NotThere(Found),
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

    /// The segment that is made, once it is begun.
    pub(super) fn begun(&self) -> Option<SegmentHeader> {
        self.segment.as_ref().map(|(_, header)| *header)
    }

    /// Takes the segment's first block, and says with which batch it goes on: where that is before what was
    /// asked for, ask again from there. The same block again is nothing new.
    ///
    /// # Errors
    /// Why not.
    pub fn segment(&mut self, block: &[u8]) -> Result<BatchNumber, Problem> {
        let header = SegmentHeader::read(block)
            .map_err(|not| Problem::Other(follower::Problem::NotWritten(not)))?;
        if header.segment != self.range.segment || header.first_batch > self.range.until {
            return Err(Problem::OtherSegment);
        }
        if self.segment.as_ref().is_some_and(|(_, begun)| *begun == header) {
            return Ok(self.expected.batch);
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

    /// All of it is there, and ends with the tag that the next segment names, so it is this log's: it is made
    /// durable, read back from the device, and takes the place of what is rotten. An archive is packed of it,
    /// and its index is to be made anew. `pause` is told what was written or read.
    ///
    /// # Errors
    /// Why not.
    pub fn finish(
        self,
        keys: &Keys,
        now_ns: u64,
        pause: &mut dyn FnMut(usize),
    ) -> Result<(), Problem> {
        let Some((file, header)) = &self.segment else { return Err(Problem::OtherSegment) };
        let Range { until, end, .. } = self.range;
        if self.expected.batch.0 != until.0 + 1 || self.expected.previous != end {
            return Err(Problem::OtherSegment);
        }
        let unfinished = Name::Segment(header.segment).unfinished();
        let disk = &self.disk;
        file.sync().map_err(Failed::when("sync", &unfinished))?;
        if let Name::Archive(segment) = self.name {
            // It reads back all that it writes, by itself.
            let (until, from) = (self.expected.batch, Position(0));
            let pass = Pass::over(disk, keys, &unfinished, *header, until, from, now_ns);
            let mut pass = pass.map_err(Problem::NotPacked)?;
            while let Some(batch) = pass.next_batch(pause).map_err(Problem::NotPacked)? {
                let bytes = batch.header.size();
                pause(bytes);
            }
            index::discard(disk, segment)?;
            pass.finish(pause).map_err(Problem::NotPacked)?;
        } else {
            self.reads_back(&unfinished, header, pause)?;
            let name = self.name.to_string();
            disk.rename(&unfinished, &name).map_err(Failed::when("rename", &unfinished))?;
        }
        Ok(disk.sync_directory().map_err(Failed::when("sync", ""))?)
    }

    /// Whether the device has all of it.
    fn reads_back(
        &self,
        name: &str,
        header: &SegmentHeader,
        pause: &mut dyn FnMut(usize),
    ) -> Result<(), Problem> {
        let file = self.disk.open(name, false).map_err(Failed::when("open", name))?;
        let (first, begin) = (scan::first_of(header), BLOCK as u64);
        let scan = Scan::over(file, *header, None, first, begin, Reading::Glance);
        let mut scan = scan.map_err(Failed::when("read", name))?;
        while scan.expected != self.expected {
            match scan.step().map_err(Failed::when("read", name))? {
                Step::Batch(batch) => pause(batch.size()),
                Step::Other(found) => return Err(Problem::NotThere(found)),
            }
        }
        Ok(())
    }
}

impl<D: Disk> Drop for Rebuild<D> {
    fn drop(&mut self) {
        if let Some((_, header)) = self.segment.take() {
            // It is gone if it was finished. If it can not be removed, the next try or start does.
            drop(self.disk.remove(&Name::Segment(header.segment).unfinished()));
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
            Self::Other(problem) => write!(f, "{problem}"),
            Self::NotPacked(not) => write!(f, "{not}"),
            Self::OtherSegment => f.write_str("the peer has another segment there"),
            Self::NotThere(found) => write!(f, "what was just written does not read back: {found}"),
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Problem {}
