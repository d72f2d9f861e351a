//! The command line: arguments, output, exit codes. Must not know how anything is done.

mod parse;

mod terminal;

pub mod load;

pub mod issuer;

pub mod relay;

pub mod compare;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use comfy_table::{Table, presets};

/// What the exit codes of every program of Sekisho mean.
pub mod exit {
    /// Done.
    pub const DONE: u8 = 0;
    /// Failed.
    pub const FAILED: u8 = 1;
    /// The arguments make no sense.
    pub const USAGE: u8 = 2;
    /// Nobody there, or not in time.
    pub const UNREACHABLE: u8 = 6;
    /// A check found problems.
    pub const FOUND: u8 = 7;
}

#[derive(Debug, Parser)]
#[command(
    name = "sekisho-bench",
    version,
    about = "Load, issuers, the floor, and the switch compared with it",
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 6 target not reached, 7 answers missing, double or wrong."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// The subcommands; another program may offer them as its own.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send sales, check every answer, measure
    Load(Box<load::Arguments>),
    /// Answer what comes in, as an issuer
    Issuer(issuer::Arguments),
    /// The floor: pass frames on without a look inside
    Relay(relay::Arguments),
    /// Floor and switch in turn on the same work
    Compare(compare::Arguments),
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
}

/// The command line as it is: for its manual and its completions.
pub fn command() -> clap::Command {
    Cli::command()
}

/// The whole of `sekisho-bench`: `args` with the program's name first.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Cli::try_parse_from(args) {
        Ok(cli) => execute(cli.command),
        Err(error) => {
            let code = if error.use_stderr() { exit::USAGE } else { exit::DONE };
            // Nothing is left to tell when the terminal is gone.
            drop(error.print());
            code.into()
        }
    }
}

/// One subcommand, parsed.
pub fn execute(command: Command) -> ExitCode {
    let code = match command {
        Command::Load(arguments) => arguments.run(),
        Command::Issuer(arguments) => arguments.run(),
        Command::Relay(arguments) => arguments.run(),
        Command::Compare(arguments) => arguments.run(),
    };
    code.into()
}

/// An empty table in the one style that we have.
pub(crate) fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}
