//! A standby: whom it follows, and how its log becomes the primary's. Whether it should be more than
//! that is `deciding`'s. Must not know what is in the log.
//!
//! Before anything of a reign is taken, the promise to it is durable; before anything is cut, so is
//! what will be cut; before anything is taken behind a cut, that it is done.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a phase is told what is not meant for it, and lets it pass"
)]

use crate::format::{BatchHeader, BatchNumber, Epoch, Position, SegmentHeader};
use crate::mutants::{Mutant, breaks};
use crate::roles::control::Joining;
use crate::roles::event::{Action, Event, Halting, Item, Storing};
use crate::roles::node::{Node, Phase, Version};
use crate::ship::message::{
    Bytes, EpochStart, Heartbeat, ItemKind, Mark, Message, Piece, Role, Standing, WhenLost,
};
use crate::ship::receiver::{Begin, Receiver};

/// A node that follows, or waits.
#[derive(Debug)]
pub(super) struct Standby {
    /// When a primary was heard last; the start of this life if never.
    pub(super) heard_primary: u64,
    pub(super) receiver: Receiver,
    /// Whose log it takes, on this line.
    pub(super) following: Option<Epoch>,
    /// What the primary asked for and was not begun.
    asked: Option<(Epoch, Mark, Option<Position>)>,
    step: Step,
    /// Something of the log is on its way to the disk, behind its end.
    taken: bool,
    /// The last batch that the log was given: beyond its end as long as it has not said that it took it.
    given: Mark,
    /// On this line it has not said yet who it is: its log's end is not known.
    owes_hello: bool,
    /// The reign that it asked its peer's consent for, and when.
    pub(super) asking: Option<(Epoch, u64)>,
    /// The reign that it consents to, as soon as that is durable.
    pub(super) granting: Option<(Epoch, Version)>,
    /// The reign that it has consented to on this line: its peer has begun it, or is about to.
    pub(super) granted: Option<Epoch>,
    /// On this line it asked for what was damaged.
    fetching: bool,
    /// The last batch that was given to be mended, on whatever line: what comes next follows it.
    mended: BatchNumber,
    /// In this life its primary said that it has everything and never goes on alone.
    pub(super) assured: Epoch,
}

/// On the way to the matched prefix.
#[derive(Debug)]
enum Step {
    /// Nothing is under way.
    Rest,
    /// The promise is to be durable, and what is to be cut.
    Writing {
        version: Version,
        then: Then,
    },
    Cutting,
    /// That it was cut is to be durable.
    Clearing {
        version: Version,
        mark: Mark,
    },
    /// A checkpoint comes.
    Restoring,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Cut(Mark),
    Restore,
}

impl Standby {
    pub(super) fn new(receiver: Receiver, now: u64) -> Self {
        Self {
            heard_primary: now,
            receiver,
            following: None,
            asked: None,
            step: Step::Rest,
            taken: false,
            given: Mark::ZERO,
            owes_hello: false,
            asking: None,
            granting: None,
            granted: None,
            fetching: false,
            mended: BatchNumber(0),
            assured: Epoch(0),
        }
    }

    /// A cut that was begun goes on; nothing else does.
    pub(super) fn on_line_down(&mut self, receiver: Receiver) {
        self.receiver = receiver;
        self.following = None;
        self.asked = None;
        self.asking = None;
        self.granting = None;
        self.granted = None;
        self.fetching = false;
        self.owes_hello = false;
        // What of a checkpoint was not sent on this line is not sent on another one.
        if matches!(self.step, Step::Restoring | Step::Writing { then: Then::Restore, .. }) {
            self.step = Step::Rest;
        }
    }

    /// Whether its primary's log comes in on this line, from where both agree, or a checkpoint in its place.
    fn takes(&self) -> bool {
        self.following.is_some() && matches!(self.step, Step::Rest | Step::Restoring)
    }

    /// Whether its log is what it was at the start or at the last acknowledgement: nothing of it is
    /// being cut.
    pub(super) fn is_at_rest(&self) -> bool {
        matches!(self.step, Step::Rest) && self.asked.is_none()
    }
}

