//! A request that is known: its repeat gets the answer that it got, and nobody is asked a second time.
//! Knows no table.

use codec::{Edit, Fields, Message, Replace};

use crate::broken::{Variant, breaks};
use crate::codes;
use crate::counters::Counter;
use crate::duplicates::{Known, half_of};
use crate::gate::{Purpose, Service, Then};
use crate::identity::Identity;
use crate::ids::{LinkId, Stan, StationId};
use crate::notices::Notice;
use crate::refusal::Refusal;
use crate::turn::{Turn, World};

/// Fields that an answer has from its request, in ascending order: those of the repeat, not of the
/// first one.
pub(crate) const OWN: [u8; 5] = [2, 7, 11, 32, 33];

/// The most bytes that these and a longer bitmap add to a stored answer.
pub(crate) const OWN_BYTES: usize = 128;

impl Turn<'_> {
    /// A message came under the key of another one, with another amount or card.
    pub(crate) fn tell_conflict(&mut self, link: LinkId, message: &Message<'_>) {
        let stan = message.value(11).and_then(|value| value.number()).unwrap_or_default();
        let stan = Stan(u32::try_from(stan).unwrap_or_default());
        self.tell(Notice::KeyConflict { link, mti: message.mti(), stan });
    }

    /// Whether a request is known, and then answers it as it was answered; one that is in flight has
    /// its answer still to come, and waits for it.
    pub(crate) fn is_repeat(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        identity: Identity,
    ) -> Result<bool, Refusal> {
        let Some((check, known)) = self.world.duplicates.find(identity.key) else {
            return Ok(false);
        };
        if check != identity.check && !breaks(Variant::OtherAmountAnswered) {
            if !breaks(Variant::OtherAmountUntold) {
                self.tell_conflict(link, message);
            }
            return Err(Refusal::Differs);
        }
        let ours = Some(self.plan.institution);
        let (counter, answered) = match known {
            Known::InFlight if breaks(Variant::InFlightForwarded) => return Ok(false),
            Known::Answered { .. } | Known::Declined(_) if breaks(Variant::RepeatForwarded) => {
                return Ok(false);
            }
            Known::InFlight => return self.hold(link, message, identity.key).map(|()| true),
            Known::Answered { .. } if breaks(Variant::AnswerForgotten) => {
                return Err(Refusal::Forgotten);
            }
            Known::Answered { issuer, action, frame: Some(_) } => {
                let told = self.answer_again(link, message, identity.key, (issuer, action));
                (Counter::RepeatsAnswered, told?)
            }
            // Of a decline its code is left; an approval without its fields would be none.
            Known::Answered { action, frame: None, .. } if codes::approves(action) => {
                return Err(Refusal::Forgotten);
            }
            Known::Answered { action, frame: None, .. } => {
                (Counter::RepeatsDeclined, self.answer_directly(link, message, action, None))
            }
            Known::Declined(action) => {
                (Counter::RepeatsDeclined, self.answer_directly(link, message, action, ours))
            }
            Known::Closed => return Err(Refusal::Closed),
        };
        self.count(counter);
        let acquirer = self.plan.station_of(link);
        self.world.stations[acquirer.index()].tally.answers += u64::from(answered);
        Ok(true)
    }

    /// Makes the stored answer of an issuer an answer to this repeat. Says whether it found room.
    fn answer_again(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        key: u128,
        (issuer, action): (StationId, u16),
    ) -> Result<bool, Refusal> {
        let plan = self.plan;
        let acquirer = plan.station_of(link);
        let mti = message.mti().answer().expect("it is a request");
        let mut purpose = self.back_to(link, mti);
        if let Purpose::Answer { then, .. } = &mut purpose
            && codes::approves(action)
        {
            *then = Then::Told(half_of(key));
        }
        let World { duplicates, again, .. } = &mut *self.world;
        let Some((_, Known::Answered { frame: Some(frame), .. })) = duplicates.find(key) else {
            unreachable!("it was just found")
        };
        // The settings may have changed since it was stored.
        let dialect = &plan.station(issuer).settings.dialect;
        let forwarding = plan.forwarding(issuer, acquirer).ok_or(Refusal::Forgotten)?;
        dialect.decode(frame, again).map_err(|_| Refusal::Forgotten)?;
        let stored = again.message(dialect, frame);
        if (stored.mti(), codes::verdict(&stored)) != (mti, Some(action.into())) {
            return Err(Refusal::Forgotten);
        }
        let longest = plan.longest(&stored, acquirer) + OWN_BYTES;
        let longest = longest.min(plan.station(acquirer).settings.message_max);
        if !self.gate.admits_as(Service::Refusal, longest) {
            self.count(Counter::AnswersLost);
            return Ok(false);
        }
        let mut edits = [Edit { field: 0, value: Replace::Text(&[]) }; OWN.len()];
        let mut count = 0;
        for field in OWN {
            if let Some(wire) = message.wire(field) {
                edits[count] = Edit { field, value: Replace::Wire(wire) };
                count += 1;
            }
        }
        let proof = plan.proof();
        let entered = self.gate.enter(purpose, proof, longest, |out| {
            forwarding.write(&stored, mti, Fields::EMPTY, &edits[..count], out)
        });
        match entered {
            Some(Ok(())) => Ok(true),
            Some(Err(_)) => Err(Refusal::Forgotten),
            None => {
                self.count(Counter::AnswersLost);
                Ok(false)
            }
        }
    }
}
