//! `txn find` and `txn trace`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use codec::Mti;
use expect_test::expect;
use switch_core::ids::{LinkNumber, Stan, StationNumber};
use switch_core::records::{Delivery, ItemState, Record, TakesBack};
use switch_core::time::Time;

use crate::author::{Author, BEGINNING, Folder, decision, sale, sold};
use crate::{says, sekisho};

const ISSUER: StationNumber = StationNumber(1);
const REFERENCE: u64 = 0x5150 << 32;

/// A sale without an answer: its reversal is kept for the issuer, parked, released and acknowledged, and
/// the acquirer reverses it too. Numbers from 900 on.
fn story(author: &mut Author) {
    let (issuer, at, utc) = (ISSUER, Time(0), author.utc);
    let inputs = sale(800_900);
    let Record::Decision { acquirer, link, mti, route, arrived, present, .. } =
        decision(900_900, &inputs, utc)
    else {
        panic!("a request");
    };
    let stan = Stan(900_900);
    author.writes(&[Record::Decision {
        acquirer,
        link,
        issuer,
        mti,
        route,
        stan,
        sent_at: 0x0011_2105_2030,
        arrived,
        utc,
        configuration: 1,
        key: 7,
        check: 0,
        reference: REFERENCE,
        present,
        inputs: &inputs,
    }]);
    author.writes(&[
        Record::Queued {
            issuer,
            stan: Stan(900_901),
            acquirer,
            mti: Mti::new(0x1420).unwrap(),
            original: stan,
            original_at: 0x0011_2105_2030,
            takes_back: TakesBack::Whole,
            reason: 0x4021,
            utc,
            frame: b"",
        },
        Record::Expiry { issuer, stan, at, utc },
    ]);
    author.writes(&[Record::Item {
        issuer,
        stan: Stan(900_901),
        state: ItemState::Parked,
        by: "914",
        utc,
    }]);
    author.writes(&[Record::Advice {
        acquirer,
        link: LinkNumber(0),
        mti: Mti::new(0x1420).unwrap(),
        key: 8,
        check: 0,
        reference: 0,
        original: REFERENCE,
        original_key: 0,
        action: 0x400,
        issuer,
        stan: Stan(0),
        takes_back: TakesBack::Whole,
        utc,
        passed: None,
        inputs: &sale(800_902),
    }]);
}

/// How the story ends, and what has nothing to do with it but its numbers.
fn end_of_story(author: &mut Author) {
    let (issuer, at, utc) = (ISSUER, Time(0), author.utc);
    author.writes(&[
        Record::Item { issuer, stan: Stan(900_901), state: ItemState::Released, by: "ann", utc },
        Record::Acknowledged { issuer, stan: Stan(900_901), action: 0x400, utc },
        Record::Delivery { issuer, stan: Stan(900_900), how: Delivery::Unknown, utc },
    ]);
    author.writes(&[decision(900_900, &sale(77), utc)]);
    author.writes(&[Record::Expiry { issuer, stan: Stan(900_900), at, utc }]);
}

/// The story over three segments, the first two of which are full of other sales.
fn told(folder: &Folder) -> Author {
    let mut author = folder.start(BEGINNING);
    author.introduces();
    author.knows_hashes();
    author.sells();
    story(&mut author);
    author.fills_a_segment();
    end_of_story(&mut author);
    author.fills_a_segment();
    author
}

