//! What the load counts while it runs. Must not know messages or sockets.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::following::Followed;
use super::service::Service;
use crate::action::ActionCode;
use crate::clock::SECOND;

/// Latencies are kept between these, nanoseconds, with three significant digits.
const LATENCY_LOW: u64 = 100;
const LATENCY_HIGH: u64 = 100 * SECOND;

/// Counts over the whole run, and latencies of the measured time.
pub(super) struct Tally {
    pub(super) sent: u64,
    pub(super) answered: u64,
    pub(super) unanswered: u64,
    pub(super) mismatched: u64,
    pub(super) late_sends: u64,
    pub(super) connections_lost: u64,
    pub(super) followed: Followed,
    pub(super) service: Service,
    /// Times that a connection was opened at another target than before.
    pub(super) moves: u64,
    actions: BTreeMap<ActionCode, u64>,
    wrongs: BTreeMap<String, u64>,
    /// Since the last [`Tally::fold`].
    recent: Histogram<u64>,
    measured: Histogram<u64>,
    /// Requests intended before this are not measured.
    measured_from: u64,
}

/// Latencies in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Latencies {
    pub(super) p50: u64,
    pub(super) p90: u64,
    pub(super) p99: u64,
    pub(super) p999: u64,
    pub(super) max: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        let histogram = || {
            Histogram::new_with_bounds(LATENCY_LOW, LATENCY_HIGH, 3)
                .expect("the bounds are constants that a histogram takes")
        };
        Self {
            sent: 0,
            answered: 0,
            unanswered: 0,
            mismatched: 0,
            late_sends: 0,
            connections_lost: 0,
            followed: Followed::default(),
            service: Service::default(),
            moves: 0,
            actions: BTreeMap::new(),
            wrongs: BTreeMap::new(),
            recent: histogram(),
            measured: histogram(),
            measured_from: 0,
        }
    }

    /// An answer that is right, with this action code.
    pub(super) fn on_action(&mut self, code: ActionCode) {
        *self.actions.entry(code).or_default() += 1;
    }

    /// An answer that is wrong.
    pub(super) fn on_wrong(&mut self, what: &str) {
        self.mismatched += 1;
        match self.wrongs.get_mut(what) {
            Some(count) => *count += 1,
            None => drop(self.wrongs.insert(what.to_owned(), 1)),
        }
    }

    /// An answer came `latency` after its request was `intended` to leave.
    pub(super) fn on_latency(&mut self, intended: u64, latency: u64) {
        if intended >= self.measured_from {
            self.recent.saturating_record(latency);
        }
    }

    /// Warm-up is over: what is intended from now on is measured, and nothing before.
    pub(super) fn measure_from(&mut self, now: u64) {
        self.recent.reset();
        self.measured_from = now;
    }

    /// Latencies since the last fold, which are added to the measured ones.
    pub(super) fn fold(&mut self) -> Latencies {
        let latencies = latencies(&self.recent);
        if self.measured_from > 0 {
            self.measured.add(&self.recent).expect("both have the same bounds");
        }
        self.recent.reset();
        latencies
    }

    pub(super) fn measured(&self) -> Latencies {
        latencies(&self.measured)
    }

    pub(super) fn approved(&self) -> u64 {
        self.count(true)
    }

    pub(super) fn declined(&self) -> u64 {
        self.count(false)
    }

    fn count(&self, approved: bool) -> u64 {
        let codes = self.actions.iter().filter(|(code, _)| code.approves() == approved);
        codes.map(|(_, count)| count).sum()
    }

    /// How often each action code came, those that did.
    pub(super) fn actions(&self) -> BTreeMap<String, u64> {
        self.actions.iter().map(|(code, count)| (code.to_string(), *count)).collect()
    }

    /// How often each kind of wrong answer came.
    pub(super) fn wrongs(&self) -> BTreeMap<String, u64> {
        self.wrongs.clone()
    }
}

fn latencies(histogram: &Histogram<u64>) -> Latencies {
    Latencies {
        p50: histogram.value_at_quantile(0.5),
        p90: histogram.value_at_quantile(0.9),
        p99: histogram.value_at_quantile(0.99),
        p999: histogram.value_at_quantile(0.999),
        max: histogram.max(),
    }
}
