//! The clocks of the bench. Knows nothing of what is measured.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of a clock that never goes back.
pub(crate) fn now_ns() -> u64 {
    nanos(ClockId::Monotonic)
}

/// Nanoseconds that this thread has been running.
pub(crate) fn thread_ns() -> u64 {
    nanos(ClockId::ThreadCPUTime)
}

/// Nanoseconds that all threads have been running, those of the kernel that work for this process
/// included.
pub(crate) fn process_ns() -> u64 {
    nanos(ClockId::ProcessCPUTime)
}

fn nanos(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let part = |part: i64| u64::try_from(part).unwrap();
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}
