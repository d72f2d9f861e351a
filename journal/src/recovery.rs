//! The start: makes durable what the system still holds, reads the segments from the device, and says where
//! the log ends, or why nothing may start on it. Writes nothing.

use std::io;

use crate::archive;
use crate::base;
use crate::checkpoint::{self, About};
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{
    BLOCK, BatchNumber, Cluster, Epoch, NoHeader, Position, SegmentHeader, SegmentNumber, Tag,
};
use crate::mark::Mark;
use crate::mutants::{Mutant, breaks};
use crate::names::Name;
use crate::scan::{self, Behind, Expected, Found, Rest, Scan, Step};
use crate::seal::{Keys, NotOpened};
use crate::survey::{self, Segment};
use crate::verdict::{self, Facts, Later, Verdict};

/// A log that can be gone on with.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// Whose journal; none if nothing was ever written.
    pub cluster: Option<Cluster>,
    /// The last epoch that wrote anything; the next writer begins the one after it.
    pub last_epoch: Epoch,
    /// The number of the next batch.
    pub next_batch: BatchNumber,
    /// The position of the next record.
    pub next_position: Position,
    /// The tag of the last batch; zeros if there is none.
    pub previous: Tag,
    /// The last batch, and who wrote it. Where the log has none behind a checkpoint, its epoch is that of
    /// the segment that begins there.
    pub end: Mark,
    /// The last record. All that was recovered counts as released: what starts now acts on it.
    pub released: Position,
    /// The furthest record that a header of the log says was released: what is behind it was durable,
    /// and whether anyone was told is not known.
    pub marked: Position,
    /// The number of the next segment.
    pub next_segment: SegmentNumber,
    /// How the log ends.
    pub tail: Tail,
    /// Segments that have something of the log, in order.
    pub segments: Vec<Extent>,
    /// Segments that have no batch of the log: never begun, never written to, or wholly cut. They can
    /// be reused as soon as there is a later one; there is nothing to archive.
    pub left_over: Vec<SegmentNumber>,
    /// The log follows a snapshot that has records up to here, and does not reach that far yet: the rest
    /// comes from the primary. No state follows from it.
    pub lacks: Option<Position>,
}

/// What of the log a segment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Its header.
    pub header: SegmentHeader,
    /// What follows its last batch.
    pub end: Expected,
    /// Where in the segment that would stand.
    pub end_offset: u64,
    /// How many batches it has.
    pub batches: u64,
    /// Bytes of records in them.
    pub length: u64,
}

impl Extent {
    fn begin(header: &SegmentHeader) -> Self {
        let end = scan::first_of(header);
        Self { header: *header, end, end_offset: BLOCK as u64, batches: 0, length: 0 }
    }
}

/// How a log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// There is no log yet.
    Empty,
    /// With its last batch.
    Clean,
    /// A write was under way, and is left out.
    Torn(Torn),
}

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Where.
    pub place: Place,
    /// What stands there.
    pub found: Found,
    /// How many whole headers of batches stand behind it.
    pub headers: u64,
}

/// Where a batch should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// In this segment or archive.
    pub file: Name,
    /// At this byte of it.
    pub offset: u64,
    /// This batch.
    pub batch: BatchNumber,
    /// That starts with this record.
    pub position: Position,
}

/// Why nothing may start on a log.
#[derive(Debug)]
pub enum Refusal {
    /// What was acknowledged is lost or altered.
    Damage(Damage),
    /// None of our keys opens a segment.
    UnknownKey {
        /// Which segment.
        segment: SegmentNumber,
        /// What its header says of the key.
        check: [u8; 8],
    },
    /// The wrapped key of a segment is not what was wrapped.
    AlteredKey(SegmentNumber),
    /// A segment is of another journal, or has another segment's name.
    Foreign {
        /// Its name says this number.
        segment: SegmentNumber,
        /// Its header says this one.
        says: SegmentNumber,
        /// Whose its header says it is.
        cluster: Cluster,
        /// Whose the journal is.
        ours: Cluster,
    },
    /// A newer program wrote a segment or a batch.
    Version {
        /// Which segment.
        file: Name,
        /// Which version.
        version: u16,
    },
    /// There is no segment, and there is this: segments were taken away.
    NoSegments(Name),
    /// The disk did not do what it was asked.
    Disk(Failed),
}

