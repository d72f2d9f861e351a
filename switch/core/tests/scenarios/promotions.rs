//! The primary is gone and its standby reigns: nothing is sent again, what was open is closed and
//! reversed, stations hear of it where they want to; and where records may be lost, who names them is no
//! new customer.

use std::time::Duration;

use expect_test::expect;
use switch_core::Reply;
use switch_core::counters::Counter;
use switch_core::plan::{Acquiring, Keys};
use switch_core::plan::{Announce, NetworkCodes, SignOn, StationSettings, UnknownOriginal};

use crate::world::{
    Setup, Text, World, acquirer, ascii_87, issuer, packed_87, reversal, sale, sale_87,
};

fn setup(workers: u8) -> Setup {
    Setup::of([acquirer("A"), issuer("X")]).workers(workers).with_peer()
}

fn sells(world: &mut World) -> Text {
    let mut first = sale(2_500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.clone());
    first
}

/// A sells, X approves, and the standby has no record of it.
fn lost(workers: u8) -> (World, Text) {
    let mut world = setup(workers).up();
    let before = world.journal.len();
    let first = sells(&mut world);
    world.issuer("X").answers("000");
    world.passes_secs(2);
    let records = world.journal.len() - before;
    world.loses(records);
    (world.promotes(setup(workers), true), first)
}

