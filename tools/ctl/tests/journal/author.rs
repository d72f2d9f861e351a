//! Journals for these tests, written by the journal's own writer as the daemon does it. Must not
//! know what is asked of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use codec::{Dialect, Fields, Mti};
use daemon::marking::Marker;
use journal::archive;
use journal::checkpoint::{self, About};
use journal::disk::{Disk, SystemDisk};
use journal::format::{Cluster, Epoch, Position, SegmentNumber};
use journal::index;
use journal::names::Name;
use journal::path::Mapped;
use journal::recovery::recover;
use journal::seal::{Key, Keys};
use journal::segments::{Keeper, Next, Spares};
use journal::writer::{Appended, Committed, Start, Writer};
use switch_core::identity::HashKey;
use switch_core::ids::{LinkNumber, RouteId, Stan, StationNumber};
use switch_core::plan::Limits;
use switch_core::records::Record;
use switch_core::replay::{self, State};
use switch_core::time::Time;

/// As small as the daemon takes them.
const SEGMENT: u64 = 1 << 20;
const CLUSTER: Cluster = *b"a test's journal";
/// What marks are made under.
const HASH_KEY: HashKey = HashKey([0x48; 16]);
/// 2026-11-21T05:20:30Z.
pub(crate) const BEGINNING: u64 = 1_795_238_430;
/// Test keys: what seals the journals here.
pub(crate) const KEY: &str = "4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b4b";

/// A directory with a journal, which goes away with the test.
pub(crate) struct Folder(PathBuf);

/// A daemon's hand: holds the lock and writes.
pub(crate) struct Author {
    disk: SystemDisk,
    keys: Arc<Keys>,
    spares: Arc<Spares>,
    keeper: Keeper<SystemDisk>,
    /// What follows from the records, of a first start.
    state: Option<State>,
    writer: Writer<SystemDisk, Mapped>,
    /// Seconds since 1970; each batch is a second later.
    pub(crate) utc: u64,
    sales: u32,
}

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("sekisho-journal-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        fs::create_dir(path.join("journal")).unwrap();
        fs::write(path.join("journal/insecure-demo.key"), KEY).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The journal's own directory.
    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// One bit of the first segment's block (1: its first batch) is not what was written.
    pub(crate) fn turns_a_bit(&self, block: usize) {
        let path = self.journal().join("0000000000000001.segment");
        let mut bytes = fs::read(&path).unwrap();
        // Within the first record behind a batch's header.
        bytes[block * 4_096 + 150] ^= 1;
        fs::write(&path, bytes).unwrap();
    }

    /// A daemon's start on it.
    pub(crate) fn start(&self, utc: u64) -> Author {
        let disk = SystemDisk::open(&self.journal(), true).unwrap();
        let keys = Arc::new(Keys::only(Key::parse(KEY.as_bytes()).unwrap()));
        let recovered = recover(&disk, Some(&keys)).unwrap();
        let spares = Arc::new(Spares::new(SEGMENT));
        let keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), 2, 0).unwrap();
        let start = Start::after(&recovered, CLUSTER);
        let now_ns = utc * 1_000_000_000;
        let mut keeper = keeper;
        while keeper.step().unwrap() == Next::Again {}
        let path = Mapped::new(disk.clone());
        let (writing, sealing) = (disk.clone(), Arc::clone(&keys));
        let writer = Writer::begin(writing, path, sealing, &start, Arc::clone(&spares), now_ns);
        let is_first = recovered.cluster.is_none();
        let state = is_first.then(|| State::new(&Limits::default()));
        Author { disk, keys, spares, keeper, state, writer: writer.unwrap(), utc, sales: 0 }
    }
}

