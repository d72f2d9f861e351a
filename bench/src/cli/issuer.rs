//! `issuer` on the command line. Must not know how it is done.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args;
use codec::{Dialect, Framing, Version};

use super::{Output, exit, parse, terminal};
use crate::issuer::{self, ActionCode, Event, Issuer, Late, Options, Summary};
use crate::ledger;

/// Arguments of `issuer`.
#[derive(Args)]
pub struct Arguments {
    /// Where to listen, HOST:PORT, port 0 for any; repeatable
    #[arg(long, value_name = "ADDR", required = true, value_parser = parse::address)]
    listen: Vec<SocketAddr>,
    /// Format of the messages
    #[arg(long, value_name = "NAME|FILE", default_value = "iso93-binary", value_parser = parse::dialect)]
    dialect: &'static Dialect,
    /// How messages are cut from the stream: bin2, bin2le, bin4, ascii4, bcd2, vml, nac
    #[arg(long, default_value = "bin2", value_parser = parse::framing)]
    framing: Framing,
    /// From request to answer, milliseconds
    #[arg(long, value_name = "MS", default_value = "0", value_parser = parse::milliseconds)]
    delay: Duration,
    /// Action code (DE 39) of authorizations and sales: three digits, or two characters in a dialect
    /// of 1987; an approval if not told
    #[arg(long, value_name = "CODE", value_parser = parse::action)]
    action: Option<ActionCode>,
    /// Leave each Nth request without an answer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    drop_every: Option<u64>,
    /// Answer each Nth request later still
    #[arg(long, value_name = "N", requires = "late_by",
          value_parser = clap::value_parser!(u64).range(1..))]
    late_every: Option<u64>,
    /// By so much, milliseconds
    #[arg(long, value_name = "MS", requires = "late_every", value_parser = parse::milliseconds)]
    late_by: Option<Duration>,
    /// Answer each Nth request twice
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    double_every: Option<u64>,
    /// Take each Nth advice or reversal, and do not answer it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    deaf_every: Option<u64>,
    /// End by itself after so many seconds
    #[arg(long, value_name = "S", value_parser = parse::duration)]
    duration: Option<Duration>,
    /// Write down each request and its answer, a line of JSON each
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// How the summary is printed
    #[arg(short, long, value_enum, default_value = "table")]
    output: Output,
    /// Say in lines of JSON what happens, and end with the process that started this one
    #[arg(long, hide = true)]
    child: bool,
}

impl Arguments {
    /// The exit code.
    pub(super) fn run(self) -> u8 {
        let output = self.output;
        let version = self.dialect.version();
        if !self.code().is_of(version) {
            terminal::complain(format_args!(
                "--action {} is no code of {}; DE 39 takes {} there",
                self.code(),
                self.dialect.name(),
                if version == Version::Iso1987 { "two characters" } else { "three digits" },
            ));
            return exit::USAGE;
        }
        match self.serve() {
            Ok(summary) => {
                match output {
                    Output::Json => terminal::say_json(&summary),
                    Output::Table => terminal::say(summary.table()),
                }
                exit::DONE
            }
            Err(error) => {
                terminal::complain(error);
                exit::FAILED
            }
        }
    }

    fn serve(self) -> io::Result<Summary> {
        let stop = terminal::stop_flag()?;
        if self.child {
            terminal::end_with_parent()?;
        }
        let line = terminal::LiveLine::new(!self.child);
        let child = self.child;
        let ledger = self.ledger.as_deref().map(ledger::File::create).transpose()?;
        let options = self.options();
        let mut watch = |event: &Event| match *event {
            Event::Links(links) if child => {
                terminal::say_mark("links", &std::collections::BTreeMap::from([("links", links)]));
            }
            Event::Second(summary) if child => terminal::say_mark("second", &summary),
            Event::Links(_) => {}
            Event::Second(summary) => line.show(|| live(&summary)),
        };
        let summary = run(&options, &stop, &mut watch, ledger);
        line.clear();
        summary
    }

    /// What it answers to authorizations and sales.
    fn code(&self) -> ActionCode {
        self.action.unwrap_or_else(|| ActionCode::approved(self.dialect.version()))
    }

    fn options(self) -> Options {
        let (late, action) = (self.late_every.zip(self.late_by), self.code());
        Options {
            listen: self.listen,
            dialect: self.dialect,
            framing: self.framing,
            delay: self.delay,
            action,
            drop_every: self.drop_every,
            late: late.map(|(every, by)| Late { every, by }),
            double_every: self.double_every,
            deaf_every: self.deaf_every,
            duration: self.duration,
        }
    }
}

impl std::fmt::Debug for Arguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arguments").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// To the end, with its ledger whole.
fn run(
    options: &Options,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(&Event),
    mut ledger: Option<ledger::File>,
) -> io::Result<Summary> {
    let issuer = Issuer::open(options)?;
    for address in issuer.addresses() {
        terminal::say(format_args!("listening {address}"));
    }
    let is_kept = ledger.is_some();
    let mut write = |entries: &[_]| ledger.iter_mut().for_each(|file| file.write(entries));
    let keep = is_kept.then_some(&mut write as issuer::Ledger<'_>);
    let summary = issuer.run_with_ledger(stop, watch, keep)?;
    ledger.map_or(Ok(()), ledger::File::finish).map(|()| summary)
}

fn live(summary: &Summary) -> String {
    format!(
        "requests {}  approved {}  declined {}  advices {}  reversals {}  answers {}",
        summary.requests,
        summary.approved,
        summary.declined,
        summary.advices,
        summary.reversals,
        summary.answers,
    )
}
