//! SIGQUIT: how everything stands, in the log; for whoever finds a node that does not answer.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::configuration::{ASCII, Configuration};
use crate::letter::sale;
use crate::link::Link;
use crate::patience::until;
use crate::sekishod::Sekishod;

/// Holds one thread of another process, as a debugger does, until its stdin ends.
const HOLD: &str = "
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
thread = int(sys.argv[1])
for request in (0x4206, 0x4207):  # PTRACE_SEIZE, PTRACE_INTERRUPT
    if libc.ptrace(request, thread, None, None) != 0:
        sys.exit(os.strerror(ctypes.get_errno()))
os.waitpid(thread, 0x40000000)    # __WALL
print('held', flush=True)
sys.stdin.read()
";

/// A thread that stands still for as long as this lives.
pub(crate) struct Held {
    child: Child,
    _stdin: ChildStdin,
}

impl Held {
    pub(crate) fn takes(switch: &Sekishod, name: &str) -> Self {
        let tasks = format!("/proc/{}/task", switch.pid());
        let is_it = |task: &fs::DirEntry| {
            fs::read_to_string(task.path().join("comm")).is_ok_and(|comm| comm.trim() == name)
        };
        // A thread gives itself its name, a moment after it has begun.
        let thread = until("a thread of that name", || {
            let mut tasks = fs::read_dir(&tasks).expect("it runs").filter_map(Result::ok);
            tasks.find(is_it).map(|task| task.file_name())
        });
        let mut child = Command::new("python3");
        let child = child.args(["-c", HOLD]).arg(thread).stdin(Stdio::piped());
        let mut child = child.stdout(Stdio::piped()).spawn().expect("there is a python");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("it says so");
        assert_eq!(line, "held\n");
        Self { child, _stdin: stdin.expect("it is piped") }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The kernel lets go of the thread with it; an error says that it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn starts() -> (Sekishod, Link) {
    let configuration = Configuration::new().workers(2).acquirer("merchant-a", ASCII, "");
    let switch = Sekishod::starts(&configuration);
    let merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    switch.says_of("merchant-a", "link open");
    (switch, merchant)
}

fn thread_of(switch: &Sekishod, name: &str) -> Value {
    switch
        .says_line(name, |line| line["message"] == "diagnostics: thread" && line["thread"] == name)
}

#[test]
fn sigquit_tells_the_log_how_everything_stands_and_the_node_goes_on() {
    let (switch, mut merchant) = starts();
    switch.is_sent(Signal::QUIT);
    let node = switch.says("diagnostics: node");
    assert_eq!((&node["node"], &node["state"]), (&"trial".into(), &"serving".into()), "{node}");
    assert_eq!((&node["configuration"], &node["log_lines_lost"]), (&1.into(), &0.into()), "{node}");
    let worker = switch.says("diagnostics: worker");
    assert!(worker["answering"] == true && worker["turns"].as_u64() > Some(0), "{worker}");
    let links = switch.says("diagnostics: links");
    assert_eq!(links["links"], "up 1", "{links}");
    let journal = switch.says("diagnostics: journal");
    assert_eq!(journal["has_room"], true, "{journal}");
    let thread = thread_of(&switch, "worker-1");
    assert!(thread["state"] == "S" && thread["cpu_ms"].is_number(), "{thread}");
    assert_eq!(merchant.asks(&sale(1)).code(), "908");
    switch.is_sent(Signal::TERM);
    assert_eq!(switch.ends().code, Some(0));
}

#[test]
fn sigquit_shows_a_worker_that_hangs() {
    let (switch, mut merchant) = starts();
    let held = Held::takes(&switch, "worker-1");
    switch.is_sent(Signal::QUIT);
    let thread = thread_of(&switch, "worker-1");
    assert_eq!(thread["state"], "t", "{thread}");
    let said = switch.says_line("a worker that hangs", |line| {
        line["message"] == "diagnostics: worker" && line["worker"] == 1
    });
    assert_eq!(said["answering"], false, "{said}");
    drop(held);
    assert_eq!(merchant.asks(&sale(1)).code(), "908");
    switch.is_sent(Signal::TERM);
    assert_eq!(switch.ends().code, Some(0));
}
