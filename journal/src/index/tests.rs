//! Stories of indexes: what was marked is found and read, and a flaw is never an answer.

use super::*;
use crate::archive::{Packed, Pass, pack, retire};
use crate::authoring::{Author, key};
use crate::disk::simulated::{Rot, SimulatedDisk};
use crate::format::SegmentNumber;
use crate::seal::Keys;

const SEGMENT: SegmentNumber = SegmentNumber(1);

/// A segment of 2,000 records, sealed.
fn author() -> Author {
    let mut author = Author::sized(1 << 20);
    for batch in 0..40_u64 {
        let texts: Vec<String> = (0..50).map(|n| format!("{:200}", batch * 50 + n)).collect();
        let records: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        author.batch(&records);
    }
    author.roll_over();
    author
}

/// What stands in a record of [`author`].
fn number(record: &[u8]) -> u64 {
    std::str::from_utf8(record).expect("digits").trim().parse().expect("a number")
}

/// The marks of a record with this number: one of its own, one that some share, and one that many do.
fn marks_of(number: u64, mark: &mut dyn FnMut(Mark)) {
    let own = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mark(Mark { kind: 1, hash: own });
    mark(Mark { kind: 3, hash: (number % 7) << 60 });
    if number.is_multiple_of(3) {
        mark(Mark { kind: 7, hash: own | 1 << 63 });
    }
    // Ends of the range, where a kind borders on another.
    mark(Mark { kind: 4, hash: if number.is_multiple_of(2) { 0 } else { u64::MAX } });
}

/// Packs it with an index, as the daemon does.
fn packed(disk: &SimulatedDisk, keys: &Keys) -> Packed {
    let mut pass = Pass::begin(disk, keys, SEGMENT, Position(0), 5).expect("sealed");
    let mut marks = Marks::from(Position(1));
    while let Some(batch) = pass.next_batch(&mut |_| ()).expect("whole") {
        for (position, record) in batch.records().expect("opened") {
            marks_of(number(record), &mut |mark| marks.add(mark, position));
        }
    }
    let packed = pass.finish(&mut |_| ()).expect("packed");
    write(disk, keys, &packed.archive, &packed.frames, marks, 9, &mut |_| ()).expect("written");
    packed
}

/// All marks of a kind that the records have, each with its positions.
fn expected(kind: u8) -> std::collections::BTreeMap<Mark, Vec<Position>> {
    let mut all = std::collections::BTreeMap::<Mark, Vec<Position>>::new();
    for number in 0..2_000 {
        marks_of(number, &mut |mark| {
            if mark.kind == kind {
                let mark = Mark { kind, hash: mark.hash >> 16 << 16 };
                all.entry(mark).or_default().push(Position(number + 1));
            }
        });
    }
    all
}

fn read_all(index: &Index<SimulatedDisk>, keys: &Keys, positions: &[Position]) -> Vec<u64> {
    let mut read = Vec::new();
    let each = |position: Position, _: &BatchHeader, record: &[u8]| {
        assert_eq!(number(record) + 1, position.0);
        read.push(position.0);
    };
    index.read(keys, positions, each).expect("read");
    read
}

#[test]
fn what_is_marked_is_found_and_read_and_nothing_else_is() {
    let author = author();
    let disk = author.disk();
    let packed = packed(&disk, &author.keys);
    assert!(packed.frames.len() > 3, "{} frames", packed.frames.len());
    disk.remove(&Name::Segment(SEGMENT).to_string()).expect("reused");
    let index = Index::open(&disk, &author.keys, SEGMENT).expect("opens");
    assert_eq!(index.frames(), packed.frames);
    for kind in 0..8 {
        let all = expected(kind);
        for (mark, positions) in &all {
            assert_eq!(index.find(*mark).expect("whole"), *positions, "{mark:?}");
            let read = read_all(&index, &author.keys, positions);
            assert_eq!(read, positions.iter().map(|at| at.0).collect::<Vec<_>>());
        }
        for hash in [0, 1 << 16, 0x7777 << 40, 3 << 60, 8 << 60, u64::MAX] {
            let mark = Mark { kind, hash };
            let known = all.get(&Mark { kind, hash: hash >> 16 << 16 });
            assert_eq!(index.find(mark).expect("whole"), known.cloned().unwrap_or_default());
        }
    }
    assert_eq!(index.find(Mark { kind: 8, hash: 0 }).expect("no such kind"), []);
    let content = disk.content(&Name::Index(SEGMENT).to_string());
    let bytes = content.len() - BLOCK;
    let marks = 2_000 * 3 + 667;
    assert!(bytes < marks * 11 + 2 * BLOCK, "{bytes} bytes of {marks} marks");
}

