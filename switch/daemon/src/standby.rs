//! A node that has a peer: it begins as a standby, always, and is one until the rules of two nodes make it
//! reign, or it ends. Must not know these rules.
//!
//! ```text
//! read the log -> standby ---Reign--> build, begin the log ---Open---> serve (serving.rs)
//!      ^             |                         |                         |
//!      +-- exec -----+-------------------------+-------------------------+    Demote
//!                    v                         v                         v
//!               SIGTERM: it ends          Halt: it ends with 74
//! ```

mod watching;

mod hooking;

mod around;

mod overview;

mod trial;

mod starting;

mod drilled;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use crossbeam::channel::Receiver;
use journal::disk::SystemDisk;
use journal::roles::event::{Ending, Event as Told, Reign};
use journal::roles::settings::Start;
use journal::roles::witness::Incarnation;
use signal_hook::consts::SIGHUP;
use switch_core::plan::Plan;
use switch_core::time::Time;
use tracing::{info, warn};

use crate::again::{again, yields};
use crate::cli::EXIT_DATA;
use crate::config::{Configuration, Sealing};
use crate::control::ControlHandle;
use crate::diagnostics::Diagnostics;
use crate::hooks::Hooks;
use crate::journaling::{self, Failure, Opened, Standby, Standing};
use crate::nodes::{Pair, ended, halted, word};
use crate::notes::NotesReceiver;
use crate::pairing::Order;
use crate::peer::{Parts, Ship};
use crate::recorder::Commands;
use crate::reload::{self, Reload};
use crate::run::{control, failed, last_failure, told, warn_of_what_does_nothing};
use crate::running::{Running, Snapshot};
use crate::service::Service;
use crate::serving::{Begin, Begun, Built, End, Shell};
use crate::signals::Early;
use crate::tunings::Tunings;
use crate::versions;
use crate::worker::Event;
use crate::{clocks, lines, pairing};
use around::{pair, reloads};
use hooking::Hooking;
use overview::Overview;
use starting::Starting;
use watching::{Next, Watching};

/// What comes from the primary and waits for the thread that writes it: as many as buffers travel.
const TASKS_MAX: usize = 128;

/// How long an operator may take to take the answer to what ends this life.
const ANSWERED_WITHIN: Duration = Duration::from_millis(500);

/// How long a sick node waits for its workers to close all links.
const CLOSED_WITHIN: Duration = Duration::from_millis(200);

/// How long a primary that stops waits for its standby to have the last batches too: the usual time until it
/// would be given up.
const LEVEL_WITHIN: Duration = Duration::from_secs(1);

/// What such a node begins with.
pub(crate) struct First {
    pub(crate) shell: Shell,
    pub(crate) configuration: Configuration,
    pub(crate) sealing: Sealing,
    /// Of the image before this one, where it left something to be run.
    pub(crate) hooks: Option<Hooks>,
    pub(crate) signals: Early,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) from_workers: NotesReceiver,
    pub(crate) happened: Receiver<Event>,
}

/// What is there in every part that the node may have.
struct Life {
    service: Arc<Service>,
    running: Arc<Running>,
    ship: Arc<Ship>,
    /// Goes up while the thread `ship` turns.
    beat: Arc<AtomicU64>,
    diagnostics: Diagnostics,
    control: Option<ControlHandle>,
    happened: Receiver<Event>,
    pair: Arc<Pair>,
    /// The configuration of a standby.
    reload: Reload,
    /// What operators had done meanwhile.
    commands: Arc<Commands>,
    hooking: Hooking,
    /// It is to end as soon as what it does is done.
    stops: bool,
}

/// What a node that waited is to do.
enum Turn {
    Reigns(Reign),
    Opens,
    Ends,
}

