//! One run of the load, from the first connect to the report: phases, timers, turns. Must not know
//! what a message says.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use codec::Mti;
use switch_net::{Net, SocketOptions};

use super::book::{Book, OPEN_MAX};
use super::echo::Echo;
use super::follow::Follows;
use super::patience::Patience;
use super::report::Measured;
use super::rest;
use super::reversal::Reversal;
use super::sale::{self, Sale, SaleError};
use super::schedule::Schedule;
use super::station::{Goods, Station};
use super::{
    CONNECTIONS_MAX, Error, Event, KINDS_MAX, OPEN_LOOP_OPEN_MAX, Options, Pace, Progress, Report,
};
use crate::clock::{self, MILLISECOND, SECOND};
use crate::connects::Connects;
use crate::ledger::Pages;

const EVENTS_PER_TURN: usize = 1024;

/// How long all connections may take to open at the start.
const START_TIMEOUT: u64 = 10 * SECOND;

/// How long to listen after the last answer for one too many.
const LINGER: u64 = 100 * MILLISECOND;

/// How long at most until timers and a stop are looked at.
const LOOK: u64 = 100 * MILLISECOND;

/// A run.
pub(super) struct Run<'a> {
    options: &'a Options,
    stop: &'a AtomicBool,
    ledger: Option<super::Ledger<'a>>,
    net: Net,
    station: Box<Station>,
    schedule: Option<Schedule>,
    started: u64,
    phase: Phase,
    measured: Measured,
    seconds: u64,
    answered_before: u64,
}

