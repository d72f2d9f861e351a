//! The writer: on real files, read back from the device, and on a path that does as told. Must not
//! read what it has written by the code that wrote it.

use super::*;
use crate::disk::SystemDisk;
use crate::format::PathKind;
use crate::path::Mapped;
use crate::place::Place;
use crate::recovery::recover;
use crate::seal::Key;
use crate::segments::Keeper;

const CLUSTER: Cluster = *b"a test's journal";
const SEGMENT: u64 = 1 << 20;

fn keys() -> Arc<Keys> {
    Arc::new(Keys::only(Key::of(&[7; 32])))
}

fn start() -> Start {
    Start {
        cluster: CLUSTER,
        epoch: Epoch(3),
        next_segment: SegmentNumber(1),
        next_batch: BatchNumber(1),
        next_position: Position(1),
        previous: [0; 16],
        released: Position(0),
        last_epoch: Epoch(0),
    }
}

/// A batch's header, and its records.
type Batch = (BatchHeader, Vec<Vec<u8>>);

struct World {
    place: Place,
    disk: SystemDisk,
    spares: Arc<Spares>,
    keeper: Keeper<SystemDisk>,
}

impl World {
    fn new(name: &str) -> Self {
        let place = Place::new(&format!("writer-{name}"));
        let disk = SystemDisk::open(place.path(), true).unwrap();
        let spares = Arc::new(Spares::new(SEGMENT));
        let keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), 2, 0).unwrap();
        let mut world = Self { place, disk, spares, keeper };
        world.keep();
        world
    }

    fn keep(&mut self) {
        while self.keeper.step().unwrap() == crate::segments::Next::Again {}
    }

    fn begin<P: WritePath>(&self, path: P, start: &Start) -> Writer<SystemDisk, P> {
        let spares = Arc::clone(&self.spares);
        Writer::begin(self.disk.clone(), path, keys(), start, spares, 1).unwrap()
    }

    fn mapped(&self) -> Writer<SystemDisk, Mapped> {
        self.begin(Mapped::new(self.disk.clone()), &start())
    }

    /// What the device holds of a segment: its header, and each batch with its records opened.
    fn read(&self, number: u64) -> (SegmentHeader, Vec<Batch>) {
        let name = Name::Segment(SegmentNumber(number)).to_string();
        let mut bytes = vec![0; usize::try_from(SEGMENT).unwrap()];
        self.disk.open(&name, false).unwrap().read_at(0, &mut bytes).unwrap();
        let header = SegmentHeader::read(&bytes).unwrap();
        let whose =
            KeyOwner { cluster: CLUSTER, segment: SegmentNumber(number), epoch: header.epoch };
        let key = keys().open(header.key_check, &header.wrapped_key, &whose).unwrap();
        let (mut batches, mut at) = (Vec::new(), BLOCK);
        while let Some(Ok(batch)) = bytes.get(at..).map(BatchHeader::read) {
            let (front, rest) = bytes[at..at + batch.size()].split_at_mut(BATCH_HEADER);
            let length = usize::try_from(batch.length).unwrap();
            let (records, padding) = rest.split_at_mut(length);
            assert!(batch.covers(records) && padding.iter().all(|&byte| byte == 0));
            let covered = &front[..BATCH_SEALED];
            key.open(batch.epoch, batch.batch, covered, &batch.tag, records).unwrap();
            batches.push((batch, split(records)));
            at += batch.size();
        }
        assert!(
            bytes[at.min(bytes.len())..].iter().all(|&byte| byte == 0),
            "zeros behind the last"
        );
        (header, batches)
    }
}

fn split(mut records: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some((head, rest)) = records.split_first_chunk() {
        let (record, rest) = rest.split_at(usize::from(u16::from_le_bytes(*head)));
        all.push(record.to_vec());
        records = rest;
    }
    all
}

