//! What the journal says, as whoever reads it later would understand it: which answer and which
//! message it permits. Must not look into the tables of the core.

use std::collections::{BTreeMap, BTreeSet};

use codec::{Dialect, Mti};
use switch_core::ids::{Stan, StationNumber};
use switch_core::plan::Plan;
use switch_core::records::{ItemState, Record};

use super::acquirers::{Name, approves, name_of, takes};
use super::words::Edition;
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
    outcome: Outcome,
}

/// A message that is kept for an issuer.
#[derive(Clone, Debug)]
struct Queued {
    original: Stan,
    reason: u16,
    text: Text,
    is_over: bool,
}

/// Everything that was recorded.
#[derive(Debug)]
pub(crate) struct Register {
    edition: Edition,
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
}

fn leg(issuer: StationNumber, stan: Stan) -> Leg {
    (issuer.0, stan.0)
}

impl Register {
    pub(crate) fn new(edition: Edition) -> Self {
        Self {
            edition,
            count: 0,
            decided: BTreeMap::new(),
            asked: BTreeMap::new(),
            told: BTreeSet::new(),
            queued: BTreeMap::new(),
            left: BTreeSet::new(),
            reversed: BTreeMap::new(),
        }
    }

    pub(crate) fn takes(&mut self, plan: &Plan, record: &Record<'_>) {
        self.count += 1;
        let dialect = |number| -> &Dialect {
            &plan.station(plan.numbered_station(number).unwrap()).settings.dialect
        };
        match *record {
            Record::Decision { acquirer, issuer, stan, inputs, .. } => {
                let text = Text::read(dialect(acquirer), inputs);
                let decided = Decided { case: name_of(&text), outcome: Outcome::Open };
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
            Record::Queued { issuer, stan, mti, original, reason, frame, .. } => {
                let text = Text::read(dialect(issuer), frame);
                let item = Queued { original, reason, text, is_over: false };
                let reverses_all = mti.class() == 4 && original.0 > 0;
                if reverses_all && self.edition.stays(&item.text).is_none() {
                    let before = self.reversed.insert(leg(issuer, original), self.count);
                    assert!(before.is_none(), "promise 5: a second obligation: {}", item.text);
                }
                let before = self.queued.insert(leg(issuer, stan), item);
                assert!(before.is_none(), "STAN {} was given to {before:?}", stan.0);
                assert!(!self.decided.contains_key(&leg(issuer, stan)), "STAN {}", stan.0);
            }
            Record::Acknowledged { issuer, stan, .. }
            | Record::Item { issuer, stan, state: ItemState::Purged, .. } => {
                let item = self.queued.get_mut(&leg(issuer, stan)).expect("it was kept");
                assert!(!item.is_over, "promise 5: {} ends twice", item.text);
                item.is_over = true;
            }
            Record::Advice { acquirer, inputs, .. } => {
                let text = Text::read(dialect(acquirer), inputs);
                self.told.insert((acquirer.0, text.of(11).to_string()));
            }
            Record::Item { .. }
            | Record::Tombstone { .. }
            | Record::Delivery { .. }
            | Record::Station { .. }
            | Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::Start { .. }
            | Record::HashKey { .. }
            | Record::Counts { .. } => {}
        }
    }

    fn ends(&mut self, leg: Leg, outcome: Outcome) {
        let decided = self.decided.get_mut(&leg).expect("it was decided");
        assert_eq!(decided.outcome, Outcome::Open, "promise 5: {decided:?} ends with {outcome:?}");
        decided.outcome = outcome;
    }

    /// A message reaches an issuer, or would have.
    pub(crate) fn permits(&mut self, issuer: StationNumber, text: &Text) {
        let stan = text.of(11).parse().unwrap();
        if Mti::of(text.mti).function() == 2 {
            let Some(item) = self.queued.get(&(issuer.0, stan)) else {
                panic!("promise 1: {text} left before its record");
            };
            let frozen = |text: &Text| text.clone().kind(text.mti | 1).without(7).to_string();
            assert_eq!(frozen(&item.text), frozen(text), "an item is sent as it was kept");
            if let Some(original) = self.decided.get(&(issuer.0, item.original.0)) {
                let field = if self.edition == Edition::Of1987 { 90 } else { 56 };
                assert_eq!(original.case, name_of(text), "{text} is about another's");
                let named = text.of(field).get(4..10).and_then(|stan| stan.parse().ok());
                assert_eq!(named, Some(item.original.0), "{text} does not name its original");
            }
            if self.edition == Edition::Of1993 && item.text.fields.contains_key(&25) {
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
        let open = self.decided.values().filter(|decided| decided.outcome == Outcome::Open);
        open.count() + self.queued.values().filter(|item| !item.is_over).count()
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
