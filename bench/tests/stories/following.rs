//! Repeats and reversals of a load: what they say, and which answers to them are right.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench::ledger::{self, Acquirer};
use bench::load::{self, Options, Report};
use codec::Mti;

use crate::world::{
    Said, ascii_87, honest_issuer, issuer_that, program, running_issuer, short_load,
};

/// What a partner heard, in order.
type Heard = Arc<Mutex<Vec<Said>>>;

/// An honest partner that knows a repeat by its reference, and what it heard.
fn honest() -> (std::net::SocketAddr, Heard) {
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    let partner = issuer_that(move |_, message| {
        kept.lock().unwrap().push(message.clone());
        Some(answered(message).frame())
    });
    (partner, heard)
}

/// A right answer, also to a reversal.
fn answered(message: &Said) -> Said {
    let answer = message.approved();
    match (message.mti.class(), message.mti.version()) {
        (4, 0) => answer.without(38).with(39, "00"),
        (4, _) => answer.without(38).with(39, "400"),
        (_, 0) => answer.with(39, "00"),
        _ => answer,
    }
}

fn run(options: &Options) -> Report {
    load::run(options, &AtomicBool::new(false), &mut |_| ()).unwrap()
}

/// What was heard of each reference.
fn by_reference(heard: &Heard) -> BTreeMap<String, Vec<Said>> {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for message in heard.lock().unwrap().iter() {
        all.entry(message.field(37).to_owned()).or_default().push(message.clone());
    }
    all
}

#[test]
fn each_third_request_is_sent_again_as_its_repeat_and_says_the_same() {
    let (partner, heard) = honest();
    let report = run(&Options { repeats_every: Some(3), ..short_load(partner) });
    assert!(report.is_right() && report.repeats > 1, "{report:?}");
    assert_eq!(report.repeats, report.sent / 3);
    assert_eq!(report.repeats, report.repeats_answered);
    let all = by_reference(&heard);
    let repeated: Vec<_> = all.values().filter(|messages| messages.len() > 1).collect();
    assert_eq!(repeated.len() as u64, report.repeats);
    for messages in repeated {
        assert_eq!((messages[0].mti.bcd(), messages[1].mti.bcd()), (0x1200, 0x1201));
        assert_eq!(messages[0].fields, messages[1].fields);
    }
}

#[test]
fn a_repeat_that_is_answered_otherwise_than_its_request_is_a_wrong_answer() {
    let partner = issuer_that(|_, message| {
        let code = if message.mti.is_repeat() { "A1B2C4" } else { "A1B2C3" };
        Some(message.approved().with(38, code).frame())
    });
    let report = run(&Options { repeats_every: Some(2), ..short_load(partner) });
    let wrong = report.wrong.get("a repeat was answered otherwise than its request");
    assert_eq!(wrong, Some(&report.repeats), "{report:?}");
}

#[test]
fn an_issuer_gives_a_repeat_the_answer_of_its_request() {
    let issuer = running_issuer(&honest_issuer());
    let report = run(&Options { repeats_every: Some(2), ..short_load(issuer.address) });
    assert!(report.is_right() && report.repeats > 0, "{report:?}");
    assert_eq!(issuer.ends().repeats, report.repeats);
}

#[test]
fn a_repeat_without_an_answer_makes_the_run_wrong() {
    let partner = issuer_that(|_, message| {
        Some(if message.mti.is_repeat() { Vec::new() } else { message.approved().frame() })
    });
    let grace = Duration::from_secs(2);
    let report = run(&Options { repeats_every: Some(2), grace, ..short_load(partner) });
    assert_eq!((report.unanswered, report.mismatched, report.repeats_answered), (0, 0, 0));
    assert!(report.repeats > 0 && !report.is_right(), "{report:?}");
}

#[test]
fn each_second_request_is_reversed_once_it_is_approved() {
    let (partner, heard) = honest();
    let report = run(&Options { reversals_every: Some(2), ..short_load(partner) });
    assert!(report.is_right() && report.reversals > 1, "{report:?}");
    let all = by_reference(&heard);
    let reversed: Vec<_> = all.values().filter(|messages| messages.len() > 1).collect();
    assert_eq!(reversed.len() as u64, report.reversals);
    for messages in reversed {
        let (sale, reversal) = (&messages[0], &messages[1]);
        assert_eq!(reversal.mti, Mti::of(0x1420));
        assert_eq!((reversal.field(24), reversal.field(25)), ("400", "4000"));
        for n in [2, 3, 4, 12, 32, 41, 42, 49] {
            assert_eq!(reversal.field(n), sale.field(n), "DE {n}");
        }
        let (stan, time) = (sale.field(11), sale.field(12));
        assert_eq!(reversal.field(56), format!("1200{stan}{time}1177334000001"));
    }
}

#[test]
fn a_reversal_of_1987_names_its_original_in_de_90() {
    let (partner, heard) = honest();
    let base = Options::new(partner, ascii_87(), honest_issuer().framing);
    let report = run(&Options {
        reversals_every: Some(1),
        duration: Duration::from_millis(200),
        warmup: Duration::ZERO,
        acquirers: vec!["7733".to_owned()],
        ..base
    });
    assert!(report.is_right() && report.reversals > 0, "{report:?}");
    let all = by_reference(&heard);
    for messages in all.values() {
        let (sale, reversal) = (&messages[0], &messages[1]);
        assert_eq!(reversal.mti, Mti::of(0x0420));
        let (stan, time) = (sale.field(11), sale.field(7));
        let name = format!("0200{stan}{time}{:0>11}{:0>11}", "7733", "");
        assert_eq!(reversal.field(90), name);
    }
}

