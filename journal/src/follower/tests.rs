//! A standby's log beside the primary's. Must not compare them by the code under test.

use super::*;
use crate::authoring::{Author, CLUSTER, Image, SEGMENT, key};
use crate::disk::DiskFile;
use crate::disk::simulated::{Rot, SimulatedDisk, SimulatedPath};
use crate::format::{BatchNumber, PathKind};
use crate::recovery::{self, recover};
use crate::repair;
use crate::segments::{Keeper, Next};
use crate::writer::{Appended, Writer};

struct Standby {
    disk: SimulatedDisk,
    spares: Arc<Spares>,
    keeper: Keeper<SimulatedDisk>,
    follower: Follower<SimulatedDisk, SimulatedPath>,
}

impl Standby {
    fn begin(disk: &SimulatedDisk) -> Self {
        let keys = Arc::new(Keys::only(key(1)));
        let (recovered, repair) = repair::recover(disk, &keys).unwrap();
        let spares = Arc::new(Spares::new(SEGMENT as u64));
        let mut keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), 2, 0).unwrap();
        while keeper.step().unwrap() == Next::Again {}
        let path = SimulatedPath::new(disk, PathKind::Direct);
        let (all, shared) = (disk.clone(), Arc::clone(&spares));
        let follower = Follower::begin(all, path, keys, shared, &recovered, None, repair).unwrap();
        Self { disk: disk.clone(), spares, keeper, follower }
    }

    fn segment(&mut self, block: &[u8]) -> Result<Took, Problem> {
        while self.keeper.step().unwrap() == Next::Again {}
        self.follower.segment(block)
    }

    /// Takes all of a log that it does not have.
    fn takes(&mut self, author: &Author) {
        for image in &author.segments {
            let new = image.batches.iter().any(|(_, batch)| batch.batch > self.end());
            if !new && image.header.first_batch <= self.end() {
                continue;
            }
            self.segment(&image.bytes[..BLOCK]).unwrap();
            for (at, header) in &image.batches {
                if header.batch > self.end() {
                    let took = self.follower.batch(&image.bytes[*at..at + header.size()]);
                    assert_eq!(took.unwrap(), Took::It(Mark::of(header)));
                }
            }
        }
    }

    fn end(&self) -> BatchNumber {
        self.follower.received().batch
    }

    fn has(&mut self, author: &Author) {
        assert_eq!(self.follower.seal().unwrap(), self.follower.received());
        for image in &author.segments {
            assert!(self.disk.content(&image.name) == image.bytes, "{}", image.name);
        }
    }
}

fn author() -> Author {
    let mut author = Author::begin();
    author.batches(3);
    author.batch(&[&[7; 9_000], b"short", &[8; 300]]);
    author.batch(&[]);
    author.roll_over();
    author.batch(&[&vec![1; 40_000]]);
    author.batches(2);
    author.start();
    author.batches(4);
    author
}

fn batch(image: &Image, index: usize) -> &[u8] {
    let (at, header) = &image.batches[index];
    &image.bytes[*at..at + header.size()]
}

#[test]
fn a_standby_has_what_the_primary_has_byte_for_byte() {
    let author = author();
    let mut standby = Standby::begin(&SimulatedDisk::new(1));
    standby.takes(&author);
    standby.has(&author);
    assert_eq!(standby.spares.sealed().len(), 2);
    assert_eq!(standby.follower.cluster(), Some(CLUSTER));
    let recovered = recover(&standby.disk, Some(&author.keys)).unwrap();
    assert_eq!((recovered.end, recovered.tail), (standby.follower.received(), Tail::Clean));
}

#[test]
fn a_standby_goes_on_in_its_open_segment_after_a_start_and_zeroes_what_was_torn() {
    let mut author = Author::begin();
    author.batches(3);
    let disk = SimulatedDisk::new(1);
    let mut standby = Standby::begin(&disk);
    standby.takes(&author);
    standby.has(&author);
    // Of two batches under way only the second is on the disk.
    author.batch(&[b"four"]);
    author.batch(&[b"five"]);
    let (at, header) = author.image().batches[4];
    let torn = author.image().bytes[at..at + header.size()].to_vec();
    disk.open(&author.image().name, true).unwrap().write_at(at as u64, &torn).unwrap();
    disk.rot(&author.image().name, at as u64, Rot::Zeroed);
    disk.open(&author.image().name, true).unwrap().write_at(at as u64 + 512, &[9; 512]).unwrap();
    let standby = Standby::begin(&disk);
    let content = disk.content(&author.image().name);
    assert!(content[author.image().batches[3].0..].iter().all(|&byte| byte == 0));
    assert_eq!(standby.spares.sealed(), []);
    let mut standby = standby;
    standby.takes(&author);
    author.start();
    author.batches(1);
    standby.takes(&author);
    standby.has(&author);
    assert_eq!(standby.spares.sealed(), [SegmentNumber(1)]);
}

