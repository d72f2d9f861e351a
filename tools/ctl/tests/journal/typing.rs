//! What is typed at a terminal: a card number does not stay on it.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::author::sold;
use crate::sekisho;

const CARD: &str = "3530111333300000";

#[test]
fn a_card_that_is_typed_at_a_terminal_is_not_shown_there_and_what_follows_is() {
    let (folder, screen) = (sold(), openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap());
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap().into_string().unwrap();
    let terminal = OpenOptions::new().read(true).write(true).open(name).unwrap();
    let mut screen = File::from(screen);
    let shows = || tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO);
    assert!(shows());

    let mut command = sekisho(&folder, &["txn", "find", "--card", "--dir", "journal"]);
    command.stdin(terminal.try_clone().unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut prompt = [0; "card number".len()];
    stderr.read_exact(&mut prompt).unwrap();
    assert_eq!(&prompt, b"card number");
    assert!(!shows());
    writeln!(screen, "{CARD}").unwrap();
    child.wait().unwrap();

    assert!(shows(), "as it was before");
    writeln!(screen, "end").unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"end") {
        let mut byte = [0];
        screen.read_exact(&mut byte).unwrap();
        seen.extend(byte);
    }
    let seen = String::from_utf8(seen).unwrap();
    assert!(!seen.contains("3530"), "{seen}");
}
