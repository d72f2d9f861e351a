//! Several links of one station share the load; what one of them can not take, another does, or
//! it comes back.

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::plan::StationSettings;

use crate::world::{Setup, World, acquirer, issuer, sale};

fn three_links() -> World {
    let x = StationSettings { links: 3, ..issuer("X") };
    Setup::of([acquirer("A"), x]).up()
}

#[test]
fn requests_go_out_on_each_link_of_an_issuer_in_its_turn() {
    let mut world = three_links();
    for _ in 0..4 {
        world.acquirer("A").sends(sale(1));
    }
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to X as 000002
        00.000 X.1 < 1200 11=000002
        00.000 A.0 > 1200 11=000103
        00.000     + A.0 1200 to X as 000003
        00.000 X.2 < 1200 11=000003
        00.000 A.0 > 1200 11=000104
        00.000     + A.0 1200 to X as 000004
        00.000 X.0 < 1200 11=000004
        counted: frames 4, requests 4, forwarded 4
    "#]]);
}

#[test]
fn an_answer_is_valid_on_any_link_of_its_station() {
    let mut world = three_links();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").on(2).answers_here("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn a_link_that_closed_gets_nothing_and_the_others_share_its_part() {
    let mut world = three_links();
    world.issuer("X").on(1).closes();
    world.forget();
    for _ in 0..4 {
        world.acquirer("A").sends(sale(1));
    }
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to X as 000002
        00.000 X.2 < 1200 11=000002
        00.000 A.0 > 1200 11=000103
        00.000     + A.0 1200 to X as 000003
        00.000 X.0 < 1200 11=000003
        00.000 A.0 > 1200 11=000104
        00.000     + A.0 1200 to X as 000004
        00.000 X.2 < 1200 11=000004
        counted: frames 4, requests 4, forwarded 4
    "#]]);
}

#[test]
fn a_request_that_went_out_on_a_link_that_closed_waits_for_its_answer_on_another() {
    let mut world = three_links();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").on(0).closes();
    world.issuer("X").on(1).answers_here("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn of_a_link_that_closed_what_had_not_left_comes_back_907_and_what_had_waits_for_its_timeout() {
    let mut world = three_links();
    world.issuer("X").on(1).closes();
    world.issuer("X").on(2).closes();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").stalls();
    world.acquirer("A").sends(sale(2));
    world.acquirer("A").sends(sale(3));
    // One byte of the second sale leaves: it can not be taken back.
    world.issuer("X").reads_only(1);
    world.forget();
    world.issuer("X").closes();
    world.check(expect![[r#"
        00.000 X.0 = closed
        00.000     + X never got 000003
        00.000     ! X.0 closed, 1 unsent
        00.000 A.0 < 1210 11=000103 39=907
        counted: refused_unsent 1, links_closed 1
    "#]]);
    world.passes_secs(10);
    assert_eq!(world.count(Counter::RefusedTimedOut), 2);
    assert_eq!(world.acquirer("A").heard_count(), 3);
}

#[test]
fn a_number_whose_request_never_left_is_free_at_once() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.issuer("X").stalls();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").closes();
    assert_eq!(world.occupancy(), (0, 0, 0));
    let free = |world: &World| {
        world.cores[0].station(switch_core::ids::StationId(1)).stans.as_ref().unwrap().free()
    };
    assert_eq!(free(&world), 998_999);
}

#[test]
fn a_link_without_room_passes_the_request_to_the_next_one() {
    let mut world = three_links();
    world.issuer("X").on(0).has_room_for(0);
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").sends(sale(2));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.1 < 1200 11=000001
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to X as 000002
        00.000 X.1 < 1200 11=000002
        counted: frames 2, requests 2, forwarded 2
    "#]]);
}

#[test]
fn when_no_link_of_the_issuer_has_room_the_request_is_907() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.issuer("X").has_room_for(0);
    world.acquirer("A").sends(sale(1));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000     + X never got 000001
        00.000 A.0 < 1210 11=000101 39=907
        counted: frames 1, requests 1, refused_unsent 1
    "#]]);
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn a_link_that_took_very_many_requests_at_once_goes_on_taking_them() {
    let x = StationSettings { in_flight_max: 20_000, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).limits(|limits| limits.pending_max = 20_000).up();
    world.issuer("X").stalls();
    let bound = u32::try_from(switch_core::links::UNSENT_MAX).unwrap();
    for _ in 0..bound {
        world.acquirer("A").sends(sale(1));
    }
    world.issuer("X").reads();
    for _ in 0..bound {
        world.issuer("X").answers("000");
    }
    world.forget();
    world.acquirer("A").sends(sale(2));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=016485
        00.000     + A.0 1200 to X as 016385
        00.000 X.0 < 1200 11=016385
        counted: frames 1, requests 1, forwarded 1
    "#]]);
}

#[test]
fn an_answer_goes_to_the_link_that_asked_or_to_another_one_of_its_station() {
    let a = StationSettings { links: 2, ..acquirer("A") };
    let mut world = Setup::of([a, acquirer("B"), issuer("X")]).up();
    world.acquirer("A").on(1).sends(sale(1));
    world.acquirer("A").on(1).sends(sale(2));
    world.forget();
    world.issuer("X").answers("000");
    world.acquirer("A").on(1).closes();
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.1 < 1210 11=000101 39=000
        00.000 A.1 = closed
        00.000     ! A.1 closed, 0 unsent
        00.000 X.0 > 1210 11=000002 39=000
        00.000     + X answered 000002 with 000
        00.000 A.0 < 1210 11=000102 39=000
        counted: frames 2, answered 2, approved 2, links_closed 1
    "#]]);
}

#[test]
fn an_answer_to_a_station_without_a_link_is_told_and_never_goes_to_another_station() {
    let mut world = Setup::of([acquirer("A"), acquirer("B"), issuer("X")]).up();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").closes();
    world.forget();
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000     ! no link of A took its answer
        00.000     + 1420 for X as 000002, about 000001, for 4013
        00.000     + delivery of 000001 of X: None
        00.000 X.0 < 1420 11=000002 24=400
        counted: frames 1, answered 1, approved 1, undeliverable 1, undelivered 1, saf_queued 1, saf_sent 1
    "#]]);
    assert_eq!(world.acquirer("B").heard_count(), 0);
}

#[test]
fn an_answer_finds_the_only_link_of_its_station_when_that_was_opened_anew_meanwhile() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").closes();
    assert_eq!(world.acquirer("A").connects(), Some(0));
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn an_acquirer_that_does_not_read_its_answers_is_closed_and_another_link_gets_them() {
    let a = StationSettings { links: 3, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    for link in [0, 1] {
        world.acquirer("A").on(link).stalls();
        world.acquirer("A").on(link).has_room_for(0);
    }
    world.acquirer("A").sends(sale(1));
    world.forget();
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 * close NotReading
        00.000 A.1 * close NotReading
        00.000     ! A.0 to be closed: NotReading
        00.000     ! A.1 to be closed: NotReading
        00.000     ! A.0 closed, 0 unsent
        00.000     ! A.1 closed, 0 unsent
        00.000 A.2 < 1210 11=000101 39=000
        counted: frames 1, answered 1, approved 1, links_closed 2
    "#]]);
}

#[test]
fn routes_are_tried_in_their_order() {
    let mut world = Setup::of([acquirer("A"), issuer("X"), issuer("Y")]).up();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").closes();
    world.acquirer("A").sends(sale(2));
    world.issuer("Y").closes();
    world.acquirer("A").sends(sale(3));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 X.0 = closed
        00.000     ! X.0 closed, 0 unsent
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to Y as 000001
        00.000 Y.0 < 1200 11=000001
        00.000 Y.0 = closed
        00.000     ! Y.0 closed, 0 unsent
        00.000 A.0 > 1200 11=000103
        00.000 A.0 < 1210 11=000103 39=907
        counted: frames 3, requests 3, forwarded 2, refused_link_down 1, links_closed 2
    "#]]);
}

#[test]
fn a_request_is_not_tried_again_elsewhere_after_a_timeout() {
    let mut world = Setup::of([acquirer("A"), issuer("X"), issuer("Y")]).up();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(10);
    assert_eq!(world.acquirer("A").heard().of(39), "911");
    assert_eq!(world.issuer("Y").heard_count(), 0);
}

#[test]
fn when_all_issuers_of_a_route_refuse_the_first_ones_reason_is_told() {
    let x = StationSettings { pin: switch_core::plan::Pin::Refuse, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x, issuer("Y")]).up();
    world.issuer("Y").closes();
    world.acquirer("A").sends(sale(1).with(52, [1; 8]));
    assert_eq!(world.acquirer("A").heard().of(39), "921");
}

#[test]
fn a_connection_too_many_is_refused() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    assert_eq!(world.acquirer("A").connects(), None);
    world.check(expect![[r#"
        00.000     ! A has no link left
        counted: links_refused 1
    "#]]);
    world.acquirer("A").closes();
    assert_eq!(world.acquirer("A").connects(), Some(0));
}
