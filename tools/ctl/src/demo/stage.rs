//! Everybody together: started in order, listened to, ended in order. Must not know what goes wrong
//! meanwhile, nor what is checked at the end.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use bench::issuer::Summary;
use daemon::control::ask_status;
use daemon::saf::SafStatus;
use daemon::status::Status;
use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::cast::{Acquirer, Issuer, Switch};
use super::place::Place;
use super::process::{Event, Process, Who};
use super::scenario::Scenario;
use super::setting::{self, DRAIN, LINKS};
use super::sites::Sites;
use crate::clock;

/// Events that wait to be looked at; then whoever has more to say waits too.
const EVENTS_MAX: usize = 4_096;
/// How long anybody may take to be ready, or an issuer to end.
pub(super) const READY_MAX: Duration = Duration::from_secs(10);
/// How long the switch may take to end beyond its drain until it is given up.
pub(super) const STOP_MARGIN: Duration = Duration::from_secs(2);
/// How long what is kept for the issuers may take to be acknowledged at the end.
pub(super) const SETTLE_MAX: Duration = Duration::from_secs(15);
/// How often something is looked at that nobody tells of.
pub(super) const LOOK: Duration = Duration::from_millis(20);

pub(super) const ANY_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Of an address that no connection comes from, so that nobody takes the port while it is closed.
const ANY_OWN_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), 0);

/// Why a demo has no verdict.
#[derive(Debug)]
pub(super) enum Stop {
    /// Something could not be started, or ended by itself.
    Failed(String),
    /// By a signal.
    Interrupted(i32),
}

/// What has just happened, the lines already understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing, in the time given.
    Nothing,
    /// Somebody said something.
    Line(Who),
    /// Somebody ended who was to end.
    Ended(Who),
    /// This program got a signal.
    Signal(i32),
}

/// How the switch ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stopped {
    pub(super) took: Duration,
    /// Its exit code; none when it had to be killed.
    pub(super) code: Option<i32>,
}

/// Everybody who takes part.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) switch: Switch,
    pub(super) issuers: [Issuer; 2],
    pub(super) acquirers: [Acquirer; 2],
    /// What the switch said last about itself; of two sites, the primary.
    pub(super) status: Option<Status>,
    /// Where there are two.
    pub(super) sites: Option<Box<Sites>>,
    scenario: Scenario,
    heard: Receiver<Event>,
    tell: SyncSender<Event>,
    /// Dropped last, when nobody uses it any more.
    pub(super) place: Place,
}

impl Stage {
    /// An empty one: a directory, and ears for signals.
    pub(super) fn new(scenario: Scenario) -> io::Result<Box<Self>> {
        let (tell, heard) = sync_channel(EVENTS_MAX);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let of_signals = tell.clone();
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                if of_signals.send(Event::Signal(signal)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Box::new(Self {
            switch: Switch::default(),
            issuers: Default::default(),
            acquirers: Default::default(),
            status: None,
            sites: None,
            scenario,
            heard,
            tell,
            place: Place::new()?,
        }))
    }

    /// Starts issuers and switch; they are connected then.
    pub(super) fn open(&mut self) -> Result<(), Stop> {
        for place in 0..self.issuers.len() {
            self.start_issuer(place)?;
        }
        self.until("the issuers to listen", |stage| stage.issuers.iter().all(|i| i.is_up))?;
        self.start_switch()?;
        self.until("sekishod to listen", |stage| {
            stage.switch.listening.iter().all(Option::is_some)
        })?;
        self.until("sekishod to reach the issuers", |stage| {
            stage.look();
            stage.issuers_linked()
        })
    }

    /// Starts the switch, on its ports if it has had some.
    pub(super) fn start_switch(&mut self) -> Result<(), Stop> {
        let issuers = [0, 1].map(|place| self.issuers[place].address.unwrap_or(ANY_PORT));
        let listening = self.switch.listening.map(|address| address.unwrap_or(ANY_OWN_PORT));
        let (state, socket) = (self.place.state(), self.place.socket());
        let text = setting::configuration(&state, &socket, listening, issuers, self.scenario);
        let path = self.place.configuration();
        std::fs::write(&path, text).map_err(|error| told("the configuration", &error))?;
        self.switch.serves = false;
        self.switch.stopping = false;
        self.switch.process = Some(self.start(Who::Switch, &setting::switch(&path))?);
        Ok(())
    }

    /// Kills the switch.
    pub(super) fn kill_switch(&mut self) {
        self.switch.stopping = true;
        self.signal(Who::Switch, Signal::KILL);
    }

    /// Looks at the journal that a killed switch has left behind, as an operator would.
    pub(super) fn verify_journal(&mut self) {
        let mut verify = Command::new("/proc/self/exe");
        verify.args(["journal", "verify", "--dir"]).arg(self.place.state().join("journal"));
        let verify = verify.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.switch.verified = verify.status().ok().and_then(|status| status.code());
    }

