//! What rots in sealed files is found, and comes again from the peer.

use std::sync::Arc;

use super::mending::{ASKED_MAX, Mending, Progress};
use super::*;
use crate::archive::pack;
use crate::authoring::{Author, key};
use crate::disk::simulated::{Lie, Rot, SimulatedDisk};
use crate::format::BatchHeader;
use crate::raw::{self, RawReader};
use crate::recovery::recover;
use crate::repair;
use crate::roles::event::Item;
use crate::seal::Keys;
use crate::ship::message::ItemKind;
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

/// What a peer says to what is asked of it: as it stands there, and as far as it is whole.
fn served(peer: &SimulatedDisk, (from, until): (BatchNumber, BatchNumber)) -> Vec<Item> {
    let mut raw = RawReader::open(peer, Arc::new(Keys::only(key(1))), from).unwrap();
    let (mut items, mut next) = (Vec::new(), from);
    while next <= until {
        let (kind, bytes) = match raw.next() {
            Ok(Some(Framed::Batch(mark, bytes))) => {
                next = BatchNumber(mark.batch.0 + 1);
                (ItemKind::Batch, bytes.to_vec())
            }
            Ok(Some(Framed::Segment(block))) => (ItemKind::Segment, block.to_vec()),
            Ok(None) | Err(_) => break,
        };
        items.push(Item { kind, bytes: bytes.into() });
    }
    items
}

/// Takes from a peer what is lost; None: it lacks some of it too.
fn mend(
    disk: &SimulatedDisk,
    peer: &SimulatedDisk,
    name: Name,
    range: &Range,
) -> Option<Result<(), Problem>> {
    let mut mending = Mending::begin(disk, name, range);
    let progress = loop {
        let asked = mending.ask().expect("what was asked for came, or does not");
        let mut progress = Ok(Progress::More);
        let items = served(peer, asked);
        let is_all = items.last().is_some_and(|last| {
            BatchHeader::read(&last.bytes).is_ok_and(|header| header.batch == asked.1)
        });
        for Item { kind, bytes } in items {
            progress = mending.handle(kind, &bytes);
            if !matches!(progress, Ok(Progress::More)) {
                break;
            }
        }
        if matches!(progress, Ok(Progress::More)) && !is_all {
            progress = mending.lacks().transpose()?;
        }
        if !matches!(progress, Ok(Progress::More)) {
            break progress;
        }
    };
    let keys = Keys::only(key(1));
    Some(progress.and_then(|_| mending.finish(&keys, 9, &mut |_| ())))
}

fn rebuild(
    disk: &SimulatedDisk,
    peer: &SimulatedDisk,
    name: Name,
    range: &Range,
) -> Result<(), Problem> {
    mend(disk, peer, name, range).expect("the peer has all of it")
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
            for (offset, rot) in [
                (at, Rot::Flip { bit: 999 }),
                (at, Rot::Unreadable),
                (0, Rot::Flip { bit: 9 }),
                (0, Rot::Unreadable),
            ] {
                let disk = whole.fork(1);
                disk.rot(&name.to_string(), offset, rot);
                let rotten = pass(&disk);
                let lost = lost_headers(&disk).unwrap();
                assert_eq!(lost.len(), usize::from(offset == 0), "{lost:?}");
                assert_eq!(range(&disk, name).unwrap(), Some(rotten[0].1));
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
                let mut scrub = Scrub::only(&disk, segment).unwrap();
                assert!(matches!(scrub.step().unwrap(), Looked::Good(0)), "its file is begun");
                assert_eq!(verify(&disk).unwrap().condition(), Condition::Good);
                recover(&disk, Some(&author.keys)).unwrap();
            }
        }
    }
}

