//! The life of the daemon: read the configuration, open the ports, start the threads, wait for a
//! signal, drain, end. Must not know what a message says.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use signal_hook::consts::SIGHUP;
use switch_core::ids::WorkerId;
use switch_core::plan::{Keys, Plan};
use switch_core::replay::State;
use switch_net::Budget;
use tracing::{error, info, warn};

use crate::change::ConfigRequest;
use crate::cli::{Arguments, EXIT_CONFIGURATION, EXIT_FAILED};
use crate::config::{self, Configuration, Endpoint, Mode, Sealing, Sync};
use crate::control::{self, ConfigSource, ControlHandle, Peer, Sources};
use crate::descriptors::{self, Descriptors};
use crate::diagnostics::Diagnostics;
use crate::journaling::{self, Around, Failure, Journal, Opened, Register};
use crate::mesh::Mesh;
use crate::node_requests::NodeRequest;
use crate::nodes::Alone;
use crate::operators::Operators;
use crate::overview::Overview;
use crate::reader::Reading;
use crate::reload::{self, Reload};
use crate::running::{Running, Snapshot};
use crate::saf::SafRequest;
use crate::service::Service;
use crate::tunings::Tunings;
use crate::versions::Versions;
use crate::watchdog::Watchdog;
use crate::worker::{Command, Event, Made, Nets, Parts, Worker};
use crate::{clocks, diagnostics, keys, lines, logs, notes, reader, signals, versions};

/// From so many cores up, each worker keeps to its own.
const PINNED_FROM_CORES: usize = 4;

/// Runs the daemon from its command line to its end.
pub fn run(arguments: &Arguments) -> ExitCode {
    let mode = Mode { insecure_demo: arguments.insecure_demo };
    let (configuration, sealing) = match config::open(&arguments.config, mode) {
        Ok(read) => read,
        Err(errors) => {
            say(&errors.to_string());
            return ExitCode::from(EXIT_CONFIGURATION);
        }
    };
    if arguments.check {
        for warning in sealing.warnings.iter().chain(&configuration.warnings()) {
            say(warning);
        }
        let shown = std::io::stdout().write_all(configuration.summary().as_bytes());
        return if shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let Err(error) = logs::start(arguments.log_format) {
        say(&format!("sekishod: there is no log: {error}"));
    }
    let ended = serve(arguments.config.clone(), configuration, sealing, arguments.insecure_demo);
    let code = ended.map_or_else(
        |Failure { code, message }| {
            error!(target: logs::LAST_WORDS, "{message}");
            ExitCode::from(code)
        },
        |()| ExitCode::SUCCESS,
    );
    logs::end();
    code
}

/// A line on stderr, before there is a log. Nobody is left to tell when that fails.
fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{}", text.trim_end()));
}

