//! Logs that are cut, in segments and archives, with a crash at each operation of it. Must not judge by the
//! code that cuts.

use super::*;
use crate::archive::pack;
use crate::authoring::{Author, CLUSTER, key};
use crate::checkpoint::About;
use crate::disk::simulated::SimulatedDisk;
use crate::format::{BatchHeader, BatchNumber, Epoch};
use crate::mutants;
use crate::reader::Reader;
use crate::recovery::{Tail as End, recover};
use crate::verify::{Condition, verify};

fn keys() -> Arc<Keys> {
    Arc::new(Keys::only(key(1)))
}

fn author() -> Author {
    let mut author = Author::sized(8 * BLOCK);
    author.batches(2);
    author.batch(&[&[7; 5_000], b"short"]);
    author.roll_over();
    author.batch(&[]);
    author.batches(2);
    author.start();
    author.batches(3);
    author.roll_over();
    author.batches(1);
    author
}

/// The log, with so many of its segments packed, and a checkpoint.
fn disk(author: &Author, packed: usize, checkpoint: u64) -> SimulatedDisk {
    let disk = author.disk();
    for image in &author.segments[..packed] {
        pack(&disk, &author.keys, image.header.segment, 5).unwrap();
        disk.remove(&image.name).unwrap();
    }
    if checkpoint > 0 {
        let (epoch, position) = (Epoch(1), Position(checkpoint));
        let about = About { cluster: CLUSTER, epoch, position, created_ns: 1 };
        checkpoint::write(&disk, &author.keys, &about, b"state").unwrap();
    }
    disk.sync_directory().unwrap();
    disk
}

fn batches(author: &Author) -> Vec<BatchHeader> {
    author.segments.iter().flat_map(|image| &image.batches).map(|(_, header)| *header).collect()
}

/// Every record of a log with its position.
fn records(disk: &SimulatedDisk, from: Position) -> Vec<(u64, Vec<u8>)> {
    let keys = keys();
    let mut reader = Reader::open(disk, Some(&keys), from).unwrap();
    let mut all = Vec::new();
    while let Some(batch) = reader.next_batch().unwrap() {
        let records = batch.records().unwrap();
        all.extend(records.map(|(position, record)| (position.0, record.to_vec())));
    }
    all
}

/// What was cut has ended: the mark is the end, nothing is behind it, and what went is in a tail.
fn judge(
    before: &SimulatedDisk,
    author: &Author,
    disk: &SimulatedDisk,
    keep: &Mark,
) -> Result<(), String> {
    let at = keep.position.0;
    let recovered = recover(disk, Some(&keys())).map_err(|refusal| refusal.to_string())?;
    if recovered.end != *keep || matches!(recovered.tail, End::Torn(_)) {
        return Err(format!("it ends with {:?}", recovered.end));
    }
    let all = records(before, Position(1));
    let (stay, go): (Vec<_>, Vec<_>) = all.into_iter().partition(|(position, _)| *position <= at);
    if records(disk, Position(1)) != stay {
        return Err("other records are left".to_owned());
    }
    let checkpoints = checkpoint::positions(disk).unwrap();
    if checkpoints.iter().any(|position| *keep == Mark::ZERO || position.0 > at) {
        return Err(format!("checkpoints are left: {checkpoints:?}"));
    }
    for image in &author.segments {
        let is_there = disk.list().unwrap().contains(&image.name);
        let ends = |(at, header): &(usize, BatchHeader)| {
            (header.batch <= keep.batch).then_some(at + header.size())
        };
        let end = image.batches.iter().rev().find_map(ends).unwrap_or(BLOCK);
        if is_there {
            let content = disk.content(&image.name);
            if content[..end] != image.bytes[..end] || content[end..].iter().any(|&byte| byte != 0)
            {
                return Err(format!("{} is not what stays, and zeros", image.name));
            }
        }
    }
    let mut kept = Vec::new();
    for name in tails(disk).unwrap() {
        let tail = open(disk, &name).unwrap();
        kept.extend(records(&tail, keep.next().position));
        let report = verify(&tail).unwrap();
        if report.condition() != Condition::Good {
            return Err(format!("{name}: {report:?}"));
        }
    }
    if kept == go { Ok(()) } else { Err(format!("{} of {} were kept", kept.len(), go.len())) }
}

