//! Requests that come again: nobody is asked a second time, and the answer is the one that was given.

use expect_test::expect;
use switch_core::Reply;
use switch_core::counters::Counter;
use switch_core::plan::{Keys, Pin, StationSettings};

use crate::world::{
    Setup, Text, World, acquirer, ascii_87, ascii_without, issuer, packed, sale, sale_87,
};

/// The same request once more, as its acquirer marks it.
fn repeat(first: &Text) -> Text {
    first.clone().kind(first.mti + 1).with(7, "1121052199")
}

/// A sale that A has completed, to be sent again as often as one likes.
fn completed(world: &mut World) -> Text {
    let mut first = sale(2500);
    world.acquirer("A").complete(&mut first);
    first
}

#[test]
fn a_repeat_gets_the_answer_of_the_first_and_the_issuer_hears_nothing() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world
        .issuer("X")
        .answers_with("000", |answer| answer.with(44, "more").with(54, "1002392C000000000100"));
    let told = world.acquirer("A").heard();
    world.forget();
    world.acquirer("A").sends(repeat(&first));
    assert_eq!(world.acquirer("A").heard(), told.with(7, "1121052199"));
    world.acquirer("A").sends(first);
    world.check(expect![[r#"
        00.000 A.0 > 1201 11=000101
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.0 > 1200 11=000101
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 2, requests 2, repeats_answered 2
    "#]]);
    assert_eq!(world.issuer("X").heard_count(), 1);
}

#[test]
fn a_decline_of_the_issuer_is_said_again_as_it_was_said() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world.issuer("X").answers("116");
    let told = world.acquirer("A").heard();
    world.acquirer("A").sends(first.kind(0x1201));
    assert_eq!(world.acquirer("A").heard(), told);
    assert_eq!(told.of(58), "");
}

#[test]
fn a_repeat_of_what_is_in_flight_waits_for_its_answer() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world.forget();
    world.acquirer("A").sends(repeat(&first));
    world.acquirer("A").sends(repeat(&first));
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1201 11=000101
        00.000 A.0 > 1201 11=000101
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 3, requests 2, answered 1, approved 1, repeats_in_flight 2, repeats_answered 2
    "#]]);
}

