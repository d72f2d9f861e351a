//! What a message may be built of, and in which order.

use super::*;
use crate::spec::{FieldSpec, Form, Side, Version};
use crate::{Slots, built_in};
use std::vec::Vec;

const LEFT: Form = Form::Packed { zero: Side::Left };
const RIGHT: Form = Form::Packed { zero: Side::Right };

static MIXED: Dialect = Dialect::of(
    "test-mixed",
    Version::Iso1993,
    Form::Chars,
    Form::Raw,
    &[
        (2, FieldSpec::digits(RIGHT, 19).packed_var(2)),
        (3, FieldSpec::digits(LEFT, 5)),
        (4, FieldSpec::digits(RIGHT, 5)),
        (5, FieldSpec::amount(Form::Chars, 6)),
        (6, FieldSpec::amount(LEFT, 6)),
        (7, FieldSpec::digits(Form::Chars, 5)),
        (8, FieldSpec::text(5)),
        (9, FieldSpec::text(5).var(1)),
        (10, FieldSpec::binary(Form::Hex, 2)),
        (11, FieldSpec::binary(Form::Raw, 3).packed_var(3)),
        (12, FieldSpec::text(9).var(4)),
        (35, FieldSpec::track(LEFT, 9).var(1)),
        (36, FieldSpec::track(Form::Chars, 5)),
    ],
);

/// What `write` puts into DE `n` of `MIXED`, on the wire.
fn wire(
    n: u8,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), WriteError>,
) -> Result<Vec<u8>, WriteReason> {
    let mut out = [0xEE; 64];
    let mut writer = Writer::new(&MIXED, &mut out, Mti::of(0x1100), Fields::of(&[n])).unwrap();
    write(&mut writer).map_err(|error| {
        assert_eq!(error.field, n);
        error.reason
    })?;
    let len = writer.finish().unwrap();
    MIXED.decode(&out[..len], &mut Slots::new()).unwrap();
    Ok(out[12..len].to_vec())
}

#[test]
fn each_kind_of_field_is_written_in_its_form() {
    for (n, text, bytes) in [
        (2, &b"12345"[..], &b"\x05\x12\x34\x50"[..]),
        (2, b"", b"\x00"),
        (3, b"12345", b"\x01\x23\x45"),
        (4, b"12345", b"\x12\x34\x50"),
        (5, b"C12345", b"C12345"),
        (6, b"D12345", b"D\x01\x23\x45"),
        (8, b"hello", b"hello"),
        (9, b"hi", b"2hi"),
        (10, b"\xAB\x0C", b"AB0C"),
        (11, b"\x00\xFF", b"\x00\x02\x00\xFF"),
        (12, b"hi", b"0002hi"),
        (35, b"12D34", b"5\x01\x2D\x34"),
        (35, b"1=34", b"4\x1D\x34"),
        (36, b"12D34", b"12D34"),
    ] {
        assert_eq!(wire(n, |writer| writer.put_text(n, text)).as_deref(), Ok(bytes), "DE {n}");
    }
}

#[test]
fn short_fixed_values_are_filled_by_their_class() {
    for (n, text, bytes) in [
        (3, &b"12"[..], &b"\x00\x00\x12"[..]),
        (4, b"12", b"\x00\x01\x20"),
        (5, b"C7", b"C00007"),
        (6, b"D7", b"D\x00\x00\x07"),
        (7, b"12", b"00012"),
        (7, b"", b"00000"),
        (8, b"hi", b"hi   "),
    ] {
        assert_eq!(wire(n, |writer| writer.put_text(n, text)).as_deref(), Ok(bytes), "DE {n}");
    }
}

