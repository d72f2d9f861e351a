//! Rows that are a dialect, and rows that are none.

use super::*;
use alloc::format;

fn with(rows: &[(u8, FieldSpec)]) -> Result<Dialect, DialectError> {
    Dialect::new("test", Version::Iso1993, Form::Chars, Form::Hex, rows)
}

#[test]
fn data_elements_are_two_to_128_and_each_has_one_row() {
    let text = FieldSpec::text(3);
    assert!(with(&[(2, text), (128, text)]).is_ok());
    for field in [0, 1, 129, 255] {
        assert_eq!(with(&[(field, text)]).unwrap_err(), DialectError::Number { field });
    }
    assert_eq!(with(&[(2, text), (2, text)]).unwrap_err(), DialectError::Twice { field: 2 });
}

#[test]
fn a_row_that_can_not_be_is_named() {
    let error = with(&[(2, FieldSpec::text(3)), (41, FieldSpec::text(0))]).unwrap_err();
    assert_eq!(error, DialectError::Spec { field: 41, reason: SpecError::Max });
}

#[test]
fn an_mti_is_no_raw_binary_and_a_bitmap_no_text() {
    let of = |mti, bitmap| Dialect::new("test", Version::Iso1993, mti, bitmap, &[]);
    let packed = Form::Packed { zero: crate::spec::Side::Right };
    assert!(of(Form::Chars, Form::Raw).is_ok() && of(packed, Form::Hex).is_ok());
    assert_eq!(of(Form::Raw, Form::Raw).unwrap_err(), DialectError::MtiForm);
    assert_eq!(of(Form::Chars, Form::Chars).unwrap_err(), DialectError::BitmapForm);
}

#[test]
fn the_built_in_dialects_are_found_by_name() {
    for dialect in built_ins() {
        let found = built_in(dialect.name()).unwrap();
        assert_eq!(found.layout().print, dialect.layout().print);
        assert_eq!(found.fields().len(), 127);
    }
    assert!(built_in("iso93").is_none());
    let shown = format!("{:?}", built_in("iso93-binary").unwrap());
    assert!(shown.contains("\"iso93-binary\"") && shown.len() < 200, "{shown}");
}

#[test]
fn a_fingerprint_tells_layouts_apart_and_names_not() {
    let print = |rows: &[(u8, FieldSpec)]| with(rows).unwrap().layout().print;
    let one = print(&[(41, FieldSpec::text(8))]);
    let renamed = Dialect::new(
        "other",
        Version::Iso1993,
        Form::Chars,
        Form::Hex,
        &[(41, FieldSpec::text(8))],
    );
    assert_eq!(one, renamed.unwrap().layout().print);
    for rows in [
        &[(41, FieldSpec::text(9))],
        &[(42, FieldSpec::text(8))],
        &[(41, FieldSpec::text(8).var(2))],
        &[(41, FieldSpec::digits(Form::Chars, 8))],
    ] {
        assert_ne!(one, print(rows));
    }
}

#[test]
fn dialects_are_equal_that_say_the_same_of_every_field_and_have_one_name() {
    let rows = [(2, FieldSpec::digits(Form::Chars, 19).var(2)), (41, FieldSpec::text(8))];
    let one = with(&rows).unwrap();
    assert!(one == with(&rows).unwrap() && one == one.clone());
    let named = |name: &'static str, mti| {
        Dialect::new(name, Version::Iso1993, mti, Form::Hex, &rows).unwrap()
    };
    let packed = Form::Packed { zero: crate::spec::Side::Left };
    let others = [
        named("other", Form::Chars),
        named("test", packed),
        Dialect::new("test", Version::Iso1987, Form::Chars, Form::Hex, &rows).unwrap(),
        with(&rows[..1]).unwrap(),
        with(&[rows[0], (41, FieldSpec::text(9))]).unwrap(),
        one.clone().with_standard_subfields(),
    ];
    for other in others {
        assert!(one != other, "{other:?}");
    }
    for (one, other) in built_ins().iter().zip(built_ins().iter().skip(1)) {
        assert!(one != other && *one == &(*one).clone());
    }
}
