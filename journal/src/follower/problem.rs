//! Why a follower takes nothing. Must not know what becomes of who sent it.

use crate::broken::Broken;
use crate::format::NoHeader;
use crate::scan::Found;

/// Why nothing was taken.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The disk did not do what it was asked: nothing is taken any more.
    Broken(Broken),
    /// These bytes are no block of a segment, or no batch, as a writer writes them.
    NotWritten(NoHeader),
    /// It does not follow what was taken last.
    Misfit(Found),
    /// A segment of so many bytes is not taken.
    Length(u64),
    /// None of our keys opens the segment.
    UnknownKey([u8; 8]),
    /// The wrapped key of the segment is not what was wrapped.
    AlteredKey,
    /// While the log is repaired: what stands here behind what was taken is another log than the
    /// primary's. It is to be cut there first.
    Diverged,
}

impl From<Broken> for Problem {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(broken) => write!(f, "{broken}"),
            Self::NotWritten(_) => f.write_str("what came is nothing that a writer writes"),
            Self::Misfit(found) => write!(f, "what came does not follow: {found}"),
            Self::Length(bytes) => write!(f, "a segment of {bytes} bytes is not taken"),
            Self::UnknownKey(check) => {
                write!(
                    f,
                    "no key opens the segment: it has check value {}",
                    crate::seal::hex(check)
                )
            }
            Self::AlteredKey => f.write_str("the wrapped key of the segment was altered"),
            Self::Diverged => f.write_str("what stands here is another log than the primary's"),
        }
    }
}

impl std::error::Error for Problem {}