    /// Starts the acquirers; they send from then on.
    pub(super) fn begin(&mut self, rate: u64, seconds: u64) -> Result<(), Stop> {
        for place in 0..self.acquirers.len() {
            let targets = match &self.sites {
                Some(sites) => sites.listen(place).to_vec(),
                None => vec![self.switch.listening[place].unwrap_or(ANY_PORT)],
            };
            let mut role = setting::acquirer(place, &targets, (rate, seconds), self.scenario);
            role.extend(self.ledger(Who::Acquirer(place)));
            self.acquirers[place].process = Some(self.start(Who::Acquirer(place), &role)?);
        }
        self.until("the acquirers to connect", |stage| {
            stage.acquirers.iter().all(|acquirer| acquirer.connected)
        })
    }

    /// Starts an issuer, on its port if it has had one.
    pub(super) fn start_issuer(&mut self, place: usize) -> Result<(), Stop> {
        let listen = self.issuers[place].address.unwrap_or(ANY_PORT);
        let mut role = setting::issuer(place, listen, self.scenario);
        role.extend(self.ledger(Who::Issuer(place)));
        let process = self.start(Who::Issuer(place), &role)?;
        let issuer = &mut self.issuers[place];
        issuer.process = Some(process);
        issuer.stopping = false;
        issuer.ledger = Summary::default();
        Ok(())
    }

    /// The option for somebody's ledger, where ledgers are held against the journal.
    fn ledger(&self, who: Who) -> Vec<String> {
        let ledger = self.place.ledger(who.name()).to_string_lossy().into_owned();
        if self.scenario.is_reckoned() { vec!["--ledger".into(), ledger] } else { Vec::new() }
    }

    pub(super) fn start(&self, who: Who, role: &[String]) -> Result<Process, Stop> {
        Process::start(who, role, &self.tell).map_err(|error| told(who.name(), &error))
    }

    /// Asks the switch how it is.
    pub(super) fn look(&mut self) {
        // One that does not answer leaves what it said before.
        if let Ok(status) = ask_status(&self.place.socket()) {
            self.status = Some(status);
        }
    }

    /// Whether every link to the issuers is ready, as the switch said last.
    pub(super) fn issuers_linked(&self) -> bool {
        let stations = self.status.iter().flat_map(|status| &status.stations);
        let linked = stations.filter(|station| station.connects && station.links_ready == LINKS);
        linked.count() == self.issuers.len()
    }

    /// Takes in what happens next, if anything does in time.
    pub(super) fn next(&mut self, wait: Duration) -> Result<Heard, Stop> {
        match self.heard.recv_timeout(wait) {
            Ok(Event::Said(who, line)) => {
                match who {
                    Who::Switch | Who::Site(_) | Who::Witness => {}
                    Who::Issuer(place) => self.issuers[place].on_line(&line),
                    Who::Acquirer(place) => self.acquirers[place].on_line(&line),
                }
                Ok(Heard::Line(who))
            }
            Ok(Event::Complained(who, line)) => {
                match (who, &mut self.sites) {
                    (Who::Switch, _) => self.switch.on_line(line),
                    (Who::Site(place), Some(sites)) => sites.all[place].switch.on_line(line),
                    (Who::Witness, Some(sites)) => sites.witness.on_line(line),
                    _ => self.process(who).into_iter().for_each(|one| one.heard(line.clone())),
                }
                Ok(Heard::Line(who))
            }
            Ok(Event::Ended(who, id)) => self.on_ended(who, id),
            Ok(Event::Signal(signal)) => Ok(Heard::Signal(signal)),
            Err(RecvTimeoutError::Timeout) => Ok(Heard::Nothing),
            Err(RecvTimeoutError::Disconnected) => unreachable!("this side keeps a sender"),
        }
    }

    fn on_ended(&mut self, who: Who, id: u32) -> Result<Heard, Stop> {
        match self.process(who) {
            Some(process) if process.id() == id => process.reap(),
            // One that has been replaced since.
            Some(_) | None => return Ok(Heard::Nothing),
        }
        let expected = match who {
            Who::Switch => self.switch.stopping,
            Who::Issuer(place) => {
                self.issuers[place].is_up = false;
                self.issuers[place].stopping
            }
            Who::Acquirer(place) => self.acquirers[place].report.is_some(),
            Who::Site(_) | Who::Witness => {
                self.sites.as_ref().is_some_and(|sites| sites.is_stopping(who))
            }
        };
        if expected { Ok(Heard::Ended(who)) } else { Err(self.unexpected_end(who)) }
    }

    fn unexpected_end(&mut self, who: Who) -> Stop {
        let process = self.process(who);
        let status = process.as_ref().and_then(|process| process.ended());
        let status = status.map_or("its end is unknown".into(), |status| status.to_string());
        let words = process.map(|process| process.last_words()).unwrap_or_default();
        Stop::Failed(format!("{} ended by itself ({status}){words}", who.name()))
    }

