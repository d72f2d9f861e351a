//! What is written down beside transactions: that a station signed on or off, what was counted, and what
//! the node itself has to say.
//! Knows no message.

use core::time::Duration;

use crate::counters::{Counter, Counters};
use crate::gate::{Position, Service};
use crate::ids::StationId;
use crate::records::{COUNTED_MAX, Deltas, HEAD_MAX, Record};
use crate::time::Time;
use crate::turn::{Core, Turn, World};

/// How often counters are written down at most.
const COUNTS_EVERY: Duration = Duration::from_secs(1);

/// The most bytes of what the node itself has to say: three texts and some numbers.
pub const SAID_MAX: usize = 1_024;

/// What was counted when it was last written down, and when that may be again.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    counters: Counters,
    again: Time,
}

impl World {
    /// When counters are to be written down.
    pub(crate) fn counts_wake(&self) -> Time {
        if self.counters.have_changed() { self.counted.again } else { Time::NEVER }
    }

    /// What has been counted so far is in the records.
    pub(crate) fn counts_are_written_down(&mut self) {
        self.counted.counters = self.counters.as_written_down();
    }
}

impl Core {
    /// Writes down what the node itself has to say: a station or links that are new, a configuration, a
    /// command, a pulse. Gives the position that its commit reaches; none, and nothing is written down,
    /// while the gate has no room for it.
    ///
    /// # Panics
    /// When it is longer than [`SAID_MAX`], or has a text of more than 255 bytes.
    pub fn write_down(&mut self, record: &Record<'_>) -> Option<Position> {
        let gate = &mut self.gate;
        let entered =
            gate.admits_as(Service::Network, SAID_MAX) && gate.enter_record(record, SAID_MAX);
        entered.then(|| gate.end())
    }
}

impl Turn<'_> {
    /// A station signed on or off. False, and nothing has changed, when that can not be written
    /// down now.
    pub(crate) fn on_signed(&mut self, station: StationId, on: bool) -> bool {
        if self.world.stations[station.index()].signed_off == on {
            let (at, utc) = (self.now.boot, self.now.utc);
            let record = Record::SignOn { station: self.plan.number(station), on, at, utc };
            if !self.gate.enter_record(&record, HEAD_MAX) {
                return false;
            }
        }
        self.world.stations[station.index()].has_signed(on);
        true
    }

    /// The node stops: what was counted is written down now.
    pub(crate) fn count_at_once(&mut self) {
        self.world.counted.again = Time(0);
        self.on_counts_time();
    }

    /// Writes down what was counted since it was done last, at most once a second. Where the gate
    /// has no room for it, the next one says it.
    pub(crate) fn on_counts_time(&mut self) {
        if self.now.boot < self.world.counts_wake() {
            return;
        }
        let world = &mut *self.world;
        world.counted.again = self.now.boot + COUNTS_EVERY;
        if !self.gate.admits(COUNTED_MAX, 0) {
            return;
        }
        let before = &world.counted.counters;
        let grown = Counter::ALL.iter().filter_map(|&counter| {
            let by = world.counters.of(counter) - before.of(counter);
            (by > 0).then(|| (counter.number(), by))
        });
        let mut room = [0; COUNTED_MAX];
        let deltas = Deltas::write(grown, &mut room).expect("there is room for every counter");
        if self.gate.enter_record(&Record::Counts { deltas }, COUNTED_MAX) {
            world.counts_are_written_down();
        }
    }
}
