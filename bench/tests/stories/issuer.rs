//! The issuer, asked by hand.

use std::time::Duration;

use bench::issuer::{ActionCode, Late, Options, Summary};

use crate::world::{HERE, Line, Said, ascii, ascii4, honest_issuer, running_issuer, sale};

#[test]
fn a_sale_is_approved_with_its_own_fields_and_a_code() {
    let issuer = running_issuer(&honest_issuer());
    let mut acquirer = Line::to(issuer.address);
    acquirer.says(&sale("000101").with(14, "2812").with(24, "200").with(59, "as it was"));
    let expected = Said { mti: codec::Mti::of(0x1210), ..sale("000101") }
        .with(38, "000101")
        .with(39, "000")
        .with(59, "as it was");
    assert_eq!(acquirer.hears(), expected);
    let summary = issuer.ends();
    assert_eq!((summary.requests, summary.approved, summary.approved_amount), (1, 1, 12_800));
}

#[test]
fn a_decline_has_no_approval_code() {
    let action = ActionCode::new("116").unwrap();
    let issuer = running_issuer(&Options { action, ..honest_issuer() });
    let mut acquirer = Line::to(issuer.address);
    acquirer.says(&sale("000101"));
    let answer = acquirer.hears();
    assert_eq!((answer.field(39), answer.field(38)), ("116", ""));
    let summary = issuer.ends();
    assert_eq!((summary.declined, summary.approved, summary.approved_amount), (1, 0, 0));
}

#[test]
fn each_kind_of_message_gets_its_kind_of_answer() {
    let issuer = running_issuer(&honest_issuer());
    let mut acquirer = Line::to(issuer.address);
    for (request, answer, action) in [
        (0x1100, 0x1110, "000"),
        (0x1101, 0x1110, "000"),
        (0x1200, 0x1210, "000"),
        (0x1120, 0x1130, "000"),
        (0x1221, 0x1230, "000"),
        (0x1420, 0x1430, "400"),
        (0x1421, 0x1430, "400"),
        (0x1804, 0x1814, "800"),
    ] {
        acquirer.says(&Said { mti: codec::Mti::of(request), ..sale("000101") });
        let heard = acquirer.hears();
        assert_eq!((heard.mti.bcd(), heard.field(39)), (answer, action), "{request:04x}");
    }
    let expected = Summary {
        requests: 3,
        repeats: 1,
        approved: 3,
        approved_amount: 3 * 12_800,
        advices: 2,
        reversals: 2,
        reversed_amount: 2 * 12_800,
        sent_again: 2,
        network: 1,
        answers: 8,
        links: 1,
        ..Summary::default()
    };
    assert_eq!(issuer.ends(), expected);
}

#[test]
fn answers_notifications_and_unknown_types_are_not_answered() {
    let issuer = running_issuer(&honest_issuer());
    let mut acquirer = Line::to(issuer.address);
    for mti in [0x1210, 0x1240, 0x1304] {
        acquirer.says(&Said { mti: codec::Mti::of(mti), ..sale("000101") });
    }
    acquirer.says(&sale("000102"));
    assert_eq!(acquirer.hears().field(11), "000102");
    assert_eq!(issuer.ends().ignored, 3);
}

#[test]
fn every_third_request_stays_without_an_answer() {
    let issuer = running_issuer(&Options { drop_every: Some(3), ..honest_issuer() });
    let mut acquirer = Line::to(issuer.address);
    for stan in 1..=7 {
        acquirer.says(&sale(&format!("{stan:06}")));
    }
    let heard: Vec<_> = (0..5).map(|_| acquirer.hears().field(11).to_owned()).collect();
    assert_eq!(heard, ["000001", "000002", "000004", "000005", "000007"]);
    let summary = issuer.ends();
    assert_eq!((summary.requests, summary.dropped, summary.approved), (7, 2, 5));
}

