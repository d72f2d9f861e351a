//! What there is in a journal's directory, by names and first blocks, and what was cut of it.
//! Reads no batch.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use crate::archive::{self, ArchiveHeader};
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BLOCK, BatchNumber, NoHeader, Position, SegmentHeader, SegmentNumber};
use crate::names::Name;
use crate::window::Aligned;

/// A segment by its first block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) number: SegmentNumber,
    pub(crate) header: Result<SegmentHeader, NoHeader>,
    /// Batches with this number or a later one were cut: the log goes on in a later segment.
    pub(crate) until: Option<BatchNumber>,
}

impl Segment {
    /// The header, if it is this segment's own.
    fn own_header(&self) -> Option<&SegmentHeader> {
        self.header.as_ref().ok().filter(|header| header.segment == self.number)
    }

    /// The header, if the log has anything in this segment.
    pub(crate) fn in_the_log(&self) -> Option<&SegmentHeader> {
        let header = self.own_header()?;
        let cut = self.until.is_some_and(|until| header.first_batch >= until);
        (!cut).then_some(header)
    }
}

/// The segments, in order.
pub(crate) fn segments<D: Disk>(disk: &D) -> Result<Vec<Segment>, Failed> {
    segments_but(disk, |_, failed| Err(failed))
}

/// The same, where `unreadable` says what is to be taken for a first block that the disk does not give.
pub(crate) fn segments_but<D: Disk>(
    disk: &D,
    mut unreadable: impl FnMut(SegmentNumber, Failed) -> Result<NoHeader, Failed>,
) -> Result<Vec<Segment>, Failed> {
    let names = disk.list().map_err(Failed::when("list", ""))?;
    let mut segments = Vec::new();
    for name in names.iter().filter_map(|name| Name::parse(name)) {
        let Name::Segment(number) = name else { continue };
        match segment(disk, number) {
            Err(failed) if failed.doing == "read" => {
                let header = Err(unreadable(number, failed)?);
                segments.push(Segment { number, header, until: None });
            }
            one => segments.extend(one?),
        }
    }
    segments.sort_by_key(|segment| segment.number);
    cut(&mut segments);
    Ok(segments)
}

/// None: it was taken away since its name was read, as a segment is that was archived.
fn segment<D: Disk>(disk: &D, number: SegmentNumber) -> Result<Option<Segment>, Failed> {
    let name = Name::Segment(number);
    let file = match disk.open(&name.to_string(), false) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(Failed::when("open", name))?,
    };
    let mut block = Aligned::new(BLOCK);
    let read = file.read_at(0, &mut block).map_err(Failed::when("read", name))?;
    let header = SegmentHeader::read(&block[..read]);
    Ok(Some(Segment { number, header, until: None }))
}

/// Finds what later segments say was cut of those before them.
fn cut(segments: &mut [Segment]) {
    let mut until: Option<BatchNumber> = None;
    for segment in segments.iter_mut().rev() {
        segment.until = until;
        if let Some(header) = segment.own_header() {
            until = Some(until.map_or(header.first_batch, |first| first.min(header.first_batch)));
        }
    }
}

/// The segment behind this one in which the log goes on, and what it starts with.
pub(crate) fn next_in_the_log(segments: &[Segment], index: usize) -> Option<&SegmentHeader> {
    segments[index + 1..].iter().find_map(Segment::in_the_log)
}

/// A part of the log, in order, in the file that has it now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    /// The archive that has it; none: a segment has it.
    pub(crate) archive: Option<ArchiveHeader>,
    /// Of an archive, that of its segment.
    pub(crate) header: SegmentHeader,
    /// The log goes on elsewhere with this batch.
    pub(crate) until: Option<BatchNumber>,
}

impl Stretch {
    pub(crate) fn name(&self) -> Name {
        match self.archive {
            None => Name::Segment(self.header.segment),
            Some(_) => Name::Archive(self.header.segment),
        }
    }

    /// Whether it has this batch, or may come to have it.
    pub(crate) fn has(&self, batch: BatchNumber) -> bool {
        self.header.first_batch <= batch && self.until.is_none_or(|until| until > batch)
    }
}

/// The parts of the log in order, from the one on that has the record at `from`. What is both in a
/// segment and in its archive is in the segment.
pub(crate) fn stretches<D: Disk>(disk: &D, from: Position) -> Result<Vec<Stretch>, Failed> {
    let enough = |header: &SegmentHeader| header.first_position < from;
    stretches_until(disk, enough, |header| header.first_position <= from)
}

/// The same, from the one on that has this batch.
pub(crate) fn stretches_of<D: Disk>(disk: &D, from: BatchNumber) -> Result<Vec<Stretch>, Failed> {
    let begins = |header: &SegmentHeader| header.first_batch <= from;
    stretches_until(disk, begins, begins)
}

/// Backwards over archives until one begins early enough: there may be archives of years. One that the
/// disk does not give is no matter where something behind it `may` begin early enough.
fn stretches_until<D: Disk>(
    disk: &D,
    enough: impl Fn(&SegmentHeader) -> bool,
    may: impl Fn(&SegmentHeader) -> bool,
) -> Result<Vec<Stretch>, Failed> {
    // Segments first: one that is gone by the time that archives are listed has its archive.
    let mut stretches: Vec<Stretch> = Vec::new();
    for segment in segments(disk)? {
        let header = segment.in_the_log();
        stretches.extend(header.map(|&header| Stretch {
            archive: None,
            header,
            until: segment.until,
        }));
    }
    let in_segments: BTreeSet<_> = stretches.iter().map(|one| one.header.segment).collect();
    for number in archive::numbers(disk)?.into_iter().rev() {
        let begins = |one: &Stretch| one.header.segment > number && may(&one.header);
        let listed = match archive::one(disk, number) {
            // All records that are wanted stand behind it.
            Err(_) if stretches.iter().any(begins) => break,
            listed => listed?,
        };
        let Some(header) = listed.and_then(|one| one.header.ok()) else {
            continue;
        };
        if !in_segments.contains(&number) {
            let (archive, until) = (Some(header), Some(header.end.batch));
            stretches.push(Stretch { archive, header: header.segment, until });
        }
        if enough(&header.segment) {
            break;
        }
    }
    stretches.sort_by_key(|stretch| stretch.header.segment);
    Ok(stretches)
}
