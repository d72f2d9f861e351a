//! What the world outside knows of its own requests and answers, and what must then be true. Never
//! looks at the tables of the core, but for how much is in them.

use std::collections::{BTreeMap, BTreeSet};

use codec::Mti;
use switch_core::Core;
use switch_core::counters::Counter;
use switch_core::ids::{LinkId, StationId, WorkerId};
use switch_core::plan::Role;
use switch_core::records::Record;
use switch_core::time::Time;

use super::edition::Edition;
use crate::world::{Seen, Text, World};

/// A request, by its acquirer's institution and its RRN.
type Key = (String, String);

/// One request, as its acquirer and its issuer know it.
#[derive(Clone, Debug)]
struct Known {
    acquirer: String,
    request: Text,
    /// Whether an answer to it is promised: it could be read.
    promised: bool,
    /// Whether it was sent as it is known here.
    whole: bool,
    /// The codes of the answers that its acquirer heard, and how many were lost on the way.
    heard: Vec<String>,
    lost: u32,
    /// The issuer that heard it, and the STAN there.
    forwarded: Option<(String, u32)>,
    /// The codes of the right answers of that issuer.
    answered: Vec<String>,
}

/// A decision, by issuer and STAN.
#[derive(Clone, Copy, Debug)]
enum Decided {
    Open,
    /// Not to be used again before.
    Resting(Time),
    Over,
}

/// What is kept for an issuer, by its STAN.
#[derive(Clone, Copy, Debug)]
struct Kept {
    /// How often its issuer heard it, or could have: for the first time, and again.
    firsts: u32,
    agains: u32,
    /// Whether its issuer acknowledged it, and that is written down.
    done: bool,
}

/// Everything that is known.
#[derive(Debug)]
pub(crate) struct Ledger {
    edition: Edition,
    known: BTreeMap<Key, Known>,
    decided: BTreeMap<(String, u32), Decided>,
    kept: BTreeMap<(String, u32), Kept>,
    /// The transactions that are open and reversed already.
    reversed: BTreeSet<(String, u32)>,
    /// Those that are reversals themselves.
    reversing: BTreeSet<(String, u32)>,
    reversals: u64,
    acknowledged: u64,
    /// Records by kind: decisions, settlements, expiries, unsent, undelivered; the same by issuer.
    records: [u64; 5],
    records_of: BTreeMap<String, [u64; 5]>,
    /// Requests that an issuer heard, or that its socket did not hand over.
    forwarded: u64,
    /// Frames that were nobody's request, each of which may get an answer.
    pub(crate) noises: u64,
    /// How often each code was heard, over all.
    codes: BTreeMap<String, u64>,
    late: u64,
    /// Frames without a transaction beyond their link's budget.
    over_budget: u64,
    /// Answers that we know of having been lost or given up.
    unanswered: u64,
}

fn key(text: &Text) -> Key {
    (text.of(32).to_string(), text.of(37).to_string())
}

fn stan(text: &Text) -> u32 {
    text.of(11).parse().unwrap()
}

impl Ledger {
    pub(crate) fn new(edition: Edition) -> Self {
        Self {
            edition,
            known: BTreeMap::new(),
            decided: BTreeMap::new(),
            kept: BTreeMap::new(),
            reversed: BTreeSet::new(),
            reversing: BTreeSet::new(),
            reversals: 0,
            acknowledged: 0,
            records: [0; 5],
            records_of: BTreeMap::new(),
            forwarded: 0,
            noises: 0,
            codes: BTreeMap::new(),
            late: 0,
            over_budget: 0,
            unanswered: 0,
        }
    }

    /// An acquirer sends a request.
    pub(crate) fn asks(&mut self, acquirer: &str, request: &Text) {
        let known = Known {
            acquirer: acquirer.to_string(),
            request: request.clone(),
            promised: true,
            whole: true,
            heard: Vec::new(),
            lost: 0,
            forwarded: None,
            answered: Vec::new(),
        };
        let before = self.known.insert(key(request), known);
        assert!(before.is_none(), "an acquirer gives each request a name of its own");
    }

