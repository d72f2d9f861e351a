//! Two sites from one seed: two nodes with their disks and clocks, the line between them and a witness,
//! and everything that can go wrong with any of these. After every event what both disks have and what
//! the outside was told is held against the protocol's invariants. Must not know how a node decides.

mod agenda;
mod book;
pub mod broken;
mod clock;
mod cores;
mod following;
mod happened;
mod judge;
mod keeping;
mod life;
mod line;
mod living;
mod machine;
mod measuring;
mod operators;
mod scenario;
mod shipping;
mod snapshots;
mod starting;
mod stories;
mod tale;
mod troubles;
mod weather;
mod witness;
mod world;
mod writing;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use happened::{Happened, Happening};
pub use world::Sums;

use crate::seeds::dice::Dice;
use weather::Weather;
use world::World;

/// Of so many worlds in which nothing rots, one is looked through for rot.
const SCRUBS: u64 = 8;
/// Of so many worlds in which no disk is lost, one has nodes that let go of old archives.
const LETS_GO: u64 = 3;

/// The world of one seed, from its beginning until all is well again; gives what happened there, else
/// what was not as it must be. `told`: with everything that happened.
pub fn live(seed: u64, told: bool) -> Result<(Sums, String), String> {
    let mut dice = Dice::new(seed);
    let mut weather = Weather::of(&mut dice);
    weather.lets_go = weather.losses > 0 || seed.is_multiple_of(LETS_GO);
    weather.scrubs = weather.rots > 0 || seed.is_multiple_of(SCRUBS);
    let shown = if told { format!("{weather:#?}\n") } else { String::new() };
    let mut world = World::new(seed, weather, dice, told);
    let told = tells(&mut world, &format!("seed {seed}, "));
    told.map(|(sums, story)| (sums, shown.clone() + &story)).map_err(|why| shown + &why)
}

/// A world from its beginning to its end, else what was not as it must be: the last line of it with
/// `which` before it.
fn tells(world: &mut World, which: &str) -> Result<(Sums, String), String> {
    let lived = catch_unwind(AssertUnwindSafe(|| world.lives()));
    let story = std::mem::take(&mut world.tale.text);
    match lived {
        Ok(()) => Ok((world.sums.clone(), story)),
        Err(why) => {
            let said = why.downcast_ref::<String>().map(String::as_str);
            let said = said.or(why.downcast_ref::<&str>().copied()).unwrap_or("it panics");
            Err(format!("{story}{which}at {} s: {said}", world.now.shown().trim()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_of_a_seed_is_the_same_every_time() {
        for seed in 1..20 {
            // Keys of segments are random, and so are the tags in a story.
            assert_eq!(live(seed, false), live(seed, false));
        }
    }
}
