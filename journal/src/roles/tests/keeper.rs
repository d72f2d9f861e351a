//! The witness of the stories: one record, two leases, and answers that may not come. Knows no rule.

use crate::roles::witness::{Known, Record, Revision, Seen};

#[derive(Default)]
pub(super) struct Witness {
    pub(super) record: Option<Record>,
    pub(super) revision: u64,
    pub(super) alive: [bool; 2],
    /// It does not answer this one.
    pub(super) deaf: [bool; 2],
    /// What it is asked to change is done later, or never, and not answered.
    pub(super) slow: bool,
    pub(super) later: Vec<(Revision, Record)>,
    /// Before it is asked for a change the next time, it does what it has not answered.
    pub(super) late_ones_first: bool,
}

impl Witness {
    pub(super) fn says(&self, peer: usize) -> Seen {
        let known = self.record.map(|record| Known { revision: Revision(self.revision), record });
        Seen { known, peer_alive: self.alive[peer] }
    }

    pub(super) fn changes(&mut self, expected: Revision, record: Record) -> bool {
        if std::mem::take(&mut self.late_ones_first) {
            self.catches_up();
        }
        let fits = expected == Revision(self.revision);
        if fits {
            self.revision += 1;
            self.record = Some(record);
        }
        fits
    }

    /// A node's lease ends.
    pub(super) fn forgets(&mut self, at: usize) {
        self.alive[at] = false;
    }

    /// What was not answered is done after all, where the version is still the expected one.
    pub(super) fn catches_up(&mut self) -> usize {
        let later = std::mem::take(&mut self.later);
        later.into_iter().filter(|&(expected, record)| self.changes(expected, record)).count()
    }
}
