//! The past is told the same from an index, from an archive without one, and from the end of the log.

use std::sync::atomic::{AtomicU64, Ordering};

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
use switch_core::records::{Delivery, Passed, Record, TakesBack};
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
    let passed = Passed {
        mti: Mti::of(0x1420),
        original: Stan(0),
        original_at: 0,
        reason: 0x4000,
        frame: b"",
    };
    Record::Advice {
        acquirer: ACQUIRER,
        link: LinkNumber(0),
        mti: Mti::of(0x1420),
        key: u128::from(number) << 64 | 1,
        check: 0,
        reference: u64::from(number) << 32,
        original: u64::from(original) << 32,
        original_key: 0,
        action: 0x400,
        issuer: ISSUER,
        stan: Stan(stan),
        takes_back: TakesBack::Whole,
        utc: 0,
        passed: Some(passed).filter(|_| stan != 0),
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
        let mut marks = |at: Position, record: &[u8], each: &mut dyn FnMut(index::Mark)| {
            marker.mark(at, record, each);
        };
        index::make(&disk, &keys, segment, 5, &mut marks, &mut |_| ()).unwrap();
    }
    let past = Past {
        disk: disk.clone(),
        keys,
        marker,
        keep: Duration::from_hours(35 * 24),
        tunings: Arc::default(),
        wanted: Arc::default(),
        notes: notes::channel().0,
        sight: Arc::default(),
    };
    let reader = Reader::new(past);
    reader.limit.begin(Time(u64::MAX));
    (reader, disk)
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
    let searches = reader.look(questions.iter().copied(), utc).unwrap().searches;
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
    assert_eq!(wanted.next(), None);
    let name = Name::Index(SegmentNumber(2)).to_string();
    let mut content = disk.content(&name);
    content[5_000] ^= 1;
    disk.place(&name, &content);
    assert_eq!(answers(&mut reader, &questions, BEGUN), answered);
    assert_eq!(wanted.next(), Some(SegmentNumber(2)));
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

#[test]
fn what_a_part_that_is_not_there_may_have_told_is_not_answered_and_all_else_is() {
    let questions = [original(100), known(101), original(200), known(300), original(999)];
    let whole = |found: &[Record<'_>]| Some(expected(found));
    let mut author = author();
    let (mut reader, disk) = reader(&mut author);
    let told = |reader: &mut Reader<SimulatedDisk>| {
        let looked = reader.look(questions.iter().copied(), BEGUN).unwrap();
        let records = |search: &Search| {
            let found = search.answer()?;
            Some(found.records().map(|record| written(&record.unwrap())).collect::<Vec<_>>())
        };
        let problems: Vec<_> = looked.problems.iter().map(ToString::to_string).collect();
        (looked.searches.iter().map(records).collect::<Vec<_>>(), problems)
    };
    // The second segment is not there: what became of 100 and 101 is not known, nor whether there was
    // a 999. What begins later is.
    let name = Name::Archive(SegmentNumber(2)).to_string();
    let content = disk.content(&name);
    disk.remove(&name).unwrap();
    let (answers, problems) = told(&mut reader);
    let later = whole(&[decision(300, 9), settlement(9)]);
    assert_eq!(answers, [None, None, None, later.clone(), None]);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].starts_with(&name), "{problems:?}");
    // The first one is not whole: nothing of the second is told less.
    disk.place(&name, &content);
    let name = Name::Archive(SegmentNumber(1)).to_string();
    let mut content = disk.content(&name);
    content[4_100] ^= 1;
    disk.place(&name, &content);
    let (answers, problems) = told(&mut reader);
    let second = whole(&[decision(200, 7), settlement(7), delivery(7)]);
    assert_eq!(answers, [None, None, second, later, None]);
    assert_eq!(problems.len(), 1);
}

#[test]
fn a_look_that_nobody_waits_for_any_more_is_given_up() {
    let mut author = author();
    let (mut reader, disk) = reader(&mut author);
    disk.remove(&Name::Index(SegmentNumber(1)).to_string()).unwrap();
    let steps = Arc::new(AtomicU64::new(0));
    let mut most = 0;
    for allowed in 0.. {
        let taken = Arc::clone(&steps);
        taken.store(0, Ordering::Relaxed);
        reader.shelf.stop_when(move || taken.fetch_add(1, Ordering::Relaxed) >= allowed);
        let looked = reader.look([original(100), known(101)].into_iter(), BEGUN);
        match looked {
            Err(Problem::Stopped) => {
                let more = steps.load(Ordering::Relaxed) - allowed;
                assert!(more <= 2, "it goes on for {more} steps");
            }
            Err(problem) => panic!("{problem}"),
            Ok(_) => {
                most = allowed;
                break;
            }
        }
    }
    assert!(most > 5, "{most} looks at the clock");
}

#[test]
fn that_the_past_can_not_be_read_is_told_once_and_so_is_that_it_can() {
    let mut author = author();
    let (mut reader, _) = reader(&mut author);
    let (notes, told) = notes::channel();
    reader.past.notes = notes;
    let sight = Arc::clone(&reader.past.sight);
    let mut tell = |problem: Option<&Problem>| {
        reader.tell(problem);
        let told = told.notes.try_iter().map(|(_, note)| {
            let Note::PastNotRead { problem } = note else { panic!("{note:?}") };
            problem.map(String::from)
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(tell(None), []);
    let damaged = Problem::Damaged(Name::Archive(SegmentNumber(2)), journal::scan::Found::Missing);
    assert_eq!(tell(Some(&damaged)), [Some(damaged.to_string())]);
    assert_eq!(sight.problem(), Some(damaged.to_string()));
    assert_eq!(tell(Some(&damaged)), []);
    let [Some(late)] = &tell(Some(&Problem::Stopped))[..] else { panic!("something else") };
    assert!(late.contains("2000 ms"), "{late}");
    assert_eq!(tell(None), [None]);
    assert_eq!(sight.problem(), None);
}
