//! What holds for any bytes inside a field: chip data, subfields, card numbers. Must not know who
//! makes the bytes up.

use super::{chosen, room_for};
use codec::{
    Class, Dialect, Element, Elements, FieldSpec, Fields, Form, Key, Mti, Part, PartError, Plan,
    Slots, Subfields, Value, Version, Width, Writer, built_ins,
};
use std::sync::LazyLock;

/// Longest value that is walked.
const VALUE_MAX: usize = 4_096;

/// The same values in every form that they can have.
static FORMS: LazyLock<Dialect> = LazyLock::new(|| {
    let binary = |form| FieldSpec::binary(form, 9_999).var(4);
    let rows = [(2, binary(Form::Raw)), (3, binary(Form::Hex)), (4, FieldSpec::text(9_999).var(4))];
    Dialect::new("forms", Version::Iso1993, Form::Chars, Form::Raw, &rows).expect("it can be")
});

/// A message with one value in several forms; those that can not have it are left out.
fn with_value(bytes: &[u8], fields: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 4 * VALUE_MAX];
    let set = Fields::of(fields);
    let mut writer = Writer::new(&FORMS, &mut out, Mti::of(0x1100), set).expect("there is room");
    for n in set {
        writer.put_text(n, bytes).expect("the value can be written");
    }
    let len = writer.finish().expect("all fields were put");
    out.truncate(len);
    out
}

/// `bytes...`: the elements and what is between them are the bytes again, raw and in hexadecimal
/// alike, and so on into the elements; an error points into the bytes.
pub fn chip(bytes: &[u8]) {
    let bytes = bytes.get(..VALUE_MAX).unwrap_or(bytes);
    let wire = with_value(bytes, &[2, 3]);
    let mut slots = Slots::new();
    FORMS.decode(&wire, &mut slots).expect("it was written so");
    let message = slots.message(&FORMS, &wire);
    let value = |n| message.value(n).expect("it was put");
    let walks = [2, 3].map(|n| Elements::of(value(n)).expect("binary values can be walked"));
    let [raw, hex] = walks.map(|walk| walked(walk, Part::of(value(2)), 0));
    assert_eq!(raw, hex, "one way in either form");
}

/// What a walk finds, each element with those within, as text; checks it on the way.
fn walked(elements: Elements<'_>, all: Part<'_>, depth: usize) -> Vec<String> {
    let (mut at, end) = (all.offset(), all.offset() + all.units());
    let mut found = Vec::new();
    for element in elements {
        let element = match element {
            Ok(element) => element,
            Err(error) => {
                assert_within(error, at, end);
                found.push(error.to_string());
                return found;
            }
        };
        assert!(element.whole.offset() >= at, "one behind the other");
        let padding = at..element.whole.offset();
        assert!(padding.clone().all(|place| all.unit(place - all.offset()) == Some(0)));
        at = element.whole.offset() + element.whole.units();
        assert!(at <= end);
        assert_eq!(element.value.offset() + element.value.units(), at, "a value ends its element");
        assert_headed(&element);
        found.push(format!("{} {:?}", element.tag, element.value.iter().collect::<Vec<_>>()));
        if let Some(within) = element.elements().filter(|_| depth < 8) {
            found.extend(walked(within, element.value, depth + 1));
        }
    }
    assert!((at..end).all(|place| all.unit(place - all.offset()) == Some(0)), "padding");
    found
}

/// In front of the value are its tag and its length, and nothing else.
fn assert_headed(element: &Element<'_>) {
    let head = element.whole.units() - element.value.units();
    let mut head = element.whole.iter().take(head);
    let tag = element.tag.number().to_be_bytes();
    let leading = tag.iter().take(3).take_while(|&&byte| byte == 0).count();
    assert!(head.by_ref().take(4 - leading).eq(tag.into_iter().skip(leading)), "its tag");
    let length: Vec<u8> = head.collect();
    let units = match *length.as_slice() {
        [units @ ..=0x7F] | [0x81, units] => usize::from(units),
        [0x82, high, low] => usize::from(u16::from_be_bytes([high, low])),
        _ => panic!("no length: {length:02X?}"),
    };
    assert_eq!(units, element.value.units(), "its length");
}

