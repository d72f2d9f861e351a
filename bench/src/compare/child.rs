//! A process of a comparison: started, listened to, ended. Must not know what it measures.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::place::Place;
use super::{Error, READY_TIMEOUT, cpu, stopped};
use crate::clock;
use crate::load::Report;

/// How often a stop is looked at while nothing is said.
const LOOK: Duration = Duration::from_millis(50);

/// How long a process may take to end when asked to.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// Lines of a process that wait to be read; those beyond are lost, and so are the errors before the
/// last few.
const LINES_MAX: usize = 4096;
const ERRORS_MAX: usize = 8;

/// A process, ended at the latest when this is dropped.
pub(super) struct Child {
    name: &'static str,
    process: std::process::Child,
    output: Receiver<String>,
    errors: Receiver<String>,
}

impl Child {
    /// Starts a program in its place; one of ours is told that it is a child: it then says what it
    /// does in lines of JSON, and ends when this process does.
    pub(super) fn start(
        name: &'static str,
        program: &Path,
        arguments: &[&str],
        place: Place,
        ours: bool,
    ) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        command.args(ours.then_some("--child"));
        let mut process =
            place.during(|| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn())??;
        let (lines, output) = sync_channel(LINES_MAX);
        let (wails, errors) = sync_channel(LINES_MAX);
        if let (Some(stdout), Some(stderr)) = (process.stdout.take(), process.stderr.take()) {
            thread::spawn(move || pass_on(stdout, &lines));
            thread::spawn(move || pass_on(stderr, &wails));
        }
        Ok(Self { name, process, output, errors })
    }

    /// Nanoseconds of processor time so far.
    pub(super) fn cpu(&self) -> Result<u64, Error> {
        Ok(cpu::of_process(self.process.id())?)
    }

    /// The address in its line `listening ADDR`.
    pub(super) fn listening(&mut self, stop: &AtomicBool) -> Result<SocketAddr, Error> {
        self.hear("listen", READY_TIMEOUT, stop, |line| {
            line.strip_prefix("listening ")?.parse().ok()
        })
    }

    /// Waits until it has so many links.
    pub(super) fn links(&mut self, links: usize, stop: &AtomicBool) -> Result<(), Error> {
        self.hear("get its links", READY_TIMEOUT, stop, |line| {
            let mark = marked(line, "links")?;
            (mark.get("links")?.as_u64()? >= u64::try_from(links).ok()?).then_some(())
        })
    }

    /// Waits for a mark of that name.
    pub(super) fn mark(
        &mut self,
        name: &'static str,
        patience: Duration,
        stop: &AtomicBool,
    ) -> Result<Value, Error> {
        self.hear(name, patience, stop, |line| marked(line, name))
    }

    /// Waits for the report of a load.
    pub(super) fn report(
        &mut self,
        patience: Duration,
        stop: &AtomicBool,
    ) -> Result<Report, Error> {
        self.hear("report", patience, stop, |line| serde_json::from_str(line).ok())
    }

    /// Waits until it takes connections.
    pub(super) fn reachable(
        &mut self,
        address: SocketAddr,
        stop: &AtomicBool,
    ) -> Result<(), Error> {
        let give_up = clock::now() + clock::nanos(READY_TIMEOUT);
        while TcpStream::connect_timeout(&address, READY_TIMEOUT).is_err() {
            let ended = self.process.try_wait()?.is_some();
            if stopped(stop) {
                return Err(Error::Stopped);
            }
            if ended || clock::now() > give_up {
                return Err(self.failed("listen"));
            }
            pause();
        }
        Ok(())
    }

    /// Waits for a line that says what is looked for.
    fn hear<T>(
        &mut self,
        expected: &'static str,
        patience: Duration,
        stop: &AtomicBool,
        look: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Error> {
        let give_up = clock::now() + clock::nanos(patience);
        loop {
            match self.output.recv_timeout(LOOK) {
                Ok(line) => {
                    if let Some(found) = look(&line) {
                        return Ok(found);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(self.failed(expected)),
            }
            if stopped(stop) {
                return Err(Error::Stopped);
            }
            if clock::now() > give_up {
                return Err(self.failed(expected));
            }
        }
    }

    fn failed(&mut self, expected: &'static str) -> Error {
        // Its errors may come a moment after its end.
        let mut said = VecDeque::new();
        while let Ok(line) = self.errors.recv_timeout(LOOK) {
            said.push_back(line);
            if said.len() > ERRORS_MAX {
                said.pop_front();
            }
        }
        let said = said.into_iter().collect::<Vec<_>>().join("\n");
        Error::Process { name: self.name, expected, said }
    }

    /// Asks it to end, and ends it when it does not.
    pub(super) fn end(&mut self) {
        let give_up = clock::now() + clock::nanos(END_TIMEOUT);
        if self.is_running() {
            // It may have ended just now; its id stays ours until we have waited for it.
            kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap_or_default();
        }
        while self.is_running() && clock::now() < give_up {
            pause();
        }
        if self.is_running() {
            drop(self.process.kill());
            drop(self.process.wait());
        }
    }

    fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

#[expect(clippy::disallowed_methods, reason = "this is no worker, and nothing tells of an end")]
fn pause() {
    thread::sleep(Duration::from_millis(5));
}

/// Lines of a stream to a queue, as long as both last; a full queue loses lines.
fn pass_on(stream: impl Read, queue: &SyncSender<String>) {
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        drop(queue.try_send(line));
    }
}

/// The mark of that name, if the line is one.
fn marked(line: &str, name: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(line).ok()?;
    (value.get("mark")? == name).then_some(value)
}
