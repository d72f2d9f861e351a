//! An answer is taken once, from the station that was asked, in time, if it echoes what was sent.
//! Everything else is dropped with its reason.

use codec::Fields;
use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::plan::StationSettings;

use crate::world::{Setup, Text, World, acquirer, answer, issuer, packed, sale};

/// A world in which one sale is under way and nothing else is told.
fn asked() -> World {
    let mut world = Setup::of([acquirer("A"), issuer("X"), issuer("Y")]).up();
    world.acquirer("A").sends(sale(2500).with(33, "12345"));
    world.forget();
    world
}

/// Why an answer changed like this is dropped; the right one is taken afterwards.
fn dropped(change: impl FnOnce(Text) -> Text) -> String {
    let mut world = asked();
    let request = world.issuer("X").heard();
    world.issuer("X").sends(change(answer(&request, "000")));
    let told = world.transcript();
    assert_eq!((world.acquirer("A").heard_count(), world.occupancy().0), (0, 1));
    world.issuer("X").answers("000");
    assert_eq!((world.acquirer("A").heard_count(), world.occupancy().0), (1, 0));
    told
}

#[test]
fn an_answer_with_another_value_in_an_echoed_field_is_dropped_and_the_right_one_still_taken() {
    expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     ! X.0 sent 1210 000001 that matches nothing: Differs(7); like X 000001 but DE 7
        counted: frames 1, unmatched_differs 1
    "#]]
    .assert_eq(&dropped(|answer| answer.with(7, "1121052030")));
    expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     ! X.0 sent 1210 000001 that matches nothing: Differs(12); like X 000001 but DE 12
        counted: frames 1, unmatched_differs 1
    "#]]
    .assert_eq(&dropped(|answer| answer.with(12, "261121142031")));
    expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     ! X.0 sent 1210 000001 that matches nothing: Differs(32); like X 000001 but DE 32
        counted: frames 1, unmatched_differs 1
    "#]]
    .assert_eq(&dropped(|answer| answer.with(32, "77334000002")));
    expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     ! X.0 sent 1210 000001 that matches nothing: Differs(37); like X 000001 but DE 37
        counted: frames 1, unmatched_differs 1
    "#]]
    .assert_eq(&dropped(|answer| answer.with(37, "632514000109")));
    expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     ! X.0 sent 1210 000001 that matches nothing: Differs(41); like X 000001 but DE 41
        counted: frames 1, unmatched_differs 1
    "#]]
    .assert_eq(&dropped(|answer| answer.with(41, "T0000002")));
}

#[test]
fn an_answer_that_echoes_none_of_the_compared_fields_is_dropped() {
    let bare = |answer: Text| [7, 12, 32, 37, 41].into_iter().fold(answer, Text::without);
    expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     ! X.0 sent 1210 000001 that matches nothing: NothingToCompare; like X 000001
        counted: frames 1, unmatched_differs 1
    "#]]
    .assert_eq(&dropped(bare));
}

#[test]
fn an_answer_that_echoes_one_of_the_compared_fields_is_taken() {
    for kept in [7, 12, 32, 37, 41] {
        let mut world = asked();
        let others = [7, 12, 32, 37, 41].into_iter().filter(|field| *field != kept);
        let fewer = |answer: Text| others.fold(answer, Text::without);
        world.issuer("X").answers_with("000", fewer);
        assert_eq!(world.acquirer("A").heard().of(39), "000", "{kept}");
    }
}

#[test]
fn a_field_that_was_not_sent_is_not_compared() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(2500).without(41));
    world.issuer("X").answers_with("000", |answer| answer.with(41, "THEIRS"));
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn an_answer_in_packed_digits_agrees_with_a_request_in_characters() {
    let x = StationSettings { dialect: packed(), ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    // An odd number of digits in DE 32 has a zero nibble in one form only.
    world.acquirer("A").sends(sale(2500));
    world.acquirer("A").sends(sale(2500));
    world.issuer("X").answers_with("000", |answer| answer.with(32, "7733400001"));
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard_count(), 1);
    assert_eq!(world.count(Counter::UnmatchedDiffers), 1);
}