/// Lives until a signal has been obeyed, or something has failed. Does not come back where it begins anew.
/// `start` begins the thread `ship`.
///
/// # Errors
/// What failed.
pub(crate) fn live(
    first: Box<First>,
    start: impl FnOnce(Parts) -> Result<Arc<Ship>, Failure>,
) -> Result<(), Failure> {
    let (started, service) = (clocks::boot(), Arc::clone(&first.shell.service));
    let First { shell, configuration, sealing, hooks, .. } = *first;
    let (signals, diagnostics, happened) = (first.signals, first.diagnostics, first.happened);
    // Before the log is read, which may take long.
    let hooks = hooking::starts(hooks, &configuration).map_err(told("thread hooks"))?;
    let starting = drilled::starts(&service)?;
    let (plan, opened) = read(&configuration, sealing, &service)?;
    let (running, plan) = known(configuration, plan, opened.last_configuration());
    let configuration = Arc::clone(&running.now().configuration);
    let hooking = Hooking::new(Arc::clone(&hooks), Arc::clone(&running));
    drop(lines::start(first.from_workers, Arc::clone(&running)).map_err(told("thread log"))?);
    let (disk, keys) = opened.disk();
    // To look only: who looks does not keep the journal for this process.
    let journal = SystemDisk::open(disk.path(), false).map_err(told("journal"))?;
    let (log, tasks) = pairing::lane(TASKS_MAX);
    let beat = Arc::default();
    let ship = start(Parts {
        configuration: Arc::clone(&configuration),
        disk,
        keys: Arc::clone(&keys),
        control: opened.control(),
        facts: opened.facts()?,
        digests: configuration.agreement(&keys),
        start: starts_now(),
        events: shell.events.clone(),
        log,
        beat: Arc::clone(&beat),
    })?;
    let of_journal = Arc::clone(&ship);
    trial::tell_what_is_missing(&configuration.endpoints);
    let tunings = Arc::new(Tunings::of(&configuration));
    let reload = reloads((opened.spoken(), &tunings), &shell, &running, (&ship, &keys))?;
    let standing = opened.stand(Standby {
        tasks,
        tell: Arc::new(move |told| of_journal.tell(told)),
        plan: &plan,
        tunings,
        ship: Some(Arc::clone(&ship)),
        notes: shell.notes.clone(),
        events: shell.events.clone(),
        progresses: &|| service.progresses(),
    })?;
    let pair = pair((journal, hooks), &ship, &running, &keys, (&standing, &shell))?;
    let overview = Overview {
        running: Arc::clone(&running),
        journal: standing.figures(),
        pair: Arc::clone(&pair),
        reload: reload.clone(),
        started,
    };
    let commands = Arc::new(Commands::default());
    let control = answers(overview, &commands, (&diagnostics, shell.demo))?;
    signals.become_events(shell.events.clone()).map_err(told("signals"))?;
    drop(starting);
    service.ready("standby");
    let (node, socket) = (&configuration.node, configuration.control_socket.display());
    info!(node, control = %socket, "standby: the ports are closed");
    let life = Life {
        service,
        running,
        ship,
        beat,
        diagnostics,
        control,
        happened,
        pair,
        reload,
        commands,
        hooking,
        stops: false,
    };
    life.stands(shell, standing)
}

/// Operators are answered from here on.
fn answers(
    overview: Overview,
    commands: &Arc<Commands>,
    (diagnostics, demo): (&Diagnostics, bool),
) -> Result<Option<ControlHandle>, Failure> {
    let socket = overview.running.now().configuration.control_socket.clone();
    let (status, sources) = overview.answers(commands);
    diagnostics.tell_of(status);
    control(&socket, sources, demo)
}

/// The plan, and the log as far as it is there.
fn read(
    configuration: &Configuration,
    sealing: Sealing,
    service: &Service,
) -> Result<(Plan, Box<Opened>), Failure> {
    let plan = planned(configuration)?;
    sealing.warnings.iter().for_each(|warning| warn!("{warning}"));
    let opened = journaling::open(configuration, sealing, &|| service.progresses())?;
    warn_of_what_does_nothing(configuration);
    let dialects = plan.stations.iter().map(|station| Arc::clone(&station.settings.dialect));
    opened.list_what_was_cut(&dialects.collect::<Vec<_>>(), &|| service.progresses());
    Ok((plan, opened))
}

fn planned(configuration: &Configuration) -> Result<Plan, Failure> {
    let plan = Plan::new(configuration.settings.clone());
    plan.map_err(|error| failed(format!("the settings can not be run: {error:?}")))
}

/// What is new at each start.
fn starts_now() -> Start {
    let incarnation = Incarnation(clocks::utc_ns().max(1));
    Start { incarnation, cluster_if_new: journaling::new_cluster(), yields: yields() }
}

/// What a standby runs by, by the number that it has for it; the journal ends with that of the other.
fn known(configuration: Configuration, plan: Plan, journal: u32) -> (Arc<Running>, Arc<Plan>) {
    let digest = configuration.digest();
    let (number, standby) = versions::number_of_standby(&configuration.state, &digest, journal);
    let plan = Arc::new(reload::called(plan, number));
    let first = Snapshot::first(configuration, Arc::clone(&plan), clocks::utc());
    let snapshot = Snapshot { standby, ..first };
    versions::keep_first(&snapshot);
    (Arc::new(Running::new(snapshot)), plan)
}

