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

mod reading;

mod returning;

mod adopting;

mod progress;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded, select_biased};
use switch_net::Budget;
use tracing::{error, info, warn};

use crate::change::{ConfigReply, ConfigRequest, Planned, Stage};
use crate::config::Mode;
use crate::journaling::{self, Register, Spoken};
use crate::mesh::Mesh;
use crate::not_done::NotDone;
use crate::running::Running;
use crate::service::Service;
use crate::tunings::Tunings;
use crate::versions::Versions;
pub use progress::Reloads;
use progress::State;
use reading::{Found, Ports};

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
    /// The ways to the workers.
    pub mesh: Arc<Mesh>,
    /// Of all sockets.
    pub budget: Budget,
    /// Who has which numbers.
    pub register: Register,
    /// Where the fold hears of dialects that are new; none where no journal is kept.
    pub spoken: Option<Arc<Spoken>>,
    /// Where versions are kept.
    pub versions: Option<Arc<Versions>>,
    /// What other threads run by.
    pub tunings: Arc<Tunings>,
    /// Whether there is a key provider.
    pub keys: bool,
    /// Whether the node is stopping.
    pub draining: Arc<AtomicBool>,
    /// Who is told that it reloads.
    pub service: Arc<Service>,
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
    versions: Option<Arc<Versions>>,
    file: PathBuf,
}

/// Starts the thread. It ends with the process.
pub fn start(parts: Parts) -> std::io::Result<Reload> {
    let (reloads, wanted) = bounded(1);
    let (plans, asked) = bounded(PLANS_MAX);
    let state = Arc::new(State::default());
    let reload = Reload {
        reloads,
        plans,
        state: Arc::clone(&state),
        running: Arc::clone(&parts.running),
        draining: Arc::clone(&parts.draining),
        versions: parts.versions.clone(),
        file: std::path::absolute(&parts.file).unwrap_or_else(|_| parts.file.clone()),
    };
    let thread = Thread { parts, state, unwritten: Vec::new() };
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

struct Thread {
    parts: Parts,
    state: Arc<State>,
    /// Records of a reload that the journal had no room for: their numbers are given, so they come
    /// before any others.
    unwritten: Vec<Vec<u8>>,
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
        self.parts.service.reloading();
        let by = reason.by.as_str();
        let (stage, refusals, words) = match self.take_up(reason) {
            Ok(Some(number)) => {
                info!(number, by, "configuration adopted");
                (Stage::Done, Vec::new(), format!("serving, configuration {number}"))
            }
            Ok(None) => {
                info!(by, "the configuration says what runs already: nothing has changed");
                (Stage::Unchanged, Vec::new(), "serving".to_owned())
            }
            Err(refusals) => {
                for refusal in &refusals {
                    error!(by, "configuration refused: {refusal}");
                }
                let number = self.parts.running.now().number();
                warn!(number, by, "the new configuration is refused: the old one goes on");
                let words = format!("serving, configuration {number}; the last reload was refused");
                (Stage::Refused, refusals, words)
            }
        };
        self.parts.service.reloaded(&words);
        self.state.ends(stage, refusals)
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
        self.adopt(*next, reason).map(Some)
    }
}

/// Why it can not be taken up.
fn reasons(planned: Planned) -> Vec<String> {
    let restart = planned.changes.told.iter().filter(|change| change.restart.is_some());
    planned.refusals.into_iter().chain(restart.map(ToString::to_string)).collect()
}
