//! One question about the past, answered record by record: which request or advice it is about, and what
//! was written down of the same transaction later. Must not know where records are read.

use std::collections::{BTreeMap, BTreeSet};

use journal::index::Mark;
use switch_core::Question;
use switch_core::found::Found;
use switch_core::identity::HashKey;
use switch_core::ids::{Stan, StationNumber};
use switch_core::marks;
use switch_core::records::{Kept, Record};
use switch_core::time::Stamp;
use switch_core::wiped::Wiped;

use crate::marking::in_index;

/// The most records of one answer. A transaction that has more is not told.
const RECORDS_MAX: usize = 256;
/// The most messages that are kept for an issuer about one transaction, and followed.
const ITEMS_MAX: usize = 64;

/// What is known of a question so far.
#[derive(Debug)]
pub struct Search {
    /// None: it is about one record.
    question: Option<Question>,
    head: Option<Head>,
    /// What is kept for issuers about it.
    items: Vec<Item>,
    /// By position.
    records: BTreeMap<u64, Wiped>,
    /// Something was not read that may have told more than what is known.
    is_blind: bool,
}

/// The request or the advice that the question is about.
#[derive(Clone, Copy, Debug)]
struct Head {
    position: u64,
    reference: u64,
    trace: Item,
}

/// A number towards an issuer, for as long as it stands for this transaction.
#[derive(Clone, Copy, Debug)]
struct Item {
    issuer: StationNumber,
    stan: Stan,
    /// The DE 7 that went with it, ten packed digits: later messages about it say it.
    sent_at: u64,
    from: u64,
    /// Where the number was used again.
    until: u64,
}

impl Item {
    fn has(&self, issuer: StationNumber, stan: Stan, position: u64) -> bool {
        self.is(issuer, stan) && (self.from..self.until).contains(&position)
    }

    fn is(&self, issuer: StationNumber, stan: Stan) -> bool {
        (self.issuer, self.stan) == (issuer, stan) && stan.0 != 0
    }
}

impl Search {
    /// Nothing is known yet.
    pub fn new(question: Question) -> Self {
        let (items, records) = (Vec::new(), BTreeMap::new());
        let question = Some(question);
        Self { question, head: None, items, records, is_blind: false }
    }

    /// About the request or the advice at this position.
    pub fn of(position: u64, bytes: &[u8]) -> Self {
        let (items, records) = (Vec::new(), BTreeMap::new());
        let (question, head) = (None, None);
        let mut search = Self { question, head, items, records, is_blind: false };
        if let Ok(record) = Record::read(bytes)
            && let Some(head) = Head::of(position, &record)
        {
            search.head = Some(head);
            search.records.insert(position, Wiped::of(bytes));
        }
        search
    }

    /// Adds what is to be looked for now.
    pub fn add_marks(&self, key: &HashKey, wanted: &mut BTreeSet<Mark>) {
        let mut add = |mark| wanted.extend([in_index(mark)]);
        match self.question {
            Some(Question::Original { reference }) => {
                marks::Mark::reference(reference).into_iter().for_each(&mut add);
            }
            Some(Question::Known { key }) => add(marks::Mark::key(key)),
            Some(Question::Mac) | None => {}
        }
        if let Some(Head { reference, .. }) = self.head {
            marks::Mark::reference(reference).into_iter().for_each(&mut add);
        }
        let trace = self.head.map(|head| head.trace);
        for Item { issuer, stan, .. } in trace.iter().chain(&self.items) {
            if stan.0 != 0 {
                add(marks::Mark::trace(key, *issuer, *stan));
            }
        }
    }

    /// What it looks for: when this changes, there is more to look for.
    pub fn aim(&self) -> (Option<u64>, usize) {
        (self.head.map(|head| head.position), self.items.len())
    }

    /// Takes in a record, which may have nothing to do with it. Records of one look come in order.
    pub fn take(&mut self, position: u64, bytes: &[u8]) {
        let Ok(record) = Record::read(bytes) else { return };
        if self.is_about(&record)
            && self.head.is_none_or(|head| head.position < position)
            && let Some(head) = Head::of(position, &record)
        {
            self.forget();
            // What is older, read or not, is not what is asked for.
            (self.head, self.is_blind) = (Some(head), false);
        } else if !self.follows(position, &record) {
            return;
        }
        self.records.insert(position, Wiped::of(bytes));
    }

    /// A part of the log was not read. What is known so far may have ended there, or gone on, or may be
    /// something else; only what begins later is told whole.
    pub(super) fn lose(&mut self) {
        self.forget();
        self.is_blind = true;
    }

    fn forget(&mut self) {
        self.head = None;
        self.items.clear();
        self.records.clear();
    }

