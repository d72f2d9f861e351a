//! A disk that fails as disks do, and two write paths on it, driven by one seed: for tests of the
//! journal and of what stands on it. Must not know what its files mean.
//!
//! Each operation that changes something is numbered, from 1. A test puts a crash at one of them: it
//! takes place in part, it and all later ones give an error, until the test cuts the power (what was
//! not synced survives by chance) or kills the process (the cache survives). Handles of before
//! the crash are dead then.

mod directory;
mod path;
mod platter;
mod random;
mod world;

use std::fmt::Write;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

pub use self::path::SimulatedPath;
pub use self::platter::Rot;
pub use self::random::Random;

use self::directory::Inode;
use self::platter::{Fate, PAGE, Platter};
use self::world::{Operation, World, after};
use super::{Disk, DiskFile};

/// The disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct SimulatedDisk {
    world: Arc<Mutex<World>>,
    /// Of a directory within: what its files' names begin with.
    within: String,
}

/// A file of it.
#[derive(Debug)]
pub struct SimulatedFile {
    disk: SimulatedDisk,
    inode: Inode,
    name: String,
    writes: bool,
    boot: u64,
}

/// A promise that a disk (or a program that uses one) breaks: what a test breaks on purpose, to see
/// that it would be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lie {
    /// Names are not made durable, and nobody is told.
    SkipsDirectorySync,
    /// Files whose names contain this are not synced, but by a write path, and nobody is told.
    SkipsSync(&'static str),
    /// Writes to files whose names contain this are left out, but of a write path.
    SkipsWrites(&'static str),
    /// Reads show what the cache believes.
    ReadsTheCache,
    /// A write path calls batches durable when they are submitted.
    DurableWhenSubmitted,
    /// A write path tries a failed sync again, and believes the second answer.
    RetriesSync,
    /// The direct path counts completions, whichever they are.
    CountsCompletions,
}

impl SimulatedDisk {
    /// An empty disk of 1 TiB.
    pub fn new(seed: u64) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(seed))), within: String::new() }
    }

    /// A copy of everything as it is now, with a chance of its own: to see what different crashes do
    /// to the same state.
    #[must_use]
    pub fn fork(&self, seed: u64) -> Self {
        let mut world = self.world().clone();
        world.random = Random::new(seed);
        Self { world: Arc::new(Mutex::new(world)), within: self.within.clone() }
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.world().operations
    }

    /// The last operations, one a line: for the message of a failing test.
    pub fn history(&self) -> String {
        let world = self.world();
        let first = world.operations + 1 - u64::try_from(world.history.len()).expect("few");
        let mut lines = String::new();
        for (number, operation) in (first..).zip(&world.history) {
            writeln!(lines, "{number} {operation}").expect("a text takes all");
        }
        lines
    }

    /// Puts a crash at the operation of this number.
    pub fn crash_at(&self, operation: u64) {
        self.world().crash_at = Some(operation);
    }

    /// The crash that was to come does not.
    pub fn crash_not(&self) {
        self.world().crash_at = None;
    }

    /// Whether the crash took place.
    pub fn is_down(&self) -> bool {
        self.world().down
    }

    /// The power goes, and comes back: of what was not synced survives what chance wants.
    pub fn cut_power(&self) {
        let mut world = self.world();
        let World { random, directory, platters, flights, .. } = &mut *world;
        let fate = Fate {
            survives_percent: random.one_of(&[0, 10, 50, 90, 100]),
            tears: random.chance(50),
        };
        while !flights.is_empty() {
            let flight = flights.swap_remove(random.place(flights.len()));
            let platter = platters.get_mut(&flight.inode).expect("a flight goes to a file");
            platter.write_torn(flight.offset, &flight.bytes, fate, random);
        }
        for platter in platters.values_mut() {
            platter.crash(fate, random);
        }
        directory.crash(random);
        world.come_back();
    }

    /// The process is killed: what it wrote stays in the cache, what was under way past the cache
    /// took place or did not.
    pub fn kill(&self) {
        let mut world = self.world();
        let World { random, platters, flights, .. } = &mut *world;
        while !flights.is_empty() {
            let flight = flights.swap_remove(random.place(flights.len()));
            let platter = platters.get_mut(&flight.inode).expect("a flight goes to a file");
            let fate = Fate { survives_percent: random.one_of(&[0, 50, 100, 100]), tears: false };
            platter.write_torn(flight.offset, &flight.bytes, fate, random);
        }
        world.come_back();
    }

    /// After `skip` more, a sync of a file fails with this error: some of the pages are written, the
    /// others count as clean, and the sync after it succeeds.
    pub fn fail_sync(&self, skip: u64, error: io::ErrorKind) {
        self.world().syncs_to_failure = Some((skip, error));
    }

    /// After `skip` more, a write fails with this error.
    pub fn fail_write(&self, skip: u64, error: io::ErrorKind) {
        self.world().writes_to_failure = Some((skip, error));
    }

    /// Whether every failure that was asked for has taken place.
    pub fn has_failed(&self) -> bool {
        let world = self.world();
        world.syncs_to_failure.is_none() && world.writes_to_failure.is_none()
    }

    /// Nothing that was asked for fails any more.
    pub fn fail_nothing(&self) {
        let mut world = self.world();
        world.syncs_to_failure = None;
        world.writes_to_failure = None;
    }

    /// All files together may have so many bytes.
    pub fn set_capacity(&self, bytes: u64) {
        self.world().capacity = bytes;
    }

    /// Mounted to be read only.
    pub fn set_read_only(&self, read_only: bool) {
        self.world().read_only = read_only;
    }

    /// Breaks a promise from now on.
    pub fn tell(&self, lie: Lie) {
        self.world().lies.push(lie);
    }

    /// Something happens to a sector of a file at rest. `offset` is a multiple of 512.
    pub fn rot(&self, name: &str, offset: u64, rot: Rot) {
        self.platter(name, |platter| platter.rot(offset, rot));
    }

    /// Cuts a file to this length, durably.
    pub fn truncate(&self, name: &str, length: u64) {
        self.platter(name, |platter| platter.truncate(length));
    }

    /// Puts a file on the disk, durably.
    pub fn place(&self, name: &str, bytes: &[u8]) {
        let mut world = self.world();
        let inode = world.new_file(name, 0);
        let platter = world.platters.get_mut(&inode).expect("just made");
        platter.write(0, bytes);
        platter.sync();
        world.directory.sync("");
    }

    /// All bytes of a file, as the device holds them.
    pub fn content(&self, name: &str) -> Vec<u8> {
        self.platter(name, |platter| {
            let mut all = vec![0; usize::try_from(platter.length).expect("64-bit machine")];
            platter.read(0, &mut all, false);
            all
        })
    }

    fn platter<T>(&self, name: &str, work: impl FnOnce(&mut Platter) -> T) -> T {
        let mut world = self.world();
        let inode = world.directory.find(name).unwrap_or_else(|| panic!("no file {name}"));
        work(world.platters.get_mut(&inode).expect("a name stands for a file"))
    }

    /// The name of a file in all of the disk.
    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.within)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no holder panicked")
    }
}

