//! The clients of the control socket: one thread, one poll, one request of each at a time. When it
//! stalls, operators get no answer and nothing else waits. Must not know what a request means.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::time::ClockId;

use super::desk::{Desk, no_command};
use super::socket::BoundSocket;
use super::{CLIENTS_MAX, CLIENTS_OF_ONE_MAX, Identify, Peer, REQUEST_BYTES_MAX};

/// How long no one is accepted after accepting failed, as when no descriptors are left.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// Between two looks whether refused commands can be told of.
const OWED_LOOK: Duration = Duration::from_millis(250);
/// Bytes read at once.
const READ_BYTES: usize = 4 * 1024;

/// All clients, and what answers them.
pub(super) struct Clients {
    desk: Desk,
    identify: Box<Identify>,
    patience: Duration,
    connected: Vec<Client>,
    /// When the next client is accepted, after a failure.
    accept_from: Duration,
    /// Whether a request is being answered, or its answer has not left. For who looks, nothing is ordered by it.
    busy: Arc<AtomicBool>,
}

/// One connection. Either a request is coming in or a reply is going out.
struct Client {
    stream: UnixStream,
    peer: Peer,
    input: Vec<u8>,
    output: Vec<u8>,
    /// When it must have sent its request, or taken its reply.
    deadline: Duration,
    /// Nothing more will come, or nothing more is wanted: closed once the reply has left.
    last: bool,
    closed: bool,
}

/// Time since boot. This thread is a place where a clock may be read.
fn now() -> Duration {
    let time = rustix::time::clock_gettime(ClockId::Boottime);
    Duration::try_from(time).unwrap_or_default()
}

impl Clients {
    pub(super) fn new(
        desk: Desk,
        patience: Duration,
        identify: Box<Identify>,
        busy: Arc<AtomicBool>,
    ) -> Self {
        let connected = Vec::with_capacity(CLIENTS_MAX);
        Self { desk, identify, patience, connected, accept_from: Duration::ZERO, busy }
    }

    /// Serves until the other half of `stopped` is closed.
    pub(super) fn run(&mut self, socket: &BoundSocket, stopped: &UnixStream) {
        loop {
            let owes = self.desk.tells_of_refusals();
            let is_idle = |client: &Client| client.output.is_empty() && !client.has_request();
            self.busy.store(!self.connected.iter().all(is_idle), Ordering::Relaxed);
            let waited = self.wait(socket, stopped, owes);
            self.busy.store(true, Ordering::Relaxed);
            match waited {
                Ok(true) => return,
                Ok(false) => {}
                // Poll fails for lack of kernel memory only; the next one may not.
                Err(_) => std::thread::yield_now(),
            }
            let now = now();
            if now >= self.accept_from {
                self.accept(socket, now);
            }
            let clients = u32::try_from(self.connected.len()).expect("a few");
            for client in &mut self.connected {
                client.turn(&mut self.desk, clients, now, self.patience);
            }
            self.connected.retain(|client| !client.closed);
        }
    }

