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

    /// The greatest length that it can tell.
    pub(super) fn most(self) -> usize {
        let base: usize = match self {
            Self::Binary { .. } => 256,
            Self::Ascii { .. } => 10,
            Self::Packed { .. } => 100,
        };
        let bytes = u32::try_from(self.size()).unwrap_or(u32::MAX);
        base.checked_pow(bytes).map_or(usize::MAX, |beyond| beyond - 1)
    }

    pub(super) fn read(self, bytes: &[u8]) -> Result<usize, FramingError> {
        let join = |length: usize, byte: &u8| (length << 8) | usize::from(*byte);
        match self {
            Self::Binary { little: false, .. } => Ok(bytes.iter().fold(0, join)),
            Self::Binary { little: true, .. } => Ok(bytes.iter().rev().fold(0, join)),
            Self::Ascii { .. } => {
                read_digits(bytes, 10, |byte| byte.is_ascii_digit().then_some(byte & 0xF))
            }
            Self::Packed { .. } => read_digits(bytes, 100, |byte| {
                let (high, low) = (byte >> 4, byte & 0xF);
                (high <= 9 && low <= 9).then_some(high * 10 + low)
            }),
        }
    }

    /// Writes a length that it can tell.
    pub(super) fn write(self, length: usize, out: &mut [u8]) {
        let mut rest = length;
        let mut last = |base: usize| {
            let worth = (rest % base).to_le_bytes()[0];
            rest /= base;
            worth
        };
        match self {
            Self::Binary { little: true, .. } => out.iter_mut().for_each(|byte| *byte = last(256)),
            Self::Binary { little: false, .. } => {
                out.iter_mut().rev().for_each(|byte| *byte = last(256));
            }
            Self::Ascii { .. } => out.iter_mut().rev().for_each(|byte| *byte = b'0' + last(10)),
            Self::Packed { .. } => out.iter_mut().rev().for_each(|byte| {
                let worth = last(100);
                *byte = ((worth / 10) << 4) | (worth % 10);
            }),
        }
    }
}

/// Reads bytes of which each is worth less than `base`, or nothing.
#[inline]
fn read_digits(
    bytes: &[u8],
    base: usize,
    worth: impl Fn(u8) -> Option<u8>,
) -> Result<usize, FramingError> {
    let mut length = 0_usize;
    for (offset, &byte) in bytes.iter().enumerate() {
        let digit = worth(byte).ok_or(FramingError::Prefix { offset, byte })?;
        length = length.saturating_mul(base).saturating_add(digit.into());
    }
    Ok(length)
}
