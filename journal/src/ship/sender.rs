//! The primary's side of one line: where the standby's log and ours agree, what it lacks, and what it
//! has. Must not know the socket, the disk or the writer, nor what an acknowledgement releases.
//!
//! ```text
//!  Hello            Ready                 caught up
//!    |                |                      |
//!  [ looking ] --> [ offered ] --> [ catching up ] <--> [ live ]
//!    |                ^
//!    +-> [ restoring ]+      a checkpoint first, where the log that it lacks was let go
//! ```
//!
//! Nothing that is sent is kept: what a lost line may have swallowed is read from the log again. Two
//! queues stand behind each other: what was read, and what was just framed. The second is one piece up
//! to the end of the log or empty; whenever something is framed that is not in it, it is emptied. So it
//! joins the first without a gap, or not at all, and the log is read for longer.

mod coming;
mod lag;
mod window;

use std::collections::VecDeque;
use std::num::NonZeroU64;

use crate::format::{BatchNumber, Epoch, Position};
use crate::mutants::{Mutant, breaks};
use crate::roles::event::Item;
use crate::ship::agree::{Outline, Parting, agreed};
use crate::ship::message::{Bytes, Hello, ItemKind, Mark, Message, Mode, Piece};
use crate::ship::sender::coming::{Coming, Found, Place};
use crate::ship::sender::lag::Ends;
use crate::ship::sender::window::Window;

pub use self::lag::{CatchUp, Lag};
pub use self::window::{BATCHES_MAX, BYTES_MAX, Lie};

/// Bytes that are read ahead at once: so many, and at most one batch more.
pub const READ_AHEAD: usize = 1 << 20;
/// A standby that lacks no more batches than this gets those that are framed from memory.
pub const CHANGE_OVER: u64 = 32;
/// Framed batches that wait for the line, at most. The pool has fewer buffers; this is for a driver
/// without one.
pub const LIVE_MAX: usize = 256;
/// Until a log that gave nothing is asked again, in nanoseconds.
const AGAIN: u64 = 5_000_000;
/// What a catch-up that had nothing to do may make up for, in nanoseconds.
const BURST: u64 = 100_000_000;

/// What does not change in one reign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What an acknowledgement has to say: [`Sender::matched`].
    pub mode: Mode,
    /// Bytes of the log that are read for a standby in a second; none: as fast as it goes.
    pub catch_up: Option<NonZeroU64>,
}

/// What is needed from the disk. There is at most one at a time; it is answered by a [`Fed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The log from this batch on: the block of its segment, batches, and before the first batch of
    /// each further segment the block of that.
    Log {
        /// The first batch.
        from: BatchNumber,
        /// No more items once they have so many bytes.
        bytes: usize,
    },
    /// The newest checkpoint.
    Snapshot {
        /// From this byte on.
        offset: u64,
        /// At most so many.
        bytes: usize,
    },
}

/// What was needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fed {
    /// What stands in the log.
    Log {
        /// In order. None: there is nothing more yet.
        items: Vec<Item>,
    },
    /// That batch was let go.
    Gone {
        /// Before the first one that is still there.
        first: Mark,
    },
    /// A piece of the newest checkpoint.
    Snapshot {
        /// Its position.
        about: Position,
        /// Bytes of all of it.
        total: u64,
        /// Where the piece begins.
        offset: u64,
        /// The piece.
        bytes: Vec<u8>,
    },
    /// There is no checkpoint.
    NoSnapshot,
}

/// The primary's side of one line.
#[derive(Debug)]
pub struct Sender {
    settings: Settings,
    reign: Epoch,
    ours: Outline,
    phase: Phase,
    /// What the standby's log ended with when it said hello.
    their_end: Mark,
    /// The last thing that was sent, or that the standby has.
    sent: Place,
    read: VecDeque<Coming>,
    live: VecDeque<Coming>,
    said: VecDeque<Message>,
    /// What is needed and not yet here.
    asked: Option<Need>,
    /// The log is not asked before.
    not_before: u64,
    window: Window,
    ends: Ends,
    /// Behind which it is shipped to.
    begun: Mark,
    /// Of a checkpoint that is sent first its bytes, and how many of them were sent.
    snapshot: Option<(u64, u64)>,
}

