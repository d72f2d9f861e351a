//! Who may do what at the control socket, by the users of the system. The same is told without another
//! user in `control/tests.rs` of the daemon, for whoever runs the tests and is not root.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use daemon::control::{AskError, ask_saf, ask_status};
use daemon::not_done::NotDone;
use daemon::saf::{SafReply, SafRequest};
use rustix::process::{Signal, geteuid};
use rustix::thread::{Uid, set_thread_res_uid};

use crate::configuration::{ASCII, BINARY, Configuration};
use crate::letter::sale;
use crate::link::{Desk, Link};
use crate::patience::until;
use crate::place::{Directory, own_port};
use crate::sekishod::{Sekishod, patiently};

/// A user of every Debian, and of most systems.
pub(crate) const BIN: u32 = 2;
/// A user whom nothing knows.
const NOBODY_KNOWN: u32 = 54_321;

/// Does something as another user; none where only root could.
#[expect(clippy::print_stdout, reason = "that a part of a test is left out is said")]
pub(crate) fn by<T: Send>(uid: u32, does: impl FnOnce() -> T + Send) -> Option<T> {
    if !geteuid().is_root() {
        println!("only root becomes another user: see control/tests.rs for the same without one");
        return None;
    }
    // A thread has a user of its own for the kernel, and this one ends with what it does.
    let done = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let uid = Uid::from_raw(uid);
            set_thread_res_uid(uid, uid, uid).expect("root becomes anybody");
            does()
        });
        thread.join().expect("it does not panic")
    });
    Some(done)
}

fn asks(switch: &Sekishod, request: &SafRequest) -> Result<SafReply, NotDone> {
    match patiently(|| ask_saf(&switch.control(), request)) {
        Ok(reply) => Ok(reply),
        Err(AskError::NotDone(why)) => Err(why),
        Err(other) => panic!("{other}"),
    }
}

fn sales_to(desk: &Desk, control: &str) -> Configuration {
    Configuration::new()
        .control(control)
        .acquirer_at("merchant-a", ASCII, own_port(), "")
        .issuer("issuer-x", BINARY, desk.address(), "timeout = \"1s\"\nsaf_retry = \"1h\"")
        .route("353011", "issuer-x")
}

/// A switch that keeps one message for issuer-x, and its id.
fn keeps_one(control: &str) -> (Sekishod, String, [Link; 2]) {
    let desk = Desk::opens(BINARY);
    let switch = Sekishod::starts(&sales_to(&desk, control));
    keeps_one_of(switch, &desk)
}

fn keeps_one_of(switch: Sekishod, desk: &Desk) -> (Sekishod, String, [Link; 2]) {
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(1));
    issuer.hears_request();
    assert_eq!(merchant.hears().code(), "911");
    let id = format!("issuer-x/{}", issuer.hears().text(11));
    (switch, id, [merchant, issuer])
}

#[test]
fn whoever_is_on_no_list_may_look_and_change_nothing() {
    let (switch, id, _links) = keeps_one("");
    let tried = by(NOBODY_KNOWN, || {
        let looked = asks(&switch, &SafRequest::Show { id: id.clone() });
        (looked, asks(&switch, &SafRequest::Hold { id: id.clone() }))
    });
    let Some((looked, held)) = tried else { return };
    assert_eq!(looked.unwrap().items[0].state, "sent");
    let why = held.unwrap_err();
    assert_eq!(why.kind(), "not-permitted");
    assert_eq!(
        why.to_string(),
        "not permitted: saf hold takes the role operator, and uid-54321 (uid 54321) is a viewer; \
         control.operators of the configuration names who has it"
    );
    let line = switch.says_line("the command", |line| line["what"] == format!("saf hold {id}"));
    assert_eq!(
        (&line["user"], &line["uid"]),
        (&"uid-54321".into(), &NOBODY_KNOWN.into()),
        "{line}"
    );
    assert_eq!((&line["role"], &line["outcome"]), (&"viewer".into(), &"not-permitted".into()));
    assert_eq!(switch.status().control.refused, 1);
    assert_eq!(asks(&switch, &SafRequest::Show { id }).unwrap().items[0].state, "sent");
}

