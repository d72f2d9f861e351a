//! Records are read back as they were written, and what is no record is known as such.

use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

const LONG: usize = 2_048;

#[expect(clippy::too_many_lines, reason = "one of each kind")]
fn each() -> Vec<Record<'static>> {
    let (issuer, stan) = (StationNumber(3), Stan(900_001));
    let (at, utc) = (Time(u64::MAX - 1), 1_795_238_430);
    let deltas = Deltas(&[1, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
    alloc::vec![
        Record::Decision {
            acquirer: StationNumber(1),
            link: LinkNumber(70_000),
            issuer,
            mti: Mti::of(0x1200),
            route: RouteId(99_999),
            stan,
            sent_at: 0x0011_2105_2030,
            arrived: at,
            utc,
            configuration: 7,
            key: u128::MAX - 5,
            check: u64::MAX - 7,
            reference: u64::MAX - 9,
            present: Fields::of(&[2, 3, 35, 128]),
            inputs: b"1200 and so on",
        },
        Record::Settlement { issuer, stan, action: 0x116, at, utc, answer: b"1210" },
        Record::Expiry { issuer, stan, at, utc },
        Record::Unsent { issuer, stan, at, utc },
        Record::Undelivered { issuer, stan, action: 0x000, at, utc },
        Record::Closed { issuer, stan, utc },
        Record::Station { number: issuer, name: "issuer-x", dialect: "iso93-binary" },
        Record::Links { station: issuer, from: LinkNumber(70_001), count: 4 },
        Record::SignOn { station: issuer, on: true, at, utc },
        Record::Configuration { number: 2, digest: [0xA5; 32], utc },
        Record::Start { epoch: 9, utc, build: "0.1.0 (abcdef)" },
        Record::Counts { deltas },
        Record::HashKey { key: HashKey([0x5A; 16]) },
        Record::Queued {
            issuer,
            stan,
            acquirer: StationNumber(1),
            mti: Mti::of(0x1420),
            original: Stan(900_000),
            original_at: 0x0011_2105_2030,
            takes_back: TakesBack::Part(2_500),
            reason: 0x4021,
            utc,
            frame: b"1420",
        },
        Record::Acknowledged { issuer, stan, action: 0x400, utc },
        Record::Item { issuer, stan, state: ItemState::Purged, by: "ann, bo", utc },
        Record::Advice {
            acquirer: StationNumber(1),
            link: LinkNumber(70_000),
            mti: Mti::of(0x1420),
            key: u128::MAX - 6,
            check: u64::MAX - 8,
            reference: u64::MAX - 10,
            original: u64::MAX - 12,
            original_key: u64::MAX - 14,
            action: 0x400,
            issuer,
            stan,
            takes_back: TakesBack::Unseen,
            utc,
            passed: Some(Passed {
                mti: Mti::of(0x1420),
                original: Stan(900_000),
                original_at: 0x0011_2105_2030,
                reason: 0x4000,
                frame: b"1420 ours",
            }),
            inputs: b"1420",
        },
        Record::Delivery { issuer, stan, how: Delivery::Unknown, utc },
        Record::Pulse,
        Record::Command {
            uid: 1_000,
            role: 1,
            utc,
            who: "hana",
            what: "saf hold 000017",
            outcome: "done",
        },
        Record::Promotion { epoch: 10, utc, lossy: true, until: utc + 86_400 },
        Record::Handover { epoch: 11, utc },
        Record::Orphan {
            acquirer: StationNumber(1),
            mti: Mti::of(0x1201),
            stan: Stan(101),
            key: u128::MAX - 7,
            check: u64::MAX - 9,
            utc,
            rrn: "000000000017",
        },
    ]
}

fn written(record: &Record<'_>) -> Vec<u8> {
    let mut bytes = alloc::vec![0; LONG];
    let len = record.write(&mut bytes).unwrap();
    bytes.truncate(len);
    bytes
}

#[test]
fn every_record_reads_back_as_it_was_written() {
    for record in each() {
        assert_eq!(Record::read(&written(&record)), Ok(record));
    }
}

#[test]
fn no_two_records_are_of_one_kind_and_each_says_its_own() {
    for (record, kind) in each().iter().zip(1..) {
        let bytes = written(record);
        assert_eq!((bytes[0], bytes[1], record.kind()), (4, kind, kind), "{}", record.name());
    }
    let mut names: Vec<_> = each().iter().map(Record::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 23);
}

/// Bytes of a record of each kind, so that its size changes only on purpose.
#[test]
fn records_are_as_compact_as_they_are_said_to_be() {
    let lengths: Vec<usize> = each().iter().map(|record| written(record).len()).collect();
    assert_eq!(
        lengths,
        [
            98 + 14,
            28 + 4,
            24,
            24,
            26,
            16,
            26,
            12,
            21,
            46,
            29,
            14,
            18,
            44 + 4,
            18,
            18 + 7,
            84 + 18 + 9 + 4,
            17,
            2,
            18 + 4 + 15 + 4,
            23,
            14,
            43 + 12
        ]
    );
    assert!(each()[..6].iter().all(|record| written(record).len() <= HEAD_MAX + 14));
}

#[test]
fn a_record_cut_short_is_not_read_and_says_so() {
    for record in each() {
        let bytes = written(&record);
        for cut in 0..bytes.len() {
            let kind = if cut < 2 { 0 } else { record.kind() };
            assert_eq!(Record::read(&bytes[..cut]), Err(Unreadable::Short { kind }));
        }
    }
}

#[test]
fn what_follows_a_record_another_version_and_another_kind_are_told_apart() {
    for record in each() {
        let mut bytes = written(&record);
        bytes.push(0);
        let long = Err(Unreadable::Long { kind: record.kind(), left: 1 });
        assert_eq!(Record::read(&bytes), long);
        for version in [1, OLDEST - 1, VERSION + 1] {
            bytes[0] = version;
            assert_eq!(Record::read(&bytes), Err(Unreadable::Version(version)));
        }
    }
    assert_eq!(Record::read(&[VERSION, 0]), Err(Unreadable::Kind(0)));
    assert_eq!(Record::read(&[VERSION, 24]), Err(Unreadable::Kind(24)));
}

#[test]
fn a_field_that_makes_no_sense_is_named() {
    let spoiled = |kind: u8, place: usize, byte: u8| {
        let mut bytes = written(&each()[usize::from(kind) - 1]);
        bytes[place] = byte;
        Record::read(&bytes).map(|_| ())
    };
    let wrong = |kind, name| Err(Unreadable::Field { kind, name });
    assert_eq!(spoiled(1, 10, 0x0A), wrong(1, "message type"));
    assert_eq!(spoiled(1, 95, 0x80), wrong(1, "presence"));
    assert_eq!(spoiled(7, 5, 0xFF), wrong(7, "name"));
    assert_eq!(spoiled(7, 14, 0xFF), wrong(7, "dialect"));
    assert_eq!(spoiled(9, 4, 2), wrong(9, "state"));
    assert_eq!(spoiled(11, 15, 0xFF), wrong(11, "build"));
    assert_eq!(spoiled(20, 16, 0xFF), wrong(20, "name"));
    assert_eq!(spoiled(20, 21, 0xFF), wrong(20, "command"));
    assert_eq!(spoiled(20, 37, 0xFF), wrong(20, "outcome"));
    let counts = [VERSION, 12, 3, 0, 1, 2, 3];
    assert_eq!(Record::read(&counts).map(|_| ()), wrong(12, "list of counters"));
}

#[test]
fn a_record_that_does_not_fit_is_not_written() {
    for record in each() {
        let len = written(&record).len();
        for room in 0..len {
            assert_eq!(record.write(&mut alloc::vec![0; room]), None, "{}", record.name());
        }
        assert_eq!(record.write(&mut alloc::vec![0; len]), Some(len));
    }
    for (len, fits) in [(255, true), (256, false)] {
        let build = String::from_utf8(alloc::vec![b'x'; len]).unwrap();
        let record = Record::Start { epoch: 1, utc: 2, build: &build };
        assert_eq!(record.write(&mut [0; 512]).is_some(), fits);
    }
}

#[test]
fn a_frame_can_be_written_where_it_is_to_stand() {
    for mut record in each() {
        let whole = record;
        let (Record::Decision { inputs: frame, .. }
        | Record::Settlement { answer: frame, .. }
        | Record::Queued { frame, .. }
        | Record::Advice { inputs: frame, .. }) = &mut record
        else {
            continue;
        };
        let frame = core::mem::take(frame);
        let mut out = alloc::vec![0xFF; LONG];
        let len = record.write_with(&mut out, |to| {
            to[..frame.len()].copy_from_slice(frame);
            Ok::<_, ()>(frame.len())
        });
        assert_eq!(Record::read(&out[..len.unwrap()]), Ok(whole));
        assert_eq!(record.write_with(&mut out, |_| Err("no")), Err("no"));
    }
}

#[test]
fn counts_are_read_one_by_one() {
    let counted = [(1_u16, 5_u64), (65_535, u64::MAX), (3, 0)];
    let mut room = [0; 30];
    let deltas = Deltas::write(counted.into_iter(), &mut room).unwrap();
    assert!(deltas.iter().eq(counted) && !deltas.is_empty());
    assert_eq!(Deltas::write(counted.into_iter(), &mut [0; 29]), None);
    assert!(Deltas::default().is_empty());
}

proptest! {
    #[test]
    fn any_decision_reads_back(
        numbers in any::<(u16, u32, u16, u32, u32, u32)>(),
        digits in 0_u16..10_000,
        times in any::<(u64, u64, u64)>(),
        key in any::<u128>(),
        present in any::<u128>(),
        inputs in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let (acquirer, link, issuer, route, stan, configuration) = numbers;
        let (sent_at, arrived, utc) = times;
        let bcd = u16::try_from(crate::time::packed(digits.into())).unwrap();
        let record = Record::Decision {
            acquirer: StationNumber(acquirer),
            link: LinkNumber(link),
            issuer: StationNumber(issuer),
            mti: Mti::of(bcd),
            route: RouteId(route),
            stan: Stan(stan),
            sent_at,
            arrived: Time(arrived),
            utc,
            configuration,
            key,
            check: stan.into(),
            reference: sent_at ^ arrived,
            present: Fields::from_bits(present),
            inputs: &inputs,
        };
        let bytes = written(&record);
        prop_assert_eq!(Record::read(&bytes), Ok(record));
    }

    #[test]
    fn any_bytes_are_a_record_that_writes_them_again_or_are_refused(
        kind in 0_u8..22,
        rest in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = [&[VERSION, kind][..], &rest].concat();
        if let Ok(record) = Record::read(&bytes) {
            prop_assert_eq!(written(&record), bytes);
        }
    }
}
