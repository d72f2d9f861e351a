//! What operators do in a world of two sites: begin it, switch over, promote and demote, put in new
//! disks, and after all troubles what the runbook says. They tell the truth, unless they force
//! something. Must not know what a node makes of it.

use journal::roles::objection::Objection;
use journal::roles::refusal::Refusal;
use journal::roles::view::Part;
use journal::roles::wish::{Confirmed, Done, Question, Wish};

use super::agenda::{At, SECOND};
use super::happened::Happening;
use super::line::Site;
use super::machine::{Machine, Task};
use super::weather::Weather;
use super::world::{Event, Thread, World};

/// So long nobody reigns before an operator who has a witness does anything about it.
const PATIENCE: u64 = 12 * SECOND;
/// The same of one without.
const HASTE: u64 = 2 * SECOND;
/// When a disk is given up that has rotted: some time after the last trouble.
const GIVES_UP: At = At(56 * SECOND);
/// So often somebody is asked to promote before what is lost is given up.
const ASKED: usize = 16;

impl World {
    /// Perhaps an operator wants something.
    pub(crate) fn operators(&mut self, weather: &Weather) {
        let chance =
            |dice: &mut crate::seeds::dice::Dice, chance| chance > 0 && dice.percent(chance);
        if chance(&mut self.dice, weather.switches) {
            for site in Site::BOTH {
                if self.reigns(site) {
                    self.wishes(site, Wish::SwitchOver);
                }
            }
        }
        if chance(&mut self.dice, weather.wishes) {
            let site = self.dice.one_of(&Site::BOTH);
            if self.dice.percent(30) {
                let confirmed =
                    Confirmed::default().and(Question::NotInSync).and(Question::NoPrimary);
                self.wishes(site, Wish::Demote(confirmed));
            } else {
                self.promotes(site);
            }
        }
        if chance(&mut self.dice, weather.forces) {
            let site = self.dice.one_of(&Site::BOTH);
            // Operators tell each other: while one promotes a node by its word, none forces the other.
            if !self.is_rising(site.other()) {
                self.forces(site);
            }
        }
    }

    /// Whether a site is about to reign.
    fn is_rising(&self, site: Site) -> bool {
        let process = self.machines[site.0].process.as_ref();
        process.is_some_and(|it| matches!(it.node.view().part, Part::Promoting | Part::Beginning))
    }

    /// An operator promotes a site whatever is lost, and says whatever is asked.
    pub(crate) fn forces(&mut self, site: Site) {
        let all = Question::ALL.into_iter().filter(|&question| question != Question::First);
        let confirmed = all.fold(Confirmed::default(), Confirmed::and);
        self.wishes(site, Wish::Promote(confirmed));
    }

    /// What an operator looks after every second.
    pub(crate) fn operates(&mut self) {
        self.soon(SECOND, Event::Operates);
        for site in Site::BOTH {
            // A node that must not go on gets a new disk.
            if self.healing && self.machines[site.0].halted {
                self.gets_a_disk(site);
                self.soon(SECOND, Event::Starts(site));
            }
        }
        for site in Site::BOTH {
            if self.machines[site.0].is_empty
                && self.machines[site.0].process.is_some()
                && self.judge.count() > 0
            {
                let replace = self.machines[site.0].joined;
                self.wishes(site, Wish::Join { replace });
            }
        }
        self.gives_up_a_disk();
        if Site::BOTH.into_iter().any(|site| self.reigns(site)) {
            self.reigned = self.now;
            self.asked = 0;
            return;
        }
        let patience = match (self.judge.count(), self.weather.witness) {
            (0, _) => 0,
            (_, true) => PATIENCE,
            (_, false) => HASTE,
        };
        // In the midst of troubles not every operator is there at once.
        let is_late = self.now.0 - self.reigned.0 >= patience;
        if !is_late || !(self.healing || self.judge.count() == 0 || self.dice.percent(30)) {
            return;
        }
        let mut sites = Site::BOTH;
        let released = &self.judge.released;
        if self.judge.books[1].common(released) > self.judge.books[0].common(released) {
            sites.reverse();
        }
        self.asked += 1;
        let site = sites[(self.asked - 1) % 2];
        self.promotes(site);
    }

