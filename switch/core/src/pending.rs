//! The table of transactions that this worker is the home of, and the lines in which they wait for
//! their deadlines. Every operation touches a fixed number of entries. Knows no message.

use alloc::vec::Vec;

use codec::{Message, Mti, Tpdu};

use crate::duplicates::Entered;
use crate::gate::{Purpose, Then};
use crate::ids::{LinkId, SlotId, Stan, StationId};
use crate::kept::{Kept, Large};
use crate::time::Time;

const NONE: u32 = u32::MAX;

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The place is free.
    Free,
    /// The decision asked and is parked. Its deadline is that of the reply.
    Deciding,
    /// Forwarded. Its deadline is that of the answer.
    InFlight,
    /// Approved, and the answer is on its way. Its STAN is free, and it has no deadline.
    Answered,
    /// Answered with 911; its STAN rests. Its deadline is the end of the quarantine.
    Expired,
}

/// What a decision has asked: each question is put once, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// Nothing yet.
    Nothing,
    /// The key provider, whether its code is right.
    Mac,
    /// The reader, whether it is known.
    Known,
    /// The reader, what it is about.
    Original,
}

/// One transaction.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// Where it stands.
    pub state: State,
    /// Who asked, on which link, and how often that link had been opened.
    pub acquirer: StationId,
    /// The link of the request.
    pub link: LinkId,
    /// The opening of that link.
    pub link_generation: u32,
    /// What its answer carries as its TPDU.
    pub tpdu: Tpdu,
    /// The request's MTI.
    pub mti: Mti,
    /// When it arrived.
    pub arrived: Time,
    /// Who is asked; meaningful from `InFlight` on.
    pub issuer: StationId,
    /// Our STAN towards the issuer.
    pub stan: Stan,
    /// The DE 7 that we sent, ten packed digits.
    pub sent_at: u64,
    /// Whether it has left the gate: from then on a byte of it may have left.
    pub released: bool,
    /// When the present state ends by itself.
    pub deadline: Time,
    /// The STAN of its reversal; 0 without one.
    pub obliged: Stan,
    /// By what its repeats find it.
    pub duplicate: Entered,
    /// The reason of the reversal that its acquirer sent meanwhile (DE 25, four packed digits), 0
    /// without one.
    pub reversed_for: u16,
    /// The parked frame of a decision, by its buffer.
    pub parked: u32,
    /// What it waits for, or waited for last.
    pub asked: Asked,
    generation: u32,
    before: u32,
    after: u32,
}

/// A line of transactions in the order of their deadlines: all in it wait equally long.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    head: u32,
    tail: u32,
    len: u32,
}

impl Line {
    /// An empty line.
    pub const EMPTY: Self = Self { head: NONE, tail: NONE, len: 0 };

    /// How many wait in it.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// A place of the table. What belongs to a transaction lies together, in whole lines of the
/// processor's cache: with a million of them all is far away, and comes at once or one by one.
#[derive(Debug)]
#[repr(C, align(64))]
struct Slot {
    pending: Pending,
    kept: Kept,
}

impl Slot {
    /// Reads a little of every line that an ordinary transaction uses of it; the result means
    /// nothing.
    #[inline]
    fn approach(&self) -> u32 {
        self.pending.generation ^ self.kept.approach()
    }
}

/// The table: a fixed number of places.
#[derive(Debug)]
pub struct Table {
    slots: Vec<Slot>,
    large: Large,
    /// Free places, linked by `after`.
    free: u32,
    used: u32,
    max: u32,
}

impl Table {
    /// Room for `max` transactions, `large` of them with more to keep than is ordinary.
    ///
    /// Places are made when first used, up to `max`, within memory set aside now.
    pub fn new(max: u32, large: u32) -> Self {
        let places = usize::try_from(max).expect("a number of places fits");
        Self {
            slots: Vec::with_capacity(places),
            large: Large::new(large),
            free: NONE,
            used: 0,
            max,
        }
    }

    /// Places in use.
    pub fn used(&self) -> u32 {
        self.used
    }

    /// Places in all.
    pub fn max(&self) -> u32 {
        self.max
    }

    /// Whether no place is free.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.used == self.max
    }

    /// The place that [`Table::insert`] takes next; none when the table is full.
    #[inline]
    pub fn next(&self) -> Option<SlotId> {
        if self.is_full() {
            return None;
        }
        if self.free == NONE {
            let index = u32::try_from(self.slots.len()).expect("no more than max");
            return Some(SlotId { index, generation: 0 });
        }
        let generation = self.slots[place(self.free)].pending.generation;
        Some(SlotId { index: self.free, generation })
    }

    /// Whether there is room for what is kept of a message.
    #[inline]
    pub fn can_keep(&self, message: &Message<'_>) -> bool {
        self.large.has_room_for(message)
    }

