//! Large tables in large pages: the allocator of the programs that run workers. Must not know what a
//! table holds.
//!
//! A worker looks into tables of many megabytes in random order. In pages of 4 KiB each look needs
//! a walk through the page tables first, which on a virtual machine takes longer than the look
//! itself; with pages of 2 MiB a transaction took 1.9 us instead of 3.0 (`sekisho-bench load -c 64
//! --window 8`, no journal, with other work on the machine). The system must be asked for them
//! (`/sys/kernel/mm/transparent_hugepage/enabled` is mostly `madvise`).
//!
//! Memory of the journal's mapping is no memory of this allocator: there large pages would make the
//! system write 2 MiB for a commit of 4 KiB.
#![expect(unsafe_code, reason = "GlobalAlloc is an unsafe trait, and madvise takes an address")]

use std::alloc::{GlobalAlloc, Layout, System};

use rustix::mm::{Advice, madvise};

/// From so many bytes on, memory is asked for in large pages: two of them.
const LARGE: usize = 4 << 20;
const PAGE: usize = 4_096;

/// The system's allocator, which asks for large pages under what is large.
#[derive(Clone, Copy, Debug)]
pub struct LargePages;

/// Asks for large pages under a block. Where there are none, small ones do the same more slowly.
fn advise(block: *mut u8, size: usize) {
    if size < LARGE || block.is_null() {
        return;
    }
    let into_page = block.align_offset(PAGE);
    let whole = size.saturating_sub(into_page) / PAGE * PAGE;
    let from = block.wrapping_add(into_page);
    // SAFETY: `from` and the `whole` bytes behind it are whole pages within the block, which the
    // caller has just been given; the advice changes how the system backs them and not what they
    // hold. It would not hold for memory that somebody else has mapped in a special way; blocks of
    // the system's allocator are ordinary private memory.
    let _refused = unsafe { madvise(from.cast(), whole, Advice::LinuxHugepage) };
}

// SAFETY: every method hands its arguments on to `System` unchanged and gives back what that gave;
// advising allocates nothing.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc`.
        let block = unsafe { System.alloc(layout) };
        advise(block, layout.size());
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the promises of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the promises of `GlobalAlloc::alloc_zeroed`.
        let block = unsafe { System.alloc_zeroed(layout) };
        advise(block, layout.size());
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the promises of `GlobalAlloc::realloc`.
        let block = unsafe { System.realloc(block, layout, size) };
        advise(block, size);
        block
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the mapping that an address lies in was advised, as `/proc/self/smaps` tells (`hg`).
    fn is_advised(address: usize) -> bool {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut within = false;
        for line in maps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let range = range.and_then(|(from, to)| {
                Some((usize::from_str_radix(from, 16).ok()?, usize::from_str_radix(to, 16).ok()?))
            });
            if let Some((from, to)) = range {
                within = (from..to).contains(&address);
            } else if within && line.starts_with("VmFlags:") {
                return line.split(' ').any(|flag| flag == "hg");
            }
        }
        false
    }

    #[test]
    fn a_large_block_is_advised_and_holds_what_is_written() {
        let layout = Layout::from_size_align(8 << 20, 64).unwrap();
        // SAFETY: the layout has a size.
        let block = unsafe { LargePages.alloc_zeroed(layout) };
        assert!(!block.is_null());
        assert!(is_advised(block.addr() + layout.size() / 2));
        let last = block.wrapping_add(layout.size() - 1);
        // SAFETY: the last byte is within the block.
        unsafe { last.write(7) };
        // SAFETY: the block is of this allocator and layout.
        let block = unsafe { LargePages.realloc(block, layout, 16 << 20) };
        let last = block.wrapping_add(layout.size() - 1);
        // SAFETY: the byte is within the block, which became larger.
        assert_eq!(unsafe { last.read() }, 7);
        let layout = Layout::from_size_align(16 << 20, 64).unwrap();
        // SAFETY: the block is of this allocator and layout.
        unsafe { LargePages.dealloc(block, layout) };
    }

    #[test]
    fn small_blocks_are_left_alone() {
        let layout = Layout::from_size_align(100, 8).unwrap();
        // SAFETY: the layout has a size.
        let block = unsafe { LargePages.alloc(layout) };
        assert!(!block.is_null());
        // SAFETY: the block is of this allocator and layout.
        unsafe { LargePages.dealloc(block, layout) };
    }
}
