//! What belongs to a transaction is told, and nothing of another one.

use switch_core::records::{Passed, Record, TakesBack};

use super::super::tests::{decision, delivery, reversal, settlement, written};
use super::*;

/// What is told of these records, by position from 1.
fn told(question: Question, records: &[Record<'_>]) -> Vec<u64> {
    let mut search = Search::new(question);
    for (position, record) in (1..).zip(records) {
        search.take(position, &written(record));
    }
    search.records.into_keys().collect()
}

fn original(number: u32) -> Question {
    Question::Original { reference: u64::from(number) << 32 }
}

#[test]
fn a_trace_number_that_is_used_again_ends_what_is_told() {
    let records = [
        settlement(7),
        decision(1, 7),
        decision(2, 8),
        settlement(8),
        settlement(7),
        decision(3, 7),
        settlement(7),
        reversal(4, 1, 9),
        delivery(7),
    ];
    assert_eq!(told(original(1), &records), [2, 5, 8]);
    assert_eq!(told(original(3), &records), [6, 7, 9]);
    assert!(told(original(0), &records).is_empty());
}

#[test]
fn of_two_with_the_same_name_the_later_one_is_told() {
    let records = [decision(1, 7), settlement(7), decision(1, 8), settlement(8)];
    assert_eq!(told(original(1), &records), [3, 4]);
}

#[test]
fn a_tombstone_is_told_where_no_request_is() {
    let mut tombstone = reversal(5, 1, 0);
    let Record::Advice { takes_back, .. } = &mut tombstone else { unreachable!() };
    *takes_back = TakesBack::Unseen;
    assert_eq!(told(original(1), &[tombstone, settlement(0)]), [1]);
    assert!(told(original(2), &[tombstone]).is_empty());
}

#[test]
fn what_is_more_than_can_be_told_is_not_told() {
    let mut search = Search::new(original(1));
    search.take(1, &written(&decision(1, 7)));
    for position in 2..257 {
        search.take(position, &written(&reversal(9, 1, 0)));
    }
    assert_eq!(search.answer().unwrap().records().count(), RECORDS_MAX);
    search.take(257, &written(&reversal(9, 1, 0)));
    assert!(search.answer().is_none());
}

/// The same about a trace number at a time.
fn about(mut record: Record<'_>, (number, at): (u32, u64)) -> Record<'_> {
    let Record::Advice { passed: Some(Passed { original, original_at, .. }), .. } = &mut record
    else {
        unreachable!()
    };
    (*original, *original_at) = (Stan(number), at);
    record
}

/// A reversal of ours about a trace number at a time, kept under another one.
fn queued((original, original_at): (u32, u64), stan: u32) -> Record<'static> {
    Record::Queued {
        issuer: StationNumber(1),
        stan: Stan(stan),
        acquirer: StationNumber(0),
        mti: codec::Mti::of(0x1420),
        original: Stan(original),
        original_at,
        takes_back: TakesBack::Whole,
        reason: 0x4021,
        utc: 0,
        frame: b"",
    }
}

fn acknowledged(stan: u32) -> Record<'static> {
    let (issuer, stan) = (StationNumber(1), Stan(stan));
    Record::Acknowledged { issuer, stan, action: 0x400, utc: 0 }
}

#[test]
fn what_is_kept_for_the_issuer_is_followed_until_its_number_is_used_again() {
    let records = [
        queued((7, 0), 20),
        decision(1, 7),
        queued((7, 1), 20),
        acknowledged(20),
        queued((8, 9), 20),
        acknowledged(20),
        decision(2, 7),
        queued((7, 2), 21),
        acknowledged(21),
    ];
    assert_eq!(told(original(1), &records), [2, 3, 4]);
    assert_eq!(told(original(2), &records), [7, 8, 9]);
}

#[test]
fn what_takes_back_what_had_the_number_before_is_told_of_that_one() {
    let records = [
        decision(1, 7),
        settlement(7),
        decision(2, 7),
        settlement(7),
        about(reversal(5, 9, 20), (7, 1)),
        acknowledged(20),
        about(reversal(6, 1, 22), (9, 9)),
        queued((7, 1), 7),
        acknowledged(7),
        queued((7, 2), 21),
        acknowledged(21),
    ];
    assert_eq!(told(original(1), &records), [1, 2, 5, 6, 7, 8, 9]);
    assert_eq!(told(original(2), &records), [3, 4, 10, 11]);
    let mut again = Search::new(original(1));
    for _ in 0..2 {
        for (position, record) in (1..).zip(&records) {
            again.take(position, &written(record));
        }
    }
    assert_eq!(again.records().map(|(at, _)| at).collect::<Vec<_>>(), [1, 2, 5, 6, 7, 8, 9]);
}

#[test]
fn an_advice_is_told_with_what_became_of_it() {
    let records = [queued((0, 0), 20), acknowledged(20), reversal(5, 99, 20), acknowledged(20)];
    let mut search = Search::new(original(5));
    for _ in 0..2 {
        for (position, record) in (1..).zip(&records) {
            search.take(position, &written(record));
        }
    }
    let told: Vec<u64> = search.records().map(|(position, _)| position).collect();
    assert_eq!(told, [3, 4]);
    let first = search.answer().unwrap();
    assert!(matches!(first.records().next(), Some(Ok(Record::Advice { .. }))));
}
