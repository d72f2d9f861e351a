//! How far the reload is that is under way, and how the last ones ended: what others see of the thread.
//! Its lock is held for moments only. Must not know what a reload does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam::channel::Sender;
use switch_core::ids::WorkerId;

use super::Reason;
use crate::change::{Adoption, Progress, Stage};
use crate::clocks;

/// The reloads that there is something to say of.
#[derive(Clone, Debug, Default)]
pub struct Reloads {
    /// The one that is under way, or the last one.
    pub last: Option<Progress>,
    /// The last one that was refused, until one is not.
    pub refused: Option<Progress>,
}

#[derive(Debug, Default)]
pub(super) struct State(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    shown: Reloads,
    runs: u64,
    /// One is under way, or about to be.
    busy: bool,
    /// One more is to follow.
    again: Option<Reason>,
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Each change is one step, so a thread that ended badly has left it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins one; false when another is under way. `or_later`: this one follows it then.
    pub(super) fn begins(&self, reason: &Reason, or_later: bool) -> bool {
        let mut inner = self.lock();
        if inner.busy {
            if or_later {
                inner.again = Some(reason.clone());
            }
            return false;
        }
        inner.begin(reason);
        true
    }

    /// One has ended, like this; another begins, if one is to follow. In one step: who sees its end can
    /// begin the next.
    pub(super) fn ends(&self, stage: Stage, refusals: Vec<String>) -> Option<Reason> {
        let mut inner = self.lock();
        let Reloads { last, refused } = &mut inner.shown;
        if let Some(progress) = last {
            (progress.stage, progress.refusals) = (stage, refusals);
        }
        *refused = last.clone().filter(|_| stage == Stage::Refused);
        inner.busy = false;
        let again = inner.again.take();
        if let Some(reason) = &again {
            inner.begin(reason);
        }
        again
    }

    /// Hands over one that has begun to whom carries it out. One that can not be handed over has ended, and
    /// so has each that was to follow it: nothing is under way then.
    pub(super) fn hand(&self, to: &Sender<Reason>, reason: Reason) {
        let mut next = Some(reason);
        // There is room for one, and there is one at a time.
        while let Some(Err(_)) = next.take().map(|reason| to.try_send(reason)) {
            let why = "the thread that reloads does not answer";
            next = self.ends(Stage::Refused, vec![why.to_owned()]);
        }
    }

    /// Says more of the one that is under way.
    pub(super) fn now(&self, change: impl FnOnce(&mut Progress)) {
        if let Some(progress) = &mut self.lock().shown.last {
            change(progress);
        }
    }

    /// One was refused before it began.
    pub(super) fn refused_at_once(&self, reason: &Reason, why: &str) {
        let mut inner = self.lock();
        let (busy, run) = (inner.busy, inner.runs + 1);
        let refused = Progress {
            stage: Stage::Refused,
            refusals: vec![why.to_owned()],
            ..progress(run, reason)
        };
        inner.runs = run;
        // What is under way is shown on.
        if !busy || inner.shown.last.is_none() {
            inner.shown.last = Some(refused.clone());
        }
        inner.shown.refused = Some(refused);
    }

    pub(super) fn is_busy(&self) -> bool {
        self.lock().busy
    }

    pub(super) fn shown(&self) -> Reloads {
        self.lock().shown.clone()
    }

    /// The workers are asked for the first step.
    pub(super) fn asks(&self, number: u32, workers: u8) {
        self.now(|progress| {
            let adoption = |worker| Adoption { worker, ..Adoption::default() };
            progress.number = number;
            progress.stage = Stage::Adopting;
            progress.workers = (0..workers).map(adoption).collect();
        });
    }

    /// A worker could not do something, and goes on without.
    pub(super) fn has(&self, worker: WorkerId, problems: &[String]) {
        let worker = worker.0;
        let problems = problems.iter().map(|problem| format!("worker {worker}: {problem}"));
        self.now(|progress| progress.problems.extend(problems));
    }

    /// A worker has taken a step after that time.
    pub(super) fn taken(&self, worker: WorkerId, took: Duration) {
        self.now(|progress| {
            let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            let opening = progress.stage == Stage::Opening;
            if let Some(adoption) = progress.workers.get_mut(worker.index()) {
                let step = if opening { &mut adoption.opened_us } else { &mut adoption.adopted_us };
                *step = Some(took);
            }
        });
    }
}

impl Inner {
    fn begin(&mut self, reason: &Reason) {
        self.busy = true;
        self.runs += 1;
        self.shown.last = Some(progress(self.runs, reason));
    }
}

fn progress(run: u64, reason: &Reason) -> Progress {
    let (by, how) = (reason.by.clone(), reason.how.to_owned());
    Progress { run, by, how, begun_utc: clocks::utc(), ..Progress::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(by: &str) -> Reason {
        Reason { by: by.into(), how: "signal", expect: None }
    }

    #[test]
    fn one_reload_at_a_time_and_a_signal_while_it_runs_is_one_more_however_often_it_comes() {
        let state = State::default();
        assert!(state.begins(&reason("a"), true) && state.is_busy());
        assert!(!state.begins(&reason("b"), false), "refused, not remembered");
        assert!(!state.begins(&reason("c"), true) && !state.begins(&reason("d"), true));
        let ends = || state.ends(Stage::Done, Vec::new());
        assert_eq!(ends().map(|reason| reason.by), Some("d".into()));
        assert_eq!(state.shown().last.map(|last| (last.run, last.by)), Some((2, "d".into())));
        assert!(!state.begins(&reason("e"), false));
        assert!(ends().is_none() && !state.is_busy());
        assert!(state.begins(&reason("e"), false));
    }

    #[test]
    fn what_can_not_be_handed_over_has_ended_and_so_has_what_a_signal_wanted_meanwhile() {
        let state = State::default();
        let (to, wanted) = crossbeam::channel::bounded(1);
        assert!(state.begins(&reason("a"), false));
        assert!(!state.begins(&reason("b"), true), "it is to follow");
        state.hand(&to, reason("a"));
        assert!(state.is_busy() && wanted.recv().is_ok_and(|reason| reason.by == "a"));
        drop(wanted);
        assert_eq!(state.ends(Stage::Done, Vec::new()).map(|next| next.by), Some("b".into()));
        assert!(!state.begins(&reason("c"), true));
        state.hand(&to, reason("b"));
        let refused = state.shown().refused.map(|refused| (refused.run, refused.by));
        assert_eq!((refused, state.is_busy()), (Some((3, "c".into())), false));
        assert!(state.begins(&reason("d"), false), "the next one is not kept out");
    }

    #[test]
    fn the_last_refusal_is_shown_until_a_reload_is_not_refused() {
        let state = State::default();
        state.begins(&reason("a"), true);
        assert!(state.ends(Stage::Refused, vec!["no".into()]).is_none());
        state.begins(&reason("b"), true);
        let refused = state.shown().refused.expect("it is kept");
        assert_eq!((refused.run, refused.refusals), (1, vec!["no".to_owned()]));
        assert!(state.ends(Stage::Unchanged, Vec::new()).is_none());
        assert!(state.shown().refused.is_none());
    }
}
