//! Other settings while the switch runs: what is under way ends as it was begun, what is new is used when
//! every worker knows it, who is not named any more goes in order.

use std::fmt::Write as _;
use std::time::Duration;

use expect_test::expect;
use switch_core::Reply;
use switch_core::ids::LinkId;
use switch_core::plan::{Issuing, Keys, SignOn, StationSettings};

use crate::world::{Setup, World, acquirer, issuer, reversal, sale, sign_off, sign_on};

fn before() -> Setup {
    Setup::of([acquirer("A"), issuer("X"), issuer("Y")]).route("353011", &["X"])
}

fn to_y() -> Setup {
    Setup::of([acquirer("A"), issuer("X"), issuer("Y")]).route("353011", &["Y"])
}

fn timeout(name: &str, seconds: u64) -> StationSettings {
    StationSettings { timeout: Duration::from_secs(seconds), ..issuer(name) }
}

fn with_timeout(seconds: u64) -> Setup {
    Setup::of([acquirer("A"), timeout("X", seconds)])
}

#[test]
fn a_route_that_moves_leaves_what_is_in_flight_where_it_is() {
    let mut world = before().up();
    world.acquirer("A").sends(sale(1));
    world.reloads(to_y());
    world.acquirer("A").sends(sale(2));
    world.issuer("X").answers("000");
    world.issuer("Y").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000     * reload
        00.000     + configuration 1
        00.000     * 0 adopts
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to Y as 000001
        00.000 Y.0 < 1200 11=000001
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 Y.0 > 1210 11=000001 39=000
        00.000     + Y answered 000001 with 000
        00.000 A.0 < 1210 11=000102 39=000
        counted: frames 4, requests 2, forwarded 2, answered 2, approved 2
    "#]]);
}

