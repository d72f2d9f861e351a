//! The load against honest partners: everything is answered, and what was counted is right.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use bench::issuer;
use bench::load::{self, Event, Options, Pace};
use codec::{Framing, Mti};

use crate::world::{
    HERE, Said, honest_issuer, issuer_that, running_issuer, running_relay, short_load,
};

/// A run that is stopped at the first full second at which so many requests are answered, however
/// slow the machine.
fn run_until(answered: u64, options: &Options) -> load::Report {
    let options = Options { duration: Duration::from_hours(1), ..options.clone() };
    let stop = AtomicBool::new(false);
    let report = load::run(&options, &stop, &mut |event| {
        if matches!(event, Event::Second(progress) if progress.answered >= answered) {
            stop.store(true, Ordering::Relaxed);
        }
    });
    report.unwrap()
}

fn run(options: &Options) -> load::Report {
    load::run(options, &AtomicBool::new(false), &mut |_| ()).unwrap()
}

#[test]
fn every_request_over_the_floor_is_answered_once_and_both_ends_count_the_same() {
    let issuer = running_issuer(&honest_issuer());
    let relay = running_relay(honest_issuer().framing, issuer.address);
    let options = Options { connections: 8, pace: Pace::Window(8), ..short_load(relay.address) };
    let report = run_until(1000, &options);
    let (passed, summary) = (relay.ends(), issuer.ends());
    assert!(report.is_right() && report.sent >= 1000, "{report:?}");
    assert_eq!((report.unanswered, report.mismatched, report.declined), (0, 0, 0));
    assert_eq!([report.answered, report.approved], [report.sent; 2]);
    assert_eq!([passed.requests, passed.answers], [report.sent; 2]);
    assert_eq!([summary.requests, summary.approved, summary.answers], [report.sent; 3]);
    assert!(report.latency_us.p50 > 0.0 && report.latency_us.p50 <= report.latency_us.max);
    assert!(report.tps > 0.0 && report.cpu_us_per_tx > 0.0);
}

#[test]
fn what_happens_in_warm_up_is_counted_and_not_measured() {
    let issuer = running_issuer(&honest_issuer());
    let options = Options { warmup: Duration::from_hours(1), ..short_load(issuer.address) };
    let report = run_until(1, &options);
    assert!(report.is_right() && report.approved == report.sent, "{report:?}");
    assert_eq!((report.measured, report.latency_us), (0, load::LatencyUs::default()));
    assert_eq!(issuer.ends().requests, report.sent);
}

#[test]
fn the_binary_dialect_and_its_framing_carry_the_same_sale() {
    let dialect = codec::built_in("iso93-binary").unwrap();
    let framing = Framing::built_in("bin2").unwrap();
    let issuer = running_issuer(&issuer::Options::new(vec![HERE], dialect, framing));
    let relay = running_relay(framing, issuer.address);
    let report =
        run(&Options { dialect, framing, pace: Pace::Window(4), ..short_load(relay.address) });
    relay.ends();
    let summary = issuer.ends();
    assert!(report.is_right() && report.approved == report.sent, "{report:?}");
    assert_eq!((summary.requests, summary.malformed), (report.sent, 0));
}

#[test]
fn the_open_loop_sends_as_many_as_the_rate_says() {
    let issuer = running_issuer(&honest_issuer());
    let report =
        run(&Options { connections: 3, pace: Pace::Rate(500), ..short_load(issuer.address) });
    assert!(report.is_right(), "{report:?}");
    assert!(report.sent <= 100 && report.sent + report.late_sends >= 100, "{report:?}");
    assert_eq!(issuer.ends().requests, report.sent);
}

#[test]
fn sends_that_find_no_room_in_time_are_late() {
    let silent = issuer::Options { drop_every: Some(1), ..honest_issuer() };
    let issuer = running_issuer(&silent);
    // 200,000 are due; no more than 65,536 may be open at once, and nothing is answered.
    let report = run(&Options { pace: Pace::Rate(1_000_000), ..short_load(issuer.address) });
    assert!(report.late_sends >= 200_000 - 65_536, "{report:?}");
    assert_eq!((report.answered, report.unanswered), (0, report.sent));
}

#[test]
fn requests_left_without_an_answer_are_unanswered() {
    let issuer = running_issuer(&issuer::Options { drop_every: Some(10), ..honest_issuer() });
    let grace = Duration::from_secs(3);
    let report = run(&Options { grace, pace: Pace::Window(64), ..short_load(issuer.address) });
    let summary = issuer.ends();
    assert!(summary.dropped > 0 && !report.is_right(), "{report:?}");
    assert_eq!(report.unanswered, summary.dropped);
    assert_eq!(report.answered + report.unanswered, report.sent);
    assert_eq!(report.mismatched, 0);
}

#[test]
fn an_answer_after_the_grace_time_is_one_to_nothing() {
    let late = issuer::Late { every: 1, by: Duration::from_secs(3) };
    let issuer = running_issuer(&issuer::Options { late: Some(late), ..honest_issuer() });
    let report = run(&Options {
        duration: Duration::from_secs(5),
        grace: Duration::from_millis(200),
        ..short_load(issuer.address)
    });
    assert!(report.unanswered > 0, "{report:?}");
    assert!(report.wrong.contains_key("an answer after the grace time"), "{report:?}");
}

#[test]
fn declines_are_counted_by_their_action_code() {
    let action = issuer::ActionCode::new("116").unwrap();
    let issuer = running_issuer(&issuer::Options { action, ..honest_issuer() });
    let report = run(&short_load(issuer.address));
    assert!(report.is_right(), "a decline is an answer");
    assert_eq!((report.approved, report.declined), (0, report.sent));
    assert_eq!(report.actions.get("116"), Some(&report.sent));
}

