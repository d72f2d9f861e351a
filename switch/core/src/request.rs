//! A request of an acquirer (1100, 1200, their repeats): decide, change, emit. Knows no socket and keeps nothing of a request that is refused.

use codec::{Edit, Fields, Message, Pan, PanError, Replace, Slots};

use crate::advice::{Parked, is_advice};
use crate::amount::{amount_of, currency_of};
use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::duplicates::{Entered, Facts};
use crate::gate::{Purpose, Service};
use crate::identity::Identity;
use crate::ids::{LinkId, RouteId, SlotId, Stan, StationId};
use crate::notices::Notice;
use crate::pending::{Asked, Pending, State};
use crate::plan::{Institution, Keys, Pin};
use crate::records::{HEAD_MAX, Record};
use crate::refusal::Refusal;
use crate::routing::padded;
use crate::stans::Stans;
use crate::stations::Usable;
use crate::turn::{Order, Question, Turn};

/// What no hop can vouch for but the one that made it: security control information (DE 53), key
/// data (DE 96) and authentication codes (DE 64, 128).
pub(crate) const OF_ONE_HOP: Fields = Fields::of(&[53, 64, 96, 128]);

/// What a decision comes to, when it is no refusal.
enum Decision {
    /// Ask, and take the decision up again with the reply.
    Ask(Question, Identity),
    /// It is known, and what is to be said was said.
    Repeated,
    /// It repeats what a reign may have answered whose records are lost.
    Orphan(Identity),
    /// Forward to this issuer.
    Forward(Choice),
}

/// Where a request goes.
#[derive(Clone, Copy)]
struct Choice {
    route: RouteId,
    issuer: StationId,
    identity: Identity,
    /// What later messages call it.
    reference: u64,
    /// Its DE 4, see [`amount_of`].
    amount: Option<(u64, u8)>,
}

/// A new request, or one whose decision is taken up again.
#[derive(Clone, Copy)]
pub(crate) enum Standing {
    New,
    Replied(SlotId),
    /// A repeat that was held until its first had its outcome.
    Held,
}