#[test]
fn a_decline_is_not_reversed_and_a_reversal_that_is_refused_is_a_wrong_answer() {
    let declined = issuer_that(|_, message| Some(message.approved().with(39, "116").frame()));
    let report = run(&Options { reversals_every: Some(1), ..short_load(declined) });
    assert_eq!((report.reversals, report.is_right()), (0, true), "{report:?}");

    let refused = issuer_that(|_, message| {
        let answer = answered(message);
        Some(if message.mti.class() == 4 { answer.with(39, "914") } else { answer }.frame())
    });
    let report = run(&Options { reversals_every: Some(1), ..short_load(refused) });
    let wrong = report.wrong.get("a reversal was not accepted");
    assert_eq!(wrong, Some(&report.reversals), "{report:?}");
}

#[test]
fn a_reversal_that_can_not_be_taken_now_is_sent_again_as_its_repeat() {
    let (_, heard) = honest();
    let kept = Arc::clone(&heard);
    let partner = issuer_that(move |_, message| {
        kept.lock().unwrap().push(message.clone());
        let answer = answered(message);
        let refused = message.mti == Mti::of(0x1420);
        Some(if refused { answer.with(39, "907") } else { answer }.frame())
    });
    let report = run(&Options { reversals_every: Some(5), ..short_load(partner) });
    assert!(report.is_right() && report.reversals > 0, "{report:?}");
    assert_eq!(report.reversals_again, report.reversals);
    for messages in by_reference(&heard).values().filter(|messages| messages.len() > 1) {
        let types: Vec<_> = messages.iter().map(|message| message.mti.bcd()).collect();
        assert_eq!(types, [0x1200, 0x1420, 0x1421]);
        let (first, again) = (&messages[1].fields, &messages[2].fields);
        assert!(first.iter().all(|(n, text)| *n == 7 || again.get(n) == Some(text)));
    }
}

#[test]
fn what_was_open_on_a_lost_connection_is_asked_again_over_the_next_one() {
    // Each fourth message of a connection ends it.
    let partner =
        issuer_that(|number, request| (number % 4 != 0).then(|| request.approved().frame()));
    let mut steps = Vec::new();
    let mut note = |entries: &[Acquirer]| steps.extend_from_slice(entries);
    let options = Options {
        connections: 2,
        pace: load::Pace::Window(2),
        reconnect_max: Duration::from_millis(2),
        asks_again: true,
        ..short_load(partner)
    };
    let stop = AtomicBool::new(false);
    let report = load::run_with_ledger(&options, &stop, &mut |_| (), Some(&mut note)).unwrap();
    assert!(report.is_right() && report.connections_lost > 2, "{report:?}");
    assert_eq!((report.answered, report.unanswered), (report.sent, 0));
    let count = |is_it: fn(&Acquirer) -> bool| {
        u64::try_from(steps.iter().filter(|step| is_it(step)).count()).unwrap()
    };
    assert_eq!(count(|step| matches!(step, Acquirer::Repeated(_))), report.asked_again);
    assert!(report.asked_again >= report.connections_lost);
}

#[test]
fn the_ledgers_of_both_ends_tell_of_repeats_and_reversals() {
    let issuer = bench::issuer::Issuer::open(&honest_issuer()).unwrap();
    let address = issuer.addresses()[0];
    let (stop, pages) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let (told, written) = (Arc::clone(&stop), Arc::clone(&pages));
    let thread = std::thread::spawn(move || {
        let mut note = |entries: &[_]| written.lock().unwrap().extend_from_slice(entries);
        issuer.run_with_ledger(&told, &mut |_| (), Some(&mut note)).unwrap()
    });
    let mut steps = Vec::new();
    let mut note = |entries: &[Acquirer]| steps.extend_from_slice(entries);
    let options = Options { reversals_every: Some(1), ..short_load(address) };
    let report =
        load::run_with_ledger(&options, &AtomicBool::new(false), &mut |_| (), Some(&mut note));
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let (report, summary) = (report.unwrap(), thread.join().unwrap());
    assert!(report.is_right() && report.reversals > 0, "{report:?}");
    assert_eq!(summary.reversed_amount, summary.approved_amount);
    let reversed: Vec<_> = steps
        .iter()
        .filter_map(|step| if let Acquirer::Reversed(sent) = step { Some(*sent) } else { None })
        .collect();
    assert_eq!(reversed.len() as u64, report.reversals);
    let pages = pages.lock().unwrap();
    for sent in reversed {
        assert_eq!(sent.mti, Mti::of(0x1420));
        let of_it = |page: &&ledger::Issuer| match page {
            ledger::Issuer::Received(received) => received.reference == Some(sent.reference),
            ledger::Issuer::Replied(_) => false,
        };
        let received: Vec<_> = pages.iter().filter(of_it).collect();
        let [ledger::Issuer::Received(sale), ledger::Issuer::Received(reversal)] = received[..]
        else {
            panic!("{received:?}");
        };
        assert_eq!((sale.original, reversal.original), (None, Some(sale.stan)));
        assert!(sale.amount == reversal.amount && sale.amount >= 100, "{sale:?}");
    }
}

#[test]
fn shares_are_told_to_the_program_in_hundredths() {
    let (partner, _) = honest();
    let target = partner.to_string();
    let words = ["load", "--target", &target, "--duration", "0.2", "--warmup", "0", "-o", "json"];
    let output = program(&[&words[..], &["--repeats", "50", "--reversals", "25%"]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report.repeats > 0 && report.reversals > 0, "{report:?}");
    let output = program(&[&words[..], &["--repeats", "101"]].concat());
    assert_eq!(output.status.code(), Some(2));
}