#[test]
fn an_index_made_again_from_the_archive_says_the_same() {
    let author = author();
    let disk = author.disk();
    packed(&disk, &author.keys);
    let first = Index::open(&disk, &author.keys, SEGMENT).expect("opens");
    let found = |index: &Index<SimulatedDisk>| {
        let all = (0..8).flat_map(|kind| expected(kind).into_keys());
        all.map(|mark| index.find(mark).expect("whole")).collect::<Vec<_>>()
    };
    let before = found(&first);
    assert_eq!(missing(&disk).expect("listed"), []);
    discard(&disk, SEGMENT).expect("removed");
    assert_eq!(missing(&disk).expect("listed"), [SEGMENT]);
    let opened = Index::open(&disk, &author.keys, SEGMENT).err();
    assert!(matches!(opened, Some(Problem::Unusable(_))), "{opened:?}");
    let mut marks =
        |_: Position, record: &[u8], mark: &mut dyn FnMut(Mark)| marks_of(number(record), mark);
    let made = make(&disk, &author.keys, SEGMENT, 9, &mut marks, &mut |_| ()).expect("made");
    assert_eq!(made, Some(6_667));
    assert_eq!(missing(&disk).expect("listed"), []);
    let again = Index::open(&disk, &author.keys, SEGMENT).expect("opens");
    assert_eq!(again.frames(), first.frames());
    assert_eq!(found(&again), before);
    let old = first.find(Mark { kind: 1, hash: 0 });
    assert!(matches!(old, Err(Problem::Unusable(_))), "it has another key now: {old:?}");
}

#[test]
fn any_bit_of_an_index_that_turned_over_is_found_or_means_nothing() {
    let author = author();
    let disk = author.disk();
    packed(&disk, &author.keys);
    let name = Name::Index(SEGMENT).to_string();
    let whole = disk.content(&name);
    let all = expected(3);
    let ask = || -> Result<(), Problem> {
        let index = Index::open(&disk, &author.keys, SEGMENT)?;
        for (mark, positions) in &all {
            assert_eq!(index.find(*mark)?, *positions);
        }
        Ok(())
    };
    let last = whole.iter().rposition(|&byte| byte != 0).expect("something");
    let (mut found, mut harmless) = (0, 0);
    for byte in (0..INDEX_HEADER).chain((BLOCK..last).step_by(17)).chain([last]) {
        let mut spoilt = whole.clone();
        spoilt[byte] ^= 1 << (byte % 8);
        disk.place(&name, &spoilt);
        match ask() {
            Ok(()) => harmless += 1,
            Err(Problem::Unusable(of)) => {
                assert_eq!(of.to_string(), name);
                found += 1;
            }
            Err(other) => panic!("byte {byte}: {other}"),
        }
        assert!(byte >= BLOCK || harmless == 0, "byte {byte} of the header");
    }
    assert!(found > INDEX_HEADER, "pages of other kinds are not asked: {found} and {harmless}");
    for length in [0, 100, BLOCK, whole.len() / 2 / BLOCK * BLOCK, whole.len() - BLOCK] {
        disk.place(&name, &whole[..length]);
        assert!(matches!(ask(), Err(Problem::Unusable(_))), "{length} bytes");
    }
}

