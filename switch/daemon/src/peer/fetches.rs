//! What of the log this node has to have again from the other one, on its way there and back: between the
//! thread that mends files and the thread `ship`. Must not know why it is wanted, nor what becomes of it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};

use journal::format::{BatchHeader, BatchNumber};
use journal::scrub::mending::ASKED_MAX;
use journal::ship::message::{Bytes, ItemKind, Message};

use super::thread::Shipping;

/// Messages that may answer what was asked at once: batches, and some blocks of segments among them.
const CAME_MAX: usize = 2 * usize_of(ASKED_MAX);

/// What came of it.
#[derive(Debug)]
pub(crate) enum Came {
    /// A block or a batch.
    Item(ItemKind, Bytes),
    /// From this batch on the other node does not have it either.
    NotHere(BatchNumber),
    /// Nothing, or nothing more, for this reason.
    Nothing(&'static str),
}

/// One wish at a time. A lock is held for moments only.
#[derive(Debug, Default)]
pub(super) struct Fetches(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    asked: Option<Asked>,
    came: VecDeque<Came>,
    waits: Option<Thread>,
}

/// What is wanted, and not there.
#[derive(Clone, Copy, Debug)]
struct Asked {
    from: BatchNumber,
    until: BatchNumber,
    is_said: bool,
}

impl Fetches {
    /// These batches are wanted, both included; of an earlier wish nothing comes any more. The thread that
    /// calls it is woken.
    pub(super) fn ask(&self, from: BatchNumber, until: BatchNumber) {
        let mut inner = self.inner();
        inner.asked = Some(Asked { from, until, is_said: false });
        inner.came.clear();
        inner.waits = Some(thread::current());
    }

    /// What came since.
    pub(super) fn take(&self) -> VecDeque<Came> {
        std::mem::take(&mut self.inner().came)
    }

    /// Whether there is something to be said.
    pub(super) fn is_waiting(&self) -> bool {
        self.inner().asked.is_some_and(|asked| !asked.is_said)
    }

    /// What is to be said to the other node, once.
    pub(super) fn say(&self) -> Option<(BatchNumber, BatchNumber)> {
        let mut inner = self.inner();
        let asked = inner.asked.as_mut().filter(|asked| !asked.is_said)?;
        asked.is_said = true;
        Some((asked.from, asked.until))
    }

    /// Nothing comes of what was asked for.
    pub(super) fn ends(&self, why: &'static str) {
        let mut inner = self.inner();
        if inner.asked.take().is_some() {
            inner.comes(Came::Nothing(why));
        }
    }