#[test]
fn a_late_answer_comes_after_those_of_later_requests() {
    let late = Late { every: 2, by: Duration::from_millis(200) };
    let issuer = running_issuer(&Options { late: Some(late), ..honest_issuer() });
    let mut acquirer = Line::to(issuer.address);
    for stan in ["000001", "000002", "000003"] {
        acquirer.says(&sale(stan));
    }
    let heard: Vec<_> = (0..3).map(|_| acquirer.hears().field(11).to_owned()).collect();
    assert_eq!(heard, ["000001", "000003", "000002"]);
    assert_eq!(issuer.ends().late, 1);
}

#[test]
fn a_delay_holds_answers_back_in_order_but_not_an_echo() {
    let issuer = running_issuer(&Options { delay: Duration::from_millis(200), ..honest_issuer() });
    let mut acquirer = Line::to(issuer.address);
    for (mti, stan) in [(0x1200, "000001"), (0x1420, "000002"), (0x1804, "000003")] {
        acquirer.says(&Said { mti: codec::Mti::of(mti), ..sale(stan) });
    }
    let heard: Vec<_> = (0..3).map(|_| acquirer.hears().field(11).to_owned()).collect();
    assert_eq!(heard, ["000003", "000001", "000002"]);
    issuer.ends();
}

#[test]
fn a_malformed_message_is_counted_and_the_next_one_answered() {
    let issuer = running_issuer(&honest_issuer());
    let mut acquirer = Line::to(issuer.address);
    acquirer.says_bytes(b"00041200");
    acquirer.says_bytes(b"0000");
    acquirer.says(&sale("000001"));
    assert_eq!(acquirer.hears().field(11), "000001");
    acquirer.says_bytes(b"what?");
    assert!(acquirer.hears_the_end());
    assert_eq!(issuer.ends().malformed, 2);
}

#[test]
fn it_listens_at_every_address_it_was_given_and_ends_by_itself() {
    let options = Options {
        duration: Some(Duration::ZERO),
        ..Options::new(vec![HERE, HERE], ascii(), ascii4())
    };
    let issuer = bench::issuer::Issuer::open(&options).unwrap();
    let addresses = issuer.addresses();
    assert_ne!(addresses[0].port(), addresses[1].port());
    for address in addresses {
        drop(Line::to(*address));
    }
    let stop = std::sync::atomic::AtomicBool::new(false);
    assert_eq!(issuer.run(&stop, &mut |_| ()).unwrap().requests, 0);
}

#[test]
fn every_second_answer_is_given_twice() {
    let issuer = running_issuer(&Options { double_every: Some(2), ..honest_issuer() });
    let mut acquirer = Line::to(issuer.address);
    for stan in 1..=3 {
        acquirer.says(&sale(&format!("{stan:06}")));
    }
    let heard: Vec<_> = (0..4).map(|_| acquirer.hears().field(11).to_owned()).collect();
    assert_eq!(heard, ["000001", "000002", "000002", "000003"]);
    let summary = issuer.ends();
    assert_eq!((summary.doubled, summary.approved, summary.answers), (1, 3, 4));
}

#[test]
fn every_third_advice_or_reversal_is_taken_and_stays_without_an_answer() {
    let issuer = running_issuer(&Options { deaf_every: Some(3), ..honest_issuer() });
    let mut acquirer = Line::to(issuer.address);
    for (mti, stan) in
        [(0x1420, "000001"), (0x1220, "000002"), (0x1420, "000003"), (0x1421, "000003")]
    {
        acquirer.says(&Said { mti: codec::Mti::of(mti), ..sale(stan) });
    }
    let heard: Vec<_> = (0..3).map(|_| acquirer.hears().field(11).to_owned()).collect();
    assert_eq!(heard, ["000001", "000002", "000003"]);
    let summary = issuer.ends();
    assert_eq!((summary.advices, summary.reversals, summary.sent_again), (1, 3, 1));
    assert_eq!((summary.unacknowledged, summary.reversed_amount), (1, 3 * 12_800));
}