#[test]
fn what_does_not_follow_is_not_taken() {
    let author = author();
    let [first, second, third] = &author.segments[..] else { panic!("three segments") };
    let mut standby = Standby::begin(&SimulatedDisk::new(1));
    let misfit = |took: Result<Took, Problem>| match took {
        Err(Problem::Misfit(found)) => found,
        other => panic!("{other:?}"),
    };
    assert_eq!(misfit(standby.follower.batch(batch(first, 0))), Found::OtherSegment);
    assert_eq!(misfit(standby.segment(&second.bytes[..BLOCK])), Found::OtherBatch(BatchNumber(6)));
    assert_eq!(standby.segment(&first.bytes[..BLOCK]).unwrap(), Took::It(Mark::ZERO));
    assert_eq!(standby.segment(&first.bytes[..BLOCK]).unwrap(), Took::NotNew);
    standby.follower.batch(batch(first, 0)).unwrap();
    let again = standby.follower.batch(batch(first, 0));
    assert_eq!(misfit(again), Found::OtherBatch(BatchNumber(1)));
    assert_eq!(misfit(standby.follower.batch(batch(second, 0))), Found::OtherSegment);
    assert_eq!(misfit(standby.follower.batch(batch(first, 2))), Found::OtherBatch(BatchNumber(3)));

    let mut another = Author::begin();
    another.batch(&[b"another first record"]);
    another.batches(1);
    another.roll_over();
    another.batches(1);
    let others = another.segments[0].header;
    assert_eq!(others.epoch, first.header.epoch);
    let took = standby.follower.batch(batch(&another.segments[0], 1));
    assert_eq!(misfit(took), Found::OtherPrevious);
    let mut altered = batch(first, 1).to_vec();
    altered[BATCH_HEADER] ^= 1;
    assert_eq!(misfit(standby.follower.batch(&altered)), Found::WrongSum);
    let mut padded = batch(first, 1).to_vec();
    *padded.last_mut().unwrap() = 1;
    let not = standby.follower.batch(&padded);
    assert!(matches!(not, Err(Problem::NotWritten(NoHeader::Foreign))), "{not:?}");
    standby.follower.batch(batch(first, 1)).unwrap();
    let took = standby.segment(&another.segments[1].bytes[..BLOCK]);
    assert_eq!(misfit(took), Found::OtherPrevious);

    let of = |change: fn(&mut SegmentHeader)| {
        let mut header = third.header;
        let next = standby.follower.received().next();
        (header.first_batch, header.first_position) = (next.batch, next.position);
        header.previous = next.previous;
        header.released = Position(1);
        change(&mut header);
        let mut block = [0; BLOCK];
        header.write(&mut block);
        block.to_vec()
    };
    let blocks = [
        of(|header| header.cluster = [1; 16]),
        of(|header| header.first_position.0 += 1),
        of(|header| header.released = header.first_position),
        of(|header| header.segment.0 = 1),
        of(|header| header.epoch.0 = 0),
    ];
    let told = blocks.map(|block| misfit(standby.segment(&block)));
    let [cluster, position, released, segment, epoch] = told;
    assert_eq!((cluster, segment), (Found::OtherCluster, Found::OtherSegment));
    assert!(matches!((position, released), (Found::OtherPosition(_), Found::OtherPosition(_))));
    assert_eq!(epoch, Found::OtherSegment);
    for bytes in [0, 4_097, SEGMENT_MAX + 4_096] {
        let mut header = third.header;
        let next = standby.follower.received().next();
        (header.first_batch, header.first_position) = (next.batch, next.position);
        (header.previous, header.released, header.bytes) = (next.previous, Position(0), bytes);
        let mut block = [0; BLOCK];
        header.write(&mut block);
        assert!(matches!(standby.segment(&block), Err(Problem::Length(_))));
    }
    // All of that has changed nothing.
    assert_eq!(standby.follower.received().batch, BatchNumber(2));
    standby.takes(&author);
    standby.has(&author);
}

#[test]
fn a_segment_that_no_key_opens_is_not_taken() {
    let mut author = Author::begin();
    author.keys = Keys::only(key(2));
    author.start();
    author.batches(1);
    let mut standby = Standby::begin(&SimulatedDisk::new(1));
    let took = standby.segment(&author.segments[1].bytes[..BLOCK]);
    assert!(matches!(took, Err(Problem::UnknownKey(_))), "{took:?}");
}

#[test]
fn without_a_spare_a_segment_is_offered_again() {
    let author = author();
    let mut standby = Standby::begin(&SimulatedDisk::new(1));
    while standby.spares.take().is_some() {}
    let block = &author.segments[0].bytes[..BLOCK];
    assert_eq!(standby.follower.segment(block).unwrap(), Took::NoSpare);
    standby.takes(&author);
    standby.has(&author);
}

#[test]
fn a_segment_of_another_length_than_spares_have_is_taken() {
    let mut author = Author::sized(SEGMENT / 2);
    author.batches(3);
    author.roll_over();
    author.batches(1);
    let mut standby = Standby::begin(&SimulatedDisk::new(1));
    standby.takes(&author);
    standby.has(&author);
}

