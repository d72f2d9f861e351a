//! The built-in dialects as files say what the codec has built in, and every dialect survives being
//! written and read.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::collections::BTreeMap;
use std::path::Path;

use codec::{
    Class, Dialect, FieldSpec, Fields, Form, Key, Length, Name, Side, Subfields, Version, Width,
};
use codec_specs::{Described, Spec, built_in, built_ins, parse, write};
use proptest::prelude::*;

/// Everything that a dialect says.
fn assert_same(one: &Dialect, other: &Dialect) {
    assert_eq!(one.name(), other.name());
    assert_eq!(one.version(), other.version());
    assert_eq!(one.mti_form(), other.mti_form());
    assert_eq!(one.bitmap_form(), other.bitmap_form());
    for n in 0..=255 {
        assert_eq!(one.field(n), other.field(n), "DE {n}");
        assert_eq!(one.subfields(n), other.subfields(n), "DE {n}");
    }
    assert_eq!(one.pan_in(), other.pan_in());
    assert_eq!(one.journaled(), other.journaled());
    assert_eq!(one.fingerprint(), other.fingerprint());
}

#[test]
fn each_built_in_dialect_is_what_its_file_says() {
    let names: Vec<_> = codec::built_ins().iter().map(|dialect| dialect.name()).collect();
    assert_eq!(built_ins().map(|spec| spec.dialect.name().to_owned()).collect::<Vec<_>>(), names);
    for dialect in codec::built_ins() {
        let spec = built_in(dialect.name()).unwrap();
        assert_same(&spec.dialect, dialect);
        assert!(spec.fields.values().all(|field| !field.name.is_empty()), "{}", dialect.name());
    }
}

#[test]
fn each_field_has_the_name_of_its_edition() {
    for (dialect, n, name) in [
        ("iso87-ascii", 12, "local time (hhmmss)"),
        ("iso87-binary", 39, "response code"),
        ("iso87-binary", 70, "network management code"),
        ("iso93-ascii", 12, "local time (YYMMDDhhmmss)"),
        ("iso93-binary", 39, "action code"),
        ("iso93-binary", 128, "MAC"),
    ] {
        assert_eq!(built_in(dialect).unwrap().name_of(n), name, "DE {n} of {dialect}");
    }
    assert_eq!(built_in("iso93-ascii").unwrap().name_of(129), "");
}

#[test]
fn a_built_in_dialect_survives_being_written_and_read() {
    for spec in built_ins() {
        let text = write(&spec);
        let again = parse(Path::new("x.toml"), &text).unwrap_or_else(|error| panic!("{error}"));
        assert_same(&again.dialect, &spec.dialect);
        assert_eq!(again.fields, spec.fields);
        assert_eq!(write(&again), text);
    }
}

#[test]
fn what_may_be_written_down_is_narrowed_and_widened_by_a_list() {
    let of = |text: &str| parse(Path::new("x.toml"), text).unwrap().dialect.journaled();
    let usual = of("extends = \"iso93-ascii\"");
    assert!(usual.has(2) && usual.has(101) && !usual.has(48) && !usual.has(35));
    let own = of("extends = \"iso93-ascii\"\njournal = [2, \"37-39\", 48]");
    assert_eq!(own, Fields::of(&[2, 37, 38, 39, 48]));
    assert_eq!(of("extends = \"iso93-ascii\"\njournal = []"), Fields::EMPTY);
    let gap = "extends = \"iso93-ascii\"\njournal = [\"2-5\"]\n[fields]\n3 = \"absent\"";
    assert_eq!(of(gap), Fields::of(&[2, 4, 5]));
}

#[test]
fn a_list_of_a_file_that_is_extended_holds_for_the_fields_that_are_left() {
    let base = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dialects/journal.toml");
    let of = |lines: &str| {
        let text = format!("extends = \"{base}\"\n{lines}");
        parse(Path::new("x.toml"), &text).unwrap().dialect.journaled()
    };
    assert_eq!(of(""), Fields::of(&[2, 3, 4, 48]));
    assert_eq!(of("journal = [4]"), Fields::of(&[4]));
    assert_eq!(of("[fields]\n3 = \"absent\""), Fields::of(&[2, 4, 48]));
    let inside = "[fields]\n48 = { subfields = [19, 2] }";
    assert_eq!(of(&format!("pan = {{ field = 48, place = 1 }}\n{inside}")), Fields::of(&[2, 3, 4]));
}

