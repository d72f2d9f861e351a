//! What both ends write down: the same transactions, whatever becomes of the connection between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bench::issuer::{self, ActionCode, Issuer};
use bench::ledger::{self, Answered, Reference, Sent};
use bench::load::{self, Options, Pace};

use crate::world::{HERE, Program, ascii, honest_issuer, issuer_that, program, short_load};

/// A run, and the ledger of it: what was sent, and what was answered.
fn run(options: &Options) -> (load::Report, Vec<Sent>, BTreeMap<Reference, Answered>) {
    let (mut sent, mut answered) = (Vec::new(), BTreeMap::new());
    let mut note = |entries: &[ledger::Acquirer]| {
        for entry in entries {
            match *entry {
                ledger::Acquirer::Sent(entry) => sent.push(entry),
                ledger::Acquirer::Answered(entry) => {
                    assert_eq!(answered.insert(entry.reference, entry), None, "one answer each");
                }
                ledger::Acquirer::Repeated(_)
                | ledger::Acquirer::AnsweredAgain(_)
                | ledger::Acquirer::Reversed(_)
                | ledger::Acquirer::Acknowledged(_) => panic!("nobody asked for {entry:?}"),
            }
        }
    };
    let stop = AtomicBool::new(false);
    let report = load::run_with_ledger(options, &stop, &mut |_| (), Some(&mut note)).unwrap();
    (report, sent, answered)
}

#[test]
fn both_ends_write_down_the_same_transactions() {
    let action = ActionCode::new("116").unwrap();
    let issuer = Issuer::open(&issuer::Options { action, ..honest_issuer() }).unwrap();
    let address = issuer.addresses()[0];
    let pages = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&pages);
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let thread = thread::spawn(move || {
        let mut note = |entries: &[_]| written.lock().unwrap().extend_from_slice(entries);
        issuer.run_with_ledger(&told, &mut |_| (), Some(&mut note)).unwrap()
    });
    let (report, sent, answered) =
        run(&Options { connections: 2, pace: Pace::Window(3), ..short_load(address) });
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let summary = thread.join().unwrap();
    let pages = std::mem::take(&mut *pages.lock().unwrap());

    assert!(report.sent > 0 && report.is_right(), "{report:?}");
    assert_eq!([sent.len(), answered.len()].map(|count| count as u64), [report.sent; 2]);
    let (mut received, mut replied) = (BTreeMap::new(), BTreeSet::new());
    for entry in pages {
        match entry {
            ledger::Issuer::Received(entry) => {
                assert_eq!(received.insert(entry.reference.unwrap(), entry), None);
            }
            ledger::Issuer::Replied(entry) => {
                assert!(entry.handed && entry.action == action, "{entry:?}");
                let of = received[&entry.reference.unwrap()];
                assert_eq!((entry.stan, entry.transmitted), (of.stan, of.transmitted));
                assert!(entry.at_ns >= of.at_ns && replied.insert(entry.reference.unwrap()));
            }
        }
    }
    assert_eq!([received.len(), replied.len()].map(|count| count as u64), [summary.requests; 2]);
    for sent in sent {
        let (received, answered) = (received[&sent.reference], answered[&sent.reference]);
        assert_eq!((received.mti, received.stan), (sent.mti, sent.stan));
        assert!(received.transmitted > 100_000_000 && sent.second > 1_700_000_000);
        assert_eq!((answered.action, answered.approval), (Some(action), None));
        assert!(!answered.by_switch && answered.at_ns >= sent.at_ns);
    }
}

#[test]
fn a_load_outlives_its_partner_and_what_was_in_flight_is_unanswered_not_wrong() {
    // Each fourth request of a connection ends it, with what else is open on it.
    let partner =
        issuer_that(|number, request| (number % 4 != 0).then(|| request.approved().frame()));
    let (report, sent, answered) = run(&Options {
        connections: 2,
        pace: Pace::Window(2),
        reconnect_max: Duration::from_millis(2),
        ..short_load(partner)
    });
    assert!(report.connections_lost > 2 && report.unanswered >= report.connections_lost);
    assert_eq!((report.mismatched, report.sent), (0, report.answered + report.unanswered));
    assert_eq!([sent.len(), answered.len()].map(|n| n as u64), [report.sent, report.answered]);
    let approval = |answer: &Answered| answer.approval.map(|text| text.to_string());
    assert!(answered.values().all(|answer| approval(answer).as_deref() == Some("A1B2C3")));
}