    /// Keeps what every answer of ours echoes. Call only when there is room.
    #[inline]
    pub fn keep(&mut self, id: SlotId, message: &Message<'_>) {
        self.slots[id.place()].kept.store(message, &mut self.large);
    }

    /// Takes a place. Call only when one is free.
    #[inline]
    pub fn insert(&mut self, pending: Pending) -> SlotId {
        assert!(!self.is_full(), "asked before");
        self.used += 1;
        if self.free == NONE {
            let index = u32::try_from(self.slots.len()).expect("no more than max");
            let pending = Pending { generation: 0, ..pending };
            self.slots.push(Slot { pending, kept: Kept::default() });
            return SlotId { index, generation: 0 };
        }
        let index = self.free;
        let slot = &mut self.slots[place(index)].pending;
        self.free = slot.after;
        let generation = slot.generation;
        *slot = Pending { generation, ..pending };
        SlotId { index, generation }
    }

    /// Gives a place back; what was kept of the message is wiped.
    #[inline]
    pub fn remove(&mut self, id: SlotId) {
        let Slot { pending: slot, kept } = &mut self.slots[id.place()];
        kept.wipe(&mut self.large);
        assert!(
            slot.generation == id.generation && slot.state != State::Free,
            "a place is left once"
        );
        (slot.state, slot.tpdu) = (State::Free, Tpdu::default());
        slot.generation = slot.generation.wrapping_add(1);
        slot.after = self.free;
        self.free = id.index;
        self.used -= 1;
    }

    /// The transaction, unless its place has been left since.
    #[inline]
    pub fn of(&self, id: SlotId) -> Option<&Pending> {
        let slot = &self.slots.get(id.place())?.pending;
        (slot.generation == id.generation && slot.state != State::Free).then_some(slot)
    }

    /// The same, to change it.
    #[inline]
    pub fn of_mut(&mut self, id: SlotId) -> Option<&mut Pending> {
        let slot = &mut self.slots.get_mut(id.place())?.pending;
        (slot.generation == id.generation && slot.state != State::Free).then_some(slot)
    }

    /// The transaction in a place, whatever its generation.
    #[inline]
    pub fn at(&self, index: u32) -> Option<(SlotId, &Pending)> {
        let slot = self.slots.get(place(index))?;
        core::hint::black_box(slot.approach());
        let slot = Some(&slot.pending).filter(|slot| slot.state != State::Free)?;
        Some((SlotId { index, generation: slot.generation }, slot))
    }

    /// Looks at all lines of the cache that some places lie in, without waiting for one before the
    /// next.
    pub fn approach(&self, indices: &[u32]) {
        let looked = indices.iter().filter_map(|&index| self.slots.get(place(index)));
        let seen = looked.fold(0, |all, slot| all ^ slot.approach());
        let beside = indices.iter().filter_map(|&index| self.slots.get(place(index)));
        let beside = beside.flat_map(|slot| [slot.pending.before, slot.pending.after]);
        let beside = beside.filter_map(|index| self.slots.get(place(index)));
        let seen = beside.fold(seen, |all, slot| all ^ slot.pending.after);
        core::hint::black_box(seen);
    }

    /// What is kept of a request, and the blocks of large fields that go with it.
    #[inline]
    pub fn kept(&self, id: SlotId) -> (&Kept, &Large) {
        (&self.slots[id.place()].kept, &self.large)
    }

    /// Sends a transaction to the end of a line, to wait until `deadline`.
    #[inline]
    pub fn join(&mut self, line: &mut Line, id: SlotId, deadline: Time) {
        let slot = &mut self.slots[id.place()].pending;
        (slot.deadline, slot.before, slot.after) = (deadline, line.tail, NONE);
        match line.tail {
            NONE => line.head = id.index,
            tail => self.slots[place(tail)].pending.after = id.index,
        }
        line.tail = id.index;
        line.len += 1;
    }

    /// Takes a transaction out of the line that it waits in.
    #[inline]
    pub fn leave(&mut self, line: &mut Line, id: SlotId) {
        let (before, after) = {
            let slot = &self.slots[id.place()].pending;
            (slot.before, slot.after)
        };
        match before {
            NONE => line.head = after,
            before => self.slots[place(before)].pending.after = after,
        }
        match after {
            NONE => line.tail = before,
            after => self.slots[place(after)].pending.before = before,
        }
        line.len -= 1;
    }

    /// Nobody in a line waits for longer than until `limit`, so that it stays in order when those who
    /// join wait for less from now on. Looks at those alone that would have, from the last on.
    pub fn shorten(&mut self, line: &Line, limit: Time) {
        let mut index = line.tail;
        while index != NONE {
            let pending = &mut self.slots[place(index)].pending;
            if pending.deadline <= limit {
                return;
            }
            pending.deadline = limit;
            index = pending.before;
        }
    }

