//! The two clocks: time since boot for decisions, civil time for dates in messages and in the journal.
//! The only place that reads them. Must not know what the time is used for.

use rustix::time::{ClockId, clock_gettime};
use switch_core::time::{Now, Time};

/// What both clocks show.
pub fn now() -> Now {
    Now { boot: boot(), utc: utc() }
}

/// Time since boot, suspended time counted (`CLOCK_BOOTTIME`).
pub fn boot() -> Time {
    let time = clock_gettime(ClockId::Boottime);
    let nanos = |part: i64| u64::try_from(part).expect("time since boot is not negative");
    Time(nanos(time.tv_sec) * 1_000_000_000 + nanos(time.tv_nsec))
}

/// Microseconds of `CLOCK_MONOTONIC`, by which the service manager tells one reload from the next.
pub fn monotonic_us() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let part = |part: i64| u64::try_from(part).expect("time since boot is not negative");
    part(time.tv_sec) * 1_000_000 + part(time.tv_nsec) / 1_000
}

/// Nanoseconds since 1970, for headers of the journal; zero where the clock was never set.
pub fn utc_ns() -> u64 {
    let time = clock_gettime(ClockId::Realtime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default()
}

/// Seconds since 1970; the zero of a clock that was never set, if it is before.
pub fn utc() -> u64 {
    u64::try_from(clock_gettime(ClockId::RealtimeCoarse).tv_sec).unwrap_or_default()
}
