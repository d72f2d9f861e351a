//! Records before bytes: nothing leaves before its record is committed, and what became pointless
//! while it waited does not leave at all.

use std::time::Duration;

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::plan::{SignOn, StationSettings};

use crate::world::{Setup, World, acquirer, echo, issuer, sale, sign_off};

fn pair() -> World {
    Setup::of([acquirer("A"), issuer("X")]).up()
}

#[test]
fn nothing_leaves_before_its_record_is_committed() {
    let mut world = pair();
    world.holds_commits();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").sends(sale(2));
    world.passes_secs(1);
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 A.0 > 1200 11=000102
        counted: frames 2, requests 2
    "#]]);
    world.commits_only(1);
    world.check(expect![[r#"
        01.000     + A.0 1200 to X as 000001
        01.000 X.0 < 1200 11=000001
        counted: forwarded 1
    "#]]);
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        01.000 X.0 > 1210 11=000001 39=000
        counted: frames 1, answered 1, approved 1
    "#]]);
    world.commits();
    world.check(expect![[r#"
        01.000     + A.0 1200 to X as 000002
        01.000     + X answered 000001 with 000
        01.000 A.0 < 1210 11=000101 39=000
        01.000 X.0 < 1200 11=000002
        counted: forwarded 1
    "#]]);
}

#[test]
fn a_refusal_waits_for_the_records_before_it() {
    let mut world = pair();
    world.holds_commits();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").sends(sale(2).with(2, "4111111111111111"));
    assert_eq!(world.acquirer("A").heard_count(), 0);
    world.commits();
    assert_eq!(world.acquirer("A").heard_count(), 1);
}

#[test]
fn a_request_that_was_not_committed_before_its_timeout_never_leaves() {
    let mut world = pair();
    world.holds_commits();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(10);
    world.commits();
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        10.000     + A.0 1200 to X as 000001
        10.000     + X never got 000001
        10.000 A.0 < 1210 11=000101 39=907
        counted: frames 1, requests 1, refused_unsent 1
    "#]]);
    assert_eq!(world.issuer("X").heard_count(), 0);
}

#[test]
fn a_request_whose_issuer_signed_off_before_its_release_comes_back_907() {
    let mut world = pair();
    world.holds_commits();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").sends(sign_off());
    world.commits();
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 X.0 > 1804 11=000101 24=802
        00.000     ! X signed off by X.0
        00.000     + A.0 1200 to X as 000001
        00.000     + X is signed off
        00.000 X.0 < 1814 11=000101 39=800
        00.000     + X never got 000001
        00.000 A.0 < 1210 11=000101 39=907
        counted: frames 2, requests 1, refused_unsent 1, sign_offs 1, network_answered 1
    "#]]);
}

#[test]
fn a_request_whose_issuer_was_lost_before_its_release_comes_back_907() {
    let mut world = pair();
    world.holds_commits();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").closes();
    world.commits();
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 X.0 = closed
        00.000     ! X.0 closed, 0 unsent
        00.000     + A.0 1200 to X as 000001
        00.000     + X never got 000001
        00.000 A.0 < 1210 11=000101 39=907
        counted: frames 1, requests 1, refused_unsent 1, links_closed 1
    "#]]);
}

#[test]
fn the_answer_to_an_echo_goes_on_its_own_link_or_nowhere() {
    let a = StationSettings { links: 2, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    world.holds_commits();
    // What has no record waits for the records before it.
    world.acquirer("A").on(1).sends(sale(1));
    world.acquirer("A").on(0).sends(echo());
    world.acquirer("A").on(1).sends(echo());
    world.acquirer("A").on(0).closes();
    world.forget();
    world.commits();
    world.check(expect![[r#"
        00.000     + A.1 1200 to X as 000001
        00.000 A.1 < 1814 11=000103 39=800
        00.000 X.0 < 1200 11=000001
        counted: forwarded 1
    "#]]);
}

#[test]
fn a_sign_on_for_a_connection_that_was_lost_is_not_sent_on_the_next_one() {
    let x = StationSettings { sign_on: SignOn::Ours, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).down();
    world.acquirer("A").connects();
    world.holds_commits();
    // What has no record waits for the records before it.
    world.acquirer("A").sends(sign_off());
    world.issuer("X").connects();
    world.issuer("X").closes();
    world.passes_secs(1);
    world.issuer("X").connects();
    world.forget();
    world.commits();
    world.check(expect![[r#"
        01.000     + A is signed off
        01.000 A.0 < 1814 11=000101 39=800
        01.000 X.0 < 1804 11=999001 24=801
    "#]]);
}

#[test]
fn answers_at_their_timeout_wait_for_room_rather_than_be_lost() {
    let x = StationSettings { in_flight_max: 5_000, ..issuer("X") };
    let mut setup = Setup::of([acquirer("A"), x]).limits(|limits| limits.pending_max = 5_000);
    setup.gate_bytes = 1 << 16;
    let mut world = setup.up();
    for _ in 0..2_000 {
        world.acquirer("A").sends(sale(1));
    }
    world.passes_secs(10);
    assert_eq!(world.count(Counter::AnswersLost), 0);
    assert_eq!(world.count(Counter::RefusedTimedOut), 2_000);
    assert_eq!(world.acquirer("A").heard_count(), 2_000);
}

#[test]
fn while_nothing_is_committed_timeouts_wait_without_a_worker_that_spins() {
    let mut setup = Setup::of([acquirer("A"), issuer("X")]);
    setup.gate_bytes = 1 << 16;
    let mut world = setup.up();
    world.fills_the_gate("A");
    let known = u64::from(world.occupancy().0);
    let lost = world.count(Counter::AnswersLost);
    world.passes_secs(10);
    world.passes_secs(10);
    world.commits();
    world.passes(Duration::from_millis(1));
    assert_eq!(world.count(Counter::RefusedTimedOut), known);
    assert_eq!(world.count(Counter::AnswersLost), lost, "none of the promised ones");
    let heard = world.count(Counter::RefusedGateFull) + world.count(Counter::MalformedReported);
    let heard = heard + known - 1; // the one refusal that found no room
    assert_eq!(u64::try_from(world.acquirer("A").heard_count()).unwrap(), heard);
}

#[test]
fn requests_that_a_closed_link_gives_back_when_there_is_no_room_are_answered_at_their_timeout() {
    let x = StationSettings { in_flight_max: 5_000, ..issuer("X") };
    let mut setup = Setup::of([acquirer("A"), x]).limits(|limits| limits.pending_max = 5_000);
    setup.gate_bytes = 1 << 16;
    let mut world = setup.up();
    world.issuer("X").stalls();
    for _ in 0..1_000 {
        world.acquirer("A").sends(sale(1));
    }
    world.issuer("X").closes();
    assert!(world.count(Counter::RefusedUnsent) > 100);
    world.passes_secs(10);
    assert_eq!(world.count(Counter::AnswersLost), 0);
    assert_eq!(world.acquirer("A").heard_count(), 1_000);
    world.passes_secs(60);
    assert_eq!(world.occupancy(), (0, 0, 0));
}
