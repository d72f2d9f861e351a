//! A fixed number of buffers in which batches travel between threads. Must not know what is in them,
//! nor who waits for one: an empty pool is said, and its owner decides.
//!
//! What it costs: [`BATCHES`] buffers of at most [`BATCH_MAX`] bytes, 64 MiB at the very most. A buffer
//! is allocated when a batch first needs it, grows to the longest one that it ever carried, and is kept.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::format::BATCH_MAX;

/// Batches that one pool carries at once.
pub const BATCHES: usize = 64;

/// The buffers. One thread takes them; what was taken may go anywhere.
///
/// It keeps a hold on every buffer that it gave away: one that nobody else holds is free again. So
/// nothing is sent back, and nothing is allocated once all buffers have their length.
#[derive(Debug)]
pub struct Pool {
    slots: VecDeque<Arc<Vec<u8>>>,
    longest: usize,
}

/// Bytes in a buffer of a pool. A clone costs a count; when the last one is gone, the buffer is free.
#[derive(Clone, PartialEq, Eq)]
pub struct Parcel(Arc<Vec<u8>>);

/// A buffer that is being filled, and that nobody else sees before it is full.
#[derive(Debug)]
pub struct Filling {
    slot: Arc<Vec<u8>>,
    length: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self::new(BATCHES, BATCH_MAX)
    }
}

impl Pool {
    /// So many buffers, each of at most so many bytes. Nothing is allocated for them yet.
    pub fn new(buffers: usize, longest: usize) -> Self {
        Self { slots: (0..buffers).map(|_| Arc::default()).collect(), longest }
    }

    /// Copies bytes into a free buffer. None: all of them are under way.
    ///
    /// # Panics
    /// If there are more bytes than a buffer may have.
    pub fn take(&mut self, bytes: &[u8]) -> Option<Parcel> {
        let mut filling = self.begin(bytes.len())?;
        let taken = filling.add(bytes);
        assert_eq!(taken, bytes.len(), "as long as was asked for");
        Some(self.finish(filling))
    }

    /// A free buffer for `length` bytes that arrive piece by piece. None: all of them are under way.
    /// One that is not finished is lost to the pool.
    ///
    /// # Panics
    /// If that is more than a buffer may have.
    pub fn begin(&mut self, length: usize) -> Option<Filling> {
        assert!(length <= self.longest, "{length} bytes, and a buffer has {}", self.longest);
        // The one that was given away first is most likely back: nothing is searched for then.
        let free = self.slots.iter_mut().position(|slot| Arc::get_mut(slot).is_some())?;
        let mut slot = self.slots.remove(free).expect("it was found there");
        let buffer = Arc::get_mut(&mut slot).expect("nobody took it since");
        buffer.clear();
        buffer.reserve_exact(length);
        Some(Filling { slot, length })
    }

    /// A buffer that was filled.
    ///
    /// # Panics
    /// If it is not full.
    pub fn finish(&mut self, filling: Filling) -> Parcel {
        assert_eq!(filling.missing(), 0, "only what is whole is given away");
        self.slots.push_back(Arc::clone(&filling.slot));
        Parcel(filling.slot)
    }

    /// Bytes that a buffer may have.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Buffers that nobody holds.
    pub fn free(&self) -> usize {
        self.slots.iter().filter(|slot| Arc::strong_count(slot) == 1).count()
    }

    /// Bytes that its buffers have now.
    pub fn allocated(&self) -> usize {
        self.slots.iter().map(|slot| slot.capacity()).sum()
    }
}

impl Filling {
    /// Takes as much as there is room for; says how many bytes that was.
    pub fn add(&mut self, bytes: &[u8]) -> usize {
        let taken = bytes.len().min(self.missing());
        let buffer = Arc::get_mut(&mut self.slot).expect("nobody else sees it");
        buffer.extend_from_slice(&bytes[..taken]);
        taken
    }

    /// Bytes that it still waits for.
    pub fn missing(&self) -> usize {
        self.length - self.slot.len()
    }
}

impl Deref for Parcel {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes in a buffer", self.0.len())
    }
}

#[cfg(test)]
mod tests;
