//! Every state of a transaction and of a link, and what becomes of it with every event.

use std::fmt::Write as _;
use std::time::Duration;

use expect_test::{Expect, expect};
use switch_core::Reply;
use switch_core::ids::{LinkId, SlotId, WorkerId};
use switch_core::links::Phase;
use switch_core::plan::{Keys, SignOn, StationSettings};

use crate::world::{Setup, Text, World, acquirer, answer, echo, issuer, sale, sign_off, sign_on};

/// A world with one sale of A at X in some state, and what is needed to go on with it.
struct Sale {
    world: World,
    question: (WorkerId, SlotId),
    /// As the issuer has it, or would have it.
    forwarded: Text,
}

impl Sale {
    fn deciding() -> Self {
        let a = StationSettings { keys: Keys::Provider, ..acquirer("A") };
        let mut world = Setup::of([a, issuer("X")]).up();
        world.acquirer("A").sends(sale(1));
        let question = world.take_question().unwrap();
        let forwarded = sale(1)
            .with(7, "1121052031")
            .with(11, "000001")
            .with(32, "77334000001")
            .with(37, "632514000101");
        Self { world, question, forwarded }
    }

    fn in_flight() -> Self {
        let mut sale = Self::deciding();
        let (worker, slot) = sale.question;
        sale.world.reply(worker, slot, Reply::Granted);
        sale
    }

    fn in_flight_and_unsent() -> Self {
        let mut sale = Self::deciding();
        sale.world.issuer("X").stalls();
        let (worker, slot) = sale.question;
        sale.world.reply(worker, slot, Reply::Granted);
        sale
    }

    fn resting() -> Self {
        let mut sale = Self::in_flight();
        sale.world.passes_secs(10);
        sale
    }

    fn over() -> Self {
        let mut sale = Self::in_flight();
        sale.world.issuer("X").answers("000");
        sale
    }

    fn meets(&mut self, event: &str) {
        let (world, (worker, slot)) = (&mut self.world, self.question);
        match event {
            "its repeat" => world.acquirer("A").sends(sale(1).kind(0x1201).with(11, "000101")),
            "its answer" => world.issuer("X").sends(answer(&self.forwarded, "000")),
            "a wrong answer" => {
                world.issuer("X").sends(answer(&self.forwarded, "000").with(12, "000101000000"));
            }
            "reply granted" => world.reply(worker, slot, Reply::Granted),
            "reply denied" => world.reply(worker, slot, Reply::Denied),
            "2 s" => world.passes_secs(2),
            "10 s" => world.passes_secs(10),
            "70 s" => world.passes_secs(70),
            "X lost" => world.issuer("X").closes(),
            "X signs off" => world.issuer("X").sends(sign_off()),
            "A lost" => world.acquirer("A").closes(),
            "stop" => world.drains(),
            _ => panic!("{event}"),
        }
    }

    /// Where it stands; with it, perhaps, its repeat.
    fn state(&self) -> String {
        let (used, deciding, resting) = self.world.occupancy();
        let counts = [
            (deciding, "deciding"),
            (used - deciding - resting, "in flight"),
            (resting, "resting"),
        ];
        let words = counts.into_iter().flat_map(|(count, word)| (0..count).map(move |_| word));
        let words: Vec<&str> = words.collect();
        if words.is_empty() { "over".to_string() } else { words.join(" + ") }
    }
}

/// What can happen to a sale.
const SALE_EVENTS: [&str; 12] = [
    "its repeat",
    "its answer",
    "a wrong answer",
    "reply granted",
    "reply denied",
    "2 s",
    "10 s",
    "70 s",
    "X lost",
    "X signs off",
    "A lost",
    "stop",
];

#[test]
fn every_event_in_every_state_of_a_transaction() {
    type Begin = fn() -> Sale;
    let states: [(&str, Begin); 5] = [
        ("deciding", Sale::deciding),
        ("in flight", Sale::in_flight),
        ("in flight, unsent", Sale::in_flight_and_unsent),
        ("resting", Sale::resting),
        ("over", Sale::over),
    ];
    let mut table = String::new();
    for (name, begin) in states {
        writeln!(table, "{name}").unwrap();
        for event in SALE_EVENTS {
            let mut sale = begin();
            sale.world.forget();
            let before = sale.world.acquirer("A").heard_count();
            sale.meets(event);
            let after = sale.state();
            let counted = counted(&mut sale.world);
            let heard = sale.world.acquirer("A").heard_count() > before;
            let code = if heard { sale.world.acquirer("A").heard() } else { Text::new(0) };
            let line = format!("  {event:<14}: {after:<20} {:<3} {counted}", code.of(39));
            writeln!(table, "{}", line.trim_end()).unwrap();
        }
    }
    table_of_a_sale().assert_eq(&table);
}

