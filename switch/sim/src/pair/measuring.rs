//! Whether a primary in a world of two sites is well, as its main thread measures it: what it has written has to be
//! durable in time. And that one which gave its reign up leaves the other site the first try. Must not know what a
//! node does when it is sick.

use journal::roles::event::Event as Heard;

use super::agenda::{MS, SECOND};
use super::line::Site;
use super::machine::{Log, Task};
use super::world::{Event, Thread, World};

/// Between two looks.
const LOOK: u64 = 250 * MS;
/// `node.sick_after`.
const SICK_AFTER: u64 = 2 * SECOND;
/// So long who gave its reign up leaves the other one the first try, less what clocks may differ by.
const YIELDS: u64 = 9_900 * MS;

impl World {
    /// A look at both sites.
    pub(crate) fn measures(&mut self) {
        self.soon(LOOK, Event::Measures);
        for site in Site::BOTH {
            self.measures_one(site);
        }
    }

    fn measures_one(&mut self, site: Site) {
        let now = self.now;
        let Some(process) = &mut self.machines[site.0].process else { return };
        let Log::Writes(writing) = &process.log else { return };
        // One that stands still as a whole measures nothing, and what it asked counts from when it goes on.
        if process.busy.iter().all(|busy| *busy > now) {
            process.pulse = process.pulse.map(|(position, _)| (position, now));
            return;
        }
        let turns = process.busy[Thread::Journal as usize] <= now;
        let (position, given) = *process.pulse.get_or_insert((writing.end.position, now));
        let is_through = turns && writing.writer.durable() >= position;
        let in_time = now.0 - given.0 < SICK_AFTER;
        let is_sick = if is_through { process.sick && !in_time } else { process.sick || !in_time };
        if is_through {
            process.pulse = None;
        }
        if process.sick != is_sick {
            process.sick = is_sick;
            let word = if is_sick { "is sick" } else { "is well again" };
            self.tale.at(now, site, || word.into());
            self.tells(site, Thread::Ship, MS, Task::Done(Heard::Sick(is_sick)));
        }
    }

    /// Whether the last life of a site that was sick gave its reign up just now.
    pub(crate) fn gave_up_lately(&self, site: Site) -> bool {
        let gave_up = self.machines[site.0].gave_up;
        gave_up.is_some_and(|at| self.now.0 - at.0 < YIELDS)
    }

    /// A site takes up the reign that was its own before.
    pub(crate) fn had_yielded(&mut self, site: Site) {
        let process = self.process(site);
        // An operator may want it at once.
        let by_itself = process.yields && process.wishes == 0;
        let other = self.machines[site.other().0].name;
        let record = self.witness.record.as_ref().and_then(|(_, record)| record.in_sync);
        let may = record.is_some_and(|member| member.name == other);
        assert!(
            !(by_itself && may && self.gave_up_lately(site)),
            "rule 13: site {} was sick, and goes on although the other one has the first try",
            site.0
        );
    }
}
