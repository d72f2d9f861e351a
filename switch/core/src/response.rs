//! An issuer's answer: match it, settle the transaction, pass it on. Knows no socket; an answer
//! that matches nothing changes nothing.

use codec::{Edit, Fields, Message, Replace};

use crate::broken::{Variant, breaks};
use crate::codes;
use crate::counters::Counter;
use crate::expiry;
use crate::gate::Purpose;
use crate::ids::{LinkId, SlotId, Stan, StationId};
use crate::notices::{Notice, Unmatched};
use crate::pending::{Pending, State};
use crate::records::{HEAD_MAX, Record};
use crate::refusal::Refusal;
use crate::request::OF_ONE_HOP;
use crate::saf::{NOT_DELIVERED, TOO_LATE};
use crate::stans::Stans;
use crate::turn::{Turn, World};

/// Fields of the request that its answer must carry unchanged, or not at all.
const RESTORED: Fields = Fields::of(&[7, 11, 32, 33]);
/// DE 39 below is an approval (000 to 099).
const APPROVED_BELOW: u64 = 0x100;

/// Whether two short fields are equal: two words that overlap, where both have at least one and
/// at most two.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() || !(8..=16).contains(&a.len()) {
        return a == b;
    }
    let ends = |bytes: &[u8]| Some((*bytes.first_chunk::<8>()?, *bytes.last_chunk::<8>()?));
    ends(a) == ends(b)
}

