//! Stories of checkpoints: whole or passed over, found after any crash, two kept.

use super::*;
use crate::authoring::{CLUSTER, key};
use crate::disk::simulated::{Rot, SimulatedDisk};

fn about(position: u64) -> About {
    About { cluster: CLUSTER, epoch: Epoch(3), position: Position(position), created_ns: 7 }
}

fn state(position: u64, length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at as u64 * 31 + position) % 251).expect("small")).collect()
}

fn newest(disk: &SimulatedDisk) -> Option<(About, Vec<u8>)> {
    latest(disk, &Keys::only(key(1)), &CLUSTER).expect("the key fits").newest
}

#[test]
fn a_state_of_any_length_comes_back() {
    for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5] {
        let disk = SimulatedDisk::new(1);
        write(&disk, &Keys::only(key(1)), &about(9), &state(9, length)).expect("written");
        assert_eq!(newest(&disk), Some((about(9), state(9, length))), "{length}");
        assert!(check(&disk, Position(9)).is_ok());
    }
}

#[test]
fn nothing_of_the_state_is_in_clear() {
    let disk = SimulatedDisk::new(1);
    write(&disk, &Keys::only(key(1)), &about(9), b"a state that could be read").expect("written");
    let bytes = disk.content("00000000000000000009.checkpoint");
    assert!(!bytes.windows(5).any(|part| part == b"state"));
}

#[test]
fn two_are_kept_and_the_newest_counts() {
    let disk = SimulatedDisk::new(1);
    for position in [5, 9, 20, 100] {
        write(&disk, &Keys::only(key(1)), &about(position), &state(position, 99)).expect("written");
    }
    assert_eq!(positions(&disk).expect("listed"), [Position(20), Position(100)]);
    assert_eq!(newest(&disk), Some((about(100), state(100, 99))));
}

#[test]
fn any_bit_that_turned_over_lets_the_older_one_count_and_is_said() {
    let clean = || {
        let disk = SimulatedDisk::new(1);
        for position in [5, 9] {
            let written = write(&disk, &Keys::only(key(1)), &about(position), &state(position, 99));
            written.expect("written");
        }
        disk
    };
    let header = 0..CHECKPOINT_HEADER;
    let chunk = BLOCK..BLOCK + 99 + CHUNK_END;
    for byte in header.chain(chunk) {
        let disk = clean();
        let sector = byte / 512 * 512;
        let bit = u16::try_from(byte % 512 * 8 + byte % 8).expect("in a sector");
        let name = Name::Checkpoint(Position(9)).to_string();
        disk.rot(&name, sector as u64, Rot::Flip { bit });
        let Ok(found) = latest(&disk, &Keys::only(key(1)), &CLUSTER) else { panic!("byte {byte}") };
        assert_eq!(found.newest.map(|(about, _)| about.position), Some(Position(5)), "byte {byte}");
        assert_eq!(found.passed_over.len(), 1);
        assert!(check(&disk, Position(9)).is_err(), "byte {byte}: also seen without a key");
    }
}

#[test]
fn a_wrong_key_is_no_reason_to_take_an_older_one() {
    let disk = SimulatedDisk::new(1);
    write(&disk, &Keys::only(key(1)), &about(5), b"old").expect("written");
    write(&disk, &Keys::only(key(2)), &about(9), b"new").expect("written");
    let problem = latest(&disk, &Keys::only(key(1)), &CLUSTER).expect_err("needs the other key");
    assert!(matches!(problem, Problem::UnknownKey { position: Position(9), .. }), "{problem}");
    let mut both = Keys::only(key(1));
    both.former.push(key(2));
    let found = latest(&disk, &both, &CLUSTER).expect("by a former key");
    assert_eq!(found.newest, Some((about(9), b"new".to_vec())));
}

#[test]
fn one_of_another_journal_or_under_another_name_is_passed_over() {
    let disk = SimulatedDisk::new(1);
    write(&disk, &Keys::only(key(1)), &about(5), b"ours").expect("written");
    let theirs = About { cluster: [9; 16], ..about(9) };
    write(&disk, &Keys::only(key(1)), &theirs, b"theirs").expect("written");
    assert_eq!(newest(&disk), Some((about(5), b"ours".to_vec())));
    disk.remove("00000000000000000009.checkpoint").expect("removed");
    let from = Name::Checkpoint(Position(5)).to_string();
    disk.rename(&from, &Name::Checkpoint(Position(6)).to_string()).expect("renamed");
    assert_eq!(newest(&disk), None);
}

#[test]
fn after_a_crash_at_any_operation_there_is_one_that_is_whole() {
    for seed in 0..20 {
        for operation in 1.. {
            let disk = SimulatedDisk::new(seed);
            let keys = Keys::only(key(1));
            for position in [5, 9] {
                write(&disk, &keys, &about(position), &state(position, 9_999)).expect("written");
            }
            disk.crash_at(disk.operations() + operation);
            let written = write(&disk, &keys, &about(20), &state(20, 9_999)).is_ok();
            disk.cut_power();
            let (about, found) = newest(&disk).expect("one is whole");
            assert_eq!(found, state(about.position.0, 9_999));
            let newest = about.position.0;
            assert!(newest == 20 || newest == 9 && !written, "{seed} {operation}: {newest}");
            // And the next one can be written.
            let after = About { position: Position(30), ..about };
            write(&disk, &keys, &after, b"next").expect("written");
            if written {
                break;
            }
        }
    }
}

#[test]
fn one_that_finds_no_room_leaves_nothing_behind_and_the_last_one_counts() {
    let disk = SimulatedDisk::new(1);
    let keys = Keys::only(key(1));
    write(&disk, &keys, &about(5), &state(5, 99)).expect("written");
    disk.fail_write(1, ErrorKind::StorageFull);
    write(&disk, &keys, &about(9), &state(9, 99)).expect_err("no room");
    assert_eq!(disk.list().expect("listed"), ["00000000000000000005.checkpoint"]);
    disk.fail_nothing();
    assert_eq!(newest(&disk), Some((about(5), state(5, 99))));
    write(&disk, &keys, &about(12), &state(12, 99)).expect("written");
    assert_eq!(newest(&disk), Some((about(12), state(12, 99))));
}
