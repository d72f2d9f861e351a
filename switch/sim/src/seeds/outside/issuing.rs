//! What issuers do about what they hear: at once, late, twice, or not at all.

use codec::Mti;
use switch_core::ids::LinkId;

use super::Outside;
use crate::seeds::acquirers::{approves, name_of};
use crate::seeds::agenda::{Event, ms};
use crate::seeds::happened::Happening;
use crate::seeds::issuers::Coming;
use crate::seeds::stage::{ISSUERS, issuer_of};
use crate::world::{Text, answer};

impl Outside {
    pub(super) fn issuer_hears(&mut self, link: LinkId, issuer: usize, text: Text) {
        let weather = self.weather;
        let mut code = self.edition.codes()[0];
        let waits = ISSUERS[issuer].1.iter().any(|link| self.stalled.contains_key(link));
        self.issuers.is_to_answer(issuer, &text);
        if Mti::of(text.mti).function() == 0 {
            if self.dice.percent(weather.declines) || self.issuers.is_reversed(issuer, &text) {
                code = self.edition.codes()[1];
            }
            self.issuers.is_asked(issuer, &text, approves(code));
            if !waits {
                self.is_still_awaited(&text);
            }
        } else {
            let (at, life) = (self.world.now(), self.life);
            let coming = Coming { at, life, waits, is_certain: !waits && !self.waited };
            self.issuers.is_told(issuer, &text, coming, &self.stage.issuing(issuer));
            if Mti::of(text.mti).class() == 4 {
                code = self.edition.codes()[2];
            }
            if !self.healing && self.dice.percent(weather.busy) {
                self.saw(Happening::AgainLater);
                code = self.edition.codes()[3];
            } else if !self.healing && self.dice.percent(weather.refuses) {
                self.saw(Happening::Refused);
                code = self.edition.refusals()[self.dice.place(2)];
            }
        }
        let mut delay = self.dice.between(1, 300);
        if !self.healing {
            if self.dice.percent(weather.silent) {
                self.saw(Happening::Unanswered);
                return;
            }
            if self.dice.percent(weather.slow) {
                delay += self.dice.below(3_500);
            }
            if self.dice.percent(weather.late) {
                delay += self.dice.between(3_500, 12_000);
            }
            if self.dice.percent(weather.double) {
                self.saw(Happening::AnsweredTwice);
                let heard = text.clone();
                self.within(1, 9_000, Event::Answers { link, heard, code });
            }
        }
        self.soon(ms(delay), Event::Answers { link, heard: text, code });
    }

    /// On the link that it was asked on, else on another one.
    pub(super) fn answers(&mut self, link: LinkId, heard: &Text, code: &'static str) {
        let issuer = issuer_of(link);
        let other = ISSUERS[issuer].1.iter().copied().find(|&link| self.is_open(link));
        let of = self.world.plan.station_of(link);
        let Some(link) = Some(link).filter(|&link| self.is_open(link)).or(other) else { return };
        if self.issuers.answers_late(issuer, heard) {
            self.saw(Happening::AnsweredOutOfOrder);
        }
        if Mti::of(heard.mti).function() != 0 {
            self.issuers.answers(issuer, heard.of(11), code);
            self.is_answered(link, heard.of(11));
        } else if self.register.is_expired(self.world.plan.number(of), heard) {
            let late = approves(code);
            self.saw(if late { Happening::ApprovedLate } else { Happening::DeclinedLate });
        }
        self.says(link, answer(heard, code));
    }

    /// Nobody is asked for an acquirer that does not wait any more.
    fn is_still_awaited(&self, text: &Text) {
        let case = &self.acquirers.cases[&name_of(text)];
        let (said, now) = (
            &self.acquirers.said[&(case.acquirer, case.first.of(11).to_string())],
            self.world.now(),
        );
        let gives_up = self.stage.acquiring(case.acquirer).gives_up;
        assert!(
            now.since(self.was_read(said.at)) < gives_up,
            "{text} though its acquirer has given up"
        );
        let links = crate::seeds::stage::ACQUIRERS[case.acquirer].1;
        let is_there = links.iter().any(|&link| self.is_open(link));
        assert!(is_there, "{text} though its acquirer has no link");
    }
}
