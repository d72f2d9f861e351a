//! Commands of operators on their way into the journal: the first worker writes them down, in the order
//! of all else. Must not know what a command does.

use std::sync::Arc;

use crossbeam::channel::Sender;
use switch_core::ids::WorkerId;
use switch_core::records::Record;

use crate::clocks;
use crate::control::{Entry, Role};
use crate::mesh::Mesh;
use crate::worker::Command;

/// Room for a record of three short texts.
const RECORD_BYTES_MAX: usize = 1_024;
/// The longest text of a record.
const TEXT_BYTES_MAX: usize = 255;

/// Writes commands down, or says that there is no journal to write them into.
pub(crate) fn recorder(mesh: Option<Arc<Mesh>>) -> impl Fn(&Entry<'_>, &Sender<bool>) + Send {
    move |entry, written| {
        let taken = mesh.as_ref().map(|mesh| {
            mesh.command(WorkerId(0), Command::Write(vec![record(entry)], written.clone()))
        });
        // A worker that took it says itself what became of it; without a journal the log is all there is.
        if taken != Some(true) {
            let _nobody_asks = written.try_send(taken.is_none());
        }
    }
}

fn record(entry: &Entry<'_>) -> Vec<u8> {
    let record = Record::Command {
        uid: entry.peer.uid,
        role: Role::number(entry.role),
        utc: clocks::utc(),
        who: cut(&entry.peer.name),
        what: cut(entry.what),
        outcome: cut(entry.outcome),
    };
    let mut bytes = vec![0; RECORD_BYTES_MAX];
    let length = record.write(&mut bytes).expect("three short texts have room");
    bytes.truncate(length);
    bytes
}

/// As much of a text as a record takes.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).expect("a boundary")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Peer;
    use crossbeam::channel::bounded;

    #[test]
    fn what_is_too_long_for_a_record_is_cut() {
        let peer = Peer { uid: 1_000, name: "hana".into(), groups: Vec::new() };
        let what = format!("{}\u{e4}", "x".repeat(254));
        let entry = Entry { peer: &peer, role: Some(Role::Operator), what: &what, outcome: "done" };
        let bytes = record(&entry);
        let Ok(Record::Command { uid, role, who, what, .. }) = Record::read(&bytes) else {
            panic!("{bytes:?}")
        };
        assert_eq!((uid, role, who, what.len()), (1_000, 2, "hana", 254));
    }

    #[test]
    fn without_a_journal_nothing_is_written_and_nobody_waits() {
        let peer = Peer { uid: 1_000, name: "hana".into(), groups: Vec::new() };
        let (to, written) = bounded(1);
        recorder(None)(&Entry { peer: &peer, role: None, what: "status", outcome: "done" }, &to);
        assert_eq!(written.try_recv(), Ok(true));
    }
}
