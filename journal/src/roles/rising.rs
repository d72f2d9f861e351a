//! From standby to primary: the promise, the seal, the record, the reign, in this order. Whether it
//! should be is decided before (`deciding`, `wishes`). Must not know what a primary does.
//!
//! 1. The promise is durable: whatever the old primary still sends is refused, so it can not commit.
//!    With it, what an operator gives up: the life that begins the reign may be another one.
//! 2. The log is durable and closed: what was acknowledged from memory is on the disk.
//! 3. Only then the record is swapped; what was true when this began is looked at again before.
//! 4. That it reigns is durable, and the writer begins.
//!
//! If 3 came before 2: in `memory` this node could win the record, lose power, start again with a log
//! that lacks what the old primary released, and resume by the record that names it.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a phase is told what is not meant for it, and lets it pass"
)]

use crate::format::{BatchNumber, Cluster, Epoch, Position};
use crate::mutants::{Mutant, breaks};
use crate::roles::control::{Fenced, Joining};
use crate::roles::event::{Action, Cause, DrainId, Ending, Event, Reign};
use crate::roles::node::{Node, Phase, Version};
use crate::roles::refusal::Refusal;
use crate::roles::reigning::Reigning;
use crate::roles::shipping::Shipping;
use crate::roles::syncing::Syncing;
use crate::roles::wish::{Done, WishId};
use crate::roles::witness::{Member, Record};
use crate::ship::message::{EpochStart, Message, Mode, WhenLost};

/// How a node comes to reign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) cause: Cause,
    pub(super) lossy: bool,
    /// Who stays in sync with the new reign from its beginning.
    pub(super) keep: Option<Member>,
    /// An operator ordered it: it goes on alone until its first time in sync.
    pub(super) by_hand: bool,
    pub(super) basis: Basis,
}

/// What gives it the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Basis {
    /// The record of this reign names it, as primary or in sync.
    Record(Epoch),
    /// The reign was handed over to it.
    HandedOver(Epoch),
    /// Its peer promised.
    Consent,
    /// An operator, whatever the record says.
    Operator,
}

impl Plan {
    /// Whether the reign before it, of the other node, said that this one has everything.
    const fn is_vouched_for(&self) -> bool {
        match self.basis {
            Basis::Record(_) => matches!(self.cause, Cause::Promoted),
            Basis::HandedOver(_) => true,
            Basis::Consent | Basis::Operator => false,
        }
    }
}

/// A node that is about to reign.
#[derive(Debug)]
pub(super) struct Rising {
    plan: Plan,
    pub(super) epoch: Epoch,
    pub(super) wish: Option<WishId>,
    step: Step,
    sealed: bool,
    /// When it began to need the record: what was seen before does not count.
    looked_from: u64,
    began: u64,
    /// All of the log is at both nodes, or was.
    is_shared: bool,
}

#[derive(Debug)]
enum Step {
    /// Until the promise is durable and the log closed.
    Promising(Version),
    /// Until the record is ours.
    Swapping,
    /// Until it is durable that it reigns.
    Noting(Version),
}

impl Node {
    /// Begins to rise, by the next epoch of this node, or far ahead of what it does not know.
    pub(super) fn rises(&mut self, plan: Plan, wish: Option<WishId>) {
        let is_blind = plan.lossy && self.arbiter.known().is_none();
        let epoch = if is_blind { self.epoch_ahead() } else { self.next_epoch() };
        match epoch {
            Some(epoch) => self.rises_to(epoch, plan, wish),
            None => {
                if let Some(id) = wish {
                    self.acts(Action::Answer(id, Err(Refusal::NoEpoch)));
                }
            }
        }
    }

