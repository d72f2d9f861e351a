//! The stations of a world of chance and the settings that its switch runs by. Must not know what
//! happens there.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use switch_core::ids::LinkId;
use switch_core::plan::{
    Acquiring, InFlight, Issuing, Plan, SecondReversal, SignOn, StationSettings, UnknownOriginal,
};

use super::dice::Dice;
use super::happened::{Happened, Happening};
use super::words::Edition;
use crate::world::{Setup, acquirer, ascii_87, issuer, packed, packed_87};

/// How many workers a switch can have here.
pub(crate) const WORKERS_MAX: u8 = 3;
pub(crate) const GATE_BYTES: usize = 1 << 18;

/// The stations, with their links.
pub(crate) const ACQUIRERS: [(&str, &[LinkId]); 2] =
    [("A", &[LinkId(0), LinkId(1)]), ("B", &[LinkId(2)])];
pub(crate) const ISSUERS: [(&str, &[LinkId]); 3] =
    [("X", &[LinkId(3), LinkId(4)]), ("Y", &[LinkId(5)]), ("Z", &[LinkId(6)])];

/// Whose of the issuers a link is.
pub(crate) fn issuer_of(link: LinkId) -> usize {
    let found = ISSUERS.iter().position(|(_, links)| links.contains(&link));
    found.expect("it is an issuer's")
}

/// How long an issuer has for an answer at least, whatever the configuration.
pub(crate) const TIMEOUT_LEAST: Duration = Duration::from_secs(2);

/// What one configuration says and another one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// How long an issuer has for an answer.
    pub(crate) timeout: Duration,
    pub(crate) quarantine: Duration,
    /// Whether it names B, Y and Z.
    pub(crate) names: [bool; 3],
    /// Whether Z comes before Y for the cards of both, and the stations stand in another order.
    pub(crate) turned: bool,
}

impl Config {
    /// That of a start; Z is named where it was before.
    pub(crate) fn first(has_z: bool) -> Self {
        Self {
            timeout: Duration::from_secs(4),
            quarantine: Duration::from_secs(20),
            names: [true, true, has_z],
            turned: false,
        }
    }

    /// Another one, by chance.
    pub(crate) fn other(mut self, dice: &mut Dice) -> Self {
        for _ in 0..=dice.below(2) {
            match dice.below(6) {
                0 | 1 => self.timeout = Duration::from_secs(dice.one_of(&[2, 4, 6])),
                2 => self.quarantine = Duration::from_secs(dice.one_of(&[8, 20])),
                3 => self.turned = !self.turned,
                _ => {
                    let place = dice.place(3);
                    self.names[place] = !self.names[place];
                }
            }
        }
        self
    }
}

/// How many sets of agreements there are: with two acquirers and two issuers each, they make all
/// combinations of three settings of two values.
pub(crate) const AGREEMENTS: u8 = 4;

/// What a world is set up by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    pub(crate) edition: Edition,
    /// Which of the sets of agreements.
    pub(crate) agreement: u8,
    /// Whether the switch has two sites, and may stand still.
    pub(crate) sites: bool,
}

impl Stage {
    /// What was agreed with an acquirer.
    pub(crate) fn acquiring(self, place: usize) -> Acquiring {
        let which = if place == 0 { self.agreement * 2 } else { 7 - self.agreement * 2 };
        let is_second = |bit: u8| which >> bit & 1 == 1;
        Acquiring {
            repeat_in_flight: if is_second(0) { InFlight::Refuse } else { InFlight::Hold },
            unknown_original: if is_second(1) {
                UnknownOriginal::Untraced
            } else {
                UnknownOriginal::Accepted
            },
            second_reversal: if is_second(2) {
                SecondReversal::Repeated
            } else {
                SecondReversal::Accepted
            },
            gives_up: Duration::from_secs(if is_second(0) == is_second(1) { 60 } else { 2 }),
        }
    }

    /// What was agreed with an issuer. What takes hours in a real life takes minutes here.
    pub(crate) fn issuing(self, place: usize) -> Issuing {
        let which = if place == 0 { self.agreement * 2 } else { 7 - self.agreement * 2 };
        let is_second = |bit: u8| which >> bit & 1 == 1;
        Issuing {
            matches_on_rrn: is_second(0),
            saf_window: if is_second(1) { 3 } else { 1 },
            saf_retry: Duration::from_secs(6),
            saf_gap: Duration::from_millis(if is_second(2) { 700 } else { 100 }),
            saf_alarm_after: if is_second(0) { 2 } else { 6 },
            saf_rate: if is_second(2) { 4 } else { 50 },
        }
    }

