//! Stations that a reload brings back, takes out, or calls something else: what older records and open
//! links say of them holds.

use std::net::SocketAddr;

use daemon::change::ConfigRequest;
use rustix::process::Signal;

use crate::centre::Centre;
use crate::configuration::{ASCII, BINARY, Configuration, Speech};
use crate::diagnosing::Held;
use crate::letter::{sale, sale_of};
use crate::link::{Desk, Link};
use crate::place::own_port;
use crate::reloading::{PAN, centres};
use crate::sekishod::{Sekishod, count, station};

/// Why a station is not taken in that older records name.
const OLDER: &str = "needs a restart: older records name it";

#[test]
fn an_acquirer_that_was_out_for_one_start_comes_back_by_a_start_and_its_repeat_is_known() {
    let x = Centre::opens(BINARY);
    let port = own_port();
    let before = || centres(&[("issuer-x", x.address())]).route(PAN, "issuer-x");
    let after = || before().acquirer_at("merchant-b", ASCII, port, "");
    let switch = Sekishod::starts(&after());
    switch.comes_to("X is up", |s| station(s, "issuer-x").links_ready == 1);
    let answer = Link::connects(ASCII, port).asks(&sale_of(1, 1));
    assert_eq!(answer.code(), "000");

    let switch = Sekishod::starts_in(switch.killed(), &before());
    let why = switch.refuses(&after());
    assert!(why.contains("station merchant-b is new") && why.contains(OLDER), "{why}");
    let planned = switch.asks(&ConfigRequest::Plan).expect("it is read").plan.expect("a plan");
    assert_eq!(planned.changes.restart, 1, "who plans is told too: {planned:?}");

    let switch = Sekishod::starts_in(switch.killed(), &after());
    let repeat = Link::connects(ASCII, port).asks(&sale_of(1, 1).kind(0x1201));
    assert_eq!((repeat.code(), repeat.text(38)), ("000", answer.text(38)));
    assert_eq!(count(&switch.status(), "forwarded"), 0, "it was, before the restarts");
}

#[test]
fn an_issuer_that_was_out_for_one_start_comes_back_by_a_start_and_its_stans_go_on() {
    let (x, desk) = (Centre::opens(BINARY), Desk::opens(BINARY));
    let without = || centres(&[("issuer-x", x.address())]).route(PAN, "issuer-x");
    let with = || {
        centres(&[("issuer-x", x.address()), ("issuer-y", desk.address())]).route(PAN, "issuer-y")
    };
    let asked = |switch: &Sekishod, number| {
        let mut issuer = desk.accepts();
        switch.comes_to("Y is up", |s| station(s, "issuer-y").links_ready == 1);
        let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
        merchant.sends(&sale(number));
        issuer.hears_request().text(11).to_owned()
    };
    let switch = Sekishod::starts(&with());
    let first = asked(&switch, 1);
    let switch = Sekishod::starts_in(switch.killed(), &without());
    let why = switch.refuses(&with());
    assert!(why.contains("station issuer-y is new") && why.contains(OLDER), "{why}");
    // One that no record names is taken in.
    switch.adopts(&without().issuer("issuer-z", BINARY, x.address(), ""));
    switch.comes_to("Z is up", |s| station(s, "issuer-z").links_ready == 1);
    let switch = Sekishod::starts_in(switch.killed(), &with());
    let second = asked(&switch, 2);
    assert!(first < second, "{first} and then {second}");
}

#[test]
fn a_line_about_a_station_that_only_one_worker_knows_yet_is_written() {
    let (x, y) = (Centre::opens(BINARY), Desk::opens(BINARY));
    let before = || centres(&[("issuer-x", x.address())]).route(PAN, "issuer-x");
    let after = centres(&[("issuer-x", x.address())])
        .issuer("issuer-y", BINARY, y.address(), "frame_max = \"64B\"")
        .route(PAN, "issuer-y");
    let switch = Sekishod::starts(&before());
    switch.comes_to("X is up", |s| station(s, "issuer-x").links_ready == 1);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let held = Held::takes(&switch, "worker-1");
    switch.is_configured(&after);
    switch.is_sent(Signal::HUP);
    switch.says("it does not take up the configuration; it is waited for");
    // It is longer than what Y takes, and worker 0 says so.
    let advice = sale(1).kind(0x1220).with(48, "A".repeat(200));
    assert_eq!(merchant.asks(&advice).code(), "904");
    let line = switch.says("a message can not be said in the other side's format");
    assert_eq!(line["to"], "issuer-y");
    drop(held);
    switch.says("configuration adopted");
    switch.says_of("issuer-y", "link open");
}