#[test]
fn an_index_is_of_one_archive_and_of_no_other_of_the_same_segment() {
    let author = author();
    let disk = author.disk();
    packed(&disk, &author.keys);
    let name = Name::Archive(SEGMENT).to_string();
    disk.remove(&name).expect("given up");
    pack(&disk, &author.keys, SEGMENT, 6).expect("packed again");
    let opened = Index::open(&disk, &author.keys, SEGMENT).err();
    assert!(matches!(opened, Some(Problem::Unusable(_))), "{opened:?}");
}

#[test]
fn another_key_opens_no_index_and_former_keys_do() {
    let author = author();
    let disk = author.disk();
    packed(&disk, &author.keys);
    let opened = Index::open(&disk, &Keys::only(key(2)), SEGMENT).err();
    assert!(matches!(opened, Some(Problem::Unusable(_))), "{opened:?}");
    let mut keys = Keys::only(key(2));
    keys.former.push(key(1));
    let index = Index::open(&disk, &keys, SEGMENT).expect("opens");
    assert_eq!(read_all(&index, &keys, &[Position(7), Position(1_999)]), [7, 1_999]);
}

#[test]
fn an_index_goes_with_its_archive() {
    let author = author();
    let disk = author.disk();
    let packed = packed(&disk, &author.keys);
    let late = packed.archive.newest_ns + 2;
    assert_eq!(retire(&disk, late, 1, Position(2_000)).expect("removed"), [SEGMENT]);
    let left = disk.list().expect("listed");
    assert!(!left.contains(&Name::Index(SEGMENT).to_string()), "{left:?}");
    assert!(matches!(Index::open(&disk, &author.keys, SEGMENT), Err(Problem::Disk(_))));
}

#[test]
fn an_archive_without_records_has_an_index_without_marks() {
    let mut author = Author::begin();
    author.roll_over();
    author.batches(1);
    let disk = author.disk();
    pack(&disk, &author.keys, SEGMENT, 5).expect("packed");
    let made = make(&disk, &author.keys, SEGMENT, 9, &mut |_, _, _| (), &mut |_| ());
    assert_eq!(made.expect("made"), Some(0));
    let index = Index::open(&disk, &author.keys, SEGMENT).expect("opens");
    assert_eq!(index.find(Mark { kind: 0, hash: 0 }).expect("whole"), []);
}

/// What a shelf gives of all parts for some marks: positions, and whether a part had no index.
fn look(disk: &SimulatedDisk, keys: &Keys, marks: &[Mark]) -> (Vec<u64>, Vec<bool>) {
    let mut shelf = Shelf::new(disk.clone());
    let parts = shelf.parts().expect("listed");
    let marks = marks.iter().copied().collect();
    let mut all = Vec::new();
    let mut marks_of =
        |_: Position, record: &[u8], mark: &mut dyn FnMut(Mark)| marks_of(number(record), mark);
    let mut each = |position: Position, _: &BatchHeader, record: &[u8]| {
        assert_eq!(number(record) + 1, position.0);
        all.push(position.0);
    };
    let visited = parts
        .iter()
        .map(|part| shelf.visit(keys, part, &marks, &mut marks_of, &mut each).expect("read"));
    let without = visited.collect();
    (all, without)
}

#[test]
fn a_shelf_gives_the_same_records_by_an_index_without_one_and_of_what_is_not_packed() {
    let mut author = author();
    for number in 2_000..2_010 {
        author.batch(&[number.to_string().as_bytes()]);
    }
    let disk = author.disk();
    let mark = |number: u64| {
        let mut own = None;
        marks_of(number, &mut |mark| own = own.or(Some(mark)));
        own.expect("the first")
    };
    let marks = [mark(3), mark(1_999), mark(2_004), Mark { kind: 1, hash: 5 << 40 }];
    let expected = vec![4, 2_000, 2_005];
    assert_eq!(look(&disk, &author.keys, &marks), (expected.clone(), vec![false]));
    packed(&disk, &author.keys);
    disk.remove(&Name::Segment(SEGMENT).to_string()).expect("reused");
    assert_eq!(look(&disk, &author.keys, &marks), (expected.clone(), vec![false, false]));
    let name = Name::Index(SEGMENT).to_string();
    let mut content = disk.content(&name);
    for byte in content.iter_mut().skip(BLOCK).step_by(BLOCK) {
        *byte ^= 1;
    }
    disk.place(&name, &content);
    assert_eq!(look(&disk, &author.keys, &marks), (expected.clone(), vec![true, false]));
    discard(&disk, SEGMENT).expect("removed");
    assert_eq!(look(&disk, &author.keys, &marks), (expected, vec![true, false]));
}