#[derive(Debug)]
enum Phase {
    /// For the place where they agree, behind this batch.
    Looking(BatchNumber),
    /// The log behind `from` is to follow a checkpoint.
    Restoring {
        from: Mark,
        piece: Option<(Position, u64)>,
    },
    /// Waits for the standby to be ready there.
    Offered(Mark),
    Shipping,
}

impl Sender {
    /// A standby said hello: finds out where it agrees with us. `ours` has this reign in its table.
    ///
    /// # Errors
    /// When they have nothing in common.
    pub fn new(
        settings: Settings,
        reign: Epoch,
        ours: Outline,
        hello: &Hello,
        now: u64,
    ) -> Result<Self, Parting> {
        let theirs = Outline { epochs: hello.epochs.clone(), end: hello.end };
        let at = agreed(&ours, &theirs)?;
        let mut ends = Ends::new();
        ends.add(ours.end.position, now);
        let our_end = ours.end;
        let mut sender = Self {
            settings,
            reign,
            ours,
            phase: Phase::Looking(at),
            their_end: hello.end,
            sent: Place::behind(at),
            read: VecDeque::new(),
            live: VecDeque::new(),
            said: VecDeque::new(),
            asked: None,
            not_before: now,
            window: Window::new(Mark::ZERO),
            ends,
            begun: Mark::ZERO,
            snapshot: None,
        };
        if at == our_end.batch {
            sender.on_place(our_end)?;
        }
        Ok(sender)
    }

    /// The log goes on to `end`: with what was framed, or without, when nobody wanted it or there was
    /// no room. Several without may be told as one; one with an item is told by itself, in order.
    pub fn handle_framed(&mut self, now: u64, end: Mark, item: Option<Item>) {
        if end.batch > self.ours.end.batch {
            self.ours.end = end;
        }
        self.ends.add(end.position, now);
        match item {
            Some(item) if self.wants_live() && self.live.len() < LIVE_MAX => {
                self.live.push_back(Coming::of(item));
            }
            Some(_) | None => self.live.clear(),
        }
    }

    /// Whether what is framed should come with its bytes. It may be looked at late.
    pub fn wants_live(&self) -> bool {
        let is_near = self.ours.end.batch.0 <= self.in_hand().batch.0 + CHANGE_OVER;
        matches!(self.phase, Phase::Shipping) && (is_near || !self.live.is_empty())
    }

