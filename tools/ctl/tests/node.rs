//! The program itself against planted replies of a daemon: what `sekisho node` asks for, what it asks of whoever
//! sits there, what it prints where, and how it exits.
#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use daemon::node_requests::{
    NodeReply, NodeRole, NodeStatus, Orphans, PeerStatus, Question, SyncState, question,
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
        let name = format!("sekisho-node-program-{}-{number}", std::process::id());
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

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command.arg("node").args(line.split_whitespace()).args(["--socket", "control.sock"]);
        command.current_dir(&self.directory).env_remove("CLICOLOR_FORCE").stdin(Stdio::null());
        command
    }

    /// A command as a script gives it, with nobody at its standard input.
    fn is_told(&self, line: &str) -> Said {
        ran(self.command(line))
    }

    /// The same, with somebody at a terminal who types this and then goes away.
    fn is_answered(&self, line: &str, typed: &str) -> Said {
        let desk = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&desk).unwrap();
        unlockpt(&desk).unwrap();
        let name = ptsname(&desk, Vec::new()).unwrap();
        let terminal = fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap());
        let mut command = self.command(line);
        command.stdin(terminal.unwrap());
        let typed = format!("{typed}\u{4}");
        fs::File::from(desk.try_clone().unwrap()).write_all(typed.as_bytes()).unwrap();
        ran(command)
    }

    fn was_asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

fn ran(mut command: Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn status() -> NodeStatus {
    NodeStatus {
        name: "osaka".into(),
        role: NodeRole::Standby,
        sync: SyncState::NoPrimary,
        peer: Some(PeerStatus { name: "tokyo".into(), ..PeerStatus::default() }),
        ..NodeStatus::default()
    }
}

fn value(reply: &NodeReply) -> Value {
    serde_json::to_value(reply).unwrap()
}

/// A reply that asks these.
fn asks(ids: &[&str]) -> Value {
    let questions = ids.iter().map(|id| Question {
        id: (*id).into(),
        text: format!("{id}: this is so."),
        consequence: format!("{id}: this follows."),
    });
    value(&NodeReply {
        status: Some(status()),
        questions: questions.collect(),
        ..NodeReply::default()
    })
}

fn is_done() -> Value {
    let done = Some("osaka is the primary".to_owned());
    value(&NodeReply { status: Some(status()), done, ..NodeReply::default() })
}

#[test]
fn a_promotion_that_asks_nothing_is_done_at_once() {
    let desk = Desk::opens(vec![is_done()]);
    let said = desk.is_told("promote");
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(lines, ["osaka is the primary", "osaka is standby; no primary is known"]);
    assert_eq!(desk.was_asked(), [json!({"command": "node", "action": "promote"})]);
}

#[test]
fn whoever_sits_there_answers_by_the_name_of_the_other_node_and_by_what_is_given_up() {
    let desk = Desk::opens(vec![asks(&[question::PEER_FENCED, question::MAY_LOSE]), is_done()]);
    let said = desk.is_answered("promote", "tokyo\ngive them up\n");
    assert_eq!(said.code, Some(0), "{said:?}");
    for words in [
        "peer-fenced: this is so.\npeer-fenced: this follows.\nType the name of the other node, tokyo",
        "records-may-be-lost: this follows.\nType, give them up, if that is so: ",
    ] {
        assert!(said.stderr.contains(words), "{said:?}");
    }
    let confirmed = json!(["peer-fenced", "records-may-be-lost"]);
    assert_eq!(desk.was_asked()[1]["confirmed"], confirmed);
}

#[test]
fn any_other_answer_does_nothing() {
    for typed in ["\n", "yes\n", "osaka\n", "tokyo\nyes\n", "tokyo\n\n"] {
        let desk = Desk::opens(vec![asks(&[question::PEER_FENCED, question::MAY_LOSE])]);
        let said = desk.is_answered("promote", typed);
        assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{typed:?}: {said:?}");
        assert!(said.stderr.ends_with("sekisho: nothing was done\n"), "{said:?}");
        assert_eq!(desk.was_asked().len(), 1);
    }
}

#[test]
fn options_answer_where_nobody_can_be_asked() {
    let all = [question::PEER_FENCED, question::MAY_LOSE, question::JOINING];
    let desk = Desk::opens(vec![asks(&all), is_done()]);
    let said = desk.is_told("promote --peer-is-fenced tokyo --accept-loss --force");
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
    assert_eq!(desk.was_asked()[1]["confirmed"], json!(all));

    let desk = Desk::opens(vec![asks(&[question::FIRST]), is_done()]);
    assert_eq!(desk.is_told("promote --first").code, Some(0));
    assert_eq!(desk.was_asked()[1]["confirmed"], json!([question::FIRST]));

    let desk = Desk::opens(vec![asks(&[question::NO_PRIMARY]), is_done()]);
    assert_eq!(desk.is_told("demote --force").code, Some(0));
    assert_eq!(
        desk.was_asked()[1],
        json!({"command": "node", "action": "demote", "confirmed": ["no-primary-then"]})
    );
}

#[test]
fn an_option_answers_its_own_question_and_no_other() {
    let all = [question::FIRST, question::PEER_FENCED, question::MAY_LOSE, question::JOINING];
    let options = ["--first", "--peer-is-fenced tokyo", "--accept-loss", "--force"];
    for (asked, own) in all.iter().zip(options) {
        for option in options {
            let desk = Desk::opens(vec![asks(&[asked]), is_done()]);
            let said = desk.is_told(&format!("promote {option}"));
            let expected = if option == own { (Some(0), 2) } else { (Some(2), 1) };
            assert_eq!((said.code, desk.was_asked().len()), expected, "{asked} {option}: {said:?}");
        }
    }
}

#[test]
fn whoever_is_not_certain_gives_up_what_may_be_missing() {
    for (options, said) in [
        ("--peer-not-since", "peer-not-since"),
        ("--accept-loss", "records-may-be-lost"),
        ("--peer-not-since --accept-loss", "peer-not-since"),
    ] {
        let desk = Desk::opens(vec![asks(&["peer-not-since"]), is_done()]);
        assert_eq!(desk.is_told(&format!("promote {options}")).code, Some(0));
        assert_eq!(desk.was_asked()[1]["confirmed"], json!([said]));
    }
    let desk = Desk::opens(vec![asks(&["peer-not-since"]), is_done()]);
    assert_eq!(desk.is_answered("promote", "not since\n").code, Some(0));
    assert_eq!(desk.was_asked()[1]["confirmed"], json!(["peer-not-since"]));
}

#[test]
fn where_nobody_can_be_asked_the_options_are_named_and_nothing_is_done() {
    let reply = asks(&[question::PEER_FENCED, question::MAY_LOSE]);
    let desk = Desk::opens(vec![reply.clone(), reply.clone()]);
    let said = desk.is_told("promote --accept-loss");
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{said:?}");
    assert!(
        said.stderr.contains("\n  --peer-is-fenced NAME\n    peer-fenced: this is so.\n"),
        "{said:?}"
    );
    assert!(!said.stderr.contains("records-may-be-lost"), "{said:?}");
    let said = desk.is_told("promote -o json");
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_eq!(serde_json::from_str::<Value>(&said.stdout).unwrap(), reply);
    assert_eq!(desk.was_asked().len(), 2);
}

#[test]
fn the_wrong_name_is_no_answer() {
    let desk = Desk::opens(vec![asks(&[question::PEER_FENCED])]);
    let said = desk.is_told("promote --peer-is-fenced osaka");
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("names osaka, and the other node is tokyo"), "{said:?}");
    assert_eq!(desk.was_asked().len(), 1);
}