    /// Hears what the other node says, if it answers what was asked; else gives it back.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else it says is no answer")]
    pub(super) fn hear(&self, message: Message) -> Option<Message> {
        let mut inner = self.inner();
        let Some(asked) = inner.asked.filter(|asked| asked.is_said) else { return Some(message) };
        match message {
            Message::Fetched { .. } if inner.came.len() >= CAME_MAX => {
                inner.asked = None;
                inner.comes(Came::Nothing("the other node sends more than was asked for"));
            }
            Message::Fetched { item, bytes, .. } => {
                let batch = BatchHeader::read(&bytes).ok().filter(|_| item == ItemKind::Batch);
                let is_last = batch.is_some_and(|header| header.batch >= asked.until);
                // It may wait long for its file, and is not to hold a buffer of the line meanwhile: there are
                // as many as batches are asked for, and none would be left for what is acknowledged.
                let bytes = Bytes::Owned(bytes.to_vec());
                inner.came.push_back(Came::Item(item, bytes));
                if is_last {
                    inner.asked = None;
                    inner.wakes();
                }
            }
            Message::NotHere { from, .. } => {
                inner.asked = None;
                inner.comes(Came::NotHere(from));
            }
            other => return Some(other),
        }
        None
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Each change leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shipping {
    /// Asks the peer for what rotted here. That it is right is seen by its tags, whoever sends it.
    pub(super) fn asks_for_what_rotted(&mut self) {
        let Some((from, until)) = self.ship.fetches().say() else { return };
        let view = self.node.view();
        let is_greeted = self.line.is_some() && view.peer.line && view.peer.role.is_some();
        let why = match (is_greeted, view.peer.objected.is_some(), view.repairing) {
            (false, ..) => "there is no line to the other node",
            (_, true, _) => "the log of the other node is not this one's",
            (.., true) => "all of the log here is being repaired",
            _ => {
                self.asks = Some(Message::Fetch { reign: view.promised, from, until });
                return;
            }
        };
        self.ship.fetches().ends(why);
    }
}

impl Inner {
    fn comes(&mut self, came: Came) {
        self.came.push_back(came);
        self.wakes();
    }

    fn wakes(&self) {
        if let Some(thread) = &self.waits {
            thread.unpark();
        }
    }
}

const fn usize_of(few: u64) -> usize {
    assert!(few <= 1 << 16, "few");
    #[expect(clippy::cast_possible_truncation, reason = "it is few")]
    let few = few as usize;
    few
}

#[cfg(test)]
mod tests {
    use super::*;
    use journal::format::{Epoch, SegmentNumber};
    use journal::ship::pool::Pool;

    const REIGN: Epoch = Epoch(1);

    fn block() -> Message {
        let (segment, item) = (SegmentNumber(1), ItemKind::Segment);
        Message::Fetched { reign: REIGN, segment, item, bytes: vec![0; 4_096].into() }
    }

    #[test]
    fn what_came_holds_no_buffer_of_the_line() {
        let (fetches, mut pool) = (Fetches::default(), Pool::new(1, 4_096));
        fetches.ask(BatchNumber(3), BatchNumber(9));
        fetches.say();
        for _ in 0..3 {
            let bytes = pool.take(&[7; 4_096]).expect("the one that there is").into();
            let (segment, item) = (SegmentNumber(1), ItemKind::Segment);
            fetches.hear(Message::Fetched { reign: REIGN, segment, item, bytes });
        }
        assert_eq!(fetches.take().len(), 3);
    }

    #[test]
    fn what_answers_a_wish_comes_and_everything_else_is_given_back() {
        let fetches = Fetches::default();
        assert_eq!(fetches.hear(block()), Some(block()), "nobody asked");
        fetches.ask(BatchNumber(3), BatchNumber(9));
        assert_eq!(fetches.hear(block()), Some(block()), "of an earlier wish");
        assert!(fetches.is_waiting());
        assert_eq!(fetches.say(), Some((BatchNumber(3), BatchNumber(9))));
        assert_eq!((fetches.say(), fetches.is_waiting()), (None, false));
        assert_eq!(
            fetches.hear(Message::Nack { reign: REIGN }),
            Some(Message::Nack { reign: REIGN })
        );
        assert_eq!(fetches.hear(block()), None);
        let not_here = Message::NotHere { reign: REIGN, from: BatchNumber(3) };
        assert_eq!(fetches.hear(not_here.clone()), None);
        assert_eq!(fetches.hear(not_here.clone()), Some(not_here), "that was all");
        let came = fetches.take();
        assert!(
            matches!(
                came.iter().collect::<Vec<_>>()[..],
                [Came::Item(ItemKind::Segment, _), Came::NotHere(BatchNumber(3))]
            ),
            "{came:?}"
        );
    }

    #[test]
    fn a_wish_ends_with_the_line_and_with_too_many_answers() {
        let fetches = Fetches::default();
        fetches.ends("nothing was asked");
        assert!(fetches.take().is_empty());
        fetches.ask(BatchNumber(3), BatchNumber(9));
        fetches.ends("there is no line");
        assert!(matches!(fetches.take().pop_back(), Some(Came::Nothing("there is no line"))));
        fetches.ask(BatchNumber(3), BatchNumber(9));
        fetches.say();
        for _ in 0..=CAME_MAX {
            assert_eq!(fetches.hear(block()), None);
        }
        assert!(
            matches!(fetches.take().pop_back(), Some(Came::Nothing(why)) if why.contains("more"))
        );
        assert_eq!(fetches.hear(block()), Some(block()));
    }
}
