//! How long a test waits for anything, and that it says for what it waited. Must not know what that
//! is.
//!
//! A wait is made of short ones: when the whole machine stands still for a while, that costs one of
//! them and not the test.

use std::os::fd::AsFd;
use std::time::Duration;

use daemon::clocks;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// One short wait.
pub(crate) const SLICE: Duration = Duration::from_secs(1);
/// How many of them are made.
pub(crate) const SLICES: u32 = 20;
/// The longest wait for anything that should come soon, on a machine that has much to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again until something is there. Each look must be a round trip of its own: this
/// does not pause in between.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let (mut last, mut waited) = (clocks::boot(), Duration::ZERO);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(waited < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        let now = clocks::boot();
        waited += now.since(last).min(SLICE);
        last = now;
    }
}

/// Waits until a descriptor can be read.
pub(crate) fn until_readable(what: &str, descriptor: impl AsFd) {
    let slice = Timespec::try_from(SLICE).expect("a short time");
    let is_readable = (0..SLICES).any(|_| {
        let mut asked = [PollFd::new(&descriptor, PollFlags::IN)];
        poll(&mut asked, Some(&slice)).expect("it can be asked") > 0
    });
    assert!(is_readable, "waited {PATIENCE:?} in vain for {what}");
}

/// Lets time pass, where that it passes is what is tested.
pub(crate) fn lets_pass(time: Duration) {
    let time = Timespec::try_from(time).expect("a short time");
    // Nothing is waited for, so that nothing ends it early but a signal.
    poll(&mut [], Some(&time)).expect("it can be asked");
}
