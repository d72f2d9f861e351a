//! An advice that waits for a reply: of the key provider, or of the reader of older records. What was
//! parked is judged again with the state of then. Knows nobody who replies.

use codec::{Message, Slots};

use super::Judged;
use super::past::{self, Outcome};
use crate::counters::Counter;
use crate::duplicates::{Entered, Known};
use crate::found::Found;
use crate::ids::{LinkId, SlotId};
use crate::pending::{Asked, Pending, State};
use crate::reference::Reference;
use crate::refusal::Refusal;
use crate::request::Standing;
use crate::turn::{Order, Question, Turn};
use crate::wiped::Wiped;

/// Whether a parked advice is done with, or has one more question.
pub(crate) enum Parked {
    Done,
    Stays,
}

impl Turn<'_> {
    /// A parked advice is judged again. `entered` is its place among those that are known. When it is
    /// not refused it is answered, unless one more question was put.
    pub(crate) fn on_advice_replied(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        slot: SlotId,
        (entered, asked): (Entered, Asked),
    ) -> Result<Parked, Refusal> {
        match self.judge(link, message, Standing::Replied(slot), asked)? {
            Judged::Take(taken) => self.take(link, message, &taken, entered)?,
            Judged::Known(action) => self.answer_known(link, message, action),
            Judged::Waits => {}
            Judged::Ask(question, _) => {
                self.ask_again(slot, question);
                return Ok(Parked::Stays);
            }
        }
        self.world.table.remove(slot);
        Ok(Parked::Done)
    }

    fn ask_again(&mut self, slot: SlotId, question: Question) {
        let deadline = self.now.boot + self.plan.limits.ask_timeout;
        let world = &mut *self.world;
        world.table.of_mut(slot).expect("it is parked").asked = question.asked();
        world.table.join(&mut world.deciding, slot, deadline);
        world.orders.push_back(Order::Ask(slot, question));
    }

    /// The reader has looked.
    pub(crate) fn on_found(&mut self, slot: SlotId, found: &Found, slots: &mut Slots) {
        let waits = |p: &&Pending| {
            p.state == State::Deciding && matches!(p.asked, Asked::Known | Asked::Original)
        };
        let Some(&pending) = self.world.table.of(slot).filter(waits) else {
            return self.count(Counter::RepliesLate);
        };
        if !self.can_answer() {
            // It stays parked, and is answered at its deadline as if no reply had come.
            return;
        }
        let Pending { link, parked, duplicate, tpdu, asked, .. } = pending;
        self.world.table.leave(&mut self.world.deciding, slot);
        self.tpdu = tpdu;
        let lent = self.world.parked.take(parked);
        let plan = self.plan;
        let dialect = &plan.station(plan.station_of(link)).settings.dialect;
        let frame = &lent.0[..lent.1];
        let mut revived = Ok(());
        if asked == Asked::Original {
            dialect.decode(frame, slots).expect("what was parked could be read");
            let named = Reference::read(&slots.message(dialect, frame)).ok();
            if let Some(named) = named {
                let number = plan.number(plan.station_of(link));
                let reference = plan.hash_key().reference(number, &named);
                revived = self.revive(reference, found, slots);
            }
        }
        dialect.decode(frame, slots).expect("what was parked could be read");
        let message = slots.message(dialect, frame);
        let outcome = match self.said_long_ago(link, &message, asked, found) {
            None if revived.is_err() => revived.map(|()| Parked::Done),
            None => self.on_advice_replied(link, &message, slot, (duplicate, asked)),
            Some(Err(refusal)) => Err(refusal),
            Some(Ok(action)) => {
                self.answer_known(link, &message, action);
                // From here on it is known in memory too.
                self.world.duplicates.decline(duplicate, action);
                self.world.table.remove(slot);
                Ok(Parked::Done)
            }
        };
        match outcome {
            Ok(Parked::Stays) => return self.world.parked.put_back(parked, lent),
            Ok(Parked::Done) => {}
            Err(refusal) => self.refuse_parked(slot, duplicate, refusal),
        }
        self.world.parked.give_back(parked, lent);
    }

    /// What an advice was answered that older records know; a refusal when it is another one.
    fn said_long_ago(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        asked: Asked,
        found: &Found,
    ) -> Option<Result<u16, Refusal>> {
        let number = self.plan.number(self.plan.station_of(link));
        let hash_key = self.plan.hash_key();
        let key = hash_key.key(number, message);
        let (check, action) = past::advice(found, key).filter(|_| asked == Asked::Known)?;
        let same = match message.pan() {
            Ok(Some(pan)) => hash_key.check(key, message, pan) == check,
            Ok(None) | Err(_) => check == 0,
        };
        if !same {
            self.tell_conflict(link, message);
        }
        Some(if same { Ok(action) } else { Err(Refusal::Differs) })
    }

    /// An original of long ago is known again, as if it had never been forgotten.
    fn revive(&mut self, reference: u64, found: &Found, slots: &mut Slots) -> Result<(), Refusal> {
        let Some(past) = past::original(self.plan, found, reference, slots) else {
            if past::is_buried(found, reference) {
                self.refuses_from_now(reference, self.now.utc);
            }
            return Ok(());
        };
        let duplicates = &mut self.world.duplicates;
        let known = duplicates.find(past.identity.key).map(|(_, known)| known);
        if duplicates.find_by_reference(reference).is_some() {
            return Ok(());
        }
        if matches!(known, Some(Known::InFlight)) {
            return Err(Refusal::InProgress);
        }
        // Without a place for it, it would be taken for unknown.
        if !duplicates.has_room() {
            return Err(Refusal::PendingFull);
        }
        // A start knows its answer already, and a repeat is to be given that one.
        let stored = match known {
            Some(Known::Answered { frame: Some(frame), .. }) => Wiped::of(frame),
            Some(_) | None => Wiped::default(),
        };
        let is_doubted = duplicates.is_doubted(past.identity.key);
        // So does it know of a reversal that no record told of.
        let before = duplicates.find_by_key(past.identity.key);
        let reversed = before.and_then(|entered| duplicates.original(entered)?.reversed);
        let is_told = before.is_some_and(|entered| duplicates.is_told(entered));
        let entered = duplicates.begin(past.identity, self.now.utc);
        duplicates.forwarded(entered, reference, &past.facts);
        match past.outcome {
            Outcome::Answered(action) => {
                let draft = duplicates.draft(stored.len()).filter(|_| !stored.is_empty());
                let stored = draft.map(|draft| {
                    draft.copy_from_slice(&stored);
                    stored.len()
                });
                duplicates.answer(entered, past.facts.issuer, action, stored);
            }
            Outcome::Declined(action) => duplicates.decline(entered, action),
            Outcome::Closed => duplicates.close(entered),
        }
        if is_doubted {
            duplicates.doubt(entered);
        }
        if past.taken_back > 0 {
            let added = duplicates.add_partial(entered, past.taken_back);
            assert!(added.is_ok(), "no more was taken back than there was");
        }
        if let Some(stan) = past.reversed.or(reversed) {
            duplicates.mark_reversed(entered, stan);
        }
        if past.is_told || is_told {
            duplicates.mark_told(entered);
        }
        Ok(())
    }
}
