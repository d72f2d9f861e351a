//! The world of one seed as it goes: what everybody outside does, and what they find when they look.
//! What it means is for the ledgers to say.

mod acquiring;
mod issuing;
mod lines;
mod operating;
mod reloading;
#[cfg(feature = "pair")]
pub(crate) mod sites;
mod still;

use std::collections::BTreeMap;

use codec::Mti;
use switch_core::Core;
use switch_core::ids::LinkId;
use switch_core::time::Time;

use super::acquirers::Acquirers;
use super::agenda::{Agenda, Event, ms};
use super::deadlines::Deadlines;
use super::dice::Dice;
use super::happened::{COUNTED, Happened, Happening};
use super::issuers::Issuers;
use super::register::Register;
use super::stage::{
    ACQUIRERS, AGREEMENTS, Config, GATE_BYTES, ISSUERS, Stage, WORKERS_MAX, issuer_of,
};
use super::weather::Weather;
use super::words::Edition;
use crate::world::{Seen, Text, World, answer};
use reloading::Reloading;

/// How long it takes at most until everything has ended, once all troubles have, in seconds.
const HEALED_WITHIN: u64 = 1_800;

/// What our sign-on says: DE 24 of 1993, DE 70 of 1987.
const SIGN_ON: [&str; 2] = ["801", "001"];

/// What happened in a world, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Transactions that acquirers began.
    pub cases: u64,
    /// Messages that acquirers and issuers sent.
    pub messages: u64,
    /// Records of the switch.
    pub records: u64,
    /// Seconds that passed in there.
    pub seconds: u64,
    /// How often what happened.
    pub happened: Happened,
}

/// A world, and what it knows of itself.
pub(crate) struct Outside {
    stage: Stage,
    edition: Edition,
    dice: Dice,
    weather: Weather,
    world: World,
    agenda: Agenda,
    acquirers: Acquirers,
    issuers: Issuers,
    register: Register,
    deadlines: Deadlines,
    /// The configuration that all workers run by, or did until the one that is taken up now.
    config: Config,
    reloading: Option<Reloading>,
    begun: u64,
    /// How often the switch started again.
    life: u32,
    /// Whether its records are committed elsewhere, and may come late.
    elsewhere: bool,
    still: still::Still,
    healing: bool,
    told: bool,
    /// How many records there were when a line stopped to read.
    stalled: BTreeMap<LinkId, usize>,
    /// How many there were before the last event: what leaves now may have waited since then.
    before: usize,
    /// Whether what leaves now may have waited for its turn.
    waited: bool,
    /// The link on which an issuer signs off (802) or pauses (803), until that is accepted; and whose
    /// was.
    managed: Option<(LinkId, u16)>,
    signed_off: [bool; 3],
    paused: [bool; 3],
    sums: Sums,
}

impl Outside {
    pub(crate) fn new(seed: u64, told: bool) -> Self {
        let mut dice = Dice::new(seed);
        let weather = Weather::of(&mut dice);
        Self::with(dice, weather, false, told)
    }

    /// The same, with this weather. `elsewhere`: its records are committed by two sites.
    fn with(mut dice: Dice, weather: Weather, elsewhere: bool, told: bool) -> Self {
        let edition = if dice.percent(20) { Edition::Of1987 } else { Edition::Of1993 };
        let agreement = u8::try_from(dice.below(u64::from(AGREEMENTS))).unwrap();
        let stage = Stage { edition, agreement, sites: elsewhere };
        let workers = u8::try_from(dice.between(1, u64::from(WORKERS_MAX) + 1)).unwrap();
        let mut world = World::of_workers(workers, stage.plan(workers), GATE_BYTES);
        world.has_reader();
        let mut sums = Sums::default();
        stage.is_seen(&mut sums.happened);
        let several = if workers > 1 { Happening::Workers } else { Happening::OneWorker };
        sums.happened.saw(several);
        Self {
            stage,
            edition,
            dice,
            weather,
            world,
            agenda: Agenda::default(),
            acquirers: Acquirers::new(edition),
            issuers: Issuers::new(edition),
            register: Register::new(stage, weather.reloads == 0),
            deadlines: Deadlines::new(workers, Config::first(false).timeout),
            config: Config::first(false),
            reloading: None,
            begun: 0,
            life: 0,
            elsewhere,
            still: still::Still::default(),
            healing: false,
            told,
            stalled: BTreeMap::new(),
            before: 0,
            waited: false,
            managed: None,
            signed_off: [false; 3],
            paused: [false; 3],
            sums,
        }
    }

