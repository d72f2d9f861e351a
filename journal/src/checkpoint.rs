//! Files that hold the state after some record, so that a start need not replay all records: written
//! whole before they get their name, and two of them kept. Knows nothing of what the state says.

use std::io::{self, ErrorKind};

use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{
    BLOCK, BatchNumber, Cluster, Epoch, From, NoHeader, Position, SegmentNumber, Tag, To, VERSION,
    add_check, sum,
};
use crate::names::Name;
use crate::pieces::Pieces;
use crate::seal::{KeyOwner, Keys, NotOpened, SegmentKey, hex};
use crate::snapshot;
use crate::window::{Aligned, LOOK_MAX, Reading, Window};

/// Bytes of a checkpoint's header that mean something; zeros fill its block.
pub const CHECKPOINT_HEADER: usize = 256;
/// Bytes of state that are sealed at once.
pub const CHUNK: usize = 1 << 20;
/// Bytes behind each chunk: the tag, and the sum of chunk and tag.
pub const CHUNK_END: usize = 24;
/// Checkpoints that are kept.
pub const KEPT: usize = 2;
/// The longest state: what a length that is nonsense is told by.
pub const STATE_MAX: u64 = 16 << 30;

const MAGIC: [u8; 8] = *b"SEKISHOC";

/// What a checkpoint says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Whose journal.
    pub cluster: Cluster,
    /// Who made it.
    pub epoch: Epoch,
    /// The last record that is in the state.
    pub position: Position,
    /// When it was made: nanoseconds since 1970 UTC.
    pub created_ns: u64,
}

/// What stands in the first block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) about: About,
    /// Bytes of the state.
    pub(crate) length: u64,
    pub(crate) key_check: [u8; 8],
    pub(crate) wrapped_key: [u8; 60],
}

/// A state that can be gone on from, and what was passed over to find it.
#[derive(Debug)]
pub struct Found {
    /// The newest one that is whole.
    pub newest: Option<(About, Vec<u8>)>,
    /// Newer ones that are not.
    pub passed_over: Vec<(Position, Flaw)>,
}

/// Why a checkpoint is passed over.
#[derive(Debug)]
pub enum Flaw {
    /// Its header is not whole.
    Header(NoHeader),
    /// Its header is another one's.
    Foreign,
    /// It ends too early, or is longer than any state.
    Length,
    /// A chunk, from 1, is not as it was written.
    Sum(u64),
    /// A chunk, from 1, or the key, was altered.
    Seal(u64),
    /// The disk does not give it back.
    Unreadable(io::Error),
}

/// Why no checkpoint was looked for any further.
#[derive(Debug)]
pub enum Problem {
    /// None of our keys opens the newest one: another key is needed, not an older checkpoint.
    UnknownKey {
        /// The one.
        position: Position,
        /// What its header says of the key.
        check: [u8; 8],
    },
    /// A newer program wrote it.
    Version {
        /// The one.
        position: Position,
        /// Which version.
        version: u16,
    },
    /// The disk did not do what it was asked.
    Disk(Failed),
}

impl Header {
    pub(crate) fn write(&self, out: &mut [u8; CHECKPOINT_HEADER]) {
        out.fill(0);
        let mut to = To { bytes: out, at: 0 };
        to.put(&MAGIC);
        to.put(&VERSION.to_le_bytes());
        to.put(&[0; 2]);
        to.put(&self.about.epoch.0.to_le_bytes());
        to.put(&self.about.cluster);
        to.put(&self.about.position.0.to_le_bytes());
        to.put(&self.length.to_le_bytes());
        to.put(&self.about.created_ns.to_le_bytes());
        to.put(&self.key_check);
        to.put(&self.wrapped_key);
        add_check(out);
    }

    pub(crate) fn read(block: &[u8]) -> Result<Self, NoHeader> {
        let mut from = From::begin(block, &MAGIC, CHECKPOINT_HEADER)?;
        let _unused: [u8; 2] = from.take();
        let (epoch, cluster) = (Epoch(from.short()), from.take());
        let (position, length) = (Position(from.long()), from.long());
        let about = About { cluster, epoch, position, created_ns: from.long() };
        Ok(Self { about, length, key_check: from.take(), wrapped_key: from.take() })
    }

