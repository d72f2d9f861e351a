//! Whether an approval reached its acquirer: handed to the socket is delivered. One of which no byte
//! left takes another link, or is known as undelivered; one of which a part may have left is in doubt
//! until a repeat or a reversal settles it.

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::plan::StationSettings;

use crate::world::{Setup, Text, World, acquirer, issuer, sale};

fn with_links(links: u32) -> World {
    let a = StationSettings { links, ..acquirer("A") };
    Setup::of([a, issuer("X")]).up()
}

/// A sends a sale, and no longer reads.
fn asks_and_stalls(world: &mut World) -> Text {
    let mut first = sale(2500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone());
    world.acquirer("A").stalls();
    world.forget();
    first
}

#[test]
fn an_approval_that_waits_for_its_acquirer_to_read_is_not_over_yet() {
    let mut world = with_links(1);
    asks_and_stalls(&mut world);
    world.issuer("X").answers("000");
    assert_eq!(world.occupancy(), (1, 0, 0));
    world.acquirer("A").reads();
    assert_eq!((world.occupancy(), world.acquirer("A").heard_count()), ((0, 0, 0), 1));
}

#[test]
fn an_approval_of_which_no_byte_left_takes_another_link_with_all_that_is_stored_of_it() {
    let mut world = with_links(2);
    asks_and_stalls(&mut world);
    world.issuer("X").answers_with("000", |answer| answer.with(44, "more"));
    world.acquirer("A").closes();
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 = closed
        00.000     ! A.0 closed, 0 unsent
        00.000 A.1 < 1210 11=000101 39=000
        counted: frames 1, answered 1, approved 1, redelivered 1, links_closed 1
    "#]]);
    let told = world.acquirer("A").heard();
    assert_eq!((told.of(38), told.of(44), told.of(11)), ("A1B2C3", "more", "000101"));
    assert_eq!((world.occupancy(), world.count(Counter::Undelivered)), ((0, 0, 0), 0));
}

#[test]
fn an_approval_that_no_link_takes_is_known_as_undelivered() {
    let mut world = with_links(1);
    asks_and_stalls(&mut world);
    world.acquirer("A").closes();
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 = closed
        00.000     ! A.0 closed, 0 unsent
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000     ! no link of A took its answer
        00.000     + 1420 for X as 000002, about 000001, for 4013
        00.000     + delivery of 000001 of X: None
        00.000 X.0 < 1420 11=000002 24=400
        counted: frames 1, answered 1, approved 1, undeliverable 1, undelivered 1, saf_queued 1, saf_sent 1, links_closed 1
    "#]]);
    assert_eq!(world.cores[0].doubtful(), 0);
}

#[test]
fn an_approval_lost_with_the_last_link_before_a_byte_left_is_known_as_undelivered() {
    let mut world = with_links(1);
    asks_and_stalls(&mut world);
    world.issuer("X").answers("000");
    world.acquirer("A").closes();
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 = closed
        00.000     ! A.0 closed, 0 unsent
        00.000     + 1420 for X as 000002, about 000001, for 4013
        00.000     + delivery of 000001 of X: None
        00.000 X.0 < 1420 11=000002 24=400
        counted: frames 1, answered 1, approved 1, undelivered 1, saf_queued 1, saf_sent 1, links_closed 1
    "#]]);
}

