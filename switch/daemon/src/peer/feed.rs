//! The thread `feed`: reads this node's own log again, for a peer that is behind or repairs its own. Must
//! not know what the peer has, nor when it is sent.
//!
//! When it stalls, a standby that is behind stays behind, and is not in sync until it has caught up; what
//! is framed meanwhile is not concerned.

use std::sync::Arc;
use std::thread;

use crossbeam::channel::{Receiver, Sender, bounded};
use journal::disk::{Disk, SystemDisk};
use journal::format::{BatchNumber, Epoch, Position, SegmentHeader, SegmentNumber};
use journal::mark::Mark;
use journal::raw::RawReader;
use journal::reader::Problem;
use journal::roles::event::{Event, Item};
use journal::seal::Keys;
use journal::ship::message::{Bytes, ItemKind, Message};
use journal::ship::sender::{Fed, Need};
use journal::snapshot::{self, Newest, Sending};
use journal::writer::Framed;
use tracing::warn;

use super::ship::Ship;
use crate::clocks;
use crate::journaling::lower_priority;
use crate::logs::Sparing;

/// Tasks that wait: one need, and what a peer asks for in its repair, of which it asks one at a time.
const TASKS_MAX: usize = 8;
/// Messages that wait for the line.
const SAID_MAX: usize = 2;

/// What is to be read.
#[derive(Clone, Copy)]
pub(super) enum Task {
    /// For the sender.
    Need(Need),
    /// For the peer's repair: batches, both included, said on this line by one who promised this.
    Serve { line: u64, reign: Epoch, from: BatchNumber, until: BatchNumber },
}

/// The way to the thread.
pub(super) struct Feed {
    pub(super) tasks: Sender<Task>,
    /// What it has to say to the peer.
    pub(super) said: Receiver<Message>,
}

struct Reading {
    disk: SystemDisk,
    keys: Arc<Keys>,
    ship: Arc<Ship>,
    said: Sender<Message>,
    /// The one that was read with last, and the batch that it gives next.
    reader: Option<(BatchNumber, Box<RawReader<SystemDisk>>)>,
    /// The same for the peer's repair.
    serving: Option<(BatchNumber, Box<RawReader<SystemDisk>>)>,
    /// What a peer begins with that needs more than the log has.
    snapshot: Option<(Newest, Sending<<SystemDisk as Disk>::File>)>,
    /// Lines that the peer can cause at will.
    sparing: Sparing,
}

/// Starts the thread. It ends when nobody can give it a task any more.
///
/// # Errors
/// What the system says.
pub(super) fn start(disk: SystemDisk, keys: Arc<Keys>, ship: Arc<Ship>) -> std::io::Result<Feed> {
    let (tasks, wanted) = bounded::<Task>(TASKS_MAX);
    let (say, said) = bounded(SAID_MAX);
    let mut reading = Reading {
        disk,
        keys,
        ship,
        said: say,
        reader: None,
        serving: None,
        snapshot: None,
        sparing: Sparing::default(),
    };
    thread::Builder::new().name("feed".into()).spawn(move || {
        lower_priority();
        for task in wanted {
            reading.does(task);
        }
    })?;
    Ok(Feed { tasks, said })
}

impl Reading {
    fn does(&mut self, task: Task) {
        match task {
            Task::Need(Need::Log { from, bytes }) => {
                let fed = self.log(from, bytes);
                self.ship.tell(Event::Fed(fed));
            }
            Task::Need(Need::Snapshot { offset, bytes }) => {
                let fed = self.piece(offset, bytes);
                self.ship.tell(Event::Fed(fed));
            }
            Task::Serve { line, reign, from, until } => self.serve(line, reign, from, until),
        }
    }

    /// The log from this batch on, until there are so many bytes or no more.
    fn log(&mut self, from: BatchNumber, most: usize) -> Fed {
        let goes_on = self.reader.take().filter(|(next, _)| *next == from);
        let opened = goes_on.map_or_else(
            || RawReader::open(&self.disk, Arc::clone(&self.keys), from).map(Box::new),
            |(_, reader)| Ok(reader),
        );
        let (mut items, mut bytes, mut next) = (Vec::new(), 0, from);
        let mut end = None;
        let read = opened.and_then(|mut reader| {
            while bytes < most {
                let Some(framed) = reader.next()? else { break };
                if let Framed::Batch(mark, _) = framed {
                    next = BatchNumber(mark.batch.0 + 1);
                    end = Some(mark.position);
                }
                let item = item(framed);
                bytes += item.bytes.len();
                items.push(item);
            }
            Ok(reader)
        });
        match read {
            Ok(reader) => {
                if let Some(end) = end {
                    self.holds(end);
                }
                self.reader = Some((next, reader));
            }
            Err(Problem::Gone { .. }) => return self.gone(),
            // Neither node has it: as if it was let go, if there is a checkpoint behind it.
            Err(_) if items.is_empty() && self.goes_past_what_is_lost(from) => return self.gone(),
            // What was read before it is right; the next look says it again.
            Err(problem) => {
                if self.sparing.says("the log for the peer") {
                    warn!("the log can not be read again for the peer: {problem}");
                }
            }
        }
        Fed::Log { items }
    }

