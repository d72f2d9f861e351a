//! When the messages that are kept for an issuer reach it: how many at once, how soon after one
//! another, how soon again. Must not know what they say.

use std::collections::BTreeMap;
use std::time::Duration;

use switch_core::plan::Issuing;
use switch_core::time::Time;

use super::stage::TIMEOUT_LEAST;

/// What one issuer has heard, by our STAN, as far as it is known when it was sent.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Each that was not answered since.
    awaited: BTreeMap<String, Time>,
    /// Each that was sent, and may be sent again.
    sent: BTreeMap<String, Time>,
    last: Option<Time>,
    last_again: Option<Time>,
}

impl Pace {
    /// One is heard, at the time when it was sent.
    pub(crate) fn hears(&mut self, stan: &str, again: bool, now: Time, agreed: &Issuing) {
        let window = usize::try_from(agreed.saf_window).unwrap();
        let waits = |(other, &at): (&String, &Time)| *other != stan && at + TIMEOUT_LEAST > now;
        let waiting = self.awaited.iter().filter(|&one| waits(one)).count();
        assert!(waiting < window, "{stan} comes beside {waiting} others");
        let rate = Duration::from_secs(1) / agreed.saf_rate;
        let after = |before: Option<Time>, least: Duration, what: &str| {
            let since = before.map(|before| now.since(before));
            assert!(
                since.is_none_or(|since| since >= least),
                "{stan} comes {since:?} after {what}"
            );
        };
        after(self.last, rate, "the last");
        if again {
            after(self.last_again, agreed.saf_gap, "the last that was sent again");
            after(self.sent.get(stan).copied(), agreed.saf_retry, "it was sent before");
            self.last_again = Some(now);
        }
        self.last = Some(now);
        self.sent.insert(stan.to_string(), now);
        self.awaited.insert(stan.to_string(), now);
    }

    /// One is heard that may have been sent long ago.
    pub(crate) fn hears_late(&mut self, stan: &str) {
        self.is_turned(stan);
    }

    /// It answers one.
    pub(crate) fn answers(&mut self, stan: &str) {
        self.awaited.remove(stan);
    }

    /// An operator held one, released it or gave it up.
    pub(crate) fn is_turned(&mut self, stan: &str) {
        self.awaited.remove(stan);
        self.sent.remove(stan);
    }
}
