//! How bytes come in.

use std::io::Write as _;
use std::time::Duration;

use switch_net::{CloseReason, SCRATCH_BYTES, SocketOptions, Verdict};

use super::world::{Heard, World, fill, pattern};

/// Frames of one length byte and as many bytes; whole ones are used.
fn frames(bytes: &mut [u8]) -> Verdict {
    let mut used = 0;
    while let Some(length) = bytes.get(used) {
        let end = used + 1 + usize::from(*length);
        if end > bytes.len() {
            break;
        }
        used = end;
    }
    Verdict::Keep(used)
}

#[test]
fn an_unfinished_frame_is_carried_until_its_last_byte_is_there() {
    let mut world = World::new();
    world.ear.reads = frames;
    let (socket, mut peer) = world.accept();
    for byte in b"\x03abc\x00\x02de" {
        let before = world.bytes_in();
        peer.write_all(&[*byte]).unwrap();
        world.until(|world| world.bytes_in() > before);
    }
    let whole: Vec<_> = world
        .ear
        .heard
        .into_iter()
        .filter(|heard| !matches!(heard, Heard::Bytes(_, bytes) if bytes.is_empty()))
        .collect();
    assert_eq!(
        whole,
        [
            Heard::Bytes(socket, b"\x03abc".to_vec()),
            Heard::Bytes(socket, b"\x00".to_vec()),
            Heard::Bytes(socket, b"\x02de".to_vec()),
        ]
    );
}

#[test]
fn what_is_left_of_one_read_stands_in_front_of_the_next() {
    let mut world = World::new();
    world.ear.reads = frames;
    let (socket, mut peer) = world.accept();
    peer.write_all(b"\x01a\x02b").unwrap();
    world.until(|world| world.bytes_in() == 4);
    peer.write_all(b"c\x01").unwrap();
    world.until(|world| world.bytes_in() == 6);
    assert_eq!(
        world.ear.heard,
        [Heard::Bytes(socket, b"\x01a".to_vec()), Heard::Bytes(socket, b"\x02bc".to_vec()),]
    );
}

#[test]
fn more_than_one_turn_takes_is_read_to_the_last_byte_though_epoll_speaks_once() {
    let mut world = World::new();
    let (_, mut peer) = world.accept();
    // All of it is in the kernel before we look, and the peer is silent from here on.
    let all = pattern(4 * 1024 * 1024);
    let written = fill(&mut peer, &all);
    assert!(written > 2 * SCRATCH_BYTES, "the kernel took {written}");

    world.turn();
    assert!(world.bytes_in() <= SCRATCH_BYTES);
    world.until(|world| world.bytes_in() == written);
    assert!(world.net.counters().read_again > 0);
    assert!(world.take_bytes() == all[..written], "a byte was lost, doubled or exchanged");
}

#[test]
fn the_cap_of_a_turn_counts_the_carried_bytes_too() {
    let mut world = World::with(1, SocketOptions { frame_carry_max: 60_000, ..Default::default() });
    // Nothing is used until 60,000 bytes are there.
    world.ear.reads = |bytes| {
        assert!(bytes.len() <= SCRATCH_BYTES);
        Verdict::Keep(if bytes.len() < 60_000 { 0 } else { bytes.len() })
    };
    let (_, mut peer) = world.accept();
    let all = pattern(150_000);
    peer.write_all(&all[..50_000]).unwrap();
    world.until(|world| world.bytes_in() == 50_000);
    peer.write_all(&all[50_000..]).unwrap();
    world.until(|world| world.bytes_in() == 150_000);
    let heard = world.take_bytes();
    assert!(heard.len() > 90_000, "less than 60,000 are carried");
    assert!(heard == all[..heard.len()], "a byte was lost, doubled or exchanged");
}

