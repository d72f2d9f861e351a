//! The simulated disk keeps what it promised, loses what it did not, and does the same for the same
//! seed.

use std::io::ErrorKind;

use super::{Lie, Rot, SimulatedDisk, SimulatedPath};
use crate::disk::{Disk, DiskFile};
use crate::format::{BLOCK, PathKind};
use crate::path::WritePath;

const SEGMENT: u64 = 64 << 10;
const OLD: [u8; BLOCK] = [1; BLOCK];
const NEW: [u8; BLOCK] = [2; BLOCK];

/// A disk with one durable file of old content.
fn disk_with_file(seed: u64) -> SimulatedDisk {
    let disk = SimulatedDisk::new(seed);
    let file = disk.create("a", SEGMENT).unwrap();
    file.write_at(0, &OLD).unwrap();
    file.sync().unwrap();
    disk.sync_directory().unwrap();
    disk
}

fn first_block(disk: &SimulatedDisk) -> [u8; BLOCK] {
    disk.content("a")[..BLOCK].try_into().unwrap()
}

#[test]
fn what_was_synced_survives_every_crash() {
    for seed in 0..100 {
        let disk = disk_with_file(seed);
        disk.cut_power();
        assert_eq!(first_block(&disk), OLD, "seed {seed}");
        assert_eq!(disk.content("a").len(), 64 << 10);
    }
}

#[test]
fn what_was_not_synced_survives_whole_or_in_sectors_or_not_at_all() {
    let mut whole = [0; 3];
    for seed in 0..200 {
        let disk = disk_with_file(seed);
        disk.open("a", true).unwrap().write_at(0, &NEW).unwrap();
        disk.cut_power();
        let block = first_block(&disk);
        assert!(block.chunks(512).all(|sector| sector == &OLD[..512] || sector == &NEW[..512]));
        whole[if block == OLD { 0 } else { 1 + usize::from(block != NEW) }] += 1;
    }
    assert!(whole.iter().all(|&times| times > 20), "old, new, torn: {whole:?}");
}

#[test]
fn a_write_reaches_the_device_before_or_after_a_later_one() {
    let survivors = (0..100).map(|seed| {
        let disk = disk_with_file(seed);
        let file = disk.open("a", true).unwrap();
        file.write_at(0, &NEW).unwrap();
        file.write_at(4_096, &NEW).unwrap();
        disk.cut_power();
        let content = disk.content("a");
        (content[..BLOCK] == NEW, content[BLOCK..2 * BLOCK] == NEW)
    });
    let seen: std::collections::BTreeSet<_> = survivors.collect();
    assert_eq!(seen.len(), 4, "both, none, only the first, only the second: {seen:?}");
}

#[test]
fn a_killed_process_leaves_what_it_wrote_in_the_cache() {
    let disk = disk_with_file(1);
    disk.open("a", true).unwrap().write_at(0, &NEW).unwrap();
    disk.kill();
    assert_eq!(first_block(&disk), NEW);
}

#[test]
fn a_failed_sync_is_forgotten_and_the_next_one_succeeds() {
    let mut lost = 0;
    for seed in 0..50 {
        let disk = disk_with_file(seed);
        let file = disk.open("a", true).unwrap();
        file.write_at(0, &NEW).unwrap();
        disk.fail_sync(0, ErrorKind::StorageFull);
        assert_eq!(file.sync().unwrap_err().kind(), ErrorKind::StorageFull);
        file.sync().unwrap();

        disk.tell(Lie::ReadsTheCache);
        let mut block = [0; BLOCK];
        file.read_at(0, &mut block).unwrap();
        assert_eq!(block, NEW, "the cache believes it");
        disk.cut_power();
        lost += u32::from(first_block(&disk) == OLD);
    }
    assert!(lost > 10, "the device does not have it: {lost}");
}

#[test]
fn a_name_is_durable_only_after_the_directory_is_synced() {
    let names_after = |seed, syncs: bool| {
        let disk = disk_with_file(seed);
        disk.create("b", 4_096).unwrap();
        disk.rename("a", "c").unwrap();
        if syncs {
            disk.sync_directory().unwrap();
        }
        disk.cut_power();
        disk.list().unwrap().concat()
    };
    let seen: std::collections::BTreeSet<String> =
        (0..50).map(|seed| names_after(seed, false)).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["a", "ab", "bc", "c"]);
    assert!((0..50).all(|seed| names_after(seed, true) == "bc"));
}

