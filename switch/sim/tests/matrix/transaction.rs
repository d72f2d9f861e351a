//! The states of a transaction, and what can happen to one.

use std::time::Duration;

use switch_core::Reply;
use switch_core::plan::{Keys, StationSettings};
use switch_sim::world::{Setup, Text, acquirer, answer, issuer, reversal, sale, sign_off};

use crate::meeting::Meeting;
use crate::{Happen, Table};

pub(crate) fn table() -> Table {
    Table {
        title: "A transaction",
        then: "transactions",
        states: vec![
            ("deciding", deciding),
            ("in flight", in_flight),
            ("in flight, and no byte of it has left", unsent),
            ("in flight, and a repeat of it waits", repeated),
            ("timed out", timed_out),
            ("approved", approved),
            ("declined", declined),
            ("closed by a crash", closed),
            ("in flight, and its reversal waits for its answer", in_flight_and_reversed),
            ("approved, and reversed", reversed),
            ("approved, and reversed in part", reversed_in_part),
            ("approved, and no byte of that arrived", undelivered),
            ("approved, and a part of that may have arrived", doubtful),
            ("reversed before it came", reversed_before),
        ],
        events: [of_stations(), of_the_switch()].concat(),
        state: standing,
    }
}

/// What A and X can say of it.
fn of_stations() -> Vec<(&'static str, Happen)> {
    vec![
        ("its repeat", |it| sends(it, sale(100).kind(0x1201).with(11, "000101"))),
        ("its repeat with another amount", |it| {
            sends(it, sale(200).kind(0x1201).with(11, "000101"))
        }),
        ("its 1420", |it| reverses(it, &[(0x1420, "000102")])),
        ("its 1420, and the 1421 of that", |it| {
            reverses(it, &[(0x1420, "000102"), (0x1421, "000102")])
        }),
        ("its 1420, and another 1420", |it| {
            reverses(it, &[(0x1420, "000102"), (0x1420, "000103")])
        }),
        ("a partial 1420", |it| {
            let part = of_first(0x1420, "000104").with(24, "401").with(4, "000000000040");
            sends(it, part)
        }),
        ("a 1420 with another card", |it| {
            sends(it, of_first(0x1420, "000105").with(2, "4111111111111111"))
        }),
        ("a 1430", |it| acknowledges(it, "400")),
        ("an approval", |it| answers(it, "000")),
        ("a decline", |it| answers(it, "116")),
        ("a wrong answer", |it| {
            let text = answer(it.forwarded.as_ref().unwrap(), "000");
            it.is_open() && says(it, text.with(12, "000101000000"))
        }),
    ]
}

/// What happens to the switch and its lines.
fn of_the_switch() -> Vec<(&'static str, Happen)> {
    vec![
        ("reply granted", |it| replies(it, Reply::Granted)),
        ("reply denied", |it| replies(it, Reply::Denied)),
        ("2 s", |it| passes(it, 2)),
        ("10 s", |it| passes(it, 10)),
        ("70 s", |it| passes(it, 70)),
        ("X is lost", |it| {
            it.world.issuer("X").closes();
            true
        }),
        ("X signs off", |it| says(it, sign_off())),
        ("A is lost", |it| {
            it.world.acquirer("A").closes();
            true
        }),
        ("X is named no more", |it| {
            it.retires("X");
            true
        }),
        ("A is named no more", |it| {
            it.retires("A");
            true
        }),
        ("a timeout of 1 s from now on, and 2 s", |it| {
            it.reloads(|setup| setup.stations[1].timeout = Duration::from_secs(1));
            passes(it, 2)
        }),
        ("a crash", |it| {
            it.crashes();
            true
        }),
        ("a stop", |it| {
            it.world.drains();
            true
        }),
    ]
}

fn setup() -> Setup {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let reconnect = (Duration::from_mins(10), Duration::from_mins(10));
    Setup::of([a, StationSettings { reconnect, ..issuer("X") }])
}

fn deciding() -> Meeting {
    let mut it = Meeting::of(setup);
    it.world.open_all();
    it.world.acquirer("A").sends(sale(100));
    it.question = it.world.take_question();
    let forwarded = sale(100).with(7, "1121052031").with(11, "000001").with(32, "77334000001");
    it.forwarded = Some(forwarded.with(37, "632514000101"));
    it
}

fn in_flight() -> Meeting {
    let mut it = deciding();
    replies(&mut it, Reply::Granted);
    it
}

fn unsent() -> Meeting {
    let mut it = deciding();
    it.world.issuer("X").stalls();
    replies(&mut it, Reply::Granted);
    it
}

