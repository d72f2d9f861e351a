//! Waiting to the microsecond. Must not know what for.
//!
//! A turn of `switch-net` waits in whole milliseconds, rounded up. In the open loop that would make
//! half a millisecond of our own part of every latency.

use std::num::NonZeroU64;
use std::time::Duration;

use rustix::thread::{nanosleep, set_current_timer_slack};
use rustix::time::Timespec;

use crate::clock::MILLISECOND;

/// How long not to look at sockets at most: what an answer can seem later than it was. Shorter naps
/// would cost more processor time than the sends.
const NAP: u64 = 40_000;

/// Lets this thread wake when it asks to, not up to 50 us later. Where that is not allowed, naps
/// are longer.
pub(super) fn sharpen() {
    set_current_timer_slack(NonZeroU64::new(1)).unwrap_or_default();
}

/// The part of a wait of so many nanoseconds that a turn can do, after a nap if that is none of it.
pub(super) fn before_turn(wait: u64) -> Duration {
    if wait >= MILLISECOND {
        return Duration::from_millis(wait / MILLISECOND);
    }
    let nap = i64::try_from(wait.min(NAP)).expect("a nap is short");
    if nap > 0 {
        // Woken early by a signal is as good.
        let _rest = nanosleep(&Timespec { tv_sec: 0, tv_nsec: nap });
    }
    Duration::ZERO
}
