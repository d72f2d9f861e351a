//! Where a decoded message keeps what it found: one word a field, owned and reused by the caller.

use crate::dialect::{Dialect, Layout};
use crate::familiar::Familiar;
use crate::fields::Fields;
use crate::kernel::{Kernels, RUNS_MAX, Run, low_half};
use crate::message::Message;
use crate::mti::Mti;
use crate::recipe::Recipe;
use crate::shape::Charset;
use core::cell::RefCell;

/// What [`Dialect::decode`] found: MTI, fields present, and offset and length of each.
///
/// Kept from message to message and never cleared: a slot counts only while its field is present.
#[derive(Clone)]
pub struct Slots {
    pub(crate) kernels: Kernels,
    pub(crate) mti: Mti,
    pub(crate) present: Fields,
    /// Which of `familiar` the message is like, whose spots are then its own.
    like: Option<usize>,
    /// Of a message that was read field by field.
    pub(crate) spots: Spots,
    /// What was to be checked in it.
    pub(crate) runs: [Run; RUNS_MAX],
    familiar: Familiar,
}

/// By field number, where it is.
#[derive(Clone, Copy)]
pub(crate) struct Spots([Spot; 129]);

/// Where a field is in its message.
#[derive(Clone, Copy)]
pub(crate) struct Spot {
    /// Offset of the length prefix, or of the value where there is none.
    pub(crate) from: u16,
    /// Offset of the value.
    pub(crate) at: u16,
    /// Units of the value.
    pub(crate) units: u16,
    /// Offset of what is behind the value.
    pub(crate) to: u16,
}

impl Slots {
    /// Slots of no message yet. Some memory is taken here, and none later: keep them.
    ///
    /// Decoding into them is for every processor; [`Slots::with`] is faster.
    pub fn new() -> Self {
        Self::with(Kernels::SCALAR)
    }

    /// The same, and decoding into them is done with these kernels.
    pub fn with(kernels: Kernels) -> Self {
        Self {
            kernels,
            mti: Mti::of(0),
            present: Fields::EMPTY,
            like: None,
            spots: Spots::NONE,
            runs: [Run::new(Charset::Any, 0, 0); RUNS_MAX],
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

    /// Offset of the value of DE `n` and its units; `None` when the field is not present.
    #[inline]
    pub(crate) fn find(&self, n: u8) -> Option<(usize, u16)> {
        self.present.has(n).then(|| self.spots().find(n))
    }

    /// Offset and end of the value of DE `n`, and its units; `None` when the field is not present.
    #[inline]
    pub(crate) fn find_value(&self, n: u8) -> Option<(usize, usize, u16)> {
        let Spot { at, units, to, .. } = self.spots().spot(n);
        self.present.has(n).then_some((usize::from(at), usize::from(to), units))
    }

    /// How a message laid out like this one was rewritten last; `None` when it is not familiar.
    #[inline]
    pub(crate) fn recipe(&self) -> Option<&RefCell<Recipe>> {
        self.like.and_then(|index| self.familiar.recipe(index))
    }

    /// How the last copy of some fields of such a message was made; the same.
    #[inline]
    pub(crate) fn extract_recipe(&self) -> Option<&RefCell<Recipe>> {
        self.like.and_then(|index| self.familiar.extract_recipe(index))
    }

    #[inline]
    pub(crate) fn spots(&self) -> &Spots {
        self.like.and_then(|index| self.familiar.spots(index)).unwrap_or(&self.spots)
    }
}

impl Spot {
    /// Its prefix, its value, its units, its end. All of them are below 65,536:
    /// `MESSAGE_BYTES_MAX`.
    #[inline]
    pub(crate) fn new(from: usize, at: usize, units: usize, to: usize) -> Self {
        let [from, at, units, to] = [from, at, units, to].map(low_half);
        Self { from, at, units, to }
    }
}

impl Spots {
    /// Those of the fields that each bitmap tells of.
    #[inline]
    pub(crate) fn halves_mut(&mut self) -> impl Iterator<Item = &mut [Spot; 64]> {
        let [_, spots @ ..] = &mut self.0;
        spots.as_chunks_mut().0.iter_mut()
    }

    pub(crate) const NONE: Self = Self([Spot { from: 0, at: 0, units: 0, to: 0 }; 129]);

    #[inline]
    pub(crate) fn spot(&self, n: u8) -> Spot {
        self.0.get(usize::from(n)).copied().unwrap_or(Self::NONE.0[0])
    }

    /// Offset of the value of DE `n`, which is present, and its units.
    #[inline]
    pub(crate) fn find(&self, n: u8) -> (usize, u16) {
        let Spot { at, units, .. } = self.spot(n);
        (usize::from(at), units)
    }

    /// From the prefix of DE `n`, which is present, to the end of its value.
    #[inline]
    pub(crate) fn ends(&self, n: u8) -> (u16, u16) {
        let Spot { from, to, .. } = self.spot(n);
        (from, to)
    }

    /// The same.
    #[inline]
    pub(crate) fn span(&self, n: u8) -> (usize, usize) {
        let (from, to) = self.ends(n);
        (usize::from(from), usize::from(to))
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
