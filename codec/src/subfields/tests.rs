//! Subfields as the standard and as partners lay them out, and values that are not as described.

use super::*;
use crate::spec::{Form, Side, Version};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use proptest::prelude::*;

const LEFT: Form = Form::Packed { zero: Side::Left };
const RIGHT: Form = Form::Packed { zero: Side::Right };

fn text(text: &[u8]) -> Value<'_> {
    let units = u16::try_from(text.len()).unwrap();
    Value::new(text, units, FieldSpec::text(999).var(3))
}

/// "KEY=VALUE" of each, and what is wrong at the end.
fn shown(subfields: &Subfields, value: Value<'_>) -> String {
    let item = |item: Result<Subfield<'_>, PartError>| match item {
        Ok(subfield) => {
            let units: Vec<u8> = subfield.value.iter().collect();
            format!("{}={}", subfield.key, units.escape_ascii())
        }
        Err(error) => error.to_string(),
    };
    subfields.walk(value).map(item).collect::<Vec<_>>().join(" ")
}

fn standard(version: Version, n: u8) -> &'static Subfields {
    Subfields::standard(version, n).unwrap()
}

#[test]
fn the_processing_code_has_three_parts_in_every_form() {
    let code = standard(Version::Iso1993, 3);
    for value in [
        Value::new(b"012030", 6, FieldSpec::digits(Form::Chars, 6)),
        Value::new(&[0x01, 0x20, 0x30], 6, FieldSpec::digits(LEFT, 6)),
    ] {
        assert_eq!(shown(code, value), "1=01 2=20 3=30");
    }
}

#[test]
fn the_original_of_a_reversal_is_read_in_both_editions() {
    let acquirer = b"120000012326112114203011\
                     77334000001";
    assert_eq!(
        shown(standard(Version::Iso1993, 56), text(acquirer)),
        "1=1200 2=000123 3=261121142030 4=77334000001"
    );
    // Eleven digits begin and end within a byte.
    let packed =
        b"\x02\x00\x00\x01\x23\x11\x21\x14\x20\x30\x77\x33\x40\x00\x00\x14\x97\x11\x00\x00\x01";
    let value = Value::new(packed, 42, FieldSpec::digits(LEFT, 42));
    assert_eq!(
        shown(standard(Version::Iso1987, 90), value),
        "1=0200 2=000123 3=1121142030 4=77334000001 5=49711000001"
    );
}

#[test]
fn additional_amounts_repeat_to_the_end_of_the_field() {
    let amounts = standard(Version::Iso1993, 54);
    let two = b"0001392C0000000250003002392D000000000100";
    assert_eq!(
        shown(amounts, text(two)),
        "1=00 2=01 3=392 4=C 5=000000025000 1=30 2=02 3=392 4=D 5=000000000100"
    );
    assert_eq!(shown(amounts, text(b"")), "");
    assert!(shown(amounts, text(&two[..39])).ends_with("4=D at place 28: expected 12 more"));
}

#[test]
fn a_field_may_end_behind_any_subfield_and_not_within_one() {
    let three = Subfields::fixed(&[2, 2, 2]);
    assert_eq!(shown(&three, text(b"0120")), "1=01 2=20");
    assert_eq!(shown(&three, text(b"01203")), "1=01 2=20 at place 4: expected 2 more");
    assert_eq!(
        shown(&three, text(b"0120307")),
        "1=01 2=20 3=30 at place 6: expected the end of the field"
    );
}

#[test]
fn a_prefix_tells_the_length_up_to_its_maximum() {
    let widths = Cow::Owned([Width::Var { digits: 2, max: 3 }, Width::Fixed(1)].to_vec());
    let pair = Subfields::Positional { widths, repeated: false };
    assert_eq!(shown(&pair, text(b"03abcX")), "1=abc 2=X");
    assert_eq!(shown(&pair, text(b"00X")), "1= 2=X");
    assert_eq!(shown(&pair, text(b"04abcdX")), "at place 0: expected a length of at most 3");
    assert_eq!(shown(&pair, text(b"0xabc")), "at place 1: expected a decimal digit of a length");
    assert_eq!(shown(&pair, text(b"0")), "at place 0: expected 2 more");
    assert_eq!(shown(&pair, text(b"03ab")), "at place 2: expected 3 more");
}

#[test]
fn tagged_subfields_are_there_whatever_their_names() {
    let tagged = Subfields::Tagged { tag: 2, length: 2 };
    assert_eq!(shown(&tagged, text(b"0103abc52021~99000?01\xFF")), "01=abc 52=1~ 99= 0?=\\xff");
    assert_eq!(shown(&tagged, text(b"0103abc5")), "01=abc at place 7: expected 2 more");
    assert_eq!(shown(&tagged, text(b"010")), "at place 2: expected 2 more");
    assert_eq!(shown(&tagged, text(b"01x3")), "at place 2: expected a decimal digit of a length");
    assert_eq!(shown(&tagged, text(b"0104abc")), "at place 4: expected 4 more");
}

#[test]
fn tagged_subfields_of_packed_digits_are_walked_by_digits() {
    let tagged = Subfields::Tagged { tag: 2, length: 2 };
    let value = Value::new(
        &[0x01, 0x03, 0x12, 0x35, 0x20, 0x27, 0x80],
        13,
        FieldSpec::digits(RIGHT, 99).packed_var(2),
    );
    assert_eq!(shown(&tagged, value), "01=123 52=78");
}

