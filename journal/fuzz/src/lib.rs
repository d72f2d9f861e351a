//! What holds for any bytes at all on the disk, one proof a fuzz target. Must not know who makes the
//! bytes up: the fuzzer, the corpus, or the seeds of the tests.

mod harm;
mod lines;

pub use lines::lines;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use journal::archive;
use journal::authoring::{Author, CLUSTER};
use journal::checkpoint::{self, About};
use journal::disk::Disk;
use journal::disk::simulated::SimulatedDisk;
use journal::format::{BLOCK, Epoch, Position, SegmentNumber};
use journal::reader::{Problem, Reader};
use journal::recovery::{self, Refusal, Tail};
use journal::salvage;
use journal::scan::Found;
use journal::seal::Keys;
use journal::stats;
use journal::verify::{self, Condition};

/// A journal that nothing happened to, and all records that were ever sealed at each position.
struct Base {
    files: Vec<(String, Vec<u8>)>,
    sealed: BTreeMap<u64, BTreeSet<Vec<u8>>>,
    keys: Keys,
}

/// Four small segments: of the second the end was cut, the third was begun in its place.
fn author() -> (Author, BTreeMap<u64, BTreeSet<Vec<u8>>>) {
    let mut author = Author::sized(8 * BLOCK);
    let mut sealed: BTreeMap<u64, BTreeSet<Vec<u8>>> = BTreeMap::new();
    let mut add = |author: &mut Author, records: &[&[u8]]| {
        let header = author.batch(records);
        for (position, record) in (header.first_position.0..).zip(records) {
            sealed.entry(position).or_default().insert(record.to_vec());
        }
        header
    };
    add(&mut author, &[b"one", b"two"]);
    add(&mut author, &[]);
    add(&mut author, &[&[3; 5_000]]);
    author.roll_over();
    add(&mut author, &[b"four"]);
    author.released = Position(4);
    let torn = add(&mut author, &[b"five, that was cut", b"six"]);
    add(&mut author, &[b"seven, in flight"]);
    author.start_again_at(&torn);
    add(&mut author, &[b"five", b"", b"seven"]);
    author.released = Position(7);
    author.roll_over();
    add(&mut author, &[b"eight"]);
    add(&mut author, &[]);
    (author, sealed)
}

fn segments_base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let (mut author, sealed) = author();
        let (at, torn) = author.segments[1].batches[1];
        author.segments[1].bytes[at + torn.size() - BLOCK + 200] ^= 1;
        let files = author.segments.iter().map(|one| (one.name.clone(), one.bytes.clone()));
        Base { files: files.collect(), sealed, keys: author.keys }
    })
}

fn archives_base() -> &'static Base {
    static BASE: OnceLock<Base> = OnceLock::new();
    BASE.get_or_init(|| {
        let (author, sealed) = author();
        let disk = author.disk();
        for segment in [1, 2] {
            let packed = archive::pack(&disk, &author.keys, SegmentNumber(segment), 5);
            packed.expect("it is whole");
            disk.remove(&author.segments[place(segment)].name).expect("it is there");
        }
        Base { files: files_of(&disk), sealed, keys: author.keys }
    })
}

fn place(segment: u64) -> usize {
    usize::try_from(segment).expect("small") - 1
}

fn files_of(disk: &SimulatedDisk) -> Vec<(String, Vec<u8>)> {
    let names = disk.list().expect("it is up");
    names.into_iter().map(|name| (name.clone(), disk.content(&name))).collect()
}

/// The base with harm done to it as the bytes say.
fn harmed(base: &Base, bytes: &[u8]) -> SimulatedDisk {
    let mut files = base.files.clone();
    harm::harm(&mut files, bytes);
    let disk = SimulatedDisk::new(1);
    for (name, bytes) in files {
        disk.place(&name, &bytes);
    }
    disk
}

/// `what to do to the segments...`: each start, look and reading ends with a verdict; the verdicts
/// agree; and what is read was sealed at that position.
pub fn segments(bytes: &[u8]) {
    judge(segments_base(), &harmed(segments_base(), bytes));
}

/// `what to do to the archives...`: as `segments`.
pub fn archives(bytes: &[u8]) {
    judge(archives_base(), &harmed(archives_base(), bytes));
}

