//! The thread `witness` before a real etcd, as stories: what is done, what is not, and what is not known.
#![expect(clippy::wildcard_enum_match_arm, reason = "what a story does not tell ends it")]

mod store;

mod way;

mod stranger;

mod node;

mod trust;

mod members;

mod lease;

use journal::roles::witness::{Known, Reply, Revision};
use rustix::process::Signal;
use serde_json::json;

use node::{Configured, Node, record};
use store::{Store, until};
use stranger::Stranger;
use way::{Way, Weather};

use super::Keys;

#[test]
fn two_nodes_have_the_same_keys_whichever_looks_and_other_pairs_have_others() {
    let tokyo = Keys::of("/sekisho", "tokyo", "osaka");
    assert_eq!(tokyo.record, "/sekisho/osaka/tokyo/record");
    assert_eq!(tokyo.ours, "/sekisho/osaka/tokyo/alive/tokyo");
    let osaka = Keys::of("/sekisho", "osaka", "tokyo");
    assert_eq!((osaka.record, osaka.theirs), (tokyo.record, tokyo.ours));
}

#[test]
fn of_two_swaps_of_one_version_one_is_done() {
    let store = Store::starts();
    let configured = Configured::at(store.endpoints());
    let [mut tokyo, mut osaka] = ["tokyo", "osaka"].map(|name| Node::of(name, &configured));
    assert_eq!(tokyo.sees_record(), None);
    let Reply::Swapped(first) = tokyo.swaps(Revision(0), record(1)) else { panic!() };
    assert_eq!(osaka.swaps(Revision(0), record(2)), Reply::Refused);
    assert_eq!(osaka.sees_record(), Some(Known { revision: first, record: record(1) }));

    let Reply::Swapped(second) = osaka.swaps(first, record(2)) else { panic!() };
    assert!(second > first);
    assert_eq!(tokyo.swaps(first, record(3)), Reply::Refused);
    assert_eq!(tokyo.sees_record(), Some(Known { revision: second, record: record(2) }));
    let shown = tokyo.shown();
    assert_eq!((shown.reads, shown.swapped, shown.refused, shown.unknown), (2, 1, 1, 0));
    assert!(shown.answers && shown.answered_ns.is_some(), "{shown:?}");
}

#[test]
fn a_swap_whose_answer_is_lost_is_not_known_and_was_done_and_is_never_sent_twice() {
    let store = Store::starts();
    let (way, other) = (Way::to(store.address()), Way::to(store.address()));
    let endpoints = vec![way.endpoint(), other.endpoint()];
    let configured = Configured { timeout: "300ms", ..Configured::at(endpoints) };
    let mut tokyo = Node::of("tokyo", &configured);
    until("etcd to be seen", || matches!(tokyo.reads(), Reply::Says(_)).then_some(()));

    way.is(Weather::LosesAnswers);
    other.is(Weather::LosesAnswers);
    assert_eq!(tokyo.swaps(Revision(0), record(1)), Reply::Unknown);
    assert_eq!(way.asked("request_put") + other.asked("request_put"), 1);
    way.is(Weather::Fine);
    other.is(Weather::Fine);
    let known = until("etcd to be seen again", || match tokyo.reads() {
        Reply::Says(seen) => Some(seen.known),
        _ => None,
    });
    assert_eq!(known.map(|known| known.record), Some(record(1)));
}

#[test]
fn a_swap_that_was_not_answered_may_be_done_after_the_record_was_read_again() {
    let store = Store::starts();
    let (way, other) = (Way::to(store.address()), Way::to(store.address()));
    let through = Configured { timeout: "300ms", ..Configured::at(vec![way.endpoint()]) };
    let mut tokyo = Node::of("tokyo", &through);
    let mut osaka = Node::of("osaka", &Configured::at(vec![other.endpoint()]));
    until("etcd to be seen", || matches!(tokyo.reads(), Reply::Says(_)).then_some(()));

    way.is(Weather::HoldsQuestions);
    assert_eq!(tokyo.swaps(Revision(0), record(1)), Reply::Unknown);
    assert_eq!(osaka.sees_record(), None, "it is on its way");
    way.is(Weather::Fine);
    let known = until("what was on its way", || osaka.sees_record());
    assert_eq!(known.record, record(1));
}