/// After a kill of the process, or a power cut of this chance.
fn comes_back(disk: &SimulatedDisk, cut: u64) -> SimulatedDisk {
    let disk = disk.fork(cut);
    if cut == 0 {
        disk.kill();
    } else {
        disk.cut_power();
    }
    disk
}

/// Each batch as the last one that stays, in each form of the log, with a crash at each operation.
fn a_crash_at_every_operation() -> Result<u64, String> {
    let author = author();
    let mut marks = vec![Mark::ZERO];
    marks.extend(batches(&author).iter().map(Mark::of));
    let mut crashes = 0;
    for packed in 0..author.segments.len() {
        for keep in &marks {
            let before = disk(&author, packed, 3);
            let whole = before.fork(1);
            let first = whole.operations();
            finish(&whole, &keys(), keep).map_err(|problem| problem.to_string())?;
            let last = whole.operations();
            judge(&before, &author, &whole, keep)?;
            for operation in first + 1..=last {
                for cut in 0..2 {
                    let disk = before.fork(1);
                    disk.crash_at(operation);
                    // It may be the last one: to remove what is not there.
                    let _told = finish(&disk, &keys(), keep);
                    assert!(disk.is_down());
                    let disk = comes_back(&disk, cut);
                    let told = |what: String| format!("{packed}, {keep:?}, {operation}: {what}");
                    let again = finish(&disk, &keys(), keep);
                    again.map_err(|problem| told(problem.to_string()))?;
                    judge(&before, &author, &disk, keep).map_err(told)?;
                    crashes += 1;
                }
            }
        }
    }
    Ok(crashes)
}

#[test]
fn a_cut_that_crashes_anywhere_is_ended_by_the_next_start_and_loses_nothing_of_either_part() {
    let crashes = a_crash_at_every_operation().unwrap();
    assert!(crashes > 1_000, "{crashes}");
}

#[test]
fn a_tail_that_is_not_kept_is_noticed() {
    mutants::set(Some(Mutant::CutsWithoutKeeping));
    let told = a_crash_at_every_operation();
    mutants::set(None);
    assert!(told.unwrap_err().contains("were kept"));
}

#[test]
fn what_is_to_stay_must_be_there_with_its_tag() {
    let author = author();
    let disk = disk(&author, 1, 0);
    let mark = Mark::of(&batches(&author)[4]);
    begin(&disk, &mark).unwrap();
    let others = [
        Mark { tag: [1; 16], ..mark },
        Mark { epoch: Epoch(9), ..mark },
        Mark { batch: BatchNumber(99), ..mark },
    ];
    for other in others {
        let told = begin(&disk, &other);
        assert!(matches!(told, Err(Problem::NotInTheLog(told)) if told == other));
        finish(&disk, &keys(), &other).unwrap_err();
    }
}

#[test]
fn a_log_whose_state_could_not_be_made_again_is_not_cut() {
    let author = author();
    let all = batches(&author);
    let old = disk(&author, 1, 6);
    begin(&old, &Mark::of(&all[4])).unwrap();
    old.remove(&Name::Archive(SegmentNumber(1)).to_string()).unwrap();
    assert!(matches!(begin(&old, &Mark::of(&all[4])), Err(Problem::NoState)));
    begin(&old, &Mark::of(&all[6])).unwrap();
    begin(&old, &Mark::ZERO).unwrap();
}

#[test]
fn a_log_that_is_cut_where_it_begins_goes_on_there() {
    let author = author();
    let all = batches(&author);
    let disk = disk(&author, 1, 4);
    disk.remove(&Name::Archive(SegmentNumber(1)).to_string()).unwrap();
    let keep = Mark::of(&all[2]);
    for _ in 0..2 {
        finish(&disk, &keys(), &keep).unwrap();
        let recovered = recover(&disk, Some(&keys())).unwrap();
        assert_eq!((recovered.end, recovered.cluster), (keep, Some(CLUSTER)));
    }
}
