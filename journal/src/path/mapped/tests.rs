//! The mapped path on a real file. Must not need a writer.

use super::*;
use crate::disk::{Disk, DiskFile};
use crate::format::BLOCK;
use crate::place::Place;

fn begun(place: &Place) -> (SystemDisk, Mapped) {
    let disk = SystemDisk::open(place.path(), true).unwrap();
    let file = disk.create("segment", 1 << 20).unwrap();
    file.write_at(0, &vec![0; 1 << 20]).unwrap();
    file.sync().unwrap();
    let mut path = Mapped::new(disk.clone());
    path.begin("segment", 1 << 20).unwrap();
    (disk, path)
}

#[test]
fn what_was_submitted_is_on_the_device_at_its_place() {
    let place = Place::new("mapped");
    let (disk, mut path) = begun(&place);
    for (number, offset) in [(1_u8, 4_096), (2, 8_192), (3, (1 << 20) - 4_096)] {
        path.buffer().unwrap()[..BLOCK].fill(number);
        path.submit(offset, BLOCK).unwrap();
        assert_eq!(path.poll(false).unwrap(), u64::from(number));
    }
    let mut read = vec![0; 1 << 20];
    disk.open("segment", false).unwrap().read_at(0, &mut read).unwrap();
    let mut expected = vec![0; 1 << 20];
    expected[4_096..8_192].fill(1);
    expected[8_192..12_288].fill(2);
    expected[(1 << 20) - 4_096..].fill(3);
    assert!(read == expected);
}

#[test]
fn a_segment_that_somebody_cut_short_is_an_error_and_no_signal() {
    let place = Place::new("mapped-cut");
    let (_disk, mut path) = begun(&place);
    let file = File::options().write(true).open(place.path().join("segment")).unwrap();
    file.set_len(8_192).unwrap();
    path.buffer().unwrap()[..BLOCK].fill(9);
    path.submit(4_096, BLOCK).unwrap();
    let error = path.submit(8_192, BLOCK).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(Errno::FAULT.raw_os_error()), "{error}");
}

#[test]
fn a_segment_of_another_length_is_not_begun() {
    let place = Place::new("mapped-length");
    let (_disk, mut path) = begun(&place);
    let refused = path.begin("segment", 1 << 21).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidData);
    assert_eq!(path.begin("another", 1 << 20).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
#[should_panic(expected = "a batch lies within its segment")]
fn a_batch_behind_the_end_of_its_segment_is_our_own_bug() {
    let place = Place::new("mapped-behind");
    let (_disk, mut path) = begun(&place);
    let _never = path.submit((1 << 20) - 4_096, 2 * BLOCK);
}

/// What the system counts as written by this thread: each page that it makes dirty.
fn written_bytes() -> u64 {
    let counts = std::fs::read_to_string("/proc/thread-self/io").unwrap();
    let line = counts.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap();
    line.parse().unwrap()
}

#[test]
fn a_batch_of_one_block_writes_one_block() {
    let place = Place::new("mapped-one-block");
    let disk = SystemDisk::open(place.path(), true).unwrap();
    let zeros = AlignedBytes::new(4 << 20);
    let file = disk.create("segment", 8 << 20).unwrap();
    for offset in [0, 4 << 20] {
        file.write_at(offset, &zeros).unwrap();
    }
    file.sync().unwrap();
    file.warm(0, 8 << 20).unwrap();
    let mut path = Mapped::new(disk);
    path.begin("segment", 8 << 20).unwrap();
    let before = written_bytes();
    for number in 0..100 {
        path.submit(number * 81_920, BLOCK).unwrap();
    }
    // A file system without a device counts nothing.
    assert!(written_bytes() - before <= 100 * 4_096);
}
