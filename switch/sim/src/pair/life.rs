//! How a world of two sites goes from its beginning to its end, and what is looked at after every
//! event. Must not know what goes wrong in it.

use journal::roles::view::{Part, Safety};

use super::agenda::{At, MS, SECOND};
use super::happened::Happening;
use super::line::Site;
use super::machine::Task;
use super::weather::Mode;
use super::world::{Event, Thread, World};
use crate::world::elsewhere::Made;

/// The pair is set up in peace for so long.
const PEACE: u64 = 4 * SECOND;
/// All is well again so long after the last trouble: I13.
const HEALED_WITHIN: u64 = 10 * SECOND;
/// The same where an operator has to put things right.
const MENDED_WITHIN: u64 = 40 * SECOND;
/// The same where a site was sick and leaves the other one the first try, which may be gone by then.
const YIELDED_WITHIN: u64 = 20 * SECOND;
/// How long it goes on when all is well.
const AFTERWARDS: u64 = 3 * SECOND;

impl World {
    /// Everything that happens.
    pub(crate) fn lives(&mut self) {
        self.is_seen();
        self.soon(300 * MS, Event::Operates);
        self.soon(SECOND, Event::Works);
        self.soon(SECOND, Event::Measures);
        self.soon(PEACE, Event::Trouble);
        self.goes_on_until(self.heals_at);
        self.heals();
        let until = self.now.after(AFTERWARDS);
        self.goes_on_until(until);
        self.settles();
        self.sums.lived_ms = self.now.0 / MS;
        let (lost, stray) = (self.judge.lost, self.judge.stray);
        self.sums.happened.add(Happening::Lost, lost);
        self.sums.happened.add(Happening::Stray, stray);
        self.sums.happened.add(Happening::Reigns, u64::try_from(self.judge.count()).unwrap());
    }

    /// What a world is like counts as having happened there.
    fn is_seen(&mut self) {
        self.saw(match self.weather.mode {
            Mode::Durable => Happening::Durable,
            Mode::Memory => Happening::Memory,
            Mode::Async => Happening::Async,
        });
        self.saw(if self.weather.witness { Happening::Witness } else { Happening::NoWitness });
        if self.weather.stops {
            self.saw(Happening::Stops);
        }
    }

    /// All troubles end; within ten seconds one site reigns, both have everything, and new records are
    /// released.
    fn heals(&mut self) {
        self.tale.says(self.now, || "all troubles are over".into());
        self.all_ends();
        self.asked = 0;
        for site in Site::BOTH {
            if self.machines[site.0].process.is_none() {
                self.soon(MS, Event::Starts(site));
            }
        }
        let weather = &self.weather;
        let needs_hands = !weather.witness
            || weather.mode == Mode::Async
            || weather.forces + weather.wishes + weather.losses + weather.rots + weather.fails > 0;
        let mut within = if needs_hands { MENDED_WITHIN } else { HEALED_WITHIN };
        if Site::BOTH.into_iter().any(|site| self.gave_up_lately(site)) {
            within = within.max(YIELDED_WITHIN);
        }
        let (healed, news) = (self.now, self.judge.news);
        let flows = |world: &Self| world.front.is_some() || world.judge.news > news;
        while !(self.is_well() && flows(self) && self.is_looked_through(healed)) {
            if self.has_parted().is_some() {
                within = MENDED_WITHIN;
            }
            let late = self.now.0 - healed.0 > within;
            assert!(!late, "I13: {} s after the last trouble: {}", within / SECOND, self.shows());
            let until = self.now.after(100 * MS);
            self.goes_on_until(until);
        }
    }

    /// Whether one site reigns and the other has everything.
    pub(crate) fn is_well(&self) -> bool {
        let views =
            Site::BOTH.map(|site| Some(self.machines[site.0].process.as_ref()?.node.view()));
        let [Some(first), Some(second)] = views else { return false };
        let (primary, standby) = match (first.part, second.part) {
            (Part::Primary, Part::Standby) => (Site(0), first),
            (Part::Standby, Part::Primary) => (Site(1), second),
            _ => return false,
        };
        let process = self.machines[primary.0].process.as_ref();
        let is_open = process.is_some_and(|process| process.open);
        let has_all = self.judge.books[primary.other().0].has(&self.judge.released);
        is_open
            && match self.weather.mode {
                Mode::Durable | Mode::Memory => standby.safety == Safety::Sync,
                Mode::Async => {
                    has_all
                        || self.judge.books[primary.other().0].entries.len() + 8
                            > self.judge.released.len()
                }
            }
    }

    /// Whether nothing that is sealed has rotted, where anything might have.
    fn is_looked_through(&self, since: At) -> bool {
        let has_looked = |site: Site| {
            let process = self.machines[site.0].process.as_ref();
            process.is_some_and(|process| process.has_looked_since(since))
        };
        self.weather.rots == 0 || Site::BOTH.into_iter().all(has_looked)
    }

    fn shows(&self) -> String {
        let show = |site: Site| match &self.machines[site.0].process {
            None => "no process".to_owned(),
            Some(process) => {
                let view = process.node.view();
                let objects = [view.peer.objects, view.peer.objected].into_iter().flatten();
                let objects: Vec<_> = objects.collect();
                format!(
                    "{:?} {:?} waits for {:?} in reign {} {objects:?}",
                    view.part, view.safety, view.waiting, view.reign.0
                )
            }
        };
        format!("{} / {}", show(Site(0)), show(Site(1)))
    }

    /// Records come about at whoever is open.
    pub(crate) fn works(&mut self) {
        if self.front.is_some() {
            self.soon(5 * MS, Event::Works);
            return self.switches();
        }
        let pace = self.weather.pace;
        let next = self.dice.between(pace / 2, pace * 3 / 2);
        self.soon(next, Event::Works);
        let count = self.dice.between(1, self.weather.burst + 1);
        for site in Site::BOTH {
            let Some(process) = &self.machines[site.0].process else { continue };
            if !process.open || !process.admits || process.busy[Thread::Workers as usize] > self.now
            {
                continue;
            }
            let records = (0..count).map(|_| Made { place: None, bytes: self.record() }).collect();
            self.tells(site, Thread::Journal, MS / 50, Task::Append(records));
        }
    }

    fn record(&mut self) -> Vec<u8> {
        self.serial += 1;
        let mut record = self.serial.to_le_bytes().to_vec();
        let length = self.dice.between(8, self.weather.longest + 1);
        record.resize(usize::try_from(length).unwrap(), 0xE7);
        record
    }

    /// What has to be true after every event.
    pub(crate) fn looks(&mut self) {
        self.judge.looks();
        if let Some((_, record)) = self.witness.record {
            let primary =
                if record.primary.name == self.machines[0].name { Site(0) } else { Site(1) };
            let other = primary.other();
            let mut in_sync = [false; 2];
            let durably = record.in_sync.is_some_and(|member| member.incarnation.0 == 0);
            if let Some(member) = record.in_sync {
                let process = self.machines[other.0].process.as_ref();
                let same = process.is_some_and(|process| process.incarnation == member.incarnation);
                in_sync[other.0] = durably || same;
            }
            self.judge.witness(record.epoch, primary, in_sync, durably);
        }
    }

    /// The workers have something to do.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are for other threads")]
    pub(crate) fn workers(&mut self, site: Site, task: Task) {
        match task {
            Task::Committed(up_to, at) => self.leaves(site, up_to, at),
            other => unreachable!("not for this thread: {other:?}"),
        }
    }
}
