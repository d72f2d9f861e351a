//! Stations of 1987: sales, reversals, network management and refusals in the fields and codes of that
//! edition.

use bench::load::Pace;
use daemon::status::LinkState;

use crate::centre::{Centre, Load};
use crate::configuration::{ASCII_87, BINARY_87, Configuration, OURS, Speech, institution};
use crate::letter::{CARDS, Letter, network_87, reversal_87, sale_87};
use crate::link::{Desk, Link};
use crate::sekishod::{Sekishod, count, station};

/// One acquirer and one issuer, each with further lines.
fn starts(desk: &Desk, acquirer: &str, issuer: &str) -> Sekishod {
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII_87, acquirer)
        .issuer("issuer-x", BINARY_87, desk.address(), issuer)
        .route("353011", "issuer-x");
    Sekishod::starts(&configuration)
}

/// The same where both links are ready.
fn serves(issuer: &str) -> (Sekishod, Link, Link) {
    let desk = Desk::opens(BINARY_87);
    let switch = starts(&desk, "", issuer);
    let issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let merchant = Link::connects(ASCII_87, switch.address_of("merchant-a"));
    (switch, merchant, issuer)
}

#[test]
fn a_sale_a_repeat_and_a_reversal_of_1987_cross_the_switch_and_come_back() {
    let (switch, mut merchant, mut issuer) = serves("");
    let sale = sale_87(700_001).with(28, "D00000150").with(35, "3530111333300000=28122010");
    let reversal = reversal_87(700_003, 700_001);
    let mut ours_of_the_sale = String::new();
    for (asked, repeat, code) in
        [(&sale, Some(0x0201), "00"), (&sale_87(700_002).kind(0x0100), None, "51")]
    {
        merchant.sends(asked);
        let heard = issuer.hears();
        assert_eq!((heard.mti(), heard.text(33)), (asked.mti(), OURS));
        assert_eq!(heard.differs_in(asked), [7, 11, 33]);
        if ours_of_the_sale.is_empty() {
            heard.text(11).clone_into(&mut ours_of_the_sale);
        }
        issuer.sends(&heard.answered(code).with(44, "MORE"));
        let answer = asked.answered(code).with(44, "MORE");
        assert_eq!(merchant.hears(), answer);
        // What a repeat gets comes from us: the issuer hears the next one of these first.
        if let Some(kind) = repeat {
            assert_eq!(merchant.asks(&asked.clone().kind(kind)), answer);
        }
    }
    let status = switch.status();
    assert_eq!((count(&status, "answered"), count(&status, "approved")), (2, 1));

    // A reversal we answer ourselves, and bring to the issuer in its own words.
    assert_eq!(merchant.asks(&reversal).code(), "00");
    let heard = issuer.hears();
    assert_eq!((heard.mti(), heard.text(33)), (0x0420, OURS));
    assert_eq!(heard.text(90).get(..10), Some(&*format!("0200{ours_of_the_sale}")));
    issuer.sends(&heard.answered("00"));
    assert_eq!(merchant.asks(&reversal.kind(0x0401)).code(), "00");
    switch.comes_to("nothing is stored", |status| {
        station(status, "issuer-x").stored.is_some_and(|stored| stored.open() == 0)
    });
}

#[test]
fn a_load_of_1987_is_answered_between_every_two_formats_and_every_count_agrees() {
    let formats = [
        ASCII_87,
        BINARY_87,
        Speech { dialect: "iso87-ascii", framing: "vml" },
        Speech { dialect: "iso87-binary", framing: "ascii4" },
    ];
    for (from, to) in [(0, 1), (1, 0), (2, 3), (3, 2)] {
        let centre = Centre::opens(formats[to]);
        let configuration = Configuration::new()
            .workers(2)
            .acquirer("merchant-a", formats[from], "")
            .issuer("issuer-x", formats[to], centre.address(), "sign_on = \"ours\"\nlinks = 2")
            .route("353011", "issuer-x");
        let switch = Sekishod::starts(&configuration);
        switch.comes_to("two links", |status| station(status, "issuer-x").links_ready == 2);
        let target = switch.address_of("merchant-a");
        let pace = (4, Pace::Window(4));
        let load = Load::begins(formats[from], target, pace, &CARDS[..2], &institution(0));
        switch.comes_to("200 answers", |status| count(status, "answered") >= 200);
        let report = load.ends();
        assert!(report.is_right() && report.approved == report.sent, "{report:?}");
        let status = switch.status();
        assert_eq!(
            (count(&status, "approved"), count(&status, "answered")),
            (report.sent, report.sent)
        );
        drop(switch);
        let summary = centre.closes();
        assert_eq!((summary.approved, summary.malformed), (report.sent, 0));
        assert!(summary.network >= 2, "each link was signed on: {summary:?}");
    }
}

