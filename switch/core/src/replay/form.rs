//! The state as bytes, for a checkpoint: the same bytes for the same state, whatever way led to it.
//! Decides nothing; what is read may be anything.
//!
//! ```text
//! 0      4        8         16   24
//! magic  version  position  utc  start  configuration  hash key  links  counts  stations  open  items
//!                                                               known  resting  tombstones  recent
//! ```
//! Numbers are little-endian. A text has its length in one byte before it, a frame in two, a list its
//! number of entries in four; what may be missing has a byte before it, 0 where it is. Counts that
//! are zero are left out; stations are in the order of their numbers, items in that of issuer and STAN, everything else in that of
//! the journal.

mod kept;

mod sites;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use codec::Mti;

use crate::identity::{HashKey, Identity};
use crate::ids::{LinkNumber, Stan, StationNumber};
use crate::plan::Limits;
use crate::replay::facts::{Facts, Recorded};
use crate::replay::{Configuration, Known, Open, Outcome, Position, Resting, Start, State};

/// What a state begins with.
const MAGIC: [u8; 4] = *b"SkSt";
/// The version of this form.
const VERSION: u32 = 4;

/// Why bytes are no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// They begin with something else.
    Magic,
    /// They are of another version of this form.
    Version(u32),
    /// They end too early.
    Short,
    /// Something follows.
    Long {
        /// How many bytes.
        left: usize,
    },
    /// A part says what it can not say.
    Part(&'static str),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("it is no state of a switch"),
            Self::Version(found) => {
                write!(f, "version {found} of the state; this binary reads {VERSION}")
            }
            Self::Short => f.write_str("the state ends too early"),
            Self::Long { left } => write!(f, "{left} bytes follow the state"),
            Self::Part(name) => write!(f, "the {name} in the state make no sense"),
        }
    }
}

impl core::error::Error for Unreadable {}

impl State {
    /// Writes the state behind what is in `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut to = Out(out);
        to.put(MAGIC);
        to.put(VERSION.to_le_bytes());
        to.long(self.position.0);
        to.long(self.utc);
        to.put([u8::from(self.start.is_some())]);
        if let Some(start) = &self.start {
            to.long(start.position.0);
            to.put(start.epoch.to_le_bytes());
            to.long(start.utc);
            to.text(&start.build);
        }
        to.put([u8::from(self.configuration.is_some())]);
        if let Some(configuration) = &self.configuration {
            to.put(configuration.number.to_le_bytes());
            to.put(configuration.digest);
            to.long(configuration.utc);
        }
        to.put([u8::from(self.hash_key.is_some())]);
        if let Some(key) = self.hash_key {
            to.put(key.0);
        }
        to.put(self.stations.next_link().0.to_le_bytes());
        let counts = (0..=u16::MAX).zip(&self.counts).filter(|(_, count)| **count > 0);
        to.list(counts.clone().count());
        for (number, count) in counts {
            to.put(number.to_le_bytes());
            to.long(*count);
        }
        to.list(self.stations.facts().count());
        for (number, facts) in self.stations.facts() {
            to.put(number.0.to_le_bytes());
            to.station(facts);
        }
        let open = self.open.sorted();
        to.list(open.len());
        for one in open {
            to.open(one);
        }
        to.list(self.items.iter().len());
        for one in self.items.iter() {
            to.item(one);
        }
        to.list(self.known.iter().len());
        for (one, answer) in self.known.iter() {
            to.known(one, answer);
        }
        to.list(self.resting.len());
        for one in &self.resting {
            to.resting(one);
        }
        to.beside(self);
        to.sites(&self.sites);
    }

    /// Whether what begins like this, with a few bytes at least, can be read as a state by this program.
    ///
    /// # Errors
    /// Why not.
    pub fn is_readable(begins: &[u8]) -> Result<(), Unreadable> {
        let mut from = In { bytes: begins };
        if from.take()? != MAGIC {
            return Err(Unreadable::Magic);
        }
        match from.word()? {
            VERSION => Ok(()),
            version => Err(Unreadable::Version(version)),
        }
    }

    /// Reads a state that was written; of what it remembers, no more than `limits` allow.
    pub fn read(limits: &Limits, bytes: &[u8]) -> Result<Self, Unreadable> {
        Self::is_readable(bytes)?;
        let mut from = In { bytes };
        let (_magic, _version) = (from.take::<{ MAGIC.len() }>()?, from.word()?);
        let mut state = Self::new(limits);
        state.position = Position(from.long()?);
        state.utc = from.long()?;
        if from.is_there("start")? {
            let (position, epoch) = (Position(from.long()?), from.word()?);
            let utc = from.long()?;
            state.start = Some(Start { position, epoch, utc, build: from.text("start")? });
        }
        if from.is_there("configuration")? {
            let (number, digest) = (from.word()?, from.take()?);
            state.configuration = Some(Configuration { number, digest, utc: from.long()? });
        }
        if from.is_there("hash key")? {
            state.hash_key = Some(HashKey(from.take()?));
        }
        let links_end = from.word()?;
        for _ in 0..from.word()? {
            let (number, count) = (usize::from(from.short()?), from.long()?);
            if number >= state.counts.len() {
                state.counts.resize(number + 1, 0);
            }
            state.counts[number] = count;
        }
        for _ in 0..from.word()? {
            from.station(&mut state)?;
        }
        if state.stations.next_link().0 != links_end {
            return Err(Unreadable::Part("links"));
        }
        for _ in 0..from.word()? {
            let open = from.open()?;
            state.reopen(open).ok_or(Unreadable::Part("open transactions"))?;
        }
        for _ in 0..from.word()? {
            let item = from.item()?;
            state.keep_again(item).ok_or(Unreadable::Part("items"))?;
        }
        for _ in 0..from.word()? {
            let (known, answer) = from.known()?;
            state.know(known, answer);
        }
        for _ in 0..from.word()? {
            let resting = from.resting()?;
            state.resting.push_back(resting);
        }
        state.forget_rested();
        from.beside(&mut state)?;
        state.sites = from.sites()?;
        match from.bytes.len() {
            0 => Ok(state),
            left => Err(Unreadable::Long { left }),
        }
    }

    /// Takes in an open transaction that was written.
    fn reopen(&mut self, open: Open) -> Option<()> {
        self.stations.find(open.acquirer)?;
        let traces = &mut self.stations.find_mut(open.issuer)?.traces;
        (open.position.0 > 0).then_some(())?;
        self.open.take_in(open, traces, &self.items).ok()
    }
}