#[test]
fn a_flood_on_one_socket_does_not_keep_another_waiting() {
    let mut world = World::new();
    let (_, mut loud) = world.accept();
    let (quiet_socket, mut quiet) = world.accept();
    let written = fill(&mut loud, &pattern(4 * 1024 * 1024));
    quiet.write_all(b"me too").unwrap();
    world.turn();
    assert!(world.ear.heard.contains(&Heard::Bytes(quiet_socket, b"me too".to_vec())));
    assert!(world.bytes_in() < written);
}

#[test]
fn a_short_read_ends_the_turn_for_its_socket() {
    let mut world = World::new();
    let (_, mut peer) = world.accept();
    for number in 1..=3 {
        peer.write_all(b"message").unwrap();
        world.until(|world| world.bytes_in() == 7 * number);
    }
    world.net.turn(Some(Duration::ZERO), &mut world.ear).unwrap();
    assert_eq!(world.net.counters().recvs, 3, "none to hear that there is nothing more");
}

#[test]
fn an_unfinished_frame_may_have_the_bound_and_no_byte_more() {
    let options = SocketOptions { frame_carry_max: 100, ..SocketOptions::default() };
    let mut world = World::with(1, options);
    world.ear.reads = |_| Verdict::Keep(0);
    let (socket, mut peer) = world.accept();
    peer.write_all(&[7; 100]).unwrap();
    world.until(|world| world.bytes_in() == 100);
    assert_eq!(world.closed(), None);
    peer.write_all(&[7]).unwrap();
    world.until(|world| world.closed().is_some());
    assert_eq!(world.closed(), Some((socket, CloseReason::FrameTooLong, 0)));
}

#[test]
fn bytes_changed_in_place_and_not_used_stay_changed() {
    let mut world = World::new();
    world.ear.reads = |bytes| {
        let first = bytes.len() == 1;
        bytes[0] += 1;
        Verdict::Keep(if first { 0 } else { bytes.len() })
    };
    let (socket, mut peer) = world.accept();
    peer.write_all(b"a").unwrap();
    world.until(|world| world.bytes_in() == 1);
    peer.write_all(b"z").unwrap();
    world.until(|world| world.bytes_in() == 2);
    assert_eq!(world.ear.heard[1], Heard::Bytes(socket, b"cz".to_vec()));
}

#[test]
fn what_comes_in_on_a_held_socket_stays_there_until_it_is_released() {
    let mut world = World::new();
    let (held, mut silent) = world.accept();
    let (_, mut other) = world.accept();
    world.net.hold(held);
    silent.write_all(b"one").unwrap();
    other.write_all(b"two").unwrap();
    world.until(|world| world.bytes_in() == 3);
    silent.write_all(b"three").unwrap();
    silent.shutdown(std::net::Shutdown::Write).unwrap();
    other.write_all(b"four").unwrap();
    world.until(|world| world.bytes_in() == 7);
    assert_eq!(world.take_bytes(), b"twofour");
    assert!(world.closed().is_none() && !world.net.has_more());
    world.net.send(held, &[b"still answered"]).unwrap();
    world.net.flush();
    world.net.release_all();
    assert!(world.net.has_more(), "nobody waits for epoll to say it again");
    world.turn();
    world.until(|world| world.closed().is_some());
    assert_eq!(world.take_bytes(), b"onethree");
    let mut answer = [0; 14];
    std::io::Read::read_exact(&mut silent, &mut answer).unwrap();
    assert_eq!(&answer, b"still answered");
}

#[test]
fn a_socket_that_is_held_between_its_event_and_its_turn_is_read_when_it_is_released() {
    let mut world = World::new();
    let (socket, mut peer) = world.accept();
    let written = fill(&mut peer, &pattern(SCRATCH_BYTES * 3));
    world.turn();
    assert!(world.net.has_more(), "more than a turn takes");
    world.net.hold(socket);
    let before = world.bytes_in();
    world.net.turn(Some(Duration::ZERO), &mut world.ear).unwrap();
    assert_eq!(world.bytes_in(), before);
    world.net.release_all();
    world.turn();
    world.until(|world| world.bytes_in() == written);
}