#[test]
fn a_shelf_knows_what_was_packed_and_let_go_of_since_it_looked() {
    let author = author();
    let disk = author.disk();
    let mut shelf = Shelf::new(disk.clone());
    let parts = shelf.parts().expect("listed");
    assert_eq!((parts.len(), parts[0].first, parts[0].until), (1, Position(1), None));
    let packed = packed(&disk, &author.keys);
    let parts = shelf.parts().expect("listed");
    shelf.keep_tables(&author.keys);
    let mut marks =
        |_: Position, record: &[u8], mark: &mut dyn FnMut(Mark)| marks_of(number(record), mark);
    make(&disk, &author.keys, SEGMENT, 9, &mut marks, &mut |_| ()).expect("made again");
    let [old, open] = parts[..] else { panic!("{parts:?}") };
    assert_eq!(
        (old.archive, old.first, old.until),
        (Some(SEGMENT), Position(1), open.first.into())
    );
    assert_eq!((open.first, open.until), (Position(2_001), None));
    assert!(old.from_utc == 1_700_000_000 && old.to_utc >= old.from_utc && open.to_utc == u64::MAX);
    let marks = [Mark { kind: 1, hash: 0 }].into_iter().collect();
    let mut each = |at: Position, _: &BatchHeader, _: &[u8]| {
        assert_eq!(at, Position(1));
    };
    let visited = shelf.visit(&author.keys, &old, &marks, &mut |_, _, _| (), &mut each);
    assert!(!visited.expect("the new index is taken up"));
    let late = packed.archive.newest_ns + 2;
    disk.remove(&Name::Segment(SEGMENT).to_string()).expect("reused");
    retire(&disk, late, 1, Position(2_000)).expect("removed");
    let marks = [Mark { kind: 4, hash: 0 }].into_iter().collect();
    let mut seen = 0;
    let visited =
        shelf.visit(&author.keys, &old, &marks, &mut |_, _, _| (), &mut |_, _, _| seen += 1);
    assert_eq!((visited.expect("gone"), seen), (false, 0));
    assert_eq!(shelf.parts().expect("listed").len(), 1);
}

/// The first and the last record that are given of a time.
fn between(disk: &SimulatedDisk, keys: &Keys, part: &Part, time: (u64, u64)) -> Option<(u64, u64)> {
    let mut seen = Vec::new();
    let mut each = |at: Position, _: &BatchHeader, _: &[u8]| seen.push(at.0);
    Shelf::new(disk.clone()).read_between(keys, part, time, &mut each).expect("read");
    Some((*seen.first()?, *seen.last()?))
}

