//! Lanes, one step at a time and under load. Must use nothing but the public interface.
#![cfg(not(loom))]

use std::thread;

use switch_sync::{LaneReceiver, LaneSender, lane, wiping_lane};

fn send(sender: &mut LaneSender, message: &[u8]) -> bool {
    let Some(room) = sender.reserve(message.len()) else { return false };
    room.copy_from_slice(message);
    sender.commit(message.len());
    true
}

fn receive(receiver: &mut LaneReceiver) -> Option<Vec<u8>> {
    let message = receiver.front()?.to_vec();
    receiver.pop();
    Some(message)
}

#[test]
fn a_message_is_seen_after_the_publish_and_not_before() {
    let (mut sender, mut receiver) = lane(64);
    assert!(send(&mut sender, b"1100"));
    assert!(receiver.is_empty());
    sender.publish();
    assert!(!receiver.is_empty());
    assert_eq!(receiver.front(), Some(&mut b"1100".to_owned()[..]));
    assert_eq!(receive(&mut receiver).unwrap(), b"1100");
    assert_eq!(receiver.front(), None);
}

#[test]
fn messages_of_every_length_come_out_as_they_went_in() {
    let (mut sender, mut receiver) = lane(256);
    for length in (0..=120).chain((0..=120).rev()) {
        let message: Vec<u8> = (0..length).map(|place| place ^ length).collect();
        assert!(send(&mut sender, &message), "length {length}");
        sender.publish();
        assert_eq!(receive(&mut receiver).unwrap(), message);
        receiver.release();
    }
}

#[test]
fn a_full_lane_refuses_and_has_room_again_after_the_release() {
    let (mut sender, mut receiver) = lane(64);
    // Each takes sixteen bytes.
    for number in 0..4 {
        assert!(send(&mut sender, &[number; 8]));
    }
    assert_eq!((sender.used(), sender.free()), (64, 0));
    assert!(!send(&mut sender, b""), "not even an empty one");
    sender.publish();

    assert_eq!(receive(&mut receiver).unwrap(), [0; 8]);
    assert!(!send(&mut sender, &[4; 8]), "popped, but not released");
    receiver.release();
    assert_eq!(sender.free(), 16);
    assert!(send(&mut sender, &[4; 8]));
    assert!(!send(&mut sender, &[5; 8]));
    sender.publish();
    for number in 1..=4 {
        assert_eq!(receive(&mut receiver).unwrap(), [number; 8]);
    }
    assert!(receiver.is_empty());
}

#[test]
fn the_longest_message_fits_into_an_empty_lane_wherever_it_begins() {
    for begin in 0..32_usize {
        let (mut sender, mut receiver) = lane(256);
        for _ in 0..begin {
            assert!(send(&mut sender, b""));
            sender.publish();
            assert_eq!(receive(&mut receiver).unwrap(), b"");
            receiver.release();
        }
        assert_eq!(sender.message_max(), 120);
        assert!(send(&mut sender, &[7; 120]), "begins at {}", begin * 8);
        sender.publish();
        assert_eq!(receive(&mut receiver).unwrap(), [7; 120]);
    }
}

#[test]
#[should_panic(expected = "121 bytes do not fit into this lane")]
fn one_byte_more_than_the_longest_is_a_bug() {
    let _room = lane(256).0.reserve(121);
}

#[test]
fn a_message_that_would_wrap_leaves_out_the_end_of_the_ring() {
    let (mut sender, mut receiver) = lane(64);
    assert!(send(&mut sender, &[1; 24]));
    assert!(send(&mut sender, &[2; 8]));
    sender.publish();
    assert_eq!(receive(&mut receiver).unwrap(), [1; 24]);
    receiver.release();
    // 48 used, 16 to the end: one that takes 16 fits there, one that takes 24 must skip.
    assert_eq!(sender.free(), 48);
    assert!(send(&mut sender, &[3; 16]));
    assert_eq!(sender.used(), 16 + 16 + 24);
    sender.publish();
    assert_eq!(receive(&mut receiver).unwrap(), [2; 8]);
    assert_eq!(receive(&mut receiver).unwrap(), [3; 16]);
    receiver.release();
    assert_eq!(sender.free(), 64, "the skip is given back too");
}