#[test]
fn what_was_appended_is_on_the_device_sealed_and_in_order() {
    let world = World::new("order");
    let mut writer = world.mapped();
    for record in [&b"one"[..], b"two", b"three"] {
        let expected = writer.next_position();
        assert_eq!(writer.append(record).unwrap(), Appended::Taken(expected));
    }
    assert_eq!((writer.open_records(), writer.open_bytes()), (3, 11 + 3 * RECORD_HEAD));
    assert_eq!(writer.commit(Position(0), 50).unwrap(), Committed::Submitted);
    assert_eq!(writer.poll(true).unwrap(), Position(3));
    writer.append(&[4; 5_000]).unwrap();
    writer.commit(Position(3), 60).unwrap();
    assert_eq!(writer.poll(true).unwrap(), Position(4));

    let (header, batches) = world.read(1);
    assert_eq!(header.path, PathKind::Mapped);
    assert_eq!((header.first_batch, header.first_position), (BatchNumber(1), Position(1)));
    let [(first, records), (second, long_record)] = &batches[..] else { panic!("two batches") };
    assert_eq!(*records, [&b"one"[..], b"two", b"three"]);
    assert_eq!(*long_record, [[4; 5_000]]);
    assert_eq!((first.count, first.first_position, first.released), (3, Position(1), Position(0)));
    assert_eq!((second.batch, second.released), (BatchNumber(2), Position(3)));
    assert_eq!((second.previous, first.previous), (first.tag, [0; 16]));
    assert_eq!((first.written_ns, second.written_ns), (50, 60));
    let sealed = std::fs::read(world.place.path().join("0000000000000001.segment")).unwrap();
    assert!(!sealed.windows(5).any(|bytes| bytes == b"three"), "nothing stands there in clear");
    let expected =
        Written { batches: 2, records: 4, record_bytes: 5_011, batch_bytes: 12_288, roll_overs: 0 };
    assert_eq!(writer.written(), expected);
}

#[test]
fn a_full_segment_is_followed_by_another_that_names_its_last_tag() {
    let mut world = World::new("roll");
    let mut writer = world.mapped();
    let record = vec![1; 60_000];
    let mut released = Position(0);
    for _ in 0..40 {
        assert!(matches!(writer.append(&record).unwrap(), Appended::Taken(_)));
        assert_eq!(writer.commit(released, 9).unwrap(), Committed::Submitted);
        released = writer.poll(true).unwrap();
        world.keep();
    }
    assert_eq!((released, writer.segment()), (Position(40), SegmentNumber(3)));
    assert_eq!(world.spares.sealed(), [SegmentNumber(1), SegmentNumber(2)]);
    let segments = [1, 2, 3].map(|number| world.read(number));
    let mut expected_position = 1;
    for pair in segments.windows(2) {
        let (last, _) = pair[0].1.last().unwrap();
        let next = &pair[1].0;
        assert_eq!(next.previous, last.tag);
        assert_eq!(next.first_batch.0, last.batch.0 + 1);
        assert_eq!(next.first_position.0, last.last_position().0 + 1);
        assert_eq!(next.released, last.last_position());
    }
    for (batch, records) in segments.iter().flat_map(|(_, batches)| batches) {
        assert_eq!((batch.first_position.0, records.len()), (expected_position, 1));
        expected_position += 1;
    }
    assert_eq!(expected_position, 41);
}

#[test]
fn a_roll_over_without_a_spare_waits_and_loses_nothing() {
    let mut world = World::new("no-spare");
    let mut writer = world.mapped();
    let record = vec![1; 60_000];
    let mut released = Position(0);
    while writer.append(&record).unwrap() != Appended::Full {
        if writer.commit(released, 9).unwrap() == Committed::NoSpare {
            break;
        }
        released = writer.poll(true).unwrap();
    }
    assert_eq!((world.spares.count(), writer.open_records()), (0, 1));
    assert_eq!(writer.commit(released, 9).unwrap(), Committed::NoSpare);
    world.keep();
    assert_eq!(writer.commit(released, 9).unwrap(), Committed::Submitted);
    assert_eq!(writer.poll(true).unwrap().0, released.0 + 1);
    assert_eq!(world.read(3).1[0].1, [record]);
}

#[test]
fn a_batch_holds_what_fits_and_refuses_the_rest_unchanged() {
    let world = World::new("batch-full");
    let mut writer = world.mapped();
    let record = vec![1; RECORD_MAX];
    let taken = (0..99).find(|_| writer.append(&record).unwrap() == Appended::Full).unwrap();
    assert_eq!(taken, 16, "a segment's room is the bound");
    let room = usize::try_from(SEGMENT).unwrap() - BLOCK - BATCH_HEADER - writer.open_bytes();
    assert_eq!(writer.append(&record[..room - 1]).unwrap(), Appended::Full);
    assert_eq!(writer.append(&record[..room - 2]).unwrap(), Appended::Taken(Position(17)));
    writer.commit(Position(0), 1).unwrap();
    assert_eq!(writer.poll(true).unwrap(), Position(17));
    let (header, records) = &world.read(1).1[0];
    assert_eq!((header.size(), records.len()), (usize::try_from(SEGMENT).unwrap() - BLOCK, 17));
}

