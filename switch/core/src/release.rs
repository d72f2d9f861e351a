//! The one file that lets bytes out: takes committed entries from the gate, looks again at the
//! transaction and the link, and hands the bytes on. Decides nothing else.

use core::time::Duration;

use codec::Tpdu;

use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::courier::Word;
use crate::gate::{Purpose, Then};
use crate::ids::{LinkId, SlotId, Stan, StationId, WorkerId};
use crate::late;
use crate::links::{Leaving, Phase, UNSENT_MAX, Unsent};
use crate::notices::{Closing, Notice};
use crate::outlet::{Outlet, Placed};
use crate::pending::State;
use crate::plan::Plan;
use crate::refusal::Refusal;
use crate::time::{Now, Time};
use crate::turn::{Order, Turn, World};

/// When to tell another worker again what its full lane did not take; nothing else may happen here
/// until then.
const ANNOUNCE_AGAIN: Duration = Duration::from_millis(10);

/// What became of an entry's bytes.
enum Left {
    Sent,
    /// No byte left, and none will.
    Unsent,
}

/// What is to be done when an entry is gone: where all goes well with a sale, nothing.
#[derive(Clone, Copy)]
enum Follows {
    Nothing,
    /// A request did not leave.
    Unsent(SlotId, Refusal),
    /// A request may not leave any more.
    Late(SlotId),
    /// No link took an answer.
    Undeliverable(StationId, Then),
    /// An answer is not given, or another worker's lane had no room for it.
    AnswerLost,
    /// An item left, or did not.
    ItemLeft(StationId, Stan, bool),
    /// An item is at its end.
    ItemDone(StationId, Stan),
}

impl Turn<'_> {
    /// Releases every committed entry, oldest first.
    pub(crate) fn release(&mut self, outlet: &mut impl Outlet) {
        self.world.releases += 1;
        if self.world.unannounced {
            self.announce(outlet);
        }
        self.world.carry_waiting(self.now.boot, outlet);
        if self.world.settled_untold {
            self.world.settled_untold = !self.tell_all(Word::Settled, outlet);
            if self.world.settled_untold {
                self.world.links_wake = self.world.links_wake.min(self.now.boot + ANNOUNCE_AGAIN);
            }
        }
        self.release_committed(outlet);
        // Repeats that were held are answered behind the answers that they waited for.
        while self.take_up_undelivered() | self.take_up_held() {
            self.release_committed(outlet);
        }
        self.tell_of_dropped_doubts();
    }

    fn release_committed(&mut self, outlet: &mut impl Outlet) {
        while let Some(entry) = self.gate.front() {
            let (purpose, wire) = (entry.purpose, &*entry.wire);
            let until = late::leaves_until(self.plan, entry.framed.min(self.now.boot));
            let is_late = late::is_late(until, self.now);
            let follows = match purpose {
                Purpose::Forward { slot, .. } if is_late => Follows::Late(slot),
                Purpose::Answer { then, .. } if is_late => {
                    self.world.is_late(then);
                    Follows::Nothing
                }
                Purpose::Forward { issuer, slot } => {
                    let here = (self.plan, self.me, self.now);
                    self.world.forward(here, (issuer, slot, until), wire, outlet)
                }
                // What it says was undelivered meanwhile, and is reversed: its acquirer asks again, and
                // hears of that.
                Purpose::Answer { then: Then::Told(half), .. }
                    if self.world.duplicates.is_taken_back(half) =>
                {
                    Follows::AnswerLost
                }
                Purpose::Answer { acquirer, link, link_generation, tpdu, then } => {
                    let asked_on = (link, link_generation);
                    let placed = self.world.send_answer(acquirer, asked_on, tpdu, wire, outlet);
                    match placed {
                        Some((on, placed)) => {
                            self.world.is_leaving(then, until, (on, placed));
                            Follows::Nothing
                        }
                        None => Follows::Undeliverable(acquirer, then),
                    }
                }
                Purpose::Network { link, link_generation, tpdu } => {
                    self.world.send_on(link, Some(link_generation), tpdu, wire, outlet);
                    Follows::Nothing
                }
                Purpose::Record => Follows::Nothing,
                Purpose::Done { issuer, stan } => Follows::ItemDone(issuer, stan),
                Purpose::Queue { issuer, stan } => {
                    let here = (self.plan, self.me, self.now.boot);
                    self.world.hand_on(here, (issuer, stan), wire, outlet);
                    Follows::Nothing
                }
                Purpose::Item { issuer, stan } => {
                    // Otherwise it came to its end, or was held, meanwhile.
                    let leaves = self.world.item_leaves(issuer, stan);
                    let sent = leaves
                        && matches!(
                            self.world.send_item((issuer, stan, until), wire, outlet),
                            Left::Sent
                        );
                    Follows::ItemLeft(issuer, stan, sent)
                }
                Purpose::Carry { home, link } => {
                    let head = Word::Answer { link }.write();
                    match self.world.carry(WorkerId(home), true, &head, wire, outlet) {
                        Left::Sent => Follows::Nothing,
                        Left::Unsent => Follows::AnswerLost,
                    }
                }
            };
            self.gate.leave();
            if !matches!(follows, Follows::Nothing) {
                self.follow(follows, outlet);
            }
        }
    }

    /// Does what follows from an entry that is gone.
    #[inline(never)]
    fn follow(&mut self, follows: Follows, outlet: &mut impl Outlet) {
        match follows {
            Follows::Nothing => {}
            Follows::Unsent(slot, why) => self.on_unsent(slot, why),
            Follows::Late(slot) => {
                self.count(Counter::LateDropped);
                self.on_unsent(slot, Refusal::Unsent);
            }
            Follows::Undeliverable(acquirer, then) => self.on_undeliverable(acquirer, then),
            Follows::AnswerLost => self.count(Counter::AnswersLost),
            Follows::ItemLeft(issuer, stan, sent) => self.on_item_left(issuer, stan, sent),
            Follows::ItemDone(issuer, stan) => self.tell_done(issuer, stan, outlet),
        }
    }

    /// Sends a request for another worker, or tells it that no byte left.
    pub(crate) fn send_request(
        &mut self,
        issuer: StationId,
        whose: (WorkerId, SlotId, Time),
        wire: &[u8],
        outlet: &mut impl Outlet,
    ) {
        if matches!(self.world.send_request(issuer, whose, wire, outlet), Left::Unsent) {
            let (home, slot, _) = whose;
            self.give_back(home, slot, outlet);
        }
    }

    /// Tells a home that no byte of its request left.
    pub(crate) fn give_back(&mut self, home: WorkerId, slot: SlotId, outlet: &mut impl Outlet) {
        if home == self.me {
            self.on_unsent(slot, Refusal::Unsent);
        } else {
            // A word that finds no room is lost; the home then answers at the timeout.
            let head = Word::Returned { slot }.write();
            self.world.carry(home, true, &head, &[], outlet);
        }
    }

    /// Tells the other workers which of our issuers can be reached, where that has changed.
    fn announce(&mut self, outlet: &mut impl Outlet) {
        self.world.unannounced = false;
        for place in 0..self.world.stations.len() {
            let issuer = StationId(u16::try_from(place).expect("stations are counted"));
            let usable = self.world.stations[place].usable();
            let known = self.world.stations[place].announced == usable;
            let station = self.plan.station(issuer);
            if station.worker != self.me || !station.settings.role.issues() || known {
                continue;
            }
            let told = self.tell_all(Word::Told { issuer, usable }, outlet);
            if told {
                self.world.stations[place].announced = usable;
            } else {
                self.world.unannounced = true;
                let again = self.now.boot + ANNOUNCE_AGAIN;
                self.world.links_wake = self.world.links_wake.min(again);
            }
        }
    }
}

