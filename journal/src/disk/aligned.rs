//! Bytes that begin at a whole block of memory, as reads and writes past the page cache want them.
//! Knows no file.

use std::hint::black_box;
use std::ops::{Deref, DerefMut};

use crate::format::BLOCK;

/// Bytes from the start of a block of memory; zeros first, and zeros again before they are given
/// back.
pub struct AlignedBytes {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl AlignedBytes {
    /// So many zeros, in memory that is there: no page fault comes later.
    pub fn new(length: usize) -> Self {
        // Not zero: zeros would come lazily from the system.
        let mut memory = vec![1; length + BLOCK];
        let start = memory.as_ptr().align_offset(BLOCK);
        assert!(start < BLOCK, "a byte can be put anywhere");
        memory.fill(0);
        Self { memory, start, length }
    }
}

impl Deref for AlignedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

impl DerefMut for AlignedBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.length]
    }
}

impl Drop for AlignedBytes {
    fn drop(&mut self) {
        self.memory.fill(0);
        // Without a reader the compiler may leave the zeros out.
        black_box(&self.memory);
    }
}

impl std::fmt::Debug for AlignedBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AlignedBytes({})", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_begin_at_a_block_of_memory_and_are_zeros() {
        for length in [0, 1, BLOCK, 3 * BLOCK + 5] {
            let bytes = AlignedBytes::new(length);
            assert_eq!(bytes.as_ptr().addr() % BLOCK, 0);
            assert_eq!(*bytes, *vec![0; length]);
        }
    }
}