fn form_of(class: Class, which: u8) -> Form {
    let forms: &[Form] = match class {
        Class::Digits | Class::Amount | Class::Track => {
            &[Form::Chars, Form::Packed { zero: Side::Left }, Form::Packed { zero: Side::Right }]
        }
        Class::Text => &[Form::Chars],
        Class::Binary => &[Form::Hex, Form::Raw],
    };
    forms[usize::from(which) % forms.len()]
}

fn any_field() -> impl Strategy<Value = FieldSpec> {
    let classes = [Class::Digits, Class::Amount, Class::Text, Class::Track, Class::Binary];
    let class = prop::sample::select(classes.to_vec());
    (class, any::<u8>(), 0..5_u8, any::<bool>(), 2..9999_u16).prop_map(
        |(class, which, digits, packed, max)| {
            let fixed = digits == 0 || class == Class::Amount;
            let length = if fixed { Length::Fixed } else { Length::Var { digits, packed } };
            let told = if fixed { 9999 } else { 10_u16.pow(digits.into()) - 1 };
            let max = 2 + (max - 2) % (told - 1);
            FieldSpec { class, form: form_of(class, which), length, max }
        },
    )
}

fn any_subfields() -> impl Strategy<Value = Option<Subfields>> {
    let width = prop_oneof![
        (1..40_u16).prop_map(Width::Fixed),
        (1..5_u8, 1..9_u16).prop_map(|(digits, max)| Width::Var { digits, max }),
    ];
    prop_oneof![
        Just(None),
        Just(Some(Subfields::BerTlv)),
        (1..5_u8, 1..5_u8).prop_map(|(tag, length)| Some(Subfields::Tagged { tag, length })),
        (prop::collection::vec(width, 1..12), any::<bool>()).prop_map(|(widths, repeated)| {
            Some(Subfields::Positional { widths: widths.into(), repeated })
        }),
    ]
}

/// With these inside its fields where they fit, and a card number where there is a place for one.
#[expect(clippy::large_stack_frames, reason = "in a test")]
fn with_inside(mut dialect: Dialect, inside: BTreeMap<u8, Option<Subfields>>) -> Dialect {
    for (n, subfields) in inside {
        if dialect.field(n).is_none() {
            continue;
        }
        dialect = match subfields {
            None => dialect.without_subfields(n),
            Some(subfields) => dialect.clone().with_subfields(n, subfields).unwrap_or(dialect),
        };
        dialect = match dialect.subfields(n) {
            Some(Subfields::Positional { .. }) => dialect.with_pan_in(n, Key::Place(1)).unwrap(),
            Some(Subfields::Tagged { tag: 2, .. }) => {
                dialect.with_pan_in(n, Key::Name(Name::new(b"P1").unwrap())).unwrap()
            }
            _ => dialect,
        };
    }
    dialect
}

