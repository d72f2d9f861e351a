//! An issuer goes away, or stands still, and comes back.

use std::time::Duration;

use bench::load::Pace;
use daemon::clocks;
use daemon::status::LinkState;

use crate::centre::{Centre, Load};
use crate::configuration::{ASCII, BINARY, Configuration, institution};
use crate::letter::{CARDS, sale};
use crate::link::{Desk, Link};
use crate::patience::until;
use crate::sekishod::{Sekishod, count, station};

#[test]
fn when_an_issuer_dies_under_load_everything_is_declined_in_time_and_approved_once_it_is_back() {
    let slow = Duration::from_millis(50);
    let centre = Centre::opens_at(BINARY, crate::place::own_address(), slow);
    let address = centre.address();
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, address, "timeout = \"1s\"")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    switch.says_of("issuer-x", "link open");
    let target = switch.address_of("merchant-a");
    let pace = (8, Pace::Rate(400));
    let load = Load::begins(ASCII, target, pace, &CARDS[..1], &institution(0));
    switch.comes_to("approvals", |status| station(status, "issuer-x").approved > 50);

    centre.closes();
    switch.says_of("issuer-x", "link down");
    let status = switch.comes_to("declines with 907 and 911", |status| {
        count(status, "refused_link_down") > 50 && count(status, "refused_timed_out") > 0
    });
    let issuer = station(&status, "issuer-x");
    assert!(issuer.links_ready == 0 && issuer.links[0].state != LinkState::Up, "{issuer:?}");
    assert!(issuer.links[0].last_error.is_some(), "{issuer:?}");
    let before = issuer.approved;

    let _centre = Centre::opens_at(BINARY, address, slow);
    switch.says_again_of("issuer-x", "link open", 2);
    switch.comes_to("approvals again", |status| station(status, "issuer-x").approved > before + 50);
    let report = load.ends();
    assert!(report.is_right(), "{report:?}");
    assert_eq!((report.answered, report.connections_lost), (report.sent, 0));
    let codes: Vec<&str> = report.actions.keys().map(String::as_str).collect();
    assert_eq!(codes, ["000", "907", "911"]);
    let status = switch.status();
    let sum = |names: &[&str]| names.iter().map(|name| count(&status, name)).sum::<u64>();
    assert_eq!(report.actions["000"], sum(&["approved"]));
    assert_eq!(report.actions["907"], sum(&["refused_link_down", "refused_unsent"]));
    assert_eq!(report.actions["911"], sum(&["refused_timed_out"]));
    // A second, and what a busy machine makes of it.
    assert!(report.latency_us.max < 10e6, "{report:?}");
}

#[test]
fn a_frozen_issuer_costs_911_within_its_timeout_and_what_it_says_later_is_dropped() {
    const SALES: u32 = 20;
    let desk = Desk::opens(BINARY);
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "timeout = \"1s\"")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));

    let begun = clocks::boot();
    for stan in 1..=SALES {
        merchant.sends(&sale(stan));
    }
    for stan in 1..=SALES {
        let answer = merchant.hears();
        assert_eq!((answer.code(), answer.text(11)), ("911", sale(stan).text(11)));
    }
    let took = clocks::boot().since(begun);
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(10), "{took:?}");

    for _ in 0..SALES {
        let heard = issuer.hears();
        issuer.sends(&heard.answered("000"));
    }
    switch.comes_to("late answers", |status| count(status, "late") == u64::from(SALES));

    let mut stan = SALES;
    until("an approval", || {
        stan += 1;
        merchant.sends(&sale(stan));
        let heard = issuer.hears_request();
        issuer.sends(&heard.answered("000"));
        let answer = merchant.hears();
        assert_eq!(answer.text(11), sale(stan).text(11), "no late answer comes before");
        (answer.code() == "000").then_some(())
    });
    let status = switch.status();
    assert!(count(&status, "late_approved") >= u64::from(SALES));
    assert_eq!((count(&status, "answered"), count(&status, "links_closed")), (1, 0));
    let shown = station(&status, "issuer-x");
    // More than those of the freeze only where the machine stood still for a second.
    assert_eq!(shown.timeouts, u64::from(stan - 1));
    assert_eq!((shown.in_flight, shown.resting), (0, stan - 1), "their numbers rest");
    assert_eq!(status.workers[0].resting, stan - 1);
}
