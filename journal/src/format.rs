//! The bytes of segments and batches: where each value stands, and what makes a header whole.
//! Knows no file and no key. `FORMAT.md` draws the same.

use twox_hash::XxHash3_64;

/// Everything on the disk is in whole blocks of this many bytes: one that was acknowledged is never
/// written again.
pub const BLOCK: usize = 4_096;
/// Bytes of a segment's header that mean something; zeros fill its block.
pub const SEGMENT_HEADER: usize = 256;
/// Bytes in front of a batch's records.
pub const BATCH_HEADER: usize = 128;
/// Bytes of a batch's header that its seal covers beside the records: all before the tag.
pub const BATCH_SEALED: usize = 96;
/// The longest batch, header and padding included.
pub const BATCH_MAX: usize = 1 << 20;
/// The longest record. In a batch each has its length in front, two bytes.
pub const RECORD_MAX: usize = 60 << 10;
/// Bytes in front of each record in a batch: its length.
pub const RECORD_HEAD: usize = 2;

/// The version of this form.
pub const VERSION: u16 = 1;
const SEGMENT_MAGIC: [u8; 8] = *b"SEKISHOJ";
const BATCH_MAGIC: [u8; 4] = *b"SBAT";

/// A record's place in the journal: how many were written before it, and itself. 0 is before the
/// first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// One primary's reign: every start of a writer begins a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

/// A segment, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentNumber(pub u64);

/// A batch, counted from 1 over all segments. One that was cut gives its number to another, of a
/// later epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchNumber(pub u64);

/// What tells the journals of different nodes' pairs apart: chosen once, at the first start.
pub type Cluster = [u8; 16];
/// What the seal of a batch ends with; the next batch names it.
pub type Tag = [u8; 16];

/// How a segment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// Copied into a mapping, then synced.
    Mapped,
    /// Written past the page cache, several batches at once.
    Direct,
}

/// What a segment's first block says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Whose journal.
    pub cluster: Cluster,
    /// Its number.
    pub segment: SegmentNumber,
    /// Who began it.
    pub epoch: Epoch,
    /// How it is written.
    pub path: PathKind,
    /// Bytes of the file.
    pub bytes: u64,
    /// The number of its first batch. Batches of earlier segments with this number or a later one
    /// were cut.
    pub first_batch: BatchNumber,
    /// The position of its first record; the one before it is the last of the journal so far.
    pub first_position: Position,
    /// Released when it was begun.
    pub released: Position,
    /// When it was begun: nanoseconds since 1970 UTC.
    pub created_ns: u64,
    /// The tag of the batch before its first; zeros before the first of all.
    pub previous: Tag,
    /// Which key wraps the key of this segment.
    pub key_check: [u8; 8],
    /// The key of this segment, wrapped: nonce, key, tag.
    pub wrapped_key: [u8; 60],
}

/// What stands in front of a batch's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Whose journal.
    pub cluster: Cluster,
    /// The segment it was written to.
    pub segment: SegmentNumber,
    /// Its number.
    pub batch: BatchNumber,
    /// Who wrote it.
    pub epoch: Epoch,
    /// How many records it has; 0 when it only carries `released`.
    pub count: u32,
    /// The position of its first record; of an empty one, that of the next.
    pub first_position: Position,
    /// Released when it was framed.
    pub released: Position,
    /// Bytes of its records, lengths included, without header and padding.
    pub length: u32,
    /// When it was framed: nanoseconds since 1970 UTC.
    pub written_ns: u64,
    /// The tag of the batch before.
    pub previous: Tag,
    /// What its own seal ends with.
    pub tag: Tag,
    /// XXH3-64 of the records as written.
    pub sum: u64,
}

/// Why bytes are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoHeader {
    /// Nothing but zeros.
    Empty,
    /// It does not begin like one.
    Foreign,
    /// It begins like one, and its check does not agree.
    Broken,
    /// A form that this program does not know.
    Version(u16),
}

impl SegmentHeader {
    /// Writes the header into a block, zeros behind it.
    pub fn write(&self, block: &mut [u8; BLOCK]) {
        block.fill(0);
        let mut to = To { bytes: block, at: 0 };
        to.put(&SEGMENT_MAGIC);
        to.put(&VERSION.to_le_bytes());
        to.put(&[if self.path == PathKind::Mapped { 1 } else { 2 }, 0]);
        to.put(&self.epoch.0.to_le_bytes());
        to.put(&self.cluster);
        to.put(&self.segment.0.to_le_bytes());
        to.put(&self.bytes.to_le_bytes());
        to.put(&self.first_batch.0.to_le_bytes());
        to.put(&self.first_position.0.to_le_bytes());
        to.put(&self.released.0.to_le_bytes());
        to.put(&self.created_ns.to_le_bytes());
        to.put(&self.previous);
        to.put(&self.key_check);
        to.put(&self.wrapped_key);
        add_check(&mut block[..SEGMENT_HEADER]);
    }

    /// Reads a header back from a segment's first block.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(block: &[u8]) -> Result<Self, NoHeader> {
        let mut from = From::begin(block, &SEGMENT_MAGIC, SEGMENT_HEADER)?;
        let [path, _] = from.take();
        let epoch = Epoch(u32::from_le_bytes(from.take()));
        let path = match path {
            1 => PathKind::Mapped,
            2 => PathKind::Direct,
            _ => return Err(NoHeader::Foreign),
        };
        Ok(Self {
            path,
            epoch,
            cluster: from.take(),
            segment: SegmentNumber(from.long()),
            bytes: from.long(),
            first_batch: BatchNumber(from.long()),
            first_position: Position(from.long()),
            released: Position(from.long()),
            created_ns: from.long(),
            previous: from.take(),
            key_check: from.take(),
            wrapped_key: from.take(),
        })
    }
}

