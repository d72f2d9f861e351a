//! What names an original in a later message about it: DE 56 of 1993, DE 90 of 1987. Reads it, writes
//! it and hashes it. Knows no table in which an original could be found.
//!
//! ```text
//! DE 56, n..35   MTI (4), DE 11 (6), DE 12 (12), length (2) and digits of DE 32
//! DE 90, n 42    MTI (4), DE 11 (6), DE 7 (10), DE 32 (11), DE 33 (11), zeros to the left
//! ```
//! Both legs have their own: what an acquirer refers to is what it sent, and what an issuer is told is
//! what we sent. Zeros in front of an institution say nothing, so that both forms name one acquirer.

use codec::{Message, Mti, Version};
use siphasher::sip::SipHasher24;

use crate::broken::{Variant, breaks};
use crate::identity::HashKey;
use crate::ids::StationNumber;
use crate::plan::Institution;

/// The names of one original on one leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its MTI, as it was sent; whether it was a repeat does not count.
    pub mti: Mti,
    /// Its DE 11, six packed digits.
    pub stan: u64,
    /// Its DE 12 of 1993, twelve packed digits, or its DE 7 of 1987, ten; 0 where it had none.
    pub time: u64,
    /// Its DE 32; of no digits where it is left out.
    pub acquirer: Institution,
}

/// Why a message refers to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoReference {
    /// It has no such field.
    Missing,
    /// What stands there names no message.
    Malformed,
}

/// Digits of DE 56 and DE 90 at their longest.
const DE_56_MAX: usize = 35;
const DE_90: usize = 42;
/// Digits of an institution.
const INSTITUTION_MAX: usize = 11;

/// The data element of an edition that refers to an original.
pub const fn field_of(version: Version) -> u8 {
    match version {
        Version::Iso1987 => 90,
        Version::Iso1993 | Version::Iso2003 => 56,
    }
}

/// A reference as its field says it.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    text: [u8; DE_90],
    len: usize,
}

impl Written {
    /// The digits, in ASCII.
    pub fn text(&self) -> &[u8] {
        &self.text[..self.len]
    }

    fn put(&mut self, digits: u64, units: usize) {
        for place in 0..units {
            let nibble = digits.checked_shr(u32::try_from(4 * (units - 1 - place)).unwrap_or(64));
            let digit = u8::try_from(nibble.unwrap_or(0) & 0xF).expect("four bits");
            self.text[self.len + place] = b'0' | digit;
        }
        self.len += units;
    }
}

impl Reference {
    /// What a later message would call this one; none without a STAN.
    pub fn of(message: &Message<'_>) -> Option<Self> {
        let packed = |field| message.value(field).and_then(|value| value.packed());
        Self::of_digits(message, packed(11), packed(12), packed(32))
    }

    /// The same of one that has these digits in DE 11, 12 and 32.
    #[inline]
    pub(crate) fn of_digits(
        message: &Message<'_>,
        stan: Option<u64>,
        time: Option<u64>,
        acquirer: Option<u64>,
    ) -> Option<Self> {
        let time = match message.dialect().version() {
            Version::Iso1987 => message.value(7).and_then(|value| value.packed()),
            Version::Iso1993 | Version::Iso2003 => time,
        };
        Some(Self {
            mti: message.mti(),
            stan: stan?,
            time: time.unwrap_or_default(),
            acquirer: institution(acquirer.unwrap_or_default()),
        })
    }

    /// What a message refers to. One that leaves the acquirer out means its own.
    pub fn read(message: &Message<'_>) -> Result<Self, NoReference> {
        let version = message.dialect().version();
        let value = message.value(field_of(version)).ok_or(NoReference::Missing)?;
        let mut room = [0; DE_90];
        let text = value.write_text(&mut room).ok_or(NoReference::Malformed)?;
        let named = match version {
            Version::Iso1987 => Self::read_90(text),
            Version::Iso1993 | Version::Iso2003 => Self::read_56(text),
        };
        let named = named.ok_or(NoReference::Malformed)?;
        if named.acquirer.digits != 0 {
            return Ok(named);
        }
        let own = message.value(32).and_then(|value| value.packed()).unwrap_or_default();
        Ok(Self { acquirer: institution(own), ..named })
    }

