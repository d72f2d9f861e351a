//! The writer: records become batches, batches go to the segment by a write path, and positions
//! become durable. Must not know what a record says, which thread runs it or what time it is.
//!
//! ```text
//!   append  append  append  commit                   poll
//!  +------+--------+-------+---------------+        +-----------------+
//!  | room | record | ...   | seal, header, | -----> | contiguous      | --> durable position
//!  | 128  | record |       | checks        | submit | prefix of       |
//!  +------+--------+-------+---------------+        | what is durable |
//!   the path's own buffer, sealed in place          +-----------------+
//! ```
//!
//! What holds after a crash at any instant:
//!
//! 1. A segment gets its name after its header is durable, so none is ever without one.
//! 2. A segment is begun when all batches of the one before are durable. So what is missing before
//!    the end of a segment that has a successor was lost, and not merely never finished.
//! 3. A batch fills whole blocks, and its blocks are written once. So what was acknowledged is never
//!    touched again.
//! 4. A header states as released only what was durable when it was framed. So a batch that is bad
//!    although a later one states it as released is damage, and any other is a torn tail.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::broken::Broken;
use crate::disk::{Disk, DiskFile};
use crate::format::{
    BATCH_HEADER, BATCH_MAX, BATCH_SEALED, BLOCK, BatchHeader, BatchNumber, Cluster, Epoch,
    Position, RECORD_HEAD, RECORD_MAX, SegmentHeader, SegmentNumber, Tag, padded,
};
use crate::mark::Mark;
use crate::names::Name;
use crate::path::WritePath;
use crate::seal::{KeyOwner, Keys, SegmentKey};
use crate::segments::Spares;

mod start;

mod tap;

pub use self::start::Start;
pub use self::tap::Framed;
use self::tap::Tap;

/// The one writer of a journal.
#[derive(Debug)]
pub struct Writer<D: Disk, P: WritePath> {
    disk: D,
    path: P,
    keys: Arc<Keys>,
    spares: Arc<Spares>,
    cluster: Cluster,
    epoch: Epoch,
    segment: Segment,
    /// Records of the open batch, and their bytes in its buffer.
    count: u32,
    length: usize,
    next_batch: BatchNumber,
    /// The position of the open batch's first record.
    first_position: Position,
    previous: Tag,
    /// As the last header said.
    released: Position,
    durable: Mark,
    /// The end of each batch under way, in order.
    submitted: VecDeque<Mark>,
    /// Batches that are durable, of all that the path was given.
    landed: u64,
    broken: Option<Broken>,
    written: Written,
    tap: Option<Tap>,
}

#[derive(Debug)]
struct Segment {
    header: SegmentHeader,
    key: SegmentKey,
    /// Where the next batch begins.
    end: u64,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is in the open batch.
    Taken(Position),
    /// There is no room: commit what is open, or poll if nothing is, and offer it again.
    Full,
}

/// What became of the open batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is on its way.
    Submitted,
    /// There was none, or nothing to say in an empty one.
    Nothing,
    /// The segment is full, and no spare is ready: wait for one and commit again. Everything
    /// submitted before is durable.
    NoSpare,
}

/// What a writer has written so far: batches only, without headers of segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of the records.
    pub record_bytes: u64,
    /// Bytes of the batches as they are on the disk.
    pub batch_bytes: u64,
    /// How many times a segment was full.
    pub roll_overs: u64,
}

