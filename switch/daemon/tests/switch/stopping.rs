//! SIGTERM: what is in flight is finished, and nothing is begun.

use std::net::TcpStream;

use daemon::status::NodeState;
use rustix::process::Signal;

use crate::configuration::{ASCII, BINARY, Configuration};
use crate::letter::sale;
use crate::link::{Desk, Link};
use crate::patience::until;
use crate::sekishod::{Sekishod, count};

/// An acquirer and an issuer with a sale in flight between them.
struct InFlight {
    switch: Sekishod,
    merchant: Link,
    issuer: Link,
    heard: crate::letter::Letter,
}

fn in_flight() -> InFlight {
    let desk = Desk::opens(BINARY);
    let configuration = Configuration::new()
        .workers(2)
        .limits("drain = \"10m\"")
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "timeout = \"10m\"\nsign_on = \"ours\"")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    let mut issuer = desk.accepts();
    let sign_on = issuer.hears();
    issuer.sends(&sign_on.answered("800"));
    switch.says_of("issuer-x", "signed on");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(1));
    let heard = issuer.hears();
    InFlight { switch, merchant, issuer, heard }
}

#[test]
fn a_stop_refuses_what_is_new_answers_what_is_in_flight_signs_off_and_ends_with_0() {
    let InFlight { switch, mut merchant, mut issuer, heard } = in_flight();
    let address = switch.address_of("merchant-a");
    switch.is_sent(Signal::TERM);
    until("its port to close", || TcpStream::connect(address).err());
    assert_eq!(merchant.asks(&sale(2)).code(), "907");
    let status = switch.status();
    assert_eq!(status.state, NodeState::Draining);
    assert_eq!((count(&status, "refused_draining"), status.workers[0].pending), (1, 1));

    issuer.sends(&heard.answered("000"));
    let answer = merchant.hears();
    assert_eq!((answer.code(), answer.text(11)), ("000", "000001"));
    let sign_off = issuer.hears();
    assert_eq!((sign_off.mti(), sign_off.text(24)), (0x1804, "802"));
    issuer.sends(&sign_off.answered("800"));

    let ended = switch.ends();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.ends_with("\"stopped\"}"), "{}", ended.stderr);
    merchant.is_closed();
    issuer.is_closed();
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let InFlight { switch, mut merchant, .. } = in_flight();
    switch.is_sent(Signal::TERM);
    switch.says("draining; a second signal ends at once");
    switch.is_sent(Signal::TERM);
    let ended = switch.ends();
    assert_eq!(ended.code, Some(1));
    merchant.is_closed();
}

#[test]
fn a_stop_waits_for_what_is_in_flight_as_long_as_it_may() {
    let desk = Desk::opens(BINARY);
    let configuration = Configuration::new()
        .limits("drain = \"1s\"")
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "timeout = \"10m\"")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(1));
    issuer.hears();
    switch.is_sent(Signal::INT);
    switch.says("the time for the drain is over; what is still in flight is not answered");
    assert_eq!(switch.ends().code, Some(0));
    merchant.is_closed();
}

#[test]
fn an_idle_node_ends_as_soon_as_it_is_told() {
    let switch = Sekishod::starts(&Configuration::new().acquirer("merchant-a", ASCII, ""));
    let control = switch.control();
    assert!(control.exists());
    switch.is_sent(Signal::TERM);
    assert_eq!(switch.ends().code, Some(0));
    assert!(!control.exists(), "its control socket goes with it");
}
