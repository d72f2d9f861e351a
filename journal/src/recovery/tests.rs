//! Stories of starts: what a crash or a disk left, and what recovery makes of it.

use super::*;
use crate::authoring::{Author, CLUSTER, key};
use crate::format::BLOCK;
use crate::seal::hex;

fn recovered(author: &Author) -> Recovered {
    recover(&author.disk(), Some(&author.keys)).expect("can be gone on with")
}

fn damage(author: &Author) -> Damage {
    for keys in [Some(&author.keys), None] {
        match recover(&author.disk(), keys) {
            Err(Refusal::Damage(damage)) if keys.is_none() => return damage,
            Err(Refusal::Damage(_)) => {}
            other => panic!("{other:?} is no damage"),
        }
    }
    unreachable!("without keys it is the same")
}

fn torn(author: &Author) -> Torn {
    match recovered(author).tail {
        Tail::Torn(torn) => torn,
        tail @ (Tail::Empty | Tail::Clean) => panic!("{tail:?} is not torn"),
    }
}

#[test]
fn an_empty_directory_is_a_new_journal() {
    let disk = crate::disk::simulated::SimulatedDisk::new(1);
    let new = recover(&disk, None).expect("new");
    assert_eq!((new.tail, new.cluster), (Tail::Empty, None));
    assert_eq!((new.next_batch, new.next_position), (BatchNumber(1), Position(1)));
    assert_eq!((new.next_segment, new.released), (SegmentNumber(1), Position(0)));
}

#[test]
fn a_whole_log_goes_on_behind_its_last_batch() {
    let mut author = Author::begin();
    author.batches(3);
    author.roll_over();
    author.batches(2);
    let Recovered { tail, next_batch, next_position, previous, .. } = recovered(&author);
    assert_eq!(tail, Tail::Clean);
    assert_eq!((next_batch, next_position), (BatchNumber(6), Position(6)));
    assert_eq!(previous, author.next.previous);
    let recovered = recovered(&author);
    assert_eq!((recovered.released, recovered.marked), (Position(5), Position(4)));
    assert_eq!((recovered.next_segment, recovered.last_epoch), (SegmentNumber(3), Epoch(1)));
    assert_eq!(recovered.cluster, Some(CLUSTER));
    let batches: Vec<u64> = recovered.segments.iter().map(|extent| extent.batches).collect();
    assert_eq!(batches, [3, 2]);
}

#[test]
fn a_last_batch_that_nobody_was_told_of_is_cut_wherever_it_is_torn() {
    for byte in [0, 8, 40, 120, 127, 128, 130] {
        let mut author = Author::begin();
        author.batches(3);
        let (at, last) = author.image().batches[2];
        author.image().bytes[at + byte] ^= 1;
        let torn = torn(&author);
        assert_eq!((torn.place.batch, torn.place.position), (last.batch, last.first_position));
        assert_eq!(recovered(&author).next_batch, last.batch, "byte {byte}");
    }
}

#[test]
fn of_several_batches_in_flight_those_behind_the_first_missing_one_are_cut() {
    let mut author = Author::begin();
    author.batches(2);
    for _ in 0..3 {
        author.batch(&[b"in flight"]);
    }
    let missing = author.image().lose(2);
    let torn = torn(&author);
    assert_eq!((torn.found, torn.headers, torn.place.batch), (Found::Empty, 2, missing.batch));
}

#[test]
fn a_batch_that_a_later_one_says_was_released_is_never_cut() {
    for spoil in [crate::authoring::Image::lose, crate::authoring::Image::flip] {
        let mut author = Author::begin();
        author.batches(4);
        let missing = spoil(author.image(), 1);
        let damage = damage(&author);
        assert_eq!((damage.place.batch, damage.released), (missing.batch, Position(3)));
        assert!(damage.facts.covered);
    }
}

#[test]
fn an_empty_batch_that_carries_the_mark_turns_a_lost_batch_into_damage() {
    let mut author = Author::begin();
    author.batches(2);
    author.image().flip(1);
    assert_eq!(torn(&author).place.batch, BatchNumber(2));
    author.batch(&[]);
    assert_eq!(damage(&author).place.batch, BatchNumber(2));
}

