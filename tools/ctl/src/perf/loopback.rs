//! What a message costs between two sockets of this machine: there and back, and how many bytes go
//! through. Must not know who asks, nor what the figures mean.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::clock;

/// Bytes of a message: about those of an authorization.
const MESSAGE: usize = 300;
/// Bytes of one write when throughput is measured.
const PIECE: usize = 64 << 10;
/// Round trips before anything is measured.
const WARMUP: usize = 200;
/// Round trips that are kept.
const TRIPS_MAX: usize = 200_000;
/// Longer than any round trip: somebody is gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Loopback {
    /// A message of 300 bytes there and back, half of the time and longest but for a hundredth.
    pub(super) p50_ns: u64,
    pub(super) p99_ns: u64,
    /// Round trips that this is of.
    pub(super) trips: usize,
    /// One way, in large pieces.
    pub(super) bytes_a_second: u64,
}

/// Measures both, each for so long.
pub(super) fn measure(each: Duration) -> io::Result<Loopback> {
    let mut trips = round_trips(each)?;
    trips.sort_unstable();
    let at = |percent: usize| {
        let place = (trips.len() * percent / 100).min(trips.len().saturating_sub(1));
        trips.get(place).copied().unwrap_or_default()
    };
    let (p50_ns, p99_ns) = (at(50), at(99));
    Ok(Loopback { p50_ns, p99_ns, trips: trips.len(), bytes_a_second: throughput(each)? })
}

/// How long each round trip took, in nanoseconds. Both ends block, as a partner does that has one
/// message under way.
fn round_trips(lasting: Duration) -> io::Result<Vec<u64>> {
    let (mut near, far) = pair()?;
    thread::scope(|scope| {
        let echo = thread::Builder::new().name("echo".into()).spawn_scoped(scope, || echo(far))?;
        let measured = ping(&mut near, lasting);
        // The echo ends when nothing can come any more, whatever went wrong here.
        let closed = near.shutdown(Shutdown::Both);
        joined(echo.join())?;
        let trips = measured?;
        closed.map(|()| trips)
    })
}

fn ping(near: &mut TcpStream, lasting: Duration) -> io::Result<Vec<u64>> {
    let mut message = [0x30; MESSAGE];
    let mut trips = Vec::with_capacity(TRIPS_MAX);
    for _ in 0..WARMUP {
        near.write_all(&message)?;
        near.read_exact(&mut message)?;
    }
    let end = clock::now() + lasting;
    while trips.len() < TRIPS_MAX {
        let begun = clock::now();
        if begun >= end {
            break;
        }
        near.write_all(&message)?;
        near.read_exact(&mut message)?;
        trips.push(nanos(clock::now() - begun));
    }
    Ok(trips)
}

fn echo(mut far: TcpStream) -> io::Result<()> {
    let mut message = [0; MESSAGE];
    loop {
        match far.read_exact(&mut message) {
            Ok(()) => far.write_all(&message)?,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Bytes a second from one socket to another.
fn throughput(lasting: Duration) -> io::Result<u64> {
    let (mut near, far) = pair()?;
    thread::scope(|scope| {
        let drain =
            thread::Builder::new().name("drain".into()).spawn_scoped(scope, || drain(far))?;
        let begun = clock::now();
        let written = pour(&mut near, begun + lasting);
        let closed = near.shutdown(Shutdown::Write);
        let arrived = joined(drain.join())?;
        let took = clock::now() - begun;
        written?;
        closed?;
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        Ok(arrived.saturating_mul(1_000) / millis)
    })
}

fn pour(near: &mut TcpStream, end: Instant) -> io::Result<()> {
    let piece = vec![0x30; PIECE];
    while clock::now() < end {
        near.write_all(&piece)?;
    }
    Ok(())
}

/// How many bytes came until nothing can come any more.
fn drain(mut far: TcpStream) -> io::Result<u64> {
    let (mut piece, mut arrived) = (vec![0; PIECE], 0_u64);
    loop {
        match far.read(&mut piece)? {
            0 => return Ok(arrived),
            read => arrived += u64::try_from(read).unwrap_or_default(),
        }
    }
}

/// Two ends of one connection, as the switch's links are set.
fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, from) = listener.accept()?;
    if from != near.local_addr()? {
        return Err(io::Error::other("somebody else connected to the port of the measurement"));
    }
    for end in [&near, &far] {
        end.set_nodelay(true)?;
        end.set_read_timeout(Some(PATIENCE))?;
        end.set_write_timeout(Some(PATIENCE))?;
    }
    Ok((near, far))
}

fn joined<T>(ended: thread::Result<io::Result<T>>) -> io::Result<T> {
    ended.unwrap_or_else(|_| Err(io::Error::other("a thread of the measurement panicked")))
}

pub(super) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_and_bytes_go_through() {
        let measured = measure(Duration::from_millis(50)).unwrap();
        assert!(measured.trips > 0 && measured.p50_ns > 0, "{measured:?}");
        assert!(measured.p99_ns >= measured.p50_ns && measured.bytes_a_second > 0, "{measured:?}");
    }
}
