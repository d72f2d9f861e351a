//! What an operator sees when a journal's files or its disk are at fault: real files where that can be
//! had, and what is said, word for word. Must not need a daemon.

mod journal_of;

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;

use expect_test::expect;
use journal::checkpoint;
use journal::disk::simulated::{SimulatedDisk, SimulatedPath};
use journal::format::{PathKind, Position};
use journal::recovery::{self, Refusal};
use journal::seal::{Key, Keys};
use journal::verify::{self, Condition};

use self::journal_of::{Place, keys, text_of, write, write_to};

fn refusal(place: &Place) -> Refusal {
    recovery::recover(&place.disk(), Some(&keys(1))).expect_err("nothing may start on it")
}

fn condition(place: &Place) -> Condition {
    verify::verify(&place.disk()).expect("it can be looked at").condition()
}

#[test]
fn a_segment_that_was_cut_short_is_damage() {
    let place = Place::new("short");
    write(&place, 1, 12);
    let file = OpenOptions::new().write(true).open(place.segment(1)).expect("there");
    file.set_len(8_192).expect("cut");
    assert_eq!(condition(&place), Condition::Damaged);
    let refusal = refusal(&place);
    assert_eq!(refusal.exit_code(), 74);
    expect!["the journal is damaged at 0000000000000001.segment, byte 8192: batch 2 from record 2: the file ends before the segment does, and it was durable before the next segment was begun (records up to 11 were released); nothing was changed. Do not start on it: take a copy of the directory, look with `sekisho journal verify`, and take what is whole with `sekisho journal salvage`"].assert_eq(&refusal.to_string());
}

#[test]
fn a_segment_of_another_journal_is_called_so() {
    let (place, other) = (Place::new("ours"), Place::new("theirs"));
    write(&place, 1, 12);
    write(&other, 2, 12);
    fs::copy(other.segment(2), place.segment(2)).expect("copied");
    let refusal = refusal(&place);
    assert_eq!(refusal.exit_code(), 78);
    expect!["0000000000000002.segment is segment 2 of another journal (02020202020202020202020202020202; this one is 01010101010101010101010101010101); move it out of the directory"].assert_eq(&refusal.to_string());
}

#[test]
fn a_segment_of_the_same_journals_other_branch_is_damage() {
    let (place, copy) = (Place::new("branch"), Place::new("copy"));
    write(&place, 1, 5);
    copy.copy_from(&place);
    // Both go on from the same place, with other records.
    write(&place, 1, 30);
    write(&copy, 1, 30);
    fs::copy(copy.segment(3), place.segment(3)).expect("copied");
    let refusal = refusal(&place);
    assert_eq!(refusal.exit_code(), 74);
    expect!["the journal is damaged at 0000000000000002.segment, byte 32768: batch 13 from record 13: nothing is there, and the next segment follows a batch that is not here (records up to 34 were released); nothing was changed. Do not start on it: take a copy of the directory, look with `sekisho journal verify`, and take what is whole with `sekisho journal salvage`"].assert_eq(&refusal.to_string());
    journal::mutants::set(Some(journal::mutants::Mutant::IgnoresTheChain));
    let taken = recovery::recover(&place.disk(), None);
    journal::mutants::set(None);
    taken.expect("without the chain of tags nobody would notice");
}

#[test]
fn the_wrong_key_is_no_damage() {
    let place = Place::new("key");
    write(&place, 1, 12);
    let wrong = Keys::only(Key::of(&[5; 32]));
    let refusal = recovery::recover(&place.disk(), Some(&wrong)).expect_err("no key");
    assert_eq!(refusal.exit_code(), 78);
    expect!["no key opens 0000000000000001.segment: it was written with the key of check value c8613e89ead3ab9f; give that key as journal.key, or among journal.former_keys"].assert_eq(&refusal.to_string());
    let both = Keys { current: Key::of(&[5; 32]), former: vec![Key::of(&[1; 32])] };
    recovery::recover(&place.disk(), Some(&both)).expect("a former key opens what it wrapped");
    assert_eq!(condition(&place), Condition::Good);
}

#[test]
fn a_lost_segment_in_the_middle_is_damage() {
    let place = Place::new("middle");
    write(&place, 1, 30);
    fs::remove_file(place.segment(2)).expect("removed");
    assert_eq!(condition(&place), Condition::Damaged);
    let refusal = refusal(&place);
    assert_eq!(refusal.exit_code(), 74);
    expect!["the journal is damaged at 0000000000000001.segment, byte 32768: batch 8 from record 8: nothing is there, and it was durable before the next segment was begun (records up to 29 were released); nothing was changed. Do not start on it: take a copy of the directory, look with `sekisho journal verify`, and take what is whole with `sekisho journal salvage`"].assert_eq(&refusal.to_string());
}