#[test]
fn what_was_cut_stays_cut_and_the_log_goes_on_in_the_next_segment() {
    let mut author = Author::begin();
    author.batches(2);
    author.batch(&[b"torn"]);
    author.batch(&[b"whole, but behind it"]);
    let missing = author.image().flip(2);
    author.start_again_at(&missing);
    author.batches(2);
    let found = recovered(&author);
    assert_eq!((found.tail, found.next_batch), (Tail::Clean, BatchNumber(5)));
    assert_eq!(found.segments[0].end.batch, BatchNumber(3));
    // Even if the torn batch was whole all the time.
    author.segments[0].flip(2);
    assert_eq!(recovered(&author).next_batch, BatchNumber(5));
}

#[test]
fn a_segment_of_which_nothing_is_left_over_a_start_is_reused() {
    let mut author = Author::begin();
    author.batches(2);
    author.roll_over();
    author.batch(&[b"torn"]);
    let missing = author.image().lose(0);
    assert_eq!(recovered(&author).tail, Tail::Clean, "no byte of it got to the disk");
    author.start_again_at(&missing);
    author.batches(1);
    let recovered = recovered(&author);
    assert_eq!((recovered.tail, recovered.next_batch), (Tail::Clean, BatchNumber(4)));
    assert_eq!(recovered.left_over, [SegmentNumber(2)]);
    assert_eq!((recovered.next_segment, recovered.last_epoch), (SegmentNumber(4), Epoch(2)));
}

#[test]
fn a_start_after_which_nothing_was_written_leaves_its_segment_over() {
    let mut author = Author::begin();
    author.batches(2);
    author.start();
    let recovered = recovered(&author);
    assert_eq!(recovered.left_over, [SegmentNumber(2)]);
    assert_eq!((recovered.next_segment, recovered.last_epoch), (SegmentNumber(3), Epoch(2)));
}

#[test]
fn what_was_there_when_the_next_segment_was_begun_is_not_cut_any_more() {
    let mut author = Author::begin();
    author.batches(2);
    author.batch(&[b"durable, and not released"]);
    author.roll_over();
    author.segments[0].lose(2);
    let damage = damage(&author);
    assert_eq!((damage.facts.later, damage.facts.covered), (Later::AfterIt, false));
}

#[test]
fn what_a_start_went_on_from_is_not_cut_any_more() {
    let mut author = Author::begin();
    author.batches(1);
    author.batch(&[]);
    author.start();
    author.segments[0].lose(1);
    let damage = damage(&author);
    assert_eq!((damage.facts.later, damage.facts.covered), (Later::AfterIt, false));
}

#[test]
fn a_segment_whose_header_did_not_get_to_the_disk_is_left_over() {
    let mut author = Author::begin();
    author.batches(2);
    author.start();
    author.image().bytes.fill(0);
    let found = recovered(&author);
    assert_eq!((found.tail, found.next_segment), (Tail::Clean, SegmentNumber(3)));
    assert_eq!(found.left_over, [SegmentNumber(2)]);
}

#[test]
fn a_lost_header_of_released_batches_is_damage() {
    for first in [true, false] {
        let mut author = Author::begin();
        if !first {
            author.batches(2);
            author.start();
        }
        author.batches(3);
        author.image().bytes[..BLOCK].fill(0);
        assert_eq!(damage(&author).place.file, Name::Segment(SegmentNumber(1)), "{first}");
    }
}

#[test]
fn a_batch_that_went_astray_over_the_only_header_is_not_where_the_log_began() {
    let mut author = Author::begin();
    author.batches(3);
    let image = author.image();
    let (at, _) = *image.batches.last().expect("three");
    // The device wrote its first sector to the wrong place, and nothing to the right one.
    image.bytes.copy_within(at..at + 512, 0);
    image.bytes[at..at + 512].fill(0);
    assert_eq!(damage(&author).place.batch, BatchNumber(1));
}

#[test]
fn a_lost_segment_between_others_is_damage() {
    let mut author = Author::begin();
    author.batches(2);
    author.roll_over();
    author.batches(2);
    author.roll_over();
    author.batches(2);
    author.segments.remove(1);
    assert_eq!(damage(&author).place.batch, BatchNumber(3));
}

#[test]
fn a_segment_that_was_made_shorter_is_damage() {
    let mut author = Author::begin();
    author.batches(2);
    author.image().bytes.truncate(8 * BLOCK);
    assert_eq!(damage(&author).facts.found, Found::ShortFile);
}

