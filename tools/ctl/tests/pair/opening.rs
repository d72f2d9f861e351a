//! When acquirers may come: never to a standby, and to a new primary when it can ask the issuers.

use std::io::ErrorKind;
use std::net::TcpStream;

use serde_json::Value;

use crate::pair::{Osaka, Pair, Terms, Tokyo, Which};
use crate::patience::until;

/// What an acquirer sees that connects to each port of a site.
fn refused_at(pair: &Pair, which: Which) -> [bool; 2] {
    let connects = |at| TcpStream::connect(at).map_err(|error| error.kind()).err();
    pair.site(which).listens.map(|at| connects(at) == Some(ErrorKind::ConnectionRefused))
}

fn opening(pair: &Pair, which: Which) -> Value {
    let status = pair.site(which).does("status -o json");
    serde_json::from_str::<Value>(&status).unwrap()["opening"].clone()
}

#[test]
fn acquirers_are_refused_by_a_standby_and_by_a_new_primary_until_it_can_ask_every_issuer() {
    let terms = Terms::DURABLE;
    let mut pair = Pair::new(terms);
    pair.is_amended(terms, |_, text| {
        text.replacen("workers = 1\n", "workers = 1\nopen_after = \"1m\"\n", 1)
    });
    pair.serves_two(terms);
    assert_eq!(refused_at(&pair, Tokyo), [false, false]);
    assert_eq!(refused_at(&pair, Osaka), [true, true]);

    pair.loses_issuer(1);
    pair.site(Tokyo).does("node switchover");
    pair.serves(Osaka);
    let waits = until("issuer-x to be ready", || {
        let opening = opening(&pair, Osaka);
        (opening["not_ready"] == serde_json::json!(["issuer-y"])).then_some(opening)
    });
    assert!((1..=60_000).contains(&waits["left_ms"].as_u64().unwrap()), "{waits}");
    assert_eq!(refused_at(&pair, Osaka), [true, true]);
    let shown = pair.site(Osaka).asked("status").stdout;
    assert!(shown.contains("no request could go to issuer-y"), "{shown}");

    pair.has_issuer_again(1);
    until("the ports to open", || opening(&pair, Osaka).is_null().then_some(()));
    assert_eq!(refused_at(&pair, Osaka), [false, false]);
    assert_eq!(refused_at(&pair, Tokyo), [true, true]);
    pair.leads(Osaka);
    pair.answer_more(100);
    pair.merchants_part();
    pair.ends(Osaka, terms);
}