    fn owner(&self) -> KeyOwner {
        let About { cluster, epoch, .. } = self.about;
        KeyOwner { cluster, segment: SegmentNumber(0), epoch }
    }

    /// How many chunks there are: one at least, so that the seal covers the header of an empty state.
    fn chunks(&self) -> u64 {
        self.length.div_ceil(CHUNK as u64).max(1)
    }

    /// Bytes from the first chunk's first to the last one's last.
    fn chunks_length(&self) -> u64 {
        self.length + self.chunks() * CHUNK_END as u64
    }
}

/// Writes a checkpoint, and removes all but the newest [`KEPT`].
///
/// 1. The file is written under another name, and synced: a crash leaves an unfinished file.
/// 2. It gets its name, and the directory is synced: from here on it is found.
/// 3. Only then older ones are removed: there is always one that is whole.
///
/// # Errors
/// What the disk did not do. Nothing is lost by it but this checkpoint.
pub fn write<D: Disk>(disk: &D, keys: &Keys, about: &About, state: &[u8]) -> Result<(), Failed> {
    write_steadily(disk, keys, about, state, &mut |_| ())
}

/// The same; `pause` is told of each piece that was written, and may let time pass.
///
/// # Errors
/// As [`write`].
pub fn write_steadily<D: Disk>(
    disk: &D,
    keys: &Keys,
    about: &About,
    state: &[u8],
    pause: &mut dyn FnMut(usize),
) -> Result<(), Failed> {
    let unfinished = Name::Checkpoint(about.position).unfinished();
    match disk.remove(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Failed::when("remove", &unfinished)(error));
        }
        _ => {}
    }
    let written = write_as(disk, &unfinished, keys, about, state, pause);
    if written.is_err() {
        // Nobody writes this one again, and a disk that is full is to be no fuller for it. If it can
        // not be removed either, the next start does.
        drop(disk.remove(&unfinished));
    }
    written?;
    let older = positions(disk)?;
    for &position in older.iter().rev().skip(KEPT) {
        let name = Name::Checkpoint(position);
        disk.remove(&name.to_string()).map_err(Failed::when("remove", name))?;
    }
    Ok(())
}

/// Writes a checkpoint under this name, and gives it its own when it is durable.
fn write_as<D: Disk>(
    disk: &D,
    unfinished: &str,
    keys: &Keys,
    about: &About,
    state: &[u8],
    pause: &mut dyn FnMut(usize),
) -> Result<(), Failed> {
    let name = Name::Checkpoint(about.position);
    let length = state.len() as u64;
    let mut header = Header {
        about: *about,
        length,
        key_check: keys.current.check_value(),
        wrapped_key: [0; 60],
    };
    let (key, wrapped_key) = keys.current.make_segment_key(&header.owner());
    header.wrapped_key = wrapped_key;
    let mut block = [0; BLOCK];
    header.write(block.first_chunk_mut().expect("a block is longer"));
    let bytes = (BLOCK as u64 + header.chunks_length()).next_multiple_of(BLOCK as u64);
    let file = disk.create(unfinished, bytes).map_err(Failed::when("create", unfinished))?;
    let mut pieces = Pieces::behind_the_first_block(file);
    let covered = &block[..CHECKPOINT_HEADER];
    put_chunks(&mut pieces, covered, &key, about.epoch, state, pause)
        .and_then(|()| pieces.finish(&block))
        .map_err(Failed::when("write", unfinished))?;
    disk.rename(unfinished, &name.to_string()).map_err(Failed::when("rename", unfinished))?;
    disk.sync_directory().map_err(Failed::when("sync", ""))
}