impl Node {
    pub(super) fn standby(&self) -> &Standby {
        let Phase::Standby(standby) = &self.phase else { unreachable!("as a standby") };
        standby
    }

    pub(super) fn standby_mut(&mut self) -> &mut Standby {
        let Phase::Standby(standby) = &mut self.phase else { unreachable!("as a standby") };
        standby
    }

    pub(super) fn on_heard_as_standby(&mut self, message: Message) {
        let reign = message.reign();
        if is_of_a_primary(&message) && reign >= self.control.promised {
            self.standby_mut().heard_primary = self.now;
        }
        match message {
            Message::Follow { reign, from, snapshot } => self.on_follow(reign, from, snapshot),
            Message::Segment { reign, block } => self.on_item(reign, ItemKind::Segment, block),
            Message::Batch { reign, bytes } => self.on_item(reign, ItemKind::Batch, bytes),
            Message::Snapshot(piece) => self.on_piece(piece),
            Message::Heartbeat(heartbeat) => self.on_heartbeat_of_primary(&heartbeat),
            Message::Ask { reign, end, .. } => self.on_ask(reign, end),
            Message::Grant { reign } => self.on_grant(reign),
            Message::Nack { .. } => self.standby_mut().asking = None,
            Message::HandOver { reign, end } => self.on_hand_over(reign, end),
            Message::Refuse { objection, .. } => self.peer.objects = Some(objection),
            Message::Fetched { item, bytes, .. } => self.on_fetched(item, bytes),
            Message::NotHere { from, .. } => self.on_not_here(from),
            _ => {}
        }
    }

    fn on_follow(&mut self, reign: Epoch, from: Mark, snapshot: Option<Position>) {
        // Who wants this node to follow does not object to it any more.
        self.peer.objects = None;
        let unasked = self.is_empty() && self.control.joining == Joining::No;
        if unasked || self.control.repairing.is_some() || self.peer.objected.is_some() {
            return;
        }
        self.standby_mut().asked = Some((reign, from, snapshot));
    }

    /// Begins what the primary asked for, if nothing else is under way.
    fn follows(&mut self) {
        // A checkpoint that comes gives way to a newer one.
        if !matches!(self.standby().step, Step::Rest | Step::Restoring) {
            return;
        }
        let Some((reign, from, snapshot)) = self.standby_mut().asked.take() else { return };
        let end = self.log.end;
        let from = if breaks(Mutant::AcknowledgesItsOwnLog) { end } else { from };
        let then = match self.standby_mut().receiver.handle_follow(reign, from, snapshot) {
            Begin::Cut(mark) => Then::Cut(mark),
            Begin::Restore { .. } => Then::Restore,
            Begin::Refused => return,
        };
        self.promises(reign);
        if let Some(hello) = &self.peer.hello
            && self.is_empty()
        {
            self.control.cluster = hello.cluster;
            self.keeps();
        }
        if let Then::Cut(mark) = then
            && (mark.batch < end.batch || self.standby().taken)
        {
            self.control.cut = Some(mark);
            self.keeps();
        }
        self.standby_mut().following = Some(reign);
        let version = self.latest();
        self.standby_mut().step = Step::Writing { version, then };
    }

    pub(super) fn on_driver_as_standby(&mut self, event: Event) {
        match event {
            Event::Received(mark) => {
                if mark.batch > self.log.end.batch {
                    self.log.end = mark;
                }
                self.standby_mut().receiver.handle_received(mark);
            }
            Event::Durable(mark) => {
                self.standby_mut().receiver.handle_durable(mark);
            }
            Event::Cut(mark) => self.on_cut(mark),
            Event::Restored(mark) => self.on_restored(mark),
            Event::Misfit => match self.control.repairing {
                Some(batch) => self.halts(Halting::NotMended(batch)),
                None => self.on_misfit(),
            },
            Event::Mended { end, epochs } => self.on_mended(end, epochs),
            _ => {}
        }
    }

    /// What the log did not take, and nothing behind that, is on its way any more. What came on an
    /// earlier line, and follows that, is none of this one's.
    fn on_misfit(&mut self) {
        let (end, standby) = (self.log.end, self.standby_mut());
        standby.given = end;
        if standby.takes() {
            self.hangs_up(&"what was shipped does not fit the log");
        }
    }

