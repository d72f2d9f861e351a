//! The box of the thread `ship`, and the tap.

use journal::format::{BLOCK, BatchNumber, Epoch};
use mio::{Poll, Token};

use super::*;

fn mark(batch: u64) -> Mark {
    Mark {
        epoch: Epoch(2),
        batch: BatchNumber(batch),
        position: Position(batch * 10),
        tag: [7; 16],
    }
}

fn ship() -> (Arc<Ship>, Poll) {
    let poll = Poll::new().unwrap();
    let waker = Waker::new(poll.registry(), Token(0)).unwrap();
    (Arc::new(Ship::new(waker, Shown::default(), None)), poll)
}

fn said(ship: &Ship) -> String {
    let events = ship.take().events;
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are shown as they are")]
    let words = events.iter().map(|event| match event {
        Event::Framed { end, item } => {
            let bytes =
                item.as_ref().map_or("no bytes".to_owned(), |item| format!("{:?}", item.bytes));
            format!("framed {} {bytes}", end.batch.0)
        }
        Event::Durable(mark) => format!("durable {}", mark.batch.0),
        Event::Received(mark) => format!("received {}", mark.batch.0),
        other => format!("{other:?}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[test]
fn what_is_framed_comes_with_its_bytes_only_where_they_are_wanted() {
    let (ship, _poll) = ship();
    let mut tap = ship.tap(mark(4));
    tap(Framed::Segment(&[1; BLOCK]));
    tap(Framed::Batch(mark(5), &[2; 8_192]));
    assert_eq!(said(&ship), "framed 5 no bytes", "merged");
    ship.wants(Wants { bytes: true, ..Wants::default() });
    tap(Framed::Segment(&[1; BLOCK]));
    tap(Framed::Batch(mark(6), &[2; 8_192]));
    tap(Framed::Batch(mark(7), &[2; 4_096]));
    assert_eq!(
        said(&ship),
        "framed 5 4096 bytes, framed 6 8192 bytes, framed 7 4096 bytes",
        "never merged"
    );
}

#[test]
fn without_a_free_buffer_a_batch_is_told_without_its_bytes_and_in_sync_it_waits_before() {
    let (ship, _poll) = ship();
    ship.wants(Wants { bytes: true, durable: false, requires: true });
    let mut tap = ship.tap(mark(0));
    let mut under_way = Vec::new();
    let mut batch = 1;
    while ship.has_room() {
        tap(Framed::Batch(mark(batch), &[2; 4_096]));
        batch += 1;
        under_way.extend(ship.take().events);
    }
    assert_eq!(batch, 64, "one buffer is left for the block of a segment");
    ship.wants(Wants { bytes: true, durable: false, requires: false });
    assert!(ship.has_room(), "alone nobody waits");
    tap(Framed::Batch(mark(batch), &[2; 4_096]));
    under_way.extend(ship.take().events);
    tap(Framed::Batch(mark(batch + 1), &[2; 4_096]));
    assert_eq!(said(&ship), "framed 65 no bytes");
    drop(under_way);
    ship.wants(Wants { bytes: true, durable: false, requires: true });
    assert!(ship.has_room());
}

#[test]
fn what_only_the_newest_of_says_something_takes_one_place() {
    let (ship, _poll) = ship();
    let mut tap = ship.tap(mark(0));
    for batch in 1..1_000 {
        tap(Framed::Batch(mark(batch), &[2; 4_096]));
        ship.durable(mark(batch));
    }
    assert_eq!(said(&ship), "framed 999 no bytes, durable 999");
    for batch in 1..1_000 {
        ship.tell(Event::Received(mark(batch)));
    }
    ship.tell(Event::Durable(mark(999)));
    assert_eq!(said(&ship), "received 999, durable 999");
}

#[test]
fn what_is_durable_wakes_nobody_unless_somebody_waits_for_it() {
    let (ship, _poll) = ship();
    ship.durable(mark(1));
    assert!(ship.may_sleep());
    ship.woke();
    ship.wants(Wants { durable: true, ..Wants::default() });
    assert!(!ship.may_sleep());
    drop(ship.take());
    assert!(ship.may_sleep());
    ship.woke();
    ship.tell(Event::Tick);
    assert!(!ship.may_sleep());
}

#[test]
fn a_wish_beyond_the_most_is_answered_by_nobody() {
    let (ship, _poll) = ship();
    let mut waiting = Vec::new();
    waiting.resize_with(WISHES_MAX, || ship.wish(Wish::SwitchOver));
    let beyond = ship.wish(Wish::SwitchOver);
    assert!(beyond.recv().is_err(), "at once");
    for (_, answer) in ship.take().wishes {
        answer.send(Ok(Done::Demoted)).unwrap();
    }
    assert!(waiting.iter().all(|answered| answered.recv() == Ok(Ok(Done::Demoted))));
}
