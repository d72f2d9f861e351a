//! What has happened already: advices of acquirers are written down, acknowledged and brought to their
//! issuers, under names that those know.

use expect_test::expect;
use switch_core::Reply;
use switch_core::counters::Counter;
use switch_core::plan::{Keys, StationSettings};

use crate::world::{
    Setup, Text, World, about, acquirer, ascii_87, issuer, packed, sale, sale_87, sign_off, sign_on,
};

/// A completed advice of A about nothing before it.
fn advice(world: &mut World, mti: u16) -> Text {
    let mut text = sale(2500).kind(mti).with(24, "200").with(38, "S00001").with(39, "000");
    world.acquirer("A").complete(&mut text);
    text
}

/// An authorization that X has approved, as A sent it.
fn authorized(world: &mut World, amount: u64) -> Text {
    let mut text = sale(amount).kind(0x1100).with(24, "101");
    world.acquirer("A").complete(&mut text);
    world.acquirer("A").sends(text.clone());
    world.issuer("X").answers("000");
    world.forget();
    text
}

#[test]
fn an_advice_is_in_the_journal_then_acknowledged_then_brought_to_its_issuer() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let text = advice(&mut world, 0x1220);
    world.acquirer("A").sends(text);
    world.check(expect![[r#"
        00.000 A.0 > 1220 11=000101 39=000
        00.000     + 1220 for X as 000001, about none, for 0000
        00.000     + 1220 of A taken with 900, kept as 000001
        00.000 A.0 < 1230 11=000101 39=900
        00.000 X.0 < 1220 11=000001 39=000
        counted: frames 1, advices 1, advices_taken 1, saf_queued 1, saf_sent 1
    "#]]);
    expect![[r#"
        1220 2=3530111333300000 3=000000 4=000000002500 7=1121052031 11=000001 12=261121142030 22=510101513344 24=200 26=5411 32=77334000001 33=49000000001 37=632514000101 38=S00001 39=000 41=T0000001 42=M00000000000001 49=392
    "#]].assert_eq(&format!("{}\n", world.issuer("X").heard()));
    let told = world.acquirer("A").heard();
    assert_eq!((told.of(58), told.of(4)), ("49000000001", "000000002500"));
}

#[test]
fn nothing_is_acknowledged_before_it_is_in_the_journal() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let text = advice(&mut world, 0x1120);
    world.holds_commits();
    world.acquirer("A").sends(text);
    assert_eq!((world.acquirer("A").heard_count(), world.issuer("X").heard_count()), (0, 0));
    world.commits();
    assert_eq!((world.acquirer("A").heard_count(), world.issuer("X").heard_count()), (1, 1));
}

#[test]
fn an_advice_is_taken_while_its_issuer_can_not_be_reached() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.issuer("X").closes();
    let text = advice(&mut world, 0x1220);
    world.acquirer("A").sends(text);
    assert_eq!(world.acquirer("A").heard().of(39), "900");
}

#[test]
fn a_repeat_of_an_advice_is_acknowledged_again_and_brought_to_nobody() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let text = advice(&mut world, 0x1220);
    world.acquirer("A").sends(text.clone());
    world.forget();
    world.acquirer("A").sends(text.clone().kind(0x1221).with(7, "1121052130"));
    world.acquirer("A").sends(text.clone());
    world.check(expect![[r#"
        00.000 A.0 > 1221 11=000101 39=000
        00.000 A.0 < 1230 11=000101 39=900
        00.000 A.0 > 1220 11=000101 39=000
        00.000 A.0 < 1230 11=000101 39=900
        counted: frames 2, advices 2, advices_repeated 2
    "#]]);
    world.acquirer("A").sends(text.with(4, "000000002501"));
    world.check(expect![[r#"
        00.000 A.0 > 1220 11=000101 39=000
        00.000     ! alarm: A.0 sent 1220 under the key of another one
        00.000 A.0 < 1230 11=000101 39=904
        counted: frames 1, advices 1, refused_differs 1
    "#]]);
    assert_eq!(world.issuer("X").heard_count(), 1);
}

#[test]
fn a_completion_goes_to_the_issuer_of_its_original_under_the_name_that_it_has_there() {
    let y = StationSettings { dialect: packed(), ..issuer("Y") };
    let mut world = Setup::of([acquirer("A"), issuer("X"), y]).route("3", &["Y", "X"]).up();
    world.issuer("Y").sends(sign_off());
    let original = authorized(&mut world, 20_000);
    world.issuer("Y").sends(sign_on());
    let sent = world.issuer("X").heard();
    let text = about(0x1220, &original).with(24, "202").with(4, "000000018450");
    world.acquirer("A").sends(text);
    let item = world.issuer("X").heard();
    assert_eq!(item.of(56), format!("1100{}26112114203011{}", sent.of(11), sent.of(32)));
    assert_eq!((item.of(4), item.of(33)), ("000000018450", "49000000001"));
    let count = world.issuer("Y").heard_count();
    assert!((0..count).all(|at| world.issuer("Y").heard_at(at).class() == 8));
}

#[test]
fn a_completion_that_does_not_agree_with_its_original_is_refused() {
    let mut world =
        Setup::of([acquirer("A"), issuer("X")]).route("3", &["X"]).route("4", &["X"]).up();
    let original = authorized(&mut world, 20_000);
    for (field, other) in [(2, "4111111111111111"), (49, "840"), (4, "000000020001")] {
        let text = about(0x1220, &original).with(24, "202").with(field, other);
        world.acquirer("A").sends(text);
        assert_eq!(world.acquirer("A").heard().of(39), "904");
    }
    world.check(expect![[r#"
        00.000 A.0 > 1220 11=000102
        00.000     ! A.0 sent 1220 whose original has another DE 2
        00.000 A.0 < 1230 11=000102 39=904
        00.000 A.0 > 1220 11=000103
        00.000     ! A.0 sent 1220 whose original has another DE 49
        00.000 A.0 < 1230 11=000103 39=904
        00.000 A.0 > 1220 11=000104
        00.000     ! A.0 sent 1220 whose original has another DE 4
        00.000 A.0 < 1230 11=000104 39=904
        counted: frames 3, advices 3, refused_original_differs 3
    "#]]);
    world.acquirer("A").sends(about(0x1220, &original).with(24, "202"));
    assert_eq!(world.acquirer("A").heard().of(39), "900");
}

#[test]
fn a_completion_of_what_nobody_knows_goes_where_its_card_goes_without_a_name() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let mut original = sale(2500).kind(0x1100).with(24, "101");
    world.acquirer("A").complete(&mut original);
    world.acquirer("A").sends(about(0x1220, &original).with(24, "202"));
    world.check(expect![[r#"
        00.000 A.0 > 1220 11=000102
        00.000     + 1220 for X as 000001, about none, for 0000
        00.000     + 1220 of A taken with 900, kept as 000001
        00.000     ! A.0 sent 1220 000102 about what nobody knows
        00.000 A.0 < 1230 11=000102 39=900
        00.000 X.0 < 1220 11=000001
        counted: frames 1, advices 1, advices_taken 1, originals_unknown 1, saf_queued 1, saf_sent 1
    "#]]);
    assert_eq!(world.issuer("X").heard().of(56), "");
}

#[test]
fn a_completion_of_what_never_left_names_nothing_that_its_issuer_could_know() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let mut original = sale(2500).kind(0x1100).with(24, "101");
    world.acquirer("A").complete(&mut original);
    world.issuer("X").has_room_for(0);
    world.acquirer("A").sends(original.clone());
    assert_eq!(world.acquirer("A").heard().of(39), "907");
    world.issuer("X").has_room_for(10_000);
    world.acquirer("A").sends(about(0x1220, &original).with(24, "202"));
    let item = world.issuer("X").heard();
    assert_eq!((item.mti, item.of(56)), (0x1220, ""));
}

#[test]
fn what_is_about_a_transaction_in_flight_is_to_be_sent_again() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let mut original = sale(2500).kind(0x1100).with(24, "101");
    world.acquirer("A").complete(&mut original);
    world.acquirer("A").sends(original.clone());
    let text = about(0x1220, &original).with(24, "202").with(11, "000500");
    world.acquirer("A").sends(text.clone());
    assert_eq!(world.acquirer("A").heard().of(39), "923");
    world.issuer("X").answers("000");
    world.acquirer("A").sends(text.kind(0x1221));
    assert_eq!(world.acquirer("A").heard().of(39), "900");
}

#[test]
fn what_is_never_written_down_does_not_reach_the_issuer_with_an_advice() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let text = advice(&mut world, 0x1220)
        .with(35, "3530111333300000=28121010000000000000")
        .with(52, [0xAA; 8])
        .with(48, "private")
        .with(59, "theirs");
    world.acquirer("A").sends(text);
    let item = world.issuer("X").heard();
    assert_eq!([35, 48, 52].map(|field| item.of(field).len()), [0; 3]);
    assert_eq!(item.of(59), "theirs");
}

#[test]
fn an_advice_is_refused_only_where_it_can_not_be_taken() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).route("3", &["X"]).up();
    let text = advice(&mut world, 0x1220);
    for (changed, code) in [
        (text.clone().with(32, "99999999999"), "905"),
        (text.clone().with(2, "4111111111111111"), "908"),
        (text.clone().without(2), "904"),
        (text.clone().with(56, "1200"), "904"),
    ] {
        world.acquirer("A").sends(changed);
        assert_eq!(world.acquirer("A").heard().of(39), code);
    }
    assert_eq!((world.records(), world.issuer("X").heard_count()), (0, 0));
    world.drains();
    world.acquirer("A").sends(text);
    assert_eq!(world.acquirer("A").heard().of(39), "900", "it has happened, also while we stop");
}

#[test]
fn a_file_action_is_brought_to_the_issuer_of_its_card_and_asking_for_one_is_refused() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).route("3", &["X"]).up();
    let action = |mti| {
        let text = Text::new(mti).with(2, "3530111333300000").with(7, "1121052030");
        text.with(12, "261121142030").with(24, "302").with(101, "NEGATIVE").with(72, "x")
    };
    world.acquirer("A").sends(action(0x1324));
    world.acquirer("A").sends(action(0x1304));
    world.check(expect![[r#"
        00.000 A.0 > 1324 11=000101 24=302
        00.000     + 1324 for X as 000001, about none, for 0000
        00.000     + 1324 of A taken with 900, kept as 000001
        00.000 A.0 < 1334 11=000101 39=900
        00.000 X.0 < 1324 11=000001 24=302
        00.000 A.0 > 1304 11=000102 24=302
        00.000 A.0 < 1314 11=000102 39=902
        counted: frames 2, advices 1, advices_taken 1, refused_unknown_request 1, saf_queued 1, saf_sent 1
    "#]]);
    world.acquirer("A").sends(action(0x1324).without(2));
    assert_eq!(world.acquirer("A").heard().of(39), "908", "nobody knows whose file it is");
}

#[test]
fn advices_of_1987_are_taken_too() {
    let edition = |station: StationSettings| StationSettings { dialect: ascii_87(), ..station };
    let mut world = Setup::of([edition(acquirer("A")), edition(issuer("X"))]).up();
    let mut original = sale_87(20_000).kind(0x0100);
    world.acquirer("A").complete(&mut original);
    world.acquirer("A").sends(original.clone());
    world.issuer("X").answers("00");
    let sent = world.issuer("X").heard();
    world.forget();
    let text = about(0x0220, &original).with(4, "000000018450").with(11, "000500");
    world.acquirer("A").sends(text.clone());
    world.acquirer("A").sends(text.kind(0x0221));
    world.check(expect![[r#"
        00.000 A.0 > 0220 11=000500
        00.000     + 0220 for X as 000002, about 000001, for 0000
        00.000     + 0220 of A taken with 900, kept as 000002
        00.000 A.0 < 0230 11=000500 39=00
        00.000 X.0 < 0220 11=000002
        00.000 A.0 > 0221 11=000500
        00.000 A.0 < 0230 11=000500 39=00
        counted: frames 2, advices 2, advices_taken 1, advices_repeated 1, saf_queued 1, saf_sent 1
    "#]]);
    let named = format!("0100{}{}{}{}", sent.of(11), sent.of(7), sent.of(32), sent.of(33));
    assert_eq!(world.issuer("X").heard().of(90), named);
}

#[test]
fn an_advice_whose_code_is_wrong_is_taken_by_nobody() {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    let text = advice(&mut world, 0x1220);
    world.acquirer("A").sends(text.clone());
    world.acquirer("A").sends(text.clone().kind(0x1221));
    world.keys_reply(Reply::Denied);
    assert_eq!(world.acquirer("A").heard().of(39), "916");
    world.keys_reply(Reply::Granted);
    assert_eq!(world.acquirer("A").heard().of(39), "900");
    world.acquirer("A").sends(text.kind(0x1221));
    world.keys_reply(Reply::Granted);
    assert_eq!(world.acquirer("A").heard().of(39), "900");
    assert_eq!((world.count(Counter::AdvicesTaken), world.occupancy()), (1, (0, 0, 0)));
}

#[test]
fn what_takes_a_completion_of_1987_back_names_it_as_its_issuer_saw_it_however_long_that_was_away() {
    let edition = |station| StationSettings { dialect: ascii_87(), ..station };
    let mut world = Setup::of([edition(acquirer("A")), edition(issuer("X"))]).up();
    world.issuer("X").closes();
    let mut text = sale_87(2500).kind(0x0220);
    world.acquirer("A").complete(&mut text);
    world.acquirer("A").sends(text.clone());
    world.passes_secs(3_600);
    world.issuer("X").connects();
    let item = world.issuer("X").heard();
    assert_eq!((item.mti, item.of(7)), (0x0220, "1121052031"), "as it was made");
    world.passes_secs(70);
    let again = world.issuer("X").heard();
    assert!(again.mti == 0x0221 && again.of(7).starts_with("112106"), "sent again, an hour later");
    world.issuer("X").sends(crate::world::answer(&again, "00"));
    world.acquirer("A").sends(about(0x0420, &text));
    world.passes_secs(1);
    let named = format!("0220{}{}{}{}", item.of(11), item.of(7), item.of(32), item.of(33));
    assert_eq!(world.issuer("X").heard().of(90), named);
}
