//! The journal's own code on a disk that fails as disks do: what was acknowledged is found after every
//! crash, and what rots is noticed. Each run is decided by one seed.
//!
//! `SEKISHO_SEED=N cargo test -p journal --test crash seed` repeats one run and tells its last operations.

mod judge;
mod ledger;
mod node;
mod rot;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use journal::disk::simulated::{Random, SimulatedDisk};
use journal::format::PathKind;

use self::ledger::Ledger;
use self::node::{Failed, Node, Setting, read};
use self::rot::End;

/// Seeds in each test build.
const SEEDS: u64 = 2_000;

/// What a run went through.
#[derive(Debug, Default)]
struct Seen {
    crashes: u64,
    records: u64,
    rot: BTreeMap<End, u64>,
}

/// A journal through several lives, from one seed.
fn run(seed: u64, disk: &SimulatedDisk, seen: &mut Seen) -> Result<(), String> {
    let random = &mut Random::new(seed);
    let setting = Setting {
        kind: random.one_of(&[PathKind::Mapped, PathKind::Direct]),
        segment_bytes: random.one_of(&[32, 64, 256]) << 10,
        keys: node::keys(),
        record_max: random.one_of(&[50, 600, 9_000]),
    };
    let mut ledger = Ledger::default();
    for _ in 0..2 + random.below(4) {
        if random.chance(90) {
            disk.crash_at(disk.operations() + 1 + random.below(80));
        }
        let steps = random.below(120);
        let lived = live(disk, &setting, steps, &mut ledger, random);
        if disk.is_down() {
            seen.crashes += 1;
        } else {
            lived.map_err(|Failed(what)| what)?;
        }
        let state = disk.fork(random.number());
        state.cut_power();
        agrees(&state, &setting, &mut ledger.clone())?;
        if random.chance(70) {
            disk.cut_power();
        } else {
            disk.kill();
        }
        agrees(disk, &setting, &mut ledger)?;
    }
    for _ in 0..4 {
        *seen.rot.entry(rot::rot(disk, &setting, &ledger, random)?).or_default() += 1;
    }
    seen.records += ledger.written.len() as u64;
    Ok(())
}

/// From recovery to an orderly end, unless the disk crashes.
fn live(
    disk: &SimulatedDisk,
    setting: &Setting,
    steps: u64,
    ledger: &mut Ledger,
    random: &mut Random,
) -> Result<(), Failed> {
    let found = read(disk, &setting.keys)?;
    judge::agrees(ledger, &found)?;
    let mut node = Node::start(disk, setting, &found.recovered, ledger, random)?;
    node.work(steps)?;
    node.stop()
}

fn agrees(disk: &SimulatedDisk, setting: &Setting, ledger: &mut Ledger) -> Result<(), String> {
    let found = read(disk, &setting.keys).map_err(|refusal| refusal.to_string())?;
    judge::agrees(ledger, &found)
}

/// A run; what goes wrong in it, panics too, is told with all that is needed to repeat it.
fn tell(seed: u64, seen: &mut Seen) {
    let disk = SimulatedDisk::new(seed);
    let went = catch_unwind(AssertUnwindSafe(|| run(seed, &disk, seen)));
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
    let enough = seen.crashes > 2_000 && seen.records > 50_000;
    let enough = enough && rot(End::Noticed) > 4_000 && rot(End::NotCovered) > 200;
    assert!(enough, "so little proves little: {seen:?}");
}

#[test]
fn the_seed_that_is_given() {
    let Ok(seed) = std::env::var("SEKISHO_SEED") else { return };
    let mut seen = Seen::default();
    tell(seed.parse().expect("SEKISHO_SEED is a number"), &mut seen);
    println!("{seen:?}");
}
