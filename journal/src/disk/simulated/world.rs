//! What a simulated disk is made of, and how each operation on it goes wrong. Knows no test's interface.

use std::collections::{BTreeMap, VecDeque};
use std::{fmt, io};

use super::Lie;
use super::directory::{Directory, Inode};
use super::platter::{PAGE, Platter};
use super::random::Random;

/// How many of the last operations are remembered.
const HISTORY_MAX: usize = 64;

/// All of a disk.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) random: Random,
    pub(super) directory: Directory,
    pub(super) platters: BTreeMap<Inode, Platter>,
    pub(super) flights: Vec<Flight>,
    pub(super) last_inode: Inode,
    pub(super) last_path: u64,
    pub(super) boot: u64,
    pub(super) operations: u64,
    pub(super) history: VecDeque<Operation>,
    pub(super) crash_at: Option<u64>,
    pub(super) down: bool,
    pub(super) syncs_to_failure: Option<(u64, io::ErrorKind)>,
    pub(super) writes_to_failure: Option<(u64, io::ErrorKind)>,
    pub(super) capacity: u64,
    pub(super) read_only: bool,
    pub(super) lies: Vec<Lie>,
}

/// What an operation was.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Create(String),
    Rename(String, String),
    Remove(String),
    Write(String, u64, usize),
    Sync(String),
    SyncDirectory,
    Submit(String, u64, usize),
    Complete(String, u64),
}

/// A write past the cache that is under way.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) path: u64,
    pub(super) inode: Inode,
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) bytes: Vec<u8>,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(name) => write!(f, "create {name}"),
            Self::Rename(from, to) => write!(f, "rename {from} to {to}"),
            Self::Remove(name) => write!(f, "remove {name}"),
            Self::Write(name, at, bytes) => write!(f, "write {name} at {at}: {bytes} bytes"),
            Self::Sync(name) => write!(f, "sync {name}"),
            Self::SyncDirectory => write!(f, "sync the directory"),
            Self::Submit(name, at, bytes) => write!(f, "submit {name} at {at}: {bytes} bytes"),
            Self::Complete(name, at) => write!(f, "complete {name} at {at}"),
        }
    }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            directory: Directory::default(),
            platters: BTreeMap::new(),
            flights: Vec::new(),
            last_inode: 0,
            last_path: 0,
            boot: 0,
            operations: 0,
            history: VecDeque::new(),
            crash_at: None,
            down: false,
            syncs_to_failure: None,
            writes_to_failure: None,
            capacity: 1 << 40,
            read_only: false,
            lies: Vec::new(),
        }
    }

    /// Counts an operation. Says whether the crash falls on it.
    pub(super) fn begin(&mut self, boot: u64, operation: Operation) -> io::Result<bool> {
        if self.down || boot != self.boot {
            return Err(crashed());
        }
        if self.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        self.operations += 1;
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(operation);
        self.down = self.crash_at == Some(self.operations);
        Ok(self.down)
    }

    pub(super) fn come_back(&mut self) {
        self.down = false;
        self.crash_at = None;
        self.boot += 1;
        let Self { directory, platters, .. } = self;
        let named: Vec<Inode> = directory.inodes().collect();
        platters.retain(|inode, _| named.contains(inode));
    }

    pub(super) fn new_file(&mut self, name: &str, bytes: u64) -> Inode {
        self.last_inode += 1;
        self.directory.make(name, self.last_inode);
        self.platters.insert(self.last_inode, Platter::new(bytes));
        self.last_inode
    }

    pub(super) fn find(&self, name: &str) -> io::Result<Inode> {
        self.directory.find(name).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn free(&self) -> u64 {
        let lengths = self.directory.shown().map(|inode| self.platters[&inode].length);
        self.capacity.saturating_sub(lengths.sum())
    }

    pub(super) fn lies(&self, lie: Lie) -> bool {
        self.lies.contains(&lie)
    }

    pub(super) fn skips_syncs(&self, name: &str) -> bool {
        let skips = |lie: &Lie| matches!(lie, Lie::SkipsSync(part) if name.contains(part));
        self.lies.iter().any(skips)
    }

    pub(super) fn skips_writes(&self, name: &str) -> bool {
        let skips = |lie: &Lie| matches!(lie, Lie::SkipsWrites(part) if name.contains(part));
        self.lies.iter().any(skips)
    }

    pub(super) fn sync(&mut self, inode: Inode, crashes: bool) -> io::Result<()> {
        let fails = due(&mut self.syncs_to_failure);
        let Self { platters, random, .. } = self;
        let platter = platters.get_mut(&inode).expect("an open file is there");
        if let Some(error) = fails {
            platter.fail_sync(random);
            return Err(error.into());
        }
        after(crashes)?;
        platter.sync();
        Ok(())
    }

    /// Writes into the cache; at a crash only some of it.
    pub(super) fn write(
        &mut self,
        inode: Inode,
        offset: u64,
        bytes: &[u8],
        crashes: bool,
    ) -> io::Result<()> {
        if let Some(error) = due(&mut self.writes_to_failure) {
            return Err(error.into());
        }
        let platter = self.platters.get_mut(&inode).expect("an open file is there");
        if !crashes {
            platter.write(offset, bytes);
            return Ok(());
        }
        let pages = self.random.place(bytes.len().div_ceil(PAGE) + 1);
        platter.write(offset, &bytes[..bytes.len().min(pages * PAGE)]);
        Err(crashed())
    }
}

/// Counts down to a failure.
pub(super) fn due(failure: &mut Option<(u64, io::ErrorKind)>) -> Option<io::ErrorKind> {
    let (skip, error) = failure.as_mut()?;
    if *skip > 0 {
        *skip -= 1;
        return None;
    }
    let error = *error;
    *failure = None;
    Some(error)
}

pub(super) fn crashed() -> io::Error {
    io::Error::other("the machine is down")
}

pub(super) fn after(crashes: bool) -> io::Result<()> {
    if crashes { Err(crashed()) } else { Ok(()) }
}
