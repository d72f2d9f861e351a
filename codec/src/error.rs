//! Why bytes are no message: facts, no prose, and never a byte of a field that holds card data.

use crate::fields::Fields;
use crate::mti::Mti;
use core::fmt;

/// The first thing in a message that is not as its dialect says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// 0 the MTI, 1 a bitmap, 2 to 128 that data element, [`DecodeError::END`] behind the last.
    pub field: u8,
    /// Where in the message, in bytes from its MTI.
    pub offset: usize,
    /// What should be there.
    pub expected: Expected,
    /// What is there.
    pub found: Found,
    /// The fields before it, each found to be right; the slots hold them.
    pub parsed: Fields,
    /// The message's type, when that much could be read.
    pub mti: Option<Mti>,
}

impl DecodeError {
    /// `field` when something is wrong behind the last field or with the message as a whole.
    pub const END: u8 = 255;
}

/// What a message should have had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// A byte 0x30 to 0x39.
    Digit,
    /// A byte of two decimal nibbles.
    PackedDigits,
    /// A zero nibble beside an odd number of packed digits.
    ZeroNibble,
    /// `C` or `D`.
    Sign,
    /// A byte 0x20 to 0x7E.
    Printable,
    /// A hexadecimal character.
    HexDigit,
    /// A byte 0x30 to 0x39, `=` or `D`.
    Track,
    /// A byte of two nibbles, each a decimal digit or the separator D.
    PackedTrack,
    /// No second separator in one track.
    OneSeparator,
    /// So many more bytes of the message.
    Bytes(usize),
    /// A length of at most so many units.
    UnitsAtMost(u16),
    /// A field that the dialect has.
    KnownField,
    /// No third bitmap (bit 65, where the dialect has no DE 65): not supported yet.
    NoThirdBitmap,
    /// The end of the message.
    End,
    /// A message of at most so many bytes.
    MessageAtMost(usize),
}

/// What a message has instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// This byte.
    Byte(u8),
    /// A byte of a field that may hold card data: not told.
    Withheld,
    /// So many bytes.
    Bytes(usize),
    /// A length of so many units.
    Units(u16),
    /// The bit is set.
    BitSet,
}

/// Fields whose bytes are never shown: PAN, tracks, PIN, keys, chip data and private use.
pub(crate) const WITHHELD: Fields = Fields::of(&[
    2, 34, 35, 36, 45, 48, 52, 53, 55, 60, 61, 62, 63, 120, 121, 122, 123, 124, 125, 126, 127,
]);

impl Found {
    /// A byte of DE `field`, or that there was one.
    pub(crate) fn byte_of(field: u8, byte: u8) -> Self {
        if WITHHELD.has(field) { Self::Withheld } else { Self::Byte(byte) }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            0 => f.write_str("MTI")?,
            1 => f.write_str("bitmap")?,
            Self::END => f.write_str("message")?,
            n => write!(f, "DE {n}")?,
        }
        write!(f, " at byte {}: expected {}, found {}", self.offset, self.expected, self.found)
    }
}

impl core::error::Error for DecodeError {}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Digit => f.write_str("a decimal digit"),
            Self::PackedDigits => f.write_str("two packed decimal digits"),
            Self::ZeroNibble => f.write_str("a zero nibble beside an odd number of digits"),
            Self::Sign => f.write_str("the sign C or D"),
            Self::Printable => f.write_str("a printable character"),
            Self::HexDigit => f.write_str("a hexadecimal character"),
            Self::Track => f.write_str("a decimal digit or a separator, = or D"),
            Self::PackedTrack => f.write_str("two packed decimal digits or a separator D"),
            Self::OneSeparator => f.write_str("no second separator"),
            Self::Bytes(1) => f.write_str("1 byte"),
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::UnitsAtMost(max) => write!(f, "a length of at most {max}"),
            Self::KnownField => f.write_str("a field of the dialect"),
            Self::NoThirdBitmap => f.write_str("no third bitmap (not supported yet)"),
            Self::End => f.write_str("the end of the message"),
            Self::MessageAtMost(max) => write!(f, "a message of at most {max} bytes"),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Byte(byte) => write!(f, "0x{byte:02X}"),
            Self::Withheld => f.write_str("another byte (withheld)"),
            Self::Bytes(1) => f.write_str("1 byte"),
            Self::Bytes(count) => write!(f, "{count} bytes"),
            Self::Units(units) => write!(f, "a length of {units}"),
            Self::BitSet => f.write_str("its bit set"),
        }
    }
}
