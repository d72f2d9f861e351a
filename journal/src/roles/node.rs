//! One node of two: what it is told goes in, what is to be done and said comes out. This file joins
//! the phases of a life and decides nothing. No clock, no chance, no file, no socket.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a phase is told what is not meant for it, and lets it pass"
)]

use std::collections::VecDeque;

use crate::format::{BatchNumber, Epoch, Position};
use crate::roles::arbiter::Arbiter;
use crate::roles::control::{Control, Joining};
use crate::roles::event::{Action, Allowed, Event};
use crate::roles::name::NodeName;
use crate::roles::peer::Peer;
use crate::roles::reigning::Reigning;
use crate::roles::rising::Rising;
use crate::roles::settings::{LogFacts, Settings, Start};
use crate::roles::standby::Standby;
use crate::roles::view::Safety;
use crate::roles::wish::{Confirmed, Done, WishId};
use crate::ship::message::{Digests, EPOCHS_MAX, EpochStart, Mark, Message};
use crate::ship::receiver::{self, Receiver};

/// Actions and messages that wait for the driver, at most. It takes all actions after each event, so
/// more are a fault of ours; messages wait while the line takes nothing.
const WAITING_MAX: usize = 4_096;

/// By no more epochs than this is a node ahead of what the other one has heard, unless an operator gave
/// something up there too: without a record each other reign that begins unheard takes an operator, and
/// two epochs.
const UNHEARD_MAX: u32 = 1_000;

/// The state machine of one node.
#[derive(Debug)]
pub struct Node {
    pub(super) settings: Settings,
    pub(super) start: Start,
    pub(super) now: u64,
    /// When it was told of the time again after it should have been: silences count from here.
    pub(super) awake_from: u64,
    /// Nanoseconds since 1970 UTC: told to others, never decided upon.
    pub(super) utc_ns: u64,
    /// As it was last wanted; durable is what [`Keeping`] says.
    pub(super) control: Control,
    pub(super) keeping: Keeping,
    pub(super) log: Log,
    pub(super) peer: Peer,
    pub(super) arbiter: Arbiter,
    pub(super) phase: Phase,
    /// A promotion by hand that waits for the witness's word, or for silence.
    pub(super) wish: Option<Waited>,
    /// What is done as soon as the control file says so.
    pub(super) later: Option<Later>,
    /// The driver's follower repairs its log: as the start found it, until it is mended.
    pub(super) damaged: Option<BatchNumber>,
    /// As the start found it: a snapshot goes so far, and the log does not.
    pub(super) lacks: Option<Position>,
    /// At its start it had a journal and no control file: it was never one of two.
    pub(super) was_alone: bool,
    /// As the driver was last told.
    pub(super) allowed: Allowed,
    pub(super) since: (Safety, u64),
    actions: VecDeque<Action>,
    messages: VecDeque<Message>,
    /// Why it ended a line by itself, the last time that it did.
    pub(super) hung_up: Option<String>,
}

/// What a life of the process goes through, in this order. It never goes back: that is another life.
#[derive(Debug)]
pub(super) enum Phase {
    Standby(Box<Standby>),
    Rising(Rising),
    Reigning(Box<Reigning>),
    Over,
}

/// This node's log.
#[derive(Debug)]
pub(super) struct Log {
    /// All that was framed here, or taken into memory.
    pub(super) end: Mark,
    pub(super) durable: Mark,
    pub(super) epochs: Vec<EpochStart>,
    /// The last record that is known to have been released by somebody.
    pub(super) released: Position,
}

/// Which versions of the control file are wanted and which is durable. Only one is on its way.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    wanted: u64,
    durable: u64,
    on_its_way: Option<u64>,
}

/// An operator's wish for a promotion.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waited {
    pub(super) id: WishId,
    pub(super) confirmed: Confirmed,
    pub(super) at: u64,
    pub(super) until: u64,
}

/// An operator's wish that is done when the control file says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Later {
    pub(super) version: Version,
    pub(super) id: WishId,
    pub(super) done: Done,
}

/// A version of the control file that something waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(u64);