#[test]
fn a_station_that_comes_back_is_cut_as_before_or_comes_by_a_start() {
    let port = own_port();
    let desk = Desk::opens(BINARY);
    let without = || centres(&[("issuer-x", desk.address())]).route(PAN, "issuer-x");
    let with = |framing| without().acquirer_at("merchant-b", Speech { framing, ..ASCII }, port, "");
    let switch = Sekishod::starts(&with(ASCII.framing));
    let mut issuer = desk.accepts();
    switch.comes_to("X is up", |s| station(s, "issuer-x").links_ready == 1);
    let mut merchant = Link::connects(ASCII, port);
    merchant.sends(&sale_of(1, 1));
    let heard = issuer.hears_request();
    switch.adopts(&without());
    let why = switch.refuses(&with("bin2"));
    assert!(why.contains("station merchant-b: framing ascii4 -> bin2 (needs a restart"), "{why}");
    switch.adopts(&with(ASCII.framing));
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears().code(), "000", "on the link of before");
}

#[test]
fn more_stations_than_are_remembered_are_taken_out_by_a_restart() {
    let called = |name: &str| {
        let more = |all: Configuration, number: usize| {
            all.acquirer(&format!("{name}-{number}"), ASCII, "links = 1")
        };
        (0..520).fold(centres(&[]), more)
    };
    let switch = Sekishod::starts(&called("a"));
    switch.adopts(&called("b"));
    let why = switch.refuses(&called("c"));
    assert!(why.contains("needs a restart: 1040 stations would have been taken out"), "{why}");
    // Those that come back are not among them.
    switch.adopts(&called("a"));
    let status = switch.status();
    assert_eq!(status.stations.iter().filter(|station| station.retired).count(), 520);
}

#[test]
fn who_came_to_a_port_that_is_another_stations_now_comes_back_as_that_one() {
    let (one, other) = (own_port(), own_port());
    let at = |a, b| {
        let configuration = Configuration::new().workers(1);
        configuration.acquirer_at("merchant-a", ASCII, a, "").acquirer_at(
            "merchant-b",
            ASCII,
            b,
            "",
        )
    };
    let switch = Sekishod::starts(&at(one, other));
    let mut merchant = Link::connects(ASCII, one);
    switch.says_of("merchant-a", "link open");
    switch.adopts(&at(other, one));
    merchant.is_closed();
    let mut merchant = Link::connects(ASCII, one);
    switch.says_of("merchant-b", "link open");
    assert_eq!(merchant.asks(&sale_of(1, 1)).code(), "908");
}

/// One issuer, connected to at these addresses; `more` of its keys.
fn issuer_at(addresses: &[SocketAddr], more: &str) -> Configuration {
    centres(&[]).issuer_at("issuer-x", BINARY, addresses, more).route(PAN, "issuer-x")
}

#[test]
fn an_address_that_stays_keeps_its_link_wherever_it_stands() {
    let desks = [0; 3].map(|_| Desk::opens(BINARY));
    let [one, two, three] = [0, 1, 2].map(|place: usize| desks[place].address());
    let switch = Sekishod::starts(&issuer_at(&[one, two], ""));
    let (mut first, mut second) = (desks[0].accepts(), desks[1].accepts());
    switch.comes_to("both are up", |s| station(s, "issuer-x").links_ready == 2);
    switch.adopts(&issuer_at(&[two, one], ""));
    switch.adopts(&issuer_at(&[two, three], ""));
    first.is_closed();
    let _third = desks[2].accepts();
    switch.comes_to("both are up", |s| station(s, "issuer-x").links_ready == 2);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    (1..=4).for_each(|number| merchant.sends(&sale(number)));
    let heard = second.hears_request();
    second.sends(&heard.answered("000"));
    assert_eq!(merchant.hears().code(), "000", "over the link that was never closed");
}

#[test]
fn an_address_that_is_corrected_is_connected_to_at_once() {
    let desk = Desk::opens(BINARY);
    let seldom = "reconnect_min = \"10m\"\nreconnect_max = \"1h\"";
    let switch = Sekishod::starts(&issuer_at(&[own_port()], seldom));
    switch.says_of("issuer-x", "connection lost");
    switch.adopts(&issuer_at(&[desk.address()], seldom));
    let _issuer = desk.accepts();
    switch.comes_to("it is up", |s| station(s, "issuer-x").links_ready == 1);
}
