//! The follower: writes what a primary wrote, at the same places, byte for byte, and says how far it is
//! durable. Must not know who sends it, what a record says, or which thread runs it.
//!
//! What holds after a crash at any instant, beside what holds for a writer:
//!
//! 1. It goes on in the segment in which its log ends: what was torn there was never called durable, is
//!    zeros before anything else is written, and comes again from the primary.
//! 2. A batch is taken only if it is the next one: of this cluster and segment, with the next number, the
//!    next position and the tag of the last one, with its check and sum. So what it has is the primary's
//!    log up to there, and nothing else ever was.
//! 3. A batch that says that a record was released is written when that record is durable here. So a
//!    standby's torn end is never covered by what stands behind it, whatever the primary released
//!    meanwhile: where recovery says damage, it is damage.
//! 4. A segment is begun when all batches before it are durable here.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::broken::Broken;
use crate::disk::{Disk, Failed};
use crate::erase;
use crate::format::{
    BATCH_HEADER, BLOCK, BatchHeader, Cluster, Epoch, NoHeader, Position, SegmentHeader,
    SegmentNumber,
};
use crate::mark::Mark;
use crate::mutants::{Mutant, breaks};
use crate::names::Name;
use crate::path::WritePath;
use crate::recovery::{Extent, Recovered, Tail};
use crate::repair::{self, Repair, Stands};
use crate::scan::{self, Expected, Found};
use crate::seal::{Keys, NotOpened};
use crate::segments::Spares;
use crate::writer::{self, Start};

mod problem;

mod repairing;

mod unused;

pub use self::problem::Problem;

/// The longest segment that is taken.
pub const SEGMENT_MAX: u64 = 1 << 30;

/// The one writer of a standby's journal.
#[derive(Debug)]
pub struct Follower<D: Disk, P: WritePath> {
    disk: D,
    path: P,
    keys: Arc<Keys>,
    spares: Arc<Spares>,
    cluster: Option<Cluster>,
    segment: Option<Segment>,
    /// The one before it, as long as nothing was written to it: the log may go on there.
    before: Option<Segment>,
    /// The last batch that was taken.
    received: Mark,
    durable: Mark,
    /// As far as a header says.
    released: Position,
    /// The latest epoch of a segment.
    epoch: Epoch,
    /// Of a log without a segment.
    next_segment: SegmentNumber,
    /// The end of each batch under way, in order.
    submitted: VecDeque<Mark>,
    /// Batches that are durable, of all that the path was given.
    landed: u64,
    /// Segments behind the end that nothing was written to.
    unused: Vec<SegmentNumber>,
    /// A snapshot has records up to here, and the log does not reach that far yet.
    lacks: Option<Position>,
    repair: Option<Repair>,
    broken: Option<Broken>,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    header: SegmentHeader,
    /// Where the next batch begins.
    end: u64,
}

/// What became of a block or a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// It is on its way; everything up to this mark was taken.
    It(Mark),
    /// It was there.
    NotNew,
    /// It begins a segment, and no spare is ready: wait for one, and offer it again.
    NoSpare,
}

