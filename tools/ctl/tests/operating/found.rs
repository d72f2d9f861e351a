//! Transactions of a running node, found again by what an operator knows of them: while they are written,
//! and when their records are in archives.

use serde_json::Value;

use crate::node::{Node, Said, has, until};
use crate::partner::{CARD, Desk, Partner, reversal, sale};

/// An object a line.
fn objects(said: &Said) -> Vec<Value> {
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!said.stdout.contains(CARD) && !said.stderr.contains(CARD), "{said:?}");
    said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What an acquirer sells here, and the issuer approves.
fn sells(merchant: &mut Partner, issuer: &mut Partner, stan: u32) -> String {
    merchant.sends(&sale(stan));
    let heard = issuer.hears();
    issuer.sends(&heard.answered("000").with(38, "A1B2C3"));
    assert_eq!(merchant.hears().text(39), "000");
    heard.text(11).to_owned()
}

/// All ways to find one sale and its reversal say this of both; `ours` is our number of the sale.
fn found(node: &Node, ours: &str) -> [Value; 2] {
    let all = objects(&node.reads("txn find --rrn 632514050007 -o json"));
    let [sold, taken_back] = <[Value; 2]>::try_from(all).unwrap();
    assert_eq!((&sold["mti"], &taken_back["mti"]), (&"1200".into(), &"1420".into()));
    for line in [
        "--stan 7 --station merchant-a",
        "--rrn 632514050007 --stan 7 --from 2020-01-01 --to 2099-12-31",
    ] {
        let said = node.reads(&format!("txn find {line} -o json"));
        assert_eq!(objects(&said), std::slice::from_ref(&sold), "{line}");
    }
    // Ours is the number of the sale, and what is about it names it.
    let by_ours = node.reads(&format!("txn find --stan {ours} --station issuer-x -o json"));
    assert_eq!(objects(&by_ours), [sold.clone(), taken_back.clone()]);
    let by_card = "txn find --card --rrn 632514050007 -o json --dir state/journal";
    let by_card = node.is_told(by_card, "3530 1113 3330 0000\n");
    assert_eq!(objects(&by_card), [sold.clone(), taken_back.clone()]);
    let other = node.is_told("txn find --card --stan 7 --dir state/journal", "4111111111111111\n");
    assert_eq!(other.code, Some(3), "{other:?}");
    [sold, taken_back]
}

/// The life of a sale from its request to the end of its reversal.
fn traced(node: &Node, sold: &Value) -> Value {
    let said = node.reads(&format!("txn trace {} -o json", sold["id"]));
    let life = objects(&said).remove(0);
    let kinds: Vec<_> =
        life["steps"].as_array().unwrap().iter().map(|step| &step["kind"]).collect();
    assert_eq!(kinds, ["decision", "settlement", "advice", "acknowledged"], "{life}");
    let table = node.reads(&format!("txn trace {}", sold["id"]));
    assert!(table.code == Some(0) && !table.stdout.contains(CARD), "{table:?}");
    for words in [
        "1200 STAN 000007 from merchant-a",
        "to issuer-x",
        "the answer 000 to merchant-a",
        "1420 STAN 900007 from merchant-a",
        "the answer 400 to merchant-a",
        "acknowledged by issuer-x with 400",
    ] {
        assert!(table.stdout.contains(words), "{words}: {}", table.stdout);
    }
    life
}

#[test]
fn a_sale_and_its_reversal_are_found_and_told_the_same_from_segments_and_from_archives() {
    let desk = Desk::opens();
    let node = Node::starts(desk.address(), "timeout = \"10m\"\nsaf_gap = \"0s\"");
    let mut issuer = desk.accepts();
    node.comes_to("status -o json", "\"links_ready\":1");
    let mut merchant = Partner::connects(node.merchant());
    let ours = sells(&mut merchant, &mut issuer, 7);
    assert_eq!(merchant.asks(&reversal(&sale(7), 900_007)).text(39), "400");
    let taken_back = issuer.hears();
    issuer.sends(&taken_back.answered("400"));
    node.comes_to("saf list", "No stored message waits.");
    // What is acknowledged is written down when the next answer is.
    sells(&mut merchant, &mut issuer, 8);

    let in_segments = found(&node, &ours);
    assert_eq!(in_segments[0]["outcome"], "approved 000, reversed");
    let life = traced(&node, &in_segments[0]);
    // Their references differ from that of the first.
    let mut stan = 100_100;
    until("an archive with its index", || {
        for _ in 0..50 {
            stan += 1;
            sells(&mut merchant, &mut issuer, stan);
        }
        has(&node.journal(), ".index").then_some(())
    });
    assert_eq!(found(&node, &ours), in_segments);
    assert_eq!(traced(&node, &in_segments[0]), life);
}
