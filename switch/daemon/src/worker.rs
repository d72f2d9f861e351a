//! One worker thread: its sockets, its share of the core, its lanes, and the loop that joins them.
//! Must not know what a message says or what a station may do.

mod adopting;

mod build;

mod leaving;

mod opening;

mod outbox;

mod outlet;

mod pausing;
mod ports;
mod pulse;

mod report;

mod residue;

mod sockets;

mod stored;

mod unfinished;

mod writing;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use codec::Slots;
use crossbeam::channel::Sender;
use journal::roles::event::DrainId;
use switch_core::counters::Counter;
use switch_core::ids::{LinkId, SlotId, WorkerId};
use switch_core::notices::Closing;
use switch_core::time::{Now, Time};
use switch_core::{Core, Order, Question, Reply};
use switch_net::{CloseReason, Net};
use switch_sync::LaneReceiver;

use crate::clocks;
use crate::committer::Committer;
use crate::journaling::Failure;
use crate::keys::Asked;
use crate::mesh::Mesh;
use crate::notes::{Note, Notes};
use crate::pairing;
pub use adopting::{Next, Taken, TakenBy};
use build::EVENTS_MAX;
pub(crate) use build::SPARE_SOCKETS;
pub use build::{Made, Nets, Parts};
use opening::Opening;
pub use opening::{HeldPorts, Opened};
pub use outbox::LaneFill;
use outbox::Outbox;
pub(crate) use outbox::{WAITING_BYTES_MAX, WAITING_MAX};
use outlet::Out;
use pausing::Pause;
pub use ports::{Port, PortChange, missing, ports};
use pulse::Pulse;
pub use report::{LinkReport, StationReport, WorkerReport};
use residue::Residue;
use sockets::{Closed, Ears, Sockets};
pub use sockets::{Endpoints, Refusals};
use stored::Told;
pub use stored::{SafOrder, SafReplies, SafWish, Which};
use writing::Writings;

/// Messages of one lane handled in one turn.
const LANE_MESSAGES_MAX: usize = 4_096;

/// What a worker can be told from outside.
#[derive(Clone, Debug)]
pub enum Command {
    /// Say how things stand.
    Report(Sender<WorkerReport>),
    /// Show stored messages, or do what an operator wants of one.
    Saf(SafOrder, SafReplies),
    /// Write records of the node's own down, and say when all are committed: `false` when there was no
    /// room for the last of them within a second.
    Write(Vec<Vec<u8>>, Sender<bool>),
    /// Know this configuration from now on.
    Adopt(Arc<Next>, TakenBy),
    /// Open and close what it says: every worker knows it.
    Open(Arc<Next>, TakenBy),
    /// Take these ports over; those among them that wait for issuers do so for so long at most.
    Ports(Arc<Mutex<Option<HeldPorts>>>, Duration),
    /// The key provider replied.
    Reply(SlotId, Reply),
    /// Whether the disk has room for what new requests need.
    Room(bool),
    /// Say that you are alive, and whether what you write down is committed.
    Pulse(u64),
    /// Whether this node is sick: then no echo test is answered and no new request taken.
    Sick(bool),
    /// Take nothing new, finish what is in flight.
    Drain,
    /// Take nothing new until `Admit`, and say [`Event::Settled`] of this drain when nothing is in flight.
    Pause(DrainId),
    /// What is in flight behind a `Pause` ends now.
    CutShort,
    /// Take what is new again.
    Admit,
    /// End.
    Stop,
}

/// What the daemon hears of its threads.
#[derive(Clone, Debug)]
pub enum Event {
    /// A signal came, by its number.
    Signal(i32),
    /// A worker has nothing left to do.
    Drained(WorkerId),
    /// Behind this [`Command::Pause`], nothing is in flight at a worker.
    Settled(WorkerId, DrainId),
    /// The ports of a worker that had waited for issuers are open.
    Opened(Box<Opened>),
    /// A worker can not go on.
    Failed(WorkerId, String),
    /// The journal can not go on: nothing more may leave.
    Broken(Failure),
    /// By the rules of two nodes this is to be done.
    Node(pairing::Order),
}

