//! Partners that lie: the load finds each lie, and exits with 7.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, mpsc};

use std::thread;
use std::time::Duration;

use bench::load::Report;

use crate::world::{HERE, Line, Said, issuer_that, program};

/// How long an answer may take where each request gets one: a busy machine is no lie.
const PATIENT: &str = "15s";

/// The same where a request stays open, and the run as long as this.
const BRISK: &str = "2s";

/// Exit code and report of a load whose first answer is told by `lie`; the others are honest.
fn told(
    grace: &str,
    lie: impl Fn(&Said) -> Vec<u8> + Send + Sync + 'static,
) -> (Option<i32>, Report) {
    let asked = AtomicU64::new(0);
    let issuer = issuer_that(move |_, request| {
        let first = asked.fetch_add(1, Ordering::Relaxed) == 0;
        Some(if first { lie(request) } else { request.approved().frame() })
    });
    run(&issuer.to_string(), "1", grace)
}

fn run(target: &str, connections: &str, grace: &str) -> (Option<i32>, Report) {
    let output = program(&[
        "load",
        "--target",
        target,
        "-c",
        connections,
        "--duration",
        "150ms",
        "--warmup",
        "0",
        "--grace",
        grace,
        "-o",
        "json",
    ]);
    let text = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(text.lines().last().unwrap_or_default());
    (output.status.code(), report.unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// One wrong answer of that kind, and exit code 7.
fn check(what: &str, lie: impl Fn(&Said) -> Vec<u8> + Send + Sync + 'static) {
    let (code, report) = told(PATIENT, lie);
    assert_eq!(report.wrong, BTreeMap::from([(what.to_owned(), 1)]), "{report:?}");
    assert_eq!((code, report.mismatched), (Some(7), 1), "{report:?}");
}

#[test]
fn honest_answers_exit_with_0() {
    let (code, report) = told(PATIENT, |request| request.approved().frame());
    assert_eq!((code, report.mismatched, report.unanswered), (Some(0), 0, 0), "{report:?}");
    assert!(report.sent > 0);
}

#[test]
fn a_field_that_differs_is_a_wrong_answer() {
    for (n, other) in [
        (2, "3530111333300018"),
        (3, "200000"),
        (4, "000000000001"),
        (7, "0101000000"),
        (12, "700101000000"),
        (32, "77334000002"),
        (37, "000000000000"),
        (41, "T0000002"),
        (42, "M00000000000002"),
        (49, "840"),
    ] {
        check(&format!("DE {n} differs"), move |request| request.approved().with(n, other).frame());
    }
}

#[test]
fn a_field_that_must_come_back_and_does_not_is_a_wrong_answer() {
    for n in [7, 12, 32, 37, 39, 41] {
        check(&format!("DE {n} is missing"), move |request| request.approved().without(n).frame());
    }
}

#[test]
fn a_field_that_may_stay_out_is_not_missed() {
    for n in [2, 3, 4, 38, 42, 49] {
        let (code, report) = told(PATIENT, move |request| request.approved().without(n).frame());
        assert_eq!((code, report.mismatched), (Some(0), 0), "DE {n}: {report:?}");
    }
}

#[test]
fn an_answer_of_another_type_is_a_wrong_answer() {
    check("another type of answer", |request| {
        Said::new(0x1110, &[]).with_fields_of(&request.approved()).frame()
    });
}

#[test]
fn an_answer_to_another_trace_number_is_one_to_nothing_and_leaves_its_request_open() {
    let (code, report) = told(BRISK, |request| request.approved().with(11, "777777").frame());
    assert_eq!(report.wrong.get("an answer to nothing"), Some(&1), "{report:?}");
    assert_eq!((code, report.unanswered), (Some(7), 1));
    let (code, report) = told(BRISK, |request| request.approved().without(11).frame());
    assert_eq!(report.wrong.get("an answer to nothing"), Some(&1), "{report:?}");
    assert_eq!((code, report.unanswered), (Some(7), 1));
}

#[test]
fn a_second_answer_is_a_wrong_answer() {
    check("a second answer", |request| request.approved().frame().repeat(2));
}

#[test]
fn the_last_answer_given_again_a_little_later_is_seen_too() {
    let listener = TcpListener::bind(HERE).unwrap();
    let target = listener.local_addr().unwrap().to_string();
    let liar = thread::spawn(move || {
        let mut line = Line::from(listener.accept().unwrap().0);
        let (_never, later) = mpsc::channel::<()>();
        while let Ok(Some(request)) = line.next() {
            line.says(&request.approved());
            assert!(later.recv_timeout(Duration::from_millis(5)).is_err());
            line.says(&request.approved());
        }
    });
    let (code, report) = run(&target, "1", PATIENT);
    assert_eq!((code, report.mismatched), (Some(7), report.sent), "{report:?}");
    liar.join().unwrap();
}

#[test]
fn an_answer_on_another_connection_is_one_to_nothing() {
    let kept: Mutex<Option<Said>> = Mutex::new(None);
    let issuer = issuer_that(move |number, request| {
        if number > 1 {
            return Some(request.approved().frame());
        }
        // Each connection's first requests are swapped with the other's.
        let other = kept.lock().unwrap().replace(request.clone());
        Some(other.map_or_else(Vec::new, |other| other.approved().frame()))
    });
    let (code, report) = run(&issuer.to_string(), "2", BRISK);
    assert!(report.wrong.contains_key("an answer to nothing"), "{report:?}");
    assert_eq!(code, Some(7));
}

#[test]
fn bytes_that_are_no_message_are_a_wrong_answer_and_leave_their_request_open() {
    let (code, report) = told(BRISK, |_| b"00041210".to_vec());
    assert_eq!(report.wrong.get("not a message of the dialect"), Some(&1), "{report:?}");
    assert_eq!((code, report.unanswered), (Some(7), 1));
}

#[test]
fn bytes_that_are_no_frame_cost_the_connection() {
    let (code, report) = told(PATIENT, |_| b"GET / HTTP/1.1".to_vec());
    assert_eq!(report.wrong.get("not a frame"), Some(&1), "{report:?}");
    assert_eq!((code, report.unanswered, report.connections_lost), (Some(7), 1, 1));
}

#[test]
fn a_request_to_an_acquirer_is_nothing_that_was_asked_for() {
    check("a request to an acquirer", |request| {
        let mut bytes = Said::new(0x1420, &[(11, "000001")]).frame();
        bytes.extend(request.approved().frame());
        bytes
    });
}

impl Said {
    fn with_fields_of(mut self, other: &Self) -> Self {
        self.fields.clone_from(&other.fields);
        self
    }
}
