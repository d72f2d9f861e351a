//! Requests as originals of later messages: what each was, whether it is reversed, and whether its answer
//! arrived. Knows no message.

use codec::Mti;

use super::{
    BITS, Delivery, Duplicates, Entered, Entry, Forwarded, Known, NO_AMOUNT, NOT_REVERSED, Was,
    half_of,
};
use crate::broken::{Variant, breaks};
use crate::codes;
use crate::identity::Identity;
use crate::ids::{Stan, StationId};
use crate::time::number_of;

/// What a request was, as it was forwarded: what a later message about it must agree with, and what
/// that one calls it towards the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Who was asked.
    pub issuer: StationId,
    /// Our STAN towards the issuer.
    pub stan: Stan,
    /// The MTI that we sent.
    pub mti: Mti,
    /// The DE 7 that we sent, ten packed digits.
    pub sent_at: u64,
    /// The digits of its DE 4, packed, and how many there were; none where it had none.
    pub amount: Option<(u64, u8)>,
    /// Its DE 49; zeros where it had none.
    pub currency: [u8; 3],
}

impl Facts {
    /// Its amount in minor units; 0 where it had none.
    pub fn minor_units(&self) -> u64 {
        self.amount.map_or(0, |(digits, _)| number_of(digits))
    }
}

/// An original that a later message refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original<'a> {
    /// What it is known by.
    pub identity: Identity,
    /// What it was; none of one that was never forwarded, or of which only the outcome is left.
    pub facts: Option<Facts>,
    /// What became of it, whatever its repeats are told.
    pub outcome: Known<'a>,
    /// The STAN of the reversal of all of it that is owed, or was brought to its end; 0 where it is
    /// not known any more.
    pub reversed: Option<Stan>,
    /// What was taken back of its amount by partial reversals, in minor units.
    pub taken_back: u64,
}

/// More was to be taken back than there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeds {
    /// What is left of the original, in minor units.
    pub left: u64,
}

impl Duplicates {
    /// The request that later messages call by this. Ask with what
    /// [`HashKey::reference`](crate::identity::HashKey::reference) gives.
    pub fn find_by_reference(&self, reference: u64) -> Option<Entered> {
        if reference == 0 {
            return None;
        }
        let is_it = |place: usize| self.entries[place].reference == reference;
        self.by_reference.find(reference, self.hand, is_it).map(Entered::of)
    }

    /// The request that its repeats are known by this.
    pub fn find_by_key(&self, key: u128) -> Option<Entered> {
        let (_, place) = self.look_up(key)?;
        Some(Entered::of(place))
    }

    /// What later messages call the one of this key; none where they can not.
    pub fn reference_of(&self, key: u128) -> Option<u64> {
        let (_, place) = self.look_up(key)?;
        Some(self.entries[place].reference).filter(|&reference| reference != 0)
    }

