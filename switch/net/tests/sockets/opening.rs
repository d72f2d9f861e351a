//! How connections begin, and how they do not.

use std::io::{ErrorKind, Read as _};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::thread;

use switch_net::{CloseReason, Net, SendError, SocketOptions};

use super::world::{Heard, PATIENCE, World, any_port, deserted};

#[test]
fn who_connects_is_accepted_and_named() {
    let mut world = World::new();
    let (socket, peer) = world.accept();
    assert_eq!(world.net.peer_addr(socket), Some(peer.local_addr().unwrap()));
    assert_eq!(world.net.sockets_open(), 1);
    assert_eq!(world.net.counters().accepted, 1);
}

#[test]
fn who_is_not_wanted_is_closed_at_once_and_nothing_more_is_heard_of_him() {
    let mut world = World::new();
    world.ear.admits = false;
    let mut peer = TcpStream::connect(world.address()).unwrap();
    world.until(|world| world.net.counters().refused == 1);
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    assert_eq!(world.ear.heard, []);
    assert_eq!(world.net.sockets_open(), 0);
}

#[test]
fn one_more_than_the_slots_is_closed_at_once_and_counted() {
    let mut world = World::with(2, SocketOptions::default());
    let _first = world.accept();
    let _second = world.accept();
    let mut third = TcpStream::connect(world.address()).unwrap();
    world.until(|world| world.net.counters().refused_full == 1);
    assert_eq!(third.read(&mut [0]).unwrap(), 0);
    assert_eq!(world.net.sockets_open(), 2);
    let full = world.net.connect(world.address()).unwrap_err();
    assert_eq!(full.kind(), ErrorKind::QuotaExceeded);
}

#[test]
fn our_connect_opens_and_what_was_sent_before_arrives() {
    let mut world = World::new();
    let there = TcpListener::bind(any_port()).unwrap();
    let socket = world.net.connect(there.local_addr().unwrap()).unwrap();
    assert_eq!(world.net.send(socket, &[b"0800"]), Ok(4));
    world.net.flush();
    assert_eq!(world.net.counters().sends, 0, "nothing can be sent before the connect is through");
    world.until(|world| world.net.counters().bytes_out == 4);
    assert_eq!(world.ear.heard, [Heard::Opened(socket)]);
    let mut sent = [0; 4];
    there.accept().unwrap().0.read_exact(&mut sent).unwrap();
    assert_eq!(&sent, b"0800");
}

#[test]
fn our_connect_to_nobody_is_reported_and_its_slot_free() {
    let mut world = World::new();
    let socket = world.net.connect(deserted()).unwrap();
    world.until(|world| !world.ear.heard.is_empty());
    let refused = CloseReason::NotConnected(ErrorKind::ConnectionRefused);
    assert_eq!(world.ear.heard, [Heard::Closed(socket, refused, 0)]);
    assert_eq!(world.net.sockets_open(), 0);
    assert_eq!(world.net.send(socket, &[b"x"]), Err(SendError::Gone));
}

#[test]
fn a_connect_that_takes_too_long_can_be_closed() {
    let mut world = World::new();
    let there = TcpListener::bind(any_port()).unwrap();
    let socket = world.net.connect(there.local_addr().unwrap()).unwrap();
    world.net.close(socket, CloseReason::Asked(9));
    world.turn();
    assert_eq!(world.ear.heard, [Heard::Closed(socket, CloseReason::Asked(9), 0)]);
}

#[test]
fn a_hundred_who_come_together_are_all_accepted() {
    let mut world = World::with(100, SocketOptions::default());
    let peers: Vec<_> = (0..100).map(|_| TcpStream::connect(world.address()).unwrap()).collect();
    world.until(|world| world.net.counters().accepted == 100);
    drop(peers);
    world.until(|world| world.net.sockets_open() == 0);
}

#[test]
fn six_hundred_who_come_before_anybody_looks_need_not_come_twice() {
    let mut world = World::with(600, SocketOptions::default());
    for _ in 0..600 {
        // Who finds no room waits a second and tries again, in vain: nobody accepts meanwhile. Who
        // has left again still waits to be accepted.
        TcpStream::connect_timeout(&world.address(), PATIENCE).unwrap();
    }
    world.until(|world| world.net.counters().accepted == 600);
}

#[test]
fn a_listener_of_the_other_family_is_one_too() {
    let mut world = World::new();
    let Ok(listener) = world.net.listen((Ipv6Addr::LOCALHOST, 0).into()) else {
        return; // a machine without it
    };
    let _peer = TcpStream::connect(world.net.local_addr(listener).unwrap()).unwrap();
    world.until(|world| world.net.counters().accepted == 1);
}

#[test]
fn a_closed_listener_accepts_no_more_and_leaves_the_others_alone() {
    let mut world = World::new();
    let (socket, mut peer) = world.accept();
    let address = world.address();
    world.net.close_listener(world.listener);
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(world.net.local_addr(world.listener), None);

    let again = world.net.listen(any_port()).unwrap();
    assert_ne!(again, world.listener, "an id is not used again");
    world.net.send(socket, &[b"still here"]).unwrap();
    world.net.flush();
    let mut heard = [0; 10];
    peer.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"still here");
}

#[test]
fn a_waker_ends_the_wait_of_another_thread() {
    let mut world = World::new();
    let waker = world.net.waker();
    let other = thread::spawn(move || waker.wake().unwrap());
    let turn = world.net.turn(None, &mut world.ear).unwrap();
    assert!(turn.woken);
    other.join().unwrap();
    assert!(!world.net.turn(Some(std::time::Duration::ZERO), &mut world.ear).unwrap().woken);
}

#[test]
fn bounds_that_can_not_be_kept_are_refused() {
    let whole = SocketOptions { frame_carry_max: 65_536, ..SocketOptions::default() };
    assert!(Net::new(1, 1, whole).is_err(), "a frame that fills the scratch buffer");
    let nearly = SocketOptions { frame_carry_max: 65_535, ..whole };
    assert!(Net::new(1, 1, nearly).is_ok());
    assert!(Net::new(1, 1, SocketOptions { out_max: 0, ..nearly }).is_err());
    assert!(Net::new(0, 1, nearly).is_err());
    assert!(Net::new(1, 0, nearly).is_err());
}