/// Where a run stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    WarmUp,
    /// From when, with how many answers and how much processor time before.
    Measuring {
        from: u64,
        answered: u64,
        cpu: u64,
    },
    /// Nothing is sent any more.
    Draining,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        options: &'a Options,
        stop: &'a AtomicBool,
        ledger: Option<super::Ledger<'a>>,
    ) -> Result<Self, Error> {
        let connections = options.connections;
        let kinds = options.pans.len().saturating_mul(options.acquirers.len());
        let open_max = match options.pace {
            Pace::Window(window) => connections.saturating_mul(window),
            Pace::Rate(_) => OPEN_LOOP_OPEN_MAX,
        };
        let fits = !options.targets.is_empty()
            && (1..=CONNECTIONS_MAX).contains(&connections)
            && (1..=KINDS_MAX).contains(&kinds)
            && (1..=OPEN_MAX).contains(&open_max);
        if !fits {
            return Err(Error::Bounds);
        }
        // A slot stays taken until its close is told: one that comes back needs another meanwhile.
        let sockets_max = connections * 2;
        let back_off_max = clock::nanos(options.reconnect_max);
        let connects = Connects::among(&options.targets, connections, sockets_max, back_off_max);
        let net = Net::new(EVENTS_PER_TURN, sockets_max, SocketOptions::default());
        let (dialect, framing) = (options.dialect, options.framing);
        let goods = goods(options).map_err(Error::Sale)?;
        let follows = Follows::new(options.repeats_every, options.reversals_every);
        let book = Book::new(open_max);
        let book = if options.asks_again { book.of_station() } else { book };
        let books = (book, follows);
        let mut station = Box::new(Station::new(dialect, framing, goods, books, connects));
        station.asks_again = options.asks_again;
        if let Some(silence) = options.silence {
            let echo = Echo::new(dialect, framing, &options.acquirers[0]).map_err(Error::Sale)?;
            station.echo = Some(echo);
            station.patience = Patience::new(connections, Some(clock::nanos(silence)));
        }
        station.pages = ledger.as_ref().map(|_| Pages::new());
        Ok(Self {
            options,
            stop,
            ledger,
            net: net.map_err(Error::System)?,
            station,
            schedule: None,
            started: 0,
            phase: Phase::WarmUp,
            measured: Measured::default(),
            seconds: 0,
            answered_before: 0,
        })
    }

    /// Opens all connections before the first request.
    pub(super) fn connect(&mut self, watch: &mut dyn FnMut(&Event)) -> Result<(), Error> {
        let begun = clock::now();
        while !self.station.connects.all_open() {
            let now = clock::now();
            let connects = &self.station.connects;
            let (open, why) = (connects.open(), connects.refusal());
            let nobody_there = connects.nobody_is_there();
            if nobody_there || now > begun + START_TIMEOUT || self.stop.load(Ordering::Relaxed) {
                let targets = self.options.targets.clone();
                return Err(Error::Unreachable { targets, open, why });
            }
            self.turn(now, 10 * MILLISECOND).map_err(Error::System)?;
        }
        watch(&Event::Connected);
        Ok(())
    }

    /// Runs to the end.
    pub(super) fn go(&mut self, watch: &mut dyn FnMut(&Event)) -> io::Result<Report> {
        self.started = clock::now();
        if let Pace::Rate(rate) = self.options.pace {
            self.schedule = Some(Schedule::new(self.started, rate));
            rest::sharpen();
        }
        let mut looked = 0;
        let mut quiet_since = None;
        loop {
            let now = clock::now();
            if now >= looked + LOOK {
                looked = now;
                self.look(now, watch);
            }
            self.advance(now, watch);
            self.send(now);
            if self.phase == Phase::Draining && self.is_over(now, &mut quiet_since) {
                break;
            }
            let wait = self.wait(now);
            self.turn(now, wait)?;
        }
        self.station.give_up_before(u64::MAX);
        self.station.tally.fold();
        self.station.tally.moves = self.station.connects.moves();
        Ok(Report::new(&self.station.tally, self.measured))
    }

    fn send(&mut self, now: u64) {
        self.station.send_replies(&mut self.net);
        if self.phase != Phase::Draining {
            match (&mut self.schedule, self.options.pace) {
                (Some(schedule), _) => self.station.send_due(&mut self.net, schedule, now),
                (None, Pace::Window(window)) => {
                    self.station.send_window(&mut self.net, window, now);
                }
                (None, Pace::Rate(_)) => {}
            }
        }
        // Before the bytes leave, so that nobody knows of a request earlier than the ledger.
        self.write_down();
        self.net.flush();
    }

    fn write_down(&mut self) {
        if let Some((ledger, pages)) = self.ledger.as_mut().zip(self.station.pages.as_mut()) {
            pages.give(ledger);
        }
    }

    fn turn(&mut self, now: u64, wait: u64) -> io::Result<()> {
        self.station.connects.poll(&mut self.net, now);
        let wait = match self.schedule {
            Some(_) => rest::before_turn(wait),
            None => Duration::from_nanos(wait),
        };
        self.net.turn(Some(wait), &mut *self.station)?;
        self.write_down();
        Ok(())
    }

    /// From phase to phase.
    fn advance(&mut self, now: u64, watch: &mut dyn FnMut(&Event)) {
        let measure_at = self.started.saturating_add(clock::nanos(self.options.warmup));
        let end_at = measure_at.saturating_add(clock::nanos(self.options.duration));
        if self.phase == Phase::WarmUp && now >= measure_at {
            let answered = self.station.tally.answered;
            self.phase = Phase::Measuring { from: now, answered, cpu: clock::cpu() };
            self.station.tally.measure_from(now);
            watch(&Event::Measuring);
        }
        if self.phase != Phase::Draining && now >= end_at {
            self.end_sending(now, end_at, watch);
        }
    }

    fn end_sending(&mut self, now: u64, end: u64, watch: &mut dyn FnMut(&Event)) {
        if let Phase::Measuring { from, answered, cpu } = self.phase {
            self.measured = Measured {
                answered: self.station.tally.answered - answered,
                nanoseconds: now - from,
                cpu: clock::cpu() - cpu,
            };
            let Measured { answered, nanoseconds, .. } = self.measured;
            watch(&Event::Measured { answered, nanoseconds });
        }
        if let Some(schedule) = &self.schedule {
            self.station.tally.late_sends += schedule.missed(end);
        }
        self.station.tally.service.on_end(now);
        self.phase = Phase::Draining;
    }

    /// What is looked at ten times a second.
    fn look(&mut self, now: u64, watch: &mut dyn FnMut(&Event)) {
        let grace = clock::nanos(self.options.grace);
        self.station.give_up_before(now.saturating_sub(grace));
        if let Some(after) = self.options.again_after {
            self.station.ask_again_before(now.saturating_sub(clock::nanos(after)), now);
        }
        self.station.reverse_again(now);
        self.station.look_at_links(&mut self.net, now);
        if self.stop.swap(false, Ordering::Relaxed) {
            if self.phase == Phase::Draining {
                self.station.give_up_before(u64::MAX);
            } else {
                self.end_sending(now, now, watch);
            }
        }
        let seconds = (now - self.started) / SECOND;
        if seconds > self.seconds {
            let progress = self.progress(seconds);
            self.seconds = seconds;
            watch(&Event::Second(progress));
        }
    }

    fn progress(&mut self, seconds: u64) -> Progress {
        let station = &mut self.station;
        let answered = station.tally.answered;
        let since = answered - std::mem::replace(&mut self.answered_before, answered);
        Progress {
            seconds,
            connections: station.connects.open(),
            open: station.book.open(),
            sent: station.tally.sent,
            answered,
            approved: station.tally.approved(),
            declined: station.tally.declined(),
            unanswered: station.tally.unanswered,
            mismatched: station.tally.mismatched,
            late_sends: station.tally.late_sends,
            moves: station.connects.moves(),
            tps: crate::figures::per_second(since, (seconds - self.seconds) * SECOND),
            latency_us: station.tally.fold().into(),
        }
    }

    /// Nothing is open, and nothing has come for a while that was not asked for.
    fn is_over(&self, now: u64, quiet_since: &mut Option<u64>) -> bool {
        if self.station.book.open() > 0 || self.station.follows.open() > 0 {
            *quiet_since = None;
            return false;
        }
        now >= *quiet_since.get_or_insert(now) + LINGER
    }

    /// How long the next turn may wait.
    fn wait(&self, now: u64) -> u64 {
        let due = match (&self.schedule, self.phase) {
            (_, Phase::Draining) => now + 10 * MILLISECOND,
            // Sends are due and nobody is there: spinning would not bring them back.
            _ if self.station.connects.open() == 0 => now + 5 * MILLISECOND,
            (Some(schedule), _) if !self.station.book.is_full() => schedule.due(),
            _ => now + LOOK,
        };
        let change = match self.phase {
            Phase::WarmUp => self.started + clock::nanos(self.options.warmup),
            Phase::Measuring { from, .. } => from + clock::nanos(self.options.duration),
            Phase::Draining => now + LOOK,
        };
        due.min(change).min(now + LOOK).saturating_sub(now)
    }
}