#[test]
fn a_lost_first_segment_is_damage() {
    let place = Place::new("first");
    write(&place, 1, 30);
    fs::remove_file(place.segment(1)).expect("removed");
    assert_eq!(condition(&place), Condition::Damaged);
    let refusal = refusal(&place);
    assert_eq!(refusal.exit_code(), 74);
    expect!["the journal is damaged at 0000000000000001.segment, byte 4096: batch 1 from record 1: nothing is there, and it was durable before the next segment was begun (records up to 29 were released); nothing was changed. Do not start on it: take a copy of the directory, look with `sekisho journal verify`, and take what is whole with `sekisho journal salvage`"].assert_eq(&refusal.to_string());
}

#[test]
fn two_damaged_checkpoints_are_passed_over_and_said() {
    let place = Place::new("checkpoints");
    write(&place, 1, 12);
    let about = |position| journal_of::about(1, position);
    for position in [4, 8] {
        let state = vec![7; 5_000];
        checkpoint::write(&place.disk(), &keys(1), &about(position), &state).expect("written");
    }
    let spoil = |position: u64| {
        let name = place.path(&format!("{position:020}.checkpoint"));
        let file = OpenOptions::new().write(true).open(name).expect("there");
        file.write_all_at(b"spoilt", 4_200).expect("written");
    };
    let found = || checkpoint::latest(&place.disk(), &keys(1), &[1; 16]).expect("there is a key");
    spoil(8);
    let newest = found().newest.expect("the older one is whole").0.position;
    assert_eq!(newest, Position(4));
    spoil(4);
    let found = found();
    assert!(found.newest.is_none(), "then all records are replayed");
    let flaws = found.passed_over.iter();
    let flaws: Vec<String> = flaws.map(|(at, flaw)| format!("{}: {flaw}", at.0)).collect();
    expect!["8: the sum of its chunk 1 does not agree; 4: the sum of its chunk 1 does not agree"]
        .assert_eq(&flaws.join("; "));
    assert_eq!(condition(&place), Condition::Damaged);
}

#[test]
fn what_a_second_process_is_told() {
    let place = Place::new("lock");
    let first = journal::disk::SystemDisk::open(&place.0, true).expect("free");
    let held = journal::disk::SystemDisk::open(&place.0, true).expect_err("held");
    let text = held.to_string().replace(&place.0.display().to_string(), "STATE/journal");
    let text = text.replace(&std::process::id().to_string(), "PID");
    expect!["process PID holds STATE/journal/lock"].assert_eq(&text);
    drop(first);
}

#[test]
fn a_failed_sync_ends_the_writer_for_good() {
    for kind in [PathKind::Mapped, PathKind::Direct] {
        let disk = SimulatedDisk::new(1);
        let mut writer = write_to(&disk, SimulatedPath::new(&disk, kind), 1, 3).expect("begun");
        disk.fail_sync(0, ErrorKind::StorageFull);
        let text = text_of(&mut writer);
        expect!["0000000000000001.segment: not written and synced: no storage space"]
            .assert_eq(&text);
        assert_eq!(text_of(&mut writer), text, "it is not tried again");
        assert_eq!(writer.0.durable(), Position(3), "no mark advances");
    }
}

#[test]
fn a_full_disk_is_said_before_a_writer_needs_the_space() {
    let disk = SimulatedDisk::new(1);
    disk.set_capacity(40 << 10);
    let begun = write_to(&disk, SimulatedPath::new(&disk, PathKind::Mapped), 1, 3);
    drop(begun.expect("one spare has room"));
    disk.set_capacity(20 << 10);
    let begun = write_to(&disk, SimulatedPath::new(&disk, PathKind::Mapped), 1, 3);
    expect!["the directory: no spare segment: no storage space"]
        .assert_eq(&begun.expect_err("none has").to_string());
}

#[test]
fn a_read_only_disk_is_said_at_the_start() {
    let disk = SimulatedDisk::new(1);
    drop(write_to(&disk, SimulatedPath::new(&disk, PathKind::Mapped), 1, 3).expect("begun"));
    disk.set_read_only(true);
    let refusal = recovery::recover(&disk, Some(&keys(1))).expect_err("nothing may start on it");
    assert_eq!(refusal.exit_code(), 74);
    expect!["can not open 0000000000000001.segment: read-only filesystem or storage medium"]
        .assert_eq(&refusal.to_string());
    assert_eq!(verify::verify(&disk).expect("only looks").condition(), Condition::Good);
}

#[test]
fn a_disk_that_turns_read_only_ends_the_writer() {
    let disk = SimulatedDisk::new(1);
    let mut writer =
        write_to(&disk, SimulatedPath::new(&disk, PathKind::Mapped), 1, 3).expect("begun");
    disk.set_read_only(true);
    expect![
        "0000000000000001.segment: not written and synced: read-only filesystem or storage medium"
    ]
    .assert_eq(&text_of(&mut writer));
}
