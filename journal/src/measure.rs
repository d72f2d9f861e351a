//! What a disk gives: how long a commit takes by each write path, and how fast it is read. For an
//! operator who asks which path fits a machine. Must not know the clock; the caller brings one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::aligned::AlignedBytes;
use crate::disk::{Disk, DiskFile, SystemDisk};
use crate::format::{BLOCK, PathKind};
use crate::path::{Direct, Mapped, WritePath};

/// The sizes of the commits that are measured: one block, and a batch of a busy moment.
pub const COMMITS: [usize; 2] = [BLOCK, 64 << 10];
/// The bytes of one read.
pub const READ: usize = 1 << 20;

/// The file that is written to and read.
const FILE: usize = 64 << 20;
/// The most commits of one size, and the longest time for them.
const COMMITS_MAX: usize = 1_000;
const TIME_MAX_NS: u64 = 2_000_000_000;
/// How often the file is read.
const READS: usize = 4;

/// What a disk gives.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Commits by the mapped path, of the sizes of [`COMMITS`].
    pub mapped: [Commits; 2],
    /// Commits by the direct path, one at a time.
    pub direct: Result<[Commits; 2], String>,
    /// Why the direct path has to write by blocking calls, if it has to.
    pub ring_refused: Option<String>,
    /// Bytes a second, read past the cache, a mebibyte at a time.
    pub read_bytes_per_second: u64,
}

/// How long commits took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commits {
    /// Bytes of each.
    pub bytes: usize,
    /// How many.
    pub count: usize,
    /// Half of them took at most so long.
    pub p50_ns: u64,
    /// 99 of a hundred took at most so long.
    pub p99_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

/// Measures the disk that a directory is on, within a new directory in it that is gone afterwards.
/// `now_ns` is a clock that never goes back. Takes 64 MiB, and some seconds on a slow disk.
///
/// # Errors
/// What the system says.
pub fn measure(directory: &Path, mut now_ns: impl FnMut() -> u64) -> io::Result<Measured> {
    let place = Scratch(directory.join(format!("sekisho-measure-{}", std::process::id())));
    let cached = prepare(&place.0, PathKind::Mapped)?;
    let mapped = commits(&mut Mapped::new(cached), &mut now_ns)?;
    fs::remove_dir_all(&place.0)?;
    let past = prepare(&place.0, PathKind::Direct)?;
    let mut path = Direct::new(past.clone());
    let ring_refused = path.refused().map(ToString::to_string);
    let direct = match commits(&mut path, &mut now_ns) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Err(error.to_string()),
        measured => Ok(measured?),
    };
    let read_bytes_per_second = read_rate(&past, &mut now_ns)?;
    Ok(Measured { mapped, direct, ring_refused, read_bytes_per_second })
}

const NAME: &str = "measured";

/// A file of zeros, prepared as a spare is for this path.
fn prepare(place: &Path, kind: PathKind) -> io::Result<SystemDisk> {
    let disk = SystemDisk::open(place, true)?.prepared_for(kind);
    let file = disk.create(NAME, long(FILE))?;
    let zeros = AlignedBytes::new(READ);
    for offset in (0..FILE).step_by(READ) {
        file.write_at(long(offset), &zeros)?;
    }
    file.sync()?;
    file.warm(0, long(FILE))?;
    disk.sync_directory()?;
    Ok(disk)
}

fn commits<P: WritePath>(
    path: &mut P,
    now_ns: &mut impl FnMut() -> u64,
) -> io::Result<[Commits; 2]> {
    path.begin(NAME, long(FILE))?;
    let mut begin = 0;
    let [small, large] = COMMITS;
    let mut measure = |bytes| commits_of(path, bytes, &mut begin, now_ns);
    Ok([measure(small)?, measure(large)?])
}

fn commits_of<P: WritePath>(
    path: &mut P,
    bytes: usize,
    offset: &mut usize,
    now_ns: &mut impl FnMut() -> u64,
) -> io::Result<Commits> {
    let mut times_ns = Vec::with_capacity(COMMITS_MAX);
    let begin = now_ns();
    let room = (FILE - *offset) / bytes;
    while times_ns.len() < COMMITS_MAX.min(room) {
        let before = now_ns();
        if before - begin > TIME_MAX_NS && !times_ns.is_empty() {
            break;
        }
        let buffer = path.buffer().expect("nothing is under way");
        buffer[..bytes].fill(0x5A);
        path.submit(long(*offset), bytes)?;
        path.poll(true)?;
        times_ns.push(now_ns() - before);
        *offset += bytes;
    }
    times_ns.sort_unstable();
    let count = times_ns.len();
    let at = |part: usize| times_ns[(count * part / 100).min(count - 1)];
    Ok(Commits { bytes, count, p50_ns: at(50), p99_ns: at(99), max_ns: at(100) })
}

fn read_rate(disk: &SystemDisk, now_ns: &mut impl FnMut() -> u64) -> io::Result<u64> {
    let file = disk.open(NAME, false)?;
    let mut into = AlignedBytes::new(READ);
    let begin = now_ns();
    for offset in (0..FILE).step_by(READ).cycle().take(READS * FILE / READ) {
        file.read_at(long(offset), &mut into)?;
    }
    Ok(long(READS * FILE).saturating_mul(1_000_000_000) / (now_ns() - begin).max(1))
}

/// A directory that is gone when this is.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // What could not be made need not go.
        let _absent = fs::remove_dir_all(&self.0);
    }
}

fn long(length: usize) -> u64 {
    u64::try_from(length).expect("64-bit machine")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Place;

    #[test]
    fn each_path_and_size_is_measured_for_two_seconds_and_nothing_is_left() {
        let place = Place::new("measure");
        fs::create_dir(place.path()).unwrap();
        let mut looks = 0;
        // A clock by which each look at it takes 50 ms: a commit has two.
        let clock = || {
            looks += 1;
            looks * 50_000_000
        };
        let measured = measure(place.path(), clock).unwrap();
        let expected = COMMITS.map(|bytes| Commits {
            bytes,
            count: 20,
            p50_ns: 50_000_000,
            p99_ns: 50_000_000,
            max_ns: 50_000_000,
        });
        assert_eq!(measured.mapped, expected);
        assert_eq!(measured.direct.unwrap(), expected);
        assert_eq!(measured.read_bytes_per_second, long(READS * FILE) * 20);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