/// One worker, ready to run.
pub struct Worker {
    me: WorkerId,
    net: Net,
    core: Core,
    slots: Box<Slots>,
    sockets: Sockets,
    endpoints: Endpoints,
    outboxes: Vec<Option<Outbox>>,
    inboxes: Vec<Option<LaneReceiver>>,
    mesh: Arc<Mesh>,
    committer: Committer,
    keys: Option<Sender<Asked>>,
    reader: Option<Sender<Asked>>,
    events: Sender<Event>,
    notes: Notes,
    spin: Duration,
    turns: u64,
    /// Accepts that had failed by the last turn.
    accepts_failed: u64,
    last_work: Time,
    residue: Residue,
    /// What operators are to be told once it is committed.
    told: Vec<Told>,
    /// What the node has it write down.
    writings: Writings,
    pulse: Pulse,
    pause: Pause,
    opening: Option<Opening>,
    drained: bool,
    stopped: bool,
}

impl Worker {
    /// Its number.
    pub fn id(&self) -> WorkerId {
        self.me
    }

    /// Answers of issuers that it has passed on.
    pub fn settled(&self) -> u64 {
        self.core.counters().of(Counter::Answered)
    }

    /// Runs until it is told to stop, or can not go on.
    pub fn run(mut self) {
        while !self.stopped {
            if let Err(error) = self.turn() {
                self.tell(Event::Failed(self.me, error.to_string()));
                return;
            }
        }
    }

    /// Tells the daemon; it may have ended already.
    fn tell(&self, event: Event) {
        drop(self.events.try_send(event));
    }

    /// One turn: wait for something, take in what has come, commit, release, send.
    ///
    /// # Errors
    /// What the system says when it can no longer be asked for events.
    pub fn turn(&mut self) -> io::Result<()> {
        self.turn_by(clocks::now)
    }

    /// `clock` is what is looked at before bytes leave.
    fn turn_by(&mut self, clock: impl Fn() -> Now) -> io::Result<()> {
        let wait = self.wait();
        let mut ears = Ears {
            core: &mut self.core,
            slots: &mut self.slots,
            sockets: &mut self.sockets,
            endpoints: &self.endpoints,
            notes: &mut self.notes,
            now: None,
        };
        let seen = self.net.turn(wait, &mut ears)?;
        let now = ears.now.unwrap_or_else(clocks::now);
        self.mesh.sleeper(self.me).woke();
        self.turns += 1;
        let mut worked = seen.events > 0 || seen.more;
        worked |= self.take_commands(now);
        worked |= self.take_lanes(now);
        worked |= self.committer.has_news();
        self.tell_closed(now);
        self.enter_records(now.boot);
        self.with_out(|core, out| core.handle_time(now, out));
        self.write_pulse();
        self.commit_and_release(now);
        self.answer_pulse(now.boot);
        self.carry_out_orders(now);
        self.publish()?;
        self.send(clock)?;
        self.with_out(|core, out| core.handle_flushed(out));
        // Behind the flush, so that what was released for such a link in this turn has left.
        let unread = self.pause.leaves_unread();
        if !unread && self.sockets.unfinished.are_read(now.boot, seen.events, EVENTS_MAX) {
            self.close_unfinished(now);
        }
        let failed = self.net.counters().accept_failed;
        if failed != self.accepts_failed {
            self.notes.tell(Note::AcceptFailed { times: failed - self.accepts_failed });
            self.accepts_failed = failed;
        }
        while let Some(notice) = self.core.poll_notice() {
            self.notes.tell(Note::Core(notice));
        }
        if worked {
            self.last_work = now.boot;
            self.residue.is_left();
        }
        self.look_whether_settled();
        self.look_whether_to_open(now.boot);
        if !self.drained && self.core.is_drained() && self.net.out_waiting() == 0 {
            self.drained = true;
            self.tell(Event::Drained(self.me));
        }
        Ok(())
    }

