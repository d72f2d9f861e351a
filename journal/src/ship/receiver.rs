//! The standby's side of one line: what fits its log, and what it may acknowledge. Must not know the
//! socket or the disk, nor who should be primary; that what fits is written is its caller's.
//!
//! Acknowledged is only what was shipped on this line since [`Message::Ready`], the matched prefix. How
//! long the own log is says nothing: it may end with what no primary has any more.

use std::collections::VecDeque;
use std::fmt;

use crate::format::SegmentNumber;
use crate::format::{
    BATCH_HEADER, BatchHeader, BatchNumber, Cluster, Epoch, NoHeader, Position, SegmentHeader,
};
use crate::mutants::{Mutant, breaks};
use crate::roles::event::Item;
use crate::ship::message::{Bytes, ItemKind, Mark, Message, Mode, Piece};

/// Batches that were given to the log and are not yet durable, at most. A primary sends no more.
pub use crate::ship::sender::BATCHES_MAX;

/// What does not change in one life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What an acknowledgement is sent for.
    pub mode: Mode,
    /// Bytes of a segment.
    pub segment_bytes: u64,
}

/// What follows from [`Message::Follow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// Cut the own log behind this mark; it is refused if what stays does not end with it. Answered by
    /// [`Receiver::handle_cut`].
    Cut(Mark),
    /// Take the pieces of a checkpoint, and put it in the place of the own log. Answered by
    /// [`Receiver::handle_cut`].
    Restore {
        /// Behind which the log goes on.
        from: Mark,
        /// The checkpoint's position.
        about: Position,
    },
    /// It is of a lower reign and is told so. Nothing else is done.
    Refused,
}

/// Why what was shipped is not what comes next in the log. The line is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// Nothing is to be shipped now, or by another reign.
    NotFollowing(Epoch),
    /// It is no header.
    NoHeader(NoHeader),
    /// It is of another journal.
    OtherCluster,
    /// It has other segments than this node.
    OtherSize(u64),
    /// It belongs to another segment than the one that was begun, or was begun by another reign.
    OtherSegment(SegmentNumber),
    /// It is another batch.
    OtherBatch {
        /// The batch that it is.
        found: BatchNumber,
        /// The one that comes next.
        expected: BatchNumber,
    },
    /// It has the expected number, and does not go on from the last batch.
    OtherChain(BatchNumber),
    /// Its bytes are not those that its header was made for.
    WrongSum(BatchNumber),
    /// More is under way than a primary may send.
    TooMuch,
    /// It is not the piece of the checkpoint that comes next.
    OtherPiece {
        /// Where it begins.
        offset: u64,
    },
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFollowing(reign) => {
                write!(f, "shipped by reign {}, which is not followed", reign.0)
            }
            Self::NoHeader(why) => write!(f, "shipped without a header: {why:?}"),
            Self::OtherCluster => write!(f, "shipped from another journal"),
            Self::OtherSize(bytes) => {
                write!(f, "shipped a segment of {bytes} bytes: journal.segment differs")
            }
            Self::OtherSegment(segment) => {
                write!(f, "shipped for segment {}, which is not the one begun", segment.0)
            }
            Self::OtherBatch { found, expected } => {
                write!(f, "shipped batch {}, and {} comes next", found.0, expected.0)
            }
            Self::OtherChain(batch) => {
                write!(f, "shipped batch {} does not go on from the one before it", batch.0)
            }
            Self::WrongSum(batch) => write!(f, "shipped batch {} is damaged", batch.0),
            Self::TooMuch => write!(f, "shipped more than was acknowledged"),
            Self::OtherPiece { offset } => {
                write!(f, "shipped a piece of a checkpoint from byte {offset}: another comes next")
            }
        }
    }
}

impl std::error::Error for Misfit {}

/// The standby's side of one line.
#[derive(Debug)]
pub struct Receiver {
    settings: Settings,
    /// Whose journal; zeros while it has none.
    cluster: Cluster,
    promised: Epoch,
    phase: Phase,
    /// Where it begins.
    begun: Mark,
    /// The last batch that was given to the log; at first, where it begins.
    last: Mark,
    segment: Option<(SegmentNumber, Epoch)>,
    /// Batches given to the log and not yet durable, in order.
    given: VecDeque<Mark>,
    received: Mark,
    durable: Mark,
    /// As it was said last.
    acknowledged: (Mark, Mark),
    said: VecDeque<Message>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// For the log to end there.
    Cutting {
        reign: Epoch,
        from: Mark,
    },
    Restoring {
        reign: Epoch,
        from: Mark,
        about: Position,
        next: u64,
        /// Bytes of all of it, once that is known.
        total: Option<u64>,
    },
    Following {
        reign: Epoch,
    },
}

