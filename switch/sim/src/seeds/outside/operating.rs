//! What operators do about the messages that are kept for issuers.

use switch_core::records::ItemState;
use switch_core::saf::operating::{Command, NotObeyed};

use super::Outside;
use crate::seeds::happened::Happening;
use crate::seeds::stage::ISSUERS;

impl Outside {
    /// Somebody holds a message, releases it, or gives it up.
    pub(super) fn operates(&mut self) {
        let kept = self.register.kept();
        if kept.is_empty() {
            return;
        }
        let (issuer, stan, _) = kept[self.dice.place(kept.len())];
        let name = ISSUERS[issuer].0;
        let alone = Command::Purge { by: ["sato", "sato"] };
        let command = match self.dice.below(6) {
            0 => Command::Purge { by: ["sato", "suzuki"] },
            1..=3 => Command::Hold { by: "sato" },
            _ => Command::Release { by: "suzuki" },
        };
        let refused = self.world.commands(name, stan, alone);
        let right = matches!(refused, Err(NotObeyed::SameOperator | NotObeyed::Unknown));
        assert!(right, "promise 5: one operator alone gave {stan} up");
        // It may be on its way to its worker, or at its end.
        let _obeyed = self.world.commands(name, stan, command);
    }

    /// Whatever is parked or held goes on.
    pub(super) fn operators_release(&mut self) {
        for (issuer, stan, stopped) in self.register.kept() {
            if stopped {
                let release = Command::Release { by: "suzuki" };
                let _obeyed = self.world.commands(ISSUERS[issuer].0, stan, release);
            }
        }
        self.looks();
    }

    /// It was written down that somebody did.
    pub(super) fn sees_turned(&mut self, issuer: usize, stan: u32, state: ItemState) {
        self.saw(match state {
            ItemState::Parked => Happening::Parked,
            ItemState::Held => Happening::Held,
            ItemState::Released => Happening::Released,
            ItemState::Purged => Happening::Purged,
        });
        self.issuers.is_turned(issuer, stan, state == ItemState::Released);
    }
}