/// A number that no other run of this process has, nor, hardly ever, one of another process.
fn next_run() -> u64 {
    static FIRST: OnceLock<u64> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let chance = || (clock::unix() / MILLISECOND) ^ (u64::from(std::process::id()) << 8);
    // A plain count; nothing is ordered by it.
    FIRST.get_or_init(chance).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// One sale for each card at each acquirer, and what may follow it.
fn goods(options: &Options) -> Result<Goods, SaleError> {
    let Options { dialect, framing, mti, .. } = *options;
    let run = sale::run_name(next_run());
    let mut goods = Goods { sales: Vec::new(), repeats: Vec::new(), reversals: Vec::new() };
    let repeat = Mti::new(mti.without_repeat().bcd() + 1).ok_or(SaleError::Type(mti))?;
    for acquirer in &options.acquirers {
        for pan in &options.pans {
            goods.sales.push(Sale::new(dialect, &framing, mti, pan, acquirer, run)?);
            let asks_again = options.asks_again || options.again_after.is_some();
            if options.repeats_every.is_some() || asks_again {
                goods.repeats.push(Sale::new(dialect, &framing, repeat, pan, acquirer, run)?);
            }
            if options.reversals_every.is_some() || options.again_after.is_some() {
                let reversal = Reversal::new(dialect, framing, mti, (pan, acquirer), run)?;
                goods.reversals.push(reversal);
            }
        }
    }
    Ok(goods)
}
