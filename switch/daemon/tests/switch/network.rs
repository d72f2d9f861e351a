//! Sign-on, sign-off and echo (1804, DE 24 801, 802, 831), by either side.

use daemon::status::LinkState;

use crate::configuration::{ASCII, BINARY, Configuration, OURS};
use crate::letter::{Letter, network, sale};
use crate::link::{Desk, Link};
use crate::patience::until;
use crate::sekishod::{Sekishod, count, station};

/// One acquirer and one issuer, each with further lines.
fn starts(desk: &Desk, acquirer: &str, issuer: &str) -> Sekishod {
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, acquirer)
        .issuer("issuer-x", BINARY, desk.address(), issuer)
        .route("353011", "issuer-x");
    Sekishod::starts(&configuration)
}

/// Waits for network management of ours with this function.
fn hears_network(link: &mut Link, function: &str) -> Letter {
    let heard = link.hears();
    assert_eq!((heard.mti(), heard.text(24), heard.text(33)), (0x1804, function, OURS));
    assert!(heard.text(11) >= "999000", "trace numbers of network management: {heard:?}");
    heard
}

#[test]
fn where_we_sign_on_an_issuer_gets_requests_once_it_has_answered_801() {
    let desk = Desk::opens(BINARY);
    let switch = starts(&desk, "", "sign_on = \"ours\"");
    let mut issuer = desk.accepts();
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let sign_on = hears_network(&mut issuer, "801");
    assert_eq!(merchant.asks(&sale(1)).code(), "910");
    let status = switch.status();
    let shown = station(&status, "issuer-x");
    assert_eq!((shown.links_ready, shown.links[0].state), (0, LinkState::Up));

    issuer.sends(&sign_on.answered("800"));
    switch.says_of("issuer-x", "signed on");
    merchant.sends(&sale(2));
    let heard = issuer.hears();
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears().code(), "000");
    let status = switch.status();
    let shown = station(&status, "issuer-x");
    assert_eq!((shown.links_ready, shown.links[0].state), (1, LinkState::SignedOn));
    assert_eq!((count(&status, "sign_ons"), count(&status, "refused_signed_off")), (1, 1));
}

#[test]
fn a_sign_on_of_ours_that_is_refused_closes_the_link_and_is_tried_on_a_new_one() {
    let desk = Desk::opens(BINARY);
    let switch = starts(&desk, "", "sign_on = \"ours\"");
    let mut issuer = desk.accepts();
    let sign_on = hears_network(&mut issuer, "801");
    issuer.sends(&sign_on.answered("909"));
    let line = switch.says_of("issuer-x", "our network management was refused");
    assert_eq!((&line["function"], &line["action"]), (&"801".into(), &"909".into()));
    issuer.is_closed();
    let mut issuer = desk.accepts();
    let sign_on = hears_network(&mut issuer, "801");
    issuer.sends(&sign_on.answered("800"));
    switch.says_of("issuer-x", "signed on");
}

#[test]
fn where_they_sign_on_nothing_passes_before_801_nor_after_802() {
    let desk = Desk::opens(BINARY);
    let theirs = "sign_on = \"theirs\"";
    let switch = starts(&desk, theirs, theirs);
    let mut issuer = desk.accepts();
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    assert_eq!(merchant.asks(&sale(1)).code(), "910", "the acquirer is not signed on");
    assert_eq!(merchant.asks(&network("801", 2)), network("801", 2).answered("800"));
    assert_eq!(merchant.asks(&sale(3)).code(), "910", "the issuer is not signed on");
    assert_eq!(issuer.asks(&network("801", 1)), network("801", 1).answered("800"));

    merchant.sends(&sale(4));
    let heard = issuer.hears();
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears().code(), "000");

    assert_eq!(issuer.asks(&network("802", 2)).code(), "800");
    assert_eq!(merchant.asks(&sale(5)).code(), "910", "the issuer has signed off");
    let status = switch.status();
    assert_eq!(station(&status, "issuer-x").links[0].state, LinkState::SignedOff);
    assert_eq!(station(&status, "merchant-a").links[0].state, LinkState::SignedOn);
    assert_eq!((count(&status, "sign_ons"), count(&status, "sign_offs")), (2, 1));
}

#[test]
fn an_echo_of_theirs_is_answered_and_one_of_ours_breaks_a_silence() {
    let desk = Desk::opens(BINARY);
    let switch = starts(&desk, "echo = \"off\"", "echo = \"1s\"");
    let mut issuer = desk.accepts();
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    assert_eq!(merchant.asks(&network("831", 1)), network("831", 1).answered("800"));
    let echo = hears_network(&mut issuer, "831");
    issuer.sends(&echo.answered("800"));
    // The next silence begins with the answer.
    hears_network(&mut issuer, "831");
    let status = switch.status();
    assert_eq!((count(&status, "echo_sent"), count(&status, "echo_missed")), (2, 0));
    assert_eq!(count(&status, "network_answered"), 1);
}

#[test]
fn three_missed_echoes_in_a_row_open_the_link_anew() {
    let desk = Desk::opens(BINARY);
    let switch = starts(&desk, "", "echo = \"1s\"\ntimeout = \"100ms\"");
    let mut issuer = desk.accepts();
    for _ in 0..3 {
        hears_network(&mut issuer, "831");
    }
    let line = switch.says_of("issuer-x", "closing a link");
    assert_eq!(line["why"], "three echo tests were not answered");
    issuer.is_closed();
    let mut issuer = desk.accepts();
    switch.says_again_of("issuer-x", "link open", 2);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(1));
    until("the sale", || (issuer.hears().mti() == 0x1200).then_some(()));
    let status = switch.status();
    assert!(count(&status, "echo_missed") >= 3);
    let shown = &station(&status, "issuer-x").links[0];
    assert_eq!(shown.state, LinkState::Up);
    assert_eq!(shown.last_error.as_deref(), Some("three echo tests were not answered"));
}