impl Turn<'_> {
    /// Says a word to every other worker; false when one of them had no room for it.
    fn tell_all(&mut self, word: Word, outlet: &mut impl Outlet) -> bool {
        let (head, mut told) = (word.write(), true);
        for worker in (0..self.plan.workers).map(WorkerId).filter(|&worker| worker != self.me) {
            told &= matches!(self.world.carry(worker, true, &head, &[], outlet), Left::Sent);
        }
        told
    }
}

/// Whether the acquirer of a request no longer waits for its answer: it came too long ago, or none of
/// its links is left.
fn has_given_up(
    plan: &Plan,
    world: &World,
    (acquirer, arrived): (StationId, Time),
    now: Now,
) -> bool {
    if breaks(Variant::GivenUpForwarded) {
        return false;
    }
    let waits = plan.station(acquirer).settings.acquiring.gives_up;
    world.stations[acquirer.index()].open == 0 || now.boot.since(arrived) >= waits
}

impl World {
    /// Sends a request that still waits, or hands it to the worker of its issuer's links.
    #[inline]
    fn forward(
        &mut self,
        (plan, me, now): (&Plan, WorkerId, Now),
        (issuer, slot, until): (StationId, SlotId, Time),
        wire: &[u8],
        outlet: &mut impl Outlet,
    ) -> Follows {
        let waits = self.table.of_mut(slot).filter(|pending| pending.state == State::InFlight);
        let Some(pending) = waits else { return Follows::Nothing };
        pending.released = true;
        let asked = (pending.acquirer, pending.arrived);
        if has_given_up(plan, self, asked, now) {
            return Follows::Unsent(slot, Refusal::GivenUp);
        }
        let owner = plan.owner(issuer);
        let left = if owner == me {
            self.send_request(issuer, (me, slot, until), wire, outlet)
        } else {
            self.carry(owner, false, &Word::Request { issuer, slot, until }.write(), wire, outlet)
        };
        match left {
            Left::Sent => Follows::Nothing,
            Left::Unsent => Follows::Unsent(slot, Refusal::Unsent),
        }
    }

