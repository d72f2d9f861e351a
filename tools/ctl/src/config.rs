//! `sekisho config`: what the configuration says, what a reload would change, and the reload itself.
//! Must not know what a key means.

mod apply;

mod check;

mod rollback;

mod shelf;

mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use daemon::change::{ConfigReply, ConfigRequest};
use daemon::cli::CONFIGURATION;
use daemon::control::ask_config;
use serde::Serialize;

use crate::asking::{self, Shown};
use crate::output::{CONFLICT, FAILED, FOUND, Failure, Format, write_out};

/// How a change is made, for the help.
pub(crate) const STEPS: &str = "\
1. Edit /etc/sekisho/sekisho.toml, or a file of conf.d beside it
2. sekisho config check    what is wrong, and what does nothing; no daemon is needed
3. sekisho config plan     what the running daemon would change, and what needs a restart
4. sekisho config apply    shows the same, asks, and takes it up; links stay open but those it moves
If it was a mistake: sekisho config rollback";

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Whether a configuration can run, and what in it does nothing; asks no daemon
    #[command(after_help = "Exit codes: 0 it can run, 7 it can not.")]
    Check {
        /// The file; conf.d/*.toml beside it are merged after it
        #[arg(value_name = "FILE", default_value = CONFIGURATION)]
        file: PathBuf,

        /// As for a daemon that runs with --insecure-demo
        #[arg(long)]
        insecure_demo: bool,

        /// For people or for programs
        #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
        output: Format,
    },
    /// What the files would change in the daemon that runs; changes nothing
    #[command(
        after_help = "Exit codes: 0 it can be applied, 5 something in it needs a restart, 7 it can \
                      not run."
    )]
    Plan {
        #[command(flatten)]
        shown: Shown,
    },
    /// Shows what the files would change, asks, and has the daemon take them up
    #[command(
        after_help = "What was shown is what is applied: when a file changes in between, nothing is. \
                      Exit codes: 0 done, 1 you said no, 4 only administrators may, 5 refused or \
                      something needs a restart, 6 a worker has not taken it up in time, 7 the files \
                      can not run."
    )]
    Apply {
        #[command(flatten)]
        sure: Sure,

        #[command(flatten)]
        shown: Shown,
    },
    /// How far the running reload is, or how the last one ended
    Progress {
        #[command(flatten)]
        shown: Shown,
    },
    /// Which configurations have run, the newest first
    History {
        #[command(flatten)]
        shown: Shown,
    },
    /// Writes the files of an earlier version back, and has the daemon take them up
    #[command(
        after_help = "If the daemon refuses them, what stood there before is put back. Exit codes as \
                      of apply; 3 there is no such version, 4 the files can not be written."
    )]
    Rollback {
        /// Which version, as the history numbers them; the one before the running one if not said
        #[arg(value_name = "N")]
        number: Option<u32>,

        #[command(flatten)]
        sure: Sure,

        #[command(flatten)]
        shown: Shown,
    },
}

/// Whether to ask.
#[derive(Debug, clap::Args)]
pub(crate) struct Sure {
    /// Do not ask; needed where nobody can answer
    #[arg(long)]
    yes: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Check { file, insecure_demo, output } => check::run(file, *insecure_demo, *output),
        Command::Plan { shown } => plan(shown),
        Command::Apply { sure, shown } => apply::run(sure, shown),
        Command::Progress { shown } => {
            let reply = ask(&shown.socket, &ConfigRequest::Progress)?;
            show(shown.output, &reply, table::progress)
        }
        Command::History { shown } => {
            let reply = ask(&shown.socket, &ConfigRequest::History)?;
            show(shown.output, &reply, table::history)
        }
        Command::Rollback { number, sure, shown } => rollback::run(*number, sure, shown),
    }
}

fn plan(shown: &Shown) -> Result<ExitCode, Failure> {
    let reply = ask(&shown.socket, &ConfigRequest::Plan)?;
    show(shown.output, &reply, table::plan)?;
    Ok(match verdict(&reply) {
        Verdict::Broken => ExitCode::from(FOUND),
        Verdict::Restart => ExitCode::from(CONFLICT),
        Verdict::Same | Verdict::Ready => ExitCode::SUCCESS,
    })
}

/// What can be done with what the files say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// They can not run.
    Broken,
    /// Something in them needs a restart.
    Restart,
    /// They say what runs.
    Same,
    /// They can be applied.
    Ready,
}

fn verdict(reply: &ConfigReply) -> Verdict {
    let plan = reply.plan.clone().unwrap_or_default();
    match () {
        () if !plan.refusals.is_empty() => Verdict::Broken,
        () if plan.changes.restart > 0 => Verdict::Restart,
        () if plan.changes.total() == 0 => Verdict::Same,
        () => Verdict::Ready,
    }
}

fn ask(socket: &Path, request: &ConfigRequest) -> Result<ConfigReply, Failure> {
    ask_config(socket, request).map_err(|error| asking::failure(socket, &error))
}

fn show(
    output: Format,
    reply: &ConfigReply,
    table: fn(&ConfigReply) -> String,
) -> Result<ExitCode, Failure> {
    let text = match output {
        Format::Json => json(reply)?,
        Format::Table => table(reply),
    };
    write_out(&text).map(|_| ExitCode::SUCCESS)
}

/// One object on a line.
fn json(value: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string(value);
    let line = json.map_err(|error| Failure::new(FAILED, error.to_string()))?;
    Ok(line + "\n")
}
