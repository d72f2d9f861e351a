//! `sekisho journal`: what the journal holds, with and without the daemon. Only reads: takes no lock
//! and writes nothing where the journal is. Must not know the bytes of a segment.

pub(crate) mod site;

mod verify;

mod dump;

mod salvage;

mod stats;

pub(crate) mod reading;

pub(crate) mod row;

mod line;

pub(crate) mod names;

mod times;

pub(crate) use times::{instant, second};

use std::process::ExitCode;

use clap::Subcommand;

use crate::output::Failure;

/// What to do with a journal.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say whether it is as it was written; needs no key
    #[command(
        after_help = "Exit codes: 0 good, or good with a torn tail, which the next start leaves out; \
                      3 no journal there; 7 damaged, with where and what to do."
    )]
    Verify(verify::VerifyArguments),
    /// Show records, card data masked
    #[command(
        after_help = "STAN is ours towards the issuer; the acquirer's is field 11. A card number is shown \
                      by its first six and last four digits, what may hold more of a card by its length.\n\
                      Needs the journal's key: the configuration's, --key, or insecure-demo.key beside \
                      the journal.\n\
                      Exit codes: 0 done, 3 no journal there, 4 no key opens it, 7 damaged."
    )]
    Dump(dump::DumpArguments),
    /// Show the last records, and follow what a running daemon adds
    #[command(after_help = "Columns, keys and exit codes are those of `journal dump`.")]
    Tail(dump::TailArguments),
    /// Take what is whole of a damaged journal to a new place, and list what is lost
    #[command(
        after_help = "A directory needs no key: whole batches are copied as they are sealed. A file of \
                      records needs it, and holds no card number.\n\
                      Exit codes: 0 nothing is lost, 3 no journal there, 5 the new place is taken, \
                      7 something is lost."
    )]
    Salvage(salvage::SalvageArguments),
    /// Count segments, archives, checkpoints, records and bytes
    #[command(after_help = "Needs no key but for records by kind.")]
    Stats(stats::StatsArguments),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Verify(arguments) => verify::run(arguments),
        Command::Dump(arguments) => dump::dump(arguments),
        Command::Tail(arguments) => dump::tail(arguments),
        Command::Salvage(arguments) => salvage::run(arguments),
        Command::Stats(arguments) => stats::run(arguments),
    }
}
