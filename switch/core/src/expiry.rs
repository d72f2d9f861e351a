//! What time brings to an end: answers that did not come, replies that did not come, quarantines
//! that are over, requests of which no byte left. Knows no clock.

use crate::answers::OWN_MAX;
use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::gate::Gate;
use crate::ids::{SlotId, StationId};
use crate::notices::Notice;
use crate::outlet::Outlet;
use crate::pending::{Asked, Pending, State};
use crate::records::{HEAD_MAX, Record};
use crate::refusal::Refusal;
use crate::saf::{self, TIMED_OUT, reversal};
use crate::turn::Turn;

/// Whether the gate has room for the end of a transaction that is reversed: its reversal, and the
/// answer to the acquirer.
pub(crate) fn has_room(gate: &Gate) -> bool {
    saf::has_room(gate, reversal::LEN_MAX, HEAD_MAX, OWN_MAX)
}

/// Deadlines handled in one go; the rest waits for the next turn, so that a turn stays short.
const EXPIRED_PER_TURN_MAX: usize = 4_096;

impl Turn<'_> {
    pub(crate) fn on_time(&mut self, outlet: &mut impl Outlet) {
        let mut left = EXPIRED_PER_TURN_MAX;
        for station in 0..self.world.stations.len() {
            let station = StationId(u16::try_from(station).expect("stations are counted"));
            self.expire_in_flight(station, &mut left, outlet);
        }
        while let Some(slot) = self.world.table.due(&self.world.deciding, self.now.boot) {
            let Some(less) = left.checked_sub(1).filter(|_| self.can_answer()) else { break };
            left = less;
            self.on_silent(slot);
        }
        while let Some(slot) = self.world.table.due(&self.world.resting, self.now.boot) {
            let Some(less) = left.checked_sub(1) else { break };
            left = less;
            self.on_rested(slot);
        }
        self.on_late_time(outlet);
        self.on_links_time();
        self.on_items_time();
        self.on_retiring_time();
        self.on_drain_time();
        self.on_counts_time();
        self.on_window_time();
    }

    fn expire_in_flight(&mut self, station: StationId, left: &mut usize, outlet: &mut impl Outlet) {
        loop {
            let line = &self.world.stations[station.index()].in_flight;
            let Some(slot) = self.world.table.due(line, self.now.boot) else { break };
            let Some(less) = left.checked_sub(1).filter(|_| has_room(self.gate)) else { break };
            *left = less;
            if self.withdraw(station, slot, outlet) && !breaks(Variant::UnsentReversed) {
                self.on_unsent(slot, Refusal::Unsent);
            } else if !self.on_expired(slot) {
                break;
            }
        }
    }

    /// Takes back a request of which no byte was handed to a socket: from the gate, where it has not
    /// been released, or from what waits for its issuer to read. What another worker has taken over
    /// counts as sent.
    fn withdraw(&mut self, issuer: StationId, slot: SlotId, outlet: &mut impl Outlet) -> bool {
        if self.world.table.of(slot).is_some_and(|pending| !pending.released) {
            return true;
        }
        if self.plan.owner(issuer) != self.me {
            return false;
        }
        self.links_of(issuer).any(|link| {
            let unsent = &mut self.world.links[link.index()].unsent;
            let handed = outlet.handed(link);
            while unsent.front().is_some_and(|oldest| oldest.start < handed) {
                unsent.pop_front();
            }
            let found = unsent.iter().position(|one| (one.home, one.slot) == (self.me, slot));
            let Some((place, one)) = found.and_then(|place| Some((place, *unsent.get(place)?)))
            else {
                return false;
            };
            let withdrawn =
                breaks(Variant::UnsentNotWithdrawn) || outlet.withdraw(link, one.start, one.end);
            if withdrawn {
                unsent.remove(place);
                self.world.counters.count(Counter::Withdrawn);
            }
            withdrawn
        })
    }

    /// No answer in time: the reversal is kept, the acquirer gets 911, and the STAN rests, so that a
    /// late answer is known as such. False, and nothing has changed, when the reversal finds no room.
    fn on_expired(&mut self, slot: SlotId) -> bool {
        if !breaks(Variant::TimeoutNotReversed) && self.oblige(slot, TIMED_OUT).is_err() {
            return false;
        }
        let (issuer, stan) = {
            let pending = self.world.table.of(slot).expect("it waits in a line");
            (pending.issuer, pending.stan)
        };
        let record = Record::Expiry {
            issuer: self.plan.number(issuer),
            stan,
            at: self.now.boot,
            utc: self.now.utc,
        };
        self.answer_kept(slot, Refusal::TimedOut, Some(&record));
        self.tell(Notice::TimedOut { issuer, stan });
        let rests_until = self.now.boot + self.plan.limits.quarantine;
        let world = &mut *self.world;
        let now = &mut world.stations[issuer.index()];
        now.tally.timeouts += 1;
        now.resting += 1;
        world.table.leave(&mut now.in_flight, slot);
        let pending = world.table.of_mut(slot).expect("it waits in a line");
        pending.state = State::Expired;
        world.duplicates.decline(pending.duplicate, Refusal::TimedOut.action());
        world.table.join(&mut world.resting, slot, rests_until);
        true
    }

    /// A question without a reply in time.
    fn on_silent(&mut self, slot: SlotId) {
        let &Pending { parked, duplicate, asked, .. } =
            self.world.table.of(slot).expect("it waits in a line");
        let refusal = match asked {
            Asked::Nothing | Asked::Mac => Refusal::KeysSilent,
            Asked::Known | Asked::Original => Refusal::ReaderSilent,
        };
        self.answer_kept(slot, refusal, None);
        let world = &mut *self.world;
        world.duplicates.forget(duplicate);
        world.table.leave(&mut world.deciding, slot);
        world.parked.forget(parked);
        world.table.remove(slot);
    }

    /// A quarantine is over: the STAN may be used again.
    fn on_rested(&mut self, slot: SlotId) {
        let world = &mut *self.world;
        let pending = world.table.of(slot).expect("it waits in a line");
        let (issuer, stan) = (pending.issuer, pending.stan);
        let now = &mut world.stations[issuer.index()];
        now.resting -= 1;
        now.stans.as_mut().expect("it gave the number").give_back(stan, false);
        world.table.leave(&mut world.resting, slot);
        world.table.remove(slot);
    }

    /// No byte of a request left, and none will: it is declined at once and its STAN is free. When
    /// there is no room for that answer, the timeout gives it.
    pub(crate) fn on_unsent(&mut self, slot: SlotId, why: Refusal) {
        let can_answer = self.can_answer();
        let Some(pending) = self.world.table.of_mut(slot) else { return };
        if pending.state != State::InFlight {
            return;
        }
        if !can_answer {
            // The timeout will know that nothing of it is out.
            pending.released = false;
            return;
        }
        let &mut Pending { issuer, stan, duplicate, .. } = pending;
        let record = Record::Unsent {
            issuer: self.plan.number(issuer),
            stan,
            at: self.now.boot,
            utc: self.now.utc,
        };
        self.answer_kept(slot, why, Some(&record));
        let world = &mut *self.world;
        world.duplicates.decline(duplicate, why.action());
        let now = &mut world.stations[issuer.index()];
        world.table.leave(&mut now.in_flight, slot);
        now.stans.as_mut().expect("it gave the number").give_back(stan, false);
        world.table.remove(slot);
    }
}
