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
use crate::peer::unread;
use journal::mark::Mark;
use journal::roles::event::{Allowed, Event};
use journal::ship::pool::BATCHES;
use journal::writer::Framed;

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
        Self::opens_beside(name, spares, records, None)
    }

    /// The same with a peer.
    fn opens_beside(
        name: &str,
        spares: usize,
        records: impl IntoIterator<Item = (u64, usize)>,
        ship: Option<&Arc<Ship>>,
    ) -> Self {
        let (ground, mut writer) = Ground::begins(name, spares);
        if let Some(ship) = ship {
            let end = writer.framed();
            writer.tap(ship.tap(end));
        }
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
            sync: "local",
            path: journal::format::PathKind::Mapped,
            epoch: Epoch(1),
            segment_bytes: SEGMENT,
            replayed: 0,
            replayed_ms: 0,
            closed_at_start: 0,
            sight: Arc::default(),
            scrubbed: Arc::default(),
        };
        let figures = Arc::new(Figures::new(fixed, Folding { checkpoint: Position(0) }));
        let scribe: Scribe<Mapped> = Scribe {
            last: LastRecord::default(),
            tunings: Arc::default(),
            lanes: vec![receiver],
            mesh: Arc::clone(&mesh),
            spares: Arc::clone(&ground.spares),
            figures: Arc::clone(&figures),
            peer: ship.map(|ship| {
                let had = Position(writer.next_position().0 - 1);
                let release = Arc::new(Release::new(Arc::clone(&mesh), 1, had));
                ship.releases(Arc::clone(&release));
                ToPeer { ship: Arc::clone(ship), release }
            }),
            stop: Arc::clone(&stop),
            writing: Writing::default(),
            writer,
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

/// The last batch that was framed, by what the thread told.
fn end(events: &[Event]) -> Option<Mark> {
    let mut newest = events.iter().rev();
    newest.find_map(|event| if let Event::Framed { end, .. } = event { Some(*end) } else { None })
}

#[test]
fn with_a_peer_nothing_leaves_that_is_durable_here_alone_and_its_acknowledgement_is_enough() {
    let (ship, _poll) = unread::ship();
    let records = [(100, 50), (200, 50)];
    let mut desk = Desk::opens_beside("peer", 2, records, Some(&ship));
    desk.until("all durable", |desk| desk.figures.status(0).durable == 2);
    let told = unread::events(&ship);
    let end = end(&told).unwrap();
    assert_eq!(end.position, Position(2));
    assert!(told.iter().any(|event| matches!(event, Event::Durable(mark) if *mark == end)));
    assert_eq!(desk.mesh.committed(WorkerId(0)), gate::Position(0), "the peer has nothing");
    // The thread `ship` alone moves the mark: the journal's thread sleeps.
    let release = ship.release().unwrap();
    release.allow(Allowed::UpTo(Position(1))).unwrap();
    release.allow(Allowed::UpTo(Position(2))).unwrap();
    let (committed, framed) = desk.mesh.committed_and_framed(WorkerId(0));
    assert!(committed == gate::Position(200) && framed > Time(0));
    // What was released is written down a while later, and the peer is told that too.
    desk.until("the mark", |desk| desk.figures.status(0).released == 2);
    desk.until("the empty batch", |_| {
        unread::events(&ship).iter().any(|event| {
            matches!(event, Event::Framed { end: then, .. }
            if then.batch > end.batch && then.position == end.position)
        })
    });
    desk.is_told_to_stop();
    assert!(desk.ended.recv_timeout(PATIENCE).unwrap().is_ok());
}

/// All buffers for what the peer is sent, but so many.
fn under_way(ship: &Arc<Ship>, free: usize) -> Vec<Event> {
    let mut tap = ship.tap(Mark::ZERO);
    (free..BATCHES).for_each(|_| tap(Framed::Batch(Mark::ZERO, &[0; 4_096])));
    unread::events(ship)
}

#[test]
fn in_sync_no_batch_is_framed_that_the_peer_can_not_be_sent_and_the_workers_feel_it() {
    let (ship, _poll) = unread::ship();
    let held = under_way(&ship, 1);
    let mut desk = Desk::opens_beside("buffers", 2, [(100, 50)], Some(&ship));
    desk.until("the wait", |desk| desk.lane.free() == desk.lane.capacity());
    for _ in 0..1_000 {
        assert_eq!(desk.figures.status(0).durable, 0);
        thread::yield_now();
    }
    drop(held);
    desk.until("durable", |desk| desk.figures.status(0).durable == 1);
    let told = unread::events(&ship);
    assert!(told.iter().any(|event| matches!(event, Event::Framed { item: Some(_), .. })));
    desk.is_told_to_stop();
    assert!(desk.ended.recv_timeout(PATIENCE).unwrap().is_ok());
}

#[test]
fn once_the_peer_is_given_up_nobody_waits_for_a_buffer() {
    let (ship, _poll) = unread::ship();
    let held = under_way(&ship, 0);
    let mut desk = Desk::opens_beside("given-up", 2, [(100, 50)], Some(&ship));
    unread::gives_up(&ship);
    desk.until("durable", |desk| desk.figures.status(0).durable == 1);
    desk.is_told_to_stop();
    assert!(desk.ended.recv_timeout(PATIENCE).unwrap().is_ok());
    assert_eq!(held.len(), BATCHES);
}
