//! Elements as terminals send them, both sides of every limit, and bytes that are none.

use super::*;
use crate::part::PartExpected::{HexDigit, Length, TagEnd, Units};
use crate::spec::FieldSpec;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use proptest::prelude::*;

/// What a terminal sends with a sale, and the card number and track 2 of a test card.
const SALE: &str = "9F2608A1B2C3D4E5F607089F2701809F100706010A03A000009F3704123456789F36020042\
                    95050000008000\
                    9A032611219C01009F02060000000025005F2A020392820238009F1A0203929F3303E0F8C8\
                    5A08411111111111111157134111111111111111D29122011234567890123F";

fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

fn raw(bytes: &[u8]) -> Value<'_> {
    Value::new(bytes, u16::try_from(bytes.len()).unwrap(), FieldSpec::binary(Form::Raw, 999))
}

fn hex(text: &str) -> Value<'_> {
    let units = u16::try_from(text.len() / 2).unwrap();
    Value::new(text.as_bytes(), units, FieldSpec::binary(Form::Hex, 999))
}

fn text(text: &str) -> Value<'_> {
    let units = u16::try_from(text.len()).unwrap();
    Value::new(text.as_bytes(), units, FieldSpec::text(999))
}

fn hex_of(part: &Part<'_>) -> String {
    part.iter().fold(String::new(), |shown, byte| shown + &format!("{byte:02X}"))
}

/// "TAG=VALUE" of each, and what is wrong at the end.
fn shown(value: Value<'_>) -> String {
    let elements = match Elements::of(value) {
        Ok(elements) => elements,
        Err(error) => return error.to_string(),
    };
    let item = |item: Result<Element<'_>, PartError>| match item {
        Ok(element) => format!("{}={}", element.tag, hex_of(&element.value)),
        Err(error) => error.to_string(),
    };
    elements.map(item).collect::<Vec<_>>().join(" ")
}

fn fault(hex: &str) -> PartError {
    let bytes = bytes_of(hex);
    let error = Elements::of(raw(&bytes)).unwrap().find_map(Result::err);
    error.unwrap()
}

#[test]
fn the_elements_of_a_sale_are_found_in_every_form() {
    let bytes = bytes_of(SALE);
    let lower = SALE.to_lowercase();
    let expected = "9F26=A1B2C3D4E5F60708 9F27=80 9F10=06010A03A00000 9F37=12345678 9F36=0042 \
                    95=0000008000 9A=261121 9C=00 9F02=000000002500 5F2A=0392 82=3800 9F1A=0392 \
                    9F33=E0F8C8 5A=4111111111111111 57=4111111111111111D29122011234567890123F";
    for value in [raw(&bytes), hex(SALE), hex(&lower), text(SALE), text(&lower)] {
        assert_eq!(shown(value), expected);
    }
}

#[test]
fn an_element_is_its_bytes_on_the_wire_from_tag_to_value() {
    let wire = "9f0206000000002500";
    let element = Elements::of(text(wire)).unwrap().next().unwrap().unwrap();
    assert_eq!(element.whole.bytes(), Some(wire.as_bytes()));
    assert_eq!(element.value.bytes(), Some(&wire.as_bytes()[6..]));
    assert_eq!((element.tag, element.value.offset()), (Tag::of(0x9F02), 3));
}

#[test]
fn a_tag_has_up_to_four_bytes() {
    assert_eq!(
        shown(hex("5A01119F0201225F2A00FF8105013300DF8181010144")),
        "5A=11 9F02=22 5F2A= FF8105=33 DF818101=44"
    );
    let end = |offset| PartError { offset, expected: TagEnd };
    assert_eq!(fault("DF81818101"), end(4), "a fifth byte");
    assert_eq!(fault("9F"), end(1));
    assert_eq!(fault("5A01119F81"), end(5));
}

#[test]
fn a_length_has_up_to_three_bytes_and_need_not_be_the_shortest() {
    let long = |head: &str, count: usize| head.to_string() + &"AB".repeat(count);
    for (head, count) in
        [("5A7F", 127), ("5A8180", 128), ("5A81FF", 255), ("5A820100", 256), ("5A8101", 1)]
    {
        let element = long(head, count);
        let mut bytes = bytes_of(&element);
        let found: Vec<_> = Elements::of(raw(&bytes)).unwrap().map(Result::unwrap).collect();
        assert_eq!((found.len(), found[0].value.units()), (1, count), "{head}");
        bytes.pop();
        let cut = Elements::of(raw(&bytes)).unwrap().next().unwrap();
        assert_eq!(cut.unwrap_err().expected, Units(count), "{head}");
    }
    let length = |offset| PartError { offset, expected: Length };
    assert_eq!(fault("5A80"), length(1), "indefinite");
    assert_eq!(fault(&long("5A80", 200)), length(1), "whatever is behind it");
    assert_eq!(fault(&long("9F0280", 200)), length(2));
    assert_eq!(fault("5A8300000111"), length(1), "four bytes");
    assert_eq!(fault("5AFF"), length(1));
    assert_eq!(fault("5A"), length(1));
    assert_eq!(fault("5A81"), length(1));
    assert_eq!(fault("9F028201"), length(2));
}

#[test]
fn zeros_around_elements_are_padding_and_ff_is_a_tag() {
    assert_eq!(shown(hex("00005A011100009C01000000")), "5A=11 9C=00");
    assert_eq!(shown(hex("0000")), "");
    assert_eq!(shown(hex("")), "");
    assert_eq!(
        shown(hex("FF")),
        "at place 1: expected the end of a tag, which has at most 4 bytes"
    );
    assert_eq!(shown(hex("FF33015A")), "FF33=5A");
}

