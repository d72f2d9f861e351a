//! Stories of archives: small, whole, made again as they were, and never the reason of a loss.

use super::frames::FRAME_BATCHES_MAX;
use super::*;
use crate::authoring::{Author, SEGMENT, key};
use crate::disk::simulated::{Lie, Rot, SimulatedDisk};
use crate::format::BATCH_HEADER;
use crate::reader::Reader;
use crate::scan::Found;
use crate::seal::Keys;

/// Three segments with batches of all kinds; the last one is open.
fn author() -> Author {
    let mut author = Author::begin();
    author.batch(&[b"one", b"two"]);
    author.batch(&[]);
    author.batch(&[&vec![b'x'; 50_000], b""]);
    author.roll_over();
    author.batches(7);
    author.start();
    author.batches(2);
    author
}

fn records(disk: &SimulatedDisk, keys: &Keys) -> Vec<(u64, Vec<u8>)> {
    let mut reader = Reader::open(disk, Some(keys), Position(0)).expect("opens");
    let mut all = Vec::new();
    while let Some(batch) = reader.next_batch().expect("whole") {
        let records = batch.records().expect("there are keys");
        all.extend(records.map(|(position, record)| (position.0, record.to_vec())));
    }
    all
}

fn name(segment: u64) -> (String, String) {
    let segment = SegmentNumber(segment);
    (Name::Segment(segment).to_string(), Name::Archive(segment).to_string())
}

#[test]
fn what_is_packed_is_read_as_before() {
    let author = author();
    let disk = author.disk();
    let before = records(&disk, &author.keys);
    assert_eq!(before.len(), 13);
    for segment in [1, 2] {
        let packed = pack(&disk, &author.keys, SegmentNumber(segment), 5).expect("packed");
        assert_eq!(records(&disk, &author.keys), before, "both are there");
        let (old, new) = name(segment);
        disk.remove(&old).expect("reused");
        assert_eq!(records(&disk, &author.keys), before, "only the archive");
        let bytes = disk.content(&new);
        assert_eq!(bytes.len() as u64, packed.bytes);
        assert!(bytes.len() * 5 < SEGMENT, "{} bytes", bytes.len());
        assert!(!bytes.windows(6).any(|part| part == b"record"), "sealed");
    }
}

#[test]
fn who_watches_a_pass_sees_each_record_once_and_those_before_only_in_the_archive() {
    let author = author();
    let disk = author.disk();
    let before = records(&disk, &author.keys);
    let mut seen = Vec::new();
    for segment in [1, 2] {
        let (segment, from) = (SegmentNumber(segment), Position(3));
        let mut pass = Pass::begin(&disk, &author.keys, segment, from, 5).expect("sealed");
        while let Some(batch) = pass.next_batch(&mut |_| ()).expect("whole") {
            let records = batch.records().expect("opened");
            seen.extend(records.map(|(position, record)| (position.0, record.to_vec())));
        }
        let mut moved = 0;
        let archive = pass.finish(&mut |bytes| moved += bytes).expect("packed").archive;
        assert!(moved as u64 >= archive.bytes, "all of it was read back");
        disk.remove(&name(segment.0).0).expect("reused");
    }
    assert_eq!(seen, before[2..11]);
    assert_eq!(records(&disk, &author.keys), before, "archives have those before too");
}

#[test]
fn a_pass_that_is_given_up_leaves_nothing_behind() {
    let author = author();
    let disk = author.disk();
    let before = disk.list().expect("listed");
    let mut pass =
        Pass::begin(&disk, &author.keys, SegmentNumber(1), Position(0), 5).expect("sealed");
    assert!(pass.next_batch(&mut |_| ()).expect("whole").is_some());
    drop(pass);
    assert_eq!(disk.list().expect("listed"), before);
}

