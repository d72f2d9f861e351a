//! Stories of pieces: they stand where they belong, and what the device gives back otherwise is found.

use super::*;
use crate::disk::Disk;
use crate::disk::simulated::{Lie, SimulatedDisk};

fn written(disk: &SimulatedDisk, length: usize) -> (Pieces<impl DiskFile>, Vec<u8>) {
    let all: Vec<u8> = (0_u8..=255).cycle().take(length).collect();
    let file = disk.create("file", BLOCK as u64).expect("room");
    let mut pieces = Pieces::behind_the_first_block(file);
    for part in all.chunks(70_001) {
        pieces.put(part, &mut |_| ()).expect("written");
    }
    assert_eq!(pieces.bytes(), (BLOCK + length.next_multiple_of(BLOCK)) as u64);
    pieces.finish(&[7; BLOCK]).expect("durable");
    (pieces, all)
}

#[test]
fn what_is_put_in_stands_behind_the_first_block_with_zeros_to_a_whole_one() {
    for length in [0, 1, BLOCK, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 5] {
        let disk = SimulatedDisk::new(1);
        let (mut pieces, all) = written(&disk, length);
        let file = disk.content("file");
        assert_eq!(file[..BLOCK], [7; BLOCK]);
        assert_eq!(file[BLOCK..BLOCK + length], all);
        assert_eq!(file.len() as u64, pieces.bytes());
        assert!(file[BLOCK + length..].iter().all(|&byte| byte == 0));
        let mut seen = 0;
        assert!(pieces.are_there(&mut |bytes| seen += bytes).expect("read"));
        assert_eq!(seen, file.len(), "all of it was looked at");
    }
}

#[test]
fn a_byte_that_the_device_gives_back_otherwise_is_found_wherever_it_stands() {
    let disk = SimulatedDisk::new(1);
    let (mut pieces, _) = written(&disk, 2 * PIECE + 100);
    let whole = disk.content("file");
    for at in [0, BLOCK - 1, BLOCK, BLOCK + PIECE, whole.len() - 1] {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 1;
        let file = disk.open("file", true).expect("there");
        file.write_at(0, &spoilt).expect("written");
        assert!(!pieces.are_there(&mut |_| ()).expect("read"), "byte {at}");
    }
}

#[test]
fn a_write_that_never_took_place_is_found() {
    let disk = SimulatedDisk::new(1);
    disk.tell(Lie::SkipsWrites("file"));
    let (mut pieces, _) = written(&disk, PIECE);
    assert!(!pieces.are_there(&mut |_| ()).unwrap_or(false));
}