#[test]
fn numbers_and_nibbles_become_digits() {
    for (n, number, bytes) in [
        (7, 42, &b"00042"[..]),
        (7, 99_999, b"99999"),
        (3, 123, b"\x00\x01\x23"),
        (2, 0, b"\x01\x00"),
        (2, 1_234_567_890_123_456_789, b"\x19\x12\x34\x56\x78\x90\x12\x34\x56\x78\x90"),
        (9, 10, b"210"),
    ] {
        assert_eq!(wire(n, |writer| writer.put_number(n, number)).as_deref(), Ok(bytes), "DE {n}");
    }
    assert_eq!(wire(7, |writer| writer.put_number(7, 100_000)), Err(WriteReason::TooLong));
    assert_eq!(wire(2, |writer| writer.put_packed(2, 0x0907, 4)), Ok(b"\x04\x09\x07".to_vec()));
    assert_eq!(wire(3, |writer| writer.put_packed(3, 0x907, 3)), Ok(b"\x00\x09\x07".to_vec()));
    assert_eq!(wire(2, |writer| writer.put_packed(2, 0x907, 2)), Err(WriteReason::TooLong));
    assert_eq!(wire(2, |writer| writer.put_packed(2, 0x9A7, 3)), Err(WriteReason::BadClass));
    assert_eq!(wire(2, |writer| writer.put_packed(2, 0x907, 17)), Err(WriteReason::TooLong));
    assert_eq!(wire(5, |writer| writer.put_packed(5, 0x907, 3)), Err(WriteReason::BadClass));
}

#[test]
fn a_value_is_refused_one_unit_above_the_maximum() {
    for (n, longest) in [
        (2, &b"1234567890123456789"[..]),
        (3, b"12345"),
        (6, b"D12345"),
        (8, b"hello"),
        (9, b"hello"),
        (11, b"\x01\x02\x03"),
    ] {
        assert!(wire(n, |writer| writer.put_text(n, longest)).is_ok(), "DE {n}");
        let longer = [longest, b"0"].concat();
        let reason = wire(n, |writer| writer.put_text(n, &longer));
        assert_eq!(reason, Err(WriteReason::TooLong), "DE {n}");
    }
    assert_eq!(wire(10, |writer| writer.put_binary(10, &[1])), Err(WriteReason::BadLength));
    assert_eq!(wire(10, |writer| writer.put_binary(10, &[1; 3])), Err(WriteReason::TooLong));
    assert_eq!(
        wire(8, |writer| writer.put_text(8, &[b'x'].repeat(70_000))),
        Err(WriteReason::TooLong)
    );
}

#[test]
fn a_character_of_another_class_is_refused() {
    for (n, text) in [
        (2, &b"12x"[..]),
        (7, b"1234:"),
        (5, b"12345"),
        (5, b"C"),
        (6, b"C1/"),
        (8, b"a\nb"),
        (9, b"\x7F"),
        (35, b"1=2=3"),
        (35, b"1D2=3"),
        (36, b"12E34"),
    ] {
        let reason = wire(n, |writer| writer.put_text(n, text));
        assert_eq!(reason, Err(WriteReason::BadClass), "DE {n}");
    }
    assert_eq!(wire(8, |writer| writer.put_binary(8, b"hello")), Err(WriteReason::BadClass));
    let short = wire(36, |writer| writer.put_text(36, b"1=2"));
    assert_eq!(short, Err(WriteReason::BadLength), "nobody knows what to fill a track with");
}

#[test]
fn wire_bytes_must_be_as_long_as_they_say() {
    let put = |n, bytes: &[u8]| wire(n, |writer| writer.put_wire(n, bytes));
    assert_eq!(put(9, b"2hi"), Ok(b"2hi".to_vec()));
    for bytes in [&b""[..], b"2", b"2h", b"2hi!", b"xhi", b"6hello!"] {
        assert_eq!(put(9, bytes), Err(WriteReason::BadLength), "{bytes:?}");
    }
    assert_eq!(put(8, b"hell"), Err(WriteReason::BadLength));
}

