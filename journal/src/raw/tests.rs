//! Logs read as they are to be sent. Must not read them by the code under test.

use super::*;
use crate::archive::pack;
use crate::authoring::{Author, key};
use crate::disk::simulated::{Rot, SimulatedDisk};
use crate::format::Epoch;

/// Two starts, three segments, batches of many sizes; some of the first start were cut.
fn author() -> Author {
    let mut author = Author::sized(64 * BLOCK);
    author.batches(3);
    author.batch(&[&[7; 9_000], b"short", &[8; 300]]);
    author.batch(&[]);
    author.roll_over();
    author.batch(&[&vec![1; 40_000]]);
    author.batches(2);
    author.start();
    author.batches(4);
    author
}

/// What is given from a batch on, one behind the other: blocks of segments and batches.
fn sent(disk: &SimulatedDisk, from: u64) -> Vec<Vec<u8>> {
    let keys = Arc::new(Keys::only(key(1)));
    let mut raw = RawReader::open(disk, keys, BatchNumber(from)).unwrap();
    let mut all = Vec::new();
    while let Some(framed) = raw.next().unwrap() {
        all.push(match framed {
            Framed::Segment(block) => block.to_vec(),
            Framed::Batch(mark, bytes) => {
                assert_eq!(mark, Mark::of(&BatchHeader::read(bytes).unwrap()));
                bytes.to_vec()
            }
        });
    }
    all
}

/// The same, as it was made.
fn made(author: &Author, from: u64) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for image in &author.segments {
        let wanted: Vec<_> =
            image.batches.iter().filter(|(_, header)| header.batch.0 >= from).collect();
        if !wanted.is_empty() {
            all.push(image.bytes[..BLOCK].to_vec());
        }
        all.extend(wanted.iter().map(|(at, header)| image.bytes[*at..at + header.size()].to_vec()));
    }
    all
}

#[test]
fn from_segments_and_from_archives_the_same_bytes_come_from_any_batch_on() {
    let author = author();
    let disk = author.disk();
    let first = |disk: &SimulatedDisk| {
        for from in 1..=12 {
            assert!(sent(disk, from) == made(&author, from), "from batch {from}");
        }
    };
    first(&disk);
    for (segment, image) in (1..).zip(&author.segments[..2]) {
        pack(&disk, &author.keys, SegmentNumber(segment), 5).unwrap();
        disk.remove(&image.name).unwrap();
        first(&disk);
    }
    let block = author.segments[2].bytes[..BLOCK].to_vec();
    assert!(sent(&disk, 13) == [block.clone()] && sent(&disk, 99) == [block]);
}

#[test]
fn one_that_reads_gives_what_was_written_meanwhile_and_goes_on_in_archives() {
    let mut author = Author::begin();
    author.batches(2);
    let disk = author.disk();
    let keys = Arc::new(Keys::only(key(1)));
    let mut raw = RawReader::open(&disk, keys, BatchNumber(1)).unwrap();
    let mut rest = move || {
        let mut given = Vec::new();
        while let Some(framed) = raw.next().unwrap() {
            given.extend(match framed {
                Framed::Segment(_) => None,
                Framed::Batch(mark, _) => Some(mark.batch.0),
            });
        }
        given
    };
    assert_eq!(rest(), [1, 2]);
    author.batches(2);
    author.roll_over();
    author.batches(1);
    for image in &author.segments {
        if disk.list().unwrap().contains(&image.name) {
            disk.remove(&image.name).unwrap();
        }
        disk.place(&image.name, &image.bytes);
    }
    pack(&disk, &author.keys, SegmentNumber(1), 5).unwrap();
    disk.remove(&author.segments[0].name).unwrap();
    assert_eq!(rest(), [3, 4, 5]);
    assert_eq!(rest(), [0; 0]);
}

#[test]
fn the_block_of_a_segment_without_a_batch_is_given_when_the_log_goes_on_there() {
    let mut author = Author::begin();
    author.batches(2);
    author.start();
    let disk = author.disk();
    let expected: Vec<_> = made(&author, 2).into_iter().collect();
    let sent = sent(&disk, 2);
    assert_eq!(sent.len(), expected.len() + 1);
    assert!(sent[..2] == expected && sent[2] == author.segments[1].bytes[..BLOCK]);
}

#[test]
fn what_is_gone_is_known_by_the_first_batch_that_is_there() {
    let author = author();
    let disk = author.disk();
    assert_eq!(first_available(&disk).unwrap(), Some(Mark::ZERO));
    pack(&disk, &author.keys, SegmentNumber(1), 5).unwrap();
    disk.remove(&author.segments[0].name).unwrap();
    assert_eq!(first_available(&disk).unwrap(), Some(Mark::ZERO));
    disk.remove(&Name::Archive(SegmentNumber(1)).to_string()).unwrap();
    let (_, last) = author.segments[0].batches.last().unwrap();
    assert_eq!(first_available(&disk).unwrap(), Some(Mark::of(last)));
    let keys = Arc::new(Keys::only(key(1)));
    let gone = RawReader::open(&disk, keys, last.batch);
    assert!(matches!(gone, Err(Problem::Gone { first }) if first.0 == last.last_position().0 + 1));
    assert_eq!(first_available(&SimulatedDisk::new(1)).unwrap(), None);
}

#[test]
fn an_epoch_begins_with_the_first_batch_of_its_first_segment_in_segments_and_archives() {
    let mut author = Author::begin();
    let mut expected = Vec::new();
    for _ in 0..9 {
        let first_batch = author.next.batch;
        expected.push(EpochStart { epoch: author.epoch, first_batch });
        for _ in 0..author.epoch.0 % 4 {
            author.batches(1);
            author.roll_over();
        }
        author.batches(1);
        author.start();
    }
    expected.push(EpochStart { epoch: author.epoch, first_batch: author.next.batch });
    let disk = author.disk();
    assert_eq!(epochs(&disk, 64).unwrap(), expected);
    assert_eq!(epochs(&disk, 3).unwrap(), expected[7..]);
    for image in &author.segments[..author.segments.len() - 1] {
        pack(&disk, &author.keys, image.header.segment, 5).unwrap();
        disk.remove(&image.name).unwrap();
        assert_eq!(epochs(&disk, 64).unwrap(), expected);
        assert_eq!(epochs(&disk, 3).unwrap(), expected[7..]);
    }
    assert_eq!(expected.last().unwrap().epoch, Epoch(10));
    // The other node compares them: an archive whose first block has rotted moves no beginning.
    for image in &author.segments[..author.segments.len() - 1] {
        let archive = Name::Archive(image.header.segment).to_string();
        disk.rot(&archive, 0, Rot::Unreadable);
        assert_eq!(epochs(&disk, 64).unwrap(), expected, "{archive}");
    }
}
