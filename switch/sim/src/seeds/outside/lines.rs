//! What happens to lines and to the switch itself.

use switch_core::ids::LinkId;

use super::Outside;
use crate::seeds::agenda::{Event, ms};
use crate::seeds::happened::Happening;
use crate::seeds::stage::{GATE_BYTES, WORKERS_MAX};
use crate::seeds::words::Edition;

impl Outside {
    pub(super) fn trouble(&mut self) {
        if self.healing {
            return;
        }
        self.soon(ms(1_000), Event::Trouble);
        let weather = self.weather;
        let link = LinkId(
            u32::try_from(self.dice.below(self.world.network.sockets.len().try_into().unwrap()))
                .unwrap(),
        );
        if self.dice.percent(weather.drops) && self.is_open(link) {
            self.within(0, 1_000, Event::Drops(link));
        }
        if self.dice.percent(weather.stalls) && self.is_open(link) {
            self.saw(Happening::Stalled);
            self.party(link).stalls();
            self.stalled.entry(link).or_insert(self.register.count);
            let end = if self.dice.percent(50) { Event::Reads(link) } else { Event::Drops(link) };
            self.within(100, 8_000, end);
        }
        if self.dice.percent(weather.holds) && !self.world.is_holding() {
            self.world.holds_commits();
            self.within(10, 2_500, Event::Commits);
        }
        if self.dice.percent(weather.signs_off) && link.0 >= 3 && self.is_open(link) {
            self.saw(Happening::SignedOff);
            self.manages(link, 802);
            self.within(500, 8_000, Event::SignsOn(link));
        }
        let of_1993 = self.edition == Edition::Of1993;
        if of_1993 && self.dice.percent(weather.pauses) && link.0 >= 3 && self.is_open(link) {
            self.saw(Happening::Unavailable);
            self.manages(link, 803);
            self.within(500, 8_000, Event::SignsOn(link));
        }
        if self.dice.percent(weather.operates) {
            self.operates();
        }
        if self.dice.percent(weather.reloads) {
            self.reloads();
        }
        if self.dice.percent(weather.crashes) {
            self.crashes();
        }
    }

    /// What waited for it may have left long ago.
    pub(super) fn reads(&mut self, link: LinkId) {
        if self.is_open(link) {
            self.party(link).reads();
        }
        self.looks();
        self.stalled.remove(&link);
    }

    pub(super) fn drops(&mut self, link: LinkId) {
        if self.is_open(link) {
            self.saw(Happening::LinesLost);
            if self.dice.percent(50) {
                let bytes = self.dice.below(400);
                self.party(link).reads_only(bytes);
            }
            if self.is_open(link) {
                self.party(link).closes();
            }
            self.unreads(link);
        }
        self.looks();
        self.stalled.remove(&link);
    }

    pub(super) fn connects(&mut self, link: LinkId) {
        let ours = self.world.is_connecting(link);
        if self.world.is_still() {
            return;
        }
        if link.0 < 3 && !self.is_open(link) || ours {
            if ours && !self.healing && self.dice.percent(self.weather.drops) {
                self.saw(Happening::NotConnected);
                self.party(link).refuses();
            } else {
                self.party(link).connects();
            }
        }
    }

    pub(super) fn crashes(&mut self) {
        self.saw(Happening::Crashes);
        self.life += 1;
        self.counts();
        if self.world.is_holding() {
            self.saw(Happening::CrashedHolding);
            let records = self.dice.place(20);
            let Self { world, dice, .. } = self;
            world.records_only(records, |workers| dice.place(workers));
        }
        // A reversal may be durable without the outcome that it stands before: the start adds it.
        self.looks_on();
        if self.register.undecided() > 0 {
            self.saw(Happening::CrashedOpen);
        }
        if !self.register.kept().is_empty() {
            self.saw(Happening::CrashedOwing);
        }
        let workers = u8::try_from(self.dice.between(1, u64::from(WORKERS_MAX) + 1)).unwrap();
        if usize::from(workers) != self.world.cores.len() {
            self.saw(Happening::OtherWorkers);
        }
        self.forgets_reload(workers);
        self.world.begins_again(self.first_plan(workers), workers, GATE_BYTES);
        // What waited in front of a station that did not read may have left before it stopped.
        self.looks_on();
        self.world.commits();
        self.issuers.begin_again();
        (self.managed, self.signed_off, self.paused) = (None, [false; 3], [false; 3]);
        self.stalled.clear();
    }
}
