//! How connections end, and what is known then.

use std::io::{ErrorKind, Write as _};
use std::net::{Shutdown, TcpStream};

use switch_net::{CloseReason, SendError, SocketOptions, Verdict};

use super::world::{Heard, World, fill, pattern, read_to_end, reset};

#[test]
fn our_close_is_reported_in_the_next_turn_with_what_the_kernel_has_taken() {
    let mut world = World::new();
    let (socket, peer) = world.accept();
    assert_eq!(world.net.send(socket, &[b"0123456789"]), Ok(10));
    world.net.flush();
    assert_eq!(world.net.send(socket, &[b"never"]), Ok(15));
    world.net.close(socket, CloseReason::Asked(7));
    assert_eq!(world.ear.heard, []);
    assert_eq!(world.net.send(socket, &[b"x"]), Err(SendError::Gone));
    assert_eq!(world.net.out_buffered(socket), 0);

    world.turn();
    assert_eq!(world.ear.heard, [Heard::Closed(socket, CloseReason::Asked(7), 10)]);
    assert_eq!(read_to_end(peer), b"0123456789");
    assert_eq!(world.net.sockets_open(), 0);
}

#[test]
fn a_message_of_which_the_kernel_took_a_part_is_known_to_be_cut() {
    let mut world = World::with(1, SocketOptions { out_max: 60_000_000, ..Default::default() });
    let (socket, peer) = world.accept();
    let all = pattern(50_000_000);
    assert_eq!(world.net.send(socket, &[&all]), Ok(50_000_000));
    world.net.flush();
    world.net.close(socket, CloseReason::Asked(1));
    world.turn();
    let (_, _, sent) = world.closed().unwrap();
    assert!(0 < sent && sent < 50_000_000, "{sent} is a part");
    let arrived = read_to_end(peer);
    assert_eq!(arrived.len(), usize::try_from(sent).unwrap());
    assert!(arrived == all[..arrived.len()]);
}

#[test]
fn a_close_is_reported_once() {
    let mut world = World::new();
    let (socket, peer) = world.accept();
    drop(peer);
    world.net.close(socket, CloseReason::Asked(1));
    world.net.close(socket, CloseReason::Asked(2));
    world.turn();
    world.net.close(socket, CloseReason::Asked(3));
    let waker = world.net.waker();
    waker.wake().unwrap();
    world.turn();
    assert_eq!(world.ear.heard, [Heard::Closed(socket, CloseReason::Asked(1), 0)]);
}

#[test]
fn a_peer_that_half_closes_is_heard_answered_in_that_turn_and_closed_in_the_next() {
    let mut world = World::new();
    let (socket, mut peer) = world.accept();
    peer.write_all(b"request").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    world.turn();
    assert_eq!(world.ear.heard, [Heard::Bytes(socket, b"request".to_vec())]);
    world.net.send(socket, &[b"answer"]).unwrap();
    world.net.flush();
    world.until(|world| world.closed().is_some());
    assert_eq!(world.closed(), Some((socket, CloseReason::PeerEnded, 6)));
    assert_eq!(read_to_end(peer), b"answer");
}

#[test]
fn a_flood_that_ends_is_read_to_its_end_before_it_is_closed() {
    let mut world = World::new();
    let (socket, mut peer) = world.accept();
    let all = pattern(300_000);
    peer.write_all(&all).unwrap();
    drop(peer);
    world.until(|world| world.closed().is_some());
    assert!(world.take_bytes() == all, "a byte was lost");
    assert_eq!(world.closed(), Some((socket, CloseReason::PeerEnded, 0)));
}

#[test]
fn a_reset_is_told_from_an_end() {
    let mut world = World::new();
    let (socket, peer) = world.accept();
    reset(peer);
    world.until(|world| world.closed().is_some());
    let broken = CloseReason::Failed(ErrorKind::ConnectionReset);
    assert_eq!(world.ear.heard, [Heard::Closed(socket, broken, 0)]);
}

/// An answer is in the kernel, the issuer dies, and we learn of it by sending: the answer counts.
#[test]
fn what_came_in_before_a_send_failed_is_delivered_before_the_close() {
    let mut world = World::new();
    let (socket, mut peer) = world.accept();
    peer.write_all(b"1110").unwrap();
    reset(peer);
    world.net.send(socket, &[b"1100"]).unwrap();
    world.net.flush();
    assert_eq!(world.net.send(socket, &[b"1100"]), Err(SendError::Gone));
    world.until(|world| world.closed().is_some());
    assert_eq!(world.ear.heard[0], Heard::Bytes(socket, b"1110".to_vec()));
    let Heard::Closed(closed, CloseReason::Failed(_), 0) = world.ear.heard[1] else {
        panic!("{:?}", world.ear.heard)
    };
    assert_eq!(closed, socket);
}

#[test]
fn who_can_not_be_understood_is_closed() {
    let mut world = World::new();
    world.ear.reads = |_| Verdict::Close;
    let (socket, mut peer) = world.accept();
    peer.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    world.until(|world| world.closed().is_some());
    assert_eq!(world.ear.heard, [Heard::Closed(socket, CloseReason::Unwanted, 0)]);
    assert_eq!(read_to_end(peer), b"");
}

#[test]
fn an_id_kept_too_long_does_not_reach_the_socket_that_has_its_slot() {
    let mut world = World::with(1, SocketOptions::default());
    let (old, old_peer) = world.accept();
    world.net.send(old, &[b"old"]).unwrap();
    world.net.flush();
    // Written to but not flushed: its slot is in the list of the next flush.
    world.net.send(old, &[b"older"]).unwrap();
    drop(old_peer);
    world.net.close(old, CloseReason::Asked(1));
    world.turn();

    let (new, peer) = world.accept();
    assert_eq!(new.index(), old.index());
    assert_ne!(new, old);
    assert_eq!(world.net.send(old, &[b"old"]), Err(SendError::Gone));
    assert_eq!(world.net.out_buffered(old), 0);
    assert_eq!(world.net.peer_addr(old), None);
    world.net.close(old, CloseReason::Asked(2));
    assert_eq!(world.net.send(new, &[b"new"]), Ok(3), "its stream begins at nought");
    world.net.flush();
    world.net.close(new, CloseReason::Asked(3));
    world.turn();
    assert_eq!(read_to_end(peer), b"new");
    assert_eq!(
        world.ear.heard,
        [
            Heard::Closed(old, CloseReason::Asked(1), 3),
            Heard::Closed(new, CloseReason::Asked(3), 3),
        ]
    );
}

/// 1. A flood: the slot is on the list of those to read on. 2. Closed, and in the turn that tells so
/// 3. somebody else gets the slot and has written already. His bytes must be read, and only his.
#[test]
fn a_slot_given_on_in_the_turn_of_its_close_is_read_anew() {
    let mut world = World::with(1, SocketOptions::default());
    world.ear.reads = |bytes| Verdict::Keep(bytes.len() - 1);
    let (old, mut flood) = world.accept();
    fill(&mut flood, &pattern(4 * 1024 * 1024));
    world.until(|world| world.net.counters().read_again > 0);
    world.take_bytes();

    world.net.close(old, CloseReason::Asked(1));
    let mut peer = TcpStream::connect(world.address()).unwrap();
    peer.write_all(b"hello").unwrap();
    world.until(|world| world.ear.heard.len() == 3);
    let Heard::Accepted(new) = world.ear.heard[1] else { panic!("{:?}", world.ear.heard) };
    assert_eq!(new.index(), old.index());
    assert_eq!(world.ear.heard[2], Heard::Bytes(new, b"hell".to_vec()), "nothing carried over");
}
