//! Which files have a part of the log behind which it goes on, and which part that is: by what stands before
//! and behind each, as its own header may be lost. Reads no batch.

use std::collections::VecDeque;

use super::Range;
use crate::archive::{self, ArchiveHeader, Listed};
use crate::disk::{Disk, Failed};
use crate::format::{BatchNumber, NoHeader, SegmentHeader, SegmentNumber, Tag};
use crate::names::Name;
use crate::scan::Found;
use crate::survey;

/// A sealed segment, in the file that has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sealed {
    pub(super) name: Name,
    /// The segment's header; or what stands in its place.
    pub(super) header: Result<SegmentHeader, Found>,
    pub(super) archive: Option<ArchiveHeader>,
    pub(super) range: Range,
    /// Where it ends is not known, as the file behind it is lost: that one is to be had first.
    pub(super) is_open: bool,
    pub(super) bytes: u64,
}

impl Sealed {
    fn of(name: Name, segment: SegmentNumber, header: Result<SegmentHeader, Found>) -> Self {
        let (from, until) = (BatchNumber(0), BatchNumber(0));
        let range = Range { segment, from, until, end: Tag::default() };
        let bytes = header.map_or(0, |header| header.bytes);
        Self { name, header, archive: None, range, is_open: false, bytes }
    }

    /// One that is not there, behind an archive whose log goes on in another file.
    fn missing(archive: &ArchiveHeader, follows: &SegmentHeader) -> Option<Self> {
        let segment = SegmentNumber(archive.segment.segment.0 + 1);
        let is_one = follows.segment.0 == segment.0 + 1;
        (is_one && archive.end.batch < follows.first_batch).then(|| {
            let until = BatchNumber(follows.first_batch.0 - 1);
            let range = Range { segment, from: archive.end.batch, until, end: follows.previous };
            Self { range, ..Self::of(Name::Archive(segment), segment, Err(Found::Missing)) }
        })
    }
}

/// Every file behind which the log goes on, in order; what is in a segment and in its archive is in both.
pub(super) fn sealed<D: Disk>(disk: &D) -> Result<VecDeque<Sealed>, Failed> {
    let files = files(disk)?;
    let mut all = VecDeque::new();
    for (at, file) in files.iter().enumerate() {
        // What follows says where it ends. The last one gets more.
        let number = file.range.segment;
        let mut behind = files[at..].iter().filter(|other| other.range.segment > number);
        let is_lost_behind = behind.clone().next().is_some_and(|behind| behind.header.is_err());
        let Some(follows) = behind.find_map(|behind| behind.header.ok()) else { continue };
        let is_archived = |other: &Sealed| {
            other.range.segment == number && matches!(other.name, Name::Archive(_))
        };
        let is_lost = matches!(file.name, Name::Segment(_)) && file.header.is_err();
        if is_lost && files.iter().any(is_archived) {
            continue;
        }
        let mut range = Range {
            segment: number,
            from: BatchNumber(0),
            until: BatchNumber(follows.first_batch.0 - 1),
            end: follows.previous,
        };
        let mut is_open = is_lost_behind;
        // An archive says itself where it ends.
        if let Some(archive) = file.archive.filter(|it| it.end.batch < follows.first_batch) {
            range.until = BatchNumber(archive.end.batch.0.saturating_sub(1));
            range.end = archive.end.previous;
            is_open = false;
        }
        range.from = file.header.map_or(range.until, |header| header.first_batch);
        if range.from <= range.until {
            all.push_back(Sealed { range, is_open, ..*file });
        }
        let missing = file.archive.filter(|_| !is_lost_behind);
        all.extend(missing.and_then(|archive| Sealed::missing(&archive, &follows)));
    }
    Ok(all)
}

/// All files that have or had something of the log, by their segments.
fn files<D: Disk>(disk: &D) -> Result<Vec<Sealed>, Failed> {
    let mut unreadable = Vec::new();
    // Segments first: one that is gone by the time that archives are listed has its archive.
    let segments = survey::segments_but(disk, |number, _| {
        unreadable.push(number);
        Ok(NoHeader::Foreign)
    })?;
    let mut files: Vec<Sealed> = Vec::new();
    for number in archive::numbers(disk)? {
        let name = Name::Archive(number);
        let listed = match archive::one(disk, number) {
            Ok(Some(Listed { header, .. })) => header.map_err(|_| Found::BrokenHeader),
            Ok(None) => continue,
            Err(failed) if failed.doing == "read" => Err(Found::Unreadable),
            Err(failed) => return Err(failed),
        };
        let sealed = Sealed::of(name, number, listed.map(|archive| archive.segment));
        let bytes = listed.map_or(0, |archive| archive.bytes);
        files.push(Sealed { archive: listed.ok(), bytes, ..sealed });
    }
    for segment in &segments {
        if segment.header.is_ok() && segment.in_the_log().is_none() {
            continue;
        }
        let is_unreadable = unreadable.contains(&segment.number);
        let lost = if is_unreadable { Found::Unreadable } else { Found::BrokenHeader };
        let (name, header) = (Name::Segment(segment.number), segment.header.map_err(|_| lost));
        files.push(Sealed::of(name, segment.number, header));
    }
    files.sort_by_key(|file| (file.range.segment, file.name));
    Ok(files)
}
