//! How far a standby is behind, for the status. Decides nothing.

use std::collections::VecDeque;

use super::{CHANGE_OVER, Phase, Sender};
use crate::format::Position;

/// How far a standby is behind its primary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Records that were framed and are not acknowledged by the rule of the mode.
    pub records: u64,
    /// Batches of which the same holds, empty ones too.
    pub batches: u64,
    /// Bytes of the log that were sent and are not acknowledged as durable. What was not sent is not
    /// counted: it was not read yet.
    pub bytes: u64,
    /// How long the oldest of those records waits, in nanoseconds, to a tenth of a second and, the
    /// longer it is, to a two-hundredth of it. 0: none waits.
    pub for_ns: u64,
}

/// How far a standby is that is sent what was written before it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CatchUp {
    /// The last record that it had at first.
    pub from: Position,
    /// The last one that it has.
    pub position: Position,
    /// The one that it is to reach, which goes on meanwhile.
    pub target: Position,
    /// A checkpoint is sent first: of so many bytes, so many.
    pub snapshot: Option<(u64, u64)>,
}

impl Sender {
    /// How far catching up is; none where that is not needed, or not begun.
    pub fn catching_up(&self) -> Option<CatchUp> {
        let target = self.ours.end.position;
        if let Some(snapshot) = self.snapshot {
            let from = self.their_end.position;
            return Some(CatchUp { from, position: from, target, snapshot: Some(snapshot) });
        }
        let is_near = self.ours.end.batch.0 <= self.sent.batch.0 + CHANGE_OVER;
        let is_far = matches!(self.phase, Phase::Shipping) && !is_near;
        let (from, position) = (self.begun.position, self.window.durable.position);
        is_far.then_some(CatchUp { from, position, target, snapshot: None })
    }
}

/// Samples kept.
const SAMPLES: usize = 256;
/// Between two samples at first, in nanoseconds.
const BETWEEN: u64 = 50_000_000;

/// When the log had which end: few samples, the fewer the older.
#[derive(Debug)]
pub(super) struct Ends {
    samples: VecDeque<(Position, u64)>,
    between: u64,
}

impl Ends {
    pub(super) fn new() -> Self {
        Self { samples: VecDeque::with_capacity(SAMPLES), between: BETWEEN }
    }

    /// The log goes on to `end` now.
    pub(super) fn add(&mut self, end: Position, now: u64) {
        let is_soon = |&(last, at): &(Position, u64)| end <= last || now < at + self.between;
        if self.samples.back().is_some_and(is_soon) {
            return;
        }
        if self.samples.len() == SAMPLES {
            let mut place = 0;
            self.samples.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.between *= 2;
        }
        self.samples.push_back((end, now));
    }

    /// All up to here is acknowledged.
    pub(super) fn let_go(&mut self, matched: Position) {
        while self.samples.front().is_some_and(|&(end, _)| end <= matched) {
            self.samples.pop_front();
        }
        if self.samples.is_empty() {
            self.between = BETWEEN;
        }
    }

    /// How long the oldest waits.
    pub(super) fn waits(&self, now: u64) -> u64 {
        self.samples.front().map_or(0, |&(_, at)| now.saturating_sub(at))
    }
}
