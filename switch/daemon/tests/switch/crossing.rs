//! Sales cross the switch, between any formats and any workers.

use bench::load::Pace;
use daemon::status::LinkState;

use crate::centre::{Centre, Load};
use crate::configuration::{ACME, ASCII, BINARY, Configuration, OURS, Speech, institution};
use crate::letter::{CARDS, Letter, sale, sale_of};
use crate::link::{Desk, Link};
use crate::patience::until;
use crate::sekishod::{Sekishod, count, station};

const FORMATS: [Speech; 4] = [
    ASCII,
    BINARY,
    Speech { dialect: "iso93-ascii", framing: "bin2" },
    Speech { dialect: "iso93-binary", framing: "ascii4" },
];

/// A sale with a field of every kind: odd and even digits, text, chip data, transport data.
fn full_sale(acquirer: u32, card: &str, stan: u32) -> Letter {
    let chip = [0x9F, 0x26, 0x08, 0x00, 0xFF, 0x7F, 0x80, 0x31, 0x30, 0x0A, 0x00];
    sale_of(acquirer, stan)
        .with(2, card)
        .with(43, "RAMEN ICHIBAN>TOKYO>JP                  ")
        .with(55, chip)
        .with(59, "AS SENT")
}

#[test]
fn a_sale_without_de_2_goes_where_its_track_or_chip_says_and_one_with_two_cards_nowhere() {
    let desks = [Desk::opens(BINARY), Desk::opens(ASCII)];
    let configuration = Configuration::new()
        .acquirer("merchant-0", ASCII, "")
        .issuer("issuer-x", BINARY, desks[0].address(), "")
        .issuer("issuer-y", ASCII, desks[1].address(), "")
        .route("353011", "issuer-x")
        .route("411111", "issuer-y");
    let switch = Sekishod::starts(&configuration);
    let [mut x, mut y] = desks.map(|desk| desk.accepts());
    switch.says_of("issuer-x", "link open");
    switch.says_of("issuer-y", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-0"));

    // JCB's by its stripe, Visa's by its chip (9C, and the card number in 5A).
    let (jcb, visa) = (CARDS[0], "4111111111111111");
    let chip = [0x9C, 1, 0, 0x5A, 8, 0x41, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11];
    let bare = |stan| sale_of(0, stan).without(2);
    let stripe = bare(700_001).with(35, format!("{jcb}=28122010000000000000"));
    for (asked, issuer) in [(&stripe, &mut x), (&bare(700_002).with(55, chip), &mut y)] {
        merchant.sends(asked);
        let heard = issuer.hears();
        assert_eq!(heard.differs_in(asked), [7, 11, 33]);
        issuer.sends(&heard.answered("000").with(38, "AB1234"));
        assert_eq!(merchant.hears(), asked.answered("000").with(38, "AB1234"));
    }

    let both = stripe.with(11, "700003").with(55, chip);
    assert_eq!(merchant.asks(&both), both.answered("904").with(58, OURS));
    let line = switch.says_of("merchant-0", "card numbers differ: refused with 904");
    assert_eq!((&line["one"], &line["other"]), (&"DE 35".into(), &"DE 55 tag 5A".into()));
    assert!(![jcb, visa].iter().any(|card| line.to_string().contains(card)), "{line}");
    assert_eq!(count(&switch.status(), "refused_pan_disagrees"), 1);
}

#[test]
fn another_amount_under_a_known_key_is_told_with_the_number_to_look_for() {
    let desk = Desk::opens(BINARY);
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "echo = \"off\"")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    let mut issuer = desk.accepts();
    switch.says_of("issuer-x", "link open");
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    merchant.sends(&sale(4_711));
    let heard = issuer.hears();
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears().code(), "000");
    assert_eq!(merchant.asks(&sale(4_711).with(4, "000000009999")).code(), "904");
    let line = switch.says_of(
        "merchant-a",
        "another amount or card under the key of a known request: refused with 904; ask the acquirer, \
         two sales may have one number: sekisho txn find --station STATION --stan STAN",
    );
    assert_eq!((&line["stan"], &line["alarm"]), (&4_711.into(), &true.into()), "{line}");
}

