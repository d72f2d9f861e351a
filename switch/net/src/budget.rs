//! How many sockets there may be in all the `Net`s of a process, so that those who open files beside
//! them find descriptors. Must not know what the limit comes from.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Room for so many sockets, shared by all who hold a copy.
#[derive(Clone, Debug)]
pub struct Budget {
    /// A plain bound, read anew for each socket; nothing is ordered by it.
    sockets_max: Arc<AtomicUsize>,
    /// Sockets in use. A plain count: who takes one too many because another thread took the last
    /// gives it back, so nothing is ordered by it.
    used: Arc<AtomicUsize>,
}

impl Budget {
    /// Room for so many sockets; where connections wait beyond, they are not accepted.
    pub fn new(sockets_max: usize) -> Self {
        let sockets_max = Arc::new(AtomicUsize::new(sockets_max));
        Self { sockets_max, used: Arc::new(AtomicUsize::new(0)) }
    }

    /// From now on there is room for so many. Those beyond, if it is fewer, stay.
    pub fn set(&self, sockets_max: usize) {
        self.sockets_max.store(sockets_max, Ordering::Relaxed);
    }

    fn sockets_max(&self) -> usize {
        self.sockets_max.load(Ordering::Relaxed)
    }

    /// Whether there is no room for one more.
    pub(crate) fn is_spent(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.sockets_max()
    }

    /// One more, if there is room.
    pub(crate) fn take(&self) -> bool {
        let taken = self.used.fetch_add(1, Ordering::Relaxed) < self.sockets_max();
        if !taken {
            self.give_back();
        }
        taken
    }

    pub(crate) fn give_back(&self) {
        self.used.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Budget {
    /// No bound but that of each `Net`.
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}
