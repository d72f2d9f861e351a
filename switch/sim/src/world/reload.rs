//! A switch that runs by other settings from some moment on, as the daemon does it: what is new is
//! written down, every worker takes the plan up, and when all have, what is new in it is used. A test
//! may let each worker have its own moment.

use std::sync::Arc;
use std::time::Duration;

use switch_core::ids::{LinkId, WorkerId};
use switch_core::plan::{Plan, PlanError, Successor};
use switch_core::records::Record;

use super::network::Socket;
use super::{Setup, World, party};

impl World {
    /// The plan that these settings make of the one that all run by, or why there is none.
    pub fn succeeds(&self, setup: Setup) -> Result<Successor, PlanError> {
        Plan::succeed(&self.plan, setup.settings())
    }

    /// The switch runs by other settings from now on.
    ///
    /// # Panics
    /// When it can not.
    pub fn reloads(&mut self, setup: Setup) {
        self.prepares(setup);
        for worker in 0..self.cores.len() {
            self.adopts(worker);
        }
        for worker in 0..self.cores.len() {
            self.opens_anew(worker);
        }
        self.settle();
    }

    /// There is another plan, and what is new in it is written down; nobody runs by it yet.
    ///
    /// # Panics
    /// When there is none.
    pub fn prepares(&mut self, setup: Setup) {
        let successor = self.succeeds(setup).expect("the settings of a test can follow");
        let plan = self.numbered(successor.plan);
        self.is_prepared(Arc::new(plan));
    }

    /// The same, for a plan that was made before and has its numbers.
    pub fn is_prepared(&mut self, plan: Arc<Plan>) {
        self.tale.line("", '*', "reload");
        let number = plan.numbers().configuration;
        let record = Record::Configuration { number, digest: [0; 32], utc: self.now.utc };
        self.cores[0].write_down(&record).expect("there is room in a test");
        self.plan = plan;
        self.network.sockets.resize_with(self.plan.link_stations.len(), Socket::default);
        self.parties.resize_with(self.plan.stations.len(), party::State::default);
        self.settle();
    }

    /// A plan, called by what records call its stations; what is new is written down.
    pub fn numbered(&mut self, plan: Plan) -> Plan {
        let Self { journal, cores, .. } = self;
        journal.configuration += 1;
        let numbers = journal.numbers(&plan, |_, record| {
            cores[0].write_down(record).expect("there is room in a test");
        });
        plan.numbered(numbers)
    }

    /// One worker takes the plan up, between two of its turns.
    pub fn adopts(&mut self, worker: usize) {
        self.tale.line("", '*', &format!("{worker} adopts"));
        self.cores[worker].handle_plan(self.now, Arc::clone(&self.plan));
    }

    /// Every worker has the plan, and this one hears of it.
    pub fn opens_anew(&mut self, worker: usize) {
        self.cores[worker].handle_open(self.now);
    }

    /// How many messages are kept for an issuer.
    pub fn kept(&mut self, issuer: &str) -> u32 {
        let link = self.station(issuer).link();
        let issuer = self.plan.station_of(link);
        self.cores.iter().map(|core| core.saf_len(issuer).0).sum()
    }

    /// A turn of every worker, until nobody has anything to do.
    pub fn goes_on(&mut self) {
        self.passes(Duration::ZERO);
    }

    /// What a link is connected to is another place.
    pub fn moves(&mut self, link: LinkId) {
        let worker: WorkerId = self.plan.owner(self.plan.station_of(link));
        self.cores[worker.index()].close_link(link);
        self.settle();
    }
}
