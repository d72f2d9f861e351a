//! A process of the demo: this program started again, listened to, ended by its id. Must not know
//! what its lines mean.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;

use crate::parties::{ACQUIRERS, ISSUERS};
use rustix::process::{Pid, Signal, kill_process};

use crate::child;

/// Last words that are kept of each.
const WORDS_MAX: usize = 12;
/// The longest line that is listened to; the rest of a longer one is another line.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Who takes part; acquirers and issuers by their place in the setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Switch,
    Issuer(usize),
    Acquirer(usize),
    /// One of two sites.
    Site(usize),
    /// Who says which of them reigns.
    Witness,
}

/// What two sites are called.
pub(super) const SITES: [&str; 2] = ["tokyo", "osaka"];

/// What happens.
#[derive(Debug)]
pub(super) enum Event {
    /// A line on somebody's stdout.
    Said(Who, String),
    /// A line on somebody's stderr.
    Complained(Who, String),
    /// The process of somebody with this id has ended, all lines said.
    Ended(Who, u32),
    /// This program got a signal.
    Signal(i32),
}

/// A process that runs, or has ended. It is killed at the latest when this is dropped.
#[derive(Debug)]
pub(super) struct Process {
    who: Who,
    child: Child,
    ended: Option<ExitStatus>,
    last_words: VecDeque<String>,
}

impl Who {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Switch => "sekishod",
            Self::Issuer(place) => ISSUERS[place].name,
            Self::Acquirer(place) => ACQUIRERS[place].name,
            Self::Site(place) => SITES[place],
            Self::Witness => "etcd",
        }
    }
}

impl Process {
    /// Starts this program again. To be called on the thread that lives longest: the system ends a
    /// child when the thread that started it ends.
    pub(super) fn start(who: Who, role: &[String], tell: &SyncSender<Event>) -> io::Result<Self> {
        // Not by its path: the file may have been replaced since this program was started.
        let mut command = Command::new("/proc/self/exe");
        command.arg0("sekisho").args([child::COMMAND, child::PARENT]);
        command.arg(std::process::id().to_string()).args(role);
        // A group of its own, so that Ctrl-C reaches the demo alone, which ends all in order.
        command.process_group(0).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (of_errors, of_end, id) = (tell.clone(), tell.clone(), child.id());
        let complaining = thread::spawn(move || {
            pass_on(stderr, |line| of_errors.send(Event::Complained(who, line)).is_ok());
        });
        thread::spawn(move || {
            pass_on(stdout, |line| of_end.send(Event::Said(who, line)).is_ok());
            drop(complaining.join());
            // Nobody listens any more when the demo has ended.
            drop(of_end.send(Event::Ended(who, id)));
        });
        Ok(Self { who, child, ended: None, last_words: VecDeque::new() })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; none while it runs, as far as is known.
    pub(super) fn ended(&self) -> Option<ExitStatus> {
        self.ended
    }

    /// Sends it a signal; nothing once it has ended, when its id may be another's.
    pub(super) fn signal(&self, signal: Signal) {
        if self.ended.is_none() {
            // It may have ended just now; its id stays ours until it has been waited for.
            kill_process(Pid::from_child(&self.child), signal).unwrap_or_default();
        }
    }

    /// Waits for its end, which has been heard of.
    pub(super) fn reap(&mut self) {
        self.ended = self.child.wait().ok();
    }

    /// Keeps a line for the case that it is the last.
    pub(super) fn heard(&mut self, line: String) {
        if self.last_words.len() == WORDS_MAX {
            self.last_words.pop_front();
        }
        self.last_words.push_back(line);
    }

    /// What it said last on stderr, each line behind its name.
    pub(super) fn last_words(&self) -> String {
        let name = self.who.name();
        let lines: Vec<_> =
            self.last_words.iter().map(|line| format!("\n  {name}: {line}")).collect();
        lines.concat()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended.is_none() {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

/// Lines of a stream, as long as both sides last.
fn pass_on(stream: Option<impl Read>, mut pass: impl FnMut(String) -> bool) {
    let Some(stream) = stream else { return };
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if !matches!(read, Ok(1..)) || !pass(text) {
            return;
        }
    }
}