    fn read_56(text: &[u8]) -> Option<Self> {
        let (head, rest) = text.split_at_checked(22)?;
        let (len, rest) = rest.split_at_checked(2)?;
        let len = usize::try_from(digits(len)?).ok()?;
        // As digits the length reads the same packed up to 9; beyond it is 10 or 11.
        let len = if len >= 0x10 { len - 6 } else { len };
        let fits = len <= INSTITUTION_MAX && rest.len() == len;
        let acquirer = if fits { digits(rest)? } else { return None };
        Some(Self {
            mti: mti(head)?,
            stan: digits(&head[4..10])?,
            time: digits(&head[10..])?,
            acquirer: institution(acquirer),
        })
    }

    fn read_90(text: &[u8]) -> Option<Self> {
        // Some write the second institution, which is whoever forwarded it, in another way.
        let head = text.get(..31).filter(|_| text.len() == DE_90)?;
        Some(Self {
            mti: mti(head)?,
            stan: digits(&head[4..10])?,
            time: digits(&head[10..20])?,
            acquirer: institution(digits(&head[20..])?),
        })
    }

    /// How it is written in this edition; `forwarder` is the DE 33 of the original, where that is
    /// told.
    pub fn write(&self, version: Version, forwarder: Institution) -> Written {
        let mut written = Written { text: [b'0'; DE_90], len: 0 };
        written.put(self.mti.bcd().into(), 4);
        written.put(self.stan, 6);
        match version {
            Version::Iso1987 => {
                written.put(self.time, 10);
                written.put(self.acquirer.digits, INSTITUTION_MAX);
                written.put(forwarder.digits, INSTITUTION_MAX);
            }
            Version::Iso1993 | Version::Iso2003 => {
                let units = self.acquirer.units;
                written.put(self.time, 12);
                written.put(crate::time::packed(units.into()), 2);
                written.put(self.acquirer.digits, units.into());
                debug_assert!(written.len <= DE_56_MAX, "four parts at their longest");
            }
        }
        written
    }
}

/// The MTI in front of a reference.
fn mti(text: &[u8]) -> Option<Mti> {
    Mti::new(u16::try_from(digits(text.get(..4)?)?).ok()?)
}

/// Up to sixteen digits, packed; none where one is none.
fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |packed: u64, byte| {
        byte.is_ascii_digit().then(|| packed << 4 | u64::from(byte - b'0'))
    })
}

/// An institution without zeros in front.
fn institution(digits: u64) -> Institution {
    let bits = u64::BITS - digits.leading_zeros();
    Institution { digits, units: u8::try_from(bits.div_ceil(4)).expect("at most 16 digits") }
}

impl HashKey {
    /// What an original of this station is found by: a keyed hash of its reference, of whatever
    /// origin its MTI is. 0 is none, which stands for no reference.
    #[inline]
    pub fn reference(&self, station: StationNumber, reference: &Reference) -> u64 {
        let &Reference { mti, stan, time, acquirer } = reference;
        // In whole words, which are hashed twice as fast as what is left over. All other hashes under
        // this key are of 128 bits, which is another function.
        let mut text = [0; 24];
        let of = if breaks(Variant::OfAnyStation) { 0 } else { station.0 };
        text[..2].copy_from_slice(&of.to_le_bytes());
        text[2..4].copy_from_slice(&(mti.bcd() >> 4).to_le_bytes());
        let stan = u32::try_from(stan).unwrap_or(u32::MAX);
        text[4..8].copy_from_slice(&stan.to_le_bytes());
        text[8..16].copy_from_slice(&time.to_le_bytes());
        text[16..].copy_from_slice(&acquirer.digits.to_le_bytes());
        SipHasher24::new_with_key(&self.0).hash(&text).max(1)
    }
}

#[cfg(test)]
mod tests;
