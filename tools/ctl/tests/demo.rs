//! The demo through the program itself: it ends with a verdict, survives its scenarios, and leaves
//! nothing behind however it ends.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// Seven checks are made of every demo, four more of one with an issuer's fault.
const CHECKS: usize = 7;
const CHECKS_OF_FAULT: usize = 4;
/// So many of one in which the switch is killed, or issuers answer late.
const CHECKS_OF_KILL: usize = 11;
const CHECKS_OF_LATE: usize = 10;
/// So many of two sites.
const CHECKS_OF_SITES: usize = 11;

/// A directory for the demo's own one, so that what it leaves there is seen.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sk-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(&self.0).unwrap().next().is_none()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn demo(directory: &Directory, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.arg("demo").args(arguments).env("TMPDIR", &directory.0);
    command.env_remove("CLICOLOR_FORCE").stdin(Stdio::null());
    command
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn holds(checks: usize, stdout: &str) -> bool {
    let held = stdout.lines().filter(|line| line.starts_with("ok ")).count();
    held == checks && !stdout.contains("FAILED") && stdout.contains("verdict: all checks hold")
}

/// A demo that runs, with its stderr.
fn running(directory: &Directory, arguments: &[&str]) -> (Child, BufReader<ChildStderr>) {
    let mut command = demo(directory, arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    (child, stderr)
}

/// Reads lines until one has these words.
fn wait_for(stderr: &mut impl BufRead, words: &str) {
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended before it said {words}");
    }
}

/// Handles of all that a process has started.
fn children(of: &Child) -> Vec<OwnedFd> {
    let id = of.id();
    let ids = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    let ids = ids.split_whitespace().map(|id| Pid::from_raw(id.parse().unwrap()).unwrap());
    ids.map(|id| pidfd_open(id, PidfdFlags::empty()).unwrap()).collect()
}

/// Whether this process ends soon, or has ended.
fn ends(process: &OwnedFd) -> bool {
    let ten_seconds = Timespec { tv_sec: 10, tv_nsec: 0 };
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&ten_seconds)).unwrap() == 1
}

#[test]
fn a_demo_ends_with_a_verdict_and_leaves_nothing() {
    let directory = Directory::new("plain");
    let output = demo(&directory, &["--seconds", "3", "--rate", "600"]).output().unwrap();
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(holds(CHECKS, &stdout), "{stdout}");
    for words in [
        "merchant-a",
        "merchant-b",
        "issuer-x",
        "issuer-y",
        "every request was answered exactly once",
        "the ledgers agree",
        "the switch's counters agree",
        "journal verify says good",
    ] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    assert!(stderr.contains("try next"), "{stderr}");
    assert!(directory.is_empty());
}

#[test]
fn a_switch_that_is_killed_goes_on_where_it_was_and_both_ledgers_are_its_journal() {
    let directory = Directory::new("switch");
    let arguments = ["--scenario", "kill-switch", "--seconds", "8", "--rate", "600"];
    let output = demo(&directory, &arguments).output().unwrap();
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(holds(CHECKS_OF_KILL, &stdout), "{stdout}");
    for words in [
        "the ledgers are equal",
        "journal verify",
        "every request at an issuer",
        "is reversed at its issuers",
        "no obligation is open",
    ] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    assert!(
        stderr.contains("sekishod is killed") || stderr.contains("sekishod is back"),
        "{stderr}"
    );
    assert!(directory.is_empty());
}

#[test]
fn late_answers_are_taken_back_until_both_ledgers_are_equal_and_nothing_is_open() {
    let directory = Directory::new("late");
    let arguments = ["--scenario", "late-answers", "--seconds", "8", "--rate", "600"];
    let output = demo(&directory, &arguments).output().unwrap();
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(holds(CHECKS_OF_LATE, &stdout), "{stdout}");
    for words in ["too late", "taken back", "no obligation is open", "the ledgers are equal"] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    assert!(directory.is_empty());
}

#[test]
fn an_issuer_that_is_killed_costs_coded_declines_until_it_is_back_and_nothing_else() {
    let directory = Directory::new("killed");
    let arguments = ["--scenario", "issuer-killed", "--seconds", "9", "--rate", "600"];
    let output = demo(&directory, &arguments).output().unwrap();
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(holds(CHECKS + CHECKS_OF_FAULT, &stdout), "{stdout}");
    assert!(stdout.contains("(907 ") && stdout.contains("full recovery"), "{stdout}");
    assert!(directory.is_empty());
}

