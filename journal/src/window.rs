//! Reads a file from some place to its end in large, aligned pieces, for large files one piece
//! ahead on a second thread; what was read can be changed where it lies. Knows no header.
//!
//! The second thread ends with its window. When it stalls (a slow disk), the reader waits for it.

use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::disk::DiskFile;
use crate::format::{BATCH_MAX, BLOCK};

/// The most bytes that are looked at at once.
pub(crate) const LOOK_MAX: usize = 2 * BATCH_MAX;

/// Bytes read at once where much will be read.
const PIECE: usize = 2 << 20;
/// Bytes read at once where little is expected: at the end of a log that is being written.
const GLANCE: usize = 64 << 10;
/// Bytes read at once where nobody waits: the disk is soon free for others.
const STEADY: usize = 128 << 10;
/// Pieces on their way between the threads. One more is with each of them.
const PIECES_AHEAD: usize = 2;

/// What stands in a window where the disk gave nothing: no header begins so, nor any sealed bytes.
const UNREADABLE: [u8; 32] = *b"this block can not be read: EIO!";

/// How much of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// All of it: a thread may read ahead.
    Through,
    /// Perhaps only what comes next.
    Glance,
    /// All of it, but nobody waits for it: little at once, none of it ahead, and from the cache if it
    /// is there. For who opens seals: what is read does not prove what the device holds.
    Steadily,
}

/// Zeroed memory that starts at a whole block.
pub(crate) struct Aligned {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    pub(crate) fn new(length: usize) -> Self {
        let memory = vec![0; length + BLOCK];
        let start = memory.as_ptr().align_offset(BLOCK);
        assert!(start <= BLOCK, "bytes can be aligned");
        Self { memory, start, length }
    }
}

impl Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.length]
    }
}

/// Room for what was left of the piece before, and a piece.
struct Piece {
    bytes: Aligned,
    /// Bytes read behind the room.
    length: usize,
}

impl Piece {
    fn new(shape: Shape) -> Self {
        Self { bytes: Aligned::new(shape.room + shape.size), length: 0 }
    }
}

/// How large the pieces of a file are: no larger than what is left of it.
#[derive(Clone, Copy)]
struct Shape {
    room: usize,
    size: usize,
}

impl Shape {
    fn of(size: usize, left: u64) -> Self {
        let most = |size: usize| usize::try_from(left).map_or(size, |left| left.min(size));
        Self { room: most(LOOK_MAX), size: most(size) }
    }
}

/// Where pieces come from, one behind the other.
enum Source<F> {
    /// The caller reads.
    Here { file: F, at: u64, spare: Option<Piece>, cheaply: bool },
    /// A thread reads ahead.
    Ahead {
        filled: Option<Receiver<io::Result<Piece>>>,
        emptied: SyncSender<Piece>,
        thread: Option<JoinHandle<()>>,
    },
}

/// The part of a file that was read last.
pub(crate) struct Window<F> {
    source: Source<F>,
    shape: Shape,
    piece: Piece,
    /// Where the first byte of the window stands in the file, and in the piece.
    offset: u64,
    first: usize,
    end: u64,
}

impl<F: DiskFile> Window<F> {
    /// Reads the file from `offset` (a whole block) to its last whole block.
    pub(crate) fn new(file: F, offset: u64, reading: Reading) -> io::Result<Self> {
        let end = whole_blocks(file.bytes()?);
        let left = end.saturating_sub(offset);
        let at_once = match reading {
            Reading::Through => PIECE,
            Reading::Glance => GLANCE,
            Reading::Steadily => STEADY,
        };
        let shape = Shape::of(at_once, left);
        let piece = Piece::new(shape);
        let source = if reading == Reading::Through && left > 2 * PIECE as u64 {
            read_ahead(file, offset, end, shape)?
        } else {
            Source::Here { file, at: offset, spare: None, cheaply: reading == Reading::Steadily }
        };
        Ok(Self { source, shape, piece, offset, first: shape.room, end })
    }

    /// Bytes of the file in whole blocks.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Up to `length` bytes (at most [`LOOK_MAX`]) at `offset`, which is not before the last one
    /// asked for; fewer at the end of the file.
    pub(crate) fn at(&mut self, offset: u64, length: usize) -> io::Result<&mut [u8]> {
        assert!(length <= LOOK_MAX, "no more is looked at than is held");
        let wanted = offset.saturating_add(length as u64).min(self.end);
        if wanted <= offset {
            return Ok(&mut []);
        }
        while self.offset + (self.held() as u64) < wanted {
            self.advance(offset)?;
        }
        let skip = usize::try_from(offset - self.offset).expect("within the window");
        let length = usize::try_from(wanted - offset).expect("within the window");
        let from = self.first + skip;
        Ok(&mut self.piece.bytes[from..from + length])
    }

