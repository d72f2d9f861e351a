//! What the journal says of each transaction, read record by record. Must not know the switch's own
//! replay of them, which it is there to check.

use std::collections::BTreeMap;

use bench::issuer::ActionCode;
use bench::ledger::{Answered, Reference, Text};
use codec::{Dialect, Mti, Slots};
use switch_core::records::{ItemState, Kept, Record};

use super::items::{End, Items, Obligation};
use super::{Counts, Findings};

/// How long the number of a request that has no outcome, or timed out, is not given again, seconds:
/// the default of `limits.quarantine`, less one for the whole seconds of records.
const REST: u64 = 59;

/// The records of a journal, understood.
#[derive(Debug, Default)]
pub(super) struct Journal {
    position: u64,
    epoch: u32,
    records: u64,
    closed: u64,
    decisions: BTreeMap<Reference, Decision>,
    decided: Vec<Reference>,
    /// Of each issuer's number and STAN, what was decided last.
    latest: BTreeMap<(u16, u32), Reference>,
    /// Those without an outcome.
    open: BTreeMap<(u16, u32), Reference>,
    /// Those of `open` that a start found, while nothing new was decided.
    to_close: bool,
    /// Numbers that rest, with the second from which on they do.
    resting: BTreeMap<(u16, u32), u64>,
    /// What is kept for issuers.
    pub(super) items: Items,
    stations: BTreeMap<u16, Station>,
}

#[derive(Debug)]
struct Station {
    name: String,
    dialect: Option<&'static Dialect>,
}

/// A request that was forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where its record stands.
    pub position: u64,
    /// The number of the station that asked.
    pub acquirer: u16,
    /// The number of the station that was asked.
    pub issuer: u16,
    /// DE 11 at the issuer.
    pub stan: u32,
    /// DE 7 at the issuer, ten digits.
    pub transmitted: u64,
    /// It was decided when its repeat came: the request itself was refused, or lost on its way.
    pub of_repeat: bool,
    /// What became of it.
    pub outcome: Option<Outcome>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The issuer's answer was passed on.
    Settled {
        /// DE 39.
        action: Option<ActionCode>,
        /// DE 38.
        approval: Option<Text<6>>,
    },
    /// No answer in time: 911.
    Expired,
    /// It did not leave: 907.
    Unsent,
    /// The answer could not be said to the acquirer: 909.
    Undelivered,
    /// A start closed it.
    Closed,
}

impl Outcome {
    /// Whether this is what a repeat was told after it.
    pub fn explains_repeat(self, answered: &Answered) -> bool {
        let told = answered.action.map(|action| action.to_string());
        match (self, told.as_deref()) {
            (Self::Closed, Some("909" | "96")) => true,
            _ => self.explains(answered),
        }
    }

    /// Whether this is what an acquirer was told.
    pub(super) fn explains(self, answered: &Answered) -> bool {
        let told = answered.action.map(|action| action.to_string());
        // Of 1993 and 1987; the latter has no place for who decided.
        let by_switch =
            |codes: [&str; 2]| told.as_deref().is_some_and(|told| codes.contains(&told));
        match self {
            Self::Settled { action, approval } => {
                !answered.by_switch && action == answered.action && approval == answered.approval
            }
            Self::Expired => by_switch(["911", "68"]),
            Self::Unsent => by_switch(["907", "91"]),
            Self::Undelivered => by_switch(["909", "96"]),
            Self::Closed => false,
        }
    }
}

impl Journal {
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn unfinished(&self) -> usize {
        self.open.len()
    }

    pub(super) fn decision(&self, reference: Reference) -> Option<Decision> {
        self.decisions.get(&reference).copied()
    }

    pub(super) fn decided(&self) -> &[Reference] {
        &self.decided
    }

    pub(super) fn number_of(&self, name: &str) -> Option<u16> {
        self.stations.iter().find(|(_, station)| station.name == name).map(|(number, _)| *number)
    }

    pub(super) fn name_of(&self, number: u16) -> Option<&str> {
        self.stations.get(&number).map(|station| station.name.as_str())
    }

    pub(super) fn counts(&self) -> Counts {
        let decisions = u64::try_from(self.decisions.len()).unwrap_or(u64::MAX);
        Counts { records: self.records, decisions, closed: self.closed, ..Counts::default() }
    }

