//! From the first request to the last answer: seconds pass, somebody goes away and comes back.
//! Must not know what is checked at the end.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::process::Who;
use super::scenario::{Course, Scenario, VICTIM};
use super::stage::{Heard, Stage, Stop};
use super::view::{Moment, View};
use crate::clock;

/// How often it is tried to start it again, should its port be taken for a moment.
const RESTARTS_MAX: u32 = 25;
const RESTART_AGAIN: Duration = Duration::from_millis(200);
/// Where nobody watches, a line comes as often as this, and when something has happened.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// The view looks when the acquirers have told of their last second.
const VIEW_LAG: Duration = Duration::from_millis(250);
const SECOND: Duration = Duration::from_secs(1);

/// How a fault went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// Declines before it.
    pub(super) declined_before: u64,
    /// From its end to the first second without a decline; none when that never came.
    pub(super) recovered_after: Option<Duration>,
    /// Declines until then.
    pub(super) declined_by_then: u64,
}

/// Where the fault stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// To begin then; never without one.
    Before(Option<Instant>),
    /// To end then.
    Away(Instant),
    /// Started again, and not heard of yet.
    Returning { tries: u32, at: Option<Instant> },
    /// Back since then.
    Back(Instant),
    /// All is well again.
    Over,
}

/// A demo under way.
pub(super) struct Play<'a> {
    stage: &'a mut Stage,
    view: &'a View,
    scenario: Scenario,
    course: Option<Course>,
    begun: Instant,
    phase: Phase,
    told: Told,
    signal: Option<i32>,
    /// When there was a line last for those who do not watch, and what had happened by then.
    spoken: (Instant, Option<&'static str>),
}

impl<'a> Play<'a> {
    /// The first request is leaving now.
    pub(super) fn new(
        stage: &'a mut Stage,
        view: &'a View,
        scenario: Scenario,
        seconds: u64,
    ) -> Self {
        let (begun, course) = (clock::now(), scenario.course(seconds));
        let phase = Phase::Before(course.map(|course| begun + course.begins));
        Self {
            stage,
            view,
            scenario,
            course,
            begun,
            phase,
            told: Told::default(),
            signal: None,
            spoken: (begun, None),
        }
    }

    /// Plays to the end. Says how the fault went, where there was one and it went to its end, and
    /// which signal asked for an early end.
    pub(super) fn run(mut self) -> Result<(Option<Told>, Option<i32>), Stop> {
        let mut shown = self.begun + VIEW_LAG;
        while self.stage.acquirers.iter().any(|acquirer| acquirer.report.is_none()) {
            let now = clock::now();
            self.advance(now)?;
            if now >= shown + SECOND {
                // Seconds that this program itself stood still are not made up for.
                shown = now;
                self.stage.look();
                self.show(now);
            }
            let due = [Some(shown + SECOND), self.due()].into_iter().flatten().min();
            let wait = due.map_or(SECOND, |due| due.saturating_duration_since(now));
            match self.stage.next(wait)? {
                Heard::Signal(signal) => self.on_signal(signal)?,
                Heard::Line(Who::Acquirer(_)) => self.on_acquirer_line(),
                Heard::Line(who) if who == self.scenario.victim() => self.on_victim_line(),
                Heard::Ended(who) if who == self.scenario.victim() => self.on_victim_ended(),
                Heard::Nothing | Heard::Line(_) | Heard::Ended(_) => {}
            }
        }
        let whole = self.course.is_some() && self.signal.is_none();
        Ok((whole.then_some(self.told), self.signal))
    }

    /// When the fault goes on by itself.
    fn due(&self) -> Option<Instant> {
        match self.phase {
            Phase::Before(at) | Phase::Returning { at, .. } => at,
            Phase::Away(until) => Some(until),
            Phase::Back(_) | Phase::Over => None,
        }
    }

    fn advance(&mut self, now: Instant) -> Result<(), Stop> {
        let Some(course) = self.course else { return Ok(()) };
        match self.phase {
            Phase::Before(Some(at)) if now >= at => {
                self.told.declined_before = self.declined();
                self.take_away();
                self.phase = Phase::Away(now + course.lasts);
            }
            Phase::Away(until) if now >= until => self.bring_back(0, now)?,
            Phase::Returning { tries, at: Some(at) } if now >= at => self.bring_back(tries, now)?,
            Phase::Before(_)
            | Phase::Away(_)
            | Phase::Returning { .. }
            | Phase::Back(_)
            | Phase::Over => {}
        }
        Ok(())
    }

