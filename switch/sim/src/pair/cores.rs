//! The cores in a world of two sites: the switch runs where a reign has opened its ports, its records go
//! to that log, and what they permit leaves when they are committed. The acquirers, the issuers and
//! their ledgers are those of `seeds`. Must not know why a site reigns.

use std::collections::BTreeMap;

use journal::format::{Epoch, Tag};
use switch_core::records::{HEAD_MAX, Record};
use switch_core::time::Time;

use super::agenda::{At, MS, SECOND};
use super::book::Book;
use super::line::Site;
use super::machine::Task;
use super::world::{Thread, World};
use crate::seeds::Outside;
use crate::world::elsewhere::Made;

/// How long it takes at most until everything has ended, in seconds.
const SETTLED_WITHIN: u64 = 1_800;

/// The switch and its partners.
pub(crate) struct Front {
    outside: Outside,
    /// The time in there when this world began.
    base: Time,
    /// What the first start of all records.
    first: Option<Vec<Vec<u8>>>,
    /// The site that it runs at, and how many batches of that log are committed.
    site: Option<Site>,
    committed: usize,
    /// The records of each batch.
    batches: BTreeMap<Tag, Vec<Made>>,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Front({:?})", self.site)
    }
}

impl Front {
    pub(crate) fn new(seed: u64, told: bool) -> Self {
        let (outside, first) = Outside::elsewhere(seed, told);
        let base = outside.now();
        Self {
            outside,
            base,
            first: Some(first),
            site: None,
            committed: 0,
            batches: BTreeMap::new(),
        }
    }

    /// A batch has these records.
    pub(crate) fn has_framed(&mut self, tag: Tag, records: Vec<Made>) {
        self.batches.insert(tag, records);
    }

    fn at(&self, at: At) -> Time {
        self.base + std::time::Duration::from_nanos(at.0)
    }

    fn records(&self, book: &Book) -> Vec<Vec<u8>> {
        let batches = book.entries.iter().flat_map(|entry| &self.batches[&entry.tag]);
        batches.map(|made| made.bytes.clone()).collect()
    }
}

impl World {
    /// The switch begins at a site; gives what its start records.
    pub(crate) fn switch_begins(&mut self, site: Site, epoch: Epoch) -> Vec<Made> {
        let Some(front) = &mut self.front else {
            let bytes = self.serial.to_le_bytes().to_vec();
            return vec![Made { place: None, bytes }];
        };
        if self.judge.is_overtaken(site, epoch) {
            // Its records are never committed and its ports never open: nobody outside hears of it.
            let mut bytes = vec![0; HEAD_MAX];
            let length = Record::Pulse.write(&mut bytes).expect("a pulse is short");
            bytes.truncate(length);
            return vec![Made { place: None, bytes }];
        }
        if front.site.take().is_some() {
            front.outside.loses_the_switch();
        }
        let book = &self.judge.books[site.0];
        let log = front.records(book);
        front.outside.passes_to(front.at(self.now));
        let first = match front.first.take_if(|_| log.is_empty()) {
            Some(first) => first,
            None => front.outside.begins_elsewhere(&log),
        };
        front.site = Some(site);
        front.committed = book.entries.len();
        first.into_iter().map(|bytes| Made { place: None, bytes }).collect()
    }

    /// Whoever switches at a site is gone.
    pub(crate) fn switch_ends(&mut self, site: Site) {
        let Some(front) = &mut self.front else { return };
        if front.site.take_if(|at| *at == site).is_some() {
            front.outside.passes_to(front.at(self.now));
            front.outside.loses_the_switch();
        }
    }

    /// The partners act, and the switch does where it can.
    pub(crate) fn switches(&mut self) {
        let Some(front) = &mut self.front else { return };
        let (now, mut to) = (front.at(self.now), None);
        if let Some(site) = front.site {
            let process = self.machines[site.0].process.as_ref();
            let runs = process.is_some_and(|process| {
                process.open && process.admits && process.busy[Thread::Workers as usize] <= self.now
            });
            if runs {
                to = Some(site);
            }
        }
        front.outside.stands_still(to.is_none());
        front.outside.passes_to(now);
        let made = to.map(|_| front.outside.takes_records()).unwrap_or_default();
        if self.tale.told {
            self.tale.text.push_str(&front.outside.takes_story());
        }
        if let Some(site) = to.filter(|_| !made.is_empty()) {
            self.tells(site, Thread::Journal, MS / 50, Task::Append(made));
        }
    }

    /// The log of a site is committed up to a batch; the oldest that is new was framed then.
    pub(crate) fn switch_commits(&mut self, site: Site, batches: usize, framed: At) {
        let now = self.now;
        let Some(front) = &mut self.front else { return };
        if front.site != Some(site) || batches <= front.committed {
            return;
        }
        let entries = &self.judge.books[site.0].entries[front.committed..batches];
        let made: Vec<Made> =
            entries.iter().flat_map(|entry| front.batches[&entry.tag].clone()).collect();
        front.committed = batches;
        let framed = front.at(framed);
        front.outside.passes_to(front.at(now));
        front.outside.has_committed(&made, framed);
    }

    /// Everybody outside does what is left to do, until every transaction has ended and the ledgers
    /// agree: I6 to I10.
    pub(crate) fn settles(&mut self) {
        let Some(front) = &mut self.front else { return };
        front.outside.begins_to_heal();
        for second in 0..SETTLED_WITHIN {
            let until = self.now.after(SECOND);
            self.goes_on_until(until);
            let Some(front) = &mut self.front else { return };
            if front.outside.heals_on(second) {
                self.sums.transactions += front.outside.is_settled();
                return;
            }
        }
        let Some(front) = &mut self.front else { return };
        self.sums.transactions += front.outside.is_settled();
    }
}