    pub(super) fn process(&mut self, who: Who) -> Option<&mut Process> {
        match who {
            Who::Switch => self.switch.process.as_mut(),
            Who::Issuer(place) => self.issuers[place].process.as_mut(),
            Who::Acquirer(place) => self.acquirers[place].process.as_mut(),
            Who::Site(_) | Who::Witness => self.sites.as_mut()?.process(who),
        }
    }

    /// Waits for something at the start; a signal ends that.
    pub(super) fn until(
        &mut self,
        what: &str,
        mut is_so: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), Stop> {
        let deadline = clock::now() + READY_MAX;
        while !is_so(self) {
            let heard = self.next(LOOK)?;
            if let Heard::Signal(signal) = heard {
                return Err(Stop::Interrupted(signal));
            }
            // Only when everything that was said has been heard: this program may have stood still.
            if heard == Heard::Nothing && clock::now() > deadline {
                let seconds = READY_MAX.as_secs();
                let words = self.troubles();
                return Err(Stop::Failed(format!("waited {seconds} s for {what}{words}")));
            }
        }
        Ok(())
    }

    /// The last warnings of the switch.
    pub(super) fn troubles(&self) -> String {
        let of_sites = self.sites.iter().flat_map(|sites| &sites.all).map(|site| &site.switch);
        let all = [&self.switch].into_iter().chain(of_sites);
        all.filter_map(|switch| switch.process.as_ref()).map(Process::last_words).collect()
    }

    /// Waits until the switch has brought everything to the issuers that it keeps for them, and no
    /// longer than that takes at most; a signal ends it too.
    pub(super) fn settle(&mut self) -> Result<(), Stop> {
        let deadline = clock::now() + SETTLE_MAX;
        loop {
            self.look();
            let stations = self.status.iter().flat_map(|status| &status.stations);
            let stored = stations.filter_map(|station| station.stored.as_ref());
            if stored.map(SafStatus::open).sum::<u32>() == 0 || clock::now() > deadline {
                return Ok(());
            }
            if let Heard::Signal(signal) = self.next(LOOK)? {
                return Err(Stop::Interrupted(signal));
            }
        }
    }

    /// Asks the acquirers to send no more; they wait for what is open.
    pub(super) fn stop_acquirers(&self) {
        for process in self.acquirers.iter().filter_map(|acquirer| acquirer.process.as_ref()) {
            process.signal(Signal::TERM);
        }
    }

    /// Stops the switch as an operator does.
    pub(super) fn stop_switch(&mut self) -> Result<Stopped, Stop> {
        self.switch.stopping = true;
        let begun = clock::now();
        self.signal(Who::Switch, Signal::TERM);
        self.wait_for_end(Who::Switch, begun + DRAIN + STOP_MARGIN)?;
        let ended = self.switch.process.as_ref().and_then(Process::ended);
        Ok(Stopped { took: clock::now() - begun, code: ended.and_then(|status| status.code()) })
    }

    /// Stops the issuers; their last word is their ledger.
    pub(super) fn stop_issuers(&mut self) -> Result<(), Stop> {
        for place in 0..self.issuers.len() {
            self.issuers[place].stopping = true;
            // One that stands still would not hear it.
            self.signal(Who::Issuer(place), Signal::CONT);
            self.signal(Who::Issuer(place), Signal::TERM);
        }
        for place in 0..self.issuers.len() {
            self.wait_for_end(Who::Issuer(place), clock::now() + READY_MAX)?;
        }
        Ok(())
    }

    pub(super) fn signal(&mut self, who: Who, signal: Signal) {
        if let Some(process) = self.process(who) {
            process.signal(signal);
        }
    }

    /// Waits until somebody has ended; kills whoever has not by then. A second signal ends it all.
    pub(super) fn wait_for_end(&mut self, who: Who, deadline: Instant) -> Result<(), Stop> {
        let mut deadline = Some(deadline);
        while self.process(who).is_some_and(|process| process.ended().is_none()) {
            if let Heard::Signal(signal) = self.next(LOOK)? {
                return Err(Stop::Interrupted(signal));
            }
            if deadline.is_some_and(|deadline| clock::now() > deadline) {
                deadline = None;
                self.signal(who, Signal::KILL);
            }
        }
        Ok(())
    }

    /// Removes the directory. Says what is left over: processes, files that nobody removed.
    pub(super) fn clear(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        let of_two =
            [0, 1].map(|place| [Who::Issuer(place), Who::Acquirer(place), Who::Site(place)]);
        let everybody = [Who::Switch, Who::Witness].into_iter().chain(of_two.into_iter().flatten());
        for who in everybody {
            if let Some(process) = self.process(who).filter(|process| process.ended().is_none()) {
                left.push(format!("{} (process {})", who.name(), process.id()));
            }
        }
        match self.place.remove() {
            Ok(files) => left.extend(files),
            Err(error) => left.push(format!("{}: {error}", self.place.path().display())),
        }
        left
    }
}

pub(super) fn told(what: &str, error: &io::Error) -> Stop {
    Stop::Failed(format!("{what} could not be started: {error}"))
}