impl Receiver {
    /// A line from its beginning. `promised`: nothing is taken from a reign before it.
    pub fn new(settings: Settings, cluster: Cluster, promised: Epoch) -> Self {
        Self {
            settings,
            cluster,
            promised,
            phase: Phase::Idle,
            begun: Mark::ZERO,
            last: Mark::ZERO,
            segment: None,
            given: VecDeque::new(),
            received: Mark::ZERO,
            durable: Mark::ZERO,
            acknowledged: (Mark::ZERO, Mark::ZERO),
            said: VecDeque::new(),
        }
    }

    /// Nothing is taken from a reign before this one from now on.
    pub fn promise(&mut self, reign: Epoch) {
        self.promised = self.promised.max(reign);
    }

    /// The primary says where the logs agree.
    pub fn handle_follow(&mut self, reign: Epoch, from: Mark, snapshot: Option<Position>) -> Begin {
        if self.is_lower(reign) {
            return Begin::Refused;
        }
        self.given.clear();
        match snapshot {
            None => {
                self.phase = Phase::Cutting { reign, from };
                Begin::Cut(from)
            }
            Some(about) => {
                self.phase = Phase::Restoring { reign, from, about, next: 0, total: None };
                Begin::Restore { from, about }
            }
        }
    }

    /// The own log ends with this mark, durably, as was asked for. Whether it is still so is known: if
    /// the line was used for something else meanwhile, nothing is said.
    pub fn handle_cut(&mut self, end: Mark) {
        let (Phase::Cutting { reign, from } | Phase::Restoring { reign, from, .. }) = self.phase
        else {
            return;
        };
        if end != from {
            return;
        }
        (self.begun, self.last) = (end, end);
        (self.received, self.durable) = (end, end);
        self.acknowledged = (end, end);
        self.segment = None;
        self.phase = Phase::Following { reign };
        self.said.push_back(Message::Ready { reign: self.promised, end });
    }

    /// A piece of the checkpoint: if it is to be taken, the mark behind which the log goes on that follows it.
    ///
    /// # Errors
    /// When another one comes next.
    pub fn handle_piece(&mut self, piece: &Piece) -> Result<Option<Mark>, Misfit> {
        if self.is_lower(piece.reign) {
            return Ok(None);
        }
        let misfit = Misfit::OtherPiece { offset: piece.offset };
        let Phase::Restoring { reign, from, about, next, total } = &mut self.phase else {
            return Err(misfit);
        };
        let is_other = (*reign, *about, *next) != (piece.reign, piece.about, piece.offset);
        if is_other || total.is_some_and(|total| total != piece.total) {
            return Err(misfit);
        }
        *next = piece.end().filter(|end| *end <= piece.total).ok_or(misfit)?;
        *total = Some(piece.total);
        Ok(Some(*from))
    }

    /// Behind which its log was shipped on this line.
    pub fn begun(&self) -> Mark {
        self.begun
    }

    /// Of the checkpoint that comes: its bytes, and those of them that are here.
    pub fn restoring(&self) -> Option<(u64, u64)> {
        match self.phase {
            Phase::Restoring { next, total, .. } => Some((total?, next)),
            Phase::Idle | Phase::Cutting { .. } | Phase::Following { .. } => None,
        }
    }

    /// A block: what is to be given to the log; none from a lower reign.
    ///
    /// # Errors
    /// When it is not what comes next.
    pub fn handle_segment(&mut self, reign: Epoch, block: Bytes) -> Result<Option<Item>, Misfit> {
        if !self.follows(reign)? {
            return Ok(None);
        }
        let header = SegmentHeader::read(&block).map_err(Misfit::NoHeader)?;
        self.take_cluster(&header.cluster)?;
        if header.bytes != self.settings.segment_bytes {
            return Err(Misfit::OtherSize(header.bytes));
        }
        let (next, found) = (self.last.next(), header.first_batch);
        let is_new = self.segment.is_none_or(|(segment, epoch)| {
            header.segment > segment && header.epoch >= epoch && found == next.batch
        });
        // The segment in which the log is taken up may have begun before; none is of a later reign
        // than who ships it.
        if !is_new || found > next.batch || header.epoch > reign {
            return Err(Misfit::OtherSegment(header.segment));
        }
        let goes_on = (header.first_position, header.previous) == (next.position, next.previous);
        if found == next.batch && !goes_on {
            return Err(Misfit::OtherChain(found));
        }
        self.segment = Some((header.segment, header.epoch));
        Ok(Some(Item { kind: ItemKind::Segment, bytes: block }))
    }