#[test]
fn less_than_was_reserved_may_be_committed() {
    let (mut sender, mut receiver) = lane(64);
    sender.reserve(24).unwrap()[..3].copy_from_slice(b"abc");
    sender.commit(3);
    assert_eq!(sender.used(), 16);
    sender.publish();
    assert_eq!(receive(&mut receiver).unwrap(), b"abc");
}

#[test]
fn a_reservation_given_up_leaves_no_trace() {
    let (mut sender, mut receiver) = lane(64);
    assert!(sender.reserve(24).is_some());
    assert!(send(&mut sender, b"x"));
    sender.publish();
    assert_eq!(receive(&mut receiver).unwrap(), b"x");
    assert_eq!(receive(&mut receiver), None);
}

#[test]
#[should_panic(expected = "a commit follows a reserve")]
fn a_commit_without_a_reservation_is_a_bug() {
    let (mut sender, _receiver) = lane(64);
    assert!(send(&mut sender, b"x"));
    sender.commit(1);
}

#[test]
#[should_panic(expected = "9 bytes committed of 8 reserved")]
fn to_commit_more_than_was_reserved_is_a_bug() {
    let (mut sender, _receiver) = lane(64);
    assert!(sender.reserve(8).is_some());
    sender.commit(9);
}

#[test]
#[should_panic(expected = "a pop follows a front")]
fn a_pop_without_a_message_is_a_bug() {
    lane(64).1.pop();
}

#[test]
#[should_panic(expected = "not 48")]
fn a_capacity_that_is_no_power_of_two_is_a_bug() {
    drop(lane(48));
}

#[test]
fn a_wiping_lane_leaves_no_byte_of_a_popped_message() {
    let (mut sender, mut receiver) = wiping_lane(64);
    assert!(send(&mut sender, b"track 2!"));
    sender.publish();
    receiver.pop();
    receiver.release();
    for _ in 0..3 {
        assert!(send(&mut sender, &[0; 8]));
    }
    // The ring has come round: this is where the message was.
    sender.publish();
    while !receiver.is_empty() {
        receiver.pop();
    }
    receiver.release();
    assert_eq!(sender.reserve(8).unwrap(), [0; 8]);
}

#[test]
fn a_popped_message_stays_where_no_one_asked_for_wiping() {
    let (mut sender, mut receiver) = lane(64);
    assert!(send(&mut sender, b"no card!"));
    sender.publish();
    receiver.pop();
    receiver.release();
    for _ in 0..3 {
        assert!(send(&mut sender, &[0; 8]));
    }
    assert_eq!(sender.reserve(8).unwrap(), b"no card!");
}

/// A number from a number, well mixed: lengths and contents of the stream below.
fn mixed(number: u64) -> u64 {
    let mixed = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB)
}

#[test]
fn a_million_messages_pass_between_two_threads_whole_and_in_order() {
    const MESSAGES: u64 = 1_000_000;
    let (mut sender, mut receiver) = lane(4096);
    let sending = thread::spawn(move || {
        for number in 0..MESSAGES {
            let content = mixed(number);
            let length = usize::try_from(content % 120).unwrap();
            let room = loop {
                // Room for the longest, and for the skip in front of it.
                if sender.free() >= 2 * 136 {
                    break sender.reserve(8 + length).unwrap();
                }
                sender.publish();
                thread::yield_now();
            };
            room[..8].copy_from_slice(&number.to_le_bytes());
            room[8..].fill(content.to_le_bytes()[7]);
            sender.commit(8 + length);
            // Batches of uneven size.
            if content.is_multiple_of(7) {
                sender.publish();
            }
        }
        sender.publish();
    });
    let mut number = 0;
    while number < MESSAGES {
        let finished = sending.is_finished();
        let Some(message) = receiver.front() else {
            assert!(!finished, "message {number} is lost");
            receiver.release();
            thread::yield_now();
            continue;
        };
        let content = mixed(number);
        let (head, rest) = message.split_at(8);
        assert_eq!(head, number.to_le_bytes());
        assert_eq!(rest.len(), usize::try_from(content % 120).unwrap());
        assert!(rest.iter().all(|byte| *byte == content.to_le_bytes()[7]), "message {number}");
        receiver.pop();
        if content.is_multiple_of(5) {
            receiver.release();
        }
        number += 1;
    }
    sending.join().unwrap();
    assert!(receiver.is_empty());
}
