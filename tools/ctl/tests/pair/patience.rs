//! How long a story waits for anything, and that it says for what it waited. Must not know what that is.

use std::time::Duration;

use daemon::clocks;
use rustix::event::{Timespec, poll};

/// The longest wait for anything that should come soon, on a machine that has much to do.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks; a daemon takes 20 questions of a user a second.
const BETWEEN: Duration = Duration::from_millis(60);

/// Looks again and again until something is there.
pub(crate) fn until<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    tried(look).unwrap_or_else(|| panic!("waited {PATIENCE:?} in vain for {what}"))
}

/// The same, for whoever says itself that it did not come.
pub(crate) fn tried<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = clocks::boot();
    loop {
        if let Some(seen) = look() {
            return Some(seen);
        }
        if clocks::boot().since(begun) >= PATIENCE {
            return None;
        }
        lets_pass(BETWEEN);
    }
}

/// Lets time pass: between two looks, or where that it passes is what is told.
pub(crate) fn lets_pass(time: Duration) {
    let time = Timespec::try_from(time).unwrap();
    // Nothing is waited for, so that nothing ends it early but a signal.
    poll(&mut [], Some(&time)).unwrap();
}