    /// A primary whose log has rotted where its standby lacks it can not ship it, and the standby has nothing
    /// to mend it with: it gets another disk, and what only it had is lost.
    fn gives_up_a_disk(&mut self) {
        if let Some(site) = self.has_parted()
            && self.now >= GIVES_UP
        {
            self.tale.at(self.now, site, || "has nothing in common with the other".into());
            self.ends_life(site, true);
            self.gets_a_disk(site);
            return self.soon(SECOND, Event::Starts(site));
        }
        let site = Site(self.weather.rotten);
        let has_rotted = self.weather.rots > 0 && self.judge.is_marred(site);
        if self.now < GIVES_UP || !has_rotted || !self.reigns(site) || self.is_well() {
            return;
        }
        // Nobody throws away the only log that there is.
        if self.judge.books[site.other().0].entries.is_empty() {
            return;
        }
        self.ends_life(site, true);
        self.gets_a_disk(site);
        self.soon(SECOND, Event::Starts(site));
        // The other one is promoted at once, whatever is lost.
        self.reigned = At(0);
        self.asked = ASKED + 2;
    }

    /// A standby whose log has let go of the place at which it parts from that of the other one, who reigns:
    /// nobody can tell where that is, and it takes all anew.
    pub(crate) fn has_parted(&self) -> Option<Site> {
        Site::BOTH.into_iter().find(|site| {
            let process = self.machines[site.0].process.as_ref();
            let objects = process.and_then(|process| process.node.view().peer.objects);
            objects == Some(Objection::NothingInCommon) && self.reigns(site.other())
        })
    }

    /// An operator promotes a site, after stopping the other one, and says what is true.
    pub(crate) fn promotes(&mut self, site: Site) {
        // One thing after the other.
        let is_asked = |machine: &Machine| machine.process.as_ref().is_some_and(|it| it.asked);
        if self.machines[site.0].process.is_none() || self.machines.iter().any(is_asked) {
            return;
        }
        if self.reigns(site.other()) && self.judge.latest().is_some() {
            // It is stopped first: nobody promotes a node while the other one may speak.
            self.kills(site.other(), SECOND / 2);
        }
        self.tells(site, Thread::Ship, 1, Task::Promotes);
    }

    /// What an operator says of a promotion, at the moment at which it is wanted.
    pub(crate) fn says_what_is_true(&self, site: Site) -> Option<Wish> {
        let mut confirmed = Confirmed::default().and(Question::PeerFenced);
        let Some((epoch, last)) = self.judge.newest() else {
            return (site == Site(0)).then_some(Wish::Promote(confirmed.and(Question::First)));
        };
        if self.reigns(site.other()) {
            return None;
        }
        // Whoever let the other one go on alone knows that it has.
        let alone = self.let_alone == Some(epoch);
        if last == site || self.judge.has_heard_of_the_newest(site) && !alone {
            confirmed = confirmed.and(Question::NotSince);
        }
        if self.healing && self.asked > ASKED {
            // There is no other way: what is lost is given up.
            let nothing = self.judge.books.iter().all(|book| book.entries.is_empty());
            let all = Question::ALL.into_iter().filter(|&one| one != Question::First || nothing);
            confirmed = all.fold(confirmed, Confirmed::and);
        }
        Some(Wish::Promote(confirmed))
    }

    /// Whether a site takes itself for the primary.
    pub(crate) fn reigns(&self, site: Site) -> bool {
        self.machines[site.0].process.as_ref().is_some_and(|process| process.reign.is_some())
    }

    pub(crate) fn wishes(&mut self, site: Site, wish: Wish) {
        self.tells(site, Thread::Ship, 1, Task::Wish(wish));
    }

    /// What an operator is told.
    pub(crate) fn is_told(&mut self, site: Site, answer: &Result<Done, Refusal>) {
        self.process(site).asked = false;
        self.tale.at(self.now, site, || match answer {
            Ok(done) => format!("operator hears: {done:?}"),
            Err(refusal) => format!("operator hears: {refusal}"),
        });
        let reign = self.process(site).reign;
        match answer {
            Ok(Done::Promoted { epoch, .. }) if reign == Some(*epoch) => self.let_alone = reign,
            Ok(Done::SwitchedOver { .. }) => self.saw(Happening::SwitchOvers),
            Ok(Done::Joins) => {
                self.saw(Happening::Joins);
                self.machines[site.0].is_empty = false;
            }
            Ok(Done::Promoted { .. } | Done::Demoted | Done::Isolated | Done::Rejoins) => {}
            Err(_) => self.saw(Happening::WishesRefused),
        }
    }
}
