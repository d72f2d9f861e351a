//! By what a request and its repeats are known as one: a keyed hash of the fields that stay the same,
//! and a second one of what must. Shows no field; knows no table.
//!
//! ```text
//! key    station, version, class and function of the MTI, DE 11, 12, 13, 32, 37, 41, 42
//! check  key, DE 4, card
//! ```
//! A field that is missing counts as empty, and one counts by what it says, not by how it is written:
//! packed or not, it is the same. The hashes are SipHash-2-4 under a key that nobody outside has, so
//! that nobody can choose requests that crowd one place of a table, and a hash in a journal tells
//! nothing about what went into it.

use core::fmt;

use codec::{Form, Message, Mti, Pan, Value, Version};
use siphasher::sip128::{Hash128, SipHasher24};

use crate::amount::amount_of;
use crate::broken::{Variant, breaks};
use crate::ids::StationNumber;
use crate::reference::Reference;

/// The fields of the key, in the order in which they are hashed. DE 12 of 1987 is a time alone, and
/// DE 13 its day; in 1993 that one is a date of the card, the same in every repeat.
const KEY_FIELDS: [u8; 7] = [11, 12, 13, 32, 37, 41, 42];

/// Digits of DE 11.
const STAN_UNITS: u16 = 6;

/// What the hashes are made under. `Debug` does not show it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct HashKey(pub [u8; 16]);

/// What a request is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The same for a request and its repeats, and for nothing else.
    pub key: u128,
    /// The same where amount and card are the same too.
    pub check: u64,
}

impl HashKey {
    /// What the repeats of a request of this station are found by.
    pub fn key(&self, station: StationNumber, message: &Message<'_>) -> u128 {
        self.key_and_digits(station, message).0
    }

    /// The same, and what later messages call the request, which has some of its digits.
    #[inline]
    pub(crate) fn key_and_reference(
        &self,
        station: StationNumber,
        message: &Message<'_>,
    ) -> (u128, Option<Reference>) {
        let (key, [stan, time, acquirer]) = self.key_and_digits(station, message);
        (key, Reference::of_digits(message, stan, time, acquirer))
    }

    /// The key, and the packed digits of DE 11, 12 and 32, where they have some.
    fn key_and_digits(
        &self,
        station: StationNumber,
        message: &Message<'_>,
    ) -> (u128, [Option<u64>; 3]) {
        let mut text = Text::new(self);
        let value = |field| message.value(field).filter(|value| value.units() > 0);
        let values = KEY_FIELDS.map(value);
        // Lengths first, so that no other fields are the same text.
        text.put(station.0.to_le_bytes());
        text.put(kind(message.mti()).to_le_bytes());
        for value in &values {
            text.put(value.map_or(0, |value| value.units()).to_le_bytes());
        }
        let digits = values.map(|value| value.and_then(|value| text.put_value(value)));
        let [stan, time, _, acquirer, ..] = digits;
        if breaks(Variant::StampCounts) {
            let stamp = message.value(7).and_then(|value| value.packed());
            text.put(stamp.unwrap_or_default().to_le_bytes());
        }
        (text.hash().into(), [stan, time, acquirer])
    }

    /// What the original of a message of 1987 is known by that has this STAN and is of this kind, as far
    /// as the message tells: DE 12, 13, 32, 37, 41 and 42 stay the same as long as a transaction is
    /// spoken of, though the DE 7 by which it is named (DE 90) is another one in a repeat. None where
    /// it says too little.
    pub fn key_of_original(
        &self,
        station: StationNumber,
        message: &Message<'_>,
        (mti, stan): (Mti, u64),
    ) -> Option<u128> {
        let fields = message.fields();
        let tells = fields.has(37) || fields.has(12) && fields.has(13);
        if message.dialect().version() != Version::Iso1987 || !tells {
            return None;
        }
        let mut text = Text::new(self);
        let values = KEY_FIELDS
            .map(|field| message.value(field).filter(|value| field != 11 && value.units() > 0));
        text.put(station.0.to_le_bytes());
        text.put(kind(mti).to_le_bytes());
        text.put(STAN_UNITS.to_le_bytes());
        for value in &values[1..] {
            text.put(value.map_or(0, |value| value.units()).to_le_bytes());
        }
        text.put(stan.to_le_bytes());
        for value in values.into_iter().flatten() {
            text.put_value(value);
        }
        Some(text.hash().into())
    }

