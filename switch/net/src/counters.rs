//! What a `Net` has done since it began. Must not know who reads it.

/// Events and bytes since start; each only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections accepted, and wanted by the handler.
    pub accepted: u64,
    /// Connections that the handler refused.
    pub refused: u64,
    /// Connections closed at once because all slots were taken.
    pub refused_full: u64,
    /// Accepts that failed, mostly for want of file descriptors. They are tried again.
    pub accept_failed: u64,
    /// Our connects that succeeded.
    pub connected: u64,
    /// Our connects that failed after they had begun.
    pub connect_failed: u64,
    /// Times a socket had more to read than fits into one turn.
    pub read_again: u64,
    /// `recv` calls.
    pub recvs: u64,
    /// `send` calls.
    pub sends: u64,
    /// `send` calls after which something was left over: the peer reads more slowly than we send.
    pub sends_short: u64,
    /// Sends refused because too much waits for that peer.
    pub out_full: u64,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes handed to the kernel.
    pub bytes_out: u64,
}