#[test]
fn a_sale_crosses_between_a_built_in_dialect_and_one_of_a_file() {
    for (from, to) in [(ASCII, ACME), (ACME, BINARY), (ACME, ACME)] {
        let desk = Desk::opens(to);
        let configuration = Configuration::new()
            .acquirer("merchant-a", from, "")
            .issuer("issuer-x", to, desk.address(), "")
            .route("353011", "issuer-x");
        let switch = Sekishod::starts(&configuration);
        let mut issuer = desk.accepts();
        switch.says_of("issuer-x", "link open");
        let mut merchant = Link::connects(from, switch.address_of("merchant-a"));
        let track = format!("{}=28122010000000000000", CARDS[0]);
        let asked = full_sale(0, CARDS[0], 700_001).with(35, track);
        merchant.sends(&asked);
        let heard = issuer.hears();
        assert_eq!(heard.differs_in(&asked), [7, 11, 33], "{from:?} to {to:?}");
        issuer.sends(&heard.answered("000").with(38, "AB1234"));
        assert_eq!(merchant.hears(), asked.answered("000").with(38, "AB1234"));
    }
}

#[test]
fn a_sale_crosses_between_every_two_formats_and_every_count_agrees() {
    let cards = [CARDS[0], CARDS[3], CARDS[5], CARDS[6]];
    let prefixes = ["353011", "4111", "55555555", "3"];
    let desks = FORMATS.map(Desk::opens);
    let mut configuration = Configuration::new();
    for (place, (speech, desk)) in FORMATS.into_iter().zip(&desks).enumerate() {
        let issuer = format!("issuer-{place}");
        configuration = configuration
            .acquirer(&format!("merchant-{place}"), speech, "")
            .issuer(&issuer, speech, desk.address(), "")
            .route(prefixes[place], &issuer);
    }
    let switch = Sekishod::starts(&configuration);
    let mut issuers = desks.map(|desk| desk.accepts());
    for (acquirer, speech) in (0..).zip(FORMATS) {
        let name = format!("merchant-{acquirer}");
        let mut merchant = Link::connects(speech, switch.address_of(&name));
        for (stan, (card, issuer)) in (700_001..).zip(cards.iter().zip(&mut issuers)) {
            let asked = full_sale(acquirer, card, stan);
            merchant.sends(&asked);

            let heard = issuer.hears();
            assert_eq!((heard.mti(), heard.text(33)), (0x1200, OURS));
            assert_eq!(heard.differs_in(&asked), [7, 11, 33], "{name} to the issuer of {card}");
            issuer.sends(&heard.answered("000").with(38, "AB1234").with(59, "AS SENT"));

            let answer = merchant.hears();
            let expected = asked.answered("000").with(38, "AB1234").with(59, "AS SENT");
            assert_eq!(answer, expected, "{name} from the issuer of {card}");
        }
        let status = switch.status();
        let shown = station(&status, &name);
        assert_eq!((shown.requests, shown.answers, shown.approved), (4, 4, 4));
        assert_eq!((shown.links_ready, shown.links[0].state), (1, LinkState::Up));
    }
    let status = switch.status();
    for (name, expected) in
        [("frames", 32), ("requests", 16), ("forwarded", 16), ("answered", 16), ("approved", 16)]
    {
        assert_eq!(count(&status, name), expected, "{name}");
    }
    // One a request, one an answer, and those that say what was counted.
    assert!(count(&status, "records_committed") >= 32);
    for place in 0..FORMATS.len() {
        let shown = station(&status, &format!("issuer-{place}"));
        assert_eq!((shown.requests, shown.answers, shown.approved), (4, 4, 4));
        assert_eq!((shown.declined, shown.timeouts, shown.in_flight), (0, 0, 0));
        assert_eq!((shown.links.len(), shown.links[0].state), (1, LinkState::Up));
        assert!(shown.p50_us.is_some() && shown.p99_us >= shown.p50_us, "{shown:?}");
    }
    assert_eq!(status.workers[0].pending, 0);
}

