//! The journal's own code on a disk that fails as disks do: what was acknowledged is found after every
//! crash, what rots is noticed, and a broken rule too. Each run is decided by one seed.
//!
//! `SEKISHO_SEED=N cargo test -p journal --test crash seed` repeats one run and tells its last operations.

mod broken;
mod journey;
mod judge;
mod ledger;
mod node;
mod pair;
mod points;
mod rot;
mod standby;

use std::panic::{AssertUnwindSafe, catch_unwind};

use journal::disk::simulated::SimulatedDisk;

use self::journey::Seen;
use self::rot::End;

/// Seeds in each test build.
const SEEDS: u64 = 2_000;

/// A run; what goes wrong in it, panics too, is told with all that is needed to repeat it.
fn tell(seed: u64, seen: &mut Seen) {
    let disk = SimulatedDisk::new(seed);
    let went = catch_unwind(AssertUnwindSafe(|| journey::run(seed, &disk, seen)));
    let what = match went {
        Ok(Ok(())) => return,
        Ok(Err(what)) => what,
        Err(_) => "a panic, see above".to_owned(),
    };
    panic!(
        "{what}\nthe last operations:\n{}repeat it: SEKISHO_SEED={seed} cargo test -p journal --test \
         crash seed",
        disk.history()
    );
}

#[test]
fn what_was_acknowledged_is_found_after_every_crash_and_what_rots_is_noticed() {
    let mut seen = Seen::default();
    for seed in 0..SEEDS {
        tell(seed, &mut seen);
    }
    println!("{SEEDS} seeds: {seen:?}");
    let rot = |end| seen.rot.get(&end).copied().unwrap_or_default();
    let enough = seen.crashes > 2_000 && seen.failures > 400 && seen.records > 50_000;
    let enough = enough && rot(End::Noticed) > 2_000 && rot(End::NotCovered) > 200;
    assert!(enough, "so little proves little: {seen:?}");
}

#[test]
fn the_seed_that_is_given() {
    let Ok(seed) = std::env::var("SEKISHO_SEED") else { return };
    let mut seen = Seen::default();
    tell(seed.parse().expect("SEKISHO_SEED is a number"), &mut seen);
    println!("{seen:?}");
}
