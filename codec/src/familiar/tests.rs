//! A message like an earlier one is judged as if it were the first, and hot layouts stay.

use super::*;
use crate::decode::decode_anew;
use crate::decode::tests::{ASCII, PACKED, TRACKS, ascii, packed, sample};
use crate::kernel::Kernels;
use crate::{DecodeError, Dialect, Slots};
use proptest::prelude::*;
use std::vec::Vec;

/// Decodes into `slots`, which have seen other messages, and holds what comes of it against
/// reading field by field and byte by byte.
fn judge(
    dialect: &Dialect,
    bytes: &[u8],
    slots: &mut Slots,
    plain: &mut Slots,
) -> Result<(), DecodeError> {
    let judged = dialect.decode(bytes, slots);
    assert_eq!(judged, decode_anew(dialect.layout(), bytes, plain), "{bytes:02X?}");
    let (message, others) = (slots.message(dialect, bytes), plain.message(dialect, bytes));
    assert_eq!((message.mti(), message.fields()), (others.mti(), others.fields()));
    for n in message.fields() {
        assert_eq!(message.span(n), others.span(n), "DE {n}");
        let units = |value: crate::Value<'_>| value.units();
        assert_eq!(message.value(n).map(units), others.value(n).map(units), "DE {n}");
    }
    judged
}

/// Messages of every class, form and prefix, each of another layout.
fn messages() -> Vec<(&'static Dialect, Vec<u8>)> {
    let built_ins = crate::built_ins().iter().map(|&dialect| (dialect, sample(dialect)));
    let all = b"0412340000003hi!C12aB0c003\x00\xFF\n0005hello   end";
    let others = [
        (&ASCII, ascii(&[2, 3, 4, 5, 6, 7, 8, 9, 66], all)),
        (&ASCII, ascii(&[3], b"000000")),
        (&ASCII, ascii(&[], b"")),
        (
            &PACKED,
            packed(
                &[2, 3, 4, 5, 6, 7],
                b"\x05\x12\x34\x50\x12\x30\x01\x23D\x01\x23\x00\x02ok\x03\x09\x99",
            ),
        ),
        (&PACKED, packed(&[6, 8, 9], b"\x00\x05hello\x02hiabc")),
        (&TRACKS, ascii(&[2, 3, 4, 5], b"031=2\x051\xD2\x3006\x01\xD2\x34\x041D23")),
    ];
    others.into_iter().chain(built_ins).collect()
}

#[test]
fn every_byte_of_a_familiar_message_is_judged_as_if_it_were_new() {
    let (mut slots, mut plain) = (Slots::new(), Slots::with(Kernels::BYTES));
    for (dialect, sound) in messages() {
        let mut bytes = sound.clone();
        for place in 0..bytes.len() {
            judge(dialect, &sound, &mut slots, &mut plain).unwrap();
            for byte in 0..=255 {
                bytes[place] = byte;
                let _judged = judge(dialect, &bytes, &mut slots, &mut plain);
            }
            bytes[place] = sound[place];
        }
    }
}

#[test]
fn the_second_message_of_a_layout_is_familiar() {
    for (dialect, bytes) in messages() {
        let (mut slots, mut plain) = (Slots::new(), Slots::with(Kernels::BYTES));
        // A pattern is sixteen bytes at least, and the key wants twenty.
        let kept = bytes.len() >= 20;
        judge(dialect, &bytes, &mut slots, &mut plain).unwrap();
        assert!(!slots.is_familiar());
        judge(dialect, &bytes, &mut slots, &mut plain).unwrap();
        assert_eq!(slots.is_familiar(), kept);
        assert!(judge(dialect, &bytes[..bytes.len() - 1], &mut slots, &mut plain).is_err());
        assert!(!slots.is_familiar());
    }
}