#[test]
fn our_own_declines_are_said_again() {
    let x = StationSettings { dialect: ascii_without(&[44]), ..acquirer("A") };
    let mut world = Setup::of([x, issuer("X")]).up();
    // Timed out, not to be passed on, of which no byte left.
    let timed_out = completed(&mut world);
    world.acquirer("A").sends(timed_out.clone());
    world.passes_secs(10);
    let undelivered = completed(&mut world);
    world.acquirer("A").sends(undelivered.clone());
    world.issuer("X").takes();
    world.issuer("X").takes();
    world.issuer("X").answers_with("000", |answer| answer.with(44, "more"));
    let unsent = completed(&mut world);
    world.issuer("X").has_room_for(0);
    world.acquirer("A").sends(unsent.clone());
    let told = world.acquirer("A").heard_count();
    world.forget();
    for first in [&timed_out, &undelivered, &unsent] {
        world.acquirer("A").sends(repeat(first));
    }
    world.check(expect![[r#"
        10.000 A.0 > 1201 11=000101
        10.000 A.0 < 1210 11=000101 39=911
        10.000 A.0 > 1201 11=000102
        10.000 A.0 < 1210 11=000102 39=909
        10.000 A.0 > 1201 11=000103
        10.000 A.0 < 1210 11=000103 39=907
        counted: frames 3, requests 3, repeats_declined 3
    "#]]);
    assert_eq!(world.acquirer("A").heard_count(), told + 3);
}

#[test]
fn a_refusal_that_changed_nothing_is_decided_anew() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let first = completed(&mut world).with(52, [0xAA; 8]);
    world.acquirer("A").sends(first.clone());
    assert_eq!(world.acquirer("A").heard().of(39), "921");
    world.acquirer("A").sends(repeat(&first).without(52));
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn another_amount_or_card_under_the_same_key_is_refused() {
    let x = StationSettings { pin: Pin::Pass, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).route("3", &["X"]).route("4", &["X"]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    let other_amount = first.clone().with(4, "000000002501");
    let other_card = first.clone().with(2, "4111111111111111");
    for other in [&other_amount, &other_card] {
        world.acquirer("A").sends(other.clone());
        assert_eq!(world.acquirer("A").heard().of(39), "904");
    }
    world.issuer("X").answers("000");
    world.acquirer("A").sends(other_amount);
    assert_eq!(world.acquirer("A").heard().of(39), "904");
    world.acquirer("A").sends(first);
    assert_eq!(world.acquirer("A").heard().of(39), "000");
    assert_eq!((world.count(Counter::RefusedDiffers), world.issuer("X").heard_count()), (3, 1));
}

#[test]
fn the_same_trace_number_of_another_time_is_another_request() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world.acquirer("A").sends(first.with(12, "261122142030"));
    assert_eq!(world.issuer("X").heard_count(), 2);
}

#[test]
fn two_stations_may_use_the_same_numbers() {
    let b = StationSettings { institutions: acquirer("A").institutions, ..acquirer("B") };
    let mut world = Setup::of([acquirer("A"), b, issuer("X")]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world.acquirer("B").sends(first);
    assert_eq!(world.issuer("X").heard_count(), 2);
}

#[test]
fn a_stored_answer_is_said_in_the_format_of_its_acquirer() {
    let x = StationSettings { dialect: packed(), ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world.issuer("X").answers_with("001", |answer| answer.with(44, "more"));
    let told = world.acquirer("A").heard();
    world.acquirer("A").sends(first);
    assert_eq!(world.acquirer("A").heard(), told);
    assert_eq!(told.of(38), "A1B2C3");
}

#[test]
fn a_repeat_of_1987_is_one_too() {
    let edition = |station: StationSettings| StationSettings { dialect: ascii_87(), ..station };
    let mut world = Setup::of([edition(acquirer("A")), edition(issuer("X"))]).up();
    let mut first = sale_87(2500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone());
    world.issuer("X").answers("00");
    let told = world.acquirer("A").heard();
    world.acquirer("A").sends(first.clone().kind(0x0201));
    assert_eq!(world.acquirer("A").heard(), told);
    world.acquirer("A").sends(first.kind(0x0100));
    assert_eq!(world.issuer("X").heard_count(), 2, "an authorization is no sale");
}

#[test]
fn a_repeat_is_answered_on_the_link_that_it_came_on() {
    let a = StationSettings { links: 2, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world.issuer("X").answers("000");
    world.forget();
    world.acquirer("A").on(1).sends(repeat(&first));
    world.check(expect![[r#"
        00.000 A.1 > 1201 11=000101
        00.000 A.1 < 1210 11=000101 39=000
        counted: frames 1, requests 1, repeats_answered 1
    "#]]);
}

#[test]
fn a_repeat_waits_behind_the_record_of_the_first_answer() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world.holds_commits();
    world.issuer("X").answers("000");
    world.acquirer("A").sends(repeat(&first));
    assert_eq!(world.acquirer("A").heard_count(), 0);
    world.commits();
    assert_eq!(world.acquirer("A").heard_count(), 2);
}

#[test]
fn while_the_switch_stops_a_repeat_still_gets_its_answer_and_a_new_request_does_not() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    let (first, open) = (completed(&mut world), completed(&mut world));
    world.acquirer("A").sends(first.clone());
    world.issuer("X").answers("000");
    world.acquirer("A").sends(open);
    world.drains();
    world.acquirer("A").sends(repeat(&first));
    assert_eq!(world.acquirer("A").heard().of(39), "000");
    world.acquirer("A").sends(sale(1));
    assert_eq!(world.acquirer("A").heard().of(39), "907");
}

#[test]
fn a_repeat_whose_code_is_wrong_learns_nothing() {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world.keys_reply(Reply::Granted);
    world.issuer("X").answers("000");
    world.acquirer("A").sends(repeat(&first));
    world.keys_reply(Reply::Denied);
    assert_eq!(world.acquirer("A").heard().of(39), "916");
    world.acquirer("A").sends(repeat(&first));
    world.keys_reply(Reply::Granted);
    assert_eq!(world.acquirer("A").heard().of(39), "000");
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn a_repeat_that_overtakes_a_question_waits_for_the_first() {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world.acquirer("A").sends(repeat(&first));
    let (worker, slot) = world.take_question().unwrap();
    // The repeat's reply comes first.
    world.keys_reply(Reply::Granted);
    assert_eq!((world.issuer("X").heard_count(), world.acquirer("A").heard_count()), (0, 0));
    world.reply(worker, slot, Reply::Granted);
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard_count(), 2);
    assert_eq!(world.count(Counter::RepeatsInFlight), 1);
}

#[test]
fn a_repeat_takes_the_place_of_a_first_that_was_denied() {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    let first = completed(&mut world);
    world.acquirer("A").sends(first.clone());
    world.acquirer("A").sends(repeat(&first));
    world.keys_reply(Reply::Denied);
    world.keys_reply(Reply::Granted);
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
    // A question without a reply leaves nothing behind either.
    let silent = completed(&mut world);
    world.acquirer("A").sends(silent.clone());
    world.passes_secs(2);
    assert_eq!(world.acquirer("A").heard().of(39), "920");
    world.acquirer("A").sends(repeat(&silent));
    world.take_question().unwrap();
    world.keys_reply(Reply::Granted);
    assert_eq!(world.issuer("X").heard_count(), 2);
}

#[test]
fn what_is_forgotten_is_no_repeat_and_an_answer_that_is_forgotten_is_no_approval() {
    let setup = Setup::of([acquirer("A"), issuer("X")]).limits(|limits| {
        (limits.duplicates_max, limits.pending_max) = (2, 2);
        limits.answers_bytes = 500;
    });
    let mut world = setup.up();
    let firsts = [(); 3].map(|()| completed(&mut world));
    for first in &firsts {
        world.acquirer("A").sends(first.clone());
        world.issuer("X").answers_with("000", |answer| answer.with(59, "z".repeat(200)));
    }
    world.acquirer("A").sends(repeat(&firsts[1]));
    assert_eq!(world.acquirer("A").heard().of(39), "909", "only one of these answers has room");
    world.acquirer("A").sends(repeat(&firsts[2]));
    assert_eq!(world.acquirer("A").heard().of(39), "000");
    assert_eq!(world.issuer("X").heard_count(), 3);
    world.acquirer("A").sends(repeat(&firsts[0]));
    assert_eq!(world.issuer("X").heard_count(), 4, "it came too long ago");
}
