//! Sets of data elements, shaped like the bitmaps on the wire. Knows no dialect.

use core::fmt;

/// A set of data elements 2 to 128.
///
/// DE n is bit 64 - n of the first word, or bit 128 - n of the second, so the words are the two
/// bitmaps of a message. Bit 1 (a second bitmap follows) is no data element and is never in a set.
/// Two words and not one of twice the size: a shift over both costs three times as much.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Fields {
    first: u64,
    second: u64,
}

/// The bit of DE 1 in its word, and of DE 65 in its.
pub(crate) const TOP: u64 = 1 << 63;

impl Fields {
    /// No field.
    pub const EMPTY: Self = Self { first: 0, second: 0 };

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

    /// The set of DE `n` alone; empty for what is no data element.
    #[inline]
    pub(crate) const fn only(n: u8) -> Self {
        let bit = TOP >> (n.wrapping_sub(1) & 63);
        match n {
            2..=64 => Self { first: bit, second: 0 },
            65..=128 => Self { first: 0, second: bit },
            0 | 1 | 129..=u8::MAX => Self::EMPTY,
        }
    }

    /// This set and DE `n`.
    ///
    /// # Panics
    /// When `n` is not in 2 to 128.
    #[inline]
    #[must_use]
    pub const fn with(self, n: u8) -> Self {
        assert!(n >= 2 && n <= 128, "data elements are 2 to 128");
        self.union(Self::only(n))
    }

    /// This set without DE `n`.
    #[inline]
    #[must_use]
    pub const fn without(self, n: u8) -> Self {
        self.difference(Self::only(n))
    }

    /// Is DE `n` in the set? Numbers that are no data element never are.
    #[inline]
    pub const fn has(self, n: u8) -> bool {
        let word = if n <= 64 { self.first } else { self.second };
        n.wrapping_sub(2) <= 126 && (word << (n.wrapping_sub(1) & 63)) & TOP != 0
    }

    /// What is in either.
    #[inline]
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self { first: self.first | other.first, second: self.second | other.second }
    }

    /// What is in both.
    #[inline]
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self { first: self.first & other.first, second: self.second & other.second }
    }

    /// What is in this set and not in the other.
    #[inline]
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self { first: self.first & !other.first, second: self.second & !other.second }
    }

    /// Is there no field in it?
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.first | self.second == 0
    }

    /// How many fields.
    #[inline]
    pub const fn len(self) -> u32 {
        self.first.count_ones() + self.second.count_ones()
    }

    /// The numbers, ascending.
    #[inline]
    pub const fn iter(self) -> FieldsIter {
        FieldsIter(self)
    }

    /// As the two bitmaps read as one big-endian number, bit 1 clear.
    #[inline]
    pub const fn bits(self) -> u128 {
        ((self.first as u128) << 64) | self.second as u128
    }

    /// From the two bitmaps read as one big-endian number; bit 1 is passed over.
    pub fn from_bits(bits: u128) -> Self {
        let word = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).expect("64 bits");
        Self::from_words(word(bits >> 64), word(bits))
    }

    /// From the two bitmaps; bit 1 is passed over.
    #[inline]
    pub(crate) const fn from_words(first: u64, second: u64) -> Self {
        Self { first: first & !TOP, second }
    }

    /// The two bitmaps, each with the number of the field that its highest bit stands for.
    #[inline]
    pub(crate) const fn halves(self) -> [(usize, u64); 2] {
        [(1, self.first), (65, self.second)]
    }

    /// The lowest number, if there is one.
    #[inline]
    pub const fn first(self) -> Option<u8> {
        match (self.first, self.second) {
            (0, 0) => None,
            (0, second) => Some(65 + second.leading_zeros().to_le_bytes()[0]),
            (first, _) => Some(1 + first.leading_zeros().to_le_bytes()[0]),
        }
    }

    /// The highest number, if there is one.
    #[inline]
    pub const fn last(self) -> Option<u8> {
        match (self.first, self.second) {
            (0, 0) => None,
            (first, 0) => Some(64 - first.trailing_zeros().to_le_bytes()[0]),
            (_, second) => Some(128 - second.trailing_zeros().to_le_bytes()[0]),
        }
    }

    /// The set without its lowest number, if that is `n`.
    #[inline]
    pub(crate) const fn without_first(self, n: u8) -> Option<Self> {
        let bit = TOP >> (n.wrapping_sub(1) & 63);
        // Without the highest bit of a word, less than that bit is left.
        let (first, second) = (self.first ^ bit, self.second ^ bit);
        match n {
            2..=64 if first < bit => Some(Self { first, ..self }),
            65..=128 if self.first == 0 && second < bit => Some(Self { first: 0, second }),
            _ => None,
        }
    }

    /// The part below DE `n`.
    #[inline]
    #[must_use]
    pub const fn below(self, n: u8) -> Self {
        match n {
            0..=2 => Self::EMPTY,
            3..=64 => Self { first: self.first & (u64::MAX << (65 - n)), second: 0 },
            65 => Self { first: self.first, second: 0 },
            66..=128 => Self { second: self.second & (u64::MAX << (129 - n)), ..self },
            129..=u8::MAX => self,
        }
    }
}

impl IntoIterator for Fields {
    type Item = u8;
    type IntoIter = FieldsIter;

    #[inline]
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
pub struct FieldsIter(Fields);

impl Iterator for FieldsIter {
    type Item = u8;

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let (word, base) = match &mut self.0 {
            Fields { first: 0, second: 0 } => return None,
            Fields { first: 0, second } => (second, 65),
            Fields { first, .. } => (first, 1),
        };
        let zeros = word.leading_zeros();
        *word &= !(TOP >> zeros);
        let [zeros, ..] = zeros.to_le_bytes();
        Some(base + zeros)
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
    fn only_the_first_number_is_taken_as_the_first() {
        let set = Fields::of(&[2, 64, 65, 128]);
        let mut left = set;
        for n in set {
            for other in (0..=255).filter(|&other| other != n) {
                assert_eq!(left.without_first(other), None, "{other} of {left:?}");
            }
            left = left.without_first(n).unwrap();
            assert!(!left.has(n));
        }
        assert_eq!(left, Fields::EMPTY);
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
