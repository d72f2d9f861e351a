//! The switch as a process: started, listened to, killed or waited for by its own id. Must not know
//! what it is put through.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::Value;

use super::programs::Programs;
use super::trouble::Trouble;

/// Last lines that are kept.
const LINES_MAX: usize = 20;

/// A daemon that runs, or has ended. It is killed at the latest when this is dropped.
#[derive(Debug)]
pub(super) struct Switch {
    child: Child,
    log: Arc<Log>,
}

/// What it has said.
#[derive(Debug, Default)]
struct Log {
    said: Mutex<Said>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Said {
    serves: bool,
    ended: bool,
    /// Requests without an outcome that it found in its journal.
    unfinished: Option<u64>,
    last: VecDeque<String>,
}

impl Switch {
    pub(super) fn starts(programs: &Programs, configuration: &Path) -> Result<Self, Trouble> {
        let mut command = Programs::leashed(&programs.sekishod);
        command.args(["--insecure-demo", "--log-format", "json", "--config"]).arg(configuration);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(Trouble::failed("sekishod"))?;
        let log = Arc::new(Log::default());
        if let Some(stderr) = child.stderr.take() {
            let log = Arc::clone(&log);
            thread::spawn(move || log.listen(stderr));
        }
        Ok(Self { child, log })
    }

    /// Waits until it serves; whether it does.
    pub(super) fn serves(&self, within: Duration) -> bool {
        let said = self.log.lock();
        let waited =
            self.log.more.wait_timeout_while(said, within, |said| !said.serves && !said.ended);
        waited.unwrap_or_else(PoisonError::into_inner).0.serves
    }

    /// How many requests without an outcome it says that it found; none when it has not said.
    pub(super) fn unfinished(&self) -> Option<u64> {
        self.log.lock().unfinished
    }

    /// Its last lines, for whoever looks into what went wrong.
    pub(super) fn last_words(&self) -> String {
        let said = self.log.lock();
        said.last.iter().flat_map(|line| ["\n    ", line]).collect()
    }

    pub(super) fn is_killed(&mut self) -> Result<ExitStatus, Trouble> {
        // An error says that it has ended already.
        drop(self.child.kill());
        self.child.wait().map_err(Trouble::failed("the end of sekishod"))
    }

    /// It is to stop as an operator wants it to.
    pub(super) fn is_stopped(&self) {
        // An error says that it has ended already.
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap_or_default();
    }

    /// Waits until it ends by itself; none when it does not in this time.
    pub(super) fn ends(&mut self, within: Duration) -> Result<Option<ExitStatus>, Trouble> {
        let handle = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty());
        let handle = handle.map_err(|error| Trouble::Failed(format!("a pidfd: {error}")))?;
        let within = Timespec::try_from(within).unwrap_or_default();
        let mut asked = [PollFd::new(&handle, PollFlags::IN)];
        let ready = poll(&mut asked, Some(&within)).unwrap_or(0);
        if ready == 0 {
            return Ok(None);
        }
        self.child.wait().map(Some).map_err(Trouble::failed("the end of sekishod"))
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self, stderr: ChildStderr) {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let facts: Value = serde_json::from_str(&line).unwrap_or_default();
            let mut said = self.lock();
            match facts["message"].as_str() {
                Some("serving") => said.serves = true,
                Some("journal read") => said.unfinished = facts["unfinished"].as_u64(),
                Some(_) | None => {}
            }
            if said.last.len() == LINES_MAX {
                said.last.pop_front();
            }
            said.last.push_back(line);
            self.more.notify_all();
        }
        self.lock().ended = true;
        self.more.notify_all();
    }
}
