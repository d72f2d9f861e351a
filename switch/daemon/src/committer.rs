//! What makes records durable before their bytes leave: hands a worker's records to the journal's
//! thread and learns from its mark how far they are. Where no journal is kept, a record counts as
//! committed as soon as it is made. Must not know what a record says or where it is written.

use std::sync::Arc;

use journal::format::RECORD_MAX;
use switch_core::Core;
use switch_core::gate::Position;
use switch_core::ids::WorkerId;
use switch_core::time::Time;
use switch_sync::{LaneReceiver, LaneSender, wiping_lane};

use crate::mesh::Mesh;

/// Bytes of the lane from a worker to the journal's thread.
const LANE_BYTES: usize = 1 << 20;
/// Bytes in front of a record in the lane: the gate's position that its commit reaches.
pub(crate) const LANE_HEAD: usize = 8;
/// What one record takes in the lane at most, with what the lane needs itself.
const ONE_MAX: usize = LANE_HEAD + RECORD_MAX + 64;

/// Takes the records of a turn and says how far they are committed.
pub struct Committer {
    /// Records taken so far.
    records: u64,
    way: Way,
}

enum Way {
    /// Nothing is kept.
    AtOnce,
    Journal(Box<ToJournal>),
}

/// A worker's end of its way to the journal's thread.
struct ToJournal {
    worker: WorkerId,
    lane: LaneSender,
    mesh: Arc<Mesh>,
    /// The gate's position behind the last record in the lane.
    handed: Position,
    /// What the mark said last, and when its batch was framed.
    committed: Position,
    framed: Time,
}

impl Committer {
    /// A committer that keeps nothing: every record is committed as soon as it is made.
    pub fn at_once() -> Self {
        Self { records: 0, way: Way::AtOnce }
    }

    /// A committer that hands records to the journal's thread, with the end of the lane that is for
    /// that thread. The mark of the worker is in the mesh.
    pub fn to_journal(worker: WorkerId, mesh: Arc<Mesh>) -> (Self, LaneReceiver) {
        let (lane, receiver) = wiping_lane(LANE_BYTES);
        let (handed, committed) = (Position::default(), Position::default());
        let way = Way::Journal(Box::new(ToJournal {
            worker,
            lane,
            mesh,
            handed,
            committed,
            framed: Time(0),
        }));
        (Self { records: 0, way }, receiver)
    }

    /// Takes every record that waits, as far as there is room for them; gives the position up to
    /// which all are committed, and when the batch was framed that brought it there.
    pub fn commit(&mut self, core: &mut Core, now: Time) -> (Position, Time) {
        match &mut self.way {
            Way::AtOnce => {
                while core.poll_record().is_some() {
                    self.records += 1;
                }
                (core.entered(), now)
            }
            Way::Journal(journal) => {
                // In this order. Were the mark looked at behind a lane that was full, that look could
                // be the one that sees the lane's last record durable: nobody would move the mark again,
                // and what is left would wait in the gate for some other reason to wake up. A lane that
                // is full behind the look has a record that the look has not seen.
                journal.look();
                let (all, count) = journal.hand_over(core);
                self.records += count;
                // Behind the last record there is nothing that would have to wait.
                let all = all && journal.committed >= journal.handed;
                (if all { core.entered() } else { journal.committed }, journal.framed)
            }
        }
    }

    /// Whether more is committed than [`Committer::commit`] has said. Looks at the shared mark.
    pub(crate) fn has_news(&self) -> bool {
        match &self.way {
            Way::AtOnce => false,
            Way::Journal(journal) => journal.mesh.committed(journal.worker) != journal.committed,
        }
    }

    /// The mark itself: up to where the journal's thread has said that the gate is committed. None where no
    /// journal is kept.
    pub(crate) fn mark(&self) -> Option<Position> {
        match &self.way {
            Way::AtOnce => None,
            Way::Journal(journal) => Some(journal.mesh.committed(journal.worker)),
        }
    }

    /// Whether records are on their way to the disk: the mark will move.
    pub(crate) fn waits(&self) -> bool {
        match &self.way {
            Way::AtOnce => false,
            Way::Journal(journal) => journal.handed > journal.mesh.committed(journal.worker),
        }
    }

    /// Records taken so far.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Bytes in the lane to the journal's thread, and in all; none without a journal.
    pub fn lane(&self) -> Option<(usize, usize)> {
        match &self.way {
            Way::AtOnce => None,
            Way::Journal(journal) => Some((journal.lane.used(), journal.lane.capacity())),
        }
    }
}

impl ToJournal {
    /// Puts every record that waits into the lane, while there is room; says whether none is left,
    /// and how many were put. A full lane is no reason to wait: its reader moves our mark when what it
    /// has taken is durable, and that wakes us.
    fn hand_over(&mut self, core: &mut Core) -> (bool, u64) {
        let mut count = 0;
        let all = loop {
            let Some(room) = self.lane.reserve(ONE_MAX) else { break false };
            let Some((position, record)) = core.poll_record() else { break true };
            let length = LANE_HEAD + record.len();
            room[..LANE_HEAD].copy_from_slice(&position.0.to_le_bytes());
            room[LANE_HEAD..length].copy_from_slice(record);
            self.lane.commit(length);
            self.handed = position;
            count += 1;
        };
        if count > 0 {
            self.lane.publish();
            self.mesh.wake_journal_if_asleep();
        }
        (all, count)
    }

    fn look(&mut self) {
        (self.committed, self.framed) = self.mesh.committed_and_framed(self.worker);
    }
}