/// A journal of one sale, all of it released, in four batches.
pub(crate) fn sold() -> Folder {
    let folder = Folder::new();
    let mut author = folder.start(BEGINNING);
    author.introduces();
    author.sells();
    author.rests();
    folder
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

impl Author {
    /// What a first start says, in one batch: itself, two stations and a link.
    pub(crate) fn introduces(&mut self) {
        let (utc, digest) = (self.utc, [0xA5; 32]);
        self.writes(&[
            Record::Start { epoch: 1, utc, build: "0.1.0" },
            Record::Configuration { number: 1, digest, utc },
            Record::Station {
                number: StationNumber(0),
                name: "merchant-a",
                dialect: "iso93-ascii",
            },
            Record::Links { station: StationNumber(0), from: LinkNumber(0), count: 1 },
            Record::Station { number: StationNumber(1), name: "issuer-x", dialect: "acme" },
        ]);
    }

    /// What the marks of an index are made under.
    pub(crate) fn knows_hashes(&mut self) {
        self.writes(&[Record::HashKey { key: HASH_KEY }]);
    }

    /// Packs all segments but the last, and removes them; with indexes of the archives, if so.
    pub(crate) fn packs(&mut self, indexed: bool) {
        let last = self.writer.segment();
        let mut marker = Marker::new(HASH_KEY, Vec::new());
        for segment in (1..last.0).map(SegmentNumber) {
            archive::pack(&self.disk, &self.keys, segment, 0).unwrap();
            self.disk.remove(&Name::Segment(segment).to_string()).unwrap();
            let mut marks = |at: Position, record: &[u8], mark: &mut dyn FnMut(index::Mark)| {
                marker.mark(at, record, mark);
            };
            if indexed {
                index::make(&self.disk, &self.keys, segment, 0, &mut marks, &mut |_| ()).unwrap();
            }
        }
    }

    /// Writes records as one batch; durable then.
    pub(crate) fn writes(&mut self, records: &[Record<'_>]) {
        for record in records {
            self.append(record);
        }
        self.commit();
    }

    /// A request of a sale and its approval, a batch each.
    pub(crate) fn sells(&mut self) {
        self.sales += 1;
        let frame = sale(self.sales);
        self.writes(&[decision(self.sales, &frame, self.utc)]);
        let (issuer, stan) = (StationNumber(1), Stan(self.sales));
        let (at, utc) = (Time(0), self.utc);
        let answer = approval(self.sales);
        self.writes(&[Record::Settlement { issuer, stan, action: 0, at, utc, answer: &answer }]);
    }

    /// Writes so much in batches of many records that a segment is full.
    pub(crate) fn fills_a_segment(&mut self) {
        let begun = self.writer.segment();
        while self.writer.segment() == begun {
            for _ in 0..100 {
                self.sales += 1;
                let frame = sale(self.sales);
                self.append(&decision(self.sales, &frame, self.utc));
            }
            self.commit();
        }
    }

    /// The mark that everything was released, as a quiet daemon writes it.
    pub(crate) fn rests(&mut self) {
        let released = self.writer.poll(true).unwrap();
        self.writer.mark(released, self.utc * 1_000_000_000).unwrap();
        self.writer.poll(true).unwrap();
    }

    pub(crate) fn next_position(&self) -> Position {
        self.writer.next_position()
    }

    /// A checkpoint of all so far.
    pub(crate) fn folds(&mut self) {
        let state = self.state.as_ref().unwrap();
        let (mut bytes, position) = (Vec::new(), Position(state.position().0));
        state.write(&mut bytes);
        let created_ns = self.utc * 1_000_000_000;
        let about = About { cluster: CLUSTER, epoch: Epoch(1), position, created_ns };
        checkpoint::write(&self.disk, &self.keys, &about, &bytes).unwrap();
    }

    fn append(&mut self, record: &Record<'_>) {
        let mut room = [0; 2_000];
        let length = record.write(&mut room).unwrap();
        let Appended::Taken(position) = self.writer.append(&room[..length]).unwrap() else {
            panic!("a batch has room for a few records");
        };
        if let Some(state) = &mut self.state {
            state.apply(replay::Position(position.0), record).unwrap();
        }
    }

    fn commit(&mut self) {
        while self.keeper.step().unwrap() == Next::Again {}
        assert!(self.spares.count() > 0);
        let released = self.writer.durable();
        let now_ns = self.utc * 1_000_000_000;
        assert_eq!(self.writer.commit(released, now_ns).unwrap(), Committed::Submitted);
        self.writer.poll(true).unwrap();
        self.utc += 1;
    }
}

/// The request of a sale, with the fields that a journal may hold.
pub(crate) fn sale(number: u32) -> Vec<u8> {
    let (stan, rrn) = (format!("{:06}", 100 + number), format!("{number:012}"));
    let values: [(u8, &[u8]); 5] = [
        (2, b"3530111333300000"),
        (4, b"000000002500"),
        (11, stan.as_bytes()),
        (37, rrn.as_bytes()),
        (41, b"T0000001"),
    ];
    frame(codec::built_in("iso93-ascii").unwrap(), 0x1100, &values)
}

/// The issuer's answer to it, in the edition of 1987.
fn approval(number: u32) -> Vec<u8> {
    let rrn = format!("{number:012}");
    let values: [(u8, &[u8]); 3] = [(37, rrn.as_bytes()), (38, b"A1B2C3"), (39, b"00")];
    frame(codec::built_in("iso87-ascii").unwrap(), 0x0110, &values)
}

pub(crate) fn decision(number: u32, inputs: &[u8], utc: u64) -> Record<'_> {
    Record::Decision {
        acquirer: StationNumber(0),
        link: LinkNumber(0),
        issuer: StationNumber(1),
        mti: Mti::new(0x1100).unwrap(),
        route: RouteId(0),
        stan: Stan(number),
        sent_at: 0,
        arrived: Time(0),
        utc,
        configuration: 1,
        key: 0,
        check: 0,
        reference: 0,
        present: Fields::of(&[2, 4, 11, 35, 37, 41, 52]),
        inputs,
    }
}

/// A message with these fields.
pub(crate) fn frame(dialect: &Dialect, mti: u16, values: &[(u8, &[u8])]) -> Vec<u8> {
    let fields = values.iter().fold(Fields::EMPTY, |all, &(n, _)| all.with(n));
    let mut room = vec![0; 500];
    let mut writer =
        codec::Writer::new(dialect, &mut room, Mti::new(mti).unwrap(), fields).unwrap();
    for (n, value) in values {
        writer.put_text(*n, value).unwrap();
    }
    let length = writer.finish().unwrap();
    room.truncate(length);
    room
}
