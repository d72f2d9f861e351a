//! Scenarios of the field reference (section 8) as transcripts: 1, 2, 3, 4, 6 and 8, without MAC, PIN,
//! negative file and the stamps and counters of DE 28 and 29. A is the merchants' centre, X the issuer.
#![cfg(test)] // where unwrap is allowed
#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::time::Duration;

use expect_test::expect;
use switch_sim::world::{Setup, Text, World, about, acquirer, issuer, reversal, sale};

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

#[test]
fn scenario_3_the_issuer_is_silent_is_told_so_and_approves_too_late() {
    let mut world = centres();
    world.acquirer("A").sends(sale(12_800));
    world.passes_secs(10);
    let reversal = world.issuer("X").heard();
    world.passes_secs(4);
    // The oldest that it has not answered is the sale.
    world.issuer("X").answers("000");
    world.issuer("X").answers("400");
    world.passes_secs(300);
    assert_eq!(world.cores[0].saf_items().count(), 0, "nothing is left to be told");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        10.000     + 1420 for X as 000002, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     ! X timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911
        10.000 X.0 < 1420 11=000002 24=400
        14.000 X.0 > 1210 11=000001 39=000
        14.000     ! X.0 answered 000001 too late with 000
        14.000 X.0 > 1430 11=000002 39=400
        14.000     + X acknowledged 000002 with 400
        counted: frames 3, requests 1, forwarded 1, refused_timed_out 1, late 1, late_approved 1, saf_queued 1, saf_merged 1, saf_sent 1, saf_acknowledged 1
    "#]]);
    expect![[r#"
        to X 1420 2=3530111333300000 3=000000 4=000000012800 7=1121052041 11=000002 12=261121142030 24=400 25=4021 32=77334000001 33=49000000001 37=632514000101 41=T0000001 42=M00000000000001 49=392 56=12000000012611211420301177334000001
    "#]].assert_eq(&format!("to X {reversal}\n"));
}

#[test]
fn scenario_4_a_reversal_without_an_answer_is_sent_again_as_it_was_until_there_is_one() {
    let mut world = centres();
    world.acquirer("A").sends(sale(12_800));
    world.passes_secs(10);
    world.issuer("X").takes();
    let first = world.issuer("X").heard();
    world.passes_secs(60);
    let second = world.issuer("X").heard();
    let frozen = |text: &Text| text.clone().kind(0x1421).without(7).to_string();
    assert_eq!(frozen(&first), frozen(&second), "only the MTI and DE 7 differ");
    assert_ne!(first.of(7), second.of(7));
    world.passes_secs(5 * 60);
    let told = world.issuer("X").heard_count();
    world.issuer("X").takes();
    world.issuer("X").answers("400");
    world.passes_secs(600);
    assert_eq!(world.issuer("X").heard_count(), told, "it is not sent again");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        10.000     + 1420 for X as 000002, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     ! X timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911
        10.000 X.0 < 1420 11=000002 24=400
        70.000 X.0 < 1421 11=000002 24=400
        130.000 X.0 < 1421 11=000002 24=400
        190.000 X.0 < 1421 11=000002 24=400
        250.000 X.0 < 1421 11=000002 24=400
        310.000 X.0 < 1421 11=000002 24=400
        320.000     ! X does not take 000002: 6 times
        370.000 X.0 < 1421 11=000002 24=400
        370.000 X.0 > 1430 11=000002 39=400
        370.000     + X acknowledged 000002 with 400
        counted: frames 2, requests 1, forwarded 1, refused_timed_out 1, saf_queued 1, saf_sent 1, saf_sent_again 6, saf_acknowledged 1, saf_in_vain 6, saf_alarms 1
    "#]]);
}

/// A deposit of 20,000 before the stay (1100, DE 24 101), with its names.
fn deposit() -> Text {
    sale(20_000)
        .kind(0x1100)
        .with(24, "101")
        .with(11, "000101")
        .with(32, "77334000001")
        .with(37, "632514000101")
}

#[test]
fn scenario_8_a_deposit_its_completion_for_less_and_a_refund() {
    let mut world = centres();
    let deposit = deposit();
    world.acquirer("A").sends(deposit.clone());
    world.issuer("X").answers("000");
    world.passes_secs(3_600);
    // Both amounts are those of the deposit: transaction and reconciliation.
    let completion = about(0x1220, &deposit)
        .with(4, "000000018450")
        .with(11, "000102")
        .with(12, "261121152030")
        .with(24, "202")
        .with(30, "000000020000000000020000")
        .with(38, "A1B2C3");
    world.acquirer("A").sends(completion);
    let told = world.issuer("X").heard();
    world.issuer("X").answers("000");
    world.passes(Duration::from_hours(7 * 24));
    let refund = sale(5_000).with(3, "200000").with(11, "000103").with(12, "261128152030");
    world.acquirer("A").sends(refund.with(37, "633315000103").with(32, "77334000001"));
    let given_back = world.issuer("X").heard();
    world.issuer("X").answers("000");
    assert_eq!(world.cores[0].saf_items().count(), 0, "nothing is left to be told");
    world.check(expect![[r#"
        00.000 A.0 > 1100 11=000101
        00.000     + A.0 1100 to X as 000001
        00.000 X.0 < 1100 11=000001
        00.000 X.0 > 1110 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1110 11=000101 39=000
        3600.000 A.0 > 1220 11=000102
        3600.000     + 1220 for X as 000002, about 000001, for 0000
        3600.000     + 1220 of A taken with 900, kept as 000002
        3600.000 A.0 < 1230 11=000102 39=900
        3600.000 X.0 < 1220 11=000002
        3600.000 X.0 > 1230 11=000002 39=000
        3600.000     + X acknowledged 000002 with 000
        608400.000 A.0 > 1200 11=000103
        608400.000     + A.0 1200 to X as 000003
        608400.000 X.0 < 1200 11=000003
        608400.000 X.0 > 1210 11=000003 39=000
        608400.000     + X answered 000003 with 000
        608400.000 A.0 < 1210 11=000103 39=000
        counted: frames 6, requests 2, forwarded 2, answered 2, approved 2, advices 1, advices_taken 1, saf_queued 1, saf_sent 1, saf_acknowledged 1
    "#]]);
    expect![[r#"
        to X 1220 2=3530111333300000 3=000000 4=000000018450 7=1121062031 11=000002 12=261121152030 22=510101513344 24=202 26=5411 30=000000020000000000020000 32=77334000001 33=49000000001 37=632514000101 38=A1B2C3 41=T0000001 42=M00000000000001 49=392 56=11000000012611211420301177334000001
        to X 1200 2=3530111333300000 3=200000 4=000000005000 7=1128062031 11=000003 12=261128152030 22=510101513344 24=200 26=5411 32=77334000001 33=49000000001 37=633315000103 41=T0000001 42=M00000000000001 49=392
    "#]].assert_eq(&format!("to X {told}\nto X {given_back}\n"));
}

#[test]
fn scenario_8_a_part_of_a_sale_is_reversed_and_no_more_than_there_was() {
    let mut world = centres();
    let sale = named(20_000);
    world.acquirer("A").sends(sale.clone());
    world.issuer("X").answers("000");
    // DE 4 says what stays, as DE 30 says what there was.
    let stays = |amount: u64, stan: &str| {
        reversal(&sale, "4000")
            .with(4, format!("{amount:012}"))
            .with(11, stan)
            .with(24, "401")
            .with(30, "000000020000000000020000")
    };
    world.acquirer("A").sends(stays(18_450, "000102"));
    let told = world.issuer("X").heard();
    world.issuer("X").answers("400");
    world.passes_secs(2);
    world.acquirer("A").sends(stays(19_000, "000103"));
    world.acquirer("A").sends(reversal(&sale, "4000").with(11, "000104"));
    world.issuer("X").answers("400");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.0 > 1420 11=000102 24=401
        00.000     + 1420 for X as 000002, about 000001, for 4000
        00.000     + 1420 of A taken with 400, kept as 000002
        00.000 A.0 < 1430 11=000102 39=400
        00.000 X.0 < 1420 11=000002 24=401
        00.000 X.0 > 1430 11=000002 39=400
        00.000     + X acknowledged 000002 with 400
        02.000 A.0 > 1420 11=000103 24=401
        02.000     ! A.0 sent 1420 whose original has another DE 4
        02.000 A.0 < 1430 11=000103 39=904
        02.000 A.0 > 1420 11=000104 24=400
        02.000     + 1420 for X as 000003, about 000001, for 4000
        02.000     + 1420 of A taken with 400, kept as 000003
        02.000 A.0 < 1430 11=000104 39=400
        02.000 X.0 < 1420 11=000003 24=400
        02.000 X.0 > 1430 11=000003 39=400
        02.000     + X acknowledged 000003 with 400
        counted: frames 7, requests 1, forwarded 1, answered 1, approved 1, advices 3, advices_taken 2, refused_original_differs 1, saf_queued 2, saf_sent 2, saf_acknowledged 2
    "#]]);
    expect![[r#"
        to X 1420 2=3530111333300000 3=000000 4=000000018450 7=1121052031 11=000002 12=261121142030 22=510101513344 24=401 25=4000 26=5411 30=000000020000000000020000 32=77334000001 33=49000000001 37=632514000101 41=T0000001 42=M00000000000001 49=392 56=12000000012611211420301177334000001
    "#]].assert_eq(&format!("to X {told}\n"));
}