    /// Says who this node is, unless its log has not said yet what it took of what came on an earlier
    /// line: else the primary would have that cut.
    pub(super) fn greets(&mut self) {
        let end = self.log.end.batch;
        if let Phase::Standby(standby) = &mut self.phase
            && standby.given.batch > end
        {
            standby.owes_hello = true;
            return;
        }
        self.says_hello();
    }

    fn settle_hello(&mut self) {
        let (end, standby) = (self.log.end.batch, self.standby_mut());
        if standby.owes_hello && standby.given.batch <= end {
            standby.owes_hello = false;
            self.says_hello();
        }
    }

    fn on_cut(&mut self, mark: Mark) {
        if !matches!(self.standby().step, Step::Cutting) {
            return;
        }
        self.log.is_cut(mark);
        (self.standby_mut().taken, self.standby_mut().given) = (false, mark);
        if self.control.cut.take().is_some() {
            self.keeps();
        }
        let version = self.latest();
        self.standby_mut().step = Step::Clearing { version, mark };
    }

    fn on_restored(&mut self, mark: Mark) {
        if matches!(self.standby().step, Step::Restoring) {
            self.log.is_cut(mark);
            let standby = self.standby_mut();
            standby.step = Step::Rest;
            standby.given = mark;
            standby.receiver.handle_cut(mark);
        }
    }

    pub(super) fn settle_standby(&mut self) {
        self.settle_hello();
        self.follows();
        match self.standby().step {
            Step::Writing { version, then } if self.is_kept(version) => match then {
                Then::Cut(mark) => {
                    self.standby_mut().step = Step::Cutting;
                    self.acts(Action::Cut(mark));
                }
                Then::Restore => self.standby_mut().step = Step::Restoring,
            },
            Step::Clearing { version, mark } if self.is_kept(version) => {
                let standby = self.standby_mut();
                standby.step = Step::Rest;
                if standby.following.is_some() {
                    standby.receiver.handle_cut(mark);
                }
                self.follows();
            }
            _ => {}
        }
        self.repairs();
        self.grants();
        self.decides();
    }

    fn on_piece(&mut self, piece: Piece) {
        let cluster = self.control.cluster;
        match self.standby_mut().receiver.handle_piece(&piece) {
            Ok(Some(base)) => self.acts(Action::Store(Storing { cluster, base, piece })),
            Ok(None) => {}
            Err(misfit) => self.hangs_up(&misfit),
        }
    }

    fn on_item(&mut self, reign: Epoch, kind: ItemKind, bytes: Bytes) {
        let receiver = &mut self.standby_mut().receiver;
        let taken = match kind {
            ItemKind::Segment => receiver.handle_segment(reign, bytes),
            ItemKind::Batch => receiver.handle_batch(reign, bytes),
        };
        match taken {
            Ok(Some(item)) => {
                if kind == ItemKind::Segment
                    && let Ok(header) = SegmentHeader::read(&item.bytes)
                {
                    let first_batch = header.first_batch;
                    self.log.begins(EpochStart { epoch: header.epoch, first_batch });
                }
                let standby = self.standby_mut();
                standby.taken = true;
                standby.given = standby.receiver.given();
                self.acts(Action::Take(item));
            }
            Ok(None) => {}
            Err(misfit) => self.hangs_up(&misfit),
        }
    }

    fn on_heartbeat_of_primary(&mut self, heartbeat: &Heartbeat) {
        if heartbeat.role != Role::Primary || self.standby().following != Some(heartbeat.reign) {
            return;
        }
        self.log.released = self.log.released.max(heartbeat.released);
        let has_all = match heartbeat.standing {
            Standing::Sync => true,
            // Nobody ever says so in this mode: it has all that its primary had when it spoke.
            Standing::Async => self.log.durable.batch >= heartbeat.end.batch,
            Standing::None | Standing::Solo => false,
        };
        if !has_all {
            return;
        }
        // It has all that the other one's reign released: what a reign of its own gave up before,
        // and never wrote down, is not missing any more.
        if self.control.joining != Joining::No || self.control.lossy {
            self.control.joining = Joining::No;
            self.control.lossy = false;
            self.keeps();
            self.says_hello();
        }
        let theirs = self.peer.hello.as_ref().map(|hello| hello.when_lost);
        let never_alone = theirs == Some(WhenLost::Stop) && heartbeat.standing == Standing::Sync;
        if never_alone && self.settings.when_lost == WhenLost::Stop {
            self.standby_mut().assured = heartbeat.reign;
            if self.control.assured != heartbeat.reign {
                self.control.assured = heartbeat.reign;
                self.keeps();
            }
        }
    }