/// What the program says to this on its standard input.
fn says_to(folder: &Folder, arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let mut command = sekisho(folder, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that wants none may have ended.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

const FIND: [&str; 4] = ["txn", "find", "--dir", "journal"];

fn find(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String) {
    says(folder, &[&FIND[..], arguments].concat())
}

#[test]
fn a_transaction_is_found_by_each_of_its_numbers_and_by_its_card_masked() {
    let folder = Folder::new();
    drop(told(&folder));
    let (code, said) = find(&folder, &["--rrn", "000000800900"]);
    assert_eq!(code, Some(0), "{said}");
    expect![[r#"
        ID  AT                    MTI   ACQUIRER    ISSUER    STAN    OURS    RRN           CARD              AMOUNT        OUTCOME
        9   2026-11-21T05:20:34Z  1100  merchant-a  issuer-x  801000  900900  000000800900  353011******0000  000000002500  no answer 911, delivery unknown, reversed
    "#]].assert_eq(&said);
    let only = |arguments: &[&str]| {
        let (code, other) = find(&folder, arguments);
        assert_eq!((code, &other), (Some(0), &said), "{arguments:?}");
    };
    only(&["--stan", "801000", "--station", "merchant-a"]);
    only(&["--stan", "801000", "--rrn", "000000800900"]);
    only(&["--rrn", " 000000800900 ", "--from", "2026-11-21", "--to", "2026-11-22"]);
    let card = [&FIND[..], &["--card", "--rrn", "000000800900"]].concat();
    for number in ["3530111333300000\n", "3530 1113 3330 0000", " 3530-1113-3330-0000 \n"] {
        assert_eq!(says_to(&folder, &card, number), (Some(0), said.clone()), "{number}");
    }
    let (_, json) = find(&folder, &["--rrn", "000000800900", "-o", "json"]);
    expect![[r#"
        {"acquirer":"merchant-a","amount":"000000002500","at":"2026-11-21T05:20:34Z","card":"353011******0000","id":9,"issuer":"issuer-x","mti":"1100","our_stan":"900900","outcome":"no answer 911, delivery unknown, reversed","rrn":"000000800900","stan":"801000"}
    "#]].assert_eq(&json);
    let (_, all) =
        says_to(&folder, &[&FIND[..], &["--card", "--limit", "3"]].concat(), "3530111333300000");
    expect![[r#"
        ID  AT                    MTI   ACQUIRER    ISSUER    STAN    OURS    RRN           CARD              AMOUNT        OUTCOME
        7   2026-11-21T05:20:32Z  1100  merchant-a  issuer-x  000101  000001  000000000001  353011******0000  000000002500  approved 000
        9   2026-11-21T05:20:34Z  1100  merchant-a  issuer-x  801000  900900  000000800900  353011******0000  000000002500  no answer 911, delivery unknown, reversed
        13  2026-11-21T05:20:34Z  1420  merchant-a  -         801002  -       000000800902  353011******0000  000000002500  answered 400
        sekisho: there are more; say more of them, or --limit
    "#]].assert_eq(&all);
    assert!(!all.contains("3530111333300000") && !json.contains("3530111333300000"));
}

#[test]
fn our_own_trace_number_and_a_time_find_transactions_too() {
    let folder = Folder::new();
    drop(told(&folder));
    let (code, said) = find(&folder, &["--stan", "900900", "--station", "issuer-x"]);
    assert_eq!(code, Some(0), "{said}");
    expect![[r#"
        ID    AT                    MTI   ACQUIRER    ISSUER    STAN    OURS    RRN           CARD              AMOUNT        OUTCOME
        9     2026-11-21T05:20:34Z  1100  merchant-a  issuer-x  801000  900900  000000800900  353011******0000  000000002500  no answer 911, delivery unknown, reversed
        5017  2026-11-21T05:21:28Z  1100  merchant-a  issuer-x  000177  900900  000000000077  353011******0000  000000002500  no answer 911
    "#]].assert_eq(&said);
    let (code, said) = find(&folder, &["--to", "2026-11-21T05:20:34Z"]);
    assert_eq!(code, Some(0), "{said}");
    expect![[r#"
        ID  AT                    MTI   ACQUIRER    ISSUER    STAN    OURS    RRN           CARD              AMOUNT        OUTCOME
        7   2026-11-21T05:20:32Z  1100  merchant-a  issuer-x  000101  000001  000000000001  353011******0000  000000002500  approved 000
        9   2026-11-21T05:20:34Z  1100  merchant-a  issuer-x  801000  900900  000000800900  353011******0000  000000002500  no answer 911, delivery unknown, reversed
        13  2026-11-21T05:20:34Z  1420  merchant-a  -         801002  -       000000800902  353011******0000  000000002500  answered 400
    "#]].assert_eq(&said);
}

#[test]
fn those_of_a_station_are_found_behind_more_of_others_than_are_shown() {
    let folder = Folder::new();
    let mut author = told(&folder);
    let (number, name, dialect) = (StationNumber(2), "merchant-b", "iso93-ascii");
    author.writes(&[Record::Station { number, name, dialect }]);
    let (frame, utc) = (sale(800_950), author.utc);
    author.writes(&[Record::Advice {
        acquirer: number,
        link: LinkNumber(0),
        mti: Mti::new(0x1220).unwrap(),
        key: 9,
        check: 0,
        reference: 0,
        original: 0,
        original_key: 0,
        action: 0x900,
        issuer: number,
        stan: Stan(0),
        takes_back: TakesBack::Whole,
        utc,
        passed: None,
        inputs: &frame,
    }]);
    for more in ["", "--rrn 000000800950", "--stan 801050"] {
        let question = format!("--from 2026-11-21 --station merchant-b --limit 1 {more}");
        let question: Vec<_> = question.split_whitespace().collect();
        let (code, said) = find(&folder, &question);
        assert!(code == Some(0) && said.contains("801050"), "{question:?}: {code:?}: {said}");
        assert!(!said.contains("there are more"), "{said}");
    }
}

#[test]
fn the_life_of_a_transaction_is_told_with_both_legs() {
    let folder = Folder::new();
    let author = told(&folder);
    let (code, said) = says(&folder, &["txn", "trace", "9", "--dir", "journal"]);
    assert_eq!(code, Some(0), "{said}");
    expect![[r#"
        Transaction 9: 1100 merchant-a > issuer-x, no answer 911, delivery unknown, reversed
        card 353011******0000  amount 000000002500  RRN 000000800900  STAN 801000  ours 900900

        9           2026-11-21T05:20:34.000000Z  decision      1100 STAN 801000 from merchant-a
                                                               > 1100 STAN 900900 DE 7 1121052030 to issuer-x
        10          2026-11-21T05:20:35.000000Z  queued        1420 about STAN 900900 kept for issuer-x, reason 4021
                                                               > 1420 STAN 900901 to issuer-x, until it is acknowledged
        11          2026-11-21T05:20:35.000000Z  expiry        no answer to STAN 900900 from issuer-x in time
                                                               > a decline 911 to merchant-a
        12          2026-11-21T05:20:36.000000Z  item          STAN 900901 for issuer-x parked by 914
        13          2026-11-21T05:20:37.000000Z  advice        1420 STAN 801002 from merchant-a
                                                               > the answer 400 to merchant-a
        5014        2026-11-21T05:21:28.000000Z  item          STAN 900901 for issuer-x released by ann
        5015        2026-11-21T05:21:28.000000Z  acknowledged  STAN 900901 acknowledged by issuer-x with 400
        5016        2026-11-21T05:21:28.000000Z  delivery      whether the answer reached merchant-a is not known
    "#]].assert_eq(&said);
    let (code, said) = says(&folder, &["txn", "trace", "7", "--dir", "journal", "-o", "json"]);
    assert_eq!(code, Some(0), "{said}");
    expect![[r#"
        {"acquirer":"merchant-a","amount":"000000002500","at":"2026-11-21T05:20:32Z","card":"353011******0000","id":7,"issuer":"issuer-x","mti":"1100","our_stan":"000001","outcome":"approved 000","rrn":"000000000001","stan":"000101","steps":[{"at":"2026-11-21T05:20:32Z","fields":{"11":"000101","2":"353011******0000","37":"000000000001","4":"000000002500","41":"T0000001"},"kind":"decision","position":7,"sent":"1100 STAN 000001 DE 7 0000000000 to issuer-x","what":"1100 STAN 000101 from merchant-a","written":"2026-11-21T05:20:32.000000Z"},{"at":"2026-11-21T05:20:33Z","kind":"settlement","position":8,"sent":"the answer 000 to merchant-a","what":"answer 000 to STAN 000001 from issuer-x","written":"2026-11-21T05:20:33.000000Z"}]}
    "#]].assert_eq(&said);
    drop(author);
}

#[test]
fn archives_tell_the_same_with_an_index_without_one_and_with_a_spoilt_one() {
    let questions: [&[&str]; 3] = [
        &["txn", "find", "--dir", "journal", "--rrn", "000000800900", "-o", "json"],
        &["txn", "find", "--dir", "journal", "--stan", "900900", "-o", "json"],
        &["txn", "trace", "9", "--dir", "journal", "-o", "json"],
    ];
    let told_by = |indexed: Option<bool>, spoilt: bool| {
        let folder = Folder::new();
        let mut author = told(&folder);
        if let Some(indexed) = indexed {
            author.packs(indexed);
        }
        if spoilt {
            let path = folder.journal().join("0000000000000002.index");
            let mut bytes = fs::read(&path).unwrap();
            bytes.iter_mut().skip(4_096).step_by(4_096).for_each(|byte| *byte ^= 1);
            fs::write(&path, bytes).unwrap();
        }
        questions.map(|question| says(&folder, question))
    };
    let segments = told_by(None, false);
    assert!(segments.iter().all(|(code, _)| *code == Some(0)), "{segments:?}");
    assert_eq!(told_by(Some(true), false), segments);
    assert_eq!(told_by(Some(false), false), segments);
    assert_eq!(told_by(Some(true), true), segments);
}

#[test]
fn an_index_that_is_not_as_it_was_written_is_told_by_verify_and_is_no_damage() {
    let folder = Folder::new();
    let mut author = told(&folder);
    author.packs(true);
    let verify = ["journal", "verify", "--dir", "journal"];
    let (code, said) = says(&folder, &verify);
    assert!(code == Some(0) && said.contains("archives 2, indexes 2"), "{code:?}: {said}");
    let path = folder.journal().join("0000000000000002.index");
    let mut bytes = fs::read(&path).unwrap();
    bytes[5_000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (code, said) = says(&folder, &verify);
    assert_eq!(code, Some(0), "{said}");
    let told = "0000000000000002.index: it is not what was written\nNothing is lost";
    assert!(said.starts_with("GOOD") && said.contains(told), "{said}");
    let (code, said) = says(&folder, &[&verify[..], &["-o", "json"]].concat());
    assert!(code == Some(0) && said.contains(r#""unusable_indexes":[{"#), "{said}");
}

#[test]
fn a_time_finds_the_same_in_archives_by_their_indexes_as_in_segments() {
    let times = [
        &["--from", "2026-11-21T05:20:30Z", "--to", "2026-11-21T05:20:40Z"][..],
        &["--from", "2026-11-21T05:21:20Z"],
        &["--from", "2026-11-21T05:20:50Z", "--to", "2026-11-21T05:20:50Z"],
    ];
    let folder = Folder::new();
    let mut author = told(&folder);
    let in_segments = times.map(|time| find(&folder, time));
    assert!(in_segments.iter().all(|(code, _)| *code == Some(0)), "{in_segments:?}");
    author.packs(true);
    assert_eq!(times.map(|time| find(&folder, time)), in_segments);
}

/// What happens to a file.
type Harm = fn(&Path);

#[test]
fn what_an_archive_may_tell_that_is_gone_or_not_whole_is_not_said_to_be_nowhere() {
    let spoil: [(&str, Harm); 2] = [
        ("not whole", |path| {
            let mut bytes = fs::read(path).unwrap();
            bytes[77] ^= 1;
            fs::write(path, bytes).unwrap();
        }),
        ("gone", |path| fs::remove_file(path).unwrap()),
    ];
    for (what, spoil) in spoil {
        let folder = Folder::new();
        let mut author = told(&folder);
        author.folds();
        author.packs(true);
        spoil(&folder.journal().join("0000000000000002.archive"));
        for question in
            [&["--rrn", "X"][..], &["--rrn", "000000800900"], &["--to", "2026-11-21T05:21:28Z"]]
        {
            let (exit, said) = find(&folder, question);
            let is_said = said.contains("0000000000000002.archive is damaged");
            assert!(exit == Some(7) && is_said, "{what}, {question:?}: {exit:?}: {said}");
        }
    }
}

#[test]
fn what_is_not_there_or_not_said_right_is_told_with_its_exit_code() {
    let folder = Folder::new();
    drop(told(&folder));
    for (arguments, code, words) in [
        (&["--rrn", "X"][..], 3, "no such transaction"),
        (&["--rrn", "000000800900", "--stan", "5"], 3, "no such transaction"),
        (&["--rrn", "000000800900", "--from", "2027-01-01"], 3, "no such transaction"),
        (
            &["--stan", "5", "--station", "nobody"],
            3,
            "no station nobody is in this journal; there is merchant-a, issuer-x",
        ),
        (&[], 2, "say which"),
        (&["--from", "2026-11-22", "--to", "2026-11-21"], 2, "--to is before --from"),
        (&["--from", "yesterday"], 2, "not a time"),
        (&["--card", "3530111333300000"], 2, "unexpected argument"),
    ] {
        let (exit, said) = find(&folder, arguments);
        assert!(exit == Some(code) && said.contains(words), "{arguments:?}: {exit:?}: {said}");
    }
    for text in ["", "no card", "353011133330000x", "3530", "35301113333000003530"] {
        let (exit, said) = says_to(&folder, &[&FIND[..], &["--card"]].concat(), text);
        assert!(exit == Some(2) && said.contains("8 to 19 digits"), "{exit:?}: {said}");
        assert!(text.is_empty() || !said.contains(text), "what may be a card is not said: {said}");
    }
    for (id, code) in [("1", 3), ("999999", 3), ("0", 2), ("x", 2)] {
        let (exit, said) = says(&folder, &["txn", "trace", id, "--dir", "journal"]);
        assert_eq!(exit, Some(code), "{id}: {said}");
    }
    fs::remove_file(folder.journal().join("insecure-demo.key")).unwrap();
    assert_eq!(find(&folder, &["--rrn", "000000800900"]).0, Some(3), "no key");
    let nothing = sold();
    let (exit, said) = find(&nothing, &["--rrn", "000000000001"]);
    assert!(exit == Some(3) && said.contains("no transaction was ever written"), "{said}");
}