fn repeated() -> Meeting {
    let mut it = in_flight();
    sends(&mut it, sale(100).kind(0x1201).with(11, "000101"));
    it
}

fn timed_out() -> Meeting {
    let mut it = in_flight();
    passes(&mut it, 10);
    it
}

fn approved() -> Meeting {
    let mut it = in_flight();
    it.world.issuer("X").answers("000");
    it
}

fn declined() -> Meeting {
    let mut it = in_flight();
    it.world.issuer("X").answers("116");
    it
}

fn closed() -> Meeting {
    let mut it = in_flight();
    it.crashes();
    it
}

fn in_flight_and_reversed() -> Meeting {
    let mut it = in_flight();
    reverses(&mut it, &[(0x1420, "000110")]);
    it
}

fn reversed() -> Meeting {
    let mut it = approved();
    reverses(&mut it, &[(0x1420, "000110")]);
    it
}

fn reversed_in_part() -> Meeting {
    let mut it = approved();
    let part = of_first(0x1420, "000110").with(24, "401").with(4, "000000000030");
    sends(&mut it, part);
    acknowledges(&mut it, "400");
    it
}

/// A does not read, and its only line is lost.
fn undelivered() -> Meeting {
    loses_the_answer(0)
}

fn doubtful() -> Meeting {
    loses_the_answer(1)
}

fn loses_the_answer(read: u64) -> Meeting {
    let mut it = in_flight();
    it.world.acquirer("A").stalls();
    it.world.issuer("X").answers("000");
    it.world.acquirer("A").reads_only(read);
    it.world.acquirer("A").closes();
    it.world.acquirer("A").connects();
    it
}

/// The reversal is here, and the request is not.
fn reversed_before() -> Meeting {
    let mut it = Meeting::of(setup);
    it.world.open_all();
    it.forwarded = Some(sale(100).with(7, "1121052031").with(11, "000001"));
    it.world.acquirer("A").sends(of_first(0x1420, "000110"));
    it.question = it.world.take_question();
    replies(&mut it, Reply::Granted);
    it
}

/// A message of A about its sale.
fn of_first(mti: u16, stan: &str) -> Text {
    let first = sale(100).with(11, "000101").with(32, "77334000001").with(37, "632514000101");
    reversal(&first, "4000").kind(mti).with(11, stan)
}

fn reverses(it: &mut Meeting, reversals: &[(u16, &str)]) -> bool {
    reversals.iter().all(|(mti, stan)| sends(it, of_first(*mti, stan)))
}

/// X says what it thinks of the last reversal that it heard, if it heard one.
fn acknowledges(it: &mut Meeting, code: &str) -> bool {
    let count = it.world.issuer("X").heard_count();
    let mut heard = (0..count).rev().map(|place| it.world.issuer("X").heard_at(place));
    let Some(reversal) = heard.find(|text| text.class() == 4) else { return false };
    it.is_open() && says(it, answer(&reversal, code))
}

/// What A sends is granted, if somebody asks.
fn sends(it: &mut Meeting, text: Text) -> bool {
    it.world.acquirer("A").sends(text.with(37, "632514000101").with(32, "77334000001"));
    if it.question.is_some()
        && let Some((worker, slot)) = it.world.take_question()
    {
        it.world.reply(worker, slot, Reply::Granted);
    }
    true
}

fn says(it: &mut Meeting, text: Text) -> bool {
    it.world.issuer("X").sends(text);
    true
}

fn answers(it: &mut Meeting, code: &str) -> bool {
    let text = answer(it.forwarded.as_ref().unwrap(), code);
    says(it, text)
}

fn replies(it: &mut Meeting, reply: Reply) -> bool {
    let (worker, slot) = it.question.unwrap();
    it.world.reply(worker, slot, reply);
    true
}

fn passes(it: &mut Meeting, seconds: u64) -> bool {
    it.world.passes_secs(seconds);
    true
}

/// How many there are in which state, and where what is stored of them stands.
fn standing(it: &mut Meeting) -> String {
    let (used, deciding, resting) = it.world.occupancy();
    let counts =
        [(deciding, "deciding"), (used - deciding - resting, "in flight"), (resting, "resting")];
    let words = counts.into_iter().filter(|(count, _)| *count > 0);
    let mut words: Vec<String> = words.map(|(count, word)| format!("{count} {word}")).collect();
    words.extend(it.world.cores[0].saf_items().map(|item| format!("{:?}", item.stage)));
    if it.world.cores[0].doubtful() > 0 {
        words.push("in doubt".to_string());
    }
    if words.is_empty() { "over".to_string() } else { words.join(", ") }
}
