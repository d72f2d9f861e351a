//! The one place where this program looks at a clock or lets time pass. Knows no command.

use std::time::{Duration, Instant};

/// Now.
#[expect(clippy::disallowed_methods, reason = "this program is no worker: real time is its matter")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Lets time pass.
#[expect(clippy::disallowed_methods, reason = "who waits here has nothing else to do")]
pub(crate) fn pause(period: Duration) {
    std::thread::sleep(period);
}
