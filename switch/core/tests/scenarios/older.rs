//! Advices and reversals about what is not in memory any more: a reader of older records knows it.

use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::found::Found;
use switch_core::ids::{LinkNumber, RouteId, Stan, StationNumber};
use switch_core::records::Record;
use switch_core::{Reply, plan::Keys, plan::StationSettings};

use crate::world::{
    Seen, Setup, Text, World, about, acquirer, ascii_87, issuer, reversal, sale, sale_87,
};

/// A switch that remembers next to nothing itself.
fn forgetful() -> Setup {
    Setup::of([acquirer("A"), issuer("X")]).limits(|limits| {
        (limits.duplicates_max, limits.pending_max) = (2, 2);
    })
}

fn up() -> World {
    let mut world = forgetful().up();
    world.has_reader();
    world
}

/// A sale of A with this outcome, long ago.
fn long_ago(world: &mut World, amount: u64, code: &str) -> Text {
    let mut original = sale(amount);
    world.acquirer("A").complete(&mut original);
    world.acquirer("A").sends(original.clone());
    world.issuer("X").answers(code);
    time_goes_by(world);
    original
}

/// Sales after which nothing from before is in memory.
fn time_goes_by(world: &mut World) {
    for _ in 0..3 {
        world.acquirer("A").sends(sale(1));
        world.issuer("X").answers("116");
    }
    world.forget();
}

/// What A hears of a reversal that its issuer then takes too.
fn reversed(world: &mut World, text: Text) -> String {
    let said = code(world, text);
    world.issuer("X").answers("400");
    said
}

fn code(world: &mut World, text: Text) -> String {
    world.acquirer("A").sends(text);
    world.acquirer("A").heard().of(39).to_string()
}

#[test]
fn an_original_of_long_ago_is_reversed_under_its_name() {
    let mut world = up();
    let original = long_ago(&mut world, 2500, "000");
    let sent = world.issuer("X").heard_at(0);
    world.acquirer("A").sends(reversal(&original, "4000"));
    let item = world.issuer("X").heard();
    assert_eq!(item.of(56), format!("1200{}26112114203011{}", sent.of(11), sent.of(32)));
    let told = world.transcript();
    assert!(told.contains("ask Original") && told.contains("000005, about 000001"), "{told}");
    world.issuer("X").answers("400");
    time_goes_by(&mut world);
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    assert_eq!(world.count(Counter::ReversalsSecond), 1, "that it is reversed is known too");
}

#[test]
fn parts_of_long_ago_add_up_with_those_of_today() {
    let mut world = up();
    let original = long_ago(&mut world, 20_000, "000");
    let part = |amount: &str| reversal(&original, "4000").with(24, "401").with(4, amount);
    assert_eq!(reversed(&mut world, part("000000005000")), "400");
    time_goes_by(&mut world);
    assert_eq!(code(&mut world, part("000000015001")), "904");
    assert_eq!(code(&mut world, part("000000015000")), "400");
}

#[test]
fn what_was_declined_long_ago_is_not_reversed_and_what_differs_is_refused() {
    let mut world = up();
    let declined = long_ago(&mut world, 2500, "116");
    let approved = long_ago(&mut world, 2500, "000");
    assert_eq!(code(&mut world, reversal(&declined, "4000")), "400");
    assert_eq!(world.count(Counter::ReversalsOfNothing), 1);
    let other = reversal(&approved, "4000").with(4, "000000002501");
    assert_eq!(code(&mut world, other), "904");
}

