//! How a process of a world of two sites begins: it reads its control file and its log, and is a
//! standby. And how one ends by itself. Must not know what the node makes of what was read.

use std::sync::Arc;

use journal::disk::simulated::SimulatedPath;
use journal::follower::Follower;
use journal::format::Position;
use journal::mark::Mark;
use journal::roles::control::Control;
use journal::roles::node::Node;
use journal::roles::settings::{LogFacts, Settings, Start, Times};
use journal::roles::view::Safety;
use journal::roles::witness::Incarnation;
use journal::segments::{Keeper, Spares};
use journal::ship::message::{Digests, EPOCHS_MAX, Mode as Syncs, WhenLost};
use journal::{control, raw, repair};

use super::agenda::{MS, SECOND};
use super::happened::Happening;
use super::line::Site;
use super::machine::{Following, Log, Process, Task};
use super::weather::Mode;
use super::world::{Event, Thread, World};
use super::writing::SPARES;

/// Bytes of a segment: enough for a burst of long records.
pub(crate) const SEGMENT: u64 = 32 * 4_096;

/// What a start reads.
struct Read {
    control: Control,
    facts: LogFacts,
    log: Following,
}

impl World {
    /// A process is started, and reads what is there.
    pub(crate) fn starts(&mut self, site: Site) {
        let machine = &mut self.machines[site.0];
        if machine.process.is_some() || machine.halted {
            return;
        }
        machine.lives += 1;
        machine.dark = false;
        machine.clock.is_up(self.now);
        machine.disk.fail_nothing();
        self.tale.at(self.now, site, || "starts".into());
        // What is read, and how long that takes.
        let span = self.dice.between(20, 300) * MS;
        let Some(Read { control, facts, log }) = self.reads(site) else { return };
        self.tale.at(self.now, site, || format!("has {:?}", facts.end));
        let settings = self.settings(site);
        let machine = &mut self.machines[site.0];
        let incarnation = Incarnation(machine.lives);
        let yields = std::mem::take(&mut machine.yields);
        let start = Start { incarnation, cluster_if_new: *b"tokyo and osaka!", yields };
        let now = machine.clock.boot(self.now);
        machine.is_empty = facts.cluster.is_none();
        machine.process = Some(Process {
            life: machine.lives,
            incarnation,
            busy: [self.now.after(span); 5],
            waiting: Default::default(),
            node: Node::new(settings, control, facts, start, now),
            armed: None,
            connection: None,
            alive: false,
            asks: None,
            knows: self.now,
            wishes: 0,
            safety: Safety::NoPrimary,
            asked: false,
            log: Log::Follows(Box::new(log)),
            keeping: Box::default(),
            snapshots: Box::default(),
            reign: None,
            open: false,
            admits: false,
            left: Position(0),
            yields,
            pulse: None,
            sick: false,
        });
        self.tells(site, Thread::Ship, span, Task::Tick);
        self.tells(site, Thread::Witness, span, Task::Keep);
        self.tells(site, Thread::Journal, span, Task::Fold);
    }

    fn settings(&self, site: Site) -> Settings {
        Settings {
            name: self.machines[site.0].name,
            peer: self.machines[site.other().0].name,
            mode: match self.weather.mode {
                Mode::Durable => Syncs::Durable,
                Mode::Memory => Syncs::Memory,
                Mode::Async => Syncs::Async,
            },
            when_lost: if self.weather.stops { WhenLost::Stop } else { WhenLost::Solo },
            witness: self.weather.witness,
            segment_bytes: SEGMENT,
            catch_up: None,
            digests: Digests::default(),
            build: "sim".to_owned(),
            times: Times::DESIGN,
        }
    }

