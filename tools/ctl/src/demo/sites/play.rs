//! From the first request to the last answer of two sites: the primary is killed, the other one takes over, the
//! killed one comes back. Must not know what is checked at the end.

use std::time::{Duration, Instant};

use super::super::process::SITES;
use super::super::stage::{Heard, Stage, Stop};
use super::super::view::View;
use super::view;
use crate::clock;

/// How often the sites are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Where nobody watches, a line comes as often as this.
const LINE_EVERY: Duration = Duration::from_secs(5);
const SECOND: Duration = Duration::from_secs(1);
/// How long the one that took over is alone.
const ALONE: Duration = Duration::from_secs(2);
/// How long after the last request a course that is not over is waited for.
const COURSE_MAX: Duration = Duration::from_secs(20);

/// Who is killed.
pub(super) const VICTIM: usize = 0;

/// How it went, as far as it did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// It was ended by a signal before that.
    pub(super) interrupted: bool,
    /// The primary was killed.
    pub(super) killed: bool,
    /// From then until the other one said that it is the primary.
    pub(super) took_over: Option<Duration>,
    /// From the start of the killed one until it had all that the other one released.
    pub(super) followed: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The kill comes then; never once a signal has come.
    Before(Option<Instant>),
    Killed(Instant),
    /// The other one reigns; the killed one is started again then.
    Alone(Instant),
    Returning(Instant),
    Over,
}

/// A demo of two sites under way.
pub(super) struct Play<'a> {
    stage: &'a mut Stage,
    view: &'a View,
    seconds: u64,
    begun: Instant,
    phase: Phase,
    told: Told,
    signal: Option<i32>,
    spoken: Instant,
    /// When the last acquirer had ended.
    sent: Option<Instant>,
}

impl<'a> Play<'a> {
    /// The first request is leaving now.
    pub(super) fn new(stage: &'a mut Stage, view: &'a View, seconds: u64) -> Self {
        let begun = clock::now();
        let phase = Phase::Before(Some(begun + Duration::from_secs(seconds) / 3));
        let (told, signal, sent) = (Told::default(), None, None);
        Self { stage, view, seconds, begun, phase, told, signal, spoken: begun, sent }
    }

    /// Plays to the end. Says how it went, and which signal asked for an early end.
    pub(super) fn run(mut self) -> Result<(Told, Option<i32>), Stop> {
        let (mut looked, mut shown) = (self.begun, self.begun);
        while !self.is_over(clock::now()) {
            let now = clock::now();
            if now >= looked + LOOK_EVERY {
                looked = now;
                self.stage.look_at_sites();
                self.advance(now)?;
            }
            if now >= shown + SECOND {
                shown = now;
                self.show(now);
            }
            if let Heard::Signal(signal) = self.stage.next(LOOK_EVERY / 2)? {
                self.on_signal(signal)?;
            }
        }
        Ok((self.told, self.signal))
    }

    /// All have their results, and the course is over, or nobody waits for it any more.
    fn is_over(&mut self, now: Instant) -> bool {
        if self.stage.acquirers.iter().any(|acquirer| acquirer.report.is_none()) {
            return false;
        }
        let sent = *self.sent.get_or_insert(now);
        let is_whole = matches!(self.phase, Phase::Before(None) | Phase::Over);
        is_whole || now > sent + COURSE_MAX
    }

    fn advance(&mut self, now: Instant) -> Result<(), Stop> {
        let (victim, other) = (SITES[VICTIM], SITES[1 - VICTIM]);
        match self.phase {
            // Without its standby it could not be followed by anybody.
            Phase::Before(Some(at))
                if now >= at && self.stage.sites().all[VICTIM].is_followed() =>
            {
                self.stage.kill_site(VICTIM);
                self.told.killed = true;
                self.phase = Phase::Killed(now);
                self.say(now, &format!("{victim}, the primary, is killed under load (SIGKILL)"));
            }
            Phase::Killed(killed) if self.stage.sites().all[1 - VICTIM].is_primary() => {
                self.told.took_over = Some(now - killed);
                self.phase = Phase::Alone(now + ALONE);
                let took = (now - killed).as_secs_f64();
                let text =
                    format!("{other} has heard nothing, asked the witness and is the primary");
                self.say(now, &format!("{text}, {took:.1} s after the kill"));
            }
            Phase::Alone(until) if now >= until => {
                self.stage.start_site(VICTIM)?;
                self.phase = Phase::Returning(now);
                self.say(now, &format!("{victim} is started again"));
            }
            Phase::Returning(since) if self.stage.sites().all[1 - VICTIM].is_followed() => {
                self.told.followed = Some(now - since);
                self.phase = Phase::Over;
                let text = format!("{victim} has the log of {other} and stands by");
                self.say(now, &format!("{text}: the two are in sync again"));
            }
            Phase::Before(_)
            | Phase::Killed(_)
            | Phase::Alone(_)
            | Phase::Returning(_)
            | Phase::Over => {}
        }
        Ok(())
    }

    /// The first one ends the demo in order, what has begun to its end; a second one at once.
    fn on_signal(&mut self, signal: i32) -> Result<(), Stop> {
        if self.signal.is_some() {
            return Err(Stop::Interrupted(signal));
        }
        self.signal = Some(signal);
        if let Phase::Before(_) = self.phase {
            self.phase = Phase::Before(None);
            self.told.interrupted = true;
        }
        self.view.say("ending; once more ends at once");
        self.stage.stop_acquirers();
        Ok(())
    }

    /// A line that stays, about something that has happened.
    fn say(&self, now: Instant, text: &str) {
        let at = (now - self.begun).as_secs_f64();
        self.view.say(&format!("at {at:.1} s: {text}"));
    }

    fn show(&mut self, now: Instant) {
        let elapsed = (now - self.begun).as_secs();
        let head = view::head(self.stage, elapsed, self.seconds);
        if self.view.is_seen() {
            self.view.set(std::iter::once(head).chain(view::parties(self.stage)));
        } else if now >= self.spoken + LINE_EVERY {
            self.spoken = now;
            self.view.say(&format!("{head}; {}", view::sites(self.stage)));
        }
    }
}
