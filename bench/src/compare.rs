//! Floor and switch in turn on the same work. Must not know either but as a process that listens.
//!
//! One worker, one acquirer station, one issuer station with four links, one dialect. A pair is one
//! run of each, in alternating order; processor time is that of all threads of the process under
//! test, kernel workers included, between the end of warm-up and the end of the measured time.

mod child;

mod cpu;

mod place;

mod setting;

mod device;

mod outcome;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use self::child::Child;
use self::outcome::Run;
pub use self::outcome::{Figures, Outcome, Pair, Ratio};
use self::place::Place;
use self::setting::Setting;
use crate::load::{self, Pace};

/// Links to the issuer, of the floor and of the switch.
const LINKS: usize = 4;

/// How long a process may take until it listens and its links are open.
const READY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a process may take to answer beyond the time it was given.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// What is compared.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program of the switch.
    pub sekishod: PathBuf,
    /// The program that load, issuer and floor are run with: this one.
    pub bench: PathBuf,
    /// Name of the dialect, the same on both sides.
    pub dialect: String,
    /// Connections of the load.
    pub connections: usize,
    /// When the load sends.
    pub pace: Pace,
    /// Measured time of one run.
    pub duration: Duration,
    /// Time before it.
    pub warmup: Duration,
    /// Pairs of runs.
    pub runs: usize,
    /// The switch writes its journal, by this path (`mapped`, `direct`); none: it keeps none.
    pub journal: Option<&'static str>,
    /// What goes wrong; where something does, the switch is compared with itself when nothing does,
    /// and not with the floor.
    pub trouble: Trouble,
}

/// What goes wrong in the runs of the switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Trouble {
    /// Each so-manieth request is sent once more, as its repeat.
    pub repeats_every: Option<u64>,
    /// Each so-manieth request gets no answer from its issuer, and its reversal does.
    pub timeouts_every: Option<u64>,
}

impl Trouble {
    /// Whether anything does.
    pub fn is_any(self) -> bool {
        self != Self::default()
    }
}

/// Why there is no comparison.
#[derive(Debug)]
pub enum Error {
    /// The switch's program is not where it should be.
    NoSwitch(PathBuf),
    /// The system refused something.
    System(io::Error),
    /// A process ended or kept silent when it should have done something.
    Process {
        /// Which.
        name: &'static str,
        /// What it should have done.
        expected: &'static str,
        /// The last it said on standard error.
        said: String,
    },
    /// Answers were missing, wrong or declines: the two did not do the same work.
    Work(Box<load::Report>),
    /// Told to stop.
    Stopped,
}

/// What happens during a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A run begins: pair from 1, of how many, of what.
    Begun(usize, usize, Subject),
    /// It is over.
    Done(Subject, Figures),
}

/// What is under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// [`crate::relay`].
    Floor,
    /// `sekishod`, when nothing goes wrong.
    Plain,
    /// `sekishod`.
    Switch,
}

/// Runs all pairs. Every process is ended before this returns, whatever happens.
pub fn run(
    options: &Options,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(&Event),
) -> Result<Outcome, Error> {
    if !options.sekishod.is_file() {
        return Err(Error::NoSwitch(options.sekishod.clone()));
    }
    let mut pairs = Vec::new();
    for number in 1..=options.runs {
        let against = if options.trouble.is_any() { Subject::Plain } else { Subject::Floor };
        let mut order = [against, Subject::Switch];
        if number % 2 == 0 {
            order.reverse();
        }
        let mut figures = [None; 2];
        for subject in order {
            watch(&Event::Begun(number, options.runs, subject));
            let run = measure(options, subject, stop)?;
            watch(&Event::Done(subject, run.figures()));
            figures[usize::from(subject == Subject::Switch)] = Some(run.figures());
        }
        let commit = if options.journal.is_some() { Some(device::commit_us()?) } else { None };
        if let [Some(floor), Some(switch)] = figures {
            pairs.push(Pair { floor, switch, device_commit_us: commit });
        }
    }
    Ok(Outcome::new(options, pairs))
}