impl Node {
    /// A node that has just started. Always a standby, whatever it was before: who may reign was
    /// perhaps decided while it was away.
    pub fn new(
        settings: Settings,
        control: Control,
        facts: LogFacts,
        start: Start,
        now: u64,
    ) -> Self {
        let is_copy = control.name != settings.name && control.name != NodeName::NONE;
        let mut control = if is_copy { copied(&control, &settings, &facts) } else { control };
        control.name = settings.name;
        if let Some(cluster) = facts.cluster {
            control.cluster = cluster;
        }
        let was_alone = control.promised == Epoch(0) && facts.end != Mark::ZERO;
        let begun = facts.epochs.last().map_or(Epoch(0), |start| start.epoch);
        control.promised = control.promised.max(facts.end.epoch).max(begun);
        let receiver = receiver_of(&settings, &control);
        let mut node = Self {
            peer: Peer::new(&settings),
            arbiter: Arbiter::new(now),
            phase: Phase::Standby(Box::new(Standby::new(receiver, now))),
            settings,
            start,
            now,
            awake_from: now,
            utc_ns: 0,
            control,
            keeping: Keeping::default(),
            log: Log {
                end: facts.end,
                durable: facts.end,
                epochs: facts.epochs,
                released: facts.released,
            },
            wish: None,
            later: None,
            was_alone,
            damaged: facts.damaged,
            lacks: facts.lacks,
            allowed: Allowed::UpTo(Position(0)),
            since: (Safety::NoPrimary, now),
            actions: VecDeque::new(),
            messages: VecDeque::new(),
            hung_up: None,
        };
        if is_copy {
            node.keeps();
        }
        if facts.damaged.is_some() && node.control.repairing < facts.damaged {
            node.control.repairing = facts.damaged;
            node.keeps();
        }
        node.settle();
        node
    }

    /// What a wall clock says: nanoseconds since 1970 UTC. It is passed on and written down; nothing
    /// is decided by it.
    pub fn wall_clock(&mut self, utc_ns: u64) {
        self.utc_ns = utc_ns;
    }

    /// Something happened.
    pub fn handle(&mut self, now: u64, event: Event) {
        // A process that stood still has not heard what was said meanwhile: nobody else was silent.
        let late = self.settings.times.heartbeat.saturating_mul(2);
        if self.deadline().is_some_and(|at| now > at.saturating_add(late)) {
            self.awake_from = now;
        }
        self.now = self.now.max(now);
        if matches!(self.phase, Phase::Over) {
            return;
        }
        match event {
            Event::LineUp => self.on_line_up(),
            Event::LineDown => self.on_line_down(),
            Event::Heard(message) => self.on_heard(message),
            Event::Persisted => self.keeping.on_persisted(),
            Event::Witnessed { id, reply } => {
                self.arbiter.is_heard();
                self.on_witnessed(id, reply);
            }
            Event::Wish(id, wish) => self.on_wish(id, wish),
            Event::Digests(digests) => {
                let witness = self.settings.digests.witness;
                self.settings.digests = Digests { witness, ..digests };
                self.greets();
            }
            Event::WitnessIs(witness) => {
                self.settings.digests.witness = witness;
                self.greets();
            }
            Event::Sick(is_sick) => self.on_sick(is_sick),
            Event::Mute => self.arbiter.is_mute(),
            Event::Tick => {}
            event => self.on_driver(event),
        }
        self.settle();
    }

    /// What the log's driver says; the phase that asked for it knows what it means.
    fn on_driver(&mut self, event: Event) {
        if let Event::Durable(mark) = event {
            if mark.batch > self.log.durable.batch {
                self.log.durable = mark;
            }
            if mark.batch > self.log.end.batch {
                self.log.end = mark;
            }
        }
        match self.phase {
            Phase::Standby(_) => self.on_driver_as_standby(event),
            Phase::Rising(_) => self.on_driver_rising(&event),
            Phase::Reigning(_) => self.on_driver_reigning(event),
            Phase::Over => {}
        }
    }

    /// Goes on as far as what is known allows: called after each event.
    fn settle(&mut self) {
        self.times_out_witness();
        self.settle_later();
        match self.phase {
            Phase::Standby(_) => self.settle_standby(),
            Phase::Rising(_) => self.settle_rising(),
            Phase::Reigning(_) => self.settle_reigning(),
            Phase::Over => {}
        }
        if matches!(self.phase, Phase::Over) {
            return;
        }
        self.looks();
        self.beats();
        if self.messages.len() == WAITING_MAX {
            self.hangs_up(&"the other node asks, and takes no answer");
        }
        if let Some(version) = self.keeping.to_send() {
            self.keeping.on_its_way = Some(version);
            let control = self.control;
            self.acts(Action::Persist(control));
        }
        self.notes_safety();
    }

    /// What is to be done next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// What is to be said next, in this order, on the line that is up.
    pub fn poll_message(&mut self) -> Option<Message> {
        self.messages.pop_front().or_else(|| self.ships())
    }

    /// When it must be told of the time at the latest; nanoseconds on its clock.
    pub fn deadline(&self) -> Option<u64> {
        let phase = match &self.phase {
            Phase::Standby(_) => self.deadline_as_standby(),
            Phase::Rising(_) => None,
            Phase::Reigning(reigning) => self.deadline_reigning(reigning),
            Phase::Over => return None,
        };
        let wish = self.wish.map(|waited| waited.until);
        let all = [phase, wish, self.deadline_of_beats(), self.arbiter_deadline()];
        // What is past has been acted upon as far as it could be.
        all.into_iter().flatten().filter(|&at| at > self.now).min()
    }

