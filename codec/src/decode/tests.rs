//! Both sides of every limit, and which fact an error tells.

use super::*;
use crate::built_in;
use crate::kernel::Kernels;
use crate::spec::{FieldSpec, Form, Side, Version};
use alloc::string::ToString;
use alloc::vec::Vec;
use proptest::prelude::*;

const LEFT: Form = Form::Packed { zero: Side::Left };
const RIGHT: Form = Form::Packed { zero: Side::Right };

/// ASCII, with every kind of prefix and class, and neither DE 65 nor DE 70.
pub(crate) static ASCII: Dialect = Dialect::of(
    "test-ascii",
    Version::Iso1993,
    Form::Chars,
    Form::Hex,
    &[
        (2, FieldSpec::digits(Form::Chars, 19).var(2)),
        (3, FieldSpec::digits(Form::Chars, 6)),
        (4, FieldSpec::text(9).var(1)),
        (5, FieldSpec::amount(Form::Chars, 3)),
        (6, FieldSpec::binary(Form::Hex, 2)),
        (7, FieldSpec::binary(Form::Raw, 300).var(3)),
        (8, FieldSpec::text(1200).var(4)),
        (9, FieldSpec::text(3)),
        (66, FieldSpec::text(3)),
    ],
);

/// Packed, with zero nibbles on both sides.
pub(crate) static PACKED: Dialect = Dialect::of(
    "test-packed",
    Version::Iso1993,
    LEFT,
    Form::Raw,
    &[
        (2, FieldSpec::digits(RIGHT, 19).packed_var(2)),
        (3, FieldSpec::digits(RIGHT, 3)),
        (4, FieldSpec::digits(LEFT, 3)),
        (5, FieldSpec::amount(LEFT, 4)),
        (6, FieldSpec::text(999).packed_var(3)),
        (7, FieldSpec::digits(LEFT, 9).packed_var(1)),
        (8, FieldSpec::text(99).packed_var(2)),
        (9, FieldSpec::text(3)),
    ],
);

/// A message of `ASCII` with these fields in its bitmap.
pub(crate) fn ascii(fields: &[u8], body: &[u8]) -> Vec<u8> {
    let [(_, first), (_, second)] = Fields::of(fields).halves();
    let mut message = b"1100".to_vec();
    let follows = if second == 0 { 0 } else { bitmap::SECOND_FOLLOWS };
    message.extend(bitmap::to_hex(first | follows));
    if second != 0 {
        message.extend(bitmap::to_hex(second));
    }
    message.extend(body);
    message
}

pub(crate) fn packed(fields: &[u8], body: &[u8]) -> Vec<u8> {
    let [(_, first), _] = Fields::of(fields).halves();
    [&[0x11, 0x00][..], &first.to_be_bytes(), body].concat()
}

