//! The system's disk on the file system of the temporary directory. Must not need any other.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::place::Place;

#[test]
fn what_was_written_is_read_from_the_device() {
    let place = Place::new("read-back");
    for kind in [PathKind::Mapped, PathKind::Direct] {
        let disk = SystemDisk::open(place.path(), true).unwrap().prepared_for(kind);
        let name = format!("{kind:?}");
        let file = disk.create(&name, 65_536).unwrap();
        let mut blocks = AlignedBytes::new(8_192);
        blocks.fill(7);
        file.write_at(4_096, &blocks).unwrap();
        file.write_at(20_001, b"anywhere").unwrap();
        file.sync().unwrap();
        let mut expected = vec![0; 65_536];
        expected[4_096..12_288].fill(7);
        expected[20_001..20_009].copy_from_slice(b"anywhere");
        for file in [file, disk.open(&name, false).unwrap()] {
            let mut unaligned = vec![1; 65_537];
            assert_eq!(file.read_at(0, &mut unaligned[1..]).unwrap(), 65_536);
            assert_eq!(unaligned[1..], expected);
            let mut aligned = AlignedBytes::new(65_536);
            assert_eq!(file.read_at(0, &mut aligned).unwrap(), 65_536);
            assert_eq!(*aligned, *expected);
        }
    }
}

#[test]
fn a_file_system_without_direct_access_is_read_without_its_cache() {
    let place = Place::new("no-direct");
    let disk = SystemDisk::open(place.path(), true).unwrap();
    let mut file = disk.create("file", 8_192).unwrap();
    file.direct = None;
    file.write_at(0, &[3; 8_192]).unwrap();
    let mut read = vec![0; 8_192];
    assert_eq!(file.read_at(0, &mut read).unwrap(), 8_192);
    assert_eq!(read, [3; 8_192]);
}

#[test]
fn a_read_stops_at_the_end_of_the_file() {
    let place = Place::new("end");
    let disk = SystemDisk::open(place.path(), true).unwrap();
    let file = disk.create("file", 0).unwrap();
    file.write_at(0, &[5; 5_000]).unwrap();
    for start in [0, 1] {
        let mut read = vec![0; 3 * BLOCK + 1];
        assert_eq!(file.read_at(0, &mut read[start..start + 3 * BLOCK]).unwrap(), 5_000);
        assert_eq!(file.read_at(8_192, &mut read[start..start + BLOCK]).unwrap(), 0);
    }
    assert_eq!(file.bytes().unwrap(), 5_000);
}

#[test]
fn a_made_file_is_allocated_zeros_and_only_its_owners() {
    let place = Place::new("made");
    let disk = SystemDisk::open(place.path(), true).unwrap();
    drop(disk.create("file", 1 << 20).unwrap());
    let facts = std::fs::metadata(place.path().join("file")).unwrap();
    assert_eq!(facts.permissions().mode() & 0o777, 0o600);
    assert_eq!(facts.len(), 1 << 20);
    assert!(std::os::unix::fs::MetadataExt::blocks(&facts) >= 2_048, "allocated");
    let directory = std::fs::metadata(place.path()).unwrap();
    assert_eq!(directory.permissions().mode() & 0o777, 0o700);
    let again = disk.create("file", 1).unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn names_are_listed_in_order_and_follow_renames_and_removals() {
    let place = Place::new("names");
    let disk = SystemDisk::open(place.path(), true).unwrap();
    for name in ["b", "a", "c"] {
        drop(disk.create(name, 0).unwrap());
    }
    disk.rename("c", "d").unwrap();
    disk.remove("a").unwrap();
    disk.sync_directory().unwrap();
    assert_eq!(disk.list().unwrap(), ["b", "d", "lock"]);
    assert_eq!(disk.open("a", false).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert!(disk.free_bytes().unwrap() > 0);
}

#[test]
fn a_second_writer_is_told_who_the_first_is() {
    let place = Place::new("lock");
    let first = SystemDisk::open(place.path(), true).unwrap();
    let copy = first.clone();
    let refused = SystemDisk::open(place.path(), true).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
    let who = format!("process {} holds", std::process::id());
    assert!(refused.to_string().starts_with(&who), "{refused}");
    drop(SystemDisk::open(place.path(), false).unwrap());
    drop(first);
    assert!(SystemDisk::open(place.path(), true).is_err(), "a copy holds it too");
    drop(copy);
    drop(SystemDisk::open(place.path(), true).unwrap());
}

#[test]
fn a_reader_makes_no_directory() {
    let place = Place::new("absent");
    let refused = SystemDisk::open(place.path(), false).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::NotFound);
}
