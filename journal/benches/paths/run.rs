//! One run: a producer, a journal thread and a keeper, for some seconds. The journal thread is as
//! the daemon's, without its workers' gates. Must not know how figures are shown.

use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use journal::disk::SystemDisk;
use journal::format::{BatchNumber, Epoch, PathKind, Position, SegmentNumber};
use journal::pacing::{Open, Pacing, When};
use journal::path::{Direct, Mapped, WritePath};
use journal::seal::{Key, Keys};
use journal::segments::{Keeper, Next, Spares};
use journal::writer::{Appended, Committed, Start, Writer};
use switch_sync::{LaneReceiver, LaneSender, Sleeper, wiping_lane};

use crate::clock;
use crate::figures::Figures;

const SEGMENT: u64 = 64 << 20;
/// One turn of the producer: as long as a worker's, roughly.
const TURN: Duration = Duration::from_micros(40);

/// What the keeper leaves to commits between two steps.
const KEEPER: Duration = Duration::from_millis(2);
/// How long the disk has to come to rest after the first spares were prepared.
const SETTLE: Duration = Duration::from_millis(1_500);

/// What the producer does.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) path: PathKind,
    pub(crate) rate: u64,
    pub(crate) record_bytes: usize,
    pub(crate) seconds: u64,
}

impl Load {
    pub(crate) fn path_name(&self) -> &'static str {
        if self.path == PathKind::Mapped { "mapped" } else { "direct" }
    }

    pub(crate) fn name(&self) -> String {
        format!("{}-{}-{}", self.path_name(), self.rate, self.record_bytes)
    }
}

pub(crate) fn run(directory: &Path, load: &Load) -> Figures {
    let disk =
        SystemDisk::open(&directory.join(load.name()), true).unwrap().prepared_for(load.path);
    let spares = Arc::new(Spares::new(SEGMENT));
    let mut keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), 3, 0).unwrap();
    while keeper.step().unwrap() == Next::Again {}
    pause(SETTLE);
    match load.path {
        PathKind::Mapped => {
            measure(load, begin(&disk, Mapped::new(disk.clone()), &spares), keeper, &spares)
        }
        PathKind::Direct => {
            let path = Direct::new(disk.clone());
            assert!(path.refused().is_none(), "{:?}", path.refused());
            measure(load, begin(&disk, path, &spares), keeper, &spares)
        }
    }
}

fn begin<P: WritePath>(disk: &SystemDisk, path: P, spares: &Arc<Spares>) -> Writer<SystemDisk, P> {
    let start = Start {
        cluster: *b"a bench's record",
        epoch: Epoch(1),
        next_segment: SegmentNumber(1),
        next_batch: BatchNumber(1),
        next_position: Position(1),
        previous: [0; 16],
        released: Position(0),
        last_epoch: Epoch(0),
    };
    let keys = Arc::new(Keys::only(Key::of(&[7; 32])));
    Writer::begin(disk.clone(), path, keys, &start, Arc::clone(spares), clock::now_ns()).unwrap()
}

fn measure<P: WritePath>(
    load: &Load,
    writer: Writer<SystemDisk, P>,
    mut keeper: Keeper<SystemDisk>,
    spares: &Spares,
) -> Figures {
    let (sender, receiver) = wiping_lane(8 << 20);
    let (sleeper, produced, ended) =
        (Sleeper::new(), AtomicBool::new(false), AtomicBool::new(false));
    let before_ns = clock::process_ns();
    thread::scope(|scope| {
        let journal = scope.spawn(|| {
            exact_timers();
            let bytes = thread_bytes();
            let mut scribe = Scribe::new(writer, receiver, &sleeper, spares);
            while !(produced.load(Ordering::Acquire) && scribe.lane.is_empty()) {
                scribe.turn(&produced);
            }
            scribe.commit(clock::now_ns());
            while scribe.writer.under_way() > 0 {
                scribe.poll(true);
            }
            (scribe.durable, scribe.writer.written(), clock::thread_ns(), thread_bytes() - bytes)
        });
        let keeping = scope.spawn(|| {
            let mut steps = 0;
            while !ended.load(Ordering::Acquire) {
                spares.sealed().into_iter().for_each(|number| spares.archived(number));
                match keeper.step().unwrap() {
                    Next::Again => {
                        steps += 1;
                        pause(KEEPER);
                    }
                    Next::Idle | Next::Full => spares.wait_for_work(Duration::from_millis(100)),
                }
            }
            (steps, clock::thread_ns())
        });
        let to_wake = journal.thread().clone();
        let sleeper = &sleeper;
        let producer = scope.spawn(move || produce(load, sender, sleeper, &to_wake));
        let (handed_over, producer_ns) = producer.join().unwrap();
        produced.store(true, Ordering::Release);
        journal.thread().unpark();
        let (durable, written, journal_ns, device_bytes) = journal.join().unwrap();
        ended.store(true, Ordering::Release);
        spares.wake_keeper();
        let (steps, keeper_ns) = keeping.join().unwrap();
        let process_ns = clock::process_ns() - before_ns;
        Figures {
            load: *load,
            waits_ns: waits(&handed_over, &durable),
            written,
            device_bytes,
            journal_ns,
            others_ns: process_ns.saturating_sub(journal_ns + keeper_ns + producer_ns),
            prepared_bytes: steps * (1 << 20),
            keeper_ns,
        }
    })
}

