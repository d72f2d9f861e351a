//! Store and forward: what must be brought to an issuer is kept, and sent again until the issuer
//! acknowledges it (`field.md` 5.4). Knows no socket and no link.
//!
//! An *item* is one message for an issuer: an advice, a reversal, a file action. An *obligation* is an
//! item that takes back the whole of a request that was forwarded; there is at most one for each.
//!
//! ```text
//! home                                     owner of the issuer's links
//! Turn::queue, Turn::oblige
//!   record Queued in the gate --committed--> Purpose::Queue, Word::Queue --> items.rs, sending.rs
//!                                                                              |  1420, 1421, ...
//!   gives the STAN back <--- Word::ItemDone <--committed-- Purpose::Done <--- acknowledging.rs
//! ```
//! 1. The home makes an item and takes a STAN of its own share for it. The record stands in the gate
//!    before the entry of the answer to the acquirer, if the caller queues before it answers.
//! 2. A committed item goes to the worker that owns the issuer's station; one that finds no room in
//!    the lane is tried again. There it is sent as often as need be, under the same STAN.
//! 3. What is acknowledged is written down; once that is committed, the home gives the STAN back.
//!    Not earlier: a decision that used it again might else stand in the journal before.
//!
//! For those who make items:
//! - [`Turn::queue`] makes one from a frame that the caller writes. Mark the original's entry
//!   (`Duplicates::mark_reversed`) with the STAN that it gives.
//! - [`Turn::oblige`] makes the reversal of a pending transaction, or says that there is one already;
//!   it marks the entry itself. [`reversal::write`] writes such a frame of other originals.
//! - [`has_room`] says whether the gate has room for an item and for the answer behind it.
//!   Where it has none, nothing may be ended or taken: try again later.
//! - [`World::has_item_room`] says whether one more may be promised. Who takes a request or an advice
//!   in asks first, so that each request in flight finds room for its reversal.

pub(crate) mod reversal;

pub mod items;

pub(crate) mod sending;

pub(crate) mod acknowledging;

pub mod operating;

pub mod closing;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec;
use core::time::Duration;

use codec::{Mti, Slots, WriteError};

use crate::broken::{Variant, breaks};
use crate::counters::Counter;
use crate::courier::Word;
use crate::gate::{self, Gate, Purpose, Service};
use crate::ids::{SlotId, Stan, StationId, WorkerId};
use crate::outlet::Outlet;
use crate::pending::Pending;
use crate::plan::Plan;
use crate::records::{HEAD_MAX, Kept, TakesBack};
use crate::stans::Stans;
use crate::time::Time;
use crate::turn::{Turn, World};
use crate::wiped::wipe;
use items::{Items, Made};
use reversal::Leg;

/// When to tell another worker again what its full lane did not take.
const CARRY_AGAIN: Duration = Duration::from_millis(10);

/// DE 25: no answer in time.
pub const TIMED_OUT: u16 = 0x4021;
/// DE 25: the answer came too late.
pub const TOO_LATE: u16 = 0x4006;
/// DE 25: the answer could not be brought to the acquirer.
pub const NOT_DELIVERED: u16 = 0x4013;

/// No item: a STAN that none has.
pub(crate) const NO_ITEM: Stan = Stan(0);

/// What an item is, apart from its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draft {
    /// To whom.
    pub(crate) issuer: StationId,
    /// For whom, or who asked for what is reversed.
    pub(crate) acquirer: StationId,
    /// The MTI of its first sending (xx20): as it stands in the frame.
    pub(crate) mti: Mti,
    /// Our STAN of the transaction that it is about; 0 without one.
    pub(crate) original: Stan,
    /// The DE 7 that went with that one, ten packed digits; 0 without one.
    pub(crate) original_at: u64,
    /// How much it takes back of that one.
    pub(crate) takes_back: TakesBack,
    /// DE 25 as first given, four packed digits; 0 without one.
    pub(crate) reason: u16,
}

/// Why there is no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotQueued {
    /// The gate has no room now.
    NoRoom,
    /// No STAN is free.
    NoStan,
    /// It can not be said in the issuer's format.
    Inexpressible(WriteError),
}

