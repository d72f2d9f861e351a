//! Why a node does not do what an operator wants: what is wrong, where, and what to do. Must not know
//! how that was found out.

use std::fmt;

use crate::format::{BatchNumber, Epoch, Position};
use crate::roles::name::NodeName;
use crate::roles::wish::Question;

/// Why a wish is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// All of this has to be confirmed.
    Asks(Vec<Question>),
    /// It is the primary.
    IsPrimary,
    /// It is not; this one is, if any is known.
    NotPrimary(Option<NodeName>),
    /// The other node is heard, and it is the primary, or about to be.
    PeerReigns(NodeName),
    /// This node's journal is empty, and there is one elsewhere.
    MustJoin(NodeName),
    /// This node's journal is not empty.
    NotEmpty,
    /// This one, the primary, had a node of this name in sync before.
    JoinedBefore(NodeName),
    /// This one is there as a standby, and did not consent.
    NoConsent(NodeName),
    /// Its log is damaged up to this batch and not yet repaired.
    Repairing(BatchNumber),
    /// It took a checkpoint that has records up to here, and its log does not reach that far yet.
    Lacks(Position),
    /// The witness does not answer.
    NoWitness,
    /// The same, but this node has promised to reign: it goes on trying, and may reign at any time.
    TriedOn,
    /// The witness's record is of another journal.
    OtherCluster,
    /// The witness's record speaks of an earlier reign than this node's log: it was lost or restored.
    WitnessIsBehind {
        /// The record's.
        record: Epoch,
        /// Ours.
        ours: Epoch,
    },
    /// The other node changed the witness's record first.
    Overtaken,
    /// The other node is not in sync, so it can not take over without a loss.
    NotInSync(NodeName),
    /// `journal.sync = "async"` has no switch-over.
    Async,
    /// What both must agree on differs.
    Differs(Differs),
    /// What was in flight did not end in time.
    NotDrained,
    /// The standby did not have everything in time.
    NotReached(NodeName),
    /// It handed over, and the standby did not take, or did not answer.
    NotTaken(NodeName),
    /// An operator has isolated it.
    Isolated,
    /// Nobody has.
    NotIsolated,
    /// Something else is under way.
    Busy(Busy),
    /// There is no epoch left: 2^32 reigns.
    NoEpoch,
}

/// What the two nodes do not have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Differs {
    /// The configuration, as far as both must have the same.
    Configuration,
    /// The dialects.
    Dialects,
    /// The negative files.
    Negative,
    /// The sealing keys.
    Keys,
    /// The witnesses that they look at.
    Witness,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// A promotion of this node.
    Promotion,
    /// A switch-over.
    SwitchOver,
    /// The end of its reign.
    Demotion,
    /// It just started, and has not yet found out how things are.
    Starting,
}

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "configuration",
            Self::Dialects => "dialects",
            Self::Negative => "negative files",
            Self::Keys => "sealing keys",
            Self::Witness => "witness",
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asks(questions) => {
                let ids: Vec<_> = questions.iter().map(|question| question.id()).collect();
                write!(f, "to be confirmed first: {}", ids.join(", "))
            }
            Self::MustJoin(_) | Self::JoinedBefore(_) | Self::NoConsent(_) => self.of_the_other(f),
            Self::NotPrimary(Some(name)) => {
                write!(f, "this node is not the primary; ask {name}, which is")
            }
            Self::PeerReigns(name) => write!(
                f,
                "{name} is heard and is the primary, or is about to be; use sekisho node switchover \
                 on {name}, or stop it first",
            ),
            Self::Lacks(until) => {
                write!(f, "this node lacks the log up to record {}: wait for that", until.0)
            }
            Self::Repairing(batch) => write!(
                f,
                "the log of this node is damaged up to batch {} and is repaired from the other one: \
                 wait for that, or see sekisho journal verify",
                batch.0,
            ),
            Self::WitnessIsBehind { record, ours } => write!(
                f,
                "the record of the witness speaks of epoch {}, and the log here of {}: the record was \
                 lost or is an old copy; take [witness] out of the configuration of both nodes, \
                 promote the one with the newer log, and begin with an empty record",
                record.0, ours.0,
            ),
            Self::NotInSync(name) => write!(
                f,
                "{name} does not have everything, so it can not take over; see sekisho node status \
                 for what it lacks",
            ),
            Self::Differs(what) => write!(
                f,
                "the two nodes do not have the same {what}: make them equal first; sekisho node \
                 status shows both digests",
            ),
            Self::NotReached(name) => write!(
                f,
                "{name} did not have the last record on its disk in time; this node goes on as \
                 primary, try again",
            ),
            Self::NotTaken(name) => write!(
                f,
                "this node gave its reign up and {name} did not say that it took it: one of the two \
                 goes on by itself, or waits for an operator; see sekisho node status on both",
            ),
            Self::IsPrimary
            | Self::NotPrimary(None)
            | Self::NotEmpty
            | Self::NoWitness
            | Self::TriedOn
            | Self::OtherCluster
            | Self::Overtaken
            | Self::Async
            | Self::NotDrained
            | Self::Isolated
            | Self::NotIsolated
            | Self::Busy(_)
            | Self::NoEpoch => f.write_str(self.text()),
        }
    }
}