/// One run of one subject with processes of its own.
fn measure(options: &Options, subject: Subject, stop: &AtomicBool) -> Result<Run, Error> {
    let trouble = if subject == Subject::Switch { options.trouble } else { Trouble::default() };
    let drops = trouble.timeouts_every.unwrap_or_default().to_string();
    let mut issuer_arguments = vec![
        "issuer",
        "--listen",
        "127.0.0.1:0",
        "--dialect",
        &options.dialect,
        "--framing",
        "ascii4",
    ];
    if trouble.timeouts_every.is_some() {
        issuer_arguments.extend(["--drop-every", &drops]);
    }
    let mut issuer = Child::start("issuer", &options.bench, &issuer_arguments, Place::Peer, true)?;
    let issuer_address = issuer.listening(stop)?;
    // The setting outlives the switch that runs in it.
    let setting = Setting::new(options, issuer_address)?;
    let (mut subject, target) = match subject {
        Subject::Floor => start_floor(options, issuer_address, stop)?,
        Subject::Plain | Subject::Switch => start_switch(options, &setting)?,
    };
    subject.reachable(target, stop)?;
    issuer.links(LINKS, stop)?;
    let run = drive(options, trouble, (&subject, target), stop);
    subject.end();
    issuer.end();
    run
}

fn start_floor(
    options: &Options,
    issuer: SocketAddr,
    stop: &AtomicBool,
) -> Result<(Child, SocketAddr), Error> {
    let issuer = issuer.to_string();
    let mut arguments = vec!["relay", "--listen", "127.0.0.1:0", "--framing", "ascii4"];
    for _ in 0..LINKS {
        arguments.extend(["--to", &issuer]);
    }
    let mut floor = Child::start("relay", &options.bench, &arguments, Place::UnderTest, true)?;
    let address = floor.listening(stop)?;
    Ok((floor, address))
}

fn start_switch(options: &Options, setting: &Setting) -> Result<(Child, SocketAddr), Error> {
    let file = setting.file();
    let arguments = ["--config", file.as_str(), "--insecure-demo"];
    let switch = Child::start("sekishod", &options.sekishod, &arguments, Place::UnderTest, false)?;
    Ok((switch, setting.address()))
}

/// The load against a subject that is ready.
fn drive(
    options: &Options,
    trouble: Trouble,
    (subject, target): (&Child, SocketAddr),
    stop: &AtomicBool,
) -> Result<Run, Error> {
    let seconds = |time: Duration| format!("{}ms", time.as_millis());
    let (target, duration) = (target.to_string(), seconds(options.duration));
    let connections = options.connections.to_string();
    let (pace, number) = match options.pace {
        Pace::Window(window) => ("--window", window.to_string()),
        Pace::Rate(rate) => ("--rate", rate.to_string()),
    };
    let (warmup, repeats) = (seconds(options.warmup), trouble.repeats_every.map(percent));
    let mut arguments = vec![
        "load",
        "--target",
        &target,
        "--dialect",
        &options.dialect,
        "--framing",
        "ascii4",
        "-c",
        &connections,
        pace,
        &number,
        "--duration",
        &duration,
        "--warmup",
        &warmup,
        "-o",
        "json",
    ];
    if let Some(repeats) = &repeats {
        arguments.extend(["--repeats", repeats]);
    }
    let mut load = Child::start("load", &options.bench, &arguments, Place::Peer, true)?;
    let patience = options.duration + options.warmup + ANSWER_TIMEOUT;
    load.mark("measuring", patience, stop)?;
    let before = subject.cpu()?;
    let measured = load.mark("measured", patience, stop)?;
    let cpu = subject.cpu()?.saturating_sub(before);
    let report = load.report(patience, stop)?;
    load.end();
    Run::new(&measured, cpu, report, trouble)
}

/// Each so-manieth in hundredths, as `load` takes it.
fn percent(every: u64) -> String {
    let thousandths = 100_000 / every.max(1);
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

fn stopped(stop: &AtomicBool) -> bool {
    stop.load(Ordering::Relaxed)
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Floor => "floor",
            Self::Plain => "switch without trouble",
            Self::Switch => "switch",
        })
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSwitch(path) => write!(
                f,
                "no sekishod at {}: build all programs with `cargo build --release` first",
                path.display()
            ),
            Self::System(error) => error.fmt(f),
            Self::Process { name, expected, said } => {
                write!(f, "{name} did not {expected}")?;
                if said.is_empty() { Ok(()) } else { write!(f, "; it said: {said}") }
            }
            Self::Work(report) => write!(
                f,
                "not the same work: {} declined, {} unanswered, {} mismatched of {} sent",
                report.declined, report.unanswered, report.mismatched, report.sent
            ),
            Self::Stopped => f.write_str("stopped"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
