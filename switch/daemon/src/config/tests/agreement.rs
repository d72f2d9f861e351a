//! What two sites must have alike.

use super::super::agreement::{OWN, OWN_OF_STATION};
use super::super::rows::{NODE, STATION};
use super::*;
use ::journal::seal::{Key, Keys};

fn keys(byte: u8) -> Keys {
    Keys::only(Key::of(&[byte; 32]))
}

/// What differs between the digests of two configurations, as they are shown.
fn differ(one: &str, other: &str) -> Vec<&'static str> {
    let [one, other] = [one, other].map(|text| loaded(text).agreement(&keys(1)));
    let pairs = [
        ("configuration", one.configuration, other.configuration),
        ("dialects", one.dialects, other.dialects),
        ("keys", one.keys, other.keys),
    ];
    pairs.into_iter().filter(|(_, one, other)| one != other).map(|(what, ..)| what).collect()
}

#[test]
fn addresses_names_and_what_a_machine_has_of_its_own_may_differ_between_two_sites() {
    let other = WHOLE
        .replace("name = \"tokyo\"", "name = \"osaka\"\nworkers = 1\nspin_us = 7")
        .replace("127.0.0.1:7001", "127.0.0.1:7901")
        .replace("127.0.0.1:8001", "127.0.0.1:8901");
    assert_ne!(other, WHOLE);
    assert_eq!(differ(WHOLE, &other), [""; 0]);
}

#[test]
fn what_decides_and_what_stations_are_told_must_be_alike() {
    for (from, to) in [
        ("institution = \"49000000001\"", "institution = \"49000000002\""),
        ("[[route]]", "[[route]]\npan = \"411111\"\nto = [\"issuer-x\"]\n[[route]]"),
        ("role = \"issuer\"", "role = \"issuer\"\ntimeout = \"7s\""),
        ("[[station]]", "[limits]\npending_max = 4096\n[[station]]"),
    ] {
        let other = WHOLE.replacen(from, to, 1);
        assert_ne!(other, WHOLE, "{from}");
        assert_eq!(differ(WHOLE, &other), ["configuration"], "{to}");
    }
}

#[test]
fn another_sealing_key_is_seen() {
    let configuration = loaded(WHOLE);
    let [one, other] = [1, 2].map(|byte| configuration.agreement(&keys(byte)));
    assert_ne!(one.keys, other.keys);
    assert_eq!((one.configuration, one.dialects), (other.configuration, other.dialects));
}

#[test]
fn what_each_site_has_of_its_own_stands_in_the_table_of_keys() {
    let node: Vec<_> = NODE.iter().map(|row| row.key).collect();
    let station: Vec<_> = STATION.iter().map(|row| row.key).collect();
    assert!(OWN.iter().all(|key| node.contains(key)));
    assert!(OWN_OF_STATION.iter().all(|key| station.contains(key)));
}