    /// Whether all that was framed was sent or is about to be, without the disk: acknowledgements may
    /// be required from now on.
    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Shipping) && self.read.is_empty() && !self.has_gap()
    }

    /// The standby is ready.
    ///
    /// # Errors
    /// When it is not where it was asked to be.
    pub fn handle_ready(&mut self, end: Mark) -> Result<(), Lie> {
        let Phase::Offered(from) = self.phase else { return Err(Lie::Ready(end)) };
        if end != from {
            if !breaks(Mutant::AcknowledgesItsOwnLog) {
                return Err(Lie::Ready(end));
            }
            self.read.clear();
            self.sent = Place::behind(end.batch);
        }
        self.window = Window::new(end);
        self.begun = end;
        self.snapshot = None;
        self.phase = Phase::Shipping;
        self.ends.let_go(from.position);
        Ok(())
    }

    /// The standby has this much. What it says before it is ready is of what was shipped before.
    ///
    /// # Errors
    /// When that can not be.
    pub fn handle_ack(&mut self, received: Mark, durable: Mark) -> Result<(), Lie> {
        if !matches!(self.phase, Phase::Shipping) {
            return Ok(());
        }
        self.window.acknowledge(received, durable)?;
        if let Some(matched) = self.matched() {
            self.ends.let_go(matched.position);
        }
        Ok(())
    }

    /// What the standby has of our log by the rule of the mode: in its memory, or on its disk. None
    /// before it was ready.
    pub fn matched(&self) -> Option<Mark> {
        match self.settings.mode {
            Mode::Durable | Mode::Async => self.durable(),
            Mode::Memory => self.received(),
        }
    }

    /// What the standby has in its memory.
    pub fn received(&self) -> Option<Mark> {
        matches!(self.phase, Phase::Shipping).then_some(self.window.received)
    }

    /// What the standby has on its disk.
    pub fn durable(&self) -> Option<Mark> {
        matches!(self.phase, Phase::Shipping).then_some(self.window.durable)
    }

    /// How far the standby is behind.
    pub fn lag(&self, now: u64) -> Lag {
        let matched = self.matched().unwrap_or_default();
        let (_, bytes) = self.window.under_way();
        let end = &self.ours.end;
        Lag {
            records: end.position.0.saturating_sub(matched.position.0),
            batches: end.batch.0.saturating_sub(matched.batch.0),
            bytes: u64::try_from(bytes).expect("64-bit machine"),
            for_ns: self.ends.waits(now),
        }
    }

    /// What to say next. Ask only while the line has room: what is not said yet is not in memory.
    pub fn poll_message(&mut self) -> Option<Message> {
        if let Some(message) = self.said.pop_front() {
            return Some(message);
        }
        if !matches!(self.phase, Phase::Shipping) || !self.window.has_room() {
            return None;
        }
        while self.live.front().is_some_and(|next| next.place <= self.sent) {
            self.live.pop_front();
        }
        let coming = match self.read.pop_front() {
            Some(coming) => coming,
            None if self.live.front()?.follows(&self.sent) => self.live.pop_front()?,
            None => return None,
        };
        self.sent = coming.place;
        if let Some(mark) = coming.mark {
            self.window.push(mark, coming.item.bytes.len());
        }
        let (reign, Item { kind, bytes }) = (self.reign, coming.item);
        Some(match kind {
            ItemKind::Segment => Message::Segment { reign, block: bytes },
            ItemKind::Batch => Message::Batch { reign, bytes },
        })
    }

    /// What is needed from the disk. It is to be answered by [`Sender::handle_fed`].
    pub fn poll_need(&mut self, now: u64) -> Option<Need> {
        // What was asked for stays so until it is answered, however often this is called.
        if self.asked.is_some() || now < self.not_before {
            return None;
        }
        self.asked = self.need();
        self.asked
    }

    /// When [`Sender::poll_need`] has something to say, if nothing else happens: nanoseconds of the clock by
    /// which it is told `now`.
    pub fn deadline(&self) -> Option<u64> {
        self.need().map(|_| self.not_before)
    }

    /// What was needed. An answer to what another line's sender needed is passed over, or taken for
    /// what it says of the log.
    ///
    /// # Errors
    /// When nothing can be shipped: begin with a new hello, or tell what is wrong.
    pub fn handle_fed(&mut self, now: u64, fed: Fed) -> Result<(), Parting> {
        let answers = match (&fed, self.asked) {
            (Fed::Log { .. }, Some(Need::Log { .. }))
            | (Fed::NoSnapshot, Some(Need::Snapshot { .. })) => true,
            (Fed::Gone { first }, Some(Need::Log { from, .. })) => from <= first.batch,
            (Fed::Snapshot { offset, .. }, Some(Need::Snapshot { offset: asked, .. })) => {
                *offset == asked
            }
            _ => false,
        };
        if !answers {
            return Ok(());
        }
        self.asked = None;
        match fed {
            Fed::Log { items } => {
                let items: Vec<Coming> = items.into_iter().map(Coming::of).collect();
                let is_near = self.ours.end.batch.0 <= self.sent.batch.0 + CHANGE_OVER;
                let bytes = items.iter().map(|coming| coming.item.bytes.len()).sum();
                self.pace(now, if is_near { 0 } else { bytes });
                self.on_log(now, items)
            }
            Fed::Gone { first } => match self.phase {
                Phase::Looking(_) => {
                    self.phase = Phase::Restoring { from: first, piece: None };
                    Ok(())
                }
                Phase::Restoring { .. } | Phase::Offered(_) | Phase::Shipping => {
                    Err(Parting::Overtaken)
                }
            },
            Fed::Snapshot { about, total, offset, bytes } => {
                self.pace(now, bytes.len());
                self.on_piece(about, total, offset, bytes)
            }
            Fed::NoSnapshot => Err(Parting::NothingInCommon),
        }
    }

    fn need(&self) -> Option<Need> {
        if self.asked.is_some() {
            return None;
        }
        let log = |behind: BatchNumber| {
            let from = BatchNumber(behind.0 + 1);
            Some(Need::Log { from, bytes: READ_AHEAD })
        };
        match &self.phase {
            Phase::Looking(at) => log(*at),
            Phase::Restoring { .. } if !self.said.is_empty() => None,
            Phase::Restoring { piece, .. } => {
                let offset = piece.map_or(0, |(_, offset)| offset);
                Some(Need::Snapshot { offset, bytes: self.settings.piece_bytes() })
            }
            Phase::Offered(_) => None,
            Phase::Shipping if self.read.len() > 1 || !self.has_gap() => None,
            Phase::Shipping => log(self.in_hand().batch),
        }
    }

    /// The last thing that was sent or read.
    fn in_hand(&self) -> &Place {
        self.read.back().map_or(&self.sent, |last| &last.place)
    }

    /// Whether something is missing between what was read and what was framed.
    fn has_gap(&self) -> bool {
        let last = self.in_hand();
        match self.live.iter().find(|next| next.place > *last) {
            Some(next) => !next.follows(last),
            None => last.batch < self.ours.end.batch,
        }
    }

    /// What is read for a standby that is far behind, or a checkpoint, is read at its pace.
    fn pace(&mut self, now: u64, bytes: usize) {
        self.not_before = self.not_before.max(now.saturating_sub(BURST));
        if let Some(rate) = self.settings.catch_up {
            let bytes = u64::try_from(bytes).expect("64-bit machine");
            self.not_before += bytes.saturating_mul(1_000_000_000) / rate;
        }
    }

    fn on_log(&mut self, now: u64, items: Vec<Coming>) -> Result<(), Parting> {
        if let Phase::Looking(at) = self.phase {
            // What comes next says what is before it.
            let next = items.iter().find(|coming| coming.expected.batch.0 == at.0 + 1);
            let Some(next) = next else {
                self.not_before = self.not_before.max(now + AGAIN);
                return Ok(());
            };
            let writer = self.ours.writer_of(at);
            let is_before_our_log = writer.0 == 0 && at.0 > 0;
            let epoch = if is_before_our_log { self.their_end.epoch } else { writer };
            let from = Mark::before(&next.expected, epoch);
            if is_before_our_log && from != self.their_end {
                self.phase = Phase::Looking(BatchNumber(0));
                return Ok(());
            }
            self.on_place(from)?;
        }
        let before = *self.in_hand();
        for coming in items {
            match coming.behind(self.in_hand()) {
                Found::Next(coming) => self.read.push_back(coming),
                Found::Former => {}
                Found::Other => break,
            }
        }
        if *self.in_hand() == before {
            self.not_before = self.not_before.max(now + AGAIN);
        }
        Ok(())
    }

    /// The logs agree up to here, if the standby has the same batch there.
    fn on_place(&mut self, from: Mark) -> Result<(), Parting> {
        if from.batch == self.their_end.batch && from != self.their_end {
            return Err(Parting::OtherLog { batch: from.batch, epoch: from.epoch });
        }
        self.offer(from, None);
        self.phase = Phase::Offered(from);
        Ok(())
    }

    fn offer(&mut self, from: Mark, snapshot: Option<Position>) {
        self.sent = Place::behind(from.batch);
        self.said.push_back(Message::Follow { reign: self.reign, from, snapshot });
    }

    fn on_piece(
        &mut self,
        about: Position,
        total: u64,
        offset: u64,
        bytes: Vec<u8>,
    ) -> Result<(), Parting> {
        let Phase::Restoring { from, piece } = self.phase else { return Ok(()) };
        if about < from.position {
            return Err(Parting::NothingInCommon);
        }
        match piece {
            // A newer one was made meanwhile: from its beginning.
            Some((former, _)) if former != about => {
                self.phase = Phase::Restoring { from, piece: None };
                return Ok(());
            }
            Some((_, next)) if offset != next => return Ok(()),
            Some(_) => {}
            None => self.offer(from, Some(about)),
        }
        let (reign, bytes) = (self.reign, Bytes::from(bytes));
        let piece = Piece { reign, about, offset, total, bytes };
        let end = piece.end().expect("a file is shorter");
        self.said.push_back(Message::Snapshot(piece));
        self.snapshot = Some((total, end));
        self.phase = if end >= total {
            Phase::Offered(from)
        } else {
            Phase::Restoring { from, piece: Some((about, end)) }
        };
        Ok(())
    }
}
