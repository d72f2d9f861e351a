//! The program itself against planted replies of a daemon: what `sekisho config` asks for, what it
//! prints where, what it does to files, and how it exits.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use daemon::change::{
    Adoption, Change, Changes, ConfigReply, File, Planned, Progress, Stage, Version,
};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

/// A daemon that gives the replies that it was given, in turn, and notes what it was asked for.
struct Desk {
    directory: PathBuf,
    asked: Arc<Mutex<Vec<Value>>>,
}

/// What a command did.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Desk {
    fn opens(replies: Vec<Value>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("sekisho-config-program-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        let listener = UnixListener::bind(directory.join("control.sock")).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        // It ends with the test's process.
        thread::spawn(move || {
            let mut replies = VecDeque::from(replies);
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                noted.lock().unwrap().push(serde_json::from_str(&line).unwrap());
                let reply = replies.pop_front().unwrap_or(json!({ "error": "no more replies" }));
                stream.write_all(format!("{reply}\n").as_bytes()).unwrap();
            }
        });
        Self { directory, asked }
    }

    /// A command as an operator types it, with nobody at its standard input.
    fn is_told(&self, line: &str) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.arg("config").args(line.split_whitespace()).current_dir(&self.directory);
        command.env_remove("CREDENTIALS_DIRECTORY").stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Said { code: output.status.code(), stdout, stderr }
    }

    fn asks(&self, line: &str) -> Said {
        self.is_told(&format!("{line} --socket control.sock"))
    }

    /// The same, with somebody at a terminal who types this.
    fn is_answered(&self, line: &str, typed: &str) -> Said {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let desk = openpt(flags).unwrap();
        grantpt(&desk).unwrap();
        unlockpt(&desk).unwrap();
        let name = ptsname(&desk, Vec::new()).unwrap();
        let terminal = fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap());
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.arg("config").args(line.split_whitespace()).current_dir(&self.directory);
        command.args(["--socket", "control.sock"]).stdin(terminal.unwrap());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        fs::File::from(desk.try_clone().unwrap()).write_all(typed.as_bytes()).unwrap();
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        Said { code: output.status.code(), stdout, stderr }
    }

    fn was_asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

fn value(reply: &ConfigReply) -> Value {
    serde_json::to_value(reply).unwrap()
}

fn version(number: u32) -> Version {
    let (by, how) = ("hana".to_owned(), "apply".to_owned());
    Version { number, digest: format!("{number:064}"), utc: 1_795_238_430, by, how, standby: false }
}

fn change(key: &str, from: &str, to: &str) -> Change {
    let [from, to] = [from, to].map(|text| Some(text.to_owned()));
    Change { key: key.to_owned(), from, to, restart: None }
}

/// What a plan with these changes is told as.
fn plan(file: &Path, changes: Vec<Change>) -> ConfigReply {
    let plan = Planned {
        digest: "d1".into(),
        changes: Changes::of(changes),
        warnings: vec!["station.issuer-y: no route leads to it".into()],
        ..Planned::default()
    };
    ConfigReply {
        running: version(7),
        file: file.display().to_string(),
        plan: Some(plan),
        ..ConfigReply::default()
    }
}

fn timeout() -> Change {
    change("station.issuer-x.timeout", "10s", "5s")
}

fn progress(stage: Stage, refusals: &[&str]) -> Value {
    let worker = |worker, opened_us| Adoption { worker, adopted_us: Some(120), opened_us };
    let opened = (stage == Stage::Done).then_some(340);
    let progress = Progress {
        run: 3,
        stage,
        by: "hana".into(),
        how: "apply".into(),
        number: 8,
        begun_utc: 1_795_238_430,
        workers: vec![worker(0, opened), worker(1, opened)],
        refusals: refusals.iter().map(|line| (*line).to_owned()).collect(),
        ..Progress::default()
    };
    value(&ConfigReply { running: version(7), progress: Some(progress), ..ConfigReply::default() })
}

