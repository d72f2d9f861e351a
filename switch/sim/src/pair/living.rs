//! How processes of a world of two sites begin, stand still and end, and what happens to their disks.
//! Must not know what a process decides.

use std::io::ErrorKind;

use journal::disk::simulated::Rot;
use journal::names::Name;

use super::agenda::{At, MS};
use super::happened::Happening;
use super::line::Site;
use super::machine::{Machine, Task};
use super::troubles::End;
use super::world::{Event, Thread, World};

impl World {
    /// A process is gone at once; its service manager starts another one.
    pub(crate) fn kills(&mut self, site: Site, away: u64) {
        let lived = self.ends_life(site, true);
        self.machines[site.0].disk.kill();
        self.machines[site.0].yields = false;
        if lived {
            self.saw(Happening::Kills);
            self.tale.at(self.now, site, || "killed".into());
            self.soon(away, Event::Starts(site));
        }
    }

    /// A machine has no power for a while: what was not synced is left to chance, and nobody is told.
    pub(crate) fn cuts_power(&mut self, site: Site, away: u64) {
        let lived = self.ends_life(site, false);
        self.saw(Happening::PowerCuts);
        self.tale.at(self.now, site, || "without power".into());
        let back = self.now.after(away);
        let machine = &mut self.machines[site.0];
        machine.disk.cut_power();
        machine.dark = true;
        machine.yields = false;
        machine.clock.boots(back, &mut self.dice);
        if lived {
            self.soon(away, Event::Starts(site));
        }
    }

    /// The next things that are done to a disk end in a crash.
    pub(crate) fn crashes_in_the_midst(&mut self, site: Site, away: u64) {
        let machine = &mut self.machines[site.0];
        machine.disk.crash_at(machine.disk.operations() + 1 + self.dice.below(12));
        machine.midst = Some((self.dice.percent(50), away));
    }

    /// The crash that was to come has come, if it has.
    pub(crate) fn sees_the_midst(&mut self, site: Site) {
        let machine = &mut self.machines[site.0];
        if !machine.disk.is_down() {
            return;
        }
        let (power, away) = machine.midst.take().expect("somebody wanted it");
        self.saw(Happening::Midst);
        let done = machine_history(&self.machines[site.0]);
        self.tale.at(self.now, site, || format!("in the midst of: {done}"));
        if power { self.cuts_power(site, away) } else { self.kills(site, away) }
    }

    /// A process ends. Whether there was one.
    pub(crate) fn ends_life(&mut self, site: Site, told: bool) -> bool {
        let lived = self.machines[site.0].process.take().is_some();
        let arrival = self.line.closes(site, told, self.now, &mut self.dice);
        self.carries(site, arrival);
        self.switch_ends(site);
        self.machines[site.0].midst = None;
        lived
    }

    /// A process stands still for a while, and its threads go on one after the other.
    pub(crate) fn pauses(&mut self, site: Site, span: u64) {
        if self.machines[site.0].process.is_none() {
            return;
        }
        self.saw(Happening::Pauses);
        self.tale.at(self.now, site, || format!("stands still for {} ms", span / MS));
        for thread in Thread::ALL {
            let until = span + self.dice.below(3 * MS);
            self.is_busy(site, thread, until);
        }
    }

    /// A thread does.
    pub(crate) fn stalls(&mut self, site: Site, thread: Thread, span: u64) {
        if self.machines[site.0].process.is_some() {
            self.saw(Happening::Stalls);
            self.tale
                .at(self.now, site, || format!("{thread:?} stands still for {} ms", span / MS));
            self.is_busy(site, thread, span);
        }
    }

    /// A thread does nothing else for so long.
    pub(crate) fn is_busy(&mut self, site: Site, thread: Thread, span: u64) {
        let until = self.now.after(span);
        if let Some(process) = &mut self.machines[site.0].process {
            let busy = &mut process.busy[thread as usize];
            *busy = until.max(*busy);
        }
    }

    /// Nothing holds a process any more.
    pub(crate) fn wakes(&mut self, site: Site) {
        let soon = self.now.after(MS);
        if let Some(process) = &mut self.machines[site.0].process {
            process.busy.iter_mut().for_each(|busy: &mut At| *busy = soon.min(*busy));
            let life = process.life;
            for thread in Thread::ALL {
                self.agenda.adds(soon, Event::GoesOn(site, life, thread));
            }
        }
    }

    /// Nothing gets through from a site any more, for a while or for good.
    pub(crate) fn cuts(&mut self, from: Site, span: Option<u64>) {
        self.saw(Happening::Cuts);
        self.tale.at(self.now, from, || "is not heard by the other".into());
        self.line.cuts(from);
        if let Some(span) = span {
            self.soon(span, Event::Ends(End::Cut(from)));
        }
    }

    /// It does again.
    pub(crate) fn heals_line(&mut self, from: Site) {
        if self.line.is_cut(from) {
            self.tale.at(self.now, from, || "is heard again".into());
            for (at, connection, what) in self.line.heals(from, self.now, &mut self.dice) {
                self.carries(from, Some((at, connection, what)));
            }
        }
    }

