//! What is kept for the issuers whose links belong to this worker: which item is to be sent, which waits
//! for its acknowledgement, which for another. Knows no message and no link.
//!
//! ```text
//! fresh ----sent----> awaited ---silence, or try again---> again ---sent---> awaited
//!   |                    |                                   |
//!   +--- behind: an earlier one of its transaction is not done
//!                        +--- done: acknowledged, purged     +--- stopped: parked, held
//! ```
//! Of the items of one transaction only the first is sent; the next follows when that one is done.

use alloc::boxed::Box;
use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Bound;

use codec::Mti;

use crate::broken::{Variant, breaks};
use crate::ids::{Stan, StationId, StationNumber};
use crate::time::{Stamp, Time};
use crate::wiped::wipe;

/// What a worker tells the owner of an issuer about an item, in front of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// For whom, or who asked for what is reversed.
    pub(crate) acquirer: StationNumber,
    /// The MTI of its first sending.
    pub(crate) mti: Mti,
    /// Our STAN of the transaction that it is about, 0 without one.
    pub(crate) original: Stan,
    /// The DE 7 that went with that one, ten packed digits; 0 without one.
    pub(crate) original_at: u64,
    /// DE 25 as first given, four packed digits.
    pub(crate) reason: u16,
    /// When it was made, as a second since 1970.
    pub(crate) utc: u64,
}

impl Made {
    /// Bytes in front of the frame: acquirer (2), MTI (2), original (4), reason (2), its time (8), when
    /// this was made (8).
    pub(crate) const HEAD: usize = 26;

    pub(crate) fn write(&self, frame: &[u8], out: &mut [u8]) -> usize {
        let (head, rest) = out.split_at_mut(Self::HEAD);
        head[0..2].copy_from_slice(&self.acquirer.0.to_le_bytes());
        head[2..4].copy_from_slice(&self.mti.bcd().to_le_bytes());
        head[4..8].copy_from_slice(&self.original.0.to_le_bytes());
        head[8..10].copy_from_slice(&self.reason.to_le_bytes());
        head[10..18].copy_from_slice(&self.original_at.to_le_bytes());
        head[18..26].copy_from_slice(&self.utc.to_le_bytes());
        rest[..frame.len()].copy_from_slice(frame);
        Self::HEAD + frame.len()
    }

    /// The DE 7 of its making, by which later ones know it.
    fn sent_at(&self) -> u64 {
        Stamp::default().at(self.utc).transmission()
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (head, frame) = bytes.split_first_chunk::<{ Self::HEAD }>()?;
        let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
        let original = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        let (original_at, utc) = (head[10..].first_chunk::<8>()?, head.last_chunk::<8>()?);
        let made = Self {
            acquirer: StationNumber(short(0)),
            mti: Mti::new(short(2))?,
            original: Stan(original),
            original_at: u64::from_le_bytes(*original_at),
            reason: short(8),
            utc: u64::from_le_bytes(*utc),
        };
        Some((made, frame))
    }
}

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It is to be sent when its turn comes.
    Waiting,
    /// An earlier item of its transaction is not done.
    Behind,
    /// It is in the gate.
    Leaving,
    /// It was sent; its acknowledgement is awaited.
    Awaited,
    /// The issuer refuses it with a code that will not heal.
    Parked,
    /// An operator wants it not to be sent.
    Held,
}

/// What names the transaction of an item: its STAN, and the DE 7 that went with it.
pub(crate) type Chain = (Stan, u64);

/// One item.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) made: Made,
    /// The frame as it was made, in the issuer's dialect.
    pub(crate) frame: Box<[u8]>,
    pub(crate) stage: Stage,
    /// When it is to be sent, or until when its acknowledgement is awaited.
    pub(crate) due: Time,
    /// When it was sent last.
    pub(crate) sent: Time,
    /// How often it was sent; one from before a start counts as sent once.
    pub(crate) sends: u32,
    /// Sends in vain.
    pub(crate) failures: u32,
    /// DE 7 of its first and its last sending, ten packed digits; zeros until it is sent. The first is
    /// that with which it was made.
    pub(crate) stamps: [u64; 2],
    /// The last code that did not end it, three packed digits; 0 without one.
    pub(crate) action: u16,
    /// Who parked or held it.
    pub(crate) by: String,
    /// The order in which items came.
    order: u64,
    chain: Chain,
}

