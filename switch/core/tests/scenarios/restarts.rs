//! The switch dies at any moment and starts again, with as many workers as before or others: every
//! transaction that it ever acted on is known.

use expect_test::expect;
use switch_core::Core;
use switch_core::counters::Counter;
use switch_core::ids::StationId;
use switch_core::plan::{Issuing, StationSettings};

use crate::world::{
    Setup, Text, World, acquirer, answer, issuer, reversal, sale, sign_off, sign_on,
};

const WORKERS: [u8; 3] = [1, 2, 4];

fn setup(workers: u8) -> Setup {
    Setup::of([acquirer("A"), acquirer("B"), issuer("X"), issuer("Y")])
        .workers(workers)
        .route("3", &["X"])
        .route("4", &["Y"])
}

fn repeat(first: &Text) -> Text {
    first.clone().kind(first.mti + 1)
}

fn completed(world: &mut World, acquirer: &str) -> Text {
    let mut first = sale(2500);
    world.acquirer(acquirer).complete(&mut first);
    first
}

#[test]
fn after_the_record_of_a_decision_its_repeat_is_declined_and_nobody_is_asked() {
    for workers in WORKERS {
        let mut world = setup(2).up();
        let first = completed(&mut world, "A");
        world.holds_commits();
        world.acquirer("A").sends(first.clone());
        world.records_alone();
        assert_eq!(world.issuer("X").heard_count(), 0);
        let mut world = world.restarts(setup(workers));
        world.acquirer("A").sends(repeat(&first));
        assert_eq!(world.acquirer("A").heard().of(39), "909", "with {workers}");
        assert_eq!(world.issuer("X").heard().mti, 0x1420, "whether it ever left is not known");
        assert_eq!(world.issuer("X").heard_count(), 1);
        assert_eq!(world.count(Counter::RefusedClosed), 1);
    }
}

#[test]
fn before_the_record_of_a_decision_nothing_has_happened() {
    let mut world = setup(1).up();
    let first = completed(&mut world, "A");
    world.holds_commits();
    world.acquirer("A").sends(first.clone());
    let mut world = world.restarts(setup(1));
    world.acquirer("A").sends(repeat(&first));
    world.issuer("X").answers("000");
    assert_eq!(world.acquirer("A").heard().of(39), "000");
}

#[test]
fn after_the_record_of_an_answer_its_repeat_gets_it_and_the_issuer_hears_nothing() {
    for workers in WORKERS {
        let mut world = setup(2).up();
        let first = completed(&mut world, "A");
        world.acquirer("A").sends(first.clone());
        world.holds_commits();
        world.issuer("X").answers("000");
        world.records_alone();
        assert_eq!(world.acquirer("A").heard_count(), 0, "the answer never left");
        let mut world = world.restarts(setup(workers));
        world.acquirer("A").sends(repeat(&first));
        let told = world.acquirer("A").heard();
        assert_eq!((told.of(39), told.of(38), told.of(11)), ("000", "A1B2C3", first.of(11)));
        assert_eq!((told.of(2), told.of(37), told.of(58)), (first.of(2), first.of(37), ""));
        assert_eq!(world.issuer("X").heard_count(), 1, "with {workers}");
    }
}

