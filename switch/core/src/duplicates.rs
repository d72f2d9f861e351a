//! The requests that a worker knows, by their keys and by what later messages call them, and what
//! became of each: what a repeat of it is answered from, and what a reversal of it is held against. A
//! table of fixed size and a ring of stored answers. Knows no message.
//!
//! ```text
//! by key        | tag, place |            | tag, place |     open addressing by the key's low bits
//! by reference  | block | block | block |                    a block of cells for so many neighbours
//! entries       | oldest ... newest | not used yet |         taken in turn; one in flight is passed over
//! forwarded     | oldest ... newest | not used yet |         what each was: for reversals alone
//! answers       | ... frame | frame | frame |                written round and round
//! ```
//! The oldest is forgotten first: a new request takes the place of the one that came longest ago,
//! unless that one is still in flight or nobody knows whether its approval arrived, and a new answer is written over the oldest ones. A key
//! whose answer was written over is still known, so that its repeat is not taken for a new request.

mod answers;

mod index;

mod originals;

mod references;

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use crate::broken::{Variant, breaks};
use crate::codes;
use crate::identity::Identity;
use crate::ids::{Stan, StationId};
use answers::Answers;
pub(crate) use index::Index;
pub use originals::{Exceeds, Facts, Original};
use references::References;

/// What a repeat is told once a reversal is owed for an approval: 911, three packed digits.
const REVERSED: u16 = 0x911;
/// What became of a request, as its repeats are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// Its answer is still to come.
    InFlight,
    /// An issuer answered it.
    Answered {
        /// Who.
        issuer: StationId,
        /// DE 39, three packed digits.
        action: u16,
        /// The answer as it is stored, in the issuer's dialect; none when it is forgotten.
        frame: Option<&'a [u8]>,
    },
    /// We declined it with this action code; or a reversal is owed for it, and its approval is not
    /// said again.
    Declined(u16),
    /// A restart found it without an outcome.
    Closed,
}

/// A request as the table has it: what a request needs of itself or of the one in whose place it comes,
/// in one line of the processor's cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Entry {
    key: u128,
    check: u64,
    /// What later messages call it by; 0 where none can.
    reference: u64,
    /// Where its answer begins, counted from the first ever stored.
    answer: u64,
    answer_len: u32,
    /// Our STAN towards the issuer.
    stan: Stan,
    /// When it came, in seconds since 1970.
    since: u32,
    reversed: Stan,
    action: u16,
    issuer: StationId,
    was: Was,
    /// Whether somebody waits for its outcome.
    awaited: bool,
    is_told: bool,
    delivery: Delivery,
}

/// What a request was that was forwarded: asked by later messages about it alone.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
struct Forwarded {
    sent_at: u64,
    amount: u64,
    taken_back: u64,
    /// 0 where it was not forwarded.
    mti: u16,
    currency: [u8; 3],
    amount_units: u8,
}

/// What is known of the answer on its way to the acquirer, beyond that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delivery {
    /// Nothing else.
    Given,
    /// It was given once more, to a repeat.
    GivenAgain,
    /// The same, and its link was lost with a part of it.
    GivenInPart,
    /// Whether it arrived is not known.
    Unknown,
}

/// No reversal is owed.
const NOT_REVERSED: Stan = Stan(u32::MAX);
/// Digits of an amount that was not there.
const NO_AMOUNT: u8 = u8::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Was {
    /// It never became a transaction.
    Forgotten,
    InFlight,
    Answered,
    Declined,
    Closed,
}

/// An entry by its place, for whoever will tell what became of it. One that is in flight stays
/// there; any other may be forgotten with the next new request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered(u32);

impl Entered {
    /// No entry.
    pub const NONE: Self = Self(u32::MAX);

    fn of(place: usize) -> Self {
        Self(u32::try_from(place).expect("no more than max"))
    }

    fn place(self) -> usize {
        usize::try_from(self.0).expect("a place fits")
    }
}

