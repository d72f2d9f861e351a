//! What is stored for an issuer, from the first refusal to its end, as an operator handles it.

use daemon::saf::SafRequest;
use serde_json::Value;

use crate::node::{Node, Said};
use crate::partner::{CARD, Desk, Message, Partner, sale};

/// A user of every Debian.
const BIN: u32 = 2;

/// Nothing is sent again by itself while a test lasts.
const ONCE: &str = "timeout = \"1s\"\nsaf_retry = \"1h\"\nsaf_gap = \"0s\"";

/// Everybody is connected.
fn opens() -> (Node, Partner, Partner, Desk) {
    let desk = Desk::opens();
    let node = Node::starts(desk.address(), ONCE);
    let issuer = desk.accepts();
    node.comes_to("status -o json", "\"links_ready\":1");
    let merchant = Partner::connects(node.merchant());
    (node, merchant, issuer, desk)
}

/// A sale that is not answered: its reversal, as the issuer hears it.
fn reversed(merchant: &mut Partner, issuer: &mut Partner, stan: u32) -> Message {
    merchant.sends(&sale(stan));
    assert_eq!(issuer.hears().mti, 0x1200);
    assert_eq!(merchant.hears().text(39), "911");
    let reversal = issuer.hears();
    assert_eq!(reversal.mti, 0x1420);
    reversal
}

fn refused(said: &Said, code: i32, words: &[&str]) {
    assert_eq!((said.code, said.stdout.as_str()), (Some(code), ""), "{said:?}");
    for words in words {
        assert!(said.stderr.contains(words), "{words}: {said:?}");
    }
}

#[test]
fn what_an_issuer_refuses_is_parked_shown_and_released() {
    let (node, mut merchant, mut issuer, _desk) = opens();
    let first = reversed(&mut merchant, &mut issuer, 1);
    issuer.sends(&first.answered("904"));
    let listed = node.comes_to("saf list", "parked");
    let id = format!("issuer-x/{}", first.text(11));
    let row = listed.lines().nth(1).unwrap();
    for words in [&*id, "1420", "4021", "904", "353011******0000"] {
        assert!(row.contains(words), "{words}: {listed}");
    }
    let shown = node.asked(&format!("saf show {id}"));
    assert!(shown.stdout.contains("000000002500") && shown.stdout.contains("4021"), "{shown:?}");
    let status = node.asked("status");
    assert!(status.stdout.contains("issuer-x: 1 stored message parked"), "{status:?}");
    for said in [&listed, &shown.stdout, &status.stdout] {
        assert!(!said.contains(CARD), "{said}");
    }

    let released = node.asked(&format!("saf release {id}"));
    assert_eq!(released.code, Some(0), "{released:?}");
    let again = issuer.hears();
    assert_eq!((again.mti, again.text(11)), (0x1421, first.text(11)));
    issuer.sends(&again.answered("400"));
    node.comes_to("saf list", "No stored message waits.");
    refused(&node.asked(&format!("saf release {id}")), 3, &[&id, "saf list"]);
}

#[test]
fn what_an_operator_holds_is_not_sent_until_it_is_released() {
    let (node, mut merchant, mut issuer, _desk) = opens();
    let first = reversed(&mut merchant, &mut issuer, 1);
    let id = format!("issuer-x/{}", first.text(11));
    // It is not acknowledged, and is to be sent again in less than an hour.
    node.comes_to("saf list", " 59m ");
    let held = node.asked(&format!("saf hold {id}"));
    assert!(held.code == Some(0) && held.stdout.contains("root"), "{held:?}");
    refused(&node.asked(&format!("saf hold {id}")), 5, &[&id, "held"]);
    let status = node.asked("status");
    assert!(status.stdout.contains("1 stored message held by an operator"), "{status:?}");
    assert_eq!(node.asked(&format!("saf release {id}")).code, Some(0));
    refused(&node.asked(&format!("saf release {id}")), 5, &[&id]);
    let again = issuer.hears();
    assert_eq!((again.mti, again.text(11)), (0x1421, first.text(11)));
    issuer.sends(&again.answered("400"));
    node.comes_to("saf list", "No stored message waits.");
}

#[test]
fn a_purge_takes_two_people_and_the_journal_names_both() {
    let (node, mut merchant, mut issuer, _desk) = opens();
    let first = reversed(&mut merchant, &mut issuer, 1);
    let id = format!("issuer-x/{}", first.text(11));
    for _ in 0..2 {
        let waits = node.asked(&format!("saf purge {id}"));
        assert_eq!(waits.code, Some(0), "{waits:?}");
        let last = waits.stdout.lines().last().unwrap();
        assert!(last.contains("not purged yet") && last.contains("another operator"), "{waits:?}");
        assert!(node.asked("saf list").stdout.contains(&id));
    }

    let again = SafRequest::Purge { id: id.clone() };
    let Some(purged) = node.asked_by(BIN, &again) else { return };
    assert_eq!((&*purged.items[0].state, purged.note), ("purged", None));
    assert_eq!(node.asked("saf list").stdout, "No stored message waits.\n");
    refused(&node.asked(&format!("saf show {id}")), 3, &[&id]);
    let dump = node.reads("journal dump -o json");
    let record = dump.stdout.lines().find(|line| line.contains("\"purged\"")).unwrap();
    assert!(record.contains("\"by\":\"root, bin\""), "{record}");
    let told: Vec<String> = dump
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|row| row["what"] == format!("saf purge {id}"))
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap().to_owned();
            format!("{} ({}, {}): {}", text("who"), row["uid"], text("role"), text("outcome"))
        })
        .collect();
    let root = ["root (0, administrator): asked", "root (0, administrator): one of two"];
    let bin = ["bin (2, operator): asked", "bin (2, operator): done"];
    assert_eq!(told, [root, root, bin].concat());
    assert!(!dump.stdout.contains(CARD), "{}", dump.stdout);
}

#[test]
fn what_is_not_there_is_said_with_what_to_do() {
    let (node, _merchant, _issuer, _desk) = opens();
    for (line, code, words) in [
        ("saf show issuer-x/000001", 3, &["issuer-x/000001", "saf list"][..]),
        ("saf hold issuer-y/000001", 3, &["issuer-y", "issuer-x"]),
        ("saf release 000001", 3, &["ISSUER/STAN"]),
        ("saf list --issuer merchant-a", 3, &["merchant-a", "issuer-x"]),
        ("saf hold issuer-x/000001 --operator x", 2, &["--operator"]),
    ] {
        refused(&node.asked(line), code, words);
    }
}
