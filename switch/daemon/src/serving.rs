//! A node that serves: all that it is made of, in the order in which it begins, until a signal has been
//! obeyed or something has failed. Must not know what a message says, nor how the node came to serve.

mod handing;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender};
use journal::format::Position;
use journal::mark::Mark;
use journal::roles::event::Event as Told;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use signal_hook::consts::SIGHUP;
use switch_core::ids::WorkerId;
use switch_core::plan::{Keys, Plan};
use switch_core::records::Record;
use switch_core::replay::State;
use switch_net::Budget;
use switch_sync::LaneReceiver;
use tracing::{info, warn};

use crate::change::ConfigRequest;
use crate::cli::EXIT_DATA;
use crate::config::{Configuration, Endpoint, Mode};
use crate::control::{AnyStatus, ConfigSource, Peer, Sources};
use crate::descriptors::{self, Descriptors};
use crate::journaling::{self, Around, Failure, Journal, Opened, Register, written};
use crate::mesh::Mesh;
use crate::node_requests::NodeRequest;
use crate::nodes::{Alone, Pair, ended, halted};
use crate::notes::Notes;
use crate::operators::Operators;
use crate::overview::Overview;
use crate::pairing::Order;
use crate::peer::Ship;
use crate::reader::{self, Reading};
use crate::reload::{self, Reload};
use crate::run::{failed, told};
use crate::running::Running;
use crate::saf::SafRequest;
use crate::service::Service;
use crate::tunings::Tunings;
use crate::versions::{self, Versions};
use crate::watchdog::Watchdog;
use crate::worker::{Command, Event, Made, Nets, Parts, Worker};
use crate::{clocks, keys};
use handing::Handing;

/// From so many cores up, each worker keeps to its own.
const PINNED_FROM_CORES: usize = 4;

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
    lanes: Vec<LaneReceiver>,
    ship: Option<Arc<Ship>>,
}

/// A node whose log is begun, and whose workers do not run yet.
pub(crate) struct Begun {
    running: Arc<Running>,
    service: Arc<Service>,
    mesh: Arc<Mesh>,
    workers: Vec<Worker>,
    reading: Option<Reading>,
    journal: Option<Journal>,
    operators: Arc<Operators>,
    reload: Reload,
    draining: Arc<AtomicBool>,
}

/// A node that serves.
pub(crate) struct Serving {
    running: Arc<Running>,
    service: Arc<Service>,
    mesh: Arc<Mesh>,
    threads: Vec<JoinHandle<()>>,
    reading: Option<Reading>,
    journal: Option<Journal>,
    reload: Reload,
    draining: Arc<AtomicBool>,
}

/// How a node ends to serve, when nothing failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// The process is to end.
    Stops,
    /// The other of two nodes is to go on.
    HandsOver,
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
            lanes,
            ship,
        };
        Ok(built)
    }

    /// Opens the ports of all stations.
    ///
    /// # Errors
    /// Which one is not to be had.
    pub(crate) fn listen(&mut self) -> Result<(), Failure> {
        listen(&mut self.workers, &self.plan)
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
        let reload = reload::start(reload::Parts {
            file,
            mode: Mode { insecure_demo: demo },
            running: Arc::clone(&running),
            mesh: Arc::clone(&mesh),
            budget: self.budget,
            register,
            spoken,
            versions: versions.map(Arc::new),
            tunings,
            keys: self.has_keys,
            draining: Arc::clone(&draining),
            service: Arc::clone(&service),
        });
        let reload = reload.map_err(told("thread reload"))?;
        let reading = self.reading;
        Ok(Begun { running, service, mesh, workers, reading, journal, operators, reload, draining })
    }
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

    /// Opens the ports of all stations.
    ///
    /// # Errors
    /// Which one is not to be had.
    pub(crate) fn listen(&mut self) -> Result<(), Failure> {
        listen(&mut self.workers, &self.running.now().plan)
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
        let Self { running, service, mesh, workers, reading, journal, reload, draining, .. } = self;
        let threads = workers.into_iter().map(start).collect::<Result<Vec<_>, _>>();
        let threads = threads.map_err(told("thread worker"))?;
        Ok(Serving { running, service, mesh, threads, reading, journal, reload, draining })
    }
}

