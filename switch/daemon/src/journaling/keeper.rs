//! The keeper's thread: prepares segments ahead, and says whether there is room for new requests. Must
//! not know what is in a segment. Archives that are old enough the fold removes.
//!
//! When it stalls, the spare segments run out: with fewer than two new requests are refused with 907,
//! with none the journal's thread waits, and with it every answer. Then the gates fill up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use journal::broken::Broken;
use journal::disk::SystemDisk;
use journal::disk::{Disk, DiskFile};
use journal::names::Name;
use journal::segments::{Keeper, Next, Spares};
use switch_core::ids::WorkerId;
use switch_core::time::Time;

use super::figures::{Figures, Keeping};
use crate::clocks;
use crate::mesh::Mesh;
use crate::notes::{Note, Notes};
use crate::worker::Command;

/// With fewer spare segments than this, new requests are refused.
pub(super) const SPARES_MIN: usize = 2;
/// With so many they are taken again: at the edge of a full disk each segment that is packed gives one spare,
/// which load uses up at once, and operators would be told of room and of none by turns.
const SPARES_AGAIN: usize = SPARES_MIN + 1;
/// What is left to commits between two steps while one spare is missing: a segment takes two seconds.
const PAUSE: Duration = Duration::from_millis(8);
/// The same while more are missing, and still enough are there.
const PAUSE_BUSY: Duration = Duration::from_millis(1);
/// How often the directory is looked at, and the disk when it is full.
const LOOK: Duration = Duration::from_secs(1);

/// How many times what a look has taken lies between two: with years of archives there are many files
/// to look at, and spare segments are made by the same thread.
const LOOK_SHARE: u32 = 50;

/// What the thread works with.
pub(super) struct Housekeeper {
    pub(super) disk: SystemDisk,
    pub(super) keeper: Keeper<SystemDisk>,
    pub(super) spares: Arc<Spares>,
    pub(super) mesh: Arc<Mesh>,
    pub(super) workers: u8,
    pub(super) notes: Notes,
    pub(super) figures: Arc<Figures>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Housekeeper {
    /// Runs until it is told to stop, or the disk fails.
    pub(super) fn run(mut self) -> Result<(), Broken> {
        let mut told_room = true;
        let mut was_full = false;
        let mut look_at = Time(0);
        while !self.stop.load(Ordering::Acquire) {
            self.mesh.pulses().keeper_steps();
            let next = self.keeper.step()?;
            let full = next == Next::Full;
            if full != was_full {
                was_full = full;
                self.tell_of_the_disk(full);
            }
            let room = is_enough(self.spares.count(), told_room);
            let changed = room != told_room && self.tell_room(room);
            if changed {
                told_room = room;
            }
            let now = clocks::boot();
            if changed || now >= look_at {
                self.show(told_room);
                let done = clocks::boot();
                look_at = done + LOOK.max(done.since(now) * LOOK_SHARE);
            }
            match next {
                Next::Again => match self.spares.count() {
                    ..SPARES_MIN => {}
                    SPARES_MIN => thread::park_timeout(PAUSE_BUSY),
                    _ => thread::park_timeout(PAUSE),
                },
                Next::Idle | Next::Full => self.spares.wait_for_work(LOOK),
            }
        }
        Ok(())
    }

    /// Tells every worker whether there is room; false when one could not be told.
    fn tell_room(&mut self, room: bool) -> bool {
        let mut workers = (0..self.workers).map(WorkerId);
        let told = workers.all(|worker| self.mesh.command(worker, Command::Room(room)));
        if told {
            self.notes.tell(Note::Room { there_is: room });
        }
        told
    }

    fn tell_of_the_disk(&mut self, full: bool) {
        let free_bytes = self.disk.free_bytes().unwrap_or_default();
        let needed_bytes = self.keeper.needed_bytes();
        let spares = self.spares.count();
        self.notes.tell(Note::DiskFull { full, free_bytes, needed_bytes, spares });
    }

    fn show(&self, room: bool) {
        let mut keeping = Keeping { room, ..Keeping::default() };
        keeping.spares = u64::try_from(self.spares.count()).unwrap_or(u64::MAX);
        keeping.free_bytes = self.disk.free_bytes().unwrap_or_default();
        for file in self.disk.list().unwrap_or_default() {
            // One that went away meanwhile is none.
            let length = self.disk.open(&file, false).and_then(|file| file.bytes());
            let Ok(bytes) = length else { continue };
            keeping.bytes += bytes;
            match Name::parse(&file) {
                Some(Name::Segment(_)) => keeping.segments += 1,
                Some(Name::Archive(_)) => keeping.archives += 1,
                Some(Name::Spare(_) | Name::Index(_) | Name::Checkpoint(_)) | None => {}
            }
        }
        self.figures.show_keeping(keeping);
    }
}

/// Whether new requests are taken with so many spare segments, when they were taken before or were not.
fn is_enough(spares: usize, was: bool) -> bool {
    spares >= if was { SPARES_MIN } else { SPARES_AGAIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_refused_with_one_spare_and_are_not_taken_again_with_the_next_alone() {
        let mut is = true;
        let told = [3, 2, 1, 2, 1, 2, 3, 2].map(|spares| {
            is = is_enough(spares, is);
            is
        });
        assert_eq!(told, [true, true, false, false, false, false, true, true]);
    }
}
