//! For how long repeats are known: shown once the table has been full, with an alarm while it is less
//! than ten minutes.

use expect_test::expect;

use crate::world::{Setup, World, acquirer, issuer, sale};

/// A world that knows two requests.
fn small() -> World {
    let setup = Setup::of([acquirer("A"), issuer("X")]);
    setup.limits(|limits| (limits.duplicates_max, limits.pending_max) = (2, 2)).up()
}

fn sells(world: &mut World) {
    world.acquirer("A").sends(sale(1));
    world.issuer("X").answers("000");
}

fn window(world: &World) -> Option<(u64, bool)> {
    let now = world.now().since(switch_core::time::Time(1_000_000_000_000));
    world.cores[0].window(1_795_238_431 + now.as_secs())
}

#[test]
fn a_table_that_was_never_full_has_no_window() {
    let mut world = small();
    sells(&mut world);
    world.passes_secs(5);
    sells(&mut world);
    assert_eq!(window(&world), None);
}

#[test]
fn a_window_of_less_than_ten_minutes_is_an_alarm_until_it_is_longer_again() {
    let mut world = small();
    sells(&mut world);
    sells(&mut world);
    world.passes_secs(599);
    world.forget();
    sells(&mut world);
    world.passes_secs(1);
    assert_eq!(window(&world), Some((600, true)));
    world.passes_secs(120);
    assert_eq!(window(&world), Some((720, false)));
    world.check(expect![[r#"
        599.000 A.0 > 1200 11=000103
        599.000     + A.0 1200 to X as 000003
        599.000     ! alarm: repeats are known for 599 s
        599.000 X.0 < 1200 11=000003
        599.000 X.0 > 1210 11=000003 39=000
        599.000     + X answered 000003 with 000
        599.000 A.0 < 1210 11=000103 39=000
        660.000     ! repeats are known for long enough again
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1, window_short 1
    "#]]);
}

#[test]
fn a_window_of_ten_minutes_is_long_enough() {
    let mut world = small();
    sells(&mut world);
    sells(&mut world);
    world.passes_secs(600);
    sells(&mut world);
    world.passes_secs(1);
    assert_eq!(window(&world), Some((601, false)));
}

#[test]
fn what_a_restart_took_up_says_nothing_of_the_window() {
    let mut world = small();
    sells(&mut world);
    sells(&mut world);
    let setup = Setup::of([acquirer("A"), issuer("X")]);
    let setup = setup.limits(|limits| (limits.duplicates_max, limits.pending_max) = (2, 2));
    let mut world = world.restarts(setup);
    sells(&mut world);
    assert_eq!(window(&world), None);
}
