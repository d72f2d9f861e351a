//! What becomes of an advice: whether its station may send it, whether it is known, which original it
//! is about, and whether it agrees with it. Changes nothing; the order of the stages is the order of
//! the refusals.

use codec::{Message, Pan};

use super::extent::{Amount, extent};
use super::{Effect, Judged, Taken, Target, is_reversal};
use crate::broken::{Variant, breaks};
use crate::codes;
use crate::counters::Counter;
use crate::duplicates::{Entered, Facts, Known, Original, half_of};
use crate::identity::Identity;
use crate::ids::{LinkId, SlotId, StationId, StationNumber};
use crate::notices::Notice;
use crate::pending::Asked;
use crate::plan::Keys;
use crate::records::TakesBack;
use crate::reference::{self, NoReference, Reference};
use crate::refusal::Refusal;
use crate::request::Standing;
use crate::restore::KNOWN_KEPT_SECS;
use crate::routing::padded;
use crate::turn::{Question, Turn};

/// What a message calls its original.
#[derive(Clone, Copy)]
struct Named {
    reference: Reference,
    /// Of what it is called by; of what is known by another DE 7, by what that one is called.
    hash: u64,
    /// Half the key of it, as far as this message tells; else 0.
    half: u64,
}

/// What is known of an original that was forwarded.
#[derive(Clone, Copy)]
struct Found {
    entered: Entered,
    facts: Facts,
    amount: Amount,
    stands: Stands,
    is_reversed: bool,
}

/// Where an original stands, for who wants to say more of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    InFlight,
    /// It was approved, or taken as an advice.
    Approved,
    /// It was not, or nobody knows; what its issuer may hold of it is reversed.
    Over,
    /// No byte of it left: its issuer has never heard of it.
    NeverSent,
}