#[test]
fn an_element_may_hold_elements() {
    let wire = "610B4F03A000005A0435301113";
    let template = Elements::of(hex(wire)).unwrap().next().unwrap().unwrap();
    let inner: Vec<_> = template.elements().unwrap().map(Result::unwrap).collect();
    assert_eq!(inner.iter().map(|e| e.tag.to_string()).collect::<Vec<_>>(), ["4F", "5A"]);
    assert_eq!((hex_of(&inner[1].value), inner[1].whole.offset()), ("35301113".into(), 7));
    assert!(inner[0].elements().is_none());
    let cut = "61034F03A0";
    let template = Elements::of(hex(cut)).unwrap().next().unwrap().unwrap();
    let error = template.elements().unwrap().next().unwrap().unwrap_err();
    assert_eq!(error, PartError { offset: 4, expected: Units(3) }, "it ends with its template");
}

#[test]
fn the_bit_for_elements_is_in_the_first_byte_of_a_tag() {
    for (tag, constructed) in [
        (0x61, true),
        (0x5A, false),
        (0x9F02, false),
        (0xBF0C, true),
        (0xFF_8105, true),
        (0, false),
    ] {
        assert_eq!(Tag::of(tag).is_constructed(), constructed, "{tag:X}");
    }
}

#[test]
fn a_text_that_is_no_hexadecimal_has_no_elements() {
    let error = |offset| PartError { offset, expected: HexDigit };
    assert_eq!(Elements::of(text("5A01 1")).unwrap_err(), error(4));
    assert_eq!(Elements::of(text("5A011")).unwrap_err(), error(5));
}

#[test]
fn after_an_error_nothing_comes() {
    let mut elements = Elements::of(hex("5A03115A0111")).unwrap();
    elements.next().unwrap().unwrap();
    let mut elements = Elements::of(hex("5A80115A0111")).unwrap();
    assert!(elements.next().unwrap().is_err());
    assert!(elements.next().is_none());
}

#[test]
fn debug_tells_tags_and_lengths_only() {
    let element = Elements::of(hex("5A084111111111111111")).unwrap().next().unwrap().unwrap();
    let elements = Elements::of(hex("5A084111111111111111"));
    let told = format!("{element:?} {elements:?}");
    assert!(!told.contains("41") && !told.contains("11"), "{told}");
    assert!(told.contains("tag: 5A, value: Binary[8]"), "{told}");
}

/// An element, with a length of this many bytes where that can tell it.
fn element() -> impl Strategy<Value = Vec<u8>> {
    let tag = prop_oneof![
        (1..=0xFF_u8).prop_filter("more bytes", |b| b & 0x1F != 0x1F).prop_map(|b| alloc::vec![b]),
        (0..8_u8, 0..0x80_u8).prop_map(|(class, last)| alloc::vec![class << 5 | 0x1F, last]),
        (0..8_u8, 0x80..=0xFF_u8, 0..0x80_u8).prop_map(|(class, more, last)| alloc::vec![
            class << 5 | 0x1F,
            more,
            last
        ]),
    ];
    (tag, prop::collection::vec(any::<u8>(), 0..300), 0..3).prop_map(|(tag, value, form)| {
        let [high, low] = u16::try_from(value.len()).unwrap().to_be_bytes();
        let length = match (value.len(), form) {
            (0..=127, 0) => alloc::vec![low],
            (0..=255, 0 | 1) => alloc::vec![0x81, low],
            _ => alloc::vec![0x82, high, low],
        };
        [tag, length, value].concat()
    })
}

proptest! {
    #[test]
    fn elements_and_the_zeros_between_them_are_the_same_bytes_again(
        elements in prop::collection::vec((element(), 0..3_usize), 0..8),
        in_hex in any::<bool>(),
    ) {
        let padded = |(element, zeros): &(Vec<u8>, usize)| [&alloc::vec![0; *zeros], &element[..]].concat();
        let bytes = elements.iter().flat_map(padded).collect::<Vec<_>>();
        let characters = hex_of(&Part::of(raw(&bytes))).to_lowercase();
        let value = if in_hex { hex(&characters) } else { raw(&bytes) };
        let walked: Vec<_> = Elements::of(value).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(walked.len(), elements.len());
        let mut again = alloc::vec![0; bytes.len()];
        for (element, (written, _)) in walked.iter().zip(&elements) {
            let at = element.whole.offset();
            element.whole.write_text(&mut again[at..]).unwrap();
            prop_assert!(element.whole.iter().eq(written.iter().copied()));
        }
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn random_bytes_end_in_an_error_within_them_or_are_elements(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut end = 0;
        for item in Elements::of(raw(&bytes)).unwrap() {
            match item {
                Ok(element) => {
                    prop_assert!(element.whole.offset() >= end);
                    prop_assert!(bytes[end..element.whole.offset()].iter().all(|&byte| byte == 0));
                    end = element.whole.offset() + element.whole.units();
                    prop_assert_eq!(element.value.offset() + element.value.units(), end);
                }
                Err(error) => {
                    prop_assert!(error.offset >= end && error.offset <= bytes.len());
                    end = bytes.len();
                }
            }
        }
        prop_assert!(bytes[end..].iter().all(|&byte| byte == 0));
    }
}