impl<D: Disk, P: WritePath> Writer<D, P> {
    /// Begins a segment where an earlier writer ended. A spare must be ready: step the keeper first.
    /// The path is a new one.
    ///
    /// # Errors
    /// What the disk refused; no spare is `StorageFull`.
    ///
    /// # Panics
    /// If more was released than is durable.
    pub fn begin(
        disk: D,
        path: P,
        keys: Arc<Keys>,
        start: &Start,
        spares: Arc<Spares>,
        now_ns: u64,
    ) -> Result<Self, Broken> {
        let durable = Position(start.next_position.0 - 1);
        assert!(start.released <= durable, "nothing was released that is not there");
        let spare = spares.take().ok_or_else(|| {
            Broken::at("the directory", "no spare segment")(io::ErrorKind::StorageFull.into())
        })?;
        let mut path = path;
        let segment =
            begin_segment(&disk, &mut path, &keys, &spare, spares.segment_bytes(), start, now_ns)?;
        Ok(Self {
            disk,
            path,
            keys,
            spares,
            cluster: start.cluster,
            epoch: start.epoch,
            segment,
            count: 0,
            length: 0,
            next_batch: start.next_batch,
            first_position: start.next_position,
            previous: start.previous,
            released: start.released,
            durable: start.end(),
            submitted: VecDeque::with_capacity(8),
            landed: 0,
            broken: None,
            written: Written::default(),
            tap: None,
        })
    }

