//! How a worker takes up another configuration while it runs, in two steps with all others: first
//! everything that it must know to understand them, then, once all do, its ports and links. Must not
//! know where a configuration comes from.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam::channel::Sender;
use switch_core::ids::{LinkId, StationId, WorkerId};
use switch_core::plan::Plan;
use switch_core::time::{Now, Time};

use super::build::{SocketsMax, sockets_max};
use super::ports::{Open, PortChange};
use super::{Endpoints, Worker};

/// What a worker runs by next.
#[derive(Debug)]
pub struct Next {
    /// The plan that follows that of now.
    pub plan: Arc<Plan>,
    /// Where the stations are, by id; those that are retired listen nowhere.
    pub endpoints: Endpoints,
    /// How long to poll without blocking after work.
    pub spin: Duration,
    /// By worker, what changes of its ports, until it is taken; none where nothing does.
    pub ports: Vec<Mutex<Option<PortChange>>>,
}

/// What a worker says when it has done a step.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Which.
    pub worker: WorkerId,
    /// What it could not do, in words. It goes on without.
    pub problems: Vec<String>,
}

/// Where a step's end is told.
pub type TakenBy = Sender<Taken>;

impl Worker {
    /// The first step: knows all stations, routes and settings from now on, and speaks of none that is
    /// new. Only what the system refuses of sockets is a problem.
    pub(super) fn adopt(&mut self, now: Now, next: Arc<Next>, by: &TakenBy) {
        let Next { plan, endpoints, spin, .. } = &*next;
        let wanted = sockets_max(plan, endpoints, self.me);
        let SocketsMax { sockets, frame_carry, out } = wanted;
        let grown = self.net.grow(sockets, frame_carry, out);
        let problems = grown.err().map(|error| format!("its sockets: {error}"));
        self.sockets.grow(self.net.sockets_max(), plan.link_stations.len());
        self.core.handle_plan(now, Arc::clone(plan));
        (self.endpoints, self.spin) = (Arc::clone(endpoints), *spin);
        self.has_taken(next, problems.into_iter().collect(), by);
    }

    /// The second step, when every worker has taken the first: new ports are taken in, those that are
    /// gone are closed, links that lead elsewhere now are closed, and new ones connect.
    pub(super) fn open(&mut self, now: Now, next: Arc<Next>, by: &TakenBy) {
        let mut problems = Vec::new();
        // Who drains has closed its ports and opens no other.
        if !self.sockets.takes_nobody {
            problems = self.exchange_ports(now.boot, &next);
        }
        for link in self.moved() {
            self.core.close_link(link);
        }
        self.core.handle_open(now);
        self.has_taken(next, problems, by);
    }

    fn has_taken(&self, next: Arc<Next>, problems: Vec<String>, by: &TakenBy) {
        // Before it is told: who hears it from all workers frees what they let go of.
        drop(next);
        // Who asked may have given up.
        drop(by.try_send(Taken { worker: self.me, problems }));
    }

    fn exchange_ports(&mut self, now: Time, next: &Next) -> Vec<String> {
        let mut problems = Vec::new();
        let change = &next.ports[self.me.index()];
        // A change is one step, so a thread that ended badly has left it whole.
        let change = change.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(PortChange { wanted, opened }) = change else { return problems };
        // What is opened anew does not wait, and neither does what is there.
        self.open_waiting(now);
        Open::keep(&mut self.sockets.listening, wanted, &mut self.net);
        for (port, listening) in opened {
            match self.net.take_listener(listening) {
                Ok(listener) => self.sockets.listening.push(Open { port, listener }),
                Err(error) => problems.push(format!("listen on {}: {error}", port.address)),
            }
        }
        Open::sort(&mut self.sockets.listening);
        problems
    }

    /// Links whose other end is not where the station is now: an address that we connect to has changed, or
    /// who connected may not any more, or is another station by the port that it came to.
    fn moved(&self) -> Vec<LinkId> {
        let plan = self.core.plan();
        let stations = (0..).map(StationId).zip(&plan.stations).zip(&*self.endpoints);
        let mine =
            stations.filter(|((_, station), _)| station.worker == self.me && !station.retired);
        let mut moved = Vec::new();
        for ((id, station), endpoint) in mine {
            for place in 0..station.settings.links {
                let link = LinkId(station.links_from.0 + place);
                let Some(peer) = self.sockets.peer(link) else { continue };
                let stays = if station.settings.connects {
                    // Also one that is down: what it waits for says nothing about the new address.
                    let place = usize::try_from(place).expect("links are counted");
                    endpoint.connect.get(place) == Some(&peer)
                } else {
                    self.sockets.of(link).is_none()
                        || self.sockets.is_for(link, id, &self.endpoints)
                };
                if !stays {
                    moved.push(link);
                }
            }
        }
        moved
    }
}
