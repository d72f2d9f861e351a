//! Whether an answer reached its acquirer: handed to the socket is delivered. Knows no message but the
//! one that it gives a second time.
//!
//! ```text
//! released -> waits for the socket -> taken whole          delivered: the transaction is over
//!    |              |
//!    |              +-> the link is lost, no byte taken    another link takes it, or it is undelivered
//!    |              +-> the link is lost, some taken       unknown: listed until a repeat or a
//!    |                                                     reversal settles it
//!    +-> no link takes it                                  undelivered: reversed (4013)
//!    +-> its time is over (late.rs)                        undelivered
//! ```
//! Only approvals are looked after: a decline that is lost is said again to the repeat, and nobody has
//! booked anything.

use core::ops::Range;

use codec::{Edit, Fields, Replace};

use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::duplicates::Duplicates;
use crate::expiry;
use crate::gate::Then;
use crate::ids::{LinkId, SlotId, Stan, StationId};
use crate::links::Leaving;
use crate::notices::Notice;
use crate::outlet::{Outlet, Placed};
use crate::pending::{Pending, Table};
use crate::records::{Delivery, HEAD_MAX, Record};
use crate::repeats::{OWN, OWN_BYTES};
use crate::saf::NOT_DELIVERED;
use crate::time::Time;
use crate::turn::{Core, Turn, World};

/// How much of an approval reached its acquirer before its link was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reached {
    Not,
    InPart,
    /// Not, and it may not reach anybody any more.
    TooLate,
}

impl Core {
    /// Approvals of which it is not known whether they reached their acquirer.
    pub fn doubtful(&self) -> usize {
        self.world.duplicates.doubtful()
    }

    /// These approvals, by issuer and our STAN.
    pub fn doubts(&self) -> impl Iterator<Item = (StationId, Stan)> + '_ {
        self.world.duplicates.doubts()
    }
}

impl World {
    /// An answer was handed to a link.
    #[inline]
    pub(crate) fn is_leaving(&mut self, then: Then, until: Time, (link, placed): (LinkId, Placed)) {
        let Placed { start, end, handed } = placed;
        if handed >= end || then == Then::Nothing && until == Time::NEVER {
            return delivered(then, &mut self.table, &mut self.duplicates);
        }
        self.waits_for(link, Leaving { start, end, then, item: None, until });
    }

    /// Something was handed to a link whose socket has not taken it yet.
    pub(crate) fn waits_for(&mut self, link: LinkId, one: Leaving) {
        let leaving = &mut self.links[link.index()].leaving;
        if leaving.is_empty() {
            self.leaving.push(link);
        }
        leaving.push_back(one);
        self.late_wake = self.late_wake.min(one.until);
    }

    /// What the sockets have taken whole is delivered.
    pub(crate) fn see_delivered(&mut self, outlet: &impl Outlet) {
        let Self { links, leaving, table, duplicates, .. } = self;
        leaving.retain(|link| {
            let waiting = &mut links[link.index()].leaving;
            let handed = outlet.handed(*link);
            while let Some(first) = waiting.front().filter(|first| first.end <= handed) {
                delivered(first.then, table, duplicates);
                waiting.pop_front();
            }
            !waiting.is_empty()
        });
    }

    /// The answer to a repeat that waits for a socket is from here on the one that its first ends
    /// with. False where there is none.
    fn takes_the_place(&mut self, links: Range<usize>, half: Option<u64>, slot: SlotId) -> bool {
        let mut waiting = self.links[links].iter_mut().flat_map(|link| &mut link.leaving);
        let other = waiting.find(|other| half.is_some_and(|half| other.then == Then::Told(half)));
        other.is_some_and(|other| {
            other.then = Then::Over(slot);
            true
        })
    }
}

/// A socket has taken an answer whole.
#[inline]
fn delivered(then: Then, table: &mut Table, duplicates: &mut Duplicates) {
    match then {
        Then::Nothing => {}
        Then::Over(slot) => table.remove(slot),
        Then::Told(half) => duplicates.given_again(half),
    }
}