#[test]
fn what_is_asked_anew_is_answered_anew_and_not_for_ever() {
    let (one, two) =
        (asks(&[question::PEER_FENCED]), asks(&[question::PEER_FENCED, question::MAY_LOSE]));
    let desk = Desk::opens(vec![one.clone(), two, is_done()]);
    let said = desk.is_answered("promote", "tokyo\ntokyo\ngive them up\n");
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(desk.was_asked()[2]["confirmed"], json!(["peer-fenced", "records-may-be-lost"]));

    let desk = Desk::opens(vec![one; 9]);
    let said = desk.is_told("promote --peer-is-fenced tokyo");
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.stderr.contains("node status of both nodes"), "{said:?}");
}

#[test]
fn what_a_later_daemon_asks_is_answered_by_nobody() {
    let desk = Desk::opens(vec![asks(&["moon-full"])]);
    let said = desk.is_told("promote --first --accept-loss --force --peer-is-fenced tokyo");
    assert_eq!(said.code, Some(5), "{said:?}");
    assert!(said.stderr.contains("moon-full") && said.stderr.contains("release"), "{said:?}");
}

#[test]
fn what_the_daemon_refuses_has_its_exit_code_and_its_words() {
    for (kind, code) in [("conflict", 5), ("not-permitted", 4), ("not-found", 3), ("failed", 1)] {
        let reply = json!({"error": "osaka is not in sync: put that right first", "kind": kind});
        let desk = Desk::opens(vec![reply; 4]);
        for line in ["switchover", "promote", "join --replace", "orphans 6-990"] {
            let said = desk.is_told(line);
            assert_eq!((said.code, said.stdout.as_str()), (Some(code), ""), "{said:?}");
            assert_eq!(said.stderr, "sekisho: osaka is not in sync: put that right first\n");
        }
        let asked = desk.was_asked();
        assert_eq!(asked[2], json!({"command": "node", "action": "join", "replace": true}));
        assert_eq!(asked[3], json!({"command": "node", "action": "orphans", "file": "6-990"}));
    }
}

#[test]
fn without_a_daemon_the_exit_code_is_6() {
    let desk = Desk::opens(Vec::new());
    fs::remove_file(desk.directory.join("control.sock")).unwrap();
    for line in ["status", "promote --force", "switchover", "join", "orphans", "demote"] {
        let said = desk.is_told(line);
        assert_eq!(said.code, Some(6), "{line}: {said:?}");
    }
}

#[test]
fn programs_get_one_object_a_line() {
    let listing = NodeReply { orphans: Some(Orphans::default()), ..NodeReply::default() };
    let shown = NodeReply { status: Some(status()), ..NodeReply::default() };
    let desk = Desk::opens(vec![value(&shown), value(&listing), is_done()]);
    for (line, key) in [("status", "role"), ("orphans", "approvals"), ("switchover", "done")] {
        let said = desk.is_told(&format!("{line} -o json"));
        let object: Value = serde_json::from_str(&said.stdout).unwrap();
        assert!(object.get(key).is_some() && said.stdout.ends_with("}\n"), "{said:?}");
    }
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    let desk = Desk::opens(Vec::new());
    for line in [
        "",
        "promote tokyo",
        "promote --yes",
        "switchover --force",
        "join --force",
        "status -o xml",
    ] {
        assert_eq!(desk.is_told(line).code, Some(2), "{line}");
    }
    assert!(desk.was_asked().is_empty());
}
