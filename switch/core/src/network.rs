//! Links and stations coming and going: connect, sign on, echo, sign off (1804 with DE 24 801, 831,
//! 802; 0800 of 1987 with the station's own codes in DE 70), and the way to a clean stop. Knows no
//! transaction.

use codec::{Fields, Message, Mti, Tpdu, Version, WriteError, Writer};

use crate::broken::{Variant, breaks};
use crate::codes;
use crate::counters::Counter;
use crate::gate::{Purpose, Service};
use crate::ids::{LinkId, Stan, StationId, WorkerId};
use crate::links::{Asked, ECHOES_MISSED_MAX, Phase, chance, pause};
use crate::notices::{Closing, Notice, Unmatched};
use crate::outlet::Outlet;
use crate::plan::{NetworkCodes, SignOn};
use crate::refusal::Refusal;
use crate::time::Time;
use crate::turn::{Order, Turn, World};
use core::time::Duration;

/// Function codes (DE 24 of 1993) of network management, three packed digits. Inside the switch they
/// are the names of these functions in 1987 too.
const SIGN_ON: u16 = 0x801;
pub(crate) const SIGN_OFF: u16 = 0x802;
const ECHO: u16 = 0x831;
/// What it stands for is not available: nothing that is kept for it is sent until it signs on.
const UNAVAILABLE: u16 = 0x803;
/// We are the backup of who spoke before, and alternate routing begins.
const ANNOUNCEMENTS: [u16; 2] = [0x804, 0x806];
/// A code in DE 70 that is none of these.
const OTHER: u16 = 0;
/// Function code of an administrative notification: the message can not be parsed.
const UNPARSED: u16 = 0x650;
/// Action code (DE 39): network management accepted.
pub(crate) const ACCEPTED: u16 = 0x800;

/// How long a stopping node waits for the answers to its sign-offs.
pub(crate) const SIGN_OFF_WITHIN: Duration = Duration::from_secs(2);

/// The most bytes of a message of our own making.
pub(crate) const NETWORK_MAX: usize = 128;

/// What is in it: when and as what we sent it, what it asks or tells, our name. DE 24 of 1987 is
/// another thing, and what it asks stands in DE 70.
pub(crate) const fn network_fields(version: Version) -> Fields {
    match version {
        Version::Iso1987 => Fields::of(&[7, 11, 33, 70]),
        Version::Iso1993 | Version::Iso2003 => Fields::of(&[7, 11, 12, 24, 33]),
    }
}

/// How far a stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    /// No stop.
    Serving,
    /// New requests are refused; those in flight are awaited.
    Settling,
    /// Sign-offs are sent; their answers are awaited until then.
    SigningOff(Time),
    /// Nothing is left to do.
    Done,
}

impl Drain {
    /// Whether the node is stopping.
    pub fn is_on(self) -> bool {
        self != Self::Serving
    }
}

impl NetworkCodes {
    /// What a function is called in DE 70.
    fn of(self, function: u16) -> u16 {
        match function {
            SIGN_ON => self.sign_on,
            SIGN_OFF => self.sign_off,
            function if ANNOUNCEMENTS.contains(&function) => self.announce,
            _ => self.echo,
        }
    }

    /// The function that a code in DE 70 stands for; none for a code of other use.
    fn function(self, code: u16) -> Option<u16> {
        [SIGN_ON, SIGN_OFF, ECHO].into_iter().find(|&function| self.of(function) == code)
    }
}

impl World {
    /// When a stop can be taken one step further.
    pub(crate) fn drain_wakes(&self) -> Time {
        match self.drain {
            Drain::Settling
                if self.is_settled() && (!self.settled || self.peers_unsettled == 0) =>
            {
                Time(0)
            }
            Drain::SigningOff(_) if !self.awaits_sign_off() => Time(0),
            Drain::SigningOff(until) => until,
            Drain::Serving | Drain::Settling | Drain::Done => Time::NEVER,
        }
    }

