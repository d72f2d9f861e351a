//! What functions leave behind on a worker's stack when they have returned: pieces of messages that
//! were copied to be looked at. Wiped when the worker has had nothing to do for a moment, so that a
//! switch that was drained holds no card data. Must not know what a message says.
//!
//! While there is work, what one message leaves is written over by those after it. The buffers that
//! outlive a turn are wiped by whoever owns them.

use std::time::Duration;

use switch_core::time::Time;

/// So long without work, and the stack is wiped.
const QUIET: Duration = Duration::from_millis(100);

/// How deep: more than twice what a turn was seen to take in a build without optimization.
const DEPTH: usize = 128 * 1024;

/// Whether there is anything to wipe.
#[derive(Debug, Default)]
pub(super) struct Residue {
    is_there: bool,
}

impl Residue {
    /// A turn had work.
    pub(super) fn is_left(&mut self) {
        self.is_there = true;
    }

    /// Wipes it when the last work was long enough ago; else says when that will be.
    pub(super) fn wipe_after(&mut self, last_work: Time, now: Time) -> Time {
        if !self.is_there {
            return Time::NEVER;
        }
        let due = last_work + QUIET;
        if now < due {
            return due;
        }
        wipe();
        self.is_there = false;
        Time::NEVER
    }
}

/// Writes over what functions that have returned left below the caller's frame.
#[inline(never)]
#[expect(clippy::large_stack_arrays, clippy::large_stack_frames, reason = "it is what it is for")]
fn wipe() {
    let mut dead = [0_u8; DEPTH];
    // Looked at, so that it is written.
    std::hint::black_box(&mut dead);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_wiped_once_when_there_was_no_work_for_a_while() {
        let at = |millis: u64| Time(millis * 1_000_000);
        let mut residue = Residue::default();
        assert_eq!(residue.wipe_after(at(0), at(500)), Time::NEVER);
        residue.is_left();
        assert_eq!(residue.wipe_after(at(500), at(599)), at(600));
        assert!(residue.is_there);
        assert_eq!(residue.wipe_after(at(500), at(600)), Time::NEVER);
        assert!(!residue.is_there);
    }
}