impl BatchHeader {
    /// Writes what the seal covers; [`BatchHeader::finish`] adds the rest.
    pub fn write_sealed(&self, out: &mut [u8; BATCH_HEADER]) {
        out.fill(0);
        let mut to = To { bytes: out, at: 0 };
        to.put(&BATCH_MAGIC);
        to.put(&VERSION.to_le_bytes());
        to.put(&[0; 2]);
        to.put(&self.cluster);
        to.put(&self.segment.0.to_le_bytes());
        to.put(&self.batch.0.to_le_bytes());
        to.put(&self.epoch.0.to_le_bytes());
        to.put(&self.count.to_le_bytes());
        to.put(&self.first_position.0.to_le_bytes());
        to.put(&self.released.0.to_le_bytes());
        to.put(&self.length.to_le_bytes());
        to.put(&[0; 4]);
        to.put(&self.written_ns.to_le_bytes());
        to.put(&self.previous);
    }

    /// Adds the tag and both checks to a header whose batch is sealed.
    pub fn finish(out: &mut [u8; BATCH_HEADER], tag: &Tag, sealed: &[u8]) {
        out[BATCH_SEALED..112].copy_from_slice(tag);
        out[112..120].copy_from_slice(&XxHash3_64::oneshot(sealed).to_le_bytes());
        add_check(out);
    }

    /// All of the header, as it was written.
    pub fn whole(&self) -> [u8; BATCH_HEADER] {
        let mut out = [0; BATCH_HEADER];
        self.write_sealed(&mut out);
        out[BATCH_SEALED..112].copy_from_slice(&self.tag);
        out[112..120].copy_from_slice(&self.sum.to_le_bytes());
        add_check(&mut out);
        out
    }

    /// Reads a header back. Whether the records behind it are whole, [`BatchHeader::covers`] says.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, NoHeader> {
        let mut from = From::begin(bytes, &BATCH_MAGIC, BATCH_HEADER)?;
        let _unused: [u8; 2] = from.take();
        let (cluster, segment) = (from.take(), SegmentNumber(from.long()));
        let (batch, epoch) = (BatchNumber(from.long()), Epoch(from.short()));
        let count = from.short();
        let (first_position, released) = (Position(from.long()), Position(from.long()));
        let length = from.short();
        let _unused = from.short();
        let header = Self {
            cluster,
            segment,
            batch,
            epoch,
            count,
            first_position,
            released,
            length,
            written_ns: from.long(),
            previous: from.take(),
            tag: from.take(),
            sum: from.long(),
        };
        if header.size() > BATCH_MAX { Err(NoHeader::Foreign) } else { Ok(header) }
    }

    /// Bytes of the whole batch on the disk.
    pub fn size(&self) -> usize {
        padded(usize::try_from(self.length).expect("64-bit machine"))
    }

    /// The position of its last record; of an empty one, that before the next.
    pub fn last_position(&self) -> Position {
        let behind = self.first_position.0.saturating_add(u64::from(self.count));
        Position(behind.saturating_sub(1))
    }

    /// Whether these are the records, as written, that the header was made for.
    pub fn covers(&self, sealed: &[u8]) -> bool {
        XxHash3_64::oneshot(sealed) == self.sum
    }
}

/// What a batch with so many bytes of records takes on the disk.
pub fn padded(length: usize) -> usize {
    (BATCH_HEADER + length).next_multiple_of(BLOCK)
}

/// Puts the check of a header into its last eight bytes.
pub(crate) fn add_check(header: &mut [u8]) {
    let (covered, check) = header.split_last_chunk_mut().expect("a header is longer");
    *check = sum(covered).to_le_bytes();
}

/// The checksum of bytes as written: XXH3-64.
pub fn sum(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// Writes values one behind the other.
pub(crate) struct To<'a> {
    pub(crate) bytes: &'a mut [u8],
    pub(crate) at: usize,
}

impl To<'_> {
    pub(crate) fn put(&mut self, value: &[u8]) {
        self.bytes[self.at..self.at + value.len()].copy_from_slice(value);
        self.at += value.len();
    }
}

/// Reads values one behind the other, from a header whose check agrees.
pub(crate) struct From<'a> {
    bytes: &'a [u8],
}

impl<'a> From<'a> {
    /// Checks magic, check and version of a header of `length` bytes; goes on behind them.
    pub(crate) fn begin(bytes: &'a [u8], magic: &[u8], length: usize) -> Result<Self, NoHeader> {
        let Some(header) = bytes.get(..length) else { return Err(NoHeader::Foreign) };
        if header.iter().all(|&byte| byte == 0) {
            return Err(NoHeader::Empty);
        }
        if !header.starts_with(magic) {
            return Err(NoHeader::Foreign);
        }
        let (covered, check) = header.split_at(length - 8);
        if check != XxHash3_64::oneshot(covered).to_le_bytes() {
            return Err(NoHeader::Broken);
        }
        let mut from = Self { bytes: &covered[magic.len()..] };
        match u16::from_le_bytes(from.take()) {
            VERSION => Ok(from),
            other => Err(NoHeader::Version(other)),
        }
    }

    pub(crate) fn take<const N: usize>(&mut self) -> [u8; N] {
        let (value, rest) = self.bytes.split_first_chunk().expect("within the header");
        self.bytes = rest;
        *value
    }

    pub(crate) fn long(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    pub(crate) fn short(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }
}

#[cfg(test)]
mod tests;
