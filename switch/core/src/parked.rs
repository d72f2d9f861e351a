//! Frames of decisions that wait for a reply: a fixed number of buffers of a fixed size. Knows no
//! decision.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// The buffers.
#[derive(Debug)]
pub struct Parked {
    /// Bytes of each.
    longest: usize,
    buffers: Vec<Box<[u8]>>,
    lengths: Vec<usize>,
    free: Vec<u32>,
}

impl Parked {
    /// `count` buffers of `bytes` each.
    pub fn new(count: u32, bytes: u32) -> Self {
        let bytes = usize::try_from(bytes).expect("a frame is short");
        let buffers: Vec<_> =
            (0..count).map(|_| alloc::vec![0; bytes].into_boxed_slice()).collect();
        let lengths = alloc::vec![0; buffers.len()];
        Self { longest: bytes, buffers, lengths, free: (0..count).rev().collect() }
    }

    /// Keeps a frame; none when no buffer is free or the frame is too long for one.
    pub fn keep(&mut self, frame: &[u8]) -> Option<u32> {
        // A buffer that is lent out has no length.
        let buffer = if frame.len() <= self.longest { self.free.pop()? } else { return None };
        self.buffers[place(buffer)][..frame.len()].copy_from_slice(frame);
        self.lengths[place(buffer)] = frame.len();
        Some(buffer)
    }

    /// Lends a kept frame out; [`Parked::give_back`] ends the loan and the keeping.
    pub fn take(&mut self, buffer: u32) -> (Box<[u8]>, usize) {
        (core::mem::take(&mut self.buffers[place(buffer)]), self.lengths[place(buffer)])
    }

    /// The frame is no longer needed: it is wiped and its buffer is free.
    pub fn give_back(&mut self, buffer: u32, (mut bytes, len): (Box<[u8]>, usize)) {
        bytes[..len].fill(0);
        self.buffers[place(buffer)] = bytes;
        self.free.push(buffer);
    }

    /// Ends the loan, and the frame is kept for longer.
    pub fn put_back(&mut self, buffer: u32, (bytes, _): (Box<[u8]>, usize)) {
        self.buffers[place(buffer)] = bytes;
    }

    /// Forgets a kept frame.
    pub fn forget(&mut self, buffer: u32) {
        let lent = self.take(buffer);
        self.give_back(buffer, lent);
    }
}

fn place(buffer: u32) -> usize {
    usize::try_from(buffer).expect("a buffer number fits")
}
