//! What issuers must hear: kept, sent again, acknowledged, parked, held, given up; before and after a
//! restart, at one worker and at several.

use std::time::Duration;

use expect_test::expect;
use switch_core::Core;
use switch_core::counters::Counter;
use switch_core::plan::{Issuing, StationSettings};
use switch_core::saf::items::Stage;
use switch_core::saf::operating::{Command, NAME_MAX, NotObeyed};

use crate::world::{
    Full, Setup, Text, World, acquirer, answer, ascii_87, issuer, network, packed, sale, sale_87,
    sign_off, sign_on,
};

const WORKERS: [u8; 3] = [1, 2, 4];

fn setup(workers: u8) -> Setup {
    Setup::of([acquirer("A"), acquirer("B"), issuer("X"), issuer("Y")])
        .workers(workers)
        .route("3", &["X"])
        .route("4", &["Y"])
}

fn issuing(change: impl FnOnce(&mut Issuing)) -> StationSettings {
    let mut x = issuer("X");
    change(&mut x.issuing);
    x
}

/// A sends so many sales, and X says nothing to them: each is reversed, the first at once.
fn timed_out(world: &mut World, sales: u64) {
    for amount in 1..=sales {
        world.acquirer("A").sends(sale(amount));
        world.issuer("X").takes();
    }
    world.passes_secs(10);
}

fn stages(world: &World) -> Vec<(u32, Stage, u32)> {
    let items = world.cores.iter().flat_map(Core::saf_items);
    items.map(|item| (item.stan.0, item.stage, item.sends)).collect()
}

fn open(world: &World) -> u32 {
    world.cores.iter().map(|core| core.saf_fill().0).sum()
}