fn actions(desk: &Desk) -> Vec<String> {
    let asked = desk.was_asked().into_iter();
    asked.map(|request| request["action"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_plan_is_told_in_words_and_its_exit_code_says_what_can_be_done_with_it() {
    let main = Path::new("/etc/sekisho/sekisho.toml");
    let restart = Change { restart: Some("because".into()), ..change("node.workers", "2", "3") };
    let mut broken = plan(main, Vec::new());
    broken.plan.as_mut().unwrap().refusals = vec!["sekisho.toml:1:1: no".into()];
    let desk = Desk::opens(vec![
        value(&plan(main, vec![timeout()])),
        value(&plan(main, Vec::new())),
        value(&plan(main, vec![timeout(), restart])),
        value(&broken),
    ]);
    let said = desk.asks("plan");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(
        said.stdout,
        "version 7 runs, of /etc/sekisho/sekisho.toml\n  station issuer-x: timeout 10s -> 5s\n\
         1 change\nwarning: station.issuer-y: no route leads to it\n"
    );
    let same = desk.asks("plan");
    assert!(same.code == Some(0) && same.stdout.contains("Nothing has changed."), "{same:?}");
    let said = desk.asks("plan");
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.stdout.contains("node: workers 2 -> 3 (needs a restart: because)"), "{said:?}");
    assert!(said.stdout.contains("1 of them need a restart"), "{said:?}");
    let said = desk.asks("plan -o json");
    assert_eq!(said.code, Some(7), "{said:?}");
    let object: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(object["plan"]["refusals"], json!(["sekisho.toml:1:1: no"]));
    assert_eq!(desk.was_asked()[0], json!({ "command": "config", "action": "plan" }));
}

#[test]
fn what_was_shown_is_what_is_applied_and_it_is_followed_to_its_end() {
    let desk = Desk::opens(vec![
        value(&plan(Path::new("/x"), vec![timeout()])),
        progress(Stage::Reading, &[]),
        progress(Stage::Opening, &[]),
        progress(Stage::Done, &[]),
    ]);
    let said = desk.asks("apply --yes");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("station issuer-x: timeout 10s -> 5s"), "{said:?}");
    assert!(said.stdout.contains("reload 3 by hana (apply)"), "{said:?}");
    assert!(said.stdout.contains("version 8 runs"), "{said:?}");
    assert_eq!(said.stdout.matches("340 us").count(), 2, "{said:?}");
    let asked = desk.was_asked();
    assert_eq!(asked[1], json!({ "command": "config", "action": "apply", "expect": "d1" }));
    assert_eq!(actions(&desk), ["plan", "apply", "progress", "progress"]);
}

#[test]
fn a_question_that_is_refused_does_not_end_what_was_begun() {
    let often = json!({ "error": "more than 20 commands a second", "kind": "conflict" });
    let desk = desk_with(|desk| {
        let main = desk.file("sekisho.toml");
        vec![
            kept(desk, 5, "10s"),
            kept(desk, 7, "5s"),
            value(&plan(&main, vec![timeout()])),
            progress(Stage::Reading, &[]),
            often.clone(),
            progress(Stage::Done, &[]),
        ]
    });
    let said = desk.asks("rollback 5 --yes");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(fs::read_to_string(desk.file("sekisho.toml")).unwrap(), text("10s"));
}

#[test]
fn who_can_not_be_asked_has_to_say_yes_beforehand() {
    let desk = Desk::opens(Vec::new());
    for line in ["apply", "rollback", "rollback 3", "apply -o json"] {
        let said = desk.asks(line);
        assert_eq!((said.code, &*said.stdout), (Some(2), ""), "{line}: {said:?}");
        assert!(said.stderr.contains("--yes"), "{said:?}");
    }
    assert_eq!(desk.was_asked(), Vec::<Value>::new());
}

#[test]
fn whoever_sits_at_a_terminal_is_asked_and_anything_but_yes_is_no() {
    let planned = || value(&plan(Path::new("/x"), vec![timeout()]));
    let desk = Desk::opens(vec![planned(), planned(), planned(), progress(Stage::Done, &[])]);
    for typed in ["\n", "no\n"] {
        let said = desk.is_answered("apply", typed);
        assert_eq!(said.code, Some(1), "{said:?}");
        assert!(said.stderr.contains("Apply this? [y/N] "), "{said:?}");
        assert!(said.stderr.contains("nothing was changed"), "{said:?}");
    }
    let said = desk.is_answered("apply", "y\n");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(actions(&desk), ["plan", "plan", "plan", "apply"]);
}

#[test]
fn nothing_is_asked_for_that_would_change_nothing_or_can_not_be() {
    let main = Path::new("/x");
    let restart = Change { restart: Some("because".into()), ..change("node.workers", "2", "3") };
    let desk = Desk::opens(vec![value(&plan(main, Vec::new())), value(&plan(main, vec![restart]))]);
    assert_eq!(desk.asks("apply --yes").code, Some(0));
    assert_eq!(desk.asks("apply --yes").code, Some(5));
    assert_eq!(actions(&desk), ["plan", "plan"]);
}

#[test]
fn each_way_in_which_it_is_not_done_has_its_exit_code() {
    let planned = || value(&plan(Path::new("/x"), vec![timeout()]));
    let refused = |kind: &str| json!({ "error": "why", "kind": kind });
    let desk = Desk::opens(vec![
        refused("not-permitted"),
        planned(),
        refused("conflict"),
        planned(),
        progress(Stage::Refused, &["listen on 127.0.0.1:7001: in use"]),
        refused("not-found"),
    ]);
    assert_eq!(desk.asks("apply --yes").code, Some(4));
    assert_eq!(desk.asks("apply --yes").code, Some(5));
    let said = desk.asks("apply --yes");
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.stdout.contains("listen on 127.0.0.1:7001: in use"), "{said:?}");
    assert_eq!(desk.asks("rollback 3 --yes").code, Some(3));
    assert_eq!(desk.is_told("plan --socket nobody.sock").code, Some(6));
}

