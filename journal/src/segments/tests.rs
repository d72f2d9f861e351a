//! Spares and their keeper in a real directory. Must not need a writer.

use std::sync::Arc;

use super::*;
use crate::disk::simulated::SimulatedDisk;
use crate::disk::{Disk, DiskFile, SystemDisk};
use crate::names::Name;
use crate::place::Place;

const MIB: u64 = 1 << 20;

fn keeper(place: &Place, segment_bytes: u64) -> (SystemDisk, Arc<Spares>, Keeper<SystemDisk>) {
    let disk = SystemDisk::open(place.path(), true).unwrap();
    let spares = Arc::new(Spares::new(segment_bytes));
    let keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), 2, 0).unwrap();
    (disk, spares, keeper)
}

fn until_idle(keeper: &mut Keeper<SystemDisk>) -> usize {
    (1..100).find(|_| keeper.step().unwrap() != Next::Again).unwrap()
}

fn make(disk: &SystemDisk, name: &str, bytes: u64, content: u8) {
    let length = usize::try_from(bytes).unwrap();
    disk.create(name, bytes).unwrap().write_at(0, &vec![content; length]).unwrap();
}

fn is_zeros(disk: &SystemDisk, name: &str, bytes: u64) -> bool {
    let mut read = vec![1; usize::try_from(bytes).unwrap()];
    disk.open(name, false).unwrap().read_at(0, &mut read).unwrap() == read.len()
        && read.iter().all(|&byte| byte == 0)
}

#[test]
fn spares_are_made_until_there_are_enough() {
    let place = Place::new("enough");
    let (disk, spares, mut keeper) = keeper(&place, 9 * MIB);
    assert_eq!(spares.count(), 0);
    until_idle(&mut keeper);
    let expected = ["0000000000000001.spare", "0000000000000002.spare", "lock"];
    assert_eq!(disk.list().unwrap(), expected);
    assert!(expected[..2].iter().all(|name| is_zeros(&disk, name, 9 * MIB)));
    assert_eq!(spares.take().unwrap(), "0000000000000001.spare");
    assert_eq!(spares.count(), 1);
    until_idle(&mut keeper);
    assert_eq!(disk.list().unwrap().len(), 4);
    assert_eq!(spares.count(), 2);
}

#[test]
fn a_step_fills_no_more_than_a_quarter_of_a_mebibyte() {
    let place = Place::new("steps");
    let (_disk, _spares, mut keeper) = keeper(&place, 9 * MIB);
    // Each of two: made, then filled; then nothing to do.
    assert_eq!(until_idle(&mut keeper), 2 * (1 + 9 * 4) + 1);
}

#[test]
fn while_spares_are_few_no_step_syncs_more_than_sixteen_mebibytes() {
    let disk = SimulatedDisk::new(7);
    let spares = Arc::new(Spares::new(40 * MIB));
    let mut keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), 3, 0).unwrap();
    // Of each spare: made, then filled, by a quarter of a mebibyte a step.
    let mut steps_to_sync = |skip| {
        disk.fail_sync(skip, std::io::ErrorKind::StorageFull);
        let steps = (1..1_000).find(|_| keeper.step().unwrap() == Next::Full).unwrap();
        assert!(disk.has_failed());
        steps
    };
    assert_eq!([0, 1, 2].map(&mut steps_to_sync), [16, 32, 40].map(|mib| 1 + mib * 4));
    let whole = 1 + 40 * 4;
    assert_eq!(steps_to_sync(3 + 3), 2 * whole + whole, "two are ready: the third has one");
}

#[test]
fn an_archived_segment_becomes_a_spare_of_zeros() {
    let place = Place::new("again");
    let (disk, spares, mut keeper) = keeper(&place, MIB);
    until_idle(&mut keeper);
    let segment = Name::Segment(SegmentNumber(1)).to_string();
    disk.rename(&spares.take().unwrap(), &segment).unwrap();
    disk.open(&segment, true).unwrap().write_at(0, &vec![9; 1 << 20]).unwrap();
    spares.seal(SegmentNumber(1));
    assert_eq!(spares.sealed(), [SegmentNumber(1)]);
    spares.archived(SegmentNumber(1));
    assert_eq!(spares.sealed(), []);
    until_idle(&mut keeper);
    let expected = ["0000000000000002.spare", "0000000000000003.spare", "lock"];
    assert_eq!(disk.list().unwrap(), expected);
    assert!(is_zeros(&disk, "0000000000000003.spare", MIB));
}

