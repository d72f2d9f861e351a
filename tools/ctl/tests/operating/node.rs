//! A daemon of this test alone, started by this very program as a demo starts it, and the operator's
//! commands against it. Must not know what is asked.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use daemon::clocks;
use daemon::control::ask_saf;
use daemon::saf::{SafReply, SafRequest};
use rustix::process::geteuid;
use rustix::thread::{Uid, set_thread_res_uid};
use serde_json::Value;

use crate::partner::PATIENCE;

/// It ends with the thread that started it, which is the test's.
pub(crate) struct Node {
    directory: PathBuf,
    child: Child,
    merchant: SocketAddr,
    /// Nobody else reads it: what it says there is little.
    _stderr: BufReader<ChildStderr>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Node {
    /// One acquirer, merchant-a, and one issuer, issuer-x, at this address; `more`: lines of the issuer's
    /// table.
    pub(crate) fn starts(issuer: SocketAddr, more: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sekisho-operating-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        let place = directory.display();
        let text = format!(
            "[node]\nname = \"trial\"\ninstitution = \"49000000001\"\nstate = \"{place}/state\"\n\
             workers = 1\n[journal]\nsegment = \"1MiB\"\n[control]\nsocket = \"{place}/control.sock\"\n\
             operators = [\"bin\"]\n[[station]]\nname = \"merchant-a\"\nrole = \"acquirer\"\ninstitution = \"77334000001\"\n\
             dialect = \"iso93-ascii\"\nframing = \"ascii4\"\nlisten = [\"127.0.0.1:0\"]\n\
             [[station]]\nname = \"issuer-x\"\nrole = \"issuer\"\ninstitution = \"49711000001\"\n\
             dialect = \"iso93-ascii\"\nframing = \"ascii4\"\nconnect = [\"{issuer}\"]\n\
             reconnect_min = \"10ms\"\nreconnect_max = \"50ms\"\necho = \"off\"\n{more}\n\
             [[route]]\npan = \"353011\"\nto = [\"issuer-x\"]\n"
        );
        fs::write(directory.join("sekisho.toml"), text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.args(["__child", "--parent", &std::process::id().to_string(), "sekishod"]);
        command.args(["--insecure-demo", "--log-format", "json", "--config", "sekisho.toml"]);
        command.current_dir(&directory).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let merchant = listening(&mut stderr);
        Self { directory, child, merchant, _stderr: stderr }
    }

    /// Where it waits for its acquirer.
    pub(crate) fn merchant(&self) -> SocketAddr {
        self.merchant
    }

    /// A file of its directory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Writes something else into its configuration.
    pub(crate) fn is_rewritten(&self, from: &str, to: &str) {
        let main = self.file("sekisho.toml");
        let text = fs::read_to_string(&main).unwrap();
        assert!(text.contains(from), "{from}: {text}");
        fs::write(main, text.replacen(from, to, 1)).unwrap();
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.directory.join("state/journal")
    }

    /// A command as an operator types it, with what it is to do behind its name; this on its standard
    /// input.
    pub(crate) fn is_told(&self, line: &str, input: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.args(line.split_whitespace()).current_dir(&self.directory);
        command.env_remove("CLICOLOR_FORCE");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that wants none may have ended.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Said { code: output.status.code(), stdout, stderr }
    }

    /// One that asks the daemon.
    pub(crate) fn asked(&self, line: &str) -> Said {
        let line = format!("{line} --socket control.sock");
        // Asked again while this user has asked too often.
        until("its turn", || {
            let said = self.is_told(&line, "");
            (!said.stderr.contains("commands a second")).then_some(said)
        })
    }

    /// The same by another user of this machine; none where only root could.
    #[expect(clippy::print_stdout, reason = "that a part of a test is left out is said")]
    pub(crate) fn asked_by(&self, uid: u32, request: &SafRequest) -> Option<SafReply> {
        if !geteuid().is_root() {
            println!("only root becomes another user");
            return None;
        }
        // A thread has a user of its own for the kernel, and this one ends with what it does.
        let ask = || {
            let uid = Uid::from_raw(uid);
            set_thread_res_uid(uid, uid, uid).unwrap();
            ask_saf(&self.directory.join("control.sock"), request).unwrap()
        };
        std::thread::scope(|scope| scope.spawn(ask).join().ok())
    }

    /// One that reads the journal.
    pub(crate) fn reads(&self, line: &str) -> Said {
        self.is_told(&format!("{line} --dir state/journal"), "")
    }

    /// What a command that must work says, until it says this.
    pub(crate) fn comes_to(&self, line: &str, what: &str) -> String {
        until(what, || {
            let said = self.asked(line);
            assert_eq!(said.code, Some(0), "{line}: {said:?}");
            said.stdout.contains(what).then_some(said.stdout)
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // An error says that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.directory));
    }
}

/// Looks again and again until something is there; each look is a program of its own.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = clocks::boot();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(clocks::boot().since(begun) < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
    }
}

/// Whether files with such an end of their names are there.
pub(crate) fn has(directory: &Path, end: &str) -> bool {
    let mut names = fs::read_dir(directory).unwrap().map_while(Result::ok);
    names.any(|entry| entry.file_name().to_string_lossy().ends_with(end))
}

/// Reads its log until it serves, and finds where it listens.
fn listening(stderr: &mut impl BufRead) -> SocketAddr {
    let (mut address, mut all) = (None, String::new());
    loop {
        let mut line = String::new();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended: {all}");
        all.push_str(&line);
        let said: Value = serde_json::from_str(&line).unwrap();
        if said["message"] == "listening" {
            address = said["address"].as_str().map(|at| at.parse().unwrap());
        }
        if said["message"] == "serving" {
            return address.unwrap();
        }
    }
}