#[test]
fn what_was_open_is_reversed_and_never_sent_again() {
    let mut world = setup(1).up();
    let first = sells(&mut world);
    world.passes_secs(2);
    world.forget();
    let mut world = world.promotes(setup(1), false);
    world.acquirer("A").sends(first.kind(0x1201));
    world.check(expect![[r#"
        02.000     * promotion with 1
        03.000     + 1420 for X as 000002, about 000001, for 4021
        03.000     + X is not asked for 000001 again
        03.000 X.0 * connect
        03.000 A.0 = connected
        03.000     ! A.0 open
        03.000 X.0 = connected
        03.000     ! X.0 open
        03.000 X.0 < 1420 11=000002 24=400
        03.000 A.0 > 1201 11=000101
        03.000 A.0 < 1210 11=000101 39=909
        counted: frames 1, requests 1, refused_closed 1, saf_sent 1, links_opened 2
    "#]]);
}

#[test]
fn stations_that_want_it_are_told_before_we_sign_on_and_nothing_waits_for_their_answer() {
    let setup = || {
        Setup::of([
            StationSettings { announce: Announce::Backup, ..acquirer("A") },
            StationSettings { announce: Announce::Alternate, sign_on: SignOn::Ours, ..issuer("X") },
            issuer("Y"),
        ])
        .route("3530111", &["X"])
        .with_peer()
    };
    let mut world = setup().up();
    world.forget();
    let mut world = world.promotes(setup(), false);
    world.check(expect![[r#"
        00.000     * promotion with 1
        01.000 X.0 * connect
        01.000 Y.0 * connect
        01.000 A.0 = connected
        01.000     ! A.0 open
        01.000 A.0 < 1804 11=999000 24=804
        01.000 X.0 = connected
        01.000     ! X.0 open
        01.000 X.0 < 1804 11=999000 24=806
        01.000 X.0 < 1804 11=999001 24=801
        01.000 Y.0 = connected
        01.000     ! Y.0 open
        counted: announced 2, links_opened 1
    "#]]);
    // Once: a link that is opened again is not told again, and a restart is no promotion.
    world.issuer("X").answers_newest("800");
    world.acquirer("A").closes();
    world.acquirer("A").connects();
    assert_eq!(world.count(Counter::Announced), 2);
    world.passes_secs(2);
    let world = world.restarts(setup());
    assert_eq!(world.count(Counter::Announced), 2);
}

#[test]
fn a_refused_announcement_is_told_and_changes_nothing() {
    let setup = || {
        let a = StationSettings { announce: Announce::Backup, ..acquirer("A") };
        Setup::of([a, issuer("X")]).with_peer()
    };
    let mut world = setup().up().promotes(setup(), false);
    world.forget();
    world.acquirer("A").answers("909");
    world.acquirer("A").answers_again("800");
    sells(&mut world);
    world.check(expect![[r#"
        01.000 A.0 > 1814 11=999000 39=909
        01.000     ! A.0 refused our 804 with 909
        01.000 A.0 > 1814 11=999000 39=800
        01.000     ! A.0 sent 1814 999000 that matches nothing: Unknown
        01.000 A.0 > 1200 11=000101
        01.000     + A.0 1200 to X as 000001
        01.000 X.0 < 1200 11=000001
        counted: frames 3, requests 1, forwarded 1, unmatched_unknown 1
    "#]]);
}

#[test]
fn a_station_of_1987_is_told_by_its_own_code_or_not_at_all() {
    let setup = || {
        let codes = |announce| NetworkCodes { announce, ..NetworkCodes::default() };
        let of = |announce, station| StationSettings {
            announce: Announce::Backup,
            network_codes: codes(announce),
            ..station
        };
        let a = of(0x080, StationSettings { dialect: ascii_87(), ..acquirer("A") });
        let x = of(0, StationSettings { dialect: packed_87(), ..issuer("X") });
        Setup::of([a, x]).with_peer()
    };
    let mut world = setup().up();
    world.forget();
    let mut world = world.promotes(setup(), false);
    world.check(expect![[r#"
        00.000     * promotion with 1
        01.000 X.0 * connect
        01.000 A.0 = connected
        01.000     ! A.0 open
        01.000 A.0 < 0800 11=999000 70=080
        01.000 X.0 = connected
        01.000     ! X.0 open
        counted: announced 1, links_opened 1
    "#]]);
}

#[test]
fn behind_a_lossy_promotion_a_repeat_of_what_nobody_knows_is_declined_and_listed() {
    for workers in [1, 2] {
        let (mut world, first) = lost(workers);
        let asked = world.issuer("X").heard_count();
        world.forget();
        world.acquirer("A").sends(first.clone().kind(0x1201));
        world.acquirer("A").sends(first.clone().kind(0x1201));
        // Even where it does not say that it is a repeat any more.
        world.acquirer("A").sends(first.clone());
        if workers == 1 {
            world.check(expect![[r#"
                03.000 A.0 > 1201 11=000101
                03.000     + A names 1201 000101, which nobody knows
                03.000     ! alarm: A.0 sent 1201 about 000101, which may be lost
                03.000 A.0 < 1210 11=000101 39=909
                03.000 A.0 > 1201 11=000101
                03.000 A.0 < 1210 11=000101 39=909
                03.000 A.0 > 1200 11=000101
                03.000 A.0 < 1210 11=000101 39=909
                counted: frames 3, requests 3, orphans 1, refused_closed 2, refused_orphan 1
            "#]]);
        }
        assert_eq!(world.issuer("X").heard_count(), asked, "nobody is asked");
        let listed: Vec<_> = world.cores.iter().flat_map(switch_core::Core::orphans).collect();
        let [orphan] = listed[..] else { panic!("{listed:?}") };
        assert_eq!((orphan.stan.0, &*orphan.rrn), (101, first.of(37)));
    }
}

#[test]
fn a_new_request_behind_a_lossy_promotion_is_served() {
    let (mut world, _) = lost(1);
    sells(&mut world);
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn what_is_listed_is_known_behind_another_restart_and_another_promotion() {
    let (mut world, first) = lost(1);
    let asked = world.issuer("X").heard_count();
    world.acquirer("A").sends(first.clone().kind(0x1201));
    let mut world = world.restarts(setup(2));
    let listed = |world: &World| -> usize { world.cores.iter().map(|c| c.orphans().len()).sum() };
    assert_eq!(listed(&world), 1);
    world.acquirer("A").sends(first);
    assert_eq!(world.acquirer("A").heard().of(39), "909");
    let mut world = world.promotes(setup(1), false);
    assert_eq!(listed(&world), 1);
    // The window of the first goes on.
    let mut other = sale(900);
    world.acquirer("A").complete(&mut other);
    world.acquirer("A").sends(other.kind(0x1201));
    assert_eq!((listed(&world), world.issuer("X").heard_count()), (2, asked));
}

#[test]
fn when_the_window_is_over_a_repeat_of_what_nobody_knows_is_a_new_request_again() {
    for (secs, asked) in [(9, 0), (10, 1)] {
        let window = |limits: &mut switch_core::plan::Limits| {
            limits.orphan_window = Duration::from_secs(10);
        };
        let mut world = setup(1).up().promotes(setup(1).limits(window), true);
        let mut first = sale(2_500);
        world.acquirer("A").complete(&mut first);
        world.passes_secs(secs);
        world.acquirer("A").sends(first.kind(0x1201));
        assert_eq!(world.issuer("X").heard_count(), asked, "{secs}");
    }
}

#[test]
fn without_loss_a_repeat_of_what_nobody_knows_is_a_new_request() {
    let mut world = setup(1).up().promotes(setup(1), false);
    let mut first = sale(2_500);
    world.acquirer("A").complete(&mut first);
    world.acquirer("A").sends(first.kind(0x1201));
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn a_reversal_of_what_may_be_lost_gets_what_was_agreed_and_is_listed() {
    for (unknown_original, code) in
        [(UnknownOriginal::Accepted, "400"), (UnknownOriginal::Untraced, "914")]
    {
        let setup = || {
            let acquiring = Acquiring { unknown_original, ..Acquiring::default() };
            Setup::of([StationSettings { acquiring, ..acquirer("A") }, issuer("X")]).with_peer()
        };
        let mut world = setup().up();
        let first = sells(&mut world);
        world.issuer("X").answers("000");
        world.passes_secs(2);
        let records = world.journal.len() - 5;
        world.loses(records);
        let mut world = world.promotes(setup(), true);
        world.acquirer("A").sends(reversal(&first, "4000"));
        assert_eq!(world.acquirer("A").heard().of(39), code);
        let listed: Vec<_> = world.cores[0].orphans().collect();
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].stan.0, listed[0].mti.to_string()), (101, "1420".to_owned()));
    }
}

#[test]
fn a_repeat_of_1987_gets_96() {
    let setup = || {
        let a = StationSettings { dialect: ascii_87(), ..acquirer("A") };
        let x = StationSettings { dialect: packed_87(), ..issuer("X") };
        Setup::of([a, x]).with_peer()
    };
    let mut world = setup().up().promotes(setup(), true);
    world.acquirer("A").sends(sale_87(2_500).kind(0x0201));
    assert_eq!(world.acquirer("A").heard().of(39), "96");
    assert_eq!(world.count(Counter::Orphans), 1);
}

#[test]
fn a_repeat_that_waits_for_the_key_provider_is_listed_too() {
    let setup = || {
        let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
        Setup::of([a, issuer("X")]).with_peer()
    };
    let mut world = setup().up().promotes(setup(), true);
    let mut first = sale(2_500);
    world.acquirer("A").complete(&mut first);
    for _ in 0..2 {
        world.acquirer("A").sends(first.clone().kind(0x1201));
        world.keys_reply(Reply::Granted);
        assert_eq!(world.acquirer("A").heard().of(39), "909");
    }
    assert_eq!((world.count(Counter::Orphans), world.count(Counter::RefusedOrphan)), (1, 2));
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn trace_numbers_go_on_where_no_lost_reign_can_have_been() {
    for workers in [1, 2] {
        let mut world = setup(workers).up();
        sells(&mut world);
        world.issuer("X").answers("000");
        sells(&mut world);
        let mut world = world.promotes(setup(workers), true);
        let skip = 50_000 / u32::from(workers);
        // What was open is reversed under the next, and the first request comes behind that.
        assert_eq!(world.issuer("X").heard().of(11), format!("{:06}", 2 + skip + 1));
        sells(&mut world);
        assert_eq!(world.issuer("X").heard().of(11), format!("{:06}", 2 + skip + 2));
        world.issuer("X").answers_newest("000");
        // A restart goes on behind these, and not so far ahead again.
        let mut world = world.restarts(setup(workers));
        sells(&mut world);
        assert_eq!(world.issuer("X").heard().of(11), format!("{:06}", 2 + skip + 3));
    }
}

#[test]
fn an_issuer_that_nobody_asked_since_a_lossy_promotion_is_skipped_ahead_at_every_start() {
    let world = setup(1).up().promotes(setup(1), true);
    let mut world = world.restarts(setup(1));
    sells(&mut world);
    assert_eq!(world.issuer("X").heard().of(11), "050001");
}