#[test]
fn a_repeat_of_an_advice_of_long_ago_is_answered_and_brought_to_nobody() {
    let mut world = up();
    let original = long_ago(&mut world, 2500, "000");
    let text = reversal(&original, "4000").with(11, "000500");
    assert_eq!(reversed(&mut world, text.clone()), "400");
    time_goes_by(&mut world);
    let before = world.issuer("X").heard_count();
    assert_eq!(code(&mut world, text.clone().with(4, "000000002499")), "904");
    assert!(world.transcript().contains("alarm: A.0 sent 1420 under the key of another one"));
    assert_eq!(code(&mut world, text.clone().kind(0x1421)), "400");
    world.forget();
    world.acquirer("A").sends(text.kind(0x1421));
    world.check(expect![[r#"
        00.000 A.0 > 1421 11=000500 24=400
        00.000 A.0 < 1430 11=000500 39=400
        counted: frames 1, advices 1, advices_repeated 1
    "#]]);
    assert_eq!(world.issuer("X").heard_count(), before);
    assert_eq!(world.count(Counter::AdvicesTaken), 1);
}

#[test]
fn a_repeat_of_an_advice_from_before_a_restart_and_its_memory_is_known() {
    let mut world = up();
    let original = long_ago(&mut world, 2500, "000");
    let text = reversal(&original, "4000").with(11, "000500");
    assert_eq!(reversed(&mut world, text.clone()), "400");
    time_goes_by(&mut world);
    let mut world = world.restarts(forgetful());
    world.forget();
    world.acquirer("A").sends(text.kind(0x1421));
    let told = world.transcript();
    assert!(told.contains("ask Known") && !told.contains("taken with"), "{told}");
    assert_eq!(world.acquirer("A").heard().of(39), "400");
}

#[test]
fn a_restart_forgets_neither_originals_nor_advices() {
    let mut world = up();
    let original = long_ago(&mut world, 2500, "000");
    let mut world = world.restarts(forgetful());
    let text = reversal(&original, "4000").with(11, "000500");
    assert_eq!(reversed(&mut world, text.clone()), "400");
    assert_eq!(world.count(Counter::OriginalsUnknown), 0);
    let mut world = world.restarts(forgetful());
    assert_eq!(code(&mut world, text.kind(0x1421)), "400");
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    assert_eq!(world.count(Counter::ReversalsSecond), 1);
    assert_eq!(world.issuer("X").heard_count(), 5, "four sales and one reversal");
}

#[test]
fn an_original_that_no_record_knows_is_unknown() {
    let mut world = up();
    let mut original = sale(2500);
    world.acquirer("A").complete(&mut original);
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    assert_eq!(world.count(Counter::OriginalsUnknown), 1);
}

#[test]
fn without_a_reply_of_the_reader_an_advice_is_to_be_sent_again() {
    let mut world = forgetful().up();
    for core in &mut world.cores {
        core.handle_reader(true);
    }
    let mut original = sale(2500);
    world.acquirer("A").complete(&mut original);
    let text = reversal(&original, "4000").with(11, "000500");
    world.acquirer("A").sends(text.clone());
    world.passes_secs(2);
    assert_eq!(world.acquirer("A").heard().of(39), "909");
    let (worker, slot) = world.take_question().unwrap();
    world.reply(worker, slot, Reply::Found(Found::default()));
    assert_eq!(world.count(Counter::RepliesLate), 1);
    world.acquirer("A").sends(text.kind(0x1421));
    let (worker, slot) = world.take_question().unwrap();
    world.reply(worker, slot, Reply::Granted);
    assert_eq!(world.count(Counter::RepliesLate), 2, "nobody asked the key provider");
    world.reply(worker, slot, Reply::Found(Found::default()));
    assert_eq!(world.acquirer("A").heard().of(39), "400");
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn the_key_provider_is_asked_before_the_reader() {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let mut world = Setup::of([a, issuer("X")]).up();
    world.has_reader();
    let mut original = sale(2500);
    world.acquirer("A").complete(&mut original);
    let text = reversal(&original, "4000");
    world.acquirer("A").sends(text.clone());
    world.keys_reply(Reply::Denied);
    assert_eq!(world.acquirer("A").heard().of(39), "916");
    world.acquirer("A").sends(text);
    world.keys_reply(Reply::Granted);
    assert_eq!(world.acquirer("A").heard().of(39), "400");
    // The delayed original: its code is right, and it is refused all the same.
    world.acquirer("A").sends(original);
    world.keys_reply(Reply::Granted);
    assert_eq!(world.acquirer("A").heard().of(39), "911");
    assert_eq!(world.occupancy(), (0, 0, 0));
}

#[test]
fn a_completion_of_1987_of_long_ago_is_reversed_under_the_time_that_its_issuer_knows() {
    let edition = |station: StationSettings| StationSettings { dialect: ascii_87(), ..station };
    let setup = || {
        Setup::of([edition(acquirer("A")), edition(issuer("X"))]).limits(|limits| {
            (limits.duplicates_max, limits.pending_max) = (2, 2);
        })
    };
    let mut world = setup().up();
    world.issuer("X").closes();
    let mut original = sale_87(2500).kind(0x0220);
    world.acquirer("A").complete(&mut original);
    assert_eq!(code(&mut world, original.clone()), "00");
    world.passes_secs(600);
    world.issuer("X").connects();
    let item = world.issuer("X").heard();
    let mut world = world.restarts(setup());
    world.has_reader();
    world.issuer("X").answers("00");
    assert_eq!(code(&mut world, about(0x0420, &original)), "00");
    world.passes_secs(1);
    let named = format!("0220{}{}{}{}", item.of(11), item.of(7), item.of(32), item.of(33));
    assert_eq!(world.issuer("X").heard().of(90), named);
}

#[test]
fn an_original_that_finds_no_place_in_memory_is_not_taken_for_unknown() {
    let mut world = up();
    let original = long_ago(&mut world, 2500, "000");
    world.acquirer("A").sends(sale(1));
    assert_eq!(code(&mut world, reversal(&original, "4000")), "907");
    world.issuer("X").answers("116");
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    assert_eq!(world.count(Counter::OriginalsUnknown), 0);
}

/// The same switch started again, whose trace numbers have gone round: the next one is the first.
fn gone_round(world: World) -> World {
    let mut world = world;
    let x = Record::Decision {
        acquirer: StationNumber(0),
        link: LinkNumber(0),
        issuer: StationNumber(1),
        mti: codec::Mti::of(0x1200),
        route: RouteId(0),
        stan: Stan(998_999),
        sent_at: 0,
        arrived: world.now(),
        utc: 0,
        configuration: 0,
        key: 1,
        check: 0,
        reference: 0,
        present: codec::Fields::EMPTY,
        inputs: b"",
    };
    let over =
        Record::Unsent { issuer: StationNumber(1), stan: Stan(998_999), at: world.now(), utc: 0 };
    for record in [x, over] {
        let mut room = [0; 256];
        let length = record.write(&mut room).expect("there is room");
        world.journal.adds(&room[..length]);
    }
    world.restarts(forgetful())
}

/// Two sales under one trace number of ours, one long after the other.
fn of_one_number() -> (World, Text, Text) {
    let mut world = up();
    let first = long_ago(&mut world, 20_000, "000");
    assert_eq!(world.issuer("X").heard_at(0).of(11), "000001");
    let mut world = gone_round(world);
    let second = long_ago(&mut world, 20_000, "000");
    let named = world.issuer("X").heard_at(4);
    assert_eq!((named.of(11), named.of(37)), ("000001", second.of(37)));
    (world, first, second)
}

#[test]
fn a_reversal_is_of_what_had_its_number_then_and_of_nothing_that_has_it_since() {
    let (mut world, first, second) = of_one_number();
    assert_eq!(reversed(&mut world, reversal(&first, "4000")), "400");
    time_goes_by(&mut world);
    world.passes_secs(1);
    let before = world.issuer("X").heard_count();
    assert_eq!(reversed(&mut world, reversal(&second, "4000")), "400");
    let item = world.issuer("X").heard();
    assert_eq!((item.mti, item.of(37)), (0x1420, second.of(37)), "it was not reversed before");
    assert_eq!(world.issuer("X").heard_count(), before + 1);
    time_goes_by(&mut world);
    for original in [&first, &second] {
        assert_eq!(code(&mut world, reversal(original, "4000")), "400");
    }
    assert_eq!(world.count(Counter::ReversalsSecond), 2);
    assert_eq!(world.issuer("X").heard_count(), before + 4, "three sales");
}

#[test]
fn parts_are_of_what_had_their_number_then() {
    let (mut world, first, second) = of_one_number();
    let part =
        |original: &Text, amount: &str| reversal(original, "4000").with(24, "401").with(4, amount);
    assert_eq!(reversed(&mut world, part(&first, "000000005000")), "400");
    time_goes_by(&mut world);
    assert_eq!(code(&mut world, part(&first, "000000015001")), "904");
    time_goes_by(&mut world);
    assert_eq!(code(&mut world, part(&second, "000000015001")), "400");
}

#[test]
fn a_reversal_does_not_wait_for_what_has_the_number_of_its_original_since() {
    let mut world = up();
    let original = long_ago(&mut world, 2500, "000");
    let mut world = gone_round(world);
    let advice = sale(100).kind(0x1220).with(24, "200");
    assert_eq!(code(&mut world, advice), "900");
    assert_eq!(world.issuer("X").heard().of(11), "000001");
    world.issuer("X").answers("914");
    world.passes_secs(1);
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    let item = world.issuer("X").heard();
    assert_eq!((item.mti, item.of(37)), (0x1420, original.of(37)));
}

#[test]
fn what_memory_knows_of_a_reversal_is_not_forgotten_for_what_was_found() {
    let mut world = forgetful().up();
    let mut original = sale(2500);
    world.acquirer("A").complete(&mut original);
    world.acquirer("A").sends(original.clone());
    world.issuer("X").answers("000");
    let mut found = Found::default();
    for bytes in world.seen.iter().filter_map(|seen| match seen {
        Seen::Recorded(bytes) => Some(bytes),
        Seen::Heard(..) | Seen::Lost(..) => None,
    }) {
        found.push(bytes);
    }
    assert_eq!(reversed(&mut world, reversal(&original, "4000")), "400");
    let mut world = world.restarts(Setup::of([acquirer("A"), issuer("X")]));
    let before = world.issuer("X").heard_count();
    for core in &mut world.cores {
        core.handle_reader(true);
    }
    world.acquirer("A").sends(reversal(&original, "4000").with(11, "000500"));
    for reply in [Found::default(), found] {
        let (worker, slot) = world.take_question().unwrap();
        world.reply(worker, slot, Reply::Found(reply));
    }
    assert_eq!(world.acquirer("A").heard().of(39), "400");
    assert_eq!(world.count(Counter::ReversalsMerged), 1);
    assert_eq!(world.issuer("X").heard_count(), before);
    assert_eq!(code(&mut world, original.kind(0x1201)), "911");
}

#[test]
fn a_tombstone_of_long_ago_is_a_first_reversal() {
    let mut world = up();
    let mut original = sale(2500);
    world.acquirer("A").complete(&mut original);
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    // Without the tombstones of a start.
    let mut world = world.restarts(forgetful());
    assert_eq!(code(&mut world, reversal(&original, "4000")), "400");
    assert_eq!(world.count(Counter::ReversalsSecond), 1);
}

#[test]
fn a_week_behind_a_start_memory_knows_every_advice_and_nobody_is_asked() {
    let mut world = up();
    let mut world = {
        let original = long_ago(&mut world, 2500, "000");
        assert_eq!(reversed(&mut world, reversal(&original, "4000")), "400");
        world.restarts(Setup::of([acquirer("A"), issuer("X")]))
    };
    let advises = |world: &mut World| {
        world.forget();
        let mut text = sale(2500).kind(0x1220).with(24, "200").with(39, "000");
        world.acquirer("A").complete(&mut text);
        assert_eq!(code(world, text), "900");
        world.issuer("X").answers("900");
        world.transcript().contains("ask Known")
    };
    assert!(advises(&mut world));
    world.passes_secs(7 * 24 * 60 * 60 - 2);
    assert!(advises(&mut world));
    world.passes_secs(2);
    assert!(!advises(&mut world));
}

#[test]
fn the_longest_message_of_an_acquirer_may_be_asked_about() {
    let mut world = up().restarts(Setup::of([acquirer("A"), issuer("X")]));
    let private = "z".repeat(999);
    let mut text = [48, 62, 63, 72, 111, 112]
        .iter()
        .fold(sale(2500).kind(0x1220), |text, &field| text.with(field, &*private));
    text = text.with(24, "200").with(39, "000");
    world.acquirer("A").complete(&mut text);
    assert!(world.acquirer("A").writes(text.clone()).len() > 5_000);
    assert_eq!(code(&mut world, text), "900");
    assert!(world.transcript().contains("ask Known"));
}
