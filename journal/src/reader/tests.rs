//! Stories of reading: in order, from anywhere, while a writer writes, and around what was cut.

use super::*;
use crate::authoring::Author;
use crate::disk::DiskFile;
use crate::disk::simulated::SimulatedDisk;
use crate::format::BATCH_HEADER;

/// All records from a position on, as text.
fn read(author: &Author, from: u64) -> Vec<(u64, String)> {
    let disk = author.disk();
    let mut reader = Reader::open(&disk, Some(&author.keys), Position(from)).expect("opens");
    all(&mut reader)
}

fn all(reader: &mut Reader<'_, SimulatedDisk>) -> Vec<(u64, String)> {
    let mut all = Vec::new();
    while let Some(batch) = reader.next_batch().expect("whole") {
        for (position, record) in batch.records().expect("there are keys") {
            all.push((position.0, String::from_utf8_lossy(record).into_owned()));
        }
    }
    all
}

#[test]
fn records_come_in_order_from_any_position_over_all_segments() {
    let mut author = Author::begin();
    author.batch(&[b"one", b"two", b"three"]);
    author.batch(&[]);
    author.roll_over();
    author.batch(&[b"four", b""]);
    author.start();
    author.batch(&[b"six"]);
    let texts = ["one", "two", "three", "four", "", "six"];
    let expected: Vec<(u64, String)> = (1..).zip(texts.map(str::to_owned)).collect();
    for from in 0..=7 {
        let skip = usize::try_from(from).expect("small").saturating_sub(1);
        assert_eq!(read(&author, from), expected[skip..], "from {from}");
    }
}

#[test]
fn what_was_cut_is_left_out() {
    let mut author = Author::begin();
    author.batch(&[b"one"]);
    author.batch(&[b"torn"]);
    author.batch(&[b"behind it"]);
    let missing = author.image().flip(1);
    author.roll_over();
    author.batch(&[b"in a segment that is cut whole"]);
    author.start_again_at(&missing);
    author.batch(&[b"two"]);
    assert_eq!(read(&author, 1), [(1, "one".to_owned()), (2, "two".to_owned())]);
    // The torn one turns out to be whole: it stays cut.
    author.segments[0].flip(1);
    assert_eq!(read(&author, 1), [(1, "one".to_owned()), (2, "two".to_owned())]);
}

#[test]
fn without_keys_there_are_headers_only() {
    let mut author = Author::begin();
    author.batches(2);
    let disk = author.disk();
    let mut reader = Reader::open(&disk, None, Position(1)).expect("opens");
    let batch = reader.next_batch().expect("whole").expect("there");
    assert_eq!((batch.header.count, batch.records().is_some()), (1, false));
}

#[test]
fn a_reader_at_the_end_goes_on_when_more_is_written() {
    let mut author = Author::begin();
    let disk = author.disk();
    let Author { keys, .. } = Author::begin();
    let mut reader = Reader::open(&disk, Some(&keys), Position(1)).expect("opens");
    assert_eq!(all(&mut reader), []);
    for round in 1..=4 {
        author.batches(1);
        if round == 3 {
            author.roll_over();
            let image = author.image();
            disk.place(&image.name.clone(), &image.bytes);
            author.batches(1);
        }
        for image in &author.segments {
            let file = disk.open(&image.name, true).expect("there");
            file.write_at(0, &image.bytes).expect("written");
            file.sync().expect("durable");
        }
        let read = all(&mut reader);
        assert_eq!(read.len(), if round == 3 { 2 } else { 1 }, "{round}: {read:?}");
    }
}

#[test]
fn who_follows_a_log_reads_what_is_durable_and_nothing_behind_it() {
    let mut author = Author::begin();
    let disk = author.disk();
    let Author { keys, .. } = Author::begin();
    let mut reader = Reader::open(&disk, Some(&keys), Position(1)).expect("opens");
    let mut read = 0;
    for round in 1..=6 {
        author.batches(2);
        if round == 4 {
            author.roll_over();
            author.batches(2);
            let image = author.image();
            disk.place(&image.name.clone(), &image.bytes);
        }
        for image in &author.segments {
            let file = disk.open(&image.name, true).expect("there");
            file.write_at(0, &image.bytes).expect("written");
            file.sync().expect("durable");
        }
        let written = author.image().batches.last().map(|(_, header)| header.last_position());
        let written = written.expect("some").0;
        // The reader begins by what there is.
        let durable = if round == 1 { written } else { written - 1 };
        while let Some(batch) = reader.next_durable(Position(durable)).expect("whole") {
            assert_eq!(batch.header.first_position.0, read + 1, "one behind the other");
            read = batch.header.last_position().0;
        }
        assert_eq!(read, durable, "round {round}");
    }
    assert_eq!(all(&mut reader).len(), 1, "what is not durable yet is there all the same");
}

#[test]
fn damage_in_the_middle_is_said_and_a_torn_tail_is_the_end() {
    let mut author = Author::begin();
    author.batches(3);
    author.image().flip(1);
    let disk = author.disk();
    let mut reader = Reader::open(&disk, Some(&author.keys), Position(1)).expect("opens");
    assert!(reader.next_batch().expect("whole").is_some());
    let problem = reader.next_batch().map(|batch| batch.is_some()).expect_err("damaged");
    assert!(matches!(problem, Problem::Damaged(_, Found::WrongSum)), "{problem}");
    author.image().flip(1);
    author.image().flip(2);
    assert_eq!(read(&author, 1).len(), 2);
}

#[test]
fn records_before_the_first_segment_are_gone() {
    let mut author = Author::begin();
    author.batches(3);
    author.roll_over();
    author.batches(1);
    author.segments.remove(0);
    let gone = Reader::open(&author.disk(), None, Position(3)).err().expect("gone");
    assert!(matches!(gone, Problem::Gone { first: Position(4) }), "{gone}");
    assert_eq!(read(&author, 4).len(), 1);
}

#[test]
fn long_segments_are_read_as_short_ones() {
    let mut author = Author::begin();
    let record = vec![b'x'; 50_000];
    for _ in 0..4 {
        author.batch(&[&record]);
    }
    let end = author.segments[0].batches.last().map(|(at, header)| at + header.size());
    assert!(end.expect("there") > 4 * (50_000 + BATCH_HEADER));
    assert_eq!(read(&author, 1).len(), 4);
}