    /// Bytes within what was asked for last.
    pub(crate) fn last(&self, offset: u64, length: usize) -> &[u8] {
        let skip = usize::try_from(offset - self.offset).expect("within the window");
        &self.piece.bytes[self.first + skip..self.first + skip + length]
    }

    fn held(&self) -> usize {
        self.shape.room + self.piece.length - self.first
    }

    /// Takes the next piece; what is held from `offset` on is kept in front of it.
    fn advance(&mut self, offset: u64) -> io::Result<()> {
        let next_at = self.offset + self.held() as u64;
        let Shape { room, .. } = self.shape;
        let mut next = self.source.next(self.end, self.shape)?;
        let kept = usize::try_from(next_at.saturating_sub(offset)).expect("within the window");
        let kept = kept.min(self.held());
        let held_end = room + self.piece.length;
        next.bytes[room - kept..room].copy_from_slice(&self.piece.bytes[held_end - kept..held_end]);
        self.offset = next_at - kept as u64;
        self.first = room - kept;
        let emptied = std::mem::replace(&mut self.piece, next);
        self.source.give_back(emptied);
        Ok(())
    }
}

impl<F: DiskFile> Source<F> {
    fn next(&mut self, end: u64, shape: Shape) -> io::Result<Piece> {
        match self {
            Self::Here { file, at, spare, cheaply } => {
                let mut piece = spare.take().unwrap_or_else(|| Piece::new(shape));
                fill(file, at, end, shape, &mut piece, *cheaply)?;
                Ok(piece)
            }
            Self::Ahead { filled, .. } => {
                let filled = filled.as_ref().expect("taken only at the end");
                filled.recv().unwrap_or_else(|_| Err(io::Error::other("reading ahead ended")))
            }
        }
    }

    fn give_back(&mut self, piece: Piece) {
        match self {
            Self::Here { spare, .. } => *spare = Some(piece),
            // When the thread has read everything, nobody wants it.
            Self::Ahead { emptied, .. } => drop(emptied.try_send(piece)),
        }
    }
}

impl<F> Drop for Source<F> {
    fn drop(&mut self) {
        if let Self::Ahead { filled, thread, .. } = self {
            drop(filled.take());
            if let Some(thread) = thread.take() {
                drop(thread.join());
            }
        }
    }
}

fn read_ahead<F: DiskFile>(file: F, mut at: u64, end: u64, shape: Shape) -> io::Result<Source<F>> {
    let (filled_to, filled) = sync_channel(PIECES_AHEAD);
    let (emptied, emptied_from) = sync_channel(PIECES_AHEAD + 2);
    let run = move || {
        while at < end {
            let mut piece: Piece = emptied_from.try_recv().unwrap_or_else(|_| Piece::new(shape));
            let read = fill(&file, &mut at, end, shape, &mut piece, false).map(|()| piece);
            let failed = read.is_err();
            if filled_to.send(read).is_err() || failed {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().name("journal-read".to_owned()).spawn(run)?;
    Ok(Source::Ahead { filled: Some(filled), emptied, thread: Some(thread) })
}

/// Reads the next piece of a file.
fn fill<F: DiskFile>(
    file: &F,
    at: &mut u64,
    end: u64,
    shape: Shape,
    piece: &mut Piece,
    cheaply: bool,
) -> io::Result<()> {
    let Shape { room, size } = shape;
    let length = usize::try_from(end - *at).map_or(size, |left| left.min(size));
    let into = &mut piece.bytes[room..room + length];
    let mut read = 0;
    while read < length {
        let (from, rest) = (*at + read as u64, &mut into[read..]);
        let given =
            if cheaply { file.read_cheaply_at(from, rest) } else { file.read_at(from, rest) };
        let more = match given {
            Ok(more) => more,
            Err(_) => read_block(file, *at + read as u64, &mut into[read..read + BLOCK]),
        };
        // It was longer when it was opened.
        if more == 0 || !more.is_multiple_of(BLOCK) {
            let text = format!("the file ends at byte {} of {end}", *at + (read + more) as u64);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        read += more;
    }
    *at += length as u64;
    piece.length = length;
    Ok(())
}

/// Reads a block, for what it is worth.
fn read_block<F: DiskFile>(file: &F, at: u64, block: &mut [u8]) -> usize {
    if !matches!(file.read_at(at, block), Ok(BLOCK)) {
        block.fill(0);
        block[..UNREADABLE.len()].copy_from_slice(&UNREADABLE);
    }
    BLOCK
}

/// Whether the disk did not give a block.
pub(crate) fn is_unreadable(block: &[u8]) -> bool {
    block.starts_with(&UNREADABLE)
}

/// So many bytes without a last part of a block.
pub(crate) fn whole_blocks(bytes: u64) -> u64 {
    bytes - bytes % BLOCK as u64
}

/// Whether there is nothing but zeros; fast.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    static ZEROS: [u8; BLOCK] = [0; BLOCK];
    bytes.chunks(BLOCK).all(|part| *part == ZEROS[..part.len()])
}
