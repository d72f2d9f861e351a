//! What archives and their indexes cost: bytes and processor time for a million transactions, and the
//! time of a question. A program of its own: what is measured is long runs. Knows no thread.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::unwrap_used, reason = "a step that fails is the end of a measurement")]

use std::path::PathBuf;
use std::sync::Arc;

use codec::{Dialect, Fields, Mti};
use daemon::marking::{Marker, in_index};
use journal::archive::{Packed, Pass};
use journal::disk::{Disk, DiskFile, SystemDisk};
use journal::format::{Position, SegmentNumber};
use journal::index::{self, Index, Marks};
use journal::names::Name;
use journal::path::Mapped;
use journal::recovery;
use journal::seal::{Key, Keys};
use journal::segments::{Keeper, Next, Spares};
use journal::writer::{Start, Writer};
use rustix::time::{ClockId, clock_gettime};
use switch_core::identity::HashKey;
use switch_core::ids::{LinkNumber, RouteId, Stan, StationNumber};
use switch_core::marks::Mark;
use switch_core::records::Record;
use switch_core::time::Time;

const KEY: HashKey = HashKey([9; 16]);
const SEGMENT: u64 = 64 << 20;
/// Transactions, two records each.
const TRANSACTIONS: u32 = 1_000_000;
/// Transactions of a batch, as at high load.
const BATCH: u32 = 64;
/// Questions of one kind that are timed.
const QUESTIONS: u32 = 500;

fn main() {
    println!(
        "{TRANSACTIONS} transactions in segments of {} MiB, for a million transactions:\n",
        SEGMENT >> 20
    );
    println!(
        "| records | bytes of records | of archives | of indexes | CPU s to pack | CPU s of marks and index | CPU s to make an index again |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut questions = String::new();
    for name in ["iso93-ascii", "iso93-binary"] {
        let ground = Ground::new(name);
        let (payload, segments) = ground.fill(codec::built_in(name).unwrap());
        let without = ground.pack(segments, false);
        let with = ground.pack(segments, true);
        let again = ground.make_again(segments);
        println!(
            "| {name} | {} MB | {} MB | {} MB | {:.2} | {:.2} | {:.2} |",
            payload / 1_000_000,
            with.of_all(with.archives) / 1_000_000,
            with.of_all(with.indexes) / 1_000_000,
            seconds(with.of_all(without.cpu_ns)),
            seconds(with.of_all(with.cpu_ns.saturating_sub(without.cpu_ns))),
            seconds(with.of_all(again)),
        );
        questions += &ground.ask(name, segments);
    }
    println!("\nA question of one index, in microseconds:\n");
    println!("| records | unknown mark | one record found and read |\n|---|---|---|\n{questions}");
}

fn seconds(ns: u64) -> f64 {
    std::time::Duration::from_nanos(ns).as_secs_f64()
}

fn clock(which: ClockId) -> u64 {
    let time = clock_gettime(which);
    let part = |part: i64| u64::try_from(part).unwrap();
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}

/// What packing all segments cost.
#[derive(Default)]
struct Cost {
    archives: u64,
    indexes: u64,
    cpu_ns: u64,
    /// Records that were packed.
    records: u64,
}

impl Cost {
    /// The same of all transactions: the last ones stand in a segment that is not sealed.
    fn of_all(&self, part: u64) -> u64 {
        part * u64::from(TRANSACTIONS) / (self.records / 2)
    }
}

/// A directory of its own.
struct Ground {
    path: PathBuf,
    disk: SystemDisk,
    keys: Arc<Keys>,
}

impl Ground {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("sekisho-index-{name}-{}", std::process::id()));
        let disk = SystemDisk::open(&path, true).unwrap();
        Self { path, disk, keys: Arc::new(Keys::only(Key::of(&[1; 32]))) }
    }

    /// Writes the transactions; gives the bytes of their records, and how many segments are sealed.
    fn fill(&self, dialect: &Dialect) -> (u64, u64) {
        let spares = Arc::new(Spares::new(SEGMENT));
        let mut keeper = Keeper::begin(self.disk.clone(), Arc::clone(&spares), 2, 0).unwrap();
        while keeper.step().unwrap() == Next::Again {}
        let start = Start::after(&recovery::recover(&self.disk, None).unwrap(), [7; 16]);
        let (disk, keys) = (self.disk.clone(), Arc::clone(&self.keys));
        let path = Mapped::new(disk.clone());
        let mut writer = Writer::begin(disk, path, keys, &start, Arc::clone(&spares), 1).unwrap();
        let (mut payload, mut room) = (0, [0; 2_000]);
        for number in 0..TRANSACTIONS {
            for record in [true, false] {
                let length = write(dialect, number, record, &mut room);
                payload += u64::try_from(length).unwrap();
                writer.append(&room[..length]).unwrap();
            }
            if number % BATCH == 0 {
                while spares.count() == 0 && keeper.step().unwrap() == Next::Again {}
                writer.commit(writer.durable(), u64::from(number) * 50_000).unwrap();
                writer.poll(false).unwrap();
            }
        }
        while spares.count() == 0 && keeper.step().unwrap() == Next::Again {}
        writer.commit(writer.durable(), 1).unwrap();
        writer.poll(true).unwrap();
        (payload, writer.segment().0 - 1)
    }

    fn pack(&self, segments: u64, indexed: bool) -> Cost {
        let mut marker = marker();
        let mut cost = Cost::default();
        let begun = clock(ClockId::ThreadCPUTime);
        for segment in (1..=segments).map(SegmentNumber) {
            let pass = Pass::begin(&self.disk, &self.keys, segment, Position(0), 1);
            let mut pass = pass.unwrap();
            let mut marks = Marks::from(pass.first());
            while let Some(batch) = pass.next_batch(&mut |_| ()).unwrap() {
                for (position, record) in batch.records().into_iter().flatten().filter(|_| indexed)
                {
                    marker.mark(position, record, &mut |mark| marks.add(mark, position));
                }
            }
            let Packed { archive, frames } = pass.finish(&mut |_| ()).unwrap();
            cost.archives += archive.bytes;
            cost.records = archive.end.position.0 - 1;
            if indexed {
                let Self { disk, keys, .. } = self;
                index::write(disk, keys, &archive, &frames, marks, 1, &mut |_| ()).unwrap();
                let name = Name::Index(segment).to_string();
                cost.indexes += disk.open(&name, false).unwrap().bytes().unwrap();
            } else {
                self.disk.remove(&Name::Archive(segment).to_string()).unwrap();
            }
        }
        cost.cpu_ns = clock(ClockId::ThreadCPUTime) - begun;
        cost
    }

    fn make_again(&self, segments: u64) -> u64 {
        let mut marker = marker();
        let begun = clock(ClockId::ThreadCPUTime);
        for segment in (1..=segments).map(SegmentNumber) {
            let mut marks = |position, record: &[u8], each: &mut dyn FnMut(index::Mark)| {
                marker.mark(position, record, each);
            };
            index::make(&self.disk, &self.keys, segment, 1, &mut marks, &mut |_| ()).unwrap();
        }
        clock(ClockId::ThreadCPUTime) - begun
    }

    fn ask(&self, name: &str, segments: u64) -> String {
        let index = Index::open(&self.disk, &self.keys, SegmentNumber(segments / 2 + 1)).unwrap();
        let timed = |work: &mut dyn FnMut(u32)| {
            let begun = clock(ClockId::Monotonic);
            (0..QUESTIONS).for_each(work);
            (clock(ClockId::Monotonic) - begun) / u64::from(QUESTIONS) / 1_000
        };
        let unknown = timed(&mut |n| {
            let mark = Mark::retrieval(&KEY, format!("X{n}").as_bytes()).unwrap();
            assert!(index.find(in_index(mark)).unwrap().is_empty());
        });
        let first = u32::try_from(index.archive().segment.first_position.0 / 2).unwrap();
        let known = timed(&mut |n| {
            let mark = Mark::retrieval(&KEY, rrn(first + 10 + n).as_bytes()).unwrap();
            let positions = index.find(in_index(mark)).unwrap();
            let mut read = 0;
            index.read(&self.keys, &positions, |_, _, _| read += 1).unwrap();
            assert_eq!(read, 1);
        });
        format!("| {name} | {unknown} | {known} |\n")
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.path));
    }
}