/// Serves until a signal has been obeyed, or something has failed.
#[expect(
    clippy::too_many_lines,
    reason = "everything meets here once, in the order in which it begins"
)]
fn serve(
    file: PathBuf,
    configuration: Configuration,
    sealing: Sealing,
    demo: bool,
) -> Result<(), Failure> {
    let signals = signals::early().map_err(told("signals"))?;
    let diagnostics = diagnostics::start().map_err(told("SIGQUIT"))?;
    logs::set_level(configuration.log_level.into());
    let service = Arc::new(Service::of_environment());
    let (plan, opened) = ground(&configuration, sealing, &service)?;
    let endpoints: Arc<[_]> = configuration.endpoints.clone().into();
    let budget = Budget::new(links_max(&plan, &endpoints));
    let nets = Nets::new(&plan, &endpoints, &budget).map_err(told("sockets"))?;
    let mesh = Arc::new(Mesh::new(nets.wakers()));
    let (notes, from_workers) = notes::channel();
    let keys = keys_of(&plan, &mesh).map_err(told("thread keys"))?;
    let tunings = Arc::new(Tunings::of(&configuration));
    let reader = opened.as_ref().map(|opened| {
        let past = opened.past(Arc::clone(&tunings), notes.clone());
        reader::start(past, Arc::clone(&mesh))
    });
    let reader = reader.transpose().map_err(told("thread reader"))?;
    let (to_reader, reading) = reader.unzip();
    let (events, happened) = bounded(1_024);
    let has_keys = keys.is_some();
    let parts = Parts {
        plan: Arc::clone(&plan),
        endpoints,
        spin: configuration.spin,
        notes: notes.clone(),
        keys,
        reader: to_reader,
        events: events.clone(),
        journaled: opened.is_some(),
    };
    let Made { mut workers, to_journal } = nets.into_workers(&parts, &mesh);
    drop(parts);
    listen(&mut workers, &plan)?;
    warn_of_what_does_nothing(&configuration);
    let around = Around {
        lanes: to_journal,
        mesh: Arc::clone(&mesh),
        plan: Arc::clone(&plan),
        tunings: Arc::clone(&tunings),
        notes,
        events: events.clone(),
    };
    let restore = |state: &State| workers.iter_mut().for_each(|worker| worker.restore(state));
    let register = opened.as_ref().map_or_else(|| Register::without(&plan), |o| o.register());
    let spoken = opened.as_ref().map(|opened| opened.spoken());
    let journal = opened
        .map(|opened| journaling::start(opened, around, restore, &|| service.progresses()))
        .transpose()?;
    let socket = configuration.control_socket.clone();
    let node = configuration.node.clone();
    let workers_count = plan.workers;
    // The plan is not kept here: what it takes is freed when another one runs.
    let first = Snapshot::first(configuration, plan, clocks::utc());
    let versions = journal.as_ref().and_then(|_| {
        versions::keep_first(&first);
        Versions::open(&first.configuration.state).ok()
    });
    let running = Arc::new(Running::new(first));
    let log = lines::start(from_workers, Arc::clone(&running)).map_err(told("thread log"))?;
    let draining = Arc::new(AtomicBool::new(false));
    let operators =
        Operators::new(Arc::clone(&running), Arc::clone(&mesh), journal.is_some(), demo);
    let reload = reload::start(reload::Parts {
        file,
        mode: Mode { insecure_demo: demo },
        running: Arc::clone(&running),
        mesh: Arc::clone(&mesh),
        budget,
        register,
        spoken,
        versions: versions.map(Arc::new),
        tunings,
        keys: has_keys,
        draining: Arc::clone(&draining),
        service: Arc::clone(&service),
    });
    let reload = reload.map_err(told("thread reload"))?;
    let figures = journal.as_ref().map(Journal::figures);
    let overview =
        Overview::new(Arc::clone(&running), Arc::clone(&mesh), figures.clone(), reload.clone());
    let alone = Alone::new(Arc::clone(&running), figures);
    let answering =
        Answering { overview, operators, reload: reload.clone(), node: alone, diagnostics };
    let control = control(&socket, answering, &draining, demo)?;
    signals.become_events(events).map_err(told("signals"))?;
    let threads = workers.into_iter().map(start).collect::<Result<Vec<_>, _>>();
    let threads = threads.map_err(told("thread worker"))?;
    info!(node, workers = workers_count, control = %socket.display(), "serving");
    let watched = (Arc::clone(&service), Arc::clone(&mesh), Arc::clone(&running));
    let watchdog = Watchdog::of_a_ready(watched.0, watched.1, watched.2, workers_count);
    let drain = move || running.now().configuration.drain;
    if let Err(failure) = watch(&happened, &mesh, &reload, (&draining, &drain), watchdog) {
        // Nobody is waited for: the operators' thread may wait itself, for what failed.
        service.failed(&failure.message);
        if let Some(control) = control {
            control.leave();
        }
        return Err(failure);
    }
    join(threads, reading, journal, log);
    // Behind the journal: the operators' thread may be waiting for somebody, and nothing else does for it.
    drop(control);
    last_failure(&happened)?;
    info!("stopped");
    Ok(())
}

fn warn_of_what_does_nothing(configuration: &Configuration) {
    for inactive in &configuration.inactive {
        warn!(key = inactive.key, place = inactive.place.to_string(), "{}", inactive.why);
    }
    configuration.warnings().iter().for_each(|warning| warn!("{warning}"));
}

/// What the journal could not do while the switch stopped: somebody is to know that its last records
/// are not on the disk.
fn last_failure(happened: &Receiver<Event>) -> Result<(), Failure> {
    let failure = |event| match event {
        Event::Broken(failure) => Some(failure),
        Event::Signal(_) | Event::Drained(_) | Event::Failed(..) => None,
    };
    happened.try_iter().find_map(failure).map_or(Ok(()), Err)
}

/// What everything stands on: the plan, and the journal where one is kept, read but not begun.
fn ground(
    configuration: &Configuration,
    sealing: Sealing,
    service: &Service,
) -> Result<(Arc<Plan>, Option<Box<Opened>>), Failure> {
    let plan = Plan::new(configuration.settings.clone());
    let plan = plan.map_err(|error| failed(format!("the settings can not be run: {error:?}")))?;
    for warning in &sealing.warnings {
        warn!("{warning}");
    }
    if configuration.journal.sync == Sync::None {
        return Ok((Arc::new(plan), None));
    }
    let mut opened = journaling::open(configuration, sealing, &|| service.progresses())?;
    let plan = opened.numbered(plan)?;
    Ok((Arc::new(plan), Some(opened)))
}

fn failed(message: String) -> Failure {
    Failure::new(EXIT_FAILED, message)
}

