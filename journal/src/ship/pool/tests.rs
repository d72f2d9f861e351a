//! A pool that is empty, and buffers that come back. Knows no batch.

use std::sync::mpsc;
use std::thread;

use super::*;

#[test]
fn an_empty_pool_says_so_until_the_last_holder_of_a_buffer_is_gone() {
    let mut pool = Pool::new(2, 8);
    let first = pool.take(b"one").expect("free");
    let again = first.clone();
    let _second = pool.take(b"two").expect("free");
    assert_eq!((pool.take(b"three"), pool.free()), (None, 0));
    drop(first);
    assert_eq!(pool.take(b"three"), None, "somebody still reads it");
    assert_eq!(*again, *b"one");
    drop(again);
    let third = pool.take(b"three").expect("it is free again");
    assert_eq!(*third, *b"three");
}

#[test]
fn buffers_are_allocated_when_they_are_needed_and_then_no_more() {
    let mut pool = Pool::new(4, 4_096);
    assert_eq!(pool.allocated(), 0);
    for _ in 0..4 {
        drop(pool.take(&[7; 4_096]).expect("free"));
    }
    let all = pool.allocated();
    assert_eq!(all, 4 * 4_096, "each is as long as what it carried");
    for length in (0..4_096).step_by(97) {
        drop(pool.take(&vec![1; length]).expect("free"));
    }
    assert_eq!(pool.allocated(), all);
}

#[test]
fn a_buffer_that_is_filled_piece_by_piece_takes_no_more_than_was_said() {
    let mut pool = Pool::new(1, 8);
    let mut filling = pool.begin(5).expect("free");
    assert!(pool.begin(1).is_none(), "there is only one");
    assert_eq!((filling.add(b"abc"), filling.missing()), (3, 2));
    assert_eq!((filling.add(b"defg"), filling.missing()), (2, 0));
    let parcel = pool.finish(filling);
    assert_eq!(*parcel, *b"abcde");
}

#[test]
fn what_one_thread_takes_another_one_gives_back() {
    let mut pool = Pool::new(3, 64);
    let (to, from) = mpsc::sync_channel::<Parcel>(8);
    let reader = thread::spawn(move || from.iter().map(|parcel| u64::from(parcel[0])).sum::<u64>());
    let mut sent = 0;
    while sent < 1_000_u64 {
        let byte = u8::try_from(sent % 251).expect("a byte");
        match pool.take(&[byte; 64]) {
            Some(parcel) => {
                to.send(parcel).expect("it listens");
                sent += 1;
            }
            None => thread::yield_now(),
        }
    }
    drop(to);
    let expected: u64 = (0..1_000).map(|number| number % 251).sum();
    assert_eq!(reader.join().expect("ended"), expected);
    assert_eq!((pool.free(), pool.allocated()), (3, 3 * 64));
}

#[test]
#[should_panic(expected = "9 bytes, and a buffer has 8")]
fn more_than_a_buffer_may_have_is_our_own_bug() {
    drop(Pool::new(1, 8).take(&[0; 9]));
}