/// The table.
#[derive(Debug)]
pub struct Duplicates {
    entries: Vec<Entry>,
    /// What those in the same places were.
    forwarded: Vec<Forwarded>,
    max: usize,
    /// Bits of the entries that must not be forgotten.
    in_flight: Vec<u64>,
    in_flight_len: usize,
    /// The place to look at for the next request.
    hand: usize,
    by_key: Index,
    by_reference: References,
    answers: Answers,
    /// When the request came that was forgotten last, in seconds since 1970; none before that.
    forgotten: Option<u32>,
    /// Whether one ended whose outcome somebody waits for.
    some_ended: bool,
    /// Places of approvals of which it is not known whether they arrived, the oldest first: they are
    /// not forgotten either, up to so many.
    doubts: VecDeque<u32>,
    doubts_max: usize,
    /// Those that had to be dropped from the list, until somebody is told.
    dropped: VecDeque<(StationId, Stan)>,
}

impl Duplicates {
    /// Room for `max` requests and `answers` bytes of their answers.
    ///
    /// Entries are made when first used, within memory set aside now.
    pub fn new(max: u32, answers: u32) -> Self {
        let max = usize::try_from(max.max(1)).expect("a number of places fits");
        Self {
            entries: Vec::with_capacity(max),
            forwarded: Vec::with_capacity(max),
            max,
            in_flight: vec![0; max.div_ceil(BITS)],
            in_flight_len: 0,
            hand: 0,
            by_key: Index::new(max),
            by_reference: References::new(max),
            answers: Answers::new(answers),
            forgotten: None,
            some_ended: false,
            doubts: VecDeque::with_capacity((max / 2).clamp(1, DOUBTS_MAX)),
            doubts_max: (max / 2).clamp(1, DOUBTS_MAX),
            dropped: VecDeque::new(),
        }
    }

    /// How many requests are known, and how many can be.
    pub fn fill(&self) -> (usize, usize) {
        (self.entries.len(), self.max)
    }

    /// How far back every request is known, in seconds; none as long as none had to be forgotten.
    /// `utc` is a second since 1970. Those without a time of their own do not count.
    pub fn reaches_back(&self, utc: u64) -> Option<u64> {
        self.forgotten.map(|since| utc.saturating_sub(since.into()))
    }

    /// What is known of a request, and what it was checked by; none when it is new.
    #[inline]
    pub fn find(&self, key: u128) -> Option<(u64, Known<'_>)> {
        let (_, place) = self.look_up(key)?;
        let entry = &self.entries[place];
        let known = self.outcome(entry)?;
        let approved = entry.was == Was::Answered && codes::approves(entry.action);
        let is_reversed = entry.reversed != NOT_REVERSED && !breaks(Variant::ReversedApproved);
        let is_over = approved && is_reversed;
        Some((entry.check, if is_over { Known::Declined(REVERSED) } else { known }))
    }