#[test]
fn the_issuers_own_action_code_reaches_the_acquirer() {
    let desk = Desk::opens(BINARY);
    let configuration = Configuration::new()
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desk.address(), "")
        .route("353011", "issuer-x");
    let switch = Sekishod::starts(&configuration);
    let mut issuer = desk.accepts();
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    for (stan, code) in [(1, "116"), (2, "208"), (3, "909")] {
        merchant.sends(&sale_of(0, stan));
        let heard = issuer.hears();
        issuer.sends(&heard.answered(code));
        assert_eq!(merchant.hears(), sale_of(0, stan).answered(code));
    }
    let status = switch.status();
    assert_eq!(station(&status, "issuer-x").declined, 3);
    assert_eq!((count(&status, "answered"), count(&status, "approved")), (3, 0));
}

#[test]
fn one_request_and_its_answer_wake_the_workers_that_sleep() {
    let desks = [Desk::opens(BINARY), Desk::opens(BINARY)];
    let configuration = Configuration::new()
        .workers(2)
        .acquirer("merchant-a", ASCII, "")
        .issuer("issuer-x", BINARY, desks[0].address(), "")
        .issuer("issuer-y", BINARY, desks[1].address(), "timeout = \"10m\"")
        .route("353011", "issuer-y");
    let switch = Sekishod::starts(&configuration);
    let [_, mut issuer] = desks.map(|desk| desk.accepts());
    let mut merchant = Link::connects(ASCII, switch.address_of("merchant-a"));
    // A PIN block is refused once it is known here that the issuer is there.
    let asked = sale_of(0, 700_001).with(52, [0xB1; 8]);
    until("921", || (merchant.asks(&asked).code() == "921").then_some(()));

    // From here on nothing happens but this.
    merchant.sends(&sale_of(0, 700_002));
    let heard = issuer.hears();
    issuer.sends(&heard.answered("000"));
    assert_eq!(merchant.hears(), sale_of(0, 700_002).answered("000"));
    let status = switch.status();
    let worker = |name| station(&status, name).worker;
    assert_ne!(worker("merchant-a"), worker("issuer-y"));
}

#[test]
fn requests_for_an_issuer_of_another_worker_are_carried_there_and_back() {
    let centres = [Centre::opens(BINARY), Centre::opens(ASCII)];
    let cards = [CARDS[0], CARDS[3]];
    let configuration = Configuration::new()
        .workers(2)
        .acquirer("merchant-a", ASCII, "")
        .acquirer("merchant-b", BINARY, "")
        .issuer("issuer-x", BINARY, centres[0].address(), "")
        .issuer("issuer-y", ASCII, centres[1].address(), "")
        .route("353011", "issuer-x")
        .route("4111", "issuer-y");
    let switch = Sekishod::starts(&configuration);
    switch.says_of("issuer-x", "link open");
    switch.says_of("issuer-y", "link open");
    let merchants = ["merchant-a", "merchant-b"];
    let loads = [(0_u8, ASCII), (1, BINARY)].map(|(place, speech)| {
        let target = switch.address_of(merchants[usize::from(place)]);
        let pace = (8, Pace::Window(4));
        Load::begins(speech, target, pace, &cards, &institution(place.into()))
    });
    let status = switch.comes_to("thousands of approvals on every way", |status| {
        let stations = ["merchant-a", "merchant-b", "issuer-x", "issuer-y"];
        stations.iter().all(|name| station(status, name).approved > 2_000)
    });
    let worker = |name| station(&status, name).worker;
    assert_eq!(["merchant-a", "merchant-b"].map(worker), [0, 1]);
    assert_eq!(["issuer-x", "issuer-y"].map(worker), [0, 1]);

    let reports = loads.map(Load::ends);
    for report in &reports {
        assert!(report.is_right(), "{report:?}");
        assert_eq!(report.answered, report.sent);
    }
    let status = switch.status();
    let sent = reports.iter().map(|report| report.sent).sum::<u64>();
    let approved = reports.iter().map(|report| report.approved).sum::<u64>();
    assert_eq!((count(&status, "requests"), count(&status, "approved")), (sent, approved));
    for (merchant, report) in merchants.iter().zip(&reports) {
        assert_eq!(station(&status, merchant).requests, report.sent);
        // Half of its cards are of an issuer on the other worker.
        assert!(report.approved > report.sent / 2, "{report:?}");
    }
    // Links that close are still told from worker to worker.
    switch.comes_to("empty lanes", |status| {
        let lanes = status.workers.iter().map(|worker| (worker.lanes[0].to, worker.lanes[0].used));
        lanes.eq([(1, 0), (0, 0)])
    });
}
