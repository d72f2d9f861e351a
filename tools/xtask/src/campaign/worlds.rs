//! The campaigns of random worlds: builds the simulator, of one switch or of two sites, and lets it run. Must
//! not know what happens there.

use std::io;
use std::path::Path;
use std::process::Command;

use super::Arguments;
use crate::Ended;
use crate::cargo;

/// Exit code of a simulator that found something.
const FOUND: i32 = 7;

/// Which worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worlds {
    /// Around the core of one switch.
    Core,
    /// Around two nodes.
    Sites,
}

/// As many worlds as asked for; what they came to is told by the simulator itself.
pub(super) fn run(root: &Path, worlds: Worlds, arguments: &Arguments) -> io::Result<Ended> {
    let Arguments { count, seed, seconds, hours, append, at_least, .. } = arguments;
    let mut command = cargo::command(root);
    command.args(["run", "--quiet", "--profile", "sim", "--package", "switch-sim"]);
    match worlds {
        Worlds::Core => command.args(["--bin", "switch-sim", "--"]),
        Worlds::Sites => command.args(["--features", "pair", "--bin", "sites", "--"]),
    };
    command.args(["--count", &count.to_string(), "--at-least", &at_least.to_string()]);
    for (name, number) in [("--seed", seed), ("--seconds", seconds), ("--hours", hours)] {
        if let Some(number) = number {
            command.args([name, &number.to_string()]);
        }
    }
    if *append && worlds == Worlds::Sites {
        command.arg("--append").arg(root.join("switch/sim/README.md"));
        command.args(["--commit", &commit(root)?]);
    }
    Ok(match command.status()?.code() {
        Some(0) => Ended::Done,
        Some(FOUND) => Ended::Found,
        Some(_) | None => Ended::Failed,
    })
}

/// What is checked out, in short.
fn commit(root: &Path) -> io::Result<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(root).args(["rev-parse", "--short", "HEAD"]);
    let output = git.output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
