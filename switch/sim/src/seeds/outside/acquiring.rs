//! What acquirers do about their transactions, and when. What they may believe then is for their ledger
//! to say.

use codec::Mti;

use super::Outside;
use crate::seeds::acquirers::{Name, approves, name_of};
use crate::seeds::agenda::Event;
use crate::seeds::happened::Happening;
use crate::seeds::stage::ACQUIRERS;
use crate::seeds::words::{CARDS, Edition, stamp};
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
            self.saw(Happening::ReversedUnheard);
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
        let case = name_of(&text);
        self.acquirers.means_to_send(acquirer, text.clone(), &case);
        let links = ACQUIRERS[acquirer].1;
        let wish = self.dice.place(links.len());
        let mut open = (0..links.len()).map(|step| links[(wish + step) % links.len()]);
        if let Some(link) = open.find(|&link| self.is_open(link)) {
            let said = &self.acquirers.said[&(acquirer, text.of(11).to_string())];
            self.sums.happened.saw(match (said.is_request(), said.sent, said.answers.len()) {
                (true, 0, _) => Happening::Requests,
                (true, _, 0) => Happening::RepeatedInFlight,
                (true, ..) => Happening::RepeatedAnswered,
                (false, ..) if text.class() == 4 => Happening::Reversals,
                (false, ..) => Happening::Advices,
            });
            // In 1987 later messages name it by that.
            let of_1993 = self.edition == Edition::Of1993;
            let fresh = of_1993 && self.dice.percent(self.weather.fresh);
            let fresh = fresh.then(|| stamp(self.world.second()));
            let at = self.world.now();
            let text = self.acquirers.sends(acquirer, text, at, fresh.as_deref());
            if Some(text.of(7)) == fresh.as_deref() {
                self.saw(Happening::RepeatedFresh);
            }
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
                    self.saw(Happening::RepeatedOther);
                    self.says(link, text);
                }
            }
            let repeats = is_request && !self.healing;
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
        self.saw(match (partly, again, approved) {
            (true, ..) if known.parts.is_empty() => Happening::ReversedInPart,
            (true, ..) => Happening::ReversedInParts,
            (false, true, _) => Happening::ReversedTwice,
            (false, false, true) => Happening::ReversedApproved,
            (false, false, false) => Happening::ReversedInFlight,
        });
        let reason = if approved { "4000" } else { self.dice.one_of(&["4021", "4000"]) };
        let text = self.acquirers.reverses(case, stays, reason);
        self.acquirer_sends(known.acquirer, text);
    }

    /// It says something else of a transaction than what was sold; or somebody else does.
    pub(super) fn reverses_wrongly(&mut self, case: &Name, strange: bool) {
        if strange {
            self.saw(Happening::OfStranger);
            let (other, text) = self.acquirers.reverses_strangely(case);
            return self.acquirer_sends(other, text);
        }
        let first = &self.acquirers.cases[case].first;
        let amount: u64 = first.of(4).parse().unwrap();
        let other = CARDS[usize::from(first.of(2) == CARDS[0])];
        let above = format!("{:012}", amount + 1);
        let (what, field, value) = match self.dice.below(3) {
            0 => (Happening::OtherCard, 2, other),
            1 => (Happening::OtherCurrency, 49, "840"),
            _ => (Happening::Above, 4, &*above),
        };
        self.saw(what);
        let text = self.acquirers.reverses_wrongly(case, field, value);
        let acquirer = self.acquirers.cases[case].acquirer;
        self.acquirer_sends(acquirer, text);
    }

    pub(super) fn acquirer_hears(&mut self, acquirer: usize, text: &Text) {
        let case = self.acquirers.hears(acquirer, text);
        self.acquirers.keeps_to(acquirer, text, &self.stage.acquiring(acquirer));
        self.sees_told(text);
        let known = &self.acquirers.cases[&case];
        let is_first = text.of(11) == known.first.of(11);
        if self.healing || !approves(text.of(39)) || (!is_first && text.class() != 4) {
            return;
        }
        if is_first && self.dice.percent(self.weather.wrong) {
            let case = case.clone();
            self.within(10, 6_000, Event::ReversesWrongly { case, strange: false });
        }
        if is_first && self.dice.percent(self.weather.strange) {
            let case = case.clone();
            self.within(10, 6_000, Event::ReversesWrongly { case, strange: true });
        }
        if self.dice.percent(self.weather.partly) {
            self.within(10, 3_000, Event::Reverses { case: case.clone(), partly: true });
        }
        if self.dice.percent(self.weather.reverses) {
            self.within(10, 6_000, Event::Reverses { case, partly: false });
        }
    }

    fn sees_told(&mut self, text: &Text) {
        let what = match text.of(39) {
            "000" | "00" => Happening::ToldApproval,
            "116" | "51" => Happening::ToldDecline,
            "480" => Happening::Told480,
            "904" => Happening::Told904,
            "907" => Happening::Told907,
            "909" => Happening::Told909,
            "910" => Happening::Told910,
            "911" => Happening::Told911,
            "914" => Happening::Told914,
            "923" => Happening::Told923,
            _ => return,
        };
        self.saw(what);
    }
}
