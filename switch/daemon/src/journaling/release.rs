//! What a node with a peer releases: what is durable here, and no more than it is allowed. Both sides of
//! that move it: the journal's thread says what is durable, the thread `ship` what is allowed; whoever
//! comes last moves the workers' marks, so that neither waits for the other's next turn. Must not know
//! why something is allowed.
//!
//! A node without a peer has none of this.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journal::format::Position;
use journal::roles::event::{Allowed, Alone};
use switch_core::time::Time;

use super::waiting::Waiting;
use crate::mesh::Mesh;

/// Batches of which it is kept when they were framed, for the figures of what the peer lacks. Beyond,
/// the newest count as one.
const TRAIL_MAX: usize = 1_024;

/// Shared by the journal's thread and the thread `ship`, which hold it for moments only.
#[derive(Debug)]
pub(crate) struct Release {
    mesh: Arc<Mesh>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Batches that were framed and are not released. As many as the workers' gates have room for.
    waiting: Waiting,
    durable: Position,
    /// The last position that may be released, once it is durable.
    allowed: Position,
    /// When what waited for that counts as framed.
    alone: Alone,
    /// The last position that was released.
    released: Position,
    /// Bytes framed since the start.
    bytes: u64,
    trail: VecDeque<Framed>,
    /// Nothing more is released, whatever is allowed: the process is about to end.
    ended: bool,
}

/// A batch, or several that count as one.
#[derive(Clone, Copy, Debug)]
struct Framed {
    last: Position,
    /// All bytes framed since the start, with these.
    bytes: u64,
    at: Time,
}

/// How far the peer is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lag {
    /// Records that it has not acknowledged.
    pub records: u64,
    /// Bytes of their batches, as far as they were framed since the start.
    pub bytes: u64,
    /// Nanoseconds since the oldest of these was framed.
    pub for_ns: u64,
}

impl Release {
    /// Of a log that is released up to here; nothing more is allowed.
    pub(crate) fn new(mesh: Arc<Mesh>, workers: usize, released: Position) -> Self {
        let inner = Inner {
            waiting: Waiting::new(workers, 8),
            durable: released,
            allowed: released,
            alone: Alone::default(),
            released,
            bytes: 0,
            trail: VecDeque::with_capacity(TRAIL_MAX),
            ended: false,
        };
        Self { mesh, inner: Mutex::new(inner) }
    }

    /// The journal's thread: what it gathered is framed, as one batch of so many bytes up to this
    /// position.
    pub(super) fn on_committed(
        &self,
        gathered: &mut Waiting,
        last: Position,
        bytes: u64,
        framed: Time,
    ) {
        let mut inner = self.lock();
        inner.waiting.close(gathered, framed);
        inner.bytes += bytes;
        let batch = Framed { last, bytes: inner.bytes, at: framed };
        if inner.trail.len() < TRAIL_MAX {
            inner.trail.push_back(batch);
        } else if let Some(newest) = inner.trail.back_mut() {
            (newest.last, newest.bytes) = (last, batch.bytes);
        }
    }

    /// The journal's thread: durable up to here. Gives what is released.
    ///
    /// # Errors
    /// A worker can not be woken.
    pub(crate) fn on_durable(&self, durable: Position) -> io::Result<Position> {
        let mut inner = self.lock();
        inner.durable = inner.durable.max(durable);
        self.advance(&mut inner)?;
        Ok(inner.released)
    }

    /// The thread `ship`: so much may be released.
    ///
    /// # Errors
    /// A worker can not be woken.
    pub(crate) fn allow(&self, allowed: Allowed) -> io::Result<()> {
        let mut inner = self.lock();
        (inner.allowed, inner.alone) = match allowed {
            Allowed::All(alone) => (Position(u64::MAX), alone),
            Allowed::UpTo(position) => (position, Alone::default()),
        };
        self.advance(&mut inner)
    }

    /// The thread `ship`: from here on nothing is released that is not allowed anew. Says how far it was
    /// released before: with the lock held, so that no other thread is between looking and releasing.
    pub(crate) fn require(&self) -> Position {
        let mut inner = self.lock();
        inner.allowed = inner.released;
        inner.released
    }

