//! A planned switch-over, on the side that gives its reign up. Must not know how the other side takes
//! it.
//!
//! Order: nothing more is admitted and what is in flight ends; the standby has the last record on its
//! disk; the reign is given up, durably; only then the peer is told to take over. From there on this
//! node does nothing more in that reign, whatever is or is not answered.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of what is heard only that matters by which the peer says that it reigns"
)]

use crate::mutants::{Mutant, breaks};
use crate::roles::control::Fenced;
use crate::roles::event::{Action, DrainId, Ending};
use crate::roles::name::NodeName;
use crate::roles::node::{Node, Phase, Version};
use crate::roles::refusal::{Busy, Refusal};
use crate::roles::wish::{Done, WishId};
use crate::ship::message::{Mark, Message, Mode, Role};

/// A reign that is being handed over.
#[derive(Debug)]
pub(super) struct Handing {
    pub(super) wish: WishId,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Draining(DrainId),
    /// The standby lacks something up to here.
    Reaching {
        end: Mark,
        until: u64,
    },
    /// Given up as soon as this version is durable.
    Fencing {
        end: Mark,
        version: Version,
    },
    /// The peer was told.
    Told {
        until: u64,
    },
}

impl Handing {
    pub(super) fn is_fenced(&self) -> bool {
        matches!(self.step, Step::Fencing { .. } | Step::Told { .. })
    }

    pub(super) fn deadline(&self) -> Option<u64> {
        match self.step {
            Step::Reaching { until, .. } | Step::Told { until } => Some(until),
            Step::Draining(_) | Step::Fencing { .. } => None,
        }
    }
}

/// What the operator is told when a life ends so while it hands over.
pub(super) fn answer(why: Ending, peer: NodeName) -> Result<Done, Refusal> {
    match why {
        Ending::HandedOver(epoch) => Ok(Done::SwitchedOver { epoch }),
        Ending::Epoch(_)
        | Ending::NotAnswered
        | Ending::ByOperator
        | Ending::Overtaken
        | Ending::Sick
        | Ending::Isolated
        | Ending::Rejoins
        | Ending::NotTaken => Err(Refusal::NotTaken(peer)),
    }
}

impl Node {
    /// An operator wants the peer to be the primary.
    pub(super) fn on_wish_to_switch_over(&mut self, wish: WishId) {
        let refusal = match &self.phase {
            Phase::Standby(_) => Some(Refusal::NotPrimary(self.primary())),
            Phase::Rising(_) => Some(Refusal::Busy(Busy::Promotion)),
            Phase::Over => Some(Refusal::Busy(Busy::Demotion)),
            Phase::Reigning(reigning) if reigning.handing.is_some() => {
                Some(Refusal::Busy(Busy::SwitchOver))
            }
            Phase::Reigning(reigning) if !reigning.opened => Some(Refusal::Busy(Busy::Promotion)),
            Phase::Reigning(_) if self.settings.mode == Mode::Async => Some(Refusal::Async),
            Phase::Reigning(_) if !self.is_sync() => Some(Refusal::NotInSync(self.peer.name)),
            Phase::Reigning(_) => self.differences().first().copied().map(Refusal::Differs),
        };
        if let Some(refusal) = refusal {
            self.acts(Action::Answer(wish, Err(refusal)));
            return;
        }
        let within = self.settings.times.drain;
        let reigning = self.reign_mut();
        reigning.drains.0 += 1;
        let id = reigning.drains;
        reigning.handing = Some(Handing { wish, step: Step::Draining(id) });
        self.acts(Action::Drain { id, within });
    }

    /// Whether this drain is waited for: not one that was given up before.
    fn drains(&self, id: DrainId) -> bool {
        let handing = self.reign().handing.as_ref();
        handing
            .is_some_and(|handing| matches!(handing.step, Step::Draining(waited) if waited == id))
    }

    pub(super) fn on_not_drained(&mut self, id: DrainId) {
        if self.drains(id) {
            self.hands_not_over(Refusal::NotDrained);
        }
    }

    pub(super) fn on_drained(&mut self, id: DrainId, end: Mark) {
        if end.batch > self.log.end.batch {
            self.log.end = end;
        }
        if self.drains(id) {
            let until = self.now.saturating_add(self.settings.times.ack_timeout);
            self.steps_to(Step::Reaching { end, until });
        }
    }

    /// All stays as it was.
    pub(super) fn hands_not_over(&mut self, refusal: Refusal) {
        if let Some(handing) = self.reign_mut().handing.take() {
            self.acts(Action::Admit);
            self.acts(Action::Answer(handing.wish, Err(refusal)));
        }
    }

    pub(super) fn settle_handover(&mut self) {
        let Some(handing) = &self.reign().handing else { return };
        match handing.step {
            Step::Draining(_) if !self.is_sync() => {
                self.hands_not_over(Refusal::NotInSync(self.peer.name));
            }
            Step::Reaching { end, until } => self.settle_reaching(end, until),
            Step::Fencing { end, version } if self.is_kept(version) => {
                let until = self.now.saturating_add(self.settings.times.drain);
                self.steps_to(Step::Told { until });
                let reign = self.reign().epoch;
                self.says(Message::HandOver { reign, end });
                self.says_hello();
            }
            // What the peer does is not known, and it may be about to reign: this life can not go on
            // with a reign that it gave away.
            Step::Told { until } if self.now >= until || !self.peer.line => {
                if breaks(Mutant::GoesOnAfterGivingUp) {
                    self.reign_mut().handing = None;
                    self.acts(Action::Admit);
                } else {
                    self.ends(Ending::NotAnswered);
                }
            }
            Step::Draining(_) | Step::Fencing { .. } | Step::Told { .. } => {}
        }
    }

    fn settle_reaching(&mut self, end: Mark, until: u64) {
        let there = self.reign().shipping.durable();
        let both = there.batch >= end.batch && self.log.durable.batch >= end.batch;
        if !self.is_sync() {
            self.hands_not_over(Refusal::NotInSync(self.peer.name));
        } else if both || breaks(Mutant::HandsOverTooEarly) {
            self.control.fenced = Fenced::HandedOver;
            let version = self.keeps();
            self.steps_to(Step::Fencing { end, version });
        } else if self.now >= until {
            self.hands_not_over(Refusal::NotReached(self.peer.name));
        }
    }

    fn steps_to(&mut self, step: Step) {
        if let Some(handing) = &mut self.reign_mut().handing {
            handing.step = step;
        }
    }

    /// Whether this node was told to wait for its peer to take over, and this is part of that: then a
    /// later epoch is no reason to end yet. When the peer has taken over, its life ends here.
    pub(super) fn awaits_taking(&mut self, message: &Message) -> bool {
        if !matches!(&self.reign().handing, Some(Handing { step: Step::Told { .. }, .. })) {
            return false;
        }
        let taken = match message {
            Message::Taken { .. } => true,
            Message::Hello(hello) => hello.role == Role::Primary,
            Message::Heartbeat(heartbeat) => heartbeat.role == Role::Primary,
            _ => false,
        };
        if taken {
            self.ends(Ending::HandedOver(message.reign()));
        }
        true
    }
}