    /// Whether every transaction has its answer.
    pub(crate) fn is_settled(&self) -> bool {
        self.table.used() == self.resting.len() && self.held.fill().0 == 0
    }

    fn awaits_sign_off(&self) -> bool {
        self.links.iter().any(|link| link.asked.is_some_and(|asked| asked.function == SIGN_OFF))
    }
}

impl Turn<'_> {
    pub(crate) fn on_accept(&mut self, station: StationId) -> Option<LinkId> {
        let takes_nobody = self.world.drain.is_on() || self.world.paused;
        if takes_nobody || self.plan.station(station).retired {
            return None;
        }
        // When all are open there is none to look for: a flood of connections costs no search.
        let all_open =
            self.world.stations[station.index()].open == self.plan.station(station).settings.links;
        let found = self.links_of(station).filter(|_| !all_open).find(|link| {
            let link = &self.world.links[link.index()];
            link.phase == Phase::Down
        });
        if found.is_none() {
            self.count(Counter::LinksRefused);
            self.tell(Notice::LinksExhausted { station });
        }
        found
    }

    pub(crate) fn on_opened(&mut self, link: LinkId) {
        let station = self.plan.station_of(link);
        let world = &mut *self.world;
        let now = &mut world.links[link.index()];
        now.generation = now.generation.wrapping_add(1);
        (now.phase, now.since, now.heard) = (Phase::Open, self.now.boot, self.now.boot);
        (now.asked, now.announced) = (None, None);
        (now.echo_missed, now.spent_until) = (0, Time(0));
        now.unsent.clear();
        world.stations[station.index()].open += 1;
        world.unannounced = true;
        self.count(Counter::LinksOpened);
        self.tell(Notice::LinkOpened { link });
        let settings = &self.plan.station(station).settings;
        if settings.role.issues() {
            self.world.links[link.index()].unsent.reserve(1_024);
        }
        if settings.role.acquires() || self.plan.limits.late_after.is_some() {
            self.world.links[link.index()].leaving.reserve(1_024);
        }
        self.announce_reign(link);
        if self.world.links[link.index()].announced.is_some()
            && breaks(Variant::AnnouncementAwaited)
        {
            return;
        }
        if settings.sign_on == SignOn::Ours {
            if !self.ask(link, SIGN_ON) {
                self.world.close(link, Closing::SignOnFailed);
            }
        } else {
            self.make_ready(link);
        }
        if self.plan.station(station).retired {
            // It was asked for before.
            self.world.close(link, Closing::Retired);
        }
        let wakes = self.world.links[link.index()].wakes(settings.echo);
        self.world.links_wake = self.world.links_wake.min(wakes);
    }

    fn make_ready(&mut self, link: LinkId) {
        let station = self.plan.station_of(link);
        let now = &mut self.world.links[link.index()];
        (now.phase, now.since, now.attempts) = (Phase::Ready, self.now.boot, 0);
        self.world.stations[station.index()].on_ready(link);
        self.world.unannounced = true;
        self.world.wake_items();
    }

    pub(crate) fn on_closed(&mut self, link: LinkId, sent: u64, outlet: &mut impl Outlet) {
        let station = self.plan.station_of(link);
        let settings = &self.plan.station(station).settings;
        let world = &mut *self.world;
        let now = &mut world.links[link.index()];
        let was = now.phase;
        (now.phase, now.since, now.asked) = (Phase::Down, self.now.boot, None);
        if settings.connects && !world.drain.is_on() && !self.plan.station(station).retired {
            let pause = pause(now.attempts, settings.reconnect, chance(&mut world.chance));
            now.attempts = now.attempts.saturating_add(1);
            now.retry = self.now.boot + pause;
            world.links_wake = world.links_wake.min(now.retry);
        } else {
            now.retry = Time::NEVER;
        }
        if was.is_open() {
            world.stations[station.index()].on_gone(link);
            world.unannounced = true;
        }
        if was.is_open() || was == Phase::Closing {
            world.counters.count(Counter::LinksClosed);
        }
        let mut unsent = 0;
        while let Some(waiting) = self.world.links[link.index()].unsent.pop_front() {
            if waiting.start >= sent {
                unsent += 1;
                self.give_back(waiting.home, waiting.slot, outlet);
            }
        }
        self.tell(Notice::LinkClosed { link, unsent });
        self.on_lost_with_answers(link, sent);
    }

    /// Looks at the links when one of them may need it.
    pub(crate) fn on_links_time(&mut self) {
        if self.now.boot < self.world.links_wake {
            return;
        }
        let plan = self.plan;
        let (me, mut wake) = (self.me, Time::NEVER);
        for station in plan.stations.iter().filter(|station| station.worker == me) {
            let echo = station.settings.echo.filter(|_| !station.retired);
            for step in 0..station.settings.links {
                let link = LinkId(station.links_from.0 + step);
                if self.world.links[link.index()].wakes(echo) <= self.now.boot {
                    self.on_link_time(link);
                }
                wake = wake.min(self.world.links[link.index()].wakes(echo));
            }
        }
        self.world.links_wake = wake;
    }

    fn on_link_time(&mut self, link: LinkId) {
        let now = &mut self.world.links[link.index()];
        match (now.phase, now.asked.take().map(|asked| asked.function)) {
            (Phase::Down, _) => {
                (now.phase, now.since, now.retry) = (Phase::Connecting, self.now.boot, Time::NEVER);
                self.world.orders.push_back(Order::Connect(link));
            }
            (_, Some(SIGN_ON)) => self.world.close(link, Closing::SignOnFailed),
            (_, Some(ECHO)) => {
                now.echo_missed += 1;
                let missed = now.echo_missed;
                self.count(Counter::EchoMissed);
                if missed >= ECHOES_MISSED_MAX {
                    self.world.close(link, Closing::EchoMissed);
                } else {
                    self.echo(link);
                }
            }
            (_, Some(_)) => {}
            (_, None) => self.echo(link),
        }
    }

    /// Sends an echo test; without room for it, another one is due after another silence.
    fn echo(&mut self, link: LinkId) {
        if self.ask(link, ECHO) {
            self.count(Counter::EchoSent);
        } else {
            self.world.links[link.index()].heard = self.now.boot;
        }
    }

    /// Sends a network management request (1804, 0800) of ours and awaits its answer; false when
    /// there is no room for it.
    pub(crate) fn ask(&mut self, link: LinkId, function: u16) -> bool {
        if !self.gate.admits_as(Service::Network, NETWORK_MAX) {
            self.count(Counter::AnswersLost);
            return false;
        }
        let Some(stan) = self.say(link, function) else {
            self.count(Counter::AnswersLost);
            return false;
        };
        let station = self.plan.station_of(link);
        let until = self.now.boot + self.plan.station(station).settings.timeout;
        self.world.links[link.index()].asked = Some(Asked { stan, function, until });
        self.world.links_wake = self.world.links_wake.min(until);
        true
    }

    /// Enters a network management request of ours, and gives its STAN; none without room for it.
    pub(crate) fn say(&mut self, link: LinkId, function: u16) -> Option<Stan> {
        let station = self.plan.station_of(link);
        let stan = self.world.stations[station.index()].network_stan();
        let mti = match self.plan.station(station).settings.dialect.version() {
            Version::Iso1987 => Mti::of(0x0800),
            Version::Iso1993 | Version::Iso2003 => Mti::of(0x1804),
        };
        self.enter_own(link, None, mti, function, stan).then_some(stan)
    }

    /// Reports a message that can not be parsed, or not be answered (1644, DE 24 650). There is no
    /// such report in 1987: it is dropped.
    pub(crate) fn report_malformed(&mut self, link: LinkId) {
        let station = self.plan.station_of(link);
        if self.plan.station(station).settings.dialect.version() == Version::Iso1987 {
            return self.count(Counter::MalformedDropped);
        }
        let stan = self.world.stations[station.index()].network_stan();
        if self.enter_own(link, Some(self.tpdu), Mti::of(0x1644), UNPARSED, stan) {
            self.count(Counter::MalformedReported);
        } else {
            self.count(Counter::AnswersLost);
        }
    }

    /// A message of our own making: DE 7, 11, 12, 24 and 33, or DE 7, 11, 33 and 70 of 1987.
    fn enter_own(
        &mut self,
        link: LinkId,
        tpdu: Option<Tpdu>,
        mti: Mti,
        function: u16,
        stan: Stan,
    ) -> bool {
        let (plan, stamp) = (self.plan, self.world.stamp);
        let settings = &plan.station(plan.station_of(link)).settings;
        let dialect = &settings.dialect;
        let link_generation = self.world.links[link.index()].generation;
        let purpose = Purpose::Network { link, link_generation, tpdu };
        let entered = self.gate.enter::<WriteError>(purpose, None, NETWORK_MAX, |out| {
            let fields = network_fields(dialect.version());
            let mut writer = Writer::new(dialect, out, mti, fields)?;
            for field in fields {
                let (digits, units) = match field {
                    7 => (stamp.transmission(), 10),
                    11 => (stan.digits(), 6),
                    12 => (stamp.local(), 12),
                    24 => (function.into(), 3),
                    33 => (plan.institution.digits, plan.institution.units),
                    _ => (settings.network_codes.of(function).into(), 3),
                };
                writer.put_packed(field, digits, units)?;
            }
            writer.finish()
        });
        matches!(entered, Some(Ok(())))
    }

    /// A partner's network management request (1804, 1805, 0800, 0801): always answered.
    pub(crate) fn on_network_request(&mut self, link: LinkId, message: &Message<'_>) {
        let station = self.plan.station_of(link);
        if !message.fields().has(11) {
            // Whatever it asks, its sender could not tell what the answer is to.
            return self.refuse(link, message, Refusal::Format);
        }
        let (field, codes) = match message.dialect().version() {
            Version::Iso1987 => (70, Some(self.plan.station(station).settings.network_codes)),
            Version::Iso1993 | Version::Iso2003 => (24, None),
        };
        let said = message.value(field).and_then(|value| value.packed());
        let said = said.and_then(|said| u16::try_from(said).ok());
        let function = said.map(|said| codes.map_or(said, |of| of.function(said).unwrap_or(OTHER)));
        match function {
            Some(SIGN_ON | SIGN_OFF) if !self.on_signed(station, function == Some(SIGN_ON)) => {
                // There is no room for the answer either; it will ask again.
                return self.count(Counter::AnswersLost);
            }
            Some(SIGN_ON) => {
                self.world.stations[station.index()].unavailable = false;
                self.world.wake_items();
                self.count(Counter::SignOns);
                self.tell(Notice::SignedOn { station, link });
            }
            Some(SIGN_OFF) => {
                self.count(Counter::SignOffs);
                self.tell(Notice::SignedOff { station, link });
            }
            // Who asks whether this node can do its work is told so by its silence.
            Some(ECHO) if self.world.is_sick => return self.count(Counter::EchoWithheld),
            Some(ECHO) => {}
            Some(UNAVAILABLE) => {
                self.world.stations[station.index()].unavailable = true;
                self.tell(Notice::Unavailable { station, link });
            }
            Some(_) => return self.refuse(link, message, Refusal::UnknownRequest),
            None => {
                self.tell(Notice::Incomplete { link, mti: message.mti(), field });
                return self.refuse(link, message, Refusal::Format);
            }
        }
        self.world.unannounced = true;
        self.count(Counter::NetworkAnswered);
        self.answer_directly(link, message, ACCEPTED, None);
    }

    /// The answer to one of our own (1814, 0810).
    pub(crate) fn on_network_answer(&mut self, link: LinkId, message: &Message<'_>) {
        let station = self.plan.station_of(link);
        let stan = message.value(11).and_then(|value| value.packed()).unwrap_or_default();
        let now = &mut self.world.links[link.index()];
        let Some(asked) = now.asked.filter(|asked| asked.stan.digits() == stan) else {
            if self.is_of_announcement(link, message) {
                return;
            }
            if !self.spends(link) {
                return;
            }
            self.count(Counter::UnmatchedUnknown);
            let stan = message.value(11).and_then(|value| value.number());
            let stan = Stan(stan.and_then(|stan| u32::try_from(stan).ok()).unwrap_or_default());
            let (mti, why, nearest) = (message.mti(), Unmatched::Unknown, None);
            return self.tell(Notice::Unmatched { link, stan, mti, why, nearest });
        };
        now.asked = None;
        let action = codes::verdict(message).and_then(|action| u16::try_from(action).ok());
        let action = action.unwrap_or_default();
        if action != ACCEPTED {
            self.tell(Notice::NetworkRefused { link, function: asked.function, action });
        }
        match (asked.function, action == ACCEPTED) {
            (SIGN_ON, true) => {
                // Without room it counts as signed off only after a restart, which signs on anew.
                self.on_signed(station, true);
                self.world.stations[station.index()].has_signed(true);
                self.count(Counter::SignOns);
                self.tell(Notice::SignedOn { station, link });
                self.make_ready(link);
            }
            (SIGN_ON, false) => self.world.close(link, Closing::SignOnFailed),
            _ => {}
        }
        let echo = self.plan.station(station).settings.echo;
        let wakes = self.world.links[link.index()].wakes(echo);
        self.world.links_wake = self.world.links_wake.min(wakes);
    }

    pub(crate) fn on_drain(&mut self) {
        if !self.world.drain.is_on() {
            self.world.drain = Drain::Settling;
            for link in &mut self.world.links {
                link.retry = Time::NEVER;
            }
            self.on_drain_time();
        }
    }

    /// Takes a stop one step further, where that is due.
    pub(crate) fn on_drain_time(&mut self) {
        match self.world.drain {
            Drain::Serving | Drain::Done => {}
            Drain::Settling => {
                if self.world.is_settled() {
                    self.world.settled_untold |= !self.world.settled;
                    self.world.settled = true;
                    if self.world.peers_unsettled == 0 {
                        self.sign_off();
                    }
                }
            }
            Drain::SigningOff(until) => {
                if !self.world.awaits_sign_off() || until <= self.now.boot {
                    self.world.drain = Drain::Done;
                    self.count(Counter::Stops);
                    self.count_at_once();
                }
            }
        }
    }

    /// Another worker has no transaction left. Until all say so, their requests may be out on links
    /// of ours, and nobody is signed off.
    pub(crate) fn on_peer_settled(&mut self, from: WorkerId) {
        self.world.peers_unsettled &= !(1 << from.0);
        self.on_drain_time();
    }

    fn sign_off(&mut self) {
        let plan = self.plan;
        let mut until = self.now.boot;
        for (place, station) in plan.stations.iter().enumerate() {
            let first = self.world.stations[place].ready.first().copied();
            let wanted = station.worker == self.me && station.settings.sign_on != SignOn::None;
            if let Some(link) = first.filter(|_| wanted)
                && self.ask(link, SIGN_OFF)
            {
                until = self.now.boot + SIGN_OFF_WITHIN;
            }
        }
        self.world.drain = Drain::SigningOff(until);
    }

    pub(crate) fn links_of(&self, station: StationId) -> impl Iterator<Item = LinkId> + use<> {
        let station = self.plan.station(station);
        let from = station.links_from.0;
        (from..from + station.settings.links).map(LinkId)
    }
}
