//! How fast a start reads its journal, beside how fast the disk can be read.
//!
//! `cargo bench -p journal --bench recovery [-- DIRECTORY]` prints the rates, on the disk of the
//! temporary directory unless another is named. Takes 256 MiB there.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that can not be set up measures nothing")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use journal::authoring::Author;
use journal::disk::SystemDisk;
use journal::format::Position;
use journal::measure;
use journal::reader::Reader;
use journal::recovery::{Tail, recover};
use rustix::time::{ClockId, clock_gettime};

const SEGMENTS: usize = 4;
const SEGMENT: usize = 64 << 20;
/// Records of a batch, and bytes of a record.
const RECORDS: usize = 160;
const RECORD: usize = 400;

fn main() {
    let words = std::env::args().skip(1).find(|it| it != "--bench");
    let directory = words.map_or_else(std::env::temp_dir, PathBuf::from);
    let place = directory.join(format!("sekisho-recovery-{}", std::process::id()));
    fs::create_dir_all(&place).unwrap();
    let author = write(&place);
    let rate = measure::measure(&place, now_ns).unwrap().read_bytes_per_second;
    println!("{:<28}{:>6} MB/s", "the disk", rate / 1_000_000);
    let disk = SystemDisk::open(&place, false).unwrap();
    let bytes = (SEGMENTS * SEGMENT) as u64;
    for (name, keys) in [("recovery", Some(&author.keys)), ("recovery without a key", None)] {
        let took = best(|| assert_eq!(recover(&disk, keys).unwrap().tail, Tail::Clean));
        println!("{name:<28}{:>6} MB/s", bytes * 1_000 / took);
    }
    let took = best(|| {
        let mut reader = Reader::open(&disk, Some(&author.keys), Position(1)).unwrap();
        let mut last = Position(0);
        while let Some(batch) = reader.next_batch().unwrap() {
            last = batch.records().unwrap().last().map_or(last, |(position, _)| position);
        }
        assert_eq!(last.0 + 1, author.next.position.0);
    });
    println!("{:<28}{:>6} MB/s", "reading every record", bytes * 1_000 / took);
    fs::remove_dir_all(&place).unwrap();
}

/// Full segments, on the disk.
fn write(place: &Path) -> Author {
    let mut author = Author::sized(SEGMENT);
    let record = vec![7; RECORD];
    let records: Vec<&[u8]> = vec![&record; RECORDS];
    for number in 0..SEGMENTS {
        let mut room = SEGMENT - 4_096;
        while room >= 1 << 17 {
            room -= author.batch(&records).size();
        }
        let image = author.segments.last_mut().unwrap();
        let mut file = fs::File::create(place.join(&image.name)).unwrap();
        file.write_all(&image.bytes).unwrap();
        file.sync_all().unwrap();
        // Only its length counts from here on.
        image.bytes = Vec::new();
        if number + 1 < SEGMENTS {
            author.roll_over();
        }
    }
    author
}

/// The shortest of five, in nanoseconds.
fn best(mut work: impl FnMut()) -> u64 {
    let mut best = u64::MAX;
    for _ in 0..5 {
        let start = now_ns();
        work();
        best = best.min(now_ns() - start);
    }
    best
}

/// Nanoseconds of a clock that never goes back.
fn now_ns() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let part = |part: i64| u64::try_from(part).unwrap();
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}