#[test]
fn of_a_time_only_the_frames_are_read_that_may_have_been_written_in_it() {
    const BEGUN: u64 = 1_700_000_000;
    // Forty batches of fifty records, a minute apart.
    let slow = |back: Option<u64>| {
        let mut author = Author::sized(1 << 20);
        for batch in 0..40 {
            author.is_at((BEGUN + 60 * batch) * NANOS);
            if Some(batch) == back {
                author.is_at((BEGUN - 5_000) * NANOS);
            }
            let texts: Vec<String> = (0..50).map(|n| format!("{:200}", batch * 50 + n)).collect();
            let records: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
            author.batch(&records);
        }
        author.roll_over();
        author.batches(1);
        author
    };
    let author = slow(None);
    let (disk, keys) = (author.disk(), &author.keys);
    packed(&disk, keys);
    disk.remove(&Name::Segment(SEGMENT).to_string()).expect("reused");
    let parts = Shelf::new(disk.clone()).parts().expect("listed");
    assert_eq!((parts[0].from_utc, parts[0].to_utc), (BEGUN, BEGUN + 60 * 39));
    let frames = Index::open(&disk, keys, SEGMENT).expect("opens").frames().to_vec();
    assert!(frames.len() > 3, "{frames:?}");
    let of = |frame: usize| {
        let behind = frames.get(frame + 1).map_or(2_000, |next| next.first.0 - 1);
        Some((frames[frame].first.0, behind))
    };
    let ask = |time| between(&disk, keys, &parts[0], time);
    assert_eq!(ask((0, u64::MAX)), Some((1, 2_000)));
    assert_eq!(ask((frames[1].utc + 1, frames[2].utc - 1)), of(1));
    // At a border both may have it.
    let (first, last) = (of(0).expect("some").0, of(1).expect("some").1);
    assert_eq!(ask((frames[1].utc, frames[1].utc)), Some((first, last)));
    assert_eq!(ask((frames[1].utc + 1, frames[1].utc + 1)), of(1));
    assert_eq!(
        ask((BEGUN + 60 * 100, u64::MAX)),
        of(frames.len() - 1),
        "when it ends its part says"
    );
    assert_eq!(ask((0, BEGUN - 1)), None);
    discard(&disk, SEGMENT).expect("removed");
    assert_eq!(ask((0, BEGUN - 1)), Some((1, 2_000)), "without an index, all of it");
    // Where the clock was set back, nobody knows what a frame has.
    let author = slow(Some(20));
    let (disk, keys) = (author.disk(), &author.keys);
    let frames = packed(&disk, keys).frames;
    assert!(frames.iter().all(|frame| frame.utc == 0));
    let parts = Shelf::new(disk.clone()).parts().expect("listed");
    assert_eq!((parts[0].from_utc, parts[0].to_utc), (BEGUN - 5_000, BEGUN + 60 * 39));
    assert_eq!(between(&disk, keys, &parts[0], (BEGUN + 1, BEGUN + 2)), Some((1, 2_000)));
    discard(&disk, SEGMENT).expect("removed");
    let mut marks = |_: Position, _: &[u8], _: &mut dyn FnMut(Mark)| ();
    make(&disk, keys, SEGMENT, 9, &mut marks, &mut |_| ()).expect("made");
    assert_eq!(Index::open(&disk, keys, SEGMENT).expect("opens").frames(), frames);
}

#[test]
fn any_byte_of_an_index_that_is_not_as_it_was_written_is_seen_without_a_key() {
    let (disk, _) = archived();
    let segment = SegmentNumber(2);
    let name = Name::Index(segment).to_string();
    let whole = disk.content(&name);
    let check = || match check(&disk, segment).expect("the disk works") {
        None => "none".to_owned(),
        Some(Ok(())) => "whole".to_owned(),
        Some(Err(flaw)) => flaw.to_string(),
    };
    assert_eq!(check(), "whole");
    let last = whole.iter().rposition(|&byte| byte != 0).expect("something");
    for byte in (0..INDEX_HEADER).chain(BLOCK..=last) {
        let mut spoilt = whole.clone();
        spoilt[byte] ^= 1 << (byte % 8);
        disk.place(&name, &spoilt);
        assert!(check() != "whole", "byte {byte}");
    }
    disk.place(&name, &whole[..BLOCK]);
    assert_eq!(check(), "it ends too early");
    disk.place(&name, &disk.content(&Name::Index(SegmentNumber(3)).to_string()));
    assert_eq!(check(), "it is of another archive");
    disk.place(&name, &whole);
    disk.rot(&name, 4_096, Rot::Unreadable);
    assert!(check().starts_with("it can not be read"), "{}", check());
    disk.remove(&name).expect("removed");
    assert_eq!(check(), "none");
    let report = crate::verify::verify(&disk).expect("looked at");
    assert_eq!((report.archives, report.indexes, report.unusable.len()), (4, 3, 0));
    disk.rot(&Name::Index(SegmentNumber(1)).to_string(), 0, Rot::Flip { bit: 9 });
    let report = crate::verify::verify(&disk).expect("looked at");
    assert_eq!((report.indexes, report.unusable.len()), (2, 1));
    assert_eq!(report.condition(), crate::verify::Condition::Good, "it is made again");
}