    /// Those in a line, from the first.
    pub fn waiting(&self, line: &Line) -> impl Iterator<Item = (SlotId, &Pending)> {
        let first = (line.head != NONE).then_some(line.head);
        let mut next = first.and_then(|head| self.at(head));
        core::iter::from_fn(move || {
            let found = next?;
            next = (found.1.after != NONE).then_some(found.1.after).and_then(|n| self.at(n));
            Some(found)
        })
    }

    /// The first of a line, if its deadline has come.
    #[inline]
    pub fn due(&self, line: &Line, now: Time) -> Option<SlotId> {
        (self.next_deadline(line) <= now).then(|| {
            let slot = &self.slots[place(line.head)].pending;
            SlotId { index: line.head, generation: slot.generation }
        })
    }

    /// The deadline of the first of a line; never, when nobody waits.
    #[inline]
    pub fn next_deadline(&self, line: &Line) -> Time {
        match line.head {
            NONE => Time::NEVER,
            head => self.slots[place(head)].pending.deadline,
        }
    }
}

impl Pending {
    /// A transaction that has just arrived.
    pub fn arrived(
        now: Time,
        acquirer: StationId,
        (link, link_generation): (LinkId, u32),
        tpdu: Tpdu,
        mti: Mti,
    ) -> Self {
        Self {
            state: State::Deciding,
            acquirer,
            link,
            link_generation,
            tpdu,
            mti,
            arrived: now,
            issuer: acquirer,
            stan: Stan(0),
            sent_at: 0,
            released: false,
            obliged: Stan(0),
            deadline: Time::NEVER,
            duplicate: Entered::NONE,
            reversed_for: 0,
            parked: NONE,
            asked: Asked::Nothing,
            generation: 0,
            before: NONE,
            after: NONE,
        }
    }

    /// Where its answer goes.
    #[inline]
    pub fn back(&self) -> Purpose {
        let Self { acquirer, link, link_generation, tpdu, .. } = *self;
        Purpose::Answer { acquirer, link, link_generation, tpdu, then: Then::Nothing }
    }

    /// The same of an answer whose delivery ends it.
    #[inline]
    pub fn back_and_end(&self, slot: SlotId) -> Purpose {
        let Self { acquirer, link, link_generation, tpdu, .. } = *self;
        Purpose::Answer { acquirer, link, link_generation, tpdu, then: Then::Over(slot) }
    }
}

fn place(index: u32) -> usize {
    usize::try_from(index).expect("a place number fits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction() -> Pending {
        Pending::arrived(Time(1), StationId(0), (LinkId(0), 0), Tpdu::default(), Mti::of(0x1200))
    }

    #[test]
    fn a_transaction_in_flight_takes_the_bytes_that_the_architecture_tells() {
        let told = include_str!("../../ARCHITECTURE.md");
        let figure = told.lines().find_map(|line| line.strip_prefix("| transaction in flight | "));
        let figure: Option<usize> = figure.and_then(|rest| rest.split(' ').next()?.parse().ok());
        let its_stan = size_of::<u32>();
        assert_eq!(figure, Some(size_of::<Slot>() + its_stan));
    }

    #[test]
    fn a_place_left_and_taken_again_has_another_generation() {
        let mut table = Table::new(2, 0);
        let first = table.insert(transaction());
        table.remove(first);
        let second = table.insert(transaction());
        assert_eq!(first.index, second.index);
        assert!(table.of(first).is_none() && table.of(second).is_some());
    }

    #[test]
    fn the_table_is_full_at_its_bound_and_not_before() {
        let mut table = Table::new(2, 0);
        let first = table.insert(transaction());
        assert!(!table.is_full());
        let second = table.insert(transaction());
        assert!(table.is_full());
        table.remove(first);
        assert!(!table.is_full());
        table.remove(second);
        assert_eq!(table.used(), 0);
    }

    #[test]
    fn a_line_gives_its_first_when_due_and_lets_anyone_leave() {
        let mut table = Table::new(4, 0);
        let mut line = Line::EMPTY;
        let ids = [10, 20, 30].map(|at| {
            let id = table.insert(transaction());
            table.join(&mut line, id, Time(at));
            id
        });
        assert_eq!(table.due(&line, Time(9)), None);
        assert_eq!(table.due(&line, Time(10)), Some(ids[0]));
        table.leave(&mut line, ids[1]);
        table.leave(&mut line, ids[0]);
        assert_eq!((table.due(&line, Time(30)), line.len()), (Some(ids[2]), 1));
        table.leave(&mut line, ids[2]);
        assert_eq!((table.next_deadline(&line), line.is_empty()), (Time::NEVER, true));
    }
}
