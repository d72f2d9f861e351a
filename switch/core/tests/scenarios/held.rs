//! Repeats that come while the first is in flight: each is held and answered behind it, with its own
//! fields, on its own link; or refused with 923, where that was agreed.

use expect_test::expect;
use switch_core::Reply;
use switch_core::counters::Counter;
use switch_core::plan::{Acquiring, InFlight, Keys, StationSettings};

use crate::world::{Setup, Text, World, acquirer, issuer, sale, sign_off};

/// The same request once more, as its acquirer marks it.
fn repeat(first: &Text) -> Text {
    first.clone().kind(first.mti + 1).with(7, "1121052199")
}

/// A sale that A has sent and that is in flight.
fn in_flight(world: &mut World) -> Text {
    let mut first = sale(2500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone());
    first
}

fn pair() -> World {
    let a = StationSettings { links: 2, ..acquirer("A") };
    Setup::of([a, issuer("X")]).up()
}

#[test]
fn each_repeat_gets_the_answer_of_the_first_behind_it_with_its_own_fields_on_its_own_link() {
    let mut world = pair();
    let first = in_flight(&mut world);
    world.acquirer("A").on(1).sends(repeat(&first));
    world.acquirer("A").sends(repeat(&first).with(7, "1121052233"));
    assert_eq!(world.cores[0].held().0, 2);
    world.forget();
    world.issuer("X").answers_with("000", |answer| answer.with(44, "more"));
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.1 < 1210 11=000101 39=000
        counted: frames 1, answered 1, approved 1, repeats_answered 2
    "#]]);
    let told = world.acquirer("A").heard_at(0);
    assert_eq!(world.acquirer("A").heard_at(1), told.clone().with(7, "1121052233"));
    assert_eq!(world.acquirer("A").heard_at(2), told.with(7, "1121052199"));
    assert_eq!((world.cores[0].held().0, world.issuer("X").heard_count()), (0, 1));
}

#[test]
fn a_held_repeat_is_declined_as_the_first_is() {
    let mut world = pair();
    let first = in_flight(&mut world);
    world.acquirer("A").sends(repeat(&first));
    world.forget();
    world.passes_secs(10);
    world.check(expect![[r#"
        10.000     + 1420 for X as 000002, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     ! X timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911
        10.000 A.0 < 1210 11=000101 39=911
        10.000 X.0 < 1420 11=000002 24=400
        counted: repeats_declined 1, refused_timed_out 1, saf_queued 1, saf_sent 1
    "#]]);
}

#[test]
fn a_repeat_whose_first_never_left_gets_its_907() {
    let mut world = pair();
    world.holds_commits();
    let first = in_flight(&mut world);
    world.acquirer("A").sends(repeat(&first));
    world.issuer("X").sends(sign_off());
    world.commits();
    for place in 0..2 {
        assert_eq!(world.acquirer("A").heard_at(place).of(39), "907");
    }
    assert_eq!((world.acquirer("A").heard_count(), world.issuer("X").heard_count()), (2, 1));
}

#[test]
fn where_923_was_agreed_a_repeat_gets_it_at_once() {
    let acquiring = Acquiring { repeat_in_flight: InFlight::Refuse, ..Acquiring::default() };
    let a = StationSettings { acquiring, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    let first = in_flight(&mut world);
    world.forget();
    world.acquirer("A").sends(repeat(&first));
    world.issuer("X").answers("000");
    world.acquirer("A").sends(repeat(&first));
    world.check(expect![[r#"
        00.000 A.0 > 1201 11=000101
        00.000 A.0 < 1210 11=000101 39=923
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.0 > 1201 11=000101
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 3, requests 2, answered 1, approved 1, repeats_answered 1, refused_in_progress 1
    "#]]);
}

#[test]
fn so_many_repeats_are_held_and_the_next_one_gets_923() {
    let setup = Setup::of([acquirer("A"), issuer("X")]).limits(|limits| limits.held_max = 2);
    let mut world = setup.up();
    let first = in_flight(&mut world);
    for _ in 0..2 {
        world.acquirer("A").sends(repeat(&first));
    }
    assert_eq!(world.acquirer("A").heard_count(), 0);
    world.acquirer("A").sends(repeat(&first));
    assert_eq!(world.acquirer("A").heard().of(39), "923");
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard_count(), 4);
    // There is room again.
    let next = in_flight(&mut world);
    world.acquirer("A").sends(repeat(&next));
    assert_eq!(world.acquirer("A").heard_count(), 4);
}

#[test]
fn without_a_free_buffer_a_repeat_gets_923() {
    let setup = Setup::of([acquirer("A"), issuer("X")]).limits(|limits| limits.parked_max = 1);
    let mut world = setup.up();
    let first = in_flight(&mut world);
    world.acquirer("A").sends(repeat(&first));
    world.acquirer("A").sends(repeat(&first));
    assert_eq!(world.acquirer("A").heard().of(39), "923");
}

#[test]
fn a_repeat_whose_first_was_denied_is_decided_on_itself() {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    let first = in_flight(&mut world);
    let (worker, slot) = world.take_question().unwrap();
    world.acquirer("A").sends(repeat(&first));
    world.keys_reply(Reply::Granted);
    assert_eq!((world.cores[0].held().0, world.acquirer("A").heard_count()), (1, 0));
    world.reply(worker, slot, Reply::Denied);
    assert_eq!(world.acquirer("A").heard().of(39), "916");
    // Its own code was right, and is not asked for again.
    assert!(world.take_question().is_none());
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn a_held_repeat_whose_link_was_lost_is_answered_on_another_one() {
    let mut world = pair();
    let first = in_flight(&mut world);
    world.acquirer("A").on(1).sends(repeat(&first));
    world.acquirer("A").on(1).closes();
    world.forget();
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 1, answered 1, approved 1, repeats_answered 1
    "#]]);
}

#[test]
fn a_stop_waits_for_the_repeats_that_are_held() {
    let mut world = pair();
    let first = in_flight(&mut world);
    world.acquirer("A").sends(repeat(&first));
    world.drains();
    assert!(!world.is_drained());
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard_count(), 2);
    assert!(world.is_drained());
}

#[test]
fn another_amount_under_the_key_of_what_is_in_flight_is_refused_with_an_alarm() {
    let mut world = pair();
    let first = in_flight(&mut world);
    world.forget();
    world.acquirer("A").sends(repeat(&first).with(4, "000000002501"));
    world.check(expect![[r#"
        00.000 A.0 > 1201 11=000101
        00.000     ! alarm: A.0 sent 1201 under the key of another one
        00.000 A.0 < 1210 11=000101 39=904
        counted: frames 1, requests 1, refused_differs 1
    "#]]);
    assert_eq!(world.count(Counter::RepeatsInFlight), 0);
}