/// What happens to a file.
type Harm = fn(&SimulatedDisk, &str);

/// Five segments, four of them packed and indexed, ten records in each.
fn archived() -> (SimulatedDisk, Keys) {
    let mut author = Author::begin();
    for segment in 0..5 {
        let texts: Vec<String> = (0..10).map(|n| (segment * 10 + n).to_string()).collect();
        let records: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        author.batch(&records);
        if segment < 4 {
            author.roll_over();
        }
    }
    let disk = author.disk();
    let mut marks =
        |_: Position, record: &[u8], mark: &mut dyn FnMut(Mark)| marks_of(number(record), mark);
    for segment in (1..=4).map(SegmentNumber) {
        pack(&disk, &author.keys, segment, 5).expect("packed");
        disk.remove(&Name::Segment(segment).to_string()).expect("reused");
        make(&disk, &author.keys, segment, 9, &mut marks, &mut |_| ()).expect("made");
    }
    (disk, author.keys)
}

/// What a shelf gives of each part, or says of it: the positions of all records, by a mark of each.
fn tell(shelf: &mut Shelf<SimulatedDisk>, parts: &[Part], keys: &Keys) -> Vec<String> {
    let mut all = BTreeSet::new();
    (0..50).for_each(|number| marks_of(number, &mut |mark| all.extend([mark])));
    let mut marks =
        |_: Position, record: &[u8], mark: &mut dyn FnMut(Mark)| marks_of(number(record), mark);
    let told = parts.iter().map(|part| {
        let mut seen = Vec::new();
        let mut each = |at: Position, _: &BatchHeader, _: &[u8]| seen.push(at.0);
        let visited = shelf.visit(keys, part, &all, &mut marks, &mut each);
        let ends = seen.first().zip(seen.last());
        match (visited, ends) {
            (Err(problem), _) => problem.to_string(),
            (Ok(_), None) => "nothing".into(),
            (Ok(without), Some((first, last))) => {
                format!("{first} to {last}{}", if without { ", without an index" } else { "" })
            }
        }
    });
    told.collect()
}

fn tell_all(disk: &SimulatedDisk, keys: &Keys) -> Vec<String> {
    let mut shelf = Shelf::new(disk.clone());
    let parts = shelf.parts().expect("listed");
    tell(&mut shelf, &parts, keys)
}

#[test]
fn a_part_whose_archive_is_not_whole_or_not_there_is_never_taken_for_one_without_records() {
    let whole = ["1 to 10", "11 to 20", "21 to 30", "31 to 40", "41 to 50"];
    let with = |place: usize, told: &str| {
        let mut all = whole.map(str::to_owned);
        all[place] = told.into();
        all.to_vec()
    };
    let damages: [(&str, Harm); 3] = [
        ("its header is not whole", |disk, name| disk.rot(name, 0, Rot::Flip { bit: 77 })),
        ("the disk does not give it", |disk, name| disk.rot(name, 0, Rot::Unreadable)),
        ("it is not there", |disk, name| disk.remove(name).expect("removed")),
    ];
    for (what, damage) in damages {
        for place in [0, 1, 2, 3] {
            let (disk, keys) = archived();
            assert_eq!(tell_all(&disk, &keys), whole);
            let mut shelf = Shelf::new(disk.clone());
            let before = shelf.parts().expect("listed");
            shelf.keep_tables(&keys);
            let segment = SegmentNumber(place as u64 + 1);
            damage(&disk, &Name::Archive(segment).to_string());
            let told = tell_all(&disk, &keys);
            if place == 0 && what == "it is not there" {
                // The oldest may have been let go of.
                assert_eq!(told, whole[1..]);
                assert_eq!(tell(&mut shelf, &before, &keys), with(0, "nothing"));
                continue;
            }
            let is_said = |told: &[String]| {
                told[place].starts_with(&format!("{} is damaged", Name::Archive(segment)))
                    && told == with(place, &told[place])
            };
            assert!(is_said(&told), "{what}: {told:?}");
            if what == "it is not there" {
                let told = tell(&mut shelf, &before, &keys);
                assert!(is_said(&told), "since the look: {told:?}");
            }
            (1..=4).for_each(|number| discard(&disk, SegmentNumber(number)).expect("removed"));
            let without = tell_all(&disk, &keys).into_iter();
            let without: Vec<_> =
                without.map(|told| told.replace(", without an index", "")).collect();
            assert!(is_said(&without), "{what}: {without:?}");
        }
    }
}

