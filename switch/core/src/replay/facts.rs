//! What records told of stations: numbers, links, sign-on, what they have done, and which trace
//! numbers towards them were used last. Knows no transaction.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::ids::{LinkNumber, Stan, StationNumber};
use crate::replay::{Contradiction, Position};
use crate::stans::TRANSACTIONS_MAX;

/// STANs of one block.
pub(super) const BLOCK: usize = 1_024;
/// Blocks of all STANs of transactions: 0 to 998,999.
pub(super) const BLOCKS: usize = 976;

/// Stands for a STAN of something that is kept for the issuer.
pub(super) const ITEM: u32 = u32::MAX;

/// What a station did, as far as records tell: a request that was refused has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Requests from it (acquirer) or to it (issuer) that were decided.
    pub requests: u64,
    /// Answers to it or from it.
    pub answers: u64,
    /// Among them, approvals.
    pub approved: u64,
    /// Requests to it without an answer in time.
    pub timeouts: u64,
}

/// A station that has a number.
#[derive(Clone, Copy, Debug)]
pub struct Station<'a> {
    /// Its number.
    pub number: StationNumber,
    /// Its name when it got the number.
    pub name: &'a str,
    /// The dialect that it speaks.
    pub dialect: &'a str,
    /// Whether it signed on last, or off; none when it did neither.
    pub signed_on: Option<bool>,
    /// The numbers of its links, as they were given: each the first, and how many.
    pub links: &'a [(LinkNumber, u32)],
    /// What it did.
    pub recorded: Recorded,
}

/// One station.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) dialect: String,
    pub(super) signed_on: Option<bool>,
    pub(super) links: Vec<(LinkNumber, u32)>,
    pub(super) tally: Recorded,
    pub(super) traces: Traces,
}

/// The trace numbers towards one issuer, by blocks; none before the first is used.
#[derive(Debug, Default)]
pub(super) struct Traces(pub(super) Vec<Block>);

/// Some neighbouring trace numbers.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The one that was used last, and when.
    pub(super) last: Option<(Position, Stan)>,
    /// How many transactions are open.
    pub(super) used: u32,
    /// By STAN, the place of the open transaction, one above; 0 where there is none, and [`ITEM`]
    /// where something is kept for the issuer.
    pub(super) open: Option<Box<[u32; BLOCK]>>,
    /// By STAN, the number of what its last transaction came to.
    pub(super) known: Option<Box<[u32; BLOCK]>>,
}

impl Block {
    /// A transaction takes a place.
    #[inline]
    pub(super) fn begin(&mut self, place: usize, at: usize, last: Option<(Position, Stan)>) {
        let open = self.open.as_mut().expect("room was made");
        open[place] = u32::try_from(at + 1).expect("fewer than there are STANs");
        self.used += 1;
        self.last = last;
    }

    /// What is kept for the issuer takes the place of its STAN.
    pub(super) fn keep(&mut self, position: Position, stan: Stan) {
        let open = self.open.as_mut().expect("room was made");
        open[usize::try_from(stan.0).expect("six digits") % BLOCK] = ITEM;
        self.used += 1;
        self.last = self.last.max(Some((position, stan)));
    }
}

impl Traces {
    /// What the last transaction of a STAN came to has this number.
    #[inline]
    pub(super) fn know(&mut self, stan: Stan, number: u32) {
        if let Some((block, place)) = self.block(stan) {
            block.known.get_or_insert_with(|| Box::new([0; BLOCK]))[place] = number;
        }
    }

    /// That number; any other where it came to nothing yet.
    pub(super) fn known(&mut self, stan: Stan) -> u32 {
        let known = self.block(stan).and_then(|(block, place)| Some(block.known.as_ref()?[place]));
        known.unwrap_or_default()
    }

