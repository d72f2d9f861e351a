//! What a status shows of files, read by a thread of its own: a disk that hangs is when people look, and they are
//! to see how the node stands. They get what was seen last then. Must not know what is read.
//!
//! When it stalls, what it shows is old, and each look waits a moment for it.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Sender, TrySendError, bounded};

use crate::journaling::lower_priority;

/// How long somebody waits who looks.
const PATIENCE: Duration = Duration::from_millis(250);

/// The way to the thread, which ends when nobody can look any more.
pub(crate) struct Looking<T> {
    wanted: Sender<()>,
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    seen: Mutex<Seen<T>>,
    is_new: Condvar,
}

#[derive(Default)]
struct Seen<T> {
    what: T,
    /// Goes up with each look.
    looks: u64,
}

impl<T: Clone + Default + Send + 'static> Looking<T> {
    /// Looks like this, each time that somebody wants to see it.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn start(look: impl Fn() -> T + Send + 'static) -> io::Result<Self> {
        let (wanted, wishes) = bounded::<()>(1);
        let shared = Arc::new(Shared { seen: Mutex::default(), is_new: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        thread::Builder::new().name("looks".into()).spawn(move || {
            lower_priority();
            for () in wishes {
                let what = look();
                let mut seen = of_thread.lock();
                *seen = Seen { what, looks: seen.looks + 1 };
                of_thread.is_new.notify_all();
            }
        })?;
        Ok(Self { wanted, shared })
    }

    /// As it is now, or as it was seen last.
    pub(crate) fn seen(&self) -> T {
        let before = self.shared.lock();
        let known = before.looks;
        // One that waits already will look later than now.
        let (Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(()))) =
            self.wanted.try_send(());
        let is_old = |seen: &mut Seen<T>| seen.looks == known;
        let waited = self.shared.is_new.wait_timeout_while(before, PATIENCE, is_old);
        let (seen, _) = waited.unwrap_or_else(PoisonError::into_inner);
        seen.what.clone()
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Seen<T>> {
        // It is exchanged as a whole.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_look_shows_what_there_is_and_where_the_disk_hangs_what_was_seen_last() {
        let (disk, reads) = mpsc::channel::<u32>();
        let reads = Mutex::new(reads);
        let looking = Looking::start(move || reads.lock().unwrap().recv().unwrap_or(9)).unwrap();
        assert_eq!(looking.seen(), 0, "nothing was seen yet, and nobody waits for ever");
        disk.send(1).unwrap();
        disk.send(2).unwrap();
        // The look that hung ends first.
        let ends = |number| while looking.seen() != number {};
        ends(2);
        assert_eq!(looking.seen(), 2, "it hangs again");
        drop(disk);
        ends(9);
    }
}
