//! What operators want of a node, what they must answer for, and what they are told. Must not know
//! how it is done.

use crate::format::Epoch;

/// A wish, for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WishId(pub u64);

/// What an operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// That this node becomes the primary, although the other one did not hand over.
    Promote(Confirmed),
    /// That this primary becomes a standby. Its peer does not become primary by it, unless there is a
    /// witness that says it may.
    Demote(Confirmed),
    /// That the other node becomes the primary, and nothing is lost. Asked of the primary.
    SwitchOver,
    /// That this node has nothing to do with the other one, reigns no more and never again, until that is ended.
    Isolate(Confirmed),
    /// That its isolation ends.
    Rejoin,
    /// That this node, whose journal is empty, takes the primary's.
    Join {
        /// It had joined before, and its disk was lost since.
        replace: bool,
    },
}

/// What only a person can know or answer for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// `first-primary`
    First,
    /// `peer-fenced`
    PeerFenced,
    /// `peer-not-since`
    NotSince,
    /// `records-may-be-lost`
    MayLose,
    /// `still-joining`
    Joining,
    /// `peer-not-in-sync`
    NotInSync,
    /// `no-primary-then`
    NoPrimary,
    /// `primary-stops-then`
    PrimaryStops,
}

impl Question {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::First,
        Self::PeerFenced,
        Self::NotSince,
        Self::MayLose,
        Self::Joining,
        Self::NotInSync,
        Self::NoPrimary,
        Self::PrimaryStops,
    ];

    /// What programs call it: the same in every release.
    pub const fn id(self) -> &'static str {
        match self {
            Self::First => "first-primary",
            Self::PeerFenced => "peer-fenced",
            Self::NotSince => "peer-not-since",
            Self::MayLose => "records-may-be-lost",
            Self::Joining => "still-joining",
            Self::NotInSync => "peer-not-in-sync",
            Self::NoPrimary => "no-primary-then",
            Self::PrimaryStops => "primary-stops-then",
        }
    }

    /// The question that programs call so.
    pub fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|question| question.id() == id)
    }

    /// A statement that is true or not.
    pub const fn text(self) -> &'static str {
        match self {
            Self::First => {
                "No node ever was the primary of this pair: its journal begins here and now."
            }
            Self::PeerFenced => {
                "The other node is stopped, or cut off from all stations, and stays so until it is \
                 a standby."
            }
            Self::NotSince => {
                "The other node has not been the primary since this one last was, or last heard \
                 from it."
            }
            Self::MayLose => {
                "Records that the other node has released may be missing here, and are given up."
            }
            Self::Joining => "This node has not had the whole log since it joined.",
            Self::NotInSync => {
                "The standby does not have everything: it will not take over at once."
            }
            Self::NoPrimary => "Nobody is the primary when this is done.",
            Self::PrimaryStops => {
                "The primary waits for this standby, as when_standby_lost = \"stop\" says."
            }
        }
    }

    /// What follows if it is confirmed and is not so, or what it costs.
    pub const fn consequence(self) -> &'static str {
        match self {
            Self::First => {
                "If there is a journal elsewhere, the two have nothing in common: this node should \
                 join instead (sekisho node join)."
            }
            Self::PeerFenced => {
                "If it is not, both answer their stations, and issuers are asked twice."
            }
            Self::NotSince => {
                "If it has been, what it released is missing here and nobody is told; confirm \
                 records-may-be-lost instead."
            }
            Self::MayLose => {
                "Repeats of what is not known here get 909 and are listed, STANs skip ahead, and \
                 what the other node has alone is cut there, kept and listed."
            }
            Self::Joining => "Most of the log may be missing: all that came before it joined.",
            Self::NotInSync => {
                "Until it has caught up, or an operator promotes a node, nothing is served."
            }
            Self::NoPrimary => "Nothing is served until an operator promotes a node.",
            Self::PrimaryStops => {
                "It releases nothing until this node is back, or an operator lets it go on alone (sekisho node \
                 promote, there)."
            }
        }
    }
}

/// What an operator has confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confirmed(u8);

impl Confirmed {
    /// And this.
    #[must_use]
    pub const fn and(self, question: Question) -> Self {
        Self(self.0 | 1 << question as u8)
    }

    /// Whether it was confirmed.
    pub const fn has(self, question: Question) -> bool {
        self.0 & 1 << question as u8 != 0
    }

    /// Those of some questions that were not confirmed.
    pub fn lacks(self, questions: &[Question]) -> Vec<Question> {
        questions.iter().copied().filter(|&question| !self.has(question)).collect()
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// This node reigns; its ports open when its first records are committed.
    Promoted {
        /// By this epoch.
        epoch: Epoch,
        /// Records may be missing.
        lossy: bool,
    },
    /// It is about to be a standby.
    Demoted,
    /// The other node has taken over.
    SwitchedOver {
        /// By this epoch.
        epoch: Epoch,
    },
    /// It takes the log of the primary as soon as that one is there.
    Joins,
    /// It has nothing to do with the other one any more.
    Isolated,
    /// It is about to be a standby that has a line.
    Rejoins,
}

#[cfg(test)]
mod tests {
    use super::{Confirmed, Question};

    #[test]
    fn what_was_confirmed_is_not_asked_again() {
        let confirmed = Confirmed::default().and(Question::PeerFenced);
        let both = [Question::PeerFenced, Question::MayLose];
        assert_eq!(confirmed.lacks(&both), [Question::MayLose]);
        assert_eq!(confirmed.and(Question::MayLose).lacks(&both), []);
    }

    #[test]
    fn each_question_is_found_by_what_programs_call_it() {
        for question in Question::ALL {
            assert_eq!(Question::of(question.id()), Some(question));
        }
        assert_eq!(Question::of("else"), None);
    }
}
