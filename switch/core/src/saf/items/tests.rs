//! Who is sent next, and who waits for whom. Knows no message.

use alloc::vec;

use super::*;

const X: StationId = StationId(1);

fn made(original: u32, original_at: u64, utc: u64) -> Made {
    Made {
        acquirer: StationNumber(0),
        mti: Mti::of(0x1420),
        original: Stan(original),
        original_at,
        reason: 0x4021,
        utc,
    }
}

fn items(all: &[(u32, u32, u64)]) -> Items {
    let mut items = Items::new(3);
    for &(stan, original, time) in all {
        assert!(items.take_in((X, Stan(stan)), made(original, time, 7), b"frame", 0));
    }
    items
}

fn next(items: &Items) -> Option<u32> {
    items.queue(X).next().map(|(_, stan)| stan.0)
}

#[test]
fn what_a_worker_tells_of_an_item_reads_back() {
    let mut out = [0; 64];
    let len = made(5, 6, 7).write(b"frame", &mut out);
    assert_eq!(Made::read(&out[..len]), Some((made(5, 6, 7), &b"frame"[..])));
    assert_eq!(Made::read(&out[..Made::HEAD - 1]), None);
}

#[test]
fn items_are_sent_in_the_order_in_which_they_came() {
    let mut items = items(&[(30, 1, 0), (20, 2, 0), (10, 3, 0)]);
    for expected in [30, 20, 10] {
        assert_eq!(next(&items), Some(expected));
        items.change(X, Stan(expected), |item| (item.stage, item.sends) = (Stage::Leaving, 1));
    }
    assert_eq!((next(&items), items.queue(X).outstanding()), (None, 3));
}

#[test]
fn of_one_transaction_only_the_first_is_sent_until_it_is_done() {
    // A completion of transaction 5, the reversal of that completion, and of another transaction 5.
    let at = made(0, 0, 7).sent_at();
    let mut items = items(&[(10, 5, 100), (11, 10, at), (12, 5, 200), (13, 10, at + 1)]);
    let stage = |items: &Items, stan| items.of(X, Stan(stan)).unwrap().stage;
    assert_eq!(stage(&items, 11), Stage::Behind);
    assert_eq!(stage(&items, 12), Stage::Waiting);
    assert_eq!(stage(&items, 13), Stage::Waiting, "it is about what had that number before");
    items.change(X, Stan(10), |item| item.stage = Stage::Parked);
    assert_eq!(stage(&items, 11), Stage::Behind);
    assert!(items.remove(X, Stan(10)) && !items.remove(X, Stan(10)));
    assert_eq!((stage(&items, 11), items.queue(X).len()), (Stage::Waiting, (3, 0)));
}

#[test]
fn an_issuer_has_its_own_items_and_those_of_no_other() {
    let mut items = items(&[(999_999, 1, 0), (1, 2, 0)]);
    for (issuer, stan) in [(StationId(0), 999_999), (StationId(2), 1)] {
        assert!(items.take_in((issuer, Stan(stan)), made(0, 0, 7), b"frame", 0));
    }
    let of = |issuer| items.queue(issuer).by_age((0, Stan(0))).map(|(_, stan)| stan.0);
    assert!(of(StationId(0)).eq([999_999]) && of(StationId(2)).eq([1]));
    assert!(of(X).eq([1, 999_999]));
    assert!(!items.queue(X).is_empty() && items.iter().count() == 4);
}

#[test]
fn what_was_sent_in_vain_waits_for_its_time_and_for_the_pace() {
    let mut items = items(&[(10, 1, 0), (11, 2, 0)]);
    items.change(X, Stan(10), |item| {
        (item.stage, item.due, item.sends) = (Stage::Waiting, Time(60), 1);
    });
    assert_eq!(next(&items), Some(11));
    items.change(X, Stan(11), |item| {
        (item.stage, item.due, item.sends) = (Stage::Awaited, Time(9), 1);
    });
    assert_eq!(items.queue(X).next(), Some((Time(60), Stan(10))));
    items.queue_mut(X).next_again = Time(70);
    assert_eq!(items.queue(X).next(), Some((Time(70), Stan(10))));
    assert_eq!(items.queue(X).silent(Time(8)), None);
    assert_eq!(items.queue(X).silent(Time(9)), Some(Stan(11)));
}

#[test]
fn a_stan_is_one_item() {
    let mut items = items(&[(10, 1, 0)]);
    assert!(!items.take_in((X, Stan(10)), made(2, 0, 7), b"other", 0));
    assert_eq!(items.of(X, Stan(10)).unwrap().made.original, Stan(1));
}

#[test]
fn what_is_kept_is_counted_and_walked_by_age_without_a_look_at_each() {
    let mut items = Items::new(2);
    for (stan, utc) in [(30, 5), (20, 5), (10, 9)] {
        assert!(items.take_in((X, Stan(stan)), made(0, 0, utc), b"frame", 0));
    }
    let ages = |items: &Items, after| -> Vec<u32> {
        items.queue(X).by_age(after).map(|(_, stan)| stan.0).collect()
    };
    let stopped =
        |items: &Items| -> Vec<u32> { items.queue(X).stopped().map(|(_, stan)| stan.0).collect() };
    assert_eq!(ages(&items, (0, Stan(0))), [20, 30, 10]);
    assert_eq!(ages(&items, (5, Stan(20))), [30, 10]);
    items.change(X, Stan(10), |item| (item.stage, item.failures) = (Stage::Parked, 1));
    items.change(X, Stan(20), |item| (item.stage, item.failures) = (Stage::Held, 3));
    items.change(X, Stan(30), |item| item.failures = 3);
    let queue = items.queue(X);
    assert_eq!((queue.len(), queue.held(), stopped(&items)), ((3, 2), 1, vec![20, 10]));
    assert_eq!([1, 2, 3, 4].map(|times| queue.in_vain(times)), [3, 2, 2, 0]);
    items.change(X, Stan(20), |item| (item.stage, item.failures) = (Stage::Waiting, 0));
    assert!(items.remove(X, Stan(30)));
    let queue = items.queue(X);
    assert_eq!((queue.len(), queue.held(), stopped(&items)), ((2, 1), 0, vec![10]));
    assert_eq!([1, 2].map(|times| queue.in_vain(times)), [1, 0]);
    assert_eq!(ages(&items, (0, Stan(0))), [20, 10]);
    assert_eq!(items.queue(StationId(0)).len(), (0, 0));
}
