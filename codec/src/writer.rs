//! Builds a message field by field in the caller's buffer.

use crate::dialect::Dialect;
use crate::fields::Fields;
use crate::mti::Mti;
use crate::value::Value;

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
#[derive(Debug)]
pub struct Writer<'a> {
    dialect: &'a Dialect,
    out: &'a mut [u8],
    at: usize,
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
        let _ = mti;
        Ok(Self { dialect, out, at: 0, left: fields })
    }

    /// Puts canonical bytes: ASCII digits, sign and digits, text, or binary as it is.
    ///
    /// Shorter than a fixed field, digits get zeros in front and text spaces behind.
    pub fn put_text(&mut self, n: u8, text: &[u8]) -> Result<(), WriteError> {
        let _ = (n, text, &self.dialect, &self.out, self.left, self.at);
        Ok(())
    }

    /// Puts a number into a field of digits, in as few digits as it has.
    pub fn put_number(&mut self, n: u8, number: u64) -> Result<(), WriteError> {
        let _ = (n, number);
        Ok(())
    }

    /// Puts the bytes of a binary field.
    pub fn put_binary(&mut self, n: u8, bytes: &[u8]) -> Result<(), WriteError> {
        let _ = (n, bytes);
        Ok(())
    }

    /// Puts bytes that are in this dialect's wire form already, length prefix included.
    pub fn put_wire(&mut self, n: u8, wire: &[u8]) -> Result<(), WriteError> {
        let _ = (n, wire);
        Ok(())
    }

    /// Puts a value of another message, converted where its form differs.
    pub fn put_value(&mut self, n: u8, value: Value<'_>) -> Result<(), WriteError> {
        let _ = (n, value);
        Ok(())
    }

    /// The length of the message; an error when a promised field was not put.
    pub fn finish(self) -> Result<usize, WriteError> {
        Ok(self.at)
    }
}
