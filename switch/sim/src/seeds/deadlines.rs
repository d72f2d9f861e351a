//! When a request has to have its outcome: after the timeout of the configuration that its home runs by,
//! or sooner when that is shortened meanwhile. Must not look into the tables of the core.

use std::collections::BTreeMap;
use std::time::Duration;

use switch_core::ids::WorkerId;
use switch_core::plan::Plan;
use switch_core::records::Record;
use switch_core::time::Time;

/// Requests without an outcome, by issuer's number and our STAN.
#[derive(Debug)]
pub(crate) struct Deadlines {
    /// How long an issuer has for an answer, as each worker says it now.
    timeouts: Vec<Duration>,
    open: BTreeMap<(u16, u32), (WorkerId, Time)>,
}

impl Deadlines {
    pub(crate) fn new(workers: u8, timeout: Duration) -> Self {
        Self { timeouts: vec![timeout; usize::from(workers)], open: BTreeMap::new() }
    }

    /// A worker runs by a configuration with this timeout from now on.
    pub(crate) fn adopts(&mut self, worker: usize, timeout: Duration, now: Time) {
        self.timeouts[worker] = timeout;
        for (home, until) in self.open.values_mut() {
            if home.index() == worker {
                *until = (*until).min(now + timeout);
            }
        }
    }

    /// Whether something open is asked of one of these, by their numbers.
    pub(crate) fn has_open(&self, issuers: &[u16]) -> bool {
        self.open.keys().any(|(issuer, _)| issuers.contains(issuer))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others begin and end nothing")]
    pub(crate) fn takes(&mut self, plan: &Plan, record: &Record<'_>) {
        match *record {
            Record::Decision { acquirer, issuer, stan, arrived, .. } => {
                let home = plan.owner(plan.numbered_station(acquirer).unwrap());
                let until = arrived + self.timeouts[home.index()];
                self.open.insert((issuer.0, stan.0), (home, until));
            }
            Record::Settlement { issuer, stan, .. }
            | Record::Expiry { issuer, stan, .. }
            | Record::Unsent { issuer, stan, .. }
            | Record::Undelivered { issuer, stan, .. }
            | Record::Closed { issuer, stan, .. } => {
                self.open.remove(&(issuer.0, stan.0));
            }
            _ => {}
        }
    }

    /// Every outcome that is due by now is there.
    pub(crate) fn are_kept(&self, now: Time) {
        let late = self.open.iter().find(|(_, (_, until))| *until < now);
        assert!(late.is_none(), "promise 5: no outcome in time: {late:?} at {now:?}");
    }
}