impl Life {
    /// A standby, until it reigns or ends.
    fn stands(self, shell: Shell, standing: Standing) -> Result<(), Failure> {
        let mut beats = vec![("ship", Arc::clone(&self.beat))];
        beats.extend(["journal", "replay"].into_iter().zip(standing.beats()));
        let mut watching = Watching::new(Arc::clone(&self.service), beats);
        match self.waits(&mut watching, Some(&self.reload))? {
            Turn::Reigns(reign) => self.reigns(&reign, shell, standing),
            Turn::Opens => Err(failed("it is to open without a reign".into())),
            Turn::Ends => {
                drop(shell);
                standing.stop();
                self.ends()
            }
        }
    }

    /// From the order to reign to open ports, and then as any node that serves.
    fn reigns(mut self, reign: &Reign, shell: Shell, standing: Standing) -> Result<(), Failure> {
        let ordered = clocks::boot();
        info!(epoch = reign.epoch.0, lossy = reign.lossy, "this node is to reign");
        let begun = self.begins(reign, shell, standing)?;
        let took_ms = since(ordered);
        info!(
            epoch = reign.epoch.0,
            took_ms, "the reign is begun; its first records are to be safe"
        );
        let beats = [("ship", Arc::clone(&self.beat))];
        let mut watching = Watching::new(Arc::clone(&self.service), beats);
        match self.waits(&mut watching, Some(begun.reload()))? {
            Turn::Opens => {}
            Turn::Reigns(_) => return Err(failed("it is to reign twice".into())),
            // Nothing was served: what was begun is as good as a crash.
            Turn::Ends => return self.ends(),
        }
        let mut begun = begun;
        let promoted = self.hooking.promoted(reign);
        if promoted.is_none() {
            begun.listen()?;
        }
        let serving = begun.serve()?;
        let begin = Begin { reign: self.begun_reign(reign, ordered), promoted };
        match serving.watch(&self.happened, Some((&self.ship, begin))) {
            Ok(End::Stops) => {
                serving.join();
                self.hooking.demoted("stopped");
                self.ship.parts(LEVEL_WITHIN);
                self.ends()
            }
            Ok(End::Anew(order)) => {
                if let Order::Demote(ending @ (Ending::Sick | Ending::Isolated)) = order {
                    // A process whose disk hangs can not begin anew before that does what it was asked to: its
                    // partners are to see closed links until then.
                    serving.leaves(CLOSED_WITHIN);
                    self.hooking.demoted(word(ending));
                }
                Err(self.anew(order))
            }
            Ok(End::HandsOver(id)) => {
                self.stops = serving.is_draining();
                let end = serving.hands_over();
                self.hooking.demoted("handed-over");
                self.ship.drained(id, end);
                info!(epoch = reign.epoch.0, "handed over: nothing more is written here");
                match self.waits(&mut watching, None)? {
                    Turn::Ends => self.ends(),
                    Turn::Reigns(_) | Turn::Opens => {
                        Err(failed("it is to reign behind its reign".into()))
                    }
                }
            }
            Err(failure) => {
                serving.fails(&failure);
                self.hooking.demoted("failed");
                self.hooking.finishes();
                if let Some(control) = self.control {
                    control.leave();
                }
                Err(failure)
            }
        }
    }

    /// Begins the writer where the log ends, and makes all that serves.
    fn begins(&self, reign: &Reign, shell: Shell, standing: Standing) -> Result<Begun, Failure> {
        // What runs now is what it reigns with.
        self.reload.is_over();
        let now = self.running.now();
        let configuration = &now.configuration;
        let Some(mut opened) = standing.promote(reign, (now.number(), now.digest)) else {
            last_failure(&self.happened)?;
            return Err(failed("the standby's threads have ended".into()));
        };
        let plan = planned(configuration)?;
        let journal = opened.last_configuration();
        let plan = Arc::new(opened.numbered(plan)?);
        let (number, ((_, by), how)) = (plan.numbers().configuration, (&now.since, now.how));
        info!(number, journal, by, how, "it reigns with this configuration");
        for what in self.pair.differing() {
            warn!("this reign begins with another {what} than the other node told last");
        }
        opened.says_too(self.commands.take());
        let built =
            Built::new(shell, configuration, plan, Some(opened), Some(Arc::clone(&self.ship)))?;
        let running = Arc::clone(&self.running);
        let begun = built.begin(|plan| {
            running.publish(Arc::new(now.numbered(plan)));
            running
        })?;
        let end = begun.end().expect("there is a log");
        self.ship.tell(Told::Reigns { end, begun: end.position });
        // The start has waited for its disk.
        self.ship.tell(Told::Durable(end));
        self.commands.go_on(begun.mesh());
        // A life has one reign at most; the first stays.
        drop(self.pair.serves.set(begun.mesh()));
        let (status, mut sources) = begun.answers(Some(Arc::clone(&self.pair)));
        self.diagnostics.tell_of(status);
        let pair = Arc::clone(&self.pair);
        sources.node = Box::new(move |request| pair.answer(request));
        if let Some(control) = &self.control {
            control.answered_by(sources);
        }
        Ok(begun)
    }