#[test]
fn an_answer_with_de_58_was_decided_on_the_way() {
    let partner = issuer_that(|_, request| {
        Some(request.approved().without(38).with(39, "911").with(58, "49000000001").frame())
    });
    let (_, sent, answered) = run(&short_load(partner));
    assert!(!sent.is_empty());
    let told = |answer: &Answered| (answer.action, answer.approval, answer.by_switch);
    let expected = (ActionCode::new("911"), None, true);
    assert!(answered.values().all(|answer| told(answer) == expected));
}

#[test]
fn requests_of_a_ledger_are_asked_again_as_repeats_of_themselves() {
    let partner = issuer_that(|_, request| {
        let repeated = request.mti == codec::Mti::of(0x1201);
        // What a repeat says besides its type is what its original said.
        Some(request.approved().with(38, if repeated { "AGAIN1" } else { "A1B2C3" }).frame())
    });
    let options = Options {
        pans: vec!["3530111333300000".into(), "4111111111111111".into()],
        acquirers: vec!["77334000001".into(), "77334000002".into()],
        ..short_load(partner)
    };
    let (_, sent, answered) = run(&options);
    let again = load::again(&options, &sent[..7], Duration::from_secs(10)).unwrap();
    assert_eq!(again.len(), 7);
    for (request, answer) in sent.iter().zip(again) {
        let answer = answer.unwrap();
        assert_eq!(answer.reference, request.reference);
        assert_eq!(answer.action, answered[&request.reference].action);
        assert_eq!(answer.approval.unwrap().to_string(), "AGAIN1");
    }
}

#[test]
fn a_repeat_says_what_its_original_said() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heard);
    let partner = issuer_that(move |_, request| {
        kept.lock().unwrap().push(request.clone());
        Some(request.approved().frame())
    });
    let options =
        Options { acquirers: vec!["77334000001".into(), "8".into()], ..short_load(partner) };
    let (_, sent, _) = run(&options);
    let count = sent.len();
    load::again(&options, &sent[..count.min(5)], Duration::from_secs(10)).unwrap();
    let heard = heard.lock().unwrap();
    for (original, repeat) in heard.iter().zip(&heard[count..]) {
        assert_eq!(original.fields, repeat.fields);
        assert_eq!((original.mti.bcd(), repeat.mti.bcd()), (0x1200, 0x1201));
    }
}

#[test]
fn the_programs_write_their_ledgers_to_files() {
    let place = |name: &str| {
        let name = format!("sekisho-bench-{name}-{}", std::process::id());
        std::env::temp_dir().join(name)
    };
    let (at_issuer, at_load) = (place("issuer"), place("load"));
    let (issuer_file, load_file) = (at_issuer.to_str().unwrap(), at_load.to_str().unwrap());
    let here = HERE.to_string();
    let (dialect, framing) = (ascii().name(), ["--framing", "ascii4"]);
    let words = ["issuer", "--listen", &here, "--dialect", dialect, "--ledger", issuer_file];
    let mut issuer = Program::starts(&[&words[..], &framing].concat());
    let target = issuer.listening().to_string();
    let words = ["load", "--target", &target, "--duration", "0.1", "--warmup", "0"];
    let output = program(&[&words[..], &["--ledger", load_file, "-o", "json"]].concat());
    let (_, code) = issuer.asked_to_end();
    let sent = ledger::read::<ledger::Acquirer>(&at_load).unwrap();
    let received = ledger::read::<ledger::Issuer>(&at_issuer).unwrap();
    std::fs::remove_file(&at_load).unwrap();
    std::fs::remove_file(&at_issuer).unwrap();
    assert_eq!((output.status.code(), code), (Some(0), Some(0)));
    let report: load::Report = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report.sent > 0);
    assert_eq!([sent.len(), received.len()].map(|count| count as u64), [report.sent * 2; 2]);

    let output = program(&["load", "--target", &target, "--ledger", "/no/such/folder/ledger"]);
    assert_eq!(output.status.code(), Some(1));
}