impl Turn<'_> {
    /// An answer (1110, 1210, 0110, 0410, ...) from any link. Its STAN says whose it is.
    pub(crate) fn on_answer(&mut self, link: LinkId, message: &Message<'_>) {
        let stan = message.value(11).and_then(|value| value.number());
        let stan = Stan(stan.and_then(|stan| u32::try_from(stan).ok()).unwrap_or_default());
        if !self.plan.station(self.plan.station_of(link)).settings.role.issues() {
            // Nobody asked it, and the room of those who were asked is not for it.
            return self.waited_for_by_nobody(link, message, stan);
        }
        match Stans::home(stan, self.plan.workers) {
            None => self.waited_for_by_nobody(link, message, stan),
            Some(home) if home == self.me => {
                self.on_answer_at_home(self.plan.station_of(link), link, stan, message);
            }
            Some(home) => {
                self.is_forgiven(link);
                let purpose = Purpose::Carry { home: home.0, link };
                let bytes = message.bytes();
                let entered = self.gate.enter::<()>(purpose, None, bytes.len(), |out| {
                    out.copy_from_slice(bytes);
                    Ok(bytes.len())
                });
                if entered.is_none() {
                    self.count(Counter::AnswersLost);
                }
            }
        }
    }

    /// An answer to an advice (1130, 1230, 1330, 1430, ...) from any link. What it acknowledges is kept
    /// by the worker of its link.
    pub(crate) fn on_advice_answer(&mut self, link: LinkId, message: &Message<'_>) {
        let stan = message.value(11).and_then(|value| value.number());
        let stan = Stan(stan.and_then(|stan| u32::try_from(stan).ok()).unwrap_or_default());
        self.on_acknowledged(link, stan, message);
    }

    /// The same, at the home of its STAN.
    pub(crate) fn on_answer_at_home(
        &mut self,
        issuer: StationId,
        link: LinkId,
        stan: Stan,
        message: &Message<'_>,
    ) {
        let stans = self.world.stations[issuer.index()].stans.as_ref();
        let found = stans.and_then(|stans| self.world.table.at(stans.slot(stan)?));
        let Some((slot, pending)) = found else {
            return self.waited_for_by_nobody(link, message, stan);
        };
        let pending = *pending;
        self.world.duplicates.approach_entered(pending.duplicate);
        if let Err(why) = self.agrees(slot, &pending, message) {
            return self.differs(link, message, &pending, why);
        }
        let Some(action) = codes::verdict(message) else {
            return self.differs(link, message, &pending, Unmatched::NoActionCode);
        };
        if pending.state == State::Expired && !breaks(Variant::LateDelivered) {
            return self.on_late(link, slot, stan, action);
        }
        self.is_forgiven(link);
        if pending.reversed_for != 0 && action < APPROVED_BELOW {
            return self.settle_reversed(slot, &pending, action);
        }
        self.settle(slot, &pending, action, message);
    }

    /// Does an answer echo what was sent? DE 11 does, or it would not be looked at here.
    fn agrees(
        &self,
        slot: SlotId,
        pending: &Pending,
        message: &Message<'_>,
    ) -> Result<(), Unmatched> {
        if pending.mti.answer() != Some(message.mti()) {
            return Err(Unmatched::Mti);
        }
        let compared = self.plan.station(pending.issuer).settings.echoed.without(11);
        let mut agreeing = 0;
        for field in compared.intersection(message.fields()) {
            match self.echoes(slot, pending, message, field, true) {
                Some(true) => agreeing += 1,
                Some(false) => return Err(Unmatched::Differs(field)),
                None => {}
            }
        }
        if agreeing == 0 { Err(Unmatched::NothingToCompare) } else { Ok(()) }
    }

    /// Whether a field that came back is as it was sent; none when it was not sent. `asked`: the
    /// answer is in the dialect of the station that was asked.
    #[inline]
    pub(crate) fn echoes(
        &self,
        slot: SlotId,
        pending: &Pending,
        message: &Message<'_>,
        field: u8,
        asked: bool,
    ) -> Option<bool> {
        let ours = self.plan.institution;
        Some(match field {
            7 => message.value(7).and_then(|came| came.packed()) == Some(pending.sent_at),
            33 => message.value(33).is_some_and(|came| {
                (came.packed(), came.units()) == (Some(ours.digits), ours.units.into())
            }),
            _ => {
                let (kept, large) = self.world.table.kept(slot);
                let sent = kept.wire(field, large)?;
                let forwarding = self.plan.forwarding(pending.issuer, pending.acquirer);
                if asked && forwarding.is_some_and(|forwarding| forwarding.copies(field)) {
                    message.wire(field).is_some_and(|came| same(came, sent))
                } else {
                    let dialect = &self.plan.station(pending.acquirer).settings.dialect;
                    let (sent, came) = (dialect.value_in(field, sent), message.value(field));
                    sent.zip(came).is_some_and(|(sent, came)| came.same(&sent))
                }
            }
        })
    }

    /// The transaction has its outcome: record it, pass the answer on, forget it.
    fn settle(&mut self, slot: SlotId, pending: &Pending, action: u64, message: &Message<'_>) {
        let (plan, at) = (self.plan, self.now.boot);
        let Pending { acquirer, issuer, stan, duplicate, .. } = *pending;
        let code = u16::try_from(action).unwrap_or(u16::MAX);
        let (number, utc) = (plan.number(issuer), self.now.utc);
        let record =
            Record::Settlement { issuer: number, stan, action: code, at, utc, answer: &[] };
        // Whether it was delivered matters of an approval alone.
        let approved = action < APPROVED_BELOW;
        let purpose = if approved { pending.back_and_end(slot) } else { pending.back() };
        let World { table, duplicates, .. } = &mut *self.world;
        let (kept, large) = table.kept(slot);
        let mut edits = [Edit { field: 0, value: Replace::Text(&[]) }; 4];
        let (mut count, mut drop) = (0, OF_ONE_HOP);
        for field in RESTORED {
            if let Some(wire) = kept.wire(field, large) {
                edits[count] = Edit { field, value: Replace::Wire(wire) };
                count += 1;
            } else {
                drop = drop.with(field);
            }
        }
        let forwarding = plan.forwarding(issuer, acquirer).expect("routes were compiled");
        let wire_max = plan.longest(message, acquirer);
        let (extract, mut stored) = (plan.answer_extract(issuer), None);
        let entered = self.gate.enter_with(
            purpose,
            HEAD_MAX + message.bytes().len(),
            wire_max,
            |out| {
                record.write_with(out, |answer| {
                    let len = extract.write(message, answer)?;
                    // A repeat is answered from what a restart would know too.
                    stored = duplicates.draft(len).map(|draft| {
                        draft.copy_from_slice(&answer[..len]);
                        len
                    });
                    Ok(len)
                })
            },
            |out| forwarding.write(message, message.mti(), drop, &edits[..count], out),
        );
        let mut ends = !approved;
        match entered {
            // No room even for an answer: it stays pending and is answered at its timeout.
            None => return self.count(Counter::AnswersLost),
            Some(Err(error)) => {
                ends = true;
                self.tell(Notice::Inexpressible { from: issuer, to: acquirer, field: error.field });
                if !expiry::has_room(self.gate) {
                    return self.count(Counter::AnswersLost);
                }
                // The issuer knows of a sale that the acquirer will never hear of.
                if action < APPROVED_BELOW && self.oblige(slot, NOT_DELIVERED).is_err() {
                    return self.count(Counter::AnswersLost);
                }
                let record = Record::Undelivered { issuer: number, stan, action: code, at, utc };
                self.answer_kept(slot, Refusal::Malfunction, Some(&record));
                self.world.duplicates.decline(duplicate, Refusal::Malfunction.action());
            }
            Some(Ok(())) => {
                self.world.duplicates.answer(duplicate, issuer, code, stored);
                self.tally(pending, action);
                self.count_dropped(message);
            }
        }
        let world = &mut *self.world;
        let now = &mut world.stations[issuer.index()];
        world.table.leave(&mut now.in_flight, slot);
        now.stans.as_mut().expect("it gave the number").give_back(stan, true);
        if ends {
            world.table.remove(slot);
        } else if let Some(pending) = world.table.of_mut(slot) {
            pending.state = State::Answered;
        }
    }

    /// The issuer approved what its acquirer had reversed meanwhile: the reversal follows now, and the
    /// acquirer, which has its word that it was taken, is never told of an approval.
    fn settle_reversed(&mut self, slot: SlotId, pending: &Pending, action: u64) {
        let &Pending { issuer, stan, duplicate, reversed_for, .. } = pending;
        if !expiry::has_room(self.gate) || self.oblige(slot, reversed_for).is_err() {
            // It stays pending, and is reversed at its timeout.
            return self.count(Counter::AnswersLost);
        }
        let (at, utc) = (self.now.boot, self.now.utc);
        let code = u16::try_from(action).unwrap_or(u16::MAX);
        let issuer_number = self.plan.number(issuer);
        let record =
            Record::Settlement { issuer: issuer_number, stan, action: code, at, utc, answer: &[] };
        self.answer_kept(slot, Refusal::Reversed, Some(&record));
        self.tally_outcome(pending, action);
        let world = &mut *self.world;
        world.duplicates.decline(duplicate, Refusal::Reversed.action());
        let now = &mut world.stations[issuer.index()];
        world.table.leave(&mut now.in_flight, slot);
        now.stans.as_mut().expect("it gave the number").give_back(stan, true);
        world.table.remove(slot);
    }

    fn tally(&mut self, pending: &Pending, action: u64) {
        self.world.stations[pending.acquirer.index()].tally.answers += 1;
        self.tally_outcome(pending, action);
    }

    /// What an issuer answered; what its acquirer is told of it is counted where it is told.
    fn tally_outcome(&mut self, pending: &Pending, action: u64) {
        let world = &mut *self.world;
        let approved = u64::from(action < APPROVED_BELOW);
        world.stations[pending.issuer.index()].tally.answers += 1;
        for station in [pending.issuer, pending.acquirer] {
            world.stations[station.index()].tally.approved += approved;
        }
        let took = self.now.boot.since(pending.arrived).as_nanos();
        let issuer = &mut world.stations[pending.issuer.index()].tally;
        issuer.latencies.record(u64::try_from(took).unwrap_or(u64::MAX));
        world.counters.count(Counter::Answered);
        world.counters.add(Counter::Approved, approved);
    }

    /// An answer after its timeout: the acquirer has had 911, so it is never delivered, and what was
    /// approved is taken back. Its reversal is kept since the timeout, mostly.
    fn on_late(&mut self, link: LinkId, slot: SlotId, stan: Stan, action: u64) {
        self.count(Counter::Late);
        if action < APPROVED_BELOW {
            self.count(Counter::LateApproved);
            if !breaks(Variant::LateUnnoticed) && self.oblige(slot, TOO_LATE).is_err() {
                self.count(Counter::AnswersLost);
            }
        }
        let action = u16::try_from(action).unwrap_or(u16::MAX);
        self.tell(Notice::Late { link, stan, action });
    }
}
