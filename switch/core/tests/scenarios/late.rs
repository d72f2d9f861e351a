//! On a node with a peer, what is committed and has not left a second behind the framing of its batch
//! never leaves: the peer may reign by then. Without a peer nothing is late.

use std::time::Duration;

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::plan::StationSettings;

use crate::world::{Setup, World, acquirer, issuer, reversal, sale};

const SECOND: Duration = Duration::from_secs(1);
const JUST_LATE: Duration = Duration::from_nanos(1_000_000_001);

fn with_peer() -> World {
    Setup::of([acquirer("A"), issuer("X")]).with_peer().up()
}

/// A sells, and the switch has not committed anything of it.
fn sells_and_waits(world: &mut World) -> crate::world::Text {
    let mut first = sale(2_500);
    world.acquirer("A").complete(&mut first);
    world.holds_commits();
    world.acquirer("A").sends(first.clone());
    first
}

#[test]
fn a_request_that_is_late_counts_as_never_sent() {
    let mut world = with_peer();
    sells_and_waits(&mut world);
    world.passes_secs(2);
    world.commits_what_was_framed(JUST_LATE);
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        02.000     + A.0 1200 to X as 000001
        02.000     + X never got 000001
        02.000 A.0 < 1210 11=000101 39=907
        counted: frames 1, requests 1, late_dropped 1, refused_unsent 1
    "#]]);
    assert_eq!(world.occupancy(), (0, 0, 0), "nothing is to be reversed");
}

#[test]
fn a_second_behind_its_batch_bytes_may_leave_and_later_not_and_without_a_peer_always() {
    let leave = |mut world: World, ago| {
        sells_and_waits(&mut world);
        world.passes_secs(2);
        world.commits_what_was_framed(ago);
        world.issuer("X").heard_count()
    };
    assert_eq!([SECOND, JUST_LATE].map(|ago| leave(with_peer(), ago)), [1, 0]);
    let alone = Setup::of([acquirer("A"), issuer("X")]).up();
    assert_eq!(leave(alone, 2 * SECOND), 1);
}

#[test]
fn an_approval_that_is_late_is_reversed_and_its_repeat_hears_of_that() {
    let mut world = with_peer();
    let first = sells_and_waits(&mut world);
    world.commits();
    world.holds_commits();
    world.issuer("X").answers("000");
    world.passes_secs(2);
    world.commits_what_was_framed(JUST_LATE);
    world.acquirer("A").sends(first.kind(0x1201));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 X.0 > 1210 11=000001 39=000
        02.000     + X answered 000001 with 000
        02.000     + 1420 for X as 000002, about 000001, for 4013
        02.000     + delivery of 000001 of X: None
        02.000 X.0 < 1420 11=000002 24=400
        02.000 A.0 > 1201 11=000101
        02.000 A.0 < 1210 11=000101 39=911
        counted: frames 3, requests 2, forwarded 1, late_dropped 1, answered 1, approved 1, repeats_declined 1, undelivered 1, saf_queued 1, saf_sent 1
    "#]]);
}

#[test]
fn a_decline_that_is_late_is_dropped_and_its_repeat_is_answered() {
    let mut world = with_peer();
    let first = sells_and_waits(&mut world);
    world.commits();
    world.holds_commits();
    world.issuer("X").answers("116");
    world.passes_secs(2);
    world.commits_what_was_framed(JUST_LATE);
    assert_eq!(world.acquirer("A").heard_count(), 0);
    world.acquirer("A").sends(first.kind(0x1201));
    assert_eq!(world.acquirer("A").heard().of(39), "116");
}

#[test]
fn an_acknowledgement_that_is_late_is_dropped_and_the_advice_is_brought_to_its_issuer() {
    let mut world = with_peer();
    let mut never_sent = sale(2_500);
    world.acquirer("A").complete(&mut never_sent);
    let back = reversal(&never_sent, "4000");
    world.holds_commits();
    world.acquirer("A").sends(back.clone());
    world.passes_secs(2);
    world.commits_what_was_framed(JUST_LATE);
    assert_eq!(world.count(Counter::LateDropped), 1);
    world.acquirer("A").sends(back.kind(0x1421));
    assert_eq!(world.acquirer("A").heard().of(39), "400");
}

