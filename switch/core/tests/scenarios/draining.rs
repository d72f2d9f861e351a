//! A clean stop: no new requests, those under way end, we sign off, and then it is over.

use expect_test::expect;
use switch_core::Reply;
use switch_core::plan::{Keys, SignOn, StationSettings};

use crate::world::{Setup, World, acquirer, issuer, sale};

fn pair() -> World {
    Setup::of([acquirer("A"), issuer("X")]).up()
}

#[test]
fn with_nothing_under_way_a_stop_is_over_at_once() {
    let mut world = pair();
    world.drains();
    assert!(world.is_drained());
    world.check(expect![[r#"
        counted: stops 1
    "#]]);
}

#[test]
fn a_stop_waits_for_what_is_under_way_and_refuses_what_is_new_with_907() {
    let mut world = pair();
    world.acquirer("A").sends(sale(1));
    world.drains();
    world.acquirer("A").sends(sale(2));
    assert!(!world.is_drained());
    world.passes_secs(3);
    world.issuer("X").answers("000");
    assert!(world.is_drained(), "as soon as the last answer is out, without an hour of waiting");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 A.0 > 1200 11=000102
        00.000 A.0 < 1210 11=000102 39=907
        03.000 X.0 > 1210 11=000001 39=000
        03.000     + X answered 000001 with 000
        03.000 A.0 < 1210 11=000101 39=000
        counted: frames 3, requests 2, forwarded 1, answered 1, approved 1, refused_draining 1, stops 1
    "#]]);
}

#[test]
fn a_stop_does_not_wait_longer_than_for_the_timeout_and_not_for_quarantines() {
    let mut world = pair();
    world.acquirer("A").sends(sale(1));
    world.drains();
    world.passes_secs(10);
    assert!(world.is_drained());
    assert_eq!(world.acquirer("A").heard().of(39), "911");
    assert_eq!(world.occupancy(), (1, 0, 1));
}

#[test]
fn a_stop_signs_off_where_sign_on_is_in_use_and_waits_for_the_answers() {
    let a = StationSettings { sign_on: SignOn::Theirs, ..acquirer("A") };
    let x = StationSettings { sign_on: SignOn::Ours, ..issuer("X") };
    let mut world = Setup::of([a, x, issuer("Y")]).up();
    world.issuer("X").answers("800");
    world.forget();
    world.drains();
    assert!(!world.is_drained());
    world.issuer("X").answers("800");
    assert!(!world.is_drained());
    world.acquirer("A").answers("800");
    assert!(world.is_drained());
    world.check(expect![[r#"
        00.000 A.0 < 1804 11=999000 24=802
        00.000 X.0 < 1804 11=999001 24=802
        00.000 X.0 > 1814 11=999001 39=800
        00.000 A.0 > 1814 11=999000 39=800
        counted: frames 2, stops 1
    "#]]);
}

#[test]
fn a_stop_waits_two_seconds_for_the_answers_to_its_sign_offs() {
    let x = StationSettings { sign_on: SignOn::Ours, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    world.issuer("X").answers("800");
    world.drains();
    world.passes_secs(1);
    assert!(!world.is_drained());
    world.passes_secs(1);
    assert!(world.is_drained());
}

#[test]
fn a_stop_does_not_wait_for_a_sign_off_whose_link_closed() {
    let x = StationSettings { sign_on: SignOn::Ours, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    world.issuer("X").answers("800");
    world.drains();
    world.issuer("X").closes();
    assert!(world.is_drained());
}

#[test]
fn while_stopping_no_connection_is_taken_or_made() {
    let a = StationSettings { links: 2, ..acquirer("A") };
    let x = StationSettings { links: 2, ..issuer("X") };
    let mut world = Setup::of([a, x]).up();
    world.acquirer("A").on(1).closes();
    world.issuer("X").on(0).closes();
    world.acquirer("A").sends(sale(1));
    world.drains();
    world.forget();
    world.issuer("X").on(1).closes();
    assert_eq!(world.acquirer("A").connects(), None);
    world.passes_secs(20);
    world.check(expect![[r#"
        00.000 X.1 = closed
        00.000     ! X.1 closed, 0 unsent
        10.000     + 1420 for X as 000002, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     ! X timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911
        counted: refused_timed_out 1, stops 1, saf_queued 1, links_closed 1
    "#]]);
}

#[test]
fn a_stop_is_over_only_when_the_last_answer_is_out() {
    let mut world = pair();
    world.acquirer("A").sends(sale(1));
    world.drains();
    world.holds_commits();
    world.issuer("X").answers("000");
    assert!(!world.is_drained(), "the answer still waits for its record");
    world.commits();
    assert!(world.is_drained());
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn a_question_that_is_out_when_the_stop_comes_ends_in_a_refusal() {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    world.acquirer("A").sends(sale(1));
    world.drains();
    assert!(!world.is_drained());
    world.keys_reply(Reply::Granted);
    assert!(world.is_drained());
    assert_eq!(world.acquirer("A").heard().of(39), "907");
}

#[test]
fn a_second_word_to_stop_changes_nothing() {
    let mut world = pair();
    world.acquirer("A").sends(sale(1));
    world.drains();
    world.drains();
    world.issuer("X").answers("000");
    world.drains();
    assert!(world.is_drained());
}