#[test]
fn the_history_marks_what_runs() {
    let versions = vec![version(8), version(7), version(6)];
    let reply = ConfigReply { running: version(7), versions, ..ConfigReply::default() };
    let desk = Desk::opens(vec![value(&reply)]);
    let said = desk.asks("history");
    assert_eq!(said.code, Some(0));
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines[0].starts_with("VERSION"), "{said:?}");
    let marked: Vec<bool> =
        lines[1..].iter().map(|line| line.trim_end().ends_with("runs")).collect();
    assert_eq!(marked, [false, true, false], "{said:?}");
    assert!(lines[1].contains("2026-11-21T05:20:30Z"), "{said:?}");
}

/// A configuration that can run, with this timeout of its issuer.
fn text(timeout: &str) -> String {
    format!(
        "[node]\nname = \"trial\"\ninstitution = \"49000000001\"\n[journal]\nkey = \"key\"\n\
         [[station]]\nname = \"merchant-a\"\nrole = \"acquirer\"\ninstitution = \"77334000001\"\n\
         dialect = \"iso93-ascii\"\nframing = \"ascii4\"\nlisten = [\"127.0.0.1:7001\"]\n\
         [[station]]\nname = \"issuer-x\"\nrole = \"issuer\"\ninstitution = \"49711000001\"\n\
         dialect = \"iso93-ascii\"\nframing = \"ascii4\"\nconnect = [\"127.0.0.1:8001\"]\n\
         timeout = \"{timeout}\"\n[[route]]\npan = \"353011\"\nto = [\"issuer-x\"]\n"
    )
}

/// A version with a main file at this place and one of conf.d beside it.
fn kept(desk: &Desk, number: u32, timeout: &str) -> Value {
    let file = |name: &str, kind: &str, text: &str| File {
        path: desk.file(name).display().to_string(),
        kind: kind.into(),
        text: text.into(),
    };
    value(&ConfigReply {
        running: version(7),
        file: desk.file("sekisho.toml").display().to_string(),
        version: Some(version(number)),
        files: vec![
            file("sekisho.toml", "main", &text(timeout)),
            file("conf.d/10-log.toml", "conf.d", "[log]\nlevel = \"warn\"\n"),
        ],
        ..ConfigReply::default()
    })
}

/// The files of version 7 with timeouts of 5 s, and one more of conf.d that was never applied.
fn with_files(desk: &Desk) {
    fs::write(desk.file("sekisho.toml"), text("5s")).unwrap();
    fs::create_dir(desk.file("conf.d")).unwrap();
    fs::write(desk.file("conf.d/20-more.toml"), "[limits]\ndrain = \"1s\"\n").unwrap();
}

/// All files below a directory but the socket.
fn files(desk: &Desk) -> Vec<String> {
    let mut names = Vec::new();
    for directory in [desk.directory.clone(), desk.file("conf.d")] {
        let entries = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap());
        let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
        names.extend(files.map(|entry| entry.file_name().into_string().unwrap()));
    }
    names.sort();
    names
}

