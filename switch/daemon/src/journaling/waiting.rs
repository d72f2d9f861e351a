//! What waits for the disk: of each worker, up to where its gate is committed once the journal is
//! durable up to a position. Plain bookkeeping; knows no thread and no file.

use std::collections::VecDeque;

use journal::format::Position;
use switch_core::gate;
use switch_core::ids::WorkerId;

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
        self.workers[worker].open = Some(Step { journal, gate });
    }

    /// The batch that was gathered goes to the disk.
    pub(super) fn on_committed(&mut self) {
        for worker in &mut self.workers {
            worker.closed.extend(worker.open.take());
        }
    }

    /// The journal is durable up to here: tells each worker whose gate that commits.
    pub(super) fn on_durable(
        &mut self,
        durable: Position,
        mut tell: impl FnMut(WorkerId, gate::Position),
    ) {
        for (worker, id) in self.workers.iter_mut().zip(0_u8..) {
            let mut reached = None;
            while let Some(step) = worker.closed.pop_front_if(|step| step.journal <= durable) {
                reached = Some(step.gate);
            }
            if let Some(gate) = reached {
                tell(WorkerId(id), gate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(waiting: &mut Waiting, durable: u64) -> Vec<(u8, u64)> {
        let mut told = Vec::new();
        waiting.on_durable(Position(durable), |worker, gate| told.push((worker.0, gate.0)));
        told
    }

    #[test]
    fn a_gate_is_committed_as_far_as_its_records_in_durable_batches() {
        let mut waiting = Waiting::new(3, 4);
        waiting.on_taken(0, Position(1), gate::Position(100));
        waiting.on_taken(1, Position(2), gate::Position(70));
        waiting.on_taken(0, Position(3), gate::Position(200));
        waiting.on_committed();
        waiting.on_taken(0, Position(4), gate::Position(300));
        waiting.on_committed();
        waiting.on_taken(1, Position(5), gate::Position(90));
        assert_eq!(told(&mut waiting, 0), []);
        assert_eq!(told(&mut waiting, 3), [(0, 200), (1, 70)]);
        assert_eq!(told(&mut waiting, 3), [], "once");
        assert_eq!(told(&mut waiting, 5), [(0, 300)], "what is gathered is on no disk");
        waiting.on_committed();
        assert_eq!(told(&mut waiting, 5), [(1, 90)]);
    }

    #[test]
    fn a_batch_of_which_the_end_is_not_durable_commits_nothing() {
        let mut waiting = Waiting::new(1, 4);
        waiting.on_taken(0, Position(7), gate::Position(100));
        waiting.on_taken(0, Position(8), gate::Position(200));
        waiting.on_committed();
        assert_eq!(told(&mut waiting, 7), []);
        assert_eq!(told(&mut waiting, 8), [(0, 200)]);
    }
}
