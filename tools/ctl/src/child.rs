//! The hidden command by which the demo starts this program again as the daemon, a load or an
//! issuer, so that building one binary is enough. Must not know what the demo does with them.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use crate::output::{FAILED, Failure};

/// The name of the hidden command.
pub(crate) const COMMAND: &str = "__child";
/// Its option for the process id of whoever started it.
pub(crate) const PARENT: &str = "--parent";

/// Whose child it is, and what it is to be.
#[derive(Debug, Parser)]
#[command(name = COMMAND)]
pub(crate) struct Arguments {
    /// The process that started this one
    #[arg(long)]
    parent: i32,
    #[command(subcommand)]
    role: Role,
}

/// What to be.
#[derive(Debug, Subcommand)]
enum Role {
    /// The daemon
    Sekishod(daemon::cli::Arguments),
    /// A part of sekisho-bench
    #[command(subcommand)]
    Bench(bench::Command),
    /// Another program, which ends with the demo too
    Witness {
        /// Where it is
        program: PathBuf,
        /// What it is told
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

/// What this program is to be when its first argument is the hidden command. It is none of those that
/// people give: neither the manual nor a shell's completion shall speak of it.
pub(crate) fn asked_for(line: impl Iterator<Item = OsString>) -> Option<Arguments> {
    let mut line = line.skip(1).peekable();
    line.next_if(|first| first == COMMAND)?;
    Some(Arguments::parse_from([COMMAND.into()].into_iter().chain(line)))
}

/// Is what it is told to be, until that ends or its parent does.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let failed = |why: &str| Failure::new(FAILED, format!("a child of the demo: {why}"));
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|_| failed("prctl failed"))?;
    // The parent may have gone before the line above: then nobody will ever end this process.
    if getppid() != Pid::from_raw(arguments.parent) {
        return Err(failed("its parent is gone"));
    }
    Ok(match arguments.role {
        Role::Sekishod(arguments) => daemon::run::run(&arguments),
        Role::Bench(command) => bench::execute(command),
        Role::Witness { program, arguments } => {
            let mut command = Command::new(&program);
            command.args(arguments);
            for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_witness(name)) {
                command.env_remove(name);
            }
            let error = command.exec();
            return Err(failed(&format!("{}: {error}", program.display())));
        }
    })
}

/// Whether this is a setting of etcd's own in the environment: it would speak against what it is told. That it
/// may run on this processor at all is another matter.
fn is_of_witness(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b"ETCD_") && name != b"ETCD_UNSUPPORTED_ARCH"
}
