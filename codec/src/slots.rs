//! Where a decoded message keeps what it found: one word a field, owned and reused by the caller.

use crate::dialect::Dialect;
use crate::fields::Fields;
use crate::message::Message;
use crate::mti::Mti;

/// What [`Dialect::decode`] found: MTI, fields present, and offset and length of each.
///
/// Kept from message to message and never cleared: a slot counts only while its field is present.
#[derive(Clone)]
pub struct Slots {
    pub(crate) mti: Mti,
    pub(crate) present: Fields,
    /// By field number: offset of the value (behind its prefix), units in the upper half.
    pub(crate) at: [u32; 129],
}

impl Slots {
    /// Slots of no message yet.
    #[inline]
    pub const fn new() -> Self {
        Self { mti: Mti::of(0), present: Fields::EMPTY, at: [0; 129] }
    }

    /// The message that was decoded into these slots.
    ///
    /// `bytes` and `dialect` are those given to [`Dialect::decode`]; with others, values are wrong
    /// or missing, and nothing worse. After a failed decode it has the fields parsed before.
    pub const fn message<'a>(&'a self, dialect: &'a Dialect, bytes: &'a [u8]) -> Message<'a> {
        Message::new(dialect, bytes, self)
    }

    /// Notes where the value of DE `n` is. Both numbers are below 65,536: `MESSAGE_BYTES_MAX`.
    #[inline]
    pub(crate) fn note(&mut self, n: usize, at: usize, units: usize) {
        let ([at_low, at_high, ..], [low, high, ..]) = (at.to_le_bytes(), units.to_le_bytes());
        self.at[n] = u32::from_le_bytes([at_low, at_high, low, high]);
    }

    /// Offset of the value of DE `n` and its units; `None` when the field is not present.
    #[inline]
    pub(crate) fn find(&self, n: u8) -> Option<(usize, u16)> {
        if !self.present.has(n) {
            return None;
        }
        let [at_low, at_high, low, high] = self.at.get(usize::from(n))?.to_le_bytes();
        let at = u16::from_le_bytes([at_low, at_high]);
        Some((usize::from(at), u16::from_le_bytes([low, high])))
    }
}

impl Default for Slots {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Slots {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Slots")
            .field("mti", &self.mti)
            .field("present", &self.present)
            .finish_non_exhaustive()
    }
}