/// For `map_err`: what could not be had.
fn told(what: &'static str) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| failed(format!("{what}: {error}"))
}

/// Opens the ports of all stations.
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

/// Who answers operators.
struct Answering {
    overview: Overview,
    operators: Operators,
    reload: Reload,
    node: Alone,
    diagnostics: Diagnostics,
}

/// Opens the control socket. In a trial nobody should be kept by a directory that only the system
/// can make.
fn control(
    socket: &Path,
    answering: Answering,
    draining: &Arc<AtomicBool>,
    demo: bool,
) -> Result<Option<ControlHandle>, Failure> {
    let Answering { overview, operators, reload, node, diagnostics } = answering;
    let (overview, draining) = (Arc::new(Mutex::new(overview)), Arc::clone(draining));
    let status = move || {
        let mut overview = overview.lock().expect("a status does not panic");
        // A plain flag that only the status shows; nothing is ordered by it.
        overview.status(draining.load(Ordering::Relaxed))
    };
    diagnostics.tell_of(status.clone());
    let (roles, write) = (operators.roles(), operators.recorder());
    let (roles, write) = (Box::new(roles), Box::new(write));
    let saf = move |request: &SafRequest, peer: &Peer| operators.saf(request, peer);
    let node = move |request: &NodeRequest| node.answer(request);
    let config = move |request: &ConfigRequest, peer: &Peer| reload.answer(request, &peer.name);
    let config: Option<Box<ConfigSource>> = Some(Box::new(config));
    let (status, saf, node) = (Box::new(status), Box::new(saf), Box::new(node));
    let sources = Sources { status, saf, config, node, roles, write };
    match control::serve(socket, sources) {
        Ok(control) => Ok(Some(control)),
        Err(error) if demo => {
            warn!(error = error.to_string(), "no control socket: status is not to be had");
            Ok(None)
        }
        Err(error) => Err(failed(error.to_string())),
    }
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

/// Waits for the end: the first signal begins the drain, a second one, or the time for the drain,
/// ends it.
fn watch(
    happened: &Receiver<Event>,
    mesh: &Mesh,
    reload: &Reload,
    (draining, drain): (&AtomicBool, &dyn Fn() -> Duration),
    mut watchdog: Watchdog,
) -> Result<(), Failure> {
    let workers = watchdog.workers();
    let ticks = watchdog.ticks();
    let all = || (0..workers).map(WorkerId);
    let mut deadline = crossbeam::channel::never();
    let mut left = usize::from(workers);
    loop {
        crossbeam::channel::select! {
            recv(happened) -> event => match event {
                Ok(Event::Signal(SIGHUP)) => reload.is_signalled(),
                Ok(Event::Signal(signal)) if !draining.swap(true, Ordering::Relaxed) => {
                    let drain = drain();
                    deadline = crossbeam::channel::after(drain);
                    all().for_each(|worker| { mesh.command(worker, Command::Drain); });
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
                Ok(Event::Failed(worker, problem)) => {
                    return Err(failed(format!("worker {}: {problem}", worker.0)));
                }
                Ok(Event::Broken(failure)) => return Err(failure),
                Err(_) => return Err(failed("no thread is left to wait for".into())),
            },
            recv(ticks) -> _ => watchdog.look(draining.load(Ordering::Relaxed)),
            recv(deadline) -> _ => {
                warn!("the time for the drain is over; what is still in flight is not answered");
                break;
            }
        }
    }
    all().for_each(|worker| {
        mesh.command(worker, Command::Stop);
    });
    Ok(())
}

/// Waits for the workers, ends the reader that hears from them only, then waits for what they have handed
/// over to be written, then for the log.
fn join(
    threads: Vec<JoinHandle<()>>,
    reader: Option<Reading>,
    journal: Option<Journal>,
    log: JoinHandle<()>,
) {
    // It fails only when a thread panicked, which the release build does not survive.
    for thread in threads {
        drop(thread.join());
    }
    if let Some(reader) = reader {
        reader.end();
    }
    if let Some(journal) = journal {
        journal.stop();
    }
    drop(log.join());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::EXIT_DATA;
    use signal_hook::consts::SIGTERM;

    #[test]
    fn a_journal_that_fails_while_the_switch_stops_is_said_and_ends_it_with_its_code() {
        let (events, happened) = bounded(4);
        assert_eq!(last_failure(&happened), Ok(()));
        let failure = Failure::new(EXIT_DATA, "a sync failed");
        events.send(Event::Drained(WorkerId(0))).unwrap();
        assert_eq!(last_failure(&happened), Ok(()));
        events.send(Event::Signal(SIGTERM)).unwrap();
        events.send(Event::Broken(failure.clone())).unwrap();
        assert_eq!(last_failure(&happened), Err(failure));
    }
}
