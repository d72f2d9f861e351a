//! Stations of 1987: the same conversations as those of 1993, with the fields and the codes of that
//! edition.

use std::sync::Arc;

use codec::Dialect;
use expect_test::expect;
use switch_core::ids::StationId;
use switch_core::plan::{Keys, NetworkCodes, PlanError, SignOn, StationSettings};
use switch_core::{Reply, records::Record};

use crate::world::{
    Setup, Text, World, acquirer, ascii_87, ascii_87_without, issuer, network_87, packed_87,
    sale_87,
};

fn of(dialect: Arc<Dialect>, station: StationSettings) -> StationSettings {
    StationSettings { dialect, ..station }
}

/// A in ASCII, X in BCD.
fn pair() -> World {
    Setup::of([of(ascii_87(), acquirer("A")), of(packed_87(), issuer("X"))]).up()
}

fn line(text: &Text) -> String {
    format!("{text}\n")
}

#[test]
fn a_sale_goes_from_ascii_to_bcd_and_its_answer_comes_back() {
    let mut world = pair();
    let sale = sale_87(2500)
        .with(28, "D00000150")
        .with(35, "3530111333300000=2812")
        .with(59, "national")
        .with(64, [0xBB; 8]);
    world.acquirer("A").sends(sale);
    expect![[r#"
        0200 2=3530111333300000 3=000000 4=000000002500 7=1121052031 11=000001 12=142030 13=1121 18=5411 22=051 25=00 28=D00000150 32=77334000001 33=49000000001 35=3530111333300000=2812 37=632514000101 41=T0000001 42=M00000000000001 49=392 59=national
    "#]].assert_eq(&line(&world.issuer("X").heard()));
    world.issuer("X").answers("00");
    world.check(expect![[r#"
        00.000 A.0 > 0200 11=000101
        00.000     + A.0 0200 to X as 000001
        00.000 X.0 < 0200 11=000001
        00.000 X.0 > 0210 11=000001 39=00
        00.000     + X answered 000001 with 000
        00.000 A.0 < 0210 11=000101 39=00
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1, fields_dropped 1
    "#]]);
    expect![[r#"
        0210 2=3530111333300000 3=000000 4=000000002500 7=1121052030 11=000101 12=142030 28=D00000150 32=77334000001 37=632514000101 38=A1B2C3 39=00 41=T0000001 42=M00000000000001 49=392 59=national
    "#]].assert_eq(&line(&world.acquirer("A").heard()));
}

#[test]
fn a_sale_goes_from_bcd_to_ascii_and_its_answer_comes_back() {
    let mut world = Setup::of([of(packed_87(), acquirer("A")), of(ascii_87(), issuer("X"))]).up();
    world.acquirer("A").sends(sale_87(2500).with(14, "2812").with(33, "12345"));
    expect![[r#"
        0200 2=3530111333300000 3=000000 4=000000002500 7=1121052031 11=000001 12=142030 13=1121 14=2812 18=5411 22=051 25=00 32=77334000001 33=49000000001 37=632514000101 41=T0000001 42=M00000000000001 49=392
    "#]].assert_eq(&line(&world.issuer("X").heard()));
    world.issuer("X").answers("00");
    expect![[r#"
        0210 2=3530111333300000 3=000000 4=000000002500 7=1121052030 11=000101 12=142030 32=77334000001 33=12345 37=632514000101 38=A1B2C3 39=00 41=T0000001 42=M00000000000001 49=392
    "#]].assert_eq(&line(&world.acquirer("A").heard()));
}

#[test]
fn an_issuers_own_code_passes_unchanged_and_is_recorded_as_its_action_code() {
    let mut world = pair();
    for code in ["00", "08", "51", "41", "91", "85", "N7", "  "] {
        world.acquirer("A").sends(sale_87(2500));
        world.issuer("X").answers(code);
        assert_eq!(world.acquirer("A").heard().of(39), code);
    }
    let actions = world.seen.iter().filter_map(|seen| {
        let Record::Settlement { action, .. } = seen.record()? else { return None };
        Some(format!("{action:03x}"))
    });
    let actions: Vec<String> = actions.collect();
    assert_eq!(actions, ["000", "001", "116", "208", "907", "100", "100", "100"]);
    let tally = &world.cores[0].station(StationId(1)).tally;
    assert_eq!((tally.answers, tally.approved), (8, 2));
}

#[test]
fn an_authorization_and_the_repeats_are_relayed_too() {
    let mut world = pair();
    for mti in [0x0100, 0x0101, 0x0201] {
        world.acquirer("A").sends(sale_87(2500).kind(mti));
        world.issuer("X").answers("00");
    }
    world.check(expect![[r#"
        00.000 A.0 > 0100 11=000101
        00.000     + A.0 0100 to X as 000001
        00.000 X.0 < 0100 11=000001
        00.000 X.0 > 0110 11=000001 39=00
        00.000     + X answered 000001 with 000
        00.000 A.0 < 0110 11=000101 39=00
        00.000 A.0 > 0101 11=000102
        00.000     + A.0 0101 to X as 000002
        00.000 X.0 < 0101 11=000002
        00.000 X.0 > 0110 11=000002 39=00
        00.000     + X answered 000002 with 000
        00.000 A.0 < 0110 11=000102 39=00
        00.000 A.0 > 0201 11=000103
        00.000     + A.0 0201 to X as 000003
        00.000 X.0 < 0201 11=000003
        00.000 X.0 > 0210 11=000003 39=00
        00.000     + X answered 000003 with 000
        00.000 A.0 < 0210 11=000103 39=00
        counted: frames 6, requests 3, forwarded 3, answered 3, approved 3
    "#]]);
}

#[test]
fn a_late_approval_of_1987_is_known_as_one() {
    let mut world = pair();
    world.acquirer("A").sends(sale_87(2500));
    world.passes_secs(11);
    world.issuer("X").answers("11");
    world.check(expect![[r#"
        00.000 A.0 > 0200 11=000101
        00.000     + A.0 0200 to X as 000001
        00.000 X.0 < 0200 11=000001
        10.000     + 0420 for X as 000002, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     ! X timed out on 000001
        10.000 A.0 < 0210 11=000101 39=68
        10.000 X.0 < 0420 11=000002 39=68
        11.000 X.0 > 0210 11=000001 39=11
        11.000     ! X.0 answered 000001 too late with 003
        counted: frames 2, requests 1, forwarded 1, refused_timed_out 1, late 1, late_approved 1, saf_queued 1, saf_merged 1, saf_sent 1
    "#]]);
}

#[test]
fn an_answer_without_a_response_code_and_one_to_another_kind_match_nothing() {
    let mut world = pair();
    world.acquirer("A").sends(sale_87(2500));
    let request = world.issuer("X").heard();
    world.issuer("X").answers_with("00", |answer| answer.without(39));
    world.issuer("X").sends(crate::world::answer(&request, "00").kind(0x0410));
    world.issuer("X").sends(crate::world::answer(&request, "00").kind(0x1210));
    world.check(expect![[r#"
        00.000 A.0 > 0200 11=000101
        00.000     + A.0 0200 to X as 000001
        00.000 X.0 < 0200 11=000001
        00.000 X.0 > 0210 11=000001
        00.000     ! X.0 sent 0210 000001 that matches nothing: NoActionCode; like X 000001
        00.000 X.0 > 0410 11=000001 39=00
        00.000 X.0 > 1210 11=000001 39=00
        counted: frames 4, requests 1, forwarded 1, unanswerable 2, unmatched_differs 1
    "#]]);
}

#[test]
fn our_own_answer_has_no_name_of_ours_as_1987_has_no_field_for_it() {
    let mut world = pair();
    let sale = sale_87(2500).with(2, "4111111111111111").with(28, "C00000150").with(33, "12345");
    world.acquirer("A").sends(sale.with(14, "2812").with(58, "national").with(59, "more"));
    expect![[r#"
        0210 2=4111111111111111 3=000000 4=000000002500 7=1121052030 11=000101 12=142030 28=C00000150 32=77334000001 33=12345 37=632514000101 39=15 41=T0000001 42=M00000000000001 49=392 59=more
    "#]].assert_eq(&line(&world.acquirer("A").heard()));
}

#[test]
fn a_request_of_unknown_kind_or_of_another_edition_is_12() {
    let mut world = pair();
    for mti in [0x0122, 0x0422, 0x0600, 0x0300, 0x0402, 0x1200] {
        world.acquirer("A").sends(sale_87(2500).kind(mti).with(11, "000101"));
    }
    world.acquirer("A").sends(sale_87(2500).kind(0x0140).with(11, "000101"));
    world.check(expect![[r#"
        00.000 A.0 > 0122 11=000101
        00.000 A.0 < 0132 11=000101 39=12
        00.000 A.0 > 0422 11=000101
        00.000 A.0 < 0432 11=000101 39=12
        00.000 A.0 > 0600 11=000101
        00.000 A.0 < 0610 11=000101 39=12
        00.000 A.0 > 0300 11=000101
        00.000 A.0 < 0310 11=000101 39=12
        00.000 A.0 > 0402 11=000101
        00.000 A.0 < 0412 11=000101 39=12
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=12
        00.000 A.0 > 0140 11=000101
        counted: frames 7, refused_unknown_request 6, unanswerable 1
    "#]]);
}

#[test]
fn a_malformed_message_gets_30_if_it_has_a_stan_and_nothing_otherwise() {
    let mut world = pair();
    let mut frame = world.acquirer("A").writes(sale_87(2500));
    frame[118] = 0x07; // in DE 41: not printable
    world.acquirer("A").sends_bytes(&frame);
    expect![[r#"
        0210 2=3530111333300000 3=000000 4=000000002500 7=1121052030 11=000101 12=142030 32=77334000001 37=632514000101 39=30
    "#]].assert_eq(&line(&world.acquirer("A").heard()));
    frame[38] = b'x'; // in DE 3
    world.acquirer("A").sends_bytes(&frame);
    world.acquirer("A").sends(sale_87(2500).without(11));
    world.acquirer("A").sends(network_87("301").without(11));
    world.check(expect![[r#"
        00.000 A.0 > 142 bytes
        00.000     ! A.0 sent 142 malformed bytes: DE 41 at byte 118: expected a printable character, found 0x07
        00.000 A.0 < 0210 11=000101 39=30
        00.000 A.0 > 142 bytes
        00.000     ! A.0 sent 142 malformed bytes: DE 3 at byte 38: expected a decimal digit, found 0x78
        00.000 A.0 > 0200
        00.000     ! A.0 sent 0200 with a bad or missing DE 11
        00.000 A.0 > 0800 70=301
        00.000     ! A.0 sent 0800 with a bad or missing DE 11
        counted: frames 4, refused_format 1, malformed_dropped 3
    "#]]);
}

/// What A, of 1987, hears when it sends this sale.
fn code(world: &mut World, sale: Text) -> String {
    world.acquirer("A").sends(sale);
    world.acquirer("A").heard().of(39).to_string()
}

#[test]
fn each_refusal_is_said_in_the_codes_of_1987() {
    let a = StationSettings { sign_on: SignOn::Theirs, ..of(ascii_87(), acquirer("A")) };
    let mut world = Setup::of([a, of(packed_87(), issuer("X"))]).down();
    world.acquirer("A").connects();
    assert_eq!(code(&mut world, sale_87(1)), "91", "the acquirer has not signed on");
    world.acquirer("A").sends(network_87("001"));
    assert_eq!(code(&mut world, sale_87(1).without(2)), "30", "no card");
    assert_eq!(code(&mut world, sale_87(1).with(32, "1")), "31", "not its institution");
    assert_eq!(code(&mut world, sale_87(1).with(2, "4111111111111111")), "15", "no route");
    assert_eq!(code(&mut world, sale_87(1)), "91", "no link of the issuer");
    world.issuer("X").connects();
    world.issuer("X").sends(network_87("002"));
    assert_eq!(code(&mut world, sale_87(1)), "91", "the issuer signed off");
    world.issuer("X").sends(network_87("001"));
    assert_eq!(code(&mut world, sale_87(1).with(52, [0xAA; 8])), "96", "a PIN block, no keys");
    world.issuer("X").sends(sale_87(1));
    assert_eq!(world.issuer("X").heard().of(39), "12", "it only issues");
    world.acquirer("A").sends(sale_87(1));
    world.passes_secs(10);
    assert_eq!(world.acquirer("A").heard().of(39), "68", "no answer in time");
    world.drains();
    assert_eq!(code(&mut world, sale_87(1)), "91", "we stop");
}

#[test]
fn what_the_key_provider_refuses_is_63_and_its_silence_96() {
    let a = StationSettings { keys: Keys::Provider, ..of(ascii_87(), acquirer("A")) };
    let mut world = Setup::of([a, of(ascii_87(), issuer("X"))]).up();
    world.acquirer("A").sends(sale_87(1));
    world.keys_reply(Reply::Denied);
    assert_eq!(world.acquirer("A").heard().of(39), "63");
    world.acquirer("A").sends(sale_87(1));
    world.passes_secs(3);
    assert_eq!(world.acquirer("A").heard().of(39), "96");
}

#[test]
fn what_can_not_be_said_in_the_other_format_is_30_or_96() {
    let fewer = ascii_87_without(&[44, 48]);
    let mut there =
        Setup::of([of(ascii_87(), acquirer("A")), of(Arc::clone(&fewer), issuer("X"))]).up();
    assert_eq!(code(&mut there, sale_87(1).with(48, "private")), "30");
    let mut back = Setup::of([of(fewer, acquirer("A")), of(ascii_87(), issuer("X"))]).up();
    back.acquirer("A").sends(sale_87(1));
    back.issuer("X").answers_with("00", |answer| answer.with(44, "more"));
    back.check(expect![[r#"
        00.000 A.0 > 0200 11=000101
        00.000     + A.0 0200 to X as 000001
        00.000 X.0 < 0200 11=000001
        00.000 X.0 > 0210 11=000001 39=00
        00.000     + 0420 for X as 000002, about 000001, for 4013
        00.000     + X answered 000001 with 000 in vain
        00.000     ! DE 44 of X can not be said to A
        00.000 A.0 < 0210 11=000101 39=96
        00.000 X.0 < 0420 11=000002 39=96
        counted: frames 2, requests 1, forwarded 1, refused_malfunction 1, saf_queued 1, saf_sent 1
    "#]]);
}

#[test]
fn a_partners_sign_on_sign_off_and_echo_are_answered_with_their_own_code() {
    let mut world = pair();
    for name in ["A", "X"] {
        for code in ["001", "002", "301"] {
            world.station(name).sends(network_87(code).with(33, "1"));
        }
        world.station(name).sends(network_87("301").kind(0x0801));
    }
    world.check(expect![[r#"
        00.000 A.0 > 0800 11=000101 70=001
        00.000     ! A signed on by A.0
        00.000 A.0 < 0810 11=000101 39=00 70=001
        00.000 A.0 > 0800 11=000102 70=002
        00.000     + A is signed off
        00.000     ! A signed off by A.0
        00.000 A.0 < 0810 11=000102 39=00 70=002
        00.000 A.0 > 0800 11=000103 70=301
        00.000 A.0 < 0810 11=000103 39=00 70=301
        00.000 A.0 > 0801 11=000104 70=301
        00.000 A.0 < 0810 11=000104 39=00 70=301
        00.000 X.0 > 0800 11=000101 70=001
        00.000     ! X signed on by X.0
        00.000 X.0 < 0810 11=000101 39=00 70=001
        00.000 X.0 > 0800 11=000102 70=002
        00.000     + X is signed off
        00.000     ! X signed off by X.0
        00.000 X.0 < 0810 11=000102 39=00 70=002
        00.000 X.0 > 0800 11=000103 70=301
        00.000 X.0 < 0810 11=000103 39=00 70=301
        00.000 X.0 > 0801 11=000104 70=301
        00.000 X.0 < 0810 11=000104 39=00 70=301
        counted: frames 8, sign_ons 2, sign_offs 2, network_answered 8
    "#]]);
    expect![[r#"
        0810 7=1121052030 11=000104 32=49711000001 39=00 70=301
    "#]]
    .assert_eq(&line(&world.station("A").heard()));
}

#[test]
fn a_sick_node_answers_no_echo_of_1987_either() {
    let mut world = pair();
    world.cores[0].handle_sick(true);
    world.acquirer("A").sends(network_87("301"));
    world.cores[0].handle_sick(false);
    world.acquirer("A").sends(network_87("301"));
    world.check(expect![[r#"
        00.000 A.0 > 0800 11=000101 70=301
        00.000 A.0 > 0800 11=000102 70=301
        00.000 A.0 < 0810 11=000102 39=00 70=301
        counted: frames 2, echo_withheld 1, network_answered 1
    "#]]);
}

#[test]
fn network_management_of_1987_of_another_kind_is_12_and_without_a_code_30() {
    let mut world = pair();
    world.issuer("X").sends(network_87("161"));
    world.issuer("X").sends(network_87("000"));
    world.issuer("X").sends(network_87("301").without(70).with(24, "831"));
    world.check(expect![[r#"
        00.000 X.0 > 0800 11=000101 70=161
        00.000 X.0 < 0810 11=000101 39=12 70=161
        00.000 X.0 > 0800 11=000102 70=000
        00.000 X.0 < 0810 11=000102 39=12 70=000
        00.000 X.0 > 0800 11=000103
        00.000     ! X.0 sent 0800 with a bad or missing DE 70
        00.000 X.0 < 0810 11=000103 39=30
        counted: frames 3, refused_unknown_request 2, refused_format 1
    "#]]);
}

#[test]
fn we_sign_on_to_a_station_of_1987_echo_and_sign_off() {
    let echo = Some(std::time::Duration::from_secs(30));
    let x = StationSettings { sign_on: SignOn::Ours, echo, ..of(packed_87(), issuer("X")) };
    let mut world = Setup::of([of(ascii_87(), acquirer("A")), x]).down();
    world.acquirer("A").connects();
    world.issuer("X").connects();
    expect![[r#"
        0800 7=1121052031 11=999000 33=49000000001 70=001
    "#]]
    .assert_eq(&line(&world.issuer("X").heard()));
    world.issuer("X").answers("00");
    world.passes_secs(30);
    world.issuer("X").answers("00");
    world.drains();
    world.issuer("X").answers("00");
    world.check(expect![[r#"
        00.000 X.0 * connect
        00.000 A.0 = connected
        00.000     ! A.0 open
        00.000 X.0 = connected
        00.000     ! X.0 open
        00.000 X.0 < 0800 11=999000 70=001
        00.000 X.0 > 0810 11=999000 39=00 70=001
        00.000     ! X signed on by X.0
        30.000 X.0 < 0800 11=999001 70=301
        30.000 X.0 > 0810 11=999001 39=00 70=301
        30.000 X.0 < 0800 11=999002 70=002
        30.000 X.0 > 0810 11=999002 39=00 70=002
        counted: frames 3, stops 1, links_opened 2, sign_ons 1, echo_sent 1
    "#]]);
    assert!(world.is_drained());
}

#[test]
fn a_sign_on_that_is_refused_closes_the_link_and_an_echo_refused_does_not() {
    let echo = Some(std::time::Duration::from_secs(30));
    let x = StationSettings { sign_on: SignOn::Ours, echo, ..of(packed_87(), issuer("X")) };
    let mut world = Setup::of([of(ascii_87(), acquirer("A")), x]).down();
    world.issuer("X").connects();
    world.issuer("X").answers("05");
    world.passes_secs(1);
    world.issuer("X").connects();
    world.issuer("X").answers("00");
    world.passes_secs(30);
    world.issuer("X").answers("96");
    world.check(expect![[r#"
        00.000 X.0 * connect
        00.000 X.0 = connected
        00.000     ! X.0 open
        00.000 X.0 < 0800 11=999000 70=001
        00.000 X.0 > 0810 11=999000 39=05 70=001
        00.000 X.0 * close SignOnFailed
        00.000     ! X.0 refused our 801 with 100
        00.000     ! X.0 to be closed: SignOnFailed
        00.000     ! X.0 closed, 0 unsent
        00.076 X.0 * connect
        01.000 X.0 = connected
        01.000     ! X.0 open
        01.000 X.0 < 0800 11=999001 70=001
        01.000 X.0 > 0810 11=999001 39=00 70=001
        01.000     ! X signed on by X.0
        31.000 X.0 < 0800 11=999002 70=301
        31.000 X.0 > 0810 11=999002 39=96 70=301
        31.000     ! X.0 refused our 831 with 909
        counted: frames 3, links_opened 2, links_closed 1, sign_ons 1, echo_sent 1
    "#]]);
}

#[test]
fn a_station_has_network_codes_of_its_own() {
    let network_codes = NetworkCodes { sign_on: 0x061, sign_off: 0x062, echo: 0x270, announce: 0 };
    let x = of(packed_87(), issuer("X"));
    let x = StationSettings { sign_on: SignOn::Ours, network_codes, ..x };
    let mut world = Setup::of([of(ascii_87(), acquirer("A")), x]).down();
    world.issuer("X").connects();
    world.issuer("X").answers("00");
    for code in ["062", "061", "270", "001"] {
        world.issuer("X").sends(network_87(code));
    }
    world.check(expect![[r#"
        00.000 X.0 * connect
        00.000 X.0 = connected
        00.000     ! X.0 open
        00.000 X.0 < 0800 11=999000 70=061
        00.000 X.0 > 0810 11=999000 39=00 70=061
        00.000     ! X signed on by X.0
        00.000 X.0 > 0800 11=000101 70=062
        00.000     + X is signed off
        00.000     ! X signed off by X.0
        00.000 X.0 < 0810 11=000101 39=00 70=062
        00.000 X.0 > 0800 11=000102 70=061
        00.000     + X is signed on
        00.000     ! X signed on by X.0
        00.000 X.0 < 0810 11=000102 39=00 70=061
        00.000 X.0 > 0800 11=000103 70=270
        00.000 X.0 < 0810 11=000103 39=00 70=270
        00.000 X.0 > 0800 11=000104 70=001
        00.000 X.0 < 0810 11=000104 39=12 70=001
        counted: frames 5, refused_unknown_request 1, links_opened 1, sign_ons 2, sign_offs 1, network_answered 3
    "#]]);
}

#[test]
fn an_acquirer_and_an_issuer_of_two_editions_are_no_pair() {
    let refused = Setup::of([of(ascii_87(), acquirer("A")), issuer("X")]).planned().unwrap_err();
    let (acquirer, issuer) = (StationId(0), StationId(1));
    assert_eq!(refused, PlanError::Versions { acquirer, issuer });
}
