//! The thread `ship`: owns the line to the peer and the node's role, hears both and does what follows.
//! Must not decide anything: that is `journal::roles`.
//!
//! When it stalls, the peer hears nothing: in sync no record is released, so that lanes and gates fill;
//! after 1.5 s a standby may be promoted, and what this node still has can not leave any more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crossbeam::channel::Sender;
use journal::control;
use journal::disk::SystemDisk;
use journal::format::Position;
use journal::mark::Mark;
use journal::roles::event::{Action, Allowed, Event};
use journal::roles::node::Node;
use journal::roles::wish::WishId;
use journal::ship::message::Message;
use journal::ship::pool::Pool;
use journal::ship::wire::{self, Cutter};
use mio::{Events, Poll, Token};
use switch_core::time::Time;
use tracing::{info, warn};

use super::beside;
use super::doors::{Came, Doors};
use super::expiring::Expiring;
use super::feed::{Feed, Task};
use super::hanging::Hanging;
use super::line::Line;
use super::progress::Progress;
use super::session::{Ended, More, Trust};
use super::ship::{Answer, Ship, Wants};
use super::telling::Telling;
use super::timing::Timing;
use crate::cli::EXIT_DATA;
use crate::clocks;
use crate::config::Configuration;
use crate::journaling::{Failure, Release};
use crate::logs::Sparing;
use crate::pairing::{LogTask, Order, Tasks};
use crate::witness::Desk;
use crate::worker;

/// The token of the waker.
pub(super) const WAKER: Token = Token(0);
/// Messages that are cut before they are heard.
const HEARD_MAX: usize = 32;
/// A line on which nothing came for so long is of no use: heartbeats come five times a second.
const SILENT: Duration = Duration::from_secs(3);
/// And one that takes nothing for so long.
const STUCK: Duration = Duration::from_secs(3);
/// The thread turns at least so often.
const TURN: Duration = Duration::from_millis(500);
/// Troubles that are known again: those of every address of the peer, and some.
const TROUBLES_MAX: usize = 16;

/// What the thread works with.
pub(super) struct Shipping {
    pub(super) ship: Arc<Ship>,
    pub(super) configuration: Arc<Configuration>,
    pub(super) node: Box<Node>,
    pub(super) disk: SystemDisk,
    pub(super) poll: Poll,
    pub(super) doors: Doors,
    pub(super) feed: Feed,
    /// Where questions to the witness are put, and whether this node lives; none without one.
    pub(super) desk: Option<Arc<Desk>>,
    pub(super) events: Sender<worker::Event>,
    pub(super) log: Tasks,
    pub(super) beat: Arc<AtomicU64>,
    pub(super) line: Option<(Token, Line)>,
    /// None before the first line.
    pub(super) cutter: Option<Cutter>,
    /// Messages that were cut and not heard of yet.
    pub(super) heard: VecDeque<Message>,
    /// What follows the log has no room for these yet.
    pub(super) tasks: VecDeque<LogTask>,
    pub(super) wishes: BTreeMap<WishId, Sender<Answer>>,
    pub(super) last_wish: u64,
    /// The end of the log, as far as it was framed here.
    pub(super) framed: Mark,
    /// Since when the line takes nothing.
    pub(super) stuck: Option<Time>,
    /// What was said of trouble since there was a line, the newest last.
    pub(super) troubles: VecDeque<String>,
    /// Lines that the peer, the network or a stranger can cause at will.
    pub(super) sparing: Sparing,
    pub(super) expiring: Expiring,
    /// What the last heartbeats told of the way.
    pub(super) timing: Timing,
    pub(super) hanging: Hanging,
    pub(super) head: Vec<u8>,
    /// Told when the peer has all that was framed, or follows no more.
    pub(super) parting: Option<Sender<()>>,
    /// What the peer is told beside the rules.
    pub(super) tells: VecDeque<String>,
    /// What is asked of the peer because it rotted here.
    pub(super) asks: Option<Message>,
    /// How fast a standby catches up.
    pub(super) progress: Progress,
    /// No more is to be done: the last action was given to the main thread.
    pub(super) over: bool,
    pub(super) telling: Telling,
}

