//! The way to a planned switch-over: nothing new is admitted, what is under way ends, and either the
//! peer reigns then or everything goes on. A stop goes further ([`Core::handle_drain`]); this one can be
//! taken back. Knows no peer.
//!
//! ```text
//! pause -> settled: every transaction has its answer, and that is delivered -> handed over
//!    |        ^
//!    |        +- cut short: whose issuer is silent still, ends as if its time were over
//!    +-> admit: as before
//! ```
//! So whoever was admitted has an answer on its own link, and nobody's silence holds up a switch-over.

use crate::broken::{Variant, breaks};
use crate::time::Now;
use crate::turn::{Core, World};

impl Core {
    /// Admits nothing new from here on: no connection and no request, but what is known and what is an
    /// answer. Whoever reads the links leaves those alone that bring nothing else.
    pub fn handle_pause(&mut self) {
        self.world.paused = !breaks(Variant::PausedAdmits);
    }

    /// Admits as before.
    pub fn handle_admit(&mut self) {
        self.world.paused = false;
    }

    /// What is under way waits no longer, and ends with the next [`Core::handle_time`]: a request of which
    /// no byte left gets 907, another one 911 and is reversed; who waits for a reply gets what silence
    /// gets.
    pub fn handle_cut_short(&mut self, now: Now) {
        if breaks(Variant::CutShortSilent) {
            return;
        }
        let World { table, stations, deciding, .. } = &mut self.world;
        for station in stations {
            table.shorten(&station.in_flight, now.boot);
        }
        table.shorten(deciding, now.boot);
    }

    /// Whether nothing is under way: every transaction has its answer, its acquirer's socket has taken it
    /// or it never will, and the gate is empty. Items may wait for their acknowledgement.
    pub fn is_settled(&self) -> bool {
        self.world.is_settled() && self.world.undelivered.is_empty() && self.gate.fill().0 == 0
    }
}