/// What was acknowledged and is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where.
    pub place: Place,
    /// What is known there.
    pub facts: Facts,
    /// The furthest record that something says was released.
    pub released: Position,
}

/// Reads the log. With keys every seal is opened; without, sums are checked.
///
/// What a dead process left in the system's cache is made durable first, so that what is found will
/// not be gone after a power cut later.
///
/// # Errors
/// Why nothing may start on it.
pub fn recover<D: Disk>(disk: &D, keys: Option<&Keys>) -> Result<Recovered, Refusal> {
    make_durable(disk)?;
    assess(disk, keys)
}

/// The same, and nothing is made durable: for those that only look, perhaps while a writer writes.
pub(crate) fn assess<D: Disk>(disk: &D, keys: Option<&Keys>) -> Result<Recovered, Refusal> {
    match up_to_damage(disk, keys)? {
        (recovered, None) => Ok(recovered),
        (_, Some(damage)) => Err(Refusal::Damage(damage)),
    }
}

/// The log, or as much of it as stands before what is damaged.
pub(crate) fn up_to_damage<D: Disk>(
    disk: &D,
    keys: Option<&Keys>,
) -> Result<(Recovered, Option<Damage>), Refusal> {
    let segments = survey::segments(disk)?;
    check_headers(&segments)?;
    let checkpoints = checkpoint::headers(disk)?;
    let archives = archive::numbers(disk)?;
    let base = base::read(disk)?;
    let found = Walk::new(disk, keys, &segments, &checkpoints, base).run(&archives)?;
    let checkpoint = checkpoints.first().map(|about| Name::Checkpoint(about.position));
    let archive = archives.first().map(|&segment| Name::Archive(segment));
    let (mut recovered, damage) = match checkpoint.or(archive) {
        Some(name) if found.0.tail == Tail::Empty => match base {
            Some((cluster, mark)) => (Recovered::behind(mark, cluster), None),
            None => return Err(Refusal::NoSegments(name)),
        },
        _ => found,
    };
    let ahead = base.and(checkpoints.first()).map(|about| about.position);
    recovered.lacks = ahead.filter(|position| *position > recovered.end.position);
    Ok((recovered, damage))
}

pub(crate) fn make_durable<D: Disk>(disk: &D) -> Result<(), Failed> {
    for name in disk.list().map_err(Failed::when("list", ""))? {
        if let Some(Name::Segment(_)) = Name::parse(&name) {
            let file = disk.open(&name, true).map_err(Failed::when("open", &name))?;
            file.sync().map_err(Failed::when("sync", &name))?;
        }
    }
    disk.sync_directory().map_err(Failed::when("sync", ""))
}

fn check_headers(segments: &[Segment]) -> Result<(), Refusal> {
    let mut ours = None;
    for segment in segments {
        match segment.header {
            Err(NoHeader::Version(version)) => {
                return Err(Refusal::Version { file: Name::Segment(segment.number), version });
            }
            Err(NoHeader::Empty | NoHeader::Foreign | NoHeader::Broken) => {}
            Ok(header) => {
                let ours = *ours.get_or_insert(header.cluster);
                if (header.segment, header.cluster) != (segment.number, ours) {
                    let (says, cluster) = (header.segment, header.cluster);
                    return Err(Refusal::Foreign { segment: segment.number, says, cluster, ours });
                }
            }
        }
    }
    Ok(())
}

struct Walk<'a, D> {
    disk: &'a D,
    keys: Option<&'a Keys>,
    segments: &'a [Segment],
    marked: Position,
    /// The last record that a checkpoint has: it was durable.
    folded: Position,
    /// What comes next in the log, once something is known of it.
    expected: Option<Expected>,
    extents: Vec<Extent>,
}

/// What a log begins with.
const FIRST: Expected =
    Expected { batch: BatchNumber(1), position: Position(1), previous: [0; 16] };

/// Where the log stops in a segment.
struct Stop {
    file: Name,
    /// The segments from this one on come after it.
    later: usize,
    offset: u64,
    expected: Expected,
    found: Found,
    rest: Rest,
}