#[test]
fn what_we_refuse_a_station_of_1987_is_said_in_two_characters_and_without_our_name() {
    let (switch, mut merchant, mut issuer) = serves("timeout = \"1s\"");
    for (asked, code) in [
        (sale_87(1).with(2, CARDS[3]), "15"),
        (sale_87(2).with(32, "1"), "31"),
        (sale_87(3).without(2), "30"),
        (sale_87(4).with(52, [0xAA; 8]), "96"),
        (sale_87(6).kind(0x1200), "12"),
    ] {
        assert_eq!(merchant.asks(&asked), asked.answered(code));
    }
    assert_eq!(merchant.asks(&sale_87(7)), sale_87(7).answered("68"), "no answer in time");
    assert_eq!(issuer.hears().mti(), 0x0200, "it was asked");
    let reversal = issuer.hears();
    assert_eq!(reversal.mti(), 0x0420, "and is told that nobody waits any more");
    issuer.sends(&reversal.answered("00"));
    assert_eq!(issuer.asks(&network_87("002", 1)), network_87("002", 1).answered("00"));
    assert_eq!(merchant.asks(&sale_87(8)).code(), "91", "the issuer signed off");
    let status = switch.status();
    let refused = ["no_route", "unknown_acquirer", "format", "pin", "timed_out", "signed_off"];
    for reason in refused {
        assert_eq!(count(&status, &format!("refused_{reason}")), 1, "{reason}");
    }
}

#[test]
fn a_malformed_message_of_1987_is_answered_if_its_stan_was_read_and_else_dropped() {
    let (switch, mut merchant, _issuer) = serves("");
    let mut message = merchant.written(&sale_87(1));
    let last = message.len() - 1;
    message[last] = 0x07;
    merchant.sends_message(&message);
    assert_eq!(merchant.hears(), sale_87(1).without(49).answered("30"));
    message[38] = b'x'; // in DE 3, before the STAN
    merchant.sends_message(&message);
    merchant.sends(&sale_87(2).without(11));
    let echo = network_87("301", 3);
    assert_eq!(merchant.asks(&echo), echo.answered("00"), "nothing was said to the two");
    let status = switch.status();
    assert_eq!((count(&status, "malformed_dropped"), count(&status, "refused_format")), (2, 1));
    assert_eq!(count(&status, "malformed_reported"), 0);
}

#[test]
fn sign_on_echo_and_sign_off_are_said_in_the_codes_of_the_station() {
    let desk = Desk::opens(BINARY_87);
    let theirs = "network_codes = { sign_on = \"061\", sign_off = \"062\", echo = \"270\" }";
    let issuer = format!("sign_on = \"ours\"\necho = \"1s\"\n{theirs}");
    let switch = starts(&desk, "sign_on = \"theirs\"", &issuer);
    let mut issuer = desk.accepts();
    let hears = |link: &mut Link, code: &str| -> Letter {
        let heard = link.hears();
        assert_eq!((heard.mti(), heard.text(70), heard.text(33)), (0x0800, code, OURS));
        heard
    };
    let sign_on = hears(&mut issuer, "061");
    issuer.sends(&sign_on.answered("05"));
    let line = switch.says_of("issuer-x", "our network management was refused");
    assert_eq!((&line["function"], &line["action"]), (&"801".into(), &"100".into()));
    issuer.is_closed();

    let mut issuer = desk.accepts();
    let sign_on = hears(&mut issuer, "061");
    issuer.sends(&sign_on.answered("00"));
    switch.says_of("issuer-x", "signed on");
    let mut merchant = Link::connects(ASCII_87, switch.address_of("merchant-a"));
    assert_eq!(merchant.asks(&sale_87(1)).code(), "91", "the acquirer has not signed on");
    for (code, answer) in
        [("001", "00"), ("301", "00"), ("061", "12"), ("002", "00"), ("001", "00")]
    {
        let asked = network_87(code, 2);
        assert_eq!(merchant.asks(&asked), asked.answered(answer));
    }
    let echo = hears(&mut issuer, "270");
    issuer.sends(&echo.answered("00"));
    merchant.sends(&sale_87(3));
    // Where the machine took another second there is another echo in front of it.
    loop {
        let heard = issuer.hears();
        issuer.sends(&heard.answered("00"));
        if heard.mti() == 0x0200 {
            break;
        }
    }
    assert_eq!(merchant.hears().code(), "00");
    let status = switch.status();
    assert_eq!(station(&status, "issuer-x").links[0].state, LinkState::SignedOn);
    assert_eq!((count(&status, "sign_ons"), count(&status, "sign_offs")), (3, 1));
}
