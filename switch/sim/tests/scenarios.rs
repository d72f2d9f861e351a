//! Scenarios of the field reference (section 8) as transcripts: 1, 2, 3, 4, 6 and 8, without MAC, PIN,
//! negative file and the stamps and counters of DE 28 and 29. A is the merchants' centre, X the issuer.
#![cfg(test)] // where unwrap is allowed
#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::time::Duration;

use expect_test::expect;
use switch_sim::world::{Setup, Text, World, acquirer, issuer, sale};

fn centres() -> World {
    Setup::of([acquirer("A"), issuer("X")]).up()
}

/// Its second sending.
fn again(text: &Text) -> Text {
    text.clone().kind(text.mti | 1)
}

/// A sale with all its names, for when it is to be sent again.
fn named(amount: u64) -> Text {
    sale(amount).with(11, "000101").with(32, "77334000001").with(37, "632514000101")
}

#[test]
fn scenario_1_a_sale_is_approved() {
    let mut world = centres();
    world.acquirer("A").sends(sale(12_800).with(14, "2812"));
    world.passes(Duration::from_millis(80));
    let asked = world.issuer("X").heard();
    world.issuer("X").answers("000");
    let told = world.acquirer("A").heard();
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.080 X.0 > 1210 11=000001 39=000
        00.080     + X answered 000001 with 000
        00.080 A.0 < 1210 11=000101 39=000
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1
    "#]]);
    expect![[r#"
        to X 1200 2=3530111333300000 3=000000 4=000000012800 7=1121052031 11=000001 12=261121142030 14=2812 22=510101513344 24=200 26=5411 32=77334000001 33=49000000001 37=632514000101 41=T0000001 42=M00000000000001 49=392
        to A 1210 2=3530111333300000 3=000000 4=000000012800 7=1121052030 11=000101 12=261121142030 32=77334000001 37=632514000101 38=A1B2C3 39=000 41=T0000001 42=M00000000000001 49=392
    "#]].assert_eq(&format!("to X {asked}\nto A {told}\n"));
}

#[test]
fn scenario_2_declines_and_a_card_that_is_kept() {
    let mut world = centres();
    for code in ["116", "209", "117", "117", "106"] {
        world.acquirer("A").sends(sale(12_800));
        world.issuer("X").answers(code);
    }
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 X.0 > 1210 11=000001 39=116
        00.000     + X answered 000001 with 116
        00.000 A.0 < 1210 11=000101 39=116
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to X as 000002
        00.000 X.0 < 1200 11=000002
        00.000 X.0 > 1210 11=000002 39=209
        00.000     + X answered 000002 with 209
        00.000 A.0 < 1210 11=000102 39=209
        00.000 A.0 > 1200 11=000103
        00.000     + A.0 1200 to X as 000003
        00.000 X.0 < 1200 11=000003
        00.000 X.0 > 1210 11=000003 39=117
        00.000     + X answered 000003 with 117
        00.000 A.0 < 1210 11=000103 39=117
        00.000 A.0 > 1200 11=000104
        00.000     + A.0 1200 to X as 000004
        00.000 X.0 < 1200 11=000004
        00.000 X.0 > 1210 11=000004 39=117
        00.000     + X answered 000004 with 117
        00.000 A.0 < 1210 11=000104 39=117
        00.000 A.0 > 1200 11=000105
        00.000     + A.0 1200 to X as 000005
        00.000 X.0 < 1200 11=000005
        00.000 X.0 > 1210 11=000005 39=106
        00.000     + X answered 000005 with 106
        00.000 A.0 < 1210 11=000105 39=106
        counted: frames 10, requests 5, forwarded 5, answered 5
    "#]]);
}

#[test]
fn scenario_6_a_repeat_in_flight_a_repeat_later_and_another_amount() {
    let mut world = centres();
    let sale = named(12_800);
    world.acquirer("A").sends(sale.clone());
    world.passes_secs(3);
    world.acquirer("A").sends(again(&sale));
    world.passes_secs(2);
    world.issuer("X").answers("000");
    let [first, second] = [0, 1].map(|place| world.acquirer("A").heard_at(place));
    assert_eq!(first, second, "both get the same answer");
    world.passes_secs(60);
    world.acquirer("A").sends(again(&sale));
    world.acquirer("A").sends(sale.clone());
    assert_eq!(world.acquirer("A").heard_at(2), first, "and so does who asks later");
    world.acquirer("A").sends(again(&sale).with(4, "000000012900"));
    assert_eq!(world.issuer("X").heard_count(), 1, "the issuer was asked once");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        03.000 A.0 > 1201 11=000101
        05.000 X.0 > 1210 11=000001 39=000
        05.000     + X answered 000001 with 000
        05.000 A.0 < 1210 11=000101 39=000
        05.000 A.0 < 1210 11=000101 39=000
        65.000 A.0 > 1201 11=000101
        65.000 A.0 < 1210 11=000101 39=000
        65.000 A.0 > 1200 11=000101
        65.000 A.0 < 1210 11=000101 39=000
        65.000 A.0 > 1201 11=000101
        65.000     ! alarm: A.0 sent 1201 under the key of another one
        65.000 A.0 < 1210 11=000101 39=904
        counted: frames 6, requests 5, forwarded 1, answered 1, approved 1, repeats_in_flight 1, repeats_answered 3, refused_differs 1
    "#]]);
}
