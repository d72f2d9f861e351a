//! A primary that can not commit by itself any more: when it ends its reign for the other node, and for how
//! long its next life leaves that one the first try. Must not know how it is found out that a node is sick.
//!
//! It can say nothing durably, as its disk takes nothing: so it hands nothing over. It gives its lease back,
//! releases nothing more and is silent, as one that died, and the rules of promotion do the rest. Where nobody
//! could take over it stays what it is: a sick primary may be well again, and one that ended its reign would
//! have to find that out first.

use crate::mutants::{Mutant, breaks};
use crate::roles::event::Ending;
use crate::roles::node::{Node, Phase};

impl Node {
    /// What this node can commit by itself was measured: not in time, or again in time.
    pub(super) fn on_sick(&mut self, is_sick: bool) {
        if let Phase::Reigning(reigning) = &mut self.phase {
            reigning.sick = is_sick;
        }
    }

    /// Ends the reign of a node that is sick, as soon as the other one is there to take over.
    pub(super) fn settle_sickness(&mut self) {
        if self.reign().sick && self.may_be_relieved() && !breaks(Mutant::StaysThoughSick) {
            self.ends(Ending::Sick);
        }
    }

    /// Whether the other node may take over by the record, is heard, and can ask the witness, as far as this
    /// one can. One whose question hangs in this process will not know, and its next life may.
    fn may_be_relieved(&self) -> bool {
        let times = &self.settings.times;
        let unread = times.look.saturating_add(times.witness_timeout);
        let reads =
            self.arbiter.hangs() || self.now <= self.arbiter.last_seen().saturating_add(unread);
        self.settings.witness
            && reads
            && self.peer.line
            && !self.reign().is_fenced()
            && self.is_sync()
    }

    /// Whether the other node has the first try: the life before this one was sick and gave the reign up for
    /// it. Not for ever: that one may be gone, and this disk well again, which the promise before each reign
    /// proves.
    pub(super) fn yields(&self) -> bool {
        self.yields_until().is_some_and(|until| self.now < until)
    }

    pub(super) fn yields_until(&self) -> Option<u64> {
        let until = self.arbiter.began().saturating_add(self.settings.times.yields);
        (self.start.yields && !breaks(Mutant::ResumesThoughItYields)).then_some(until)
    }
}
