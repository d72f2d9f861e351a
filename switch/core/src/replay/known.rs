//! What transactions came to, for their repeats: the last so many, and so many bytes of answers. The
//! oldest is forgotten first. Knows no open transaction.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use codec::Mti;

use crate::codes;
use crate::identity::Identity;
use crate::ids::{Stan, StationNumber};
use crate::replay::{Bounds, Position};

/// Bytes of forgotten answers, beyond as many as are remembered, at which they are let go.
const DEAD_MAX: usize = 1 << 20;

/// What a transaction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The issuer answered with this action code, three packed digits.
    Answered(u16),
    /// We declined it with this one.
    Declined(u16),
    /// It is an advice or a reversal of the acquirer, and we took it with this one.
    Advised(u16),
    /// It was found without an outcome at a start.
    Closed,
}

/// A transaction that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Of its outcome.
    pub position: Position,
    /// What it came to.
    pub outcome: Outcome,
    /// Who asked.
    pub acquirer: StationNumber,
    /// Who was asked.
    pub issuer: StationNumber,
    /// Our STAN.
    pub stan: Stan,
    /// What its repeats are known by.
    pub identity: Identity,
    /// Its MTI.
    pub mti: Mti,
    /// The DE 7 that went with it, ten packed digits; 0 of what is only kept for the issuer.
    pub sent_at: u64,
    /// What later messages name it by; 0 where nothing can.
    pub reference: u64,
    /// What it names the message by that it is about; 0 where it names none.
    pub original: u64,
    /// The STAN of the reversal of all of it; 0 without one, or where it was made before this was
    /// known here.
    pub obliged: Stan,
    /// Whether it was approved and nobody knows whether its acquirer was told. A repeat that was told
    /// since is not written down.
    pub in_doubt: bool,
}

/// The last so many, the oldest first, each by a number that goes up.
#[derive(Debug, Default)]
pub(super) struct KnownOnes {
    all: VecDeque<(Known, Frame)>,
    /// How many from the front have no answer any more, or never had one.
    bare: usize,
    /// Answers one behind the other; those before `dead` are forgotten.
    frames: Vec<u8>,
    dead: usize,
    /// How many bytes were ever let go.
    gone: u64,
    /// How many were ever forgotten.
    forgotten: u64,
}

/// Where an answer stands, counted from the first ever stored. One of no length is none.
#[derive(Clone, Copy, Debug)]
struct Frame {
    from: u64,
    len: u32,
}

impl KnownOnes {
    /// Adds one, and gives its number.
    pub(super) fn add(&mut self, known: Known, answer: Option<&[u8]>, bounds: &Bounds) -> u32 {
        let number = low(self.forgotten + to_u64(self.all.len()));
        let answer = answer.unwrap_or_default();
        let from = self.gone + to_u64(self.frames.len());
        self.frames.extend_from_slice(answer);
        let len = u32::try_from(answer.len()).expect("a frame is short");
        self.all.push_back((known, Frame { from, len }));
        self.keep(bounds);
        number
    }

    /// Forgets what is too much.
    fn keep(&mut self, bounds: &Bounds) {
        while self.all.len() > bounds.known_max {
            if self.bare == 0 {
                self.forget_answer();
            }
            self.all.pop_front();
            self.forgotten += 1;
            self.bare -= 1;
        }
        while self.frames.len() - self.dead > bounds.answers_bytes {
            self.forget_answer();
        }
        if self.dead > DEAD_MAX + (self.frames.len() - self.dead) {
            self.frames.drain(..self.dead);
            self.gone += to_u64(self.dead);
            self.dead = 0;
        }
    }

    /// The oldest that may have an answer has none from here on.
    fn forget_answer(&mut self) {
        let (_, frame) = self.all[self.bare];
        self.dead += usize::try_from(frame.len).expect("32 bits");
        self.bare += 1;
    }

    /// Answers of this issuer are in a dialect that it does not speak any more.
    pub(super) fn forget_answers_of(&mut self, issuer: StationNumber) {
        let before = core::mem::take(&mut self.frames);
        let gone = self.gone;
        self.gone += to_u64(before.len());
        self.dead = 0;
        for (known, frame) in self.all.iter_mut().skip(self.bare) {
            if known.issuer == issuer {
                frame.len = 0;
            }
            let from = usize::try_from(frame.from - gone).expect("in memory");
            let len = usize::try_from(frame.len).expect("32 bits");
            frame.from = self.gone + to_u64(self.frames.len());
            self.frames.extend_from_slice(&before[from..from + len]);
        }
    }

    /// Each with its answer, if it is remembered.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&Known, Option<&[u8]>)> {
        self.all.iter().enumerate().map(|(place, (known, frame))| {
            let is_there = place >= self.bare && frame.len > 0;
            let from = usize::try_from(frame.from.saturating_sub(self.gone)).expect("in memory");
            let len = usize::try_from(frame.len).expect("32 bits");
            (known, is_there.then(|| &self.frames[from..from + len]))
        })
    }

    /// The one of this number is to be reversed all the same, if it is that transaction and no reversal
    /// of it was known before.
    pub(super) fn oblige(
        &mut self,
        number: u32,
        (issuer, stan, sent_at): (StationNumber, Stan, u64),
        by: Stan,
    ) {
        let found = self.numbered(number, (issuer, stan));
        if let Some(known) = found.filter(|known| known.sent_at == sent_at)
            && known.obliged == Stan(0)
        {
            (known.obliged, known.in_doubt) = (by, false);
        }
    }

    /// Whether the approval of this number was delivered is not known.
    pub(super) fn doubt(&mut self, number: u32, by: (StationNumber, Stan)) {
        if let Some(known) = self.numbered(number, by)
            && known.obliged == Stan(0)
            && matches!(known.outcome, Outcome::Answered(action) if codes::approves(action))
        {
            known.in_doubt = true;
        }
    }

    /// The one of this number, if it is of this issuer and STAN.
    fn numbered(
        &mut self,
        number: u32,
        (issuer, stan): (StationNumber, Stan),
    ) -> Option<&mut Known> {
        let place = number.wrapping_sub(low(self.forgotten));
        let (known, _) = self.all.get_mut(usize::try_from(place).expect("32 bits"))?;
        Some(known).filter(|known| (known.issuer, known.stan) == (issuer, stan))
    }

    /// Bytes that answers take, those forgotten and not yet let go among them.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.frames.capacity()
    }

    /// The last outcome of a STAN of an issuer. Looks at all of them: only for what goes wrong.
    pub(super) fn of(&self, issuer: StationNumber, stan: Stan) -> Option<Position> {
        let mut newest = self.all.iter().rev().map(|(known, _)| known);
        newest.find(|known| (known.issuer, known.stan) == (issuer, stan)).map(|one| one.position)
    }
}

/// The lower half: so many are never remembered at once.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).expect("masked")
}

fn to_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("64 bits")
}