    /// How long the next turn may wait for events: not at all while there is work, or for a while
    /// after it; else until the next deadline, once the others know that we sleep.
    fn wait(&mut self) -> Option<Duration> {
        let stuck = self.outboxes.iter().flatten().any(Outbox::is_stuck);
        if stuck || !self.sockets.closed.is_empty() {
            return Some(Duration::ZERO);
        }
        let now = clocks::boot();
        let wipes = self.residue.wipe_after(self.last_work, now);
        let frames = self.sockets.unfinished.wakes();
        let frames = if self.pause.leaves_unread() { Time::NEVER } else { frames };
        let deadline = self.core.poll_timeout().min(frames).min(wipes);
        let deadline = deadline.min(self.writings.wakes()).min(self.opens_by());
        if deadline <= now || now.since(self.last_work) < self.spin {
            return Some(Duration::ZERO);
        }
        let (mesh, me, inboxes) = (&self.mesh, self.me, &mut self.inboxes);
        let committer = &self.committer;
        let asleep = mesh.sleeper(me).may_sleep(|| {
            mesh.has_commands(me)
                || committer.has_news()
                || inboxes.iter_mut().flatten().any(|inbox| !inbox.is_empty())
        });
        if !asleep {
            return Some(Duration::ZERO);
        }
        mesh.wake_napping_journal();
        (deadline != Time::NEVER).then(|| deadline.since(now))
    }

    fn take_commands(&mut self, now: Now) -> bool {
        let mut any = false;
        while let Some(command) = self.mesh.next_command(self.me) {
            any = true;
            match command {
                Command::Report(to) => {
                    // Who asked may have given up by now.
                    drop(to.try_send(self.report(now)));
                }
                Command::Saf(order, to) => self.operate(now, order, to),
                Command::Write(records, to) => self.take_records(now.boot, records, to),
                Command::Adopt(next, by) => self.adopt(now, next, &by),
                Command::Open(next, by) => self.open(now, next, &by),
                Command::Ports(held, open_after) => self.open_late(&held, open_after),
                Command::Reply(slot, reply) => {
                    self.core.handle_reply(now, slot, reply, &mut self.slots);
                }
                Command::Room(there_is) => {
                    self.core.handle_room(there_is);
                    self.pulse.handle_room(there_is);
                }
                Command::Pulse(number) => self.take_pulse(number, now.boot),
                Command::Sick(is_sick) => self.core.handle_sick(is_sick),
                Command::Drain => {
                    self.sockets.takes_nobody = true;
                    self.opening = None;
                    for open in self.sockets.listening.drain(..) {
                        self.net.close_listener(open.listener);
                    }
                    self.core.handle_drain(now);
                }
                Command::Pause(id) => self.pause(id),
                Command::CutShort => self.cut_short(now),
                Command::Admit => self.admit(),
                Command::Stop => self.stopped = true,
            }
        }
        any
    }

    fn take_lanes(&mut self, now: Now) -> bool {
        let mut any = false;
        let plan = Arc::clone(self.core.plan());
        for (from, inbox) in self.inboxes.iter_mut().enumerate() {
            let Some(inbox) = inbox else { continue };
            let from = WorkerId(u8::try_from(from).expect("at most 64 workers"));
            for _ in 0..LANE_MESSAGES_MAX {
                let Some(message) = inbox.front() else { break };
                any = true;
                let mut out = Out {
                    net: &mut self.net,
                    sockets: &self.sockets,
                    plan: &plan,
                    endpoints: &self.endpoints,
                    outboxes: &mut self.outboxes,
                };
                self.core.handle_peer(now, from, message, &mut self.slots, &mut out);
                inbox.pop();
            }
            inbox.release();
        }
        any
    }

