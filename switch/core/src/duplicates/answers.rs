//! The stored answers: a ring of bytes, written round and round. Must not know whose they are.

use alloc::boxed::Box;
use alloc::vec;

/// Frames one behind the other, the newest written over the oldest. Places are counted from the first
/// byte ever written.
#[derive(Debug)]
pub(super) struct Answers {
    bytes: Box<[u8]>,
    /// The end of what is kept, and of what was ever written.
    end: u64,
    written: u64,
}

impl Answers {
    pub(super) fn new(bytes: u32) -> Self {
        let len = usize::try_from(bytes).expect("32 bits");
        Self { bytes: vec![0; len].into_boxed_slice(), end: 0, written: 0 }
    }

    /// Moves on to where `len_max` bytes fit in one piece.
    #[inline]
    pub(super) fn draft(&mut self, len_max: usize) -> Option<&mut [u8]> {
        let capacity = self.bytes.len();
        if len_max > capacity {
            return None;
        }
        let place = self.place();
        if place + len_max > capacity {
            self.end += to_u64(capacity - place);
        }
        // Whether the draft is kept or not, what stood in its place is gone.
        self.written = self.written.max(self.end + to_u64(len_max));
        let place = self.place();
        self.bytes.get_mut(place..place + len_max)
    }

    #[inline]
    pub(super) fn drafted(&self, len: usize) -> &[u8] {
        let place = self.place();
        &self.bytes[place..place + len]
    }

    #[inline]
    pub(super) fn keep(&mut self, len: usize) -> (u64, u32) {
        let from = self.end;
        self.end += to_u64(len);
        (from, u32::try_from(len).expect("a frame is short"))
    }

    #[inline]
    pub(super) fn at(&self, from: u64, len: u32) -> Option<&[u8]> {
        let capacity = to_u64(self.bytes.len());
        if from >= self.end || self.written - from > capacity {
            return None;
        }
        let place = usize::try_from(from % capacity).expect("within the ring");
        self.bytes.get(place..place + usize::try_from(len).expect("32 bits"))
    }

    #[inline]
    fn place(&self) -> usize {
        match to_u64(self.bytes.len()) {
            0 => 0,
            capacity => usize::try_from(self.end % capacity).expect("within the ring"),
        }
    }
}

fn to_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("at most 64 bits")
}