/// A desk at which the directory is known before the replies are.
fn desk_with(replies: impl Fn(&Desk) -> Vec<Value>) -> Desk {
    let blank = Desk::opens(Vec::new());
    with_files(&blank);
    fs::remove_file(blank.file("control.sock")).unwrap();
    let listener = UnixListener::bind(blank.file("control.sock")).unwrap();
    let mut replies = VecDeque::from(replies(&blank));
    let noted = Arc::clone(&blank.asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            noted.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            let reply = replies.pop_front().unwrap();
            stream.write_all(format!("{reply}\n").as_bytes()).unwrap();
        }
    });
    blank
}

#[test]
fn a_rollback_writes_the_files_of_a_version_back_and_applies_them() {
    let desk = desk_with(|desk| {
        let main = desk.file("sekisho.toml");
        let versions = vec![version(8), version(7), version(6), version(5)];
        let history = ConfigReply { running: version(7), versions, ..ConfigReply::default() };
        vec![
            value(&history),
            kept(desk, 6, "10s"),
            kept(desk, 7, "5s"),
            value(&plan(&main, vec![change("station.issuer-x.timeout", "5s", "10s")])),
            progress(Stage::Done, &[]),
        ]
    });
    let said = desk.asks("rollback --yes");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("version 7 runs; version 6 would\n"), "{said:?}");
    assert!(said.stdout.contains("station issuer-x: timeout 5s -> 10s"), "{said:?}");
    assert_eq!(actions(&desk), ["history", "version", "version", "plan", "apply"]);
    assert_eq!(desk.was_asked()[1]["number"], 6);
    assert_eq!(fs::read_to_string(desk.file("sekisho.toml")).unwrap(), text("10s"));
    // What ran is known and goes; what nobody ever applied stays beside, and is read no more.
    assert_eq!(files(&desk), ["10-log.toml", "20-more.toml.before-rollback", "sekisho.toml"]);
    assert!(said.stderr.contains("20-more.toml.before-rollback"), "{said:?}");
}

#[test]
fn what_the_daemon_does_not_take_is_put_back() {
    let refused = |end: fn(&Path) -> Vec<Value>| {
        let desk = desk_with(|desk| {
            let mut replies = vec![kept(desk, 5, "10s"), kept(desk, 7, "5s")];
            replies.extend(end(&desk.file("sekisho.toml")));
            replies
        });
        let before = files(&desk);
        let said = desk.asks("rollback 5 --yes");
        assert!(said.stderr.contains("All files are as they were."), "{said:?}");
        assert_eq!(files(&desk), before);
        assert_eq!(fs::read_to_string(desk.file("sekisho.toml")).unwrap(), text("5s"));
        said.code
    };
    let broken = |main: &Path| {
        let mut reply = plan(main, Vec::new());
        reply.plan.as_mut().unwrap().refusals = vec!["no".into()];
        vec![value(&reply)]
    };
    assert_eq!(refused(broken), Some(7));
    let restart = |main: &Path| {
        let why = Some("because".to_owned());
        vec![value(&plan(main, vec![Change { restart: why, ..timeout() }]))]
    };
    assert_eq!(refused(restart), Some(5));
    let end = |main: &Path| {
        vec![value(&plan(main, vec![timeout()])), progress(Stage::Refused, &["in use"])]
    };
    assert_eq!(refused(end), Some(5));
}

#[test]
fn files_that_can_not_be_written_leave_all_as_it_was() {
    let desk = desk_with(|desk| vec![kept(desk, 5, "10s"), kept(desk, 7, "5s")]);
    // A directory stands where a file should be written, which is so for root as well.
    fs::remove_file(desk.file("conf.d/20-more.toml")).unwrap();
    fs::create_dir(desk.file("conf.d/10-log.toml")).unwrap();
    let said = desk.asks("rollback 5 --yes");
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains("10-log.toml can not be written"), "{said:?}");
    assert_eq!(files(&desk), ["sekisho.toml"]);
    assert_eq!(fs::read_to_string(desk.file("sekisho.toml")).unwrap(), text("5s"));
    assert_eq!(actions(&desk), ["version", "version"]);
}

#[test]
fn a_version_of_another_place_is_not_written_anywhere() {
    let desk = desk_with(|desk| {
        let mut elsewhere = kept(desk, 5, "10s");
        elsewhere["file"] = json!("/etc/sekisho/other.toml");
        vec![elsewhere]
    });
    let said = desk.asks("rollback 5 --yes");
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.stderr.contains("copy it by hand"), "{said:?}");
}

