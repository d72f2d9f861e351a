//! How bytes go out.

use std::io::{Read as _, Write as _};
use std::thread;

use switch_net::{SendError, SocketOptions};

use super::world::{World, pattern, read_to_end};

#[test]
fn all_that_was_sent_to_a_socket_leaves_in_one_call() {
    let mut world = World::new();
    let (one, mut peer) = world.accept();
    let (other, _other_peer) = world.accept();
    let mut offset = 0;
    for _ in 0..100 {
        offset += 5;
        assert_eq!(world.net.send(one, &[b"12", b"", b"345"]), Ok(offset));
    }
    world.net.send(other, &[b"x"]).unwrap();
    assert_eq!(world.net.out_buffered(one), 500);
    assert_eq!(world.net.counters().sends, 0, "nothing leaves before the flush");

    world.net.flush();
    assert_eq!(world.net.counters().sends, 2, "one call for each socket");
    assert_eq!(world.net.out_buffered(one), 0);
    world.net.flush();
    assert_eq!(world.net.counters().sends, 2, "none for a socket without anything new");

    let mut arrived = [0; 500];
    peer.read_exact(&mut arrived).unwrap();
    assert_eq!(arrived[..], b"12345".repeat(100));
}

#[test]
fn an_out_buffer_takes_its_bound_and_no_byte_more() {
    let mut world = World::with(1, SocketOptions { out_max: 10, ..SocketOptions::default() });
    let (socket, mut peer) = world.accept();
    assert_eq!(world.net.send(socket, &[b"123456", b"78"]), Ok(8));
    assert_eq!(world.net.send(socket, &[b"9", b"ab"]), Err(SendError::Full));
    assert_eq!(world.net.out_buffered(socket), 8, "no part of it was taken");
    assert_eq!(world.net.send(socket, &[b"9", b"a"]), Ok(10));
    assert_eq!(world.net.send(socket, &[b"b"]), Err(SendError::Full));
    assert_eq!(world.net.counters().out_full, 2);

    world.net.flush();
    assert_eq!(world.net.send(socket, &[b"b"]), Ok(11), "there is room again");
    world.net.flush();
    let mut arrived = [0; 11];
    peer.read_exact(&mut arrived).unwrap();
    assert_eq!(&arrived, b"123456789ab");
}

#[test]
fn a_peer_that_takes_nothing_is_read_all_the_same() {
    let mut world = World::with(2, SocketOptions { out_max: 100_000, ..SocketOptions::default() });
    let (stalled, mut peer) = world.accept();
    while world.net.send(stalled, &[&[0; 1_000]]).is_ok() || world.net.counters().sends_short == 0 {
        world.net.flush();
    }
    assert_eq!(world.net.send(stalled, &[&[0; 1_000]]), Err(SendError::Full));
    // What it says comes in as it came before, turn by turn.
    for number in 1..=10 {
        peer.write_all(b"an answer").unwrap();
        world.until(|world| world.bytes_in() == 9 * number);
    }
    assert_eq!(world.net.send(stalled, &[&[0; 1_000]]), Err(SendError::Full));
}

#[test]
fn a_peer_that_stops_reading_costs_no_calls_and_when_it_resumes_gets_every_byte_in_order() {
    let mut world = World::with(1, SocketOptions { out_max: 100_000, ..SocketOptions::default() });
    let (socket, peer) = world.accept();
    let all = pattern(40 * 1024 * 1024);
    let mut given = 0;
    let mut give = |world: &mut World| {
        // A length that shifts against the buffer's.
        while let Some(part) = all.get(given..given + 777) {
            if world.net.send(socket, &[part]).is_err() {
                break;
            }
            given += 777;
        }
        given
    };
    while world.net.counters().sends_short == 0 {
        give(&mut world);
        world.net.flush();
    }
    let sends = world.net.counters().sends;
    give(&mut world);
    world.net.flush();
    world.net.flush();
    assert_eq!(world.net.counters().sends, sends, "the kernel is not asked until it has room");
    assert_eq!(world.net.send(socket, &[&[0; 777]]), Err(SendError::Full));

    let reading = thread::spawn(move || read_to_end(peer));
    let mut done = give(&mut world);
    while done + 777 <= all.len() || world.net.out_buffered(socket) > 0 {
        // Either epoll says that there is room, or there was room all the time.
        if world.net.out_buffered(socket) > 0 {
            world.turn();
        }
        done = give(&mut world);
        world.net.flush();
    }
    world.net.close(socket, switch_net::CloseReason::Asked(0));
    world.turn();
    let arrived = reading.join().unwrap();
    assert_eq!(arrived.len(), done);
    assert!(arrived == all[..done], "a byte was lost, doubled or exchanged");
    let (_, _, sent) = world.closed().unwrap();
    assert_eq!(usize::try_from(sent).unwrap(), done);
}

#[test]
fn a_flush_ends_where_it_is_told_to_and_the_next_one_goes_on_there() {
    let mut world = World::new();
    let mut peers: Vec<_> = (0..3).map(|_| world.accept()).collect();
    for (socket, _) in &peers {
        world.net.send(*socket, &[b"x"]).unwrap();
    }
    let mut asked = 0;
    let all = world.net.flush_while(|| {
        asked += 1;
        asked < 3
    });
    assert_eq!((all, world.net.counters().sends), (false, 2));
    let waiting: Vec<_> = peers.iter().map(|(socket, _)| world.net.out_buffered(*socket)).collect();
    assert_eq!(waiting.iter().sum::<usize>(), 1);
    // What is taken back meanwhile does not leave.
    let last = waiting.iter().position(|&bytes| bytes == 1).unwrap();
    assert!(world.net.withdraw(peers[last].0, 0, 1));
    world.net.send(peers[last].0, &[b"y"]).unwrap();
    assert!(world.net.flush_while(|| true));
    let mut arrived = [0; 1];
    peers[last].1.read_exact(&mut arrived).unwrap();
    assert_eq!((&arrived, world.net.counters().sends), (b"y", 3));
}
