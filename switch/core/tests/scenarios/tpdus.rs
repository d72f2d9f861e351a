//! Terminals behind an access controller: the TPDU of a request, as its answer is to carry it, is on
//! whatever answers it, and on nothing else.

use std::time::Duration;

use expect_test::expect;
use switch_core::Reply;
use switch_core::plan::{Keys, SignOn, StationSettings};

use crate::world::{Setup, World, acquirer, answer, echo, issuer, sale};

fn telling(setup: Setup) -> World {
    let mut world = setup.up();
    world.tells_tpdus();
    world
}

#[test]
fn each_terminal_gets_its_answer_and_the_issuer_our_own_tpdu() {
    let mut world = telling(Setup::of([acquirer("A"), issuer("X")]));
    world.acquirer("A").at(1).sends(sale(1));
    world.acquirer("A").at(2).sends(sale(2));
    let first = world.issuer("X").takes();
    world.issuer("X").at(9).answers("000");
    world.issuer("X").at(9).sends(answer(&first, "116"));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101 under 6000010003
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001 under our own
        00.000 A.0 > 1200 11=000102 under 6000020003
        00.000     + A.0 1200 to X as 000002
        00.000 X.0 < 1200 11=000002 under our own
        00.000 X.0 > 1210 11=000002 39=000 under 6000090003
        00.000     + X answered 000002 with 000
        00.000 A.0 < 1210 11=000102 39=000 under 6000020003
        00.000 X.0 > 1210 11=000001 39=116 under 6000090003
        00.000     + X answered 000001 with 116
        00.000 A.0 < 1210 11=000101 39=116 under 6000010003
        counted: frames 4, requests 2, forwarded 2, answered 2, approved 1
    "#]]);
}

#[test]
fn the_couriers_between_two_workers_take_nothing_from_it() {
    let stations = [acquirer("A"), acquirer("B"), issuer("X"), issuer("Y")];
    let mut world = telling(Setup::of(stations).workers(2).route("3", &["Y"]).route("4", &["X"]));
    world.acquirer("A").at(1).sends(sale(1));
    world.acquirer("B").at(2).sends(sale(2).with(2, "4111111111111111"));
    world.issuer("X").at(9).answers("000");
    world.issuer("Y").at(9).answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101 under 6000010003
        00.000     + A.0 1200 to Y as 000001
        00.000     ~ 0 to 1: request
        00.000 Y.0 < 1200 11=000001 under our own
        00.000 B.0 > 1200 11=000101 under 6000020003
        00.000     + B.0 1200 to X as 499500
        00.000     ~ 1 to 0: request
        00.000 X.0 < 1200 11=499500 under our own
        00.000 X.0 > 1210 11=499500 39=000 under 6000090003
        00.000     ~ 0 to 1: answer
        00.000     + X answered 499500 with 000
        00.000 B.0 < 1210 11=000101 39=000 under 6000020003
        00.000 Y.0 > 1210 11=000001 39=000 under 6000090003
        00.000     ~ 1 to 0: answer
        00.000     + Y answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000 under 6000010003
        counted: frames 4, requests 2, forwarded 2, answered 2, approved 2
    "#]]);
}

#[test]
fn what_we_answer_ourselves_carries_it() {
    let mut world = telling(Setup::of([acquirer("A"), issuer("X")]));
    world.acquirer("A").at(1).sends(sale(1).with(2, "6011111111111117")); // no route
    world.acquirer("A").at(2).sends(sale(1).without(2));
    world.acquirer("A").at(3).sends(sale(1).without(11));
    let cut_short = world.acquirer("A").writes(sale(1));
    world.acquirer("A").at(4).sends_bytes(&cut_short[..cut_short.len() - 1]);
    world.acquirer("A").at(5).sends_bytes(b"1200");
    world.acquirer("A").at(6).sends(echo());
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101 under 6000010003
        00.000 A.0 < 1210 11=000101 39=908 under 6000010003
        00.000 A.0 > 1200 11=000102 under 6000020003
        00.000     ! A.0 sent 1200 with a bad or missing DE 2
        00.000 A.0 < 1210 11=000102 39=904 under 6000020003
        00.000 A.0 > 1200 under 6000030003
        00.000     ! A.0 sent 1200 with a bad or missing DE 11
        00.000 A.0 < 1644 11=999000 24=650 under 6000030003
        00.000 A.0 > 153 bytes under 6000040003
        00.000     ! A.0 sent 153 malformed bytes: DE 49 at byte 151: expected 3 bytes, found 2 bytes
        00.000 A.0 < 1210 11=000104 39=904 under 6000040003
        00.000 A.0 > 4 bytes under 6000050003
        00.000     ! A.0 sent 4 malformed bytes: bitmap at byte 4: expected 16 bytes, found 0 bytes
        00.000 A.0 < 1644 11=999001 24=650 under 6000050003
        00.000 A.0 > 1804 11=000105 24=831 under 6000060003
        00.000 A.0 < 1814 11=000105 39=800 under 6000060003
        counted: frames 6, requests 2, refused_format 2, refused_no_route 1, malformed_reported 2, network_answered 1
    "#]]);
}

