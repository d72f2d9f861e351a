//! What follows from the records: the state that a start takes up, and that a checkpoint keeps. The
//! same for the same records, whichever workers wrote them and however often it was written down and
//! read on the way. Knows no file, and decides nothing: records hold outcomes.
//!
//! | part | from | for |
//! |---|---|---|
//! | stations, links, configuration, start | their records | numbers that are never given twice |
//! | hash key | its record | repeats from before a start are known |
//! | sign-on | sign-on records | a station that signed off stays so |
//! | counts, tallies | what follows from records, and counts records for the rest | they go on |
//! | open transactions | decisions without an outcome | they are closed; their STANs rest |
//! | known transactions | outcomes, the last so many | repeats get the same answer |
//! | items | what is kept for issuers, until it is acknowledged or purged | it is sent again |
//! | tombstones | reversals of what nobody knew, the last so many | it is refused, should it still come |
//! | recent approvals | settlements of the last second | a start does not know whether they were delivered |
//! | resting STANs | expiries and closings of the last minutes | late answers are known as late |
//! | promotions, orphans | their records | a node that was promoted announces it, and knows what may be lost |
//! | last STANs | decisions, by blocks of 1,024 | new ones begin behind them |
//!
//! Records that contradict each other are errors with facts. Nothing has changed then.

mod contradiction;

mod facts;

mod open;

mod items;

mod known;

mod sites;

mod form;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use codec::Mti;

use crate::codes;
use crate::counters::Counter;
use crate::identity::HashKey;
use crate::ids::{LinkNumber, Stan, StationNumber};
use crate::plan::Limits;
use crate::records::Record;
use crate::refusal::Refusal;

use facts::Stations;
use items::Items;
use known::KnownOnes;
use open::OpenOnes;
use sites::Sites;

pub use contradiction::Contradiction;
pub use facts::{Recorded, Station};
pub use form::Unreadable;
use items::Recent;
pub use items::{Item, Tombstone};
pub use known::{Known, Outcome};
pub use open::Open;
pub use sites::{ORPHANS_MAX, Orphan, Promotion};

/// The number of a record in the journal: 1 for the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// How long a STAN that got no answer is told of, in seconds: longer than any quarantine.
const RESTING_KEPT_SECS: u64 = 660;

/// What is counted by the records of transactions themselves, and so to the last one: counts
/// records do not say it again.
pub const FOLLOWING: [Counter; 5] = [
    Counter::Answered,
    Counter::Approved,
    Counter::RefusedTimedOut,
    Counter::RefusedUnsent,
    Counter::RefusedMalfunction,
];

/// How much is remembered: as much as one worker's tables hold, whatever the number of workers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    known_max: usize,
    answers_bytes: usize,
}

/// What a configuration in use was recorded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Its number.
    pub number: u32,
    /// The digest of its settings.
    pub digest: [u8; 32],
    /// Since when, as a second since 1970.
    pub utc: u64,
}

/// What the last start was recorded as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Of its record.
    pub position: Position,
    /// The epoch that began.
    pub epoch: u32,
    /// When, as a second since 1970.
    pub utc: u64,
    /// What was built.
    pub build: String,
}

/// A STAN without an answer: it must not be used again for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// Who did not answer.
    pub issuer: StationNumber,
    /// The STAN.
    pub stan: Stan,
    /// Who asked.
    pub acquirer: StationNumber,
    /// The request's MTI.
    pub mti: Mti,
    /// The DE 7 that went with it, ten packed digits.
    pub sent_at: u64,
    /// The STAN of its reversal; 0 without one.
    pub obliged: Stan,
    /// Since when it rests, as a second since 1970.
    pub utc: u64,
}

/// The state.
#[derive(Debug)]
pub struct State {
    bounds: Bounds,
    /// The last record.
    position: Position,
    /// The latest second that a record told.
    utc: u64,
    start: Option<Start>,
    configuration: Option<Configuration>,
    /// What requests are known by hashes under.
    hash_key: Option<HashKey>,
    stations: Stations,
    /// By number of the counter.
    counts: Vec<u64>,
    open: OpenOnes,
    items: Items,
    known: KnownOnes,
    resting: VecDeque<Resting>,
    tombstones: VecDeque<Tombstone>,
    /// Approvals of the last second.
    recent: VecDeque<Recent>,
    sites: Sites,
}

/// How a transaction ended, as its record says it.
#[derive(Clone, Copy)]
struct Ending<'a> {
    issuer: StationNumber,
    stan: Stan,
    utc: u64,
    outcome: Outcome,
    answer: Option<&'a [u8]>,
}

impl State {
    /// Before the first record. `limits` say how many transactions and answers are remembered.
    pub fn new(limits: &Limits) -> Self {
        let usize_of = |bound: u32| usize::try_from(bound).expect("32 bits");
        Self {
            bounds: Bounds {
                known_max: usize_of(limits.duplicates_max),
                answers_bytes: usize_of(limits.answers_bytes),
            },
            position: Position(0),
            utc: 0,
            start: None,
            configuration: None,
            hash_key: None,
            stations: Stations::default(),
            counts: alloc::vec![0; Counter::ALL.len() + 1],
            open: OpenOnes::default(),
            items: Items::default(),
            known: KnownOnes::default(),
            resting: VecDeque::new(),
            tombstones: VecDeque::new(),
            recent: VecDeque::new(),
            sites: Sites::default(),
        }
    }

