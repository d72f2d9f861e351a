//! What goes wrong in a world of two sites: when, where and for how long. Must not know what a node
//! does about it.

use super::agenda::{MS, SECOND};
use super::happened::Happening;
use super::line::Site;
use super::world::{Event, Thread, World};

/// Milliseconds that a disk takes at most when it hangs: three times as long as a node is well meanwhile.
const HANGS: u64 = 6_000;

/// Something that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A direction of the line is whole again.
    Cut(Site),
    /// It is as fast as before.
    SlowLine(Site),
    /// A site reaches the witness, or hears it again.
    Island(Site),
    /// The witness is as fast as before.
    SlowWitness,
    /// A disk is.
    SlowDisk(Site),
}

impl World {
    /// A second's troubles.
    pub(crate) fn trouble(&mut self) {
        if self.healing {
            return;
        }
        self.soon(SECOND, Event::Trouble);
        for site in Site::BOTH {
            self.trouble_of(site);
            self.trouble_of_the_way(site);
        }
        self.trouble_of_both();
    }

    fn happens(&mut self, chance: u64) -> bool {
        chance > 0 && self.dice.percent(chance)
    }

    fn trouble_of(&mut self, site: Site) {
        let weather = self.weather.clone();
        if self.happens(weather.kills) {
            let away = self.away();
            self.kills(site, away);
        }
        if self.happens(weather.power) {
            let away = self.away();
            self.cuts_power(site, away);
        }
        if self.happens(weather.pauses) {
            let span = self.span();
            self.pauses(site, span);
        }
        if self.happens(weather.stalls) {
            let thread = self.dice.one_of(&Thread::ALL);
            let span = self.dice.between(1, 1_500) * MS;
            self.stalls(site, thread, span);
        }
        if self.happens(weather.midst) {
            let away = self.away();
            self.crashes_in_the_midst(site, away);
        }
        if self.happens(weather.slow_disk) {
            self.saw(Happening::SlowDisks);
            let slowest = self.dice.one_of(&[50, 200, 800, HANGS]) * MS;
            if slowest == HANGS * MS {
                self.saw(Happening::Hangs);
            }
            self.machines[site.0].sync = (slowest / 4, slowest);
            let span = self.span();
            self.soon(span, Event::Ends(End::SlowDisk(site)));
        }
        if self.happens(weather.sets) {
            self.saw(Happening::Sets);
            self.machines[site.0].clock.is_set(&mut self.dice);
        }
        if site.0 == weather.rotten && self.happens(weather.rots) {
            self.rots(site);
        }
        if self.happens(weather.fails) {
            self.disk_fails(site);
        }
        if self.happens(weather.losses) {
            let away = self.away();
            self.loses_disk(site, away);
        }
    }

    fn trouble_of_the_way(&mut self, site: Site) {
        let weather = self.weather.clone();
        if self.happens(weather.cuts) {
            let span = self.span();
            self.cuts(site, Some(span));
        }
        if self.happens(weather.slow_line) {
            self.saw(Happening::SlowLines);
            let slowest = self.dice.one_of(&[100, 700, 4_000]) * MS;
            self.line.set_delay(site, (slowest / 4, slowest));
            let span = self.span();
            self.soon(span, Event::Ends(End::SlowLine(site)));
        }
        if self.happens(weather.islands) {
            let ways = self.dice.one_of(&[(true, true), (true, false), (false, true)]);
            let span = 2 * self.span();
            self.isolates(site, ways, Some(span));
        }
    }

    fn trouble_of_both(&mut self) {
        let weather = self.weather.clone();
        if self.happens(weather.blackouts) {
            self.saw(Happening::Blackouts);
            for site in Site::BOTH {
                let away = self.away();
                self.cuts_power(site, away);
            }
        }
        if self.happens(weather.parts) {
            self.saw(Happening::Parts);
            let span = self.span();
            for site in Site::BOTH {
                self.cuts(site, Some(span));
            }
        }
        if self.happens(weather.drops) {
            self.drops_the_line();
        }
        if self.happens(weather.outages) {
            let span = 2 * self.span();
            self.witness_leaves(span);
        }
        if self.happens(weather.slow_witness) && self.weather.witness {
            self.saw(Happening::SlowWitness);
            let slowest = self.dice.one_of(&[300, 1_500, 5_000]) * MS;
            self.witness.delay = (slowest / 8, slowest);
            let span = self.span();
            self.soon(span, Event::Ends(End::SlowWitness));
        }
        self.operators(&weather);
    }

    /// Something ends.
    pub(crate) fn ends(&mut self, end: End) {
        match end {
            End::Cut(site) => self.heals_line(site),
            End::SlowLine(site) => self.line.set_delay(site, self.weather.delay),
            End::Island(site) => {
                (self.witness.cut_to[site.0], self.witness.cut_from[site.0]) = (false, false);
            }
            End::SlowWitness => self.witness.delay = (MS / 2, 5 * MS),
            End::SlowDisk(site) => self.machines[site.0].sync = self.weather.sync,
        }
    }

    /// All that goes wrong ends now.
    pub(crate) fn all_ends(&mut self) {
        self.healing = true;
        self.witness.lost = 0;
        self.reads = (MS / 10, 3 * MS);
        self.witness.away_until = self.witness.away_until.min(self.now);
        self.ends(End::SlowWitness);
        for site in Site::BOTH {
            let ends =
                [End::Cut(site), End::SlowLine(site), End::Island(site), End::SlowDisk(site)];
            for end in ends {
                self.ends(end);
            }
            self.wakes(site);
            // A crash or a failure that has not come yet is one of the troubles.
            self.sees_the_midst(site);
            self.machines[site.0].midst = None;
            self.machines[site.0].disk.crash_not();
            self.machines[site.0].disk.fail_nothing();
        }
    }

    /// How long something is away.
    fn away(&mut self) -> u64 {
        let most = self.dice.one_of(&[300, 3_000, 12_000]);
        self.dice.between(100, most) * MS
    }

    /// How long something lasts.
    fn span(&mut self) -> u64 {
        let most = self.dice.one_of(&[300, 2_000, 8_000]);
        self.dice.between(50, most) * MS
    }
}
