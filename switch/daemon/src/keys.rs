//! A stand-in for the key provider, for `--insecure-demo` alone: it looks at nothing and grants
//! everything, a little later. When it stalls, parked decisions end with 920.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use switch_core::ids::{SlotId, WorkerId};
use switch_core::time::Time;
use switch_core::{Question, Reply};

use crate::mesh::Mesh;
use crate::worker::Command;

/// How long the stand-in takes for a reply: about what a security module on the network takes.
const DELAY: Duration = Duration::from_millis(2);
/// Questions that wait at most; one more is not put, and ends with 920.
pub(crate) const QUESTIONS_MAX: usize = 4_096;

/// A question and who puts it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The home of the transaction.
    pub worker: WorkerId,
    /// The transaction.
    pub slot: SlotId,
    /// What is asked.
    pub question: Question,
    /// When.
    pub at: Time,
}

/// Starts the stand-in. It ends when the last sender of questions is gone.
pub fn start(mesh: Arc<Mesh>) -> std::io::Result<(Sender<Asked>, JoinHandle<()>)> {
    let (sender, questions) = bounded(QUESTIONS_MAX);
    let thread =
        thread::Builder::new().name("keys".into()).spawn(move || reply(&questions, &mesh))?;
    Ok((sender, thread))
}

fn reply(questions: &Receiver<Asked>, mesh: &Mesh) {
    let later = crossbeam::channel::tick(DELAY);
    while let Ok(first) = questions.recv() {
        // Everything asked until the next tick but one is answered with it: each waits between one
        // and two of them.
        if later.recv().is_err() || later.recv().is_err() {
            return;
        }
        for asked in std::iter::once(first).chain(questions.try_iter()) {
            if asked.question != Question::Mac {
                continue;
            }
            mesh.command(asked.worker, Command::Reply(asked.slot, Reply::Granted));
        }
    }
}
