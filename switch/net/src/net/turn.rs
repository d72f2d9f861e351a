//! One turn: wait, report, accept, connect, read. Must not send, and must not know what is read.

use std::io::{self, Read as _};
use std::time::Duration;

use mio::Interest;
use mio::event::Event;
use mio::net::TcpStream;

use super::{Net, Turn, wide};
use crate::ids::Named;
use crate::sockets::{Socket, Stage};
use crate::{CloseReason, Handler, ListenerId, SocketId, Verdict};

/// Connections taken from one listener in one turn, so that a storm of them does not keep the open
/// sockets waiting.
const ACCEPTS_PER_TURN: usize = 64;

/// How long to wait at most while a listener lacks descriptors: edge-triggered epoll will not say
/// again that connections are there, and nothing says that descriptors are.
const STARVED_RETRY: Duration = Duration::from_millis(100);

pub(super) fn run(
    net: &mut Net,
    timeout: Option<Duration>,
    handler: &mut impl Handler,
) -> io::Result<Turn> {
    let timeout = net.wait(timeout);
    if let Err(error) = net.poll.poll(&mut net.events, timeout)
        && error.kind() != io::ErrorKind::Interrupted
    {
        return Err(error);
    }
    net.report_ended(handler);
    let turn = net.take_events(handler);
    net.accept(handler);
    net.read_ready(handler);
    Ok(Turn { more: net.has_more(), ..turn })
}

impl Net {
    fn wait(&self, timeout: Option<Duration>) -> Option<Duration> {
        if self.has_more() || !self.sockets.ending.is_empty() {
            Some(Duration::ZERO)
        } else if self.listeners.starved() {
            Some(timeout.map_or(STARVED_RETRY, |timeout| timeout.min(STARVED_RETRY)))
        } else {
            timeout
        }
    }

    /// Tells of the sockets that their owner closed since the last turn.
    fn report_ended(&mut self, handler: &mut impl Handler) {
        let mut ending = std::mem::take(&mut self.sockets.ending);
        for socket in ending.drain(..) {
            let Some(slot) = self.sockets.find(socket) else { continue };
            if let Stage::Ending(why) = slot.stage {
                self.end(socket, why, handler);
            }
        }
        self.sockets.ending = ending;
    }

    /// Notes what each event says; only connects are acted upon.
    fn take_events(&mut self, handler: &mut impl Handler) -> Turn {
        let mut turn = Turn::default();
        // Out of `self` for the loop; an empty `Events` allocates nothing.
        let events = std::mem::replace(&mut self.events, mio::Events::with_capacity(0));
        for event in &events {
            turn.events += 1;
            match Named::by(event.token()) {
                Named::Waker => turn.woken = true,
                Named::Listener(listener) => self.listeners.mark_pending(listener),
                Named::Socket(socket) => self.note(socket, event, handler),
            }
        }
        self.events = events;
        turn
    }

    fn note(&mut self, socket: SocketId, event: &Event, handler: &mut impl Handler) {
        let Some(slot) = self.sockets.find(socket) else { return };
        if slot.stage == Stage::Connecting {
            match slot.stream.as_ref().map(connected) {
                Some(Ok(true)) => {
                    slot.stage = Stage::Open;
                    self.counters.connected += 1;
                    handler.on_open(socket);
                }
                Some(Err(error)) => {
                    self.counters.connect_failed += 1;
                    return self.end(socket, CloseReason::NotConnected(error.kind()), handler);
                }
                Some(Ok(false)) | None => return,
            }
        }
        let Some(slot) = self.sockets.find(socket) else { return };
        // An end that was told once is not told again, while a short read says only that no more
        // bytes are there: from now on this socket is read until its end shows.
        let over = event.is_read_closed() || event.is_error() || event.is_write_closed();
        slot.to_the_end |= over;
        if event.is_readable() || over {
            self.sockets.mark_ready(socket);
        }
        if event.is_writable() {
            self.sockets.mark_writable(socket);
        }
    }

    fn accept(&mut self, handler: &mut impl Handler) {
        for place in 0..self.listeners.begin_round() {
            if let Some(listener) = self.listeners.take_pending(place) {
                self.accept_from(listener, handler);
            }
        }
    }