    /// What is known of an original; none when it never became a transaction.
    pub fn original(&self, entered: Entered) -> Option<Original<'_>> {
        let entry = self.entries.get(entered.place())?;
        let outcome = self.outcome(entry)?;
        let was = self.forwarded_as(entered);
        let facts = was.and_then(|was| {
            Some(Facts {
                issuer: entry.issuer,
                stan: entry.stan,
                mti: Mti::new(was.mti)?,
                sent_at: was.sent_at,
                amount: Some((was.amount, was.amount_units)).filter(|&(_, u)| u != NO_AMOUNT),
                currency: was.currency,
            })
        });
        Some(Original {
            identity: Identity { key: entry.key, check: entry.check },
            facts,
            outcome,
            reversed: Some(entry.reversed).filter(|&stan| stan != NOT_REVERSED),
            taken_back: was.map_or(0, |was| was.taken_back),
        })
    }

    /// What it was; none of one that was never forwarded.
    fn forwarded_as(&self, entered: Entered) -> Option<&Forwarded> {
        self.forwarded.get(entered.place()).filter(|was| was.mti != 0)
    }

    /// From here on a reversal of all of it is owed, under this STAN: no repeat of it is told of an
    /// approval any more, but the decline that it got, else 911. False, and nothing changes, when
    /// one was owed before.
    pub fn mark_reversed(&mut self, entered: Entered, by: Stan) -> bool {
        let entry = self.entries.get_mut(entered.place());
        let Some(entry) = entry.filter(|entry| entry.reversed == NOT_REVERSED) else {
            return false;
        };
        entry.reversed = by;
        // Whatever the acquirer knows of it, it is over.
        self.settle_doubt(entered.place(), Delivery::Given);
        true
    }

    /// The entry of a request that was forwarded under this STAN and at this time, if it is still
    /// that one's.
    pub fn is_still(&self, entered: Entered, issuer: StationId, stan: Stan, sent_at: u64) -> bool {
        let both = self.entries.get(entered.place()).zip(self.forwarded_as(entered));
        both.is_some_and(|(entry, as_sent)| {
            entry.was != Was::Forgotten
                && (entry.issuer, entry.stan, as_sent.sent_at) == (issuer, stan, sent_at)
        })
    }

    /// A repeat was given its answer, and a socket has taken it whole: that settles whether it arrived.
    /// `half` is [`half_of`](super::half_of) its key.
    pub fn given_again(&mut self, half: u64) {
        if let Some(place) = self.look_up_half(half) {
            self.settle_doubt(place, Delivery::GivenAgain);
        }
    }

    /// The same, and a socket has taken a part of it: that settles nothing, but a byte has left.
    pub fn given_in_part(&mut self, half: u64) {
        if let Some(place) = self.look_up_half(half)
            && self.entries[place].delivery == Delivery::Given
        {
            self.entries[place].delivery = Delivery::GivenInPart;
        }
    }

    /// Whether a socket has taken any of the answer to a repeat of it.
    pub fn was_given_again(&self, entered: Entered) -> bool {
        let again = [Delivery::GivenAgain, Delivery::GivenInPart];
        let entry = self.entries.get(entered.place());
        entry.is_some_and(|entry| again.contains(&entry.delivery))
    }

    /// Whether it is reversed and its acquirer does not know: that one is not to hear of its approval.
    pub fn is_taken_back(&self, half: u64) -> bool {
        let entry = self.look_up_half(half).map(|place| &self.entries[place]);
        entry.is_some_and(|entry| entry.reversed != NOT_REVERSED && !entry.is_told)
    }

    /// Half the key of an entry, for answers on their way.
    pub fn half_key(&self, entered: Entered) -> Option<u64> {
        self.entries.get(entered.place()).map(|entry| half_of(entry.key))
    }

    fn look_up_half(&self, half: u64) -> Option<usize> {
        let tag = super::tag_of(half.into());
        let found = self.by_key.find(tag, |place| half_of(self.entries[place].key) == half);
        found.map(|(_, place)| place)
    }

    /// Whether the answer to one that is over arrived is not known, until a repeat is given it or it is
    /// reversed. Until then it is not forgotten, unless too many others are in doubt.
    pub fn doubt(&mut self, entered: Entered) {
        let place = entered.place();
        let entry = self.entries.get(place);
        if entry.is_none_or(|entry| entry.delivery == Delivery::Unknown) {
            return;
        }
        if self.doubts.len() == self.doubts_max {
            self.drop_doubt();
        }
        self.entries[place].delivery = Delivery::Unknown;
        self.in_flight[place / BITS] |= 1 << (place % BITS);
        self.doubts.push_back(entered.0);
    }

    /// The oldest doubt is listed no more.
    pub(super) fn drop_doubt(&mut self) {
        let Some(&oldest) = self.doubts.front() else { return };
        let place = Entered(oldest).place();
        let Entry { issuer, stan, .. } = self.entries[place];
        self.dropped.push_back((issuer, stan));
        self.doubt_ends(place, Delivery::Given);
    }

    /// A doubt that was dropped from the list and that nobody was told of.
    pub fn take_dropped(&mut self) -> Option<(StationId, Stan)> {
        self.dropped.pop_front()
    }

    /// The same of one that was forwarded under this STAN before a start, and of which nothing else is
    /// left but its answer.
    pub fn doubt_again(&mut self, entered: Entered, stan: Stan) {
        if let Some(entry) = self.entries.get_mut(entered.place()) {
            entry.stan = stan;
        }
        self.doubt(entered);
    }

    /// Whether it is not known whether the answer to this one arrived.
    pub fn is_doubted(&self, key: u128) -> bool {
        let found = self.look_up(key);
        found.is_some_and(|(_, place)| self.entries[place].delivery == Delivery::Unknown)
    }

    /// Answers of which it is not known whether they arrived.
    pub fn doubtful(&self) -> usize {
        self.doubts.len()
    }

    /// These answers, by issuer and our STAN, the oldest first.
    pub fn doubts(&self) -> impl Iterator<Item = (StationId, Stan)> + '_ {
        let doubted = self.doubts.iter().map(|&place| &self.entries[Entered(place).place()]);
        doubted.map(|entry| (entry.issuer, entry.stan))
    }

    fn settle_doubt(&mut self, place: usize, now: Delivery) {
        if !breaks(Variant::DoubtUnsettled) {
            self.doubt_ends(place, now);
        }
    }

    /// Whether it was in doubt or not: it is so no more, and may be forgotten in its turn.
    pub(super) fn doubt_ends(&mut self, place: usize, now: Delivery) {
        let was = core::mem::replace(&mut self.entries[place].delivery, now);
        if was == Delivery::Unknown {
            self.in_flight[place / BITS] &= !(1 << (place % BITS));
            // Mostly it is the oldest, and a start may drop thousands.
            if self.doubts.front().is_some_and(|&first| Entered(first).place() == place) {
                self.doubts.pop_front();
            } else {
                self.doubts.retain(|&other| Entered(other).place() != place);
            }
        }
    }

    /// From here on its acquirer has reversed all of it.
    pub fn mark_told(&mut self, entered: Entered) {
        if let Some(entry) = self.entries.get_mut(entered.place()) {
            entry.is_told = true;
        }
    }

    /// Whether it has: one more reversal of it is a second one.
    pub fn is_told(&self, entered: Entered) -> bool {
        self.entries.get(entered.place()).is_some_and(|entry| entry.is_told)
    }

    /// Whether there is a place that is not in flight.
    pub fn has_room(&self) -> bool {
        self.in_flight_len < self.max
    }

    /// A part of its amount, in minor units, is taken back; gives all that was. Never more than its
    /// amount, and nothing of one of which all was.
    pub fn add_partial(&mut self, entered: Entered, part: u64) -> Result<u64, Exceeds> {
        let original = self.original(entered).ok_or(Exceeds { left: 0 })?;
        let whole = original.facts.map_or(0, |facts| facts.minor_units());
        let left = whole.saturating_sub(original.taken_back);
        let left = if original.reversed.is_some() { 0 } else { left };
        if part > left {
            return Err(Exceeds { left });
        }
        let was = &mut self.forwarded[entered.place()];
        was.taken_back += part;
        Ok(was.taken_back)
    }

    /// The answer of an approval that is not reversed, where it is stored.
    pub fn approval(&self, entered: Entered) -> Option<&[u8]> {
        let entry = self.entries.get(entered.place())?;
        let is_one = entry.was == Was::Answered && codes::approves(entry.action);
        let holds = is_one && entry.reversed == NOT_REVERSED;
        self.answers.at(entry.answer, entry.answer_len).filter(|_| holds)
    }
}
