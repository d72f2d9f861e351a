//! A node that serves: all that it is made of, in the order in which it begins, until a signal has been
//! obeyed or something has failed. Must not know what a message says, nor how the node came to serve.

mod handing;

mod means;

mod opening;

mod pinned;

mod watch;

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{Sender, bounded};
use journal::format::Position;
use journal::mark::Mark;
use journal::roles::event::DrainId;
use switch_core::ids::WorkerId;
use switch_core::plan::Plan;
use switch_core::records::Record;
use switch_core::replay::State;
use switch_net::Budget;
use switch_sync::LaneReceiver;

use crate::change::ConfigRequest;
use crate::clocks;
use crate::config::{Configuration, Mode};
use crate::control::{AnyStatus, ConfigSource, Peer, Sources};
use crate::journaling::{self, Around, Failure, Journal, Opened, Register, written};
use crate::mesh::Mesh;
use crate::node_requests::NodeRequest;
use crate::nodes::{Alone, Pair};
use crate::notes::Notes;
use crate::operators::Operators;
use crate::overview::Overview;
use crate::pairing::Order;
use crate::peer::Ship;
use crate::reader::{self, Reading};
use crate::reload::{self, Part, Reload, Serves};
use crate::run::told;
use crate::running::Running;
use crate::saf::SafRequest;
use crate::service::Service;
use crate::tunings::Tunings;
use crate::versions::{self, Versions};
use crate::worker::{Command, Event, Made, Nets, Parts, Worker};
use means::{keys_of, links_max, listen};
pub(crate) use opening::{Begin, Reigning};
use pinned::start;

/// What a node has before it serves, whatever it did until then.
pub(crate) struct Shell {
    /// The main file of the configuration.
    pub(crate) file: PathBuf,
    /// Whether it is a trial.
    pub(crate) demo: bool,
    pub(crate) service: Arc<Service>,
    pub(crate) notes: Notes,
    pub(crate) events: Sender<Event>,
}

/// The workers and what is around them; nothing is written yet, and nobody can connect.
pub(crate) struct Built {
    shell: Shell,
    plan: Arc<Plan>,
    opened: Option<Box<Opened>>,
    budget: Budget,
    mesh: Arc<Mesh>,
    tunings: Arc<Tunings>,
    reading: Option<Reading>,
    has_keys: bool,
    workers: Vec<Worker>,
    /// Of so many workers the ports wait for issuers.
    waiting: usize,
    lanes: Vec<LaneReceiver>,
    ship: Option<Arc<Ship>>,
}

/// A node whose log is begun, and whose workers do not run yet.
pub(crate) struct Begun {
    running: Arc<Running>,
    service: Arc<Service>,
    mesh: Arc<Mesh>,
    workers: Vec<Worker>,
    waiting: usize,
    reading: Option<Reading>,
    journal: Option<Journal>,
    operators: Arc<Operators>,
    closed: Sender<()>,
    reload: Reload,
    draining: Arc<AtomicBool>,
}

/// A node that serves.
pub(crate) struct Serving {
    running: Arc<Running>,
    service: Arc<Service>,
    mesh: Arc<Mesh>,
    threads: Vec<JoinHandle<()>>,
    waiting: usize,
    reading: Option<Reading>,
    journal: Option<Journal>,
    /// Told when the ports are given to the workers: no reload is taken up before.
    closed: Cell<Option<Sender<()>>>,
    reload: Reload,
    draining: Arc<AtomicBool>,
}

/// How a node ends to serve, when nothing failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// The process is to end.
    Stops,
    /// The other of two nodes is to go on, as this drain wanted.
    HandsOver(DrainId),
    /// It is to begin anew at once, by this order.
    Anew(Order),
}