#[test]
fn an_archive_whose_first_block_is_lost_ends_no_start_and_is_had_again_before_all_else() {
    let author = author();
    let peer = disk(&author, 0);
    for (packed, rot) in [(3, Rot::Unreadable), (3, Rot::Zeroed), (4, Rot::Unreadable)] {
        let whole = disk(&author, packed);
        let (begun, _) = repair::recover(&whole, &author.keys).unwrap();
        for lost in 1..=3 {
            let name = Name::Archive(SegmentNumber(lost));
            let disk = whole.fork(1);
            disk.rot(&name.to_string(), 0, rot);
            let (recovered, repair) = repair::recover(&disk, &author.keys).unwrap();
            assert_eq!((recovered.end, repair), (begun.end, None));
            let epochs = raw::epochs(&disk, 9).unwrap();
            assert_eq!(epochs.last(), raw::epochs(&whole, 9).unwrap().last());
            let available = raw::first_available(&disk).unwrap();
            assert_eq!(available == raw::first_available(&whole).unwrap(), lost > 1);
            // What rotted within a file is found when it is read.
            let other = Name::Archive(SegmentNumber(if lost == 1 { 2 } else { 1 }));
            disk.rot(&other.to_string(), BLOCK as u64, Rot::Zeroed);
            let names: Vec<_> = pass(&disk).into_iter().map(|(name, ..)| name).collect();
            assert_eq!(names, [name, other]);
            for (name, range, _) in pass(&disk) {
                rebuild(&disk, &peer, name, &range).unwrap();
            }
            assert_eq!(pass(&disk), []);
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

/// Many batches in the segment that is lost, so that it is asked for in parts.
#[test]
fn what_is_lost_is_asked_for_a_part_at_a_time() {
    let count = usize::try_from(3 * ASKED_MAX).unwrap();
    let mut author = Author::sized((count + 8) * BLOCK);
    author.batches(count);
    author.roll_over();
    author.batches(1);
    let peer = author.disk();
    for offset in [0, author.segments[0].batches[100].0 as u64] {
        let disk = author.disk();
        disk.rot(&author.segments[0].name, offset, Rot::Zeroed);
        let [(name, range, _)] = pass(&disk)[..] else { panic!("one is rotten") };
        let mut mending = Mending::begin(&disk, name, &range);
        let mut asks = Vec::new();
        'all: loop {
            let asked = mending.ask().expect("all of it came");
            assert_eq!(mending.ask(), None, "one at a time");
            asks.push((asked.0.0, asked.1.0));
            for Item { kind, bytes } in served(&peer, asked) {
                if mending.handle(kind, &bytes).unwrap() == Progress::Whole {
                    break 'all;
                }
            }
        }
        let parts = [(1, 64), (65, 128), (129, 192)];
        let expected =
            if offset == 0 { [&[(192, 192)][..], &parts].concat() } else { parts.into() };
        assert_eq!(asks, expected);
        mending.finish(&author.keys, 9, &mut |_| ()).unwrap();
        assert!(disk.content(&author.segments[0].name) == author.segments[0].bytes);
    }
}

#[test]
fn what_a_peer_lacks_too_is_not_sent_and_the_rotten_file_stays_as_it_is() {
    let author = author();
    let whole = disk(&author, 1);
    for (at, name) in
        [(BLOCK as u64, "0000000000000001.archive"), (BLOCK as u64 * 2, "0000000000000002.segment")]
    {
        for rot in [Rot::Zeroed, Rot::Unreadable, Rot::Flip { bit: 1_000 }] {
            let (ours, theirs) = (whole.fork(1), whole.fork(2));
            ours.rot(name, at, Rot::Zeroed);
            theirs.rot(name, at, rot);
            let before = ours.content(name);
            let [(name, range, _)] = pass(&ours)[..] else { panic!("one is rotten") };
            for Item { kind, bytes } in served(&theirs, (range.from, range.until)) {
                if kind == ItemKind::Batch {
                    crate::follower::check(&bytes).unwrap();
                }
            }
            assert!(mend(&ours, &theirs, name, &range).is_none(), "{name}: {rot:?}");
            assert!(ours.content(&name.to_string()) == before);
            assert_eq!(ours.list().unwrap(), whole.list().unwrap(), "nothing is left over");
        }
    }
}

/// The other one reads no further than to its own rot, or is behind: it has the beginning of a segment.
#[test]
fn what_follows_on_what_the_peer_has_is_taken_from_the_rotten_file_itself() {
    let author = author();
    let (ours, name) = (author.disk(), Name::Segment(SegmentNumber(2)));
    let image = &author.segments[1];
    let [first, second, third] = [0, 1, 2].map(|batch: usize| image.batches[batch].0 as u64);
    for (rotten, theirs, is_had) in [
        (vec![first], vec![second], true),
        (vec![first], vec![second, third], true),
        (vec![first, third], vec![second], false),
        (vec![second], vec![0, first, third], false),
        (vec![third], vec![first], false),
        (vec![0, second], vec![third], false),
        (vec![second], vec![second], false),
        (vec![first, second], vec![second, third], false),
        (vec![0], vec![0], false),
    ] {
        let (disk, peer) = (ours.fork(1), ours.fork(2));
        for (disk, places) in [(&disk, &rotten), (&peer, &theirs)] {
            for &at in places {
                disk.rot(&image.name, at, Rot::Flip { bit: 99 });
            }
        }
        let before = disk.content(&image.name);
        let [(found, range, _)] = pass(&disk)[..] else { panic!("one is rotten") };
        assert_eq!(found, name);
        let mended = mend(&disk, &peer, name, &range);
        let is_mended = mended.is_some_and(|mended| mended.is_ok());
        assert_eq!(is_mended, is_had, "{rotten:?} {theirs:?}");
        let expected = if is_had { &image.bytes } else { &before };
        assert!(disk.content(&image.name) == *expected, "{rotten:?} {theirs:?}");
        assert_eq!(pass(&disk).len(), usize::from(!is_had));
    }
}

#[test]
fn an_archive_that_is_gone_comes_again() {
    let author = author();
    let whole = disk(&author, 3);
    let name = Name::Archive(SegmentNumber(2));
    let ours = whole.fork(1);
    ours.remove(&name.to_string()).unwrap();
    let [(found, range, why)] = pass(&ours)[..] else { panic!("one is missing") };
    assert_eq!((found, why), (name, Found::Missing));
    rebuild(&ours, &whole, name, &range).unwrap();
    assert_eq!(pass(&ours), []);
    assert_eq!(verify(&ours).unwrap().condition(), Condition::Good);
}

/// With a crash at each operation: then the rotten file is there as it was, or the whole one.
fn a_crash_at_every_operation(lies: &[Lie]) -> Result<u64, String> {
    let author = author();
    let whole = disk(&author, 1);
    let mut crashes = 0;
    for (name, at) in [("0000000000000001.archive", BLOCK), ("0000000000000002.segment", 2 * BLOCK)]
    {
        let rotten = whole.fork(1);
        rotten.rot(name, at as u64, Rot::Flip { bit: 1_000 });
        let [(found, range, _)] = pass(&rotten)[..] else { panic!("one is rotten") };
        for operation in 1.. {
            let disk = rotten.fork(operation);
            for &lie in lies {
                disk.tell(lie);
            }
            disk.crash_at(disk.operations() + operation);
            let mended = mend(&disk, &whole, found, &range).is_some_and(|it| it.is_ok());
            let is_over = !disk.is_down();
            if operation % 2 == 0 {
                disk.cut_power();
            } else {
                disk.kill();
            }
            let left = pass(&disk);
            let is_as_before = disk.content(name) == rotten.content(name);
            match left[..] {
                [] => {
                    let condition = verify(&disk).unwrap().condition();
                    if condition != Condition::Good {
                        return Err(format!("{name}, operation {operation}: {condition:?}"));
                    }
                }
                [(left, ..)] if left == found && is_as_before && !mended => {}
                _ => return Err(format!("{name}, operation {operation}: {left:?}")),
            }
            crashes += 1;
            if is_over {
                assert!(mended, "without a crash");
                break;
            }
        }
    }
    Ok(crashes)
}

#[test]
fn a_crash_at_any_operation_leaves_the_rotten_file_or_the_whole_one() {
    assert!(a_crash_at_every_operation(&[]).unwrap() > 20);
}

#[test]
fn what_takes_its_place_before_it_is_durable_is_noticed() {
    let told = a_crash_at_every_operation(&[Lie::SkipsSync("unfinished")]);
    assert!(told.is_err(), "{told:?}");
}
