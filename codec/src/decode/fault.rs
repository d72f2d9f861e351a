//! What is wrong with a message, worked out after the fast pass has stumbled. Knows no speed.

use super::read_units;
use crate::dialect::Layout;
use crate::error::{DecodeError, Expected, Found};
use crate::fields::Fields;
use crate::shape::{Charset, Head, Shape};
use crate::slots::Slots;

/// Where the fast pass stumbled: at field `n`, which begins at `at`, or at a byte before it.
pub(super) struct Fault {
    pub(super) n: usize,
    pub(super) at: usize,
    pub(super) wrong: Wrong,
}

/// Over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The dialect has no such field.
    Absent,
    /// The message ends within the prefix.
    PrefixShort,
    /// A byte of the prefix is no digit.
    Prefix,
    /// The prefix tells more than the field's maximum.
    TooLong,
    /// The message ends within the value.
    Short,
    /// An amount without its sign.
    Sign,
    /// Something in the nibble that should be zero, or a second separator.
    Within,
    /// A byte of some field before this one is not of its class.
    Run,
    /// Bytes behind the last field.
    LeftOver,
}

/// Field, offset, expected, found.
type Facts = (u8, usize, Expected, Found);

impl Fault {
    /// The first thing wrong, by offset. `slots` hold all fields before `n`.
    #[cold]
    pub(super) fn explain(
        self,
        layout: &Layout,
        bytes: &[u8],
        present: Fields,
        slots: &mut Slots,
    ) -> DecodeError {
        let stumbled = u8::try_from(self.n).unwrap_or(DecodeError::END);
        slots.present = present.below(stumbled);
        let before = slots.present.iter().find_map(|n| {
            let (at, units) = slots.find(n)?;
            stranger(layout.shape(n), n, bytes, at, usize::from(units))
        });
        let (field, offset, expected, found) =
            before.unwrap_or_else(|| self.facts(layout.shape(stumbled), stumbled, bytes));
        DecodeError {
            field,
            offset,
            expected,
            found,
            parsed: present.below(field),
            mti: Some(slots.mti),
        }
    }

    /// What is wrong with field `n` itself.
    fn facts(&self, shape: Shape, n: u8, bytes: &[u8]) -> Facts {
        let value_at = self.at + shape.head.size();
        let units = read_units(shape, bytes, self.at).unwrap_or(0);
        let left = |at: usize| Found::Bytes(bytes.len().saturating_sub(at));
        let byte = |at: usize| bytes.get(at).map_or(left(at), |&byte| Found::byte_of(n, byte));
        match self.wrong {
            Wrong::Absent if n == 65 => (n, self.at, Expected::NoThirdBitmap, Found::BitSet),
            Wrong::Absent => (n, self.at, Expected::KnownField, Found::BitSet),
            Wrong::PrefixShort => (n, self.at, Expected::Bytes(shape.head.size()), left(self.at)),
            Wrong::Prefix => self.prefix(shape, n, bytes),
            Wrong::TooLong => {
                let told = told_units(shape, bytes, self.at);
                (n, self.at, Expected::UnitsAtMost(shape.max), Found::Units(told))
            }
            Wrong::Short => (n, value_at, Expected::Bytes(shape.size(units)), left(value_at)),
            Wrong::Sign => (n, value_at, Expected::Sign, byte(value_at)),
            Wrong::Within => {
                let end = (n, value_at, Expected::End, left(value_at));
                within(shape, n, bytes, value_at, units).unwrap_or(end)
            }
            Wrong::Run | Wrong::LeftOver => (n, self.at, Expected::End, left(self.at)),
        }
    }

    fn prefix(&self, shape: Shape, n: u8, bytes: &[u8]) -> Facts {
        let charset = head_charset(shape.head);
        let prefix = bytes.iter().enumerate().skip(self.at).take(shape.head.size());
        let (offset, found) = prefix
            .into_iter()
            .find(|&(_, &byte)| !charset.admits(byte))
            .map_or((self.at, Found::Withheld), |(at, &byte)| (at, Found::byte_of(n, byte)));
        (n, offset, expected_of(charset), found)
    }
}

/// The first byte of a value that is not of its class.
fn stranger(shape: Shape, n: u8, bytes: &[u8], at: usize, units: usize) -> Option<Facts> {
    let from = at + shape.sign_size();
    let value = bytes.get(from..at + shape.size(units))?;
    let place = value.iter().position(|&byte| !shape.charset.admits(byte))?;
    Some((n, from + place, expected_of(shape.charset), Found::byte_of(n, value[place])))
}

/// The first thing wrong within a value that is all there: a byte that is not of its class, what
/// stands in the zero nibble, a second separator.
fn within(shape: Shape, n: u8, bytes: &[u8], at: usize, units: usize) -> Option<Facts> {
    let value = bytes.get(at..at + shape.size(units))?;
    let fact = |place: usize, expected| {
        Some((n, at + place, expected, Found::byte_of(n, *value.get(place)?)))
    };
    let filled = shape
        .zero_nibble(units)
        .filter(|&(place, mask)| value.get(place).is_some_and(|byte| byte & mask != 0));
    let second = if shape.is_track() { shape.second_separator(value) } else { None };
    [
        stranger(shape, n, bytes, at, units),
        filled.and_then(|(place, _)| fact(place, Expected::ZeroNibble)),
        second.and_then(|place| fact(place, Expected::OneSeparator)),
    ]
    .into_iter()
    .flatten()
    .min_by_key(|&(_, offset, ..)| offset)
}

/// The length that a sound prefix tells, whatever the field's maximum.
fn told_units(shape: Shape, bytes: &[u8], at: usize) -> u16 {
    let mut boundless = shape;
    boundless.max = u16::MAX;
    read_units(boundless, bytes, at).ok().and_then(|units| units.try_into().ok()).unwrap_or(0)
}

fn head_charset(head: Head) -> Charset {
    match head {
        Head::Packed1 | Head::Packed2 => Charset::Packed,
        Head::Absent | Head::Fixed | Head::Ascii1 | Head::Ascii2 | Head::Ascii3 | Head::Ascii4 => {
            Charset::Digits
        }
    }
}

fn expected_of(charset: Charset) -> Expected {
    match charset {
        Charset::Digits => Expected::Digit,
        Charset::Packed => Expected::PackedDigits,
        Charset::Text | Charset::Any => Expected::Printable,
        Charset::Hex => Expected::HexDigit,
        Charset::Track => Expected::Track,
        Charset::PackedTrack => Expected::PackedTrack,
    }
}
