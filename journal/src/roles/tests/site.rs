//! A machine with a disk, and the node that lives on it, for the stories. Its log is a list. Knows no
//! rule, and nobody else.

use std::collections::VecDeque;

use super::pair::Checkpoint;
use crate::format::{
    BATCH_HEADER, BLOCK, BatchHeader, BatchNumber, Epoch, PathKind, Position, SegmentHeader,
    SegmentNumber, sum,
};
use crate::roles::control::Control;
use crate::roles::event::{Allowed, DrainId, Item};
use crate::roles::node::Node;
use crate::roles::settings::{LogFacts, Settings};
use crate::ship::message::{EpochStart, ItemKind, Mark};

pub(super) const CLUSTER: [u8; 16] = *b"tokyo and osaka!";
pub(super) const SEGMENT: u64 = 1 << 20;

/// Something of a log: where it ends, who wrote it, and its bytes.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) mark: Mark,
    pub(super) item: Item,
    epoch: Epoch,
    first_batch: BatchNumber,
}

/// A machine with a disk, and the node that lives on it.
pub(super) struct Site {
    pub(super) settings: Settings,
    pub(super) node: Option<Node>,
    pub(super) control: Control,
    pub(super) log: Vec<Piece>,
    /// So many pieces are on the disk.
    pub(super) durable: usize,
    pub(super) released: Position,
    pub(super) allowed: Allowed,
    pub(super) reign: Option<Epoch>,
    pub(super) open: bool,
    pub(super) lives: u64,
    /// Nothing gets to the disk.
    pub(super) disk_is_slow: bool,
    /// What its log is given is not taken yet.
    pub(super) log_is_slow: bool,
    pub(super) given: Vec<Item>,
    pub(super) damaged: Option<BatchNumber>,
    /// In flight does not end.
    pub(super) is_busy: bool,
    /// In flight ends when the story says so: of these drains.
    pub(super) drains_slowly: bool,
    pub(super) draining: VecDeque<DrainId>,
    segments: u64,
    /// What is written to the control file is not yet there.
    pub(super) control_is_slow: bool,
    pub(super) unwritten: Option<Control>,
    /// It loses power when its writer is to begin.
    pub(super) dies_at_reign: bool,
    /// The life before was sick.
    pub(super) yields: bool,
    /// What its log begins behind, a checkpoint that goes so far, and one that comes.
    pub(super) base: Mark,
    pub(super) checkpoint: Checkpoint,
    pub(super) coming: Vec<u8>,
}

