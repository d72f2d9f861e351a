//! One site of the stories: a thread `ship`, a log on files, and a main thread and a journal thread that
//! the test plays.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crossbeam::channel::{Receiver, bounded};
use journal::disk::SystemDisk;
use journal::follower::{Follower, Took};
use journal::format::Position;
use journal::mark::Mark;
use journal::path::Mapped;
use journal::recovery::{self, Recovered};
use journal::roles::event::Event;
use journal::roles::settings::{LogFacts, Start as Fresh};
use journal::roles::view::Safety;
use journal::roles::wish::Wish;
use journal::roles::witness::Incarnation;
use journal::seal::{Key, Keys};
use journal::segments::{Keeper, Next, Spares};
use journal::ship::message::{Digests, ItemKind};
use journal::writer::{Start, Writer};
use switch_core::time::Time;
use switch_net::{Net, SocketOptions};

use super::super::{Parts, Ship, start};
use crate::clocks;
use crate::config::{Mode, load};
use crate::journaling::Release;
use crate::mesh::Mesh;
use crate::pairing::{self, Given, LogTask, Order};
use crate::peer::ship::Answer;
use crate::worker;

const SEGMENT: u64 = 1 << 20;
/// So long something may take that a story waits for.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Site {
    pub(super) ship: Arc<Ship>,
    pub(super) is_open: bool,
    /// Its life is to end.
    pub(super) is_over: bool,
    pub(super) follower: Option<Follower<SystemDisk, Mapped>>,
    writer: Option<Writer<SystemDisk, Mapped>>,
    release: Option<Arc<Release>>,
    recovered: Recovered,
    spares: Arc<Spares>,
    keeper: Keeper<SystemDisk>,
    keys: Arc<Keys>,
    disk: SystemDisk,
    orders: Receiver<worker::Event>,
    tasks: Given,
    received: Mark,
    durable: Mark,
    path: PathBuf,
    _net: Net,
    mesh: Arc<Mesh>,
}

impl Site {
    pub(super) fn new(name: &str, peer: &str, way: &str) -> Self {
        Self::starts(name, peer, way).unwrap()
    }

