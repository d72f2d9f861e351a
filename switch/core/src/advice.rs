//! An acquirer's advice or reversal (1120, 1220, 1324, 1420 and their repeats; 0400 too): what has
//! happened is written down and acknowledged, and then brought to the issuer. Refused only where it
//! contradicts what is known of its original, or can not be taken. Knows no socket, and not how it is
//! brought there.
//!
//! ```text
//! acquirer             switch                                   issuer
//!   | 1420 (DE 56: ours)  |                                       |
//!   |-------------------->| in the journal: Queued, then Advice   |
//!   |          1430 (400) |                                       |
//!   |<--------------------| 1420 (DE 56: what the issuer knows)   |
//!   |                     |-------------------------------------->| as often as needed
//! ```

mod extent;

mod judge;

mod asking;

mod past;

mod tombstones;

use codec::{Edit, Message, Mti, Replace, Version};

use crate::amount::{amount_of, currency_of};
use crate::answers::OWN_MAX;
use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::duplicates::{Entered, Facts};
use crate::gate::Service;
use crate::identity::Identity;
use crate::ids::{LinkId, SlotId, Stan, StationId};
use crate::notices::Notice;
use crate::pending::Asked;
use crate::plan::Plan;
use crate::records::{FRAMES_MAX, HEAD_MAX, Kept, Passed, Record, TakesBack};
use crate::reference::{self, Reference};
use crate::refusal::Refusal;
use crate::request::{OF_ONE_HOP, Standing};
use crate::saf::{self, Draft, NotQueued};
use crate::turn::{Question, Turn, World};
pub(crate) use asking::Parked;
pub(crate) use tombstones::Tombstones;

/// Bytes that heads and padding of all entries of one advice take at most.
const HEADS_MAX: usize = 2 * 64;
/// Why a reversal was sent that does not say it (DE 25 of 1993): unspecified.
pub(crate) const UNSPECIFIED: u16 = 0x4001;

/// What an advice comes to, when it is no refusal.
enum Judged {
    /// Ask, and judge it again with the reply.
    Ask(Question, Identity),
    /// It is known, and was answered with this action code.
    Known(u16),
    /// It is known, and its first one is still to be answered.
    Waits,
    /// It is taken.
    Take(Taken),
}

/// An advice that is taken.
#[derive(Clone, Copy)]
struct Taken {
    identity: Identity,
    /// What later messages call it, hashed; 0 where none does.
    reference: u64,
    /// The hash of what it calls its original; 0 where it names none.
    original: u64,
    /// Half the key of that original, where the advice tells it; else 0.
    original_key: u64,
    /// What it is answered with.
    action: u16,
    effect: Effect,
}

/// What follows from an advice beside its answer.
#[derive(Clone, Copy)]
enum Effect {
    /// It is brought to an issuer.
    Item(Target),
    /// Its original is in flight: a reversal follows once that has its answer, or has none.
    Waits(SlotId),
    /// A reversal of the same original is owed already.
    Merges(Entered),
    /// Nothing, and this is counted.
    Nothing(Counter),
    /// Its original is refused, should it still come; an issuer that finds originals by DE 37 gets
    /// the reversal.
    Unknown(Option<StationId>),
}

/// Where an advice goes.
#[derive(Clone, Copy)]
struct Target {
    issuer: StationId,
    /// Our STAN of its original; 0 without one.
    original: Stan,
    /// The DE 7 that we sent with it; 0 without one.
    original_at: u64,
    entered: Entered,
    /// How much of its original it takes back.
    takes_back: TakesBack,
    /// What its original is called there.
    names: Option<Reference>,
}

impl Effect {
    /// How much it takes back of its original, sooner or later.
    fn takes_back(&self) -> TakesBack {
        match self {
            Self::Item(target) => target.takes_back,
            Self::Waits(_) | Self::Merges(_) => TakesBack::Whole,
            Self::Nothing(_) => TakesBack::Nothing,
            Self::Unknown(_) => TakesBack::Unseen,
        }
    }
}

impl Taken {
    /// The record that it was taken, and what is kept for the issuer, where anything is.
    fn record<'a>(
        &self,
        plan: &Plan,
        (link, mti, utc): (LinkId, Mti, u64),
        kept: Option<&Kept<'a>>,
    ) -> Record<'a> {
        let acquirer = plan.number(plan.station_of(link));
        let (issuer, stan) = kept.map_or((acquirer, Stan(0)), |kept| (kept.issuer, kept.stan));
        let passed = kept.map(|&Kept { mti, original, original_at, reason, frame, .. }| Passed {
            mti,
            original,
            original_at,
            reason,
            frame,
        });
        Record::Advice {
            acquirer,
            link: plan.link_number(link),
            mti,
            key: self.identity.key,
            check: self.identity.check,
            reference: self.reference,
            original: self.original,
            original_key: self.original_key,
            action: self.action,
            issuer,
            stan,
            takes_back: self.effect.takes_back(),
            utc,
            passed,
            inputs: &[],
        }
    }
}

