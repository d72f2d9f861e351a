//! A checkpoint of the primary that takes the place of a log that its own does not reach back to: stored piece by
//! piece beside that, and taken up by the next life of the process. Must not know who sends it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use journal::disk::SystemDisk;
use journal::path::WritePath;
use journal::roles::event::{Event as Told, Storing};
use journal::seal::Keys;
use journal::snapshot::{Problem, Receiving};
use switch_core::replay::State;
use tracing::{info, warn};

use super::following::{Following, Next};
use crate::pairing::Order;
use crate::worker::Event;

/// Why the process begins anew.
const TAKEN: &str = "a checkpoint of the primary takes the place of the log of this node";

/// The checkpoint that comes, and what opens it.
pub(super) struct Storage {
    keys: Arc<Keys>,
    receiving: Option<Receiving<SystemDisk>>,
}

impl Storage {
    pub(super) fn of(keys: Arc<Keys>) -> Self {
        Self { keys, receiving: None }
    }
}

impl<P: WritePath> Following<P> {
    /// Takes a piece. The log is what it was until all of them are there.
    pub(super) fn store(&mut self, storing: Storing) -> Next {
        match self.stored(storing) {
            Ok(false) => Next::On,
            Ok(true) => {
                drop(self.events.send(Event::Node(Order::Anew(TAKEN))));
                Next::Enough
            }
            Err(problem) => {
                self.storing.receiving = None;
                let journal = self.failing.directory.display().to_string();
                warn!(journal, "a checkpoint that the other node sent is not taken: {problem}");
                (self.tell)(Told::Misfit);
                Next::On
            }
        }
    }

    /// Whether that was the last piece.
    fn stored(&mut self, storing: Storing) -> Result<bool, Problem> {
        let Storing { cluster, base, piece } = storing;
        if piece.offset == 0 {
            self.storing.receiving = None;
            let (position, bytes) = (piece.about, piece.total);
            let journal = self.failing.directory.display().to_string();
            info!(journal, position = position.0, bytes, "a checkpoint of the primary is taken");
            let begun = Receiving::begin(&self.disk, cluster, base, position, bytes)?;
            self.storing.receiving = Some(begun);
        }
        // What comes behind one that was not taken is not either.
        let Some(receiving) = &mut self.storing.receiving else { return Ok(false) };
        receiving.piece(piece.offset, &piece.bytes)?;
        if receiving.at() < piece.total {
            return Ok(false);
        }
        let (mut begins, beat) = (true, &self.beat);
        let mut look = |chunk: &[u8]| {
            beat.fetch_add(1, Ordering::Relaxed);
            let first = std::mem::replace(&mut begins, false);
            let readable = if first { State::is_readable(chunk) } else { Ok(()) };
            readable.map_err(|why| why.to_string())
        };
        let receiving = self.storing.receiving.take().expect("it was just there");
        receiving.finish(&self.storing.keys, &mut look)?;
        Ok(true)
    }
}
