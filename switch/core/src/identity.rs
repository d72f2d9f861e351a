//! By what a request and its repeats are known as one: a keyed hash of the fields that stay the same,
//! and a second one of what must. Shows no field; knows no table.
//!
//! ```text
//! key    station, version, class and function of the MTI, DE 11, 12, 32, 37, 41, 42
//! check  key, DE 4, card
//! ```
//! A field that is missing counts as empty, and one counts by what it says, not by how it is written:
//! packed or not, it is the same. The hashes are SipHash-2-4 under a key that nobody outside has, so
//! that nobody can choose requests that crowd one place of a table, and a hash in a journal tells
//! nothing about what went into it.

use core::fmt;
use core::hash::Hasher as _;

use codec::{Form, Message, Mti, Pan, Value};
use siphasher::sip128::{Hasher128 as _, SipHasher24};

use crate::ids::StationNumber;

/// The fields of the key, in the order in which they are hashed.
const KEY_FIELDS: [u8; 6] = [11, 12, 32, 37, 41, 42];

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
    #[inline]
    pub fn key(&self, station: StationNumber, message: &Message<'_>) -> u128 {
        let mut text = Text::new(self);
        text.put(&station.0.to_le_bytes());
        text.put(&kind(message.mti()).to_le_bytes());
        for field in KEY_FIELDS {
            text.put_field(field, message.value(field));
        }
        text.end()
    }

    /// The same with what its repeats must say too.
    #[inline]
    pub fn identity(&self, key: u128, message: &Message<'_>, pan: Pan) -> Identity {
        let mut text = Text::new(self);
        text.put(&key.to_le_bytes());
        text.put_field(4, message.value(4));
        text.put(&pan.number().to_le_bytes());
        text.put(&[pan.digits()]);
        let check = u64::try_from(text.end() >> 64).expect("64 bits");
        Identity { key, check }
    }
}

/// An MTI without its origin, which says whether it is a repeat.
fn kind(mti: Mti) -> u16 {
    mti.bcd() >> 4
}

/// What is hashed, gathered so that the hash takes it in few pieces.
struct Text {
    hasher: SipHasher24,
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Text {
    const ROOM: usize = 128;

    #[inline]
    fn new(key: &HashKey) -> Self {
        Self { hasher: SipHasher24::new_with_key(&key.0), bytes: [0; Self::ROOM], len: 0 }
    }

    /// A field by its number and length, so that no other fields are the same text.
    #[inline]
    fn put_field(&mut self, field: u8, value: Option<Value<'_>>) {
        let value = value.filter(|value| value.units() > 0);
        let Some(value) = value else { return self.put(&[field, 0, 0]) };
        let [low, high] = value.units().to_le_bytes();
        self.put(&[field, low, high]);
        if let Some(digits) = value.packed() {
            self.put(&digits.to_le_bytes());
        } else if matches!(value.spec().form, Form::Chars | Form::Raw) {
            self.put(value.bytes());
        } else {
            self.put_long(value);
        }
    }

    /// What is neither characters nor sixteen digits.
    #[inline(never)]
    fn put_long(&mut self, value: Value<'_>) {
        let mut room = [0; 1_024];
        self.put(value.write_text(&mut room).unwrap_or(value.bytes()));
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if bytes.len() > Self::ROOM - self.len {
            self.hasher.write(&self.bytes[..self.len]);
            self.len = 0;
        }
        match self.bytes.get_mut(self.len..self.len + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.len += bytes.len();
            }
            None => self.hasher.write(bytes),
        }
    }

    #[inline]
    fn end(mut self) -> u128 {
        self.hasher.write(&self.bytes[..self.len]);
        self.hasher.finish128().into()
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey")
    }
}

#[cfg(test)]
mod tests;
