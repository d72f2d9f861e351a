//! What is written down: of a request and its answer only what their dialects allow, of a station
//! that it signed on or off, and what was counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use codec::{Class, Dialect, Fields, Length, Slots};
use expect_test::expect;
use switch_core::counters::Counter;
use switch_core::ids::{LinkNumber, StationNumber};
use switch_core::plan::{Numbers, Pin, SignOn, StationSettings};
use switch_core::records::Record;

use crate::world::{
    Seen, Setup, Text, World, acquirer, ascii, ascii_87, echo, issuer, packed, packed_87, sale,
    sale_87, sign_off, sign_on,
};

const CARD: &str = "3530111333300000";

fn pair_in(dialect: &Arc<Dialect>) -> World {
    let speaks = |station| StationSettings { dialect: Arc::clone(dialect), ..station };
    let x = StationSettings { pin: Pin::Pass, ..speaks(issuer("X")) };
    Setup::of([speaks(acquirer("A")), x]).up()
}

/// So many digits, other ones for each number.
fn digits(number: u8, len: usize) -> String {
    let mut state = u32::from(number) + 7_919;
    let next = |_| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        char::from(b'0' + u8::try_from((state >> 16) % 10).unwrap())
    };
    (0..len).map(next).collect()
}

/// A value for a field that is found wherever it gets to.
fn planted(dialect: &Dialect, n: u8) -> Vec<u8> {
    let spec = dialect.field(n).unwrap();
    let fixed = spec.length == Length::Fixed;
    let units = if fixed { usize::from(spec.max) } else { usize::from(spec.max).min(24) };
    let track = format!("{CARD}D2912101{}", digits(n, 12));
    match (n, spec.class) {
        (35, _) => track.replace('D', "=").into_bytes(),
        (45, _) => format!("%B{CARD}^KAERU/TARO^2912101{}?", digits(n, 10)).into_bytes(),
        (55, Class::Binary) => {
            let nibble = |digit: char| u8::try_from(digit.to_digit(16).unwrap()).unwrap();
            let nibbles: Vec<u8> = track.chars().map(nibble).collect();
            let packed: Vec<u8> = nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
            [&[0x57, u8::try_from(packed.len()).unwrap()][..], &packed].concat()
        }
        (_, Class::Amount) => format!("C{}", digits(n, units - 1)).into_bytes(),
        (_, Class::Digits | Class::Track | Class::Text) => digits(n, units).into_bytes(),
        (_, Class::Binary) => digits(n, units).bytes().map(|byte| byte ^ 0xA5).collect(),
    }
}

/// Everything that may not be written down, with how its bytes end on the wire.
fn not_for_the_journal(dialect: &Dialect) -> (Fields, BTreeMap<u8, Vec<u8>>) {
    let fields = dialect.fields().difference(dialect.journaled());
    let mut all = Text::new(if dialect.name().contains("87") { 0x0200 } else { 0x1200 });
    for n in fields {
        all = all.with(n, planted(dialect, n));
    }
    let bytes = all.write(dialect);
    let mut slots = Slots::new();
    dialect.decode(&bytes, &mut slots).unwrap();
    let message = slots.message(dialect, &bytes);
    let tail = |n: u8| message.wire(n).unwrap().last_chunk::<6>().map(|tail| (n, tail.to_vec()));
    (fields, fields.iter().filter_map(tail).collect())
}

fn records(world: &World) -> impl Iterator<Item = &[u8]> {
    world.seen.iter().filter_map(|seen| match seen {
        Seen::Recorded(bytes) => Some(&bytes[..]),
        Seen::Heard(..) | Seen::Lost(..) => None,
    })
}

