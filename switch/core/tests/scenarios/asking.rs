//! Decisions that ask the key provider, and park until it replies.

use expect_test::expect;
use std::time::Duration;
use switch_core::Reply;
use switch_core::plan::{Keys, StationSettings};

use crate::world::{Setup, World, acquirer, issuer, sale};

fn asking() -> World {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    Setup::of([a, acquirer("B"), issuer("X")]).up()
}

#[test]
fn a_request_waits_for_the_reply_and_is_forwarded_with_it() {
    let mut world = asking();
    world.acquirer("A").sends(sale(2500));
    assert_eq!(world.occupancy(), (1, 1, 0));
    world.passes(Duration::from_millis(300));
    world.keys_reply(Reply::Granted);
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     * ask Mac
        00.300     * reply Granted
        00.300     + A.0 1200 to X as 000001
        00.300 X.0 < 1200 11=000001
        00.300 X.0 > 1210 11=000001 39=000
        00.300     + X answered 000001 with 000
        00.300 A.0 < 1210 11=000101 39=000
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1, parked 1
    "#]]);
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn what_is_forwarded_after_a_reply_is_what_would_have_been_without_the_question() {
    let request = || sale(2500).with(48, "private").with(59, [b'z'; 500]).with(64, [7; 8]);
    let mut world = asking();
    world.acquirer("A").sends(request());
    world.keys_reply(Reply::Granted);
    world.acquirer("B").sends(request());
    let asked = world.issuer("X").takes();
    let straight = world.issuer("X").takes().with(11, asked.of(11)).with(32, asked.of(32));
    assert_eq!(asked, straight);
}

#[test]
fn a_denied_request_is_916() {
    let mut world = asking();
    world.acquirer("A").sends(sale(2500));
    world.keys_reply(Reply::Denied);
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     * ask Mac
        00.000     * reply Denied
        00.000 A.0 < 1210 11=000101 39=916
        counted: frames 1, requests 1, parked 1, refused_mac 1
    "#]]);
    expect![[r#"
        1210 2=3530111333300000 3=000000 4=000000002500 7=1121052030 11=000101 12=261121142030 32=77334000001 37=632514000101 39=916 41=T0000001 42=M00000000000001 49=392 58=49000000001
    "#]].assert_eq(&format!("{}\n", world.acquirer("A").heard()));
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn a_question_without_a_reply_in_time_is_920_and_the_late_reply_changes_nothing() {
    let mut world = asking();
    world.acquirer("A").sends(sale(2500));
    world.passes(Duration::from_millis(1_999));
    assert_eq!(world.occupancy(), (1, 1, 0));
    world.passes(Duration::from_millis(1));
    assert_eq!(world.occupancy(), (0, 0, 0));
    world.keys_reply(Reply::Granted);
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     * ask Mac
        02.000 A.0 < 1210 11=000101 39=920
        02.000     * reply Granted
        counted: frames 1, requests 1, parked 1, replies_late 1, refused_keys_silent 1
    "#]]);
}

#[test]
fn a_late_reply_does_not_meet_the_next_request_in_the_same_place() {
    let mut world = asking();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(2);
    world.acquirer("A").sends(sale(2));
    world.forget();
    world.keys_reply(Reply::Granted); // of the first
    world.check(expect![[r#"
        02.000     * reply Granted
        counted: replies_late 1
    "#]]);
    world.keys_reply(Reply::Denied); // of the second
    assert_eq!(world.acquirer("A").heard().of(39), "916");
}

#[test]
fn a_second_reply_changes_nothing() {
    let mut world = asking();
    world.acquirer("A").sends(sale(1));
    let (worker, slot) = world.take_question().unwrap();
    world.reply(worker, slot, Reply::Granted);
    world.forget();
    world.reply(worker, slot, Reply::Denied);
    world.check(expect![[r#"
        00.000     * reply Denied
        counted: replies_late 1
    "#]]);
    assert_eq!(world.occupancy(), (1, 0, 0));
}

#[test]
fn the_decision_is_taken_up_with_the_state_of_now() {
    let mut world = asking();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").closes();
    world.forget();
    world.keys_reply(Reply::Granted);
    world.check(expect![[r#"
        00.000     * reply Granted
        00.000 A.0 < 1210 11=000101 39=907
        counted: refused_link_down 1
    "#]]);
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn a_request_whose_link_was_lost_meanwhile_is_not_forwarded_when_nobody_could_be_answered() {
    let mut world = asking();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").closes();
    world.forget();
    world.keys_reply(Reply::Granted);
    world.check(expect![[r#"
        00.000     * reply Granted
        00.000     ! no link of A took its answer
        counted: refused_signed_off 1, undeliverable 1
    "#]]);
    assert_eq!((world.issuer("X").heard_count(), world.occupancy()), (0, (0, 0, 0)));
}

#[test]
fn a_request_whose_link_was_lost_meanwhile_is_answered_on_another_one() {
    let a = StationSettings { keys: Keys::Provider, links: 2, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    world.acquirer("A").on(1).sends(sale(1));
    world.acquirer("A").on(1).closes();
    world.keys_reply(Reply::Granted);
    world.forget();
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 1, answered 1, approved 1
    "#]]);
}

#[test]
fn what_the_reply_can_not_change_is_refused_without_asking() {
    let mut world = asking();
    world.acquirer("A").sends(sale(1).without(32));
    world.acquirer("A").sends(sale(1).with(32, "1"));
    assert_eq!(world.occupancy(), (0, 0, 0));
    assert!(world.take_question().is_none());
}

#[test]
fn a_route_is_looked_for_when_the_reply_is_there() {
    let mut world = asking();
    world.acquirer("A").sends(sale(1).with(2, "4111111111111111"));
    world.keys_reply(Reply::Granted);
    assert_eq!(world.acquirer("A").heard().of(39), "908");
    assert_eq!(world.occupancy(), (0, 0, 0));
}

/// Its frame lay in the first buffer, which was lent out while it was decided on, and so of no length
/// when another one was wanted for the wait.
#[test]
fn a_repeat_that_was_asked_about_is_held_while_its_first_is_in_flight() {
    let mut world = asking();
    world.acquirer("A").sends(sale(2500));
    world.keys_reply(Reply::Granted);
    let first = world.issuer("X").heard();
    world.acquirer("A").sends(
        sale(2500).kind(0x1201).with(11, "000101").with(37, first.of(37)).with(32, first.of(32)),
    );
    world.keys_reply(Reply::Granted);
    world.forget();
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 1, answered 1, approved 1, repeats_answered 1
    "#]]);
}
