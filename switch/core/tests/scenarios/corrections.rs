//! What a partner's engineers correct while the switch runs: who signs on, where an issuer is, and what
//! one that goes may still say.

use std::time::Duration;

use switch_core::plan::{SignOn, StationSettings};

use crate::world::{Setup, acquirer, issuer, sale};

#[test]
fn who_did_not_sign_on_is_signed_on_by_us_once_that_is_agreed() {
    let x = |sign_on| StationSettings { sign_on, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x(SignOn::Theirs)]).up();
    world.forget();
    world.reloads(Setup::of([acquirer("A"), x(SignOn::Ours)]));
    world.passes(Duration::from_millis(200));
    world.issuer("X").connects();
    assert!(world.transcript().contains("24=801"), "{}", world.transcript());
}

#[test]
fn one_that_goes_still_advises_where_cards_lead_now() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).route("353011", &["X"]).up();
    // What it has under way keeps it from being signed off at once.
    world.acquirer("A").sends(sale(1));
    world.reloads(Setup::of([acquirer("B"), issuer("X"), issuer("Z")]).route("353011", &["Z"]));
    world.acquirer("A").sends(sale(2).kind(0x1220));
    assert_eq!(world.acquirer("A").heard().of(39), "900");
}

#[test]
fn a_corrected_address_is_tried_at_once_however_often_the_wrong_one_failed() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).down();
    for _ in 0..8 {
        world.forget();
        world.issuer("X").refuses();
        while !world.transcript().contains("X.0 * connect") {
            world.passes(Duration::from_millis(10));
        }
    }
    world.issuer("X").refuses();
    world.forget();
    let link = world.plan.stations[1].links_from;
    world.moves(link);
    world.passes(Duration::from_millis(1));
    assert!(world.transcript().contains("X.0 * connect"), "{}", world.transcript());
}