    /// A node of this name that never had a journal.
    pub(super) fn starts(name: &str, peer: &str, way: &str) -> Result<Self, String> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("sekisho-site-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        let text = format!(
            "[node]\nname = \"{name}\"\ninstitution = \"1\"\n[journal]\nsegment = \"1MiB\"\n\
             [[station]]\nname = \"a\"\nrole = \"acquirer\"\ninstitution = \"2\"\n\
             dialect = \"iso93-ascii\"\nframing = \"ascii4\"\nlisten = [\"127.0.0.1:7001\"]\n\
             [peer]\nname = \"{peer}\"\n{way}\n"
        );
        fs::write(path.join("sekisho.toml"), text).unwrap();
        let configuration = load(&path.join("sekisho.toml"), Mode { insecure_demo: true }).unwrap();
        let disk = SystemDisk::open(&path.join("journal"), true).unwrap();
        let keys = Arc::new(Keys::only(Key::of(&[1; 32])));
        let spares = Arc::new(Spares::new(SEGMENT));
        let mut keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), 4, 0).unwrap();
        while spares.count() < 4 && keeper.step().unwrap() == Next::Again {}
        let recovered = recovery::recover(&disk, Some(&keys)).unwrap();
        let (events, orders) = bounded(64);
        let (log, tasks) = pairing::lane(128);
        let facts = LogFacts {
            cluster: None,
            end: Mark::ZERO,
            epochs: Vec::new(),
            released: Position(0),
            damaged: None,
            lacks: None,
        };
        let parts = Parts {
            configuration: Arc::new(configuration),
            disk: disk.clone(),
            keys: Arc::clone(&keys),
            control: None,
            facts,
            digests: Digests::default(),
            start: Fresh {
                incarnation: Incarnation(u64::from(number) + 1),
                cluster_if_new: [9; 16],
                yields: false,
            },
            events,
            log,
            beat: Arc::new(AtomicU64::new(0)),
        };
        let ship = start(parts).map_err(|failure| failure.message)?;
        let net = Net::new(8, 8, SocketOptions::default()).unwrap();
        let mesh = Arc::new(Mesh::new([net.waker()]));
        Ok(Self {
            ship,
            is_open: false,
            is_over: false,
            follower: None,
            writer: None,
            release: None,
            recovered,
            spares,
            keeper,
            keys,
            disk,
            orders,
            tasks,
            received: Mark::ZERO,
            durable: Mark::ZERO,
            path,
            _net: net,
            mesh,
        })
    }

    pub(super) fn wishes(&self, wish: Wish) -> Receiver<Answer> {
        self.ship.wish(wish)
    }

    pub(super) fn safety(&self) -> Safety {
        self.ship.shown().view.unwrap().safety
    }

    pub(super) fn durable(&self) -> Mark {
        self.durable
    }

    pub(super) fn framed(&self) -> Mark {
        self.writer.as_ref().unwrap().framed()
    }

    pub(super) fn release(&self) -> &Release {
        self.release.as_ref().unwrap()
    }

    pub(super) fn released(&self) -> Position {
        self.release().released()
    }

    /// As primary: a record in a batch of its own, durable here when this returns.
    pub(super) fn appends(&mut self, record: &[u8]) -> Position {
        while self.spares.count() < 2 && self.keeper.step().unwrap() == Next::Again {}
        let (writer, release) = (self.writer.as_mut().unwrap(), self.release.as_ref().unwrap());
        writer.append(record).unwrap();
        let released = release.released();
        writer.commit(released, clocks::utc_ns()).unwrap();
        while writer.under_way() > 0 {
            writer.poll(true).unwrap();
        }
        self.durable = writer.durable_mark();
        release.on_durable(self.durable.position).unwrap();
        self.ship.durable(self.durable);
        self.durable.position
    }

    /// What the main thread and the journal's do of what waits for them.
    pub(super) fn turn(&mut self) {
        while let Ok(event) = self.orders.try_recv() {
            match event {
                worker::Event::Node(Order::Reign(reign)) => {
                    let start = Start::reign(&self.recovered, reign.epoch, reign.cluster);
                    let path = Mapped::new(self.disk.clone());
                    let (disk, keys) = (self.disk.clone(), Arc::clone(&self.keys));
                    let spares = Arc::clone(&self.spares);
                    let end = start.end();
                    let mut writer = Writer::begin(disk, path, keys, &start, spares, 1).unwrap();
                    writer.tap(self.ship.tap(end));
                    let release = Release::new(Arc::clone(&self.mesh), 1, end.position);
                    let release = Arc::new(release);
                    self.ship.releases(Arc::clone(&release));
                    (self.writer, self.release) = (Some(writer), Some(release));
                    let begun = self.appends(b"what a start says");
                    self.ship.tell(Event::Reigns { end: self.framed(), begun });
                }
                worker::Event::Node(Order::Open) => self.is_open = true,
                worker::Event::Node(Order::Demote(_)) => self.is_over = true,
                other @ (worker::Event::Signal(_)
                | worker::Event::Drained(_)
                | worker::Event::Opened(_)
                | worker::Event::Settled(..)
                | worker::Event::Failed(..)
                | worker::Event::Broken(_)
                | worker::Event::Node(_)) => panic!("{other:?}"),
            }
        }
        while let Ok(task) = self.tasks.try_recv() {
            match task {
                LogTask::Take(item) => {
                    let follower = self.follower.get_or_insert_with(|| {
                        let path = Mapped::new(self.disk.clone());
                        let (disk, keys) = (self.disk.clone(), Arc::clone(&self.keys));
                        let spares = Arc::clone(&self.spares);
                        Follower::begin(disk, path, keys, spares, &self.recovered, None, None)
                            .unwrap()
                    });
                    let mut take = || match item.kind {
                        ItemKind::Segment => follower.segment(&item.bytes).unwrap(),
                        ItemKind::Batch => follower.batch(&item.bytes).unwrap(),
                    };
                    while take() == Took::NoSpare {
                        self.keeper.step().unwrap();
                    }
                    self.received = follower.received();
                    self.ship.tell(Event::Received(self.received));
                    self.durable = follower.poll(true).unwrap();
                    self.ship.tell(Event::Durable(self.durable));
                }
                LogTask::Seal => self.ship.tell(Event::Sealed(self.durable)),
                LogTask::Cut(mark) => {
                    assert_eq!(mark, self.received, "nothing is cut in these stories");
                    self.ship.tell(Event::Cut(mark));
                }
                other @ (LogTask::Store(_) | LogTask::Mend(_)) => panic!("{other:?}"),
            }
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.ship.stop();
        drop(fs::remove_dir_all(&self.path));
    }
}

/// Lets both go on until something is so.
#[track_caller]
pub(super) fn until(a: &mut Site, b: &mut Site, what: &str, is_so: impl Fn(&Site, &Site) -> bool) {
    let begun: Time = clocks::boot();
    while !is_so(a, b) {
        a.turn();
        b.turn();
        assert!(
            clocks::boot().since(begun) < PATIENCE,
            "{what} did not come: {:?}\n{:?}",
            a.ship.shown(),
            b.ship.shown()
        );
        std::thread::yield_now();
    }
}

/// What both say of the log.
pub(super) fn both(safety: Safety) -> impl Fn(&Site, &Site) -> bool {
    move |a, b| a.safety() == safety && b.safety() == safety
}
