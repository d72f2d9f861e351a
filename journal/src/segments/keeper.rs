//! The keeper: makes spares ahead, in small steps, so that no commit waits behind it. Must not know
//! what is in a segment.
//!
//! When its thread stalls, the spares run out: with fewer than two new requests are refused, with
//! none the journal thread waits, and with it the answers that have room in the rings.

use std::io;
use std::sync::Arc;

use super::{Archived, Spares};
use crate::broken::Broken;
use crate::disk::aligned::AlignedBytes;
use crate::disk::{Disk, DiskFile};
use crate::format::SegmentNumber;
use crate::names::Name;

/// Bytes that one step writes: a commit waits behind them for a fraction of a millisecond.
const STEP: usize = 256 << 10;
/// Bytes between two syncs of a spare while fewer than [`FEW`] are ready: no step may wait for its disk for
/// long, as who waits for room is thought dead when nothing is heard of the keeper.
const SYNC_FEW: u64 = 16 << 20;
/// The same while enough are ready, and while nobody waits.
const SYNC: u64 = 64 << 20;
/// With fewer spares than this, new requests are refused.
const FEW: usize = 2;

/// Prepares spares from new files and from archived segments.
#[derive(Debug)]
pub struct Keeper<D: Disk> {
    disk: D,
    spares: Arc<Spares>,
    wanted: usize,
    reserve_bytes: u64,
    filling: Option<Filling<D::File>>,
    zeros: AlignedBytes,
    next_name: u64,
}

#[derive(Debug)]
struct Filling<F> {
    file: F,
    name: Name,
    done: u64,
    /// So much of that a sync has reached.
    synced: u64,
}

/// What a step asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// There is more to do. A caller that is not in need of spares lets a moment pass first, so that
    /// the disk is free for commits in between.
    Again,
    /// Nothing to do until [`Spares::wait_for_work`] comes back.
    Idle,
    /// There is no space for another spare. Look again in a while: archives may have been removed.
    Full,
}

impl<D: Disk> Keeper<D> {
    /// Takes stock of the directory, before a writer begins: spares of the right length stay, what
    /// was not finished goes. So many spares (at least two) are to be ready at any time. A new one
    /// is made only if `reserve_bytes` stay free beside it, for checkpoints and archives.
    ///
    /// # Errors
    /// What the disk refused.
    pub fn begin(
        disk: D,
        spares: Arc<Spares>,
        wanted: usize,
        reserve_bytes: u64,
    ) -> Result<Self, Broken> {
        assert!(wanted >= 2, "fewer than two spares would refuse every request");
        let step = usize::try_from(spares.segment_bytes()).unwrap_or(STEP).min(STEP);
        let zeros = AlignedBytes::new(step);
        let mut keeper =
            Self { disk, spares, wanted, reserve_bytes, filling: None, zeros, next_name: 1 };
        keeper.take_stock()?;
        Ok(keeper)
    }

    fn take_stock(&mut self) -> Result<(), Broken> {
        let files = self.disk.list().map_err(Broken::at("the directory", "not listed"))?;
        for file in &files {
            match Name::parse(file) {
                Some(Name::Spare(number)) => {
                    self.next_name = self.next_name.max(number + 1);
                    let length = self.disk.open(file, false).and_then(|file| file.bytes());
                    if length.map_err(Broken::at(file, "not opened"))? == self.spares.segment_bytes
                    {
                        self.spares.add(file.clone());
                    } else {
                        self.disk.remove(file).map_err(Broken::at(file, "not removed"))?;
                    }
                }
                Some(Name::Segment(number)) => {
                    let packed = files.contains(&Name::Archive(number).to_string());
                    let archived = if packed { Archived::Done } else { Archived::NotYet };
                    self.spares.found(number, archived);
                }
                // Of any kind: whoever wrote it is gone, and nobody else ever writes that one.
                None if Name::is_unfinished(file) => {
                    self.disk.remove(file).map_err(Broken::at(file, "not removed"))?;
                }
                Some(Name::Archive(_) | Name::Index(_) | Name::Checkpoint(_)) | None => {}
            }
        }
        Ok(())
    }

    /// Does a little: fills at most 256 KiB, or makes, finishes or removes one file. The
    /// thread that calls it runs at a low priority, and lets a moment pass between steps.
    ///
    /// # Errors
    /// What the disk refused, but for want of space, which is [`Next::Full`]. Nothing that was
    /// acknowledged is at risk, but a disk that fails at zeros will fail at records.
    pub fn step(&mut self) -> Result<Next, Broken> {
        if let Some(filling) = self.filling.take() {
            return self.fill(filling);
        }
        if self.spares.count() >= self.wanted {
            return self.remove_surplus();
        }
        match self.spares.take_archived() {
            Some(number) => self.use_again(number),
            None => self.make(),
        }
    }

