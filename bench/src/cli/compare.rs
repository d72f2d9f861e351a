//! `compare` on the command line. Must not know how it is done.

use std::io;
use std::time::Duration;

use clap::Args;

use super::{Output, exit, parse, terminal};
use crate::compare::{self, Error, Event, Options, Outcome, Trouble};
use crate::load::Pace;

/// Arguments of `compare`.
#[derive(Args)]
pub struct Arguments {
    /// Connections of the load
    #[arg(short, long, value_name = "N", default_value_t = 512)]
    connections: usize,
    /// Closed loop: requests open on each
    #[arg(long, value_name = "W", default_value_t = 1, conflicts_with = "rate")]
    window: usize,
    /// Open loop: requests a second in all, for comparing how long answers take
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rate: Option<u64>,
    /// Format of the messages, on both sides
    #[arg(long, default_value = "iso93-ascii", value_name = "NAME", value_parser = parse::built_in)]
    dialect: String,
    /// Measured time of each run, seconds
    #[arg(long, value_name = "S", default_value = "5", value_parser = parse::duration)]
    duration: Duration,
    /// Time before it, seconds: links between centres live for weeks, so a steady state is compared
    #[arg(long, value_name = "S", default_value = "3", value_parser = parse::duration)]
    warmup: Duration,
    /// Pairs of runs, in alternating order
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    /// The switch writes its journal, sealed, into the directory of temporary files
    #[arg(long)]
    journal: bool,
    /// How it writes it: mapped or direct
    #[arg(long, value_name = "PATH", default_value = "mapped", requires = "journal",
          value_parser = path)]
    journal_path: &'static str,
    /// Compare the switch with itself: without and with so many of the requests sent once more
    #[arg(long, value_name = "PERCENT", value_parser = parse::share)]
    repeats: Option<u64>,
    /// The same with so many of the requests that the issuer does not answer; give --rate with it
    #[arg(long, value_name = "PERCENT", value_parser = parse::share, requires = "rate")]
    timeouts: Option<u64>,
    /// How the outcome is printed
    #[arg(short, long, value_enum, default_value = "table")]
    output: Output,
}

impl Arguments {
    /// The exit code.
    pub(super) fn run(self) -> u8 {
        match self.compare() {
            Ok(outcome) => {
                match self.output {
                    Output::Json => terminal::say_json(&outcome),
                    Output::Table => {
                        terminal::say(outcome.table());
                        terminal::say(outcome.caption());
                    }
                }
                exit::DONE
            }
            Err(error) => {
                terminal::complain(&error);
                if matches!(error, Error::Work(_)) { exit::FOUND } else { exit::FAILED }
            }
        }
    }

    fn compare(&self) -> Result<Outcome, Error> {
        let stop = terminal::stop_flag()?;
        let line = terminal::LiveLine::new(true);
        let options = self.options()?;
        let outcome = compare::run(&options, &stop, &mut |event| {
            if let Event::Begun(number, of, subject) = event {
                line.show(|| format!("pair {number} of {of}: {subject}"));
            }
        });
        line.clear();
        outcome
    }

    fn options(&self) -> io::Result<Options> {
        let bench = std::env::current_exe()?;
        let sekishod = bench.with_file_name("sekishod");
        Ok(Options {
            sekishod,
            bench,
            dialect: self.dialect.clone(),
            connections: self.connections,
            pace: self.rate.map_or(Pace::Window(self.window), Pace::Rate),
            duration: self.duration,
            warmup: self.warmup,
            runs: self.runs.max(1),
            journal: self.journal.then_some(self.journal_path),
            trouble: Trouble { repeats_every: self.repeats, timeouts_every: self.timeouts },
        })
    }
}

/// A write path of the journal.
fn path(text: &str) -> Result<&'static str, String> {
    let known = ["mapped", "direct"].into_iter().find(|&path| path == text);
    known.ok_or_else(|| "there is mapped and direct".to_owned())
}

impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arguments").field("connections", &self.connections).finish_non_exhaustive()
    }
}
