//! Two sites in one test: a log that is written, a line that can be cut, and a standby that keeps what
//! it is given. Must not know what a test expects.

#![expect(clippy::wildcard_enum_match_arm, reason = "what is not said fails the test")]

use std::sync::Arc;

use crate::authoring::{Author, CLUSTER, key};
use crate::disk::simulated::SimulatedDisk;
use crate::format::{BLOCK, BatchHeader, BatchNumber, Epoch, Position, SegmentHeader};
use crate::raw::RawReader;
use crate::roles::event::Item;
use crate::roles::name::NodeName;
use crate::roles::witness::Incarnation;
use crate::seal::Keys;
use crate::ship::agree::{Outline, Parting};
use crate::ship::message::{
    Bytes, Digests, EpochStart, Flags, Hello, ItemKind, LINE_VERSION, Mark, Message, Mode, Piece,
    Role, WhenLost,
};
use crate::ship::pool::Pool;
use crate::ship::receiver::{self, Begin, Misfit, Receiver};
use crate::ship::sender::{self, Fed, Lie, Need, Sender};
use crate::ship::wire::{self, Cutter};
use crate::writer::Framed;

/// Why a line was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    Parting(Parting),
    Lie(Lie),
    Misfit(Misfit),
    /// What stays of the standby's log does not end as the primary says.
    OtherTag,
}

/// A log as a standby has it: items, so many of them durable.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) items: Vec<Item>,
    pub(super) durable: usize,
    /// Behind which a log begins that follows a checkpoint.
    pub(super) first: Mark,
    pub(super) checkpoint: Vec<u8>,
}

/// Both sites.
pub(super) struct World {
    pub(super) author: Author,
    pub(super) reign: Epoch,
    pub(super) settings: sender::Settings,
    pub(super) sender: Option<Sender>,
    /// The writer's.
    pub(super) pool: Pool,
    pub(super) receiver: Option<Receiver>,
    pub(super) log: Log,
    /// What was written to the line and not yet delivered, payloads uncopied.
    pub(super) line: std::collections::VecDeque<Message>,
    cutter: Option<Cutter>,
    /// What the disk has let go: everything up to this mark.
    pub(super) gone: Option<Mark>,
    pub(super) checkpoint: (Position, Vec<u8>),
    pub(super) now: u64,
    /// Everything that was said, in short.
    pub(super) said: Vec<String>,
    /// The standby's disk makes durable what it has.
    pub(super) syncs: bool,
    /// Needs are answered.
    pub(super) feeds: bool,
    pub(super) promised: Epoch,
    /// The end of the log as it was told last.
    told_end: Mark,
}

impl World {
    pub(super) fn new(mode: Mode) -> Self {
        let author = Author::begin();
        Self {
            reign: author.epoch,
            author,
            settings: sender::Settings { mode, catch_up: None },
            sender: None,
            pool: Pool::new(4, 64 * BLOCK),
            receiver: None,
            log: Log::default(),
            line: std::collections::VecDeque::new(),
            cutter: Some(Cutter::new(Pool::default())),
            gone: None,
            checkpoint: (Position(0), Vec::new()),
            now: 1_000_000_000,
            said: Vec::new(),
            syncs: true,
            feeds: true,
            promised: Epoch(0),
            told_end: Mark::ZERO,
        }
    }

    /// The primary's log.
    pub(super) fn ours(&self) -> Outline {
        let items = self.items();
        outline(&items, &Mark::ZERO)
    }

    /// All that stands in the primary's segments.
    pub(super) fn items(&self) -> Vec<Item> {
        read(&self.author.disk(), BatchNumber(1))
    }

    /// The writer frames a batch of one record; whether it could. `must`: it waits for a buffer.
    pub(super) fn writes(&mut self, text: &str, must: bool) -> bool {
        let wants = self.sender.as_ref().is_some_and(Sender::wants_live);
        if wants && must && self.pool.free() < 1 {
            return false;
        }
        let header = self.author.batch(&[text.as_bytes()]);
        self.author.released = header.last_position();
        let image = self.author.segments.last().expect("begun");
        let (at, _) = image.batches.last().expect("just written");
        let bytes = &image.bytes[*at..at + header.size()];
        let parcel = if wants { self.pool.take(bytes) } else { None };
        let item = parcel.map(|bytes| Item { kind: ItemKind::Batch, bytes: bytes.into() });
        self.framed(Mark::of(&header), item);
        true
    }

    /// The standby was primary by the next reign, and wrote what nobody else has; the primary goes on
    /// by the one after that, behind what both have.
    pub(super) fn standby_reigned(&mut self, texts: &[&str]) {
        self.author.start();
        let headers: Vec<_> =
            texts.iter().map(|text| self.author.batch(&[text.as_bytes()])).collect();
        self.log.items = self.items();
        self.log.durable = self.log.items.len();
        self.author.start_again_at(&headers[0]);
        self.reign = self.author.epoch;
    }

