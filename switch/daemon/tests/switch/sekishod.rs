//! The program under test: started, read, asked, told to stop, and ended with its test whatever
//! comes of that. Must not know what it is tested for.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, ErrorKind, PipeReader, Read, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use daemon::control::{AskError, ask_status};
use daemon::not_done::NotDone;
use daemon::status::{StationStatus, Status};
use rustix::fs::OFlags;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::Value;

use crate::configuration::Configuration;
use crate::patience::{PATIENCE, SLICE, SLICES, lets_pass, until, until_readable};
use crate::place::Directory;

/// A daemon that runs, or ran.
pub(crate) struct Sekishod {
    child: Child,
    lines: Arc<Lines>,
    output: Option<JoinHandle<String>>,
    /// Until somebody else takes it over.
    directory: Option<Directory>,
}

/// What it has written to stderr so far.
#[derive(Default)]
struct Lines {
    written: Mutex<Written>,
    more: Condvar,
}

#[derive(Default)]
struct Written {
    lines: Vec<String>,
    /// Nothing will follow: it has ended, or we do not read on.
    ended: bool,
    /// Do not read on behind the next line.
    hold: bool,
    /// Where the rest would come from, while we do not read on.
    unread: Option<BufReader<ChildStderr>>,
}

/// How a daemon ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Sekishod {
    /// Starts it on a configuration and waits until it serves.
    pub(crate) fn starts(configuration: &Configuration) -> Self {
        let started = Self::tries(configuration, &["--insecure-demo"]);
        started.says("serving");
        started
    }

    /// Starts it again where another one was, and waits until it serves.
    pub(crate) fn starts_in(directory: Directory, configuration: &Configuration) -> Self {
        let started = Self::tries_in(directory, configuration, &["--insecure-demo"]);
        started.says("serving");
        started
    }

    /// Starts it again where another one was, whatever comes of it.
    pub(crate) fn tries_in(
        directory: Directory,
        configuration: &Configuration,
        arguments: &[&str],
    ) -> Self {
        let text = configuration.text(directory.path());
        Self::tries_file(directory, &text, arguments)
    }

    /// Starts it on a configuration, whatever comes of it.
    pub(crate) fn tries(configuration: &Configuration, arguments: &[&str]) -> Self {
        Self::tries_in(Directory::new(), configuration, arguments)
    }

    /// Starts it on a file of this text, whatever comes of it.
    pub(crate) fn tries_file(directory: Directory, text: &str, arguments: &[&str]) -> Self {
        let file = directory.path().join("sekisho.toml");
        std::fs::write(&file, text).expect("the directory takes a file");
        let file = file.to_str().expect("a plain path");
        let arguments = [&["--config", file, "--log-format", "json"], arguments].concat();
        Self::tries_arguments(directory, &arguments)
    }

    /// Starts it with these limits of a shell (`ulimit ...`), whatever comes of it.
    pub(crate) fn tries_under(limits: &str, configuration: &Configuration) -> Self {
        let script = format!("{limits} && exec \"$@\"");
        Self::tries_by(&["sh", "-c", &script, "sh"], Directory::new(), configuration)
    }

    /// Starts it by another program, which is given these arguments and becomes it.
    pub(crate) fn tries_by(
        program: &[&str],
        directory: Directory,
        configuration: &Configuration,
    ) -> Self {
        let text = configuration.text(directory.path());
        let file = directory.path().join("sekisho.toml");
        std::fs::write(&file, text).expect("the directory takes a file");
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).arg(env!("CARGO_BIN_EXE_sekishod")).arg("--config");
        command.arg(file).args(["--log-format", "json", "--insecure-demo"]);
        Self::tries_command(directory, command)
    }

    /// Starts it with these arguments and no others, whatever comes of it.
    pub(crate) fn tries_arguments(directory: Directory, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekishod"));
        command.args(arguments);
        Self::tries_command(directory, command)
    }

    /// Starts it with a log that takes not one byte, and waits until it answers operators.
    pub(crate) fn starts_unread(configuration: &Configuration) -> (Self, PipeReader) {
        let directory = Directory::new();
        let file = directory.path().join("sekisho.toml");
        std::fs::write(&file, configuration.text(directory.path())).expect("it takes a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekishod"));
        command.arg("--config").arg(file).args(["--log-format", "json", "--insecure-demo"]);
        let (reader, writer) = std::io::pipe().expect("there are pipes");
        fill(&format!("/proc/self/fd/{}", writer.as_raw_fd()));
        let started = Self::tries_with(directory, command.stderr(writer));
        started.lines.written.lock().expect("nobody panics with it").ended = true;
        until("its control socket", || ask_status(&started.control()).ok());
        (started, reader)
    }

    fn tries_command(directory: Directory, mut command: Command) -> Self {
        Self::tries_with(directory, command.stderr(Stdio::piped()))
    }

    fn tries_with(directory: Directory, command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut stdout = child.stdout.take().expect("it is piped");
        let lines = Arc::new(Lines::default());
        if let Some(stderr) = child.stderr.take() {
            Lines::keep(&lines, BufReader::new(stderr));
        }
        let output = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("stdout is a text");
            text
        });
        Self { child, lines, output: Some(output), directory: Some(directory) }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path().join("sekisho.toml")
    }

    pub(crate) fn control(&self) -> PathBuf {
        self.path().join("control.sock")
    }

    /// Its number for the system.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where its journal is.
    pub(crate) fn journal(&self) -> PathBuf {
        self.path().join("state/journal")
    }

    /// The id of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    fn path(&self) -> &Path {
        self.directory.as_ref().expect("nobody has taken it over").path()
    }

    /// Where it listens for a station.
    pub(crate) fn address_of(&self, station: &str) -> SocketAddr {
        let line = self.says_of(station, "listening");
        let address = line["address"].as_str().expect("an address");
        address.parse().expect("an address with a port")
    }

    /// Waits for a log line with this message.
    pub(crate) fn says(&self, message: &str) -> Value {
        self.waits_for(message, 1, |line| line["message"] == message)
    }

    /// Waits for a log line with a message like this.
    pub(crate) fn says_like(&self, what: &str, is_it: impl Fn(&str) -> bool) -> Value {
        self.waits_for(what, 1, |line| line["message"].as_str().is_some_and(&is_it))
    }

    /// Waits for a log line like this.
    pub(crate) fn says_line(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        self.waits_for(what, 1, is_it)
    }

    /// Waits for a log line with this message about a station.
    pub(crate) fn says_of(&self, station: &str, message: &str) -> Value {
        self.says_again_of(station, message, 1)
    }

    /// Waits for the `count`-th such line since the start.
    pub(crate) fn says_again_of(&self, station: &str, message: &str, count: usize) -> Value {
        let what = format!("{message} ({station})");
        let about = |line: &Value| line["message"] == message && line["station"] == station;
        self.waits_for(&what, count, about)
    }

    fn waits_for(&self, what: &str, count: usize, is_it: impl Fn(&Value) -> bool) -> Value {
        let find = |written: &Written| {
            let lines = written.lines.iter().filter_map(|line| serde_json::from_str(line).ok());
            lines.filter(|line| is_it(line)).nth(count - 1)
        };
        let written = self.lines.until(|written| find(written).is_some() || written.ended);
        let found = find(&written);
        drop(written);
        found.unwrap_or_else(|| panic!("line {count} of {what:?} did not come within {PATIENCE:?}"))
    }

    /// How it stands now.
    pub(crate) fn status(&self) -> Status {
        patiently(|| ask_status(&self.control())).expect("it answers operators")
    }

    /// Asks how it stands until it stands like this.
    pub(crate) fn comes_to(&self, what: &str, is_it: impl Fn(&Status) -> bool) -> Status {
        until(what, || Some(self.status()).filter(&is_it))
    }

    pub(crate) fn is_sent(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("it is ours and runs");
    }

    fn id(&self) -> Pid {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        id.expect("a process has an id")
    }

    /// Nobody reads its log from here on: what it writes stays in the pipe. Takes effect with the
    /// next line, which `causes` brings about.
    pub(crate) fn is_not_read(&self, causes: impl FnOnce()) {
        self.lines.written.lock().expect("the reader does not panic").hold = true;
        causes();
        let written = self.lines.until(|written| written.unread.is_some());
        let holds = written.unread.is_some();
        drop(written);
        assert!(holds, "no line came within {PATIENCE:?}");
    }

    /// The pipe that its log goes into takes not one byte more.
    pub(crate) fn can_not_write(&self) {
        fill(&format!("/proc/{}/fd/2", self.child.id()));
    }

    /// Somebody reads it again.
    pub(crate) fn is_read_again(&self) {
        let mut written = self.lines.written.lock().expect("the reader does not panic");
        written.hold = false;
        written.ended = false;
        let rest = written.unread.take().expect("it was not read");
        drop(written);
        Lines::keep(&self.lines, rest);
    }

    /// The other end of the pipe that its log goes into is closed.
    pub(crate) fn is_hung_up_on(&self) {
        let mut written = self.lines.written.lock().expect("the reader does not panic");
        drop(written.unread.take().expect("it was not read"));
    }

    /// SIGKILL: it ends where it is. What it leaves behind is for the next one.
    pub(crate) fn killed(mut self) -> Directory {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is our child");
        self.directory.take().expect("nobody has taken it over")
    }

    /// Waits for its end; what it leaves behind is for the next one.
    pub(crate) fn leaves(mut self) -> (Ended, Directory) {
        let directory = self.directory.take().expect("nobody has taken it over");
        (self.ends(), directory)
    }

    /// Waits for its end.
    pub(crate) fn ends(mut self) -> Ended {
        let handle = pidfd_open(self.id(), PidfdFlags::empty()).expect("it is our child");
        until_readable("its end", &handle);
        let status: ExitStatus = self.child.wait().expect("it is our child");
        let written = self.lines.until(|written| written.ended);
        let stderr = written.lines.join("\n");
        drop(written);
        let output = self.output.take().expect("it ends once");
        let stdout = output.join().expect("the reader does not panic");
        Ended { code: status.code(), stdout, stderr }
    }
}

