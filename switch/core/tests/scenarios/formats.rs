//! Bytes that are no message, and messages that the other side's format can not say.

use std::sync::Arc;

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::formats::Unfit;
use switch_core::ids::StationId;
use switch_core::plan::{PlanError, StationSettings};

use crate::world::{Setup, World, acquirer, ascii, ascii_87, ascii_without, issuer, sale};

fn pair() -> World {
    Setup::of([acquirer("A"), issuer("X")]).up()
}

#[test]
fn a_malformed_request_whose_stan_could_be_read_is_904_with_what_was_read() {
    let mut world = pair();
    let mut frame = world.acquirer("A").writes(sale(2500));
    frame[120] = 0x07; // in DE 37: not printable
    world.acquirer("A").sends_bytes(&frame);
    world.check(expect![[r#"
        00.000 A.0 > 154 bytes
        00.000     ! A.0 sent 154 malformed bytes: DE 37 at byte 120: expected a printable character, found 0x07
        00.000 A.0 < 1210 11=000101 39=904
        counted: frames 1, refused_format 1
    "#]]);
    expect![[r#"
        1210 2=3530111333300000 3=000000 4=000000002500 7=1121052030 11=000101 12=261121142030 32=77334000001 39=904 58=49000000001
    "#]].assert_eq(&format!("{}\n", world.acquirer("A").heard()));
}

#[test]
fn a_malformed_request_whose_stan_could_not_be_read_is_reported_by_1644_with_650() {
    let mut world = pair();
    let mut frame = world.acquirer("A").writes(sale(2500));
    frame[4 + 16 + 18] = b'x'; // in DE 3
    world.acquirer("A").sends_bytes(&frame);
    world.check(expect![[r#"
        00.000 A.0 > 154 bytes
        00.000     ! A.0 sent 154 malformed bytes: DE 3 at byte 38: expected a decimal digit, found 0x78
        00.000 A.0 < 1644 11=999000 24=650
        counted: frames 1, malformed_reported 1
    "#]]);
    expect![[r#"
        1644 7=1121052031 11=999000 12=261121052031 24=650 33=49000000001
    "#]]
    .assert_eq(&format!("{}\n", world.acquirer("A").heard()));
}

#[test]
fn bytes_without_an_mti_and_malformed_answers_are_dropped_and_counted() {
    let mut world = pair();
    world.acquirer("A").sends_bytes(b"?");
    world.acquirer("A").sends_bytes(b"12x0");
    world.issuer("X").sends_bytes(b"1210");
    world.issuer("X").sends_bytes(b"1644");
    world.check(expect![[r#"
        00.000 A.0 > 1 bytes
        00.000     ! A.0 sent 1 malformed bytes: MTI at byte 0: expected 4 bytes, found 1 byte
        00.000 A.0 > 4 bytes
        00.000     ! A.0 sent 4 malformed bytes: MTI at byte 2: expected a decimal digit, found 0x78
        00.000 X.0 > 4 bytes
        00.000     ! X.0 sent 4 malformed bytes: bitmap at byte 4: expected 16 bytes, found 0 bytes
        00.000 X.0 > 4 bytes
        00.000     ! X.0 sent 4 malformed bytes: bitmap at byte 4: expected 16 bytes, found 0 bytes
        counted: frames 4, type_unreadable 2, malformed_dropped 2
    "#]]);
}

#[test]
fn bytes_left_over_are_904() {
    let mut world = pair();
    let mut frame = world.acquirer("A").writes(sale(2500));
    frame.push(b' ');
    world.acquirer("A").sends_bytes(&frame);
    world.check(expect![[r#"
        00.000 A.0 > 155 bytes
        00.000     ! A.0 sent 155 malformed bytes: message at byte 154: expected the end of the message, found 1 byte
        00.000 A.0 < 1210 11=000101 39=904
        counted: frames 1, refused_format 1
    "#]]);
}

#[test]
fn a_request_that_can_not_be_said_in_the_issuers_format_is_904() {
    let x = StationSettings { dialect: ascii_without(&[48]), ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    world.acquirer("A").sends(sale(2500).with(48, "private"));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     ! DE 48 of A can not be said to X
        00.000 A.0 < 1210 11=000101 39=904
        counted: frames 1, requests 1, refused_conversion 1
    "#]]);
    world.acquirer("A").sends(sale(2500));
    assert_eq!(world.issuer("X").heard().of(11), "000001", "the next one uses the same number");
}

#[test]
fn a_dialect_that_nobody_could_speak_is_refused_at_the_start() {
    let x = StationSettings { dialect: ascii_without(&[39]), ..issuer("X") };
    let refused = Setup::of([acquirer("A"), x]).planned().unwrap_err();
    assert_eq!(refused, PlanError::Dialect { station: StationId(1), why: Unfit::Lacks(39) });
}

#[test]
fn a_dialect_that_would_make_a_part_the_whole_on_the_way_to_the_issuer_is_refused_at_the_start() {
    for (whole, fields) in [(ascii(), &[4, 24, 25, 30, 49, 56][..]), (ascii_87(), &[4, 49, 90, 95])]
    {
        for &field in fields {
            let kept = (*whole).clone().with_journaled(whole.journaled().without(field)).unwrap();
            let a = StationSettings { dialect: Arc::new(kept), ..acquirer("A") };
            let x = StationSettings { dialect: Arc::clone(&whole), ..issuer("X") };
            let why = Unfit::NotWrittenDown(field);
            let refused = Setup::of([a, x]).planned().unwrap_err();
            assert_eq!(refused, PlanError::Dialect { station: StationId(0), why });
        }
    }
}

#[test]
fn a_request_longer_than_its_issuer_takes_is_904_and_one_as_long_passes() {
    // Ours are longer than the acquirer's by our DE 33.
    let issued = |world: &mut World| {
        world.acquirer("A").sends(sale(2500));
        (world.issuer("X").heard_count(), world.count(Counter::RefusedConversion))
    };
    let up_to = |message_max| {
        let x = StationSettings { message_max, ..issuer("X") };
        Setup::of([acquirer("A"), x]).up()
    };
    let longest = up_to(8_192).acquirer("A").writes(sale(2500)).len() + 13;
    assert_eq!(issued(&mut up_to(longest)), (1, 0));
    assert_eq!(issued(&mut up_to(longest - 1)), (0, 1));
}

#[test]
fn an_answer_that_can_not_be_said_in_the_acquirers_format_is_909() {
    let a = StationSettings { dialect: ascii_without(&[44]), ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    world.acquirer("A").sends(sale(2500));
    world.issuer("X").answers_with("000", |answer| answer.with(44, "more"));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + 1420 for X as 000002, about 000001, for 4013
        00.000     + X answered 000001 with 000 in vain
        00.000     ! DE 44 of X can not be said to A
        00.000 A.0 < 1210 11=000101 39=909
        00.000 X.0 < 1420 11=000002 24=400
        counted: frames 2, requests 1, forwarded 1, refused_malfunction 1, saf_queued 1, saf_sent 1
    "#]]);
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn an_answer_longer_than_its_acquirer_takes_is_909() {
    let a = StationSettings { message_max: 200, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    for (length, code) in [(9, "000"), (99, "909")] {
        world.acquirer("A").sends(sale(2500));
        let long = vec![b'z'; length];
        world.issuer("X").answers_with("000", |answer| answer.with(44, long));
        assert_eq!(world.acquirer("A").heard().of(39), code);
    }
}

#[test]
fn an_answer_of_ours_is_never_longer_than_its_acquirer_takes() {
    let declined = |message_max| {
        let a = StationSettings { message_max, ..acquirer("A") };
        let mut world = Setup::of([a, issuer("X")]).up();
        let sale = sale(2500).with(2, "4111111111111111").with(59, "z".repeat(60));
        world.acquirer("A").sends(sale);
        let heard = world.acquirer("A").heard();
        assert_eq!(heard.of(39), "908");
        (heard.fields.contains_key(&59), heard.fields.contains_key(&37))
    };
    assert_eq!(declined(8_192), (true, true));
    assert_eq!(declined(200), (false, true));
    assert_eq!(declined(64), (false, false));
}
