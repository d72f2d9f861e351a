//! `sekisho perf`: what this machine's disk and loopback give, and which settings fit them. Must not
//! know how anything is measured, nor what makes a figure alarming.

mod loopback;

mod site;

mod figures;

mod advice;

mod table;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use journal::measure::{Commits, measure};
use serde_json::{Value, json};

use self::advice::{Advice, advice};
use self::figures::{Commit, Figures};
use self::loopback::nanos;
use self::site::{Site, file_system};
use crate::clock;
use crate::output::{Colours, FAILED, FOUND, Failure, Format, NOT_FOUND, NOT_PERMITTED, write_out};

/// Where the daemon keeps its state, unless it is told otherwise.
const STATE: &str = "/var/lib/sekisho";
/// How long each of the two measurements of loopback lasts.
const LOOPBACK: Duration = Duration::from_secs(1);

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure commits by both write paths, reading, and loopback; about ten seconds
    #[command(
        after_help = "Writes 64 MiB into a new directory in DIR and removes it. Other work on the machine \
                      shows in the figures.\n\
                      Exit codes: 0 fit, 3 no such directory, 4 it can not be written, 7 something \
                      should be looked at."
    )]
    Check(Arguments),
}

/// Where, and how to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A directory on the disk that is to hold the journal
    /// [default: /var/lib/sekisho if it is there, else the current directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    let Command::Check(Arguments { dir, output }) = command;
    let state = Path::new(STATE);
    let usual = if state.is_dir() { state } else { Path::new(".") };
    let directory = dir.as_deref().unwrap_or(usual);
    let figures = measured(directory).map_err(|error| told(directory, &error))?;
    let advice = advice(&figures);
    write_out(&match output {
        Format::Table => table::table(&figures, &advice, Colours::of_stdout()),
        Format::Json => object(&figures, &advice).to_string() + "\n",
    })?;
    Ok(if advice.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn measured(directory: &Path) -> io::Result<Figures> {
    let begun = clock::now();
    let site = Site::new(directory)?;
    let disk = measure(site.path(), || nanos(clock::now() - begun))?;
    drop(site);
    let direct_note = match (&disk.direct, disk.ring_refused) {
        (Err(why), _) => Some(why.clone()),
        (Ok(_), Some(why)) => {
            Some(format!("io_uring is refused ({why}), so its batches go one at a time"))
        }
        (Ok(_), None) => None,
    };
    Ok(Figures {
        directory: directory.canonicalize()?.display().to_string(),
        file_system: file_system(directory)?,
        mapped: disk.mapped.map(commit),
        direct: disk.direct.ok().map(|both| both.map(commit)),
        direct_note,
        read_bytes_a_second: disk.read_bytes_per_second,
        loopback: loopback::measure(LOOPBACK)?,
    })
}

fn commit(measured: Commits) -> Commit {
    let Commits { bytes, count, p50_ns, p99_ns, .. } = measured;
    Commit { bytes, p50_ns, p99_ns, commits: count }
}

fn told(directory: &Path, error: &io::Error) -> Failure {
    let shown = directory.display();
    let kind = error.kind();
    let (exit, hint) = if kind == io::ErrorKind::NotFound {
        (NOT_FOUND, "name a directory on the journal's disk by --dir DIR")
    } else if kind == io::ErrorKind::PermissionDenied {
        (NOT_PERMITTED, "run this as the daemon's user, or name another directory by --dir DIR")
    } else if kind == io::ErrorKind::StorageFull {
        (FAILED, "it takes 64 MiB; the journal itself takes much more")
    } else {
        (FAILED, "nothing is left there")
    };
    Failure::new(exit, format!("{shown} can not be measured: {error}; {hint}"))
}

fn object(figures: &Figures, advice: &Advice) -> Value {
    json!({
        "schema_version": 1,
        "figures": figures,
        "path": advice.path,
        "fits": advice.fits,
        "expect": advice.expect,
        "problems": advice.problems,
    })
}

#[cfg(test)]
mod tests;