impl Stop {
    fn place(&self) -> Place {
        let Expected { batch, position, .. } = self.expected;
        Place { file: self.file, offset: self.offset, batch, position }
    }
}

impl<'a, D: Disk> Walk<'a, D> {
    fn new(
        disk: &'a D,
        keys: Option<&'a Keys>,
        segments: &'a [Segment],
        checkpoints: &[About],
        base: Option<(Cluster, Mark)>,
    ) -> Self {
        let mut walk = Self {
            disk,
            keys,
            segments,
            marked: Position(0),
            folded: Position(0),
            expected: None,
            extents: Vec::new(),
        };
        let ours = checkpoints.iter().filter(|about| Some(about.cluster) == walk.cluster());
        let base = base.filter(|(cluster, _)| Some(*cluster) == walk.cluster());
        // What a snapshot has was durable elsewhere; here the log comes up to it only later.
        walk.folded = match base {
            Some((_, mark)) => mark.position,
            None => ours.map(|about| about.position).max().unwrap_or_default(),
        };
        walk
    }

    fn run(mut self, archives: &[SegmentNumber]) -> Result<(Recovered, Option<Damage>), Refusal> {
        let (mut tail, mut damage) = (Tail::Empty, None);
        let archived = self.archived(archives)?;
        let stops = archived.into_iter().map(Ok).chain((0..self.segments.len()).map(Err));
        for stop in stops {
            let stop = match stop {
                Ok(archived) => archived,
                Err(index) => match self.segments[index].in_the_log() {
                    Some(header) => self.segment(index, header)?,
                    None => match self.lost_start(index, archives)? {
                        Some(stop) => stop,
                        None => continue,
                    },
                },
            };
            let (facts, rest) = self.facts(&stop)?;
            let place = stop.place();
            tail = match verdict::judge(&facts) {
                Verdict::GoOn => continue,
                Verdict::End => Tail::Clean,
                Verdict::Cut => {
                    Tail::Torn(Torn { place, found: facts.found, headers: rest.headers })
                }
                Verdict::Damage => {
                    let released = self.released(&rest);
                    damage = Some(Damage { place, facts, released });
                    Tail::Clean
                }
                Verdict::Refuse => {
                    let Found::Version(version) = facts.found else { unreachable!("by the table") };
                    return Err(Refusal::Version { file: place.file, version });
                }
            };
            break;
        }
        let epoch = self.wrote_last(archives)?;
        Ok((self.recovered(tail, epoch), damage))
    }

    /// Walks through what the log has in a segment.
    fn segment(&mut self, index: usize, header: &SegmentHeader) -> Result<Stop, Refusal> {
        let segment = header.segment;
        let key = match self.keys {
            None => None,
            Some(keys) => match scan::segment_key(keys, header) {
                Ok(key) => Some(key),
                Err(NotOpened::UnknownKey(check)) => {
                    return Err(Refusal::UnknownKey { segment, check });
                }
                Err(NotOpened::Altered) => return Err(Refusal::AlteredKey(segment)),
            },
        };
        let failed = |error| Failed::when("read", Name::Segment(segment))(error);
        let mut scan = Scan::open(self.disk, *header, key).map_err(failed)?;
        let until = self.segments[index].until;
        let mut extent = Extent::begin(header);
        let mut looked_at = None;
        let (found, rest) = loop {
            let found = self.batches(&mut scan, until, &mut extent).map_err(failed)?;
            if until == Some(scan.expected.batch) {
                break (found, Rest::default());
            }
            let rest = scan.rest().map_err(failed)?;
            let is_clean = found == Found::Empty && rest.behind == Behind::Nothing;
            if is_clean || looked_at == Some(scan.offset) {
                break (found, rest);
            }
            // A writer may have written it, and more behind it, since the first look.
            looked_at = Some(scan.offset);
            scan.look_again(self.disk).map_err(failed)?;
        };
        let (expected, offset) = (scan.expected, scan.offset);
        self.extents.push(extent);
        self.expected = Some(expected);
        let file = Name::Segment(segment);
        Ok(Stop { file, later: index + 1, offset, expected, found, rest })
    }

