//! The log is nobody's reason to wait: a partner gets its answers whether anybody reads it or not.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::centre::Centre;
use crate::configuration::{ASCII, BINARY, Configuration};
use crate::letter::sale;
use crate::link::Link;
use crate::patience::{lets_pass, until};
use crate::place::{Directory, own_address, own_port};
use crate::reloading::PAN;
use crate::sekishod::{Sekishod, station};

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
        .map(|line| serde_json::from_str::<Value>(line).expect("every line is JSON"));
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
    // Of what comes by itself, so much is summed up that it would take long to lose a line.
    until("lines to be lost", || {
        for _ in 0..50 {
            switch.is_sent(Signal::QUIT);
            lets_pass(Duration::from_millis(2));
        }
        Some(switch.status().log_lines_lost).filter(|&lost| lost > 0)
    });
    let lost = switch.status().log_lines_lost;
    switch.is_read_again();
    switch.says("log lines were lost: more came than could be written");
    assert_eq!(merchant.asks(&sale(2)).code(), "908");
    switch.is_sent(Signal::TERM);
    let ended = switch.ends();
    assert_eq!(ended.code, Some(0));
    let lines = ended.stderr.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let told: u64 = lines.filter_map(|line| line["lost"].as_u64()).sum();
    assert!(told >= lost, "{told} of {lost} were told");
}

#[test]
fn a_log_that_nobody_ever_reads_keeps_no_start_and_no_end_waiting() {
    let address = own_port();
    let configuration = Configuration::new().acquirer_at("merchant-a", ASCII, address, "");
    let (switch, _unread) = Sekishod::starts_unread(&configuration);
    let mut merchant = Link::connects(ASCII, address);
    assert_eq!(merchant.asks(&sale(1)).code(), "908");
    assert_eq!(switch.status().stations[0].requests, 1);
    switch.is_sent(Signal::QUIT);
    switch.is_sent(Signal::TERM);
    merchant.is_closed();
    assert_eq!(switch.ends().code, Some(0));
}

#[test]
fn a_reload_waits_for_nobody_who_should_read_the_log() {
    let (x, y) = (Centre::opens(BINARY), Centre::opens(BINARY));
    let address = own_port();
    let both = |issuer| {
        let configuration = Configuration::new().acquirer_at("merchant-a", ASCII, address, "");
        let configuration = configuration.issuer("issuer-x", BINARY, x.address(), "");
        configuration.issuer("issuer-y", BINARY, y.address(), "").route(PAN, issuer)
    };
    let (switch, _unread) = Sekishod::starts_unread(&both("issuer-x"));
    switch.comes_to("both issuers are up", |status| {
        ["issuer-x", "issuer-y"].iter().all(|name| station(status, name).links_ready == 1)
    });
    let mut merchant = Link::connects(ASCII, address);
    assert_eq!(merchant.asks(&sale(1)).code(), "000");
    let progress = switch.adopts(&both("issuer-y"));
    assert_eq!(merchant.asks(&sale(2)).code(), "000");
    let status = switch.status();
    let requests = ["issuer-x", "issuer-y"].map(|name| station(&status, name).requests);
    assert_eq!((requests, status.adopted.number), ([1, 1], progress.number));
    assert_eq!(status.adopted.how, "signal");
    switch.is_sent(Signal::TERM);
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

#[test]
fn a_service_of_systemd_says_how_urgent_a_line_is_and_leaves_the_time_to_the_journal() {
    let taken = TcpListener::bind(own_address()).expect("loopback is all ours");
    let address = taken.local_addr().expect("it is bound");
    let configuration = Configuration::new().acquirer_at("merchant-a", ASCII, address, "");
    for (number, is_ours) in [(0, true), (1, false)] {
        let directory = Directory::new();
        let [file, log] = ["sekisho.toml", "log"].map(|name| directory.path().join(name));
        fs::write(&file, configuration.text(directory.path())).expect("it takes a file");
        let stderr = fs::File::create(&log).expect("it takes a file");
        let about = stderr.metadata().expect("it is open");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekishod"));
        command.arg("--config").arg(file).arg("--insecure-demo").stderr(stderr);
        command.env("JOURNAL_STREAM", format!("{}:{}", about.dev(), about.ino() + number));
        assert_eq!(command.status().expect("it starts").code(), Some(1));
        let lines = fs::read_to_string(log).expect("it wrote text");
        let last = lines.lines().last().expect("it says why");
        assert_eq!(last.starts_with(&format!("<3>listen on {address}")), is_ours, "{last}");
        assert_eq!(last.starts_with('{'), !is_ours, "{last}");
    }
}
