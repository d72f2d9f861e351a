//! The log is nobody's reason to wait: a partner gets its answers whether anybody reads it or not.

use std::net::TcpStream;

use rustix::process::Signal;

use crate::configuration::{ASCII, Configuration};
use crate::letter::sale;
use crate::link::Link;
use crate::patience::until;
use crate::sekishod::Sekishod;

/// Messages that are worth a line each, when there is room for it.
const MALFORMED: usize = 20_000;

fn starts() -> (Sekishod, Link) {
    let configuration = Configuration::new().acquirer("merchant-a", ASCII, "noise_max = 1_000_000");
    let switch = Sekishod::starts(&configuration);
    let merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    (switch, merchant)
}

#[test]
fn lines_of_one_kind_beyond_ten_a_second_are_counted_up_to_the_end() {
    let (switch, mut merchant) = starts();
    for _ in 0..30 {
        merchant.sends_message(b"no message");
    }
    assert_eq!(merchant.asks(&sale(1)).code(), "908");
    switch.is_sent(Signal::TERM);
    let ended = switch.ends();
    let lines = ended
        .stderr
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("every line is JSON"));
    let mut told = 0;
    for line in lines {
        told += u64::from(line["message"] == "malformed message");
        if line["kind"] == "malformed" {
            told += line["more"].as_u64().expect("a count");
        }
    }
    assert_eq!(told, 30, "{}", ended.stderr);
}

#[test]
fn a_log_that_nobody_reads_keeps_nobody_waiting_and_what_is_lost_is_counted() {
    let (switch, mut merchant) = starts();
    switch.is_not_read(|| merchant.sends_message(b"no message"));
    switch.can_not_write();
    for _ in 0..MALFORMED {
        merchant.sends_message(b"no message");
    }
    assert_eq!(merchant.asks(&sale(1)).code(), "908");
    assert_eq!(switch.status().stations[0].requests, 1);
    let address = merchant.other_end();
    switch.is_sent(Signal::TERM);
    until("its port to close", || TcpStream::connect(address).err());
    assert_eq!(merchant.asks(&sale(2)).code(), "907", "it drains");

    switch.is_read_again();
    let line = switch.says("log lines were lost: more came than could be written");
    assert!(line["lost"].as_u64().is_some_and(|lost| lost > 1_000), "{line}");
    assert_eq!(switch.ends().code, Some(0));
}

#[test]
fn a_log_whose_reader_is_gone_ends_nothing() {
    let (switch, mut merchant) = starts();
    switch.is_not_read(|| merchant.sends_message(b"no message"));
    switch.is_hung_up_on();
    for stan in 1..=3 {
        merchant.sends_message(b"no message");
        assert_eq!(merchant.asks(&sale(stan)).code(), "908");
    }
    assert_eq!(switch.status().stations[0].requests, 3);
    switch.is_sent(Signal::TERM);
    assert_eq!(switch.ends().code, Some(0));
}
