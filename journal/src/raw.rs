//! A log as it is to be sent: blocks of segments and batches byte for byte as they were written, from
//! segments and, made again, from archives; and what two nodes compare of their logs. Changes nothing,
//! and may read while a writer or a follower writes. Knows no record and no line.

use std::sync::Arc;

use crate::archive::{self, ArchiveHeader};
use crate::base;
use crate::disk::{Disk, Failed};
use crate::format::{
    BATCH_HEADER, BATCH_SEALED, BLOCK, BatchHeader, BatchNumber, Epoch, Position, SegmentHeader,
    SegmentNumber,
};
use crate::mark::{EpochStart, Mark};
use crate::names::Name;
use crate::reader::{Problem, Reader};
use crate::scan::{self, Found};
use crate::seal::{Keys, SegmentKey};
use crate::survey;
use crate::writer::Framed;

/// Reads a log as it is to be sent.
pub struct RawReader<D: Disk> {
    reader: Reader<'static, D>,
    keys: Arc<Keys>,
    /// The segment whose block was given last.
    segment: Option<SegmentNumber>,
    /// A batch that is in `bytes`, and not given yet: its segment's block comes first.
    held: Option<Mark>,
    block: Box<[u8; BLOCK]>,
    bytes: Vec<u8>,
    /// Of the archive that was read last.
    key: Option<(SegmentNumber, SegmentKey)>,
}

impl<D: Disk> RawReader<D> {
    /// Starts with this batch, or, where the log ends before it, with what comes next.
    ///
    /// # Errors
    /// When the log begins after it, or the disk fails.
    pub fn open(disk: &D, keys: Arc<Keys>, from: BatchNumber) -> Result<Self, Problem> {
        let reader = Reader::open_raw(disk, Arc::clone(&keys), from)?;
        let (block, bytes) = (Box::new([0; BLOCK]), Vec::new());
        Ok(Self { reader, keys, segment: None, held: None, block, bytes, key: None })
    }

    /// What comes next: the block of the segment first, then its batches; of the last segment its block even
    /// if no batch of it is wanted or there. None: there is no more yet; ask again later. What is torn at the
    /// end is no batch.
    ///
    /// # Errors
    /// What keeps it from reading on: a batch that can not be made again as it was is damage.
    #[expect(clippy::should_implement_trait, reason = "what it gives lives until the next call")]
    pub fn next(&mut self) -> Result<Option<Framed<'_>>, Problem> {
        if let Some(mark) = self.held.take() {
            return Ok(Some(Framed::Batch(mark, &self.bytes)));
        }
        let Some(raw) = self.reader.next_raw()? else { return Ok(self.open_segment()) };
        let (segment, mark) = (raw.segment, Mark::of(&raw.header));
        let sealing = match &raw.archive {
            None => None,
            Some(archive) => Some(sealing(&mut self.key, &self.keys, archive)?),
        };
        if !as_written(&raw.header, raw.bytes, sealing, &mut self.bytes) {
            return Err(Problem::Damaged(raw.place, Found::WrongSeal));
        }
        if self.segment == Some(segment.segment) {
            return Ok(Some(Framed::Batch(mark, &self.bytes)));
        }
        self.segment = Some(segment.segment);
        self.held = Some(mark);
        segment.write(&mut self.block);
        Ok(Some(Framed::Segment(&self.block)))
    }

    /// The block of the segment in which the log goes on, if it was not given: nothing was written to it yet,
    /// or nothing that is wanted.
    fn open_segment(&mut self) -> Option<Framed<'_>> {
        let segment = self.reader.stands_in().filter(|it| Some(it.segment) != self.segment)?;
        self.segment = Some(segment.segment);
        segment.write(&mut self.block);
        Some(Framed::Segment(&self.block))
    }
}

/// The key of the segment of an archive, which seals its records again.
fn sealing<'a>(
    last: &'a mut Option<(SegmentNumber, SegmentKey)>,
    keys: &Keys,
    archive: &ArchiveHeader,
) -> Result<&'a SegmentKey, Problem> {
    let segment = archive.segment.segment;
    if last.as_ref().is_none_or(|(of, _)| *of != segment) {
        let key = archive::segment_key(keys, archive);
        let key = key.map_err(|not| Problem::key(Name::Archive(segment), not))?;
        *last = Some((segment, key));
    }
    let (_, key) = last.as_ref().expect("just opened");
    Ok(key)
}

