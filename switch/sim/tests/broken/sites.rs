//! Stories of two sites: what is late where a peer may reign, and what a standby does that reigns now.

use std::time::Duration;

use switch_core::counters::Counter;
use switch_core::plan::{Announce, StationSettings};
use switch_sim::world::{Setup, Text, World, acquirer, issuer, reversal, sale};

const JUST_LATE: Duration = Duration::from_nanos(1_000_000_001);

fn setup() -> Setup {
    let a = StationSettings { announce: Announce::Backup, ..acquirer("A") };
    Setup::of([a, issuer("X")]).with_peer()
}

fn sells(world: &mut World) -> Text {
    let mut first = sale(2_500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone());
    first
}

pub(crate) fn what_is_committed_too_late_never_leaves() {
    let mut world = setup().up();
    world.holds_commits();
    sells(&mut world);
    world.passes_secs(2);
    world.commits_what_was_framed(JUST_LATE);
    assert_eq!(world.issuer("X").heard_count(), 0);
}

pub(crate) fn what_waits_too_long_for_a_socket_never_leaves() {
    let mut world = setup().up();
    world.issuer("X").stalls();
    sells(&mut world);
    world.passes(JUST_LATE);
    world.issuer("X").reads();
    assert_eq!(world.issuer("X").heard_count(), 0);
}

pub(crate) fn an_approval_that_is_late_is_reversed() {
    let mut world = setup().up();
    sells(&mut world);
    world.acquirer("A").stalls();
    world.issuer("X").answers("000");
    world.passes(JUST_LATE);
    assert_eq!(world.issuer("X").heard().mti, 0x1420);
}

pub(crate) fn an_approval_is_given_again_by_who_can_have_that_committed() {
    let mut world = setup().up();
    let first = sells(&mut world);
    world.issuer("X").answers("000");
    world.holds_commits();
    world.acquirer("A").sends(first.kind(0x1201));
    assert_eq!(world.acquirer("A").heard_count(), 1);
}

pub(crate) fn who_hands_over_admits_nothing_new() {
    let mut world = setup().up();
    world.pauses();
    sells(&mut world);
    assert_eq!(world.issuer("X").heard_count(), 0);
}

pub(crate) fn who_was_admitted_has_an_answer_before_it_is_handed_over() {
    let mut world = setup().up();
    sells(&mut world);
    world.pauses();
    world.cuts_short();
    assert!(world.is_settled());
    assert_eq!(world.acquirer("A").heard().of(39), "911");
}

pub(crate) fn a_promotion_is_announced() {
    let mut world = setup().up().promotes(setup(), false);
    assert_eq!(world.acquirer("A").heard().of(24), "804");
}

pub(crate) fn nobody_waits_for_the_answer_to_an_announcement() {
    let mut world = setup().up().promotes(setup(), false);
    sells(&mut world);
    assert_eq!(world.issuer("X").heard_count(), 1);
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
    world.acquirer("A").closes();
    world.acquirer("A").connects();
    let link = world.acquirer("A").link();
    assert!(world.cores[0].station(world.plan.station_of(link)).ready.contains(&link));
    let mut world = world.promotes(setup(), false);
    let link = world.acquirer("A").link();
    assert!(world.cores[0].station(world.plan.station_of(link)).ready.contains(&link));
}

pub(crate) fn a_repeat_of_what_may_be_lost_is_no_new_request() {
    let mut world = setup().up().promotes(setup(), true);
    let mut first = sale(2_500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.kind(0x1201));
    assert_eq!(world.acquirer("A").heard().of(39), "909");
    assert_eq!(world.issuer("X").heard_count(), 0);
}

pub(crate) fn what_may_be_lost_is_listed() {
    let mut world = setup().up().promotes(setup(), true);
    let mut first = sale(2_500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(reversal(&first, "4000"));
    assert_eq!((world.cores[0].orphans().len(), world.count(Counter::Orphans)), (1, 1));
}

pub(crate) fn what_was_listed_is_so_behind_a_restart() {
    let mut world = setup().up().promotes(setup(), true);
    let mut first = sale(2_500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone().kind(0x1201));
    let mut world = world.restarts(setup());
    assert_eq!(world.cores[0].orphans().len(), 1);
    world.acquirer("A").sends(first);
    assert_eq!(world.acquirer("A").heard().of(39), "909");
}

pub(crate) fn trace_numbers_go_on_far_ahead_where_some_may_be_lost() {
    let mut world = setup().up().promotes(setup(), true);
    sells(&mut world);
    assert_eq!(world.issuer("X").heard().of(11), "050001");
}
