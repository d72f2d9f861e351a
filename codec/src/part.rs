//! Some units of a field's value that stand together: a subfield, an element of chip data. Copies
//! nothing; knows no description of where one ends.

use crate::spec::{Class, FieldSpec, Form};
use crate::value::Value;
use core::fmt;

/// Neighbouring units of one value, still in its wire form.
///
/// `Debug` shows class and length only.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    value: Value<'a>,
    from: usize,
    to: usize,
}

/// The first thing in a value that is not as its description says. Tells no byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartError {
    /// Where, in units of the value: digits, characters or bytes.
    pub offset: usize,
    /// What should be there.
    pub expected: PartExpected,
}

/// What a value should have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartExpected {
    /// The end of a tag that was begun; one has at most four bytes.
    TagEnd,
    /// A length of one to three bytes (0x00 to 0x7F, 0x81, 0x82), told before the value.
    Length,
    /// A decimal digit of a length.
    Digit,
    /// A hexadecimal character.
    HexDigit,
    /// So many units more.
    Units(usize),
    /// A length of at most so many units.
    UnitsAtMost(u16),
    /// The end of the value.
    End,
}

impl<'a> Part<'a> {
    /// All of a value.
    #[inline]
    pub const fn of(value: Value<'a>) -> Self {
        Self { value, from: 0, to: value.units() as usize }
    }

    /// The bytes that the hexadecimal characters of a text are. They are not looked at.
    #[inline]
    pub(crate) const fn of_hex(text: Value<'a>) -> Self {
        let units = text.units() / 2;
        Self::of(Value::new(text.bytes(), units, FieldSpec::binary(Form::Hex, units)))
    }

    /// Digits, characters or (binary) bytes.
    #[inline]
    pub const fn units(&self) -> usize {
        self.to - self.from
    }

    /// Is it without units?
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.to == self.from
    }

    /// Where it begins in the value, in units.
    #[inline]
    pub const fn offset(&self) -> usize {
        self.from
    }

    /// The class of the value.
    #[inline]
    pub const fn class(&self) -> Class {
        self.value.spec().class
    }

    /// One canonical byte: a digit or character in ASCII, a binary byte as it is.
    #[inline]
    pub fn unit(&self, index: usize) -> Option<u8> {
        let place = self.from + index;
        if place < self.to { self.value.unit(place) } else { None }
    }

    /// All of them, in order.
    #[inline]
    pub fn iter(&self) -> PartIter<'a> {
        PartIter(*self)
    }

    /// The bytes on the wire; `None` of packed digits, which may begin within a byte.
    #[inline]
    pub fn bytes(&self) -> Option<&'a [u8]> {
        let width = match self.value.spec().form {
            Form::Chars | Form::Raw => 1,
            Form::Hex => 2,
            Form::Packed { .. } => return None,
        };
        self.value.bytes().get(width * self.from..width * self.to)
    }

    /// The canonical bytes, where they lie in the message as they are.
    #[inline]
    pub(crate) fn raw(&self) -> Option<&'a [u8]> {
        let in_place = matches!(self.value.spec().form, Form::Chars | Form::Raw);
        if in_place { self.value.bytes().get(self.from..self.to) } else { None }
    }

    /// Writes the canonical bytes to the front of `out`; `None` when it is too short.
    pub fn write_text<'b>(&self, out: &'b mut [u8]) -> Option<&'b [u8]> {
        let out = out.get_mut(..self.units())?;
        for (room, unit) in out.iter_mut().zip(self) {
            *room = unit;
        }
        Some(out)
    }

    /// Have both the same canonical bytes, whatever their forms?
    pub fn same(&self, other: &Part<'_>) -> bool {
        self.iter().eq(other)
    }

    /// Some of these units; `None` when there are not so many.
    #[inline]
    pub(crate) fn part(&self, from: usize, units: usize) -> Option<Self> {
        let from = self.from.checked_add(from)?;
        let to = from.checked_add(units)?;
        (to <= self.to).then_some(Self { from, to, ..*self })
    }

    /// An error at one of these units.
    pub(crate) const fn wrong(&self, index: usize, expected: PartExpected) -> PartError {
        PartError { offset: self.from + index, expected }
    }
}

