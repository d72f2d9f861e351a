//! Behind a promotion that may have lost records, for a while: repeats and reversals of what nobody here
//! knows. The reign before may have answered it, so a repeat is no new request: it gets 909, and all of
//! it is listed, for somebody to settle with the acquirer. Knows no promotion.
//!
//! A request that is sent again without saying so can not be told from a new one.

use alloc::collections::{BTreeMap, VecDeque};

use codec::{Message, Mti};

use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::gate::Service;
use crate::identity::Identity;
use crate::ids::{LinkId, Stan, StationId, StationNumber};
use crate::notices::Notice;
use crate::records::{HEAD_MAX, Record};
use crate::reference::Reference;
use crate::replay::{ORPHANS_MAX, Orphan, State};
use crate::time::number_of;
use crate::turn::{Core, Turn};

/// What is listed at one worker, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Orphans {
    /// Until when, as a second since 1970, a repeat of what is not known is no new request.
    until: u64,
    listed: VecDeque<Orphan>,
}

/// The longest DE 37.
const RRN_MAX: usize = 12;

/// DE 37 without the spaces around it, as text.
struct Rrn {
    text: [u8; RRN_MAX],
    from: usize,
    to: usize,
}

impl Rrn {
    fn of(message: &Message<'_>) -> Self {
        let mut text = [0; RRN_MAX];
        let said = message.value(37).and_then(|value| value.write_text(&mut text));
        let len = said.map_or(0, <[u8]>::len);
        let is_said = |byte: &u8| byte.is_ascii_graphic();
        let from = text[..len].iter().position(is_said).unwrap_or(0);
        let to = text[..len].iter().rposition(is_said).map_or(0, |last| last + 1);
        Self { text, from, to: to.max(from) }
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text[self.from..self.to]).unwrap_or_default()
    }
}

impl Core {
    /// What stations of this worker named behind a promotion that may have lost records, and nobody here
    /// knows: the last ones, the oldest first.
    pub fn orphans(&self) -> impl ExactSizeIterator<Item = &Orphan> {
        self.world.orphans.listed.iter()
    }

    /// Until when, as a second since 1970, repeats of what is not known are refused; 0 for never.
    pub fn orphans_until(&self) -> u64 {
        self.world.orphans.until
    }
}

impl Turn<'_> {
    pub(crate) fn take_up_orphans(
        &mut self,
        state: &State,
        ids: &BTreeMap<StationNumber, StationId>,
    ) {
        let (plan, me) = (self.plan, self.me);
        self.world.orphans.until = state.lossy().map_or(0, |lossy| lossy.until);
        for orphan in state.orphans() {
            let is_ours = ids.get(&orphan.acquirer).is_some_and(|&id| plan.owner(id) == me);
            if !is_ours || breaks(Variant::OrphansForgotten) {
                continue;
            }
            let Orphan { identity, .. } = *orphan;
            if identity.key != 0 && self.world.duplicates.find(identity.key).is_none() {
                let entered = self.world.duplicates.begin(identity, 0);
                self.world.duplicates.close(entered);
            }
            self.world.orphans.listed.push_back(orphan.clone());
        }
    }

    /// Whether what nobody knows may be known to a reign whose records are lost.
    #[inline]
    fn may_be_lost(&self) -> bool {
        self.now.utc < self.world.orphans.until
    }

    /// Whether a request that is not known says that it is a repeat, of what a lost reign may have
    /// answered.
    #[inline]
    pub(crate) fn is_orphan(&self, mti: Mti) -> bool {
        self.may_be_lost() && mti.is_repeat() && !breaks(Variant::OrphanForwarded)
    }

    /// A repeat of what nobody knows: from here on its first was closed.
    pub(crate) fn list_repeat(&mut self, link: LinkId, message: &Message<'_>, identity: Identity) {
        let stan = message.value(11).and_then(|value| value.number()).unwrap_or_default();
        self.list(link, message, stan, identity);
        let duplicates = &self.world.duplicates;
        if duplicates.find(identity.key).is_none() && duplicates.has_room() {
            let entered = self.world.duplicates.begin(identity, self.now.utc);
            self.world.duplicates.close(entered);
        }
    }

    /// A reversal of what nobody knows was taken.
    pub(crate) fn list_reversal(&mut self, link: LinkId, message: &Message<'_>) {
        if self.may_be_lost() {
            let named = Reference::read(message).map_or(0, |named| number_of(named.stan));
            self.list(link, message, named, Identity { key: 0, check: 0 });
        }
    }

    /// Writes it down and lists it, once for each key.
    fn list(&mut self, link: LinkId, message: &Message<'_>, stan: u64, identity: Identity) {
        let (plan, utc, mti) = (self.plan, self.now.utc, message.mti());
        let Identity { key, check } = identity;
        let acquirer = plan.number(plan.station_of(link));
        let stan = Stan(u32::try_from(stan).unwrap_or_default());
        let listed = &self.world.orphans.listed;
        let is_listed = key != 0 && listed.iter().any(|orphan| orphan.identity.key == key);
        if is_listed || breaks(Variant::OrphanUnlisted) {
            return;
        }
        let rrn = Rrn::of(message);
        let record = Record::Orphan { acquirer, mti, stan, key, check, utc, rrn: rrn.as_str() };
        // Without room its repeat is listed.
        let has_room = self.gate.admits_as(Service::Refusal, HEAD_MAX);
        if !has_room || !self.gate.enter_record(&record, HEAD_MAX) {
            return;
        }
        if self.world.orphans.listed.len() >= ORPHANS_MAX {
            self.world.orphans.listed.pop_front();
            self.count(Counter::OrphansDropped);
        }
        let rrn = rrn.as_str().into();
        self.world.orphans.listed.push_back(Orphan { acquirer, mti, stan, identity, utc, rrn });
        self.count(Counter::Orphans);
        self.tell(Notice::Orphan { link, mti, stan });
    }
}
