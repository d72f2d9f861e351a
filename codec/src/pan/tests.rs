//! The card number of a message, from each place where it may stand, and from two that differ.

use super::*;
use crate::dialect::{Dialect, built_in};
use crate::mti::Mti;
use crate::slots::Slots;
use crate::spec::{FieldSpec, Form, Side, Version};
use crate::subfields::{Name, Subfields};
use crate::writer::Writer;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

const JCB: &str = "3530111333300000";
const VISA: &str = "4111111111111111";

fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// The card number of a message with these fields, as its digits.
fn pan_in(dialect: &Dialect, values: &[(u8, &[u8])]) -> Result<Option<String>, PanError> {
    let fields = values.iter().fold(Fields::EMPTY, |set, &(n, _)| set.with(n));
    let mut out = vec![0; 3_000];
    let mut writer = Writer::new(dialect, &mut out, Mti::of(0x1200), fields).unwrap();
    for &(n, value) in values {
        writer.put_text(n, value).unwrap();
    }
    let len = writer.finish().unwrap();
    let mut slots = Slots::new();
    dialect.decode(&out[..len], &mut slots).unwrap();
    let pan = slots.message(dialect, &out[..len]).pan()?;
    Ok(pan.map(|pan| format!("{:0width$}", pan.number(), width = usize::from(pan.digits()))))
}

/// The same in both built-in dialects of 1993.
fn pan(values: &[(u8, &[u8])]) -> Result<Option<String>, PanError> {
    let [ascii, binary] = ["iso93-ascii", "iso93-binary"].map(|name| {
        let dialect = built_in(name).unwrap();
        pan_in(dialect, values)
    });
    assert_eq!(ascii, binary);
    ascii
}

fn chip(hex: &str) -> Result<Option<String>, PanError> {
    pan(&[(55, &bytes_of(hex))])
}

#[expect(clippy::unnecessary_wraps, reason = "what is compared is an outcome")]
fn found(digits: &str) -> Result<Option<String>, PanError> {
    Ok(Some(digits.to_string()))
}

fn source(field: u8, tag: Option<u32>) -> PanSource {
    PanSource { field, key: tag.map(|tag| Key::Tag(Tag::of(tag))) }
}

fn unreadable(field: u8, tag: Option<u32>) -> Result<Option<String>, PanError> {
    Err(PanError::Unreadable(source(field, tag)))
}

#[test]
fn a_message_without_one_has_none() {
    assert_eq!(pan(&[(4, b"000000002500")]), Ok(None));
    assert_eq!(pan(&[(2, b""), (35, b""), (45, b""), (55, b"")]), Ok(None));
    assert_eq!(chip("9F0206000000002500"), Ok(None));
    assert_eq!(chip("5A005700"), Ok(None), "elements of no length are not there");
}

#[test]
fn the_number_is_that_of_de_2_and_keeps_its_zeros() {
    assert_eq!(pan(&[(2, JCB.as_bytes())]), found(JCB));
    assert_eq!(pan(&[(2, b"0000123")]), found("0000123"));
    assert_eq!(pan(&[(2, &[b'9'; 19])]), found(&"9".repeat(19)));
}

#[test]
fn track_2_gives_its_digits_to_the_separator() {
    for track in ["=2912101", "D2912101", "=", "D"] {
        assert_eq!(pan(&[(35, format!("{JCB}{track}").as_bytes())]), found(JCB), "{track}");
        assert_eq!(pan(&[(35, format!(";{JCB}{track}?").as_bytes())]), found(JCB), "{track}");
    }
    let longest = "1234567890123456789";
    assert_eq!(pan(&[(35, format!("{longest}=2912").as_bytes())]), found(longest));
    for wrong in [
        JCB.to_string(),
        "=2912".into(),
        ";".into(),
        format!("{JCB}^2912"),
        format!(";;{JCB}=2912"),
        format!(" {JCB}=2912"),
        format!("{longest}0=2912"),
        "3530 1113 3330 0000=2912".into(),
    ] {
        assert_eq!(pan(&[(35, wrong.as_bytes())]), unreadable(35, None), "{wrong}");
    }
}

