//! A fixed small workload, and a crash at every operation of it. Must not choose which.

use journal::disk::Disk;
use journal::disk::simulated::{Random, SimulatedDisk};
use journal::format::PathKind;

use crate::journey::{agrees, live};
use crate::ledger::Ledger;
use crate::node::{self, Failed, Setting};

/// Ways to crash at each operation: so often the power is cut, and once the process is killed.
const CUTS: u64 = 4;

/// Three starts, with roll-overs, marks, archives and checkpoints between them.
fn workload(disk: &SimulatedDisk, setting: &Setting, ledger: &mut Ledger) -> Result<(), Failed> {
    let mut random = Random::new(4);
    for steps in [150, 60, 90] {
        live(disk, setting, steps, ledger, &mut random)?;
    }
    Ok(())
}

fn a_crash_at_every_operation(kind: PathKind) -> u64 {
    let setting = Setting { kind, segment_bytes: 32 << 10, keys: node::keys(), record_max: 2_000 };
    let (disk, mut ledger) = (SimulatedDisk::new(1), Ledger::default());
    workload(&disk, &setting, &mut ledger).expect("nothing fails");
    let archived =
        disk.list().expect("it is up").iter().filter(|name| name.ends_with(".archive")).count();
    assert!(archived > 2 && ledger.checkpoints.len() > 3, "the workload has all of it: {ledger}");

    for operation in 1..=disk.operations() {
        let (disk, mut ledger) = (SimulatedDisk::new(1), Ledger::default());
        disk.crash_at(operation);
        workload(&disk, &setting, &mut ledger).expect_err("the machine goes down");
        assert!(disk.is_down());
        for cut in 0..=CUTS {
            let (disk, mut ledger) = (disk.fork(cut), ledger.clone());
            let goes_on = |disk: &SimulatedDisk, ledger: &mut Ledger| {
                agrees(disk, &setting, ledger)?;
                let lived = live(disk, &setting, 10, ledger, &mut Random::new(cut));
                lived.map_err(|Failed(what)| what)?;
                disk.cut_power();
                agrees(disk, &setting, ledger)
            };
            if cut < CUTS {
                disk.cut_power();
            } else {
                disk.kill();
            }
            let went = goes_on(&disk, &mut ledger);
            went.unwrap_or_else(|what| panic!("operation {operation}, cut {cut}: {what}"));
        }
    }
    disk.operations()
}

#[test]
fn on_the_mapped_path_a_crash_at_any_operation_loses_nothing() {
    let operations = a_crash_at_every_operation(PathKind::Mapped);
    assert!(operations > 200, "{operations}");
}

#[test]
fn on_the_direct_path_a_crash_at_any_operation_loses_nothing() {
    let operations = a_crash_at_every_operation(PathKind::Direct);
    assert!(operations > 200, "{operations}");
}
