//! The program itself against a control socket of its own: what `sekisho saf` asks for, what it
//! prints where, and how it exits.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use daemon::control::{self, Peer, Sources};
use daemon::not_done::NotDone;
use daemon::saf::{LISTED_MAX, SafItem, SafReply, SafRequest};
use daemon::status::Status;

/// A directory for a socket that goes away with the test.
struct Directory(std::path::PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sekisho-saf-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).expect("the directory is new");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("it is ours");
    }
}

fn sekisho(socket: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.arg("saf").args(line.split_whitespace()).arg("--socket").arg(socket);
    command.output().expect("the program starts")
}

/// A daemon that notes what it was asked for and answers by the id.
fn served(socket: &Path) -> (control::ControlHandle, Arc<Mutex<Vec<SafRequest>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let saf = move |request: &SafRequest, _: &Peer| {
        noted.lock().expect("no test has failed").push(request.clone());
        match request.id() {
            Some("issuer-x/000002") => Err(NotDone::NotFound("no such message".into())),
            Some("issuer-x/000003") => Err(NotDone::Conflict("it is held".into())),
            Some("issuer-x/000004") => Err(NotDone::Failed("no answer".into())),
            Some("issuer-x/000005") => Err(NotDone::NotPermitted("not permitted: mei".into())),
            Some(_) | None => {
                let item = SafItem { id: "issuer-x/000001".into(), ..SafItem::default() };
                Ok(SafReply { items: vec![item], ..SafReply::default() })
            }
        }
    };
    let sources = Sources::unrecorded(Box::new(Status::default), Box::new(saf));
    (control::serve(socket, sources).expect("a socket of its own"), asked)
}

#[test]
fn each_command_asks_for_what_it_says() {
    let directory = Directory::new("asks");
    let socket = directory.0.join("control.sock");
    let (_served, asked) = served(&socket);
    for line in [
        "list",
        "list --issuer issuer-x -o json",
        "show issuer-x/000001",
        "hold issuer-x/000001",
        "release issuer-x/000001",
        "purge issuer-x/000001",
    ] {
        let output = sekisho(&socket, line);
        assert_eq!(output.status.code(), Some(0), "{line}: {output:?}");
        assert!(String::from_utf8(output.stdout).unwrap().contains("issuer-x/000001"), "{line}");
        assert_eq!(output.stderr, b"", "{line}");
    }
    let text = |text: &str| text.to_owned();
    let id = || text("issuer-x/000001");
    let expected = [
        SafRequest::List { issuer: None },
        SafRequest::Page { issuer: text("issuer-x"), after: (0, 0) },
        SafRequest::Show { id: id() },
        SafRequest::Hold { id: id() },
        SafRequest::Release { id: id() },
        SafRequest::Purge { id: id() },
    ];
    assert_eq!(*asked.lock().unwrap(), expected);
}

#[test]
fn all_of_one_issuers_are_listed_however_many_pages_they_are() {
    let directory = Directory::new("pages");
    let socket = directory.0.join("control.sock");
    let item = |n: u32| SafItem {
        id: format!("issuer-x/{n:06}"),
        stan: format!("{n:06}"),
        made_utc: u64::from(n / 7),
        ..SafItem::default()
    };
    let all: Vec<SafItem> = (1..=12_500).map(item).collect();
    let saf = move |request: &SafRequest, _: &Peer| {
        let SafRequest::Page { after: (utc, stan), .. } = request else { panic!("{request:?}") };
        let number = |item: &SafItem| item.stan.parse::<u32>().unwrap();
        let behind = all.iter().filter(|item| (item.made_utc, number(item)) > (*utc, *stan));
        Ok(SafReply { items: behind.take(LISTED_MAX).cloned().collect(), ..SafReply::default() })
    };
    let sources = Sources::unrecorded(Box::new(Status::default), Box::new(saf));
    let _served = control::serve(&socket, sources).expect("a socket of its own");
    let output = sekisho(&socket, "list --issuer issuer-x");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), text.lines().count()), (Some(0), 12_501));
    assert!(text.lines().last().unwrap().starts_with("issuer-x/012500"), "{text}");
}

#[test]
fn what_was_not_done_has_its_exit_code_and_prints_no_data() {
    let directory = Directory::new("exits");
    let socket = directory.0.join("control.sock");
    let (_served, _asked) = served(&socket);
    for (line, code, said) in [
        ("show issuer-x/000002", 3, "sekisho: no such message\n"),
        ("hold issuer-x/000003", 5, "sekisho: it is held\n"),
        ("purge issuer-x/000005", 4, "sekisho: not permitted: mei\n"),
        ("release issuer-x/000004", 1, "sekisho: no answer\n"),
    ] {
        let output = sekisho(&socket, line);
        assert_eq!(output.status.code(), Some(code), "{line}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), said, "{line}");
        assert_eq!(output.stdout, b"", "{line}");
    }
    let nobody = sekisho(&directory.0.join("nobody"), "list");
    assert_eq!(nobody.status.code(), Some(6));
}

#[test]
fn nobody_says_for_somebody_else_who_it_is() {
    let directory = Directory::new("usage");
    let socket = directory.0.join("control.sock");
    for line in
        ["purge issuer-x/000001 --operator asada", "hold issuer-x/1 --operator a", "hold", ""]
    {
        assert_eq!(sekisho(&socket, line).status.code(), Some(2), "{line}");
    }
}
