//! A snapshot from one journal to another, and the log behind it.

use std::sync::Arc;

use super::*;
use crate::archive::{self, pack};
use crate::authoring::{Author, CLUSTER, SEGMENT, key};
use crate::base;
use crate::checkpoint::{About, Flaw};
use crate::cut;
use crate::disk::simulated::{SimulatedDisk, SimulatedPath};
use crate::follower::{Follower, Took};
use crate::format::{Epoch, PathKind, SegmentNumber};
use crate::raw::RawReader;
use crate::reader::Reader;
use crate::recovery::{Recovered, Tail, recover};
use crate::repair::{self, Repair};
use crate::seal::Keys;
use crate::segments::{Keeper, Next, Spares};
use crate::writer::Framed;

fn keys() -> Arc<Keys> {
    Arc::new(Keys::only(key(1)))
}

/// A log whose first segments are gone, behind a checkpoint within the third.
fn primary() -> (Author, SimulatedDisk, Vec<u8>) {
    let mut author = Author::begin();
    for _ in 0..2 {
        author.batches(2);
        author.roll_over();
    }
    author.batches(3);
    author.start();
    author.batches(2);
    let disk = author.disk();
    let state: Vec<u8> = (0..3_000_000_u32).map(|at| at.to_le_bytes()[0] ^ 0x5A).collect();
    let (epoch, position) = (Epoch(2), Position(6));
    let about = About { cluster: CLUSTER, epoch, position, created_ns: 1 };
    checkpoint::write(&disk, &author.keys, &about, &state).unwrap();
    for segment in [1, 2] {
        pack(&disk, &author.keys, SegmentNumber(segment), 5).unwrap();
        disk.remove(&Name::Archive(SegmentNumber(segment)).to_string()).unwrap();
        disk.remove(&Name::Segment(SegmentNumber(segment)).to_string()).unwrap();
    }
    (author, disk, state)
}

fn take(from: &SimulatedDisk, to: &SimulatedDisk) -> Result<About, Problem> {
    let Newest { position, total, base } = newest(from).unwrap().unwrap();
    let sending = Sending::open(from, position).unwrap();
    assert_eq!(sending.total(), total);
    let mut receiving = Receiving::begin(to, CLUSTER, base, position, total)?;
    while receiving.at() < total {
        let piece = sending.piece(receiving.at(), 1 << 20).unwrap();
        receiving.piece(receiving.at(), &piece)?;
    }
    assert!(sending.piece(total, 1 << 20).unwrap().is_empty());
    receiving.finish(&keys(), &mut |_| Ok(()))
}

/// What a start does before anything else: the log, and what is to be had of it again.
fn starts(disk: &SimulatedDisk) -> (Recovered, Option<Repair>) {
    settle(disk).unwrap();
    repair::recover(disk, &keys()).unwrap()
}

/// Takes what stands behind its end, at most so many batches.
fn follow(from: &SimulatedDisk, to: &SimulatedDisk, most: usize) -> bool {
    let (recovered, repair) = starts(to);
    let spares = Arc::new(Spares::new(SEGMENT as u64));
    let mut keeper = Keeper::begin(to.clone(), Arc::clone(&spares), 2, 0).unwrap();
    while keeper.step().unwrap() == Next::Again {}
    let path = SimulatedPath::new(to, PathKind::Mapped);
    let mut follower =
        Follower::begin(to.clone(), path, keys(), spares, &recovered, None, repair).unwrap();
    let mut raw = RawReader::open(from, keys(), recovered.next_batch).unwrap();
    let mut batches = 0;
    while let Some(framed) = raw.next().unwrap() {
        let took = match framed {
            Framed::Segment(block) => follower.segment(block).unwrap(),
            Framed::Batch(_, _) if batches == most => break,
            Framed::Batch(_, bytes) => {
                batches += 1;
                follower.batch(bytes).unwrap()
            }
        };
        assert_ne!(took, Took::NoSpare);
    }
    follower.seal().unwrap();
    follower.repaired().unwrap()
}

/// All batches of a log, by their numbers.
fn batches(disk: &SimulatedDisk) -> Vec<u64> {
    let all = keys();
    let first = raw::first_available(disk).unwrap().unwrap();
    let mut reader = Reader::open(disk, Some(&all), first.next().position).unwrap();
    let mut numbers = Vec::new();
    while let Some(batch) = reader.next_batch().unwrap() {
        numbers.push(batch.header.batch.0);
    }
    numbers
}