    /// What they must agree with.
    pub fn check(&self, key: u128, message: &Message<'_>, pan: Pan) -> u64 {
        self.check_of(key, message, pan, amount_of(message))
    }

    /// The same of a message with this amount.
    #[inline]
    pub(crate) fn check_of(
        &self,
        key: u128,
        message: &Message<'_>,
        pan: Pan,
        amount: Option<(u64, u8)>,
    ) -> u64 {
        let Some((digits, units)) = amount else { return self.check_anyway(key, message, pan) };
        let mut text = self.of_card(key, pan, units.into());
        text.put(digits.to_le_bytes());
        text.hash().h1
    }

    /// The same of a message whose amount is missing, or of no digits.
    #[cold]
    fn check_anyway(&self, key: u128, message: &Message<'_>, pan: Pan) -> u64 {
        let amount = message.value(4);
        let mut text = self.of_card(key, pan, amount.map_or(0, |amount| amount.units()));
        if let Some(amount) = amount {
            text.put_value(amount);
        }
        text.hash().h1
    }

    /// Whether a request that is known by this was of this card. `amount` is its own: the digits
    /// of its DE 4, packed, and how many there were; a later message may be about another one.
    pub fn is_of_card(&self, identity: Identity, amount: Option<(u64, u8)>, pan: Pan) -> bool {
        let mut text = self.of_card(identity.key, pan, amount.map_or(0, |(_, units)| units.into()));
        if let Some((digits, _)) = amount {
            text.put(digits.to_le_bytes());
        }
        text.hash().h1 == identity.check
    }

    #[inline]
    fn of_card(&self, key: u128, pan: Pan, units: u16) -> Text {
        let mut text = Text::new(self);
        text.put(key.to_le_bytes());
        text.put(pan.number().to_le_bytes());
        text.put([pan.digits()]);
        text.put(units.to_le_bytes());
        text
    }
}

/// An MTI without its origin, which says whether it is a repeat.
fn kind(mti: Mti) -> u16 {
    if breaks(Variant::RepeatBitCounts) { mti.bcd() } else { mti.bcd() >> 4 }
}

/// What is hashed.
struct Text {
    hasher: SipHasher24,
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Text {
    /// A longer value stands for itself by its hash.
    const VALUE_MAX: usize = 24;
    /// Numbers, lengths and values, of which there are no more than fields of the key.
    const ROOM: usize = 32 + KEY_FIELDS.len() * Self::VALUE_MAX;

    #[inline]
    fn new(key: &HashKey) -> Self {
        Self { hasher: SipHasher24::new_with_key(&key.0), bytes: [0; Self::ROOM], len: 0 }
    }

    #[inline]
    fn hash(&self) -> Hash128 {
        self.hasher.hash(&self.bytes[..self.len])
    }

    /// Gives the packed digits, where it has some.
    #[inline]
    fn put_value(&mut self, value: Value<'_>) -> Option<u64> {
        let plain = matches!(value.spec().form, Form::Chars | Form::Raw);
        let digits = value.packed();
        match (digits, value.bytes()) {
            (Some(digits), _) => self.put(digits.to_le_bytes()),
            (None, bytes) if plain && bytes.len() <= Self::VALUE_MAX => {
                self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
                self.len += bytes.len();
            }
            (None, _) => self.put_hash(value),
        }
        digits
    }

    /// What is neither short characters nor sixteen digits.
    #[inline(never)]
    fn put_hash(&mut self, value: Value<'_>) {
        let mut room = [0; 1_024];
        let text = value.write_text(&mut room).unwrap_or(value.bytes());
        let hash: u128 = self.hasher.hash(text).into();
        self.put(hash.to_le_bytes());
    }

    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes[self.len..self.len + N].copy_from_slice(&bytes);
        self.len += N;
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey")
    }
}

#[cfg(test)]
mod tests;
