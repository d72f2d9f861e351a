//! The states of a message that is stored for an issuer, the reversal of what timed out, and what can
//! happen to it.

use std::time::Duration;

use switch_core::plan::{Acquiring, SecondReversal, StationSettings};
use switch_core::saf::operating::Command;
use switch_sim::world::{
    Setup, Text, acquirer, answer, issuer, network, reversal, sale, sign_off, sign_on,
};

use crate::Table;
use crate::meeting::Meeting;

pub(crate) fn table() -> Table {
    Table {
        title: "A stored message",
        then: "stage, sends, in vain",
        states: vec![
            ("not sent yet, as X is signed off", waiting),
            ("sent", sent),
            ("sent in vain", sent_in_vain),
            ("parked", parked),
            ("held", held),
            ("sent, and X pauses", pausing),
            ("sent, and X is lost", lost),
            ("sent, and its reversal waits behind it", behind),
            ("acknowledged", acknowledged),
        ],
        events: vec![
            ("1430 400", |it| acknowledges(it, "400")),
            ("1430 480", |it| acknowledges(it, "480")),
            ("1430 909", |it| acknowledges(it, "909")),
            ("1430 914", |it| acknowledges(it, "914")),
            ("the late approval", |it| {
                let late = answer(it.forwarded.as_ref().unwrap(), "000");
                says(it, late)
            }),
            ("the 1420 of A", |it| {
                it.world.acquirer("A").sends(reversal(&first(), "4000").with(11, "000109"));
                true
            }),
            ("10 s", |it| passes(it, 10)),
            ("60 s", |it| passes(it, 60)),
            ("10 min", |it| passes(it, 600)),
            ("801", |it| says(it, sign_on())),
            ("802", |it| says(it, sign_off())),
            ("803", |it| says(it, network(803))),
            ("X is lost", |it| {
                let is_open = it.is_open();
                if is_open {
                    it.world.issuer("X").closes();
                }
                is_open
            }),
            ("somebody holds it", |it| commands(it, Command::Hold { by: "sato" })),
            ("somebody releases it", |it| commands(it, Command::Release { by: "sato" })),
            ("one gives it up", |it| commands(it, Command::Purge { by: ["sato", "sato"] })),
            ("two give it up", |it| commands(it, Command::Purge { by: ["sato", "suzuki"] })),
            ("X is named no more", |it| {
                it.retires("X");
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
    let second_reversal = SecondReversal::Repeated;
    let acquiring = Acquiring { second_reversal, ..Acquiring::default() };
    let reconnect = (Duration::from_hours(10), Duration::from_hours(10));
    let a = StationSettings { acquiring, ..acquirer("A") };
    Setup::of([a, StationSettings { reconnect, ..issuer("X") }])
}

/// The sale that is reversed, as A sent it.
fn first() -> Text {
    sale(100).with(11, "000101").with(32, "77334000001").with(37, "632514000101")
}

/// A sale, and nobody answers it.
fn asked() -> Meeting {
    let mut it = Meeting::of(setup);
    it.world.open_all();
    it.world.acquirer("A").sends(first());
    it.forwarded = Some(it.world.issuer("X").heard());
    it
}

fn waiting() -> Meeting {
    let mut it = asked();
    it.world.issuer("X").sends(sign_off());
    passes(&mut it, 10);
    it
}

fn sent() -> Meeting {
    let mut it = asked();
    passes(&mut it, 10);
    it
}

fn sent_in_vain() -> Meeting {
    let mut it = sent();
    passes(&mut it, 10);
    it
}

fn parked() -> Meeting {
    let mut it = sent();
    acknowledges(&mut it, "914");
    it
}

fn held() -> Meeting {
    let mut it = sent();
    commands(&mut it, Command::Hold { by: "suzuki" });
    it
}

fn pausing() -> Meeting {
    let mut it = sent();
    it.world.issuer("X").sends(network(803));
    it
}

fn lost() -> Meeting {
    let mut it = sent();
    it.world.issuer("X").closes();
    it
}

/// An advice, and its reversal behind it.
fn behind() -> Meeting {
    let mut it = Meeting::of(setup);
    it.world.open_all();
    let advice = first().kind(0x1220).with(25, "1004");
    it.world.acquirer("A").sends(advice.clone());
    it.forwarded = Some(it.world.issuer("X").heard());
    it.world.acquirer("A").sends(reversal(&advice, "4000").with(11, "000108"));
    it
}

fn acknowledged() -> Meeting {
    let mut it = sent();
    acknowledges(&mut it, "400");
    it
}

/// X says what it thinks of the last one that it heard.
fn acknowledges(it: &mut Meeting, code: &str) -> bool {
    let count = it.world.issuer("X").heard_count();
    let mut heard = (0..count).rev().map(|place| it.world.issuer("X").heard_at(place));
    let stored = |text: &Text| [0x1220, 0x1420, 0x1421].contains(&text.mti);
    let Some(message) = heard.find(stored) else { return false };
    says(it, answer(&message, code))
}

fn commands(it: &mut Meeting, command: Command<'_>) -> bool {
    let first = it.world.cores[0].saf_items().next().map(|item| item.stan.0);
    first.is_some_and(|stan| {
        // What is not obeyed changes nothing, and is printed so.
        let _obeyed = it.world.commands("X", stan, command);
        true
    })
}

fn says(it: &mut Meeting, text: Text) -> bool {
    let is_open = it.is_open();
    if is_open {
        it.world.issuer("X").sends(text);
    }
    is_open
}

fn passes(it: &mut Meeting, seconds: u64) -> bool {
    it.world.passes_secs(seconds);
    true
}

/// Where each stands, how often it was sent, and how often in vain.
fn standing(it: &mut Meeting) -> String {
    let items = it.world.cores[0].saf_items();
    let words = items.map(|item| format!("{:?} {} {}", item.stage, item.sends, item.failures));
    let words: Vec<String> = words.collect();
    if words.is_empty() { "done".to_string() } else { words.join(", ") }
}
