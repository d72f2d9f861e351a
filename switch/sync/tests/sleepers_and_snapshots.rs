//! The flag and the snapshots in ordinary runs; their orders are in `loom.rs`. Must use nothing but
//! the public interface.
#![cfg(not(loom))]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use switch_sync::{Published, Sleeper, lane};

#[test]
fn nobody_wakes_a_thread_that_is_awake() {
    let sleeper = Sleeper::new();
    assert!(!sleeper.should_wake());
    assert!(sleeper.may_sleep(|| false));
    sleeper.woke();
    assert!(!sleeper.should_wake());
}

#[test]
fn of_all_who_come_while_it_sleeps_one_wakes_it() {
    let sleeper = Sleeper::new();
    assert!(sleeper.may_sleep(|| false));
    assert!(sleeper.should_wake());
    assert!(!sleeper.should_wake());
}

#[test]
fn work_that_came_at_the_last_moment_keeps_it_awake() {
    let sleeper = Sleeper::new();
    assert!(!sleeper.may_sleep(|| true));
    assert!(!sleeper.should_wake());
}

#[test]
fn a_receiver_that_sleeps_whenever_it_can_gets_a_hundred_thousand_messages() {
    const MESSAGES: u64 = 100_000;
    let (mut sender, mut receiver) = lane(64 * 1024);
    let sleeper = Arc::new(Sleeper::new());
    let waker = Arc::clone(&sleeper);
    let owner = thread::current();
    let sending = thread::spawn(move || {
        for number in 0..MESSAGES {
            while sender.free() < 16 {
                thread::yield_now();
            }
            sender.reserve(8).unwrap().copy_from_slice(&number.to_le_bytes());
            sender.commit(8);
            sender.publish();
            if waker.should_wake() {
                owner.unpark();
            }
        }
    });
    let mut number = 0_u64;
    while number < MESSAGES {
        if let Some(message) = receiver.front() {
            assert_eq!(message, number.to_le_bytes());
            number += 1;
            receiver.pop();
            receiver.release();
        } else if sleeper.may_sleep(|| !receiver.is_empty()) {
            thread::park();
            sleeper.woke();
        }
    }
    sending.join().unwrap();
}

#[test]
fn a_reader_changes_over_when_it_asks_and_not_before() {
    let mut published = Published::new("first");
    let mut reader = published.reader();
    published.publish("second");
    published.publish("third");
    assert_eq!(published.current(), &"third");
    assert_eq!((reader.current(), reader.version()), (&"first", 0));
    assert!(reader.adopt());
    assert_eq!((reader.current(), reader.version()), (&"third", 2));
    assert!(!reader.adopt(), "nothing new");
    assert_eq!(published.reader().current(), &"third", "a late reader begins with the newest");
}

/// Tells where it is freed.
struct Table(mpsc::Sender<thread::ThreadId>);

impl Drop for Table {
    fn drop(&mut self) {
        let told = self.0.send(thread::current().id());
        assert!(told.is_ok() || thread::panicking(), "the test listens to the end");
    }
}

#[test]
fn a_version_is_freed_by_the_publisher_once_no_reader_has_it() {
    let (freed, frees) = mpsc::channel();
    let mut published = Published::new(Table(freed.clone()));
    let mut reader = published.reader();
    published.publish(Table(freed));
    assert_eq!(published.collect(), 1, "the reader has the first one");
    assert!(frees.try_recv().is_err());

    let reader = thread::spawn(move || {
        assert!(reader.adopt());
        reader
    })
    .join()
    .unwrap();
    assert!(frees.try_recv().is_err(), "the reader gave it up, and freed nothing");
    assert_eq!(published.collect(), 0);
    assert_eq!(frees.try_recv(), Ok(thread::current().id()));
    drop((reader, published));
}

#[test]
fn versions_do_not_pile_up_under_readers_that_keep_up() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    struct Counted;
    impl Counted {
        fn new() -> Self {
            ALIVE.fetch_add(1, Ordering::Relaxed);
            Self
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let mut published = Published::new(Counted::new());
    let mut readers = [published.reader(), published.reader()];
    for _ in 0..100 {
        published.publish(Counted::new());
        for reader in &mut readers {
            assert!(reader.adopt());
        }
        assert!(ALIVE.load(Ordering::Relaxed) <= 2);
    }
    assert_eq!(published.collect(), 0);
    assert_eq!(ALIVE.load(Ordering::Relaxed), 1);
}