    /// Nothing where the disk did not do what it was asked: what follows from that has happened then.
    fn reads(&mut self, site: Site) -> Option<Read> {
        let disk = self.machines[site.0].disk.clone();
        let keys = Arc::clone(&self.keys);
        let Ok(control) = control::mend(&disk) else { return self.not_read(site) };
        let name = self.machines[site.0].name;
        let known = control.is_some();
        let mut control = control.unwrap_or(Control::first(name));
        if known && !self.settles_log(site, &mut control) {
            return self.not_read(site);
        }
        let (recovered, repair) = match repair::recover(&disk, &keys) {
            Ok(recovered) => recovered,
            Err(why) => {
                self.tale.at(self.now, site, || format!("{why}"));
                return self.not_read(site);
            }
        };
        self.judge.recovers(site, &recovered.end);
        self.has_state(site);
        let Ok(epochs) = raw::epochs(&disk, EPOCHS_MAX) else { return self.not_read(site) };
        let facts = LogFacts {
            cluster: recovered.cluster,
            end: recovered.end,
            epochs,
            released: recovered.marked,
            damaged: repair.as_ref().map(|repair| repair.until),
            lacks: recovered.lacks,
        };
        let mending = repair.is_some();
        let spares = Arc::new(Spares::new(SEGMENT));
        let keeper = Keeper::begin(disk.clone(), Arc::clone(&spares), SPARES, 0);
        let Ok(mut keeper) = keeper else { return self.not_read(site) };
        while spares.count() < SPARES {
            if keeper.step().is_err() {
                return self.not_read(site);
            }
        }
        let path = SimulatedPath::new(&disk, self.machines[site.0].path);
        let follower =
            Follower::begin(disk, path, keys, Arc::clone(&spares), &recovered, None, repair);
        let Ok(follower) = follower else { return self.not_read(site) };
        let log = Following { follower, spares, keeper, syncing: false, mending };
        Some(Read { control, facts, log })
    }

    pub(crate) fn is_cut(&mut self, site: Site, mark: &Mark) {
        let before = self.judge.books[site.0].entries.len();
        self.judge.cuts(site, mark);
        let cut = before - self.judge.books[site.0].entries.len();
        self.saw(Happening::Cut);
        self.sums.happened.add(Happening::CutBatches, u64::try_from(cut).unwrap());
    }

    /// A start that could not read what it needs.
    fn not_read(&mut self, site: Site) -> Option<Read> {
        if self.machines[site.0].disk.is_down() {
            self.sees_the_midst(site);
            // There was no process yet that would be started again.
            self.soon(SECOND, Event::Starts(site));
        } else {
            self.tale.at(self.now, site, || "can not read what is there".into());
            self.halts(site);
        }
        None
    }

    /// How long a sync of this disk takes now.
    pub(crate) fn sync_of(&mut self, site: Site) -> u64 {
        let (least, most) = self.machines[site.0].sync;
        self.dice.between(least, most + 1)
    }

    /// The control file is written. Whether it was.
    pub(crate) fn persists(&mut self, site: Site, control: &Control) -> bool {
        let disk = self.machines[site.0].disk.clone();
        if control::write(&disk, control).is_err() {
            self.disk_failed(site);
            return false;
        }
        self.judge.promises(site, control.promised);
        true
    }

    /// The disk did not do what it was asked: the process ends, unless there was a crash.
    pub(crate) fn disk_failed(&mut self, site: Site) {
        if self.machines[site.0].disk.is_down() {
            return self.sees_the_midst(site);
        }
        self.saw(Happening::DiskFailures);
        self.tale.at(self.now, site, || "the disk has failed".into());
        self.ends_life(site, true);
        self.machines[site.0].disk.kill();
        // Somebody looks at it before it is started again.
        let away = self.dice.between(2, 10) * SECOND;
        self.soon(away, Event::Starts(site));
    }

    /// The process begins again by itself, in an instant.
    pub(crate) fn begins_again(&mut self, site: Site) {
        self.ends_life(site, true);
        self.machines[site.0].disk.kill();
        self.soon(10 * MS, Event::Starts(site));
    }

    /// The process must not go on.
    pub(crate) fn halts(&mut self, site: Site) {
        self.saw(Happening::Halts);
        self.ends_life(site, true);
        self.machines[site.0].disk.kill();
        self.machines[site.0].halted = true;
    }
}
