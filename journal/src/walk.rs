//! A walk through a file that has a part of the log, whether it is a segment or an archive. Decides
//! nothing.

use std::io;

use crate::archive::{self, Frames};
use crate::disk::{Disk, DiskFile};
use crate::format::{BLOCK, BatchNumber};
use crate::scan::{self, Expected, Rest, Scan, Step};
use crate::seal::{Keys, NotOpened};
use crate::survey::Stretch;
use crate::window::Reading;

/// The walk.
pub(crate) enum Walk<F> {
    Segment(Box<Scan<F>>),
    Archive(Box<Frames<F>>),
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum NoWalk {
    Key(NotOpened),
    Disk(io::Error),
}

impl<F: DiskFile> Walk<F> {
    /// Starts at the first batch.
    pub(crate) fn open<D: Disk<File = F>>(
        disk: &D,
        keys: Option<&Keys>,
        stretch: &Stretch,
    ) -> Result<Self, NoWalk> {
        let first = (scan::first_of(&stretch.header), BLOCK as u64);
        Self::open_at(disk, keys, stretch, first, Reading::Through)
    }

    /// Starts at the batch that is expected at an offset; in an archive always at the first one.
    pub(crate) fn open_at<D: Disk<File = F>>(
        disk: &D,
        keys: Option<&Keys>,
        stretch: &Stretch,
        (expected, offset): (Expected, u64),
        reading: Reading,
    ) -> Result<Self, NoWalk> {
        let (name, header) = (stretch.name().to_string(), &stretch.header);
        let Some(archive) = &stretch.archive else {
            let file = disk.open(&name, false)?;
            let key = keys.map(|keys| scan::segment_key(keys, header)).transpose()?;
            let scan = Scan::over(file, *header, key, expected, offset, reading)?;
            return Ok(Self::Segment(Box::new(scan)));
        };
        let key = keys.map(|keys| archive::own_key(keys, archive)).transpose()?;
        Ok(Self::Archive(Box::new(Frames::open(disk, &name, archive, key, Reading::Through)?)))
    }

    /// Goes on to the next batch.
    pub(crate) fn step(&mut self) -> io::Result<Step> {
        match self {
            Self::Segment(scan) => scan.step(),
            Self::Archive(frames) => frames.step(),
        }
    }

    /// The records of the batch that was found last, if there is a key.
    pub(crate) fn records(&self) -> Option<&[u8]> {
        match self {
            Self::Segment(scan) => scan.opens().then(|| scan.records()),
            Self::Archive(frames) => frames.opens().then(|| frames.records()),
        }
    }

    /// The same, as written if there is no key; nothing for an archive then.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Segment(scan) => scan.records(),
            Self::Archive(frames) => frames.records(),
        }
    }

    /// The next batch, and where it should be.
    pub(crate) fn place(&self) -> (Expected, u64) {
        match self {
            Self::Segment(scan) => (scan.expected, scan.offset),
            Self::Archive(frames) => (frames.expected, frames.offset),
        }
    }

    /// Goes on behind a place where the expected batch is not, to one before `until`. False: there is
    /// none.
    pub(crate) fn skip(&mut self, until: Option<BatchNumber>) -> io::Result<bool> {
        match self {
            Self::Segment(scan) => scan.skip(until),
            Self::Archive(frames) => frames.skip(),
        }
    }

    /// What stands behind the last batch of a segment.
    pub(crate) fn rest(&mut self) -> io::Result<Rest> {
        match self {
            Self::Segment(scan) => scan.rest(),
            Self::Archive(_) => Ok(Rest::default()),
        }
    }
}

impl From<NotOpened> for NoWalk {
    fn from(not: NotOpened) -> Self {
        Self::Key(not)
    }
}

impl From<io::Error> for NoWalk {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}