    fn take_away(&mut self) {
        let signal = match self.scenario {
            Scenario::Plain | Scenario::LateAnswers | Scenario::PrimaryKilled => return,
            Scenario::IssuerKilled => Signal::KILL,
            Scenario::IssuerFrozen => Signal::STOP,
            Scenario::SwitchKilled => return self.stage.kill_switch(),
        };
        let victim = &mut self.stage.issuers[VICTIM];
        if signal == Signal::KILL {
            victim.stopping = true;
            victim.ledger_before = Some(std::mem::take(&mut victim.ledger));
        }
        victim.is_up = false;
        self.stage.signal(Who::Issuer(VICTIM), signal);
    }

    fn bring_back(&mut self, tries: u32, now: Instant) -> Result<(), Stop> {
        if self.scenario == Scenario::IssuerFrozen {
            self.stage.signal(Who::Issuer(VICTIM), Signal::CONT);
            self.stage.issuers[VICTIM].is_up = true;
            self.is_back(now);
            return Ok(());
        }
        // Should the port be taken for a moment, it ends and is started once more.
        let may_end = tries < RESTARTS_MAX;
        if self.scenario == Scenario::SwitchKilled {
            self.stage.verify_journal();
            self.stage.start_switch()?;
            self.stage.switch.stopping = may_end;
        } else {
            self.stage.start_issuer(VICTIM)?;
            self.stage.issuers[VICTIM].stopping = may_end;
        }
        self.phase = Phase::Returning { tries: tries + 1, at: None };
        Ok(())
    }

    fn on_victim_line(&mut self) {
        let Phase::Returning { .. } = self.phase else { return };
        let (is_up, may_end) = match self.scenario.victim() {
            Who::Switch => (self.stage.switch.serves, &mut self.stage.switch.stopping),
            Who::Issuer(_) | Who::Acquirer(_) | Who::Site(_) | Who::Witness => {
                (self.stage.issuers[VICTIM].is_up, &mut self.stage.issuers[VICTIM].stopping)
            }
        };
        if is_up {
            *may_end = false;
            self.is_back(clock::now());
        }
    }

    /// How the acquirers were before that says nothing of how they are now.
    fn is_back(&mut self, now: Instant) {
        self.stage.acquirers.iter_mut().for_each(|acquirer| acquirer.is_well = false);
        self.phase = Phase::Back(now);
    }

    fn on_victim_ended(&mut self) {
        if let Phase::Returning { tries, .. } = self.phase {
            let at = Some(clock::now() + RESTART_AGAIN);
            self.phase = Phase::Returning { tries, at };
        }
    }

    fn on_acquirer_line(&mut self) {
        if let Phase::Back(since) = self.phase
            && self.stage.acquirers.iter().all(|acquirer| acquirer.is_well)
        {
            self.told.recovered_after = Some(clock::now() - since);
            self.told.declined_by_then = self.declined();
            self.phase = Phase::Over;
        }
    }

    /// The first one ends the demo in order; a second one at once.
    fn on_signal(&mut self, signal: i32) -> Result<(), Stop> {
        if self.signal.is_some() {
            return Err(Stop::Interrupted(signal));
        }
        self.signal = Some(signal);
        self.course = None;
        self.view.say("ending; once more ends at once");
        self.stage.signal(Who::Issuer(VICTIM), Signal::CONT);
        self.stage.stop_acquirers();
        Ok(())
    }

    fn declined(&self) -> u64 {
        self.stage.acquirers.iter().map(|acquirer| acquirer.progress.declined).sum()
    }

    fn show(&mut self, now: Instant) {
        let fault = match self.phase {
            Phase::Before(_) => None,
            Phase::Away(_) | Phase::Returning { .. } => Some(self.scenario.verb()),
            Phase::Back(_) => Some("back"),
            Phase::Over => Some("back, and all is well"),
        };
        let (spoken, of) = self.spoken;
        let is_worth_a_line = fault != of || now.duration_since(spoken) >= LINE_EVERY;
        if is_worth_a_line {
            self.spoken = (now, fault);
        }
        let elapsed = now.duration_since(self.begun);
        let fault = fault.map(|fault| (self.scenario.victim().name(), fault));
        self.view.show(self.stage, &Moment { elapsed, fault, is_worth_a_line });
    }
}