    /// From now on this hears of every first block of a segment and of every batch, in order, before it
    /// is sent to the disk; and at once of the block of the segment that is open. What it does is in the
    /// way of the commit: it copies, or counts that it could not, and never waits for a disk or a line.
    pub fn tap(&mut self, tap: Box<dyn FnMut(Framed<'_>) + Send>) {
        let mut tap = Tap(tap);
        tap.hear_of(&self.segment.header);
        self.tap = Some(tap);
    }

    /// Takes a record into the open batch. It has a position now; it is durable when
    /// [`Writer::poll`] says so.
    ///
    /// # Errors
    /// When anything failed before.
    ///
    /// # Panics
    /// If the record is empty or longer than [`RECORD_MAX`].
    pub fn append(&mut self, record: &[u8]) -> Result<Appended, Broken> {
        self.sound()?;
        assert!((1..=RECORD_MAX).contains(&record.len()), "{} bytes are no record", record.len());
        let start = BATCH_HEADER + self.length;
        let end = start + RECORD_HEAD + record.len();
        if end > self.batch_max() {
            return Ok(Appended::Full);
        }
        let Some(buffer) = self.path.buffer() else { return Ok(Appended::Full) };
        let (head, body) = buffer[start..end].split_at_mut(RECORD_HEAD);
        let length = u16::try_from(record.len()).expect("the longest has 60 KiB");
        head.copy_from_slice(&length.to_le_bytes());
        body.copy_from_slice(record);
        let position = Position(self.first_position.0 + u64::from(self.count));
        self.count += 1;
        self.length = end - BATCH_HEADER;
        self.written.record_bytes += u64::from(length);
        Ok(Appended::Taken(position))
    }

    /// Seals the open batch and sends it on its way. `released`: everything up to here was released;
    /// `now_ns`: nanoseconds since 1970 UTC.
    ///
    /// # Errors
    /// What the disk refused, now or before.
    ///
    /// # Panics
    /// If `released` goes back, or ahead of what is durable.
    pub fn commit(&mut self, released: Position, now_ns: u64) -> Result<Committed, Broken> {
        self.sound()?;
        if self.count == 0 { Ok(Committed::Nothing) } else { self.frame(released, now_ns) }
    }

    /// Commits, with an empty batch if no record is open, so that what was released is known after a
    /// crash. Nothing if the last batch said the same.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    ///
    /// # Panics
    /// As [`Writer::commit`].
    pub fn mark(&mut self, released: Position, now_ns: u64) -> Result<Committed, Broken> {
        self.sound()?;
        if self.count == 0 && (released == self.released || self.path.buffer().is_none()) {
            return Ok(Committed::Nothing);
        }
        self.frame(released, now_ns)
    }

    /// Up to where everything is durable. `wait`: come back only when that has changed, or when
    /// nothing is under way.
    ///
    /// # Errors
    /// The first write or sync that failed.
    pub fn poll(&mut self, wait: bool) -> Result<Position, Broken> {
        self.sound()?;
        let landed = self.path.poll(wait);
        let landed = landed.or_else(|error| self.not_durable(error))?;
        assert!(landed >= self.landed, "what was durable stays so");
        for _ in self.landed..landed {
            let last = self.submitted.pop_front().expect("only what was submitted is durable");
            assert!(last.position >= self.durable.position, "positions become durable in order");
            self.durable = last;
        }
        self.landed = landed;
        Ok(self.durable.position)
    }

    /// Records in the open batch.
    pub fn open_records(&self) -> u32 {
        self.count
    }

    /// Bytes of the open batch, without header and padding.
    pub fn open_bytes(&self) -> usize {
        self.length
    }

    /// Batches under way.
    pub fn under_way(&self) -> usize {
        self.submitted.len()
    }

    /// Up to where everything is durable, as of the last poll.
    pub fn durable(&self) -> Position {
        self.durable.position
    }

    /// The last batch up to which everything is durable, as of the last poll; at first that before the
    /// start.
    pub fn durable_mark(&self) -> Mark {
        self.durable
    }

    /// The last batch that was framed; at first that before the start.
    pub fn framed(&self) -> Mark {
        self.submitted.back().copied().unwrap_or(self.durable)
    }

    /// What was released, as the last header says.
    pub fn released(&self) -> Position {
        self.released
    }

    /// The position that the next record gets.
    pub fn next_position(&self) -> Position {
        Position(self.first_position.0 + u64::from(self.count))
    }

    /// The segment that batches go to.
    pub fn segment(&self) -> SegmentNumber {
        self.segment.header.segment
    }

    /// What was written so far.
    pub fn written(&self) -> Written {
        self.written
    }

    fn frame(&mut self, released: Position, now_ns: u64) -> Result<Committed, Broken> {
        assert!(released >= self.released, "what was released stays so");
        assert!(released <= self.durable.position, "nothing is released before it is durable");
        let size = padded(self.length);
        if long(size) > self.segment.header.bytes - self.segment.end {
            while self.under_way() > 0 {
                self.poll(true)?;
            }
            let Some(spare) = self.spares.take() else { return Ok(Committed::NoSpare) };
            self.roll_over(&spare, released, now_ns)?;
        }
        let header = BatchHeader {
            cluster: self.cluster,
            segment: self.segment.header.segment,
            batch: self.next_batch,
            epoch: self.epoch,
            count: self.count,
            first_position: self.first_position,
            released,
            length: u32::try_from(self.length).expect("a batch is at most 1 MiB"),
            written_ns: now_ns,
            previous: self.previous,
            tag: [0; 16],
            sum: 0,
        };
        let buffer = self.path.buffer().expect("an open batch has its buffer");
        self.previous = seal(&header, &self.segment.key, buffer);
        let mark = Mark { tag: self.previous, ..Mark::of(&header) };
        if let Some(Tap(tap)) = &mut self.tap {
            tap(Framed::Batch(mark, &buffer[..size]));
        }
        let submitted = self.path.submit(self.segment.end, size);
        submitted.or_else(|error| self.not_durable(error))?;
        self.advance(mark, released, size);
        Ok(Committed::Submitted)
    }

    fn advance(&mut self, mark: Mark, released: Position, size: usize) {
        self.submitted.push_back(mark);
        self.first_position = self.next_position();
        self.written.batches += 1;
        self.written.records += u64::from(self.count);
        self.written.batch_bytes += long(size);
        (self.count, self.length) = (0, 0);
        self.next_batch.0 += 1;
        self.segment.end += long(size);
        self.released = released;
    }

    fn roll_over(&mut self, spare: &str, released: Position, now_ns: u64) -> Result<(), Broken> {
        assert!(self.submitted.is_empty(), "all of the segment before is durable");
        let start = Start {
            cluster: self.cluster,
            epoch: self.epoch,
            next_segment: SegmentNumber(self.segment.header.segment.0 + 1),
            next_batch: self.next_batch,
            next_position: self.first_position,
            previous: self.previous,
            released,
            last_epoch: self.durable.epoch,
        };
        let (disk, path, keys) = (&self.disk, &mut self.path, &*self.keys);
        let bytes = self.spares.segment_bytes();
        match begin_segment(disk, path, keys, spare, bytes, &start, now_ns) {
            Ok(segment) => {
                self.spares.seal(self.segment.header.segment);
                self.segment = segment;
                if let Some(tap) = &mut self.tap {
                    tap.hear_of(&self.segment.header);
                }
                self.written.roll_overs += 1;
                Ok(())
            }
            Err(broken) => self.fail(broken),
        }
    }

    /// A batch must fit into an empty segment, behind its header.
    fn batch_max(&self) -> usize {
        let room =
            usize::try_from(self.segment.header.bytes - long(BLOCK)).expect("64-bit machine");
        room.min(BATCH_MAX)
    }

    fn sound(&self) -> Result<(), Broken> {
        match &self.broken {
            None => Ok(()),
            Some(broken) => Err(broken.clone()),
        }
    }

    /// From here on nothing is written, and no position becomes durable.
    fn fail<T>(&mut self, broken: Broken) -> Result<T, Broken> {
        self.broken = Some(broken.clone());
        Err(broken)
    }

    fn not_durable<T>(&mut self, error: io::Error) -> Result<T, Broken> {
        let file = Name::Segment(self.segment.header.segment).to_string();
        self.fail(Broken::at(&file, "not written and synced")(error))
    }
}

/// Makes a spare a segment: its header, durable; its name, durable; then it is written to.
fn begin_segment<D: Disk, P: WritePath>(
    disk: &D,
    path: &mut P,
    keys: &Keys,
    spare: &str,
    bytes: u64,
    start: &Start,
    now_ns: u64,
) -> Result<Segment, Broken> {
    let number = start.next_segment;
    let name = Name::Segment(number).to_string();
    let whose = KeyOwner { cluster: start.cluster, segment: number, epoch: start.epoch };
    let (key, wrapped_key) = keys.current.make_segment_key(&whose);
    let header = SegmentHeader {
        cluster: start.cluster,
        segment: number,
        epoch: start.epoch,
        path: path.kind(),
        bytes,
        first_batch: start.next_batch,
        first_position: start.next_position,
        released: start.released,
        created_ns: now_ns,
        previous: start.previous,
        key_check: keys.current.check_value(),
        wrapped_key,
    };
    prepare(disk, spare, &name, &header).map_err(Broken::at(spare, "not made a segment"))?;
    path.begin(&name, bytes).map_err(Broken::at(&name, "not opened to be written"))?;
    Ok(Segment { header, key, end: long(BLOCK) })
}

/// Makes a file of zeros that can become a segment, where no spare has its length. Durable it is with its
/// header.
pub(crate) fn make<D: Disk>(disk: &D, name: &str, bytes: u64) -> io::Result<()> {
    match disk.remove(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => disk.create(name, bytes).map(|_| ()),
    }
}

/// Makes a file of zeros a segment: its header is durable before its name is.
pub(crate) fn prepare<D: Disk>(
    disk: &D,
    spare: &str,
    name: &str,
    header: &SegmentHeader,
) -> io::Result<()> {
    let mut block = [0; BLOCK];
    header.write(&mut block);
    let file = disk.open(spare, true)?;
    if file.bytes()? != header.bytes {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it has another length"));
    }
    file.write_at(0, &block)?;
    file.sync()?;
    disk.rename(spare, name)?;
    disk.sync_directory()
}

/// Seals the records in the buffer, writes the header in front of them and zeros behind.
fn seal(header: &BatchHeader, key: &SegmentKey, buffer: &mut [u8]) -> Tag {
    let (front, rest) = buffer.split_first_chunk_mut().expect("a buffer holds a header");
    let length = usize::try_from(header.length).expect("64-bit machine");
    let (records, padding) = rest[..header.size() - BATCH_HEADER].split_at_mut(length);
    header.write_sealed(front);
    let tag = key.seal(header.epoch, header.batch, &front[..BATCH_SEALED], records);
    BatchHeader::finish(front, &tag, records);
    padding.fill(0);
    tag
}

fn long(length: usize) -> u64 {
    u64::try_from(length).expect("64-bit machine")
}

#[cfg(test)]
mod tests;
