//! What all commands share in how they speak: formats, colours, exit codes, stdout that may go
//! away. Must not know what any command says.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use clap::ValueEnum;

/// Exit code when an operation failed.
pub(crate) const FAILED: u8 = 1;
/// Exit code when the arguments make no sense.
pub(crate) const USAGE: u8 = 2;
/// Exit code when something of that name is not there.
pub(crate) const NOT_FOUND: u8 = 3;
/// Exit code when the operating system did not permit it.
pub(crate) const NOT_PERMITTED: u8 = 4;
/// Exit code when something is in the way.
pub(crate) const CONFLICT: u8 = 5;
/// Exit code when no daemon answered, or not in time.
pub(crate) const NO_DAEMON: u8 = 6;

/// Exit code when a check found problems.
pub(crate) const FOUND: u8 = 7;

/// How data is written to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// One JSON object a line, for programs.
    Json,
}

/// Why a command did not do what it was asked for, and the exit code for that.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: u8,
    message: String,
}

impl Failure {
    pub(crate) fn new(exit: u8, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// Says it on stderr.
    pub(crate) fn report(&self) -> ExitCode {
        // Where stderr is gone, the exit code is all that is left to say.
        drop(writeln!(io::stderr(), "sekisho: {self}"));
        ExitCode::from(self.exit)
    }

    pub(crate) fn exit(&self) -> u8 {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Writes to stdout. A reader that has seen enough, as `head` has, is no failure: false then.
pub(crate) fn write_out(text: &str) -> Result<bool, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(FAILED, format!("stdout can not be written: {error}"))),
    }
}

/// Colours, where stdout is a terminal that shows them and nobody has said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colours(bool);

impl Colours {
    /// By `NO_COLOR`, `CLICOLOR_FORCE`, `TERM` and whether stdout is a terminal.
    pub(crate) fn of_stdout() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let forced = set("CLICOLOR_FORCE");
        Self(!set("NO_COLOR") && (forced || (io::stdout().is_terminal() && !dumb)))
    }

    /// None at all.
    #[cfg(test)]
    pub(crate) const NONE: Self = Self(false);

    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: Self = Self(true);

    /// Something that somebody should look at.
    pub(crate) fn alarming(self, text: &str) -> String {
        self.painted("31;1", text)
    }

    /// Something that is as it should be.
    pub(crate) fn calm(self, text: &str) -> String {
        self.painted("32", text)
    }

    fn painted(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.into() }
    }
}

/// Seconds in the two largest units that they fill.
pub(crate) fn duration(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, ..) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_two_largest_units_that_it_fills() {
        for (seconds, shown) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m 0s"),
            (3_599, "59m 59s"),
            (3_600, "1h 0m"),
            (86_399, "23h 59m"),
            (86_400, "1d 0h"),
            (1_000_000, "11d 13h"),
        ] {
            assert_eq!(duration(seconds), shown);
        }
    }
}
