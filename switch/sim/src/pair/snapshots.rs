//! Checkpoints in a world of two sites: a node makes one of what it packed, and lets go of archives that an
//! older one has; a standby whose log does not reach back that far takes the newest one of the other site in the
//! place of its own. Must not know what a state says: here it says how far it goes.

use std::sync::Arc;

use journal::checkpoint::{self, About};
use journal::disk::Disk;
use journal::disk::simulated::SimulatedDisk;
use journal::format::Position;
use journal::mark::Mark;
use journal::roles::control::{Control, Joining};
use journal::roles::event::{Event as Heard, Storing};
use journal::ship::sender::{Fed, Need};
use journal::snapshot::{self, Newest, Problem, Receiving, Sending};
use journal::{archive, control, cut, raw};

use super::agenda::{At, SECOND};
use super::happened::Happening;
use super::line::Site;
use super::world::World;

/// Between two checkpoints.
const KEEPS: u64 = 4 * SECOND;
/// Bytes of a state: one piece, or two.
const LENGTHS: [usize; 2] = [1_000, 1_300_000];

/// What a process has of checkpoints.
#[derive(Default)]
pub(crate) struct Snapshots {
    kept: At,
    /// What is sent, and what is taken.
    sending: Option<(Newest, Sending<<SimulatedDisk as Disk>::File>)>,
    receiving: Option<Receiving<SimulatedDisk>>,
}

impl std::fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Snapshots({:?})", self.kept)
    }
}

impl World {
    /// A checkpoint of all that is packed, from time to time, and archives that the older one has go.
    pub(crate) fn keeps_state(&mut self, site: Site) {
        let (now, disk) = (self.now, self.machines[site.0].disk.clone());
        if now.0 - self.process(site).snapshots.kept.0 < KEEPS {
            return;
        }
        self.process(site).snapshots.kept = now;
        let utc = self.machines[site.0].clock.utc(now);
        let length = LENGTHS[usize::from(self.dice.percent(15))];
        let keys = Arc::clone(&self.keys);
        let kept = move || {
            let archives = archive::list(&disk)?;
            let Some(last) = archives.iter().rev().find_map(|listed| listed.header.ok()) else {
                return Ok((0, 0));
            };
            let position = Position(last.end.position.0 - 1);
            let before = checkpoint::positions(&disk)?;
            let mut made = 0;
            if before.last().is_none_or(|newest| *newest < position) {
                let (cluster, epoch) = (last.segment.cluster, last.segment.epoch);
                let about = About { cluster, epoch, position, created_ns: utc };
                checkpoint::write(&disk, &keys, &about, &state(position, length))?;
                made = 1;
            }
            let all = checkpoint::positions(&disk)?;
            let older = if all.len() > 1 { all[0] } else { Position(0) };
            Ok((made, archive::retire(&disk, utc, 0, older)?.len()))
        };
        let kept: Result<(u64, usize), journal::disk::Failed> = kept();
        match kept {
            Ok((made, gone)) => {
                self.sums.happened.add(Happening::Checkpoints, made);
                self.sums.happened.add(Happening::LetGo, u64::try_from(gone).unwrap());
            }
            // What has rotted is had again, and then there is another time.
            Err(_) if self.judge.is_marred(site) && !self.machines[site.0].disk.is_down() => {}
            Err(_) => self.disk_failed(site),
        }
    }

    /// What the other one lacks is not in the log any more.
    pub(crate) fn is_gone(&mut self, site: Site) -> Option<Fed> {
        let disk = self.machines[site.0].disk.clone();
        let newest = snapshot::newest(&disk).and_then(|newest| {
            let Some(newest) = newest else { return Ok(None) };
            Ok(Some((newest, Sending::open(&disk, newest.position)?)))
        });
        let Ok(newest) = newest else {
            if self.judge.is_marred(site) && !disk.is_down() {
                return Some(Fed::Log { items: Vec::new() });
            }
            self.disk_failed(site);
            return None;
        };
        let first = newest.as_ref().map_or(Mark::ZERO, |(newest, _)| newest.base);
        self.process(site).snapshots.sending = newest;
        Some(Fed::Gone { first })
    }

    /// A piece of the newest checkpoint.
    pub(crate) fn reads_piece(&mut self, site: Site, need: Need) -> Option<Fed> {
        let Need::Snapshot { offset, bytes } = need else { return None };
        let Some((newest, sending)) = &self.process(site).snapshots.sending else {
            return Some(Fed::NoSnapshot);
        };
        let (about, total) = (newest.position, newest.total);
        match sending.piece(offset, bytes) {
            Ok(bytes) => Some(Fed::Snapshot { about, total, offset, bytes }),
            Err(_) => Some(Fed::NoSnapshot),
        }
    }

