//! Stories of looking: what is good, torn or damaged, and what of it is lost.

use super::*;
use crate::archive::pack;
use crate::authoring::{Author, Image};
use crate::checkpoint::About;
use crate::disk::simulated::{Rot, SimulatedDisk};
use crate::format::{BLOCK, Epoch, SegmentNumber};
use crate::scan::Found;

fn seen(author: &Author) -> Report {
    verify(&author.disk()).expect("the disk works")
}

/// The positions that are lost.
fn lost(report: &Report) -> Vec<(u64, Option<u64>)> {
    let of = |lost: &Lost| (lost.place.position.0, lost.until.map(|until| until.0));
    report.lost.iter().map(of).collect()
}

fn three_segments() -> Author {
    let mut author = Author::begin();
    author.batches(4);
    author.roll_over();
    author.batches(4);
    author.start();
    author.batches(4);
    author
}

#[test]
fn a_whole_journal_is_good_and_needs_no_key() {
    let report = seen(&three_segments());
    assert_eq!(report.condition(), Condition::Good);
    assert_eq!((report.segments, report.batches, report.records), (3, 12, 12));
    assert_eq!((report.first, report.last), (Position(1), Position(12)));
    assert_eq!(verify(&SimulatedDisk::new(1)).expect("empty").condition(), Condition::Good);
}

#[test]
fn a_torn_tail_is_said_and_nothing_is_lost() {
    let mut author = three_segments();
    author.image().flip(3);
    let report = seen(&author);
    assert_eq!((report.condition(), report.last), (Condition::TornTail, Position(11)));
    assert_eq!(lost(&report), []);
}

#[test]
fn each_gap_is_listed_with_the_records_that_it_had() {
    for spoil in [Image::flip, Image::lose] {
        let mut author = three_segments();
        spoil(&mut author.segments[0], 1);
        spoil(&mut author.segments[1], 2);
        spoil(&mut author.segments[1], 3);
        let report = seen(&author);
        assert_eq!(report.condition(), Condition::Damaged);
        assert_eq!(lost(&report), [(2, Some(3)), (7, Some(9))]);
        assert_eq!((report.batches, report.last), (9, Position(12)));
        let place = report.lost[0].place;
        assert_eq!((place.file, place.batch.0), (Name::Segment(SegmentNumber(1)), 2));
        assert_eq!(place.offset, 2 * BLOCK as u64);
    }
}

#[test]
fn what_is_lost_at_the_end_is_known_from_a_checkpoint() {
    let mut author = three_segments();
    author.image().flip(3);
    let disk = author.disk();
    let about = About {
        cluster: crate::authoring::CLUSTER,
        epoch: Epoch(2),
        position: Position(12),
        created_ns: 0,
    };
    checkpoint::write(&disk, &author.keys, &about, b"state").expect("written");
    let report = verify(&disk).expect("the disk works");
    assert_eq!((report.condition(), lost(&report)), (Condition::Damaged, vec![(12, None)]));
}

#[test]
fn blocks_that_can_not_be_read_are_damage() {
    let author = three_segments();
    for (segment, block) in [(0, 2), (2, 4), (2, 5), (2, 20)] {
        let disk = author.disk();
        disk.rot(&author.segments[segment].name, block * BLOCK as u64, Rot::Unreadable);
        let report = verify(&disk).expect("the rest is read");
        assert_eq!(report.condition(), Condition::Damaged, "{segment} {block}");
    }
}

#[test]
fn a_frame_of_an_archive_that_is_not_whole_is_skipped() {
    let mut author = Author::sized(8 << 20);
    for _ in 0..60 {
        author.batch(&[&vec![7; 60_000]]);
    }
    author.roll_over();
    author.batches(1);
    let disk = author.disk();
    let packed = pack(&disk, &author.keys, SegmentNumber(1), 5).expect("packed");
    disk.remove(&author.segments[0].name).expect("reused");
    assert_eq!(verify(&disk).expect("whole").condition(), Condition::Good);
    assert!(packed.frames > 4);
    let name = Name::Archive(SegmentNumber(1)).to_string();
    let mut bytes = disk.content(&name);
    let starts = bytes.windows(4).enumerate().filter(|(_, part)| part == b"SARC");
    let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    bytes[starts[1] + 70] ^= 1;
    bytes[starts[3]] ^= 1;
    disk.place(&name, &bytes);
    let report = verify(&disk).expect("the disk works");
    assert_eq!(report.condition(), Condition::Damaged);
    assert_eq!(lost(&report), [(3, Some(5)), (7, Some(9))]);
    assert_eq!((report.lost[0].found, report.records), (Found::WrongSum, 61 - 4));
}

#[test]
fn flawed_archives_and_checkpoints_are_named() {
    let author = three_segments();
    let disk = author.disk();
    pack(&disk, &author.keys, SegmentNumber(1), 5).expect("packed");
    disk.remove(&author.segments[0].name).expect("reused");
    let name = Name::Archive(SegmentNumber(1));
    disk.rot(&name.to_string(), 0, Rot::Flip { bit: 99 });
    let report = verify(&disk).expect("the disk works");
    assert_eq!((report.condition(), report.flawed[0].0), (Condition::Damaged, name));
}
