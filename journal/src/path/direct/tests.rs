//! The direct path on a real file, with the ring and without. Must not need a writer.

use super::*;
use crate::disk::{Disk, DiskFile};
use crate::place::Place;

const SEGMENT: usize = 8 << 20;

fn begun(place: &Place, path: impl FnOnce(SystemDisk) -> Direct) -> (SystemDisk, Direct) {
    let disk = SystemDisk::open(place.path(), true).unwrap().prepared_for(PathKind::Direct);
    make(&disk, "segment", 0);
    let mut path = path(disk.clone());
    path.begin("segment", u64::try_from(SEGMENT).unwrap()).unwrap();
    (disk, path)
}

fn make(disk: &SystemDisk, name: &str, content: u8) {
    let file = disk.create(name, u64::try_from(SEGMENT).unwrap()).unwrap();
    let mut bytes = AlignedBytes::new(SEGMENT);
    bytes.fill(content);
    file.write_at(0, &bytes).unwrap();
    file.sync().unwrap();
}

fn read(disk: &SystemDisk, name: &str) -> AlignedBytes {
    let mut bytes = AlignedBytes::new(SEGMENT);
    disk.open(name, false).unwrap().read_at(0, &mut bytes).unwrap();
    bytes
}

fn blocking(disk: SystemDisk) -> Direct {
    let engine = Engine::Blocking(AlignedBytes::new(BATCH_MAX), Errno::PERM.into());
    Direct { disk, segment: None, engine, submitted: 0, durable: 0 }
}

/// Writes batches of 1, 2, 3, ... blocks one after the other, each filled with its number.
fn write_all(path: &mut Direct, batches: u8) -> Vec<u8> {
    let (mut expected, mut offset) = (vec![0; SEGMENT], BLOCK);
    for number in 1..=batches {
        while path.buffer().is_none() {
            path.poll(true).unwrap();
        }
        let length = usize::from(number) * BLOCK;
        path.buffer().unwrap()[..length].fill(number);
        path.submit(u64::try_from(offset).unwrap(), length).unwrap();
        expected[offset..offset + length].fill(number);
        offset += length;
    }
    expected
}

#[test]
fn what_was_submitted_is_on_the_device_at_its_place() {
    let ways: [fn(SystemDisk) -> Direct; 2] = [Direct::new, blocking];
    for way in ways {
        let place = Place::new("direct");
        let (disk, mut path) = begun(&place, way);
        let expected = write_all(&mut path, 50);
        while path.under_way() > 0 {
            let before = path.poll(false).unwrap();
            assert!(path.under_way() == 0 || path.poll(true).unwrap() > before, "a wait ends");
        }
        assert_eq!(path.poll(true).unwrap(), 50, "and one with nothing to wait for, at once");
        assert!(*read(&disk, "segment") == *expected);
    }
}

#[test]
fn a_look_that_does_not_wait_sets_off_what_was_submitted() {
    let place = Place::new("direct-look");
    let (disk, mut path) = begun(&place, Direct::new);
    let expected = write_all(&mut path, 3);
    // Far more looks than a disk needs, and an end where nothing was set off.
    let durable = (0..1_000_000).any(|_| {
        std::thread::yield_now();
        path.poll(false).unwrap() == 3
    });
    assert!(durable, "{} of 3 are still under way", path.under_way());
    assert!(*read(&disk, "segment") == *expected);
}

#[test]
fn a_wait_that_finds_one_durable_sets_off_the_next_all_the_same() {
    let place = Place::new("direct-next");
    let (_disk, mut path) = begun(&place, Direct::new);
    path.submit(0, BLOCK).unwrap();
    let Engine::Ring(ring, _) = &mut path.engine else { panic!("this machine has io_uring") };
    ring.wait().unwrap();
    path.submit(u64::try_from(BLOCK).unwrap(), BLOCK).unwrap();
    assert_eq!(path.poll(true).unwrap(), 1, "it is known at once");
    let Engine::Ring(ring, _) = &mut path.engine else { panic!("this machine has io_uring") };
    assert!(!ring.holds_back(), "nothing waits for a call that may not come");
    assert_eq!(path.poll(true).unwrap(), 2);
}

#[test]
fn four_batches_are_under_way_and_a_fifth_has_no_buffer() {
    let place = Place::new("direct-four");
    let (_disk, mut path) = begun(&place, Direct::new);
    assert!(path.refused().is_none(), "this machine has io_uring: {:?}", path.refused());
    write_all(&mut path, 4);
    assert_eq!(path.under_way(), 4, "nothing is durable before a poll has seen it");
    assert!(path.buffer().is_none());
    assert!(path.poll(true).unwrap() >= 1);
    assert!(path.buffer().is_some());
}

#[test]
fn a_path_that_ends_waits_for_what_is_under_way() {
    let place = Place::new("direct-ends");
    let (disk, mut path) = begun(&place, Direct::new);
    let expected = write_all(&mut path, 4);
    drop(path);
    assert!(*read(&disk, "segment") == *expected);
}

#[test]
fn a_second_segment_takes_the_later_batches() {
    let place = Place::new("direct-second");
    let (disk, mut path) = begun(&place, Direct::new);
    make(&disk, "second", 9);
    write_all(&mut path, 1);
    while path.poll(true).unwrap() < 1 {}
    path.begin("second", u64::try_from(SEGMENT).unwrap()).unwrap();
    path.buffer().unwrap()[..BLOCK].fill(7);
    path.submit(0, BLOCK).unwrap();
    assert_eq!(path.poll(true).unwrap(), 2);
    assert_eq!(read(&disk, "segment")[..=BLOCK], [&[0; BLOCK][..], &[1]].concat());
    assert_eq!(read(&disk, "second")[..=BLOCK], [&[7; BLOCK][..], &[9]].concat());
}

#[test]
fn a_write_that_the_disk_refuses_is_an_error_of_the_poll() {
    let place = Place::new("direct-refused");
    let (_disk, mut path) = begun(&place, Direct::new);
    path.submit(1 << 62, BLOCK).unwrap();
    let error = path.poll(true).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(Errno::FBIG.raw_os_error()), "{error}");
}

#[test]
fn without_the_ring_a_batch_is_durable_when_submitted_and_the_reason_is_kept() {
    let place = Place::new("direct-blocking");
    let (_disk, mut path) = begun(&place, blocking);
    assert_eq!(path.refused().unwrap().raw_os_error(), Some(Errno::PERM.raw_os_error()));
    write_all(&mut path, 2);
    assert_eq!((path.under_way(), path.poll(false).unwrap()), (0, 2));
    assert!(path.submit(1 << 62, BLOCK).is_err());
}

#[test]
fn a_segment_of_another_length_is_not_begun() {
    let place = Place::new("direct-length");
    let (_disk, mut path) = begun(&place, Direct::new);
    let refused = path.begin("segment", 4_096).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
}