    /// An acquirer sends something that can be read, and may be a request.
    pub(crate) fn may_ask(&mut self, acquirer: &str, request: &Text) {
        self.asks(acquirer, request);
        let mti = Mti::of(request.mti);
        self.known.get_mut(&key(request)).unwrap().promised =
            mti.answer().is_some() && request.is_relayed();
    }

    /// An acquirer sends what can not be read, meant as this.
    pub(crate) fn stammers(&mut self, acquirer: &str, request: &Text) {
        self.asks(acquirer, request);
        let known = self.known.get_mut(&key(request)).unwrap();
        (known.promised, known.whole) = (false, false);
        self.noises += 1;
    }

    /// An issuer answers a request that it heard, as it should.
    pub(crate) fn answers(&mut self, issuer: &str, request: &Text, code: &str) {
        let known = self.known.get_mut(&key(request)).expect("it was asked");
        assert_eq!(known.forwarded.as_ref().unwrap().0, issuer);
        known.answered.push(code.to_string());
    }

    /// Something left the switch. Gives back what a station was asked.
    pub(crate) fn sees(&mut self, world: &World, seen: Seen) -> Option<(LinkId, Text)> {
        match seen {
            Seen::Recorded(_) => {
                self.sees_record(world, seen.record().expect("it is one"));
                None
            }
            Seen::Heard(link, text) => {
                let station = &world.plan.station(world.plan.station_of(link)).settings;
                let mti = Mti::of(text.mti);
                match (text.is_relayed(), mti.is_answer()) {
                    _ if mti.is_advice() => self.sees_reversal(&station.name, &text),
                    (true, false) => self.sees_request(&station.name, &text, true),
                    (true, true) => self.sees_answer(&station.name, &text),
                    (false, _) => {}
                }
                mti.answer().map(|_| (link, text))
            }
            Seen::Lost(link, text, _) => {
                let station = &world.plan.station(world.plan.station_of(link)).settings;
                let mti = Mti::of(text.mti);
                match (text.is_relayed(), mti.is_answer()) {
                    _ if mti.is_advice() => self.sees_reversal(&station.name, &text),
                    (true, false) => self.sees_request(&station.name, &text, false),
                    (true, true) => self.loses_answer(&station.name, &text),
                    (false, _) => {}
                }
                None
            }
        }
    }