/// What became of a cause to reverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obliged {
    /// There is a reversal now.
    Made(Stan),
    /// There was one already.
    Merged(Stan),
}

/// A message for another worker that its lane had no room for.
#[derive(Debug)]
struct Waiting {
    worker: WorkerId,
    word: Word,
    body: Box<[u8]>,
}

/// One worker's share of store and forward.
#[derive(Debug)]
pub(crate) struct Saf {
    /// Items whose STANs are of this worker's share: what it made, until it is told of their end.
    open: u32,
    /// Words that found no room in a lane.
    waiting: VecDeque<Waiting>,
    /// What is kept for issuers whose links are here.
    pub(crate) items: Items,
    /// No item needs looking at before.
    pub(crate) wake: Time,
    /// So many stations, from the first, are known to every worker.
    known_to_all: usize,
    /// Where a frame is written before it is entered; wiped after.
    draft: Box<[u8]>,
    /// Where a kept frame is read.
    slots: Box<Slots>,
}

impl Saf {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            open: 0,
            waiting: VecDeque::new(),
            items: Items::new(plan.stations.len()),
            wake: Time::NEVER,
            draft: vec![0; longest(plan)].into_boxed_slice(),
            known_to_all: plan.stations.len(),
            slots: Box::new(Slots::new()),
        }
    }

    /// A plan follows. The other workers may not have it yet, and hear nothing of what is new in it.
    pub(crate) fn adopt(&mut self, plan: &Plan) {
        self.items.grow(plan.stations.len());
        let longest = longest(plan);
        if longest > self.draft.len() {
            self.draft = vec![0; longest].into_boxed_slice();
        }
        self.wake = Time(0);
    }

    /// Whether the issuer that a word is about is known to every worker.
    fn is_known_to_all(&self, word: &Word) -> bool {
        let Word::Queue { issuer, .. } = word else { return true };
        issuer.index() < self.known_to_all
    }

    /// Every worker has the plan that this one has.
    pub(crate) fn open_to_all(&mut self, plan: &Plan) {
        self.known_to_all = plan.stations.len();
    }

    /// Items that this worker made and that have not come to their end.
    pub(crate) fn open(&self) -> u32 {
        self.open
    }

    /// One that was made before a start has its STAN in our share.
    pub(crate) fn take_up(&mut self) {
        self.open += 1;
    }
}

/// The longest frame of an item.
fn longest(plan: &Plan) -> usize {
    let issuers = plan.stations.iter().filter(|station| station.settings.role.issues());
    issuers.map(|station| station.settings.message_max).max().unwrap_or_default()
}

impl World {
    /// Whether one more item, or request that may need one, finds room: every request in flight may
    /// have to be reversed. New requests leave the last sixteenth to what acquirers reverse and advise.
    #[inline]
    pub(crate) fn has_item_room(&self, service: Service, max: u32) -> bool {
        let in_flight = self.table.used() - self.resting.len();
        let max = if service == Service::Request { max - max / 16 } else { max };
        self.saf.open + in_flight < max
    }

    /// What is kept for an issuer may have something to send now.
    pub(crate) fn wake_items(&mut self) {
        self.saf.wake = Time(0);
    }
}

impl World {
    /// A committed item goes to whom its issuer's links belong: `made` is what the home says of it.
    pub(crate) fn hand_on(
        &mut self,
        (plan, me, now): (&Plan, WorkerId, Time),
        (issuer, stan): (StationId, Stan),
        made: &[u8],
        outlet: &mut impl Outlet,
    ) {
        let owner = plan.owner(issuer);
        if owner == me {
            self.on_item(issuer, stan, made);
        } else {
            self.say_surely(now, (owner, Word::Queue { issuer, stan }), made, outlet);
        }
    }

    /// Says a word that must not be lost: what finds no room now is said again.
    fn say_surely(
        &mut self,
        now: Time,
        (to, word): (WorkerId, Word),
        body: &[u8],
        outlet: &mut impl Outlet,
    ) {
        if self.saf.is_known_to_all(&word) {
            let goes_first = self.saf.waiting.is_empty();
            if goes_first && outlet.carry(to, true, &word.write(), body) {
                return;
            }
            self.counters.count(Counter::LanesFull);
        }
        self.saf.waiting.push_back(Waiting { worker: to, word, body: body.into() });
        self.carry_again_after(now);
    }