#[test]
fn an_issuer_that_is_frozen_costs_declines_within_its_timeout_and_nothing_else() {
    let directory = Directory::new("frozen");
    let arguments = ["--scenario", "issuer-frozen", "--seconds", "9", "--rate", "600"];
    let output = demo(&directory, &arguments).output().unwrap();
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(holds(CHECKS + CHECKS_OF_FAULT, &stdout), "{stdout}");
    assert!(stdout.contains("(911 ") && stdout.contains("too late and not passed on"), "{stdout}");
    assert!(stdout.contains("were acknowledged, 0 are open"), "{stdout}");
    assert!(directory.is_empty());
}

#[test]
fn an_interrupted_demo_ends_in_order_with_the_verdict_so_far() {
    let directory = Directory::new("interrupted");
    let (mut child, mut stderr) = running(&directory, &["--seconds", "600", "--rate", "600"]);
    wait_for(&mut stderr, " of 600 s: ");
    let children = children(&child);
    assert_eq!(children.len(), 5, "switch, two issuers, two acquirers");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(holds(CHECKS, &stdout), "{stdout}");
    assert!(children.iter().all(ends) && directory.is_empty());
}

#[test]
fn a_demo_that_is_killed_takes_everybody_with_it_even_who_stands_still() {
    let directory = Directory::new("gone");
    let (mut child, mut stderr) =
        running(&directory, &["--scenario", "issuer-frozen", "--seconds", "18", "--rate", "600"]);
    wait_for(&mut stderr, "issuer-x is frozen");
    let children = children(&child);
    assert_eq!(children.len(), 5);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(children.iter().all(ends));
}

#[test]
fn a_primary_that_is_killed_under_load_is_followed_by_its_standby_and_nothing_is_lost() {
    let directory = Directory::new("sites");
    let arguments = ["--sites", "2", "--seconds", "8", "--rate", "200"];
    let output = demo(&directory, &arguments).output().unwrap();
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert!(holds(CHECKS_OF_SITES, &stdout), "{stdout}");
    for words in [
        "osaka was the primary",
        "seconds without service: ",
        "transactions lost: 0;",
        "no obligation is open",
        "the ledgers are equal",
        "approved and ",
        "the two were in sync",
        "journal verify says: tokyo good",
        "the two are equal in all",
    ] {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    for words in ["tokyo, the primary, is killed under load", "tokyo is started again"] {
        assert!(stderr.contains(words), "{words}: {stderr}");
    }
    assert!(directory.is_empty());
}

#[test]
fn two_sites_that_are_killed_take_their_witness_with_them() {
    let directory = Directory::new("parted");
    let arguments = ["--sites", "2", "--seconds", "600", "--rate", "200"];
    let (mut child, mut stderr) = running(&directory, &arguments);
    wait_for(&mut stderr, " of 600 s: ");
    let children = children(&child);
    assert_eq!(children.len(), 7, "two sites, etcd, two issuers, two acquirers");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(children.iter().all(ends));
}

#[test]
fn two_sites_without_etcd_are_refused_at_once_with_its_package() {
    let directory = Directory::new("alone");
    let output = demo(&directory, &["--sites", "2"]).env("PATH", "").output().unwrap();
    let (stdout, stderr) = texts(&output);
    assert_eq!((output.status.code(), stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("etcd-server") && stderr.lines().count() == 1, "{stderr}");
    assert!(directory.is_empty());
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let directory = Directory::new("later");
    for (arguments, exit, words) in [
        (&["--sites", "2", "--scenario", "kill-switch"][..], 2, "--scenario is for one site"),
        (&["--sites", "2", "--seconds", "5"], 2, "--seconds 6 or more"),
        (
            &["--scenario", "power-cut"],
            3,
            "no scenario \"power-cut\"; there is issuer-killed, issuer-frozen, kill-switch, late-answers",
        ),
    ] {
        let output = demo(&directory, arguments).output().unwrap();
        let (stdout, stderr) = texts(&output);
        assert_eq!((output.status.code(), stdout.as_str()), (Some(exit), ""));
        assert!(stderr.contains(words), "{stderr}");
    }
    let too_short = ["--scenario", "issuer-killed", "--seconds", "7"];
    assert_eq!(demo(&directory, &too_short).output().unwrap().status.code(), Some(2));
    assert!(directory.is_empty());
}

#[test]
fn the_command_for_children_is_hidden_and_nobody_else_can_be_their_parent() {
    let sekisho = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_sekisho")).args(arguments).output().unwrap()
    };
    let (help, _) = texts(&sekisho(&["--help"]));
    assert!(help.contains("demo") && !help.contains("__child"), "{help}");
    let orphan = sekisho(&["__child", "--parent", "1", "bench", "issuer", "--listen", "[::1]:0"]);
    assert_eq!(orphan.status.code(), Some(1));
}
