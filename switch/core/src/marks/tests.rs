//! A transaction has the same marks wherever and however it is written, and nothing else has them.

use alloc::vec;
use alloc::vec::Vec;

use codec::{Fields, Mti};

use super::*;
use crate::ids::{LinkNumber, RouteId};
use crate::records::{ItemState, Passed, TakesBack};
use crate::time::Time;

const KEY: HashKey = HashKey([7; 16]);
/// A test card.
const CARD: &str = "3530111333300000";

fn dialect(name: &str) -> &'static Dialect {
    codec::built_in(name).unwrap()
}

/// A request as it is written down, with these values.
fn frame(dialect: &Dialect, mti: u16, values: &[(u8, &str)]) -> Vec<u8> {
    let fields = values.iter().fold(Fields::EMPTY, |all, &(n, _)| all.with(n));
    let mut room = vec![0; 500];
    let mut writer = codec::Writer::new(dialect, &mut room, Mti::of(mti), fields).unwrap();
    for (n, value) in values {
        writer.put_text(*n, value.as_bytes()).unwrap();
    }
    let length = writer.finish().unwrap();
    room.truncate(length);
    room
}

fn sale(inputs: &[u8]) -> Record<'_> {
    Record::Decision {
        acquirer: StationNumber(1),
        link: LinkNumber(0),
        issuer: StationNumber(2),
        mti: Mti::of(0x1100),
        route: RouteId(0),
        stan: Stan(17),
        sent_at: 0,
        arrived: Time(0),
        utc: 0,
        configuration: 1,
        key: 5 << 64 | 3,
        check: 9,
        reference: 0xABCD,
        present: Fields::EMPTY,
        inputs,
    }
}

fn marks(record: &Record<'_>, dialect: Option<&Dialect>) -> Vec<Mark> {
    let mut marks = Vec::new();
    all(record, &KEY, dialect, &mut Slots::new(), &mut |mark| marks.push(mark));
    marks.sort_unstable();
    marks
}

#[test]
fn a_sale_is_found_by_all_that_people_and_later_messages_know_of_it() {
    let values = [(2, CARD), (11, "000123"), (37, "RRN000000001")];
    let ascii = dialect("iso93-ascii");
    let inputs = frame(ascii, 0x1100, &values);
    let mut expected = vec![
        Mark::retrieval(&KEY, b" RRN000000001 ").unwrap(),
        Mark::trace(&KEY, StationNumber(2), Stan(17)),
        Mark::stan(&KEY, StationNumber(1), Stan(123)),
        Mark::card(&KEY, 3_530_111_333_300_000, 16),
        Mark { kind: Kind::Reference, hash: 0xABCD },
        Mark { kind: Kind::Key, hash: 5 },
    ];
    assert_eq!(marks(&sale(&inputs), Some(ascii)), expected);
    // In another format it says the same.
    let binary = dialect("iso93-binary");
    let packed = frame(binary, 0x1100, &values);
    assert_ne!(packed, inputs);
    assert_eq!(marks(&sale(&packed), Some(binary)), expected);
    expected.retain(|mark| matches!(mark.kind, Kind::Trace | Kind::Reference | Kind::Key));
    assert_eq!(marks(&sale(&inputs), None), expected, "a format that is not known any more");
    assert_eq!(marks(&sale(b"no message"), Some(ascii)), expected);
}

#[test]
fn what_becomes_of_it_is_found_by_our_trace_number_and_what_names_it_by_its_reference() {
    let (issuer, stan, utc) = (StationNumber(2), Stan(17), 0);
    let trace = |stan| Mark::trace(&KEY, issuer, Stan(stan));
    let reference = |hash| Mark { kind: Kind::Reference, hash };
    let mut at = Time(0);
    at.0 += 1;
    for record in [
        Record::Settlement { issuer, stan, action: 0, at, utc, answer: b"" },
        Record::Expiry { issuer, stan, at, utc },
        Record::Closed { issuer, stan, utc },
        Record::Acknowledged { issuer, stan, action: 0x400, utc },
        Record::Item { issuer, stan, state: ItemState::Parked, by: "914", utc },
    ] {
        assert_eq!(marks(&record, None), [trace(17)], "{}", record.name());
    }
    let acquirer = StationNumber(1);
    let queued = |original| Record::Queued {
        issuer,
        stan: Stan(18),
        acquirer,
        mti: Mti::of(0x1420),
        original: Stan(original),
        original_at: 0,
        takes_back: TakesBack::Whole,
        reason: 0x4021,
        utc,
        frame: b"",
    };
    let mut both = vec![trace(17), trace(18)];
    both.sort_unstable();
    assert_eq!(marks(&queued(17), None), both);
    assert_eq!(marks(&queued(0), None), [trace(18)]);
    let passed = |original| Passed {
        mti: Mti::of(0x1420),
        original: Stan(original),
        original_at: 0,
        reason: 0x4000,
        frame: b"",
    };
    let advice = |reference, original, (stan, about)| Record::Advice {
        acquirer,
        link: LinkNumber(0),
        mti: Mti::of(0x1420),
        key: 0,
        check: 0,
        reference,
        original,
        original_key: 9,
        action: 0x400,
        issuer,
        stan: Stan(stan),
        takes_back: TakesBack::Nothing,
        utc,
        passed: Some(passed(about)).filter(|_| stan != 0),
        inputs: b"",
    };
    let key = Mark { kind: Kind::Key, hash: 0 };
    assert_eq!(marks(&advice(0, 0, (0, 0)), None), [key]);
    assert_eq!(marks(&advice(3, 4, (18, 0)), None), [trace(18), reference(3), reference(4), key]);
    let all = [both[0], both[1], reference(3), reference(4), key];
    assert_eq!(marks(&advice(3, 4, (18, 17)), None), all);
    let start = Record::Start { epoch: 1, utc, build: "" };
    assert_eq!(marks(&start, None), []);
}

#[test]
fn other_stations_numbers_cards_and_keys_have_other_marks() {
    let one = Mark::stan(&KEY, StationNumber(1), Stan(123)).hash;
    for (key, station, stan) in [(KEY, 2, 123), (KEY, 1, 124), (HashKey([8; 16]), 1, 123)] {
        assert_ne!(Mark::stan(&key, StationNumber(station), Stan(stan)).hash, one);
    }
    assert_ne!(Mark::trace(&KEY, StationNumber(1), Stan(123)).hash, one);
    let card = Mark::card(&KEY, 3_530_111_333_300_000, 16);
    assert_ne!(card, Mark::card(&KEY, 3_530_111_333_300_000, 17), "with a zero in front");
    assert_eq!(Mark::retrieval(&KEY, b"  "), None);
    assert_eq!(Mark::reference(0), None);
    let numbers =
        [Kind::Retrieval, Kind::Trace, Kind::Stan, Kind::Card, Kind::Reference, Kind::Key];
    assert!(numbers.map(Kind::number).is_sorted_by(|one, next| one < next));
}
