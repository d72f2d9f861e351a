//! How long a look at the past may take: as long as somebody waits for it, and no longer than the daemon
//! lives. Reads no clock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use switch_core::time::Time;

/// Shared by the thread that looks and the one that ends it.
#[derive(Debug, Default)]
pub(super) struct Limit {
    /// When nobody waits any more, in nanoseconds since boot. Only the thread that looks uses it.
    until: AtomicU64,
    /// A plain flag, raised once; nothing is ordered by it.
    ended: AtomicBool,
}

impl Limit {
    /// A look begins for which somebody waits so long.
    pub(super) fn begin(&self, until: Time) {
        self.until.store(until.0, Ordering::Relaxed);
    }

    /// Nobody looks any more.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Whether the look is to be given up.
    pub(super) fn is_over(&self, now: Time) -> bool {
        self.has_ended() || now.0 >= self.until.load(Ordering::Relaxed)
    }

    /// Whether no other look is to begin.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_over_when_nobody_waits_for_it_any_more_or_the_daemon_ends() {
        let limit = Limit::default();
        limit.begin(Time(10));
        assert!(!limit.is_over(Time(9)) && limit.is_over(Time(10)));
        limit.begin(Time(20));
        assert!(!limit.is_over(Time(10)));
        limit.end();
        assert!(limit.is_over(Time(10)) && limit.has_ended());
        limit.begin(Time(30));
        assert!(limit.is_over(Time(10)), "for good");
    }
}
