//! The requests that a worker knows, by their keys, and what became of each: what a repeat of it is
//! answered from. A table of fixed size and a ring of stored answers. Knows no message.
//!
//! ```text
//! index    | tag, place |            | tag, place |     open addressing, by the key's low bits
//! entries  | oldest ... newest | not used yet |         taken in turn; one in flight is passed over
//! answers  | ... frame | frame | frame |                written round and round
//! ```
//! The oldest is forgotten first: a new request takes the place of the one that came longest ago,
//! unless that one is still in flight, and a new answer is written over the oldest ones. A key
//! whose answer was written over is still known, so that its repeat is not taken for a new request.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::identity::Identity;
use crate::ids::StationId;

/// What became of a request.
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
    /// We declined it with this action code.
    Declined(u16),
    /// A restart found it without an outcome.
    Closed,
}

/// A request as the table has it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u128,
    check: u64,
    /// Where its answer begins, counted from the first ever stored.
    answer: u64,
    answer_len: u32,
    action: u16,
    issuer: StationId,
    was: Was,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Was {
    /// It never became a transaction.
    Forgotten,
    InFlight,
    Answered,
    Declined,
    Closed,
}

/// An entry by its place, for whoever will tell what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered(u32);

impl Entered {
    /// No entry.
    pub const NONE: Self = Self(u32::MAX);
}

/// The table.
#[derive(Debug)]
pub struct Duplicates {
    entries: Vec<Entry>,
    max: usize,
    /// Bits of the entries that must not be forgotten.
    in_flight: Vec<u64>,
    in_flight_len: usize,
    /// The place to look at for the next request.
    hand: usize,
    /// Tag and place, one above; 0 where there is none.
    index: Vec<u64>,
    answers: Answers,
}

impl Duplicates {
    /// Room for `max` requests and `answers` bytes of their answers.
    ///
    /// Entries are made when first used, within memory set aside now.
    pub fn new(max: u32, answers: u32) -> Self {
        let max = usize::try_from(max.max(1)).expect("a number of places fits");
        Self {
            entries: Vec::with_capacity(max),
            max,
            in_flight: vec![0; max.div_ceil(BITS)],
            in_flight_len: 0,
            hand: 0,
            index: vec![0; (max * 2).next_power_of_two()],
            answers: Answers::new(answers),
        }
    }

    /// How many requests are known, and how many can be.
    pub fn fill(&self) -> (usize, usize) {
        (self.entries.len(), self.max)
    }

    /// What is known of a request, and what it was checked by; none when it is new.
    #[inline]
    pub fn find(&self, key: u128) -> Option<(u64, Known<'_>)> {
        let (_, place) = self.look_up(key)?;
        let entry = &self.entries[place];
        let known = match entry.was {
            Was::Forgotten => return None,
            Was::InFlight => Known::InFlight,
            Was::Answered => Known::Answered {
                issuer: entry.issuer,
                action: entry.action,
                frame: self.answers.at(entry.answer, entry.answer_len),
            },
            Was::Declined => Known::Declined(entry.action),
            Was::Closed => Known::Closed,
        };
        Some((entry.check, known))
    }

    /// A new request, in the place of the oldest that is not in flight. One with the same key is
    /// forgotten. Call only when fewer are in flight than there is room for.
    #[inline]
    pub fn begin(&mut self, identity: Identity) -> Entered {
        if let Some((cell, place)) = self.look_up(identity.key) {
            self.unlink(cell);
            let was = core::mem::replace(&mut self.entries[place].was, Was::Forgotten);
            assert!(was != Was::InFlight, "a request is in flight once");
        }
        let place = self.oldest();
        let Identity { key, check } = identity;
        let entry = Entry {
            key,
            check,
            answer: 0,
            answer_len: 0,
            action: 0,
            issuer: StationId(0),
            was: Was::InFlight,
        };
        if place == self.entries.len() {
            self.entries.push(entry);
        } else {
            self.drop_entry(place);
            self.entries[place] = entry;
        }
        self.link(key, place);
        self.in_flight[place / BITS] |= 1 << (place % BITS);
        self.in_flight_len += 1;
        self.hand = if place + 1 == self.max { 0 } else { place + 1 };
        self.approach_next();
        Entered(u32::try_from(place).expect("no more than max"))
    }

    /// Looks at where a key is searched for, without waiting for it.
    #[inline]
    pub fn approach(&self, key: u128) {
        core::hint::black_box(self.index[self.home(tag_of(key))]);
    }

