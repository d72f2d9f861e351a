//! Builds a message field by field in the caller's buffer. Knows order and completeness; bytes
//! are made in `put`.

use crate::dialect::{Dialect, Field};
use crate::digits::ascii_of_number;
use crate::fields::Fields;
use crate::mti::Mti;
use crate::put::Sink;
use crate::shape::{Charset, Shape};
use crate::spec::Class;
use crate::value::Value;
use core::fmt;

/// Why a message could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteError {
    /// The data element; 0 for MTI and bitmaps.
    pub field: u8,
    /// What is wrong with it.
    pub reason: WriteReason,
}

/// What can be wrong with a field to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteReason {
    /// The buffer has no room for it.
    NoSpace,
    /// The dialect has no such field.
    NotInDialect,
    /// The value is longer than the field.
    TooLong,
    /// A fixed binary field or wire bytes of another length than they should have.
    BadLength,
    /// A character that the field's class does not take.
    BadClass,
    /// Not among the fields promised, or not in ascending order.
    OutOfOrder,
    /// Promised and not written.
    Missing,
}

/// A message being written: MTI and bitmaps first, then each promised field in ascending order.
///
/// A `put_*` that fails leaves the message as it was before it.
///
/// `Debug` shows how far it is, and no byte of the message.
pub struct Writer<'a> {
    dialect: &'a Dialect,
    sink: Sink<'a>,
    left: Fields,
}

impl<'a> Writer<'a> {
    /// Writes MTI and bitmaps for `fields`, each of which must then be put, in ascending order.
    pub fn new(
        dialect: &'a Dialect,
        out: &'a mut [u8],
        mti: Mti,
        fields: Fields,
    ) -> Result<Self, WriteError> {
        if let Some(field) = fields.difference(dialect.fields()).first() {
            return Err(WriteReason::NotInDialect.of(field));
        }
        let mut sink = Sink::new(out);
        sink.put_start(dialect.layout(), mti, fields).map_err(|reason| reason.of(0))?;
        Ok(Self { dialect, sink, left: fields })
    }

    /// Puts canonical bytes: ASCII digits, sign and digits, text, or binary as it is.
    ///
    /// Shorter than a fixed field, digits get zeros in front (an amount behind its sign) and text
    /// spaces behind.
    pub fn put_text(&mut self, n: u8, text: &[u8]) -> Result<(), WriteError> {
        let shape = self.dialect.layout().shape(n);
        if !shape.is_short(text.len()) {
            return self.put_longer_text(n, shape, text);
        }
        if shape.charset == Charset::Packed {
            return self.put_short_digits(n, shape, text);
        }
        self.put_short_text(n, shape, text)
    }

    // Most values are short, always as long, and in their class. Nothing is called for them, so
    // that nothing need be saved before; the order is looked at last for the same reason.

    #[inline(never)]
    fn put_short_text(&mut self, n: u8, shape: Shape, text: &[u8]) -> Result<(), WriteError> {
        if let Some(end) = self.sink.write_short_text(shape, text)
            && let Some(left) = self.left.without_first(n)
        {
            self.left = left;
            self.sink.keep(end);
            return Ok(());
        }
        self.put_longer_text(n, shape, text)
    }

    #[inline(never)]
    fn put_short_digits(&mut self, n: u8, shape: Shape, digits: &[u8]) -> Result<(), WriteError> {
        if let Some(end) = self.sink.write_short_digits(shape, digits)
            && let Some(left) = self.left.without_first(n)
        {
            self.left = left;
            self.sink.keep(end);
            return Ok(());
        }
        self.put_longer_text(n, shape, digits)
    }

    /// Others that are as long as their field and in its class.
    #[inline(never)]
    fn put_longer_text(&mut self, n: u8, shape: Shape, text: &[u8]) -> Result<(), WriteError> {
        if let Some(left) = self.left.without_first(n)
            && self.sink.put_plain_text(shape, text).is_some()
        {
            self.left = left;
            return Ok(());
        }
        self.put_text_with_care(n, text)
    }

    /// Padding, amounts, tracks, errors.
    #[cold]
    fn put_text_with_care(&mut self, n: u8, text: &[u8]) -> Result<(), WriteError> {
        self.put(n, |sink, field| sink.put_text(field, text))
    }

    /// Puts a number: zeros in front in a fixed field, no more digits than it has in others.
    pub fn put_number(&mut self, n: u8, number: u64) -> Result<(), WriteError> {
        let digits = ascii_of_number(number);
        let zeros = digits.iter().take(19).take_while(|&&digit| digit == b'0').count();
        self.put_text(n, digits.get(zeros..).unwrap_or(&digits))
    }

    /// Puts up to 16 digits from BCD nibbles, right aligned.
    pub fn put_packed(&mut self, n: u8, nibbles: u64, units: u8) -> Result<(), WriteError> {
        self.put(n, |sink, field| sink.put_nibbles(field, nibbles, units))
    }

    /// Puts the bytes of a binary field.
    pub fn put_binary(&mut self, n: u8, bytes: &[u8]) -> Result<(), WriteError> {
        self.put(n, |sink, field| {
            if field.spec.class == Class::Binary {
                sink.put_text(field, bytes)
            } else {
                Err(WriteReason::BadClass)
            }
        })
    }

    /// Puts bytes that are in this dialect's wire form already, length prefix included.
    ///
    /// Their length is checked; that they are of the field's class is the caller's word.
    pub fn put_wire(&mut self, n: u8, wire: &[u8]) -> Result<(), WriteError> {
        self.put(n, |sink, field| sink.put_wire(field, wire))
    }

    /// Puts a value of another message, converted where its form differs.
    pub fn put_value(&mut self, n: u8, value: Value<'_>) -> Result<(), WriteError> {
        self.put(n, |sink, field| sink.put_value(field, &value))
    }

    /// The length of the message; an error when a promised field was not put.
    pub fn finish(self) -> Result<usize, WriteError> {
        match self.left.first() {
            Some(field) => Err(WriteReason::Missing.of(field)),
            None => Ok(self.sink.len()),
        }
    }

    fn put(
        &mut self,
        n: u8,
        write: impl FnOnce(&mut Sink<'a>, Field) -> Result<(), WriteReason>,
    ) -> Result<(), WriteError> {
        let Some(field) = self.dialect.layout().field(n) else {
            return Err(WriteReason::NotInDialect.of(n));
        };
        if self.left.first() != Some(n) {
            return Err(WriteReason::OutOfOrder.of(n));
        }
        let before = self.sink.len();
        match write(&mut self.sink, field) {
            Ok(()) => {
                self.left = self.left.without(n);
                Ok(())
            }
            Err(reason) => {
                self.sink.cut_to(before);
                Err(reason.of(n))
            }
        }
    }
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("dialect", &self.dialect.name())
            .field("written", &self.sink.len())
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            WriteReason::NoSpace => "no room in the buffer",
            WriteReason::NotInDialect => "not a field of the dialect",
            WriteReason::TooLong => "longer than the field",
            WriteReason::BadLength => "not as long as the field",
            WriteReason::BadClass => "a character that the field does not take",
            WriteReason::OutOfOrder => "not promised, or not in ascending order",
            WriteReason::Missing => "promised and not written",
        };
        match self.field {
            0 => write!(f, "MTI and bitmap: {reason}"),
            n => write!(f, "DE {n}: {reason}"),
        }
    }
}

impl core::error::Error for WriteError {}

#[cfg(test)]
mod tests;