#[test]
fn two_parts_that_are_not_there_are_said_and_where_the_first_segment_begins_too_late_too() {
    let (disk, keys) = archived();
    for segment in [2, 3].map(SegmentNumber) {
        disk.remove(&Name::Archive(segment).to_string()).expect("removed");
    }
    let mut shelf = Shelf::new(disk);
    let parts = shelf.parts().expect("listed");
    let lost = parts[1];
    assert_eq!((lost.first, lost.until), (Position(11), Some(Position(31))));
    assert_eq!(lost.flaw, Some(crate::scan::Found::Missing));
    assert_eq!((lost.from_utc, lost.to_utc), (parts[0].from_utc, parts[2].to_utc));
    let (disk, other_keys) = archived();
    disk.remove(&Name::Archive(SegmentNumber(4)).to_string()).expect("removed");
    let told = tell_all(&disk, &other_keys);
    assert_eq!(told[..3], ["1 to 10", "11 to 20", "21 to 30"]);
    assert!(told[3].contains("is not there") && told[4] == "41 to 50", "{told:?}");
    assert_eq!(tell(&mut shelf, &parts, &keys).len(), 4);
}

#[test]
fn an_archive_whose_index_is_gone_or_can_not_be_read_is_read_itself() {
    let name = Name::Index(SegmentNumber(2)).to_string();
    let flaws: [(&str, Harm); 4] = [
        ("gone", |disk, name| disk.remove(name).expect("removed")),
        ("its header is not given", |disk, name| disk.rot(name, 0, Rot::Unreadable)),
        ("its marks are not given", |disk, name| disk.rot(name, 4_096, Rot::Unreadable)),
        ("its table is not given", |disk, name| disk.rot(name, 8_192, Rot::Unreadable)),
    ];
    let told = ["1 to 10", "11 to 20, without an index", "21 to 30", "31 to 40", "41 to 50"];
    for (what, flaw) in flaws {
        let (disk, keys) = archived();
        // One who has its table already, and one who has not.
        let mut shelf = Shelf::new(disk.clone());
        let parts = shelf.parts().expect("listed");
        shelf.keep_tables(&keys);
        flaw(&disk, &name);
        if what == "gone" || what == "its marks are not given" {
            assert_eq!(tell(&mut shelf, &parts, &keys), told, "{what}");
        }
        shelf.keep_tables(&keys);
        assert_eq!(tell_all(&disk, &keys), told, "{what}");
    }
    // The key that sealed the index is not named any more; that of its archive is.
    let (disk, mut keys) = archived();
    keys.former.push(key(2));
    let mut marks =
        |_: Position, record: &[u8], mark: &mut dyn FnMut(Mark)| marks_of(number(record), mark);
    std::mem::swap(&mut keys.current, &mut keys.former[0]);
    make(&disk, &keys, SegmentNumber(2), 9, &mut marks, &mut |_| ()).expect("made");
    assert_eq!(tell_all(&disk, &Keys::only(key(1))), told);
}
