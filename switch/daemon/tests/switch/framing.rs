//! How messages are cut from the stream: every framing by its name, what stands around a message,
//! and the addresses of terminals behind an access controller, byte for byte.

use bench::load::Pace;
use codec::Framing;

use crate::centre::{Centre, Load};
use crate::configuration::{ASCII, BINARY, Configuration, Speech, institution};
use crate::letter::{CARDS, network, sale, sale_of};
use crate::link::{Desk, Link};
use crate::sekishod::{Sekishod, count, station};

const fn ascii(framing: &'static str) -> Speech {
    Speech { dialect: "iso93-ascii", framing }
}

const fn binary(framing: &'static str) -> Speech {
    Speech { dialect: "iso93-binary", framing }
}

#[test]
fn a_sale_crosses_from_each_framing_to_another() {
    let names = Framing::NAMES;
    let prefixes = ["3530", "4111", "4012", "5555", "3782", "3056", "6011"];
    let cards = [CARDS[0], CARDS[3], CARDS[4], CARDS[5], CARDS[6], CARDS[7], CARDS[8]];
    let desks = names.map(|name| Desk::opens(binary(name)));
    let mut configuration = Configuration::new();
    for (place, (name, desk)) in names.into_iter().zip(&desks).enumerate() {
        let issuer = format!("issuer-{name}");
        configuration = configuration
            .acquirer(&format!("merchant-{name}"), ascii(name), "")
            .issuer(&issuer, binary(name), desk.address(), "")
            .route(prefixes[place], &issuer);
    }
    let switch = Sekishod::starts(&configuration);
    let mut issuers = desks.map(|desk| desk.accepts());
    for (place, name) in (0..).zip(names) {
        let mut merchant =
            Link::connects(ascii(name), switch.address_of(&format!("merchant-{name}")));
        for further in 1..=2 {
            let issuer = (usize::try_from(place).unwrap() + further) % names.len();
            let stan = 700_000 + u32::try_from(further).unwrap();
            let asked = sale_of(place, stan).with(2, cards[issuer]);
            // Byte by byte, so that a frame may come in any pieces.
            for byte in merchant.framed(&merchant.written(&asked)) {
                merchant.sends_bytes(&[byte]).expect("the switch takes it");
            }
            let heard = issuers[issuer].hears();
            assert_eq!(heard.differs_in(&asked), [7, 11, 33], "{name} to {}", names[issuer]);
            issuers[issuer].sends(&heard.answered("000"));
            assert_eq!(merchant.hears(), asked.answered("000"), "{name}, {}", names[issuer]);
        }
    }
    assert_eq!(count(&switch.status(), "approved"), 14);
}

/// Length and TPDU of a frame.
fn front(frame: &[u8]) -> (usize, [u8; 5]) {
    let (length, rest) = frame.split_first_chunk().expect("a length");
    (u16::from_be_bytes(*length).into(), *rest.first_chunk().expect("a TPDU"))
}

#[test]
fn a_terminal_gets_whatever_answers_it_under_its_own_address() {
    let controller = ascii("nac");
    let desk = Desk::opens(binary("bcd2"));
    let configuration = Configuration::new()
        .acquirer("merchant-a", controller, "")
        .issuer("issuer-x", binary("bcd2"), desk.address(), "")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    let mut issuer = desk.accepts();
    let mut merchant = Link::connects(controller, switch.address_of("merchant-a"));
    let terminal = |number| [0x60, 0x00, 0x03, 0x12, number];
    let back = |number| [0x60, 0x12, number, 0x00, 0x03];

    // Two terminals, answered the other way round.
    for number in [1, 2] {
        let asked = merchant.written(&sale(number.into()));
        merchant.sends_under(terminal(number), &asked);
    }
    let heard = [issuer.hears(), issuer.hears()];
    for (number, heard) in [(2, &heard[1]), (1, &heard[0])] {
        issuer.sends(&heard.answered("000"));
        let (frame, answer) = merchant.hears_framed();
        assert_eq!(answer, sale(number.into()).answered("000"));
        assert_eq!(front(&frame), (frame.len() - 2, back(number)));
    }

    // What the switch says itself: no route, no sense, no trace number, and an echo.
    let no_route = merchant.written(&sale(3).with(2, CARDS[8]));
    let mut cut_short = merchant.written(&sale(4));
    cut_short.pop();
    let no_stan = merchant.written(&sale(5).without(11));
    let echo = merchant.written(&network("831", 6));
    for (number, message, mti, code) in [
        (3, no_route, 0x1210, "908"),
        (4, cut_short, 0x1210, "904"),
        (5, no_stan, 0x1644, ""),
        (6, echo, 0x1814, "800"),
    ] {
        merchant.sends_under(terminal(number), &message);
        let (frame, answer) = merchant.hears_framed();
        assert_eq!((answer.mti(), answer.code()), (mti, code));
        assert_eq!(front(&frame), (frame.len() - 2, back(number)), "{mti:04x}");
    }
}