#[test]
fn lengths_that_change_places_are_not_taken_for_each_other() {
    let (mut slots, mut plain) = (Slots::new(), Slots::with(Kernels::BYTES));
    let one = ascii(&[2, 4], b"0412345hello");
    let other = ascii(&[2, 4], b"05123454hell");
    for _ in 0..3 {
        judge(&ASCII, &one, &mut slots, &mut plain).unwrap();
        judge(&ASCII, &other, &mut slots, &mut plain).unwrap();
    }
    assert!(slots.is_familiar());
}

#[test]
fn a_layout_of_one_dialect_is_none_of_another() {
    let twin = |max| {
        let rows = [(2, crate::FieldSpec::text(max)), (3, crate::FieldSpec::text(6 - max))];
        let (mti, bitmap) = (crate::Form::Chars, crate::Form::Hex);
        Dialect::new("twin", crate::Version::Iso1993, mti, bitmap, &rows).unwrap()
    };
    let (mut slots, mut plain) = (Slots::new(), Slots::with(Kernels::BYTES));
    let bytes = ascii(&[2, 3], b"abcdef");
    for max in [2, 4, 2, 4] {
        judge(&twin(max), &bytes, &mut slots, &mut plain).unwrap();
    }
    assert!(slots.is_familiar());
}

/// A message of the `index`th of many layouts.
fn of_layout(index: usize) -> Vec<u8> {
    let text = [b'x'].repeat(index);
    ascii(&[3, 8], &[b"000000", std::format!("{index:04}").as_bytes(), &text].concat())
}

#[test]
fn a_layout_in_use_stays_while_others_pass() {
    let (mut slots, mut plain) = (Slots::new(), Slots::with(Kernels::BYTES));
    judge(&ASCII, &of_layout(0), &mut slots, &mut plain).unwrap();
    for round in 0..20_000 {
        judge(&ASCII, &of_layout(1 + round % 400), &mut slots, &mut plain).unwrap();
        judge(&ASCII, &of_layout(0), &mut slots, &mut plain).unwrap();
        assert!(slots.is_familiar());
    }
}

#[test]
fn a_new_layout_finds_a_place_before_long() {
    let (mut slots, mut plain) = (Slots::new(), Slots::with(Kernels::BYTES));
    for index in 0..LAYOUTS_MAX {
        judge(&ASCII, &of_layout(index), &mut slots, &mut plain).unwrap();
    }
    for _ in 0..MISSES_PER_PATTERN {
        judge(&ASCII, &of_layout(100), &mut slots, &mut plain).unwrap();
        assert!(!slots.is_familiar());
    }
    judge(&ASCII, &of_layout(100), &mut slots, &mut plain).unwrap();
    assert!(slots.is_familiar());
}

#[test]
fn a_message_too_long_for_a_pattern_is_read_all_the_same() {
    let (mut slots, mut plain) = (Slots::new(), Slots::with(Kernels::BYTES));
    for bytes in [of_layout(BYTES_MAX - 30), of_layout(BYTES_MAX - 29)] {
        for _ in 0..3 {
            judge(&ASCII, &bytes, &mut slots, &mut plain).unwrap();
        }
        assert_eq!(slots.is_familiar(), bytes.len() <= BYTES_MAX);
    }
}

proptest! {
    #[test]
    fn whatever_came_before_a_message_is_judged_alike(
        steps in prop::collection::vec(
            (
                any::<prop::sample::Index>(),
                prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
                prop::option::of(any::<prop::sample::Index>()),
            ),
            1..60,
        ),
    ) {
        let (mut slots, mut plain) = (Slots::new(), Slots::with(Kernels::BYTES));
        let messages = messages();
        for (which, spoils, cut) in steps {
            let (dialect, mut bytes) = messages[which.index(messages.len())].clone();
            for (place, byte) in spoils {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if let Some(cut) = cut.filter(|cut| cut.index(4) == 0) {
                bytes.truncate(cut.index(bytes.len()));
            }
            let _judged = judge(dialect, &bytes, &mut slots, &mut plain);
        }
    }
}
