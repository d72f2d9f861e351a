//! Each rule that can be broken on purpose is broken, and somebody notices: a world of chance, or where
//! those can not see it, a story. Must not know how a rule works.

mod pair;
mod sites;
mod stories;

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use switch_core::broken::{Variant, break_only};
use switch_sim::seeds::live;

use stories::STORIES;

/// Seeds within which each has to be noticed.
const SEEDS: u64 = 1_000;

#[test]
fn every_rule_that_is_broken_is_noticed() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut wrong = Vec::new();
    for (variant, story) in STORIES {
        if catch_unwind(story).is_err() {
            wrong.push(format!("with all rules in force: the story of {variant:?}"));
        }
    }
    for &variant in Variant::ALL {
        break_only(Some(variant));
        let stories: Vec<_> = STORIES.iter().filter(|(of, _)| *of == variant).collect();
        let told = stories.iter().any(|(_, story)| catch_unwind(story).is_err());
        let by = match told {
            true => Some("a story".to_string()),
            false if stories.is_empty() => first_seed().map(|(seed, why)| {
                format!("seed {seed}: {}", why.split_once(": ").map_or(&*why, |(_, why)| why))
            }),
            false => None,
        };
        break_only(None);
        match by {
            Some(by) => println!("{variant:?} {by:.100}"),
            None => wrong.push(format!("nobody notices {variant:?}: {}", variant.text())),
        }
    }
    drop(std::panic::take_hook());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The first seed whose world does not come to its end as it should, and why.
fn first_seed() -> Option<(u64, String)> {
    let (next, found) = (AtomicU64::new(1), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| lives(&next, &found));
        }
    });
    found.into_inner().expect("no world ends a thread").pop_first()
}

/// Seeds one after the other, until one is found.
fn lives(next: &AtomicU64, found: &Mutex<BTreeMap<u64, String>>) {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed > SEEDS || !found.lock().expect("no world ends a thread").is_empty() {
            return;
        }
        if let Err(why) = live(seed, false) {
            found.lock().expect("no world ends a thread").insert(seed, why);
        }
    }
}
