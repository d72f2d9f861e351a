//! What an acquirer takes back: the whole of a transaction or parts of it, once and once more, before
//! and after its answer, and what never came.

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::plan::{Acquiring, Issuing, SecondReversal, StationSettings, UnknownOriginal};

use crate::world::{
    Setup, Text, World, about, acquirer, ascii_87, issuer, packed, reversal, reversal_87, sale,
    sale_87, sign_off, sign_on,
};

/// A sale of A that waits for its answer.
fn asked(world: &mut World, amount: u64) -> Text {
    let mut text = sale(amount);
    world.acquirer("A").complete(&mut text);
    world.acquirer("A").sends(text.clone());
    text
}

/// A sale of A that X has approved.
fn approved(world: &mut World, amount: u64) -> Text {
    let text = asked(world, amount);
    world.issuer("X").answers("000");
    world.forget();
    text
}

/// A partial reversal of so much.
fn part(original: &Text, amount: u64) -> Text {
    reversal(original, "4000").with(24, "401").with(4, format!("{amount:012}"))
}

fn code(world: &mut World, text: Text) -> String {
    world.acquirer("A").sends(text);
    world.acquirer("A").heard().of(39).to_string()
}

#[test]
fn an_approved_sale_is_reversed_under_the_name_that_it_has_at_its_issuer() {
    let x = StationSettings { dialect: packed(), ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    let original = approved(&mut world, 2500);
    let sent = world.issuer("X").heard();
    world.acquirer("A").sends(reversal(&original, "4000"));
    world.check(expect![[r#"
        00.000 A.0 > 1420 11=000102 24=400
        00.000     + 1420 for X as 000002, about 000001, for 4000
        00.000     + 1420 of A taken with 400, kept as 000002
        00.000 A.0 < 1430 11=000102 39=400
        00.000 X.0 < 1420 11=000002 24=400
        counted: frames 1, advices 1, advices_taken 1, saf_queued 1, saf_sent 1
    "#]]);
    let item = world.issuer("X").heard();
    assert_eq!(item.of(56), format!("1200{}26112114203011{}", sent.of(11), sent.of(32)));
    assert_eq!((item.of(25), item.of(37)), ("4000", original.of(37)));
    world.acquirer("A").sends(original);
    assert_eq!(world.acquirer("A").heard().of(39), "911", "it is no approval any more");
}

#[test]
fn a_repeat_of_a_reversal_gets_the_same_answer_and_reverses_nothing_more() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let original = approved(&mut world, 2500);
    let text = reversal(&original, "4000").with(11, "000500");
    for repeat in [text.clone(), text.clone().kind(0x1421), text] {
        assert_eq!(code(&mut world, repeat), "400");
    }
    assert_eq!(world.issuer("X").heard_count(), 2);
    assert_eq!(world.count(Counter::ReversalsSecond), 0);
}

#[test]
fn a_second_reversal_is_answered_as_agreed_and_counted_once() {
    for (second_reversal, said) in
        [(SecondReversal::Accepted, "400"), (SecondReversal::Repeated, "480")]
    {
        let acquiring = Acquiring { second_reversal, ..Acquiring::default() };
        let mut world =
            Setup::of([StationSettings { acquiring, ..acquirer("A") }, issuer("X")]).up();
        let original = approved(&mut world, 2500);
        assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
        let second = reversal(&original, "4002").with(11, "000500");
        assert_eq!(code(&mut world, second.clone()), said);
        assert_eq!(code(&mut world, second.kind(0x1421)), said);
        assert_eq!(
            (world.issuer("X").heard_count(), world.count(Counter::ReversalsSecond)),
            (2, 1)
        );
    }
}

#[test]
fn a_reversal_of_a_sale_in_flight_waits_for_its_answer_and_no_approval_is_told() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let original = asked(&mut world, 2500);
    world.forget();
    world.acquirer("A").sends(reversal(&original, "4002"));
    assert_eq!(world.issuer("X").heard_count(), 1);
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1420 11=000102 24=400
        00.000     + 1420 of A taken with 400, kept as 000000
        00.000 A.0 < 1430 11=000102 39=400
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + 1420 for X as 000002, about 000001, for 4002
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=911
        00.000 X.0 < 1420 11=000002 24=400
        counted: frames 2, answered 1, approved 1, advices 1, advices_taken 1, reversals_merged 1, refused_reversed 1, saf_queued 1, saf_sent 1
    "#]]);
    assert_eq!(world.issuer("X").heard().of(25), "4002");
    world.acquirer("A").sends(original.clone());
    assert_eq!(world.acquirer("A").heard().of(39), "911");
    assert_eq!(code(&mut world, reversal(&original, "4000").with(11, "000500")), "400");
    assert_eq!(world.count(Counter::ReversalsSecond), 1);
}

#[test]
fn a_reversal_of_a_sale_in_flight_that_is_declined_takes_nothing_back() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let original = asked(&mut world, 2500);
    world.acquirer("A").sends(reversal(&original, "4002"));
    world.issuer("X").answers("116");
    assert_eq!(world.acquirer("A").heard().of(39), "116");
    assert_eq!(world.issuer("X").heard_count(), 1);
}

#[test]
fn a_reversal_of_a_sale_in_flight_keeps_its_reason_when_the_issuer_stays_silent() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let original = asked(&mut world, 2500);
    world.acquirer("A").sends(reversal(&original, "4002"));
    world.passes_secs(10);
    let item = world.issuer("X").heard();
    assert_eq!((item.mti, item.of(24), item.of(25)), (0x1420, "400", "4002"));
    assert_eq!(world.acquirer("A").heard().of(39), "911");
}

