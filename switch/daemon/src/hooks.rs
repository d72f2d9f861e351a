//! What an operator has done when a reign begins or ends here, as a virtual address that comes and goes: commands
//! of his own, one at a time, on a thread of their own. Must not know what they do.
//!
//! A command has [`WITHIN`] and is killed then, with all that it started; when this thread stalls, nothing else
//! does, but for ports that wait for `on_promote`, [`LATE`] at most, and an end that waits for `on_demote`, no longer
//! than that. One that fails is told in the log and in the status until a later one does not.
//!
//! The end of a reign is an `exec` of the process by itself. Where nothing may wait for the command, as when
//! another node reigns, the next image runs it, before it reads anything: it is told in its environment.

mod child;

use std::ffi::OsString;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};
use serde::{Deserialize, Serialize};
use switch_core::time::Time;
use tracing::{error, info};

use crate::clocks;
use crate::status::HookStatus;
use child::Turn;

/// How long a command may take. Shorter than the watchdog of `sekishod.service` waits, as an end waits for it.
const WITHIN: Duration = Duration::from_secs(4);
/// How long ports wait for one at most, with one before it. One whose start hangs does not end by itself.
pub(crate) const LATE: Duration = Duration::from_secs(10);
/// Calls that wait at most: begin and end of a reign, and the start of the next life.
const CALLS_MAX: usize = 8;
/// What the next image of this process is told.
pub(crate) const ENDED: &str = "SEKISHO_REIGN_ENDED";

/// Which command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hook {
    OnPromote,
    OnDemote,
}

impl Hook {
    fn word(self) -> &'static str {
        match self {
            Self::OnPromote => "on_promote",
            Self::OnDemote => "on_demote",
        }
    }
}

/// A command and what it is told, in its environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) hook: Hook,
    /// The program by its path, and its arguments.
    pub(crate) command: Vec<String>,
    /// This node and the other one.
    pub(crate) node: String,
    pub(crate) peer: String,
    /// Of the reign; 0 where it is not known.
    pub(crate) epoch: u32,
    /// Why it begins or ends, in one word.
    pub(crate) reason: String,
}

/// What a process is told by the one that it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ended {
    call: Call,
    /// It was run already, and ended well.
    done: bool,
}

/// Who has commands run.
pub(crate) struct Hooks {
    calls: Sender<(Call, Sender<bool>)>,
    shown: Arc<Mutex<Shown>>,
    turn: Arc<Turn>,
    /// The reign that ended in the process that this one was, if `on_demote` was not run for it yet.
    inherited: Option<Receiver<bool>>,
    /// It was.
    was_demoted: bool,
}

/// What there is to show of the commands.
#[derive(Default)]
struct Shown {
    /// The last one, if it failed.
    failed: Option<Failed>,
    /// The one that runs, and since when.
    running: Option<(Hook, Time)>,
}

struct Failed {
    hook: Hook,
    why: String,
    at: Time,
}

impl Hooks {
    /// Starts the thread, and what the process before this one left to be run.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(crate) fn start() -> io::Result<Self> {
        let (calls, called) = bounded::<(Call, Sender<bool>)>(CALLS_MAX);
        let shown = Arc::default();
        let of_thread = Arc::clone(&shown);
        let turn = Arc::<Turn>::default();
        let taken = Arc::clone(&turn);
        // It ends with whoever calls.
        thread::Builder::new().name("hooks".into()).spawn(move || {
            for (call, done) in called {
                let is_well = run(&call, &of_thread, &taken);
                // Who called may wait no longer.
                let _unheard = done.try_send(is_well);
            }
        })?;
        let mut hooks = Self { calls, shown, turn, inherited: None, was_demoted: false };
        if let Some(Ended { call, done }) = ended() {
            hooks.was_demoted = true;
            hooks.inherited = (!done).then(|| hooks.runs(call));
        }
        Ok(hooks)
    }

    /// Has a command run behind those before it; what comes back is ready when it has ended, and says whether that
    /// was with 0.
    pub(crate) fn runs(&self, call: Call) -> Receiver<bool> {
        let (done, receiver) = bounded(1);
        let hook = call.hook.word();
        if self.calls.try_send((call, done)).is_err() {
            error!(hook, "not run: too many commands wait");
        }
        receiver
    }

    /// Whether the end of a reign of the process that this one was is seen to.
    pub(crate) fn was_demoted(&self) -> bool {
        self.was_demoted
    }

    /// Waits for what was left to be run, for who ends before there is anything else.
    pub(crate) fn ends(&self) {
        self.inherited.iter().for_each(|done| {
            awaits(done);
        });
    }

    /// Nothing is run any more, and what runs now is killed: it would go on beside the next image of this process.
    pub(crate) fn stops(&self) {
        self.turn.ends(child::GONE_WITHIN);
    }

    /// The command that does not come back, or the last one, if it failed.
    pub(crate) fn status(&self) -> Option<HookStatus> {
        lock(&self.shown).status(clocks::boot())
    }
}

