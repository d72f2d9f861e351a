//! What a site of the stories lets go of, and the checkpoint that stands for it: sent piece by piece, and taken
//! by the next life of a node. Knows no rule.

use super::super::site::{CLUSTER, Site};
use super::Pair;
use crate::format::{BatchNumber, Position};
use crate::roles::control::Joining;
use crate::roles::event::{Event, Storing};
use crate::ship::message::{EpochStart, Mark};
use crate::ship::sender::Fed;

/// Bytes of a piece.
const PIECE: usize = 100;
/// Bytes of a checkpoint.
const TOTAL: usize = 250;

/// The state behind a record, as far as it is here.
#[derive(Clone, Debug, Default)]
pub(in crate::roles::tests) struct Checkpoint {
    pub(in crate::roles::tests) position: Position,
    bytes: Vec<u8>,
}

impl Site {
    /// It makes a checkpoint of all that it has, and lets go of the log up to a batch.
    pub(in crate::roles::tests) fn lets_go(&mut self, of: u64) {
        let last = self.log.iter().rfind(|piece| piece.mark.batch == BatchNumber(of));
        self.base = last.expect("it is there").mark;
        self.checkpoint = Checkpoint { position: self.end().position, bytes: vec![7; TOTAL] };
    }

    /// The epoch table of a log that begins behind a checkpoint and has nothing yet.
    pub(in crate::roles::tests) fn epochs_of_base(&self) -> Vec<EpochStart> {
        let Mark { epoch, batch, .. } = self.base;
        let is_bare = self.log.is_empty() && self.base != Mark::ZERO;
        is_bare.then_some(EpochStart { epoch, first_batch: batch }).into_iter().collect()
    }

    /// What the log lacks of what the checkpoint has.
    pub(in crate::roles::tests) fn lacks(&self) -> Option<Position> {
        Some(self.checkpoint.position).filter(|position| *position > self.end().position)
    }

    /// Whether a batch was let go of.
    pub(super) fn gone(&self, from: BatchNumber) -> Option<Fed> {
        (from <= self.base.batch).then_some(Fed::Gone { first: self.base })
    }

    pub(super) fn piece(&self, offset: u64) -> Fed {
        let Checkpoint { position, bytes } = &self.checkpoint;
        let at = usize::try_from(offset).expect("small");
        if bytes.is_empty() {
            return Fed::NoSnapshot;
        }
        let piece = bytes[at..].iter().copied().take(PIECE).collect();
        Fed::Snapshot { about: *position, total: TOTAL as u64, offset, bytes: piece }
    }
}

impl Pair {
    /// A piece comes; behind the last one another life begins, with the checkpoint in the log's place.
    pub(super) fn stores(&mut self, at: usize, storing: Storing) {
        let Storing { cluster, base, piece } = storing;
        assert_eq!(cluster, CLUSTER);
        let site = &mut self.sites[at];
        if piece.offset == 0 {
            site.coming.clear();
        }
        if piece.offset != site.coming.len() as u64 {
            // Of one that a line took away.
            return;
        }
        site.coming.extend_from_slice(&piece.bytes);
        if self.dies_storing == Some((at, site.coming.len().div_ceil(PIECE))) {
            self.notes(at, "dies");
            return self.dies(at);
        }
        if self.refuses_storing.take() == Some(at) {
            self.notes(at, "its disk does not take it");
            self.sites[at].coming.clear();
            return self.tells(at, Event::Misfit);
        }
        let site = &mut self.sites[at];
        if site.coming.len() < TOTAL {
            return;
        }
        site.checkpoint =
            Checkpoint { position: piece.about, bytes: std::mem::take(&mut site.coming) };
        site.base = base;
        site.log.clear();
        site.durable = 0;
        site.control.joining = site.control.joining.max(Joining::New);
        self.notes(at, "begins anew with a checkpoint");
        self.tells(1 - at, Event::LineDown);
        if std::mem::take(&mut self.line_ends_behind_a_checkpoint) {
            self.line = false;
        }
        self.starts(at);
    }
}
