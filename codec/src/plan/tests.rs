//! What a plan copies, converts, drops and refuses. That it equals decoding and encoding is a
//! property of its own, with the crate's other tests.

use super::*;
use crate::spec::{FieldSpec, Form, Side, Version};
use crate::{Slots, Writer, built_in};
use std::vec::Vec;

const RIGHT: Form = Form::Packed { zero: Side::Right };

fn dialect(version: Version, rows: &[(u8, FieldSpec)]) -> Dialect {
    Dialect::new("test", version, Form::Chars, Form::Hex, rows).unwrap()
}

/// Every field of `values` as digits or text of the plain dialect.
fn plain() -> Dialect {
    dialect(
        Version::Iso1993,
        &[
            (3, FieldSpec::digits(Form::Chars, 6)),
            (7, FieldSpec::digits(Form::Chars, 4)),
            (11, FieldSpec::digits(Form::Chars, 6)),
            (33, FieldSpec::digits(Form::Chars, 11).var(2)),
            (41, FieldSpec::text(8)),
            (43, FieldSpec::text(20).var(2)),
            (64, FieldSpec::binary(Form::Raw, 2)),
        ],
    )
}

fn encode(dialect: &Dialect, values: &[(u8, &[u8])]) -> Vec<u8> {
    let fields = values.iter().fold(Fields::EMPTY, |set, &(n, _)| set.with(n));
    let mut out = [0; 200];
    let mut writer = Writer::new(dialect, &mut out, Mti::of(0x1100), fields).unwrap();
    for (n, value) in values {
        writer.put_text(*n, value).unwrap();
    }
    let len = writer.finish().unwrap();
    out[..len].to_vec()
}

const SALE: [(u8, &[u8]); 5] =
    [(3, b"000000"), (7, b"1121"), (11, b"000042"), (41, b"T0000001"), (64, b"\xAA\xBB")];

/// `SALE` of `plain`, forwarded to another dialect.
fn forward(
    to: &Dialect,
    drop: &[u8],
    edits: &[Edit<'_>],
    room: usize,
) -> Result<Vec<u8>, WriteError> {
    let from = plain();
    let bytes = encode(&from, &SALE);
    let mut slots = Slots::new();
    from.decode(&bytes, &mut slots).unwrap();
    let plan = Plan::new(&from, to).unwrap();
    let mut out = std::vec![0xEE; room];
    let message = slots.message(&from, &bytes);
    let len = plan.write(&message, Mti::of(0x1421), Fields::of(drop), edits, &mut out)?;
    out.truncate(len);
    Ok(out)
}

fn text(field: u8, text: &[u8]) -> Edit<'_> {
    Edit { field, value: Replace::Text(text) }
}

#[test]
fn a_forwarded_message_has_our_fields_in_place_of_theirs_and_none_of_what_belongs_to_one_hop() {
    let edits = [
        Edit { field: 7, value: Replace::Packed { digits: 0x1231, units: 4 } },
        text(11, b"777777"),
        Edit { field: 33, value: Replace::Wire(b"1149000000001") },
    ];
    let forwarded = forward(&plain(), &[53, 64], &edits, 200).unwrap();
    let mut expected = encode(
        &plain(),
        &[(3, b"000000"), (7, b"1231"), (11, b"777777"), (33, b"49000000001"), (41, b"T0000001")],
    );
    expected[..4].copy_from_slice(b"1421");
    assert_eq!(forwarded, expected);
}

#[test]
fn fields_can_be_added_in_front_behind_and_where_one_was_dropped() {
    let edits = [text(3, b"200000"), text(43, b"TOKYO"), text(64, b"\x01\x02")];
    let forwarded = forward(&plain(), &[3, 64], &edits, 200).unwrap();
    assert!(forwarded.ends_with(b"2000001121000042T000000105TOKYO\x01\x02"));
    let alone = forward(&plain(), &[3, 7, 11, 41, 64], &[text(43, b"TOKYO")], 200).unwrap();
    assert_eq!(alone, b"1421000000000020000005TOKYO");
}

#[test]
fn a_message_without_fields_takes_edits_too() {
    let from = plain();
    let bytes = encode(&from, &[]);
    let mut slots = Slots::new();
    from.decode(&bytes, &mut slots).unwrap();
    let plan = Plan::new(&from, &from).unwrap();
    let mut out = [0; 60];
    let message = slots.message(&from, &bytes);
    let mti = Mti::of(0x1100);
    let len = plan.write(&message, mti, Fields::EMPTY, &[text(7, b"1121")], &mut out).unwrap();
    assert_eq!(&out[..len], &encode(&from, &[(7, b"1121")])[..]);
    assert_eq!(plan.write(&message, mti, Fields::EMPTY, &[], &mut out), Ok(20));
}