    /// A batch: what is to be given to the log; none from a lower reign.
    ///
    /// # Errors
    /// When it is not what comes next.
    pub fn handle_batch(&mut self, reign: Epoch, bytes: Bytes) -> Result<Option<Item>, Misfit> {
        if !self.follows(reign)? {
            return Ok(None);
        }
        let header = BatchHeader::read(&bytes).map_err(Misfit::NoHeader)?;
        self.take_cluster(&header.cluster)?;
        if self.segment != Some((header.segment, header.epoch)) {
            return Err(Misfit::OtherSegment(header.segment));
        }
        let (next, found) = (self.last.next(), header.batch);
        if found != next.batch {
            return Err(Misfit::OtherBatch { found, expected: next.batch });
        }
        if (header.first_position, header.previous) != (next.position, next.previous) {
            return Err(Misfit::OtherChain(found));
        }
        if !is_whole(&header, &bytes) {
            return Err(Misfit::WrongSum(found));
        }
        if self.given.len() == BATCHES_MAX {
            return Err(Misfit::TooMuch);
        }
        self.last = Mark::of(&header);
        self.given.push_back(self.last);
        Ok(Some(Item { kind: ItemKind::Batch, bytes }))
    }

    /// The log has this in memory. Only what was shipped since [`Message::Ready`] counts.
    pub fn handle_received(&mut self, mark: Mark) {
        if !self.is_given(&mark) {
            return;
        }
        if mark.batch > self.received.batch {
            self.received = mark;
        }
        if breaks(Mutant::AcknowledgesBeforeItIsDurable) {
            self.durable = self.received;
        }
    }

    /// The log has this on its disk. Only what was shipped since [`Message::Ready`] counts.
    pub fn handle_durable(&mut self, mark: Mark) {
        if !self.is_given(&mark) {
            return;
        }
        while self.given.front().is_some_and(|given| given.batch <= mark.batch) {
            self.given.pop_front();
        }
        self.durable = mark;
        if mark.batch > self.received.batch {
            self.received = mark;
        }
    }

    /// The last batch that was given to the log on this line; at first, where it begins.
    pub fn given(&self) -> Mark {
        self.last
    }

    /// What it may acknowledge: in its memory, and on its disk.
    pub fn matched(&self) -> (Mark, Mark) {
        (self.received, self.durable)
    }

    /// What to say next. The later it is asked, the more one acknowledgement says.
    pub fn poll_message(&mut self) -> Option<Message> {
        if let Some(message) = self.said.pop_front() {
            return Some(message);
        }
        if !matches!(self.phase, Phase::Following { .. }) {
            return None;
        }
        let (received, durable) = (self.received, self.durable);
        let is_news = match self.settings.mode {
            Mode::Memory => (received, durable) != self.acknowledged,
            Mode::Durable | Mode::Async => durable != self.acknowledged.1,
        };
        if !is_news {
            return None;
        }
        self.acknowledged = (received, durable);
        Some(Message::Ack { reign: self.promised, received, durable })
    }

    /// Whether that is of a reign that is over; its sender is told so.
    fn is_lower(&mut self, reign: Epoch) -> bool {
        let is_lower = reign < self.promised && !breaks(Mutant::TakesFromAnyReign);
        let nack = Message::Nack { reign: self.promised };
        if is_lower && self.said.back() != Some(&nack) {
            self.said.push_back(nack);
        }
        is_lower
    }

    fn follows(&mut self, by: Epoch) -> Result<bool, Misfit> {
        if self.is_lower(by) {
            return Ok(false);
        }
        let is_followed = self.phase == Phase::Following { reign: by };
        if is_followed { Ok(true) } else { Err(Misfit::NotFollowing(by)) }
    }

    /// The first block says whose journal it is, where there was none.
    fn take_cluster(&mut self, cluster: &Cluster) -> Result<(), Misfit> {
        if self.cluster == [0; 16] {
            self.cluster = *cluster;
        }
        if self.cluster == *cluster { Ok(()) } else { Err(Misfit::OtherCluster) }
    }

    /// Whether a mark is one of this line's, and not behind what is durable already.
    fn is_given(&self, mark: &Mark) -> bool {
        if breaks(Mutant::AcknowledgesItsOwnLog) {
            return true;
        }
        let Some(first) = self.given.front() else { return false };
        let place =
            mark.batch.0.checked_sub(first.batch.0).and_then(|place| usize::try_from(place).ok());
        place.and_then(|place| self.given.get(place)) == Some(mark)
    }
}

/// Whether these bytes are those that a header was made for, up to the last zero behind them.
fn is_whole(header: &BatchHeader, bytes: &[u8]) -> bool {
    let length = usize::try_from(header.length).expect("64-bit machine");
    let Some(behind) = bytes.get(BATCH_HEADER..) else { return false };
    let Some((sealed, padding)) = behind.split_at_checked(length) else { return false };
    bytes.len() == header.size() && header.covers(sealed) && padding.iter().all(|&byte| byte == 0)
}
