//! A table that one thread replaces and others read. Must not know what is in it.

use crate::model::{Arc, AtomicU64, Mutex, Ordering};

/// The publisher's end. It keeps a share of every version until no reader has one, so that the
/// memory is freed here and, while this end lives, never by a reader.
pub struct Published<T> {
    shared: Arc<Shared<T>>,
    version: u64,
    /// Versions that readers may still hold, and the current one.
    kept: Vec<Arc<T>>,
}

struct Shared<T> {
    /// The number of the current version. Stored by `publish`, loaded by `adopt`, both relaxed: it
    /// is only a hint to look behind the lock, which orders the rest. Seen late, it costs a turn.
    version: AtomicU64,
    current: Mutex<(u64, Arc<T>)>,
}

impl<T> Published<T> {
    /// Publishes a first version.
    pub fn new(first: T) -> Self {
        let first = Arc::new(first);
        let shared =
            Shared { version: AtomicU64::new(0), current: Mutex::new((0, Arc::clone(&first))) };
        Self { shared: Arc::new(shared), version: 0, kept: vec![first] }
    }

    /// An end for a thread that reads, at the current version.
    ///
    /// # Panics
    /// Never: nobody panics while holding the lock.
    pub fn reader(&self) -> Reader<T> {
        let (version, current) = {
            let held = self.shared.current.lock().expect("no holder panics");
            (held.0, Arc::clone(&held.1))
        };
        Reader { shared: Arc::clone(&self.shared), version, current }
    }

    /// Publishes the next version; each reader changes over at its next `adopt`. Frees what no
    /// reader has any more.
    ///
    /// # Panics
    /// Never: nobody panics while holding the lock.
    pub fn publish(&mut self, next: T) {
        let next = Arc::new(next);
        self.kept.push(Arc::clone(&next));
        self.version += 1;
        let old = {
            let mut held = self.shared.current.lock().expect("no holder panics");
            std::mem::replace(&mut *held, (self.version, next))
        };
        drop(old);
        self.shared.version.store(self.version, Ordering::Relaxed);
        self.collect();
    }

    /// Frees the versions that no reader has any more; how many readers still hold back.
    pub fn collect(&mut self) -> usize {
        // A version that is not current can not be taken by anyone new, so a share that is alone
        // stays alone.
        let current = self.kept.pop().expect("the current version is kept");
        self.kept.retain(|version| Arc::strong_count(version) > 1);
        self.kept.push(current);
        self.kept.len() - 1
    }

    /// The current version.
    pub fn current(&self) -> &T {
        self.kept.last().expect("the current version is kept")
    }
}

/// A reader's end, one per thread.
pub struct Reader<T> {
    shared: Arc<Shared<T>>,
    version: u64,
    current: Arc<T>,
}

impl<T> Reader<T> {
    /// Changes over to the newest version, between two turns; whether there was one. One relaxed
    /// load if not. Never waits: if the publisher has the lock, the next call finds it.
    pub fn adopt(&mut self) -> bool {
        if self.shared.version.load(Ordering::Relaxed) == self.version {
            return false;
        }
        let Ok(held) = self.shared.current.try_lock() else { return false };
        self.version = held.0;
        // The publisher keeps a share of the old one: this frees nothing.
        self.current = Arc::clone(&held.1);
        true
    }

    /// The version adopted last.
    pub fn current(&self) -> &T {
        &self.current
    }

    /// Its number, from 0 on.
    pub fn version(&self) -> u64 {
        self.version
    }
}
