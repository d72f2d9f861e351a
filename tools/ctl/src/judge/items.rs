//! What the journal says of messages that are kept for issuers: reversals and advices. Must not know
//! who sent or received them.

use std::collections::{BTreeMap, BTreeSet};

use bench::ledger::Reference;

use super::Findings;

/// A full reversal of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// The number of the station that gets it.
    pub issuer: u16,
    /// Its own DE 11.
    pub stan: u32,
    /// DE 25: why.
    pub reason: u16,
    /// What became of it.
    pub end: Option<End>,
}

/// How what was kept for an issuer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The issuer acknowledged it, with this code.
    Acknowledged(u16),
    /// Operators gave it up.
    Purged,
}

/// What is kept now, and the reversals that ever were.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// By the issuer's number and STAN, with the request that is reversed in whole, if it is that.
    open: BTreeMap<(u16, u32), Option<Reference>>,
    obligations: BTreeMap<Reference, Obligation>,
    /// Reversals of a part, by the request and their own STAN.
    parts: BTreeSet<(Reference, u32)>,
    /// Of the messages that were kept: all, and those acknowledged.
    pub(super) kept: u64,
    pub(super) acknowledged: u64,
}

impl Items {
    /// A message is kept; a reversal of a whole request names that.
    pub(super) fn keep(
        &mut self,
        position: u64,
        obligation: Obligation,
        reversed: Option<Reference>,
        findings: &mut Findings,
    ) {
        let place = (obligation.issuer, obligation.stan);
        self.kept += 1;
        if self.open.insert(place, reversed).is_some() {
            findings.add(|| format!("position {position}: {place:?} is kept and is given again"));
        }
        let Some(reference) = reversed else { return };
        if let Some(before) = self.obligations.insert(reference, obligation) {
            findings.add(|| {
                format!("{reference}: reversed as {:06}, and as {:06}", before.stan, place.1)
            });
        }
    }

    /// What was kept is over; gives the request that it was about.
    pub(super) fn end(
        &mut self,
        position: u64,
        place: (u16, u32),
        end: End,
        findings: &mut Findings,
    ) -> Option<Reference> {
        let Some(reversed) = self.open.remove(&place) else {
            findings
                .add(|| format!("position {position}: the end of {place:?}, which is not kept"));
            return None;
        };
        self.acknowledged += u64::from(matches!(end, End::Acknowledged(_)));
        let obligation = self.obligations.get_mut(&reversed?)?;
        obligation.end = Some(end);
        reversed
    }

    /// A part of that request is reversed under that number.
    pub(super) fn takes_part(&mut self, of: Reference, stan: u32) {
        self.parts.insert((of, stan));
    }

    /// Whether that is the number of a reversal of a part of it.
    pub(super) fn is_part(&self, of: Reference, stan: u32) -> bool {
        self.parts.contains(&(of, stan))
    }

    /// Whether something is kept under that number.
    pub(super) fn is_kept(&self, place: (u16, u32)) -> bool {
        self.open.contains_key(&place)
    }

    /// How many are kept.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// The reversal of that request.
    pub(super) fn obligation(&self, reference: Reference) -> Option<Obligation> {
        self.obligations.get(&reference).copied()
    }
}
