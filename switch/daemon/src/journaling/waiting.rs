//! What waits for the disk: of each worker, up to where its gate is committed once the journal is
//! durable up to a position. Plain bookkeeping; knows no thread and no file.

use std::collections::VecDeque;

use journal::format::Position;
use switch_core::gate;
use switch_core::ids::WorkerId;
use switch_core::time::Time;

/// What waits, for all workers.
#[derive(Debug)]
pub(super) struct Waiting {
    workers: Vec<Worker>,
}

#[derive(Debug, Default)]
struct Worker {
    /// Where the batch that is gathered will bring it, once closed.
    open: Option<Step>,
    /// Batches on their way to the disk, oldest first.
    closed: VecDeque<Step>,
}

/// When the journal is durable up to the one, the gate is committed up to the other.
#[derive(Clone, Copy, Debug)]
struct Step {
    journal: Position,
    gate: gate::Position,
    /// When the batch was framed.
    framed: Time,
}

impl Waiting {
    /// Nothing waits, for so many workers and at most so many batches under way.
    pub(super) fn new(workers: usize, batches_max: usize) -> Self {
        let worker = || Worker { open: None, closed: VecDeque::with_capacity(batches_max) };
        Self { workers: (0..workers).map(|_| worker()).collect() }
    }

    /// A record of a worker was put into the batch that is gathered.
    #[inline]
    pub(super) fn on_taken(&mut self, worker: usize, journal: Position, gate: gate::Position) {
        self.workers[worker].open = Some(Step { journal, gate, framed: Time(0) });
    }

    /// The batch that was gathered is framed and goes to the disk.
    pub(super) fn on_committed(&mut self, framed: Time) {
        for worker in &mut self.workers {
            worker.closed.extend(worker.open.take().map(|step| Step { framed, ..step }));
        }
    }

    /// The same of a batch that another one gathered.
    pub(super) fn close(&mut self, gathered: &mut Self, framed: Time) {
        for (worker, gathered) in self.workers.iter_mut().zip(&mut gathered.workers) {
            worker.closed.extend(gathered.open.take().map(|step| Step { framed, ..step }));
        }
    }

    /// The journal is durable up to here: tells each worker whose gate that commits, and when the oldest
    /// batch was framed that it needed for that.
    pub(super) fn on_durable(
        &mut self,
        durable: Position,
        mut tell: impl FnMut(WorkerId, gate::Position, Time),
    ) {
        for (worker, id) in self.workers.iter_mut().zip(0_u8..) {
            let mut reached: Option<Step> = None;
            while let Some(step) = worker.closed.pop_front_if(|step| step.journal <= durable) {
                let framed = reached.map_or(step.framed, |oldest| oldest.framed);
                reached = Some(Step { framed, ..step });
            }
            if let Some(Step { gate, framed, .. }) = reached {
                tell(WorkerId(id), gate, framed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(waiting: &mut Waiting, durable: u64) -> Vec<(u8, u64, u64)> {
        let mut told = Vec::new();
        waiting.on_durable(Position(durable), |worker, gate, framed| {
            told.push((worker.0, gate.0, framed.0));
        });
        told
    }

    #[test]
    fn a_gate_is_committed_as_far_as_its_records_in_durable_batches() {
        let mut waiting = Waiting::new(3, 4);
        waiting.on_taken(0, Position(1), gate::Position(100));
        waiting.on_taken(1, Position(2), gate::Position(70));
        waiting.on_taken(0, Position(3), gate::Position(200));
        waiting.on_committed(Time(5));
        waiting.on_taken(0, Position(4), gate::Position(300));
        waiting.on_committed(Time(6));
        waiting.on_taken(1, Position(5), gate::Position(90));
        assert_eq!(told(&mut waiting, 0), []);
        assert_eq!(told(&mut waiting, 3), [(0, 200, 5), (1, 70, 5)]);
        assert_eq!(told(&mut waiting, 3), [], "once");
        assert_eq!(told(&mut waiting, 5), [(0, 300, 6)], "what is gathered is on no disk");
        waiting.on_committed(Time(7));
        assert_eq!(told(&mut waiting, 5), [(1, 90, 7)]);
    }

    #[test]
    fn a_batch_of_which_the_end_is_not_durable_commits_nothing() {
        let mut waiting = Waiting::new(1, 4);
        waiting.on_taken(0, Position(7), gate::Position(100));
        waiting.on_taken(0, Position(8), gate::Position(200));
        waiting.on_committed(Time(5));
        assert_eq!(told(&mut waiting, 7), []);
        assert_eq!(told(&mut waiting, 8), [(0, 200, 5)]);
    }
}