    /// Whether something from that batch on has rotted for good, and the newest checkpoint goes past it.
    fn goes_past_what_is_lost(&self, from: BatchNumber) -> bool {
        let newest = snapshot::newest(&self.disk).ok().flatten();
        newest.is_some_and(|newest| self.ship.lacks_between(from, newest.base.batch))
    }

    /// That batch was let go: what there is begins with the newest checkpoint, and the log goes on behind it.
    fn gone(&mut self) -> Fed {
        // All of it, until it is known from where on.
        self.holds(Position(0));
        let newest = snapshot::newest(&self.disk).and_then(|newest| {
            let Some(newest) = newest else { return Ok(None) };
            Ok(Some((newest, Sending::open(&self.disk, newest.position)?)))
        });
        match newest {
            Ok(newest) => {
                let first = newest.as_ref().map_or(Mark::ZERO, |(newest, _)| newest.base);
                self.snapshot = newest;
                self.holds(first.position);
                Fed::Gone { first }
            }
            Err(failed) => {
                if self.sparing.says("the checkpoint for the peer") {
                    warn!("the checkpoint can not be read for the peer: {failed}");
                }
                Fed::Log { items: Vec::new() }
            }
        }
    }

    /// A piece of the checkpoint that was found then.
    fn piece(&mut self, offset: u64, most: usize) -> Fed {
        let Some((newest, sending)) = &self.snapshot else { return Fed::NoSnapshot };
        let (about, total) = (newest.position, newest.total);
        self.holds(newest.base.position);
        match sending.piece(offset, most) {
            Ok(bytes) => Fed::Snapshot { about, total, offset, bytes },
            Err(failed) => {
                if self.sparing.says("the checkpoint for the peer") {
                    warn!("the checkpoint can not be read for the peer: {failed}");
                }
                Fed::NoSnapshot
            }
        }
    }

    /// What stands behind this record is still to be read.
    fn holds(&self, position: Position) {
        self.ship.hold().from(position, clocks::boot());
    }

    /// Nothing is sent whose check fails: the reader looks at each batch, and what an archive has is sealed
    /// again and compared.
    fn serve(&mut self, line: u64, reign: Epoch, from: BatchNumber, until: BatchNumber) {
        let goes_on = self.serving.take().filter(|(next, _)| *next == from);
        let opened = goes_on.map_or_else(
            || RawReader::open(&self.disk, Arc::clone(&self.keys), from).map(Box::new),
            |(_, reader)| Ok(reader),
        );
        let (mut next, mut segment) = (from, SegmentNumber(0));
        // A block goes with the first batch behind it: at the end of the log there may be none.
        let mut block = None;
        let read = opened.and_then(|mut reader| {
            while next <= until && self.ship.line() == line {
                let Some(framed) = reader.next()? else { break };
                match &framed {
                    Framed::Segment(bytes) => {
                        segment = SegmentHeader::read(*bytes).map_or(segment, |it| it.segment);
                        block = Some(item(framed));
                        continue;
                    }
                    Framed::Batch(mark, _) if mark.batch > until => break,
                    Framed::Batch(mark, _) => next = BatchNumber(mark.batch.0 + 1),
                }
                let mut said = |Item { kind, bytes }| {
                    self.says(Message::Fetched { reign, segment, item: kind, bytes })
                };
                // It waits for the line to take it: so it goes no faster than that.
                if !(block.take().is_none_or(&mut said) && said(item(framed))) {
                    break;
                }
            }
            Ok(reader)
        });
        // What a disk does not say for now, or a key that is not here opens, may well be there: who asked
        // asks again.
        let is_known = !matches!(read, Err(Problem::Disk(_) | Problem::UnknownKey { .. }));
        match read {
            Ok(reader) => self.serving = Some((next, reader)).filter(|_| next > until),
            Err(problem) => {
                if self.sparing.says("the log for the peer's repair") {
                    warn!("the log can not be read again for the peer's repair: {problem}");
                }
            }
        }
        if next <= until && is_known && self.ship.line() == line {
            self.says(Message::NotHere { reign, from: next });
        }
    }

    /// False: there is no line any more, nor will there be one.
    fn says(&self, message: Message) -> bool {
        let is_taken = self.said.send(message).is_ok();
        self.ship.look();
        is_taken
    }
}

fn item(framed: Framed<'_>) -> Item {
    let (kind, bytes): (_, &[u8]) = match framed {
        Framed::Segment(block) => (ItemKind::Segment, block),
        Framed::Batch(_, bytes) => (ItemKind::Batch, bytes),
    };
    Item { kind, bytes: Bytes::Owned(bytes.to_vec()) }
}