#[test]
fn what_was_released_is_marked_once_by_an_empty_batch() {
    let world = World::new("mark");
    let mut writer = world.mapped();
    assert_eq!(writer.commit(Position(0), 1).unwrap(), Committed::Nothing);
    assert_eq!(writer.mark(Position(0), 1).unwrap(), Committed::Nothing);
    writer.append(b"one").unwrap();
    writer.commit(Position(0), 2).unwrap();
    let durable = writer.poll(true).unwrap();
    assert_eq!(writer.mark(durable, 3).unwrap(), Committed::Submitted);
    assert_eq!(writer.mark(durable, 4).unwrap(), Committed::Nothing);
    assert_eq!(writer.poll(true).unwrap(), durable, "it has no position");
    assert_eq!(writer.append(b"two").unwrap(), Appended::Taken(Position(2)));
    assert_eq!(writer.mark(durable, 5).unwrap(), Committed::Submitted, "open records go with it");
    assert_eq!(writer.poll(true).unwrap(), Position(2));
    let facts: Vec<_> = world.read(1).1.iter().map(|(it, _)| (it.count, it.released.0)).collect();
    assert_eq!(facts, [(1, 0), (0, 1), (1, 1)]);
}

#[test]
fn a_new_writer_goes_on_in_a_segment_of_its_own() {
    let mut world = World::new("again");
    let mut writer = world.mapped();
    writer.append(b"one").unwrap();
    writer.commit(Position(0), 1).unwrap();
    writer.poll(true).unwrap();
    drop(writer);
    world.keep();
    let (last, _) = world.read(1).1[0].clone();
    let recovered = recover(&world.disk, Some(&keys())).unwrap();
    let start = Start::after(&recovered, *b"another journal.");
    let expected = Start {
        epoch: Epoch(4),
        next_segment: SegmentNumber(2),
        next_batch: BatchNumber(2),
        next_position: Position(2),
        previous: last.tag,
        released: Position(1),
        last_epoch: Epoch(3),
        ..self::start()
    };
    assert_eq!(start, expected);
    let mut writer = world.begin(Mapped::new(world.disk.clone()), &start);
    assert_eq!(writer.durable(), Position(1));
    writer.append(b"two").unwrap();
    writer.commit(Position(1), 2).unwrap();
    assert_eq!(writer.poll(true).unwrap(), Position(2));
    let (header, batches) = world.read(2);
    assert_eq!((header.epoch, header.previous), (Epoch(4), last.tag));
    assert_eq!((batches[0].0.epoch, batches[0].0.previous), (Epoch(4), last.tag));
}

#[test]
fn the_first_writer_of_all_begins_with_one() {
    let world = World::new("first");
    let nothing = recover(&world.disk, None).unwrap();
    let expected = Start { epoch: Epoch(1), ..start() };
    assert_eq!(Start::after(&nothing, CLUSTER), expected);
}

