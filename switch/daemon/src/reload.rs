//! The thread `reload`: takes up what the configuration's files say now, while the node runs. When it
//! stalls, the configuration stays as it is, and no transaction waits. Must not know what a setting
//! means.
//!
//! ```text
//! reading    read, validate, open what is named, compare, open new ports     refused: nothing has changed
//! writing    numbers of what is new, through worker 0, committed
//! adopting   every worker knows the new plan                                 (Command::Adopt)
//! opening    new ports and links are opened, old ones closed                 (Command::Open)
//! ```
//!
//! Each step begins when the one before has ended at every worker, so no worker ever hears of a station
//! that it does not know. From `adopting` on there is no way back: a worker that does not answer is
//! named, and waited for.
//!
//! A standby has no workers: it reads, compares and refuses by the same rules, and what it takes up is what
//! its next reign begins with (`standing.rs`).

mod reading;

mod returning;

mod adopting;

mod standing;

mod progress;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded, select_biased};
use journal::roles::event::Event as Told;
use journal::seal::Keys;
use switch_net::Budget;
use tracing::{error, info, warn};

use crate::change::{ConfigReply, ConfigRequest, Planned, Stage};
use crate::config::Mode;
use crate::journaling::{self, Register, Spoken};
use crate::mesh::Mesh;
use crate::not_done::NotDone;
use crate::peer::Ship;
use crate::running::{Running, Snapshot};
use crate::service::Service;
use crate::tunings::Tunings;
use crate::versions::Versions;
pub use progress::Reloads;
use progress::State;
use reading::{Found, Ports};
pub(crate) use standing::called;

/// Plans that operators ask for: so many wait for the thread at most. Of reloads there is one at a time.
const PLANS_MAX: usize = 4;
/// How long an operator waits for a plan.
const PATIENCE: Duration = Duration::from_secs(4);
/// Of the changes, so many are a line each in the log.
const CHANGES_LOGGED_MAX: usize = 50;

/// What the thread works with.
#[derive(Debug)]
pub struct Parts {
    /// The main file, and how it is to be read.
    pub file: PathBuf,
    /// As the daemon was started.
    pub mode: Mode,
    /// What runs.
    pub running: Arc<Running>,
    /// Where versions are kept.
    pub versions: Option<Arc<Versions>>,
    /// Whether the node is stopping.
    pub draining: Arc<AtomicBool>,
    /// Who is told that it reloads.
    pub service: Arc<Service>,
    /// Where there is a peer: the way to it, and the key of the journal, as both must have what is said there.
    pub agreed: Option<(Arc<Ship>, Arc<Keys>)>,
}

/// Who takes a configuration up.
#[derive(Debug)]
pub enum Part {
    /// Workers that serve.
    Serves(Box<Serves>),
    /// Nobody before the next reign; the fold hears of dialects that are new, and others of what they run by.
    Stands(Arc<Spoken>, Arc<Tunings>),
}

/// What serves.
#[derive(Debug)]
pub struct Serves {
    /// The ways to the workers.
    pub mesh: Arc<Mesh>,
    /// Of all sockets.
    pub budget: Budget,
    /// Who has which numbers.
    pub register: Register,
    /// Where the fold hears of dialects that are new; none where no journal is kept.
    pub spoken: Option<Arc<Spoken>>,
    /// What other threads run by.
    pub tunings: Arc<Tunings>,
    /// Whether there is a key provider.
    pub keys: bool,
    /// Told when the ports are given to the workers: what a reload changes of them is held against what is open.
    /// None when that was heard.
    pub ports: Option<Receiver<()>>,
    /// Records of a reload that the journal had no room for: their numbers are given, so they come
    /// before any others.
    pub unwritten: Vec<Vec<u8>>,
}

/// Who wants a reload, and of what.
#[derive(Clone, Debug)]
struct Reason {
    by: String,
    how: &'static str,
    /// Only of files with this digest.
    expect: Option<String>,
}

/// The way to the thread. Nobody waits for it but who asks what a reload would do.
#[derive(Clone, Debug)]
pub struct Reload {
    reloads: Sender<Reason>,
    /// Who wants to know what a reload would do.
    plans: Sender<Sender<Planned>>,
    state: Arc<State>,
    running: Arc<Running>,
    draining: Arc<AtomicBool>,
    over: Arc<Mutex<bool>>,
    versions: Option<Arc<Versions>>,
    file: PathBuf,
}

