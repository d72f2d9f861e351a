//! Commands of operators on their way into the journal: the first worker writes them down, in the order
//! of all else. Must not know what a command does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam::channel::{Sender, bounded};
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

/// Commands of a standby that are kept at most, the newest.
pub(crate) const KEPT_MAX: usize = 64;

/// What operators had a standby do. It has no journal of its own to write that into: the first records of the
/// reign that it begins say it. Where none begins before the process does anew, its log alone has it.
#[derive(Default)]
pub(crate) struct Commands(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    records: VecDeque<Vec<u8>>,
    /// Who writes them down from the begin of the reign on.
    to: Option<Arc<Mesh>>,
}

impl Commands {
    /// Keeps those that change something, or writes all down where that can be.
    pub(crate) fn recorder(
        self: &Arc<Self>,
    ) -> impl Fn(&Entry<'_>, &Sender<bool>) + Send + 'static {
        let commands = Arc::clone(self);
        move |entry, written| {
            let mut kept = commands.lock();
            if let Some(mesh) = &kept.to {
                return write(Some(mesh), entry, written);
            }
            if entry.changes {
                if kept.records.len() >= KEPT_MAX {
                    kept.records.pop_front();
                }
                kept.records.push_back(record(entry));
            }
            let _nobody_asks = written.try_send(true);
        }
    }

    /// What was kept, for the first records of a reign.
    pub(crate) fn take(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.lock().records).into()
    }

    /// The reign is begun: what is still said here is written down there.
    pub(crate) fn go_on(&self, mesh: Arc<Mesh>) {
        let mut kept = self.lock();
        let late: Vec<_> = std::mem::take(&mut kept.records).into();
        if !late.is_empty() {
            let (to, _nobody_asks) = bounded(1);
            mesh.command(WorkerId(0), Command::Write(late, to));
        }
        kept.to = Some(mesh);
    }

    /// Each change is one step: one who panicked with it has left it whole.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes commands down, or says that there is no journal to write them into.
pub(crate) fn recorder(mesh: Option<Arc<Mesh>>) -> impl Fn(&Entry<'_>, &Sender<bool>) + Send {
    move |entry, written| write(mesh.as_ref(), entry, written)
}

fn write(mesh: Option<&Arc<Mesh>>, entry: &Entry<'_>, written: &Sender<bool>) {
    let taken = mesh.map(|mesh| {
        mesh.command(WorkerId(0), Command::Write(vec![record(entry)], written.clone()))
    });
    // A worker that took it says itself what became of it; without a journal the log is all there is.
    if taken != Some(true) {
        let _nobody_asks = written.try_send(taken.is_none());
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

    #[test]
    fn what_is_too_long_for_a_record_is_cut() {
        let peer = Peer { uid: 1_000, name: "hana".into(), groups: Vec::new() };
        let what = format!("{}\u{e4}", "x".repeat(254));
        let entry = Entry {
            peer: &peer,
            role: Some(Role::Operator),
            what: &what,
            outcome: "done",
            changes: true,
        };
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
        recorder(None)(
            &Entry { peer: &peer, role: None, what: "status", outcome: "done", changes: false },
            &to,
        );
        assert_eq!(written.try_recv(), Ok(true));
    }
}