#[test]
fn a_wrong_key_is_not_a_torn_tail() {
    let mut author = Author::begin();
    author.batches(2);
    let refusal = recover(&author.disk(), Some(&Keys::only(key(9)))).expect_err("no key fits");
    assert_eq!(refusal.exit_code(), 78);
    let text = refusal.to_string();
    let check = hex(&key(1).check_value());
    assert!(text.contains("0000000000000001.segment") && text.contains(&check), "{text}");
    let mut keys = Keys::only(key(9));
    keys.former.push(key(1));
    assert_eq!(recover(&author.disk(), Some(&keys)).expect("a former key").tail, Tail::Clean);
}

#[test]
fn an_altered_seal_is_damage_even_at_the_end() {
    let mut author = Author::begin();
    author.batches(1);
    let mut payload = b"no length in front".to_vec();
    payload.truncate(16);
    author.sealed(1, payload);
    let Err(Refusal::Damage(damage)) = recover(&author.disk(), Some(&author.keys)) else {
        panic!("it is damage")
    };
    assert_eq!(damage.facts.found, Found::NotRecords);
}

#[test]
fn segments_of_others_and_of_later_programs_are_refused() {
    let mut author = Author::begin();
    author.batches(1);
    author.roll_over();
    let of_another = |author: &mut Author, change: fn(&mut SegmentHeader)| {
        let image = author.image();
        let mut header = image.header;
        change(&mut header);
        header.write((&mut image.bytes[..BLOCK]).try_into().expect("a block"));
        recover(&author.disk(), None).expect_err("refused")
    };
    let other = of_another(&mut author, |header| header.cluster[0] ^= 1);
    assert!(matches!(other, Refusal::Foreign { .. }) && other.exit_code() == 78, "{other}");
    let renamed = of_another(&mut author, |header| header.segment.0 = 7);
    assert!(renamed.to_string().contains("segment 7"), "{renamed}");
}

#[test]
fn a_disk_that_can_not_be_written_is_said_by_name() {
    let author = Author::begin();
    let disk = author.disk();
    disk.set_read_only(true);
    let refusal = recover(&disk, None).expect_err("read only");
    assert!(refusal.to_string().contains("can not open 0000000000000001.segment"), "{refusal}");
}

#[test]
fn what_a_dead_process_left_in_the_cache_is_made_durable_first() {
    let author = Author::begin();
    let disk = author.disk();
    let file = disk.open(&author.segments[0].name, true).expect("there");
    let mut second = Author::begin();
    second.batches(2);
    file.write_at(0, &second.segments[0].bytes).expect("written");
    disk.kill();
    let found = recover(&disk, Some(&second.keys)).expect("whole");
    assert_eq!(found.next_batch, BatchNumber(3));
    disk.cut_power();
    let found = recover(&disk, Some(&second.keys)).expect("still whole");
    assert_eq!(found.next_batch, BatchNumber(3));
}

#[test]
fn a_record_that_a_checkpoint_has_is_never_cut() {
    let mut author = Author::begin();
    author.batches(2);
    author.image().flip(1);
    let disk = author.disk();
    assert!(matches!(recover(&disk, None).expect("torn").tail, Tail::Torn(_)));
    let about = |cluster| About { cluster, epoch: Epoch(1), position: Position(2), created_ns: 0 };
    checkpoint::write(&disk, &author.keys, &about([9; 16]), b"of another").expect("written");
    assert!(recover(&disk, None).is_ok(), "another journal's checkpoint says nothing");
    checkpoint::write(&disk, &author.keys, &about(CLUSTER), b"ours").expect("written");
    let refusal = recover(&disk, None).expect_err("record 2 was durable");
    assert!(matches!(refusal, Refusal::Damage(_)), "{refusal}");
}

#[test]
fn checkpoints_without_segments_are_no_new_journal() {
    let disk = crate::disk::simulated::SimulatedDisk::new(1);
    let about = About { cluster: CLUSTER, epoch: Epoch(1), position: Position(2), created_ns: 0 };
    checkpoint::write(&disk, &Keys::only(key(1)), &about, b"state").expect("written");
    let refusal = recover(&disk, None).expect_err("segments are missing");
    assert!(matches!(refusal, Refusal::NoSegments(_)), "{refusal}");
}