#[test]
fn what_a_dialect_does_not_allow_is_in_no_record_of_any_built_in_dialect() {
    for dialect in [ascii(), packed(), ascii_87(), packed_87()] {
        let (fields, tails) = not_for_the_journal(&dialect);
        for n in [35, 36, 45, 48, 52, 55, 60, 61, 62, 63, 120, 121, 122, 123, 124, 125, 126, 127] {
            assert!(fields.has(n) && tails.contains_key(&n), "DE {n} of {}", dialect.name());
        }
        let mut world = pair_in(&dialect);
        let old = dialect.name().contains("87");
        let with_all =
            |text: Text| fields.iter().fold(text, |text, n| text.with(n, planted(&dialect, n)));
        world.acquirer("A").sends(with_all(if old { sale_87(1) } else { sale(1) }));
        world.issuer("X").answers_with(if old { "00" } else { "000" }, with_all);
        let heard = world.acquirer("A").heard();
        assert!(heard.fields.contains_key(&48) && heard.fields.contains_key(&127));
        // A request that gets no answer, and one that can not be sent.
        world.acquirer("A").sends(with_all(if old { sale_87(2) } else { sale(2) }));
        world.passes_secs(10);
        world.issuer("X").closes();
        world.acquirer("A").sends(with_all(if old { sale_87(3) } else { sale(3) }));
        assert!(world.records() >= 4);
        for record in records(&world) {
            for (n, tail) in &tails {
                let found = record.windows(tail.len()).any(|bytes| bytes == tail);
                assert!(!found, "DE {n} of {} in {record:02x?}", dialect.name());
            }
        }
    }
}

#[test]
fn a_decision_says_which_fields_the_request_had_and_what_the_allowed_ones_held() {
    for dialect in [ascii(), packed(), ascii_87(), packed_87()] {
        let old = dialect.name().contains("87");
        let mut world = pair_in(&dialect);
        let request = if old { sale_87(2500) } else { sale(2500) };
        let request = request.with(48, "private").with(59, "ours").with(52, [7; 8]);
        world.acquirer("A").sends(request);
        let answered = |text: Text| text.with(48, "private").with(44, "more").with(54, "balance");
        world.issuer("X").answers_with(if old { "51" } else { "116" }, answered);
        let of_steps = |record: &Record<'_>| !matches!(record, Record::Counts { .. });
        let steps = world.seen.iter().filter_map(Seen::record).filter(of_steps);
        let [decision, settlement] = steps.collect::<Vec<_>>()[..] else { panic!("two records") };
        check_pair(&dialect, decision, settlement);
    }
}

fn check_pair(dialect: &Dialect, decision: Record<'_>, settlement: Record<'_>) {
    let Record::Decision { mti, present, inputs, utc, .. } = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(utc, 1_795_238_431);
    assert!(present.has(48) && present.has(52));
    let read = Text::read(dialect, inputs);
    assert_eq!(read.mti, mti.bcd());
    let kept: Vec<u8> = present.intersection(dialect.journaled()).iter().collect();
    assert_eq!(read.fields.keys().copied().collect::<Vec<_>>(), kept);
    assert_eq!((read.of(2), read.of(4), read.of(59)), (CARD, "000000002500", "ours"));
    let Record::Settlement { action, answer, .. } = settlement else { panic!("{settlement:?}") };
    let read = Text::read(dialect, answer);
    assert_eq!((action, read.of(44), read.of(54)), (0x116, "more", "balance"));
    for n in [2, 7, 11, 32, 33, 48] {
        assert!(!read.fields.contains_key(&n), "DE {n}");
    }
}

