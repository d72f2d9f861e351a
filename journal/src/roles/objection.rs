//! Why one node has nothing to do with the other's log: what is wrong, and where to look. Decides
//! nothing.

use std::fmt;

/// Why a primary does not ship to its peer, or a standby does not consent. Said to the peer, and
/// shown on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Objection {
    /// It speaks another version of the line.
    OtherVersion = 1,
    /// Its journal is another one.
    OtherCluster = 2,
    /// Its name is not `peer.name`.
    OtherName = 3,
    /// Its `journal.segment` is another.
    OtherSegments = 4,
    /// Its `journal.sync` is another.
    OtherMode = 5,
    /// Its sealing keys are others.
    OtherKeys = 6,
    /// Its journal is empty, and nobody told it to join.
    NotJoining = 7,
    /// It is new, and it had joined before: with `--replace` only.
    JoinedBefore = 8,
    /// Its log is newer than that of the one who asks.
    LogIsOlder = 9,
    /// It is about to take over.
    TakingOver = 10,
    /// The logs have nothing in common, and what would be needed is no longer there.
    NothingInCommon = 12,
    /// The logs have a batch of the same reign and number that is not the same.
    OtherLog = 14,
}

impl Objection {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::OtherVersion,
        Self::OtherCluster,
        Self::OtherName,
        Self::OtherSegments,
        Self::OtherMode,
        Self::OtherKeys,
        Self::NotJoining,
        Self::JoinedBefore,
        Self::LogIsOlder,
        Self::TakingOver,
        Self::NothingInCommon,
        Self::OtherLog,
    ];

    /// As it stands in a message.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The objection with this code.
    pub fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|objection| objection.code() == code)
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherVersion => "the two programs speak different versions of the line: update one",
            Self::OtherCluster => {
                "the two journals are of different clusters: one of the nodes was begun by itself \
                 and has to join empty (sekisho node join)"
            }
            Self::OtherName => "the node's name is not the peer.name of the other: compare both",
            Self::OtherSegments => "journal.segment differs: it must be the same on both nodes",
            Self::OtherMode => "journal.sync differs: it must be the same on both nodes",
            Self::OtherKeys => "the sealing keys differ: journal.key must be the same on both nodes",
            Self::NotJoining => {
                "the journal of the standby is empty and nobody said that it may be: run sekisho \
                 node join there"
            }
            Self::JoinedBefore => {
                "the standby is new, and one of its name was in sync before: if its disk was lost, \
                 run sekisho node join --replace there"
            }
            Self::LogIsOlder => {
                "the log of the node that asks to go on is older than the other's: see sekisho node \
                 status on both, and promote the one with the newer log"
            }
            Self::TakingOver => "the other node is about to take over",
            Self::NothingInCommon => {
                "the logs part at a place that is no longer kept: let the standby join again \
                 (sekisho node join --replace, with an empty journal)"
            }
            Self::OtherLog => {
                "the logs differ where they should be one: run sekisho journal verify on both; one \
                 of them is damaged, or of another journal"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Objection;

    #[test]
    fn each_objection_stands_in_the_format_with_its_code() {
        let document = include_str!("../../FORMAT.md");
        for objection in Objection::ALL {
            let told = format!(" {} `{objection:?}`", objection.code());
            assert!(document.contains(&told), "{told}");
        }
    }

    #[test]
    fn each_objection_is_found_by_its_code() {
        for objection in Objection::ALL {
            assert_eq!(Objection::of(objection.code()), Some(objection));
        }
        assert_eq!((Objection::of(0), Objection::of(11)), (None, None));
    }
}