#[test]
fn scenario_3_an_issuer_that_times_out_gets_a_reversal_and_its_late_approval_changes_nothing() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(12800));
    let asked = world.issuer("X").takes();
    world.passes_secs(14);
    world.issuer("X").sends(answer(&asked, "000"));
    world.issuer("X").answers("400");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        10.000     + 1420 for X as 000002, about 000001, for 4021
        10.000     + X silent on 000001
        10.000     ! X timed out on 000001
        10.000 A.0 < 1210 11=000101 39=911
        10.000 X.0 < 1420 11=000002 24=400
        14.000 X.0 > 1210 11=000001 39=000
        14.000     ! X.0 answered 000001 too late with 000
        14.000 X.0 > 1430 11=000002 39=400
        14.000     + X acknowledged 000002 with 400
        counted: frames 3, requests 1, forwarded 1, refused_timed_out 1, late 1, late_approved 1, saf_queued 1, saf_merged 1, saf_sent 1, saf_acknowledged 1
    "#]]);
    let reversal = world.issuer("X").heard();
    expect![[r#"
        1420 2=3530111333300000 3=000000 4=000000012800 7=1121052041 11=000002 12=261121142030 24=400 25=4021 32=77334000001 33=49000000001 37=632514000101 41=T0000001 42=M00000000000001 49=392 56=12000000012611211420301177334000001
    "#]].assert_eq(&format!("{reversal}\n"));
    assert_eq!((stages(&world), open(&world)), (vec![], 0));
}

#[test]
fn scenario_4_without_an_acknowledgement_it_is_sent_again_with_nothing_changed_but_mti_and_7() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    timed_out(&mut world, 1);
    let first = world.issuer("X").takes();
    world.forget();
    world.passes_secs(60);
    let second = world.issuer("X").takes();
    assert_eq!((first.mti, second.mti), (0x1420, 0x1421));
    assert_eq!((first.of(7), second.of(7)), ("1121052041", "1121052141"));
    assert_eq!(first.without(7).fields, second.clone().without(7).fields);
    // The answer to any of the two ends it.
    world.issuer("X").sends(answer(&second, "400"));
    world.check(expect![[r#"
        70.000 X.0 < 1421 11=000002 24=400
        70.000 X.0 > 1430 11=000002 39=400
        70.000     + X acknowledged 000002 with 400
        counted: frames 1, saf_sent_again 1, saf_acknowledged 1, saf_in_vain 1
    "#]]);
    world.passes_secs(600);
    assert_eq!((world.count(Counter::SafSentAgain), open(&world)), (1, 0));
}

#[test]
fn after_six_sends_in_vain_there_is_an_alarm_and_it_is_sent_all_the_same() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    timed_out(&mut world, 1);
    world.passes_secs(5 * 60 + 9);
    assert_eq!((world.count(Counter::SafAlarms), world.count(Counter::SafInVain)), (0, 5));
    world.passes_secs(1);
    assert_eq!((world.count(Counter::SafAlarms), world.count(Counter::SafInVain)), (1, 6));
    assert!(world.cores[0].saf_items().all(|item| item.alarm));
    world.passes_secs(60);
    assert_eq!((world.count(Counter::SafAlarms), world.count(Counter::SafInVain)), (1, 7));
    assert_eq!(world.issuer("X").heard().mti, 0x1421);
}

#[test]
fn a_code_that_may_heal_is_a_send_in_vain_and_one_that_will_not_parks_it() {
    for (code, stage, counted) in [
        ("907", Stage::Waiting, Counter::SafInVain),
        ("923", Stage::Waiting, Counter::SafInVain),
        ("914", Stage::Parked, Counter::SafParked),
        ("481", Stage::Parked, Counter::SafParked),
        // A reversal can not be declined.
        ("116", Stage::Parked, Counter::SafParked),
    ] {
        let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
        timed_out(&mut world, 1);
        world.issuer("X").answers(code);
        assert_eq!((stages(&world), world.count(counted)), (vec![(2, stage, 1)], 1), "{code}");
    }
    for code in ["400", "000", "480", "900", "901"] {
        let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
        timed_out(&mut world, 1);
        world.issuer("X").answers(code);
        assert_eq!((stages(&world), open(&world)), (vec![], 0), "{code}");
    }
}

#[test]
fn a_window_of_one_lets_the_next_out_when_the_first_is_acknowledged_or_has_been_silent() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    timed_out(&mut world, 3);
    assert_eq!(world.issuer("X").heard_count(), 3 + 1);
    world.passes(Duration::from_millis(100));
    world.issuer("X").answers("400");
    assert_eq!(world.issuer("X").heard_count(), 3 + 2);
    world.passes(Duration::from_millis(9_999));
    assert_eq!(world.issuer("X").heard_count(), 3 + 2);
    world.passes(Duration::from_millis(1));
    assert_eq!(world.issuer("X").heard_count(), 3 + 3, "a silent one does not hold up the others");
}

#[test]
fn a_wider_window_is_filled_at_the_pace_of_the_rate() {
    let x = issuing(|issuing| (issuing.saf_window, issuing.saf_rate) = (10, 10));
    let mut world = Setup::of([acquirer("A"), x]).up();
    timed_out(&mut world, 4);
    assert_eq!(world.issuer("X").heard_count(), 4 + 1);
    world.passes(Duration::from_millis(199));
    assert_eq!(world.issuer("X").heard_count(), 4 + 2);
    world.passes(Duration::from_millis(101));
    assert_eq!(world.issuer("X").heard_count(), 4 + 4);
}

#[test]
fn between_those_that_are_sent_again_there_is_a_gap() {
    let x = issuing(|issuing| issuing.saf_window = 10);
    let mut world = Setup::of([acquirer("A"), x]).up();
    timed_out(&mut world, 3);
    world.passes_secs(1);
    assert_eq!(world.count(Counter::SafSent), 3);
    world.passes(Duration::from_millis(59_500));
    assert_eq!(world.count(Counter::SafSentAgain), 1);
    world.passes_secs(1);
    assert_eq!(world.count(Counter::SafSentAgain), 2);
}

#[test]
fn nothing_is_sent_to_who_signed_off_or_is_not_available_until_it_signs_on() {
    for why in [sign_off(), network(803)] {
        let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
        world.acquirer("A").sends(sale(1));
        world.issuer("X").takes();
        world.issuer("X").sends(why);
        world.passes_secs(100);
        assert_eq!(stages(&world), [(2, Stage::Waiting, 0)]);
        world.issuer("X").sends(sign_on());
        assert_eq!(world.issuer("X").takes().mti, 0x1420);
        world.issuer("X").sends(network(803));
        world.passes_secs(100);
        assert_eq!(world.count(Counter::SafSentAgain), 0);
    }
}

#[test]
fn nothing_is_sent_without_a_link_and_it_goes_on_with_the_next() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").takes();
    world.issuer("X").closes();
    world.passes_secs(100);
    assert_eq!(stages(&world), [(2, Stage::Waiting, 0)]);
    world.issuer("X").connects();
    assert_eq!(world.issuer("X").takes().mti, 0x1420);
}