    /// Takes the next record; gives the transaction that it is about.
    pub(super) fn read(
        &mut self,
        position: u64,
        bytes: &[u8],
        findings: &mut Findings,
    ) -> Option<Reference> {
        if position != self.position + 1 {
            findings.add(|| format!("position {position} follows {}", self.position));
        }
        self.position = position;
        self.records += 1;
        let record = match Record::read(bytes) {
            Ok(record) => record,
            Err(error) => {
                findings.add(|| format!("position {position} has no record: {error}"));
                return None;
            }
        };
        let outcome = match record {
            Record::Decision { .. } => return self.decide(&record, findings),
            Record::Settlement { issuer, answer, .. } => self.settled(issuer.0, answer),
            Record::Expiry { .. } => Outcome::Expired,
            Record::Unsent { .. } => Outcome::Unsent,
            Record::Undelivered { .. } => Outcome::Undelivered,
            Record::Closed { .. } => Outcome::Closed,
            Record::Station { number, name, dialect } => {
                let station = Station { name: name.to_owned(), dialect: codec::built_in(dialect) };
                let before = self.stations.insert(number.0, station);
                if before.is_some_and(|before| before.name != name) {
                    findings
                        .add(|| format!("position {position}: number {number:?} is given again"));
                }
                return None;
            }
            Record::Start { epoch, .. } => {
                if epoch <= self.epoch {
                    findings.add(|| format!("epoch {epoch} follows {}", self.epoch));
                }
                self.epoch = epoch;
                self.to_close = true;
                return None;
            }
            Record::Queued { .. } | Record::Advice { .. } => {
                let Kept { issuer, stan, mti, original, reason, frame, .. } = record.kept()?;
                let kept = Obligation { issuer: issuer.0, stan: stan.0, reason, end: None };
                return self.keep(kept, (mti, original.0), frame, findings);
            }
            Record::Acknowledged { issuer, stan, action, .. } => {
                let place = (issuer.0, stan.0);
                return self.items.end(position, place, End::Acknowledged(action), findings);
            }
            Record::Item { issuer, stan, state: ItemState::Purged, .. } => {
                return self.items.end(position, (issuer.0, stan.0), End::Purged, findings);
            }
            Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::HashKey { .. }
            | Record::Promotion { .. }
            | Record::Handover { .. }
            | Record::Orphan { .. }
            | Record::Pulse
            | Record::Command { .. }
            | Record::Counts { .. }
            | Record::Delivery { .. }
            | Record::Item { .. } => return None,
        };
        self.end(position, &record, outcome, findings)
    }

    fn decide(&mut self, record: &Record<'_>, findings: &mut Findings) -> Option<Reference> {
        let &Record::Decision { acquirer, issuer, stan, mti, sent_at, utc, inputs, .. } = record
        else {
            return None;
        };
        let position = self.position;
        if std::mem::take(&mut self.to_close) && !self.open.is_empty() {
            let left = self.open.len();
            findings.add(|| {
                format!("position {position}: {left} requests without an outcome are not closed")
            });
        }
        let Some(reference) = self.reference_of(acquirer.0, inputs) else {
            findings.add(|| format!("position {position}: a decision without DE 37"));
            return None;
        };
        let place = (issuer.0, stan.0);
        if self.resting.get(&place).is_some_and(|since| utc < since + REST) {
            findings.add(|| format!("{reference}: its number {place:?} had to rest"));
        }
        if self.items.is_kept(place) {
            findings.add(|| format!("{reference}: its number {place:?} is that of a reversal"));
        }
        if let Some(other) = self.open.insert(place, reference) {
            findings.add(|| format!("{reference}: its number {place:?} is that of {other}"));
        }
        self.latest.insert(place, reference);
        self.decided.push(reference);
        let decision = Decision {
            position,
            acquirer: acquirer.0,
            issuer: issuer.0,
            stan: stan.0,
            transmitted: decimal(sent_at),
            of_repeat: mti.is_repeat(),
            outcome: None,
        };
        if let Some(before) = self.decisions.insert(reference, decision) {
            findings
                .add(|| format!("{reference}: decided at {} and at {position}", before.position));
        }
        Some(reference)
    }

