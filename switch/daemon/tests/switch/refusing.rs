//! What is refused, and with which code; what can not be read.

use crate::configuration::{ASCII, BINARY, Configuration, OURS};
use crate::letter::{CARDS, Letter, sale};
use crate::link::{Desk, Link};
use crate::place::own_port;
use crate::sekishod::{Sekishod, count, station};

/// A switch whose one issuer nobody answers for.
fn alone() -> Sekishod {
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .acquirer("merchant-b", BINARY, "")
        .issuer("issuer-x", BINARY, own_port(), "")
        .route("353011", "issuer-x");
    Sekishod::starts(&configuration)
}

#[test]
fn every_refusal_says_its_code_and_who_decided_and_repeats_the_request() {
    let switch = alone();
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    for (asked, code, counter) in [
        (sale(1), "907", "refused_link_down"),
        (sale(2).with(2, CARDS[3]), "908", "refused_no_route"),
        (sale(3).with(32, "77334000099"), "905", "refused_unknown_acquirer"),
        (sale(4).without(32), "904", "refused_format"),
    ] {
        let expected = asked.answered(code).with(58, OURS);
        assert_eq!(merchant.asks(&asked), expected);
        assert_eq!(count(&switch.status(), counter), 1);
    }
    let status = switch.status();
    let shown = station(&status, "merchant-a");
    assert_eq!((shown.requests, shown.answers, shown.declined), (4, 4, 4));

    let unknown = Letter::new(0x1304).with(11, "000005").with(24, "301");
    assert_eq!(merchant.asks(&unknown), unknown.answered("902").with(58, OURS));
}

#[test]
fn a_malformed_request_with_a_trace_number_gets_904_and_one_without_is_reported_with_1644() {
    let switch = alone();
    for (name, speech) in [("merchant-a", ASCII), ("merchant-b", BINARY)] {
        let mut merchant = Link::connects(speech, switch.address_of(name));
        let whole = merchant.written(&sale(7).with(32, "77334000002"));

        // Cut behind DE 11: everything up to it could be read.
        merchant.sends_message(&whole[..whole.len() - 3]);
        let answer = merchant.hears();
        assert_eq!((answer.mti(), answer.code(), answer.text(11)), (0x1210, "904", "000007"));
        assert_eq!(answer.text(4), "000000002500");
        assert_eq!((answer.field(49), answer.text(58)), (None, OURS));

        // Cut in DE 2: no trace number to answer to.
        let head = if name == "merchant-a" { 4 + 16 + 8 } else { 2 + 8 + 4 };
        merchant.sends_message(&whole[..head]);
        let report = merchant.hears();
        assert_eq!((report.mti(), report.text(24), report.text(33)), (0x1644, "650", OURS));

        // No type: nobody knows whether an answer is due.
        merchant.sends_message(&[0xFF; 12]);
        assert_eq!(merchant.asks(&sale(8).with(32, "1")).code(), "905", "the link lives on");
    }
    let status = switch.status();
    let counts = ["refused_format", "malformed_reported", "type_unreadable"];
    assert_eq!(counts.map(|name| count(&status, name)), [2, 2, 2]);
}

#[test]
fn an_answer_that_nobody_waits_for_is_logged_with_what_it_is_like_and_without_the_card() {
    let desk = Desk::opens(BINARY);
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(1));
    let right = issuer.hears().answered("000");
    let dropped = |place, letter: Letter, issuer: &mut Link| {
        issuer.sends(&letter);
        let line = switch.says_again_of("issuer-x", "answer dropped", place);
        assert!(!line.to_string().contains(CARDS[0]), "{line}");
        let shown = ["stan", "why", "nearest", "nearest_stan", "differs"];
        shown.map(|key| line[key].to_string()).join(" ")
    };
    let wrong = dropped(1, right.clone().with(37, "000000000000"), &mut issuer);
    assert_eq!(wrong, r#"1 "DE 37 differs from what was sent" "issuer-x" 1 37"#);
    let wrong = dropped(2, right.clone().with(11, "000002"), &mut issuer);
    assert_eq!(wrong, r#"2 "nothing with this STAN waits for an answer" "issuer-x" 1 11"#);
    issuer.sends(&right);
    assert_eq!(merchant.hears().code(), "000");
    let wrong = dropped(3, right, &mut issuer);
    assert_eq!(wrong, r#"1 "the transaction with this STAN was answered before" null null null"#);
    let status = switch.status();
    let counts = ["unmatched_differs", "unmatched_unknown", "unmatched_second"];
    assert_eq!(counts.map(|name| count(&status, name)), [1, 1, 1]);
}

#[test]
fn bytes_that_are_no_frame_close_their_link_and_no_other() {
    let switch = alone();
    let address = switch.address_of("merchant-a");
    let mut merchant = Link::connects(ASCII, address);
    let mut other = Link::connects(ASCII, address);
    assert_eq!(merchant.asks(&sale(1)).code(), "907");
    merchant.sends_bytes(b"GET / HTTP/1.1\r\n\r\n").expect("the other side takes it");
    merchant.is_closed();
    let line = switch.says_of("merchant-a", "no frame: link closed");
    assert!(line["error"].is_string(), "{line}");
    switch.says_of("merchant-a", "link down");
    assert_eq!(other.asks(&sale(2)).code(), "907");
    let status = switch.status();
    let shown = station(&status, "merchant-a");
    assert_eq!((shown.links_ready, shown.requests), (1, 2));
    assert_eq!((count(&status, "links_closed"), count(&status, "bad_frames")), (1, 1));
}

#[test]
fn a_frame_longer_than_a_station_may_send_closes_its_link() {
    let switch = alone();
    let mut merchant = Link::connects(BINARY, switch.address_of("merchant-b"));
    merchant.sends_bytes(&[0x20, 0x01]).expect("the other side takes it");
    merchant.is_closed();
    switch.says_of("merchant-b", "no frame: link closed");
    assert_eq!(count(&switch.status(), "bad_frames"), 1);
}