    /// Sends a request on one of an issuer's links, each in its turn.
    fn send_request(
        &mut self,
        issuer: StationId,
        (home, slot, until): (WorkerId, SlotId, Time),
        wire: &[u8],
        outlet: &mut impl Outlet,
    ) -> Left {
        let station = &mut self.stations[issuer.index()];
        if station.signed_off {
            return Left::Unsent;
        }
        let (first, count) = (station.take_turn(self.releases), station.ready.len());
        for step in 0..count {
            let link = self.stations[issuer.index()].ready[(first + step) % count];
            if let Some(placed) = outlet.send(link, None, wire) {
                let unsent = &mut self.links[link.index()].unsent;
                while unsent.front().is_some_and(|oldest| oldest.start < placed.handed) {
                    unsent.pop_front();
                }
                if unsent.len() == UNSENT_MAX {
                    // The oldest counts as sent from here on: its timeout settles it.
                    unsent.pop_front();
                }
                let Placed { start, end, .. } = placed;
                unsent.push_back(Unsent { start, end, home, slot, until });
                self.late_wake = self.late_wake.min(until);
                self.counters.count(Counter::Forwarded);
                return Left::Sent;
            }
        }
        Left::Unsent
    }

    /// Sends an item on one of its issuer's links, each in its turn.
    fn send_item(
        &mut self,
        (issuer, stan, until): (StationId, Stan, Time),
        wire: &[u8],
        outlet: &mut impl Outlet,
    ) -> Left {
        let station = &mut self.stations[issuer.index()];
        let pauses = station.unavailable && !breaks(Variant::SentToPausing);
        let paused = station.signed_off || pauses;
        if paused && !breaks(Variant::SentToSignedOff) {
            return Left::Unsent;
        }
        let (first, count) = (station.take_turn(self.releases), station.ready.len());
        for step in 0..count {
            let link = self.stations[issuer.index()].ready[(first + step) % count];
            if let Some(placed) = outlet.send(link, None, wire) {
                let Placed { start, end, handed } = placed;
                if handed < end && until != Time::NEVER {
                    let (then, item) = (Then::Nothing, Some((issuer, stan)));
                    self.waits_for(link, Leaving { start, end, then, item, until });
                }
                return Left::Sent;
            }
        }
        Left::Unsent
    }

    /// Sends an answer on the link of its request, else on another one of the station.
    fn send_answer(
        &mut self,
        acquirer: StationId,
        (link, generation): (LinkId, u32),
        tpdu: Tpdu,
        wire: &[u8],
        outlet: &mut impl Outlet,
    ) -> Option<(LinkId, Placed)> {
        let tpdu = Some(tpdu);
        if let Some(placed) = self.send_on(link, Some(generation), tpdu, wire, outlet) {
            return Some((link, placed));
        }
        // A link without room is closed and leaves the list, so this comes to an end. The link that
        // asked may be among them, opened anew.
        while let Some(&other) = self.stations[acquirer.index()].ready.first() {
            if let Some(placed) = self.send_on(other, None, tpdu, wire, outlet) {
                return Some((other, placed));
            }
        }
        None
    }

    /// Sends on one link, if it is open (in that generation). A link that has no room left does
    /// not read what it asked for, and is closed.
    fn send_on(
        &mut self,
        link: LinkId,
        generation: Option<u32>,
        tpdu: Option<Tpdu>,
        wire: &[u8],
        outlet: &mut impl Outlet,
    ) -> Option<Placed> {
        let now = &self.links[link.index()];
        if !now.phase.is_open() || generation.is_some_and(|wanted| wanted != now.generation) {
            return None;
        }
        let placed = outlet.send(link, tpdu, wire);
        if placed.is_none() {
            self.close(link, Closing::NotReading);
        }
        placed
    }

    fn carry(
        &mut self,
        worker: WorkerId,
        answer: bool,
        head: &[u8],
        body: &[u8],
        outlet: &mut impl Outlet,
    ) -> Left {
        if outlet.carry(worker, answer, head, body) {
            return Left::Sent;
        }
        self.counters.count(Counter::LanesFull);
        Left::Unsent
    }

    /// Asks for a link to be closed. From here on it is none that the station has.
    pub(crate) fn close(&mut self, link: LinkId, why: Closing) {
        let now = &mut self.links[link.index()];
        if now.phase.is_open() {
            now.phase = Phase::Closing;
            now.asked = None;
            self.stations[now.station.index()].on_gone(link);
            self.orders.push_back(Order::Close(link, why));
            self.notices.tell(Notice::Closing { link, why }, &mut self.counters);
            self.unannounced = true;
        }
    }
}