    #[inline]
    fn outcome(&self, entry: &Entry) -> Option<Known<'_>> {
        Some(match entry.was {
            Was::Forgotten => return None,
            Was::InFlight => Known::InFlight,
            Was::Answered => Known::Answered {
                issuer: entry.issuer,
                action: entry.action,
                frame: self.answers.at(entry.answer, entry.answer_len),
            },
            Was::Declined => Known::Declined(entry.action),
            Was::Closed => Known::Closed,
        })
    }

    /// A new request, in the place of the oldest that is not in flight. One with the same key is
    /// forgotten. Call only when fewer are in flight than there is room for. `utc` is a second
    /// since 1970, 0 where it is not known when it came.
    #[inline]
    pub fn begin(&mut self, identity: Identity, utc: u64) -> Entered {
        if let Some((_, place)) = self.look_up(identity.key) {
            let entry = &self.entries[place];
            assert!(entry.was != Was::InFlight, "a request is in flight once");
            self.unlink(place);
        }
        if self.in_flight_len + self.doubts.len() >= self.max {
            self.drop_doubt();
        }
        let place = self.oldest();
        let Identity { key, check } = identity;
        let since = u32::try_from(utc).unwrap_or(u32::MAX);
        let entry = Entry {
            key,
            check,
            reference: 0,
            answer: 0,
            answer_len: 0,
            stan: Stan(0),
            since,
            reversed: NOT_REVERSED,
            action: 0,
            issuer: StationId(0),
            was: Was::InFlight,
            awaited: false,
            is_told: false,
            delivery: Delivery::Given,
        };
        if place == self.entries.len() {
            self.entries.push(entry);
            self.forwarded.push(Forwarded::default());
        } else {
            if self.entries[place].was != Was::Forgotten {
                let since = Some(self.entries[place].since).filter(|&since| since > 0);
                self.forgotten = self.forgotten.max(since);
                self.unlink(place);
            }
            self.entries[place] = entry;
            self.forwarded[place].mti = 0;
        }
        self.by_key.link(tag_of(key), place);
        self.in_flight[place / BITS] |= 1 << (place % BITS);
        self.in_flight_len += 1;
        self.hand = if place + 1 == self.max { 0 } else { place + 1 };
        self.approach_next();
        Entered::of(place)
    }

    /// Somebody waits for the outcome of this one, which is in flight.
    pub fn await_end(&mut self, key: u128) {
        if let Some((_, place)) = self.look_up(key) {
            self.entries[place].awaited = true;
        }
    }

    /// Whether one ended whose outcome somebody waits for, until [`Duplicates::saw_ended`].
    #[inline]
    pub fn some_ended(&self) -> bool {
        self.some_ended
    }

    /// Whoever waited for one that ended waits no longer.
    pub fn saw_ended(&mut self) {
        self.some_ended = false;
    }

    /// Whether the answer to this one is still to come.
    pub fn is_in_flight(&self, key: u128) -> bool {
        self.look_up(key).is_some_and(|(_, place)| self.entries[place].was == Was::InFlight)
    }

    /// What it was, and what later messages call it, now that it is forwarded. Where two have one
    /// reference, it means the newer one. 0 is no reference.
    #[inline]
    pub fn forwarded(&mut self, entered: Entered, reference: u64, facts: &Facts) {
        let (place, entries) = (entered.place(), &mut self.entries);
        let Some(entry) = entries.get_mut(place) else { return };
        entry.reference = reference;
        (entry.issuer, entry.stan) = (facts.issuer, facts.stan);
        let (amount, amount_units) = facts.amount.unwrap_or((0, NO_AMOUNT));
        let (mti, sent_at, currency) = (facts.mti.bcd(), facts.sent_at, facts.currency);
        self.forwarded[place] =
            Forwarded { sent_at, amount, taken_back: 0, mti, currency, amount_units };
        if reference != 0 {
            let is_it = |other: usize| entries[other].reference == reference;
            if let Some(older) = self.by_reference.link(reference, place, is_it) {
                entries[older].reference = 0;
            }
        }
    }

    /// Looks at where a key is searched for, without waiting for it.
    #[inline]
    pub fn approach(&self, key: u128) {
        self.by_key.approach(tag_of(key));
    }

    /// The same for what the next new request takes the place of, and for that one's neighbour.
    #[inline]
    fn approach_next(&self) {
        if let Some(oldest) = self.entries.get(self.hand) {
            self.approach(oldest.key);
        }
        if let Some(next) = self.entries.get(self.hand + 1) {
            codec::fetch(next);
        }
    }

    /// The same for one that is about to end.
    #[inline]
    pub fn approach_entered(&self, entered: Entered) {
        if let Some(entry) = self.entries.get(entered.place()) {
            codec::fetch(entry);
        }
    }

    /// Room for an answer of at most so many bytes, to be written from its front; none when it is
    /// longer than all that can be stored.
    #[inline]
    pub fn draft(&mut self, len_max: usize) -> Option<&mut [u8]> {
        self.answers.draft(len_max)
    }

    /// The first `len` bytes of the last draft.
    #[inline]
    pub fn drafted(&self, len: usize) -> &[u8] {
        self.answers.drafted(len)
    }

    /// An issuer answered with the first `len` bytes of the last draft; none when it was not stored.
    #[inline]
    pub fn answer(&mut self, entered: Entered, issuer: StationId, action: u16, len: Option<usize>) {
        let stored = len.map(|len| self.answers.keep(len));
        if let Some(entry) = self.end(entered, Was::Answered) {
            (entry.issuer, entry.action) = (issuer, action);
            // What was never stored stands where it will never be found.
            (entry.answer, entry.answer_len) = stored.unwrap_or((u64::MAX, 0));
        }
    }

    /// We declined it.
    #[inline]
    pub fn decline(&mut self, entered: Entered, action: u16) {
        if let Some(entry) = self.end(entered, Was::Declined) {
            entry.action = action;
        }
    }

    /// It has no outcome, and will have none.
    pub fn close(&mut self, entered: Entered) {
        self.end(entered, Was::Closed);
    }

    /// It never became a transaction: a repeat of it is decided anew.
    pub fn forget(&mut self, entered: Entered) {
        if self.end(entered, Was::Forgotten).is_some() {
            self.unlink(entered.place());
        }
    }

    /// One in flight is so no more.
    #[inline]
    fn end(&mut self, entered: Entered, was: Was) -> Option<&mut Entry> {
        let place = entered.place();
        let entry = self.entries.get_mut(place)?;
        assert!(entry.was == Was::InFlight, "a request has one outcome");
        entry.was = was;
        self.some_ended |= entry.awaited;
        self.in_flight[place / BITS] &= !(1 << (place % BITS));
        self.in_flight_len -= 1;
        Some(entry)
    }

    /// The place of the oldest that is not in flight.
    #[inline]
    fn oldest(&self) -> usize {
        assert!(self.in_flight_len < self.max, "asked before");
        let mut place = self.hand;
        loop {
            let word = self.in_flight[place / BITS] >> (place % BITS);
            let left = BITS - place % BITS;
            let run = usize::try_from(word.trailing_ones()).expect("at most 64");
            place += run.min(left);
            if run < left && place < self.max {
                return place;
            }
            if place >= self.max {
                place = 0;
            }
        }
    }

    /// What is in a place is found no more.
    #[inline]
    fn unlink(&mut self, place: usize) {
        let Entry { key, reference, .. } = self.entries[place];
        self.doubt_ends(place, Delivery::Given);
        if let Some((cell, _)) = self.by_key.find(tag_of(key), |other| other == place) {
            self.by_key.unlink(cell);
        }
        if reference != 0 {
            self.by_reference.unlink(reference, place);
        }
        let entry = &mut self.entries[place];
        (entry.was, entry.reference) = (Was::Forgotten, 0);
    }

    /// Cell of the index and place of the entry of a key.
    #[inline]
    fn look_up(&self, key: u128) -> Option<(usize, usize)> {
        self.by_key.find(tag_of(key), |place| self.entries[place].key == key)
    }
}

/// So many doubts are kept at most, and never more than half of the table.
const DOUBTS_MAX: usize = 4_096;
/// Bits of a word of `in_flight`.
const BITS: usize = 64;

#[inline]
fn tag_of(key: u128) -> u32 {
    u32::try_from(key & 0xFFFF_FFFF).expect("32 bits")
}

/// The low half of a key, which is as good as the whole for a while.
#[inline]
pub(crate) fn half_of(key: u128) -> u64 {
    u64::try_from(key & u128::from(u64::MAX)).expect("64 bits")
}

#[cfg(test)]
mod tests;
