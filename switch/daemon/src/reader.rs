//! The reader's thread: answers what decisions ask of the past, from the indexes of archives and, where
//! there is none yet, by reading the end of the log. Only reads. Must not know what an answer is for.
//!
//! ```text
//! workers --questions (at most QUESTIONS_MAX)--> reader --replies, as commands--> workers
//! ```
//! When it stalls, questions get no reply in time and are decided without one; no other transaction
//! waits. Questions that wait together are answered in one look at the log, oldest part first: an archive
//! costs a page of 4 KiB for each of them, and what has no index is read as a whole.
//!
//! A question is answered by what was read, or not at all. A part that can not be read leaves those
//! without an answer that it may have told something; a look that takes longer than anybody waits, or
//! longer than the daemon lives, is given up.

mod limit;

mod search;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use journal::disk::Disk;
use journal::index::{Part, Problem, Shelf};
use journal::seal::Keys;
use switch_core::{Question, Reply};

use crate::clocks;
use crate::journaling::{Sight, Wanted, lower_priority};
use crate::keys::Asked;
use crate::marking::Marker;
use crate::mesh::Mesh;
use crate::notes::{Note, Notes};
use crate::tunings::Tunings;
use crate::worker::Command;
use limit::Limit;
pub use search::Search;

/// Questions that wait at most; one more is not put, and is decided without a reply.
pub(crate) const QUESTIONS_MAX: usize = 4_096;
/// Questions of one look.
const AT_ONCE: usize = 256;
/// How far back requests and advices are looked for by what their repeats are known by.
const KNOWN_KEPT: Duration = Duration::from_hours(7 * 24);

/// What the thread works with.
pub struct Past<D: Disk> {
    /// The log.
    pub disk: D,
    /// What opens it.
    pub keys: Arc<Keys>,
    /// Marks what has no index.
    pub marker: Marker,
    /// How far back originals are looked for.
    pub keep: Duration,
    /// How long a question is worth an answer, among others.
    pub tunings: Arc<Tunings>,
    /// Indexes that are to be made.
    pub wanted: Arc<Wanted>,
    /// Where it says that it can not look: to the log, and to the status.
    pub notes: Notes,
    /// See `notes`.
    pub sight: Arc<Sight>,
}

/// The thread, for who wants to end it.
#[derive(Debug)]
pub struct Reading {
    limit: Arc<Limit>,
    thread: JoinHandle<()>,
}

/// Starts the thread. It ends when the last sender of questions is gone.
///
/// # Errors
/// When the system gives no thread.
pub fn start<D: Disk>(past: Past<D>, mesh: Arc<Mesh>) -> std::io::Result<(Sender<Asked>, Reading)> {
    let (sender, questions) = bounded(QUESTIONS_MAX);
    let mut reader = Reader::new(past);
    let limit = Arc::clone(&reader.limit);
    let thread = Builder::new().name("reader".into()).spawn(move || {
        lower_priority();
        reader.run(&questions, &mesh);
    })?;
    Ok((sender, Reading { limit, thread }))
}

impl Reading {
    /// Ends the thread, once nobody asks any more: whatever it looks at is given up.
    pub fn end(self) {
        self.limit.end();
        // It fails only when the thread panicked, which the release build does not survive.
        drop(self.thread.join());
    }
}

struct Reader<D: Disk> {
    past: Past<D>,
    shelf: Shelf<D>,
    limit: Arc<Limit>,
}

/// What a look found.
struct Looked {
    /// One for each question.
    searches: Vec<Search>,
    /// Why some of them may have no answer, oldest part first.
    problems: Vec<Problem>,
}

impl<D: Disk> Reader<D> {
    fn new(past: Past<D>) -> Self {
        let limit = Arc::new(Limit::default());
        let mut shelf = Shelf::new(past.disk.clone());
        let of_shelf = Arc::clone(&limit);
        shelf.stop_when(move || of_shelf.is_over(clocks::boot()));
        Self { past, shelf, limit }
    }