/// Puts a batch together as it was written: of its header, and of its records as they stand in a segment
/// or, with the key that seals them again, as they were before. False: it would be another one.
pub(crate) fn as_written(
    header: &BatchHeader,
    records: &[u8],
    sealing: Option<&SegmentKey>,
    into: &mut Vec<u8>,
) -> bool {
    into.clear();
    into.resize(header.size(), 0);
    let (head, rest) = into.split_at_mut(BATCH_HEADER);
    head.copy_from_slice(&header.whole());
    let sealed = &mut rest[..records.len()];
    sealed.copy_from_slice(records);
    let Some(key) = sealing else { return true };
    let tag = key.seal(header.epoch, header.batch, &head[..BATCH_SEALED], sealed);
    tag == header.tag && header.covers(sealed)
}

/// The last `most` epochs of a log, in order, and with which batch each begins there. Of the first one
/// that is still there, that is the first batch that is.
///
/// # Errors
/// What the disk did not do.
pub fn epochs<D: Disk>(disk: &D, most: usize) -> Result<Vec<EpochStart>, Failed> {
    let reigns = reigns(disk, most)?;
    Ok(reigns.into_iter().map(|(start, _)| start).collect())
}

/// The same, and with which record each begins; none where what it began with is gone.
///
/// # Errors
/// What the disk did not do.
pub fn reigns<D: Disk>(
    disk: &D,
    most: usize,
) -> Result<Vec<(EpochStart, Option<Position>)>, Failed> {
    // Segments first: one that is gone by the time that archives are listed has its archive.
    let mut starts: Vec<(EpochStart, Option<Position>)> = Vec::new();
    let segments = survey::segments(disk)?;
    let headers: Vec<_> = segments.iter().filter_map(survey::Segment::in_the_log).collect();
    for header in headers.iter().rev() {
        let SegmentHeader { epoch, first_batch, first_position, .. } = **header;
        before(&mut starts, (epoch, first_batch, first_position));
    }
    let first = headers.first().map(|header| header.segment);
    let mut numbers = archive::numbers(disk)?;
    numbers.retain(|number| first.is_none_or(|first| *number < first));
    // There may be archives of years, and few epochs: of each the first one is looked for by halves. One
    // that has rotted at its beginning says with what it begins all the same: were it passed over, an epoch
    // would seem to begin behind it, and the other node would take the log for another one.
    while starts.len() <= most
        && let Some(&number) = numbers.last()
    {
        let Some(mut begins) = archive::first(disk, number)? else {
            numbers.pop();
            continue;
        };
        let (epoch, ..) = begins;
        let (mut low, mut high) = (0, numbers.len() - 1);
        while low < high {
            let middle = usize::midpoint(low, high);
            match archive::first(disk, numbers[middle])? {
                Some(first) if first.0 == epoch => (high, begins) = (middle, first),
                _ => low = middle + 1,
            }
        }
        before(&mut starts, begins);
        numbers.truncate(high);
    }
    if let (true, Some((_, mark))) = (starts.is_empty(), base::read(disk)?) {
        // What a snapshot has ends with a batch of this epoch.
        starts.push((EpochStart { epoch: mark.epoch, first_batch: mark.batch }, None));
    }
    // Nothing tells whether the oldest that is there began so, but for the first of all.
    let is_oldest = starts.len() <= most;
    if let Some((start, position)) = starts.last_mut().filter(|_| is_oldest)
        && start.first_batch.0 > 1
    {
        *position = None;
    }
    starts.truncate(most);
    starts.reverse();
    Ok(starts)
}

/// Adds what begins before all that is there: a start of another epoch, or an earlier one of the first.
fn before(
    starts: &mut Vec<(EpochStart, Option<Position>)>,
    (epoch, first_batch, first_position): (Epoch, BatchNumber, Position),
) {
    let start = (EpochStart { epoch, first_batch }, Some(first_position));
    match starts.last_mut() {
        Some(last) if last.0.epoch == epoch => *last = start,
        _ => starts.push(start),
    }
}

/// Behind which mark the log that is there begins: [`Mark::ZERO`] if nothing of it is gone, else the end
/// of what is gone, its epoch that of the first segment. None: there is no log.
///
/// # Errors
/// What the disk did not do.
pub fn first_available<D: Disk>(disk: &D) -> Result<Option<Mark>, Failed> {
    let segments = survey::segments(disk)?;
    let mut first = segments.iter().find_map(survey::Segment::in_the_log).copied();
    // Archives are let go of oldest first.
    for number in archive::numbers(disk)? {
        if first.is_some_and(|first| number >= first.segment) {
            break;
        }
        if let Some(header) = archive::header(disk, number)? {
            first = Some(header.segment);
            break;
        }
    }
    Ok(first.map(|first| match first.first_batch.0 {
        0 | 1 => Mark::ZERO,
        _ => Mark::before(&scan::first_of(&first), first.epoch),
    }))
}

#[cfg(test)]
mod tests;
