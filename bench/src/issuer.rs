//! An issuer's centre: answers requests and advices, late, declined or not at all if told to. Must
//! not know the switch, nor decide anything about a card.

mod desk;

mod held;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use codec::{Dialect, Framing};
use switch_net::{Net, SocketOptions};

use self::desk::Desk;
pub use crate::action::ActionCode;
use crate::clock::{self, MILLISECOND, SECOND};
use crate::ledger::{self, Pages};

/// Links at once.
pub const LINKS_MAX: usize = 16_384;

const EVENTS_PER_TURN: usize = 1024;

/// How long at most until timers and a stop are looked at.
const LOOK: u64 = 100 * MILLISECOND;

/// What an issuer does.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 for any.
    pub listen: Vec<SocketAddr>,
    /// The format of the messages.
    pub dialect: &'static Dialect,
    /// How they are cut.
    pub framing: Framing,
    /// From request to answer.
    pub delay: Duration,
    /// DE 39 of authorizations and sales.
    pub action: ActionCode,
    /// Each so-manieth request gets no answer.
    pub drop_every: Option<u64>,
    /// Each so-manieth request gets its answer later still.
    pub late: Option<Late>,
    /// Each so-manieth request gets its answer twice.
    pub double_every: Option<u64>,
    /// Each so-manieth advice or reversal is taken, and gets no answer.
    pub deaf_every: Option<u64>,
    /// How long to run; for ever if not told.
    pub duration: Option<Duration>,
}

/// Which answers are late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// Each so-manieth request.
    pub every: u64,
    /// So much later than the others.
    pub by: Duration,
}

/// What an issuer did. Amounts are of DE 4, in minor units, whatever the currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Summary {
    /// Authorizations and sales asked for, repeats included.
    pub requests: u64,
    /// Of those, repeats.
    pub repeats: u64,
    /// Requests answered with an approval.
    pub approved: u64,
    /// Their amounts.
    pub approved_amount: u64,
    /// Requests answered otherwise.
    pub declined: u64,
    /// Requests left without an answer on purpose.
    pub dropped: u64,
    /// Answers held back longer on purpose.
    pub late: u64,
    /// Answers given twice on purpose.
    #[serde(default)]
    pub doubled: u64,
    /// Advices that came.
    pub advices: u64,
    /// Reversals that came.
    pub reversals: u64,
    /// Their amounts, a repeat's as well.
    pub reversed_amount: u64,
    /// Advices and reversals that were repeats.
    #[serde(default)]
    pub sent_again: u64,
    /// Advices and reversals left without an answer on purpose.
    #[serde(default)]
    pub unacknowledged: u64,
    /// Sign-ons, sign-offs and echoes answered.
    pub network: u64,
    /// Answers of every kind handed to a socket.
    pub answers: u64,
    /// Answers whose link had gone or did not read.
    pub undeliverable: u64,
    /// Messages of a type that is not answered here.
    pub ignored: u64,
    /// Frames or messages that are none.
    pub malformed: u64,
    /// Links accepted.
    pub links: u64,
}

/// What happens while an issuer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// So many links are open now.
    Links(usize),
    /// A second has passed.
    Second(Summary),
}

/// Takes the steps of a turn.
pub type Ledger<'a> = &'a mut dyn FnMut(&[ledger::Issuer]);

/// An issuer that listens.
pub struct Issuer {
    net: Net,
    addresses: Vec<SocketAddr>,
    desk: Box<Desk>,
    duration: Option<Duration>,
}

impl Issuer {
    /// Listens.
    pub fn open(options: &Options) -> io::Result<Self> {
        if options.listen.is_empty() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut net = Net::new(EVENTS_PER_TURN, LINKS_MAX, SocketOptions::default())?;
        let mut addresses = Vec::new();
        for address in &options.listen {
            let listener = net.listen(*address)?;
            addresses.push(net.local_addr(listener).ok_or(io::ErrorKind::AddrNotAvailable)?);
        }
        let desk = Box::new(Desk::new(options));
        Ok(Self { net, addresses, desk, duration: options.duration })
    }

    /// Where it listens, in the order of the options.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Answers until told to stop, or until its time is over.
    pub fn run(self, stop: &AtomicBool, watch: &mut dyn FnMut(&Event)) -> io::Result<Summary> {
        self.run_with_ledger(stop, watch, None)
    }

    /// The same, and what it knows of each request goes to `ledger` if there is one, the steps of a
    /// turn at a time.
    pub fn run_with_ledger(
        mut self,
        stop: &AtomicBool,
        watch: &mut dyn FnMut(&Event),
        mut ledger: Option<Ledger<'_>>,
    ) -> io::Result<Summary> {
        self.desk.pages = ledger.as_ref().map(|_| Pages::new());
        let begun = clock::now();
        let end =
            self.duration.map_or(u64::MAX, |duration| begun.saturating_add(clock::nanos(duration)));
        let mut second = begun + SECOND;
        let mut links = 0;
        loop {
            let now = clock::now();
            self.desk.release(&mut self.net, now);
            // Before the bytes leave, so that nobody knows of an answer earlier than the ledger.
            if let Some((ledger, pages)) = ledger.as_mut().zip(self.desk.pages.as_mut()) {
                pages.give(ledger);
            }
            self.net.flush();
            if stop.load(Ordering::Relaxed) || now >= end {
                return Ok(self.desk.summary);
            }
            if self.desk.links_open != links {
                links = self.desk.links_open;
                watch(&Event::Links(links));
            }
            if now >= second {
                second += SECOND;
                watch(&Event::Second(self.desk.summary));
            }
            let until = self.desk.next_due().unwrap_or(u64::MAX).min(end).min(now + LOOK);
            let wait = Duration::from_nanos(until.saturating_sub(now));
            self.net.turn(Some(wait), &mut *self.desk)?;
        }
    }
}

impl Options {
    /// An issuer that approves everything at once, until it is stopped.
    pub fn new(listen: Vec<SocketAddr>, dialect: &'static Dialect, framing: Framing) -> Self {
        Self {
            listen,
            dialect,
            framing,
            delay: Duration::ZERO,
            action: ActionCode::approved(dialect.version()),
            drop_every: None,
            late: None,
            double_every: None,
            deaf_every: None,
            duration: None,
        }
    }
}

impl Summary {
    /// The summary for people.
    pub fn table(&self) -> comfy_table::Table {
        let mut table = crate::cli::table();
        for (name, count) in [
            ("requests", self.requests),
            ("  of them repeats", self.repeats),
            ("approved", self.approved),
            ("approved amount", self.approved_amount),
            ("declined", self.declined),
            ("dropped on purpose", self.dropped),
            ("late on purpose", self.late),
            ("doubled on purpose", self.doubled),
            ("advices", self.advices),
            ("reversals", self.reversals),
            ("reversed amount", self.reversed_amount),
            ("  of advices and reversals repeats", self.sent_again),
            ("  left without an answer on purpose", self.unacknowledged),
            ("network management", self.network),
            ("answers", self.answers),
            ("undeliverable", self.undeliverable),
            ("ignored", self.ignored),
            ("malformed", self.malformed),
            ("links accepted", self.links),
        ] {
            table.add_row([name.to_owned(), count.to_string()]);
        }
        table
    }
}
