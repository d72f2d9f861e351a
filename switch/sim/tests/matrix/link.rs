//! The states of a link to an issuer with which we sign on, and what can happen to it.

use std::time::Duration;

use switch_core::plan::{SignOn, StationSettings};
use switch_sim::world::{Setup, Text, answer, echo, issuer, sale, sign_off, sign_on};

use crate::Table;
use crate::meeting::{LINK, Meeting, with};

pub(crate) fn table() -> Table {
    Table {
        title: "A link",
        then: "phase",
        states: vec![
            ("down", down),
            ("connecting", connecting),
            ("open, sign-on sent", open),
            ("ready", ready),
            ("ready, echo sent", ready_with_an_echo_out),
        ],
        events: vec![
            ("connected", |it| connects(it, true)),
            ("not connected", |it| connects(it, false)),
            ("lost", |it| {
                let is_open = it.is_open();
                if is_open {
                    it.world.issuer("X").closes();
                }
                is_open
            }),
            ("1814 800", |it| accepts(it, "800")),
            ("1814 909", |it| accepts(it, "909")),
            ("their 801", |it| says(it, sign_on())),
            ("their 802", |it| says(it, sign_off())),
            ("their 831", |it| says(it, echo())),
            ("keep-alive", |it| {
                let is_open = it.is_open();
                if is_open {
                    it.world.issuer("X").sends_bytes(b"");
                }
                is_open
            }),
            ("not read", |it| {
                let is_open = it.is_open();
                if is_open {
                    it.world.issuer("X").has_room_for(0);
                    it.world.issuer("X").sends(echo());
                }
                is_open
            }),
            ("a sale", |it| {
                it.world.acquirer("A").sends(sale(1));
                true
            }),
            ("1 s", |it| passes(it, 1)),
            ("31 s", |it| passes(it, 31)),
            ("a stop", |it| {
                it.world.drains();
                true
            }),
        ],
        state: |it| format!("{:?}", it.world.cores[0].link(LINK).phase),
    }
}

fn setup() -> Setup {
    let echo = Some(Duration::from_secs(30));
    with(StationSettings { sign_on: SignOn::Ours, echo, ..issuer("X") })
}

fn down() -> Meeting {
    let mut it = Meeting::of(setup);
    it.world.acquirer("A").connects();
    it.world.issuer("X").refuses();
    it
}

fn connecting() -> Meeting {
    let mut it = down();
    passes(&mut it, 1);
    it
}

fn open() -> Meeting {
    let mut it = connecting();
    it.world.issuer("X").connects();
    it
}

fn ready() -> Meeting {
    let mut it = open();
    it.world.issuer("X").answers("800");
    it
}

fn ready_with_an_echo_out() -> Meeting {
    let mut it = ready();
    passes(&mut it, 30);
    it
}

fn connects(it: &mut Meeting, found: bool) -> bool {
    let connecting = it.world.is_connecting(LINK);
    if connecting && found {
        it.world.issuer("X").connects();
    } else if connecting {
        it.world.issuer("X").refuses();
    }
    connecting
}

/// An answer to the last thing that it was asked.
fn accepts(it: &mut Meeting, code: &str) -> bool {
    let is_open = it.is_open();
    if is_open {
        let asked = it.world.issuer("X").heard();
        it.world.issuer("X").sends(answer(&asked.kind(0x1804), code));
    }
    is_open
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
