//! What the journal says, as whoever reads it later would understand it: which answer and which
//! message it permits. Must not look into the tables of the core.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Dialect, Mti};
use switch_core::ids::{Stan, StationNumber};
use switch_core::plan::Plan;
use switch_core::records::{Delivery, ItemState, Kept, Record};
use switch_core::saf::NOT_DELIVERED;

use super::acquirers::{Name, approves, name_of, takes};
use super::stage::Stage;
use super::words::{CARDS, Edition};
use crate::world::Text;

/// An issuer's number and our STAN there.
type Leg = (u16, u32);

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Answered(u16),
    Expired,
    Unsent,
    Undelivered,
    Closed,
}

#[derive(Clone, Debug)]
struct Decided {
    case: Name,
    /// The acquirer's number and its STAN.
    asked_by: (u16, String),
    outcome: Outcome,
}

/// A message that is kept for an issuer.
#[derive(Clone, Debug)]
struct Queued {
    original: Stan,
    reason: u16,
    text: Text,
    /// How many records there were when it was kept.
    at: usize,
    is_over: bool,
    /// Since when it is parked or held, in records.
    stopped: Option<usize>,
}

/// Everything that was recorded.
#[derive(Debug)]
pub(crate) struct Register {
    stage: Stage,
    /// Whether every card leads to an issuer all the time.
    routes_stay: bool,
    /// How many records there are.
    pub(crate) count: usize,
    decided: BTreeMap<Leg, Decided>,
    /// By acquirer's number and its STAN.
    asked: BTreeMap<(u16, String), Leg>,
    /// Advices and reversals that were taken, the same way.
    told: BTreeSet<(u16, String)>,
    queued: BTreeMap<Leg, Queued>,
    /// Requests of which something left the switch.
    left: BTreeSet<Leg>,
    /// What is reversed as a whole, and how many records there were then.
    reversed: BTreeMap<Leg, usize>,
    /// What was reversed since the last event.
    fresh: Vec<Leg>,
    /// Requests of which an approval reached a socket of their acquirer, or a part of it.
    reached: BTreeSet<(u16, String)>,
    /// Why acquirers reversed (DE 25 of 1993), as they said it first.
    reasons: BTreeMap<Name, String>,
    /// Approvals that were just found to have arrived in part, by who asked for them.
    pub(crate) doubted: Vec<(StationNumber, Stan, (u16, String))>,
    /// What operators held, released or gave up since the last look.
    pub(crate) turned: Vec<(StationNumber, Stan, ItemState)>,
    /// Transactions of which operators gave a message up.
    pub(crate) given_up: BTreeSet<Name>,
}

fn leg(issuer: StationNumber, stan: Stan) -> Leg {
    (issuer.0, stan.0)
}

impl Register {
    pub(crate) fn new(stage: Stage, routes_stay: bool) -> Self {
        Self {
            stage,
            routes_stay,
            count: 0,
            decided: BTreeMap::new(),
            asked: BTreeMap::new(),
            told: BTreeSet::new(),
            queued: BTreeMap::new(),
            left: BTreeSet::new(),
            reversed: BTreeMap::new(),
            fresh: Vec::new(),
            reached: BTreeSet::new(),
            reasons: BTreeMap::new(),
            doubted: Vec::new(),
            turned: Vec::new(),
            given_up: BTreeSet::new(),
        }
    }