    /// Walks on until the expected batch is not there, or goes on elsewhere.
    fn batches(
        &mut self,
        scan: &mut Scan<D::File>,
        until: Option<BatchNumber>,
        extent: &mut Extent,
    ) -> io::Result<Found> {
        loop {
            (extent.end, extent.end_offset) = (scan.expected, scan.offset);
            if until == Some(scan.expected.batch) {
                // Whatever stands here was cut.
                return Ok(Found::Empty);
            }
            match scan.step()? {
                Step::Batch(header) => {
                    self.marked = self.marked.max(header.released);
                    extent.batches += 1;
                    extent.length += u64::from(header.length);
                }
                Step::Other(Found::Empty) if scan.is_short() => return Ok(Found::ShortFile),
                Step::Other(found) => return Ok(found),
            }
        }
    }

    /// Gathers what the verdict needs, from all that stands behind the place.
    fn facts(&self, stop: &Stop) -> Result<(Facts, Rest), Failed> {
        let later = self.later(stop);
        let mut rest = stop.rest;
        if later != Later::ThisBatch {
            for index in stop.later..self.segments.len() {
                rest = rest.and(match &self.segments[index].header {
                    Ok(header) => self.whole(header)?,
                    Err(_) => self.rest_without_header(index)?,
                });
            }
        }
        let covered = self.released(&rest) >= stop.expected.position;
        if breaks(Mutant::CutsWithoutLooking) && later != Later::ThisBatch {
            let facts = Facts {
                found: stop.found,
                later: Later::None,
                covered: false,
                behind: rest.behind,
            };
            return Ok((facts, rest));
        }
        Ok((Facts { found: stop.found, later, covered, behind: rest.behind }, rest))
    }

    /// All that stands in a segment that has a header.
    fn whole(&self, header: &SegmentHeader) -> Result<Rest, Failed> {
        let scan = Scan::open(self.disk, *header, None);
        let rest = scan.and_then(|mut scan| scan.rest());
        rest.map_err(Failed::when("read", Name::Segment(header.segment)))
    }

    /// How far records were released, by all that is known.
    fn released(&self, rest: &Rest) -> Position {
        let headers = self.segments.iter().filter_map(|segment| segment.header.as_ref().ok());
        let by_segments = headers.map(|header| header.released).max().unwrap_or_default();
        self.marked.max(self.folded).max(rest.released).max(by_segments)
    }

    fn later(&self, stop: &Stop) -> Later {
        let Some(next) = self.segments[stop.later..].iter().find_map(Segment::in_the_log) else {
            return Later::None;
        };
        if next.first_batch == stop.expected.batch {
            let goes_on = breaks(Mutant::IgnoresTheChain) || scan::first_of(next) == stop.expected;
            return if goes_on { Later::ThisBatch } else { Later::OtherBranch };
        }
        Later::AfterIt
    }

    fn cluster(&self) -> Option<Cluster> {
        let headers = self.segments.iter().filter_map(|segment| segment.header.as_ref().ok());
        headers.map(|header| header.cluster).next()
    }

    fn recovered(self, tail: Tail, epoch: Epoch) -> Recovered {
        let expected = self.expected.unwrap_or(FIRST);
        let headers = self.segments.iter().filter_map(|segment| segment.header.as_ref().ok());
        let last_epoch = headers.map(|header| header.epoch).max().unwrap_or_default();
        let last = self.segments.last().map_or(0, |segment| segment.number.0);
        let parts = self.extents.iter().filter(|extent| extent.batches > 0);
        let is_part = |number| parts.clone().any(|extent| extent.header.segment == number);
        let numbers = self.segments.iter().map(|segment| segment.number);
        Recovered {
            cluster: self.cluster(),
            last_epoch,
            next_batch: expected.batch,
            next_position: expected.position,
            previous: expected.previous,
            end: Mark::before(&expected, epoch),
            released: Position(expected.position.0.saturating_sub(1)),
            marked: self.marked,
            next_segment: SegmentNumber(last.saturating_add(1)),
            tail,
            left_over: numbers.filter(|&number| !is_part(number)).collect(),
            segments: self.extents,
            lacks: None,
        }
    }
}

mod beginning;

mod told;

mod whose;

#[cfg(test)]
mod tests;
