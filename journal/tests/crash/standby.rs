//! A primary's log and its standby's through crashes, promotions and cuts: runs that find nothing, and the same
//! runs with a rule broken that find it. Must not need more than a seed.
//!
//! `SEKISHO_SEED=N cargo test -p journal --test crash pair` repeats one run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use journal::mutants::{self, Mutant};

use crate::pair::{self, Seen};

/// Seeds in each test build.
const SEEDS: u64 = 200;

fn told(seed: u64, seen: &mut Seen) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| pair::run(seed, seen))) {
        Ok(went) => went.err(),
        Err(panic) => panic.downcast_ref::<String>().cloned().or(Some("a panic".to_owned())),
    }
}

#[test]
fn a_standby_loses_nothing_that_it_called_durable_and_both_logs_are_equal() {
    let mut seen = Seen::default();
    for seed in 0..SEEDS {
        if let Some(what) = told(seed, &mut seen) {
            panic!("SEKISHO_SEED={seed} cargo test -p journal --test crash pair\n{what}");
        }
    }
    println!("{SEEDS} seeds: {seen:?}");
    let enough = seen.crashes > 150 && seen.cuts > 15 && seen.promotions > 100;
    assert!(enough && seen.batches > 2_000, "so little proves little: {seen:?}");
}

#[test]
fn the_seed_of_a_pair_that_is_given() {
    let Ok(seed) = std::env::var("SEKISHO_SEED") else { return };
    let mut seen = Seen::default();
    let what = told(seed.parse().expect("SEKISHO_SEED is a number"), &mut seen);
    println!("{what:?} {seen:?}");
    assert_eq!(what, None);
}

/// A rule that a follower or a cut breaks, and what is said then.
const PROMISES: [(&str, Mutant, u64, &str); 4] = [
    ("what is called durable is", Mutant::CallsReceivedDurable, 1, "lost"),
    ("what was torn is zeros", Mutant::LeavesTheTornEnd, 12, "is not zeros"),
    ("a torn end is not covered", Mutant::CoversWhatIsUnderWay, 62, "nothing rots here"),
    ("what is cut is kept", Mutant::CutsWithoutKeeping, 1, "is in no tail"),
];

#[test]
fn every_rule_of_a_standby_s_log_that_is_broken_is_noticed() {
    for (holds, mutant, seed, said) in PROMISES {
        let broken = |seed| {
            mutants::set(Some(mutant));
            let told = told(seed, &mut Seen::default());
            mutants::set(None);
            told
        };
        let noticed = broken(seed);
        if !noticed.as_ref().is_some_and(|told| told.contains(said)) {
            let all = (0..SEEDS).map(|seed| (seed, broken(seed)));
            let mut told = all.filter_map(|(seed, told)| told.map(|told| (seed, told)));
            let other = told.find(|(_, told)| told.contains(said));
            panic!("{holds}: seed {seed} shows {noticed:?}; one that shows it: {other:?}");
        }
    }
}
