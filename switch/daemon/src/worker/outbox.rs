//! One worker's way to another: a lane, and room beside it for answers when the lane is full. Must
//! not know what the messages say.

use std::collections::VecDeque;

use switch_sync::LaneSender;

/// Answers that wait beside a full lane at most.
const WAITING_MAX: usize = 65_536;

/// A lane and what waits for room in it, in order.
pub(crate) struct Outbox {
    lane: LaneSender,
    waiting: VecDeque<Box<[u8]>>,
    /// Something was added since the other side was last shown.
    unseen: bool,
}

impl Outbox {
    pub(crate) fn new(lane: LaneSender) -> Self {
        Self { lane, waiting: VecDeque::new(), unseen: false }
    }

    /// Adds a message of two parts. The last quarter of the lane, and the room beside it, are for
    /// answers; the room beside is made message by message, because it is hardly ever needed.
    pub(crate) fn add(&mut self, answer: bool, head: &[u8], body: &[u8]) -> bool {
        let len = head.len() + body.len();
        if !answer {
            let need = self.lane.capacity() / 4 + len;
            // What this side remembers is enough, most of the time.
            let room = self.lane.capacity() - self.lane.used() >= need || self.lane.free() >= need;
            return room && self.waiting.is_empty() && self.put(head, body);
        }
        if self.waiting.is_empty() && self.put(head, body) {
            return true;
        }
        let room = self.waiting.len() < WAITING_MAX && len <= self.lane.message_max();
        if room {
            self.waiting.push_back([head, body].concat().into_boxed_slice());
        }
        room
    }

    /// Shows the other side what was added. True when there is something new to see.
    pub(crate) fn publish(&mut self) -> bool {
        while let Some(first) = self.waiting.pop_front() {
            if !self.put(&first, &[]) {
                self.waiting.push_front(first);
                break;
            }
        }
        self.lane.publish();
        std::mem::take(&mut self.unseen)
    }

    /// Whether something waits beside the lane.
    pub(crate) fn is_stuck(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Bytes in the lane, and in all. Looks at what the other side has taken, because this side
    /// remembers only what it saw when it last needed room.
    pub(crate) fn fill(&mut self) -> (usize, usize) {
        let capacity = self.lane.capacity();
        (capacity - self.lane.free(), capacity)
    }

    fn put(&mut self, head: &[u8], body: &[u8]) -> bool {
        let len = head.len() + body.len();
        if len > self.lane.message_max() {
            return false;
        }
        let Some(room) = self.lane.reserve(len) else { return false };
        room[..head.len()].copy_from_slice(head);
        room[head.len()..len].copy_from_slice(body);
        self.lane.commit(len);
        self.unseen = true;
        true
    }
}
