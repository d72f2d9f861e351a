//! One of two sites: a real `sekishod`, started by this very program as a demo starts it, its log, its control
//! socket, the operator's commands against it, its end. Must not know what a story is about.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::patience::until;
use crate::place::{Directory, own_port};

/// A site, whether its daemon runs or not.
pub(crate) struct Site {
    pub(crate) name: &'static str,
    /// Where it waits for its acquirers, when it is the primary.
    pub(crate) listens: [SocketAddr; 2],
    directory: Directory,
    child: Option<Child>,
    lines: Arc<Mutex<Vec<Value>>>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Site {
    /// A place for one; nothing runs there.
    pub(crate) fn new(name: &'static str) -> Self {
        let listens = [own_port(), own_port()];
        Self { name, listens, directory: Directory::new(), child: None, lines: Arc::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.path().join("state/journal")
    }

    /// What stands in its configuration from now on.
    pub(crate) fn is_configured(&self, text: &str) {
        fs::write(self.path().join("sekisho.toml"), text).unwrap();
    }

    /// Its daemon starts, and answers operators.
    pub(crate) fn starts(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.args(["__child", "--parent", &std::process::id().to_string(), "sekishod"]);
        command.args(["--log-format", "json", "--config", "sekisho.toml"]);
        command.current_dir(self.path()).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let lines = Arc::clone(&self.lines);
        std::thread::spawn(move || read(stderr, &lines));
        self.child = Some(child);
    }

    /// It has not ended by itself.
    pub(crate) fn still_runs(&mut self) {
        let ended = self.child.as_mut().expect("it was started").try_wait().unwrap();
        assert!(ended.is_none(), "{} ended: {ended:?}", self.name);
    }

    /// A command of an operator, with nobody at a terminal.
    pub(crate) fn is_told(&self, line: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.args(line.split_whitespace()).current_dir(self.path()).stdin(Stdio::null());
        command.env_remove("CLICOLOR_FORCE");
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Said { code: output.status.code(), stdout, stderr }
    }

    /// One that asks the daemon; again while this user has asked too often.
    pub(crate) fn asked(&self, line: &str) -> Said {
        let line = format!("{line} --socket control.sock");
        until("its turn", || {
            let said = self.is_told(&line);
            (!said.stderr.contains("commands a second")).then_some(said)
        })
    }

    /// One that must be done.
    pub(crate) fn does(&self, line: &str) -> String {
        let said = self.asked(line);
        assert_eq!(said.code, Some(0), "{}: {line}: {said:?}", self.name);
        said.stdout
    }

    /// It is promoted, as soon as it may be: the other one has been silent for long enough.
    pub(crate) fn is_promoted(&self, line: &str) {
        let mut last = None;
        let done = crate::patience::tried(|| {
            let said = self.asked(line);
            let done = said.code == Some(0);
            assert!(done || said.code == Some(5), "{}: {said:?}", self.name);
            last = Some(said);
            done.then_some(())
        });
        assert!(done.is_some(), "{} is not promoted: {last:?}", self.name);
    }

    /// How it stands as one of two, when it answers.
    pub(crate) fn stands(&self) -> Option<Value> {
        let said = self.asked("node status -o json");
        (said.code == Some(0)).then(|| serde_json::from_str(&said.stdout).unwrap())
    }

    /// Asks until it stands like this.
    pub(crate) fn comes_to(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let mut last = None;
        let seen = crate::patience::tried(|| {
            last = self.stands();
            last.clone().filter(|stands| is_it(stands))
        });
        seen.unwrap_or_else(|| panic!("{} did not come to {what}: {last:#?}", self.name))
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// It writes a log line that begins so.
    pub(crate) fn says(&self, begin: &str) {
        until(&format!("{} to say {begin:?}", self.name), || {
            let lines = self.lines.lock().unwrap();
            let begins =
                |line: &Value| line["message"].as_str().is_some_and(|said| said.starts_with(begin));
            lines.iter().any(begins).then_some(())
        });
    }

    /// What its control socket answers to a line.
    pub(crate) fn asks_socket(&self, line: &str) -> Value {
        let mut socket = UnixStream::connect(self.path().join("control.sock")).unwrap();
        socket.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        BufReader::new(socket).read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    /// SIGSTOP and SIGCONT.
    pub(crate) fn is_sent(&self, signal: Signal) {
        let id = i32::try_from(self.child.as_ref().expect("it runs").id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Processes that it has started and that are there in any form.
    pub(crate) fn children(&self) -> Vec<String> {
        let id = self.child.as_ref().expect("it runs").id();
        let tasks = fs::read_dir(format!("/proc/{id}/task")).unwrap();
        let of = |task: fs::DirEntry| fs::read_to_string(task.path().join("children"));
        let all = tasks.filter_map(|task| of(task.ok()?).ok());
        all.flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    /// SIGKILL: it ends where it is.
    pub(crate) fn is_killed(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// It is told to stop, and ends.
    pub(crate) fn stops(&mut self) {
        self.is_sent(Signal::TERM);
        let status = self.ends();
        assert_eq!(status.code(), Some(0), "{} ended with {status}", self.name);
    }

    /// Waits for its end.
    pub(crate) fn ends(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        until("its end", || child.try_wait().unwrap())
    }

    /// Its disk is lost.
    pub(crate) fn loses_its_disk(&self) {
        assert!(self.child.is_none(), "{} runs", self.name);
        fs::remove_dir_all(self.path().join("state")).unwrap();
    }

    /// Waits until its log has these words.
    pub(crate) fn has_told(&self, words: &str) {
        until(&format!("{} to tell: {words}", self.name), || {
            let lines = self.lines.lock().unwrap();
            lines.iter().any(|line| line.to_string().contains(words)).then_some(())
        });
    }

    /// What it wrote last, for whoever looks into a story that failed.
    fn tells(&self) {
        let lines = self.lines.lock().map(|lines| lines.clone()).unwrap_or_default();
        let last = lines.len().saturating_sub(60);
        let lines = lines[last..].iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
        // Where stderr is gone, nobody looks.
        drop(writeln!(std::io::stderr(), "{} wrote:\n{lines}", self.name));
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // An error says that it has ended already.
            drop(child.kill());
            drop(child.wait());
        }
        if std::thread::panicking() {
            self.tells();
        }
    }
}

fn read(stderr: BufReader<ChildStderr>, lines: &Mutex<Vec<Value>>) {
    for line in stderr.lines().map_while(Result::ok) {
        let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
        lines.lock().unwrap().push(line);
    }
}
