//! What is known of rot in what is sealed, for the status: shared with who looks for it, over all parts that a
//! node has in the life of the process. Must not know how it is found.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::status::{RottenStatus, ScrubStatus};

/// Files that are shown one by one.
const SHOWN_MAX: usize = 8;

/// The figures. A lock is held for moments only.
#[derive(Debug, Default)]
pub(crate) struct Scrubbed(Mutex<ScrubStatus>);

impl Scrubbed {
    /// A pass begins over so many bytes.
    pub(super) fn begins(&self, bytes: u64) {
        let mut all = self.all();
        (all.pass_bytes, all.pass_read) = (bytes, 0);
    }

    /// So many of them were read.
    pub(super) fn has_read(&self, bytes: u64) {
        let mut all = self.all();
        all.pass_read += bytes;
        all.read += bytes;
    }

    /// All of it was read in this second since 1970.
    pub(super) fn ends(&self, utc: u64) {
        let mut all = self.all();
        all.passes += 1;
        all.whole_utc = Some(utc);
        (all.pass_bytes, all.pass_read) = (0, 0);
    }

    /// Another file is not as it was written.
    pub(super) fn finds(&self) {
        self.all().found += 1;
    }

    /// One of them is whole again.
    pub(super) fn mends(&self) {
        self.all().mended += 1;
    }

    /// So many sealed segments are not packed because of it.
    pub(super) fn holds_back(&self, segments: usize) {
        self.all().unpacked = u64::try_from(segments).unwrap_or(u64::MAX);
    }

    /// How often all is read, and what is not whole.
    pub(super) fn shows(&self, every: Duration, mut rotten: Vec<RottenStatus>) {
        let mut all = self.all();
        all.every_s = every.as_secs();
        all.waiting = u64::try_from(rotten.len()).unwrap_or(u64::MAX);
        rotten.truncate(SHOWN_MAX);
        all.rotten = rotten;
    }

    /// What is shown.
    pub(crate) fn status(&self) -> ScrubStatus {
        self.all().clone()
    }

    fn all(&self) -> MutexGuard<'_, ScrubStatus> {
        // Figures are whole at any time.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
