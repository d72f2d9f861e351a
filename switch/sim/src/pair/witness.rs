//! The witness as nodes see it from afar: one record that changes only by comparison with its revision,
//! and a key for each node that goes when it is not kept alive. Questions take their time, and answers
//! get lost. Must not know what the record says.

use super::agenda::{At, MS, SECOND};
use super::line::Site;
use crate::seeds::dice::Dice;

/// How long a node's key lives without a sign of life.
const LEASE: u64 = 2 * SECOND;
/// How often keys are looked at, at the longest.
const LOOKS: u64 = 500 * MS;

/// What a node asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question<R> {
    /// What stands there?
    Read,
    /// Put this there if the revision is still that one; 0: if there is nothing.
    Swap(u64, R),
    /// I am alive.
    Lives,
}

/// What it hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply<R> {
    /// Whether a change took place.
    pub(crate) swapped: bool,
    /// The record with its revision, as it is now.
    pub(crate) record: Option<(u64, R)>,
    /// Which nodes are alive, as far as the witness knows.
    pub(crate) alive: [bool; 2],
}

/// The witness.
#[derive(Debug)]
pub(crate) struct Witness<R> {
    /// The record with its revision.
    pub(crate) record: Option<(u64, R)>,
    /// When each node's key goes.
    leases: [At; 2],
    /// Revisions so far: keys have theirs too.
    revision: u64,
    /// It answers nobody until then.
    pub(crate) away_until: At,
    /// Nothing gets from a site to it, or from it to a site.
    pub(crate) cut_to: [bool; 2],
    pub(crate) cut_from: [bool; 2],
    /// Nanoseconds that a question or an answer takes.
    pub(crate) delay: (u64, u64),
    /// How many of a hundred questions, and of answers, are lost.
    pub(crate) lost: u64,
}

impl<R: Clone + PartialEq> Witness<R> {
    /// One without a record.
    pub(crate) fn new() -> Self {
        Self {
            record: None,
            leases: [At(0); 2],
            revision: 1,
            away_until: At(0),
            cut_to: [false; 2],
            cut_from: [false; 2],
            delay: (MS / 2, 5 * MS),
            lost: 0,
        }
    }

    /// When a site's question gets there, if it does.
    pub(crate) fn hears(&self, from: Site, at: At, dice: &mut Dice) -> Option<At> {
        self.travels(self.cut_to[from.0], at, dice)
    }

    /// When the answer gets back, if it does.
    pub(crate) fn says(&self, to: Site, at: At, dice: &mut Dice) -> Option<At> {
        self.travels(self.cut_from[to.0], at, dice)
    }

    fn travels(&self, is_cut: bool, at: At, dice: &mut Dice) -> Option<At> {
        let (least, most) = self.delay;
        let arrives = at.after(dice.between(least, most + 1));
        (!is_cut && !dice.percent(self.lost)).then_some(arrives)
    }

    /// A question is there; nothing if the witness is away, and then nothing has changed.
    pub(crate) fn takes(
        &mut self,
        from: Site,
        question: Question<R>,
        at: At,
        dice: &mut Dice,
    ) -> Option<Reply<R>> {
        if at < self.away_until {
            return None;
        }
        let mut swapped = false;
        match question {
            Question::Read => {}
            Question::Swap(revision, record) => {
                swapped = self.record.as_ref().map_or(0, |(now, _)| *now) == revision;
                if swapped {
                    self.revision += 1;
                    self.record = Some((self.revision, record));
                }
            }
            Question::Lives => {
                self.revision += 1;
                self.leases[from.0] = at.after(LEASE + dice.below(LOOKS));
            }
        }
        let alive = self.leases.map(|until| at < until);
        Some(Reply { swapped, record: self.record.clone(), alive })
    }

    /// It is away for a while, and all keys live a while longer when it is back, as they do when its
    /// leader changes.
    pub(crate) fn leaves(&mut self, until: At) {
        self.away_until = self.away_until.max(until);
        for lease in &mut self.leases {
            if lease.0 > 0 {
                *lease = (*lease).max(self.away_until.after(LEASE));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_changes_by_the_same_revision_one_takes_place() {
        let mut dice = Dice::new(1);
        let mut witness = Witness::new();
        let mut ask =
            |site, question| witness.takes(Site(site), question, At(SECOND), &mut dice).unwrap();
        assert!(ask(0, Question::Swap(0, "a")).swapped);
        let (revision, _) = ask(1, Question::Read).record.unwrap();
        assert!(ask(1, Question::Swap(revision, "b")).swapped);
        let reply = ask(0, Question::Swap(revision, "c"));
        assert!(!reply.swapped && reply.record.unwrap().1 == "b");
    }

    #[test]
    fn a_key_goes_when_it_is_not_kept_alive() {
        let mut dice = Dice::new(1);
        let mut witness: Witness<u8> = Witness::new();
        let alive = |witness: &mut Witness<u8>, at, dice: &mut Dice| {
            witness.takes(Site(1), Question::Read, At(at), dice).unwrap().alive
        };
        witness.takes(Site(0), Question::Lives, At(SECOND), &mut dice).unwrap();
        assert_eq!(alive(&mut witness, 2 * SECOND, &mut dice), [true, false]);
        assert_eq!(alive(&mut witness, 4 * SECOND, &mut dice), [false, false]);
    }
}