/// Hands over records at the rate, for the time; gives when each was, and its own CPU time.
fn produce(
    load: &Load,
    mut lane: LaneSender,
    sleeper: &Sleeper,
    journal: &Thread,
) -> (Vec<u64>, u64) {
    exact_timers();
    let total = load.rate * load.seconds;
    let mut handed_over = Vec::with_capacity(usize::try_from(total).unwrap());
    let record = vec![0x5A; load.record_bytes];
    let start = clock::now_ns();
    let mut done = 0;
    while done < total {
        let now = clock::now_ns();
        let due = ((now - start) * load.rate / 1_000_000_000).min(total);
        while done < due {
            let Some(room) = lane.reserve(record.len()) else { break };
            room.copy_from_slice(&record);
            lane.commit(record.len());
            handed_over.push(now);
            done += 1;
        }
        lane.publish();
        if sleeper.should_wake() {
            journal.unpark();
        }
        pause(TURN);
    }
    (handed_over, clock::thread_ns())
}

/// How long each record waited, sorted.
fn waits(handed_over: &[u64], durable: &[(u64, u64)]) -> Vec<u64> {
    let mut waits = Vec::with_capacity(handed_over.len());
    for &(position, when) in durable {
        let until = usize::try_from(position).unwrap();
        waits.extend(handed_over[waits.len()..until].iter().map(|&since| when - since));
    }
    assert_eq!(waits.len(), handed_over.len(), "every record became durable");
    waits.sort_unstable();
    waits
}

struct Scribe<'a, P: WritePath> {
    writer: Writer<SystemDisk, P>,
    lane: LaneReceiver,
    sleeper: &'a Sleeper,
    spares: &'a Spares,
    pacing: Pacing,
    since_ns: u64,
    /// Up to where everything was durable, and when that was found.
    durable: Vec<(u64, u64)>,
}

impl<'a, P: WritePath> Scribe<'a, P> {
    fn new(
        writer: Writer<SystemDisk, P>,
        lane: LaneReceiver,
        sleeper: &'a Sleeper,
        spares: &'a Spares,
    ) -> Self {
        let pacing = Pacing::new(clock::now_ns());
        Self {
            writer,
            lane,
            sleeper,
            spares,
            pacing,
            since_ns: 0,
            durable: Vec::with_capacity(1 << 20),
        }
    }

    fn turn(&mut self, produced: &AtomicBool) {
        let full = self.gather();
        let now = clock::now_ns();
        let open = Open {
            records: self.writer.open_records(),
            bytes: self.writer.open_bytes(),
            since_ns: self.since_ns,
            all_asleep: produced.load(Ordering::Acquire),
        };
        match self.pacing.decide(now, &open) {
            When::Now => self.commit(now),
            When::Until(until) => {
                self.poll(false);
                return pause(Duration::from_nanos(until - now));
            }
            When::Never if self.writer.under_way() == 0 => return self.sleep(produced),
            When::Never => {}
        }
        let wait = full || self.lane.is_empty();
        self.poll(wait);
    }

    /// Whether there is no room for more.
    fn gather(&mut self) -> bool {
        if self.writer.open_records() == 0 {
            self.since_ns = clock::now_ns();
        }
        let mut full = false;
        while let Some(record) = self.lane.front() {
            full = self.writer.append(record).unwrap() == Appended::Full;
            if full {
                break;
            }
            self.lane.pop();
        }
        self.lane.release();
        full
    }

    fn commit(&mut self, now: u64) {
        let bytes = self.writer.open_bytes();
        while self.writer.commit(self.writer.durable(), now).unwrap() == Committed::NoSpare {
            self.poll(false);
            self.spares.wait(Duration::from_millis(100));
        }
        self.pacing.committed(now, bytes);
    }

    fn poll(&mut self, wait: bool) {
        let durable = self.writer.poll(wait).unwrap().0;
        if self.durable.last().map_or(0, |last| last.0) < durable {
            self.durable.push((durable, clock::now_ns()));
        }
    }

    fn sleep(&mut self, produced: &AtomicBool) {
        let lane = &mut self.lane;
        if self.sleeper.may_sleep(|| produced.load(Ordering::Acquire) || !lane.is_empty()) {
            thread::park();
            self.sleeper.woke();
        }
    }
}

/// Bytes that this thread has sent towards a device: each page that it made dirty, and each write
/// past the cache.
fn thread_bytes() -> u64 {
    let counts = std::fs::read_to_string("/proc/thread-self/io").unwrap();
    let line = counts.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap();
    line.parse().unwrap()
}

/// A timer is to end when it is due, and not up to 50 us later.
fn exact_timers() {
    rustix::thread::set_current_timer_slack(NonZeroU64::new(1)).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "neither thread has anything else to do")]
fn pause(time: Duration) {
    thread::sleep(time);
}