    pub(crate) fn takes(&mut self, plan: &Plan, record: &Record<'_>) {
        self.count += 1;
        let dialect = |number| -> &Dialect {
            &plan.station(plan.numbered_station(number).unwrap()).settings.dialect
        };
        if let Some(Kept { issuer, stan, mti, original, reason, frame, .. }) = record.kept() {
            let text = Text::read(dialect(issuer), frame);
            self.keeps(leg(issuer, stan), (mti, original, reason), text);
        }
        match *record {
            Record::Decision { acquirer, issuer, stan, inputs, .. } => {
                let text = Text::read(dialect(acquirer), inputs);
                let asked_by = (acquirer.0, text.of(11).to_string());
                let (case, outcome) = (name_of(&text), Outcome::Open);
                let decided = Decided { case, asked_by, outcome };
                let before = self.decided.insert(leg(issuer, stan), decided);
                assert!(before.is_none(), "STAN {} was given to {before:?}", stan.0);
                self.asked.insert((acquirer.0, text.of(11).to_string()), leg(issuer, stan));
            }
            Record::Settlement { issuer, stan, action, .. } => {
                self.ends(leg(issuer, stan), Outcome::Answered(action));
            }
            Record::Expiry { issuer, stan, .. } => self.ends(leg(issuer, stan), Outcome::Expired),
            Record::Unsent { issuer, stan, .. } => self.ends(leg(issuer, stan), Outcome::Unsent),
            Record::Undelivered { issuer, stan, .. } => {
                self.ends(leg(issuer, stan), Outcome::Undelivered);
            }
            Record::Closed { issuer, stan, .. } => self.ends(leg(issuer, stan), Outcome::Closed),
            Record::Acknowledged { issuer, stan, .. } => self.item_ends(leg(issuer, stan)),
            Record::Item { issuer, stan, state, by, .. } => {
                self.turned.push((issuer, stan, state));
                let stopped = Some(self.count);
                let item = self.queued.get_mut(&leg(issuer, stan)).expect("it was kept");
                let heals = state == ItemState::Parked && ["907", "909"].contains(&by);
                assert!(!heals, "{} is parked by {by}", item.text);
                match state {
                    ItemState::Parked | ItemState::Held => item.stopped = stopped,
                    ItemState::Released => item.stopped = None,
                    ItemState::Purged => {
                        let names = by.split_once(", ");
                        assert!(names.is_some_and(|(one, other)| one != other), "purged by {by}");
                        self.given_up.insert(name_of(&item.text));
                        self.item_ends(leg(issuer, stan));
                    }
                }
            }
            Record::Advice { acquirer, inputs, stan, .. } => {
                let text = Text::read(dialect(acquirer), inputs);
                self.told.insert((acquirer.0, text.of(11).to_string()));
                self.is_told(&text, stan, record.refuses() != [0; 2]);
            }
            Record::Delivery { issuer, stan, how: Delivery::Unknown, .. } => {
                let asked_by = self.decided[&leg(issuer, stan)].asked_by.clone();
                self.doubted.push((issuer, stan, asked_by));
            }
            Record::Queued { .. }
            | Record::Delivery { .. }
            | Record::Station { .. }
            | Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::Start { .. }
            | Record::HashKey { .. }
            | Record::Promotion { .. }
            | Record::Handover { .. }
            | Record::Orphan { .. }
            | Record::Pulse
            | Record::Command { .. }
            | Record::Counts { .. } => {}
        }
    }

    /// A message is kept for an issuer: what it is, what it is about, and why.
    fn keeps(&mut self, leg: Leg, (mti, original, reason): (Mti, Stan, u16), text: Text) {
        let about = (leg.0, original.0);
        let is_reversal = mti.class() == 4;
        if is_reversal && original.0 == 0 {
            // X and Y stand behind A and B.
            let issuing = self.stage.issuing(usize::from(leg.0 - 2));
            assert!(issuing.matches_on_rrn, "{text} is about what nobody knows");
        }
        if is_reversal && original.0 > 0 && self.stage.edition.stays(&text).is_none() {
            let before = self.reversed.insert(about, self.count);
            assert!(before.is_none(), "promise 5: a second obligation: {text}");
            self.fresh.push(about);
            let first = self.reasons.get(&name_of(&text));
            let of_1993 = self.stage.edition == Edition::Of1993;
            let is_first = first.is_none_or(|first| !of_1993 || first == text.of(25));
            assert!(is_first, "{text} was reversed for {first:?}");
        }
        if reason == NOT_DELIVERED {
            let asked_by = &self.decided[&about].asked_by;
            assert!(!self.reached.contains(asked_by), "{text} though its answer left");
        }
        let (at, is_over, stopped) = (self.count, false, None);
        let item = Queued { original, reason, text, at, is_over, stopped };
        let before = self.queued.insert(leg, item);
        assert!(before.is_none(), "STAN {} was given to {before:?}", leg.1);
        assert!(!self.decided.contains_key(&leg), "STAN {}", leg.1);
    }