    fn run(&mut self, questions: &Receiver<Asked>, mesh: &Mesh) {
        while let Ok(first) = questions.recv() {
            let (now, patience) = (clocks::boot(), self.past.tunings.ask_timeout());
            let asked = std::iter::once(first).chain(questions.try_iter().take(AT_ONCE - 1));
            // Nobody waits any more for those that are older.
            let asked: Vec<Asked> = asked.filter(|asked| now.since(asked.at) < patience).collect();
            let Some(newest) = asked.iter().map(|asked| asked.at).max() else { continue };
            self.limit.begin(newest + patience);
            let looked = self.look(asked.iter().map(|asked| asked.question), clocks::utc());
            match &looked {
                Ok(Looked { searches, .. }) => {
                    asked
                        .iter()
                        .zip(searches)
                        .for_each(|(asked, search)| reply(asked, search, mesh));
                }
                Err(_) if self.limit.has_ended() => return,
                Err(_) => {}
            }
            self.tell(match &looked {
                Ok(looked) => looked.problems.first(),
                Err(problem) => Some(problem),
            });
        }
    }

    /// Looks for what questions are about, in one way through the log. What can not be read is left out,
    /// and those who may have missed something there say so.
    fn look(
        &mut self,
        questions: impl Iterator<Item = Question>,
        utc: u64,
    ) -> Result<Looked, Problem> {
        let mut searches: Vec<(Duration, Search)> = questions
            .map(|question| {
                let known = matches!(question, Question::Known { .. });
                let keep = if known { KNOWN_KEPT.min(self.past.keep) } else { self.past.keep };
                (keep, Search::new(question))
            })
            .collect();
        let parts = self.shelf.parts()?;
        self.shelf.keep_tables(&self.past.keys);
        let mut problems = Vec::new();
        for part in &parts {
            let mut here: Vec<&mut Search> = searches
                .iter_mut()
                .filter(|(keep, _)| part.to_utc >= utc.saturating_sub(keep.as_secs()))
                .map(|(_, search)| search)
                .collect();
            if here.is_empty() {
                continue;
            }
            match self.look_at(part, &mut here) {
                Ok(()) => {}
                Err(Problem::Stopped) => return Err(Problem::Stopped),
                Err(problem) => {
                    for search in &mut here {
                        search.lose();
                    }
                    problems.push(problem);
                }
            }
        }
        let searches = searches.into_iter().map(|(_, search)| search).collect();
        Ok(Looked { searches, problems })
    }

    /// Looks at a part for all searches, and again for what was learned in it.
    fn look_at(&mut self, part: &Part, searches: &mut [&mut Search]) -> Result<(), Problem> {
        let Past { keys, marker, wanted, .. } = &self.past;
        let aims = |searches: &[&mut Search]| -> Vec<_> {
            searches.iter().map(|search| search.aim()).collect()
        };
        loop {
            let before = aims(searches);
            let mut marks = BTreeSet::new();
            for search in searches.iter() {
                search.add_marks(marker.key(), &mut marks);
            }
            let had_none = self.shelf.visit(
                keys,
                part,
                &marks,
                &mut |_, record, each| marker.mark_plainly(record, each),
                &mut |position, _, record| {
                    for search in searches.iter_mut() {
                        search.take(position.0, record);
                    }
                },
            )?;
            if let (true, Some(segment)) = (had_none, part.archive) {
                wanted.add(segment);
            }
            if aims(searches) == before {
                return Ok(());
            }
        }
    }

    /// Says why questions had no answer, once; and that they have one again.
    fn tell(&mut self, problem: Option<&Problem>) {
        let problem = problem.map(|problem| {
            if matches!(problem, Problem::Stopped) {
                let waits_ms = self.past.tunings.ask_timeout().as_millis();
                return format!(
                    "it was not read within {waits_ms} ms: something without an index was read as a \
                     whole, or the disk is slow"
                );
            }
            problem.to_string()
        });
        let problem: Option<Box<str>> = problem.map(Into::into);
        if self.past.sight.show(problem.clone()) {
            self.past.notes.tell(Note::PastNotRead { problem });
        }
    }
}

/// Tells a worker what was found. One whose queue is full gets no reply in time.
fn reply(asked: &Asked, search: &Search, mesh: &Mesh) {
    if let Some(found) = search.answer() {
        let reply = Command::Reply(asked.slot, Reply::Found(found));
        let _taken = mesh.command(asked.worker, reply);
    }
}

#[cfg(test)]
mod tests;
