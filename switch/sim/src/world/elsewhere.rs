//! A switch whose records are committed elsewhere: they are handed over as they come about, and what
//! they permit leaves when whoever took them says so. It can stand still, and go on at another place
//! with another log. Must not know who commits.

use std::collections::BTreeMap;
use std::sync::Arc;

use switch_core::gate::Position;
use switch_core::ids::{LinkId, WorkerId};
use switch_core::plan::Plan;
use switch_core::records::Record;
use switch_core::time::Time;

use super::party::lost_on;
use super::{Seen, World};

/// A record that a worker made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Whose it is, and where its commit reaches there.
    pub place: Option<(WorkerId, Position)>,
    /// The record.
    pub bytes: Vec<u8>,
}

impl World {
    /// It has not begun anywhere yet, and its records will be committed by somebody else; gives those of
    /// its first start.
    pub fn waits_for_a_site(&mut self) -> Vec<Vec<u8>> {
        (self.holding, self.still) = (true, true);
        std::mem::take(&mut self.journal.records)
    }

    /// What happened since the last look.
    pub fn takes_story(&mut self) -> String {
        std::mem::take(&mut self.tale.text)
    }

    /// Whether nobody has a turn.
    pub fn is_still(&self) -> bool {
        self.still
    }

    /// From now on it stands still, or goes on.
    pub fn stands_still(&mut self, still: bool) {
        self.still = still;
        while !still && let Some((link, tpdu, frame)) = self.unread.pop_front() {
            self.takes_in(link, tpdu, &frame);
        }
        self.settle();
    }

    /// A station reads on. What a socket has taken comes out of it whether anybody has a turn or not.
    pub(super) fn is_read(&mut self) {
        if self.still {
            self.deliver();
        }
        self.settle();
    }

    /// The records that came about since the last look.
    pub fn takes_records(&mut self) -> Vec<Made> {
        let mut made = Vec::new();
        for (core, worker) in self.cores.iter_mut().zip(0..) {
            while let Some((position, record)) = core.poll_record() {
                let place = Some((WorkerId(worker), position));
                made.push(Made { place, bytes: record.to_vec() });
            }
        }
        made
    }

    /// These are committed; the oldest of their batches was framed then.
    pub fn has_committed(&mut self, made: &[Made], framed: Time) {
        let mut reached = BTreeMap::new();
        // With the first of them all is committed that stands before them in that log.
        let before = self.journal.records.iter().skip(self.known);
        self.seen.extend(before.cloned().map(Seen::Recorded));
        for Made { place, bytes } in made {
            let record = Record::read(bytes).expect("a record reads back");
            if !matches!(record, Record::Start { .. } | Record::HashKey { .. }) {
                self.tale.record(&self.plan, record);
            }
            self.seen.push(Seen::Recorded(bytes.clone()));
            self.journal.adds(bytes);
            if let Some((worker, position)) = *place {
                reached.insert(worker, position);
            }
        }
        self.known = self.journal.records.len();
        for (worker, position) in reached {
            self.cores[worker.index()].handle_committed(position, framed);
        }
        self.settle();
    }

    /// Whoever switched is gone at once, with all its links; nobody switches for now.
    pub fn dies(&mut self) {
        self.still = true;
        self.unread.clear();
        self.connecting.clear();
        for link in (0..u32::try_from(self.plan.link_stations.len()).unwrap()).map(LinkId) {
            let (_, lost) = self.network.close(link);
            self.seen.extend(lost_on(&self.plan, link, lost));
        }
    }

    /// It begins again at a place whose log has these records, and stands still until its first ones are
    /// committed; gives these.
    pub fn begins_elsewhere(
        &mut self,
        log: &[Vec<u8>],
        plan: Arc<Plan>,
        workers: u8,
        gate_bytes: usize,
    ) -> Vec<Vec<u8>> {
        let known = self.known;
        assert!(log.len() >= known, "what was committed is in every log that a reign begins with");
        self.journal.records = log.to_vec();
        let mut seen = std::mem::take(&mut self.seen);
        self.begins_again(plan, workers, gate_bytes);
        (self.holding, self.still, self.known) = (true, true, known);
        // What it says itself is committed by whoever commits.
        let said = self.journal.records.split_off(log.len());
        let is_said = |seen: &Seen| matches!(seen, Seen::Recorded(bytes) if said.contains(bytes));
        seen.extend(self.seen.drain(..).filter(|seen| !is_said(seen)));
        self.seen = seen;
        said
    }
}

#[cfg(test)]
mod tests {
    use crate::world::{Setup, acquirer, issuer, sale};

    #[test]
    fn what_a_socket_took_comes_out_of_it_while_the_switch_stands_still() {
        let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
        world.issuer("X").stalls();
        world.acquirer("A").sends(sale(2_500));
        world.stands_still(true);
        world.issuer("X").reads();
        assert_eq!(world.issuer("X").heard_count(), 1);
        world.issuer("X").answers("000");
        assert_eq!(world.acquirer("A").heard_count(), 0, "nobody has read that yet");
        world.stands_still(false);
        assert_eq!(world.acquirer("A").heard().of(39), "000");
    }
}
