//! What a run has measured, as a line of a table. Knows no clock and no thread.

use std::fmt;

use journal::writer::Written;

use crate::run::Load;

pub(crate) struct Figures {
    pub(crate) load: Load,
    /// From a record's hand-over to the look that found it durable, sorted.
    pub(crate) waits_ns: Vec<u64>,
    pub(crate) written: Written,
    /// What the system counts as written by the journal thread: batches, headers of segments.
    pub(crate) device_bytes: u64,
    pub(crate) journal_ns: u64,
    /// Of kernel threads that work for the process.
    pub(crate) others_ns: u64,
    pub(crate) prepared_bytes: u64,
    pub(crate) keeper_ns: u64,
}

impl Figures {
    pub(crate) const HEAD: &str = "\
| path | records/s | bytes | p50 us | p99 us | max us | records/commit | written/payload | \
journal CPU us/record | kernel workers us/record | prepared/payload | keeper CPU us/record |\n\
|---|---|---|---|---|---|---|---|---|---|---|---|";

    fn wait_us(&self, part: usize, of: usize) -> u64 {
        self.waits_ns[(self.waits_ns.len() * part / of).min(self.waits_ns.len() - 1)] / 1_000
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Written { batches, records, record_bytes, .. } = self.written;
        let micros = |nanos: u64| Hundredths(nanos / 10, records);
        write!(
            f,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            self.load.path_name(),
            self.load.rate,
            self.load.record_bytes,
            self.wait_us(50, 100),
            self.wait_us(99, 100),
            self.wait_us(1, 1),
            Hundredths(100 * records, batches),
            Hundredths(100 * self.device_bytes, record_bytes),
            micros(self.journal_ns),
            micros(self.others_ns),
            Hundredths(100 * self.prepared_bytes, record_bytes),
            micros(self.keeper_ns),
        )
    }
}

/// A ratio of integers with two decimals.
struct Hundredths(u64, u64);

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.0 + self.1 / 2) / self.1.max(1);
        write!(f, "{}.{:02}", hundredths / 100, hundredths % 100)
    }
}