#[test]
fn an_operator_has_no_other_name_than_the_systems() {
    let (switch, id, _links) = keeps_one("operators = [\"@bin\"]\nviewers = [\"mail\"]");
    let done = by(BIN, || {
        let held = asks(&switch, &SafRequest::Hold { id: id.clone() });
        (held, asks(&switch, &SafRequest::Release { id: id.clone() }))
    });
    let Some((held, released)) = done else { return };
    assert_eq!(held.unwrap().items[0].by.as_deref(), Some("bin"));
    assert_eq!(released.unwrap().items[0].by.as_deref(), Some("bin"));
    // There is a list of viewers, and nobody beside it may look.
    let shut_out = by(NOBODY_KNOWN, || ask_status(&switch.control())).unwrap();
    let Err(AskError::NotDone(NotDone::NotPermitted(why))) = shut_out else {
        panic!("{shut_out:?}")
    };
    assert!(why.contains("control.viewers"), "{why}");
}

#[test]
fn two_users_purge_and_one_alone_does_not() {
    let (switch, id, _links) = keeps_one("operators = [\"bin\"]");
    let purge = SafRequest::Purge { id };
    let Some(first) = by(BIN, || asks(&switch, &purge)) else { return };
    assert!(first.unwrap().note.is_some_and(|note| note.contains("bin has said so")));
    let purged = asks(&switch, &purge).unwrap();
    assert_eq!(purged.items[0].state, "purged");
    assert_eq!(purged.items[0].by.as_deref(), Some("bin, root"));
    switch.is_sent(Signal::TERM);
    assert_eq!(switch.ends().code, Some(0));
}

#[test]
fn root_is_nobody_of_the_two_who_purge() {
    let (directory, desk) = (Directory::new(), Desk::opens(BINARY));
    let key = directory.path().join("key");
    std::fs::write(&key, [7; 32]).expect("the directory takes a file");
    let configuration = sales_to(&desk, "operators = [\"bin\"]")
        .journal(&format!("key = \"{}\"\nsegment = \"1MiB\"", key.display()));
    let switch = Sekishod::tries_in(directory, &configuration, &[]);
    let (switch, id, _links) = keeps_one_of(switch, &desk);
    let purge = SafRequest::Purge { id: id.clone() };
    by(BIN, || asks(&switch, &purge).map(drop).expect("the first of two"));
    // Whoever runs the tests is the daemon's own user.
    let why = asks(&switch, &purge).unwrap_err();
    assert_eq!(why.kind(), "not-permitted");
    assert!(why.to_string().contains("two users of control.operators"), "{why}");
    assert_eq!(asks(&switch, &SafRequest::Show { id }).unwrap().items[0].state, "sent");
}

#[test]
fn who_is_no_operator_any_more_is_no_first_of_two() {
    let desk = Desk::opens(BINARY);
    let with = |control| sales_to(&desk, control);
    let switch = Sekishod::starts(&with("operators = [\"bin\"]"));
    let (switch, id, _links) = keeps_one_of(switch, &desk);
    let purge = SafRequest::Purge { id };
    let Some(first) = by(BIN, || asks(&switch, &purge)) else { return };
    assert!(first.unwrap().note.is_some_and(|note| note.contains("bin has said so")));
    switch.adopts(&with(""));
    let first = asks(&switch, &purge).unwrap();
    assert!(first.note.is_some_and(|note| note.contains("root has said so")));
}

#[test]
fn a_command_is_a_line_of_the_log_whatever_its_level_is() {
    let directory = Directory::new();
    let configuration = Configuration::new().acquirer_at("merchant-a", ASCII, own_port(), "");
    let text = configuration.text(directory.path()) + "\n[log]\nlevel = \"error\"\n";
    let switch = Sekishod::tries_file(directory, &text, &["--insecure-demo"]);
    until("its control socket", || ask_status(&switch.control()).ok());
    let line = switch.says("command");
    assert_eq!((&line["what"], &line["outcome"]), (&"status".into(), &"done".into()));
}

#[test]
fn how_many_commands_were_refused_is_said_though_nobody_asks_again() {
    let configuration = Configuration::new().acquirer_at("merchant-a", ASCII, own_port(), "");
    let switch = Sekishod::starts(&configuration);
    let mut client = UnixStream::connect(switch.control()).expect("it listens");
    let many = "{\"command\":\"status\"}\n".repeat(30);
    client.write_all(many.as_bytes()).expect("it is taken");
    let answers = BufReader::new(&client).lines().take(30);
    assert!(answers.map(|line| line.expect("an answer")).any(|line| line.contains("more than 20")));
    drop(client);
    let line = switch.says_like("a summary", |said| said.starts_with("commands refused"));
    assert!(line["more"].as_u64().is_some_and(|more| (1..=10).contains(&more)), "{line}");
}