#[test]
fn a_track_2_of_1987_is_read_in_both_forms() {
    for name in ["iso87-ascii", "iso87-binary"] {
        let dialect = built_in(name).unwrap();
        for digits in [JCB, "378282246310005"] {
            let track = format!("{digits}=29121010000000000000");
            assert_eq!(pan_in(dialect, &[(35, track.as_bytes())]), found(digits), "{name}");
        }
        let error = PanError::Disagree(source(2, None), source(35, None));
        let track = format!("{VISA}=2912101");
        let both = [(2, JCB.as_bytes()), (35, track.as_bytes())];
        assert_eq!(pan_in(dialect, &both), Err(error), "{name}");
        assert_eq!(pan_in(dialect, &[(35, JCB.as_bytes())]), unreadable(35, None), "{name}");
        // Nothing says what DE 55 of this edition holds.
        assert_eq!(pan_in(dialect, &[(2, JCB.as_bytes()), (55, b"5A01")]), found(JCB), "{name}");
    }
}

#[test]
fn track_1_gives_its_digits_between_format_and_name() {
    for track in [
        format!("%B{JCB}^KAERU/TARO^2912101?"),
        format!("B{JCB}^KAERU/TARO^2912101"),
        format!("B{JCB}^"),
        "B3530 111333 300000^KAERU/TARO^2912101".into(),
    ] {
        assert_eq!(pan(&[(45, track.as_bytes())]), found(JCB), "{track}");
    }
    for wrong in [
        format!("%A{JCB}^KAERU/TARO^2912"),
        format!("{JCB}^KAERU/TARO^2912"),
        format!("B{JCB}"),
        format!("B{JCB}=KAERU/TARO^2912"),
        "B^KAERU/TARO^2912".into(),
        "B12345678901234567890^KAERU/TARO^2912".into(),
        "%".into(),
    ] {
        assert_eq!(pan(&[(45, wrong.as_bytes())]), unreadable(45, None), "{wrong}");
    }
}

#[test]
fn chip_data_gives_the_application_pan_padded_behind() {
    assert_eq!(chip("9C01005A083530111333300000"), found(JCB));
    assert_eq!(chip("5A08378282246310005F"), found("378282246310005"));
    assert_eq!(chip("5A0A3530111333300000FFFF"), found(JCB));
    assert_eq!(chip("5A0A1234567890123456789F"), found("1234567890123456789"));
    for wrong in ["5A0A12345678901234567890", "5A02FFFF", "5A02A123", "5A0312F345", "5A0212D3"] {
        assert_eq!(chip(wrong), unreadable(55, Some(0x5A)), "{wrong}");
    }
}

#[test]
fn chip_data_gives_the_digits_of_track_2_equivalent() {
    let track = "57133530111333300000D29122011234567890123F";
    assert_eq!(chip(track), found(JCB));
    assert_eq!(chip("5708378282246310005D"), found("378282246310005"));
    for wrong in ["57083530111333300000", "5702D123", "570B12345678901234567890D1", "570235F1"] {
        assert_eq!(chip(wrong), unreadable(55, Some(0x57)), "{wrong}");
    }
}

#[test]
fn a_template_in_chip_data_is_looked_into() {
    for template in ["61", "70", "77"] {
        assert_eq!(chip(&format!("{template}0D4F01A05A083530111333300000")), found(JCB));
        assert_eq!(chip(&format!("{template}025A08")), unreadable(55, None));
    }
    assert_eq!(chip("E0045A021234"), Ok(None), "a template that payment systems do not define");
}

#[test]
fn chip_data_that_can_not_be_walked_makes_the_message_wrong() {
    let card = JCB.as_bytes();
    assert_eq!(pan(&[(2, card), (55, &bytes_of("9F2608A1"))]), unreadable(55, None));
    let silent = built_in("iso93-ascii").unwrap().clone().without_subfields(55);
    assert_eq!(pan_in(&silent, &[(2, card), (55, &bytes_of("9F2608A1"))]), found(JCB));
}