    pub(crate) fn weather(&self) -> &Weather {
        &self.weather
    }

    pub(crate) fn story(&self) -> &str {
        self.world.story()
    }

    /// Everything that happens, and what came of it.
    pub(crate) fn lives(&mut self) -> Sums {
        self.looks();
        self.soon(ms(100), Event::Begins);
        self.soon(ms(1_000), Event::Trouble);
        let until = self.weather.cases * self.weather.pace_ms + 15_000;
        self.goes_on_until(self.world.now() + ms(until));
        self.heals();
        self.has_ended();
        self.sums.seconds = self.world.second();
        self.sums.records = u64::try_from(self.register.count).unwrap();
        self.sums.cases = self.begun;
        self.counts();
        self.sums.clone()
    }

    fn saw(&mut self, what: Happening) {
        self.sums.happened.saw(what);
    }

    /// What the switch has counted itself in this life.
    fn counts(&mut self) {
        for (counter, what) in COUNTED {
            self.sums.happened.add(what, self.world.count(counter));
        }
    }

    fn goes_on_until(&mut self, until: Time) {
        while let Some((at, event)) = self.agenda.next(until) {
            self.passes_until(at.max(self.world.now()));
            self.before = self.register.count;
            self.waited = matches!(event, Event::Commits);
            self.takes(event);
            self.looks();
        }
        self.passes_until(until);
    }

    fn passes_until(&mut self, until: Time) {
        self.waited = false;
        while self.world.steps(until) {
            self.before = self.register.count;
            self.looks();
        }
        self.looks();
    }

    fn soon(&mut self, after: std::time::Duration, event: Event) {
        self.agenda.adds(self.world.now() + after, event);
    }

    fn within(&mut self, least: u64, most: u64, event: Event) {
        let after = ms(self.dice.between(least, most));
        self.soon(after, event);
    }

    fn takes(&mut self, event: Event) {
        match event {
            Event::Begins => self.begins(),
            Event::Waited(acquirer, stan) => self.has_waited(acquirer, &stan),
            Event::Reverses { case, partly } => self.reverses(&case, partly),
            Event::ReversesWrongly { case, strange } => self.reverses_wrongly(&case, strange),
            Event::Sends(acquirer, text) => {
                self.saw(Happening::CameBehind);
                self.acquirer_sends(acquirer, text);
            }
            Event::Answers { link, heard, code } => self.answers(link, &heard, code),
            Event::Trouble => self.trouble(),
            Event::Drops(link) => self.drops(link),
            Event::Connects(link) => self.connects(link),
            Event::Reads(link) => {
                self.reads(link);
            }
            Event::SignsOn(link) => {
                self.saw(Happening::SignedOn);
                self.manages(link, 801);
            }
            Event::Adopts(worker, number) => self.adopts(worker, number),
            Event::Opens(worker, number) => self.opens(worker, number),
            Event::Commits => self.world.commits(),
        }
    }

    /// All troubles end, and everybody does what is left to do.
    fn heals(&mut self) {
        (self.healing, self.waited) = (true, true);
        self.world.commits();
        self.links().for_each(|link| self.reads(link));
        for second in 0..HEALED_WITHIN {
            if second % 30 == 0 {
                self.issuers_sign_on();
                self.operators_release();
            }
            self.rolls_back();
            self.goes_on_until(self.world.now() + ms(1_000));
            if self.is_over() {
                return;
            }
            self.ask_again();
        }
    }

    /// Whoever waits for nothing and has no answer asks again.
    fn ask_again(&mut self) {
        for (acquirer, text) in self.acquirers.open() {
            let stan = text.of(11).to_string();
            let waits = |event: &Event| matches!(event, Event::Waited(_, other) if *other == stan);
            if !self.agenda.awaits(waits) {
                self.acquirer_sends(acquirer, text);
            }
        }
    }

    fn issuers_sign_on(&mut self) {
        for (_, links) in ISSUERS {
            if let Some(link) = links.iter().copied().find(|&link| self.is_open(link)) {
                self.manages(link, 801);
            }
        }
    }