    /// The primary lost the end of its log, from this batch on, and goes on by the next reign.
    pub(super) fn loses_from(&mut self, batch: u64) {
        let batches = self.author.segments.iter().flat_map(|image| &image.batches);
        let mut headers = batches.map(|(_, header)| *header);
        let missing = headers.rfind(|header| header.batch.0 == batch).expect("it is there");
        self.author.start_again_at(&missing);
        self.reign = self.author.epoch;
    }

    /// The writer goes on to another segment, unless nothing was written to this one.
    pub(super) fn rolls_over(&mut self) {
        if self.author.segments.last().is_some_and(|image| image.batches.is_empty()) {
            return;
        }
        self.author.roll_over();
        let end = self.ours().end;
        let wants = self.sender.as_ref().is_some_and(Sender::wants_live);
        let block = &self.author.segments.last().expect("begun").bytes[..BLOCK];
        let parcel = if wants { self.pool.take(block) } else { None };
        let item = parcel.map(|bytes| Item { kind: ItemKind::Segment, bytes: bytes.into() });
        self.framed(end, item);
    }

    /// A batch of one record that nobody has yet: only its end is told.
    pub(super) fn framed_elsewhere(&mut self) {
        let mut end = self.told_end;
        (end.batch.0, end.position.0) = (end.batch.0 + 1, end.position.0 + 1);
        self.framed(end, None);
    }

    fn framed(&mut self, end: Mark, item: Option<Item>) {
        self.told_end = end;
        let now = self.now;
        if let Some(sender) = &mut self.sender {
            sender.handle_framed(now, end, item);
        }
    }

    /// A line, and the standby's hello on it.
    pub(super) fn connects(&mut self) -> Result<(), Closed> {
        self.line.clear();
        self.cutter = self.cutter.take().map(Cutter::again);
        let hello = self.log.hello();
        let receiver_settings = receiver::Settings {
            mode: self.settings.mode,
            segment_bytes: crate::authoring::SEGMENT as u64,
        };
        let cluster = if self.log.items.is_empty() { [0; 16] } else { CLUSTER };
        self.receiver = Some(Receiver::new(receiver_settings, cluster, self.promised));
        let (settings, reign, ours) = (self.settings, self.reign, self.ours());
        let sender = Sender::new(settings, reign, ours, &hello, self.now);
        self.sender = Some(sender.map_err(Closed::Parting)?);
        Ok(())
    }

    /// The line is gone, with all that was on it.
    pub(super) fn loses_the_line(&mut self) {
        (self.sender, self.receiver) = (None, None);
        self.line.clear();
    }

    /// Goes on until there is nothing more to do.
    pub(super) fn settles(&mut self) -> Result<(), Closed> {
        while self.step()? {}
        Ok(())
    }

    /// Everything that can happen now, once.
    pub(super) fn step(&mut self) -> Result<bool, Closed> {
        let mut any = false;
        if self.feeds {
            any |= self.feed()?;
        }
        any |= self.sends();
        any |= self.delivers(usize::MAX)?;
        any |= self.answers()?;
        if !any && self.sender.as_ref().is_some_and(|sender| sender.deadline().is_some()) {
            let deadline = self.sender.as_ref().and_then(Sender::deadline).expect("it has one");
            any = self.feeds && deadline > self.now;
            self.now = self.now.max(deadline);
        }
        Ok(any)
    }

    /// The disk answers what is needed.
    pub(super) fn feed(&mut self) -> Result<bool, Closed> {
        let Some(sender) = &mut self.sender else { return Ok(false) };
        let Some(need) = sender.poll_need(self.now) else { return Ok(false) };
        let fed = match need {
            Need::Log { from, .. } if self.gone.is_some_and(|gone| from <= gone.batch) => {
                Fed::Gone { first: self.gone.expect("it is") }
            }
            Need::Log { from, .. } => {
                let mut items = read(&self.author.disk(), from);
                items.truncate(4);
                Fed::Log { items }
            }
            Need::Snapshot { .. } if self.checkpoint.1.is_empty() => Fed::NoSnapshot,
            Need::Snapshot { offset, .. } => {
                let (about, file) = &self.checkpoint;
                let start = usize::try_from(offset).expect("small");
                let bytes = file[start..file.len().min(start + 10)].to_vec();
                Fed::Snapshot { about: *about, total: file.len() as u64, offset, bytes }
            }
        };
        sender.handle_fed(self.now, fed).map_err(Closed::Parting)?;
        Ok(true)
    }

