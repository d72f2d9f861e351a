//! An allocator that counts, for each thread, how often memory is asked for. Knows nothing of what
//! asks.
#![expect(unsafe_code, reason = "an allocator can not be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Needs no allocation of its own: a constant at the start, nothing to drop at the end.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counted.
pub(crate) struct Counting;

/// How often this thread has asked for memory.
pub(crate) fn count() -> u64 {
    COUNT.get()
}

// SAFETY: every call goes on to `System` as it came, so what holds for `System` holds here.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller keeps the promises of `alloc`, which are those of `System.alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: `old` came from `System`, because every block does; the rest as in `alloc`.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: `old` came from `System`, because every block does.
        unsafe { System.dealloc(old, layout) }
    }
}