    /// A message is kept for an issuer; gives the request that it reverses in whole.
    fn keep(
        &mut self,
        kept: Obligation,
        (mti, original): (Mti, u32),
        frame: &[u8],
        findings: &mut Findings,
    ) -> Option<Reference> {
        let position = self.position;
        let reference = self.reference_of(kept.issuer, frame);
        let reversed = reference.filter(|_| mti.class() == 4 && self.is_full(kept.issuer, frame));
        if let Some(of) = reference.filter(|_| mti.class() == 4 && reversed.is_none()) {
            self.items.takes_part(of, kept.stan);
        }
        let of = reference.and_then(|reference| self.decisions.get(&reference));
        if original != 0 && of.is_none_or(|of| (of.issuer, of.stan) != (kept.issuer, original)) {
            findings.add(|| {
                format!("position {position}: {kept:?} is about {original:06}, which is {of:?}")
            });
        }
        self.items.keep(position, kept, reversed, findings);
        reversed
    }

    /// Whether a reversal is of the whole: DE 24 says so, and in 1987 that there is no DE 95.
    fn is_full(&self, issuer: u16, frame: &[u8]) -> bool {
        let dialect = self.stations.get(&issuer).and_then(|station| station.dialect);
        let mut slots = Slots::new();
        let Some(dialect) = dialect.filter(|one| one.decode(frame, &mut slots).is_ok()) else {
            return false;
        };
        let message = slots.message(dialect, frame);
        match message.mti().version() {
            0 => !message.fields().has(95),
            _ => message.value(24).and_then(|value| value.number()) == Some(400),
        }
    }

    fn end(
        &mut self,
        position: u64,
        record: &Record<'_>,
        outcome: Outcome,
        findings: &mut Findings,
    ) -> Option<Reference> {
        let (place, utc) = place_of(record)?;
        let Some(reference) = self.open.remove(&place) else {
            let latest = self.latest.get(&place);
            findings.add(|| format!("position {position}: {outcome:?} of {place:?}, which has one or is none ({latest:?})"));
            return None;
        };
        if matches!(outcome, Outcome::Expired | Outcome::Closed) {
            self.resting.insert(place, utc);
        }
        self.closed += u64::from(outcome == Outcome::Closed);
        if let Some(decision) = self.decisions.get_mut(&reference) {
            decision.outcome = Some(outcome);
        }
        Some(reference)
    }

    fn settled(&self, issuer: u16, answer: &[u8]) -> Outcome {
        let nothing = Outcome::Settled { action: None, approval: None };
        let Some(dialect) = self.stations.get(&issuer).and_then(|station| station.dialect) else {
            return nothing;
        };
        let mut slots = Slots::new();
        if dialect.decode(answer, &mut slots).is_err() {
            return nothing;
        }
        let message = slots.message(dialect, answer);
        let mut text = [[0; 6]; 2];
        let [action, approval] = &mut text;
        let action = message.value(39).and_then(|value| value.write_text(action));
        let approval = message.value(38).and_then(|value| value.write_text(approval));
        Outcome::Settled {
            action: action.and_then(|text| ActionCode::new(std::str::from_utf8(text).ok()?)),
            approval: approval.and_then(Text::new),
        }
    }

    fn reference_of(&self, acquirer: u16, inputs: &[u8]) -> Option<Reference> {
        let dialect = self.stations.get(&acquirer)?.dialect?;
        let mut slots = Slots::new();
        dialect.decode(inputs, &mut slots).ok()?;
        let mut text = [0; 12];
        let value = slots.message(dialect, inputs).value(37)?;
        Text::new(value.write_text(&mut text)?)
    }
}

/// Whose outcome it is, and when, as a second since 1970.
fn place_of(record: &Record<'_>) -> Option<((u16, u32), u64)> {
    match *record {
        Record::Settlement { issuer, stan, utc, .. }
        | Record::Expiry { issuer, stan, utc, .. }
        | Record::Unsent { issuer, stan, utc, .. }
        | Record::Undelivered { issuer, stan, utc, .. }
        | Record::Closed { issuer, stan, utc } => Some(((issuer.0, stan.0), utc)),
        Record::Decision { .. }
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
        | Record::Counts { .. }
        | Record::Queued { .. }
        | Record::Acknowledged { .. }
        | Record::Item { .. }
        | Record::Advice { .. }
        | Record::Delivery { .. } => None,
    }
}

/// Packed digits as the number that they say.
fn decimal(packed: u64) -> u64 {
    (0..16).rev().fold(0, |number, digit| number * 10 + (packed >> (4 * digit) & 0xF))
}
