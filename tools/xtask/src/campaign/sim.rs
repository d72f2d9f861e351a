//! The campaign of random worlds around the core: builds the simulator and lets it run. Must not know
//! what happens there.

use std::io;
use std::path::Path;

use super::Arguments;
use crate::Ended;
use crate::cargo;

/// Exit code of a simulator that found something.
const FOUND: i32 = 7;

/// As many worlds as asked for; what they came to is told by the simulator itself.
pub(super) fn run(root: &Path, arguments: &Arguments) -> io::Result<Ended> {
    let Arguments { count, seed, seconds, at_least, .. } = arguments;
    let mut command = cargo::command(root);
    command.args(["run", "--quiet", "--profile", "sim", "--package", "switch-sim"]);
    command.args(["--bin", "switch-sim", "--"]);
    command.args(["--count", &count.to_string(), "--at-least", &at_least.to_string()]);
    if let Some(seed) = seed {
        command.args(["--seed", &seed.to_string()]);
    }
    if let Some(seconds) = seconds {
        command.args(["--seconds", &seconds.to_string()]);
    }
    Ok(match command.status()?.code() {
        Some(0) => Ended::Done,
        Some(FOUND) => Ended::Found,
        Some(_) | None => Ended::Failed,
    })
}