#[test]
fn a_request_in_front_of_a_socket_for_longer_than_a_second_is_withdrawn() {
    let mut world = with_peer();
    world.issuer("X").stalls();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").sends(sale(2));
    // A byte of the first has left: that one goes its way.
    world.issuer("X").reads_only(1);
    world.passes(SECOND);
    assert_eq!(world.count(Counter::LateDropped), 0);
    world.passes(Duration::from_nanos(1));
    world.issuer("X").reads();
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to X as 000002
        01.000     + X never got 000002
        01.000 A.0 < 1210 11=000102 39=907
        01.000 X.0 < 1200 11=000001
        counted: frames 2, requests 2, forwarded 2, withdrawn 1, late_dropped 1, refused_unsent 1
    "#]]);
}

#[test]
fn an_approval_in_front_of_a_socket_for_longer_than_a_second_is_reversed() {
    let mut world = with_peer();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").stalls();
    world.issuer("X").answers("000");
    world.passes(JUST_LATE);
    world.acquirer("A").reads();
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        01.000     + 1420 for X as 000002, about 000001, for 4013
        01.000     + delivery of 000001 of X: None
        01.000 X.0 < 1420 11=000002 24=400
        counted: frames 2, requests 1, forwarded 1, late_dropped 1, answered 1, approved 1, undelivered 1, saf_queued 1, saf_sent 1
    "#]]);
}

#[test]
fn a_decline_and_an_item_in_front_of_a_socket_for_longer_than_a_second_are_withdrawn() {
    let mut world = with_peer();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").stalls();
    world.issuer("X").answers("116");
    world.acquirer("A").sends(sale(2));
    world.issuer("X").stalls();
    world.passes_secs(12);
    world.acquirer("A").reads();
    assert_eq!(world.acquirer("A").heard_count(), 0);
    world.issuer("X").reads();
    world.passes_secs(1);
    // Its reversal was withdrawn too, and never sent: this is the first that X hears of it.
    assert_eq!((world.issuer("X").heard().mti, world.issuer("X").heard_count()), (0x1420, 3));
}

#[test]
fn a_request_that_its_courier_takes_too_late_is_given_back() {
    let stations = [acquirer("A"), acquirer("B"), issuer("X"), issuer("Y")];
    let mut world = Setup::of(stations).workers(2).route("3", &["Y"]).with_peer().up();
    world.network.lanes_stalled = true;
    world.acquirer("A").sends(sale(1));
    world.passes(JUST_LATE);
    world.network.lanes_stalled = false;
    world.passes_secs(1);
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to Y as 000001
        01.000     ~ 0 to 1: request
        01.000     ~ 1 to 0: returned
        01.000     + Y never got 000001
        01.000 A.0 < 1210 11=000101 39=907
        counted: frames 1, requests 1, late_dropped 1, refused_unsent 1
    "#]]);
}

#[test]
fn with_a_peer_an_approval_is_given_again_when_that_is_committed() {
    let mut world = with_peer();
    let first = sells_and_waits(&mut world);
    world.commits();
    world.issuer("X").answers("000");
    world.holds_commits();
    world.acquirer("A").sends(first.kind(0x1201));
    assert_eq!(world.acquirer("A").heard_count(), 1, "the first answer");
    world.commits();
    assert_eq!(world.acquirer("A").heard().of(39), "000");
    assert_eq!(world.acquirer("A").heard_count(), 2);
}

#[test]
fn with_a_peer_an_approval_whose_link_is_lost_takes_another_when_that_is_committed() {
    let a = StationSettings { links: 2, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).with_peer().up();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").stalls();
    world.issuer("X").answers("000");
    world.holds_commits();
    world.acquirer("A").closes();
    assert_eq!(world.acquirer("A").on(1).heard_count(), 0);
    world.commits();
    assert_eq!(world.acquirer("A").on(1).heard().of(39), "000");
}
