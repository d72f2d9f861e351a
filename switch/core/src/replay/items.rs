//! What is kept for issuers until it is acknowledged, as records tell it, and what was noted beside.
//! Knows no message in it.

use alloc::borrow::ToOwned as _;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use codec::Mti;

use crate::identity::Identity;
use crate::ids::{Stan, StationNumber};
use crate::records::{Delivery, ItemState, Kept, Record, TakesBack};
use crate::replay::{Contradiction, Known, Outcome, Position, State};

/// Something that must be brought to an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Of the record that made it.
    pub position: Position,
    /// To whom.
    pub issuer: StationNumber,
    /// Its STAN.
    pub stan: Stan,
    /// For whom, or who asked for what is reversed.
    pub acquirer: StationNumber,
    /// The MTI of its first sending.
    pub mti: Mti,
    /// Our STAN of the transaction that it is about, 0 without one.
    pub original: Stan,
    /// The DE 7 that went with that one, ten packed digits; 0 without one.
    pub original_at: u64,
    /// DE 25 as first given, four packed digits.
    pub reason: u16,
    /// When it was made, as a second since 1970.
    pub utc: u64,
    /// Whether it is parked, held or released; none when nobody ever said so.
    pub state: Option<ItemState>,
    /// Who said so.
    pub by: String,
    /// The message in the issuer's dialect.
    pub frame: Vec<u8>,
}

/// A request that is refused should it still come: its reversal came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// Whose request.
    pub acquirer: StationNumber,
    /// What the reversal named it by.
    pub reference: u64,
    /// Since when, as a second since 1970.
    pub utc: u64,
}

/// An approval that may not have been delivered, should the records end here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recent {
    pub(super) issuer: StationNumber,
    pub(super) stan: Stan,
    pub(super) utc: u64,
}

/// Seconds after which an approval is taken to have left, if nothing else was written down.
const RECENT_SECS: u64 = 1;

/// All of them, by issuer and STAN.
#[derive(Debug, Default)]
pub(super) struct Items(BTreeMap<(StationNumber, Stan), Item>);

impl Items {
    pub(super) fn begin(&mut self, position: Position, kept: &Kept<'_>) {
        let &Kept { issuer, stan, acquirer, mti, original, original_at, .. } = kept;
        let &Kept { reason, utc, frame, .. } = kept;
        self.take_in(Item {
            position,
            issuer,
            stan,
            acquirer,
            mti,
            original,
            original_at,
            reason,
            utc,
            state: None,
            by: String::new(),
            frame: frame.into(),
        });
    }

    /// Takes in one whose STAN is free.
    pub(super) fn take_in(&mut self, item: Item) {
        self.0.insert((item.issuer, item.stan), item);
    }

    /// Something is said about one; false when there is none.
    pub(super) fn turns(&mut self, key: (StationNumber, Stan), state: ItemState, by: &str) -> bool {
        let found = self.0.get_mut(&key);
        found.is_some_and(|item| {
            item.state = Some(state);
            by.clone_into(&mut item.by);
            true
        })
    }

    /// One is acknowledged or purged; false when there is none.
    pub(super) fn end(&mut self, key: (StationNumber, Stan)) -> bool {
        self.0.remove(&key).is_some()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Item> {
        self.0.values()
    }

    /// The record that made one.
    pub(super) fn since(&self, key: (StationNumber, Stan)) -> Option<Position> {
        self.0.get(&key).map(|item| item.position)
    }
}

impl State {
    /// What is kept for issuers, by issuer and STAN.
    pub fn items(&self) -> impl ExactSizeIterator<Item = &Item> {
        self.items.iter()
    }

    /// Requests that are refused should they still come, the oldest first.
    pub fn tombstones(&self) -> impl ExactSizeIterator<Item = &Tombstone> {
        self.tombstones.iter()
    }

    pub(super) fn forget_recent(&mut self) {
        while let Some(oldest) = self.recent.front()
            && (oldest.utc.saturating_add(RECENT_SECS) < self.utc
                || self.recent.len() > self.bounds.known_max)
        {
            self.recent.pop_front();
        }
    }

    /// A start: whether what was approved in the last second before it was delivered, nobody knows.
    pub(super) fn doubt_recent(&mut self) {
        for Recent { issuer, stan, .. } in core::mem::take(&mut self.recent) {
            self.doubt(issuer, stan);
        }
    }