#[test]
fn a_check_needs_no_daemon_and_tells_problems_and_warnings_apart() {
    let desk = Desk::opens(Vec::new());
    let file = desk.file("sekisho.toml");
    fs::write(&file, text("5s")).unwrap();
    fs::write(desk.file("key"), "k".repeat(32)).unwrap();
    let said = desk.is_told("check sekisho.toml");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("station issuer-x: issuer"), "{said:?}");
    fs::write(desk.file("key"), "short").unwrap();
    let said = desk.is_told("check sekisho.toml");
    assert_eq!(said.code, Some(7), "{said:?}");
    assert!(said.stdout.contains("sekisho.toml:5:7: journal.key: key has 5 bytes"), "{said:?}");

    fs::write(&file, text("x") + "[limits]\ndrian = \"1s\"\n").unwrap();
    let said = desk.is_told("check sekisho.toml -o json");
    assert_eq!(said.code, Some(7), "{said:?}");
    let object: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(object["ok"], false);
    let keys: Vec<&str> =
        object["problems"].as_array().unwrap().iter().map(|p| p["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["station.issuer-x.timeout", "limits.drian"]);
    assert_eq!(object["problems"][1]["line"], 25);
    assert_eq!(object["digest"], Value::Null);
}

#[test]
fn a_credential_that_only_the_service_has_is_no_problem_and_is_said() {
    let desk = Desk::opens(Vec::new());
    let credential = text("5s").replace("key = \"key\"", "key = \"credential:of-nobody\"");
    fs::write(desk.file("sekisho.toml"), credential).unwrap();
    let said = desk.is_told("check sekisho.toml -o json");
    if Path::new("/run/credentials/sekishod.service").is_dir() {
        assert_eq!(said.code, Some(7), "{said:?}");
        return;
    }
    assert_eq!(said.code, Some(0), "{said:?}");
    let object: Value = serde_json::from_str(&said.stdout).unwrap();
    let warning = object["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("journal.key: credential:of-nobody was not looked at"),
        "{warning}"
    );
}

#[test]
fn the_certificates_of_the_line_are_looked_at_where_they_are_within_reach() {
    let desk = Desk::opens(Vec::new());
    let peer = "[peer]\nname = \"zurich\"\nconnect = [\"127.0.0.1:7400\"]\n\
                certificate = \"certificate\"\nkey = \"private\"\nauthority = \"authority\"\n[[route]]";
    fs::write(desk.file("key"), "k".repeat(32)).unwrap();
    fs::write(desk.file("certificate"), "not PEM").unwrap();
    fs::write(desk.file("sekisho.toml"), text("5s").replace("[[route]]", peer)).unwrap();
    let said = desk.is_told("check sekisho.toml");
    assert_eq!(said.code, Some(7), "{said:?}");
    assert!(said.stdout.contains("peer.certificate: certificate holds no certificate"), "{said:?}");
    assert!(said.stdout.contains("peer.authority: authority is not there"), "{said:?}");
}

#[test]
fn the_files_of_the_witness_are_looked_at_where_they_are_within_reach() {
    let desk = Desk::opens(Vec::new());
    let witness = |authority: &str| {
        let tables = format!(
            "[peer]\nname = \"zurich\"\nconnect = [\"127.0.0.1:7400\"]\n\
             [witness]\nendpoints = [\"https://10.3.0.1:2379\"]\nauthority = \"{authority}\"\n\
             user = \"sekisho\"\npassword = \"password\"\n[[route]]"
        );
        fs::write(desk.file("sekisho.toml"), text("5s").replace("[[route]]", &tables)).unwrap();
        desk.is_told("check sekisho.toml --insecure-demo")
    };
    fs::write(desk.file("key"), "k".repeat(32)).unwrap();
    fs::write(desk.file("password"), "\n").unwrap();
    let said = witness("authority");
    assert_eq!(said.code, Some(7), "{said:?}");
    assert!(said.stdout.contains("witness.authority: authority is not there"), "{said:?}");
    assert!(said.stdout.contains("witness.password: password holds no password"), "{said:?}");
    let said = witness("credential:authority");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.stdout.contains("witness.authority: credential:authority was not looked at"),
        "{said:?}"
    );
}
