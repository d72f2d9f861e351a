//! What is inside a field, as data: subfields one behind the other, subfields that begin with a
//! tag, or BER-TLV; and the walk over them, in place. Knows no subfield's meaning.
//!
//! ```text
//!  positional, fixed     positional, with a prefix      tagged, tag of 2, length of 2
//! |00|20|30|             |1200|000042|..|11|77334000001  |01|03|abc|52|02|07|
//!  1  2  3                1    2         4: 2 digits      01         52
//! ```

mod standard;

use crate::part::{Part, PartError, PartExpected};
use crate::spec::{Class, FieldSpec, Length};
use crate::tlv::{Elements, Tag};
use crate::value::Value;
use alloc::borrow::Cow;
use core::fmt;

/// What is inside a field. Widths and lengths count the field's units: digits, characters, bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subfields {
    /// One behind the other. A field of variable length may end behind any of them.
    Positional {
        /// How long each one is.
        widths: Cow<'static, [Width]>,
        /// After the last one comes the first again, to the end of the field.
        repeated: bool,
    },
    /// Each with a name, a length in decimal digits, and so many units.
    Tagged {
        /// Units of the name, 1 to 4.
        tag: u8,
        /// Digits of the length, 1 to 4.
        length: u8,
    },
    /// BER-TLV: in binary fields, and in text as hexadecimal characters.
    BerTlv,
}

/// How long a positional subfield is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Always so many units.
    Fixed(u16),
    /// As many as a prefix tells.
    Var {
        /// Decimal digits of the prefix, 1 to 4.
        digits: u8,
        /// Most units.
        max: u16,
    },
}

/// Which subfield one is, within its field.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The place of a positional one, from 1.
    Place(u8),
    /// The name of a tagged one.
    Name(Name),
    /// The tag of an element.
    Tag(Tag),
}

/// The name that a tagged subfield begins with: one to four units, as they stand there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    units: [u8; 4],
    len: u8,
}

/// One subfield.
#[derive(Clone, Copy, Debug)]
pub struct Subfield<'a> {
    /// Which one.
    pub key: Key,
    /// What it holds.
    pub value: Part<'a>,
    /// The same with its name, tag or prefix in front.
    pub whole: Part<'a>,
}

/// Why a field can not have such subfields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubfieldsError {
    /// The dialect has no such field, or nothing is said about what is inside it.
    Field,
    /// No positional subfield, more than 99, or one of no units.
    Widths,
    /// A prefix, length or name of no or more than four units, or a maximum above what it can tell.
    Digits,
    /// Together they are longer than the field, or shorter than one of fixed length.
    Total,
    /// BER-TLV in a field of digits or an amount.
    Class,
    /// A key of another kind than the field's subfields have.
    Key,
}

/// The most positional subfields of a field.
const PLACES_MAX: usize = 99;

impl Subfields {
    /// Subfields of fixed widths.
    pub fn fixed(widths: &[u16]) -> Self {
        let widths = widths.iter().map(|&width| Width::Fixed(width)).collect();
        Self::Positional { widths: Cow::Owned(widths), repeated: false }
    }

    /// Can they be inside such a field?
    pub fn check(&self, spec: FieldSpec) -> Result<(), SubfieldsError> {
        match self {
            Self::Positional { widths, repeated } => check_widths(widths, *repeated, spec),
            Self::Tagged { tag: 1..=4, length: 1..=4 } => Ok(()),
            Self::Tagged { .. } => Err(SubfieldsError::Digits),
            Self::BerTlv if matches!(spec.class, Class::Binary | Class::Text) => Ok(()),
            Self::BerTlv => Err(SubfieldsError::Class),
        }
    }

    /// Can one of them have this key?
    pub(crate) fn has(&self, key: Key) -> bool {
        match (self, key) {
            (Self::Positional { widths, .. }, Key::Place(place)) => {
                (1..=widths.len()).contains(&usize::from(place))
            }
            (Self::Tagged { tag, .. }, Key::Name(name)) => name.len == *tag,
            (Self::BerTlv, Key::Tag(_)) => true,
            _ => false,
        }
    }

    /// Walks over those in a value.
    pub fn walk<'a>(&'a self, value: Value<'a>) -> Walk<'a> {
        let inside = match self {
            Self::Positional { widths, repeated } => {
                Inside::Positional { widths, repeated: *repeated, next: 0 }
            }
            Self::Tagged { tag, length } => {
                Inside::Tagged { tag: usize::from(*tag), length: usize::from(*length) }
            }
            Self::BerTlv => Inside::BerTlv(Elements::of(value)),
        };
        Walk { part: Part::of(value), at: 0, inside }
    }
}

fn check_widths(widths: &[Width], repeated: bool, spec: FieldSpec) -> Result<(), SubfieldsError> {
    if widths.is_empty() || widths.len() > PLACES_MAX {
        return Err(SubfieldsError::Widths);
    }
    let (mut least, mut most) = (0_u32, 0_u32);
    for width in widths {
        let (low, high) = match *width {
            Width::Fixed(0) | Width::Var { max: 0, .. } => return Err(SubfieldsError::Widths),
            Width::Fixed(units) => (u32::from(units), u32::from(units)),
            Width::Var { digits, max } => {
                let told = match digits {
                    1..=4 => 10_u32.pow(u32::from(digits)) - 1,
                    _ => return Err(SubfieldsError::Digits),
                };
                if u32::from(max) > told {
                    return Err(SubfieldsError::Digits);
                }
                (u32::from(digits), u32::from(digits) + u32::from(max))
            }
        };
        (least, most) = (least + low, most + high);
    }
    let max = u32::from(spec.max);
    let fills = match (spec.length, repeated) {
        (Length::Fixed, true) => least != most || max.is_multiple_of(least),
        (Length::Fixed, false) => most >= max,
        (Length::Var { .. }, _) => true,
    };
    if least <= max && fills { Ok(()) } else { Err(SubfieldsError::Total) }
}