impl Turn<'_> {
    pub(super) fn judge(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        standing: Standing,
        asked: Asked,
    ) -> Result<Judged, Refusal> {
        let acquirer = self.plan.station_of(link);
        let (number, hash_key) = (self.plan.number(acquirer), self.plan.hash_key());
        let key = hash_key.key(number, message);
        let pan = message.pan();
        let check = match pan {
            Ok(Some(pan)) => hash_key.check(key, message, pan),
            Ok(None) | Err(_) => 0,
        };
        let identity = Identity { key, check };
        let is_known = !self.is_first(standing) && self.world.duplicates.find(key).is_some();
        if !self.plan.station(acquirer).settings.role.acquires() {
            return Err(Refusal::NotAnAcquirer);
        }
        self.is_of_its_station(acquirer, link, message)?;
        // A file action need not be about a card.
        let pan = match pan {
            Ok(None) if message.mti().class() == 3 => None,
            pan => Some(self.card(link, message, pan)?),
        };
        let keys = self.plan.station(acquirer).settings.keys;
        if keys == Keys::Provider && asked < Asked::Mac {
            return Ok(Judged::Ask(Question::Mac, identity));
        }
        if is_known && !breaks(Variant::AdviceTakenAnew) {
            return self.said_before(link, message, identity);
        }
        let named = match Reference::read(message) {
            Ok(named) => Some(self.named(number, message, named)),
            Err(NoReference::Missing) => None,
            Err(NoReference::Malformed) => {
                let field = reference::field_of(message.dialect().version());
                return self.incomplete(link, message, field);
            }
        };
        if let Some(question) = self.asks(key, named, asked) {
            return Ok(Judged::Ask(question, identity));
        }
        // Nothing refers to a reversal.
        let own = Reference::of(message).filter(|_| !is_reversal(message.mti()));
        let reference = own.map_or(0, |own| hash_key.reference(number, &own));
        let was_reversed = reference != 0 && self.was_reversed(message, reference, key);
        let (action, effect) = match pan.filter(|_| is_reversal(message.mti())) {
            Some(pan) => self.weigh_reversal(link, message, pan, named)?,
            // It can not be refused, and was taken back before it came.
            None if was_reversed => {
                let nothing = Effect::Nothing(Counter::AdvicesReversed);
                (codes::acknowledged(message.mti().class()), nothing)
            }
            None => self.weigh_advice(link, message, pan, named)?,
        };
        let original = named.map_or(0, |named| named.hash);
        let original_key = named.map_or(0, |named| named.half);
        Ok(Judged::Take(Taken { identity, reference, original, original_key, action, effect }))
    }

    /// What a message calls its original. In 1987 that may be the DE 7 of another sending than the one
    /// that we know: then it is found by what both have in common.
    fn named(&self, number: StationNumber, message: &Message<'_>, reference: Reference) -> Named {
        let hash_key = self.plan.hash_key();
        let hash = hash_key.reference(number, &reference);
        let named = (reference.mti, reference.stan);
        let key = hash_key.key_of_original(number, message, named);
        let duplicates = &self.world.duplicates;
        let other = || duplicates.reference_of(key?);
        let hash = match duplicates.find_by_reference(hash) {
            Some(_) => hash,
            None => other().unwrap_or(hash),
        };
        Named { reference, hash, half: key.map_or(0, half_of) }
    }

    /// Whether an original is refused should it still come.
    fn is_buried(&self, named: &Named) -> bool {
        let tombstones = &self.world.tombstones;
        tombstones.has(named.hash) || named.half != 0 && tombstones.has(named.half)
    }

    /// Whether a message was reversed before it came. In 1987 its repeat may have another DE 7, and so
    /// another reference, and only its key is the same.
    pub(crate) fn was_reversed(&self, message: &Message<'_>, reference: u64, key: u128) -> bool {
        let tombstones = &self.world.tombstones;
        let is_old = message.mti().version() == 0;
        tombstones.has(reference) || is_old && tombstones.has(half_of(key))
    }

    /// What older records have to be asked for: whether it is known, and what it is about.
    fn asks(&self, key: u128, named: Option<Named>, asked: Asked) -> Option<Question> {
        if !self.world.has_reader {
            return None;
        }
        let reaches_back = self.world.duplicates.reaches_back(self.now.utc);
        let is_short = reaches_back.is_some_and(|secs| secs < KNOWN_KEPT_SECS);
        let looks = asked < Asked::Known && !breaks(Variant::AdviceNotLookedUp);
        if looks && (self.now.utc < self.world.past_until || is_short) {
            return Some(Question::Known { key });
        }
        let is_there = |named: &Named| {
            self.is_buried(named) || self.world.duplicates.find_by_reference(named.hash).is_some()
        };
        let looks = asked < Asked::Original && !breaks(Variant::OriginalNotLookedUp);
        let named = named.filter(|named| looks && !is_there(named))?;
        Some(Question::Original { reference: named.hash })
    }

    /// A repeat gets what the first one got.
    fn said_before(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        identity: Identity,
    ) -> Result<Judged, Refusal> {
        match self.world.duplicates.find(identity.key) {
            Some((check, _)) if check != identity.check => {
                self.tell_conflict(link, message);
                Err(Refusal::Differs)
            }
            Some((_, Known::Answered { action, .. } | Known::Declined(action))) => {
                Ok(Judged::Known(action))
            }
            Some((_, Known::Closed)) => Err(Refusal::Closed),
            // Its first one waits for the key provider, and will be answered.
            Some((_, Known::InFlight)) | None => Ok(Judged::Waits),
        }
    }

    /// An authorization or sale that has happened, or a file action.
    fn weigh_advice(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        pan: Option<Pan>,
        named: Option<Named>,
    ) -> Result<(u16, Effect), Refusal> {
        let action = codes::acknowledged(message.mti().class());
        if let Some(named) = named {
            let found = self.find(named).filter(|found| found.stands != Stands::NeverSent);
            if let Some(found) = found {
                let pan = pan.ok_or(Refusal::OriginalDiffers)?;
                if found.stands == Stands::InFlight {
                    return Err(Refusal::InProgress);
                }
                self.agrees_with(link, message, pan, &found)?;
                let above = message.value(4).and_then(|value| value.number());
                if above.is_some_and(|amount| amount > found.amount.whole) {
                    return self.differs_from_original(link, message, 4);
                }
                return Ok((action, Effect::Item(found.target(named, TakesBack::Nothing))));
            }
            // What it is called here nobody else knows: the advice goes on without it.
            self.tell_unknown(link, message);
        }
        let issuer = self.advised(pan)?;
        Ok((action, Effect::Item(Target::of(issuer))))
    }

    /// A reversal: of what is in flight, of what was approved, of what is over, of nothing.
    fn weigh_reversal(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        pan: Pan,
        named: Option<Named>,
    ) -> Result<(u16, Effect), Refusal> {
        let accepted = codes::acknowledged(4);
        let acquirer = self.plan.station_of(link);
        let second = self.plan.station(acquirer).settings.acquiring.second_reversal.action();
        let second = if breaks(Variant::SecondCodeIgnored) { accepted } else { second };
        let found = named.and_then(|named| self.find(named));
        let Some((named, found)) = named.zip(found) else {
            if named.is_some_and(|named| self.is_buried(&named)) {
                return Ok((second, Effect::Nothing(Counter::ReversalsSecond)));
            }
            self.tell_unknown(link, message);
            let matches = |issuer: &StationId| {
                let matches = self.plan.station(*issuer).settings.issuing.matches_on_rrn;
                let matches = matches && !breaks(Variant::UnknownNeverForwarded);
                (matches || breaks(Variant::UnknownForwarded)) && message.fields().has(37)
            };
            let issuer = self.advised(Some(pan)).ok().filter(matches);
            let unknown = self.plan.station(acquirer).settings.acquiring.unknown_original.action();
            let unknown = if breaks(Variant::UnknownCodeIgnored) { accepted } else { unknown };
            return Ok((unknown, Effect::Unknown(issuer)));
        };
        self.agrees_with(link, message, pan, &found)?;
        let extent = match extent(message, found.amount) {
            Ok(extent) => extent,
            Err(field) => return self.differs_from_original(link, message, field),
        };
        let is_used_up = found.amount.whole > 0 && found.amount.taken_back == found.amount.whole;
        Ok(match (found.stands, extent) {
            (Stands::InFlight, _) if self.world.duplicates.is_told(found.entered) => {
                (second, Effect::Nothing(Counter::ReversalsSecond))
            }
            (Stands::InFlight, TakesBack::Part(_)) => return Err(Refusal::InProgress),
            (Stands::InFlight, extent) if breaks(Variant::InFlightNotAwaited) => {
                (accepted, Effect::Item(found.target(named, extent)))
            }
            (Stands::InFlight, _) => (accepted, self.waits(&found)?),
            (Stands::Approved, extent) if breaks(Variant::SecondTaken) => {
                (accepted, Effect::Item(found.target(named, extent)))
            }
            _ if self.world.duplicates.is_told(found.entered) || is_used_up => {
                (second, Effect::Nothing(Counter::ReversalsSecond))
            }
            // A reversal is owed already: it is the same one.
            _ if found.is_reversed => (accepted, Effect::Merges(found.entered)),
            (Stands::Approved, extent) => (accepted, Effect::Item(found.target(named, extent))),
            (Stands::Over | Stands::NeverSent, _) => {
                (accepted, Effect::Nothing(Counter::ReversalsOfNothing))
            }
        })
    }

    /// The original of this name, if it was forwarded. One whose decision is still parked is not
    /// known by it, and is refused then.
    fn find(&self, named: Named) -> Option<Found> {
        let duplicates = &self.world.duplicates;
        let entered = duplicates.find_by_reference(named.hash)?;
        let original = duplicates.original(entered)?;
        let Original { outcome, reversed, taken_back, .. } = original;
        let is_reversed = reversed.is_some();
        let stands = match outcome {
            Known::InFlight => Stands::InFlight,
            Known::Answered { action, .. } if codes::approves(action) => Stands::Approved,
            Known::Declined(action) if codes::is_acknowledged(action) => Stands::Approved,
            Known::Declined(action) if action == Refusal::Unsent.action() => Stands::NeverSent,
            Known::Answered { .. } | Known::Declined(_) | Known::Closed => Stands::Over,
        };
        let facts = original.facts?;
        let amount = Amount { whole: facts.minor_units(), taken_back };
        Some(Found { entered, facts, amount, stands, is_reversed })
    }

    /// Card and currency are those of the original; the amount is looked at by who knows which one
    /// it is.
    fn agrees_with(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        pan: Pan,
        found: &Found,
    ) -> Result<(), Refusal> {
        let original = self.world.duplicates.original(found.entered);
        let identity = original.expect("it was just found").identity;
        let is_of_card = self.plan.hash_key().is_of_card(identity, found.facts.amount, pan);
        if !is_of_card && !breaks(Variant::OfAnyCard) {
            return self.differs_from_original(link, message, 2);
        }
        let mut room = [0; 3];
        let currency = message.value(49).and_then(|value| value.write_text(&mut room));
        let is_other = currency.is_some_and(|currency| currency != found.facts.currency);
        if is_other && !breaks(Variant::OfAnyCurrency) {
            return self.differs_from_original(link, message, 49);
        }
        Ok(())
    }

    fn differs_from_original<T>(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        field: u8,
    ) -> Result<T, Refusal> {
        self.tell(Notice::OriginalDiffers { link, mti: message.mti(), field });
        Err(Refusal::OriginalDiffers)
    }

    fn tell_unknown(&mut self, link: LinkId, message: &Message<'_>) {
        let stan = message.value(11).and_then(|value| value.number()).unwrap_or_default();
        let stan = crate::ids::Stan(u32::try_from(stan).unwrap_or_default());
        if !breaks(Variant::UnknownUntold) {
            self.tell(Notice::OriginalUnknown { link, mti: message.mti(), stan });
        }
        self.count(Counter::OriginalsUnknown);
    }

    /// The transaction that its original still is.
    fn waits(&self, found: &Found) -> Result<Effect, Refusal> {
        let Facts { issuer, stan, .. } = found.facts;
        let stans = self.world.stations[issuer.index()].stans.as_ref();
        let slot: Option<SlotId> = stans
            .and_then(|stans| self.world.table.at(stans.slot(stan)?))
            .filter(|(_, pending)| pending.duplicate == found.entered)
            .map(|(slot, _)| slot);
        slot.map(Effect::Waits).ok_or(Refusal::InProgress)
    }

    /// Who gets an advice that is about no transaction of ours: the first issuer of its card's
    /// route, whether it can be reached now or not.
    fn advised(&self, pan: Option<Pan>) -> Result<StationId, Refusal> {
        let pan = pan.ok_or(Refusal::NoRoute)?;
        let digits = usize::from(pan.digits());
        let filled = padded(pan.number(), digits).ok_or(Refusal::NoRoute)?;
        let way = self.plan.routes.find(filled, digits).ok_or(Refusal::NoRoute)?;
        self.plan.routes.issuers(way).first().copied().ok_or(Refusal::NoRoute)
    }
}

impl Found {
    fn target(&self, named: Named, takes_back: TakesBack) -> Target {
        let Facts { issuer, stan, mti, sent_at, .. } = self.facts;
        let reference = Reference { mti, stan: stan.digits(), ..named.reference };
        let reference =
            if breaks(Variant::ReferenceNotTranslated) { named.reference } else { reference };
        let translated = match mti.version() {
            // DE 90 has the DE 7 of its leg, DE 56 the DE 12 of the transaction.
            0 => Reference { time: sent_at, ..reference },
            _ => reference,
        };
        Target {
            issuer,
            original: stan,
            original_at: sent_at,
            entered: self.entered,
            takes_back,
            names: Some(translated),
        }
    }
}
