//! More than there is room for: at a bound, somebody is told, and everybody else goes on.

use std::net::Ipv4Addr;

use bench::load::Pace;

use crate::centre::{Centre, Load};
use crate::configuration::{ASCII, BINARY, Configuration, institution};
use crate::letter::{CARDS, sale, sale_of};
use crate::link::Link;
use crate::sekishod::{Sekishod, count, station};

/// More bytes of answers than all buffers between two sockets hold.
const ANSWERS_MAX: u32 = 100_000;

#[test]
fn an_acquirer_that_does_not_read_its_answers_is_closed_and_others_go_on() {
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "out_max = \"64KiB\"")
        .acquirer("merchant-b", ASCII, "");
    let switch = Sekishod::starts(&configuration);
    let mut other = Link::connects(ASCII, switch.address_of("merchant-b"));
    assert_eq!(other.asks(&sale_of(1, 1)).code(), "908");

    let (from, address) = (Ipv4Addr::LOCALHOST, switch.address_of("merchant-a"));
    let deaf = Link::connects_from(from, Some(4_096), ASCII, address);
    let mut deaf = deaf.expect("somebody listens there");
    let long = "X".repeat(900);
    let taken = (0..ANSWERS_MAX).find(|&stan| {
        let asked = deaf.written(&sale(stan).with(59, &long));
        let frame = deaf.framed(&asked);
        deaf.sends_bytes(&frame).is_err()
    });
    assert!(taken.is_some(), "it was never closed");
    let line = switch.says_of("merchant-a", "closing a link");
    assert_eq!(line["why"], "the other side does not read what is sent");
    switch.says_of("merchant-a", "link down");

    assert_eq!(other.asks(&sale_of(1, 2)).code(), "908");
    let mut again = Link::connects(ASCII, address);
    assert_eq!(again.asks(&sale(1)).code(), "908", "it may come back");
    let status = switch.status();
    assert!(count(&status, "undeliverable") > 0);
    let links = &station(&status, "merchant-a").links;
    assert!(links.iter().all(|link| link.out_max == 64 << 10), "{links:?}");
}

#[test]
fn an_overload_leaves_nothing_unanswered() {
    let centre = Centre::opens(BINARY);
    let configuration = Configuration::new()
        .workers(2)
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, centre.address(), "timeout = \"60s\"")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    switch.says_of("issuer-x", "link open");
    let target = switch.address_of("merchant-a");
    let pace = (512, Pace::Window(64));
    let load = Load::begins(ASCII, target, pace, &CARDS[..1], &institution(0));
    switch.comes_to("everything in flight, and answers", |status| {
        count(status, "requests") > 512 * 64 && count(status, "answered") > 1_000
    });
    let report = load.ends();
    assert!(report.is_right(), "{report:?}");
    assert_eq!((report.answered, report.connections_lost), (report.sent, 0));
    let status = switch.status();
    assert_eq!(count(&status, "requests"), report.sent);
    assert_eq!(count(&status, "answers_lost") + count(&status, "undeliverable"), 0);
    assert_eq!(status.workers[0].pending, 0);
}