    #[expect(clippy::too_many_lines, reason = "one list of all records")]
    fn sees_record(&mut self, world: &World, record: Record<'_>) {
        let name = |number| {
            let id = world.plan.numbered_station(number).expect("it is configured");
            world.plan.station(id).settings.name.clone()
        };
        let (kind, issuer, stan, after) = match record {
            Record::Decision { issuer, stan, mti, .. } => {
                let place = (name(issuer), stan.0);
                self.reversing.remove(&place);
                if mti.class() == 4 {
                    self.reversing.insert(place);
                }
                (0, issuer, stan, Decided::Open)
            }
            Record::Settlement { issuer, stan, action, .. }
            | Record::Undelivered { issuer, stan, action, .. } => {
                let code = format!("{action:03x}");
                let asked = (name(issuer), stan.0);
                let of = |known: &&Known| known.forwarded.as_ref() == Some(&asked);
                let known = self.known.values().find(of).expect("an issuer answers what it heard");
                let recorded = |said: &String| self.edition.recorded(&known.request, said) == code;
                assert!(known.answered.iter().any(recorded), "{record:?} {known:?}");
                let kind = if matches!(record, Record::Settlement { .. }) { 1 } else { 4 };
                (kind, issuer, stan, Decided::Over)
            }
            Record::Expiry { issuer, stan, at, .. } => {
                let until = at + world.plan.limits.quarantine;
                (2, issuer, stan, Decided::Resting(until))
            }
            Record::Unsent { issuer, stan, .. } => (3, issuer, stan, Decided::Over),
            Record::SignOn { .. } | Record::Counts { .. } | Record::Delivery { .. } => return,
            Record::Queued { issuer, stan, original, reason, .. } => {
                return self.keeps(&name(issuer), stan.0, original.0, reason);
            }
            Record::Acknowledged { issuer, stan, .. } => {
                let kept = self.kept.get_mut(&(name(issuer), stan.0)).expect("it was kept");
                assert!(kept.firsts + kept.agains > 0 && !kept.done, "{record:?} {kept:?}");
                kept.done = true;
                self.acknowledged += 1;
                return;
            }
            Record::Item { .. }
            | Record::Advice { .. }
            | Record::Closed { .. }
            | Record::Station { .. }
            | Record::Links { .. }
            | Record::Configuration { .. }
            | Record::HashKey { .. }
            | Record::Start { .. }
            | Record::Promotion { .. }
            | Record::Handover { .. }
            | Record::Orphan { .. }
            | Record::Pulse
            | Record::Command { .. } => panic!("{record:?} is of no transaction"),
        };
        let is_reversed = self.reversed.remove(&(name(issuer), stan.0));
        let approved = matches!(record, Record::Undelivered { action: ..0x100, .. });
        // What was reversed itself is reversed no more.
        let wants_it = (kind == 2 || approved) && !self.reversing.remove(&(name(issuer), stan.0));
        assert!(kind == 0 || is_reversed == wants_it, "{record:?}, reversed: {is_reversed}");
        self.records[kind] += 1;
        self.records_of.entry(name(issuer)).or_default()[kind] += 1;
        let before = self.decided.insert((name(issuer), stan.0), after);
        match (kind, before) {
            (0, None | Some(Decided::Over)) | (1..=4, Some(Decided::Open)) => {}
            (0, Some(Decided::Resting(until))) => assert!(until <= world.now(), "{record:?}"),
            (_, before) => panic!("{record:?} after {before:?}"),
        }
        if kind == 3 {
            let asked = (name(issuer), stan.0);
            let heard = |known: &Known| known.forwarded.as_ref() == Some(&asked);
            assert!(!self.known.values().any(heard), "{record:?}, but it had been heard");
        }
    }

    /// A reversal of an open request is kept.
    fn keeps(&mut self, issuer: &str, stan: u32, original: u32, reason: u16) {
        let (this, about) = ((issuer.to_string(), stan), (issuer.to_string(), original));
        if matches!(self.decided.get(&about), Some(Decided::Open)) {
            assert!(self.reversed.insert(about), "{original} is reversed twice");
        } else {
            // It was approved, and could not be delivered.
            assert_eq!(reason, 0x4013, "{stan} of {original}");
        }
        let before = self.kept.insert(this, Kept { firsts: 0, agains: 0, done: false });
        assert!(before.is_none_or(|before| before.done), "{stan} is in use");
        self.reversals += 1;
    }

    /// An issuer heard a reversal of ours, or would have.
    fn sees_reversal(&mut self, issuer: &str, text: &Text) {
        let kept = self.kept.get_mut(&(issuer.to_string(), stan(text)));
        let kept = kept.unwrap_or_else(|| panic!("{text} left before its record"));
        // On a link that stalls the first may come behind those that were sent later, and behind the
        // acknowledgement of one of them.
        let is_repeat = Mti::of(text.mti).is_repeat();
        kept.firsts += u32::from(!is_repeat);
        kept.agains += u32::from(is_repeat);
        assert!(kept.firsts <= 1, "{text} was sent as the first twice");
    }

    /// An issuer heard a request, or would have.
    fn sees_request(&mut self, issuer: &str, text: &Text, heard: bool) {
        self.forwarded += 1;
        let asked = (issuer.to_string(), stan(text));
        let decided = self.decided.get(&asked);
        let known = self.known.get_mut(&key(text)).expect("somebody asked for it");
        if heard {
            assert!(decided.is_some(), "{text} left before its record");
            assert!(known.forwarded.is_none(), "{text} was forwarded twice");
            assert_eq!((known.request.of(2), known.request.of(4)), (text.of(2), text.of(4)));
            known.forwarded = Some(asked);
        }
    }

