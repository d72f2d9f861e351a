//! `cargo xtask`: every test, every other check and the long proofs of the project, in one command.
//! Knows the checkout, cargo and the words of the style guide; it must not know what a message is.

mod campaign;
mod cargo;
mod check;
mod checkout;
mod machine;
mod package;
mod report;
mod source;
mod suite;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};

use crate::checkout::Checkout;

/// The project's own checks and campaigns.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make the machine ready (tools/setup), then run every test: workspace, documents, loom models.
    Test,
    /// Run every other check, or only those named; exit code 7 when one of them found something.
    Check {
        /// Which checks to run; all of them when none is named.
        #[arg(value_parser = PossibleValuesParser::new(check::names()))]
        names: Vec<String>,
        /// Show advice too, such as files over the length aimed at.
        #[arg(short, long)]
        verbose: bool,
    },
    /// Make the Debian package, of programs that are there or are built for it.
    Package(package::Arguments),
    /// Run one of the long proofs.
    Campaign(campaign::Arguments),
}

/// How a task ended; the numbers are the exit codes of every program of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Everything asked for was done and nothing was found.
    Done = 0,
    /// The task could not be carried out.
    Failed = 1,
    /// What was named does not exist.
    NotFound = 3,
    /// It needs another user.
    NotPermitted = 4,
    /// A test failed or a check found something.
    Found = 7,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.task, &mut io::stdout()) {
        Ok(ended) => ExitCode::from(ended as u8),
        Err(error) => {
            // Nobody is left to tell when stderr is gone too; the exit code still speaks.
            writeln!(io::stderr(), "xtask: {error}").ok();
            ExitCode::from(Ended::Failed as u8)
        }
    }
}

fn run(task: Task, out: &mut dyn Write) -> io::Result<Ended> {
    match task {
        Task::Test => suite::run(&checkout::root()?, out),
        Task::Check { names, verbose } => {
            check::run(&Checkout::read(checkout::root()?)?, &names, verbose, out)
        }
        Task::Package(arguments) => package::run(&checkout::root()?, &arguments, out),
        Task::Campaign(arguments) => {
            campaign::run(&checkout::root()?, &arguments, out, &mut io::stderr())
        }
    }
}
