//! What the journal says, as whoever reads it later would understand it: which answer and which
//! message it permits. Must not look into the tables of the core.

use std::collections::BTreeMap;

use codec::{Dialect, Mti};
use switch_core::ids::{Stan, StationNumber};
use switch_core::plan::Plan;
use switch_core::records::Record;

use super::acquirers::{Name, approves, name_of};
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

/// Everything that was recorded.
#[derive(Debug, Default)]
pub(crate) struct Register {
    /// How many records there are.
    pub(crate) count: usize,
    decided: BTreeMap<Leg, Decided>,
    /// By acquirer's number and its STAN.
    asked: BTreeMap<(u16, String), Leg>,
}

fn leg(issuer: StationNumber, stan: Stan) -> Leg {
    (issuer.0, stan.0)
}

impl Register {
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
            Record::Station { .. }
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
    pub(crate) fn permits(&self, issuer: StationNumber, text: &Text) {
        let stan = text.of(11).parse().unwrap();
        if Mti::of(text.mti).function() == 0 {
            let decided = self.decided.get(&(issuer.0, stan));
            let Some(decided) = decided else {
                panic!("promise 1: {text} left before its record");
            };
            assert_eq!(decided.case, name_of(text), "{text} is another's");
        }
    }

    /// An answer reaches an acquirer. It left when there were at least so many records.
    pub(crate) fn permits_answer(&self, acquirer: StationNumber, answer: &Text) {
        let code = answer.of(39);
        if Mti::of(answer.mti).function() != 1 || Mti::of(answer.mti).class() == 4 {
            return;
        }
        let asked = self.asked.get(&(acquirer.0, answer.of(11).to_string()));
        let outcome = asked.map(|leg| self.decided[leg].outcome);
        if approves(code) {
            let permitted = matches!(outcome, Some(Outcome::Answered(action)) if action < 0x100);
            assert!(permitted, "promise 1: {answer} after {outcome:?}");
        } else if code == "911" || code == "68" {
            assert_eq!(outcome, Some(Outcome::Expired), "promise 1: {answer}");
        }
    }

    /// Transactions without an outcome.
    pub(crate) fn open(&self) -> usize {
        self.decided.values().filter(|decided| decided.outcome == Outcome::Open).count()
    }
}
