//! The end of a life of this process that is not its end: it begins anew in its own place, by `exec`, as a
//! process that was just started. Must not know why.
//!
//! What it was is gone at once: every descriptor is closed by the system (all are opened to be), every thread
//! and table with it, and what `io_uring` had under way is ended before the new image runs. Nothing is drained.
//! The process keeps its number, so that for the service manager it is the same one.

use std::env::args_os;
use std::os::unix::process::CommandExt;
use std::process::Command;

use tracing::warn;

use crate::cli::EXIT_FAILED;
use crate::drilling::Dying;
use crate::journaling::Failure;
use crate::{hooks, logs};

/// The program that runs, whatever stands under its name by now.
const SELF: &str = "/proc/self/exe";

/// Set for a process that leaves the first try to the other node.
const YIELDS: &str = "SEKISHO_YIELDS";

/// Whether the life before this one was sick, and gave its reign up for the other node. It could not be written
/// down, as the disk took nothing.
pub(crate) fn yields() -> bool {
    std::env::var_os(YIELDS).is_some()
}

/// What the process is called in `ps`, `pgrep` and the journal's `_COMM`: one that began anew would be called
/// `exe` there.
pub(crate) fn is_called_by_its_name() {
    // Who can not be called so does its work all the same.
    let _uncalled = rustix::thread::set_name(c"sekishod");
}

/// Begins anew, with the same arguments and for this reason; `left` is what the end of a reign leaves to be run
/// ([`hooks::left`]), `dying` what a drill has to say to the next life. Gives why it can not be done: then the process
/// is to end, and whoever started it starts it again.
///
/// To be called by the main thread: another one's processor and priority would stay.
///
/// `yields`: as [`yields`] says there.
pub(crate) fn again(
    why: &str,
    yields: bool,
    left: Option<String>,
    dying: Option<&Dying>,
) -> Failure {
    warn!(target: logs::LAST_WORDS, "begins anew as a standby: {why}");
    logs::end();
    let mut arguments = args_os();
    let mut command = Command::new(SELF);
    if yields {
        command.env(YIELDS, "1")
    } else {
        command.env_remove(YIELDS)
    };
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    match left {
        Some(left) => command.env(hooks::ENDED, left),
        // What this image was left is no business of the next.
        None => command.env_remove(hooks::ENDED),
    };
    // What an earlier drill said stays: its time is over, and what is known of it is still asked for.
    if let Some((name, value)) = dying.map(Dying::variable) {
        command.env(name, value);
    }
    let error = command.args(arguments).exec();
    Failure::new(EXIT_FAILED, format!("{why}, and it can not begin anew: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_called_by_its_name_however_it_was_started() {
        let named = std::thread::spawn(|| {
            is_called_by_its_name();
            std::fs::read_to_string("/proc/thread-self/comm").unwrap()
        });
        assert_eq!(named.join().unwrap(), "sekishod\n");
    }
}