#[test]
fn who_is_promoted_writes_on_where_its_log_ended_without_reading_it_again() {
    let author = author();
    let mut standby = Standby::begin(&SimulatedDisk::new(1));
    standby.takes(&author);
    standby.has(&author);
    let end = standby.follower.received();
    let start = standby.follower.into_start(Epoch(7), [0; 16]);
    let recovered = recover(&standby.disk, Some(&author.keys)).unwrap();
    assert_eq!(start, Start::reign(&recovered, Epoch(7), CLUSTER));
    assert_eq!(start.end(), end);
    assert_eq!(standby.spares.sealed().len(), 3);
    while standby.keeper.step().unwrap() == Next::Again {}
    let path = SimulatedPath::new(&standby.disk, PathKind::Mapped);
    let keys = Arc::new(Keys::only(key(1)));
    let mut writer =
        Writer::begin(standby.disk.clone(), path, keys, &start, standby.spares, 1).unwrap();
    assert!(matches!(writer.append(b"mine").unwrap(), Appended::Taken(_)));
    writer.commit(end.position, 2).unwrap();
    while writer.under_way() > 0 {
        writer.poll(true).unwrap();
    }
    let recovered = recover(&standby.disk, Some(&author.keys)).unwrap();
    assert_eq!((recovered.end, recovered.last_epoch), (writer.durable_mark(), Epoch(7)));
}

#[test]
fn what_was_damaged_comes_again_to_its_place_and_nothing_else_changes() {
    let author = author();
    let places = author.segments.iter().flat_map(|image| {
        let block = (image.name.clone(), 0);
        let batches = image.batches.iter().map(|(at, _)| (image.name.clone(), *at));
        std::iter::once(block).chain(batches)
    });
    let places: Vec<_> = places.collect();
    let mut repaired = 0;
    for (place, (name, at)) in places.into_iter().enumerate() {
        let disk = author.disk();
        disk.rot(&name, at as u64, [Rot::Flip { bit: 700 }, Rot::Unreadable][place % 2]);
        let Err(recovery::Refusal::Damage(_)) = recover(&disk, Some(&author.keys)) else {
            continue;
        };
        let mut standby = Standby::begin(&disk);
        let whole = standby.follower.repaired().unwrap();
        assert!(!whole, "{name} {at}");
        let lost = author.segments.iter().flat_map(|image| &image.batches);
        let last = lost.map(|(_, header)| header.batch).max().unwrap();
        standby.takes(&author);
        assert!(standby.follower.repaired().unwrap(), "{name} {at} {last:?}");
        standby.has(&author);
        repaired += 1;
    }
    assert!(repaired > 8, "{repaired}");
}

#[test]
fn a_damaged_log_that_is_another_one_further_on_is_not_written_over() {
    let mut ours = Author::begin();
    ours.batches(3);
    let mut theirs = Author::begin();
    theirs.batches(0);
    theirs.segments[0].bytes.clone_from(&ours.segments[0].bytes);
    theirs.segments[0].batches.clone_from(&ours.segments[0].batches);
    theirs.next = ours.next;
    theirs.released = Position(2);
    theirs.start();
    theirs.batches(2);
    ours.batches(4);
    let flipped = ours.image().flip(1);
    let disk = ours.disk();
    let before = disk.content(&ours.segments[0].name);
    let mut standby = Standby::begin(&disk);
    assert_eq!(standby.end(), BatchNumber(flipped.batch.0 - 1));
    standby.follower.batch(batch(&theirs.segments[0], 1)).unwrap();
    standby.follower.batch(batch(&theirs.segments[0], 2)).unwrap();
    let took = standby.segment(&theirs.segments[1].bytes[..BLOCK]);
    assert!(matches!(took, Err(Problem::Diverged)), "{took:?}");
    let after = disk.content(&ours.segments[0].name);
    let same = before.iter().zip(&after).filter(|(before, after)| before != after).count();
    assert_eq!(same, 1, "only the bit that had turned over");
}

#[test]
fn a_segment_that_was_begun_and_never_written_to_gives_way_to_any_other() {
    let mut author = Author::begin();
    author.batches(2);
    let mut standby = Standby::begin(&SimulatedDisk::new(1));
    standby.takes(&author);
    // A reign that wrote nothing, and two others that go on from the same batch.
    let mut gone = Author::begin();
    gone.next = author.next;
    gone.released = author.released;
    for _ in 0..3 {
        gone.start();
    }
    standby.segment(&gone.segments[3].bytes[..BLOCK]).unwrap();
    standby.segment(&gone.segments[2].bytes[..BLOCK]).unwrap();
    assert_eq!(standby.spares.sealed(), []);
    // The log goes on in the segment before.
    author.batches(1);
    standby.segment(&author.segments[0].bytes[..BLOCK]).unwrap();
    standby.follower.batch(batch(&author.segments[0], 2)).unwrap();
    author.start();
    standby.segment(&author.segments[1].bytes[..BLOCK]).unwrap();
    author.batches(1);
    standby.follower.batch(batch(&author.segments[1], 0)).unwrap();
    standby.has(&author);
    assert_eq!(standby.spares.sealed(), [SegmentNumber(1)]);
    let names = standby.disk.list().unwrap();
    assert_eq!(names.iter().filter(|name| name.ends_with(".segment")).count(), 2);
}
