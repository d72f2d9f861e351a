//! Sets of data elements, shaped like the bitmaps on the wire. Knows no dialect.

use core::fmt;

/// A set of data elements 2 to 128.
///
/// DE n is bit 128 - n, so the two bitmaps of a message, read as one big-endian number, are the
/// set. Bit 1 (a second bitmap follows) is no data element and is never in a set.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Fields(u128);

impl Fields {
    /// No field.
    pub const EMPTY: Self = Self(0);

    const BIT_1: u128 = 1 << 127;

    /// The set of these numbers.
    ///
    /// # Panics
    /// When a number is not in 2 to 128.
    pub const fn of(numbers: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        let mut index = 0;
        while index < numbers.len() {
            set = set.with(numbers[index]);
            index += 1;
        }
        set
    }

    const fn bit(n: u8) -> u128 {
        // Within one half: a shift over both costs three times as much.
        let bit = 1_u64 << (128_u8.wrapping_sub(n) & 63);
        match n {
            2..=64 => (bit as u128) << 64,
            65..=128 => bit as u128,
            0 | 1 | 129..=u8::MAX => 0,
        }
    }

    /// This set and DE `n`.
    ///
    /// # Panics
    /// When `n` is not in 2 to 128.
    #[must_use]
    pub const fn with(self, n: u8) -> Self {
        assert!(n >= 2 && n <= 128, "data elements are 2 to 128");
        Self(self.0 | Self::bit(n))
    }

    /// This set without DE `n`.
    #[must_use]
    pub const fn without(self, n: u8) -> Self {
        Self(self.0 & !Self::bit(n))
    }

    /// Is DE `n` in the set? Numbers that are no data element never are.
    pub const fn has(self, n: u8) -> bool {
        self.0 & Self::bit(n) != 0
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Is there no field in it?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many fields.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The numbers, ascending.
    pub const fn iter(self) -> FieldsIter {
        FieldsIter(self.0)
    }

    /// As the two bitmaps read as one big-endian number, bit 1 clear.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// From the two bitmaps read as one big-endian number; bit 1 is passed over.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits & !Self::BIT_1)
    }

    /// The two bitmaps, each with the number of the field that its highest bit stands for.
    #[inline]
    pub(crate) fn halves(self) -> [(usize, u64); 2] {
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
        [(1, half(self.0 >> 64)), (65, half(self.0))]
    }

    /// The lowest number, if there is one.
    pub const fn first(self) -> Option<u8> {
        if self.is_empty() { None } else { Some(self.0.leading_zeros().to_le_bytes()[0] + 1) }
    }

    /// The highest number, if there is one.
    pub const fn last(self) -> Option<u8> {
        if self.is_empty() { None } else { Some(128 - self.0.trailing_zeros().to_le_bytes()[0]) }
    }

    /// The part below DE `n`.
    #[must_use]
    pub const fn below(self, n: u8) -> Self {
        match n {
            0..=2 => Self::EMPTY,
            3..=128 => Self(self.0 & (u128::MAX << (129 - n))),
            129..=u8::MAX => self,
        }
    }
}

impl IntoIterator for Fields {
    type Item = u8;
    type IntoIter = FieldsIter;

    fn into_iter(self) -> FieldsIter {
        self.iter()
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The numbers of a [`Fields`], ascending.
#[derive(Clone, Debug)]
pub struct FieldsIter(u128);

impl Iterator for FieldsIter {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let n = Fields(self.0).first()?;
        self.0 &= !Fields::bit(n);
        Some(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec::Vec};

    #[test]
    fn a_set_equals_the_bitmaps_of_its_message() {
        let set = Fields::of(&[2, 3, 4, 7, 11, 12, 14, 22, 24, 26, 32, 35, 37, 41, 42, 43, 49, 55]);
        assert_eq!(set.bits() >> 64, 0x7234_0541_28E0_8200);
        assert_eq!(Fields::of(&[128]).bits(), 1);
    }

    #[test]
    fn numbers_come_out_ascending_and_bit_one_never() {
        let set = Fields::from_bits(u128::MAX);
        assert_eq!(set.iter().collect::<Vec<_>>(), (2..=128).collect::<Vec<u8>>());
        assert_eq!(set.len(), 127);
        assert_eq!(Fields::EMPTY.iter().next(), None);
    }

    #[test]
    fn the_edges_of_the_range_are_two_and_128() {
        let all = Fields::from_bits(u128::MAX);
        assert!(!all.has(0) && !all.has(1) && all.has(2) && all.has(128) && !all.has(129));
        assert_eq!(all.without(1), all);
    }

    #[test]
    fn below_keeps_what_stands_before_a_field() {
        let set = Fields::of(&[2, 64, 65, 128]);
        for (n, left) in [(0, 0), (2, 0), (3, 1), (65, 2), (66, 3), (128, 3), (129, 4), (255, 4)] {
            assert_eq!(set.below(n).len(), left, "below {n}");
        }
    }

    #[test]
    fn sets_combine_like_sets() {
        let (a, b) = (Fields::of(&[2, 3]), Fields::of(&[3, 4]));
        assert_eq!(a.union(b), Fields::of(&[2, 3, 4]));
        assert_eq!(a.intersection(b), Fields::of(&[3]));
        assert_eq!(a.difference(b), Fields::of(&[2]));
        assert_eq!(format!("{a:?}"), "{2, 3}");
    }
}