    fn carry_again_after(&mut self, now: Time) {
        self.links_wake = self.links_wake.min(now + CARRY_AGAIN);
    }

    /// Says again what found no room, the oldest first.
    pub(crate) fn carry_waiting(&mut self, now: Time, outlet: &mut impl Outlet) {
        while let Some(first) = self.saf.waiting.front() {
            if !self.saf.is_known_to_all(&first.word) {
                return self.carry_again_after(now);
            }
            let first = self.saf.waiting.front_mut().expect("it was just there");
            if !outlet.carry(first.worker, true, &first.word.write(), &first.body) {
                return self.carry_again_after(now);
            }
            wipe(&mut first.body);
            self.saf.waiting.pop_front();
        }
    }
}

/// Whether a gate has room for an item with a frame of at most so many bytes, and behind it for an
/// answer of `answer_max` with its record of `record_max`.
pub(crate) fn has_room(
    gate: &Gate,
    frame_max: usize,
    record_max: usize,
    answer_max: usize,
) -> bool {
    let item = frame_max + Made::HEAD + gate::HEAD;
    gate.has_room(HEAD_MAX + frame_max + record_max, item + answer_max)
}

/// The same of an advice, which leaves room to what ends a transaction.
pub(crate) fn admits_advice(
    gate: &Gate,
    frame_max: usize,
    record_max: usize,
    answer_max: usize,
) -> bool {
    let item = HEAD_MAX + 2 * frame_max + Made::HEAD + gate::HEAD;
    gate.admits_as(Service::Advice, item + record_max + answer_max)
        && has_room(gate, frame_max, record_max, answer_max)
}

