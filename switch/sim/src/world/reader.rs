//! A reader of older records that has all of them at hand: what it finds is what a real one would. Must
//! not know what the core makes of it.

use switch_core::found::Found;
use switch_core::ids::{Stan, StationNumber};
use switch_core::records::Record;
use switch_core::{Question, Reply};

use super::World;
use super::restart::Journal;

impl World {
    /// From here on there is a reader, which replies at once.
    pub fn has_reader(&mut self) {
        self.reading = true;
        for core in &mut self.cores {
            core.handle_reader(true);
        }
    }
}

impl Journal {
    /// What is written down of what a question names; none where it is for somebody else.
    pub(super) fn find(&self, question: Question) -> Option<Reply> {
        let is_it = |record: &Record<'_>| match (*record, question) {
            (
                Record::Decision { reference: its, .. }
                | Record::Advice { reference: its, .. }
                | Record::Tombstone { reference: its, .. },
                Question::Original { reference },
            ) => its == reference,
            (
                Record::Decision { key: its, .. } | Record::Advice { key: its, .. },
                Question::Known { key },
            ) => its == key,
            _ => false,
        };
        if question == Question::Mac {
            return None;
        }
        let mut found = Found::default();
        let read = |bytes: &Vec<u8>| Record::read(bytes).ok().is_some_and(|record| is_it(&record));
        let Some(first) = self.records.iter().position(read) else {
            return Some(Reply::Found(found));
        };
        let about = about(&Record::read(&self.records[first]).unwrap());
        for bytes in &self.records[first..] {
            let record = Record::read(bytes).unwrap();
            if is_it(&record) || about.is_some_and(|about| is_about(&record, about)) {
                found.push(bytes);
            }
        }
        Some(Reply::Found(found))
    }
}

/// An issuer, our STAN, and what later messages call it.
type About = (StationNumber, Stan, u64);

fn about(record: &Record<'_>) -> Option<About> {
    let (Record::Decision { issuer, stan, reference, .. }
    | Record::Advice { issuer, stan, reference, .. }) = *record
    else {
        return None;
    };
    Some((issuer, stan, reference))
}

fn is_about(record: &Record<'_>, (asked, trace, reference): About) -> bool {
    let is_it = |issuer, stan| (issuer, stan) == (asked, trace);
    if let Record::Queued { issuer, stan, original, .. } = *record {
        return is_it(issuer, stan) || is_it(issuer, original);
    }
    if let Record::Advice { original, .. } = *record {
        return original == reference && reference != 0;
    }
    matches!(
        *record,
        Record::Settlement { issuer, stan, .. }
            | Record::Expiry { issuer, stan, .. }
            | Record::Unsent { issuer, stan, .. }
            | Record::Undelivered { issuer, stan, .. }
            | Record::Closed { issuer, stan, .. }
            if is_it(issuer, stan)
    )
}
