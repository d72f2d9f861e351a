//! Values of fields, the same ones in every run. Must not know what a field means.

use serde::Deserialize;

/// Numbers that look random and never change: `SplitMix64`.
pub(crate) struct Dice(pub(crate) u64);

/// What a field takes, by another implementation's table.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) n: u8,
    pub(crate) kind: Kind,
    /// Fewest units: digits, characters, bytes.
    pub(crate) least: usize,
    /// Most units.
    pub(crate) most: usize,
}

/// Which values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Kind {
    Num,
    Amount,
    Char,
    Binary,
}

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`.
    pub(crate) fn within(&mut self, least: usize, most: usize) -> usize {
        let count = u64::try_from(most - least + 1).expect("a small number");
        least + usize::try_from(self.next() % count).expect("a small number")
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.within(0, all.len() - 1)]
    }

    /// So many characters from `first` to `last`.
    fn characters(&mut self, count: usize, first: char, last: char) -> String {
        let (first, last) = (first as usize, last as usize);
        let one = |_| char::from(u8::try_from(self.within(first, last)).expect("ASCII"));
        (0..count).map(one).collect()
    }

    pub(crate) fn digits(&mut self, count: usize) -> String {
        self.characters(count, '0', '9')
    }

    /// A value of so many units.
    pub(crate) fn value(&mut self, kind: Kind, units: usize) -> String {
        match kind {
            Kind::Num => self.digits(units),
            Kind::Amount => format!("{}{}", self.one_of(&["C", "D"]), self.digits(units - 1)),
            Kind::Char => self.characters(units, ' ', '~'),
            Kind::Binary => {
                (0..2 * units).map(|_| self.one_of(b"0123456789ABCDEF")).map(char::from).collect()
            }
        }
    }
}

impl Row {
    /// Its most units, or fewer, so that a message has room for many of the kind.
    pub(crate) fn moderate(&self) -> usize {
        self.most.min(40).max(self.least)
    }
}