    fn is_over(&self) -> bool {
        let busy = |event: &Event| {
            matches!(
                event,
                Event::Answers { .. }
                    | Event::Reverses { .. }
                    | Event::ReversesWrongly { .. }
                    | Event::Sends(..)
            )
        };
        let is_first = self.reloading.is_none() && self.config == self.first_config();
        let over = self.acquirers.open().is_empty() && self.register.open() == 0;
        over && is_first && !self.agenda.awaits(busy)
    }

    /// What is true of a world in which nothing is open.
    fn has_ended(&self) {
        let open = self.acquirers.open();
        assert!(open.is_empty(), "promise 5: no answer to {}", open[0].1);
        self.register.has_ended();
        let weather = &self.weather;
        let troubles = weather.drops + weather.stalls + weather.crashes + weather.reloads;
        if troubles == 0 && !self.elsewhere {
            let short = self.acquirers.unanswered();
            assert!(short.is_none(), "promise 5: not each sending was answered: {short:?}");
        }
        for (name, case) in &self.acquirers.cases {
            if self.register.given_up.contains(name) {
                continue;
            }
            let (sold, booked) = (self.acquirers.belief(case), self.issuers.booked(name));
            assert_eq!(sold, booked, "promise 5: sold and booked of {}", case.first);
        }
    }

    /// All links that there are.
    fn links(&self) -> impl Iterator<Item = LinkId> + use<> {
        (0..u32::try_from(self.world.network.sockets.len()).unwrap()).map(LinkId)
    }

    fn is_open(&self, link: LinkId) -> bool {
        self.world.network.sockets.get(link.index()).is_some_and(|socket| socket.open)
    }

