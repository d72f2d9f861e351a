//! A snapshot from one journal to another, and the log behind it.

use std::sync::Arc;

use super::*;
use crate::archive::pack;
use crate::authoring::{Author, CLUSTER, SEGMENT, key};
use crate::disk::simulated::{SimulatedDisk, SimulatedPath};
use crate::follower::{Follower, Took};
use crate::format::{Epoch, PathKind, SegmentNumber};
use crate::raw::RawReader;
use crate::reader::Reader;
use crate::recovery::{Refusal, recover};
use crate::repair;
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
    receiving.finish(&keys())
}

/// Takes what stands behind its end, at most so many batches.
fn follow(from: &SimulatedDisk, to: &SimulatedDisk, most: usize) -> bool {
    let (recovered, repair) = repair::recover(to, &keys()).unwrap();
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

#[test]
fn an_empty_standby_takes_a_snapshot_and_the_log_behind_it_through_starts_at_any_time() {
    let (author, disk, state) = primary();
    let standby = SimulatedDisk::new(2);
    let about = take(&disk, &standby).unwrap();
    assert_eq!(about.position, Position(6));
    let (_, before) = author.segments[1].batches.last().unwrap();
    let (recovered, repair) = repair::recover(&standby, &keys()).unwrap();
    assert_eq!((recovered.end, repair), (Mark::of(before), None));
    assert_eq!(raw::epochs(&standby, 64).unwrap()[0].epoch, before.epoch);
    // The checkpoint is of the middle of a segment: until the log reaches it, something is missing.
    follow(&disk, &standby, 1);
    assert!(matches!(recover(&standby, Some(&keys())), Err(Refusal::Damage(_))));
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
    let whole = SimulatedDisk::new(2);
    take(&disk, &whole).unwrap();
    for operation in 1..=whole.operations() {
        for cut in 0..3 {
            let standby = SimulatedDisk::new(cut);
            standby.crash_at(operation);
            let told = take(&disk, &standby);
            assert!(standby.is_down());
            if cut == 0 {
                standby.kill();
            } else {
                standby.cut_power();
            }
            let (recovered, _) = repair::recover(&standby, &keys()).unwrap();
            let checkpoints = checkpoint::positions(&standby).unwrap();
            match &checkpoints[..] {
                [] => {
                    assert!(told.is_err());
                    take(&disk, &standby).unwrap();
                }
                _ => assert_eq!(recovered.end, newest(&disk).unwrap().unwrap().base),
            }
            assert!(follow(&disk, &standby, 99), "operation {operation}");
        }
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
        let finished = receiving.finish(&keys());
        assert_eq!(checkpoint::positions(&to).unwrap().is_empty(), finished.is_err());
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