/// What is kept for one issuer.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    /// Never sent, by the order in which they came.
    fresh: BTreeSet<(u64, Stan)>,
    /// To be sent again, by when.
    again: BTreeSet<(Time, u64, Stan)>,
    /// In the gate.
    pub(crate) leaving: u32,
    /// Awaiting their acknowledgement, by until when.
    awaited: BTreeSet<(Time, Stan)>,
    /// Parked or held, by when they were made.
    stopped: BTreeSet<(u64, Stan)>,
    /// Of those, held.
    held: u32,
    /// All of them, by when they were made.
    all: BTreeSet<(u64, Stan)>,
    /// How many have been sent in vain so often.
    in_vain: BTreeMap<u32, u32>,
    /// When the next may be sent, and the next that was sent before.
    pub(crate) next: Time,
    pub(crate) next_again: Time,
}

impl Queue {
    /// How many are in the gate or await their acknowledgement.
    pub(crate) fn outstanding(&self) -> usize {
        self.awaited.len() + usize::try_from(self.leaving).expect("32 bits")
    }

    /// The one whose acknowledgement has been awaited long enough.
    pub(crate) fn silent(&self, now: Time) -> Option<Stan> {
        self.awaited.first().filter(|(until, _)| *until <= now).map(|&(_, stan)| stan)
    }

    /// When the wait of the next one ends.
    pub(crate) fn next_silent(&self) -> Time {
        self.awaited.first().map_or(Time::NEVER, |&(until, _)| until)
    }

    /// The next to be sent, and when: those that were sent before first, as they are fewer and their
    /// pace is slower.
    pub(crate) fn next(&self) -> Option<(Time, Stan)> {
        let again = self.again.first();
        let again = again.map(|&(due, _, stan)| (due.max(self.next_again), stan));
        let fresh = self.fresh.first().map(|&(_, stan)| (self.next, stan));
        let again = again.map(|(due, stan)| (due.max(self.next), stan));
        match (again, fresh) {
            (Some(again), Some(fresh)) => Some(if again.0 <= fresh.0 { again } else { fresh }),
            (again, fresh) => again.or(fresh),
        }
    }

    /// The one that is to be sent again last of all, and when.
    pub(crate) fn last_again(&self) -> Option<(Time, Stan)> {
        self.again.last().map(|&(due, _, stan)| (due, stan))
    }

    /// How many are kept, and how many of them are parked or held.
    pub(crate) fn len(&self) -> (u32, u32) {
        let count = |set: &BTreeSet<_>| u32::try_from(set.len()).expect("as many as STANs");
        (count(&self.all), count(&self.stopped))
    }

    /// Whether nothing is kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many of those that are parked or held are held.
    pub(crate) fn held(&self) -> u32 {
        self.held
    }

    /// How many were sent in vain so often or more.
    pub(crate) fn in_vain(&self, times: u32) -> u32 {
        self.in_vain.range(times..).map(|(_, count)| count).sum()
    }

    /// All that were made after this one, the oldest first.
    pub(crate) fn by_age(&self, after: (u64, Stan)) -> impl Iterator<Item = (u64, Stan)> {
        self.all.range((Bound::Excluded(after), Bound::Unbounded)).copied()
    }

    /// Those that are parked or held, the oldest first.
    pub(crate) fn stopped(&self) -> impl Iterator<Item = (u64, Stan)> {
        self.stopped.iter().copied()
    }
}

/// All items of this worker, by issuer and STAN.
#[derive(Debug)]
pub(crate) struct Items {
    all: BTreeMap<(StationId, Stan), Item>,
    queues: Vec<Queue>,
    /// Those of one transaction, the first to be done in front.
    chains: BTreeMap<(StationId, Chain), VecDeque<Stan>>,
    came: u64,
}

impl Items {
    pub(crate) fn new(stations: usize) -> Self {
        Self {
            all: BTreeMap::new(),
            queues: (0..stations).map(|_| Queue::default()).collect(),
            chains: BTreeMap::new(),
            came: 0,
        }
    }

    /// Room for so many stations.
    pub(crate) fn grow(&mut self, stations: usize) {
        self.queues.resize_with(stations, Queue::default);
    }

    pub(crate) fn of(&self, issuer: StationId, stan: Stan) -> Option<&Item> {
        self.all.get(&(issuer, stan))
    }

    pub(crate) fn queue(&self, issuer: StationId) -> &Queue {
        &self.queues[issuer.index()]
    }

