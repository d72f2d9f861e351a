//! Frames that carry no transaction: so many a second are looked at on each link, the rest is
//! counted, and a link that sends nothing else is closed. Transactions are never held back.

use std::time::Duration;

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::plan::StationSettings;

use crate::world::{Setup, World, acquirer, answer, echo, issuer, network, sale};

/// A world whose acquirer A may send ten frames a second without a transaction, as may issuer X.
fn ten_a_second() -> World {
    let a = StationSettings { noise_max: 10, links: 2, ..acquirer("A") };
    let x = StationSettings { noise_max: 10, ..issuer("X") };
    let mut world = Setup::of([a, x]).up();
    world.forget();
    world
}

/// What was counted of so many frames of A, one of them like the other.
fn told(world: &mut World, frames: usize, frame: &[u8]) -> String {
    for _ in 0..frames {
        world.acquirer("A").sends_bytes(frame);
    }
    let told = world.transcript();
    told.lines().last().expect("something was counted").to_string()
}

#[test]
fn an_echo_storm_is_echoed_up_to_the_budget_and_then_counted() {
    let mut world = ten_a_second();
    let storm = world.acquirer("A").writes(echo());
    expect!["counted: frames 10, network_answered 10"].assert_eq(&told(&mut world, 10, &storm));
    expect!["counted: frames 50, noise_dropped 50"].assert_eq(&told(&mut world, 50, &storm));
    assert_eq!(world.acquirer("A").heard_count(), 10);
}

#[test]
fn a_budget_comes_back_with_time_up_to_one_seconds_worth() {
    let mut world = ten_a_second();
    let frame = world.acquirer("A").writes(echo());
    told(&mut world, 10, &frame);
    world.passes(Duration::from_millis(99));
    expect!["counted: frames 1, noise_dropped 1"].assert_eq(&told(&mut world, 1, &frame));
    // What was dropped has to be earned, too.
    world.passes(Duration::from_millis(101));
    expect!["counted: frames 2, noise_dropped 1, network_answered 1"]
        .assert_eq(&told(&mut world, 2, &frame));
    world.passes_secs(60);
    expect!["counted: frames 12, noise_dropped 2, network_answered 10"]
        .assert_eq(&told(&mut world, 12, &frame));
}

