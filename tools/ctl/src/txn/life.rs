//! The life of one transaction: what it was, what became of it, and its steps. Must not know how it was
//! found, nor how it is shown.

use serde::Serialize;
use switch_core::records::{Delivery, ItemState, Record};

use super::history::{History, Seen};
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
            outcome: outcome(head.place.position, all),
        };
        let mut steps = Vec::new();
        for seen in all {
            steps.extend(step(&history.row(seen), &seen.bytes, row.acquirer.as_deref()));
        }
        Self { facts, steps }
    }
}

fn of_field(row: &Row, n: u8) -> Option<String> {
    let fields = row.fields.as_ref()?;
    fields.0.iter().find(|(of, _)| *of == n).map(|(_, value)| value.clone())
}

/// What became of it, in a few words.
fn outcome(head: u64, all: &[Seen]) -> String {
    let (mut ended, mut kept) = ("in flight".to_owned(), Kept::default());
    for seen in all {
        let Ok(record) = Record::read(&seen.bytes) else { continue };
        match ending(&record, seen.place.position == head) {
            Some(words) => ended = words,
            None => kept.take(&record),
        }
    }
    kept.words().iter().fold(ended, |all, one| all + ", " + one)
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
        | Record::Tombstone { .. }
        | Record::Advice { .. }
        | Record::Queued { .. }
        | Record::Acknowledged { .. }
        | Record::Item { .. }
        | Record::Delivery { .. } => return None,
    })
}

/// What was told about it beside.
#[derive(Default)]
struct Kept {
    reversing: bool,
    open: u32,
    lost: Option<Delivery>,
}

impl Kept {
    fn take(&mut self, record: &Record<'_>) {
        match record {
            Record::Advice { .. } => self.reversing = true,
            Record::Queued { mti, .. } => {
                self.reversing |= mti.class() == 4;
                self.open += 1;
            }
            Record::Acknowledged { .. } | Record::Item { state: ItemState::Purged, .. } => {
                self.open = self.open.saturating_sub(1);
            }
            Record::Delivery { how, .. } => self.lost = Some(*how),
            Record::Decision { .. }
            | Record::Station { .. }
            | Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::Start { .. }
            | Record::Counts { .. }
            | Record::HashKey { .. }
            | Record::Tombstone { .. }
            | Record::Item { .. }
            | Record::Settlement { .. }
            | Record::Expiry { .. }
            | Record::Unsent { .. }
            | Record::Undelivered { .. }
            | Record::Closed { .. } => {}
        }
    }

    fn words(&self) -> Vec<&'static str> {
        let lost = self.lost.map(|how| match how {
            Delivery::None => "not delivered",
            Delivery::Unknown => "delivery unknown",
        });
        let kept = match (self.reversing, self.open) {
            (true, 0) => Some("reversed"),
            (true, _) => Some("being reversed"),
            (false, 1..) => Some("kept for the issuer"),
            (false, 0) => None,
        };
        lost.into_iter().chain(kept).collect()
    }
}
