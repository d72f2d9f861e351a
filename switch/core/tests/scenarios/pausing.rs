//! The way to a planned switch-over: whoever was admitted has an answer, and nobody's silence holds it up.

use expect_test::expect;
use switch_core::Reply;
use switch_core::counters::Counter;
use switch_core::plan::{Keys, StationSettings};

use crate::world::{Setup, World, acquirer, issuer, sale};

fn pair() -> World {
    Setup::of([acquirer("A"), issuer("X")]).with_peer().up()
}

#[test]
fn with_nothing_under_way_it_is_settled_at_once_and_goes_on_when_it_admits_again() {
    let mut world = pair();
    world.pauses();
    assert!(world.is_settled());
    world.acquirer("A").sends(sale(1));
    assert_eq!(world.acquirer("A").heard().of(39), "907", "what was read all the same");
    world.admits();
    world.acquirer("A").sends(sale(2));
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn it_is_settled_when_the_last_answer_is_delivered() {
    let mut world = pair();
    world.acquirer("A").sends(sale(1));
    world.pauses();
    assert!(!world.is_settled());
    world.acquirer("A").stalls();
    world.issuer("X").answers("000");
    assert!(!world.is_settled(), "it waits for its socket");
    world.acquirer("A").reads();
    assert!(world.is_settled());
}

#[test]
fn what_is_cut_short_has_its_answer_and_its_reversal_is_owed_and_what_never_left_has_none() {
    let mut world = Setup::of([acquirer("A"), issuer("X"), issuer("Y")])
        .route("3530111", &["X"])
        .route("3530112", &["Y"])
        .with_peer()
        .up();
    world.issuer("Y").stalls();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").sends(sale(2).with(2, "3530112222200000"));
    world.pauses();
    world.cuts_short();
    assert!(world.is_settled());
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to Y as 000001
        00.000     + 1420 for X as 000002, about 000001, for 4021
        00.000     + X silent on 000001
        00.000     + Y never got 000001
        00.000     ! X timed out on 000001
        00.000 A.0 < 1210 11=000101 39=911
        00.000 A.0 < 1210 11=000102 39=907
        00.000 X.0 < 1420 11=000002 24=400
        counted: frames 2, requests 2, forwarded 2, withdrawn 1, refused_unsent 1, refused_timed_out 1, saf_queued 1, saf_sent 1
    "#]]);
    // The answer that comes now is late, whoever reigns.
    world.issuer("X").answers("000");
    assert_eq!(world.count(Counter::Answered), 0);
}

#[test]
fn who_waits_for_a_reply_is_cut_short_too() {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).with_peer().up();
    world.acquirer("A").sends(sale(1));
    world.pauses();
    world.cuts_short();
    assert_eq!(world.acquirer("A").heard().of(39), "920");
    assert!(world.is_settled());
    world.keys_reply(Reply::Granted);
    assert_eq!(world.issuer("X").heard_count(), 0);
}

#[test]
fn a_repeat_that_is_held_is_answered_with_what_it_waits_for() {
    let mut world = pair();
    let mut first = sale(1);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone());
    world.acquirer("A").sends(first.kind(0x1201));
    world.pauses();
    world.cuts_short();
    assert_eq!(world.acquirer("A").heard_count(), 2);
    assert!(world.is_settled());
}

#[test]
fn without_room_in_the_gate_it_is_not_settled_before_there_is_some() {
    let mut world = pair();
    world.acquirer("A").sends(sale(1));
    world.holds_commits();
    world.pauses();
    world.cuts_short();
    assert!(!world.is_settled());
    world.commits();
    assert!(world.is_settled());
}