#[test]
fn a_station_may_have_other_fields_to_compare() {
    let x = StationSettings { echoed: Fields::of(&[11, 33, 42]), ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    world.acquirer("A").sends(sale(1).with(33, "12345"));
    world.acquirer("A").sends(sale(2).with(33, "12345"));
    world.acquirer("A").sends(sale(3).with(33, "12345"));
    world.forget();
    world.issuer("X").answers_with("000", |answer| answer.with(37, "whatever"));
    world.issuer("X").answers_with("000", |answer| answer.with(42, "whoever"));
    world.issuer("X").answers_with("000", |answer| answer.with(33, "12345"));
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 X.0 > 1210 11=000002 39=000
        00.000     ! X.0 sent 1210 000002 that matches nothing: Differs(42); like X 000002 but DE 42
        00.000 X.0 > 1210 11=000003 39=000
        00.000     ! X.0 sent 1210 000003 that matches nothing: Differs(33); like X 000003 but DE 33
        counted: frames 3, answered 1, approved 1, unmatched_differs 2
    "#]]);
}

#[test]
fn an_answer_of_another_kind_than_the_requests_is_dropped() {
    expect![[r#"
        00.000 X.0 > 1110 11=000001 39=000
        00.000     ! X.0 sent 1110 000001 that matches nothing: Mti; like X 000001
        counted: frames 1, unmatched_differs 1
    "#]]
    .assert_eq(&dropped(|answer| answer.kind(0x1110)));
}

#[test]
fn an_answer_without_an_action_code_is_dropped() {
    expect![[r#"
        00.000 X.0 > 1210 11=000001
        00.000     ! X.0 sent 1210 000001 that matches nothing: NoActionCode; like X 000001
        counted: frames 1, unmatched_differs 1
    "#]]
    .assert_eq(&dropped(|answer| answer.without(39)));
}

#[test]
fn an_answer_without_a_stan_or_with_one_that_was_not_sent_is_dropped() {
    expect![[r#"
        00.000 X.0 > 1210 39=000
        00.000     ! X.0 sent 1210 000000 that matches nothing: Unknown; like X 000001 but DE 11
        counted: frames 1, unmatched_unknown 1
    "#]]
    .assert_eq(&dropped(|answer| answer.without(11)));
    for stan in ["000000", "000002", "998999", "999000", "999999"] {
        let told = dropped(|answer| answer.with(11, stan));
        assert!(told.contains(": Unknown; like X 000001 but DE 11\n"), "{told}");
        assert!(told.contains("counted: frames 1, unmatched_unknown 1\n"), "{told}");
    }
}

#[test]
fn an_answer_from_another_station_is_dropped() {
    let mut world = asked();
    let request = world.issuer("X").heard();
    world.issuer("Y").sends(answer(&request, "000"));
    world.acquirer("A").sends(answer(&request, "000"));
    world.check(expect![[r#"
        00.000 Y.0 > 1210 11=000001 39=000
        00.000     ! Y.0 sent 1210 000001 that matches nothing: OtherStation; like X 000001
        00.000 A.0 > 1210 11=000001 39=000
        00.000     ! A.0 sent 1210 000001 that matches nothing: OtherStation; like X 000001
        counted: frames 2, unmatched_other_station 2
    "#]]);
    assert_eq!((world.acquirer("A").heard_count(), world.occupancy().0), (0, 1));
}

#[test]
fn one_number_means_one_thing_at_each_issuer() {
    let mut world = Setup::of([acquirer("A"), issuer("X"), issuer("Y")])
        .route("3", &["X"])
        .route("4", &["Y"])
        .up();
    world.acquirer("A").sends(sale(1));
    world.acquirer("A").sends(sale(2).with(2, "4111111111111111"));
    world.issuer("Y").answers("116");
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 A.0 > 1200 11=000102
        00.000     + A.0 1200 to Y as 000001
        00.000 Y.0 < 1200 11=000001
        00.000 Y.0 > 1210 11=000001 39=116
        00.000     + Y answered 000001 with 116
        00.000 A.0 < 1210 11=000102 39=116
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 4, requests 2, forwarded 2, answered 2, approved 1
    "#]]);
}

#[test]
fn a_second_answer_is_dropped() {
    let mut world = asked();
    world.issuer("X").answers("000");
    world.forget();
    world.issuer("X").answers_again("116");
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=116
        00.000     ! X.0 sent 1210 000001 that matches nothing: Second
        counted: frames 1, unmatched_second 1
    "#]]);
    assert_eq!(world.acquirer("A").heard_count(), 1);
}

#[test]
fn a_dropped_answer_is_told_with_the_transaction_that_it_is_most_like() {
    let mut world = Setup::of([acquirer("A"), issuer("X"), issuer("Y")]).up();
    world.acquirer("A").sends(sale(1).with(41, "T0000001"));
    world.acquirer("A").sends(sale(2).with(41, "T0000002"));
    world.acquirer("A").sends(sale(3).with(41, "T0000003"));
    let second = world.issuer("X").heard_at(1);
    world.forget();
    // Its STAN is wrong, its terminal and RRN tell which it is; less and less of it comes back.
    let wrong = || answer(&second, "000").with(11, "000077");
    world.issuer("X").sends(wrong());
    world.issuer("X").sends(wrong().with(7, "0101000000").with(32, "1").without(12));
    world
        .issuer("X")
        .sends(wrong().with(37, "0").with(41, "0").with(32, "1").with(12, "0").without(7));
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000077 39=000
        00.000     ! X.0 sent 1210 000077 that matches nothing: Unknown; like X 000002 but DE 11
        00.000 X.0 > 1210 11=000077 39=000
        00.000     ! X.0 sent 1210 000077 that matches nothing: Unknown; like X 000002 but DE 7
        00.000 X.0 > 1210 11=000077 39=000
        00.000     ! X.0 sent 1210 000077 that matches nothing: Unknown
        counted: frames 3, unmatched_unknown 3
    "#]]);
}

#[test]
fn among_many_the_nearest_is_sought_among_those_that_have_waited_longest() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    for place in 1..=65 {
        world.acquirer("A").sends(sale(1).with(41, format!("T{place:07}")));
    }
    let wrong =
        |request: &Text| [7, 12, 32].into_iter().fold(answer(request, "000"), Text::without);
    let [seen, unseen] = [63, 64].map(|place| world.issuer("X").heard_at(place));
    world.forget();
    world.issuer("X").sends(wrong(&seen).with(11, "000777"));
    world.issuer("X").sends(wrong(&unseen).with(11, "000777"));
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000777 39=000
        00.000     ! X.0 sent 1210 000777 that matches nothing: Unknown; like X 000064 but DE 11
        00.000 X.0 > 1210 11=000777 39=000
        00.000     ! X.0 sent 1210 000777 that matches nothing: Unknown
        counted: frames 2, unmatched_unknown 2
    "#]]);
}

#[test]
fn an_answer_is_taken_until_the_timeout_and_not_from_then_on() {
    let mut world = asked();
    world.passes(std::time::Duration::from_millis(9_999));
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        09.999 X.0 > 1210 11=000001 39=000
        09.999     + X answered 000001 with 000
        09.999 A.0 < 1210 11=000101 39=000
        counted: frames 1, answered 1, approved 1
    "#]]);

    let mut world = asked();
    world.passes_secs(10);
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        10.000     + 1420 for X as 000002, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     ! X timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911
        10.000 X.0 < 1420 11=000002 24=400
        10.000 X.0 > 1210 11=000001 39=000
        10.000     ! X.0 answered 000001 too late with 000
        counted: frames 1, refused_timed_out 1, late 1, late_approved 1, saf_queued 1, saf_merged 1, saf_sent 1
    "#]]);
    assert_eq!(world.acquirer("A").heard_count(), 1, "the late one is never delivered");
}

#[test]
fn a_late_decline_is_not_counted_as_an_approval() {
    let mut world = asked();
    world.passes_secs(11);
    world.forget();
    world.issuer("X").answers("116");
    world.check(expect![[r#"
        11.000 X.0 > 1210 11=000001 39=116
        11.000     ! X.0 answered 000001 too late with 116
        counted: frames 1, late 1
    "#]]);
}

#[test]
fn an_answer_after_the_quarantine_matches_nothing() {
    let mut world = asked();
    world.passes_secs(69);
    assert_eq!(world.occupancy(), (1, 0, 1));
    world.passes_secs(1);
    assert_eq!(world.occupancy(), (0, 0, 0));
    world.forget();
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        70.000 X.0 > 1210 11=000001 39=000
        70.000     ! X.0 sent 1210 000001 that matches nothing: Unknown
        counted: frames 1, unmatched_unknown 1
    "#]]);
}

#[test]
fn a_number_that_timed_out_is_used_again_only_after_its_quarantine() {
    // The others of the 15,609 numbers of one of 64 workers are taken and answered, over and over.
    let x = StationSettings { in_flight_max: 1_000_000, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).workers(64).alone();
    world.acquirer("A").sends(sale(1));
    let resting = world.issuer("X").takes().of(11).to_string();
    world.passes_secs(10);
    let share = 998_999 / 64;
    let goes_round = |world: &mut World, times: u32| -> bool {
        (0..times).any(|_| {
            world.acquirer("A").sends(sale(1));
            let same = world.issuer("X").heard().of(11) == resting;
            world.issuer("X").answers("000");
            same
        })
    };
    assert!(!goes_round(&mut world, share + 1), "it rests");
    world.passes_secs(60);
    assert!(goes_round(&mut world, share), "it went to the end of the line");
}

#[test]
fn an_answer_is_never_answered_whatever_is_wrong_with_it() {
    let mut world = asked();
    let request = world.issuer("X").heard();
    for mti in [0x1110, 0x1130, 0x1230, 0x1430, 0x1814, 0x2210, 0x1314, 0x1240, 0x1140, 0x1644] {
        world.issuer("X").sends(answer(&request, "000").kind(mti));
    }
    assert_eq!(world.issuer("X").heard_count(), 1, "the sale");
    world.check(expect![[r#"
        00.000 X.0 > 1110 11=000001 39=000
        00.000     ! X.0 sent 1110 000001 that matches nothing: Mti; like X 000001
        00.000 X.0 > 1130 11=000001 39=000
        00.000     ! X.0 sent 1130 000001 that matches nothing: Unknown; like X 000001
        00.000 X.0 > 1230 11=000001 39=000
        00.000     ! X.0 sent 1230 000001 that matches nothing: Unknown; like X 000001
        00.000 X.0 > 1430 11=000001 39=000
        00.000     ! X.0 sent 1430 000001 that matches nothing: Unknown; like X 000001
        00.000 X.0 > 1814 11=000001 39=000
        00.000     ! X.0 sent 1814 000001 that matches nothing: Unknown
        00.000 X.0 > 2210 11=000001 39=000
        00.000 X.0 > 1314 11=000001 39=000
        00.000 X.0 > 1240 11=000001 39=000
        00.000 X.0 > 1140 11=000001 39=000
        00.000 X.0 > 1644 11=000001 39=000
        counted: frames 10, unanswerable 5, unmatched_unknown 4, unmatched_differs 1
    "#]]);
}
