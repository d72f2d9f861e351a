//! Decisions that ask the stand-in for the key provider.

use bench::load::Pace;

use crate::centre::{Centre, Load};
use crate::configuration::{ASCII, BINARY, Configuration, institution};
use crate::letter::{CARDS, sale};
use crate::link::Link;
use crate::sekishod::{Sekishod, count, station};

#[test]
fn a_decision_that_asks_is_parked_and_taken_up_with_the_reply() {
    let centre = Centre::opens(BINARY);
    let configuration = Configuration::new()
        .workers(2)
        .limits("ask_timeout = \"60s\"")
        .acquirer("merchant-a", ASCII, "mac = \"stand-in\"")
        .issuer("issuer-x", BINARY, centre.address(), "timeout = \"60s\"")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    switch.says_of("issuer-x", "link open");
    let target = switch.address_of("merchant-a");
    let pace = (8, Pace::Window(8));
    let load = Load::begins(ASCII, target, pace, &CARDS[..1], &institution(0));
    switch.comes_to("a thousand approvals", |status| count(status, "approved") > 1_000);
    let report = load.ends();
    assert!(report.is_right(), "{report:?}");
    assert_eq!((report.answered, report.approved), (report.sent, report.sent));
    let status = switch.status();
    assert_eq!(count(&status, "requests"), report.sent);
    assert_eq!(count(&status, "parked"), report.sent, "every one of them");
    assert_eq!((status.workers[0].parked, status.workers[0].pending), (0, 0));

    // Routing comes after the reply: what can not be routed is refused then.
    let mut merchant = Link::connects(ASCII, target);
    assert_eq!(merchant.asks(&sale(1).with(2, CARDS[3])).code(), "908");
    // What is refused before it asks is not parked.
    assert_eq!(merchant.asks(&sale(2).with(32, "1")).code(), "905");
    let status = switch.status();
    assert_eq!(count(&status, "parked"), report.sent + 1);
    let shown = station(&status, "merchant-a");
    assert_eq!((shown.requests, shown.answers), (report.sent + 2, report.sent + 2));
}