    pub(crate) fn queue_mut(&mut self, issuer: StationId) -> &mut Queue {
        &mut self.queues[issuer.index()]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (StationId, Stan, &Item)> {
        self.all.iter().map(|(&(issuer, stan), item)| (issuer, stan, item))
    }

    /// Takes one in: `sends` is how often it was sent before. False when there is one with that STAN.
    pub(crate) fn take_in(
        &mut self,
        (issuer, stan): (StationId, Stan),
        made: Made,
        frame: &[u8],
        sends: u32,
    ) -> bool {
        if self.all.contains_key(&(issuer, stan)) {
            return false;
        }
        // What is about another item that is kept follows it, whatever that one is about.
        // STANs are used again: that one was made at the time at which the original was sent.
        let earlier = self.all.get(&(issuer, made.original)).filter(|_| made.original.0 > 0);
        let earlier = earlier.filter(|earlier| earlier.made.sent_at() == made.original_at);
        let about = (made.original, made.original_at);
        let named = if made.original.0 > 0 { about } else { (stan, made.sent_at()) };
        let chain = earlier.map_or(named, |earlier| earlier.chain);
        let line = self.chains.entry((issuer, chain)).or_default();
        line.push_back(stan);
        let is_first = line.len() == 1 || breaks(Variant::OvertakesEarlier);
        let stage = if is_first { Stage::Waiting } else { Stage::Behind };
        self.came += 1;
        let item = Item {
            made,
            frame: frame.into(),
            stage,
            due: Time(0),
            sent: Time(0),
            sends,
            failures: 0,
            stamps: [0; 2],
            action: 0,
            by: String::new(),
            order: self.came,
            chain,
        };
        self.queues[issuer.index()].all.insert((made.utc, stan));
        self.all.insert((issuer, stan), item);
        self.join(issuer, stan);
        true
    }

    /// Changes one: it leaves the line of its stage, and joins that of its new one.
    pub(crate) fn change(
        &mut self,
        issuer: StationId,
        stan: Stan,
        change: impl FnOnce(&mut Item),
    ) -> bool {
        self.leave(issuer, stan);
        let Some(item) = self.all.get_mut(&(issuer, stan)) else { return false };
        change(item);
        self.join(issuer, stan);
        true
    }

    /// Where one stands that is to be sent: behind another of its transaction, or not.
    pub(crate) fn turn_of(&self, issuer: StationId, stan: Stan) -> Stage {
        let chain = self.of(issuer, stan).map(|item| item.chain);
        let line = chain.and_then(|chain| self.chains.get(&(issuer, chain)));
        let first = line.and_then(|line| line.front());
        if first.is_none_or(|&first| first == stan) { Stage::Waiting } else { Stage::Behind }
    }

    /// One is done: it is wiped, and the next of its transaction may be sent.
    pub(crate) fn remove(&mut self, issuer: StationId, stan: Stan) -> bool {
        self.leave(issuer, stan);
        let Some(mut item) = self.all.remove(&(issuer, stan)) else { return false };
        wipe(&mut item.frame);
        self.queues[issuer.index()].all.remove(&(item.made.utc, stan));
        let line = self.chains.get_mut(&(issuer, item.chain)).expect("each is in one");
        line.retain(|&other| other != stan);
        match line.front().copied() {
            None => drop(self.chains.remove(&(issuer, item.chain))),
            Some(next) => {
                if self.of(issuer, next).is_some_and(|next| next.stage == Stage::Behind) {
                    self.change(issuer, next, |next| next.stage = Stage::Waiting);
                }
            }
        }
        true
    }

    fn join(&mut self, issuer: StationId, stan: Stan) {
        let Some(item) = self.all.get(&(issuer, stan)) else { return };
        let queue = &mut self.queues[issuer.index()];
        match item.stage {
            Stage::Waiting if item.sends == 0 => drop(queue.fresh.insert((item.order, stan))),
            Stage::Waiting => drop(queue.again.insert((item.due, item.order, stan))),
            Stage::Leaving => queue.leaving += 1,
            Stage::Awaited => drop(queue.awaited.insert((item.due, stan))),
            Stage::Parked | Stage::Held => {
                queue.stopped.insert((item.made.utc, stan));
                queue.held += u32::from(item.stage == Stage::Held);
            }
            Stage::Behind => {}
        }
        if item.failures > 0 {
            *queue.in_vain.entry(item.failures).or_default() += 1;
        }
    }

    fn leave(&mut self, issuer: StationId, stan: Stan) {
        let Some(item) = self.all.get(&(issuer, stan)) else { return };
        let queue = &mut self.queues[issuer.index()];
        match item.stage {
            Stage::Waiting if item.sends == 0 => drop(queue.fresh.remove(&(item.order, stan))),
            Stage::Waiting => drop(queue.again.remove(&(item.due, item.order, stan))),
            Stage::Leaving => queue.leaving -= 1,
            Stage::Awaited => drop(queue.awaited.remove(&(item.due, stan))),
            Stage::Parked | Stage::Held => {
                queue.stopped.remove(&(item.made.utc, stan));
                queue.held -= u32::from(item.stage == Stage::Held);
            }
            Stage::Behind => {}
        }
        if let Entry::Occupied(mut counted) = queue.in_vain.entry(item.failures) {
            *counted.get_mut() -= 1;
            if *counted.get() == 0 {
                counted.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests;