#[test]
fn what_does_not_answer_it_does_not_end_it() {
    let mut world = Setup::of([acquirer("A"), issuer("X"), issuer("Y")]).up();
    timed_out(&mut world, 1);
    let reversal = world.issuer("X").takes();
    let right = answer(&reversal, "400");
    for wrong in [
        right.clone().kind(0x1230),
        right.clone().with(37, "000000000000"),
        right.clone().with(11, "000003"),
        right.clone().without(39),
        right.clone().without(7).without(12).without(32).without(37).without(41),
    ] {
        world.issuer("X").sends(wrong);
        assert_eq!(stages(&world), [(2, Stage::Awaited, 1)]);
    }
    world.issuer("Y").sends(right.clone());
    assert_eq!(stages(&world), [(2, Stage::Awaited, 1)]);
    world.issuer("X").sends(right.clone());
    assert_eq!(stages(&world), []);
    // A second one ends nothing, and is answered with nothing.
    let heard = world.issuer("X").heard_count();
    world.issuer("X").sends(right);
    assert_eq!((stages(&world), world.issuer("X").heard_count()), (vec![], heard));
}

#[test]
fn an_operator_holds_and_releases_and_two_give_it_up() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    timed_out(&mut world, 1);
    world.forget();
    let (ann, bo) = ("ann", "bo");
    assert_eq!(world.commands("X", 2, Command::Release { by: ann }), Err(NotObeyed::NothingToDo));
    assert_eq!(world.commands("X", 9, Command::Hold { by: ann }), Err(NotObeyed::Unknown));
    assert_eq!(world.commands("X", 2, Command::Hold { by: " " }), Err(NotObeyed::Name));
    let long = "x".repeat(NAME_MAX + 1);
    assert_eq!(world.commands("X", 2, Command::Hold { by: &long }), Err(NotObeyed::Name));
    assert_eq!(world.commands("X", 2, Command::Hold { by: ann }), Ok(()));
    world.passes_secs(600);
    assert_eq!(stages(&world), [(2, Stage::Held, 1)]);
    assert_eq!(world.commands("X", 2, Command::Release { by: bo }), Ok(()));
    let same = Command::Purge { by: [ann, ann] };
    assert_eq!(world.commands("X", 2, same), Err(NotObeyed::SameOperator));
    let nobody = Command::Purge { by: [ann, ""] };
    assert_eq!(world.commands("X", 2, nobody), Err(NotObeyed::Name));
    assert_eq!(world.commands("X", 2, Command::Purge { by: [ann, bo] }), Ok(()));
    assert_eq!((stages(&world), open(&world)), (vec![], 0));
    world.check(expect![[r#"
        10.000     + 000002 for X is Held by ann
        610.000     + 000002 for X is Released by bo
        610.000 X.0 < 1421 11=000002 24=400
        610.000     + 000002 for X is Purged by ann, bo
        counted: saf_sent_again 1, saf_purged 1
    "#]]);
}

#[test]
fn what_was_held_before_a_byte_of_it_left_is_sent_as_new_when_it_is_released() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").sends(sign_off());
    world.passes_secs(10);
    world.holds_commits();
    world.issuer("X").sends(sign_on());
    assert_eq!(stages(&world), [(2, Stage::Leaving, 1)], "behind the record of the sign-on");
    assert_eq!(world.commands("X", 2, Command::Hold { by: "ann" }), Ok(()));
    world.commits();
    assert_eq!(stages(&world), [(2, Stage::Held, 0)]);
    assert_eq!(world.commands("X", 2, Command::Release { by: "ann" }), Ok(()));
    world.passes_secs(1);
    assert_eq!(world.issuer("X").heard().mti, 0x1420);
}

#[test]
fn what_is_parked_is_sent_again_when_an_operator_releases_it() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    timed_out(&mut world, 1);
    world.issuer("X").answers("914");
    world.passes_secs(600);
    assert_eq!(stages(&world), [(2, Stage::Parked, 1)]);
    assert_eq!(world.commands("X", 2, Command::Release { by: "ann" }), Ok(()));
    assert_eq!(world.issuer("X").takes().mti, 0x1421);
}

