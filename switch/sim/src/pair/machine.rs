//! A site of a world of two: its machine with a disk and clocks, and the process that runs on it. Plain
//! data; what is done with it stands in `living`, `shipping` and `logging`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use journal::disk::simulated::{SimulatedDisk, SimulatedPath};
use journal::follower::Follower;
use journal::format::{BatchNumber, Epoch, PathKind, Position};
use journal::mark::Mark;
use journal::roles::control::Control;
use journal::roles::event::{Allowed, DrainId, Event, Item, Reign, Storing};
use journal::roles::name::NodeName;
use journal::roles::node::Node;
use journal::roles::view::Safety;
use journal::roles::wish::Wish;
use journal::roles::witness::{Incarnation, Record, RequestId};
use journal::segments::{Keeper, Spares};
use journal::ship::message::Message;
use journal::ship::sender::Need;
use journal::writer::Writer;

use super::agenda::At;
use super::clock::Clock;
use super::keeping::Keeping;
use super::line::{Connection, Site};
use super::snapshots::Snapshots;
use super::tale::NAMES;
use super::weather::Weather;
use super::witness::{Question, Reply};
use crate::seeds::dice::Dice;
use crate::world::elsewhere::Made;

/// What a thread of a process has to do.
#[derive(Clone, Debug)]
pub(crate) enum Task {
    // The thread `ship`.
    /// There is a line.
    LineUp(Connection),
    /// There is none any more.
    LineDown(Connection),
    /// The other node says this.
    Heard(Connection, Message),
    /// The witness does.
    Witnessed(RequestId, Question<Record>, Reply<Record>),
    /// The node wants to be called.
    Tick,
    /// The control file is to be written now.
    Persisting(Box<Control>),
    /// An operator wants something; wants this site to be the primary, and says what is true.
    Wish(Wish),
    Promotes,
    /// Another thread is done with something.
    Done(Event),
    // The witness's thread.
    /// The node's key is to be kept alive.
    Keep,
    // The thread `journal`.
    /// What the node wants of the log.
    Order(Order),
    /// A sync is done.
    Synced,
    /// Something comes from the workers.
    Append(Vec<Made>),
    /// There was no work for a while.
    Idle,
    /// What is sealed is to be packed.
    Fold,
    /// The other site says something of what has rotted here.
    Mends(Message),
    /// All of the log is to be durable now.
    Sealing,
    /// Whether what was in flight has ended is to be seen.
    Drained(DrainId),
    // The thread that reads for catching up.
    /// What the other one lacks is to be read.
    Feed(Need),
    // The workers.
    /// Everything up to here is committed; the oldest batch of that was framed then.
    Committed(Position, At),
}

/// What a node wants of its log.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Require,
    Allow(Allowed),
    Take(Item),
    Cut(Mark),
    Seal,
    Reign(Reign),
    Open,
    Drain(DrainId),
    Admit,
    Serve(BatchNumber, BatchNumber),
    Mend(Item),
    Store(Box<Storing>),
}

/// A machine.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) name: NodeName,
    pub(crate) clock: Clock,
    pub(crate) disk: SimulatedDisk,
    /// How it writes to it.
    pub(crate) path: PathKind,
    /// How long a sync takes, in nanoseconds.
    pub(crate) sync: (u64, u64),
    /// Processes that were started on it.
    pub(crate) lives: u64,
    pub(crate) process: Option<Process>,
    /// Whether the crash that waits on the disk is one of the power, and how long it is away then.
    pub(crate) midst: Option<(bool, u64)>,
    /// Whether it waits for an operator to say what its empty disk is for; whether it had joined before.
    pub(crate) is_empty: bool,
    pub(crate) joined: bool,
    /// Whether it has no power, so that not even its system answers.
    pub(crate) dark: bool,
    /// Whether a start was about to put a checkpoint in the place of its log, or to set that aside.
    pub(crate) settles: bool,
    pub(crate) aside: bool,
    /// Whether its process will not be started again by itself.
    pub(crate) halted: bool,
    /// Whether the life that is next leaves the other site the first try, and when the last one that was sick
    /// gave its reign up for that.
    pub(crate) yields: bool,
    pub(crate) gave_up: Option<At>,
}

