//! A reader of older records that has all of them at hand: what it finds is what a real one would. Must
//! not know what the core makes of it.

use switch_core::found::Found;
use switch_core::ids::{Stan, StationNumber};
use switch_core::records::Record;
use switch_core::time::Stamp;
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
                Record::Decision { reference: its, .. } | Record::Advice { reference: its, .. },
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
        let refuses_it = |record: &Record<'_>| matches!(question, Question::Original { reference } if record.refuses().contains(&reference));
        let mut about: Option<About> = None;
        for bytes in &self.records {
            let record = Record::read(bytes).unwrap();
            let is_it = is_it(&record);
            if is_it && about.is_none() {
                about = About::of(&record);
            }
            let is_about_it = is_it || about.as_mut().is_some_and(|about| about.has(&record));
            if is_about_it || refuses_it(&record) {
                found.push(bytes);
            }
        }
        Some(Reply::Found(found))
    }
}

/// A request or an advice that a question is about.
struct About {
    issuer: StationNumber,
    stan: Stan,
    /// The DE 7 that went with it.
    sent_at: u64,
    /// What later messages call it.
    reference: u64,
    /// Whether its number was used again.
    is_over: bool,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others are about nothing")]
impl About {
    fn of(record: &Record<'_>) -> Option<Self> {
        let (issuer, stan, sent_at, reference) = match *record {
            Record::Decision { issuer, stan, sent_at, reference, .. } => {
                (issuer, stan, sent_at, reference)
            }
            Record::Advice { issuer, stan, utc, reference, .. } => {
                (issuer, stan, Stamp::default().at(utc).transmission(), reference)
            }
            _ => return None,
        };
        Some(Self { issuer, stan, sent_at, reference, is_over: false })
    }

    /// Whether one more record is about it.
    fn has(&mut self, record: &Record<'_>) -> bool {
        let &mut Self { issuer: asked, stan: trace, sent_at, reference, is_over } = self;
        let is_it = |issuer, stan| (issuer, stan) == (asked, trace) && stan.0 != 0;
        match *record {
            Record::Decision { issuer, stan, .. } => {
                self.is_over |= is_it(issuer, stan);
                false
            }
            Record::Queued { .. } | Record::Advice { .. } => {
                let kept = record.kept();
                self.is_over |= kept.is_some_and(|kept| is_it(kept.issuer, kept.stan));
                let is_about_it = kept.is_some_and(|kept| {
                    is_it(kept.issuer, kept.original) && kept.original_at == sent_at
                });
                let named =
                    if let Record::Advice { original, .. } = *record { original } else { 0 };
                is_about_it || named == reference && reference != 0
            }
            Record::Settlement { issuer, stan, .. }
            | Record::Expiry { issuer, stan, .. }
            | Record::Unsent { issuer, stan, .. }
            | Record::Undelivered { issuer, stan, .. }
            | Record::Closed { issuer, stan, .. } => is_it(issuer, stan) && !is_over,
            _ => false,
        }
    }
}
