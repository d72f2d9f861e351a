//! The one place where campaigns look at a clock or let time pass. Knows no campaign.

use std::time::{Duration, Instant};

/// Now.
#[expect(clippy::disallowed_methods, reason = "a campaign runs in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Lets time pass.
#[expect(clippy::disallowed_methods, reason = "who waits here has nothing else to do")]
pub(crate) fn pause(period: Duration) {
    std::thread::sleep(period);
}

/// Looks every half millisecond until something is so, or this much time has passed; whether it is.
pub(crate) fn until(within: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let begun = now();
    loop {
        if is_so() {
            return true;
        }
        if begun.elapsed() >= within {
            return false;
        }
        pause(Duration::from_micros(500));
    }
}