impl Shipping {
    /// Runs until it is told to stop.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(64);
        let mut again = false;
        while !self.ship.is_told_to_stop() {
            let wait = if again { Duration::ZERO } else { self.wait() };
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != std::io::ErrorKind::Interrupted
            {
                self.fails(format!("the line to the peer: {error}"));
                break;
            }
            self.ship.woke();
            self.turns();
            let tokens: Vec<Token> = events.iter().map(mio::event::Event::token).collect();
            again = self.turn(&tokens);
        }
        if let Some((_, line)) = self.line.take() {
            line.close(self.doors.registry());
        }
    }

    /// How long there is nothing to do but wait; zero when something waits already.
    fn wait(&self) -> Duration {
        if !self.ship.may_sleep() || !self.feed.said.is_empty() && self.has_room() {
            return Duration::ZERO;
        }
        let now = clocks::boot();
        let deadlines = [self.node.deadline().map(Time), self.doors.deadline(self.line.is_some())];
        let until = deadlines.into_iter().flatten().map(|at| at.since(now)).min();
        until.map_or(TURN, |until| until.min(TURN))
    }

    /// One look at everything; true: there is more to do at once.
    fn turn(&mut self, tokens: &[Token]) -> bool {
        self.node.wall_clock(clocks::utc_ns());
        self.empty_box();
        for &token in tokens.iter().filter(|&&token| token != WAKER) {
            match &mut self.line {
                Some((own, line)) if *own == token => line.on_event(),
                _ => self.look_at_door(token),
            }
        }
        let configuration = Arc::clone(&self.configuration);
        let mut trust = || Trust::read(&configuration, clocks::utc());
        let came = self.doors.tick(clocks::boot(), self.line.is_some(), &mut trust);
        self.on_door(came);
        let again = self.look_at_line();
        self.looks_for_what_hangs();
        self.handle(Event::Tick);
        self.asks_for_what_rotted();
        self.sparing.sums_up();
        self.speak();
        let had_room = self.tasks.is_empty();
        self.pass_tasks();
        self.show();
        // What came was not read while there was no room for it.
        again || !had_room && self.tasks.is_empty()
    }

    fn empty_box(&mut self) {
        let inbox = self.ship.take();
        for event in inbox.events {
            self.hanging.hears(&event);
            if let Event::Framed { end, .. } = &event {
                self.framed = *end;
            }
            self.handle(event);
        }
        for (wish, answer) in inbox.wishes {
            self.last_wish += 1;
            let id = WishId(self.last_wish);
            self.wishes.insert(id, answer);
            self.handle(Event::Wish(id, wish));
        }
        self.parting = inbox.parting.or(self.parting.take());
        if let Some(until) = inbox.refused {
            self.refuse_line(until);
        }
        self.takes_told(inbox.tells);
        if let Some((id, position)) = inbox.drained {
            let end = self.framed;
            assert!(end.position >= position, "what is drained was framed before");
            self.handle(Event::Drained { id, end });
        }
    }

    fn look_at_door(&mut self, token: Token) {
        let configuration = Arc::clone(&self.configuration);
        let mut trust = || Trust::read(&configuration, clocks::utc());
        let came = self.doors.look(token, clocks::boot(), &mut trust);
        self.on_door(came);
    }

    fn on_door(&mut self, came: Came) {
        match came {
            Came::Nothing => {}
            Came::Line(token, line) => {
                // The peer knows better than we whether the old one is of use.
                if self.line.is_some() {
                    self.end_line(&Ended::Closed("the peer opened another one".into()));
                }
                self.begin_line(token, line);
            }
            Came::Failed(address, why) => self.tell_trouble(format!("{address}: {why}")),
        }
    }

    fn begin_line(&mut self, token: Token, line: Line) {
        let (address, encrypted) = (line.address, line.peer_until.is_some());
        if self.sparing.says("line to the peer") {
            info!(address = address.to_string(), encrypted, "line to the peer");
        }
        let (since_ns, theirs_until) = (line.since.0, line.peer_until);
        self.ship.show(|shown| {
            shown.line.address = Some(address);
            shown.line.encrypted = encrypted;
            shown.line.since_ns = since_ns;
            shown.line.opened += 1;
            shown.line.theirs_until = theirs_until;
            shown.line.trouble = None;
        });
        self.troubles.clear();
        self.ship.next_line();
        self.line = Some((token, line));
        self.stuck = None;
        self.expiring.look_anew();
        self.handle(Event::LineUp);
    }

    pub(super) fn end_line(&mut self, why: &Ended) {
        let Some((_, line)) = self.line.take() else { return };
        self.tell_trouble(format!("{}: {why}", line.address));
        let began = line.since;
        line.close(self.doors.registry());
        self.doors.line_ended(began, clocks::boot());
        self.heard.clear();
        self.ship.next_line();
        self.asks = None;
        self.ship.fetches().ends("the line to the other node ended");
        while self.feed.said.try_recv().is_ok() {}
        self.cutter = self.cutter.take().map(Cutter::again);
        self.ship.show(|shown| {
            shown.line.address = None;
            shown.line.since_ns = clocks::boot().0;
            (shown.line.round_trip_ns, shown.line.ahead_ns) = (None, None);
            shown.line.machine = None;
        });
        self.timing = Timing::default();
        self.handle(Event::LineDown);
    }

    /// Once for each trouble that is new since there was a line. A stranger may cause as many as it likes.
    fn tell_trouble(&mut self, trouble: String) {
        self.ship.show(|shown| shown.line.trouble = Some(trouble.clone()));
        if self.troubles.contains(&trouble) {
            return;
        }
        if self.sparing.says("trouble with the line to the peer") {
            warn!("the line to the peer: {trouble}");
        }
        if self.troubles.len() >= TROUBLES_MAX {
            self.troubles.pop_front();
        }
        self.troubles.push_back(trouble);
    }

    /// Reads what came and hears it; true: there is more.
    fn look_at_line(&mut self) -> bool {
        let now = clocks::boot();
        let Some((_, line)) = &mut self.line else { return false };
        let cutter = self.cutter.get_or_insert_with(|| Cutter::new(Pool::default()));
        let heard = &mut self.heard;
        let has_room = self.tasks.is_empty();
        let looked = line.look(now, &mut |bytes| {
            if heard.len() >= HEARD_MAX || !has_room {
                return Ok(0);
            }
            let taken = cutter.take(bytes).map_err(|nonsense| nonsense.to_string())?;
            heard.extend(taken.message);
            Ok(taken.used)
        });
        let silent = now.since(line.heard) >= SILENT;
        let came = !self.heard.is_empty();
        while let Some(message) = self.heard.pop_front() {
            self.on_message(message);
        }
        match looked {
            Err(why) => {
                self.end_line(&why);
                false
            }
            Ok(_) if silent => {
                self.end_line(&Ended::Closed("nothing came for three seconds".into()));
                false
            }
            // What nobody had room for is looked at again when somebody has.
            Ok(More::Perhaps) => came && self.line.is_some(),
            Ok(More::Empty) => false,
        }
    }

    fn on_message(&mut self, message: Message) {
        if let Message::Heartbeat(heartbeat) = &message {
            let waited = clocks::boot().0.checked_sub(heartbeat.heard_ns);
            let waited = waited.filter(|_| heartbeat.heard_ns > 0);
            self.timing.takes(waited, (heartbeat.utc_ns, clocks::utc_ns()));
            let (round_trip, ahead) = (self.timing.round_trip_ns(), self.timing.ahead_ns());
            self.ship.show(|shown| {
                (shown.line.round_trip_ns, shown.line.ahead_ns) = (round_trip, ahead);
            });
        }
        let Some(message) = self.hear_told(message) else { return };
        if let Some(message) = self.ship.fetches().hear(message) {
            self.handle(Event::Heard(message));
        }
    }

    pub(super) fn handle(&mut self, event: Event) {
        if self.over {
            return;
        }
        self.node.handle(clocks::boot().0, event);
        while let Some(action) = self.node.poll_action() {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Persist(control) => match control::write(&self.disk, &control) {
                Ok(()) => self.handle(Event::Persisted),
                Err(problem) => self.fails(format!("the control file: {problem}")),
            },
            Action::Read(id) => self.asks_witness(id, None),
            Action::Swap { id, expected, record } => {
                self.asks_witness(id, Some((expected, record)));
            }
            Action::Alive(alive) => _ = self.desk.as_ref().map(|desk| desk.lives(alive)),
            Action::Require => {
                let released = self.ship.release().map_or(Position(0), Release::require);
                self.handle(Event::Required { released });
            }
            Action::Allow(allowed) => self.allow(allowed),
            Action::Take(item) => self.tasks.push_back(LogTask::Take(item)),
            Action::Cut(mark) => self.tasks.push_back(LogTask::Cut(mark)),
            Action::Store(storing) => self.tasks.push_back(LogTask::Store(storing)),
            Action::Seal => self.tasks.push_back(LogTask::Seal),
            Action::Mend(item) => self.tasks.push_back(LogTask::Mend(item)),
            Action::Feed(need) => self.give_feed(Task::Need(need)),
            Action::Serve { from, until } => {
                let reign = self.node.view().promised;
                self.give_feed(Task::Serve { line: self.ship.line(), reign, from, until });
            }
            Action::HangUp => {
                // What is to be said first is said, as far as it finds room.
                self.speak();
                self.end_line(&Ended::Closed("this node has no more to say on it".into()));
            }
            Action::Reign(reign) => self.order(Order::Reign(reign)),
            Action::Open => self.order(Order::Open),
            Action::Drain { id, within } => self.order(Order::Drain(id, within)),
            Action::Admit => self.order(Order::Admit),
            Action::Demote(ending) => {
                self.is_over();
                self.speak();
                self.order(Order::Demote(ending));
            }
            Action::Halt(halting) => {
                self.is_over();
                self.order(Order::Halt(halting));
            }
            Action::Answer(id, answer) => {
                if let Some(asker) = self.wishes.remove(&id) {
                    // Who does not wait any more is not told.
                    drop(asker.try_send(answer));
                }
            }
        }
    }

    fn allow(&mut self, allowed: Allowed) {
        let moved = self.ship.release().map_or(Ok(()), |release| release.allow(allowed));
        if let Err(error) = moved {
            self.fails(format!("waking a worker: {error}"));
        }
    }

    fn give_feed(&mut self, task: Task) {
        // Beyond what may wait a peer asks again.
        if self.feed.tasks.try_send(task).is_err() && self.sparing.says("too much to read again") {
            warn!("the thread that reads the log again has too much to do");
        }
    }

    /// Nothing is done any more by the rules, and nothing released: until the main thread ends this life, its
    /// log and an operator's answer may take a second and more.
    fn is_over(&mut self) {
        self.over = true;
        if let Some(release) = self.ship.release() {
            let _released = release.require();
        }
    }

    fn order(&mut self, order: Order) {
        // The daemon may have ended already.
        drop(self.events.send(worker::Event::Node(order)));
    }

    fn fails(&mut self, why: String) {
        self.is_over();
        let failure = Failure::new(EXIT_DATA, why);
        drop(self.events.send(worker::Event::Broken(failure)));
    }

    fn has_room(&self) -> bool {
        self.line.as_ref().is_some_and(|(_, line)| line.has_room())
    }

    /// Says what there is to say, while the line takes it.
    fn speak(&mut self) {
        let now = clocks::boot();
        loop {
            let Some((_, line)) = &mut self.line else { return };
            if !line.has_room() {
                let since = *self.stuck.get_or_insert(now);
                if now.since(since) >= STUCK {
                    self.end_line(&Ended::Closed("it takes nothing any more".into()));
                }
                return;
            }
            self.stuck = None;
            let message = self.node.poll_message().or_else(|| self.asks.take());
            let message =
                message.or_else(|| Some(beside::said(self.tells.pop_front()?, &self.node.view())));
            let message = message.or_else(|| self.feed.said.try_recv().ok());
            let Some(message) = message else { return };
            self.head.clear();
            wire::put_head(&message, &mut self.head);
            let payload = message.payload().map_or(&[][..], |bytes| bytes);
            let put = line.put([&self.head, payload]).and_then(|()| line.flush());
            if let Err(why) = put {
                self.end_line(&why);
                return;
            }
        }
    }

    /// Gives who follows the log what it has room for.
    fn pass_tasks(&mut self) {
        while let Some(task) = self.tasks.pop_front() {
            if let Err(error) = self.log.try_send(task) {
                if error.is_full() {
                    self.tasks.push_front(error.into_inner());
                }
                return;
            }
        }
    }

    fn show(&mut self) {
        let view = self.node.view();
        self.telling.look(&view);
        self.ship.wants(Wants::of(&view, self.node.wants_live()));
        if let Some(position) = view.acknowledged {
            self.ship.acknowledged(position);
        }
        if let Some(parting) = &self.parting
            && self.node.lag().is_none_or(|lag| lag.batches == 0)
        {
            // Who does not wait any more is not told.
            let _nobody_waits = parting.try_send(());
            self.parting = None;
        }
        let now = clocks::boot();
        let catch_up = self.progress.seen(now, view.catch_up);
        self.ship.show(|shown| {
            shown.view = Some(view);
            shown.catch_up = catch_up;
        });
        let theirs = self.line.as_ref().and_then(|(_, line)| line.peer_until);
        if self.expiring.look(now, &self.configuration, theirs) {
            self.ship.show(|shown| self.expiring.show(&mut shown.line));
        }
    }
}
