//! Where bytes wait for their record: a ring of entries, each a record and the wire bytes that it
//! permits. The only way out of the core. Knows no message and no rule.
//!
//! An entry is written once, its record is read once by the committer, and its wire bytes are
//! released once, after the record is committed. Entries leave in the order in which they were
//! made, and both are wiped then. An entry without a record leaves when all before it have left,
//! and one without wire bytes like any other.

mod service;

use alloc::boxed::Box;

use codec::Tpdu;

use crate::broken::{Variant, breaks};
use crate::ids::{LinkId, SlotId, Stan, StationId};
use crate::records::{HEAD_MAX, Record};
use crate::time::Time;
pub use service::Service;

/// A place in the sequence of entries: bytes since the start. What is below a committed position
/// is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u64);

/// What follows once an answer is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// The transaction, at this worker, is over.
    Over(SlotId),
    /// An approval was given once more, to a repeat: its acquirer knows of it. By the low half of the
    /// key of both.
    Told(u64),
}

/// What an entry's wire bytes are, and where they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A request to an issuer, on any of its links.
    Forward {
        /// The issuer.
        issuer: StationId,
        /// The transaction, at this worker.
        slot: SlotId,
    },
    /// An answer to an acquirer: the link that asked if it is still open, else another one of the
    /// station.
    Answer {
        /// The acquirer.
        acquirer: StationId,
        /// The link of the request.
        link: LinkId,
        /// The opening of that link.
        link_generation: u32,
        /// What it carries, on any link of the station.
        tpdu: Tpdu,
        /// What follows once it is delivered.
        then: Then,
    },
    /// A message of network management, on one link and no other.
    Network {
        /// The link.
        link: LinkId,
        /// The opening of that link.
        link_generation: u32,
        /// What it carries when it answers something; else the station's own.
        tpdu: Option<Tpdu>,
    },
    /// An issuer's answer, as it came, for the worker that is its home.
    Carry {
        /// The worker.
        home: u8,
        /// The link on which it came.
        link: LinkId,
    },
    /// An item for an issuer, for the worker that owns its links.
    Queue {
        /// The issuer.
        issuer: StationId,
        /// Its STAN.
        stan: Stan,
    },
    /// A sending of an item, on any link of its issuer.
    Item {
        /// The issuer.
        issuer: StationId,
        /// Its STAN.
        stan: Stan,
    },
    /// No bytes: an item is at its end, and its home is told.
    Done {
        /// The issuer.
        issuer: StationId,
        /// Its STAN.
        stan: Stan,
    },
    /// No bytes: the record is all there is.
    Record,
}

/// An entry that may leave.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Where to.
    pub purpose: Purpose,
    /// When the batch was framed that committed it, or a later one that was committed as well; of what
    /// has no record, [`Time::NEVER`].
    pub framed: Time,
    /// What.
    pub wire: &'a mut [u8],
}

/// Bytes before record and wire bytes: length (4), record (4), wire (4), kind (1), home (1),
/// station (2), link or STAN (4), link generation (4), slot (4) and its generation (4) or half a key (8),
/// TPDU (5), and three bytes of nothing.
pub(crate) const HEAD: usize = 40;
/// Entries start at multiples of this.
const ALIGN: usize = 8;
/// Kinds of entries.
const SKIP: u8 = 0;
const FORWARD: u8 = 1;
const ANSWER: u8 = 2;
const NETWORK: u8 = 3;
const CARRY: u8 = 4;
const NETWORK_ANSWER: u8 = 5;
const RECORD: u8 = 6;
const ANSWER_THAT_ENDS: u8 = 9;
const QUEUE: u8 = 7;
const ITEM: u8 = 8;
const DONE: u8 = 10;
const ANSWER_TO_REPEAT: u8 = 11;

/// The ring. Its last quarter is for others than new requests: see [`Service`].
#[derive(Debug)]
pub struct Gate {
    bytes: Box<[u8]>,
    capacity: usize,
    /// The oldest entry not yet released.
    released: u64,
    /// The oldest entry whose record was not taken yet.
    taken: u64,
    /// Entries below are committed.
    committed: u64,
    /// The end of the last entry.
    end: u64,
    /// When the batch was framed that committed the last of them.
    framed: Time,
}

