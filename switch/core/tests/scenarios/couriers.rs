//! Several workers: a transaction stays at the worker of its acquirer; the worker that owns the
//! issuer's links only carries.

use std::time::Duration;

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::ids::{Stan, StationId, WorkerId};
use switch_core::plan::{SignOn, StationSettings};
use switch_core::stans::Stans;

use crate::world::{Full, Setup, World, acquirer, answer, issuer, sale, sign_off, sign_on};

/// A and X live at worker 0, B and Y at worker 1, C and Z at worker 2.
fn three_workers() -> World {
    Setup::of([acquirer("A"), acquirer("B"), acquirer("C"), issuer("X"), issuer("Y"), issuer("Z")])
        .workers(3)
        .route("3530111", &["Y"])
        .route("3530112", &["Z"])
        .route("4", &["X"])
        .up()
}

fn two_workers() -> World {
    // A and X at worker 0, B and Y at worker 1.
    Setup::of([acquirer("A"), acquirer("B"), issuer("X"), issuer("Y")])
        .workers(2)
        .route("3", &["Y"])
        .up()
}

#[test]
fn a_request_is_carried_to_the_worker_of_its_issuer_and_the_answer_home() {
    let mut world = two_workers();
    world.acquirer("A").sends(sale(2500));
    world.passes_secs(1);
    world.issuer("Y").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to Y as 000001
        00.000     ~ 0 to 1: request
        00.000 Y.0 < 1200 11=000001
        01.000 Y.0 > 1210 11=000001 39=000
        01.000     ~ 1 to 0: answer
        01.000     + Y answered 000001 with 000
        01.000 A.0 < 1210 11=000101 39=000
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1
    "#]]);
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn a_request_whose_issuer_lives_at_home_meets_no_lane() {
    let mut world = two_workers();
    world.acquirer("B").sends(sale(2500));
    world.issuer("Y").answers("000");
    world.check(expect![[r#"
        00.000 B.0 > 1200 11=000101
        00.000     + B.0 1200 to Y as 499500
        00.000 Y.0 < 1200 11=499500
        00.000 Y.0 > 1210 11=499500 39=000
        00.000     + Y answered 499500 with 000
        00.000 B.0 < 1210 11=000101 39=000
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1
    "#]]);
}

#[test]
fn the_home_of_an_answer_is_told_by_its_stan_alone() {
    let mut world = three_workers();
    for acquirer in ["A", "B", "C"] {
        world.acquirer(acquirer).sends(sale(1));
        world.acquirer(acquirer).sends(sale(2).with(2, "3530112000000006"));
        world.acquirer(acquirer).sends(sale(3).with(2, "4111111111111111"));
    }
    for issuer in ["X", "Y", "Z"] {
        for home in 0..3 {
            let stan = world.issuer(issuer).heard_at(home).of(11).parse().unwrap();
            let expected = WorkerId(u8::try_from(home).unwrap());
            assert_eq!(Stans::home(Stan(stan), 3), Some(expected));
        }
        for _ in 0..3 {
            world.issuer(issuer).answers("000");
        }
    }
    for acquirer in ["A", "B", "C"] {
        for place in 0..3 {
            // X answered first, then Y, then Z.
            let stan = ["000103", "000101", "000102"][place];
            assert_eq!(world.acquirer(acquirer).heard_at(place).of(11), stan);
        }
    }
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn workers_are_told_of_an_issuer_that_comes_and_goes() {
    let mut world = Setup::of([
        acquirer("A"),
        acquirer("B"),
        issuer("X"),
        StationSettings { sign_on: SignOn::Theirs, ..issuer("Y") },
    ])
    .workers(2)
    .route("3", &["Y"])
    .down();
    world.acquirer("A").connects();
    world.issuer("X").connects();
    world.forget();
    world.acquirer("A").sends(sale(1));
    world.issuer("Y").connects();
    world.acquirer("A").sends(sale(2));
    world.issuer("Y").sends(sign_on());
    world.acquirer("A").sends(sale(3));
    world.issuer("Y").sends(sign_off());
    world.acquirer("A").sends(sale(4));
    world.issuer("Y").closes();
    world.acquirer("A").sends(sale(5));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=907
        00.000 Y.0 = connected
        00.000     ! Y.0 open
        00.000     ~ 1 to 0: told
        00.000 A.0 > 1200 11=000102
        00.000 A.0 < 1210 11=000102 39=910
        00.000 Y.0 > 1804 11=000101 24=801
        00.000     + Y is signed on
        00.000     ! Y signed on by Y.0
        00.000 Y.0 < 1814 11=000101 39=800
        00.000     ~ 1 to 0: told
        00.000 A.0 > 1200 11=000103
        00.000     + A.0 1200 to Y as 000001
        00.000     ~ 0 to 1: request
        00.000 Y.0 < 1200 11=000001
        00.000 Y.0 > 1804 11=000102 24=802
        00.000     + Y is signed off
        00.000     ! Y signed off by Y.0
        00.000 Y.0 < 1814 11=000102 39=800
        00.000     ~ 1 to 0: told
        00.000 A.0 > 1200 11=000104
        00.000 A.0 < 1210 11=000104 39=910
        00.000 Y.0 = closed
        00.000     ! Y.0 closed, 0 unsent
        00.000     ~ 1 to 0: told
        00.000 A.0 > 1200 11=000105
        00.000 A.0 < 1210 11=000105 39=907
        counted: frames 7, requests 5, forwarded 1, refused_link_down 2, refused_signed_off 2, links_opened 1, links_closed 1, sign_ons 1, sign_offs 1, network_answered 2
    "#]]);
}

#[test]
fn a_request_that_the_courier_can_not_send_comes_back_907() {
    let mut world = two_workers();
    world.issuer("Y").has_room_for(0);
    world.acquirer("A").sends(sale(1));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to Y as 000001
        00.000     ~ 0 to 1: request
        00.000     ~ 1 to 0: returned
        00.000     + Y never got 000001
        00.000 A.0 < 1210 11=000101 39=907
        counted: frames 1, requests 1, refused_unsent 1
    "#]]);
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn what_a_lost_link_of_the_courier_had_not_sent_comes_back_907_and_the_rest_is_awaited() {
    let mut world = two_workers();
    world.acquirer("A").sends(sale(1));
    world.issuer("Y").stalls();
    world.acquirer("A").sends(sale(2));
    world.acquirer("B").sends(sale(3));
    world.forget();
    world.issuer("Y").closes();
    world.check(expect![[r#"
        00.000 Y.0 = closed
        00.000     ~ 1 to 0: returned
        00.000     + Y never got 000002
        00.000 A.0 < 1210 11=000102 39=907
        00.000     + Y never got 499500
        00.000     ! Y.0 closed, 2 unsent
        00.000 B.0 < 1210 11=000101 39=907
        00.000     ~ 1 to 0: told
        counted: refused_unsent 2, links_closed 1
    "#]]);
    assert_eq!(world.occupancy(), (1, 0, 0));
}

#[test]
fn a_request_that_finds_the_lane_full_comes_back_907() {
    let mut world = two_workers();
    world.network.lanes_full = Full::Requests;
    world.acquirer("A").sends(sale(1));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to Y as 000001
        00.000     + Y never got 000001
        00.000 A.0 < 1210 11=000101 39=907
        counted: frames 1, requests 1, refused_unsent 1, lanes_full 1
    "#]]);
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn an_answer_that_finds_the_lane_full_is_counted_and_its_request_is_911() {
    let mut world = two_workers();
    world.acquirer("A").sends(sale(1));
    world.network.lanes_full = Full::Everything;
    world.issuer("Y").answers("000");
    world.passes_secs(10);
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to Y as 000001
        00.000     ~ 0 to 1: request
        00.000 Y.0 < 1200 11=000001
        00.000 Y.0 > 1210 11=000001 39=000
        10.000     + 1420 for Y as 000002, about 000001, for 4021
        10.000     + Y silent on 000001
        10.000     ! Y timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911
        counted: frames 2, requests 1, forwarded 1, refused_timed_out 1, answers_lost 1, saf_queued 1, lanes_full 2
    "#]]);
}

#[test]
fn a_word_that_a_request_came_back_is_lost_with_a_full_lane_and_its_request_is_911() {
    let mut world = two_workers();
    world.issuer("Y").stalls();
    world.acquirer("A").sends(sale(1));
    world.network.lanes_full = Full::Everything;
    world.issuer("Y").closes();
    world.passes_secs(10);
    assert_eq!(world.acquirer("A").heard().of(39), "911");
}

#[test]
fn an_announcement_that_finds_the_lane_full_is_made_again() {
    let mut world = two_workers();
    world.network.lanes_full = Full::Everything;
    world.issuer("Y").closes();
    world.network.lanes_full = Full::Nothing;
    world.forget();
    let soon = world.now() + Duration::from_millis(10);
    assert!(world.cores[1].poll_timeout() <= soon, "whatever else happens");
    world.passes_secs(1);
    world.acquirer("A").sends(sale(1));
    world.check(expect![[r#"
        00.000     ~ 1 to 0: told
        00.076 Y.0 * connect
        01.000 A.0 > 1200 11=000101
        01.000 A.0 < 1210 11=000101 39=907
        counted: frames 1, requests 1, refused_link_down 1
    "#]]);
}

#[test]
fn a_carried_answer_is_held_to_the_same_rules() {
    let mut world = two_workers();
    world.acquirer("A").sends(sale(1));
    let request = world.issuer("Y").heard();
    world.forget();
    world.issuer("X").sends(answer(&request, "000"));
    world.issuer("Y").sends(answer(&request, "000").with(37, "632514000999"));
    world.issuer("Y").sends(answer(&request, "000").with(11, "000002"));
    world.issuer("Y").sends(answer(&request, "000").with(11, "499500"));
    world.issuer("Y").answers("000");
    world.issuer("Y").answers_again("116");
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     ! X.0 sent 1210 000001 that matches nothing: OtherStation; like Y 000001
        00.000 Y.0 > 1210 11=000001 39=000
        00.000     ~ 1 to 0: answer
        00.000     ! Y.0 sent 1210 000001 that matches nothing: Differs(37); like Y 000001 but DE 37
        00.000 Y.0 > 1210 11=000002 39=000
        00.000     ~ 1 to 0: answer
        00.000     ! Y.0 sent 1210 000002 that matches nothing: Unknown; like Y 000001 but DE 11
        00.000 Y.0 > 1210 11=499500 39=000
        00.000     ! Y.0 sent 1210 499500 that matches nothing: Unknown
        00.000 Y.0 > 1210 11=000001 39=000
        00.000     ~ 1 to 0: answer
        00.000     + Y answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 Y.0 > 1210 11=000001 39=116
        00.000     ~ 1 to 0: answer
        00.000     ! Y.0 sent 1210 000001 that matches nothing: Second
        counted: frames 6, answered 1, approved 1, unmatched_unknown 2, unmatched_second 1, unmatched_other_station 1, unmatched_differs 1
    "#]]);
    assert_eq!(world.acquirer("A").heard_count(), 1);
}

#[test]
fn a_request_that_timed_out_on_the_way_is_known_to_be_late() {
    let mut world = two_workers();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(10);
    world.forget();
    world.issuer("Y").answers("000");
    world.check(expect![[r#"
        10.000 Y.0 > 1210 11=000001 39=000
        10.000     ~ 1 to 0: answer
        10.000     ! Y.0 answered 000001 too late with 000
        counted: frames 1, late 1, late_approved 1, saf_merged 1
    "#]]);
}

#[test]
fn the_window_of_an_issuer_is_shared_out_to_the_homes() {
    // At least one each, and otherwise never more in all than the window.
    for (window, share) in [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2)] {
        let y = StationSettings { in_flight_max: window, ..issuer("Y") };
        let mut world = Setup::of([acquirer("A"), acquirer("B"), issuer("X"), y])
            .workers(2)
            .route("3", &["Y"])
            .up();
        for acquirer in ["A", "B"] {
            for _ in 0..=share {
                assert_eq!(world.count(Counter::RefusedWindowFull), u64::from(acquirer == "B"));
                world.acquirer(acquirer).sends(sale(1));
            }
        }
        assert_eq!(world.count(Counter::RefusedWindowFull), 2);
        assert_eq!(world.occupancy(), (2 * share, 0, 0));
    }
}

#[test]
fn a_courier_signs_its_issuers_off_only_when_no_home_waits_for_them_any_more() {
    let mut world = two_workers();
    world.acquirer("A").sends(sale(1));
    world.drains();
    // The transaction's home is worker 0, and worker 1, which has none, is its courier.
    assert!(!world.cores[0].is_drained() && !world.cores[1].is_drained());
    world.issuer("Y").answers("000");
    assert!(world.is_drained());
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn a_station_that_shares_a_listener_lives_beside_the_one_whose_it_is() {
    let c = StationSettings { beside: Some(StationId(0)), ..acquirer("C") };
    let world =
        Setup::of([acquirer("A"), acquirer("B"), c, acquirer("D"), issuer("X")]).workers(3).down();
    let homes: Vec<u8> = world.plan.stations.iter().map(|station| station.worker.0).collect();
    assert_eq!(homes, [0, 1, 0, 2, 0]);
}

#[test]
fn a_word_that_can_not_be_read_is_counted_and_told() {
    let mut world = two_workers();
    world.says_nonsense(1, 0);
    world.check(expect![[r#"
        00.000     ! worker 1 speaks badly
        counted: peer_malformed 1
    "#]]);
}
