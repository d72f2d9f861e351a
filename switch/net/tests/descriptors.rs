//! What a `Net` does to the descriptors of its process. One test, as no other may open any meanwhile.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use switch_net::{CloseReason, Handler, ListenerId, Net, SocketId, SocketOptions, Verdict};

/// Only reached when the test fails.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(10));

#[derive(Default)]
struct Open(Vec<SocketId>);

impl Handler for Open {
    fn on_accept(&mut self, _: ListenerId, _: SocketAddr, socket: SocketId) -> bool {
        self.0.push(socket);
        true
    }

    fn on_open(&mut self, socket: SocketId) {
        self.0.push(socket);
    }

    fn on_bytes(&mut self, _: SocketId, bytes: &mut [u8]) -> Verdict {
        Verdict::Keep(bytes.len())
    }

    fn on_close(&mut self, socket: SocketId, _: CloseReason, _: u64) {
        self.0.retain(|open| *open != socket);
    }
}

#[test]
fn sockets_leave_nothing_behind_and_a_lack_of_descriptors_is_waited_out() {
    let mut net = Net::new(256, 64, SocketOptions::default()).unwrap();
    let listener = net.listen((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let address = net.local_addr(listener).unwrap();
    let mut open = Open::default();
    let before = descriptors();
    a_thousand_connections(&mut net, address, &mut open);
    assert_eq!(net.sockets_open(), 0);
    assert_eq!(descriptors(), before);

    starvation(&mut net, address, &mut open);
    assert_eq!(descriptors(), before);
}

/// Both ends are ours: ten accepts and ten connects a round, each closed by one end or by the other.
#[cfg(test)] // where unwrap is allowed
fn a_thousand_connections(net: &mut Net, address: SocketAddr, open: &mut Open) {
    for round in 0..50 {
        for _ in 0..10 {
            net.connect(address).unwrap();
        }
        while open.0.len() < 20 {
            net.turn(PATIENCE, open).unwrap();
        }
        for socket in open.0.iter().skip(round % 10).step_by(2) {
            net.send(*socket, &[b"good-bye"]).unwrap();
            net.close(*socket, CloseReason::Asked(0));
        }
        net.flush();
        while open.0.len() > 10 {
            net.turn(PATIENCE, open).unwrap();
        }
        for socket in &open.0 {
            net.close(*socket, CloseReason::Asked(0));
        }
        while !open.0.is_empty() {
            net.turn(PATIENCE, open).unwrap();
        }
    }
    assert_eq!(net.counters().accepted + net.counters().connected, 1000);
}

/// Edge-triggered epoll tells once that somebody waits; there is no descriptor for him then.
#[cfg(test)]
fn starvation(net: &mut Net, address: SocketAddr, open: &mut Open) {
    let peer = TcpStream::connect(address).unwrap();
    let limit = getrlimit(Resource::Nofile);
    // The lowest number free is the one that an accept would get.
    let free = u64::from(rustix::fd::AsRawFd::as_raw_fd(&peer).unsigned_abs()) + 1;
    setrlimit(Resource::Nofile, Rlimit { current: Some(free), ..limit }).unwrap();
    net.turn(PATIENCE, open).unwrap();
    assert_eq!(net.counters().accept_failed, 1);
    assert!(open.0.is_empty());
    let starved = net.turn(Some(Duration::ZERO), open).unwrap();
    assert!(!starved.more, "it does not spin");
    assert_eq!(net.counters().accept_failed, 2, "one try a turn");

    setrlimit(Resource::Nofile, limit).unwrap();
    net.turn(None, open).unwrap();
    assert_eq!(open.0.len(), 1, "it looked again by itself");
    drop(peer);
    while !open.0.is_empty() {
        net.turn(PATIENCE, open).unwrap();
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux").count()
}