#[test]
fn a_decline_that_is_lost_leaves_nothing_to_reverse() {
    let mut world = with_links(1);
    asks_and_stalls(&mut world);
    world.issuer("X").answers("116");
    world.acquirer("A").closes();
    assert_eq!(world.count(Counter::Undelivered) + world.count(Counter::DeliveriesUnknown), 0);
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn an_approval_of_which_a_byte_left_is_in_doubt_until_a_repeat_is_told() {
    let mut world = with_links(2);
    let first = asks_and_stalls(&mut world);
    world.issuer("X").answers("000");
    world.acquirer("A").reads_only(1);
    world.acquirer("A").closes();
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 = closed
        00.000     ! A.0 closed, 0 unsent
        00.000     ! nobody knows whether A got the answer of X to 000001
        00.000     + delivery of 000001 of X: Unknown
        counted: frames 1, answered 1, approved 1, deliveries_unknown 1, links_closed 1
    "#]]);
    assert_eq!((world.cores[0].doubtful(), world.acquirer("A").heard_count()), (1, 0));
    world.acquirer("A").on(1).sends(first.kind(0x1201));
    assert_eq!(world.acquirer("A").heard().of(39), "000");
    assert_eq!(world.cores[0].doubtful(), 0);
}

#[test]
fn an_approval_that_a_repeat_was_given_meanwhile_is_not_known_as_undelivered() {
    let mut world = with_links(2);
    let first = asks_and_stalls(&mut world);
    world.issuer("X").answers("000");
    world.acquirer("A").on(1).sends(first.kind(0x1201));
    assert_eq!(world.acquirer("A").heard().of(39), "000");
    world.acquirer("A").on(1).closes();
    world.acquirer("A").on(0).closes();
    assert_eq!(world.count(Counter::Undelivered), 0);
    assert_eq!(world.count(Counter::DeliveriesUnknown), 1);
}

#[test]
fn what_waits_for_room_to_be_given_up_is_given_up_when_there_is_some() {
    let mut setup = Setup::of([acquirer("A"), acquirer("B"), issuer("X")]);
    setup.gate_bytes = 1 << 16;
    let mut world = setup.up();
    asks_and_stalls(&mut world);
    world.issuer("X").answers("000");
    world.fills_the_gate("B");
    world.acquirer("A").closes();
    assert_eq!(world.count(Counter::Undelivered), 0);
    world.commits();
    assert_eq!(world.count(Counter::Undelivered), 1);
}

#[test]
fn an_answer_that_no_link_takes_is_known_as_undelivered_though_a_repeat_of_it_was_held() {
    let mut world = with_links(1);
    let mut first = sale(2500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone());
    world.acquirer("A").sends(first.kind(0x1201));
    world.acquirer("A").closes();
    world.forget();
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000     ! no link of A took its answer
        00.000     + 1420 for X as 000002, about 000001, for 4013
        00.000     + delivery of 000001 of X: None
        00.000     ! no link of A took its answer
        00.000 X.0 < 1420 11=000002 24=400
        counted: frames 1, answered 1, approved 1, repeats_declined 1, undeliverable 2, undelivered 1, saf_queued 1, saf_sent 1
    "#]]);
    assert_eq!((world.cores[0].doubtful(), world.occupancy().0), (0, 0));
}

#[test]
fn a_doubt_stays_until_a_socket_has_taken_the_whole_answer_to_a_repeat() {
    let mut world = with_links(1);
    let first = asks_and_stalls(&mut world);
    world.issuer("X").answers("000");
    world.acquirer("A").reads_only(1);
    world.acquirer("A").closes();
    assert_eq!(world.cores[0].doubtful(), 1);
    for bytes in [0, 1] {
        world.acquirer("A").connects();
        world.acquirer("A").stalls();
        world.acquirer("A").sends(first.clone().kind(0x1201));
        world.acquirer("A").reads_only(bytes);
        world.acquirer("A").closes();
        assert_eq!(world.cores[0].doubtful(), 1, "{bytes}");
    }
    world.acquirer("A").connects();
    world.acquirer("A").stalls();
    world.acquirer("A").sends(first.kind(0x1201));
    assert_eq!(world.cores[0].doubtful(), 1);
    world.acquirer("A").reads();
    assert_eq!(world.cores[0].doubtful(), 0);
}

#[test]
fn the_answer_to_a_repeat_that_waits_for_a_socket_takes_the_place_of_the_lost_one() {
    for (bytes, undelivered, unknown) in [(0, 1, 0), (1, 0, 1), (u64::MAX, 0, 0)] {
        let mut world = with_links(2);
        let first = asks_and_stalls(&mut world);
        world.issuer("X").answers("000");
        world.acquirer("A").on(1).stalls();
        world.acquirer("A").on(1).sends(first.kind(0x1201));
        world.acquirer("A").closes();
        assert_eq!(world.occupancy(), (1, 0, 0));
        if bytes == u64::MAX {
            world.acquirer("A").on(1).reads();
        } else {
            world.acquirer("A").on(1).reads_only(bytes);
            world.acquirer("A").on(1).closes();
        }
        let counts = [Counter::Undelivered, Counter::DeliveriesUnknown];
        assert_eq!(counts.map(|counter| world.count(counter)), [undelivered, unknown]);
        assert_eq!(world.occupancy(), (0, 0, 0));
        assert!(world.acquirer("A").heard_count() <= 1);
    }
}

#[test]
fn what_was_lost_with_a_part_of_the_answer_to_a_repeat_may_have_been_heard() {
    let mut world = with_links(2);
    let first = asks_and_stalls(&mut world);
    world.issuer("X").answers("000");
    world.acquirer("A").on(1).stalls();
    world.acquirer("A").on(1).sends(first.kind(0x1201));
    world.acquirer("A").on(1).reads_only(1);
    world.acquirer("A").on(1).closes();
    world.acquirer("A").on(0).closes();
    assert_eq!(world.count(Counter::Undelivered), 0);
    assert_eq!(world.count(Counter::DeliveriesUnknown), 1);
}

#[test]
fn no_repeat_hears_of_an_approval_that_is_reversed_as_undelivered() {
    let mut world = with_links(2);
    let first = asks_and_stalls(&mut world);
    world.issuer("X").answers("000");
    world.holds_commits();
    world.acquirer("A").on(1).sends(sale(1));
    world.acquirer("A").on(1).sends(first.clone().kind(0x1201));
    world.acquirer("A").on(1).closes();
    world.acquirer("A").on(0).closes();
    assert_eq!(world.count(Counter::Undelivered), 1);
    world.acquirer("A").connects();
    world.commits();
    assert_eq!((world.acquirer("A").heard_count(), world.count(Counter::AnswersLost)), (0, 1));
    world.acquirer("A").sends(first.kind(0x1201));
    assert_eq!(world.acquirer("A").heard().of(39), "911");
}

/// A small table, and approvals of so many sales, the first bytes of which reached A.
fn doubted(count: u64, places: u32) -> (World, Vec<Text>) {
    let setup = Setup::of([acquirer("A"), issuer("X")]).limits(|limits| {
        (limits.duplicates_max, limits.pending_max) = (places, 2);
    });
    let mut world = setup.up();
    let mut sales = Vec::new();
    for amount in 0..count {
        let mut first = sale(2500 + amount);
        world.acquirer("A").complete(&mut first);
        world.acquirer("A").sends(first.clone());
        world.acquirer("A").stalls();
        world.issuer("X").answers("000");
        world.acquirer("A").reads_only(1);
        world.acquirer("A").closes();
        world.acquirer("A").connects();
        sales.push(first);
    }
    (world, sales)
}

#[test]
fn a_doubt_is_kept_however_many_come_behind_it_until_a_repeat_or_a_reversal_settles_it() {
    let (mut world, sales) = doubted(2, 4);
    for _ in 0..10 {
        world.acquirer("A").sends(sale(1));
        world.issuer("X").answers("116");
    }
    assert_eq!(world.cores[0].doubts().map(|(_, stan)| stan.0).collect::<Vec<_>>(), [1, 2]);
    world.acquirer("A").sends(sales[0].clone().kind(0x1201));
    assert_eq!(world.acquirer("A").heard().of(39), "000");
    assert_eq!(world.cores[0].doubts().map(|(_, stan)| stan.0).collect::<Vec<_>>(), [2]);
    world.acquirer("A").sends(crate::world::reversal(&sales[1], "4000"));
    assert_eq!((world.acquirer("A").heard().of(39), world.cores[0].doubtful()), ("400", 0));
    assert_eq!(world.count(Counter::DoubtsDropped), 0);
}

#[test]
fn with_too_many_doubts_the_oldest_is_listed_no_more_and_that_is_an_alarm() {
    let (mut world, _) = doubted(3, 4);
    assert_eq!(world.cores[0].doubts().map(|(_, stan)| stan.0).collect::<Vec<_>>(), [2, 3]);
    let told = world.transcript();
    assert!(told.contains("! alarm: the answer of X to 000001 is listed no more"), "{told}");
    assert_eq!(world.count(Counter::DoubtsDropped), 1);
    // What is in flight finds its places.
    for _ in 0..3 {
        world.acquirer("A").sends(sale(1));
    }
    assert_eq!(world.count(Counter::DoubtsDropped), 1);
    assert_eq!(world.occupancy().0, 2);
}
