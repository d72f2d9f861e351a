//! Links that we open: when, and after which pauses.

use std::time::Duration;

use expect_test::expect;
use switch_core::plan::{SignOn, StationSettings};

use crate::world::{Setup, World, acquirer, issuer};

/// How long after each failure the next attempt comes, in milliseconds.
fn pauses(world: &mut World, failures: usize) -> Vec<u128> {
    (0..failures)
        .map(|_| {
            let failed = world.now();
            world.issuer("X").refuses();
            while !world.transcript().contains("X.0 * connect") {
                world.passes(Duration::from_millis(1));
            }
            world.now().since(failed).as_millis()
        })
        .collect()
}

#[test]
fn every_link_is_connected_at_the_start() {
    let x = StationSettings { links: 2, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).down();
    world.check(expect![[r#"
        00.000 X.0 * connect
        00.000 X.1 * connect
    "#]]);
}

#[test]
fn pauses_double_from_the_shortest_to_the_longest_less_a_quarter_at_most() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).down();
    world.forget();
    let pauses = pauses(&mut world, 10);
    for (failure, pause) in (0_u32..).zip(&pauses) {
        let whole = (100 << failure).min(10_000);
        assert!((whole * 3 / 4..=whole + 1).contains(pause), "{pauses:?}");
    }
}

#[test]
fn a_link_that_was_ready_is_tried_again_after_the_shortest_pause() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).down();
    world.forget();
    pauses(&mut world, 5);
    world.issuer("X").connects();
    world.forget();
    world.issuer("X").closes();
    world.passes(Duration::from_millis(74));
    world.check(expect![[r#"
        02.652 X.0 = closed
        02.652     ! X.0 closed, 0 unsent
        counted: links_closed 1
    "#]]);
    world.passes(Duration::from_millis(26));
    world.check(expect![[r#"
        02.734 X.0 * connect
    "#]]);
}

#[test]
fn a_link_whose_sign_on_always_fails_is_tried_more_and_more_seldom() {
    let x = StationSettings { sign_on: SignOn::Ours, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).down();
    for _ in 0..6 {
        world.issuer("X").connects();
        world.issuer("X").answers("909");
        world.passes_secs(10);
    }
    world.issuer("X").connects();
    world.forget();
    world.issuer("X").answers("909");
    world.passes(Duration::from_millis(4_799));
    world.check(expect![[r#"
        60.000 X.0 > 1814 11=999006 39=909
        60.000 X.0 * close SignOnFailed
        60.000     ! X.0 refused our 801 with 909
        60.000     ! X.0 to be closed: SignOnFailed
        60.000     ! X.0 closed, 0 unsent
        counted: frames 1, links_closed 1
    "#]]);
}

#[test]
fn a_link_that_the_station_opens_is_waited_for() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").closes();
    world.passes_secs(60);
    world.check(expect![[r#"
        00.000 A.0 = closed
        00.000     ! A.0 closed, 0 unsent
        counted: links_closed 1
    "#]]);
}
