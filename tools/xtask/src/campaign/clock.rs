//! The one place where campaigns look at a clock or let time pass. Knows no campaign.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Now.
#[expect(clippy::disallowed_methods, reason = "a campaign runs in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds since 1970, as ledgers and journals have them.
pub(crate) fn unix_ns() -> u64 {
    let time = clock_gettime(ClockId::Realtime);
    let part = |value: i64| u64::try_from(value).unwrap_or_default();
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
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