    /// The line takes what there is to say.
    pub(super) fn sends(&mut self) -> bool {
        let before = self.line.len();
        while let Some(message) = self.sender.as_mut().and_then(Sender::poll_message) {
            self.said.push(short(&message));
            self.line.push_back(message);
        }
        self.line.len() > before
    }

    /// So many messages arrive at the standby.
    pub(super) fn delivers(&mut self, most: usize) -> Result<bool, Closed> {
        let mut count = 0;
        while count < most
            && let Some(message) = self.line.pop_front()
        {
            count += 1;
            self.hears(message)?;
        }
        Ok(count > 0)
    }

    /// Through the bytes.
    fn hears(&mut self, message: Message) -> Result<(), Closed> {
        let mut bytes = Vec::new();
        wire::put(&message, &mut bytes);
        drop(message);
        let cutter = self.cutter.as_mut().expect("there is one");
        let taken = cutter.take(&bytes).expect("it is what was sent");
        let Some(receiver) = &mut self.receiver else { return Ok(()) };
        let item = match taken.message.expect("it is whole") {
            Message::Follow { reign, from, snapshot } => {
                match receiver.handle_follow(reign, from, snapshot) {
                    Begin::Cut(mark) => {
                        self.log.cut(mark)?;
                        receiver.handle_cut(mark);
                    }
                    Begin::Restore { from, .. } => self.log = Log::restoring(from),
                    Begin::Refused => {}
                }
                None
            }
            Message::Snapshot(piece) => {
                self.takes(&piece)?;
                None
            }
            Message::Segment { reign, block } => {
                receiver.handle_segment(reign, block).map_err(Closed::Misfit)?
            }
            Message::Batch { reign, bytes } => {
                receiver.handle_batch(reign, bytes).map_err(Closed::Misfit)?
            }
            other => panic!("{} is not for a standby", short(&other)),
        };
        if let Some(item) = item {
            self.log.take(&item);
        }
        Ok(())
    }

    fn takes(&mut self, piece: &Piece) -> Result<(), Closed> {
        let Some(receiver) = &mut self.receiver else { return Ok(()) };
        if receiver.handle_piece(piece).map_err(Closed::Misfit)?.is_some() {
            if piece.offset == 0 {
                self.log.checkpoint.clear();
            }
            self.log.checkpoint.extend_from_slice(&piece.bytes);
            if piece.end() == Some(piece.total) {
                receiver.handle_cut(self.log.first);
            }
        }
        Ok(())
    }

    /// The standby's disk and its answers.
    pub(super) fn answers(&mut self) -> Result<bool, Closed> {
        let Some(receiver) = &mut self.receiver else { return Ok(false) };
        if self.syncs {
            self.log.durable = self.log.items.len();
        }
        receiver.handle_received(self.log.end());
        receiver.handle_durable(self.log.durable_end());
        let mut any = false;
        while let Some(message) = receiver.poll_message() {
            any = true;
            self.said.push(short(&message));
            let Some(sender) = &mut self.sender else { continue };
            match message {
                Message::Ready { end, .. } => sender.handle_ready(end).map_err(Closed::Lie)?,
                Message::Ack { received, durable, .. } => {
                    sender.handle_ack(received, durable).map_err(Closed::Lie)?;
                }
                Message::Nack { .. } => {}
                other => panic!("{} is not for a primary", short(&other)),
            }
        }
        Ok(any)
    }

    /// What was said since this was asked last.
    pub(super) fn told(&mut self) -> String {
        std::mem::take(&mut self.said).join("\n")
    }

    /// That the standby has all of the primary's log, byte for byte, and that all of it is acknowledged.
    pub(super) fn assert_equal(&self) {
        let ours = self.items();
        let behind = self.log.first.batch;
        let mut ours: Vec<_> = ours.iter().filter(|item| batch_of(item) > behind.0).collect();
        let mut theirs: Vec<_> = self.log.items.iter().collect();
        // The block of a segment without batches may be there already, or come with its first one.
        for items in [&mut ours, &mut theirs] {
            items.pop_if(|last| last.kind == ItemKind::Segment);
        }
        assert!(ours == theirs, "the logs differ: {} and {} items", ours.len(), theirs.len());
        let end = self.ours().end;
        let sender = self.sender.as_ref().expect("there is a line");
        assert_eq!((sender.matched(), sender.is_live()), (Some(end), true));
        assert_eq!((sender.lag(self.now).records, sender.lag(self.now).for_ns), (0, 0));
    }
}

impl Log {
    fn restoring(first: Mark) -> Self {
        Self { first, ..Self::default() }
    }