impl Target {
    /// To an issuer, without an original.
    fn of(issuer: StationId) -> Self {
        let (original, entered) = (Stan(0), Entered::NONE);
        let takes_back = TakesBack::Nothing;
        Self { issuer, original, original_at: 0, entered, takes_back, names: None }
    }
}

/// Whether a message is taken as an advice: what has happened, a file action, a reversal. In 1987 a
/// reversal may be a request too, and is one in name only.
pub(crate) fn is_advice(mti: Mti) -> bool {
    match (mti.version(), mti.class(), mti.function()) {
        // Of file actions 1993 has only those of others, which may be acquirers.
        (_, 3, 2) => matches!(mti.origin(), 0 | 1 | 4 | 5),
        (_, 1 | 2 | 4, 2) | (0, 4, 0) => matches!(mti.origin(), 0 | 1),
        _ => false,
    }
}

fn is_reversal(mti: Mti) -> bool {
    mti.class() == 4
}

/// What it is sent on as, first: no repeat, and never a request.
fn passed_on_as(mti: Mti) -> Mti {
    Mti::of(mti.bcd() & 0xFF0E | 0x20)
}

impl Turn<'_> {
    pub(crate) fn on_advice(&mut self, link: LinkId, message: &Message<'_>) {
        if !message.fields().has(11) {
            return self.refuse(link, message, Refusal::Format);
        }
        self.count(Counter::Advices);
        self.is_forgiven(link);
        let outcome = match self.judge(link, message, Standing::New, Asked::Nothing) {
            Ok(Judged::Ask(question, identity)) => self.park(link, message, question, identity),
            Ok(Judged::Known(action)) => {
                self.answer_known(link, message, action);
                Ok(())
            }
            Ok(Judged::Waits) => Ok(()),
            Ok(Judged::Take(taken)) => self.take(link, message, &taken, Entered::NONE),
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = outcome {
            self.refuse(link, message, refusal);
        }
    }

    fn answer_known(&mut self, link: LinkId, message: &Message<'_>, action: u16) {
        self.count(Counter::AdvicesRepeated);
        self.answer_directly(link, message, action, Some(self.plan.institution));
    }

    /// Writes down and acknowledges it, then makes what follows from it. What can fail comes before
    /// the first change. `entered` is its place among those known, if it was parked.
    fn take(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        taken: &Taken,
        entered: Entered,
    ) -> Result<(), Refusal> {
        let target = match taken.effect {
            Effect::Item(target) => Some(target),
            Effect::Unknown(issuer) => {
                issuer.map(|issuer| Target { takes_back: TakesBack::Unseen, ..Target::of(issuer) })
            }
            Effect::Waits(_) | Effect::Merges(_) | Effect::Nothing(_) => None,
        };
        let item_max = target.map_or(0, |target| self.plan.longest(message, target.issuer));
        // What it says and what it is passed on as stand in one record.
        if message.bytes().len() + item_max > FRAMES_MAX {
            return Err(Refusal::Conversion);
        }
        let records_max = message.bytes().len() + HEAD_MAX;
        if !saf::admits_advice(self.gate, item_max, records_max + HEADS_MAX, OWN_MAX) {
            return Err(Refusal::GateFull);
        }
        let has_item_room = self.world.has_item_room(Service::Advice, self.plan.limits.saf_max);
        if target.is_some() && !has_item_room {
            return Err(Refusal::PendingFull);
        }
        if entered == Entered::NONE && !self.world.duplicates.has_room() {
            return Err(Refusal::PendingFull);
        }
        let is_lost = |target: &Target| {
            target.takes_back == TakesBack::Nothing && breaks(Variant::AdviceNotKept)
        };
        let kept = target.filter(|target| !is_lost(target));
        let sent = kept.map(|target| self.pass_on(link, message, taken, &target)).transpose()?;
        if matches!(taken.effect, Effect::Unknown(_)) && taken.original != 0 {
            for reference in [taken.original, taken.original_key] {
                if reference != 0 {
                    self.refuses_from_now(reference, self.now.utc);
                }
            }
        }
        if matches!(taken.effect, Effect::Unknown(_)) {
            self.list_reversal(link, message);
        }
        let about = (link, message.mti(), self.now.utc);
        // What is passed on says in its own record that it was taken.
        let record = sent.is_none().then(|| taken.record(self.plan, about, None));
        self.answer_recorded(link, message, taken.action, record.as_ref());
        self.count(Counter::AdvicesTaken);
        let sent = target.map(|target| target.issuer).zip(sent);
        self.change(message, taken.effect, sent);
        self.remember(message, taken, sent, entered);
        Ok(())
    }

    /// Writes down that it was taken and makes it an item for its issuer, in one record; gives the STAN
    /// that it has there.
    fn pass_on(
        &mut self,
        link: LinkId,
        message: &Message<'_>,
        taken: &Taken,
        target: &Target,
    ) -> Result<Stan, Refusal> {
        let (plan, acquirer) = (self.plan, self.plan.station_of(link));
        let (issuer, dialect) = (target.issuer, &plan.station(target.issuer).settings.dialect);
        let forwarding = plan.forwarding(acquirer, issuer).ok_or(Refusal::NoRoute)?;
        let field = reference::field_of(dialect.version());
        let own = &plan.station(acquirer).settings.dialect;
        let allowed = own.journaled().intersection(dialect.journaled()).without(field);
        let drop = message.fields().difference(allowed).union(OF_ONE_HOP);
        let named = target.names.map(|names| names.write(dialect.version(), plan.institution));
        let ours =
            Replace::Packed { digits: plan.institution.digits, units: plan.institution.units };
        let sent_at = self.world.stamp.transmission();
        let mti = passed_on_as(message.mti());
        let item = Draft {
            issuer,
            acquirer,
            mti,
            original: target.original,
            original_at: target.original_at,
            takes_back: target.takes_back,
            reason: reason_of(message),
        };
        let fill = |_: &Self, stan: Stan, out: &mut [u8]| {
            let mut edits = [Edit { field: 33, value: ours }; 4];
            edits[0] = Edit { field: 7, value: Replace::Packed { digits: sent_at, units: 10 } };
            edits[1] =
                Edit { field: 11, value: Replace::Packed { digits: stan.digits(), units: 6 } };
            let mut count = 3;
            if let Some(named) = &named {
                edits[3] = Edit { field, value: Replace::Text(named.text()) };
                count = 4;
            }
            forwarding.write(message, mti, drop, &edits[..count], out)
        };
        let about = (link, message.mti(), self.now.utc);
        let extract = plan.request_extract(acquirer);
        let record = |kept: &Kept<'_>, out: &mut [u8]| {
            let record = taken.record(plan, about, Some(kept));
            let written = record.write_with(out, |inputs| extract.write(message, inputs));
            written.expect("what can be read can be written")
        };
        let queued = self.queue(&item, fill, message.bytes().len(), record);
        queued.map_err(|why| match why {
            NotQueued::NoRoom => Refusal::GateFull,
            NotQueued::NoStan => Refusal::StansExhausted,
            NotQueued::Inexpressible(error) => {
                let field = error.field;
                self.tell(Notice::Inexpressible { from: acquirer, to: issuer, field });
                Refusal::Conversion
            }
        })
    }

    /// What becomes of its original.
    fn change(&mut self, message: &Message<'_>, effect: Effect, sent: Option<(StationId, Stan)>) {
        let World { duplicates, table, .. } = &mut *self.world;
        let reversed = match effect {
            Effect::Item(Target { entered, takes_back: TakesBack::Part(part), .. }) => {
                let added = duplicates.add_partial(entered, part);
                assert!(added.is_ok(), "there is so much left of it");
                return;
            }
            Effect::Item(Target { entered, takes_back: TakesBack::Whole, .. }) => {
                let (_, stan) = sent.expect("it was passed on");
                duplicates.mark_reversed(entered, stan);
                entered
            }
            Effect::Waits(slot) => {
                let pending = table.of_mut(slot).expect("it was just found");
                pending.reversed_for = reason_of(message);
                pending.duplicate
            }
            Effect::Merges(entered) => entered,
            Effect::Nothing(counter) => return self.count(counter),
            Effect::Item(_) | Effect::Unknown(_) => return,
        };
        duplicates.mark_told(reversed);
        if !matches!(effect, Effect::Item(_)) {
            self.count(Counter::ReversalsMerged);
        }
    }

    /// From here on its repeats are known, and so is what a reversal of it would be about.
    fn remember(
        &mut self,
        message: &Message<'_>,
        taken: &Taken,
        sent: Option<(StationId, Stan)>,
        entered: Entered,
    ) {
        let (utc, sent_at) = (self.now.utc, self.world.stamp.transmission());
        let duplicates = &mut self.world.duplicates;
        let entered =
            if entered == Entered::NONE { duplicates.begin(taken.identity, utc) } else { entered };
        if let Some((issuer, stan)) = sent.filter(|_| taken.reference != 0) {
            let (amount, currency) = (amount_of(message), currency_of(message));
            let mti = passed_on_as(message.mti());
            let facts = Facts { issuer, stan, mti, sent_at, amount, currency };
            duplicates.forwarded(entered, taken.reference, &facts);
        }
        duplicates.decline(entered, taken.action);
    }
}

/// Why a reversal is sent (DE 25 of 1993, four packed digits); zeros say nothing. In 1987 that field
/// says something else.
pub(crate) fn reason_of(message: &Message<'_>) -> u16 {
    let is_said = message.dialect().version() != Version::Iso1987;
    let said = message.value(25).filter(|_| is_said).and_then(|value| value.packed());
    let unspecified = if is_reversal(message.mti()) { UNSPECIFIED } else { 0 };
    said.and_then(|said| u16::try_from(said).ok()).filter(|&said| said != 0).unwrap_or(unspecified)
}
