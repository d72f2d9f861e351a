//! The past is told the same from an index, from an archive without one, and from the end of the log.

use codec::{Fields, Mti};
use journal::archive::pack;
use journal::authoring::Author;
use journal::disk::simulated::SimulatedDisk;
use journal::format::{Position, SegmentNumber};
use journal::index;
use journal::names::Name;
use switch_core::found::Found;
use switch_core::identity::HashKey;
use switch_core::ids::{LinkNumber, RouteId, Stan, StationNumber};
use switch_core::records::{Delivery, Record};
use switch_core::time::Time;

use super::*;
use crate::notes;

const KEY: HashKey = HashKey([3; 16]);
const ACQUIRER: StationNumber = StationNumber(0);
const ISSUER: StationNumber = StationNumber(1);
/// When the author's journals begin, as a second since 1970.
const BEGUN: u64 = 1_700_000_000;

pub(super) fn decision(number: u32, stan: u32) -> Record<'static> {
    Record::Decision {
        acquirer: ACQUIRER,
        link: LinkNumber(0),
        issuer: ISSUER,
        mti: Mti::of(0x1100),
        route: RouteId(0),
        stan: Stan(stan),
        sent_at: number.into(),
        arrived: Time(0),
        utc: 0,
        configuration: 1,
        key: u128::from(number) << 64 | 1,
        check: 0,
        reference: u64::from(number) << 32,
        present: Fields::EMPTY,
        inputs: b"",
    }
}

pub(super) fn settlement(stan: u32) -> Record<'static> {
    let (issuer, stan, at, utc) = (ISSUER, Stan(stan), Time(0), 0);
    Record::Settlement { issuer, stan, action: 0, at, utc, answer: b"" }
}

pub(super) fn reversal(number: u32, original: u32, stan: u32) -> Record<'static> {
    Record::Advice {
        acquirer: ACQUIRER,
        link: LinkNumber(0),
        mti: Mti::of(0x1420),
        key: u128::from(number) << 64 | 1,
        check: 0,
        reference: u64::from(number) << 32,
        original: u64::from(original) << 32,
        action: 0x400,
        issuer: ISSUER,
        stan: Stan(stan),
        utc: 0,
        inputs: b"",
    }
}

pub(super) fn delivery(stan: u32) -> Record<'static> {
    let (issuer, stan, utc) = (ISSUER, Stan(stan), 0);
    Record::Delivery { issuer, stan, how: Delivery::Unknown, utc }
}

pub(super) fn written(record: &Record<'_>) -> Vec<u8> {
    let mut room = [0; 500];
    let length = record.write(&mut room).unwrap();
    room[..length].to_vec()
}

fn put(author: &mut Author, records: &[Record<'_>]) {
    let records: Vec<_> = records.iter().map(written).collect();
    let records: Vec<_> = records.iter().map(Vec::as_slice).collect();
    author.batch(&records);
}

/// Sale 100 in the first segment with its answer in the second and a reversal in the last one; sale 200
/// with the same trace number in the second; sale 300, not packed yet.
fn author() -> Author {
    let mut author = Author::begin();
    put(&mut author, &[decision(100, 7), decision(101, 8)]);
    author.roll_over();
    put(&mut author, &[settlement(8), settlement(7)]);
    put(&mut author, &[decision(200, 7), settlement(7), delivery(7)]);
    author.roll_over();
    put(&mut author, &[decision(300, 9)]);
    put(&mut author, &[reversal(400, 100, 10), settlement(9)]);
    author
}

/// A reader of it, with the first two segments packed and indexed.
fn reader(author: &mut Author) -> (Reader<SimulatedDisk>, SimulatedDisk) {
    let disk = author.disk();
    let keys = Arc::new(std::mem::replace(&mut author.keys, Author::begin().keys));
    let mut marker = Marker::new(KEY, Vec::new());
    for segment in [1, 2].map(SegmentNumber) {
        pack(&disk, &keys, segment, 5).unwrap();
        disk.remove(&Name::Segment(segment).to_string()).unwrap();
        let mut marks = |_: Position, record: &[u8], each: &mut dyn FnMut(index::Mark)| {
            marker.mark(record, each);
        };
        index::make(&disk, &keys, segment, 5, &mut marks, &mut |_| ()).unwrap();
    }
    let past = Past {
        disk: disk.clone(),
        keys,
        marker,
        keep: Duration::from_hours(35 * 24),
        patience: Duration::from_secs(2),
        wanted: Arc::default(),
        notes: notes::channel().0,
    };
    (Reader::new(past), disk)
}

fn original(number: u32) -> Question {
    Question::Original { reference: u64::from(number) << 32 }
}

fn known(number: u32) -> Question {
    Question::Known { key: u128::from(number) << 64 | 1 }
}

/// What each question is answered with, as the records.
fn answers(
    reader: &mut Reader<SimulatedDisk>,
    questions: &[Question],
    utc: u64,
) -> Vec<Vec<Vec<u8>>> {
    let searches = reader.look(questions.iter().copied(), utc).unwrap();
    let records = |found: Found| found.records().map(|record| written(&record.unwrap())).collect();
    searches.iter().map(|search| records(search.answer().unwrap())).collect()
}

fn expected(records: &[Record<'_>]) -> Vec<Vec<u8>> {
    records.iter().map(written).collect()
}

#[test]
fn what_is_asked_is_told_with_what_became_of_it_wherever_that_stands() {
    let questions =
        [original(100), known(101), original(200), known(300), original(999), known(400)];
    let answered = [
        expected(&[decision(100, 7), settlement(7), reversal(400, 100, 10)]),
        expected(&[decision(101, 8), settlement(8)]),
        expected(&[decision(200, 7), settlement(7), delivery(7)]),
        expected(&[decision(300, 9), settlement(9)]),
        vec![],
        expected(&[reversal(400, 100, 10)]),
    ];
    let mut author = author();
    let (mut reader, disk) = reader(&mut author);
    assert_eq!(answers(&mut reader, &questions, BEGUN), answered);
    for (question, answered) in questions.iter().zip(&answered) {
        assert_eq!(&answers(&mut reader, &[*question], BEGUN)[0], answered, "{question:?}");
    }
    // An index that is not as it was written is found out, made again on request, and not needed.
    let wanted = Arc::clone(&reader.past.wanted);
    assert_eq!(wanted.newest(), None);
    let name = Name::Index(SegmentNumber(2)).to_string();
    let mut content = disk.content(&name);
    content[5_000] ^= 1;
    disk.place(&name, &content);
    assert_eq!(answers(&mut reader, &questions, BEGUN), answered);
    assert_eq!(wanted.newest(), Some(SegmentNumber(2)));
}

#[test]
fn what_is_older_than_is_kept_is_not_looked_for() {
    let mut author = author();
    let (mut reader, _) = reader(&mut author);
    let day = 24 * 3_600;
    let late = |reader: &mut _, question, days: u64| {
        !answers(reader, &[question], BEGUN + days * day)[0].is_empty()
    };
    assert!(late(&mut reader, original(200), 34) && !late(&mut reader, original(200), 36));
    assert!(late(&mut reader, known(200), 6) && !late(&mut reader, known(200), 8));
    assert!(late(&mut reader, original(300), 36), "the end of the log is read anyway");
}