#[test]
fn an_empty_standby_takes_a_snapshot_and_the_log_behind_it_through_starts_at_any_time() {
    let (author, disk, state) = primary();
    let standby = SimulatedDisk::new(2);
    let about = take(&disk, &standby).unwrap();
    assert_eq!(about.position, Position(6));
    let (_, before) = author.segments[1].batches.last().unwrap();
    let (recovered, repair) = starts(&standby);
    assert_eq!((recovered.end, repair), (Mark::of(before), None));
    assert_eq!(recovered.lacks, Some(Position(6)));
    assert_eq!(raw::epochs(&standby, 64).unwrap()[0].epoch, before.epoch);
    // The checkpoint is of the middle of a segment: until the log reaches it something is missing, and that
    // is no damage.
    follow(&disk, &standby, 1);
    let (recovered, repair) = starts(&standby);
    assert_eq!((recovered.next_position, recovered.lacks), (Position(6), Some(Position(6))));
    assert_eq!(repair, None);
    follow(&disk, &standby, 1);
    assert_eq!(starts(&standby).0.lacks, None);
    assert!(base::read(&standby).unwrap().is_none(), "the log says itself where it begins");
    assert!(follow(&disk, &standby, 99));
    let found = checkpoint::latest(&standby, &keys(), &CLUSTER).unwrap();
    assert!(found.newest.is_some_and(|(_, there)| there == state));
    let recovered = recover(&standby, Some(&keys())).unwrap();
    assert_eq!(recovered.end, recover(&disk, Some(&keys())).unwrap().end);
    for image in &author.segments[2..] {
        assert!(standby.content(&image.name) == image.bytes);
    }
    let all = keys();
    let mut reader = Reader::open(&standby, Some(&all), Position(7)).unwrap();
    assert_eq!(reader.next_batch().unwrap().unwrap().header.last_position(), Position(7));
}

#[test]
fn a_snapshot_that_crashes_anywhere_is_whole_or_none() {
    let (_, disk, _) = primary();
    let taken = |to: &SimulatedDisk| -> Result<(), String> {
        take(&disk, to).map_err(|problem| problem.to_string())?;
        settle(to).map(|_| ()).map_err(|failed| failed.to_string())
    };
    let whole = SimulatedDisk::new(2);
    taken(&whole).unwrap();
    for operation in 1..=whole.operations() {
        for cut in 0..3 {
            let standby = SimulatedDisk::new(cut);
            standby.crash_at(operation);
            let told = taken(&standby);
            assert!(standby.is_down());
            if cut == 0 {
                standby.kill();
            } else {
                standby.cut_power();
            }
            let (recovered, _) = starts(&standby);
            assert!(!is_whole(&standby).unwrap());
            if checkpoint::positions(&standby).unwrap().is_empty() {
                assert!(told.is_err());
                assert_eq!((recovered.end, recovered.tail), (Mark::ZERO, Tail::Empty));
                taken(&standby).unwrap();
            } else {
                assert_eq!(recovered.end, newest(&disk).unwrap().unwrap().base);
            }
            assert!(follow(&disk, &standby, 99), "operation {operation}");
        }
    }
}

/// A log of its own epoch 1, of which the first segment is an archive.
fn far_behind(seed: u64) -> SimulatedDisk {
    let mut author = Author::begin();
    author.batches(2);
    author.roll_over();
    author.batches(1);
    let own = author.disk();
    let disk = SimulatedDisk::new(seed);
    for name in own.list().unwrap() {
        let bytes = own.content(&name);
        disk.create(&name, bytes.len() as u64).unwrap().write_at(0, &bytes).unwrap();
        disk.open(&name, true).unwrap().sync().unwrap();
    }
    disk.sync_directory().unwrap();
    pack(&disk, &keys(), SegmentNumber(1), 5).unwrap();
    disk.remove(&Name::Segment(SegmentNumber(1)).to_string()).unwrap();
    disk.sync_directory().unwrap();
    disk
}