#[test]
fn a_decline_at_the_timeout_carries_it_and_so_does_one_for_a_request_that_never_left() {
    let mut world = telling(Setup::of([acquirer("A"), issuer("X")]));
    world.acquirer("A").at(1).sends(sale(1));
    world.passes_secs(10);
    world.issuer("X").stalls();
    world.acquirer("A").at(2).sends(sale(1));
    world.issuer("X").closes();
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101 under 6000010003
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001 under our own
        10.000     + 1420 for X as 000002, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     ! X timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911 under 6000010003
        10.000 X.0 < 1420 11=000002 24=400 under our own
        10.000 A.0 > 1200 11=000102 under 6000020003
        10.000     + A.0 1200 to X as 000003
        10.000 X.0 = closed
        10.000     + X never got 000003
        10.000     ! X.0 closed, 1 unsent
        10.000 A.0 < 1210 11=000102 39=907 under 6000020003
        counted: frames 2, requests 2, forwarded 2, refused_unsent 1, refused_timed_out 1, saf_queued 1, saf_sent 1, links_closed 1
    "#]]);
}

#[test]
fn a_decision_that_waits_for_the_keys_keeps_it() {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let mut world = telling(Setup::of([a, issuer("X")]));
    for terminal in 1..=3 {
        world.acquirer("A").at(terminal).sends(sale(1));
    }
    world.keys_reply(Reply::Granted);
    world.keys_reply(Reply::Denied);
    world.issuer("X").answers("000");
    world.passes(Duration::from_secs(2)); // nobody replies for the third
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101 under 6000010003
        00.000     * ask Mac
        00.000 A.0 > 1200 11=000102 under 6000020003
        00.000     * ask Mac
        00.000 A.0 > 1200 11=000103 under 6000030003
        00.000     * ask Mac
        00.000     * reply Granted
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001 under our own
        00.000     * reply Denied
        00.000 A.0 < 1210 11=000102 39=916 under 6000020003
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000 under 6000010003
        02.000 A.0 < 1210 11=000103 39=920 under 6000030003
        counted: frames 4, requests 3, forwarded 1, answered 1, approved 1, parked 3, refused_mac 1, refused_keys_silent 1
    "#]]);
}

#[test]
fn an_answer_that_leaves_on_another_link_of_the_station_carries_it() {
    let a = StationSettings { links: 2, ..acquirer("A") };
    let mut world = telling(Setup::of([a, issuer("X")]));
    world.acquirer("A").at(1).sends(sale(1));
    world.acquirer("A").on(1).at(2).sends(sale(2));
    world.acquirer("A").closes();
    world.issuer("X").answers("000");
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101 under 6000010003
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001 under our own
        00.000 A.1 > 1200 11=000102 under 6000020003
        00.000     + A.1 1200 to X as 000002
        00.000 X.0 < 1200 11=000002 under our own
        00.000 A.0 = closed
        00.000     ! A.0 closed, 0 unsent
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.1 < 1210 11=000101 39=000 under 6000010003
        00.000 X.0 > 1210 11=000002 39=000
        00.000     + X answered 000002 with 000
        00.000 A.1 < 1210 11=000102 39=000 under 6000020003
        counted: frames 4, requests 2, forwarded 2, answered 2, approved 2, links_closed 1
    "#]]);
}

#[test]
fn a_place_used_again_does_not_hand_it_on() {
    let mut world = telling(Setup::of([acquirer("A"), issuer("X")]).limits(|limits| {
        limits.pending_max = 1;
    }));
    for terminal in [1, 2] {
        world.acquirer("A").at(terminal).sends(sale(1));
        world.issuer("X").answers("000");
    }
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101 under 6000010003
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001 under our own
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000 under 6000010003
        00.000 A.0 > 1200 11=000102 under 6000020003
        00.000     + A.0 1200 to X as 000002
        00.000 X.0 < 1200 11=000002 under our own
        00.000 X.0 > 1210 11=000002 39=000
        00.000     + X answered 000002 with 000
        00.000 A.0 < 1210 11=000102 39=000 under 6000020003
        counted: frames 4, requests 2, forwarded 2, answered 2, approved 2
    "#]]);
}

#[test]
fn what_we_send_unasked_leaves_under_our_own() {
    let a = StationSettings { echo: Some(Duration::from_secs(30)), ..acquirer("A") };
    let x = StationSettings { sign_on: SignOn::Ours, ..issuer("X") };
    let mut world = Setup::of([a, x]).down();
    world.tells_tpdus();
    world.acquirer("A").connects();
    world.issuer("X").connects();
    world.issuer("X").at(9).answers("800");
    world.acquirer("A").at(1).sends(sale(1)); // heard, so the echo comes 30 s later
    world.issuer("X").answers("000");
    world.passes_secs(30);
    world.acquirer("A").at(1).answers("800");
    world.drains();
    world.check(expect![[r#"
        00.000 X.0 * connect
        00.000 A.0 = connected
        00.000     ! A.0 open
        00.000 X.0 = connected
        00.000     ! X.0 open
        00.000 X.0 < 1804 11=999000 24=801 under our own
        00.000 X.0 > 1814 11=999000 39=800 under 6000090003
        00.000     ! X signed on by X.0
        00.000 A.0 > 1200 11=000101 under 6000010003
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001 under our own
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000 under 6000010003
        30.000 A.0 < 1804 11=999000 24=831 under our own
        30.000 A.0 > 1814 11=999000 39=800 under 6000010003
        30.000 X.0 < 1804 11=999001 24=802 under our own
        counted: frames 4, requests 1, forwarded 1, answered 1, approved 1, links_opened 2, sign_ons 1, echo_sent 1
    "#]]);
}
