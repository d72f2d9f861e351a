//! The same world of chance around a switch at two sites: its records are committed by others, and it
//! goes on wherever they let it. Must not know who they are.

use std::sync::Arc;

use switch_core::time::Time;

use super::Outside;
use crate::seeds::agenda::{Event, ms};
use crate::seeds::deadlines::Deadlines;
use crate::seeds::dice::Dice;
use crate::seeds::happened::Happening;
use crate::seeds::stage::{GATE_BYTES, WORKERS_MAX};
use crate::seeds::weather::Weather;
use crate::world::elsewhere::Made;

impl Outside {
    /// A world whose switch waits to be begun somewhere; with the records of its first start.
    pub(crate) fn elsewhere(seed: u64, told: bool) -> (Self, Vec<Vec<u8>>) {
        let mut dice = Dice::new(seed);
        let mut weather = Weather::of(&mut dice);
        // What becomes of the switch and of its records is decided elsewhere.
        (weather.crashes, weather.holds, weather.reloads) = (0, 0, 0);
        // They go on for as long as things go wrong.
        weather.pace_ms = weather.pace_ms.max(200);
        weather.cases = 45_000 / weather.pace_ms;
        let mut outside = Self::with(dice, weather, true, told);
        let first = outside.world.waits_for_a_site();
        outside.soon(ms(100), Event::Begins);
        outside.soon(ms(1_000), Event::Trouble);
        outside.looks();
        (outside, first)
    }

    /// The time in there.
    pub(crate) fn now(&self) -> Time {
        self.world.now()
    }

    /// Everything that happens up to a time.
    pub(crate) fn passes_to(&mut self, until: Time) {
        self.goes_on_until(until);
    }

    /// The records that came about since the last look.
    pub(crate) fn takes_records(&mut self) -> Vec<Made> {
        self.world.takes_records()
    }

    /// What happened since the last look.
    pub(crate) fn takes_story(&mut self) -> String {
        self.world.takes_story()
    }

    /// These are committed.
    pub(crate) fn has_committed(&mut self, made: &[Made], framed: Time) {
        self.before = self.register.count;
        self.waited = true;
        if self.world.is_still() {
            self.still.commits(self.before);
        }
        self.world.has_committed(made, framed);
        self.looks();
    }

    /// The switch stands still, or goes on.
    pub(crate) fn stands_still(&mut self, still: bool) {
        self.still.is_told(self.world.is_still(), still, self.world.now());
        if !still && let Some(before) = self.still.lets_go() {
            (self.before, self.waited) = (before, true);
        }
        self.world.stands_still(still);
        self.looks();
    }

    /// The switch is gone.
    pub(crate) fn loses_the_switch(&mut self) {
        self.saw(Happening::Crashes);
        self.life += 1;
        self.counts();
        self.still.lets_go();
        self.looks_on();
        if self.register.undecided() > 0 {
            self.saw(Happening::CrashedOpen);
        }
        self.world.dies();
        self.looks_on();
    }

    /// It begins where the log has these records; gives what that start records.
    pub(crate) fn begins_elsewhere(&mut self, log: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let workers = u8::try_from(self.dice.between(1, u64::from(WORKERS_MAX) + 1)).unwrap();
        let plan = Arc::clone(&self.stage.plan(workers));
        let first = self.world.begins_elsewhere(log, plan, workers, GATE_BYTES);
        self.deadlines = Deadlines::new(workers, self.config.timeout);
        self.looks_on();
        self.issuers.begin_again();
        (self.managed, self.signed_off, self.paused) = (None, [false; 3], [false; 3]);
        self.stalled.clear();
        first
    }

    /// No more troubles: everybody does what is left to do.
    pub(crate) fn begins_to_heal(&mut self) {
        (self.healing, self.waited) = (true, true);
        for link in self.links() {
            self.reads(link);
        }
    }

    /// A second of that. Whether all is over.
    pub(crate) fn heals_on(&mut self, second: u64) -> bool {
        if second.is_multiple_of(30) {
            self.issuers_sign_on();
            self.operators_release();
        }
        self.ask_again();
        self.is_over()
    }

    /// Every transaction has ended, and both ledgers agree.
    pub(crate) fn is_settled(&mut self) -> u64 {
        self.has_ended();
        self.begun
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits are heard of one after the other while the workers stand still, and an answer may leave
    /// behind the commit of the reversal that followed it: they go on a little later.
    #[test]
    fn what_was_committed_while_the_switch_stood_still_leaves_when_it_goes_on() {
        for seed in 0..WORLDS {
            let (mut outside, first) = Outside::elsewhere(seed, false);
            let begun = outside.now();
            let first = first.into_iter().map(|bytes| Made { place: None, bytes });
            outside.has_committed(&first.collect::<Vec<_>>(), begun);
            while outside.now() < begun + ms(20_000) {
                let mut batches = Vec::new();
                for _ in 0..4 {
                    let framed = outside.now();
                    outside.passes_to(framed + ms(100));
                    batches.push((outside.takes_records(), framed));
                }
                outside.stands_still(true);
                for (made, framed) in batches {
                    outside.has_committed(&made, framed);
                }
                let now = outside.now();
                outside.passes_to(now + ms(5));
                outside.stands_still(false);
            }
        }
    }

    /// Worlds in which some are reversed while their answers wait.
    const WORLDS: u64 = 20;
}