#[test]
fn a_request_for_whose_reversal_there_would_be_no_room_is_907() {
    let small = |limits: &mut switch_core::plan::Limits| limits.saf_max = 3;
    let mut world = Setup::of([acquirer("A"), issuer("X")]).limits(small).up();
    timed_out(&mut world, 2);
    world.acquirer("A").sends(sale(3));
    world.forget();
    world.acquirer("A").sends(sale(4));
    world.check(expect![[r#"
        10.000 A.0 > 1200 11=000104
        10.000 A.0 < 1210 11=000104 39=907
        counted: frames 1, requests 1, refused_saf_full 1
    "#]]);
    // The one in flight finds its room all the same.
    world.passes_secs(10);
    assert_eq!(open(&world), 3);
    world.issuer("X").answers("400");
    world.acquirer("A").sends(sale(5));
    assert_eq!(world.issuer("X").heard().of(4), "000000000005");
}

#[test]
fn a_reversal_of_1987_names_its_original_in_90() {
    let old = |station| StationSettings { dialect: ascii_87(), ..station };
    let mut world = Setup::of([old(acquirer("A")), old(issuer("X"))]).up();
    world.acquirer("A").sends(sale_87(2500));
    world.issuer("X").takes();
    world.passes_secs(10);
    expect![[r#"
        0420 2=3530111333300000 3=000000 4=000000002500 7=1121052041 11=000002 12=142030 32=77334000001 33=49000000001 37=632514000101 39=68 41=T0000001 42=M00000000000001 49=392 90=020000000111210520317733400000149000000001
    "#]].assert_eq(&format!("{}\n", world.issuer("X").heard()));
    world.passes_secs(60);
    assert_eq!(world.issuer("X").takes().mti, 0x0420);
    let again = world.issuer("X").takes();
    assert_eq!(again.mti, 0x0421);
    world.issuer("X").sends(answer(&again, "00"));
    assert_eq!((stages(&world), open(&world)), (vec![], 0));
}

#[test]
fn what_can_not_be_read_in_the_dialect_of_today_is_parked_with_a_word() {
    let setup = || Setup::of([acquirer("A"), issuer("X")]);
    let mut world = setup().up();
    timed_out(&mut world, 1);
    let x = StationSettings { dialect: packed(), ..issuer("X") };
    let mut world = world.restarts(Setup::of([acquirer("A"), x]));
    world.passes_secs(60);
    assert_eq!(stages(&world), [(2, Stage::Parked, 1)]);
    let told = world.transcript();
    assert!(told.contains("000002 for X is Parked by unreadable"), "{told}");
    assert!(told.contains("! 000002 for X can not be read"), "{told}");
}

#[test]
fn a_reversal_is_said_in_the_format_of_its_issuer() {
    let x = StationSettings { dialect: packed(), ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    timed_out(&mut world, 1);
    let reversal = world.issuer("X").takes();
    assert_eq!((reversal.of(2), reversal.of(25)), ("3530111333300000", "4021"));
    world.issuer("X").sends(answer(&reversal, "400"));
    assert_eq!(stages(&world), []);
}

#[test]
fn a_reversal_finds_its_way_to_the_worker_of_its_issuer_however_full_the_lane_is() {
    // A is at home at the first worker, Y at the second.
    let mut world = setup(2).up();
    world.acquirer("A").sends(sale(1).with(2, "4111111111111111"));
    world.issuer("Y").takes();
    world.network.lanes_full = Full::Everything;
    world.passes_secs(20);
    assert_eq!((stages(&world), open(&world)), (vec![], 1));
    world.network.lanes_full = Full::Nothing;
    world.passes_secs(1);
    assert_eq!(stages(&world), [(2, Stage::Awaited, 1)]);
    world.network.lanes_full = Full::Everything;
    world.issuer("Y").answers("400");
    assert_eq!((stages(&world), open(&world)), (vec![], 1));
    world.network.lanes_full = Full::Nothing;
    world.passes_secs(1);
    assert_eq!(open(&world), 0);
}

fn sends_again_after(workers: u8, mut world: World) -> World {
    world.passes_secs(1);
    let mut world = world.restarts(setup(workers));
    assert_eq!(open(&world), 1);
    let again = world.issuer("X").takes();
    assert_eq!((again.mti, again.of(11), again.of(25)), (0x1421, "000002", "4021"));
    world
}

#[test]
fn what_is_kept_is_sent_again_after_a_restart_and_what_is_acknowledged_is_not() {
    for workers in WORKERS {
        let mut world = setup(2).up();
        world.acquirer("A").sends(sale(1));
        world.issuer("X").takes();
        world.passes_secs(10);
        world.issuer("X").takes();
        let world = sends_again_after(workers, world);
        let mut world = sends_again_after(1, world);
        let last = world.issuer("X").heard();
        world.issuer("X").sends(answer(&last, "400"));
        assert_eq!(open(&world), 0);
        let world = world.restarts(setup(workers));
        assert_eq!((stages(&world), open(&world)), (vec![], 0));
    }
}

#[test]
fn what_is_parked_or_held_is_so_after_a_restart() {
    let mut world = setup(1).up();
    timed_out(&mut world, 2);
    world.issuer("X").answers("914");
    world.passes_secs(1);
    assert_eq!(world.commands("X", 4, Command::Hold { by: "ann" }), Ok(()));
    let mut world = world.restarts(setup(2));
    world.passes_secs(600);
    assert_eq!(stages(&world), [(3, Stage::Parked, 1), (4, Stage::Held, 1)]);
    let by: Vec<_> = world.cores.iter().flat_map(Core::saf_items).map(|i| i.by).collect();
    assert_eq!(by, ["914", "ann"]);
}

#[test]
fn a_request_that_a_restart_finds_open_is_reversed_once_however_often_it_starts() {
    for workers in WORKERS {
        let mut world = setup(2).up();
        world.acquirer("A").sends(sale(1));
        let asked = world.issuer("X").takes();
        let mut world = world.restarts(setup(workers));
        let reversal = world.issuer("X").takes();
        assert_eq!((reversal.mti, reversal.of(25)), (0x1420, "4021"));
        assert_eq!(reversal.of(56), format!("1200{}26112114203011{}", asked.of(11), asked.of(32)));
        for field in [2, 3, 4, 12, 32, 33, 37, 41, 42, 49] {
            assert_eq!(reversal.of(field), asked.of(field), "{field}");
        }
        let mut world = world.restarts(setup(1)).restarts(setup(workers));
        assert_eq!(open(&world), 1);
        for mti in [0x1421, 0x1421] {
            let again = world.issuer("X").takes();
            assert_eq!((again.mti, again.of(11)), (mti, reversal.of(11)));
        }
    }
}

#[test]
fn a_start_that_broke_off_between_reversal_and_closing_is_made_good_by_the_next() {
    let mut world = setup(1).up();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").takes();
    // The reversal became durable, the answer to the acquirer did not.
    world.holds_commits();
    world.passes_secs(10);
    world.commits_only(1);
    let mut world = world.restarts(setup(2));
    assert_eq!(open(&world), 1);
    let sent: Vec<Text> = std::iter::from_fn(|| {
        let left = world.issuer("X").heard_count();
        (left > 1).then(|| world.issuer("X").takes())
    })
    .take(1)
    .collect();
    assert!(sent.iter().all(|text| text.class() == 4), "{sent:?}");
    world.passes_secs(1);
    assert_eq!(open(&world), 1);
}

#[test]
fn the_trace_number_of_what_is_kept_is_not_used_again() {
    // A share of 64 is small enough to come round.
    let share = 998_999 / 64;
    let small = || Setup::of([acquirer("A"), issuer("X")]).workers(64);
    let mut world = small().alone();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").takes();
    world.passes_secs(10);
    let kept = world.issuer("X").takes();
    let mut world = world.restarts_alone(small());
    world.passes_secs(61);
    while world.issuer("X").heard().mti != 0x1200 {
        world.acquirer("A").sends(sale(1));
    }
    for _ in 0..share + 100 {
        world.acquirer("A").sends(sale(1));
        let asked = world.issuer("X").heard();
        assert_ne!(asked.of(11), kept.of(11));
        world.issuer("X").sends(answer(&asked, "116"));
        world.transcript_is_short();
    }
}
