//! What threads beside the workers run by and a reload may change: each reads it anew when it needs it.
//! Must not know what it is for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use journal::pacing::WAIT_MAX_NS;
use switch_core::plan::Limits;

use crate::config::Configuration;

/// Plain values, in nanoseconds; nothing is ordered by them.
#[derive(Debug)]
pub struct Tunings {
    ask_timeout: AtomicU64,
    gather: AtomicU64,
    scrub: AtomicU64,
}

impl Default for Tunings {
    /// As a configuration has them that says nothing of them.
    fn default() -> Self {
        let tunings = Self {
            ask_timeout: AtomicU64::new(0),
            gather: AtomicU64::new(WAIT_MAX_NS),
            scrub: AtomicU64::new(0),
        };
        store(&tunings.ask_timeout, Limits::default().ask_timeout);
        store(&tunings.scrub, Duration::from_hours(24));
        tunings
    }
}

impl Tunings {
    /// As a configuration has them.
    pub fn of(configuration: &Configuration) -> Self {
        let tunings = Self::default();
        tunings.set(configuration);
        tunings
    }

    /// From now on as this configuration has them.
    pub fn set(&self, configuration: &Configuration) {
        store(&self.ask_timeout, configuration.settings.limits.ask_timeout);
        store(&self.gather, configuration.journal.gather);
        store(&self.scrub, configuration.journal.scrub);
    }

    /// The longest that a batch of records waits to fill, in nanoseconds.
    pub fn gather_ns(&self) -> u64 {
        self.gather.load(Ordering::Relaxed)
    }

    /// In how long everything that is sealed is read once.
    pub fn scrub(&self) -> Duration {
        Duration::from_nanos(self.scrub.load(Ordering::Relaxed))
    }

    /// For how long an answer of the reader is worth something.
    pub fn ask_timeout(&self) -> Duration {
        Duration::from_nanos(self.ask_timeout.load(Ordering::Relaxed))
    }
}

fn store(into: &AtomicU64, span: Duration) {
    into.store(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}