    pub(super) fn rises_to(&mut self, epoch: Epoch, plan: Plan, wish: Option<WishId>) {
        // What an operator gave up stays given up until the log says so, through every restart; but who
        // follows a reign that vouches for it has all that there is.
        let lossy = plan.lossy || self.control.lossy && !plan.is_vouched_for();
        let plan = Plan { lossy, ..plan };
        if self.settings.witness {
            // The record may name this node from its swap on, whatever becomes of this life.
            self.control.lossy = lossy;
        }
        let is_shared = match plan.cause {
            Cause::First => false,
            // What it released alone is here alone, and how much that was is not known any more.
            Cause::Resumed if self.settings.mode == Mode::Async => false,
            Cause::Resumed if self.settings.witness => plan.keep.is_some(),
            Cause::Resumed => self.control.solo_since.is_none(),
            // What was there before this reign, its predecessor had as well.
            Cause::Promoted | Cause::HandedOver => true,
        };
        self.promises(epoch);
        let version = self.latest();
        self.acts(Action::Seal);
        self.phase = Phase::Rising(Rising {
            plan,
            epoch,
            wish,
            step: Step::Promising(version),
            sealed: false,
            looked_from: self.now,
            began: self.now,
            is_shared,
        });
        self.says_hello();
    }

    fn rising(&self) -> &Rising {
        let Phase::Rising(rising) = &self.phase else { unreachable!("while it rises") };
        rising
    }

    fn rising_mut(&mut self) -> &mut Rising {
        let Phase::Rising(rising) = &mut self.phase else { unreachable!("while it rises") };
        rising
    }

    pub(super) fn on_driver_rising(&mut self, event: &Event) {
        match *event {
            Event::Received(mark) if mark.batch > self.log.end.batch => self.log.end = mark,
            Event::Sealed(end) => {
                self.log.end = end;
                self.log.durable = end;
                self.rising_mut().sealed = true;
            }
            _ => {}
        }
    }

    /// Another reign, or the wish for one, goes before this one if it is later.
    pub(super) fn on_heard_rising(&mut self, message: &Message) {
        if message.promised().is_some_and(|reign| reign > self.rising().epoch) {
            self.ends(Ending::Overtaken);
        } else if message.reign() < self.control.promised
            && matches!(message, Message::Batch { .. } | Message::Follow { .. })
        {
            self.says(Message::Nack { reign: self.control.promised });
        }
    }

    pub(super) fn settle_rising(&mut self) {
        match self.rising().step {
            Step::Promising(version) if self.is_kept(version) => self.on_promised(),
            Step::Swapping => self.settle_swapping(),
            Step::Noting(version) if self.is_kept(version) => self.begins_to_reign(),
            Step::Promising(_) | Step::Noting(_) => {}
        }
    }

    fn on_promised(&mut self) {
        if !self.settings.witness {
            if self.rising().sealed {
                self.notes_reign();
            }
        } else if self.rising().sealed || breaks(Mutant::SwapsBeforeTheSeal) {
            let now = self.now;
            let rising = self.rising_mut();
            rising.step = Step::Swapping;
            rising.looked_from = now;
            self.looks_now();
        }
    }

    fn settle_swapping(&mut self) {
        // It goes on trying, as the record may name it already; an operator is not kept waiting.
        let late = self.rising().began.saturating_add(3 * self.settings.times.witness_timeout);
        if self.now >= late
            && let Some(id) = self.rising_mut().wish.take()
        {
            self.acts(Action::Answer(id, Err(Refusal::TriedOn)));
        }
        if self.arbiter.is_asked() {
            return;
        }
        let rising = self.rising();
        let record = self.record_of_mine();
        if self.arbiter.known().is_some_and(|known| known.record == record) {
            if rising.sealed {
                self.notes_reign();
            }
            return;
        }
        let Some(seen) = self.arbiter.seen_since(rising.looked_from) else {
            self.looks_soon();
            return;
        };
        if !self.is_still_right(seen.known.map(|known| known.record)) {
            self.ends(Ending::Overtaken);
            return;
        }
        // A swap that is refused or not answered is followed by another look.
        self.rising_mut().looked_from = self.now.saturating_add(1);
        self.swaps(record);
    }

