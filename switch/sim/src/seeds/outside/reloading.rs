//! Other configurations while the switch runs: each worker takes one up at a moment of its own, and what
//! is new in it is used when all have.

use std::sync::Arc;

use switch_core::plan::Plan;

use super::Outside;
use crate::seeds::agenda::Event;
use crate::seeds::deadlines::Deadlines;
use crate::seeds::happened::Happening;
use crate::seeds::stage::Config;

/// A configuration that is being taken up.
#[derive(Clone, Debug)]
pub(crate) struct Reloading {
    to: Config,
    /// Workers that have not taken it up, and that have not heard that all have.
    old: usize,
    waiting: usize,
}

impl Outside {
    /// Somebody changes the configuration, where that is not being done already.
    pub(super) fn reloads(&mut self) {
        let to = self.config.other(&mut self.dice);
        self.begins_reload(to);
    }

    /// The configuration becomes the first one again, with every station that was ever named.
    pub(super) fn rolls_back(&mut self) {
        let first = self.first_config();
        if self.reloading.is_none() && self.config != first {
            self.saw(Happening::RolledBack);
            self.begins_reload(first);
        }
    }

    pub(super) fn first_config(&self) -> Config {
        Config::first(self.knows_z())
    }

    fn knows_z(&self) -> bool {
        self.world.plan.stations.len() > 4
    }

    /// What a start runs by.
    pub(super) fn first_plan(&self, workers: u8) -> Arc<Plan> {
        if self.knows_z() {
            let setup = self.stage.setup(workers, self.first_config());
            Arc::new(setup.planned().unwrap())
        } else {
            self.stage.plan(workers)
        }
    }

    /// The switch has crashed, and starts by the first configuration with so many workers.
    pub(super) fn forgets_reload(&mut self, workers: u8) {
        if self.reloading.take().is_some() {
            self.saw(Happening::CrashedReloading);
        }
        self.config = self.first_config();
        self.deadlines = Deadlines::new(workers, self.config.timeout);
    }

    fn begins_reload(&mut self, to: Config) {
        if to == self.config || self.reloading.is_some() || self.world.is_holding() {
            return;
        }
        self.sees_change(to);
        let workers = self.world.cores.len();
        self.world.prepares(self.stage.setup(u8::try_from(workers).unwrap(), to));
        let number = self.world.plan.numbers().configuration;
        for worker in 0..workers {
            self.within(0, 1_500, Event::Adopts(worker, number));
        }
        self.reloading = Some(Reloading { to, old: workers, waiting: workers });
    }

    fn sees_change(&mut self, to: Config) {
        let was = self.config;
        self.saw(Happening::Reloads);
        let gone = |place: usize| was.names[place] && !to.names[place];
        let came = |place: usize| !was.names[place] && to.names[place];
        let is_new = came(2) && !self.knows_z();
        let open = self.deadlines.has_open(if gone(1) { &[3] } else { &[] })
            || self.deadlines.has_open(if gone(2) { &[4] } else { &[] });
        let seen = [
            (to.timeout < was.timeout, Happening::TimeoutsShorter),
            (to.timeout > was.timeout, Happening::TimeoutsLonger),
            (to.quarantine < was.quarantine, Happening::QuarantineShorter),
            (to.turned != was.turned, Happening::RoutesMoved),
            (is_new, Happening::StationsAdded),
            ((0..3).any(gone), Happening::StationsRetired),
            (open, Happening::RetiredOpen),
            ((0..3).any(came) && !is_new, Happening::StationsBack),
        ];
        seen.into_iter().filter(|(is_seen, _)| *is_seen).for_each(|(_, what)| self.saw(what));
    }

    /// Whether it is this configuration that is taken up now, and no start came between.
    fn is_taken_up(&self, number: u32) -> bool {
        self.reloading.is_some() && self.world.plan.numbers().configuration == number
    }

    pub(super) fn adopts(&mut self, worker: usize, number: u32) {
        if !self.is_taken_up(number) {
            return;
        }
        let Some(reloading) = &mut self.reloading else { return };
        reloading.old -= 1;
        let (to, old) = (reloading.to, reloading.old);
        self.world.adopts(worker);
        self.deadlines.adopts(worker, to.timeout, self.world.now());
        self.world.goes_on();
        if old > 0 {
            self.saw(Happening::Apart);
        } else {
            for worker in 0..self.world.cores.len() {
                self.within(0, 800, Event::Opens(worker, number));
            }
        }
    }

    pub(super) fn opens(&mut self, worker: usize, number: u32) {
        if !self.is_taken_up(number) {
            return;
        }
        self.world.opens_anew(worker);
        self.world.goes_on();
        if let Some(reloading) = &mut self.reloading {
            reloading.waiting -= 1;
            if reloading.waiting == 0 {
                self.config = reloading.to;
                self.reloading = None;
            }
        }
    }
}
