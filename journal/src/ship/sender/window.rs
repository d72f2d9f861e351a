//! What was sent and is not yet acknowledged as durable. Must not know what is sent next, nor what an
//! acknowledgement releases.

use std::collections::VecDeque;
use std::fmt;

use crate::format::{BLOCK, BatchNumber};
use crate::mutants::{Mutant, breaks};
use crate::ship::message::{Mark, PIECE_MAX};
use crate::ship::sender::Settings;

/// Batches under way, at most.
pub const BATCHES_MAX: usize = 4_096;
/// Bytes under way, at most; a batch that begins within them may go over.
pub const BYTES_MAX: usize = 32 << 20;

/// Pieces of a checkpoint in a second, as far as they are of a good size.
const PIECES: u64 = 8;
/// The smallest one.
const PIECE_MIN: usize = 64 << 10;

impl Settings {
    /// Bytes of a checkpoint that are read at once: a few times a second, so that nobody waits long for
    /// the disk or the line behind one.
    pub(super) fn piece_bytes(&self) -> usize {
        let share = self.catch_up.map_or(u64::MAX, |rate| rate.get() / PIECES);
        let share = usize::try_from(share).unwrap_or(PIECE_MAX).clamp(PIECE_MIN, PIECE_MAX);
        share - share % BLOCK
    }
}

/// What a standby said and can not be. The line is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// It follows from there, and was not asked to.
    Ready(Mark),
    /// It acknowledges a batch that was not sent.
    NotSent(BatchNumber),
    /// It acknowledges a batch with another tag, reign or position than that which was sent.
    Other(BatchNumber),
    /// It takes back what it acknowledged.
    Back(BatchNumber),
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, batch) = match self {
            Self::Ready(mark) => ("follows from where it was not asked to", mark.batch),
            Self::NotSent(batch) => ("acknowledges what was not sent", *batch),
            Self::Other(batch) => ("acknowledges another batch than was sent", *batch),
            Self::Back(batch) => ("takes back what it acknowledged", *batch),
        };
        write!(f, "the standby {what}: batch {}", batch.0)
    }
}

impl std::error::Error for Lie {}

/// Batches under way, since the standby was ready.
#[derive(Debug)]
pub(super) struct Window {
    /// Those behind `durable`, in order: their numbers follow one another.
    flights: VecDeque<Flight>,
    bytes: usize,
    pub(super) received: Mark,
    pub(super) durable: Mark,
}

#[derive(Debug)]
struct Flight {
    mark: Mark,
    bytes: usize,
}

impl Window {
    /// Nothing is under way behind this mark, which the standby has.
    pub(super) fn new(from: Mark) -> Self {
        let flights = VecDeque::with_capacity(BATCHES_MAX);
        Self { flights, bytes: 0, received: from, durable: from }
    }

    pub(super) fn has_room(&self) -> bool {
        self.flights.len() < BATCHES_MAX && self.bytes < BYTES_MAX
    }

    pub(super) fn push(&mut self, mark: Mark, bytes: usize) {
        let last = self.flights.back().map_or(self.durable, |flight| flight.mark);
        assert_eq!(mark.batch.0, last.batch.0 + 1, "batches are sent one after the other");
        self.bytes += bytes;
        self.flights.push_back(Flight { mark, bytes });
    }

    /// Batches and bytes under way.
    pub(super) fn under_way(&self) -> (usize, usize) {
        (self.flights.len(), self.bytes)
    }

    /// The standby has these.
    pub(super) fn acknowledge(&mut self, received: Mark, durable: Mark) -> Result<(), Lie> {
        if !breaks(Mutant::AcknowledgesItsOwnLog) {
            self.verify(&received, self.received)?;
            self.verify(&durable, self.durable)?;
            if durable.batch > received.batch {
                return Err(Lie::NotSent(durable.batch));
            }
        }
        (self.received, self.durable) = (received, durable);
        while self.flights.front().is_some_and(|flight| flight.mark.batch <= durable.batch) {
            let flight = self.flights.pop_front().expect("there is one");
            self.bytes -= flight.bytes;
        }
        Ok(())
    }

    /// That a mark is one that was sent, and not before what was acknowledged.
    fn verify(&self, mark: &Mark, so_far: Mark) -> Result<(), Lie> {
        if mark.batch < so_far.batch {
            return Err(Lie::Back(mark.batch));
        }
        let behind = mark.batch.0 - self.durable.batch.0;
        let sent = match behind.checked_sub(1) {
            None => self.durable,
            Some(place) => {
                let flight = usize::try_from(place).ok().and_then(|place| self.flights.get(place));
                flight.ok_or(Lie::NotSent(mark.batch))?.mark
            }
        };
        if *mark == sent { Ok(()) } else { Err(Lie::Other(mark.batch)) }
    }
}
