//! Load and issuer in a dialect of 1987: its fields and its codes.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc;

use bench::issuer::{self, ActionCode, Summary};
use bench::load::{self, Options, Pace};
use codec::{Framing, Mti, Version};

use crate::world::{
    HERE, Line, Said, ascii_87, ascii4, issuer_that, program, running_issuer, sale_87, short_load,
};

fn honest_issuer() -> issuer::Options {
    issuer::Options::new(vec![HERE], ascii_87(), ascii4())
}

fn load_of_1987(target: std::net::SocketAddr) -> Options {
    let usual = Options::new(target, ascii_87(), ascii4());
    Options { dialect: usual.dialect, mti: usual.mti, ..short_load(target) }
}

fn run(options: &Options) -> load::Report {
    load::run(options, &AtomicBool::new(false), &mut |_| ()).unwrap()
}

#[test]
fn a_sale_of_1987_has_the_fields_of_its_edition() {
    let (tell, told) = mpsc::channel();
    let target = issuer_that(move |_, request| {
        let _the_story_may_be_over = tell.send(request.clone());
        let answer = Said { mti: request.mti.answer().unwrap(), ..request.clone() };
        Some(answer.without(14).without(18).without(22).without(25).with(39, "00").frame())
    });
    let report = run(&load_of_1987(target));
    assert!(report.is_right() && report.approved == report.sent, "{report:?}");
    let sale = told.recv().unwrap();
    assert_eq!(sale.mti, Mti::of(0x0200));
    let fields: Vec<u8> = sale.fields.keys().copied().collect();
    assert_eq!(fields, [2, 3, 4, 7, 11, 12, 13, 14, 18, 22, 25, 32, 37, 41, 42, 49]);
    let japan = (sale.field(13), sale.field(12));
    assert!(japan.0.len() == 4 && japan.1.len() == 6, "{japan:?}");
    // Japan is nine hours ahead of DE 7, so that the minutes agree.
    assert_eq!(sale.field(7).as_bytes()[6..], japan.1.as_bytes()[2..]);
}

#[test]
fn load_and_issuer_of_1987_count_the_same_in_ascii_and_in_bcd() {
    for (dialect, framing) in [("iso87-ascii", "ascii4"), ("iso87-binary", "bin2")] {
        let dialect = codec::built_in(dialect).unwrap();
        let framing = Framing::built_in(framing).unwrap();
        let issuer = running_issuer(&issuer::Options::new(vec![HERE], dialect, framing));
        for mti in [0x0100, 0x0200] {
            let options = Options {
                dialect,
                framing,
                mti: Mti::of(mti),
                pace: Pace::Window(8),
                ..short_load(issuer.address)
            };
            let report = run(&options);
            assert!(report.is_right() && report.sent > 0, "{report:?}");
            assert_eq!(report.actions.get("00"), Some(&report.sent));
        }
        let summary = issuer.ends();
        assert_eq!((summary.approved, summary.declined), (summary.requests, 0));
    }
}

#[test]
fn declines_of_1987_are_counted_by_their_two_characters() {
    for code in ["51", "N7"] {
        let action = ActionCode::new(code).unwrap();
        let issuer = running_issuer(&issuer::Options { action, ..honest_issuer() });
        let report = run(&load_of_1987(issuer.address));
        assert!(report.is_right(), "a decline is an answer");
        assert_eq!((report.approved, report.declined), (0, report.sent));
        assert_eq!(report.actions.get(code), Some(&report.sent));
    }
}

#[test]
fn an_answer_with_another_date_differs() {
    let target = issuer_that(|_, request| {
        let answer = Said { mti: request.mti.answer().unwrap(), ..request.clone() };
        Some(answer.with(13, "0000").with(39, "00").frame())
    });
    let report = run(&load_of_1987(target));
    assert!(report.mismatched > 0 && report.wrong.contains_key("DE 13 differs"), "{report:?}");
}

#[test]
fn each_kind_of_message_of_1987_gets_its_kind_of_answer_with_00() {
    let issuer = running_issuer(&honest_issuer());
    let mut acquirer = Line::to(issuer.address);
    for (request, answer) in
        [(0x0100, 0x0110), (0x0201, 0x0210), (0x0220, 0x0230), (0x0400, 0x0410), (0x0421, 0x0430)]
    {
        acquirer.says(&Said { mti: Mti::of(request), ..sale_87("000101") });
        let heard = acquirer.hears();
        assert_eq!((heard.mti.bcd(), heard.field(39)), (answer, "00"), "{request:04x}");
    }
    acquirer.says(&Said::new(0x0800, &[(7, "1121052030"), (11, "000102"), (70, "301")]));
    let echo = [(7, "1121052030"), (11, "000102"), (39, "00"), (70, "301")];
    assert_eq!(acquirer.hears(), Said::new(0x0810, &echo));
    let expected = Summary {
        requests: 2,
        repeats: 1,
        approved: 2,
        approved_amount: 2 * 12_800,
        advices: 1,
        reversals: 2,
        sent_again: 1,
        reversed_amount: 2 * 12_800,
        network: 1,
        answers: 6,
        links: 1,
        ..Summary::default()
    };
    assert_eq!(issuer.ends(), expected);
}

#[test]
fn the_load_answers_an_0800_with_00() {
    let (tell, told) = mpsc::channel();
    let target = issuer_that(move |number, request| match request.mti.class() {
        8 => {
            let _the_story_may_be_over = tell.send(request.clone());
            Some(Vec::new())
        }
        _ if number == 1 => {
            let echo = Said::new(0x0800, &[(7, "1121052030"), (11, "999000"), (70, "301")]);
            Some([echo.frame(), request.approved().with(39, "00").frame()].concat())
        }
        _ => Some(request.approved().with(39, "00").frame()),
    });
    let report = run(&load_of_1987(target));
    assert!(report.is_right(), "{report:?}");
    let heard = told.recv().unwrap();
    assert_eq!((heard.mti.bcd(), heard.field(39), heard.field(70)), (0x0810, "00", "301"));
}

#[test]
fn a_type_or_a_code_of_the_other_edition_is_a_mistake_in_the_command() {
    for (arguments, said) in [
        (
            &["issuer", "--listen", "127.0.0.1:0", "--dialect", "iso87-ascii", "--action", "116"],
            "two characters",
        ),
        (
            &["issuer", "--listen", "127.0.0.1:0", "--dialect", "iso93-ascii", "--action", "51"],
            "three digits",
        ),
        (
            &["load", "--target", "127.0.0.1:1", "--dialect", "iso87-ascii", "--mti", "1200"],
            "in the dialect's edition",
        ),
        (
            &["load", "--target", "127.0.0.1:1", "--dialect", "iso93-ascii", "--mti", "0200"],
            "in the dialect's edition",
        ),
    ] {
        let output = program(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains(said), "{arguments:?}: {errors}");
    }
    assert_eq!(ActionCode::approved(Version::Iso1987).to_string(), "00");
}
