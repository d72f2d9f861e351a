//! Who may connect where.

use std::net::Ipv4Addr;

use crate::configuration::{ASCII, BINARY, Configuration};
use crate::letter::{sale, sale_of};
use crate::link::Link;
use crate::place::own_port;
use crate::sekishod::{Sekishod, count, station};

const FIRST: Ipv4Addr = Ipv4Addr::LOCALHOST;
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[test]
fn who_is_not_among_the_peers_is_refused() {
    let configuration =
        Configuration::new().acquirer("merchant-a", ASCII, "peers = [\"127.0.0.2/32\"]");
    let switch = Sekishod::starts(&configuration);
    let address = switch.address_of("merchant-a");
    let mut stranger =
        Link::connects_from(FIRST, None, ASCII, address).expect("the system takes it first");
    stranger.is_closed();
    let line = switch.says("connection refused: no station has this address among its peers");
    assert!(line["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{line}");
    assert_eq!(count(&switch.status(), "strangers_refused"), 1);

    let mut merchant =
        Link::connects_from(SECOND, None, ASCII, address).expect("somebody listens there");
    assert_eq!(merchant.asks(&sale(1)).code(), "908");
}

#[test]
fn two_stations_share_a_port_and_their_peers_tell_them_apart() {
    let address = own_port();
    let configuration = Configuration::new()
        .workers(2)
        .acquirer_at("merchant-a", ASCII, address, "peers = [\"127.0.0.1/32\"]")
        .acquirer_at("merchant-b", BINARY, address, "peers = [\"127.0.0.2/32\"]");
    let switch = Sekishod::starts(&configuration);
    let mut links = [(FIRST, ASCII), (SECOND, BINARY)].map(|(from, speech)| {
        Link::connects_from(from, None, speech, address).expect("somebody listens there")
    });
    for (place, link) in (0..).zip(&mut links) {
        // An institution of the other station is not known on this link.
        assert_eq!(link.asks(&sale_of(place, 1)).code(), "908");
        assert_eq!(link.asks(&sale_of(1 - place, 2)).code(), "905");
    }
    let status = switch.status();
    for name in ["merchant-a", "merchant-b"] {
        assert_eq!((station(&status, name).requests, station(&status, name).worker), (2, 0));
    }
}

#[test]
fn one_address_has_no_more_links_than_its_limit_and_takes_none_from_others() {
    let more = "links = 3\nlinks_per_peer = 2";
    let switch = Sekishod::starts(&Configuration::new().acquirer("merchant-a", ASCII, more));
    let address = switch.address_of("merchant-a");
    let connects = |from| Link::connects_from(from, None, ASCII, address).expect("it is there");
    let mut links = [FIRST, FIRST].map(connects);
    for link in &mut links {
        assert_eq!(link.asks(&sale(1)).code(), "908");
    }
    connects(FIRST).is_closed();
    let line =
        switch.says_of("merchant-a", "connection refused: its address has all of links_per_peer");
    assert!(line["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{line}");
    let mut other = connects(SECOND);
    assert_eq!(other.asks(&sale(2)).code(), "908");
    let status = switch.status();
    assert_eq!((count(&status, "peer_links_refused"), count(&status, "links_refused")), (1, 0));

    drop(links);
    switch.says_again_of("merchant-a", "link down", 2);
    assert_eq!(connects(FIRST).asks(&sale(3)).code(), "908");
}

#[test]
fn messages_are_the_same_however_their_bytes_arrive() {
    let configuration = Configuration::new().acquirer("merchant-a", ASCII, "");
    let switch = Sekishod::starts(&configuration);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let frames = [1, 2, 3].map(|stan| merchant.framed(&merchant.written(&sale(stan))));
    let bytes = [merchant.framed(&[]), frames.concat()].concat();
    // A keep-alive, a message, and three bytes of the next one; those are kept, or the answer to
    // the first would not be followed by the others.
    let (first, rest) = bytes.split_at(4 + frames[0].len() + 3);
    merchant.sends_bytes(first).expect("the other side takes it");
    assert_eq!(merchant.hears().text(11), "000001");
    merchant.sends_bytes(rest).expect("the other side takes it");
    assert_eq!(merchant.hears().text(11), "000002");
    assert_eq!(merchant.hears().text(11), "000003");
    let status = switch.status();
    assert_eq!((count(&status, "frames"), count(&status, "keep_alives")), (4, 1));
}

#[test]
fn a_station_has_no_more_links_than_its_limit() {
    let configuration = Configuration::new().acquirer("merchant-a", ASCII, "links = 1");
    let switch = Sekishod::starts(&configuration);
    let address = switch.address_of("merchant-a");
    let mut merchant = Link::connects(ASCII, address);
    assert_eq!(merchant.asks(&sale(1)).code(), "908");
    Link::connects(ASCII, address).is_closed();
    switch.says_of("merchant-a", "connection refused: all its links are in use");

    drop(merchant);
    switch.says_of("merchant-a", "link down");
    let mut merchant = Link::connects(ASCII, address);
    assert_eq!(merchant.asks(&sale(2)).code(), "908");
}
