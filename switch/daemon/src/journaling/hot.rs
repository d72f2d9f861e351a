//! The thread `replay` of a standby: reads what the primary's log says behind whoever writes it here, and takes
//! it into the state that a promotion begins with. Must not know why there would be one.
//!
//! When it stalls, a promotion waits for it; nothing else does.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use crossbeam::channel::Sender;
use journal::disk::Disk;
use journal::format::Position;
use journal::reader::{Problem, Reader};
use journal::seal::Keys;
use switch_core::replay::State;

use super::failure::Failure;
use super::{replaying, spawn};
use crate::clocks;
use crate::worker::Event;

/// How long it waits at most for more: it is to be seen that it lives.
const LOOK: Duration = Duration::from_millis(500);
/// How long it lets the log grow between two looks: each look opens the segment anew.
const PAUSE: Duration = Duration::from_millis(10);

/// The thread, and what others see of it.
pub(crate) struct Hot {
    thread: JoinHandle<Option<State>>,
    shared: Arc<Shared>,
}

/// What is shared with the thread.
#[derive(Debug, Default)]
struct Shared {
    /// The last record that is in the state. A plain figure.
    replayed: AtomicU64,
    /// The last record that is durable, as far as it was said. The thread reads the file, not what was stored
    /// before this: relaxed.
    durable: AtomicU64,
    /// Goes up while the thread turns.
    beat: Arc<AtomicU64>,
    /// Partner: the load of the thread. What was written before is read by it before it ends.
    finish: AtomicBool,
}

/// Who says that there is more to read, and sees how far the thread is.
#[derive(Clone)]
pub(crate) struct Behind {
    thread: Thread,
    shared: Arc<Shared>,
}

impl Hot {
    /// Starts the thread with a state and all of the log that is behind it; `mends`: some of that is damaged,
    /// and comes again.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn start<D: Disk>(
        disk: D,
        keys: Arc<Keys>,
        state: State,
        path: PathBuf,
        mends: bool,
        events: Sender<Event>,
    ) -> Result<Self, Failure> {
        let shared = Arc::new(Shared::default());
        shared.replayed.store(state.position().0, Ordering::Relaxed);
        let of_thread = Arc::clone(&shared);
        let thread = spawn("replay", move || {
            let ran = run(&disk, &keys, state, (&path, mends), &of_thread);
            ran.map_err(|failure| drop(events.try_send(Event::Broken(failure)))).ok()
        })?;
        Ok(Self { thread, shared })
    }

    /// For whoever writes the log.
    pub(crate) fn behind(&self) -> Behind {
        Behind { thread: self.thread.thread().clone(), shared: Arc::clone(&self.shared) }
    }

    /// Takes in what is left, and gives the state. None: it failed, and has said so.
    pub(crate) fn finish(self) -> Option<State> {
        self.shared.finish.store(true, Ordering::Release);
        self.thread.thread().unpark();
        self.thread.join().ok().flatten()
    }
}

impl Shared {
    fn durable(&self) -> Position {
        Position(self.durable.load(Ordering::Relaxed))
    }
}

impl Behind {
    /// There is more to read, up to this record.
    pub(crate) fn wake(&self, durable: Position) {
        self.shared.durable.store(durable.0, Ordering::Relaxed);
        self.thread.unpark();
    }

    /// The last record that is in the state.
    pub(crate) fn replayed(&self) -> u64 {
        self.shared.replayed.load(Ordering::Relaxed)
    }

    /// What goes up while the thread turns.
    pub(crate) fn beat(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.shared.beat)
    }
}

fn run<D: Disk>(
    disk: &D,
    keys: &Keys,
    mut state: State,
    (path, mends): (&Path, bool),
    shared: &Shared,
) -> Result<State, Failure> {
    let problem = |problem| Failure::problem(path, &problem);
    let from = Position(state.position().0 + 1);
    let mut reader = Reader::open(disk, Some(keys), from).map_err(problem)?;
    let mut first = true;
    loop {
        let finishing = shared.finish.load(Ordering::Acquire);
        // What there was before, and what is there when all is written, is read to its end.
        let durable = (!finishing && !first).then(|| shared.durable());
        loop {
            let batch = match durable {
                None => reader.next_batch(),
                Some(durable) => reader.next_durable(durable),
            };
            let batch = match batch {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(Problem::Damaged(..)) if mends && !finishing => break,
                Err(found) => return Err(problem(found)),
            };
            let records = batch.records().expect("there are keys");
            replaying::apply(&mut state, records, path)?;
            shared.replayed.store(state.position().0, Ordering::Relaxed);
            shared.beat.fetch_add(1, Ordering::Relaxed);
        }
        if finishing {
            return Ok(state);
        }
        first = false;
        shared.beat.fetch_add(1, Ordering::Relaxed);
        let looked = clocks::boot();
        thread::park_timeout(LOOK);
        while !shared.finish.load(Ordering::Acquire) {
            let left = PAUSE.saturating_sub(clocks::boot().since(looked));
            if left.is_zero() {
                break;
            }
            thread::park_timeout(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ground::Ground;
    use super::super::numbers::written;
    use super::*;
    use crossbeam::channel::bounded;
    use journal::disk::SystemDisk;
    use journal::path::Mapped;
    use journal::seal::Key;
    use journal::writer::{Appended, Writer};
    use switch_core::plan::Limits;
    use switch_core::records::Record;

    /// Writes so many records, the last of them durable.
    fn writes(writer: &mut Writer<SystemDisk, Mapped>, records: u32) {
        for _ in 0..records {
            let taken = writer.append(&written(&Record::Pulse)).unwrap();
            assert!(matches!(taken, Appended::Taken(_)));
        }
        writer.commit(writer.durable(), 1).unwrap();
        while writer.under_way() > 0 {
            writer.poll(true).unwrap();
        }
    }

    fn started(ground: &Ground) -> (Hot, crossbeam::channel::Receiver<Event>) {
        let (events, happened) = bounded(4);
        let disk = SystemDisk::open(&ground.path, false).unwrap();
        let keys = Arc::new(Keys::only(Key::of(&[1; 32])));
        let state = State::new(&Limits::default());
        (Hot::start(disk, keys, state, ground.path.clone(), false, events).unwrap(), happened)
    }

    #[test]
    fn the_state_follows_the_log_while_that_is_written_and_has_all_of_it_at_the_end() {
        let (ground, mut writer) = Ground::begins("hot", 1);
        writes(&mut writer, 3);
        let (hot, happened) = started(&ground);
        let behind = hot.behind();
        for end in [10, 17, 24] {
            writes(&mut writer, 7);
            while behind.replayed() < end {
                behind.wake(writer.durable());
                thread::yield_now();
            }
        }
        writes(&mut writer, 1);
        let state = hot.finish().expect("nothing is wrong with it");
        assert_eq!((state.position().0, behind.replayed()), (25, 25));
        assert!(happened.is_empty());
    }

    #[test]
    fn a_record_that_can_not_be_read_is_said_and_gives_no_state() {
        let (ground, mut writer) = Ground::begins("hot-alien", 1);
        writer.append(b"no record of ours").unwrap();
        writes(&mut writer, 1);
        let (hot, happened) = started(&ground);
        assert!(hot.finish().is_none());
        let Ok(Event::Broken(failure)) = happened.try_recv() else { panic!("nothing was said") };
        assert_eq!(failure.code, crate::cli::EXIT_DATA);
    }
}
