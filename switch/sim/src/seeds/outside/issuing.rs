//! What issuers do about what they hear: at once, late, twice, or not at all.

use codec::Mti;
use switch_core::ids::LinkId;

use super::Outside;
use crate::seeds::acquirers::approves;
use crate::seeds::agenda::{Event, ms};
use crate::seeds::stage::ISSUERS;
use crate::world::{Text, answer};

impl Outside {
    pub(super) fn issuer_hears(&mut self, link: LinkId, issuer: usize, text: Text) {
        let weather = self.weather;
        let mut code = self.edition.codes()[0];
        if Mti::of(text.mti).function() == 0 {
            if self.dice.percent(weather.declines) || self.issuers.is_reversed(issuer, &text) {
                code = self.edition.codes()[1];
            }
            self.issuers.is_asked(issuer, &text, approves(code));
        } else {
            let waits = ISSUERS[issuer].1.iter().any(|link| self.stalled.contains_key(link));
            self.issuers.is_told(issuer, &text, self.life, waits);
            if Mti::of(text.mti).class() == 4 {
                code = self.edition.codes()[2];
            }
            if !self.healing && self.dice.percent(weather.busy) {
                code = self.edition.codes()[3];
            }
        }
        let mut delay = self.dice.between(1, 300);
        if !self.healing {
            if self.dice.percent(weather.silent) {
                return;
            }
            if self.dice.percent(weather.slow) {
                delay += self.dice.below(3_500);
            }
            if self.dice.percent(weather.late) {
                delay += self.dice.between(3_500, 12_000);
            }
            if self.dice.percent(weather.double) {
                let heard = text.clone();
                self.within(1, 9_000, Event::Answers { link, heard, code });
            }
        }
        self.soon(ms(delay), Event::Answers { link, heard: text, code });
    }

    /// On the link that it was asked on, else on another one.
    pub(super) fn answers(&mut self, link: LinkId, heard: &Text, code: &'static str) {
        let issuer = ISSUERS.iter().position(|(_, links)| links.contains(&link)).unwrap();
        let other = ISSUERS[issuer].1.iter().copied().find(|&link| self.is_open(link));
        let Some(link) = Some(link).filter(|&link| self.is_open(link)).or(other) else { return };
        if Mti::of(heard.mti).function() != 0 {
            self.issuers.answers(issuer, heard.of(11), code);
        }
        self.says(link, answer(heard, code));
    }
}
