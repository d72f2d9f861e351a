//! What may go wrong in a demo, and when. Knows no process.

use std::time::Duration;

use super::process::Who;

/// The issuer that goes away.
pub(super) const VICTIM: usize = 0;

/// What happens while the acquirers send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scenario {
    /// Nothing goes wrong.
    Plain,
    /// An issuer is killed and comes back on its port.
    IssuerKilled,
    /// An issuer stands still, its connections open, and goes on later.
    IssuerFrozen,
    /// The switch itself is killed and started again on what it has written.
    SwitchKilled,
    /// Issuers answer some requests too late, twice or never, and do not acknowledge each reversal;
    /// acquirers repeat and reverse.
    LateAnswers,
    /// Of two sites the primary is killed, and comes back as a standby.
    PrimaryKilled,
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
    pub(super) const NAMED: [Self; 4] =
        [Self::IssuerKilled, Self::IssuerFrozen, Self::SwitchKilled, Self::LateAnswers];

    /// The shortest demo in which a fault can begin, end and be recovered from.
    pub(super) const SECONDS_MIN: u64 = 8;

    /// How soon all must be well again after it is back.
    pub(super) const RECOVERY_MAX: Duration = Duration::from_secs(5);

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|scenario| scenario.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::IssuerKilled => "issuer-killed",
            Self::IssuerFrozen => "issuer-frozen",
            Self::SwitchKilled => "kill-switch",
            Self::LateAnswers => "late-answers",
            Self::PrimaryKilled => "primary-killed",
        }
    }

    /// Whom it happens to.
    pub(super) fn victim(self) -> Who {
        match self {
            Self::Plain | Self::IssuerKilled | Self::IssuerFrozen | Self::LateAnswers => {
                Who::Issuer(VICTIM)
            }
            Self::SwitchKilled => Who::Switch,
            Self::PrimaryKilled => Who::Site(0),
        }
    }

    /// What is done to it, in a word.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Plain => "left alone",
            Self::IssuerKilled | Self::SwitchKilled | Self::PrimaryKilled => "killed",
            Self::IssuerFrozen => "frozen",
            Self::LateAnswers => "late",
        }
    }

    /// How long the switch waits for an issuer: in a scenario short enough to see it give up.
    pub(super) fn timeout(self) -> Duration {
        match self {
            Self::Plain => Duration::from_secs(10),
            Self::IssuerKilled | Self::IssuerFrozen | Self::SwitchKilled | Self::PrimaryKilled => {
                Duration::from_secs(2)
            }
            Self::LateAnswers => Duration::from_secs(1),
        }
    }

    /// Whether ledgers are kept, and held against each other and the journal when all is over.
    pub(super) fn is_reckoned(self) -> bool {
        matches!(self, Self::SwitchKilled | Self::LateAnswers | Self::PrimaryKilled)
    }

    /// The course in a demo of so many seconds; none where nothing goes wrong, or all the time, or two
    /// sites have a course of their own.
    pub(super) fn course(self, seconds: u64) -> Option<Course> {
        let quarter = Duration::from_secs(seconds) / 4;
        // Longer than the timeout, so that requests run into it, and shorter than three echoes.
        let lasts = match self {
            // As long as whoever watches over it takes to start it again.
            Self::SwitchKilled => Duration::from_millis(500),
            Self::Plain
            | Self::LateAnswers
            | Self::IssuerKilled
            | Self::IssuerFrozen
            | Self::PrimaryKilled => quarter.clamp(Duration::from_secs(3), Duration::from_secs(10)),
        };
        let is_fault = !matches!(self, Self::Plain | Self::LateAnswers | Self::PrimaryKilled);
        is_fault.then_some(Course { begins: quarter, lasts })
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
                let Some(course) = scenario.course(seconds) else {
                    assert_eq!(scenario, Scenario::LateAnswers);
                    continue;
                };
                let is_of_issuer = scenario.victim() != Who::Switch;
                assert!(!is_of_issuer || course.lasts > scenario.timeout());
                let needed = course.begins + course.lasts + Duration::from_secs(3);
                assert!(needed <= Duration::from_secs(seconds), "{seconds}");
            }
        }
        assert_eq!(Scenario::Plain.course(20), None);
    }
}
