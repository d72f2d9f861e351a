//! An allocator that counts what the thread under test asks for. Knows no worker.
#![expect(
    unsafe_code,
    reason = "GlobalAlloc is an unsafe trait; every call goes on to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    /// Allocations of this thread since it began to count; none before.
    static COUNTED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The system's allocator, with a count for each thread that wants one.
pub(crate) struct Counting;

/// Counts the allocations that this thread makes in `work`.
pub(crate) fn allocations(work: impl FnOnce()) -> u64 {
    COUNTED.set(Some(0));
    work();
    COUNTED.replace(None).unwrap_or_default()
}

fn count() {
    // A thread that is going away has no count any more, and is none under test.
    let _gone = COUNTED.try_with(|counted| counted.set(counted.get().map(|so_far| so_far + 1)));
}

// SAFETY: every method hands its arguments on to `System` unchanged, and counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the promises of `GlobalAlloc::realloc`.
        unsafe { System.realloc(block, layout, size) }
    }
}
