//! Transactions that have begun and not ended: found by issuer and STAN in two steps, without a
//! search. Knows no outcome.

use alloc::boxed::Box;
use alloc::vec::Vec;

use codec::Mti;

use crate::identity::Identity;
use crate::ids::{LinkNumber, Stan, StationNumber};
use crate::records::Record;
use crate::replay::facts::{BLOCK, Block, Traces};
use crate::replay::{Contradiction, Position};

/// Room for inputs that a place keeps when its transaction has ended.
const INPUTS_KEPT: usize = 1_024;
/// Tables of blocks kept for the next block that needs one.
const SPARE_MAX: usize = 16;

/// A transaction without an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Of its decision.
    pub position: Position,
    /// Who asked.
    pub acquirer: StationNumber,
    /// On which link.
    pub link: LinkNumber,
    /// Who was asked.
    pub issuer: StationNumber,
    /// Our STAN.
    pub stan: Stan,
    /// The request's MTI.
    pub mti: Mti,
    /// The DE 7 that went with it, ten packed digits.
    pub sent_at: u64,
    /// When it was decided, as a second since 1970.
    pub utc: u64,
    /// What its repeats are known by.
    pub identity: Identity,
    /// A frame in the acquirer's dialect of what may be written down.
    pub inputs: Vec<u8>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct OpenOnes {
    /// Places that are free have position 0.
    all: Vec<Open>,
    free: Vec<u32>,
    /// Tables of blocks in which nothing is open: all zeros.
    spare: Vec<Box<[u32; BLOCK]>>,
}

impl OpenOnes {
    pub(super) fn begin(
        &mut self,
        position: Position,
        record: &Record<'_>,
        traces: &mut Traces,
        (issuer, stan): (StationNumber, Stan),
    ) -> Result<(), Contradiction> {
        let Record::Decision { acquirer, link, mti, sent_at, utc, key, check, inputs, .. } =
            *record
        else {
            unreachable!("only decisions begin")
        };
        let (block, place) = self.room(position, traces, (issuer, stan))?;
        let at = self.free.pop().map_or(self.all.len(), index);
        let mut one = Open {
            position,
            acquirer,
            link,
            issuer,
            stan,
            mti,
            sent_at,
            utc,
            identity: Identity { key, check },
            inputs: Vec::new(),
        };
        if let Some(old) = self.all.get_mut(at) {
            // Its room is used again.
            core::mem::swap(&mut one.inputs, &mut old.inputs);
            one.inputs.extend_from_slice(inputs);
            *old = one;
        } else {
            one.inputs.extend_from_slice(inputs);
            self.all.push(one);
        }
        block.begin(place, at, Some((position, stan)));
        Ok(())
    }

    /// Takes in one that began before, later than all that are there.
    pub(super) fn take_in(&mut self, open: Open, traces: &mut Traces) -> Result<(), Contradiction> {
        let Open { position, issuer, stan, .. } = open;
        let (block, place) = self.room(position, traces, (issuer, stan))?;
        // Its block knows of a later one, perhaps.
        let last = block.last.max(Some((position, stan)));
        block.begin(place, self.all.len(), last);
        self.all.push(open);
        Ok(())
    }

    /// The block of a STAN that is free, and its place there.
    fn room<'t>(
        &mut self,
        position: Position,
        traces: &'t mut Traces,
        (issuer, stan): (StationNumber, Stan),
    ) -> Result<(&'t mut Block, usize), Contradiction> {
        let found = traces.block(stan);
        let (block, place) =
            found.ok_or(Contradiction::StanOutOfRange { position, issuer, stan })?;
        let spare = &mut self.spare;
        let open =
            block.open.get_or_insert_with(|| spare.pop().unwrap_or_else(|| Box::new([0; BLOCK])));
        match open[place].checked_sub(1) {
            None => Ok((block, place)),
            Some(taken) => {
                let since = self.all[index(taken)].position;
                Err(Contradiction::StanInUse { position, issuer, stan, since })
            }
        }
    }

    /// The transaction with this STAN is over; none when there is none.
    pub(super) fn end(&mut self, traces: &mut Traces, stan: Stan) -> Option<&Open> {
        let (block, place) = traces.block(stan)?;
        let open = block.open.as_mut()?;
        let at = core::mem::take(&mut open[place]).checked_sub(1)?;
        block.used -= 1;
        if block.used == 0
            && let Some(empty) = block.open.take()
            && self.spare.len() < SPARE_MAX
        {
            self.spare.push(empty);
        }
        self.free.push(at);
        let one = &mut self.all[index(at)];
        one.position = Position(0);
        if one.inputs.capacity() > INPUTS_KEPT {
            one.inputs = Vec::new();
        }
        one.inputs.clear();
        Some(one)
    }

    /// By position.
    pub(super) fn sorted(&self) -> Vec<&Open> {
        let mut open: Vec<&Open> = self.all.iter().filter(|open| open.position.0 > 0).collect();
        open.sort_unstable_by_key(|open| open.position);
        open
    }
}

fn index(place: u32) -> usize {
    usize::try_from(place).expect("32 bits")
}