#[test]
fn an_archived_segment_that_nobody_needs_is_removed() {
    let place = Place::new("surplus");
    let (disk, spares, mut keeper) = keeper(&place, MIB);
    until_idle(&mut keeper);
    make(&disk, &Name::Segment(SegmentNumber(1)).to_string(), MIB, 9);
    spares.seal(SegmentNumber(1));
    until_idle(&mut keeper);
    assert_eq!(disk.list().unwrap().len(), 4, "not before it is archived");
    spares.archived(SegmentNumber(1));
    until_idle(&mut keeper);
    assert_eq!(disk.list().unwrap().len(), 3);
}

#[test]
fn an_archived_segment_waits_for_those_before_it() {
    let place = Place::new("order");
    let (_disk, spares, _keeper) = keeper(&place, MIB);
    spares.seal(SegmentNumber(1));
    spares.seal(SegmentNumber(2));
    spares.archived(SegmentNumber(2));
    assert_eq!(spares.take_archived(), None, "a hole between 1 and 3 would be called damage");
    spares.archived(SegmentNumber(1));
    assert_eq!(spares.take_archived(), Some(SegmentNumber(1)));
    assert_eq!(spares.take_archived(), Some(SegmentNumber(2)));
}

#[test]
fn a_start_takes_stock_of_what_is_there() {
    let place = Place::new("stock");
    let disk = SystemDisk::open(place.path(), true).unwrap();
    make(&disk, &Name::Spare(7).to_string(), MIB, 0);
    make(&disk, &Name::Spare(8).to_string(), 2 * MIB, 0);
    make(&disk, &Name::Spare(9).unfinished(), MIB, 3);
    make(&disk, &Name::Archive(SegmentNumber(4)).unfinished(), 1, 3);
    make(&disk, &Name::Segment(SegmentNumber(2)).to_string(), MIB, 3);
    make(&disk, &Name::Archive(SegmentNumber(2)).to_string(), 1, 3);
    make(&disk, &Name::Segment(SegmentNumber(3)).to_string(), MIB, 3);
    let spares = Arc::new(Spares::new(MIB));
    let mut keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), 2, 0).unwrap();
    assert_eq!((spares.count(), spares.sealed()), (1, vec![SegmentNumber(3)]));
    until_idle(&mut keeper);
    let expected = [
        "0000000000000002.archive",
        "0000000000000003.segment",
        "0000000000000007.spare",
        "0000000000000009.spare",
        "lock",
    ];
    assert_eq!(disk.list().unwrap(), expected, "the archived segment 2 became spare 9");
    assert!(is_zeros(&disk, expected[3], MIB));
}

#[test]
fn a_full_disk_is_a_state_that_passes() {
    let place = Place::new("full");
    let disk = SystemDisk::open(place.path(), true).unwrap();
    let spares = Arc::new(Spares::new(MIB));
    let whole = u64::MAX / 2;
    let mut keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), 2, whole).unwrap();
    assert_eq!(keeper.step().unwrap(), Next::Full);
    assert!(spares.disk_is_full());
    assert_eq!(disk.list().unwrap(), ["lock"]);
    let mut keeper = Keeper::begin(disk, Arc::clone(&spares), 2, 0).unwrap();
    until_idle(&mut keeper);
    assert!(!spares.disk_is_full());
}

#[test]
fn who_waits_for_a_spare_is_woken_by_it() {
    let place = Place::new("wait");
    let (_disk, spares, mut keeper) = keeper(&place, MIB);
    assert!(!spares.wait(Duration::ZERO));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| spares.wait(Duration::from_mins(1)));
        until_idle(&mut keeper);
        assert!(waiting.join().unwrap());
    });
}

#[test]
fn who_waits_for_work_is_woken_by_it_and_then_waits_again() {
    let spares = Spares::new(MIB);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| spares.wait_for_work(Duration::from_mins(1)));
        spares.seal(SegmentNumber(1));
        waiting.join().unwrap();
    });
    let state = spares.state();
    assert_eq!(state.changes, state.seen);
}

#[test]
fn what_an_earlier_start_did_not_finish_is_removed_whatever_it_was() {
    let place = Place::new("unfinished");
    let disk = SystemDisk::open(place.path(), true).unwrap();
    let names = [
        Name::Spare(3),
        Name::Archive(SegmentNumber(2)),
        Name::Checkpoint(crate::format::Position(17)),
    ];
    for name in names {
        make(&disk, &name.unfinished(), MIB, 1);
    }
    Keeper::begin(disk.clone(), Arc::new(Spares::new(MIB)), 2, 0).unwrap();
    assert_eq!(disk.list().unwrap(), ["lock"]);
}
