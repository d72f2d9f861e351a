//! `sekisho txn`: transactions in the journal, with and without the daemon: which there are, and the life
//! of one of them. Only reads: takes no lock and writes nothing. Must not know the bytes of an index.

mod history;

mod find;

mod trace;

mod life;

mod kept;

mod step;

mod when;

use std::process::ExitCode;

use clap::Subcommand;

use crate::output::Failure;

/// What to ask of transactions.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find transactions by RRN, STAN, card or time
    #[command(
        after_help = "What is given must all fit. A STAN is the acquirer's (DE 11) or ours towards the \
                      issuer; of a stored message (`saf list`) give its ORIGINAL, and its issuer as \
                      --station. The card's number is read from standard input, never from an argument; it \
                      is found where the acquirer's dialect lets it be written down.\n\
                      ID is the position of the record that the transaction began with; `txn trace ID` \
                      shows its life. What was refused before anything changed has no record.\n\
                      Needs the journal's key, as `journal dump` does.\n\
                      Exit codes: 0 found, 3 none found or no journal there, 4 no key opens it, \
                      7 damaged."
    )]
    Find(find::FindArguments),
    /// Show the life of one transaction, both legs
    #[command(
        after_help = "A line is a record: nothing left before it was written down. A repeat that was \
                      answered as before has no record.\n\
                      Exit codes: 0 done, 3 no such transaction, 4 no key opens it, 7 damaged."
    )]
    Trace(trace::TraceArguments),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Find(arguments) => find::run(arguments),
        Command::Trace(arguments) => trace::run(arguments),
    }
}
