//! A primary: what it hears, when its ports open, and when its reign ends. What it may release is
//! `syncing`'s, how the log gets to the standby `shipping`'s, how a reign is handed over `handover`'s.
//!
//! Whoever hears of a later reign than its own is not the primary any more, whoever says so.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a phase is told what is not meant for it, and lets it pass"
)]

use crate::format::{Epoch, Position};
use crate::mutants::{Mutant, breaks};
use crate::roles::event::{Action, Cause, DrainId, Ending, Event};
use crate::roles::handover::{self, Handing};
use crate::roles::node::{Node, Phase};
use crate::roles::refusal::{Busy, Refusal};
use crate::roles::shipping::Shipping;
use crate::roles::syncing::Syncing;
use crate::ship::message::Message;
use crate::ship::sender::Sender;

/// A reign of this node.
#[derive(Debug)]
pub(super) struct Reigning {
    pub(super) epoch: Epoch,
    pub(super) cause: Cause,
    pub(super) lossy: bool,
    pub(super) began_at: u64,
    /// The last record that is known to be at both nodes.
    pub(super) safe: Position,
    /// The last record that the start wrote; none while the writer has not begun.
    pub(super) begun: Option<Position>,
    pub(super) opened: bool,
    pub(super) syncing: Syncing,
    pub(super) shipping: Shipping,
    pub(super) handing: Option<Handing>,
    /// What it writes does not become durable in time.
    pub(super) sick: bool,
    /// The last drain that was asked for.
    pub(super) drains: DrainId,
}

impl Reigning {
    pub(super) fn is_fenced(&self) -> bool {
        self.handing.as_ref().is_some_and(Handing::is_fenced)
    }

    pub(super) fn on_line_down(&mut self) {
        self.shipping.ends();
        self.syncing.on_line_down();
    }
}

impl Node {
    /// The reign; only called in one.
    pub(super) fn reign(&self) -> &Reigning {
        let Phase::Reigning(reigning) = &self.phase else { unreachable!("in a reign") };
        reigning
    }

    pub(super) fn reign_mut(&mut self) -> &mut Reigning {
        let Phase::Reigning(reigning) = &mut self.phase else { unreachable!("in a reign") };
        reigning
    }

    pub(super) fn on_driver_reigning(&mut self, event: Event) {
        match event {
            Event::Reigns { end, begun } => {
                self.log.end = end;
                self.reign_mut().begun = Some(begun);
                self.says_hello();
                self.begins_shipping();
            }
            Event::Framed { end, item } => self.on_framed(end, item),
            Event::Required { released } => self.on_required(released),
            Event::Drained { id, end } => self.on_drained(id, end),
            Event::NotDrained(id) => self.on_not_drained(id),
            Event::Fed(fed) => self.on_fed(fed),
            // Answers to what was asked in the phase before, and what is not a primary's.
            _ => {}
        }
    }

    pub(super) fn on_heard_reigning(&mut self, message: &Message) {
        let epoch = self.reign().epoch;
        if let Some(said) = message.promised()
            && said > epoch
            && !breaks(Mutant::IgnoresLaterReigns)
            && !self.awaits_taking(message)
        {
            self.ends(Ending::Epoch(said));
        }
        if matches!(self.phase, Phase::Over) {
            return;
        }
        match *message {
            Message::Hello(_) => self.begins_shipping(),
            Message::Ready { reign, end } if reign == epoch => self.on_ready(end),
            Message::Ack { reign, received, durable } if reign == epoch => {
                self.on_ack(received, durable);
            }
            Message::Refuse { objection, .. } => {
                self.peer.objects = Some(objection);
                if self.reign().is_fenced() {
                    self.ends(Ending::NotTaken);
                }
            }
            Message::Ask { .. } => self.says(Message::Nack { reign: epoch }),
            _ => {}
        }
    }

    pub(super) fn settle_reigning(&mut self) {
        self.settle_sickness();
        if matches!(self.phase, Phase::Over) {
            return;
        }
        self.settle_shipping();
        self.settle_handover();
        if matches!(self.phase, Phase::Over) {
            return;
        }
        if !self.reign().is_fenced() && !self.control.isolated {
            self.settle_syncing();
            self.sets_gate();
        }
        let committed = self.committed();
        let reigning = self.reign_mut();
        if !reigning.opened && reigning.begun.is_some_and(|begun| committed >= begun) {
            reigning.opened = true;
            if self.control.lossy {
                self.control.lossy = false;
                self.keeps();
            }
            self.acts(Action::Open);
        }
    }

    pub(super) fn deadline_reigning(&self, reigning: &Reigning) -> Option<u64> {
        let handing = reigning.handing.as_ref().and_then(Handing::deadline);
        // What the sender needs is asked for when something happens, or else soon.
        let needs = reigning.shipping.sender().and_then(Sender::deadline);
        let needs = needs.map(|at| at.max(self.now + 1));
        [handing, needs, self.deadline_of_syncing(reigning)].into_iter().flatten().min()
    }

    /// This life is over: everything that was promised to operators is said, and nothing is done any
    /// more.
    pub(super) fn ends(&mut self, why: Ending) {
        let waited = self.wish.take().map(|waited| waited.id);
        let later = self.later.take().map(|later| later.id);
        for id in [waited, later].into_iter().flatten() {
            self.acts(Action::Answer(id, Err(Refusal::Busy(Busy::Demotion))));
        }
        if let Phase::Reigning(reigning) = &mut self.phase
            && let Some(handing) = reigning.handing.take()
        {
            let answer = handover::answer(why, self.peer.name);
            self.acts(Action::Answer(handing.wish, answer));
        }
        if let Phase::Rising(rising) = &mut self.phase
            && let Some(id) = rising.wish.take()
        {
            self.acts(Action::Answer(id, Err(Refusal::Overtaken)));
        }
        if self.settings.witness {
            self.acts(Action::Alive(false));
        }
        self.acts(Action::Demote(why));
        self.phase = Phase::Over;
    }
}
