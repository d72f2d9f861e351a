//! A file that is written from front to back in whole, aligned pieces past the page cache, so that no
//! sync has much to do at its end, and that can be compared with what the device gives back. Knows
//! nothing of what is in it.

use std::io;

use crate::disk::DiskFile;
use crate::disk::aligned::AlignedBytes;
use crate::format::{BLOCK, sum};

/// Bytes that are written at once: a commit waits behind them for a moment only.
const PIECE: usize = 128 << 10;

/// The file. Its first block is written last.
pub(crate) struct Pieces<F> {
    file: F,
    piece: AlignedBytes,
    filled: usize,
    /// Where the piece goes.
    at: u64,
    /// Of the first block, and of each piece behind it as it was written.
    first: u64,
    sums: Vec<(usize, u64)>,
}

impl<F: DiskFile> Pieces<F> {
    /// Begins behind the first block.
    pub(crate) fn behind_the_first_block(file: F) -> Self {
        let piece = AlignedBytes::new(PIECE);
        Self { file, piece, filled: 0, at: BLOCK as u64, first: 0, sums: Vec::new() }
    }

    /// Bytes that go behind those before. `pause` is told how many were written, after each piece.
    pub(crate) fn put(&mut self, mut bytes: &[u8], pause: &mut dyn FnMut(usize)) -> io::Result<()> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.filled));
            self.piece[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            bytes = later;
            if self.filled == PIECE {
                self.write()?;
                pause(PIECE);
            }
        }
        Ok(())
    }

    /// Where the next byte goes.
    pub(crate) fn at(&self) -> u64 {
        self.at + self.filled as u64
    }

    /// Bytes of the file once all of it is written: whole blocks.
    pub(crate) fn bytes(&self) -> u64 {
        self.at + self.filled.next_multiple_of(BLOCK) as u64
    }

    /// Writes the last piece, zeros to the end of its block, and the first block; all of it is durable
    /// then.
    pub(crate) fn finish(&mut self, first: &[u8; BLOCK]) -> io::Result<()> {
        let end = self.filled.next_multiple_of(BLOCK);
        self.piece[self.filled..end].fill(0);
        self.filled = end;
        self.write()?;
        self.piece[..BLOCK].copy_from_slice(first);
        self.file.write_at(0, &self.piece[..BLOCK])?;
        self.first = sum(first);
        self.file.sync()
    }

    /// Whether the device gives back what was written, piece by piece. `pause` is told of each.
    pub(crate) fn are_there(&mut self, pause: &mut dyn FnMut(usize)) -> io::Result<bool> {
        let mut at = 0;
        for &(length, written) in [(BLOCK, self.first)].iter().chain(&self.sums) {
            let piece = &mut self.piece[..length];
            if self.file.read_at(at, piece)? != length || sum(piece) != written {
                return Ok(false);
            }
            at += length as u64;
            pause(length);
        }
        Ok(true)
    }

    fn write(&mut self) -> io::Result<()> {
        if self.filled > 0 {
            let piece = &self.piece[..self.filled];
            self.file.write_at(self.at, piece)?;
            self.sums.push((self.filled, sum(piece)));
            self.at += self.filled as u64;
            self.filled = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
