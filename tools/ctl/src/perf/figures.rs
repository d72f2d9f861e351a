//! What was measured, and how it is written for people. Must not know how it was measured.

use serde::Serialize;

use super::loopback::Loopback;

/// How long a commit of one batch took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Commit {
    /// Bytes of the batch.
    pub(super) bytes: usize,
    /// Half of them took at most this.
    pub(super) p50_ns: u64,
    /// 99 of a hundred took at most this.
    pub(super) p99_ns: u64,
    /// So many were measured.
    pub(super) commits: usize,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Figures {
    /// Where the disk was measured.
    pub(super) directory: String,
    /// Its file system, by the name that people know; its number where that is not known here.
    pub(super) file_system: String,
    /// Copied into a mapping and synced, one at a time: of one block, and of a busy moment.
    pub(super) mapped: [Commit; 2],
    /// Written past the page cache, one at a time.
    pub(super) direct: Option<[Commit; 2]>,
    /// Why there is none, or what is not as it should be with it.
    pub(super) direct_note: Option<String>,
    /// Reading a segment from front to end, past the page cache.
    pub(super) read_bytes_a_second: u64,
    /// Between two sockets of this machine.
    pub(super) loopback: Loopback,
}

/// Nanoseconds as microseconds; milliseconds from ten on.
pub(super) fn time(nanos: u64) -> String {
    match nanos {
        0..100_000 => format!("{}.{} us", nanos / 1_000, nanos / 100 % 10),
        100_000..10_000_000 => format!("{} us", nanos / 1_000),
        _ => format!("{}.{} ms", nanos / 1_000_000, nanos / 100_000 % 10),
    }
}

/// Bytes a second in the largest unit of which there are some.
pub(super) fn rate(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    match bytes {
        0..MIB => format!("{} KiB/s", bytes >> 10),
        MIB..0x2_8000_0000 => format!("{} MiB/s", bytes / MIB),
        _ => format!("{}.{} GiB/s", bytes >> 30, (bytes >> 20) % 1_024 * 10 / 1_024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_short_enough_to_compare_at_a_glance() {
        assert_eq!(
            [0, 43_210, 99_999, 100_000, 9_999_999, 10_000_000, 68_250_000].map(time),
            ["0.0 us", "43.2 us", "99.9 us", "100 us", "9999 us", "10.0 ms", "68.2 ms"]
        );
        assert_eq!(
            [0, 1 << 20, 549 << 20, 10 << 30, (10 << 30) + (512 << 20)].map(rate),
            ["0 KiB/s", "1 MiB/s", "549 MiB/s", "10.0 GiB/s", "10.5 GiB/s"]
        );
    }
}