impl Site {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            control: Control::first(settings.name),
            settings,
            node: None,
            log: Vec::new(),
            durable: 0,
            released: Position(0),
            allowed: Allowed::UpTo(Position(0)),
            reign: None,
            open: false,
            lives: 0,
            disk_is_slow: false,
            log_is_slow: false,
            given: Vec::new(),
            damaged: None,
            is_busy: false,
            drains_slowly: false,
            draining: VecDeque::new(),
            segments: 0,
            control_is_slow: false,
            unwritten: None,
            dies_at_reign: false,
            yields: false,
            base: Mark::ZERO,
            checkpoint: Checkpoint::default(),
            coming: Vec::new(),
        }
    }

    /// All of it is gone, and what the node knew.
    pub(super) fn loses_its_disk(&mut self) {
        self.log.clear();
        self.durable = 0;
        self.segments = 0;
        self.base = Mark::ZERO;
        self.checkpoint = Checkpoint::default();
        self.control = Control::first(self.settings.name);
    }

    /// The last batches are not readable any more.
    pub(super) fn is_damaged(&mut self, batches: usize) {
        self.damaged = Some(self.end().batch);
        self.log.truncate(self.log.len() - batches);
        self.durable = self.log.len();
    }

    pub(super) fn end(&self) -> Mark {
        self.log.last().map_or(self.base, |piece| piece.mark)
    }

    pub(super) fn node(&self) -> &Node {
        self.node.as_ref().expect("it lives")
    }

    pub(super) fn has(&self, mark: &Mark) -> bool {
        let behind_a_checkpoint = mark.position <= self.checkpoint.position;
        behind_a_checkpoint || self.log.iter().any(|piece| piece.mark == *mark)
    }

    pub(super) fn facts(&self) -> LogFacts {
        let blocks = self.log.iter().filter(|piece| piece.item.kind == ItemKind::Segment);
        let start =
            |piece: &Piece| EpochStart { epoch: piece.epoch, first_batch: piece.first_batch };
        let mut epochs: Vec<_> = blocks.map(start).collect();
        epochs.dedup_by_key(|start| start.epoch);
        epochs.extend(self.epochs_of_base());
        LogFacts {
            cluster: (!epochs.is_empty()).then_some(CLUSTER),
            end: self.end(),
            epochs,
            released: Position(0),
            damaged: self.damaged,
            lacks: self.lacks(),
        }
    }

    pub(super) fn cut(&mut self, mark: Mark) -> usize {
        let before = self.end().batch.0;
        self.log.retain(|piece| match piece.item.kind {
            ItemKind::Batch => piece.mark.batch <= mark.batch,
            ItemKind::Segment => piece.first_batch <= mark.batch,
        });
        self.durable = self.log.len();
        assert_eq!(self.end(), mark, "what stays ends with what was meant");
        usize::try_from(before - mark.batch.0).expect("few")
    }

    /// A segment's block.
    pub(super) fn begins(&mut self, epoch: Epoch) -> Item {
        self.segments = self.log.len() as u64 + 1;
        let end = self.end();
        let header = SegmentHeader {
            cluster: CLUSTER,
            segment: SegmentNumber(self.segments),
            epoch,
            path: PathKind::Mapped,
            bytes: SEGMENT,
            first_batch: end.next().batch,
            first_position: end.next().position,
            released: Position(0),
            created_ns: 0,
            previous: end.tag,
            key_check: [0; 8],
            wrapped_key: [0; 60],
        };
        let mut block = [0; BLOCK];
        header.write(&mut block);
        let item = Item { kind: ItemKind::Segment, bytes: block.to_vec().into() };
        let first_batch = header.first_batch;
        self.log.push(Piece { mark: end, item: item.clone(), epoch, first_batch });
        item
    }

    /// A batch.
    pub(super) fn writes(&mut self, count: u32) -> (Mark, Item) {
        let next = self.end().next();
        let block = self.log.iter().rfind(|piece| piece.item.kind == ItemKind::Segment);
        let block = SegmentHeader::read(&block.expect("begun").item.bytes).expect("a block");
        let payload = format!("{} {} {}", block.epoch.0, next.batch.0, self.settings.name);
        let mut tag = [0; 16];
        tag[..8].copy_from_slice(&sum(payload.as_bytes()).to_le_bytes());
        let header = BatchHeader {
            cluster: CLUSTER,
            segment: block.segment,
            batch: next.batch,
            epoch: block.epoch,
            count,
            first_position: next.position,
            released: self.released,
            length: u32::try_from(payload.len()).expect("short"),
            written_ns: 0,
            previous: next.previous,
            tag,
            sum: sum(payload.as_bytes()),
        };
        let mut bytes = vec![0; BLOCK];
        bytes[..BATCH_HEADER].copy_from_slice(&header.whole());
        bytes[BATCH_HEADER..BATCH_HEADER + payload.len()].copy_from_slice(payload.as_bytes());
        let item = Item { kind: ItemKind::Batch, bytes: bytes.into() };
        (self.takes(item.clone()), item)
    }

    /// Takes what was written here or elsewhere.
    pub(super) fn takes(&mut self, item: Item) -> Mark {
        let end = self.end();
        let piece = match item.kind {
            ItemKind::Segment => {
                let header = SegmentHeader::read(&item.bytes).expect("a block");
                if self.log.iter().any(|piece| piece.item == item) {
                    return end;
                }
                self.segments = header.segment.0;
                let (epoch, first_batch) = (header.epoch, header.first_batch);
                Piece { mark: end, item, epoch, first_batch }
            }
            ItemKind::Batch => {
                let header = BatchHeader::read(&item.bytes).expect("a batch");
                assert_eq!(header.batch, end.next().batch, "in order");
                let (epoch, first_batch) = (header.epoch, header.batch);
                Piece { mark: Mark::of(&header), item, epoch, first_batch }
            }
        };
        let mark = piece.mark;
        self.log.push(piece);
        mark
    }

    /// From the segment on in which a batch stands.
    pub(super) fn reads(&self, from: BatchNumber) -> Vec<Item> {
        let is_block = |piece: &Piece| piece.item.kind == ItemKind::Segment;
        let first = self.log.iter().rposition(|piece| is_block(piece) && piece.first_batch <= from);
        let pieces = self.log[first.unwrap_or(0)..].iter();
        let wanted = pieces.filter(|piece| is_block(piece) || piece.mark.batch >= from);
        wanted.map(|piece| piece.item.clone()).collect()
    }
}