fn put_chunks<F: DiskFile>(
    pieces: &mut Pieces<F>,
    header: &[u8],
    key: &SegmentKey,
    epoch: Epoch,
    state: &[u8],
    pause: &mut dyn FnMut(usize),
) -> io::Result<()> {
    let mut sealed = Vec::with_capacity(CHUNK + CHUNK_END);
    let mut chunks = state.chunks(CHUNK);
    for number in 1.. {
        let chunk = match chunks.next() {
            None if number > 1 => break,
            chunk => chunk.unwrap_or_default(),
        };
        sealed.clear();
        sealed.extend_from_slice(chunk);
        let tag = key.seal(epoch, BatchNumber(number), header, &mut sealed);
        sealed.extend_from_slice(&tag);
        let sum = sum(&sealed);
        sealed.extend_from_slice(&sum.to_le_bytes());
        pieces.put(&sealed, pause)?;
    }
    Ok(())
}

/// The newest checkpoint that is whole; an older one where the newest is not, and that is said.
///
/// # Errors
/// What an older checkpoint would not help against.
pub fn latest<D: Disk>(disk: &D, keys: &Keys, cluster: &Cluster) -> Result<Found, Problem> {
    let mut passed_over = Vec::new();
    for position in positions(disk)?.into_iter().rev() {
        match read(disk, Some(keys), position) {
            Ok((header, state)) if header.about.cluster == *cluster => {
                return Ok(Found { newest: Some((header.about, state)), passed_over });
            }
            Ok(_) => passed_over.push((position, Flaw::Foreign)),
            Err(NotRead::Flaw(Flaw::Header(NoHeader::Version(version)))) => {
                return Err(Problem::Version { position, version });
            }
            Err(NotRead::Flaw(flaw)) => passed_over.push((position, flaw)),
            Err(NotRead::UnknownKey(check)) => return Err(Problem::UnknownKey { position, check }),
        }
    }
    Ok(Found { newest: None, passed_over })
}

/// The positions of all checkpoints, in order.
///
/// # Errors
/// What the disk did not do.
pub fn positions<D: Disk>(disk: &D) -> Result<Vec<Position>, Failed> {
    let names = disk.list().map_err(Failed::when("list", ""))?;
    let of = |name: &String| match Name::parse(name) {
        Some(Name::Checkpoint(position)) => Some(position),
        _ => None,
    };
    let mut positions: Vec<Position> = names.iter().filter_map(of).collect();
    positions.sort_unstable();
    Ok(positions)
}

/// Whether a checkpoint is as it was written: by its sums, without a key.
///
/// # Errors
/// What is wrong with it.
pub fn check<D: Disk>(disk: &D, position: Position) -> Result<About, Flaw> {
    match read(disk, None, position) {
        Ok((header, _)) => Ok(header.about),
        Err(NotRead::Flaw(flaw)) => Err(flaw),
        Err(NotRead::UnknownKey(_)) => unreachable!("no key was asked for"),
    }
}

/// The same of a file of another name, by its seals too; shows its state.
pub(crate) fn check_file<D: Disk>(
    disk: &D,
    file: &str,
    position: Position,
    keys: &Keys,
    show: &mut dyn FnMut(&[u8]),
) -> Result<About, snapshot::Problem> {
    match read_file(disk, file, Some(keys), position, show) {
        Ok(header) => Ok(header.about),
        Err(NotRead::Flaw(flaw)) => Err(snapshot::Problem::Flaw(flaw)),
        Err(NotRead::UnknownKey(check)) => Err(snapshot::Problem::UnknownKey(check)),
    }
}

/// What the headers of all checkpoints say that have a whole one.
pub(crate) fn headers<D: Disk>(disk: &D) -> Result<Vec<About>, Failed> {
    let mut all = Vec::new();
    for position in positions(disk)? {
        let name = Name::Checkpoint(position);
        let file = match disk.open(&name.to_string(), false) {
            // An older one, removed meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.map_err(Failed::when("open", name))?,
        };
        let mut block = Aligned::new(BLOCK);
        let read = file.read_at(0, &mut block).map_err(Failed::when("read", name))?;
        let header = Header::read(&block[..read]).ok();
        all.extend(header.map(|header| header.about).filter(|about| about.position == position));
    }
    Ok(all)
}

