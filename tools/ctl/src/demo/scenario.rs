//! What may go wrong in a demo, and when. Knows no process.

use std::time::Duration;

/// What happens while the acquirers send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scenario {
    /// Nothing goes wrong.
    Plain,
    /// An issuer is killed and comes back on its port.
    IssuerKilled,
    /// An issuer stands still, its connections open, and goes on later.
    IssuerFrozen,
}

/// When the fault begins, and how long it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Course {
    /// From the first request.
    pub(super) begins: Duration,
    pub(super) lasts: Duration,
}

impl Scenario {
    /// Those that have a name.
    pub(super) const NAMED: [Self; 2] = [Self::IssuerKilled, Self::IssuerFrozen];

    /// The shortest demo in which a fault can begin, end and be recovered from.
    pub(super) const SECONDS_MIN: u64 = 8;

    /// How soon all must be well again after the issuer is back.
    pub(super) const RECOVERY_MAX: Duration = Duration::from_secs(5);

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|scenario| scenario.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::IssuerKilled => "issuer-killed",
            Self::IssuerFrozen => "issuer-frozen",
        }
    }

    /// What is done to the issuer, in a word.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Plain => "left alone",
            Self::IssuerKilled => "killed",
            Self::IssuerFrozen => "frozen",
        }
    }

    /// How long the switch waits for an issuer: in a scenario short enough to see it give up.
    pub(super) fn timeout(self) -> Duration {
        match self {
            Self::Plain => Duration::from_secs(10),
            Self::IssuerKilled | Self::IssuerFrozen => Duration::from_secs(2),
        }
    }

    /// The course in a demo of so many seconds; none where nothing goes wrong.
    pub(super) fn course(self, seconds: u64) -> Option<Course> {
        let quarter = Duration::from_secs(seconds) / 4;
        // Longer than the timeout, so that requests run into it, and shorter than three echoes.
        let lasts = quarter.clamp(Duration::from_secs(3), Duration::from_secs(10));
        (self != Self::Plain).then_some(Course { begins: quarter, lasts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_outlasts_the_timeout_and_leaves_time_to_recover() {
        for scenario in Scenario::NAMED {
            assert_eq!(Scenario::named(scenario.name()), Some(scenario));
            for seconds in [Scenario::SECONDS_MIN, 20, 3_600] {
                let course = scenario.course(seconds).unwrap();
                assert!(course.lasts > scenario.timeout());
                let needed = course.begins + course.lasts + Duration::from_secs(3);
                assert!(needed <= Duration::from_secs(seconds), "{seconds}");
            }
        }
        assert_eq!(Scenario::Plain.course(20), None);
    }
}