fn judge(base: &Base, disk: &SimulatedDisk) {
    let keyed = recovery::recover(disk, Some(&base.keys));
    let unkeyed = recovery::recover(disk, None);
    let report = verify::verify(disk).expect("the disk works");
    let counted = stats::stats(disk).expect("the disk works");
    match (&keyed, &unkeyed) {
        (Ok(keyed), Ok(unkeyed)) => {
            assert_eq!(keyed.tail, unkeyed.tail);
            assert_eq!(keyed.next_batch, unkeyed.next_batch);
            assert_eq!(counted.tail, Some(keyed.tail));
        }
        (Ok(_), Err(refusal)) => panic!("only without a key: {refusal}"),
        (Err(refusal), _) => assert!(!refusal.to_string().is_empty()),
    }
    if let Err(Refusal::Damage(_)) = &unkeyed {
        assert_eq!(report.condition(), Condition::Damaged);
    }
    let (read, problem) = read(base, disk);
    // What only the key tells.
    let is_secret = matches!(
        problem,
        Some(
            Problem::UnknownKey { .. }
                | Problem::AlteredKey(_)
                | Problem::Damaged(_, Found::WrongSeal | Found::NotRecords)
        )
    );
    if report.condition() != Condition::Damaged
        && !is_secret
        && let Ok(recovered) = &keyed
    {
        if let Some(problem) = problem {
            panic!("{problem}, and verify says {:?}", report.condition());
        }
        let last = read.last().map_or(report.first.0.saturating_sub(1), |(position, _)| *position);
        assert_eq!(last, recovered.released.0, "all that was recovered is read");
        if recovered.tail != Tail::Empty {
            assert_eq!(read.len() as u64, report.records);
        }
    }
    let mut salvaged = Vec::new();
    let taken = salvage::records(disk, &base.keys, |position, record| {
        salvaged.push((position.0, record.to_vec()));
        Ok(())
    });
    assert!(taken.is_ok(), "salvage goes around everything");
    assert!(read.iter().all(|record| salvaged.contains(record)), "no less than is read");
    assert_sealed(base, &salvaged);
}

fn read(base: &Base, disk: &SimulatedDisk) -> (Vec<(u64, Vec<u8>)>, Option<Problem>) {
    let mut read = Vec::new();
    let mut reader = match Reader::open(disk, Some(&base.keys), Position(1)) {
        Err(Problem::Gone { first }) => Reader::open(disk, Some(&base.keys), first),
        opened => opened,
    }
    .expect("it begins somewhere");
    let problem = loop {
        match reader.next_batch() {
            Ok(None) => break None,
            Ok(Some(batch)) => {
                let records = batch.records().expect("there is a key");
                read.extend(records.map(|(position, record)| (position.0, record.to_vec())));
            }
            Err(problem) => break Some(problem),
        }
    };
    for pair in read.windows(2) {
        assert_eq!(pair[0].0 + 1, pair[1].0, "in order, without a gap");
    }
    assert_sealed(base, &read);
    (read, problem)
}

fn assert_sealed(base: &Base, records: &[(u64, Vec<u8>)]) {
    for (position, record) in records {
        let sealed = base.sealed.get(position);
        assert!(sealed.is_some_and(|all| all.contains(record)), "record {position} is made up");
    }
}

/// `what to do to the checkpoints...`: a state that is given is one that was written, the older one
/// only if the newer one is passed over.
pub fn checkpoints(bytes: &[u8]) {
    static BASE: OnceLock<Base> = OnceLock::new();
    let base = BASE.get_or_init(|| {
        let disk = SimulatedDisk::new(1);
        let keys = Keys::only(journal::authoring::key(1));
        let mut sealed: BTreeMap<u64, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for (position, state) in [(5, vec![5; 300]), (9, vec![9; 9_000])] {
            let position = Position(position);
            let about = About { cluster: CLUSTER, epoch: Epoch(1), position, created_ns: 7 };
            checkpoint::write(&disk, &keys, &about, &state).expect("the disk works");
            sealed.entry(position.0).or_default().insert(state);
        }
        Base { files: files_of(&disk), sealed, keys }
    });
    let disk = harmed(base, bytes);
    let found = checkpoint::latest(&disk, &base.keys, &CLUSTER);
    let report = verify::verify(&disk).expect("the disk works");
    assert_eq!(report.checkpoints.len() + report.flawed.len(), 2);
    match found {
        Ok(found) => {
            assert_eq!(found.newest.is_none(), found.passed_over.len() == 2);
            let state = found.newest.map(|(about, state)| (about.position.0, state));
            assert_sealed(base, state.as_slice());
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
}