    /// An acquirer heard an answer.
    fn sees_answer(&mut self, acquirer: &str, text: &Text) {
        let edition = self.edition;
        let Some(known) = self.asked_by(acquirer, text) else { return };
        let code = text.of(39).to_string();
        for field in [2, 3, 4, 7, 11, 12, 32, 37, 41, 42, 49, 59] {
            let ours = known.request.of(field);
            assert!(
                !known.whole || text.of(field).is_empty() || text.of(field) == ours,
                "{field} of {text}"
            );
        }
        // One of which no byte left may come again on another link.
        assert!(known.heard.is_empty(), "{text} is a second answer");
        let theirs = known.answered.contains(&code) && !text.fields.contains_key(&58);
        assert!(theirs || edition.is_ours(text), "{text} is no answer of {known:?}");
        known.heard.push(code.clone());
        *self.codes.entry(code).or_default() += 1;
    }

    fn loses_answer(&mut self, acquirer: &str, text: &Text) {
        if let Some(known) = self.asked_by(acquirer, text) {
            assert!(known.heard.is_empty(), "{text} is a second answer");
            known.lost += 1;
        }
    }

    /// The request that an answer is for; none when it is for a noise.
    fn asked_by(&mut self, acquirer: &str, text: &Text) -> Option<&mut Known> {
        let asked =
            |known: &&mut Known| known.acquirer == acquirer && known.request.of(11) == text.of(11);
        let found = self.known.values_mut().find(asked);
        assert!(found.is_some() || self.noises > 0, "{acquirer} never asked for {text}");
        found
    }

    /// What is true at any time.
    pub(crate) fn agrees(&self, world: &World) {
        let count = |counter| world.count(counter);
        assert_eq!(count(Counter::PeerMalformed), 0);
        assert!(count(Counter::RefusedTimedOut) >= self.records[2]);
        assert!(count(Counter::RefusedUnsent) + count(Counter::RefusedGivenUp) >= self.records[3]);
        let open = count(Counter::LinksOpened) - count(Counter::LinksClosed);
        let sockets = world.network.sockets.iter().filter(|socket| socket.open).count();
        assert_eq!(open, u64::try_from(sockets).unwrap());
        if !world.is_holding() {
            let (used, deciding, resting) = world.occupancy();
            let now = |wanted: fn(&Decided) -> bool| {
                u32::try_from(self.decided.values().filter(|decided| wanted(decided)).count())
                    .unwrap()
            };
            // Beside those in flight there are approvals that their acquirer has still to read.
            let links = world.cores.iter().zip(0..);
            let leaving = links.flat_map(|(core, worker)| {
                let links = (0..u32::try_from(world.plan.link_stations.len()).unwrap()).map(LinkId);
                let ours = links.filter(move |&link| {
                    world.plan.owner(world.plan.station_of(link)) == WorkerId(worker)
                });
                ours.map(|link| core.link(link).leaving.len())
            });
            let leaving = u32::try_from(leaving.sum::<usize>()).unwrap();
            let in_flight = now(|decided| matches!(decided, Decided::Open));
            assert_eq!(used - deciding - resting, in_flight + leaving);
        }
    }

