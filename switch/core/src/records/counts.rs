//! Counters in a record: which went up by how much. Knows no counter by name.

use super::write::Cursor;
use crate::counters::Counter;

/// What went up by how much: numbers of counters, each with what is to be added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deltas<'a>(pub(super) &'a [u8]);

/// Bytes of one counter: its number (2) and by how much (8).
pub(super) const EACH: usize = 10;

/// The most bytes of a record of counts, every counter in it.
pub const COUNTED_MAX: usize = 4 + EACH * Counter::ALL.len();

impl<'a> Deltas<'a> {
    /// Writes them into `out`; none when they do not fit.
    pub fn write(deltas: impl Iterator<Item = (u16, u64)>, out: &'a mut [u8]) -> Option<Self> {
        let mut to = Cursor { bytes: out, at: 0 };
        for (number, by) in deltas {
            to.put(number.to_le_bytes())?;
            to.put(by.to_le_bytes())?;
        }
        let Cursor { bytes, at } = to;
        Some(Self(&bytes[..at]))
    }

    /// Each counter's number, and by how much it went up.
    pub fn iter(self) -> impl Iterator<Item = (u16, u64)> + 'a {
        self.0.as_chunks::<EACH>().0.iter().map(|&[a, b, c, d, e, f, g, h, i, j]| {
            (u16::from_le_bytes([a, b]), u64::from_le_bytes([c, d, e, f, g, h, i, j]))
        })
    }

    /// Whether nothing went up.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}
