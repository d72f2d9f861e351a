//! An original as older records tell it, when it is not in memory any more: what it was, what became of
//! it, what was taken back of it. Knows no table, and not where the records were found.

use codec::{Dialect, Message, Slots};

use super::passed_on_as;
use crate::amount::{amount_of, currency_of};
use crate::duplicates::Facts;
use crate::found::Found;
use crate::identity::Identity;
use crate::ids::{Stan, StationNumber};
use crate::plan::Plan;
use crate::records::{Kept, Record, TakesBack};
use crate::refusal::Refusal;
use crate::time::Stamp;

/// An original of long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) identity: Identity,
    pub(super) facts: Facts,
    pub(super) outcome: Outcome,
    /// The STAN of the reversal of all of it.
    pub(super) reversed: Option<Stan>,
    /// Whether its acquirer has reversed all of it.
    pub(super) is_told: bool,
    pub(super) taken_back: u64,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Answered(u16),
    Declined(u16),
    /// It has none, or a restart closed it.
    Closed,
}

/// What the advice came to that is known by this key: what it must agree with, and its action code.
pub(super) fn advice(found: &Found, key: u128) -> Option<(u64, u16)> {
    let Record::Advice { key: its, check, action, .. } = found.records().next()?.ok()? else {
        return None;
    };
    (its == key).then_some((check, action))
}

/// Whether what is called by this was reversed before it came.
pub(super) fn is_buried(found: &Found, wanted: u64) -> bool {
    found.records().filter_map(Result::ok).any(|record| record.refuses().contains(&wanted))
}

/// The original that is called by this; none when nothing of it can be read.
pub(super) fn original(
    plan: &Plan,
    found: &Found,
    reference: u64,
    slots: &mut Slots,
) -> Option<Past> {
    let mut records = found.records().filter_map(Result::ok);
    let mut past = None;
    while past.is_none() {
        past = first(plan, &records.next()?, reference, slots);
    }
    let (mut past, asked) = past?;
    for record in records {
        past.goes_on(&record, asked, reference);
    }
    Some(past)
}

/// What it was, from its own record; and who was asked.
fn first(
    plan: &Plan,
    record: &Record<'_>,
    wanted: u64,
    slots: &mut Slots,
) -> Option<(Past, StationNumber)> {
    let (Record::Decision { acquirer, issuer: asked, key, check, reference, inputs, .. }
    | Record::Advice { acquirer, issuer: asked, key, check, reference, inputs, .. }) = *record
    else {
        return None;
    };
    let (mti, stan, sent_at, outcome) = if let Record::Decision { mti, stan, sent_at, .. } = *record
    {
        (mti, stan, sent_at, Outcome::Closed)
    } else if let Record::Advice { mti, stan, action, utc, .. } = *record {
        // It was made then, and its issuer knows it by that time in 1987.
        let made_at = Stamp::default().at(utc).transmission();
        (passed_on_as(mti), stan, made_at, Outcome::Declined(action))
    } else {
        unreachable!("it is one of the two")
    };
    if reference != wanted || stan == Stan(0) {
        return None;
    }
    let issuer = plan.numbered_station(asked)?;
    let acquirer = plan.numbered_station(acquirer)?;
    let dialect = &plan.station(acquirer).settings.dialect;
    let (amount, currency) =
        read(dialect, inputs, slots, |said| (amount_of(said), currency_of(said)))?;
    let facts = Facts { issuer, stan, mti, sent_at, amount, currency };
    let identity = Identity { key, check };
    let past = Past { identity, facts, outcome, reversed: None, is_told: false, taken_back: 0 };
    Some((past, asked))
}

impl Past {
    /// One more record about it.
    fn goes_on(&mut self, record: &Record<'_>, asked: StationNumber, reference: u64) {
        let of_it = (asked, self.facts.stan);
        // Its STAN is used again; what is about another one is so by its time.
        if let Some(Kept { issuer, stan, original, original_at, takes_back, .. }) = record.kept()
            && (issuer, original) == of_it
            && original_at == self.facts.sent_at
        {
            match takes_back {
                TakesBack::Nothing | TakesBack::Unseen => {}
                TakesBack::Part(part) => self.taken_back += part,
                TakesBack::Whole => self.reversed = self.reversed.or(Some(stan)),
            }
        }
        match *record {
            Record::Settlement { issuer, stan, action, .. } if (issuer, stan) == of_it => {
                self.outcome = Outcome::Answered(action);
            }
            Record::Expiry { issuer, stan, .. } if (issuer, stan) == of_it => {
                self.outcome = Outcome::Declined(Refusal::TimedOut.action());
            }
            Record::Unsent { issuer, stan, .. } if (issuer, stan) == of_it => {
                self.outcome = Outcome::Declined(Refusal::Unsent.action());
            }
            Record::Undelivered { issuer, stan, .. } if (issuer, stan) == of_it => {
                self.outcome = Outcome::Declined(Refusal::Malfunction.action());
            }
            Record::Advice { original, takes_back: TakesBack::Whole, .. }
                if original == reference =>
            {
                self.is_told = true;
            }
            Record::Decision { .. }
            | Record::Settlement { .. }
            | Record::Expiry { .. }
            | Record::Unsent { .. }
            | Record::Undelivered { .. }
            | Record::Closed { .. }
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
            | Record::Delivery { .. } => {}
        }
    }
}

/// Looks at a frame of a record; none when it can not be read in this dialect.
fn read<T>(
    dialect: &Dialect,
    frame: &[u8],
    slots: &mut Slots,
    look: impl FnOnce(&Message<'_>) -> T,
) -> Option<T> {
    dialect.decode(frame, slots).ok()?;
    Some(look(&slots.message(dialect, frame)))
}
