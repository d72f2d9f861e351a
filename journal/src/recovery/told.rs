//! What recovery found, in the words of an operator: what, where, and what to do.

use super::{Damage, Place, Refusal, Torn};
use crate::disk::Failed;
use crate::names::Name;
use crate::seal::hex;
use crate::verdict;

impl Refusal {
    /// What `sekishod` ends with: 78 where the operator gave it the wrong key, directory or program,
    /// 74 where the disk or what is on it is at fault.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::UnknownKey { .. } | Self::Foreign { .. } | Self::Version { .. } => 78,
            Self::Damage(_) | Self::AlteredKey(_) | Self::NoSegments(_) | Self::Disk(_) => 74,
        }
    }
}

impl From<Failed> for Refusal {
    fn from(failed: Failed) -> Self {
        Self::Disk(failed)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, offset, batch, position } = self;
        write!(f, "{file}, byte {offset}: batch {} from record {}", batch.0, position.0)
    }
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let because = verdict::row(&self.facts).because;
        write!(f, "{}: {}, and {because}", self.place, self.facts.found)?;
        if self.facts.covered {
            write!(f, " (records up to {} were released)", self.released.0)?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Torn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}; nobody was told of it", self.place, self.found)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Damage(damage) => write!(
                f,
                "the journal is damaged at {damage}; nothing was changed. Do not start on it: take a \
                 copy of the directory, look with `sekisho journal verify`, and take what is whole \
                 with `sekisho journal salvage`"
            ),
            Self::UnknownKey { segment, check } => write!(
                f,
                "no key opens {}: it was written with the key of check value {}; give that key as \
                 journal.key, or among journal.former_keys",
                Name::Segment(*segment),
                hex(check)
            ),
            Self::AlteredKey(segment) => write!(
                f,
                "the wrapped key of {} was altered; nothing was changed. Take a copy of the \
                 directory, and bring the file back from where it is whole",
                Name::Segment(*segment)
            ),
            Self::Foreign { segment, says, cluster, ours } if cluster != ours => write!(
                f,
                "{} is segment {} of another journal ({}; this one is {}); move it out of the \
                 directory",
                Name::Segment(*segment),
                says.0,
                hex(cluster),
                hex(ours)
            ),
            Self::Foreign { segment, says, .. } => write!(
                f,
                "{} says that it is segment {}; give it its name back",
                Name::Segment(*segment),
                says.0
            ),
            Self::Version { file, version } => write!(
                f,
                "{file} was written by a newer program (version {version} of the journal); start that one"
            ),
            Self::NoSegments(name) => write!(
                f,
                "there is no segment, and there is {name}: the segments were taken away. Bring them \
                 back; or, to begin a new journal, move all files out of the directory"
            ),
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Refusal {}
