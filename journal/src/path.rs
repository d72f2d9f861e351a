//! The way of batches to a segment: the seam that both write paths stand behind, and in tests the
//! simulated one. Knows no header and no key.

use std::io;

use crate::format::PathKind;

mod mapped;

mod direct;

pub use direct::Direct;
pub use mapped::Mapped;

/// Takes framed batches in order and says how many of them are durable.
///
/// A caller takes a buffer, writes a batch into it, submits it, and asks how far the disk is:
///
/// ```text
/// begin(name, bytes)          the segment, prepared and durable, that the next batches go to
/// buffer() -> 1 MiB           room for the next batch; none while all buffers are under way
/// submit(offset, length)      what was written into the buffer goes to that place of the segment,
///                             on its way with the next poll at the latest
/// poll(wait) -> n             n batches submitted since the start are durable, none before them is not
/// ```
///
/// After any error the path is not used again: what is on the disk is what the next start reads.
pub trait WritePath: Send {
    /// Which of the two it is.
    fn kind(&self) -> PathKind;

    /// Later batches go to this segment. What was submitted before stays under way.
    ///
    /// # Errors
    /// What the system says.
    fn begin(&mut self, name: &str, bytes: u64) -> io::Result<()>;

    /// A buffer of [`crate::format::BATCH_MAX`] bytes for the next batch, the same one until it is
    /// submitted. None while all are under way: poll first.
    fn buffer(&mut self) -> Option<&mut [u8]>;

    /// Sends the first `length` bytes (whole blocks) of the buffer to `offset` of the segment. It may
    /// be the next [`WritePath::poll`] that sets them off, so one is to follow soon.
    ///
    /// # Errors
    /// What the system says.
    fn submit(&mut self, offset: u64, length: usize) -> io::Result<()>;

    /// How many of the batches submitted so far are durable, in order and without a gap. `wait`:
    /// come back only when there is one more, or none under way.
    ///
    /// # Errors
    /// The first failed write or sync.
    fn poll(&mut self, wait: bool) -> io::Result<u64>;

    /// Batches under way.
    fn under_way(&self) -> usize;
}
