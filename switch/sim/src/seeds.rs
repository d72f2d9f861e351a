//! A world from one seed: acquirers that repeat, give up and reverse, issuers that are slow, silent,
//! late and double, lines that drop, a switch that crashes. After every event the ledgers of the
//! world are asked whether promises 1, 4, 5 and 7 of the design still hold. Must not look into the
//! tables of the core, but for how full they are.

mod acquirers;
mod agenda;
mod deadlines;
pub(crate) mod dice;
mod happened;
mod issuers;
mod outside;
mod pace;
mod register;
mod stage;
mod weather;
mod words;

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use happened::{Happened, Happening};
pub(crate) use outside::Outside;
pub use outside::Sums;

/// The world of one seed, from its beginning until nothing in it is open; gives how much of what
/// happened there, else a promise that was broken. `told`: with everything that happened.
pub fn live(seed: u64, told: bool) -> Result<(Sums, String), String> {
    let mut outside = Outside::new(seed, told);
    let lived = catch_unwind(AssertUnwindSafe(|| outside.lives()));
    let mut story = String::new();
    if told {
        writeln!(story, "{:#?}", outside.weather()).unwrap();
        story += outside.story();
    }
    match lived {
        Ok(sums) => Ok((sums, story)),
        Err(why) => {
            let said = why.downcast_ref::<String>().map(String::as_str);
            let said = said.or(why.downcast_ref::<&str>().copied()).unwrap_or("it panics");
            Err(format!("{story}seed {seed}: {said}"))
        }
    }
}

impl crate::running::Sums for Sums {
    fn adds(&mut self, other: &Self) {
        self.cases += other.cases;
        self.messages += other.messages;
        self.records += other.records;
        self.seconds += other.seconds;
        self.happened.adds(&other.happened);
    }

    fn lived_ms(&self) -> u64 {
        self.seconds * 1_000
    }

    fn happened(&self) -> Vec<(&'static str, u64)> {
        self.happened.all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_of_a_seed_is_the_same_every_time() {
        for seed in 1..20 {
            assert_eq!(live(seed, true), live(seed, true));
        }
    }
}