#[test]
fn editions_are_not_mixed() {
    let other = dialect(Version::Iso1987, &[]);
    assert_eq!(Plan::new(&plain(), &other).unwrap_err(), PlanError::Versions);
}

#[test]
fn a_field_that_can_not_be_carried_is_dropped_by_name_or_an_error() {
    let narrow = dialect(
        Version::Iso1993,
        &[
            (3, FieldSpec::digits(Form::Chars, 6)),
            (7, FieldSpec::digits(RIGHT, 4)),
            (41, FieldSpec::text(8)),
            (64, FieldSpec::text(2)),
        ],
    );
    let carried = Plan::new(&plain(), &narrow).unwrap().carried();
    assert_eq!(carried, Fields::of(&[3, 7, 41]), "11 is missing there, 64 is no text");
    assert_eq!(forward(&narrow, &[64], &[], 99), Err(WriteReason::NotInDialect.of(11)));
    assert_eq!(forward(&narrow, &[11], &[], 99), Err(WriteReason::NotInDialect.of(64)));
    assert!(forward(&narrow, &[11, 64], &[], 99).unwrap().ends_with(b"000000\x11\x21T0000001"));
    let edits = [text(11, b"000001")];
    assert_eq!(forward(&narrow, &[64], &edits, 99), Err(WriteReason::NotInDialect.of(11)));
}

#[test]
fn a_field_that_is_smaller_there_takes_what_fits() {
    let to = |len, max| {
        let spec = FieldSpec::text(max).var(len);
        dialect(Version::Iso1993, &[(41, spec)])
    };
    assert!(forward(&to(1, 8), &[3, 7, 11, 64], &[], 99).unwrap().ends_with(b"8T0000001"));
    let error = forward(&to(1, 7), &[3, 7, 11, 64], &[], 99);
    assert_eq!(error, Err(WriteReason::TooLong.of(41)));
}

#[test]
fn a_shorter_maximum_of_the_same_form_is_kept_too() {
    let place = |max| dialect(Version::Iso1993, &[(43, FieldSpec::text(max).var(2))]);
    let (wide, narrow) = (place(20), place(5));
    let mut slots = Slots::new();
    for (name, written) in [(&b"TOKYO"[..], Ok(27)), (b"TOKYO1", Err(WriteReason::TooLong.of(43)))]
    {
        let bytes = encode(&wide, &[(43, name)]);
        wide.decode(&bytes, &mut slots).unwrap();
        let plan = Plan::new(&wide, &narrow).unwrap();
        let message = slots.message(&wide, &bytes);
        let mti = Mti::of(0x1100);
        assert_eq!(plan.write(&message, mti, Fields::EMPTY, &[], &mut [0; 60]), written);
    }
}

