//! The program itself against a control socket of its own: what it prints where, and how it exits.

use std::path::Path;
use std::process::{Command, Output};

use daemon::control::{self, Sources};
use daemon::not_done::NotDone;
use daemon::status::{ControlStatus, SCHEMA_VERSION, Status};

fn sekisho(arguments: &[&str], socket: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.arg("status").arg("--socket").arg(socket).args(arguments);
    command.env_remove("CLICOLOR_FORCE").output().expect("the program starts")
}

/// A directory for a socket that goes away with the test.
struct Directory(std::path::PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sekisho-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).expect("the directory is new");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("it is ours");
    }
}

fn status() -> Status {
    Status { schema_version: SCHEMA_VERSION, node: "tokyo".into(), ..Status::default() }
}

fn sources() -> Sources {
    let nothing = |_: &_, _: &_| Err(NotDone::NotFound("there is no such message".into()));
    Sources::unrecorded(Box::new(status), Box::new(nothing))
}

#[test]
fn the_object_is_printed_on_one_line_of_stdout() {
    let directory = Directory::new("json");
    let socket = directory.0.join("control.sock");
    let _served = control::serve(&socket, sources()).unwrap();
    let output = sekisho(&["-o", "json"], &socket);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1);
    let control = ControlStatus { clients: 1, commands: 1, ..ControlStatus::default() };
    let expected = Status { control, ..status() };
    assert_eq!(serde_json::from_str::<Status>(&text).unwrap(), expected);
    assert_eq!(output.stderr, b"");
}

#[test]
fn a_table_in_a_pipe_has_no_colours() {
    let directory = Directory::new("table");
    let socket = directory.0.join("control.sock");
    let _served = control::serve(&socket, sources()).unwrap();
    let output = sekisho(&[], &socket);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("tokyo is serving"), "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn without_a_daemon_it_exits_with_six_and_prints_no_data() {
    let output = sekisho(&[], Path::new("/nowhere/control.sock"));
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(6), &b""[..]));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.starts_with("sekisho: no daemon answers on /nowhere/control.sock"),
        "{message}"
    );
}

#[test]
fn a_wrong_option_exits_with_two() {
    assert_eq!(sekisho(&["--bogus"], Path::new("/nowhere")).status.code(), Some(2));
    assert_eq!(sekisho(&["--watch=1h"], Path::new("/nowhere")).status.code(), Some(2));
}