#[test]
fn a_new_issuer_is_unknown_before_and_used_when_all_workers_know_it() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).route("353011", &["X"]).up();
    let after = || {
        let stations = [issuer("Z"), acquirer("B"), issuer("X"), acquirer("A")];
        Setup::of(stations).route("353011", &["Z"])
    };
    world.prepares(after());
    world.adopts(0);
    world.goes_on();
    // It is known, and not connected.
    world.acquirer("A").sends(sale(1));
    assert_eq!(world.acquirer("A").heard().of(39), "907");
    world.opens_anew(0);
    world.goes_on();
    world.issuer("Z").connects();
    world.acquirer("A").sends(sale(2));
    world.issuer("Z").answers("000");
    world.acquirer("B").connects();
    world.acquirer("B").sends(sale(3));
    world.issuer("Z").answers("000");
    world.check(expect![[r#"
        00.000     * reload
        00.000     + Z is a station
        00.000     + B is a station
        00.000     + configuration 1
        00.000     * 0 adopts
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=907
        00.000 Z.0 * connect
        00.000 Z.0 = connected
        00.000     ! Z.0 open
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to Z as 000001
        00.000 Z.0 < 1200 11=000001
        00.000 Z.0 > 1210 11=000001 39=000
        00.000     + Z answered 000001 with 000
        00.000 A.0 < 1210 11=000102 39=000
        00.000 B.0 = connected
        00.000     ! B.0 open
        00.000 B.0 > 1200 11=000101
        00.000     + B.0 1200 to Z as 000002
        00.000 Z.0 < 1200 11=000002
        00.000 Z.0 > 1210 11=000002 39=000
        00.000     + Z answered 000002 with 000
        00.000 B.0 < 1210 11=000101 39=000
        counted: frames 5, requests 3, forwarded 2, answered 2, approved 2, refused_link_down 1, links_opened 2
    "#]]);
    let world = world.restarts(after());
    assert_eq!(world.plan.stations.len(), 4);
}

#[test]
fn a_station_that_is_named_no_more_goes_when_nothing_is_under_way_and_is_signed_off() {
    let a = || StationSettings { sign_on: SignOn::Theirs, ..acquirer("A") };
    let mut world = Setup::of([a(), acquirer("B"), issuer("X")]).up();
    world.acquirer("A").sends(sign_on());
    let mut first = sale(1);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone());
    world.issuer("X").answers("000");
    world.acquirer("A").sends(sale(2));
    world.forget();
    world.reloads(Setup::of([acquirer("B"), issuer("X")]));
    // What is new is refused, a repeat gets its answer.
    world.acquirer("A").sends(sale(3));
    world.acquirer("A").sends(first);
    world.passes_secs(1);
    world.issuer("X").answers("000");
    world.passes_secs(1);
    world.acquirer("A").answers("800");
    world.passes_secs(1);
    assert_eq!(world.acquirer("A").connects(), None);
    world.acquirer("B").sends(sale(4));
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000     * reload
        00.000     + configuration 1
        00.000     * 0 adopts
        00.000 A.0 > 1200 11=000104
        00.000 A.0 < 1210 11=000104 39=907
        00.000 A.0 > 1200 11=000102
        00.000 A.0 < 1210 11=000102 39=000
        01.000 X.0 > 1210 11=000002 39=000
        01.000     + X answered 000002 with 000
        01.000 A.0 < 1210 11=000103 39=000
        01.040 A.0 < 1804 11=999000 24=802
        02.000 A.0 > 1814 11=999000 39=800
        02.020 A.0 * close Retired
        02.020     ! A.0 to be closed: Retired
        02.020     ! A.0 closed, 0 unsent
        03.000 B.0 > 1200 11=000101
        03.000     + B.0 1200 to X as 000003
        03.000 X.0 < 1200 11=000003
        03.000 X.0 > 1210 11=000003 39=000
        03.000     + X answered 000003 with 000
        03.000 B.0 < 1210 11=000101 39=000
        counted: frames 6, requests 3, forwarded 1, answered 2, approved 2, repeats_answered 1, refused_draining 1, links_closed 1
    "#]]);
}

#[test]
fn an_issuer_that_is_named_no_more_is_heard_out_and_reversed_where_it_is_silent() {
    for workers in [1, 2] {
        let mut world = before().workers(workers).up();
        world.acquirer("A").sends(sale(1));
        world.acquirer("A").sends(sale(2));
        world.reloads(Setup::of([acquirer("A"), issuer("Y")]).workers(workers));
        world.passes_secs(1);
        world.issuer("X").answers("000");
        assert_eq!(world.acquirer("A").heard().of(39), "000");
        world.passes_secs(9);
        assert_eq!(world.acquirer("A").heard().of(39), "911");
        // Its reversal is kept for it, and it does not come back.
        world.passes_secs(60);
        assert!(world.story().matches("close Retired").count() == 1, "{}", world.story());
        assert!(!world.story().contains("X.0 < 1420"), "{}", world.story());
        assert_eq!(world.kept("X"), 1);
        // A later configuration names it again.
        world.forget();
        world.reloads(before().workers(workers));
        world.issuer("X").connects();
        world.passes_secs(1);
        assert!(world.story().contains("X.0 < 142"), "{}", world.story());
        world.issuer("X").answers_newest("400");
        assert_eq!(world.kept("X"), 0);
        world.acquirer("A").sends(sale(3));
        world.issuer("X").answers("000");
        assert_eq!(world.acquirer("A").heard().of(39), "000");
    }
}

#[test]
fn a_station_that_is_named_again_before_it_has_gone_goes_on() {
    let mut world = before().up();
    world.acquirer("A").sends(sale(1));
    world.reloads(Setup::of([acquirer("A"), issuer("Y")]));
    world.passes_secs(1);
    world.reloads(before());
    world.issuer("X").answers("000");
    world.acquirer("A").sends(sale(2));
    world.issuer("X").answers("000");
    world.passes_secs(60);
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000     * reload
        00.000     + configuration 1
        00.000     * 0 adopts
        01.000     * reload
        01.000     + configuration 2
        01.000     * 0 adopts
        01.000 X.0 > 1210 11=000001 39=000
        01.000     + X answered 000001 with 000
        01.000 A.0 < 1210 11=000101 39=000
        01.000 A.0 > 1200 11=000102
        01.000     + A.0 1200 to X as 000002
        01.000 X.0 < 1200 11=000002
        01.000 X.0 > 1210 11=000002 39=000
        01.000     + X answered 000002 with 000
        01.000 A.0 < 1210 11=000102 39=000
        counted: frames 4, requests 2, forwarded 2, answered 2, approved 2
    "#]]);
}

#[test]
fn one_that_was_signed_off_and_is_named_again_begins_anew() {
    let x = || StationSettings { sign_on: SignOn::Ours, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x()]).up();
    world.issuer("X").answers("800");
    world.forget();
    world.reloads(Setup::of([acquirer("A"), issuer("Y")]));
    world.passes(Duration::from_millis(100));
    world.reloads(Setup::of([acquirer("A"), x()]));
    world.passes_secs(1);
    world.issuer("X").connects();
    world.issuer("X").answers_newest("800");
    world.acquirer("A").sends(sale(2));
    world.issuer("X").answers_newest("000");
    world.check(expect![[r#"
        00.000     * reload
        00.000     + Y is a station
        00.000     + configuration 1
        00.000     * 0 adopts
        00.000 Y.0 * connect
        00.020 X.0 < 1804 11=999001 24=802
        00.100     * reload
        00.100     + configuration 2
        00.100     * 0 adopts
        00.100 X.0 * close Changed
        00.100     ! X.0 to be closed: Changed
        00.100     ! X.0 closed, 0 unsent
        00.176 X.0 * connect
        01.100 X.0 = connected
        01.100     ! X.0 open
        01.100 X.0 < 1804 11=999002 24=801
        01.100 X.0 > 1814 11=999002 39=800
        01.100     ! X signed on by X.0
        01.100 A.0 > 1200 11=000101
        01.100     + A.0 1200 to X as 000001
        01.100 X.0 < 1200 11=000001
        01.100 X.0 > 1210 11=000001 39=000
        01.100     + X answered 000001 with 000
        01.100 A.0 < 1210 11=000101 39=000
        counted: frames 3, requests 1, forwarded 1, answered 1, approved 1, links_opened 1, links_closed 1, sign_ons 1
    "#]]);
}

#[test]
fn a_shorter_timeout_holds_for_what_is_in_flight_and_keeps_its_order() {
    let mut world = with_timeout(10).up();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(7);
    world.acquirer("A").sends(sale(2));
    world.forget();
    // The first has 3 s left, the second 10.
    world.reloads(with_timeout(5));
    world.acquirer("A").sends(sale(3));
    world.passes_secs(6);
    world.check(expect![[r#"
        07.000     * reload
        07.000     + configuration 1
        07.000     * 0 adopts
        07.000 A.0 > 1200 11=000103
        07.000     + A.0 1200 to X as 000003
        07.000 X.0 < 1200 11=000003
        10.000     + 1420 for X as 000004, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     ! X timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911
        10.000 X.0 < 1420 11=000004 24=400
        12.000     + 1420 for X as 000005, about 000002, for 4021
        12.000     + X silent on 000002
        12.000     + 1420 for X as 000006, about 000003, for 4021
        12.000     + X silent on 000003
        12.000     ! X timed out on 000002
        12.000     ! X timed out on 000003
        12.000 A.0 < 1210 11=000102 39=911
        12.000 A.0 < 1210 11=000103 39=911
        counted: frames 1, requests 1, forwarded 1, refused_timed_out 3, saf_queued 3, saf_sent 1
    "#]]);
}

#[test]
fn a_longer_timeout_holds_for_what_comes_and_changes_no_order() {
    let mut world = with_timeout(5).up();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(1);
    world.reloads(with_timeout(8));
    world.acquirer("A").sends(sale(2));
    world.forget();
    world.passes_secs(9);
    world.check(expect![[r#"
        05.000     + 1420 for X as 000003, about 000001, for 4021
        05.000     + X silent on 000001
        05.000     ! X timed out on 000001
        05.000 A.0 < 1210 11=000101 39=911
        05.000 X.0 < 1420 11=000003 24=400
        09.000     + 1420 for X as 000004, about 000002, for 4021
        09.000     + X silent on 000002
        09.000     ! X timed out on 000002
        09.000 A.0 < 1210 11=000102 39=911
        counted: refused_timed_out 2, saf_queued 2, saf_sent 1
    "#]]);
}

#[test]
fn a_shorter_quarantine_holds_for_numbers_that_rest() {
    let rests = |seconds| {
        with_timeout(5).limits(|limits| {
            limits.quarantine = Duration::from_secs(seconds);
        })
    };
    let mut world = rests(60).up();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(6);
    assert_eq!(world.occupancy(), (1, 0, 1));
    world.reloads(rests(2));
    world.passes(Duration::from_millis(1_999));
    assert_eq!(world.occupancy(), (1, 0, 1));
    world.passes(Duration::from_millis(1));
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn a_shorter_wait_for_a_reply_holds_for_what_is_parked() {
    let asks = |seconds| {
        let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
        Setup::of([a, issuer("X")]).limits(|limits| {
            limits.ask_timeout = Duration::from_secs(seconds);
        })
    };
    let mut world = asks(10).up();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").sends(sale(2));
    world.reloads(asks(1));
    world.keys_reply(Reply::Granted);
    world.passes_secs(1);
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     * ask Mac
        00.000 A.0 > 1200 11=000102
        00.000     * ask Mac
        00.000     * reload
        00.000     + configuration 1
        00.000     * 0 adopts
        00.000     * reply Granted
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        01.000 A.0 < 1210 11=000102 39=920
        01.000 X.0 > 1210 11=000001 39=000
        01.000     + X answered 000001 with 000
        01.000 A.0 < 1210 11=000101 39=000
        counted: frames 3, requests 2, forwarded 1, answered 1, approved 1, parked 2, refused_keys_silent 1
    "#]]);
}

#[test]
fn who_has_to_sign_on_may_change_and_nobody_who_is_served_is_shut_out() {
    let x = |sign_on| StationSettings { sign_on, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x(SignOn::Theirs)]).up();
    world.acquirer("A").sends(sale(1));
    // It was waited for; now it is not.
    world.reloads(Setup::of([acquirer("A"), x(SignOn::None)]));
    world.acquirer("A").sends(sale(2));
    world.issuer("X").answers("000");
    // What is ready stays so; from the next connection on it has to sign on.
    world.reloads(Setup::of([acquirer("A"), x(SignOn::Theirs)]));
    world.acquirer("A").sends(sale(3));
    world.issuer("X").answers("000");
    world.issuer("X").closes();
    world.passes_secs(1);
    world.issuer("X").connects();
    world.acquirer("A").sends(sale(4));
    world.issuer("X").sends(sign_on());
    world.acquirer("A").sends(sale(5));
    world.issuer("X").answers("000");
    // Who has signed off stays so, whatever is agreed.
    world.issuer("X").sends(sign_off());
    world.reloads(Setup::of([acquirer("A"), x(SignOn::None)]));
    world.acquirer("A").sends(sale(6));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=910
        00.000     * reload
        00.000     + configuration 1
        00.000     * 0 adopts
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000102 39=000
        00.000     * reload
        00.000     + configuration 2
        00.000     * 0 adopts
        00.000 A.0 > 1200 11=000103
        00.000     + A.0 1200 to X as 000002
        00.000 X.0 < 1200 11=000002
        00.000 X.0 > 1210 11=000002 39=000
        00.000     + X answered 000002 with 000
        00.000 A.0 < 1210 11=000103 39=000
        00.000 X.0 = closed
        00.000     ! X.0 closed, 0 unsent
        00.076 X.0 * connect
        01.000 X.0 = connected
        01.000     ! X.0 open
        01.000 A.0 > 1200 11=000104
        01.000 A.0 < 1210 11=000104 39=910
        01.000 X.0 > 1804 11=000101 24=801
        01.000     + X is signed on
        01.000     ! X signed on by X.0
        01.000 X.0 < 1814 11=000101 39=800
        01.000 A.0 > 1200 11=000105
        01.000     + A.0 1200 to X as 000003
        01.000 X.0 < 1200 11=000003
        01.000 X.0 > 1210 11=000003 39=000
        01.000     + X answered 000003 with 000
        01.000 A.0 < 1210 11=000105 39=000
        01.000 X.0 > 1804 11=000102 24=802
        01.000     + X is signed off
        01.000     ! X signed off by X.0
        01.000 X.0 < 1814 11=000102 39=800
        01.000     * reload
        01.000     + configuration 3
        01.000     * 0 adopts
        01.000 A.0 > 1200 11=000106
        01.000 A.0 < 1210 11=000106 39=910
        counted: frames 11, requests 6, forwarded 3, answered 3, approved 3, refused_signed_off 3, links_opened 1, links_closed 1, sign_ons 1, sign_offs 1, network_answered 2
    "#]]);
}

#[test]
fn a_link_whose_address_changed_is_closed_and_opened_anew() {
    let mut world = with_timeout(10).up();
    world.acquirer("A").sends(sale(1));
    let link = world.issuer("X").link();
    world.forget();
    world.moves(link);
    world.passes_secs(1);
    world.issuer("X").connects();
    world.acquirer("A").sends(sale(2));
    world.issuer("X").answers("000");
    world.moves(LinkId(0));
    world.check(expect![[r#"
        00.000 X.0 * close Changed
        00.000     ! X.0 to be closed: Changed
        00.000     ! X.0 closed, 0 unsent
        00.076 X.0 * connect
        01.000 X.0 = connected
        01.000     ! X.0 open
        01.000 A.0 > 1200 11=000102
        01.000     + A.0 1200 to X as 000002
        01.000 X.0 < 1200 11=000002
        01.000 X.0 > 1210 11=000001 39=000
        01.000     + X answered 000001 with 000
        01.000 A.0 < 1210 11=000101 39=000
        01.000 A.0 * close Changed
        01.000     ! A.0 to be closed: Changed
        01.000     ! A.0 closed, 0 unsent
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1, links_opened 1, links_closed 2
    "#]]);
}

#[test]
fn a_station_that_connected_may_be_one_that_we_connect_to_and_back() {
    let x = |connects| StationSettings { connects, ..issuer("X") };
    let setup = |connects| Setup::of([acquirer("A"), x(connects)]);
    let mut world = setup(true).down();
    world.passes_secs(1);
    world.acquirer("A").connects();
    world.issuer("X").connects();
    world.issuer("X").closes();
    // Its next attempt is due in a tenth of a second.
    world.reloads(setup(false));
    world.forget();
    world.passes_secs(60);
    world.check(expect![[r#""#]]);
    world.reloads(setup(true));
    world.check(expect![[r#"
        61.000     * reload
        61.000     + configuration 2
        61.000     * 0 adopts
        61.000 X.0 * connect
    "#]]);
}

#[test]
fn a_shorter_pause_between_attempts_holds_for_the_next_one() {
    let pauses = |secs| {
        let reconnect = (Duration::from_secs(secs), Duration::from_secs(secs));
        Setup::of([acquirer("A"), StationSettings { reconnect, ..issuer("X") }])
    };
    let mut world = pauses(1_000).up();
    world.issuer("X").closes();
    world.reloads(pauses(1));
    assert!(!world.is_connecting(world.plan.stations[1].links_from));
    world.passes_secs(1);
    assert!(world.is_connecting(world.plan.stations[1].links_from));
}

#[test]
fn an_echo_may_come_and_go() {
    let echo = |echo: Option<u64>| {
        let x = StationSettings { echo: echo.map(Duration::from_secs), ..issuer("X") };
        Setup::of([acquirer("A"), x])
    };
    let mut world = echo(None).up();
    world.passes_secs(60);
    world.reloads(echo(Some(5)));
    world.issuer("X").answers("800");
    world.passes_secs(5);
    world.issuer("X").answers("800");
    world.reloads(echo(None));
    world.passes_secs(60);
    world.check(expect![[r#"
        60.000     * reload
        60.000     + configuration 1
        60.000     * 0 adopts
        60.000 X.0 < 1804 11=999000 24=831
        60.000 X.0 > 1814 11=999000 39=800
        65.000 X.0 < 1804 11=999001 24=831
        65.000 X.0 > 1814 11=999001 39=800
        65.000     * reload
        65.000     + configuration 2
        65.000     * 0 adopts
        counted: frames 2, echo_sent 2
    "#]]);
}

#[test]
fn what_is_kept_for_an_issuer_waits_no_longer_than_is_agreed_now() {
    let retries = |secs| {
        let issuing = Issuing { saf_retry: Duration::from_secs(secs), ..Issuing::default() };
        Setup::of([acquirer("A"), StationSettings { issuing, ..timeout("X", 5) }])
    };
    let mut world = retries(3_600).up();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(20);
    world.forget();
    world.passes_secs(600);
    world.check(expect![[r#""#]]);
    world.reloads(retries(30));
    world.passes_secs(31);
    world.check(expect![[r#"
        620.000     * reload
        620.000     + configuration 1
        620.000     * 0 adopts
        650.000 X.0 < 1421 11=000002 24=400
        counted: saf_sent_again 1
    "#]]);
}

#[test]
fn an_advice_for_a_new_issuer_waits_until_its_worker_knows_it() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).workers(2).up();
    let after = Setup::of([acquirer("A"), issuer("X"), issuer("Y")]);
    world.prepares(after.route("353011", &["Y"]).workers(2));
    assert_ne!(world.plan.stations[2].worker, world.plan.stations[0].worker, "of another worker");
    world.adopts(0);
    world.acquirer("A").sends(sale(1).kind(0x1220));
    assert_eq!(world.acquirer("A").heard().of(39), "900");
    world.passes_secs(1);
    world.adopts(1);
    world.passes_secs(1);
    world.opens_anew(0);
    world.opens_anew(1);
    world.passes_secs(1);
    world.issuer("Y").connects();
    world.passes_secs(1);
    world.check(expect![[r#"
        00.000     * reload
        00.000     + Y is a station
        00.000     + configuration 1
        00.000     * 0 adopts
        00.000 A.0 > 1220 11=000101
        00.000     + 1220 for Y as 000001, about none, for 0000
        00.000     + 1220 of A taken with 900, kept as 000001
        00.000 A.0 < 1230 11=000101 39=900
        01.000     * 1 adopts
        02.000     ~ 0 to 1: queue
        02.000 Y.0 * connect
        03.000 Y.0 = connected
        03.000     ! Y.0 open
        03.000 Y.0 < 1220 11=000001
        03.000     ~ 1 to 0: told
        counted: frames 1, advices 1, advices_taken 1, saf_queued 1, saf_sent 1, links_opened 1
    "#]]);
}

#[test]
fn a_switch_that_stops_takes_a_plan_up_and_connects_nobody() {
    let mut world = before().up();
    world.acquirer("A").sends(sale(1));
    world.drains();
    world.reloads(Setup::of([acquirer("A"), issuer("X"), issuer("Z")]));
    world.issuer("X").answers("000");
    world.passes_secs(1);
    assert!(world.is_drained());
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000     * reload
        00.000     + Z is a station
        00.000     + configuration 1
        00.000     * 0 adopts
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.020 Y.0 * close Retired
        00.020     ! Y.0 to be closed: Retired
        00.020     ! Y.0 closed, 0 unsent
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1, stops 1, links_closed 1
    "#]]);
}

#[test]
fn a_restart_does_not_mind_who_was_named_before() {
    let mut world = before().up();
    let mut first = sale(1);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone());
    world.issuer("X").answers("000");
    world.acquirer("A").sends(sale(2));
    world.passes_secs(10);
    world.acquirer("A").sends(sale(3));
    let fewer = || Setup::of([acquirer("B"), acquirer("A"), issuer("Y")]);
    world.reloads(fewer());
    world.acquirer("A").sends(reversal(&first, "4000"));
    let mut world = world.restarts(fewer());
    world.forget();
    world.acquirer("A").sends(sale(4));
    world.issuer("Y").answers("000");
    // Somebody names it again: what was kept for it is still there.
    let mut world = world.restarts(before());
    world.passes_secs(1);
    world.check(expect![[r#"
        11.000 A.0 > 1200 11=000105
        11.000     + A.0 1200 to Y as 000001
        11.000 Y.0 < 1200 11=000001
        11.000 Y.0 > 1210 11=000001 39=000
        11.000     + Y answered 000001 with 000
        11.000 A.0 < 1210 11=000105 39=000
        11.000     * restart with 1
        12.000     + 1420 for X as 000006, about 000004, for 4021
        12.000     + X is not asked for 000004 again
        12.000 X.0 * connect
        12.000 Y.0 * connect
        12.000 A.0 = connected
        12.000     ! A.0 open
        12.000 X.0 = connected
        12.000     ! X.0 open
        12.000 X.0 < 1421 11=000003 24=400
        12.000 Y.0 = connected
        12.000     ! Y.0 open
        counted: answered 1, approved 1, saf_sent_again 1, links_opened 1
    "#]]);
}

/// A world with one transaction in this state.
fn in_state(state: &str) -> World {
    let keys = if state == "deciding" { Keys::Provider } else { Keys::None };
    let a = StationSettings { keys, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X"), issuer("Y")]).route("353011", &["X"]).up();
    match state {
        "gate" | "settling" => world.holds_commits(),
        "leaving" => {
            let link = world.acquirer("A").link();
            world.network.sockets[link.index()].stalled = true;
        }
        _ => {}
    }
    world.acquirer("A").sends(sale(1));
    match state {
        "deciding" | "gate" | "in flight" => {}
        "settling" => {
            world.commits();
            world.holds_commits();
            world.issuer("X").answers("000");
        }
        "leaving" | "answered" => world.issuer("X").answers("000"),
        "expired" => world.passes_secs(10),
        other => panic!("{other}"),
    }
    world
}

#[test]
fn whatever_state_a_transaction_is_in_it_ends_as_it_was_begun() {
    let mut all = String::new();
    for state in ["deciding", "gate", "in flight", "settling", "leaving", "answered", "expired"] {
        for gone in ["nobody", "X", "A"] {
            let mut world = in_state(state);
            let keys = if state == "deciding" { Keys::Provider } else { Keys::None };
            let stations = [
                StationSettings { keys, ..acquirer("A") },
                acquirer("B"),
                issuer("X"),
                issuer("Y"),
            ];
            let stays = stations.into_iter().filter(|station| station.name != gone);
            world.reloads(Setup::of(stays).route("353011", &["Y"]));
            if state == "deciding" {
                world.keys_reply(Reply::Granted);
            }
            world.commits();
            let link = world.plan.stations[0].links_from;
            world.network.sockets[link.index()].stalled = false;
            for name in ["X", "Y"] {
                if world.issuer(name).is_asked() {
                    world.issuer(name).answers("000");
                }
            }
            world.passes_secs(80);
            let heard = world.acquirer("A").codes();
            let (known, parked, resting) = world.occupancy();
            let kept = world.kept("X");
            writeln!(
                all,
                "{state:9} without {gone:6}: A hears {heard}; {known} known, {parked} parked, \
                 {resting} resting, {kept} kept for X"
            )
            .unwrap();
        }
    }
    expect![[r#"
        deciding  without nobody: A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        deciding  without X     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        deciding  without A     : A hears 907; 0 known, 0 parked, 0 resting, 0 kept for X
        gate      without nobody: A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        gate      without X     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        gate      without A     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        in flight without nobody: A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        in flight without X     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        in flight without A     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        settling  without nobody: A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        settling  without X     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        settling  without A     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        leaving   without nobody: A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        leaving   without X     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        leaving   without A     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        answered  without nobody: A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        answered  without X     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        answered  without A     : A hears 000; 0 known, 0 parked, 0 resting, 0 kept for X
        expired   without nobody: A hears 911; 0 known, 0 parked, 0 resting, 1 kept for X
        expired   without X     : A hears 911; 0 known, 0 parked, 0 resting, 1 kept for X
        expired   without A     : A hears 911; 0 known, 0 parked, 0 resting, 1 kept for X
    "#]]
    .assert_eq(&all);
}
