//! What is allowed of sockets while they run: more of them, longer frames, ports that were opened by
//! somebody else.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::thread;

use switch_net::{Budget, CloseReason, Listening, Net, SendError, SocketOptions, Verdict};

use super::world::{World, any_port};

#[test]
fn a_port_opened_ahead_on_another_thread_keeps_who_comes_until_it_is_taken_over() {
    let mut world = World::new();
    let ahead = thread::spawn(|| Listening::open(any_port()).unwrap()).join().unwrap();
    let address = ahead.local_addr().unwrap();
    let busy = Listening::open(address).unwrap_err();
    assert_eq!(busy.kind(), ErrorKind::AddrInUse, "while it waits nobody else gets it");
    let _early = TcpStream::connect(address).unwrap();
    let listener = world.net.take_listener(ahead).unwrap();
    assert_eq!(world.net.local_addr(listener), Some(address));
    world.until(|world| world.net.counters().accepted == 1);
    let _late = TcpStream::connect(address).unwrap();
    world.until(|world| world.net.counters().accepted == 2);
}

#[test]
fn more_sockets_can_be_allowed_while_others_are_open_and_never_fewer() {
    let mut world = World::with(1, SocketOptions::default());
    let _first = world.accept();
    let _refused = TcpStream::connect(world.address()).unwrap();
    world.until(|world| world.net.counters().refused_full == 1);
    world.net.grow(2, 0, 0).unwrap();
    let (second, _peer) = world.accept();
    assert_eq!((second.index(), world.net.sockets_max()), (1, 2));
    world.net.grow(1, 0, 0).unwrap();
    assert_eq!((world.net.sockets_open(), world.net.sockets_max()), (2, 2));
    assert!(world.net.grow(1 << 31, 0, 0).is_err());
}

#[test]
fn longer_frames_and_more_bytes_for_a_peer_can_be_allowed_while_it_is_connected() {
    let options = SocketOptions { frame_carry_max: 4, out_max: 4, ..SocketOptions::default() };
    let mut world = World::with(2, options);
    world.ear.reads = |_| Verdict::Keep(0);
    let (socket, mut peer) = world.accept();
    assert_eq!(world.net.send(socket, &[b"12345"]), Err(SendError::Full));
    world.net.grow(2, 8, 8).unwrap();
    assert!(world.net.send(socket, &[b"12345"]).is_ok());
    std::io::Write::write_all(&mut peer, b"12345678").unwrap();
    world.until(|world| world.bytes_in() == 8);
    assert_eq!(world.closed(), None);
    std::io::Write::write_all(&mut peer, b"9").unwrap();
    world.until(|world| world.closed().is_some());
    assert_eq!(world.closed().map(|(_, why, _)| why), Some(CloseReason::FrameTooLong));
    assert!(world.net.grow(2, 65_536, 8).is_err(), "a frame that fills the scratch buffer");
}

#[test]
fn a_budget_can_be_raised_and_lowered_while_it_is_used() {
    let budget = Budget::new(1);
    let mut net = Net::within(budget.clone(), 8, 8, SocketOptions::default()).unwrap();
    let there = TcpListener::bind(any_port()).unwrap();
    let connect = |net: &mut Net| net.connect(there.local_addr().unwrap()).map(drop);
    connect(&mut net).unwrap();
    assert_eq!(connect(&mut net).unwrap_err().kind(), ErrorKind::QuotaExceeded);
    budget.set(2);
    connect(&mut net).unwrap();
    budget.set(1);
    assert_eq!(connect(&mut net).unwrap_err().kind(), ErrorKind::QuotaExceeded);
    assert_eq!(net.sockets_open(), 2, "those that are there stay");
}

#[test]
fn a_port_that_is_tried_out_is_listened_on_by_nobody_and_can_be_had_later() {
    let ahead = Listening::open(any_port()).unwrap();
    let address = ahead.local_addr().unwrap();
    assert_eq!(Listening::try_out(address).unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(ahead);
    Listening::try_out(address).unwrap();
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    Listening::open(address).unwrap();
}