#[test]
fn writes_past_the_cache_complete_in_any_order_and_are_counted_without_a_gap() {
    let mut gaps = 0;
    for seed in 0..50 {
        let disk = disk_with_file(seed);
        let mut path = SimulatedPath::new(&disk, PathKind::Direct);
        path.begin("a", SEGMENT).unwrap();
        for place in 0..4 {
            path.buffer().unwrap()[..BLOCK].copy_from_slice(&NEW);
            path.submit(place * 4_096, BLOCK).unwrap();
        }
        assert!(path.buffer().is_none(), "four are under way");
        let durable = usize::try_from(path.poll(false).unwrap()).unwrap();
        disk.cut_power();
        let content = disk.content("a");
        let there: Vec<bool> = content.chunks(BLOCK).map(|block| block == NEW).collect();
        assert!(there[..durable].iter().all(|&there| there), "seed {seed}");
        gaps += u32::from(there[durable..4].is_sorted() && there[3] && !there[durable]);
    }
    assert!(gaps > 3, "{gaps}");
}

#[test]
fn the_mapped_path_is_durable_once_it_was_waited_for() {
    for seed in 0..50 {
        let disk = disk_with_file(seed);
        let mut path = SimulatedPath::new(&disk, PathKind::Mapped);
        path.begin("a", SEGMENT).unwrap();
        path.buffer().unwrap()[..BLOCK].copy_from_slice(&NEW);
        path.submit(0, BLOCK).unwrap();
        assert_eq!(path.poll(true).unwrap(), 1);
        disk.cut_power();
        assert_eq!(first_block(&disk), NEW);
    }
}

#[test]
fn after_a_crash_nothing_is_answered_until_the_machine_is_back_and_old_handles_stay_dead() {
    let disk = disk_with_file(1);
    let file = disk.open("a", true).unwrap();
    disk.crash_at(disk.operations() + 1);
    file.write_at(0, &NEW).unwrap_err();
    assert!(disk.is_down());
    disk.list().unwrap_err();
    disk.cut_power();
    disk.list().unwrap();
    file.sync().unwrap_err();
}

#[test]
fn sectors_rot_in_five_ways() {
    let rotten = |rot| {
        let disk = disk_with_file(1);
        disk.open("a", true).unwrap().write_at(0, &NEW).unwrap();
        disk.open("a", true).unwrap().sync().unwrap();
        disk.rot("a", 512, rot);
        let mut content = vec![0; 2 * BLOCK];
        let read = disk.open("a", false).unwrap().read_at(0, &mut content);
        read.is_ok().then(|| (content[512], content[BLOCK]))
    };
    assert_eq!(rotten(Rot::Flip { bit: 0 }), Some((3, 0)));
    assert_eq!(rotten(Rot::Zeroed), Some((0, 0)));
    assert_eq!(rotten(Rot::Stale), Some((1, 0)));
    assert_eq!(rotten(Rot::Misdirected { to: 4_096 }), Some((1, 2)));
    assert_eq!(rotten(Rot::Unreadable), None);
}

#[test]
fn a_full_disk_and_one_that_is_read_only_say_so() {
    let disk = disk_with_file(1);
    disk.set_capacity(SEGMENT + 4_096);
    assert_eq!(disk.free_bytes().unwrap(), 4_096);
    assert_eq!(disk.create("b", 8_192).unwrap_err().kind(), ErrorKind::StorageFull);
    disk.create("b", 4_096).unwrap();
    disk.set_read_only(true);
    assert_eq!(disk.remove("b").unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_the_same_history() {
    let run = |seed| {
        let disk = disk_with_file(seed);
        disk.crash_at(5);
        let file = disk.open("a", true).unwrap();
        while file.write_at(4_096, &NEW).is_ok() {}
        disk.cut_power();
        (disk.content("a"), disk.history())
    };
    assert_eq!(run(7), run(7));
    assert!((0..20).any(|seed| run(seed).0 != run(7).0));
}