    /// What is true when time has run out for everything.
    pub(crate) fn is_settled(&mut self, world: &World) {
        assert_eq!(world.occupancy(), (0, 0, 0));
        assert!(!self.decided.values().any(|decided| matches!(decided, Decided::Open)));
        for core in &world.cores {
            self.every_number_is_free(world, core);
            assert_eq!(core.gate_fill().0, 0);
        }
        let count = |counter| world.count(counter);
        assert_eq!(count(Counter::Answered), self.records[1]);
        assert_eq!(count(Counter::RefusedMalfunction), self.records[4]);
        assert_eq!(count(Counter::RefusedTimedOut), self.records[2]);
        assert_eq!(count(Counter::RefusedUnsent) + count(Counter::RefusedGivenUp), self.records[3]);
        assert_eq!(self.records[0], self.records[1..].iter().sum());
        assert_eq!(count(Counter::Forwarded) - count(Counter::Withdrawn), self.forwarded);
        self.tallies_agree(world);
        let silent = |known: &&Known| known.promised && known.heard.is_empty() && known.lost == 0;
        let unanswered = u64::try_from(self.known.values().filter(silent).count()).unwrap();
        let given_up = count(Counter::Undeliverable) + count(Counter::AnswersLost);
        assert!(unanswered <= given_up, "{unanswered} requests have no answer, {given_up} may");
        self.unanswered = unanswered;
        let kept = self.kept.iter().filter(|(_, kept)| !kept.done).map(|(of, _)| of.clone());
        let listed = world
            .cores
            .iter()
            .flat_map(Core::saf_items)
            .map(|item| (world.plan.station(item.issuer).settings.name.clone(), item.stan.0));
        assert_eq!(
            kept.collect::<Vec<_>>(),
            listed.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        );
        assert_eq!(count(Counter::SafQueued), self.reversals);
        assert_eq!(count(Counter::SafAcknowledged), self.acknowledged);
        self.late = count(Counter::Late);
        self.over_budget = count(Counter::NoiseDropped);
    }

    /// What each station that is not both is told to have done.
    fn tallies_agree(&self, world: &World) {
        for (place, station) in world.plan.stations.iter().enumerate() {
            let id = StationId(u16::try_from(place).unwrap());
            let tallies = world.cores.iter().map(|core| &core.station(id).tally);
            let (requests, answers, timeouts) = tallies.fold((0, 0, 0), |sum, tally| {
                (sum.0 + tally.requests, sum.1 + tally.answers, sum.2 + tally.timeouts)
            });
            let name = &station.settings.name;
            match station.settings.role {
                Role::Both => {}
                Role::Acquirer => {
                    let lost = world.count(Counter::AnswersLost);
                    assert!(answers <= requests && requests - answers <= lost, "{name}");
                }
                Role::Issuer => {
                    let records = self.records_of.get(name).copied().unwrap_or_default();
                    assert_eq!([requests, answers, timeouts], records[..3], "{name}");
                }
            }
        }
    }

    /// All are but those of what is kept.
    fn every_number_is_free(&self, world: &World, core: &Core) {
        for (place, station) in world.plan.stations.iter().enumerate() {
            if matches!(station.settings.role, Role::Issuer | Role::Both) {
                let id = StationId(u16::try_from(place).unwrap());
                let stans = core.station(id).stans.as_ref().unwrap();
                let name = &station.settings.name;
                let is_ours = |stan: &u32| stans.range().contains(stan);
                let kept = self.kept.iter().filter(|((of, _), kept)| of == name && !kept.done);
                let kept = kept.filter(|((_, stan), _)| is_ours(stan)).count();
                let share = 998_999 / u32::from(world.plan.workers);
                assert_eq!(stans.free(), share - u32::try_from(kept).unwrap(), "{name}");
            }
        }
    }

    /// Adds what came of one conversation to the sum of all.
    pub(crate) fn adds(&mut self, one: &Self) {
        for (code, count) in &one.codes {
            *self.codes.entry(code.clone()).or_default() += count;
        }
        for (sum, count) in self.records.iter_mut().zip(one.records) {
            *sum += count;
        }
        self.late += one.late;
        self.reversals += one.reversals;
        self.acknowledged += one.acknowledged;
        self.over_budget += one.over_budget;
        self.unanswered += one.unanswered;
    }

    /// That the conversations together went everywhere.
    pub(crate) fn has_seen_everything(&self) {
        for &code in self.edition.heard() {
            assert!(self.codes.contains_key(code), "nobody ever heard {code}: {:?}", self.codes);
        }
        assert!(self.records.iter().all(|&count| count > 30), "{:?}", self.records);
        assert!(self.late > 20, "{}", self.late);
        assert!(self.reversals > 100, "{}", self.reversals);
        assert!(self.acknowledged > 50, "{}", self.acknowledged);
        assert!(self.over_budget > 5, "{}", self.over_budget);
        assert!(self.unanswered > 0, "no link was ever lost at the wrong moment");
    }
}
