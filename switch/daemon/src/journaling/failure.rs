//! Why the daemon can not start, or not go on, because of its journal: what happened, what to do,
//! and the code to end with. Must not know how it came to that.

use std::io;
use std::path::Path;

use journal::broken::Broken;
use journal::checkpoint;
use journal::reader::Problem;
use journal::recovery::Refusal;
use switch_core::replay::Contradiction;

use crate::cli::{EXIT_CONFIGURATION, EXIT_DATA, EXIT_FAILED};

/// What ends the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it ends with.
    pub code: u8,
    /// For people: what happened, and what to do.
    pub message: String,
}

impl Failure {
    /// With this code and message.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The journal's directory could not be opened.
    pub(super) fn directory(path: &Path, error: &io::Error) -> Self {
        let path = path.display();
        if error.kind() == io::ErrorKind::WouldBlock {
            let message = format!(
                "{error}: another daemon runs on this state; stop it, or give this one a \
                 node.state of its own"
            );
            return Self::new(EXIT_CONFIGURATION, message);
        }
        let message = format!(
            "journal {path}: {error}; make it a directory that the daemon's user can read and \
             write, on a disk that is mounted for writing"
        );
        Self::new(EXIT_DATA, message)
    }

    /// A file beside the journal could not be read or made.
    pub(super) fn file(path: &Path, error: &io::Error) -> Self {
        Self::new(EXIT_DATA, format!("journal {}: {error}", path.display()))
    }

    pub(super) fn refusal(path: &Path, refusal: &Refusal) -> Self {
        Self::new(refusal.exit_code(), format!("journal {}: {refusal}", path.display()))
    }

    pub(super) fn problem(path: &Path, problem: &Problem) -> Self {
        let (code, todo) = match problem {
            Problem::UnknownKey { .. } => {
                (EXIT_CONFIGURATION, "give that key as journal.key, or among journal.former_keys")
            }
            Problem::Gone { .. }
            | Problem::Damaged(..)
            | Problem::AlteredKey(_)
            | Problem::Disk(_) => (EXIT_DATA, LOOK),
        };
        Self::new(code, format!("journal {}: {problem}; {todo}", path.display()))
    }

    /// No checkpoint may be taken up, nor passed over.
    pub(super) fn checkpoint(path: &Path, problem: &checkpoint::Problem) -> Self {
        let (code, todo) = match problem {
            checkpoint::Problem::UnknownKey { .. } => {
                (EXIT_CONFIGURATION, "give that key as journal.key, or among journal.former_keys")
            }
            checkpoint::Problem::Version { .. } => (EXIT_CONFIGURATION, "start that version"),
            checkpoint::Problem::Disk(_) => (EXIT_DATA, LOOK),
        };
        Self::new(code, format!("journal {}: {problem}; {todo}", path.display()))
    }

    /// What was acknowledged is not as it was written.
    pub(super) fn damaged(path: &Path, what: &str) -> Self {
        let path = path.display();
        Self::new(EXIT_DATA, format!("journal {path}: damaged at {what}; {LOOK}"))
    }

    pub(super) fn contradiction(path: &Path, contradiction: &Contradiction) -> Self {
        let path = path.display();
        Self::new(
            EXIT_DATA,
            format!("journal {path}: its records contradict each other: {contradiction}; {LOOK}"),
        )
    }

    pub(super) fn unreadable(path: &Path, position: u64, why: impl std::fmt::Display) -> Self {
        let path = path.display();
        Self::new(
            EXIT_DATA,
            format!(
                "journal {path}: record {position} can not be read: {why}; was it written by a \
                 newer version? {LOOK}"
            ),
        )
    }

    /// The disk failed under a writer, or under whoever prepares its segments.
    pub(super) fn broken(path: &Path, broken: &Broken) -> Self {
        let path = path.display();
        let full = matches!(
            broken.error.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        );
        let todo = if full {
            "make room on that disk, then start it again"
        } else {
            "nothing is tried again, because the system may have forgotten what it could not \
             write. Look at the disk (dmesg), then at the journal with `sekisho journal verify`, \
             and start on a disk that works"
        };
        Self::new(EXIT_DATA, format!("journal {path}: {broken}; {todo}"))
    }

    /// There is no room for the first segments.
    pub(super) fn no_room(path: &Path, free_bytes: u64, needed_bytes: u64) -> Self {
        let path = path.display();
        Self::new(
            EXIT_FAILED,
            format!(
                "journal {path}: the disk has {free_bytes} bytes free, and a segment with what must \
                 stay free beside it takes {needed_bytes}; make room, or make journal.segment smaller"
            ),
        )
    }
}

/// What to do about a journal that can not be used as it is.
const LOOK: &str = "nothing was changed. Take a copy of the directory, look with `sekisho journal \
                    verify`, and take what is whole with `sekisho journal salvage`";
