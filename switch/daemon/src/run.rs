//! The life of the daemon: read the configuration and the log, serve until the end, say what it ended
//! with. Must not know what a message says.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crossbeam::channel::{Receiver, bounded};
use switch_core::plan::Plan;
use tracing::{error, info, warn};

use crate::again::is_called_by_its_name;
use crate::cli::{Arguments, EXIT_CONFIGURATION, EXIT_FAILED};
use crate::config::{self, Configuration, Mode, Sealing, Sync};
use crate::control::{self, ControlHandle, Sources};
use crate::hooks::{self, Hooks};
use crate::journaling::{self, Failure, Opened};
use crate::running::{Running, Snapshot};
use crate::service::Service;
use crate::serving::{Built, Shell};
use crate::standby::{self, First};
use crate::worker::Event;
use crate::{clocks, diagnostics, lines, logs, notes, peer, signals};

/// Runs the daemon from its command line to its end.
pub fn run(arguments: &Arguments) -> ExitCode {
    is_called_by_its_name();
    let mode = Mode { insecure_demo: arguments.insecure_demo };
    // A reign that ended in this process is seen to before anything that may fail.
    let hooks = if hooks::is_left() && !arguments.check {
        start_log(arguments);
        Hooks::start().ok()
    } else {
        None
    };
    let (configuration, sealing) = match config::open(&arguments.config, mode) {
        Ok(read) => read,
        Err(errors) => {
            say(&errors.to_string());
            hooks.as_ref().inspect(|hooks| hooks.ends());
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
    if hooks.is_none() {
        start_log(arguments);
    }
    let ended =
        serve(arguments.config.clone(), (configuration, sealing), hooks, arguments.insecure_demo);
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

fn start_log(arguments: &Arguments) {
    if let Err(error) = logs::start(arguments.log_format) {
        say(&format!("sekishod: there is no log: {error}"));
    }
}

/// A line on stderr, before there is a log. Nobody is left to tell when that fails.
fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{}", text.trim_end()));
}

/// Serves until a signal has been obeyed, or something has failed.
fn serve(
    file: PathBuf,
    (configuration, sealing): (Configuration, Sealing),
    hooks: Option<Hooks>,
    demo: bool,
) -> Result<(), Failure> {
    let signals = signals::early().map_err(told("signals"))?;
    let diagnostics = diagnostics::start().map_err(told("SIGQUIT"))?;
    logs::set_level(configuration.log_level.into());
    let service = Arc::new(Service::of_environment());
    let (notes, from_workers) = notes::channel();
    let (events, happened) = bounded(1_024);
    let shell = Shell { file, demo, service, notes, events };
    let has_peer = configuration.peer.is_some();
    let first = Box::new(First {
        shell,
        configuration,
        sealing,
        hooks,
        signals,
        diagnostics,
        from_workers,
        happened,
    });
    if has_peer { standby::live(first, peer::start) } else { alone(first) }
}

/// The life of a node without a peer.
fn alone(first: Box<First>) -> Result<(), Failure> {
    let First {
        shell,
        configuration,
        sealing,
        hooks,
        signals,
        diagnostics,
        from_workers,
        happened,
    } = *first;
    // Its last reign may have been one of two nodes.
    hooks.as_ref().inspect(|hooks| hooks.ends());
    let (plan, opened) = ground(&configuration, sealing, &shell.service)?;
    let (workers, demo, events) = (plan.workers, shell.demo, shell.events.clone());
    let mut built = Built::new(shell, &configuration, plan, opened, None)?;
    built.listen(&configuration)?;
    warn_of_what_does_nothing(&configuration);
    let (socket, node) = (configuration.control_socket.clone(), configuration.node.clone());
    let first = |plan| {
        let first = Snapshot::first(configuration, plan, clocks::utc());
        Arc::new(Running::new(first))
    };
    let begun = built.begin(first)?;
    let log = lines::start(from_workers, begun.running()).map_err(told("thread log"))?;
    let (status, sources) = begun.answers(None);
    diagnostics.tell_of(status);
    let control = control(&socket, sources, demo)?;
    signals.become_events(events).map_err(told("signals"))?;
    let serving = begun.serve()?;
    info!(node, workers, control = %socket.display(), "serving");
    // Without a peer there is nobody to hand over to, and no other end.
    if let Err(failure) = serving.watch(&happened, None) {
        // Nobody is waited for: the operators' thread may wait itself, for what failed.
        serving.fails(&failure);
        if let Some(control) = control {
            control.leave();
        }
        return Err(failure);
    }
    serving.join();
    drop(log.join());
    // Behind the journal: the operators' thread may be waiting for somebody, and nothing else does for it.
    drop(control);
    last_failure(&happened)?;
    info!("stopped");
    Ok(())
}

pub(crate) fn warn_of_what_does_nothing(configuration: &Configuration) {
    for inactive in &configuration.inactive {
        warn!(key = inactive.key, place = inactive.place.to_string(), "{}", inactive.why);
    }
    configuration.warnings().iter().for_each(|warning| warn!("{warning}"));
}

/// What the journal could not do while the switch stopped: somebody is to know that its last records
/// are not on the disk.
pub(crate) fn last_failure(happened: &Receiver<Event>) -> Result<(), Failure> {
    let failure = |event| match event {
        Event::Broken(failure) => Some(failure),
        Event::Signal(_)
        | Event::Drained(_)
        | Event::Settled(..)
        | Event::Opened(_)
        | Event::Failed(..)
        | Event::Node(_) => None,
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

pub(crate) fn failed(message: String) -> Failure {
    Failure::new(EXIT_FAILED, message)
}

/// For `map_err`: what could not be had.
pub(crate) fn told(what: &'static str) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| failed(format!("{what}: {error}"))
}

/// Opens the control socket. In a trial nobody should be kept by a directory that only the system
/// can make.
pub(crate) fn control(
    socket: &Path,
    sources: Sources,
    demo: bool,
) -> Result<Option<ControlHandle>, Failure> {
    match control::serve(socket, sources) {
        Ok(control) => Ok(Some(control)),
        Err(error) if demo => {
            warn!(error = error.to_string(), "no control socket: status is not to be had");
            Ok(None)
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::EXIT_DATA;
    use signal_hook::consts::SIGTERM;
    use switch_core::ids::WorkerId;

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
