//! Journals for tests, made batch by batch as bytes, so that a test can say what a crash or a disk did
//! to them. Knows no writer.

use crate::disk::simulated::SimulatedDisk;
use crate::format::{
    BATCH_HEADER, BATCH_SEALED, BLOCK, BatchHeader, BatchNumber, Cluster, Epoch, PathKind,
    Position, SegmentHeader, SegmentNumber, Tag, padded,
};
use crate::names::Name;
use crate::scan::Expected;
use crate::seal::{Key, KeyOwner, Keys, SegmentKey};

/// Whose journals these are.
pub const CLUSTER: Cluster = *b"tokyo and osaka!";
/// Bytes of a segment, unless a test wants another.
pub const SEGMENT: usize = 64 * BLOCK;

/// A journal that is being made.
pub struct Author {
    /// What seals it.
    pub keys: Keys,
    /// The writer's.
    pub epoch: Epoch,
    /// What comes next.
    pub next: Expected,
    /// What the next headers say was released.
    pub released: Position,
    /// What is made so far.
    pub segments: Vec<Image>,
    key: Option<SegmentKey>,
    size: usize,
    now_ns: u64,
}

/// A segment that is being made.
pub struct Image {
    /// What its file is called.
    pub name: String,
    /// All of it.
    pub bytes: Vec<u8>,
    /// Its header, as it was written.
    pub header: SegmentHeader,
    /// Where each batch stands.
    pub batches: Vec<(usize, BatchHeader)>,
}

/// A node's key.
pub fn key(number: u8) -> Key {
    Key::of(&[number; 32])
}

impl Author {
    /// A first start.
    pub fn begin() -> Self {
        Self::sized(SEGMENT)
    }

    /// A first start, with segments of so many bytes.
    pub fn sized(segment: usize) -> Self {
        let next = Expected { batch: BatchNumber(1), position: Position(1), previous: [0; 16] };
        let mut author = Self {
            keys: Keys::only(key(1)),
            epoch: Epoch(0),
            next,
            released: Position(0),
            segments: Vec::new(),
            key: None,
            size: segment,
            now_ns: 1_700_000_000_000_000_000,
        };
        author.start();
        author
    }

    /// A start: an epoch and a segment.
    pub fn start(&mut self) {
        self.epoch.0 += 1;
        self.released = Position(self.next.position.0 - 1);
        self.roll_over();
    }

    /// A start that found this batch missing.
    pub fn start_again_at(&mut self, missing: &BatchHeader) {
        self.next = Expected {
            batch: missing.batch,
            position: missing.first_position,
            previous: missing.previous,
        };
        self.start();
    }

    /// The next segment.
    pub fn roll_over(&mut self) {
        let segment = SegmentNumber(self.segments.len() as u64 + 1);
        let owner = KeyOwner { cluster: CLUSTER, segment, epoch: self.epoch };
        let (key, wrapped_key) = self.keys.current.make_segment_key(&owner);
        let header = SegmentHeader {
            cluster: CLUSTER,
            segment,
            epoch: self.epoch,
            path: PathKind::Mapped,
            bytes: self.size as u64,
            first_batch: self.next.batch,
            first_position: self.next.position,
            released: self.released,
            created_ns: self.now_ns,
            previous: self.next.previous,
            key_check: self.keys.current.check_value(),
            wrapped_key,
        };
        let mut bytes = vec![0; self.size];
        header.write((&mut bytes[..BLOCK]).try_into().expect("a block"));
        let name = Name::Segment(segment).to_string();
        self.segments.push(Image { name, bytes, header, batches: Vec::new() });
        self.key = Some(key);
    }

    /// The clock is set, wherever it was: the next batch is a little later.
    pub fn is_at(&mut self, now_ns: u64) {
        self.now_ns = now_ns;
    }

    /// A batch of records, behind the last one.
    pub fn batch(&mut self, records: &[&[u8]]) -> BatchHeader {
        let mut payload = Vec::new();
        for record in records {
            payload.extend(u16::try_from(record.len()).expect("short").to_le_bytes());
            payload.extend(*record);
        }
        self.sealed(u32::try_from(records.len()).expect("few"), payload)
    }

    /// A batch that says it has so many records.
    pub fn sealed(&mut self, count: u32, mut payload: Vec<u8>) -> BatchHeader {
        self.now_ns += 1_000_000;
        let image = self.segments.last_mut().expect("begun");
        let header = BatchHeader {
            cluster: CLUSTER,
            segment: image.header.segment,
            batch: self.next.batch,
            epoch: self.epoch,
            count,
            first_position: self.next.position,
            released: self.released,
            length: u32::try_from(payload.len()).expect("short"),
            written_ns: self.now_ns,
            previous: self.next.previous,
            tag: Tag::default(),
            sum: 0,
        };
        let mut head = [0; BATCH_HEADER];
        header.write_sealed(&mut head);
        let key = self.key.as_ref().expect("begun");
        let tag = key.seal(self.epoch, header.batch, &head[..BATCH_SEALED], &mut payload);
        BatchHeader::finish(&mut head, &tag, &payload);
        let at = image.batches.last().map_or(BLOCK, |(at, header)| at + header.size());
        image.bytes[at..at + BATCH_HEADER].copy_from_slice(&head);
        let records = at + BATCH_HEADER;
        image.bytes[records..records + payload.len()].copy_from_slice(&payload);
        let header = BatchHeader::read(&head).expect("just written");
        assert!(at + padded(payload.len()) <= image.bytes.len(), "room in the segment");
        image.batches.push((at, header));
        self.next = crate::scan::behind(&header);
        header
    }

    /// Some batches of one record each, all released but the last.
    pub fn batches(&mut self, count: usize) {
        for _ in 0..count {
            let text = format!("record {}", self.next.position.0);
            let header = self.batch(&[text.as_bytes()]);
            self.released = header.last_position();
        }
    }

    /// The last segment.
    pub fn image(&mut self) -> &mut Image {
        self.segments.last_mut().expect("begun")
    }

    /// All of it on a disk.
    pub fn disk(&self) -> SimulatedDisk {
        let disk = SimulatedDisk::new(1);
        for image in &self.segments {
            disk.place(&image.name, &image.bytes);
        }
        disk
    }
}

impl Image {
    /// What one did not write of a batch: zeros again.
    pub fn lose(&mut self, index: usize) -> BatchHeader {
        let (at, header) = self.batches[index];
        self.bytes[at..at + header.size()].fill(0);
        header
    }

    /// A bit of the records of a batch turns over.
    pub fn flip(&mut self, index: usize) -> BatchHeader {
        let (at, header) = self.batches[index];
        self.bytes[at + BATCH_HEADER] ^= 4;
        header
    }
}
