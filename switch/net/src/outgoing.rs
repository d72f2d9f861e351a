//! The bytes that wait for a peer. Must not know where one message ends and the next begins.
//!
//! They may hold card data: each byte is wiped when the kernel has taken it, or when it never will.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write as _};

use mio::net::TcpStream;

/// Small enough for an idle socket, large enough for a few messages.
const FIRST_BYTES: usize = 4 * 1024;

/// A ring of bytes; keeps its memory from one socket to the next. What is not waiting is zero.
#[derive(Default)]
pub(crate) struct Outgoing {
    ring: Box<[u8]>,
    /// The place of the first byte that waits.
    head: usize,
    len: usize,
    /// Bytes of this connection's stream that the kernel has taken, or that were withdrawn before.
    sent: u64,
    /// Where bytes were withdrawn among those that wait: their place in the stream as it was, and how
    /// many. In order.
    holes: VecDeque<(u64, u64)>,
}

/// What became of a send.
pub(crate) enum Handed {
    All,
    /// The kernel's buffer is full: the rest waits until epoll says that it has room.
    Part,
}

impl Outgoing {
    /// For a new connection.
    pub(crate) fn restart(&mut self, out_max: usize) {
        self.clear();
        self.reserve(FIRST_BYTES.min(out_max));
        (self.sent, self.holes) = (0, VecDeque::new());
    }

