//! Which requests are one and which are not. Knows no table.

use super::*;
use alloc::vec;
use alloc::vec::Vec;
use codec::{Dialect, FieldSpec, Fields, Slots, Writer};

const KEY: HashKey = HashKey(*b"0123456789abcdef");

/// A sale, with some of its fields changed or left out.
fn sale(dialect: &Dialect, mti: u16, changes: &[(u8, Option<&str>)]) -> Vec<u8> {
    let mut texts: Vec<(u8, &str)> = vec![
        (2, "3530111333300000"),
        (3, "000000"),
        (4, "000000002500"),
        (7, "1121052030"),
        (11, "000101"),
        (12, "261121142030"),
        (32, "77334000001"),
        (37, "632514000101"),
        (41, "T0000001"),
        (42, "M00000000000001"),
    ];
    for &(field, change) in changes {
        texts.retain(|(other, _)| *other != field);
        texts.extend(change.map(|text| (field, text)));
    }
    texts.sort_unstable();
    let numbers: Vec<u8> = texts.iter().map(|(field, _)| *field).collect();
    let mut out = vec![0; 2_048];
    let mut writer = Writer::new(dialect, &mut out, Mti::of(mti), Fields::of(&numbers)).unwrap();
    for (field, text) in texts {
        writer.put_text(field, text.as_bytes()).unwrap();
    }
    let len = writer.finish().unwrap();
    out.truncate(len);
    out
}

fn key_of(dialect: &Dialect, station: u16, frame: &[u8]) -> u128 {
    let mut slots = Slots::new();
    dialect.decode(frame, &mut slots).unwrap();
    KEY.key(StationNumber(station), &slots.message(dialect, frame))
}

fn identity_in(dialect: &str, station: u16, mti: u16, changes: &[(u8, Option<&str>)]) -> Identity {
    let dialect = codec::built_in(dialect).unwrap();
    let frame = sale(dialect, mti, changes);
    let mut slots = Slots::new();
    dialect.decode(&frame, &mut slots).unwrap();
    let message = slots.message(dialect, &frame);
    let pan = message.pan().unwrap().unwrap();
    let key = KEY.key(StationNumber(station), &message);
    Identity { key, check: KEY.check(key, &message, pan) }
}

fn identity(changes: &[(u8, Option<&str>)]) -> Identity {
    identity_in("iso93-ascii", 0, 0x1200, changes)
}

#[test]
fn a_repeat_is_the_same_request_whatever_may_differ() {
    let first = identity(&[]);
    assert_eq!(identity_in("iso93-ascii", 0, 0x1201, &[]), first);
    assert_eq!(identity(&[(7, Some("1121052199"))]), first);
    assert_eq!(identity(&[(3, None)]), first);
}

#[test]
fn every_field_of_the_key_makes_another_request() {
    let first = identity(&[]);
    let mut seen = vec![first.key];
    for (field, other) in [
        (11, "000102"),
        (12, "261121142031"),
        (32, "77334000002"),
        (37, "632514000102"),
        (41, "T0000002"),
        (42, "M00000000000002"),
    ] {
        seen.push(identity(&[(field, Some(other))]).key);
        seen.push(identity(&[(field, None)]).key);
    }
    // The sale has none.
    seen.push(identity(&[(13, Some("2611"))]).key);
    seen.push(identity_in("iso93-ascii", 1, 0x1200, &[]).key);
    seen.push(identity_in("iso93-ascii", 0, 0x1100, &[]).key);
    seen.sort_unstable();
    assert!(seen.windows(2).all(|two| two[0] != two[1]));
}

#[test]
fn in_1987_the_same_time_on_another_day_is_another_request() {
    let on = |day| identity_in("iso87-ascii", 0, 0x0200, &[(12, Some("142030")), (13, Some(day))]);
    assert_ne!(on("1121").key, on("1122").key);
}

#[test]
fn amount_and_card_are_checked_and_make_no_other_request() {
    let first = identity(&[]);
    for changes in [(2, Some("4111111111111111")), (4, Some("000000002501")), (4, None)] {
        let other = identity(&[changes]);
        assert_eq!(other.key, first.key);
        assert_ne!(other.check, first.check, "{changes:?}");
    }
}

#[test]
fn a_request_is_the_same_in_characters_and_in_packed_digits() {
    assert_eq!(identity_in("iso93-binary", 0, 0x1200, &[]), identity(&[]));
}

#[test]
fn a_field_of_no_length_counts_as_one_that_is_missing() {
    assert_eq!(identity(&[(32, Some(""))]), identity(&[(32, None)]));
}

#[test]
fn values_of_any_length_are_hashed_whole() {
    let long = FieldSpec::text(300).var(3);
    let whole = codec::built_in("iso93-ascii").unwrap();
    let rows: Vec<_> = whole
        .fields()
        .iter()
        .map(|field| {
            (
                field,
                if KEY_FIELDS[2..].contains(&field) { long } else { whole.field(field).unwrap() },
            )
        })
        .collect();
    let dialect =
        Dialect::new("long", whole.version(), whole.mti_form(), whole.bitmap_form(), &rows);
    let dialect = dialect.unwrap();
    let key = |field: u8, value: &str| {
        let longest = "z".repeat(300);
        let mut changes: Vec<_> =
            KEY_FIELDS[2..].iter().map(|&n| (n, Some(longest.as_str()))).collect();
        changes.push((field, Some(value)));
        key_of(&dialect, 0, &sale(&dialect, 0x1200, &changes))
    };
    let mut keys: Vec<u128> = Vec::new();
    for len in [23, 24, 25, 26, 299, 300] {
        let mut text = "y".repeat(len);
        keys.push(key(42, &text));
        text.replace_range(len - 1.., "x");
        keys.push(key(42, &text));
        keys.push(key(37, &text));
    }
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn debug_does_not_show_the_key() {
    assert_eq!(alloc::format!("{KEY:?}"), "HashKey");
}
