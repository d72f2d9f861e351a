//! The load: an acquirer's centre that sends sales at a given pace, holds every answer against its
//! request and measures. Must not know what the other side is.
//!
//! # Closed and open loop
//!
//! With [`Pace::Window`] each connection keeps so many requests open and sends the next when an
//! answer is there: it measures how much goes through. With [`Pace::Rate`] requests leave at times
//! fixed beforehand, whatever comes back: it measures how long answers take, and a stall of the
//! other side shows in every request that should have been sent meanwhile.

mod run;

mod again;

mod station;

mod sending;

mod sale;

mod reversal;

mod follow;

mod following;

mod book;

mod schedule;

mod patience;

mod echo;

mod service;

mod rest;

mod tally;

mod report;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use codec::{Dialect, Framing, Masked, Mti, Version};
use switch_net::CloseReason;

pub use self::again::again;
use self::book::OPEN_MAX;
pub use self::report::{LatencyUs, Report};
use self::run::Run;
pub use self::sale::SaleError;
use crate::connects::BACK_OFF_MAX;
use crate::ledger::Acquirer;

/// Connections at once.
pub const CONNECTIONS_MAX: usize = 16_384;

/// Requests open at once in the open loop: beyond it sends become late.
const OPEN_LOOP_OPEN_MAX: usize = 65_536;

/// As long as a partner may stay away unnoticed at the most, unless told otherwise.
pub const RECONNECT_MAX: Duration = Duration::from_nanos(BACK_OFF_MAX);

/// How often a request is repeated by time before it is reversed.
pub const ASKED_AGAIN_MAX: u32 = 2;

/// How long nothing may come from one of several sites until the next one is tried.
pub const SILENCE: Duration = Duration::from_secs(2);

/// Between two tries where there are several sites.
const RECONNECT_MAX_OF_MANY: Duration = Duration::from_millis(100);

/// Cards times acquirers.
const KINDS_MAX: usize = 1024;

/// Takes the steps of a turn.
pub type Ledger<'a> = &'a mut dyn FnMut(&[Acquirer]);

/// What a load does.
#[derive(Clone)]
pub struct Options {
    /// Where to connect: the first that takes connections, and the next one when it is lost.
    pub targets: Vec<SocketAddr>,
    /// The format of the messages.
    pub dialect: &'static Dialect,
    /// How they are cut.
    pub framing: Framing,
    /// How many connections, at most [`CONNECTIONS_MAX`].
    pub connections: usize,
    /// When to send.
    pub pace: Pace,
    /// How long to measure.
    pub duration: Duration,
    /// How long to run before measuring.
    pub warmup: Duration,
    /// How long an answer may take before it counts as missing.
    pub grace: Duration,
    /// A connection that is lost is tried again at least this often.
    pub reconnect_max: Duration,
    /// 1100 or 1200; 0100 or 0200 of 1987.
    pub mti: Mti,
    /// Cards (DE 2), in turn.
    pub pans: Vec<String>,
    /// Acquiring institutions (DE 32), in turn.
    pub acquirers: Vec<String>,
    /// Each so-manieth request is sent once more, as its repeat: in turn when it has been answered,
    /// and right behind itself.
    pub repeats_every: Option<u64>,
    /// Each so-manieth request is reversed, once it is approved.
    pub reversals_every: Option<u64>,
    /// What is open on a connection that is lost is sent again over the next one, as repeats;
    /// without this it is given up.
    pub asks_again: bool,
    /// A connection on which something is asked and nothing comes for so long is given up, and opened
    /// again; with nothing, only what the network says ends one.
    pub silence: Option<Duration>,
    /// A request without an answer is sent again after so long, as its repeat, [`ASKED_AGAIN_MAX`]
    /// times; and then reversed, and unanswered.
    pub again_after: Option<Duration>,
}

/// When to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Closed loop: so many requests open on each connection.
    Window(usize),
    /// Open loop: so many requests a second in all.
    Rate(u64),
}

/// What happens during a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// All connections are open.
    Connected,
    /// A second has passed.
    Second(Progress),
    /// Warm-up is over.
    Measuring,
    /// The measured time is over.
    Measured {
        /// Answers in it.
        answered: u64,
        /// Its length.
        nanoseconds: u64,
    },
}

/// How a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// Since the first request.
    pub seconds: u64,
    /// Connections open.
    pub connections: usize,
    /// Requests open.
    pub open: usize,
    /// Requests sent so far.
    pub sent: u64,
    /// Requests answered so far.
    pub answered: u64,
    /// Approved so far.
    pub approved: u64,
    /// Declined so far.
    pub declined: u64,
    /// Given up so far.
    pub unanswered: u64,
    /// Wrong answers so far.
    pub mismatched: u64,
    /// Late sends so far.
    pub late_sends: u64,
    /// Times that a connection was opened at another target than before.
    #[serde(default)]
    pub moves: u64,
    /// Answers in the last second.
    pub tps: f64,
    /// Of the answers in the last second; while measuring, of requests meant since it began.
    pub latency_us: LatencyUs,
}