#[test]
fn a_reversal_of_what_timed_out_merges_with_the_one_that_is_owed() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let original = asked(&mut world, 2500);
    world.passes_secs(10);
    assert_eq!(world.issuer("X").heard().of(25), "4021");
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    assert_eq!((world.issuer("X").heard_count(), world.count(Counter::ReversalsMerged)), (2, 1));
    assert_eq!(code(&mut world, reversal(&original, "4000").with(11, "000500")), "400");
    assert_eq!(world.count(Counter::ReversalsSecond), 1);
}

#[test]
fn a_reversal_of_what_was_declined_or_never_sent_is_accepted_and_goes_nowhere() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let declined = asked(&mut world, 2500);
    world.issuer("X").answers("116");
    world.issuer("X").has_room_for(0);
    let unsent = asked(&mut world, 2500);
    assert_eq!(world.acquirer("A").heard().of(39), "907");
    for original in [&declined, &unsent] {
        assert_eq!(code(&mut world, reversal(original, "4000")), "400");
    }
    assert_eq!(world.count(Counter::ReversalsOfNothing), 2);
    assert_eq!(world.issuer("X").heard_count(), 1);
}

#[test]
fn parts_add_up_and_never_go_beyond_the_whole() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let original = approved(&mut world, 20_000);
    assert_eq!(code(&mut world, part(&original, 5_000)), "400");
    // What is left of it, beside what it was.
    let left = part(&original, 12_000).with(30, "000000020000000000020000");
    assert_eq!(code(&mut world, left), "400");
    world.forget();
    assert_eq!(code(&mut world, part(&original, 12_001)), "904");
    world.check(expect![[r#"
        00.000 A.0 > 1420 11=000104 24=401
        00.000     ! A.0 sent 1420 whose original has another DE 4
        00.000 A.0 < 1430 11=000104 39=904
        counted: frames 1, advices 1, refused_original_differs 1
    "#]]);
    world.acquirer("A").sends(original.clone());
    assert_eq!(world.acquirer("A").heard().of(39), "000", "some of it is still approved");
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    assert_eq!(world.issuer("X").heard_count(), 2);
}

#[test]
fn parts_that_take_all_leave_nothing_to_reverse() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let original = approved(&mut world, 20_000);
    assert_eq!(code(&mut world, part(&original, 5_000)), "400");
    assert_eq!(code(&mut world, part(&original, 15_000)), "400");
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    assert_eq!(world.count(Counter::ReversalsSecond), 1);
}

#[test]
fn a_part_of_what_is_in_flight_is_to_be_sent_again() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let original = asked(&mut world, 20_000);
    let text = part(&original, 5_000).with(11, "000500");
    assert_eq!(code(&mut world, text.clone()), "923");
    world.issuer("X").answers("000");
    assert_eq!(code(&mut world, text.kind(0x1421)), "400");
}

#[test]
fn a_reversal_that_does_not_agree_with_its_original_is_refused() {
    let mut world =
        Setup::of([acquirer("A"), issuer("X")]).route("3", &["X"]).route("4", &["X"]).up();
    let original = approved(&mut world, 2500);
    for (field, other) in [(2, "4111111111111111"), (49, "840"), (4, "000000002501")] {
        let text = reversal(&original, "4000").with(field, other);
        assert_eq!(code(&mut world, text), "904");
    }
    assert_eq!(world.count(Counter::RefusedOriginalDiffers), 3);
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
}