    fn tell_closed(&mut self, now: Now) {
        while let Some(Closed { link, sent }) = self.sockets.closed.pop() {
            self.with_out(|core, out| core.handle_closed(now, link, sent, out));
        }
    }

    /// Hands on what was entered and releases what is committed, until nothing new comes of that: a
    /// release that fails enters an answer.
    fn commit_and_release(&mut self, now: Now) {
        loop {
            let entered = self.core.entered();
            let (committed, framed) = self.committer.commit(&mut self.core, now.boot);
            self.core.handle_committed(committed, framed);
            self.tell_operators(committed);
            self.tell_written(committed);
            self.with_out(|core, out| core.poll_transmit(now, out));
            if self.core.entered() == entered {
                break;
            }
        }
    }

    fn carry_out_orders(&mut self, now: Now) {
        while let Some(order) = self.core.poll_order() {
            match order {
                Order::Connect(link) => self.connect(now, link),
                Order::Close(link, why) => {
                    if let Some(socket) = self.sockets.of(link) {
                        self.net.close(socket, CloseReason::Asked(reason(why)));
                    }
                }
                Order::Ask(slot, question) => {
                    // A question that can not be put gets no reply, and ends with 920 or 909.
                    let asked = Asked { worker: self.me, slot, question, at: now.boot };
                    let whom = match question {
                        Question::Mac => &self.keys,
                        Question::Original { .. } | Question::Known { .. } => &self.reader,
                    };
                    let _put = whom.as_ref().map(|whom| whom.try_send(asked));
                }
            }
        }
    }

    fn connect(&mut self, now: Now, link: LinkId) {
        let station = self.core.plan().station_of(link);
        let first = self.core.plan().station(station).links_from.index();
        let peer = self.endpoints[station.index()].connect[link.index() - first];
        match self.net.connect(peer) {
            Ok(socket) => self.sockets.join(socket, link, peer),
            Err(error) => {
                self.notes.tell(Note::ConnectRefused { link, peer, error: error.kind() });
                self.with_out(|core, out| core.handle_closed(now, link, 0, out));
            }
        }
    }

    /// Closes the links that have not finished a frame in time.
    fn close_unfinished(&mut self, now: Now) {
        let Self { net, sockets, notes, .. } = self;
        sockets.take_unfinished(now.boot, |socket, link| {
            notes.tell(Note::HalfFrame { link });
            net.close(socket, CloseReason::Asked(HALF_FRAME));
        });
    }

    /// Shows the other workers what was added to their lanes, and wakes those that sleep.
    fn publish(&mut self) -> io::Result<()> {
        for (to, outbox) in self.outboxes.iter_mut().enumerate() {
            let new = outbox.as_mut().is_some_and(Outbox::publish);
            if new {
                let to = WorkerId(u8::try_from(to).expect("at most 64 workers"));
                self.mesh.wake_if_asleep(to)?;
            }
        }
        Ok(())
    }

    fn with_out<T>(&mut self, work: impl FnOnce(&mut Core, &mut Out<'_>) -> T) -> T {
        let plan = Arc::clone(self.core.plan());
        let mut out = Out {
            net: &mut self.net,
            sockets: &self.sockets,
            plan: &plan,
            endpoints: &self.endpoints,
            outboxes: &mut self.outboxes,
        };
        work(&mut self.core, &mut out)
    }
}

/// [`CloseReason::Asked`]: a frame was not finished in time. The others are those of [`reason`].
pub(crate) const HALF_FRAME: u8 = 6;

/// Why we close a link, as a number that goes through the sockets and comes back.
fn reason(why: Closing) -> u8 {
    match why {
        Closing::EchoMissed => 1,
        Closing::SignOnFailed => 2,
        Closing::NotReading => 3,
        Closing::Draining => 4,
        Closing::Noise => 5,
        Closing::Retired => 7,
        Closing::Changed => 8,
    }
}
