//! Where a decoded message keeps what it found: one word a field, owned and reused by the caller.

use crate::dialect::{Dialect, Layout};
use crate::familiar::Familiar;
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
    /// Which of `familiar` the message is like, whose spots are then its own.
    like: Option<usize>,
    /// Of a message that was read field by field.
    spots: Spots,
    familiar: Familiar,
}

/// By field number: offset of the value (behind its prefix), units in the upper half.
#[derive(Clone, Copy)]
pub(crate) struct Spots([u32; 129]);

impl Slots {
    /// Slots of no message yet. Some memory is taken here, and none later: keep them.
    pub fn new() -> Self {
        Self {
            mti: Mti::of(0),
            present: Fields::EMPTY,
            like: None,
            spots: Spots::NONE,
            familiar: Familiar::new(),
        }
    }

    /// The message that was decoded into these slots.
    ///
    /// `bytes` and `dialect` are those given to [`Dialect::decode`]; with others, values are wrong
    /// or missing, and nothing worse. After a failed decode it has the fields parsed before.
    pub const fn message<'a>(&'a self, dialect: &'a Dialect, bytes: &'a [u8]) -> Message<'a> {
        Message::new(dialect, bytes, self)
    }

    /// No message, and room for the spots of one.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.mti = Mti::of(0);
        self.present = Fields::EMPTY;
        self.like = None;
    }

    /// Takes the fields of `bytes` from an earlier message that was laid out alike, if there is
    /// one and each of `bytes` is what its layout admits.
    #[inline]
    pub(crate) fn recognize(&mut self, layout: &Layout, bytes: &[u8]) -> bool {
        let Some((index, present)) = self.familiar.find(layout, bytes) else { return false };
        self.present = present;
        self.like = Some(index);
        true
    }

    /// Remembers the layout of `bytes`, which were read field by field and found right.
    #[inline]
    pub(crate) fn remember(&mut self, layout: &Layout, bytes: &[u8]) {
        self.familiar.keep(layout, bytes, self.present, &self.spots);
    }

    /// Was the last message laid out like one before?
    #[cfg(test)]
    pub(crate) const fn is_familiar(&self) -> bool {
        self.like.is_some()
    }

    /// Notes where the value of DE `n` is. Both numbers are below 65,536: `MESSAGE_BYTES_MAX`.
    #[inline]
    pub(crate) fn note(&mut self, n: usize, at: usize, units: usize) {
        let ([at_low, at_high, ..], [low, high, ..]) = (at.to_le_bytes(), units.to_le_bytes());
        self.spots.0[n] = u32::from_le_bytes([at_low, at_high, low, high]);
    }

    /// Offset of the value of DE `n` and its units; `None` when the field is not present.
    #[inline]
    pub(crate) fn find(&self, n: u8) -> Option<(usize, u16)> {
        self.present.has(n).then(|| part(self.spot(n)))
    }

    /// Where DE `n` is, in one number; any number when it is not present.
    #[inline]
    pub(crate) fn spot(&self, n: u8) -> u32 {
        let spots = self.like.and_then(|index| self.familiar.spots(index));
        spots.unwrap_or(&self.spots).of(n)
    }
}

impl Spots {
    pub(crate) const NONE: Self = Self([0; 129]);

    #[inline]
    fn of(&self, n: u8) -> u32 {
        self.0.get(usize::from(n)).copied().unwrap_or_default()
    }

    /// Offset of the value of DE `n`, which is present, and its units.
    pub(crate) fn find(&self, n: u8) -> (usize, u16) {
        part(self.of(n))
    }
}

/// Offset and units.
#[inline]
fn part(spot: u32) -> (usize, u16) {
    let [at_low, at_high, low, high] = spot.to_le_bytes();
    (usize::from(u16::from_le_bytes([at_low, at_high])), u16::from_le_bytes([low, high]))
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
