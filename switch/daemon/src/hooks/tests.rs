//! Commands with real processes.

use super::*;
use std::fs;
use std::path::PathBuf;

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let place = std::env::temp_dir().join(format!("hooks-{name}-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        Self(place)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn shell(hook: Hook, script: &str) -> Call {
    Call {
        hook,
        command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        node: "tokyo".into(),
        peer: "osaka".into(),
        epoch: 7,
        reason: "promoted".into(),
    }
}

fn done(receiver: &Receiver<bool>) -> bool {
    receiver.recv_timeout(Duration::from_mins(1)).unwrap()
}

#[test]
fn a_command_is_told_who_reigns_and_why_and_has_no_descriptor_but_its_own() {
    let place = Place::new("told");
    let (told, open) = (place.file("told"), place.file("open"));
    // One that the system leaves open where nobody says otherwise.
    let kept = fs::File::create(place.file("kept")).unwrap();
    let hooks = Hooks::start().unwrap();
    let script = format!("env | sort | grep SEKISHO > {told}; ls -l /proc/self/fd > {open}");
    assert!(done(&hooks.runs(shell(Hook::OnPromote, &script))));
    assert_eq!(
        fs::read_to_string(&told).unwrap(),
        "SEKISHO_EPOCH=7\nSEKISHO_HOOK=on_promote\nSEKISHO_NODE=tokyo\nSEKISHO_PEER=osaka\n\
         SEKISHO_REASON=promoted\n"
    );
    let open = fs::read_to_string(&open).unwrap();
    // What this test was started with stays; what it opened does not.
    assert!(!open.contains("kept") && open.contains("pipe:"), "{open}");
    assert!(hooks.status().is_none());
    drop(kept);
}

#[test]
fn one_that_fails_is_shown_with_its_last_words_until_another_one_does_not() {
    let hooks = Hooks::start().unwrap();
    assert!(!done(&hooks.runs(shell(Hook::OnPromote, "echo no such device >&2; exit 3"))));
    let status = hooks.status().unwrap();
    assert_eq!((status.hook.as_str(), status.why.as_str()), ("on_promote", "it ended with 3"));
    let mut missing = shell(Hook::OnDemote, "");
    missing.command = vec!["/nowhere/at-all".into()];
    assert!(!awaits(&hooks.runs(missing)));
    let status = hooks.status().unwrap();
    assert!(status.hook == "on_demote" && status.why.contains("can not be run"), "{status:?}");
    assert!(awaits(&hooks.runs(shell(Hook::OnDemote, "exit 0"))));
    assert!(hooks.status().is_none());
}

#[test]
fn one_that_hangs_is_killed_with_all_that_it_started_and_the_next_one_runs() {
    let place = Place::new("hangs");
    let child = place.file("child");
    let environment = environment(&shell(Hook::OnPromote, ""));
    let script = format!("echo at work; sleep 1000 & echo $! > {child}; wait");
    let command = ["/bin/sh", "-c", &script].map(str::to_owned);
    let ran =
        child::run(&command, &environment, Duration::from_millis(300), &Turn::default()).unwrap();
    assert_eq!((ran.said.as_str(), ran.why.as_deref()), ("at work", Some("killed after 300ms")));
    let pid = fs::read_to_string(&child).unwrap();
    assert!(is_gone(&pid), "{pid}");
}

/// It takes a moment to die, and whoever adopts it one to bury it.
fn is_gone(pid: &str) -> bool {
    let begun = clocks::boot();
    while clocks::boot().since(begun) < Duration::from_secs(10) {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        if ["gone", "Z", "X"].contains(&stat.split_whitespace().nth(2).unwrap_or("gone")) {
            return true;
        }
        thread::yield_now();
    }
    false
}

#[test]
fn who_begins_anew_leaves_nothing_running_and_begins_nothing() {
    let place = Place::new("stops");
    let (started, child) = (place.file("started"), place.file("child"));
    let hooks = Hooks::start().unwrap();
    let script = format!("sleep 1000 & echo $! > {started}; mv {started} {child}; wait");
    let first = hooks.runs(shell(Hook::OnPromote, &script));
    let pid = loop {
        match fs::read_to_string(&child) {
            Ok(pid) => break pid,
            Err(_) => thread::yield_now(),
        }
    };
    hooks.stops();
    assert!(!done(&first) && is_gone(&pid), "{pid}");
    assert_eq!(hooks.status().unwrap().why, "it was ended by signal 9");
    assert!(!done(&hooks.runs(shell(Hook::OnDemote, "exit 0"))), "left to the next image");
}

#[test]
fn one_that_can_not_be_killed_holds_nobody_up() {
    let command = ["/bin/sleep", "1000"].map(str::to_owned);
    let (child, reader) = child::start(&command, &[]).unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let within = Duration::from_millis(50);
    let ran = child::watch(child, reader, within, (&Turn::default(), |_| ())).unwrap();
    assert_eq!(ran.why.as_deref(), Some("killed after 50ms, and it does not end"));
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty()).unwrap();
}

#[test]
fn of_much_output_the_end_is_kept_and_nobody_waits_for_what_is_left_running() {
    let environment = environment(&shell(Hook::OnPromote, ""));
    let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i + 1)); done; sleep 20 &";
    let command = ["/bin/sh", "-c", script].map(str::to_owned);
    let begun = clocks::boot();
    let ran =
        child::run(&command, &environment, Duration::from_secs(50), &Turn::default()).unwrap();
    assert!(clocks::boot().since(begun) < Duration::from_secs(15));
    assert_eq!(ran.why, None);
    assert_eq!(ran.said, "line 19995 | line 19996 | line 19997 | line 19998 | line 19999");
}

#[test]
fn what_one_image_leaves_is_read_by_the_next() {
    let call = shell(Hook::OnDemote, "exit 0");
    let Ended { call: read, done } = serde_json::from_str(&left(call.clone(), true)).unwrap();
    assert_eq!((read, done), (call, true));
}

#[test]
fn a_command_that_does_not_come_back_is_shown_when_it_should_have_and_before_what_failed_earlier() {
    let at = |ms: u64| Time(ms * 1_000_000);
    let failed = Failed { hook: Hook::OnDemote, why: "exit status: 1".into(), at: at(1_000) };
    let running = Some((Hook::OnPromote, at(60_000)));
    let shown = Shown { failed: Some(failed), running };
    let told = |ms| shown.status(at(ms)).map(|told| (told.hook, told.why, told.since_s)).unwrap();
    assert_eq!(told(65_000), ("on_demote".to_owned(), "exit status: 1".to_owned(), 64));
    assert_eq!(told(70_000), ("on_promote".to_owned(), "it has not come back".to_owned(), 10));
}