/// Starts the thread, for whoever takes up what it reads. It ends with the process.
pub fn start(part: Part, parts: Parts) -> std::io::Result<Reload> {
    let (reloads, wanted) = bounded(1);
    let (plans, asked) = bounded(PLANS_MAX);
    let state = Arc::new(State::default());
    let over = Arc::default();
    let reload = Reload {
        reloads,
        plans,
        state: Arc::clone(&state),
        running: Arc::clone(&parts.running),
        draining: Arc::clone(&parts.draining),
        over: Arc::clone(&over),
        versions: parts.versions.clone(),
        file: std::path::absolute(&parts.file).unwrap_or_else(|_| parts.file.clone()),
    };
    let thread = Thread { part, parts, state, over };
    thread::Builder::new().name("reload".into()).spawn(move || thread.run(&wanted, &asked))?;
    Ok(reload)
}

impl Reload {
    /// SIGHUP came. While a reload is under way it is remembered, and one more follows.
    pub fn is_signalled(&self) {
        let reason = Reason { by: "SIGHUP".into(), how: "signal", expect: None };
        if self.draining.load(Ordering::Relaxed) {
            warn!("SIGHUP: the node is stopping, and its configuration stays as it is");
            self.state.refused_at_once(&reason, DRAINING);
        } else if self.state.begins(&reason, true) {
            self.state.hand(&self.reloads, reason);
        }
    }

    /// Answers an operator of that name.
    ///
    /// # Errors
    /// Why nothing is begun, or nothing is known.
    pub fn answer(&self, request: &ConfigRequest, by: &str) -> Result<ConfigReply, NotDone> {
        let mut reply = self.reply();
        match request {
            ConfigRequest::Progress => {}
            ConfigRequest::Plan => reply.plan = Some(self.plan()?),
            ConfigRequest::Apply { expect } => {
                if self.draining.load(Ordering::Relaxed) {
                    return Err(NotDone::Conflict(DRAINING.into()));
                }
                if *lock(&self.over) {
                    return Err(NotDone::Conflict(OVER.into()));
                }
                let reason = Reason { by: by.into(), how: "apply", expect: expect.clone() };
                if !self.state.begins(&reason, false) {
                    return Err(NotDone::Conflict(UNDER_WAY.into()));
                }
                self.state.hand(&self.reloads, reason);
                reply.progress = self.state.shown().last;
            }
            ConfigRequest::History => {
                let listed = self.versions()?.list();
                reply.versions = listed.map_err(|error| NotDone::Failed(error.to_string()))?;
            }
            ConfigRequest::Version { number } => {
                let (version, files) = self.versions()?.files(*number)?;
                (reply.version, reply.files) = (Some(version), files);
            }
        }
        Ok(reply)
    }

    /// From here on this thread takes nothing up: what runs now is what the node goes on with.
    pub(crate) fn is_over(&self) {
        *lock(&self.over) = true;
    }

    /// How far the reload is that is under way, and how the last ones ended.
    pub fn shown(&self) -> Reloads {
        self.state.shown()
    }

    fn versions(&self) -> Result<&Versions, NotDone> {
        let none =
            || NotDone::NotFound("no versions are kept: there is no journal, or no room".into());
        self.versions.as_deref().ok_or_else(none)
    }

    fn reply(&self) -> ConfigReply {
        ConfigReply {
            running: self.running.now().version(),
            file: self.file.display().to_string(),
            progress: self.state.shown().last,
            ..ConfigReply::default()
        }
    }

    fn plan(&self) -> Result<Planned, NotDone> {
        if self.state.is_busy() {
            return Err(NotDone::Conflict(UNDER_WAY.into()));
        }
        let (sender, planned) = bounded(1);
        let many = || NotDone::Failed("others wait for plans already; try again".into());
        let silent = || NotDone::Failed("the files were not read in time; try again".into());
        self.plans.try_send(sender).map_err(|_| many())?;
        planned.recv_timeout(PATIENCE).map_err(|_| silent())
    }
}

const UNDER_WAY: &str = "a reload is under way; see sekisho config plan when it has ended";
const DRAINING: &str = "the node is stopping, and its configuration stays as it is";
/// Why nothing is taken up by who ends before it serves.
const NEVER_OPEN: &str =
    "this node ends or begins anew before its ports are open: its next start reads the files";
/// Why a standby takes nothing up.
const OVER: &str =
    "this node begins to reign, with the configuration that it had: apply this one when it serves";

struct Thread {
    part: Part,
    parts: Parts,
    state: Arc<State>,
    /// Held while something becomes what runs, by who is no worker: behind a true nothing does.
    over: Arc<Mutex<bool>>,
}

impl Thread {
    fn run(mut self, wanted: &Receiver<Reason>, asked: &Receiver<Sender<Planned>>) {
        journaling::lowest_priority();
        loop {
            select_biased! {
                recv(wanted) -> reason => {
                    let Ok(mut reason) = reason else { return };
                    while let Some(next) = self.reload(&reason) {
                        reason = next;
                    }
                }
                recv(asked) -> to => {
                    let Ok(to) = to else { return };
                    // Who asked may have given up.
                    drop(to.try_send(self.planned()));
                }
            }
        }
    }

