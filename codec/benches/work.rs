//! What is measured: each kind of work once, ours and the peer's, one message a call. Knows no
//! clock.

use crate::traffic::{Traffic, Turn, dialect_of};
use codec::{Class, Dialect, Fields, Form, Kernels, Length, Mti, Plan, Slots, Writer};
use iso_8583_rs::specfile::{FieldDescription, Spec};
use iso_8583_rs::{Builder, CompiledSpec, Message};
use std::hint::black_box;

/// Fields that are read after a message was decoded.
const READ: [u8; 5] = [2, 4, 11, 37, 41];

/// Does some work on the next message.
pub(crate) type Work<'a> = Box<dyn FnMut() + 'a>;

/// The peer's specification of our ASCII dialect: the same lengths and classes.
pub(crate) fn peer_spec() -> CompiledSpec {
    let dialect = dialect_of("iso93-ascii");
    // It takes DE 65 for a third bitmap.
    let fields = dialect.fields().without(65).iter().map(|n| {
        let spec = dialect.field(n).expect("one of its fields");
        let content = match spec.class {
            Class::Digits => "n",
            Class::Text => "ans",
            Class::Amount | Class::Binary | Class::Track => "b",
        };
        let (length, units_a_byte) = match (spec.length, spec.form) {
            (Length::Fixed, Form::Hex) => ("fixed", 2),
            (Length::Fixed, _) => ("fixed", 1),
            (Length::Var { digits: 2, .. }, _) => ("llvar", 1),
            (Length::Var { .. }, _) => ("lllvar", 1),
        };
        let description = FieldDescription {
            content_type: content.to_owned(),
            max_len: units_a_byte * usize::from(spec.max),
            min_len: 0,
            len_type: length.to_owned(),
            label: String::new(),
        };
        (i64::from(n), description)
    });
    CompiledSpec::compile(&Spec { fields: fields.collect() }).expect("what the peer takes")
}

/// The peer reads a message strictly, and five fields of it.
pub(crate) fn peer_decode<'a>(spec: &'a CompiledSpec, traffic: &'a Traffic) -> Work<'a> {
    let mut turn = Turn::default();
    Box::new(move || {
        let bytes = &traffic.ascii[traffic.next(&mut turn)];
        let message = Message::parse(spec, black_box(bytes)).expect("a sound message");
        for n in READ {
            black_box(message.get(usize::from(n)));
        }
    })
}

/// We read a message, and five fields of it.
pub(crate) fn decode<'a>(
    dialect: &'static Dialect,
    traffic: &'a Traffic,
    kernels: Kernels,
) -> Work<'a> {
    let (mut turn, mut slots) = (Turn::default(), Slots::with(kernels));
    let messages = messages_in(dialect, traffic);
    Box::new(move || {
        let bytes = &messages[traffic.next(&mut turn)];
        dialect.decode(black_box(bytes), &mut slots).expect("a sound message");
        let message = slots.message(dialect, bytes);
        for n in READ {
            black_box(message.value(n).map(|value| value.bytes()));
        }
    })
}

/// The peer builds a message from values, and packs it.
pub(crate) fn peer_build<'a>(spec: &'a CompiledSpec, traffic: &'a Traffic) -> Work<'a> {
    let (mut turn, mut out) = (Turn::default(), Vec::with_capacity(1024));
    Box::new(move || {
        let index = traffic.next(&mut turn);
        let letter = &traffic.letters[index];
        let mut builder = Builder::new(spec, &traffic.ascii[index][..4]).expect("a sound type");
        for (n, value) in black_box(&letter.entries) {
            // It takes fixed binary fields in characters: DE 52.
            let value = if *n == 52 { &[b'A'; 16][..] } else { value };
            builder.set(usize::from(*n), value).expect("a sound value");
        }
        builder.pack_into(&mut out);
        black_box(&out);
    })
}

/// We write a message from values.
pub(crate) fn build<'a>(dialect: &'static Dialect, traffic: &'a Traffic) -> Work<'a> {
    let (mut turn, mut out) = (Turn::default(), [0; 1024]);
    Box::new(move || {
        let letter = &traffic.letters[traffic.next(&mut turn)];
        let mut writer = Writer::new(dialect, &mut out, Mti::of(letter.mti), letter.fields)
            .expect("fields of the dialect");
        for (n, value) in black_box(&letter.entries) {
            writer.put_text(*n, value).expect("a sound value");
        }
        let len = writer.finish().expect("all fields were put");
        black_box(&out[..len]);
    })
}

/// We read a message of one dialect and write all of it in the other.
pub(crate) fn transcode(traffic: &Traffic, kernels: Kernels) -> Work<'_> {
    let (from, to) = (dialect_of("iso93-ascii"), dialect_of("iso93-binary"));
    let plan = Plan::new(from, to).expect("two dialects of one version");
    let (mut turn, mut slots, mut out) = (Turn::default(), Slots::with(kernels), [0; 1024]);
    Box::new(move || {
        let bytes = &traffic.ascii[traffic.next(&mut turn)];
        from.decode(black_box(bytes), &mut slots).expect("a sound message");
        let message = slots.message(from, bytes);
        let written = plan.write(&message, message.mti(), Fields::EMPTY, &[], &mut out);
        let len = written.expect("the other dialect takes all of it");
        black_box(&out[..len]);
    })
}

fn messages_in<'a>(dialect: &Dialect, traffic: &'a Traffic) -> &'a [Vec<u8>] {
    if dialect.name() == "iso93-ascii" { &traffic.ascii } else { &traffic.packed }
}