#[test]
fn values_of_another_form_or_a_like_class_are_converted() {
    let ascii = built_in("iso93-ascii").unwrap();
    let value = |n, wire| ascii.value_in(n, wire).unwrap();
    let put = |n, value| wire(n, |writer| writer.put_value(n, value));
    assert_eq!(put(2, value(2, b"0512345")), Ok(b"\x05\x12\x34\x50".to_vec()));
    assert_eq!(put(3, value(2, b"0512345")), Ok(b"\x01\x23\x45".to_vec()));
    assert_eq!(put(8, value(2, b"0512345")), Ok(b"12345".to_vec()), "digits as text");
    assert_eq!(put(2, value(44, b"0512345")), Ok(b"\x05\x12\x34\x50".to_vec()), "text of digits");
    assert_eq!(put(2, value(44, b"051234x")), Err(WriteReason::BadClass));
    assert_eq!(put(8, value(55, b"0051234x")), Err(WriteReason::BadClass), "bytes are no text");
    assert_eq!(put(6, value(2, b"0512345")), Err(WriteReason::BadClass), "no sign");
    let left = MIXED.value_in(3, b"\x01\x23\x45").unwrap();
    assert_eq!(put(4, left), Ok(b"\x12\x34\x50".to_vec()), "the zero changes sides");
    assert_eq!(put(7, left), Ok(b"12345".to_vec()));
    assert_eq!(put(35, left), Ok(b"5\x01\x23\x45".to_vec()), "digits are a track");
    assert_eq!(put(35, value(35, b"0512D34")), Ok(b"5\x01\x2D\x34".to_vec()), "so is such a text");
    assert_eq!(put(35, value(35, b"041=2=")), Err(WriteReason::BadClass));
    let track = MIXED.value_in(35, b"5\x01\x2D\x34").unwrap();
    assert_eq!(put(8, track), Ok(b"12=34".to_vec()), "a track is text");
    assert_eq!(put(3, track), Err(WriteReason::BadClass), "and no number");
}

#[test]
fn fields_come_in_ascending_order_each_once_and_none_is_left_out() {
    let mut out = [0; 64];
    let fields = Fields::of(&[7, 8, 9]);
    let mut writer = Writer::new(&MIXED, &mut out, Mti::of(0x1100), fields).unwrap();
    let out_of_order = |n| Err(WriteReason::OutOfOrder.of(n));
    assert_eq!(writer.put_text(8, b"x"), out_of_order(8), "7 is first");
    writer.put_text(7, b"1").unwrap();
    assert_eq!(writer.put_text(7, b"1"), out_of_order(7));
    assert_eq!(writer.put_text(3, b"1"), out_of_order(3), "not promised");
    assert_eq!(writer.put_text(13, b"1"), Err(WriteReason::NotInDialect.of(13)));
    writer.put_text(8, b"x").unwrap();
    assert_eq!(writer.finish(), Err(WriteReason::Missing.of(9)));
    let unknown = Fields::of(&[7, 13]);
    let error = Writer::new(&MIXED, &mut out, Mti::of(0x1100), unknown).unwrap_err();
    assert_eq!(error, WriteReason::NotInDialect.of(13));
}

#[test]
fn a_failed_put_leaves_the_message_as_it_was() {
    let mut out = [0; 16];
    let mut writer = Writer::new(&MIXED, &mut out, Mti::of(0x1100), Fields::of(&[9])).unwrap();
    for (text, reason) in [
        (&b"\n"[..], WriteReason::BadClass),
        (b"longer", WriteReason::TooLong),
        (b"hello", WriteReason::NoSpace),
    ] {
        assert_eq!(writer.put_text(9, text), Err(reason.of(9)));
    }
    writer.put_text(9, b"hi").unwrap();
    let len = writer.finish().unwrap();
    assert_eq!(&out[12..len], b"2hi");
}

#[test]
fn a_message_fits_exactly_or_not_at_all() {
    for (room, reason) in [(11, Some((0, WriteReason::NoSpace))), (17, None)] {
        let mut out = [0; 17];
        let made = Writer::new(&MIXED, &mut out[..room], Mti::of(0x1100), Fields::of(&[8]));
        match (made, reason) {
            (Ok(mut writer), None) => writer.put_text(8, b"hello").unwrap(),
            (Err(error), Some((field, reason))) => {
                assert_eq!(error, reason.of(field));
            }
            (made, _) => panic!("{made:?}"),
        }
    }
    let mut out = [0; 16];
    let mut writer = Writer::new(&MIXED, &mut out, Mti::of(0x1100), Fields::of(&[8])).unwrap();
    assert_eq!(writer.put_text(8, b"hello"), Err(WriteReason::NoSpace.of(8)));
}

#[test]
fn a_writer_shows_no_card_data() {
    let mut out = [0; 64];
    let fields = Fields::of(&[2, 9]);
    let mut writer = Writer::new(&MIXED, &mut out, Mti::of(0x1100), fields).unwrap();
    writer.put_text(2, b"3530111333300000").unwrap();
    let shown = "Writer { dialect: \"test-mixed\", written: 21, left: {9}, .. }";
    assert_eq!(std::format!("{writer:?}"), shown);
}