    /// The block of a STAN, and its place there; none for one that is no transaction's.
    #[inline]
    pub(super) fn block(&mut self, stan: Stan) -> Option<(&mut Block, usize)> {
        if !(1..=TRANSACTIONS_MAX).contains(&stan.0) {
            return None;
        }
        if self.0.is_empty() {
            self.0.resize_with(BLOCKS, Block::default);
        }
        let place = usize::try_from(stan.0).expect("six digits");
        Some((self.0.get_mut(place / BLOCK)?, place % BLOCK))
    }

    /// The STAN of a range that was used last, and by which record.
    pub(super) fn last(&self, range: Range<u32>) -> Option<(Position, Stan)> {
        let used = self.0.iter().filter_map(|block| block.last);
        used.filter(|(_, stan)| range.contains(&stan.0)).max()
    }
}

/// All stations, by number.
#[derive(Debug, Default)]
pub(super) struct Stations {
    all: Vec<Option<Box<Facts>>>,
    links_end: u32,
}

impl Stations {
    #[inline]
    pub(super) fn of(
        &mut self,
        position: Position,
        station: StationNumber,
    ) -> Result<&mut Facts, Contradiction> {
        let found = self.all.get_mut(usize::from(station.0)).and_then(Option::as_deref_mut);
        found.ok_or(Contradiction::UnknownStation { position, station })
    }

    pub(super) fn find(&self, station: StationNumber) -> Option<&Facts> {
        self.all.get(usize::from(station.0))?.as_deref()
    }

    pub(super) fn find_mut(&mut self, station: StationNumber) -> Option<&mut Facts> {
        self.all.get_mut(usize::from(station.0))?.as_deref_mut()
    }

    pub(super) fn add(
        &mut self,
        position: Position,
        station: StationNumber,
        name: &str,
        dialect: &str,
    ) -> Result<(), Contradiction> {
        let place = usize::from(station.0);
        if let Some(known) = self.find_mut(station) {
            if known.name != name {
                return Err(Contradiction::StationTwice { position, station });
            }
            known.dialect = dialect.into();
            return Ok(());
        }
        if self.all.len() <= place {
            self.all.resize_with(place + 1, || None);
        }
        self.all[place] = Some(Box::new(Facts {
            name: name.into(),
            dialect: dialect.into(),
            signed_on: None,
            links: Vec::new(),
            tally: Recorded::default(),
            traces: Traces::default(),
        }));
        Ok(())
    }

    pub(super) fn add_links(
        &mut self,
        position: Position,
        station: StationNumber,
        from: LinkNumber,
        count: u32,
    ) -> Result<(), Contradiction> {
        let next = self.next_link();
        let end = from.0.checked_add(count).filter(|_| from >= next);
        let end = end.ok_or(Contradiction::LinksTwice { position, from, next })?;
        self.of(position, station)?.links.push((from, count));
        self.links_end = end;
        Ok(())
    }

    /// Links that were given numbers before, in any order.
    pub(super) fn take_in_links(&mut self, from: LinkNumber, count: u32) -> Option<()> {
        self.links_end = self.links_end.max(from.0.checked_add(count)?);
        Some(())
    }

    pub(super) fn next_station(&self) -> Option<StationNumber> {
        u16::try_from(self.all.len()).ok().map(StationNumber)
    }

    #[inline]
    pub(super) fn next_link(&self) -> LinkNumber {
        LinkNumber(self.links_end)
    }

    /// Each with its number, by number.
    pub(super) fn facts(&self) -> impl Iterator<Item = (StationNumber, &Facts)> {
        (0..=u16::MAX)
            .map(StationNumber)
            .zip(&self.all)
            .filter_map(|(number, facts)| Some((number, facts.as_deref()?)))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Station<'_>> {
        self.facts().map(|(number, facts)| Station {
            number,
            name: &facts.name,
            dialect: &facts.dialect,
            signed_on: facts.signed_on,
            links: &facts.links,
            recorded: facts.tally,
        })
    }
}
