//! One command, from its start to its end or to that of its time. Must not know why it is run.

use std::ffi::OsString;
use std::io::{self, PipeReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::clocks;

/// What is kept of what it says: the end.
const SAID_MAX: usize = 2_048;
/// Lines of it that are told.
const LINES_TOLD: usize = 5;

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
/// When it can not be started or watched.
pub(super) fn run(
    command: &[String],
    environment: &[(&'static str, OsString)],
    within: Duration,
) -> io::Result<Ran> {
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
    watch(child, reader, within)
}

fn watch(mut child: Child, reader: PipeReader, within: Duration) -> io::Result<Ran> {
    let pid =
        i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process has a number");
    let ends = pidfd_open(pid, PidfdFlags::empty());
    let mut output = Output { reader: Some(reader), said: Vec::new() };
    let until = clocks::boot() + within;
    let ended = ends.is_ok_and(|ends| {
        loop {
            let left = until.since(clocks::boot());
            let Some(wait) = Timespec::try_from(left).ok().filter(|_| !left.is_zero()) else {
                break false;
            };
            let mut awaited = vec![PollFd::new(&ends, PollFlags::IN)];
            awaited.extend(output.reader.as_ref().map(|reader| PollFd::new(reader, PollFlags::IN)));
            let seen = poll(&mut awaited, Some(&wait));
            let has_ended = seen.is_ok() && awaited[0].revents().contains(PollFlags::IN);
            drop(awaited);
            output.takes();
            match seen {
                Ok(_) if has_ended => break true,
                Ok(_) | Err(Errno::INTR) => {}
                Err(_) => break false,
            }
        }
    });
    if !ended {
        // It may have ended by now.
        let _gone = kill_process_group(pid, Signal::KILL);
    }
    let status = child.wait()?;
    output.takes();
    let why = if ended { failure(status) } else { Some(format!("killed after {within:?}")) };
    Ok(Ran { said: output.lines(), why })
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