impl Serving {
    /// Waits for the end: the first signal begins the drain, a second one, or the time for the drain,
    /// ends it. A node with a peer may be told to hand over instead.
    ///
    /// # Errors
    /// What failed.
    pub(crate) fn watch(
        &mut self,
        happened: &Receiver<Event>,
        ship: Option<&Arc<Ship>>,
    ) -> Result<End, Failure> {
        let workers = self.running.now().plan.workers;
        let (service, mesh) = (Arc::clone(&self.service), Arc::clone(&self.mesh));
        let mut watchdog = Watchdog::of_a_ready(service, mesh, Arc::clone(&self.running), workers);
        let ticks = watchdog.ticks();
        let mut deadline = crossbeam::channel::never();
        let mut left = usize::from(workers);
        let mut end = End::Stops;
        let mut handing = Handing::none();
        loop {
            crossbeam::channel::select! {
                recv(happened) -> event => match event {
                    Ok(Event::Signal(SIGHUP)) => self.reload.is_signalled(),
                    Ok(Event::Signal(signal)) if !self.draining.swap(true, Ordering::Relaxed) => {
                        let drain = self.running.now().configuration.drain;
                        deadline = crossbeam::channel::after(drain);
                        self.tell_all(&Command::Drain);
                        watchdog.stopping(drain);
                        info!(signal, within_s = drain.as_secs(), "draining; a second signal ends at once");
                    }
                    // Its handler has ended the process, or is about to.
                    Ok(Event::Signal(_)) => return Err(failed("ended by a second signal".into())),
                    Ok(Event::Drained(_)) => {
                        left -= 1;
                        if left == 0 {
                            break;
                        }
                    }
                    // Nobody here has told a worker to pause.
                    Ok(Event::Settled(worker)) => {
                        if handing.settles(worker) {
                            end = End::HandsOver;
                            break;
                        }
                    }
                    Ok(Event::Failed(worker, problem)) => {
                        return Err(failed(format!("worker {}: {problem}", worker.0)));
                    }
                    Ok(Event::Broken(failure)) => return Err(failure),
                    Ok(Event::Node(Order::Drain(_))) if self.draining.load(Ordering::Relaxed) => {
                        ship.inspect(|ship| ship.tell(Told::NotDrained));
                    }
                    Ok(Event::Node(Order::Drain(nanos))) => {
                        handing = Handing::begins(workers, Duration::from_nanos(nanos));
                        self.tell_all(&Command::Pause);
                        info!("handing over: what is in flight is to end, nothing more is admitted");
                    }
                    Ok(Event::Node(order)) => {
                        if self.obey(order)? {
                            return Ok(End::Anew(order));
                        }
                    }
                    Err(_) => return Err(failed("no thread is left to wait for".into())),
                },
                recv(ticks) -> _ => watchdog.look(self.draining.load(Ordering::Relaxed)),
                recv(handing.cut) -> _ => {
                    handing.was_cut();
                    self.tell_all(&Command::CutShort);
                }
                recv(handing.until) -> _ => {
                    warn!("what is in flight did not end in time: nothing is handed over");
                    handing = Handing::none();
                    self.tell_all(&Command::Admit);
                    ship.inspect(|ship| ship.tell(Told::NotDrained));
                }
                recv(deadline) -> _ => {
                    warn!("the time for the drain is over; what is still in flight is not answered");
                    break;
                }
            }
        }
        self.tell_all(&Command::Stop);
        Ok(end)
    }

    fn tell_all(&self, command: &Command) {
        let workers = self.running.now().plan.workers;
        (0..workers).map(WorkerId).for_each(|worker| {
            self.mesh.command(worker, command.clone());
        });
    }

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

    /// Does what the rules of two nodes want of one that serves; says whether it is to begin anew.
    fn obey(&self, order: Order) -> Result<bool, Failure> {
        match order {
            Order::Halt(halting) => Err(Failure::new(EXIT_DATA, halted(halting))),
            Order::Demote(ending) if self.draining.load(Ordering::Relaxed) => {
                Err(failed(format!("{}, while it stopped", ended(ending))))
            }
            Order::Demote(_) | Order::Anew(_) => Ok(true),
            Order::Admit => {
                self.tell_all(&Command::Admit);
                Ok(false)
            }
            Order::Drain(_) | Order::Reign(_) | Order::Open => Ok(false),
        }
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

fn listen(workers: &mut [Worker], plan: &Plan) -> Result<(), Failure> {
    for worker in &mut *workers {
        let listens = worker.listen();
        listens.map_err(|(address, error)| failed(format!("listen on {address}: {error}")))?;
    }
    for (address, station) in workers.iter().flat_map(Worker::listening_for) {
        let station = plan.station(station).settings.name.as_str();
        info!(station, address = address.to_string(), "listening");
    }
    Ok(())
}

/// Makes room for every link that the configuration allows, or says that there is none; how many
/// there can be.
fn links_max(plan: &Plan, endpoints: &[Endpoint]) -> usize {
    let Descriptors { allowed, needed, links_max } = descriptors::raise(plan, endpoints);
    if allowed < needed {
        warn!(allowed, needed, "{}", descriptors::TOO_FEW);
    }
    links_max
}

/// The stand-in for the key provider, where a station needs one.
fn keys_of(plan: &Plan, mesh: &Arc<Mesh>) -> std::io::Result<Option<Sender<keys::Asked>>> {
    let needed = plan.stations.iter().any(|station| station.settings.keys == Keys::Provider);
    // Its thread ends by itself, with the last worker.
    needed.then(|| keys::start(Arc::clone(mesh)).map(|(sender, _)| sender)).transpose()
}

/// Starts a worker's thread, on a core of its own where there are enough.
fn start(worker: Worker) -> std::io::Result<JoinHandle<()>> {
    let id = worker.id();
    let core = core_of(id);
    thread::Builder::new().name(format!("worker-{}", id.0)).spawn(move || {
        // A core that can not be had is no reason to stand still.
        let _kept = core.map(|core| sched_setaffinity(None, &core));
        worker.run();
    })
}

/// The core of a worker, among those that this process may use; none where there are few.
fn core_of(worker: WorkerId) -> Option<CpuSet> {
    let all = sched_getaffinity(None).ok()?;
    let cores = usize::try_from(all.count()).ok().filter(|&cores| cores >= PINNED_FROM_CORES)?;
    let mut mine = (0..CpuSet::MAX_CPU).filter(|&core| all.is_set(core));
    let mut core = CpuSet::new();
    core.set(mine.nth(worker.index() % cores)?);
    Some(core)
}