impl Refusal {
    /// Of those that depend on what the other node has or says.
    fn of_the_other(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::MustJoin(name) = self {
            return write!(
                f,
                "the journal of this node is empty and there is one at {name}: let it join (sekisho \
                 node join, with --replace if it had joined before)",
            );
        }
        if let Self::JoinedBefore(name) = self {
            return write!(
                f,
                "a node of this name was in sync with {name} before, and this journal is empty: if its \
                 disk was lost, sekisho node join --replace; all that it acknowledged is gone with it",
            );
        }
        let Self::NoConsent(name) = self else { return f.write_str(self.text()) };
        write!(
            f,
            "{name} is there as a standby and did not consent in time: its operator may promote it \
             just now, or its disk is slow; see sekisho node status on both, and try again",
        )
    }

    /// Of those that name nothing.
    const fn text(&self) -> &'static str {
        match self {
            Self::IsPrimary => "this node is the primary already",
            Self::NotEmpty => {
                "the journal of this node is not empty: what it has in common with the primary's is \
                 found when they meet, and nothing is to be done; to begin again, move its directory \
                 away first"
            }
            Self::NoWitness => {
                "the witness does not answer, and without it nobody knows whether the other node may \
                 go on: bring it back, or take [witness] out of the configuration of both nodes"
            }
            Self::TriedOn => {
                "the record of the witness could not be changed yet, and this node goes on trying: it may \
                 reign at any moment; see sekisho node status, and restart this daemon before you let the \
                 other node go on"
            }
            Self::OtherCluster => {
                "the record of the witness is of another journal: compare [witness] of both nodes"
            }
            Self::Overtaken => {
                "the other node changed the record of the witness first; see sekisho node status"
            }
            Self::Async => {
                "with journal.sync = \"async\" the standby may lack records at any time: stop this \
                 node and promote the other one"
            }
            Self::NotDrained => {
                "what was in flight did not end in time; nothing was changed, try again"
            }
            Self::Isolated => {
                "an operator has isolated this node, and that is not ended: sekisho node isolate --end"
            }
            Self::NotIsolated => "this node is not isolated",
            Self::Busy(Busy::Promotion) => "this node is being promoted",
            Self::Busy(Busy::SwitchOver) => "a switch-over is under way",
            Self::Busy(Busy::Demotion) => "the reign of this node is ending",
            Self::Busy(Busy::Starting) => "this node has just started; ask again in a second",
            Self::NoEpoch => "there is no epoch left to reign by: all 2^32 are used",
            Self::NotPrimary(_)
            | Self::Asks(_)
            | Self::PeerReigns(_)
            | Self::MustJoin(_)
            | Self::JoinedBefore(_)
            | Self::NoConsent(_)
            | Self::Repairing(_)
            | Self::Lacks(_)
            | Self::WitnessIsBehind { .. }
            | Self::NotInSync(_)
            | Self::Differs(_)
            | Self::NotReached(_)
            | Self::NotTaken(_) => {
                "this node is not the primary, and it knows of none; see sekisho node status on both"
            }
        }
    }
}

impl std::error::Error for Refusal {}
