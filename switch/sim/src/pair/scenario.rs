//! Worlds of two sites in which little happens, and that at the right moment: who is cut off, stands
//! still or dies when, as a short script. For rules that chance tries too rarely. Must not know what a
//! node decides.

use super::agenda::{At, MS, SECOND};
use super::line::Site;
use super::troubles::End;
use super::weather::{Mode, Weather};
use super::world::{Event, Thread, World};
use super::{Sums, tells};
use crate::seeds::dice::Dice;

/// Steps begin when the pair has been set up.
const BEGIN: u64 = 4 * SECOND;

/// Something that a script lets happen. Sites are 0, which reigns first, and 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Nothing gets through between the sites, both ways; from one of them.
    Part,
    Cut(usize),
    /// All of it gets through again.
    Joins,
    /// A process dies, or its machine has no power, for so many milliseconds.
    Kill(usize, u64),
    Power(usize, u64),
    /// A thread of a process stands still for so many milliseconds.
    Stall(usize, Thread, u64),
    /// A site does not reach the witness; it does again.
    Mute(usize),
    Reaches(usize),
    /// Questions to the witness and answers take so many milliseconds.
    SlowWitness(u64),
    /// What a site sends does; a sync of a site; to read what the other one lacks.
    Slow(usize, u64),
    SlowDisk(usize, u64),
    SlowReads(u64),
    /// Something near the end of a site's log has rotted.
    Rot(usize),
    /// An operator wants the other site to take over; wants this one, and says what is true; wants it
    /// whatever is lost.
    SwitchOver(usize),
    Promote(usize),
    Force(usize),
}

/// A script, in a world of this kind.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// In a few words.
    pub text: &'static str,
    pub(crate) mode: Mode,
    pub(crate) witness: bool,
    /// Whether a primary without its standby stops.
    pub(crate) stops: bool,
    /// Milliseconds between two records.
    pub(crate) pace: u64,
    /// What happens when, in milliseconds since the pair was set up.
    pub(crate) steps: &'static [(u64, Step)],
}

/// Then everything heals so long after the last of them.
const AFTERWARDS: u64 = 5 * SECOND;

/// Plays a script with the dice of a seed, which say how long things take and what a crash leaves, and lets
/// everything heal. `told`: with everything that happened.
///
/// # Errors
/// What was not as it must be.
pub fn play(scenario: &Scenario, seed: u64, told: bool) -> Result<(Sums, String), String> {
    let mut weather = Weather::calm(scenario.mode, scenario.witness);
    weather.pace = scenario.pace * MS;
    weather.stops = scenario.stops;
    let mut world = World::new(seed, weather, Dice::new(seed), told);
    for &(at, step) in scenario.steps {
        world.soon(BEGIN - world.now.0 + at * MS, Event::Plays(step));
    }
    let last = scenario.steps.last().map_or(0, |&(at, _)| at * MS);
    world.heals_at = At(BEGIN + last + AFTERWARDS);
    tells(&mut world, &format!("with the dice of {seed}, "))
}

impl World {
    /// A step of a script.
    pub(crate) fn plays(&mut self, step: Step) {
        self.tale.says(self.now, || format!("{step:?}"));
        match step {
            Step::Part => Site::BOTH.into_iter().for_each(|site| self.cuts(site, None)),
            Step::Cut(site) => self.cuts(Site(site), None),
            Step::Joins => Site::BOTH.into_iter().for_each(|site| self.heals_line(site)),
            Step::Kill(site, away) => self.kills(Site(site), away * MS),
            Step::Power(site, away) => self.cuts_power(Site(site), away * MS),
            Step::Stall(site, thread, span) => self.stalls(Site(site), thread, span * MS),
            Step::Mute(site) => self.isolates(Site(site), (true, false), None),
            Step::Reaches(site) => self.ends(End::Island(Site(site))),
            Step::SlowWitness(ms) => self.witness.delay = (ms * MS, ms * MS),
            Step::Slow(site, ms) => self.line.set_delay(Site(site), (ms * MS, ms * MS)),
            Step::SlowDisk(site, ms) => self.machines[site].sync = (ms * MS, ms * MS),
            Step::SlowReads(ms) => self.reads = (ms * MS, ms * MS),
            Step::Rot(site) => self.rots_near_the_end(Site(site)),
            Step::SwitchOver(site) => {
                self.wishes(Site(site), journal::roles::wish::Wish::SwitchOver);
            }
            Step::Promote(site) => self.promotes(Site(site)),
            Step::Force(site) => self.forces(Site(site)),
        }
    }
}
