//! What records tell of two sites: that this one was a standby and reigns now, whether records may be
//! missing, and what stations named since that nobody here knows. Knows no site but this one.

use alloc::borrow::ToOwned as _;
use alloc::collections::VecDeque;
use alloc::string::String;
use core::ops::Range;

use codec::Mti;

use crate::broken::{Variant, breaks};
use crate::identity::Identity;
use crate::ids::{Stan, StationNumber};
use crate::records::Record;
use crate::replay::{Contradiction, Position, State};
use crate::stans::ahead;

/// So many orphans are remembered, the last ones.
pub const ORPHANS_MAX: usize = 4_096;

/// A reign that a standby began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// Of its record.
    pub position: Position,
    /// The epoch that began.
    pub epoch: u32,
    /// When, as a second since 1970.
    pub utc: u64,
    /// Whether the primary before may have released records that are not in this log.
    pub lossy: bool,
    /// Until when, as a second since 1970, a repeat of what is not known is no new request; 0 where
    /// nothing can be lost.
    pub until: u64,
}

/// A message that a station named and nobody here knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Whose message.
    pub acquirer: StationNumber,
    /// The MTI of what named it: a repeat of a request, or a reversal.
    pub mti: Mti,
    /// The acquirer's own STAN (DE 11), of a reversal that of its original.
    pub stan: Stan,
    /// What further repeats are known by; zeros of a reversal.
    pub identity: Identity,
    /// When, as a second since 1970.
    pub utc: u64,
    /// DE 37, without the spaces around it; nothing where there is none.
    pub rrn: String,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Sites {
    pub(super) promotion: Option<Promotion>,
    /// The last that may have lost something; its `until` is the latest of all.
    pub(super) lossy: Option<Promotion>,
    pub(super) orphans: VecDeque<Orphan>,
}

impl State {
    /// The last reign that a standby began.
    pub fn promotion(&self) -> Option<&Promotion> {
        self.sites.promotion.as_ref()
    }

    /// Whether the last start was that of a standby which reigns from then on.
    pub fn is_promoted(&self) -> bool {
        let begun = self.promotion().map(|promotion| promotion.epoch);
        begun.is_some() && begun == self.start().map(|start| start.epoch)
    }

    /// The last promotion that may have lost records. Its `until` is the latest of all of them.
    pub fn lossy(&self) -> Option<&Promotion> {
        self.sites.lossy.as_ref()
    }

    /// What stations named behind such a promotion and nobody here knows, the oldest first.
    pub fn orphans(&self) -> impl ExactSizeIterator<Item = &Orphan> {
        self.sites.orphans.iter()
    }

    /// The STAN of a worker's share behind which it goes on, for an issuer: the last that was used there,
    /// and where numbers behind that may have been used by a reign whose records are lost, `skip`
    /// further ahead. None where it begins at its first.
    pub fn goes_on_behind(
        &self,
        issuer: StationNumber,
        share: &Range<u32>,
        skip: u32,
    ) -> Option<Stan> {
        let last = self.stations.find(issuer)?.traces.last(share.clone());
        let lossy = self.lossy().map(|lossy| lossy.position);
        if lossy.is_some_and(|lossy| last.is_none_or(|(used, _)| used < lossy))
            && !breaks(Variant::StansNotAhead)
        {
            return Some(ahead(last.map(|(_, stan)| stan), share, skip));
        }
        last.map(|(_, stan)| stan)
    }

    pub(super) fn of_two_sites(
        &mut self,
        position: Position,
        record: &Record<'_>,
    ) -> Result<(), Contradiction> {
        let utc = match *record {
            Record::Promotion { epoch, utc, lossy, until } => {
                if self.start().is_none_or(|start| start.epoch != epoch) {
                    return Err(Contradiction::PromotionAstray { position, epoch });
                }
                let promotion = Promotion { position, epoch, utc, lossy, until };
                self.sites.promotion = Some(promotion);
                if lossy {
                    let before = self.sites.lossy.map_or(0, |before| before.until);
                    self.sites.lossy = Some(Promotion { until: until.max(before), ..promotion });
                }
                utc
            }
            Record::Orphan { acquirer, mti, stan, key, check, utc, rrn } => {
                self.stations.of(position, acquirer)?;
                let (identity, rrn) = (Identity { key, check }, rrn.to_owned());
                self.sites.add(Orphan { acquirer, mti, stan, identity, utc, rrn });
                utc
            }
            // Whoever reigns next says so itself.
            Record::Handover { utc, .. } => utc,
            Record::Decision { .. }
            | Record::Settlement { .. }
            | Record::Expiry { .. }
            | Record::Unsent { .. }
            | Record::Undelivered { .. }
            | Record::Closed { .. }
            | Record::Station { .. }
            | Record::Links { .. }
            | Record::SignOn { .. }
            | Record::Configuration { .. }
            | Record::Start { .. }
            | Record::HashKey { .. }
            | Record::Pulse
            | Record::Command { .. }
            | Record::Counts { .. }
            | Record::Queued { .. }
            | Record::Acknowledged { .. }
            | Record::Item { .. }
            | Record::Advice { .. }
            | Record::Delivery { .. } => unreachable!("only what two sites say"),
        };
        self.passes(utc);
        Ok(())
    }
}

impl Sites {
    /// One more; the oldest is forgotten where there is no room.
    pub(super) fn add(&mut self, orphan: Orphan) {
        if self.orphans.len() >= ORPHANS_MAX {
            self.orphans.pop_front();
        }
        self.orphans.push_back(orphan);
    }
}