    fn party(&mut self, link: LinkId) -> crate::world::Party<'_> {
        let (name, links) = station(link);
        self.world.station(name).on(link.0 - links[0].0)
    }

    fn says(&mut self, link: LinkId, text: Text) {
        self.sums.messages += 1;
        self.party(link).sends(text);
    }

    /// Sign-on, sign-off or echo.
    fn manages(&mut self, link: LinkId, function: u16) {
        if self.is_open(link) {
            let text = match (self.edition, function) {
                (Edition::Of1993, function) => crate::world::network(function),
                (Edition::Of1987, 801) => crate::world::network_87("001"),
                (Edition::Of1987, _) => crate::world::network_87("002"),
            };
            if link.0 > 2 {
                self.managed = Some((link, function));
                if function == 801 {
                    let issuer = issuer_of(link);
                    (self.signed_off[issuer], self.paused[issuer]) = (false, false);
                }
            }
            self.party(link).sends(text);
        }
    }

    /// What left the switch since the last look, in its order, and the switch itself; the event is
    /// over.
    fn looks(&mut self) {
        self.looks_on();
        self.register.settles();
        if !self.world.is_holding() {
            self.deadlines.are_kept(self.world.now());
        }
    }

    /// The same in the middle of an event.
    fn looks_on(&mut self) {
        if !self.told {
            self.world.transcript_is_short();
        }
        while !self.world.seen.is_empty() {
            for seen in std::mem::take(&mut self.world.seen) {
                self.sees(seen);
            }
        }
        for link in self.links() {
            let wanted = link.0 < 3 && !self.is_open(link) || self.world.is_connecting(link);
            let awaited = |event: &Event| matches!(event, Event::Connects(other) if *other == link);
            if wanted && !self.agenda.awaits(awaited) {
                self.within(10, 3_000, Event::Connects(link));
            }
        }
        for (issuer, (_, links)) in ISSUERS.iter().enumerate() {
            // Who lost all its links begins anew.
            let is_up = links.iter().any(|&link| self.is_open(link));
            self.signed_off[issuer] &= is_up;
            self.paused[issuer] &= is_up;
        }
        self.sees_doubted();

        let limits = self.world.plan.limits;
        for core in &self.world.cores {
            let (used, parked, _) = Core::occupancy(core);
            assert!(used <= limits.pending_max && parked <= limits.parked_max, "promise 7");
        }
    }

    fn sees(&mut self, seen: Seen) {
        match seen {
            Seen::Recorded(_) => {
                let record = seen.record().unwrap();
                self.register.takes(&self.world.plan, &record);
                self.deadlines.takes(&self.world.plan, &record);
                for (issuer, stan, state) in std::mem::take(&mut self.register.turned) {
                    self.sees_turned(usize::from(issuer.0 - 2), stan.0, state);
                }
            }
            Seen::Heard(link, text) => self.hears(link, text),
            Seen::Lost(link, text, in_part) => {
                if in_part {
                    self.saw(Happening::LostInPart);
                }
                let number = self.world.plan.number(self.world.plan.station_of(link));
                let issuer = ISSUERS.iter().position(|(_, links)| links.contains(&link));
                if let Some(issuer) = issuer.filter(|_| is_business(&text)) {
                    let since = self.since(link);
                    self.register.permits(number, &text, since);
                    self.issuers.loses(issuer, &text);
                } else if in_part {
                    self.register.reaches(number, &text);
                }
            }
        }
    }

    /// How many records there were when what comes on this link now may have left.
    fn since(&self, link: LinkId) -> usize {
        let (_, links) = station(link);
        let stalled = links.iter().filter_map(|link| self.stalled.get(link));
        stalled.copied().min().unwrap_or(self.before)
    }

    fn hears(&mut self, link: LinkId, text: Text) {
        let mti = Mti::of(text.mti);
        let number = self.world.plan.number(self.world.plan.station_of(link));
        if !is_business(&text) {
            return self.hears_management(link, &text);
        }
        if link.0 < 3 {
            assert!(mti.is_answer(), "an acquirer hears {text}");
            let since = self.stalled.get(&link).copied().unwrap_or(self.before);
            self.register.permits_answer(number, &text, since);
            self.register.reaches(number, &text);
            self.acquirer_hears(usize::from(link.0 > 1), &text);
        } else {
            assert!(!mti.is_answer(), "an issuer hears {text}");
            let issuer = issuer_of(link);
            let waited = ISSUERS[issuer].1.iter().any(|link| self.stalled.contains_key(link));
            let stops = self.signed_off[issuer] || self.paused[issuer] && mti.function() != 0;
            assert!(!stops || waited, "{text} to an issuer that signed off, or pauses");
            let since = self.since(link);
            self.register.permits(number, &text, since);
            self.issuer_hears(link, issuer, text);
        }
    }

    /// What may have arrived in part is listed, unless somebody has settled it meanwhile; and what
    /// has not is no such thing.
    fn sees_doubted(&mut self) {
        for (issuer, stan, asked_by) in std::mem::take(&mut self.register.doubted) {
            let said = &self.acquirers.said[&(usize::from(asked_by.0), asked_by.1.clone())];
            if said.sent > 1 || !self.acquirers.cases[&said.case].reversals.is_empty() {
                continue;
            }
            assert!(self.register.has_reached(&asked_by), "{} is in doubt", said.text);
            let issuer = self.world.plan.numbered_station(issuer).unwrap();
            let mut listed = self.world.cores.iter().flat_map(Core::doubts);
            assert!(listed.any(|one| one == (issuer, stan)), "{} is not listed", said.text);
        }
    }

    fn hears_management(&mut self, link: LinkId, text: &Text) {
        let issuer = issuer_of(link);
        if Mti::of(text.mti).answer().is_some() {
            if self.is_open(link) {
                let code = if self.edition == Edition::Of1987 { "00" } else { "800" };
                if link.0 > 2 && [text.of(24), text.of(70)].iter().any(|of| SIGN_ON.contains(of)) {
                    // It is on again, whatever it had said before.
                    (self.signed_off[issuer], self.paused[issuer]) = (false, false);
                    self.managed = self.managed.filter(|(on, _)| *on != link);
                }
                self.party(link).sends(answer(text, code));
            }
        } else if let Some((_, function)) = self.managed.take_if(|(on, _)| *on == link) {
            // What it wanted is accepted.
            self.signed_off[issuer] |= function == 802;
            self.paused[issuer] |= function == 803;
        }
    }
}

/// Whether a message is about a card.
fn is_business(text: &Text) -> bool {
    Mti::of(text.mti).class() <= 4
}

fn station(link: LinkId) -> (&'static str, &'static [LinkId]) {
    let all = ACQUIRERS.iter().chain(&ISSUERS);
    *all.clone().find(|(_, links)| links.contains(&link)).expect("it is somebody's")
}