#[test]
fn every_frame_without_a_transaction_is_paid_from_the_same_budget() {
    let mut world = ten_a_second();
    let a = |world: &mut World, text| world.acquirer("A").writes(text);
    let stray = a(&mut world, answer(&sale(1).with(11, "000009"), "000"));
    let notice = a(&mut world, sale(1).kind(0x1240));
    let reported = a(&mut world, sale(1).without(11));
    let unknown = a(&mut world, network(811));
    let frames: [&[u8]; 10] =
        [b"", b"", b"?", b"1210", b"1200", &stray, &notice, &reported, &unknown, b"18"];
    for frame in frames {
        world.acquirer("A").sends_bytes(frame);
    }
    let told = world.transcript();
    expect!["counted: frames 10, keep_alives 2, refused_unknown_request 1, type_unreadable 2, malformed_dropped 1, malformed_reported 2, unanswerable 1, unmatched_unknown 1"].assert_eq(told.lines().last().unwrap());
    for frame in frames {
        world.acquirer("A").sends_bytes(frame);
    }
    expect![[r#"
        00.000 A.0 > 0 bytes
        00.000     ! A.0 is noisy
        00.000 A.0 > 0 bytes
        00.000 A.0 > 1 bytes
        00.000 A.0 > 4 bytes
        00.000 A.0 > 4 bytes
        00.000 A.0 > 119 bytes
        00.000 A.0 > 123 bytes
        00.000 A.0 > 148 bytes
        00.000 A.0 > 64 bytes
        00.000 A.0 > 2 bytes
        counted: frames 10, noise_dropped 10
    "#]]
    .assert_eq(&world.transcript());
}

#[test]
fn transactions_pass_whatever_the_noise_beside_them() {
    let mut world = ten_a_second();
    for _ in 0..10 {
        for _ in 0..100 {
            world.acquirer("A").sends_bytes(b"?");
            world.issuer("X").sends_bytes(b"?");
        }
        world.acquirer("A").sends(sale(2500));
        world.issuer("X").answers("000");
    }
    assert_eq!((world.count(Counter::Answered), world.count(Counter::LinksClosed)), (10, 0));
    assert_eq!(world.count(Counter::NoiseDropped), 2 * (1_000 - 10));
}

#[test]
fn a_malformed_request_with_a_trace_number_gets_its_904_whatever_the_noise() {
    let mut world = ten_a_second();
    let mut frame = world.acquirer("A").writes(sale(2500));
    frame.pop();
    expect!["counted: frames 500, refused_format 500"].assert_eq(&told(&mut world, 500, &frame));
    assert_eq!(world.acquirer("A").heard_count(), 500);
    told(&mut world, 50, b"");
    expect!["counted: frames 1, refused_format 1"].assert_eq(&told(&mut world, 1, &frame));
    // Without one it is paid for, as is network management.
    expect!["counted: frames 1, noise_dropped 1"].assert_eq(&told(&mut world, 1, &frame[..40]));
    let mut network = world.acquirer("A").writes(echo());
    network.pop();
    expect!["counted: frames 1, noise_dropped 1"].assert_eq(&told(&mut world, 1, &network));
}

#[test]
fn a_link_with_nothing_but_noise_is_closed_ten_seconds_worth_beyond_its_budget() {
    let mut world = ten_a_second();
    expect!["counted: frames 110, keep_alives 10, noise_dropped 100"]
        .assert_eq(&told(&mut world, 110, b""));
    world.acquirer("A").sends_bytes(b"");
    world.check(expect![[r#"
        00.000 A.0 > 0 bytes
        00.000 A.0 * close Noise
        00.000     ! A.0 to be closed: Noise
        00.000     ! A.0 closed, 0 unsent
        counted: frames 1, noise_dropped 1, links_closed 1, links_noisy 1
    "#]]);
    // The other link of the station, and the same one anew, have a budget of their own.
    world.acquirer("A").on(1).sends(echo());
    assert_eq!(world.acquirer("A").connects(), Some(0));
    world.acquirer("A").sends(echo());
    assert_eq!(world.acquirer("A").heard_count(), 2);
}

#[test]
fn a_storm_of_answers_that_nobody_waits_for_is_neither_logged_nor_compared_beyond_the_budget() {
    let mut world = ten_a_second();
    let stray = answer(&sale(1).with(11, "000009").with(37, "632514000109"), "000");
    for _ in 0..50 {
        world.issuer("X").sends(stray.clone());
    }
    let told = world.transcript();
    assert_eq!(told.matches("matches nothing").count(), 10);
    assert!(
        told.ends_with("counted: frames 50, unmatched_unknown 10, noise_dropped 40\n"),
        "{told}"
    );
}

#[test]
fn a_carried_answer_that_nobody_waits_for_is_paid_for_at_its_home_and_closes_no_link() {
    let x = StationSettings { noise_max: 10, ..issuer("X") };
    let y = StationSettings { noise_max: 10, ..issuer("Y") };
    let mut world = Setup::of([acquirer("A"), x, y]).workers(2).up();
    // Y is on worker 1, and its number 1 belongs to worker 0.
    let stray = answer(&sale(1).with(11, "000001").with(37, "632514000109"), "000");
    for _ in 0..500 {
        world.issuer("Y").sends(stray.clone());
    }
    let counts = [Counter::UnmatchedUnknown, Counter::NoiseDropped, Counter::LinksClosed];
    assert_eq!(counts.map(|counter| world.count(counter)), [10, 490, 0]);
    // However many came, eleven seconds without them are enough for a full budget.
    for _ in 0..5_000 {
        world.issuer("Y").sends(stray.clone());
    }
    world.forget();
    world.passes(Duration::from_millis(11_100));
    for _ in 0..11 {
        world.issuer("Y").sends(stray.clone());
    }
    assert_eq!(counts.map(|counter| world.count(counter)), [20, 5_491, 0]);
}
