//! Rules of two sites are broken on purpose, and a world of chance notices each. Must not know how a rule
//! works.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use switch_sim::pair::broken::{Mutant, RULES, live};

/// Seeds within which each has to be noticed, if none of those that are known for it notices it.
const SEEDS: u64 = 400;

#[test]
fn every_rule_of_two_sites_that_is_broken_is_noticed() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut wrong = Vec::new();
    for &(mutant, seeds) in RULES {
        let by = known(mutant, seeds).or_else(|| first_seed(mutant));
        match by {
            Some(by) => println!("{mutant:?} {}", by.lines().last().unwrap_or_default()),
            None => wrong.push(format!("nobody notices {mutant:?}")),
        }
    }
    std::panic::set_hook(before);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether one of these seeds notices.
fn known(mutant: Mutant, seeds: &[u64]) -> Option<String> {
    seeds.iter().find_map(|&seed| live(Some(mutant), seed).err())
}

/// The first seed that notices, and how.
fn first_seed(mutant: Mutant) -> Option<String> {
    let (next, found) = (AtomicU64::new(1), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| lives(mutant, &next, &found));
        }
    });
    found.into_inner().expect("no world ends a thread").pop_first().map(|(_, why)| why)
}

/// Seeds one after the other, until one is found.
fn lives(mutant: Mutant, next: &AtomicU64, found: &Mutex<BTreeMap<u64, String>>) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed > SEEDS || !found.lock().expect("no world ends a thread").is_empty() {
            return;
        }
        if let Err(why) = live(Some(mutant), seed) {
            found.lock().expect("no world ends a thread").insert(seed, why);
        }
    }
}
