//! What was kept for issuers about one transaction, and what became of it, in words: reversals in whole
//! and in part, what only tells, and what operators gave up. Must not know how a transaction itself ended.

use codec::Mti;
use switch_core::ids::{Stan, StationNumber};
use switch_core::records::{self, Delivery, ItemState, Record, TakesBack};

/// What was told about a transaction beside its own end.
#[derive(Default)]
pub(super) struct Kept {
    items: Vec<Item>,
    /// Its acquirer took it back, and nothing was kept for that yet.
    is_wanted_back: bool,
    lost: Option<Delivery>,
}

/// One message that was kept.
struct Item {
    issuer: StationNumber,
    stan: Stan,
    mti: Mti,
    /// It is what the transaction itself said.
    is_own: bool,
    /// A reversal takes back only a part.
    is_part: bool,
    end: End,
}

/// What became of it.
enum End {
    /// It waits, or is sent.
    Open,
    Acknowledged,
    /// By whom.
    GivenUp(String),
}

impl Kept {
    /// Takes what a record says is kept; `own`: under which number the transaction itself went to its
    /// issuer. True where it says so.
    pub(super) fn keep(&mut self, record: &Record<'_>, own: (StationNumber, Stan)) -> bool {
        let Some(records::Kept { issuer, stan, mti, takes_back, .. }) = record.kept() else {
            return false;
        };
        let is_own = own == (issuer, stan);
        let is_part = matches!(takes_back, TakesBack::Part(_));
        self.items.push(Item { issuer, stan, mti, is_own, is_part, end: End::Open });
        true
    }

    /// Takes a record behind the first.
    pub(super) fn take(&mut self, record: &Record<'_>, own: (StationNumber, Stan)) {
        if self.keep(record, own) {
            return;
        }
        match record {
            Record::Advice { takes_back: TakesBack::Whole, .. } => self.is_wanted_back = true,
            &Record::Acknowledged { issuer, stan, .. } => {
                self.ends(issuer, stan, End::Acknowledged);
            }
            &Record::Item { issuer, stan, state: ItemState::Purged, by, .. } => {
                self.ends(issuer, stan, End::GivenUp(by.to_owned()));
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
            | Record::Promotion { .. }
            | Record::Handover { .. }
            | Record::Orphan { .. }
            | Record::Pulse
            | Record::Command { .. }
            | Record::Queued { .. }
            | Record::Item { .. }
            | Record::Advice { .. }
            | Record::Settlement { .. }
            | Record::Expiry { .. }
            | Record::Unsent { .. }
            | Record::Undelivered { .. }
            | Record::Closed { .. } => {}
        }
    }

    /// The one that has this number now: numbers are used again.
    fn item(&mut self, issuer: StationNumber, stan: Stan) -> Option<&mut Item> {
        let mut items = self.items.iter_mut().rev();
        items.find(|item| (item.issuer, item.stan) == (issuer, stan))
    }

    fn ends(&mut self, issuer: StationNumber, stan: Stan, end: End) {
        if let Some(item) = self.item(issuer, stan) {
            item.end = end;
        }
    }

    /// All that is to be said, each thing once; `is_over`: the transaction has an end of its own.
    pub(super) fn words(&self, is_over: bool) -> Vec<String> {
        let lost = self.lost.map(|how| match how {
            Delivery::None => "not delivered".to_owned(),
            Delivery::Unknown => "delivery unknown".to_owned(),
        });
        let mut words: Vec<String> = lost.into_iter().collect();
        let has_reversal = self.items.iter().any(Item::takes_back_all);
        // It follows when the issuer has approved, or said nothing.
        if self.is_wanted_back && !is_over && !has_reversal {
            words.push("being reversed".into());
        }
        for said in self.items.iter().filter_map(Item::words) {
            if !words.contains(&said) {
                words.push(said);
            }
        }
        words
    }
}

impl Item {
    fn takes_back_all(&self) -> bool {
        self.mti.class() == 4 && !self.is_part
    }

    fn words(&self) -> Option<String> {
        let part = if self.is_part { " in part" } else { "" };
        let who = if self.is_own { String::new() } else { format!("{} ", self.mti) };
        Some(match (&self.end, self.mti.class()) {
            (End::Open, 4) => format!("being reversed{part}"),
            (End::Acknowledged, 4) => format!("reversed{part}"),
            (End::GivenUp(by), 4) => format!("reversal{part} given up by {by}"),
            (End::Open, _) => format!("{who}kept for the issuer"),
            (End::GivenUp(by), _) => format!("{who}given up by {by}"),
            (End::Acknowledged, _) => return None,
        })
    }
}