    /// Asks for what was damaged, from whomever is there.
    fn repairs(&mut self) {
        let Some(until) = self.control.repairing else { return };
        let from = BatchNumber(self.log.end.batch.0.saturating_add(1));
        if until < from {
            self.control.repairing = None;
            // It was mended, and the last life ended before that was written down; or how far the
            // damage goes is not known: then it follows until it was in sync once.
            if self.damaged.is_some() {
                self.control.joining = self.control.joining.max(Joining::New);
            }
            self.keeps();
            self.says_hello();
            return;
        }
        let from = self.next_to_mend();
        if from <= until && self.peer_is_whole() && !self.standby().fetching {
            self.standby_mut().fetching = true;
            self.says(Message::Fetch { reign: self.control.promised, from, until });
        }
    }

    /// The first batch that is damaged and was not given to be mended.
    fn next_to_mend(&self) -> BatchNumber {
        let last = self.log.end.batch.max(self.standby().mended);
        BatchNumber(last.0.saturating_add(1))
    }

    /// Something of what was damaged. What an earlier line asked for may come on this one, and is
    /// passed over: nothing is given twice, and nothing is left out.
    fn on_fetched(&mut self, kind: ItemKind, bytes: Bytes) {
        if self.control.repairing.is_none() || !self.standby().fetching {
            return;
        }
        let next = self.next_to_mend();
        // What can not be read is no batch: whoever mends says so.
        let comes_next = match kind {
            ItemKind::Segment => {
                SegmentHeader::read(&bytes).map_or(true, |header| header.first_batch <= next)
            }
            ItemKind::Batch => {
                BatchHeader::read(&bytes).map_or(true, |header| header.batch == next)
            }
        };
        if !comes_next {
            return;
        }
        if kind == ItemKind::Batch {
            self.standby_mut().mended = next;
        }
        self.acts(Action::Mend(Item { kind, bytes }));
    }

    /// The other node is there, and nothing of its log is missing.
    fn peer_is_whole(&self) -> bool {
        let hello = self.peer.hello.as_ref();
        self.peer.objected.is_none()
            && hello.is_some_and(|hello| {
                !hello.flags.empty && !hello.flags.joining && !hello.flags.repairing
            })
    }

    fn on_not_here(&mut self, from: BatchNumber) {
        if self.control.repairing.is_some() && self.standby().fetching && self.peer_is_whole() {
            self.halts(Halting::NotMended(from));
        }
    }

    fn on_mended(&mut self, end: Mark, epochs: Vec<EpochStart>) {
        self.log.is_cut(end);
        self.log.epochs = epochs;
        self.control.repairing = None;
        self.damaged = None;
        self.keeps();
        self.says_hello();
    }

    /// Up to which record a snapshot goes that its log does not reach yet; nothing is promoted meanwhile.
    pub(super) fn lacks(&self) -> Option<Position> {
        self.lacks.filter(|position| self.log.durable.position < *position)
    }

    /// Up to which batch its log is damaged; nothing is promoted meanwhile.
    pub(super) fn repairing(&self) -> Option<BatchNumber> {
        self.control.repairing.or(self.damaged)
    }

    pub(super) fn halts(&mut self, why: Halting) {
        self.acts(Action::Halt(why));
        self.phase = Phase::Over;
    }
}

/// Whether only one that reigns says so.
fn is_of_a_primary(message: &Message) -> bool {
    match message {
        Message::Hello(hello) => hello.role == Role::Primary,
        Message::Heartbeat(heartbeat) => heartbeat.role == Role::Primary,
        Message::Follow { .. }
        | Message::Segment { .. }
        | Message::Batch { .. }
        | Message::Snapshot(_) => true,
        _ => false,
    }
}
