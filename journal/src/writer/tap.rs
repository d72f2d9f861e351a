//! What hears of all that a writer writes, so that it can be sent to a standby. Must not know what for.

use crate::format::{BLOCK, SegmentHeader};
use crate::mark::Mark;

/// Hears of all that goes to the log, in order.
pub(super) struct Tap(pub(super) Box<dyn FnMut(Framed<'_>) + Send>);

/// What goes to the log, as it is written.
#[derive(Clone, Copy, Debug)]
pub enum Framed<'a> {
    /// The first block of a segment.
    Segment(&'a [u8; BLOCK]),
    /// A batch, sealed: whole blocks. It ends at this mark.
    Batch(Mark, &'a [u8]),
}

impl Tap {
    pub(super) fn hear_of(&mut self, header: &SegmentHeader) {
        let mut block = [0; BLOCK];
        header.write(&mut block);
        (self.0)(Framed::Segment(&block));
    }
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tap(..)")
    }
}
