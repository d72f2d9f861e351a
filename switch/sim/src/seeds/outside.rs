//! The world of one seed as it goes: what everybody outside does, and what they find when they look.
//! What it means is for the ledgers to say.

use codec::Mti;
use switch_core::Core;
use switch_core::ids::LinkId;
use switch_core::time::Time;

use super::acquirers::{Acquirers, Name, approves, name_of};
use super::agenda::{Agenda, Event, ms};
use super::dice::Dice;
use super::issuers::Issuers;
use super::register::Register;
use super::stage::{self, ACQUIRERS, GATE_BYTES, ISSUERS, LINKS, WORKERS_MAX};
use super::weather::Weather;
use super::words::Edition;
use crate::world::{Seen, Text, World, answer};

/// How long it takes at most until everything has ended, once all troubles have, in seconds.
const HEALED_WITHIN: u64 = 1_800;

/// What happened in a world, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Transactions that acquirers began.
    pub cases: u64,
    /// Messages that acquirers and issuers sent.
    pub messages: u64,
    /// Records of the switch.
    pub records: u64,
    /// Times that the switch crashed.
    pub crashes: u64,
    /// Lines that were lost.
    pub drops: u64,
    /// Seconds that passed in there.
    pub seconds: u64,
}

impl Sums {
    /// Adds those of another world.
    pub fn adds(&mut self, other: &Self) {
        self.cases += other.cases;
        self.messages += other.messages;
        self.records += other.records;
        self.crashes += other.crashes;
        self.drops += other.drops;
        self.seconds += other.seconds;
    }
}

/// A world, and what it knows of itself.
pub(crate) struct Outside {
    edition: Edition,
    dice: Dice,
    weather: Weather,
    world: World,
    agenda: Agenda,
    acquirers: Acquirers,
    issuers: Issuers,
    register: Register,
    begun: u64,
    /// How often the switch started again.
    life: u32,
    healing: bool,
    told: bool,
    sums: Sums,
}

impl Outside {
    pub(crate) fn new(seed: u64, told: bool) -> Self {
        let mut dice = Dice::new(seed);
        let weather = Weather::of(&mut dice);
        let edition = if dice.percent(20) { Edition::Of1987 } else { Edition::Of1993 };
        let workers = u8::try_from(dice.between(1, u64::from(WORKERS_MAX) + 1)).unwrap();
        let world = World::of_workers(workers, stage::plan(edition, workers), GATE_BYTES);
        Self {
            edition,
            dice,
            weather,
            world,
            agenda: Agenda::default(),
            acquirers: Acquirers::new(edition),
            issuers: Issuers::new(edition),
            register: Register::default(),
            begun: 0,
            life: 0,
            healing: false,
            told,
            sums: Sums::default(),
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
        self.sums
    }

    fn goes_on_until(&mut self, until: Time) {
        while let Some((at, event)) = self.agenda.next(until) {
            self.world.passes(at.max(self.world.now()).since(self.world.now()));
            self.looks();
            self.takes(event);
            self.looks();
        }
        self.world.passes(until.since(self.world.now()));
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
            Event::Sends(acquirer, text) => self.acquirer_sends(acquirer, text),
            Event::Answers { link, heard, code } => self.answers(link, &heard, code),
            Event::Trouble => self.trouble(),
            Event::Drops(link) => self.drops(link),
            Event::Connects(link) => self.connects(link),
            Event::Reads(link) => {
                if self.is_open(link) {
                    self.party(link).reads();
                }
            }
            Event::SignsOn(link) => self.manages(link, 801),
            Event::Commits => self.world.commits(),
        }
    }

    // What acquirers do.

