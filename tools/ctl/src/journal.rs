//! `sekisho journal`: what the journal holds, with and without the daemon. Only reads: takes no lock
//! and writes nothing where the journal is. Must not know the bytes of a segment.

mod site;

mod dump;

mod reading;

mod row;

mod line;

mod names;

mod times;

use std::process::ExitCode;

use clap::Subcommand;

use crate::output::Failure;

/// What to do with a journal.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show records, card data masked
    #[command(
        after_help = "STAN is ours towards the issuer; the acquirer's is field 11. A card number is shown \
                      by its first six and last four digits, what may hold more of a card by its length.\n\
                      Needs the journal's key: --key, or insecure-demo.key beside the journal.\n\
                      Exit codes: 0 done, 3 no journal there, 4 no key opens it, 7 damaged."
    )]
    Dump(dump::DumpArguments),
    /// Show the last records, and follow what a running daemon adds
    #[command(after_help = "Columns, keys and exit codes are those of `journal dump`.")]
    Tail(dump::TailArguments),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Dump(arguments) => dump::dump(arguments),
        Command::Tail(arguments) => dump::tail(arguments),
    }
}
