//! The states of a transaction, and what can happen to one.

use std::time::Duration;

use switch_core::Reply;
use switch_core::plan::{Keys, StationSettings};
use switch_sim::world::{Setup, Text, acquirer, answer, issuer, sale, sign_off};

use crate::Table;
use crate::meeting::Meeting;

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
        ],
        events: vec![
            ("its repeat", |it| sends(it, sale(1).kind(0x1201).with(11, "000101"))),
            ("its repeat with another amount", |it| {
                sends(it, sale(2).kind(0x1201).with(11, "000101"))
            }),
            ("an approval", |it| answers(it, "000")),
            ("a decline", |it| answers(it, "116")),
            ("a wrong answer", |it| {
                let text = answer(it.forwarded.as_ref().unwrap(), "000");
                it.is_open() && says(it, text.with(12, "000101000000"))
            }),
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
            ("a crash", |it| {
                it.crashes();
                true
            }),
            ("a stop", |it| {
                it.world.drains();
                true
            }),
        ],
        state: standing,
    }
}

fn setup() -> Setup {
    let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
    let reconnect = (Duration::from_mins(10), Duration::from_mins(10));
    Setup::of([a, StationSettings { reconnect, ..issuer("X") }])
}

fn deciding() -> Meeting {
    let mut it = Meeting::of(setup);
    it.world.open_all();
    it.world.acquirer("A").sends(sale(1));
    it.question = it.world.take_question();
    let forwarded = sale(1).with(7, "1121052031").with(11, "000001").with(32, "77334000001");
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
    sends(&mut it, sale(1).kind(0x1201).with(11, "000101"));
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

/// How many there are in which state.
fn standing(it: &mut Meeting) -> String {
    let (used, deciding, resting) = it.world.occupancy();
    let counts =
        [(deciding, "deciding"), (used - deciding - resting, "in flight"), (resting, "resting")];
    let words = counts.into_iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = words.map(|(count, word)| format!("{count} {word}")).collect();
    if words.is_empty() { "over".to_string() } else { words.join(", ") }
}