/// The subfields of one value, in order; the last item is an error if it is not as described.
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    part: Part<'a>,
    at: usize,
    inside: Inside<'a>,
}

#[derive(Clone, Debug)]
enum Inside<'a> {
    Positional { widths: &'a [Width], repeated: bool, next: usize },
    Tagged { tag: usize, length: usize },
    BerTlv(Result<Elements<'a>, PartError>),
    Over,
}

impl<'a> Walk<'a> {
    fn read(&mut self) -> Result<Option<Subfield<'a>>, PartError> {
        let ended = self.at == self.part.units();
        match &mut self.inside {
            Inside::Over => Ok(None),
            Inside::BerTlv(elements) => {
                let element = elements.as_mut().map_err(|error| *error)?.next().transpose()?;
                Ok(element.map(|element| Subfield {
                    key: Key::Tag(element.tag),
                    value: element.value,
                    whole: element.whole,
                }))
            }
            Inside::Positional { .. } | Inside::Tagged { .. } if ended => Ok(None),
            Inside::Positional { widths, repeated, next } => {
                if *next == widths.len() && *repeated {
                    *next = 0;
                }
                let over = self.part.wrong(self.at, PartExpected::End);
                let width = *widths.get(*next).ok_or(over)?;
                *next += 1;
                let key = Key::Place(u8::try_from(*next).map_err(|_| over)?);
                let (head, units) = match width {
                    Width::Fixed(units) => (0, usize::from(units)),
                    Width::Var { digits, max } => {
                        let head = usize::from(digits);
                        let units = number(&self.part, self.at, head)?;
                        if units > usize::from(max) {
                            return Err(self.part.wrong(self.at, PartExpected::UnitsAtMost(max)));
                        }
                        (head, units)
                    }
                };
                self.take(key, head, units).map(Some)
            }
            &mut Inside::Tagged { tag, length } => {
                let name = self.part.part(self.at, tag).and_then(|name| Name::of(&name));
                let short = self.part.wrong(self.at, PartExpected::Units(tag));
                let key = Key::Name(name.ok_or(short)?);
                let units = number(&self.part, self.at + tag, length)?;
                self.take(key, tag + length, units).map(Some)
            }
        }
    }

    fn take(&mut self, key: Key, head: usize, units: usize) -> Result<Subfield<'a>, PartError> {
        let value_at = self.at + head;
        let short = self.part.wrong(value_at, PartExpected::Units(units));
        let value = self.part.part(value_at, units).ok_or(short)?;
        let whole = self.part.part(self.at, head + units).ok_or(short)?;
        self.at = value_at + units;
        Ok(Subfield { key, value, whole })
    }
}

/// The number that so many decimal digits are.
fn number(part: &Part<'_>, at: usize, digits: usize) -> Result<usize, PartError> {
    let told = part.part(at, digits).ok_or(part.wrong(at, PartExpected::Units(digits)))?;
    let mut number = 0;
    for (place, unit) in told.iter().enumerate() {
        if !unit.is_ascii_digit() {
            return Err(part.wrong(at + place, PartExpected::Digit));
        }
        number = number * 10 + usize::from(unit - b'0');
    }
    Ok(number)
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Subfield<'a>, PartError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read().transpose();
        if let Some(Err(_)) = read {
            self.inside = Inside::Over;
        }
        read
    }
}

impl core::iter::FusedIterator for Walk<'_> {}

impl Name {
    /// The name of these units; `None` when they are none or more than four.
    pub fn new(units: &[u8]) -> Option<Self> {
        let mut name = Self { units: [0; 4], len: u8::try_from(units.len()).ok()? };
        name.units.get_mut(..units.len())?.copy_from_slice(units);
        (!units.is_empty()).then_some(name)
    }

    fn of(part: &Part<'_>) -> Option<Self> {
        let mut room = [0; 4];
        Self::new(part.write_text(&mut room)?)
    }

    /// Its units.
    pub fn units(&self) -> &[u8] {
        self.units.get(..usize::from(self.len)).unwrap_or(&self.units)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.units().escape_ascii().fmt(f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(place) => place.fmt(f),
            Self::Name(name) => name.fmt(f),
            Self::Tag(tag) => tag.fmt(f),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SubfieldsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Field => "the dialect has no such field, or none with subfields",
            Self::Widths => "1 to 99 positional subfields of at least 1 unit each",
            Self::Digits => "a name, length or prefix has 1 to 4 units, and can tell the maximum",
            Self::Total => "the subfields together are as long as the field",
            Self::Class => "BER-TLV is in a field of bytes or text",
            Self::Key => "the subfields of this field are named in another way",
        })
    }
}

impl core::error::Error for SubfieldsError {}

#[cfg(test)]
mod tests;
