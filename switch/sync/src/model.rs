//! The primitives of `std`, or under `--cfg loom` those of the model checker. Must hold nothing else.

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence},
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence},
};

/// Tells the model checker which bytes of a ring a thread touches, eight at a time. Two touches that
/// no pair of atomics orders fail the model. Outside of it this is nothing.
pub(crate) struct Witness {
    #[cfg(loom)]
    words: Vec<loom::cell::UnsafeCell<()>>,
}

impl Witness {
    #[cfg(loom)]
    pub(crate) fn new(bytes: usize) -> Self {
        Self { words: (0..bytes / 8).map(|_| loom::cell::UnsafeCell::new(())).collect() }
    }

    #[cfg(loom)]
    pub(crate) fn touch(&self, at: usize, bytes: usize) {
        for word in &self.words[at / 8..(at + bytes).div_ceil(8)] {
            word.with_mut(|_| ());
        }
    }

    #[cfg(not(loom))]
    pub(crate) fn new(_bytes: usize) -> Self {
        Self {}
    }

    #[cfg(not(loom))]
    #[expect(clippy::unused_self, reason = "the model's twin uses it")]
    pub(crate) fn touch(&self, _at: usize, _bytes: usize) {}
}