    /// Takes in the next record, which has this position: one above the last.
    pub fn apply(&mut self, position: Position, record: &Record<'_>) -> Result<(), Contradiction> {
        let expected = Position(self.position.0 + 1);
        if position != expected {
            return Err(Contradiction::Position { expected, found: position });
        }
        match *record {
            Record::Decision { .. } => self.decide(position, record)?,
            Record::Settlement { issuer, stan, action, utc, answer, .. } => {
                let (outcome, answer) = (Outcome::Answered(action), Some(answer));
                let ended = Ending { issuer, stan, utc, outcome, answer };
                self.end(position, record, &ended)?;
                self.count(Counter::Answered, 1);
                self.count(Counter::Approved, u64::from(codes::approves(action)));
            }
            Record::Expiry { issuer, stan, utc, .. } => {
                self.decline(position, record, (issuer, stan, utc), Refusal::TimedOut)?;
            }
            Record::Unsent { issuer, stan, utc, .. } => {
                self.decline(position, record, (issuer, stan, utc), Refusal::Unsent)?;
            }
            Record::Undelivered { issuer, stan, utc, .. } => {
                self.decline(position, record, (issuer, stan, utc), Refusal::Malfunction)?;
            }
            Record::Closed { issuer, stan, utc } => {
                let ended = Ending { issuer, stan, utc, outcome: Outcome::Closed, answer: None };
                self.end(position, record, &ended)?;
            }
            Record::Station { number, name, dialect } => {
                let before = self.stations.find(number).map(|station| station.dialect == dialect);
                self.stations.add(position, number, name, dialect)?;
                if before == Some(false) {
                    self.known.forget_answers_of(number);
                }
            }
            Record::Links { station, from, count } => {
                self.stations.add_links(position, station, from, count)?;
            }
            Record::SignOn { station, on, utc, .. } => {
                self.stations.of(position, station)?.signed_on = Some(on);
                self.passes(utc);
            }
            Record::Configuration { number, digest, utc } => {
                self.configure(position, Configuration { number, digest, utc })?;
            }
            Record::Start { epoch, utc, build } => self.begin(position, epoch, utc, build)?,
            Record::HashKey { key } => {
                if self.hash_key.is_some() {
                    return Err(Contradiction::HashKeyTwice { position });
                }
                self.hash_key = Some(key);
            }
            // What was said and done beside transactions; nothing follows from it.
            Record::Pulse | Record::Command { .. } => {}
            Record::Counts { deltas } => {
                for (number, by) in deltas.iter() {
                    // Nobody stops cleanly before everything that was answered is delivered.
                    if number == Counter::Stops.number() {
                        self.recent.clear();
                    }
                    self.add(number, by);
                }
            }
            Record::Promotion { .. } | Record::Handover { .. } | Record::Orphan { .. } => {
                self.of_two_sites(position, record)?;
            }
            Record::Queued { .. }
            | Record::Acknowledged { .. }
            | Record::Item { .. }
            | Record::Advice { .. }
            | Record::Delivery { .. } => self.keep(position, record)?,
        }
        self.position = position;
        Ok(())
    }

    fn decide(&mut self, position: Position, record: &Record<'_>) -> Result<(), Contradiction> {
        let Record::Decision { acquirer, link, issuer, utc, .. } = *record else {
            unreachable!("it is a decision")
        };
        self.stations.of(position, acquirer)?;
        if link >= self.stations.next_link() {
            return Err(Contradiction::UnknownLink { position, link });
        }
        let traces = &mut self.stations.of(position, issuer)?.traces;
        self.open.begin(position, record, traces, &self.items)?;
        self.stations.of(position, issuer)?.tally.requests += 1;
        self.stations.of(position, acquirer)?.tally.requests += 1;
        self.passes(utc);
        Ok(())
    }

    fn decline(
        &mut self,
        position: Position,
        record: &Record<'_>,
        (issuer, stan, utc): (StationNumber, Stan, u64),
        refusal: Refusal,
    ) -> Result<(), Contradiction> {
        let outcome = Outcome::Declined(refusal.action());
        let ended = Ending { issuer, stan, utc, outcome, answer: None };
        self.end(position, record, &ended)?;
        self.count(refusal.counter(), 1);
        if refusal == Refusal::TimedOut {
            self.stations.of(position, issuer)?.tally.timeouts += 1;
        }
        Ok(())
    }