    fn record_of_mine(&self) -> Record {
        let rising = self.rising();
        let primary = Member { name: self.settings.name, incarnation: self.start.incarnation };
        let cluster = self.cluster_of_mine();
        Record { cluster, epoch: rising.epoch, primary, in_sync: rising.plan.keep }
    }

    fn cluster_of_mine(&self) -> Cluster {
        match self.control.cluster {
            none if none == [0; 16] => self.start.cluster_if_new,
            ours => ours,
        }
    }

    /// Whether the record still gives this node the right to reign.
    fn is_still_right(&self, record: Option<Record>) -> bool {
        let rising = self.rising();
        let is_earlier = record.is_none_or(|record| record.epoch < rising.epoch);
        let is_right = match (rising.plan.basis, record) {
            (Basis::Record(epoch), Some(record)) => {
                let mine = record.primary.name == self.settings.name;
                record.epoch == epoch
                    && if mine {
                        record.in_sync.is_none_or(|member| Some(member) == rising.plan.keep)
                    } else {
                        self.is_listed(&record).is_ok()
                    }
            }
            (Basis::HandedOver(epoch), Some(record)) => {
                record.epoch == epoch && record.primary.name == self.peer.name
            }
            (Basis::Record(_) | Basis::HandedOver(_), None) => false,
            (Basis::Operator, _) => true,
            // It was asked for because there was no record: by one that is there since, another one reigns.
            (Basis::Consent, record) => record.is_none(),
        };
        is_earlier && is_right
    }

    fn notes_reign(&mut self) {
        let (epoch, plan) = (self.rising().epoch, self.rising().plan);
        let cluster = self.cluster_of_mine();
        let alone = plan.keep.is_none() && (plan.by_hand || !self.settings.witness);
        let since = self.utc_ns.max(1);
        let control = &mut self.control;
        control.cluster = cluster;
        control.reigned = epoch;
        control.lossy = plan.lossy;
        control.fenced = Fenced::No;
        control.joining = Joining::No;
        control.assured = Epoch(0);
        control.solo_since = alone.then_some(since);
        let version = self.keeps();
        self.rising_mut().step = Step::Noting(version);
    }

    fn begins_to_reign(&mut self) {
        let Phase::Rising(rising) = std::mem::replace(&mut self.phase, Phase::Over) else {
            unreachable!("while it rises")
        };
        let Rising { plan, epoch, wish, is_shared, .. } = rising;
        let Plan { cause, lossy, keep, by_hand, .. } = plan;
        // By a record that does not name the peer it is alone, whoever consented.
        let consented = plan.basis == Basis::Consent && !self.settings.witness;
        let waits = keep.is_some() || consented;
        let stops = self.settings.when_lost == WhenLost::Stop && !by_hand;
        let requires = self.settings.mode != Mode::Async && (waits || stops);
        let sworn = !self.settings.witness && keep.is_some();
        // All that is here counts as released: what starts now acts on it.
        self.log.released = self.log.released.max(self.log.end.position);
        let first_batch = BatchNumber(self.log.end.batch.0.saturating_add(1));
        self.log.begins(EpochStart { epoch, first_batch });
        self.phase = Phase::Reigning(Box::new(Reigning {
            epoch,
            cause,
            lossy,
            began_at: self.now,
            safe: if is_shared { self.log.end.position } else { Position(0) },
            begun: None,
            opened: false,
            syncing: Syncing::begin(requires, by_hand, sworn),
            shipping: Shipping::default(),
            handing: None,
            sick: false,
            drains: DrainId(0),
        }));
        if cause == Cause::HandedOver {
            self.says(Message::Taken { reign: epoch });
        }
        if self.settings.witness {
            self.acts(Action::Alive(true));
        }
        self.acts(Action::Reign(Reign { epoch, cluster: self.control.cluster, cause, lossy }));
        if let Some(id) = wish {
            self.acts(Action::Answer(id, Ok(Done::Promoted { epoch, lossy })));
        }
        self.says_hello();
    }
}
