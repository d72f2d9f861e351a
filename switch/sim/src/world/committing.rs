//! Records of a world that a test commits by hand, and a gate that fills up meanwhile. Knows no station.

use std::time::Duration;

use switch_core::counters::Counter;
use switch_core::ids::WorkerId;
use switch_core::records::Record;
use switch_core::time::Time;

use super::{Seen, World, sale};

impl World {
    /// From now on no record is committed until [`World::commits`].
    pub fn holds_commits(&mut self) {
        self.holding = true;
    }

    /// From now on no record is committed, and sales of this acquirer fill the gate until there is
    /// no room for anything.
    pub fn fills_the_gate(&mut self, acquirer: &str) {
        self.holds_commits();
        while self.count(Counter::AnswersLost) == 0 {
            self.acquirer(acquirer).sends(sale(1));
        }
        // The smallest thing that we send: the report of a message that can not be read.
        let lost = self.count(Counter::AnswersLost);
        while self.count(Counter::AnswersLost) == lost {
            self.acquirer(acquirer).sends_bytes(b"1200");
        }
        self.forget();
    }

    /// Commits what has been held back, and everything from now on.
    pub fn commits(&mut self) {
        self.holding = false;
        self.settle();
    }

    /// Commits what has been held back, as it was framed so long ago, and everything from now on.
    pub fn commits_what_was_framed(&mut self, ago: Duration) {
        self.holding = false;
        self.records_alone();
        let framed = Time(self.now.boot.0 - u64::try_from(ago.as_nanos()).unwrap());
        for (core, worker) in self.cores.iter_mut().zip(0..) {
            core.handle_committed(core.entered(), framed);
            core.poll_transmit(self.now, &mut self.network.of(WorkerId(worker)));
        }
        // As in a worker's turn: what was released goes to the sockets before time is looked at.
        self.deliver();
        self.settle();
    }

    /// Commits up to the end of the first so many of the records that are still to be taken.
    pub fn commits_only(&mut self, records: usize) {
        for _ in 0..records {
            let (position, record) = self.cores[0].poll_record().expect("a record waits");
            self.tale.record(&self.plan, Record::read(record).unwrap());
            self.seen.push(Seen::Recorded(record.to_vec()));
            self.journal.adds(record);
            self.cores[0].handle_committed(position, self.now.boot);
        }
        self.settle();
    }
}
