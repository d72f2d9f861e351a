//! What acquirers do about their transactions, and when. What they may believe then is for their ledger
//! to say.

use codec::Mti;

use super::Outside;
use crate::seeds::acquirers::{Name, approves, name_of};
use crate::seeds::agenda::Event;
use crate::seeds::stage::ACQUIRERS;
use crate::world::Text;

impl Outside {
    pub(super) fn begins(&mut self) {
        if self.healing || self.begun == self.weather.cases {
            return;
        }
        self.begun += 1;
        let pace = self.weather.pace_ms;
        self.within(pace / 2, pace * 3 / 2 + 1, Event::Begins);
        let (acquirer, card) = (self.dice.place(2), self.dice.place(2));
        let (amount, at) = (self.dice.between(100, 100_000), self.world.second());
        let text = if self.dice.percent(self.weather.advices) {
            self.edition.advice(card, amount, at)
        } else {
            self.edition.request(card, amount, at)
        };
        let text = self.acquirers.begins(acquirer, text);
        let is_request = Mti::of(text.mti).function() == 0;
        if self.dice.percent(self.weather.ghosts) && is_request {
            // Its reversal comes before it.
            self.reverses(&name_of(&text), false);
            if self.dice.percent(70) {
                self.within(0, 5_000, Event::Sends(acquirer, text));
            }
            return;
        }
        if self.dice.percent(self.weather.early) && is_request {
            let case = name_of(&text);
            self.within(0, 3_000, Event::Reverses { case, partly: false });
        }
        self.acquirer_sends(acquirer, text);
    }

    /// For the first time or again. It waits for the answer from then on.
    pub(super) fn acquirer_sends(&mut self, acquirer: usize, text: Text) {
        let patient = if self.dice.percent(self.weather.impatient) { 1_500 } else { 8_000 };
        let waited = Event::Waited(acquirer, text.of(11).to_string());
        self.within(patient / 2, patient * 2, waited);
        self.acquirers.means_to_send(acquirer, text.clone());
        let links = ACQUIRERS[acquirer].1;
        let wish = self.dice.place(links.len());
        let mut open = (0..links.len()).map(|step| links[(wish + step) % links.len()]);
        if let Some(link) = open.find(|&link| self.is_open(link)) {
            let text = self.acquirers.sends(acquirer, text);
            self.says(link, text);
        }
    }

    pub(super) fn has_waited(&mut self, acquirer: usize, stan: &str) {
        let said = self.acquirers.said[&(acquirer, stan.to_string())].clone();
        let is_open =
            self.acquirers.open().iter().any(|(who, text)| *who == acquirer && text.of(11) == stan);
        let is_request = Mti::of(said.text.mti).function() == 0;
        if !is_open {
            if is_request && self.dice.percent(self.weather.changes) {
                let link = ACQUIRERS[acquirer].1[0];
                let other = self.acquirers.confuses(acquirer, stan);
                if let Some(text) = other.filter(|_| self.is_open(link)) {
                    self.says(link, text);
                }
            }
            // A start does not know of a reversal that its acquirer sent before (see ARCHITECTURE).
            let known = self.life == 0 || self.acquirers.cases[&said.case].reversals.is_empty();
            let repeats = is_request && known && !self.healing;
            if repeats && self.dice.percent(self.weather.repeats) {
                self.acquirer_sends(acquirer, said.text);
            }
        } else if is_request && !self.healing && self.dice.percent(self.weather.reverses) {
            self.reverses(&said.case, false);
        } else {
            self.acquirer_sends(acquirer, said.text);
        }
    }

    pub(super) fn reverses(&mut self, case: &Name, partly: bool) {
        let known = self.acquirers.cases[case].clone();
        let (amount, approved) =
            (self.acquirers.belief(&known), self.acquirers.is_approved(&known));
        let again = !known.reversals.is_empty();
        if again && (partly || !self.dice.percent(self.weather.twice)) {
            return;
        }
        let stays = (partly && approved && amount > 2).then(|| self.dice.between(1, amount - 1));
        if partly && stays.is_none() {
            return;
        }
        let text = self.acquirers.reverses(case, stays, if approved { "4000" } else { "4021" });
        self.acquirer_sends(known.acquirer, text);
    }

    pub(super) fn acquirer_hears(&mut self, acquirer: usize, text: &Text) {
        let case = self.acquirers.hears(acquirer, text);
        let known = &self.acquirers.cases[&case];
        let is_first = text.of(11) == known.first.of(11);
        if self.healing || !approves(text.of(39)) || (!is_first && Mti::of(text.mti).class() != 4) {
            return;
        }
        if self.dice.percent(self.weather.partly) {
            self.within(10, 3_000, Event::Reverses { case: case.clone(), partly: true });
        }
        if self.dice.percent(self.weather.reverses) {
            self.within(10, 6_000, Event::Reverses { case, partly: false });
        }
    }
}