impl Disk for SimulatedDisk {
    type File = SimulatedFile;

    fn list(&self) -> io::Result<Vec<String>> {
        let world = self.world();
        after(world.down)?;
        let ours = world.directory.names().filter_map(|name| name.strip_prefix(&self.within));
        // Of a file in a directory within, that one's name.
        let mut names: Vec<_> = ours.filter_map(|name| name.split('/').next()).collect();
        names.dedup();
        Ok(names.into_iter().map(ToOwned::to_owned).collect())
    }

    fn create(&self, name: &str, bytes: u64) -> io::Result<SimulatedFile> {
        let name = &self.name(name);
        let mut world = self.world();
        let boot = world.boot;
        let crashes = world.begin(boot, Operation::Create(name.clone()))?;
        if world.directory.find(name).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if world.free() < bytes {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let inode = world.new_file(name, bytes);
        after(crashes)?;
        Ok(SimulatedFile { disk: self.clone(), inode, name: name.clone(), writes: true, boot })
    }

    fn open(&self, name: &str, writes: bool) -> io::Result<SimulatedFile> {
        let name = &self.name(name);
        let world = self.world();
        after(world.down)?;
        let (inode, boot) = (world.find(name)?, world.boot);
        if writes && world.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        Ok(SimulatedFile { disk: self.clone(), inode, name: name.clone(), writes, boot })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (&self.name(from), &self.name(to));
        let mut world = self.world();
        let boot = world.boot;
        let crashes = world.begin(boot, Operation::Rename(from.clone(), to.clone()))?;
        let inode = world.find(from)?;
        world.directory.rename(from, to, inode);
        after(crashes)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let name = &self.name(name);
        let mut world = self.world();
        let boot = world.boot;
        let crashes = world.begin(boot, Operation::Remove(name.clone()))?;
        world.find(name)?;
        world.directory.remove(name);
        after(crashes)
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut world = self.world();
        let boot = world.boot;
        after(world.begin(boot, Operation::SyncDirectory)?)?;
        if !world.lies(Lie::SkipsDirectorySync) {
            world.directory.sync(&self.within);
        }
        Ok(())
    }

    fn within(&self, name: &str, make: bool) -> io::Result<Self> {
        let world = self.world();
        after(world.down)?;
        let within = format!("{}/", self.name(name));
        // One without a file is none.
        if !make && !world.directory.names().any(|name| name.starts_with(&within)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self { world: Arc::clone(&self.world), within })
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let world = self.world();
        after(world.down)?;
        Ok(world.free())
    }
}

impl SimulatedFile {
    fn world(&self) -> io::Result<MutexGuard<'_, World>> {
        let world = self.disk.world();
        after(world.down || world.boot != self.boot)?;
        Ok(world)
    }
}

impl DiskFile for SimulatedFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.world()?.platters[&self.inode].length)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let world = self.world()?;
        let whole_blocks = offset.is_multiple_of(4_096) && into.len().is_multiple_of(PAGE);
        if !whole_blocks {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let cached = world.lies(Lie::ReadsTheCache);
        let read = world.platters[&self.inode].read(offset, into, cached);
        read.ok_or_else(|| io::Error::other("Input/output error (a sector can not be read)"))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut world = self.disk.world();
        let what = Operation::Write(self.name.clone(), offset, bytes.len());
        let crashes = world.begin(self.boot, what)?;
        if !self.writes {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let end = offset + u64::try_from(bytes.len()).expect("64-bit machine");
        let more = end.saturating_sub(world.platters[&self.inode].length);
        if more > world.free() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if world.skips_writes(&self.name) {
            return after(crashes);
        }
        world.write(self.inode, offset, bytes, crashes)
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.disk.world();
        let crashes = world.begin(self.boot, Operation::Sync(self.name.clone()))?;
        if world.skips_syncs(&self.name) {
            return after(crashes);
        }
        world.sync(self.inode, crashes)
    }
}

#[cfg(test)]
mod tests;
