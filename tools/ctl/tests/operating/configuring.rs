//! The configuration of a running node is changed, refused, and taken back, while sales go on over the
//! same connections.

use std::fs;

use serde_json::Value;

use crate::node::{Node, Said};
use crate::partner::{Desk, Partner, sale};

/// Everybody is connected; the issuer has so long.
fn opens() -> (Node, Partner, Partner, Desk) {
    let desk = Desk::opens();
    let node = Node::starts(desk.address(), "timeout = \"10s\"");
    let issuer = desk.accepts();
    node.comes_to("status -o json", "\"links_ready\":1");
    let merchant = Partner::connects(node.merchant());
    (node, merchant, issuer, desk)
}

fn sells(merchant: &mut Partner, issuer: &mut Partner, stan: u32) {
    merchant.sends(&sale(stan));
    let heard = issuer.hears();
    issuer.sends(&heard.answered("000").with(38, "A1B2C3"));
    assert_eq!(merchant.hears().text(39), "000");
}

fn says(said: &Said, code: i32, words: &[&str]) {
    assert_eq!(said.code, Some(code), "{said:?}");
    for words in words {
        let both = format!("{}{}", said.stdout, said.stderr);
        assert!(both.contains(words), "{words}: {said:?}");
    }
}

fn object(said: &Said) -> Value {
    serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said:?}"))
}

/// The numbers of the versions, the newest first, and the one that runs.
fn history(node: &Node) -> (Vec<u64>, u64) {
    let history = object(&node.asked("config history -o json"));
    let versions = history["versions"].as_array().unwrap().iter();
    let numbers = versions.map(|version| version["number"].as_u64().unwrap()).collect();
    (numbers, history["running"]["number"].as_u64().unwrap())
}

#[test]
fn a_change_is_shown_applied_kept_and_taken_back_and_no_connection_is_lost() {
    let (node, mut merchant, mut issuer, _desk) = opens();
    sells(&mut merchant, &mut issuer, 1);
    let (versions, first) = history(&node);
    assert_eq!(versions, [first]);
    says(&node.asked("config plan"), 0, &["Nothing has changed."]);

    let text = fs::read_to_string(node.file("sekisho.toml")).unwrap();
    node.is_rewritten("timeout = \"10s\"", "timeout = \"5s\"");
    fs::create_dir(node.file("conf.d")).unwrap();
    let routes = "[[route]]\npan = \"353012\"\nto = [\"issuer-x\"]\n";
    fs::write(node.file("conf.d/10-routes.toml"), routes).unwrap();
    let changes = ["station issuer-x: timeout 10s -> 5s", "route 353012 is new: issuer-x"];
    says(&node.asked("config plan"), 0, &changes);
    assert_eq!(history(&node), (vec![first], first), "a plan changes nothing");

    let applied = node.asked("config apply --yes");
    says(&applied, 0, &[changes[0], changes[1], &format!("version {} runs", first + 1)]);
    assert_eq!(history(&node), (vec![first + 1, first], first + 1));
    says(&node.asked("config apply --yes"), 0, &["Nothing has changed."]);
    sells(&mut merchant, &mut issuer, 2);

    let back = node.asked("config rollback --yes");
    says(&back, 0, &["station issuer-x: timeout 5s -> 10s", "route 353012 is gone: issuer-x"]);
    assert_eq!(fs::read_to_string(node.file("sekisho.toml")).unwrap(), text);
    assert_eq!(fs::read_dir(node.file("conf.d")).unwrap().count(), 0);
    assert_eq!(history(&node), (vec![first + 2, first + 1, first], first + 2));
    sells(&mut merchant, &mut issuer, 3);

    let there = node.asked(&format!("config rollback {} --yes -o json", first + 1));
    assert_eq!(object(&there)["progress"]["stage"], "done", "{there:?}");
    assert_eq!(fs::read_to_string(node.file("conf.d/10-routes.toml")).unwrap(), routes);
    says(&node.asked("config rollback 4711 --yes"), 3, &["there is no version 4711"]);
    sells(&mut merchant, &mut issuer, 4);
}

#[test]
fn what_can_not_be_taken_up_leaves_the_old_one_running_and_says_why() {
    let (node, mut merchant, mut issuer, desk) = opens();
    let (_, first) = history(&node);
    // A mistake, a restart, and a port that is in use.
    node.is_rewritten("workers = 1", "wokers = 1");
    let mistake = ["sekisho.toml:5:1: node.wokers: unknown key; did you mean \"workers\"?"];
    says(&node.asked("config plan"), 7, &mistake);
    says(&node.asked("config apply --yes"), 7, &mistake);
    node.is_rewritten("wokers = 1", "workers = 2");
    let restart = ["node: workers 1 -> 2 (needs a restart: the threads are started once)"];
    says(&node.asked("config plan"), 5, &restart);
    says(&node.asked("config apply --yes"), 5, &restart);
    node.is_rewritten("workers = 2", "workers = 1");
    let taken = desk.address();
    node.is_rewritten("listen = [\"127.0.0.1:0\"]", &format!("listen = [\"{taken}\"]"));
    says(&node.asked("config plan"), 7, &[&taken.to_string()]);
    says(&node.asked("config apply --yes"), 7, &[&taken.to_string()]);
    assert_eq!(history(&node), (vec![first], first));
    sells(&mut merchant, &mut issuer, 1);
    // The files of what runs take all of that back.
    says(&node.asked(&format!("config rollback {first} --yes")), 0, &["which runs already"]);
    says(&node.asked("config plan"), 0, &["Nothing has changed."]);
}

#[test]
fn a_version_that_somebody_has_changed_is_not_given_out() {
    let (node, _merchant, _issuer, _desk) = opens();
    let (_, first) = history(&node);
    node.is_rewritten("timeout = \"10s\"", "timeout = \"5s\"");
    says(&node.asked("config apply --yes"), 0, &["1 change"]);
    let place = node.file(&format!("state/configurations/{first:08}/0-sekisho.toml"));
    fs::write(&place, "[node]\n").unwrap();
    let said = node.asked("config rollback --yes");
    says(&said, 1, &["somebody has changed 0-sekisho.toml"]);
    assert!(fs::read_to_string(node.file("sekisho.toml")).unwrap().contains("\"5s\""));
}
