//! The clocks: the one place that reads them. Must not know what is timed.

use rustix::time::{ClockId, clock_gettime};

/// One second in the unit of [`now`] and [`cpu`].
pub(crate) const SECOND: u64 = 1_000_000_000;

/// One millisecond in the same unit.
pub(crate) const MILLISECOND: u64 = 1_000_000;

/// Nanoseconds that only grow, from an arbitrary start.
pub(crate) fn now() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

/// Nanoseconds of processor time that this process has used, all threads.
pub(crate) fn cpu() -> u64 {
    nanoseconds(ClockId::ProcessCPUTime)
}

/// Nanoseconds since 1970, UTC.
pub(crate) fn unix() -> u64 {
    nanoseconds(ClockId::Realtime)
}

/// A duration in the same unit; centuries are as long as a `u64` can say.
pub(crate) fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let part = |value: i64| u64::try_from(value).expect("clocks run from 1970 or from boot");
    part(time.tv_sec) * SECOND + part(time.tv_nsec)
}
