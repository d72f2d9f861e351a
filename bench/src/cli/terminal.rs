//! Standard output and error, the live line, and signals. Must not know what is printed.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use rustix::process::Signal;
use serde::Serialize;
use signal_hook::consts::{SIGINT, SIGTERM};

/// One line of data. A reader that has gone wants no more of it.
pub(super) fn say(line: impl std::fmt::Display) {
    let mut stdout = io::stdout().lock();
    drop(writeln!(stdout, "{line}").and_then(|()| stdout.flush()));
}

/// One line of JSON.
pub(super) fn say_json(value: &impl Serialize) {
    say(serde_json::to_string(value).unwrap_or_default());
}

/// One line of JSON that says what has happened.
pub(super) fn say_mark(mark: &'static str, facts: &impl Serialize) {
    #[derive(Serialize)]
    struct Mark<'a, T> {
        mark: &'static str,
        #[serde(flatten)]
        facts: &'a T,
    }
    say_json(&Mark { mark, facts });
}

/// One line about what went wrong.
pub(super) fn complain(line: impl std::fmt::Display) {
    drop(writeln!(io::stderr().lock(), "sekisho-bench: {line}"));
}

/// A line that is written over once a second, if a person is there to see it.
pub(super) struct LiveLine(Option<ProgressBar>);

impl LiveLine {
    pub(super) fn new(wanted: bool) -> Self {
        let seen = wanted && io::stderr().is_terminal();
        Self(seen.then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(
                ProgressStyle::with_template("{spinner} {wide_msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            bar
        }))
    }

    pub(super) fn show(&self, line: impl FnOnce() -> String) {
        if let Some(bar) = &self.0 {
            bar.set_message(line());
            bar.tick();
        }
    }

    pub(super) fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Set by SIGINT and SIGTERM.
pub(super) fn stop_flag() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}

/// From now on this process ends when the thread that started it has, even while it is stopped:
/// nobody is left to read its result.
pub(super) fn end_with_parent() -> io::Result<()> {
    Ok(rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Shown for a person: `1m20s`.
pub(super) fn clock(seconds: u64) -> String {
    format!("{:?}", Duration::from_secs(seconds))
}