impl Built {
    /// Makes the workers of a plan, on a log that was read where there is one.
    ///
    /// # Errors
    /// What could not be had.
    pub(crate) fn new(
        shell: Shell,
        configuration: &Configuration,
        plan: Arc<Plan>,
        opened: Option<Box<Opened>>,
        ship: Option<Arc<Ship>>,
    ) -> Result<Self, Failure> {
        let endpoints: Arc<[_]> = configuration.endpoints.clone().into();
        let budget = Budget::new(links_max(&plan, &endpoints));
        let nets = Nets::new(&plan, &endpoints, &budget).map_err(told("sockets"))?;
        let mesh = Arc::new(Mesh::new(nets.wakers()));
        let keys = keys_of(&plan, &mesh).map_err(told("thread keys"))?;
        let tunings = Arc::new(Tunings::of(configuration));
        let reader = opened.as_ref().map(|opened| {
            let past = opened.past(Arc::clone(&tunings), shell.notes.clone());
            reader::start(past, Arc::clone(&mesh))
        });
        let reader = reader.transpose().map_err(told("thread reader"))?;
        let (to_reader, reading) = reader.unzip();
        let has_keys = keys.is_some();
        let parts = Parts {
            plan: Arc::clone(&plan),
            endpoints,
            spin: configuration.spin,
            notes: shell.notes.clone(),
            keys,
            reader: to_reader,
            events: shell.events.clone(),
            journaled: opened.is_some(),
        };
        let Made { workers, to_journal: lanes } = nets.into_workers(&parts, &mesh);
        let built = Self {
            shell,
            plan,
            opened,
            budget,
            mesh,
            tunings,
            reading,
            has_keys,
            workers,
            waiting: 0,
            lanes,
            ship,
        };
        Ok(built)
    }

    /// Opens the ports of all stations; those of acquirers may wait for issuers.
    ///
    /// # Errors
    /// Which one is not to be had.
    pub(crate) fn listen(&mut self, configuration: &Configuration) -> Result<(), Failure> {
        self.waiting = give_ports(&mut self.workers, configuration, &self.plan)?;
        Ok(())
    }

    /// Begins to write the log, and lets the workers take up what it says. `running` is what runs from
    /// here on.
    ///
    /// # Errors
    /// When there is no room, the disk fails, or a thread is not to be had.
    pub(crate) fn begin(
        self,
        running: impl FnOnce(Arc<Plan>) -> Arc<Running>,
    ) -> Result<Begun, Failure> {
        let Self { shell, plan, opened, mesh, tunings, mut workers, .. } = self;
        let Shell { file, demo, service, notes, events } = shell;
        let keys = opened.as_ref().map(|opened| opened.disk().1);
        let agreed = self.ship.clone().zip(keys);
        let around = Around {
            lanes: self.lanes,
            mesh: Arc::clone(&mesh),
            plan: Arc::clone(&plan),
            tunings: Arc::clone(&tunings),
            notes,
            events,
            ship: self.ship,
        };
        let restore = |state: &State| workers.iter_mut().for_each(|worker| worker.restore(state));
        let register = opened.as_ref().map_or_else(|| Register::without(&plan), |o| o.register());
        let spoken = opened.as_ref().map(|opened| opened.spoken());
        let journal = opened
            .map(|opened| journaling::start(opened, around, restore, &|| service.progresses()))
            .transpose()?;
        // The plan is not kept here: what it takes is freed when another one runs.
        let running = running(plan);
        let versions = journal.as_ref().and_then(|_| {
            let now = running.now();
            versions::keep_first(&now);
            Versions::open(&now.configuration.state).ok()
        });
        let draining = Arc::new(AtomicBool::new(false));
        let operators =
            Operators::new(Arc::clone(&running), Arc::clone(&mesh), journal.is_some(), demo);
        let operators = Arc::new(operators);
        let (closed, ports) = bounded(1);
        let serves = Serves {
            ports: Some(ports),
            mesh: Arc::clone(&mesh),
            budget: self.budget,
            register,
            spoken,
            tunings,
            keys: self.has_keys,
            unwritten: Vec::new(),
        };
        let parts = reload::Parts {
            file,
            mode: Mode { insecure_demo: demo },
            running: Arc::clone(&running),
            versions: versions.map(Arc::new),
            draining: Arc::clone(&draining),
            service: Arc::clone(&service),
            agreed,
        };
        let reload = reload::start(Part::Serves(Box::new(serves)), parts);
        let reload = reload.map_err(told("thread reload"))?;
        let reading = self.reading;
        let waiting = self.waiting;
        Ok(Begun {
            running,
            service,
            mesh,
            workers,
            waiting,
            reading,
            journal,
            operators,
            closed,
            reload,
            draining,
        })
    }
}

/// Before the workers run.
fn give_ports(
    workers: &mut [Worker],
    configuration: &Configuration,
    plan: &Plan,
) -> Result<usize, Failure> {
    listen(configuration, plan, |worker, held, open_after| {
        workers[worker.index()].take_ports(held, open_after)
    })
}