impl<D: Disk, P: WritePath> Follower<D, P> {
    /// Goes on where a log ends, on a path that nothing was written to. A log that was never begun is of
    /// the `cluster` that is named, else of that which sends first. What is torn at the end is zeros then,
    /// unless there is something to `repair`: what stands there may be needed.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn begin(
        disk: D,
        path: P,
        keys: Arc<Keys>,
        spares: Arc<Spares>,
        recovered: &Recovered,
        cluster: Option<Cluster>,
        repair: Option<Repair>,
    ) -> Result<Self, Broken> {
        let mut follower = Self {
            disk,
            path,
            keys,
            spares,
            cluster: recovered.cluster.or(cluster),
            segment: None,
            before: None,
            received: recovered.end,
            durable: recovered.end,
            released: recovered.marked,
            epoch: recovered.end.epoch,
            next_segment: recovered.next_segment,
            submitted: VecDeque::with_capacity(8),
            landed: 0,
            unused: Vec::new(),
            lacks: recovered.lacks,
            repair,
            broken: None,
        };
        // A segment that was begun and never written to is none of the log's: the primary's may go on in the
        // one before it, or in another one.
        let has_any = |extent: &&Extent| extent.batches > 0 || follower.repair.is_some();
        let last = recovered.segments.iter().rfind(has_any);
        let open = last.map(|extent| extent.header.segment);
        for &number in recovered.left_over.iter().filter(|&&number| Some(number) < open) {
            follower.spares.archived(number);
        }
        follower.unused.clone_from(&recovered.left_over);
        follower.unused.retain(|&number| open < Some(number) && follower.repair.is_none());
        // None of what stands behind the end is sealed.
        for number in repair::segments_behind(&follower.disk, open).map_err(of)? {
            follower.spares.forget(number);
        }
        if let Some(extent) = last {
            follower.go_on(extent, recovered)?;
        }
        Ok(follower)
    }

    fn go_on(&mut self, extent: &Extent, recovered: &Recovered) -> Result<(), Broken> {
        let Extent { header, end_offset, .. } = *extent;
        let name = Name::Segment(header.segment);
        if self.repair.is_some() {
            self.lengthen(&header).map_err(Broken::at(&name.to_string(), "not made longer"))?;
        } else {
            let is_torn = matches!(recovered.tail, Tail::Torn(_)) || !self.unused.is_empty();
            self.remove_unused(None)?;
            if is_torn && !breaks(Mutant::LeavesTheTornEnd) {
                erase::zero_behind(&self.disk, name, end_offset).map_err(of)?;
            }
        }
        let begun = self.path.begin(&name.to_string(), header.bytes);
        begun.map_err(Broken::at(&name.to_string(), "not opened to be written"))?;
        self.spares.forget(header.segment);
        self.epoch = header.epoch;
        self.segment = Some(Segment { header, end: end_offset });
        self.leave_the_base().map_err(of)
    }

    /// Takes the first block of a segment: all before it is durable then.
    ///
    /// # Errors
    /// Why not; only after [`Problem::Broken`] is this follower at its end.
    pub fn segment(&mut self, block: &[u8]) -> Result<Took, Problem> {
        self.sound()?;
        let header = SegmentHeader::read(block).map_err(Problem::NotWritten)?;
        let mut again = [0; BLOCK];
        header.write(&mut again);
        if again != block {
            return Err(Problem::NotWritten(NoHeader::Foreign));
        }
        if self.segment.as_ref().is_some_and(|segment| segment.header == header) {
            return Ok(Took::NotNew);
        }
        if let Some(before) = self.before.filter(|before| before.header == header) {
            self.go_back(before)?;
            return Ok(Took::It(self.received));
        }
        self.fits(&header)?;
        match scan::segment_key(&self.keys, &header) {
            Ok(_) => {}
            Err(NotOpened::UnknownKey(check)) => return Err(Problem::UnknownKey(check)),
            Err(NotOpened::Altered) => return Err(Problem::AlteredKey),
        }
        self.drain()?;
        let name = Name::Segment(header.segment);
        if self.repair.is_some() {
            self.ends_here()?;
        }
        let stands = match &self.repair {
            Some(_) => {
                Stands::segment(&self.disk, &header).or_else(|failed| self.fail(of(failed)))?
            }
            None => Stands::Nothing,
        };
        match stands {
            Stands::Another => return Err(Problem::Diverged),
            Stands::TheSame => {}
            Stands::Nothing => {
                let Some(spare) = self.spare(&header)? else { return Ok(Took::NoSpare) };
                let made = writer::prepare(&self.disk, &spare, &name.to_string(), &header);
                made.or_else(|error| self.fail(Broken::at(&spare, "not made a segment")(error)))?;
            }
        }
        let begun = self.path.begin(&name.to_string(), header.bytes);
        begun.or_else(|error| {
            self.fail(Broken::at(&name.to_string(), "not opened to be written")(error))
        })?;
        self.spares.forget(header.segment);
        self.leave();
        self.remove_unused(Some(header.segment))?;
        if self.before.is_none() {
            self.leave_the_base().or_else(|failed| self.fail(of(failed)))?;
        }
        (self.cluster, self.epoch) = (Some(header.cluster), header.epoch);
        self.released = self.released.max(header.released);
        self.segment = Some(Segment { header, end: BLOCK as u64 });
        Ok(Took::It(self.received))
    }

    fn fits(&self, header: &SegmentHeader) -> Result<(), Problem> {
        let Expected { batch, position, previous } = self.received.next();
        let written = if self.is_unused() { &self.before } else { &self.segment };
        let after = written.as_ref().map(|segment| segment.header.segment);
        let epoch = written.as_ref().map_or(Epoch(0), |segment| segment.header.epoch);
        let found = if self.cluster.is_some_and(|cluster| cluster != header.cluster) {
            Found::OtherCluster
        } else if header.first_batch != batch {
            Found::OtherBatch(header.first_batch)
        } else if header.previous != previous && !breaks(Mutant::IgnoresTheChain) {
            Found::OtherPrevious
        } else if header.first_position != position || header.released >= position {
            Found::OtherPosition(header.first_position)
        } else if after >= Some(header.segment) || header.epoch < epoch {
            Found::OtherSegment
        } else {
            let whole = header.bytes.is_multiple_of(BLOCK as u64);
            if !whole || !(2 * BLOCK as u64..=SEGMENT_MAX).contains(&header.bytes) {
                return Err(Problem::Length(header.bytes));
            }
            return Ok(());
        };
        Err(Problem::Misfit(found))
    }

    /// A file for a segment; one of another length than spares have is made on the spot.
    fn spare(&mut self, header: &SegmentHeader) -> Result<Option<String>, Problem> {
        if header.bytes == self.spares.segment_bytes() {
            return Ok(self.spares.take());
        }
        let unfinished = Name::Segment(header.segment).unfinished();
        let made = writer::make(&self.disk, &unfinished, header.bytes);
        made.or_else(|error| self.fail(Broken::at(&unfinished, "not made")(error)))?;
        Ok(Some(unfinished))
    }

    /// Takes a batch, whole blocks as they were written, and sends it on its way. It waits for its own
    /// disk where there is no room, or where the batch must not be durable before another.
    ///
    /// # Errors
    /// As [`Follower::segment`].
    pub fn batch(&mut self, bytes: &[u8]) -> Result<Took, Problem> {
        self.sound()?;
        let header = check(bytes)?;
        let Some(segment) = &self.segment else {
            return Err(Problem::Misfit(Found::OtherSegment));
        };
        if let Some(found) = scan::differs(&header, &segment.header, &self.received.next()) {
            return Err(Problem::Misfit(found));
        }
        if header.released >= header.first_position {
            return Err(Problem::Misfit(Found::OtherPosition(header.released)));
        }
        let (name, offset) = (Name::Segment(segment.header.segment), segment.end);
        if offset + bytes.len() as u64 > segment.header.bytes {
            return Err(Problem::Misfit(Found::TooLong));
        }
        let mark = Mark::of(&header);
        let stands = match &self.repair {
            Some(_) => {
                let stands = Stands::batch(&self.disk, name, offset, bytes);
                stands.or_else(|failed| self.fail(of(failed)))?
            }
            None => Stands::Nothing,
        };
        match stands {
            Stands::Another => return Err(Problem::Diverged),
            Stands::TheSame => {
                self.drain()?;
                self.durable = mark;
            }
            Stands::Nothing if self.repair.is_some() => {
                self.drain()?;
                let written = erase::write(&self.disk, name, offset, bytes);
                written.or_else(|failed| self.fail(of(failed)))?;
                self.durable = mark;
            }
            Stands::Nothing => self.write(&header, bytes, offset)?,
        }
        if let Some(before) = self.before.take() {
            self.spares.seal(before.header.segment);
        }
        self.received = mark;
        self.released = self.released.max(header.released);
        self.segment.as_mut().expect("it was there").end += bytes.len() as u64;
        Ok(Took::It(mark))
    }

    fn write(&mut self, header: &BatchHeader, bytes: &[u8], offset: u64) -> Result<(), Problem> {
        // What it says that was released is durable here before it is.
        let covers = header.released.min(self.received.position);
        while self.durable.position < covers && !breaks(Mutant::CoversWhatIsUnderWay) {
            self.poll(true)?;
        }
        while self.path.buffer().is_none() {
            self.poll(true)?;
        }
        let buffer = self.path.buffer().expect("there is room");
        buffer[..bytes.len()].copy_from_slice(bytes);
        let submitted = self.path.submit(offset, bytes.len());
        submitted.or_else(|error| self.not_durable(error))?;
        self.submitted.push_back(Mark::of(header));
        Ok(())
    }

    /// Up to where everything that was taken is durable. `wait`: come back only when that has changed, or
    /// when nothing is under way.
    ///
    /// # Errors
    /// The first write or sync that failed.
    pub fn poll(&mut self, wait: bool) -> Result<Mark, Broken> {
        self.sound()?;
        let landed = self.path.poll(wait);
        let landed = landed.or_else(|error| self.not_durable(error))?;
        assert!(landed >= self.landed, "what was durable stays so");
        for _ in self.landed..landed {
            self.durable = self.submitted.pop_front().expect("only what was submitted is durable");
        }
        self.landed = landed;
        if self.lacks.is_some_and(|position| self.durable.position >= position) {
            self.lacks = None;
            self.leave_the_base().or_else(|failed| self.fail(of(failed)))?;
        }
        if breaks(Mutant::CallsReceivedDurable) {
            return Ok(self.received);
        }
        Ok(self.durable)
    }

    /// Makes all that was taken durable: before a promise, and before another reign.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn seal(&mut self) -> Result<Mark, Broken> {
        self.drain()?;
        Ok(self.durable)
    }

    fn drain(&mut self) -> Result<(), Broken> {
        while !self.submitted.is_empty() {
            self.poll(true)?;
        }
        Ok(())
    }

    /// The last batch that was taken.
    pub fn received(&self) -> Mark {
        self.received
    }

    /// The last batch up to which everything is durable, as of the last poll.
    pub fn durable(&self) -> Mark {
        self.durable
    }

    /// The furthest record that a header says was released.
    pub fn released(&self) -> Position {
        self.released
    }

    /// Batches under way.
    pub fn under_way(&self) -> usize {
        self.submitted.len()
    }

    /// Whose journal it is, once that is known.
    pub fn cluster(&self) -> Option<Cluster> {
        self.cluster
    }

    /// What the next writer needs: this node reigns from here on, in this epoch. All that was taken counts
    /// as released, as after a start.
    ///
    /// # Panics
    /// If something is under way, the log is not whole, or the epoch is not a later one.
    pub fn into_start(self, epoch: Epoch, cluster_if_new: Cluster) -> Start {
        assert!(self.submitted.is_empty() && self.repair.is_none(), "sealed, and whole");
        assert!(epoch > self.epoch, "a reign has an epoch of its own");
        let after = |segment: &Segment| SegmentNumber(segment.header.segment.0 + 1);
        let next_segment = self.segment.as_ref().map_or(self.next_segment, after);
        let is_unused = self.is_unused();
        for segment in self.before.iter().chain(&self.segment) {
            self.spares.seal(segment.header.segment);
        }
        if let Some(segment) = self.segment.as_ref().filter(|_| is_unused) {
            // There is nothing to archive.
            self.spares.archived(segment.header.segment);
        }
        let Mark { position, .. } = self.received;
        let next = self.received.next();
        Start {
            cluster: self.cluster.unwrap_or(cluster_if_new),
            epoch,
            next_segment,
            next_batch: next.batch,
            next_position: next.position,
            previous: next.previous,
            released: position,
            last_epoch: self.received.epoch,
        }
    }

    fn sound(&self) -> Result<(), Broken> {
        match &self.broken {
            None => Ok(()),
            Some(broken) => Err(broken.clone()),
        }
    }

    fn fail<T>(&mut self, broken: Broken) -> Result<T, Broken> {
        self.broken = Some(broken.clone());
        Err(broken)
    }

    fn not_durable<T>(&mut self, error: std::io::Error) -> Result<T, Broken> {
        let number = self.segment.as_ref().expect("a batch went to it").header.segment;
        self.fail(Broken::at(&Name::Segment(number).to_string(), "not written and synced")(error))
    }
}

/// A batch as a writer writes it: its check and its sum agree, and the rest is zeros.
pub(crate) fn check(bytes: &[u8]) -> Result<BatchHeader, Problem> {
    let header = BatchHeader::read(bytes).map_err(Problem::NotWritten)?;
    if header.size() != bytes.len() {
        return Err(Problem::Misfit(Found::TooLong));
    }
    let (head, rest) = bytes.split_at(BATCH_HEADER);
    let (records, padding) = rest.split_at(usize::try_from(header.length).expect("64-bit machine"));
    if head != header.whole() || padding.iter().any(|&byte| byte != 0) {
        return Err(Problem::NotWritten(NoHeader::Foreign));
    }
    if !header.covers(records) && !breaks(Mutant::TakesAnyBatch) {
        return Err(Problem::Misfit(Found::WrongSum));
    }
    Ok(header)
}

fn of(failed: Failed) -> Broken {
    Broken::at(&failed.file, "not changed")(failed.error)
}

#[cfg(test)]
mod tests;
