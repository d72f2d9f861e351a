//! Write paths on the simulated disk, in the manners of the two real ones: pages that reach the device
//! at any time before a sync, or writes past the cache that complete in any order. Knows no header.

use std::collections::{BTreeSet, VecDeque};
use std::io;

use super::directory::Inode;
use super::world::{Flight, Operation, World, after, due};
use super::{Lie, SimulatedDisk};
use crate::format::{BATCH_MAX, PathKind};
use crate::path::WritePath;

/// Batches under way at once.
const UNDER_WAY_MAX: usize = 4;
/// What stands in a buffer that nobody wrote to: not zeros.
const JUNK: u8 = 0xA5;

/// A write path.
#[derive(Debug)]
pub struct SimulatedPath {
    disk: SimulatedDisk,
    kind: PathKind,
    number: u64,
    boot: u64,
    segment: Option<Segment>,
    buffer: Vec<u8>,
    /// Segments with writes that no sync covers yet.
    unsynced: BTreeSet<(Inode, String)>,
    /// Of each batch since the durable ones: whether its write is done.
    under_way: VecDeque<bool>,
    durable: u64,
}

#[derive(Clone, Debug)]
struct Segment {
    inode: Inode,
    name: String,
    bytes: u64,
}

impl SimulatedPath {
    /// In the manner of this path.
    pub fn new(disk: &SimulatedDisk, kind: PathKind) -> Self {
        let mut world = disk.world();
        world.last_path += 1;
        Self {
            disk: disk.clone(),
            kind,
            number: world.last_path,
            boot: world.boot,
            segment: None,
            buffer: vec![JUNK; BATCH_MAX],
            unsynced: BTreeSet::new(),
            under_way: VecDeque::new(),
            durable: 0,
        }
    }

    /// All that was submitted is synced, and then durable together.
    fn sync(&mut self, world: &mut World) -> io::Result<()> {
        for (inode, name) in std::mem::take(&mut self.unsynced) {
            let crashes = world.begin(self.boot, Operation::Sync(name))?;
            let mut synced = world.sync(inode, crashes);
            if synced.is_err() && !crashes && world.lies(Lie::RetriesSync) {
                synced = world.sync(inode, crashes);
            }
            synced?;
        }
        self.under_way.iter_mut().for_each(|done| *done = true);
        Ok(())
    }

    /// Writes that are under way are done, any of them, until the first one is.
    fn complete(&mut self, world: &mut World, wait: bool) -> io::Result<()> {
        let waits = |path: &Self| wait && path.under_way.front() == Some(&false);
        while self.under_way.contains(&false) && (waits(self) || world.random.chance(50)) {
            self.complete_one(world)?;
        }
        Ok(())
    }

    fn complete_one(&mut self, world: &mut World) -> io::Result<()> {
        let ours = |flight: &Flight| flight.path == self.number;
        let all: Vec<usize> =
            (0..world.flights.len()).filter(|&at| ours(&world.flights[at])).collect();
        let chosen = world.random.place(all.len());
        let Flight { name, offset, .. } = &world.flights[all[chosen]];
        let what = Operation::Complete(name.clone(), *offset);
        after(world.begin(self.boot, what)?)?;
        let flight = world.flights.remove(all[chosen]);
        let failed = due(&mut world.syncs_to_failure).or_else(|| due(&mut world.writes_to_failure));
        if let Some(error) = failed {
            return Err(error.into());
        }
        let platter = world.platters.get_mut(&flight.inode).expect("a segment is there");
        platter.write_through(flight.offset, &flight.bytes);
        let open = self.under_way.iter_mut().filter(|done| !**done).nth(chosen);
        *open.expect("a batch for each flight") = true;
        Ok(())
    }

    fn count(&mut self, world: &World) -> u64 {
        while self.under_way.front() == Some(&true) {
            self.under_way.pop_front();
            self.durable += 1;
        }
        let claimed = if world.lies(Lie::DurableWhenSubmitted) {
            self.under_way.len()
        } else if world.lies(Lie::CountsCompletions) {
            self.under_way.iter().filter(|&&done| done).count()
        } else {
            0
        };
        self.durable + u64::try_from(claimed).expect("few")
    }
}

impl WritePath for SimulatedPath {
    fn kind(&self) -> PathKind {
        self.kind
    }

    fn begin(&mut self, name: &str, bytes: u64) -> io::Result<()> {
        let world = self.disk.world();
        after(world.down || world.boot != self.boot)?;
        let inode = world.find(name)?;
        if world.platters[&inode].length < bytes {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.segment = Some(Segment { inode, name: name.to_owned(), bytes });
        Ok(())
    }

    fn buffer(&mut self) -> Option<&mut [u8]> {
        (self.under_way.len() < UNDER_WAY_MAX).then_some(&mut self.buffer)
    }

    fn submit(&mut self, offset: u64, length: usize) -> io::Result<()> {
        let disk = self.disk.clone();
        let world = &mut *disk.world();
        let Segment { inode, name, bytes } = self.segment.clone().expect("a segment was begun");
        let end = offset + u64::try_from(length).expect("64-bit machine");
        let fits = self.under_way.len() < UNDER_WAY_MAX && end <= bytes;
        assert!(
            fits && offset.is_multiple_of(4_096) && length.is_multiple_of(4_096),
            "a caller's error"
        );
        let what = Operation::Submit(name.clone(), offset, length);
        let crashes = world.begin(self.boot, what)?;
        match self.kind {
            PathKind::Mapped => {
                world.write(inode, offset, &self.buffer[..length], crashes)?;
                self.unsynced.insert((inode, name));
            }
            PathKind::Direct => {
                let bytes = self.buffer[..length].to_vec();
                world.flights.push(Flight { path: self.number, inode, name, offset, bytes });
                after(crashes)?;
            }
        }
        self.under_way.push_back(false);
        self.buffer[..length].fill(JUNK);
        Ok(())
    }

    fn poll(&mut self, wait: bool) -> io::Result<u64> {
        let disk = self.disk.clone();
        let world = &mut *disk.world();
        after(world.down || world.boot != self.boot)?;
        let puts_off = world.lies(Lie::DurableWhenSubmitted) || !wait;
        if !(puts_off && world.random.chance(50)) {
            match self.kind {
                PathKind::Mapped if self.under_way.is_empty() => {}
                PathKind::Mapped => self.sync(world)?,
                PathKind::Direct => self.complete(world, wait)?,
            }
        }
        Ok(self.count(world))
    }

    fn under_way(&self) -> usize {
        self.under_way.len()
    }
}