#[test]
fn edits_ascend_and_stay_within_the_field() {
    let plain = plain();
    let wrong = |edits: &[Edit<'_>]| forward(&plain, &[], edits, 200).unwrap_err();
    let (seven, eleven) = (text(7, b"1231"), text(11, b"777777"));
    assert_eq!(wrong(&[eleven, seven]), WriteReason::OutOfOrder.of(7));
    assert_eq!(wrong(&[seven, seven]), WriteReason::OutOfOrder.of(7));
    assert_eq!(wrong(&[text(11, b"7777777")]), WriteReason::TooLong.of(11));
    assert_eq!(wrong(&[text(11, b"77x")]), WriteReason::BadClass.of(11));
    assert_eq!(wrong(&[text(1, b"7")]), WriteReason::NotInDialect.of(1));
    let wire = Edit { field: 33, value: Replace::Wire(b"114900000001") };
    assert_eq!(wrong(&[wire]), WriteReason::BadLength.of(33));
}

#[test]
fn a_message_fits_exactly_or_not_at_all() {
    let whole = forward(&plain(), &[], &[], 200).unwrap();
    assert_eq!(forward(&plain(), &[], &[], whole.len()), Ok(whole.clone()));
    for room in 0..whole.len() {
        let error = forward(&plain(), &[], &[], room).unwrap_err();
        assert_eq!(error.reason, WriteReason::NoSpace, "{room}");
    }
}

#[test]
#[should_panic(expected = "a plan for another dialect")]
fn a_plan_takes_no_message_of_another_dialect() {
    let (ascii, binary) = (built_in("iso93-ascii").unwrap(), built_in("iso93-binary").unwrap());
    let plan = Plan::new(ascii, binary).unwrap();
    let slots = Slots::new();
    let message = slots.message(binary, b"");
    plan.write(&message, Mti::of(0x1100), Fields::EMPTY, &[], &mut [0; 99]).unwrap();
}

#[test]
fn between_equal_dialects_everything_is_copied() {
    for name in ["iso93-ascii", "iso93-binary"] {
        let dialect = built_in(name).unwrap();
        let plan = Plan::new(dialect, dialect).unwrap();
        assert_eq!((plan.converted, plan.carried()), (Fields::EMPTY, dialect.fields()));
    }
}

/// What a plan writes into a message's place, by rote or anew.
fn written(
    plan: &Plan,
    message: &Message<'_>,
    drop: Fields,
    edits: &[Edit<'_>],
) -> Result<Vec<u8>, WriteError> {
    let mut out = [0xEE; 700];
    let len = plan.write(message, Mti::of(0x1210), drop, edits, &mut out)?;
    assert!(out[len..].iter().all(|&byte| byte == 0xEE), "written behind the end");
    Ok(out[..len].to_vec())
}

proptest::proptest! {
    #[test]
    fn a_message_rewritten_by_rote_has_the_bytes_of_one_rewritten_field_by_field(
        steps in proptest::collection::vec(
            // Layout, drop, edits: their lengths vary little, so that rote has its chance.
            (0..3_usize, 0..2_usize, 0..5_usize, 0..1_000_000_u32, 1..3_u8, proptest::bool::ANY),
            1..120,
        ),
    ) {
        let dialects = ["iso93-ascii", "iso93-binary"].map(|name| built_in(name).unwrap());
        let layouts: [&[u8]; 3] = [&[2, 3, 7, 11, 32, 41, 64], &[3, 7, 11, 33, 41, 70], &[11, 37]];
        let drops = [Fields::of(&[53, 64, 96, 128]), Fields::of(&[33, 41])];
        let mut familiar = Slots::new();
        for (layout, drop, way, number, units, across) in steps {
            let (from, to) = (dialects[0], dialects[usize::from(across)]);
            let plan = Plan::new(from, to).unwrap();
            let fields = Fields::of(layouts[layout]);
            let mut bytes = [0; 300];
            let mut writer = Writer::new(from, &mut bytes, Mti::of(0x1200), fields).unwrap();
            for n in fields {
                match n {
                    2 => writer.put_text(2, b"3530111333300000").unwrap(),
                    32 | 33 => writer.put_text(n, &b"77334000001"[..9 + usize::from(units)]).unwrap(),
                    37 | 41 => writer.put_text(n, b"T1").unwrap(),
                    64 => writer.put_binary(64, &[7; 8]).unwrap(),
                    _ => writer.put_number(n, u64::from(number) % 1_000).unwrap(),
                }
            }
            let len = writer.finish().unwrap();
            let stan = Edit { field: 11, value: Replace::Packed { digits: 0x12_3456, units: 6 } };
            let wire = if across { &[0x02, 0x12][..] } else { &b"0212"[..] };
            let ways: [&[Edit<'_>]; 5] = [
                &[stan],
                &[stan, Edit { field: 33, value: Replace::Packed { digits: 0x12, units } }],
                &[stan, Edit { field: 32, value: Replace::Wire(wire) }],
                &[text(7, b"1121052030"), stan],
                // Wrong in the first place, and refused by rote as well.
                &[Edit { field: 11, value: Replace::Packed { digits: 0xA, units: 6 } }],
            ];
            from.decode(&bytes[..len], &mut familiar).unwrap();
            let by_rote = familiar.message(from, &bytes[..len]);
            let mut fresh = Slots::new();
            from.decode(&bytes[..len], &mut fresh).unwrap();
            let anew = fresh.message(from, &bytes[..len]);
            proptest::prop_assert!(anew.recipe().is_none());
            if let Some(recipe) = by_rote.recipe().filter(|_| way == 0 && !across) {
                // However it was rewritten before: after so many in a row it is done by rote.
                for _ in 0..70 {
                    written(&plan, &by_rote, drops[drop], ways[way]).unwrap();
                }
                let (edits, way) = (ways[way], (Mti::of(0x1210), drops[drop]));
                let print = to.layout().print;
                let followed =
                    recipe.borrow().follow(print, &bytes[..len], way, edits, &mut [0; 700]);
                proptest::prop_assert!(followed.is_some());
            }
            proptest::prop_assert_eq!(
                written(&plan, &by_rote, drops[drop], ways[way]),
                written(&plan, &anew, drops[drop], ways[way])
            );
        }
    }
}