#[test]
fn an_archive_that_the_device_gives_back_otherwise_is_none() {
    let author = author();
    let disk = author.disk();
    disk.tell(Lie::SkipsWrites(".archive.unfinished"));
    let not = pack(&disk, &author.keys, SegmentNumber(1), 5).expect_err("nothing was written");
    assert!(disk.open(&name(1).1, false).is_err(), "{not}");
    assert!(disk.open(&name(1).0, false).is_ok(), "the segment is as it was");
}

#[test]
fn a_reader_goes_on_in_the_archive_when_the_segment_is_reused_under_it() {
    let author = author();
    let disk = author.disk();
    let before = records(&disk, &author.keys);
    let mut reader = Reader::open(&disk, Some(&author.keys), Position(0)).expect("opens");
    let mut read = Vec::new();
    while let Some(batch) = reader.next_batch().expect("whole") {
        let records = batch.records().expect("there are keys");
        read.extend(records.map(|(position, record)| (position.0, record.to_vec())));
        if batch.header.batch.0 == 5 {
            pack(&disk, &author.keys, SegmentNumber(2), 5).expect("packed");
            let (old, _) = name(2);
            let file = disk.open(&old, true).expect("there");
            file.write_at(0, &vec![0; SEGMENT]).expect("zeros again");
            file.sync().expect("durable");
            disk.rename(&old, "0000000000000001.spare").expect("reused");
        }
    }
    assert_eq!(read, before);
}

#[test]
fn new_keys_open_what_was_sealed_with_old_ones_once_it_is_packed() {
    let author = author();
    let disk = author.disk();
    let mut keys = Keys::only(key(2));
    keys.former.push(key(1));
    let before = records(&disk, &keys);
    for segment in [1, 2] {
        pack(&disk, &keys, SegmentNumber(segment), 5).expect("packed");
        disk.remove(&name(segment).0).expect("reused");
    }
    assert_eq!(records(&disk, &keys), before);
    let new = Keys::only(key(2));
    let mut reader = Reader::open(&disk, Some(&new), Position(1)).expect("opens");
    for _ in 0..10 {
        assert!(reader.next_batch().expect("by the new key alone").is_some());
    }
    let problem = reader.next_batch().map(|batch| batch.is_some()).expect_err("the open segment");
    assert!(problem.to_string().contains("0000000000000003.segment"), "{problem}");
}

#[test]
fn any_bit_of_an_archive_that_turned_over_is_found() {
    let author = author();
    let disk = author.disk();
    pack(&disk, &author.keys, SegmentNumber(2), 5).expect("packed");
    disk.remove(&name(1).0).expect("older");
    disk.remove(&name(2).0).expect("reused");
    let archive = name(2).1;
    let whole = disk.content(&archive);
    let last = whole.iter().rposition(|&byte| byte != 0).expect("something");
    for byte in (0..ARCHIVE_HEADER).chain(BLOCK..last) {
        let mut spoilt = whole.clone();
        spoilt[byte] ^= 1 << (byte % 8);
        disk.place(&archive, &spoilt);
        let from = Position(5);
        let read = Reader::open(&disk, Some(&author.keys), from).and_then(|mut reader| {
            while reader.next_batch()?.is_some() {}
            Ok(())
        });
        assert!(read.is_err(), "byte {byte}");
    }
}

#[test]
fn a_segment_that_nothing_was_written_to_is_packed_without_a_batch() {
    let mut author = author();
    author.start();
    author.start();
    author.batches(1);
    let disk = author.disk();
    let before = records(&disk, &author.keys);
    for segment in [3, 4] {
        let packed = pack(&disk, &author.keys, SegmentNumber(segment), 5).expect("packed");
        assert_eq!(packed.frames, u32::from(segment == 3));
        disk.remove(&name(segment).0).expect("reused");
    }
    for segment in [1, 2] {
        disk.remove(&name(segment).0).expect("reused");
    }
    let mut reader = Reader::open(&disk, Some(&author.keys), Position(12)).expect("opens");
    let mut count = 0;
    while let Some(batch) = reader.next_batch().expect("goes on behind the empty one") {
        count += batch.records().expect("there are keys").count();
    }
    assert_eq!(count, before.len() - 11);
}