    fn begins(&mut self) {
        if self.healing || self.begun == self.weather.cases {
            return;
        }
        self.begun += 1;
        let pace = self.weather.pace_ms;
        self.within(pace / 2, pace * 3 / 2 + 1, Event::Begins);
        let (acquirer, card) = (self.dice.place(2), self.dice.place(2));
        let (amount, at) = (self.dice.between(100, 100_000), self.world.second());
        let text = if self.dice.percent(self.weather.advices) {
            self.edition.advice(card, amount, at)
        } else {
            self.edition.request(card, amount, at)
        };
        let text = self.acquirers.begins(acquirer, text);
        if self.dice.percent(self.weather.ghosts) {
            // Its reversal comes before it.
            self.reverses(&name_of(&text), false);
            if self.dice.percent(70) {
                self.within(0, 5_000, Event::Sends(acquirer, text));
            }
            return;
        }
        if self.dice.percent(self.weather.early) {
            let case = name_of(&text);
            self.within(0, 3_000, Event::Reverses { case, partly: false });
        }
        self.acquirer_sends(acquirer, text);
    }

    /// For the first time or again. It waits for the answer from then on.
    fn acquirer_sends(&mut self, acquirer: usize, text: Text) {
        let patient = if self.dice.percent(self.weather.impatient) { 1_500 } else { 8_000 };
        let waited = Event::Waited(acquirer, text.of(11).to_string());
        self.within(patient / 2, patient * 2, waited);
        let links = ACQUIRERS[acquirer].1;
        let wish = self.dice.place(links.len());
        let mut open = (0..links.len()).map(|step| links[(wish + step) % links.len()]);
        if let Some(link) = open.find(|&link| self.is_open(link)) {
            let text = self.acquirers.sends(acquirer, text);
            self.says(link, text);
        }
    }

    fn has_waited(&mut self, acquirer: usize, stan: &str) {
        let Some(said) = self.acquirers.said.get(&(acquirer, stan.to_string())).cloned() else {
            // It found no line. A ghost that was never sent may stay so.
            let open = self.acquirers.cases.values().find(|case| {
                let own = case.first.of(11) == stan && case.reversals.is_empty();
                case.acquirer == acquirer && own
            });
            if let Some(text) = open.map(|case| case.first.clone()) {
                self.acquirer_sends(acquirer, text);
            }
            return;
        };
        let is_open =
            self.acquirers.open().iter().any(|(who, text)| *who == acquirer && text.of(11) == stan);
        let is_request = Mti::of(said.text.mti).function() == 0;
        if !is_open {
            if is_request && self.dice.percent(self.weather.repeats) && !self.healing {
                self.acquirer_sends(acquirer, said.text);
            }
        } else if is_request && !self.healing && self.dice.percent(self.weather.reverses) {
            self.reverses(&said.case, false);
        } else {
            self.acquirer_sends(acquirer, said.text);
        }
    }

    fn reverses(&mut self, case: &Name, partly: bool) {
        let known = self.acquirers.cases[case].clone();
        let (amount, approved) =
            (self.acquirers.belief(&known), self.acquirers.is_approved(&known));
        let again = !known.reversals.is_empty();
        if again && (partly || !self.dice.percent(self.weather.twice)) {
            return;
        }
        let stays = (partly && approved && amount > 2).then(|| self.dice.between(1, amount - 1));
        if partly && stays.is_none() {
            return;
        }
        let text = self.acquirers.reverses(case, stays, if approved { "4000" } else { "4021" });
        self.acquirer_sends(known.acquirer, text);
    }

    fn acquirer_hears(&mut self, acquirer: usize, text: &Text) {
        let case = self.acquirers.hears(acquirer, text);
        let known = &self.acquirers.cases[&case];
        let is_first = text.of(11) == known.first.of(11);
        if self.healing || !approves(text.of(39)) || (!is_first && Mti::of(text.mti).class() != 4) {
            return;
        }
        if self.dice.percent(self.weather.partly) {
            self.within(10, 3_000, Event::Reverses { case: case.clone(), partly: true });
        }
        if self.dice.percent(self.weather.reverses) {
            self.within(10, 6_000, Event::Reverses { case, partly: false });
        }
    }

    // What issuers do.