    /// Waits until there is something else to be than what it is.
    fn waits(&self, watching: &mut Watching, reload: Option<&Reload>) -> Result<Turn, Failure> {
        let words =
            || format!("{}; configuration {}", self.pair.words(), self.running.now().number());
        loop {
            match watching.next(&self.happened, &words)? {
                Next::Signal(SIGHUP) => self.reloads(reload),
                Next::Signal(signal) => {
                    info!(signal, "stopping");
                    self.service.stopping(Duration::ZERO);
                    return Ok(Turn::Ends);
                }
                Next::Order(Order::Reign(reign)) => return Ok(Turn::Reigns(reign)),
                Next::Order(Order::Open) => return Ok(Turn::Opens),
                // A signal came while it handed over: that is done first.
                Next::Order(Order::Demote(_) | Order::Anew(_) | Order::Admit) if self.stops => {
                    return Ok(Turn::Ends);
                }
                Next::Order(order @ (Order::Demote(_) | Order::Anew(_) | Order::Admit)) => {
                    return Err(self.anew(order));
                }
                Next::Order(Order::Halt(halting)) => {
                    return Err(Failure::new(EXIT_DATA, halted(halting)));
                }
                // There is nothing to drain, and nobody to play dead.
                Next::Order(Order::Drain(..) | Order::Die) => {}
            }
        }
    }

    fn reloads(&self, reload: Option<&Reload>) {
        let Some(reload) = reload else {
            let node = &self.running.now().configuration.node;
            return warn!(
                node,
                "SIGHUP: it has handed over, and reads its files when it begins anew"
            );
        };
        reload.is_signalled();
    }

    /// Begins anew. An operator who wanted that hears of it first; then nothing is served any more, or as much
    /// may be as before.
    fn anew(&self, order: Order) -> Failure {
        let (why, word) = match order {
            Order::Demote(ending) => (ended(ending), word(ending)),
            Order::Anew(why) => (why.to_owned(), "anew"),
            Order::Die => return self.dies(),
            Order::Admit | Order::Drain(..) | Order::Halt(_) | Order::Open | Order::Reign(_) => {
                let why = "the other node did not take over what was handed to it";
                (why.to_owned(), "not-taken")
            }
        };
        let is_wished = matches!(
            order,
            Order::Demote(
                Ending::ByOperator
                    | Ending::HandedOver(_)
                    | Ending::NotAnswered
                    | Ending::NotTaken
                    | Ending::Isolated
                    | Ending::Rejoins
            )
        );
        if let Some(control) = self.control.as_ref().filter(|_| is_wished) {
            control.lets_answer(ANSWERED_WITHIN);
        }
        let is_sick = matches!(order, Order::Demote(Ending::Sick));
        // What follows may take as long as the manager waits, and what it learned last is old by then.
        self.service.alive();
        if is_wished || is_sick {
            self.gives_lease_back();
        }
        let dying = self.ends_sick(is_sick);
        again(&why, is_sick, self.hooking.leaves(word), dying.as_ref())
    }

    /// Who may take over by the witness does so at once, and not when a lease of this node ends; a witness that
    /// does not answer holds nothing up for longer than one answer may take.
    fn gives_lease_back(&self) {
        if let Some(witness) = &self.running.now().configuration.witness {
            self.ship.gives_lease_back(witness.timeout);
        }
    }

    fn ends(self) -> Result<(), Failure> {
        self.ship.stop();
        self.gives_lease_back();
        self.hooking.finishes();
        drop(self.control);
        last_failure(&self.happened)?;
        info!("stopped");
        Ok(())
    }
}

fn since(begun: Time) -> u64 {
    u64::try_from(clocks::boot().since(begun).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