#[test]
fn what_a_log_was_that_fell_behind_is_set_aside_whole_wherever_it_crashes() {
    let (_, disk, _) = primary();
    let whole = far_behind(1);
    let before = whole.operations();
    let numbers = batches(&whole);
    assert_eq!(numbers, [1, 2, 3]);
    take(&disk, &whole).unwrap();
    let until_settled = whole.operations();
    // Nothing is changed before the snapshot is whole.
    assert_eq!(batches(&whole), numbers);
    let settled = settle(&whole).unwrap().unwrap();
    assert_eq!(settled.position, Some(Position(6)));
    assert_eq!(settled.aside.as_deref(), Some("1-1.whole"));
    assert_eq!(settle(&whole).unwrap(), None);
    for operation in before + 1..=whole.operations() {
        for cut in 0..4 {
            let standby = far_behind(cut);
            standby.crash_at(operation);
            let told = take(&disk, &standby).map(|_| settle(&standby).map(|_| ()));
            assert!(standby.is_down());
            if cut == 0 {
                standby.kill();
            } else {
                standby.cut_power();
            }
            let (recovered, repair) = starts(&standby);
            assert_eq!(repair, None, "operation {operation}");
            if recovered.end.batch.0 == 3 {
                assert!(operation <= until_settled && told.is_err());
                assert_eq!(batches(&standby), numbers);
                take(&disk, &standby).unwrap();
                settle(&standby).unwrap().unwrap();
            }
            let tails = cut::tails(&standby).unwrap();
            assert_eq!(tails, ["1-1.whole"], "operation {operation}, cut {cut}");
            assert_eq!(batches(&cut::open(&standby, &tails[0]).unwrap()), numbers);
            assert!(archive::numbers(&standby).unwrap().is_empty());
            assert!(follow(&disk, &standby, 99), "operation {operation}");
        }
    }
}

#[test]
fn a_log_that_is_only_set_aside_leaves_an_empty_journal_wherever_it_crashes() {
    let whole = far_behind(1);
    let before = whole.operations();
    let settled = set_aside(&whole).unwrap().unwrap();
    assert_eq!((settled.position, settled.aside.as_deref()), (None, Some("1-1.whole")));
    for operation in before + 1..=whole.operations() {
        let standby = far_behind(operation);
        standby.crash_at(operation);
        assert!(set_aside(&standby).is_err());
        standby.cut_power();
        let (recovered, _) = starts(&standby);
        if recovered.end.batch.0 == 3 {
            set_aside(&standby).unwrap().unwrap();
        }
        assert_eq!(starts(&standby).0.tail, Tail::Empty);
        assert_eq!(batches(&cut::open(&standby, "1-1.whole").unwrap()), [1, 2, 3]);
    }
}

#[test]
fn what_is_not_the_snapshot_that_was_announced_is_none() {
    let (_, disk, _) = primary();
    let Newest { position, total, base } = newest(&disk).unwrap().unwrap();
    let sending = Sending::open(&disk, position).unwrap();
    let all = sending.piece(0, usize::try_from(total).unwrap()).unwrap();
    let taken = |bytes: &[u8], cluster, position| {
        let to = SimulatedDisk::new(3);
        let mut receiving = Receiving::begin(&to, cluster, base, position, total)?;
        receiving.piece(0, bytes)?;
        let finished = receiving.finish(&keys(), &mut |_| Ok(()));
        assert_eq!(is_whole(&to).unwrap(), finished.is_ok());
        assert_eq!(settle(&to).unwrap().is_some(), finished.is_ok());
        finished
    };
    taken(&all, CLUSTER, position).unwrap();
    let mut altered = all.clone();
    altered[BLOCK + 9] ^= 1;
    assert!(matches!(taken(&altered, CLUSTER, position), Err(Problem::Flaw(Flaw::Sum(1)))));
    assert!(matches!(taken(&all, [0; 16], position), Err(Problem::Flaw(Flaw::Foreign))));
    assert!(matches!(taken(&all, CLUSTER, Position(7)), Err(Problem::Flaw(Flaw::Foreign))));
    let short = taken(&all[BLOCK..], CLUSTER, position);
    assert!(matches!(short, Err(Problem::OutOfPlace { .. })));
    let to = SimulatedDisk::new(3);
    let mut receiving = Receiving::begin(&to, CLUSTER, base, position, total).unwrap();
    let told = receiving.piece(BLOCK as u64, &all[..BLOCK]);
    assert!(matches!(told, Err(Problem::OutOfPlace { at: 0 })));
    let too_long = Receiving::begin(&to, CLUSTER, base, position, checkpoint::STATE_MAX + 4_096);
    assert!(matches!(too_long, Err(Problem::Flaw(Flaw::Length))));
}