    /// An advice or a reversal was taken, and is kept under this STAN, if it is.
    fn is_told(&mut self, text: &Text, stan: Stan, is_unknown: bool) {
        if text.class() != 4 {
            return;
        }
        if is_unknown {
            // The cards of each lead to one issuer.
            let place = usize::from(text.of(2) != CARDS[0]);
            let kept = stan != Stan(0);
            let matches = self.stage.issuing(place).matches_on_rrn;
            // Without a route nobody gets it.
            let is_right = if kept { matches } else { !matches || !self.routes_stay };
            assert!(is_right, "{text} is kept: {kept}");
        } else if self.stage.edition.stays(text).is_none() {
            let reason = text.of(25).to_string();
            self.reasons.entry(name_of(text)).or_insert(reason);
        }
    }

    fn item_ends(&mut self, leg: Leg) {
        let item = self.queued.get_mut(&leg).expect("it was kept");
        assert!(!item.is_over, "promise 5: {} ends twice", item.text);
        item.is_over = true;
    }

    /// An event is over: what is reversed has its outcome, whoever reversed it.
    pub(crate) fn settles(&mut self) {
        for about in self.fresh.drain(..) {
            let open = self.decided.get(&about).filter(|one| one.outcome == Outcome::Open);
            assert!(open.is_none(), "{open:?} is reversed before its answer");
        }
    }

    /// Whether an approval reached a socket of its acquirer, or a part of it did.
    pub(crate) fn has_reached(&self, asked_by: &(u16, String)) -> bool {
        self.reached.contains(asked_by)
    }

    /// An approval reached a socket of its acquirer, or a part of it did.
    pub(crate) fn reaches(&mut self, acquirer: StationNumber, answer: &Text) {
        if Mti::of(answer.mti).function() == 1 && approves(answer.of(39)) {
            self.reached.insert((acquirer.0, answer.of(11).to_string()));
        }
    }

    /// What operators could want something of, and what is parked or held of it.
    pub(crate) fn kept(&self) -> Vec<(usize, u32, bool)> {
        let open = self.queued.iter().filter(|(_, item)| !item.is_over);
        let place = |leg: &Leg| (usize::from(leg.0 - 2), leg.1);
        open.map(|(leg, item)| (place(leg).0, place(leg).1, item.stopped.is_some())).collect()
    }

    /// Whether time was up for a request of ours.
    pub(crate) fn is_expired(&self, issuer: StationNumber, text: &Text) -> bool {
        let leg = (issuer.0, text.of(11).parse().unwrap());
        self.decided.get(&leg).is_some_and(|one| one.outcome == Outcome::Expired)
    }

    /// Requests without an outcome.
    pub(crate) fn undecided(&self) -> usize {
        let open = self.decided.values().filter(|decided| decided.outcome == Outcome::Open);
        open.count()
    }

    fn ends(&mut self, leg: Leg, outcome: Outcome) {
        let decided = self.decided.get_mut(&leg).expect("it was decided");
        assert_eq!(decided.outcome, Outcome::Open, "promise 5: {decided:?} ends with {outcome:?}");
        decided.outcome = outcome;
    }