    /// Bytes that must be free for another spare to be made: its own, and what stays free beside it.
    pub fn needed_bytes(&self) -> u64 {
        self.spares.segment_bytes.saturating_add(self.reserve_bytes)
    }

    fn use_again(&mut self, number: SegmentNumber) -> Result<Next, Broken> {
        let from = Name::Segment(number).to_string();
        let name = self.name();
        let to = name.unfinished();
        // The new name is durable before the first zero: after a crash no segment is half zeros.
        let renamed = self.disk.rename(&from, &to).and_then(|()| self.disk.sync_directory());
        let file = renamed.and_then(|()| self.disk.open(&to, true));
        let file = file.map_err(Broken::at(&from, "not made a spare"))?;
        if file.bytes().map_err(Broken::at(&to, "not measured"))? == self.spares.segment_bytes {
            self.filling = Some(Filling { file, name, done: 0, synced: 0 });
        } else {
            drop(file);
            self.disk.remove(&to).map_err(Broken::at(&to, "not removed"))?;
        }
        Ok(Next::Again)
    }

    fn make(&mut self) -> Result<Next, Broken> {
        let free = self.disk.free_bytes().map_err(Broken::at("the directory", "not measured"))?;
        if free < self.needed_bytes() {
            self.spares.set_disk_full(true);
            return Ok(Next::Full);
        }
        let name = self.name();
        match self.disk.create(&name.unfinished(), self.spares.segment_bytes) {
            Ok(file) => {
                self.filling = Some(Filling { file, name, done: 0, synced: 0 });
                Ok(Next::Again)
            }
            Err(error) => self.give_up(name, "not made", error),
        }
    }

    /// Writes zeros over what was only allocated, or is old: the first write to an allocated block
    /// costs the file system a record of its own, and old batches must not be found again. As few syncs
    /// as can be: the file system's own commit holds up those of the journal for milliseconds.
    fn fill(&mut self, mut filling: Filling<D::File>) -> Result<Next, Broken> {
        let left = self.spares.segment_bytes - filling.done;
        let step = usize::try_from(left).unwrap_or(STEP).min(self.zeros.len());
        let (file, offset) = (&filling.file, filling.done);
        filling.done += u64::try_from(step).expect("64-bit machine");
        let whole = filling.done == self.spares.segment_bytes;
        let written = file.write_at(offset, &self.zeros[..step]);
        let warm = written.and_then(|()| file.warm(offset, filling.done - offset));
        let at_once = if self.spares.count() < FEW { SYNC_FEW } else { SYNC };
        let syncs = whole || filling.done - filling.synced >= at_once;
        if let Err(error) = warm.and_then(|()| if syncs { file.sync() } else { Ok(()) }) {
            return self.give_up(filling.name, "not filled with zeros", error);
        }
        if syncs {
            filling.synced = filling.done;
        }
        if !whole {
            self.filling = Some(filling);
            return Ok(Next::Again);
        }
        let (from, to) = (filling.name.unfinished(), filling.name.to_string());
        let named = self.disk.rename(&from, &to).and_then(|()| self.disk.sync_directory());
        named.map_err(Broken::at(&from, "not made a spare"))?;
        self.spares.add(to);
        Ok(Next::Again)
    }

    fn remove_surplus(&mut self) -> Result<Next, Broken> {
        self.spares.set_disk_full(false);
        let Some(number) = self.spares.take_archived() else { return Ok(Next::Idle) };
        let name = Name::Segment(number).to_string();
        // Durable before the next one goes: after a crash no segment is missing between two others.
        let removed = self.disk.remove(&name).and_then(|()| self.disk.sync_directory());
        removed.map_err(Broken::at(&name, "not removed"))?;
        Ok(Next::Again)
    }

    /// No space is a state that passes; everything else is not.
    fn give_up(
        &mut self,
        name: Name,
        what: &'static str,
        error: io::Error,
    ) -> Result<Next, Broken> {
        use io::ErrorKind::{NotFound, QuotaExceeded, StorageFull};
        let file = name.unfinished();
        if !matches!(error.kind(), StorageFull | QuotaExceeded) {
            return Err(Broken::at(&file, what)(error));
        }
        self.spares.set_disk_full(true);
        match self.disk.remove(&file) {
            Err(error) if error.kind() != NotFound => Err(Broken::at(&file, "not removed")(error)),
            _ => Ok(Next::Full),
        }
    }

    fn name(&mut self) -> Name {
        self.next_name += 1;
        Name::Spare(self.next_name - 1)
    }
}
