//! A node that an operator isolates: it says nothing, acknowledges nothing, consents to nothing and does not reign,
//! through every restart, until the operator ends that. Must not know why somebody wants it.
//!
//! For a machine that is half dead and must not hurt the other one. It is fenced at once, before the control file
//! says so: if the disk hangs, nobody is told that it is durable, and nothing leaves nevertheless.

use crate::format::Position;
use crate::mutants::{Mutant, breaks};
use crate::roles::event::{Action, Allowed};
use crate::roles::node::{Later, Node, Phase};
use crate::roles::refusal::{Busy, Refusal};
use crate::roles::view::Safety;
use crate::roles::wish::{Confirmed, Done, Question, WishId};
use crate::ship::message::WhenLost;

impl Node {
    pub(super) fn on_wish_to_isolate(&mut self, id: WishId, confirmed: Confirmed) {
        let refusal = match &self.phase {
            _ if self.control.isolated => Some(Refusal::Isolated),
            Phase::Rising(_) => Some(Refusal::Busy(Busy::Promotion)),
            Phase::Reigning(reigning) if reigning.handing.is_some() => {
                Some(Refusal::Busy(Busy::SwitchOver))
            }
            Phase::Over => Some(Refusal::Busy(Busy::Demotion)),
            Phase::Standby(_) | Phase::Reigning(_) => {
                let asks = confirmed.lacks(&self.asks_of_an_isolation());
                (!asks.is_empty()).then_some(Refusal::Asks(asks))
            }
        };
        if let Some(refusal) = refusal {
            self.acts(Action::Answer(id, Err(refusal)));
            return;
        }
        self.control.isolated = true;
        if matches!(self.phase, Phase::Reigning(_)) {
            self.allows(Allowed::UpTo(Position(0)));
            if self.settings.witness {
                self.acts(Action::Alive(false));
            }
        }
        if self.peer.line {
            self.acts(Action::HangUp);
        }
        let version = self.keeps();
        self.later = Some(Later { version, id, done: Done::Isolated });
    }

    /// What it costs the pair.
    fn asks_of_an_isolation(&self) -> Vec<Question> {
        if matches!(self.phase, Phase::Reigning(_)) {
            return self.asks_of_an_end();
        }
        let is_needed = self.settings.when_lost == WhenLost::Stop && self.safety() == Safety::Sync;
        if is_needed { vec![Question::PrimaryStops] } else { Vec::new() }
    }

    pub(super) fn on_wish_to_rejoin(&mut self, id: WishId) {
        if !self.control.isolated {
            self.acts(Action::Answer(id, Err(Refusal::NotIsolated)));
            return;
        }
        self.control.isolated = false;
        let version = self.keeps();
        self.later = Some(Later { version, id, done: Done::Rejoins });
    }

    /// Whether it has nothing to say to anybody.
    pub(super) fn is_isolated(&self) -> bool {
        let ends = self.later.is_some_and(|later| later.done == Done::Rejoins);
        (self.control.isolated || ends) && !breaks(Mutant::ForgetsItsIsolation)
    }
}
