//! Stories of counting.

use super::*;
use crate::archive::pack;
use crate::authoring::Author;
use crate::format::{BLOCK, SegmentNumber};

#[test]
fn a_file_has_the_same_numbers_in_its_archive_but_for_its_bytes() {
    let mut author = Author::begin();
    author.batch(&[b"one", b"three"]);
    author.batch(&[]);
    author.roll_over();
    author.batches(3);
    let disk = author.disk();
    let before = stats(&disk).expect("counted");
    let first = before.files[0];
    assert_eq!((first.batches, first.marks, first.records, first.length), (2, 1, 2, 12));
    assert_eq!(first.padding, 2 * (BLOCK - BATCH_HEADER) as u64 - 12);
    assert_eq!((before.tail, before.released), (Some(Tail::Clean), Position(4)));
    let archive = pack(&disk, &author.keys, SegmentNumber(1), 5).expect("packed");
    disk.remove(&author.segments[0].name).expect("reused");
    let after = stats(&disk).expect("counted");
    let name = Name::Archive(SegmentNumber(1));
    assert_eq!(after.files[0], FileStats { file: name, bytes: archive.bytes, ..first });
    assert_eq!(after.files[1], before.files[1]);
}