impl Machine {
    /// It has another disk, on which nothing is.
    pub(crate) fn has_new_disk(&mut self, seed: u64) {
        self.disk = SimulatedDisk::new(seed);
        self.midst = None;
        self.halted = false;
        (self.settles, self.aside) = (false, false);
    }
}

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) life: u64,
    pub(crate) incarnation: Incarnation,
    /// Until when each thread is busy with something else.
    pub(crate) busy: [At; 5],
    /// What each of them has to do then.
    pub(crate) waiting: [VecDeque<Task>; 5],
    pub(crate) node: Node,
    /// When the node is to be called next.
    pub(crate) armed: Option<At>,
    pub(crate) connection: Option<Connection>,
    /// Whether its key at the witness is kept alive.
    pub(crate) alive: bool,
    /// What it asked the witness last, and when; when it asked what it has an answer to.
    pub(crate) asks: Option<(RequestId, At)>,
    pub(crate) knows: At,
    pub(crate) wishes: u64,
    /// How safe the log was, as the node saw it last.
    pub(crate) safety: Safety,
    /// Whether an operator waits for an answer.
    pub(crate) asked: bool,
    pub(crate) log: Log,
    pub(crate) keeping: Box<Keeping>,
    pub(crate) snapshots: Box<Snapshots>,
    /// By which it reigns, once its writer has begun.
    pub(crate) reign: Option<Epoch>,
    /// Whether its ports are open, and whether it admits anything.
    pub(crate) open: bool,
    pub(crate) admits: bool,
    /// Up to where its workers let records leave.
    pub(crate) left: Position,
    /// Whether it leaves the other site the first try.
    pub(crate) yields: bool,
    /// What has to be durable for it to be well, and since when; whether it was told that it is sick.
    pub(crate) pulse: Option<(Position, At)>,
    pub(crate) sick: bool,
}

/// What a process has of its log.
#[derive(Debug)]
pub(crate) enum Log {
    /// Not there, or sealed.
    None,
    /// It takes what the other one writes.
    Follows(Box<Following>),
    /// It writes.
    Writes(Box<Writing>),
}

/// A standby's.
#[derive(Debug)]
pub(crate) struct Following {
    pub(crate) follower: Follower<SimulatedDisk, SimulatedPath>,
    pub(crate) spares: Arc<Spares>,
    pub(crate) keeper: Keeper<SimulatedDisk>,
    pub(crate) syncing: bool,
    /// Whether a part of it is damaged.
    pub(crate) mending: bool,
}

/// A primary's.
#[derive(Debug)]
pub(crate) struct Writing {
    pub(crate) writer: Writer<SimulatedDisk, SimulatedPath>,
    pub(crate) spares: Arc<Spares>,
    pub(crate) keeper: Keeper<SimulatedDisk>,
    /// What the writer's tap heard.
    pub(crate) tapped: Tapped,
    /// Records that found no room in a batch yet.
    pub(crate) waiting: VecDeque<Made>,
    /// Those of the open batch.
    pub(crate) taken: Vec<Made>,
    pub(crate) syncing: bool,
    /// What may be released of what is durable, and what was.
    pub(crate) allowed: Allowed,
    pub(crate) released: Position,
    /// What is behind this needs the other site.
    pub(crate) required: Option<Position>,
    /// The batches that are not released yet: their last records, and when they were framed.
    pub(crate) framed: VecDeque<(Position, At)>,
    /// The last batch.
    pub(crate) end: Mark,
    /// The time of the last record.
    pub(crate) worked: At,
}

/// What a tap heard, for who comes to fetch it.
pub(crate) type Tapped = Arc<Mutex<VecDeque<(Option<Mark>, Vec<u8>)>>>;

impl Machine {
    /// One that is new.
    pub(crate) fn new(site: Site, seed: u64, weather: &Weather, dice: &mut Dice) -> Self {
        Self {
            name: NodeName::new(NAMES[site.0]).unwrap(),
            clock: Clock::new(dice, weather.skewed),
            disk: SimulatedDisk::new(seed * 2 + u64::try_from(site.0).unwrap()),
            path: dice.one_of(&[PathKind::Mapped, PathKind::Direct]),
            sync: weather.sync,
            lives: 0,
            process: None,
            midst: None,
            is_empty: false,
            joined: false,
            dark: false,
            settles: false,
            aside: false,
            halted: false,
            yields: false,
            gave_up: None,
        }
    }
}
