//! A copy of a message with only some of its fields, in the dialect that it is in: what may be
//! written down of it. Worked out once for each dialect. Knows not which fields those are, nor why.

use crate::dialect::Dialect;
use crate::fields::Fields;
use crate::message::Message;
use crate::plan::Plan;
use crate::writer::WriteError;

/// How messages of one dialect are copied with only some of their fields.
#[derive(Clone, Debug)]
pub struct Extract {
    plan: Plan,
    dropped: Fields,
}

impl Extract {
    /// Of messages of this dialect, with these fields of theirs alone.
    pub fn new(dialect: &Dialect, fields: Fields) -> Self {
        let plan = Plan::new(dialect, dialect).expect("a dialect is of its own edition");
        Self { plan, dropped: dialect.fields().difference(fields) }
    }

    /// Writes MTI, bitmap and those of the fields that `message` has to the front of `out`; gives
    /// the bytes written, which are no more than the message has.
    ///
    /// # Panics
    /// When the message is in another dialect.
    #[inline]
    pub fn write(&self, message: &Message<'_>, out: &mut [u8]) -> Result<usize, WriteError> {
        let recipe = message.extract_recipe();
        self.plan.write_by(recipe, message, message.mti(), self.dropped, &[], out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{FieldSpec, Form, Version};
    use crate::{Mti, Slots, Writer, built_ins};
    use std::vec::Vec;

    /// A message with each of these fields at its shortest but one unit.
    fn message(dialect: &Dialect, fields: Fields) -> Vec<u8> {
        let mut out = std::vec![0; 4_096];
        let mut writer = Writer::new(dialect, &mut out, Mti::of(0x1100), fields).unwrap();
        for n in fields {
            let spec = dialect.field(n).unwrap();
            let units = if spec.length == crate::Length::Fixed { usize::from(spec.max) } else { 1 };
            let mut text = std::vec![b'1'; units];
            if spec.class == crate::Class::Amount {
                text[0] = b'D';
            }
            writer.put_text(n, &text).unwrap();
        }
        let len = writer.finish().unwrap();
        out.truncate(len);
        out
    }

    #[test]
    fn a_copy_has_the_fields_that_it_may_have_and_the_same_values() {
        for dialect in built_ins() {
            let extract = Extract::new(dialect, dialect.journaled());
            for step in 1..=40_u8 {
                let fields = dialect.fields().iter().filter(|n| n % step == 0);
                let fields = fields.fold(Fields::EMPTY, Fields::with);
                let bytes = message(dialect, fields);
                let (mut slots, mut copied) = (Slots::new(), Slots::new());
                // The first one is read field by field, the others by rote.
                for _ in 0..3 {
                    dialect.decode(&bytes, &mut slots).unwrap();
                    let message = slots.message(dialect, &bytes);
                    let mut out = std::vec![0xEE; bytes.len()];
                    let len = extract.write(&message, &mut out).unwrap();
                    dialect.decode(&out[..len], &mut copied).unwrap();
                    let copy = copied.message(dialect, &out[..len]);
                    assert_eq!(copy.mti(), message.mti());
                    assert_eq!(copy.fields(), fields.intersection(dialect.journaled()));
                    assert!(copy.fields().iter().all(|n| copy.wire(n) == message.wire(n)));
                }
            }
        }
    }

    #[test]
    fn a_copy_and_a_message_sent_on_are_both_written_by_rote() {
        let rows = [
            (3, FieldSpec::digits(Form::Chars, 6)),
            (35, FieldSpec::text(20)),
            (41, FieldSpec::text(8)),
        ];
        let dialect = Dialect::new("d", Version::Iso1993, Form::Chars, Form::Hex, &rows).unwrap();
        let (extract, plan) =
            (Extract::new(&dialect, Fields::of(&[3, 41])), Plan::new(&dialect, &dialect).unwrap());
        let bytes = message(&dialect, dialect.fields());
        let mut slots = Slots::new();
        let mut out = [0; 200];
        for _ in 0..3 {
            dialect.decode(&bytes, &mut slots).unwrap();
            let message = slots.message(&dialect, &bytes);
            let copied = extract.write(&message, &mut out).unwrap();
            assert_eq!(copied, bytes.len() - 20);
            let sent = plan.write(&message, message.mti(), Fields::EMPTY, &[], &mut out).unwrap();
            assert_eq!(sent, bytes.len());
        }
        let message = slots.message(&dialect, &bytes);
        for (recipe, drop, len) in [
            (message.extract_recipe(), Fields::of(&[35]), bytes.len() - 20),
            (message.recipe(), Fields::EMPTY, bytes.len()),
        ] {
            let (print, way) = (dialect.layout().print, (message.mti(), drop));
            let recipe = recipe.unwrap().borrow();
            assert_eq!(recipe.follow(print, &bytes, way, &[], &mut out), Some(len));
        }
    }
}