impl Lines {
    /// Waits for what is written to be so, or until patience ends.
    fn until(&self, is_it: impl Fn(&Written) -> bool) -> MutexGuard<'_, Written> {
        let mut written = self.written.lock().expect("nobody panics with it");
        for _ in 0..SLICES {
            let waited = self.more.wait_timeout_while(written, SLICE, |written| !is_it(written));
            let timed_out;
            (written, timed_out) = waited.expect("nobody panics with it");
            if !timed_out.timed_out() {
                break;
            }
        }
        written
    }

    fn keep(lines: &Arc<Self>, stderr: BufReader<ChildStderr>) {
        let lines = Arc::clone(lines);
        std::thread::spawn(move || lines.read(stderr));
    }

    fn read(&self, mut stderr: BufReader<ChildStderr>) {
        loop {
            let mut line = String::new();
            let more = stderr.read_line(&mut line).is_ok_and(|count| count > 0);
            let mut written = self.written.lock().expect("nobody panics with it");
            written.lines.extend(more.then(|| line.trim_end().to_owned()));
            written.ended = !more || written.hold;
            if written.ended {
                written.unread = more.then_some(stderr);
                self.more.notify_all();
                return;
            }
            drop(written);
            self.more.notify_all();
        }
    }
}

impl Sekishod {
    /// What it wrote last, for whoever looks into a failed test.
    #[expect(clippy::print_stdout, reason = "a test's output is shown when it fails")]
    fn tells(&self) {
        let written = self.lines.written.lock();
        let lines = written.map(|written| written.lines.clone()).unwrap_or_default();
        let last = lines.len().saturating_sub(50);
        println!("sekishod wrote:\n{}", lines[last..].join("\n"));
    }
}

