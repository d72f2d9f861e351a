//! A journal through several lives, decided by one seed: crashes, kills and failed syncs, and what is
//! found after each. Must not know what is broken in a run.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use journal::disk::simulated::{Random, SimulatedDisk};
use journal::format::PathKind;
use journal::verify::{self, Condition};

use crate::judge;
use crate::ledger::Ledger;
use crate::node::{self, Failed, Node, Setting, read};
use crate::rot::{self, End};

/// What runs went through.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) crashes: u64,
    pub(crate) failures: u64,
    pub(crate) records: u64,
    pub(crate) rot: BTreeMap<End, u64>,
}

pub(crate) fn run(seed: u64, disk: &SimulatedDisk, seen: &mut Seen) -> Result<(), String> {
    let random = &mut Random::new(seed);
    let setting = Setting {
        kind: random.one_of(&[PathKind::Mapped, PathKind::Direct]),
        segment_bytes: random.one_of(&[32, 64, 256]) << 10,
        keys: node::keys(),
        record_max: random.one_of(&[50, 600, 9_000]),
    };
    let mut ledger = Ledger::default();
    for _ in 0..2 + random.below(4) {
        life(disk, &setting, &mut ledger, random, seen)?;
    }
    for _ in 0..2 {
        *seen.rot.entry(rot::rot(disk, &setting, &ledger, random)?).or_default() += 1;
    }
    seen.records += ledger.written.len() as u64;
    Ok(())
}

/// A life, its end, and what is found then.
fn life(
    disk: &SimulatedDisk,
    setting: &Setting,
    ledger: &mut Ledger,
    random: &mut Random,
    seen: &mut Seen,
) -> Result<(), String> {
    let error = random.one_of(&[ErrorKind::StorageFull, ErrorKind::Other]);
    let fails = random.chance(20);
    if fails {
        disk.fail_sync(random.below(40), error);
    } else if random.chance(90) {
        disk.crash_at(disk.operations() + 1 + random.below(80));
    }
    let steps = random.below(120);
    let lived = live(disk, setting, steps, ledger, random);
    if disk.is_down() {
        seen.crashes += 1;
    } else if fails && disk.has_failed() {
        seen.failures += 1;
    } else if let Err(Failed(what)) = &lived {
        return Err(what.clone());
    }
    // A spare that finds no room is not made, and that is all.
    let must_end = fails && disk.has_failed() && !disk.is_down() && error != ErrorKind::StorageFull;
    disk.fail_nothing();
    let state = disk.fork(random.number());
    state.cut_power();
    agrees(&state, setting, &mut ledger.clone())?;
    if random.chance(70) {
        disk.cut_power();
    } else {
        disk.kill();
    }
    agrees(disk, setting, ledger)?;
    let report = verify::verify(disk).map_err(|failed| failed.to_string())?;
    if report.condition() == Condition::Damaged {
        return Err(format!("a start goes on, and verify says: {report:?}"));
    }
    if must_end && lived.is_ok() {
        Err("a sync failed, and nobody ended".to_owned())
    } else {
        Ok(())
    }
}

/// From recovery to an orderly end, unless the disk crashes or fails.
pub(crate) fn live(
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

pub(crate) fn agrees(
    disk: &SimulatedDisk,
    setting: &Setting,
    ledger: &mut Ledger,
) -> Result<(), String> {
    let found = read(disk, &setting.keys).map_err(|refusal| refusal.to_string())?;
    judge::agrees(ledger, &found)
}
