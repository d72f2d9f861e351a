//! BER-TLV, the layout of chip data (DE 55), walked in place: tag, length, value, and again. Knows
//! no tag's meaning.
//!
//! ```text
//!  9F 02 | 06 | 00 00 00 00 25 00      81 to FF bytes: 81 xx      5F on 1F: the tag goes on while
//!   tag  | len| value                  100 to FFFF:    82 xx xx   the next byte is 80 and above
//! ```
//!
//! A tag has one to four bytes, a length one to three; a length need not be the shortest that says
//! it. A length without a number (0x80, the indefinite one) and more than three bytes are refused:
//! no chip data has them. Bytes 00 before, between and behind elements are padding and passed over.
//! FF is no padding but begins a tag: payment systems use tags such as FF8105.

use crate::part::{Part, PartError, PartExpected};
use crate::spec::{Class, Form};
use crate::value::Value;
use core::fmt;

/// A tag of one to four bytes, as a number: 9F02 is `0x9F02`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u32);

/// One element: its tag, its value, and both with the length between them.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    /// Which one it is.
    pub tag: Tag,
    /// What it holds.
    pub value: Part<'a>,
    /// From the first byte of the tag to the last of the value.
    pub whole: Part<'a>,
}

/// The elements of some bytes, in order; the last item is an error if the bytes are no BER-TLV.
///
/// What lies between the elements given is padding (00), so that whoever writes them again, and
/// zeros in the gaps, has the same bytes.
#[derive(Clone)]
pub struct Elements<'a> {
    part: Part<'a>,
    at: usize,
}

impl Tag {
    /// The tag that these bytes are, the first one highest.
    pub const fn of(bytes: u32) -> Self {
        Self(bytes)
    }

    /// Its bytes as a number, the first one highest.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Its bytes.
    const fn size(self) -> u32 {
        let bits = 32 - self.0.leading_zeros();
        if bits == 0 { 1 } else { bits.div_ceil(8) }
    }

    /// Does an element of this tag hold elements?
    #[inline]
    pub const fn is_constructed(self) -> bool {
        let first = self.0 >> (8 * (self.size() - 1));
        first & 0x20 != 0
    }
}

impl<'a> Elements<'a> {
    /// Those of a field: of binary values in either form, and of a text of hexadecimal characters.
    pub fn of(value: Value<'a>) -> Result<Self, PartError> {
        let spec = value.spec();
        let part = match (spec.class, spec.form) {
            (Class::Binary, _) => Part::of(value),
            (_, Form::Chars | Form::Raw | Form::Hex) => {
                let text = value.bytes();
                let whole = Part::of(value);
                if let Some(place) = text.iter().position(|byte| !byte.is_ascii_hexdigit()) {
                    return Err(whole.wrong(place, PartExpected::HexDigit));
                }
                if !text.len().is_multiple_of(2) {
                    return Err(whole.wrong(text.len(), PartExpected::HexDigit));
                }
                Part::of_hex(value)
            }
            (_, Form::Packed { .. }) => {
                return Err(Part::of(value).wrong(0, PartExpected::HexDigit));
            }
        };
        Ok(Self { part, at: 0 })
    }

    /// Those of the bytes in some part of a binary value, such as an element that holds elements.
    pub const fn within(part: Part<'a>) -> Self {
        Self { part, at: 0 }
    }

    /// The next element; `None` behind the last.
    #[inline]
    fn read(&mut self) -> Result<Option<Element<'a>>, PartError> {
        let part = self.part;
        while part.unit(self.at) == Some(0) {
            self.at += 1;
        }
        let from = self.at;
        let Some(first) = part.unit(from) else { return Ok(None) };
        let mut at = from + 1;
        let mut tag = u32::from(first);
        if first & 0x1F == 0x1F {
            loop {
                let more = part.unit(at).filter(|_| at - from < 4);
                let more = more.ok_or(part.wrong(at, PartExpected::TagEnd))?;
                tag = (tag << 8) | u32::from(more);
                at += 1;
                if more & 0x80 == 0 {
                    break;
                }
            }
        }
        let byte = |at| part.unit(at).map(usize::from);
        let wrong = part.wrong(at, PartExpected::Length);
        let (units, value_at) = match byte(at).ok_or(wrong)? {
            units @ ..=0x7F => (units, at + 1),
            0x81 => (byte(at + 1).ok_or(wrong)?, at + 2),
            0x82 => {
                let high = byte(at + 1).ok_or(wrong)?;
                (high << 8 | byte(at + 2).ok_or(wrong)?, at + 3)
            }
            _ => return Err(wrong),
        };
        let short = part.wrong(value_at, PartExpected::Units(units));
        let value = part.part(value_at, units).ok_or(short)?;
        let whole = part.part(from, value_at + units - from).ok_or(short)?;
        self.at = value_at + units;
        Ok(Some(Element { tag: Tag(tag), value, whole }))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, PartError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let read = self.read().transpose();
        if let Some(Err(_)) = read {
            self.at = self.part.units();
        }
        read
    }
}

impl core::iter::FusedIterator for Elements<'_> {}

impl<'a> Element<'a> {
    /// The elements that it holds; `None` when its tag says that it holds a plain value.
    pub fn elements(&self) -> Option<Elements<'a>> {
        self.tag.is_constructed().then(|| Elements::within(self.value))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Elements<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elements").field("part", &self.part).field("at", &self.at).finish()
    }
}

#[cfg(test)]
mod tests;