struct Out<'a>(&'a mut Vec<u8>);

impl Out<'_> {
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.0.extend_from_slice(&bytes);
    }

    fn long(&mut self, number: u64) {
        self.put(number.to_le_bytes());
    }

    fn list(&mut self, entries: usize) {
        self.put(u32::try_from(entries).expect("lists are bounded").to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.put([u8::try_from(text.len()).expect("texts of records are short")]);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn frame(&mut self, frame: &[u8]) {
        let len = u16::try_from(frame.len()).expect("frames of records are short");
        self.put(len.to_le_bytes());
        self.0.extend_from_slice(frame);
    }

    fn identity(&mut self, Identity { key, check }: Identity) {
        self.put(key.to_le_bytes());
        self.long(check);
    }

    fn station(&mut self, facts: &Facts) {
        self.text(&facts.name);
        self.text(&facts.dialect);
        self.put([match facts.signed_on {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        }]);
        self.list(facts.links.len());
        for (from, count) in &facts.links {
            self.put(from.0.to_le_bytes());
            self.put(count.to_le_bytes());
        }
        let Recorded { requests, answers, approved, timeouts } = facts.tally;
        for number in [requests, answers, approved, timeouts] {
            self.long(number);
        }
        let used = facts.traces.0.iter().filter_map(|block| block.last);
        self.list(used.clone().count());
        for (position, stan) in used {
            self.long(position.0);
            self.put(stan.0.to_le_bytes());
        }
    }

    fn open(&mut self, open: &Open) {
        self.long(open.position.0);
        self.put(open.acquirer.0.to_le_bytes());
        self.put(open.link.0.to_le_bytes());
        self.put(open.issuer.0.to_le_bytes());
        self.put(open.stan.0.to_le_bytes());
        self.put(open.mti.bcd().to_le_bytes());
        self.long(open.sent_at);
        self.long(open.utc);
        self.identity(open.identity);
        self.long(open.reference);
        self.put(open.obliged.0.to_le_bytes());
        self.frame(&open.inputs);
    }

    fn known(&mut self, known: &Known, answer: Option<&[u8]>) {
        self.long(known.position.0);
        let (kind, action) = match known.outcome {
            Outcome::Answered(action) => (1, action),
            Outcome::Declined(action) => (2, action),
            Outcome::Closed => (3, 0),
            Outcome::Advised(action) => (4, action),
        };
        self.put([kind]);
        self.put(action.to_le_bytes());
        self.put(known.acquirer.0.to_le_bytes());
        self.put(known.issuer.0.to_le_bytes());
        self.put(known.stan.0.to_le_bytes());
        self.identity(known.identity);
        self.put(known.mti.bcd().to_le_bytes());
        self.long(known.sent_at);
        self.long(known.reference);
        self.long(known.original);
        self.put(known.obliged.0.to_le_bytes());
        self.put([u8::from(known.in_doubt)]);
        self.frame(answer.unwrap_or_default());
    }

    fn resting(&mut self, resting: &Resting) {
        self.put(resting.issuer.0.to_le_bytes());
        self.put(resting.stan.0.to_le_bytes());
        self.put(resting.acquirer.0.to_le_bytes());
        self.put(resting.mti.bcd().to_le_bytes());
        self.long(resting.sent_at);
        self.put(resting.obliged.0.to_le_bytes());
        self.long(resting.utc);
    }
}

struct In<'a> {
    bytes: &'a [u8],
}