    /// A transaction is open no more.
    fn end(
        &mut self,
        position: Position,
        record: &Record<'_>,
        ended: &Ending<'_>,
    ) -> Result<(), Contradiction> {
        let &Ending { issuer, stan, utc, outcome, answer } = ended;
        let kind = record.name();
        let traces = &mut self.stations.of(position, issuer)?.traces;
        let Some(open) = self.open.end(traces, stan) else {
            return Err(match self.known.of(issuer, stan) {
                Some(first) => Contradiction::SecondOutcome { position, kind, issuer, stan, first },
                None => Contradiction::NothingOpen { position, kind, issuer, stan },
            });
        };
        let &Open { acquirer, mti, sent_at, identity, reference, obliged, .. } = open;
        let known = Known {
            position,
            outcome,
            acquirer,
            issuer,
            stan,
            identity,
            mti,
            sent_at,
            reference,
            original: 0,
            obliged,
            in_doubt: false,
        };
        self.know(known, answer);
        if matches!(record, Record::Expiry { .. } | Record::Closed { .. }) {
            self.resting.push_back(Resting { issuer, stan, acquirer, mti, sent_at, obliged, utc });
        }
        self.passes(utc);
        if let Outcome::Answered(action) = outcome {
            let approved = u64::from(codes::approves(action));
            if codes::approves(action) {
                self.recent.push_back(Recent { issuer, stan, utc });
            }
            let tally = &mut self.stations.of(position, issuer)?.tally;
            tally.answers += 1;
            tally.approved += approved;
            self.stations.of(position, acquirer)?.tally.approved += approved;
        }
        if outcome != Outcome::Closed {
            self.stations.of(position, acquirer)?.tally.answers += 1;
        }
        Ok(())
    }

    fn forget_rested(&mut self) {
        while let Some(oldest) = self.resting.front()
            && (oldest.utc.saturating_add(RESTING_KEPT_SECS) < self.utc
                || self.resting.len() > self.bounds.known_max)
        {
            self.resting.pop_front();
        }
    }

    fn configure(
        &mut self,
        position: Position,
        wanted: Configuration,
    ) -> Result<(), Contradiction> {
        if let Some(last) = self.configuration.filter(|last| last.number >= wanted.number) {
            let (number, last) = (wanted.number, last.number);
            return Err(Contradiction::ConfigurationTwice { position, number, last });
        }
        self.configuration = Some(wanted);
        self.passes(wanted.utc);
        Ok(())
    }

    fn begin(
        &mut self,
        position: Position,
        epoch: u32,
        utc: u64,
        build: &str,
    ) -> Result<(), Contradiction> {
        if let Some(last) = self.start.as_ref().map(|last| last.epoch).filter(|&last| last >= epoch)
        {
            return Err(Contradiction::EpochTwice { position, epoch, last });
        }
        self.doubt_recent();
        self.start = Some(Start { position, epoch, utc, build: build.into() });
        self.passes(utc);
        Ok(())
    }

    /// Clocks may be set back; what is remembered by time is so by the latest.
    fn passes(&mut self, utc: u64) {
        self.utc = self.utc.max(utc);
        self.forget_rested();
        self.forget_recent();
    }

    fn count(&mut self, counter: Counter, by: u64) {
        self.add_to(usize::from(counter.number()), by);
    }

    /// What a counts record adds. A number that this binary does not know is kept for one that does.
    fn add(&mut self, number: u16, by: u64) {
        if FOLLOWING.iter().all(|counter| counter.number() != number) {
            self.add_to(usize::from(number), by);
        }
    }

    fn add_to(&mut self, place: usize, by: u64) {
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] = self.counts[place].wrapping_add(by);
    }

    /// The last record that was taken in; 0 before the first.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The last start.
    pub fn start(&self) -> Option<&Start> {
        self.start.as_ref()
    }

    /// The configuration that is in use.
    pub fn configuration(&self) -> Option<&Configuration> {
        self.configuration.as_ref()
    }

    /// What requests are known by hashes under; none before the first start has made it.
    pub fn hash_key(&self) -> Option<HashKey> {
        self.hash_key
    }

    /// The stations that have a number, by number.
    pub fn stations(&self) -> impl Iterator<Item = Station<'_>> {
        self.stations.iter()
    }

    /// The number of the next station that needs one; none when there are no more.
    pub fn next_station(&self) -> Option<StationNumber> {
        self.stations.next_station()
    }

    /// The first number for the next links.
    pub fn next_link(&self) -> LinkNumber {
        self.stations.next_link()
    }

    /// How often what was counted happened.
    pub fn count_of(&self, counter: Counter) -> u64 {
        self.counts.get(usize::from(counter.number())).copied().unwrap_or_default()
    }

    /// Transactions without an outcome, by position: to be closed.
    pub fn unfinished(&self) -> Vec<&Open> {
        self.open.sorted()
    }

    /// What transactions came to, the oldest first, each with the answer if it is remembered. A reversal
    /// that made no item has what it said in its place.
    pub fn known(&self) -> impl ExactSizeIterator<Item = (&Known, Option<&[u8]>)> {
        self.known.iter()
    }

    /// STANs that had no answer in the last minutes, the oldest first.
    pub fn resting(&self) -> impl ExactSizeIterator<Item = &Resting> {
        self.resting.iter()
    }

    /// The STAN of a range of an issuer that was used last; none when none was.
    pub fn last_stan(&self, issuer: StationNumber, range: core::ops::Range<u32>) -> Option<Stan> {
        self.stations.find(issuer)?.traces.last(range).map(|(_, stan)| stan)
    }
}

#[cfg(test)]
mod tests;
