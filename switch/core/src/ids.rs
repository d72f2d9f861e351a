//! Small numbers that name things: a station, a link, a worker, a slot. Knows no thing it names.

/// A station: a party that talks to the switch. Its place in the plan's list of stations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationId(pub u16);

/// A link: one connection of a station. Every possible connection has a number from the start,
/// so that a table of links never grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// A station as records name it: a number that a record gave it and that no other station ever
/// gets, whatever the configuration of the day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationNumber(pub u16);

/// A link as records name it; given once, as the number of a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkNumber(pub u32);

/// A worker: one thread with its own share of stations and transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u8);

/// A route: one entry of the routing table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteId(pub u32);

/// A transaction in flight at its home: a place in the table of pending ones and the generation
/// of that place, so that a late reference to a place used again is known as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId {
    /// Place in the table.
    pub index: u32,
    /// How many transactions have used that place before.
    pub generation: u32,
}

/// Our own system trace audit number (DE 11) towards an issuer, 1 to 999,999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stan(pub u32);

macro_rules! index {
    ($($name:ident),*) => {$(
        impl $name {
            /// As a place in a list.
            #[inline]
            pub fn index(self) -> usize {
                usize::try_from(self.0).expect("an id fits a place in a list")
            }
        }
    )*};
}
index!(StationId, LinkId, WorkerId, RouteId);

impl SlotId {
    /// The place in the table.
    #[inline]
    pub fn place(self) -> usize {
        usize::try_from(self.index).expect("an id fits a place in a list")
    }
}

/// The packed digits of each number below a thousand.
const THREE_DIGITS: [u16; 1_000] = {
    let mut digits = [0; 1_000];
    let mut number = 0;
    while number < 1_000 {
        digits[number as usize] = ((number / 100) << 8) | ((number / 10 % 10) << 4) | (number % 10);
        number += 1;
    }
    digits
};

impl Stan {
    /// As six packed digits.
    #[inline]
    pub fn digits(self) -> u64 {
        let three = |number: u32| u64::from(THREE_DIGITS[(number % 1_000) as usize]);
        (three(self.0 / 1_000) << 12) | three(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stan_has_the_digits_of_its_number() {
        for number in [1, 9, 10, 999, 1_000, 98_765, 100_000, 999_999] {
            assert_eq!(Stan(number).digits(), crate::time::packed(number.into()), "{number}");
        }
    }
}