#[test]
fn what_is_damaged_is_not_packed_and_what_is_open_neither() {
    let mut author = author();
    let not = |author: &Author, segment| {
        pack(&author.disk(), &author.keys, SegmentNumber(segment), 5).expect_err("not packed")
    };
    assert!(matches!(not(&author, 3), NotPacked::NotSealed), "it is the last one");
    assert!(matches!(not(&author, 4), NotPacked::NotSealed), "there is none");
    author.segments[0].flip(0);
    assert!(matches!(not(&author, 1), NotPacked::Damaged(_, Found::WrongSum)));
    author.keys = Keys::only(key(9));
    assert!(matches!(not(&author, 2), NotPacked::UnknownKey(_)));
}

#[test]
fn an_archive_that_did_not_reach_the_device_is_none() {
    let author = author();
    let disk = author.disk();
    disk.fail_sync(0, ErrorKind::Other);
    let not = pack(&disk, &author.keys, SegmentNumber(1), 5).expect_err("not synced");
    assert!(matches!(not, NotPacked::Disk(_)), "{not}");
    assert!(disk.open(&name(1).1, false).is_err(), "it has no name");
    // Not tried again, but made anew.
    pack(&disk, &author.keys, SegmentNumber(1), 5).expect("packed");
}

#[test]
fn batches_beyond_what_a_frame_holds_go_to_the_next() {
    let mut author = Author::sized(2 * FRAME_BATCHES_MAX * BLOCK);
    for _ in 0..=FRAME_BATCHES_MAX {
        author.batch(&[]);
    }
    for _ in 0..20 {
        author.batch(&[&vec![7; 60_000]]);
    }
    author.roll_over();
    let disk = author.disk();
    let header = pack(&disk, &author.keys, SegmentNumber(1), 5).expect("packed");
    assert_eq!(
        header.frames,
        1 + 1 + 9,
        "full of batches, the rest with the first two, and two in each"
    );
    disk.remove(&name(1).0).expect("reused");
    assert_eq!(records(&disk, &author.keys).len(), 20);
    assert!(header.bytes > u64::try_from(FRAME_BATCHES_MAX * BATCH_HEADER).expect("small"));
}

#[test]
fn after_a_crash_at_any_operation_of_packing_every_record_is_there() {
    let author = author();
    let expected = records(&author.disk(), &author.keys);
    for operation in 1.. {
        let disk = author.disk();
        disk.crash_at(disk.operations() + operation);
        let packed = pack(&disk, &author.keys, SegmentNumber(1), 5).is_ok();
        if packed && !disk.is_down() {
            // Only now: it is reused.
            drop(disk.remove(&name(1).0));
        }
        let is_over = packed && !disk.is_down();
        disk.cut_power();
        assert_eq!(records(&disk, &author.keys), expected, "operation {operation}");
        if is_over {
            break;
        }
        pack(&disk, &author.keys, SegmentNumber(1), 5).expect("packed at the next start");
    }
}

#[test]
fn archives_are_kept_for_their_time_and_while_a_checkpoint_needs_them() {
    let author = author();
    let disk = author.disk();
    let mut ends = Vec::new();
    for segment in [1, 2] {
        ends.push(pack(&disk, &author.keys, SegmentNumber(segment), 5).expect("packed"));
        disk.remove(&name(segment).0).expect("reused");
    }
    let (first, second) = (ends[0], ends[1]);
    let retire = |now_ns, behind| retire(&disk, now_ns, 1_000, behind).expect("removed");
    assert_eq!(retire(first.newest_ns + 1_000, Position(99)), []);
    assert_eq!(retire(first.newest_ns + 1_001, Position(3)), []);
    assert_eq!(retire(first.newest_ns + 1_001, Position(4)), [SegmentNumber(1)]);
    assert_eq!(list(&disk).expect("listed").len(), 1);
    assert_eq!(retire(second.newest_ns + 1_001, Position(11)), [SegmentNumber(2)]);
}

