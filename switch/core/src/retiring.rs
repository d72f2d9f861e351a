//! How a station goes that no configuration names any more: what is under way with it comes to its end,
//! then it is signed off and its links are closed. Knows no message.
//!
//! ```text
//! serving --plan--> told --all know--> settling --nothing is under way--> signing off --answered--> over
//!    ^                |                    |     +----- or it was long enough      +-- or 2 s
//!    +--- a later plan names it again -----+
//! ```
//! Meanwhile its new requests are refused as by a node that stops (907), and its repeats, advices and
//! answers are what they always were. What is kept for it stays, and is not sent.

use core::time::Duration;

use crate::gate::Position;
use crate::ids::{LinkId, StationId};
use crate::network::{SIGN_OFF, SIGN_OFF_WITHIN};
use crate::notices::Closing;
use crate::plan::SignOn;
use crate::time::Time;
use crate::turn::Turn;

/// From one look at what is under way to the next.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How far a station has gone, as the owner of its links sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Retirement {
    /// It is named.
    #[default]
    Serving,
    /// It is not named any more, and other workers may not know that.
    Told {
        /// Since when.
        since: Time,
    },
    /// What is under way is awaited.
    Settling {
        /// Since when nothing new is.
        since: Time,
        /// Until when, at the latest.
        until: Time,
        /// Nothing is, once what was entered up to here has left.
        left: Option<Position>,
    },
    /// The answer to our sign-off is awaited.
    SigningOff {
        /// Until when.
        until: Time,
    },
    /// Its links are closed.
    Over,
}

impl Turn<'_> {
    /// All know it, so nothing new comes up for it.
    pub(crate) fn all_know_that_it_retires(&mut self, station: StationId) {
        let (plan, now) = (self.plan, self.now.boot);
        let settings = &plan.station(station).settings;
        let issuers = plan.stations.iter().filter(|other| other.settings.role.issues());
        let longest = issuers.map(|issuer| issuer.settings.timeout).max().unwrap_or_default();
        let waits = if settings.role.acquires() {
            longest + plan.limits.ask_timeout
        } else {
            settings.timeout
        };
        let world = &mut *self.world;
        let retirement = &mut world.stations[station.index()].retirement;
        if let Retirement::Told { since } = *retirement {
            *retirement = Retirement::Settling { since, until: now + waits, left: None };
            world.retiring_wake = Time(0);
        }
    }

    /// A plan names it again. Where it was signed off already, it begins anew.
    pub(crate) fn serves_again(&mut self, station: StationId) {
        let retirement = &mut self.world.stations[station.index()].retirement;
        let was = core::mem::take(retirement);
        if matches!(was, Retirement::SigningOff { .. }) {
            self.close_links(station, Closing::Changed);
        }
    }

    /// Takes those that go one step further, where that is due.
    pub(crate) fn on_retiring_time(&mut self) {
        if self.now.boot < self.world.retiring_wake {
            return;
        }
        let mut wake = Time::NEVER;
        let oldest = self.oldest_under_way();
        for place in 0..self.world.stations.len() {
            let station = StationId(u16::try_from(place).expect("stations are counted"));
            wake = wake.min(self.retire(station, oldest));
        }
        self.world.retiring_wake = wake;
    }

    /// Takes one a step further, and says when to look at it again.
    fn retire(&mut self, station: StationId, oldest: Time) -> Time {
        let now = self.now.boot;
        let again = now + LOOK_AGAIN;
        match self.world.stations[station.index()].retirement {
            Retirement::Serving | Retirement::Told { .. } | Retirement::Over => Time::NEVER,
            Retirement::Settling { since, until, left } => {
                if now < until && self.world.stations[station.index()].open > 0 {
                    let under_way = self.is_under_way(station, since, until, oldest);
                    let has_left = left.filter(|&left| !under_way && self.gate.has_left(left));
                    if has_left.is_none() {
                        let left = (!under_way).then(|| left.unwrap_or(self.gate.end()));
                        self.now_is(station, Retirement::Settling { since, until, left });
                        return again.min(until);
                    }
                }
                self.sign_off_station(station, until)
            }
            Retirement::SigningOff { until } => {
                let mut links = self.links_of(station);
                if now < until && links.any(|link| self.awaits_sign_off(link)) {
                    return again.min(until);
                }
                self.is_over(station)
            }
        }
    }

    fn sign_off_station(&mut self, station: StationId, until: Time) -> Time {
        let wanted = self.plan.station(station).settings.sign_on != SignOn::None;
        let first = self.world.stations[station.index()].ready.first().copied();
        let Some(link) = first.filter(|_| wanted) else { return self.is_over(station) };
        if self.ask(link, SIGN_OFF) {
            let until = self.now.boot + SIGN_OFF_WITHIN;
            self.now_is(station, Retirement::SigningOff { until });
        } else if self.now.boot >= until {
            return self.is_over(station);
        }
        self.now.boot + LOOK_AGAIN
    }

    fn is_over(&mut self, station: StationId) -> Time {
        self.close_links(station, Closing::Retired);
        self.now_is(station, Retirement::Over);
        Time::NEVER
    }

    fn now_is(&mut self, station: StationId, retirement: Retirement) {
        self.world.stations[station.index()].retirement = retirement;
    }

    pub(crate) fn close_links(&mut self, station: StationId, why: Closing) {
        for link in self.links_of(station) {
            self.world.close(link, why);
        }
    }

    fn awaits_sign_off(&self, link: LinkId) -> bool {
        self.world.links[link.index()].asked.is_some_and(|asked| asked.function == SIGN_OFF)
    }

    /// Whether something may be under way from a station, or to it, that came before all knew.
    fn is_under_way(&self, station: StationId, since: Time, until: Time, oldest: Time) -> bool {
        let (plan, world) = (self.plan, &*self.world);
        let role = plan.station(station).settings.role;
        let here = &world.stations[station.index()];
        // Of what other homes have asked an issuer, only time tells.
        let asked = !here.in_flight.is_empty() || plan.workers > 1 && self.now.boot < until;
        let kept = world.saf.items.queue(station).outstanding() > 0;
        if role.issues() && (asked || kept) {
            return true;
        }
        let answers = || {
            let mut links = self.links_of(station);
            !world.undelivered.is_empty()
                || links.any(|link| !world.links[link.index()].leaving.is_empty())
        };
        role.acquires() && (oldest <= since || answers())
    }

    /// When that arrived which has waited longest of all that waits.
    fn oldest_under_way(&self) -> Time {
        let world = &*self.world;
        let lines = world.stations.iter().map(|station| &station.in_flight);
        // Those in a line came in this order, or waited for a reply before that.
        let firsts =
            lines.chain([&world.deciding]).filter_map(|line| world.table.waiting(line).next());
        firsts.map(|(_, pending)| pending.arrived).min().unwrap_or(Time::NEVER)
    }
}