    /// The main thread, when this process ends where it stands: nothing more is released. Says how far it was.
    pub(crate) fn ends(&self) -> Position {
        let mut inner = self.lock();
        inner.ended = true;
        inner.released
    }

    /// The last position that was released.
    pub(crate) fn released(&self) -> Position {
        self.lock().released
    }

    /// How far a peer is behind that acknowledged this.
    pub(crate) fn lag(&self, acknowledged: Position, now: Time) -> Lag {
        let inner = self.lock();
        let missing = inner.trail.iter().find(|batch| batch.last > acknowledged);
        let Some(oldest) = missing else { return Lag::default() };
        let newest = inner.trail.back().map_or(acknowledged, |batch| batch.last);
        let had = inner.trail.iter().take_while(|batch| batch.last <= acknowledged).last();
        let before = had.map_or(0, |batch| batch.bytes);
        Lag {
            records: newest.0.saturating_sub(acknowledged.0),
            bytes: inner.bytes - before,
            for_ns: u64::try_from(now.since(oldest.at).as_nanos()).unwrap_or(u64::MAX),
        }
    }

    /// The thread `ship`: the peer has everything up to here.
    pub(crate) fn acknowledged(&self, position: Position) {
        let mut inner = self.lock();
        // The last one that it has stays: what is missing is counted from it.
        while inner.trail.get(1).is_some_and(|batch| batch.last <= position) {
            inner.trail.pop_front();
        }
    }