    pub(super) fn acts(&mut self, action: Action) {
        assert!(self.actions.len() < WAITING_MAX, "the driver takes what is to be done");
        self.actions.push_back(action);
    }

    pub(super) fn says(&mut self, message: Message) {
        // At the bound the line ends, with this event: what is not said then was said in vain.
        if self.peer.line && self.messages.len() < WAITING_MAX {
            self.messages.push_back(message);
        }
    }

    /// What was to be said on a line that is gone.
    pub(super) fn unsays(&mut self) {
        self.messages.clear();
    }

    /// The control file is to say what [`Node::control`] says now.
    pub(super) fn keeps(&mut self) -> Version {
        self.control.known = self.arbiter.known().or(self.control.known);
        self.keeping.wanted += 1;
        Version(self.keeping.wanted)
    }

    pub(super) fn is_kept(&self, version: Version) -> bool {
        self.keeping.durable >= version.0
    }

    /// Nothing of a reign before this one is taken any more, from now on; durably later.
    pub(super) fn promises(&mut self, epoch: Epoch) {
        if let Phase::Standby(standby) = &mut self.phase {
            standby.receiver.promise(epoch);
        }
        if epoch > self.control.promised {
            self.control.promised = epoch;
            self.keeps();
        }
    }

    /// Everything that was wanted so far.
    pub(super) fn latest(&self) -> Version {
        Version(self.keeping.wanted)
    }

    /// The next epoch of this node, above all that it knows of; none when they are used up.
    ///
    /// Of two nodes one has the even epochs and the other the odd ones, so that no epoch is begun
    /// twice, whatever operators force.
    pub(super) fn next_epoch(&self) -> Option<Epoch> {
        self.epoch_above(0)
    }

    /// That of a reign for which an operator gives up what the other node may have released, where no
    /// record says by which reigns it did: later than any of them. If one of those were later, that node
    /// would go on with what was given up, and what is released by this reign would be cut instead.
    pub(super) fn epoch_ahead(&self) -> Option<Epoch> {
        self.epoch_above(UNHEARD_MAX)
    }

    fn epoch_above(&self, ahead: u32) -> Option<Epoch> {
        let known = self.arbiter.known().map_or(0, |known| known.record.epoch.0);
        let seen = [self.control.promised.0, self.control.reigned.0, self.last_epoch().0, known];
        let last = seen.into_iter().max()?.max(self.peer.reign.0).checked_add(ahead)?;
        let above = last.checked_add(1)?;
        let is_mine = (above % 2 == 0) == (self.settings.name < self.settings.peer);
        if is_mine { Some(Epoch(above)) } else { above.checked_add(1).map(Epoch) }
    }

    pub(super) fn allows(&mut self, allowed: Allowed) {
        if self.allowed != allowed {
            self.allowed = allowed;
            self.acts(Action::Allow(allowed));
        }
    }

    /// A line's receiver, at its beginning.
    pub(super) fn receiver(&self) -> Receiver {
        receiver_of(&self.settings, &self.control)
    }

    /// Whether its journal was never begun.
    pub(super) fn is_empty(&self) -> bool {
        self.log.end == Mark::ZERO && self.log.epochs.is_empty()
    }
}

/// What the control file of another node is worth here: the journal's directory was copied from that one.
/// What it promised holds for this log too; what it did, this node did not, and its log is a part until
/// it was in sync.
fn copied(control: &Control, settings: &Settings, facts: &LogFacts) -> Control {
    let joining = if facts.end == Mark::ZERO { Joining::No } else { Joining::New };
    let Control { cluster, promised, .. } = *control;
    Control { cluster, promised, joining, ..Control::first(settings.name) }
}

/// A line's receiver, at its beginning.
fn receiver_of(settings: &Settings, control: &Control) -> Receiver {
    let Settings { mode, segment_bytes, .. } = *settings;
    let settings = receiver::Settings { mode, segment_bytes };
    Receiver::new(settings, control.cluster, control.promised)
}

impl Log {
    /// A reign begins behind the end of the log.
    pub(super) fn begins(&mut self, start: EpochStart) {
        if self.epochs.last().is_none_or(|last| last.epoch < start.epoch) {
            if self.epochs.len() == EPOCHS_MAX {
                self.epochs.remove(0);
            }
            self.epochs.push(start);
        }
    }

    /// The log ends here, durably, and what was behind is gone.
    pub(super) fn is_cut(&mut self, end: Mark) {
        self.end = end;
        self.durable = end;
        self.epochs.retain(|start| start.epoch <= end.epoch && start.first_batch <= end.batch);
    }
}

impl Keeping {
    fn to_send(&self) -> Option<u64> {
        (self.on_its_way.is_none() && self.wanted > self.durable).then_some(self.wanted)
    }

    fn on_persisted(&mut self) {
        if let Some(version) = self.on_its_way.take() {
            self.durable = version;
        }
    }
}