fn decode(dialect: &Dialect, bytes: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, DecodeError> {
    let mut slots = Slots::new();
    dialect.decode(bytes, &mut slots)?;
    let message = slots.message(dialect, bytes);
    let value = |n| {
        let mut room = [0; 1200];
        (n, message.value(n).unwrap().write_text(&mut room).unwrap().to_vec())
    };
    Ok(message.fields().iter().map(value).collect())
}

/// What is wrong, in the words shown to people.
fn refusal(dialect: &Dialect, bytes: &[u8]) -> alloc::string::String {
    decode(dialect, bytes).unwrap_err().to_string()
}

#[test]
fn a_field_of_every_kind_is_found() {
    let message = ascii(
        &[2, 3, 4, 5, 6, 7, 8, 9, 66],
        b"0412340000003hi!C12aB0c003\x00\xFF\n0005hello   end",
    );
    let values: [(u8, &[u8]); 9] = [
        (2, b"1234"),
        (3, b"000000"),
        (4, b"hi!"),
        (5, b"C12"),
        (6, b"\xAB\x0C"),
        (7, b"\x00\xFF\n"),
        (8, b"hello"),
        (9, b"   "),
        (66, b"end"),
    ];
    assert_eq!(decode(&ASCII, &message).unwrap(), values.map(|(n, value)| (n, value.to_vec())));
}

#[test]
fn packed_digits_are_found_on_either_side_of_their_zero() {
    let message = packed(
        &[2, 3, 4, 5, 6, 7],
        b"\x05\x12\x34\x50\x12\x30\x01\x23D\x01\x23\x00\x02ok\x03\x09\x99",
    );
    let values: [(u8, &[u8]); 6] =
        [(2, b"12345"), (3, b"123"), (4, b"123"), (5, b"D123"), (6, b"ok"), (7, b"999")];
    assert_eq!(decode(&PACKED, &message).unwrap(), values.map(|(n, value)| (n, value.to_vec())));
}

#[test]
fn an_mti_is_four_digits_in_either_form() {
    assert_eq!(refusal(&ASCII, b""), "MTI at byte 0: expected 4 bytes, found 0 bytes");
    assert_eq!(refusal(&ASCII, b"110"), "MTI at byte 0: expected 4 bytes, found 3 bytes");
    assert_eq!(
        refusal(&ASCII, b"11:00000000000000000"),
        "MTI at byte 2: expected a decimal digit, found 0x3A"
    );
    assert_eq!(
        refusal(&PACKED, &[0x11, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0]),
        "MTI at byte 1: expected two packed decimal digits, found 0x0A"
    );
    let mut slots = Slots::new();
    PACKED.decode(&packed(&[], b""), &mut slots).unwrap();
    assert_eq!((slots.mti, slots.present), (Mti::of(0x1100), Fields::EMPTY));
}

#[test]
fn bitmaps_are_whole_and_hexadecimal() {
    for (body, told) in [
        (&b"2000000000000"[..], "bitmap at byte 4: expected 16 bytes, found 13 bytes"),
        (b"200000000000000G", "bitmap at byte 19: expected a hexadecimal character, found 0x47"),
        (b"A0000000000000004000", "bitmap at byte 20: expected 16 bytes, found 4 bytes"),
    ] {
        let bytes = [b"1100", body].concat();
        assert_eq!(refusal(&ASCII, &bytes), told);
        assert_eq!(decode(&ASCII, &bytes).unwrap_err().mti, Some(Mti::of(0x1100)));
    }
    assert_eq!(
        refusal(&PACKED, &[0x11, 0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, 1]),
        "bitmap at byte 10: expected 8 bytes, found 1 byte"
    );
    let lower = b"1100a00000000000000040000000000000000000006\0";
    assert_eq!(decode(&ASCII, lower).unwrap_err().field, 66, "a lower-case bitmap is one too");
}

#[test]
fn a_second_bitmap_may_be_empty() {
    let bytes = b"110080000000000000000000000000000000";
    assert_eq!(decode(&ASCII, bytes), Ok(Vec::new()));
}

#[test]
fn a_length_may_be_nothing_and_the_maximum_and_no_more() {
    for (prefix, len, fine) in [("00", 0, true), ("19", 19, true), ("20", 20, false)] {
        let body = [prefix.as_bytes(), &[b'1'].repeat(len)].concat();
        assert_eq!(decode(&ASCII, &ascii(&[2], &body)).is_ok(), fine, "{prefix}");
    }
    for (prefix, len, fine) in [("1200", 1200, true), ("1201", 1201, false)] {
        let body = [prefix.as_bytes(), &[b'x'].repeat(len)].concat();
        assert_eq!(decode(&ASCII, &ascii(&[8], &body)).is_ok(), fine, "{prefix}");
    }
    assert_eq!(
        refusal(&ASCII, &ascii(&[2], b"2011111111111111111111")),
        "DE 2 at byte 20: expected a length of at most 19, found a length of 20"
    );
    assert_eq!(
        refusal(&PACKED, &packed(&[6], &[0x10, 0x00])),
        "DE 6 at byte 10: expected a length of at most 999, found a length of 1000"
    );
}

#[test]
fn no_digits_at_all_have_no_zero_nibble() {
    assert_eq!(decode(&PACKED, &packed(&[2, 7], &[0, 0])).unwrap().len(), 2);
}

#[test]
fn a_length_is_digits_in_its_own_form() {
    assert_eq!(
        refusal(&ASCII, &ascii(&[8], b"00/5hello")),
        "DE 8 at byte 22: expected a decimal digit, found 0x2F"
    );
    assert_eq!(
        refusal(&ASCII, &ascii(&[2], b"1/23")),
        "DE 2 at byte 21: expected a decimal digit, found another byte (withheld)"
    );
    assert_eq!(
        refusal(&PACKED, &packed(&[6], &[0x00, 0x0A, 0x20])),
        "DE 6 at byte 11: expected two packed decimal digits, found 0x0A"
    );
    assert_eq!(
        refusal(&ASCII, &ascii(&[8], b"000")),
        "DE 8 at byte 20: expected 4 bytes, found 3 bytes"
    );
}

#[test]
fn a_value_is_all_there_and_nothing_is_behind_the_last() {
    assert_eq!(
        refusal(&ASCII, &ascii(&[9], b"ab")),
        "DE 9 at byte 20: expected 3 bytes, found 2 bytes"
    );
    assert_eq!(
        refusal(&ASCII, &ascii(&[9], b"abcd")),
        "message at byte 23: expected the end of the message, found 1 byte"
    );
    assert_eq!(decode(&ASCII, &ascii(&[9], b"abc")).unwrap().len(), 1);
    assert_eq!(decode(&ASCII, &ascii(&[9], b"abcd")).unwrap_err().field, DecodeError::END);
}

#[test]
fn every_class_ends_where_it_ends() {
    let fits = |dialect: &Dialect, message: Vec<u8>| decode(dialect, &message).is_ok();
    for byte in 0..=255_u8 {
        let text = matches!(byte, 0x20..=0x7E);
        assert_eq!(fits(&ASCII, ascii(&[9], &[b'a', byte, b'a'])), text, "text {byte:02X}");
        let digits = [b'0', b'0', byte, b'0', b'0', b'0'];
        assert_eq!(fits(&ASCII, ascii(&[3], &digits)), byte.is_ascii_digit(), "digit {byte:02X}");
        let sign = byte == b'C' || byte == b'D';
        assert_eq!(fits(&ASCII, ascii(&[5], &[byte, b'1', b'2'])), sign, "sign {byte:02X}");
        let hex = byte.is_ascii_hexdigit();
        assert_eq!(fits(&ASCII, ascii(&[6], &[b'A', byte, b'0', b'0'])), hex, "hex {byte:02X}");
        let nibbles = byte >> 4 <= 9 && byte & 0xF <= 9;
        assert_eq!(fits(&PACKED, packed(&[7], &[4, 0x12, byte])), nibbles, "packed {byte:02X}");
        let right = nibbles && byte % 16 == 0;
        assert_eq!(fits(&PACKED, packed(&[3], &[0x12, byte])), right, "right {byte:02X}");
        let left = nibbles && byte >> 4 == 0;
        assert_eq!(fits(&PACKED, packed(&[4], &[byte, 0x12])), left, "left {byte:02X}");
        let amount = [b'C', byte, 0x12];
        assert_eq!(fits(&PACKED, packed(&[5], &amount)), left, "amount {byte:02X}");
        assert!(fits(&ASCII, ascii(&[7], &[b'0', b'0', b'1', byte])), "binary {byte:02X}");
    }
}

#[test]
fn the_first_stranger_of_a_run_is_told_with_its_own_field() {
    let sound = b"0412340000005hello";
    for (place, told) in [
        (3, "DE 2 at byte 23: expected a decimal digit, found another byte (withheld)"),
        (7, "DE 3 at byte 27: expected a decimal digit, found 0x7F"),
        (15, "DE 4 at byte 35: expected a printable character, found 0x7F"),
    ] {
        let mut body = sound.to_vec();
        body[place] = 0x7F;
        let mut message = ascii(&[2, 3, 4], &body);
        assert_eq!(refusal(&ASCII, &message), told);
        message.push(0);
        assert_eq!(refusal(&ASCII, &message), told, "before what is wrong behind it");
    }
}

#[test]
fn a_stranger_stands_before_the_zero_nibble_behind_it() {
    assert_eq!(
        refusal(&PACKED, &packed(&[3], &[0xA2, 0x31])),
        "DE 3 at byte 10: expected two packed decimal digits, found 0xA2"
    );
    assert_eq!(
        refusal(&PACKED, &packed(&[3], &[0x12, 0x31])),
        "DE 3 at byte 11: expected a zero nibble beside an odd number of digits, found 0x31"
    );
}

/// Tracks of both forms, and both sides.
pub(crate) static TRACKS: Dialect = Dialect::of(
    "test-tracks",
    Version::Iso1987,
    Form::Chars,
    Form::Hex,
    &[
        (2, FieldSpec::track(Form::Chars, 37).var(2)),
        (3, FieldSpec::track(RIGHT, 37).packed_var(2)),
        (4, FieldSpec::track(LEFT, 37).var(2)),
        (5, FieldSpec::track(Form::Chars, 9).packed_var(2)),
        (6, FieldSpec::track(Form::Chars, 3)),
    ],
);

#[test]
fn a_track_is_digits_and_at_most_one_separator() {
    let fits = |n: u8, body: &[u8]| decode(&TRACKS, &ascii(&[n], body)).is_ok();
    for byte in 0..=255_u8 {
        let separator = matches!(byte, b'=' | b'D');
        let admitted = separator || byte.is_ascii_digit();
        assert_eq!(fits(2, &[b'0', b'3', b'1', byte, b'2']), admitted, "{byte:02X}");
        assert_eq!(fits(2, &[b'0', b'3', b'=', byte, b'2']), admitted && !separator, "{byte:02X}");
        let ds = [byte >> 4, byte & 0xF].map(|nibble| usize::from(nibble == 0xD));
        let nibbles = [byte >> 4, byte & 0xF].iter().all(|&nibble| nibble <= 9 || nibble == 0xD);
        let one = nibbles && ds[0] + ds[1] < 2;
        assert_eq!(fits(3, &[4, byte, 0x12]), one, "{byte:02X}");
        assert_eq!(fits(3, &[4, byte, 0xD2]), nibbles && ds == [0, 0], "{byte:02X}");
        assert_eq!(fits(3, &[3, 0x12, byte]), one && byte % 16 == 0, "{byte:02X}");
        assert_eq!(fits(4, &[b'0', b'3', byte, 0x12]), one && byte >> 4 == 0, "{byte:02X}");
    }
    let message = ascii(&[2, 3, 4, 5, 6], b"031=2\x051D\x2D\x20041\xD2\x34\x041D2312=");
    assert!(decode(&TRACKS, &message).is_err(), "DE 3 has two");
    let message = ascii(&[2, 3, 4, 5, 6], b"031=2\x03\x1D\x2004\x12\xD4\x041D2312=");
    let values: [(u8, &[u8]); 5] =
        [(2, b"1=2"), (3, b"1=2"), (4, b"12=4"), (5, b"1D23"), (6, b"12=")];
    assert_eq!(decode(&TRACKS, &message).unwrap(), values.map(|(n, value)| (n, value.to_vec())));
}

#[test]
fn the_first_thing_wrong_with_a_track_is_told() {
    let refusal = |n: u8, body: &[u8]| refusal(&TRACKS, &ascii(&[n], body));
    assert_eq!(
        refusal(4, b"03\x01\x2A"),
        "DE 4 at byte 23: expected two packed decimal digits or a separator D, found 0x2A"
    );
    assert_eq!(refusal(6, b"=1D"), "DE 6 at byte 22: expected no second separator, found 0x44");
    assert_eq!(
        refusal(6, b"==E"),
        "DE 6 at byte 21: expected no second separator, found 0x3D",
        "before the stranger behind it"
    );
    assert_eq!(
        refusal(6, b"E=="),
        "DE 6 at byte 20: expected a decimal digit or a separator, = or D, found 0x45"
    );
    assert_eq!(
        refusal(3, b"\x05\xD1\xD1\x11"),
        "DE 3 at byte 22: expected no second separator, found 0xD1",
        "before what stands in the zero nibble"
    );
    assert_eq!(
        refusal(4, b"05\x1D\xD1\x11"),
        "DE 4 at byte 22: expected a zero nibble beside an odd number of digits, found 0x1D"
    );
}

#[test]
fn a_binary_prefix_is_not_taken_for_the_text_around_it() {
    let message = packed(&[6, 8, 9], b"\x00\x05hello\x02hiabc");
    for kernels in Kernels::available() {
        let mut slots = Slots::with(kernels);
        assert_eq!(PACKED.decode(&message, &mut slots), Ok(()), "{kernels:?}");
    }
}

#[test]
fn a_prefix_of_another_class_than_its_value_breaks_every_run() {
    let chars = [
        FieldSpec::digits(Form::Chars, 19),
        FieldSpec::text(19),
        FieldSpec::track(Form::Chars, 19),
        FieldSpec::binary(Form::Hex, 19),
    ];
    for spec in chars {
        // Two characters, then two behind a prefix of 0x02, which is of none of these classes.
        let fixed = FieldSpec { max: 2, ..spec };
        let rows = [(2, fixed), (3, spec.packed_var(2)), (4, fixed)];
        let dialect = Dialect::new("broken", Version::Iso1993, LEFT, Form::Raw, &rows).unwrap();
        let twos = &b"7777"[..2 * usize::from(spec.form == Form::Hex) + 2];
        let message = packed(&[2, 3, 4], &[twos, b"\x02", twos, twos].concat());
        for kernels in Kernels::available().chain([Kernels::BYTES]) {
            let mut slots = Slots::with(kernels);
            assert_eq!(dialect.decode(&message, &mut slots), Ok(()), "{spec:?} {kernels:?}");
        }
    }
}

#[test]
fn a_field_that_the_dialect_has_not_is_refused_after_those_before_it() {
    let error = decode(&ASCII, &ascii(&[3, 9, 70], b"000000abc???")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "DE 70 at byte 45: expected a field of the dialect, found its bit set"
    );
    assert_eq!(error.parsed, Fields::of(&[3, 9]));
}

#[test]
fn bit_65_is_a_field_where_there_is_one_and_a_third_bitmap_where_not() {
    let error = decode(&ASCII, &ascii(&[65], b"0000000000000000")).unwrap_err();
    assert_eq!((error.field, error.expected), (65, Expected::NoThirdBitmap));
    let with_65 = built_in("iso93-ascii").unwrap();
    let message = ascii(&[65], b"0123456789ABCDEF");
    assert_eq!(decode(with_65, &message).unwrap()[0].1, b"\x01\x23\x45\x67\x89\xAB\xCD\xEF");
}

#[test]
fn what_was_parsed_before_an_error_can_be_read() {
    let bytes = ascii(&[2, 3, 9], b"041234000000a\nb");
    let mut slots = Slots::new();
    let error = ASCII.decode(&bytes, &mut slots).unwrap_err();
    let message = slots.message(&ASCII, &bytes);
    assert_eq!((error.field, error.parsed), (9, Fields::of(&[2, 3])));
    assert_eq!(message.fields(), error.parsed);
    assert_eq!(message.value(3).unwrap().bytes(), b"000000");
    assert!(message.value(9).is_none());
}

#[test]
fn slots_of_a_longer_message_do_not_shine_through() {
    let mut slots = Slots::new();
    let long = ascii(&[2, 3, 9], b"041234000000abc");
    ASCII.decode(&long, &mut slots).unwrap();
    let short = ascii(&[3], b"123456");
    ASCII.decode(&short, &mut slots).unwrap();
    let message = slots.message(&ASCII, &short);
    assert!(message.value(2).is_none() && message.wire(9).is_none());
    assert_eq!(message.wire(3), Some(&b"123456"[..]));
}

#[test]
fn a_message_has_at_most_65535_bytes() {
    let mut slots = Slots::new();
    let error = ASCII.decode(&[b'0'].repeat(65_536), &mut slots).unwrap_err();
    assert_eq!(error.expected, Expected::MessageAtMost(65_535));
    let error = ASCII.decode(&[b'0'].repeat(65_535), &mut slots).unwrap_err();
    assert_eq!(error.expected, Expected::End);
}

/// A sound message of a built-in dialect, to be spoilt.
pub(crate) fn sample(dialect: &Dialect) -> Vec<u8> {
    let fields = Fields::of(&[2, 3, 4, 7, 11, 22, 24, 35, 37, 41, 43, 49, 52, 55, 97, 100, 128]);
    let mut out = [0; 600];
    let mut writer = crate::Writer::new(dialect, &mut out, Mti::of(0x1100), fields).unwrap();
    for n in fields {
        let spec = dialect.field(n).unwrap();
        let units = usize::from(spec.max.min(21));
        match spec.class {
            crate::Class::Digits => writer.put_text(n, &b"3530111333300000353011"[..units]),
            crate::Class::Amount => writer.put_text(n, &b"C0000000000002500"[..units.min(17)]),
            crate::Class::Text => writer.put_text(n, &b"SHOP OF THE TEST TOKYO"[..units]),
            crate::Class::Track => writer.put_text(n, &b"3530111333300000=2912"[..units]),
            crate::Class::Binary => writer.put_binary(n, &[0xA5; 21][..units]),
        }
        .unwrap();
    }
    let len = writer.finish().unwrap();
    out[..len].to_vec()
}

/// Do both say the same of the message that was decoded into them?
fn same(one: &Slots, other: &Slots) -> bool {
    let place = |slots: &Slots, n| (slots.spots().span(n), slots.find_value(n));
    (one.mti, one.present) == (other.mti, other.present)
        && one.present.iter().all(|n| place(one, n) == place(other, n))
}

#[test]
fn every_single_byte_gone_bad_is_judged_alike_by_runs_and_byte_by_byte() {
    for dialect in crate::built_ins() {
        let mut bytes = sample(dialect);
        let mut all: Vec<Slots> = Kernels::available().map(Slots::with).collect();
        let mut single = Slots::with(Kernels::BYTES);
        for place in 0..bytes.len() {
            let sound = bytes[place];
            for byte in [0x00, 0x1A, 0x2F, 0x3A, 0x1F, 0x7F, 0x80, 0xFF, sound ^ 1] {
                bytes[place] = byte;
                let slow = decode_anew(dialect.layout(), &bytes, &mut single);
                for slots in &mut all {
                    let fast = decode_anew(dialect.layout(), &bytes, slots);
                    assert_eq!(fast, slow, "{byte:02X} at {place}, {:?}", slots.kernels);
                    assert!(same(slots, &single), "{byte:02X} at {place}, {:?}", slots.kernels);
                }
            }
            bytes[place] = sound;
        }
    }
}

proptest! {
    #[test]
    fn spoilt_messages_are_judged_alike_and_never_panic(
        dialect in prop::sample::select(crate::built_ins()),
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = sample(dialect);
        for (place, byte) in spoils {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let mut single = Slots::with(Kernels::BYTES);
        let slow = decode_anew(dialect.layout(), &bytes, &mut single);
        for kernels in Kernels::available() {
            let mut slots = Slots::with(kernels);
            let fast = decode_anew(dialect.layout(), &bytes, &mut slots);
            prop_assert_eq!(fast, slow);
            prop_assert!(same(&slots, &single));
            let message = slots.message(dialect, &bytes);
            prop_assert!(message.fields().iter().all(|n| message.value(n).is_some()));
            let _shown = std::format!("{message:?} {fast:?}");
        }
    }

    #[test]
    fn random_bytes_never_panic(
        packed in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let name = if packed { "iso93-binary" } else { "iso93-ascii" };
        let dialect = built_in(name).unwrap();
        let mut slots = Slots::with(Kernels::detected());
        let result = dialect.decode(&bytes, &mut slots);
        prop_assert!(result.is_ok() || slots.present == result.unwrap_err().parsed);
    }
}