#[test]
fn an_archive_that_does_not_say_how_old_it_is_goes_with_the_next_one() {
    let author = author();
    let disk = author.disk();
    let mut newest = 0;
    for segment in [1, 2] {
        newest = pack(&disk, &author.keys, SegmentNumber(segment), 5).expect("packed").newest_ns;
        disk.remove(&name(segment).0).expect("reused");
    }
    disk.rot(&name(1).1, 0, Rot::Unreadable);
    let retire = |now_ns| retire(&disk, now_ns, 1_000, Position(99)).expect("removed");
    assert_eq!(retire(newest + 1_000), [], "nothing behind it is old");
    assert_eq!(list(&disk).expect("listed").len(), 2);
    assert_eq!(retire(newest + 1_001), [SegmentNumber(1), SegmentNumber(2)]);
}

#[test]
fn a_segment_that_rots_before_it_is_packed_is_kept() {
    let author = author();
    let disk = author.disk();
    disk.rot(&name(2).0, BLOCK as u64, Rot::Zeroed);
    assert!(pack(&disk, &author.keys, SegmentNumber(2), 5).is_err());
    assert!(disk.open(&name(2).0, false).is_ok());
}

#[test]
fn an_archive_from_which_the_batches_can_not_be_made_again_is_none() {
    let author = author();
    let disk = author.disk();
    let packed = pack(&disk, &author.keys, SegmentNumber(1), 5).expect("packed");
    let made_again = |header: &ArchiveHeader| {
        packing::make_again(&disk, &author.keys, &name(1).1, header, u32::MAX)
    };
    assert!(made_again(&packed).is_ok());
    let (_, wrapped_segment_key) = author.keys.current.make_segment_key(&packed.owner());
    let other = ArchiveHeader { wrapped_segment_key, ..packed };
    let not = made_again(&other).expect_err("another key seals otherwise");
    assert!(matches!(not, NotPacked::Damaged(_, Found::WrongSeal)), "{not}");
}

#[test]
fn a_pack_that_finds_no_room_leaves_nothing_behind_and_the_next_one_works() {
    let author = author();
    let disk = author.disk();
    let before = (disk.list().expect("listed"), records(&disk, &author.keys));
    disk.fail_write(1, ErrorKind::StorageFull);
    pack(&disk, &author.keys, SegmentNumber(1), 5).expect_err("no room");
    assert_eq!(disk.list().expect("listed"), before.0);
    disk.fail_nothing();
    pack(&disk, &author.keys, SegmentNumber(1), 5).expect("packed");
    assert_eq!(records(&disk, &author.keys), before.1);
}

#[test]
fn who_needs_late_records_looks_at_no_archive_long_before_them() {
    let mut author = Author::begin();
    for _ in 0..9 {
        author.batches(3);
        author.roll_over();
    }
    author.batches(3);
    let disk = author.disk();
    for segment in 1..=8 {
        pack(&disk, &author.keys, SegmentNumber(segment), 5).expect("packed");
        disk.remove(&name(segment).0).expect("reused");
    }
    // The disk gives none of the first ones: who looks at them can not go on.
    (1..=6).for_each(|segment| disk.rot(&name(segment).1, 0, Rot::Unreadable));
    let keys = Some(&author.keys);
    for from in 23..=30 {
        let mut reader = Reader::open(&disk, keys, Position(from)).expect("opens");
        let mut next = from;
        while let Some(batch) = reader.next_batch().expect("whole") {
            for (position, _) in batch.records().expect("there are keys") {
                assert_eq!(position.0, next);
                next += 1;
            }
        }
        assert_eq!(next, 31, "from {from}");
    }
    let recovered = crate::recovery::recover(&disk, keys).expect("whole");
    assert_eq!(recovered.next_position, Position(31));
    assert!(Reader::open(&disk, keys, Position(5)).is_err());
}
