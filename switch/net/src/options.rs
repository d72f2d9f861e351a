//! What every socket of a `Net` is set to. Must not know which station it belongs to.

use std::io;
use std::time::Duration;

use mio::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};

/// The buffer that one `recv` fills, shared by all sockets of a `Net`: the most that is read from one
/// socket in one turn, together with its unfinished frame.
pub const SCRATCH_BYTES: usize = 64 * 1024;

/// Bounds and TCP options, the same for every socket of a `Net`. `TCP_NODELAY` and `SO_KEEPALIVE`
/// are always on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// The most bytes of an unfinished frame kept between two reads: the longest frame less one
    /// byte. Below [`SCRATCH_BYTES`], so that each read gets on.
    pub frame_carry_max: usize,
    /// The most bytes that wait for one peer to read; at the bound a send is refused.
    pub out_max: usize,
    /// Silence after which TCP asks whether the peer is there (`TCP_KEEPIDLE`, whole seconds).
    pub keepalive_idle: Duration,
    /// Time between two such questions (`TCP_KEEPINTVL`, whole seconds).
    pub keepalive_interval: Duration,
    /// Questions without an answer after which the connection is broken (`TCP_KEEPCNT`).
    pub keepalive_probes: u32,
    /// How long sent bytes may stay unacknowledged before the connection is broken
    /// (`TCP_USER_TIMEOUT`, milliseconds); zero leaves it to the system.
    pub user_timeout: Duration,
}

impl Default for SocketOptions {
    /// Frames of 16 KiB, a quarter of a megabyte out, a dead peer found within half a minute.
    fn default() -> Self {
        Self {
            frame_carry_max: 16 * 1024,
            out_max: 256 * 1024,
            keepalive_idle: Duration::from_secs(15),
            keepalive_interval: Duration::from_secs(5),
            keepalive_probes: 3,
            user_timeout: Duration::from_secs(30),
        }
    }
}

impl SocketOptions {
    /// # Errors
    /// `InvalidInput` when a frame could fill the scratch buffer, or nothing could be sent.
    pub(crate) fn validated(self) -> io::Result<Self> {
        if self.frame_carry_max >= SCRATCH_BYTES || self.out_max == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        Ok(self)
    }

    pub(crate) fn apply(&self, stream: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(stream);
        socket.set_tcp_nodelay(true)?;
        let keepalive = TcpKeepalive::new()
            .with_time(self.keepalive_idle)
            .with_interval(self.keepalive_interval)
            .with_retries(self.keepalive_probes);
        socket.set_tcp_keepalive(&keepalive)?;
        socket.set_tcp_user_timeout(Some(self.user_timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn the_options_reach_the_kernel() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let options = SocketOptions {
            keepalive_idle: Duration::from_secs(11),
            keepalive_interval: Duration::from_secs(7),
            keepalive_probes: 4,
            user_timeout: Duration::from_millis(12_345),
            ..SocketOptions::default()
        };
        options.apply(&stream).unwrap();
        let socket = SockRef::from(&stream);
        assert!(socket.tcp_nodelay().unwrap());
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), options.keepalive_idle);
        assert_eq!(socket.tcp_keepalive_interval().unwrap(), options.keepalive_interval);
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), options.keepalive_probes);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(options.user_timeout));
    }
}
