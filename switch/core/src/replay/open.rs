//! Transactions that have begun and not ended: found by issuer and STAN in two steps, without a
//! search. Knows no outcome.

use alloc::boxed::Box;
use alloc::vec::Vec;

use codec::Mti;

use crate::identity::Identity;
use crate::ids::{LinkNumber, Stan, StationNumber};
use crate::records::Record;
use crate::replay::facts::{BLOCK, Block, ITEM, Traces};
use crate::replay::items::Items;
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
    /// What later messages name it by.
    pub reference: u64,
    /// The STAN of the reversal that is kept for its issuer already; 0 without one.
    pub obliged: Stan,
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
        items: &Items,
    ) -> Result<(), Contradiction> {
        let Record::Decision { acquirer, link, issuer, mti, stan, sent_at, utc, .. } = *record
        else {
            unreachable!("only decisions begin")
        };
        let &Record::Decision { key, check, reference, inputs, .. } = record else {
            unreachable!("only decisions begin")
        };
        let block = self.room(position, traces, (issuer, stan), items)?;
        let place = index(stan.0) % BLOCK;
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
            reference,
            obliged: Stan(0),
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
    pub(super) fn take_in(
        &mut self,
        open: Open,
        traces: &mut Traces,
        items: &Items,
    ) -> Result<(), Contradiction> {
        let Open { position, issuer, stan, .. } = open;
        let block = self.room(position, traces, (issuer, stan), items)?;
        let place = index(stan.0) % BLOCK;
        // Its block knows of a later one, perhaps.
        let last = block.last.max(Some((position, stan)));
        block.begin(place, self.all.len(), last);
        self.all.push(open);
        Ok(())
    }

    /// The block of a STAN that is free.
    pub(super) fn room<'t>(
        &mut self,
        position: Position,
        traces: &'t mut Traces,
        (issuer, stan): (StationNumber, Stan),
        items: &Items,
    ) -> Result<&'t mut Block, Contradiction> {
        let found = traces.block(stan);
        let (block, place) =
            found.ok_or(Contradiction::StanOutOfRange { position, issuer, stan })?;
        let spare = &mut self.spare;
        let open =
            block.open.get_or_insert_with(|| spare.pop().unwrap_or_else(|| Box::new([0; BLOCK])));
        match open[place].checked_sub(1) {
            None => Ok(block),
            Some(taken) => {
                let open = self.all.get(index(taken)).map(|open| open.position);
                let since = items.since((issuer, stan)).or(open).unwrap_or_default();
                Err(Contradiction::StanInUse { position, issuer, stan, since })
            }
        }
    }

    /// The transaction with this STAN is over; none when there is none.
    pub(super) fn end(&mut self, traces: &mut Traces, stan: Stan) -> Option<&Open> {
        let at = Self::place(traces, stan)?;
        self.give_back(traces, stan);
        self.free.push(at);
        let one = &mut self.all[index(at)];
        one.position = Position(0);
        if one.inputs.capacity() > INPUTS_KEPT {
            one.inputs = Vec::new();
        }
        one.inputs.clear();
        Some(one)
    }

    /// Where the open transaction with this STAN is.
    #[inline]
    fn place(traces: &mut Traces, stan: Stan) -> Option<u32> {
        let (block, place) = traces.block(stan)?;
        let at = block.open.as_ref()?[place];
        if at == ITEM { None } else { at.checked_sub(1) }
    }

    /// A STAN in use is so no more.
    #[inline]
    pub(super) fn give_back(&mut self, traces: &mut Traces, stan: Stan) {
        let Some((block, place)) = traces.block(stan) else { return };
        let Some(open) = &mut block.open else { return };
        open[place] = 0;
        block.used -= 1;
        if block.used == 0
            && let Some(empty) = block.open.take()
            && self.spare.len() < SPARE_MAX
        {
            self.spare.push(empty);
        }
    }

    /// A reversal of the open transaction with this STAN and DE 7 is kept for its issuer; nothing
    /// happens where it has one. False where it is not open.
    pub(super) fn oblige(
        &mut self,
        traces: &mut Traces,
        (_, original, sent_at): (StationNumber, Stan, u64),
        by: Stan,
    ) -> bool {
        let Some(at) = Self::place(traces, original) else { return false };
        let one = Some(&mut self.all[index(at)]).filter(|one| one.sent_at == sent_at);
        let Some(one) = one else { return false };
        if one.obliged == Stan(0) {
            one.obliged = by;
        }
        true
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
