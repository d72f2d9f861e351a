//! How long a test waits for anything, and that it says for what it waited. Must not know what that
//! is.

use std::time::Duration;

use daemon::clocks;

/// The longest wait for anything that should come soon, on a machine that has much to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Looks again and again until something is there. Each look must be a round trip of its own: this
/// does not pause in between.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = clocks::boot();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(clocks::boot().since(begun) < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
    }
}
