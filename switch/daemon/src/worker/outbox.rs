//! One worker's way to another: a lane, and room beside it for answers when the lane is full. Must
//! not know what the messages say.

use std::collections::VecDeque;

use switch_sync::LaneSender;

/// Answers that wait beside a full lane at most.
pub(crate) const WAITING_MAX: usize = 65_536;
/// Bytes of such answers at most.
pub(crate) const WAITING_BYTES_MAX: usize = 16 << 20;

/// How full a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneFill {
    /// Bytes in it.
    pub used: usize,
    /// Bytes that it holds at most.
    pub capacity: usize,
    /// Answers that wait beside it.
    pub waiting: usize,
}

/// A lane and what waits for room in it, in order.
pub(crate) struct Outbox {
    lane: LaneSender,
    waiting: VecDeque<Box<[u8]>>,
    /// Bytes of what waits.
    waiting_bytes: usize,
    /// Something was added since the other side was last shown.
    unseen: bool,
}

impl Outbox {
    pub(crate) fn new(lane: LaneSender) -> Self {
        Self { lane, waiting: VecDeque::new(), waiting_bytes: 0, unseen: false }
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
        let room = self.waiting.len() < WAITING_MAX
            && self.waiting_bytes + len <= WAITING_BYTES_MAX
            && len <= self.lane.message_max();
        if room {
            self.waiting_bytes += len;
            self.waiting.push_back([head, body].concat().into_boxed_slice());
        }
        room
    }

    /// Shows the other side what was added. True when there is something new to see.
    pub(crate) fn publish(&mut self) -> bool {
        while let Some(mut first) = self.waiting.pop_front() {
            if !self.put(&first, &[]) {
                self.waiting.push_front(first);
                break;
            }
            self.waiting_bytes -= first.len();
            // It may hold card data; the compiler would leave out what nobody reads again.
            first.fill(0);
            std::hint::black_box(&mut first);
        }
        self.lane.publish();
        std::mem::take(&mut self.unseen)
    }

    /// Whether something waits beside the lane.
    pub(crate) fn is_stuck(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// How full it is. Looks at what the other side has taken, because this side remembers only
    /// what it saw when it last needed room.
    pub(crate) fn fill(&mut self) -> LaneFill {
        let capacity = self.lane.capacity();
        LaneFill { used: capacity - self.lane.free(), capacity, waiting: self.waiting.len() }
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

#[cfg(test)]
mod tests {
    use switch_sync::{LaneReceiver, lane};

    use super::*;

    const LANE_BYTES: usize = 64 << 10;

    /// An outbox whose lane is full of answers, and the other end of it.
    fn full() -> (Outbox, LaneReceiver) {
        let (sender, receiver) = lane(LANE_BYTES);
        let mut outbox = Outbox::new(sender);
        while !outbox.is_stuck() {
            assert!(outbox.add(true, b"answer ", b"to a request"));
        }
        outbox.publish();
        (outbox, receiver)
    }

    /// How many more answers of a length are taken.
    fn taken(outbox: &mut Outbox, len: usize) -> usize {
        let body = vec![b'X'; len];
        (0..=WAITING_MAX).take_while(|_| outbox.add(true, &[], &body)).count()
    }

    /// What the other side can read, message by message, as lengths; everything is taken.
    fn read(outbox: &mut Outbox, receiver: &mut LaneReceiver) -> Vec<usize> {
        let mut lengths = Vec::new();
        loop {
            outbox.publish();
            let before = lengths.len();
            while let Some(message) = receiver.front() {
                lengths.push(message.len());
                receiver.pop();
            }
            receiver.release();
            if lengths.len() == before {
                return lengths;
            }
        }
    }

    #[test]
    fn so_many_answers_wait_beside_a_full_lane_and_no_more() {
        let (mut outbox, _receiver) = full();
        assert_eq!(taken(&mut outbox, 1), WAITING_MAX - 1, "one waits already");
        assert_eq!(outbox.fill().waiting, WAITING_MAX);
        assert!(!outbox.add(true, b"a", b""));
    }

    #[test]
    fn so_many_bytes_of_answers_wait_beside_a_full_lane_and_no_more() {
        let (mut outbox, mut receiver) = full();
        let first = outbox.waiting_bytes;
        assert_eq!(taken(&mut outbox, 8 << 10), WAITING_BYTES_MAX / (8 << 10) - 1);
        let left = (8 << 10) - first;
        assert!(!outbox.add(true, b"", &vec![b'X'; left + 1]));
        assert!(outbox.add(true, b"", &vec![b'X'; left]), "to the last byte");
        assert!(!outbox.add(true, b"a", b""));

        let lengths = read(&mut outbox, &mut receiver);
        assert_eq!(lengths.last(), Some(&left), "in order, and all of it");
        assert_eq!((outbox.fill().waiting, outbox.waiting_bytes), (0, 0));
        assert!(outbox.add(true, b"a", b""), "there is room again");
    }

    #[test]
    fn a_request_never_waits_beside_a_lane() {
        let (mut outbox, mut receiver) = full();
        assert!(!outbox.add(false, b"request", b""));
        read(&mut outbox, &mut receiver);
        assert!(outbox.add(false, b"request", b""));
        assert_eq!(outbox.fill().waiting, 0);
    }
}