    /// Blocks until there is something to do, or for a moment when something is owed; true when it is time
    /// to end.
    fn wait(&self, socket: &BoundSocket, stopped: &UnixStream, owes: bool) -> io::Result<bool> {
        let now = now();
        let accepting = now >= self.accept_from;
        let mut waits = Vec::with_capacity(CLIENTS_MAX + 2);
        waits.push(PollFd::new(stopped, PollFlags::IN));
        let listening = if accepting { PollFlags::IN } else { PollFlags::empty() };
        waits.push(PollFd::from_borrowed_fd(socket.as_fd(), listening));
        for client in &self.connected {
            let wanted = if client.output.is_empty() { PollFlags::IN } else { PollFlags::OUT };
            waits.push(PollFd::new(&client.stream, wanted));
        }
        let deadlines = self.connected.iter().map(|client| client.deadline);
        let again = (!accepting).then_some(self.accept_from);
        let owed = owes.then_some(now + OWED_LOOK);
        let timeout =
            deadlines.chain(again).chain(owed).min().map(|deadline| deadline.saturating_sub(now));
        // Requests that wait behind one that was just answered are in our buffer, not in a socket.
        let buffered = self.connected.iter().any(Client::has_request);
        let timeout = if buffered { Some(Duration::ZERO) } else { timeout };
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match rustix::event::poll(&mut waits, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(waits.first().is_some_and(|stop| !stop.revents().is_empty()))
    }

    /// Takes in who waits, but no more in one turn than there are places: those who have one wait too.
    fn accept(&mut self, socket: &BoundSocket, now: Duration) {
        for _ in 0..CLIENTS_MAX {
            match socket.accept() {
                Ok(stream) => self.take(stream, now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.accept_from = now + ACCEPT_PAUSE;
                    return;
                }
            }
        }
    }

    fn take(&mut self, mut stream: UnixStream, now: Duration) {
        let count = self.connected.len();
        let refused = if count >= CLIENTS_MAX {
            full(count)
        } else {
            // Who can not be known has gone already, and can be told nothing.
            let Ok(peer) = (self.identify)(&stream) else { return };
            let of_one = self.connected.iter().filter(|client| client.peer.uid == peer.uid).count();
            if of_one >= CLIENTS_OF_ONE_MAX {
                let name = &peer.name;
                format!("{of_one} clients of {name} are connected, which is the most of one user")
            } else if peer.uid != 0 && count + 1 >= CLIENTS_MAX {
                full(count)
            } else {
                self.connected.push(Client::new(stream, peer, now + self.patience));
                return;
            }
        };
        // A fresh socket takes a line this short at once, or the client has gone.
        drop(stream.write(&no_command(&refused)));
    }
}

fn full(count: usize) -> String {
    format!("{count} clients are connected, which is the most")
}

impl Client {
    fn new(stream: UnixStream, peer: Peer, deadline: Duration) -> Self {
        let (input, output) = (Vec::new(), Vec::new());
        Self { stream, peer, input, output, deadline, last: false, closed: false }
    }

    fn has_request(&self) -> bool {
        self.output.is_empty() && self.input.contains(&b'\n')
    }

    /// Reads what has come, answers one request, and writes what it takes.
    fn turn(&mut self, desk: &mut Desk, clients: u32, now: Duration, patience: Duration) {
        if self.output.is_empty() && !self.has_request() {
            self.read();
        }
        if self.output.is_empty() && self.answer(desk, clients) {
            self.deadline = now + patience;
        }
        if !self.output.is_empty() {
            self.write();
            if self.output.is_empty() {
                self.deadline = now + patience;
            }
        }
        let idle = self.output.is_empty() && !self.has_request();
        if now >= self.deadline || (self.last && idle) {
            self.closed = true;
        }
    }

    fn read(&mut self) {
        let mut chunk = [0; READ_BYTES];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => {
                    self.last = true;
                    return;
                }
                Ok(count) => {
                    let come = chunk.get(..count).unwrap_or_default();
                    self.input.extend_from_slice(come);
                    if come.contains(&b'\n') || self.input.len() >= REQUEST_BYTES_MAX {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.closed = true;
                    return;
                }
            }
        }
    }

    /// Answers the next request in the buffer, if it is there in full.
    fn answer(&mut self, desk: &mut Desk, clients: u32) -> bool {
        let end = self.input.iter().position(|&byte| byte == b'\n');
        match end {
            Some(end) if end < REQUEST_BYTES_MAX => {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                self.output = desk.answer(&self.peer, &line, clients);
                true
            }
            None if self.input.len() < REQUEST_BYTES_MAX => false,
            Some(_) | None => {
                let line = std::mem::take(&mut self.input);
                self.output = desk.answer(&self.peer, &line, clients);
                self.last = true;
                true
            }
        }
    }

    fn write(&mut self) {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(count) => drop(self.output.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.closed = true;
                    return;
                }
            }
        }
    }
}
