//! What journald of a machine takes, line by line as it comes: who waits for something to happen there
//! waits here. Must not know what is worth waiting for.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// All lines of a machine's log since its boot.
#[derive(Debug)]
pub(crate) struct Log {
    follower: Child,
    lines: Arc<Lines>,
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// The service that it came from or that it is about.
    pub(crate) unit: String,
    /// Who wrote it: `systemd`, `sekishod`.
    pub(crate) from: String,
    /// Its text.
    pub(crate) text: String,
}

/// A place in the log: what came before it does not count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark(usize);

#[derive(Debug, Default)]
struct Lines {
    taken: Mutex<Taken>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Taken {
    lines: Vec<Line>,
    has_ended: bool,
}

impl Log {
    /// Listens to `journalctl --follow --output=json`.
    pub(super) fn follow(journal: &mut Command) -> io::Result<Self> {
        let mut follower = journal.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let lines = Arc::new(Lines::default());
        if let Some(stdout) = follower.stdout.take() {
            let lines = Arc::clone(&lines);
            thread::spawn(move || lines.listen(stdout));
        }
        Ok(Self { follower, lines })
    }

    /// The place behind what has come.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lines.lock().lines.len())
    }

    /// Waits for a line behind the mark; none when there was none in this time.
    pub(crate) fn wait(
        &self,
        mark: Mark,
        within: Duration,
        is_it: impl Fn(&Line) -> bool,
    ) -> Option<Line> {
        let mut seen = mark.0;
        let mut found = None;
        let taken = self.lines.lock();
        let waited = self.lines.more.wait_timeout_while(taken, within, |taken| {
            found = taken.lines.iter().skip(seen).find(|line| is_it(line)).cloned();
            seen = taken.lines.len().max(seen);
            found.is_none() && !taken.has_ended
        });
        drop(waited);
        found
    }

    /// Listens no more; what has come stays.
    pub(super) fn end(&mut self) {
        // An error says that it has ended already.
        drop(self.follower.kill());
        drop(self.follower.wait());
    }

    /// What has come behind the mark.
    pub(crate) fn since(&self, mark: Mark) -> Vec<Line> {
        self.lines.lock().lines.iter().skip(mark.0).cloned().collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.end();
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self, stdout: ChildStdout) {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let Ok(fields) = serde_json::from_str::<Value>(&line) else { continue };
            self.lock().lines.push(Line::of(&fields));
            self.more.notify_all();
        }
        self.lock().has_ended = true;
        self.more.notify_all();
    }
}

impl Line {
    /// What systemd says of a service has its name in `UNIT`, what the service says in `_SYSTEMD_UNIT`.
    fn of(fields: &Value) -> Self {
        let text = |key: &str| fields[key].as_str().unwrap_or_default().to_owned();
        let unit = Some(text("UNIT")).filter(|unit| !unit.is_empty());
        Self {
            unit: unit.unwrap_or_else(|| text("_SYSTEMD_UNIT")),
            from: text("SYSLOG_IDENTIFIER"),
            text: text("MESSAGE"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &str) -> Log {
        Log::follow(Command::new("printf").args(["%s", lines])).unwrap()
    }

    const LINES: &str = concat!(
        "{\"MESSAGE\":\"Started\",\"UNIT\":\"a.service\",\"_SYSTEMD_UNIT\":\"init.scope\",",
        "\"SYSLOG_IDENTIFIER\":\"systemd\"}\n",
        "{\"MESSAGE\":\"the disk is full\",\"_SYSTEMD_UNIT\":\"a.service\"}\n"
    );

    #[test]
    fn what_systemd_says_of_a_service_counts_as_of_the_service() {
        let line = log(LINES).wait(Mark::default(), Duration::from_secs(10), |_| true).unwrap();
        assert_eq!((line.unit.as_str(), line.from.as_str()), ("a.service", "systemd"));
    }

    #[test]
    fn a_line_is_waited_for_and_what_came_before_the_mark_does_not_count() {
        let log = log(LINES);
        let full = |line: &Line| line.text.contains("full");
        let found = log.wait(Mark::default(), Duration::from_secs(10), full).unwrap();
        assert_eq!(found.text, "the disk is full");
        assert!(log.wait(log.mark(), Duration::from_secs(10), full).is_none());
    }
}
