//! `load` on the command line. Must not know how it is done.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use codec::{Dialect, Framing, Masked, Mti};

use super::{Output, exit, parse, terminal};
use crate::ledger;
use crate::load::{self, Error, Event, Options, Pace, Progress};

/// Arguments of `load`.
#[derive(Args)]
pub struct Arguments {
    /// Where to connect, HOST:PORT; repeatable: each site of the other side, of which the first that takes
    /// connections is used, and the next one when that is lost or silent
    #[arg(long, value_name = "ADDR", required = true, value_parser = parse::address)]
    target: Vec<SocketAddr>,
    /// Format of the messages
    #[arg(long, value_name = "NAME|FILE", default_value = "iso93-ascii", value_parser = parse::dialect)]
    dialect: &'static Dialect,
    /// How messages are cut from the stream: bin2, bin2le, bin4, ascii4, bcd2, vml, nac
    #[arg(long, default_value = "ascii4", value_parser = parse::framing)]
    framing: Framing,
    /// Connections
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    connections: usize,
    /// Closed loop: requests open on each connection
    #[arg(long, value_name = "W", default_value_t = 1, conflicts_with = "rate")]
    window: usize,
    /// Open loop: requests a second in all, sent at fixed times whatever comes back
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rate: Option<u64>,
    /// Measured time, seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = parse::duration)]
    duration: Duration,
    /// Time before it, seconds
    #[arg(long, value_name = "S", default_value = "1", value_parser = parse::duration)]
    warmup: Duration,
    /// An answer that takes longer is missing, seconds
    #[arg(long, value_name = "S", default_value = "15", value_parser = parse::duration)]
    grace: Duration,
    /// 1100 authorization or 1200 sale, in 1987 0100 or 0200; a sale if not told
    #[arg(long, value_parser = parse::mti)]
    mti: Option<Mti>,
    /// Test card to use, repeatable
    #[arg(long, value_name = "TEST CARD", value_parser = parse::pan, hide_default_value = true,
          default_value = "3530111333300000")]
    pan: Vec<String>,
    /// Acquiring institution (DE 32), repeatable
    #[arg(long, value_name = "ID", value_parser = parse::institution,
          default_value = "77334000001")]
    acquirer: Vec<String>,
    /// Send so many of the requests once more, as repeats: half of them right behind themselves, half
    /// when they have been answered
    #[arg(long, value_name = "PERCENT", value_parser = parse::share)]
    repeats: Option<u64>,
    /// Reverse so many of the requests, when they have been approved
    #[arg(long, value_name = "PERCENT", value_parser = parse::share)]
    reversals: Option<u64>,
    /// Send what was open on a connection that is lost again over the next one, as repeats; always with
    /// several targets
    #[arg(long)]
    ask_again: bool,
    /// Give a connection up on which nothing comes for so long although something is asked, seconds; 2 with
    /// several targets, for ever with one
    #[arg(long, value_name = "S", value_parser = parse::duration)]
    silence: Option<Duration>,
    /// Write down each request and its answer, a line of JSON each
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// How the report is printed
    #[arg(short, long, value_enum, default_value = "table")]
    output: Output,
    /// Say in lines of JSON what happens, and end with the process that started this one
    #[arg(long, hide = true)]
    child: bool,
}

impl Arguments {
    /// The exit code.
    pub(super) fn run(self) -> u8 {
        let stop = match terminal::stop_flag() {
            Ok(stop) => stop,
            Err(error) => {
                terminal::complain(error);
                return exit::FAILED;
            }
        };
        let (child, output) = (self.child, self.output);
        if child && let Err(error) = terminal::end_with_parent() {
            terminal::complain(error);
            return exit::FAILED;
        }
        let line = terminal::LiveLine::new(!child);
        let mut ledger = match self.ledger.as_deref().map(ledger::File::create).transpose() {
            Ok(ledger) => ledger,
            Err(error) => {
                terminal::complain(format_args!("--ledger: {error}"));
                return exit::FAILED;
            }
        };
        let options = self.options();
        let mut watch = |event: &Event| {
            if child {
                say_event(event);
            } else if let Event::Second(progress) = event {
                line.show(|| live(progress));
            }
        };
        let mut write = |entries: &[_]| ledger.iter_mut().for_each(|file| file.write(entries));
        let keep = self.ledger.is_some().then_some(&mut write as load::Ledger<'_>);
        let result = load::run_with_ledger(&options, &stop, &mut watch, keep);
        let written = ledger.map_or(Ok(()), ledger::File::finish);
        line.clear();
        if let Err(error) = &written {
            terminal::complain(format_args!("the ledger is not whole: {error}"));
        }
        match result {
            Ok(report) => {
                match output {
                    Output::Json => terminal::say_json(&report),
                    Output::Table => terminal::say(report.table()),
                }
                match (report.is_right(), written) {
                    (_, Err(_)) => exit::FAILED,
                    (true, Ok(())) => exit::DONE,
                    (false, Ok(())) => exit::FOUND,
                }
            }
            Err(error) => {
                terminal::complain(&error);
                match error {
                    Error::Unreachable { .. } => exit::UNREACHABLE,
                    Error::Bounds | Error::Sale(_) => exit::USAGE,
                    Error::System(_) => exit::FAILED,
                }
            }
        }
    }

    fn options(&self) -> Options {
        let options = Options {
            targets: self.target.clone(),
            dialect: self.dialect,
            framing: self.framing,
            connections: self.connections,
            pace: self.rate.map_or(Pace::Window(self.window), Pace::Rate),
            duration: self.duration,
            warmup: self.warmup,
            grace: self.grace,
            reconnect_max: load::RECONNECT_MAX,
            mti: self.mti.unwrap_or_else(|| load::sale_of(self.dialect.version())),
            pans: self.pan.clone(),
            acquirers: self.acquirer.clone(),
            repeats_every: self.repeats,
            reversals_every: self.reversals,
            asks_again: self.ask_again,
            silence: self.silence,
            again_after: None,
        };
        if self.target.len() > 1 { options.at_sites(self.target.clone()) } else { options }
    }
}

impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pans: Vec<_> = self.pan.iter().map(|pan| Masked(pan.as_bytes())).collect();
        f.debug_struct("Arguments")
            .field("target", &self.target)
            .field("pan", &pans)
            .finish_non_exhaustive()
    }
}

fn say_event(event: &Event) {
    #[derive(serde::Serialize)]
    struct Nothing {}
    #[derive(serde::Serialize)]
    struct Measured {
        answered: u64,
        nanoseconds: u64,
    }
    match *event {
        Event::Connected => terminal::say_mark("connected", &Nothing {}),
        Event::Second(ref progress) => terminal::say_mark("second", progress),
        Event::Measuring => terminal::say_mark("measuring", &Nothing {}),
        Event::Measured { answered, nanoseconds } => {
            terminal::say_mark("measured", &Measured { answered, nanoseconds });
        }
    }
}

fn live(progress: &Progress) -> String {
    format!(
        "{}  {:.0} tx/s  p50 {:.0} us  p99 {:.0} us  unanswered {}  mismatched {}  late sends {}  \
         approved {}  declined {}",
        terminal::clock(progress.seconds),
        progress.tps,
        progress.latency_us.p50,
        progress.latency_us.p99,
        progress.unanswered,
        progress.mismatched,
        progress.late_sends,
        progress.approved,
        progress.declined,
    )
}
