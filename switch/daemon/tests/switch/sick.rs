//! A node that can not complete its own transaction in time: it answers no echo, takes nothing new, and says so.

use crate::centre::Centre;
use crate::configuration::{ASCII, BINARY, Configuration};
use crate::letter::{network, sale};
use crate::link::Link;
use crate::sekishod::{Sekishod, count};
use crate::supervisor::Held;

/// A switch of two workers, of which the second has nothing to do.
fn starts(centre: &Centre) -> Sekishod {
    let configuration = Configuration::new()
        .workers(2)
        .node("sick_after = \"1s\"")
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, centre.address(), "")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    switch.says_of("issuer-x", "link open");
    switch
}

fn is_sick(switch: &Sekishod, why: &str) {
    switch.says_like("that it is sick", |said| said.starts_with("sick: ") && said.contains(why));
    // Whoever says how it stands has heard of it before.
    drop(switch.status());
}

fn is_well(switch: &Sekishod) {
    switch.says("well again: its synthetic transaction is through in time");
}

#[test]
fn when_one_worker_stands_still_the_others_answer_no_echo_and_refuse_until_it_turns_again() {
    let centre = Centre::opens(BINARY);
    let switch = starts(&centre);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    assert_eq!(merchant.asks(&network("831", 1)).code(), "800");
    assert_eq!(merchant.asks(&sale(2)).code(), "000");
    let held = Held::holds(&switch, "worker-1");
    is_sick(&switch, "worker 1 does not turn");
    merchant.sends(&network("831", 3));
    let refused = merchant.asks(&sale(4));
    assert_eq!(
        (refused.text(11), refused.code()),
        ("000004", "907"),
        "and the echo is not answered"
    );
    let status = switch.status();
    assert_eq!((count(&status, "echo_withheld"), count(&status, "refused_sick")), (1, 1));
    assert!(status.sick.is_some_and(|sick| sick.why == "worker 1 does not turn"));
    drop(held);
    is_well(&switch);
    assert_eq!(merchant.asks(&network("831", 5)).code(), "800");
    assert_eq!(merchant.asks(&sale(6)).code(), "000");
    assert_eq!(switch.status().sick, None);
}

#[test]
fn when_the_journal_stands_still_nothing_is_answered_until_it_goes_on() {
    let centre = Centre::opens(BINARY);
    let switch = starts(&centre);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    assert_eq!(merchant.asks(&sale(1)).code(), "000");
    let held = Held::holds(&switch, "journal");
    is_sick(&switch, "does not become durable");
    merchant.sends(&network("831", 2));
    merchant.sends(&sale(3));
    drop(held);
    // What was refused waited for the pulse in front of it; the echo gets no answer at all.
    let refused = merchant.hears();
    assert_eq!((refused.text(11), refused.code()), ("000003", "907"));
    is_well(&switch);
    assert_eq!(merchant.asks(&sale(4)).code(), "000");
}
