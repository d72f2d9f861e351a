//! What workers have to say, on its way to the log: bounded, never waited for. Must not know how a
//! line looks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use codec::FramingError;
use crossbeam::channel::{Receiver, Sender, bounded};
use switch_core::ids::{LinkId, StationId, WorkerId};
use switch_core::notices::Notice;
use switch_net::CloseReason;

/// Notes that wait for the log at most.
pub(crate) const NOTES_MAX: usize = 8_192;

/// One thing to be logged.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// The core says so.
    Core(Notice),
    /// A socket is gone, or did not come to be.
    Socket {
        /// Its link.
        link: LinkId,
        /// The other end.
        peer: Option<SocketAddr>,
        /// Why.
        why: CloseReason,
    },
    /// Bytes that are no frame; the link is closed.
    BadFrame {
        /// The link.
        link: LinkId,
        /// What was wrong.
        error: FramingError,
    },
    /// A frame was not finished in time; the link is closed.
    HalfFrame {
        /// The link.
        link: LinkId,
    },
    /// The system did not give us connections that wait; they are tried again.
    AcceptFailed {
        /// How often since the last such note.
        times: u64,
    },
    /// Somebody connected whose address has all the links that one may have.
    PeerCrowded {
        /// To whom.
        station: StationId,
        /// Who.
        peer: SocketAddr,
    },
    /// Somebody connected whom no station expects.
    Stranger {
        /// Who.
        peer: SocketAddr,
    },
    /// A connection could not even be begun.
    ConnectRefused {
        /// The link.
        link: LinkId,
        /// Where to.
        peer: SocketAddr,
        /// What the system said.
        error: std::io::ErrorKind,
    },
    /// Whether there are enough spare segments for new requests has changed.
    Room {
        /// Whether there are now.
        there_is: bool,
    },
    /// Whether the disk has space for another segment has changed.
    DiskFull {
        /// Whether it has none now.
        full: bool,
        /// What it has.
        free_bytes: u64,
        /// What it must have for another segment: room for the segment, and beside it for a checkpoint
        /// and for what is being packed.
        needed_bytes: u64,
        /// Segments that are ready.
        spares: usize,
    },
    /// A checkpoint or an archive could not be made; it is tried again.
    NotFolded {
        /// What, and why not.
        problem: Box<str>,
    },
    /// Whether what is older than memory can be looked at.
    PastNotRead {
        /// Where it can not, and why not. None: it can be again.
        problem: Option<Box<str>>,
    },
}

/// A worker's end: notes go in and are never waited for.
#[derive(Clone, Debug)]
pub struct Notes {
    worker: WorkerId,
    sender: Sender<(WorkerId, Note)>,
    lost: Arc<AtomicU64>,
}

/// The log's end.
#[derive(Debug)]
pub struct NotesReceiver {
    /// What came in.
    pub notes: Receiver<(WorkerId, Note)>,
    lost: Arc<AtomicU64>,
}

/// A way for notes from any number of workers.
pub fn channel() -> (Notes, NotesReceiver) {
    let (sender, notes) = bounded(NOTES_MAX);
    let lost = Arc::new(AtomicU64::new(0));
    let from = Notes { worker: WorkerId(0), sender, lost: Arc::clone(&lost) };
    (from, NotesReceiver { notes, lost })
}

impl Notes {
    /// The end of another worker.
    #[must_use]
    pub fn of(&self, worker: WorkerId) -> Self {
        Self { worker, ..self.clone() }
    }

    /// Hands a note to the log; counts it as lost when too many wait.
    pub fn tell(&mut self, note: Note) {
        if self.sender.try_send((self.worker, note)).is_err() {
            // A plain count: its partner is the swap in `take_lost`, which needs no order.
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl NotesReceiver {
    /// Notes lost since this was last asked.
    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}
