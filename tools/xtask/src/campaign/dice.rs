//! Chance from a seed, so that what was thrown can be thrown again. Must not know for what.

use std::time::Duration;

/// Dice (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        // Neighbouring seeds are no neighbours behind the first throw.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.throw() % bound
    }

    /// One of these.
    pub(super) fn one_of<T: Copy>(&mut self, some: &[T]) -> T {
        let count = u64::try_from(some.len()).expect("a few");
        some[usize::try_from(self.below(count)).expect("a place in a list")]
    }

    /// True so many times of a hundred.
    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// A time between these.
    pub(super) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let span = u64::try_from(most.saturating_sub(least).as_nanos()).expect("a short time");
        least + Duration::from_nanos(self.below(span.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_and_another_one_does_not() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            [(); 8].map(|()| dice.below(1_000_000))
        };
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn what_is_thrown_keeps_its_bounds() {
        let mut dice = Dice::new(1);
        let (least, most) = (Duration::from_millis(3), Duration::from_millis(5));
        let mut seen = [0; 3];
        for _ in 0..300 {
            assert!((least..most).contains(&dice.between(least, most)));
            seen[usize::try_from(dice.below(3)).unwrap()] += 1;
            assert!(!dice.percent(0) && dice.percent(100));
            assert!([4, 5].contains(&dice.one_of(&[4, 5])));
        }
        assert!(seen.iter().all(|count| *count > 60), "{seen:?}");
    }
}