    fn issuer_hears(&mut self, link: LinkId, issuer: usize, text: Text) {
        let weather = self.weather;
        let mut code = self.edition.codes()[0];
        if Mti::of(text.mti).function() == 0 {
            if self.dice.percent(weather.declines) {
                code = self.edition.codes()[1];
            }
            self.issuers.is_asked(issuer, &text, approves(code));
        } else {
            self.issuers.is_told(issuer, &text, self.life);
            if Mti::of(text.mti).class() == 4 {
                code = self.edition.codes()[2];
            }
            if !self.healing && self.dice.percent(weather.busy) {
                code = self.edition.codes()[3];
            }
        }
        let mut delay = self.dice.between(1, 300);
        if !self.healing {
            if self.dice.percent(weather.silent) {
                return;
            }
            if self.dice.percent(weather.slow) {
                delay += self.dice.below(3_500);
            }
            if self.dice.percent(weather.late) {
                delay += self.dice.between(3_500, 12_000);
            }
            if self.dice.percent(weather.double) {
                let heard = text.clone();
                self.within(1, 9_000, Event::Answers { link, heard, code });
            }
        }
        self.soon(ms(delay), Event::Answers { link, heard: text, code });
    }

    /// On the link that it was asked on, else on another one.
    fn answers(&mut self, link: LinkId, heard: &Text, code: &'static str) {
        let issuer = ISSUERS.iter().position(|(_, links)| links.contains(&link)).unwrap();
        let other = ISSUERS[issuer].1.iter().copied().find(|&link| self.is_open(link));
        let Some(link) = Some(link).filter(|&link| self.is_open(link)).or(other) else { return };
        if Mti::of(heard.mti).function() != 0 {
            self.issuers.answers(issuer, heard.of(11), code);
        }
        self.says(link, answer(heard, code));
    }

    // What lines do, and the switch.

    fn trouble(&mut self) {
        if self.healing {
            return;
        }
        self.soon(ms(1_000), Event::Trouble);
        let weather = self.weather;
        let link = LinkId(u32::try_from(self.dice.below(LINKS.into())).unwrap());
        if self.dice.percent(weather.drops) && self.is_open(link) {
            self.within(0, 1_000, Event::Drops(link));
        }
        if self.dice.percent(weather.stalls) && self.is_open(link) {
            self.party(link).stalls();
            let end = if self.dice.percent(50) { Event::Reads(link) } else { Event::Drops(link) };
            self.within(100, 8_000, end);
        }
        if self.dice.percent(weather.holds) && !self.world.is_holding() {
            self.world.holds_commits();
            self.within(10, 2_500, Event::Commits);
        }
        if self.dice.percent(weather.signs_off) && link.0 >= 3 && self.is_open(link) {
            self.manages(link, 802);
            self.within(500, 8_000, Event::SignsOn(link));
        }
        if self.dice.percent(weather.crashes) {
            self.crashes();
        }
    }

    fn drops(&mut self, link: LinkId) {
        if self.is_open(link) {
            self.sums.drops += 1;
            if self.dice.percent(50) {
                let bytes = self.dice.below(400);
                self.party(link).reads_only(bytes);
            }
            if self.is_open(link) {
                self.party(link).closes();
            }
        }
    }

    fn connects(&mut self, link: LinkId) {
        let ours = self.world.is_connecting(link);
        if link.0 < 3 && !self.is_open(link) || ours {
            if ours && !self.healing && self.dice.percent(self.weather.drops) {
                self.party(link).refuses();
            } else {
                self.party(link).connects();
            }
        }
    }

    fn crashes(&mut self) {
        self.sums.crashes += 1;
        self.life += 1;
        if self.world.is_holding() {
            let records = self.dice.place(20);
            let Self { world, dice, .. } = self;
            world.records_only(records, |workers| dice.place(workers));
        }
        self.looks();
        let workers = u8::try_from(self.dice.between(1, u64::from(WORKERS_MAX) + 1)).unwrap();
        self.world.begins_again(stage::plan(self.edition, workers), workers, GATE_BYTES);
        self.world.commits();
    }