impl Drop for Sekishod {
    fn drop(&mut self) {
        // An error says that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            self.tells();
        }
    }
}

/// Asks again while this user has asked too often.
pub(crate) fn patiently<T>(mut ask: impl FnMut() -> Result<T, AskError>) -> Result<T, AskError> {
    loop {
        match ask() {
            Err(AskError::NotDone(NotDone::Failed(why))) if why.contains("commands a second") => {
                lets_pass(Duration::from_millis(50));
            }
            said => return said,
        }
    }
}

/// Fills the pipe that this path is of.
fn fill(pipe: &str) {
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).expect("one bit");
    let mut options = OpenOptions::new();
    let pipe = options.write(true).custom_flags(nonblocking).open(pipe);
    let mut pipe = pipe.expect("a pipe of ours");
    // A pipe takes either all of so few bytes or none.
    for size in [4_096, 1] {
        let filler = vec![b'\n'; size];
        let full = loop {
            if let Err(error) = pipe.write_all(&filler) {
                break error;
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
    }
}

/// The station of that name.
pub(crate) fn station<'s>(status: &'s Status, name: &str) -> &'s StationStatus {
    let mut stations = status.stations.iter();
    stations.find(|station| station.name == name).expect("it is configured")
}

/// A counter.
pub(crate) fn count(status: &Status, name: &str) -> u64 {
    *status.counters.get(name).unwrap_or_else(|| panic!("there is a counter {name}"))
}