enum NotRead {
    Flaw(Flaw),
    UnknownKey([u8; 8]),
}

fn read<D: Disk>(
    disk: &D,
    keys: Option<&Keys>,
    position: Position,
) -> Result<(Header, Vec<u8>), NotRead> {
    let (name, mut state) = (Name::Checkpoint(position).to_string(), Vec::new());
    let mut keep = |chunk: &[u8]| state.extend_from_slice(chunk);
    let header = read_file(disk, &name, keys, position, &mut keep)?;
    Ok((header, state))
}

/// Shows each chunk of the state to `take`, if there are keys to open it.
fn read_file<D: Disk>(
    disk: &D,
    file: &str,
    keys: Option<&Keys>,
    position: Position,
    take: &mut dyn FnMut(&[u8]),
) -> Result<Header, NotRead> {
    let flaw = NotRead::Flaw;
    let unreadable = |error| NotRead::Flaw(Flaw::Unreadable(error));
    let file = disk.open(file, false).map_err(unreadable)?;
    let mut window = Window::new(file, 0, Reading::Through).map_err(unreadable)?;
    let block = window.at(0, BLOCK).map_err(unreadable)?;
    let header = Header::read(block).map_err(|not| flaw(Flaw::Header(not)))?;
    let covered: Vec<u8> = block[..CHECKPOINT_HEADER].to_vec();
    if header.about.position != position {
        return Err(flaw(Flaw::Foreign));
    }
    if header.length > STATE_MAX || BLOCK as u64 + header.chunks_length() > window.end() {
        return Err(flaw(Flaw::Length));
    }
    let key =
        match keys.map(|keys| keys.open(header.key_check, &header.wrapped_key, &header.owner())) {
            None => None,
            Some(Ok(key)) => Some(key),
            Some(Err(NotOpened::UnknownKey(check))) => return Err(NotRead::UnknownKey(check)),
            Some(Err(NotOpened::Altered)) => return Err(flaw(Flaw::Seal(0))),
        };
    let (mut at, mut left) = (BLOCK as u64, header.length);
    for number in 1..=header.chunks() {
        let length = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        let bytes = window.at(at, length + CHUNK_END).map_err(unreadable)?;
        let (sealed, stored) = bytes.split_last_chunk_mut::<8>().expect("longer than its end");
        if sum(sealed) != u64::from_le_bytes(*stored) {
            return Err(flaw(Flaw::Sum(number)));
        }
        if let Some(key) = &key {
            let (chunk, tag) = sealed.split_last_chunk_mut::<16>().expect("longer than its end");
            let tag: Tag = *tag;
            let epoch = header.about.epoch;
            let opened = key.open(epoch, BatchNumber(number), &covered, &tag, chunk);
            opened.map_err(|_| flaw(Flaw::Seal(number)))?;
            take(chunk);
        }
        at += (length + CHUNK_END) as u64;
        left -= length as u64;
    }
    Ok(header)
}

const _: () = assert!(CHUNK + CHUNK_END <= LOOK_MAX);

impl std::convert::From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        Self::Disk(failed)
    }
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header(NoHeader::Empty) => f.write_str("its header is empty"),
            Self::Header(_) => f.write_str("its header is not whole"),
            Self::Foreign => f.write_str("its header is that of another one"),
            Self::Length => f.write_str("it is shorter than its header says"),
            Self::Sum(chunk) => write!(f, "the sum of its chunk {chunk} does not agree"),
            Self::Seal(0) => f.write_str("its wrapped key was altered"),
            Self::Seal(chunk) => write!(f, "the seal of its chunk {chunk} does not agree"),
            Self::Unreadable(error) => write!(f, "it can not be read: {error}"),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownKey { position, check } => write!(
                f,
                "no key opens {}: it was written with the key of check value {}; give that key as \
                 journal.key, or among journal.former_keys",
                Name::Checkpoint(*position),
                hex(check)
            ),
            Self::Version { position, version } => write!(
                f,
                "{} was written by a newer program (version {version}); start that one",
                Name::Checkpoint(*position)
            ),
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests;
