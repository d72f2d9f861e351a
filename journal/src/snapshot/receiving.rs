//! A checkpoint as it comes: piece by piece into a directory of its own, whole under its name only when all of
//! it is durable and was opened. Must not know who sends it, nor what it takes the place of.

use super::SNAPSHOT;
use super::settling::clear;
use crate::base;
use crate::checkpoint::{self, About, Flaw};
use crate::disk::{Disk, DiskFile, Failed};
use crate::format::{BLOCK, Cluster, Position};
use crate::mark::Mark;
use crate::names::Name;
use crate::seal::Keys;

/// Bytes between two syncs: the last one has not all of it to write.
const SYNC: u64 = 64 << 20;

/// A checkpoint that is being taken.
pub struct Receiving<D: Disk> {
    /// The directory in which it stands.
    within: D,
    file: D::File,
    base: Mark,
    cluster: Cluster,
    position: Position,
    total: u64,
    at: u64,
    /// So much of that is durable.
    synced: u64,
}

/// Looks at a piece of the state, in order; says why it is of no use.
pub type Look<'a> = dyn FnMut(&[u8]) -> Result<(), String> + 'a;

/// Why a snapshot is none.
#[derive(Debug)]
pub enum Problem {
    /// A piece that does not go on where the last one ended, or behind the end.
    OutOfPlace {
        /// Where the next one should be.
        at: u64,
    },
    /// It is not as it was written, or not what was announced.
    Flaw(Flaw),
    /// None of our keys opens it.
    UnknownKey([u8; 8]),
    /// Its state is of no use to who takes it, who says why.
    OfNoUse(String),
    /// The disk did not do what it was asked.
    Disk(Failed),
}

impl<D: Disk> Receiving<D> {
    /// Begins to take a checkpoint of so many bytes; the log that follows it will begin behind `base`. What was
    /// taken before of this or another one, and not finished, is gone.
    ///
    /// # Errors
    /// What the disk did not do; no room is known at once.
    pub fn begin(
        disk: &D,
        cluster: Cluster,
        base: Mark,
        position: Position,
        total: u64,
    ) -> Result<Self, Problem> {
        if total > checkpoint::STATE_MAX || !total.is_multiple_of(BLOCK as u64) {
            return Err(Problem::Flaw(Flaw::Length));
        }
        if base.position > position {
            return Err(Problem::Flaw(Flaw::Foreign));
        }
        let within = disk.within(SNAPSHOT, true).map_err(Failed::when("make", SNAPSHOT))?;
        clear(&within)?;
        let unfinished = Name::Checkpoint(position).unfinished();
        let file = within.create(&unfinished, total);
        let file = file.map_err(Failed::when("create", &unfinished))?;
        Ok(Self { within, file, base, cluster, position, total, at: 0, synced: 0 })
    }

    /// Where the next piece begins.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// Why not.
    pub fn piece(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Problem> {
        let end = offset.saturating_add(bytes.len() as u64);
        if offset != self.at || end > self.total {
            return Err(Problem::OutOfPlace { at: self.at });
        }
        let name = Name::Checkpoint(self.position).unfinished();
        self.file.write_at(offset, bytes).map_err(Failed::when("write", name))?;
        self.at = end;
        if self.at - self.synced >= SYNC {
            self.synced = self.at;
            let name = Name::Checkpoint(self.position).unfinished();
            self.file.sync().map_err(Failed::when("sync", name))?;
        }
        Ok(())
    }

    /// All pieces are there: it is durable, read back from the device and opened, the mark behind which the log
    /// begins is written, and only then it gets its name. [`super::settle`] puts it in the log's place. `look`
    /// is shown the state piece by piece, and may say that it is of no use.
    ///
    /// # Errors
    /// Why it is no checkpoint of this journal.
    pub fn finish(self, keys: &Keys, look: &mut Look<'_>) -> Result<About, Problem> {
        if self.at != self.total {
            return Err(Problem::OutOfPlace { at: self.at });
        }
        let unfinished = Name::Checkpoint(self.position).unfinished();
        let name = Name::Checkpoint(self.position).to_string();
        self.file.sync().map_err(Failed::when("sync", &unfinished))?;
        let mut of_no_use = None;
        let mut show = |chunk: &[u8]| {
            if of_no_use.is_none() {
                of_no_use = look(chunk).err();
            }
        };
        let checked =
            checkpoint::check_file(&self.within, &unfinished, self.position, keys, &mut show);
        let about = checked?;
        if let Some(why) = of_no_use {
            return Err(Problem::OfNoUse(why));
        }
        if about.cluster != self.cluster {
            return Err(Problem::Flaw(Flaw::Foreign));
        }
        base::write(&self.within, &self.cluster, &self.base)?;
        let renamed = self.within.rename(&unfinished, &name);
        renamed.map_err(Failed::when("rename", &unfinished))?;
        self.within.sync_directory().map_err(Failed::when("sync", SNAPSHOT))?;
        Ok(about)
    }
}

impl From<Failed> for Problem {
    fn from(failed: Failed) -> Self {
        Self::Disk(failed)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfPlace { at } => write!(f, "a piece is missing at byte {at}"),
            Self::Flaw(flaw) => write!(f, "the snapshot is not whole: {flaw}"),
            Self::UnknownKey(check) => {
                let check = crate::seal::hex(check);
                write!(f, "no key opens the snapshot: it has check value {check}")
            }
            Self::OfNoUse(why) => write!(f, "the snapshot is of no use here: {why}"),
            Self::Disk(failed) => write!(f, "{failed}"),
        }
    }
}

impl std::error::Error for Problem {}
