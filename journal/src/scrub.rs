//! Reads sealed segments and archives through from time to time, little by little, so that what rots is known
//! while the peer still has it; and takes it again from there. Must not know the time: who calls it paces it.

mod sealed;

mod rebuild;

pub mod mending;

use std::collections::VecDeque;
use std::io::ErrorKind;

use crate::archive::Frames;
use crate::disk::{Disk, Failed};
use crate::format::{BLOCK, BatchNumber, SegmentNumber, Tag};
use crate::names::Name;
use crate::scan::{self, Found, Scan, Step};
use crate::walk::Walk;
use crate::window::Reading;
pub use rebuild::{Problem, Rebuild};
use sealed::{Sealed, sealed};

/// One pass over all that is sealed.
pub struct Scrub<D: Disk> {
    disk: D,
    files: VecDeque<Sealed>,
    at: Option<(Sealed, Walk<D::File>)>,
    bytes: u64,
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
        let mut files = sealed(disk)?;
        // A first block that is lost is known already: it is said and had again before all is read.
        files.make_contiguous().sort_by_key(|file| file.header.is_ok());
        Ok(Self::over(disk, files))
    }

    /// A pass over one sealed segment, in the file or files that have it.
    ///
    /// # Errors
    /// What the disk did not do.
    pub fn only(disk: &D, segment: SegmentNumber) -> Result<Self, Failed> {
        let mut files = sealed(disk)?;
        files.retain(|file| file.range.segment == segment);
        Ok(Self::over(disk, files))
    }

    fn over(disk: &D, files: VecDeque<Sealed>) -> Self {
        let bytes = files.iter().map(|file| file.bytes).sum();
        Self { disk: disk.clone(), files, at: None, bytes }
    }

    /// Bytes of all files of the pass: it reads no more than these.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Looks at the next batch, or frame of an archive: at most a little more than 1 MiB is read. It may be
    /// called again behind an error: then the file is left out.
    ///
    /// # Errors
    /// A file that the system does not open. What it does not read is rotten.
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
        match walk.step() {
            Ok(Step::Batch(header)) => {
                let (_, after) = walk.place();
                self.at = Some((sealed, walk));
                // Of an archive a frame is read with its first batch.
                let bytes =
                    if sealed.archive.is_some() { after - before } else { header.size() as u64 };
                Ok(Looked::Good(bytes))
            }
            Ok(Step::Other(_)) if sealed.is_open => self.next_file(),
            Ok(Step::Other(found)) => Ok(self.rotten(&sealed, found)),
            // It got shorter, or the disk says nothing of it any more.
            Err(_) => Ok(self.rotten(&sealed, Found::Unreadable)),
        }
    }

    fn next_file(&mut self) -> Result<Looked, Failed> {
        let Some(sealed) = self.files.pop_front() else { return Ok(Looked::Done) };
        let header = match sealed.header {
            Ok(header) => header,
            Err(found) => return Ok(self.rotten(&sealed, found)),
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
        let is_there = has(&sealed.name.to_string());
        if moved || is_there == (found == Found::Missing) {
            return Looked::Good(0);
        }
        Looked::Rotten(sealed.name, sealed.range, found)
    }
}

/// What of the log this file has, if the log goes on behind it: who came by damage in it otherwise asks.
///
/// # Errors
/// What the disk did not do.
pub fn range<D: Disk>(disk: &D, name: Name) -> Result<Option<Range>, Failed> {
    Ok(sealed(disk)?.into_iter().find(|file| file.name == name).map(|file| file.range))
}

/// Files whose first block is lost, and what they had: what keeps all others from being read on.
///
/// # Errors
/// What the disk did not do.
pub fn lost_headers<D: Disk>(disk: &D) -> Result<Vec<(Name, Range, Found)>, Failed> {
    let all = sealed(disk)?.into_iter();
    Ok(all.filter_map(|file| Some((file.name, file.range, file.header.err()?))).collect())
}

#[cfg(test)]
mod tests;