    fn advance(&self, inner: &mut Inner) -> io::Result<()> {
        let reached = inner.durable.min(inner.allowed);
        if reached <= inner.released || inner.ended {
            return Ok(());
        }
        inner.released = reached;
        let alone = inner.alone;
        let mut woken = Ok(());
        inner.waiting.on_durable(reached, |worker, gate, framed| {
            self.mesh.commit(worker, gate, Time(alone.framed(framed.0)));
            if let Err(error) = self.mesh.wake_if_asleep(worker) {
                woken = Err(error);
            }
        });
        woken
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // What it guards is whole between any two statements that could panic; the release build does not
        // survive a panic.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switch_core::gate;
    use switch_core::ids::WorkerId;
    use switch_net::{Net, SocketOptions};

    /// A worker's gate, of which each record takes 100.
    struct Desk {
        release: Release,
        mesh: Arc<Mesh>,
        gathered: Waiting,
    }

    impl Desk {
        fn new() -> Self {
            let net = Net::new(8, 8, SocketOptions::default()).unwrap();
            let mesh = Arc::new(Mesh::new([net.waker()]));
            let release = Release::new(Arc::clone(&mesh), 1, Position(10));
            Self { release, mesh, gathered: Waiting::new(1, 8) }
        }

        fn frames(&mut self, last: u64, at: u64) {
            self.gathered.on_taken(0, Position(last), gate::Position(last * 100));
            self.release.on_committed(&mut self.gathered, Position(last), 4_096, Time(at));
        }

        fn durable(&self, position: u64) {
            self.release.on_durable(Position(position)).unwrap();
        }

        fn allows(&self, position: u64) {
            self.release.allow(Allowed::UpTo(Position(position))).unwrap();
        }

        /// The gate's position, and when the batch was framed.
        fn mark(&self) -> (u64, u64) {
            let (position, framed) = self.mesh.committed_and_framed(WorkerId(0));
            (position.0, framed.0)
        }
    }

    #[test]
    fn nothing_is_released_that_is_not_both_durable_and_allowed_whoever_comes_last() {
        let mut desk = Desk::new();
        desk.frames(11, 5);
        desk.frames(12, 6);
        desk.durable(12);
        assert_eq!((desk.mark(), desk.release.released()), ((0, 0), Position(10)));
        desk.allows(11);
        assert_eq!(desk.mark(), (1_100, 5));
        desk.allows(13);
        assert_eq!((desk.mark(), desk.release.released()), ((1_200, 6), Position(12)));
        desk.frames(13, 7);
        assert_eq!(desk.mark(), (1_200, 6), "acknowledged, and not durable here");
        desk.durable(13);
        assert_eq!(desk.mark(), (1_300, 7));
    }

    #[test]
    fn several_batches_at_once_carry_the_time_of_the_oldest() {
        let mut desk = Desk::new();
        for (last, at) in [(11, 5), (12, 6), (13, 7)] {
            desk.frames(last, at);
        }
        desk.durable(13);
        desk.allows(13);
        assert_eq!(desk.mark(), (1_300, 5));
    }

    #[test]
    fn once_acknowledgements_are_required_what_was_durable_before_waits_for_them() {
        let mut desk = Desk::new();
        desk.release.allow(Allowed::All(Alone::default())).unwrap();
        desk.frames(11, 5);
        desk.durable(11);
        assert_eq!(desk.mark().0, 1_100, "alone, all that is durable is released");
        assert_eq!(desk.release.require(), Position(11));
        desk.frames(12, 6);
        desk.durable(12);
        assert_eq!(desk.mark().0, 1_100);
        desk.allows(10);
        assert_eq!((desk.mark().0, desk.release.released()), (1_100, Position(11)), "never back");
        desk.allows(12);
        assert_eq!(desk.mark().0, 1_200);
    }

    #[test]
    fn what_waited_for_a_standby_that_is_lost_counts_as_framed_when_that_was_known() {
        let alone = Alone { since: 900, from: 300 };
        let mut desk = Desk::new();
        desk.frames(11, 400);
        desk.frames(12, 800);
        desk.durable(12);
        desk.release.allow(Allowed::All(alone)).unwrap();
        assert_eq!(desk.mark(), (1_200, 900));
        desk.frames(13, 950);
        desk.durable(13);
        assert_eq!(desk.mark(), (1_300, 950), "what comes later waits for nobody");

        let mut desk = Desk::new();
        desk.frames(11, 299);
        desk.frames(12, 800);
        desk.durable(12);
        desk.release.allow(Allowed::All(alone)).unwrap();
        assert_eq!(desk.mark(), (1_200, 299), "what was old already does not get younger");

        let mut desk = Desk::new();
        desk.frames(11, 400);
        desk.durable(11);
        desk.release.allow(Allowed::All(alone)).unwrap();
        assert_eq!(desk.release.require(), Position(11));
        desk.frames(12, 850);
        desk.durable(12);
        desk.allows(12);
        assert_eq!(desk.mark(), (1_200, 850), "in sync the framing counts");
    }

    #[test]
    fn what_the_peer_lacks_is_counted_in_records_bytes_and_time() {
        let mut desk = Desk::new();
        assert_eq!(desk.release.lag(Position(10), Time(0)), Lag::default());
        desk.frames(13, 1_000);
        desk.frames(20, 2_000);
        let lag = |desk: &Desk, acknowledged| desk.release.lag(Position(acknowledged), Time(5_000));
        assert_eq!(lag(&desk, 10), Lag { records: 10, bytes: 8_192, for_ns: 4_000 });
        assert_eq!(lag(&desk, 13), Lag { records: 7, bytes: 4_096, for_ns: 3_000 });
        desk.release.acknowledged(Position(13));
        assert_eq!(lag(&desk, 13), Lag { records: 7, bytes: 4_096, for_ns: 3_000 });
        desk.release.acknowledged(Position(20));
        assert_eq!(lag(&desk, 20), Lag::default());
    }

    #[test]
    fn what_is_kept_for_the_figures_is_bounded() {
        let mut desk = Desk::new();
        for batch in 0..3_000 {
            desk.frames(11 + batch, batch);
        }
        assert_eq!(desk.release.lock().trail.len(), TRAIL_MAX);
        let lag = desk.release.lag(Position(10), Time(3_000));
        assert_eq!(lag, Lag { records: 3_000, bytes: 3_000 * 4_096, for_ns: 3_000 });
    }
}
