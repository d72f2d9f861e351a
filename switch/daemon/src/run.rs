//! The life of the daemon: read the configuration, open the ports, start the threads, wait for a
//! signal, drain, end. Must not know what a message says.

use std::cell::RefCell;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use switch_core::ids::WorkerId;
use switch_core::plan::{Keys, Plan};
use tracing::{error, info, warn};

use crate::cli::{Arguments, EXIT_CONFIGURATION};
use crate::config::{self, Configuration, Endpoint, Mode};
use crate::control;
use crate::descriptors::{self, Descriptors};
use crate::mesh::Mesh;
use crate::overview::Overview;
use crate::worker::{Command, Event, Nets, Parts, Worker};
use crate::{keys, lines, logs, notes};

/// Exit code of a process that a second signal has ended.
const EXIT_ENDED: u8 = 1;

/// From so many cores up, each worker keeps to its own.
const PINNED_FROM_CORES: usize = 4;

/// Runs the daemon from its command line to its end.
pub fn run(arguments: &Arguments) -> ExitCode {
    let mode = Mode { insecure_demo: arguments.insecure_demo };
    let configuration = match config::load(&arguments.config, mode) {
        Ok(configuration) => configuration,
        Err(errors) => {
            say(&errors.to_string());
            return ExitCode::from(EXIT_CONFIGURATION);
        }
    };
    if !arguments.insecure_demo {
        say(
            "sekishod: records are not written to a disk yet, so this version runs for trial only: \
             add --insecure-demo",
        );
        return ExitCode::from(EXIT_CONFIGURATION);
    }
    if arguments.check {
        let shown = std::io::stdout().write_all(configuration.summary().as_bytes());
        return if shown.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if logs::start(arguments.log_format).is_err() {
        say("sekishod: the log was started before");
    }
    match serve(configuration, arguments.insecure_demo) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            error!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// A line on stderr, before there is a log. Nobody is left to tell when that fails.
fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{}", text.trim_end()));
}

/// Serves until a signal has been obeyed, or something has failed.
fn serve(configuration: Configuration, demo: bool) -> Result<(), String> {
    let told = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
    let plan = Plan::new(configuration.settings.clone());
    let plan = Arc::new(plan.map_err(|error| format!("the settings can not be run: {error:?}"))?);
    let endpoints: Arc<[_]> = configuration.endpoints.clone().into();
    tell_of_descriptors(&plan, &endpoints);
    let nets = Nets::new(&plan, &endpoints).map_err(told("sockets"))?;
    let mesh = Arc::new(Mesh::new(nets.wakers()));
    let (notes, from_workers) = notes::channel();
    let keys = keys_of(&plan, &mesh).map_err(told("thread keys"))?;
    let (events, happened) = bounded(1_024);
    let parts = Parts {
        plan: Arc::clone(&plan),
        endpoints,
        spin: configuration.spin,
        notes,
        keys,
        events: events.clone(),
    };
    let mut workers = nets.into_workers(&parts, &mesh);
    drop(parts);
    for worker in &mut workers {
        worker.listen().map_err(|(address, error)| format!("listen on {address}: {error}"))?;
    }
    for inactive in &configuration.inactive {
        warn!(key = inactive.key, place = inactive.place.to_string(), "{}", inactive.why);
    }
    for (address, station) in workers.iter().flat_map(Worker::listening_for) {
        let station = plan.station(station).settings.name.as_str();
        info!(station, address = address.to_string(), "listening");
    }
    let log = lines::start(from_workers, Arc::clone(&plan)).map_err(told("thread log"))?;
    let draining = Arc::new(AtomicBool::new(false));
    let (drain, socket) = (configuration.drain, configuration.control_socket.clone());
    let node = configuration.node.clone();
    let overview =
        RefCell::new(Overview::new(Arc::new(configuration), Arc::clone(&plan), Arc::clone(&mesh)));
    let shown = Arc::clone(&draining);
    // A plain flag that only the status shows; nothing is ordered by it.
    let source = Box::new(move || overview.borrow_mut().status(shown.load(Ordering::Relaxed)));
    // Out of a trial nobody should be kept by a directory that only the system can make.
    let control = match control::serve(&socket, source) {
        Ok(control) => Some(control),
        Err(error) if demo => {
            warn!(error = error.to_string(), "no control socket: status is not to be had");
            None
        }
        Err(error) => return Err(error.to_string()),
    };
    hear_signals(events).map_err(told("signals"))?;
    let threads = workers.into_iter().map(start).collect::<Result<Vec<_>, _>>();
    let threads = threads.map_err(told("thread worker"))?;
    info!(node, workers = plan.workers, control = %socket.display(), "serving");
    let outcome = watch(&happened, &mesh, plan.workers, drain, &draining);
    drop(control);
    if outcome.is_ok() {
        join(threads, log);
        info!("stopped");
    }
    outcome
}

/// Makes room for every link that the configuration allows, or says that there is none.
fn tell_of_descriptors(plan: &Plan, endpoints: &[Endpoint]) {
    let Descriptors { allowed, needed } = descriptors::raise(plan, endpoints);
    if allowed < needed {
        warn!(
            allowed,
            needed,
            "too few open files for all links: connections beyond will wait; raise the hard limit \
             (LimitNOFILE= in the unit, ulimit -Hn), or lower `links`"
        );
    }
}

/// The stand-in for the key provider, where a station needs one.
fn keys_of(plan: &Plan, mesh: &Arc<Mesh>) -> std::io::Result<Option<Sender<keys::Asked>>> {
    let needed = plan.stations.iter().any(|station| station.settings.keys == Keys::Provider);
    // Its thread ends by itself, with the last worker.
    needed.then(|| keys::start(Arc::clone(mesh)).map(|(sender, _)| sender)).transpose()
}

/// Turns signals into events. The thread ends with the process.
///
/// A second SIGTERM or SIGINT ends the process from within its handler: it is obeyed even when every
/// thread waits for whoever should read the log.
fn hear_signals(events: Sender<Event>) -> std::io::Result<()> {
    let stopping = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        let ended = i32::from(EXIT_ENDED);
        // In this order: the first signal finds the flag down and raises it.
        flag::register_conditional_shutdown(signal, ended, Arc::clone(&stopping))?;
        flag::register(signal, Arc::clone(&stopping))?;
    }
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            if events.send(Event::Signal(signal)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
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
    workers: u8,
    drain: Duration,
    draining: &AtomicBool,
) -> Result<(), String> {
    let all = || (0..workers).map(WorkerId);
    let mut deadline = crossbeam::channel::never();
    let mut left = usize::from(workers);
    loop {
        crossbeam::channel::select! {
            recv(happened) -> event => match event {
                Ok(Event::Signal(SIGHUP)) => {
                    warn!("SIGHUP: reload is not there yet; the configuration stays as it is");
                }
                Ok(Event::Signal(signal)) if !draining.swap(true, Ordering::Relaxed) => {
                    deadline = crossbeam::channel::after(drain);
                    all().for_each(|worker| { mesh.command(worker, Command::Drain); });
                    // Said after it is begun: the line may have to wait for whoever reads the log.
                    info!(signal, within_s = drain.as_secs(), "draining; a second signal ends at once");
                }
                // Its handler has ended the process, or is about to.
                Ok(Event::Signal(_)) => return Err("ended by a second signal".into()),
                Ok(Event::Drained(_)) => {
                    left -= 1;
                    if left == 0 {
                        break;
                    }
                }
                Ok(Event::Failed(worker, problem)) => {
                    return Err(format!("worker {}: {problem}", worker.0));
                }
                Err(_) => return Err("no thread is left to wait for".into()),
            },
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

fn join(threads: Vec<JoinHandle<()>>, log: JoinHandle<()>) {
    for thread in threads.into_iter().chain([log]) {
        // It fails only when the thread panicked, which the release build does not survive.
        drop(thread.join());
    }
}