/// State, event: new state, the code that A hears, what is counted.
fn table_of_a_sale() -> Expect {
    expect![[r#"
        deciding
          its repeat    : deciding + deciding      requests 1, parked 1
          its answer    : deciding                 unmatched_unknown 1
          a wrong answer: deciding                 unmatched_unknown 1
          reply granted : in flight                forwarded 1
          reply denied  : over                 916 refused_mac 1
          2 s           : over                 920 refused_keys_silent 1
          10 s          : over                 920 refused_keys_silent 1
          70 s          : over                 920 refused_keys_silent 1
          X lost        : deciding                 links_closed 1
          X signs off   : deciding                 sign_offs 1, network_answered 1
          A lost        : deciding                 links_closed 1
          stop          : deciding
        in flight
          its repeat    : deciding + in flight     requests 1, parked 1
          its answer    : over                 000 answered 1, approved 1
          a wrong answer: in flight                unmatched_differs 1
          reply granted : in flight                replies_late 1
          reply denied  : in flight                replies_late 1
          2 s           : in flight
          10 s          : resting              911 refused_timed_out 1, saf_queued 1, saf_sent 1
          70 s          : over                 911 refused_timed_out 1, saf_queued 1, saf_sent 1, saf_sent_again 1, saf_in_vain 1
          X lost        : in flight                links_closed 1
          X signs off   : in flight                sign_offs 1, network_answered 1
          A lost        : in flight                links_closed 1
          stop          : in flight
        in flight, unsent
          its repeat    : deciding + in flight     requests 1, parked 1
          its answer    : over                 000 answered 1, approved 1
          a wrong answer: in flight                unmatched_differs 1
          reply granted : in flight                replies_late 1
          reply denied  : in flight                replies_late 1
          2 s           : in flight
          10 s          : over                 907 withdrawn 1, refused_unsent 1
          70 s          : over                 907 withdrawn 1, refused_unsent 1
          X lost        : over                 907 refused_unsent 1, links_closed 1
          X signs off   : in flight                sign_offs 1, network_answered 1
          A lost        : in flight                links_closed 1
          stop          : in flight
        resting
          its repeat    : deciding + resting       requests 1, parked 1
          its answer    : resting                  late 1, late_approved 1, saf_merged 1
          a wrong answer: resting                  unmatched_differs 1
          reply granted : resting                  replies_late 1
          reply denied  : resting                  replies_late 1
          2 s           : resting
          10 s          : resting                  saf_in_vain 1
          70 s          : over                     saf_sent_again 1, saf_in_vain 2
          X lost        : resting                  links_closed 1
          X signs off   : resting                  sign_offs 1, network_answered 1
          A lost        : resting                  links_closed 1
          stop          : resting                  stops 1
        over
          its repeat    : deciding                 requests 1, parked 1
          its answer    : over                     unmatched_second 1
          a wrong answer: over                     unmatched_second 1
          reply granted : over                     replies_late 1
          reply denied  : over                     replies_late 1
          2 s           : over
          10 s          : over
          70 s          : over
          X lost        : over                     links_closed 1
          X signs off   : over                     sign_offs 1, network_answered 1
          A lost        : over                     links_closed 1
          stop          : over                     stops 1
    "#]]
}

/// What was counted since the last look.
fn counted(world: &mut World) -> String {
    let told = world.transcript();
    let counts = told.lines().last().and_then(|line| line.strip_prefix("counted: "));
    let counts =
        counts.unwrap_or_default().split(", ").filter(|count| !count.starts_with("frames"));
    counts.collect::<Vec<_>>().join(", ")
}

/// The link of X.
const LINK: LinkId = LinkId(1);

fn down() -> World {
    let echo = Some(Duration::from_secs(30));
    let x = StationSettings { sign_on: SignOn::Ours, echo, ..issuer("X") };
    let mut world = Setup::of([acquirer("A"), x]).down();
    world.acquirer("A").connects();
    world.issuer("X").refuses();
    world
}

fn connecting() -> World {
    let mut world = down();
    world.passes_secs(1);
    world
}

fn open() -> World {
    let mut world = connecting();
    world.issuer("X").connects();
    world
}

fn ready() -> World {
    let mut world = open();
    world.issuer("X").answers("800");
    world
}

fn ready_with_an_echo_out() -> World {
    let mut world = ready();
    world.passes_secs(30);
    world
}

/// Gives false where that can not happen.
fn link_meets(world: &mut World, event: &str) -> bool {
    let is_open = world.network.sockets[LINK.index()].open;
    match event {
        "connected" if world.is_connecting(LINK) => {
            world.issuer("X").connects();
        }
        "not connected" if world.is_connecting(LINK) => world.issuer("X").refuses(),
        "connected" | "not connected" => return false,
        "1 s" => world.passes_secs(1),
        "31 s" => world.passes_secs(31),
        "a sale" => world.acquirer("A").sends(sale(1)),
        "stop" => world.drains(),
        _ if !is_open => return false,
        "lost" => world.issuer("X").closes(),
        "1814 800" | "1814 909" => {
            let asked = world.issuer("X").heard();
            world.issuer("X").sends(answer(&asked.kind(0x1804), event.get(5..).unwrap()));
        }
        "their 801" => world.issuer("X").sends(sign_on()),
        "their 802" => world.issuer("X").sends(sign_off()),
        "their 831" => world.issuer("X").sends(echo()),
        "keep-alive" => world.issuer("X").sends_bytes(b""),
        "not read" => {
            world.issuer("X").has_room_for(0);
            world.issuer("X").sends(echo());
        }
        _ => panic!("{event}"),
    }
    true
}

/// What can happen to a link, and what on it.
const LINK_EVENTS: [&str; 14] = [
    "connected",
    "not connected",
    "lost",
    "1814 800",
    "1814 909",
    "their 801",
    "their 802",
    "their 831",
    "keep-alive",
    "not read",
    "a sale",
    "1 s",
    "31 s",
    "stop",
];

#[test]
fn every_event_in_every_state_of_a_link() {
    type Begin = fn() -> World;
    let states: [(&str, Begin, Phase); 5] = [
        ("down", down, Phase::Down),
        ("connecting", connecting, Phase::Connecting),
        ("open, sign-on sent", open, Phase::Open),
        ("ready", ready, Phase::Ready),
        ("ready, echo sent", ready_with_an_echo_out, Phase::Ready),
    ];
    let mut table = String::new();
    for (name, begin, phase) in states {
        writeln!(table, "{name}").unwrap();
        for event in LINK_EVENTS {
            let mut world = begin();
            assert_eq!(world.cores[0].link(LINK).phase, phase);
            world.forget();
            if link_meets(&mut world, event) {
                let now = format!("{:?}", world.cores[0].link(LINK).phase);
                let line = format!("  {event:<14}: {now:<11} {}", counted(&mut world));
                writeln!(table, "{}", line.trim_end()).unwrap();
            }
        }
    }
    table_of_a_link().assert_eq(&table);
}

/// State, event: new phase, what is counted.
fn table_of_a_link() -> Expect {
    expect![[r#"
        down
          a sale        : Down        requests 1, refused_link_down 1
          1 s           : Connecting
          31 s          : Connecting
          stop          : Down        stops 1
        connecting
          connected     : Open        links_opened 1
          not connected : Down
          a sale        : Connecting  requests 1, refused_link_down 1
          1 s           : Connecting
          31 s          : Connecting
          stop          : Connecting  stops 1
        open, sign-on sent
          lost          : Down        links_closed 1
          1814 800      : Ready       sign_ons 1
          1814 909      : Down        links_closed 1
          their 801     : Open        sign_ons 1, network_answered 1
          their 802     : Open        sign_offs 1, network_answered 1
          their 831     : Open        network_answered 1
          keep-alive    : Open        keep_alives 1
          not read      : Down        links_closed 1, network_answered 1
          a sale        : Open        requests 1, refused_signed_off 1
          1 s           : Open
          31 s          : Connecting  links_closed 1
          stop          : Open        stops 1
        ready
          lost          : Down        links_closed 1
          1814 800      : Ready       unmatched_unknown 1
          1814 909      : Ready       unmatched_unknown 1
          their 801     : Ready       sign_ons 1, network_answered 1
          their 802     : Ready       sign_offs 1, network_answered 1
          their 831     : Ready       network_answered 1
          keep-alive    : Ready       keep_alives 1
          not read      : Down        links_closed 1, network_answered 1
          a sale        : Ready       requests 1, forwarded 1
          1 s           : Ready
          31 s          : Ready       echo_sent 1
          stop          : Ready
        ready, echo sent
          lost          : Down        links_closed 1
          1814 800      : Ready
          1814 909      : Ready
          their 801     : Ready       sign_ons 1, network_answered 1
          their 802     : Ready       sign_offs 1, network_answered 1
          their 831     : Ready       network_answered 1
          keep-alive    : Ready       keep_alives 1
          not read      : Down        links_closed 1, network_answered 1
          a sale        : Ready       requests 1, forwarded 1
          1 s           : Ready
          31 s          : Connecting  links_closed 1, echo_sent 2, echo_missed 3
          stop          : Ready
    "#]]
}
