//! A switch that ends at once and starts again, with as many workers as one likes: what it recorded is
//! all that is left of it. What its stations remember stays with them.

use std::sync::Arc;
use std::time::Duration;

use switch_core::ids::{LinkId, LinkNumber, StationNumber};
use switch_core::plan::Plan;
use switch_core::records::Record;
use switch_core::replay::{Position, State};
use switch_core::saf::closing::closings;

use super::party::lost_on;
use super::{Seen, Setup, World};

/// The records of a switch from its first start on.
#[derive(Debug)]
pub struct Journal {
    pub(super) records: Vec<Vec<u8>>,
    starts: u32,
}

impl Journal {
    /// A first start records stations and links, by their places.
    pub fn of(plan: &Plan) -> Self {
        let mut journal = Self { records: Vec::new(), starts: 0 };
        journal.begins(0);
        for (place, station) in plan.stations.iter().enumerate() {
            let number = StationNumber(u16::try_from(place).unwrap());
            let (name, dialect) = (&station.settings.name, station.settings.dialect.name());
            journal.says(&Record::Station { number, name, dialect });
            let (from, count) = (LinkNumber(station.links_from.0), station.settings.links);
            journal.says(&Record::Links { station: number, from, count });
        }
        journal
    }

    /// A switch starts.
    fn begins(&mut self, utc: u64) {
        self.starts += 1;
        self.says(&Record::Start { epoch: self.starts, utc, build: "sim" });
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

    fn starts_again(mut self, setup: Setup, workers: u8) -> Self {
        let gate_bytes = setup.gate_bytes;
        self.begins_again(setup.planned().unwrap().into(), workers, gate_bytes);
        self.settle();
        self.open_all();
        self
    }

    /// The switch is gone with all that it did not record, and there is a new one a second later,
    /// whose links are all still closed.
    pub fn begins_again(&mut self, plan: Arc<Plan>, workers: u8, gate_bytes: usize) {
        self.tale.line("", '*', &format!("restart with {workers}"));
        self.set_clock(self.now.boot + Duration::from_secs(1));
        let mut after = Self::unsettled(workers, plan, gate_bytes);
        let state = self.journal.state(&after.plan);
        after.now = self.now;
        self.journal.begins(self.now.utc);
        let closings = closings(&state, &after.plan, self.now.utc).records;
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
        (self.journal, self.tale, self.parties) = (before.journal, before.tale, before.parties);
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
