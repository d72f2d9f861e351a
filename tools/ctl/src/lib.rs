//! `sekisho`: the operator's one program. Knows the names of the commands and what exit codes mean;
//! what a command does is its own file's. `judge` and `parties` are for xtask's campaigns, `completion` for its packages.

pub mod judge;

pub mod parties;

pub mod completion;

mod output;

mod grid;

mod clock;

mod asking;

mod rot;

mod status;

mod saf;

mod node;

mod drill;

mod config;

mod message;

mod dialect;

mod journal;

mod txn;

mod perf;

mod demo;

mod child;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// The operator's program of Sekisho, an ISO 8583 authorization switch.
#[derive(Debug, Parser)]
#[command(
    name = "sekisho",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Data goes to stdout, everything else to stderr; NO_COLOR is obeyed.\n\
                  Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 not permitted, 5 conflict, \
                  6 timeout or no daemon, 7 a check found problems."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything on loopback: two acquirers, the switch, two issuers, a live view, a verdict
    Demo(demo::Arguments),
    /// How the daemon, its links, stations and workers are
    Status(status::Arguments),
    /// Messages stored for issuers: reversals and advices that are not acknowledged yet
    #[command(subcommand, arg_required_else_help = true, after_help = saf::STATES)]
    Saf(saf::Command),
    /// This node and its peer: which one is the primary, and what each lacks
    #[command(subcommand, arg_required_else_help = true, after_help = node::STATES)]
    Node(node::Command),
    /// What becomes of the service when a site or the line is lost, tried out: looked at before, measured, and back
    #[command(subcommand, arg_required_else_help = true, after_help = drill::ABOUT)]
    Drill(drill::Command),
    /// What the configuration says, what a reload would change, and the reload itself
    #[command(subcommand, arg_required_else_help = true, after_help = config::STEPS)]
    Config(config::Command),
    /// Take messages apart and put them together, without a daemon
    #[command(subcommand, arg_required_else_help = true)]
    Message(message::Command),
    /// Message formats, built in and in files
    #[command(subcommand, arg_required_else_help = true)]
    Dialect(dialect::Command),
    /// The journal: whole or damaged, what is in it, how much of it there is
    #[command(subcommand, arg_required_else_help = true)]
    Journal(journal::Command),
    /// Transactions in the journal: find some, and follow one through its life
    #[command(subcommand, arg_required_else_help = true)]
    Txn(txn::Command),
    /// What this machine's disk and loopback give
    #[command(subcommand, arg_required_else_help = true)]
    Perf(perf::Command),
    /// What makes bash, zsh or fish complete the commands of this program
    #[command(
        after_help = "The package brings it; without that: source <(sekisho completion bash)"
    )]
    Completion(completion::Arguments),
}

/// The command line as it is: for its manual and its completions.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// The whole of `sekisho`.
pub fn run() -> ExitCode {
    if let Some(arguments) = child::asked_for(std::env::args_os()) {
        return ended(child::run(arguments));
    }
    ended(match Arguments::parse().command {
        Command::Status(arguments) => status::run(&arguments),
        Command::Saf(command) => saf::run(command),
        Command::Node(command) => node::run(command),
        Command::Drill(command) => drill::run(command),
        Command::Config(command) => config::run(&command),
        Command::Message(command) => message::run(&command),
        Command::Dialect(command) => dialect::run(&command),
        Command::Journal(command) => journal::run(&command),
        Command::Txn(command) => txn::run(&command),
        Command::Perf(command) => perf::run(&command),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Completion(arguments) => completion::run(&arguments),
    })
}

fn ended(done: Result<ExitCode, output::Failure>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn what_is_not_a_command_is_a_usage_error() {
        for line in [&["sekisho", "stauts"][..], &["sekisho", "status", "-o", "xml"], &["sekisho"]]
        {
            assert_eq!(Arguments::try_parse_from(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }

    #[test]
    fn help_and_version_are_no_errors() {
        for line in [&["sekisho", "--help"][..], &["sekisho", "-V"], &["sekisho", "status", "-h"]] {
            assert_eq!(Arguments::try_parse_from(line).unwrap_err().exit_code(), 0, "{line:?}");
        }
    }
}