    pub(super) fn end(&self) -> Mark {
        outline(&self.items, &self.first).end
    }

    pub(super) fn durable_end(&self) -> Mark {
        outline(&self.items[..self.durable], &self.first).end
    }

    pub(super) fn take(&mut self, item: &Item) {
        // A buffer of the line's pool would not come back: this standby keeps its log in memory.
        let item = Item { kind: item.kind, bytes: Bytes::Owned(item.bytes.to_vec()) };
        let is_same = |last: &&Item| last.kind == ItemKind::Segment;
        let last = self.items.iter().rev().find(is_same);
        if last != Some(&item) {
            self.items.push(item);
        }
    }

    pub(super) fn cut(&mut self, mark: Mark) -> Result<(), Closed> {
        let ends = |count: usize| outline(&self.items[..count], &self.first).end == mark;
        let Some(stays) = (0..=self.items.len()).find(|&count| ends(count)) else {
            return Err(Closed::OtherTag);
        };
        self.items.truncate(stays);
        self.durable = stays;
        Ok(())
    }

    pub(super) fn hello(&self) -> Hello {
        let Outline { epochs, end } = outline(&self.items, &self.first);
        Hello {
            reign: Epoch(0),
            version: LINE_VERSION,
            cluster: CLUSTER,
            name: NodeName::new("osaka").expect("a name"),
            incarnation: Incarnation(1),
            role: Role::Standby,
            mode: Mode::Durable,
            when_lost: WhenLost::Solo,
            flags: Flags::default(),
            end,
            segment_bytes: crate::authoring::SEGMENT as u64,
            utc_ns: 0,
            digests: Digests::default(),
            build: "test".into(),
            epochs,
        }
    }
}

/// What stands in a log from a batch on.
pub(super) fn read(disk: &SimulatedDisk, from: BatchNumber) -> Vec<Item> {
    let keys = Arc::new(Keys::only(key(1)));
    let mut reader = RawReader::open(disk, keys, from).expect("it opens");
    let mut items = Vec::new();
    while let Some(framed) = reader.next().expect("it reads") {
        let (kind, bytes) = match framed {
            Framed::Segment(block) => (ItemKind::Segment, block.to_vec()),
            Framed::Batch(_, bytes) => (ItemKind::Batch, bytes.to_vec()),
        };
        items.push(Item { kind, bytes: bytes.into() });
    }
    items
}

/// The table and the end of a log of these items.
pub(super) fn outline(items: &[Item], first: &Mark) -> Outline {
    let (mut epochs, mut end): (Vec<EpochStart>, Mark) = (Vec::new(), *first);
    for item in items {
        if item.kind == ItemKind::Batch {
            end = Mark::of(&BatchHeader::read(&item.bytes).expect("a batch"));
            continue;
        }
        let header = SegmentHeader::read(&item.bytes).expect("a block");
        if epochs.last().is_none_or(|last| last.epoch != header.epoch) {
            let (epoch, first_batch) = (header.epoch, header.first_batch);
            epochs.push(EpochStart { epoch, first_batch });
        }
    }
    Outline { epochs, end }
}

fn batch_of(item: &Item) -> u64 {
    match item.kind {
        ItemKind::Segment => SegmentHeader::read(&item.bytes).expect("a block").first_batch.0,
        ItemKind::Batch => BatchHeader::read(&item.bytes).expect("a batch").batch.0,
    }
}

/// A message in a few words.
pub(super) fn short(message: &Message) -> String {
    let mark = |mark: &Mark| format!("{}/{}", mark.epoch.0, mark.batch.0);
    match message {
        Message::Follow { from, snapshot: None, .. } => format!("> follow {}", mark(from)),
        Message::Follow { from, snapshot: Some(position), .. } => {
            format!("> follow {} behind a checkpoint at {}", mark(from), position.0)
        }
        Message::Segment { block, .. } => {
            let header = SegmentHeader::read(block).expect("a block");
            format!("> segment {} of reign {}", header.segment.0, header.epoch.0)
        }
        Message::Batch { bytes, .. } => {
            let header = BatchHeader::read(bytes).expect("a batch");
            let way = if matches!(bytes, Bytes::Parcel(_)) { "live" } else { "read" };
            format!("> batch {}, {way}", mark(&Mark::of(&header)))
        }
        Message::Snapshot(piece) => {
            format!("> piece of {} at {} of {}", piece.about.0, piece.offset, piece.total)
        }
        Message::Ready { end, .. } => format!("< ready {}", mark(end)),
        Message::Ack { received, durable, .. } => {
            format!("< has {}, on disk {}", mark(received), mark(durable))
        }
        Message::Nack { reign } => format!("< promised {}", reign.0),
        other => format!("{other:?}"),
    }
}
