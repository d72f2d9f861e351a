//! Every framing of the program, and the TPDUs of terminals behind an access controller.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicBool;
use std::thread;

use bench::issuer;
use bench::load::{self, Options, Pace, Report};
use codec::{Affix, Framing};

use crate::world::{HERE, Said, ascii, program, running_issuer, running_relay, sale, short_load};

fn run(options: &Options) -> Report {
    load::run(options, &AtomicBool::new(false), &mut |_| ()).unwrap()
}

#[test]
fn every_framing_carries_the_same_sales_over_the_floor() {
    for name in Framing::NAMES {
        let plain = Framing::built_in(name).unwrap();
        let dressed = Framing {
            includes_self: true,
            header: Affix::new(b"ISO012").unwrap(),
            trailer: Affix::new(b"\x03").unwrap(),
            ..plain
        };
        for framing in [plain, dressed] {
            let issuer = running_issuer(&issuer::Options::new(vec![HERE], ascii(), framing));
            let relay = running_relay(framing, issuer.address);
            let two =
                Options { connections: 2, pace: Pace::Window(4), ..short_load(relay.address) };
            let report = run(&Options { framing, ..two });
            relay.ends();
            assert!(report.is_right() && report.approved == report.sent, "{name}: {report:?}");
            let summary = issuer.ends();
            assert_eq!((summary.requests, summary.malformed), (report.sent, 0), "{name}");
        }
    }
}

#[test]
fn the_program_knows_each_by_its_name_and_says_which_there_are() {
    let output = program(&["load", "--target", "127.0.0.1:1", "--framing", "nak"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("built in are bin2, bin2le, bin4, ascii4, bcd2, vml, nac"), "{said}");
    for name in Framing::NAMES {
        let free = TcpListener::bind(HERE).unwrap().local_addr().unwrap().to_string();
        let output = program(&["load", "--target", &free, "--framing", name]);
        assert_eq!(output.status.code(), Some(6), "{name} is understood, and nobody is there");
    }
}

/// One frame behind an access controller: its TPDU and its message.
fn frame_of(stream: &mut TcpStream) -> Option<([u8; 5], Vec<u8>)> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut tpdu = [0; 5];
    stream.read_exact(&mut tpdu).ok()?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length)) - 5];
    stream.read_exact(&mut message).ok()?;
    Some((tpdu, message))
}

fn framed(tpdu: [u8; 5], said: &Said) -> Vec<u8> {
    let ascii4 = said.frame();
    let message = &ascii4[4..];
    let length = u16::try_from(message.len() + 5).unwrap();
    [&length.to_be_bytes()[..], &tpdu, message].concat()
}

#[test]
fn an_issuer_answers_each_terminal_with_its_addresses_exchanged() {
    let nac = Framing::built_in("nac").unwrap();
    let issuer = running_issuer(&issuer::Options::new(vec![HERE], ascii(), nac));
    let mut acquirer = TcpStream::connect(issuer.address).unwrap();
    for (stan, tpdu) in [("000101", [0x60, 0, 3, 0, 1]), ("000102", [0x68, 0x12, 0x34, 0, 2])] {
        acquirer.write_all(&framed(tpdu, &sale(stan))).unwrap();
        let [id, to_high, to_low, from_high, from_low] = tpdu;
        let (back, _) = frame_of(&mut acquirer).unwrap();
        assert_eq!(back, [id, from_high, from_low, to_high, to_low]);
    }
    drop(acquirer);
    assert_eq!(issuer.ends().answers, 2);
}

/// A load against an issuer that does this to the TPDU of the first request.
fn told(change: impl Fn([u8; 5]) -> [u8; 5] + Send + 'static) -> Report {
    let listener = TcpListener::bind(HERE).unwrap();
    let target = listener.local_addr().unwrap();
    let liar = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut first = true;
        while let Some((tpdu, message)) = frame_of(&mut stream) {
            let [id, to_high, to_low, from_high, from_low] = tpdu;
            let honest = [id, from_high, from_low, to_high, to_low];
            let back = if std::mem::take(&mut first) { change(tpdu) } else { honest };
            stream.write_all(&framed(back, &Said::read(&message).approved())).unwrap();
        }
    });
    let nac = Framing::built_in("nac").unwrap();
    let report = run(&Options { framing: nac, ..short_load(target) });
    liar.join().unwrap();
    report
}

#[test]
fn a_tpdu_that_comes_back_otherwise_than_exchanged_is_a_wrong_answer() {
    for change in [
        |tpdu: [u8; 5]| tpdu,
        |_| [0x60, 0, 0, 0, 0xFF],
        |[id, to_high, to_low, from_high, from_low]: [u8; 5]| {
            [id ^ 1, from_high, from_low, to_high, to_low]
        },
    ] {
        let report = told(change);
        let differs = BTreeMap::from([("the TPDU differs".to_owned(), 1)]);
        assert_eq!(report.wrong, differs, "{report:?}");
    }
}