/// The sources of one card number, each as a field with its value.
fn sources(digits: &str) -> [(PanSource, u8, Vec<u8>); 5] {
    let padded = format!("{digits}{}", if digits.len() % 2 == 1 { "F" } else { "" });
    let track = format!("{digits}D2912{}", if digits.len() % 2 == 1 { "" } else { "F" });
    let element =
        |tag: &str, value: &str| bytes_of(&format!("{tag}{:02X}{value}", value.len() / 2));
    [
        (source(2, None), 2, digits.as_bytes().to_vec()),
        (source(35, None), 35, format!("{digits}=2912101").into_bytes()),
        (source(45, None), 45, format!("%B{digits}^KAERU/TARO^2912").into_bytes()),
        (source(55, Some(0x5A)), 55, element("5A", &padded)),
        (source(55, Some(0x57)), 55, element("57", &track)),
    ]
}

/// The card number of a message with these two sources.
fn pan_of_two(
    one: &(PanSource, u8, Vec<u8>),
    other: &(PanSource, u8, Vec<u8>),
) -> Result<Option<String>, PanError> {
    if one.1 == other.1 {
        return pan(&[(one.1, &[&one.2[..], &other.2].concat())]);
    }
    pan(&[(one.1, &one.2), (other.1, &other.2)])
}

#[test]
fn two_that_agree_are_one_and_two_that_differ_are_named() {
    let (jcb, visa) = (sources(JCB), sources(VISA));
    for (place, one) in jcb.iter().enumerate() {
        for (same, other) in jcb.iter().zip(&visa).skip(place + 1) {
            assert_eq!(pan_of_two(one, same), found(JCB), "{} {}", one.0, same.0);
            let error = PanError::Disagree(one.0, other.0);
            assert_eq!(pan_of_two(one, other), Err(error), "{error}");
        }
    }
}

#[test]
fn a_number_with_a_zero_in_front_is_another_number() {
    let (short, long) = (sources("411111111111111"), sources("0411111111111111"));
    assert_eq!(pan_of_two(&short[0], &long[1]), Err(PanError::Disagree(short[0].0, long[1].0)));
}

/// A dialect with a card number in DE 48.
fn naming(subfields: Subfields, key: Key) -> Dialect {
    let rows = [
        (2, FieldSpec::digits(Form::Packed { zero: Side::Left }, 19).packed_var(2)),
        (48, FieldSpec::text(999).var(3)),
    ];
    let dialect = Dialect::new("test", Version::Iso1987, Form::Chars, Form::Raw, &rows).unwrap();
    dialect.with_subfields(48, subfields).unwrap().with_pan_in(48, key).unwrap()
}

#[test]
fn a_subfield_that_the_dialect_names_gives_its_digits() {
    let key = Key::Name(Name::new(b"02").unwrap());
    let tagged = naming(Subfields::Tagged { tag: 2, length: 2 }, key);
    let text = b"0103abc02163530111333300000";
    assert_eq!(pan_in(&tagged, &[(48, text)]), found(JCB));
    assert_eq!(pan_in(&tagged, &[(48, b"02193530111333300000   ")]), found(JCB));
    assert_eq!(pan_in(&tagged, &[(48, b"0103abc")]), Ok(None));
    assert_eq!(pan_in(&tagged, &[(48, b"0203   0200")]), Ok(None), "blank, and of no length");
    assert_eq!(pan_in(&tagged, &[(2, JCB.as_bytes()), (48, text)]), found(JCB));
    let named = PanSource { field: 48, key: Some(key) };
    let visa = PanError::Disagree(source(2, None), named);
    assert_eq!(pan_in(&tagged, &[(2, VISA.as_bytes()), (48, text)]), Err(visa));
    assert_eq!(visa.to_string(), "the card numbers of DE 2 and DE 48 subfield 02 are not the same");
    assert_eq!(pan_in(&tagged, &[(48, b"020412 4")]), Err(PanError::Unreadable(named)));
    assert_eq!(pan_in(&tagged, &[(48, b"0204")]), unreadable(48, None));
    let placed = naming(Subfields::fixed(&[3, 16]), Key::Place(2));
    assert_eq!(pan_in(&placed, &[(48, b"abc3530111333300000")]), found(JCB));
    let chip = naming(Subfields::BerTlv, Key::Tag(Tag::of(0x9F6B)));
    assert_eq!(pan_in(&chip, &[(48, b"9F6B083530111333300000")]), found(JCB));
}

