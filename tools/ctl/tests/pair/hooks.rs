//! What an operator has done when a reign begins or ends: an address that is at the node that reigns, and nowhere
//! else. The address is a file here.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rustix::process::Signal;

use crate::pair::{Osaka, Pair, Terms, Tokyo, Which};
use crate::patience::until;
use crate::place::own_port;
use crate::site::Site;

/// Notes how it was called, and has the address here or not.
const SCRIPT: &str = r#"#!/bin/sh
cd "${0%/*}" || exit 9
case $1 in up) touch address ;; down) rm -f address ;; esac
echo "$SEKISHO_HOOK $SEKISHO_NODE $SEKISHO_PEER $SEKISHO_EPOCH $SEKISHO_REASON" >> calls
"#;

fn program(site: &Site) -> PathBuf {
    site.path().join("address.sh")
}

/// Both have such a command.
fn has_an_address(pair: &Pair, terms: Terms) {
    pair.is_amended(terms, |site, text| {
        let program = program(site);
        fs::write(&program, SCRIPT).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let program = program.display();
        let lines = format!(
            "[peer]\non_promote = [\"{program}\", \"up\"]\non_demote = [\"{program}\", \"down\"]\n"
        );
        text.replacen("[peer]\n", &lines, 1)
    });
}

/// How its command was called so far, by the end and the reason.
fn calls(pair: &Pair, which: Which) -> Vec<String> {
    let calls = fs::read_to_string(pair.site(which).path().join("calls")).unwrap_or_default();
    calls.lines().map(str::to_owned).collect()
}

fn is_called(pair: &Pair, which: Which, call: &str) {
    until(call, || calls(pair, which).iter().any(|made| made == call).then_some(()));
}

fn has_it(pair: &Pair) -> [bool; 2] {
    [Tokyo, Osaka].map(|which| pair.site(which).path().join("address").exists())
}

#[test]
fn an_address_is_there_before_the_ports_open_and_goes_with_the_reign_however_that_ends() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::new(terms);
    has_an_address(&pair, terms);
    // As a machine that lost its power may find it.
    fs::write(pair.site(Osaka).path().join("address"), "").unwrap();
    pair.serves_two(terms);
    let of_tokyo = ["on_demote tokyo osaka 0 start", "on_promote tokyo osaka 1 first"];
    assert_eq!(calls(&pair, Tokyo), of_tokyo);
    assert_eq!(calls(&pair, Osaka), ["on_demote osaka tokyo 0 start"]);
    assert_eq!(has_it(&pair), [true, false]);

    pair.site(Tokyo).does("node switchover");
    pair.serves(Osaka);
    pair.leads(Osaka);
    pair.answer_more(50);
    assert_eq!(calls(&pair, Tokyo)[2..], ["on_demote tokyo osaka 1 handed-over"]);
    assert_eq!(calls(&pair, Osaka)[1..], ["on_promote osaka tokyo 2 handed-over"]);
    assert_eq!(has_it(&pair), [false, true]);
    pair.is_followed(Osaka, terms);

    // It stands still, and somebody says that it is fenced: it learns of it when it wakes up.
    pair.site(Osaka).is_sent(Signal::STOP);
    pair.is_cut();
    pair.site(Tokyo).is_promoted("node promote --peer-is-fenced osaka --accept-loss");
    let stands = pair.serves(Tokyo);
    pair.leads(Tokyo);
    let epoch = stands["epoch"].as_u64().unwrap();
    is_called(&pair, Tokyo, &format!("on_promote tokyo osaka {epoch} promoted"));
    pair.site(Osaka).is_sent(Signal::CONT);
    is_called(&pair, Osaka, "on_demote osaka tokyo 2 fenced");
    pair.is_followed(Tokyo, terms);
    assert_eq!(has_it(&pair), [true, false]);

    // Killed, it can do nothing: its next start does, and the manager's ExecStopPost before.
    pair.merchants_part();
    pair.nothing_is_open(Tokyo);
    pair.site_mut(Tokyo).is_killed();
    assert!(has_it(&pair)[0]);
    pair.starts(Tokyo);
    until("the address to go", || (!has_it(&pair)[0]).then_some(()));
    pair.serves(Tokyo);
    assert!(has_it(&pair)[0], "it goes on with its reign, as its standby agrees");
    pair.both_end(Tokyo, terms);
    let last = calls(&pair, Tokyo).pop().unwrap();
    assert!(last.starts_with("on_demote tokyo osaka") && last.ends_with("stopped"), "{last}");
    assert_eq!(has_it(&pair), [false, false]);
}

#[test]
fn a_command_that_fails_holds_nothing_up_and_is_told_in_the_status_and_one_that_hangs_is_killed() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::new(terms);
    pair.is_amended(terms, |_, text| {
        let lines = "[peer]\non_promote = [\"/bin/sh\", \"-c\", \"sleep 1000\"]\n\
                     on_demote = [\"/nowhere/at-all\"]\n";
        text.replacen("[peer]\n", lines, 1)
    });
    pair.starts(Tokyo);
    let shown = until("the status to say so", || {
        let shown = pair.site(Tokyo).asked("node status").stdout;
        shown.contains("peer.on_demote failed").then_some(shown)
    });
    assert!(shown.contains("No such file or directory"), "{shown}");
    pair.site(Tokyo).does("node promote --first");
    pair.serves(Tokyo);
    // A port that is new while it runs is opened with the others, and by one of them.
    let (one, new) = (pair.site(Tokyo).listens[0], own_port());
    let text = fs::read_to_string(pair.site(Tokyo).path().join("sekisho.toml")).unwrap();
    let text = text.replacen(&format!("\"{one}\""), &format!("\"{one}\", \"{new}\""), 1);
    pair.site(Tokyo).is_configured(&text);
    pair.site(Tokyo).is_sent(Signal::HUP);
    let killed =
        pair.site(Tokyo).comes_to("kill it", |stands| stands["hook"]["hook"] == "on_promote");
    assert_eq!(killed["hook"]["why"], "killed after 4s", "{killed}");
    until("its ports to open", || TcpStream::connect(pair.site(Tokyo).listens[0]).ok());
    until("the new one to open", || TcpStream::connect(new).ok());
    let children = pair.site(Tokyo).children();
    assert!(children.is_empty(), "left by it: {children:?}");
}
