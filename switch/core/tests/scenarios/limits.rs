//! Every table has a bound: the last request before it is forwarded, the one behind it is refused
//! with 907 and counted, and room that is left is used again.

use std::time::Duration;

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::plan::{Keys, StationSettings};

use crate::world::{Setup, World, acquirer, echo, issuer, sale};

/// Sends sales until one is refused; gives how many were not.
fn sends_until_refused(world: &mut World) -> u32 {
    let (known, heard) = (world.occupancy().0, world.acquirer("A").heard_count());
    for sent in 0..20_000 {
        world.acquirer("A").sends(sale(1));
        if world.acquirer("A").heard_count() > heard {
            assert_eq!(world.occupancy().0, known + sent, "nothing is left of the refused one");
            return sent;
        }
    }
    panic!("no bound was met");
}

#[test]
fn a_full_table_of_transactions_refuses_with_907_and_takes_the_next_when_one_is_answered() {
    let mut world =
        Setup::of([acquirer("A"), issuer("X")]).limits(|limits| limits.pending_max = 3).up();
    assert_eq!(sends_until_refused(&mut world), 3);
    world.issuer("X").answers("000");
    world.forget();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").sends(sale(1));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000105
        00.000     + A.0 1200 to X as 000004
        00.000 X.0 < 1200 11=000004
        00.000 A.0 > 1200 11=000106
        00.000 A.0 < 1210 11=000106 39=907
        counted: frames 2, requests 2, forwarded 1, refused_pending_full 1
    "#]]);
}

#[test]
fn transactions_in_quarantine_take_room_until_it_is_over() {
    let mut world =
        Setup::of([acquirer("A"), issuer("X")]).limits(|limits| limits.pending_max = 3).up();
    assert_eq!(sends_until_refused(&mut world), 3);
    world.passes_secs(10);
    assert_eq!(sends_until_refused(&mut world), 0);
    world.passes(Duration::from_millis(59_999));
    assert_eq!(sends_until_refused(&mut world), 0);
    world.passes(Duration::from_millis(1));
    assert_eq!(sends_until_refused(&mut world), 3);
}

#[test]
fn a_full_window_refuses_with_907_and_holds_for_one_issuer_alone() {
    let x = StationSettings { in_flight_max: 2, ..issuer("X") };
    let mut world =
        Setup::of([acquirer("A"), x, issuer("Y")]).route("3", &["X"]).route("4", &["Y"]).up();
    assert_eq!(sends_until_refused(&mut world), 2);
    world.acquirer("A").sends(sale(1).with(2, "4111111111111111"));
    assert_eq!(world.issuer("Y").heard_count(), 1);
    world.issuer("X").answers("000");
    assert_eq!(sends_until_refused(&mut world), 1);
    assert_eq!(world.count(Counter::RefusedWindowFull), 2);
}

#[test]
fn a_full_window_passes_the_request_on_to_the_next_issuer_of_the_route() {
    let x = StationSettings { in_flight_max: 1, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x, issuer("Y")]).up();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").sends(sale(2));
    assert_eq!((world.issuer("X").heard_count(), world.issuer("Y").heard_count()), (1, 1));
}

#[test]
fn an_issuer_that_is_back_from_a_freeze_gets_a_whole_window_at_once() {
    let x = StationSettings { in_flight_max: 2, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    assert_eq!(sends_until_refused(&mut world), 2);
    world.passes(Duration::from_millis(9_999));
    assert_eq!(sends_until_refused(&mut world), 0);
    world.passes(Duration::from_millis(1));
    assert_eq!(world.occupancy(), (2, 0, 2), "nothing waits, two numbers rest");
    assert_eq!(sends_until_refused(&mut world), 2);
    assert_eq!(world.occupancy(), (4, 0, 2));
}

#[test]
fn without_a_free_stan_for_it_and_its_reversal_a_request_is_907_and_an_answer_frees_them() {
    // One of 64 workers has a 64th of the numbers; the other 63 have nothing to do. Half of them
    // are for reversals, should all requests in flight need one.
    let x = StationSettings { in_flight_max: 1_000_000, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x])
        .workers(64)
        .limits(|limits| limits.pending_max = 20_000)
        .alone();
    let share: u32 = 998_999 / 64;
    assert_eq!(sends_until_refused(&mut world), share.div_ceil(2));
    assert_eq!(world.count(Counter::RefusedStansExhausted), 1);
    for _ in 0..3 {
        world.issuer("X").answers("000");
    }
    assert_eq!(sends_until_refused(&mut world), 3);
    let last = share.div_ceil(2) + 3;
    assert_eq!(world.issuer("X").heard().of(11), format!("{last:06}"), "the next never used");
}