    pub(crate) fn clear(&mut self) {
        self.take(self.len);
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How far the stream has come: what lies before was taken by the kernel or withdrawn.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Takes bytes back that lie at these places of the stream; false, and nothing changes, when the
    /// kernel has taken one of them. What comes behind keeps its place.
    pub(crate) fn withdraw(&mut self, from: u64, to: u64) -> bool {
        let end = self.sent + wide(self.len) + self.withdrawn_before(u64::MAX);
        if from < self.sent || to > end || from >= to {
            return false;
        }
        let before = from - self.sent - self.withdrawn_before(from);
        let place = usize::try_from(before).expect("it is in memory");
        let count = usize::try_from(to - from).expect("it is in memory");
        self.cut(place, count);
        let next = self.holes.partition_point(|&(start, _)| start < from);
        self.holes.insert(next, (from, to - from));
        self.pass_holes();
        true
    }

    /// Bytes withdrawn among those that wait, before a place of the stream.
    fn withdrawn_before(&self, place: u64) -> u64 {
        let before = self.holes.iter().take_while(|&&(start, _)| start < place);
        before.map(|&(_, count)| count).sum()
    }

    /// Where bytes were withdrawn and everything before has left, the stream goes on behind them.
    fn pass_holes(&mut self) {
        while let Some(&(start, count)) = self.holes.front()
            && start == self.sent
        {
            self.sent += count;
            self.holes.pop_front();
        }
    }

    /// Takes bytes out of the middle of what waits: those before them move up, which are few where
    /// it is the oldest that are withdrawn.
    fn cut(&mut self, place: usize, count: usize) {
        let (head, bytes) = (self.head, self.ring.len());
        let at = |offset: usize| (head + offset) % bytes;
        for offset in (0..place).rev() {
            self.ring[at(offset + count)] = self.ring[at(offset)];
        }
        self.take(count);
    }

    /// All parts or, beyond `out_max`, none. The offset in the stream behind them.
    pub(crate) fn append(&mut self, parts: &[&[u8]], out_max: usize) -> Option<u64> {
        let more: usize = parts.iter().map(|part| part.len()).sum();
        if more > out_max - self.len {
            return None;
        }
        self.reserve(self.len + more);
        for part in parts {
            self.put(part);
        }
        Some(self.sent + wide(self.len) + self.withdrawn_before(u64::MAX))
    }

    /// One system call, but for signals.
    pub(crate) fn hand_over(&mut self, stream: &mut TcpStream) -> io::Result<(usize, Handed)> {
        let taken = loop {
            let taken = match self.slices() {
                (front, []) => stream.write(front),
                (front, back) => stream.write_vectored(&[IoSlice::new(front), IoSlice::new(back)]),
            };
            match taken {
                Ok(taken) => break taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break 0,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        self.took(taken);
        Ok((taken, if self.is_empty() { Handed::All } else { Handed::Part }))
    }

    /// The kernel took the oldest bytes.
    fn took(&mut self, mut taken: usize) {
        self.take(taken);
        while let Some(&(start, _)) = self.holes.front() {
            let before = usize::try_from(start - self.sent).expect("it is in memory").min(taken);
            self.sent += wide(before);
            taken -= before;
            if self.sent < start {
                break;
            }
            self.pass_holes();
        }
        self.sent += wide(taken);
    }

    /// What waits: up to the end of the memory, and on from its beginning.
    fn slices(&self) -> (&[u8], &[u8]) {
        let front = self.len.min(self.ring.len() - self.head);
        (&self.ring[self.head..self.head + front], &self.ring[..self.len - front])
    }

    /// Makes room for so many bytes in all.
    fn reserve(&mut self, wanted: usize) {
        if wanted <= self.ring.len() {
            return;
        }
        let mut larger = vec![0; wanted.next_power_of_two()].into_boxed_slice();
        let (front, back) = self.slices();
        larger[..front.len()].copy_from_slice(front);
        larger[front.len()..self.len].copy_from_slice(back);
        self.ring.fill(0);
        // What is given back next would not be worth wiping to a compiler.
        std::hint::black_box(&mut self.ring);
        (self.ring, self.head) = (larger, 0);
    }

    /// Adds bytes that there is room for.
    fn put(&mut self, bytes: &[u8]) {
        let end = self.head + self.len;
        let at = if end < self.ring.len() { end } else { end - self.ring.len() };
        let (front, back) = bytes.split_at(bytes.len().min(self.ring.len() - at));
        self.ring[at..at + front.len()].copy_from_slice(front);
        self.ring[..back.len()].copy_from_slice(back);
        self.len += bytes.len();
    }

    /// Takes the oldest bytes away, and wipes them.
    fn take(&mut self, count: usize) {
        let front = count.min(self.ring.len() - self.head);
        self.ring[self.head..self.head + front].fill(0);
        self.ring[..count - front].fill(0);
        self.len -= count;
        let head = self.head + count;
        // What comes next lies in one piece if it can.
        self.head = match () {
            () if self.len == 0 => 0,
            () if head < self.ring.len() => head,
            () => head - self.ring.len(),
        };
    }
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).expect("usize has 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(out: &Outgoing) -> Vec<u8> {
        let (front, back) = out.slices();
        [front, back].concat()
    }

    #[test]
    fn bytes_leave_in_the_order_in_which_they_came_and_leave_nothing_behind() {
        let mut out = Outgoing::default();
        out.restart(8);
        let mut model = VecDeque::new();
        let mut bytes = (1..=u8::MAX).cycle();
        // Every length of what comes and what goes, at every place of the ring.
        for round in 0..2_520 {
            let more: Vec<u8> = bytes.by_ref().take(round % 9).collect();
            if out.append(&[&more], 8).is_some() {
                model.extend(more);
            }
            let count = (round % 7).min(out.len());
            out.take(count);
            model.drain(..count);
            assert_eq!(waiting(&out), Vec::from(model.clone()));
            assert_eq!(out.ring.iter().filter(|byte| **byte != 0).count(), out.len());
        }
        out.clear();
        assert!(out.ring.iter().all(|byte| *byte == 0) && out.is_empty());
    }

    #[test]
    fn a_ring_that_wraps_grows_with_what_waits_in_order() {
        let mut out = Outgoing::default();
        out.restart(8);
        out.append(&[b"abcdef"], 64).unwrap();
        out.take(5);
        out.append(&[b"ghi", b"jklm"], 64).unwrap();
        assert_eq!((waiting(&out), out.ring.len()), (b"fghijklm".to_vec(), 8));
        out.append(&[b"n"], 64).unwrap();
        assert_eq!((waiting(&out), out.ring.len()), (b"fghijklmn".to_vec(), 16));
    }

    #[test]
    fn what_is_withdrawn_never_leaves_and_all_else_keeps_its_place() {
        let mut out = Outgoing::default();
        out.restart(16);
        out.append(&[b"....."], 16).unwrap();
        out.took(5);
        // They wrap round the end of the memory.
        let ends = [&b"aaa"[..], b"bbbb", b"cc", b"ddd"].map(|m| out.append(&[m], 16).unwrap());
        assert_eq!(ends, [8, 12, 14, 17]);
        assert!(out.withdraw(8, 12));
        assert_eq!((waiting(&out), out.sent()), (b"aaaccddd".to_vec(), 5));
        assert_eq!(out.append(&[b"e"], 16), Some(18));
        out.took(2);
        assert!(!out.withdraw(5, 8), "two bytes of it have left");
        assert_eq!(out.sent(), 7);
        out.took(2);
        assert_eq!((waiting(&out), out.sent()), (b"cddde".to_vec(), 13));
        assert!(
            !out.withdraw(12, 14) && !out.withdraw(17, 19),
            "one has left, one was never there"
        );
        // The last and the first: the stream goes on behind them.
        assert!(out.withdraw(17, 18) && out.withdraw(14, 17));
        assert_eq!(waiting(&out), b"c".to_vec());
        assert!(out.ring.iter().filter(|byte| **byte != 0).count() == 1, "and is wiped");
        out.took(1);
        assert_eq!((out.sent(), out.append(&[b"f"], 16)), (18, Some(19)));
        assert!(out.withdraw(18, 19) && out.is_empty());
        assert_eq!(out.sent(), 19);
    }

    #[test]
    fn beyond_the_bound_nothing_is_added() {
        let mut out = Outgoing::default();
        out.restart(8);
        assert_eq!(out.append(&[b"12345", b"678"], 8), Some(8));
        assert_eq!((out.append(&[b"9"], 8), waiting(&out)), (None, b"12345678".to_vec()));
    }
}