    /// Whether the last approval under this STAN was delivered is not known.
    fn doubt(&mut self, issuer: StationNumber, stan: Stan) {
        if let Some(facts) = self.stations.find_mut(issuer) {
            let number = facts.traces.known(stan);
            self.known.doubt(number, (issuer, stan));
        }
    }

    /// What is kept for issuers, and what has to do with it.
    pub(super) fn keep(
        &mut self,
        position: Position,
        record: &Record<'_>,
    ) -> Result<(), Contradiction> {
        let utc = match *record {
            Record::Queued { utc, .. } => {
                self.queue(position, record)?;
                utc
            }
            Record::Acknowledged { issuer, stan, utc, .. }
            | Record::Item { issuer, stan, state: ItemState::Purged, utc, .. } => {
                let kind = record.name();
                let traces = &mut self.stations.of(position, issuer)?.traces;
                if !self.items.end((issuer, stan)) {
                    return Err(Contradiction::NothingKept { position, kind, issuer, stan });
                }
                self.open.give_back(traces, stan);
                utc
            }
            Record::Item { issuer, stan, state, by, utc } => {
                if !self.items.turns((issuer, stan), state, by) {
                    let kind = record.name();
                    return Err(Contradiction::NothingKept { position, kind, issuer, stan });
                }
                utc
            }
            Record::Advice { utc, .. } => {
                self.advise(position, record)?;
                utc
            }
            Record::Delivery { issuer, stan, how, utc } => {
                self.stations.of(position, issuer)?;
                if how == Delivery::Unknown {
                    self.doubt(issuer, stan);
                }
                utc
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
            | Record::Counts { .. } => unreachable!("only what is kept is kept"),
        };
        while self.tombstones.len() > self.bounds.known_max {
            self.tombstones.pop_front();
        }
        self.passes(utc);
        Ok(())
    }

    /// A message for an issuer is kept; a reversal obliges its original.
    fn queue(&mut self, position: Position, record: &Record<'_>) -> Result<(), Contradiction> {
        let Some(kept) = record.kept() else { return Ok(()) };
        let Kept { issuer, stan, acquirer, original, original_at, takes_back, .. } = kept;
        self.stations.of(position, acquirer)?;
        let traces = &mut self.stations.of(position, issuer)?.traces;
        let block = self.open.room(position, traces, (issuer, stan), &self.items)?;
        block.keep(position, stan);
        if takes_back == TakesBack::Whole {
            let about = (issuer, original, original_at);
            if !self.open.oblige(traces, about, stan) {
                self.known.oblige(traces.known(original), about, stan);
            }
        }
        self.items.begin(position, &kept);
        Ok(())
    }

    /// An advice was accepted: its repeats are known.
    fn advise(&mut self, position: Position, record: &Record<'_>) -> Result<(), Contradiction> {
        let &Record::Advice {
            acquirer,
            link,
            mti,
            key,
            check,
            reference,
            original,
            action,
            issuer,
            stan,
            takes_back,
            utc,
            inputs,
            ..
        } = record
        else {
            unreachable!("it is an advice")
        };
        self.stations.of(position, acquirer)?;
        self.stations.of(position, issuer)?;
        if link >= self.stations.next_link() {
            return Err(Contradiction::UnknownLink { position, link });
        }
        self.queue(position, record)?;
        for reference in record.refuses().into_iter().filter(|&reference| reference != 0) {
            self.tombstones.push_back(Tombstone { acquirer, reference, utc });
        }
        let known = Known {
            position,
            outcome: Outcome::Advised(action),
            acquirer,
            issuer,
            stan,
            identity: Identity { key, check },
            mti,
            sent_at: 0,
            reference,
            original,
            obliged: Stan(0),
            in_doubt: false,
        };
        // Its original may be open: then a start wants to know why it is reversed.
        let may_wait = takes_back == TakesBack::Whole && stan == Stan(0);
        self.know(known, Some(inputs).filter(|_| may_wait));
        Ok(())
    }

    /// A transaction is over, or an advice was accepted.
    pub(super) fn know(&mut self, known: Known, answer: Option<&[u8]>) {
        let Known { issuer, stan, outcome, .. } = known;
        let number = self.known.add(known, answer, &self.bounds);
        if !matches!(outcome, Outcome::Advised(_))
            && let Some(facts) = self.stations.find_mut(issuer)
        {
            facts.traces.know(stan, number);
        }
    }
}
