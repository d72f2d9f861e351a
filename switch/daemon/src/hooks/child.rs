//! One command, from its start to its end or to that of its time. Must not know why it is run.

use std::ffi::OsString;
use std::io::{self, PipeReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use switch_core::time::Time;

use crate::clocks;

/// What is kept of what it says: the end.
const SAID_MAX: usize = 2_048;
/// Lines of it that are told.
const LINES_TOLD: usize = 5;

/// How long one that is killed may take to be gone. One that waits for a disk that hangs does not go.
pub(super) const GONE_WITHIN: Duration = Duration::from_millis(500);

/// Whose turn it is, for who may have it end at once. Held for moments only.
#[derive(Default)]
pub(super) struct Turn {
    now: Mutex<Now>,
    ended: Condvar,
}

#[derive(Default)]
struct Now {
    is_taken: bool,
    /// What runs, and was not waited for yet: its number is its own.
    child: Option<Pid>,
    /// Nothing begins any more.
    is_over: bool,
}

impl Turn {
    /// Kills what runs, with all that it started, and lets nothing begin any more. Waits until it is gone, but no
    /// longer than that.
    pub(super) fn ends(&self, within: Duration) {
        let mut now = self.now();
        now.is_over = true;
        now.child.iter().copied().for_each(kill);
        drop(self.ended.wait_timeout_while(now, within, |now| now.is_taken));
    }

    fn is_taken(&self) -> io::Result<()> {
        let mut now = self.now();
        if now.is_over {
            return Err(io::Error::other("this process begins anew"));
        }
        now.is_taken = true;
        Ok(())
    }

    fn has(&self, child: Pid) {
        let mut now = self.now();
        now.child = Some(child);
        if now.is_over {
            kill(child);
        }
    }

    fn has_none(&self) {
        self.now().child = None;
    }

    fn is_free(&self) {
        self.now().is_taken = false;
        self.ended.notify_all();
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// With all that it started.
pub(super) fn kill(child: Pid) {
    // It may have ended by now.
    let _gone = kill_process_group(child, Signal::KILL);
}

/// What came of it.
pub(super) struct Ran {
    /// The last lines that it wrote, one behind the other.
    pub(super) said: String,
    /// Why it failed; none when it ended with 0.
    pub(super) why: Option<String>,
}

/// Runs a command with this environment alone, and no descriptor but its standard ones. It, and all that it
/// started, is killed when the time is over; what it leaves running behind its own end is left alone.
///
/// # Errors
/// When it can not be started or watched, or nothing begins any more.
pub(super) fn run(
    command: &[String],
    environment: &[(&'static str, OsString)],
    within: Duration,
    turn: &Turn,
) -> io::Result<Ran> {
    turn.is_taken()?;
    let ran = start(command, environment).and_then(|(child, reader)| {
        turn.has(number(&child));
        watch(child, reader, within, (turn, kill))
    });
    turn.is_free();
    ran
}

pub(super) fn start(
    command: &[String],
    environment: &[(&'static str, OsString)],
) -> io::Result<(Child, PipeReader)> {
    let (program, arguments) = command.split_first().expect("the configuration has a program");
    let (reader, writer) = io::pipe()?;
    rustix::fs::fcntl_setfl(&reader, OFlags::NONBLOCK)?;
    let mut started = Command::new(program);
    started.args(arguments).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    started.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    // It can be ended with all that it started.
    started.process_group(0);
    let child = started.spawn()?;
    // Its ends of the pipe are its alone.
    drop(started);
    Ok((child, reader))
}

fn number(child: &Child) -> Pid {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process has a number")
}

pub(super) fn watch(
    mut child: Child,
    reader: PipeReader,
    within: Duration,
    (turn, kill): (&Turn, fn(Pid)),
) -> io::Result<Ran> {
    let pid = number(&child);
    let ends = pidfd_open(pid, PidfdFlags::empty());
    let mut output = Output { reader: Some(reader), said: Vec::new() };
    let mut ended = |within| {
        ends.as_ref().is_ok_and(|ends| is_gone(ends, &mut output, clocks::boot() + within))
    };
    let in_time = ended(within);
    let gone = in_time || {
        kill(pid);
        ended(GONE_WITHIN)
    };
    turn.has_none();
    let status = if gone { Some(child.wait()?) } else { child.try_wait()? };
    output.takes();
    let why = match status {
        Some(status) if in_time => failure(status),
        Some(_) => Some(format!("killed after {within:?}")),
        // Whoever comes behind this process buries it.
        None => Some(format!("killed after {within:?}, and it does not end")),
    };
    Ok(Ran { said: output.lines(), why })
}

/// Takes what it says until it ends; says whether it did.
fn is_gone(ends: &OwnedFd, output: &mut Output, until: Time) -> bool {
    loop {
        let left = until.since(clocks::boot());
        let Some(wait) = Timespec::try_from(left).ok().filter(|_| !left.is_zero()) else {
            return false;
        };
        let mut awaited = vec![PollFd::new(ends, PollFlags::IN)];
        awaited.extend(output.reader.as_ref().map(|reader| PollFd::new(reader, PollFlags::IN)));
        let seen = poll(&mut awaited, Some(&wait));
        let has_ended = seen.is_ok() && awaited[0].revents().contains(PollFlags::IN);
        drop(awaited);
        output.takes();
        match seen {
            Ok(_) if has_ended => return true,
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

fn failure(status: ExitStatus) -> Option<String> {
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("it ended with {code}")),
        (None, signal) => Some(format!("it was ended by signal {}", signal.unwrap_or_default())),
    }
}

struct Output {
    /// None when nobody writes any more.
    reader: Option<PipeReader>,
    said: Vec<u8>,
}

impl Output {
    /// Takes what is there.
    fn takes(&mut self) {
        let mut bytes = [0; SAID_MAX];
        while let Some(reader) = &mut self.reader {
            match reader.read(&mut bytes) {
                Ok(0) => self.reader = None,
                Ok(length) => {
                    self.said.extend_from_slice(&bytes[..length]);
                    let surplus = self.said.len().saturating_sub(SAID_MAX);
                    self.said.drain(..surplus);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.reader = None,
            }
        }
    }

    fn lines(&self) -> String {
        let text = String::from_utf8_lossy(&self.said);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(LINES_TOLD)..].join(" | ")
    }
}
