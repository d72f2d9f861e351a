//! Sign-on, sign-off and echo (1804 with DE 24 801, 802, 831), by either side. A partner's are
//! always answered.

use std::time::Duration;

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::links::Phase;
use switch_core::plan::{SignOn, StationSettings};

use crate::world::{
    Setup, World, acquirer, answer, echo, issuer, network, packed, sale, sign_off, sign_on,
};

/// One issuer that signs on like this, with its echo after 30 s of silence.
fn with(sign_on: SignOn) -> World {
    let x = StationSettings { sign_on, echo: Some(Duration::from_secs(30)), ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).down();
    world.acquirer("A").connects();
    world.forget();
    world
}

/// The code that a sale gets; none when it is forwarded.
fn sale_gets(world: &mut World) -> Option<String> {
    let before = world.acquirer("A").heard_count();
    world.acquirer("A").sends(sale(1));
    let refused = world.acquirer("A").heard_count() > before;
    refused.then(|| world.acquirer("A").heard().of(39).to_string())
}

#[test]
fn without_sign_on_a_link_is_ready_when_it_is_connected() {
    let mut world = with(SignOn::None);
    assert_eq!(sale_gets(&mut world).as_deref(), Some("907"));
    world.issuer("X").connects();
    assert_eq!(sale_gets(&mut world), None);
}

