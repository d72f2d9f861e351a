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

    /// Where the next element is; `None` behind the last. After an error there is none.
    #[inline]
    pub(crate) fn find(&mut self) -> Result<Option<Place>, PartError> {
        let part = self.part;
        let raw = part.raw();
        if let Some(place) = raw.and_then(|bytes| find_short(bytes, self.at)) {
            self.at = place.end;
            return Ok(Some(place));
        }
        let found = match raw {
            Some(bytes) => find(part.units(), self.at, |at| bytes.get(at).copied()),
            None => find(part.units(), self.at, |at| part.unit(at)),
        };
        self.at = match &found {
            Ok(Some(place)) => place.end,
            Ok(None) | Err(_) => part.units(),
        };
        found.map_err(|(at, expected)| part.wrong(at, expected))
    }

    /// What the element at this place holds.
    #[inline]
    pub(crate) fn value_at(&self, place: &Place) -> Option<Part<'a>> {
        self.part.part(place.value, place.end - place.value)
    }

    fn read(&mut self) -> Result<Option<Element<'a>>, PartError> {
        let Some(place) = self.find()? else { return Ok(None) };
        let whole = self.part.part(place.from, place.end - place.from);
        let (Some(value), Some(whole)) = (self.value_at(&place), whole) else { return Ok(None) };
        Ok(Some(Element { tag: place.tag, value, whole }))
    }
}

/// Where an element is, in units of the bytes walked over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) tag: Tag,
    from: usize,
    value: usize,
    end: usize,
}

/// The element at `from`, if its tag has one or two bytes and its length one, as nearly all have.
#[inline]
fn find_short(bytes: &[u8], from: usize) -> Option<Place> {
    let (tag, head, units) = match *bytes.get(from..)? {
        [first, units, ..] if first & 0x1F != 0x1F && first != 0 => (u32::from(first), 2, units),
        [first, second @ ..=0x7F, units, ..] if first & 0x1F == 0x1F => {
            (u32::from(u16::from_be_bytes([first, second])), 3, units)
        }
        _ => return None,
    };
    let value = from + head;
    let end = value + usize::from(units);
    (units < 0x80 && end <= bytes.len()).then_some(Place { tag: Tag(tag), from, value, end })
}

/// The first element at or behind `from`, among so many bytes.
#[inline]
fn find(
    count: usize,
    mut from: usize,
    byte: impl Fn(usize) -> Option<u8>,
) -> Result<Option<Place>, (usize, PartExpected)> {
    let first = loop {
        match byte(from) {
            None => return Ok(None),
            Some(0) => from += 1,
            Some(first) => break first,
        }
    };
    let mut at = from + 1;
    let mut tag = u32::from(first);
    if first & 0x1F == 0x1F {
        loop {
            let more = byte(at).filter(|_| at - from < 4).ok_or((at, PartExpected::TagEnd))?;
            tag = (tag << 8) | u32::from(more);
            at += 1;
            if more & 0x80 == 0 {
                break;
            }
        }
    }
    let wrong = (at, PartExpected::Length);
    let told = |at| byte(at).map(usize::from).ok_or(wrong);
    let (units, value) = match told(at)? {
        units @ ..=0x7F => (units, at + 1),
        0x81 => (told(at + 1)?, at + 2),
        0x82 => (told(at + 1)? << 8 | told(at + 2)?, at + 3),
        _ => return Err(wrong),
    };
    let end = value + units;
    if end > count {
        return Err((value, PartExpected::Units(units)));
    }
    Ok(Some(Place { tag: Tag(tag), from, value, end }))
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, PartError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
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