    /// The settings of a switch with so many workers, as it starts first. A plan is large, and the same for many seeds.
    pub(crate) fn plan(self, workers: u8) -> Arc<Plan> {
        static PLANS: [OnceLock<Arc<Plan>>; 48] = [const { OnceLock::new() }; 48];
        let edition = u8::from(self.edition == Edition::Of1987);
        let place = (edition * AGREEMENTS + self.agreement) * WORKERS_MAX + workers - 1;
        let place = place + 24 * u8::from(self.sites);
        let plan = || Arc::new(self.setup(workers, Config::first(false)).planned().unwrap());
        Arc::clone(PLANS[usize::from(place)].get_or_init(plan))
    }

    /// The same by a configuration.
    pub(crate) fn setup(self, workers: u8, config: Config) -> Setup {
        let of_1987 = self.edition == Edition::Of1987;
        let ascii = |station: StationSettings| match self.edition {
            Edition::Of1987 => StationSettings { dialect: ascii_87(), ..station },
            Edition::Of1993 => station,
        };
        let packed = || if of_1987 { packed_87() } else { packed() };
        let a = StationSettings { links: 2, acquiring: self.acquiring(0), ..acquirer("A") };
        let b = StationSettings { acquiring: self.acquiring(1), ..acquirer("B") };
        let x = StationSettings { links: 2, issuing: self.issuing(0), ..issuer("X") };
        let y = StationSettings { issuing: self.issuing(1), ..issuer("Y") };
        let Config { timeout, quarantine, names: [has_b, has_y, has_z], turned } = config;
        let all = [
            (true, ascii(a)),
            (has_b, StationSettings { dialect: packed(), ..b }),
            (true, StationSettings { timeout, ..ascii(x) }),
            (has_y, StationSettings { timeout, sign_on: SignOn::Ours, dialect: packed(), ..y }),
            (has_z, StationSettings { timeout, issuing: self.issuing(2), ..ascii(issuer("Z")) }),
        ];
        let named = all.into_iter().filter_map(|(is_named, station)| is_named.then_some(station));
        let mut stations: Vec<_> = named.collect();
        let mut others: Vec<&str> = [("Y", has_y), ("Z", has_z)]
            .iter()
            .filter(|(_, has)| *has)
            .map(|(name, _)| *name)
            .collect();
        if turned {
            stations.reverse();
            others.reverse();
        }
        let setup = Setup::of(stations).workers(workers).route("353011", &["X"]);
        let setup = if others.is_empty() { setup } else { setup.route("4", &others) };
        setup.limits(|limits| {
            (limits.pending_max, limits.large_max) = (200, 8);
            limits.duplicates_max = 2_000;
            limits.answers_bytes = 1 << 20;
            limits.quarantine = quarantine;
            // Half of those that have one site go by the rules of two.
            let has_peer = self.sites || self.agreement % 2 == 1;
            limits.late_after = has_peer.then_some(Duration::from_secs(1));
            if self.sites {
                // What came while a process stood still is decided at once, and none of it finds all
                // places taken: whoever is to be held is.
                limits.parked_max = 256;
            }
        })
    }

    /// What a world is like counts as having happened there.
    pub(crate) fn is_seen(self, happened: &mut Happened) {
        happened.saw(match self.edition {
            Edition::Of1987 => Happening::Edition1987,
            Edition::Of1993 => Happening::Edition1993,
        });
        for place in 0..2 {
            let Acquiring { repeat_in_flight, unknown_original, second_reversal, gives_up } =
                self.acquiring(place);
            happened.saw(match repeat_in_flight {
                InFlight::Hold => Happening::Holds,
                InFlight::Refuse => Happening::Refuses,
            });
            happened.saw(match unknown_original {
                UnknownOriginal::Accepted => Happening::UnknownAccepted,
                UnknownOriginal::Untraced => Happening::UnknownUntraced,
            });
            happened.saw(match second_reversal {
                SecondReversal::Accepted => Happening::SecondAccepted,
                SecondReversal::Repeated => Happening::SecondRepeated,
            });
            let late = gives_up >= Duration::from_mins(1);
            happened.saw(if late { Happening::GivesUpLate } else { Happening::GivesUpSoon });
            let issuing = self.issuing(place);
            let matches = issuing.matches_on_rrn;
            happened.saw(if matches { Happening::MatchesOnRrn } else { Happening::MatchesNot });
            let one = issuing.saf_window == 1;
            happened.saw(if one { Happening::OneAtATime } else { Happening::ThreeAtATime });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_combinations_of_agreements_are_lived_by() {
        let stages = (0..AGREEMENTS).map(|agreement| Stage {
            edition: Edition::Of1993,
            agreement,
            sites: false,
        });
        let mut seen: Vec<String> = stages
            .flat_map(|stage| [0, 1].map(|place| stage.acquiring(place)))
            .map(|one| {
                format!(
                    "{:?}{:?}{:?}",
                    one.repeat_in_flight, one.unknown_original, one.second_reversal
                )
            })
            .collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 8);
    }
}