proptest! {
    #[test]
    fn any_dialect_survives_being_written_and_read(
        name in "[ -~]{0,20}[a-z]",
        version in prop::sample::select(vec![Version::Iso1987, Version::Iso1993, Version::Iso2003]),
        packed_mti in any::<bool>(),
        raw_bitmap in any::<bool>(),
        standard in any::<bool>(),
        rows in prop::collection::btree_map(2..=128_u8, any_field(), 1..40),
        inside in prop::collection::btree_map(2..=128_u8, any_subfields(), 0..9),
        names in prop::collection::btree_map(2..=128_u8, "[a-z(\"\\\\ ]{0,20}[a-z]", 0..40),
        journal in prop::option::of(prop::collection::btree_set(2..=128_u8, 0..60)),
    ) {
        let name = name.trim().to_owned();
        let mti = if packed_mti { Form::Packed { zero: Side::Left } } else { Form::Chars };
        let bitmap = if raw_bitmap { Form::Raw } else { Form::Hex };
        let list: Vec<_> = rows.iter().map(|(&n, &spec)| (n, spec)).collect();
        let plain = Dialect::new(name, version, mti, bitmap, &list).unwrap();
        let plain = if standard { plain.with_standard_subfields() } else { plain };
        let dialect = with_inside(plain, inside);
        let allowed = |n: &u8| dialect.clone().with_journaled(Fields::of(&[*n])).is_ok();
        let journal = journal.map(|all| all.into_iter().filter(allowed).fold(Fields::EMPTY, Fields::with));
        let dialect = match journal {
            Some(fields) => dialect.with_journaled(fields).unwrap(),
            None => dialect,
        };
        let described = rows.keys().map(|n| {
            let name = names.get(n).map(|name| name.trim().to_owned()).unwrap_or_default();
            (*n, Described { notation: String::new(), name })
        });
        let spec = Spec { dialect, fields: described.collect() };
        let text = write(&spec);
        let again = parse(Path::new("any.toml"), &text);
        let again = again.unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_same(&again.dialect, &spec.dialect);
        for n in rows.keys() {
            prop_assert_eq!(again.name_of(*n), spec.name_of(*n));
        }
        prop_assert_eq!(write(&again), text);
    }
}

#[test]
fn the_examples_of_the_readme_are_dialects() {
    let readme = include_str!("../README.md");
    let blocks = readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let specs: Vec<Spec> = blocks
        .map(|text| parse(Path::new("example.toml"), text).unwrap_or_else(|e| panic!("{e}")))
        .collect();
    let [acme, changed] = specs.as_slice() else { panic!("{} examples", specs.len()) };
    let (acme, changed) = (&acme.dialect, &changed.dialect);
    let right = Form::Packed { zero: Side::Right };
    assert_eq!(acme.field(2), Some(FieldSpec::digits(right, 19).packed_var(2)));
    assert_eq!(acme.field(28).unwrap().max, 9, "with its sign");
    assert_eq!(acme.field(42), Some(FieldSpec::text(15)));
    assert_eq!(acme.pan_in(), Some((48, Key::Name(Name::new(b"02").unwrap()))));
    let base = codec::built_in("iso93-ascii").unwrap();
    assert_eq!(changed.name(), "example");
    assert_eq!((changed.field(2).unwrap().max, changed.field(102)), (16, None));
    assert_eq!(changed.field(52), base.field(52), "back again");
    for n in [64, 65, 128] {
        assert_eq!(changed.field(n), Some(FieldSpec::binary(Form::Raw, 8)), "DE {n}");
    }
    let others = base.fields().difference(Fields::of(&[2, 64, 65, 102, 103, 128]));
    for n in others {
        assert_eq!(changed.field(n), base.field(n), "DE {n}");
    }
}

proptest! {
    #[test]
    fn whatever_a_file_holds_it_is_a_dialect_or_told_what_is_wrong(
        which in 0..4_usize,
        spoils in prop::collection::vec((any::<prop::sample::Index>(), "[ -~\n]{0,6}"), 0..8),
    ) {
        let files = [
            include_str!("../dialects/iso87-ascii.toml"),
            include_str!("../dialects/iso87-binary.toml"),
            include_str!("../dialects/iso93-binary.toml"),
            "version = 1987\nmti = \"bcd\"\nbitmap = \"raw\"\npan = { field = 48, tag = \"02\" }\n\
             [fields]\n48 = { as = \"ans...999\", subfields = { tag = 2, length = 2 } }\n\
             90 = { as = \"n42\", subfields = [4, 6, 10, \"..11\", 11] }\n",
        ];
        let mut text = files[which].to_owned();
        for (place, put) in spoils {
            let at = place.index(text.len());
            let to = (at + put.len()).min(text.len());
            text.replace_range(at..to, &put);
        }
        match parse(Path::new("any.toml"), &text) {
            Ok(spec) => prop_assert!(parse(Path::new("any.toml"), &write(&spec)).is_ok()),
            Err(mistakes) => {
                for mistake in mistakes.as_slice() {
                    prop_assert!(mistake.line <= text.lines().count() + 1, "{}", mistake);
                }
            }
        }
    }
}
