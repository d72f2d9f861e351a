//! The states of an issuer that signs on itself and has two links, and what can happen to it.

use switch_core::plan::{SignOn, StationSettings};
use switch_sim::world::{Setup, Text, echo, issuer, network, sale, sign_off, sign_on};

use crate::Table;
use crate::meeting::{LINK, Meeting, with};

pub(crate) fn table() -> Table {
    Table {
        title: "A station",
        then: "it is",
        states: vec![
            ("no link", unconnected),
            ("connected, and never signed on", connected),
            ("signed on", signed_on),
            ("signed on, one link of two", on_one_link),
            ("signed off", signed_off),
            ("signed on, and we stop", stopping),
        ],
        events: vec![
            ("a sale for it", |it| {
                it.world.acquirer("A").sends(sale(1));
                true
            }),
            ("its 801", |it| says(it, sign_on())),
            ("its 802", |it| says(it, sign_off())),
            ("its 803", |it| says(it, network(803))),
            ("its 831", |it| says(it, echo())),
            ("its first link is lost", |it| {
                let is_open = it.is_open();
                if is_open {
                    it.world.issuer("X").closes();
                }
                is_open
            }),
            ("all its links are lost", |it| {
                let is_open = it.is_open();
                for link in 0..2 {
                    if it.world.network.sockets[LINK.index() + usize::from(link > 0)].open {
                        it.world.issuer("X").on(link).closes();
                    }
                }
                is_open
            }),
            ("its second link is there", |it| {
                let connecting = it.world.is_connecting(switch_core::ids::LinkId(LINK.0 + 1));
                if connecting {
                    it.world.issuer("X").on(1).connects();
                }
                connecting
            }),
            ("it is named no more", |it| {
                it.retires("X");
                true
            }),
            ("it is named no more, and again", |it| {
                it.retires("X");
                it.reloads(|_| {});
                true
            }),
            ("it needs not sign on any more", |it| {
                it.reloads(|setup| setup.stations[1].sign_on = SignOn::None);
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
        state: |it| {
            format!("{:?}", it.world.cores[0].station(switch_core::ids::StationId(1)).usable())
        },
    }
}

fn setup() -> Setup {
    with(StationSettings { sign_on: SignOn::Theirs, links: 2, ..issuer("X") })
}

fn unconnected() -> Meeting {
    let mut it = Meeting::of(setup);
    it.world.acquirer("A").connects();
    it
}

fn connected() -> Meeting {
    let mut it = Meeting::of(setup);
    it.world.open_all();
    it
}

fn signed_on() -> Meeting {
    let mut it = connected();
    says(&mut it, sign_on());
    it
}

fn on_one_link() -> Meeting {
    let mut it = signed_on();
    it.world.issuer("X").on(1).closes();
    it
}

fn signed_off() -> Meeting {
    let mut it = signed_on();
    says(&mut it, sign_off());
    it
}

fn stopping() -> Meeting {
    let mut it = signed_on();
    it.world.acquirer("A").sends(sale(1));
    it.world.drains();
    it
}

fn says(it: &mut Meeting, text: Text) -> bool {
    let is_open = it.is_open();
    if is_open {
        it.world.issuer("X").sends(text);
    }
    is_open
}