fn marker() -> Marker {
    let mut marker = Marker::new(KEY, Vec::new());
    marker.learn(StationNumber(0), "iso93-ascii");
    marker.learn(StationNumber(1), "iso93-binary");
    marker
}

fn rrn(number: u32) -> String {
    format!("{number:012}")
}

/// A request with what a sale has that may be written down, or its answer.
fn write(dialect: &Dialect, number: u32, is_request: bool, room: &mut [u8]) -> usize {
    let (issuer, stan) = (StationNumber(2), Stan(1 + number % 998_999));
    let acquirer = StationNumber(u16::from(dialect.name() == "iso93-binary"));
    let (at, utc) = (Time(number.into()), 1_795_238_430 + u64::from(number) / 20_000);
    let rrn = rrn(number);
    if !is_request {
        let values = [(37, rrn.as_str()), (38, "A1B2C3"), (39, "000")];
        let answer = frame(dialect, 0x1110, &values);
        let record = Record::Settlement { issuer, stan, action: 0, at, utc, answer: &answer };
        return record.write(room).unwrap();
    }
    let (own, card) =
        (format!("{:06}", number % 1_000_000), 3_530_111_000_000_000 + u64::from(number / 3));
    let (card, amount) = (card.to_string(), format!("{:012}", number % 90_000));
    let values = [
        (2, card.as_str()),
        (3, "000000"),
        (4, amount.as_str()),
        (7, "1121052030"),
        (11, own.as_str()),
        (12, "261121052030"),
        (22, "510101513344"),
        (24, "100"),
        (26, "5311"),
        (32, "77334000001"),
        (37, rrn.as_str()),
        (41, "T0000001"),
        (42, "M00000000000001"),
        (49, "392"),
    ];
    let inputs = frame(dialect, 0x1100, &values);
    let spread = u64::from(number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let record = Record::Decision {
        acquirer,
        link: LinkNumber(0),
        issuer,
        mti: Mti::of(0x1100),
        route: RouteId(0),
        stan,
        sent_at: 0x0011_2105_2030,
        arrived: at,
        utc,
        configuration: 1,
        key: u128::from(spread) << 64 | u128::from(spread.rotate_left(17)),
        check: spread.rotate_left(29),
        reference: spread.rotate_left(41),
        present: Fields::of(&[2, 3, 4, 7, 11, 12, 22, 24, 26, 32, 35, 37, 41, 42, 49]),
        inputs: &inputs,
    };
    record.write(room).unwrap()
}

fn frame(dialect: &Dialect, mti: u16, values: &[(u8, &str)]) -> Vec<u8> {
    let fields = values.iter().fold(Fields::EMPTY, |all, &(n, _)| all.with(n));
    let mut room = vec![0; 500];
    let mut writer = codec::Writer::new(dialect, &mut room, Mti::of(mti), fields).unwrap();
    for (n, value) in values {
        writer.put_text(*n, value.as_bytes()).unwrap();
    }
    let length = writer.finish().unwrap();
    room.truncate(length);
    room
}