#[test]
fn a_story_of_a_restart() {
    let mut world = setup(1).up();
    let [answered, declined, open] = [(); 3].map(|()| completed(&mut world, "A"));
    world.acquirer("A").sends(answered.clone());
    world.issuer("X").answers("000");
    world.acquirer("A").sends(declined.clone());
    world.passes_secs(10);
    world.acquirer("A").sends(open.clone());
    let asked = world.issuer("X").heard();
    let mut world = world.restarts(setup(2));
    world.forget();
    for first in [&answered, &declined, &open] {
        world.acquirer("A").sends(repeat(first));
    }
    world.issuer("X").sends(answer(&asked, "000"));
    world.acquirer("A").sends(sale(1));
    world.check(expect![[r#"
        11.000 A.0 > 1201 11=000101
        11.000 A.0 < 1210 11=000101 39=000
        11.000 A.0 > 1201 11=000102
        11.000 A.0 < 1210 11=000102 39=911
        11.000 A.0 > 1201 11=000103
        11.000 A.0 < 1210 11=000103 39=909
        11.000 X.0 > 1210 11=000004 39=000
        11.000     ! X.0 answered 000004 too late with 000
        11.000 A.0 > 1200 11=000104
        11.000     + A.0 1200 to X as 000006
        11.000 X.0 < 1200 11=000006
        counted: frames 5, requests 4, forwarded 1, repeats_answered 1, repeats_declined 1, refused_closed 1, late 1, late_approved 1, saf_merged 1
    "#]]);
}

#[test]
fn a_late_answer_is_known_as_late_at_whichever_worker_it_comes_in_and_never_delivered() {
    for workers in WORKERS {
        let mut world = setup(4).up();
        for acquirer in ["A", "B"] {
            for card in ["3530111333300000", "4111111111111111"] {
                world.acquirer(acquirer).sends(sale(1).with(2, card));
            }
        }
        // One of the four was given up before.
        world.issuer("X").takes();
        let mut world = world.restarts(setup(workers));
        assert_eq!(world.occupancy(), (4, 0, 4));
        for code in ["000", "116"] {
            world.issuer("Y").answers(code);
        }
        world.issuer("X").answers("000");
        assert_eq!((world.count(Counter::Late), world.count(Counter::LateApproved)), (3, 2));
        for acquirer in ["A", "B"] {
            assert_eq!(world.acquirer(acquirer).heard_count(), 0);
        }
        world.passes_secs(61);
        assert_eq!(world.occupancy(), (0, 0, 0));
    }
}

#[test]
fn what_timed_out_before_rests_for_the_rest_of_its_quarantine_and_no_longer() {
    let mut world = setup(1).up();
    world.acquirer("A").sends(sale(1));
    world.passes_secs(10);
    let mut world = world.restarts(setup(2));
    assert_eq!(world.occupancy(), (1, 0, 1));
    world.issuer("X").answers("000");
    assert_eq!(world.count(Counter::Late), 1);
    world.passes_secs(65);
    let world = world.restarts(setup(1));
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn trace_numbers_go_on_behind_the_last_for_any_number_of_workers() {
    for workers in WORKERS {
        let mut world = setup(1).up();
        for _ in 0..3 {
            world.acquirer("A").sends(sale(1));
            world.issuer("X").answers("000");
        }
        world.acquirer("A").sends(sale(1));
        let mut world = world.restarts(setup(workers));
        world.acquirer("A").sends(sale(1));
        assert_eq!(world.issuer("X").heard().of(11), "000006", "5 is the reversal's");
        world.acquirer("A").sends(sale(1).with(2, "4111111111111111"));
        assert_eq!(world.issuer("Y").heard().of(11), "000001");
    }
}

#[test]
fn a_trace_number_is_not_used_again_within_its_quarantine() {
    // A share of 64 is small enough to come round.
    let share = 998_999 / 64;
    let small = || Setup::of([acquirer("A"), issuer("X")]).workers(64);
    let mut world = small().alone();
    world.acquirer("A").sends(sale(1));
    let open = world.issuer("X").takes();
    let mut world = world.restarts_alone(small());
    assert_eq!(world.issuer("X").takes().mti, 0x1420);
    for _ in 0..share + 100 {
        world.acquirer("A").sends(sale(1));
        assert_ne!(world.issuer("X").heard().of(11), open.of(11));
        world.issuer("X").answers("116");
        world.transcript_is_short();
    }
    assert_eq!(world.count(Counter::Answered), share + 100);
    let station = |name| world.plan.stations.iter().position(|s| s.settings.name == name).unwrap();
    let x = StationId(u16::try_from(station("X")).unwrap());
    let free = |world: &World| world.cores[0].station(x).stans.as_ref().unwrap().free();
    assert_eq!(u64::from(free(&world)), share - 2, "the open one, and its reversal");
    world.passes_secs(61);
    assert_eq!(u64::from(free(&world)), share - 1);
}

#[test]
fn counts_and_tallies_go_on() {
    for workers in WORKERS {
        let mut world = setup(2).up();
        for acquirer in ["A", "B"] {
            world.acquirer(acquirer).sends(sale(1));
            world.issuer("X").answers("000");
            world.acquirer(acquirer).sends(sale(1));
            world.passes_secs(10);
            world.issuer("X").takes();
            world.issuer("X").takes();
        }
        let counters = [Counter::Answered, Counter::Approved, Counter::RefusedTimedOut];
        let before = counters.map(|counter| world.count(counter));
        assert_eq!(before, [2, 2, 2]);
        let mut world = world.restarts(setup(workers));
        assert_eq!(counters.map(|counter| world.count(counter)), before);
        assert_eq!(world.tally("X"), (4, 2, 2, 2));
        assert_eq!(world.tally("A"), (2, 2, 1, 0));
        assert_eq!(world.tally("B"), (2, 2, 1, 0));
    }
}

#[test]
fn a_second_restart_knows_what_the_first_one_closed() {
    let mut world = setup(1).up();
    let first = completed(&mut world, "A");
    world.acquirer("A").sends(first.clone());
    let asked = world.issuer("X").heard();
    let mut world = world.restarts(setup(2)).restarts(setup(4));
    world.acquirer("A").sends(repeat(&first));
    assert_eq!(world.acquirer("A").heard().of(39), "909");
    world.issuer("X").sends(answer(&asked, "000"));
    assert_eq!(world.count(Counter::Late), 1);
}

#[test]
fn a_station_that_signed_off_stays_so_until_it_signs_on() {
    for workers in WORKERS {
        let mut world = setup(1).up();
        world.issuer("X").sends(sign_off());
        let mut world = world.restarts(setup(workers));
        world.acquirer("A").sends(sale(1));
        assert_eq!(world.acquirer("A").heard().of(39), "910", "with {workers}");
        world.issuer("X").sends(sign_on());
        world.acquirer("A").sends(sale(1));
        assert_eq!(world.issuer("X").heard().mti, 0x1200);
        let mut world = world.restarts(setup(workers));
        world.acquirer("A").sends(sale(1));
        assert_eq!(
            world.issuer("X").heard_count(),
            5,
            "the last is asked, and what was open reversed"
        );
    }
}

#[test]
fn what_its_acquirer_reversed_is_no_approval_after_a_restart_either() {
    for workers in WORKERS {
        let mut world = setup(2).up();
        let (first, part) = (completed(&mut world, "A"), completed(&mut world, "A"));
        for original in [&first, &part] {
            world.acquirer("A").sends(original.clone());
            world.issuer("X").answers("000");
        }
        world.acquirer("A").sends(reversal(&first, "4000"));
        let of_a_part = reversal(&part, "4000").with(24, "401").with(4, "000000000500");
        world.acquirer("A").sends(of_a_part);
        for _ in 0..2 {
            assert_eq!(world.issuer("X").heard().class(), 4);
            world.issuer("X").answers("400");
            world.passes_secs(1);
        }
        let mut world = world.restarts(setup(workers));
        world.acquirer("A").sends(repeat(&first));
        assert_eq!(world.acquirer("A").heard().of(39), "911", "with {workers}");
        world.acquirer("A").sends(repeat(&part));
        assert_eq!(world.acquirer("A").heard().of(39), "000", "most of it is still approved");
    }
}

#[test]
fn what_its_acquirer_reversed_while_it_was_open_is_reversed_once_and_for_the_reason_it_gave() {
    for workers in WORKERS {
        let mut world = setup(2).up();
        let first = completed(&mut world, "A");
        world.acquirer("A").sends(first.clone());
        let asked = world.issuer("X").takes();
        let text = reversal(&first, "4002").with(11, "000500");
        world.acquirer("A").sends(text.clone());
        world.acquirer("A").sends(reversal(&first, "4000"));
        assert_eq!(world.issuer("X").heard_count(), 1);
        let mut world = world.restarts(setup(workers));
        let item = world.issuer("X").heard();
        assert_eq!((item.mti, item.of(25)), (0x1420, "4002"), "with {workers}");
        world.issuer("X").answers("400");
        world.acquirer("A").sends(repeat(&first));
        assert_eq!(world.acquirer("A").heard().of(39), "909");
        world.acquirer("A").sends(repeat(&text));
        assert_eq!(world.acquirer("A").heard().of(39), "400");
        world.issuer("X").sends(answer(&asked, "000"));
        let mut world = world.restarts(setup(workers));
        world.passes_secs(120);
        assert_eq!(world.issuer("X").heard_count(), 2);
    }
}

#[test]
fn an_approval_that_a_crash_may_have_kept_from_its_acquirer_is_listed_until_a_repeat_or_reversal() {
    for workers in WORKERS {
        let mut world = setup(2).up();
        let long_ago = completed(&mut world, "A");
        world.acquirer("A").sends(long_ago);
        world.issuer("X").answers("000");
        world.passes_secs(3);
        let [told, reversed, declined] = [(); 3].map(|()| completed(&mut world, "A"));
        for (first, code) in [(&told, "000"), (&reversed, "000"), (&declined, "116")] {
            world.acquirer("A").sends(first.clone());
            world.issuer("X").answers(code);
        }
        let stans = [2, 3].map(|at| world.issuer("X").heard_at(at - 1).of(11).to_string());
        let mut world = world.restarts(setup(workers));
        world.has_reader();
        assert_eq!(doubts(&world), stans, "with {workers}");
        let mut world = world.restarts(setup(2));
        world.has_reader();
        assert_eq!(doubts(&world), stans, "as nobody settled it");
        world.acquirer("A").sends(repeat(&told));
        assert_eq!(world.acquirer("A").heard().of(39), "000");
        assert_eq!(doubts(&world), stans[1..]);
        world.acquirer("A").sends(reversal(&reversed, "4000"));
        assert_eq!(doubts(&world), [""; 0]);
    }
}

#[test]
fn behind_a_clean_stop_nothing_is_in_doubt() {
    let mut world = setup(2).up();
    for acquirer in ["A", "B"] {
        world.acquirer(acquirer).sends(sale(1));
        world.issuer("X").answers("000");
    }
    world.drains();
    assert!(world.is_drained());
    let world = world.restarts(setup(4));
    assert_eq!(doubts(&world), [""; 0]);
}

/// The STANs of approvals of which it is not known whether they were delivered.
fn doubts(world: &World) -> Vec<String> {
    let doubts = world.cores.iter().flat_map(Core::doubts);
    let stans: Vec<_> = doubts.map(|(_, stan)| format!("{:06}", stan.0)).collect();
    assert_eq!(stans.len(), world.cores.iter().map(Core::doubtful).sum::<usize>());
    stans
}

/// The switch ends when only one record of what it has just taken is durable, and nothing has left.
fn cut_behind_one_record(mut world: World, text: Text, setup: Setup) -> World {
    world.holds_commits();
    world.acquirer("A").sends(text);
    world.records_only(1, |_| 0);
    world.restarts(setup)
}

#[test]
fn an_advice_is_kept_and_known_or_neither_wherever_a_crash_cuts_the_records() {
    let mut world = setup(1).up();
    let advice = completed(&mut world, "A").kind(0x1220).with(24, "200");
    let mut world = cut_behind_one_record(world, advice.clone(), setup(1));
    let item = world.issuer("X").heard();
    assert_eq!(item.mti, 0x1221);
    world.issuer("X").answers("900");
    world.acquirer("A").sends(repeat(&advice));
    assert_eq!(world.acquirer("A").heard().of(39), "900");
    world.passes_secs(120);
    assert_eq!(world.issuer("X").heard_count(), 1, "and not under another number");
}

#[test]
fn a_part_is_taken_back_once_wherever_a_crash_cuts_the_records() {
    let original_amount = "000000002500000000002500";
    for left in [None, Some(original_amount)] {
        let mut world = setup(1).up();
        world.has_reader();
        let original = completed(&mut world, "A").with(4, "000000002500");
        world.acquirer("A").sends(original.clone());
        world.issuer("X").answers("000");
        let part = reversal(&original, "4000").with(24, "401").with(4, "000000001500");
        let part = left.iter().fold(part, |part, left| part.with(30, *left)).with(11, "000500");
        let mut world = cut_behind_one_record(world, part.clone(), setup(1));
        assert_eq!(world.issuer("X").heard().mti, 0x1421);
        world.issuer("X").answers("400");
        world.acquirer("A").sends(repeat(&part));
        assert_eq!(world.acquirer("A").heard().of(39), "400", "{left:?}");
        let rest = if left.is_some() { "000000001501" } else { "000000001001" };
        let too_much = reversal(&original, "4000").with(24, "401").with(4, rest);
        world.acquirer("A").sends(too_much.with(11, "000501"));
        let code = world.acquirer("A").heard().of(39).to_string();
        // Without DE 30 it is more than is left, with it it would be.
        assert_eq!(code, "904", "{left:?}");
        world.passes_secs(120);
        assert_eq!(world.issuer("X").heard_count(), 2);
    }
}

#[test]
fn what_nobody_knows_is_reversed_and_refused_or_neither_wherever_a_crash_cuts_the_records() {
    let issuing = Issuing { matches_on_rrn: true, ..Issuing::default() };
    let setup = || Setup::of([acquirer("A"), StationSettings { issuing, ..issuer("X") }]);
    let mut world = setup().up();
    let original = completed(&mut world, "A");
    let text = reversal(&original, "4000").with(11, "000500");
    let mut world = cut_behind_one_record(world, text.clone(), setup());
    assert_eq!(world.issuer("X").heard().mti, 0x1421);
    world.acquirer("A").sends(repeat(&text));
    assert_eq!(world.acquirer("A").heard().of(39), "400");
    world.acquirer("A").sends(original);
    assert_eq!(world.acquirer("A").heard().of(39), "911");
    assert_eq!(world.issuer("X").heard_count(), 1);
}