/// Why there is no report.
#[derive(Debug)]
pub enum Error {
    /// The target does not take (all) connections.
    Unreachable {
        /// The targets.
        targets: Vec<SocketAddr>,
        /// Connections that did open.
        open: usize,
        /// Why the last one did not.
        why: Option<CloseReason>,
    },
    /// No connection, no card, no institution, or too many.
    Bounds,
    /// Dialect, framing, card or institution do not make a message.
    Sale(SaleError),
    /// The system refused something.
    System(io::Error),
}

/// Runs a load to its end, or until `stop` is set: then it sends no more, and waits for what is
/// open; setting it once more ends that too.
///
/// # Errors
/// See [`Error`]. A wrong answer is not an error but in the [`Report`].
pub fn run(
    options: &Options,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(&Event),
) -> Result<Report, Error> {
    run_with_ledger(options, stop, watch, None)
}

/// The same, and what it knows of each request goes to `ledger` if there is one, the steps of a turn
/// at a time.
///
/// # Errors
/// See [`Error`].
pub fn run_with_ledger<'a>(
    options: &'a Options,
    stop: &'a AtomicBool,
    watch: &mut dyn FnMut(&Event),
    ledger: Option<Ledger<'a>>,
) -> Result<Report, Error> {
    let mut run = Run::new(options, stop, ledger)?;
    run.connect(watch)?;
    run.go(watch).map_err(Error::System)
}

/// The type of a sale in an edition.
pub fn sale_of(version: Version) -> Mti {
    if version == Version::Iso1987 { Mti::of(0x0200) } else { Mti::of(0x1200) }
}

impl Options {
    /// A load of sales in the card and institution of the example configuration, one connection,
    /// one request at a time, ten seconds after one of warm-up.
    pub fn new(target: SocketAddr, dialect: &'static Dialect, framing: Framing) -> Self {
        Self {
            targets: vec![target],
            dialect,
            framing,
            connections: 1,
            pace: Pace::Window(1),
            duration: Duration::from_secs(10),
            warmup: Duration::from_secs(1),
            grace: Duration::from_secs(15),
            reconnect_max: RECONNECT_MAX,
            mti: sale_of(dialect.version()),
            pans: vec!["3530111333300000".to_owned()],
            acquirers: vec!["77334000001".to_owned()],
            repeats_every: None,
            reversals_every: None,
            asks_again: false,
            silence: None,
            again_after: None,
        }
    }

    /// The same of a centre that knows all sites of the other side: it is connected to the first of
    /// these that takes it, and goes to the next one when that is lost or silent, with what it has no
    /// answer to.
    #[must_use]
    pub fn at_sites(self, targets: Vec<SocketAddr>) -> Self {
        Self {
            targets,
            asks_again: true,
            silence: Some(self.silence.unwrap_or(SILENCE)),
            again_after: Some(self.grace / (ASKED_AGAIN_MAX + 1)),
            reconnect_max: self.reconnect_max.min(RECONNECT_MAX_OF_MANY),
            ..self
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pans: Vec<_> = self.pans.iter().map(|pan| Masked(pan.as_bytes())).collect();
        f.debug_struct("Options")
            .field("targets", &self.targets)
            .field("dialect", &self.dialect.name())
            .field("connections", &self.connections)
            .field("pace", &self.pace)
            .field("duration", &self.duration)
            .field("warmup", &self.warmup)
            .field("mti", &self.mti)
            .field("pans", &pans)
            .field("acquirers", &self.acquirers)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable { targets, open, why } => {
                let targets: Vec<_> = targets.iter().map(ToString::to_string).collect();
                write!(f, "can not reach {}: {open} connections open", targets.join(" or "))?;
                match why {
                    Some(CloseReason::NotConnected(kind) | CloseReason::Failed(kind)) => {
                        write!(f, ", the last failed: {kind}")
                    }
                    Some(why) => write!(f, ", the last was closed: {why:?}"),
                    None => Ok(()),
                }
            }
            Self::Bounds => write!(
                f,
                "targets are at least one, connections 1 to {CONNECTIONS_MAX}, connections times window 1 to {OPEN_MAX}, \
                 cards times acquirers 1 to {KINDS_MAX}"
            ),
            Self::Sale(error) => error.fmt(f),
            Self::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}