impl Turn<'_> {
    /// Makes an item: `fill` writes its frame, whose DE 11 is the STAN that it is given, and gives
    /// its length; `record` writes the record that says so, with at most `more` bytes of other frames,
    /// and gives the length of that. The item stands in the gate before whatever is entered after it.
    /// Gives its STAN.
    pub(crate) fn queue(
        &mut self,
        draft: &Draft,
        fill: impl FnOnce(&Self, Stan, &mut [u8]) -> Result<usize, WriteError>,
        more: usize,
        record: impl FnOnce(&Kept<'_>, &mut [u8]) -> usize,
    ) -> Result<Stan, NotQueued> {
        let plan = self.plan;
        let &Draft { issuer, acquirer, mti, original, original_at, takes_back, reason } = draft;
        let stans = self.world.stations[issuer.index()].stans.as_ref();
        let stan = stans.and_then(Stans::next).ok_or(NotQueued::NoStan)?;
        let mut room = core::mem::take(&mut self.world.saf.draft);
        let longest = plan.station(issuer).settings.message_max.min(room.len());
        let filled = fill(self, stan, &mut room[..longest]);
        let entered = filled.map(|len| {
            let frame = &room[..len];
            let (acquirer, utc) = (plan.number(acquirer), self.now.utc);
            let issuer_number = plan.number(issuer);
            let kept = Kept {
                issuer: issuer_number,
                stan,
                acquirer,
                mti,
                original,
                original_at,
                takes_back,
                reason,
                utc,
                frame,
            };
            let made = Made { acquirer, mti, original, original_at, reason, utc };
            self.gate.enter_with(
                Purpose::Queue { issuer, stan },
                HEAD_MAX + len + more,
                Made::HEAD + len,
                |out| Ok::<_, ()>(record(&kept, out)),
                |out| Ok(made.write(frame, out)),
            )
        });
        room[..longest].fill(0);
        self.world.saf.draft = room;
        match entered {
            Err(error) => return Err(NotQueued::Inexpressible(error)),
            Ok(None) => return Err(NotQueued::NoRoom),
            Ok(Some(written)) => written.expect("nothing in it can fail"),
        }
        let stans = self.world.stations[issuer.index()].stans.as_mut();
        let taken = stans.and_then(|stans| stans.take(Stans::ITEM));
        assert!(taken == Some(stan), "the number that was looked at is the one that is taken");
        self.world.saf.open += 1;
        self.count(Counter::SafQueued);
        Ok(stan)
    }

    /// A pending transaction is to be reversed: makes the obligation, or finds that there is one.
    /// DE 25 stays as it was given first.
    pub(crate) fn oblige(&mut self, slot: SlotId, reason: u16) -> Result<Obliged, NotQueued> {
        let pending = *self.world.table.of(slot).expect("only a pending one is reversed");
        if pending.obliged != NO_ITEM && !breaks(Variant::ReversedTwice) {
            self.count(Counter::SafMerged);
            return Ok(Obliged::Merged(pending.obliged));
        }
        // Its acquirer may have reversed it when it was over, and all but forgotten here.
        let duplicates = &self.world.duplicates;
        let Pending { issuer, stan, sent_at, duplicate, .. } = pending;
        let is_still = duplicates.is_still(duplicate, issuer, stan, sent_at);
        let original = duplicates.original(duplicate).filter(|_| is_still);
        if let Some(by) = original.and_then(|original| original.reversed) {
            self.count(Counter::SafMerged);
            return Ok(Obliged::Merged(by));
        }
        // Its acquirer has said why, before anything else could.
        let is_ours = pending.reversed_for == 0 || breaks(Variant::ReasonOfOurs);
        let reason = if is_ours { reason } else { pending.reversed_for };
        let leg = Leg {
            issuer: pending.issuer,
            mti: pending.mti,
            stan: pending.stan,
            sent_at: pending.sent_at,
        };
        let acquirer = pending.acquirer;
        let draft = leg.draft(self.plan, acquirer, reason);
        let fill = |turn: &Self, stan, out: &mut [u8]| {
            let (kept, large) = turn.world.table.kept(slot);
            let dialect = &turn.plan.station(acquirer).settings.dialect;
            let allowed = dialect.journaled();
            let wire = |field| kept.wire(field, large).filter(|_| allowed.has(field));
            let value = |field| dialect.value_in(field, wire(field)?);
            let stamp = turn.world.stamp;
            Ok(reversal::write(turn.plan, &leg, (stan, reason), stamp.transmission(), value, out))
        };
        let record = |kept: &Kept<'_>, out: &mut [u8]| {
            kept.record().write(out).expect("its longest length was told")
        };
        let stan = self.queue(&draft, fill, 0, record)?;
        let world = &mut *self.world;
        let pending = world.table.of_mut(slot).expect("it is still there");
        pending.obliged = stan;
        let &mut Pending { duplicate, sent_at, .. } = pending;
        // Once it is over, its entry may be that of another request.
        let duplicates = &mut world.duplicates;
        if duplicates.is_still(duplicate, leg.issuer, leg.stan, sent_at) {
            duplicates.mark_reversed(duplicate, stan);
        }
        Ok(Obliged::Made(stan))
    }

    /// The end of an item is committed: whose STAN it has is to give it back.
    pub(crate) fn tell_done(&mut self, issuer: StationId, stan: Stan, outlet: &mut impl Outlet) {
        match Stans::home(stan, self.plan.workers) {
            Some(home) if home == self.me => self.on_item_done(issuer, stan),
            Some(home) => {
                let word = Word::ItemDone { issuer, stan };
                self.world.say_surely(self.now.boot, (home, word), &[], outlet);
            }
            // With another number of workers nobody had it in their share.
            None => {}
        }
    }

    /// An item with a STAN of ours has come to its end.
    pub(crate) fn on_item_done(&mut self, issuer: StationId, stan: Stan) {
        let world = &mut *self.world;
        let stans = world.stations[issuer.index()].stans.as_mut();
        let stans = stans.filter(|stans| stans.slot(stan) == Some(Stans::ITEM));
        if let Some(stans) = stans {
            stans.give_back(stan, true);
            world.saf.open -= 1;
        }
    }
}

/// Packed digits of a code as text, for whoever reads a record.
pub(crate) fn code_text(action: u16) -> [u8; 3] {
    let digit = |shift: u32| b'0' + u8::try_from(action >> shift & 0xF).expect("four bits");
    [digit(8), digit(4), digit(0)]
}