    /// The same for what the next new request takes the place of.
    #[inline]
    fn approach_next(&self) {
        if let Some(oldest) = self.entries.get(self.hand) {
            self.approach(oldest.key);
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
        if let Some(entry) = self.end(entered, Was::Forgotten) {
            let key = entry.key;
            if let Some((cell, _)) = self.look_up(key) {
                self.unlink(cell);
            }
        }
    }

    /// One in flight is so no more.
    #[inline]
    fn end(&mut self, entered: Entered, was: Was) -> Option<&mut Entry> {
        let place = usize::try_from(entered.0).expect("a place fits");
        let entry = self.entries.get_mut(place)?;
        assert!(entry.was == Was::InFlight, "a request has one outcome");
        entry.was = was;
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

    /// What was in a place is known no more.
    #[inline]
    fn drop_entry(&mut self, place: usize) {
        let entry = &self.entries[place];
        if entry.was != Was::Forgotten
            && let Some((cell, _)) = self.look_up(entry.key)
        {
            self.unlink(cell);
        }
    }

    fn mask(&self) -> usize {
        self.index.len() - 1
    }

    /// Where the search for a tag begins.
    #[inline]
    fn home(&self, tag: u32) -> usize {
        usize::try_from(tag).expect("32 bits") & self.mask()
    }

    /// Cell of the index and place of the entry of a key.
    #[inline]
    fn look_up(&self, key: u128) -> Option<(usize, usize)> {
        let tag = tag_of(key);
        let mut cell = self.home(tag);
        loop {
            let (other, place) = read(self.index[cell])?;
            if other == tag && self.entries[place].key == key {
                return Some((cell, place));
            }
            cell = (cell + 1) & self.mask();
        }
    }

    /// At most half of the cells are used, so this ends.
    #[inline]
    fn link(&mut self, key: u128, place: usize) {
        let tag = tag_of(key);
        let mut cell = self.home(tag);
        while self.index[cell] != 0 {
            cell = (cell + 1) & self.mask();
        }
        let place = u64::try_from(place).expect("at most 64 bits");
        self.index[cell] = u64::from(tag) << 32 | (place + 1);
    }

    /// Empties a cell and moves those behind it that would be found no more.
    #[inline]
    fn unlink(&mut self, cell: usize) {
        let (mask, mut hole, mut next) = (self.mask(), cell, cell);
        loop {
            next = (next + 1) & mask;
            let Some((tag, _)) = read(self.index[next]) else { break };
            let (from_home, from_hole) =
                (next.wrapping_sub(self.home(tag)) & mask, next.wrapping_sub(hole) & mask);
            if from_home >= from_hole {
                self.index[hole] = self.index[next];
                hole = next;
            }
        }
        self.index[hole] = 0;
    }
}

/// Bits of a word of `in_flight`.
const BITS: usize = 64;

/// What a cell says: tag and place; none when it is empty.
#[inline]
fn read(cell: u64) -> Option<(u32, usize)> {
    let place = (cell & 0xFFFF_FFFF).checked_sub(1)?;
    let tag = u32::try_from(cell >> 32).expect("32 bits");
    Some((tag, usize::try_from(place).expect("32 bits")))
}

#[inline]
fn tag_of(key: u128) -> u32 {
    u32::try_from(key & 0xFFFF_FFFF).expect("32 bits")
}

/// Frames one behind the other, the newest written over the oldest. Places are counted from the first
/// byte ever written.
#[derive(Debug)]
struct Answers {
    bytes: Box<[u8]>,
    /// The end of what is kept, and of what was ever written.
    end: u64,
    written: u64,
}

impl Answers {
    fn new(bytes: u32) -> Self {
        let len = usize::try_from(bytes).expect("32 bits");
        Self { bytes: vec![0; len].into_boxed_slice(), end: 0, written: 0 }
    }

    /// Moves on to where `len_max` bytes fit in one piece.
    #[inline]
    fn draft(&mut self, len_max: usize) -> Option<&mut [u8]> {
        let capacity = self.bytes.len();
        if len_max > capacity {
            return None;
        }
        let place = self.place();
        if place + len_max > capacity {
            self.end += to_u64(capacity - place);
        }
        // Whether the draft is kept or not, what stood in its place is gone.
        self.written = self.written.max(self.end + to_u64(len_max));
        let place = self.place();
        self.bytes.get_mut(place..place + len_max)
    }

    #[inline]
    fn drafted(&self, len: usize) -> &[u8] {
        let place = self.place();
        &self.bytes[place..place + len]
    }

    #[inline]
    fn keep(&mut self, len: usize) -> (u64, u32) {
        let from = self.end;
        self.end += to_u64(len);
        (from, u32::try_from(len).expect("a frame is short"))
    }

    #[inline]
    fn at(&self, from: u64, len: u32) -> Option<&[u8]> {
        let capacity = to_u64(self.bytes.len());
        if from >= self.end || self.written - from > capacity {
            return None;
        }
        let place = usize::try_from(from % capacity).expect("within the ring");
        self.bytes.get(place..place + usize::try_from(len).expect("32 bits"))
    }

    #[inline]
    fn place(&self) -> usize {
        match to_u64(self.bytes.len()) {
            0 => 0,
            capacity => usize::try_from(self.end % capacity).expect("within the ring"),
        }
    }
}

fn to_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("at most 64 bits")
}

#[cfg(test)]
mod tests;