#[test]
fn chip_data_is_walked_like_any_other() {
    let value = Value::new(&[0x9C, 1, 0x20, 0x5A], 4, FieldSpec::binary(Form::Raw, 4).var(3));
    assert_eq!(
        shown(&Subfields::BerTlv, value),
        "9C=  at place 4: expected a length of 1 to 3 bytes"
    );
}

#[test]
fn a_description_fits_its_field_or_is_refused() {
    let n6 = FieldSpec::digits(Form::Chars, 6);
    let to99 = FieldSpec::text(99).var(2);
    let var = |digits, max| Subfields::Positional {
        widths: Cow::Owned([Width::Var { digits, max }].to_vec()),
        repeated: false,
    };
    let repeated = |widths: &[u16]| {
        let widths = widths.iter().map(|&width| Width::Fixed(width)).collect();
        Subfields::Positional { widths: Cow::Owned(widths), repeated: true }
    };
    for (subfields, spec, expected) in [
        (Subfields::fixed(&[2, 2, 2]), n6, Ok(())),
        (Subfields::fixed(&[2, 2, 1]), n6, Err(SubfieldsError::Total)),
        (Subfields::fixed(&[2, 2, 3]), n6, Err(SubfieldsError::Total)),
        (Subfields::fixed(&[2, 2, 1]), to99, Ok(())),
        (Subfields::fixed(&[99]), to99, Ok(())),
        (Subfields::fixed(&[100]), to99, Err(SubfieldsError::Total)),
        (repeated(&[3]), n6, Ok(())),
        (repeated(&[4]), n6, Err(SubfieldsError::Total)),
        (Subfields::fixed(&[]), n6, Err(SubfieldsError::Widths)),
        (Subfields::fixed(&[0, 6]), n6, Err(SubfieldsError::Widths)),
        (Subfields::fixed(&[1; 99]), to99, Ok(())),
        (Subfields::fixed(&[1; 100]), FieldSpec::text(100), Err(SubfieldsError::Widths)),
        (var(2, 97), to99, Ok(())),
        (var(1, 10), to99, Err(SubfieldsError::Digits)),
        (var(0, 1), to99, Err(SubfieldsError::Digits)),
        (var(5, 1), to99, Err(SubfieldsError::Digits)),
        (Subfields::Tagged { tag: 4, length: 1 }, to99, Ok(())),
        (Subfields::Tagged { tag: 5, length: 1 }, to99, Err(SubfieldsError::Digits)),
        (Subfields::Tagged { tag: 2, length: 0 }, to99, Err(SubfieldsError::Digits)),
        (Subfields::BerTlv, to99, Ok(())),
        (Subfields::BerTlv, n6, Err(SubfieldsError::Class)),
    ] {
        assert_eq!(subfields.check(spec), expected, "{subfields:?} {spec:?}");
    }
}

#[test]
fn a_name_has_one_to_four_units() {
    assert_eq!(Name::new(b""), None);
    assert_eq!(Name::new(b"12345"), None);
    assert_eq!(Name::new(b"1234").unwrap().units(), b"1234");
    assert_ne!(Name::new(b"1"), Name::new(b"1\0"));
}

#[test]
fn debug_tells_no_value() {
    let tagged = Subfields::Tagged { tag: 2, length: 2 };
    let walk = tagged.walk(text(b"0216353011133330000"));
    let told = format!("{walk:?} {:?}", walk.clone().next());
    assert!(!told.contains("3530"), "{told}");
    let whole = tagged.walk(text(b"02163530111333300000")).next().unwrap().unwrap();
    assert_eq!(format!("{whole:?}"), "Subfield { key: 02, value: Text[16], whole: Text[20] }");
}

/// Any description that can be.
fn any_subfields() -> impl Strategy<Value = Subfields> {
    let width = prop_oneof![
        (1..9_u16).prop_map(Width::Fixed),
        (1..4_u8, 1..9_u16).prop_map(|(digits, max)| Width::Var { digits, max }),
    ];
    prop_oneof![
        (prop::collection::vec(width, 1..6), any::<bool>()).prop_map(|(widths, repeated)| {
            Subfields::Positional { widths: widths.into(), repeated }
        }),
        (1..5_u8, 1..5_u8).prop_map(|(tag, length)| Subfields::Tagged { tag, length }),
        Just(Subfields::BerTlv),
    ]
}

proptest! {
    #[test]
    fn subfields_joined_are_the_field_again(
        subfields in any_subfields(),
        seed in prop::collection::vec(prop_oneof![Just(b'0'), Just(b'1'), Just(b'2'), any::<u8>()], 0..60),
    ) {
        let value = text(&seed);
        let mut end = 0;
        for item in subfields.walk(value) {
            match item {
                Ok(subfield) if subfields != Subfields::BerTlv => {
                    prop_assert_eq!(subfield.whole.offset(), end);
                    end += subfield.whole.units();
                    let head = subfield.whole.units() - subfield.value.units();
                    prop_assert_eq!(subfield.value.offset(), subfield.whole.offset() + head);
                    prop_assert_eq!(subfield.whole.bytes(), Some(&seed[subfield.whole.offset()..end]));
                }
                Ok(_) => {}
                Err(error) => {
                    prop_assert!(error.offset <= seed.len());
                    end = seed.len();
                }
            }
        }
        prop_assert!(end == seed.len() || subfields == Subfields::BerTlv);
    }
}
