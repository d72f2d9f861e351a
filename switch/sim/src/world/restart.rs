//! A switch that ends at once and starts again, with as many workers as one likes: what it recorded is
//! all that is left of it. What its stations remember stays with them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use switch_core::ids::{LinkId, LinkNumber, StationNumber};
use switch_core::plan::{Numbers, Plan};
use switch_core::records::Record;
use switch_core::replay::{Position, State};
use switch_core::saf::closing::closings;

use super::party::lost_on;
use super::{Seen, Setup, World};

/// The records of a switch from its first start on.
#[derive(Debug, Default)]
pub struct Journal {
    pub(super) records: Vec<Vec<u8>>,
    starts: u32,
    /// The number of the last configuration.
    pub(super) configuration: u32,
    /// The stations by their numbers: their names, and their links.
    pub(super) known: Vec<(String, Range<u32>)>,
}

impl Journal {
    /// A first start records stations and links, by their places.
    pub fn of(plan: &Plan) -> Self {
        let mut journal = Self::default();
        journal.begins(0);
        journal.numbers(plan, |journal, record| drop(journal.says(record)));
        journal
    }

    /// What records call a plan: numbers that they gave, and new ones, of which `says` hears.
    pub(super) fn numbers(
        &mut self,
        plan: &Plan,
        mut says: impl FnMut(&mut Self, &Record<'_>),
    ) -> Numbers {
        let configuration = self.configuration;
        let mut numbers = Numbers { stations: Vec::new(), links: Vec::new(), configuration };
        for station in &plan.stations {
            let (name, links) = (&station.settings.name, station.settings.links);
            let known = self.known.iter().position(|(known, _)| known == name);
            let place = known.unwrap_or(self.known.len());
            let number = StationNumber(u16::try_from(place).unwrap());
            if known.is_none() {
                let dialect = station.settings.dialect.name();
                says(self, &Record::Station { number, name, dialect });
                let from = self.known.last().map_or(0, |(_, links)| links.end);
                let record =
                    Record::Links { station: number, from: LinkNumber(from), count: links };
                says(self, &record);
                self.known.push((name.clone(), from..from + links));
            }
            numbers.stations.push(number);
            numbers.links.extend(self.known[place].1.clone().map(LinkNumber));
        }
        numbers
    }

    /// A switch starts.
    fn begins(&mut self, utc: u64) {
        self.starts += 1;
        self.says(&Record::Start { epoch: self.starts, utc, build: "sim" });
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// One more record.
    pub fn adds(&mut self, record: &[u8]) {
        self.records.push(record.to_vec());
    }

    fn says(&mut self, record: &Record<'_>) -> Vec<u8> {
        let mut out = vec![0; 256];
        let len = record.write(&mut out).unwrap();
        out.truncate(len);
        self.adds(&out);
        out
    }

    /// What follows from them.
    fn state(&self, plan: &Plan) -> State {
        let mut state = State::new(&plan.limits);
        for (record, position) in self.records.iter().zip(1..) {
            let record = Record::read(record).unwrap();
            state.apply(Position(position), &record).unwrap_or_else(|why| panic!("{why}"));
        }
        // What a checkpoint keeps is all there is.
        let mut bytes = Vec::new();
        state.write(&mut bytes);
        State::read(&plan.limits, &bytes).unwrap()
    }
}

impl World {
    /// Records become durable that were made, and nothing leaves any more.
    pub fn records_alone(&mut self) {
        for core in &mut self.cores {
            while let Some((_, record)) = core.poll_record() {
                self.tale.record(&self.plan, Record::read(record).unwrap());
                self.seen.push(Seen::Recorded(record.to_vec()));
                self.journal.adds(record);
            }
        }
    }

    /// The switch is gone, and starts again a second later with these settings; every link that it
    /// had is lost, and all are opened again.
    #[must_use]
    pub fn restarts(self, setup: Setup) -> Self {
        let workers = setup.workers;
        self.starts_again(setup, workers)
    }

    /// The same with the first of its workers alone.
    #[must_use]
    pub fn restarts_alone(self, setup: Setup) -> Self {
        self.starts_again(setup, 1)
    }

    /// What a station did, at all workers together: requests, answers, approvals, timeouts.
    pub fn tally(&mut self, name: &str) -> (u64, u64, u64, u64) {
        let link = self.station(name).link();
        let station = self.plan.station_of(link);
        let tallies = self.cores.iter().map(|core| &core.station(station).tally);
        tallies.fold((0, 0, 0, 0), |sum, tally| {
            let (requests, answers) = (sum.0 + tally.requests, sum.1 + tally.answers);
            (requests, answers, sum.2 + tally.approved, sum.3 + tally.timeouts)
        })
    }

    /// The switch is gone, and a second later its standby reigns with these settings; every link that
    /// there was is lost, and all are opened again. `lossy`: it may lack records.
    #[must_use]
    pub fn promotes(mut self, setup: Setup, lossy: bool) -> Self {
        self.promotion = Some(lossy);
        let workers = setup.workers;
        self.starts_again(setup, workers)
    }

    /// The last so many records never came to the standby.
    pub fn loses(&mut self, records: usize) {
        let left = self.journal.records.len() - records;
        self.journal.records.truncate(left);
    }

    fn starts_again(mut self, setup: Setup, workers: u8) -> Self {
        let gate_bytes = setup.gate_bytes;
        let plan = setup.planned().unwrap();
        let numbers = self.journal.numbers(&plan, |journal, record| drop(journal.says(record)));
        let plan = plan.numbered(numbers);
        self.begins_again(plan.into(), workers, gate_bytes);
        self.settle();
        self.open_all();
        self
    }

    /// The switch is gone with all that it did not record, and there is a new one a second later,
    /// whose links are all still closed.
    pub fn begins_again(&mut self, plan: Arc<Plan>, workers: u8, gate_bytes: usize) {
        let promotion = self.promotion.take();
        let how = if promotion.is_some() { "promotion" } else { "restart" };
        self.tale.line("", '*', &format!("{how} with {workers}"));
        self.set_clock(self.now.boot + Duration::from_secs(1));
        let mut after = Self::unsettled(workers, plan, gate_bytes);
        let state = self.journal.state(&after.plan);
        after.now = self.now;
        self.journal.begins(self.now.utc);
        let lossy = promotion == Some(true);
        if let Some(lossy) = promotion {
            let (epoch, utc) = (self.journal.starts, self.now.utc);
            let window = after.plan.limits.orphan_window.as_secs();
            let until = if lossy { utc + window } else { 0 };
            self.journal.says(&Record::Promotion { epoch, utc, lossy, until });
        }
        let closings = closings(&state, &after.plan, self.now.utc, lossy).records;
        for record in &closings {
            self.tale.record(&after.plan, Record::read(record).unwrap());
            self.journal.adds(record);
        }
        let state = self.journal.state(&after.plan);
        for core in &mut after.cores {
            core.restore(self.now, &state);
        }
        for link in (0..u32::try_from(self.plan.link_stations.len()).unwrap()).map(LinkId) {
            let (_, lost) = self.network.close(link);
            after.seen.extend(lost_on(&self.plan, link, lost));
        }
        if self.reading {
            after.has_reader();
        }
        let before = std::mem::replace(self, after);
        let of = |plan: &Plan| -> Vec<String> {
            plan.stations.iter().map(|station| station.settings.name.clone()).collect()
        };
        let mut parties: BTreeMap<String, _> =
            of(&before.plan).into_iter().zip(before.parties).collect();
        let named =
            of(&self.plan).into_iter().map(|name| parties.remove(&name).unwrap_or_default());
        self.parties = named.collect();
        (self.journal, self.tale) = (before.journal, before.tale);
        self.counted = before.counted;
        self.seen.extend(closings.into_iter().map(Seen::Recorded));
    }

    /// Only so many of the records that wait become durable, and nothing of them leaves; `which`
    /// chooses whose is next among so many workers.
    pub fn records_only(&mut self, records: usize, mut which: impl FnMut(usize) -> usize) {
        for _ in 0..records {
            let worker = which(self.cores.len());
            if let Some((_, record)) = self.cores[worker].poll_record() {
                self.tale.record(&self.plan, Record::read(record).unwrap());
                self.seen.push(Seen::Recorded(record.to_vec()));
                self.journal.adds(record);
            }
        }
    }
}