impl Gate {
    /// A ring of `capacity` bytes, a power of two of at least 64 KiB.
    pub fn new(capacity: usize) -> Self {
        assert!(capacity.is_power_of_two() && capacity >= 1 << 16, "a power of two from 64 KiB");
        let bytes = alloc::vec![0; capacity + HEAD].into_boxed_slice();
        Self { bytes, capacity, released: 0, taken: 0, committed: 0, end: 0, framed: Time(0) }
    }

    /// Bytes in use, and in all.
    pub fn fill(&self) -> (usize, usize) {
        (to_usize(self.end - self.released), self.capacity)
    }

    /// Whether an entry may come in whose record and wire bytes are together no longer than `bytes`.
    #[inline]
    pub fn admits_as(&self, service: Service, bytes: usize) -> bool {
        let (used, capacity) = self.fill();
        let sixteenths = if breaks(Variant::RequestsFillAll) { 16 } else { service.sixteenths() };
        used + padded(bytes) <= capacity / 16 * sixteenths
    }

    /// The same of a new request.
    #[inline]
    pub fn admits(&self, record_max: usize, wire_max: usize) -> bool {
        self.admits_as(Service::Request, record_max + wire_max)
    }

    /// Whether an entry whose record and wire bytes are no longer than these finds room now.
    #[inline]
    pub fn has_room(&self, record_max: usize, wire_max: usize) -> bool {
        let (used, capacity) = self.fill();
        let len = padded(record_max + wire_max);
        let skipped = if used == 0 { 0 } else { self.skipped(len) };
        used + skipped + len <= capacity
    }