#[test]
fn the_records_of_a_sale_are_short() {
    let mut told = String::new();
    for dialect in [ascii(), packed(), ascii_87(), packed_87()] {
        let old = dialect.name().contains("87");
        let mut world = pair_in(&dialect);
        world.acquirer("A").sends(if old { sale_87(2500) } else { sale(2500) });
        world.issuer("X").answers(if old { "00" } else { "000" });
        let is_step = |bytes: &&[u8]| matches!(bytes[1], 1 | 2);
        let lengths: Vec<usize> = records(&world).filter(is_step).map(<[u8]>::len).collect();
        writeln!(told, "{}: decision {}, settlement {}", dialect.name(), lengths[0], lengths[1])
            .unwrap();
    }
    expect![[r#"
        iso93-ascii: decision 252, settlement 125
        iso93-binary: decision 201, settlement 99
        iso87-ascii: decision 240, settlement 118
        iso87-binary: decision 189, settlement 96
    "#]]
    .assert_eq(&told);
}

#[test]
fn records_name_stations_and_links_by_the_numbers_that_a_journal_gave_them() {
    let plan = Setup::of([acquirer("A"), issuer("X")]).planned().unwrap().numbered(Numbers {
        stations: vec![StationNumber(900), StationNumber(17)],
        links: vec![LinkNumber(70_001), LinkNumber(5)],
        configuration: 42,
    });
    let mut world = World::of_workers(1, Arc::new(plan), 1 << 20);
    world.open_all();
    world.acquirer("A").sends(sale(1));
    world.issuer("X").answers("000");
    let mut named = Vec::new();
    for record in world.seen.iter().filter_map(Seen::record) {
        if let Record::Decision { acquirer, link, issuer, configuration, .. } = record {
            named.push((acquirer.0, link.0, issuer.0, configuration));
        } else if let Record::Settlement { issuer, .. } = record {
            named.push((0, 0, issuer.0, 0));
        }
    }
    assert_eq!(named, [(900, 70_001, 17, 42), (0, 0, 17, 0)]);
}

/// The sum of what records say was counted, by number.
fn counted(world: &World) -> BTreeMap<u16, u64> {
    let mut sums = BTreeMap::new();
    for record in world.seen.iter().filter_map(Seen::record) {
        if let Record::Counts { deltas } = record {
            for (number, by) in deltas.iter() {
                *sums.entry(number).or_default() += by;
            }
        }
    }
    sums
}

fn counts_records(world: &World) -> usize {
    let is_counts = |record: &Record<'_>| matches!(record, Record::Counts { .. });
    world.seen.iter().filter_map(Seen::record).filter(is_counts).count()
}

/// What the core itself has counted.
fn counters(world: &World) -> BTreeMap<u16, u64> {
    let all = Counter::ALL.iter().map(|&counter| (counter.number(), world.count(counter)));
    all.filter(|&(_, count)| count > 0).collect()
}

#[test]
fn what_was_counted_is_written_down_once_a_second_at_most_and_only_if_it_changed() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.passes_secs(5);
    let before = counts_records(&world);
    for step in 0..40 {
        world.acquirer("A").sends(sale(step).with(2, "4111111111111111"));
        world.passes(Duration::from_millis(100));
    }
    world.passes_secs(1);
    let written = counts_records(&world) - before;
    assert!((4..=6).contains(&written), "{written}");
    assert_eq!(counted(&world), counters(&world));
    assert_eq!(counted(&world)[&Counter::RefusedNoRoute.number()], 40);
    let after = counts_records(&world);
    world.passes_secs(100);
    assert_eq!(counts_records(&world), after);
}

#[test]
fn a_node_that_stops_writes_down_what_it_counted() {
    let x = StationSettings { sign_on: SignOn::Ours, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).up();
    world.acquirer("A").sends(sale(1).with(2, "4111111111111111"));
    world.drains();
    world.passes_secs(2);
    assert!(world.is_drained());
    assert_eq!(counted(&world), counters(&world));
}

#[test]
fn the_answer_to_a_sign_off_waits_for_its_record() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.holds_commits();
    world.issuer("X").sends(sign_off());
    assert_eq!(world.issuer("X").heard_count(), 0);
    world.issuer("X").sends(sign_off());
    world.commits();
    world.issuer("X").sends(sign_on());
    world.check(expect![[r#"
        00.000 X.0 > 1804 11=000101 24=802
        00.000     ! X signed off by X.0
        00.000 X.0 > 1804 11=000102 24=802
        00.000     ! X signed off by X.0
        00.000     + X is signed off
        00.000 X.0 < 1814 11=000101 39=800
        00.000 X.0 < 1814 11=000102 39=800
        00.000 X.0 > 1804 11=000103 24=801
        00.000     + X is signed on
        00.000     ! X signed on by X.0
        00.000 X.0 < 1814 11=000103 39=800
        counted: frames 3, sign_ons 1, sign_offs 2, network_answered 3
    "#]]);
}

#[test]
fn without_room_in_the_journal_new_requests_are_907_and_everything_else_goes_on() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(1));
    world.cores[0].handle_room(false);
    world.acquirer("A").sends(sale(2));
    world.issuer("X").answers("000");
    world.acquirer("A").sends(echo());
    world.cores[0].handle_room(true);
    world.acquirer("A").sends(sale(3));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 A.0 > 1200 11=000102
        00.000 A.0 < 1210 11=000102 39=907
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.0 > 1804 11=000103 24=831
        00.000 A.0 < 1814 11=000103 39=800
        00.000 A.0 > 1200 11=000104
        00.000     + A.0 1200 to X as 000002
        00.000 X.0 < 1200 11=000002
        counted: frames 5, requests 3, forwarded 2, answered 1, approved 1, refused_no_room 1, network_answered 1
    "#]]);
}

#[test]
fn a_sick_node_answers_no_echo_refuses_new_requests_and_ends_what_is_under_way() {
    let mut world = Setup::of([acquirer("A"), issuer("X")]).up();
    world.acquirer("A").sends(sale(1));
    world.cores[0].handle_sick(true);
    world.acquirer("A").sends(echo());
    world.acquirer("A").sends(sale(2));
    world.issuer("X").answers("000");
    world.cores[0].handle_sick(false);
    world.acquirer("A").sends(echo());
    world.acquirer("A").sends(sale(3));
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 A.0 > 1804 11=000102 24=831
        00.000 A.0 > 1200 11=000103
        00.000 A.0 < 1210 11=000103 39=907
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        00.000 A.0 > 1804 11=000104 24=831
        00.000 A.0 < 1814 11=000104 39=800
        00.000 A.0 > 1200 11=000105
        00.000     + A.0 1200 to X as 000002
        00.000 X.0 < 1200 11=000002
        counted: frames 6, requests 3, forwarded 2, answered 1, approved 1, refused_sick 1, echo_withheld 1, network_answered 1
    "#]]);
}

#[test]
fn what_the_node_itself_has_to_say_goes_through_the_gate_and_is_ignored_by_a_replay() {
    let mut world = pair_in(&ascii());
    world.holds_commits();
    let command = Record::Command {
        uid: 1_000,
        role: 2,
        utc: 1_795_238_431,
        who: "hana",
        what: "config apply",
        outcome: "begun",
    };
    let core = &mut world.cores[0];
    let pulse = core.write_down(&Record::Pulse).unwrap();
    let both = core.write_down(&command).unwrap();
    assert!(pulse < both && both == core.entered());
    world.acquirer("A").sends(sale(1));
    world.commits();
    world.issuer("X").answers("000");
    world.check(expect![[r#"
        00.000 A.0 > 1200 11=000101
        00.000     + nothing to say
        00.000     + hana: config apply: begun
        00.000     + A.0 1200 to X as 000001
        00.000 X.0 < 1200 11=000001
        00.000 X.0 > 1210 11=000001 39=000
        00.000     + X answered 000001 with 000
        00.000 A.0 < 1210 11=000101 39=000
        counted: frames 2, requests 1, forwarded 1, answered 1, approved 1
    "#]]);
    let mut world = world.restarts(Setup::of([acquirer("A"), issuer("X")]));
    world.forget();
    world.acquirer("A").sends(sale(1));
    world.check(expect![[r#"
        01.000 A.0 > 1200 11=000102
        01.000     + A.0 1200 to X as 000002
        01.000 X.0 < 1200 11=000002
        counted: frames 1, requests 1, forwarded 1
    "#]]);
}

#[test]
fn what_finds_no_room_is_not_written_down_and_says_so() {
    let mut world = pair_in(&ascii());
    world.holds_commits();
    let core = &mut world.cores[0];
    let mut written = 0;
    while core.write_down(&Record::Pulse).is_some() {
        written += 1;
    }
    let (used, capacity) = core.gate_fill();
    assert!(written > 0 && used < capacity * 14 / 16, "answers have the rest");
    world.commits();
    assert!(world.cores[0].write_down(&Record::Pulse).is_some());
}