#[test]
fn an_etcd_that_stands_still_is_silence_and_answers_again_when_it_goes_on() {
    let store = Store::starts();
    let configured = Configured { timeout: "300ms", ..Configured::at(store.endpoints()) };
    let mut tokyo = Node::of("tokyo", &configured);
    until("etcd to be seen", || matches!(tokyo.reads(), Reply::Says(_)).then_some(()));
    store.is_sent(Signal::STOP);
    let asked = crate::clocks::boot();
    assert_eq!(tokyo.reads(), Reply::Unknown);
    assert_eq!(tokyo.swaps(Revision(0), record(1)), Reply::Unknown);
    let waited = crate::clocks::boot().since(asked);
    // Each at most twice the time of one member; more, as others use this machine too.
    assert!(waited.as_secs() < 10, "{waited:?}");
    assert!(tokyo.trouble().contains("in time"), "{}", tokyo.trouble());
    assert!(!tokyo.shown().answers);

    store.is_sent(Signal::CONT);
    until("etcd to answer again", || matches!(tokyo.reads(), Reply::Says(_)).then_some(()));
    let shown = tokyo.shown();
    assert_eq!((shown.answers, shown.trouble), (true, None));
}

#[test]
fn what_is_no_record_is_no_answer_and_stays_as_it_is() {
    let store = Store::starts();
    let key = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        "/sekisho/osaka/tokyo/record",
    );
    store.does("/v3/kv/put", &json!({ "key": key, "value": "aGk=" }));
    let mut tokyo = Node::of("tokyo", &Configured::at(store.endpoints()));
    assert_eq!(tokyo.reads(), Reply::Unknown);
    let trouble = tokyo.trouble();
    assert!(trouble.contains("/sekisho/osaka/tokyo/record is no record"), "{trouble}");
    assert_eq!(tokyo.swaps(Revision(0), record(1)), Reply::Refused);
}

#[test]
fn who_answers_otherwise_than_etcd_swaps_nothing_and_refuses_nothing() {
    let header = r#""header":{"cluster_id":"1","revision":"9"}"#;
    for rest in ["", r#","succeeded":true"#, r#","responses":[{"response_range":{}}]"#] {
        let stranger = Stranger::says("200 OK", &format!("{{{header}{rest}}}"));
        let mut tokyo = Node::of("tokyo", &Configured::at(vec![stranger.endpoint()]));
        assert_eq!(tokyo.swaps(Revision(0), record(1)), Reply::Unknown, "{rest}");
        assert!(tokyo.trouble().contains("is not known"), "{}", tokyo.trouble());
    }
}

#[test]
fn what_others_say_is_cut_and_can_not_write_elsewhere_on_a_terminal() {
    let message = format!("\x1b[31mall is well\x1b[0m\n{}", "x".repeat(1_000));
    let body = json!({ "code": 2, "message": message }).to_string();
    let stranger = Stranger::says("500 Internal Server Error", &body);
    let mut tokyo = Node::of("tokyo", &Configured::at(vec![stranger.endpoint()]));
    assert_eq!(tokyo.reads(), Reply::Unknown);
    tokyo.desk.lives(true);
    let lease = until("trouble with the lease", || tokyo.shown().lease.trouble);
    for told in [tokyo.trouble(), lease] {
        assert!(told.contains("all is well"), "{told:?}");
        assert!(told.len() < 300 && !told.contains(char::is_control), "{told:?}");
    }
}

#[test]
fn why_what_stands_before_etcd_refuses_is_told_as_it_says_it() {
    let stranger = Stranger::says("400 Bad Request", "CommonName of client will be ignored\n");
    let mut tokyo = Node::of("tokyo", &Configured::at(vec![stranger.endpoint()]));
    assert_eq!(tokyo.reads(), Reply::Unknown);
    let told = "it refuses: HTTP status 400: CommonName of client will be ignored";
    assert!(tokyo.trouble().contains(told), "{}", tokyo.trouble());
}

#[test]
fn one_connection_is_kept_for_all_that_is_asked() {
    let store = Store::starts();
    let way = Way::to(store.address());
    let mut tokyo = Node::of("tokyo", &Configured::at(vec![way.endpoint()]));
    tokyo.desk.lives(true);
    until("a lease that was kept alive", || {
        tokyo.sees();
        (way.asked("keepalive") > 2).then_some(())
    });
    assert_eq!(way.connections(), 1);
}
