//! What the journal's threads say about themselves, for the status: each its own part, copied out
//! when somebody asks. Nobody on the way of a request waits for whoever asks.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journal::format::{Epoch, PathKind, Position, SegmentNumber};
use switch_core::counters::Latencies;

use super::priority::Priority;
use super::scrubbed::Scrubbed;
use crate::config::path_word;
use crate::status::JournalStatus;

/// All figures of one journal.
#[derive(Debug)]
pub struct Figures {
    fixed: Fixed,
    writing: Mutex<Writing>,
    keeping: Mutex<Keeping>,
    folding: Mutex<Folding>,
}

/// Whether what is older than memory can be looked at: shared with who looks. A lock is held for moments
/// only.
#[derive(Debug, Default)]
pub struct Sight(Mutex<Option<Box<str>>>);

impl Sight {
    /// Shows where and why it can not be, or that it can. True: that is new.
    pub fn show(&self, problem: Option<Box<str>>) -> bool {
        let mut shown = lock(&self.0);
        let is_new = *shown != problem;
        *shown = problem;
        is_new
    }

    /// What is shown.
    pub(crate) fn problem(&self) -> Option<String> {
        lock(&self.0).as_deref().map(str::to_owned)
    }
}

/// What does not change while the process lives.
#[derive(Clone, Debug)]
pub(super) struct Fixed {
    /// The directory.
    pub directory: PathBuf,
    /// `journal.sync`, as it is written in the file.
    pub sync: &'static str,
    /// How segments are written.
    pub path: PathKind,
    /// The epoch of this start.
    pub epoch: Epoch,
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// Records read again at the start.
    pub replayed: u64,
    /// Milliseconds that it took to read them.
    pub replayed_ms: u64,
    /// Requests without an outcome, closed at the start.
    pub closed_at_start: u64,
    /// What the reader sees.
    pub sight: Arc<Sight>,
    /// What is known of rot.
    pub scrubbed: Arc<Scrubbed>,
}

/// The part of the thread that writes.
#[derive(Clone, Debug, Default)]
pub(super) struct Writing {
    /// The last record taken.
    pub position: Position,
    /// The last record on the disk.
    pub durable: Position,
    /// What a header said last about what was durable before it.
    pub released: Position,
    /// The segment that is written.
    pub segment: SegmentNumber,
    /// Records and batches committed since the start.
    pub records: u64,
    /// Batches among them with records.
    pub commits: u64,
    /// Bytes of these batches as written, padding and headers included.
    pub bytes: u64,
    /// How long each batch took from its commit until it was durable.
    pub latencies: Latencies,
    /// How the thread is scheduled; none before it runs.
    pub priority: Option<Priority>,
}

/// The part of the thread that keeps segments.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keeping {
    /// Segments there are, the one that is written among them.
    pub segments: u64,
    /// Segments prepared.
    pub spares: u64,
    /// Segments packed.
    pub archives: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes that the disk still has.
    pub free_bytes: u64,
    /// Whether new requests are taken.
    pub room: bool,
}

/// The part of the thread that makes checkpoints.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Folding {
    /// The position of the last checkpoint.
    pub checkpoint: Position,
}

impl Figures {
    /// Of a journal that is about to be written.
    pub(super) fn new(fixed: Fixed, folding: Folding) -> Self {
        let keeping = Keeping { room: true, ..Keeping::default() };
        Self {
            fixed,
            writing: Mutex::default(),
            keeping: Mutex::new(keeping),
            folding: Mutex::new(folding),
        }
    }

    /// Shows what is written, unless somebody is looking: then it is shown the next time.
    pub(super) fn try_show_writing(&self, writing: &Writing) {
        if let Ok(mut shown) = self.writing.try_lock() {
            shown.clone_from(writing);
        }
    }

    /// Shows what is written, when there is time to wait for whoever looks.
    pub(super) fn show_writing(&self, writing: &Writing) {
        lock(&self.writing).clone_from(writing);
    }

    pub(super) fn show_keeping(&self, keeping: Keeping) {
        *lock(&self.keeping) = keeping;
    }

    pub(super) fn show_folding(&self, folding: Folding) {
        *lock(&self.folding) = folding;
    }

    /// As operators see it. `refused_no_room`: requests refused because the disk had no room.
    pub(crate) fn status(&self, refused_no_room: u64) -> JournalStatus {
        let writing = lock(&self.writing).clone();
        let (keeping, folding) = (*lock(&self.keeping), *lock(&self.folding));
        let micros = |per_mille| {
            let nanos = writing.latencies.quantile(per_mille);
            Some(nanos.div_ceil(1_000)).filter(|&us| us > 0)
        };
        JournalStatus {
            sync: self.fixed.sync.to_owned(),
            directory: self.fixed.directory.display().to_string(),
            path: path_word(self.fixed.path).to_owned(),
            epoch: self.fixed.epoch.0,
            position: writing.position.0,
            durable: writing.durable.0,
            released: writing.released.0,
            segment: writing.segment.0,
            segment_bytes: self.fixed.segment_bytes,
            segments: keeping.segments,
            spares: keeping.spares,
            archives: keeping.archives,
            bytes: keeping.bytes,
            free_bytes: keeping.free_bytes,
            records: writing.records,
            commits: writing.commits,
            commit_bytes: writing.bytes,
            commit_p50_us: micros(500),
            commit_p99_us: micros(990),
            checkpoint: folding.checkpoint.0,
            replayed: self.fixed.replayed,
            replayed_ms: self.fixed.replayed_ms,
            closed_at_start: self.fixed.closed_at_start,
            has_room: keeping.room,
            refused_no_room,
            priority: writing.priority.map(Priority::word).unwrap_or_default(),
            past_not_read: self.fixed.sight.problem(),
            scrub: self.fixed.scrubbed.status(),
        }
    }
}

/// Figures are whole at any time: one who panicked with them leaves them as they are.
fn lock<T>(figures: &Mutex<T>) -> MutexGuard<'_, T> {
    figures.lock().unwrap_or_else(PoisonError::into_inner)
}