impl Turn<'_> {
    pub(crate) fn on_request(&mut self, link: LinkId, message: &Message<'_>) {
        if !message.fields().has(11) {
            return self.refuse(link, message, Refusal::Format);
        }
        self.count(Counter::Requests);
        self.is_forgiven(link);
        let acquirer = self.plan.station_of(link);
        self.world.stations[acquirer.index()].tally.requests += 1;
        self.decide_and_act(link, message, Standing::New);
    }

    /// A repeat was held, and its first has its outcome.
    pub(crate) fn on_held(&mut self, link: LinkId, message: &Message<'_>) {
        self.decide_and_act(link, message, Standing::Held);
    }

    fn decide_and_act(&mut self, link: LinkId, message: &Message<'_>, standing: Standing) {
        let acquirer = self.plan.station_of(link);
        let outcome = match self.decide(link, message, standing) {
            Ok(Decision::Ask(question, identity)) => self.park(link, message, question, identity),
            Ok(Decision::Repeated) => Ok(()),
            Ok(Decision::Orphan(identity)) => {
                self.list_repeat(link, message, identity);
                Err(Refusal::Orphan)
            }
            Ok(Decision::Forward(choice)) => self.forward(link, message, choice, standing),
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = outcome {
            self.count(refusal.counter());
            let (action, ours) = (refusal.action(), Some(self.plan.institution));
            let answered = self.answer_directly(link, message, action, ours);
            self.world.stations[acquirer.index()].tally.answers += u64::from(answered);
        }
    }

    /// A reply is there: the decision is taken up again, with the state of now.
    pub(crate) fn on_reply(&mut self, slot: SlotId, granted: bool, slots: &mut Slots) {
        let waiting = self.world.table.of(slot).filter(|p| p.state == State::Deciding);
        let waiting = waiting.filter(|pending| pending.asked == Asked::Mac);
        let Some(&Pending { link, parked, duplicate, tpdu, .. }) = waiting else {
            self.count(Counter::RepliesLate);
            return;
        };
        if !self.can_answer() {
            // It stays parked, and is answered at its deadline as if no reply had come.
            return;
        }
        self.world.table.leave(&mut self.world.deciding, slot);
        let outcome = if granted {
            let lent = self.world.parked.take(parked);
            let plan = self.plan;
            self.tpdu = tpdu;
            let dialect = &plan.station(plan.station_of(link)).settings.dialect;
            let frame = &lent.0[..lent.1];
            dialect.decode(frame, slots).expect("what was parked could be read");
            let message = slots.message(dialect, frame);
            let outcome = if is_advice(message.mti()) {
                self.on_advice_replied(link, &message, slot, (duplicate, Asked::Mac))
            } else {
                self.on_request_replied(link, &message, slot).map(|()| Parked::Done)
            };
            if matches!(outcome, Ok(Parked::Stays)) {
                return self.world.parked.put_back(parked, lent);
            }
            self.world.parked.give_back(parked, lent);
            outcome
        } else {
            self.world.parked.forget(parked);
            Err(Refusal::Mac)
        };
        if let Err(refusal) = outcome {
            self.refuse_parked(slot, duplicate, refusal);
        }
    }

    /// What was parked is refused, and forgotten.
    pub(crate) fn refuse_parked(&mut self, slot: SlotId, duplicate: Entered, refusal: Refusal) {
        self.answer_kept(slot, refusal, None);
        self.world.duplicates.forget(duplicate);
        self.world.table.remove(slot);
    }

    fn on_request_replied(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        slot: SlotId,
    ) -> Result<(), Refusal> {
        match self.decide(link, message, Standing::Replied(slot))? {
            Decision::Forward(choice) => {
                self.forward(link, message, choice, Standing::Replied(slot))?;
            }
            Decision::Ask(..) => unreachable!("each question is put once"),
            Decision::Repeated => self.world.table.remove(slot),
            Decision::Orphan(identity) => {
                self.list_repeat(link, message, identity);
                return Err(Refusal::Orphan);
            }
        }
        Ok(())
    }

    /// Looks at everything that can refuse a request and changes nothing. The order of the stages
    /// is the order of the refusals.
    fn decide(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        standing: Standing,
    ) -> Result<Decision, Refusal> {
        let acquirer = self.plan.station_of(link);
        let hash_key = self.plan.hash_key();
        let number = self.plan.number(acquirer);
        let (key, named) = hash_key.key_and_reference(number, message);
        // The table is far away: what can be done meanwhile is done.
        self.world.duplicates.approach(key);
        let (pan, amount) = (message.pan(), amount_of(message));
        let check = match pan {
            Ok(Some(pan)) => hash_key.check_of(key, message, pan, amount),
            Ok(None) | Err(_) => 0,
        };
        let identity = Identity { key, check };
        let repeats = (!self.is_first(standing)).then_some(key);
        self.admit(acquirer, link, message, repeats)?;
        let pan = self.card(link, message, pan)?;
        let settings = &self.plan.station(acquirer).settings;
        if settings.keys == Keys::Provider && matches!(standing, Standing::New) {
            return Ok(Decision::Ask(Question::Mac, identity));
        }
        let (way, reference) =
            (self.route(message, pan), named.map_or(0, |named| hash_key.reference(number, &named)));
        if self.is_known(repeats) && self.is_repeat(link, message, identity)? {
            return Ok(Decision::Repeated);
        }
        // Whether anybody could take it now or not: it is over.
        if self.was_reversed(message, reference, key) && !breaks(Variant::TombstoneIgnored) {
            return Err(Refusal::Reversed);
        }
        if self.is_orphan(message.mti()) {
            return Ok(Decision::Orphan(identity));
        }
        // The negative file and limits have their stages here; they refuse nothing yet.
        let (route, issuer) = way?;
        Ok(Decision::Forward(Choice { route, issuer, identity, reference, amount }))
    }

    /// Whether a parked request is the one that its key is known by.
    pub(crate) fn is_first(&self, standing: Standing) -> bool {
        let Standing::Replied(slot) = standing else { return false };
        self.world.table.of(slot).is_some_and(|pending| pending.duplicate != Entered::NONE)
    }

    /// Whether a request of this key is known, where it may be a repeat.
    #[inline]
    fn is_known(&self, repeats: Option<u128>) -> bool {
        repeats.is_some_and(|key| self.world.duplicates.find(key).is_some())
    }

    /// May this station send this request at all? One that is known may come when no new one may:
    /// to decline it now would contradict the answer that it had.
    fn admit(
        &mut self,
        acquirer: StationId,
        link: LinkId,
        message: &Message<'_>,
        repeats: Option<u128>,
    ) -> Result<(), Refusal> {
        let settings = &self.plan.station(acquirer).settings;
        if !settings.role.acquires() {
            return Err(Refusal::NotAnAcquirer);
        }
        let world = &*self.world;
        let stops = world.drain.is_on() || world.paused;
        let no_new_one = if stops || self.plan.station(acquirer).retired {
            Some(Refusal::Draining)
        } else if !world.has_room {
            Some(Refusal::NoRoom)
        } else if world.is_sick {
            Some(Refusal::Sick)
        } else if world.stations[acquirer.index()].usable() != Usable::Ready {
            Some(Refusal::SignedOff)
        } else {
            None
        };
        if let Some(refusal) = no_new_one
            && !self.is_known(repeats)
        {
            return Err(refusal);
        }
        self.is_of_its_station(acquirer, link, message)
    }

    /// Is its DE 32 an institution of its station?
    pub(crate) fn is_of_its_station(
        &mut self,
        acquirer: StationId,
        link: LinkId,
        message: &Message<'_>,
    ) -> Result<(), Refusal> {
        let institution =
            message.value(32).and_then(|value| Some((value.packed()?, value.units())));
        let Some((digits, units)) = institution else {
            return self.incomplete(link, message, 32);
        };
        let settings = &self.plan.station(acquirer).settings;
        let known = settings
            .institutions
            .iter()
            .any(|known| known.digits == digits && u16::from(known.units) == units);
        if known { Ok(()) } else { Err(Refusal::UnknownAcquirer) }
    }

    /// Which issuer gets it: the first of the card's route that can take it.
    fn route(&self, message: &Message<'_>, pan: Pan) -> Result<(RouteId, StationId), Refusal> {
        let digits = usize::from(pan.digits());
        let filled = padded(pan.number(), digits).ok_or(Refusal::NoRoute)?;
        let way = self.plan.routes.find(filled, digits).ok_or(Refusal::NoRoute)?;
        let mut first = None;
        for &issuer in self.plan.routes.issuers(way) {
            match self.can_take(issuer, message) {
                Ok(()) => return Ok((way.route, issuer)),
                Err(refusal) => first = first.or(Some(refusal)),
            }
        }
        Err(first.unwrap_or(Refusal::NoRoute))
    }

    /// The one card number of a request, wherever it stands.
    pub(crate) fn card(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        pan: Result<Option<Pan>, PanError>,
    ) -> Result<Pan, Refusal> {
        match pan {
            Ok(Some(pan)) => Ok(pan),
            Ok(None) => self.incomplete(link, message, 2),
            Err(PanError::Unreadable(source)) => self.incomplete(link, message, source.field),
            Err(PanError::Disagree(one, other)) => {
                self.tell(Notice::PanDisagrees { link, mti: message.mti(), one, other });
                Err(Refusal::PanDisagrees)
            }
        }
    }

    /// Can this issuer take this request now?
    fn can_take(&self, issuer: StationId, message: &Message<'_>) -> Result<(), Refusal> {
        let planned = self.plan.station(issuer);
        let (settings, owner) = (&planned.settings, planned.worker);
        let now = &self.world.stations[issuer.index()];
        match now.seen(owner, self.me) {
            Usable::LinkDown => return Err(Refusal::LinkDown),
            Usable::SignedOff => return Err(Refusal::SignedOff),
            Usable::Ready => {}
        }
        if settings.pin == Pin::Refuse && message.fields().has(52) {
            return Err(Refusal::Pin);
        }
        // A request in quarantine waits no longer; its STAN and its place in the table are bounded
        // by themselves.
        if now.in_flight.len() >= planned.in_flight_share {
            return Err(Refusal::WindowFull);
        }
        match &now.stans {
            // Each request in flight may need one more, for its reversal.
            Some(stans) if stans.free() > now.in_flight.len() => Ok(()),
            _ => Err(Refusal::StansExhausted),
        }
    }

    pub(crate) fn incomplete<T>(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        field: u8,
    ) -> Result<T, Refusal> {
        self.tell(Notice::Incomplete { link, mti: message.mti(), field });
        Err(Refusal::Format)
    }

    /// Keeps the request until the reply is there.
    pub(crate) fn park(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        question: Question,
        identity: Identity,
    ) -> Result<(), Refusal> {
        if self.world.table.is_full() || !self.world.table.can_keep(message) {
            return Err(Refusal::PendingFull);
        }
        let parked = self.world.parked.keep(message.bytes()).ok_or(Refusal::PendingFull)?;
        let mut arrived = self.arrived(link, message);
        (arrived.parked, arrived.asked) = (parked, question.asked());
        // A repeat that is parked while the first is known waits to see what became of that.
        if self.world.duplicates.find(identity.key).is_none() {
            arrived.duplicate = self.world.duplicates.begin(identity, self.now.utc);
        }
        let slot = self.world.table.insert(arrived);
        self.world.table.keep(slot, message);
        let deadline = self.now.boot + self.plan.limits.ask_timeout;
        self.world.table.join(&mut self.world.deciding, slot, deadline);
        self.world.orders.push_back(Order::Ask(slot, question));
        self.count(Counter::Parked);
        Ok(())
    }

    /// Writes record and message into the gate, then makes the transaction pending. What can fail
    /// comes before the first change.
    fn forward(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        choice: Choice,
        standing: Standing,
    ) -> Result<(), Refusal> {
        let Choice { route, issuer, identity, reference, .. } = choice;
        let (plan, acquirer) = (self.plan, self.plan.station_of(link));
        let wire_max = plan.longest(message, issuer);
        let record_max = HEAD_MAX + message.bytes().len();
        if !self.world.has_item_room(Service::Request, plan.limits.saf_max) {
            return Err(Refusal::SafFull);
        }
        if !self.gate.admits(record_max, wire_max) {
            return Err(Refusal::GateFull);
        }
        let world = &mut *self.world;
        let slot = match standing {
            Standing::Replied(slot) => slot,
            Standing::New | Standing::Held if world.table.can_keep(message) => {
                world.table.next().ok_or(Refusal::PendingFull)?
            }
            Standing::New | Standing::Held => return Err(Refusal::PendingFull),
        };
        let stans = world.stations[issuer.index()].stans.as_ref();
        let stan = stans.and_then(Stans::next).ok_or(Refusal::StansExhausted)?;
        let sent_at = world.stamp.transmission();
        let edits = of_our_hop(sent_at, stan, plan.institution);
        let mti = message.mti();
        let arrived = world.table.of(slot).map_or(self.now.boot, |pending| pending.arrived);
        let record = Record::Decision {
            acquirer: plan.number(acquirer),
            link: plan.link_number(link),
            issuer: plan.number(issuer),
            mti,
            route,
            stan,
            sent_at,
            arrived,
            utc: self.now.utc,
            configuration: plan.numbers().configuration,
            key: identity.key,
            check: identity.check,
            reference,
            present: message.fields(),
            inputs: &[],
        };
        let forwarding = plan.forwarding(acquirer, issuer).expect("routes were compiled");
        let extract = plan.request_extract(acquirer);
        let entered = self.gate.enter_with(
            Purpose::Forward { issuer, slot },
            record_max,
            wire_max,
            |out| record.write_with(out, |inputs| extract.write(message, inputs)),
            |out| forwarding.write(message, mti, OF_ONE_HOP, &edits, out),
        );
        match entered {
            None => return Err(Refusal::GateFull),
            Some(Err(error)) => {
                self.tell(Notice::Inexpressible { from: acquirer, to: issuer, field: error.field });
                return Err(Refusal::Conversion);
            }
            Some(Ok(())) => self.begin(link, message, choice, slot, sent_at),
        }
        Ok(())
    }

    /// The change: from here on nothing can refuse.
    fn begin(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        Choice { issuer, identity, reference, amount, .. }: Choice,
        slot: SlotId,
        sent_at: u64,
    ) {
        let arrived = self.arrived(link, message);
        let timeout = self.plan.station(issuer).settings.timeout;
        let world = &mut *self.world;
        if world.table.of(slot).is_none() {
            let taken = world.table.insert(arrived);
            assert!(taken == slot, "the place that was looked at is the one that is taken");
            world.table.keep(slot, message);
        }
        let now = &mut world.stations[issuer.index()];
        let stan = now.stans.as_mut().and_then(|stans| stans.take(slot.index));
        let pending = world.table.of_mut(slot).expect("it was just taken");
        pending.state = State::InFlight;
        pending.issuer = issuer;
        pending.stan = stan.expect("a free one was looked at");
        pending.sent_at = sent_at;
        if pending.duplicate == Entered::NONE {
            pending.duplicate = world.duplicates.begin(identity, self.now.utc);
        }
        let mti = message.mti();
        let currency = currency_of(message);
        let facts = Facts { issuer, stan: pending.stan, mti, sent_at, amount, currency };
        world.duplicates.forwarded(pending.duplicate, reference, &facts);
        world.table.join(&mut now.in_flight, slot, self.now.boot + timeout);
        now.tally.requests += 1;
        self.count_dropped(message);
    }

    /// A message went on without the fields of one hop.
    pub(crate) fn count_dropped(&mut self, message: &Message<'_>) {
        let dropped = message.fields().intersection(OF_ONE_HOP).len();
        self.world.counters.add(Counter::FieldsDropped, u64::from(dropped));
    }

    fn arrived(&self, link: LinkId, message: &Message<'_>) -> Pending {
        let generation = self.world.links[link.index()].generation;
        let acquirer = self.plan.station_of(link);
        Pending::arrived(self.now.boot, acquirer, (link, generation), self.tpdu, message.mti())
    }
}

/// What a request has of our hop alone: DE 7, 11 and 33.
#[inline]
fn of_our_hop(sent_at: u64, stan: Stan, institution: Institution) -> [Edit<'static>; 3] {
    let packed = |digits, units| Replace::Packed { digits, units };
    [
        Edit { field: 7, value: packed(sent_at, 10) },
        Edit { field: 11, value: packed(stan.digits(), 6) },
        Edit { field: 33, value: packed(institution.digits, institution.units) },
    ]
}