#[test]
fn cards_and_institutions_are_used_in_turn() {
    let (tell, told) = mpsc::channel();
    let issuer = issuer_that(move |_, request| {
        tell.send((request.mti, request.field(2).to_owned(), request.field(32).to_owned()))
            .unwrap();
        Some(request.approved().frame())
    });
    let options = Options {
        mti: Mti::of(0x1100),
        pans: vec!["3530111333300018".to_owned(), "378282246310005".to_owned()],
        acquirers: vec!["77334000001".to_owned(), "77334000002".to_owned()],
        ..short_load(issuer)
    };
    let report = run_until(4, &options);
    assert!(report.is_right(), "{report:?}");
    let mut seen: Vec<_> = told.iter().take(4).collect();
    seen.sort();
    let kind = |pan: &str, acquirer: &str| (Mti::of(0x1100), pan.to_owned(), acquirer.to_owned());
    let expected = [
        kind("3530111333300018", "77334000001"),
        kind("3530111333300018", "77334000002"),
        kind("378282246310005", "77334000001"),
        kind("378282246310005", "77334000002"),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn trace_numbers_and_references_are_each_requests_own() {
    let (tell, told) = mpsc::channel();
    let issuer = issuer_that(move |_, request| {
        tell.send((request.field(11).to_owned(), request.field(37).to_owned())).unwrap();
        Some(request.approved().frame())
    });
    let report = run(&Options { pace: Pace::Window(8), ..short_load(issuer) });
    let requests: Vec<_> = told.iter().take(usize::try_from(report.sent).unwrap()).collect();
    let (stans, references): (BTreeSet<_>, BTreeSet<_>) = requests.iter().cloned().unzip();
    assert_eq!([stans.len(), references.len()], [requests.len(); 2]);
}

#[test]
fn a_lost_connection_costs_its_open_requests_and_is_made_again() {
    let issuer = issuer_that(|number, request| (number < 3).then(|| request.approved().frame()));
    let report = run_until(5, &short_load(issuer));
    assert!(report.connections_lost >= 2, "{report:?}");
    assert_eq!(report.unanswered, report.connections_lost);
    // The last connection may still be good when the time is over.
    let answered = 2 * report.connections_lost;
    assert!((answered..=answered + 2).contains(&report.answered), "{report:?}");
    assert_eq!(report.answered + report.unanswered, report.sent);
}

#[test]
fn a_sign_on_and_an_echo_are_answered_with_800() {
    let (tell, told) = mpsc::channel();
    let issuer = issuer_that(move |number, message| {
        let mut bytes = Vec::new();
        if message.mti == Mti::of(0x1814) {
            tell.send(message.clone()).unwrap();
        } else {
            bytes = message.approved().frame();
        }
        if number == 1 {
            for (stan, function) in [("900001", "801"), ("900002", "831")] {
                let echo = [(7, "1121052030"), (11, stan), (12, "261121142030"), (24, function)];
                bytes.extend(Said::new(0x1804, &echo).frame());
            }
        }
        Some(bytes)
    });
    let report = run(&short_load(issuer));
    assert!(report.is_right(), "{report:?}");
    for stan in ["900001", "900002"] {
        let fields = [(7, "1121052030"), (11, stan), (12, "261121142030"), (39, "800")];
        assert_eq!(told.recv().unwrap(), Said::new(0x1814, &fields));
    }
}

#[test]
fn a_stop_ends_the_sending_and_still_reports() {
    let issuer = running_issuer(&honest_issuer());
    let stop = AtomicBool::new(false);
    let options = Options { duration: Duration::from_hours(1), ..short_load(issuer.address) };
    let mut seconds = 0;
    let report = load::run(&options, &stop, &mut |event| {
        if let Event::Second(progress) = event {
            seconds = progress.seconds;
            stop.store(true, Ordering::Relaxed);
        }
    });
    let report = report.unwrap();
    assert!(seconds >= 1 && report.is_right() && report.sent > 0, "{report:?}");
    assert!(report.measured > 0 && report.seconds >= 1.0, "{report:?}");
    assert_eq!(issuer.ends().requests, report.sent);
}

#[test]
fn what_can_not_be_sent_is_refused_before_anything_is() {
    let issuer = running_issuer(&honest_issuer());
    let good = short_load(issuer.address);
    let none = || -> Vec<String> { Vec::new() };
    for bad in [
        Options { connections: 0, ..good.clone() },
        Options { connections: load::CONNECTIONS_MAX + 1, ..good.clone() },
        Options { connections: 512, pace: Pace::Window(513), ..good.clone() },
        Options { pace: Pace::Window(0), ..good.clone() },
        Options { pans: none(), ..good.clone() },
    ] {
        let refused = load::run(&bad, &AtomicBool::new(false), &mut |_| ());
        assert!(matches!(refused, Err(load::Error::Bounds)), "{bad:?}");
    }
    for bad in [
        Options { pans: vec!["35301113333000001234".to_owned()], ..good.clone() },
        Options { mti: Mti::of(0x1420), ..good },
    ] {
        let refused = load::run(&bad, &AtomicBool::new(false), &mut |_| ());
        assert!(matches!(refused, Err(load::Error::Sale(_))), "{bad:?}");
    }
    assert_eq!(issuer.ends().requests, 0);
}

#[test]
fn options_show_no_card_number() {
    let shown = format!("{:?}", short_load(HERE));
    assert!(shown.contains("353011******0000") && !shown.contains("3530111333300000"), "{shown}");
}