    /// All troubles end, and everybody does what is left to do.
    fn heals(&mut self) {
        self.healing = true;
        self.world.commits();
        for link in (0..LINKS).map(LinkId).filter(|&link| self.is_open(link)).collect::<Vec<_>>() {
            if self.is_open(link) {
                self.party(link).reads();
            }
        }
        for second in 0..HEALED_WITHIN {
            if second % 30 == 0 {
                for (_, links) in ISSUERS {
                    let open = links.iter().copied().find(|&link| self.is_open(link));
                    open.into_iter().for_each(|link| self.manages(link, 801));
                }
            }
            self.goes_on_until(self.world.now() + ms(1_000));
            if self.is_over() {
                return;
            }
            for (acquirer, text) in self.acquirers.open() {
                let stan = text.of(11).to_string();
                let waits =
                    |event: &Event| matches!(event, Event::Waited(_, other) if *other == stan);
                if !self.agenda.awaits(waits) {
                    self.acquirer_sends(acquirer, text);
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        let busy = |event: &Event| {
            matches!(event, Event::Answers { .. } | Event::Reverses { .. } | Event::Sends(..))
        };
        self.acquirers.open().is_empty() && self.register.open() == 0 && !self.agenda.awaits(busy)
    }

    /// What is true of a world in which nothing is open.
    fn has_ended(&self) {
        let open = self.acquirers.open();
        assert!(open.is_empty(), "promise 5: no answer to {}", open[0].1);
        assert_eq!(self.register.open(), 0, "promise 5: open transactions");
        for (name, case) in &self.acquirers.cases {
            let (sold, booked) = (self.acquirers.belief(case), self.issuers.booked(name));
            assert_eq!(sold, booked, "promise 5: sold and booked of {}", case.first);
        }
    }

    // What everybody finds when they look.

    fn is_open(&self, link: LinkId) -> bool {
        self.world.network.sockets[link.index()].open
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
            self.party(link).sends(text);
        }
    }

    /// What left the switch since the last look, in its order, and the switch itself.
    fn looks(&mut self) {
        if !self.told {
            self.world.transcript_is_short();
        }
        while !self.world.seen.is_empty() {
            for seen in std::mem::take(&mut self.world.seen) {
                self.sees(seen);
            }
        }
        for link in (0..LINKS).map(LinkId) {
            let wanted = link.0 < 3 && !self.is_open(link) || self.world.is_connecting(link);
            let awaited = |event: &Event| matches!(event, Event::Connects(other) if *other == link);
            if wanted && !self.agenda.awaits(awaited) {
                self.within(10, 3_000, Event::Connects(link));
            }
        }
        let limits = self.world.plan.limits;
        for core in &self.world.cores {
            let (used, parked, _) = Core::occupancy(core);
            assert!(used <= limits.pending_max && parked <= limits.parked_max, "promise 7");
        }
    }

    fn sees(&mut self, seen: Seen) {
        match seen {
            Seen::Recorded(_) => {
                self.register.takes(&self.world.plan, &seen.record().unwrap());
            }
            Seen::Heard(link, text) => self.hears(link, text),
            Seen::Lost(link, text) => {
                let issuer = ISSUERS.iter().position(|(_, links)| links.contains(&link));
                if let Some(issuer) = issuer.filter(|_| is_business(&text)) {
                    self.issuers.loses(issuer, &text);
                }
            }
        }
    }

    fn hears(&mut self, link: LinkId, text: Text) {
        let mti = Mti::of(text.mti);
        let number = self.world.plan.number(self.world.plan.station_of(link));
        if !is_business(&text) {
            if mti.answer().is_some() && self.is_open(link) {
                let code = if self.edition == Edition::Of1987 { "00" } else { "800" };
                self.party(link).sends(answer(&text, code));
            }
            return;
        }
        if link.0 < 3 {
            assert!(mti.is_answer(), "an acquirer hears {text}");
            self.register.permits_answer(number, &text);
            self.acquirer_hears(usize::from(link.0 > 1), &text);
        } else {
            assert!(!mti.is_answer(), "an issuer hears {text}");
            self.register.permits(number, &text);
            self.issuer_hears(link, usize::from(link.0 > 4), text);
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