    fn planned(&self) -> Planned {
        match self.look(Ports::TriedOut) {
            Ok(Found::Next(next)) => next.planned,
            Ok(Found::Same(planned)) => planned,
            Err(planned) => *planned,
        }
    }

    /// One reload, to its end; the next one, if one is to follow.
    fn reload(&mut self, reason: &Reason) -> Option<Reason> {
        let by = reason.by.as_str();
        if !self.ports_are_open() {
            error!(by, "configuration refused: {NEVER_OPEN}");
            return self.state.ends(Stage::Refused, vec![NEVER_OPEN.into()]);
        }
        self.parts.service.reloading();
        let does = match self.part {
            Part::Serves(_) => "serving",
            Part::Stands(..) => "standby",
        };
        let (stage, refusals, words) = match self.take_up(reason) {
            Ok(Some(number)) => {
                info!(number, by, "configuration adopted");
                (Stage::Done, Vec::new(), format!("{does}, configuration {number}"))
            }
            Ok(None) => {
                info!(by, "the configuration says what runs already: nothing has changed");
                (Stage::Unchanged, Vec::new(), does.to_owned())
            }
            Err(refusals) => {
                for refusal in &refusals {
                    error!(by, "configuration refused: {refusal}");
                }
                let number = self.parts.running.now().number();
                warn!(number, by, "the new configuration is refused: the old one goes on");
                let words = format!("{does}, configuration {number}; the last reload was refused");
                (Stage::Refused, refusals, words)
            }
        };
        self.parts.service.reloaded(&words);
        self.state.ends(stage, refusals)
    }

    /// Waits until they are; false: they will not be in this life.
    fn ports_are_open(&mut self) -> bool {
        let Part::Serves(serves) = &mut self.part else { return true };
        let are_open = serves.ports.as_ref().is_none_or(|ports| ports.recv().is_ok());
        if are_open {
            serves.ports = None;
        }
        are_open
    }

    /// The number that it has got; none when nothing has changed. Or why it was refused.
    fn take_up(&mut self, reason: &Reason) -> Result<Option<u32>, Vec<String>> {
        if self.parts.draining.load(Ordering::Relaxed) {
            return Err(vec![DRAINING.into()]);
        }
        let next = match self.look(Ports::Opened).map_err(|planned| reasons(*planned))? {
            Found::Same(_) => return Ok(None),
            Found::Next(next) => next,
        };
        let Planned { digest, changes, warnings, .. } = &next.planned;
        if reason.expect.as_ref().is_some_and(|expected| expected != digest) {
            return Err(vec!["the files are not what was planned any more: plan again".into()]);
        }
        self.state.now(|progress| {
            progress.digest.clone_from(digest);
            progress.changes = changes.total();
        });
        for change in changes.told.iter().take(CHANGES_LOGGED_MAX) {
            info!("change: {change}");
        }
        let left = changes.total().saturating_sub(CHANGES_LOGGED_MAX as u64);
        if left > 0 {
            info!(more = left, "and more changes");
        }
        for warning in warnings {
            warn!("{warning}");
        }
        let Self { part, parts, state, over } = self;
        let adopted = match part {
            Part::Serves(serves) => serves.adopt(parts, state, *next, reason)?,
            Part::Stands(spoken, tunings) => {
                let adopted = standing::adopt(spoken, parts, over, *next, reason)?;
                tunings.set(&adopted.configuration);
                adopted
            }
        };
        let number = adopted.number();
        state.now(|progress| progress.number = number);
        parts.keep(&adopted);
        Ok(Some(number))
    }
}

impl Parts {
    /// The peer hears what both must have alike.
    fn tell_peer(&self, adopted: &Snapshot) {
        if let Some((ship, keys)) = &self.agreed {
            ship.tell(Told::Digests(adopted.configuration.agreement(keys)));
        }
    }

    /// Keeps the files. That they can not be kept is no reason to go back.
    fn keep(&self, adopted: &Snapshot) {
        let Some(versions) = &self.versions else { return };
        let sources = &adopted.configuration.sources;
        if let Err(error) = versions.keep(&adopted.version(), sources) {
            let (number, error) = (adopted.number(), error.to_string());
            warn!(number, error, "this version of the configuration can not be kept");
        }
    }
}

/// A flag is whole at any time: one who panicked with it leaves it as it is.
fn lock(over: &Mutex<bool>) -> MutexGuard<'_, bool> {
    over.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why it can not be taken up.
fn reasons(planned: Planned) -> Vec<String> {
    let restart = planned.changes.told.iter().filter(|change| change.restart.is_some());
    planned.refusals.into_iter().chain(restart.map(ToString::to_string)).collect()
}
