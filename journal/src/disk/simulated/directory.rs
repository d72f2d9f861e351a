//! The names of the simulated disk: as the system shows them, and as a crash would leave them.
//! Knows no content.

use std::collections::BTreeMap;

use super::random::Random;

/// What a name stands for: it stays with the file when the name changes.
pub(super) type Inode = u64;

/// All names.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    shown: BTreeMap<String, Inode>,
    kept: BTreeMap<String, Inode>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Made(String, Inode),
    Renamed(String, String, Inode),
    Removed(String),
}

impl Directory {
    pub(super) fn find(&self, name: &str) -> Option<Inode> {
        self.shown.get(name).copied()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.shown.keys()
    }

    /// Every file that has a name, or would have one after a crash.
    pub(super) fn inodes(&self) -> impl Iterator<Item = Inode> {
        let changes = self.pending.iter().filter_map(|change| match change {
            Change::Made(_, inode) | Change::Renamed(_, _, inode) => Some(*inode),
            Change::Removed(_) => None,
        });
        self.shown.values().chain(self.kept.values()).copied().chain(changes)
    }

    /// Files that have a name now.
    pub(super) fn shown(&self) -> impl Iterator<Item = Inode> {
        self.shown.values().copied()
    }

    pub(super) fn make(&mut self, name: &str, inode: Inode) {
        self.change(Change::Made(name.to_owned(), inode));
    }

    pub(super) fn rename(&mut self, from: &str, to: &str, inode: Inode) {
        self.change(Change::Renamed(from.to_owned(), to.to_owned(), inode));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.change(Change::Removed(name.to_owned()));
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.shown);
        self.pending.push(change);
    }

    /// All changes of names in one directory are durable: of those that begin so, and have no `/` behind it.
    pub(super) fn sync(&mut self, within: &str) {
        let is_in =
            |name: &String| name.strip_prefix(within).is_some_and(|name| !name.contains('/'));
        let (synced, pending): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.pending).into_iter().partition(|change| is_in(change.name()));
        for change in synced {
            change.apply(&mut self.kept);
        }
        self.pending = pending;
    }

    /// The power goes: of the changes since the last sync the first few survive, or any of them.
    pub(super) fn crash(&mut self, by: &mut Random) {
        let changes = std::mem::take(&mut self.pending);
        let in_order = by.chance(50);
        let first = by.place(changes.len() + 1);
        for (place, change) in changes.iter().enumerate() {
            if if in_order { place < first } else { by.chance(50) } {
                change.apply(&mut self.kept);
            }
        }
        self.shown = self.kept.clone();
    }
}

impl Change {
    fn name(&self) -> &String {
        match self {
            Self::Made(name, _) | Self::Renamed(name, _, _) | Self::Removed(name) => name,
        }
    }

    fn apply(&self, names: &mut BTreeMap<String, Inode>) {
        match self {
            Self::Made(name, inode) => {
                names.insert(name.clone(), *inode);
            }
            Self::Renamed(from, to, inode) => {
                if names.get(from) == Some(inode) {
                    names.remove(from);
                }
                names.insert(to.clone(), *inode);
            }
            Self::Removed(name) => {
                names.remove(name);
            }
        }
    }
}