    /// The connection is lost; either end may notice later than the other.
    pub(crate) fn drops_the_line(&mut self) {
        if self.line.end(Site(0)).is_none() && self.line.end(Site(1)).is_none() {
            return;
        }
        self.saw(Happening::Drops);
        self.tale.says(self.now, || "the connection is lost".into());
        let notices = self.dice.one_of(&[[true, true], [true, false], [false, true]]);
        for site in Site::BOTH {
            let connection = self.line.end(site);
            drop(self.line.closes(site, false, self.now, &mut self.dice));
            let notices = if notices[site.0] { MS } else { self.dice.between(100, 4_000) * MS };
            if let Some(connection) = connection {
                self.tells(site, Thread::Ship, notices, Task::LineDown(connection));
            }
        }
    }

    /// A site does not reach the witness, or does not hear it.
    pub(crate) fn isolates(&mut self, site: Site, (to, from): (bool, bool), span: Option<u64>) {
        if !self.weather.witness {
            return;
        }
        self.saw(Happening::Islands);
        self.tale.at(self.now, site, || match (to, from) {
            (true, true) => "has no witness".into(),
            (true, false) => "is not heard by the witness".into(),
            _ => "does not hear the witness".into(),
        });
        (self.witness.cut_to[site.0], self.witness.cut_from[site.0]) = (to, from);
        if let Some(span) = span {
            self.soon(span, Event::Ends(End::Island(site)));
        }
    }

    /// The witness is away for a while.
    pub(crate) fn witness_leaves(&mut self, span: u64) {
        if self.weather.witness {
            self.saw(Happening::Outages);
            self.tale.says(self.now, || format!("the witness is away for {} ms", span / MS));
            let until = self.now.after(span);
            self.witness.leaves(until);
        }
    }

    /// A sector of a segment or an archive is not what it was.
    pub(crate) fn rots(&mut self, site: Site) {
        use journal::disk::Disk;
        let disk = self.machines[site.0].disk.clone();
        let Ok(names) = disk.list() else { return };
        let is_log =
            |name: &&String| matches!(Name::parse(name), Some(Name::Segment(_) | Name::Archive(_)));
        let names: Vec<&String> = names.iter().filter(is_log).collect();
        if names.is_empty() {
            return;
        }
        let name = names[self.dice.place(names.len())];
        let sectors = disk.content(name).len() / 512;
        let sector =
            |dice: &mut crate::seeds::dice::Dice| u64::try_from(dice.place(sectors) * 512).unwrap();
        let offset = sector(&mut self.dice);
        let rot = match self.dice.below(4) {
            0 => Rot::Flip { bit: u16::try_from(self.dice.below(4_096)).unwrap() },
            1 => Rot::Zeroed,
            2 => Rot::Misdirected { to: sector(&mut self.dice) },
            _ => Rot::Unreadable,
        };
        disk.rot(name, offset, rot);
        self.judge.rots(site);
        self.saw(Happening::Rots);
        self.tale.at(self.now, site, || format!("{name} has rotted at {offset}: {rot:?}"));
    }

    /// The first batch of the newest segment of a log is not what it was.
    pub(crate) fn rots_near_the_end(&mut self, site: Site) {
        use journal::disk::Disk;
        let disk = self.machines[site.0].disk.clone();
        let number = |name: &&String| {
            if let Some(Name::Segment(number)) = Name::parse(name) { Some(number) } else { None }
        };
        let names = disk.list().unwrap();
        let newest = names.iter().filter(|name| number(name).is_some()).max_by_key(number);
        disk.rot(newest.expect("a log"), 4_096, Rot::Zeroed);
        self.judge.rots(site);
    }

    /// The next sync of a disk fails.
    pub(crate) fn disk_fails(&mut self, site: Site) {
        self.machines[site.0].disk.fail_sync(self.dice.below(4), ErrorKind::Other);
        self.tale.at(self.now, site, || "the disk is about to fail".into());
    }

    /// A disk is gone with all that it had; a new one is there when the process starts.
    pub(crate) fn loses_disk(&mut self, site: Site, away: u64) {
        if self.judge.is_marred(site.other()) || self.judge.is_marred(site) {
            // With both of them lost there is nothing to be right about.
            return;
        }
        let lived = self.ends_life(site, false);
        self.saw(Happening::Losses);
        self.tale.at(self.now, site, || "the disk is lost".into());
        self.gets_a_disk(site);
        if lived {
            self.soon(away, Event::Starts(site));
        }
    }

    /// It has a disk on which nothing is.
    pub(crate) fn gets_a_disk(&mut self, site: Site) {
        let seed = self.dice.below(u64::MAX);
        self.machines[site.0].has_new_disk(seed);
        self.machines[site.0].joined = true;
        self.judge.loses(site);
    }
}

fn machine_history(machine: &Machine) -> String {
    machine.disk.history().lines().last().unwrap_or_default().to_owned()
}