#[test]
fn a_writer_without_a_spare_does_not_begin() {
    let world = World::new("none");
    while world.spares.take().is_some() {}
    let path = Mapped::new(world.disk.clone());
    let spares = Arc::clone(&world.spares);
    let refused = Writer::begin(world.disk, path, keys(), &start(), spares, 1).unwrap_err();
    assert_eq!(refused.error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(refused.to_string(), "the directory: no spare segment: no storage space");
}

/// A path that takes batches, says as many as told are durable, and fails when told.
struct Told {
    buffer: Vec<u8>,
    submitted: u64,
    durable: Arc<std::sync::Mutex<Result<u64, io::ErrorKind>>>,
}

impl WritePath for Told {
    fn kind(&self) -> PathKind {
        PathKind::Direct
    }
    fn begin(&mut self, _name: &str, _bytes: u64) -> io::Result<()> {
        Ok(())
    }
    fn buffer(&mut self) -> Option<&mut [u8]> {
        if self.submitted < 4 { Some(&mut self.buffer) } else { None }
    }
    fn submit(&mut self, _offset: u64, _length: usize) -> io::Result<()> {
        self.submitted += 1;
        Ok(())
    }
    fn poll(&mut self, _wait: bool) -> io::Result<u64> {
        self.durable.lock().unwrap().map_err(Into::into)
    }
    fn under_way(&self) -> usize {
        0
    }
}

type Durable = Arc<std::sync::Mutex<Result<u64, io::ErrorKind>>>;

fn told(world: &World) -> (Writer<SystemDisk, Told>, Durable) {
    let durable = Durable::new(std::sync::Mutex::new(Ok(0)));
    let told = Told { buffer: vec![0; BATCH_MAX], submitted: 0, durable: Arc::clone(&durable) };
    (world.begin(told, &start()), durable)
}

#[test]
fn several_batches_are_under_way_until_there_is_no_buffer() {
    let world = World::new("several");
    let (mut writer, durable) = told(&world);
    for number in 1..=4 {
        assert_eq!(writer.append(b"record").unwrap(), Appended::Taken(Position(number)));
        assert_eq!(writer.commit(Position(0), 1).unwrap(), Committed::Submitted);
    }
    assert_eq!(writer.append(b"record").unwrap(), Appended::Full);
    assert_eq!(writer.mark(Position(0), 1).unwrap(), Committed::Nothing);
    assert_eq!((writer.under_way(), writer.poll(false).unwrap()), (4, Position(0)));
    *durable.lock().unwrap() = Ok(3);
    assert_eq!((writer.poll(false).unwrap(), writer.under_way()), (Position(3), 1));
}

#[test]
fn after_a_failed_sync_nothing_is_tried_again_and_nothing_becomes_durable() {
    let world = World::new("failed");
    let (mut writer, durable) = told(&world);
    writer.append(b"one").unwrap();
    writer.commit(Position(0), 1).unwrap();
    *durable.lock().unwrap() = Err(io::ErrorKind::StorageFull);
    let said = "0000000000000001.segment: not written and synced: no storage space";
    assert_eq!(writer.poll(true).unwrap_err().to_string(), said);
    *durable.lock().unwrap() = Ok(1);
    assert_eq!(writer.poll(true).unwrap_err().to_string(), said);
    assert_eq!(writer.append(b"two").unwrap_err().to_string(), said);
    assert_eq!(writer.commit(Position(0), 1).unwrap_err().to_string(), said);
    assert_eq!(writer.mark(Position(0), 1).unwrap_err().to_string(), said);
    assert_eq!(writer.durable(), Position(0));
}

#[test]
#[should_panic(expected = "nothing is released before it is durable")]
fn to_release_what_is_not_durable_is_our_own_bug() {
    let world = World::new("early");
    let (mut writer, _durable) = told(&world);
    writer.append(b"one").unwrap();
    let _never = writer.commit(Position(1), 1);
}

#[test]
#[should_panic(expected = "what was released stays so")]
fn to_take_a_release_back_is_our_own_bug() {
    let world = World::new("back");
    let (mut writer, durable) = told(&world);
    writer.append(b"one").unwrap();
    writer.commit(Position(0), 1).unwrap();
    *durable.lock().unwrap() = Ok(1);
    writer.poll(false).unwrap();
    writer.mark(Position(1), 1).unwrap();
    let _never = writer.mark(Position(0), 1);
}

#[test]
#[should_panic(expected = "what was durable stays so")]
fn a_path_that_takes_back_what_was_durable_is_our_own_bug() {
    let world = World::new("takes-back");
    let (mut writer, durable) = told(&world);
    for _ in 0..2 {
        writer.append(b"one").unwrap();
        writer.commit(Position(0), 1).unwrap();
    }
    *durable.lock().unwrap() = Ok(2);
    writer.poll(false).unwrap();
    *durable.lock().unwrap() = Ok(1);
    let _never = writer.poll(false);
}

#[test]
fn a_tap_hears_of_all_that_goes_to_the_segments_byte_for_byte() {
    let mut world = World::new("tap");
    let mut writer = world.mapped();
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    writer.tap(Box::new(move |framed| {
        let (mark, bytes) = match framed {
            Framed::Segment(block) => (None, block.to_vec()),
            Framed::Batch(mark, bytes) => (Some(mark), bytes.to_vec()),
        };
        hears.lock().unwrap().push((mark, bytes));
    }));
    assert_eq!((writer.framed(), writer.durable_mark()), (Mark::ZERO, Mark::ZERO));
    for _ in 0..20 {
        writer.append(&vec![1; 60_000]).unwrap();
        writer.commit(Position(0), 9).unwrap();
        writer.poll(true).unwrap();
        world.keep();
    }
    let heard = heard.lock().unwrap();
    let mut files: Vec<Vec<u8>> = Vec::new();
    for (mark, bytes) in heard.iter() {
        match mark {
            None => files.push(bytes.clone()),
            Some(mark) => {
                assert_eq!(Mark::of(&BatchHeader::read(bytes).unwrap()), *mark);
                files.last_mut().unwrap().extend(bytes);
            }
        }
    }
    assert_eq!(files.len(), 2);
    for (number, heard) in (1..).zip(files) {
        let name = Name::Segment(SegmentNumber(number)).to_string();
        let file = std::fs::read(world.place.path().join(name)).unwrap();
        assert!(file[..heard.len()] == heard && file[heard.len()..].iter().all(|&byte| byte == 0));
    }
    let last = heard.iter().rev().find_map(|(mark, _)| *mark).unwrap();
    assert_eq!((writer.framed(), writer.durable_mark()), (last, last));
    assert_eq!(last.position, Position(20));
}