    /// Writes an entry of at most `wire_max` wire bytes: `fill` writes them and gives their number,
    /// or a reason to forget the entry. A record is one without a frame. None when the ring has no
    /// room.
    #[inline]
    pub fn enter<E>(
        &mut self,
        purpose: Purpose,
        record: Option<&Record<'_>>,
        wire_max: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Option<Result<(), E>> {
        let Some(record) = record else {
            return self.enter_with(purpose, 0, wire_max, |_| Ok(0), fill);
        };
        let write = |out: &mut [u8]| Ok(record.write(out).expect("a record without a frame"));
        self.enter_with(purpose, HEAD_MAX, wire_max, write, fill)
    }

    /// The same with a record of at most `record_max` bytes, which `record` writes where it is to
    /// stand; of no length, there is none.
    #[inline]
    pub fn enter_with<E>(
        &mut self,
        purpose: Purpose,
        record_max: usize,
        wire_max: usize,
        record: impl FnOnce(&mut [u8]) -> Result<usize, E>,
        wire: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Option<Result<(), E>> {
        let start = self.make_room(padded(record_max + wire_max))?;
        let place = self.place(start);
        let (head, rest) = self.bytes[place..].split_at_mut(HEAD);
        let written = record(&mut rest[..record_max]).and_then(|record_len| {
            Ok((record_len, wire(&mut rest[record_len..record_len + wire_max])?))
        });
        let (record_len, wire_len) = match written {
            Ok(written) => written,
            Err(reason) => {
                rest[..record_max + wire_max].fill(0);
                return Some(Err(reason));
            }
        };
        let len = (HEAD + record_len + wire_len).next_multiple_of(ALIGN);
        write_head(head, len, record_len, wire_len, Some(purpose));
        self.end = start + to_u64(len);
        Some(Ok(()))
    }

    /// Writes an entry that is a record alone, of at most `record_max` bytes; false when the ring
    /// has no room.
    pub fn enter_record(&mut self, record: &Record<'_>, record_max: usize) -> bool {
        let write = |out: &mut [u8]| record.write(out).ok_or(());
        let entered = self.enter_with(Purpose::Record, record_max, 0, write, |_| Ok(0));
        entered.is_some_and(|entered| {
            entered.expect("its longest length was told");
            true
        })
    }

    /// The end of what has been entered: what a committer has to reach.
    pub fn end(&self) -> Position {
        Position(self.end)
    }

    /// Whether everything below a position has left.
    pub(crate) fn has_left(&self, position: Position) -> bool {
        self.released >= position.0
    }

    /// The next record to commit, with the position that its commit reaches. It stays the next one
    /// until [`Gate::take_record`].
    pub fn peek_record(&mut self) -> Option<(Position, &[u8])> {
        let (head, place) = self.next_record()?;
        let from = place + HEAD;
        Some((Position(self.taken + head.len), &self.bytes[from..from + head.record]))
    }

    /// The same, and it is taken: the one behind it is the next.
    pub fn take_record(&mut self) -> Option<(Position, &[u8])> {
        let (head, place) = self.next_record()?;
        self.taken += head.len;
        let from = place + HEAD;
        Some((Position(self.taken), &self.bytes[from..from + head.record]))
    }

    /// The head of the next entry that has a record, and where it is; those before it have nothing
    /// to take.
    fn next_record(&mut self) -> Option<(Head, usize)> {
        while self.taken < self.end {
            let place = self.place(self.taken);
            let head = Head::read(&self.bytes[place..place + HEAD]);
            if head.record > 0 {
                return Some((head, place));
            }
            self.taken += head.len;
        }
        None
    }

    /// Everything below a position is committed, by a batch that was framed then. Only records that
    /// were taken can be.
    pub fn commit(&mut self, position: Position, framed: Time) {
        assert!(position.0 <= self.end, "only what was entered is committed");
        if position.0 > self.taken {
            let untaken = self.next_record().is_some();
            assert!(position.0 <= self.taken || !untaken, "only what was taken is committed");
        }
        self.committed = self.committed.max(position.0);
        self.framed = self.framed.max(framed);
    }

    /// The oldest entry, once it may leave: it is committed, or it has no record and everything
    /// before it was committed and has left. It stays until [`Gate::leave`].
    #[inline]
    pub fn front(&mut self) -> Option<Entry<'_>> {
        loop {
            if self.released == self.end {
                return None;
            }
            let place = self.place(self.released);
            let head = Head::read(&self.bytes[place..place + HEAD]);
            if self.released >= self.committed {
                if head.record > 0 && !breaks(Variant::WireBeforeRecord) {
                    return None;
                }
                self.committed = self.released + head.len;
            }
            if let Some(purpose) = head.purpose {
                let from = place + HEAD + head.record;
                let framed = if head.record > 0 { self.framed } else { Time::NEVER };
                let wire = &mut self.bytes[from..from + head.wire];
                return Some(Entry { purpose, framed, wire });
            }
            self.leave();
        }
    }

    /// The oldest entry has left, or has been dropped: it is wiped and its room is free.
    #[inline]
    pub fn leave(&mut self) {
        assert!(self.released < self.committed, "only a committed entry leaves");
        let place = self.place(self.released);
        let head = Head::read(&self.bytes[place..place + HEAD]);
        let from = place + HEAD;
        self.bytes[from..from + head.record + head.wire].fill(0);
        self.released += head.len;
        self.taken = self.taken.max(self.released);
    }

    /// The position at which an entry of `len` bytes fits in one piece; fills up the end of the
    /// ring where it does not.
    #[inline]
    fn make_room(&mut self, len: usize) -> Option<u64> {
        if self.released == self.end {
            // Empty: begin at the front again, where the memory is warm.
            self.end = self.end.next_multiple_of(to_u64(self.capacity));
            (self.released, self.taken, self.committed) = (self.end, self.end, self.end);
        }
        let skipped = self.skipped(len);
        if to_usize(self.end - self.released) + skipped + len > self.capacity {
            return None;
        }
        if skipped > 0 {
            let place = self.place(self.end);
            // Behind the last byte there is room for one more head, so this one always fits.
            write_head(&mut self.bytes[place..place + HEAD], skipped, 0, 0, None);
            self.end += to_u64(skipped);
        }
        Some(self.end)
    }

    /// Bytes to leave empty before the end of the ring, so that `len` fit in one piece.
    #[inline]
    fn skipped(&self, len: usize) -> usize {
        let place = self.place(self.end);
        if place + len > self.capacity { self.capacity - place } else { 0 }
    }

    #[inline]
    fn place(&self, position: u64) -> usize {
        to_usize(position) & (self.capacity - 1)
    }
}

/// What an entry of this many bytes of record and wire takes at most.
#[inline]
fn padded(bytes: usize) -> usize {
    (HEAD + bytes).next_multiple_of(ALIGN)
}

struct Head {
    len: u64,
    record: usize,
    wire: usize,
    purpose: Option<Purpose>,
}

/// Writes a head; without a purpose it fills up the end of the ring.
#[inline]
fn write_head(head: &mut [u8], len: usize, record: usize, wire: usize, purpose: Option<Purpose>) {
    let (mut kind, mut home, mut station, mut link, mut generation) = (SKIP, 0, 0, 0, 0);
    let (mut slot, mut last) = (SlotId { index: 0, generation: 0 }, [0; 8]);
    match purpose {
        None => {}
        Some(Purpose::Forward { issuer, slot: of }) => {
            (kind, station, slot) = (FORWARD, issuer.0, of);
        }
        Some(Purpose::Answer { acquirer, link: on, link_generation, tpdu, then }) => {
            last[..Tpdu::LEN].copy_from_slice(&tpdu.0);
            (station, link, generation) = (acquirer.0, on.0, link_generation);
            (kind, slot) = match then {
                Then::Nothing => (ANSWER, slot),
                Then::Over(ends) => (ANSWER_THAT_ENDS, ends),
                Then::Told(half) => (ANSWER_TO_REPEAT, halves(half)),
            };
        }
        Some(Purpose::Network { link: on, link_generation, tpdu }) => {
            last[..Tpdu::LEN].copy_from_slice(&tpdu.unwrap_or_default().0);
            kind = if tpdu.is_some() { NETWORK_ANSWER } else { NETWORK };
            (link, generation) = (on.0, link_generation);
        }
        Some(Purpose::Carry { home: to, link: on }) => (kind, home, link) = (CARRY, to, on.0),
        Some(Purpose::Record) => kind = RECORD,
        Some(Purpose::Queue { issuer, stan }) => (kind, station, link) = (QUEUE, issuer.0, stan.0),
        Some(Purpose::Item { issuer, stan }) => (kind, station, link) = (ITEM, issuer.0, stan.0),
        Some(Purpose::Done { issuer, stan }) => (kind, station, link) = (DONE, issuer.0, stan.0),
    }
    let head: &mut [u8; HEAD] = head.try_into().expect("a head");
    let word = |number: usize| u32::try_from(number).expect("the ring is small").to_le_bytes();
    head[0..4].copy_from_slice(&word(len));
    head[4..8].copy_from_slice(&word(record));
    head[8..12].copy_from_slice(&word(wire));
    (head[12], head[13]) = (kind, home);
    head[14..16].copy_from_slice(&station.to_le_bytes());
    head[16..20].copy_from_slice(&link.to_le_bytes());
    head[20..24].copy_from_slice(&generation.to_le_bytes());
    head[24..28].copy_from_slice(&slot.index.to_le_bytes());
    head[28..32].copy_from_slice(&slot.generation.to_le_bytes());
    head[32..40].copy_from_slice(&last);
}

impl Head {
    #[inline]
    fn read(head: &[u8]) -> Self {
        let head: &[u8; HEAD] = head.try_into().expect("a head");
        let long =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        let (link, link_generation) = (LinkId(long(16)), long(20));
        let tpdu = Tpdu([head[32], head[33], head[34], head[35], head[36]]);
        let slot = SlotId { index: long(24), generation: long(28) };
        let (issuer, stan) = (StationId(short(14)), Stan(long(16)));
        let purpose = match head[12] {
            QUEUE => Some(Purpose::Queue { issuer, stan }),
            ITEM => Some(Purpose::Item { issuer, stan }),
            DONE => Some(Purpose::Done { issuer, stan }),
            FORWARD => Some(Purpose::Forward { issuer, slot }),
            ANSWER | ANSWER_THAT_ENDS | ANSWER_TO_REPEAT => Some(Purpose::Answer {
                acquirer: StationId(short(14)),
                link,
                link_generation,
                tpdu,
                then: match head[12] {
                    ANSWER => Then::Nothing,
                    ANSWER_THAT_ENDS => Then::Over(slot),
                    _ => Then::Told(u64::from(slot.index) | u64::from(slot.generation) << 32),
                },
            }),
            NETWORK => Some(Purpose::Network { link, link_generation, tpdu: None }),
            NETWORK_ANSWER => Some(Purpose::Network { link, link_generation, tpdu: Some(tpdu) }),
            CARRY => Some(Purpose::Carry { home: head[13], link }),
            RECORD => Some(Purpose::Record),
            _ => None,
        };
        Self {
            len: u64::from(long(0)),
            record: to_usize(long(4).into()),
            wire: to_usize(long(8).into()),
            purpose,
        }
    }
}

/// Half a key where else a slot stands.
fn halves(half: u64) -> SlotId {
    let word = |bits: u64| u32::try_from(bits & 0xFFFF_FFFF).expect("32 bits");
    SlotId { index: word(half), generation: word(half >> 32) }
}

fn to_usize(bytes: u64) -> usize {
    usize::try_from(bytes).expect("64-bit machine")
}

fn to_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("at most 64 bits")
}

#[cfg(test)]
mod tests;
