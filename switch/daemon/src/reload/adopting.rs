//! What was read is taken up: written down, then known to every worker, then open to the world. There is
//! no way back from the second on. Must not know where it was read.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam::channel::{RecvTimeoutError, bounded};
use switch_core::ids::WorkerId;
use tracing::{error, warn};

use super::progress::State;
use super::reading::Ready;
use super::{Parts, Reason, Serves};

use crate::change::Stage;
use crate::clocks;
use crate::descriptors::{self, Descriptors};
use crate::journaling::NO_NUMBERS;
use crate::logs;
use crate::running::Snapshot;
use crate::worker::{Command, Next, Taken, TakenBy};

/// How long a worker may take for a step before it is named.
const PATIENCE: Duration = Duration::from_secs(5);
/// Why what is new was not written down.
const NO_ROOM: &str = "the journal has no room for what is new of the configuration";
const NO_ANSWER: &str = "worker 0, which writes down what is new, does not take up what it is told";
/// What holds of a refusal then: the journal goes on, and says no wrong thing.
const SOME_ARE_WRITTEN: &str =
    "; numbers of new stations that were written down already are kept for them";
/// How often a worker is asked again whose queue of commands is full.
const ASK_AGAIN: Duration = Duration::from_millis(100);

impl Serves {
    /// Takes up what was read.
    ///
    /// # Errors
    /// Why it could not be written down. Nothing has changed then.
    pub(super) fn adopt(
        &mut self,
        parts: &Parts,
        state: &State,
        ready: Ready,
        reason: &Reason,
    ) -> Result<Arc<Snapshot>, Vec<String>> {
        let (utc, digest) = (clocks::utc(), ready.configuration.digest());
        let allotted = self.register.allot(&ready.plan, digest, utc);
        let allotted = allotted.ok_or_else(|| vec![NO_NUMBERS.to_owned()])?;
        let number = allotted.numbers.configuration;
        state.now(|progress| (progress.stage, progress.number) = (Stage::Writing, number));
        if let Some(spoken) = &self.spoken {
            spoken.add(ready.dialects());
            self.unwritten.extend(allotted.new);
            self.write()?;
        }
        let Ready { mut configuration, plan, places, endpoints, ports, .. } = ready;
        // The room that there is stays, though messages may be shorter now.
        configuration.settings.limits.parked_frame_max = plan.limits.parked_frame_max;
        let next = Arc::new(Next {
            plan: Arc::new(plan.numbered(allotted.numbers)),
            endpoints: endpoints.into(),
            spin: configuration.spin,
            ports: ports.into_iter().map(Mutex::new).collect(),
        });
        self.make_room(&next);
        state.asks(number, next.plan.workers);
        parts.running.announce(Arc::clone(&next.plan));
        self.step(state, &next, Command::Adopt);
        self.tunings.set(&configuration);
        logs::set_level(configuration.log_level.into());
        let adopted = Arc::new(Snapshot {
            configuration: Arc::from(configuration),
            plan: Arc::clone(&next.plan),
            endpoints: Arc::clone(&next.endpoints),
            places,
            since: (utc, reason.by.clone()),
            how: reason.how,
            digest,
            standby: false,
        });
        let old = parts.running.publish(Arc::clone(&adopted));
        parts.tell_peer(&adopted);
        state.now(|progress| progress.stage = Stage::Opening);
        self.step(state, &next, Command::Open);
        // The routes of before are freed here: no worker has time for that.
        drop(old);
        Ok(adopted)
    }

    /// Writes down what is new, through the gate of a worker; returns when it is committed. One record
    /// after the other: how many of several found room nobody would know.
    fn write(&mut self) -> Result<(), Vec<String>> {
        let mut some_are = false;
        while let Some(record) = self.unwritten.first() {
            let (sender, written) = bounded(1);
            let command = Command::Write(vec![record.clone()], sender);
            let given = self.mesh.command(WorkerId(0), command);
            let why = if given { NO_ROOM } else { NO_ANSWER };
            let is_written = given
                && loop {
                    match written.recv_timeout(PATIENCE) {
                        Ok(is_written) => break is_written,
                        Err(RecvTimeoutError::Timeout) => {
                            warn!(
                                worker = 0,
                                "it does not write down what is new of the configuration"
                            );
                        }
                        Err(RecvTimeoutError::Disconnected) => break false,
                    }
                };
            if !is_written {
                let before = if some_are { SOME_ARE_WRITTEN } else { "" };
                return Err(vec![format!("{why}{before}; try again")]);
            }
            self.unwritten.remove(0);
            some_are = true;
        }
        Ok(())
    }

    /// Descriptors for all links.
    fn make_room(&self, next: &Next) {
        let Descriptors { allowed, needed, links_max } =
            descriptors::raise(&next.plan, &next.endpoints);
        if allowed < needed {
            warn!(allowed, needed, "{}", descriptors::TOO_FEW);
        }
        self.budget.set(links_max);
    }

    /// Has every worker take a step, and waits until all have.
    fn step(
        &self,
        state: &State,
        next: &Arc<Next>,
        command: impl Fn(Arc<Next>, TakenBy) -> Command,
    ) {
        let workers = || (0..next.plan.workers).map(WorkerId);
        let (sender, taken) = bounded(2 * usize::from(next.plan.workers));
        let (mut unasked, mut waited_for): (Vec<_>, BTreeSet<_>) =
            (workers().collect(), workers().collect());
        let begun = clocks::boot();
        let mut named = begun;
        while !waited_for.is_empty() {
            unasked.retain(|&worker| {
                !self.mesh.command(worker, command(Arc::clone(next), sender.clone()))
            });
            let wait = if unasked.is_empty() { PATIENCE } else { ASK_AGAIN };
            if let Ok(Taken { worker, problems }) = taken.recv_timeout(wait) {
                waited_for.remove(&worker);
                state.taken(worker, clocks::boot().since(begun));
                state.has(worker, &problems);
                for problem in problems {
                    error!(worker = worker.0, "{problem}");
                }
            }
            let now = clocks::boot();
            if now.since(named) >= PATIENCE {
                named = now;
                for worker in &waited_for {
                    let (worker, seconds) = (worker.0, now.since(begun).as_secs());
                    error!(
                        worker,
                        seconds, "it does not take up the configuration; it is waited for"
                    );
                }
            }
        }
    }
}
