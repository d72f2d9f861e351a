//! What rots in sealed files is found, and comes again from the peer.

use std::sync::Arc;

use super::*;
use crate::archive::pack;
use crate::authoring::{Author, key};
use crate::disk::simulated::{Rot, SimulatedDisk};
use crate::raw::RawReader;
use crate::recovery::recover;
use crate::seal::Keys;
use crate::verify::{Condition, verify};
use crate::writer::Framed;

fn author() -> Author {
    let mut author = Author::begin();
    for _ in 0..3 {
        author.batches(3);
        author.roll_over();
    }
    author.start();
    author.batches(2);
    author
}

fn disk(author: &Author, packed: usize) -> SimulatedDisk {
    let disk = author.disk();
    for image in &author.segments[..packed] {
        pack(&disk, &author.keys, image.header.segment, 5).unwrap();
        disk.remove(&image.name).unwrap();
    }
    disk
}

/// One pass: what is rotten.
fn pass(disk: &SimulatedDisk) -> Vec<(Name, Range, Found)> {
    let mut scrub = Scrub::begin(disk).unwrap();
    let mut rotten = Vec::new();
    loop {
        match scrub.step().unwrap() {
            Looked::Good(_) => {}
            Looked::Rotten(name, range, found) => rotten.push((name, range, found)),
            Looked::Done => return rotten,
        }
    }
}

/// Takes from a peer what is lost.
fn rebuild(
    disk: &SimulatedDisk,
    peer: &SimulatedDisk,
    name: Name,
    range: &Range,
) -> Result<(), Problem> {
    let mut rebuild = Rebuild::begin(disk, name, range);
    let mut from = range.from;
    'again: loop {
        let keys = Arc::new(Keys::only(key(1)));
        let mut raw = RawReader::open(peer, Arc::clone(&keys), from).unwrap();
        while let Some(framed) = raw.next().unwrap() {
            match framed {
                Framed::Segment(block) => {
                    let first = rebuild.segment(block)?;
                    if first < from {
                        from = first;
                        continue 'again;
                    }
                }
                Framed::Batch(_, bytes) => {
                    if rebuild.batch(bytes)? {
                        return rebuild.finish(&keys, 9);
                    }
                }
            }
        }
        panic!("the peer has all of it");
    }
}

#[test]
fn what_rots_in_a_sealed_file_is_found_and_comes_again_from_the_peer() {
    let author = author();
    let peer = disk(&author, 1);
    for packed in 0..4 {
        let whole = disk(&author, packed);
        assert_eq!(pass(&whole), []);
        for image in &author.segments[..3] {
            let segment = image.header.segment;
            let (at, name) = if whole.list().unwrap().contains(&image.name) {
                (image.batches[1].0 as u64, Name::Segment(segment))
            } else {
                (BLOCK as u64, Name::Archive(segment))
            };
            for (offset, rot) in [(at, Rot::Flip { bit: 999 }), (0, Rot::Flip { bit: 9 })] {
                let disk = whole.fork(1);
                disk.rot(&name.to_string(), offset, rot);
                let rotten = pass(&disk);
                let [(found, range, _)] = &rotten[..] else {
                    panic!("{name} {offset}: {rotten:?}")
                };
                assert_eq!(*found, name);
                rebuild(&disk, &peer, name, range).unwrap();
                if matches!(name, Name::Segment(_)) {
                    assert!(disk.content(&image.name) == image.bytes);
                }
                assert_eq!(disk.list().unwrap(), whole.list().unwrap());
                assert_eq!(pass(&disk), []);
                assert_eq!(verify(&disk).unwrap().condition(), Condition::Good);
                recover(&disk, Some(&author.keys)).unwrap();
            }
        }
    }
}

#[test]
fn what_can_not_be_read_is_rotten_too_and_the_open_segment_is_not_looked_at() {
    let author = author();
    let disk = disk(&author, 0);
    disk.rot(&author.segments[1].name, author.segments[1].batches[2].0 as u64, Rot::Unreadable);
    disk.rot(&author.segments[4].name, author.segments[4].batches[0].0 as u64, Rot::Zeroed);
    let rotten = pass(&disk);
    let [(name, _, found)] = &rotten[..] else { panic!("{rotten:?}") };
    assert_eq!((*name, *found), (Name::Segment(SegmentNumber(2)), Found::Unreadable));
}

#[test]
fn what_a_peer_of_another_log_has_is_not_taken() {
    let ours = author();
    let disk = disk(&ours, 2);
    let name = Name::Archive(SegmentNumber(2));
    disk.rot(&name.to_string(), BLOCK as u64, Rot::Zeroed);
    let [(_, range, _)] = pass(&disk)[..] else { panic!("one is rotten") };
    let theirs = author();
    let before = disk.content(&name.to_string());
    let told = rebuild(&disk, &theirs.disk(), name, &range);
    assert!(matches!(told, Err(Problem::OtherSegment)), "{told:?}");
    assert!(disk.content(&name.to_string()) == before);
}
