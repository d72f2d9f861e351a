//! How the length in front of a message is written: binary, ASCII or packed digits. Knows nothing
//! of what the length counts.

use super::FramingError;

/// How the length in front of a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// A binary number.
    Binary {
        /// 1 to 4 bytes.
        bytes: u8,
        /// Least significant byte first?
        little: bool,
    },
    /// ASCII digits.
    Ascii {
        /// 1 to 6 digits.
        digits: u8,
    },
    /// BCD, two digits a byte.
    Packed {
        /// 1 to 3 bytes.
        bytes: u8,
    },
}

impl Prefix {
    pub(super) fn size(self) -> usize {
        match self {
            Self::Binary { bytes, .. } | Self::Packed { bytes } => usize::from(bytes),
            Self::Ascii { digits } => usize::from(digits),
        }
    }

    fn base(self) -> usize {
        match self {
            Self::Binary { .. } => 256,
            Self::Ascii { .. } => 10,
            Self::Packed { .. } => 100,
        }
    }

    /// The greatest length that it can tell.
    pub(super) fn most(self) -> usize {
        (0..self.size()).fold(0_usize, |most, _| {
            most.saturating_mul(self.base()).saturating_add(self.base() - 1)
        })
    }

    pub(super) fn read(self, bytes: &[u8]) -> Result<usize, FramingError> {
        let mut length = 0_usize;
        for index in 0..bytes.len() {
            let little = matches!(self, Self::Binary { little: true, .. });
            let offset = if little { bytes.len() - 1 - index } else { index };
            let byte = bytes[offset];
            let digit = self.digit(byte).ok_or(FramingError::Prefix { offset, byte })?;
            length = length.saturating_mul(self.base()).saturating_add(digit);
        }
        Ok(length)
    }

    /// What one byte of the length is worth.
    fn digit(self, byte: u8) -> Option<usize> {
        let (high, low) = (byte >> 4, byte & 0xF);
        let worth = match self {
            Self::Binary { .. } => byte,
            Self::Ascii { .. } if byte.is_ascii_digit() => low,
            Self::Packed { .. } if high <= 9 && low <= 9 => high * 10 + low,
            Self::Ascii { .. } | Self::Packed { .. } => return None,
        };
        Some(usize::from(worth))
    }

    /// Writes a length that it can tell.
    pub(super) fn write(self, length: usize, out: &mut [u8]) {
        let little = matches!(self, Self::Binary { little: true, .. });
        let mut rest = length;
        let count = out.len();
        for index in 0..count {
            let worth = (rest % self.base()).to_le_bytes()[0];
            rest /= self.base();
            let byte = match self {
                Self::Binary { .. } => worth,
                Self::Ascii { .. } => b'0' + worth,
                Self::Packed { .. } => ((worth / 10) << 4) | (worth % 10),
            };
            out[if little { index } else { count - 1 - index }] = byte;
        }
    }
}
