//! Questions to the daemon: how one says where it is, and of those that got no answer what to say and
//! which exit code. Must not know what was asked.

use std::path::{Path, PathBuf};

use daemon::control::AskError;
use daemon::not_done::NotDone;

use crate::output::{CONFLICT, FAILED, Failure, Format, NO_DAEMON, NOT_FOUND, NOT_PERMITTED};

/// Where a daemon listens that was told nothing else.
pub(crate) const SOCKET: &str = "/run/sekisho/control.sock";

/// How to reach the daemon and how to show what it says.
#[derive(Debug, clap::Args)]
pub(crate) struct Shown {
    /// The daemon's control socket, `control.socket` of its configuration
    #[arg(long, value_name = "PATH", default_value = SOCKET)]
    pub(crate) socket: PathBuf,

    /// For people or for programs
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub(crate) output: Format,
}

/// Why the daemon on this socket gave no answer.
pub(crate) fn failure(socket: &Path, error: &AskError) -> Failure {
    let place = socket.display();
    match error {
        AskError::NoDaemon(error) => Failure::new(
            NO_DAEMON,
            format!(
                "no daemon answers on {place}: {error}\n\
                 Is sekishod running? If its control.socket is another one: --socket PATH"
            ),
        ),
        AskError::NotPermitted(error) => Failure::new(
            NOT_PERMITTED,
            format!("{place}: {error}\nThe socket is for the daemon's user and group only."),
        ),
        AskError::Silent { .. } => Failure::new(NO_DAEMON, format!("{place}: {error}")),
        AskError::NotDone(error) => {
            let exit = match error {
                NotDone::NotFound(_) => NOT_FOUND,
                NotDone::NotPermitted(_) => NOT_PERMITTED,
                NotDone::Conflict(_) => CONFLICT,
                NotDone::Failed(_) => FAILED,
            };
            Failure::new(exit, error.to_string())
        }
        AskError::Refused(_) | AskError::Garbled(_) | AskError::Version(_) => {
            Failure::new(FAILED, format!("{place}: {error}"))
        }
    }
}