#[test]
fn a_track_in_binary_is_packed() {
    let rows = [(35, FieldSpec::binary(Form::Hex, 19).var(2))];
    let dialect = Dialect::new("test", Version::Iso1987, Form::Chars, Form::Raw, &rows).unwrap();
    assert_eq!(pan_in(&dialect, &[(35, &bytes_of("3530111333300000D2912F"))]), found(JCB));
    assert_eq!(pan_in(&dialect, &[(35, &bytes_of("3530111333300000"))]), unreadable(35, None));
}

#[test]
fn what_is_longer_than_any_track_is_none_in_every_form() {
    for form in [Form::Raw, Form::Hex] {
        let rows = [(55, FieldSpec::binary(form, 255).var(3))];
        let dialect = Dialect::new("test", Version::Iso1993, Form::Chars, Form::Raw, &rows);
        let dialect = dialect.unwrap().with_subfields(55, Subfields::BerTlv).unwrap();
        let padded = |units: usize| {
            let head = [0x5A, u8::try_from(units).unwrap()];
            [&head[..], &bytes_of(JCB), &vec![0xFF; units - 8]].concat()
        };
        assert_eq!(pan_in(&dialect, &[(55, &padded(99))]), found(JCB), "{form:?}");
        assert_eq!(pan_in(&dialect, &[(55, &padded(100))]), unreadable(55, Some(0x5A)), "{form:?}");
    }
}

#[test]
fn nothing_shows_the_digits() {
    let dialect = built_in("iso93-ascii").unwrap();
    let mut out = [0; 100];
    let mut writer = Writer::new(dialect, &mut out, Mti::of(0x1200), Fields::of(&[2])).unwrap();
    writer.put_text(2, JCB.as_bytes()).unwrap();
    let len = writer.finish().unwrap();
    let mut slots = Slots::new();
    dialect.decode(&out[..len], &mut slots).unwrap();
    let pan = slots.message(dialect, &out[..len]).pan().unwrap().unwrap();
    assert_eq!(format!("{pan:?}"), "353011******0000");
    let error = PanError::Unreadable(source(55, Some(0x57)));
    assert_eq!(error.to_string(), "no card number can be read from DE 55 tag 57");
}

proptest! {
    #[test]
    fn a_card_number_is_found_wherever_it_stands(
        digits in prop::collection::vec(b'0'..=b'9', 1..20),
        present in 1..32_u8,
    ) {
        let digits = String::from_utf8(digits).unwrap();
        let mut values: Vec<(u8, Vec<u8>)> = Vec::new();
        for (place, (_, field, value)) in sources(&digits).into_iter().enumerate() {
            if present >> place & 1 == 0 {
                continue;
            }
            match values.last_mut() {
                Some((last, bytes)) if *last == field => bytes.extend(value),
                _ => values.push((field, value)),
            }
        }
        let values: Vec<_> = values.iter().map(|(n, value)| (*n, &value[..])).collect();
        prop_assert_eq!(pan(&values), found(&digits));
    }

    #[test]
    fn whatever_stands_there_is_a_number_or_an_error(
        values in prop::collection::btree_map(
            prop_oneof![Just(35_u8), Just(45), Just(55)],
            prop::collection::vec(prop_oneof![Just(b'='), Just(b'1'), Just(b'B'), Just(b'^'), 0x20..0x7F_u8], 0..37),
            0..4,
        ),
    ) {
        let values: Vec<_> = values.iter().map(|(&n, value)| (n, &value[..])).collect();
        if let Ok(Some(digits)) = pan(&values) {
            prop_assert!((1..=19).contains(&digits.len()));
        }
    }
}
