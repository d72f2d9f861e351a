//! Requests that we answer ourselves: each reason with its action code, its response code of 1987
//! and its counter, and nothing recorded of what changed nothing.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use switch_core::counters::Counter;
use switch_core::plan::{Pin, Role, SignOn, StationSettings};
use switch_core::refusal::Refusal;

use crate::world::{
    Setup, Text, World, acquirer, institution, issuer, network, packed, sale, sign_on,
};

fn pair() -> World {
    Setup::of([acquirer("A"), issuer("X")]).up()
}

/// What A hears when it sends this.
fn refused(world: &mut World, request: Text, expected: Expect) {
    let before = world.records();
    world.acquirer("A").sends(request);
    world.check(expected);
    assert_eq!(world.records(), before, "a refusal carries no record");
    assert_eq!(world.occupancy(), (0, 0, 0), "and leaves nothing behind");
}

#[test]
fn our_own_answer_echoes_fifteen_fields_and_adds_our_verdict_and_our_name() {
    let a = StationSettings { dialect: packed(), ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).route("9", &["X"]).up();
    world.acquirer("A").sends(
        sale(2500)
            .with(5, "000000002500")
            .with(14, "2812")
            .with(28, "261121")
            .with(29, "001")
            .with(33, "12345")
            .with(35, "3530111333300000=2812")
            .with(43, "SHOP")
            .with(48, "private")
            .with(52, [0xAA; 8])
            .with(59, "transport")
            .with(64, [0xBB; 8]),
    );
    expect![[r#"
        1210 2=3530111333300000 3=000000 4=000000002500 7=1121052030 11=000101 12=261121142030 28=261121 29=001 32=77334000001 33=12345 37=632514000101 39=908 41=T0000001 42=M00000000000001 49=392 58=49000000001 59=transport
    "#]].assert_eq(&format!("{}\n", world.acquirer("A").heard()));
}

#[test]
fn our_own_answer_to_a_request_with_little_in_it_has_little_in_it() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).route("9", &["X"]).up();
    let bare = Text::new(0x1100).with(2, "3530111333300000").without(37);
    world.acquirer("A").sends(bare);
    expect![[r#"
        1110 2=3530111333300000 11=000101 32=77334000001 39=908 58=49000000001
    "#]]
    .assert_eq(&format!("{}\n", world.acquirer("A").heard()));
}

#[test]
fn a_request_of_unknown_kind_is_902() {
    let mut world = pair();
    // An administrative one, a chargeback, a file action, a sale of an issuer.
    for mti in [0x1604, 0x1422, 0x1304, 0x1202] {
        world.acquirer("A").sends(sale(2500).kind(mti).with(11, "000101"));
    }
    world.check(expect![[r#"
        00.000 A.0 > 1604 11=000101 24=200
        00.000 A.0 < 1614 11=000101 39=902
        00.000 A.0 > 1422 11=000101 24=200
        00.000 A.0 < 1432 11=000101 39=902
        00.000 A.0 > 1304 11=000101 24=200
        00.000 A.0 < 1314 11=000101 39=902
        00.000 A.0 > 1202 11=000101
        00.000 A.0 < 1212 11=000101 39=902
        counted: frames 4, refused_unknown_request 4
    "#]]);
}

#[test]
fn a_request_of_another_edition_is_902() {
    refused(
        &mut pair(),
        sale(2500).kind(0x2200),
        expect![[r#"
        00.000 A.0 > 2200 11=000101
        00.000 A.0 < 2210 11=000101 39=902
        counted: frames 1, refused_unknown_request 1
    "#]],
    );
}

#[test]
fn a_request_from_a_station_that_only_issues_is_902() {
    let mut world = pair();
    world.issuer("X").sends(sale(2500));
    world.check(expect![[r#"
        00.000 X.0 > 1200 11=000101
        00.000 X.0 < 1210 11=000101 39=902
        counted: frames 1, requests 1, refused_not_an_acquirer 1
    "#]]);
}

#[test]
fn a_station_that_does_both_may_ask_and_be_asked() {
    let a = StationSettings { role: Role::Both, ..acquirer("A") };
    let x = StationSettings { role: Role::Both, ..issuer("X") };
    let mut world = Setup::of([a, x]).route("3", &["X"]).route("4", &["A"]).up();
    world.station("A").sends(sale(1));
    world.station("X").sends(sale(2).with(2, "4111111111111111"));
    world.station("A").answers("000");
    world.station("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 X.0 > 1200 11=000101
        00.000     + X.0 1200 to A as 000001
        00.000 A.0 < 1200 11=000001
        00.000 A.0 > 1210 11=000001 39=000
        00.000     + A answered 000001 with 000
        00.000 X.0 < 1210 11=000101 39=000
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 4, requests 2, forwarded 2, answered 2, approved 2
    "#]]);
}

#[test]
fn a_request_without_a_field_that_every_request_needs_is_904() {
    let mut world = pair();
    for field in [2, 32] {
        world.acquirer("A").sends(sale(2500).without(field));
    }
    world.acquirer("A").sends(sale(2500).with(2, ""));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     ! A.0 sent 1200 with a bad or missing DE 2
        00.000 A.0 < 1210 11=000101 39=904
        00.000 A.0 > 1200 11=000102
        00.000     ! A.0 sent 1200 with a bad or missing DE 32
        00.000 A.0 < 1210 11=000102 39=904
        00.000 A.0 > 1200 11=000103
        00.000     ! A.0 sent 1200 with a bad or missing DE 2
        00.000 A.0 < 1210 11=000103 39=904
        counted: frames 3, requests 3, refused_format 3
    "#]]);
}

#[test]
fn a_request_without_a_stan_is_reported_as_nobody_could_match_an_answer() {
    let mut world = pair();
    // Two requests, one of them wrong in other ways too; an advice; a sign-on of unknown kind.
    refused(
        &mut world,
        sale(2500).without(11),
        expect![[r#"
        00.000 A.0 > 1200
        00.000     ! A.0 sent 1200 with a bad or missing DE 11
        00.000 A.0 < 1644 11=999000 24=650
        counted: frames 1, malformed_reported 1
    "#]],
    );
    refused(
        &mut world,
        sale(2500).without(11).without(2).kind(0x1101),
        expect![[r#"
        00.000 A.0 > 1101
        00.000     ! A.0 sent 1101 with a bad or missing DE 11
        00.000 A.0 < 1644 11=999001 24=650
        counted: frames 1, malformed_reported 1
    "#]],
    );
    refused(
        &mut world,
        sale(2500).without(11).kind(0x1120),
        expect![[r#"
        00.000 A.0 > 1120
        00.000     ! A.0 sent 1120 with a bad or missing DE 11
        00.000 A.0 < 1644 11=999002 24=650
        counted: frames 1, malformed_reported 1
    "#]],
    );
    refused(
        &mut world,
        network(811).without(11),
        expect![[r#"
        00.000 A.0 > 1804 24=811
        00.000     ! A.0 sent 1804 with a bad or missing DE 11
        00.000 A.0 < 1644 11=999003 24=650
        counted: frames 1, malformed_reported 1
    "#]],
    );
}

#[test]
fn an_echo_without_a_stan_is_reported_because_its_answer_could_not_be_matched() {
    refused(
        &mut pair(),
        network(831).without(11),
        expect![[r#"
            00.000 A.0 > 1804 24=831
            00.000     ! A.0 sent 1804 with a bad or missing DE 11
            00.000 A.0 < 1644 11=999000 24=650
            counted: frames 1, malformed_reported 1
        "#]],
    );
}

#[test]
fn an_institution_that_is_not_the_stations_is_905() {
    refused(
        &mut pair(),
        sale(2500).with(32, "77334000002"),
        expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=905
        counted: frames 1, requests 1, refused_unknown_acquirer 1
    "#]],
    );
}

#[test]
fn an_institution_is_its_digits_and_their_number() {
    let a = StationSettings {
        institutions: vec![institution("123"), institution("77334000001")],
        ..acquirer("A")
    };
    let mut world = Setup::of([a, issuer("X")]).up();
    for known in ["123", "77334000001"] {
        world.acquirer("A").sends(sale(2500).with(32, known));
    }
    assert_eq!((world.occupancy().0, world.acquirer("A").heard_count()), (2, 0));
    for unknown in ["0123", "12", "1234", "", "7733400000"] {
        world.acquirer("A").sends(sale(2500).with(32, unknown));
        assert_eq!(world.acquirer("A").heard().of(39), "905", "{unknown}");
    }
}

#[test]
fn an_issuer_without_a_link_is_907() {
    let mut world = pair();
    world.issuer("X").closes();
    world.forget();
    refused(
        &mut world,
        sale(2500),
        expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=907
        counted: frames 1, requests 1, refused_link_down 1
    "#]],
    );
}

#[test]
fn a_card_without_a_route_is_908() {
    refused(
        &mut pair(),
        sale(2500).with(2, "4111111111111111"),
        expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=908
        counted: frames 1, requests 1, refused_no_route 1
    "#]],
    );
}

#[test]
fn an_acquirer_that_has_not_signed_on_is_910() {
    let a = StationSettings { sign_on: SignOn::Theirs, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    refused(
        &mut world,
        sale(2500),
        expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=910
        counted: frames 1, requests 1, refused_signed_off 1
    "#]],
    );
    world.acquirer("A").sends(sign_on());
    world.acquirer("A").sends(sale(2500));
    assert_eq!(world.occupancy(), (1, 0, 0));
}

#[test]
fn an_issuer_that_has_not_signed_on_is_910() {
    let x = StationSettings { sign_on: SignOn::Theirs, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    refused(
        &mut world,
        sale(2500),
        expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=910
        counted: frames 1, requests 1, refused_signed_off 1
    "#]],
    );
}

#[test]
fn an_issuer_that_signed_off_is_910_until_it_signs_on_again() {
    let mut world = pair();
    world.issuer("X").sends(network(802));
    world.forget();
    refused(
        &mut world,
        sale(2500),
        expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=910
        counted: frames 1, requests 1, refused_signed_off 1
    "#]],
    );
    world.issuer("X").sends(network(801));
    world.acquirer("A").sends(sale(2500));
    assert_eq!(world.occupancy(), (1, 0, 0));
}

#[test]
fn a_pin_block_without_keys_is_921() {
    refused(
        &mut pair(),
        sale(2500).with(52, [0xAA; 8]),
        expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=921
        counted: frames 1, requests 1, refused_pin 1
    "#]],
    );
}

#[test]
fn no_answer_in_time_is_911() {
    let mut world = pair();
    world.acquirer("A").sends(sale(2500));
    world.passes_secs(10);
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        10.000     + 1420 for X as 000002, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     ! X timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911
        10.000 X.0 < 1420 11=000002 24=400
        counted: frames 1, requests 1, forwarded 1, refused_timed_out 1, saf_queued 1, saf_sent 1
    "#]]);
    expect![[r#"
        1210 2=3530111333300000 3=000000 4=000000002500 7=1121052030 11=000101 12=261121142030 32=77334000001 37=632514000101 39=911 41=T0000001 42=M00000000000001 49=392 58=49000000001
    "#]].assert_eq(&format!("{}\n", world.acquirer("A").heard()));
}

#[test]
fn the_first_reason_wins() {
    // Everything is wrong at once, and is put right step by step.
    let a = StationSettings { sign_on: SignOn::Theirs, ..acquirer("A") };
    let x = StationSettings { sign_on: SignOn::Theirs, pin: Pin::Refuse, ..issuer("X") };
    let mut world = Setup::of([a, x]).down();
    world.acquirer("A").connects();
    let wrong = || sale(1).with(2, "4111111111111111").without(32).with(52, [1; 8]);
    let code = |world: &mut World, request: Text| {
        world.acquirer("A").sends(request);
        world.acquirer("A").heard().of(39).to_string()
    };
    assert_eq!(code(&mut world, wrong()), "910");
    world.acquirer("A").sends(sign_on());
    assert_eq!(code(&mut world, wrong()), "904");
    assert_eq!(code(&mut world, wrong().with(32, "1")), "905");
    let right = || wrong().with(32, "77334000001");
    assert_eq!(code(&mut world, right()), "908");
    assert_eq!(code(&mut world, right().with(2, "3530111333300000")), "907");
    world.issuer("X").connects();
    assert_eq!(code(&mut world, right().with(2, "3530111333300000")), "910");
    world.issuer("X").sends(sign_on());
    assert_eq!(code(&mut world, right().with(2, "3530111333300000")), "921");
}

#[test]
fn every_reason_has_its_code_and_a_counter_of_its_own() {
    use Refusal::{
        Conversion, Draining, Format, GateFull, KeysSilent, LinkDown, Mac, Malfunction, NoRoute,
        NotAnAcquirer, PanDisagrees, PendingFull, Pin, SignedOff, StansExhausted, TimedOut,
        UnknownAcquirer, UnknownRequest, Unsent, WindowFull,
    };
    let all = [
        UnknownRequest,
        NotAnAcquirer,
        Format,
        PanDisagrees,
        Conversion,
        UnknownAcquirer,
        LinkDown,
        Unsent,
        PendingFull,
        StansExhausted,
        WindowFull,
        GateFull,
        Draining,
        NoRoute,
        Malfunction,
        SignedOff,
        TimedOut,
        Mac,
        KeysSilent,
        Pin,
    ];
    let mut table = String::new();
    for reason in all {
        let (action, counter) = (reason.action(), reason.counter().name());
        let [tens, ones] = reason.response().map(char::from);
        writeln!(table, "{action:03x} {tens}{ones} {reason:?}: {counter}").unwrap();
    }
    expect![[r#"
        902 12 UnknownRequest: refused_unknown_request
        902 12 NotAnAcquirer: refused_not_an_acquirer
        904 30 Format: refused_format
        904 30 PanDisagrees: refused_pan_disagrees
        904 30 Conversion: refused_conversion
        905 31 UnknownAcquirer: refused_unknown_acquirer
        907 91 LinkDown: refused_link_down
        907 91 Unsent: refused_unsent
        907 91 PendingFull: refused_pending_full
        907 91 StansExhausted: refused_stans_exhausted
        907 91 WindowFull: refused_window_full
        907 91 GateFull: refused_gate_full
        907 91 Draining: refused_draining
        908 15 NoRoute: refused_no_route
        909 96 Malfunction: refused_malfunction
        910 91 SignedOff: refused_signed_off
        911 68 TimedOut: refused_timed_out
        916 63 Mac: refused_mac
        920 96 KeysSilent: refused_keys_silent
        921 96 Pin: refused_pin
    "#]]
    .assert_eq(&table);
    let mut counters: Vec<Counter> = all.iter().map(|reason| reason.counter()).collect();
    counters.sort();
    counters.dedup();
    assert_eq!(counters.len(), all.len());
}