impl<'a> In<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (first, rest) = self.bytes.split_first_chunk::<N>().ok_or(Unreadable::Short)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn take_all(&mut self, len: usize) -> Result<&'a [u8], Unreadable> {
        let (first, rest) = self.bytes.split_at_checked(len).ok_or(Unreadable::Short)?;
        self.bytes = rest;
        Ok(first)
    }

    fn short(&mut self) -> Result<u16, Unreadable> {
        self.take().map(u16::from_le_bytes)
    }

    fn word(&mut self) -> Result<u32, Unreadable> {
        self.take().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Result<u64, Unreadable> {
        self.take().map(u64::from_le_bytes)
    }

    fn is_there(&mut self, part: &'static str) -> Result<bool, Unreadable> {
        match self.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(Unreadable::Part(part)),
        }
    }

    fn text(&mut self, part: &'static str) -> Result<String, Unreadable> {
        let [len] = self.take()?;
        let text = core::str::from_utf8(self.take_all(len.into())?);
        text.map(String::from).map_err(|_| Unreadable::Part(part))
    }

    fn frame(&mut self) -> Result<&'a [u8], Unreadable> {
        let len = self.short()?;
        self.take_all(len.into())
    }

    fn station_number(&mut self) -> Result<StationNumber, Unreadable> {
        self.short().map(StationNumber)
    }

    fn identity(&mut self) -> Result<Identity, Unreadable> {
        Ok(Identity { key: u128::from_le_bytes(self.take()?), check: self.long()? })
    }

    fn mti(&mut self) -> Result<Mti, Unreadable> {
        Mti::new(self.short()?).ok_or(Unreadable::Part("message types"))
    }

    fn station(&mut self, state: &mut State) -> Result<(), Unreadable> {
        const WRONG: Unreadable = Unreadable::Part("stations");
        let number = self.station_number()?;
        let (name, dialect) = (self.text("stations")?, self.text("stations")?);
        let position = state.position;
        let is_new = state.stations.find(number).is_none();
        state.stations.add(position, number, &name, &dialect).map_err(|_| WRONG)?;
        is_new.then_some(()).ok_or(WRONG)?;
        let signed_on = match self.take()? {
            [0] => None,
            [1] => Some(false),
            [2] => Some(true),
            _ => return Err(WRONG),
        };
        let mut links = Vec::new();
        for _ in 0..self.word()? {
            links.push((LinkNumber(self.word()?), self.word()?));
        }
        let [requests, answers, approved, timeouts] =
            [self.long()?, self.long()?, self.long()?, self.long()?];
        for &(from, count) in &links {
            state.stations.take_in_links(from, count).ok_or(WRONG)?;
        }
        let facts = state.stations.find_mut(number).ok_or(WRONG)?;
        (facts.signed_on, facts.links) = (signed_on, links);
        facts.tally = Recorded { requests, answers, approved, timeouts };
        for _ in 0..self.word()? {
            let (position, stan) = (Position(self.long()?), Stan(self.word()?));
            let (block, _) = facts.traces.block(stan).ok_or(WRONG)?;
            block.last = Some((position, stan));
        }
        Ok(())
    }

    fn open(&mut self) -> Result<Open, Unreadable> {
        Ok(Open {
            position: Position(self.long()?),
            acquirer: self.station_number()?,
            link: LinkNumber(self.word()?),
            issuer: self.station_number()?,
            stan: Stan(self.word()?),
            mti: self.mti()?,
            sent_at: self.long()?,
            utc: self.long()?,
            identity: self.identity()?,
            reference: self.long()?,
            obliged: Stan(self.word()?),
            inputs: self.frame()?.into(),
        })
    }

    fn known(&mut self) -> Result<(Known, Option<&'a [u8]>), Unreadable> {
        let position = Position(self.long()?);
        let ([kind], action) = (self.take()?, self.short()?);
        let outcome = match (kind, action) {
            (1, action) => Outcome::Answered(action),
            (2, action) => Outcome::Declined(action),
            (3, 0) => Outcome::Closed,
            (4, action) => Outcome::Advised(action),
            _ => return Err(Unreadable::Part("outcomes")),
        };
        let known = Known {
            position,
            outcome,
            acquirer: self.station_number()?,
            issuer: self.station_number()?,
            stan: Stan(self.word()?),
            identity: self.identity()?,
            mti: self.mti()?,
            sent_at: self.long()?,
            reference: self.long()?,
            original: self.long()?,
            obliged: Stan(self.word()?),
            in_doubt: self.is_there("outcomes")?,
        };
        let answer = self.frame()?;
        Ok((known, Some(answer).filter(|answer| !answer.is_empty())))
    }

    fn resting(&mut self) -> Result<Resting, Unreadable> {
        Ok(Resting {
            issuer: self.station_number()?,
            stan: Stan(self.word()?),
            acquirer: self.station_number()?,
            mti: self.mti()?,
            sent_at: self.long()?,
            obliged: Stan(self.word()?),
            utc: self.long()?,
        })
    }
}
