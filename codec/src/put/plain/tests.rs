//! The short way writes what the long way writes, or nothing.

use super::*;
use crate::dialect::Field;
use crate::spec::{Class, FieldSpec, Form};
use crate::value::Value;
use proptest::prelude::*;
use std::vec::Vec;

const LEFT: Form = Form::Packed { zero: Side::Left };
const RIGHT: Form = Form::Packed { zero: Side::Right };

fn field(spec: FieldSpec) -> Field {
    Field { spec, shape: Shape::of(spec) }
}

/// A field of any class and form, of `max` units, always or at most.
fn specs(max: u16) -> Vec<FieldSpec> {
    let fixed = [
        FieldSpec::digits(Form::Chars, max),
        FieldSpec::digits(LEFT, max),
        FieldSpec::digits(RIGHT, max),
        FieldSpec::text(max),
        FieldSpec::track(Form::Chars, max),
        FieldSpec::track(LEFT, max),
        FieldSpec::track(RIGHT, max),
        FieldSpec::binary(Form::Raw, max),
        FieldSpec::binary(Form::Hex, max),
        FieldSpec::amount(Form::Chars, max.max(2)),
        FieldSpec::amount(RIGHT, max.max(2)),
    ];
    let vary = |spec: &FieldSpec| {
        let prefixes = [spec.var(2), spec.var(3), spec.packed_var(2), spec.packed_var(3)];
        if spec.class == Class::Amount { Vec::new() } else { prefixes.to_vec() }
    };
    fixed.iter().flat_map(vary).chain(fixed).filter(|spec| spec.check().is_ok()).collect()
}

/// Digits with now and then something else among them.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let usual = prop::collection::vec(b'0'..=b'9', 0..70);
    (usual, prop::option::of((any::<prop::sample::Index>(), any::<u8>()))).prop_map(
        |(mut text, spoilt)| {
            if let (Some((place, byte)), false) = (spoilt, text.is_empty()) {
                let place = place.index(text.len());
                text[place] = byte;
            }
            text
        },
    )
}

/// What is written to a sink, by either way.
fn written(write: impl FnOnce(&mut Sink<'_>) -> bool) -> Option<Vec<u8>> {
    let mut out = [0xEE; 160];
    let mut sink = Sink::new(&mut out);
    let done = write(&mut sink);
    let len = sink.len();
    assert!(done || len == 0);
    done.then(|| out[..len].to_vec())
}

/// Is the text of the short kind, and was it put?
fn is_put_short(sink: &mut Sink<'_>, shape: Shape, text: &[u8]) -> bool {
    let end = if !shape.is_short(text.len()) {
        None
    } else if shape.charset == Charset::Packed {
        sink.write_short_digits(shape, text)
    } else {
        sink.write_short_text(shape, text)
    };
    end.map(|end| sink.keep(end)).is_some()
}

proptest! {
    #[test]
    fn a_text_is_written_as_by_the_long_way(text in texts(), room in 0_u16..3) {
        let max = u16::try_from(text.len()).unwrap().max(1) + room;
        for field in specs(max).into_iter().map(field) {
            let long = written(|sink| sink.put_text(field, &text).is_ok());
            let short = written(|sink| sink.put_plain_text(field.shape, &text).is_some());
            prop_assert!(short.is_none() || short == long, "{:?}", field.spec);
            let usual = matches!(field.spec.class, Class::Digits | Class::Text | Class::Binary);
            let whole = field.shape.takes(u16::try_from(text.len()).unwrap());
            let shortest = written(|sink| is_put_short(sink, field.shape, &text));
            prop_assert!(shortest.is_none() || shortest == long, "{:?}", field.spec);
            prop_assert_eq!(short.is_some(), usual && whole && long.is_some(), "{:?}", field.spec);
        }
    }

    #[test]
    fn a_value_is_converted_as_by_the_long_way(text in texts(), room in 0_u16..3) {
        let units = u16::try_from(text.len()).unwrap();
        let all = specs(units.max(1) + room);
        for from in all.iter().copied().map(field) {
            let Some(bytes) = written(|sink| sink.put_text(from, &text).is_ok()) else { continue };
            let units = if from.shape.head == Head::Fixed { from.spec.max } else { units };
            let bytes = &bytes[from.shape.head.size()..];
            let value = Value::new(bytes, units, from.spec);
            for to in all.iter().copied().map(field) {
                let long = written(|sink| sink.put_value(to, &value).is_ok());
                let way = Way::of(from.shape, to.shape);
                let short = written(|sink| {
                    if way == Way::Joined(Join::Pack) {
                        return sink.put_packed(bytes).is_ok();
                    }
                    if way == Way::Joined(Join::Unpack) {
                        return sink.put_unpacked(bytes).is_ok();
                    }
                    sink.put_converted(way, to.shape, bytes, units.into()).is_some()
                });
                let told = (from.spec, to.spec);
                prop_assert!(short.is_none() || short == long, "{told:?} {short:?} {long:?}");
            }
        }
    }
}

#[test]
fn a_stranger_is_seen_at_every_place_of_a_text_of_any_length() {
    for (len, class) in (1..=40).flat_map(|len| [(len, false), (len, true)]) {
        let max = u16::try_from(len).unwrap();
        let spec = if class { FieldSpec::text(max) } else { FieldSpec::digits(LEFT, max) };
        let shape = Shape::of(spec);
        for place in 0..len {
            for byte in 0..=255 {
                let mut text = std::vec![b'7'; len];
                text[place] = byte;
                let fine = if class { matches!(byte, 0x20..=0x7E) } else { byte.is_ascii_digit() };
                let done = written(|sink| sink.put_plain_text(shape, &text).is_some());
                assert_eq!(done.is_some(), fine, "{byte:02X} at {place} of {len}");
                let short = written(|sink| is_put_short(sink, shape, &text));
                let known = fine && shape.is_short(len);
                assert_eq!(short.is_some(), known, "{byte:02X} at {place} of {len}, short");
            }
        }
    }
}
