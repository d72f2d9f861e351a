//! What a dialect says about the inside of its fields, and what of it is refused.

use super::*;
use crate::spec::{Form, Version};
use crate::subfields::Name;
use crate::tlv::Tag;
use crate::{built_in, built_ins};

fn dialect(version: Version) -> Dialect {
    let rows = [
        (2, FieldSpec::digits(Form::Chars, 19).var(2)),
        (3, FieldSpec::digits(Form::Chars, 6)),
        (22, FieldSpec::text(15)),
        (35, FieldSpec::text(37).var(2)),
        (48, FieldSpec::text(999).var(3)),
        (55, FieldSpec::binary(Form::Raw, 255).var(3)),
    ];
    Dialect::new("test", version, Form::Chars, Form::Hex, &rows).unwrap()
}

#[test]
fn the_built_in_ones_have_the_subfields_of_their_edition() {
    for dialect in built_ins() {
        let described: Vec<u8> =
            dialect.fields().iter().filter(|&n| dialect.subfields(n).is_some()).collect();
        let of_1993 = dialect.version() == Version::Iso1993;
        let (fields, card): (&[u8], &[u8]) = if of_1993 {
            (&[3, 22, 30, 54, 55, 56], &[35, 45, 55])
        } else {
            (&[3, 54, 90, 95], &[35, 45])
        };
        assert_eq!(described, fields, "{}", dialect.name());
        assert_eq!(dialect.pan_fields(), Fields::of(card));
        assert_eq!(dialect.has_chip_data(55), of_1993);
        assert!(!dialect.has_chip_data(48));
    }
}

#[test]
fn nothing_is_inside_a_field_before_it_is_said() {
    let silent = dialect(Version::Iso1993);
    assert!(silent.fields().iter().all(|n| silent.subfields(n).is_none()));
    assert_eq!(silent.pan_fields(), Fields::of(&[35]));
}

#[test]
fn the_standards_are_left_out_where_the_field_differs_and_in_another_edition() {
    let of = |version| dialect(version).with_standard_subfields();
    let described = |dialect: &Dialect| -> Vec<u8> {
        dialect.fields().iter().filter(|&n| dialect.subfields(n).is_some()).collect()
    };
    let of_1993 = of(Version::Iso1993);
    assert_eq!(described(&of_1993), [3, 55], "DE 22 has fifteen characters");
    assert_eq!(of_1993.pan_fields(), Fields::of(&[35, 55]));
    let of_1987 = of(Version::Iso1987);
    assert_eq!(described(&of_1987), [3]);
    assert_eq!(of_1987.pan_fields(), Fields::of(&[35]));
    let told = of_1987.with_subfields(55, Subfields::BerTlv).unwrap();
    assert_eq!(told.pan_fields(), Fields::of(&[35, 55]));
}

#[test]
fn chip_data_of_text_is_looked_at_only_where_it_is_told() {
    let rows = [(55, FieldSpec::text(999).var(3))];
    let text = Dialect::new("test", Version::Iso1993, Form::Chars, Form::Hex, &rows).unwrap();
    let text = text.with_standard_subfields();
    assert!(text.subfields(55).is_none() && text.pan_fields().is_empty());
    let told = text.with_subfields(55, Subfields::BerTlv).unwrap();
    assert_eq!(told.pan_fields(), Fields::of(&[55]));
}

#[test]
fn what_is_said_of_a_field_goes_before_the_standard() {
    let ours = built_in("iso93-ascii").unwrap().clone();
    let ours = ours.with_subfields(3, Subfields::fixed(&[6])).unwrap();
    let ours = ours.without_subfields(55);
    assert_eq!(ours.subfields(3), Some(&Subfields::fixed(&[6])));
    assert_eq!(ours.subfields(55), None);
    assert_eq!(ours.pan_fields(), Fields::of(&[35, 45]));
    let again = ours.with_subfields(55, Subfields::BerTlv).unwrap();
    assert!(again.has_chip_data(55));
}

#[test]
fn a_card_number_is_named_where_there_are_subfields_of_that_kind() {
    let tagged = Subfields::Tagged { tag: 2, length: 3 };
    let ours = || dialect(Version::Iso1993).with_subfields(48, tagged.clone()).unwrap();
    let name = |units| Key::Name(Name::new(units).unwrap());
    let named = ours().with_pan_in(48, name(b"02")).unwrap();
    assert_eq!(named.pan_in(), Some((48, name(b"02"))));
    assert_eq!((named.pan_key(48), named.pan_key(55)), (Some(name(b"02")), None));
    assert_eq!(named.pan_fields(), Fields::of(&[35, 48]));
    for (field, key, error) in [
        (48, name(b"002"), SubfieldsError::Key),
        (48, Key::Place(1), SubfieldsError::Key),
        (48, Key::Tag(Tag::of(0x5A)), SubfieldsError::Key),
        (55, Key::Place(1), SubfieldsError::Field),
        (60, Key::Place(1), SubfieldsError::Field),
    ] {
        assert_eq!(ours().with_pan_in(field, key).unwrap_err(), error, "{field} {key}");
    }
    let places = |dialect: Dialect| dialect.with_subfields(48, Subfields::fixed(&[2, 16])).unwrap();
    assert!(places(ours()).with_pan_in(48, Key::Place(2)).is_ok());
    assert!(places(ours()).with_pan_in(48, Key::Place(3)).is_err());
    assert!(places(ours()).with_pan_in(48, Key::Place(0)).is_err());
    // Whoever says something else about the field forgets the number in it.
    assert_eq!(places(named).pan_in(), None);
}

#[test]
fn a_field_that_is_not_there_has_no_subfields() {
    let error = dialect(Version::Iso1993).with_subfields(60, Subfields::fixed(&[1])).unwrap_err();
    assert_eq!(error, SubfieldsError::Field);
    let error = dialect(Version::Iso1993).with_subfields(3, Subfields::BerTlv).unwrap_err();
    assert_eq!(error, SubfieldsError::Class);
}
