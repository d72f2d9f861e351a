//! A load that knows the addresses of two sites: where it goes, when it moves, what it takes along.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench::issuer;
use bench::load::{self, Event, Options, Pace, Report};

use crate::world::{HERE, Said, honest_issuer, issuer_that, program, running_issuer, short_load};

/// A port where nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind(HERE).unwrap().local_addr().unwrap()
}

/// A load of four connections, until it is told to end, or what it waits for does not come.
fn at_sites(sites: &[SocketAddr]) -> Options {
    let options = Options { connections: 4, pace: Pace::Rate(400), ..short_load(sites[0]) };
    Options { duration: Duration::from_secs(30), ..options.at_sites(sites.to_vec()) }
}

/// Runs it until something has happened.
fn run_until(options: &Options, mut is_it: impl FnMut(&load::Progress) -> bool) -> Report {
    let stop = AtomicBool::new(false);
    let report = load::run(options, &stop, &mut |event| {
        if matches!(event, Event::Second(progress) if is_it(progress)) {
            stop.store(true, Ordering::Relaxed);
        }
    });
    report.unwrap()
}

#[test]
fn links_go_to_the_first_address_that_takes_them_and_stay_there() {
    let (standby, spare) = (nobody(), running_issuer(&honest_issuer()));
    let issuer = running_issuer(&honest_issuer());
    let options = at_sites(&[standby, issuer.address, spare.address]);
    let report = run_until(&options, |progress| progress.answered > 0);
    assert!(report.is_right() && report.sent > 0, "{report:?}");
    assert_eq!((report.moves, report.connections_lost), (0, 0));
    assert_eq!((issuer.ends().requests, spare.ends().requests), (report.sent, 0));
}

#[test]
fn links_that_are_lost_move_to_the_other_site_with_what_they_have_no_answer_to() {
    let issuer = running_issuer(&honest_issuer());
    let slow = issuer::Options { delay: Duration::from_millis(30), ..honest_issuer() };
    let mut first = Some(running_issuer(&slow));
    let options = at_sites(&[first.as_ref().unwrap().address, issuer.address]);
    let mut before = 0;
    let report = run_until(&options, |progress| {
        if progress.answered > 0 && first.is_some() {
            first.take().unwrap().ends();
            before = progress.answered;
        }
        first.is_none() && progress.answered > before + 400
    });
    assert!(report.is_right(), "{report:?}");
    assert_eq!((report.moves, report.connections_lost), (4, 4));
    assert!(report.asked_again > 0, "{report:?}");
    assert!(issuer.ends().repeats > 0, "they are asked again as repeats");
    assert!(report.without_answer_s > 0.0, "{report:?}");
    assert!(report.without_answer_s <= report.without_approval_s, "{report:?}");
}

#[test]
fn a_site_that_says_nothing_is_asked_for_an_echo_and_left() {
    let heard: Arc<Mutex<Vec<Said>>> = Arc::default();
    let kept = Arc::clone(&heard);
    let frozen = issuer_that(move |_, message| {
        kept.lock().unwrap().push(message.clone());
        Some(Vec::new())
    });
    let issuer = running_issuer(&honest_issuer());
    let options = at_sites(&[frozen, issuer.address]);
    let options = Options { silence: Some(Duration::from_secs(1)), ..options };
    let report = run_until(&options, |progress| progress.answered > 0);
    assert!(report.is_right(), "{report:?}");
    assert_eq!(report.moves, 4, "{report:?}");
    let first = heard.lock().unwrap()[0].clone();
    assert_eq!((first.mti.bcd(), first.field(24)), (0x1804, "831"), "{first:?}");
    // A new connection has a quarter of the time.
    assert!(report.without_answer_s >= 0.25, "{report:?}");
}

#[test]
fn a_site_that_answers_echoes_and_no_request_is_left_too() {
    let stopped = issuer_that(|_, message| {
        let is_echo = message.mti.class() == 8;
        Some(if is_echo { message.approved().without(38).frame() } else { Vec::new() })
    });
    let issuer = running_issuer(&honest_issuer());
    let options = at_sites(&[stopped, issuer.address]);
    let options = Options { silence: Some(Duration::from_millis(600)), ..options };
    let report = run_until(&options, |progress| progress.answered > 0);
    assert!(report.is_right(), "{report:?}");
    assert_eq!(report.moves, 4, "{report:?}");
    assert!(report.without_answer_s >= 0.6, "{report:?}");
}

#[test]
fn a_request_that_is_never_answered_is_repeated_twice_and_reversed() {
    let heard: Arc<Mutex<Vec<Said>>> = Arc::default();
    let kept = Arc::clone(&heard);
    // The second one has an amount of 101.
    let partner = issuer_that(move |_, message| {
        let is_dropped = message.field(4) == "000000000101";
        if is_dropped {
            kept.lock().unwrap().push(message.clone());
        }
        let answer = message.approved();
        Some(match message.mti.class() {
            4 => answer.without(38).with(39, "400").frame(),
            _ if is_dropped => Vec::new(),
            _ => answer.frame(),
        })
    });
    let again_after = Some(Duration::from_millis(300));
    let pace = Pace::Rate(20);
    let report = run_until(&Options { again_after, pace, ..at_sites(&[partner]) }, |progress| {
        progress.unanswered > 0
    });
    assert_eq!((report.unanswered, report.unanswered_reversed), (1, 1), "{report:?}");
    assert_eq!((report.asked_again, report.mismatched), (2, 0), "{report:?}");
    assert!(!report.is_right());
    let heard = heard.lock().unwrap();
    let said: Vec<_> = heard.iter().map(|message| message.mti.bcd()).collect();
    assert_eq!(said, [0x1200, 0x1201, 0x1201, 0x1420]);
    assert_eq!((heard[3].field(24), heard[3].field(25)), ("400", "4021"));
}

#[test]
fn the_program_takes_several_targets_and_says_where_nobody_was() {
    let issuer = running_issuer(&honest_issuer());
    let (nobody, there) = (nobody().to_string(), issuer.address.to_string());
    let run = ["load", "--duration", "0.2", "--warmup", "0", "-o", "json", "--target", &nobody];
    let output = program(&[&run[..], &["--target", &there]].concat());
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), report.moves), (Some(0), 0));
    assert_eq!(issuer.ends().requests, report.sent);
    let output = program(&[&run[..], &["--target", &nobody]].concat());
    assert_eq!(output.status.code(), Some(6));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("can not reach {nobody} or {nobody}: 0 connections")), "{said}");
}
