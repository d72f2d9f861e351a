//! The life of one transaction: what it was, what became of it, and its steps. Must not know how it was
//! found, nor how it is shown.

use serde::Serialize;
use switch_core::ids::{Stan, StationNumber};
use switch_core::records::Record;

use super::history::{History, Seen};
use super::kept::Kept;
use super::step::{Step, step};
use crate::journal::row::Row;

/// What can be said of a transaction in a line.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    /// The position of its first record.
    pub(super) id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acquirer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<String>,
    /// The acquirer's (DE 11).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stan: Option<String>,
    /// Ours towards the issuer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) our_stan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rrn: Option<String>,
    /// Its first six and last four digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) card: Option<String>,
    /// DE 4, as it stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) amount: Option<String>,
    pub(super) outcome: String,
}

/// A transaction.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) facts: Facts,
    pub(super) steps: Vec<Step>,
}

impl Life {
    /// Of the record that it began with, and all that was written down of it.
    pub(super) fn of(history: &History<'_>, head: &Seen, all: &[Seen]) -> Self {
        let row = history.row(head);
        let rows: Vec<_> = all.iter().map(|seen| (seen, history.row(seen))).collect();
        let field = |n: u8| of_field(&row, n);
        let facts = Facts {
            id: head.place.position,
            at: row.at.clone(),
            mti: row.mti.clone(),
            acquirer: row.acquirer.clone(),
            issuer: row.issuer.clone(),
            stan: field(11),
            our_stan: row.stan.clone(),
            rrn: row.rrn.clone(),
            card: field(2),
            amount: field(4),
            outcome: outcome(head, &rows),
        };
        let mut steps = Vec::new();
        for (seen, each) in &rows {
            steps.extend(step(each, &seen.bytes, row.acquirer.as_deref()));
        }
        Self { facts, steps }
    }
}

fn of_field(row: &Row, n: u8) -> Option<String> {
    let fields = row.fields.as_ref()?;
    fields.0.iter().find(|(of, _)| *of == n).map(|(_, value)| value.clone())
}

/// What became of it, in a few words.
fn outcome(head: &Seen, all: &[(&Seen, Row)]) -> String {
    let (mut ended, mut kept, own) = (None, Kept::default(), number(head));
    for (seen, _) in all {
        let Ok(record) = Record::read(&seen.bytes) else { continue };
        let is_head = seen.place.position == head.place.position;
        match ending(&record, is_head) {
            Some(words) => {
                ended = Some(words);
                kept.keep(&record, own);
            }
            None => kept.take(&record, own),
        }
    }
    let words = kept.words(ended.is_some());
    let ended = ended.unwrap_or_else(|| "in flight".to_owned());
    words.iter().fold(ended, |all, one| all + ", " + one)
}

/// Under which number it went to which issuer.
fn number(head: &Seen) -> (StationNumber, Stan) {
    match Record::read(&head.bytes) {
        Ok(Record::Decision { issuer, stan, .. } | Record::Advice { issuer, stan, .. }) => {
            (issuer, stan)
        }
        _ => (StationNumber(0), Stan(0)),
    }
}

/// What a record says of the end; none where it says something else.
fn ending(record: &Record<'_>, is_head: bool) -> Option<String> {
    Some(match record {
        Record::Settlement { action, .. } if *action < 0x100 => format!("approved {action:03x}"),
        Record::Settlement { action, .. } => format!("declined {action:03x}"),
        Record::Expiry { .. } => "no answer 911".into(),
        Record::Unsent { .. } => "not sent 907".into(),
        Record::Undelivered { action, .. } => format!("answer {action:03x} not passed on"),
        Record::Closed { .. } => "closed by a start 909".into(),
        Record::Advice { action, .. } if is_head => format!("answered {action:03x}"),
        Record::Decision { .. }
        | Record::Station { .. }
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
        | Record::Command { .. }
        | Record::Advice { .. }
        | Record::Queued { .. }
        | Record::Acknowledged { .. }
        | Record::Item { .. }
        | Record::Delivery { .. } => return None,
    })
}
