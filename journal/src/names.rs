//! What the files of a journal's directory are called. Knows nothing of what is in them.

use crate::format::{Position, SegmentNumber};

/// What a file is, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// Part of the log.
    Segment(SegmentNumber),
    /// Prepared to become a segment.
    Spare(u64),
    /// A segment whose batches were packed.
    Archive(SegmentNumber),
    /// Where the records of an archive stand, by marks.
    Index(SegmentNumber),
    /// The state after the record at this position.
    Checkpoint(Position),
}

impl Name {
    /// Reads a name. None: the journal has no such file, or it is one that was never finished.
    pub fn parse(name: &str) -> Option<Self> {
        let (number, kind) = name.split_once('.')?;
        let digits = if kind == "checkpoint" { 20 } else { 16 };
        if number.len() != digits || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = number.parse().ok()?;
        match kind {
            "segment" => Some(Self::Segment(SegmentNumber(number))),
            "spare" => Some(Self::Spare(number)),
            "archive" => Some(Self::Archive(SegmentNumber(number))),
            "index" => Some(Self::Index(SegmentNumber(number))),
            "checkpoint" => Some(Self::Checkpoint(Position(number))),
            _ => None,
        }
    }

    /// What a file is called while it is written; it gets its own name once it is durable.
    pub fn unfinished(self) -> String {
        format!("{self}.unfinished")
    }

    /// Whether this is the name of a file that was being written.
    pub fn is_unfinished(name: &str) -> bool {
        name.strip_suffix(".unfinished").is_some_and(|name| Self::parse(name).is_some())
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Segment(number) => write!(f, "{:016}.segment", number.0),
            Self::Spare(number) => write!(f, "{number:016}.spare"),
            Self::Archive(number) => write!(f, "{:016}.archive", number.0),
            Self::Index(number) => write!(f, "{:016}.index", number.0),
            Self::Checkpoint(position) => write!(f, "{:020}.checkpoint", position.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written_and_sorts_by_its_number() {
        for number in [0, 1, 9, 10, 9_999_999_999_999_999] {
            for name in [
                Name::Segment(SegmentNumber(number)),
                Name::Spare(number),
                Name::Archive(SegmentNumber(number)),
                Name::Index(SegmentNumber(number)),
                Name::Checkpoint(Position(number)),
            ] {
                assert_eq!(Name::parse(&name.to_string()), Some(name));
                assert!(Name::is_unfinished(&name.unfinished()), "{name}");
            }
        }
        let [nine, ten] = [9, 10].map(|number| Name::Segment(SegmentNumber(number)).to_string());
        assert!(nine < ten);
    }

    #[test]
    fn what_is_not_of_the_journal_has_no_name() {
        for text in [
            "lock",
            "1.segment",
            "000000000000000x.segment",
            "+000000000000001.segment",
            "0000000000000001.segment.unfinished",
            "0000000000000001.checkpoint",
            "0000000000000001",
            "",
        ] {
            assert_eq!(Name::parse(text), None, "{text}");
        }
    }
}
