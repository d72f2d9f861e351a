//! The atomics of this crate under the model checker, each pair in every order that the memory model
//! allows: `RUSTFLAGS="--cfg loom" cargo test -p switch-sync --test loom --release`.
//! Must stay small: the orders grow with the factorial of the steps.
#![cfg(loom)]

use loom::sync::{Arc, Notify};
use loom::thread;
use switch_sync::{LaneReceiver, LaneSender, Published, Sleeper, lane, wiping_lane};

/// Stands for an eventfd: rung once, it wakes whoever waits now or next, who may also wake for another
/// reason. If nobody ever rings, the model ends with "deadlock".
type Bell = Notify;

fn send(sender: &mut LaneSender, message: &[u8]) {
    loop {
        if let Some(room) = sender.reserve(message.len()) {
            room.copy_from_slice(message);
            break sender.commit(message.len());
        }
        thread::yield_now();
    }
}

fn receive(receiver: &mut LaneReceiver, expected: &[u8]) {
    loop {
        if let Some(message) = receiver.front() {
            assert_eq!(message, expected);
            break receiver.pop();
        }
        thread::yield_now();
    }
}

/// At most this many switches away from a thread that could run on: enough for every known bug of
/// such rings, and finite.
fn model(preemptions: usize, story: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(story);
}

#[test]
fn each_message_arrives_whole_and_in_order_while_the_ring_comes_round() {
    model(3, || {
        let (mut sender, mut receiver) = lane(32);
        let writer = thread::spawn(move || {
            for number in 1..=3_u8 {
                send(&mut sender, &[number; 8]);
                sender.publish();
            }
        });
        for number in 1..=3_u8 {
            receive(&mut receiver, &[number; 8]);
            receiver.release();
        }
        writer.join().unwrap();
    });
}

#[test]
fn a_skip_at_the_end_of_the_ring_is_written_only_over_what_was_given_back() {
    model(3, || {
        let (mut sender, mut receiver) = wiping_lane(64);
        let writer = thread::spawn(move || {
            // 16 bytes and 32; then 32 do not fit into the last 16.
            send(&mut sender, &[1; 8]);
            sender.publish();
            send(&mut sender, &[2; 24]);
            sender.publish();
            send(&mut sender, &[3; 24]);
            sender.publish();
        });
        receive(&mut receiver, &[1; 8]);
        receiver.release();
        receive(&mut receiver, &[2; 24]);
        receiver.release();
        receive(&mut receiver, &[3; 24]);
        writer.join().unwrap();
    });
}

#[test]
fn several_messages_shown_by_one_publish_are_given_back_by_one_release() {
    model(3, || {
        let (mut sender, mut receiver) = lane(32);
        let writer = thread::spawn(move || {
            send(&mut sender, &[1; 8]);
            send(&mut sender, &[2; 8]);
            sender.publish();
            send(&mut sender, &[3; 8]);
            sender.publish();
        });
        receive(&mut receiver, &[1; 8]);
        receive(&mut receiver, &[2; 8]);
        receiver.release();
        receive(&mut receiver, &[3; 8]);
        writer.join().unwrap();
    });
}

#[test]
fn no_wake_up_is_lost() {
    model(3, || {
        let (mut sender, mut receiver) = lane(32);
        let shared = Arc::new((Sleeper::new(), Bell::new()));
        let waker = Arc::clone(&shared);
        let writer = thread::spawn(move || {
            for number in 1..=2_u8 {
                send(&mut sender, &[number; 8]);
                sender.publish();
                if waker.0.should_wake() {
                    waker.1.notify();
                }
            }
        });
        let (sleeper, bell) = &*shared;
        for number in 1..=2_u8 {
            while receiver.is_empty() {
                if sleeper.may_sleep(|| !receiver.is_empty()) {
                    bell.wait();
                    sleeper.woke();
                }
            }
            receive(&mut receiver, &[number; 8]);
        }
        writer.join().unwrap();
    });
}

#[test]
fn of_two_who_hand_over_at_once_one_wakes_the_owner_and_neither_is_overlooked() {
    model(3, || {
        let shared = Arc::new((Sleeper::new(), Bell::new()));
        let mut receivers = Vec::new();
        let mut writers = Vec::new();
        for number in 1..=2_u8 {
            let (mut sender, receiver) = lane(32);
            let waker = Arc::clone(&shared);
            receivers.push(receiver);
            writers.push(thread::spawn(move || {
                send(&mut sender, &[number; 8]);
                sender.publish();
                if waker.0.should_wake() {
                    waker.1.notify();
                }
            }));
        }
        let (sleeper, bell) = &*shared;
        let mut received = 0;
        while received < 2 {
            let mut idle = true;
            for receiver in &mut receivers {
                if receiver.front().is_some() {
                    receiver.pop();
                    received += 1;
                    idle = false;
                }
            }
            if idle && sleeper.may_sleep(|| receivers.iter_mut().any(|lane| !lane.is_empty())) {
                bell.wait();
                sleeper.woke();
            }
        }
        for writer in writers {
            writer.join().unwrap();
        }
    });
}

/// A table whose memory must be given back by the thread that published it.
struct Table {
    number: u64,
    publisher: thread::ThreadId,
}

impl Drop for Table {
    fn drop(&mut self) {
        assert_eq!(thread::current().id(), self.publisher, "freed by a reader");
    }
}

#[test]
fn a_reader_sees_versions_whole_and_forward_and_frees_none() {
    model(3, || {
        let publisher = thread::current().id();
        let mut published = Published::new(Table { number: 0, publisher });
        let mut reader = published.reader();
        let reading = thread::spawn(move || {
            let mut last = 0;
            for _ in 0..2 {
                reader.adopt();
                assert_eq!(reader.current().number, reader.version());
                assert!(reader.version() >= last, "back to an older version");
                last = reader.version();
            }
            reader
        });
        published.publish(Table { number: 1, publisher });
        published.publish(Table { number: 2, publisher });
        let mut reader = reading.join().unwrap();
        reader.adopt();
        assert_eq!(reader.current().number, 2);
        assert_eq!(published.collect(), 0, "nobody holds an old version");
        drop(reader);
    });
}