impl Turn<'_> {
    /// A link is lost, of which its socket had taken `sent` bytes.
    pub(crate) fn on_lost_with_answers(&mut self, link: LinkId, sent: u64) {
        while let Some(leaving) = self.world.links[link.index()].leaving.pop_front() {
            let World { table, duplicates, undelivered, .. } = &mut *self.world;
            let reached = if leaving.start < sent { Reached::InPart } else { Reached::Not };
            match leaving.then {
                then if leaving.end <= sent => delivered(then, table, duplicates),
                Then::Over(slot) => undelivered.push_back((slot, reached)),
                Then::Told(half) if reached == Reached::InPart => duplicates.given_in_part(half),
                Then::Told(_) | Then::Nothing => {}
            }
        }
        self.world.leaving.retain(|&other| other != link);
    }

    /// An answer that no link of its acquirer could take.
    pub(crate) fn on_undeliverable(&mut self, acquirer: StationId, then: Then) {
        self.count(Counter::Undeliverable);
        self.tell(Notice::Undeliverable { acquirer });
        if let Then::Over(slot) = then {
            self.world.undelivered.push_back((slot, Reached::Not));
        }
    }

    /// Goes on with the approvals that were not delivered, where there is room for what follows. Says
    /// whether something was entered.
    pub(crate) fn take_up_undelivered(&mut self) -> bool {
        let mut any = false;
        while let Some(&(slot, reached)) = self.world.undelivered.front() {
            let pending = *self.world.table.of(slot).expect("it is over behind this");
            let goes_on = match reached {
                Reached::Not | Reached::TooLate => self.deliver_again(slot, &pending, reached),
                Reached::InPart => Some(false),
            };
            match goes_on {
                None => break,
                Some(true) => self.count(Counter::Redelivered),
                Some(false) if !expiry::has_room(self.gate) => break,
                Some(false) if !self.on_not_delivered(slot, &pending, reached) => break,
                Some(false) => {}
            }
            self.world.undelivered.pop_front();
            any = true;
        }
        any
    }

    /// Gives an approval of which no byte has left to another link of its acquirer, as it is stored;
    /// false where there is none, or it is not stored any more, or it is too late for that. None without
    /// room in the gate.
    fn deliver_again(&mut self, slot: SlotId, pending: &Pending, reached: Reached) -> Option<bool> {
        let plan = self.plan;
        let &Pending { acquirer, issuer, stan, sent_at, duplicate, mti, .. } = pending;
        if !self.world.duplicates.is_still(duplicate, issuer, stan, sent_at) {
            return Some(false);
        }
        let station = plan.station(acquirer);
        let from = station.links_from.index();
        let links = from..from + usize::try_from(station.settings.links).expect("32 bits");
        let half = self.world.duplicates.half_key(duplicate);
        if self.world.takes_the_place(links, half, slot) {
            return Some(true);
        }
        let World { stations, duplicates, again, table, .. } = &mut *self.world;
        if stations[acquirer.index()].ready.is_empty() || reached == Reached::TooLate {
            return Some(false);
        }
        let Some(frame) = duplicates.approval(duplicate) else { return Some(false) };
        let dialect = &plan.station(issuer).settings.dialect;
        let forwarding = plan.forwarding(issuer, acquirer);
        let Some(forwarding) = forwarding.filter(|_| dialect.decode(frame, again).is_ok()) else {
            return Some(false);
        };
        let stored = again.message(dialect, frame);
        let (kept, large) = table.kept(slot);
        let mut edits = [Edit { field: 0, value: Replace::Text(&[]) }; OWN.len()];
        let mut count = 0;
        for field in OWN {
            if let Some(wire) = kept.wire(field, large) {
                edits[count] = Edit { field, value: Replace::Wire(wire) };
                count += 1;
            }
        }
        let longest = plan.longest(&stored, acquirer) + OWN_BYTES;
        let longest = longest.min(plan.station(acquirer).settings.message_max);
        let mti = mti.answer().expect("it was a request");
        let proof = plan.proof();
        let entered = self.gate.enter(pending.back_and_end(slot), proof, longest, |out| {
            forwarding.write(&stored, mti, Fields::EMPTY, &edits[..count], out)
        });
        entered.map(|written| written.is_ok())
    }

    /// Doubts for which there was no room any more.
    pub(crate) fn tell_of_dropped_doubts(&mut self) {
        while let Some((issuer, stan)) = self.world.duplicates.take_dropped() {
            self.count(Counter::DoubtsDropped);
            self.tell(Notice::DoubtDropped { issuer, stan });
        }
    }

    /// An approval that no other link takes, or of which a part may have left, is over; one that its
    /// acquirer will never hear of is reversed. False, and nothing has changed, when its reversal
    /// finds no STAN.
    fn on_not_delivered(&mut self, slot: SlotId, pending: &Pending, reached: Reached) -> bool {
        let &Pending { acquirer, issuer, stan, sent_at, duplicate, .. } = pending;
        let duplicates = &self.world.duplicates;
        let is_still = duplicates.is_still(duplicate, issuer, stan, sent_at);
        let given_again = is_still && duplicates.was_given_again(duplicate);
        let unreached = (reached != Reached::InPart || breaks(Variant::DoubtReversed))
            && !breaks(Variant::UndeliveredNotReversed);
        let how = if unreached && !given_again {
            if self.oblige(slot, NOT_DELIVERED).is_err() {
                return false;
            }
            self.count(Counter::Undelivered);
            Delivery::None
        } else {
            if is_still && !breaks(Variant::DoubtUnlisted) {
                self.world.duplicates.doubt(duplicate);
            }
            self.count(Counter::DeliveriesUnknown);
            self.tell(Notice::DeliveryUnknown { acquirer, issuer, stan });
            Delivery::Unknown
        };
        let issuer = self.plan.number(issuer);
        let record = Record::Delivery { issuer, stan, how, utc: self.now.utc };
        let entered = self.gate.enter_record(&record, HEAD_MAX);
        assert!(entered, "room was looked for");
        self.world.table.remove(slot);
        true
    }
}