    /// The answer: the request or the advice first. None: there is more than can be told, or than could
    /// be read.
    pub(super) fn answer(&self) -> Option<Found> {
        if self.is_blind || self.records.len() > RECORDS_MAX {
            return None;
        }
        let head = self.head.map(|head| head.position);
        let first = head.and_then(|head| self.records.get(&head));
        let others = self.records.iter().filter(|(position, _)| Some(**position) != head);
        let mut found = Found::default();
        for record in first.into_iter().chain(others.map(|(_, record)| record)) {
            found.push(record);
        }
        Some(found)
    }

    /// Its records with their positions, in order.
    pub fn records(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.records.iter().map(|(position, record)| (*position, &**record))
    }

    fn is_about(&self, record: &Record<'_>) -> bool {
        let (Record::Decision { key: of_key, reference: of_reference, .. }
        | Record::Advice { key: of_key, reference: of_reference, .. }) = *record
        else {
            return false;
        };
        match self.question {
            Some(Question::Original { reference }) => reference == of_reference && reference != 0,
            Some(Question::Known { key }) => key == of_key,
            Some(Question::Mac) | None => false,
        }
    }

    /// Whether a record tells more of what the question is about.
    fn follows(&mut self, position: u64, record: &Record<'_>) -> bool {
        if let Some(Question::Original { reference }) = self.question
            && reference != 0
            && record.refuses().contains(&reference)
        {
            return true;
        }
        let Some(head) = self.head else { return false };
        if position <= head.position {
            return position == head.position;
        }
        match *record {
            Record::Decision { issuer, stan, .. } => {
                self.ends(issuer, stan, position);
                false
            }
            Record::Advice { original, .. } => {
                let is_named = original == head.reference && original != 0;
                record.kept().is_some_and(|kept| self.follow(position, &kept, is_named)) || is_named
            }
            Record::Queued { .. } => {
                record.kept().is_some_and(|kept| self.follow(position, &kept, false))
            }
            Record::Settlement { issuer, stan, .. }
            | Record::Expiry { issuer, stan, .. }
            | Record::Unsent { issuer, stan, .. }
            | Record::Undelivered { issuer, stan, .. }
            | Record::Closed { issuer, stan, .. }
            | Record::Acknowledged { issuer, stan, .. }
            | Record::Item { issuer, stan, .. }
            | Record::Delivery { issuer, stan, .. } => self.has(issuer, stan, position),
            Record::Station { .. }
            | Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::Start { .. }
            | Record::Counts { .. }
            | Record::HashKey { .. }
            | Record::Promotion { .. }
            | Record::Handover { .. }
            | Record::Orphan { .. }
            | Record::Pulse
            | Record::Command { .. } => false,
        }
    }

    /// A message is kept for an issuer; whether it is about this, as is known, or by its number.
    fn follow(&mut self, position: u64, kept: &Kept<'_>, is_named: bool) -> bool {
        let &Kept { issuer, stan, original, original_at, utc, .. } = kept;
        self.ends(issuer, stan, position);
        // However often that number was used since.
        let is_about_it = is_named
            || self.all().any(|item| {
                item.is(issuer, original) && item.sent_at == original_at && item.from < position
            });
        if is_about_it {
            self.keeps((issuer, stan), utc, position);
        }
        is_about_it
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Item> {
        self.head.iter_mut().map(|head| &mut head.trace).chain(&mut self.items)
    }

    fn has(&mut self, issuer: StationNumber, stan: Stan, position: u64) -> bool {
        self.all().any(|item| item.has(issuer, stan, position))
    }

    /// A number is used again.
    fn ends(&mut self, issuer: StationNumber, stan: Stan, position: u64) {
        let was_used = |item: &&mut Item| item.from < position && item.has(issuer, stan, position);
        for item in self.all().filter(was_used) {
            item.until = position;
        }
    }

    /// A message about it is kept for an issuer from here on.
    fn keeps(&mut self, (issuer, stan): (StationNumber, Stan), utc: u64, position: u64) {
        if stan.0 != 0 && !self.has(issuer, stan, position) && self.items.len() < ITEMS_MAX {
            let (sent_at, until) = (made_at(utc), u64::MAX);
            self.items.push(Item { issuer, stan, sent_at, from: position, until });
        }
    }
}

impl Head {
    /// None: no question is about such a record.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others begin nothing")]
    fn of(position: u64, record: &Record<'_>) -> Option<Self> {
        let (reference, issuer, stan, sent_at) = match *record {
            Record::Decision { reference, issuer, stan, sent_at, .. } => {
                (reference, issuer, stan, sent_at)
            }
            Record::Advice { reference, issuer, stan, utc, .. } => {
                (reference, issuer, stan, made_at(utc))
            }
            _ => return None,
        };
        let trace = Item { issuer, stan, sent_at, from: position, until: u64::MAX };
        Some(Self { position, reference, trace })
    }
}

/// The DE 7 of what was made in this second since 1970.
fn made_at(utc: u64) -> u64 {
    Stamp::default().at(utc).transmission()
}

#[cfg(test)]
mod tests;