    fn accept_from(&mut self, listener: ListenerId, handler: &mut impl Handler) {
        for _ in 0..ACCEPTS_PER_TURN {
            if self.sockets.budget_is_spent() {
                if self.listeners.is_asked(listener) {
                    self.counters.accept_failed += 1;
                }
                return self.listeners.mark_starved(listener);
            }
            let Some(accepted) = self.listeners.accept(listener) else { return };
            match accepted {
                Ok((stream, peer)) => self.admit(listener, stream, peer, handler),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.counters.accept_failed += 1;
                    return self.listeners.mark_starved(listener);
                }
            }
        }
        self.listeners.mark_pending(listener);
    }

    fn admit(
        &mut self,
        listener: ListenerId,
        mut stream: TcpStream,
        peer: std::net::SocketAddr,
        handler: &mut impl Handler,
    ) {
        let Some(socket) = self.sockets.reserve() else {
            self.counters.refused_full += 1;
            return;
        };
        // Who is refused costs no more than the accept itself.
        if !handler.on_accept(listener, peer, socket) {
            self.counters.refused += 1;
            return self.sockets.put_back(socket);
        }
        let interest = Interest::READABLE | Interest::WRITABLE;
        let ready = self
            .options
            .apply(&stream)
            .and_then(|()| self.poll.registry().register(&mut stream, socket.token(), interest));
        self.sockets.begin(socket, stream, Stage::Open, self.options.out_max);
        self.counters.accepted += 1;
        if let Err(error) = ready {
            self.counters.accept_failed += 1;
            self.end(socket, CloseReason::Failed(error.kind()), handler);
        }
    }

    /// Reads each ready socket once. Those that have more come back at the next turn.
    fn read_ready(&mut self, handler: &mut impl Handler) {
        let mut round = self.sockets.begin_round();
        for socket in round.drain(..) {
            if self.sockets.find(socket).is_some_and(Socket::take_ready) {
                self.read(socket, handler);
            }
        }
        self.sockets.end_round(round);
    }

    fn read(&mut self, socket: SocketId, handler: &mut impl Handler) {
        let Some(slot) = self.sockets.find(socket) else { return };
        let Some(stream) = slot.stream.as_mut() else { return };
        let carried = slot.carry.len();
        let (front, room) = self.scratch.split_at_mut(carried);
        self.counters.recvs += 1;
        let read = match stream.read(room) {
            Ok(0) => {
                let why = slot.broken.map_or(CloseReason::PeerEnded, CloseReason::Failed);
                return self.end(socket, why, handler);
            }
            Ok(read) => read,
            Err(error) => return self.on_read_error(socket, error.kind(), handler),
        };
        self.counters.bytes_in += wide(read);
        let again = read == room.len() || slot.to_the_end;
        front.copy_from_slice(slot.carry.bytes());
        let bytes = &mut self.scratch[..carried + read];
        let ends = match handler.on_bytes(socket, bytes) {
            Verdict::Close => Some(CloseReason::Unwanted),
            Verdict::Keep(used) => {
                assert!(used <= bytes.len(), "a handler uses only bytes that it was shown");
                let rest = &bytes[used..];
                let fits = rest.len() <= self.options.frame_carry_max;
                slot.carry.replace(if fits { rest } else { &[] });
                (!fits).then_some(CloseReason::FrameTooLong)
            }
        };
        bytes.fill(0);
        if let Some(why) = ends {
            return self.end(socket, why, handler);
        }
        if again {
            self.counters.read_again += 1;
            self.sockets.mark_ready(socket);
        }
    }

    fn on_read_error(
        &mut self,
        socket: SocketId,
        error: io::ErrorKind,
        handler: &mut impl Handler,
    ) {
        let broken = self.sockets.find(socket).and_then(|slot| slot.broken);
        match (error, broken) {
            // Emptied by the read before: epoll tells when there is more.
            (io::ErrorKind::WouldBlock, None) => {}
            (io::ErrorKind::Interrupted, _) => self.sockets.mark_ready(socket),
            // The first error is the one to tell.
            (_, Some(first)) => self.end(socket, CloseReason::Failed(first), handler),
            (_, None) => self.end(socket, CloseReason::Failed(error), handler),
        }
    }

    fn end(&mut self, socket: SocketId, why: CloseReason, handler: &mut impl Handler) {
        let sent = self.sockets.release(socket);
        handler.on_close(socket, why, sent);
    }
}

/// Whether a connect is through. Epoll may speak before there is anything to say.
fn connected(stream: &TcpStream) -> io::Result<bool> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        // A connect to a free port of this machine can meet itself.
        Ok(peer) if stream.local_addr()? == peer => Err(io::ErrorKind::ConnectionRefused.into()),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SocketOptions;
    use socket2::{Domain, Socket, Type};
    use std::net::{Ipv4Addr, SocketAddr};

    #[test]
    fn a_connect_that_met_itself_found_nobody() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        socket.connect(&socket.local_addr().unwrap()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let stream = TcpStream::from_std(socket.into());
        assert_eq!(connected(&stream).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }

    /// Uses whole messages of four bytes.
    struct Fours;

    impl Handler for Fours {
        fn on_accept(&mut self, _: ListenerId, _: SocketAddr, _: SocketId) -> bool {
            true
        }
        fn on_open(&mut self, _: SocketId) {}
        fn on_bytes(&mut self, _: SocketId, bytes: &mut [u8]) -> Verdict {
            if bytes.starts_with(b"bad!") {
                Verdict::Close
            } else {
                Verdict::Keep(bytes.len() / 4 * 4)
            }
        }
        fn on_close(&mut self, _: SocketId, _: CloseReason, _: u64) {}
    }

    #[test]
    fn of_what_was_read_nothing_stays_but_an_unfinished_frame() {
        use std::io::Write as _;
        for (sent, carried) in [(&b"3530111333"[..], &b"33"[..]), (b"3530", b""), (b"bad!35", b"")]
        {
            let mut net = Net::new(8, 2, SocketOptions::default()).unwrap();
            let listener = net.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
            let address = net.local_addr(listener).unwrap();
            let mut peer = std::net::TcpStream::connect(address).unwrap();
            peer.write_all(sent).unwrap();
            while net.counters.bytes_in < wide(sent.len()) {
                net.turn(Some(Duration::from_secs(1)), &mut Fours).unwrap();
            }
            assert!(net.scratch.iter().all(|byte| *byte == 0), "{sent:?}");
            assert_eq!(net.sockets.slots().next().unwrap().carry.bytes(), carried);
        }
    }
}