impl Begun {
    /// Who answers operators from here on, and who says how it stands.
    pub(crate) fn answers(&self, pair: Option<Arc<Pair>>) -> (Arc<AnyStatus>, Sources) {
        let Self { running, mesh, journal, operators, reload, draining, .. } = self;
        let figures = journal.as_ref().map(Journal::figures);
        let (running, mesh) = (Arc::clone(running), Arc::clone(mesh));
        let alone = Alone::new(Arc::clone(&running), figures.clone());
        let overview = Mutex::new(Overview::new(running, mesh, figures, reload.clone(), pair));
        let draining = Arc::clone(draining);
        let status: Arc<AnyStatus> = Arc::new(move || {
            let mut overview = overview.lock().expect("a status does not panic");
            // A plain flag that only the status shows; nothing is ordered by it.
            overview.status(draining.load(Ordering::Relaxed))
        });
        let (roles, write) = (Box::new(operators.roles()), Box::new(operators.recorder()));
        let (operators, reload) = (Arc::clone(operators), reload.clone());
        let saf = move |request: &SafRequest, peer: &Peer| operators.saf(request, peer);
        let config = move |request: &ConfigRequest, peer: &Peer| reload.answer(request, &peer.name);
        let config: Option<Box<ConfigSource>> = Some(Box::new(config));
        let node = move |request: &NodeRequest| alone.answer(request);
        let shown = Arc::clone(&status);
        let (shown, saf, node) = (Box::new(move || shown()), Box::new(saf), Box::new(node));
        (status, Sources { status: shown, saf, config, node, roles, write })
    }

    /// The end of the log with what was written at its begin; none where no record is kept.
    pub(crate) fn end(&self) -> Option<Mark> {
        self.journal.as_ref().map(Journal::begun)
    }

    /// Opens the ports of all stations; those of acquirers may wait for issuers.
    ///
    /// # Errors
    /// Which one is not to be had.
    pub(crate) fn listen(&mut self) -> Result<(), Failure> {
        let now = self.running.now();
        self.waiting = give_ports(&mut self.workers, &now.configuration, &now.plan)?;
        Ok(())
    }

    /// The way to what takes up another configuration.
    pub(crate) fn reload(&self) -> &Reload {
        &self.reload
    }

    /// The ways to the workers.
    pub(crate) fn mesh(&self) -> Arc<Mesh> {
        Arc::clone(&self.mesh)
    }

    /// What it runs by.
    pub(crate) fn running(&self) -> Arc<Running> {
        Arc::clone(&self.running)
    }

    /// Lets the workers run.
    ///
    /// # Errors
    /// When a thread is not to be had.
    pub(crate) fn serve(self) -> Result<Serving, Failure> {
        let Self { running, service, mesh, workers, waiting, reading, journal, .. } = self;
        let (reload, draining) = (self.reload, self.draining);
        let closed = Cell::new(Some(self.closed));
        let threads = workers.into_iter().map(start).collect::<Result<Vec<_>, _>>();
        let threads = threads.map_err(told("thread worker"))?;
        Ok(Serving {
            running,
            service,
            mesh,
            threads,
            waiting,
            reading,
            journal,
            closed,
            reload,
            draining,
        })
    }
}

impl Serving {
    /// Writes behind all else that this reign ends and the other node is to go on; gives the position of that.
    /// What is still in flight is closed and reversed by the next reign.
    pub(crate) fn hands_over(self) -> Position {
        for thread in self.threads {
            drop(thread.join());
        }
        if let Some(reading) = self.reading {
            reading.end();
        }
        let journal = self.journal.expect("who hands over keeps a journal");
        let epoch = journal.figures().status(0).epoch;
        let record = Record::Handover { epoch, utc: clocks::utc() };
        journal.stop_behind(written(&record))
    }

    /// Closes all links and ports, as far as its workers still turn.
    pub(crate) fn leaves(self, within: Duration) {
        let begun = clocks::boot();
        for worker in (0..self.running.now().plan.workers).map(WorkerId) {
            self.mesh.command(worker, Command::Stop);
        }
        let ended = || self.threads.iter().all(JoinHandle::is_finished);
        while !ended() && clocks::boot().since(begun) < within {
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// Whether a signal to stop came.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// It ends at once, for this reason.
    pub(crate) fn fails(&self, failure: &Failure) {
        self.service.failed(&failure.message);
    }

    /// Waits for the workers, ends the reader that hears from them only, then waits for what they have
    /// handed over to be written.
    pub(crate) fn join(self) {
        // It fails only when a thread panicked, which the release build does not survive.
        for thread in self.threads {
            drop(thread.join());
        }
        if let Some(reading) = self.reading {
            reading.end();
        }
        if let Some(journal) = self.journal {
            journal.stop();
        }
    }
}