impl Shown {
    fn status(&self, now: Time) -> Option<HookStatus> {
        let told = |hook: Hook, why: &str, since: Time| HookStatus {
            hook: hook.word().to_owned(),
            why: why.to_owned(),
            since_s: now.since(since).as_secs(),
        };
        let is_late = |since: &(Hook, Time)| now.since(since.1) > WITHIN + child::GONE_WITHIN * 2;
        if let Some((hook, since)) = self.running.filter(is_late) {
            return Some(told(hook, "it has not come back", since));
        }
        self.failed.as_ref().map(|Failed { hook, why, at }| told(*hook, why, *at))
    }
}

/// What is shown is whole at any time: one who panicked with it leaves it as it is.
fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the end of a command, for as long as it may take; says whether it ended well by then.
pub(crate) fn awaits(done: &Receiver<bool>) -> bool {
    // It says why it failed by itself.
    done.recv_timeout(WITHIN).unwrap_or(false)
}

/// For the environment of the image that takes the place of this one: its reign ended, and whether the command
/// was run already.
pub(crate) fn left(call: Call, done: bool) -> String {
    serde_json::to_string(&Ended { call, done }).expect("texts and numbers")
}

/// Whether the image before this one left something.
pub(crate) fn is_left() -> bool {
    ended().is_some()
}

fn ended() -> Option<Ended> {
    serde_json::from_str(&std::env::var(ENDED).ok()?).ok()
}

fn run(call: &Call, shown: &Mutex<Shown>, turn: &Turn) -> bool {
    let begun = clocks::boot();
    lock(shown).running = Some((call.hook, begun));
    let (said, why) = match child::run(&call.command, &environment(call), WITHIN, turn) {
        Ok(child::Ran { said, why }) => (said, why),
        Err(error) => (String::new(), Some(format!("it can not be run: {error}"))),
    };
    let took_ms = u64::try_from(clocks::boot().since(begun).as_millis()).unwrap_or(u64::MAX);
    let (hook, command) = (call.hook.word(), call.command.join(" "));
    let Call { epoch, reason, .. } = call;
    let mut shown = lock(shown);
    shown.running = None;
    let is_well = why.is_none();
    if let Some(why) = why {
        error!(hook, command, epoch, reason, took_ms, why, said, "the command failed");
        shown.failed = Some(Failed { hook: call.hook, why, at: clocks::boot() });
    } else {
        info!(hook, command, epoch, reason, took_ms, said, "the command has run");
        shown.failed = None;
    }
    is_well
}

fn environment(call: &Call) -> Vec<(&'static str, OsString)> {
    let path = std::env::var_os("PATH");
    let path = path.unwrap_or_else(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin".into());
    vec![
        ("PATH", path),
        ("SEKISHO_HOOK", call.hook.word().into()),
        ("SEKISHO_NODE", call.node.clone().into()),
        ("SEKISHO_PEER", call.peer.clone().into()),
        ("SEKISHO_EPOCH", call.epoch.to_string().into()),
        ("SEKISHO_REASON", call.reason.clone().into()),
    ]
}

#[cfg(test)]
mod tests;
