//! The control file through crashes and rot. Must not know where a value stands in it.

use super::*;
use crate::disk::simulated::{Lie, Rot, SimulatedDisk};
use crate::mutants;

fn control(promised: u32) -> Control {
    let name = NodeName::new("tokyo").unwrap();
    let member = |name, number| Member { name, incarnation: Incarnation(number) };
    let other = NodeName::new("osaka").unwrap();
    let in_sync = (promised % 2 == 1).then_some(member(other, 8));
    let (epoch, cluster) = (Epoch(promised), [9; 16]);
    let record = Record { cluster, epoch, primary: member(name, 7), in_sync };
    Control {
        cluster,
        promised: Epoch(promised),
        reigned: Epoch(promised - 1),
        fenced: [Fenced::No, Fenced::HandedOver, Fenced::ByOperator][promised as usize % 3],
        known: (promised > 1).then_some(Known { revision: Revision(5), record }),
        peer_joined: promised.is_multiple_of(2),
        lossy: promised.is_multiple_of(3),
        joining: [Joining::No, Joining::New, Joining::Replacing][promised as usize % 3],
        cut: (promised > 2).then_some(Mark {
            epoch: Epoch(1),
            batch: BatchNumber(2),
            position: Position(3),
            tag: [4; 16],
        }),
        repairing: (promised > 3).then_some(BatchNumber(77)),
        solo_since: (promised > 4).then_some(123),
        assured: Epoch(promised),
        isolated: promised % 4 > 1,
        ..Control::first(name)
    }
}

#[test]
fn what_was_written_is_read_again_whatever_it_says() {
    let disk = SimulatedDisk::new(1);
    assert_eq!(read(&disk).unwrap(), None);
    assert_eq!(mend(&disk).unwrap(), None);
    for promised in 1..9 {
        write(&disk, &control(promised)).unwrap();
        assert_eq!(read(&disk).unwrap(), Some(control(promised)));
    }
}

/// Rot of either copy, before any start makes two of one again.
fn before_a_start(disk: &SimulatedDisk, seed: u64, acknowledged: u32) -> Result<(), String> {
    if !disk.list().unwrap().contains(&NAME.to_owned()) {
        return Ok(());
    }
    for copy in [0, BLOCK as u64] {
        let disk = disk.fork(seed);
        disk.rot(NAME, copy, Rot::Zeroed);
        let found = read(&disk).map_err(|problem| problem.to_string())?;
        let found = found.map_or(0, |control| control.promised.0);
        if found < acknowledged {
            return Err(format!("rot takes {acknowledged} back to {found}"));
        }
    }
    Ok(())
}

/// A crash at each operation of some writes; then a start, and rot of either copy.
fn a_crash_at_every_operation(lies: &[Lie]) -> Result<(), String> {
    let work = |disk: &SimulatedDisk, acknowledged: &mut u32| -> Result<(), Problem> {
        for promised in 1..5 {
            write(disk, &control(promised))?;
            *acknowledged = promised;
        }
        Ok(())
    };
    let whole = SimulatedDisk::new(1);
    work(&whole, &mut 0).unwrap();
    for operation in 1..=whole.operations() {
        for cut in 0..16 {
            let rot = if cut % 2 == 0 { Rot::Zeroed } else { Rot::Unreadable };
            let (disk, mut acknowledged) = (SimulatedDisk::new(cut), 0);
            disk.crash_at(operation);
            for &lie in lies {
                disk.tell(lie);
            }
            work(&disk, &mut acknowledged).expect_err("the machine goes down");
            if cut == 0 {
                disk.kill();
            } else {
                disk.cut_power();
            }
            before_a_start(&disk, cut, acknowledged)?;
            let found = mend(&disk).map_err(|problem| problem.to_string())?;
            let found = found.map_or(0, |control| control.promised.0);
            if ![acknowledged, acknowledged + 1].contains(&found) {
                return Err(format!("operation {operation}: {found}, not {acknowledged}"));
            }
            for copy in [0, BLOCK as u64] {
                let disk = disk.fork(cut);
                if found > 0 {
                    disk.cut_power();
                    disk.rot(NAME, copy, rot);
                }
                let again = read(&disk).map_err(|problem| problem.to_string())?;
                let again = again.map_or(0, |control| control.promised.0);
                if again != found {
                    return Err(format!(
                        "operation {operation}: rot takes {found} back to {again}"
                    ));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn a_crash_at_any_operation_and_a_rotten_copy_take_back_nothing() {
    a_crash_at_every_operation(&[]).unwrap();
}

#[test]
fn a_second_copy_that_is_not_written_is_noticed() {
    mutants::set(Some(Mutant::WritesOneCopy));
    let told = a_crash_at_every_operation(&[]);
    mutants::set(None);
    assert!(told.unwrap_err().contains("takes"));
}

#[test]
fn copies_that_are_not_synced_are_noticed() {
    let told = a_crash_at_every_operation(&[Lie::SkipsSync("control")]);
    assert!(told.unwrap_err().starts_with("neither copy"));
}

#[test]
fn a_file_of_a_newer_program_is_neither_read_nor_written_over() {
    let disk = SimulatedDisk::new(1);
    write(&disk, &control(1)).unwrap();
    let mut bytes = disk.content(NAME);
    bytes[8] = 9;
    add_check(&mut bytes[..COPY]);
    disk.remove(NAME).unwrap();
    disk.place(NAME, &bytes);
    for told in [read(&disk).map(|_| ()), write(&disk, &control(2)), mend(&disk).map(|_| ())] {
        assert!(matches!(told, Err(Problem::Version(9))), "{told:?}");
    }
    assert_eq!(disk.content(NAME), bytes);
}

#[test]
fn without_a_whole_copy_nothing_is_known_until_it_is_written_anew() {
    let disk = SimulatedDisk::new(1);
    write(&disk, &control(3)).unwrap();
    disk.rot(NAME, 0, Rot::Zeroed);
    disk.rot(NAME, BLOCK as u64, Rot::Unreadable);
    assert!(matches!(read(&disk), Err(Problem::Damaged(_))));
    write(&disk, &control(4)).unwrap();
    assert_eq!(read(&disk).unwrap(), Some(control(4)));
}