fn assert_within(error: PartError, from: usize, end: usize) {
    assert!((from..=end).contains(&error.offset), "{error} in {from}..{end}");
    assert!(!error.to_string().is_empty());
}

/// `kind, width, width, length..., text...`: subfields one behind the other are the value again;
/// an error points into it.
pub fn subfields(bytes: &[u8]) {
    let Some((&[kind, one, two], bytes)) = bytes.split_first_chunk::<3>() else { return };
    let bytes = bytes.get(..VALUE_MAX).unwrap_or(bytes);
    let var = |digits: u8, max: u8| Width::Var { digits: 1 + digits % 4, max: max.into() };
    let subfields = match kind % 4 {
        0 => Subfields::Tagged { tag: 1 + one % 4, length: 1 + two % 4 },
        1 => Subfields::BerTlv,
        _ => Subfields::Positional {
            widths: vec![Width::Fixed(one.into()), var(one, two), Width::Fixed(two.into())].into(),
            repeated: kind & 4 != 0,
        },
    };
    let field =
        if kind % 4 == 1 || bytes.iter().any(|byte| !matches!(byte, 0x20..=0x7E)) { 2 } else { 4 };
    let spec = FORMS.field(field).expect("it has it");
    if subfields.check(spec).is_err() {
        return;
    }
    let wire = with_value(bytes, &[field]);
    let mut slots = Slots::new();
    FORMS.decode(&wire, &mut slots).expect("it was written so");
    let message = slots.message(&FORMS, &wire);
    walk_over(&subfields, message.value(field).expect("it was put"));
}

fn walk_over(subfields: &Subfields, value: Value<'_>) {
    let (mut at, end) = (0, usize::from(value.units()));
    for subfield in subfields.walk(value) {
        let subfield = match subfield {
            Ok(subfield) => subfield,
            Err(error) => return assert_within(error, at, end),
        };
        if *subfields != Subfields::BerTlv {
            assert_eq!(subfield.whole.offset(), at, "nothing is left out");
        }
        assert!(subfield.whole.offset() >= at);
        assert!(subfield.value.units() <= subfield.whole.units());
        assert!(!format!("{subfield:?}").is_empty());
        if let Key::Place(place) = subfield.key {
            assert!((1..=3).contains(&place));
        }
        at = subfield.whole.offset() + subfield.whole.units();
    }
    assert!(at == end || *subfields == Subfields::BerTlv, "all of it was walked");
}

/// `dialect, message...`: a message has one card number, none, or a reason; the one of DE 2 where
/// that is there; and the same in the other dialect of its edition.
pub fn cards(bytes: &[u8]) {
    let Some((&dialect, bytes)) = chosen(built_ins(), bytes) else { return };
    let mut slots = Slots::new();
    if dialect.decode(bytes, &mut slots).is_err() {
        return;
    }
    let message = slots.message(dialect, bytes);
    let pan = message.pan();
    let own = message.value(2).filter(|value| value.units() > 0);
    match pan {
        Ok(Some(pan)) => {
            assert!((1..=19).contains(&pan.digits()));
            assert!(u128::from(pan.number()) < 10_u128.pow(pan.digits().into()));
            if let Some(own) = own.filter(|own| own.spec().class == Class::Digits) {
                assert_eq!(own.number(), Some(pan.number()));
                assert_eq!(own.units(), pan.digits().into());
            }
        }
        Ok(None) => assert!(own.is_none(), "DE 2 is one"),
        Err(error) => assert!(!format!("{error:?}").is_empty()),
    }
    for &other in built_ins() {
        let Ok(plan) = Plan::new(dialect, other) else { continue };
        let mut out = room_for(bytes);
        let Ok(len) = plan.write(&message, message.mti(), Fields::EMPTY, &[], &mut out) else {
            continue;
        };
        let mut there = Slots::new();
        other.decode(&out[..len], &mut there).expect("what is forwarded can be read");
        assert_eq!(there.message(other, &out[..len]).pan(), pan, "{}", other.name());
    }
}
