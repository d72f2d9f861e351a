//! The journal's thread where the disk has no room, and where nothing is to do.

use std::sync::mpsc::{Receiver, channel};

use journal::format::{Epoch, SegmentNumber};
use journal::path::Mapped;
use switch_core::ids::WorkerId;
use switch_net::{Net, SocketOptions};
use switch_sync::{LaneSender, wiping_lane};

use super::super::figures::{Fixed, Folding};
use super::super::ground::{Ground, SEGMENT};
use super::*;

/// So long something may take that the test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

struct Desk {
    ground: Ground,
    lane: LaneSender,
    mesh: Arc<Mesh>,
    stop: Arc<AtomicBool>,
    figures: Arc<Figures>,
    ended: Receiver<Result<(), Ended>>,
}

impl Desk {
    /// A thread on a journal with so many spare segments, and one worker's lane to it that has
    /// `records` of 50,000 bytes in it.
    fn opens(name: &str, spares: usize, records: u64) -> Self {
        Self::opens_with(name, spares, (1..=records).map(|position| (position * 100, 50_000)))
    }

    /// The same with records at these positions of the gate and of these lengths.
    fn opens_with(
        name: &str,
        spares: usize,
        records: impl IntoIterator<Item = (u64, usize)>,
    ) -> Self {
        let (ground, writer) = Ground::begins(name, spares);
        let net = Net::new(8, 8, SocketOptions::default()).expect("sockets");
        let mesh = Arc::new(Mesh::new([net.waker()]));
        let (mut lane, receiver) = wiping_lane(8 << 20);
        for (position, length) in records {
            let room = lane.reserve(8 + length).expect("it is large");
            room.fill(9);
            room[..8].copy_from_slice(&position.to_le_bytes());
            lane.commit(8 + length);
        }
        lane.publish();
        let stop = Arc::new(AtomicBool::new(false));
        let fixed = Fixed {
            directory: ground.path.clone(),
            path: journal::format::PathKind::Mapped,
            epoch: Epoch(1),
            segment_bytes: SEGMENT,
            replayed: 0,
            replayed_ms: 0,
            closed_at_start: 0,
            sight: Arc::default(),
        };
        let figures = Arc::new(Figures::new(fixed, Folding { checkpoint: Position(0) }));
        let scribe: Scribe<Mapped> = Scribe {
            tunings: Arc::default(),
            writer,
            lanes: vec![receiver],
            mesh: Arc::clone(&mesh),
            spares: Arc::clone(&ground.spares),
            figures: Arc::clone(&figures),
            stop: Arc::clone(&stop),
            writing: Writing::default(),
        };
        let (tell, ended) = channel();
        let thread = thread::spawn(move || tell.send(scribe.run()));
        mesh.journal_is(thread.thread().clone());
        Self { ground, lane, mesh, stop, figures, ended }
    }

    fn until(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) {
        let begun = clocks::boot();
        while !is_so(self) {
            assert!(clocks::boot().since(begun) < PATIENCE, "{what} did not come");
            thread::yield_now();
        }
    }

    fn is_told_to_stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.mesh.wake_journal_if_asleep();
    }
}

#[test]
fn a_stop_is_heard_while_the_disk_has_no_room_and_what_was_not_written_is_said() {
    // Two batches of which the first fills the only segment.
    let mut desk = Desk::opens("full", 0, 25);
    desk.until("the last record taken", |desk| desk.lane.free() == desk.lane.capacity());
    let committed = desk.mesh.committed(WorkerId(0));
    assert!(committed < gate::Position(2_500), "not all of it found room");
    desk.is_told_to_stop();
    let ended = desk.ended.recv_timeout(PATIENCE).expect("it ends");
    let Err(Ended::Broken(broken)) = ended else { panic!("{ended:?}") };
    assert_eq!(broken.error.kind(), std::io::ErrorKind::StorageFull);
    assert_eq!(desk.mesh.committed(WorkerId(0)), committed, "nothing is said to be durable");
}

#[test]
fn while_it_waits_for_a_segment_it_says_with_each_pulse_that_it_is_alive() {
    let mut desk = Desk::opens("waits", 0, 25);
    for number in 1..=3 {
        let pulses = desk.mesh.pulses();
        pulses.give(number);
        pulses.take(WorkerId(0), number, 0, 0);
        pulses.keeper_steps();
        desk.until("its sign of life", |desk| desk.mesh.pulses().late(number).is_none());
    }
    desk.is_told_to_stop();
    assert!(desk.ended.recv_timeout(PATIENCE).expect("it ends").is_err());
}

#[test]
fn once_there_is_room_again_what_waited_is_written() {
    let mut desk = Desk::opens("room", 0, 25);
    desk.until("the last record taken", |desk| desk.lane.free() == desk.lane.capacity());
    while desk.ground.spares.count() == 0 && desk.mesh.committed(WorkerId(0)).0 < 2_500 {
        desk.ground.keeper.step().expect("the disk works");
    }
    desk.until("the mark", |desk| desk.mesh.committed(WorkerId(0)) == gate::Position(2_500));
    desk.is_told_to_stop();
    let ended = desk.ended.recv_timeout(PATIENCE).expect("it ends");
    assert!(ended.is_ok(), "{ended:?}");
    let shown = desk.figures.status(0);
    assert_eq!((shown.position, shown.durable, shown.released), (25, 25, 25));
    assert_eq!(shown.segment, SegmentNumber(2).0);
}