#[test]
fn a_large_59_needs_a_block_and_without_one_is_907() {
    let mut world =
        Setup::of([acquirer("A"), issuer("X")]).limits(|limits| limits.large_max = 1).up();
    let (large, small) = (vec![b'z'; 500], vec![b'z'; 33]);
    world.acquirer("A").sends(sale(1).with(59, &large));
    world.forget();
    world.acquirer("A").sends(sale(2).with(59, &large));
    world.acquirer("A").sends(sale(3).with(59, &small));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000102
        00.000 A.0 < 1210 11=000102 39=907
        00.000 A.0 > 1200 11=000103
        00.000     + A.0 1200 to X as 000002
        00.000 X.0 < 1200 11=000002
        counted: frames 2, requests 2, forwarded 1, refused_pending_full 1
    "#]]);
    world.issuer("X").answers("000");
    world.acquirer("A").sends(sale(4).with(59, &large));
    assert_eq!(world.occupancy(), (2, 0, 0));
}

#[test]
fn a_gate_without_room_for_new_requests_still_takes_answers() {
    let mut setup = Setup::of([acquirer("A"), issuer("X")]);
    setup.gate_bytes = 1 << 16;
    let mut world = setup.up();
    for _ in 0..20 {
        world.acquirer("A").sends(sale(1));
    }
    world.holds_commits();
    while world.count(Counter::RefusedGateFull) == 0 {
        world.acquirer("A").sends(sale(1));
    }
    let (used, capacity) = world.cores[0].gate_fill();
    assert!(used <= capacity / 4 * 3 + 300 && used + 500 > capacity / 4 * 3, "{used}");
    world.forget();
    for _ in 0..20 {
        world.issuer("X").answers("000");
    }
    assert_eq!(world.count(Counter::AnswersLost), 0);
    let refused = world.count(Counter::RefusedGateFull);
    world.commits();
    assert_eq!(world.acquirer("A").heard_count(), 21);
    assert_eq!(refused, 1);
    world.acquirer("A").sends(sale(1));
    assert_eq!(world.count(Counter::RefusedGateFull), 1);
}

#[test]
fn new_requests_are_refused_before_echoes_and_echoes_before_answers() {
    let mut setup = Setup::of([acquirer("A"), issuer("X")]);
    setup.gate_bytes = 1 << 16;
    let mut world = setup.up();
    for _ in 0..20 {
        world.acquirer("A").sends(sale(1));
    }
    world.holds_commits();
    while world.count(Counter::RefusedGateFull) == 0 {
        world.acquirer("A").sends(sale(1));
    }
    assert_eq!(world.count(Counter::AnswersLost), 0);
    world.acquirer("A").sends(echo());
    assert_eq!(world.count(Counter::AnswersLost), 0, "an echo has room of its own");
    while world.count(Counter::AnswersLost) == 0 {
        world.acquirer("A").sends(echo());
    }
    for _ in 0..20 {
        world.issuer("X").answers("000");
    }
    assert_eq!(world.count(Counter::AnswersLost), 1, "and answers have theirs");
}

#[test]
fn parked_decisions_have_a_bound_in_number_and_in_length() {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")])
        .limits(|limits| (limits.parked_max, limits.parked_frame_max) = (2, 300))
        .up();
    let empty = world.acquirer("A").writes(sale(1).with(48, "")).len();
    let fits = vec![b'z'; 300 - empty];
    let long = vec![b'z'; 301 - empty];
    world.acquirer("A").sends(sale(1).with(48, &long));
    world.acquirer("A").sends(sale(1).with(48, &fits));
    world.acquirer("A").sends(sale(2));
    world.acquirer("A").sends(sale(3));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000102
        00.000 A.0 < 1210 11=000102 39=907
        00.000 A.0 > 1200 11=000103
        00.000     * ask Mac
        00.000 A.0 > 1200 11=000104
        00.000     * ask Mac
        00.000 A.0 > 1200 11=000105
        00.000 A.0 < 1210 11=000105 39=907
        counted: frames 4, requests 4, parked 2, refused_pending_full 2
    "#]]);
    world.keys_reply(switch_core::Reply::Granted);
    world.acquirer("A").sends(sale(4));
    assert_eq!(world.occupancy(), (3, 2, 0));
}

#[test]
fn notices_that_find_no_room_are_counted() {
    let mut world =
        Setup::of([acquirer("A"), issuer("X")]).limits(|limits| limits.notices_max = 2).up();
    for lost in [0, 0, 1, 2] {
        world.hears_without_a_turn("A", b"?");
        assert_eq!(world.count(Counter::NoticesLost), lost);
    }
}

#[test]
fn more_timeouts_than_one_turn_takes_are_all_handled_at_their_time() {
    let x = StationSettings { in_flight_max: 10_000, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).limits(|limits| limits.pending_max = 10_000).up();
    for _ in 0..5_000 {
        world.acquirer("A").sends(sale(1));
    }
    world.passes_secs(10);
    assert_eq!(world.count(Counter::RefusedTimedOut), 5_000);
    assert_eq!(world.acquirer("A").heard_count(), 5_000);
}
