//! What an operator said who isolated this node, in a file beside its configurations: for people. Whether it is
//! isolated stands in the control file of its journal. Must not know what follows from that.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tracing::warn;

use crate::clocks;
use crate::node_requests::Isolated;

/// How long a disk may take for the note.
const WRITTEN_WITHIN: Duration = Duration::from_millis(100);
/// The longest reason that is kept, in bytes.
const REASON_MAX: usize = 200;
/// As many digits as the shortest card number has: more than that is not kept.
const DIGITS_MAX: usize = 11;

/// The file, in the node's directory.
fn file(state: &Path) -> PathBuf {
    state.join("isolation.json")
}

/// Notes the reason, on a thread of its own: nobody waits for a disk that may hang, which is why somebody wants
/// this. Where it can not be written the log has what was said.
pub(super) fn notes(state: &Path, reason: Option<&str>) {
    let isolated = Isolated { utc: clocks::utc(), reason: kept(reason.unwrap_or_default()) };
    let text = serde_json::to_string(&isolated).expect("plain data has a JSON form");
    warn!(reason = isolated.reason, "an operator wants this node isolated");
    let file = file(state);
    let note = move || {
        if let Err(error) = fs::write(file, text) {
            warn!(error = error.to_string(), "the reason for the isolation is not kept");
        }
    };
    // Without a thread the log has it. This life is about to end: it is waited for, but not for a disk.
    if let Ok(note) = thread::Builder::new().name("note".into()).spawn(note) {
        let begun = clocks::boot();
        while !note.is_finished() && clocks::boot().since(begun) < WRITTEN_WITHIN {
            thread::park_timeout(Duration::from_millis(1));
        }
    }
}

/// What was noted last.
pub(super) fn noted(state: &Path) -> Isolated {
    let text = fs::read_to_string(file(state)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// A reason without what could be a card number or end a line.
fn kept(reason: &str) -> String {
    if reason.bytes().filter(u8::is_ascii_digit).count() > DIGITS_MAX {
        return "(not kept: it has as many digits as a card number)".into();
    }
    let reason: String = reason.chars().filter(|letter| !letter.is_control()).collect();
    reason.get(..reason.floor_char_boundary(REASON_MAX)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_card_number_or_end_a_line_is_not_kept() {
        assert_eq!(kept("disk sda3\nmakes noises"), "disk sda3makes noises");
        assert_eq!(kept("4000 0012 3456 7899").get(..9), Some("(not kept"));
        assert_eq!(kept(&"x".repeat(500)).len(), REASON_MAX);
    }
}
