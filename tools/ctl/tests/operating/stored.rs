//! What is stored for an issuer, from the first refusal to its end, as an operator handles it.

use crate::node::{Node, Said};
use crate::partner::{CARD, Desk, Message, Partner, sale};

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
    let held = node.asked(&format!("saf hold {id} --operator boku"));
    assert!(held.code == Some(0) && held.stdout.contains("boku"), "{held:?}");
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
    refused(&node.asked(&format!("saf purge {id}")), 2, &["--operator", "--second"]);
    refused(&node.asked(&format!("saf purge {id} --operator asada")), 2, &["--second"]);
    let alone = node.asked(&format!("saf purge {id} --operator asada --second ASADA"));
    refused(&alone, 4, &["two people"]);
    assert!(node.asked("saf list").stdout.contains(&id));

    let purged = node.asked(&format!("saf purge {id} --operator asada --second boku"));
    assert!(purged.code == Some(0) && purged.stdout.contains("purged"), "{purged:?}");
    assert_eq!(node.asked("saf list").stdout, "No stored message waits.\n");
    refused(&node.asked(&format!("saf show {id}")), 3, &[&id]);
    let dump = node.reads("journal dump -o json");
    let record = dump.stdout.lines().find(|line| line.contains("\"purged\"")).unwrap();
    assert!(record.contains("\"by\":\"asada, boku\""), "{record}");
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
        ("saf hold issuer-x/000001 --operator x,y", 4, &["x,y", "letters"]),
    ] {
        refused(&node.asked(line), code, words);
    }
}