#[test]
fn with_our_sign_on_a_link_is_ready_when_the_issuer_has_accepted_it() {
    let mut world = with(SignOn::Ours);
    world.issuer("X").connects();
    assert_eq!(sale_gets(&mut world).as_deref(), Some("910"));
    world.forget();
    world.issuer("X").answers("800");
    world.check(expect![[r#"
        00.000 X.0 > 1814 11=999000 39=800
        00.000     ! X signed on by X.0
        counted: frames 1, sign_ons 1
    "#]]);
    expect![[r#"
        1804 7=1121052031 11=999000 12=261121052031 24=801 33=49000000001
    "#]]
    .assert_eq(&format!("{}\n", world.issuer("X").heard()));
    assert_eq!(sale_gets(&mut world), None);
}

#[test]
fn each_link_signs_on_for_itself() {
    let x = StationSettings { sign_on: SignOn::Ours, links: 2, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    world.issuer("X").takes();
    world.issuer("X").answers("800");
    world.forget();
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
fn a_sign_on_that_is_refused_closes_the_link_and_it_is_tried_again() {
    let mut world = with(SignOn::Ours);
    world.issuer("X").connects();
    world.forget();
    world.issuer("X").answers("909");
    world.passes_secs(1);
    world.check(expect![[r#"
        00.000 X.0 > 1814 11=999000 39=909
        00.000 X.0 * close SignOnFailed
        00.000     ! X.0 refused our 801 with 909
        00.000     ! X.0 to be closed: SignOnFailed
        00.000     ! X.0 closed, 0 unsent
        00.076 X.0 * connect
        counted: frames 1, links_closed 1
    "#]]);
}

#[test]
fn a_sign_on_that_is_not_answered_closes_the_link_and_it_is_tried_again() {
    let mut world = with(SignOn::Ours);
    world.issuer("X").connects();
    world.passes_secs(11);
    world.check(expect![[r#"
        00.000 X.0 = connected
        00.000     ! X.0 open
        00.000 X.0 < 1804 11=999000 24=801
        10.000 X.0 * close SignOnFailed
        10.000     ! X.0 to be closed: SignOnFailed
        10.000     ! X.0 closed, 0 unsent
        10.076 X.0 * connect
        counted: links_opened 1, links_closed 1
    "#]]);
}

#[test]
fn an_answer_to_a_sign_on_with_another_stan_is_none() {
    let mut world = with(SignOn::Ours);
    world.issuer("X").connects();
    world.forget();
    world.issuer("X").answers_with("800", |answer| answer.with(11, "000001"));
    world.check(expect![[r#"
        00.000 X.0 > 1814 11=000001 39=800
        00.000     ! X.0 sent 1814 000001 that matches nothing: Unknown
        counted: frames 1, unmatched_unknown 1
    "#]]);
    assert_eq!(sale_gets(&mut world).as_deref(), Some("910"));
}

#[test]
fn with_their_sign_on_a_station_is_ready_from_it_to_its_sign_off() {
    let mut world = with(SignOn::Theirs);
    world.issuer("X").connects();
    assert_eq!(sale_gets(&mut world).as_deref(), Some("910"));
    world.forget();
    world.issuer("X").sends(sign_on());
    world.check(expect![[r#"
        00.000 X.0 > 1804 11=000101 24=801
        00.000     + X is signed on
        00.000     ! X signed on by X.0
        00.000 X.0 < 1814 11=000101 39=800
        counted: frames 1, sign_ons 1, network_answered 1
    "#]]);
    expect![[r#"
        1814 7=1121052030 11=000101 12=261121142030 32=49711000001 39=800
    "#]]
    .assert_eq(&format!("{}\n", world.issuer("X").heard()));
    assert_eq!(sale_gets(&mut world), None);
    world.forget();
    world.issuer("X").sends(sign_off());
    world.check(expect![[r#"
        00.000 X.0 > 1804 11=000102 24=802
        00.000     + X is signed off
        00.000     ! X signed off by X.0
        00.000 X.0 < 1814 11=000102 39=800
        counted: frames 1, sign_offs 1, network_answered 1
    "#]]);
    assert_eq!(sale_gets(&mut world).as_deref(), Some("910"));
}

#[test]
fn a_station_that_signed_on_must_do_so_again_when_all_its_links_were_lost() {
    let x = StationSettings { sign_on: SignOn::Theirs, links: 2, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    world.issuer("X").on(1).sends(sign_on());
    world.issuer("X").on(1).closes();
    assert_eq!(sale_gets(&mut world), None, "the station signed on, not the link");
    world.issuer("X").on(0).closes();
    world.passes_secs(1);
    world.issuer("X").on(0).connects();
    assert_eq!(sale_gets(&mut world).as_deref(), Some("910"));
}

#[test]
fn a_station_that_signed_on_must_do_so_again_when_we_closed_its_last_link() {
    let mut world = with(SignOn::Theirs);
    world.issuer("X").connects();
    world.issuer("X").sends(sign_on());
    world.issuer("X").has_room_for(0);
    world.issuer("X").sends(echo());
    assert_eq!(sale_gets(&mut world).as_deref(), Some("907"));
    world.passes_secs(1);
    world.issuer("X").connects();
    assert_eq!(sale_gets(&mut world).as_deref(), Some("910"));
    world.issuer("X").sends(sign_on());
    assert_eq!(sale_gets(&mut world), None);
}

#[test]
fn a_link_that_is_to_be_closed_is_none_from_then_on() {
    let mut world = with(SignOn::Ours);
    world.issuer("X").connects();
    let asked = world.issuer("X").takes();
    let refusal = world.issuer("X").writes(answer(&asked, "909"));
    let sale = world.acquirer("A").writes(sale(1));
    world.forget();
    // In one turn: the link is still connected when the sale comes.
    world.hears_without_a_turn("X", &refusal);
    world.hears_without_a_turn("A", &sale);
    world.passes(Duration::ZERO);
    world.check(expect![[r#"
        00.000 X.0 * close SignOnFailed
        00.000     ! X.0 refused our 801 with 909
        00.000     ! X.0 to be closed: SignOnFailed
        00.000     ! X.0 closed, 0 unsent
        00.000 A.0 < 1210 11=000101 39=907
        counted: frames 2, requests 1, refused_link_down 1, links_closed 1
    "#]]);
    assert_eq!(world.acquirer("A").heard().of(39), "907");
}

#[test]
fn a_station_that_signed_off_is_ready_again_with_a_new_connection_if_it_need_not_sign_on() {
    let mut world = with(SignOn::None);
    world.issuer("X").connects();
    world.issuer("X").sends(sign_off());
    assert_eq!(sale_gets(&mut world).as_deref(), Some("910"));
    world.issuer("X").closes();
    world.passes_secs(1);
    world.issuer("X").connects();
    assert_eq!(sale_gets(&mut world), None);
}

#[test]
fn requests_under_way_are_answered_after_a_sign_off() {
    let mut world = with(SignOn::None);
    world.issuer("X").connects();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").sends(sign_off());
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn a_partners_801_802_and_831_are_answered_whoever_it_is_and_however_it_is_configured() {
    let a = StationSettings { dialect: packed(), ..acquirer("A") };
    let x = StationSettings { sign_on: SignOn::Ours, ..issuer("X") };
    let mut world = Setup::of([a, x]).up();
    for name in ["A", "X"] {
        for message in [sign_on(), sign_off(), echo(), echo().kind(0x1805)] {
            world.station(name).sends(message);
        }
    }
    world.check(expect![[r#"
        00.000 A.0 > 1804 11=000101 24=801
        00.000     ! A signed on by A.0
        00.000 A.0 < 1814 11=000101 39=800
        00.000 A.0 > 1804 11=000102 24=802
        00.000     + A is signed off
        00.000     ! A signed off by A.0
        00.000 A.0 < 1814 11=000102 39=800
        00.000 A.0 > 1804 11=000103 24=831
        00.000 A.0 < 1814 11=000103 39=800
        00.000 A.0 > 1805 11=000104 24=831
        00.000 A.0 < 1814 11=000104 39=800
        00.000 X.0 > 1804 11=000101 24=801
        00.000     ! X signed on by X.0
        00.000 X.0 < 1814 11=000101 39=800
        00.000 X.0 > 1804 11=000102 24=802
        00.000     + X is signed off
        00.000     ! X signed off by X.0
        00.000 X.0 < 1814 11=000102 39=800
        00.000 X.0 > 1804 11=000103 24=831
        00.000 X.0 < 1814 11=000103 39=800
        00.000 X.0 > 1805 11=000104 24=831
        00.000 X.0 < 1814 11=000104 39=800
        counted: frames 8, sign_ons 2, sign_offs 2, network_answered 8
    "#]]);
}

#[test]
fn network_management_of_another_kind_is_902_and_without_a_function_904() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.issuer("X").sends(network(811));
    world.issuer("X").sends(echo().without(24));
    world.check(expect![[r#"
        00.000 X.0 > 1804 11=000101 24=811
        00.000 X.0 < 1814 11=000101 39=902
        00.000 X.0 > 1804 11=000102
        00.000     ! X.0 sent 1804 with a bad or missing DE 24
        00.000 X.0 < 1814 11=000102 39=904
        counted: frames 2, refused_unknown_request 1, refused_format 1
    "#]]);
}

#[test]
fn a_silent_link_is_sent_an_echo_and_an_answer_is_all_it_takes() {
    let mut world = with(SignOn::None);
    world.issuer("X").connects();
    world.forget();
    world.passes(Duration::from_millis(29_999));
    world.check(expect![[""]]);
    world.passes(Duration::from_millis(1));
    world.passes_secs(5);
    world.issuer("X").answers("800");
    world.passes_secs(29);
    world.check(expect![[r#"
        30.000 X.0 < 1804 11=999000 24=831
        35.000 X.0 > 1814 11=999000 39=800
        counted: frames 1, echo_sent 1
    "#]]);
    expect![[r#"
        1804 7=1121052101 11=999000 12=261121052101 24=831 33=49000000001
    "#]]
    .assert_eq(&format!("{}\n", world.issuer("X").heard()));
}

#[test]
fn a_link_on_which_something_is_heard_needs_no_echo() {
    let mut world = with(SignOn::None);
    world.issuer("X").connects();
    for _ in 0..4 {
        world.passes_secs(20);
        world.issuer("X").sends_bytes(b"");
    }
    assert_eq!(world.count(Counter::EchoSent), 0);
}

#[test]
fn three_echoes_in_a_row_without_an_answer_open_the_link_anew() {
    let mut world = with(SignOn::None);
    world.issuer("X").connects();
    world.forget();
    world.passes_secs(61);
    world.check(expect![[r#"
        30.000 X.0 < 1804 11=999000 24=831
        40.000 X.0 < 1804 11=999001 24=831
        50.000 X.0 < 1804 11=999002 24=831
        60.000 X.0 * close EchoMissed
        60.000     ! X.0 to be closed: EchoMissed
        60.000     ! X.0 closed, 0 unsent
        60.076 X.0 * connect
        counted: links_closed 1, echo_sent 3, echo_missed 3
    "#]]);
}

#[test]
fn two_missed_echoes_are_forgotten_when_the_third_is_answered() {
    let mut world = with(SignOn::None);
    world.issuer("X").connects();
    for _ in 0..3 {
        world.passes_secs(51);
        world.issuer("X").takes();
        world.issuer("X").takes();
        world.issuer("X").answers("800");
    }
    assert_eq!(world.count(Counter::EchoMissed), 6);
    assert_eq!(world.count(Counter::LinksClosed), 0);
}

#[test]
fn an_echo_that_is_refused_is_told_and_counts_as_an_answer() {
    let mut world = with(SignOn::None);
    world.issuer("X").connects();
    world.passes_secs(30);
    world.forget();
    world.issuer("X").answers("909");
    world.passes_secs(29);
    world.check(expect![[r#"
        30.000 X.0 > 1814 11=999000 39=909
        30.000     ! X.0 refused our 831 with 909
        counted: frames 1
    "#]]);
}

#[test]
fn a_link_whose_sign_on_found_no_room_is_opened_anew() {
    let x = StationSettings { sign_on: SignOn::Ours, ..issuer("X") };
    let mut setup = Setup::of([acquirer("A"), x, issuer("Y")]).route("3", &["Y"]);
    setup.gate_bytes = 1 << 16;
    let mut world = setup.down();
    world.acquirer("A").connects();
    world.issuer("Y").connects();
    world.fills_the_gate("A");
    world.issuer("X").connects();
    world.commits();
    world.passes_secs(1);
    world.forget();
    world.issuer("X").connects();
    world.issuer("X").answers("800");
    let x = switch_core::ids::LinkId(1);
    assert_eq!(world.cores[0].link(x).phase, Phase::Ready);
}

#[test]
fn an_echo_that_finds_no_room_is_sent_when_there_is_some() {
    let a = StationSettings { echo: Some(Duration::from_secs(5)), ..acquirer("A") };
    let mut setup = Setup::of([a, acquirer("B"), issuer("X")]);
    setup.gate_bytes = 1 << 16;
    let mut world = setup.up();
    world.fills_the_gate("B");
    world.passes_secs(6);
    world.commits();
    // What timed out meanwhile, and its reversals, go first.
    world.passes_secs(12);
    assert!(world.acquirer("A").takes().of(24) == "831");
}