    /// A piece of the other one's checkpoint is taken; behind the last one the process begins anew.
    pub(crate) fn stores(&mut self, site: Site, storing: Storing) {
        if self.following(site).is_none() {
            return;
        }
        match self.stored(site, storing) {
            Ok(false) => {}
            Ok(true) => {
                self.saw(Happening::Restored);
                self.begins_again(site);
            }
            Err(_) if self.machines[site.0].disk.is_down() => self.sees_the_midst(site),
            Err(why) => {
                self.tale.at(self.now, site, || format!("{why}"));
                self.process(site).snapshots.receiving = None;
                self.is_done(site, Heard::Misfit);
            }
        }
    }

    /// Whether that was the last piece.
    fn stored(&mut self, site: Site, storing: Storing) -> Result<bool, Problem> {
        let (disk, keys) = (self.machines[site.0].disk.clone(), Arc::clone(&self.keys));
        let Storing { cluster, base, piece } = storing;
        if piece.offset == 0 {
            self.process(site).snapshots.receiving = None;
            let begun = Receiving::begin(&disk, cluster, base, piece.about, piece.total)?;
            self.process(site).snapshots.receiving = Some(begun);
            self.judge.is_offered(site, &base);
        }
        let receiving = &mut self.process(site).snapshots.receiving;
        let Some(mut taken) = receiving.take() else { return Ok(false) };
        taken.piece(piece.offset, &piece.bytes)?;
        if taken.at() < piece.total {
            self.process(site).snapshots.receiving = Some(taken);
            return Ok(false);
        }
        let mut begins = true;
        let mut look = |chunk: &[u8]| {
            let is_right = !std::mem::replace(&mut begins, false)
                || chunk.starts_with(&piece.about.0.to_le_bytes());
            assert!(is_right, "the state of {} is another one", piece.about.0);
            Ok(())
        };
        taken.finish(&keys, &mut look)?;
        Ok(true)
    }

    /// A start puts a checkpoint that is whole in the log's place, and finishes a cut. Whether all is well.
    pub(crate) fn settles_log(&mut self, site: Site, control: &mut Control) -> bool {
        self.settled(site, control).is_some()
    }

    fn settled(&mut self, site: Site, control: &mut Control) -> Option<()> {
        let (disk, keys) = (self.machines[site.0].disk.clone(), Arc::clone(&self.keys));
        if snapshot::is_whole(&disk).ok()? {
            // What is done from here on may end in a crash, and is gone on with by the next start.
            self.machines[site.0].settles = true;
            control.joining = control.joining.max(Joining::New);
            control::write(&disk, control).ok()?;
        }
        snapshot::settle(&disk).ok()?;
        if std::mem::take(&mut self.machines[site.0].settles) {
            self.tale.at(self.now, site, || "a checkpoint takes the place of its log".into());
            self.judge.is_restored(site);
        }
        let Some(mark) = control.cut else { return Some(()) };
        match cut::begin(&disk, &mark) {
            Err(cut::Problem::NoState) => {
                control.joining = Joining::Replacing;
                control::write(&disk, control).ok()?;
                self.machines[site.0].aside = true;
                snapshot::set_aside(&disk).ok()?;
            }
            Err(cut::Problem::NotInTheLog(_))
                if control.joining == Joining::Replacing
                    && raw::first_available(&disk).ok()?.is_none() => {}
            Ok(()) | Err(_) => {
                if let Err(why) = cut::finish(&disk, &keys, &mark) {
                    self.tale.at(self.now, site, || format!("is not cut behind {mark:?}: {why:?}"));
                    return None;
                }
                self.tale.at(self.now, site, || format!("is cut behind {mark:?}"));
                self.is_cut(site, &mark);
            }
        }
        if std::mem::take(&mut self.machines[site.0].aside) {
            self.tale.at(self.now, site, || "its log is set aside".into());
            self.saw(Happening::SetAside);
            self.machines[site.0].joined = true;
            self.judge.is_set_aside(site);
        }
        control.cut = None;
        control::write(&disk, control).ok()
    }

    /// Where a log does not begin with the first record, there is a state to go on from.
    pub(crate) fn has_state(&mut self, site: Site) {
        let disk = self.machines[site.0].disk.clone();
        let Ok(Some(first)) = raw::first_available(&disk) else { return };
        if first.batch.0 == 0 || self.judge.is_marred(site) {
            return;
        }
        let positions = checkpoint::positions(&disk).unwrap_or_default();
        assert!(
            positions.iter().any(|position| *position >= first.position),
            "the log of site {} begins behind record {}, and there is no state: {positions:?}",
            site.0,
            first.position.0
        );
    }
}

/// A state that goes up to a record.
fn state(position: Position, length: usize) -> Vec<u8> {
    let mut state = position.0.to_le_bytes().to_vec();
    state.resize(length, 0x5A);
    state
}