/// The canonical bytes of a [`Part`].
#[derive(Clone)]
pub struct PartIter<'a>(Part<'a>);

impl Iterator for PartIter<'_> {
    type Item = u8;

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let unit = self.0.unit(0)?;
        self.0.from += 1;
        Some(unit)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.0.units()))
    }
}

impl<'a> IntoIterator for &Part<'a> {
    type Item = u8;
    type IntoIter = PartIter<'a>;

    fn into_iter(self) -> PartIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for Part<'a> {
    type Item = u8;
    type IntoIter = PartIter<'a>;

    fn into_iter(self) -> PartIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}[{}]", self.class(), self.units())
    }
}

impl fmt::Debug for PartIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for PartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at place {}: expected {}", self.offset, self.expected)
    }
}

impl core::error::Error for PartError {}

impl fmt::Display for PartExpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TagEnd => f.write_str("the end of a tag, which has at most 4 bytes"),
            Self::Length => f.write_str("a length of 1 to 3 bytes"),
            Self::Digit => f.write_str("a decimal digit of a length"),
            Self::HexDigit => f.write_str("a hexadecimal character"),
            Self::Units(1) => f.write_str("1 more"),
            Self::Units(count) => write!(f, "{count} more"),
            Self::UnitsAtMost(max) => write!(f, "a length of at most {max}"),
            Self::End => f.write_str("the end of the field"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Side;
    use alloc::format;

    #[test]
    fn a_part_of_packed_digits_may_begin_and_end_within_a_byte() {
        let left = FieldSpec::digits(Form::Packed { zero: Side::Left }, 7);
        let right = FieldSpec::digits(Form::Packed { zero: Side::Right }, 7);
        for value in [
            Value::new(b"1234567", 7, FieldSpec::digits(Form::Chars, 7)),
            Value::new(b"\x01\x23\x45\x67", 7, left),
            Value::new(b"\x12\x34\x56\x70", 7, right),
        ] {
            let part = Part::of(value).part(1, 4).unwrap();
            assert_eq!(part.write_text(&mut [0; 4]), Some(&b"2345"[..]));
            assert!(part.same(&Part::of(value).part(1, 4).unwrap()));
            assert!(!part.same(&Part::of(value).part(2, 4).unwrap()));
            assert_eq!((part.offset(), part.units(), part.unit(4)), (1, 4, None));
        }
    }

    #[test]
    fn a_part_of_whole_bytes_shows_them_as_on_the_wire() {
        let raw = Value::new(&[1, 2, 3], 3, FieldSpec::binary(Form::Raw, 3));
        let hex = Value::new(b"01a203", 3, FieldSpec::binary(Form::Hex, 3));
        assert_eq!(Part::of(raw).part(1, 1).unwrap().bytes(), Some(&[2][..]));
        assert_eq!(Part::of(hex).part(1, 1).unwrap().bytes(), Some(&b"a2"[..]));
        let packed = FieldSpec::digits(Form::Packed { zero: Side::Left }, 4);
        assert_eq!(Part::of(Value::new(&[0x12, 0x34], 4, packed)).bytes(), None);
    }

    #[test]
    fn no_part_reaches_beyond_its_whole() {
        let text = Part::of(Value::new(b"abc", 3, FieldSpec::text(3)));
        assert!(text.part(3, 0).is_some_and(|part| part.is_empty()));
        assert!(text.part(1, 3).is_none());
        assert!(text.part(usize::MAX, 1).is_none() && text.part(1, usize::MAX).is_none());
        assert!(text.part(0, 2).unwrap().part(1, 2).is_none());
    }

    #[test]
    fn debug_tells_no_character() {
        let text = Value::new(b"3530111333300000", 16, FieldSpec::text(16));
        let part = Part::of(text);
        assert_eq!(format!("{part:?} {:?}", part.iter()), "Text[16] Text[16]");
    }
}
