//! One question to the reader, answered record by record: which one it is about, and what was written
//! down of the same transaction later. Must not know where records are read.

use std::collections::{BTreeMap, BTreeSet};

use journal::index::Mark;
use switch_core::Question;
use switch_core::found::Found;
use switch_core::identity::HashKey;
use switch_core::ids::{Stan, StationNumber};
use switch_core::marks;
use switch_core::records::Record;

use crate::marking::in_index;

/// The most records of one answer. A transaction that has more is not told.
const RECORDS_MAX: usize = 256;

/// What is known of a question so far.
pub(super) struct Search {
    question: Question,
    head: Option<Head>,
    /// By position.
    records: BTreeMap<u64, Vec<u8>>,
}

/// The request or the advice that the question is about.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Head {
    position: u64,
    reference: u64,
    trace: (StationNumber, Stan),
    /// Where its number was used again.
    until: u64,
}

impl Search {
    pub(super) fn new(question: Question) -> Self {
        Self { question, head: None, records: BTreeMap::new() }
    }

    /// Adds what is to be looked for now.
    pub(super) fn add_marks(&self, key: &HashKey, wanted: &mut BTreeSet<Mark>) {
        let mut add = |mark| wanted.extend([in_index(mark)]);
        match self.question {
            Question::Original { reference } => {
                marks::Mark::reference(reference).into_iter().for_each(&mut add);
            }
            Question::Known { key } => add(marks::Mark::key(key)),
            Question::Mac => {}
        }
        if let Some(Head { reference, trace: (issuer, stan), .. }) = self.head {
            marks::Mark::reference(reference).into_iter().for_each(&mut add);
            if stan.0 != 0 {
                add(marks::Mark::trace(key, issuer, stan));
            }
        }
    }

    /// Where the record stands that the question is about; none: it was not found yet. When it changes,
    /// there is more to look for.
    pub(super) fn about(&self) -> Option<u64> {
        self.head.map(|head| head.position)
    }

    /// Takes in a record, which may have nothing to do with it. Records of one look come in order.
    pub(super) fn take(&mut self, position: u64, bytes: &[u8]) {
        let Ok(record) = Record::read(bytes) else { return };
        if let Record::Decision { key, reference, issuer, stan, .. }
        | Record::Advice { key, reference, issuer, stan, .. } = record
            && self.is_about(key, reference)
            && self.head.is_none_or(|head| head.position < position)
        {
            let (trace, until) = ((issuer, stan), u64::MAX);
            self.head = Some(Head { position, reference, trace, until });
            self.records.clear();
        } else if !self.follows(position, &record) {
            return;
        }
        self.records.insert(position, bytes.to_vec());
    }

    /// The answer. None: there is more than can be told.
    pub(super) fn answer(&self) -> Option<Found> {
        if self.records.len() > RECORDS_MAX {
            return None;
        }
        let mut found = Found::default();
        self.records.values().for_each(|record| found.push(record));
        Some(found)
    }

    fn is_about(&self, of_key: u128, of_reference: u64) -> bool {
        match self.question {
            Question::Original { reference } => reference == of_reference && reference != 0,
            Question::Known { key } => key == of_key,
            Question::Mac => false,
        }
    }

    /// Whether a record tells more of what the question is about.
    fn follows(&mut self, position: u64, record: &Record<'_>) -> bool {
        if let (Question::Original { reference: asked }, Record::Tombstone { reference, .. }) =
            (self.question, record)
        {
            return asked == *reference;
        }
        let Some(head) = &mut self.head else { return false };
        if position < head.position {
            return false;
        }
        let is_ours = |issuer, stan: Stan| {
            (issuer, stan) == head.trace && stan.0 != 0 && position < head.until
        };
        match *record {
            Record::Decision { issuer, stan, .. } => {
                if is_ours(issuer, stan) && position > head.position {
                    head.until = position;
                }
                position == head.position
            }
            Record::Advice { original, .. } => {
                position == head.position || (original == head.reference && original != 0)
            }
            Record::Tombstone { reference, .. } => reference == head.reference && reference != 0,
            Record::Queued { issuer, stan, original, .. } => {
                is_ours(issuer, stan) || is_ours(issuer, original)
            }
            Record::Settlement { issuer, stan, .. }
            | Record::Expiry { issuer, stan, .. }
            | Record::Unsent { issuer, stan, .. }
            | Record::Undelivered { issuer, stan, .. }
            | Record::Closed { issuer, stan, .. }
            | Record::Acknowledged { issuer, stan, .. }
            | Record::Item { issuer, stan, .. }
            | Record::Delivery { issuer, stan, .. } => is_ours(issuer, stan),
            Record::Station { .. }
            | Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::Start { .. }
            | Record::Counts { .. }
            | Record::HashKey { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests;
