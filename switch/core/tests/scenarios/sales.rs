//! The main job: a request crosses, its answer comes back. What each hop changes on the way, and
//! what it leaves alone.

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::plan::{Pin, StationSettings};

use crate::world::{Setup, acquirer, issuer, packed, sale};

#[test]
fn a_sale_is_forwarded_under_our_stan_and_its_approval_comes_back_under_the_acquirers() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(2500));
    world.passes_secs(1);
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        01.000 X.0 > 1210 11=000001 39=000
        01.000     + X answered 000001 with 000
        01.000 A.0 < 1210 11=000101 39=000
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1
    "#]]);
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn a_decline_comes_back_like_an_approval_and_is_not_counted_as_one() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(2500).kind(0x1100));
    world.issuer("X").answers("116");
    world.check(expect![[r#"
        00.000 A.0 > 1100 11=000101
        00.000     + A.0 1100 to X as 000001
        00.000 X.0 < 1100 11=000001
        00.000 X.0 > 1110 11=000001 39=116
        00.000     + X answered 000001 with 116
        00.000 A.0 < 1110 11=000101 39=116
        counted: frames 2, requests 1, forwarded 1, answered 1
    "#]]);
}

#[test]
fn a_sale_in_characters_is_said_in_packed_digits_and_its_answer_in_characters_again() {
    let x = StationSettings { dialect: packed(), ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    world.acquirer("A").sends(sale(2500));
    let forwarded = world.issuer("X").heard();
    world.issuer("X").answers("000");
    let answered = world.acquirer("A").heard();
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1
    "#]]);
    expect![[r#"
        1200 2=3530111333300000 3=000000 4=000000002500 7=1121052031 11=000001 12=261121142030 22=510101513344 24=200 26=5411 32=77334000001 33=49000000001 37=632514000101 41=T0000001 42=M00000000000001 49=392
        1210 2=3530111333300000 3=000000 4=000000002500 7=1121052030 11=000101 12=261121142030 32=77334000001 37=632514000101 38=A1B2C3 39=000 41=T0000001 42=M00000000000001 49=392
    "#]].assert_eq(&format!("{forwarded}\n{answered}\n"));
}

#[test]
fn a_sale_in_packed_digits_is_said_in_characters_and_its_decline_in_packed_digits_again() {
    let a = StationSettings { dialect: packed(), ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).route("37", &["X"]).up();
    // Odd numbers of digits, a private field, chip data, a sign: whatever has two forms.
    world.acquirer("A").sends(
        sale(2500)
            .with(2, "378282246310005")
            .with(23, "001")
            .with(48, "free text")
            .with(55, [0x9F, 0x26, 0x02, 0x00, 0xFF])
            .with(97, "D0000000000002500"),
    );
    let forwarded = world.issuer("X").heard();
    world.issuer("X").answers("116");
    let answered = world.acquirer("A").heard();
    expect![[r#"
        1200 2=378282246310005 3=000000 4=000000002500 7=1121052031 11=000001 12=261121142030 22=510101513344 23=001 24=200 26=5411 32=77334000001 33=49000000001 37=632514000101 41=T0000001 42=M00000000000001 48=free text 49=392 55=x[9f, 26, 02, 00, ff] 97=D0000000000002500
        1210 2=378282246310005 3=000000 4=000000002500 7=1121052030 11=000101 12=261121142030 32=77334000001 37=632514000101 39=116 41=T0000001 42=M00000000000001 49=392
    "#]].assert_eq(&format!("{forwarded}\n{answered}\n"));
}

#[test]
fn a_forwarded_request_differs_in_7_11_and_33_alone() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let request = sale(2500).with(33, "12345").with(48, "private").with(59, "transport");
    world.acquirer("A").sends(request.clone());
    let mut forwarded = world.issuer("X").heard();
    assert_eq!(forwarded.of(7), "1121052031", "ours, a second after theirs");
    assert_eq!(forwarded.of(11), "000001");
    assert_eq!(forwarded.of(33), "49000000001", "our institution");
    assert_eq!(forwarded.of(32), "77334000001", "still theirs");
    for field in [7, 33] {
        forwarded = forwarded.with(field, request.of(field));
    }
    let sent = request.with(11, "000001").with(32, "77334000001").with(37, "632514000101");
    assert_eq!(forwarded, sent);
}

#[test]
fn fields_of_one_hop_are_dropped_on_the_way_out_and_back_and_counted() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let eight = [0xA5; 8];
    world
        .acquirer("A")
        .sends(sale(2500).with(53, [1; 8]).with(64, eight).with(96, [2; 8]).with(128, eight));
    let forwarded = world.issuer("X").heard();
    assert!([53, 64, 96, 128].iter().all(|field| !forwarded.fields.contains_key(field)));
    assert_eq!(world.count(Counter::FieldsDropped), 4);
    world.issuer("X").answers_with("000", |answer| answer.with(53, [3; 8]).with(64, eight));
    let answered = world.acquirer("A").heard();
    assert!([53, 64].iter().all(|field| !answered.fields.contains_key(field)));
    assert_eq!(world.count(Counter::FieldsDropped), 6);
}

#[test]
fn an_answer_gets_back_what_the_request_had_in_7_11_32_and_33_whatever_the_issuer_makes_of_them() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(2500).with(33, "12345"));
    world.issuer("X").answers_with("000", |answer| {
        answer.without(7).without(32).with(33, "99").with(44, "their own")
    });
    expect![[r#"
        1210 2=3530111333300000 3=000000 4=000000002500 7=1121052030 11=000101 12=261121142030 32=77334000001 33=12345 37=632514000101 38=A1B2C3 39=000 41=T0000001 42=M00000000000001 44=their own 49=392
    "#]].assert_eq(&format!("{}\n", world.acquirer("A").heard()));
}

#[test]
fn an_answer_does_not_show_our_33_to_an_acquirer_that_sent_none() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(2500).without(7));
    assert_eq!(world.issuer("X").heard().of(7), "1121052031", "an issuer always gets one");
    world.issuer("X").answers("000");
    let answered = world.acquirer("A").heard();
    assert!([7, 33].iter().all(|field| !answered.fields.contains_key(field)));
}

#[test]
fn a_repeat_is_forwarded_as_one_and_answered_without_the_mark() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(2500).kind(0x1201));
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1201 11=000101
        00.000     + A.0 1201 to X as 000001
        00.000 X.0 < 1201 11=000001
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1
    "#]]);
}

#[test]
fn a_pin_block_passes_where_both_sides_share_a_key() {
    let x = StationSettings { pin: Pin::Pass, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    world.acquirer("A").sends(sale(2500).with(52, [0xAA; 8]));
    assert_eq!(world.issuer("X").heard().fields[&52], [0xAA; 8]);
}

#[test]
fn ten_sales_under_way_get_ten_numbers_and_each_answer_finds_its_own() {
    let mut world = Setup::of([acquirer("A"), acquirer("B"), issuer("X")]).up();
    for amount in 0..5 {
        world.acquirer("A").sends(sale(1000 + amount));
        world.acquirer("B").sends(sale(2000 + amount));
    }
    assert_eq!(world.occupancy(), (10, 0, 0));
    for _ in 0..10 {
        world.issuer("X").answers("000");
    }
    for (name, base) in [("A", 1000), ("B", 2000)] {
        for place in 0..5 {
            let heard = world.acquirer(name).heard_at(place);
            assert_eq!(heard.of(4), format!("{:012}", base + place));
            assert_eq!(heard.of(11), format!("{:06}", 101 + place));
        }
    }
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn an_empty_frame_keeps_the_link_alive_and_nothing_else() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends_bytes(b"");
    world.check(expect![[r#"
        00.000 A.0 > 0 bytes
        counted: frames 1, keep_alives 1
    "#]]);
}

#[test]
fn what_a_request_carried_in_59_comes_back_in_our_own_answer_at_any_length() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    for length in [0, 1, 33, 34, 998, 999] {
        world.acquirer("A").sends(sale(2500).with(59, vec![b'z'; length]));
        world.issuer("X").takes();
        world.passes_secs(10);
        let answered = world.acquirer("A").heard();
        assert_eq!((answered.of(39), answered.fields[&59].len()), ("911", length));
    }
}