    /// A message reaches an issuer, or would have. It left when there were at least so many records.
    pub(crate) fn permits(&mut self, issuer: StationNumber, text: &Text, since: usize) {
        let stan = text.of(11).parse().unwrap();
        if Mti::of(text.mti).function() == 2 {
            let Some(item) = self.queued.get(&(issuer.0, stan)) else {
                panic!("promise 1: {text} left before its record");
            };
            let stopped = item.stopped.is_some_and(|at| at < since);
            assert!(!stopped, "{text} is sent though it is parked or held");
            let about = |of: &Queued| of.original.0 > 0 && of.original == item.original;
            let is_before = |(other, of): (&Leg, &Queued)| {
                let of_it = other.0 == issuer.0 && (about(of) || other.1 == item.original.0);
                of_it && of.at < item.at && !of.is_over
            };
            let before = self.queued.iter().find(|&one| is_before(one));
            let before = before.map(|(_, of)| of.text.to_string());
            assert_eq!(before, None, "{text} overtakes it");
            let frozen = |text: &Text| text.clone().kind(text.mti | 1).without(7).to_string();
            assert_eq!(frozen(&item.text), frozen(text), "an item is sent as it was kept");
            if let Some(original) = self.decided.get(&(issuer.0, item.original.0)) {
                let field = if self.stage.edition == Edition::Of1987 { 90 } else { 56 };
                assert_eq!(original.case, name_of(text), "{text} is about another's");
                let named = text.of(field).get(4..10).and_then(|stan| stan.parse().ok());
                assert_eq!(named, Some(item.original.0), "{text} does not name its original");
            }
            if self.stage.edition == Edition::Of1993 && item.text.fields.contains_key(&25) {
                assert_eq!(text.of(25), format!("{:04x}", item.reason), "{text}");
            }
            return;
        }
        if Mti::of(text.mti).function() == 0 {
            let decided = self.decided.get(&(issuer.0, stan));
            let Some(decided) = decided else {
                panic!("promise 1: {text} left before its record");
            };
            assert_eq!(decided.case, name_of(text), "{text} is another's");
            self.left.insert((issuer.0, stan));
        }
    }

    /// An answer reaches an acquirer. It left when there were at least so many records.
    pub(crate) fn permits_answer(&self, acquirer: StationNumber, answer: &Text, since: usize) {
        let code = answer.of(39);
        if Mti::of(answer.mti).function() != 1 {
            let recorded = self.told.contains(&(acquirer.0, answer.of(11).to_string()));
            assert!(recorded || !takes(code), "promise 1: {answer} left before its record");
            return;
        }
        let asked = self.asked.get(&(acquirer.0, answer.of(11).to_string()));
        let outcome = asked.map(|leg| self.decided[leg].outcome);
        if approves(code) {
            let permitted = matches!(outcome, Some(Outcome::Answered(action)) if action < 0x100);
            assert!(permitted, "promise 1: {answer} after {outcome:?}");
            let reversed = asked.and_then(|leg| self.reversed.get(leg));
            let before = reversed.is_none_or(|&at| at >= since);
            assert!(before, "promise 4: {answer} though it is reversed");
        } else if code == "911" || code == "68" {
            // What was reversed before it came has no record of its own.
            let reversed = asked.is_some_and(|leg| self.reversed.contains_key(leg));
            let permitted = reversed || matches!(outcome, None | Some(Outcome::Expired));
            assert!(permitted, "promise 1: {answer} after {outcome:?}");
        }
    }

    /// Transactions without an outcome, and messages that nobody has acknowledged.
    pub(crate) fn open(&self) -> usize {
        self.undecided() + self.queued.values().filter(|item| !item.is_over).count()
    }

    /// What must be true in the end: what an issuer may know of and its acquirer does not is
    /// reversed, and nothing else is.
    pub(crate) fn has_ended(&self) {
        for (leg, decided) in &self.decided {
            let reversed = self.reversed.contains_key(leg);
            match decided.outcome {
                Outcome::Open => panic!("promise 5: {decided:?} is open"),
                Outcome::Expired if !self.left.contains(leg) => {
                    panic!("promise 5: {decided:?} is reversed and was never sent")
                }
                Outcome::Expired | Outcome::Closed => {
                    assert!(reversed, "promise 5: {decided:?} was not reversed");
                }
                Outcome::Unsent => assert!(!reversed, "promise 5: {decided:?} was reversed"),
                Outcome::Answered(_) | Outcome::Undelivered => {}
            }
        }
        let open = self.queued.values().find(|item| !item.is_over);
        assert_eq!(open.map(|item| item.text.to_string()), None, "promise 5: it is open");
        let lost = self.queued.iter().find(|((issuer, _), item)| {
            let about = (*issuer, item.original.0);
            let known = self.decided.contains_key(&about) || self.queued.contains_key(&about);
            about.1 > 0 && !known
        });
        let lost = lost.map(|(_, item)| item.text.to_string());
        assert_eq!(lost, None, "it is about nothing");
    }
}
