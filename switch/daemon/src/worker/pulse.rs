//! A worker's answer to a pulse: it takes it up between two turns, and says so again when something that it
//! wrote down has been committed since. Where nothing is on its way to the disk, it writes down that there was
//! a pulse; where something is, that will do. Must not know who asks.

use std::time::Duration;

use switch_core::gate::Position;
use switch_core::ids::StationId;
use switch_core::records::Record;
use switch_core::time::Time;

use super::Worker;

/// A worker without work writes a pulse down so often; those between are answered by it.
const IDLE: Duration = Duration::from_secs(2);

/// What is owed to a pulse.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    owed: Option<Owed>,
    /// When something was last committed behind one.
    proven: Option<Time>,
    /// Up to where the gate was committed then.
    last: Option<Position>,
    /// The disk has no room for new requests: what there is, is for answers.
    spares: bool,
}

#[derive(Debug)]
struct Owed {
    number: u64,
    /// Up to where the gate was committed when it was asked; none where no journal is kept.
    from: Option<Position>,
    written: bool,
}

impl Pulse {
    /// Whether the disk has room for more than answers.
    pub(super) fn handle_room(&mut self, there_is: bool) {
        self.spares = !there_is;
    }

    /// Whether what there is of the disk is for answers.
    pub(super) fn spares(&self) -> bool {
        self.spares
    }
}

impl Worker {
    /// A pulse came. One that is not answered by now is answered with this one.
    pub(super) fn take_pulse(&mut self, number: u64, now: Time) {
        let (links, stations) = self.ready();
        self.mesh.pulses().take(self.me, number, links, stations);
        let is_fresh = self.pulse.proven.is_some_and(|at| now.since(at) < IDLE);
        if is_fresh && self.pulse.owed.is_none() && !self.has_work() {
            return self.mesh.pulses().pass(self.me, number, now);
        }
        let is_owed = self.pulse.owed.as_ref().is_some_and(|owed| owed.number == number);
        if !is_owed {
            let from = self.committer.mark();
            self.pulse.owed = Some(Owed { number, from, written: false });
        }
    }

    /// Whether it had something committed, or is to, since a pulse was through.
    fn has_work(&self) -> bool {
        self.committer.waits() || self.committer.mark() != self.pulse.last
    }

    /// Before the records of this turn are handed over: writes the pulse down, where it has to be.
    pub(super) fn write_pulse(&mut self) {
        let Some(owed) = &mut self.pulse.owed else { return };
        // While the disk is full no pulse may use up what answers need.
        if !owed.written && !self.pulse.spares && !self.committer.waits() {
            // Without room in the gate it is tried again in the next turn.
            owed.written = self.core.write_down(&Record::Pulse).is_some();
        }
    }

    /// Behind what was committed in this turn: answers, if it can be answered.
    pub(super) fn answer_pulse(&mut self, now: Time) {
        let Some(owed) = &self.pulse.owed else { return };
        let moved = owed.from.is_none() || self.committer.mark() != owed.from;
        let has_nothing = self.pulse.spares && !self.committer.waits();
        if moved || has_nothing {
            self.mesh.pulses().pass(self.me, owed.number, now);
            self.pulse.owed = None;
            (self.pulse.proven, self.pulse.last) = (Some(now), self.committer.mark());
        }
    }

    /// Its links that can take a message, and its stations that have one.
    fn ready(&self) -> (u32, u32) {
        let stations = self.core.plan().stations.iter().enumerate();
        let mine = stations.filter(|(_, station)| station.worker == self.me);
        let ready = mine.map(|(place, _)| {
            let id = StationId(u16::try_from(place).expect("stations are counted"));
            self.core.station(id).ready.len()
        });
        ready.filter(|&links| links > 0).fold((0, 0), |(links, stations), more| {
            (links + u32::try_from(more).expect("links are counted"), stations + 1)
        })
    }
}