#[test]
fn an_issuer_behind_an_access_controller_is_spoken_to_under_the_stations_own_tpdu() {
    let controller = binary("{ name = \"nac\", tpdu = \"6000031234\" }");
    let desk = Desk::opens(controller);
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", controller, desk.address(), "sign_on = \"ours\"")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    let mut issuer = desk.accepts();
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let own = [0x60, 0x00, 0x03, 0x12, 0x34];

    let (frame, sign_on) = issuer.hears_framed();
    assert_eq!((sign_on.mti(), front(&frame).1), (0x1804, own));
    issuer.sends(&sign_on.answered("800"));
    switch.says_of("issuer-x", "signed on");

    merchant.sends(&sale(1));
    let (frame, heard) = issuer.hears_framed();
    assert_eq!((heard.mti(), front(&frame)), (0x1200, (frame.len() - 2, own)));
    // Under whatever it comes: an answer is known by what it says.
    let answer = issuer.written(&heard.answered("000"));
    issuer.sends_under([0x60, 0xFF, 0xFF, 0xFF, 0xFF], &answer);
    assert_eq!(merchant.hears(), sale(1).answered("000"));

    // What the issuer asks is answered under what it asked with.
    let echo = issuer.written(&network("831", 7));
    issuer.sends_under([0x68, 0x12, 0x34, 0x00, 0x03], &echo);
    let (frame, answer) = issuer.hears_framed();
    assert_eq!((answer.mti(), front(&frame).1), (0x1814, [0x68, 0x00, 0x03, 0x12, 0x34]));
}

#[test]
fn where_the_station_wants_it_so_a_tpdu_comes_back_as_it_went() {
    let controller = ascii("{ name = \"nac\", tpdu_answer = \"same\" }");
    let desk = Desk::opens(BINARY);
    let configuration = Configuration::new()
        .acquirer("merchant-a", controller, "")
        .issuer("issuer-x", BINARY, desk.address(), "")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    let mut issuer = desk.accepts();
    let mut merchant = Link::connects(controller, switch.address_of("merchant-a"));
    let tpdu = [0x60, 0x00, 0x03, 0x12, 0x34];
    let asked = merchant.written(&sale(1));
    merchant.sends_under(tpdu, &asked);
    let heard = issuer.hears();
    issuer.sends(&heard.answered("000"));
    let (frame, answer) = merchant.hears_framed();
    assert_eq!((answer, front(&frame).1), (sale(1).answered("000"), tpdu));
}

#[test]
fn a_frame_with_no_room_for_its_tpdu_costs_the_link_and_the_log_says_why() {
    let controller = ascii("nac");
    let configuration = Configuration::new().acquirer("merchant-a", controller, "");
    let switch = Sekishod::starts(&configuration);
    let mut merchant = Link::connects(controller, switch.address_of("merchant-a"));
    merchant.sends_bytes(&[0, 0]).expect("a keep-alive");
    merchant.sends_bytes(&[0, 4, 0x60, 0, 0, 0]).expect("the switch takes it");
    merchant.is_closed();
    let line = switch.says_of("merchant-a", "no frame: link closed");
    assert!(line.to_string().contains("length 4 where the least is 5"), "{line}");
    assert_eq!(count(&switch.status(), "keep_alives"), 1);
}

#[test]
fn a_header_is_sent_as_configured_and_what_comes_in_its_place_is_not_looked_at() {
    let dressed = ascii("{ name = \"ascii4\", header = \"49534F303132\", trailer = \"03\" }");
    let configuration = Configuration::new().acquirer("merchant-a", dressed, "");
    let switch = Sekishod::starts(&configuration);
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    let echo = merchant.written(&network("831", 7));
    let answer = merchant.written(&network("831", 7).answered("800"));
    // Written by hand: the length counts the header and not the trailer.
    let framed = |header: &[u8], message: &[u8]| {
        let length = format!("{:04}", message.len() + 6);
        [length.as_bytes(), header, message, b"\x03"].concat()
    };
    merchant.sends_bytes(&framed(b"ISO999", &echo)).expect("the switch takes it");
    let expected = framed(b"ISO012", &answer);
    assert_eq!(merchant.hears_bytes(expected.len()), expected);
}

#[test]
fn loads_over_access_controllers_get_their_own_tpdus_back_from_any_worker() {
    let centres = [Centre::opens(binary("nac")), Centre::opens(ascii("vml"))];
    let cards = [CARDS[0], CARDS[3]];
    let configuration = Configuration::new()
        .workers(2)
        .acquirer("merchant-a", ascii("nac"), "")
        .acquirer("merchant-b", binary("nac"), "")
        .issuer("issuer-x", binary("nac"), centres[0].address(), "")
        .issuer("issuer-y", ascii("vml"), centres[1].address(), "")
        .route("353011", "issuer-x")
        .route("4111", "issuer-y");
    let switch = Sekishod::starts(&configuration);
    switch.says_of("issuer-x", "link open");
    switch.says_of("issuer-y", "link open");
    let loads = [("merchant-a", 0, ascii("nac")), ("merchant-b", 1, binary("nac"))];
    let loads = loads.map(|(merchant, place, speech)| {
        let target = switch.address_of(merchant);
        Load::begins(speech, target, (4, Pace::Window(4)), &cards, &institution(place))
    });
    switch.comes_to("hundreds of approvals on every way", |status| {
        let stations = ["merchant-a", "merchant-b", "issuer-x", "issuer-y"];
        stations.iter().all(|name| station(status, name).approved > 500)
    });
    for report in loads.map(Load::ends) {
        assert!(report.is_right() && report.answered == report.sent, "{report:?}");
    }
}