#[test]
fn a_reversal_of_what_nobody_knows_is_answered_as_agreed_and_its_original_refused() {
    for (unknown_original, said) in
        [(UnknownOriginal::Accepted, "400"), (UnknownOriginal::Untraced, "914")]
    {
        let acquiring = Acquiring { unknown_original, ..Acquiring::default() };
        let mut world =
            Setup::of([StationSettings { acquiring, ..acquirer("A") }, issuer("X")]).up();
        let mut original = sale(2500);
        world.acquirer("A").complete(&mut original);
        let text = reversal(&original, "4000").with(11, "000500");
        assert_eq!(code(&mut world, text.clone()), said);
        assert_eq!(code(&mut world, text.kind(0x1421)), said);
        world.acquirer("A").sends(original.clone());
        world.acquirer("A").sends(original.clone().kind(0x1201));
        assert_eq!(world.issuer("X").heard_count(), 0);
        if unknown_original == UnknownOriginal::Accepted {
            world.check(expect![[r#"
                00.000 A.0 > 1420 11=000500 24=400
                00.000     + a request of A is refused, should it come
                00.000     + 1420 of A taken with 400, kept as 000000
                00.000     ! A.0 sent 1420 000500 about what nobody knows
                00.000 A.0 < 1430 11=000500 39=400
                00.000 A.0 > 1421 11=000500 24=400
                00.000 A.0 < 1430 11=000500 39=400
                00.000 A.0 > 1200 11=000101
                00.000 A.0 < 1210 11=000101 39=911
                00.000 A.0 > 1201 11=000101
                00.000 A.0 < 1210 11=000101 39=911
                counted: frames 4, requests 2, advices 2, advices_taken 1, advices_repeated 1, originals_unknown 1, refused_reversed 2
            "#]]);
        }
        assert_eq!(code(&mut world, reversal(&original, "4000")), "400", "it is a second one");
        assert_eq!(world.count(Counter::OriginalsUnknown), 1);
    }
}

#[test]
fn an_advice_that_was_reversed_before_it_came_is_acknowledged_and_brought_to_nobody() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let mut original = sale(2500).kind(0x1220).with(24, "200");
    world.acquirer("A").complete(&mut original);
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    world.forget();
    for kind in [0x1220, 0x1221] {
        assert_eq!(code(&mut world, original.clone().kind(kind)), "900");
    }
    world.check(expect![[r#"
        00.000 A.0 > 1220 11=000101
        00.000     + 1220 of A taken with 900, kept as 000000
        00.000 A.0 < 1230 11=000101 39=900
        00.000 A.0 > 1221 11=000101
        00.000 A.0 < 1230 11=000101 39=900
        counted: frames 2, advices 2, advices_taken 1, advices_repeated 1, advices_reversed 1
    "#]]);
    assert_eq!(code(&mut world, reversal(&original, "4000").with(11, "000500")), "400");
    assert_eq!(world.count(Counter::ReversalsSecond), 1);
    let mut world = world.restarts(Setup::of([acquirer("A"), issuer("X")]));
    assert_eq!(code(&mut world, original.kind(0x1221)), "900");
    assert_eq!(world.issuer("X").heard_count(), 0);
}

#[test]
fn a_reversal_of_a_sale_in_flight_for_no_reason_is_one_all_the_same() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let original = asked(&mut world, 2500);
    assert_eq!(code(&mut world, reversal(&original, "0000")), "400");
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "911");
    let item = world.issuer("X").heard();
    assert_eq!((item.mti, item.of(24), item.of(25)), (0x1420, "400", "4001"));
}

#[test]
fn an_issuer_that_finds_originals_by_de_37_gets_what_we_can_not_trace() {
    let issuing = Issuing { matches_on_rrn: true, ..Issuing::default() };
    let mut world = Setup::of([acquirer("A"), StationSettings { issuing, ..issuer("X") }]).up();
    let mut original = sale(2500);
    world.acquirer("A").complete(&mut original);
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    let item = world.issuer("X").heard();
    assert_eq!((item.mti, item.of(37), item.of(56)), (0x1420, original.of(37), ""));
    world.acquirer("A").sends(original);
    assert_eq!(world.acquirer("A").heard().of(39), "911");
}

#[test]
fn an_advice_can_be_reversed_too() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let mut original = sale(2500).kind(0x1220).with(24, "200");
    world.acquirer("A").complete(&mut original);
    assert_eq!(code(&mut world, original.clone()), "900");
    let item = world.issuer("X").takes();
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    assert_eq!(world.count(Counter::OriginalsUnknown), 0);
    assert_eq!(item.mti, 0x1220);
}

#[test]
fn a_reversal_of_another_station_finds_nothing() {
    let b = StationSettings { institutions: acquirer("A").institutions, ..acquirer("B") };
    let mut world = Setup::of([acquirer("A"), b, issuer("X")]).up();
    let original = approved(&mut world, 2500);
    world.acquirer("B").sends(reversal(&original, "4000"));
    assert_eq!(world.count(Counter::OriginalsUnknown), 1);
    world.acquirer("A").sends(original);
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn a_reversal_request_of_1987_is_a_reversal_like_any_other() {
    let edition = |station: StationSettings| StationSettings { dialect: ascii_87(), ..station };
    let mut world = Setup::of([edition(acquirer("A")), edition(issuer("X"))]).up();
    let mut original = sale_87(2500);
    world.acquirer("A").complete(&mut original);
    world.acquirer("A").sends(original.clone());
    world.issuer("X").answers("00");
    let sent = world.issuer("X").heard();
    world.forget();
    world.acquirer("A").sends(about(0x0400, &original));
    world.check(expect![[r#"
        00.000 A.0 > 0400 11=000102
        00.000     + 0420 for X as 000002, about 000001, for 4001
        00.000     + 0400 of A taken with 400, kept as 000002
        00.000 A.0 < 0410 11=000102 39=00
        00.000 X.0 < 0420 11=000002
        counted: frames 1, advices 1, advices_taken 1, saf_queued 1, saf_sent 1
    "#]]);
    let named = format!("0200{}{}{}{}", sent.of(11), sent.of(7), sent.of(32), sent.of(33));
    assert_eq!(world.issuer("X").heard().of(90), named);
    world.acquirer("A").sends(reversal_87(2500, "000777"));
    assert_eq!(world.acquirer("A").heard().of(39), "00");
    assert_eq!(world.count(Counter::OriginalsUnknown), 1);
}

#[test]
fn parts_of_1987_are_what_de_95_leaves() {
    let edition = |station: StationSettings| StationSettings { dialect: ascii_87(), ..station };
    let mut world = Setup::of([edition(acquirer("A")), edition(issuer("X"))]).up();
    let mut original = sale_87(20_000);
    world.acquirer("A").complete(&mut original);
    world.acquirer("A").sends(original.clone());
    world.issuer("X").answers("00");
    let leaves = |amount: u64| about(0x0420, &original).with(95, format!("{amount:012}{:030}", 0));
    assert_eq!(code(&mut world, leaves(15_000)), "00");
    assert_eq!(code(&mut world, leaves(16_000)), "30");
    assert_eq!(code(&mut world, leaves(0)), "00");
    assert_eq!(world.count(Counter::AdvicesTaken), 2);
}

#[test]
fn a_tombstone_outlives_a_restart() {
    let setup = || Setup::of([acquirer("A"), issuer("X")]);
    let mut world = setup().up();
    let mut original = sale(2500);
    world.acquirer("A").complete(&mut original);
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    let mut world = world.restarts(setup());
    world.acquirer("A").sends(original);
    assert_eq!(world.acquirer("A").heard().of(39), "911");
}

#[test]
fn what_was_reversed_before_it_came_is_refused_as_such_whether_anybody_could_take_it_or_not() {
    let mut world =
        Setup::of([acquirer("A"), issuer("X"), issuer("Y")]).route("3", &["X"]).route("4", &["Y"]);
    world.gate_bytes = 1 << 16;
    let mut world = world.up();
    let mut reversed = |card: &str| {
        let mut original = sale(2500).with(2, card);
        world.acquirer("A").complete(&mut original);
        assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
        original
    };
    let to = [reversed("3530111333300000"), reversed("4111111111111111")];
    let nowhere = reversed("5555555555554444");
    world.issuer("X").sends(sign_off());
    world.issuer("Y").closes();
    for original in to.iter().chain([&nowhere]) {
        assert_eq!(code(&mut world, original.clone()), "911");
        assert_eq!(code(&mut world, original.clone().kind(0x1201)), "911");
    }
    world.issuer("X").sends(sign_on());
    assert_eq!(code(&mut world, to[0].clone()), "911", "and it is not forwarded later either");
    assert_eq!(world.count(Counter::RefusedReversed), 7);
    assert_eq!(world.count(Counter::Forwarded), 0);
}

#[test]
fn a_tombstone_that_is_forgotten_within_a_week_is_an_alarm_and_one_behind_it_is_none() {
    let setup = || {
        Setup::of([acquirer("A"), issuer("X")]).limits(|limits| {
            (limits.duplicates_max, limits.pending_max) = (2, 2);
        })
    };
    for (secs, alarms) in [(7 * 86_400 - 1, 1), (7 * 86_400, 0)] {
        let mut world = setup().up();
        let originals = [(); 3].map(|()| {
            let mut original = sale(2500);
            world.acquirer("A").complete(&mut original);
            original
        });
        for original in &originals[..2] {
            assert_eq!(code(&mut world, reversal(original, "4000")), "400");
        }
        world.passes_secs(secs);
        for original in &originals[..2] {
            assert_eq!(code(&mut world, original.clone()), "911", "it is known all the time");
        }
        world.forget();
        assert_eq!(code(&mut world, reversal(&originals[2], "4000")), "400");
        assert_eq!(world.count(Counter::TombstonesForgotten), alarms);
        let alarm = "alarm: a request is refused no more, 604799 s after its reversal";
        assert_eq!(world.transcript().contains(alarm), alarms == 1);
        for original in &originals[1..] {
            assert_eq!(code(&mut world, original.clone()), "911");
        }
        world.acquirer("A").sends(originals[0].clone());
        assert_eq!(world.issuer("X").heard().mti, 0x1200);
    }
}

/// A pair of 1987, and a sale that A completes but has not sent.
fn old_pair() -> (World, Text) {
    let edition = |station: StationSettings| StationSettings { dialect: ascii_87(), ..station };
    let mut world = Setup::of([edition(acquirer("A")), edition(issuer("X"))]).up();
    let mut original = sale_87(2500);
    world.acquirer("A").complete(&mut original);
    (world, original)
}

/// The same once more, half a minute later.
fn repeat_87(original: &Text) -> Text {
    original.clone().kind(0x0201).with(7, "1121052100")
}

#[test]
fn in_1987_a_reversal_that_names_another_sending_finds_its_original_by_what_both_have_in_common() {
    // We got the repeat alone, or both; the reversal names the one or the other.
    for (first_came, names_first) in [(false, true), (true, false)] {
        let (mut world, original) = old_pair();
        if first_came {
            world.acquirer("A").sends(original.clone());
            world.issuer("X").answers("00");
        }
        world.acquirer("A").sends(repeat_87(&original));
        if !first_came {
            world.issuer("X").answers("00");
        }
        assert_eq!(world.acquirer("A").heard().of(39), "00");
        let sent = world.issuer("X").heard();
        let named = if names_first { original.clone() } else { repeat_87(&original) };
        world.acquirer("A").sends(about(0x0420, &named));
        let item = world.issuer("X").heard();
        let name = format!("{:04x}{}{}", sent.mti, sent.of(11), sent.of(7));
        assert!(item.mti == 0x0420 && item.of(90).starts_with(&name), "{}", item.of(90));
        world.issuer("X").answers("00");
        // Whatever the next one names, it is about the same original.
        world.acquirer("A").sends(about(0x0420, &original));
        assert_eq!(world.count(Counter::ReversalsSecond), 1);
        assert_eq!(world.count(Counter::OriginalsUnknown), 0);
    }
}

#[test]
fn in_1987_the_repeat_of_what_was_reversed_before_it_came_is_refused_too() {
    for change in [|text: Text| text, |text: Text| text.without(37), |text: Text| text.without(13)]
    {
        let (mut world, original) = old_pair();
        let original = change(original);
        world.acquirer("A").sends(change(about(0x0420, &original)));
        world.acquirer("A").sends(repeat_87(&original));
        assert_eq!(world.acquirer("A").heard().of(39), "68");
        world.acquirer("A").sends(change(about(0x0420, &repeat_87(&original))));
        assert_eq!(world.count(Counter::ReversalsSecond), 1);
        assert_eq!(world.issuer("X").heard_count(), 0);
    }
}

#[test]
fn in_1987_what_says_next_to_nothing_of_its_original_finds_none_by_it() {
    let (mut world, original) = old_pair();
    let original = original.without(37).without(13);
    world.acquirer("A").sends(about(0x0420, &original).without(37));
    world.acquirer("A").sends(repeat_87(&original));
    assert_eq!(world.issuer("X").heard().mti, 0x0200 | 1);
}
