//! By what a record is found again long after: keyed hashes of what people and later messages know of a
//! transaction. Knows no index; says nothing that could be read back.
//!
//! | kind | of what | on which records |
//! |---|---|---|
//! | `Retrieval` | DE 37, without blanks around it | decision, advice |
//! | `Trace` | an issuer, and our STAN towards it | all of a transaction or of what is kept for an issuer |
//! | `Stan` | an acquirer, and its DE 11 | decision, advice |
//! | `Card` | the card number | decision, advice |
//! | `Reference` | what later messages name it by | decision, advice; an advice also has that of its original |
//! | `Key` | what its repeats are known by | decision, advice |
//!
//! Numbers of stations and STANs are used again, and so may be the others: who finds a record looks
//! whether it is the right one, by its time too. A card is found where the acquirer's dialect allows its
//! number to be written down.

use codec::{Dialect, Slots};
use siphasher::sip128::{Hash128, SipHasher24};

use crate::identity::HashKey;
use crate::ids::{Stan, StationNumber};
use crate::records::Record;

/// What was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// DE 37.
    Retrieval,
    /// An issuer and our STAN.
    Trace,
    /// An acquirer and its DE 11.
    Stan,
    /// A card number.
    Card,
    /// A reference.
    Reference,
    /// The key of repeats.
    Key,
}

/// One of the things that a record is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// What was hashed.
    pub kind: Kind,
    /// The hash.
    pub hash: u64,
}

impl Kind {
    /// Its number in an index, for good.
    pub fn number(self) -> u8 {
        match self {
            Self::Retrieval => 0,
            Self::Trace => 1,
            Self::Stan => 2,
            Self::Card => 3,
            Self::Reference => 4,
            Self::Key => 5,
        }
    }
}

/// Bytes of the longest DE 37 with the kind in front; what is longer is found by its first so many.
const HASHED_MAX: usize = 40;

impl Mark {
    /// Of a DE 37, in ASCII; blanks around it do not count. None where nothing is left.
    pub fn retrieval(key: &HashKey, text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        (!text.is_empty()).then(|| Self::of(key, Kind::Retrieval, text))
    }

    /// Of our STAN towards an issuer.
    pub fn trace(key: &HashKey, issuer: StationNumber, stan: Stan) -> Self {
        Self::of(key, Kind::Trace, &of_station(issuer, stan))
    }

    /// Of an acquirer's STAN (DE 11).
    pub fn stan(key: &HashKey, acquirer: StationNumber, stan: Stan) -> Self {
        Self::of(key, Kind::Stan, &of_station(acquirer, stan))
    }

    /// Of a card number: its digits as a number, and how many there are.
    pub fn card(key: &HashKey, number: u64, digits: u8) -> Self {
        let mut text = [digits; 9];
        text[..8].copy_from_slice(&number.to_le_bytes());
        Self::of(key, Kind::Card, &text)
    }

    /// Of what later messages name a message by, which is a keyed hash already; none of 0, which is no
    /// reference.
    pub fn reference(reference: u64) -> Option<Self> {
        (reference != 0).then_some(Self { kind: Kind::Reference, hash: reference })
    }

    /// Of what repeats are known by, which is a keyed hash already.
    pub fn key(key: u128) -> Self {
        let upper = u64::try_from(key >> 64).expect("the upper half");
        Self { kind: Kind::Key, hash: upper }
    }

    fn of(key: &HashKey, kind: Kind, text: &[u8]) -> Self {
        let mut hashed = [kind.number(); HASHED_MAX];
        let text = &text[..text.len().min(HASHED_MAX - 1)];
        hashed[1..=text.len()].copy_from_slice(text);
        let hash: Hash128 = SipHasher24::new_with_key(&key.0).hash(&hashed[..=text.len()]);
        Self { kind, hash: hash.h1 }
    }
}

fn of_station(station: StationNumber, stan: Stan) -> [u8; 6] {
    let mut text = [0; 6];
    text[..2].copy_from_slice(&station.0.to_le_bytes());
    text[2..].copy_from_slice(&stan.0.to_le_bytes());
    text
}

/// The marks of a record that stand in it without looking into a message: `Trace`, `Reference`, `Key`.
pub fn plain(record: &Record<'_>, key: &HashKey, mark: &mut dyn FnMut(Mark)) {
    match *record {
        Record::Decision { issuer, stan, key: known, reference, .. } => {
            mark(Mark::trace(key, issuer, stan));
            mark(Mark::key(known));
            Mark::reference(reference).into_iter().for_each(mark);
        }
        Record::Settlement { issuer, stan, .. }
        | Record::Expiry { issuer, stan, .. }
        | Record::Unsent { issuer, stan, .. }
        | Record::Undelivered { issuer, stan, .. }
        | Record::Closed { issuer, stan, .. }
        | Record::Acknowledged { issuer, stan, .. }
        | Record::Item { issuer, stan, .. }
        | Record::Delivery { issuer, stan, .. } => mark(Mark::trace(key, issuer, stan)),
        Record::Queued { issuer, stan, original, .. } => {
            mark(Mark::trace(key, issuer, stan));
            if original.0 != 0 {
                mark(Mark::trace(key, issuer, original));
            }
        }
        Record::Advice { issuer, stan, key: known, reference, original, passed, .. } => {
            mark(Mark::key(known));
            Mark::reference(reference).into_iter().for_each(&mut *mark);
            Mark::reference(original).into_iter().for_each(&mut *mark);
            if stan.0 != 0 {
                mark(Mark::trace(key, issuer, stan));
            }
            if let Some(passed) = passed.filter(|passed| passed.original.0 != 0) {
                mark(Mark::trace(key, issuer, passed.original));
            }
        }
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
        | Record::Command { .. } => {}
    }
}

/// All marks of a record. `dialect` is that of its acquirer, where it is known: without it, what stands
/// in the message is not marked. `slots` is scratch space that the caller keeps.
pub fn all(
    record: &Record<'_>,
    key: &HashKey,
    dialect: Option<&Dialect>,
    slots: &mut Slots,
    mark: &mut dyn FnMut(Mark),
) {
    plain(record, key, mark);
    let (Record::Decision { acquirer, inputs, .. } | Record::Advice { acquirer, inputs, .. }) =
        *record
    else {
        return;
    };
    let Some(dialect) = dialect.filter(|dialect| dialect.decode(inputs, slots).is_ok()) else {
        return;
    };
    let message = slots.message(dialect, inputs);
    let mut room = [0; 64];
    if let Some(text) = message.value(37).and_then(|value| value.write_text(&mut room)) {
        Mark::retrieval(key, text).into_iter().for_each(&mut *mark);
    }
    let stan = message.value(11).and_then(|value| value.number());
    if let Some(stan) = stan.and_then(|stan| u32::try_from(stan).ok()) {
        mark(Mark::stan(key, acquirer, Stan(stan)));
    }
    if let Ok(Some(pan)) = message.pan() {
        mark(Mark::card(key, pan.number(), pan.digits()));
    }
}

/// The station in whose dialect a record's message stands that [`all`] looks into.
pub fn speaker(record: &Record<'_>) -> Option<StationNumber> {
    let (Record::Decision { acquirer, .. } | Record::Advice { acquirer, .. }) = *record else {
        return None;
    };
    Some(acquirer)
}

#[cfg(test)]
mod tests;
