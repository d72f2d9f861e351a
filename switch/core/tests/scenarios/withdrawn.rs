//! What nobody waits for any more does not leave: requests that their acquirer has given up, and bytes
//! that no socket has taken when their time is over. Their outcome is that they were never sent.

use std::time::Duration;

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::plan::{Acquiring, StationSettings};

use crate::world::{Setup, World, acquirer, issuer, sale};

fn gives_up_after(seconds: u64) -> StationSettings {
    let gives_up = Duration::from_secs(seconds);
    let acquiring = Acquiring { gives_up, ..Acquiring::default() };
    StationSettings { acquiring, ..acquirer("A") }
}

#[test]
fn a_request_that_came_too_long_ago_is_not_forwarded_and_one_just_before_is() {
    for (millis, forwarded) in [(5_000, 0), (4_999, 1)] {
        let mut world = Setup::of([gives_up_after(5), issuer("X")]).up();
        world.holds_commits();
        world.acquirer("A").sends(sale(1));
        world.passes(Duration::from_millis(millis));
        world.commits();
        assert_eq!(world.issuer("X").heard_count(), forwarded, "{millis}");
        assert_eq!(world.count(Counter::RefusedGivenUp), u64::try_from(1 - forwarded).unwrap());
    }
}

#[test]
fn a_request_that_is_given_up_was_never_sent() {
    let mut world = Setup::of([gives_up_after(5), issuer("X")]).up();
    world.holds_commits();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(5);
    world.commits();
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        05.000     + A.0 1200 to X as 000001
        05.000     + X never got 000001
        05.000 A.0 < 1210 11=000101 39=907
        counted: frames 1, requests 1, refused_given_up 1
    "#]]);
    // Nothing rests, and nothing is to be reversed.
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn a_request_whose_acquirer_lost_all_its_links_is_not_forwarded() {
    let a = StationSettings { links: 2, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    world.holds_commits();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").closes();
    world.acquirer("A").on(1).sends(sale(2));
    world.commits();
    assert_eq!(world.issuer("X").heard_count(), 2, "there is one link left to answer on");
    world.holds_commits();
    world.acquirer("A").on(1).sends(sale(3));
    world.acquirer("A").on(1).closes();
    world.forget();
    world.commits();
    world.check(expect![[r#"
        00.000     + A.1 1200 to X as 000003
        00.000     + X never got 000003
        00.000     ! no link of A took its answer
        counted: refused_given_up 1, undeliverable 1
    "#]]);
    assert_eq!(world.issuer("X").heard_count(), 2);
}

#[test]
fn what_no_socket_has_taken_at_its_timeout_is_withdrawn_and_what_has_begun_to_leave_is_not() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.issuer("X").stalls();
    for amount in 1..=3 {
        world.acquirer("A").sends(sale(amount));
    }
    world.issuer("X").reads_only(1);
    world.forget();
    world.passes_secs(10);
    world.check(expect![[r#"
        10.000     + 1420 for X as 000004, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     + X never got 000002
        10.000     + X never got 000003
        10.000     ! X timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911
        10.000 A.0 < 1210 11=000102 39=907
        10.000 A.0 < 1210 11=000103 39=907
        counted: withdrawn 2, refused_unsent 2, refused_timed_out 1, saf_queued 1, saf_sent 1
    "#]]);
    world.acquirer("A").sends(sale(4));
    world.issuer("X").reads();
    let heard: Vec<_> = (0..3)
        .map(|at| world.issuer("X").heard_at(at))
        .map(|heard| (heard.mti, heard.of(4).to_string()))
        .collect();
    let amount = |number: u32| format!("{number:012}");
    assert_eq!(heard, [(0x1200, amount(1)), (0x1420, amount(1)), (0x1200, amount(4))]);
    assert_eq!((world.issuer("X").heard_count(), world.occupancy()), (3, (2, 0, 1)));
}

#[test]
fn what_another_worker_has_taken_over_counts_as_sent() {
    let setup = || Setup::of([acquirer("A"), acquirer("B"), issuer("X"), issuer("Y")]);
    let mut world = setup().workers(2).route("3", &["Y"]).route("4", &["X"]).up();
    world.issuer("Y").stalls();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(10);
    assert_eq!(world.acquirer("A").heard().of(39), "911");
    world.issuer("Y").reads();
    assert_eq!(world.issuer("Y").takes().mti, 0x1200);
    assert_eq!(world.issuer("Y").takes().mti, 0x1420);
}

#[test]
fn a_withdrawn_request_leaves_the_places_of_the_others_right() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.issuer("X").stalls();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(10);
    world.acquirer("A").sends(sale(2));
    world.acquirer("A").sends(sale(3));
    // The link is lost with two requests that no byte was read of.
    world.issuer("X").closes();
    assert_eq!(world.count(Counter::RefusedUnsent), 3);
    assert_eq!(unanswered(&mut world), 0);
}

fn unanswered(world: &mut World) -> usize {
    3 - world.acquirer("A").heard_count()
}
